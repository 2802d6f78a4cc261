/* SPDX-License-Identifier: ISC */
/*
 * alloc.c - the arena
 *
 * Chunks of 4 MiB are mapped, kept out of core dumps, and locked page by page as
 * they are touched (the first one; locking more would meet RLIMIT_MEMLOCK).
 * Blocks are cut from them in four sizes to each power of two, with a free list
 * for each; blocks of a MiB and more are mappings of their own.  Every block is
 * wiped when it is freed, outside the mutex.  Memory is not MADV_WIPEONFORK: a
 * forked parser that inherits a zeroed OpenSSL dies of it.
 */
#include "kstool/alloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef KST_ARENA
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KST_ARENA 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
	__has_feature(thread_sanitizer)
#define KST_ARENA 0
#endif
#endif
#endif
#ifndef KST_ARENA
#define KST_ARENA 1
#endif

/* Before every block; keeps what follows aligned for any type. */
struct head {
	size_t size; /* asked for */
	size_t room; /* usable bytes behind the head */
};
#define HEAD ((sizeof(struct head) + 15) & ~(size_t)15)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t live;
static size_t fail_at, fail_count;

/* The compiler may not see that the memory is dead. */
static void wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

static void fork_before(void)
{
	pthread_mutex_lock(&lock);
}

static void fork_after(void)
{
	pthread_mutex_unlock(&lock);
}

/* A child forked while another thread allocates could never allocate again. */
__attribute__((constructor)) static void survive_fork(void)
{
	pthread_atfork(fork_before, fork_after, fork_after);
}

static bool told_to_fail(void)
{
	return fail_at && ++fail_count >= fail_at;
}

#if KST_ARENA

#define CHUNK	  ((size_t)4 << 20)
#define BIG	  ((size_t)1 << 20)
#define PAGE	  ((size_t)4096)
#define HUGE	  ((size_t)8 << 20)
#define MIN_SHIFT 5 /* smallest room, 32 bytes */
#define STEPS	  4 /* sizes to each power of two */
#define CLASSES	  ((20 - MIN_SHIFT + 1) * STEPS)

struct free_block {
	struct free_block *next;
};

static struct free_block *free_list[CLASSES];
static uint8_t *chunk_at, *chunk_end;
static bool first_done;

/* Class of a room, and its size: 2^k, and three steps between. */
static unsigned class_of(size_t n, size_t *room)
{
	unsigned shift, step;
	size_t base;

	if (n < ((size_t)1 << MIN_SHIFT))
		n = (size_t)1 << MIN_SHIFT;
	shift = 63u - (unsigned)__builtin_clzll(n);
	base = (size_t)1 << shift;
	step = (unsigned)((n - base + base / STEPS - 1) / (base / STEPS));
	/* All the steps are the first of the next power, and so is the index. */
	*room = base + step * (base / STEPS);
	return (shift - MIN_SHIFT) * STEPS + step;
}

static void *map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, n, MADV_DONTDUMP);
	/* The index of 100,000 entries is 26 MB: a fault for each of its pages costs more than hashing it. */
	if (n >= HUGE)
		madvise(p, n, MADV_HUGEPAGE);
	return p;
}

static bool new_chunk(void)
{
	uint8_t *p = map(CHUNK);

	if (!p)
		return false;
	/* On fault: locking four MiB at once would cost every start 2 ms. */
	if (!first_done)
		(void)!mlock2(p, CHUNK, MLOCK_ONFAULT);
	first_done = true;
	chunk_at = p;
	chunk_end = p + CHUNK;
	return true;
}

static struct head *get(size_t n)
{
	size_t room, total;
	unsigned class;
	struct head *h;

	if (n >= BIG) {
		if (__builtin_add_overflow(n, HEAD + PAGE - 1, &total))
			return NULL;
		total &= ~(PAGE - 1);
		h = map(total);
		if (h)
			h->room = total - HEAD;
		return h;
	}
	class = class_of(n, &room);
	room = (room + 15) & ~(size_t)15;
	if (free_list[class]) {
		h = (struct head *)((uint8_t *)free_list[class] - HEAD);
		free_list[class] = free_list[class]->next;
		*(void **)((uint8_t *)h + HEAD) = NULL;
		h->room = room;
		return h;
	}
	if ((size_t)(chunk_end - chunk_at) < room + HEAD && !new_chunk())
		return NULL;
	h = (struct head *)chunk_at;
	chunk_at += room + HEAD;
	h->room = room;
	return h;
}

static void put(struct head *h)
{
	uint8_t *p = (uint8_t *)h + HEAD;
	struct free_block *f;
	unsigned class;
	size_t room;

	if (h->size >= BIG) {
		munmap(h, h->room + HEAD);
		return;
	}
	class = class_of(h->size, &room);
	f = (struct free_block *)p;
	f->next = free_list[class];
	free_list[class] = f;
}

#else

static struct head *get(size_t n)
{
	size_t total;
	struct head *h;

	if (__builtin_add_overflow(n, HEAD, &total))
		return NULL;
	h = malloc(total); /* not zero: the sanitizers are to see what reads it unset */
	if (h)
		h->room = n;
	return h;
}

static void put(struct head *h)
{
	free(h);
}

#endif

void *kst_malloc(size_t n)
{
	struct head *h;

	pthread_mutex_lock(&lock);
	h = told_to_fail() ? NULL : get(n ? n : 1);
	if (h) {
		h->size = n ? n : 1;
		live += h->size;
	}
	pthread_mutex_unlock(&lock);
	if (!h) {
		errno = ENOMEM;
		return NULL;
	}
	return (uint8_t *)h + HEAD;
}

void *kst_calloc(size_t n, size_t size)
{
	size_t total;
	void *p;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	p = kst_malloc(total);
#if KST_ARENA
	if (total >= BIG) /* a fresh mapping is zero */
		return p;
#endif
	if (p)
		memset(p, 0, total);
	return p;
}

void kst_free(void *p)
{
	struct head *h;

	if (!p)
		return;
	h = (struct head *)((uint8_t *)p - HEAD);
	wipe(p, h->size);
	pthread_mutex_lock(&lock);
	live -= h->size;
	put(h);
	pthread_mutex_unlock(&lock);
}

void *kst_realloc(void *p, size_t n)
{
	struct head *h;
	void *q;

	if (!p)
		return kst_malloc(n);
	if (!n) {
		kst_free(p);
		return NULL;
	}
	h = (struct head *)((uint8_t *)p - HEAD);
	q = kst_malloc(n);
	if (!q)
		return NULL;
	memcpy(q, p, h->size < n ? h->size : n);
	kst_free(p);
	return q;
}

char *kst_strndup(const char *s, size_t n)
{
	char *p;

	n = strnlen(s, n);
	p = kst_malloc(n + 1);
	if (p) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

char *kst_strdup(const char *s)
{
	return kst_strndup(s, strlen(s));
}

char *kst_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	p = kst_malloc((size_t)n + 1);
	if (p) {
		va_start(ap, fmt);
		vsnprintf(p, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	return p;
}

size_t kst_alloc_live(void)
{
	return live;
}

void kst_alloc_fail_after(size_t n)
{
	fail_at = n;
	fail_count = 0;
}
