/* SPDX-License-Identifier: ISC */
/*
 * jwk.c - members of JSON Web Keys to and from PKCS#8 and SubjectPublicKeyInfo
 *
 * The DER is put together from the members' bytes and then judged by OpenSSL,
 * which computes the public half of the private key: it must be the one that the
 * JWK says.
 */
#include "crypto/jwk.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/key_impl.h"
#include "crypto/text64.h"

/* OpenSSL checks no signature of a longer one. */
#define RSA_MAX (16384 / 8)
#define RSA_SEARCH_MAX (8192 / 8) /* where primes have to be found: a second on an old machine */

#define OID_EC "\x2a\x86\x48\xce\x3d\x02\x01"
#define OID_RSA "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

const char *const kst_jwk_member_name[KST_JWK_MEMBERS] = { "n", "e",  "x",  "y",  "d", "p",
							   "q", "dp", "dq", "qi", "k" };

static const struct curve {
	const char *kty, *crv;
	size_t size; /* of a coordinate or of the key */
	unsigned char oid_len;
	char oid[9];
} curves[] = {
	{ "EC", "P-256", 32, 8, "\x2a\x86\x48\xce\x3d\x03\x01\x07" },
	{ "EC", "P-384", 48, 5, "\x2b\x81\x04\x00\x22" },
	{ "EC", "P-521", 66, 5, "\x2b\x81\x04\x00\x23" },
	{ "EC", "secp256k1", 32, 5, "\x2b\x81\x04\x00\x0a" },
	{ "OKP", "X25519", 32, 3, "\x2b\x65\x6e" },
	{ "OKP", "X448", 56, 3, "\x2b\x65\x6f" },
	{ "OKP", "Ed25519", 32, 3, "\x2b\x65\x70" },
	{ "OKP", "Ed448", 57, 3, "\x2b\x65\x71" },
};

static const struct curve *curve_of(const char *kty, const char *crv)
{
	for (size_t i = 0; crv && i < sizeof(curves) / sizeof(curves[0]); i++)
		if (!strcmp(curves[i].kty, kty) && !strcmp(curves[i].crv, crv))
			return &curves[i];
	return NULL;
}

static const struct curve *curve_by_oid(struct kst_bytes oid)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (kst_bytes_is(oid, curves[i].oid, curves[i].oid_len))
			return &curves[i];
	return NULL;
}

void kst_jwk_release(struct kst_jwk *jwk)
{
	for (size_t i = 0; i < KST_JWK_MEMBERS; i++)
		kst_buf_release(&jwk->member[i]);
	*jwk = (struct kst_jwk){ .kty = NULL };
}

bool kst_jwk_known(const char *kty, const char *crv)
{
	return !strcmp(kty, "RSA") || !strcmp(kty, "oct") || curve_of(kty, crv);
}

uint64_t kst_jwk_cost(const struct kst_jwk *jwk)
{
	uint64_t k = (jwk->member[KST_JWK_N].len + 127) / 128;

	if (strcmp(jwk->kty, "RSA") != 0 || !jwk->member[KST_JWK_D].len ||
	    jwk->member[KST_JWK_P].len)
		return 0;
	return k > 64 ? 64 * 64 * 64 : k * k * k;
}

static int lacks(const struct kst_jwk *jwk, enum kst_jwk_member which, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_BAD_KEY, "the %s key has no \"%s\"", jwk->kty,
			      kst_jwk_member_name[which]);
}

/* ---- DER from members ---- */

static void put_algorithm(struct kst_buf *out, const struct curve *c)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!c) {
		kst_der_put(&b, KST_DER_OID, OID_RSA, sizeof(OID_RSA) - 1);
		kst_der_put(&b, KST_DER_NULL, NULL, 0);
	} else {
		if (!strcmp(c->kty, "EC"))
			kst_der_put(&b, KST_DER_OID, OID_EC, sizeof(OID_EC) - 1);
		kst_der_put(&b, KST_DER_OID, c->oid, c->oid_len);
	}
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	out->failed |= b.failed;
}

/* A number as octets of a fixed length.  Some writers leave leading zeros out. */
static int put_fixed(const struct kst_jwk *jwk, enum kst_jwk_member which, size_t size,
		     struct kst_buf *out, struct kst_error *err)
{
	const struct kst_buf *b = &jwk->member[which];

	if (!b->len)
		return lacks(jwk, which, err);
	if (b->len > size || (b->len < size && strcmp(jwk->kty, "EC") != 0))
		return kst_error_setx(err, KST_E_BAD_KEY,
				      "\"%s\" of the %s key has %zu bytes, not %zu",
				      kst_jwk_member_name[which], jwk->crv, b->len, size);
	for (size_t i = b->len; i < size; i++)
		kst_buf_u8(out, 0);
	kst_buf_put(out, b->data, b->len);
	return 0;
}

/* The contents of the BIT STRING, without its first octet. */
static int put_public(const struct kst_jwk *jwk, const struct curve *c, struct kst_buf *out,
		      struct kst_error *err)
{
	if (c && !strcmp(c->kty, "EC")) {
		kst_buf_u8(out, 4); /* uncompressed */
		return put_fixed(jwk, KST_JWK_X, c->size, out, err) < 0
			       ? -1
			       : put_fixed(jwk, KST_JWK_Y, c->size, out, err);
	}
	if (c)
		return put_fixed(jwk, KST_JWK_X, c->size, out, err);

	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	for (int i = KST_JWK_N; i <= KST_JWK_E; i++) {
		if (!jwk->member[i].len)
			return lacks(jwk, (enum kst_jwk_member)i, err);
		if (jwk->member[i].len > RSA_MAX)
			return kst_error_setx(err, KST_E_BAD_KEY,
					      "the RSA key has more than %d bits", RSA_MAX * 8);
		kst_jwk_put_number(&b, jwk->member[i].data, jwk->member[i].len);
	}
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	out->failed |= b.failed;
	return 0;
}

int kst_jwk_to_spki(const struct kst_jwk *jwk, struct kst_buf *out, struct kst_error *err)
{
	const struct curve *c = curve_of(jwk->kty, jwk->crv);
	struct kst_buf bits KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT,
		       spki KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_u8(&bits, 0); /* unused bits */
	if (put_public(jwk, c, &bits, err) < 0)
		return -1;
	put_algorithm(&b, c);
	kst_der_put(&b, KST_DER_BIT_STRING, bits.data, bits.len);
	kst_der_put(&spki, KST_DER_SEQUENCE, b.data, b.len);
	if (b.failed || bits.failed || spki.failed)
		return kst_error_nomem(err);

	const uint8_t *p = spki.data;
	ERR_set_mark();
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);
	ERR_pop_to_mark();
	EVP_PKEY_free(pkey);
	if (!pkey)
		return kst_error_setx(err, KST_E_BAD_KEY, "the %s public key is none",
				      jwk->crv ? jwk->crv : jwk->kty);
	kst_buf_put(out, spki.data, spki.len);
	return out->failed ? kst_error_nomem(err) : 0;
}

/* What the OCTET STRING of PKCS#8 holds; `point` NULL: an EC key without its public half. */
static int put_private(const struct kst_jwk *jwk, const struct curve *c,
		       const struct kst_buf *point, struct kst_buf *out, struct kst_error *err)
{
	struct kst_buf d KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT,
		       bits KST_SCRATCH_BUF = KST_BUF_INIT, tagged KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!c)
		return kst_jwk_rsa_private(jwk, out, err);
	if (put_fixed(jwk, KST_JWK_D, c->size, &d, err) < 0)
		return -1;
	if (!strcmp(c->kty, "OKP")) {
		kst_der_put(out, KST_DER_OCTET_STRING, d.data, d.len);
		out->failed |= d.failed;
		return 0;
	}
	kst_der_put_uint(&b, 1);
	kst_der_put(&b, KST_DER_OCTET_STRING, d.data, d.len);
	if (point) {
		kst_buf_u8(&bits, 0);
		kst_buf_put(&bits, point->data, point->len);
		kst_der_put(&tagged, KST_DER_BIT_STRING, bits.data, bits.len);
		kst_der_put(&b, KST_DER_CONTEXT_CONSTRUCTED(1), tagged.data, tagged.len);
	}
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	out->failed |= d.failed || b.failed || bits.failed || tagged.failed;
	return 0;
}

static int build(const struct kst_jwk *jwk, const struct curve *c, const struct kst_buf *point,
		 struct kst_secret *out, struct kst_error *err)
{
	struct kst_buf alg KST_SCRATCH_BUF = KST_BUF_INIT, key KST_SCRATCH_BUF = KST_BUF_INIT,
		       p8 KST_SCRATCH_BUF = KST_BUF_INIT;

	put_algorithm(&alg, c);
	if (put_private(jwk, c, point, &key, err) < 0)
		return -1;
	kst_p8_build(&p8, (struct kst_bytes){ alg.data, alg.len },
		     (struct kst_bytes){ key.data, key.len });
	if (alg.failed || key.failed || p8.failed)
		return kst_error_nomem(err);
	return kst_secret_set(out, p8.data, p8.len, err);
}

int kst_jwk_to_pkcs8(const struct kst_jwk *jwk, struct kst_secret *out, struct kst_error *err)
{
	const struct curve *c = curve_of(jwk->kty, jwk->crv);
	struct kst_buf said KST_SCRATCH_BUF = KST_BUF_INIT, is KST_SCRATCH_BUF = KST_BUF_INIT,
		       point KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *key;
	int rc = -1;

	if (jwk->member[KST_JWK_D].len > RSA_MAX)
		return kst_error_setx(err, KST_E_BAD_KEY, "\"d\" is too long");
	if (!c && kst_jwk_cost(jwk) && jwk->member[KST_JWK_N].len > RSA_SEARCH_MAX)
		return kst_error_setx(err, KST_E_LIMIT,
				      "an RSA key of more than %d bits without its primes",
				      RSA_SEARCH_MAX * 8);
	if (kst_jwk_to_spki(jwk, &said, err) < 0)
		return -1;
	key = kst_key_new();
	if (!key)
		return kst_error_nomem(err);
	if (build(jwk, c, NULL, &key->pkcs8, err) < 0)
		goto done;
	if (kst_key_spki(key, &is, err) != 0) {
		kst_error_setx(err, KST_E_BAD_KEY, "the %s private key cannot be decoded",
			       jwk->crv ? jwk->crv : jwk->kty);
		goto done;
	}
	if (is.len != said.len || memcmp(is.data, said.data, is.len) != 0) {
		kst_error_setx(err, KST_E_BAD_KEY,
			       "the private and the public half of the %s key are of two keys",
			       jwk->crv ? jwk->crv : jwk->kty);
		goto done;
	}
	if (c && !strcmp(c->kty, "EC")) { /* with its public half, as others write it */
		if (put_public(jwk, c, &point, err) < 0 ||
		    build(jwk, c, &point, &key->pkcs8, err) < 0)
			goto done;
	}
	kst_secret_move(out, &key->pkcs8);
	rc = 0;
done:
	kst_key_free(key);
	return rc;
}

/* ---- members from DER ---- */

static void put_member(struct kst_jwk *jwk, enum kst_jwk_member which, struct kst_bytes number)
{
	while (number.len > 1 && !*number.data) {
		number.data++;
		number.len--;
	}
	kst_buf_reset(&jwk->member[which]);
	kst_buf_put(&jwk->member[which], number.data, number.len);
}

static bool failed(const struct kst_jwk *jwk)
{
	bool any = false;

	for (size_t i = 0; i < KST_JWK_MEMBERS; i++)
		any |= jwk->member[i].failed;
	return any;
}

/* The coordinates, whichever way the point is written.  0 or -1. */
static int ec_public(struct kst_jwk *jwk, const struct curve *c, struct kst_bytes spki)
{
	static const struct {
		const char *param;
		enum kst_jwk_member which;
	} axes[] = { { OSSL_PKEY_PARAM_EC_PUB_X, KST_JWK_X }, { OSSL_PKEY_PARAM_EC_PUB_Y, KST_JWK_Y } };
	const uint8_t *p = spki.data;
	int rc = 0;

	ERR_set_mark();
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		BIGNUM *n = NULL;
		struct kst_buf *m = &jwk->member[axes[i].which];

		rc = -1;
		if (pkey && EVP_PKEY_get_bn_param(pkey, axes[i].param, &n) == 1 &&
		    kst_buf_reserve(m, c->size + 1) == 0 &&
		    BN_bn2binpad(n, m->data, (int)c->size) == (int)c->size) {
			m->len = c->size;
			rc = 0;
		}
		BN_free(n);
	}
	EVP_PKEY_free(pkey);
	ERR_pop_to_mark();
	return rc;
}

int kst_jwk_from_spki(struct kst_jwk *out, struct kst_bytes spki, struct kst_error *err)
{
	struct kst_der_item all, alg, oid, curve, bits, n, e;
	struct kst_der in, ain;
	struct kst_jwk jwk = { .kty = NULL };
	int rc = 0;

	if (kst_der_whole(spki.data, spki.len, KST_DER_SEQUENCE, &all) < 0)
		return kst_error_setx(err, KST_E_BAD_KEY, "the public key cannot be decoded");
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &alg) < 0 ||
	    kst_der_expect(&in, KST_DER_BIT_STRING, &bits) < 0 || bits.body.len < 2)
		return kst_error_setx(err, KST_E_BAD_KEY, "the public key cannot be decoded");
	ain = kst_der_in(&alg);
	if (kst_der_expect(&ain, KST_DER_OID, &oid) < 0)
		return 1;
	struct kst_bytes key = { bits.body.data + 1, bits.body.len - 1 };
	if (KST_OID_IS(oid.body, OID_RSA)) {
		jwk.kty = "RSA";
		in = kst_der_bytes(key);
		if (kst_der_enter(&in, KST_DER_SEQUENCE, &in) < 0 ||
		    kst_der_expect(&in, KST_DER_INTEGER, &n) < 0 ||
		    kst_der_expect(&in, KST_DER_INTEGER, &e) < 0)
			return kst_error_setx(err, KST_E_BAD_KEY, "the public key cannot be decoded");
		put_member(&jwk, KST_JWK_N, n.body);
		put_member(&jwk, KST_JWK_E, e.body);
	} else {
		bool ec = KST_OID_IS(oid.body, OID_EC);
		const struct curve *c;

		/* A curve that is given by its numbers is nobody's in JSON. */
		if (ec && kst_der_expect(&ain, KST_DER_OID, &curve) < 0)
			return 1;
		c = curve_by_oid(ec ? curve.body : oid.body);
		if (!c || ec != !strcmp(c->kty, "EC"))
			return 1;
		jwk.kty = c->kty;
		jwk.crv = c->crv;
		if (ec)
			rc = ec_public(&jwk, c, spki);
		else
			kst_buf_put(&jwk.member[KST_JWK_X], key.data, key.len);
	}
	if (failed(&jwk))
		rc = kst_error_nomem(err);
	else if (rc < 0)
		kst_error_setx(err, KST_E_BAD_KEY, "the public key cannot be decoded");
	if (rc < 0) {
		kst_jwk_release(&jwk);
		return -1;
	}
	*out = jwk;
	return 0;
}

static int rsa_private(struct kst_jwk *jwk, struct kst_bytes key)
{
	static const enum kst_jwk_member order[] = { KST_JWK_N,	 KST_JWK_E,  KST_JWK_D,	 KST_JWK_P,
						     KST_JWK_Q, KST_JWK_DP, KST_JWK_DQ, KST_JWK_QI };
	struct kst_der_item all, n[8];
	struct kst_der in;
	uint64_t version;

	if (kst_der_whole(key.data, key.len, KST_DER_SEQUENCE, &all) < 0)
		return -1;
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_INTEGER, &n[0]) < 0 || kst_der_uint(n[0].body, &version) < 0)
		return -1;
	if (version != 0) /* more than two primes */
		return 1;
	for (size_t i = 0; i < 8; i++)
		if (kst_der_expect(&in, KST_DER_INTEGER, &n[i]) < 0)
			return -1;
	bool primes = kst_der_int_bits(n[3].body) && kst_der_int_bits(n[4].body);
	for (size_t i = 2; i < (primes ? 8u : 3u); i++)
		put_member(jwk, order[i], n[i].body);
	return 0;
}

static int curve_private(struct kst_jwk *jwk, struct kst_bytes key)
{
	const struct curve *c = curve_of(jwk->kty, jwk->crv);
	struct kst_der in = kst_der_bytes(key);
	struct kst_der_item d;

	if (!strcmp(jwk->kty, "EC") && (kst_der_enter(&in, KST_DER_SEQUENCE, &in) < 0 ||
					kst_der_expect(&in, KST_DER_INTEGER, NULL) < 0))
		return -1;
	if (kst_der_expect(&in, KST_DER_OCTET_STRING, &d) < 0)
		return -1;
	for (size_t i = d.body.len; i < c->size; i++)
		kst_buf_u8(&jwk->member[KST_JWK_D], 0);
	kst_buf_put(&jwk->member[KST_JWK_D], d.body.data, d.body.len);
	return 0;
}

int kst_jwk_from_pkcs8(struct kst_jwk *out, const struct kst_secret *pkcs8, struct kst_error *err)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_jwk jwk = { .kty = NULL };
	struct kst_p8 p8;
	struct kst_key *key = kst_key_new();
	int rc;

	if (!key || kst_secret_set(&key->pkcs8, pkcs8->data, pkcs8->len, err) < 0) {
		kst_key_free(key);
		return kst_error_nomem(err);
	}
	rc = kst_key_spki(key, &spki, err);
	if (rc == 0)
		rc = kst_jwk_from_spki(&jwk, (struct kst_bytes){ spki.data, spki.len }, err);
	if (rc == 0 && kst_p8_parse(&p8, key->pkcs8.data, key->pkcs8.len) < 0)
		rc = kst_error_setx(err, KST_E_BAD_KEY, "the private key cannot be decoded");
	if (rc == 0) {
		rc = jwk.crv ? curve_private(&jwk, p8.key) : rsa_private(&jwk, p8.key);
		if (rc < 0)
			kst_error_setx(err, KST_E_BAD_KEY, "the private key cannot be decoded");
		else if (failed(&jwk))
			rc = kst_error_nomem(err);
	}
	kst_key_free(key);
	if (rc == 0)
		*out = jwk;
	else
		kst_jwk_release(&jwk);
	return rc;
}

/* ---- the name that follows from the key ---- */

int kst_jwk_thumbprint(const struct kst_jwk *jwk, char out[KST_JWK_THUMBPRINT])
{
	/* The required members in the order of their names, without a blank (RFC 7638 3.2). */
	static const enum kst_jwk_member rsa[] = { KST_JWK_E, KST_JWK_N };
	static const enum kst_jwk_member oct[] = { KST_JWK_K };
	static const enum kst_jwk_member ec[] = { KST_JWK_X, KST_JWK_Y };
	const enum kst_jwk_member *list = jwk->crv ? ec : !strcmp(jwk->kty, "oct") ? oct : rsa;
	size_t nr = list == oct || (jwk->crv && !strcmp(jwk->kty, "OKP")) ? 1 : 2;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT, b64 KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t hash[32];
	bool named = false; /* "kty" stands between "e" and "n", and before "x" */

	kst_buf_puts(&text, "{");
	if (jwk->crv)
		kst_buf_printf(&text, "\"crv\":\"%s\",", jwk->crv);
	for (size_t i = 0; i < nr; i++) {
		if (!named && strcmp(kst_jwk_member_name[list[i]], "kty") > 0) {
			kst_buf_printf(&text, "\"kty\":\"%s\",", jwk->kty);
			named = true;
		}
		kst_buf_printf(&text, "\"%s\":\"", kst_jwk_member_name[list[i]]);
		kst_text64_encode(&text, jwk->member[list[i]].data, jwk->member[list[i]].len,
				  KST_TEXT64_URL);
		kst_buf_puts(&text, i + 1 < nr ? "\"," : "\"");
	}
	if (!named)
		kst_buf_printf(&text, ",\"kty\":\"%s\"", jwk->kty);
	kst_buf_puts(&text, "}");
	kst_sha256(text.data, text.len, hash);
	kst_text64_encode(&b64, hash, sizeof(hash), KST_TEXT64_URL);
	if (text.failed || b64.failed || b64.len >= KST_JWK_THUMBPRINT)
		return -1;
	memcpy(out, b64.data, b64.len + 1);
	return 0;
}
