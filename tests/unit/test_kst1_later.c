/* SPDX-License-Identifier: ISC */
/* test_kst1_later.c - what a later version of the format wrote is carried through, never dropped */
#include "kst1_kit.h"
#include "kst1_edit.h"

static const uint8_t ext_record[] = "\x10\x80\1\0\0\0r\0\xf0\1\0\0\0R";
static const uint8_t ext_public[] = "\x01\x80\1\0\0\0p\0\xf1\1\0\0\0P";
static const uint8_t ext_sealed[] = "\x02\x80\1\0\0\0s\0\xf2\1\0\0\0S";
enum { EXT = 14 };

/* The entry "web" gets unknown optional fields everywhere, behind the writer's back. */
static void with_unknown_fields(struct kit *k, bool sealed)
{
	kit_small(k, 'K', sealed);
	open_admin(k);
	struct kst_entry *e = change(k, 2);
	/* through the entry's own door: a copy from a store of a later version */
	k->m.item[2].base = KST_NO_BASE;
	ck_assert_int_eq(kst_blob_set(&e->ext_public, ext_public, EXT), 0);
	ck_assert_int_eq(kst_secret_set(&e->ext_sealed, ext_sealed, EXT, NULL), 0);
	kit_write_ok(k);
	kit_turn(k);
	if (sealed)
		return;
	/* the record is patched in the file: the index of an open store is in the clear */
	struct kst_buf file = KST_BUF_INIT;
	struct kst1_keyring keys;
	kit_keys(k, &keys);
	const struct kst1_index *x = &kit_state(k)->index;
	size_t at = KST1_HEADER + x->record[2], n = kst1_get32(k->in.bytes.data + at);
	kst_buf_put(&file, k->in.bytes.data, at + 4 + n);
	kst_buf_put(&file, ext_record, EXT);
	kst_buf_put(&file, k->in.bytes.data + at + 4 + n, k->in.bytes.len - at - 4 - n);
	kst1_put32(file.data + at, (uint32_t)n + EXT);
	uint64_t len = kst1_get64(file.data + 80) + EXT;
	kst1_put64(file.data + 80, len);
	kst1_hash(file.data + 96, file.data + KST1_HEADER, (size_t)len);
	kst_buf_release(&k->in.bytes);
	k->in.bytes = file;
	kit_resign(k, &keys);
	kst1_keyring_release(&keys);
}

static bool record_has_ext(struct kit *k, const char *alias)
{
	size_t i = kst_format_kst1.find(&k->m, alias);
	ck_assert_uint_ne(i, KST_NO_BASE);
	struct kst_bytes r = kst1_index_record(&kit_state(k)->index, i);
	/* the two fields need not stand side by side */
	return memmem(r.data, r.len, ext_record, 7) && memmem(r.data, r.len, ext_record + 7, 7);
}

static void assert_ext(const struct kst_entry *e, bool sealed)
{
	if (!sealed) {
		ck_assert_uint_eq(e->ext_public.len, EXT);
		ck_assert_mem_eq(e->ext_public.data, ext_public, EXT);
		ck_assert_uint_eq(e->ext_sealed.len, EXT);
		ck_assert_mem_eq(e->ext_sealed.data, ext_sealed, EXT);
	} else {
		ck_assert_uint_eq(e->ext_public.len, 0);
		ck_assert_uint_eq(e->ext_sealed.len, 2 * EXT);
	}
}

START_TEST(unknown_fields_survive_edits_of_their_own_entry_and_of_others)
{
	struct kit k;
	bool sealed = _i;
	with_unknown_fields(&k, sealed);
	open_admin(&k);
	struct kst_bytes old = box(&k, 2);
	if (!sealed)
		ck_assert(record_has_ext(&k, "web"));
	kit_push(&k, KST_KIND_CERT, "another");
	kit_write_ok(&k);
	ck_assert(has(&k.out.bytes, &old));
	kit_turn(&k);
	open_admin(&k);
	struct kst_entry *e = change(&k, 3);
	assert_ext(e, sealed);
	rename_to(e, "zzz");
	/* even if the editor forgets them */
	kst_blob_release(&e->ext_record);
	kst_blob_release(&e->ext_public);
	kst_secret_release(&e->ext_sealed);
	kit_write_ok(&k);
	kit_turn(&k);
	open_admin(&k);
	e = change(&k, 3);
	assert_ext(e, sealed);
	if (sealed) {
		kit_release(&k);
		return;
	}
	/* fields of the record describe key and certificates, and go when those change */
	ck_assert(record_has_ext(&k, "zzz"));
	ck_assert_int_eq(kst_chain_push(&e->chain, e->chain.cert[0]), 0);
	kit_write_ok(&k);
	kit_turn(&k);
	open_admin(&k);
	ck_assert(!record_has_ext(&k, "zzz"));
	e = load(&k, 3);
	assert_ext(e, false);
	kst_entry_free(e);
	kit_release(&k);
}
END_TEST

START_TEST(what_was_sealed_stays_sealed_in_another_store)
{
	struct kit k, to;
	with_unknown_fields(&k, true);
	open_admin(&k);
	struct kst_entry *e = load(&k, 2);
	uint8_t id[16];
	memcpy(id, e->id, 16);
	kit_init(&to);
	to.write.store_kind = 'K';
	to.ask.new_key_file = kit_k20;
	ck_assert_int_eq(kst_model_push(&to.m, e, KST_NO_BASE), 0);
	kit_write_ok(&to);
	struct kst_bytes ext = { ext_public, 7 };
	ck_assert(!has(&to.out.bytes, &ext));
	kit_turn(&to);
	open_admin(&to);
	e = load(&to, 0);
	ck_assert_uint_eq(e->ext_public.len, 0);
	ck_assert_uint_eq(e->ext_sealed.len, 2 * EXT);
	/* and nothing links the two stores */
	ck_assert_mem_ne(e->id, id, 16);
	kst_entry_free(e);
	kit_release(&to);
	kit_release(&k);
}
END_TEST

START_TEST(an_entry_of_unknown_kind_is_listed_and_copied)
{
	struct kit k;
	struct kst1_keyring keys;
	struct kst_head head;
	struct kst_buf scratch = KST_BUF_INIT;
	kit_small(&k, 'K', false);
	kit_keys(&k, &keys);
	/* "root" becomes kind 9: in its record alone, since nobody may look into its box */
	const struct kst1_index *x = &kit_state(&k)->index;
	k.in.bytes.data[KST1_HEADER + x->record[1] + 4 + 22 + 6] = 9;
	kst1_hash(k.in.bytes.data + 96, k.in.bytes.data + KST1_HEADER,
		  (size_t)kst1_get64(k.in.bytes.data + 80));
	kit_resign(&k, &keys);
	open_admin(&k);
	ck_assert_int_eq(kst_format_kst1.head(&k.m, 1, &head, &scratch, NULL), 0);
	ck_assert_int_eq(head.kind, KST_KIND_OPAQUE);
	ck_assert_str_eq(head.label, "unknown kind 9");
	struct kst_bytes old = box(&k, 1);
	rename_to(change(&k, 2), "w");
	kit_write_ok(&k);
	ck_assert(has(&k.out.bytes, &old));
	/* and a rekey, which cannot look into it either, carries it along */
	bool dropped[16];
	kit_turn(&k);
	open_admin(&k);
	ck_assert_int_eq(kst_format_kst1.native->rekey(&k.io, &k.m, dropped, &k.err), 0);
	kit_write_ok(&k);
	kst_buf_release(&scratch);
	kst1_keyring_release(&keys);
	kit_release(&k);
}
END_TEST

Suite *test_kst1_later(void);
Suite *test_kst1_later(void)
{
	Suite *s = suite_create("kst1_later");
	TCase *t = tcase_create("later versions");
	tcase_add_loop_test(t, unknown_fields_survive_edits_of_their_own_entry_and_of_others, 0, 2);
	tcase_add_test(t, what_was_sealed_stays_sealed_in_another_store);
	tcase_add_test(t, an_entry_of_unknown_kind_is_listed_and_copied);
	suite_add_tcase(s, t);
	return s;
}
