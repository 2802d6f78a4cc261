/* SPDX-License-Identifier: ISC */
/* test_key.c - private keys of every form, their public halves, copies, names */
#include "keyfile.h"

#include <openssl/x509.h>

/* `label` "" for none; the key that comes of openssl's PEM, without the PEM. */
static struct kst_key *made(const char *command)
{
	return key_from(command);
}

static void is_named(const struct kst_key *key, const char *text)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_puts(&b, "");
	kst_key_text(key, false, &b);
	ck_assert_str_eq((char *)b.data, text);
}

/* The SPKI is what openssl(1) says. */
static void has_public(struct kst_key *key)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	const uint8_t *p = key->pkcs8.data;
	uint8_t *der = NULL;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &p, (long)key->pkcs8.len);
	ck_assert_ptr_nonnull(pkey);
	int n = i2d_PUBKEY(pkey, &der);
	ck_assert_int_eq(kst_key_spki(key, &spki, NULL), 0);
	ck_assert_uint_eq(spki.len, (size_t)n);
	ck_assert_mem_eq(spki.data, der, spki.len);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static const struct form {
	const char *make, *traditional, *pkcs8, *text;
} forms[] = {
	{ "openssl genrsa 2048", "openssl rsa -traditional", "openssl pkcs8 -topk8 -nocrypt",
	  "RSA-2048" },
	{ "openssl ecparam -genkey -noout -name prime256v1", "openssl ec",
	  "openssl pkcs8 -topk8 -nocrypt", "EC-P256" },
	{ "openssl ecparam -genkey -noout -name secp384r1", "openssl ec",
	  "openssl pkcs8 -topk8 -nocrypt", "EC-P384" },
	{ "openssl dsaparam -genkey -noout 1024", "openssl pkey -traditional",
	  "openssl pkcs8 -topk8 -nocrypt", NULL },
};

START_TEST(traditional_and_pkcs8_are_the_same_key)
{
	const struct form *f = &forms[_i];
	char command[512];
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT;
	snprintf(command, sizeof(command), "%s 2>/dev/null", f->make);
	run(&pem, command);
	setenv("KST_TEST_KEY", (const char *)pem.data, 1);
	snprintf(command, sizeof(command), "printenv KST_TEST_KEY | %s 2>/dev/null",
		 f->traditional);
	struct kst_key *a = made(command);
	snprintf(command, sizeof(command), "printenv KST_TEST_KEY | %s 2>/dev/null", f->pkcs8);
	struct kst_key *b = made(command);
	ck_assert(kst_secret_equal(&a->pkcs8, &b->pkcs8));
	if (f->text)
		is_named(a, f->text);
	has_public(a);
	kst_key_free(a);
	kst_key_free(b);
}
END_TEST

START_TEST(an_ec_key_takes_its_curve_from_outside)
{
	/* ECPrivateKey without [0], as some writers leave it to a PEM block "EC PARAMETERS". */
	static const uint8_t p256[] = {
		0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07
	};
	uint8_t der[2 + 3 + 2 + 32] = { 0x30, 37, 0x02, 0x01, 0x01, 0x04, 32 };
	struct kst_bytes curve = { p256, sizeof(p256) };
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL;
	memset(der + 7, 0x42, 32);
	ck_assert_int_eq(kst_key_from_der(&key, der, sizeof(der), "EC PRIVATE KEY", NULL, &err),
			 -1);
	ck_assert_int_eq(err.code, KST_E_BAD_KEY);
	ck_assert_ptr_nonnull(strstr(err.message, "curve"));
	ck_assert_ptr_null(key);
	ck_assert_int_eq(kst_key_from_der(&key, der, sizeof(der), "EC PRIVATE KEY", &curve, NULL),
			 0);
	is_named(key, "EC-P256");
	has_public(key);
	kst_key_free(key);
}
END_TEST

START_TEST(what_is_no_key_or_more_than_one_is_refused)
{
	struct kst_key *good = made("openssl genpkey -algorithm ed25519"), *key = NULL;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_put(&b, good->pkcs8.data, good->pkcs8.len);
	kst_buf_u8(&b, 0);
	ck_assert_int_eq(kst_key_from_der(&key, b.data, b.len, NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_KEY);
	for (size_t n = 0; n < good->pkcs8.len; n++)
		ck_assert_int_eq(kst_key_from_der(&key, b.data, n, NULL, NULL, NULL), -1);
	/* A member that PKCS#8 does not have. */
	kst_buf_reset(&b);
	kst_buf_put(&b, good->pkcs8.data, good->pkcs8.len);
	kst_buf_put(&b, "\x05\x00", 2);
	b.data[1] = (uint8_t)(b.data[1] + 2);
	ck_assert_int_eq(kst_key_from_der(&key, b.data, b.len, NULL, NULL, NULL), -1);
	/* The right frame, but 31 bytes are no Ed25519 key. */
	static const uint8_t bad[] = { 0x30, 0x2d, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b,
				       0x65, 0x70, 0x04, 0x21, 0x04, 0x1f, 1,	 2,    3,    4,
				       5,    6,	   7,	 8,    9,    10,   11,	 12,   13,   14,
				       15,   16,   17,	 18,   19,   20,   21,	 22,   23,   24,
				       25,   26,   27,	 28,   29,   30,   31 };
	kst_error_clear(&err);
	ck_assert_int_eq(kst_key_from_der(&key, bad, sizeof(bad), NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_KEY);
	ck_assert_ptr_null(key);
	kst_key_free(good);
}
END_TEST

/* An algorithm of nobody's: 1.2.3.4. */
static const uint8_t opaque[] = { 0x30, 0x0f, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03,
				  0x2a, 0x03, 0x04, 0x04, 0x03, 'k',  'e',  'y' };
/* The same in version 2, with its public key. */
static const uint8_t opaque_v2[] = { 0x30, 0x15, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06,
				     0x03, 0x2a, 0x03, 0x04, 0x04, 0x03, 'k',  'e',
				     'y',  0x81, 0x04, 0x00, 'p',  'u',	 'b' };

START_TEST(an_unknown_algorithm_is_kept_byte_for_byte)
{
	struct kst_key *key = NULL, *copy = NULL;
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_msg(kst_key_from_der(&key, opaque, sizeof(opaque), "PRIVATE KEY", NULL, &err) ==
			      0,
		      "%s", err.message);
	ck_assert_uint_eq(key->pkcs8.len, sizeof(opaque));
	ck_assert_mem_eq(key->pkcs8.data, opaque, sizeof(opaque));
	is_named(key, "1.2.3.4");
	ck_assert_int_eq(kst_key_spki(key, &spki, &err), 1);
	ck_assert_int_eq(err.code, KST_OK);
	kst_key_free(key);
	ck_assert_int_eq(kst_key_from_der(&key, opaque_v2, sizeof(opaque_v2), NULL, NULL, NULL), 0);
	ck_assert_int_eq(kst_key_spki(key, &spki, NULL), 0);
	ck_assert_uint_eq(spki.len, 2 + 7 + 6);
	ck_assert_mem_eq(spki.data + 2 + 7, "\x03\x04\x00pub", 6);
	ck_assert_int_eq(kst_key_copy(&copy, key, NULL), 0);
	ck_assert(kst_secret_equal(&copy->pkcs8, &key->pkcs8));
	ck_assert(kst_blob_equal(&copy->spki, &key->spki));
	kst_key_free(key);
	kst_key_free(copy);
}
END_TEST

START_TEST(version_2_of_a_known_algorithm_is_kept_and_understood)
{
	/* Ed25519 of RFC 8410 10.3: attributes and public key. */
	static const char pem[] =
		"-----BEGIN PRIVATE KEY-----\n"
		"MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		"oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
		"Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"
		"-----END PRIVATE KEY-----\n";
	struct keyfile f;
	struct kst_key *key = NULL;
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	ck_assert(keyfile_pem(pem, &f));
	ck_assert_msg(keyfile_key(&f, &key, &err) == 0, "%s", err.message);
	ck_assert_uint_eq(key->pkcs8.len, f.der.len);
	ck_assert_mem_eq(key->pkcs8.data, f.der.data, f.der.len);
	is_named(key, "Ed25519");
	ck_assert_int_eq(kst_key_spki(key, &spki, NULL), 0);
	ck_assert_uint_eq(spki.len, 44);
	ck_assert_mem_eq(spki.data + 12, "\x19\xbf\x44\x09\x69\x84\xcd\xfe", 8);
	kst_buf_release(&f.der);
	kst_key_free(key);
}
END_TEST

START_TEST(a_sealed_key_says_how_and_nothing_else)
{
	struct kst_key *key = made("openssl genpkey -algorithm ed25519 -aes-256-cbc -pass pass:x"),
		       *copy = NULL;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret pass = PASS("x");
	ck_assert(kst_key_is_sealed(key));
	is_named(key, "?");
	kst_key_protection(key, &b);
	ck_assert_str_eq((char *)b.data, "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256 2048");
	ck_assert_int_eq(kst_key_spki(key, &b, NULL), 1);
	ck_assert_int_eq(kst_key_copy(&copy, key, NULL), 0);
	ck_assert_int_eq(kst_key_open_with(copy, &pass, NULL), 0);
	is_named(copy, "Ed25519");
	ck_assert(kst_key_is_sealed(key));
	kst_key_free(key);
	kst_key_free(copy);
	kst_secret_release(&pass);
}
END_TEST

START_TEST(a_key_matches_its_own_certificate_only)
{
	static const char *const algs[] = { "p256", "ed25519", "rsa:2048", "rsa-pss:2048" };
	struct kst_self_sign how = { .subject = "CN=a", .days = 1 };
	struct kst_key *key[4];
	struct kst_cert *cert[4];
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(kst_key_generate(&key[i], algs[i], NULL), 0);
		ck_assert_int_eq(kst_key_self_sign(&cert[i], key[i], &how, NULL), 0);
	}
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++)
			ck_assert_int_eq(kst_key_matches(key[i], cert[j]), i == j);
	struct kst_key *other = NULL;
	ck_assert_int_eq(kst_key_generate(&other, "p256", NULL), 0);
	ck_assert_int_eq(kst_key_matches(other, cert[0]), 0);
	kst_key_free(other);
	/* Sealed: cannot tell, unless its public half is known. */
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT, spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret pass = PASS("secret");
	struct kst_pbe_options opt = { .iterations = 1 };
	ck_assert_int_eq(kst_key_seal(key[0], &pass, &opt, &sealed, NULL), 0);
	ck_assert_int_eq(kst_key_from_der(&other, sealed.data, sealed.len, NULL, NULL, NULL), 0);
	ck_assert_int_eq(kst_key_matches(other, cert[0]), -1);
	ck_assert_int_eq(kst_key_spki(key[0], &spki, NULL), 0);
	ck_assert_int_eq(kst_blob_set(&other->spki, spki.data, spki.len), 0);
	ck_assert_int_eq(kst_key_matches(other, cert[0]), 1);
	ck_assert_int_eq(kst_key_matches(other, cert[1]), 0);
	kst_key_free(other);
	kst_secret_release(&pass);
	for (int i = 0; i < 4; i++) {
		kst_key_free(key[i]);
		kst_cert_free(cert[i]);
	}
}
END_TEST

START_TEST(a_compressed_point_is_still_the_same_key)
{
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cert *cert = NULL;
	run(&pem, "openssl ecparam -genkey -noout -name prime256v1");
	setenv("KST_TEST_KEY", (const char *)pem.data, 1);
	struct kst_key *key = made("printenv KST_TEST_KEY");
	run(&pem, "f=$(mktemp) && printenv KST_TEST_KEY | openssl ec -conv_form compressed -out $f "
		  "2>/dev/null && "
		  "openssl req -x509 -new -key $f -subj /CN=a -outform DER; rm -f $f");
	ck_assert_int_eq(kst_cert_new(&cert, pem.data, pem.len, NULL), 0);
	ck_assert_int_eq(kst_key_matches(key, cert), 1);
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	ck_assert_int_eq(kst_key_spki(key, &spki, NULL), 0);
	ck_assert_uint_ne(spki.len, kst_cert_spki(cert).len);
	kst_cert_free(cert);
	kst_key_free(key);
}
END_TEST

START_TEST(an_opaque_key_is_compared_where_it_can_be)
{
	struct kst_key *key = NULL, *ec = NULL;
	struct kst_cert *cert = NULL;
	struct kst_self_sign how = { .subject = "CN=a", .days = 1 };
	ck_assert_int_eq(kst_key_generate(&ec, "p256", NULL), 0);
	ck_assert_int_eq(kst_key_self_sign(&cert, ec, &how, NULL), 0);
	ck_assert_int_eq(kst_key_from_der(&key, opaque, sizeof(opaque), NULL, NULL, NULL), 0);
	/* Another algorithm is another key, whatever it is. */
	ck_assert_int_eq(kst_key_matches(key, cert), 0);
	kst_key_free(key);
	kst_key_free(ec);
	kst_cert_free(cert);
}
END_TEST

Suite *test_key(void)
{
	Suite *s = suite_create("key");
	TCase *t = tcase_create("key");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, traditional_and_pkcs8_are_the_same_key, 0,
			    sizeof(forms) / sizeof(*forms));
	tcase_add_test(t, an_ec_key_takes_its_curve_from_outside);
	tcase_add_test(t, what_is_no_key_or_more_than_one_is_refused);
	tcase_add_test(t, an_unknown_algorithm_is_kept_byte_for_byte);
	tcase_add_test(t, version_2_of_a_known_algorithm_is_kept_and_understood);
	tcase_add_test(t, a_sealed_key_says_how_and_nothing_else);
	tcase_add_test(t, a_key_matches_its_own_certificate_only);
	tcase_add_test(t, a_compressed_point_is_still_the_same_key);
	tcase_add_test(t, an_opaque_key_is_compared_where_it_can_be);
	suite_add_tcase(s, t);
	return s;
}
