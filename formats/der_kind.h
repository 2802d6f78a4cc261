/* SPDX-License-Identifier: ISC */
/* der_kind.h - what a DER object is, told by its structure alone; for DER files and PEM blocks */
#ifndef KST_FORMATS_DER_KIND_H
#define KST_FORMATS_DER_KIND_H

#include <stddef.h>
#include <stdint.h>

#include "kstool/entry.h"

enum der_kind {
	DER_NOTHING,       /* none of these */
	DER_CERT,
	DER_KEY,           /* PKCS#8, PKCS#1, SEC 1, or OpenSSL's DSA form */
	DER_SEALED_KEY,    /* EncryptedPrivateKeyInfo */
	DER_CSR,
	DER_CRL
};

/*
 * What the bytes look like.  Looks at the first elements only, so that the start
 * of a file is enough.  *size (may be NULL) is what the outermost element says
 * that it takes; 0 for an indefinite length (BER).
 */
enum der_kind der_sniff(const uint8_t *data, size_t n, uint64_t *size);

/* Is it a whole EncryptedPrivateKeyInfo (RFC 5958 section 3)? */
bool der_is_sealed_key(const uint8_t *data, size_t n);
/* Is it a whole signed object: SEQUENCE { SEQUENCE, AlgorithmIdentifier, BIT STRING }? */
bool der_is_signed(const uint8_t *data, size_t n);

/* A certificate; trusted if it is a CA's.  NULL and an error. */
struct kst_entry *der_cert_entry(const uint8_t *data, size_t n, struct kst_error *err);
/* A key entry of a sealed key (takes nothing over).  NULL and an error. */
struct kst_entry *der_sealed_entry(const uint8_t *data, size_t n, struct kst_error *err);
/* A key entry of an open key in any encoding; `label` as in kst_key_from_der(). */
struct kst_entry *der_key_entry(const uint8_t *data, size_t n, const char *label,
				const struct kst_bytes *ec_params, struct kst_error *err);
/* An entry that keeps the bytes: CSR, CRL, OPAQUE.  `label` may be NULL. */
struct kst_entry *der_bytes_entry(enum kst_kind kind, const uint8_t *data, size_t n,
				  const char *label, struct kst_error *err);
/* Name the format that it came from.  0 or -1. */
int der_set_origin(struct kst_entry *e, const char *format, struct kst_error *err);

#endif
