/* SPDX-License-Identifier: ISC */
/* keep_pass.c - remember what opened the source, give it for the result */
#include "cmd/keep_pass.h"

static int ask(void *ctx, const struct kst_question *q, struct kst_secret *out,
	       enum kst_ask_source *source, struct kst_error *err)
{
	struct keep_pass *k = ctx;
	int got;

	if (q->what == KST_ASK_NEW_STORE && k->has_last) {
		*source = KST_SOURCE_GIVEN;
		return kst_secret_set(out, k->last.data, k->last.len, err);
	}
	got = k->inner.ask(k->inner.ctx, q, out, source, err);
	/* A public default is no passphrase worth keeping. */
	if (got == 0 && q->what == KST_ASK_STORE && *source == KST_SOURCE_GIVEN) {
		if (kst_secret_set(&k->last, out->data, out->len, err) < 0)
			return -1;
		k->has_last = true;
	}
	return got;
}

void keep_pass_begin(struct keep_pass *k, struct cli *cli)
{
	*k = (struct keep_pass){ .inner = cli->asker };
	cli->asker = (struct kst_asker){ .ask = ask, .ctx = k };
}

void keep_pass_end(struct keep_pass *k, struct cli *cli)
{
	cli->asker = k->inner;
	kst_secret_release(&k->last);
}
