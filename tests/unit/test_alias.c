/* SPDX-License-Identifier: ISC */
/* test_alias.c - aliases: legal, derived, unique */
#include <check.h>
#include <string.h>

#include "kstool/kstool.h"
#include "model/alias.h"
#include "party.h"

static void legal(const char *in, size_t n, const char *out, bool changes)
{
	bool changed = !changes;
	char *alias = kst_alias_legal(in, n, &changed);
	ck_assert_ptr_nonnull(alias);
	ck_assert_str_eq(alias, out);
	ck_assert_int_eq(changed, changes);
	kst_free(alias);
}

START_TEST(a_legal_alias_is_never_changed)
{
	legal("app", 3, "app", false);
	legal("50%20off", 8, "50%20off", false);
	legal("M\xc3\xbcller & S\xc3\xb6hne (prod)", 23, "M\xc3\xbcller & S\xc3\xb6hne (prod)",
	      false);
}
END_TEST

START_TEST(every_offending_byte_is_written_in_hex)
{
	legal("a\x1b[31mb", 7, "a%1B[31mb", true);
	legal("a\0b", 3, "a%00b", true);
	legal("x\xe2\x80\xaey", 5, "x%E2%80%AEy", true); /* U+202E turns the rest around */
	legal("\xff\xfe", 2, "%FF%FE", true);
	legal("\xc0\x80", 2, "%C0%80", true); /* not the shortest form */
	legal(" a b ", 5, "%20a b%20", true);
	legal("  ", 2, "%20%20", true);
}
END_TEST

START_TEST(what_cannot_be_made_legal_is_refused)
{
	char longer[256], controls[90];
	memset(longer, 'x', sizeof(longer));
	memset(controls, 1, sizeof(controls));
	ck_assert_ptr_null(kst_alias_legal("", 0, NULL));
	ck_assert_ptr_null(kst_alias_legal(longer, 256, NULL));
	ck_assert_ptr_null(kst_alias_legal(controls, sizeof(controls), NULL));
	char *most = kst_alias_legal(longer, 255, NULL);
	ck_assert_ptr_nonnull(most);
	kst_free(most);
}
END_TEST

static void derives(const char *cn, const char *dns, bool key, const char *want)
{
	struct party p = party_new(cn, dns, !key, NULL);
	struct kst_entry *e = party_entry(NULL, key ? &p : NULL, PARTIES(&p));
	char *alias = kst_alias_derive(e);
	ck_assert_str_eq(alias, want);
	ck_assert(kst_alias_ok(alias, strlen(alias), 255));
	kst_free(alias);
	kst_entry_free(e);
	party_free(&p);
}

START_TEST(a_key_is_called_after_its_first_host_a_ca_after_its_name)
{
	derives("x", "DNS:api.acme.test,DNS:b.test", true, "api.acme.test");
	derives("x", "IP:10.0.0.1,DNS:b.test", true, "b.test");
	derives("x", "DNS:*.acme.test", true, "acme.test");
	derives("Jane Doe", NULL, true, "jane-doe");
	derives("ACME Corp -- Root CA (G2)", NULL, false, "acme-corp-root-ca-g2");
	derives("ACME", "DNS:ca.test", false, "acme");
	derives("M\xc3\x9cLLER\xe2\x80\xae", NULL, false, "m\xc3\xbcller");
	derives("???", NULL, false, "entry");
}
END_TEST

START_TEST(without_a_certificate_there_is_still_a_name)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	char *alias = kst_alias_derive(e);
	ck_assert_str_eq(alias, "entry");
	kst_free(alias);
	kst_entry_free(e);
}
END_TEST

static bool taken(void *ctx, const char *alias)
{
	for (const char *const *t = ctx; *t; t++)
		if (strcmp(*t, alias) == 0)
			return true;
	return false;
}

static void unique(const char *base, const uint8_t *sha256, const char *const *t, const char *want)
{
	char *alias = kst_alias_unique(base, sha256, taken, (void *)t);
	ck_assert_str_eq(alias, want);
	kst_free(alias);
}

START_TEST(a_suffix_comes_only_where_the_name_is_taken)
{
	static const uint8_t sha256[32] = { 0xec, 0xb4, 0xa0, 0x00, 0xa9 };
	unique("ca", sha256, (const char *[]){ NULL }, "ca");
	unique("ca", sha256, (const char *[]){ "ca", NULL }, "ca-ecb4a000");
	unique("ca", sha256, (const char *[]){ "ca", "ca-ecb4a000", NULL }, "ca-2");
	unique("ca", NULL, (const char *[]){ "ca", "ca-2", NULL }, "ca-3");
}
END_TEST

START_TEST(a_suffix_never_makes_an_alias_too_long_or_cuts_a_character)
{
	char base[256];
	memset(base, 'x', 253);
	memcpy(base + 251, "\xe2\x82\xac", 4); /* three bytes of a euro sign at 251 */
	char *alias = kst_alias_unique(base, NULL, taken, (void *)(const char *[]){ base, NULL });
	ck_assert_uint_eq(strlen(alias), 253);
	ck_assert(kst_alias_ok(alias, strlen(alias), 255));
	kst_free(alias);
}
END_TEST

Suite *test_alias(void);
Suite *test_alias(void)
{
	Suite *s = suite_create("alias");
	TCase *t = tcase_create("legal");
	tcase_add_test(t, a_legal_alias_is_never_changed);
	tcase_add_test(t, every_offending_byte_is_written_in_hex);
	tcase_add_test(t, what_cannot_be_made_legal_is_refused);
	suite_add_tcase(s, t);
	t = tcase_create("derived");
	tcase_add_test(t, a_key_is_called_after_its_first_host_a_ca_after_its_name);
	tcase_add_test(t, without_a_certificate_there_is_still_a_name);
	suite_add_tcase(s, t);
	t = tcase_create("unique");
	tcase_add_test(t, a_suffix_comes_only_where_the_name_is_taken);
	tcase_add_test(t, a_suffix_never_makes_an_alias_too_long_or_cuts_a_character);
	suite_add_tcase(s, t);
	return s;
}
