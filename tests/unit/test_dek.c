/* SPDX-License-Identifier: ISC */
/* test_dek.c - traditional PEM encryption: openssl(1)'s ciphers, and headers that are not what they
 * should be */
#include "keyfile.h"

static const char *const ciphers[] = {
	"aes-128-cbc", "aes-192-cbc",  "aes-256-cbc",	   "aes-256-cfb",  "aes-128-ofb", "des3",
	"des-ede-cbc", "des-ede3-cfb", "camellia-128-cbc", "aria-256-cbc", "des-cbc",	  "des-cfb",
	"des-ofb",     "rc2-cbc",      "rc2-40-cbc",	   "rc2-64-cbc",   "bf-cbc",	  "bf-cfb",
	"cast5-cbc",   "seed-cbc",     "seed-ofb"
};

START_TEST(what_openssl_encrypts_opens)
{
	char command[512];
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT, text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_secret right = PASS("secret"), wrong = PASS("Secret");
	bool without_legacy = _i >= 21;
	run(&pem, "openssl ecparam -genkey -name prime256v1 -noout");
	setenv("KST_TEST_KEY", (const char *)pem.data, 1);
	struct kst_key *plain = key_from("printenv KST_TEST_KEY");
	snprintf(command, sizeof(command),
		 "printenv KST_TEST_KEY | openssl ec -provider legacy -provider default "
		 "-passout pass:secret -%s 2>/dev/null",
		 ciphers[_i % 21]);
	struct kst_key *key = key_from(command);
	if (without_legacy)
		setenv("OPENSSL_MODULES", "/nonexistent", 1);
	ck_assert(kst_key_is_sealed(key));
	kst_key_protection(key, &text);
	ck_assert_msg(!strncmp((char *)text.data, "PEM ", 4), "%s", text.data);
	ck_assert_int_eq(kst_key_open_with(key, &wrong, &err), 1);
	ck_assert_int_eq(err.code, KST_OK);
	ck_assert_msg(kst_key_open_with(key, &right, &err) == 0, "%s: %s", ciphers[_i % 21],
		      err.message);
	ck_assert(kst_secret_equal(&plain->pkcs8, &key->pkcs8));
	kst_key_free(plain);
	kst_key_free(key);
	kst_secret_release(&right);
	kst_secret_release(&wrong);
}
END_TEST

static const struct bad {
	const char *info;
	enum kst_code code;
	const char *says;
} bad[] = {
	{ "", KST_E_CORRUPT, "no cipher" },
	{ ",00112233445566778899AABBCCDDEEFF", KST_E_CORRUPT, "no cipher" },
	{ "AES-256-CBC", KST_E_CORRUPT, "no IV" },
	{ "AES-256-CBC,", KST_E_CORRUPT, "too short" },
	{ "AES-256-CBC,0011223344556677", KST_E_CORRUPT, "has 8 bytes" },
	{ "AES-256-CBC,00112233445566778899AABBCCDDEE", KST_E_CORRUPT, "has 15 bytes" },
	{ "AES-256-CBC,00112233445566778899AABBCCDDEEF", KST_E_CORRUPT, "odd" },
	{ "AES-256-CBC,00112233445566778899AABBCCDDEEFF00", KST_E_CORRUPT, "too long" },
	{ "AES-256-CBC,00112233445566778899AABBCCDDEEFG", KST_E_CORRUPT, "not hexadecimal" },
	{ "AES-256-CBC,00112233445566778899AABBCCDDEEFF 00", KST_E_CORRUPT, "goes on" },
	{ "AES-256-CBC\x01,00112233445566778899AABBCCDDEEFF", KST_E_CORRUPT, "no cipher" },
	{ "ROT13-CBC,0011223344556677", KST_E_UNSUPPORTED, "ROT13-CBC" },
	{ "AES-256-GCM,00112233445566778899AABB", KST_E_UNSUPPORTED, "AES-256-GCM" },
	{ "AES-128-XTS,00112233445566778899AABBCCDDEEFF", KST_E_UNSUPPORTED, "AES-128-XTS" },
	{ "AES-128-CBC-HMAC-SHA1,00112233445566778899AABBCCDDEEFF", KST_E_UNSUPPORTED, "HMAC" },
	{ "NULL,0011223344556677", KST_E_UNSUPPORTED, "NULL" },
};

START_TEST(a_malformed_header_is_named)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_secret pass = PASS("secret");
	struct kst_key *key = kst_key_new();
	key->dek_info = kst_strdup(bad[_i].info);
	ck_assert_int_eq(kst_blob_set(&key->dek_data, "0123456789abcdef0123456789abcdef", 32), 0);
	ck_assert_int_eq(kst_key_open_with(key, &pass, &err), -1);
	ck_assert_msg(err.code == bad[_i].code, "%s: %s", bad[_i].info, err.message);
	ck_assert_msg(strstr(err.message, bad[_i].says), "%s: %s", bad[_i].info, err.message);
	kst_key_free(key);
	kst_secret_release(&pass);
}
END_TEST

START_TEST(a_ciphertext_of_broken_blocks_is_corrupt)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_secret pass = PASS("secret");
	struct kst_key *key = kst_key_new();
	key->dek_info = kst_strdup("AES-256-CBC,00112233445566778899AABBCCDDEEFF");
	ck_assert_int_eq(kst_blob_set(&key->dek_data, "0123456789abcdef0", 17), 0);
	ck_assert_int_eq(kst_key_open_with(key, &pass, &err), -1);
	ck_assert_int_eq(err.code, KST_E_CORRUPT);
	kst_key_free(key);
	kst_secret_release(&pass);
}
END_TEST

Suite *test_dek(void)
{
	Suite *s = suite_create("dek");
	TCase *t = tcase_create("dek");
	tcase_set_timeout(t, 30);
	/* Twice: with the legacy provider, and as a program without it. */
	tcase_add_loop_test(t, what_openssl_encrypts_opens, 0, 42);
	tcase_add_loop_test(t, a_malformed_header_is_named, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(t, a_ciphertext_of_broken_blocks_is_corrupt);
	suite_add_tcase(s, t);
	return s;
}
