/* SPDX-License-Identifier: ISC */
/* cert_hash.h - the hashes of names under which OpenSSL looks for certificates in a directory */
#ifndef KST_CRYPTO_CERT_HASH_H
#define KST_CRYPTO_CERT_HASH_H

#include "kstool/cert.h"

/* Of the subject, as `openssl x509 -subject_hash` prints it.  0 or -1. */
int kst_cert_openssl_hash(const struct kst_cert *cert, uint32_t *out, struct kst_error *err);
/* Of the issuer of a revocation list (DER), as `openssl crl -hash` does.  0 or -1. */
int kst_crl_openssl_hash(const uint8_t *der, size_t len, uint32_t *out, struct kst_error *err);

#endif
