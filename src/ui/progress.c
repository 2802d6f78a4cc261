/* SPDX-License-Identifier: ISC */
/* progress.c - one line about long work, on a terminal (cli.md 4.2) */
#include "ui/progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui/term.h"

#define QUIET_MS 1000 /* shorter work needs no line */
#define EVERY_MS 100
#define LINE_MAX_CELLS 72

struct progress {
	int fd;
	bool line; /* a terminal: one line that changes; else one for every tenth */
	progress_clock *clock;
	const char *what;
	int64_t start, phase, shown; /* of the command, of this `what`, of the last line */
	size_t width, last_done;
	unsigned tenth;
};

/* What a signal handler has to wipe away: descriptor + 1, 0 for none. */
static volatile sig_atomic_t standing;

static int64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct progress *progress_new(const struct out *o, int fd)
{
	size_t width = term_width(fd);
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
	p->start = p->phase = p->shown = clock();
}

static void erase(int fd)
{
	static const char blank[] = "\r                                                           "
				    "             \r";

	/* Nothing can be done about an error here. */
	if (write(fd, blank, sizeof(blank) - 1) < 0)
		return;
}

void progress_abort(void)
{
	if (standing)
		erase(standing - 1);
	standing = 0;
}

void progress_clear(struct progress *p)
{
	if (p)
		progress_abort();
}

void progress_free(struct progress *p)
{
	progress_clear(p);
	kst_free(p);
}

/* " 6200/10000  62 %  1450/s  2 s left" */
static void draw(struct progress *p, size_t done, size_t total, int64_t now)
{
	char text[160], cut[LINE_MAX_CELLS + 2];
	int64_t ms = now - p->phase;
	size_t rate = ms > 0 ? done * 1000 / (size_t)ms : 0;
	int n = snprintf(text, sizeof(text), "%s %zu/%zu  %zu %%", p->what, done, total,
			 done * 100 / total);

	if (rate)
		snprintf(text + n, sizeof(text) - (size_t)n, "  %zu/s  %zu s left", rate,
			 (total - done + rate - 1) / rate);
	snprintf(cut, sizeof(cut), "\r%-*.*s", (int)p->width, (int)p->width, text);
	standing = p->fd + 1;
	if (write(p->fd, cut, strlen(cut)) < 0)
		standing = 0;
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

	if (!total || done > total)
		return;
	if (!p->what || strcmp(p->what, what) != 0 || done < p->last_done) {
		p->what = what;
		p->phase = now;
		p->tenth = 0;
	}
	p->last_done = done;
	if (now - p->start < QUIET_MS)
		return;
	if (!p->line) {
		say_tenth(p, done, total);
		return;
	}
	if (now - p->shown < EVERY_MS)
		return;
	p->shown = now;
	draw(p, done, total, now);
}
