/* SPDX-License-Identifier: ISC */
/* test_pbe.c - passphrase encryption: what openssl(1) writes, what kstool writes, limits, encodings
 */
#include "keyfile.h"

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "crypto/cipher.h"
#include "crypto/pbe.h"
#include "kstool/format.h"

static const char plain_der[] = "\x30\x05\x02\x03\x01\x02\x03";
#define PLAIN	  ((const uint8_t *)plain_der)
#define PLAIN_LEN (sizeof(plain_der) - 1)

/* A key made by openssl(1), and what it makes of it with these options, opened by kstool. */
static void opens_like_openssl(const char *options)
{
	char command[512];
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT;
	run(&pem, "openssl genpkey -algorithm ed25519");
	setenv("KST_TEST_KEY", (const char *)pem.data, 1);
	struct kst_key *plain = key_from("printenv KST_TEST_KEY");
	snprintf(command, sizeof(command),
		 "printenv KST_TEST_KEY | openssl pkcs8 -provider legacy -provider default -topk8 "
		 "-passout pass:secret %s",
		 options);
	struct kst_key *key = key_from(command);
	struct kst_secret right = PASS("secret"), wrong = PASS("Secret");
	ck_assert(kst_key_is_sealed(key));
	ck_assert_msg(kst_key_open_with(key, &wrong, &err) == 1, "%s: %s", options, err.message);
	ck_assert_int_eq(err.code, KST_OK);
	ck_assert(kst_key_is_sealed(key));
	ck_assert_msg(kst_key_open_with(key, &right, &err) == 0, "%s: %s", options, err.message);
	ck_assert_msg(kst_secret_equal(&plain->pkcs8, &key->pkcs8), "%s", options);
	kst_key_protection(key, &text);
	ck_assert_uint_gt(text.len, 10);
	kst_secret_release(&right);
	kst_secret_release(&wrong);
	kst_key_free(plain);
	kst_key_free(key);
}

static const char *const openssl_options[] = {
	"",
	"-iter 1",
	"-v2 aes-128-cbc -v2prf hmacWithSHA1",
	"-v2 aes-192-cbc -v2prf hmacWithSHA512",
	"-v2 aes-256-cfb",
	"-v2 des3",
	"-v2 des",
	"-v2 rc2",
	"-v2 rc2-40-cbc",
	"-v2 cast5-cbc",
	"-v2 bf",
	"-v2 camellia-256-cbc -v2prf hmacWithSHA224",
	"-v2 aria-128-cbc -v2prf hmacWithSHA384",
	"-v2 seed",
	"-scrypt",
	"-scrypt -scrypt_N 1024 -scrypt_r 4 -scrypt_p 2 -v2 aes-128-cbc",
	"-v1 PBE-MD5-DES",
	"-v1 PBE-SHA1-DES",
	"-v1 PBE-MD5-RC2-64",
	"-v1 PBE-SHA1-RC2-64",
	"-v1 PBE-SHA1-3DES",
	"-v1 PBE-SHA1-2DES",
	"-v1 PBE-SHA1-RC2-40",
	"-v1 PBE-SHA1-RC2-128",
	"-v1 PBE-SHA1-RC4-40",
	"-v1 PBE-SHA1-RC4-128",
};

START_TEST(what_openssl_encrypts_opens)
{
	opens_like_openssl(openssl_options[_i]);
}
END_TEST

START_TEST(what_openssl_encrypts_opens_without_the_legacy_provider)
{
	/* Unlike openssl(1), this process has not loaded it yet. */
	struct kst_error err = KST_ERROR_INIT;
	static const char *const options[] = {
		"-v1 PBE-SHA1-RC2-40", "-v1 PBE-SHA1-RC4-128", "-v2 des", "-v2 rc2-64-cbc",
		"-v1 PBE-MD5-DES",     "-v2 cast5-cbc",	       "-v2 bf",  "-v2 seed"
	};
	struct kst_secret right = PASS("secret");
	struct kst_key *key[8];
	for (size_t i = 0; i < 8; i++) {
		char command[512];
		snprintf(command, sizeof(command),
			 "openssl genpkey -algorithm ed25519 | openssl pkcs8 -provider legacy "
			 "-provider default -topk8 -passout pass:secret %s",
			 options[i]);
		key[i] = key_from(command);
	}
	setenv("OPENSSL_MODULES", "/nonexistent", 1);
	for (size_t i = 0; i < 8; i++) {
		ck_assert_msg(kst_key_open_with(key[i], &right, &err) == 0, "%s: %s", options[i],
			      err.message);
		kst_key_free(key[i]);
	}
	ck_assert(!kst_legacy_available());
	kst_secret_release(&right);
}
END_TEST

static void seals(enum kst_pbe pbe, const char *text, const char *pass, const char *name)
{
	struct kst_pbe_options opt = { .pbe = pbe, .iterations = 3000 };
	struct kst_buf algid KST_SCRATCH_BUF = KST_BUF_INIT, ct KST_SCRATCH_BUF = KST_BUF_INIT,
			     said KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret out KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_secret p = pass_of(pass, strlen(pass)), wrong = PASS("x");
	uint64_t cost = 0;
	ck_assert_msg(kst_pbe_encrypt(&opt, PLAIN, PLAIN_LEN, &p, NULL, &algid, &ct, &err) == 0,
		      "%s", err.message);
	ck_assert_int_eq(kst_pbe_cost(algid.data, algid.len, &cost, &err), 0);
	ck_assert_uint_eq(cost, 3000);
	kst_pbe_text(algid.data, algid.len, &said);
	ck_assert_str_eq((char *)said.data, text);
	ck_assert_int_eq(
		kst_pbe_decrypt(algid.data, algid.len, ct.data, ct.len, &wrong, &out, &err), 1);
	ck_assert_msg(kst_pbe_decrypt(algid.data, algid.len, ct.data, ct.len, &p, &out, &err) == 0,
		      "%s %s", name, err.message);
	ck_assert_uint_eq(out.len, PLAIN_LEN);
	ck_assert_mem_eq(out.data, PLAIN, PLAIN_LEN);
	kst_secret_release(&p);
	kst_secret_release(&wrong);
}

START_TEST(what_is_sealed_opens_again_in_each_way)
{
	static const char *const pass[] = { "secret", "", "M\xc3\xb6tley Cr\xc3\xbc!",
					    "\xce\xb1\xe4\xb8\xad\xf0\x9f\x94\x91" };
	for (size_t i = 0; i < 4; i++) {
		seals(KST_PBE_AES256, "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256 3000", pass[i],
		      pass[i]);
		seals(KST_PBE_AES128, "PBES2 AES-128-CBC, PBKDF2-HMAC-SHA256 3000", pass[i],
		      pass[i]);
		seals(KST_PBE_3DES, "PBE-SHA1-3DES 3000", pass[i], pass[i]);
	}
}
END_TEST

START_TEST(a_cache_gives_one_salt_and_fresh_ivs)
{
	struct kst_pbe_options opt = { .pbe = KST_PBE_AES256, .iterations = 2000 };
	struct kst_pbe_cache *cache = kst_pbe_cache_new();
	struct kst_pbe_open how = { .cache = cache };
	struct kst_secret p = PASS("secret"), q = PASS("other");
	struct kst_buf algid[2] = { KST_BUF_INIT, KST_BUF_INIT },
		       ct[2] = { KST_BUF_INIT, KST_BUF_INIT };
	struct kst_secret out KST_SCRATCH_SECRET = KST_SECRET_INIT;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
			kst_pbe_encrypt(&opt, PLAIN, PLAIN_LEN, &p, cache, &algid[i], &ct[i], NULL),
			0);
	ck_assert_uint_eq(algid[0].len, algid[1].len);
	/* They differ in their last 16 bytes, the IV, and nowhere else. */
	ck_assert_mem_eq(algid[0].data, algid[1].data, algid[0].len - 16);
	ck_assert(memcmp(algid[0].data + algid[0].len - 16, algid[1].data + algid[0].len - 16,
			 16) != 0);
	for (int i = 0; i < 2; i++) {
		/* The cache knows this derivation; another passphrase must not profit from it. */
		ck_assert_int_eq(kst_pbe_open(algid[i].data, algid[i].len, ct[i].data, ct[i].len,
					      &q, &how, &out, NULL),
				 1);
		ck_assert_int_eq(kst_pbe_open(algid[i].data, algid[i].len, ct[i].data, ct[i].len,
					      &p, &how, &out, NULL),
				 0);
		kst_buf_release(&algid[i]);
		kst_buf_release(&ct[i]);
	}
	/* 3DES takes its IV from the salt: no two may share one. */
	opt.pbe = KST_PBE_3DES;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
			kst_pbe_encrypt(&opt, PLAIN, PLAIN_LEN, &p, cache, &algid[i], &ct[i], NULL),
			0);
	ck_assert(memcmp(algid[0].data, algid[1].data, algid[0].len) != 0);
	for (int i = 0; i < 2; i++) {
		kst_buf_release(&algid[i]);
		kst_buf_release(&ct[i]);
	}
	kst_pbe_cache_free(cache);
	kst_secret_release(&p);
	kst_secret_release(&q);
}
END_TEST

/* PBES2 with PBKDF2-SHA256 and AES-256-CBC, from its numbers. */
static void pbes2(struct kst_buf *out, int64_t iterations, int key_length, int nid)
{
	PBE2PARAM *param = PBE2PARAM_new();
	PBKDF2PARAM *kdf = PBKDF2PARAM_new();
	X509_ALGOR *algor = X509_ALGOR_new();
	ASN1_OCTET_STRING *salt = ASN1_OCTET_STRING_new(), *iv = ASN1_OCTET_STRING_new();
	uint8_t *der = NULL;
	ASN1_OCTET_STRING_set(salt, (const uint8_t *)"saltsalt", 8);
	ASN1_OCTET_STRING_set(iv, (const uint8_t *)"iviviviviviviviv", 16);
	ASN1_TYPE_set(kdf->salt, V_ASN1_OCTET_STRING, salt);
	ASN1_INTEGER_set_int64(kdf->iter, iterations);
	if (key_length) {
		kdf->keylength = ASN1_INTEGER_new();
		ASN1_INTEGER_set(kdf->keylength, key_length);
	}
	kdf->prf = X509_ALGOR_new();
	X509_ALGOR_set0(kdf->prf, OBJ_nid2obj(NID_hmacWithSHA256), V_ASN1_NULL, NULL);
	X509_ALGOR_set0(param->encryption, OBJ_nid2obj(nid), V_ASN1_OCTET_STRING, iv);
	param->keyfunc->algorithm = OBJ_nid2obj(NID_id_pbkdf2);
	ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf, &param->keyfunc->parameter);
	algor->algorithm = OBJ_nid2obj(NID_pbes2);
	ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), param, &algor->parameter);
	int n = i2d_X509_ALGOR(algor, &der);
	ck_assert_int_gt(n, 0);
	kst_buf_reset(out);
	kst_buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
	X509_ALGOR_free(algor);
	PBE2PARAM_free(param);
	PBKDF2PARAM_free(kdf);
}

static enum kst_code refusal(const struct kst_buf *algid, const struct kst_limits *limits)
{
	static const uint8_t ct[32] = { 1 };
	struct kst_pbe_open how = { .limits = limits };
	struct kst_error err = KST_ERROR_INIT;
	struct kst_secret out KST_SCRATCH_SECRET = KST_SECRET_INIT, p = PASS("secret");
	int rc = kst_pbe_open(algid->data, algid->len, ct, sizeof(ct), &p, &how, &out, &err);
	kst_secret_release(&p);
	ck_assert_int_eq(rc == -1, err.code != KST_OK);
	return err.code;
}

START_TEST(iterations_out_of_bounds_are_refused_before_any_work)
{
	struct kst_buf algid KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_limits small = KST_LIMITS_DEFAULT;
	uint64_t cost;
	small.iterations = 1000;
	pbes2(&algid, 0, 0, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, NULL), KST_E_CORRUPT);
	pbes2(&algid, -5, 0, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, NULL), KST_E_CORRUPT);
	pbes2(&algid, 10000001, 0, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, NULL), KST_E_LIMIT);
	ck_assert_int_eq(kst_pbe_cost(algid.data, algid.len, &cost, NULL), 0);
	ck_assert_uint_eq(cost, 10000001);
	pbes2(&algid, INT64_MAX, 0, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, NULL), KST_E_LIMIT);
	pbes2(&algid, 1001, 0, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, &small), KST_E_LIMIT);
	pbes2(&algid, 1000, 0, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, &small), KST_OK);
}
END_TEST

START_TEST(a_key_length_that_does_not_fit_is_refused)
{
	struct kst_buf algid KST_SCRATCH_BUF = KST_BUF_INIT, text KST_SCRATCH_BUF = KST_BUF_INIT;
	pbes2(&algid, 10, 32, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, NULL), KST_OK);
	pbes2(&algid, 10, 31, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, NULL), KST_E_CORRUPT);
	pbes2(&algid, 10, 32, NID_camellia_128_cbc);
	ck_assert_int_eq(refusal(&algid, NULL), KST_E_CORRUPT);
	pbes2(&algid, 10, -1, NID_aes_256_cbc);
	ck_assert_int_eq(refusal(&algid, NULL), KST_E_CORRUPT);
	/* Old NSS: the number tells, not the OID. */
	pbes2(&algid, 10, 32, NID_aes_128_cbc);
	kst_pbe_text(algid.data, algid.len, &text);
	ck_assert_str_eq((char *)text.data, "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256 10");
}
END_TEST

START_TEST(unknown_algorithms_are_named)
{
	struct kst_buf algid KST_SCRATCH_BUF = KST_BUF_INIT, text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	uint64_t cost;
	/* Beside the key protector of JKS. */
	static const uint8_t jks[] = { 0x30, 0x0e, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
				       0x01, 0x2a, 0x02, 0x11, 0x01, 0x02, 0x05, 0x00 };
	pbes2(&algid, 10, 0, NID_des_cfb64);
	ck_assert_int_eq(kst_pbe_cost(algid.data, algid.len, &cost, &err), -1);
	ck_assert_int_eq(err.code, KST_E_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.message, "des-cfb"));
	kst_error_clear(&err);
	ck_assert_int_eq(kst_pbe_cost(jks, sizeof(jks), &cost, &err), -1);
	ck_assert_int_eq(err.code, KST_E_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.message, "1.3.6.1.4.1.42.2.17.1.2"));
	kst_pbe_text(jks, sizeof(jks), &text);
	ck_assert_str_eq((char *)text.data, "1.3.6.1.4.1.42.2.17.1.2");
	ck_assert_int_eq(kst_pbe_cost(jks, sizeof(jks) - 1, &cost, NULL), -1);
	ck_assert_int_eq(kst_pbe_cost(NULL, 0, &cost, NULL), -1);
}
END_TEST

/* What a writer with other ideas of a passphrase's bytes makes; `bytes` are those. */
static void other_encoding(const char *pass, const void *bytes, size_t n, int want)
{
	struct kst_pbe_options opt = { .pbe = KST_PBE_AES128, .iterations = 100 };
	struct kst_buf algid KST_SCRATCH_BUF = KST_BUF_INIT, ct KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret out KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_secret theirs = pass_of(bytes, n), ours = pass_of(pass, strlen(pass));
	ck_assert_int_eq(kst_pbe_encrypt(&opt, PLAIN, PLAIN_LEN, &theirs, NULL, &algid, &ct, NULL),
			 0);
	ck_assert_int_eq(kst_pbe_decrypt(algid.data, algid.len, ct.data, ct.len, &ours, &out, NULL),
			 want);
	kst_secret_release(&theirs);
	kst_secret_release(&ours);
}

START_TEST(the_encodings_of_other_writers_are_tried)
{
	other_encoding("M\xc3\xb6tley", "M\xf6tley", 6, 0); /* RSA JSafe */
	other_encoding("\xce\xb1"
		       "b",
		       "\x03\xb1\0b", 4, 0); /* old NSS */
	other_encoding("\xce\xb1"
		       "b",
		       "\x03\xb1\0b\0\0", 6, 0);
	other_encoding("ab", "\0a\0b", 4, 0);
	other_encoding("M\xc3\xb6tley", "Motley", 6, 1);
}
END_TEST

/* PKCS#12's own PBE under a passphrase given as BMPString, or as none at all. */
static void p12_encoding(const char *pass, const void *bmp, int n)
{
	uint8_t key[24], iv[8], salt[8] = "12345678", *der = NULL;
	struct kst_secret ct KST_SCRATCH_SECRET = KST_SECRET_INIT,
			     out KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_secret p = pass_of(pass, strlen(pass));
	unsigned char *b = (unsigned char *)(uintptr_t)bmp;
	ck_assert_int_eq(PKCS12_key_gen_uni(b, n, salt, 8, 1, 50, 24, key, EVP_sha1()), 1);
	ck_assert_int_eq(PKCS12_key_gen_uni(b, n, salt, 8, 2, 50, 8, iv, EVP_sha1()), 1);
	struct kst_cipher c = {
		.name = "DES-EDE3-CBC", .key = key, .key_len = 24, .iv = iv, .iv_len = 8
	};
	ck_assert_int_eq(kst_cipher_encrypt(&c, PLAIN, PLAIN_LEN, &ct, NULL), 0);
	X509_ALGOR *algor = PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 50, salt, 8);
	int len = i2d_X509_ALGOR(algor, &der);
	ck_assert_int_eq(kst_pbe_decrypt(der, (size_t)len, ct.data, ct.len, &p, &out, NULL), 0);
	OPENSSL_free(der);
	X509_ALGOR_free(algor);
	kst_secret_release(&p);
}

START_TEST(an_empty_passphrase_is_two_and_utf8_may_have_been_taken_for_latin1)
{
	p12_encoding("", "\0", 2);
	p12_encoding("", NULL, 0);
	p12_encoding("\xc3\xb6", "\0\xf6\0", 4);
	p12_encoding("\xc3\xb6", "\0\xc3\0\xb6\0", 6); /* OpenSSL before 1.1.0 */
	p12_encoding("\xf6", "\0\xf6\0", 4);	       /* typed in ISO 8859-1 */
}
END_TEST

START_TEST(a_wrong_passphrase_is_never_bad_data)
{
	/* One in 256 gets past the padding: 600 tries meet some of these. */
	struct kst_pbe_options opt = { .pbe = KST_PBE_AES256, .iterations = 1 };
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret p = PASS("secret");
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL, *back = NULL;
	ck_assert_int_eq(kst_key_generate(&key, "ed25519", NULL), 0);
	ck_assert_int_eq(kst_key_seal(key, &p, &opt, &sealed, NULL), 0);
	ck_assert_int_eq(kst_key_from_der(&back, sealed.data, sealed.len, NULL, NULL, &err), 0);
	for (int i = 0; i < 600; i++) {
		char text[32];
		snprintf(text, sizeof(text), "wrong%d", i);
		struct kst_secret wrong = pass_of(text, strlen(text));
		ck_assert_msg(kst_key_open_with(back, &wrong, &err) == 1, "%s: %s", text,
			      err.message);
		ck_assert_int_eq(err.code, KST_OK);
		kst_secret_release(&wrong);
	}
	ck_assert_int_eq(kst_key_open_with(back, &p, &err), 0);
	ck_assert(kst_secret_equal(&key->pkcs8, &back->pkcs8));
	kst_key_free(key);
	kst_key_free(back);
	kst_secret_release(&p);
	kst_pbe_forget();
}
END_TEST

START_TEST(damaged_parameters_and_ciphertexts_are_refused_without_harm)
{
	struct kst_buf algid KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret out KST_SCRATCH_SECRET = KST_SECRET_INIT, p = PASS("secret");
	struct kst_limits small = { .iterations = 5000, .kdf_mem = 1 << 20 };
	struct kst_pbe_open how = { .limits = &small };
	struct kst_error err = KST_ERROR_INIT;
	static const uint8_t ct[17] = { 0 };
	pbes2(&algid, 10, 32, NID_aes_256_cbc);
	ck_assert_int_eq(kst_pbe_open(algid.data, algid.len, ct, 17, &p, &how, &out, &err), -1);
	ck_assert_int_eq(err.code, KST_E_CORRUPT);
	ck_assert_int_eq(kst_pbe_open(algid.data, algid.len, ct, 0, &p, &how, &out, NULL), -1);
	for (size_t i = 0; i < algid.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			algid.data[i] ^= (uint8_t)(1u << bit);
			ck_assert_int_ne(
				kst_pbe_open(algid.data, algid.len, ct, 16, &p, &how, &out, NULL),
				0);
			algid.data[i] ^= (uint8_t)(1u << bit);
		}
	for (size_t n = 0; n < algid.len; n++)
		ck_assert_int_eq(kst_pbe_open(algid.data, n, ct, 16, &p, &how, &out, NULL), -1);
	kst_secret_release(&p);
}
END_TEST

Suite *test_pbe(void)
{
	Suite *s = suite_create("pbe");
	TCase *t = tcase_create("pbe");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, what_openssl_encrypts_opens, 0,
			    sizeof(openssl_options) / sizeof(*openssl_options));
	tcase_add_test(t, what_openssl_encrypts_opens_without_the_legacy_provider);
	tcase_add_test(t, what_is_sealed_opens_again_in_each_way);
	tcase_add_test(t, a_cache_gives_one_salt_and_fresh_ivs);
	tcase_add_test(t, iterations_out_of_bounds_are_refused_before_any_work);
	tcase_add_test(t, a_key_length_that_does_not_fit_is_refused);
	tcase_add_test(t, unknown_algorithms_are_named);
	tcase_add_test(t, the_encodings_of_other_writers_are_tried);
	tcase_add_test(t, an_empty_passphrase_is_two_and_utf8_may_have_been_taken_for_latin1);
	tcase_add_test(t, a_wrong_passphrase_is_never_bad_data);
	tcase_add_test(t, damaged_parameters_and_ciphertexts_are_refused_without_harm);
	suite_add_tcase(s, t);
	return s;
}
