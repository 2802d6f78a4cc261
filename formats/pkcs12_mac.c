/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_mac.c - the MAC over a PKCS#12: HMAC under PKCS#12's own KDF (RFC 7292
 * appendix B), or PBMAC1 (RFC 9579), verified and made
 *
 * OpenSSL before 3.4 takes PBMAC1 for a wrong passphrase, so both are done here.
 */
#include "pkcs12_state.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "crypto/ossl.h"
#include "kstool/text.h"

#define SALT 16
#define MAC_ID 3 /* of the KDF: a key for a MAC */
#define OID_SHA1 "\x2b\x0e\x03\x02\x1a"
#define OID_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define OID_HMAC_SHA256 "\x2a\x86\x48\x86\xf7\x0d\x02\x09"
#define OID_PBMAC1 "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e"
#define OID_PBKDF2 "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"

/* ---- what the KDF gets ---- */

enum form {
	TEXT,     /* UTF-16BE and a NUL; PBMAC1: UTF-8 as it is */
	NOTHING,  /* no bytes at all: what .NET, Azure and Bouncy Castle make of an empty one */
	BYTES,    /* each byte a character (OpenSSL before 1.1.0, for what is not ASCII) */
};

static bool is_ascii(const struct kst_secret *pass)
{
	for (size_t i = 0; i < pass->len; i++)
		if (pass->data[i] > 0x7f)
			return false;
	return true;
}

/* false: there is no such form of this passphrase, or it is the same as another. */
static bool encode(enum form form, bool pbmac1, const struct kst_secret *pass, struct kst_buf *out)
{
	kst_buf_reset(out);
	switch (form) {
	case TEXT:
		if (pbmac1) {
			kst_buf_put(out, pass->data, pass->len);
			return true;
		}
		if (kst_text_to_utf16be(out, pass->data, pass->len) < 0)
			return false;
		kst_buf_be16(out, 0);
		return true;
	case NOTHING:
		return !pbmac1 && !pass->len;
	case BYTES:
		if (pbmac1 || is_ascii(pass))
			return false;
		for (size_t i = 0; i < pass->len; i++)
			kst_buf_be16(out, pass->data[i]);
		kst_buf_be16(out, 0);
		return true;
	}
	return false;
}

static int hmac(const struct p12_mac *mac, struct kst_bytes pass, struct kst_pbe_cache *cache,
		struct kst_bytes content, uint8_t out[EVP_MAX_MD_SIZE], struct kst_error *err)
{
	uint8_t key[KST_KDF_MAX_OUT];
	size_t n = 0;
	int rc = kst_kdf_derive(&mac->kdf, MAC_ID, pass, key, mac->key_len, cache, err);
	if (rc == 0) {
		kst_ossl_mark();
		if (!EVP_Q_mac(NULL, "HMAC", NULL, mac->digest, NULL, key, mac->key_len,
			       content.data, content.len, out, EVP_MAX_MD_SIZE, &n) ||
		    n != mac->size)
			rc = kst_ossl_error(err, KST_E_UNSUPPORTED, "%s cannot be computed",
					    mac->text);
		kst_ossl_unmark();
	}
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int p12_mac_try(struct p12_reader *r, const struct kst_secret *pass, struct kst_error *err)
{
	static const enum form forms[] = { TEXT, NOTHING, BYTES };
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t made[EVP_MAX_MD_SIZE];

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!encode(forms[i], r->mac.pbmac1, pass, &text))
			continue;
		if (text.failed)
			return kst_error_nomem(err);
		struct kst_bytes bytes = { forms[i] == NOTHING ? NULL : text.data, text.len };
		if (hmac(&r->mac, bytes, r->cache, r->content, made, err) < 0)
			return -1;
		if (CRYPTO_memcmp(made, r->mac.value.data, r->mac.size) == 0) {
			if (forms[i] == BYTES)
				r->odd_pass = "in the encoding of OpenSSL before 1.1.0: each byte of its "
					      "UTF-8 as a character";
			return 0;
		}
	}
	return 1;
}

/* ---- making ---- */

/* AlgorithmIdentifier { oid, NULL } */
static void put_algid(struct kst_buf *out, const char *oid, size_t len)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put(&b, KST_DER_OID, oid, len);
	kst_der_put(&b, KST_DER_NULL, NULL, 0);
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	out->failed |= b.failed;
}
#define PUT_ALGID(out, oid) put_algid((out), (oid), sizeof(oid) - 1)

static void put_pbmac1(struct kst_buf *out, const struct p12_mac *mac)
{
	struct kst_buf kdf KST_SCRATCH_BUF = KST_BUF_INIT, alg KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf param KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_der_put(&kdf, KST_DER_OCTET_STRING, mac->kdf.salt.data, mac->kdf.salt.len);
	kst_der_put_uint(&kdf, mac->kdf.iterations);
	kst_der_put_uint(&kdf, mac->key_len);
	PUT_ALGID(&kdf, OID_HMAC_SHA256);

	kst_der_put(&alg, KST_DER_OID, OID_PBKDF2, sizeof(OID_PBKDF2) - 1);
	kst_der_put(&alg, KST_DER_SEQUENCE, kdf.data, kdf.len);
	kst_der_put(&param, KST_DER_SEQUENCE, alg.data, alg.len);
	PUT_ALGID(&param, OID_HMAC_SHA256);

	kst_der_put(&b, KST_DER_OID, OID_PBMAC1, sizeof(OID_PBMAC1) - 1);
	kst_der_put(&b, KST_DER_SEQUENCE, param.data, param.len);
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	out->failed |= kdf.failed || alg.failed || param.failed || b.failed;
}

int p12_mac_make(struct kst_buf *out, enum kst_mac kind, bool sha1, uint64_t iterations,
		 struct kst_bytes content, const struct kst_secret *pass,
		 struct kst_pbe_cache *cache, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t salt[SALT], made[EVP_MAX_MD_SIZE];
	bool pbmac1 = kind == KST_MAC_PBMAC1;
	struct p12_mac mac = { .pbmac1 = pbmac1,
			       .text = "the MAC",
			       .digest = sha1 && !pbmac1 ? "SHA1" : "SHA256",
			       .size = sha1 && !pbmac1 ? 20 : 32 };

	/* Never the salt of the encryption: with PBMAC1 that would make the same key. */
	if (kst_pbe_cache_salt(cache, UINT_MAX, salt, sizeof(salt), err) < 0)
		return -1;
	mac.key_len = mac.size;
	mac.kdf = (struct kst_kdf){ .kind = pbmac1 ? KST_KDF_PBKDF2 : KST_KDF_PKCS12,
				    .digest = mac.digest,
				    .salt = { salt, sizeof(salt) },
				    .iterations = iterations };
	if (!encode(TEXT, pbmac1, pass, &text) && !encode(BYTES, pbmac1, pass, &text))
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE, "the passphrase is not UTF-8");
	if (text.failed)
		return kst_error_nomem(err);
	if (hmac(&mac, (struct kst_bytes){ text.data, text.len }, NULL, content, made, err) < 0)
		return -1;

	struct kst_buf info KST_SCRATCH_BUF = KST_BUF_INIT, data KST_SCRATCH_BUF = KST_BUF_INIT;
	if (pbmac1)
		put_pbmac1(&info, &mac);
	else if (sha1)
		PUT_ALGID(&info, OID_SHA1);
	else
		PUT_ALGID(&info, OID_SHA256);
	kst_der_put(&info, KST_DER_OCTET_STRING, made, mac.size);
	kst_der_put(&data, KST_DER_SEQUENCE, info.data, info.len);
	if (pbmac1) { /* RFC 9579 3: there, and not used */
		kst_der_put(&data, KST_DER_OCTET_STRING, "NOT USED", 8);
	} else {
		kst_der_put(&data, KST_DER_OCTET_STRING, salt, sizeof(salt));
		if (iterations != 1) /* the DEFAULT, which DER leaves out */
			kst_der_put_uint(&data, iterations);
	}
	kst_der_put(out, KST_DER_SEQUENCE, data.data, data.len);
	out->failed |= info.failed || data.failed;
	return out->failed ? kst_error_nomem(err) : 0;
}
