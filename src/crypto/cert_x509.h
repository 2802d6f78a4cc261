/* SPDX-License-Identifier: ISC */
/*
 * cert_x509.h - a certificate as OpenSSL's object, for what verifies and connects
 *
 * Costs 0.1 ms with OpenSSL 3.0, nearly all of it for the public key: never for
 * bulk work.
 */
#ifndef KST_CRYPTO_CERT_X509_H
#define KST_CRYPTO_CERT_X509_H

#include <openssl/types.h>

#include "kstool/cert.h"

/* Made at the first call, then kept; borrowed from cert.  NULL if OpenSSL cannot read it (its outer
 * structure is sound, or there were no cert); leaves nothing in the error queue. */
X509 *kst_cert_x509(const struct kst_cert *cert);

/* The other way: from an object that was made or received.  0 or -1. */
int kst_cert_from_x509(struct kst_cert **out, X509 *x509, struct kst_error *err);

#endif
