/* SPDX-License-Identifier: ISC */
/*
 * pbe_alg.h - an AlgorithmIdentifier of passphrase encryption, taken apart
 *
 * Private to src/crypto/pbe*.c.
 */
#ifndef KST_CRYPTO_PBE_ALG_H
#define KST_CRYPTO_PBE_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "crypto/kdf.h"
#include "kstool/error.h"
#include "kstool/key.h"
#include "kstool/secret.h"

#define KST_PBE_IV_MAX 32

struct kst_limits;

struct kst_pbe_alg {
	const char *title; /* "PBE-SHA1-3DES"; NULL: PBES2 */
	struct kst_kdf kdf;
	const char *cipher; /* OpenSSL's name */
	size_t key_len, iv_len;
	unsigned rc2_bits;
	size_t tag; /* of CCM */
	bool iv_derived; /* the KDF gives the IV too; else it is here: */
	uint8_t iv[KST_PBE_IV_MAX];
	const char *fks; /* Bouncy Castle FIPS: the purpose that goes behind the passphrase; NULL */
	bool framed; /* what it seals is a frame of bks_key.h */
	bool jks; /* Java's JKS: neither KDF nor cipher, all of it is in pbe_sun.c */
};

/* 0, or -1: CORRUPT, UNSUPPORTED.  Release what it gave. */
int kst_pbe_alg_parse(struct kst_pbe_alg *out, const uint8_t *der, size_t len,
		      struct kst_error *err);
void kst_pbe_alg_release(struct kst_pbe_alg *alg);

/* Would it do more work or take more memory than the limits say?  0 or -1. */
int kst_pbe_within_limits(const struct kst_pbe_alg *alg, const struct kst_limits *limits,
			  struct kst_error *err);
/* A key derivation of PBES2 that stands alone, for a key of out->key_len bytes.  0 or -1. */
int kst_pbes2_kdf_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err);

/* The parts: PBES2, everything older, and Java's own.  1: not one of these. */
int kst_pbes2_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err);
int kst_pbes1_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err);
int kst_sun_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err);

/* ---- pbe_sun.c ---- */

#define KST_SUN_KEY 32 /* 24 of a 3DES key, 8 of the IV */

/*
 * A salt whose halves are equal has one of them permuted, and Java has done that in
 * two ways.  Nobody makes such a salt on purpose.
 */
enum kst_sun_halves {
	KST_SUN_REVERSED = 1, /* abcd becomes dcba: JDK 9 and later */
	KST_SUN_SHUFFLED = 2  /* abcd becomes dabd: an index was mistaken */
};
int kst_sun_derive(const struct kst_kdf *kdf, int halves, struct kst_bytes pass,
		   uint8_t out[KST_SUN_KEY]);
bool kst_sun_equal_halves(const struct kst_kdf *kdf);
/* `pass` in UTF-16BE without a NUL.  0; 1 wrong passphrase; -1. */
int kst_sun_jks_open(const uint8_t *ct, size_t ct_len, struct kst_bytes pass,
		     struct kst_secret *out, struct kst_error *err);
/* kst_pbe_encrypt() for KST_PBE_JKS and KST_PBE_JCEKS. */
int kst_sun_encrypt(const struct kst_pbe_options *opt, const uint8_t *plain, size_t len,
		    const struct kst_secret *pass, struct kst_buf *algid, struct kst_buf *ct,
		    struct kst_error *err);

/* A number that must be 1 or more; what does not fit is UINT64_MAX. */
int kst_pbe_positive(const ASN1_INTEGER *n, const char *what, uint64_t *out, struct kst_error *err);
/* Take the salt. */
int kst_pbe_take_salt(struct kst_kdf *kdf, const ASN1_OCTET_STRING *salt, struct kst_error *err);
/* UNSUPPORTED: "WHAT NAME is not supported", the name or OID of obj. */
int kst_pbe_unknown(const char *what, const ASN1_OBJECT *obj, struct kst_error *err);

#endif
