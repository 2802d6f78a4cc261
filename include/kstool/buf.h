/* SPDX-License-Identifier: ISC */
/*
 * buf.h - growing byte buffer and bounds-checked cursor
 *
 * Both remember failure: fields are written or read in a straight line and the
 * object is asked once at the end.  A struct kst_buf lives in the locked arena
 * and is wiped when it grows or is released, so it may carry key material.
 */
#ifndef KSTOOL_BUF_H
#define KSTOOL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes owned by somebody else. */
struct kst_bytes {
	const uint8_t *data;
	size_t len;
};

/* ---- writer ---- */

struct kst_buf {
	uint8_t *data; /* always followed by a zero byte once anything was written */
	size_t len, size;
	bool failed; /* an allocation failed: contents are not complete */
};

#define KST_BUF_INIT { .data = NULL }
#define KST_SCRATCH_BUF __attribute__((cleanup(kst_buf_release)))

void kst_buf_release(struct kst_buf *b);            /* wipe, free, ready for use again */
void kst_buf_reset(struct kst_buf *b);              /* wipe, len 0, keep the memory */
int kst_buf_reserve(struct kst_buf *b, size_t more); /* 0 or -1 (and failed) */
void kst_buf_put(struct kst_buf *b, const void *data, size_t len);
void kst_buf_puts(struct kst_buf *b, const char *text);
void kst_buf_printf(struct kst_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kst_buf_u8(struct kst_buf *b, uint8_t v);
void kst_buf_le16(struct kst_buf *b, uint16_t v);
void kst_buf_le32(struct kst_buf *b, uint32_t v);
void kst_buf_le64(struct kst_buf *b, uint64_t v);
void kst_buf_be16(struct kst_buf *b, uint16_t v);
void kst_buf_be32(struct kst_buf *b, uint32_t v);
void kst_buf_be64(struct kst_buf *b, uint64_t v);

/* ---- reader ---- */

struct kst_cursor {
	const uint8_t *data;
	size_t len, pos;
	bool failed; /* a read went past the end; every later read yields zero */
};

void kst_cursor_init(struct kst_cursor *c, const void *data, size_t len);
size_t kst_cursor_left(const struct kst_cursor *c); /* 0 once failed */
/* The next n bytes, or NULL and failed. */
const uint8_t *kst_cursor_take(struct kst_cursor *c, size_t n);
/* A cursor over the next n bytes, which are taken; an empty failed one if there are fewer. */
struct kst_cursor kst_cursor_sub(struct kst_cursor *c, size_t n);
uint8_t kst_cursor_u8(struct kst_cursor *c);
uint16_t kst_cursor_le16(struct kst_cursor *c);
uint32_t kst_cursor_le32(struct kst_cursor *c);
uint64_t kst_cursor_le64(struct kst_cursor *c);
uint16_t kst_cursor_be16(struct kst_cursor *c);
uint32_t kst_cursor_be32(struct kst_cursor *c);
uint64_t kst_cursor_be64(struct kst_cursor *c);

/* ---- owned blob ---- */

/* Bytes owned by the holder, in the arena.  data is NULL when absent. */
struct kst_blob {
	uint8_t *data;
	size_t len;
};

/* Replace the contents by a copy.  0, or -1 when there is no memory (unchanged). */
int kst_blob_set(struct kst_blob *b, const void *data, size_t len)
	__attribute__((warn_unused_result));
void kst_blob_release(struct kst_blob *b);
bool kst_blob_equal(const struct kst_blob *a, const struct kst_blob *b);

#endif
