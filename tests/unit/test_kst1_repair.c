/* SPDX-License-Identifier: ISC */
/* test_kst1_repair.c - what can be saved from a damaged store, and what must not be */
#include <stdio.h>

#include "kst1_kit.h"

static void big_store(struct kit *k, char kind, bool sealed, int entries)
{
	char alias[24];
	kit_init(k);
	k->write.store_kind = kind;
	k->write.sealed = sealed;
	k->ask.new_key_file = k->ask.key_file = kit_k20;
	for (int i = 0; i < entries; i++) {
		snprintf(alias, sizeof(alias), "entry %02d", i);
		kit_push(k, kind == 'K' && i % 3 ? KST_KIND_KEY : KST_KIND_CERT, alias);
	}
	kit_write_ok(k);
	kit_turn(k);
}

static int repair(struct kit *k, struct kst_repair *r, const char *const *accept)
{
	kst_error_clear(&k->err);
	kst_buf_release(&k->out.bytes);
	kit_io(k);
	return kst_format_kst1.native->repair(&k->io, r, accept, &k->err);
}

/* The repaired store is whole, and its entries open. */
static size_t assert_repaired(struct kit *k)
{
	struct kst_check c;
	struct kit_file damaged = k->in;
	k->in = k->out;
	ck_assert_msg(!kit_check(k, &c, true), "%s", k->err.message);
	ck_assert_msg(c.whole && c.entries_opened, "%s", c.nr ? c.finding[0].text : "");
	size_t n = c.entries;
	kst_check_release(&c);
	k->in = damaged;
	kit_io(k);
	return n;
}

static const struct {
	char kind;
	bool sealed;
} stores[] = { { 'K', false }, { 'K', true }, { 'T', false } };
enum { STORES = sizeof(stores) / sizeof(*stores), ENTRIES = 60 };

START_TEST(each_block_may_be_lost_and_takes_only_its_own_entries_along)
{
	struct kit k;
	uint8_t save[4096];
	uint64_t box[ENTRIES + 1];
	big_store(&k, stores[_i].kind, stores[_i].sealed, ENTRIES);
	ck_assert_int_eq(kit_read(&k), 0);
	memcpy(box, kit_state(&k)->index.box, sizeof(box));
	size_t n = k.in.bytes.len;
	for (size_t at = 0; at < n; at += 4096) {
		struct kst_repair r;
		size_t len = n - at < 4096 ? n - at : 4096, hit = 0;
		for (int i = 0; i < ENTRIES; i++)
			hit += box[i] < at + len && box[i + 1] > at;
		memcpy(save, k.in.bytes.data + at, len);
		memset(k.in.bytes.data + at, 0x5a, len);
		ck_assert_msg(!repair(&k, &r, NULL), "block at %zu: %s", at, k.err.message);
		ck_assert_msg(r.proved == ENTRIES - hit, "block at %zu: %zu entries, not %zu", at,
			      r.proved, ENTRIES - hit);
		ck_assert_uint_eq(r.nr_lost, hit);
		for (size_t i = 0; i < r.nr_lost; i++)
			ck_assert_ptr_nonnull(r.lost[i].alias);
		ck_assert_uint_eq(assert_repaired(&k), ENTRIES - hit);
		ck_assert_uint_eq(kst1_get64(k.out.bytes.data + 32), 2); /* generation */
		ck_assert_mem_eq(k.out.bytes.data + 256, k.in.bytes.data + (at ? 256 : n - 3840),
				 16 * 224);
		kst_repair_release(&r);
		memcpy(k.in.bytes.data + at, save, len);
	}
	kit_release(&k);
}
END_TEST

START_TEST(a_whole_store_comes_out_whole)
{
	struct kit k;
	struct kst_repair r;
	big_store(&k, stores[_i].kind, stores[_i].sealed, 5);
	ck_assert_int_eq(repair(&k, &r, NULL), 0);
	ck_assert_uint_eq(r.proved, 5);
	ck_assert_uint_eq(r.nr_lost, 0);
	ck_assert_uint_eq(r.generation[0], 1);
	ck_assert_uint_eq(r.generation[1], 1);
	ck_assert_uint_eq(assert_repaired(&k), 5);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

START_TEST(an_index_is_made_again_from_whole_boxes)
{
	struct kit k;
	struct kst_repair r;
	struct kst_buf want = KST_BUF_INIT;
	struct kst_bytes old;
	big_store(&k, stores[_i].kind, stores[_i].sealed, 9);
	ck_assert_int_eq(kit_read(&k), 0);
	struct kst1_index *x = &kit_state(&k)->index;
	for (size_t i = 0; i < x->nr; i++) {
		old = kst1_index_record(x, i);
		kst_buf_put(&want, old.data, old.len);
	}
	uint64_t len = kst1_get64(k.in.bytes.data + 80);
	memset(k.in.bytes.data + KST1_HEADER, 0xff, (size_t)len);
	ck_assert_msg(!repair(&k, &r, NULL), "%s", k.err.message);
	ck_assert_uint_eq(r.proved, 9);
	ck_assert_uint_eq(r.nr_lost, 0);
	ck_assert_uint_eq(assert_repaired(&k), 9);
	/* the same records, derived again */
	struct kst_buf got = KST_BUF_INIT;
	kit_turn(&k);
	ck_assert_int_eq(kit_read(&k), 0);
	x = &kit_state(&k)->index;
	for (size_t i = 0; i < x->nr; i++) {
		old = kst1_index_record(x, i);
		kst_buf_put(&got, old.data, old.len);
	}
	ck_assert_uint_eq(got.len, want.len);
	ck_assert_mem_eq(got.data, want.data, want.len);
	kst_buf_release(&want);
	kst_buf_release(&got);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

START_TEST(bytes_lost_or_put_in_shift_what_follows)
{
	struct kit k;
	struct kst_repair r;
	struct kst_buf cut = KST_BUF_INIT;
	uint64_t box[6];
	big_store(&k, stores[_i].kind, stores[_i].sealed, 5);
	ck_assert_int_eq(kit_read(&k), 0);
	memcpy(box, kit_state(&k)->index.box, sizeof(box));
	/* 100 bytes vanish from the third box */
	size_t at = (size_t)box[2] + 40;
	kst_buf_put(&cut, k.in.bytes.data, at);
	kst_buf_put(&cut, k.in.bytes.data + at + 100, k.in.bytes.len - at - 100);
	kst_buf_release(&k.in.bytes);
	k.in.bytes = cut;
	ck_assert_msg(!repair(&k, &r, NULL), "%s", k.err.message);
	ck_assert_uint_eq(r.proved, 4);
	ck_assert_uint_eq(r.nr_lost, 1);
	ck_assert_str_eq(r.lost[0].alias, "entry 02");
	ck_assert_uint_eq(assert_repaired(&k), 4);
	kst_repair_release(&r);
	/* the end is missing: the first header is enough */
	k.in.bytes.len = (size_t)box[4];
	ck_assert_msg(!repair(&k, &r, NULL), "%s", k.err.message);
	ck_assert_uint_eq(r.proved, 2);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

START_TEST(without_a_good_header_there_is_nothing_to_save)
{
	struct kit k;
	struct kst_repair r;
	big_store(&k, 'K', false, 2);
	k.in.bytes.data[40] ^= 1;
	k.in.bytes.data[k.in.bytes.len - 1] ^= 1;
	ck_assert_int_eq(repair(&k, &r, NULL), -1);
	kit_assert_error(&k, KST_E_NOTHING_TO_SAVE);
	kst_repair_release(&r);
	k.in.bytes.len = 100;
	ck_assert_int_eq(repair(&k, &r, NULL), -1);
	kit_assert_error(&k, KST_E_NOTHING_TO_SAVE);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

START_TEST(repair_needs_who_may_sign)
{
	static const uint8_t key[32] = "a reader who would like to sign.";
	struct kit k;
	struct kst_repair r;
	big_store(&k, 'K', false, 2);
	ck_assert_int_eq(kit_read(&k), 0);
	ck_assert_int_eq(kst_format_kst1.unlock(&k.io, &k.m, KST_NEED_ADMIN, &k.err), 0);
	k.ask.new_key_file = key;
	kit_slot(&k, KST_SLOT_KEY_FILE, KST_ROLE_READER, NULL);
	kit_write_ok(&k);
	kit_turn(&k);
	k.ask.key_file = key;
	ck_assert_int_eq(repair(&k, &r, NULL), -1);
	kit_assert_error(&k, KST_E_READER_SECRET);
	kst_repair_release(&r);
	k.ask.key_file = NULL;
	ck_assert_int_eq(repair(&k, &r, NULL), -1);
	kit_assert_error(&k, KST_E_PASSPHRASE_NEEDED);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

START_TEST(of_two_good_headers_the_one_that_proves_more_is_taken)
{
	struct kit k;
	struct kst_repair r;
	uint8_t old[KST1_HEADER];
	big_store(&k, 'K', false, 4);
	memcpy(old, k.in.bytes.data, KST1_HEADER);
	ck_assert_int_eq(kit_read(&k), 0);
	ck_assert_int_eq(kst_format_kst1.unlock(&k.io, &k.m, KST_NEED_ADMIN, &k.err), 0);
	ck_assert_int_eq(kst_model_remove(&k.m, 0), 0);
	kit_write_ok(&k);
	kit_turn(&k);
	/* an older header at one end: it fits neither the index nor the boxes that are there */
	memcpy(k.in.bytes.data + (_i ? k.in.bytes.len - KST1_HEADER : 0), old, KST1_HEADER);
	ck_assert_msg(!repair(&k, &r, NULL), "%s", k.err.message);
	ck_assert_uint_eq(r.proved, 3);
	ck_assert_uint_eq(r.generation[0], _i ? 2 : 1);
	ck_assert_uint_eq(r.generation[1], _i ? 1 : 2);
	ck_assert_uint_eq(kst1_get64(k.out.bytes.data + 32), 3);
	ck_assert_uint_eq(assert_repaired(&k), 3);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

/* A truststore whose index and last box are damaged, and a box that a stranger put there. */
static void planted(struct kit *k, bool same_alias)
{
	struct kit other;
	struct kst_buf file = KST_BUF_INIT;
	uint64_t box[4], theirs[2];
	big_store(k, 'T', false, 3);
	ck_assert_int_eq(kit_read(k), 0);
	memcpy(box, kit_state(k)->index.box, sizeof(box));
	kit_init(&other);
	other.write.store_kind = 'T';
	other.ask.new_key_file = kit_k20;
	kit_push(&other, KST_KIND_CERT, same_alias ? "entry 00" : "evil ca");
	kit_write_ok(&other);
	kit_turn(&other);
	ck_assert_int_eq(kit_read(&other), 0);
	memcpy(theirs, kit_state(&other)->index.box, sizeof(theirs));
	memset(k->in.bytes.data + KST1_HEADER, 0xff, (size_t)(box[0] - KST1_HEADER));
	memset(k->in.bytes.data + box[2] + 8, 0xff, 60);
	kst_buf_put(&file, k->in.bytes.data, (size_t)box[3]);
	kst_buf_put(&file, other.in.bytes.data + theirs[0], (size_t)(theirs[1] - theirs[0]));
	kst_buf_put(&file, k->in.bytes.data + box[3], k->in.bytes.len - (size_t)box[3]);
	kst_buf_release(&k->in.bytes);
	k->in.bytes = file;
	kit_release(&other);
}

START_TEST(what_nothing_proves_is_left_out)
{
	struct kit k;
	struct kst_repair r;
	bool evil = false;
	planted(&k, false);
	ck_assert_msg(!repair(&k, &r, NULL), "%s", k.err.message);
	ck_assert_uint_eq(r.proved, 0);
	ck_assert_uint_ge(r.nr_lost, 3);
	for (size_t i = 0; i < r.nr_lost; i++) {
		ck_assert(!r.lost[i].accepted);
		if (r.lost[i].alias && !strcmp(r.lost[i].alias, "evil ca"))
			evil = r.lost[i].has_sha256;
	}
	ck_assert(evil);
	ck_assert_uint_eq(assert_repaired(&k), 0);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

START_TEST(what_is_asked_for_by_name_is_taken)
{
	static const char *const accept[] = { "entry 01", "no such entry", NULL };
	struct kit k;
	struct kst_repair r;
	planted(&k, false);
	ck_assert_msg(!repair(&k, &r, accept), "%s", k.err.message);
	ck_assert_uint_eq(r.proved, 0);
	size_t taken = 0;
	for (size_t i = 0; i < r.nr_lost; i++)
		if (r.lost[i].accepted) {
			ck_assert_str_eq(r.lost[i].alias, "entry 01");
			taken++;
		}
	ck_assert_uint_eq(taken, 1);
	ck_assert_uint_eq(assert_repaired(&k), 1);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

START_TEST(a_name_that_was_found_twice_does_not_choose)
{
	static const char *const accept[] = { "entry 00", NULL };
	struct kit k;
	struct kst_repair r;
	planted(&k, true);
	ck_assert_msg(!repair(&k, &r, accept), "%s", k.err.message);
	for (size_t i = 0; i < r.nr_lost; i++)
		ck_assert(!r.lost[i].accepted);
	ck_assert_uint_eq(assert_repaired(&k), 0);
	kst_repair_release(&r);
	kit_release(&k);
}
END_TEST

START_TEST(a_fingerprint_chooses)
{
	/* of the example's certificate */
	static const char *const accept[] = { "sha256:0BD053c3a49c6", NULL };
	static const char *const wrong[] = { "sha256:0bd053c3b", "sha256:0b", NULL };
	struct kit k;
	struct kst_repair r;
	planted(&k, false);
	struct kst_buf hex = KST_BUF_INIT;
	ck_assert_int_eq(repair(&k, &r, wrong), 0);
	ck_assert_uint_eq(assert_repaired(&k), 0);
	kst_repair_release(&r);
	ck_assert_int_eq(repair(&k, &r, accept), 0);
	/* every entry of this store has that one certificate */
	ck_assert_uint_eq(assert_repaired(&k), 3);
	kst_repair_release(&r);
	kst_buf_release(&hex);
	kit_release(&k);
}
END_TEST

START_TEST(random_damage_never_yields_an_unsigned_entry)
{
	/* whatever is broken: the outcome is an error, or a store whose entries were all in the old one */
	struct kit k;
	struct kst_buf whole = KST_BUF_INIT;
	uint32_t seed = 12345;
	big_store(&k, stores[_i].kind, stores[_i].sealed, 6);
	kst_buf_put(&whole, k.in.bytes.data, k.in.bytes.len);
	for (int round = 0; round < 150; round++) {
		struct kst_repair r;
		kst_buf_reset(&k.in.bytes);
		kst_buf_put(&k.in.bytes, whole.data, whole.len);
		for (unsigned n = 0; n < 3; n++) {
			seed = seed * 1103515245 + 12345;
			size_t at = (seed >> 4) % whole.len, len = 1u << (seed >> 3) % 10;
			for (size_t i = at; i < at + len && i < whole.len; i++)
				k.in.bytes.data[i] = (uint8_t)(seed >> (i % 24));
		}
		if (round % 3 == 0)
			k.in.bytes.len -= seed % 5000;
		if (repair(&k, &r, NULL) == 0) {
			size_t n = assert_repaired(&k);
			ck_assert_uint_eq(n, r.proved);
			ck_assert_uint_le(n, 6);
		} else {
			ck_assert_msg(k.err.code == KST_E_NOTHING_TO_SAVE, "%s", k.err.message);
		}
		kst_repair_release(&r);
	}
	kst_buf_release(&whole);
	kit_release(&k);
}
END_TEST

Suite *test_kst1_repair(void);
Suite *test_kst1_repair(void)
{
	Suite *s = suite_create("kst1_repair");
	TCase *t = tcase_create("repair");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_block_may_be_lost_and_takes_only_its_own_entries_along, 0,
			    STORES);
	tcase_add_loop_test(t, a_whole_store_comes_out_whole, 0, STORES);
	tcase_add_loop_test(t, an_index_is_made_again_from_whole_boxes, 0, STORES);
	tcase_add_loop_test(t, bytes_lost_or_put_in_shift_what_follows, 0, STORES);
	tcase_add_test(t, without_a_good_header_there_is_nothing_to_save);
	tcase_add_test(t, repair_needs_who_may_sign);
	tcase_add_loop_test(t, of_two_good_headers_the_one_that_proves_more_is_taken, 0, 2);
	tcase_add_test(t, what_nothing_proves_is_left_out);
	tcase_add_test(t, what_is_asked_for_by_name_is_taken);
	tcase_add_test(t, a_name_that_was_found_twice_does_not_choose);
	tcase_add_test(t, a_fingerprint_chooses);
	tcase_add_loop_test(t, random_damage_never_yields_an_unsigned_entry, 0, STORES);
	suite_add_tcase(s, t);
	return s;
}
