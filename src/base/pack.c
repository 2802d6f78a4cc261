/* SPDX-License-Identifier: ISC */
/* pack.c - the members of a directory as one row of bytes: three lengths and three pieces each */
#include "base/pack.h"

#include <string.h>

#define NAME_LEN_MAX 255

void kst_pack_begin(struct kst_buf *out)
{
	kst_buf_put(out, KST_PACK_MAGIC, KST_PACK_MAGIC_LEN);
}

void kst_pack_put(struct kst_buf *out, const struct kst_member *m)
{
	kst_buf_le32(out, (uint32_t)m->name.len);
	kst_buf_le32(out, (uint32_t)m->target.len);
	kst_buf_le32(out, (uint32_t)m->data.len);
	kst_buf_put(out, m->name.data, m->name.len);
	if (m->target.len)
		kst_buf_put(out, m->target.data, m->target.len);
	if (m->data.len)
		kst_buf_put(out, m->data.data, m->data.len);
}

bool kst_pack_open(struct kst_cursor *c, const uint8_t *data, size_t n)
{
	kst_cursor_init(c, data, n);
	const uint8_t *magic = kst_cursor_take(c, KST_PACK_MAGIC_LEN);
	return magic && memcmp(magic, KST_PACK_MAGIC, KST_PACK_MAGIC_LEN) == 0;
}

static bool name_ok(const struct kst_bytes *name)
{
	return name->len && name->len <= NAME_LEN_MAX && name->data[0] != '.' &&
	       !memchr(name->data, '/', name->len) && !memchr(name->data, 0, name->len);
}

int kst_pack_next(struct kst_cursor *c, struct kst_member *m)
{
	struct kst_member got;
	if (!kst_cursor_left(c))
		return c->failed ? -1 : 0;
	got.name.len = kst_cursor_le32(c);
	got.target.len = kst_cursor_le32(c);
	got.data.len = kst_cursor_le32(c);
	got.name.data = kst_cursor_take(c, got.name.len);
	got.target.data = kst_cursor_take(c, got.target.len);
	got.data.data = kst_cursor_take(c, got.data.len);
	if (c->failed || !name_ok(&got.name) ||
	    (got.target.len && memchr(got.target.data, 0, got.target.len)))
		return -1;
	*m = got;
	return 1;
}

bool kst_pack_find(const uint8_t *data, size_t n, struct kst_bytes name, struct kst_member *m)
{
	struct kst_cursor c;
	if (!kst_pack_open(&c, data, n))
		return false;
	while (kst_pack_next(&c, m) == 1)
		if (m->name.len == name.len && memcmp(m->name.data, name.data, name.len) == 0)
			return true;
	return false;
}
