/* SPDX-License-Identifier: ISC */
/* test_kst1_slots.c - who opens a native store, who does not, and what pins say */
#include <unistd.h>

#include "kst1_kit.h"

static const uint8_t other_key[32] = "another key file of thirty-two b";

static int unlock(struct kit *k, enum kst_need need)
{
	kst_error_clear(&k->err);
	return kst_format_kst1.unlock(&k->io, &k->m, need, &k->err);
}

static int opened(struct kit *k)
{
	return kst_format_kst1.native->opened_slot(&k->m);
}

/* Read, and open with one secret. */
static int open_with(struct kit *k, const char *pass, const uint8_t *key, enum kst_need need)
{
	k->ask.pass = pass;
	k->ask.key_file = key;
	if (kit_read(k) < 0)
		return -1;
	return unlock(k, need);
}

static void add(struct kit *k, enum kst_slot_type type, enum kst_slot_role role, const char *label,
		const char *pass, const uint8_t *key)
{
	k->ask.new_pass = pass;
	k->ask.new_key_file = key;
	kit_slot(k, type, role, label);
}

START_TEST(each_slot_opens_with_its_own_secret_only)
{
	struct kit k;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	add(&k, KST_SLOT_PASSPHRASE, KST_ROLE_ADMIN, "pass", "one", NULL);
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_READER, "ci", NULL, other_key);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_int_eq(open_with(&k, "one", NULL, KST_NEED_ADMIN), 0);
	ck_assert_int_eq(opened(&k), 1);
	ck_assert_int_eq(open_with(&k, NULL, other_key, KST_NEED_READ), 0);
	ck_assert_int_eq(opened(&k), 2);
	ck_assert_int_eq(open_with(&k, "two", NULL, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_WRONG_PASSPHRASE);
	ck_assert_int_eq(open_with(&k, "one", (const uint8_t *)KIT_TEXT_32, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_WRONG_KEY_FILE);
	ck_assert_int_eq(open_with(&k, NULL, NULL, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_PASSPHRASE_NEEDED);
	ck_assert_int_eq(opened(&k), -1);
	kit_release(&k);
}
END_TEST

START_TEST(a_reader_reads_and_is_told_when_that_is_not_enough)
{
	struct kit k;
	struct kst_entry *e = NULL;
	kit_small(&k, 'K', true);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_READER, "ci", NULL, other_key);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_int_eq(open_with(&k, NULL, other_key, KST_NEED_READ), 0);
	ck_assert_int_eq(kst_format_kst1.load(&k.io, &k.m, 2, &e, &k.err), 0);
	ck_assert_uint_gt(e->key->pkcs8.len, 0);
	kst_entry_free(e);
	ck_assert_int_eq(unlock(&k, KST_NEED_ADMIN), -1);
	kit_assert_error(&k, KST_E_READER_SECRET);
	kit_release(&k);
}
END_TEST

START_TEST(a_readers_key_file_does_not_stand_in_the_way_of_an_admins_passphrase)
{
	struct kit k;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_READER, NULL, NULL, other_key);
	add(&k, KST_SLOT_PASSPHRASE, KST_ROLE_ADMIN, NULL, "boss", NULL);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_int_eq(open_with(&k, "boss", other_key, KST_NEED_ADMIN), 0);
	ck_assert_int_eq(opened(&k), 2);
	ck_assert_int_eq(open_with(&k, NULL, other_key, KST_NEED_ADMIN), -1);
	kit_assert_error(&k, KST_E_READER_SECRET);
	ck_assert_int_eq(open_with(&k, "wrong", other_key, KST_NEED_ADMIN), -1);
	kit_assert_error(&k, KST_E_WRONG_PASSPHRASE);
	kit_release(&k);
}
END_TEST

START_TEST(a_secret_of_a_reader_slot_opens_a_later_admin_slot_too)
{
	struct kit k;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_READER, NULL, NULL, other_key);
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_ADMIN, NULL, NULL, other_key);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_int_eq(open_with(&k, NULL, other_key, KST_NEED_READ), 0);
	ck_assert_int_eq(opened(&k), 1);
	ck_assert_int_eq(unlock(&k, KST_NEED_ADMIN), 0);
	ck_assert_int_eq(opened(&k), 2);
	kit_release(&k);
}
END_TEST

START_TEST(an_identity_opens_where_the_signer_is_pinned)
{
	struct kit k;
	uint8_t raw[32], recipient[32];
	struct kst_secret identity = KST_SECRET_INIT;
	struct kst_slot_add how = { .type = KST_SLOT_X25519, .role = KST_ROLE_ADMIN };
	kit_run(raw, 32, 0x40);
	crypto_scalarmult_base(recipient, raw);
	how.recipient = recipient;
	ck_assert_int_eq(kst_secret_set(&identity, raw, 32, NULL), 0);
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	ck_assert_int_eq(kst_format_kst1.native->slot_add(&k.io, &k.m, &how, NULL, &k.err), 0);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_int_eq(kit_read(&k), 0);
	ck_assert_int_eq(kst1_unlock_identity(&k.io, &k.m, &identity, KST_NEED_ADMIN, &k.err), -1);
	kit_assert_error(&k, KST_E_PIN);
	const char *signer[] = { k.m.info.signer, NULL };
	char copy[64];
	memcpy(copy, k.m.info.signer, sizeof(copy));
	signer[0] = copy;
	k.read.signer = signer;
	ck_assert_msg(!kit_read(&k), "%s", k.err.message);
	ck_assert_int_eq(kst1_unlock_identity(&k.io, &k.m, &identity, KST_NEED_ADMIN, &k.err), 0);
	ck_assert_int_eq(opened(&k), 1);
	identity.data[0] ^= 8;
	ck_assert_int_eq(kit_read(&k), 0);
	ck_assert_int_eq(kst1_unlock_identity(&k.io, &k.m, &identity, KST_NEED_READ, &k.err), -1);
	kit_assert_error(&k, KST_E_WRONG_KEY_FILE);
	kst_secret_release(&identity);
	kit_release(&k);
}
END_TEST

static const char *const bad_recipients[] = {
	/* zero, small order, p + 9, 2^255 - 1 less the top bit, top bit set */
	"0000000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"79a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a59a",
};

START_TEST(a_recipient_that_is_no_key_is_refused)
{
	struct kit k;
	struct kst_buf raw = KST_BUF_INIT;
	struct kst_slot_add how = { .type = KST_SLOT_X25519, .role = KST_ROLE_READER };
	kit_hex(&raw, bad_recipients[_i]);
	how.recipient = raw.data;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	ck_assert_int_eq(kst_format_kst1.native->slot_add(&k.io, &k.m, &how, NULL, &k.err), -1);
	kit_assert_error(&k, KST_E_BAD_VALUE);
	kst_buf_release(&raw);
	kit_release(&k);
}
END_TEST

START_TEST(slots_keep_their_places)
{
	struct kit k;
	struct kst_slot_info info[16];
	unsigned n = 99;
	struct kst_slot_add how = { .type = KST_SLOT_KEY_FILE,
				    .role = KST_ROLE_ADMIN,
				    .label = "new" };
	const struct kst_native_ops *ops = kst_format_kst1.native;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	for (int i = 1; i < 4; i++)
		add(&k, KST_SLOT_KEY_FILE, KST_ROLE_ADMIN, NULL, NULL, other_key);
	ck_assert(ops->changed(&k.m));
	ck_assert_int_eq(ops->slot_remove(&k.m, 2, &k.err), 0);
	ck_assert_uint_eq(ops->slots(&k.m, info), 3);
	ck_assert_uint_eq(info[2].number, 3);
	ck_assert_int_eq(ops->slot_add(&k.io, &k.m, &how, &n, &k.err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(ops->slot_remove(&k.m, 9, &k.err), -1);
	kit_assert_error(&k, KST_E_NO_SLOT);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(ops->slot_remove(&k.m, i, NULL), 0);
	kst_error_clear(&k.err);
	ck_assert_int_eq(ops->slot_remove(&k.m, 3, &k.err), -1);
	kit_assert_error(&k, KST_E_LAST_ADMIN);
	kit_release(&k);
}
END_TEST

START_TEST(slots_run_out_and_so_do_passphrases)
{
	struct kit k;
	struct kst_slot_add how = { .type = KST_SLOT_KEY_FILE, .role = KST_ROLE_ADMIN };
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	struct kst1_state *st = kit_state(&k);
	/* passphrase slots cost time: eight are painted, not made */
	for (int i = 1; i < 9; i++) {
		st->slot[i][0] = KST_SLOT_PASSPHRASE;
		st->slot[i][1] = KST_ROLE_ADMIN;
		kst1_put32(st->slot[i] + 4, 2);
		kst1_put32(st->slot[i] + 8, 19456);
	}
	how.type = KST_SLOT_PASSPHRASE;
	k.ask.new_pass = "nine";
	ck_assert_int_eq(
		kst_format_kst1.native->slot_add(&k.io, &k.m, &how, NULL, &k.err), -1);
	kit_assert_error(&k, KST_E_LIMIT);
	for (int i = 9; i < 16; i++)
		add(&k, KST_SLOT_KEY_FILE, KST_ROLE_ADMIN, NULL, NULL, other_key);
	how.type = KST_SLOT_KEY_FILE;
	kst_error_clear(&k.err);
	ck_assert_int_eq(
		kst_format_kst1.native->slot_add(&k.io, &k.m, &how, NULL, &k.err), -1);
	kit_assert_error(&k, KST_E_LIMIT);
	kit_release(&k);
}
END_TEST

static const struct {
	const char *label;
	bool ok;
} labels[] = { { "ops", true },	  { "a b", true },   { "1a", true },
	       { "\xc3\xa4", true }, { "", false },  { "12", false },
	       { " a", false },	  { "a\n", false },  { "taken", false },
	       { "0123456789012345678901234567890123456789012345678901234567890abc", true },
	       { "0123456789012345678901234567890123456789012345678901234567890abcd", false } };

START_TEST(a_label_is_short_unique_and_no_number)
{
	struct kit k;
	struct kst_slot_add how = { .type = KST_SLOT_KEY_FILE,
				    .role = KST_ROLE_ADMIN,
				    .label = labels[_i].label };
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_ADMIN, "taken", NULL, other_key);
	int r = kst_format_kst1.native->slot_add(&k.io, &k.m, &how, NULL, &k.err);
	ck_assert_int_eq(r, labels[_i].ok ? 0 : -1);
	if (r)
		kit_assert_error(&k, KST_E_BAD_VALUE);
	else
		kit_write_ok(&k);
	kit_release(&k);
}
END_TEST

START_TEST(a_new_passphrase_leaves_index_and_boxes_as_they_are)
{
	struct kit k;
	struct kst_buf before = KST_BUF_INIT;
	struct kst_slot_info info[16];
	kit_small(&k, 'K', true);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	add(&k, KST_SLOT_PASSPHRASE, KST_ROLE_READER, "people", "old one", NULL);
	kit_write_ok(&k);
	kit_turn(&k);
	kst_buf_put(&before, k.in.bytes.data, k.in.bytes.len);
	/* by somebody who has lost the passphrase: the only one is meant */
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	k.ask.new_pass = "new one";
	ck_assert_int_eq(kst_format_kst1.native->passwd(&k.io, &k.m, -1, &k.err), 0);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_uint_eq(k.in.bytes.len, before.len);
	/* a sealed index is copied too: it is not made anew where nothing in it changed */
	ck_assert_mem_eq(k.in.bytes.data + KST1_HEADER, before.data + KST1_HEADER,
			 before.len - 2 * KST1_HEADER);
	ck_assert_mem_eq(k.in.bytes.data + 256, before.data + 256, 224);
	ck_assert_mem_ne(k.in.bytes.data + 256 + 224 + 16, before.data + 256 + 224 + 16, 16);
	ck_assert_int_eq(open_with(&k, "new one", NULL, KST_NEED_READ), 0);
	ck_assert_uint_eq(kst_format_kst1.native->slots(&k.m, info), 2);
	ck_assert_uint_eq(info[1].number, 1);
	ck_assert_uint_eq(info[1].role, KST_ROLE_READER);
	ck_assert_str_eq(info[1].label, "people");
	ck_assert_uint_eq(info[1].passes, 2);
	ck_assert_uint_eq(info[1].kib, 19456);
	ck_assert_uint_eq(k.m.info.generation, 3);
	ck_assert_int_eq(open_with(&k, "old one", NULL, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_WRONG_PASSPHRASE);
	kst_buf_release(&before);
	kit_release(&k);
}
END_TEST

START_TEST(an_empty_passphrase_is_never_set_and_never_tried)
{
	struct kit k;
	struct kst_slot_add how = { .type = KST_SLOT_PASSPHRASE, .role = KST_ROLE_ADMIN };
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	k.ask.new_pass = "";
	ck_assert_int_eq(
		kst_format_kst1.native->slot_add(&k.io, &k.m, &how, NULL, &k.err), -1);
	kit_assert_error(&k, KST_E_EMPTY_PASSPHRASE);
	kit_release(&k);
	kit_init(&k);
	k.write.no_pass = true;
	ck_assert_int_eq(kst_format_kst1.write(&k.io, &k.m, &k.err), -1);
	kit_assert_error(&k, KST_E_EMPTY_PASSPHRASE);
	kit_release(&k);
}
END_TEST

START_TEST(a_new_store_without_secret_is_refused)
{
	struct kit k;
	kit_init(&k);
	ck_assert_int_eq(kst_format_kst1.write(&k.io, &k.m, &k.err), -1);
	kit_assert_error(&k, KST_E_PASSPHRASE_NEEDED);
	ck_assert_uint_eq(k.out.bytes.len, 0);
	kit_release(&k);
}
END_TEST

START_TEST(one_keyboard_makes_one_passphrase)
{
	struct kit k;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	/* composed, with a no-break space */
	add(&k, KST_SLOT_PASSPHRASE, KST_ROLE_ADMIN, NULL, "sch\xc3\xb6n\xc2\xa0und gut", NULL);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_msg(!open_with(&k, "scho\xcc\x88n und gut", NULL, KST_NEED_ADMIN), "%s",
		      k.err.message);
	kit_release(&k);
}
END_TEST

/* ---- slots that were tampered with ---- */

START_TEST(a_slot_that_commits_but_does_not_open_stops_everything)
{
	struct kit k;
	struct kst1_keyring keys;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_ADMIN, NULL, NULL, kit_k20);
	kit_write_ok(&k);
	kit_turn(&k);
	kit_keys(&k, &keys);
	k.in.bytes.data[256 + 96] ^= 1; /* wrapped */
	kit_resign(&k, &keys);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_RE_SIGNED);
	/* with another commitment it is a slot of somebody else, and the next one is tried */
	k.in.bytes.data[256 + 64] ^= 1;
	kit_resign(&k, &keys);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_READ), 0);
	ck_assert_int_eq(opened(&k), 1);
	kst1_keyring_release(&keys);
	kit_release(&k);
}
END_TEST

START_TEST(a_store_signed_by_somebody_else_is_not_opened)
{
	struct kit k;
	struct kst1_keyring mallory = { .can_read = false };
	kit_small(&k, 'K', false);
	ck_assert_int_eq(kst1_keyring_new(&mallory, NULL), 0);
	memcpy(k.in.bytes.data + 48, mallory.sign_pk, 32);
	kit_resign(&k, &mallory);
	/* without secret and pin it opens, as it must */
	ck_assert_int_eq(kit_read(&k), 0);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_RE_SIGNED);
	kst1_keyring_release(&mallory);
	kit_release(&k);
}
END_TEST

START_TEST(a_slot_of_another_store_does_not_open_this_one)
{
	struct kit k, other;
	struct kst1_keyring keys;
	kit_small(&k, 'K', false);
	kit_small(&other, 'K', false);
	kit_keys(&k, &keys);
	memcpy(k.in.bytes.data + 256, other.in.bytes.data + 256, 224);
	kit_resign(&k, &keys);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_RE_SIGNED);
	kst1_keyring_release(&keys);
	kit_release(&k);
	kit_release(&other);
}
END_TEST

START_TEST(an_admin_slot_with_another_root_is_refused)
{
	struct kit k;
	struct kst1_keyring keys, wrong = { .can_read = false };
	struct kst1_header h;
	struct kst1_secret secret = { .type = KST_SLOT_EMPTY };
	struct kst_slot_add how = { .type = KST_SLOT_KEY_FILE, .role = KST_ROLE_ADMIN };
	kit_small(&k, 'K', false);
	kit_keys(&k, &keys);
	h = kit_state(&k)->h;
	ck_assert_int_eq(kst1_keyring_new(&wrong, NULL), 0);
	ck_assert_int_eq(kst1_secret_set(&secret, KST_SLOT_KEY_FILE, kit_k20, 32, NULL), 0);
	ck_assert_int_eq(kst1_slot_make(&h, 0, &how, &secret, &wrong, NULL, NULL), 0);
	memcpy(k.in.bytes.data + 256, h.slot[0], 224);
	kit_resign(&k, &keys);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_RE_SIGNED);
	kst1_secret_release(&secret);
	kst1_keyring_release(&keys);
	kst1_keyring_release(&wrong);
	kit_release(&k);
}
END_TEST

START_TEST(a_share_of_small_order_opens_nothing)
{
	struct kit k;
	struct kst1_keyring keys;
	struct kst1_secret secret = { .type = KST_SLOT_EMPTY };
	struct kst_secret payload = KST_SECRET_INIT;
	struct kst1_header h;
	uint8_t identity[32];
	kit_small(&k, 'K', false);
	kit_keys(&k, &keys);
	h = kit_state(&k)->h;
	memset(h.slot[1], 0, 224);
	h.slot[1][0] = KST_SLOT_X25519;
	h.slot[1][1] = KST_ROLE_READER;
	kit_run(identity, 32, 1);
	ck_assert_int_eq(kst1_secret_set(&secret, KST_SLOT_X25519, identity, 32, NULL), 0);
	ck_assert_int_eq(kst1_slot_open(&h, 1, &secret, &payload, &k.err), 1);
	kst1_secret_release(&secret);
	kst_secret_release(&payload);
	kst1_keyring_release(&keys);
	kit_release(&k);
}
END_TEST

START_TEST(unknown_slots_are_skipped_and_kept)
{
	struct kit k;
	struct kst1_keyring keys;
	uint8_t slot[224];
	struct kst_slot_info info[16];
	kit_small(&k, 'K', false);
	kit_keys(&k, &keys);
	kit_run(slot, 224, 200);
	memcpy(k.in.bytes.data + 256 + 5 * 224, slot, 224);
	kit_resign(&k, &keys);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	ck_assert_uint_eq(kst_format_kst1.native->slots(&k.m, info), 2);
	ck_assert_uint_eq(info[1].type, 200);
	ck_assert_uint_eq(info[1].role, 0);
	kit_push(&k, KST_KIND_CERT, "more");
	kit_write_ok(&k);
	ck_assert_mem_eq(k.out.bytes.data + 256 + 5 * 224, slot, 224);
	kst1_keyring_release(&keys);
	kit_release(&k);
}
END_TEST

/* ---- what a passphrase may cost ---- */

static void paint_costs(struct kit *k, unsigned slot, uint32_t t, uint32_t m)
{
	uint8_t *s = k->in.bytes.data + 256 + slot * 224;
	memset(s, 0, 224);
	s[0] = KST_SLOT_PASSPHRASE;
	s[1] = KST_ROLE_ADMIN;
	kst1_put32(s + 4, t);
	kst1_put32(s + 8, m);
}

static const struct {
	uint32_t t, m; /* of slot 1 */
	uint32_t t2, m2; /* of slot 2 */
	bool ok;
} costs[] = {
	/* with 32 MiB for each the budget of all is 512 MiB times passes */
	{ 2, 32768, 0, 0, true },
	{ 2, 32769, 0, 0, false },
	{ 17, 19456, 0, 0, true },
	{ 64, 19456, 0, 0, false },
	{ 65, 19456, 0, 0, false },
	{ 15, 32768, 0, 0, true },
	{ 14, 32768, 2, 32768, true },
	{ 14, 32768, 3, 32768, false },
	{ 13, 32768, 4, 24576, true },
	{ 13, 32768, 5, 19661, false }, /* by one */
	{ UINT32_MAX, UINT32_MAX, 0, 0, false },
};

START_TEST(a_store_that_asks_for_too_much_is_refused_before_it_gets_it)
{
	struct kit k;
	struct kst1_keyring keys;
	kit_small(&k, 'K', false);
	kit_keys(&k, &keys);
	paint_costs(&k, 1, costs[_i].t, costs[_i].m);
	if (costs[_i].t2)
		paint_costs(&k, 2, costs[_i].t2, costs[_i].m2);
	kit_resign(&k, &keys);
	k.limits.kdf_mem = UINT64_C(32) << 20;
	/* the header is asked rather than a passphrase, which would cost all that time */
	ck_assert_int_eq(kit_read(&k), 0);
	int r = kst1_kdf_caps(&kit_state(&k)->h, &k.limits, &k.err);
	ck_assert_int_eq(r, costs[_i].ok ? 0 : -1);
	if (r) {
		kit_assert_error(&k, KST_E_LIMIT);
		ck_assert_int_eq(open_with(&k, "x", NULL, KST_NEED_READ), -1);
		kit_assert_error(&k, KST_E_LIMIT);
	}
	/* a key file costs nothing, so it opens */
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	kst1_keyring_release(&keys);
	kit_release(&k);
}
END_TEST

START_TEST(a_writer_does_not_make_a_slot_out_of_bounds)
{
	static const struct {
		uint32_t t, m;
		enum kst_code code;
	} bad[] = { { 1, 19456, KST_E_BAD_VALUE },
		    { 2, 19455, KST_E_BAD_VALUE },
		    { 65, 19456, KST_E_LIMIT },
		    { 2, 1048577, KST_E_LIMIT } };
	struct kit k;
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	k.ask.new_pass = "x";
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct kst_slot_add how = { .type = KST_SLOT_PASSPHRASE,
					    .role = KST_ROLE_ADMIN,
					    .passes = bad[i].t,
					    .kib = bad[i].m };
		kst_error_clear(&k.err);
		ck_assert_int_eq(
			kst_format_kst1.native->slot_add(&k.io, &k.m, &how, NULL, &k.err), -1);
		kit_assert_error(&k, bad[i].code);
	}
	ck_assert(!kst_format_kst1.native->changed(&k.m));
	kit_release(&k);
}
END_TEST

/* ---- rekey ---- */

static bool holds(const struct kst_buf *file, const uint8_t *piece, size_t n)
{
	return memmem(file->data, file->len, piece, n) != NULL;
}

static const uint8_t *nonce_of(const struct kit *k, const struct kst1_index *x, size_t i)
{
	const uint8_t *box = k->in.bytes.data + x->box[i];
	return kst1_get32(box + 4) ? box + KST1_BOX_HEAD + kst1_get32(box) : NULL;
}

START_TEST(after_a_rekey_nothing_old_is_left)
{
	struct kit k;
	struct kst_buf before = KST_BUF_INIT;
	bool dropped[16];
	struct kst1_index x;
	uint8_t sealed_at[3][24], nonce[2][24];
	bool sealed = _i;
	kit_small(&k, 'K', sealed);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_READER, "gone", NULL, other_key);
	add(&k, KST_SLOT_PASSPHRASE, KST_ROLE_READER, "people", "stays", NULL);
	kit_write_ok(&k);
	kit_turn(&k);
	kst_buf_put(&before, k.in.bytes.data, k.in.bytes.len);
	ck_assert_int_eq(open_with(&k, "stays", kit_k20, KST_NEED_ADMIN), 0);
	x = kit_state(&k)->index;
	for (size_t i = 0; i < 3; i++) {
		/* 24 bytes from the end of the box: tag and ciphertext of what is sealed */
		memcpy(sealed_at[i], before.data + x.box[i + 1] - 24, 24);
	}
	memcpy(nonce[0], nonce_of(&k, &x, 0), 24);
	memcpy(nonce[1], nonce_of(&k, &x, 2), 24);
	ck_assert_msg(!kst_format_kst1.native->rekey(&k.io, &k.m, dropped, &k.err), "%s",
		      k.err.message);
	for (int i = 0; i < 16; i++)
		ck_assert(dropped[i] == (i == 1));
	kit_write_ok(&k);
	kit_turn(&k);
	for (int i = 0; i < 3; i++) {
		ck_assert(!holds(&k.in.bytes, before.data + 256 + i * 224 + 16, 16)); /* salt */
		ck_assert(!holds(&k.in.bytes, before.data + 256 + i * 224 + 96, 48));
	}
	ck_assert(!holds(&k.in.bytes, before.data + 48, 32)); /* signer */
	ck_assert(!holds(&k.in.bytes, sealed_at[0], 24));
	/* a trusted certificate has nothing sealed in an open store: it is copied */
	ck_assert(holds(&k.in.bytes, sealed_at[1], 24) == !sealed);
	ck_assert(!holds(&k.in.bytes, sealed_at[2], 24));
	ck_assert_mem_eq(k.in.bytes.data + 16, before.data + 16, 16); /* store_id stays */
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	ck_assert_uint_eq(k.m.info.generation, 1);
	x = kit_state(&k)->index;
	ck_assert(!holds(&k.in.bytes, nonce[0], 24) && !holds(&k.in.bytes, nonce[1], 24));
	ck_assert_mem_ne(nonce_of(&k, &x, 0), nonce_of(&k, &x, 2), 24);
	for (size_t i = 0; i < k.m.nr; i++) {
		struct kst_entry *e = NULL;
		ck_assert_msg(!kst_format_kst1.load(&k.io, &k.m, i, &e, &k.err), "%s",
			      k.err.message);
		kst_entry_free(e);
	}
	ck_assert_int_eq(open_with(&k, "stays", NULL, KST_NEED_READ), 0);
	ck_assert_int_eq(open_with(&k, NULL, other_key, KST_NEED_READ), -1);
	kit_assert_error(&k, KST_E_WRONG_KEY_FILE);
	kst_buf_release(&before);
	kit_release(&k);
}
END_TEST

START_TEST(a_rekey_that_would_lock_everybody_out_is_refused)
{
	struct kit k;
	bool dropped[16];
	kit_small(&k, 'K', false);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	/* who opened it has just been removed; the one that is left has a secret nobody gives */
	add(&k, KST_SLOT_KEY_FILE, KST_ROLE_ADMIN, NULL, NULL, other_key);
	kit_write_ok(&k);
	kit_turn(&k);
	ck_assert_int_eq(open_with(&k, NULL, kit_k20, KST_NEED_ADMIN), 0);
	ck_assert_int_eq(kst_format_kst1.native->slot_remove(&k.m, 0, &k.err), 0);
	ck_assert_int_eq(kst_format_kst1.native->rekey(&k.io, &k.m, dropped, &k.err), -1);
	kit_assert_error(&k, KST_E_LAST_ADMIN);
	kit_release(&k);
}
END_TEST

/* ---- pins ---- */

Suite *test_kst1_slots(void);
Suite *test_kst1_slots(void)
{
	Suite *s = suite_create("kst1_slots");
	TCase *t = tcase_create("slots");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_slot_opens_with_its_own_secret_only);
	tcase_add_test(t, a_reader_reads_and_is_told_when_that_is_not_enough);
	tcase_add_test(t, a_readers_key_file_does_not_stand_in_the_way_of_an_admins_passphrase);
	tcase_add_test(t, a_secret_of_a_reader_slot_opens_a_later_admin_slot_too);
	tcase_add_test(t, an_identity_opens_where_the_signer_is_pinned);
	tcase_add_loop_test(t, a_recipient_that_is_no_key_is_refused, 0,
			    sizeof(bad_recipients) / sizeof(*bad_recipients));
	tcase_add_test(t, slots_keep_their_places);
	tcase_add_test(t, slots_run_out_and_so_do_passphrases);
	tcase_add_loop_test(t, a_label_is_short_unique_and_no_number, 0,
			    sizeof(labels) / sizeof(*labels));
	tcase_add_test(t, a_new_passphrase_leaves_index_and_boxes_as_they_are);
	tcase_add_test(t, an_empty_passphrase_is_never_set_and_never_tried);
	tcase_add_test(t, a_new_store_without_secret_is_refused);
	tcase_add_test(t, one_keyboard_makes_one_passphrase);
	suite_add_tcase(s, t);
	t = tcase_create("tampered");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_slot_that_commits_but_does_not_open_stops_everything);
	tcase_add_test(t, a_store_signed_by_somebody_else_is_not_opened);
	tcase_add_test(t, a_slot_of_another_store_does_not_open_this_one);
	tcase_add_test(t, an_admin_slot_with_another_root_is_refused);
	tcase_add_test(t, a_share_of_small_order_opens_nothing);
	tcase_add_test(t, unknown_slots_are_skipped_and_kept);
	tcase_add_loop_test(t, a_store_that_asks_for_too_much_is_refused_before_it_gets_it, 0,
			    sizeof(costs) / sizeof(*costs));
	tcase_add_test(t, a_writer_does_not_make_a_slot_out_of_bounds);
	suite_add_tcase(s, t);
	t = tcase_create("rekey");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, after_a_rekey_nothing_old_is_left, 0, 2);
	tcase_add_test(t, a_rekey_that_would_lock_everybody_out_is_refused);
	suite_add_tcase(s, t);
	return s;
}
