/* SPDX-License-Identifier: ISC */
/* revocation_crl.c - what CRLs say of a certificate (RFC 5280 6.3.3) */
#include <stdio.h>
#include <string.h>

#include "crypto/cert_impl.h"
#include "kstool/alloc.h"
#include "kstool/time.h"
#include "revocation/revocation_impl.h"

#define OID_SUBJECT_KEY_ID "\x55\x1d\x0e"

#define REMOVE_FROM_CRL 8

static struct kst_revoked_at from(const struct kst_crl *c)
{
	struct kst_revoked_at of = { .this_update = c->this_update, .next_update = c->next_update };

	snprintf(of.source, sizeof(of.source), "%s", c->name);
	return of;
}

/* The list names the key that signed it, and the CA's is another. */
static bool other_key(const struct kst_crl *c, const struct kst_cert *issuer)
{
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(issuer, OID_SUBJECT_KEY_ID, NULL));
	struct kst_der_item id;

	return c->key_id.len && kst_der_expect(&d, KST_DER_OCTET_STRING, &id) == 0 &&
	       !kst_bytes_is(id.body, c->key_id.data, c->key_id.len);
}

enum kst_signed kst_crl_signed(struct kst_crl *c, const struct kst_cert *issuer)
{
	if (!c->judged || memcmp(c->judged_by, kst_cert_sha256(issuer), 32)) {
		c->sig = kst_signed_by(c->tbs, c->algorithm, c->signature, issuer);
		memcpy(c->judged_by, kst_cert_sha256(issuer), 32);
		c->judged = true;
	}
	return c->sig;
}

static const char *bad_signature(struct kst_crl *c, const struct kst_cert *issuer)
{
	switch (kst_crl_signed(c, issuer)) {
	case KST_SIGNED_NO:
		return other_key(c, issuer) ? "is signed with another key than the CA's"
					    : "is not signed by the CA, or was altered";
	case KST_SIGNED_BROKEN:
		return "is signed with MD5 or weaker, which proves nothing";
	case KST_SIGNED_UNKNOWN:
		return "is signed with an algorithm that this OpenSSL does not know";
	case KST_SIGNED_YES:
	case KST_SIGNED_WEAK:
		break;
	}
	return NULL;
}

/* A list that concerns the certificate: what it says for itself.  reasons 0: it is of no use. */
struct use {
	struct kst_crl *crl;
	unsigned reasons;
	enum kst_fresh fresh;
};

/* Does the certificate, or its issuer's name, lead to this list at all? */
static bool concerns(const struct kst_crl *c, const struct kst_cert *cert, unsigned covers)
{
	return covers || kst_name_equal(c->issuer, kst_cert_issuer_der(cert));
}

static int look(struct kst_inquiry *q, struct kst_crl *c, struct use *use, struct kst_error *err)
{
	struct kst_revoked_at of = from(c);
	char why[120], day[KST_TIME_TEXT];
	const char *bad;

	*use = (struct use){ .crl = c };
	use->reasons = kst_crl_covers(c, q->cert, why, sizeof(why));
	if (!concerns(c, q->cert, use->reasons))
		return 0;
	if (!use->reasons) {
		kst_inquiry_none(q, KST_REVOKED_NO_SOURCE, &of, "%s", why);
		return 0;
	}
	if (!kst_name_equal(c->issuer, kst_cert_subject_der(q->issuer))) {
		use->reasons = 0;
		kst_inquiry_none(
			q, KST_REVOKED_NO_SOURCE, &of,
			"is issued by another than the CA itself, which kstool does not follow");
		return 0;
	}
	bad = bad_signature(c, q->issuer);
	/* RFC 5280 6.3.3 (f) */
	if (!bad && !kst_key_usage_allows(q->issuer, KST_USAGE_SIGNS_CRLS))
		bad = "is signed by a CA whose key usage does not allow that (no cRLSign)";
	if (!bad && kst_crl_index(c, err) < 0)
		return -1;
	if (bad || *c->fault) {
		use->reasons = 0;
		kst_inquiry_none(q, KST_REVOKED_BAD, &of, "%s%s",
				 bad ? bad : "cannot be used: ", bad ? "" : c->fault);
		return 0;
	}
	use->fresh = kst_fresh(q->at, c->this_update, c->next_update, kst_cert_not_after(q->cert));
	if (use->fresh == KST_OVERDUE)
		kst_inquiry_none(q, KST_REVOKED_STALE, &of,
				 "is out of date: the next one was due %s",
				 kst_time_text(c->next_update, KST_TIME_MINUTE, day));
	else if (use->fresh == KST_TOO_EARLY)
		kst_inquiry_none(q, KST_REVOKED_STALE, &of, "is not yet valid: it is of %s",
				 kst_time_text(c->this_update, KST_TIME_MINUTE, day));
	return 0;
}

static bool usable(const struct use *u)
{
	return u->reasons && (u->fresh == KST_FRESH || u->fresh == KST_FRESH_LATER);
}

static bool same_scope(const struct kst_crl *a, const struct kst_crl *b)
{
	return kst_bytes_is(a->scope.der, b->scope.der.data, b->scope.der.len);
}

/* Of several lists with one scope the newest speaks; of two copies, the first. */
static bool outdone(const struct use *u, const struct use *all, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct use *o = &all[i];

		if (o == u || !usable(o) || o->crl->delta || !same_scope(u->crl, o->crl))
			continue;
		if (kst_crl_newer(o->crl, u->crl) || (o < u && !kst_crl_newer(u->crl, o->crl)))
			return true;
	}
	return false;
}

/* The newest delta CRL that goes on from this list (RFC 5280 5.2.4), or NULL. */
static const struct use *delta_of(const struct use *u, const struct use *all, size_t nr)
{
	const struct use *best = NULL;

	for (size_t i = 0; i < nr; i++) {
		const struct use *o = &all[i];

		if (!usable(o) || !o->crl->delta || !same_scope(u->crl, o->crl) ||
		    !u->crl->number.len || !o->crl->number.len ||
		    kst_crl_number_cmp(o->crl->base, u->crl->number) > 0 ||
		    kst_crl_number_cmp(o->crl->number, u->crl->number) <= 0)
			continue;
		if (!best || kst_crl_newer(o->crl, best->crl))
			best = o;
	}
	return best;
}

static void lax(struct kst_revoked_at *of, const struct kst_crl *c)
{
	const char *text = c->sig == KST_SIGNED_WEAK ? "it is signed with SHA-1" : c->lax;

	if (*text && !of->let_pass) {
		of->let_pass = true;
		snprintf(of->text, sizeof(of->text), "%s: %s", of->source, text);
	}
}

/* What one list, with its delta, says. */
static bool listed(struct kst_inquiry *q, const struct use *u, const struct use *delta, bool old)
{
	struct kst_bytes serial = kst_cert_serial(q->cert), issuer = kst_cert_issuer_der(q->cert);
	struct kst_crl_found f;
	const struct kst_crl *c = u->crl;
	struct kst_revoked_at of;
	bool in = false;

	if (delta && kst_crl_find(delta->crl, serial, issuer, &f)) {
		c = delta->crl;
		in = true;
	} else if (kst_crl_find(u->crl, serial, issuer, &f)) {
		in = true;
	}
	/* Only a delta takes an entry back (RFC 5280 5.3.1): who stands in a complete list is revoked. */
	if (!in || (f.reason == REMOVE_FROM_CRL && c->delta) || !kst_revoked_then(q->at, f.when, f.reason, c->this_update))
		return false;
	of = from(c);
	of.when = f.when;
	of.reason = f.reason;
	of.invalid_since = f.invalid_since;
	lax(&of, c);
	kst_inquiry_yes(q, &of, old);
	return true;
}

static void weigh(struct kst_inquiry *q, const struct use *use, size_t nr)
{
	const struct kst_crl *first = NULL;
	bool yes = false, bases = false;
	unsigned reasons = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct use *u = &use[i];

		if (!u->reasons || u->crl->delta)
			continue;
		if (!usable(u)) {
			listed(q, u, NULL, true);
			continue;
		}
		bases = true;
		if (outdone(u, use, nr))
			continue;
		if (listed(q, u, delta_of(u, use, nr), false)) {
			yes = true;
		} else {
			reasons |= u->reasons;
			first = first ? first : u->crl;
		}
	}
	if (!yes && first) {
		struct kst_revoked_at of = from(first);

		if (reasons == KST_REASONS_ALL) {
			lax(&of, first);
			kst_inquiry_no(q, &of);
		} else {
			kst_inquiry_none(q, KST_REVOKED_NO_SOURCE, &of,
					 "speaks of some reasons for a revocation only");
		}
	}
	for (size_t i = 0; i < nr && !bases; i++)
		if (usable(&use[i])) {
			struct kst_revoked_at of = from(use[i].crl);

			/* What it lists is revoked; of the others it says nothing. */
			if (!listed(q, &use[i], NULL, false))
				kst_inquiry_none(
					q, KST_REVOKED_NO_SOURCE, &of,
					"is a delta CRL: it tells what changed since a complete "
					"one, which is not here");
		}
}

int kst_inquiry_crls(struct kst_inquiry *q, struct kst_crl *const *crl, size_t nr,
		     struct kst_error *err)
{
	struct use *use;
	size_t used = 0;

	if (!nr)
		return 0;
	use = kst_calloc(nr, sizeof(*use));
	if (!use)
		return kst_error_nomem(err);
	for (size_t i = 0; i < nr; i++) {
		if (look(q, crl[i], &use[used], err) < 0) {
			kst_free(use);
			return -1;
		}
		used += use[used].reasons != 0;
	}
	weigh(q, use, used);
	kst_free(use);
	return 0;
}
