/* SPDX-License-Identifier: ISC */
/*
 * fks_key.h - the passphrase encryption of Bouncy Castle's BCFKS
 *
 * PBES2 with one thing of its own: behind the passphrase stands what the key is
 * for.  In the model the algorithm has a name of kstool's own in the place of
 * PBES2, which tells the purpose, so that no other format takes it for what it is
 * not; into files goes PBES2.
 */
#ifndef KST_CRYPTO_FKS_KEY_H
#define KST_CRYPTO_FKS_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/kdf.h"
#include "kstool/buf.h"
#include "kstool/error.h"
#include "kstool/secret.h"

struct kst_limits;

enum kst_fks { KST_FKS_STORE, KST_FKS_PRIVATE, KST_FKS_SECRET, KST_FKS_MAC };

/* The words of a purpose, by our own OID; NULL: it is none of ours. */
const char *kst_fks_purpose(const char *oid);
/* The bytes that are derived from; appended.  0; -1: the passphrase is not UTF-8. */
int kst_fks_password(const struct kst_secret *pass, const char *purpose, struct kst_buf *out);
/* scrypt as Bouncy Castle does it: its p is the r. */
void kst_fks_adjust(struct kst_kdf *kdf);

/* SEQUENCE { AlgorithmIdentifier of PBES2, OCTET STRING } with our OID in its place and back;
 * appended (out->failed tells of no memory).  0; -1: it is none. */
int kst_fks_to_epki(struct kst_bytes whole, enum kst_fks what, struct kst_buf *out);
int kst_fks_from_epki(struct kst_bytes epki, enum kst_fks what, struct kst_buf *out);

/* What new encryption is like. */
struct kst_fks_how {
	bool scrypt, kwp;
	uint32_t iterations; /* PBKDF2-HMAC-SHA512 */
	uint64_t n, r;	     /* scrypt; p is r, for readers of either mind */
};
/* What this encryption is like.  0 or -1. */
int kst_fks_how(struct kst_bytes epki, struct kst_fks_how *out, uint64_t *iterations,
		struct kst_error *err);

/* As kst_pbe_open(), with our OID: 0 opened; 1 wrong passphrase; -1. */
int kst_fks_open(struct kst_bytes epki, const struct kst_secret *pass,
		 const struct kst_limits *limits, struct kst_secret *out, struct kst_error *err);
/* SEQUENCE { AlgorithmIdentifier, OCTET STRING } as it stands in the file; appended.  0 or -1. */
int kst_fks_seal(const struct kst_fks_how *how, enum kst_fks what, struct kst_bytes plain,
		 const struct kst_secret *pass, struct kst_buf *out, struct kst_error *err);

/* Of a MAC's AlgorithmIdentifier: "SHA512", "SHA3-512".  NULL: CORRUPT, UNSUPPORTED. */
const char *kst_fks_mac_digest(struct kst_bytes mac_alg, struct kst_error *err);
/* The MAC: whole AlgorithmIdentifiers.  0 or -1: CORRUPT, UNSUPPORTED, LIMIT. */
#define KST_FKS_MAC_MAX 64
int kst_fks_mac(struct kst_bytes mac_alg, struct kst_bytes kdf_alg, const struct kst_secret *pass,
		const struct kst_limits *limits, struct kst_bytes data, uint8_t out[KST_FKS_MAC_MAX],
		struct kst_error *err);
/* AlgorithmIdentifiers of a new MAC; appended.  0 or -1. */
void kst_fks_mac_alg(struct kst_buf *out);
int kst_fks_kdf_alg(const struct kst_fks_how *how, size_t key_len, struct kst_buf *out);

#endif
