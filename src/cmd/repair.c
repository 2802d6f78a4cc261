/* SPDX-License-Identifier: ISC */
/* repair.c - recover every entry that is proved whole into a new file */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

struct repair_opts {
	const char *out;
	struct opt_list accept;
};

static void say(struct cli *cli, const struct repair_opts *opt, const struct kst_repair *r)
{
	struct out *o = cli->out;
	size_t accepted = 0;

	for (size_t i = 0; i < r->nr_lost; i++)
		accepted += r->lost[i].accepted;
	out_str(o, "store", cli->operand[0]);
	out_str(o, "new_store", opt->out);
	out_int(o, "proved", (int64_t)r->proved);
	out_array(o, "unproved");
	for (size_t i = 0; i < r->nr_lost; i++) {
		out_object(o, NULL);
		out_str(o, "alias", r->lost[i].alias);
		out_str(o, "reason", r->lost[i].reason);
		if (r->lost[i].has_sha256)
			out_hex(o, "sha256", r->lost[i].sha256, 32);
		else
			out_null(o, "sha256");
		out_bool(o, "accepted", r->lost[i].accepted);
		out_end(o);
	}
	out_end(o);
	out_changed(o, true);
	for (size_t i = 0; i < r->nr_lost; i++) {
		char hex[65];
		const char *const cell[] = { r->lost[i].accepted ? "accepted" : "lost",
					     r->lost[i].alias ? r->lost[i].alias : "",
					     r->lost[i].reason,
					     r->lost[i].has_sha256 ? hex : "" };

		for (size_t k = 0; k < 32; k++)
			snprintf(hex + 2 * k, 3, "%02x", r->lost[i].sha256[k]);
		out_plain(o, cell, 4);
	}
	out_line(o, "%s: %zu recovered, %zu lost, into %s", cli->operand[0], r->proved + accepted,
		 r->nr_lost - accepted, opt->out);
	if (r->generation[0] != r->generation[1])
		out_line(o, "  the file had two good headers, of versions %llu and %llu",
			 (unsigned long long)r->generation[0], (unsigned long long)r->generation[1]);
	for (size_t i = 0; i < r->nr_lost; i++) {
		struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;

		if (r->lost[i].has_sha256)
			kst_text_hex_colons(&hex, r->lost[i].sha256, 32);
		out_line(o, "  %s  %s: %s%s%s", r->lost[i].accepted ? "accepted" : "lost    ",
			 r->lost[i].alias ? r->lost[i].alias : "(name not known)", r->lost[i].reason,
			 hex.len ? ", sha256 " : "", hex.len ? (char *)hex.data : "");
	}
}

static int run(struct cli *cli, void *opts)
{
	const struct repair_opts *opt = opts;
	struct kst_open_options open = cmd_open_options(cli, false);
	struct kst_repair r = { .proved = 0 };
	size_t lost = 0;
	int ret = -1;

	if (!opt->out) {
		kst_error_setx(cli->err, KST_E_USAGE, "a store is never repaired in place");
		return cmd_again(cli, NULL, NULL, (const char *const[]){ "-o", "NEW.kst", NULL });
	}
	out_schema(cli->out, "kstool.repair/1");
	if (kst_native_repair(&r, cli->operand[0], opt->out, opt->accept.item, &open, cli->err) < 0)
		goto done;
	say(cli, opt, &r);
	for (size_t i = 0; i < r.nr_lost; i++)
		lost += !r.lost[i].accepted;
	ret = lost ? 1 : 0;
done:
	kst_repair_release(&r);
	return ret;
}

static const struct opt options[] = {
	{ "output", 'o', OPT_TEXT, offsetof(struct repair_opts, out), WHAT_FILE, "NEW",
	  "the new store; must not exist", NULL, false },
	{ "accept-unproved", 0, OPT_LIST, offsetof(struct repair_opts, accept), WHAT_TEXT, "ENTRY",
	  "take this entry although nothing proves it: compare its fingerprint first", NULL, false },
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool repair damaged.kst -o saved.kst", "save what is proved whole" },
	{ NULL, NULL }
};
const struct cmd cmd_repair = {
	.name = "repair",
	.group = GROUP_NATIVE,
	.operands = "STORE -o NEW",
	.summary = "recover a damaged native store into a new one",
	.help = "Recovers every entry that is proved whole into a new store with the same slots. It\n"
		"needs a secret that may change the store, since the result is signed. What nothing\n"
		"proves is named with its fingerprint and left out. Exit 0 all, 1 some were lost.\n",
	.examples = examples,
	.plain = "result alias reason sha256",
	.exits = "0 1 3 4 5",
	.opts = options,
	.size = sizeof(struct repair_opts),
	.min = 1,
	.max = 1,
	.first = WHAT_STORE,
	.rest = WHAT_TEXT,
	.run = run,
};
