/* SPDX-License-Identifier: ISC */
/* look.c - what is in an open store */
#include <string.h>

#include "store/call.h"
#include "store/store.h"

const char *kst_store_path(const struct kst_store *s)
{
	return s->path;
}

const struct kst_format *kst_store_format(const struct kst_store *s)
{
	return s->format;
}

const struct kst_info *kst_store_info(const struct kst_store *s)
{
	return &s->model.info;
}

bool kst_store_is_new(const struct kst_store *s)
{
	return s->is_new;
}

size_t kst_store_count(const struct kst_store *s)
{
	return s->model.nr;
}

static int no_such(const struct kst_store *s, size_t i, struct kst_error *err)
{
	kst_error_setx(err, KST_E_INTERNAL, "there is no entry %zu of %zu", i, s->model.nr);
	return kst_error_subject(err, "%s", s->path);
}

int kst_store_head(struct kst_store *s, size_t i, struct kst_head *out, struct kst_error *err)
{
	if (i >= s->model.nr)
		return no_such(s, i, err);
	const struct kst_item *item = &s->model.item[i];
	if (s->format->head && !item->dirty && item->base != KST_NO_BASE) {
		if (kst_call_head(s->format, &s->model, i, out, &s->scratch, err) < 0)
			return kst_error_subject(err, "%s", s->path);
		return 0;
	}
	struct kst_entry *e;
	if (kst_store_entry(s, i, &e, err) < 0)
		return -1;
	kst_entry_head(e, out, &s->scratch);
	return s->scratch.failed ? kst_error_nomem(err) : 0;
}

int kst_store_entry(struct kst_store *s, size_t i, struct kst_entry **out, struct kst_error *err)
{
	if (i >= s->model.nr)
		return no_such(s, i, err);
	struct kst_item *item = &s->model.item[i];
	if (!item->entry) {
		struct kst_fd_source fd;
		struct kst_bytes bytes;
		struct kst_io io = kst_store_io(s, &fd, &bytes);
		struct kst_entry *e = NULL;
		if (kst_call_load(s->format, &io, &s->model, i, &e, err) < 0)
			return kst_error_subject(err, "%s", s->path);
		item->entry = e;
	}
	*out = item->entry;
	return 0;
}

const char *kst_store_alias(struct kst_store *s, size_t i)
{
	if (s->model.item[i].entry)
		return s->model.item[i].entry->alias;
	struct kst_head h;
	return kst_store_head(s, i, &h, NULL) < 0 ? NULL : h.alias;
}

static bool is_secret(const struct kst_format *f, enum kst_kind kind)
{
	switch (kind) {
	case KST_KIND_KEY:
	case KST_KIND_SECRET:
		return true;
	case KST_KIND_OPAQUE: /* nobody knows: be careful, where there can be keys at all */
		return f->caps & KST_CAP_KEYS;
	case KST_KIND_CERT:
	case KST_KIND_CSR:
	case KST_KIND_CRL:
		return false;
	}
	return true;
}

bool kst_store_has_secrets(const struct kst_store *s)
{
	for (size_t i = 0; i < s->model.nr; i++) {
		const struct kst_entry *e = s->model.item[i].entry;
		if (e && is_secret(s->format, e->kind) && !kst_entry_is_public_key(e))
			return true;
		if (!e && s->model.info.store_kind != 'T')
			return true;
	}
	return s->model.info.store_kind == 'K';
}

/* ---- private keys ---- */

static int try_key(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	return kst_key_open_with(ctx, pass, err);
}

static int open_sealed_key(struct kst_store *s, struct kst_entry *e, struct kst_error *err)
{
	struct kst_question q = { .what = KST_ASK_KEY,
				  .path = s->path,
				  .format = s->format->title,
				  .alias = e->alias };
	return kst_ask_until(s->asker, &q, s->model.has_pass ? &s->model.pass : NULL, try_key,
			     e->key, NULL, NULL, err);
}

/* Load the entry again, now that the store is unlocked; the caller's pointer stays good. */
static int load_again(struct kst_store *s, size_t i, struct kst_entry *e, struct kst_error *err)
{
	struct kst_fd_source fd;
	struct kst_bytes bytes;
	struct kst_io io = kst_store_io(s, &fd, &bytes);
	struct kst_entry *whole = NULL;
	if (kst_call_unlock(s->format, &io, &s->model, KST_NEED_READ, err) < 0 ||
	    kst_call_load(s->format, &io, &s->model, i, &whole, err) < 0)
		return -1;
	struct kst_entry old = *e;
	*e = *whole;
	*whole = old;
	kst_entry_free(whole);
	return 0;
}

/* Unlock first what was not loaded yet, so that it is loaded once and whole. */
static int unlock_before(struct kst_store *s, size_t i, struct kst_error *err)
{
	struct kst_fd_source fd;
	struct kst_bytes bytes;
	struct kst_head h;
	if (i >= s->model.nr || s->model.item[i].entry || !s->format->unlock)
		return 0;
	if (kst_store_head(s, i, &h, err) < 0)
		return -1;
	if (h.kind != KST_KIND_KEY && h.kind != KST_KIND_SECRET)
		return 0;
	struct kst_io io = kst_store_io(s, &fd, &bytes);
	if (kst_call_unlock(s->format, &io, &s->model, KST_NEED_READ, err) < 0)
		return kst_error_subject(err, "%s", s->path);
	return 0;
}

int kst_store_open_key(struct kst_store *s, size_t i, struct kst_error *err)
{
	struct kst_entry *e;
	if (unlock_before(s, i, err) < 0 || kst_store_entry(s, i, &e, err) < 0)
		return -1;
	bool key_missing = e->kind == KST_KIND_KEY && (!e->key || kst_key_is_sealed(e->key));
	bool secret_missing = e->kind == KST_KIND_SECRET && e->secret.len == 0;
	if (!key_missing && !secret_missing)
		return 0;
	const struct kst_item *item = &s->model.item[i];
	int rc = 0;
	if (s->format->load && s->format->unlock && !item->dirty && item->base != KST_NO_BASE)
		rc = load_again(s, i, e, err);
	else if (key_missing && e->key)
		rc = open_sealed_key(s, e, err);
	else if (key_missing)
		rc = kst_error_setx(err, KST_E_NO_PRIVATE_KEY, "\"%s\" has no private key",
				    e->alias ? e->alias : "");
	else if (e->secret_sealed.len)
		rc = kst_store_open_secret(s, e, err);
	return rc < 0 ? kst_error_subject(err, "%s", s->path) : 0;
}
