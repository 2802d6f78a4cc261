/* SPDX-License-Identifier: ISC */
/* test_issue.c - a CA signs what it may, with every sort of key, and refuses the rest with its reason */
#include "issue_kit.h"

#include <pthread.h>

static const char *const algs[] = { "p256", "p384", "p521", "ed25519", "ed448", "rsa:2048", "rsa-pss:2048" };

START_TEST(each_sort_of_key_signs_each_sort_of_key)
{
	struct ca_kit root = kit_root(algs[_i]);
	struct ca_kit ca = kit_ca(algs[_i], &root, NULL, NULL, 0);
	struct kst_issue_san san = { KST_SAN_DNS, "a.test" };

	ck_assert(kst_cert_issued_by(root.cert, root.cert));
	ck_assert(kst_cert_issued_by(ca.cert, root.cert));
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		struct kst_key *key = kit_key(algs[i]);
		struct kst_issue how = kit_how(KST_PROFILE_SERVER, NULL, key);

		how.san = &san;
		how.nr_san = 1;
		struct kst_cert *cert = kit_issue(&how, &ca, NULL);
		ck_assert(kst_cert_issued_by(cert, ca.cert));
		ck_assert_int_eq(kst_key_matches(key, cert), 1);
		/* The names and the key are the bytes that they were. */
		struct kst_bytes name = kst_cert_issuer_der(cert), its = kst_cert_subject_der(ca.cert);
		ck_assert(name.len == its.len && !memcmp(name.data, its.data, name.len));
		struct kst_bytes spki = kst_cert_spki(cert);
		ck_assert(spki.len == how.spki.len && !memcmp(spki.data, how.spki.data, spki.len));
		kst_cert_free(cert);
		kst_key_free(key);
	}
	kit_free(&ca);
	kit_free(&root);
}
END_TEST

/* BR 7.1.3.2.1: the salt is as long as the hash. */
START_TEST(rsassa_pss_has_the_parameters_of_its_hash)
{
	struct ca_kit root = kit_root("rsa-pss:2048");
	X509 *x = kit_x509(root.cert);
	const X509_ALGOR *alg = X509_get0_tbs_sigalg(x);
	unsigned char *der = NULL;
	static const uint8_t want[] = {
		0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34, 0xa0, 0x0f,
		0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa1, 0x1c,
		0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09,
		0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20
	}; /* the very bytes of BR 7.1.3.2.1 */
	int n = i2d_X509_ALGOR(alg, &der);

	ck_assert_int_eq(n, sizeof(want));
	ck_assert_mem_eq(der, want, sizeof(want));
	OPENSSL_free(der);
	X509_free(x);
	kit_free(&root);
}
END_TEST

static const struct {
	const char *text;
	enum kst_san_type type;
	const char *value;
} good_san[] = {
	{ "a.test", KST_SAN_DNS, "a.test" },
	{ "dns:A.Test", KST_SAN_DNS, "A.Test" },
	{ "DNS:*.a.test", KST_SAN_DNS, "*.a.test" },
	{ "localhost", KST_SAN_DNS, "localhost" },
	{ "xn--bcher-kva.example", KST_SAN_DNS, "xn--bcher-kva.example" },
	{ "10.0.0.1", KST_SAN_IP, "10.0.0.1" },
	{ "ip:10.0.0.1", KST_SAN_IP, "10.0.0.1" },
	{ "2001:db8::1", KST_SAN_IP, "2001:db8::1" },
	{ "ip:::1", KST_SAN_IP, "::1" },
	{ "uri:urn:acme:dev:00001", KST_SAN_URI, "urn:acme:dev:00001" },
	{ "spiffe://acme/web", KST_SAN_URI, "spiffe://acme/web" },
	{ "uri:spiffe://acme.test/ns/prod/sa/web", KST_SAN_URI, "spiffe://acme.test/ns/prod/sa/web" },
	{ "https://a.test:8443/x?y=1", KST_SAN_URI, "https://a.test:8443/x?y=1" },
	{ "https://[2001:db8::1]/", KST_SAN_URI, "https://[2001:db8::1]/" },
	{ "ann@a.test", KST_SAN_EMAIL, "ann@a.test" },
	{ "email:ann.o'hara+x@a.test", KST_SAN_EMAIL, "ann.o'hara+x@a.test" },
};

static const char *const bad_san[] = {
	"", "dns:", "a..test", "-a.test", "a-.test", "a.test.", "a_b.test", "*.test", "*", "a*.b.test", "b.*.test", "*.*.test",
	"1.2.3", "256.1.1.1", "dns:10.0.0.1", "dns:::1", ("b\xc3\xbc" "cher.example"), "ab--cd.test", "xn--.test", "xn--99999999.test",
	"a b.test", "a\n.test", "ip:10.0.0", "ip:10.0.0.1/8", "ip:a.test", "uri:", "uri:x", "uri:/a", "uri:http:", "uri:1a:b",
	"http://", "http:///x", "http://a b/", "http://a_b/", "http://a:b/", "http://[::1/", "http://[::1]x/", "http://\xc3\xbc.test/",
	"spiffe://", "spiffe://acme", "spiffe://acme/", "spiffe://Acme/web", "spiffe://acme:80/web", "spiffe://u@acme/web",
	"spiffe://acme/web/", "spiffe://acme//web", "spiffe://acme/../web", "spiffe://acme/.", "spiffe://acme/w%20",
	"spiffe://acme/web?x", "spiffe://acme/web#x", "SPIFFE://acme/web", "spiffe:acme", "email:ann", "email:@a.test",
	"email:ann@", "email:.ann@a.test", "email:ann.@a.test", "email:an..n@a.test", "email:a b@a.test", "email:ann@a_b.test",
	"email:ann@1.2.3.4", "email:\xc3\xbc@a.test"
};

START_TEST(names_are_read_as_people_write_them)
{
	struct kst_issue_san san;
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_msg(kst_issue_san_parse(&san, good_san[_i].text, &err) == 0, "%s: %s", good_san[_i].text, err.message);
	ck_assert_int_eq(san.type, good_san[_i].type);
	ck_assert_str_eq(san.value, good_san[_i].value);
}
END_TEST

START_TEST(what_rfc_5280_does_not_let_a_name_be_is_refused)
{
	struct kst_issue_san san;
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_msg(kst_issue_san_parse(&san, bad_san[_i], &err) == -1, "\"%s\" as %d", bad_san[_i], (int)san.type);
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
}
END_TEST

/* Which letters IDNA maps to which is more than a CA should decide: it says what it would sign. */
START_TEST(a_name_beyond_ascii_is_refused_with_the_name_to_write)
{
	struct kst_issue_san san;
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_int_eq(kst_issue_san_parse(&san, "B\xc3\xbc" "cher.example", &err), -1);
	ck_assert_str_eq(err.hint, "write it in its ASCII form, as xn--bcher-kva.example");
}
END_TEST

/* The same refusals where the caller did not parse, but made the struct. */
START_TEST(names_are_looked_at_again_when_they_are_signed)
{
	struct ca_kit root = kit_root("p256");
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(KST_PROFILE_SERVER, NULL, key);
	struct kst_error err = KST_ERROR_INIT;
	struct kst_issue_san san[] = { { KST_SAN_DNS, "ok.test" }, { KST_SAN_DNS, "a_b.test" } };

	how.san = san;
	how.nr_san = 2;
	ck_assert_ptr_null(kit_try(&how, &root, NULL, &err));
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	kst_key_free(key);
	kit_free(&root);
}
END_TEST

/* ---- refusals ---- */

#define SAN(...) (const struct kst_issue_san[]){ __VA_ARGS__ }, sizeof((struct kst_issue_san[]){ __VA_ARGS__ }) / sizeof(struct kst_issue_san)
#define WEB { KST_SAN_DNS, "web.acme.test" }
static const struct refusal {
	const char *what;
	enum kst_profile profile;
	const char *subject;
	const struct kst_issue_san *san;
	size_t nr_san;
	int64_t from, to; /* days; both 0: 0 to 90 */
	int path_len;
	bool must_staple;
	const char *crl, *ocsp;
	enum kst_code code;
} refusals[] = {
	{ "server without a host", KST_PROFILE_SERVER, "CN=web", NULL, 0, 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "server with a mailbox", KST_PROFILE_SERVER, NULL, SAN({ KST_SAN_EMAIL, "a@acme.test" }), 0, 0, -1, 0, 0, 0,
	  KST_E_BAD_VALUE },
	{ "nobody", KST_PROFILE_CLIENT, NULL, NULL, 0, 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "CN that is no SAN", KST_PROFILE_SERVER, "CN=other.acme.test", SAN(WEB), 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "the same, server and client", KST_PROFILE_BOTH, "CN=other.acme.test", SAN(WEB), 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "two CNs", KST_PROFILE_SERVER, "CN=web.acme.test,CN=web.acme.test", SAN(WEB), 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "e-mail in the subject", KST_PROFILE_CLIENT, "emailAddress=a@acme.test,CN=ann", NULL, 0, 0, 0, -1, 0, 0, 0,
	  KST_E_BAD_VALUE },
	{ "name of the CA", KST_PROFILE_CLIENT, "CN=Test Issuing CA,O=Acme", NULL, 0, 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "no such subject", KST_PROFILE_CLIENT, "CN", NULL, 0, 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "country of one letter", KST_PROFILE_CLIENT, "CN=x,C=D", NULL, 0, 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "backwards", KST_PROFILE_CLIENT, "CN=x", NULL, 0, 10, 9, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "longer than the CA", KST_PROFILE_CLIENT, "CN=x", NULL, 0, 0, 3651, -1, 0, 0, 0, KST_E_CA_FORBIDS },
	{ "before the CA", KST_PROFILE_CLIENT, "CN=x", NULL, 0, -2, 90, -1, 0, 0, 0, KST_E_CA_FORBIDS },
	{ "CA below path length 0", KST_PROFILE_CA, "CN=Sub CA", NULL, 0, 0, 0, -1, 0, 0, 0, KST_E_CA_FORBIDS },
	{ "CA without a name", KST_PROFILE_CA, NULL, SAN(WEB), 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "root below another", KST_PROFILE_ROOT, "CN=Root", NULL, 0, 0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "two URIs, one SPIFFE", KST_PROFILE_CLIENT, NULL, SAN({ KST_SAN_URI, "spiffe://acme/a" }, { KST_SAN_URI, "urn:a:b" }),
	  0, 0, -1, 0, 0, 0, KST_E_BAD_VALUE },
	{ "client that staples", KST_PROFILE_CLIENT, "CN=x", NULL, 0, 0, 0, -1, 1, 0, "http://ocsp.acme.test", KST_E_BAD_VALUE },
	{ "staples nothing", KST_PROFILE_SERVER, NULL, SAN(WEB), 0, 0, -1, 1, 0, 0, KST_E_BAD_VALUE },
	{ "CRL over https", KST_PROFILE_CLIENT, "CN=x", NULL, 0, 0, 0, -1, 0, "https://acme.test/a.crl", 0, KST_E_BAD_VALUE },
	{ "CRL nowhere", KST_PROFILE_CLIENT, "CN=x", NULL, 0, 0, 0, -1, 0, "a.crl", 0, KST_E_BAD_VALUE },
	{ "OCSP in a file", KST_PROFILE_CLIENT, "CN=x", NULL, 0, 0, 0, -1, 0, 0, "file:///etc/passwd", KST_E_BAD_VALUE },
};

START_TEST(what_must_not_be_signed_is_refused)
{
	const struct refusal *r = &refusals[_i];
	struct ca_kit root = kit_root("p256"), ca = kit_ca("p256", &root, NULL, NULL, 0);
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(r->profile, r->subject, key);
	struct kst_error err = KST_ERROR_INIT;

	how.san = r->san;
	how.nr_san = r->nr_san;
	how.path_len = r->path_len;
	how.must_staple = r->must_staple;
	how.crl_url = r->crl;
	how.ocsp_url = r->ocsp;
	if (r->from || r->to) {
		how.not_before = NOW + r->from * DAY;
		how.not_after = NOW + r->to * DAY;
	}
	/* Below the path length of the issuing CA there is no other to speak of. */
	bool nameless_ca = r->profile == KST_PROFILE_CA && !r->subject;
	ck_assert_msg(!kit_try(&how, nameless_ca ? &root : &ca, NULL, &err), "%s was signed", r->what);
	ck_assert_msg(err.code == r->code, "%s: %s [%s]", r->what, err.message, kst_code_slug(err.code));
	ck_assert_msg(err.message[0] != '\0', "%s", r->what);
	kst_key_free(key);
	kit_free(&ca);
	kit_free(&root);
}
END_TEST

static int refused_key(EVP_PKEY *pkey, const struct ca_kit *by)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(KST_PROFILE_CLIENT, "CN=x", key);
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	ck_assert_int_gt(n, 0);
	how.spki = (struct kst_bytes){ der, (size_t)n };
	ck_assert_ptr_null(kit_try(&how, by, NULL, &err));
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	kst_key_free(key);
	return err.code;
}

START_TEST(keys_that_are_weak_or_cannot_sign_are_not_certified)
{
	struct ca_kit root = kit_root("p256");

	ck_assert_int_eq(refused_key(EVP_RSA_gen(1024), &root), KST_E_WEAK_KEY);
	ck_assert_int_eq(refused_key(EVP_EC_gen("prime192v1"), &root), KST_E_WEAK_KEY);
	ck_assert_int_eq(refused_key(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), &root), KST_E_UNSUPPORTED);
	kit_free(&root);
}
END_TEST

/* RFC 5480 2.1.1: a curve has a name. */
START_TEST(a_key_that_describes_its_curve_is_not_certified)
{
	struct ca_kit root = kit_root("p256");
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(KST_PROFILE_CLIENT, "CN=x", key);
	struct kst_error err = KST_ERROR_INIT;
	unsigned char *der = NULL;

	ck_assert_int_eq(EVP_PKEY_set_utf8_string_param(pkey, "encoding", "explicit"), 1);
	int n = i2d_PUBKEY(pkey, &der);
	how.spki = (struct kst_bytes){ der, (size_t)n };
	ck_assert_ptr_null(kit_try(&how, &root, NULL, &err));
	ck_assert_int_eq(err.code, KST_E_BAD_KEY);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	kst_key_free(key);
	kit_free(&root);
}
END_TEST

START_TEST(a_key_signs_for_its_own_certificate_only)
{
	struct ca_kit root = kit_root("p256"), other = kit_root("p256");
	struct ca_kit crossed = { .key = other.key, .cert = root.cert };
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(KST_PROFILE_CLIENT, "CN=x", key), self = kit_how(KST_PROFILE_ROOT, "CN=r", key);
	struct kst_issue_san san = WEB;
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_ptr_null(kit_try(&how, &crossed, NULL, &err));
	ck_assert_int_eq(err.code, KST_E_KEY_MISMATCH);
	kst_error_clear(&err);
	ck_assert_ptr_null(kit_try(&self, NULL, root.key, &err));
	ck_assert_int_eq(err.code, KST_E_KEY_MISMATCH);
	/* A leaf is no CA. */
	struct kst_issue leaf = kit_how(KST_PROFILE_SERVER, "CN=web.acme.test", key);
	leaf.san = &san;
	leaf.nr_san = 1;
	struct ca_kit no_ca = { .key = key, .cert = kit_issue(&leaf, &root, NULL) };
	kst_error_clear(&err);
	ck_assert_ptr_null(kit_try(&how, &no_ca, NULL, &err));
	ck_assert_int_eq(err.code, KST_E_NOT_A_CA);
	kit_free(&no_ca);
	kit_free(&root);
	kit_free(&other);
}
END_TEST

/* ---- name constraints ---- */

static const char *const permitted[] = { "DNS:acme.test",     "IP:10.0.0.0/8",  "email:acme.test", "URI:.acme.test",
					 "DN:O=Acme", "IP:2001:db8::/32", NULL };
static const char *const excluded[] = { "DNS:secret.acme.test", "IP:10.9.0.0/16", NULL };
static const struct {
	const char *subject;
	struct kst_issue_san san;
	bool ok;
	const char *named; /* in the message */
} constrained[] = {
	{ "O=Acme", { KST_SAN_DNS, "acme.test" }, true, NULL },
	{ "O=Acme", { KST_SAN_DNS, "a.acme.test" }, true, NULL },
	{ "O=Acme", { KST_SAN_DNS, "*.acme.test" }, true, NULL },
	{ "O=Acme", { KST_SAN_DNS, "notacme.test" }, false, "notacme.test" },
	{ "O=Acme", { KST_SAN_DNS, "a.secret.acme.test" }, false, "a.secret.acme.test" },
	{ "O=Acme", { KST_SAN_DNS, "secret.acme.test" }, false, "secret.acme.test" },
	{ "O=Acme", { KST_SAN_IP, "10.1.2.3" }, true, NULL },
	{ "O=Acme", { KST_SAN_IP, "10.9.2.3" }, false, "10.9.2.3" },
	{ "O=Acme", { KST_SAN_IP, "11.1.2.3" }, false, "11.1.2.3" },
	{ "O=Acme", { KST_SAN_IP, "2001:db8:1::1" }, true, NULL },
	{ "O=Acme", { KST_SAN_IP, "2001:db9::1" }, false, "2001:db9::1" },
	{ "O=Acme", { KST_SAN_EMAIL, "ann@acme.test" }, true, NULL },
	{ "O=Acme", { KST_SAN_EMAIL, "ann@other.test" }, false, "ann@other.test" },
	{ "O=Acme", { KST_SAN_URI, "spiffe://x.acme.test/web" }, true, NULL },
	{ "O=Acme", { KST_SAN_URI, "spiffe://other.test/web" }, false, "spiffe://other.test/web" },
	{ "O=Other", { KST_SAN_DNS, "acme.test" }, false, "the subject" },
	{ NULL, { KST_SAN_DNS, "acme.test" }, true, NULL },
};

START_TEST(names_that_the_ca_may_not_sign_are_refused_by_name)
{
	struct ca_kit root = kit_root("p256"), ca = kit_ca("p256", &root, permitted, excluded, 0);
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(KST_PROFILE_CLIENT, constrained[_i].subject, key);
	struct kst_error err = KST_ERROR_INIT;

	how.san = &constrained[_i].san;
	how.nr_san = 1;
	struct kst_cert *cert = kit_try(&how, &ca, NULL, &err);
	ck_assert_msg(!cert == !constrained[_i].ok, "%s: %s", constrained[_i].san.value, err.message);
	if (!cert) {
		ck_assert_int_eq(err.code, KST_E_CA_FORBIDS);
		ck_assert_msg(strstr(err.message, constrained[_i].named) == err.message, "%s", err.message);
	}
	kst_cert_free(cert);
	kst_key_free(key);
	kit_free(&ca);
	kit_free(&root);
}
END_TEST

/* OpenSSL takes such a CN for a host name, where there is no other. */
START_TEST(a_cn_that_looks_like_a_host_is_held_to_the_constraints)
{
	static const char *const dns[] = { "DNS:acme.test", NULL };
	struct ca_kit root = kit_root("p256"), ca = kit_ca("p256", &root, dns, NULL, 0);
	struct kst_key *key = kit_key("p256");
	struct kst_error err = KST_ERROR_INIT;
	struct kst_issue how = kit_how(KST_PROFILE_CLIENT, "CN=web.other.test", key);

	ck_assert_ptr_null(kit_try(&how, &ca, NULL, &err));
	ck_assert_int_eq(err.code, KST_E_CA_FORBIDS);
	how.subject = "CN=Ann Other";
	kst_cert_free(kit_issue(&how, &ca, NULL));
	kst_key_free(key);
	kit_free(&ca);
	kit_free(&root);
}
END_TEST

static const char *const bad_constraints[] = {
	"acme.test", "DNS:", "DNS:.acme.test", "DNS:*.acme.test", "DNS:a_b.test", "DNS:10.0.0.1", "IP:10.0.0.0/33", "IP:10.0.0.1/8",
	"IP:10.0.0.0/", "IP:10.0.0.0/x", "IP:10.0.0.0/ 8", "IP:10.0.0.0/-8", "IP:acme.test", "IP:2001:db8::/129", "email:a b@acme.test",
	"email:.@acme.test", "URI:http://acme.test", "DN:O", "UPN:a@b.test", "D:acme.test"
};

START_TEST(constraints_that_would_mean_nothing_are_refused)
{
	struct ca_kit root = kit_root("p256");
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(KST_PROFILE_CA, "CN=Sub CA", key);
	const char *list[] = { "DNS:ok.test", bad_constraints[_i], NULL };
	struct kst_error err = KST_ERROR_INIT;

	how.permitted = list;
	ck_assert_msg(!kit_try(&how, &root, NULL, &err), "%s", bad_constraints[_i]);
	ck_assert_msg(err.code == KST_E_BAD_VALUE, "%s: %s", bad_constraints[_i], err.message);
	/* And a leaf has none. */
	how = kit_how(KST_PROFILE_CLIENT, "CN=x", key);
	list[1] = NULL;
	how.excluded = list;
	kst_error_clear(&err);
	ck_assert_ptr_null(kit_try(&how, &root, NULL, &err));
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	kst_key_free(key);
	kit_free(&root);
}
END_TEST

/* ---- subjects of requests ---- */

START_TEST(subjects_in_old_string_types_are_written_anew_but_not_those_of_cas)
{
	struct ca_kit root = kit_root("p256");
	struct kst_key *key = kit_key("p256");
	X509_NAME *old = X509_NAME_new();
	unsigned char *der = NULL;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	X509_NAME_add_entry_by_NID(old, NID_organizationName, V_ASN1_T61STRING, (const unsigned char *)"Caf\xe9", 4, -1, 0);
	X509_NAME_add_entry_by_NID(old, NID_commonName, V_ASN1_BMPSTRING, (const unsigned char *)"\0x\0y", 4, -1, 0);
	X509_NAME_add_entry_by_NID(old, NID_organizationalUnitName, V_ASN1_UTF8STRING, (const unsigned char *)"u", 1, -1, -1);
	int n = i2d_X509_NAME(old, &der);
	for (int ca = 0; ca < 2; ca++) {
		struct kst_issue how = kit_how(ca ? KST_PROFILE_CA : KST_PROFILE_CLIENT, NULL, key);

		how.subject_der = (struct kst_bytes){ der, (size_t)n };
		struct kst_cert *cert = kit_issue(&how, &root, NULL);
		struct kst_bytes subject = kst_cert_subject_der(cert);
		bool same = subject.len == (size_t)n && !memcmp(subject.data, der, subject.len);
		X509 *x = kit_x509(cert);
		for (int i = 0; i < 3; i++) {
			ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(X509_get_subject_name(x), i));
			ck_assert(ca || ASN1_STRING_type(s) == V_ASN1_UTF8STRING);
		}
		ck_assert_int_eq(X509_NAME_ENTRY_set(X509_NAME_get_entry(X509_get_subject_name(x), 2)), 1);
		ck_assert_int_eq(same, ca);
		kst_buf_reset(&text);
		kst_cert_subject(cert, &text);
		ck_assert_str_eq((char *)text.data, "CN=xy+OU=u,O=Caf\xc3\xa9");
		X509_free(x);
		kst_cert_free(cert);
	}
	OPENSSL_free(der);
	X509_NAME_free(old);
	kst_key_free(key);
	kit_free(&root);
}
END_TEST

/* ---- many at once ---- */

#define THREADS 4
#define EACH 25
struct worker {
	pthread_t thread;
	const struct ca_kit *ca;
	struct kst_key *key;
	struct kst_cert *cert[EACH];
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct kst_issue_san san = { KST_SAN_URI, "urn:acme:dev:1" };

	for (int i = 0; i < EACH; i++) {
		struct kst_issue how = { .profile = KST_PROFILE_CLIENT,
					 .san = &san,
					 .nr_san = 1,
					 .spki = { w->key->spki.data, w->key->spki.len },
					 .not_before = NOW,
					 .not_after = NOW + DAY,
					 .path_len = -1 };

		if (kst_issue_serial(how.serial, &how.serial_len, NULL) == 0)
			w->cert[i] = kit_try(&how, w->ca, NULL, NULL);
	}
	return NULL;
}

START_TEST(many_threads_sign_with_one_key)
{
	static const char *const dns[] = { "DNS:acme.test", NULL };
	struct ca_kit root = kit_root("p256"), ca = kit_ca("p256", &root, dns, NULL, 0);
	struct worker w[THREADS] = { { .cert = { NULL } } };

	for (int i = 0; i < THREADS; i++) {
		w[i].ca = &ca;
		w[i].key = kit_key("p256");
		kit_spki(w[i].key);
		ck_assert_int_eq(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(w[i].thread, NULL), 0);
		for (int j = 0; j < EACH; j++) {
			ck_assert_ptr_nonnull(w[i].cert[j]);
			ck_assert(kst_cert_issued_by(w[i].cert[j], ca.cert));
			kst_cert_free(w[i].cert[j]);
		}
		kst_key_free(w[i].key);
	}
	kit_free(&ca);
	kit_free(&root);
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))
Suite *test_issue(void)
{
	Suite *s = suite_create("issue");
	TCase *t = tcase_create("issue");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_sort_of_key_signs_each_sort_of_key, 0, N(algs));
	tcase_add_test(t, rsassa_pss_has_the_parameters_of_its_hash);
	tcase_add_loop_test(t, names_are_read_as_people_write_them, 0, N(good_san));
	tcase_add_loop_test(t, what_rfc_5280_does_not_let_a_name_be_is_refused, 0, N(bad_san));
	tcase_add_test(t, a_name_beyond_ascii_is_refused_with_the_name_to_write);
	tcase_add_test(t, names_are_looked_at_again_when_they_are_signed);
	tcase_add_loop_test(t, what_must_not_be_signed_is_refused, 0, N(refusals));
	tcase_add_test(t, keys_that_are_weak_or_cannot_sign_are_not_certified);
	tcase_add_test(t, a_key_that_describes_its_curve_is_not_certified);
	tcase_add_test(t, a_key_signs_for_its_own_certificate_only);
	tcase_add_loop_test(t, names_that_the_ca_may_not_sign_are_refused_by_name, 0, N(constrained));
	tcase_add_test(t, a_cn_that_looks_like_a_host_is_held_to_the_constraints);
	tcase_add_loop_test(t, constraints_that_would_mean_nothing_are_refused, 0, N(bad_constraints));
	tcase_add_test(t, subjects_in_old_string_types_are_written_anew_but_not_those_of_cas);
	tcase_add_test(t, many_threads_sign_with_one_key);
	suite_add_tcase(s, t);
	return s;
}
