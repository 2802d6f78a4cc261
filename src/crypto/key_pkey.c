/* SPDX-License-Identifier: ISC */
/*
 * key_pkey.c - PKCS#8 to OpenSSL's key
 *
 * EVP_PKCS82PKEY() looks for the decoders of the algorithm at each call, and up to
 * OpenSSL 3.1 that costs several times what decoding does.  They are the same each
 * time, so those of the last few algorithms are kept.
 */
#include "crypto/key_impl.h"

#include <pthread.h>
#include <string.h>

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "crypto/der.h"
#include "crypto/ossl.h"

/* A chain of keys of more types than this is rare. */
#define KEPT 4

struct decoder {
	char oid[KST_OID_TEXT];
	OSSL_DECODER_CTX *ctx; /* writes to `out` */
	EVP_PKEY *out;
};

/* Of each thread, since a context is no thing to share; it lives as long as the thread. */
static _Thread_local struct kept {
	struct decoder decoder[KEPT];
	unsigned turn;
} kept;

static void forget(struct decoder *d)
{
	OSSL_DECODER_CTX_free(d->ctx);
	*d = (struct decoder){ .ctx = NULL };
}

/* A thread ends: what it has kept ends with it. */
static pthread_key_t at_exit;
static pthread_once_t at_exit_made = PTHREAD_ONCE_INIT;

static void forget_all(void *of_thread)
{
	struct kept *k = of_thread;

	for (int i = 0; i < KEPT; i++)
		if (k->decoder[i].ctx)
			forget(&k->decoder[i]);
}

static void make_at_exit(void)
{
	(void)!pthread_key_create(&at_exit, forget_all);
}

/* NULL: OpenSSL has no decoder for it. */
static struct decoder *decoder_of(const char oid[KST_OID_TEXT])
{
	for (int i = 0; i < KEPT; i++)
		if (kept.decoder[i].ctx && strcmp(kept.decoder[i].oid, oid) == 0)
			return &kept.decoder[i];
	pthread_once(&at_exit_made, make_at_exit);
	(void)!pthread_setspecific(at_exit, &kept);
	struct decoder *d = &kept.decoder[kept.turn++ % KEPT];
	forget(d);
	/* Not each decoder has its OID among its names. */
	int nid = OBJ_txt2nid(oid);
	d->ctx = OSSL_DECODER_CTX_new_for_pkey(&d->out, "DER", "PrivateKeyInfo",
					       nid == NID_undef ? oid : OBJ_nid2ln(nid),
					       EVP_PKEY_KEYPAIR, kst_ossl_ctx(), NULL);
	if (!d->ctx || OSSL_DECODER_CTX_get_num_decoders(d->ctx) == 0) {
		forget(d);
		return NULL;
	}
	memcpy(d->oid, oid, KST_OID_TEXT);
	return d;
}

static EVP_PKEY *decode(const char oid[KST_OID_TEXT], const struct kst_buf *p8)
{
	const unsigned char *p = p8->data;
	size_t n = p8->len;
	struct decoder *d = decoder_of(oid);

	if (!d)
		return NULL;
	d->out = NULL;
	int ok = OSSL_DECODER_from_data(d->ctx, &p, &n);
	EVP_PKEY *pkey = d->out;
	d->out = NULL;
	if (!ok) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	/* Later releases remember some failures in the context, and make a new one for little. */
	if (!pkey && OPENSSL_version_major() * 100 + OPENSSL_version_minor() >= 302)
		forget(d);
	return pkey;
}

EVP_PKEY *kst_p8_pkey(const struct kst_p8 *p8, struct kst_error *library)
{
	struct kst_buf plain KST_SCRATCH_BUF = KST_BUF_INIT;
	char oid[KST_OID_TEXT];

	/* Attributes and the public key are of no use to OpenSSL, and some of it trips over them. */
	kst_p8_build(&plain, p8->algorithm, p8->key);
	if (plain.failed || plain.len > INT32_MAX || kst_oid_text(p8->oid, oid) < 0)
		return NULL;
	ERR_set_mark();
	EVP_PKEY *pkey = decode(oid, &plain);
	if (!pkey && library)
		kst_ossl_error(library, KST_E_BAD_KEY, "the private key cannot be decoded");
	ERR_pop_to_mark();
	return pkey;
}
