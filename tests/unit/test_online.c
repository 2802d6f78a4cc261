/* SPDX-License-Identifier: ISC */
/*
 * test_online.c - asking the addresses in a certificate: a responder and distribution
 * points in a child, which do what their path says
 */
#include <check.h>
#include <openssl/ocsp.h>
#include <string.h>

#include "crl_kit.h"
#include "http_kit.h"
#include "path_kit.h"
#include "revocation/revocation_online.h"

static struct party ca, leaf;
static struct kst_cert *ca_c, *leaf_c;
static struct kst_revocations *r;
static struct web w;

/* ---- the server; of the child ---- */

static void responder(int fd, const char *request, size_t len)
{
	const unsigned char *body = (const unsigned char *)strstr(request, "\r\n\r\n") + 4;
	OCSP_REQUEST *req = d2i_OCSP_REQUEST(NULL, &body, (long)len - (long)((const char *)body - request));
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_RESPONSE *resp;
	unsigned char *der = NULL, junk[32] = "another nonce";
	bool revoked = strstr(request, "/revoked"), nonce = OCSP_REQUEST_get_ext_by_NID(req, NID_id_pkix_OCSP_Nonce, -1) >= 0;
	ASN1_TIME *now = ASN1_GENERALIZEDTIME_adj(NULL, time(NULL), 0, -60);
	OCSP_CERTID *id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(req, 0));
	OCSP_basic_add1_status(basic, id, revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD, 1,
			       revoked ? now : NULL, now, NULL);
	if (strstr(request, "/other-nonce"))
		OCSP_basic_add1_nonce(basic, junk, sizeof(junk));
	else if (!strstr(request, "/no-nonce"))
		OCSP_copy_nonce(basic, req);
	OCSP_basic_sign(basic, ca.cert, ca.key, EVP_sha256(), NULL, 0);
	resp = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	if (strstr(request, "/hates-nonces") && nonce)
		resp = OCSP_response_create(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, NULL);
	if (strstr(request, "/later"))
		resp = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
	int n = i2d_OCSP_RESPONSE(resp, &der);
	web_text(fd, "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\n\r\n");
	web_send(fd, der, (size_t)n);
}

static void answer(int fd, const char *request, size_t len, void *ctx)
{
	(void)ctx;
	if (len && !strncmp(request, "POST /ocsp", 10))
		responder(fd, request, len);
	else if (strstr(request, "GET /forged.crl ")) {
		struct party forger = party_new("CA", NULL, 1, NULL);
		struct kst_bytes der = crl_make(&ca, CRL_HOW(.signer = &forger), NULL, 0);
		web_text(fd, "HTTP/1.0 200 OK\r\n\r\n");
		web_send(fd, der.data, der.len);
	} else if (strstr(request, "GET /empty.crl") || strstr(request, "GET /full.crl ")) {
		struct crl_row row = { .serial = 2, .when = -60, .reason = 4 };
		row.serial = strstr(request, "full") ? ASN1_INTEGER_get(X509_get0_serialNumber(leaf.cert)) : 9999;
		struct kst_bytes der = crl_make(&ca, CRL_HOW(), &row, 1);
		web_text(fd, "HTTP/1.0 200 OK\r\n\r\n");
		web_send(fd, der.data, der.len);
	} else if (strstr(request, "GET /slow")) {
		if (!fork()) { /* it holds the connection, and the server goes on */
			sleep(5);
			_exit(0);
		}
		close(fd);
	} else if (strstr(request, "GET /junk.crl "))
		web_send(fd, "HTTP/1.0 200 OK\r\n\r\n\x30\x03\x02\x01\x05", 24);
	else
		web_text(fd, "HTTP/1.0 404 Gone\r\n\r\n");
}

/* ---- */

static void setup(void)
{
	ca = party_new("CA", NULL, 1, NULL);
	leaf = party_new("leaf.test", NULL, 0, &ca);
	ca_c = party_cert(&ca);
	leaf_c = NULL;
	w = web_start(answer, NULL);
	ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
}

static void teardown(void)
{
	web_stop(&w);
	kst_revocations_free(r);
	kst_cert_free(ca_c);
	kst_cert_free(leaf_c);
	party_free(&ca);
	party_free(&leaf);
}

/* `%d` in either is the port; NULL none. */
static struct kst_revoked_at ask_with(const char *responders, const char *points, int timeout_ms)
{
	struct kst_revoked_at out;
	char text[2000];
	X509 *x = X509_dup(leaf.cert);
	for (int i = 0; i < 2; i++) {
		const char *from = i ? points : responders;
		size_t n = 0;
		for (const char *p = from; p && *p; p++)
			if (p[0] == '%' && p[1] == 'd') {
				n += (size_t)snprintf(text + n, sizeof(text) - n, "%d", w.port);
				p++;
			} else {
				text[n++] = *p;
			}
		text[n] = '\0';
		if (from)
			party_ext(x, i ? NID_crl_distribution_points : NID_info_access, text);
	}
	X509_sign(x, ca.key, EVP_sha256());
	kst_cert_free(leaf_c);
	leaf_c = party_x509(x);
	X509_free(x);
	if (timeout_ms)
		kst_revocations_online(r, timeout_ms);
	ck_assert_int_eq(kst_revocations_check(r, leaf_c, ca_c, time(NULL), &out, NULL), 0);
	return out;
}
static struct kst_revoked_at ask(const char *responders, const char *points)
{
	return ask_with(responders, points, 20000);
}

#define AT(path) "OCSP;URI:http://127.0.0.1:%d" path
#define LIST(path) "URI:http://127.0.0.1:%d" path

static void no(struct kst_revoked_at a, const char *source)
{
	ck_assert_msg(a.state == KST_REVOKED_NO && strstr(a.source, source), "%d %s %s", a.state, a.source, a.text);
}
static void yes(struct kst_revoked_at a, const char *source)
{
	ck_assert_msg(a.state == KST_REVOKED_YES && strstr(a.source, source), "%d %s %s", a.state, a.source, a.text);
}
static void unknown(struct kst_revoked_at a, enum kst_revoked_why why, const char *text)
{
	ck_assert_msg(a.state == KST_REVOKED_UNKNOWN && a.why == why && strstr(a.text, text), "%d %d %s", a.state,
		      a.why, a.text);
}
/* Since the last time; the bodies are not text. */
static unsigned requests(void)
{
	static char buf[65536];
	ssize_t got = read(w.requests, buf, sizeof(buf));
	ck_assert_int_gt(got, 0);
	unsigned n = 0;
	for (char *p = buf, *end = buf + got; (p = memmem(p, (size_t)(end - p), " HTTP/1.0\r\n", 11)); p++)
		n++;
	return n;
}

START_TEST(test_responder)
{
	no(ask(AT("/ocsp"), NULL), "OCSP http://127.0.0.1:");
	yes(ask(AT("/ocsp/revoked"), NULL), "/ocsp/revoked");
	no(ask(AT("/ocsp/no-nonce"), NULL), "no-nonce");
	no(ask(AT("/ocsp/hates-nonces"), NULL), "hates-nonces");
	unknown(ask(AT("/ocsp/other-nonce"), NULL), KST_REVOKED_BAD, "nonce");
	unknown(ask(AT("/ocsp/later"), NULL), KST_REVOKED_NO_SOURCE, "tryLater");
	unknown(ask(AT("/gone"), NULL), KST_REVOKED_UNREACHABLE, "cannot be had: answers \"404 Gone\"");
	ck_assert_uint_eq(requests(), 8);
}
END_TEST

START_TEST(test_lists)
{
	no(ask(NULL, LIST("/empty.crl")), "/empty.crl");
	yes(ask(NULL, LIST("/full.crl")), "/full.crl");
	unknown(ask(NULL, LIST("/gone.crl")), KST_REVOKED_UNREACHABLE, "404 Gone");
	unknown(ask(NULL, LIST("/junk.crl")), KST_REVOKED_BAD, "no revocation list");
	unknown(ask(NULL, "URI:ldap://127.0.0.1:1/cn=x"), KST_REVOKED_NO_SOURCE,
		"ldap://127.0.0.1:1/cn=x is not asked");
	/* The first that answers. */
	no(ask(NULL, "URI:ldap://127.0.0.1:1/cn=x," LIST("/gone.crl") "," LIST("/empty.crl")), "/empty.crl");
	unknown(ask(NULL, NULL), KST_REVOKED_NO_SOURCE, "names nobody who could be asked");
}
END_TEST

START_TEST(test_relative_point)
{
	/* nameRelativeToCRLIssuer: CN=x */
	unknown(ask(NULL, "DER:301430" "12a010a10e300c06035504030c05706f696e74"), KST_REVOKED_NO_SOURCE,
		"relative to the CA");
}
END_TEST

START_TEST(test_responder_then_list)
{
	yes(ask(AT("/gone"), LIST("/full.crl")), "/full.crl");
	no(ask(AT("/ocsp/later"), LIST("/empty.crl")), "/empty.crl");
	ck_assert_uint_eq(requests(), 4);
	/* Where the responder answers, nobody else is asked. */
	no(ask(AT("/ocsp"), LIST("/full.crl")), "/ocsp");
	ck_assert_uint_eq(requests(), 1);
}
END_TEST

START_TEST(test_asked_once)
{
	no(ask(AT("/ocsp"), LIST("/empty.crl")), "/ocsp");
	struct kst_revoked_at out;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(kst_revocations_check(r, leaf_c, ca_c, time(NULL), &out, NULL), 0);
		no(out, "/ocsp");
	}
	ck_assert_uint_eq(requests(), 1);
	no(ask(NULL, LIST("/empty.crl")), "/empty.crl");
	no(ask(NULL, LIST("/empty.crl") "," LIST("/gone")), "/empty.crl"); /* another certificate */
	ck_assert_uint_eq(requests(), 2);
}
END_TEST

START_TEST(test_not_asked)
{
	struct kst_bytes der = crl_make(&ca, CRL_HOW(), NULL, 0);
	unknown(ask_with(AT("/ocsp"), LIST("/full.crl"), 0), KST_REVOKED_NO_SOURCE, "no revocation list");
	/* A list that is here and answers. */
	ck_assert_int_eq(kst_revocations_add_crl(r, der.data, der.len, "here.crl", NULL), 0);
	no(ask(AT("/ocsp/revoked"), LIST("/full.crl")), "here.crl");
	OPENSSL_free((void *)der.data);
	no(ask(AT("/last"), NULL), "here.crl");
	kst_revocations_free(r);
	ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
	unknown(ask(AT("/only-this"), NULL), KST_REVOKED_UNREACHABLE, "404");
	const char *asked = web_asked(&w);
	ck_assert_msg(!strncmp(asked, "POST /only-this ", 16), "%s", asked);
}
END_TEST

START_TEST(test_slow_server_once)
{
	unknown(ask_with(NULL, LIST("/slow-1") "," LIST("/slow-2") "," LIST("/slow-3"), 300), KST_REVOKED_UNREACHABLE,
		"no answer within 0.3 s");
	ck_assert_uint_eq(requests(), 1);
}
END_TEST

START_TEST(test_so_many_and_no_more)
{
	char points[1000] = "", more[100];
	/* Of one certificate four, */
	for (int i = 0; i < 9; i++) {
		snprintf(more, sizeof(more), "%sURI:http://127.0.0.1:%%d/gone-%d", i ? "," : "", i);
		strcat(points, more);
	}
	unknown(ask(NULL, points), KST_REVOKED_UNREACHABLE, "404");
	ck_assert_uint_eq(requests(), 4);
	/* of all together sixty-four. */
	for (int i = 1; i < 64; i++) {
		snprintf(points, sizeof(points), "URI:http://127.0.0.1:%%d/%d", i);
		unknown(ask(NULL, points), KST_REVOKED_UNREACHABLE, i < 61 ? "404" : "too many addresses");
	}
	/* Not for ever: the next verification has its own. */
	kst_revocations_renew(r);
	unknown(ask(NULL, "URI:http://127.0.0.1:%d/63"), KST_REVOKED_UNREACHABLE, "404");
	no(ask(AT("/ocsp"), NULL), "/ocsp");
}
END_TEST

START_TEST(test_nonce_each_time)
{
	struct kst_revoked_at out;

	unknown(ask(AT("/ocsp/other-nonce"), NULL), KST_REVOKED_BAD, "nonce");
	/* The answer that was kept is no better than it was. */
	ck_assert_int_eq(kst_revocations_check(r, leaf_c, ca_c, time(NULL), &out, NULL), 0);
	unknown(out, KST_REVOKED_BAD, "nonce");
	ck_assert_uint_eq(requests(), 1);
}
END_TEST

static struct kst_verdict judge(struct kst_anchors *a)
{
	struct kst_chain chain = { .cert = NULL };
	struct kst_verify_request req = { .chain = &chain, .anchors = a, .usage = KST_USAGE_ANY, .max_depth = -1,
					  .revocations = r };
	struct kst_verdict v;

	ck_assert_int_eq(kst_chain_push(&chain, leaf_c), 0);
	ck_assert_int_eq(kst_chain_push(&chain, ca_c), 0);
	ck_assert_int_eq(kst_verify(&v, &req, NULL), 0);
	kst_chain_release(&chain);
	return v;
}

/* A stranger chooses the addresses in the chain that he sends. */
START_TEST(test_strangers_are_not_asked)
{
	struct kst_anchors *a;
	struct kst_verdict v;
	struct kst_cert *strangers;
	X509 *x = X509_dup(leaf.cert);
	char url[100];

	snprintf(url, sizeof(url), "OCSP;URI:http://127.0.0.1:%d/ocsp/of-a-stranger", w.port);
	party_ext(x, NID_info_access, url);
	X509_sign(x, ca.key, EVP_sha256());
	strangers = leaf_c = party_x509(x);
	X509_free(x);
	kst_revocations_online(r, 20000);
	ck_assert_int_eq(kst_anchors_new(&a, NULL), 0);
	v = judge(a);
	ck_assert(!v.valid && v.revocation && v.revocation[0].state == KST_REVOKED_UNKNOWN);
	ck_assert_str_eq(v.revocation[0].text, "not asked: the path is not trusted");
	kst_verdict_release(&v);
	/* What is asked now is the first that arrives. */
	leaf_c = NULL;
	unknown(ask(AT("/only-this"), NULL), KST_REVOKED_UNREACHABLE, "404");
	ck_assert_msg(!strncmp(web_asked(&w), "POST /only-this ", 16), "a stranger's address was asked");
	kst_cert_free(leaf_c);
	leaf_c = strangers;
	path_trust(a, &(struct made){ .cert = ca_c });
	v = judge(a);
	ck_assert_msg(v.revocation && v.revocation[0].state == KST_REVOKED_NO, "%s", verdict_text(&v));
	kst_verdict_release(&v);
	kst_anchors_free(a);
}
END_TEST

static const char *cost(struct kst_online *o, const char *point)
{
	static struct kst_inquiry q;
	char url[200];
	X509 *x = X509_dup(leaf.cert);

	snprintf(url, sizeof(url), "URI:http://127.0.0.1:%d%s", w.port, point);
	party_ext(x, NID_crl_distribution_points, url);
	X509_sign(x, ca.key, EVP_sha256());
	kst_cert_free(leaf_c);
	leaf_c = party_x509(x);
	X509_free(x);
	q = (struct kst_inquiry){ .cert = leaf_c, .issuer = ca_c, .at = time(NULL) };
	ck_assert_int_eq(kst_inquiry_online(&q, o, NULL, 0, NULL), 0);
	return q.no ? "no" : q.text;
}

START_TEST(test_bytes_and_time_of_all)
{
	struct kst_online o = { .timeout_ms = 20000, .max_bytes = 500 };

	ck_assert_str_eq(cost(&o, "/empty.crl"), "no");
	ck_assert_uint_gt(o.bytes, 100);
	o.max_bytes = o.bytes + 10; /* which the next does not fit into */
	ck_assert_ptr_nonnull(strstr(cost(&o, "/empty.crl-2"), "cannot be had"));
	o.max_bytes = o.bytes;
	ck_assert_ptr_nonnull(strstr(cost(&o, "/a"), "all the answers together are too large"));
	kst_online_renew(&o);
	ck_assert_ptr_nonnull(strstr(cost(&o, "/a"), "404"));
	o.until = 1;
	ck_assert_ptr_nonnull(strstr(cost(&o, "/b"), "keep us waiting too long"));
	kst_online_renew(&o);
	ck_assert_ptr_nonnull(strstr(cost(&o, "/b"), "404"));
	kst_online_release(&o);
}
END_TEST

/* 64 MiB of somebody else's are not kept. */
START_TEST(test_a_forged_list_is_dropped)
{
	struct kst_online o = { .timeout_ms = 20000 };

	ck_assert_ptr_nonnull(strstr(cost(&o, "/forged.crl"), "is not signed by the CA"));
	ck_assert(o.nr == 1 && !o.answer[0]->crl && !o.answer[0]->bytes);
	ck_assert_ptr_nonnull(strstr(cost(&o, "/forged.crl"), "is not signed by the CA"));
	ck_assert_uint_eq(o.asked, 1);
	ck_assert_str_eq(cost(&o, "/empty.crl"), "no");
	ck_assert(o.nr == 2 && o.answer[1]->crl);
	kst_online_release(&o);
}
END_TEST

Suite *test_online(void)
{
	Suite *s = suite_create("online");
	TCase *tc = tcase_create("online");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_responder);
	tcase_add_test(tc, test_lists);
	tcase_add_test(tc, test_relative_point);
	tcase_add_test(tc, test_responder_then_list);
	tcase_add_test(tc, test_asked_once);
	tcase_add_test(tc, test_not_asked);
	tcase_add_test(tc, test_slow_server_once);
	tcase_add_test(tc, test_so_many_and_no_more);
	tcase_add_test(tc, test_bytes_and_time_of_all);
	tcase_add_test(tc, test_a_forged_list_is_dropped);
	tcase_add_test(tc, test_nonce_each_time);
	tcase_add_test(tc, test_strangers_are_not_asked);
	suite_add_tcase(s, tc);
	return s;
}
