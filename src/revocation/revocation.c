/* SPDX-License-Identifier: ISC */
/* revocation.c - evidence of revocations: gathering it, and weighing it for a certificate */
#include "kstool/revocation.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kstool/alloc.h"
#include "kstool/time.h"
#include "revocation/ocsp.h"
#include "revocation/revocation_impl.h"
#include "revocation/revocation_online.h"

/* Nobody staples more: one for each certificate of a chain (RFC 8446 4.4.2.1). */
#define STAPLES_MAX 16

struct kst_revocations {
	struct kst_crl **crl;
	size_t nr;
	struct kst_blob staple[STAPLES_MAX];
	size_t nr_staples;
	bool online;
	struct kst_online net;
};

/* ---- reasons (RFC 5280 5.3.1) ---- */

static const char *const reason[] = {
	"unspecified",	 "keyCompromise",	 "cACompromise",    "affiliationChanged",
	"superseded",	 "cessationOfOperation", "certificateHold", NULL,
	"removeFromCRL", "privilegeWithdrawn",	 "aACompromise"
};
#define REASONS (int)(sizeof(reason) / sizeof(reason[0]))

const char *kst_revocation_reason(int r)
{
	return r >= 0 && r < REASONS ? reason[r] : NULL;
}

int kst_revocation_reason_by_name(const char *name)
{
	for (int i = 0; i < REASONS; i++)
		if (reason[i] && strcmp(name, reason[i]) == 0)
			return i;
	return -1;
}

bool kst_revoked_then(int64_t at, int64_t when, int r, int64_t this_update)
{
	/* Whoever has the key may have had it before, and can date a signature as he likes.  And what a
	 * CA says today of tomorrow it says of today: a clock that is ahead is no pardon. */
	return when <= at || when > this_update ||
	       (r >= 0 && r < REASONS && reason[r] && strstr(reason[r], "Compromise"));
}

/* ---- weighing ---- */

enum kst_fresh kst_fresh(int64_t at, int64_t this_update, int64_t next_update, int64_t not_after)
{
	/* The clock itself, not what --at made of it: what was made in the future was not made. */
	if (this_update > at + KST_CLOCK_SKEW)
		return this_update <= (int64_t)time(NULL) + KST_CLOCK_SKEW &&
				       not_after >= this_update
			       ? KST_FRESH_LATER
			       : KST_TOO_EARLY;
	return next_update && next_update < at ? KST_OVERDUE : KST_FRESH;
}

bool kst_inquiry_done(const struct kst_inquiry *q)
{
	return q->yes || q->no;
}

void kst_inquiry_no(struct kst_inquiry *q, const struct kst_revoked_at *of)
{
	if (kst_inquiry_done(q))
		return;
	q->no = true;
	q->answer = *of;
	q->answer.state = KST_REVOKED_NO;
	q->answer.reason = -1;
}

void kst_inquiry_yes(struct kst_inquiry *q, const struct kst_revoked_at *of, bool old)
{
	if (q->yes || (old && (q->no || q->old_yes)))
		return;
	q->yes = !old;
	q->old_yes |= old;
	q->answer = *of;
	q->answer.state = KST_REVOKED_YES;
}

void kst_inquiry_none(struct kst_inquiry *q, enum kst_revoked_why why,
		      const struct kst_revoked_at *of, const char *fmt, ...)
{
	/* In the order in which people should hear of them. */
	static const int rank[] = { [KST_REVOKED_NO_SOURCE] = 0,
				    [KST_REVOKED_UNREACHABLE] = 1,
				    [KST_REVOKED_STALE] = 2,
				    [KST_REVOKED_BAD] = 3 };
	const char *source = of && *of->source ? of->source : NULL;
	size_t n = strlen(q->text), size = sizeof(q->text);
	int head, tail;
	va_list ap;

	if (!q->has_why || rank[why] > rank[q->why]) {
		q->why = why;
		q->has_why = true;
		q->about = of ? *of : (struct kst_revoked_at){ .state = KST_REVOKED_UNKNOWN };
	}
	head = snprintf(q->text + n, size - n, "%s%s%s", n ? "; " : "", source ? source : "",
			source ? " " : "");
	if (head >= 0 && (size_t)head < size - n) {
		va_start(ap, fmt);
		tail = vsnprintf(q->text + n + head, size - n - (size_t)head, fmt, ap);
		va_end(ap);
	} else {
		tail = -1;
	}
	/* What does not fit whole is left out: the first ones are of what the user named. */
	if (n && (tail < 0 || n + (size_t)head + (size_t)tail >= size))
		q->text[n] = '\0';
}

/* A staple is about one certificate, and none of the chain's others is to hear of it. */
static int staples(struct kst_inquiry *q, const struct kst_revocations *r, struct kst_error *err)
{
	for (size_t i = 0; i < r->nr_staples; i++) {
		struct kst_ocsp ocsp = { .der = { r->staple[i].data, r->staple[i].len },
					 .source = "stapled by the server",
					 .crl = r->crl,
					 .nr_crls = r->nr };

		if ((kst_ocsp_about(ocsp.der, q->cert, q->issuer) || !kst_cert_is_ca(q->cert)) &&
		    kst_inquiry_ocsp(q, &ocsp, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int check(struct kst_revocations *r, const struct kst_cert *cert,
		 const struct kst_cert *issuer, int64_t at, bool online, struct kst_revoked_at *out,
		 struct kst_error *err)
{
	struct kst_inquiry q = { .cert = cert, .issuer = issuer, .at = at };

	if (staples(&q, r, err) < 0 || kst_inquiry_crls(&q, r->crl, r->nr, err) < 0)
		return -1;
	if (!kst_inquiry_done(&q) && online &&
	    kst_inquiry_online(&q, &r->net, r->crl, r->nr, err) < 0)
		return -1;
	if (kst_inquiry_done(&q) || q.old_yes) {
		*out = q.answer;
		return 0;
	}
	if (!q.has_why)
		kst_inquiry_none(&q, KST_REVOKED_NO_SOURCE, NULL, "%s",
				 r->online && !online ? "not asked: the path is not trusted"
				 : r->online ? "the certificate names nobody who could be asked"
				 : r->nr   ? "no revocation list of this CA"
					   : "no revocation list");
	*out = q.about;
	out->state = KST_REVOKED_UNKNOWN;
	out->why = q.why;
	out->reason = -1;
	snprintf(out->text, sizeof(out->text), "%s", q.text);
	return 0;
}

int kst_revocations_check(struct kst_revocations *r, const struct kst_cert *cert,
			  const struct kst_cert *issuer, int64_t at, struct kst_revoked_at *out,
			  struct kst_error *err)
{
	return check(r, cert, issuer, at, r->online, out, err);
}

int kst_revocations_check_local(struct kst_revocations *r, const struct kst_cert *cert,
				const struct kst_cert *issuer, int64_t at, struct kst_revoked_at *out,
				struct kst_error *err)
{
	return check(r, cert, issuer, at, false, out, err);
}

/* ---- gathering ---- */

int kst_revocations_new(struct kst_revocations **out, struct kst_error *err)
{
	struct kst_revocations *r = kst_calloc(1, sizeof(*r));

	if (!r)
		return kst_error_nomem(err);
	*out = r;
	return 0;
}

void kst_revocations_free(struct kst_revocations *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nr; i++)
		kst_crl_free(r->crl[i]);
	kst_free(r->crl);
	for (size_t i = 0; i < r->nr_staples; i++)
		kst_blob_release(&r->staple[i]);
	kst_online_release(&r->net);
	kst_free(r);
}

int kst_revocations_add_crl(struct kst_revocations *r, const uint8_t *der, size_t len,
			    const char *name, struct kst_error *err)
{
	struct kst_crl *c, **more;

	if (kst_crl_new(&c, der, len, name, err) < 0)
		return -1;
	if ((r->nr & (r->nr + 1)) == 0) { /* full: sizes are 1, 3, 7, 15 ... */
		more = kst_realloc(r->crl, (2 * r->nr + 1) * sizeof(*more));
		if (!more) {
			kst_crl_free(c);
			return kst_error_nomem(err);
		}
		r->crl = more;
	}
	r->crl[r->nr++] = c;
	return 0;
}

int kst_revocations_add_store(struct kst_revocations *r, struct kst_store *s, const char *name,
			      size_t *nr, struct kst_error *err)
{
	size_t found = 0;

	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e;
		struct kst_head head;

		if (kst_store_head(s, i, &head, err) < 0)
			return -1;
		if (head.kind != KST_KIND_CRL)
			continue;
		if (kst_store_entry(s, i, &e, err) < 0 ||
		    kst_revocations_add_crl(r, e->der.data, e->der.len, name, err) < 0)
			return -1;
		found++;
	}
	if (nr)
		*nr = found;
	return 0;
}

int kst_revocations_add_staple(struct kst_revocations *r, const uint8_t *der, size_t len,
			       struct kst_error *err)
{
	if (r->nr_staples == STAPLES_MAX || !len)
		return 0;
	/* One that is too large is kept as nothing, which is no response. */
	if (kst_blob_set(&r->staple[r->nr_staples], der, len > KST_OCSP_MAX ? 0 : len) < 0)
		return kst_error_nomem(err);
	r->nr_staples++;
	return 0;
}

void kst_revocations_online(struct kst_revocations *r, int timeout_ms)
{
	r->online = true;
	r->net.timeout_ms = timeout_ms > 0 ? timeout_ms : 10000;
}

void kst_revocations_renew(struct kst_revocations *r)
{
	kst_online_renew(&r->net);
}
