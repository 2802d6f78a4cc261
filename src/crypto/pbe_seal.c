/* SPDX-License-Identifier: ISC */
/*
 * pbe_seal.c - encrypting under a passphrase
 */
#include <sodium.h>
#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "crypto/cipher.h"
#include "crypto/kdf.h"
#include "crypto/ossl.h"
#include "crypto/pbe.h"
#include "crypto/pbe_alg.h"
#include "kstool/text.h"

/* As keytool and openssl write today; readers that are common read up to 600,000. */
#define ITERATIONS     200000
#define ITERATIONS_MAX 10000000
#define SALT	       16
/* RFC 7292 suggests no less; the readers that need 3DES are used to 8. */
#define SALT_3DES 8

struct sealing {
	enum kst_pbe pbe;
	uint32_t iterations;
	uint8_t salt[SALT];
	size_t salt_len;
	uint8_t key[KST_KDF_MAX_OUT], iv[16];
	size_t key_len, iv_len;
};

/* The order of the cipher and the KDF's parameters as RFC 8018 has it; keyLength is written, as
 * keytool does. */
static X509_ALGOR *pbes2_algor(const struct sealing *s, const char **cipher)
{
	int nid = s->pbe == KST_PBE_AES128 ? NID_aes_128_cbc : NID_aes_256_cbc;
	*cipher = s->pbe == KST_PBE_AES128 ? "AES-128-CBC" : "AES-256-CBC";

	X509_ALGOR *algor = X509_ALGOR_new();
	PBE2PARAM *param = PBE2PARAM_new();
	ASN1_OCTET_STRING *iv = ASN1_OCTET_STRING_new();
	/* PKCS5_pbkdf2_set() takes the salt without changing it. */
	X509_ALGOR *kdf = PKCS5_pbkdf2_set((int)s->iterations, (unsigned char *)(uintptr_t)s->salt,
					   (int)s->salt_len, NID_hmacWithSHA256, (int)s->key_len);
	bool ok = false;
	if (!algor || !param || !iv || !kdf || !ASN1_OCTET_STRING_set(iv, s->iv, (int)s->iv_len))
		goto done;
	X509_ALGOR_free(param->keyfunc);
	param->keyfunc = kdf;
	kdf = NULL;
	if (!X509_ALGOR_set0(param->encryption, OBJ_nid2obj(nid), V_ASN1_OCTET_STRING, iv))
		goto done;
	iv = NULL;
	ASN1_TYPE *packed = ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), param, NULL);
	if (!packed)
		goto done;
	ASN1_OBJECT_free(algor->algorithm);
	ASN1_TYPE_free(algor->parameter);
	algor->algorithm = OBJ_nid2obj(NID_pbes2);
	algor->parameter = packed;
	ok = true;
done:
	ASN1_OCTET_STRING_free(iv);
	X509_ALGOR_free(kdf);
	PBE2PARAM_free(param);
	if (!ok) {
		X509_ALGOR_free(algor);
		algor = NULL;
	}
	return algor;
}

static X509_ALGOR *algor_of(const struct sealing *s, const char **cipher)
{
	if (s->pbe != KST_PBE_3DES)
		return pbes2_algor(s, cipher);
	*cipher = "DES-EDE3-CBC";
	return PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, (int)s->iterations, s->salt,
			     (int)s->salt_len);
}

static int derive(struct sealing *s, const struct kst_secret *pass, struct kst_pbe_cache *cache,
		  struct kst_error *err)
{
	struct kst_buf bmp KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes text = { pass->data, pass->len };
	struct kst_kdf kdf = { .kind = KST_KDF_PBKDF2,
			       .digest = "SHA256",
			       .iterations = s->iterations,
			       .salt = { s->salt, s->salt_len } };
	if (s->pbe == KST_PBE_3DES) {
		if (kst_text_to_utf16be(&bmp, pass->data, pass->len) < 0)
			return kst_error_setx(err, KST_E_BAD_PASSPHRASE,
					      "the passphrase is not UTF-8");
		kst_buf_be16(&bmp, 0);
		if (bmp.failed)
			return kst_error_nomem(err);
		text = (struct kst_bytes){ bmp.data, bmp.len };
		kdf.kind = KST_KDF_PKCS12;
		kdf.digest = "SHA1";
		if (kst_kdf_derive(&kdf, 2, text, s->iv, s->iv_len, NULL, err) < 0)
			return -1;
	}
	return kst_kdf_derive(&kdf, 1, text, s->key, s->key_len, cache, err);
}

int kst_pbe_encrypt(const struct kst_pbe_options *opt, const uint8_t *plain, size_t len,
		    const struct kst_secret *pass, struct kst_pbe_cache *cache,
		    struct kst_buf *algid, struct kst_buf *ct, struct kst_error *err)
{
	struct sealing s = { .pbe = opt ? opt->pbe : KST_PBE_AES256,
			     .iterations = opt && opt->iterations ? opt->iterations : ITERATIONS };
	struct kst_secret sealed KST_SCRATCH_SECRET = KST_SECRET_INIT;
	X509_ALGOR *algor = NULL;
	uint8_t *der = NULL;
	const char *cipher = NULL;
	int der_len = 0, rc = -1;

	if (s.pbe == KST_PBE_JKS || s.pbe == KST_PBE_JCEKS)
		return kst_sun_encrypt(opt, plain, len, pass, algid, ct, err);
	if (s.iterations > ITERATIONS_MAX)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "%u iterations are more than the %d that kstool reads",
				      s.iterations, ITERATIONS_MAX);
	ERR_set_mark();
	if (s.pbe == KST_PBE_3DES) {
		/* The IV comes from the salt too, so each piece needs its own. */
		s.salt_len = SALT_3DES;
		s.key_len = 24;
		s.iv_len = 8;
		kst_pbe_cache_chance(cache, s.salt, s.salt_len);
	} else {
		s.salt_len = SALT;
		s.key_len = s.pbe == KST_PBE_AES128 ? 16 : 32;
		s.iv_len = 16;
		kst_pbe_cache_chance(cache, s.iv, s.iv_len);
		if (kst_pbe_cache_salt(cache, (unsigned)s.pbe, s.salt, s.salt_len, err) < 0)
			goto done;
	}
	if (derive(&s, pass, cache, err) < 0)
		goto done;
	algor = algor_of(&s, &cipher);
	if (!algor || (der_len = i2d_X509_ALGOR(algor, &der)) <= 0) {
		kst_ossl_error(err, KST_E_NO_MEMORY, "the encryption cannot be described");
		goto done;
	}
	struct kst_cipher c = {
		.name = cipher, .key = s.key, .key_len = s.key_len, .iv = s.iv, .iv_len = s.iv_len
	};
	if (kst_cipher_encrypt(&c, plain, len, &sealed, err) < 0)
		goto done;
	kst_buf_put(algid, der, (size_t)der_len);
	kst_buf_put(ct, sealed.data, sealed.len);
	rc = algid->failed || ct->failed ? kst_error_nomem(err) : 0;
done:
	ERR_pop_to_mark();
	OPENSSL_free(der);
	X509_ALGOR_free(algor);
	sodium_memzero(&s, sizeof(s));
	return rc;
}
