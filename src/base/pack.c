/* SPDX-License-Identifier: ISC */
/* pack.c - the members of a directory as one row of bytes: three lengths and three pieces each */
#include "base/pack.h"

#include <stdlib.h>
#include <string.h>

#include "kstool/alloc.h"

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

static int by_name(const void *a, const void *b)
{
	const struct kst_bytes *x = &((const struct kst_member *)a)->name;
	const struct kst_bytes *y = &((const struct kst_member *)b)->name;
	int diff = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
	return diff ? diff : (x->len > y->len) - (x->len < y->len);
}

static bool same_bytes(struct kst_bytes a, struct kst_bytes b)
{
	return a.len == b.len && (!a.len || memcmp(a.data, b.data, a.len) == 0);
}

/* A link without data was only planned: it says nothing of what it leads to. */
static bool consistent(const struct kst_member *all, size_t nr)
{
	for (size_t i = 1; i < nr; i++)
		if (by_name(&all[i - 1], &all[i]) == 0)
			return false;
	for (size_t i = 0; i < nr; i++) {
		const struct kst_member key = { .name = all[i].target };
		const struct kst_member *to =
			key.name.len ? bsearch(&key, all, nr, sizeof(*all), by_name) : NULL;
		if (to && all[i].data.len && to->data.len && !same_bytes(all[i].data, to->data))
			return false;
	}
	return true;
}

int kst_pack_check(const uint8_t *data, size_t n, size_t most, struct kst_error *err)
{
	struct kst_cursor c;
	struct kst_member m, *all;
	size_t nr = 0, i = 0;
	int rc;

	if (!kst_pack_open(&c, data, n))
		return kst_error_setx(err, KST_E_CORRUPT, "is no directory");
	while ((rc = kst_pack_next(&c, &m)) == 1)
		if (++nr > most)
			return kst_error_setx(err, KST_E_LIMIT, "holds more than %zu files", most);
	if (rc < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "has a member that breaks off");
	if (!(all = kst_calloc(nr + 1, sizeof(*all))))
		return kst_error_nomem(err);
	for (kst_pack_open(&c, data, n); i < nr && kst_pack_next(&c, &all[i]) == 1; i++)
		;
	qsort(all, nr, sizeof(*all), by_name);
	bool ok = consistent(all, nr);
	kst_free(all);
	return ok ? 0 : kst_error_setx(err, KST_E_CORRUPT, "changed while it was read");
}
