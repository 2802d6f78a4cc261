/* SPDX-License-Identifier: ISC */
/*
 * path_policy.c - must there be a certificate policy, and is there none? (RFC 5280 6.1.3 (d) to (f), 6.1.4 (h), (i), 6.1.5)
 *
 * A certificate without policies empties the tree of those that are valid; what then is left is
 * counting.  Where every certificate has some, the tree is OpenSSL's to grow (path_openssl.c).
 */
#include "verify/path.h"

/* requireExplicitPolicy, or -1. */
static int64_t required(const struct exts *x)
{
	struct kst_der d = kst_der_bytes(x->of[EXT_POLICY_CONSTRAINTS].value), in;
	struct kst_der_item item;
	uint64_t skip;

	if (!x->of[EXT_POLICY_CONSTRAINTS].has || kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_optional(&in, KST_DER_CONTEXT(0), &item) != 1 || kst_der_uint(item.body, &skip) < 0)
		return -1;
	return skip > PATH_CERTS ? PATH_CERTS : (int64_t)skip;
}

bool path_has_policies(const struct path *p)
{
	for (size_t i = 0; i + 1 < p->nr; i++)
		if (!p->ext[i].of[EXT_POLICIES].has)
			return false;
	return true;
}

void rule_policies(const struct path *p, struct findings *f)
{
	int64_t may_lack = PATH_CERTS + 1; /* explicit_policy: so many certificates need none */
	bool none = false;                 /* the tree is empty */

	/* Of the anchor nothing is taken but its name and key (RFC 5280 6.1.1 (d)). */
	for (size_t i = p->nr - 1; i-- > 0;) {
		int64_t skip = required(&p->ext[i]);
		bool fails;

		none |= !p->ext[i].of[EXT_POLICIES].has;
		fails = none && may_lack == 0; /* 6.1.3 (f) */
		if (i > 0) { /* 6.1.4 (h), (i) */
			if (may_lack > 0 && !kst_cert_is_self_issued(p->cert[i]))
				may_lack--;
			if (skip >= 0 && skip < may_lack)
				may_lack = skip;
		} else { /* 6.1.5 (a), (b), (g) */
			if (may_lack > 0)
				may_lack--;
			if (skip == 0)
				may_lack = 0;
			fails |= none && may_lack == 0;
		}
		if (fails) {
			find_fail(f, KST_REASON_POLICY, (int)i, "a certificate policy is demanded here, and there is none");
			return;
		}
	}
}
