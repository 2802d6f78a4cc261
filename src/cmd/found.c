/* SPDX-License-Identifier: ISC */
/* found.c - opening what a walk has found: nobody is asked for the passphrase of a file that he did not name */
#include "cmd/found.h"

static int ask(void *ctx, const struct kst_question *q, struct kst_secret *out, enum kst_ask_source *source,
	       struct kst_error *err)
{
	struct cli *cli = ctx;
	struct kst_question mine = *q;

	if (q->what == KST_ASK_STORE && q->public_defaults) {
		*source = q->attempt ? KST_SOURCE_EMPTY : KST_SOURCE_CHANGEIT;
		if (!q->attempt)
			return kst_secret_set(out, "changeit", 8, err);
		if (q->attempt == 1)
			return kst_secret_set(out, NULL, 0, err);
		mine.attempt = q->attempt - 2;
	}
	mine.public_defaults = false;
	mine.optional = true;
	return cli->asker.ask(cli->asker.ctx, &mine, out, source, err);
}

struct kst_asker found_asker(struct cli *cli)
{
	return (struct kst_asker){ ask, cli };
}

int found_open(struct cli *cli, const struct kst_asker *quiet, const struct kst_found *f, bool edit,
	       struct kst_store **out)
{
	struct kst_open_options opt = cmd_open_options(cli, edit);

	opt.asker = quiet;
	opt.notes = NULL;
	opt.part_links = true; /* each of its names is found, and each is written */
	return kst_store_open(out, f->path, &opt, cli->err);
}
