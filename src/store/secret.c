/* SPDX-License-Identifier: ISC */
/*
 * secret.c - symmetric keys that PKCS#12 keeps sealed like private keys
 *
 * Java wraps them as a PrivateKeyInfo (RFC 5208) whose privateKey is the key
 * itself, so that the seal is opened by the very function that opens a key.
 */
#include <string.h>

#include "store/store.h"

/* The contents of the next DER value of this tag; false when there is none. */
static bool der_take(struct kst_cursor *c, uint8_t tag, struct kst_cursor *out)
{
	if (kst_cursor_u8(c) != tag)
		return false;
	size_t len = kst_cursor_u8(c);
	if (len & 0x80) {
		size_t bytes = len & 0x7f;
		if (bytes == 0 || bytes > 4)
			return false;
		for (len = 0; bytes; bytes--)
			len = len << 8 | kst_cursor_u8(c);
	}
	if (c->failed || len > kst_cursor_left(c))
		return false;
	*out = kst_cursor_sub(c, len);
	return !c->failed;
}

/* PrivateKeyInfo ::= SEQUENCE { version INTEGER, AlgorithmIdentifier, privateKey OCTET STRING } */
static int unwrap(struct kst_secret *out, const struct kst_secret *info, struct kst_error *err)
{
	struct kst_cursor c, seq, part, key;
	kst_cursor_init(&c, info->data, info->len);
	if (!der_take(&c, 0x30, &seq) || !der_take(&seq, 0x02, &part) ||
	    !der_take(&seq, 0x30, &part) || !der_take(&seq, 0x04, &key) || key.len == 0)
		return kst_error_setx(err, KST_E_CORRUPT, "the secret key is not wrapped as it must be");
	return kst_secret_set(out, key.data, key.len, err);
}

/* What is tried: the seal that all formats share, or the format's own. */
struct sealed {
	struct kst_store *store;
	struct kst_entry *entry;
	struct kst_key *seal;
};

static int try_secret(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	struct sealed *t = ctx;
	return t->store->format->open_secret ? t->store->format->open_secret(t->entry, pass, err)
					     : kst_key_open_with(t->seal, pass, err);
}

int kst_store_open_secret(struct kst_store *s, struct kst_entry *e, struct kst_error *err)
{
	struct kst_key *seal = kst_key_new();
	if (!seal || kst_blob_set(&seal->sealed, e->secret_sealed.data, e->secret_sealed.len) < 0) {
		kst_key_free(seal);
		return kst_error_nomem(err);
	}
	struct kst_question q = { .what = KST_ASK_KEY,
				  .path = s->path,
				  .format = s->format->title,
				  .alias = e->alias };
	struct sealed t = { s, e, seal };
	int rc = kst_ask_until(s->asker, &q, s->model.has_pass ? &s->model.pass : NULL, try_secret,
			       &t, NULL, NULL, err);
	if (rc == 0 && !s->format->open_secret)
		rc = unwrap(&e->secret, &seal->pkcs8, err);
	kst_key_free(seal);
	return rc;
}
