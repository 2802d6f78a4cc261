/* SPDX-License-Identifier: ISC */
/* test_change.c - changing a store, and its passphrase: the same for every format */
#include <check.h>
#include <string.h>

#include "store_kit.h"

/* ---- changing ---- */

START_TEST(aliases_become_what_the_format_can_hold)
{
	struct kst_store *p12 = shelf_new(&shelf, "a.p12", "p12");
	struct kst_store *kst = shelf_new(&shelf, "a.kst", "kst");
	struct kst_store *der = shelf_new(&shelf, "a.der", "der");
	struct kst_entry *e;

	size_t i = shelf_add(&shelf, p12, party_entry("App", NULL, PARTIES(&ca)));
	ck_assert_int_eq(kst_store_entry(p12, i, &e, NULL), 0);
	ck_assert_str_eq(e->alias, "app");
	ck_assert(shelf_noted(&shelf, "alias-changed"));

	i = shelf_add(&shelf, kst, party_entry("App", NULL, PARTIES(&ca)));
	ck_assert_int_eq(kst_store_entry(kst, i, &e, NULL), 0);
	ck_assert_str_eq(e->alias, "App");
	i = shelf_add(&shelf, kst, party_entry("x\x01", NULL, PARTIES(&web)));
	ck_assert_int_eq(kst_store_entry(kst, i, &e, NULL), 0);
	ck_assert_str_eq(e->alias, "x%01");
	ck_assert_uint_eq(e->alias_source.len, 2);

	i = shelf_add(&shelf, der, party_entry("App", NULL, PARTIES(&ca)));
	ck_assert_int_eq(kst_store_entry(der, i, &e, NULL), 0);
	ck_assert_ptr_null(e->alias);
	kst_store_free(p12);
	kst_store_free(kst);
	kst_store_free(der);
}
END_TEST

START_TEST(an_entry_without_alias_gets_a_free_one)
{
	struct kst_store *s = shelf_new(&shelf, "s", formats[_i]);
	struct kst_entry *e;
	char want[64];
	shelf_add(&shelf, s, party_entry(NULL, NULL, PARTIES(&ca)));
	finds(s, "test-ca", "test-ca");
	size_t i = shelf_add(&shelf, s, party_entry(NULL, NULL, PARTIES(&ca)));
	ck_assert_int_eq(kst_store_entry(s, i, &e, NULL), 0);
	const uint8_t *h = kst_cert_sha256(e->chain.cert[0]);
	snprintf(want, sizeof(want), "test-ca-%02x%02x%02x%02x", h[0], h[1], h[2], h[3]);
	ck_assert_str_eq(e->alias, want);
	i = shelf_add(&shelf, s, party_entry("", NULL, PARTIES(&ca)));
	ck_assert_int_eq(kst_store_entry(s, i, &e, NULL), 0);
	ck_assert_str_eq(e->alias, "test-ca-2");
	kst_store_free(s);
}
END_TEST

START_TEST(a_taken_alias_is_never_overwritten)
{
	struct kst_store *s = shelf_new(&shelf, "s", formats[_i]);
	const char *twin = _i == 1 ? "APP" : "app"; /* PKCS#12 knows no case */
	shelf_add(&shelf, s, party_entry("app", NULL, PARTIES(&ca)));
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_store_add(s, party_entry(twin, NULL, PARTIES(&web)), NULL, &shelf.err),
			 -1);
	ck_assert_int_eq(shelf.err.code, KST_E_ALIAS_CONFLICT);
	shelf_add(&shelf, s, party_entry("b", NULL, PARTIES(&web)));
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_store_rename(s, 1, twin, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_ALIAS_CONFLICT);
	finds(s, "b", "b");
	ck_assert_uint_eq(kst_store_count(s), 2);
	kst_store_free(s);
}
END_TEST

START_TEST(a_certificate_of_another_key_never_gets_in)
{
	struct kst_store *s = shelf_new(&shelf, "s", formats[_i]);
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_store_add(s, party_entry("a", &web, PARTIES(&api)), NULL, &shelf.err),
			 -1);
	ck_assert_int_eq(shelf.err.code, KST_E_KEY_MISMATCH);
	ck_assert_uint_eq(kst_store_count(s), 0);
	kst_store_free(s);
}
END_TEST

START_TEST(what_a_format_cannot_hold_is_refused)
{
	struct kst_store *s = shelf_new(&shelf, "a.der", "der");
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_store_add(s, party_entry("a", &web, PARTIES(&web)), NULL, &shelf.err),
			 -1);
	ck_assert_int_eq(shelf.err.code, KST_E_CANNOT_HOLD);
	shelf_add(&shelf, s, party_entry("a", NULL, PARTIES(&web)));
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_store_add(s, party_entry("b", NULL, PARTIES(&ca)), NULL, &shelf.err),
			 -1);
	ck_assert_int_eq(shelf.err.code, KST_E_CANNOT_HOLD);
	kst_store_free(s);
}
END_TEST

START_TEST(a_truststore_takes_no_keys)
{
	struct kst_store *s = shelf_new(&shelf, "s", "kst1");
	struct kst_save_options opt = shelf_save();
	opt.write.store_kind = 'T';
	shelf_add(&shelf, s, party_entry("root", NULL, PARTIES(&ca)));
	ck_assert_int_eq(kst_store_save(s, &opt, NULL, &shelf.err), 0);
	kst_store_free(s);
	s = shelf_open(&shelf, "s", true);
	ck_assert_int_eq(kst_store_add(s, party_entry("k", &web, PARTIES(&web)), NULL, &shelf.err),
			 -1);
	ck_assert_int_eq(shelf.err.code, KST_E_WRONG_KIND);
	kst_store_free(s);
}
END_TEST

START_TEST(a_replaced_entry_keeps_its_name_and_birthday)
{
	make(formats[_i]);
	struct party renewed = { api.key, party_certify(api.key, "api", "DNS:neu.test", 0, 99, &ca) };
	struct kst_store *s = shelf_open(&shelf, "s", true);
	int64_t created = entry_of(s, "api")->created;
	struct kst_entry *e = party_entry(NULL, &api, PARTIES(&renewed, &ca));
	e->created = 12345;
	ck_assert_int_eq(kst_store_replace(s, position(s, "api"), e, &shelf.err), 0);
	ck_assert(kst_store_changed(s));
	shelf_close(&shelf, s);
	s = shelf_open(&shelf, "s", false);
	struct kst_cert *want = party_cert(&renewed);
	ck_assert(kst_cert_equal(entry_of(s, "api")->chain.cert[0], want));
	ck_assert_int_eq(entry_of(s, "api")->created, created);
	ck_assert_uint_eq(kst_store_count(s), 3);
	kst_cert_free(want);
	kst_store_free(s);
	X509_free(renewed.cert);
}
END_TEST

START_TEST(replacing_a_thing_by_itself_changes_nothing)
{
	make(formats[_i]);
	struct kst_store *s = shelf_open(&shelf, "s", true);
	struct kst_entry *e = party_entry(NULL, &web, PARTIES(&web, &ca));
	opened(s, "web");
	ck_assert_int_eq(kst_store_replace(s, position(s, "web"), e, &shelf.err), 0);
	ck_assert_int_eq(kst_store_rename(s, position(s, "web"), "web", &shelf.err), 0);
	ck_assert(!kst_store_changed(s));
	kst_store_free(s);
}
END_TEST

START_TEST(renaming_and_removing_leave_the_others_alone)
{
	make(formats[_i]);
	struct kst_store *s = shelf_open(&shelf, "s", true);
	ck_assert_int_eq(kst_store_rename(s, position(s, "web"), "front", &shelf.err), 0);
	ck_assert_int_eq(kst_store_remove(s, position(s, "api"), &shelf.err), 0);
	shelf_close(&shelf, s);
	s = shelf_open(&shelf, "s", false);
	struct kst_entry *want = party_entry(NULL, &web, PARTIES(&web, &ca));
	ck_assert_uint_eq(kst_store_count(s), 2);
	ck_assert(kst_entry_same(opened(s, "front"), want));
	ck_assert(entry_of(s, "root")->trusted);
	kst_entry_free(want);
	kst_store_free(s);
}
END_TEST

START_TEST(a_typed_alias_is_refused_rather_than_rewritten)
{
	struct kst_store *s = shelf_new(&shelf, "s", formats[_i]);
	shelf_add(&shelf, s, party_entry("a", NULL, PARTIES(&ca)));
	static const char *const bad[] = { "", " a", "a\x1b", "\xff", "a\xe2\x80\xae" };
	for (size_t i = 0; i < 5; i++) {
		kst_error_clear(&shelf.err);
		ck_assert_int_eq(kst_store_rename(s, 0, bad[i], &shelf.err), -1);
		ck_assert_int_eq(shelf.err.code, KST_E_BAD_VALUE);
	}
	kst_store_free(s);
}
END_TEST

/* ---- passphrases ---- */

START_TEST(a_new_passphrase_opens_and_the_old_one_does_not)
{
	make(formats[_i]);
	struct kst_store *s = shelf_open(&shelf, "s", true);
	struct kst_entry *want = party_entry(NULL, &web, PARTIES(&web, &ca));
	shelf.new_pass = "another one";
	ck_assert_msg(kst_store_passwd(s, &shelf.err) == 0, "%s", shelf.err.message);
	shelf_close(&shelf, s);
	s = NULL;
	ck_assert_int_eq(shelf_try_open(&shelf, "s", true, &s), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_WRONG_PASSPHRASE);
	shelf.pass = "another one";
	s = shelf_open(&shelf, "s", true);
	ck_assert(kst_entry_same(opened(s, "web"), want));
	kst_entry_free(want);
	kst_store_free(s);
}
END_TEST

START_TEST(a_new_passphrase_must_be_one)
{
	static const struct {
		const char *pass;
		enum kst_code code;
	} bad[] = { { "", KST_E_EMPTY_PASSPHRASE },
		    { NULL, KST_E_PASSPHRASE_NEEDED },
		    { "short", KST_E_SHORT_PASSPHRASE } };
	for (size_t i = 0; i < 3; i++) {
		struct kst_store *s = shelf_new(&shelf, "s.p12", "p12");
		struct kst_save_options opt = shelf_save();
		shelf_add(&shelf, s, party_entry("web", &web, PARTIES(&web)));
		shelf.new_pass = bad[i].pass;
		kst_error_clear(&shelf.err);
		ck_assert_int_eq(kst_store_save(s, &opt, NULL, &shelf.err), -1);
		ck_assert_int_eq(shelf.err.code, bad[i].code);
		kst_store_free(s);
	}
	ck_assert_uint_eq(shelf_count(&shelf), 0);
}
END_TEST

static void another_writer(struct shelf *sh)
{
	struct kst_store *s = shelf_open(sh, "s", true);
	shelf_add(sh, s, party_entry("faster", NULL, PARTIES(&api)));
	shelf_close(sh, s);
	memset(sh->asked, 0, sizeof(sh->asked));
}

START_TEST(a_faster_writer_is_noticed_and_nobody_is_asked_twice)
{
	make(formats[_i]);
	shelf.meanwhile = another_writer;
	struct kst_store *s = shelf_open(&shelf, "s", true);
	/* Asked before the other writer ran; that count was forgotten then. */
	ck_assert_uint_eq(shelf.asked[KST_ASK_STORE], 0);
	ck_assert_uint_eq(kst_store_count(s), 4);
	finds(s, "faster", "faster");
	shelf_add(&shelf, s, party_entry("slower", NULL, PARTIES(&web)));
	shelf_close(&shelf, s);
	s = shelf_open(&shelf, "s", false);
	ck_assert_uint_eq(kst_store_count(s), 5);
	kst_store_free(s);
}
END_TEST

/* The file keeps its size; another program would even keep its inode. */
static void another_renamer(struct shelf *sh)
{
	struct stat before, after;
	ck_assert_int_eq(stat(shelf_path(sh, "s"), &before), 0);
	struct kst_store *s = shelf_open(sh, "s", true);
	ck_assert_int_eq(kst_store_rename(s, position(s, "api"), "apx", &sh->err), 0);
	shelf_close(sh, s);
	ck_assert_int_eq(stat(shelf_path(sh, "s"), &after), 0);
	ck_assert_int_eq(before.st_size, after.st_size);
}

START_TEST(a_faster_writer_is_noticed_by_the_bytes)
{
	make(formats[_i]);
	shelf.meanwhile = another_renamer;
	struct kst_store *s = shelf_open(&shelf, "s", true);
	finds(s, "apx", "apx");
	finds_not(s, "api", KST_E_NO_ENTRY);
	kst_store_free(s);
}
END_TEST

START_TEST(one_question_opens_a_store_for_editing)
{
	make(formats[_i]);
	struct kst_store *s = shelf_open(&shelf, "s", true);
	ck_assert_uint_eq(shelf.asked[KST_ASK_STORE], 1);
	opened(s, "web");
	opened(s, "api");
	ck_assert_uint_eq(shelf.asked[KST_ASK_STORE], 1);
	ck_assert_uint_eq(shelf.asked[KST_ASK_KEY], 0);
	kst_store_free(s);
}
END_TEST

START_TEST(the_open_part_of_a_native_store_needs_no_passphrase)
{
	make("kst1");
	shelf.pass = NULL;
	struct kst_store *s = shelf_open(&shelf, "s", false);
	ck_assert_uint_eq(entry_of(s, "web")->chain.nr, 2);
	ck_assert_int_eq(kst_store_open_key(s, position(s, "web"), &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_PASSPHRASE_NEEDED);
	kst_store_free(s);
}
END_TEST

Suite *test_change(void);
Suite *test_change(void)
{
	Suite *s = suite_create("change");
	TCase *t = tcase_create("change");
#define CASE(t) \
	tcase_add_unchecked_fixture(t, setup_parties, teardown_parties); \
	tcase_add_checked_fixture(t, setup, teardown); \
	tcase_set_timeout(t, 20)
	CASE(t);
	tcase_add_test(t, aliases_become_what_the_format_can_hold);
	tcase_add_loop_test(t, an_entry_without_alias_gets_a_free_one, 0, FORMATS);
	tcase_add_loop_test(t, a_taken_alias_is_never_overwritten, 0, FORMATS);
	tcase_add_loop_test(t, a_certificate_of_another_key_never_gets_in, 0, FORMATS);
	tcase_add_test(t, what_a_format_cannot_hold_is_refused);
	tcase_add_test(t, a_truststore_takes_no_keys);
	tcase_add_loop_test(t, a_replaced_entry_keeps_its_name_and_birthday, 0, FORMATS);
	tcase_add_loop_test(t, replacing_a_thing_by_itself_changes_nothing, 0, FORMATS);
	tcase_add_loop_test(t, renaming_and_removing_leave_the_others_alone, 0, FORMATS);
	tcase_add_loop_test(t, a_typed_alias_is_refused_rather_than_rewritten, 0, FORMATS);
	suite_add_tcase(s, t);
	t = tcase_create("passphrases");
	CASE(t);
	tcase_add_loop_test(t, a_new_passphrase_opens_and_the_old_one_does_not, 0, FORMATS);
	tcase_add_test(t, a_new_passphrase_must_be_one);
	tcase_add_loop_test(t, a_faster_writer_is_noticed_and_nobody_is_asked_twice, 0, FORMATS);
	tcase_add_loop_test(t, a_faster_writer_is_noticed_by_the_bytes, 0, FORMATS);
	tcase_add_loop_test(t, one_question_opens_a_store_for_editing, 0, FORMATS);
	tcase_add_test(t, the_open_part_of_a_native_store_needs_no_passphrase);
	suite_add_tcase(s, t);
	return s;
}
