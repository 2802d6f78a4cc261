/* SPDX-License-Identifier: ISC */
/*
 * revocation.h - what CAs say of certificates that they take back: CRLs (RFC 5280 5), OCSP (RFC 6960)
 *
 * Evidence is collected first (files, what a server stapled), then asked for each
 * certificate.  Evidence that is stale, signed by somebody else or about something
 * else is no evidence, and what was wrong with it is said.  The network is touched
 * only after kst_revocations_online().
 */
#ifndef KSTOOL_REVOCATION_H
#define KSTOOL_REVOCATION_H

#include "kstool/cert.h"
#include "kstool/store.h"

struct kst_revocations;
int kst_revocations_new(struct kst_revocations **out, struct kst_error *err);
void kst_revocations_free(struct kst_revocations *r);

/* One CRL, DER.  `name` is where it is from, for people.  CORRUPT: it is none.  0 or -1. */
int kst_revocations_add_crl(struct kst_revocations *r, const uint8_t *der, size_t len,
			    const char *name, struct kst_error *err);
/* Every CRL of a store (KST_KIND_CRL).  *nr (may be NULL) tells how many.  0 or -1. */
int kst_revocations_add_store(struct kst_revocations *r, struct kst_store *s, const char *name,
			      size_t *nr, struct kst_error *err);
/* An OCSP response that a server sent with its certificate (RFC 6066 8).  A malformed one is kept as
 * a fault, not an error. */
int kst_revocations_add_staple(struct kst_revocations *r, const uint8_t *der, size_t len,
			       struct kst_error *err);

/* OCSP responders and CRL distribution points named by certificates may be asked over the network
 * (http:// only), within `timeout_ms` each, and within three times that, 64 requests and 128 MiB until
 * the next kst_revocations_renew().  Answers are kept for an hour, failures for a minute. */
void kst_revocations_online(struct kst_revocations *r, int timeout_ms);
/* A new verification begins, and what it may ask for is new: kst_verify() says so.  What one peer's
 * certificates have used up is not held against the next. */
void kst_revocations_renew(struct kst_revocations *r);

enum kst_revoked { KST_REVOKED_UNKNOWN, KST_REVOKED_NO, KST_REVOKED_YES };
enum kst_revoked_why { /* of UNKNOWN */
	KST_REVOKED_NO_SOURCE, /* no evidence of this CA, and nowhere to ask */
	KST_REVOKED_STALE,     /* evidence, but out of date (or not yet valid) */
	KST_REVOKED_BAD,       /* evidence that is malformed or not signed by the CA */
	KST_REVOKED_UNREACHABLE
};
struct kst_revoked_at {
	enum kst_revoked state;
	enum kst_revoked_why why;
	int64_t when;              /* YES: revocation time */
	int reason;                /* YES: CRLReason (RFC 5280 5.3.1), -1 none given */
	int64_t invalid_since;     /* YES: invalidityDate (RFC 5280 5.3.2); 0 none given */
	int64_t this_update, next_update; /* of the evidence; 0 not known */
	char source[256];          /* "ca.crl", "OCSP http://...", "stapled by the server"; raw text */
	bool let_pass;             /* YES, NO: the evidence breaks a rule of RFC 5280 that others let pass too
				    * (no number, no next update, SHA-1): a fault to the strict; `text` says which */
	char text[512];            /* UNKNOWN: what exactly, in words; raw */
};
/* "keyCompromise" ...; NULL for what is none; and back: -1. */
const char *kst_revocation_reason(int reason);
int kst_revocation_reason_by_name(const char *name);

/*
 * What is known of `cert`, issued by `issuer`, at `at`.  Of a revocation with a date
 * after `at` (other than a key compromise) the answer is NO.  The first evidence that
 * answers counts, in the order: staple, CRLs, OCSP, distribution points; one YES of
 * current evidence wins over any NO, and one of evidence that is out of date over
 * silence.  Of several CRLs with one scope the newest counts.  Evidence that is younger
 * than `at` counts for a certificate whose validity was not over when it was made.
 * 0, or -1 (no memory).
 */
int kst_revocations_check(struct kst_revocations *r, const struct kst_cert *cert,
			  const struct kst_cert *issuer, int64_t at, struct kst_revoked_at *out,
			  struct kst_error *err);
/* The same of what is at hand: the addresses in certificates that nobody trusts are strangers'
 * wishes, and nobody is asked there. */
int kst_revocations_check_local(struct kst_revocations *r, const struct kst_cert *cert,
				const struct kst_cert *issuer, int64_t at, struct kst_revoked_at *out,
				struct kst_error *err);

/* What a staple says of the first certificate in it; its signature and dates are for revocation.h. */
struct kst_staple {
	enum kst_staple_says { KST_STAPLE_GOOD, KST_STAPLE_REVOKED, KST_STAPLE_UNKNOWN, KST_STAPLE_UNREADABLE } says;
	int64_t this_update, next_update; /* 0: not given */
	int64_t revoked_at;               /* REVOKED */
	int reason;                       /* REVOKED: CRLReason; -1 */
};
void kst_staple_read(struct kst_staple *out, const struct kst_blob *staple);

#endif
