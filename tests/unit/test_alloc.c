/* SPDX-License-Identifier: ISC */
/* test_alloc.c - the arena and the guarded secrets */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kstool/kstool.h"

/* As src/base/alloc.c decides it. */
#if defined(KST_ARENA) && !KST_ARENA
#define NO_ARENA 1
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NO_ARENA 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
	__has_feature(thread_sanitizer)
#define NO_ARENA 1
#endif
#endif

START_TEST(blocks_are_aligned_zero_and_apart)
{
	uint8_t *p[300] = { NULL };
	size_t n[300];

	srand(1);
	for (int round = 0; round < 20000; round++) {
		int i = rand() % 300;

		if (p[i]) {
			for (size_t k = 0; k < n[i]; k += 61)
				if (p[i][k] != (i & 255))
					ck_abort_msg("block %d of %zu bytes, at %zu", i, n[i], k);
			kst_free(p[i]);
			p[i] = NULL;
			continue;
		}
		n[i] = rand() % 200 ? (size_t)rand() % 4000 + 1 : (size_t)rand() % 3000000 + 1;
		p[i] = kst_calloc(1, n[i]);
		ck_assert_ptr_nonnull(p[i]);
		ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
		for (size_t k = 0; k < n[i]; k += 97)
			if (p[i][k])
				ck_abort_msg("%zu bytes, at %zu", n[i], k);
		memset(p[i], i & 255, n[i]);
	}
	for (int i = 0; i < 300; i++)
		kst_free(p[i]);
}
END_TEST

START_TEST(realloc_keeps_the_contents)
{
	char *p = kst_strdup("a secret of some length");

	for (size_t n = 32; n < 3000000; n *= 3) {
		p = kst_realloc(p, n);
		ck_assert_str_eq(p, "a secret of some length");
	}
	kst_free(p);
}
END_TEST

START_TEST(a_freed_block_is_wiped)
{
#if defined(NO_ARENA)
	puts("skipped: the wiping of freed memory, since this build has no arena");
#else
	/* The next block of the same size is the same one: all zero again. */
	char *p[3], *q[3];

	for (int i = 0; i < 3; i++)
		memset(p[i] = kst_malloc(777), 'x', 777);
	for (int i = 0; i < 3; i++)
		kst_free(p[i]);
	for (int i = 0; i < 3; i++) {
		q[i] = kst_malloc(777);
		ck_assert_ptr_eq(q[i], p[2 - i]);
		for (size_t k = 0; k < 777; k++)
			ck_assert_int_eq(q[i][k], 0);
	}
	for (int i = 0; i < 3; i++)
		kst_free(q[i]);
#endif
}
END_TEST

START_TEST(overflowing_sizes_are_refused)
{
	/* volatile: the compiler would warn of what is tested. */
	volatile size_t huge = SIZE_MAX / 2;

	ck_assert_ptr_null(kst_calloc(huge, 4));
	ck_assert_ptr_null(kst_malloc(huge + huge - 8));
}
END_TEST

START_TEST(an_allocation_can_be_made_to_fail)
{
	kst_alloc_fail_after(2);
	void *a = kst_malloc(10), *b = kst_malloc(10), *c = kst_malloc(10);
	kst_alloc_fail_after(0);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_null(b);
	ck_assert_ptr_null(c);
	kst_free(a);
}
END_TEST

START_TEST(a_secret_holds_moves_and_forgets)
{
	struct kst_secret a = KST_SECRET_INIT, b = KST_SECRET_INIT;

	ck_assert_int_eq(kst_secret_set(&a, "pass", 4, NULL), 0);
	ck_assert_int_eq(kst_secret_append(&a, "phrase", 6, NULL), 0);
	ck_assert_uint_eq(a.len, 10);
	ck_assert_mem_eq(a.data, "passphrase", 10);
	kst_secret_move(&b, &a);
	ck_assert_ptr_null(a.data);
	ck_assert_int_eq(kst_secret_set(&a, "passphrase", 10, NULL), 0);
	ck_assert(kst_secret_equal(&a, &b));
	ck_assert_int_eq(kst_secret_set(&a, "passphrasE", 10, NULL), 0);
	ck_assert(!kst_secret_equal(&a, &b));
	kst_secret_release(&a);
	kst_secret_release(&b);
}
END_TEST

START_TEST(many_secrets_live_at_once)
{
	static struct kst_secret s[600];

	for (size_t i = 0; i < 600; i++)
		ck_assert_int_eq(kst_secret_set(&s[i], &i, sizeof(i), NULL), 0);
	for (size_t i = 0; i < 600; i++) {
		ck_assert_mem_eq(s[i].data, &i, sizeof(i));
		kst_secret_release(&s[i]);
	}
}
END_TEST

START_TEST(writing_past_a_secret_is_caught)
{
	struct kst_secret s = KST_SECRET_INIT;

	/* A sanitizer's handler would end this with a report of its own. */
	signal(SIGSEGV, SIG_DFL);
	ck_assert_int_eq(kst_secret_alloc(&s, 4096, NULL), 0);
	/* A page boundary: the next byte is the guard page. */
	((volatile uint8_t *)s.data)[4096] = 1;
}
END_TEST

static atomic_bool enough;

static void *allocate(void *unused)
{
	(void)unused;
	for (size_t n = 1; !enough; n = n % 5000 + 1) {
		uint8_t *p = kst_malloc(n);

		if (!p)
			return (void *)1;
		memset(p, (int)n, n);
		for (size_t i = 0; i < n; i += 64)
			if (p[i] != (uint8_t)n)
				return (void *)1;
		kst_free(p);
		if (n % 64 == 0)
			sched_yield(); /* let the forking thread have its turn */
	}
	return NULL;
}

START_TEST(threads_and_forks_do_not_meet)
{
	pthread_t t[3];
	void *bad;
	int status;

	enough = false;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, allocate, NULL), 0);
	for (int i = 0; i < 80; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (!pid) {
			alarm(5); /* a mutex that some thread held would be held for ever */
			kst_free(kst_malloc(100));
			/* Not exit: a leak checker would miss the threads, which the child has not,
			 * and report what they hold. */
			raise(SIGKILL);
		}
		waitpid(pid, &status, 0);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	enough = true;
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], &bad);
		ck_assert_ptr_null(bad);
	}
}
END_TEST

START_TEST(a_copy_of_a_text_ends_where_the_text_does)
{
	size_t before = kst_alloc_live();
	char *p = kst_strndup("abcdef", 3), *q = kst_strndup("ab", 1000);

	ck_assert_uint_eq(kst_alloc_live(), before + 4 + 3);
	char *r = kst_asprintf("%s-%d", "x", 12);

	ck_assert_str_eq(p, "abc");
	ck_assert_str_eq(q, "ab");
	ck_assert_str_eq(r, "x-12");
	kst_free(p);
	kst_free(q);
	kst_free(r);
}
END_TEST

START_TEST(what_is_live_is_counted)
{
	size_t before = kst_alloc_live();
	void *p = kst_malloc(1000), *q = kst_malloc(5000000);

	ck_assert_uint_eq(kst_alloc_live(), before + 5001000);
	p = kst_realloc(p, 10);
	ck_assert_uint_eq(kst_alloc_live(), before + 5000010);
	kst_free(p);
	kst_free(q);
	kst_free(NULL);
	ck_assert_uint_eq(kst_alloc_live(), before);
}
END_TEST

START_TEST(a_secret_can_be_appended_to_itself)
{
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;

	ck_assert_int_eq(kst_secret_set(&s, "abcd", 4, NULL), 0);
	for (int i = 0; i < 6; i++) /* with and without growing */
		ck_assert_int_eq(kst_secret_append(&s, s.data, s.len, NULL), 0);
	ck_assert_uint_eq(s.len, 256);
	for (size_t i = 0; i < s.len; i++)
		ck_assert_int_eq(s.data[i], "abcd"[i % 4]);
	ck_assert_int_eq(kst_secret_set(&s, s.data + 1, 3, NULL), 0);
	ck_assert_mem_eq(s.data, "bcd", 3);
}
END_TEST

/* What the kernel does with the memory at `p`: "dd" is left out of core dumps, "lo" is locked. */
static bool memory_has(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	bool here = false, has = false;
	char line[512];

	ck_assert_ptr_nonnull(f);
	while (!has && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (here && !strncmp(line, "VmFlags:", 8))
			has = strstr(line, flag);
	}
	fclose(f);
	return has;
}

START_TEST(memory_stays_out_of_core_dumps_and_swap)
{
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;

	ck_assert_int_eq(kst_secret_alloc(&s, 32, NULL), 0);
	ck_assert(memory_has(s.data, " dd"));
#if defined(NO_ARENA)
	puts("skipped: the arena in core dumps, since this build has none");
#else
	void *small = kst_malloc(100), *big = kst_malloc(5000000);

	ck_assert(memory_has(small, " dd"));
	ck_assert(memory_has(big, " dd"));
	/* A fork keeps no locks: only where this process itself mapped the chunk can it be seen. */
	if (memory_has(s.data, " lo") && getenv("CK_FORK") && !strcmp(getenv("CK_FORK"), "no"))
		ck_assert(memory_has(small, " lo"));
	else
		puts("skipped: the arena is locked, which a forked test cannot see (CK_FORK=no shows it)");
	kst_free(small);
	kst_free(big);
#endif
}
END_TEST

Suite *test_alloc(void)
{
	Suite *s = suite_create("alloc");
	TCase *tc = tcase_create("alloc");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, blocks_are_aligned_zero_and_apart);
	tcase_add_test(tc, realloc_keeps_the_contents);
	tcase_add_test(tc, a_freed_block_is_wiped);
	tcase_add_test(tc, overflowing_sizes_are_refused);
	tcase_add_test(tc, an_allocation_can_be_made_to_fail);
	tcase_add_test(tc, a_secret_holds_moves_and_forgets);
	tcase_add_test(tc, many_secrets_live_at_once);
	tcase_add_test(tc, memory_stays_out_of_core_dumps_and_swap);
	tcase_add_test(tc, threads_and_forks_do_not_meet);
	tcase_add_test(tc, a_copy_of_a_text_ends_where_the_text_does);
	tcase_add_test(tc, what_is_live_is_counted);
	tcase_add_test(tc, a_secret_can_be_appended_to_itself);
	/* A signal is only survived in a child of its own. */
	if (!getenv("CK_FORK") || strcmp(getenv("CK_FORK"), "no"))
		tcase_add_test_raise_signal(tc, writing_past_a_secret_is_caught, SIGSEGV);
	else
		puts("skipped: the guard page of a secret, since CK_FORK is no");
	suite_add_tcase(s, tc);
	return s;
}
