/* SPDX-License-Identifier: ISC */
/*
 * key_pub.c - the public half of a private key, and what a key is called
 */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/der.h"
#include "crypto/key_impl.h"
#include "crypto/names.h"
#include "crypto/pbe.h"

/* SPKI = SEQUENCE { AlgorithmIdentifier, BIT STRING } */
static void build_spki(struct kst_buf *out, struct kst_bytes algorithm, struct kst_bytes bits)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_put(&body, algorithm.data, algorithm.len);
	kst_der_put(&body, KST_DER_BIT_STRING, bits.data, bits.len);
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	out->failed |= body.failed;
}

/* Append; 0, 1 not known. */
static int spki_of(const struct kst_p8 *p8, struct kst_buf *out)
{
	int rc = 1;
	EVP_PKEY *pkey = kst_p8_pkey(p8, NULL);
	if (pkey) {
		uint8_t *der = NULL;
		ERR_set_mark();
		int n = i2d_PUBKEY(pkey, &der);
		ERR_pop_to_mark();
		if (n > 0) {
			kst_buf_put(out, der, (size_t)n);
			rc = 0;
		}
		OPENSSL_free(der);
		EVP_PKEY_free(pkey);
	}
	if (rc && p8->public_key.len) {
		build_spki(out, p8->algorithm, p8->public_key);
		rc = 0;
	}
	return rc;
}

int kst_key_spki(struct kst_key *key, struct kst_buf *out, struct kst_error *err)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_p8 p8;

	if (!key->spki.len && key->pkcs8.len) {
		if (kst_p8_parse(&p8, key->pkcs8.data, key->pkcs8.len) < 0)
			return kst_error_setx(err, KST_E_BAD_KEY,
					      "the private key cannot be decoded");
		int rc = spki_of(&p8, &spki);
		if (rc)
			return rc;
		if (spki.failed || kst_blob_set(&key->spki, spki.data, spki.len) < 0)
			return kst_error_nomem(err);
	}
	if (!key->spki.len)
		return 1;
	kst_buf_put(out, key->spki.data, key->spki.len);
	return out->failed ? kst_error_nomem(err) : 0;
}

/* The algorithm's OID, contents octets, of a SubjectPublicKeyInfo; empty if it is none. */
static struct kst_bytes spki_oid(struct kst_bytes spki)
{
	struct kst_der_item all, oid;
	struct kst_der in;
	if (kst_der_whole(spki.data, spki.len, KST_DER_SEQUENCE, &all) == 0) {
		in = kst_der_in(&all);
		if (kst_der_enter(&in, KST_DER_SEQUENCE, &in) == 0 &&
		    kst_der_expect(&in, KST_DER_OID, &oid) == 0)
			return oid.body;
	}
	return (struct kst_bytes){ NULL, 0 };
}

/* The same key written in another way: curve by name or by numbers, point compressed or not. */
static bool equal_decoded(struct kst_bytes a, struct kst_bytes b)
{
	const uint8_t *p = a.data, *q = b.data;
	ERR_set_mark();
	EVP_PKEY *x = d2i_PUBKEY(NULL, &p, (long)a.len), *y = d2i_PUBKEY(NULL, &q, (long)b.len);
	bool equal = x && y && EVP_PKEY_eq(x, y) == 1;
	EVP_PKEY_free(x);
	EVP_PKEY_free(y);
	ERR_pop_to_mark();
	return equal;
}

/* ---- keys that OpenSSL does not know ---- */

/* What the BIT STRING of a SubjectPublicKeyInfo holds; empty if it is none of whole bytes. */
static struct kst_bytes spki_public(struct kst_bytes spki)
{
	struct kst_der_item all, bits;
	struct kst_der in;

	if (kst_der_whole(spki.data, spki.len, KST_DER_SEQUENCE, &all) < 0)
		return (struct kst_bytes){ NULL, 0 };
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, NULL) < 0 ||
	    kst_der_expect(&in, KST_DER_BIT_STRING, &bits) < 0 || bits.body.len < 2 || bits.body.data[0])
		return (struct kst_bytes){ NULL, 0 };
	return (struct kst_bytes){ bits.body.data + 1, bits.body.len - 1 };
}

/* The expanded key of ML-DSA and ML-KEM: alone, or behind its seed; empty: there is only the seed. */
static struct kst_bytes expanded(struct kst_bytes key)
{
	struct kst_der d = kst_der_bytes(key), in;
	struct kst_der_item item;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0) {
		if (kst_der_expect(&in, KST_DER_OCTET_STRING, NULL) < 0)
			return (struct kst_bytes){ NULL, 0 };
		d = in;
	}
	return kst_der_expect(&d, KST_DER_OCTET_STRING, &item) == 0 ? item.body : (struct kst_bytes){ NULL, 0 };
}

/*
 * What a post-quantum key tells of its public half: SLH-DSA ends in it (FIPS 205), ML-KEM has it before 64
 * bytes (FIPS 203), ML-DSA its SHAKE256 behind 64 (FIPS 204).  1 it is this one, 0 not, -1 no telling.
 */
static int pq_matches(const struct kst_p8 *p8, struct kst_bytes public)
{
	static const uint8_t nist[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04 };
	const struct kst_bytes oid = p8->oid;
	uint8_t hash[64];

	if (!public.len || oid.len != sizeof(nist) + 2 || memcmp(oid.data, nist, sizeof(nist)) != 0)
		return -1;
	unsigned arc = oid.data[sizeof(nist)], alg = oid.data[sizeof(nist) + 1];
	if (arc == 3 && alg >= 20 && alg <= 31) /* SLH-DSA */
		return p8->key.len != 2 * public.len
			       ? -1
			       : !memcmp(p8->key.data + public.len, public.data, public.len);
	const struct kst_bytes key = expanded(p8->key);
	if (arc == 4 && alg >= 1 && alg <= 3) /* ML-KEM */
		return key.len < public.len + 64
			       ? -1
			       : !memcmp(key.data + key.len - 64 - public.len, public.data, public.len);
	if (arc != 3 || alg < 17 || alg > 19 || key.len < 128) /* ML-DSA */
		return -1;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ERR_set_mark();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_shake256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, public.data, public.len) == 1 &&
		  EVP_DigestFinalXOF(ctx, hash, sizeof(hash)) == 1;
	ERR_pop_to_mark();
	EVP_MD_CTX_free(ctx);
	return ok ? !memcmp(key.data + 64, hash, sizeof(hash)) : -1;
}

int kst_key_matches(struct kst_key *key, const struct kst_cert *cert)
{
	struct kst_buf mine KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes theirs = kst_cert_spki(cert), oid = spki_oid(theirs);
	struct kst_p8 p8;

	if (kst_key_spki(key, &mine, NULL) == 0) {
		struct kst_bytes own = { mine.data, mine.len };
		if (kst_bytes_is(theirs, own.data, own.len))
			return 1;
		/* RSA and RSASSA-PSS with one modulus are two keys (RFC 4055 section 1.2). */
		struct kst_bytes own_oid = spki_oid(own);
		if (!kst_bytes_is(oid, own_oid.data, own_oid.len))
			return 0;
		return equal_decoded(own, theirs) ? 1 : 0;
	}
	if (!key->pkcs8.len || kst_p8_parse(&p8, key->pkcs8.data, key->pkcs8.len) < 0)
		return -1;
	return kst_bytes_is(oid, p8.oid.data, p8.oid.len) ? pq_matches(&p8, spki_public(theirs)) : 0;
}

void kst_key_text(const struct kst_key *key, bool strict, struct kst_buf *out)
{
	if (key->spki.len)
		kst_spki_key_text(key->spki.data, key->spki.len, strict, out);
	else if (key->pkcs8.len)
		kst_pkcs8_key_text(key->pkcs8.data, key->pkcs8.len, strict, out);
	else
		kst_buf_puts(out, "?");
}

void kst_key_protection(const struct kst_key *key, struct kst_buf *out)
{
	struct kst_buf joined KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes algid, ct;

	if (key->dek_info)
		kst_dek_text(key->dek_info, out);
	else if (key->sealed.len &&
		 kst_sealed_parse(key->sealed.data, key->sealed.len, &algid, &ct, &joined) == 0)
		kst_pbe_text(algid.data, algid.len, out);
}
