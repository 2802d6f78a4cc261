/* SPDX-License-Identifier: ISC */
/* test_progress.c - nothing in the first second, ten times a second at most, and gone at the end */
#include <check.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ui/out.h"
#include "ui/progress.h"

static int64_t now;
static int master, slave;
static char text[65536];

static int64_t pretended(void)
{
	return now;
}

static struct out *open_out(int fd, int verbose)
{
	struct out_options opt = { .mode = OUT_TEXT, .fd = fd, .err_fd = fd, .verbose = verbose };

	now = 5000;
	return out_new(&opt);
}

static void open_terminal(void)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	struct termios t;

	unsetenv("COLUMNS");
	setenv("TERM", "xterm", 1); /* a dumb one gets no line */
	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, &ws), 0);
	ck_assert_int_eq(tcgetattr(slave, &t), 0);
	t.c_oflag &= ~(tcflag_t)OPOST;
	ck_assert_int_eq(tcsetattr(slave, TCSANOW, &t), 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
}

/* What the terminal has got since it was looked at. */
static const char *shown(void)
{
	ssize_t n = read(master, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(a_line_comes_after_a_second_and_goes)
{
	struct out *o;
	struct progress *p;

	open_terminal();
	o = open_out(slave, 0);
	p = progress_new(o, slave);
	ck_assert_ptr_nonnull(p);
	progress_set_clock(p, pretended);
	progress_step(p, "reading", 0, 10000);
	now += 999;
	progress_step(p, "reading", 600, 10000);
	ck_assert_str_eq(shown(), "");
	now += 1001;
	progress_step(p, "reading", 6200, 10000);
	ck_assert_ptr_eq(strstr(shown(), "reading 6200/10000  62 %  3100/s  2 s left"), text + 1);
	ck_assert_int_eq(text[0], '\r');
	ck_assert_ptr_null(strchr(text, '\n'));
	now += 99;
	progress_step(p, "reading", 6300, 10000);
	ck_assert_str_eq(shown(), "");
	now += 1;
	progress_step(p, "reading", 6400, 10000);
	ck_assert_ptr_nonnull(strstr(shown(), "\rreading 6400/10000"));
	/* Whoever writes finds the line empty. */
	out_progress(o, p);
	out_note(o, "something");
	ck_assert_ptr_nonnull(strstr(shown(), "          \rnote: something\n"));
	progress_clear(p); /* once is enough */
	ck_assert_str_eq(shown(), "");
	now += 100;
	progress_step(p, "reading", 6500, 10000);
	shown();
	progress_free(p);
	ck_assert_int_eq(shown()[0], '\r');
	ck_assert_uint_eq(strspn(text + 1, " ") + 2, strlen(text));
	out_free(o);
	close(master);
	close(slave);
}
END_TEST

START_TEST(ten_times_a_second_at_most)
{
	struct out *o;
	struct progress *p;
	unsigned lines = 0;

	open_terminal();
	o = open_out(slave, 0);
	p = progress_new(o, slave);
	progress_set_clock(p, pretended);
	for (size_t i = 0; i < 5000; i++, now++) {
		progress_step(p, "checking", i, 5000);
		lines += strlen(shown()) > 0;
	}
	ck_assert_uint_eq(lines, 40); /* four of five seconds */
	progress_free(p);
	out_free(o);
	close(master);
	close(slave);
}
END_TEST

START_TEST(without_a_terminal_only_with_v_and_in_tenths)
{
	FILE *f = tmpfile();
	struct out *o = open_out(fileno(f), 0);
	struct progress *p;
	size_t n;

	ck_assert_ptr_null(progress_new(o, fileno(f)));
	out_free(o);
	o = open_out(fileno(f), 1);
	p = progress_new(o, fileno(f));
	ck_assert_ptr_nonnull(p);
	progress_set_clock(p, pretended);
	for (size_t i = 0; i < 100; i++, now += 50)
		progress_step(p, "sealing", i, 100);
	progress_free(p);
	out_free(o);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	ck_assert_str_eq(text, "note: sealing 20 of 100, 20 %\nnote: sealing 30 of 100, 30 %\n"
			       "note: sealing 40 of 100, 40 %\nnote: sealing 50 of 100, 50 %\n"
			       "note: sealing 60 of 100, 60 %\nnote: sealing 70 of 100, 70 %\n"
			       "note: sealing 80 of 100, 80 %\nnote: sealing 90 of 100, 90 %\n");
	fclose(f);
}
END_TEST

Suite *test_progress(void);
Suite *test_progress(void)
{
	Suite *s = suite_create("progress");
	TCase *t = tcase_create("progress");

	tcase_add_test(t, a_line_comes_after_a_second_and_goes);
	tcase_add_test(t, ten_times_a_second_at_most);
	tcase_add_test(t, without_a_terminal_only_with_v_and_in_tenths);
	suite_add_tcase(s, t);
	return s;
}
