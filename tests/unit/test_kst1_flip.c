/* SPDX-License-Identifier: ISC */
/*
 * test_kst1_flip.c - every bit of a store is vouched for, and no secret is needed to see it
 *
 * The headers cost a signature for each flip: a normal run tries a sample of them,
 * KST_LONG=1 all.
 */
#include "kst1_kit.h"

static const struct {
	char kind;
	bool sealed;
} stores[] = { { 'K', false }, { 'K', true }, { 'T', false } };
enum { STORES = sizeof(stores) / sizeof(*stores) };

/* Is the damage seen, and by every door: check without secret, and a reader who has one? */
static void assert_seen(struct kit *k, const char *what, size_t at)
{
	struct kst_check c;
	int r = kit_check(k, &c, false);
	ck_assert_msg(r < 0 || (!c.whole && c.nr), "%s at %zu was not seen", what, at);
	if (r < 0)
		ck_assert_msg(k->err.code == KST_E_NOT_NATIVE, "%s at %zu: %s", what, at,
			      k->err.message);
	kst_check_release(&c);
}

START_TEST(a_whole_store_is_found_whole)
{
	struct kit k;
	struct kst_check c;
	kit_small(&k, stores[_i].kind, stores[_i].sealed);
	ck_assert_msg(!kit_check(&k, &c, false), "%s", k.err.message);
	ck_assert(c.whole);
	ck_assert_uint_eq(c.nr, 0);
	ck_assert_uint_eq(c.entries, stores[_i].kind == 'K' ? 3 : 2);
	ck_assert(c.entries_opened == !stores[_i].sealed);
	kst_check_release(&c);
	ck_assert_msg(!kit_check(&k, &c, true), "%s", k.err.message);
	ck_assert(c.whole && c.entries_opened);
	kst_check_release(&c);
	kit_release(&k);
}
END_TEST

START_TEST(every_flipped_bit_is_seen)
{
	struct kit k;
	bool all = getenv("KST_LONG");
	kit_small(&k, stores[_i].kind, stores[_i].sealed);
	size_t n = k.in.bytes.len;
	for (size_t i = 0; i < n; i++) {
		bool header = i < KST1_HEADER || i >= n - KST1_HEADER;
		for (unsigned bit = 0; bit < 8; bit++) {
			if (header && !all && (bit != i / 5 % 8 || i % 5))
				continue;
			k.in.bytes.data[i] ^= (uint8_t)(1u << bit);
			assert_seen(&k, "a flipped bit", i);
			k.in.bytes.data[i] ^= (uint8_t)(1u << bit);
		}
	}
	kit_release(&k);
}
END_TEST

START_TEST(the_same_flip_in_both_headers_is_seen)
{
	struct kit k;
	unsigned step = getenv("KST_LONG") ? 1 : 29;
	kit_small(&k, stores[_i].kind, stores[_i].sealed);
	size_t n = k.in.bytes.len;
	for (unsigned b = 0; b < KST1_HEADER * 8; b += step) {
		uint8_t *first = k.in.bytes.data + b / 8, *copy = first + n - KST1_HEADER;
		*first ^= (uint8_t)(1u << b % 8);
		*copy ^= (uint8_t)(1u << b % 8);
		assert_seen(&k, "a bit flipped twice", b / 8);
		*first ^= (uint8_t)(1u << b % 8);
		*copy ^= (uint8_t)(1u << b % 8);
	}
	kit_release(&k);
}
END_TEST

START_TEST(every_truncation_and_extension_is_seen)
{
	struct kit k;
	kit_small(&k, stores[_i].kind, stores[_i].sealed);
	size_t n = k.in.bytes.len;
	for (size_t len = 0; len < n; len++) {
		k.in.bytes.len = len;
		assert_seen(&k, "a truncation", len);
	}
	k.in.bytes.len = n;
	for (size_t more = 1; more <= 5000; more++) {
		kst_buf_u8(&k.in.bytes, (uint8_t)more);
		assert_seen(&k, "an extension", more);
	}
	kit_release(&k);
}
END_TEST

START_TEST(zeroed_and_swapped_sectors_are_seen)
{
	struct kit k;
	uint8_t save[512], other[512];
	kit_small(&k, stores[_i].kind, stores[_i].sealed);
	size_t n = k.in.bytes.len;
	uint8_t *d = k.in.bytes.data;
	for (size_t at = 0; at + 512 <= n; at += 64) {
		memcpy(save, d + at, 512);
		if (!sodium_is_zero(save, 512)) {
			memset(d + at, 0, 512);
			assert_seen(&k, "a zeroed sector", at);
		}
		memcpy(d + at, save, 512);
		if (at + 1024 > n || !memcmp(save, d + at + 512, 512))
			continue;
		memcpy(other, d + at + 512, 512);
		memcpy(d + at, other, 512);
		memcpy(d + at + 512, save, 512);
		assert_seen(&k, "a swapped sector", at);
		memcpy(d + at, save, 512);
		memcpy(d + at + 512, other, 512);
	}
	kit_release(&k);
}
END_TEST

START_TEST(the_damaged_entry_is_named_with_its_bytes)
{
	struct kit k;
	struct kst_check c;
	kit_small(&k, 'K', false);
	/* the last box: "web" comes after "aes" and "root" */
	size_t at = k.in.bytes.len - KST1_HEADER - 3;
	k.in.bytes.data[at] ^= 1;
	ck_assert_int_eq(kit_check(&k, &c, false), 0);
	ck_assert_uint_eq(c.nr, 2);
	ck_assert_int_eq(c.finding[0].code, KST_E_DATA_ROOT);
	ck_assert_int_eq(c.finding[1].code, KST_E_ENTRY);
	ck_assert_ptr_nonnull(strstr(c.finding[1].text, "'web'"));
	ck_assert(c.finding[1].offset <= at && at < c.finding[1].offset + c.finding[1].length);
	kst_check_release(&c);
	kit_release(&k);
}
END_TEST

Suite *test_kst1_flip(void);
Suite *test_kst1_flip(void)
{
	Suite *s = suite_create("kst1_flip");
	TCase *t = tcase_create("damage");
	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, a_whole_store_is_found_whole, 0, STORES);
	tcase_add_loop_test(t, every_flipped_bit_is_seen, 0, STORES);
	tcase_add_loop_test(t, the_same_flip_in_both_headers_is_seen, 0, STORES);
	tcase_add_loop_test(t, every_truncation_and_extension_is_seen, 0, STORES);
	tcase_add_loop_test(t, zeroed_and_swapped_sectors_are_seen, 0, STORES);
	tcase_add_test(t, the_damaged_entry_is_named_with_its_bytes);
	suite_add_tcase(s, t);
	return s;
}
