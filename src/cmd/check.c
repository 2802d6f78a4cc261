/* SPDX-License-Identifier: ISC */
/* check.c - every bit of a native store against its signature and hashes */
#include "cmd/describe.h"

#include <stdio.h>
#include <string.h>

/* One line for each finding; one, with a word alone, for a store that is whole. */
static void say_plain(struct out *o, const char *path, const struct kst_check *c)
{
	const char *const whole[] = { path, "whole", "", "", "", "" };

	if (c->whole)
		out_plain(o, whole, 6);
	for (size_t i = 0; i < c->nr; i++) {
		char offset[24], length[24];
		const char *const cell[] = { path,   "damaged", kst_code_slug(c->finding[i].code),
					     offset, length,	c->finding[i].text };

		snprintf(offset, sizeof(offset), "%llu", (unsigned long long)c->finding[i].offset);
		snprintf(length, sizeof(length), "%llu", (unsigned long long)c->finding[i].length);
		out_plain(o, cell, 6);
	}
}

static void say(struct cli *cli, const char *path, const struct kst_check *c)
{
	struct kst_buf word KST_SCRATCH_BUF = KST_BUF_INIT;
	struct out *o = cli->out;

	out_object(o, NULL);
	out_str(o, "path", path);
	out_bool(o, "whole", c->whole);
	out_bool(o, "entries_opened", c->entries_opened);
	out_int(o, "entries", (int64_t)c->entries);
	out_int(o, "generation", (int64_t)c->info.generation);
	out_str(o, "signer", c->info.signer[0] ? c->info.signer : NULL);
	out_bool(o, "pinned", c->info.pinned);
	describe_error(o, NULL);
	out_array(o, "findings");
	for (size_t i = 0; i < c->nr; i++) {
		out_object(o, NULL);
		out_str(o, "code", kst_code_slug(c->finding[i].code));
		out_str(o, "text", c->finding[i].text);
		out_int(o, "offset", (int64_t)c->finding[i].offset);
		out_int(o, "length", (int64_t)c->finding[i].length);
		out_end(o);
	}
	out_end(o);
	out_end(o);
	say_plain(o, path, c);
	if (c->whole) {
		out_line(o, "%s: whole, %zu %s, version %llu", path, c->entries,
			 c->entries == 1 ? "entry" : "entries",
			 (unsigned long long)c->info.generation);
		out_line(o, "  signed by %s (%s%s)", c->info.signer,
			 c->info.pinned ? "pinned as " : "not pinned",
			 c->info.pinned ? c->info.signer_name : "");
		if (!c->entries_opened)
			out_line(o, "  sealed: every bit is verified, the entries were not looked into");
	} else {
		out_line(o, "%s: damaged or altered", path);
	}
	for (size_t i = 0; i < c->nr; i++) {
		const struct kst_finding *f = &c->finding[i];

		if (f->length)
			out_line(o, "  bytes %llu to %llu: %s [%s]", (unsigned long long)f->offset,
				 (unsigned long long)(f->offset + f->length - 1), f->text,
				 kst_code_slug(f->code));
		else
			out_line(o, "  %s [%s]", f->text, kst_code_slug(f->code));
	}
	if (!c->whole)
		out_note(o, "a backup is the best mend; else: kstool repair %s -o NEW",
			 kst_text_shell_path(&word, path));
}

/* That it could not be looked at, where scripts look for it. */
static void say_failed(struct cli *cli, const char *path)
{
	static const char *const unknown[] = { "whole", "entries_opened", "entries", "generation", "signer", "pinned" };
	struct out *o = cli->out;

	out_object(o, NULL);
	out_str(o, "path", path);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		out_null(o, unknown[i]);
	describe_error(o, cli->err);
	out_array(o, "findings");
	out_end(o);
	out_end(o);
}

static int run(struct cli *cli, void *opts)
{
	bool damaged = false;
	int status = 0;

	(void)opts;
	out_schema(cli->out, "kstool.check/1");
	out_array(cli->out, "stores");
	for (size_t i = 0; i < cli->nr; i++) {
		struct kst_open_options open = cmd_open_options(cli, false);
		struct kst_check c = { .nr = 0 };

		/* A look inside a sealed store needs its secret: only where the user gave one. */
		if (!cli->g.pass.nr && !cli->g.key_file.nr)
			open.asker = NULL;
		if (kst_native_check(&c, cli->operand[i], &open, cli->err) < 0) {
			say_failed(cli, cli->operand[i]);
			status = cmd_failed(cli, status, i + 1 == cli->nr);
			if (status < 0)
				return -1;
		} else {
			say(cli, cli->operand[i], &c);
			damaged |= !c.whole;
		}
		kst_check_release(&c);
	}
	out_end(cli->out);
	return status ? status : damaged;
}

static const struct cmd_example examples[] = {
	{ "kstool check app.kst", "is every bit what was signed" },
	{ NULL, NULL }
};
const struct cmd cmd_check = {
	.name = "check",
	.group = GROUP_NATIVE,
	.operands = "STORE...",
	.summary = "every bit of a native store against its signature",
	.help = "Verifies the signature and every hash of a native store and says which bytes are\n"
		"damaged. No passphrase is needed; with --pass or --key-file the entries of a sealed\n"
		"store are looked into as well. Exit 0 whole, 1 damaged or altered.\n",
	.examples = examples,
	.plain = "file whole code offset length text",
	.exits = "0 1 3 5",
	.min = 1,
	.max = ~0u,
	.first = WHAT_STORE,
	.rest = WHAT_STORE,
	.run = run,
};
