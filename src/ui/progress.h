/* SPDX-License-Identifier: ISC */
/*
 * progress.h - one line about long work, on a terminal (cli.md 4.2)
 *
 * Nothing in the first second; then at most ten times a second, and gone at the end.
 * Where standard error is no terminal, or one that cannot go back in a line, -v gets a
 * line for every tenth.  Answers for programs (--json, --plain) have no such line.
 */
#ifndef KST_UI_PROGRESS_H
#define KST_UI_PROGRESS_H

#include "ui/out.h"

struct progress;

/* NULL: nobody would see it (quiet; no terminal and no -v), or no memory. */
struct progress *progress_new(const struct out *o, int fd);
void progress_free(struct progress *p); /* erases the line */
/* A kst_progress's step; ctx is the struct progress. */
void progress_step(void *p, const char *what, size_t done, size_t total);
/* Somebody else is going to write to the terminal: the line goes away. */
void progress_clear(struct progress *p);
/* After a question: the work goes on; the time in which it waited is nobody's work. */
void progress_resume(struct progress *p);
/* From a signal handler: a line that stands there is erased. */
void progress_abort(void);

/* Milliseconds that never go back; a test has its own, and no timer. */
typedef int64_t progress_clock(void);
void progress_set_clock(struct progress *p, progress_clock *clock);

#endif
