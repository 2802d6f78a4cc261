/* SPDX-License-Identifier: ISC */
/* test_keygen.c - new keys, names from text, self-signed certificates */
#include "keyfile.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

static const struct sort {
	const char *alg, *text, *signature;
} sorts[] = {
	{ "p256", "EC-P256", "ECDSA-SHA256" },	  { "EC", "EC-P256", "ECDSA-SHA256" },
	{ "p384", "EC-P384", "ECDSA-SHA384" },	  { "p521", "EC-P521", "ECDSA-SHA512" },
	{ "ed25519", "Ed25519", "Ed25519" },	  { "ed448", "Ed448", "Ed448" },
	{ "rsa:2048", "RSA-2048", "RSA-SHA256" }, { "rsa", "RSA-3072", "RSA-SHA256" },
	{ "rsa-pss:2048", NULL, NULL },
};

static X509 *x509_of(const struct kst_cert *cert)
{
	struct kst_bytes der = kst_cert_der(cert);
	const uint8_t *p = der.data;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);
	ck_assert_ptr_nonnull(x);
	return x;
}

START_TEST(each_sort_of_key_is_made_and_signs_itself)
{
	static const char *const host[] = { "www.example.com", "10.0.0.1", "::1", "*.example.com",
					    NULL };
	struct kst_self_sign how = { .host = host, .days = 90, .server_client = true };
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL;
	struct kst_cert *cert = NULL;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct sort *s = &sorts[_i];
	int64_t now = kst_time_now();

	ck_assert_msg(kst_key_generate(&key, s->alg, &err) == 0, "%s", err.message);
	kst_key_text(key, false, &b);
	if (s->text)
		ck_assert_str_eq((char *)b.data, s->text);
	ck_assert_msg(kst_key_self_sign(&cert, key, &how, &err) == 0, "%s", err.message);
	ck_assert_int_eq(kst_key_matches(key, cert), 1);
	ck_assert(!kst_cert_is_ca(cert));
	ck_assert(kst_cert_is_self_issued(cert));
	ck_assert_int_ge(kst_cert_not_before(cert), now);
	ck_assert_int_eq(kst_cert_not_after(cert) - kst_cert_not_before(cert), 90 * 86400);
	ck_assert_uint_le(kst_cert_serial(cert).len, 17);
	kst_buf_reset(&b);
	kst_cert_sig_text(cert, &b);
	if (s->signature)
		ck_assert_str_eq((char *)b.data, s->signature);

	X509 *x = x509_of(cert);
	ck_assert_int_eq(X509_verify(x, X509_get0_pubkey(x)), 1);
	ck_assert_int_eq(X509_get_version(x), X509_VERSION_3);
	ck_assert_int_eq(X509_check_host(x, "www.example.com", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_host(x, "a.example.com", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_ip_asc(x, "10.0.0.1", 0), 1);
	ck_assert_int_eq(X509_check_ip_asc(x, "0:0:0:0:0:0:0:1", 0), 1);
	ck_assert_uint_eq(X509_get_extended_key_usage(x), XKU_SSL_SERVER | XKU_SSL_CLIENT);
	ck_assert_uint_eq(X509_get_key_usage(x),
			  KU_DIGITAL_SIGNATURE |
				  (!strncmp(s->alg, "rsa", 3) && !strstr(s->alg, "pss")
					   ? KU_KEY_ENCIPHERMENT
					   : 0));
	ck_assert_ptr_nonnull(X509_get0_subject_key_id(x));
	ck_assert_int_eq(X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0), 1);
	int at = X509_get_ext_by_NID(x, NID_basic_constraints, -1);
	ck_assert_int_eq(X509_EXTENSION_get_critical(X509_get_ext(x, at)), 1);
	X509_free(x);
	kst_cert_free(cert);
	kst_key_free(key);
}
END_TEST

START_TEST(what_cannot_be_made_is_named)
{
	static const struct {
		const char *alg;
		enum kst_code code;
		const char *says;
	} bad[] = {
		{ "rsa:1024", KST_E_BAD_VALUE, "2048 to 16384" },
		{ "rsa:99999", KST_E_BAD_VALUE, "99999" },
		{ "rsa:x", KST_E_BAD_VALUE, "not x" },
		{ "rsa:", KST_E_BAD_VALUE, "RSA" },
		{ "rsa:2048 ", KST_E_BAD_VALUE, "RSA" },
		{ "dsa:1024", KST_E_BAD_VALUE, "DSA" },
		{ "", KST_E_BAD_VALUE, "\"\"" },
		{ "p256:1", KST_E_BAD_VALUE, "p256:1" },
		{ "rot13", KST_E_UNSUPPORTED, "ROT13 is not available in OpenSSL " },
		{ "hmac", KST_E_UNSUPPORTED, "HMAC" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct kst_error err = KST_ERROR_INIT;
		struct kst_key *key = NULL;
		ck_assert_int_eq(kst_key_generate(&key, bad[i].alg, &err), -1);
		ck_assert_msg(err.code == bad[i].code && strstr(err.message, bad[i].says), "%s: %s",
			      bad[i].alg, err.message);
		ck_assert_ptr_null(key);
	}
}
END_TEST

START_TEST(a_post_quantum_key_is_made_or_openssl_is_said_to_lack_it)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL;
	struct kst_cert *cert = NULL;
	struct kst_self_sign how = { .subject = "CN=pq", .days = 1 };
	int rc = kst_key_generate(&key, "ml-dsa-65", &err);
	if (rc < 0) {
		ck_assert_int_eq(err.code, KST_E_UNSUPPORTED);
		ck_assert_ptr_nonnull(
			strstr(err.message, "ML-DSA-65 is not available in OpenSSL "));
		return;
	}
	ck_assert_msg(kst_key_self_sign(&cert, key, &how, &err) == 0, "%s", err.message);
	ck_assert_int_eq(kst_key_matches(key, cert), 1);
	kst_cert_free(cert);
	kst_key_free(key);
}
END_TEST

START_TEST(a_key_that_cannot_sign_gets_no_certificate)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL;
	struct kst_cert *cert = NULL;
	struct kst_self_sign how = { .subject = "CN=x", .days = 1 };
	ck_assert_int_eq(kst_key_generate(&key, "x25519", &err), 0);
	ck_assert_int_eq(kst_key_self_sign(&cert, key, &how, &err), -1);
	ck_assert_int_eq(err.code, KST_E_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.message, "cannot sign"));
	kst_key_free(key);
}
END_TEST

/* The subject of a certificate that was asked for as `text`; NULL: refused, *err tells. */
static char *subject_of(const char *text, const char *const *host, struct kst_error *err)
{
	static struct kst_key *key;
	struct kst_cert *cert = NULL;
	struct kst_self_sign how = { .subject = text, .host = host, .days = 1 };
	kst_error_clear(err);
	if (!key)
		ck_assert_int_eq(kst_key_generate(&key, "ed25519", NULL), 0);
	if (kst_key_self_sign(&cert, key, &how, err) < 0)
		return NULL;
	X509 *x = x509_of(cert);
	BIO *bio = BIO_new(BIO_s_mem());
	X509_NAME_print_ex(bio, X509_get_subject_name(x), 0,
			   XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	char *data, *copy;
	long n = BIO_get_mem_data(bio, &data);
	copy = strndup(n > 0 ? data : "", (size_t)n);
	BIO_free(bio);
	X509_free(x);
	kst_cert_free(cert);
	return copy;
}

START_TEST(names_are_read_as_rfc_4514_writes_them)
{
	static const char *const good[][2] = {
		{ "CN=web,O=Acme,C=DE", "CN=web,O=Acme,C=DE" },
		{ " cn = web , o=Acme Inc ,c=DE ", "CN=web,O=Acme Inc,C=DE" },
		/* DER sorts the parts of one RDN, and OpenSSL prints them backwards. */
		{ "CN=a+OU=b,DC=example,DC=com", "OU=b+CN=a,DC=example,DC=com" },
		{ "OU=b + CN=a,DC=example,DC=com", "OU=b+CN=a,DC=example,DC=com" },
		{ "CN=a\\,b\\+c\\\"\\\\\\;\\<\\>\\=", "CN=a\\,b\\+c\\\"\\\\\\;\\<\\>=" },
		{ "CN=\"a,b; c\",O=x", "CN=a\\,b\\; c,O=x" },
		{ "CN=caf\xc3\xa9", "CN=caf\xc3\xa9" },
		{ "CN=caf\\C3\\A9", "CN=caf\xc3\xa9" },
		{ "CN=\\ a\\ ", "CN=\\ a\\ " },
		{ "CN=\\#a", "CN=\\#a" },
		{ "2.5.4.3=web", "CN=web" },
		{ "OID.2.5.4.3=web", "CN=web" },
		{ "1.2.3.4=x", "1.2.3.4=#0C0178" },
		{ "CN=#0c03776562", "CN=web" },
		{ "E=a@b.example,CN=x", "emailAddress=a@b.example,CN=x" },
		{ "UID=me,GN=A,SN=B,T=Dr", "UID=me,GN=A,SN=B,title=Dr" },
	};
	struct kst_error err = KST_ERROR_INIT;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char *s = subject_of(good[i][0], NULL, &err);
		ck_assert_msg(s != NULL, "%s: %s", good[i][0], err.message);
		ck_assert_str_eq(s, good[i][1]);
		free(s);
	}
}
END_TEST

START_TEST(names_that_are_none_are_refused)
{
	static const char *const bad[] = {
		"web",
		"/CN=web",
		"CN",
		"=web",
		"CN=a,",
		"CN=a+",
		"CN=a,,O=b",
		",CN=a",
		"XX=a",
		"CN=a;O=b",
		"CN=\"a",
		"CN=\"a\"b",
		"CN=a\\",
		"CN=a\\x",
		"CN=#",
		"CN=#0c",
		"CN=#0500",
		"CN=#zz",
		"CN=\\ff",
		"CN=a\\00b",
		"C=DEU",
		"CN=a<b",
		"CN=",
		"",
		"CN=0123456789012345678901234567890123456789012345678901234567890123456789"
	};
	struct kst_error err = KST_ERROR_INIT;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(subject_of(bad[i], NULL, &err) == NULL, "%s", bad[i]);
		ck_assert_msg(err.code == KST_E_BAD_VALUE, "%s: %s", bad[i], err.message);
	}
}
END_TEST

START_TEST(hosts_are_checked_and_a_long_one_stands_in_the_san_only)
{
	static const char *const long_host[] = {
		"a-very-long-host-name-that-goes-on.and-on.and-on.and-on.example.com", NULL
	};
	static const char *const bad[] = { "",	 "a b",	 "r\xc3\xbchmlich.example",
					   ".a", "a..b", "http://a",
					   "a/b" };
	struct kst_error err = KST_ERROR_INIT;
	char *s = subject_of(NULL, long_host, &err);
	ck_assert_msg(s != NULL, "%s", err.message);
	ck_assert_str_eq(s, "");
	free(s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *host[] = { "ok.example", bad[i], NULL };
		ck_assert_msg(subject_of(NULL, host, &err) == NULL, "%s", bad[i]);
		ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	}
	ck_assert(subject_of(NULL, NULL, &err) == NULL);
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
}
END_TEST

Suite *test_keygen(void)
{
	Suite *s = suite_create("keygen");
	TCase *t = tcase_create("keygen");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_sort_of_key_is_made_and_signs_itself, 0,
			    sizeof(sorts) / sizeof(*sorts));
	tcase_add_test(t, what_cannot_be_made_is_named);
	tcase_add_test(t, a_post_quantum_key_is_made_or_openssl_is_said_to_lack_it);
	tcase_add_test(t, a_key_that_cannot_sign_gets_no_certificate);
	tcase_add_test(t, names_are_read_as_rfc_4514_writes_them);
	tcase_add_test(t, names_that_are_none_are_refused);
	tcase_add_test(t, hosts_are_checked_and_a_long_one_stands_in_the_san_only);
	suite_add_tcase(s, t);
	return s;
}
