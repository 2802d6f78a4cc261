/* SPDX-License-Identifier: ISC */
/* test_kst1_edit.c - what an edit changes, and above all what it leaves alone */
#include "kst1_kit.h"
#include "kst1_edit.h"


START_TEST(a_rename_makes_one_box_anew_and_copies_the_others)
{
	struct kit k;
	bool sealed = _i;
	struct kst_bytes old;
	kit_small(&k, 'K', sealed);
	open_admin(&k);
	rename_to(change(&k, 2), "www");
	kit_write_ok(&k);
	old = box(&k, 0);
	ck_assert(has(&k.out.bytes, &old));
	old = box(&k, 1);
	ck_assert(has(&k.out.bytes, &old));
	old = box(&k, 2);
	/* the nonce is new, so no run of the old sealed part is left */
	struct kst_bytes end = { old.data + old.len - 40, 40 };
	ck_assert(!has(&k.out.bytes, &end));
	ck_assert_mem_eq(k.out.bytes.data + 256, k.in.bytes.data + 256, 16 * 224);
	kit_turn(&k);
	open_admin(&k);
	struct kst_entry *e = load(&k, 2);
	ck_assert_str_eq(e->alias, "www");
	ck_assert_uint_eq(e->key->pkcs8.len, 48);
	ck_assert_uint_eq(k.m.info.generation, 2);
	kst_entry_free(e);
	kit_release(&k);
}
END_TEST

START_TEST(a_rename_needs_the_public_half_only)
{
	struct kit k;
	struct kst_head head;
	struct kst_buf scratch = KST_BUF_INIT;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(kit_read(&k), 0);
	struct kst_entry *e = change(&k, 2);
	ck_assert_uint_eq(e->key->pkcs8.len, 0);
	uint8_t id[16];
	memcpy(id, e->id, 16);
	rename_to(e, "apache");
	kst_time_set_now(KIT_TIME + 5);
	kit_write_ok(&k); /* asks for the key file now */
	kit_turn(&k);
	open_admin(&k);
	/* in its new place */
	ck_assert_int_eq(kst_format_kst1.head(&k.m, 1, &head, &scratch, &k.err), 0);
	ck_assert_str_eq(head.alias, "apache");
	e = load(&k, 1);
	ck_assert_uint_eq(e->key->pkcs8.len, 48);
	ck_assert_mem_eq(e->id, id, 16);
	ck_assert_int_eq(e->created, KIT_TIME);
	ck_assert_int_eq(e->modified, KIT_TIME + 5);
	kst_entry_free(e);
	kst_buf_release(&scratch);
	kit_release(&k);
}
END_TEST

START_TEST(entries_come_and_go)
{
	struct kit k;
	kit_small(&k, 'K', _i);
	open_admin(&k);
	ck_assert_int_eq(kst_model_remove(&k.m, 1), 0);
	kit_push(&k, KST_KIND_KEY, "mail");
	kit_write_ok(&k);
	kit_turn(&k);
	open_admin(&k);
	ck_assert_uint_eq(k.m.nr, 3);
	ck_assert_uint_eq(kst_format_kst1.find(&k.m, "root"), KST_NO_BASE);
	ck_assert_uint_eq(kst_format_kst1.find(&k.m, "mail"), 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(kst_model_remove(&k.m, 0), 0);
	kit_write_ok(&k);
	kit_turn(&k);
	open_admin(&k);
	ck_assert_uint_eq(k.m.nr, 0);
	ck_assert_uint_eq(k.m.info.generation, 3);
	kit_assert_hex(k.in.bytes.data + 128, 32,
		       "08bf82a8933df0515e21218fa3211ce90a67461be5444f8aaa43cfd633c8f2a2");
	kit_release(&k);
}
END_TEST

START_TEST(aliases_are_ordered_as_bytes)
{
	static const char *const alias[] = { "b", "a", "\xc3\xa4", "aa", "B", "a b" };
	static const char *const order[] = { "B", "a", "a b", "aa", "b", "\xc3\xa4" };
	struct kit k;
	struct kst_head head;
	struct kst_buf scratch = KST_BUF_INIT;
	kit_init(&k);
	k.write.store_kind = 'K';
	k.ask.new_key_file = kit_k20;
	for (int i = 0; i < 6; i++)
		kit_push(&k, KST_KIND_CERT, alias[i]);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_int_eq(kit_read(&k), 0);
	for (size_t i = 0; i < 6; i++) {
		ck_assert_int_eq(kst_format_kst1.head(&k.m, i, &head, &scratch, NULL), 0);
		ck_assert_str_eq(head.alias, order[i]);
		ck_assert_uint_eq(kst_format_kst1.find(&k.m, order[i]), i);
	}
	kst_buf_release(&scratch);
	kit_release(&k);
}
END_TEST

START_TEST(two_entries_never_share_an_alias)
{
	struct kit k;
	kit_small(&k, 'K', false);
	open_admin(&k);
	kit_push(&k, KST_KIND_CERT, "web");
	fail_to_write(&k, KST_E_ALIAS_CONFLICT);
	ck_assert_uint_eq(k.out.bytes.len, 0);
	kit_release(&k);
}
END_TEST

START_TEST(names_of_full_length_fit)
{
	char alias[256], label[65];
	struct kit k;
	memset(alias, 'a', 255);
	alias[255] = 0;
	memset(label, 'l', 64);
	label[64] = 0;
	kit_init(&k);
	k.write.store_kind = 'K';
	k.write.sealed = true;
	k.write.slot_label = label;
	k.ask.new_key_file = kit_k20;
	kit_push(&k, KST_KIND_KEY, alias);
	kit_write_ok(&k);
	kit_turn(&k);
	open_admin(&k);
	struct kst_slot_info info[16];
	ck_assert_uint_eq(kst_format_kst1.native->slots(&k.m, info), 1);
	ck_assert_str_eq(info[0].label, label);
	struct kst_entry *e = load(&k, 0);
	ck_assert_str_eq(e->alias, alias);
	kst_entry_free(e);
	kit_release(&k);
}
END_TEST

START_TEST(a_sealed_index_is_padded_to_whole_kibibytes)
{
	/* an alias of n bytes makes the plain index 209 + n bytes longer: meet 1024 from both sides */
	for (size_t want = 1023; want <= 1025; want++) {
		struct kit k;
		char alias[256] = "";
		size_t plain = 4;
		kit_init(&k);
		k.write.store_kind = 'K';
		k.write.sealed = true;
		k.ask.new_key_file = kit_k20;
		/* 4 + 6 + 16 + 6 + 1 + 6 + 6 + 36 + 14 + 14 + 6 + 3 = 118, and the alias */
		for (int i = 0; plain < want; i++) {
			size_t n = want - plain - 118;
			if (n > 255)
				n = want - plain - 118 - 119 > 200 ? 200 : want - plain - 118 - 119;
			memset(alias, 'a' + i, n);
			alias[n] = 0;
			kit_push(&k, KST_KIND_SECRET, alias);
			plain += 118 + n;
		}
		ck_assert_uint_eq(plain, want);
		kit_write_ok(&k);
		ck_assert_uint_eq(kst1_get64(k.out.bytes.data + 80), want <= 1024 ? 1064 : 2088);
		kit_turn(&k);
		open_admin(&k);
		kit_release(&k);
	}
}
END_TEST

START_TEST(a_store_without_entries_is_a_store)
{
	struct kit k;
	kit_init(&k);
	k.write.store_kind = _i & 1 ? 'T' : 'K';
	k.write.sealed = _i & 2;
	k.ask.new_key_file = kit_k20;
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_uint_eq(k.in.bytes.len, 8192 + (_i & 2 ? 1064 : 4));
	open_admin(&k);
	ck_assert_uint_eq(k.m.nr, 0);
	ck_assert_uint_eq(k.m.info.generation, 1);
	kit_release(&k);
}
END_TEST

/* ---- what a later version may have written ---- */


/* ---- what does not fit ---- */

START_TEST(what_a_store_cannot_hold_is_refused)
{
	static const struct {
		char kind;
		enum kst_kind entry;
		bool trusted;
		enum kst_code code;
	} rows[] = {
		{ 'K', KST_KIND_CERT, false, KST_E_CANNOT_HOLD },
		{ 'K', KST_KIND_CSR, false, KST_E_CANNOT_HOLD },
		{ 'K', KST_KIND_CRL, false, KST_E_CANNOT_HOLD },
		{ 'K', KST_KIND_OPAQUE, false, KST_E_CANNOT_HOLD },
		{ 'T', KST_KIND_KEY, false, KST_E_WRONG_KIND },
		{ 'T', KST_KIND_SECRET, false, KST_E_WRONG_KIND },
		{ 'T', KST_KIND_CERT, true, KST_OK },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kit k;
		kit_init(&k);
		k.write.store_kind = rows[i].kind;
		k.ask.new_key_file = kit_k20;
		kit_push(&k, rows[i].entry, "x");
		k.m.item[0].entry->trusted = rows[i].trusted;
		if (rows[i].code == KST_OK)
			kit_write_ok(&k);
		else
			fail_to_write(&k, rows[i].code);
		kit_release(&k);
	}
}
END_TEST

START_TEST(a_key_that_waits_for_its_certificate_is_kept)
{
	struct kit k;
	struct kst_head head;
	struct kst_buf scratch = KST_BUF_INIT;
	kit_init(&k);
	k.write.store_kind = 'K';
	k.ask.new_key_file = kit_k20;
	kit_push(&k, KST_KIND_KEY, "waits");
	kst_chain_release(&k.m.item[0].entry->chain);
	k.m.item[0].entry->chain = (struct kst_chain){ NULL, 0 };
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_int_eq(kit_read(&k), 0);
	ck_assert_int_eq(kst_format_kst1.head(&k.m, 0, &head, &scratch, NULL), 0);
	ck_assert_int_eq(head.kind, KST_KIND_KEY);
	ck_assert_uint_eq(head.nr_certs, 0);
	ck_assert_ptr_null(head.sha256);
	ck_assert_str_eq(head.key, "Ed25519");
	open_admin(&k);
	struct kst_entry *e = load(&k, 0);
	ck_assert_uint_eq(e->key->pkcs8.len, 48);
	ck_assert_uint_eq(e->chain.nr, 0);
	kst_entry_free(e);
	kst_buf_release(&scratch);
	kit_release(&k);
}
END_TEST

START_TEST(everything_that_an_entry_carries_comes_back)
{
	struct kit k;
	bool sealed = _i;
	kit_init(&k);
	k.write.store_kind = 'K';
	k.write.sealed = sealed;
	k.ask.new_key_file = kit_k20;
	kit_push(&k, KST_KIND_CERT, "ca");
	struct kst_entry *e = k.m.item[0].entry;
	e->note = kst_strdup("a note");
	e->origin = kst_strdup("pkcs12");
	ck_assert_int_eq(kst_blob_set(&e->alias_source, "c\xff" "a", 3), 0);
	ck_assert_int_eq(kst_blob_set(&e->local_key_id, "id", 2), 0);
	ck_assert_int_eq(kst_blob_set(&e->purposes, "\6\1\x2a", 3), 0);
	ck_assert_int_eq(kst_blob_set(&e->distrusted, "\6\1\x2b", 3), 0);
	ck_assert_int_eq(kst_blob_set(&e->attrs, "\x30\0", 2), 0);
	kit_push(&k, KST_KIND_SECRET, "s");
	kit_write_ok(&k);
	struct kst_bytes note = { (const uint8_t *)"a note", 6 };
	ck_assert(has(&k.out.bytes, &note) == !sealed);
	kit_turn(&k);
	open_admin(&k);
	e = load(&k, 0);
	ck_assert_str_eq(e->note, "a note");
	ck_assert_str_eq(e->origin, "pkcs12");
	ck_assert_mem_eq(e->alias_source.data, "c\xff" "a", 3);
	ck_assert_mem_eq(e->local_key_id.data, "id", 2);
	ck_assert_mem_eq(e->purposes.data, "\6\1\x2a", 3);
	ck_assert_mem_eq(e->distrusted.data, "\6\1\x2b", 3);
	ck_assert_uint_eq(e->attrs.len, 2);
	ck_assert(e->trusted);
	kst_entry_free(e);
	e = load(&k, 1);
	ck_assert_int_eq(e->kind, KST_KIND_SECRET);
	ck_assert_str_eq(e->secret_alg, "AES");
	ck_assert_uint_eq(e->secret.len, 16);
	ck_assert_mem_eq(e->secret.data, "0123456789abcdef", 16);
	kst_entry_free(e);
	kit_release(&k);
}
END_TEST

START_TEST(a_sealed_truststore_can_have_readers)
{
	static const uint8_t key[32] = "a reader of a sealed truststore.";
	struct kit k;
	kit_small(&k, 'T', true);
	open_admin(&k);
	k.ask.new_key_file = key;
	kit_slot(&k, KST_SLOT_KEY_FILE, KST_ROLE_READER, "ci");
	kit_write_ok(&k);
	kit_turn(&k);
	k.ask.key_file = NULL;
	ck_assert_int_eq(kit_read(&k), -1);
	kit_assert_error(&k, KST_E_PASSPHRASE_NEEDED);
	k.ask.key_file = key;
	ck_assert_int_eq(kit_read(&k), 0);
	kst_entry_free(load(&k, 0));
	kit_release(&k);
	/* an open one has none: everybody reads it */
	kit_small(&k, 'T', false);
	open_admin(&k);
	struct kst_slot_add how = { .type = KST_SLOT_KEY_FILE, .role = KST_ROLE_READER };
	ck_assert_int_eq(kst_format_kst1.native->slot_add(&k.io, &k.m, &how, NULL, &k.err), -1);
	kit_assert_error(&k, KST_E_BAD_VALUE);
	kit_release(&k);
}
END_TEST

/* ---- commit ---- */

START_TEST(the_last_generation_is_the_last)
{
	struct kit k;
	struct kst1_keyring keys;
	bool dropped[16];
	kit_small(&k, 'K', false);
	kit_keys(&k, &keys);
	kst1_put64(k.in.bytes.data + 32, UINT64_MAX);
	kit_resign(&k, &keys);
	open_admin(&k);
	ck_assert_int_eq(kst_model_remove(&k.m, 0), 0);
	fail_to_write(&k, KST_E_LIMIT);
	kst_error_clear(&k.err);
	ck_assert_int_eq(kst_format_kst1.native->rekey(&k.io, &k.m, dropped, &k.err), 0);
	kit_write_ok(&k);
	kst1_keyring_release(&keys);
	kit_release(&k);
}
END_TEST

START_TEST(a_box_that_changed_under_the_writer_is_not_copied)
{
	struct kit k;
	kit_small(&k, 'K', false);
	open_admin(&k);
	k.in.bytes.data[kit_state(&k)->index.box[0] + 30] ^= 1;
	kit_push(&k, KST_KIND_CERT, "more");
	fail_to_write(&k, KST_E_ENTRY);
	kit_release(&k);
}
END_TEST

START_TEST(what_comes_back_from_the_disk_must_be_what_was_meant)
{
	struct kit k;
	kit_small(&k, 'K', true);
	open_admin(&k);
	rename_to(change(&k, 2), "www");
	kit_write_ok(&k);
	struct kst_io back = k.io;
	back.source = (struct kst_source){ .size = k.out.bytes.len,
					   .read_at = kit_read_at,
					   .ctx = &k.out };
	for (size_t i = 0; i < k.out.bytes.len; i += 37) {
		k.out.bytes.data[i] ^= 0x10;
		kst_error_clear(&k.err);
		ck_assert_int_eq(kst_format_kst1.verify(&back, &k.m, &k.err), -1);
		kit_assert_error(&k, KST_E_READ_BACK);
		k.out.bytes.data[i] ^= 0x10;
	}
	/* the old file is whole, but it is not what was meant */
	back.source = (struct kst_source){ .size = k.in.bytes.len,
					   .read_at = kit_read_at,
					   .ctx = &k.in };
	kst_error_clear(&k.err);
	ck_assert_int_eq(kst_format_kst1.verify(&back, &k.m, &k.err), -1);
	kit_assert_error(&k, KST_E_READ_BACK);
	kit_release(&k);
}
END_TEST

START_TEST(a_writer_that_was_faster_is_noticed)
{
	struct kit k;
	const struct kst_native_ops *ops = kst_format_kst1.native;
	kit_small(&k, 'K', false);
	open_admin(&k);
	ck_assert(ops->same_version(&k.m, k.in.bytes.data, KST1_HEADER));
	kit_push(&k, KST_KIND_CERT, "more");
	kit_write_ok(&k);
	ck_assert(!ops->same_version(&k.m, k.out.bytes.data, KST1_HEADER));
	kit_release(&k);
}
END_TEST

START_TEST(undo_writes_the_older_content_as_a_newer_generation)
{
	struct kit k;
	struct kit_file old = { .reads = 0 };
	bool dropped[16];
	kit_small(&k, 'K', _i);
	kst_buf_put(&old.bytes, k.in.bytes.data, k.in.bytes.len);
	open_admin(&k);
	ck_assert_int_eq(kst_model_remove(&k.m, 0), 0);
	kit_write_ok(&k);
	kit_turn(&k);
	open_admin(&k);
	struct kst_io backup = k.io;
	backup.source = (struct kst_source){ .size = old.bytes.len,
					     .read_at = kit_read_at,
					     .ctx = &old };
	ck_assert_msg(!kst_format_kst1.native->restore(&k.io, &k.m, &backup, &k.err), "%s",
		      k.err.message);
	struct kst_io back = k.io;
	back.source = (struct kst_source){ .size = k.out.bytes.len,
					   .read_at = kit_read_at,
					   .ctx = &k.out };
	ck_assert_int_eq(kst_format_kst1.verify(&back, &k.m, &k.err), 0);
	ck_assert_mem_eq(k.out.bytes.data + KST1_HEADER, old.bytes.data + KST1_HEADER,
			 old.bytes.len - 2 * KST1_HEADER);
	kit_turn(&k);
	open_admin(&k);
	ck_assert_uint_eq(k.m.nr, 3);
	ck_assert_uint_eq(k.m.info.generation, 3);
	/* not across a rekey */
	ck_assert_int_eq(kst_format_kst1.native->rekey(&k.io, &k.m, dropped, &k.err), 0);
	kit_write_ok(&k);
	kit_turn(&k);
	open_admin(&k);
	kst_error_clear(&k.err);
	ck_assert_int_eq(kst_format_kst1.native->restore(&k.io, &k.m, &backup, &k.err), -1);
	kit_assert_error(&k, KST_E_RE_SIGNED);
	kst_buf_release(&old.bytes);
	kit_release(&k);
}
END_TEST

START_TEST(a_list_reads_no_box_and_an_entry_reads_its_own)
{
	struct kit k;
	struct kst_head head;
	struct kst_buf scratch = KST_BUF_INIT;
	kit_small(&k, 'K', false);
	k.in.reads = 0;
	ck_assert_int_eq(kit_read(&k), 0);
	uint64_t index = kst1_get64(k.in.bytes.data + 80);
	ck_assert_uint_eq(k.in.reads, 2 * KST1_HEADER + index);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(kst_format_kst1.head(&k.m, i, &head, &scratch, NULL), 0);
	ck_assert_uint_eq(k.in.reads, 2 * KST1_HEADER + index);
	kst_entry_free(load(&k, 1));
	ck_assert_uint_eq(k.in.reads, 2 * KST1_HEADER + index + box(&k, 1).len);
	kst_buf_release(&scratch);
	kit_release(&k);
}
END_TEST

Suite *test_kst1_edit(void);
Suite *test_kst1_edit(void)
{
	Suite *s = suite_create("kst1_edit");
	TCase *t = tcase_create("entries");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_rename_makes_one_box_anew_and_copies_the_others, 0, 2);
	tcase_add_test(t, a_rename_needs_the_public_half_only);
	tcase_add_loop_test(t, entries_come_and_go, 0, 2);
	tcase_add_test(t, aliases_are_ordered_as_bytes);
	tcase_add_test(t, two_entries_never_share_an_alias);
	tcase_add_test(t, names_of_full_length_fit);
	tcase_add_test(t, a_sealed_index_is_padded_to_whole_kibibytes);
	tcase_add_loop_test(t, a_store_without_entries_is_a_store, 0, 4);
	tcase_add_test(t, a_list_reads_no_box_and_an_entry_reads_its_own);
	suite_add_tcase(s, t);
	t = tcase_create("contents");
	tcase_add_test(t, what_a_store_cannot_hold_is_refused);
	tcase_add_test(t, a_key_that_waits_for_its_certificate_is_kept);
	tcase_add_loop_test(t, everything_that_an_entry_carries_comes_back, 0, 2);
	tcase_add_test(t, a_sealed_truststore_can_have_readers);
	suite_add_tcase(s, t);
	t = tcase_create("commit");
	tcase_add_test(t, the_last_generation_is_the_last);
	tcase_add_test(t, a_box_that_changed_under_the_writer_is_not_copied);
	tcase_add_test(t, what_comes_back_from_the_disk_must_be_what_was_meant);
	tcase_add_test(t, a_writer_that_was_faster_is_noticed);
	tcase_add_loop_test(t, undo_writes_the_older_content_as_a_newer_generation, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
