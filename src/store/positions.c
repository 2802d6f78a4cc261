/* SPDX-License-Identifier: ISC */
/*
 * positions.c - where in the store an alias or a certificate is
 *
 * Adding 10,000 certificates asks 10,000 times whether each is there already;
 * walking the entries each time would take minutes.  Built when first asked.
 * Aliases of a format with an index of its own (format->find) are left to it:
 * only what was changed since is kept here, so that one look into a store of
 * 100,000 entries touches none of them.
 */
#include <string.h>

#include "store/store.h"

/* Multiply-and-fold over eight bytes at a time; the seed keeps hostile aliases from colliding. */
__extension__ typedef unsigned __int128 wide;
static uint64_t fold(uint64_t a, uint64_t b)
{
	wide r = (wide)a * b;
	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

uint64_t kst_hash(uint64_t seed, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t h = seed ^ UINT64_C(0x9e3779b97f4a7c15) ^ n;
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		h = fold(h ^ v, UINT64_C(0xd6e8feb86659fd93) ^ seed);
	}
	uint64_t last = 0;
	memcpy(&last, p, n);
	h = fold(h ^ last, UINT64_C(0xa0761d6478bd642f));
	return fold(h, UINT64_C(0xe7037ed1a0b428db) ^ seed);
}

static void insert(struct kst_positions *t, uint64_t h, size_t i)
{
	size_t k = (size_t)h & (t->size - 1);
	while (t->slot[k].at)
		k = (k + 1) & (t->size - 1);
	t->slot[k] = (struct kst_position){ h, i + 1 };
	t->used++;
}

/* Room for one more; 0 or -1, and then the table is dropped. */
static int reserve(struct kst_positions *t, size_t want)
{
	size_t size = t->size ? t->size : 64;
	while (size / 2 <= want)
		size *= 2;
	if (size == t->size)
		return 0;
	struct kst_positions bigger = { .slot = kst_calloc(size, sizeof(*t->slot)),
					.size = size,
					.built = true };
	if (!bigger.slot)
		return -1;
	for (size_t k = 0; k < t->size; k++)
		if (t->slot[k].at)
			insert(&bigger, t->slot[k].hash, t->slot[k].at - 1);
	kst_free(t->slot);
	*t = bigger;
	return 0;
}

static void drop(struct kst_positions *t)
{
	kst_free(t->slot);
	*t = (struct kst_positions){ .slot = NULL };
}

void kst_positions_drop(struct kst_store *s)
{
	drop(&s->by_alias);
	drop(&s->by_cert);
}

static bool has_case(const struct kst_store *s)
{
	return s->format->caps & KST_CAP_ALIAS_CASE;
}

static bool alias_hash(const struct kst_store *s, const char *alias, uint64_t *h)
{
	if (has_case(s)) {
		*h = kst_hash(s->seed, alias, strlen(alias));
		return true;
	}
	char *lower = kst_text_lower(alias);
	if (!lower)
		return false;
	*h = kst_hash(s->seed, lower, strlen(lower));
	kst_free(lower);
	return true;
}

/* Does format->find() know this item under its present alias? */
static bool left_to_format(const struct kst_store *s, size_t i)
{
	const struct kst_item *item = &s->model.item[i];
	return s->format->find && item->base != KST_NO_BASE && !item->dirty;
}

static int add_alias(struct kst_store *s, size_t i)
{
	const char *alias = kst_store_alias(s, i);
	uint64_t h;
	if (!alias)
		return 0;
	if (!alias_hash(s, alias, &h) || reserve(&s->by_alias, s->by_alias.used + 1) < 0)
		return -1;
	insert(&s->by_alias, h, i);
	return 0;
}

static int add_cert(struct kst_store *s, size_t i)
{
	struct kst_head head;
	if (kst_store_head(s, i, &head, NULL) < 0 || !head.sha256)
		return 0;
	if (reserve(&s->by_cert, s->by_cert.used + 1) < 0)
		return -1;
	insert(&s->by_cert, kst_hash(s->seed, head.sha256, 32), i);
	return 0;
}

static int build(struct kst_store *s, struct kst_positions *t,
		 int (*add)(struct kst_store *s, size_t i), bool aliases)
{
	if (t->built)
		return 0;
	if (reserve(t, 0) < 0)
		return -1;
	for (size_t i = 0; i < s->model.nr; i++)
		if (!(aliases && left_to_format(s, i)) && add(s, i) < 0) {
			drop(t);
			return -1;
		}
	return 0;
}

void kst_positions_add(struct kst_store *s, size_t i)
{
	/* Without memory: dropped, and built anew (or walked) at the next question. */
	if (s->by_alias.built && add_alias(s, i) < 0)
		drop(&s->by_alias);
	if (s->by_cert.built && add_cert(s, i) < 0)
		drop(&s->by_cert);
}

/* Items of the file stand in their old order, new ones behind them. */
static size_t item_of_base(const struct kst_store *s, size_t base)
{
	size_t lo = 0, hi = s->model.nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->model.item[mid].base < base)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->model.nr && s->model.item[lo].base == base ? lo : KST_NO_BASE;
}

static bool alias_is(struct kst_store *s, size_t i, const char *alias, bool exact)
{
	const char *a = kst_store_alias(s, i);
	return a && (exact ? strcmp(a, alias) == 0 : kst_text_equal_nocase(a, alias));
}

/* The lowest position with this alias. */
static size_t look_up_alias(struct kst_store *s, const char *alias, uint64_t h, bool exact)
{
	const struct kst_positions *t = &s->by_alias;
	size_t found = KST_NO_BASE;
	for (size_t k = (size_t)h & (t->size - 1); t->slot[k].at; k = (k + 1) & (t->size - 1)) {
		size_t i = t->slot[k].at - 1;
		if (t->slot[k].hash == h && i < s->model.nr && i < found &&
		    alias_is(s, i, alias, exact))
			found = i;
	}
	return found;
}

static size_t walk_aliases(struct kst_store *s, const char *alias, bool exact)
{
	for (size_t i = 0; i < s->model.nr; i++)
		if (alias_is(s, i, alias, exact))
			return i;
	return KST_NO_BASE;
}

size_t kst_positions_alias(struct kst_store *s, const char *alias)
{
	if (s->format->find) {
		size_t base = s->format->find(&s->model, alias);
		size_t i = base == KST_NO_BASE ? base : item_of_base(s, base);
		if (i != KST_NO_BASE && alias_is(s, i, alias, true))
			return i;
	}
	uint64_t h = 0;
	bool hashed = alias_hash(s, alias, &h) && build(s, &s->by_alias, add_alias, true) == 0;
	size_t i = hashed ? look_up_alias(s, alias, h, true) : walk_aliases(s, alias, true);
	if (i != KST_NO_BASE || has_case(s))
		return i;
	return hashed ? look_up_alias(s, alias, h, false) : walk_aliases(s, alias, false);
}

static bool cert_is(struct kst_store *s, size_t i, const uint8_t *sha256)
{
	struct kst_head head;
	return kst_store_head(s, i, &head, NULL) == 0 && head.sha256 &&
	       memcmp(head.sha256, sha256, 32) == 0;
}

size_t kst_positions_cert(struct kst_store *s, const uint8_t *sha256)
{
	size_t found = KST_NO_BASE;
	if (build(s, &s->by_cert, add_cert, false) < 0) {
		for (size_t i = 0; i < s->model.nr; i++)
			if (cert_is(s, i, sha256))
				return i;
		return found;
	}
	const struct kst_positions *t = &s->by_cert;
	uint64_t h = kst_hash(s->seed, sha256, 32);
	for (size_t k = (size_t)h & (t->size - 1); t->slot[k].at; k = (k + 1) & (t->size - 1)) {
		size_t i = t->slot[k].at - 1;
		if (t->slot[k].hash == h && i < s->model.nr && i < found && cert_is(s, i, sha256))
			found = i;
	}
	return found;
}
