/* SPDX-License-Identifier: ISC */
/*
 * path_form.c - is it made as RFC 5280 says, and (for servers) as the CA/Browser Forum wants?
 *
 * What no two programs would read the same way is refused always: duplicate
 * extensions, two different signature algorithms, extensions of the path that do not
 * decode.  What a CA should not have issued, but is clear, passes and is told;
 * --policy strict refuses it.
 */
#include <string.h>

#include "crypto/names.h"
#include "verify/path.h"

/* Name as an error has it. */
static const char *const title[EXT_COUNT] = {
	[EXT_BASIC] = "basicConstraints", [EXT_KEY_USAGE] = "keyUsage", [EXT_EKU] = "extKeyUsage",
	[EXT_SAN] = "subjectAltName", [EXT_NAMES] = "nameConstraints", [EXT_AKI] = "authorityKeyIdentifier",
	[EXT_SKI] = "subjectKeyIdentifier", [EXT_POLICIES] = "certificatePolicies",
	[EXT_POLICY_MAPPINGS] = "policyMappings", [EXT_POLICY_CONSTRAINTS] = "policyConstraints",
	[EXT_INHIBIT_ANY] = "inhibitAnyPolicy", [EXT_CRL_POINTS] = "cRLDistributionPoints",
	[EXT_ISSUER_ALT] = "issuerAltName", [EXT_AIA] = "authorityInfoAccess",
	[EXT_NETSCAPE_TYPE] = "netscapeCertType", [EXT_OCSP_NOCHECK] = "id-pkix-ocsp-nocheck",
	[EXT_TLS_FEATURE] = "tlsFeature",
};

/* ---- what must not be ---- */

/* The algorithm stands twice, and only one of them is signed (RFC 5280 4.1.1.2). */
static bool algorithms_agree(const struct kst_cert *cert)
{
	struct kst_der d = kst_der_bytes(kst_cert_der(cert)), in, tbs;
	struct kst_der_item alg;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || kst_der_enter(&in, KST_DER_SEQUENCE, &tbs) < 0 ||
	    kst_der_optional(&tbs, KST_DER_CONTEXT_CONSTRUCTED(0), &alg) < 0 ||
	    kst_der_expect(&tbs, KST_DER_INTEGER, NULL) < 0 || kst_der_expect(&tbs, KST_DER_SEQUENCE, &alg) < 0)
		return false;
	return kst_bytes_is(alg.whole, cert->sig_alg.data, cert->sig_alg.len);
}

static void broken(const struct path *p, size_t i, struct findings *f)
{
	const struct exts *x = &p->ext[i];
	char oid[PATH_NAME];
	int depth = (int)i;

	if (!algorithms_agree(p->cert[i]))
		find_fail(f, KST_REASON_MALFORMED, depth, "it names two different signature algorithms");
	if (x->malformed)
		find_fail(f, KST_REASON_MALFORMED, depth, "its extensions do not decode");
	if (x->twice.data)
		find_fail(f, KST_REASON_MALFORMED, depth, "the extension %s comes twice", path_oid(x->twice, oid));
	for (int k = 0; k < EXT_COUNT; k++) {
		if (!x->of[k].bad)
			continue;
		if (k == EXT_AIA || k == EXT_CRL_POINTS || k == EXT_ISSUER_ALT || k == EXT_TLS_FEATURE)
			find_lax(f, KST_REASON_MALFORMED, depth, "its %s does not decode", title[k]);
		else
			find_fail(f, KST_REASON_MALFORMED, depth, "its %s does not decode", title[k]);
	}
}

/* ---- what should not be ---- */

static bool empty_name(struct kst_bytes name)
{
	struct kst_name_iter it;
	struct kst_name_attr a;

	kst_name_start(&it, name);
	return kst_name_next(&it, &a) == 0;
}

static void serial(const struct kst_cert *cert, int depth, struct findings *f)
{
	struct kst_bytes s = kst_cert_serial(cert);
	bool zero = true;

	for (size_t i = 0; i < s.len; i++)
		zero &= !s.data[i];
	if (zero)
		find_lax(f, KST_REASON_MALFORMED, depth, "its serial number is zero");
	else if (s.data[0] & 0x80)
		find_lax(f, KST_REASON_MALFORMED, depth, "its serial number is negative");
	else if (s.len > 20)
		find_lax(f, KST_REASON_MALFORMED, depth, "its serial number is longer than 20 octets");
}

static void criticality(const struct exts *x, int depth, struct findings *f)
{
	static const enum ext_known never[] = { EXT_AKI, EXT_SKI, EXT_AIA, EXT_ISSUER_ALT };
	static const enum ext_known always[] = { EXT_NAMES, EXT_POLICY_CONSTRAINTS, EXT_INHIBIT_ANY };

	for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++)
		if (x->of[never[k]].critical)
			find_lax(f, KST_REASON_MALFORMED, depth, "its %s is critical", title[never[k]]);
	for (size_t k = 0; k < sizeof(always) / sizeof(always[0]); k++)
		if (x->of[always[k]].has && !x->of[always[k]].critical)
			find_lax(f, KST_REASON_MALFORMED, depth, "its %s is not critical", title[always[k]]);
	if (x->ca && !x->of[EXT_BASIC].critical)
		find_lax(f, KST_REASON_MALFORMED, depth, "its basicConstraints is not critical");
}

static void key_ids(const struct path *p, size_t i, struct findings *f)
{
	const struct exts *x = &p->ext[i];
	bool root = i == p->nr - 1 && kst_cert_is_self_issued(p->cert[i]), ca = i > 0 || x->ca;
	char above[PATH_NAME];
	int depth = (int)i;

	if (!x->any)
		return; /* version 1 has no extensions, and is told of by itself */
	/* RFC 5280 6.1 does not ask for it, but OpenSSL and GnuTLS take the issuer for another one then. */
	if (i + 1 < p->nr && x->aki_has_key_id && p->ext[i + 1].of[EXT_SKI].has &&
	    !kst_bytes_is(x->aki_key_id, p->ext[i + 1].ski.data, p->ext[i + 1].ski.len))
		find_fail(f, KST_REASON_MALFORMED, depth, "its authorityKeyIdentifier is that of another key than %s has",
			  path_name(p->cert[i + 1], above));
	if (!root && (!x->of[EXT_AKI].has || !x->aki_has_key_id))
		find_lax(f, KST_REASON_MALFORMED, depth, "it has no authorityKeyIdentifier");
	if (ca && !x->of[EXT_SKI].has)
		find_lax(f, KST_REASON_MALFORMED, depth, "it is a CA without subjectKeyIdentifier");
	if (!root || !x->of[EXT_AKI].has)
		return;
	/* Baseline Requirements 7.1.2.1.3 */
	if (!x->aki_has_key_id)
		find_lax(f, KST_REASON_WEB_PKI, depth, "its authorityKeyIdentifier has no keyIdentifier");
	else if (!kst_bytes_is(x->aki_key_id, x->ski.data, x->ski.len))
		find_lax(f, KST_REASON_WEB_PKI, depth, "it signed itself, and its key identifiers differ");
	if (x->aki_issuer || x->aki_serial)
		find_lax(f, KST_REASON_WEB_PKI, depth, "its authorityKeyIdentifier names an issuer and serial number");
}

static void profile(const struct path *p, size_t i, struct findings *f)
{
	const struct kst_cert *cert = p->cert[i];
	const struct exts *x = &p->ext[i];
	int depth = (int)i;

	if (x->any && cert->version != 2)
		find_lax(f, KST_REASON_MALFORMED, depth, "it has extensions, and its version is not 3");
	else if (cert->version != 2)
		find_lax(f, KST_REASON_WEB_PKI, depth, "its version is not 3");
	serial(cert, depth, f);
	if (empty_name(kst_cert_issuer_der(cert)))
		find_lax(f, KST_REASON_MALFORMED, depth, "its issuer has no name");
	if (empty_name(kst_cert_subject_der(cert))) {
		if (i > 0 || x->ca)
			find_lax(f, KST_REASON_MALFORMED, depth, "it is a CA without a name");
		else if (!x->of[EXT_SAN].has)
			find_lax(f, KST_REASON_MALFORMED, depth, "it has neither subject nor subjectAltName");
		else if (!x->of[EXT_SAN].critical)
			find_lax(f, KST_REASON_MALFORMED, depth, "it has no subject, and its subjectAltName is not critical");
	}
	criticality(x, depth, f);
	key_ids(p, i, f);
	if (x->path_len >= 0 && !x->ca)
		find_lax(f, KST_REASON_MALFORMED, depth, "it is no CA, and has a path length");
	if (x->of[EXT_NAMES].has && !x->ca)
		find_lax(f, KST_REASON_MALFORMED, depth, "it is no CA, and has name constraints");
	if (!x->ca && x->of[EXT_KEY_USAGE].has && (x->key_usage & KEY_MAY_CERT_SIGN))
		find_lax(f, KST_REASON_MALFORMED, depth, "it is no CA, and its key usage has keyCertSign");
	if (x->ca && !(x->key_usage & KEY_MAY_CERT_SIGN) && i == 0)
		find_lax(f, KST_REASON_MALFORMED, depth, "it is a CA, and its key usage lacks keyCertSign");
}

/* ---- servers (CA/Browser Forum, Baseline Requirements 7.1.2.7) ---- */

/* Nobody has so many; thousands of each would cost a second. */
#define MAX_CN_LOOKS 20000

struct cn_search {
	const char *cn;
	bool found;
	unsigned *left;
};

static int same_as_cn(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	struct cn_search *c = ctx;

	(void)type;
	if (!*c->left)
		return 1;
	--*c->left;
	c->found |= strlen(c->cn) == len && memcmp(c->cn, value, len) == 0;
	return c->found;
}

struct cn_check {
	const struct kst_cert *cert;
	struct findings *f;
	unsigned left;
};

/* One that is missing is told, the others say no more. */
static int each_rdn(void *ctx, const char *type, const char *value)
{
	struct cn_check *k = ctx;
	struct cn_search c = { .cn = value, .left = &k->left };

	if (strcmp(type, "CN") != 0)
		return 0;
	kst_cert_each_san(k->cert, same_as_cn, &c);
	if (c.found)
		return 0;
	if (!k->left)
		find_lax(k->f, KST_REASON_WEB_PKI, 0, "it has too many CNs and subjectAltNames to compare");
	else
		find_lax(k->f, KST_REASON_WEB_PKI, 0, "its CN \"%.80s\" is not among its subjectAltNames", value);
	return 1;
}

static int bad_dns(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	const char **bad = ctx;

	if (type != KST_SAN_DNS)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*", value[i]) || !value[i])
			*bad = value[i] == '_' ? "it has an underscore in a dNSName" : "it has a dNSName with other characters than a host name has";
	return *bad != NULL;
}

static void server(const struct path *p, struct findings *f)
{
	const struct exts *x = &p->ext[0], *top = &p->ext[p->nr - 1];
	struct cn_check k = { p->cert[0], f, MAX_CN_LOOKS };
	const char *bad = NULL;

	if (!x->of[EXT_SAN].has) {
		find_lax(f, KST_REASON_WEB_PKI, 0, "it has no subjectAltName");
	} else {
		kst_cert_each_rdn(p->cert[0], false, each_rdn, &k);
		kst_cert_each_san(p->cert[0], bad_dns, &bad);
		if (bad) /* RFC 5280 4.2.1.6: preferred name syntax (RFC 1034 3.5) */
			find_lax(f, KST_REASON_MALFORMED, 0, "%s", bad);
		if (x->of[EXT_SAN].critical && !empty_name(kst_cert_subject_der(p->cert[0])))
			find_lax(f, KST_REASON_WEB_PKI, 0, "it has a subject, and its subjectAltName is critical");
	}
	if (!x->of[EXT_EKU].has)
		find_lax(f, KST_REASON_WEB_PKI, 0, "it has no extended key usage");
	else if (x->eku_any)
		find_lax(f, KST_REASON_WEB_PKI, 0, "its extended key usage is \"any\"");
	if (x->of[EXT_EKU].critical)
		find_lax(f, KST_REASON_WEB_PKI, 0, "its extended key usage is critical");
	if (p->nr > 1 && kst_cert_is_self_issued(p->cert[p->nr - 1]) && top->of[EXT_EKU].has)
		find_lax(f, KST_REASON_WEB_PKI, (int)p->nr - 1, "it is a root, and has an extended key usage");
}

void rule_form(const struct path *p, struct findings *f)
{
	for (size_t i = 0; i < p->nr; i++) {
		broken(p, i, f);
		profile(p, i, f);
	}
	if (p->usage == KST_USAGE_SERVER)
		server(p, f);
}
