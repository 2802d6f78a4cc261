/* SPDX-License-Identifier: ISC */
/*
 * test_pbe_sun.c - the seals of Java's keystores: there and back, what they refuse.
 * Files of other makers are in tests/corpus and the corpora.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/pbe.h"
#include "crypto/pbe_alg.h"
#include "kstool/kstool.h"
#include "party.h"

static struct kst_secret pass_of(const char *text)
{
	struct kst_secret s = KST_SECRET_INIT;
	ck_assert_int_eq(kst_secret_set(&s, text, strlen(text), NULL), 0);
	return s;
}

static const struct {
	enum kst_pbe pbe;
	enum kst_seal seal;
	const char *text;
} seals[] = {
	{ KST_PBE_JKS, KST_SEAL_JKS, "JKS SHA-1" },
	{ KST_PBE_JCEKS, KST_SEAL_JCEKS, "JCEKS MD5-3DES 1000" },
	{ KST_PBE_AES256, KST_SEAL_STANDARD, "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256 1000" },
};

START_TEST(a_key_is_sealed_and_opened)
{
	struct party p = party_new("p", NULL, 0, NULL);
	struct kst_key *key = party_key(&p), *back = kst_key_new();
	struct kst_secret pass KST_SCRATCH_SECRET = pass_of("right one"), wrong KST_SCRATCH_SECRET =
										  pass_of("wrong one");
	struct kst_pbe_options opt = { .pbe = seals[_i].pbe, .iterations = 1000 };
	struct kst_buf a KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	ck_assert_int_eq(kst_key_seal(key, &pass, &opt, &a, NULL), 0);
	ck_assert_int_eq(kst_key_seal(key, &pass, &opt, &b, NULL), 0);
	ck_assert(a.len == b.len && memcmp(a.data, b.data, a.len) != 0); /* a salt of its own */
	ck_assert_int_eq(kst_seal_of(a.data, a.len), seals[_i].seal);
	ck_assert_int_eq(kst_seal_of(a.data, a.len - 1), KST_SEAL_UNKNOWN);
	ck_assert_int_eq(kst_blob_set(&back->sealed, a.data, a.len), 0);
	kst_key_protection(back, &text);
	ck_assert_str_eq((char *)text.data, seals[_i].text);
	ck_assert_int_eq(kst_key_open_with(back, &wrong, NULL), 1);
	ck_assert(kst_key_is_sealed(back));
	ck_assert_int_eq(kst_key_open_with(back, &pass, NULL), 0);
	ck_assert(kst_secret_equal(&back->pkcs8, &key->pkcs8));
	/* Any bit of it matters. */
	for (size_t i = a.len - 45; i < a.len; i += 4) {
		kst_secret_release(&back->pkcs8);
		back->sealed.data[i] ^= 1;
		int rc = kst_key_open_with(back, &pass, NULL);
		ck_assert(rc != 0 || !kst_secret_equal(&back->pkcs8, &key->pkcs8));
		back->sealed.data[i] ^= 1;
	}
	kst_key_free(key);
	kst_key_free(back);
	party_free(&p);
}
END_TEST

/* PBEWithMD5AndTripleDES of "secret" by 3 rounds, worked out with Python's hashlib. */
START_TEST(halves_of_a_salt_that_are_equal_have_two_readings)
{
	uint8_t equal[8] = { 1, 2, 3, 4, 1, 2, 3, 4 }, other[8] = { 4, 3, 2, 1, 1, 2, 3, 4 };
	uint8_t shuffled[8] = { 4, 1, 2, 4, 1, 2, 3, 4 }, a[KST_SUN_KEY], b[KST_SUN_KEY];
	struct kst_bytes pass = { (const uint8_t *)"secret", 6 };
	struct kst_kdf kdf = { .kind = KST_KDF_JCEKS, .iterations = 3, .salt = { equal, 8 } };
	struct kst_kdf plain = kdf;
	static const uint8_t want[] = { 0xc2, 0x3b, 0x45, 0xe1, 0x86, 0x22, 0x81, 0x7c, 0x0a, 0xdc,
					0x0c, 0x61, 0xd0, 0xda, 0x57, 0x91, 0xff, 0x63, 0x58, 0x8b,
					0x8a, 0x43, 0x9d, 0xbd, 0x75, 0x00, 0x01, 0x2f, 0x31, 0xc7,
					0xca, 0x41 };

	ck_assert(kst_sun_equal_halves(&kdf));
	ck_assert_int_eq(kst_sun_derive(&kdf, KST_SUN_REVERSED, pass, a), 0);
	ck_assert_mem_eq(a, want, 32);
	plain.salt.data = other;
	ck_assert(!kst_sun_equal_halves(&plain));
	ck_assert_int_eq(kst_sun_derive(&plain, KST_SUN_SHUFFLED, pass, b), 0);
	ck_assert_mem_eq(a, b, 32);
	ck_assert_int_eq(kst_sun_derive(&kdf, KST_SUN_SHUFFLED, pass, a), 0);
	plain.salt.data = shuffled;
	ck_assert_int_eq(kst_sun_derive(&plain, KST_SUN_REVERSED, pass, b), 0);
	ck_assert_mem_eq(a, b, 32);
	plain.salt.len = 7;
	ck_assert_int_eq(kst_sun_derive(&plain, KST_SUN_REVERSED, pass, b), -1);
}
END_TEST

static enum kst_code refusal(enum kst_pbe pbe, const char *pass, uint32_t iterations)
{
	struct kst_pbe_options opt = { .pbe = pbe, .iterations = iterations };
	struct kst_secret s KST_SCRATCH_SECRET = pass_of(pass);
	struct kst_buf algid KST_SCRATCH_BUF = KST_BUF_INIT, ct KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	int rc = kst_pbe_encrypt(&opt, (const uint8_t *)"x", 1, &s, NULL, &algid, &ct, &err);
	ck_assert_int_eq(rc == 0, err.code == KST_OK);
	ck_assert(rc == 0 || !algid.len);
	return err.code;
}

START_TEST(java_must_be_able_to_open_it)
{
	ck_assert_int_eq(refusal(KST_PBE_JKS, "p\xc3\xa4ss", 0), KST_OK);
	ck_assert_int_eq(refusal(KST_PBE_JKS, "p\xff", 0), KST_E_BAD_PASSPHRASE);
	ck_assert_int_eq(refusal(KST_PBE_JCEKS, " a~", 10), KST_OK);
	ck_assert_int_eq(refusal(KST_PBE_JCEKS, "p\xc3\xa4ss", 10), KST_E_BAD_PASSPHRASE);
	ck_assert_int_eq(refusal(KST_PBE_JCEKS, "tab\t", 10), KST_E_BAD_PASSPHRASE);
	ck_assert_int_eq(refusal(KST_PBE_JCEKS, "x\x7f", 10), KST_E_BAD_PASSPHRASE);
	ck_assert_int_eq(refusal(KST_PBE_JCEKS, "x", 5000001), KST_E_BAD_VALUE);
}
END_TEST

/* JKS tells by its check that the passphrase was right, whatever it finds. */
START_TEST(what_is_no_key_is_not_a_wrong_passphrase)
{
	struct kst_pbe_options opt = { .pbe = KST_PBE_JKS };
	struct kst_secret pass KST_SCRATCH_SECRET = pass_of("right"), out KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_secret wrong KST_SCRATCH_SECRET = pass_of("wrong");
	struct kst_buf algid KST_SCRATCH_BUF = KST_BUF_INIT, ct KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_int_eq(kst_pbe_encrypt(&opt, (const uint8_t *)"raw key", 7, &pass, NULL, &algid, &ct, NULL), 0);
	ck_assert_int_eq(kst_pbe_decrypt(algid.data, algid.len, ct.data, ct.len, &wrong, &out, &err), 1);
	ck_assert_int_eq(kst_pbe_decrypt(algid.data, algid.len, ct.data, ct.len, &pass, &out, &err), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_KEY);
	for (size_t n = 0; n < 40; n++) {
		kst_error_clear(&err);
		ck_assert_int_eq(kst_pbe_decrypt(algid.data, algid.len, ct.data, n, &pass, &out, &err), -1);
		ck_assert_int_eq(err.code, KST_E_CORRUPT);
	}
}
END_TEST

Suite *test_pbe_sun(void);
Suite *test_pbe_sun(void)
{
	Suite *s = suite_create("pbe_sun");
	TCase *t = tcase_create("seals");
	tcase_add_loop_test(t, a_key_is_sealed_and_opened, 0, (int)(sizeof(seals) / sizeof(seals[0])));
	tcase_add_test(t, halves_of_a_salt_that_are_equal_have_two_readings);
	tcase_add_test(t, java_must_be_able_to_open_it);
	tcase_add_test(t, what_is_no_key_is_not_a_wrong_passphrase);
	suite_add_tcase(s, t);
	return s;
}
