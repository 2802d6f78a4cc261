/* SPDX-License-Identifier: ISC */
/*
 * kdf.h - keys from passphrases: PBKDF2, scrypt, PBKDF1, PKCS#12's own, and Java's JCEKS
 *
 * Derivation is all the cost of a passphrase, so what one file has derived is
 * kept (pbe.h): files of one writer often share a salt.
 */
#ifndef KST_CRYPTO_KDF_H
#define KST_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"
#include "kstool/error.h"

struct kst_pbe_cache;

enum kst_kdf_kind {
	KST_KDF_PBKDF2, /* RFC 8018 5.2 */
	KST_KDF_SCRYPT, /* RFC 7914 */
	KST_KDF_PBKDF1, /* RFC 8018 5.1 */
	KST_KDF_PKCS12, /* RFC 7292 appendix B; the passphrase as BMPString with its NUL */
	KST_KDF_JCEKS	/* PBEWithMD5AndTripleDES: pbe_sun.c */
};

#define KST_KDF_MAX_OUT 64

struct kst_kdf {
	enum kst_kdf_kind kind;
	const char *digest; /* OpenSSL's name: of the PRF's HMAC, or plain; NULL for scrypt */
	struct kst_blob salt;
	uint64_t iterations; /* UINT64_MAX: more than fit */
	uint64_t n, r, p;    /* scrypt */
};

/* PKCS12: `id` 1 gives a key, 2 an IV, 3 a MAC key; JCEKS: enum kst_sun_halves; others ignore it.
 * out_len at most KST_KDF_MAX_OUT.  Limits are the caller's business.  0 or -1. */
int kst_kdf_derive(const struct kst_kdf *kdf, int id, struct kst_bytes pass, uint8_t *out,
		   size_t out_len, struct kst_pbe_cache *cache, struct kst_error *err);

/* The salt that this cache gives to new encryption of this sort: fresh at first, then the same. */
int kst_pbe_cache_salt(struct kst_pbe_cache *cache, unsigned sort, uint8_t *salt, size_t len,
		       struct kst_error *err);

/* Chance, or what a seed gives in its place.  `cache` may be NULL. */
void kst_pbe_cache_chance(struct kst_pbe_cache *cache, uint8_t *out, size_t len);

/* kdf_cache.c */
#define KST_KDF_ID 32
void kst_kdf_cache_id(const struct kst_pbe_cache *cache, const struct kst_kdf *kdf, int id,
		      struct kst_bytes pass, size_t out_len, uint8_t name[KST_KDF_ID]);
/* Is it there?  Then out is filled. */
int kst_kdf_cache_get(struct kst_pbe_cache *cache, const uint8_t name[KST_KDF_ID], uint8_t *out,
		      size_t out_len);
void kst_kdf_cache_put(struct kst_pbe_cache *cache, const uint8_t name[KST_KDF_ID],
		       const uint8_t *out, size_t out_len);

#endif
