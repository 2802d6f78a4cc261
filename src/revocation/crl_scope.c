/* SPDX-License-Identifier: ISC */
/* crl_scope.c - which certificates a CRL speaks for (RFC 5280 6.3.3 b, d) */
#include <stdio.h>

#include "crypto/cert_impl.h"
#include "crypto/der.h"
#include "revocation/crl.h"

#define OID_DISTRIBUTION_POINTS "\x55\x1d\x1f"

int kst_crl_each_point(const struct kst_cert *cert,
		       int (*each)(void *ctx, const struct kst_crl_point *point), void *ctx)
{
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(cert, OID_DISTRIBUTION_POINTS, NULL)), list,
		       in;
	struct kst_der_item item;

	if (kst_der_end(&d))
		return 0;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &list) < 0)
		return -1;
	while (!kst_der_end(&list)) {
		struct kst_crl_point p = { .reasons = KST_REASONS_ALL };

		if (kst_der_enter(&list, KST_DER_SEQUENCE, &in) < 0)
			return -1;
		if (kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &item) == 1)
			p.name = item.body;
		if (kst_der_optional(&in, KST_DER_CONTEXT(1), &item) == 1 &&
		    kst_crl_reason_flags(item.body, &p.reasons) < 0)
			return -1;
		if (kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(2), &item) == 1)
			p.issuers = item.body;
		if (!kst_der_end(&in))
			return -1;
		if (each(ctx, &p))
			return 0;
	}
	return 0;
}

/* Names of a certificate are held against names of a list, each against each, before anybody's
 * signature was looked at: so many times and no more.  What is left then does not match. */
#define COMPARISONS_MAX 20000

static bool same_general_name(const struct kst_der_item *a, const struct kst_der_item *b)
{
	if (a->id != b->id)
		return false;
	if (a->id == KST_DER_CONTEXT_CONSTRUCTED(4))
		return kst_name_equal(a->body, b->body);
	return kst_bytes_is(a->body, b->body.data, b->body.len);
}

/* Do two GeneralNames (contents) have one in common? */
static bool share(struct kst_bytes a, struct kst_bytes b, unsigned *left)
{
	struct kst_der da = kst_der_bytes(a);
	struct kst_der_item x, y;

	while (*left && kst_der_next(&da, &x) == 1) {
		struct kst_der db = kst_der_bytes(b);

		while (*left && kst_der_next(&db, &y) == 1) {
			--*left;
			if (same_general_name(&x, &y))
				return true;
		}
	}
	return false;
}

static bool has_directory_name(struct kst_bytes names, struct kst_bytes name)
{
	struct kst_der d = kst_der_bytes(names);
	struct kst_der_item x;

	while (kst_der_next(&d, &x) == 1)
		if (x.id == KST_DER_CONTEXT_CONSTRUCTED(4) && kst_name_equal(x.body, name))
			return true;
	return false;
}

/* DistributionPointName: [0] fullName or [1] nameRelativeToCRLIssuer; the contents of a fullName.
 */
static struct kst_bytes full_name(struct kst_bytes point)
{
	struct kst_der d = kst_der_bytes(point);
	struct kst_der_item item;

	if (kst_der_optional(&d, KST_DER_CONTEXT_CONSTRUCTED(0), &item) == 1)
		return item.body;
	return (struct kst_bytes){ .data = NULL };
}

struct covering {
	const struct kst_crl *crl;
	unsigned reasons;
	unsigned left; /* comparisons */
	bool own;      /* of the issuer of the certificate */
	bool any;      /* the certificate has points */
};

static bool same_point(const struct kst_crl *crl, const struct kst_crl_point *p, unsigned *left)
{
	struct kst_bytes list = full_name(crl->scope.point), mine = full_name(p->name);

	if (!crl->scope.point.len)
		return true;
	if (list.len)
		return share(list, mine.len ? mine : p->issuers, left);
	/* Both relative to the issuer of the list. */
	return kst_bytes_is(crl->scope.point, p->name.data, p->name.len);
}

static int match(void *ctx, const struct kst_crl_point *p)
{
	struct covering *c = ctx;

	c->any = true;
	if (!c->left)
		return 1;
	c->left--;
	/* The point says who issues its list; without, the issuer of the certificate does. */
	if (p->issuers.len
		    ? has_directory_name(p->issuers, c->crl->issuer) && c->crl->scope.indirect
		    : c->own)
		if (same_point(c->crl, p, &c->left))
			c->reasons |= p->reasons;
	return 0;
}

unsigned kst_crl_covers(const struct kst_crl *crl, const struct kst_cert *cert, char *why,
			size_t size)
{
	struct covering c = { .crl = crl,
			      .own = kst_name_equal(crl->issuer, cert->issuer),
			      .left = COMPARISONS_MAX };
	bool ca = kst_cert_is_ca(cert);

	*why = '\0';
	if (crl->scope.attribute) {
		snprintf(why, size, "is about attribute certificates only");
		return 0;
	}
	if (ca ? crl->scope.user : crl->scope.ca) {
		snprintf(why, size, "is about %s certificates only", ca ? "end entity" : "CA");
		return 0;
	}
	if (kst_crl_each_point(cert, match, &c) < 0) {
		snprintf(why, size,
			 "is of no use: the distribution points of the certificate are malformed");
		return 0;
	}
	/* A list of the CA that is of no one point is about all that it issued. */
	if (c.own && !crl->scope.point.len && !c.reasons)
		c.reasons = KST_REASONS_ALL;
	/* Without distribution points, one named by the issuer is taken to be there. */
	if (c.own && !c.any && has_directory_name(full_name(crl->scope.point), cert->issuer))
		c.reasons = KST_REASONS_ALL;
	if (!c.reasons)
		snprintf(why, size,
			 "is of a distribution point that the certificate does not name");
	return c.reasons & crl->scope.reasons;
}
