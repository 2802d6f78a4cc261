/* SPDX-License-Identifier: ISC */
/* fks_key.c - PBES2 as Bouncy Castle's BCFKS derives it, and the MAC over the store */
#include "crypto/fks_key.h"

#include <sodium.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "crypto/cipher.h"
#include "crypto/der.h"
#include "crypto/key_impl.h"
#include "crypto/pbe.h"
#include "crypto/pbe_alg.h"
#include "kstool/format.h"
#include "kstool/text.h"

/* 2.25 (a UUID, X.667) and the number; never written into a file. */
#define OID_OURS "2.25.190462371843174531."
#define OID_PBES2 "1.2.840.113549.1.5.13"
#define OID_PBKDF2 "1.2.840.113549.1.5.12"
#define OID_SCRYPT "1.3.6.1.4.1.11591.4.11"
#define OID_HMAC_SHA512 "1.2.840.113549.2.11"
#define OID_HMAC_SHA3_512 "2.16.840.1.101.3.4.2.16"
#define OID_CCM "2.16.840.1.101.3.4.1.47"
#define OID_KWP "2.16.840.1.101.3.4.1.48"
#define SALT 64
#define TAG 16
/* What the length field beside a nonce of 12 can tell. */
#define SHORT_MAX ((size_t)1 << 24)

static const struct {
	const char *oid, *words;
} purposes[] = {
	[KST_FKS_STORE] = { OID_OURS "1", "STORE_ENCRYPTION" },
	[KST_FKS_PRIVATE] = { OID_OURS "2", "PRIVATE_KEY_ENCRYPTION" },
	[KST_FKS_SECRET] = { OID_OURS "3", "SECRET_KEY_ENCRYPTION" },
	[KST_FKS_MAC] = { OID_OURS "4", "INTEGRITY_CHECK" },
};

const char *kst_fks_purpose(const char *oid)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (!strcmp(oid, purposes[i].oid))
			return purposes[i].words;
	return NULL;
}

int kst_fks_password(const struct kst_secret *pass, const char *purpose, struct kst_buf *out)
{
	if (pass->len) {
		if (kst_text_to_utf16be(out, pass->data, pass->len) < 0)
			return -1;
		kst_buf_be16(out, 0);
	}
	kst_text_to_utf16be(out, purpose, strlen(purpose));
	kst_buf_be16(out, 0);
	return 0;
}

void kst_fks_adjust(struct kst_kdf *kdf)
{
	if (kdf->kind != KST_KDF_SCRYPT)
		return;
	kdf->p = kdf->r;
	if (__builtin_mul_overflow(kdf->n, kdf->r, &kdf->iterations) ||
	    __builtin_mul_overflow(kdf->iterations, kdf->p, &kdf->iterations))
		kdf->iterations = UINT64_MAX;
}

/* ---- names ---- */

static void put_oid(struct kst_buf *out, const char *text)
{
	uint8_t oid[KST_OID_MAX];

	kst_der_put(out, KST_DER_OID, oid, kst_oid_der(text, oid));
}

static int rename_alg(struct kst_bytes whole, const char *from, const char *to, struct kst_buf *out)
{
	struct kst_buf alg KST_SCRATCH_BUF = KST_BUF_INIT, body KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_der_item all, oid, ct;
	struct kst_der in, a;
	char text[KST_OID_TEXT];

	if (kst_der_whole(whole.data, whole.len, KST_DER_SEQUENCE, &all) < 0)
		return -1;
	in = kst_der_in(&all);
	if (kst_der_enter(&in, KST_DER_SEQUENCE, &a) < 0 || kst_der_expect(&a, KST_DER_OID, &oid) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &ct) < 0 || !kst_der_end(&in) ||
	    kst_oid_text(oid.body, text) < 0 || strcmp(text, from) != 0)
		return -1;
	put_oid(&alg, to);
	kst_buf_put(&alg, a.p, kst_der_left(&a));
	kst_der_put(&body, KST_DER_SEQUENCE, alg.data, alg.len);
	kst_buf_put(&body, ct.whole.data, ct.whole.len);
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	out->failed |= alg.failed || body.failed;
	return 0;
}

int kst_fks_to_epki(struct kst_bytes whole, enum kst_fks what, struct kst_buf *out)
{
	return rename_alg(whole, OID_PBES2, purposes[what].oid, out);
}

int kst_fks_from_epki(struct kst_bytes epki, enum kst_fks what, struct kst_buf *out)
{
	return rename_alg(epki, purposes[what].oid, OID_PBES2, out);
}

/* ---- opening ---- */

int kst_fks_how(struct kst_bytes epki, struct kst_fks_how *out, uint64_t *iterations,
		struct kst_error *err)
{
	struct kst_buf joined KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes algid, ct;
	struct kst_pbe_alg alg;

	if (kst_sealed_parse(epki.data, epki.len, &algid, &ct, &joined) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "its encryption cannot be decoded");
	if (kst_pbe_alg_parse(&alg, algid.data, algid.len, err) < 0)
		return -1;
	*out = (struct kst_fks_how){ .scrypt = alg.kdf.kind == KST_KDF_SCRYPT,
				     .kwp = kst_cipher_mode(alg.cipher) == KST_MODE_WRAP,
				     .n = alg.kdf.n,
				     .r = alg.kdf.r };
	*iterations = alg.kdf.iterations;
	out->iterations = !out->scrypt && alg.kdf.iterations <= INT32_MAX ? (uint32_t)alg.kdf.iterations : 0;
	kst_pbe_alg_release(&alg);
	return 0;
}

static bool any(const uint8_t *plain, size_t len)
{
	return plain && len; /* what is opened has a tag, which speaks for it */
}

int kst_fks_open(struct kst_bytes epki, const struct kst_secret *pass,
		 const struct kst_limits *limits, struct kst_secret *out, struct kst_error *err)
{
	struct kst_buf joined KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_pbe_open how = { .limits = limits, .plausible = any };
	struct kst_bytes algid, ct;

	if (kst_sealed_parse(epki.data, epki.len, &algid, &ct, &joined) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "its encryption cannot be decoded");
	return kst_pbe_open(algid.data, algid.len, ct.data, ct.len, pass, &how, out, err);
}

static int derive(const struct kst_kdf *kdf, enum kst_fks what, const struct kst_secret *pass,
		  uint8_t *key, size_t len, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_fks_password(pass, purposes[what].words, &text) < 0)
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE, "the passphrase is not UTF-8");
	if (text.failed)
		return kst_error_nomem(err);
	return kst_kdf_derive(kdf, 1, (struct kst_bytes){ text.data, text.len }, key, len, NULL, err);
}

static int kdf_of(struct kst_bytes algid, size_t key_len, struct kst_pbe_alg *out,
		  struct kst_error *err)
{
	const uint8_t *p = algid.data;
	int rc = -1;

	*out = (struct kst_pbe_alg){ .cipher = "the MAC", .key_len = key_len };
	ERR_set_mark();
	X509_ALGOR *algor = algid.len <= INT32_MAX ? d2i_X509_ALGOR(NULL, &p, (long)algid.len) : NULL;
	if (!algor)
		kst_error_setx(err, KST_E_CORRUPT, "the key derivation of its MAC cannot be decoded");
	else
		rc = kst_pbes2_kdf_parse(out, algor, err);
	ERR_pop_to_mark();
	X509_ALGOR_free(algor);
	if (rc == 0)
		kst_fks_adjust(&out->kdf);
	return rc;
}

const char *kst_fks_mac_digest(struct kst_bytes mac_alg, struct kst_error *err)
{
	struct kst_der d = kst_der_bytes(mac_alg), in;
	struct kst_der_item oid;
	char text[KST_OID_TEXT];

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || kst_der_expect(&in, KST_DER_OID, &oid) < 0 ||
	    kst_oid_text(oid.body, text) < 0) {
		kst_error_setx(err, KST_E_CORRUPT, "the algorithm of its MAC cannot be decoded");
		return NULL;
	}
	if (!strcmp(text, OID_HMAC_SHA512))
		return "SHA512";
	if (!strcmp(text, OID_HMAC_SHA3_512))
		return "SHA3-512";
	kst_error_setx(err, KST_E_UNSUPPORTED, "MAC algorithm %s is not supported", text);
	return NULL;
}

int kst_fks_mac(struct kst_bytes mac_alg, struct kst_bytes kdf_alg, const struct kst_secret *pass,
		const struct kst_limits *limits, struct kst_bytes data, uint8_t out[KST_FKS_MAC_MAX],
		struct kst_error *err)
{
	struct kst_pbe_alg alg;
	uint8_t key[KST_FKS_MAC_MAX];
	size_t n = 0;
	int rc = -1;

	const char *digest = kst_fks_mac_digest(mac_alg, err);
	if (!digest)
		return -1;
	if (kdf_of(kdf_alg, sizeof(key), &alg, err) < 0) {
		kst_pbe_alg_release(&alg);
		return -1;
	}
	if (kst_pbe_within_limits(&alg, limits, err) == 0 &&
	    derive(&alg.kdf, KST_FKS_MAC, pass, key, sizeof(key), err) == 0) {
		ERR_set_mark();
		bool ok = EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key, sizeof(key), data.data,
				    data.len, out, KST_FKS_MAC_MAX, &n) != NULL;
		ERR_pop_to_mark();
		rc = ok && n == KST_FKS_MAC_MAX ? 0 : kst_error_nomem(err);
	}
	sodium_memzero(key, sizeof(key));
	kst_pbe_alg_release(&alg);
	return rc;
}

/* ---- sealing ---- */

void kst_fks_mac_alg(struct kst_buf *out)
{
	struct kst_buf alg KST_SCRATCH_BUF = KST_BUF_INIT;

	put_oid(&alg, OID_HMAC_SHA512);
	kst_der_put(&alg, KST_DER_NULL, NULL, 0);
	kst_der_put(out, KST_DER_SEQUENCE, alg.data, alg.len);
	out->failed |= alg.failed;
}

int kst_fks_kdf_alg(const struct kst_fks_how *how, size_t key_len, struct kst_buf *out)
{
	struct kst_buf param KST_SCRATCH_BUF = KST_BUF_INIT, alg KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t salt[SALT];

	randombytes_buf(salt, sizeof(salt));
	kst_der_put(&param, KST_DER_OCTET_STRING, salt, sizeof(salt));
	if (how->scrypt) {
		kst_der_put_uint(&param, how->n);
		kst_der_put_uint(&param, how->r);
		kst_der_put_uint(&param, how->r);
		kst_der_put_uint(&param, key_len);
	} else {
		kst_der_put_uint(&param, how->iterations);
		kst_der_put_uint(&param, key_len);
		kst_fks_mac_alg(&param);
	}
	put_oid(&alg, how->scrypt ? OID_SCRYPT : OID_PBKDF2);
	kst_der_put(&alg, KST_DER_SEQUENCE, param.data, param.len);
	kst_der_put(out, KST_DER_SEQUENCE, alg.data, alg.len);
	return param.failed || alg.failed || out->failed ? -1 : 0;
}

int kst_fks_seal(const struct kst_fks_how *how, enum kst_fks what, struct kst_bytes plain,
		 const struct kst_secret *pass, struct kst_buf *out, struct kst_error *err)
{
	struct kst_buf kdf KST_SCRATCH_BUF = KST_BUF_INIT, enc KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf alg KST_SCRATCH_BUF = KST_BUF_INIT, body KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf part KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret ct KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_pbe_alg parsed;
	uint8_t nonce[12], key[32];
	size_t nonce_len = plain.len < SHORT_MAX ? sizeof(nonce) : 11;

	randombytes_buf(nonce, sizeof(nonce));
	if (kst_fks_kdf_alg(how, sizeof(key), &kdf) < 0)
		return kst_error_nomem(err);
	put_oid(&enc, how->kwp ? OID_KWP : OID_CCM);
	if (!how->kwp) {
		kst_der_put(&part, KST_DER_OCTET_STRING, nonce, nonce_len);
		kst_der_put_uint(&part, TAG);
		kst_der_put(&enc, KST_DER_SEQUENCE, part.data, part.len);
	}
	int rc = kdf_of((struct kst_bytes){ kdf.data, kdf.len }, sizeof(key), &parsed, err);
	if (rc == 0)
		rc = derive(&parsed.kdf, what, pass, key, sizeof(key), err);
	kst_pbe_alg_release(&parsed);
	struct kst_cipher c = { .name = how->kwp ? "AES-256-WRAP-PAD" : "AES-256-CCM",
				.key = key,
				.key_len = sizeof(key),
				.iv = nonce,
				.iv_len = nonce_len,
				.tag = TAG };
	if (rc == 0)
		rc = kst_cipher_encrypt(&c, plain.data, plain.len, &ct, err);
	sodium_memzero(key, sizeof(key));
	if (rc < 0)
		return -1;
	/* AlgorithmIdentifier { PBES2, { kdf, enc } } */
	kst_buf_reset(&part);
	kst_buf_put(&part, kdf.data, kdf.len);
	kst_der_put(&part, KST_DER_SEQUENCE, enc.data, enc.len);
	put_oid(&alg, OID_PBES2);
	kst_der_put(&alg, KST_DER_SEQUENCE, part.data, part.len);
	kst_der_put(&body, KST_DER_SEQUENCE, alg.data, alg.len);
	kst_der_put(&body, KST_DER_OCTET_STRING, ct.data, ct.len);
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	return enc.failed || part.failed || alg.failed || body.failed || out->failed ? kst_error_nomem(err)
										     : 0;
}
