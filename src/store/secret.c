/* SPDX-License-Identifier: ISC */
/*
 * secret.c - symmetric keys that PKCS#12 keeps sealed like private keys
 *
 * Java wraps them as a PrivateKeyInfo (RFC 5208) whose privateKey is the key
 * itself, so that the seal is opened by the very function that opens a key.
 */
#include "crypto/der.h"
#include "store/store.h"

/* PrivateKeyInfo ::= SEQUENCE { version INTEGER, AlgorithmIdentifier, privateKey OCTET STRING } */
static int unwrap(struct kst_secret *out, const struct kst_secret *info, struct kst_error *err)
{
	struct kst_der d = kst_der_over(info->data, info->len), in;
	struct kst_der_item key;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || kst_der_expect(&in, KST_DER_INTEGER, NULL) < 0 ||
	    kst_der_expect(&in, KST_DER_SEQUENCE, NULL) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &key) < 0 || !key.body.len)
		return kst_error_setx(err, KST_E_CORRUPT, "the secret key is not wrapped as it must be");
	return kst_secret_set(out, key.body.data, key.body.len, err);
}

int kst_secret_try(const struct kst_format *f, struct kst_entry *e, const struct kst_secret *pass,
		   struct kst_error *err)
{
	if (f->open_secret)
		return f->open_secret(e, pass, err);
	struct kst_key *seal = kst_key_new();
	if (!seal || kst_blob_set(&seal->sealed, e->secret_sealed.data, e->secret_sealed.len) < 0) {
		kst_key_free(seal);
		return kst_error_nomem(err);
	}
	int rc = kst_key_open_with(seal, pass, err);
	if (rc == 0)
		rc = unwrap(&e->secret, &seal->pkcs8, err);
	kst_key_free(seal);
	return rc;
}

struct attempt {
	const struct kst_format *format;
	struct kst_entry *entry;
};

static int try_secret(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	struct attempt *a = ctx;
	return kst_secret_try(a->format, a->entry, pass, err);
}

int kst_store_open_secret(struct kst_store *s, struct kst_entry *e, struct kst_error *err)
{
	struct kst_question q = { .what = KST_ASK_KEY,
				  .path = s->path,
				  .format = s->format->title,
				  .alias = e->alias };
	struct attempt a = { s->format, e };
	return kst_ask_until(s->asker, &q, s->model.has_pass ? &s->model.pass : NULL, try_secret, &a,
			     NULL, NULL, err);
}
