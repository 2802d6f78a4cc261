/* SPDX-License-Identifier: ISC */
/* path_judge.c - all rules over one path; signatures, trust and dates among them */
#include <string.h>

#include "kstool/time.h"
#include "verify/path.h"

/* ---- signatures, and where the path ends ---- */

static void link_of(const struct path *p, size_t i, struct findings *f)
{
	char issuer[PATH_NAME], sig[PATH_NAME];
	struct kst_buf alg KST_SCRATCH_BUF = KST_BUF_INIT;

	path_name(p->cert[i + 1], issuer);
	switch (p->link[i]) {
	case LINK_GOOD:
		break;
	case LINK_BAD:
		find_fail(f, KST_REASON_BAD_SIGNATURE, (int)i, "the signature is not by the key of %s", issuer);
		break;
	case LINK_UNKNOWN:
		kst_cert_sig_text(p->cert[i], &alg);
		strncpy(sig, alg.data ? (char *)alg.data : "?", sizeof(sig) - 1);
		sig[sizeof(sig) - 1] = 0;
		find_fail(f, KST_REASON_UNKNOWN_SIG, (int)i, "%s is not known to this OpenSSL", sig);
		break;
	}
}

static bool is_distrusted(const struct anchor *a, unsigned purpose)
{
	return purpose ? (a->all.no & purpose) != 0 : a->all.no == KST_FOR_EVERYTHING;
}

/* Of several sources the one whose word it is. */
static const struct anchor *who_says(const struct path *p, const struct anchor *a, unsigned purpose)
{
	unsigned no = purpose ? purpose : KST_FOR_EVERYTHING;

	for (const struct anchor *s = NULL; (s = anchors_same(p->req->anchors, a->cert, s));)
		if (s->own.no & no)
			return s;
	return a;
}

static void distrusted(const struct path *p, int depth, const struct anchor *a, struct findings *f)
{
	a = who_says(p, a, usage_purpose(p->usage));
	find_fail(f, KST_REASON_DISTRUSTED, depth, "%s says: trusted for %s",
		  kst_anchors_source(p->req->anchors, a->source)->name, a->limits ? a->limits : "nothing");
}

/* p11-kit attaches extensions, name constraints for one.  They are not applied here, and who set a limit did not mean
 * that what is beyond it passes. */
static void limited(const struct path *p, int depth, const struct anchor *a, struct findings *f)
{
	for (const struct anchor *s = NULL; (s = anchors_same(p->req->anchors, a->cert, s));)
		if (s->own.more) {
			a = s;
			break;
		}
	find_fail(f, KST_REASON_DISTRUSTED, depth, "%s limits it in a way that kstool cannot apply: %s",
		  kst_anchors_source(p->req->anchors, a->source)->name, a->limits ? a->limits : "");
}

static void ends_in_anchor(const struct path *p, struct findings *f)
{
	const struct anchor *a = p->anchor;
	unsigned purpose = usage_purpose(p->usage);
	int64_t after = p->usage == KST_USAGE_SERVER ? a->all.server_after :
			p->usage == KST_USAGE_EMAIL ? a->all.email_after : 0;
	int depth = (int)p->nr - 1;
	char day[KST_TIME_TEXT];

	if (a->all.none || is_distrusted(a, purpose) || (purpose && !(a->all.yes & purpose)))
		distrusted(p, depth, a, f);
	else if (after && kst_cert_not_before(p->cert[0]) > after)
		find_fail(f, KST_REASON_DISTRUSTED, depth, "%s does not trust it for what was issued after %s",
			  kst_anchors_source(p->req->anchors, a->source)->name,
			  kst_time_text(after, KST_TIME_DATE, day));
	else if (a->all.more)
		limited(p, depth, a, f);
	else
		find_pass(f, KST_CHECK_TRUSTED, depth, NULL);
}

static void ends_nowhere(const struct path *p, struct findings *f)
{
	const struct kst_cert *last = p->cert[p->nr - 1];
	int depth = (int)p->nr - 1;
	char name[PATH_NAME], issuer[PATH_NAME];

	path_name(last, name);
	path_issuer_name(last, issuer);
	if (p->self_signed && p->nr == 1) {
		find_fail(f, KST_REASON_SELF_SIGNED, depth, "%s is signed by itself and not trusted", name);
	} else if (p->self_signed) {
		find_fail(f, KST_REASON_UNTRUSTED, depth, "%s is not among the trusted CAs", name);
	} else if (p->cut) {
		find_fail(f, KST_REASON_INCOMPLETE, depth,
			  "there are so many certificates of like names that the search was given up at %s", name);
	} else if (p->namesake) {
		find_fail(f, KST_REASON_INCOMPLETE, depth,
			  "%s, which signed %s, is missing: the one that is here has another key", issuer, name);
	} else {
		find_fail(f, KST_REASON_INCOMPLETE, depth, "%s, which signed %s, is missing", issuer, name);
	}
	if (!p->self_signed)
		find_not(f, KST_CHECK_SIGNATURES, KST_REASON_INCOMPLETE, depth, "the CA that signed it is missing");
}

void rule_links(const struct path *p, struct findings *f)
{
	for (size_t i = 0; i + 1 < p->nr; i++)
		link_of(p, i, f);
	/* A word of distrust counts wherever in the path it is met. */
	for (size_t i = 0; p->req->anchors && i + (p->anchor != NULL) < p->nr; i++) {
		const struct anchor *a = anchors_find(p->req->anchors, p->cert[i]);

		if (a && is_distrusted(a, usage_purpose(p->usage)))
			distrusted(p, (int)i, a, f);
	}
	if (p->anchor)
		ends_in_anchor(p, f);
	else
		ends_nowhere(p, f);
}

/* ---- dates (RFC 5280 4.1.2.5: both ends belong to it) ---- */

static int64_t wanted(const struct path *p)
{
	int64_t life = kst_cert_not_after(p->cert[0]) - kst_cert_not_before(p->cert[0]);

	if (!p->req->min_left_percent)
		return p->req->min_left;
	return life > 0 ? life / 100 * p->req->min_left : 0;
}

void rule_dates(const struct path *p, struct findings *f)
{
	char text[KST_TIME_TEXT], left[KST_TIME_TEXT];

	for (size_t i = 0; i < p->nr; i++) {
		int64_t from = kst_cert_not_before(p->cert[i]), to = kst_cert_not_after(p->cert[i]);

		if (p->at > to)
			find_fail(f, KST_REASON_EXPIRED, (int)i, "expired on %s", kst_time_text(to, KST_TIME_MINUTE, text));
		else if (p->at < from)
			find_fail(f, KST_REASON_NOT_YET, (int)i, "valid from %s on",
				  kst_time_text(from, KST_TIME_MINUTE, text));
		else if (!i && p->req->min_left && to - p->at < wanted(p))
			find_fail(f, KST_REASON_EXPIRES_SOON, (int)i, "valid until %s, %s",
				  kst_time_text(to, KST_TIME_MINUTE, text), kst_time_left(to, p->at, left));
	}
}

/* ---- the private key ---- */

void rule_key(const struct path *p, struct findings *f)
{
	char name[PATH_NAME];

	if (!p->req->key)
		return;
	switch (kst_key_matches(p->req->key, p->cert[0])) {
	case 1:
		find_pass(f, KST_CHECK_KEY, 0, NULL);
		break;
	case 0:
		find_fail(f, KST_REASON_KEY_MISMATCH, 0, "the key is not that of %s", path_name(p->cert[0], name));
		break;
	default:
		/* What was asked for and cannot be said is no yes. */
		find_fail(f, KST_REASON_KEY_MISMATCH, 0,
			  "whether the key is that of %s cannot be told: keys of its kind cannot be compared",
			  path_name(p->cert[0], name));
	}
}

/* ---- all ---- */

/* What a rule said nothing of is good. */
static void fill(const struct path *p, enum kst_path_check check, size_t nr, struct findings *f)
{
	for (size_t i = 0; i < nr && i < p->nr; i++)
		if (!find_any(f, check, (int)i))
			find_pass(f, check, (int)i, NULL);
}

void path_judge(struct path *p, struct findings *f)
{
	f->strict = p->req->strict;
	rule_links(p, f);
	rule_dates(p, f);
	rule_host(p, f);
	rule_usage(p, f);
	rule_lengths(p, f);
	rule_names(p, f);
	rule_policies(p, f);
	rule_critical(p, f);
	rule_form(p, f);
	rule_strength(p, f);
	rule_key(p, f);
	fill(p, KST_CHECK_SIGNATURES, p->nr, f);
	fill(p, KST_CHECK_DATES, p->nr, f);
	fill(p, KST_CHECK_PURPOSE, p->nr, f);
	fill(p, KST_CHECK_CONSTRAINTS, p->nr, f);
	fill(p, KST_CHECK_FORM, p->nr, f);
	fill(p, KST_CHECK_STRENGTH, p->nr, f);
}
