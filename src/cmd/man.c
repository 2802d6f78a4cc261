/* SPDX-License-Identifier: ISC */
/* man.c - `kstool __man [PAGE]`: the names of the man pages, or one as scdoc text; for `make` */
#include "cmd/page.h"

static int run(struct cli *cli, void *opts)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	(void)opts;
	if (!cli->nr)
		page_names(&b);
	else if (!page_source(cli->operand[0], &b))
		return kst_error_setx(cli->err, KST_E_NO_TOPIC, "no page \"%s\"", cli->operand[0]);
	if (b.failed)
		return kst_error_nomem(cli->err);
	return out_data(cli->out, b.data, b.len, false, cli->err);
}

const struct cmd cmd_man = {
	.name = "__man",
	.group = GROUP_HIDDEN,
	.operands = "[PAGE]",
	.summary = "the source of a man page",
	.help = "",
	.exits = "0 6",
	.min = 0,
	.max = 1,
	.first = WHAT_TEXT,
	.rest = WHAT_TEXT,
	.run = run,
};
