/* SPDX-License-Identifier: ISC */
/* test_ask_cli.c - where passphrases come from, in which order, and what is refused (cli.md 4.4) */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kstool/kstool.h"
#include "ui/ask_cli.h"

static struct global g;
static struct out *o;
static struct ask_cli *a;
static struct kst_asker asker;
static struct kst_error err;
static char dir[32], path[4][64];
static const char *items[4];
static FILE *talk;

static void setup(void)
{
	struct out_options opt = { .mode = OUT_TEXT };

	strcpy(dir, "/tmp/kstool-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (int i = 0; i < 4; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%d", dir, i);
	talk = tmpfile();
	opt.fd = opt.err_fd = fileno(talk);
	o = out_new(&opt);
	memset(&g, 0, sizeof(g));
	memset(items, 0, sizeof(items));
	g.no_input = true; /* a test has nobody to ask */
	kst_error_clear(&err);
	unsetenv("KSTOOL_PASS_FILE");
	a = NULL;
}

static void teardown(void)
{
	ask_cli_free(a);
	out_free(o);
	fclose(talk);
	for (int i = 0; i < 4; i++)
		unlink(path[i]);
	rmdir(dir);
}

static void make_file(int i, const char *text, size_t n, mode_t mode)
{
	int fd = open(path[i], O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static const char *file_source(int i)
{
	static char text[4][300];

	snprintf(text[i], sizeof(text[i]), "file:%s", path[i]);
	return text[i];
}

static struct opt_list list(const char *one, const char *two)
{
	items[0] = one;
	items[1] = two;
	return (struct opt_list){ items, two ? 2 : 1 };
}

static int make(void)
{
	int ret = ask_cli_new(&a, &g, o, &err);

	if (ret == 0)
		asker = ask_cli_asker(a);
	return ret;
}

static enum kst_ask_source source;

/* Ask; on success the answer must be `want`. */
static int ask(enum kst_ask what, const char *file, unsigned attempt, bool public, const char *want)
{
	struct kst_question q = { .what = what,
				  .path = file,
				  .format = "PKCS#12",
				  .attempt = attempt,
				  .public_defaults = public };
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;
	int ret = asker.ask(asker.ctx, &q, &s, &source, &err);

	if (ret == 0 && want) {
		ck_assert_uint_eq(s.len, strlen(want));
		ck_assert(!s.len || !memcmp(s.data, want, s.len));
	}
	return ret;
}

START_TEST(a_literal_is_refused_and_not_repeated)
{
	static const char *const bad[] = { "hunter2",	  "pass:hunter2", "file:",     "fd:x",
					   "fd:-1",	  "env:",	  "a=hunter2", "",
					   "gen:hunter2", "PROMPT" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		kst_error_clear(&err);
		g.pass = list(bad[i], NULL);
		ck_assert_int_eq(make(), -1);
		ck_assert_int_eq(err.code, strncmp(bad[i], "gen:", 4) ? KST_E_SECRET_IN_ARGV
								      : KST_E_BAD_VALUE);
		ck_assert_ptr_null(strstr(err.message, "hunter2"));
		ck_assert_ptr_null(strstr(err.hint, "hunter2"));
		ck_assert_str_eq(err.subject, "--pass");
	}
}
END_TEST

START_TEST(the_first_line_counts_without_its_end)
{
	static const struct {
		const char *text;
		size_t n;
		const char *want;
	} cases[] = { { "secret", 6, "secret" },
		      { "secret\n", 7, "secret" },
		      { "secret\r\nmore\n", 13, "secret" },
		      { " a b \nx", 7, " a b " },
		      { "a\rb\n", 4, "a\rb" },
		      { "\n", 1, "" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		make_file(0, cases[i].text, cases[i].n, 0600);
		g.pass = list(file_source(0), NULL);
		ck_assert_int_eq(make(), 0);
		ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, true, cases[i].want), 0);
		ck_assert_int_eq(source, KST_SOURCE_GIVEN);
		ask_cli_free(a);
		a = NULL;
	}
}
END_TEST

START_TEST(what_is_no_passphrase_is_refused)
{
	char big[1100];

	memset(big, 'x', sizeof(big));
	make_file(0, "a\0b\n", 4, 0600);
	make_file(1, big, 1025, 0600);
	make_file(2, "", 0, 0600);
	make_file(3, big, 1024, 0600);
	static const enum kst_code code[] = { KST_E_BAD_PASSPHRASE, KST_E_BAD_PASSPHRASE,
					      KST_E_PASSPHRASE_NEEDED };
	for (int i = 0; i < 3; i++) {
		g.pass = list(file_source(i), NULL);
		kst_error_clear(&err);
		ck_assert_int_eq(make(), 0);
		ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, NULL), -1);
		ck_assert_int_eq(err.code, code[i]);
		ck_assert_str_eq(err.subject, path[i]);
		ask_cli_free(a);
	}
	g.pass = list(file_source(3), NULL);
	kst_error_clear(&err);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, NULL), 0);
}
END_TEST

START_TEST(a_file_that_others_can_read_is_refused)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0666 };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		make_file(0, "secret\n", 7, modes[i]);
		g.pass = list(file_source(0), NULL);
		kst_error_clear(&err);
		g.insecure_permissions = false;
		ck_assert_int_eq(make(), 0);
		/* Where /tmp is a tmpfs and the test is root, this is how containers get secrets.
		 */
		if (ask(KST_ASK_STORE, "a.p12", 0, false, "secret") == 0)
			ck_assert(geteuid() == 0 && !(modes[i] & 022));
		else
			ck_assert_int_eq(err.code, KST_E_PERMISSIONS);
		ask_cli_free(a);
		g.insecure_permissions = true;
		kst_error_clear(&err);
		ck_assert_int_eq(make(), 0);
		ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "secret"), 0);
		ask_cli_free(a);
		a = NULL;
	}
}
END_TEST

START_TEST(one_descriptor_gives_each_option_its_line)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(dup2(fd[0], 50), 50);
	ck_assert_int_eq(write(fd[1], "old\nnewpassphrase\nrest", 22), 22);
	close(fd[1]);
	g.pass = list("fd:50", NULL);
	static const char *const new_item[] = { "fd:50", NULL };
	g.new_pass = (struct opt_list){ (const char **)(uintptr_t)new_item, 1 };
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "old"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "b.p12", 0, false, "old"), 0);
	ck_assert_int_eq(ask(KST_ASK_NEW_STORE, "c.p12", 0, false, "newpassphrase"), 0);
	char rest[8];
	ck_assert_int_eq(read(50, rest, sizeof(rest)), 4);
}
END_TEST

START_TEST(a_variable_is_removed_after_reading)
{
	static const char *const new_item[] = { "env:KSTOOL_TEST_PASS", NULL };

	setenv("KSTOOL_TEST_PASS", "from the environment", 1);
	g.pass = list("env:KSTOOL_TEST_PASS", NULL);
	g.new_pass = (struct opt_list){ (const char **)(uintptr_t)new_item, 1 };
	ck_assert_int_eq(make(), 0);
	ck_assert_ptr_nonnull(getenv("KSTOOL_TEST_PASS"));
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "from the environment"), 0);
	ck_assert_ptr_null(getenv("KSTOOL_TEST_PASS"));
	ck_assert_int_eq(ask(KST_ASK_NEW_STORE, "b.p12", 0, false, "from the environment"), 0);
}
END_TEST

START_TEST(one_passphrase_serves_all_and_several_serve_in_order)
{
	make_file(0, "first\n", 6, 0600);
	make_file(1, "second\n", 7, 0600);
	g.pass = list(file_source(0), NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "b.p12", 0, false, "first"), 0);
	ask_cli_free(a);

	g.pass = list(file_source(0), file_source(1));
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "b.p12", 0, false, "second"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "c.p12", 0, false, NULL), -1);
	ck_assert_int_eq(err.code, KST_E_PASSPHRASE_NEEDED);
}
END_TEST

START_TEST(a_passphrase_can_be_for_one_file)
{
	char named[400];

	make_file(0, "first\n", 6, 0600);
	make_file(1, "second\n", 7, 0600);
	snprintf(named, sizeof(named), "b.p12=%s", file_source(1));
	g.pass = list(named, file_source(0));
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "b.p12", 0, false, "second"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "first"), 0);
}
END_TEST

START_TEST(public_defaults_come_first_when_nothing_was_given)
{
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "cacerts", 0, true, ""), 0);
	ck_assert_int_eq(source, KST_SOURCE_EMPTY);
	ck_assert_int_eq(ask(KST_ASK_STORE, "cacerts", 1, true, "changeit"), 0);
	ck_assert_int_eq(source, KST_SOURCE_CHANGEIT);
	ck_assert_int_eq(ask(KST_ASK_STORE, "cacerts", 2, true, NULL), -1);
	ck_assert_int_eq(err.code, KST_E_PASSPHRASE_NEEDED);
	ck_assert_str_eq(err.subject, "cacerts");
	ck_assert_ptr_nonnull(strstr(err.hint, "--pass file:PATH"));
	kst_error_clear(&err);
	ck_assert_int_eq(ask(KST_ASK_STORE, "app.kst", 0, false, NULL), -1);
	ck_assert_int_eq(err.code, KST_E_PASSPHRASE_NEEDED);
}
END_TEST

START_TEST(a_wrong_answer_is_not_given_twice)
{
	make_file(0, "first\n", 6, 0600);
	g.pass = list(file_source(0), NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, true, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 1, true, NULL), 1);
	ck_assert_int_eq(ask(KST_ASK_STORE, "b.p12", 0, true, "first"), 0);
}
END_TEST

START_TEST(none_tries_nothing)
{
	g.pass = list("none", NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "cacerts", 0, true, NULL), 1);
	g.pass = (struct opt_list){ NULL, 0 };
	g.new_pass = list("none", NULL);
	ck_assert(ask_cli_no_pass(&g));
	ask_cli_free(a);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_NEW_STORE, "a.p12", 0, false, NULL), 1);
}
END_TEST

START_TEST(the_environments_file_is_used_without_pass)
{
	make_file(0, "ambient\n", 8, 0600);
	make_file(1, "given\n", 6, 0600);
	setenv("KSTOOL_PASS_FILE", path[0], 1);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "ambient"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "cacerts", 0, true, ""), 0);
	ask_cli_free(a);
	g.pass = list(file_source(1), NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, false, "given"), 0);
}
END_TEST

START_TEST(a_keys_passphrase_is_its_own_or_the_stores)
{
	static const char *key_item[2];

	make_file(0, "store\n", 6, 0600);
	make_file(1, "key\n", 4, 0600);
	g.pass = list(file_source(0), NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_KEY, "a.pem", 0, false, "store"), 0);
	ask_cli_free(a);
	key_item[0] = file_source(1);
	g.key_pass = (struct opt_list){ key_item, 1 };
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_KEY, "a.jks", 0, false, "key"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.jks", 0, false, "store"), 0);
}
END_TEST

/* The same for a key that has a name. */
static int ask_key(const char *file, const char *alias, unsigned attempt, const char *want)
{
	struct kst_question q = { .what = KST_ASK_KEY, .path = file, .alias = alias, .attempt = attempt };
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;
	int ret = asker.ask(asker.ctx, &q, &s, &source, &err);

	if (ret == 0)
		ck_assert(s.len == strlen(want) && !memcmp(s.data, want, s.len));
	return ret;
}

START_TEST(keys_of_one_file_have_several)
{
	static const char *key_item[4];
	char named[400];

	make_file(0, "one\n", 4, 0600);
	make_file(1, "two\n", 4, 0600);
	make_file(2, "api\n", 4, 0600);
	snprintf(named, sizeof(named), "api=%s", file_source(2));
	key_item[0] = file_source(0);
	key_item[1] = named;
	key_item[2] = file_source(1);
	g.key_pass = (struct opt_list){ key_item, 3 };
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask_key("a.jks", "api", 0, "api"), 0); /* and no other */
	ck_assert_int_eq(ask_key("a.jks", "api", 1, ""), 1);
	ck_assert_int_eq(ask_key("a.jks", "API", 0, "api"), 0);
	ck_assert_int_eq(ask_key("a.jks", "web", 0, "one"), 0);
	ck_assert_int_eq(ask_key("a.jks", "web", 1, "two"), 0);
	ck_assert_int_eq(ask_key("a.jks", "web", 2, ""), 1);
	ck_assert_int_eq(ask_key("b.jks", "web", 0, "two"), 0); /* the second file */
	ck_assert_int_eq(ask_key("b.jks", "web", 1, "one"), 0);
	ck_assert_int_eq(ask_key("b.jks", "web", 2, ""), 1);
}
END_TEST

START_TEST(of_several_files_some_open_with_what_everybody_knows)
{
	make_file(0, "first\n", 6, 0600);
	make_file(1, "second\n", 7, 0600);
	g.pass = list(file_source(0), NULL);
	ck_assert_int_eq(make(), 0);
	ask_cli_several(a, true);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, true, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 1, true, ""), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 2, true, "changeit"), 0);
	ck_assert_int_eq(source, KST_SOURCE_CHANGEIT);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 3, true, NULL), 1);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.kst", 0, false, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.kst", 1, false, NULL), 1);
	ask_cli_free(a);

	/* What opens with it uses up none of several. */
	g.pass = list(file_source(0), file_source(1));
	ck_assert_int_eq(make(), 0);
	ask_cli_several(a, true);
	ck_assert_int_eq(ask(KST_ASK_STORE, "cacerts", 0, true, ""), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "cacerts", 1, true, "changeit"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 0, true, ""), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 1, true, "changeit"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 2, true, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.p12", 3, true, NULL), 1);
	ck_assert_int_eq(ask(KST_ASK_STORE, "b.kst", 0, false, "second"), 0);
}
END_TEST

START_TEST(what_made_a_store_opens_it)
{
	char gen[200];

	make_file(0, "first\n", 6, 0600);
	make_file(1, "generated\n", 10, 0600);
	snprintf(gen, sizeof(gen), "gen:%s", path[1]);
	static const char *new_item[2];
	new_item[0] = gen;
	g.new_pass = (struct opt_list){ new_item, 1 };
	g.pass = list(file_source(0), NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.kst", 0, false, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.kst", 1, false, NULL), 1);
	ask_cli_ensure(a, "a.kst");
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.kst", 0, false, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.kst", 1, false, "generated"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "b.kst", 0, false, "first"), 0);
	ck_assert_int_eq(ask(KST_ASK_STORE, "b.kst", 1, false, NULL), 1);
}
END_TEST

START_TEST(what_is_in_the_way_is_said_instead_of_asking)
{
	struct kst_error why = KST_ERROR_INIT;

	kst_error_setx(&why, KST_E_EXISTS, "exists already");
	kst_error_subject(&why, "out.p12");
	ck_assert_int_eq(make(), 0);
	ask_cli_taken(a, &why);
	ck_assert_int_eq(ask(KST_ASK_STORE, "a.kst", 0, false, NULL), -1);
	ck_assert_int_eq(err.code, KST_E_EXISTS);
	ck_assert_str_eq(err.subject, "out.p12");
	kst_error_clear(&err);
	ck_assert_int_eq(ask(KST_ASK_NEW_STORE, "out.p12", 0, false, NULL), -1);
	ck_assert_int_eq(err.code, KST_E_EXISTS);
}
END_TEST

START_TEST(a_new_passphrase_is_never_that_of_the_old_file)
{
	make_file(0, "opening\n", 8, 0600);
	g.pass = list(file_source(0), NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_NEW_STORE, "a.p12", 0, false, NULL), -1);
	ck_assert_int_eq(err.code, KST_E_PASSPHRASE_NEEDED);
	ck_assert_ptr_nonnull(strstr(err.hint, "--new-pass"));
	kst_error_clear(&err);
	ask_cli_creating(a); /* ... but the one line that serves the first run and all others */
	ck_assert_int_eq(ask(KST_ASK_NEW_STORE, "a.p12", 0, false, "opening"), 0);
}
END_TEST

START_TEST(an_empty_or_short_new_passphrase_is_refused)
{
	struct kst_question q = { .what = KST_ASK_NEW_STORE, .path = "a.jks", .java_rules = true };
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;

	make_file(0, "\n", 1, 0600);
	make_file(1, "12345\n", 6, 0600);
	g.new_pass = list(file_source(0), NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_NEW_STORE, "a.p12", 0, false, NULL), -1);
	ck_assert_int_eq(err.code, KST_E_EMPTY_PASSPHRASE);
	ask_cli_free(a);
	kst_error_clear(&err);
	g.new_pass = list(file_source(1), NULL);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(ask(KST_ASK_NEW_STORE, "a.p12", 0, false, "12345"), 0);
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &s, &source, &err), -1);
	ck_assert_int_eq(err.code, KST_E_SHORT_PASSPHRASE);
}
END_TEST

START_TEST(gen_writes_a_random_one_to_a_new_private_file)
{
	struct kst_question q = { .what = KST_ASK_NEW_STORE, .path = "a.p12" };
	struct kst_secret one KST_SCRATCH_SECRET = KST_SECRET_INIT,
			      two KST_SCRATCH_SECRET = KST_SECRET_INIT;
	char gen[200], line[64] = "";
	struct stat st;
	FILE *f;

	snprintf(gen, sizeof(gen), "gen:%s", path[0]);
	g.new_pass = list(gen, NULL);
	g.dry_run = true;
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &one, &source, &err), 0);
	ck_assert_int_eq(access(path[0], F_OK), -1);
	ask_cli_free(a);

	g.dry_run = false;
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &one, &source, &err), 0);
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &two, &source, &err), 0);
	ck_assert(kst_secret_equal(&one, &two));
	ck_assert_uint_eq(one.len, 26 + 4);
	ck_assert_int_eq(stat(path[0], &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	f = fopen(path[0], "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	fclose(f);
	ck_assert_uint_eq(strlen(line), one.len + 1);
	ck_assert(!memcmp(line, one.data, one.len) && line[one.len] == '\n');
	ask_cli_free(a);

	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &two, &source, &err), -1);
	ck_assert_int_eq(err.code, KST_E_EXISTS);
}
END_TEST

START_TEST(key_files_are_made_and_read)
{
	struct kst_question q = { .what = KST_ASK_NEW_KEY_FILE, .path = "a.kst" };
	struct kst_secret one KST_SCRATCH_SECRET = KST_SECRET_INIT,
			      two KST_SCRATCH_SECRET = KST_SECRET_INIT;
	static const char *new_item[2], *old_item[2];

	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &one, &source, &err), 1);
	q.what = KST_ASK_KEY_FILE;
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &one, &source, &err), 1);
	ask_cli_free(a);

	new_item[0] = old_item[0] = path[0];
	g.new_key_file = (struct opt_list){ new_item, 1 };
	g.key_file = (struct opt_list){ old_item, 1 };
	ck_assert_int_eq(make(), 0);
	q.what = KST_ASK_NEW_KEY_FILE;
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &one, &source, &err), 0);
	ck_assert_uint_eq(one.len, 32);
	q.what = KST_ASK_KEY_FILE;
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &two, &source, &err), 0);
	ck_assert(kst_secret_equal(&one, &two));
	q.attempt = 1;
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &two, &source, &err), 1);

	make_file(1, "kstool-key-1:nonsense\n", 22, 0600);
	old_item[0] = path[1];
	q.attempt = 0;
	ask_cli_free(a);
	ck_assert_int_eq(make(), 0);
	ck_assert_int_eq(asker.ask(asker.ctx, &q, &two, &source, &err), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_KEY_FILE);
	ck_assert_str_eq(err.subject, path[1]);
}
END_TEST

Suite *test_ask_cli(void);
Suite *test_ask_cli(void)
{
	Suite *s = suite_create("ask_cli");
	TCase *t = tcase_create("ask_cli");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_literal_is_refused_and_not_repeated);
	tcase_add_test(t, the_first_line_counts_without_its_end);
	tcase_add_test(t, what_is_no_passphrase_is_refused);
	tcase_add_test(t, a_file_that_others_can_read_is_refused);
	tcase_add_test(t, one_descriptor_gives_each_option_its_line);
	tcase_add_test(t, a_variable_is_removed_after_reading);
	tcase_add_test(t, one_passphrase_serves_all_and_several_serve_in_order);
	tcase_add_test(t, a_passphrase_can_be_for_one_file);
	tcase_add_test(t, public_defaults_come_first_when_nothing_was_given);
	tcase_add_test(t, a_wrong_answer_is_not_given_twice);
	tcase_add_test(t, none_tries_nothing);
	tcase_add_test(t, the_environments_file_is_used_without_pass);
	tcase_add_test(t, a_keys_passphrase_is_its_own_or_the_stores);
	tcase_add_test(t, keys_of_one_file_have_several);
	tcase_add_test(t, of_several_files_some_open_with_what_everybody_knows);
	tcase_add_test(t, what_made_a_store_opens_it);
	tcase_add_test(t, what_is_in_the_way_is_said_instead_of_asking);
	tcase_add_test(t, a_new_passphrase_is_never_that_of_the_old_file);
	tcase_add_test(t, an_empty_or_short_new_passphrase_is_refused);
	tcase_add_test(t, gen_writes_a_random_one_to_a_new_private_file);
	tcase_add_test(t, key_files_are_made_and_read);
	suite_add_tcase(s, t);
	return s;
}
