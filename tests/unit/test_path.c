/* SPDX-License-Identifier: ISC */
/* test_path.c - one fault each, in a chain of root, issuing CA and leaf: which reason, where, and how bad */
#include <check.h>

#include "path_kit.h"

enum { GOOD, BAD, LAX }; /* LAX: the default lets it pass and says so, strict refuses it */

struct row {
	const char *name;
	struct path_how leaf, ca, root;
	const char *host;    /* NULL: a.test */
	enum kst_usage usage; /* FROM_CERT: a server, since there is a host */
	int how;
	enum kst_reason reason;
	int depth;
	bool allow_cn;
};
#define LEAF(...) .leaf = { __VA_ARGS__ }
#define CA_(...) .ca = { __VA_ARGS__ }
#define ROOT(...) .root = { __VA_ARGS__ }
#define EXT(...) .ext = { __VA_ARGS__ }
#define IS(h, r, d) .how = h, .reason = KST_REASON_##r, .depth = d

static const struct row rows[] = {
	{ "as it should be", .how = GOOD },
	/* dates */
	{ "expired leaf", LEAF(.from = -9, .to = -2), IS(BAD, EXPIRED, 0) },
	{ "expired CA", CA_(.from = -9, .to = -2), IS(BAD, EXPIRED, 1) },
	{ "expired root", ROOT(.from = -9, .to = -2), IS(BAD, EXPIRED, 2) },
	{ "leaf of tomorrow", LEAF(.from = 2, .to = 9), IS(BAD, NOT_YET, 0) },
	/* signatures */
	{ "leaf with another signature", LEAF(.broken = true), IS(BAD, BAD_SIGNATURE, 0) },
	{ "CA with another signature", CA_(.broken = true), IS(BAD, BAD_SIGNATURE, 1) },
	/* names */
	{ "another host", .host = "b.test", IS(BAD, HOST, 0) },
	{ "no SAN", LEAF(EXT("subjectAltName=")), IS(BAD, CN_ONLY, 0) },
	{ "no SAN, and that is allowed", LEAF(EXT("subjectAltName=")), IS(LAX, WEB_PKI, 0), .allow_cn = true },
	{ "CN beside a SAN does not count", LEAF(EXT("subjectAltName=DNS:b.test")), IS(BAD, HOST, 0), .allow_cn = true },
	{ "address", LEAF(EXT("subjectAltName=DNS:a.test,IP:10.1.2.3")), .host = "10.1.2.3", .how = GOOD },
	{ "address as a name", LEAF(EXT("subjectAltName=DNS:a.test,DNS:10.1.2.3")), .host = "10.1.2.3", IS(BAD, HOST, 0) },
	{ "IPv6", LEAF(EXT("subjectAltName=DNS:a.test,IP:2001:db8::1")), .host = "2001:DB8:0::1", .how = GOOD },
	{ "punycode", LEAF(EXT("subjectAltName=DNS:a.test,DNS:xn--bcher-kva.test")), .host = "B\xc3\xbc""cher.test", .how = GOOD },
	{ "mailbox", LEAF(EXT("subjectAltName=DNS:a.test,email:jo@b.test", "extendedKeyUsage=emailProtection")),
	  .host = "jo@B.test", .how = GOOD },
	{ "another mailbox", LEAF(EXT("subjectAltName=email:jo@b.test", "extendedKeyUsage=emailProtection")),
	  .host = "Jo@b.test", IS(BAD, HOST, 0) },
	/* usages */
	{ "client's as server", LEAF(EXT("extendedKeyUsage=clientAuth")), IS(BAD, PURPOSE, 0) },
	{ "server's as client", .usage = KST_USAGE_CLIENT, IS(BAD, PURPOSE, 0) },
	{ "server's for code", .usage = KST_USAGE_CODE, IS(BAD, PURPOSE, 0) },
	{ "server's for anything", .usage = KST_USAGE_ANY, .how = GOOD },
	{ "leaf as CA", .usage = KST_USAGE_CA, IS(BAD, NOT_A_CA, 0) },
	{ "both", LEAF(EXT("extendedKeyUsage=serverAuth,clientAuth")), .usage = KST_USAGE_CLIENT, .how = GOOD },
	{ "any", LEAF(EXT("extendedKeyUsage=anyExtendedKeyUsage")), .usage = KST_USAGE_CODE, .how = GOOD },
	{ "none", LEAF(EXT("extendedKeyUsage=")), IS(LAX, WEB_PKI, 0) },
	{ "critical", LEAF(EXT("extendedKeyUsage=critical,serverAuth")), IS(LAX, WEB_PKI, 0) },
	{ "CA for clients", CA_(EXT("extendedKeyUsage=clientAuth")), IS(BAD, PURPOSE, 1) },
	{ "root with usage", ROOT(EXT("extendedKeyUsage=serverAuth")), IS(LAX, WEB_PKI, 2) },
	{ "leaf that signs lists", LEAF(EXT("keyUsage=cRLSign")), IS(BAD, KEY_USAGE, 0) },
	{ "CA that signs lists alone", CA_(EXT("keyUsage=critical,cRLSign")), IS(BAD, KEY_USAGE, 1) },
	{ "root that signs lists alone", ROOT(EXT("keyUsage=critical,cRLSign")), IS(BAD, KEY_USAGE, 2) },
	/* CA or not */
	{ "CA:FALSE", CA_(EXT("basicConstraints=critical,CA:FALSE")), IS(BAD, NOT_A_CA, 1) },
	{ "no basicConstraints", CA_(EXT("basicConstraints=")), IS(BAD, NOT_A_CA, 1) },
	{ "version 1", CA_(.version = 1), IS(BAD, NOT_A_CA, 1) },
	{ "root without basicConstraints", ROOT(EXT("basicConstraints=")), IS(LAX, NOT_A_CA, 2) },
	{ "root of version 1", ROOT(.version = 1), IS(LAX, NOT_A_CA, 2) },
	{ "a CA as server", LEAF(EXT("basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature,keyCertSign",
				     "subjectKeyIdentifier=hash")), IS(LAX, WEB_PKI, 0) },
	/* lengths */
	{ "pathlen 0 above a leaf", CA_(EXT("basicConstraints=critical,CA:TRUE,pathlen:0")), .how = GOOD },
	{ "pathlen 0 above a CA", ROOT(EXT("basicConstraints=critical,CA:TRUE,pathlen:0")), IS(BAD, PATH_LENGTH, 2) },
	/* constraints */
	{ "permitted", CA_(EXT("nameConstraints=critical,permitted;DNS:test")), .how = GOOD },
	{ "not permitted", CA_(EXT("nameConstraints=critical,permitted;DNS:b.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "excluded", ROOT(EXT("nameConstraints=critical,excluded;DNS:a.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "excluded beside permitted", ROOT(EXT("nameConstraints=critical,permitted;DNS:test,excluded;DNS:a.test")),
	  IS(BAD, NAME_CONSTRAINT, 0) },
	{ "other kinds are free", ROOT(EXT("nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0")), .how = GOOD },
	{ "not critical", ROOT(EXT("nameConstraints=permitted;DNS:a.test")), IS(LAX, MALFORMED, 2) },
	{ "leading period", ROOT(EXT("nameConstraints=critical,permitted;DNS:.test")), IS(LAX, MALFORMED, 2) },
	{ "leading period, not itself", ROOT(EXT("nameConstraints=critical,permitted;DNS:.a.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "wildcard over an excluded name", LEAF(EXT("subjectAltName=DNS:*.a.test,DNS:a.test")),
	  ROOT(EXT("nameConstraints=critical,excluded;DNS:x.a.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "wildcard wider than what is permitted", LEAF(EXT("subjectAltName=DNS:*.a.test")), .host = "x.a.test",
	  ROOT(EXT("nameConstraints=critical,permitted;DNS:x.a.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "address outside", LEAF(EXT("subjectAltName=DNS:a.test,IP:11.1.2.3")),
	  ROOT(EXT("nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "mailbox outside", LEAF(EXT("subjectAltName=DNS:a.test,email:jo@c.test")),
	  ROOT(EXT("nameConstraints=critical,permitted;email:b.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "URI outside", LEAF(EXT("subjectAltName=DNS:a.test,URI:spiffe://c.test/x")),
	  ROOT(EXT("nameConstraints=critical,permitted;URI:b.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "URI inside", LEAF(EXT("subjectAltName=DNS:a.test,URI:spiffe://b.test/x")),
	  ROOT(EXT("nameConstraints=critical,permitted;URI:b.test")), .how = GOOD },
	{ "URI with an address behind its path", LEAF(EXT("subjectAltName=DNS:a.test,URI:x/y?z=http://b.test/")),
	  ROOT(EXT("nameConstraints=critical,permitted;URI:b.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "CN for a host that is excluded", LEAF(EXT("subjectAltName=")), .allow_cn = true,
	  ROOT(EXT("nameConstraints=critical,excluded;DNS:a.test")), IS(BAD, NAME_CONSTRAINT, 0) },
	{ "unknown and critical, of a UUID", LEAF(EXT("2.25.329800735698586629295641978511506172918=critical,DER:0500")),
	  IS(BAD, CRITICAL, 0) },
	{ "critical, and heeded by nobody", LEAF(EXT("nsCertType=critical,client")), IS(BAD, CRITICAL, 0) },
	{ "a constraint that is empty", ROOT(EXT("nameConstraints=critical,DER:3000")), IS(BAD, MALFORMED, 2) },
	{ "of a leaf", LEAF(EXT("nameConstraints=critical,permitted;DNS:a.test")), IS(LAX, MALFORMED, 0) },
	{ "unknown and critical", LEAF(EXT("1.2.3.4=critical,DER:0500")), IS(BAD, CRITICAL, 0) },
	{ "unknown and critical, of the root", ROOT(EXT("1.2.3.4=critical,DER:0500")), IS(BAD, CRITICAL, 2) },
	{ "unknown", LEAF(EXT("1.2.3.4=DER:0500")), .how = GOOD },
	{ "a policy is required, and there is none", CA_(EXT("policyConstraints=critical,requireExplicitPolicy:0")),
	  IS(BAD, POLICY, 0) },
	{ "a policy is required of the next but one", CA_(EXT("policyConstraints=critical,requireExplicitPolicy:2")), .how = GOOD },
	{ "a policy is required, and the CA has none", CA_(EXT("policyConstraints=critical,requireExplicitPolicy:0")),
	  LEAF(EXT("certificatePolicies=DER:3006300406022A03")), IS(BAD, POLICY, 0) },
	{ "a policy is required, and both have it", CA_(EXT("policyConstraints=critical,requireExplicitPolicy:0",
	  "certificatePolicies=DER:3006300406022A03")), LEAF(EXT("certificatePolicies=DER:3006300406022A03")), .how = GOOD },
	{ "a policy is required, and each has another", CA_(EXT("policyConstraints=critical,requireExplicitPolicy:0",
	  "certificatePolicies=DER:3006300406022A03")), LEAF(EXT("certificatePolicies=DER:3006300406022A04")), IS(BAD, POLICY, 0) },
	{ "inhibitAnyPolicy alone", CA_(EXT("inhibitAnyPolicy=critical,0", "certificatePolicies=DER:3006300406022A03")),
	  LEAF(EXT("certificatePolicies=DER:300830060604551D2000")), .how = GOOD },
	/* form */
	{ "twice", LEAF(EXT("+extendedKeyUsage=serverAuth")), IS(BAD, MALFORMED, 0) },
	{ "SAN that is none", LEAF(EXT("subjectAltName=DER:0500")), IS(BAD, MALFORMED, 0) },
	{ "empty SAN", LEAF(EXT("subjectAltName=DER:3000")), IS(BAD, MALFORMED, 0) },
	{ "empty usage", LEAF(EXT("extendedKeyUsage=DER:3000")), IS(BAD, MALFORMED, 0) },
	{ "empty key usage", LEAF(EXT("keyUsage=DER:030100")), IS(BAD, MALFORMED, 0) },
	{ "basicConstraints with something behind", CA_(EXT("basicConstraints=critical,DER:30030101FF0500")),
	  IS(BAD, MALFORMED, 1) },
	{ "AIA that is none", LEAF(EXT("authorityInfoAccess=DER:3000")), IS(LAX, MALFORMED, 0) },
	{ "critical AIA", LEAF(EXT("authorityInfoAccess=critical,caIssuers;URI:http://a.test/")), IS(BAD, CRITICAL, 0) },
	{ "no authority key id", LEAF(EXT("authorityKeyIdentifier=")), IS(LAX, MALFORMED, 0) },
	{ "no subject key id", CA_(EXT("subjectKeyIdentifier=")), LEAF(EXT("authorityKeyIdentifier=")), IS(LAX, MALFORMED, 1) },
	{ "serial 0", LEAF(.serial = "0"), IS(LAX, MALFORMED, 0) },
	{ "negative serial", LEAF(.serial = "-5"), IS(LAX, MALFORMED, 0) },
	{ "serial of 21 octets", LEAF(.serial = "010000000000000000000000000000000000000000"), IS(LAX, MALFORMED, 0) },
	{ "basicConstraints not critical", CA_(EXT("basicConstraints=CA:TRUE")), IS(LAX, MALFORMED, 1) },
	{ "no subject", LEAF(.no_subject = true), IS(LAX, MALFORMED, 0) },
	{ "no subject, critical SAN", LEAF(.no_subject = true, EXT("subjectAltName=critical,DNS:a.test")), .how = GOOD },
	{ "CA without a name", CA_(.no_subject = true), IS(LAX, MALFORMED, 1) },
	{ "version 2", LEAF(.version = 2), IS(LAX, MALFORMED, 0) },
	{ "another CN", LEAF(.cn = "other"), IS(LAX, WEB_PKI, 0) },
	{ "underscore", LEAF(EXT("subjectAltName=DNS:a.test,DNS:a_b.test")), IS(LAX, MALFORMED, 0) },
};


static void judge(const struct row *r, bool strict, struct kst_verdict *v)
{
	struct made root = path_root(r->root), ca = path_ca(&root, r->ca), leaf = path_leaf(&ca, r->leaf);
	struct kst_chain chain = { .cert = NULL };
	struct kst_anchors *a;
	struct kst_error err = KST_ERROR_INIT;

	kst_chain_push(&chain, leaf.cert);
	kst_chain_push(&chain, ca.cert);
	ck_assert_int_eq(kst_anchors_new(&a, NULL), 0);
	path_trust(a, &root);
	struct kst_verify_request req = {
		.chain = &chain, .anchors = a, .usage = r->usage, .strict = strict, .max_depth = -1, .allow_cn = r->allow_cn,
		.host = r->host ? r->host : r->usage == KST_USAGE_FROM_CERT ? "a.test" : NULL
	};
	ck_assert_msg(kst_verify(v, &req, &err) == 0, "%s: %s", r->name, err.message);
	kst_anchors_free(a);
	kst_chain_release(&chain);
	made_free(&leaf);
	made_free(&ca);
	made_free(&root);
}

START_TEST(each_fault_has_its_reason)
{
	const struct row *r = &rows[_i];
	struct kst_verdict v, s;

	judge(r, false, &v);
	judge(r, true, &s);
	ck_assert_msg(v.valid == (count_faults(&v) == 0) && s.valid == (count_faults(&s) == 0), "%s", r->name);
	switch (r->how) {
	case GOOD:
		ck_assert_msg(v.valid, "%s: %s", r->name, verdict_text(&v));
		break;
	case BAD:
		ck_assert_msg(!v.valid && has_finding(&v, r->reason, r->depth, false), "%s: %s", r->name, verdict_text(&v));
		/* Nothing else is wrong with it, so nothing else is said. */
		ck_assert_msg(kst_verdict_cause(&v)->reason == r->reason, "%s: %s", r->name, verdict_text(&v));
		ck_assert_msg(!s.valid && has_finding(&s, r->reason, r->depth, false), "%s, strict: %s", r->name, verdict_text(&s));
		break;
	default:
		ck_assert_msg(v.valid && has_finding(&v, r->reason, r->depth, true), "%s: %s", r->name, verdict_text(&v));
		ck_assert_msg(!s.valid && has_finding(&s, r->reason, r->depth, false), "%s, strict: %s", r->name, verdict_text(&s));
	}
	kst_verdict_release(&v);
	kst_verdict_release(&s);
}
END_TEST

/* ---- host names ---- */

bool host_fits(const char *host, size_t n, const char *name, size_t name_len);

START_TEST(names_fit_as_rfc_9525_has_it)
{
	static const struct {
		const char *host, *name;
		bool fits;
	} cases[] = {
		{ "a.test", "a.test", true },		{ "A.Test", "a.tEST", true },
		{ "a.test.", "a.test", true },		{ "a.test", "a.test.", false },
		{ "x.a.test", "*.a.test", true },	{ "a.test", "*.a.test", false },
		{ "y.x.a.test", "*.a.test", false },	{ ".a.test", "*.a.test", false },
		{ "x.a.test", "x*.a.test", false },	{ "xy.a.test", "*y.a.test", false },
		{ "x.b.test", "x.*.test", false },	{ "x.test", "*.test", false },
		{ "test", "*", false },			{ "x.a.test", "*.*.test", false },
		{ "*.a.test", "*.a.test", false },	{ "", "", false },
		{ "xn--bcher-kva.a.test", "*.a.test", true }, { "a.test", ".a.test", false },
		{ "a", "a", true },			{ "ab.test", "a.test", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(host_fits(cases[i].host, strlen(cases[i].host), cases[i].name, strlen(cases[i].name)) == cases[i].fits,
			      "%s and %s", cases[i].host, cases[i].name);
	/* What ends at a zero octet to one and not to another fits nothing. */
	ck_assert(!host_fits("a.test", 6, "a.test\0.evil.test", 17));
}
END_TEST

START_TEST(a_label_is_written_in_punycode_and_back)
{
	static const struct {
		const char *text, *ascii;
	} cases[] = {
		{ "b\xc3\xbc""cher.test", "xn--bcher-kva.test" },
		{ "B\xc3\x9c""CHER.test", "xn--bcher-kva.test" },
		{ "bu\xcc\x88""cher.test", "xn--bcher-kva.test" }, /* composed first */
		{ "\xe2\x98\x83.net", "xn--n3h.net" },
		{ "\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82test", "xn--r8jz45g.test" },
		{ "plain.test", "plain.test" },
		{ "a.\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80", "a.xn--e1afmkfd" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
		ck_assert_int_eq(kst_text_idn_ascii(&out, cases[i].text), 0);
		ck_assert_str_eq((char *)out.data, cases[i].ascii);
	}
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	ck_assert_int_eq(kst_text_idn_ascii(&out, "a\xff.test"), -1);
	ck_assert_int_eq(kst_text_idn_ascii(&out, "a\xe2\x80\xae.test"), -1);
}
END_TEST

START_TEST(every_reason_has_its_words)
{
	for (int i = 1; i < KST_REASON_COUNT; i++) {
		ck_assert_ptr_nonnull(kst_reason_slug((enum kst_reason)i));
		ck_assert_int_gt(strlen(kst_reason_meaning((enum kst_reason)i)), 10);
		for (int k = 1; k < i; k++)
			ck_assert_str_ne(kst_reason_slug((enum kst_reason)i), kst_reason_slug((enum kst_reason)k));
	}
	ck_assert_ptr_null(kst_reason_slug(KST_REASON_NONE));
	for (int i = 0; i < KST_CHECK_COUNT; i++)
		ck_assert_int_gt(strlen(kst_path_check_title((enum kst_path_check)i)), 10);
	for (int i = KST_USAGE_ANY; i <= KST_USAGE_CA; i++)
		ck_assert_ptr_nonnull(kst_usages[i - KST_USAGE_ANY]);
	ck_assert_ptr_null(kst_usages[KST_USAGE_CA]);
}
END_TEST

Suite *test_path(void);
Suite *test_path(void)
{
	Suite *s = suite_create("path");
	TCase *t = tcase_create("rules");
	tcase_add_loop_test(t, each_fault_has_its_reason, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, names_fit_as_rfc_9525_has_it);
	tcase_add_test(t, a_label_is_written_in_punycode_and_back);
	tcase_add_test(t, every_reason_has_its_words);
	suite_add_tcase(s, t);
	return s;
}
