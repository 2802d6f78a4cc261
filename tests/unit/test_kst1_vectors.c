/* SPDX-License-Identifier: ISC */
/* test_kst1_vectors.c - the worked example of formats/kst1.md, bit for bit */
#include "kst1_kit.h"

static void put_runs(uint8_t root, uint8_t store_id)
{
	kit_random_begin();
	kit_random_put(32, root);
	kit_random_put(16, store_id);
}

static void assert_sha256(const struct kst_buf *b, const char *want)
{
	uint8_t sum[32];
	crypto_hash_sha256(sum, b->data, b->len);
	kit_assert_hex(sum, 32, want);
}

/* Slots of 6.1: passphrase, key file, recipient. */
static void make_keystore(struct kit *k, bool sealed)
{
	uint8_t identity[32], recipient[32];
	struct kst_slot_add how = { .type = KST_SLOT_X25519, .role = KST_ROLE_READER };
	kit_run(identity, 32, 0x40);
	crypto_scalarmult_base(recipient, identity);
	how.recipient = recipient;

	kit_init(k);
	k->write.store_kind = 'K';
	k->write.sealed = sealed;
	k->ask.new_pass = KIT_PASS;
	k->ask.new_key_file = kit_k20;
	put_runs(0x00, 0xa0);
	kit_random_put(16, 0xb0);
	kit_random_put(16, 0xc0);
	kit_random_put(16, 0xd0);
	kit_random_put(32, 0x60);
	kit_random_put(16, 0xe0);
	kit_random_put(24, sealed ? 0x30 : 0x80);
	if (sealed)
		kit_random_put(24, 0x98);
	kit_slot(k, KST_SLOT_PASSPHRASE, KST_ROLE_ADMIN, "main");
	kit_slot(k, KST_SLOT_KEY_FILE, KST_ROLE_READER, "ci");
	ck_assert_int_eq(kst_format_kst1.native->slot_add(&k->io, &k->m, &how, NULL, &k->err), 0);
	kit_push(k, KST_KIND_KEY, "web");
	kit_write_ok(k);
	kit_random_end();
}

START_TEST(an_open_keystore_is_the_one_of_the_example)
{
	struct kit k;
	make_keystore(&k, false);
	const uint8_t *f = k.out.bytes.data;
	ck_assert_uint_eq(k.out.bytes.len, 8794);
	kit_assert_hex(f + 48, 32,
		       "deb36ed041cd0253f878905c4f73c3d4fa487998106545c3ec5a547bef27c8eb");
	kit_assert_hex(f + 256 + 64, 32,
		       "dd336a0d9d5f87fa5aded0700d933a387f29f96c0a06f35c696cb8239839df46");
	kit_assert_hex(f + 256 + 96, 48,
		       "8f5e1f192308ef7fc6c7aa6b125b8a6c75e03c781716cd5dba8fec3719156e6f314c7896"
		       "799862c0f5150b025382b48d");
	kit_assert_hex(f + 256 + 2 * 224 + 32, 32,
		       "675dd574ed7789310b3d2e7681f3790b466c773b1521fecf36577958371ea52f");
	kit_assert_hex(f + 96, 32,
		       "fb72c17e2557c889a923468edd1d737737ace21cc1f2f79521bfbcfd073705b8");
	kit_assert_hex(f + 128, 32,
		       "600bca42689971fff9ca9c676397d8bc8f256b68025fdd7d41a3eeb423e3b9c1");
	assert_sha256(&k.out.bytes,
		      "512d711284a3161d762e0ac9a4f5399b4bbbfbee2f2e3f1b2d994b6ee7121541");
	kit_release(&k);
}
END_TEST

START_TEST(a_truststore_is_the_one_of_the_example)
{
	struct kit k;
	kit_init(&k);
	k.write.store_kind = 'T';
	k.ask.new_key_file = kit_k20;
	put_runs(0x10, 0x70);
	kit_random_put(16, 0xc8);
	kit_random_put(16, 0xf0);
	k.write.slot_label = "ops";
	kit_push(&k, KST_KIND_CERT, "root");
	kit_write_ok(&k);
	kit_random_end();
	ck_assert_uint_eq(k.out.bytes.len, 8702);
	kit_assert_hex(k.out.bytes.data + 48, 32,
		       "112b7f8d1653c3abcb9c50e2c32c620caadfc9c3d4f39bc78548af88436c43fe");
	assert_sha256(&k.out.bytes,
		      "ddbb09d4585fa0b8a8931bde0418da87f1cabfb68385ae257edc7eee7c1e164f");
	kit_release(&k);
}
END_TEST

START_TEST(a_sealed_keystore_is_the_one_of_the_example)
{
	struct kit k;
	make_keystore(&k, true);
	ck_assert_uint_eq(k.out.bytes.len, 9625);
	kit_assert_hex(k.out.bytes.data + 96, 32,
		       "430eae127e3ef7bdf5fc9c3fad69954f062ed7c308d4a3b0e7f5a2213ced66b5");
	assert_sha256(&k.out.bytes,
		      "8a42d98da38f04aec827b2af5a574146a912d376c649b37af944c006fc28ddfc");
	kit_release(&k);
}
END_TEST

static void assert_web(struct kit *k, bool whole)
{
	struct kst_entry *e = NULL;
	struct kst_buf key = KST_BUF_INIT, cert = KST_BUF_INIT;
	kit_hex(&key, KIT_KEY);
	kit_hex(&cert, KIT_CERT);
	ck_assert_msg(!kst_format_kst1.load(&k->io, &k->m, 0, &e, &k->err), "%s", k->err.message);
	ck_assert_int_eq(e->kind, KST_KIND_KEY);
	ck_assert_str_eq(e->alias, "web");
	ck_assert_int_eq(e->created, KIT_TIME);
	ck_assert_uint_eq(e->chain.nr, 1);
	ck_assert_mem_eq(kst_cert_der(e->chain.cert[0]).data, cert.data, cert.len);
	ck_assert_uint_eq(e->key->pkcs8.len, whole ? key.len : 0);
	if (whole)
		ck_assert_mem_eq(e->key->pkcs8.data, key.data, key.len);
	kst_entry_free(e);
	kst_buf_release(&key);
	kst_buf_release(&cert);
}

START_TEST(an_open_keystore_reads_back_with_and_without_secret)
{
	struct kit k;
	struct kst_head head;
	struct kst_buf scratch = KST_BUF_INIT;
	make_keystore(&k, false);
	kit_turn(&k);
	ck_assert_int_eq(kit_read(&k), 0);
	ck_assert_uint_eq(k.ask.asked, 2); /* for two slots when it was made; reading asks nothing */
	ck_assert_uint_eq(k.m.nr, 1);
	ck_assert_int_eq(kst_format_kst1.head(&k.m, 0, &head, &scratch, &k.err), 0);
	ck_assert_str_eq(head.alias, "web");
	ck_assert_str_eq(head.key, "Ed25519");
	ck_assert_str_eq(head.subject, "CN=web");
	ck_assert_str_eq(head.name, "web");
	ck_assert_uint_eq(head.nr_certs, 1);
	ck_assert_uint_eq(kst_format_kst1.find(&k.m, "web"), 0);
	ck_assert_uint_eq(kst_format_kst1.find(&k.m, "we"), KST_NO_BASE);
	assert_web(&k, false);
	k.ask.key_file = kit_k20;
	ck_assert_int_eq(kst_format_kst1.unlock(&k.io, &k.m, KST_NEED_READ, &k.err), 0);
	assert_web(&k, true);
	kst_buf_release(&scratch);
	kit_release(&k);
}
END_TEST

START_TEST(a_sealed_keystore_opens_by_passphrase_key_file_and_identity)
{
	struct kit k;
	make_keystore(&k, true);
	kit_turn(&k);
	k.ask.key_file = kit_k20;
	ck_assert_msg(!kit_read(&k), "%s", k.err.message);
	ck_assert_int_eq(kst_format_kst1.native->opened_slot(&k.m), 1);
	assert_web(&k, true);
	k.ask.key_file = NULL;
	k.ask.pass = KIT_PASS;
	ck_assert_msg(!kit_read(&k), "%s", k.err.message);
	ck_assert_int_eq(kst_format_kst1.native->opened_slot(&k.m), 0);
	assert_web(&k, true);
	kit_release(&k);
}
END_TEST

START_TEST(the_keys_of_the_example_follow_from_its_root)
{
	struct kst1_keyring k = { .can_read = false };
	uint8_t root[32];
	kit_run(root, 32, 0);
	ck_assert_int_eq(kst1_keyring_root(&k, root, NULL), 0);
	const struct kst1_keys *keys = kst1_keys_of(&k);
	kit_assert_hex(keys->read, 32,
		       "41f570a2a8bac803174de4a1dddd468d4b7a51a03e2e7103f872d5a0afe58c26");
	kit_assert_hex(keys->seed, 32,
		       "8cdf6c81668fbcdfc34a2a7ee1119aaef6f4d07d2382825964521d57586603f6");
	kit_assert_hex(keys->index, 32,
		       "a2bfc11e11d038de7a44090758550d0d11ab1d8aabc91bcf33569d3ac9826633");
	kit_assert_hex(keys->entry, 32,
		       "8681ac3987efd68554068341f5dacd10db70774791c1fae049fa008012e544db");
	kst1_keyring_release(&k);
}
END_TEST

/* ---- texts ---- */

#define KEY_LINE "kstool-key-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8g8Bws"
#define SHEET "40GJ4-8S44M-K2EA1-958NJ-RB9E5-WR32C-HK6GT-KCDSR-74X3P-F1X7R-ZJ1W0-W5G"

START_TEST(texts_of_keys_are_those_of_the_example)
{
	struct kst_secret key = KST_SECRET_INIT;
	struct kst_buf b = KST_BUF_INIT;
	uint8_t raw[32], recipient[32];
	ck_assert_int_eq(kst_secret_set(&key, kit_k20, 32, NULL), 0);
	kst_key_file_text(&key, &b);
	ck_assert_str_eq((const char *)b.data, KEY_LINE "\n");
	kst_buf_reset(&b);
	kst_recovery_sheet_text(&key, &b);
	ck_assert_str_eq((const char *)b.data, SHEET "\n");
	kst_buf_reset(&b);
	kit_run(raw, 32, 0x40);
	kst1_text_put(&b, KST1_IDENTITY_PREFIX, raw);
	ck_assert_str_eq((const char *)b.data,
			 "kstool-identity-1:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9iCTzZ");
	kst_buf_reset(&b);
	crypto_scalarmult_base(recipient, raw);
	kst1_text_put(&b, KST1_RECIPIENT_PREFIX, recipient);
	ck_assert_str_eq((const char *)b.data,
			 "kstool-recipient-1:eaYx7t4b-cmPEgMs3q3Q56B5OY_HhriMyEbsia-FpRp9ElvO");
	kst_buf_release(&b);
	kst_secret_release(&key);
}
END_TEST

static const char *const good_keys[] = {
	KEY_LINE,
	KEY_LINE "\n",
	KEY_LINE "\r\n",
	SHEET,
	SHEET "\n",
	"40gj4 8s44m k2ea1 958nj rb9e5 wr32c hk6gt kcdsr 74x3p f1x7r zj1w0 w5g",
	"4OGJ48S44MK2EAI958NJRB9E5WR32CHK6GTKCDSR74X3PFLX7RZJ1WOW5G",
};

START_TEST(a_key_is_read_from_its_line_and_from_its_sheet)
{
	struct kst_secret key = KST_SECRET_INIT;
	const char *s = good_keys[_i];
	ck_assert_int_eq(kst_key_file_parse(&key, s, strlen(s), NULL), 0);
	ck_assert_uint_eq(key.len, 32);
	ck_assert_mem_eq(key.data, kit_k20, 32);
	kst_secret_release(&key);
}
END_TEST

static const char *const bad_keys[] = {
	"",
	"\n",
	KEY_LINE "\n\n",
	KEY_LINE " ",
	" " KEY_LINE,
	KEY_LINE "=",
	"kstool-key-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8g8Bwt", /* check */
	"kstool-key-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8g8Bw",
	"kstool-key-2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8g8Bws",
	"kstool-identity-1:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9iCTzZ",
	"40GJ4-8S44M-K2EA1-958NJ-RB9E5-WR32C-HK6GT-KCDSR-74X3P-F1X7R-ZJ1W0-W5H", /* unused bits */
	"40GJ4-8S44M-K2EA1-958NJ-RB9E5-WR32C-HK6GT-KCDSR-74X3P-F1X7R-ZJ1W0-W5",
	"40GJ4-8S44M-K2EA1-958NJ-RB9E5-WR32C-HK6GT-KCDSR-74X3P-F1X7R-ZJ1W0-W5GG",
	"50GJ4-8S44M-K2EA1-958NJ-RB9E5-WR32C-HK6GT-KCDSR-74X3P-F1X7R-ZJ1W0-W5G", /* check */
	"4UGJ4-8S44M-K2EA1-958NJ-RB9E5-WR32C-HK6GT-KCDSR-74X3P-F1X7R-ZJ1W0-W5G", /* no digit */
};

START_TEST(a_broken_key_file_is_refused)
{
	struct kst_secret key = KST_SECRET_INIT;
	struct kst_error err = KST_ERROR_INIT;
	const char *s = bad_keys[_i];
	ck_assert_int_eq(kst_key_file_parse(&key, s, strlen(s), &err), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_KEY_FILE);
	ck_assert_uint_eq(key.len, 0);
}
END_TEST

START_TEST(a_signer_has_one_spelling)
{
	uint8_t pk[32];
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(
		kst_signer_parse("ed25519:3rNu0EHNAlP4eJBcT3PD1PpIeZgQZUXD7FpUe-8nyOs", pk, &err),
		0);
	kit_assert_hex(pk, 32, "deb36ed041cd0253f878905c4f73c3d4fa487998106545c3ec5a547bef27c8eb");
	/* the last digit carries two bits that must be zero */
	ck_assert_int_eq(
		kst_signer_parse("ed25519:3rNu0EHNAlP4eJBcT3PD1PpIeZgQZUXD7FpUe-8nyOt", pk, &err),
		-1);
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	ck_assert_int_eq(
		kst_signer_parse("ed25519:3rNu0EHNAlP4eJBcT3PD1PpIeZgQZUXD7FpUe-8nyO", pk, NULL),
		-1);
	ck_assert_int_eq(
		kst_signer_parse("3rNu0EHNAlP4eJBcT3PD1PpIeZgQZUXD7FpUe-8nyOs", pk, NULL), -1);
}
END_TEST

Suite *test_kst1_vectors(void);
Suite *test_kst1_vectors(void)
{
	Suite *s = suite_create("kst1_vectors");
	TCase *t = tcase_create("example");
	tcase_add_test(t, an_open_keystore_is_the_one_of_the_example);
	tcase_add_test(t, a_truststore_is_the_one_of_the_example);
	tcase_add_test(t, a_sealed_keystore_is_the_one_of_the_example);
	tcase_add_test(t, an_open_keystore_reads_back_with_and_without_secret);
	tcase_add_test(t, a_sealed_keystore_opens_by_passphrase_key_file_and_identity);
	tcase_add_test(t, the_keys_of_the_example_follow_from_its_root);
	suite_add_tcase(s, t);
	t = tcase_create("texts");
	tcase_add_test(t, texts_of_keys_are_those_of_the_example);
	tcase_add_loop_test(t, a_key_is_read_from_its_line_and_from_its_sheet, 0,
			    sizeof(good_keys) / sizeof(*good_keys));
	tcase_add_loop_test(t, a_broken_key_file_is_refused, 0,
			    sizeof(bad_keys) / sizeof(*bad_keys));
	tcase_add_test(t, a_signer_has_one_spelling);
	suite_add_tcase(s, t);
	return s;
}
