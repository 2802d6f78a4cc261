/* SPDX-License-Identifier: ISC */
/* test_page.c - the manual: every error explained, every command a page, scdoc in and out */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/page.h"
#include "ui/scd.h"

static struct kst_buf b = KST_BUF_INIT;

static struct kst_bytes view(const char *text)
{
	return (struct kst_bytes){ (const uint8_t *)text, strlen(text) };
}

static const char *text(void)
{
	return b.data ? (const char *)b.data : "";
}

static void clean(void)
{
	kst_buf_release(&b);
}

/* What a page looks like on a terminal of 80 cells. */
static void show(struct kst_bytes page)
{
	FILE *file = tmpfile();
	char line[4096];
	struct out_options opt = { .color = "never", .fd = fileno(file), .err_fd = 2 };
	struct out *o = out_new(&opt);
	size_t n;

	ck_assert_ptr_nonnull(o);
	scd_show(o, page);
	ck_assert_int_eq(out_finish(o, 0), 0);
	out_free(o);
	rewind(file);
	while ((n = fread(line, 1, sizeof(line), file)) > 0)
		kst_buf_put(&b, line, n);
	fclose(file);
}

/* ---- the language ---- */

START_TEST(escaped_text_comes_back)
{
	static const char hostile[] = "*a* _b_ c_d \\e `f` #g [h] |i <j> ~k";
	struct kst_buf e KST_SCRATCH_BUF = KST_BUF_INIT;

	scd_escape(&e, hostile);
	scd_strip(&b, (const char *)e.data, e.len);
	ck_assert_str_eq(text(), hostile);
}
END_TEST

START_TEST(options_in_words_are_bold)
{
	static const char words[] = "say --yes, or --plain-key; a -- b and x--y stay";

	scd_words(&b, words, strlen(words));
	ck_assert_str_eq(text(), "say *--yes*, or *--plain-key*; a -- b and x--y stay");
}
END_TEST

START_TEST(a_section_ends_at_its_equal_or_above)
{
	const struct kst_bytes page =
		view("# A\none\n## x\ntwo\n### y\nthree\n## z\nfour\n# B\nfive\n");
	struct kst_bytes s = scd_section(page, "## x");

	kst_buf_put(&b, s.data, s.len);
	ck_assert_str_eq(text(), "two\n### y\nthree\n");
	kst_buf_reset(&b);
	s = scd_section(page, "# A");
	kst_buf_put(&b, s.data, s.len);
	ck_assert_str_eq(text(), "one\n## x\ntwo\n### y\nthree\n## z\nfour\n");
	ck_assert_uint_eq(scd_section(page, "## nothing").len, 0);
	ck_assert_uint_eq(scd_section((struct kst_bytes){ NULL, 0 }, "# A").len, 0);
}
END_TEST

START_TEST(a_page_on_a_terminal)
{
	show(view(
		"# NAME\n\nfoo - bar\n\n# OPTIONS\n\n*-o*, *--output* FILE\n\twhere it\n\tgoes++\n"
		"or not\n\n*--x*\n\tshort\n\nA paragraph that is long enough to be wrapped because "
		"it "
		"has more than eighty characters.\n\n- one\n- two\n  more\n\n```\nls  *\n```\n"));
	ck_assert_str_eq(text(),
			 "NAME\n  foo - bar\n\nOPTIONS\n"
			 "  -o, --output FILE  where it goes\n"
			 "                     or not\n"
			 "  --x                short\n\n"
			 "  A paragraph that is long enough to be wrapped because it has more than "
			 "eighty\n  characters.\n\n"
			 "  - one\n  - two more\n\n    ls  *\n");
}
END_TEST

START_TEST(nothing_is_read_past_a_page)
{
	static const char *const odd[] = { "",	"\n",  "#",	"# ", "##",	"*",	"\\",
					   "_", "```", "```\n", "- ", "a\n\tb", "\t\t", "++" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		size_t n = strlen(odd[i]);
		uint8_t *copy = kst_malloc(n ? n : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, odd[i], n);
		show((struct kst_bytes){ copy, n });
		scd_body((struct kst_bytes){ copy, n });
		kst_free(copy);
	}
}
END_TEST

/* ---- the pages ---- */

START_TEST(every_error_is_explained)
{
	for (int c = 1; c < KST_CODE_COUNT; c++) {
		const char *slug = kst_code_slug((enum kst_code)c), *own;

		kst_buf_reset(&b);
		page_of_error((enum kst_code)c, &b);
		/* What errors.def knows is the first paragraph; the rest stands in src/man. */
		own = strstr(text(), ").\n");
		ck_assert_msg(own && strspn(own + 3, " \n") < strlen(own + 3),
			      "src/man/kstool-errors.7.scd has no \"## %s\"", slug);
	}
}
END_TEST

START_TEST(nothing_is_explained_that_is_no_error)
{
	size_t nr = 0;

	ck_assert(page_of_topic("errors", &b));
	for (char *save = NULL, *l = strtok_r((char *)b.data, "\n", &save); l;
	     l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, "## ", 3))
			continue;
		nr++;
		ck_assert_msg(kst_code_find(l + 3) != KST_OK, "no error \"%s\"", l + 3);
	}
	ck_assert_uint_eq(nr, KST_CODE_COUNT - 1);
}
END_TEST

START_TEST(every_command_has_a_page)
{
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		if ((*c)->group == GROUP_HIDDEN)
			continue;
		ck_assert_msg((*c)->summary && (*c)->help && (*c)->exits, "%s", (*c)->name);
		ck_assert_msg((*c)->examples && (*c)->examples->line, "%s has no example",
			      (*c)->name);
		kst_buf_reset(&b);
		page_of_command(*c, &b);
		ck_assert_ptr_nonnull(strstr(text(), "\n# EXAMPLES\n"));
		for (const struct opt *o = (*c)->opts; o && o->name; o++)
			if (!o->hidden)
				ck_assert_msg(o->help && *o->help, "%s --%s", (*c)->name, o->name);
	}
}
END_TEST

START_TEST(every_topic_says_what_it_is)
{
	size_t i = 0;

	for (; page_topic(i, NULL); i++) {
		kst_buf_reset(&b);
		page_topic(i, &b);
		ck_assert_msg(b.len > 0, "%s", page_topic(i, NULL));
	}
	ck_assert_uint_gt(i, 8);
	ck_assert(!page_of_topic("nonsense", &b));
	ck_assert(!page_source("kstool-nonsense.1", &b));
}
END_TEST

Suite *test_page(void)
{
	Suite *s = suite_create("page");
	TCase *tc = tcase_create("page");

	tcase_add_checked_fixture(tc, NULL, clean);
	tcase_add_test(tc, escaped_text_comes_back);
	tcase_add_test(tc, options_in_words_are_bold);
	tcase_add_test(tc, a_section_ends_at_its_equal_or_above);
	tcase_add_test(tc, a_page_on_a_terminal);
	tcase_add_test(tc, nothing_is_read_past_a_page);
	tcase_add_test(tc, every_error_is_explained);
	tcase_add_test(tc, nothing_is_explained_that_is_no_error);
	tcase_add_test(tc, every_command_has_a_page);
	tcase_add_test(tc, every_topic_says_what_it_is);
	suite_add_tcase(s, tc);
	return s;
}
