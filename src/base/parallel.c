/* SPDX-License-Identifier: ISC */
/* parallel.c - threads that take the next piece of work until there is none */
#include "kstool/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "kstool/alloc.h"

#define THREADS_MAX 256

struct crew {
	void (*work)(void *ctx, size_t i);
	void *ctx;
	size_t nr;
	atomic_size_t next, finished;
};

unsigned kst_cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : (unsigned)n;
}

static bool one_more(struct crew *c)
{
	size_t i = atomic_fetch_add(&c->next, 1);

	if (i >= c->nr)
		return false;
	c->work(c->ctx, i);
	atomic_fetch_add(&c->finished, 1);
	return true;
}

static void *worker(void *crew)
{
	while (one_more(crew))
		;
	return NULL;
}

void kst_parallel(unsigned threads, size_t nr, void (*work)(void *ctx, size_t i), void *ctx,
		  const struct kst_progress *progress, const char *what, size_t done, size_t total)
{
	struct crew crew = { .work = work, .ctx = ctx, .nr = nr };
	size_t want = threads < THREADS_MAX ? threads : THREADS_MAX, started = 0;
	pthread_t *thread;

	if (want > nr)
		want = nr;
	thread = want > 1 ? kst_calloc(want - 1, sizeof(*thread)) : NULL;
	while (thread && started < want - 1 && !pthread_create(&thread[started], NULL, worker, &crew))
		started++;
	while (one_more(&crew))
		kst_progress_step(progress, what, done + atomic_load(&crew.finished), total);
	for (size_t i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	kst_free(thread);
	if (nr)
		kst_progress_step(progress, what, done + nr, total);
}
