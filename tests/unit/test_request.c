/* SPDX-License-Identifier: ISC */
/* test_request.c - certificate requests: written for every sort of key, read back, and read hostile */
#include "keyfile.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "kstool/csr.h"

static const char *const algs[] = { "p256",	"p384",	 "p521",  "ed25519",
				    "ed448", "rsa:2048", "rsa-pss:2048" };

static struct kst_key *new_key(const char *alg)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL;

	ck_assert_msg(kst_key_generate(&key, alg, &err) == 0, "%s", err.message);
	return key;
}

static struct kst_cert *self_signed(struct kst_key *key, const char *subject,
				    const char *const *host)
{
	struct kst_self_sign how = {
		.subject = subject, .host = host, .days = 1, .server_client = true
	};
	struct kst_error err = KST_ERROR_INIT;
	struct kst_cert *cert = NULL;

	ck_assert_msg(kst_key_self_sign(&cert, key, &how, &err) == 0, "%s", err.message);
	return cert;
}

static X509_REQ *request(struct kst_buf *der, const struct kst_key *key,
			 const struct kst_request *how)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_buf_reset(der);
	ck_assert_msg(kst_key_request(der, key, how, &err) == 0, "%s", err.message);
	const unsigned char *p = der->data;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)der->len);
	ck_assert_ptr_nonnull(req);
	ck_assert_ptr_eq(p, der->data + der->len);
	return req;
}

/* The value of an extension that a request asks for; NULL: it does not. */
static ASN1_OCTET_STRING *asked(X509_REQ *req, STACK_OF(X509_EXTENSION) **all, int nid)
{
	*all = X509_REQ_get_extensions(req);
	int at = X509v3_get_ext_by_NID(*all, nid, -1);
	return at < 0 ? NULL : X509_EXTENSION_get_data(X509v3_get_ext(*all, at));
}

static bool asks_for(X509_REQ *req, int nid)
{
	STACK_OF(X509_EXTENSION) *all;
	bool found = asked(req, &all, nid) != NULL;
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	return found;
}

START_TEST(each_sort_of_key_signs_a_request_with_what_the_certificate_has)
{
	static const char *const host[] = { "www.example.com", "10.0.0.1", NULL };
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *key = new_key(algs[_i]);
	struct kst_cert *cert = self_signed(key, "CN=www,OU=a,O=Acme", host);
	X509_REQ *req = request(&der, key, &(struct kst_request){ .from = cert });
	static const struct {
		int nid;
		const char *oid;
	} copied[] = { { NID_subject_alt_name, "2.5.29.17" },
		       { NID_key_usage, "2.5.29.15" },
		       { NID_ext_key_usage, "2.5.29.37" } };

	ck_assert_int_eq(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		struct kst_bytes want = kst_cert_extension(cert, copied[i].oid, NULL);
		STACK_OF(X509_EXTENSION) *all;
		ASN1_OCTET_STRING *got = asked(req, &all, copied[i].nid);

		ck_assert_ptr_nonnull(got);
		ck_assert_int_eq((size_t)ASN1_STRING_length(got) == want.len &&
					 !memcmp(ASN1_STRING_get0_data(got), want.data, want.len),
				 1);
		sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	}
	/* What the CA decides is not asked for. */
	ck_assert(!asks_for(req, NID_basic_constraints));
	ck_assert(!asks_for(req, NID_subject_key_identifier));
	/* The name, byte for byte. */
	struct kst_bytes name = kst_cert_subject_der(cert);
	unsigned char *mine = NULL;
	int n = i2d_X509_NAME(X509_REQ_get_subject_name(req), &mine);
	ck_assert(n > 0 && (size_t)n == name.len && !memcmp(mine, name.data, name.len));
	OPENSSL_free(mine);
	X509_REQ_free(req);
	kst_cert_free(cert);
	kst_key_free(key);
}
END_TEST

static int join(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	kst_buf_printf(ctx, "%d:%.*s ", (int)type, (int)len, value);
	return 0;
}

static void check_text(const struct kst_buf *der, const char *subject, const char *sans)
{
	struct kst_buf a KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_csr csr;

	ck_assert_msg(kst_csr_parse(&csr, der->data, der->len, &err) == 0, "%s", err.message);
	kst_csr_subject(&csr, &a);
	kst_csr_each_san(&csr, join, &b);
	ck_assert_str_eq(a.data ? (char *)a.data : "", subject);
	ck_assert_str_eq(b.data ? (char *)b.data : "", sans);
}

START_TEST(names_that_are_given_take_the_place_of_the_old_ones)
{
	static const char *const host[] = { "old.example.com", NULL };
	static const char *const neu[] = { "new.example.com", "10.0.0.2", NULL };
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *key = new_key("p256");
	struct kst_cert *cert = self_signed(key, "CN=old.example.com,OU=a,O=Acme", host);

	X509_REQ_free(request(&der, key, &(struct kst_request){ .from = cert, .host = neu }));
	check_text(&der, "CN=new.example.com,OU=a,O=Acme", "0:new.example.com 3:10.0.0.2 ");
	X509_REQ_free(request(&der, key, &(struct kst_request){ .from = cert, .subject = "O=B" }));
	check_text(&der, "O=B", "0:old.example.com ");
	X509_REQ_free(request(&der, key, &(struct kst_request){ .host = neu }));
	check_text(&der, "CN=new.example.com", "0:new.example.com 3:10.0.0.2 ");
	kst_cert_free(cert);
	/* A subject without CN gets none. */
	cert = self_signed(key, "OU=a,O=Acme", host);
	X509_REQ_free(request(&der, key, &(struct kst_request){ .from = cert, .host = neu }));
	check_text(&der, "OU=a,O=Acme", "0:new.example.com 3:10.0.0.2 ");
	kst_cert_free(cert);
	kst_key_free(key);
}
END_TEST

START_TEST(usages_of_another_sort_of_key_are_left_out)
{
	static const char *const host[] = { "h.example.com", NULL };
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *old = new_key("rsa:2048"), *neu = new_key("p256");
	struct kst_cert *cert = self_signed(old, NULL, host);
	X509_REQ *req = request(&der, neu, &(struct kst_request){ .from = cert });

	ck_assert(!asks_for(req, NID_key_usage));
	ck_assert(asks_for(req, NID_ext_key_usage));
	X509_REQ_free(req);
	kst_cert_free(cert);
	kst_key_free(old);
	kst_key_free(neu);
}
END_TEST

/* RFC 1123 2.1 and RFC 6125 6.4.3: a CA that copies a name is not given one that no client matches. */
START_TEST(a_host_is_a_name_a_wildcard_or_an_address)
{
#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	static const struct {
		const char *host;
		bool good;
	} row[] = {
		{ "localhost", true },	  { "a_b.test", true },	    { "*.a.test", true },
		{ "3com.com", true },	  { "10.0.0.1", true },	    { "::1", true },
		{ "a.2b", true },	  { X63 ".test", true },    { "x" X63 ".test", false },
		{ "", false },		  { "a b", false },	    { "*", false },
		{ "*.*", false },	  { "a.*.test", false },    { "f*.test", false },
		{ "a..test", false },	  { ".a.test", false },	    { "a.test.", false },
		{ "-a.test", false },	  { "a-.test", false },	    { "999.1.1.1", false },
		{ "1.2.3", false },	  { "1", false },	    { "a.test:443", false },
		{ "http://a.test", false }, { "\xc3\xa4.test", false },
		{ X63 "." X63 "." X63 "." X63, false },
	};
	struct kst_key *key = new_key("ed25519");

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *const host[] = { row[i].host, NULL };
		struct kst_buf der = KST_BUF_INIT;
		struct kst_error err = KST_ERROR_INIT;
		int rc = kst_key_request(&der, key, &(struct kst_request){ .host = host }, &err);

		ck_assert_msg((rc == 0) == row[i].good, "%s: %s", row[i].host, err.message);
		ck_assert_msg(rc == 0 || err.code == KST_E_BAD_VALUE, "%s: %s", row[i].host, err.message);
		kst_buf_release(&der);
	}
	kst_key_free(key);
}
END_TEST

START_TEST(without_any_name_there_is_no_request)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = new_key("p256"), *mute = new_key("x25519");
	static const char *const host[] = { "h", NULL }, *const bad[] = { "no host", NULL };

	ck_assert_int_eq(kst_key_request(&der, key, &(struct kst_request){ .from = NULL }, &err), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	kst_error_clear(&err);
	ck_assert_int_eq(kst_key_request(&der, key, &(struct kst_request){ .host = bad }, &err), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	kst_error_clear(&err);
	ck_assert_int_eq(kst_key_request(&der, mute, &(struct kst_request){ .host = host }, &err), -1);
	ck_assert_int_eq(err.code, KST_E_UNSUPPORTED);
	ck_assert_uint_eq(der.len, 0);
	kst_key_free(key);
	kst_key_free(mute);
}
END_TEST

/* Whatever is cut or flipped: refused or read, never beyond the end (the sanitizer watches). */
START_TEST(damaged_requests_are_read_within_their_bounds)
{
	static const char *const host[] = { "a.example.com", "b.example.com", NULL };
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *key = new_key("ed25519");
	size_t refused = 0;

	X509_REQ_free(request(&der, key, &(struct kst_request){ .host = host }));
	for (size_t n = 0; n < der.len; n++) {
		struct kst_csr csr;
		uint8_t *cut = kst_malloc(n + 1);

		memcpy(cut, der.data, n);
		ck_assert_int_eq(kst_csr_parse(&csr, cut, n, NULL), -1);
		kst_free(cut);
	}
	for (size_t i = 0; i < der.len * 8; i++) {
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_csr csr;

		der.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (kst_csr_parse(&csr, der.data, der.len, NULL) == 0) {
			kst_csr_subject(&csr, &text);
			kst_csr_each_san(&csr, join, &text);
			kst_csr_key_text(&csr, &text);
		} else {
			refused++;
		}
		der.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_uint_gt(refused, 0);
	kst_key_free(key);
}
END_TEST

Suite *test_request(void)
{
	Suite *s = suite_create("request");
	TCase *t = tcase_create("request");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_sort_of_key_signs_a_request_with_what_the_certificate_has, 0,
			    sizeof(algs) / sizeof(algs[0]));
	tcase_add_test(t, names_that_are_given_take_the_place_of_the_old_ones);
	tcase_add_test(t, usages_of_another_sort_of_key_are_left_out);
	tcase_add_test(t, without_any_name_there_is_no_request);
	tcase_add_test(t, a_host_is_a_name_a_wildcard_or_an_address);
	tcase_add_test(t, damaged_requests_are_read_within_their_bounds);
	suite_add_tcase(s, t);
	return s;
}
