/* SPDX-License-Identifier: ISC */
/*
 * secret.h - bytes that must not leak
 *
 * A struct kst_secret owns memory between guard pages, locked and left out of
 * core dumps (sodium_malloc), wiped when it is released.  The first 256 live
 * secrets are kept so; beyond that the locked arena serves (alloc.h), which
 * wipes on free too but has no guard pages, since each guarded piece costs
 * four pages and the kernel's limits are small.
 *
 * A secret is moved, never copied by assignment.  There is no `char *password`
 * anywhere in kstool.
 */
#ifndef KSTOOL_SECRET_H
#define KSTOOL_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kst_error;

struct kst_secret {
	uint8_t *data; /* NULL when empty and never allocated */
	size_t len;    /* bytes in use */
	size_t size;   /* bytes allocated */
	int kind;      /* private: where the memory came from */
};

#define KST_SECRET_INIT { .data = NULL }

/* `struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;` wipes itself at scope end. */
#define KST_SCRATCH_SECRET __attribute__((cleanup(kst_secret_release)))

/* Make room for `size` bytes, contents zero, len 0.  Releases what was there.  0 or -1. */
int kst_secret_alloc(struct kst_secret *s, size_t size, struct kst_error *err)
	__attribute__((warn_unused_result));

/* Set to a copy of data[0..len).  `data` may be NULL if len is 0.  0 or -1. */
int kst_secret_set(struct kst_secret *s, const void *data, size_t len, struct kst_error *err)
	__attribute__((warn_unused_result));

/* Append; grows by copying into new guarded memory and wiping the old.  0 or -1. */
int kst_secret_append(struct kst_secret *s, const void *data, size_t len, struct kst_error *err)
	__attribute__((warn_unused_result));

/* Move: `to` gets what `from` had, `from` becomes empty.  `to` is released first. */
void kst_secret_move(struct kst_secret *to, struct kst_secret *from);

/* Wipe and free; the object is empty and can be used again. */
void kst_secret_release(struct kst_secret *s);

/* Same bytes?  In constant time for equal lengths. */
bool kst_secret_equal(const struct kst_secret *a, const struct kst_secret *b);

#endif
