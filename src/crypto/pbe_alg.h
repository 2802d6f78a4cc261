/* SPDX-License-Identifier: ISC */
/*
 * pbe_alg.h - an AlgorithmIdentifier of passphrase encryption, taken apart
 *
 * Private to src/crypto/pbe*.c.
 */
#ifndef KST_CRYPTO_PBE_ALG_H
#define KST_CRYPTO_PBE_ALG_H

#include <openssl/x509.h>

#include "crypto/kdf.h"
#include "kstool/error.h"

#define KST_PBE_IV_MAX 32

struct kst_pbe_alg {
	const char *title; /* "PBE-SHA1-3DES"; NULL: PBES2 */
	struct kst_kdf kdf;
	const char *cipher; /* OpenSSL's name */
	size_t key_len, iv_len;
	unsigned rc2_bits;
	bool iv_derived; /* the KDF gives the IV too; else it is here: */
	uint8_t iv[KST_PBE_IV_MAX];
};

/* 0, or -1: CORRUPT, UNSUPPORTED.  Release what it gave. */
int kst_pbe_alg_parse(struct kst_pbe_alg *out, const uint8_t *der, size_t len,
		      struct kst_error *err);
void kst_pbe_alg_release(struct kst_pbe_alg *alg);

/* The two halves: PBES2, and everything older.  1: not one of these. */
int kst_pbes2_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err);
int kst_pbes1_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err);

/* A number that must be 1 or more; what does not fit is UINT64_MAX. */
int kst_pbe_positive(const ASN1_INTEGER *n, const char *what, uint64_t *out, struct kst_error *err);
/* Take the salt. */
int kst_pbe_take_salt(struct kst_kdf *kdf, const ASN1_OCTET_STRING *salt, struct kst_error *err);
/* UNSUPPORTED: "WHAT NAME is not supported", the name or OID of obj. */
int kst_pbe_unknown(const char *what, const ASN1_OBJECT *obj, struct kst_error *err);

#endif
