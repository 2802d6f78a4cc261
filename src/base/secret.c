/* SPDX-License-Identifier: ISC */
/* secret.c - guarded, locked, wiped bytes */
#include "kstool/secret.h"
#include "kstool/alloc.h"
#include "kstool/error.h"

#include <stdatomic.h>
#include <string.h>

#include <sodium.h>

/* Each guarded secret costs four pages and locks at least one. */
#define GUARDED_MAX 256

enum { KIND_NONE, KIND_GUARDED, KIND_ARENA };

static atomic_int guarded;

int kst_secret_alloc(struct kst_secret *s, size_t size, struct kst_error *err)
{
	struct kst_secret n = KST_SECRET_INIT;
	size_t room = size ? size : 1;

	if (sodium_init() < 0)
		return kst_error_setx(err, KST_E_INTERNAL, "libsodium cannot be initialised");
	if (atomic_fetch_add(&guarded, 1) < GUARDED_MAX) {
		n.data = sodium_malloc(room);
		n.kind = KIND_GUARDED;
	}
	if (!n.data) {
		atomic_fetch_sub(&guarded, 1);
		n.data = kst_malloc(room);
		n.kind = KIND_ARENA;
	}
	if (!n.data)
		return kst_error_nomem(err);
	memset(n.data, 0, room);
	n.size = room;
	kst_secret_release(s);
	*s = n;
	return 0;
}

int kst_secret_set(struct kst_secret *s, const void *data, size_t len, struct kst_error *err)
{
	struct kst_secret n = KST_SECRET_INIT;

	if (kst_secret_alloc(&n, len, err) < 0)
		return -1;
	if (len)
		memcpy(n.data, data, len);
	n.len = len;
	kst_secret_move(s, &n);
	return 0;
}

int kst_secret_append(struct kst_secret *s, const void *data, size_t len, struct kst_error *err)
{
	struct kst_secret n = KST_SECRET_INIT;
	size_t total;

	if (__builtin_add_overflow(s->len, len, &total))
		return kst_error_nomem(err);
	if (total > s->size || !s->data) {
		if (kst_secret_alloc(&n, total + total / 2 + 64, err) < 0)
			return -1;
		if (s->len)
			memcpy(n.data, s->data, s->len);
		/* Before the old memory goes: `data` may lie in it. */
		if (len)
			memcpy(n.data + s->len, data, len);
		n.len = total;
		kst_secret_move(s, &n);
		return 0;
	}
	if (len)
		memmove(s->data + s->len, data, len);
	s->len = total;
	return 0;
}

void kst_secret_move(struct kst_secret *to, struct kst_secret *from)
{
	if (to == from)
		return;
	kst_secret_release(to);
	*to = *from;
	*from = (struct kst_secret)KST_SECRET_INIT;
}

void kst_secret_release(struct kst_secret *s)
{
	if (s->kind == KIND_GUARDED) {
		sodium_free(s->data); /* wipes */
		atomic_fetch_sub(&guarded, 1);
	} else if (s->kind == KIND_ARENA) {
		kst_free(s->data); /* wipes */
	}
	*s = (struct kst_secret)KST_SECRET_INIT;
}

bool kst_secret_equal(const struct kst_secret *a, const struct kst_secret *b)
{
	return a->len == b->len && (!a->len || !sodium_memcmp(a->data, b->data, a->len));
}
