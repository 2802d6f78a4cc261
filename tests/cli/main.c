/* SPDX-License-Identifier: ISC */
/*
 * main.c - whole conversations with the command line
 *
 * Each tests/cli/NAME.txt is one test.  It runs in a directory of its own that
 * holds a copy of the files which tests/lib/fixtures.sh made.  Lines:
 *
 *   # what this is about            (the first one names the test)
 *   $ command for /bin/sh           kstool is on the PATH
 *   > a line of standard output     fnmatch(3) patterns; "> ..." any number of lines
 *   ! a line of standard error      the same; none given: it is not looked at
 *   ? 5                             exit status; 0 if not given
 *
 * A command without ">" lines must print nothing on standard output.
 *   main DIR_OF_KSTOOL FIXTURES CONVERSATION...
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES_MAX 400

static char **files;
static int nr_files;
static const char *fixtures;

struct step {
	char *command;
	char *out[LINES_MAX], *err[LINES_MAX];
	int nr_out, nr_err, status, line;
};

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n;
	char *s = malloc(1 << 20);

	ck_assert_msg(f != NULL, "cannot open %s", path);
	n = fread(s, 1, (1 << 20) - 1, f);
	s[n] = '\0';
	fclose(f);
	return s;
}

/* Do text lines match the patterns? */
static bool match(char *const *pattern, int np, char *const *line, int nl)
{
	if (!np)
		return nl == 0;
	if (!strcmp(pattern[0], "...")) {
		for (int skip = 0; skip <= nl; skip++)
			if (match(pattern + 1, np - 1, line + skip, nl - skip))
				return true;
		return false;
	}
	return nl > 0 && fnmatch(pattern[0], line[0], 0) == 0 &&
	       match(pattern + 1, np - 1, line + 1, nl - 1);
}

static int split(char *text, char **line)
{
	int n = 0;

	for (char *p = strtok(text, "\n"); p && n < LINES_MAX; p = strtok(NULL, "\n"))
		line[n++] = p;
	return n;
}

static void run_step(const struct step *s, const char *name)
{
	char *out_line[LINES_MAX], *err_line[LINES_MAX];
	int status;
	pid_t pid = fork();

	ck_assert(pid >= 0);
	if (!pid) {
		int in = open("/dev/null", O_RDONLY);

		setsid(); /* no terminal */
		dup2(in, 0);
		if (!freopen(".stdout", "w", stdout) || !freopen(".stderr", "w", stderr))
			_exit(126);
		execl("/bin/sh", "sh", "-c", s->command, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	char *out = slurp(".stdout"), *err = slurp(".stderr");
	char *raw_out = strdup(out), *raw_err = strdup(err);
	int nr_out = split(out, out_line), nr_err = split(err, err_line);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	ck_assert_msg(code == s->status, "%s:%d: %s\nexit %d, expected %d\n--- stdout\n%s--- stderr\n%s",
		      name, s->line, s->command, code, s->status, raw_out, raw_err);
	ck_assert_msg(match(s->out, s->nr_out, out_line, nr_out),
		      "%s:%d: %s\nstandard output is not as expected:\n%s", name, s->line,
		      s->command, raw_out);
	ck_assert_msg(!s->nr_err || match(s->err, s->nr_err, err_line, nr_err),
		      "%s:%d: %s\nstandard error is not as expected:\n%s", name, s->line,
		      s->command, raw_err);
	free(out);
	free(err);
	free(raw_out);
	free(raw_err);
}

START_TEST(test_conversation)
{
	const char *name = files[_i];
	char *text = slurp(name), *save = NULL, dir[] = "/tmp/kstool-cli.XXXXXX", copy[8192];
	struct step s = { .command = NULL };
	int line = 0;

	ck_assert(mkdtemp(dir) != NULL);
	snprintf(copy, sizeof(copy), "cp -a '%s'/. '%s'", fixtures, dir);
	ck_assert_int_eq(system(copy), 0);
	ck_assert_int_eq(chdir(dir), 0);
	for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		line++;
		if (p[0] == '$') {
			if (s.command)
				run_step(&s, name);
			memset(&s, 0, sizeof(s));
			s.command = p + 2;
			s.line = line;
		} else if (p[0] == '>') {
			s.out[s.nr_out++] = p[1] ? p + 2 : p + 1;
		} else if (p[0] == '!') {
			s.err[s.nr_err++] = p[1] ? p + 2 : p + 1;
		} else if (p[0] == '?') {
			s.status = atoi(p + 1);
		}
	}
	if (s.command)
		run_step(&s, name);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(copy, sizeof(copy), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(copy), 0);
	free(text);
}
END_TEST

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: main BINDIR FIXTURES CONVERSATION...\n");
		return 2;
	}
	char path[8192], *bin = realpath(argv[1], NULL);
	fixtures = realpath(argv[2], NULL);
	if (!bin || !fixtures)
		return 2;
	snprintf(path, sizeof(path), "%s:%s", bin, getenv("PATH"));
	setenv("PATH", path, 1);
	free(bin);
	setenv("HOME", "/nonexistent", 1);
	setenv("KSTOOL_SIGNERS", "", 1);
	setenv("LC_ALL", "C", 1);
	unsetenv("COLUMNS");
	nr_files = argc - 3;
	files = argv + 3;
	for (int i = 0; i < nr_files; i++)
		files[i] = realpath(files[i], NULL);

	Suite *s = suite_create("cli");
	TCase *tc = tcase_create("conversations");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_conversation, 0, nr_files);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
