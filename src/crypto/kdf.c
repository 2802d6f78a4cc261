/* SPDX-License-Identifier: ISC */
/*
 * kdf.c - key derivation, each function as its RFC says, through libcrypto
 */
#include "crypto/kdf.h"

#include <limits.h>
#include <sodium.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include "crypto/ossl.h"
#include "crypto/pbe_alg.h"

static int pbkdf1(const struct kst_kdf *kdf, const EVP_MD *md, struct kst_bytes pass, uint8_t *out,
		  size_t out_len)
{
	uint8_t t[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestInit_ex2(ctx, md, NULL) &&
		 EVP_DigestUpdate(ctx, pass.data, pass.len) &&
		 EVP_DigestUpdate(ctx, kdf->salt.data, kdf->salt.len) &&
		 EVP_DigestFinal_ex(ctx, t, &n);
	for (uint64_t i = 1; ok && i < kdf->iterations; i++)
		ok = EVP_DigestInit_ex2(ctx, md, NULL) && EVP_DigestUpdate(ctx, t, n) &&
		     EVP_DigestFinal_ex(ctx, t, &n);
	ok = ok && out_len <= n;
	if (ok)
		memcpy(out, t, out_len);
	sodium_memzero(t, sizeof(t));
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -1;
}

static int derive(const struct kst_kdf *kdf, int id, struct kst_bytes pass, uint8_t *out,
		  size_t out_len, struct kst_error *err)
{
	EVP_MD *md = NULL;
	int ok = 0, iterations = (int)kdf->iterations;
	/* PKCS12_key_gen_uni() reads NULL as "no passphrase", the PBKDF2 of EVP reads it as "". */
	const char *text = (const char *)pass.data;

	if (kdf->digest && !(md = EVP_MD_fetch(NULL, kdf->digest, NULL)) && kst_ossl_legacy())
		md = EVP_MD_fetch(kst_ossl_legacy(), kdf->digest, NULL);
	if (kdf->digest && !md)
		return kst_error_setx(err, KST_E_UNSUPPORTED, "%s is not available here",
				      kdf->digest);

	switch (kdf->kind) {
	case KST_KDF_PBKDF2:
		ok = PKCS5_PBKDF2_HMAC(text ? text : "", (int)pass.len, kdf->salt.data,
				       (int)kdf->salt.len, iterations, md, (int)out_len, out) == 1;
		break;
	case KST_KDF_SCRYPT:
		/* The caller has held N, r and p against its limits; this one must not be stricter.
		 */
		ok = EVP_PBE_scrypt(text ? text : "", pass.len, kdf->salt.data, kdf->salt.len,
				    kdf->n, kdf->r, kdf->p, UINT64_MAX / 2, out, out_len) == 1;
		break;
	case KST_KDF_PBKDF1:
		ok = pbkdf1(kdf, md, pass, out, out_len) == 0;
		break;
	case KST_KDF_PKCS12:
		ok = PKCS12_key_gen_uni((unsigned char *)(uintptr_t)pass.data, (int)pass.len,
					kdf->salt.data, (int)kdf->salt.len, id, iterations,
					(int)out_len, out, md) == 1;
		break;
	case KST_KDF_JCEKS:
		ok = out_len == KST_SUN_KEY && kst_sun_derive(kdf, id, pass, out) == 0;
		break;
	}
	EVP_MD_free(md);
	if (!ok)
		return kst_ossl_error(err, KST_E_UNSUPPORTED,
				      "a key cannot be derived from the passphrase");
	return 0;
}

int kst_kdf_derive(const struct kst_kdf *kdf, int id, struct kst_bytes pass, uint8_t *out,
		   size_t out_len, struct kst_pbe_cache *cache, struct kst_error *err)
{
	uint8_t name[KST_KDF_ID];

	if (out_len > KST_KDF_MAX_OUT || kdf->salt.len > INT_MAX || pass.len > INT_MAX ||
	    (kdf->kind != KST_KDF_SCRYPT && (!kdf->iterations || kdf->iterations > INT_MAX)))
		return kst_error_setx(err, KST_E_INTERNAL, "a key derivation is out of range");
	if (cache) {
		kst_kdf_cache_id(cache, kdf, id, pass, out_len, name);
		if (kst_kdf_cache_get(cache, name, out, out_len))
			return 0;
	}
	ERR_set_mark();
	int rc = derive(kdf, id, pass, out, out_len, err);
	ERR_pop_to_mark();
	if (rc == 0 && cache)
		kst_kdf_cache_put(cache, name, out, out_len);
	return rc;
}
