/* SPDX-License-Identifier: ISC */
/* diff.c - what differs between two files, by certificate */
#include "cmd/differ.h"
#include "cmd/live.h"

#include <string.h>

struct diff_opts {
	bool only_certs, leaf;
	struct live_opts live;
};

static void source_json(struct out *o, const struct kst_store *s)
{
	out_object(o, NULL);
	out_str(o, "path", kst_store_path(s));
	out_str(o, "type", kst_store_format(s)->name);
	out_end(o);
}

static int run(struct cli *cli, void *opts)
{
	const struct diff_opts *opt = opts;
	struct kst_store *a = NULL, *b = NULL;
	struct kst_diff d = { .nr = 0 };
	int ret = -1;

	if (opt->only_certs && opt->leaf) {
		kst_error_setx(cli->err, KST_E_USAGE, "excludes --leaf");
		return kst_error_subject(cli->err, "--only-certs");
	}
	if (cmd_open(cli, cli->operand[0], &a) < 0 || cmd_open(cli, cli->operand[1], &b) < 0)
		goto done;
	if (kst_store_diff(&d, a, b,
			   opt->only_certs ? KST_DIFF_CERTS :
			   opt->leaf	   ? KST_DIFF_LEAF :
					     KST_DIFF_ENTRIES,
			   cli->err) < 0)
		goto done;
	out_array(cli->out, "sources");
	source_json(cli->out, a);
	source_json(cli->out, b);
	out_end(cli->out);
	differ_show(cli->out, &d, cli->operand[0], cli->operand[1]);
	ret = d.nr ? 1 : 0;
done:
	kst_diff_release(&d);
	kst_store_free(a);
	kst_store_free(b);
	return ret;
}

static const struct opt options[] = {
	{ "only-certs", 0, OPT_FLAG, offsetof(struct diff_opts, only_certs), WHAT_TEXT, NULL,
	  "compare the sets of certificates alone: no aliases, no keys, no chains", NULL, false },
	{ "leaf", 0, OPT_FLAG, offsetof(struct diff_opts, leaf), WHAT_TEXT, NULL,
	  "compare the certificate of the first private key (else the first that is no CA)", NULL,
	  false },
	LIVE_OPTIONS(struct diff_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool diff app.p12 app.kst", "did everything come along" },
	{ "kstool diff tls.crt app.p12 --leaf", "is this the certificate that is in use" },
	{ NULL, NULL }
};
const struct cmd cmd_diff = {
	.name = "diff",
	.group = GROUP_LOOK,
	.operands = "SOURCE SOURCE",
	.summary = "what differs, by certificate",
	.help = "Compares two files of any format: entries are found again by certificate, alias and\n"
		"key, and it is said what was renamed, re-issued, given another key or another chain,\n"
		"and in what. Order, encoding, format and passphrase do not count, nor what one of\n"
		"the formats cannot say. Exit status 0: the same; 1: different.\n",
	.examples = examples,
	.exits = "0 1 3 4",
	.plain = "kind alias_a alias_b sha256_a sha256_b fields",
	.opts = options,
	.live = LIVE_AT(struct diff_opts),
	.size = sizeof(struct diff_opts),
	.min = 2,
	.max = 2,
	.first = WHAT_SOURCE,
	.rest = WHAT_SOURCE,
	.run = run,
};
