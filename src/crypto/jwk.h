/* SPDX-License-Identifier: ISC */
/*
 * jwk.h - the numbers of a JSON Web Key, and the keys that they are
 *
 * RFC 7518 (RSA, EC, oct), RFC 8037 (OKP), RFC 8812 (secp256k1), RFC 7638
 * (thumbprint).  No JSON here: a member is its bytes, base64 undone.
 */
#ifndef KST_CRYPTO_JWK_H
#define KST_CRYPTO_JWK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"
#include "kstool/error.h"
#include "kstool/secret.h"

/* In the order in which they are written. */
enum kst_jwk_member {
	KST_JWK_N,
	KST_JWK_E,
	KST_JWK_X,
	KST_JWK_Y,
	KST_JWK_D, /* from here on secret */
	KST_JWK_P,
	KST_JWK_Q,
	KST_JWK_DP,
	KST_JWK_DQ,
	KST_JWK_QI,
	KST_JWK_K,
	KST_JWK_MEMBERS
};
extern const char *const kst_jwk_member_name[KST_JWK_MEMBERS];
#define KST_JWK_IS_SECRET(member) ((member) >= KST_JWK_D)

struct kst_jwk {
	const char *kty, *crv; /* crv NULL: RSA, oct */
	struct kst_buf member[KST_JWK_MEMBERS]; /* wiped when they are released */
};
void kst_jwk_release(struct kst_jwk *jwk);

/* Is it a key type and curve that is known here? */
bool kst_jwk_known(const char *kty, const char *crv);

/*
 * What opening this costs: 0 but for an RSA key without its primes, which have to be
 * found: the cube of its size in units of 1024 bits.  For a caller that keeps a budget.
 */
uint64_t kst_jwk_cost(const struct kst_jwk *jwk);

/* SubjectPublicKeyInfo of the public members; appended.  0 or -1 (BAD_KEY). */
int kst_jwk_to_spki(const struct kst_jwk *jwk, struct kst_buf *out, struct kst_error *err);
/* PKCS#8 of all of them; what RSA lacks (RFC 7518 6.3.2) is computed.  Every number is held
 * against the others: a private key that is not the public one's is refused.  0 or -1. */
int kst_jwk_to_pkcs8(const struct kst_jwk *jwk, struct kst_secret *out, struct kst_error *err);

/* 0; 1: there is no JWK of such a key (no error is set); -1. */
int kst_jwk_from_spki(struct kst_jwk *out, struct kst_bytes spki, struct kst_error *err);
int kst_jwk_from_pkcs8(struct kst_jwk *out, const struct kst_secret *pkcs8, struct kst_error *err);

/* RFC 7638: base64url of the SHA-256 of the public members (of `k`, where there are none). */
#define KST_JWK_THUMBPRINT 44
int kst_jwk_thumbprint(const struct kst_jwk *jwk, char out[KST_JWK_THUMBPRINT]);

/* ---- jwk_rsa.c ---- */

/* RSAPrivateKey (RFC 8017) appended; p, q, dp, dq and qi may be missing, all or the last three.
 * 0 or -1 (BAD_KEY). */
int kst_jwk_rsa_private(const struct kst_jwk *jwk, struct kst_buf *out, struct kst_error *err);
/* Append an unsigned number as INTEGER. */
void kst_jwk_put_number(struct kst_buf *out, const uint8_t *data, size_t n);

#endif
