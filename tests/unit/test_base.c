/* SPDX-License-Identifier: ISC */
/* test_base.c - errors, buffers, cursors, base64 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "kstool/kstool.h"

START_TEST(the_first_error_wins_and_upper_floors_add)
{
	struct kst_error e = KST_ERROR_INIT;

	errno = ENOENT;
	ck_assert_int_eq(kst_error_set(&e, KST_E_NO_FILE, "cannot open '%s'", "x"), -1);
	kst_error_setx(&e, KST_E_INTERNAL, "something else");
	ck_assert_int_eq(e.code, KST_E_NO_FILE);
	ck_assert_str_eq(e.message, "cannot open 'x': No such file or directory");
	kst_error_subject(&e, "a");
	kst_error_subject(&e, "b");
	ck_assert_str_eq(e.subject, "a");
	kst_error_hint(&e, "one");
	kst_error_hint(&e, "two");
	ck_assert_str_eq(e.hint, "one\ntwo");
	kst_error_clear(&e);
	ck_assert_int_eq(e.code, KST_OK);
	ck_assert_int_eq(kst_error_setx(NULL, KST_E_USAGE, "nobody listens"), -1);
}
END_TEST

START_TEST(every_code_has_a_slug_of_its_own_and_a_status)
{
	for (int i = 1; i < KST_CODE_COUNT; i++) {
		enum kst_code c = (enum kst_code)i;

		ck_assert_int_eq(kst_code_find(kst_code_slug(c)), c);
		ck_assert_int_ge(kst_code_exit(c), 2);
		ck_assert(strlen(kst_code_meaning(c)) > 10);
	}
	ck_assert_int_eq(kst_code_find("no-such-slug"), KST_OK);
}
END_TEST

START_TEST(an_error_never_overflows)
{
	struct kst_error e = KST_ERROR_INIT;
	char big[5000];

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	kst_error_subject(&e, "%s", big);
	kst_error_setx(&e, KST_E_CORRUPT, "%s", big);
	for (int i = 0; i < 10; i++) {
		kst_error_hint(&e, "%s", big);
		kst_error_detail(&e, "%s", big);
	}
	ck_assert_uint_eq(strlen(e.message), sizeof(e.message) - 1);
	ck_assert_uint_eq(strlen(e.hint), sizeof(e.hint) - 1);
}
END_TEST

START_TEST(what_a_buffer_writes_a_cursor_reads)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cursor c, sub;

	kst_buf_u8(&b, 1);
	kst_buf_le16(&b, 0x0203);
	kst_buf_le32(&b, 0x04050607);
	kst_buf_le64(&b, UINT64_C(0x08090a0b0c0d0e0f));
	kst_buf_be16(&b, 0x1011);
	kst_buf_be32(&b, 0x12131415);
	kst_buf_be64(&b, UINT64_C(0x161718191a1b1c1d));
	ck_assert_uint_eq(b.len, 29);
	ck_assert_uint_eq(b.data[1], 3);
	ck_assert_uint_eq(b.data[15], 0x10);
	kst_cursor_init(&c, b.data, b.len);
	ck_assert_uint_eq(kst_cursor_u8(&c), 1);
	ck_assert_uint_eq(kst_cursor_le16(&c), 0x0203);
	ck_assert_uint_eq(kst_cursor_le32(&c), 0x04050607);
	ck_assert_uint_eq(kst_cursor_le64(&c), UINT64_C(0x08090a0b0c0d0e0f));
	sub = kst_cursor_sub(&c, 6);
	ck_assert_uint_eq(kst_cursor_be16(&sub), 0x1011);
	ck_assert_uint_eq(kst_cursor_be32(&sub), 0x12131415);
	ck_assert_uint_eq(kst_cursor_left(&sub), 0);
	ck_assert_uint_eq(kst_cursor_be64(&c), UINT64_C(0x161718191a1b1c1d));
	ck_assert(!c.failed && !sub.failed);
}
END_TEST

START_TEST(a_cursor_that_failed_yields_nothing_more)
{
	struct kst_cursor c, sub;

	kst_cursor_init(&c, "abc", 3);
	ck_assert_uint_eq(kst_cursor_le32(&c), 0);
	ck_assert(c.failed);
	ck_assert_uint_eq(kst_cursor_u8(&c), 0);
	ck_assert_uint_eq(kst_cursor_left(&c), 0);
	kst_cursor_init(&c, "abc", 3);
	sub = kst_cursor_sub(&c, SIZE_MAX);
	ck_assert(sub.failed && c.failed);
	kst_cursor_init(&c, "abc", 3);
	kst_cursor_u8(&c);
	ck_assert_ptr_null(kst_cursor_take(&c, SIZE_MAX)); /* 1 + SIZE_MAX is 0 */
}
END_TEST

START_TEST(nothing_can_be_taken_from_nothing)
{
	struct kst_cursor c, sub;

	kst_cursor_init(&c, NULL, 0);
	ck_assert_ptr_nonnull(kst_cursor_take(&c, 0));
	sub = kst_cursor_sub(&c, 0);
	ck_assert(!c.failed && !sub.failed);
	ck_assert_ptr_null(kst_cursor_take(&c, 1));
	ck_assert(c.failed);
}
END_TEST

START_TEST(a_buffer_ends_with_a_zero_byte_whatever_was_put)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char text[600];

	for (size_t n = 0; n < sizeof(text); n++) {
		memset(text, 'x', n);
		text[n] = '\0';
		kst_buf_release(&b);
		kst_buf_puts(&b, "ab");
		kst_buf_printf(&b, "%s", text);
		ck_assert_uint_eq(b.len, n + 2);
		ck_assert_uint_eq(strlen((char *)b.data), n + 2);
		kst_buf_put(&b, text, n);
		ck_assert_uint_eq(strlen((char *)b.data), 2 * n + 2);
		kst_buf_reset(&b);
		ck_assert_uint_eq(strlen((char *)b.data), 0);
	}
}
END_TEST

START_TEST(a_blob_is_replaced_whole_or_not)
{
	struct kst_blob a = { NULL, 0 }, b = { NULL, 0 };

	ck_assert_int_eq(kst_blob_set(&a, "abc", 3), 0);
	ck_assert(!kst_blob_equal(&a, &b));
	kst_alloc_fail_after(1);
	ck_assert_int_eq(kst_blob_set(&a, "xyz", 3), -1);
	kst_alloc_fail_after(0);
	ck_assert_mem_eq(a.data, "abc", 3);
	ck_assert_int_eq(kst_blob_set(&b, "abc", 3), 0);
	ck_assert(kst_blob_equal(&a, &b));
	ck_assert_int_eq(kst_blob_set(&a, NULL, 0), 0);
	ck_assert_ptr_null(a.data);
	kst_blob_release(&a);
	kst_blob_release(&b);
}
END_TEST

START_TEST(a_buffer_remembers_that_memory_ran_out)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&b, "x");
	kst_alloc_fail_after(1);
	for (int i = 0; i < 100; i++)
		kst_buf_puts(&b, "some more text");
	kst_alloc_fail_after(0);
	ck_assert(b.failed);
	kst_buf_puts(&b, "y");
	ck_assert(b.failed);
	ck_assert_int_eq(kst_buf_reserve(&b, SIZE_MAX), -1);
}
END_TEST

START_TEST(base64_and_armour_are_as_others_write_them)
{
	static const char *const want[] = { "",		"Zg==",	    "Zm8=",    "Zm9v",
					    "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };

	for (size_t i = 0; i <= 6; i++) { /* RFC 4648 section 10 */
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		kst_buf_puts(&b, "");
		kst_base64(&b, (const uint8_t *)"foobar", i);
		ck_assert_str_eq((char *)b.data, want[i]);
	}
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_pem_block(&b, "X", (const uint8_t *)"0123456789012345678901234567890123456789012345678",
		      49);
	ck_assert_str_eq((char *)b.data,
			 "-----BEGIN X-----\n"
			 "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3\n"
			 "OA==\n-----END X-----\n");
}
END_TEST

Suite *test_base(void)
{
	Suite *s = suite_create("base");
	TCase *tc = tcase_create("base");

	tcase_add_test(tc, the_first_error_wins_and_upper_floors_add);
	tcase_add_test(tc, every_code_has_a_slug_of_its_own_and_a_status);
	tcase_add_test(tc, an_error_never_overflows);
	tcase_add_test(tc, what_a_buffer_writes_a_cursor_reads);
	tcase_add_test(tc, a_cursor_that_failed_yields_nothing_more);
	tcase_add_test(tc, a_buffer_remembers_that_memory_ran_out);
	tcase_add_test(tc, nothing_can_be_taken_from_nothing);
	tcase_add_test(tc, a_buffer_ends_with_a_zero_byte_whatever_was_put);
	tcase_add_test(tc, a_blob_is_replaced_whole_or_not);
	tcase_add_test(tc, base64_and_armour_are_as_others_write_them);
	suite_add_tcase(s, tc);
	return s;
}
