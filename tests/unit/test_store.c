/* SPDX-License-Identifier: ISC */
/* test_store.c - opening, looking, changing: the same for every format */
#include <check.h>
#include <string.h>

#include "store_kit.h"

/* ---- what is written comes back ---- */

START_TEST(everything_that_was_added_comes_back)
{
	make(formats[_i]);
	struct kst_store *s = shelf_open(&shelf, "s", false);
	struct kst_entry *want = party_entry("web", &web, PARTIES(&web, &ca));
	ck_assert_uint_eq(kst_store_count(s), 3);
	ck_assert_str_eq(kst_store_format(s)->name, formats[_i]);
	ck_assert(kst_entry_same(opened(s, "web"), want));
	struct kst_entry *root = entry_of(s, "root");
	ck_assert_int_eq(root->kind, KST_KIND_CERT);
	ck_assert(root->trusted);
	kst_entry_free(want);
	kst_store_free(s);
}
END_TEST

START_TEST(a_head_is_the_same_from_the_file_and_from_the_entry)
{
	make(formats[_i]);
	struct kst_store *s = shelf_open(&shelf, "s", false);
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_buf scratch KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_head h, g;
		struct kst_entry *e;
		ck_assert_int_eq(kst_store_entry(s, i, &e, NULL), 0);
		kst_entry_head(e, &g, &scratch);
		ck_assert_int_eq(kst_store_head(s, i, &h, NULL), 0);
		ck_assert_int_eq(h.kind, g.kind);
		ck_assert_int_eq(h.trusted, g.trusted);
		ck_assert_str_eq(h.alias, g.alias);
		ck_assert_uint_eq(h.nr_certs, g.nr_certs);
		ck_assert_mem_eq(h.sha256, g.sha256, 32);
		ck_assert_str_eq(h.subject, g.subject);
		ck_assert_str_eq(h.name, g.name);
		ck_assert_str_eq(h.key, g.key);
		ck_assert_int_eq(h.not_after, g.not_after);
	}
	kst_store_free(s);
}
END_TEST

/* ---- finding ---- */

START_TEST(an_entry_is_found_by_alias_number_and_fingerprint)
{
	make(formats[_i]);
	struct kst_store *s = shelf_open(&shelf, "s", false);
	struct kst_cert *c = party_cert(&api);
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_head h;
	char ref[100];

	finds(s, "api", "api");
	finds(s, "API", "api");
	ck_assert_int_eq(kst_store_head(s, 0, &h, NULL), 0);
	char *first = kst_strdup(h.alias);
	finds(s, "@1", first);
	kst_free(first);
	kst_text_hex(&hex, kst_cert_sha256(c), 32);
	snprintf(ref, sizeof(ref), "sha256:%.8s", (char *)hex.data);
	finds(s, ref, "api");
	snprintf(ref, sizeof(ref), "SHA256:%s", (char *)hex.data);
	finds(s, ref, "api");
	kst_buf_reset(&hex);
	kst_text_hex_colons(&hex, kst_cert_sha256(c), 32);
	snprintf(ref, sizeof(ref), "sha256:%s", (char *)hex.data);
	finds(s, ref, "api");

	finds_not(s, "@0", KST_E_NO_ENTRY);
	finds_not(s, "@4", KST_E_NO_ENTRY);
	finds_not(s, "@99999999999999999999999", KST_E_NO_ENTRY);
	finds_not(s, "sha256:00000000", KST_E_NO_ENTRY);
	finds_not(s, "sha256:ab", KST_E_USAGE);
	finds_not(s, "sha256:zzzzzzzz", KST_E_USAGE);
	finds_not(s, "", KST_E_NO_ENTRY);
	finds_not(s, "rooot", KST_E_NO_ENTRY);
	ck_assert_ptr_nonnull(strstr(shelf.err.hint, "\"root\""));
	ck_assert_ptr_nonnull(strstr(shelf.err.hint, "kstool list"));
	finds_not(s, "nothing-like-it", KST_E_NO_ENTRY);
	ck_assert_ptr_null(strstr(shelf.err.hint, "did you mean"));

	ck_assert_uint_eq(kst_store_find_cert(s, c), position(s, "api"));
	ck_assert_uint_eq(kst_store_find_alias(s, "nope"), KST_NO_BASE);
	kst_cert_free(c);
	kst_store_free(s);
}
END_TEST

START_TEST(an_alias_that_looks_like_a_number_is_an_alias)
{
	struct kst_store *s = shelf_new(&shelf, "s", "kst1");
	shelf_add(&shelf, s, party_entry("first", NULL, PARTIES(&ca)));
	shelf_add(&shelf, s, party_entry("@1", NULL, PARTIES(&web)));
	ck_assert_uint_eq(position(s, "@1"), 1);
	kst_store_free(s);
}
END_TEST

START_TEST(without_case_only_what_is_unique_is_found)
{
	struct kst_store *s = shelf_new(&shelf, "s", "kst1");
	shelf_add(&shelf, s, party_entry("App", NULL, PARTIES(&ca)));
	shelf_add(&shelf, s, party_entry("APP", NULL, PARTIES(&web)));
	shelf_add(&shelf, s, party_entry("Other", NULL, PARTIES(&api)));
	finds_not(s, "app", KST_E_USAGE);
	finds(s, "APP", "APP");
	finds(s, "oTHER", "Other");
	kst_store_free(s);
}
END_TEST

START_TEST(positions_follow_every_change)
{
	struct kst_store *s = shelf_new(&shelf, "s", "kst1");
	struct kst_cert *c = party_cert(&web);
	shelf_add(&shelf, s, party_entry("a", NULL, PARTIES(&ca)));
	shelf_add(&shelf, s, party_entry("b", NULL, PARTIES(&web)));
	shelf_add(&shelf, s, party_entry("c", NULL, PARTIES(&api)));
	ck_assert_uint_eq(kst_store_find_cert(s, c), 1);
	ck_assert_int_eq(kst_store_rename(s, 1, "z", NULL), 0);
	ck_assert_uint_eq(kst_store_find_alias(s, "b"), KST_NO_BASE);
	ck_assert_uint_eq(kst_store_find_alias(s, "z"), 1);
	ck_assert_int_eq(kst_store_remove(s, 0, NULL), 0);
	ck_assert_uint_eq(kst_store_find_alias(s, "z"), 0);
	ck_assert_uint_eq(kst_store_find_cert(s, c), 0);
	ck_assert_int_eq(kst_store_replace(s, 0, party_entry(NULL, NULL, PARTIES(&ca)), NULL), 0);
	ck_assert_uint_eq(kst_store_find_cert(s, c), KST_NO_BASE);
	shelf_add(&shelf, s, party_entry("b", NULL, PARTIES(&web)));
	ck_assert_uint_eq(kst_store_find_cert(s, c), 2);
	kst_cert_free(c);
	kst_store_free(s);
}
END_TEST

START_TEST(positions_follow_changes_of_a_store_that_was_read)
{
	make("kst1");
	struct kst_store *s = shelf_open(&shelf, "s", true);
	/* Sorted by alias in the file: api, root, web. */
	ck_assert_uint_eq(kst_store_find_alias(s, "web"), 2);
	ck_assert_int_eq(kst_store_remove(s, 0, NULL), 0);
	ck_assert_uint_eq(kst_store_find_alias(s, "web"), 1);
	ck_assert_uint_eq(kst_store_find_alias(s, "api"), KST_NO_BASE);
	ck_assert_int_eq(kst_store_rename(s, 1, "neu", &shelf.err), 0);
	ck_assert_uint_eq(kst_store_find_alias(s, "web"), KST_NO_BASE);
	ck_assert_uint_eq(kst_store_find_alias(s, "neu"), 1);
	ck_assert_uint_eq(shelf_add(&shelf, s, party_entry("web", NULL, PARTIES(&api))), 2);
	ck_assert_uint_eq(kst_store_find_alias(s, "web"), 2);
	shelf_close(&shelf, s);
	s = shelf_open(&shelf, "s", false);
	ck_assert_uint_eq(kst_store_count(s), 3);
	ck_assert_int_eq(entry_of(s, "neu")->kind, KST_KIND_KEY);
	ck_assert_int_eq(entry_of(s, "web")->kind, KST_KIND_CERT);
	kst_store_free(s);
}
END_TEST

/* ---- what is not a store ---- */

static void looks_like(const char *bytes, size_t n, enum kst_code code, const char *says)
{
	struct kst_store *s = NULL;
	shelf_put(&shelf, "x", bytes, n);
	ck_assert_int_eq(shelf_try_open(&shelf, "x", false, &s), -1);
	ck_assert_msg(shelf.err.code == code, "%s: %s", says, shelf.err.message);
	ck_assert_msg(strstr(shelf.err.message, says) != NULL, "%s: %s", says, shelf.err.message);
	ck_assert_ptr_nonnull(strstr(shelf.err.subject, "/x"));
}
#define LOOKS(bytes, code, says) looks_like(bytes, sizeof(bytes) - 1, code, says)

START_TEST(a_file_that_is_no_store_is_called_what_it_is)
{
	LOOKS("", KST_E_EMPTY_FILE, "empty");
	LOOKS("PK\3\4\x14\0\0\0", KST_E_UNKNOWN_FORMAT, "zip");
	ck_assert_ptr_nonnull(strstr(shelf.err.hint, "unzip /tmp/"));
	LOOKS("\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1", KST_E_TRUNCATED, "1 entry, and has 12 bytes");
	LOOKS("\xce\xce\xce\xce\0\0\0\2", KST_E_TRUNCATED, "at byte 8");
	LOOKS("\n\n<!DOCTYPE html><html>404</html>", KST_E_UNKNOWN_FORMAT, "web page");
	LOOKS("ssh-ed25519 AAAAC3Nz user@host\n", KST_E_UNKNOWN_FORMAT, "SSH public key");
	LOOKS("hello, world\n", KST_E_UNKNOWN_FORMAT, "text");
	LOOKS("\1\2\3\0\4binary", KST_E_UNKNOWN_FORMAT, "no format");
}
END_TEST

START_TEST(a_hint_can_be_pasted_into_a_shell)
{
	struct kst_store *s = NULL;
	shelf_put(&shelf, "it's a; store", "PK\3\4\x14\0\0\0", 8);
	ck_assert_int_eq(shelf_try_open(&shelf, "it's a; store", false, &s), -1);
	ck_assert_ptr_nonnull(strstr(shelf.err.hint, "/it'\"'\"'s a; store', then name"));
	ck_assert_ptr_nonnull(strstr(shelf.err.hint, "unzip '/tmp/"));
}
END_TEST

START_TEST(what_cannot_be_opened_says_why)
{
	struct kst_store *s = NULL;
	ck_assert_int_eq(shelf_try_open(&shelf, "nowhere", false, &s), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_NO_FILE);
	/* A directory is the union of its files. */
	ck_assert_int_eq(shelf_try_open(&shelf, ".", false, &s), 0);
	ck_assert_str_eq(kst_store_format(s)->name, "hashdir");
	kst_store_free(s);
	s = NULL;
	make("kst1");
	struct kst_open_options opt = shelf_options(&shelf, false);
	struct kst_limits small = KST_LIMITS_DEFAULT;
	small.file = 16;
	opt.limits = &small;
	shelf_put(&shelf, "x", "-----BEGIN CERTIFICATE-----\n", 28);
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_store_open(&s, shelf_path(&shelf, "x"), &opt, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_TOO_LARGE);
}
END_TEST

START_TEST(standard_input_is_read_and_never_edited)
{
	make(formats[_i]);
	ck_assert_ptr_nonnull(freopen(shelf_path(&shelf, "s"), "r", stdin));
	struct kst_open_options opt = shelf_options(&shelf, false);
	struct kst_store *s = NULL;
	ck_assert_int_eq(kst_store_open(&s, "-", &opt, &shelf.err), 0);
	ck_assert_uint_eq(kst_store_count(s), 3);
	opened(s, "web");
	kst_store_free(s);
	opt.edit = true;
	ck_assert_int_eq(kst_store_open(&s, "-", &opt, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_USAGE);
}
END_TEST

/* ---- who else may touch it ---- */

START_TEST(a_store_that_others_can_change_is_not_edited)
{
	struct kst_store *s = NULL;
	make(formats[_i]);
	ck_assert_int_eq(chmod(shelf_path(&shelf, "s"), 0620), 0);
	ck_assert_int_eq(shelf_try_open(&shelf, "s", true, &s), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_PERMISSIONS);
	ck_assert_ptr_nonnull(strstr(shelf.err.hint, "chmod go-w"));
	ck_assert_uint_eq(shelf.asked[KST_ASK_STORE], 0); /* not asked in vain */
	s = shelf_open(&shelf, "s", false);
	kst_store_free(s);
	struct kst_open_options opt = shelf_options(&shelf, true);
	opt.insecure_permissions = true;
	ck_assert_int_eq(kst_store_open(&s, shelf_path(&shelf, "s"), &opt, NULL), 0);
	kst_store_free(s);
}
END_TEST

START_TEST(a_store_with_two_names_is_not_edited)
{
	struct kst_store *s = NULL;
	make(formats[_i]);
	ck_assert_int_eq(link(shelf_path(&shelf, "s"), shelf_path(&shelf, "t")), 0);
	ck_assert_int_eq(shelf_try_open(&shelf, "s", true, &s), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_PERMISSIONS);
	ck_assert_ptr_nonnull(strstr(shelf.err.message, "hard links"));
}
END_TEST

START_TEST(keys_that_everybody_can_read_are_noted)
{
	make(formats[_i]);
	kst_store_free(shelf_open(&shelf, "s", false));
	ck_assert(!shelf_noted(&shelf, "loose-permissions"));
	ck_assert_int_eq(chmod(shelf_path(&shelf, "s"), 0644), 0);
	kst_store_free(shelf_open(&shelf, "s", false));
	ck_assert(shelf_noted(&shelf, "loose-permissions"));
}
END_TEST

/* ---- losses ---- */

START_TEST(a_loss_is_named)
{
	const struct kst_format *der = kst_format_by_name("der");
	const struct kst_format *kst = kst_format_by_name("kst");
	struct kst_entry *key = party_entry("k", &web, PARTIES(&web));
	struct kst_entry *csr = kst_entry_new(KST_KIND_CSR);
	struct kst_entry *odd = kst_entry_new(KST_KIND_OPAQUE);
	odd->origin = kst_strdup("pem");
	ck_assert_uint_eq(kst_entry_loss(key, kst), 0);
	ck_assert_uint_ne(kst_entry_loss(key, der), 0);
	ck_assert_ptr_nonnull(strstr(kst_loss_text(kst_entry_loss(csr, kst)), "request"));
	ck_assert_ptr_nonnull(strstr(kst_loss_text(kst_entry_loss(odd, kst)), "does not know"));
	ck_assert_uint_eq(kst_entry_loss(odd, kst_format_by_name("pem")), 0);
	struct kst_entry *cert = party_entry("c", NULL, PARTIES(&web));
	ck_assert_uint_eq(kst_entry_loss(cert, kst), 0);
	cert->trusted = false;
	ck_assert_ptr_nonnull(strstr(kst_loss_text(kst_entry_loss(cert, kst)), "neither trusted"));
	ck_assert_uint_eq(kst_entry_loss(cert, kst_format_by_name("p12")), 0);
	kst_entry_free(cert);
	kst_entry_free(key);
	kst_entry_free(csr);
	kst_entry_free(odd);
}
END_TEST

Suite *test_store(void);
Suite *test_store(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("look");
#define CASE(t) \
	tcase_add_unchecked_fixture(t, setup_parties, teardown_parties); \
	tcase_add_checked_fixture(t, setup, teardown); \
	tcase_set_timeout(t, 20)
	CASE(t);
	tcase_add_loop_test(t, everything_that_was_added_comes_back, 0, FORMATS);
	tcase_add_loop_test(t, a_head_is_the_same_from_the_file_and_from_the_entry, 0, FORMATS);
	tcase_add_loop_test(t, an_entry_is_found_by_alias_number_and_fingerprint, 0, FORMATS);
	tcase_add_test(t, an_alias_that_looks_like_a_number_is_an_alias);
	tcase_add_test(t, without_case_only_what_is_unique_is_found);
	tcase_add_test(t, positions_follow_every_change);
	tcase_add_test(t, positions_follow_changes_of_a_store_that_was_read);
	tcase_add_test(t, a_file_that_is_no_store_is_called_what_it_is);
	tcase_add_test(t, a_hint_can_be_pasted_into_a_shell);
	tcase_add_test(t, what_cannot_be_opened_says_why);
	tcase_add_loop_test(t, standard_input_is_read_and_never_edited, 0, FORMATS);
	tcase_add_test(t, a_loss_is_named);
	suite_add_tcase(s, t);
	t = tcase_create("permissions");
	CASE(t);
	tcase_add_loop_test(t, a_store_that_others_can_change_is_not_edited, 0, FORMATS);
	tcase_add_loop_test(t, a_store_with_two_names_is_not_edited, 0, FORMATS);
	tcase_add_loop_test(t, keys_that_everybody_can_read_are_noted, 0, FORMATS);
	suite_add_tcase(s, t);
	return s;
}
