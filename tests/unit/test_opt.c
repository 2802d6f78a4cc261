/* SPDX-License-Identifier: ISC */
/* test_opt.c - option tables: what is taken, what is refused, and what is said then */
#include <check.h>
#include <string.h>

#include "kstool/kstool.h"
#include "ui/global.h"
#include "ui/opt.h"

struct values {
	bool flag;
	int count;
	const char *text, *choice;
	struct opt_list list;
	struct opt_int number, bounded;
};

static const char *const choices[] = { "low", "default", "high", NULL };
#define AT(member) offsetof(struct values, member)
static const struct opt own[] = {
	{ "replace", 0, OPT_FLAG, AT(flag), WHAT_TEXT, NULL, "", NULL, false },
	{ "loud", 'l', OPT_COUNT, AT(count), WHAT_TEXT, NULL, "", NULL, false },
	{ "output", 'o', OPT_TEXT, AT(text), WHAT_FILE, "FILE", "", NULL, false },
	{ "extra", 'e', OPT_LIST, AT(list), WHAT_FILE, "FILE", "", NULL, false },
	{ "days", 0, OPT_INT, AT(number), WHAT_NUMBER, "N", "", NULL, false },
	{ "slot", 0, OPT_INT, AT(bounded), WHAT_NUMBER, "N", "", NULL, false },
	{ "cost", 0, OPT_CHOICE, AT(choice), WHAT_CHOICE, "C", "", choices, false },
	{ "secret-plan", 0, OPT_FLAG, AT(flag), WHAT_TEXT, NULL, "", NULL, true },
	OPT_END
};

#define WORDS 16
static struct values v;
static struct global g;
static const char *operand[WORDS];
static size_t nr;
static struct kst_error err;

/* Parse words, the last of which is NULL. */
static int parse(const char *const *word)
{
	char *argv[WORDS];
	int argc = 0;

	opt_release(own, &v);
	opt_release(global_table, &g);
	v = (struct values){ .bounded = { .min = 0, .max = 15 } };
	g = (struct global){ .help = false };
	kst_error_clear(&err);
	nr = 0;
	for (; word[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)word[argc];
	return opt_parse(argc, argv, own, &v, global_table, &g, operand, &nr, &err);
}
#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static void release(void)
{
	opt_release(own, &v);
	opt_release(global_table, &g);
}

START_TEST(options_and_operands_mix)
{
	ck_assert_int_eq(PARSE("a.p12", "--replace", "b.pem", "-o", "x", "c.pem"), 0);
	ck_assert(v.flag);
	ck_assert_str_eq(v.text, "x");
	ck_assert_uint_eq(nr, 3);
	ck_assert_str_eq(operand[0], "a.p12");
	ck_assert_str_eq(operand[2], "c.pem");
}
END_TEST

START_TEST(a_value_may_stand_behind_an_equals_sign)
{
	ck_assert_int_eq(PARSE("--output=a=b", "--days=-0"), 0);
	ck_assert_str_eq(v.text, "a=b");
	ck_assert(v.number.given);
	ck_assert_int_eq(PARSE("--output="), 0);
	ck_assert_str_eq(v.text, "");
}
END_TEST

START_TEST(a_value_may_look_like_an_option)
{
	ck_assert_int_eq(PARSE("--output", "--replace"), 0);
	ck_assert_str_eq(v.text, "--replace");
	ck_assert(!v.flag);
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	ck_assert_int_eq(PARSE("--", "--replace", "-o", "--"), 0);
	ck_assert(!v.flag);
	ck_assert_uint_eq(nr, 3);
	ck_assert_str_eq(operand[2], "--");
}
END_TEST

START_TEST(one_dash_is_an_operand)
{
	ck_assert_int_eq(PARSE("-", "-o", "-"), 0);
	ck_assert_uint_eq(nr, 1);
	ck_assert_str_eq(operand[0], "-");
	ck_assert_str_eq(v.text, "-");
}
END_TEST

START_TEST(letters_join)
{
	ck_assert_int_eq(PARSE("-lqvvo", "f", "-ofile"), 0);
	ck_assert_int_eq(v.count, 1);
	ck_assert(g.quiet);
	ck_assert_int_eq(g.verbose, 2);
	ck_assert_str_eq(v.text, "file");
}
END_TEST

START_TEST(a_list_keeps_every_value_in_order)
{
	ck_assert_int_eq(PARSE("-e", "a", "--extra=b", "-ec", "--pass", "stdin"), 0);
	ck_assert_uint_eq(v.list.nr, 3);
	ck_assert_str_eq(v.list.item[0], "a");
	ck_assert_str_eq(v.list.item[2], "c");
	ck_assert_ptr_null(v.list.item[3]);
	ck_assert_uint_eq(g.pass.nr, 1);
}
END_TEST

START_TEST(an_abbreviation_is_no_option)
{
	ck_assert_int_eq(PARSE("--repl"), -1);
	ck_assert_int_eq(err.code, KST_E_UNKNOWN_OPTION);
	ck_assert_int_eq(PARSE("--replacee"), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "did you mean \"--replace\"?"));
	ck_assert_int_eq(PARSE("--jsn"), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "did you mean \"--json\"?"));
}
END_TEST

START_TEST(a_hidden_option_is_not_suggested)
{
	ck_assert_int_eq(PARSE("--secret-pla"), -1);
	ck_assert_ptr_null(strstr(err.message, "did you mean"));
	ck_assert_int_eq(PARSE("--secret-plan"), 0);
}
END_TEST

START_TEST(the_value_of_an_unknown_option_is_never_repeated)
{
	ck_assert_int_eq(PARSE("--storepass=hunter2"), -1);
	ck_assert_ptr_null(strstr(err.message, "hunter2"));
	ck_assert_ptr_null(strstr(err.hint, "hunter2"));
	ck_assert_ptr_nonnull(strstr(err.hint, "--pass"));
}
END_TEST

/* keytool and openssl write long options with one dash: -out must not become -o ut. */
START_TEST(another_tools_single_dash_takes_no_effect)
{
	ck_assert_int_eq(PARSE("-out", "f.pem"), -1);
	ck_assert_int_eq(err.code, KST_E_UNKNOWN_OPTION);
	ck_assert_ptr_null(v.text);
	ck_assert_int_eq(PARSE("-output", "f.pem"), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "--output"));
	ck_assert_int_eq(PARSE("-qzz"), -1);
	ck_assert(!g.quiet);
}
END_TEST

START_TEST(a_flag_takes_no_value_and_a_value_is_not_left_out)
{
	ck_assert_int_eq(PARSE("--replace=yes"), -1);
	ck_assert_int_eq(err.code, KST_E_USAGE);
	ck_assert_int_eq(PARSE("--output"), -1);
	ck_assert_int_eq(err.code, KST_E_USAGE);
	ck_assert_int_eq(PARSE("-o"), -1);
	ck_assert_int_eq(err.code, KST_E_USAGE);
}
END_TEST

START_TEST(a_choice_is_one_of_its_words)
{
	ck_assert_int_eq(PARSE("--cost", "high"), 0);
	ck_assert_ptr_eq(v.choice, choices[2]);
	ck_assert_int_eq(PARSE("--cost", "hihg"), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	ck_assert_ptr_nonnull(strstr(err.message, "did you mean \"high\"?"));
	ck_assert_ptr_nonnull(strstr(err.hint, "low default high"));
}
END_TEST

START_TEST(a_number_is_a_whole_number_within_its_bounds)
{
	static const char *const bad[] = { "",	" 1", "+1", "1x", "0x10", "9999999999999999999999",
					   "-1" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_eq(PARSE("--days", bad[i]), -1);
		ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
		ck_assert(!v.number.given);
	}
	ck_assert_int_eq(PARSE("--days", "90", "--slot", "15"), 0);
	ck_assert_int_eq(v.number.value, 90);
	ck_assert_int_eq(PARSE("--slot", "16"), -1);
}
END_TEST

START_TEST(the_verb_is_found_behind_global_options)
{
	char *const argv[] = { "kstool", "--pass", "file:x", "-q", "--color=never", "list", "a" };
	char *const none[] = { "kstool", "--json", "--pass", "stdin" };

	ck_assert_int_eq(global_verb(7, argv), 5);
	ck_assert_int_eq(global_verb(4, none), 4);
	ck_assert(global_peek(4, none, "json"));
	ck_assert(!global_peek(7, argv, "json"));
}
END_TEST

START_TEST(a_value_is_found_before_the_parse)
{
	char *const argv[] = { "kstool", "--color", "always", "--colors", "x", "--color=never",
			       "--",	 "--color",	"auto" };
	char *const last[] = { "kstool", "list", "--color" };

	ck_assert_str_eq(global_peek_value(3, argv, "color"), "always");
	ck_assert_str_eq(global_peek_value(9, argv, "color"), "never");
	ck_assert_ptr_null(global_peek_value(9, argv, "layout"));
	ck_assert_ptr_null(global_peek_value(3, last, "color"));
}
END_TEST

START_TEST(sizes_have_units)
{
	unsigned long long n = 0;

	ck_assert_int_eq(global_parse_size("512M", &n), 0);
	ck_assert_uint_eq(n, 512ull << 20);
	ck_assert_int_eq(global_parse_size("64KiB", &n), 0);
	ck_assert_uint_eq(n, 65536);
	ck_assert_int_eq(global_parse_size("7", &n), 0);
	ck_assert_uint_eq(n, 7);
	ck_assert_int_eq(global_parse_size("", &n), -1);
	ck_assert_int_eq(global_parse_size("-1", &n), -1);
	ck_assert_int_eq(global_parse_size("1Q", &n), -1);
	ck_assert_int_eq(global_parse_size("99999999999T", &n), -1);
}
END_TEST

START_TEST(every_global_option_stands_in_the_struct_once)
{
	for (const struct opt *o = global_table; o->name; o++) {
		ck_assert_uint_lt(o->offset, sizeof(struct global));
		ck_assert(o->help && *o->help && o->help[strlen(o->help) - 1] != '.');
		for (const struct opt *p = o + 1; p->name; p++) {
			ck_assert_str_ne(o->name, p->name);
			ck_assert_uint_ne(o->offset, p->offset);
			ck_assert(!o->letter || o->letter != p->letter);
		}
	}
}
END_TEST

Suite *test_opt(void);
Suite *test_opt(void)
{
	Suite *s = suite_create("opt");
	TCase *t = tcase_create("opt");

	tcase_add_unchecked_fixture(t, NULL, release);
	tcase_add_test(t, options_and_operands_mix);
	tcase_add_test(t, a_value_may_stand_behind_an_equals_sign);
	tcase_add_test(t, a_value_may_look_like_an_option);
	tcase_add_test(t, two_dashes_end_the_options);
	tcase_add_test(t, one_dash_is_an_operand);
	tcase_add_test(t, letters_join);
	tcase_add_test(t, a_list_keeps_every_value_in_order);
	tcase_add_test(t, an_abbreviation_is_no_option);
	tcase_add_test(t, a_hidden_option_is_not_suggested);
	tcase_add_test(t, the_value_of_an_unknown_option_is_never_repeated);
	tcase_add_test(t, another_tools_single_dash_takes_no_effect);
	tcase_add_test(t, a_flag_takes_no_value_and_a_value_is_not_left_out);
	tcase_add_test(t, a_choice_is_one_of_its_words);
	tcase_add_test(t, a_number_is_a_whole_number_within_its_bounds);
	tcase_add_test(t, the_verb_is_found_behind_global_options);
	tcase_add_test(t, a_value_is_found_before_the_parse);
	tcase_add_test(t, sizes_have_units);
	tcase_add_test(t, every_global_option_stands_in_the_struct_once);
	suite_add_tcase(s, t);
	return s;
}
