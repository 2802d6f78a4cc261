/* SPDX-License-Identifier: ISC */
/*
 * main.c - runs the suites of tests/unit: one test_<file>.c, one suite, each
 * with a function `Suite *test_<file>(void)`.  The list is made by make from the
 * files that are there.  CK_RUN_SUITE=name runs one of them.
 */
#include <check.h>
#include <stdlib.h>

#include "kstool/kstool.h"

#define SUITE(name) Suite *name(void);
#include "suites.def"
#undef SUITE

int main(void)
{
	struct kst_error err = KST_ERROR_INIT;
	if (kst_init(false, &err) < 0)
		return 2;
	SRunner *r = srunner_create(NULL);
#define SUITE(name) srunner_add_suite(r, name());
#include "suites.def"
#undef SUITE
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
