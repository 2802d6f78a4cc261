/* SPDX-License-Identifier: ISC */
/*
 * completion.c - prints the adapter of a shell, which make compiled in from
 * completions/
 */
#include "cmd/cmd.h"

#include "cmd/embedded.h"

#include "adapters.h"

static int run(struct cli *cli, void *opts)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct embedded *e = embedded_find(adapters, cli->operand[0]);

	(void)opts;
	if (e) {
		embedded_text(e, &b);
		return b.failed ? kst_error_nomem(cli->err)
				: out_data(cli->out, b.data, b.len, false, cli->err);
	}
	kst_error_setx(cli->err, KST_E_BAD_VALUE, "no adapter for \"%s\"", cli->operand[0]);
	return kst_error_hint(cli->err, "one of: bash zsh fish");
}

static const struct cmd_example examples[] = {
	{ "kstool completion bash", "to be read by bash: source <(kstool completion bash)" },
	{ "kstool completion fish", "for ~/.config/fish/completions/kstool.fish" },
	{ NULL, NULL }
};
const struct cmd cmd_completion = {
	.name = "completion",
	.group = GROUP_HELP,
	.operands = "bash|zsh|fish",
	.summary = "what a shell needs to complete kstool's words",
	.help = "Prints the few lines that connect a shell to kstool. They ask kstool itself for\n"
		"commands, options, values and the aliases of a store, so they are never out of "
		"date.\n"
		"Completing never asks for a passphrase.\n",
	.examples = examples,
	.exits = "0",
	.min = 1,
	.max = 1,
	.first = WHAT_CHOICE,
	.rest = WHAT_TEXT,
	.run = run,
};
