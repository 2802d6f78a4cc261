/* SPDX-License-Identifier: ISC */
/*
 * test_crl.c - each rule of RFC 5280 5 and 6.3 on CRLs made for it: whose they are,
 * what they speak of, when, and what makes them worthless
 */
#include <check.h>
#include <string.h>

#include "crl_kit.h"
#include "revocation/crl.h"

static struct party root, ca, leaf;
static struct kst_cert *root_c, *ca_c, *leaf_c;
static struct kst_revocations *r;

static void setup(void)
{
	root = crl_party("Root", 1, NULL, NID_key_usage, "keyCertSign,cRLSign", NID_subject_key_identifier, "hash",
			 0);
	ca = crl_party("CA", 1, &root, 0);
	leaf = party_new("leaf.test", "DNS:leaf.test", 0, &ca);
	root_c = party_cert(&root);
	ca_c = party_cert(&ca);
	leaf_c = party_cert(&leaf);
	ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
}

static void teardown(void)
{
	kst_revocations_free(r);
	kst_cert_free(root_c);
	kst_cert_free(ca_c);
	kst_cert_free(leaf_c);
	party_free(&root);
	party_free(&ca);
	party_free(&leaf);
}

static void add(const struct party *by, const char *name, struct crl_how how, const struct crl_row *row, size_t nr)
{
	struct kst_bytes der = crl_make(by, how, row, nr);
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_msg(kst_revocations_add_crl(r, der.data, der.len, name, &err) == 0, "%s", err.message);
	OPENSSL_free((void *)der.data);
}
#define ADD(by, how, ...)                                                                          \
	add((by), "ca.crl", (how), (const struct crl_row[]){ __VA_ARGS__ },                        \
	    sizeof((const struct crl_row[]){ __VA_ARGS__ }) / sizeof(struct crl_row))
#define OTHERS { .serial = 77777, .when = -7200, .reason = -1 }
#define LEAF(why) { .cert = leaf.cert, .when = -7200, .reason = (why) }

static struct kst_revoked_at ask_at(const struct kst_cert *cert, const struct kst_cert *issuer, long from_now)
{
	struct kst_revoked_at out;
	ck_assert_int_eq(kst_revocations_check(r, cert, issuer, time(NULL) + from_now, &out, NULL), 0);
	return out;
}
static struct kst_revoked_at ask(void)
{
	return ask_at(leaf_c, ca_c, 0);
}

static void no(void)
{
	struct kst_revoked_at a = ask();
	ck_assert_msg(a.state == KST_REVOKED_NO, "%d %s", a.state, a.text);
}
static struct kst_revoked_at yes(void)
{
	struct kst_revoked_at a = ask();
	ck_assert_msg(a.state == KST_REVOKED_YES, "%d %s", a.state, a.text);
	return a;
}
static void unknown(enum kst_revoked_why why, const char *text)
{
	struct kst_revoked_at a = ask();
	ck_assert_msg(a.state == KST_REVOKED_UNKNOWN && a.why == why && strstr(a.text, text), "%d %d %s", a.state,
		      a.why, a.text);
}
static void lax(enum kst_revoked state, const char *text)
{
	struct kst_revoked_at a = ask();
	ck_assert_msg(a.state == state && a.let_pass && strstr(a.text, text), "%d %d %s", a.state, a.let_pass,
		      a.text);
}

START_TEST(test_listed)
{
	ADD(&ca, CRL_HOW(.number = 3), OTHERS, { .cert = leaf.cert, .when = -7200, .reason = 1,
						 .invalid_since = -9000 });
	struct kst_revoked_at a = yes();
	ck_assert_int_eq(a.reason, 1);
	ck_assert_str_eq(a.source, "ca.crl");
	ck_assert(!a.let_pass && !*a.text);
	ck_assert(llabs(a.when - (time(NULL) - 7200)) < 60);
	ck_assert(llabs(a.invalid_since - (time(NULL) - 9000)) < 60);
	ck_assert(llabs(a.this_update - (time(NULL) - 3600)) < 60);
	ck_assert(llabs(a.next_update - (time(NULL) + CRL_DAY)) < 60);
	ck_assert_int_eq(ask_at(ca_c, root_c, 0).state, KST_REVOKED_UNKNOWN);
}
END_TEST

START_TEST(test_not_listed)
{
	ADD(&ca, CRL_HOW(.number = 3), OTHERS);
	struct kst_revoked_at a = ask();
	ck_assert_int_eq(a.state, KST_REVOKED_NO);
	ck_assert(!a.let_pass && !*a.text && a.reason == -1 && !a.when);
	ck_assert_str_eq(a.source, "ca.crl");
}
END_TEST

START_TEST(test_empty_list)
{
	add(&ca, "ca.crl", CRL_HOW(.number = 3), NULL, 0);
	no();
}
END_TEST

START_TEST(test_nothing)
{
	unknown(KST_REVOKED_NO_SOURCE, "no revocation list");
	ADD(&root, CRL_HOW(), LEAF(-1)); /* its serial, on the list of another CA */
	unknown(KST_REVOKED_NO_SOURCE, "no revocation list of this CA");
}
END_TEST

/* ---- whose it is ---- */

START_TEST(test_other_key)
{
	struct party impostor = party_new("CA", NULL, 1, NULL);
	ADD(&ca, CRL_HOW(.signer = &impostor), LEAF(-1));
	unknown(KST_REVOKED_BAD, "not signed by the CA");
	party_free(&impostor);
	/* One that is, beside it, is what counts. */
	ADD(&ca, CRL_HOW(), OTHERS);
	no();
}
END_TEST

START_TEST(test_key_id_told)
{
	struct kst_cert *cert;
	struct kst_revoked_at a;
	struct party impostor = party_new("Root", NULL, 1, NULL);
	ADD(&root, CRL_HOW(.signer = &impostor, .key_id = "0102030405060708"), OTHERS);
	cert = ca_c;
	a = ask_at(cert, root_c, 0);
	ck_assert_msg(a.state == KST_REVOKED_UNKNOWN && strstr(a.text, "another key than the CA's"), "%s", a.text);
	party_free(&impostor);
}
END_TEST

START_TEST(test_no_crl_sign)
{
	struct party by = crl_party("Other", 1, &root, NID_key_usage, "keyCertSign", 0);
	struct party of = party_new("of.test", NULL, 0, &by);
	struct kst_cert *by_c = party_cert(&by), *of_c = party_cert(&of);
	ADD(&by, CRL_HOW(), OTHERS);
	struct kst_revoked_at a = ask_at(of_c, by_c, 0);
	ck_assert(a.state == KST_REVOKED_UNKNOWN && a.why == KST_REVOKED_BAD && strstr(a.text, "cRLSign"));
	kst_cert_free(by_c);
	kst_cert_free(of_c);
	party_free(&by);
	party_free(&of);
	/* With it; and CA's certificate has no key usage at all, which forbids nothing. */
	ADD(&root, CRL_HOW(), OTHERS);
	ck_assert_int_eq(ask_at(ca_c, root_c, 0).state, KST_REVOKED_NO);
}
END_TEST

START_TEST(test_altered)
{
	struct crl_row row = LEAF(-1);
	struct kst_bytes der = crl_make(&ca, CRL_HOW(), &row, 1);
	uint8_t *p = (uint8_t *)der.data;
	/* Its number, one bit. */
	uint8_t *number = memmem(p, der.len, "\x55\x1d\x14\x04\x03\x02\x01", 7);
	ck_assert_ptr_nonnull(number);
	number[7] ^= 1;
	ck_assert_int_eq(kst_revocations_add_crl(r, der.data, der.len, "x", NULL), 0);
	unknown(KST_REVOKED_BAD, "altered");
	OPENSSL_free(p);
}
END_TEST

/* The algorithm stands in what is signed and outside of it (RFC 5280 5.1.1.2): here SHA-384, there SHA-256. */
START_TEST(test_two_algorithms)
{
	struct crl_row row = OTHERS;
	struct kst_bytes der = crl_make(&ca, CRL_HOW(), &row, 1);
	const unsigned char *p = der.data, *tbs;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT, out KST_SCRATCH_BUF = KST_BUF_INIT;
	unsigned char sig[200], *alg;
	size_t n = sizeof(sig);
	long len;
	int tag, class;
	ASN1_get_object(&p, &len, &tag, &class, (long)der.len);
	tbs = p;
	ASN1_get_object(&p, &len, &tag, &class, (long)(der.data + der.len - p));
	size_t tbs_len = (size_t)(p - tbs) + (size_t)len;
	kst_buf_put(&all, tbs, tbs_len);
	alg = memmem(all.data, all.len, "\x2a\x86\x48\xce\x3d\x04\x03\x02", 8);
	ck_assert_ptr_nonnull(alg);
	alg[7] = 3;
	EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, ca.key);
	ck_assert_int_eq(EVP_DigestSign(ctx, sig, &n, all.data, all.len), 1);
	EVP_MD_CTX_free(ctx);
	kst_buf_put(&all, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x03", 13);
	kst_buf_u8(&all, (uint8_t)(n + 1));
	kst_buf_u8(&all, 0);
	kst_buf_put(&all, sig, n);
	kst_buf_u8(&out, 0x30);
	kst_buf_u8(&out, 0x82);
	kst_buf_be16(&out, (uint16_t)all.len);
	kst_buf_put(&out, all.data, all.len);
	ck_assert_int_eq(kst_revocations_add_crl(r, out.data, out.len, "ca.crl", NULL), 0);
	unknown(KST_REVOKED_BAD, "ca.crl cannot be used: its two signature algorithms differ");
	OPENSSL_free((void *)der.data);
}
END_TEST

START_TEST(test_digests)
{
	struct party rsa = { .key = EVP_RSA_gen(1024) }, of;
	rsa.cert = party_certify(rsa.key, "RSA", NULL, 1, 365, &root);
	of = party_new("of.test", NULL, 0, &rsa);
	struct kst_cert *by_c = party_cert(&rsa), *of_c = party_cert(&of);
	ADD(&rsa, CRL_HOW(.md = EVP_md5()), OTHERS);
	struct kst_revoked_at a = ask_at(of_c, by_c, 0);
	ck_assert(a.state == KST_REVOKED_UNKNOWN && a.why == KST_REVOKED_BAD && strstr(a.text, "MD5"));
	ADD(&rsa, CRL_HOW(.md = EVP_sha1()), OTHERS);
	a = ask_at(of_c, by_c, 0);
	ck_assert(a.state == KST_REVOKED_NO && a.let_pass && strstr(a.text, "SHA-1"));
	kst_cert_free(by_c);
	kst_cert_free(of_c);
	party_free(&of);
	party_free(&rsa);
}
END_TEST

/* ---- when ---- */

START_TEST(test_overdue)
{
	ADD(&ca, CRL_HOW(.this_update = -3 * CRL_DAY, .next_update = -CRL_DAY), OTHERS);
	unknown(KST_REVOKED_STALE, "out of date");
	struct kst_revoked_at a = ask();
	ck_assert_str_eq(a.source, "ca.crl");
	ck_assert(llabs(a.next_update - (time(NULL) - CRL_DAY)) < 60);
	/* It was current then. */
	ck_assert_int_eq(ask_at(leaf_c, ca_c, -2 * CRL_DAY).state, KST_REVOKED_NO);
}
END_TEST

START_TEST(test_overdue_but_listed)
{
	ADD(&ca, CRL_HOW(.this_update = -3 * CRL_DAY, .next_update = -CRL_DAY), { .cert = leaf.cert,
		.when = -4 * CRL_DAY, .reason = -1 });
	yes();
	/* Taken off by a current one. */
	ADD(&ca, CRL_HOW(.number = 2), OTHERS);
	no();
}
END_TEST

START_TEST(test_not_yet)
{
	ADD(&ca, CRL_HOW(.this_update = CRL_DAY, .next_update = 2 * CRL_DAY), OTHERS);
	unknown(KST_REVOKED_STALE, "not yet valid");
	ADD(&ca, CRL_HOW(.this_update = 100), OTHERS); /* a clock that is a little fast */
	no();
}
END_TEST

START_TEST(test_looking_back)
{
	ADD(&ca, CRL_HOW(), { .cert = leaf.cert, .when = -2 * CRL_DAY, .reason = 4 });
	ck_assert_int_eq(ask_at(leaf_c, ca_c, 0).state, KST_REVOKED_YES);
	ck_assert_int_eq(ask_at(leaf_c, ca_c, -CRL_DAY).state, KST_REVOKED_YES);
	ck_assert_int_eq(ask_at(leaf_c, ca_c, -3 * CRL_DAY).state, KST_REVOKED_NO);
}
END_TEST

START_TEST(test_dated_ahead)
{
	/* The CA's clock, or whoever dates it: it stands in today's list. */
	ADD(&ca, CRL_HOW(), { .cert = leaf.cert, .when = 300, .reason = 4 });
	yes();
	ck_assert_int_eq(ask_at(leaf_c, ca_c, -3 * CRL_DAY).state, KST_REVOKED_YES);
}
END_TEST

START_TEST(test_taken_back_in_a_complete_list)
{
	ADD(&ca, CRL_HOW(), LEAF(8));
	yes();
}
END_TEST

START_TEST(test_looking_back_compromised)
{
	ADD(&ca, CRL_HOW(), { .cert = leaf.cert, .when = -2 * CRL_DAY, .reason = 1 });
	ck_assert_int_eq(ask_at(leaf_c, ca_c, -3 * CRL_DAY).state, KST_REVOKED_YES);
}
END_TEST

START_TEST(test_looking_back_beyond_the_end)
{
	X509 *x = party_certify(leaf.key, "short.test", NULL, 0, -2, &ca);
	struct kst_cert *c = party_x509(x);
	X509_free(x);
	ADD(&ca, CRL_HOW(), OTHERS);
	/* It may have been revoked, and taken off the list when it expired two days ago. */
	struct kst_revoked_at a = ask_at(c, ca_c, -3 * CRL_DAY);
	ck_assert(a.state == KST_REVOKED_UNKNOWN && a.why == KST_REVOKED_STALE);
	kst_cert_free(c);
}
END_TEST

START_TEST(test_no_next_update)
{
	ADD(&ca, CRL_HOW(.no_next = true, .this_update = -100 * CRL_DAY), OTHERS);
	lax(KST_REVOKED_NO, "when the next one is due");
}
END_TEST

/* ---- what it is ---- */

START_TEST(test_version_1)
{
	ADD(&ca, CRL_HOW(.v1 = true), OTHERS);
	lax(KST_REVOKED_NO, "version 1");
}
END_TEST

START_TEST(test_no_number)
{
	ADD(&ca, CRL_HOW(.no_number = true), LEAF(-1));
	lax(KST_REVOKED_YES, "no number");
}
END_TEST

START_TEST(test_critical_number)
{
	ADD(&ca, CRL_HOW(.critical_number = true), OTHERS);
	lax(KST_REVOKED_NO, "critical");
}
END_TEST

START_TEST(test_unknown_extension)
{
	ADD(&ca, CRL_HOW(.unknown = "1.2.3.4.5", .unknown_critical = true), OTHERS);
	unknown(KST_REVOKED_BAD, "critical extension 1.2.3.4.5 is not understood");
	ADD(&ca, CRL_HOW(.unknown = "1.2.3.4.5"), OTHERS);
	no();
}
END_TEST

START_TEST(test_unknown_entry_extension)
{
	/* Of another entry: the whole list is worthless (RFC 5280 5.3). */
	ADD(&ca, CRL_HOW(), OTHERS, { .serial = 5, .when = -1, .reason = -1, .unknown = "1.2.3.4.5" });
	unknown(KST_REVOKED_BAD, "extension 1.2.3.4.5 of an entry");
}
END_TEST

START_TEST(test_newest_counts)
{
	ADD(&ca, CRL_HOW(.number = 7), LEAF(6));
	yes();
	ADD(&ca, CRL_HOW(.number = 300, .this_update = -7000), OTHERS); /* the hold was lifted */
	no();
	ADD(&ca, CRL_HOW(.number = 8), LEAF(6));
	no();
}
END_TEST

START_TEST(test_hold)
{
	ADD(&ca, CRL_HOW(), LEAF(6));
	ck_assert_str_eq(kst_revocation_reason(yes().reason), "certificateHold");
}
END_TEST

START_TEST(test_delta)
{
	ADD(&ca, CRL_HOW(.number = 9, .base = 5), OTHERS);
	unknown(KST_REVOKED_NO_SOURCE, "delta CRL");
	ADD(&ca, CRL_HOW(.number = 5), OTHERS);
	no();
	ADD(&ca, CRL_HOW(.number = 10, .base = 5), LEAF(1));
	yes();
	ADD(&ca, CRL_HOW(.number = 11, .base = 5), LEAF(8)); /* taken off again */
	no();
}
END_TEST

START_TEST(test_delta_of_another_base)
{
	ADD(&ca, CRL_HOW(.number = 4), OTHERS);
	ADD(&ca, CRL_HOW(.number = 9, .base = 5), LEAF(1));
	no(); /* the base is too old for it: the complete list alone */
}
END_TEST

START_TEST(test_delta_alone_lists)
{
	ADD(&ca, CRL_HOW(.number = 9, .base = 5), LEAF(1));
	yes();
}
END_TEST

/* ---- what it speaks of ---- */

START_TEST(test_only_users)
{
	ADD(&root, CRL_HOW(.scope = "onlyuser:TRUE"), OTHERS);
	struct kst_revoked_at a = ask_at(ca_c, root_c, 0);
	ck_assert(a.state == KST_REVOKED_UNKNOWN && a.why == KST_REVOKED_NO_SOURCE && strstr(a.text, "end entity"));
	ADD(&ca, CRL_HOW(.scope = "onlyuser:TRUE"), LEAF(-1));
	yes();
}
END_TEST

START_TEST(test_only_cas)
{
	ADD(&ca, CRL_HOW(.scope = "onlyCA:TRUE"), LEAF(-1));
	unknown(KST_REVOKED_NO_SOURCE, "CA certificates only");
	ADD(&root, CRL_HOW(.scope = "onlyCA:TRUE"), OTHERS);
	ck_assert_int_eq(ask_at(ca_c, root_c, 0).state, KST_REVOKED_NO);
}
END_TEST

START_TEST(test_only_attributes)
{
	ADD(&ca, CRL_HOW(.scope = "onlyAA:TRUE"), LEAF(-1));
	unknown(KST_REVOKED_NO_SOURCE, "attribute certificates");
}
END_TEST

START_TEST(test_some_reasons)
{
	/* onlySomeReasons: bits 1 and 2; 3 to 8. */
	ADD(&ca, CRL_HOW(.scope = "DER:300483020560"), OTHERS);
	unknown(KST_REVOKED_NO_SOURCE, "some reasons");
	ADD(&ca, CRL_HOW(.scope = "DER:30058303071f80"), OTHERS);
	no(); /* together they speak of all */
}
END_TEST

START_TEST(test_some_reasons_listed)
{
	ADD(&ca, CRL_HOW(.scope = "onlysomereasons:keyCompromise"), LEAF(1));
	yes();
}
END_TEST

static void of_points(const char *point, const char *scope, enum kst_revoked want)
{
	struct party p = crl_party("p.test", 0, &ca, NID_crl_distribution_points, point, 0);
	struct kst_cert *c = party_cert(&p);
	struct kst_revocations *old = r;
	kst_revocations_new(&r, NULL);
	ADD(&ca, CRL_HOW(.scope = scope), OTHERS);
	struct kst_revoked_at a = ask_at(c, ca_c, 0);
	ck_assert_msg(a.state == want, "%s / %s: %d %s", point, scope, a.state, a.text);
	kst_revocations_free(r);
	r = old;
	kst_cert_free(c);
	party_free(&p);
}

START_TEST(test_points)
{
	of_points("URI:http://a.test/1.crl", NULL, KST_REVOKED_NO);
	of_points("URI:http://a.test/1.crl", "fullname:URI:http://a.test/1.crl", KST_REVOKED_NO);
	of_points("URI:http://a.test/1.crl", "fullname:URI:http://a.test/2.crl", KST_REVOKED_UNKNOWN);
	of_points("URI:http://a.test/1.crl,URI:http://a.test/2.crl", "fullname:URI:http://a.test/2.crl",
		  KST_REVOKED_NO);
	/* A list of a point, and a certificate that names none. */
	ADD(&ca, CRL_HOW(.scope = "fullname:URI:http://a.test/1.crl"), LEAF(1));
	unknown(KST_REVOKED_NO_SOURCE, "distribution point that the certificate does not name");
}
END_TEST

START_TEST(test_point_named_by_issuer)
{
	static const char point[] = "DER:3015a013a011a40f300d310b300906035504030c024341"; /* fullName: CN=CA */
	ADD(&ca, CRL_HOW(.scope = point), OTHERS);
	no(); /* a certificate without points */
	of_points("URI:http://a.test/1.crl", point, KST_REVOKED_UNKNOWN);
}
END_TEST

/* Superfluous zeros before a serial number are found in the wild. */
START_TEST(test_serial_with_zeros)
{
	struct crl_row row = { .serial = 0x80, .when = -9, .reason = -1 };
	struct kst_bytes der = crl_make(&ca, CRL_HOW(), &row, 1);
	static const uint8_t serial[] = { 0, 0, 0, 0x80 };
	struct kst_crl_found found;
	struct kst_crl *crl;
	ck_assert_int_eq(kst_crl_new(&crl, der.data, der.len, "x", NULL), 0);
	ck_assert_int_eq(kst_crl_index(crl, NULL), 0);
	ck_assert_uint_eq(crl->nr, 1);
	for (size_t zeros = 0; zeros < 4; zeros++) {
		struct kst_bytes s = { serial + zeros, 4 - zeros };
		/* Without any, it is negative, and another number. */
		ck_assert_int_eq(kst_crl_find(crl, s, crl->issuer, &found), zeros < 3);
	}
	kst_crl_free(crl);
	OPENSSL_free((void *)der.data);
}
END_TEST

START_TEST(test_indirect)
{
	/* The CA's own list may hold certificates of others; the issuer holds until the next. */
	ADD(&ca, CRL_HOW(.scope = "indirectCRL:TRUE"),
	    { .serial = 3, .when = -9, .reason = -1, .issuer = X509_get_subject_name(root.cert) }, LEAF(-1));
	no();
	ADD(&ca, CRL_HOW(.number = 2, .scope = "indirectCRL:TRUE"),
	    { .serial = 3, .when = -9, .reason = -1, .issuer = X509_get_subject_name(root.cert) },
	    { .serial = 4, .when = -9, .reason = -1, .issuer = X509_get_subject_name(ca.cert) }, LEAF(-1));
	yes();
}
END_TEST

START_TEST(test_indirect_unmarked)
{
	ADD(&ca, CRL_HOW(), { .serial = 3, .when = -9, .reason = -1, .issuer = X509_get_subject_name(root.cert) });
	unknown(KST_REVOKED_BAD, "not marked as indirect");
}
END_TEST

START_TEST(test_broken)
{
	struct crl_row row = LEAF(-1);
	struct kst_bytes der = crl_make(&ca, CRL_HOW(), &row, 1);
	struct kst_error err = KST_ERROR_INIT;
	for (size_t n = 0; n < der.len; n++) {
		kst_error_clear(&err);
		ck_assert_int_eq(kst_revocations_add_crl(r, der.data, n, "x", &err), -1);
		ck_assert_int_eq(err.code, KST_E_CORRUPT);
	}
	kst_error_clear(&err);
	ck_assert_int_eq(kst_revocations_add_crl(r, leaf_c ? kst_cert_der(leaf_c).data : NULL,
						 kst_cert_der(leaf_c).len, "x", &err), -1);
	OPENSSL_free((void *)der.data);
	unknown(KST_REVOKED_NO_SOURCE, "no revocation list");
}
END_TEST

START_TEST(test_each_bit)
{
	struct crl_row row = LEAF(1);
	struct kst_bytes der = crl_make(&ca, CRL_HOW(), &row, 1);
	uint8_t *p = (uint8_t *)der.data;
	unsigned read = 0;
	/* With any single bit changed it is no evidence at all. */
	for (size_t i = 0; i < der.len * 8; i++) {
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		kst_revocations_free(r);
		ck_assert_int_eq(kst_revocations_new(&r, NULL), 0);
		read += kst_revocations_add_crl(r, p, der.len, "x", NULL) == 0;
		ck_assert_msg(ask().state == KST_REVOKED_UNKNOWN, "bit %zu", i);
		p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_uint_gt(read, der.len * 2);
	OPENSSL_free(p);
}
END_TEST

/* Whatever allocation fails: an error or no answer, never a wrong one. */
START_TEST(test_without_memory)
{
	struct crl_row row = LEAF(1);
	struct kst_bytes der = crl_make(&ca, CRL_HOW(), &row, 1);
	unsigned failed = 0;
	ck_assert_int_eq(ask().state, KST_REVOKED_UNKNOWN); /* what OpenSSL makes once */
	for (size_t n = 1; n < 5000; n++) {
		struct kst_revocations *own = NULL;
		struct kst_revoked_at a = { .state = KST_REVOKED_UNKNOWN };
		/* Fresh ones: what OpenSSL could not read once, it is not asked to read again. */
		struct kst_cert *of = party_cert(&leaf), *by = party_cert(&ca);
		int ret = -1;
		kst_alloc_fail_after(n);
		if (kst_revocations_new(&own, NULL) == 0 &&
		    kst_revocations_add_crl(own, der.data, der.len, "x", NULL) == 0)
			ret = kst_revocations_check(own, of, by, time(NULL), &a, NULL);
		kst_alloc_fail_after(0);
		kst_cert_free(of);
		kst_cert_free(by);
		kst_revocations_free(own);
		ck_assert(a.state != KST_REVOKED_NO);
		failed += ret < 0;
		if (ret == 0 && a.state == KST_REVOKED_YES)
			break;
		ck_assert_uint_lt(n, 4999);
	}
	ck_assert_uint_gt(failed, 5);
	OPENSSL_free((void *)der.data);
}
END_TEST

START_TEST(test_reasons)
{
	for (int i = -1; i < 12; i++) {
		const char *name = kst_revocation_reason(i);
		ck_assert_int_eq(name != NULL, i >= 0 && i <= 10 && i != 7);
		if (name)
			ck_assert_int_eq(kst_revocation_reason_by_name(name), i);
	}
	ck_assert_int_eq(kst_revocation_reason_by_name("keycompromise"), -1);
}
END_TEST

/* A hundred thousand entries: found, each, in a walk and a look. */
START_TEST(test_many)
{
	enum { MANY = 100000 };
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	struct kst_bytes der = crl_big(&ca, 1000000, MANY);
	size_t before = kst_alloc_live();
	ck_assert_int_eq(kst_revocations_add_crl(r, der.data, der.len, "big.crl", NULL), 0);
	no();
	/* The bytes, and a table: no objects. */
	ck_assert_uint_lt(kst_alloc_live() - before, der.len + 4 * 1024 * 1024);
	X509_set_serialNumber(leaf.cert, (ASN1_INTEGER_set(n, 1000000 + MANY - 1), n));
	X509_sign(leaf.cert, ca.key, EVP_sha256());
	kst_cert_free(leaf_c);
	leaf_c = party_cert(&leaf);
	yes();
	ASN1_INTEGER_free(n);
	OPENSSL_free((void *)der.data);
}
END_TEST

Suite *test_crl(void)
{
	Suite *s = suite_create("crl");
	TCase *tc = tcase_create("crl");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_listed);
	tcase_add_test(tc, test_not_listed);
	tcase_add_test(tc, test_empty_list);
	tcase_add_test(tc, test_nothing);
	tcase_add_test(tc, test_other_key);
	tcase_add_test(tc, test_key_id_told);
	tcase_add_test(tc, test_no_crl_sign);
	tcase_add_test(tc, test_altered);
	tcase_add_test(tc, test_two_algorithms);
	tcase_add_test(tc, test_digests);
	tcase_add_test(tc, test_overdue);
	tcase_add_test(tc, test_overdue_but_listed);
	tcase_add_test(tc, test_not_yet);
	tcase_add_test(tc, test_looking_back);
	tcase_add_test(tc, test_dated_ahead);
	tcase_add_test(tc, test_taken_back_in_a_complete_list);
	tcase_add_test(tc, test_looking_back_compromised);
	tcase_add_test(tc, test_looking_back_beyond_the_end);
	tcase_add_test(tc, test_no_next_update);
	tcase_add_test(tc, test_version_1);
	tcase_add_test(tc, test_no_number);
	tcase_add_test(tc, test_critical_number);
	tcase_add_test(tc, test_unknown_extension);
	tcase_add_test(tc, test_unknown_entry_extension);
	tcase_add_test(tc, test_newest_counts);
	tcase_add_test(tc, test_hold);
	tcase_add_test(tc, test_delta);
	tcase_add_test(tc, test_delta_of_another_base);
	tcase_add_test(tc, test_delta_alone_lists);
	tcase_add_test(tc, test_only_users);
	tcase_add_test(tc, test_only_cas);
	tcase_add_test(tc, test_only_attributes);
	tcase_add_test(tc, test_some_reasons);
	tcase_add_test(tc, test_some_reasons_listed);
	tcase_add_test(tc, test_points);
	tcase_add_test(tc, test_point_named_by_issuer);
	tcase_add_test(tc, test_serial_with_zeros);
	tcase_add_test(tc, test_indirect);
	tcase_add_test(tc, test_indirect_unmarked);
	tcase_add_test(tc, test_broken);
	tcase_add_test(tc, test_each_bit);
	tcase_add_test(tc, test_without_memory);
	tcase_add_test(tc, test_reasons);
	tcase_add_test(tc, test_many);
	suite_add_tcase(s, tc);
	return s;
}
