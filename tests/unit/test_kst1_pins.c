/* SPDX-License-Identifier: ISC */
/* test_kst1_pins.c - whom a store must be signed by: every row of formats/kst1.md 3.6, and the lists */
#include <unistd.h>
#include "kst1_kit.h"


struct pin_row {
	bool signer, other_signer; /* --signer */
	int list;                  /* bits: lines below */
	bool require;
	enum kst_code code;
	bool pinned;
};
enum {
	STORE_KEY = 1,      /* this store, this key */
	STORE_OTHER = 2,    /* this store, another key */
	KEY_ONLY = 4,       /* this key */
	OTHER_STORE = 8,    /* another store, this key */
	OLD_GENERATION = 16, /* this store and key, min-generation 1 */
	NEW_GENERATION = 32 /* ... 2 */
};
static const struct pin_row pin_rows[] = {
	{ false, false, 0, false, KST_OK, false },
	{ false, false, 0, true, KST_E_PIN, false },
	{ true, false, 0, true, KST_OK, true },
	{ false, true, 0, false, KST_E_PIN, false },
	{ true, true, 0, false, KST_OK, true },
	{ true, false, STORE_OTHER | NEW_GENERATION, false, KST_OK, true }, /* replaces the list */
	{ false, true, STORE_KEY, false, KST_E_PIN, false },
	{ false, false, STORE_KEY, true, KST_OK, true },
	{ false, false, STORE_OTHER, false, KST_E_PIN, false },
	{ false, false, STORE_OTHER | STORE_KEY, false, KST_OK, true },
	{ false, false, STORE_OTHER | KEY_ONLY, false, KST_E_PIN, false },
	{ false, false, KEY_ONLY, true, KST_OK, true },
	{ false, false, OTHER_STORE, false, KST_OK, false },
	{ false, false, OTHER_STORE, true, KST_E_PIN, false },
	{ false, false, OLD_GENERATION, true, KST_OK, true },
	{ false, false, NEW_GENERATION, false, KST_E_ROLLBACK, false },
	{ false, false, OLD_GENERATION | NEW_GENERATION, false, KST_E_ROLLBACK, false },
	{ false, false, STORE_OTHER | NEW_GENERATION, false, KST_E_ROLLBACK, false },
	{ false, false, KEY_ONLY | NEW_GENERATION, false, KST_E_ROLLBACK, false },
};

START_TEST(pins_say_what_the_first_row_that_fits_says)
{
	const struct pin_row *row = &pin_rows[_i];
	struct kit k;
	struct kst_pin pin[6];
	const char *signer[3];
	char own[64];
	size_t n = 0;
	kit_small(&k, 'T', false);
	ck_assert_int_eq(kit_read(&k), 0);
	memcpy(own, k.m.info.signer, sizeof(own));
	for (int i = 0; i < 6; i++) {
		if (!(row->list & 1 << i))
			continue;
		struct kst_pin *p = &pin[n++];
		*p = (struct kst_pin){ .name = (char *)"infra", .has_store = 1 << i != KEY_ONLY };
		memcpy(p->sign_pk, k.m.info.sign_pk, 32);
		memcpy(p->store_id, k.m.info.store_id, 16);
		p->sign_pk[0] ^= 1 << i == STORE_OTHER;
		p->store_id[0] ^= 1 << i == OTHER_STORE;
		p->min_generation = 1 << i == OLD_GENERATION ? 1 : 1 << i == NEW_GENERATION ? 2 : 0;
	}
	k.read = (struct kst_read_options){ .pin = pin, .nr_pins = n, .require_pin = row->require };
	n = 0;
	if (row->other_signer)
		signer[n++] = "ed25519:3rNu0EHNAlP4eJBcT3PD1PpIeZgQZUXD7FpUe-8nyOs";
	if (row->signer)
		signer[n++] = own;
	signer[n] = NULL;
	if (n)
		k.read.signer = signer;
	int r = kit_read(&k);
	ck_assert_int_eq(r, row->code ? -1 : 0);
	if (r)
		kit_assert_error(&k, row->code);
	else
		ck_assert(k.m.info.pinned == row->pinned);
	if (row->pinned && !n)
		ck_assert_str_eq(k.m.info.signer_name, "infra");
	kit_release(&k);
}
END_TEST

#define SIGNER "ed25519:3rNu0EHNAlP4eJBcT3PD1PpIeZgQZUXD7FpUe-8nyOs"
#define ID "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
static const struct {
	const char *text;
	int pins; /* -1: refused */
} lists[] = {
	{ "", 0 },
	{ "# nothing\n\n", 0 },
	{ "infra " SIGNER, 1 },
	{ "infra\t " SIGNER " " ID "\n", 1 },
	{ "infra " SIGNER " " ID " min-generation=18446744073709551615\n", 1 },
	{ "a " SIGNER "\n# b\nc " SIGNER " " ID "\n", 2 },
	{ "infra\n", -1 },
	{ "infra " SIGNER "x\n", -1 },
	{ "infra ED25519:3rNu0EHNAlP4eJBcT3PD1PpIeZgQZUXD7FpUe-8nyOs\n", -1 },
	{ "infra " SIGNER " A0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n", -1 },
	{ "infra " SIGNER " a0a1\n", -1 },
	{ "infra " SIGNER " min-generation=1\n", -1 },
	{ "infra " SIGNER " " ID " min-generation=\n", -1 },
	{ "infra " SIGNER " " ID " min-generation=-1\n", -1 },
	{ "infra " SIGNER " " ID " min-generation=18446744073709551616\n", -1 },
	{ "infra " SIGNER " " ID " min-generation=1 more\n", -1 },
	{ "infra " SIGNER "\r\n", -1 },
	{ "good " SIGNER "\nbad\n", -1 },
};

START_TEST(a_list_of_pins_is_read_whole_or_not_at_all)
{
	char path[] = "/tmp/kst1-pins-XXXXXX";
	int fd = mkstemp(path);
	size_t n = strlen(lists[_i].text), nr = 99;
	struct kst_pin *pin = NULL;
	struct kst_error err = KST_ERROR_INIT;
	const char *const paths[] = { "/nonexistent/kst1-signers", path, NULL };
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, lists[_i].text, n), (ssize_t)n);
	close(fd);
	int r = kst_pins_read(&pin, &nr, paths, false, &err);
	unlink(path);
	ck_assert_msg((r < 0) == (lists[_i].pins < 0), "%s", err.message);
	if (r < 0) {
		ck_assert_int_eq(err.code, KST_E_BAD_SIGNERS);
		ck_assert_str_eq(err.subject, path);
		return;
	}
	ck_assert_uint_eq(nr, (size_t)lists[_i].pins);
	if (nr)
		ck_assert_uint_eq(pin[0].sign_pk[0], 0xde);
	if (nr && pin[nr - 1].has_store)
		ck_assert_uint_eq(pin[nr - 1].store_id[15], 0xaf);
	kst_pins_free(pin, nr);
}
END_TEST

Suite *test_kst1_pins(void);
Suite *test_kst1_pins(void)
{
	Suite *s = suite_create("kst1_pins");
	TCase *t = tcase_create("pins");
	tcase_add_loop_test(t, pins_say_what_the_first_row_that_fits_says, 0,
			    sizeof(pin_rows) / sizeof(*pin_rows));
	tcase_add_loop_test(t, a_list_of_pins_is_read_whole_or_not_at_all, 0,
			    sizeof(lists) / sizeof(*lists));
	suite_add_tcase(s, t);
	return s;
}
