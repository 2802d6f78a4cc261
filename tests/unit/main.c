/* SPDX-License-Identifier: ISC */
/*
 * main.c - runs the suites of tests/unit: one test_<file>.c, one suite, each
 * with a function `Suite *test_<file>(void)`.  The list is made by make from the
 * files that are there.  CK_RUN_SUITE=name runs one of them; the argument 2/3 the
 * second of three parts, so that as many cores have something to do.
 */
#include <check.h>
#include <stdio.h>

#include "kstool/kstool.h"

#define SUITE(name) Suite *name(void);
#include "suites.def"
#undef SUITE

int main(int argc, char **argv)
{
	struct kst_error err = KST_ERROR_INIT;
	unsigned part = 1, parts = 1, nr = 0;
	if (argc > 1 && (sscanf(argv[1], "%u/%u", &part, &parts) != 2 || !part || part > parts)) {
		fprintf(stderr, "usage: %s [PART/PARTS]\n", argv[0]);
		return 2;
	}
	if (kst_init(false, &err) < 0)
		return 2;
	SRunner *r = srunner_create(NULL);
#define SUITE(name)                                                                                \
	if (nr++ % parts == part - 1)                                                              \
		srunner_add_suite(r, name());
#include "suites.def"
#undef SUITE
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
