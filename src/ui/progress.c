/* SPDX-License-Identifier: ISC */
/*
 * progress.c - one line about long work, on a terminal (cli.md 4.2)
 *
 * What is counted draws itself, as it is told.  Of one long piece of work nothing is heard until it
 * is done: a timer draws it, one of processor time, so that waiting for a person, a pipe or a lock
 * is not taken for work.
 */
#include "ui/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ui/term.h"

#define QUIET_MS 1000 /* shorter work needs no line */
#define EVERY_MS 100
#define TICK_MS 250 /* of processor time */
#define LINE_MAX_CELLS 72

struct progress {
	int fd;
	bool counted; /* what is being done tells how far it is */
	bool line; /* a terminal: one line that changes; else one for every tenth */
	progress_clock *clock;
	const char *what;
	int64_t start, phase, shown; /* of the command, of this `what`, of the last line */
	int64_t cleared;	     /* when somebody else came to write */
	size_t width, last_done;
	unsigned tenth;
};

/* What a signal handler has to wipe away: descriptor + 1, 0 for none; and how wide it is. */
static volatile sig_atomic_t standing, standing_width;
/* What is being done, for the timer. */
static struct progress *volatile working;

static int64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tick(int number);

static void set_timer(long ms)
{
	struct sigaction sa = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, ms * 1000 }, { 0, ms * 1000 } };

	sigaction(SIGPROF, &sa, NULL);
	setitimer(ITIMER_PROF, &every, NULL);
}

struct progress *progress_new(const struct out *o, int fd)
{
	size_t width = out_for_people(o) && !term_dumb() ? term_width(fd) : 0;
	struct progress *p;

	if (out_quiet(o) || (!width && !out_verbose(o)))
		return NULL;
	p = kst_calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->fd = fd;
	p->line = width > 0;
	p->width = width && width <= LINE_MAX_CELLS ? width - 1 : LINE_MAX_CELLS;
	progress_set_clock(p, monotonic);
	return p;
}

void progress_set_clock(struct progress *p, progress_clock *clock)
{
	p->clock = clock;
	p->start = p->phase = p->shown = p->cleared = clock();
	if (p->line)
		set_timer(clock == monotonic ? TICK_MS : 0);
}

/* From signal handlers as well.  The line in two pieces: \r, then text and blanks to its width. */
static void write_line(int fd, const char *text, size_t width)
{
	char line[LINE_MAX_CELLS + 1];
	size_t n = strlen(text);

	if (n > width)
		n = width;
	line[0] = '\r';
	memcpy(line + 1, text, n);
	memset(line + 1 + n, ' ', width - n);
	standing_width = (sig_atomic_t)width;
	standing = fd + 1;
	/* Nothing can be done about an error here. */
	if (write(fd, line, width + 1) < 0)
		standing = 0;
}

void progress_abort(void)
{
	int fd = standing - 1;

	working = NULL;
	if (fd < 0)
		return;
	write_line(fd, "", (size_t)standing_width);
	standing = 0;
	if (write(fd, "\r", 1) < 0)
		return;
}

void progress_clear(struct progress *p)
{
	if (!p)
		return;
	progress_abort();
	p->cleared = p->clock();
}

void progress_resume(struct progress *p)
{
	int64_t now;

	if (!p)
		return;
	now = p->clock();
	p->start += now - p->cleared;
	p->phase = now;
	if (p->line && p->what)
		working = p;
}

void progress_free(struct progress *p)
{
	progress_clear(p);
	if (p && p->line)
		set_timer(0);
	kst_free(p);
}

/* "opening, 3 s": work whose end nobody knows.  All of it may be called in a signal handler. */
static void tick(int number)
{
	struct progress *p = working;
	int saved = errno;

	(void)number;
	if (p) {
		int64_t now = p->clock(), s = (now - p->phase) / 1000;
		char text[LINE_MAX_CELLS + 1], digits[24];
		size_t n = strlen(p->what), k = sizeof(digits);

		/* One of many pieces may be a long one: a key that is derived. */
		if (s >= 1 && now - p->start >= QUIET_MS &&
		    now - p->shown >= (p->counted ? QUIET_MS : EVERY_MS) &&
		    n + sizeof(", 00000 s") < sizeof(text)) {
			p->shown = now;
			memcpy(text, p->what, n);
			memcpy(digits + (k -= 3), " s", 3);
			for (; s && k; s /= 10)
				digits[--k] = (char)('0' + s % 10);
			memcpy(text + n, ", ", 2);
			memcpy(text + n + 2, digits + k, sizeof(digits) - k);
			write_line(p->fd, text, p->width);
		}
	}
	errno = saved;
}

/* " 6200/10000  62 %  1450/s  2 s left" */
static void draw(struct progress *p, size_t done, size_t total, int64_t now)
{
	char text[160];
	int64_t ms = now - p->phase;
	size_t rate = ms > 0 ? done * 1000 / (size_t)ms : 0;
	int n = snprintf(text, sizeof(text), "%s %zu/%zu  %zu %%", p->what, done, total,
			 done * 100 / total);

	if (rate)
		snprintf(text + n, sizeof(text) - (size_t)n, "  %zu/s  %zu s left", rate,
			 (total - done + rate - 1) / rate);
	write_line(p->fd, text, p->width);
}

static void say_tenth(struct progress *p, size_t done, size_t total)
{
	unsigned tenth = (unsigned)(done * 10 / total);
	char text[160];
	int n;

	if (tenth <= p->tenth)
		return;
	p->tenth = tenth;
	n = snprintf(text, sizeof(text), "note: %s %zu of %zu, %u %%\n", p->what, done, total,
		     tenth * 10);
	if (write(p->fd, text, (size_t)n) < 0)
		return;
}

void progress_step(void *ctx, const char *what, size_t done, size_t total)
{
	struct progress *p = ctx;
	int64_t now = p->clock();

	working = NULL; /* the timer looks at what is changed here */
	if (done > total)
		return;
	if (!total || !p->what || strcmp(p->what, what) != 0 || done < p->last_done) {
		p->what = what;
		p->phase = now;
		p->tenth = 0;
	}
	p->last_done = done;
	p->counted = total > 0;
	if (total && now - p->start >= QUIET_MS) {
		if (!p->line)
			say_tenth(p, done, total);
		else if (now - p->shown >= EVERY_MS) {
			p->shown = now;
			draw(p, done, total, now);
		}
	}
	if (p->line)
		working = p;
}
