/* SPDX-License-Identifier: ISC */
/* path_revocation.c - has a CA taken one of them back? */
#include "kstool/time.h"
#include "verify/path.h"

static void unknown(const struct path *p, size_t i, const struct kst_revoked_at *at, struct findings *f)
{
	enum kst_reason reason = at->why == KST_REVOKED_STALE ? KST_REASON_CRL_EXPIRED :
				 at->why == KST_REVOKED_BAD ? KST_REASON_CRL_BAD : KST_REASON_NO_REVOCATION;
	const char *text = at->text[0] ? at->text : kst_reason_meaning(reason);

	/* Evidence that is there and worth nothing is a fault; that there is none, or that nobody answers, only if an
	 * answer was demanded. */
	if (p->req->require_revocation || reason != KST_REASON_NO_REVOCATION)
		find_fail(f, reason, (int)i, "%s", text);
	else
		find_not(f, KST_CHECK_REVOCATION, reason, (int)i, "%s", text);
}

/* A server whose certificate promises a stapled answer (RFC 7633) is to be believed only with one. */
static void must_staple(const struct path *p, struct findings *f, const struct kst_revoked_at *at)
{
	const struct exts *x = &p->ext[0];
	struct kst_der d = kst_der_bytes(x->of[EXT_TLS_FEATURE].value), in;
	struct kst_der_item item;
	uint64_t feature;

	if (p->usage != KST_USAGE_SERVER || kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0)
		return;
	while (kst_der_expect(&in, KST_DER_INTEGER, &item) == 0)
		if (kst_der_uint(item.body, &feature) == 0 && feature == 5 && /* status_request */
		    (!at || at->state == KST_REVOKED_UNKNOWN)) {
			find_lax(f, KST_REASON_NO_REVOCATION, 0, "it promises that its server staples an OCSP answer, and %s",
				 at ? "there is no good one" : "none was looked at");
			return;
		}
}

/* Whoever sends a chain chooses the addresses in it: only those that a trusted CA has signed are asked. */
static bool may_ask(const struct path *p, const struct findings *f)
{
	for (size_t i = 0; i + 1 < p->nr; i++)
		if (p->link[i] != LINK_GOOD)
			return false;
	for (size_t i = 0; i < f->nr; i++)
		if (f->row[i].check == KST_CHECK_TRUSTED && f->row[i].result == KST_RESULT_FAIL)
			return false;
	return p->anchor != NULL;
}

int rule_revocation(const struct path *p, struct findings *f, struct kst_revoked_at *at,
		    struct kst_error *err)
{
	int (*check)(struct kst_revocations *, const struct kst_cert *, const struct kst_cert *, int64_t,
		     struct kst_revoked_at *, struct kst_error *) =
		may_ask(p, f) ? kst_revocations_check : kst_revocations_check_local;
	char day[KST_TIME_TEXT];

	if (!p->req->revocations) {
		must_staple(p, f, NULL);
		find_not(f, KST_CHECK_REVOCATION, KST_REASON_NONE, -1, "off");
		return 0;
	}
	/* Who is trusted is not taken back by anybody but his list. */
	for (size_t i = 0; i + 1 < p->nr; i++) {
		if (check(p->req->revocations, p->cert[i], p->cert[i + 1], p->at, &at[i], err) < 0)
			return -1;
		switch (at[i].state) {
		case KST_REVOKED_NO:
			if (at[i].let_pass)
				find_lax(f, KST_REASON_CRL_BAD, (int)i, "%s", at[i].text);
			find_pass(f, KST_CHECK_REVOCATION, (int)i, "%s", at[i].source);
			break;
		case KST_REVOKED_YES:
			find_fail(f, KST_REASON_REVOKED, (int)i, "revoked on %s%s%s (%s)",
				  kst_time_text(at[i].when, KST_TIME_MINUTE, day), at[i].reason >= 0 ? ": " : "",
				  at[i].reason >= 0 ? kst_revocation_reason(at[i].reason) : "", at[i].source);
			break;
		case KST_REVOKED_UNKNOWN:
			unknown(p, i, &at[i], f);
			break;
		}
	}
	if (p->nr > 1)
		must_staple(p, f, &at[0]);
	return 0;
}
