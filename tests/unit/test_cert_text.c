/* SPDX-License-Identifier: ISC */
/* test_cert_text.c - the names and texts of certificates, made ones with all that is odd */
#include <check.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "crypto/cert_impl.h"

struct list {
	struct kst_buf text;
	int stop_after;
};

static int list_san(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	static const char *const name[] = { "dns", "uri", "email", "ip", "other" };
	struct list *l = ctx;
	kst_buf_printf(&l->text, "%s=%s;", name[type], value);
	ck_assert_uint_eq(strlen(value), len);
	return --l->stop_after == 0 ? 7 : 0;
}

START_TEST(subject_alternative_names_come_in_order)
{
	struct kst_cert *c = sample();
	struct list l = { .text = KST_BUF_INIT };
	ck_assert_int_eq(kst_cert_each_san(c, list_san, &l), 0);
	ck_assert_str_eq((char *)l.text.data,
			 "dns=a.test;dns=*.a.test;ip=10.0.0.1;ip=2001:db8::1;uri=https://a.test/;"
			 "email=x@a.test;other=otherName:msUPN:u@a.test;other=registeredID:1.2.3.4;");
	ck_assert_uint_eq(kst_cert_san_count(c), 6);
	kst_buf_reset(&l.text);
	l.stop_after = 2;
	ck_assert_int_eq(kst_cert_each_san(c, list_san, &l), 7);
	ck_assert_str_eq((char *)l.text.data, "dns=a.test;dns=*.a.test;");
	kst_buf_release(&l.text);
	kst_cert_free(c);
}
END_TEST

/* A certificate whose subject is `name` (taken over) and whose SAN is `san`. */
static struct kst_cert *named(X509_NAME *name, const char *san)
{
	struct party p = { .key = EVP_EC_gen("P-256") };
	struct kst_cert *c;
	p.cert = party_certify(p.key, "x", san, 0, 1, NULL);
	X509_set_subject_name(p.cert, name);
	X509_set_issuer_name(p.cert, name);
	X509_NAME_free(name);
	ck_assert_int_gt(X509_sign(p.cert, p.key, EVP_sha256()), 0);
	c = party_cert(&p);
	party_free(&p);
	return c;
}

static void add(X509_NAME *name, const char *type, int string, const char *value, int len, int set)
{
	/* MBSTRING_* would choose the type; a V_ASN1_* takes the bytes as they are. */
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, type, string, (const unsigned char *)value, len,
						    -1, set), 1);
}

static void shows(X509_NAME *name, const char *san, const char *want)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cert *c = named(name, san);
	ck_assert_str_eq(text(kst_cert_name, c, &out), want);
	kst_cert_free(c);
}

START_TEST(the_name_that_a_list_shows_is_chosen_as_the_format_says)
{
	X509_NAME *n = X509_NAME_new();
	add(n, "CN", MBSTRING_UTF8, "cn", -1, 0);
	shows(X509_NAME_dup(n), "email:e@x,URI:u:x,DNS:d.x", "d.x");
	shows(X509_NAME_dup(n), "IP:::1,email:e@x,URI:u:x", "u:x");
	shows(X509_NAME_dup(n), "IP:::1,email:e@x", "e@x");
	shows(X509_NAME_dup(n), "RID:1.2.3,IP:::1", "::1");
	shows(X509_NAME_dup(n), "RID:1.2.3", "cn");
	add(n, "CN", MBSTRING_UTF8, "cn2", -1, 0);
	add(n, "O", MBSTRING_UTF8, "org", -1, 0);
	shows(n, NULL, "cn2");
	n = X509_NAME_new();
	add(n, "O", MBSTRING_UTF8, "org", -1, 0);
	add(n, "OU", MBSTRING_UTF8, "unit", -1, 0);
	shows(n, NULL, "unit");
	shows(X509_NAME_new(), NULL, "");
}
END_TEST

START_TEST(every_string_type_becomes_utf8_and_rubbish_a_replacement)
{
	static const struct {
		int type;
		const char *bytes;
		int len;
		const char *want;
	} s[] = {
		{ V_ASN1_UTF8STRING, "a\0b", 3, "a\xef\xbf\xbd" "b" },
		{ V_ASN1_UTF8STRING, "a\xff\xc3\xa9", 4, "a\xef\xbf\xbd\xc3\xa9" },
		{ V_ASN1_PRINTABLESTRING, "caf\xe9", 4, "caf\xef\xbf\xbd" },
		{ V_ASN1_T61STRING, "caf\xe9", 4, "caf\xc3\xa9" },
		{ V_ASN1_BMPSTRING, "\x00\x61\x4e\x2d", 4, "a\xe4\xb8\xad" },
		{ V_ASN1_BMPSTRING, "\xd8\x3d\xde\x00\xd8\x3d", 6, "\xf0\x9f\x98\x80\xef\xbf\xbd" },
		{ V_ASN1_BMPSTRING, "\x00\x61\x62", 3, "a\xef\xbf\xbd" },
		{ V_ASN1_UNIVERSALSTRING, "\x00\x01\xf6\x00\xff\xff\xff\xff", 8, "\xf0\x9f\x98\x80\xef\xbf\xbd" },
		{ V_ASN1_OCTET_STRING, "abc", 3, "\xef\xbf\xbd" },
	};
	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
		struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_der_item v = { .id = (uint8_t)s[i].type,
					  .body = { (const uint8_t *)s[i].bytes, (size_t)s[i].len } };
		kst_asn1_text(&v, &out);
		ck_assert_msg(!strcmp((char *)out.data, s[i].want), "%zu: %s", i, (char *)out.data);
	}
}
END_TEST

/* kstool prints ordinary names itself: whatever is in them, as OpenSSL would. */
START_TEST(names_are_printed_as_openssl_prints_them)
{
	static const char piece[][4] = { "a", "B", " ", "#", ",", "+", "\"", "\\", "<", ">", ";", "=", "\xc3\xa9",
					 "/", "\t", "\x7f", "\x80", "\xe4\xb8\xad" };
	static const int types[] = { V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_IA5STRING,
				     V_ASN1_T61STRING };
	static const char *const attr[] = { "CN", "O", "OU", "C", "L", "ST", "serialNumber", "DC", "UID",
					    "emailAddress", "1.2.3.4" };
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	unsigned seed = 1, compared = 0;
	for (int i = 0; i < 3000; i++) {
		X509_NAME *n = X509_NAME_new();
		struct kst_cert fake = { .version = 2 };
		unsigned char *der = NULL;
		for (int part = rand_r(&seed) % 4; part >= 0; part--) {
			char value[64] = "";
			for (int k = rand_r(&seed) % 6; k > 0; k--)
				strcat(value, piece[(size_t)rand_r(&seed) % (sizeof(piece) / 4)]);
			X509_NAME_add_entry_by_txt(n, attr[rand_r(&seed) % 11], types[rand_r(&seed) % 4],
						   (const unsigned char *)value, -1, -1,
						   rand_r(&seed) % 8 ? 0 : -1);
		}
		int len = i2d_X509_NAME(n, &der);
		const unsigned char *p = der;
		X509_NAME *read = len > 0 ? d2i_X509_NAME(NULL, &p, len) : NULL; /* its SETs are in order */
		if (read) {
			fake.subject = (struct kst_bytes){ der, (size_t)len };
			same_name("made", read, text(kst_cert_subject, &fake, &out));
			compared++;
		}
		X509_NAME_free(read);
		ERR_clear_error();
		OPENSSL_free(der);
		X509_NAME_free(n);
	}
	ck_assert_uint_gt(compared, 1500);
}
END_TEST

START_TEST(subjects_are_rfc_4514_and_names_that_do_not_decode_are_hex)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cert *c = sample();
	X509_NAME *n = X509_NAME_new();
	ck_assert_str_eq(text(kst_cert_subject, c, &out), "CN=caf\xc3\xa9");
	kst_cert_free(c);
	add(n, "C", MBSTRING_UTF8, "DE", -1, 0);
	add(n, "O", MBSTRING_UTF8, "A, B\n", -1, 0);
	add(n, "OU", MBSTRING_UTF8, "u", -1, -1);
	c = named(n, NULL);
	ck_assert_str_eq(text(kst_cert_subject, c, &out), "O=A\\, B\\0A+OU=u,C=DE");
	kst_cert_free(c);
	/* A BMPString of an odd length, in place of a two-byte UTF8String of the sample. */
	n = X509_NAME_new();
	add(n, "O", MBSTRING_UTF8, "org", -1, 0);
	add(n, "CN", V_ASN1_UTF8STRING, "xyz", 3, 0);
	c = named(n, NULL);
	struct kst_bytes der = kst_cert_der(c);
	uint8_t *bad = kst_malloc(der.len);
	struct kst_cert *d = NULL;
	memcpy(bad, der.data, der.len);
	for (size_t i = 0; i + 5 < der.len; i++)
		if (!memcmp(bad + i, "\x0c\x03xyz", 5))
			bad[i] = V_ASN1_BMPSTRING;
	ck_assert_int_eq(kst_cert_new(&d, bad, der.len, NULL), 0);
	ck_assert_str_eq(text(kst_cert_subject, d, &out), "2.5.4.3=#1e0378797a,2.5.4.10=#0c036f7267");
	ck_assert_ptr_nonnull(strstr(text(kst_cert_full_text, d, &out), "Certificate:"));
	ck_assert_uint_eq(ERR_peek_error(), 0);
	kst_free(bad);
	kst_cert_free(c);
	kst_cert_free(d);
}
END_TEST

START_TEST(the_full_text_is_that_of_openssl)
{
	struct kst_cert *c = sample();
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *s = text(kst_cert_full_text, c, &out);
	ck_assert_ptr_nonnull(strstr(s, "Subject: CN = caf\xc3\xa9\n"));
	ck_assert_ptr_nonnull(strstr(s, "X509v3 Basic Constraints: critical\n"));
	kst_cert_free(c);
}
END_TEST

Suite *test_cert_text(void);
Suite *test_cert_text(void)
{
	Suite *s = suite_create("cert_text");
	TCase *t = tcase_create("cert_text");
	tcase_add_test(t, subject_alternative_names_come_in_order);
	tcase_add_test(t, the_name_that_a_list_shows_is_chosen_as_the_format_says);
	tcase_add_test(t, every_string_type_becomes_utf8_and_rubbish_a_replacement);
	tcase_add_test(t, names_are_printed_as_openssl_prints_them);
	tcase_add_test(t, subjects_are_rfc_4514_and_names_that_do_not_decode_are_hex);
	tcase_add_test(t, the_full_text_is_that_of_openssl);
	suite_add_tcase(s, t);
	return s;
}
