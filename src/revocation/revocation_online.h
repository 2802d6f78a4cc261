/* SPDX-License-Identifier: ISC */
/* revocation_online.h - asking the addresses that a certificate names: OCSP responders, CRLs */
#ifndef KST_TLS_REVOCATION_ONLINE_H
#define KST_TLS_REVOCATION_ONLINE_H

#include "revocation/revocation_impl.h"

#define KST_CRL_MAX	     ((size_t)64 << 20) /* bytes of a list, as of a file */
#define KST_ONLINE_REQUESTS  64			/* for all certificates of a verification together */
#define KST_ONLINE_BYTES     ((size_t)128 << 20) /* ... and of their answers */
#define KST_ONLINE_WAITS     3 /* ... and so many times the timeout of one request */
#define KST_ONLINE_KEPT	     ((size_t)64 << 20) /* bytes that are kept for the next verification */
#define KST_ONLINE_KEPT_NR   512
#define KST_ONLINE_KEPT_S    3600 /* seconds */
#define KST_ONLINE_FAILED_S  60	 /* ... of a failure */
#define KST_ONLINE_ADDRESSES 4			/* of one certificate, of each sort */

struct kst_online_answer {
	char *url;
	uint8_t cert[32]; /* OCSP: fingerprint of the certificate that it is about; else zeros */
	bool with_nonce;
	uint8_t nonce[32]; /* that was sent: the answer is held against it each time */
	struct kst_buf der; /* OCSP; a list is in `crl` */
	struct kst_crl *crl;
	struct kst_error err; /* why there is none */
	bool ours;	      /* ... but for our own limits: nothing is known of that server */
	int64_t came;	      /* ms of kst_net_clock() */
	size_t bytes;
};
struct kst_online {
	int timeout_ms;
	/* of this verification */
	unsigned asked;
	size_t bytes, max_bytes; /* 0: KST_ONLINE_BYTES */
	int64_t until;		 /* ms of kst_net_clock(); 0: not yet begun */
	struct kst_online_answer **answer;
	size_t nr;
};
void kst_online_release(struct kst_online *o);
/* A new verification begins: what it may cost is new, and of what was kept goes what is old. */
void kst_online_renew(struct kst_online *o);

/* Responders first, then, without an answer, distribution points.  `local` may tell of a
 * responder's own certificate.  0, or -1 (no memory). */
int kst_inquiry_online(struct kst_inquiry *q, struct kst_online *o, struct kst_crl *const *local,
		       size_t nr_local, struct kst_error *err);

#endif
