/* SPDX-License-Identifier: ISC */
/*
 * sign.h - what a self-signed certificate and a request have in common; private
 * to src/crypto/key_sign.c and key_request.c
 */
#ifndef KST_CRYPTO_SIGN_H
#define KST_CRYPTO_SIGN_H

#include <openssl/types.h>
#include <openssl/x509.h>

#include "kstool/key.h"

struct kst_sign_names {
	const char *subject;         /* RFC 4514; NULL: that of `from`, else CN = first host */
	const char *const *host;     /* for the SAN, NULL-terminated; NULL or empty: that of `from` */
	const struct kst_cert *from; /* may be NULL */
	const char *const *ou;       /* units in the place of those of the subject; NULL or empty: as they are */
};
/*
 * The subject, and the subjectAltName pushed to *ext (made if NULL).  Hosts beside the subject of
 * `from` replace its CN.  0 or -1; BAD_VALUE where there is neither subject nor name.
 */
int kst_sign_names(X509_NAME **out, STACK_OF(X509_EXTENSION) **ext, const struct kst_sign_names *n,
		   struct kst_error *err);
/* An extension of `from`, as it is, pushed to *ext.  0, 1 it has none, -1. */
int kst_sign_copy_ext(STACK_OF(X509_EXTENSION) **ext, const struct kst_cert *from, const char *oid,
		      struct kst_error *err);
/* The key of OpenSSL that is to sign `what`; NULL: UNSUPPORTED, BAD_KEY. */
EVP_PKEY *kst_sign_key(const struct kst_key *key, const char *what, struct kst_error *err);
/* The digest that fits the key, owned; NULL: the algorithm brings its own (EdDSA, ML-DSA). */
EVP_MD *kst_sign_digest(EVP_PKEY *pkey);
int kst_sign_nomem(struct kst_error *err);

#endif
