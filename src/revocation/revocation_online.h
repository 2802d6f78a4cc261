/* SPDX-License-Identifier: ISC */
/* revocation_online.h - asking the addresses that a certificate names: OCSP responders, CRLs */
#ifndef KST_TLS_REVOCATION_ONLINE_H
#define KST_TLS_REVOCATION_ONLINE_H

#include "revocation/revocation_impl.h"

#define KST_CRL_MAX	     ((size_t)64 << 20) /* bytes of a list, as of a file */
#define KST_ONLINE_REQUESTS  64			/* for all certificates together */
#define KST_ONLINE_ADDRESSES 4			/* of one certificate, of each sort */

struct kst_online_answer {
	char *url;
	uint8_t cert[32]; /* OCSP: fingerprint of the certificate that it is about; else zeros */
	bool with_nonce;
	uint8_t nonce[32]; /* that was sent: the answer is held against it each time */
	struct kst_buf der; /* OCSP; a list is in `crl` */
	struct kst_crl *crl;
	struct kst_error err; /* why there is none */
};
struct kst_online {
	int timeout_ms;
	unsigned asked;
	struct kst_online_answer **answer;
	size_t nr;
};
void kst_online_release(struct kst_online *o);

/* Responders first, then, without an answer, distribution points.  `local` may tell of a
 * responder's own certificate.  0, or -1 (no memory). */
int kst_inquiry_online(struct kst_inquiry *q, struct kst_online *o, struct kst_crl *const *local,
		       size_t nr_local, struct kst_error *err);

#endif
