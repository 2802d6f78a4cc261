/* SPDX-License-Identifier: ISC */
/* csr.h - certificate requests (RFC 2986): what one asks for */
#ifndef KSTOOL_CSR_H
#define KSTOOL_CSR_H

#include "kstool/cert.h"

struct kst_csr {               /* borrowed from the DER */
	struct kst_bytes asked;      /* what is signed: two requests that ask for the same have the same */
	struct kst_bytes subject;    /* Name, whole */
	struct kst_bytes spki;       /* SubjectPublicKeyInfo, whole */
	struct kst_bytes extensions; /* contents of the Extensions; empty if there are none */
	struct kst_bytes sig_alg;    /* AlgorithmIdentifier, whole */
};

/* 0, or -1: CORRUPT. */
int kst_csr_parse(struct kst_csr *out, const uint8_t *der, size_t len, struct kst_error *err);
/* RFC 4514; appended, not yet escaped. */
void kst_csr_subject(const struct kst_csr *csr, struct kst_buf *out);
/* As a list shows a key: "EC-P256"; appended. */
void kst_csr_key_text(const struct kst_csr *csr, struct kst_buf *out);
/* "ECDSA-SHA256"; appended. */
void kst_csr_sig_text(const struct kst_csr *csr, struct kst_buf *out);
/* Call each() for every subjectAltName in order.  Stops when it returns non-zero. */
int kst_csr_each_san(const struct kst_csr *csr, kst_each_san *each, void *ctx);
/* Was it signed with the very key that it is for (RFC 2986 3)?  0; -1: BAD_REQUEST, UNSUPPORTED. */
int kst_csr_verify(const uint8_t *der, size_t len, struct kst_error *err);
/* Call each() for every extension that it asks for: OpenSSL's long name or the OID, and whether it asks to be a
 * CA (basicConstraints CA:TRUE, keyUsage with keyCertSign).  Stops when it returns non-zero. */
int kst_csr_each_extension(const struct kst_csr *csr,
			   int (*each)(void *ctx, const char *name, bool is_san, bool wants_ca), void *ctx);

#endif
