/* SPDX-License-Identifier: ISC */
/* ocsp_signer.h - who signed an OCSP response, and may he? */
#ifndef KST_TLS_OCSP_SIGNER_H
#define KST_TLS_OCSP_SIGNER_H

#include <openssl/ocsp.h>

#include "revocation/ocsp.h"

/*
 * Signed by the CA itself, or by a responder that it has appointed: a certificate that it issued
 * itself, with id-kp-OCSPSigning, valid, not revoked as far as is known (RFC 6960 4.2.2.2).  1,
 * with *weak for SHA-1; 0 and `text` says why not; -1 no memory.
 */
int kst_ocsp_signed(const struct kst_inquiry *q, const struct kst_ocsp *a, OCSP_BASICRESP *basic,
		    char *text, size_t size, bool *weak, struct kst_error *err);

#endif
