/* SPDX-License-Identifier: ISC */
/* issue_impl.h - what the files of issue.h share; private to src/crypto/issue*.c */
#ifndef KST_CRYPTO_ISSUE_IMPL_H
#define KST_CRYPTO_ISSUE_IMPL_H

#include <openssl/types.h>
#include <openssl/x509v3.h>

#include "crypto/tbs.h"
#include "kstool/issue.h"

bool kst_profile_is_ca(enum kst_profile p);
bool kst_profile_is_server(enum kst_profile p);

/* ---- issue_name.c: what it is called ---- */

/* The subject as DER, checked; appended. */
int kst_issue_subject(struct kst_buf *der, const struct kst_issue *how, struct kst_error *err);
bool kst_issue_no_name(struct kst_bytes subject); /* a Name without attributes */
/* The subjectAltName, each name once; *out is empty where there are none.  Owned by the caller. */
int kst_issue_san(GENERAL_NAMES **out, const struct kst_issue *how, struct kst_error *err);
/* The CN of a server is one of its names, if there is one. */
int kst_issue_check_cn(struct kst_bytes subject, const struct kst_issue *how, struct kst_error *err);

/* ---- issue_constraints.c ---- */

/* NULL and 0 where there are none. */
int kst_issue_constraints(NAME_CONSTRAINTS **out, const struct kst_issue *how, struct kst_error *err);
/* Do those of the issuer let these names pass?  0 or -1 (CA_FORBIDS). */
int kst_issue_check_constraints(X509 *issuer, const struct kst_tbs *t, GENERAL_NAMES *san, struct kst_error *err);

/* ---- issue_check.c: keys, and what the issuer lets pass ---- */

/* RSA, ECDSA, EdDSA, ML-DSA, SLH-DSA, and strong enough.  *encipher: a session key can be encrypted to it. */
int kst_issue_check_spki(struct kst_bytes spki, bool *encipher, struct kst_error *err);
/* May `issuer` (with this key) sign certificates, or lists of revoked ones? */
int kst_issue_check_issuer(const struct kst_cert *issuer, EVP_PKEY *signer, bool crl, struct kst_error *err);
int kst_issue_check_bounds(const struct kst_cert *issuer, const struct kst_issue *how, struct kst_error *err);
/* The issuer's subjectKeyIdentifier, pushed as authorityKeyIdentifier; by its key where it has none. */
int kst_issue_ext_authority(STACK_OF(X509_EXTENSION) **ext, const struct kst_cert *issuer, struct kst_bytes spki);

#endif
