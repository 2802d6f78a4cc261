/* SPDX-License-Identifier: ISC */
/*
 * pkcs7_walk.h - the certificates and revocation lists in a PKCS#7 SignedData,
 * for PKCS#7 files and for blocks of PEM files (formats/pem*.c include this)
 */
#ifndef KST_FORMATS_PKCS7_WALK_H
#define KST_FORMATS_PKCS7_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/format.h"

/* What a SignedData consists of, borrowed from the bytes that were parsed. */
struct pkcs7_parts {
	struct kst_bytes version, digests, content; /* whole elements */
	struct kst_bytes certs, crls;               /* contents of the two sets; empty: not there */
	struct kst_bytes signers;                   /* whole element; empty: not there */
	bool has_content, is_signed;
	size_t behind;                              /* bytes behind its end */
};

/* The labels that such a block has in PEM, NULL-terminated. */
extern const char *const pkcs7_labels[];

/* Is this the start of a PKCS#7 object of whatever type?  Its number (2: SignedData), 0: no. */
int pkcs7_sniff(const uint8_t *data, size_t n);
/* 0; -1 TRUNCATED, CORRUPT, or UNSUPPORTED_FEATURE for another type, which it names. */
int pkcs7_parse(const uint8_t *data, size_t n, struct pkcs7_parts *out, struct kst_error *err);
/*
 * Every certificate, then every list, as an entry that each() takes over (also
 * when it fails).  What is neither is an opaque entry.  0 or -1.
 */
int pkcs7_each(const struct pkcs7_parts *parts, const struct kst_limits *limits,
	       int (*each)(void *ctx, struct kst_entry *e, struct kst_error *err), void *ctx,
	       struct kst_error *err);

#define PKCS7_OTHER_CERT "attribute certificate"
#define PKCS7_OTHER_CRL "revocation information"

#endif
