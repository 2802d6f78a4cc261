/* SPDX-License-Identifier: ISC */
/* live.c - what a server sent, as a store that can be looked at */
#include "kstool/live.h"

#include <string.h>

#include "store/store.h"

static const char *const no_suffixes[] = { NULL };
/* In no table: no file is like this, and none is written. */
static const struct kst_format server_format = {
	.name = "tls-server",
	.to = "tls-server",
	.title = "TLS server",
	.suffixes = no_suffixes,
	.caps = KST_CAP_READ | KST_CAP_CHAINS | KST_CAP_CERTS,
};

void kst_live_release(struct kst_live *l)
{
	kst_chain_release(&l->sent);
	kst_blob_release(&l->staple);
	*l = (struct kst_live){ .version = 0 };
}

static int fill(struct kst_store *s, struct kst_error *err)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_CERT);

	if (!e)
		return kst_error_nomem(err);
	for (size_t i = 0; i < s->live->sent.nr; i++)
		if (kst_chain_push(&e->chain, s->live->sent.cert[i]) < 0) {
			kst_entry_free(e);
			return kst_error_nomem(err);
		}
	/* Nobody gave it a name; what was asked for is what people call it. */
	e->alias = kst_strdup(s->live->to.host);
	e->alias_derived = true;
	e->origin = kst_strdup(server_format.name);
	if (!e->alias || !e->origin) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	return kst_model_push(&s->model, e, 0) < 0 ? kst_error_nomem(err) : 0;
}

int kst_store_of_server(struct kst_store **out, const char *name, struct kst_live *live,
			const struct kst_open_options *opt, struct kst_error *err)
{
	struct kst_store *s = kst_store_alloc(name, opt, err);

	if (s && !(s->live = kst_calloc(1, sizeof(*s->live)))) {
		kst_error_nomem(err);
		kst_store_free(s);
		s = NULL;
	}
	if (!s) {
		kst_live_release(live);
		return -1;
	}
	*s->live = *live;
	*live = (struct kst_live){ .version = 0 };
	s->format = &server_format;
	if (fill(s, err) < 0) {
		kst_store_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

const struct kst_live *kst_store_server(const struct kst_store *s)
{
	return s->live;
}
