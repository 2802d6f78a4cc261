/* SPDX-License-Identifier: ISC */
/* buf.c - growing buffer that remembers failure; wiped when it grows and when it goes */
#include "kstool/buf.h"
#include "kstool/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void kst_buf_release(struct kst_buf *b)
{
	kst_free(b->data); /* wipes */
	*b = (struct kst_buf)KST_BUF_INIT;
}

void kst_buf_reset(struct kst_buf *b)
{
	if (b->data && b->len)
		memset(b->data, 0, b->len);
	b->len = 0;
}

int kst_buf_reserve(struct kst_buf *b, size_t more)
{
	size_t need, size;
	uint8_t *p;

	if (b->failed)
		return -1;
	/* One more for the zero byte that always follows. */
	if (__builtin_add_overflow(b->len, more, &need) || __builtin_add_overflow(need, 1, &need))
		goto fail;
	if (need <= b->size)
		return 0;
	/* Half as much again, but a first reservation gets what it asks for: whole files come so.
	 */
	if (__builtin_add_overflow(b->size, b->size / 2, &size) || size < need)
		size = need;
	if (size < 64)
		size = 64;
	p = kst_realloc(b->data, size);
	if (!p)
		goto fail;
	b->data = p;
	b->size = size;
	return 0;
fail:
	b->failed = true;
	return -1;
}

void kst_buf_put(struct kst_buf *b, const void *data, size_t len)
{
	if (kst_buf_reserve(b, len) < 0)
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
}

void kst_buf_puts(struct kst_buf *b, const char *text)
{
	kst_buf_put(b, text, strlen(text));
}

void kst_buf_printf(struct kst_buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room;
	int n;

	/* Most fit into what is there, and are formatted once. */
	if (kst_buf_reserve(b, 40) < 0)
		return;
	room = b->size - b->len;
	va_start(ap, fmt);
	n = vsnprintf((char *)b->data + b->len, room, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->data[b->len] = 0;
		b->failed = true;
		return;
	}
	if ((size_t)n >= room) {
		b->data[b->len] = 0;
		if (kst_buf_reserve(b, (size_t)n) < 0)
			return;
		va_start(ap, fmt);
		vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void kst_buf_u8(struct kst_buf *b, uint8_t v)
{
	kst_buf_put(b, &v, 1);
}

static void put_le(struct kst_buf *b, uint64_t v, unsigned n)
{
	uint8_t t[8];

	for (unsigned i = 0; i < n; i++)
		t[i] = (uint8_t)(v >> 8 * i);
	kst_buf_put(b, t, n);
}

static void put_be(struct kst_buf *b, uint64_t v, unsigned n)
{
	uint8_t t[8];

	for (unsigned i = 0; i < n; i++)
		t[i] = (uint8_t)(v >> 8 * (n - 1 - i));
	kst_buf_put(b, t, n);
}

void kst_buf_le16(struct kst_buf *b, uint16_t v)
{
	put_le(b, v, 2);
}

void kst_buf_le32(struct kst_buf *b, uint32_t v)
{
	put_le(b, v, 4);
}

void kst_buf_le64(struct kst_buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

void kst_buf_be16(struct kst_buf *b, uint16_t v)
{
	put_be(b, v, 2);
}

void kst_buf_be32(struct kst_buf *b, uint32_t v)
{
	put_be(b, v, 4);
}

void kst_buf_be64(struct kst_buf *b, uint64_t v)
{
	put_be(b, v, 8);
}

int kst_blob_set(struct kst_blob *b, const void *data, size_t len)
{
	uint8_t *p = NULL;

	if (len) {
		p = kst_malloc(len);
		if (!p)
			return -1;
		memcpy(p, data, len);
	}
	kst_free(b->data);
	b->data = p;
	b->len = len;
	return 0;
}

void kst_blob_release(struct kst_blob *b)
{
	kst_free(b->data);
	*b = (struct kst_blob){ .data = NULL };
}

bool kst_blob_equal(const struct kst_blob *a, const struct kst_blob *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}
