/* SPDX-License-Identifier: ISC */
/*
 * test_ocsp.c - each rule of RFC 6960 on answers made for it with OpenSSL: about whom,
 * signed by whom, when, and what they say
 */
#include <check.h>
#include <openssl/ocsp.h>
#include <string.h>

#include "crl_kit.h"

static struct party root, ca, leaf, other;
static struct kst_cert *ca_c, *leaf_c;
static struct kst_revocations *r;

static void setup(void)
{
	root = party_new("Root", NULL, 1, NULL);
	ca = party_new("CA", NULL, 1, &root);
	leaf = party_new("leaf.test", "DNS:leaf.test", 0, &ca);
	other = party_new("other.test", "DNS:other.test", 0, &ca);
	ca_c = party_cert(&ca);
	leaf_c = party_cert(&leaf);
	ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
}

static void teardown(void)
{
	kst_revocations_free(r);
	kst_cert_free(ca_c);
	kst_cert_free(leaf_c);
	party_free(&root);
	party_free(&ca);
	party_free(&leaf);
	party_free(&other);
}

struct how {
	bool plain;
	const X509 *about, *issuer;  /* leaf, CA */
	const struct party *signer;  /* the CA */
	X509 *comes_with;            /* a certificate beside the signer's; NULL */
	bool no_certs;
	const EVP_MD *id_md, *md;    /* SHA-1, SHA-256 */
	int status, reason, refuse;  /* good */
	long when, this_update, next_update; /* seconds from now; 0: -2 h, -1 h, 1 day */
	bool no_next, by_key;
	const char *unknown;         /* OID of a critical extension of the single response */
};
#define HOW(...) ((struct how){ .plain = false, __VA_ARGS__ })

static ASN1_TIME *from_now(long s)
{
	return ASN1_GENERALIZEDTIME_adj(NULL, time(NULL), 0, s);
}

static struct kst_bytes make(struct how h)
{
	const struct party *signer = h.signer ? h.signer : &ca;
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	STACK_OF(X509) *certs = sk_X509_new_null();
	OCSP_RESPONSE *resp;
	unsigned char *der = NULL;
	OCSP_CERTID *id = OCSP_cert_to_id(h.id_md, h.about ? h.about : leaf.cert,
					  h.issuer ? h.issuer : ca.cert);
	if (h.refuse) {
		resp = OCSP_response_create(h.refuse, NULL);
	} else {
		ASN1_TIME *when = from_now(h.when ? h.when : -7200);
		ASN1_TIME *t = from_now(h.this_update ? h.this_update : -3600);
		ASN1_TIME *next = h.no_next ? NULL : from_now(h.next_update ? h.next_update : CRL_DAY);
		OCSP_SINGLERESP *one = OCSP_basic_add1_status(basic, id, h.status, h.reason,
							      h.status == V_OCSP_CERTSTATUS_REVOKED ? when : NULL,
							      t, next);
		ck_assert_ptr_nonnull(one);
		if (h.unknown) {
			X509_EXTENSION *ext = crl_unknown(h.unknown, 1);

			OCSP_SINGLERESP_add_ext(one, ext, -1);
			X509_EXTENSION_free(ext);
		}
		if (h.comes_with)
			sk_X509_push(certs, h.comes_with);
		ck_assert_int_eq(OCSP_basic_sign(basic, signer->cert, signer->key, h.md ? h.md : EVP_sha256(), certs,
						 (h.no_certs ? OCSP_NOCERTS : 0) | (h.by_key ? OCSP_RESPID_KEY : 0)),
				 1);
		resp = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
		ASN1_TIME_free(when);
		ASN1_TIME_free(t);
		ASN1_TIME_free(next);
	}
	int n = i2d_OCSP_RESPONSE(resp, &der);
	ck_assert_int_gt(n, 0);
	OCSP_RESPONSE_free(resp);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	sk_X509_free(certs);
	return (struct kst_bytes){ der, (size_t)n };
}

static struct kst_revoked_at ask_at(long now)
{
	struct kst_revoked_at out;
	ck_assert_int_eq(kst_revocations_check(r, leaf_c, ca_c, time(NULL) + now, &out, NULL), 0);
	return out;
}

static struct kst_revoked_at say(struct how h)
{
	struct kst_bytes der = make(h);
	kst_revocations_free(r);
	ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
	ck_assert_int_eq(kst_revocations_add_staple(r, der.data, der.len, NULL), 0);
	OPENSSL_free((void *)der.data);
	return ask_at(0);
}

static void no(struct how h)
{
	struct kst_revoked_at a = say(h);
	ck_assert_msg(a.state == KST_REVOKED_NO, "%d %s", a.state, a.text);
	ck_assert_str_eq(a.source, "stapled by the server");
}
static void unknown(struct how h, enum kst_revoked_why why, const char *text)
{
	struct kst_revoked_at a = say(h);
	ck_assert_msg(a.state == KST_REVOKED_UNKNOWN && a.why == why && strstr(a.text, text), "%d %d %s", a.state,
		      a.why, a.text);
}

START_TEST(test_good)
{
	no(HOW());
	no(HOW(.id_md = EVP_sha256()));
	no(HOW(.by_key = true));
	no(HOW(.no_certs = true));
	struct kst_revoked_at a = say(HOW());
	ck_assert(llabs(a.this_update - (time(NULL) - 3600)) < 60 && llabs(a.next_update - (time(NULL) + CRL_DAY)) < 60);
	ck_assert(a.reason == -1 && !a.when && !a.let_pass);
}
END_TEST

START_TEST(test_revoked)
{
	struct kst_revoked_at a = say(HOW(.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 1));
	ck_assert(a.state == KST_REVOKED_YES && a.reason == 1 && llabs(a.when - (time(NULL) - 7200)) < 60);
	a = say(HOW(.status = V_OCSP_CERTSTATUS_REVOKED, .reason = -1));
	ck_assert(a.state == KST_REVOKED_YES && a.reason == -1);
	/* Of a time before: not yet; with a compromised key nobody knows since when. */
	ck_assert_int_eq(ask_at(-3 * CRL_DAY).state, KST_REVOKED_NO);
	say(HOW(.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 1));
	ck_assert_int_eq(ask_at(-3 * CRL_DAY).state, KST_REVOKED_YES);
}
END_TEST

START_TEST(test_does_not_know)
{
	unknown(HOW(.status = V_OCSP_CERTSTATUS_UNKNOWN), KST_REVOKED_NO_SOURCE, "does not know");
}
END_TEST

START_TEST(test_refusals)
{
	unknown(HOW(.refuse = OCSP_RESPONSE_STATUS_TRYLATER), KST_REVOKED_NO_SOURCE, "tryLater");
	unknown(HOW(.refuse = OCSP_RESPONSE_STATUS_UNAUTHORIZED), KST_REVOKED_NO_SOURCE, "unauthorized");
	unknown(HOW(.refuse = OCSP_RESPONSE_STATUS_INTERNALERROR), KST_REVOKED_NO_SOURCE, "internalError");
	unknown(HOW(.refuse = OCSP_RESPONSE_STATUS_SIGREQUIRED), KST_REVOKED_NO_SOURCE, "sigRequired");
	unknown(HOW(.refuse = OCSP_RESPONSE_STATUS_MALFORMEDREQUEST), KST_REVOKED_NO_SOURCE, "malformedRequest");
	unknown(HOW(.refuse = 42), KST_REVOKED_BAD, "unknown status 42");
}
END_TEST

/* ---- about whom ---- */

START_TEST(test_another_certificate)
{
	unknown(HOW(.about = other.cert), KST_REVOKED_BAD, "about another certificate");
	/* The same serial number of another CA: name and key are in the id. */
	unknown(HOW(.issuer = root.cert), KST_REVOKED_BAD, "about another certificate");
	unknown(HOW(.id_md = EVP_md5()), KST_REVOKED_BAD, "about another certificate");
}
END_TEST

START_TEST(test_leaf_alone)
{
	struct kst_revoked_at out;
	struct kst_cert *root_c = party_cert(&root);
	say(HOW(.status = V_OCSP_CERTSTATUS_REVOKED));
	ck_assert_int_eq(kst_revocations_check(r, ca_c, root_c, time(NULL), &out, NULL), 0);
	ck_assert(out.state == KST_REVOKED_UNKNOWN && out.why == KST_REVOKED_NO_SOURCE);
	kst_cert_free(root_c);
}
END_TEST

/* ---- signed by whom ---- */

START_TEST(test_responder)
{
	struct party p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "OCSPSigning", 0);
	no(HOW(.signer = &p));
	no(HOW(.signer = &p, .by_key = true));
	/* Without its certificate nobody knows whose signature that is. */
	unknown(HOW(.signer = &p, .no_certs = true), KST_REVOKED_BAD, "not signed by the CA or a responder");
	no(HOW(.signer = &p, .comes_with = other.cert));
	party_free(&p);
}
END_TEST

START_TEST(test_responder_of_nobody)
{
	struct party p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "serverAuth", 0);
	unknown(HOW(.signer = &p), KST_REVOKED_BAD, "no OCSPSigning");
	party_free(&p);
	p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "anyExtendedKeyUsage", 0);
	unknown(HOW(.signer = &p), KST_REVOKED_BAD, "no OCSPSigning");
	party_free(&p);
	p = crl_party("ocsp", 0, &root, NID_ext_key_usage, "OCSPSigning", 0); /* of another CA */
	unknown(HOW(.signer = &p), KST_REVOKED_BAD, "not appointed");
	party_free(&p);
	p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "OCSPSigning", NID_key_usage, "keyEncipherment", 0);
	unknown(HOW(.signer = &p), KST_REVOKED_BAD, "forbids this use");
	party_free(&p);
	p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "OCSPSigning", 0);
	X509_gmtime_adj(X509_getm_notAfter(p.cert), -60);
	X509_sign(p.cert, ca.key, EVP_sha256());
	unknown(HOW(.signer = &p), KST_REVOKED_BAD, "not valid then");
	party_free(&p);
	/* A signature that nobody can judge: 1.2.840.10045.4.3.99 is not assigned. */
	p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "OCSPSigning", 0);
	unsigned char *der = NULL, *at;
	int n = i2d_X509(p.cert, &der);
	for (at = der; (at = memmem(at, (size_t)(der + n - at), "\x2a\x86\x48\xce\x3d\x04\x03\x02", 8));)
		at[7] = 99;
	const unsigned char *again = der;
	X509_free(p.cert);
	p.cert = d2i_X509(NULL, &again, n);
	ck_assert_ptr_nonnull(p.cert);
	OPENSSL_free(der);
	unknown(HOW(.signer = &p), KST_REVOKED_BAD, "not appointed");
	party_free(&p);
	/* A certificate that says it is the CA's, with a key of its own. */
	p = party_new("CA", NULL, 1, NULL);
	unknown(HOW(.signer = &p), KST_REVOKED_BAD, "not appointed");
	party_free(&p);
	/* The one it is about. */
	unknown(HOW(.signer = &leaf), KST_REVOKED_BAD, "no OCSPSigning");
}
END_TEST

START_TEST(test_responder_revoked)
{
	struct party p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "OCSPSigning", 0);
	struct crl_row row = { .cert = p.cert, .when = -7200, .reason = 1 };
	struct kst_bytes crl = crl_make(&ca, CRL_HOW(.scope = "DER:300483020560"), &row, 1);
	no(HOW(.signer = &p));
	ck_assert_int_eq(kst_revocations_add_crl(r, crl.data, crl.len, "ca.crl", NULL), 0);
	struct kst_revoked_at a = ask_at(0);
	ck_assert_msg(a.state == KST_REVOKED_UNKNOWN && strstr(a.text, "responder's certificate that was revoked"),
		      "%d %s", a.state, a.text);
	party_free(&p);
	/* With no-check the CA says: do not ask. */
	p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "OCSPSigning", NID_id_pkix_OCSP_noCheck, "NULL", 0);
	no(HOW(.signer = &p));
	party_free(&p);
	OPENSSL_free((void *)crl.data);
}
END_TEST

START_TEST(test_digests)
{
	struct party rsa = { .key = EVP_RSA_gen(2048) };
	rsa.cert = party_certify(rsa.key, "ocsp", NULL, 0, 30, &ca);
	party_ext(rsa.cert, NID_ext_key_usage, "OCSPSigning");
	X509_sign(rsa.cert, ca.key, EVP_sha256());
	unknown(HOW(.signer = &rsa, .md = EVP_md5()), KST_REVOKED_BAD, "MD5");
	struct kst_revoked_at a = say(HOW(.signer = &rsa, .md = EVP_sha1()));
	ck_assert(a.state == KST_REVOKED_NO && a.let_pass && strstr(a.text, "SHA-1"));
	party_free(&rsa);
}
END_TEST

/* Who can forge the delegate's certificate, or find his key, is the responder. */
START_TEST(test_weak_responder)
{
	struct party rsa_ca = { .key = EVP_RSA_gen(2048) }, weak = { .key = EVP_RSA_gen(512) }, p;

	weak.cert = party_certify(weak.key, "weak", NULL, 0, 5, &ca);
	party_ext(weak.cert, NID_ext_key_usage, "OCSPSigning");
	X509_sign(weak.cert, ca.key, EVP_sha256());
	unknown(HOW(.signer = &weak), KST_REVOKED_BAD, "responder's key that is too weak");
	party_free(&weak);
	rsa_ca.cert = party_certify(rsa_ca.key, "CA", NULL, 1, 5, NULL);
	kst_cert_free(ca_c);
	kst_cert_free(leaf_c);
	ca_c = party_cert(&rsa_ca);
	p = party_new("leaf.test", NULL, 0, &rsa_ca);
	leaf_c = party_cert(&p);
	struct party ocsp = crl_party("ocsp", 0, &rsa_ca, NID_ext_key_usage, "OCSPSigning", 0);
	no(HOW(.about = p.cert, .issuer = rsa_ca.cert, .signer = &ocsp));
	X509_sign(ocsp.cert, rsa_ca.key, EVP_sha1());
	ck_assert(say(HOW(.about = p.cert, .issuer = rsa_ca.cert, .signer = &ocsp)).let_pass);
	X509_sign(ocsp.cert, rsa_ca.key, EVP_md5());
	unknown(HOW(.about = p.cert, .issuer = rsa_ca.cert, .signer = &ocsp), KST_REVOKED_BAD,
		"certificate that is signed with MD5");
	party_free(&ocsp);
	party_free(&p);
	party_free(&rsa_ca);
}
END_TEST

START_TEST(test_altered)
{
	struct kst_bytes der = make(HOW(.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 4));
	uint8_t *p = (uint8_t *)der.data;
	unsigned yes = 0, bad = 0;
	/* No single bit makes it say something else. */
	for (size_t i = 0; i < der.len * 8; i++) {
		struct kst_revoked_at a;
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		kst_revocations_free(r);
		ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
		ck_assert_int_eq(kst_revocations_add_staple(r, p, der.len, NULL), 0);
		a = ask_at(0);
		ck_assert_msg(a.state != KST_REVOKED_NO, "bit %zu", i);
		yes += a.state == KST_REVOKED_YES;
		bad += a.state == KST_REVOKED_UNKNOWN && a.why == KST_REVOKED_BAD;
		p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	/* Outside of what is signed there is little: certificates that are not needed. */
	ck_assert_uint_gt(bad, der.len * 8 / 3);
	ck_assert_uint_gt(bad + yes, der.len * 8 * 9 / 10);
	OPENSSL_free(p);
}
END_TEST

/* ---- when ---- */

START_TEST(test_dates)
{
	unknown(HOW(.this_update = -3 * CRL_DAY, .next_update = -CRL_DAY), KST_REVOKED_STALE, "out of date");
	unknown(HOW(.this_update = CRL_DAY, .next_update = 2 * CRL_DAY), KST_REVOKED_STALE, "not yet valid");
	no(HOW(.this_update = 100));
	no(HOW(.no_next = true));
	unknown(HOW(.no_next = true, .this_update = -2 * CRL_DAY), KST_REVOKED_STALE, "out of date: it is of");
	/* Revoked it stays, whatever the date. */
	struct kst_revoked_at a = say(HOW(.this_update = -3 * CRL_DAY, .next_update = -CRL_DAY, .when = -4 * CRL_DAY,
					  .status = V_OCSP_CERTSTATUS_REVOKED, .reason = -1));
	ck_assert_int_eq(a.state, KST_REVOKED_YES);
}
END_TEST

START_TEST(test_unknown_extension)
{
	unknown(HOW(.unknown = "1.2.3.4.5"), KST_REVOKED_BAD, "critical extension");
}
END_TEST

START_TEST(test_no_response)
{
	static const uint8_t junk[] = "HTTP/1.1 200 OK";
	struct kst_revoked_at a;
	ck_assert_int_eq(kst_revocations_add_staple(r, junk, sizeof(junk), NULL), 0);
	a = ask_at(0);
	ck_assert(a.state == KST_REVOKED_UNKNOWN && a.why == KST_REVOKED_BAD);
	ck_assert_str_eq(a.text, "stapled by the server is no OCSP response");
	struct kst_bytes der = make(HOW());
	for (size_t n = 1; n < der.len; n += 7) {
		kst_revocations_free(r);
		ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
		ck_assert_int_eq(kst_revocations_add_staple(r, der.data, n, NULL), 0);
		ck_assert_int_eq(ask_at(0).state, KST_REVOKED_UNKNOWN);
	}
	/* And one with something behind it. */
	struct kst_buf more KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_put(&more, der.data, der.len);
	kst_buf_u8(&more, 0);
	kst_revocations_free(r);
	ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
	ck_assert_int_eq(kst_revocations_add_staple(r, more.data, more.len, NULL), 0);
	ck_assert_str_eq(ask_at(0).text, "stapled by the server is no OCSP response");
	OPENSSL_free((void *)der.data);
}
END_TEST

START_TEST(test_without_memory)
{
	struct party p = crl_party("ocsp", 0, &ca, NID_ext_key_usage, "OCSPSigning", 0);
	struct kst_bytes der = make(HOW(.signer = &p, .status = V_OCSP_CERTSTATUS_REVOKED));
	ck_assert_int_eq(ask_at(0).state, KST_REVOKED_UNKNOWN);
	for (size_t n = 1;; n++) {
		struct kst_revocations *own = NULL;
		struct kst_revoked_at a = { .state = KST_REVOKED_UNKNOWN };
		struct kst_cert *of = party_cert(&leaf), *by = party_cert(&ca);
		kst_alloc_fail_after(n);
		if (kst_revocations_new(&own, NULL) == 0 &&
		    kst_revocations_add_staple(own, der.data, der.len, NULL) == 0)
			(void)kst_revocations_check(own, of, by, time(NULL), &a, NULL);
		kst_alloc_fail_after(0);
		kst_cert_free(of);
		kst_cert_free(by);
		kst_revocations_free(own);
		ck_assert(a.state != KST_REVOKED_NO);
		if (a.state == KST_REVOKED_YES)
			break;
		ck_assert_uint_lt(n, 20000);
	}
	party_free(&p);
	OPENSSL_free((void *)der.data);
}
END_TEST

/* ---- beside CRLs ---- */

START_TEST(test_one_yes_wins)
{
	struct crl_row row = { .cert = leaf.cert, .when = -7200, .reason = 1 };
	struct kst_bytes crl = crl_make(&ca, CRL_HOW(), &row, 1);
	no(HOW());
	ck_assert_int_eq(kst_revocations_add_crl(r, crl.data, crl.len, "ca.crl", NULL), 0);
	struct kst_revoked_at a = ask_at(0);
	ck_assert_int_eq(a.state, KST_REVOKED_YES);
	ck_assert_str_eq(a.source, "ca.crl");
	OPENSSL_free((void *)crl.data);
	/* And the other way round. */
	a = say(HOW(.status = V_OCSP_CERTSTATUS_REVOKED));
	crl = crl_make(&ca, CRL_HOW(), NULL, 0);
	ck_assert_int_eq(kst_revocations_add_crl(r, crl.data, crl.len, "ca.crl", NULL), 0);
	a = ask_at(0);
	ck_assert_int_eq(a.state, KST_REVOKED_YES);
	ck_assert_str_eq(a.source, "stapled by the server");
	OPENSSL_free((void *)crl.data);
}
END_TEST

START_TEST(test_all_is_said)
{
	struct kst_bytes crl = crl_make(&ca, CRL_HOW(.this_update = -3 * CRL_DAY, .next_update = -CRL_DAY), NULL, 0);
	say(HOW(.refuse = OCSP_RESPONSE_STATUS_TRYLATER));
	ck_assert_int_eq(kst_revocations_add_crl(r, crl.data, crl.len, "ca.crl", NULL), 0);
	struct kst_revoked_at a = ask_at(0);
	ck_assert(a.state == KST_REVOKED_UNKNOWN && a.why == KST_REVOKED_STALE);
	ck_assert_str_eq(a.source, "ca.crl");
	ck_assert_msg(strstr(a.text, "tryLater") && strstr(a.text, "; ca.crl is out of date"), "%s", a.text);
	OPENSSL_free((void *)crl.data);
}
END_TEST

Suite *test_ocsp(void)
{
	Suite *s = suite_create("ocsp");
	TCase *tc = tcase_create("ocsp");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_good);
	tcase_add_test(tc, test_revoked);
	tcase_add_test(tc, test_does_not_know);
	tcase_add_test(tc, test_refusals);
	tcase_add_test(tc, test_another_certificate);
	tcase_add_test(tc, test_leaf_alone);
	tcase_add_test(tc, test_responder);
	tcase_add_test(tc, test_responder_of_nobody);
	tcase_add_test(tc, test_responder_revoked);
	tcase_add_test(tc, test_digests);
	tcase_add_test(tc, test_weak_responder);
	tcase_add_test(tc, test_altered);
	tcase_add_test(tc, test_dates);
	tcase_add_test(tc, test_unknown_extension);
	tcase_add_test(tc, test_no_response);
	tcase_add_test(tc, test_without_memory);
	tcase_add_test(tc, test_one_yes_wins);
	tcase_add_test(tc, test_all_is_said);
	suite_add_tcase(s, tc);
	return s;
}
