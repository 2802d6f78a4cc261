/* SPDX-License-Identifier: ISC */
/* verify_words.c - what checks and reasons are called, from checks.def */
#include <string.h>

#include "verify/path.h"

static const struct {
	const char *slug, *title;
} checks[] = {
#define KST_CHECK(name, slug, title) { slug, title },
#include "kstool/checks.def"
};

static const struct {
	enum kst_path_check check;
	const char *slug, *meaning;
} reasons[] = {
	{ KST_CHECK_COUNT, NULL, NULL },
#define KST_REASON(name, slug, check, meaning) { KST_CHECK_##check, slug, meaning },
#include "kstool/checks.def"
};

const char *const kst_usages[] = { "any", "server", "client", "email", "code", "ca", NULL };

const char *kst_path_check_slug(enum kst_path_check check)
{
	return checks[check].slug;
}

const char *kst_path_check_title(enum kst_path_check check)
{
	return checks[check].title;
}

const char *kst_reason_slug(enum kst_reason reason)
{
	return reasons[reason].slug;
}

const char *kst_reason_meaning(enum kst_reason reason)
{
	return reasons[reason].meaning;
}

enum kst_path_check kst_reason_check(enum kst_reason reason)
{
	return reasons[reason].check;
}

enum kst_reason kst_reason_find(const char *slug)
{
	for (int i = 1; i < KST_REASON_COUNT; i++)
		if (strcmp(reasons[i].slug, slug) == 0)
			return (enum kst_reason)i;
	return KST_REASON_NONE;
}
