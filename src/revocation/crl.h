/* SPDX-License-Identifier: ISC */
/*
 * crl.h - one certificate revocation list (RFC 5280 5), read without decoding its entries
 *
 * A list of a hundred thousand entries is walked once, when the first certificate
 * is looked up in it: that makes a table of positions, and finds what forbids the
 * use of the whole list.  No entry becomes an object.
 */
#ifndef KST_TLS_CRL_H
#define KST_TLS_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"
#include "kstool/cert.h"
#include "revocation/revocation_sign.h"

/* ReasonFlags (RFC 5280 4.2.1.13): bit n of the mask is bit n of the BIT STRING; 0 is not used. */
#define KST_REASONS_ALL 0x1feu

struct kst_crl_scope { /* issuingDistributionPoint (RFC 5280 5.2.5) */
	bool user, ca, attribute, indirect;
	unsigned reasons;
	struct kst_bytes
		point; /* DistributionPointName, contents of the [0]; empty: of no one point */
	struct kst_bytes der; /* the whole, to tell equal scopes; empty: everything */
};

struct kst_crl_slot {
	uint32_t at;	 /* offset of the entry in `entries`, + 1; 0: free */
	uint32_t issuer; /* offset of its certificateIssuer's value, + 1; 0: the issuer of the list
			  */
};

struct kst_crl {
	char *name;
	struct kst_blob der;
	/* into der */
	struct kst_bytes tbs, algorithm, signature, issuer, entries;
	struct kst_bytes number, base; /* contents octets; empty: none */
	struct kst_bytes key_id;       /* of the authority key identifier; empty: none */
	struct kst_crl_scope scope;
	int64_t this_update, next_update; /* next 0: none given */
	unsigned version;		  /* as encoded: 0 is v1 */
	bool delta;
	char fault[200]; /* why it may be used for no certificate; empty: none known */
	char lax[120];	 /* what RFC 5280 demands of it and it has not, and is used all the same */

	struct kst_crl_slot *slot;
	size_t slots, nr; /* nr: entries */
	bool indexed;
	uint64_t seed;
	/* Whose signature was looked at last. */
	uint8_t judged_by[32];
	bool judged;
	enum kst_signed sig;
};

/* CORRUPT: not the structure of a CRL.  What the structure holds and forbids its use goes to
 * `fault`. 0 or -1. */
int kst_crl_new(struct kst_crl **out, const uint8_t *der, size_t len, const char *name,
		struct kst_error *err);
void kst_crl_free(struct kst_crl *crl);

/* Is a's number (or, without, its date) above b's? */
bool kst_crl_newer(const struct kst_crl *a, const struct kst_crl *b);
/* Compare two numbers as INTEGERs that are not negative: below, equal, above 0. */
int kst_crl_number_cmp(struct kst_bytes a, struct kst_bytes b);

struct kst_crl_found {
	int64_t when;
	int64_t invalid_since; /* invalidityDate; 0 none */
	int reason;	       /* -1 not given */
};
/* Walk all entries once; sets `fault` where one forbids the use.  0, -1 no memory. */
int kst_crl_index(struct kst_crl *crl, struct kst_error *err);
/* Is this serial number of this issuer in the (indexed) list? */
bool kst_crl_find(const struct kst_crl *crl, struct kst_bytes serial, struct kst_bytes issuer,
		  struct kst_crl_found *out);

/* The reasons for which the list speaks for this certificate, as a mask; 0: it does not, and `why`
 * says so in words. */
unsigned kst_crl_covers(const struct kst_crl *crl, const struct kst_cert *cert, char *why,
			size_t size);

/* ---- distribution points of a certificate (RFC 5280 4.2.1.13) ---- */

struct kst_crl_point {
	struct kst_bytes name;	  /* DistributionPointName, contents of the [0]; empty */
	struct kst_bytes issuers; /* cRLIssuer, contents; empty */
	unsigned reasons;	  /* KST_REASONS_ALL where none are given */
};
/* Each in order; stops when each() gives non-zero.  -1: the extension is malformed. */
int kst_crl_each_point(const struct kst_cert *cert,
		       int (*each)(void *ctx, const struct kst_crl_point *point), void *ctx);
struct kst_der;
/* The Time that comes next.  0, or -1: it is none. */
int kst_crl_date(struct kst_der *d, int64_t *out);
/* A BIT STRING of ReasonFlags (contents octets); -1 malformed. */
int kst_crl_reason_flags(struct kst_bytes bits, unsigned *out);

#endif
