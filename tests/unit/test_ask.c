/* SPDX-License-Identifier: ISC */
/* test_ask.c - asking for passphrases until one opens */
#include <check.h>
#include <string.h>

#include "kstool/ask.h"

struct script {
	const char *const *answer; /* NULL-terminated; "!" fails */
	enum kst_ask_source source;
	unsigned asked, attempts[16];
};

static int ask(void *ctx, const struct kst_question *q, struct kst_secret *out,
	       enum kst_ask_source *source, struct kst_error *err)
{
	struct script *s = ctx;
	s->attempts[s->asked] = q->attempt;
	const char *a = s->answer[s->asked];
	if (!a)
		return 1;
	s->asked++;
	if (strcmp(a, "!") == 0)
		return kst_error_setx(err, KST_E_NO_TERMINAL, "no terminal");
	*source = s->source;
	return kst_secret_set(out, a, strlen(a), err);
}

static unsigned tries;

/* "right" opens, "boom" breaks, anything else is wrong and leaves an error behind. */
static int try(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	(void)ctx;
	tries++;
	if (pass->len == 5 && memcmp(pass->data, "right", 5) == 0)
		return 0;
	if (pass->len == 4 && memcmp(pass->data, "boom", 4) == 0)
		return kst_error_setx(err, KST_E_CORRUPT, "broken");
	kst_error_setx(err, KST_E_INTERNAL, "left behind by a wrong answer");
	return 1;
}

static int run(struct script *s, enum kst_ask what, const char *first, struct kst_secret *keep,
	       enum kst_ask_source *source, struct kst_error *err)
{
	struct kst_asker asker = { ask, s };
	struct kst_question q = { .what = what, .path = "app.p12", .alias = "web" };
	struct kst_secret f KST_SCRATCH_SECRET = KST_SECRET_INIT;
	tries = 0;
	if (first)
		ck_assert_int_eq(kst_secret_set(&f, first, strlen(first), NULL), 0);
	return kst_ask_until(&asker, &q, first ? &f : NULL, try, NULL, keep, source, err);
}

START_TEST(the_answer_that_opens_is_kept_with_its_source)
{
	struct script s = { (const char *[]){ "wrong", "right", NULL }, KST_SOURCE_EMPTY, 0, { 0 } };
	struct kst_secret keep KST_SCRATCH_SECRET = KST_SECRET_INIT;
	enum kst_ask_source source = KST_SOURCE_NONE;
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(run(&s, KST_ASK_STORE, NULL, &keep, &source, &err), 0);
	ck_assert_int_eq(err.code, KST_OK);
	ck_assert_uint_eq(keep.len, 5);
	ck_assert_int_eq(source, KST_SOURCE_EMPTY);
	ck_assert_uint_eq(s.attempts[0], 0);
	ck_assert_uint_eq(s.attempts[1], 1);
}
END_TEST

START_TEST(wrong_answers_end_as_wrong_passphrase)
{
	struct script s = { (const char *[]){ "a", "b", NULL }, KST_SOURCE_GIVEN, 0, { 0 } };
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(run(&s, KST_ASK_STORE, NULL, NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_WRONG_PASSPHRASE);
	ck_assert_str_eq(err.subject, "app.p12");
	ck_assert_uint_eq(tries, 2);
}
END_TEST

START_TEST(public_defaults_that_fail_are_no_mistake_of_the_user)
{
	struct script s = { (const char *[]){ "", "changeit", NULL }, KST_SOURCE_CHANGEIT, 0, { 0 } };
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(run(&s, KST_ASK_STORE, NULL, NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_PASSPHRASE_NEEDED);
}
END_TEST

START_TEST(nobody_to_ask_means_that_a_passphrase_is_needed)
{
	struct kst_question q = { .what = KST_ASK_STORE, .path = "x" };
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(kst_ask_until(NULL, &q, NULL, try, NULL, NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_PASSPHRASE_NEEDED);
}
END_TEST

START_TEST(the_store_passphrase_is_tried_on_a_key_before_anybody_is_asked)
{
	struct script s = { (const char *[]){ "never", NULL }, KST_SOURCE_GIVEN, 0, { 0 } };
	ck_assert_int_eq(run(&s, KST_ASK_KEY, "right", NULL, NULL, NULL), 0);
	ck_assert_uint_eq(s.asked, 0);
}
END_TEST

START_TEST(a_key_that_stays_shut_is_named)
{
	struct script s = { (const char *[]){ NULL }, KST_SOURCE_GIVEN, 0, { 0 } };
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(run(&s, KST_ASK_KEY, "store", NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_WRONG_KEY_PASSPHRASE);
	ck_assert_ptr_nonnull(strstr(err.message, "web"));
}
END_TEST

START_TEST(a_wrong_key_file_has_its_own_code)
{
	struct script s = { (const char *[]){ "k", NULL }, KST_SOURCE_GIVEN, 0, { 0 } };
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(run(&s, KST_ASK_KEY_FILE, NULL, NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_WRONG_KEY_FILE);
}
END_TEST

START_TEST(an_error_of_the_asker_or_of_the_try_ends_it_at_once)
{
	struct script no = { (const char *[]){ "!", "right", NULL }, KST_SOURCE_GIVEN, 0, { 0 } };
	struct script boom = { (const char *[]){ "boom", "right", NULL }, KST_SOURCE_GIVEN, 0, { 0 } };
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_int_eq(run(&no, KST_ASK_STORE, NULL, NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_NO_TERMINAL);
	kst_error_clear(&err);
	ck_assert_int_eq(run(&boom, KST_ASK_STORE, NULL, NULL, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_CORRUPT);
	ck_assert_uint_eq(tries, 1);
}
END_TEST

static int endless(void *ctx, const struct kst_question *q, struct kst_secret *out,
		   enum kst_ask_source *source, struct kst_error *err)
{
	(void)ctx;
	(void)q;
	*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, "x", 1, err);
}

START_TEST(an_asker_that_never_ends_is_ended)
{
	struct kst_asker asker = { endless, NULL };
	struct kst_question q = { .what = KST_ASK_STORE, .path = "x" };
	tries = 0;
	ck_assert_int_eq(kst_ask_until(&asker, &q, NULL, try, NULL, NULL, NULL, NULL), -1);
	ck_assert_uint_le(tries, 1000);
}
END_TEST

Suite *test_ask(void);
Suite *test_ask(void)
{
	Suite *s = suite_create("ask");
	TCase *t = tcase_create("until");
	tcase_add_test(t, the_answer_that_opens_is_kept_with_its_source);
	tcase_add_test(t, wrong_answers_end_as_wrong_passphrase);
	tcase_add_test(t, public_defaults_that_fail_are_no_mistake_of_the_user);
	tcase_add_test(t, nobody_to_ask_means_that_a_passphrase_is_needed);
	tcase_add_test(t, the_store_passphrase_is_tried_on_a_key_before_anybody_is_asked);
	tcase_add_test(t, a_key_that_stays_shut_is_named);
	tcase_add_test(t, a_wrong_key_file_has_its_own_code);
	tcase_add_test(t, an_error_of_the_asker_or_of_the_try_ends_it_at_once);
	tcase_add_test(t, an_asker_that_never_ends_is_ended);
	suite_add_tcase(s, t);
	return s;
}
