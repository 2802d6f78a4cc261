/* SPDX-License-Identifier: ISC */
/* common.c - what several commands do in the same way */
#include "cmd/live.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/tty.h"

struct kst_open_options cmd_open_options(struct cli *cli, bool edit)
{
	return (struct kst_open_options){
		.asker = &cli->asker,
		.limits = &cli->limits,
		.notes = &cli->notes,
		.progress = cli->drawn ? &cli->progress : NULL,
		.read = {
			.allow_unauthenticated = cli->g.allow_unauthenticated,
			.require_pin = cli->g.require_pin,
			.signer = cli->g.signer.item,
			.pin = cli->pin,
			.nr_pins = cli->nr_pins,
		},
		.edit = edit,
		.insecure_permissions = cli->g.insecure_permissions,
	};
}

static int taken(struct cli *cli, const char *path, bool replaceable, struct kst_error *err)
{
	struct kst_error *was = cli->err;
	int ret;

	kst_error_setx(err, KST_E_EXISTS, "exists already");
	kst_error_subject(err, "%s", path);
	if (!replaceable)
		return kst_error_hint(err, "name another file");
	cli->err = err;
	ret = cmd_again(cli, "name another file, or", NULL, (const char *const[]){ "--replace", NULL });
	cli->err = was;
	return ret;
}

int cmd_fresh(struct cli *cli, const char *path, bool replaceable)
{
	return access(path, F_OK) < 0 ? 0 : taken(cli, path, replaceable, cli->err);
}

void cmd_output(struct cli *cli, const char *path, bool replace)
{
	struct kst_error why = KST_ERROR_INIT;

	if (!path || !strcmp(path, "-") || replace || cli->g.dry_run || cli->g.check ||
	    access(path, F_OK) < 0)
		return;
	taken(cli, path, true, &why);
	ask_cli_taken(cli->ask, &why);
}

int cmd_expect_store(struct cli *cli, const char *path)
{
	const struct kst_format *f = NULL;
	uint8_t head[256];
	struct stat st;
	/* A fifo would wait for a writer that never comes. */
	FILE *file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;

	if (file) {
		size_t n = fread(head, 1, sizeof(head), file);

		f = n ? kst_format_probe(head, n, false) : NULL;
		if (f && (f->caps & KST_CAP_LOOSE)) /* which is opened without one */
			f = NULL;
		fclose(file);
	} else if (!cli->g.new_pass.nr) {
		f = kst_format_by_path(path);
	}
	if (!f || !(f->caps & KST_CAP_ENCRYPTION) ||
	    ((f->caps & KST_CAP_NATIVE) && cli->g.key_file.nr))
		return 0;
	return ask_cli_expect(cli->ask, path, cli->err);
}

const struct kst_format *cmd_format_of(const char *path, struct kst_error *err)
{
	const struct kst_format *f = kst_format_by_path(path);
	const char *base = strrchr(path, '/');
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;

	base = base ? base + 1 : path;
	/* "certs/": whoever writes it so means a directory. */
	if (!f && !*base)
		f = kst_format_by_name("hashdir");
	if (!f && !strchr(base, '.'))
		f = kst_format_by_name("kst1");
	if (f)
		return f;
	for (const struct kst_format *const *t = kst_formats(); *t; t++)
		for (const char *const *s = (*t)->suffixes; ((*t)->caps & KST_CAP_WRITE) && *s; s++)
			kst_buf_printf(&all, " %s", *s);
	kst_error_setx(err, KST_E_UNKNOWN_TYPE, "no format goes by this file extension");
	kst_error_subject(err, "%s", path);
	kst_error_hint(err, "extensions:%s", all.data ? (const char *)all.data : "");
	return NULL;
}

int cmd_edit(struct cli *cli, const char *path, bool create, char store_kind,
	     struct kst_store **out)
{
	struct kst_open_options opt = cmd_open_options(cli, true);
	struct kst_error err = KST_ERROR_INIT;
	const struct kst_format *f;

	if (create)
		ask_cli_ensure(cli->ask, path);
	if (kst_store_open(out, path, &opt, &err) == 0) {
		cmd_note_default(cli, *out);
		/* A new key in a file of loose keys, each with a passphrase of its own, gets the one
		 * that was given: one line serves the first and every later run. */
		if (store_kind && (kst_store_format(*out)->caps & KST_CAP_LOOSE))
			ask_cli_creating(cli->ask);
		return 0;
	}
	if (err.code != KST_E_NO_FILE || (!create && !store_kind)) {
		*cli->err = err;
		return -1;
	}
	if (!create) {
		kst_error_setx(cli->err, KST_E_NEEDS_CREATE, "there is no such file");
		kst_error_subject(cli->err, "%s", path);
		return cmd_again(cli, "to make it", NULL, (const char *const[]){ "--create", NULL });
	}
	f = cmd_format_of(path, cli->err);
	if (!f || kst_store_new(out, path, f, &opt, cli->err) < 0)
		return -1;
	cli->new_kind = store_kind;
	ask_cli_creating(cli->ask);
	return 0;
}

int cmd_notice_swap(struct cli *cli)
{
	struct stat st;
	size_t k = 1;

	if (cli->cmd->rest != WHAT_ENTRY || cli->nr < 2 || access(cli->operand[0], F_OK) == 0 || live_is(cli->operand[0]))
		return 0;
	while (k < cli->nr && (stat(cli->operand[k], &st) < 0 || !S_ISREG(st.st_mode)))
		k++;
	if (k == cli->nr)
		return 0;
	kst_error_setx(cli->err, KST_E_SWAPPED, "there is no such file, and %s is one: the %s comes first",
		       cli->operand[k], cli->cmd->changes ? "store" : "file");
	kst_error_subject(cli->err, "%s", cli->operand[0]);
	return cmd_to_front(cli, k);
}

void cmd_working(const struct cli *cli, const char *what)
{
	if (cli->drawn)
		kst_progress_step(&cli->progress, what, 0, 0);
}

bool cmd_interactive(const struct cli *cli)
{
	return ask_cli_interactive(cli->ask);
}

int cmd_ask(struct cli *cli, const char *prompt, struct kst_buf *answer)
{
	int ret;

	if (!cmd_interactive(cli))
		return kst_error_setx(cli->err, KST_E_NO_TERMINAL,
				      "an answer is needed and there is no terminal");
	out_flush(cli->out);
	ret = tty_line(prompt, answer, cli->err);
	out_resume(cli->out);
	if (ret > 0)
		ret = kst_error_setx(cli->err, KST_E_DECLINED, "no answer was given");
	return ret;
}

int cmd_confirm(struct cli *cli, const char *subject, const char *what, const char *hint)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	int yes;

	/* In a dry run nothing can be lost. */
	if (cli->g.yes || cli->g.dry_run || cli->g.check)
		return 0;
	if (!cmd_interactive(cli)) {
		kst_error_setx(cli->err, KST_E_NEEDS_REPLACE, "%s", what);
		kst_error_subject(cli->err, "%s", subject);
		return cmd_again(cli, "if that is meant", NULL, (const char *const[]){ hint, NULL });
	}
	out_flush(cli->out);
	tty_text(&b, subject);
	kst_buf_puts(&b, ": ");
	tty_text(&b, what);
	kst_buf_puts(&b, ".\nContinue? [y/N] ");
	if (b.failed)
		return kst_error_nomem(cli->err);
	yes = tty_yes((char *)b.data, cli->err);
	out_resume(cli->out);
	if (yes == 0) {
		kst_error_setx(cli->err, KST_E_DECLINED, "nothing was changed");
		return kst_error_subject(cli->err, "%s", subject);
	}
	return yes > 0 ? 0 : -1;
}

int cmd_failed(struct cli *cli, int status, bool last)
{
	int mine = kst_code_exit(cli->err->code);

	if (last && !status && cli->nr <= 1)
		return -1;
	cmd_complete_hints(cli);
	out_error(cli->out, cli->err);
	/* What the failed file had begun in the document ends here. */
	out_unwind(cli->out, 2);
	kst_error_clear(cli->err);
	return status >= 2 ? status : mine;
}

const char *cmd_type_word(const struct kst_head *h)
{
	switch (h->kind) {
	case KST_KIND_KEY:
		return "private-key";
	case KST_KIND_CERT:
		return h->trusted ? "trusted-cert" : "certificate";
	case KST_KIND_SECRET:
		return "secret-key";
	case KST_KIND_CSR:
		return "csr";
	case KST_KIND_CRL:
		return "crl";
	case KST_KIND_OPAQUE:
		break;
	}
	return "opaque";
}

#define DAY INT64_C(86400)

const char *cmd_state(int64_t not_before, int64_t not_after, int64_t now)
{
	int64_t life = not_after - not_before, left = not_after - now;
	int64_t warn = 30 * DAY, crit = 7 * DAY;

	/* A certificate of six days is not in trouble all its life. */
	if (life > 0 && life / 3 < warn)
		warn = life / 3;
	if (life > 0 && life / 10 < crit)
		crit = life / 10;
	if (now > not_after)
		return "EXPIRED";
	if (now < not_before)
		return "not yet";
	if (not_after == KST_TIME_NEVER || left > warn)
		return "ok";
	return left <= crit ? "CRIT" : "WARN";
}
