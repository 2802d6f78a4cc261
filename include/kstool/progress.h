/* SPDX-License-Identifier: ISC */
/*
 * progress.h - how far a long piece of work has come
 *
 * Whoever goes through many entries says so for each; whether anybody hears it, and
 * how often, is the listener's business.  A call that does not reach `total` is no
 * error: the work failed, or there was less of it.  One piece of work that may be long
 * (Argon2id, a large RSA key) has `total` 0: it has begun, and lasts until another is named.
 */
#ifndef KSTOOL_PROGRESS_H
#define KSTOOL_PROGRESS_H

#include <stddef.h>

struct kst_progress {
	/* `what` (a literal) is being done ("reading"), `done` of `total` are finished. */
	void (*step)(void *ctx, const char *what, size_t done, size_t total);
	void *ctx;
};

/* `p` NULL: nobody listens. */
static inline void kst_progress_step(const struct kst_progress *p, const char *what, size_t done,
				     size_t total)
{
	if (p)
		p->step(p->ctx, what, done, total);
}

#endif
