/* SPDX-License-Identifier: ISC */
/* parallel.h - the same work on many things, by several threads */
#ifndef KSTOOL_PARALLEL_H
#define KSTOOL_PARALLEL_H

#include <stddef.h>

#include "kstool/progress.h"

/* Processors that this process may use; at least 1. */
unsigned kst_cpus(void);

/*
 * work(ctx, i) once for each i in 0..nr-1, by `threads` threads (1 or 0: by the caller alone, who
 * always works with them; fewer where no more can be had).  Which order is not said.  Each keeps its own errors.
 * `progress` (may be NULL) is told by the calling thread: `what`, from `done` of `total` on.
 */
void kst_parallel(unsigned threads, size_t nr, void (*work)(void *ctx, size_t i), void *ctx,
		  const struct kst_progress *progress, const char *what, size_t done, size_t total);

#endif
