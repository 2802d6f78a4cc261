/* SPDX-License-Identifier: ISC */
/* already.c - does the file that a command would write lie there already? */
#include "cmd/already.h"

#include <sys/stat.h>

/* The new passphrase is asked for once: it opens what is there, and then it is the new one again. */
static int remember(void *ctx, const struct kst_question *q, struct kst_secret *out, enum kst_ask_source *source,
		    struct kst_error *err)
{
	struct already *a = ctx;

	if (q->what != KST_ASK_NEW_STORE)
		return a->inner.ask(a->inner.ctx, q, out, source, err);
	if (!a->known) {
		int got = a->inner.ask(a->inner.ctx, q, &a->pass, source, err);

		if (got)
			return got;
		a->known = true;
	}
	*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, a->pass.data, a->pass.len, err);
}

void already_begin(struct already *a, struct cli *cli)
{
	*a = (struct already){ .inner = cli->asker };
	cli->asker = (struct kst_asker){ .ask = remember, .ctx = a };
}

void already_end(struct already *a, struct cli *cli)
{
	cli->asker = a->inner;
	kst_secret_release(&a->pass);
}

/* Nobody is asked to open it: with another passphrase it is another file. */
static int answer(void *ctx, const struct kst_question *q, struct kst_secret *out, enum kst_ask_source *source,
		  struct kst_error *err)
{
	struct already *a = ctx;

	if (!a->known || q->attempt || (q->what != KST_ASK_STORE && q->what != KST_ASK_KEY))
		return 1;
	*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, a->pass.data, a->pass.len, err);
}

static bool needs_pass(const struct cli *cli, const struct kst_format *f, const struct kst_write_options *w,
		       struct kst_store *meant)
{
	struct kst_head h;

	if (w->no_pass)
		return false;
	if (f->caps & KST_CAP_NATIVE) /* a new key file is another one each time */
		return !cli->g.new_key_file.nr;
	if (f->caps & KST_CAP_INTEGRITY)
		return true;
	if (w->plain_key)
		return false;
	for (size_t i = 0; (f->caps & KST_CAP_ENCRYPTION) && i < kst_store_count(meant); i++)
		if (!kst_store_head(meant, i, &h, NULL) && h.kind == KST_KIND_KEY)
			return true;
	return false;
}

bool already_there(struct already *a, struct cli *cli, struct kst_store *meant, const struct kst_write_options *w)
{
	const struct kst_format *f = kst_store_format(meant);
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	const struct kst_asker asker = { .ask = answer, .ctx = a };
	/* The certificates of a native store are open to all: only its owner's secret shows whose it is. */
	struct kst_open_options open = cmd_open_options(cli, f->caps & KST_CAP_NATIVE);
	struct kst_question q = { .what = KST_ASK_NEW_STORE,
				  .path = kst_store_path(meant),
				  .format = f->title,
				  .java_rules = f->caps & KST_CAP_JAVA };
	struct kst_store *there = NULL;
	enum kst_ask_source source;
	struct stat st;

	/* A fifo (/dev/stdout may be one) would wait for a writer that never comes. */
	if (stat(kst_store_path(meant), &st) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return false;
	if (needs_pass(cli, f, w, meant) && cli->asker.ask(cli->asker.ctx, &q, &pass, &source, NULL) != 0)
		return false;
	open.asker = &asker;
	open.notes = NULL;
	if (kst_store_open(&there, kst_store_path(meant), &open, NULL) < 0)
		return false;
	bool same = kst_store_same(meant, w, there);
	kst_store_free(there);
	return same;
}
