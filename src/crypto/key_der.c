/* SPDX-License-Identifier: ISC */
/*
 * key_der.c - any private key's DER, as PKCS#8
 *
 * What comes as PKCS#8 stays as it is, byte for byte.  The traditional forms are
 * framed by moving their own bytes: no number is decoded and encoded again.
 */
#include <string.h>

#include <openssl/evp.h>

#include "crypto/der.h"
#include "crypto/key_impl.h"

/* AlgorithmIdentifiers and OIDs, encoded. */
static const uint8_t rsa_algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
static const uint8_t ec_oid[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t dsa_oid[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01 };

static void algorithm(struct kst_buf *out, const uint8_t *oid, size_t oid_len,
		      struct kst_bytes parameters)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_put(&body, oid, oid_len);
	kst_buf_put(&body, parameters.data, parameters.len);
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	out->failed |= body.failed;
}

static struct kst_bytes bytes_of(const struct kst_buf *b)
{
	return (struct kst_bytes){ b->data, b->len };
}

/* How many INTEGERs, and nothing else, a SEQUENCE holds; 0: something else. */
static size_t integers(const struct kst_der_item *seq, struct kst_bytes each[9])
{
	struct kst_der in = kst_der_in(seq);
	struct kst_der_item item;
	size_t n = 0;
	while (n < 9 && kst_der_expect(&in, KST_DER_INTEGER, &item) == 0)
		each[n++] = item.whole;
	/* RFC 8017: a multi-prime key has one more SEQUENCE. */
	if (n == 9)
		kst_der_optional(&in, KST_DER_SEQUENCE, NULL);
	return kst_der_end(&in) ? n : 0;
}

static void from_rsa(struct kst_buf *out, const uint8_t *der, size_t len)
{
	kst_p8_build(out, (struct kst_bytes){ rsa_algorithm, sizeof(rsa_algorithm) },
		     (struct kst_bytes){ der, len });
}

/* SEQUENCE { 0, p, q, g, public, private } */
static void from_dsa(struct kst_buf *out, const struct kst_bytes n[9])
{
	struct kst_buf pqg KST_SCRATCH_BUF = KST_BUF_INIT, seq KST_SCRATCH_BUF = KST_BUF_INIT,
			   alg KST_SCRATCH_BUF = KST_BUF_INIT;
	for (int i = 1; i <= 3; i++)
		kst_buf_put(&pqg, n[i].data, n[i].len);
	kst_der_put(&seq, KST_DER_SEQUENCE, pqg.data, pqg.len);
	algorithm(&alg, dsa_oid, sizeof(dsa_oid), bytes_of(&seq));
	kst_p8_build(out, bytes_of(&alg), n[5]);
	out->failed |= pqg.failed | seq.failed | alg.failed;
}

/* ECPrivateKey (RFC 5915): SEQUENCE { 1, OCTET STRING, [0] parameters, [1] public }.  0; -1 it is
 * none; 1 the curve is nowhere. */
static int from_ec(struct kst_buf *out, const struct kst_der_item *all,
		   const struct kst_bytes *ec_params)
{
	struct kst_der in = kst_der_in(all);
	struct kst_der_item version, secret, params, public_key;
	struct kst_bytes curve = { NULL, 0 };
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT, key KST_SCRATCH_BUF = KST_BUF_INIT,
			    alg KST_SCRATCH_BUF = KST_BUF_INIT;
	uint64_t one;

	if (kst_der_expect(&in, KST_DER_INTEGER, &version) < 0 ||
	    kst_der_uint(version.body, &one) < 0 || one != 1 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &secret) < 0)
		return -1;
	int has_params = kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &params);
	int has_public = kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(1), &public_key);
	if (has_params < 0 || has_public < 0 || !kst_der_end(&in))
		return -1;
	if (has_params)
		curve = params.body;
	else if (ec_params)
		curve = *ec_params;
	if (!curve.len)
		return 1;

	/* The parameters move to the algorithm, as every writer of PKCS#8 does it. */
	kst_buf_put(&body, version.whole.data, version.whole.len);
	kst_buf_put(&body, secret.whole.data, secret.whole.len);
	if (has_public)
		kst_buf_put(&body, public_key.whole.data, public_key.whole.len);
	kst_der_put(&key, KST_DER_SEQUENCE, body.data, body.len);
	algorithm(&alg, ec_oid, sizeof(ec_oid), curve);
	kst_p8_build(out, bytes_of(&alg), bytes_of(&key));
	out->failed |= body.failed | key.failed | alg.failed;
	return 0;
}

/* PKCS#8 that says so must be a key of its algorithm, where OpenSSL knows that. */
static int check(const uint8_t *pkcs8, size_t len, struct kst_error *err)
{
	struct kst_p8 p8;
	struct kst_error library = KST_ERROR_INIT;

	if (kst_p8_parse(&p8, pkcs8, len) < 0)
		return kst_error_setx(err, KST_E_BAD_KEY, "the bytes are no private key");
	EVP_PKEY *pkey = kst_p8_pkey(&p8, &library);
	if (pkey || !kst_p8_known(&p8)) {
		EVP_PKEY_free(pkey);
		return 0;
	}
	kst_error_setx(err, KST_E_BAD_KEY, "the private key cannot be decoded");
	if (err && !err->underlying[0])
		memcpy(err->underlying, library.underlying, sizeof(err->underlying));
	return -1;
}

int kst_key_to_pkcs8(struct kst_secret *out, const uint8_t *der, size_t len, const char *label,
		     const struct kst_bytes *ec_params, struct kst_error *err)
{
	struct kst_buf made KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret pkcs8 KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_der_item all;
	struct kst_bytes number[9];
	const char *what = label ? label : "private key";
	size_t n;
	int rc = -1;

	if (kst_der_whole(der, len, KST_DER_SEQUENCE, &all) < 0)
		return kst_error_setx(err, KST_E_BAD_KEY, "the bytes are no %s, or more than one",
				      what);
	if (kst_p8_plausible(der, len)) {
		kst_buf_put(&made, der, len);
		rc = 0;
	} else if ((n = integers(&all, number)) == 9) {
		from_rsa(&made, der, len);
		rc = 0;
	} else if (n == 6) {
		from_dsa(&made, number);
		rc = 0;
	} else {
		rc = from_ec(&made, &all, ec_params);
	}
	if (rc > 0)
		return kst_error_setx(err, KST_E_BAD_KEY,
				      "the EC private key does not name its curve");
	if (rc < 0)
		return kst_error_setx(err, KST_E_BAD_KEY, "the bytes are no %s", what);
	if (made.failed)
		return kst_error_nomem(err);
	if (check(made.data, made.len, err) < 0 ||
	    kst_secret_set(&pkcs8, made.data, made.len, err) < 0)
		return -1;
	kst_secret_move(out, &pkcs8);
	return 0;
}

int kst_sealed_parse(const uint8_t *der, size_t len, struct kst_bytes *algid, struct kst_bytes *ct,
		     struct kst_buf *joined)
{
	struct kst_der_item all, alg, item;
	struct kst_der in;

	if (kst_der_whole(der, len, KST_DER_SEQUENCE, &all) < 0)
		return -1;
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &alg) < 0 || kst_der_next(&in, &item) != 1 ||
	    (item.id != KST_DER_OCTET_STRING && item.id != (KST_DER_OCTET_STRING | 0x20)) ||
	    !kst_der_end(&in) || kst_der_octets(&item, ct, joined) < 0)
		return -1;
	*algid = alg.whole;
	in = kst_der_in(&alg);
	return kst_der_expect(&in, KST_DER_OID, NULL);
}

int kst_key_from_der(struct kst_key **out, const uint8_t *der, size_t len, const char *label,
		     const struct kst_bytes *ec_params, struct kst_error *err)
{
	struct kst_buf joined KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes algid, ct;
	int rc = 0;
	struct kst_key *key = kst_key_new();
	if (!key)
		return kst_error_nomem(err);

	bool sealed = kst_sealed_parse(der, len, &algid, &ct, &joined) == 0;
	if (sealed && (!label || !strcmp(label, "ENCRYPTED PRIVATE KEY"))) {
		if (kst_blob_set(&key->sealed, der, len) < 0)
			rc = kst_error_nomem(err);
	} else if (label && !strcmp(label, "ENCRYPTED PRIVATE KEY")) {
		rc = kst_error_setx(err, KST_E_BAD_KEY, "the bytes are no %s", label);
	} else {
		rc = kst_key_to_pkcs8(&key->pkcs8, der, len, label, ec_params, err);
	}
	if (rc < 0)
		kst_key_free(key);
	else
		*out = key;
	return rc;
}
