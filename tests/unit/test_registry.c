/* SPDX-License-Identifier: ISC */
/* test_registry.c - the table of formats keeps its own promises */
#include <check.h>
#include <string.h>

#include "kstool/kstool.h"

START_TEST(every_capability_has_its_function)
{
	for (const struct kst_format *const *p = kst_formats(); *p; p++) {
		const struct kst_format *f = *p;
		ck_assert_msg(f->name && f->to && f->title && f->suffixes && f->probe,
			      "%s: a field is missing", f->name);
		ck_assert_msg(!!(f->caps & KST_CAP_READ) == (f->read != NULL), "%s: read", f->name);
		ck_assert_msg(!!(f->caps & KST_CAP_WRITE) == (f->write != NULL), "%s: write",
			      f->name);
		ck_assert_msg(!!(f->caps & KST_CAP_NATIVE) == (f->native != NULL), "%s: native",
			      f->name);
		/* What load() needs: a head for each, and a close for the state. */
		ck_assert_msg(!f->load || (f->head && f->close), "%s: load", f->name);
		ck_assert_msg(!f->find || f->load, "%s: find", f->name);
		ck_assert_msg(!(f->caps & KST_CAP_CHAINS) || (f->caps & KST_CAP_KEYS),
			      "%s: chains without keys", f->name);
		ck_assert_msg(!(f->caps & KST_CAP_ALIAS_CASE) || (f->caps & KST_CAP_ALIASES),
			      "%s: case without aliases", f->name);
	}
}
END_TEST

START_TEST(a_native_format_has_all_functions_of_one)
{
	for (const struct kst_format *const *p = kst_formats(); *p; p++) {
		const struct kst_native_ops *n = (*p)->native;
		if (!n)
			continue;
		ck_assert(n->slots && n->slot_add && n->slot_remove && n->passwd && n->rekey);
		ck_assert(n->opened_slot && n->changed && n->check && n->repair);
		ck_assert(n->same_version && n->restore);
	}
}
END_TEST

START_TEST(names_are_unique_and_found)
{
	for (const struct kst_format *const *p = kst_formats(); *p; p++) {
		ck_assert_ptr_eq(kst_format_by_name((*p)->name), *p);
		ck_assert_ptr_eq(kst_format_by_name((*p)->to), *p);
	}
	ck_assert_ptr_null(kst_format_by_name("floppy"));
	ck_assert_ptr_null(kst_format_by_name(""));
}
END_TEST

START_TEST(the_last_suffix_of_the_file_name_tells)
{
	const struct kst_format *p12 = kst_format_by_name("p12");
	ck_assert_ptr_eq(kst_format_by_path("app.p12"), p12);
	ck_assert_ptr_eq(kst_format_by_path("dir.pem/app.PFX"), p12);
	ck_assert_ptr_eq(kst_format_by_name("pfx"), p12);
	ck_assert_ptr_eq(kst_format_by_path("a.p12.kst"), kst_format_by_name("kst"));
	ck_assert_ptr_null(kst_format_by_path("dir.p12/app"));
	ck_assert_ptr_null(kst_format_by_path(".p12"));
	ck_assert_ptr_null(kst_format_by_path("p12"));
}
END_TEST

START_TEST(nobody_bids_for_noise)
{
	uint8_t noise[256];
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 167 + 13);
	ck_assert_ptr_null(kst_format_probe(noise, sizeof(noise), true));
	for (size_t n = 1; n < 64; n++)
		ck_assert_ptr_null(kst_format_probe(noise, n, true));
}
END_TEST

Suite *test_registry(void);
Suite *test_registry(void)
{
	Suite *s = suite_create("registry");
	TCase *t = tcase_create("table");
	tcase_add_test(t, every_capability_has_its_function);
	tcase_add_test(t, a_native_format_has_all_functions_of_one);
	tcase_add_test(t, names_are_unique_and_found);
	tcase_add_test(t, the_last_suffix_of_the_file_name_tells);
	tcase_add_test(t, nobody_bids_for_noise);
	suite_add_tcase(s, t);
	return s;
}
