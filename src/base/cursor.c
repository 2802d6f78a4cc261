/* SPDX-License-Identifier: ISC */
/* cursor.c - bounds-checked reader with sticky failure */
#include "kstool/buf.h"

void kst_cursor_init(struct kst_cursor *c, const void *data, size_t len)
{
	/* Taking nothing from nothing is no failure, and must not yield NULL. */
	*c = (struct kst_cursor){ .data = data ? data : (const uint8_t *)"",
				  .len = data ? len : 0 };
}

size_t kst_cursor_left(const struct kst_cursor *c)
{
	return c->failed ? 0 : c->len - c->pos;
}

const uint8_t *kst_cursor_take(struct kst_cursor *c, size_t n)
{
	const uint8_t *p;

	if (c->failed || n > c->len - c->pos) {
		c->failed = true;
		return NULL;
	}
	p = c->data + c->pos;
	c->pos += n;
	return p;
}

struct kst_cursor kst_cursor_sub(struct kst_cursor *c, size_t n)
{
	const uint8_t *p = kst_cursor_take(c, n);
	struct kst_cursor sub = { .data = p, .len = p ? n : 0, .failed = c->failed };

	return sub;
}

static uint64_t take_le(struct kst_cursor *c, unsigned n)
{
	const uint8_t *p = kst_cursor_take(c, n);
	uint64_t v = 0;

	for (unsigned i = 0; p && i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static uint64_t take_be(struct kst_cursor *c, unsigned n)
{
	const uint8_t *p = kst_cursor_take(c, n);
	uint64_t v = 0;

	for (unsigned i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t kst_cursor_u8(struct kst_cursor *c)
{
	return (uint8_t)take_le(c, 1);
}

uint16_t kst_cursor_le16(struct kst_cursor *c)
{
	return (uint16_t)take_le(c, 2);
}

uint32_t kst_cursor_le32(struct kst_cursor *c)
{
	return (uint32_t)take_le(c, 4);
}

uint64_t kst_cursor_le64(struct kst_cursor *c)
{
	return take_le(c, 8);
}

uint16_t kst_cursor_be16(struct kst_cursor *c)
{
	return (uint16_t)take_be(c, 2);
}

uint32_t kst_cursor_be32(struct kst_cursor *c)
{
	return (uint32_t)take_be(c, 4);
}

uint64_t kst_cursor_be64(struct kst_cursor *c)
{
	return take_be(c, 8);
}
