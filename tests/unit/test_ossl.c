/* SPDX-License-Identifier: ISC */
/* test_ossl.c - start of the libraries, contexts, OpenSSL's error queue */
#include <check.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "kstool/kstool.h"

START_TEST(the_arena_is_under_openssl)
{
	size_t before = kst_alloc_live();
	void *p = OPENSSL_malloc(1000);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_ge(kst_alloc_live(), before + 1000);
	OPENSSL_free(p);
	ck_assert_uint_eq(kst_alloc_live(), before);
}
END_TEST

START_TEST(a_start_twice_is_one_start)
{
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(kst_init(false, &err), 0);
	ck_assert_int_eq(err.code, KST_OK);
}
END_TEST

START_TEST(no_core_file_is_left)
{
	struct rlimit r;
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &r), 0);
	ck_assert_uint_eq(r.rlim_max, 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}
END_TEST

START_TEST(versions_name_their_library)
{
	ck_assert(!strncmp(kst_openssl_version(), "OpenSSL ", 8));
	ck_assert(!strncmp(kst_sodium_version(), "libsodium 1.", 12));
}
END_TEST

START_TEST(libsodium_refuses_points_with_a_torsion_component)
{
	ck_assert(kst_sodium_point_check_ok());
}
END_TEST

START_TEST(legacy_ciphers_live_in_a_context_of_their_own)
{
	struct kst_error err = KST_ERROR_INIT;
	OSSL_LIB_CTX *ctx = kst_ossl_legacy_ctx(&err);
	if (!ctx) {
		ck_assert_int_eq(err.code, KST_E_UNSUPPORTED);
		ck_assert_ptr_nonnull(strstr(err.message, "legacy"));
		printf("skipped: no legacy provider: %s\n", err.underlying);
		return;
	}
	EVP_CIPHER *rc2 = EVP_CIPHER_fetch(ctx, "RC2-40-CBC", NULL);
	ck_assert_ptr_nonnull(rc2);
	EVP_CIPHER_free(rc2);
	EVP_CIPHER *aes = EVP_CIPHER_fetch(ctx, "AES-256-CBC", NULL);
	ck_assert_ptr_nonnull(aes);
	EVP_CIPHER_free(aes);
	ck_assert_ptr_eq(kst_ossl_legacy(), ctx);
	ck_assert(kst_legacy_available());
	ck_assert(!OSSL_PROVIDER_available(NULL, "legacy"));
	kst_ossl_mark();
	ck_assert_ptr_null(EVP_CIPHER_fetch(kst_ossl_ctx(), "RC2-40-CBC", NULL));
	kst_ossl_unmark();
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

/* In a process of its own: Check forks for each test. */
START_TEST(a_missing_legacy_provider_is_named)
{
	struct kst_error err = KST_ERROR_INIT;
	setenv("OPENSSL_MODULES", "/nonexistent", 1);
	if (kst_ossl_legacy_ctx(&err)) { /* built in, or the tests run in one process */
		printf("skipped: the legacy provider needs no module\n");
		return;
	}
	ck_assert_int_eq(err.code, KST_E_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.message, "\"legacy\""));
	ck_assert_ptr_nonnull(strstr(err.underlying, "/nonexistent/legacy.so"));
	ck_assert_str_ne(err.hint, "");
	ck_assert_uint_eq(ERR_peek_error(), 0);
	ck_assert(!kst_legacy_available());
}
END_TEST

START_TEST(an_error_takes_the_text_of_the_queue_and_empties_it)
{
	struct kst_error err = KST_ERROR_INIT;
	ERR_raise_data(ERR_LIB_EVP, EVP_R_UNSUPPORTED_ALGORITHM, "first %d", 1);
	ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
	ck_assert_int_eq(kst_ossl_error(&err, KST_E_UNSUPPORTED, "no %s here", "FOO"), -1);
	ck_assert_int_eq(err.code, KST_E_UNSUPPORTED);
	ck_assert_str_eq(err.message, "no FOO here");
	ck_assert_str_eq(err.underlying,
			 "digital envelope routines: unsupported algorithm (first 1); "
			 "asn1 encoding routines: malloc failure");
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(the_first_error_stays_and_the_queue_is_emptied_all_the_same)
{
	struct kst_error err = KST_ERROR_INIT;
	kst_error_setx(&err, KST_E_BAD_KEY, "first");
	ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
	kst_ossl_error(&err, KST_E_INTERNAL, "second");
	ck_assert_int_eq(err.code, KST_E_BAD_KEY);
	ck_assert_str_eq(err.underlying, "");
	ck_assert_uint_eq(ERR_peek_error(), 0);
	ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
	ck_assert_int_eq(kst_ossl_error(NULL, KST_E_INTERNAL, "nobody listens"), -1);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(a_queue_longer_than_the_field_is_cut)
{
	struct kst_error err = KST_ERROR_INIT;
	for (int i = 0; i < 15; i++)
		ERR_raise_data(ERR_LIB_EVP, EVP_R_UNSUPPORTED_ALGORITHM, "%080d", i);
	kst_ossl_error(&err, KST_E_INTERNAL, "x");
	ck_assert_uint_eq(strlen(err.underlying), sizeof(err.underlying) - 1);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(what_was_in_the_queue_before_a_mark_stays)
{
	ERR_raise(ERR_LIB_EVP, EVP_R_UNSUPPORTED_ALGORITHM);
	kst_ossl_mark();
	ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
	kst_ossl_unmark();
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), EVP_R_UNSUPPORTED_ALGORITHM);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(digests_are_what_evp_says)
{
	uint8_t data[1000], a[32], b[32];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= sizeof(data); n += 37) {
		kst_sha256(n ? data : NULL, n, a);
		EVP_Digest(data, n, b, NULL, EVP_sha256(), NULL);
		ck_assert_mem_eq(a, b, 32);
		kst_sha1(n ? data : NULL, n, a);
		EVP_Digest(data, n, b, NULL, EVP_sha1(), NULL);
		ck_assert_mem_eq(a, b, 20);
	}
}
END_TEST

Suite *test_ossl(void);
Suite *test_ossl(void)
{
	Suite *s = suite_create("ossl");
	TCase *t = tcase_create("ossl");
	tcase_add_test(t, the_arena_is_under_openssl);
	tcase_add_test(t, a_start_twice_is_one_start);
	tcase_add_test(t, no_core_file_is_left);
	tcase_add_test(t, versions_name_their_library);
	tcase_add_test(t, libsodium_refuses_points_with_a_torsion_component);
	tcase_add_test(t, a_missing_legacy_provider_is_named);
	tcase_add_test(t, legacy_ciphers_live_in_a_context_of_their_own);
	tcase_add_test(t, an_error_takes_the_text_of_the_queue_and_empties_it);
	tcase_add_test(t, the_first_error_stays_and_the_queue_is_emptied_all_the_same);
	tcase_add_test(t, a_queue_longer_than_the_field_is_cut);
	tcase_add_test(t, what_was_in_the_queue_before_a_mark_stays);
	tcase_add_test(t, digests_are_what_evp_says);
	suite_add_tcase(s, t);
	return s;
}
