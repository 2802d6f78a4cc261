/* SPDX-License-Identifier: ISC */
/*
 * tbs.h - what is signed, and the signature around it; private to src/crypto/issue*.c and key_sign.c
 *
 * The TBSCertificate is written octet by octet, not by OpenSSL's X509_sign(): names and keys stay
 * the bytes that they are, and all of it is final before the key is used.
 */
#ifndef KST_CRYPTO_TBS_H
#define KST_CRYPTO_TBS_H

#include <openssl/types.h>
#include <openssl/x509.h>

#include "kstool/cert.h"

#define KST_SERIAL_MAX 20 /* octets, RFC 5280 4.1.2.2 */

/* The signature's AlgorithmIdentifier, appended.  UNSUPPORTED: OpenSSL has none, or its hash is too weak. */
int kst_tbs_alg(struct kst_buf *out, EVP_PKEY *signer, struct kst_error *err);
/* A Time (RFC 5280 4.1.2.5): UTCTime up to 2049; a BAD_VALUE before 1950 and after 9999. */
int kst_tbs_put_time(struct kst_buf *out, int64_t t, struct kst_error *err);
/* An INTEGER of a magnitude. */
void kst_tbs_put_serial(struct kst_buf *out, const uint8_t *serial, size_t len);
/* The contents of the Extensions. */
int kst_tbs_put_extensions(struct kst_buf *out, const STACK_OF(X509_EXTENSION) *ext, struct kst_error *err);

struct kst_tbs {
	const uint8_t *serial;
	size_t serial_len;
	struct kst_bytes alg;             /* kst_tbs_alg() */
	struct kst_bytes issuer, subject; /* Name */
	int64_t not_before, not_after;
	struct kst_bytes spki;
	const STACK_OF(X509_EXTENSION) *ext;
};
/* A TBSCertificate of version 3, appended. */
int kst_tbs_cert(struct kst_buf *out, const struct kst_tbs *t, struct kst_error *err);

/* SEQUENCE { tbs, alg, signature }, appended; not yet verified. */
int kst_tbs_sign(struct kst_buf *out, struct kst_bytes tbs, EVP_PKEY *signer, struct kst_error *err);
/* The same of a certificate, which is verified before it is given out. */
int kst_tbs_sign_cert(struct kst_cert **out, struct kst_bytes tbs, EVP_PKEY *signer, struct kst_error *err);

/* The key identifier of a SubjectPublicKeyInfo. */
#define KST_KEY_ID 20
void kst_tbs_key_id(struct kst_bytes spki, uint8_t id[KST_KEY_ID]);
/* Push a subjectKeyIdentifier; basicConstraints (path_len < 0: none); keyUsage with these bits; extKeyUsage.
 * 0 or -1. */
int kst_tbs_ext_key_id(STACK_OF(X509_EXTENSION) **ext, struct kst_bytes spki);
int kst_tbs_ext_constraints(STACK_OF(X509_EXTENSION) **ext, bool ca, int path_len);
enum kst_key_usage_bit { /* RFC 5280 4.2.1.3 */
	KST_KU_SIGN = 1 << 0,
	KST_KU_ENCIPHER_KEY = 1 << 2,
	KST_KU_SIGN_CERT = 1 << 5,
	KST_KU_SIGN_CRL = 1 << 6
};
int kst_tbs_ext_key_usage(STACK_OF(X509_EXTENSION) **ext, unsigned bits);
int kst_tbs_ext_purposes(STACK_OF(X509_EXTENSION) **ext, bool server, bool client);

#endif
