/* SPDX-License-Identifier: ISC */
/* revocation_impl.h - what the files of revocation share: one question, and the evidence for it */
#ifndef KST_TLS_REVOCATION_IMPL_H
#define KST_TLS_REVOCATION_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/revocation.h"
#include "revocation/crl.h"

/* Clocks differ: what was issued so many seconds from now is issued now. */
#define KST_CLOCK_SKEW 300

/* One certificate, and what was found about it so far. */
struct kst_inquiry {
	const struct kst_cert *cert, *issuer;
	int64_t at;
	bool yes, no, old_yes;
	struct kst_revoked_at answer; /* of yes, else of no, else of old_yes */
	/* of what gave no answer: the most telling, and all in words */
	bool has_why;
	enum kst_revoked_why why;
	struct kst_revoked_at about;
	char text[sizeof(((struct kst_revoked_at *)NULL)->text)];
};

enum kst_fresh { KST_FRESH, KST_FRESH_LATER, KST_OVERDUE, KST_TOO_EARLY };
/*
 * Was evidence of this date current at `at`?  next 0: none given.  LATER: it is younger than the
 * time that is asked about; it still tells of a certificate whose life was not over when it was
 * made, for none is taken off the list before (RFC 5280 3.3).
 */
enum kst_fresh kst_fresh(int64_t at, int64_t this_update, int64_t next_update, int64_t not_after);

/* Evidence says NO, or YES (`when`, `reason` in *f).  `old`: it is out of date. */
void kst_inquiry_no(struct kst_inquiry *q, const struct kst_revoked_at *of);
void kst_inquiry_yes(struct kst_inquiry *q, const struct kst_revoked_at *of, bool old);
/* Evidence says nothing; `of` gives source and dates, and may be NULL. */
void kst_inquiry_none(struct kst_inquiry *q, enum kst_revoked_why why,
		      const struct kst_revoked_at *of, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Is it answered, so that nobody else needs to be asked? */
bool kst_inquiry_done(const struct kst_inquiry *q);
/* Does a revocation at `when` for this reason hold at `at`, by the word of `this_update`? */
bool kst_revoked_then(int64_t at, int64_t when, int reason, int64_t this_update);

/* Ask these lists.  0, or -1 (no memory). */
int kst_inquiry_crls(struct kst_inquiry *q, struct kst_crl *const *crl, size_t nr,
		     struct kst_error *err);
/* Who signed this list is found out once for each issuer. */
enum kst_signed kst_crl_signed(struct kst_crl *c, const struct kst_cert *issuer);

#endif
