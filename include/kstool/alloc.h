/* SPDX-License-Identifier: ISC */
/*
 * alloc.h - the arena: ordinary allocation for a program that handles keys
 *
 * Everything that the library and OpenSSL allocate comes from here: memory left
 * out of core dumps, locked on first touch as far as the limits allow, wiped on
 * free and on every move of a realloc.  Sanitizer and valgrind builds
 * (KST_ARENA=0, or the compiler's own macros) give each block its own malloc,
 * still wiped, so that those tools see every block.
 */
#ifndef KSTOOL_ALLOC_H
#define KSTOOL_ALLOC_H

#include <stddef.h>

/* All give NULL, and ENOMEM in errno, without memory; kst_free what they give.  kst_calloc's is zero, and
 * a product that overflows is no memory. */
void *kst_malloc(size_t n) __attribute__((malloc, warn_unused_result));
void *kst_calloc(size_t n, size_t size) __attribute__((malloc, warn_unused_result));
void *kst_realloc(void *p, size_t n) __attribute__((warn_unused_result));
void kst_free(void *p); /* wipes; NULL is allowed */
char *kst_strdup(const char *s) __attribute__((warn_unused_result));
char *kst_strndup(const char *s, size_t n) __attribute__((warn_unused_result));
char *kst_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), warn_unused_result));

/* Bytes in use now; for tests. */
size_t kst_alloc_live(void);

/* Make the n-th allocation from now on fail, and all after it; 0 turns this off.  For tests. */
void kst_alloc_fail_after(size_t n);

#endif
