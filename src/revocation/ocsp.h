/* SPDX-License-Identifier: ISC */
/*
 * ocsp.h - OCSP (RFC 6960): the question, and what an answer is worth
 *
 * OpenSSL decodes; who may sign, for which certificate the answer is and when it was
 * current is decided here, so that each reason for refusing it can be named.
 */
#ifndef KST_TLS_OCSP_H
#define KST_TLS_OCSP_H

#include <stddef.h>
#include <stdint.h>

#include "revocation/revocation_impl.h"

/* The largest answer that is read: a post-quantum signature and a chain of such certificates fit.
 */
#define KST_OCSP_MAX   ((size_t)256 << 10)
#define KST_OCSP_NONCE 32 /* RFC 9654 2.1 */

/* DER of a request for one certificate, appended; `nonce` may be NULL.  0 or -1. */
int kst_ocsp_request(struct kst_buf *out, const struct kst_cert *cert,
		     const struct kst_cert *issuer, const uint8_t nonce[KST_OCSP_NONCE],
		     struct kst_error *err);

struct kst_ocsp {
	struct kst_bytes der;
	const char *source;   /* "OCSP http://...", "stapled by the server" */
	const uint8_t *nonce; /* that was asked with; NULL */
	/* Lists that may tell of the responder's own certificate. */
	struct kst_crl *const *crl;
	size_t nr_crls;
};
/* Weigh an answer.  0 (see q), or -1 (no memory).  *refused (may be NULL): the responder would not
 * take the request as it was. */
int kst_inquiry_ocsp(struct kst_inquiry *q, const struct kst_ocsp *answer, bool *refused,
		     struct kst_error *err);
/* Can it be read, and is it about this certificate? */
bool kst_ocsp_about(struct kst_bytes der, const struct kst_cert *cert,
		    const struct kst_cert *issuer);

#endif
