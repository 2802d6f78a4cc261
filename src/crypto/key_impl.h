/* SPDX-License-Identifier: ISC */
/*
 * key_impl.h - what the files of a private key share; private to src/crypto/key*.c, dek.c
 */
#ifndef KST_CRYPTO_KEY_IMPL_H
#define KST_CRYPTO_KEY_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "kstool/buf.h"
#include "kstool/key.h"

/* PrivateKeyInfo (RFC 5208) or OneAsymmetricKey (RFC 5958), taken apart; borrowed. */
struct kst_p8 {
	unsigned version;	     /* 0 or 1 */
	struct kst_bytes algorithm;  /* AlgorithmIdentifier, whole */
	struct kst_bytes oid;	     /* contents octets */
	struct kst_bytes parameters; /* whole; empty if absent */
	struct kst_bytes key;	     /* contents of the OCTET STRING */
	struct kst_bytes attributes; /* [0], whole; empty if absent */
	struct kst_bytes
		public_key; /* contents of [1], a BIT STRING: unused bits first; empty if absent */
};

/* 0, or -1: it is none (no error is set).  Nothing may follow. */
int kst_p8_parse(struct kst_p8 *out, const uint8_t *der, size_t len);
bool kst_p8_plausible(const uint8_t *der, size_t len);
/* Append a version 0 PrivateKeyInfo around contents octets of the key. */
void kst_p8_build(struct kst_buf *out, struct kst_bytes algorithm, struct kst_bytes key);

/* The EVP_PKEY of it, or NULL: OpenSSL does not know the algorithm, or not this key.  The queue is
 * left as it was; `library` (may be NULL) gets what OpenSSL said last. */
EVP_PKEY *kst_p8_pkey(const struct kst_p8 *p8, struct kst_error *library);
/* Does the OpenSSL here have this algorithm, so that a key that does not load is bad? */
bool kst_p8_known(const struct kst_p8 *p8);

/* Is this an EncryptedPrivateKeyInfo?  0 or -1 (no error is set). */
int kst_sealed_parse(const uint8_t *der, size_t len, struct kst_bytes *algid, struct kst_bytes *ct,
		     struct kst_buf *joined);

/* dek.c: open key->dek_data.  0, 1, -1. */
int kst_dek_open(const struct kst_key *key, const struct kst_secret *pass, struct kst_secret *out,
		 struct kst_error *err);
/* "PEM AES-256-CBC, MD5 1"; appended. */
void kst_dek_text(const char *dek_info, struct kst_buf *out);

/* key_der.c: PKCS#8 of any private key DER.  0 or -1 (BAD_KEY). */
int kst_key_to_pkcs8(struct kst_secret *out, const uint8_t *der, size_t len, const char *label,
		     const struct kst_bytes *ec_params, struct kst_error *err);

#endif
