/* SPDX-License-Identifier: ISC */
/*
 * nocase.c - names told apart without regard to case, as Java's keystores do
 */
#include "model/nocase.h"

#include <string.h>
#include <sys/random.h>

#include "kstool/alloc.h"
#include "kstool/text.h"
#include "model/alias.h"

struct name {
	char *lower;
	uint64_t hash;
	unsigned long next; /* number of the next suffix */
};

struct kst_nocase {
	struct name *slot; /* open addressing; a power of two */
	size_t size, used;
	uint64_t seed; /* names come from hostile files: their order in the table must not */
};

struct kst_nocase *kst_nocase_new(void)
{
	struct kst_nocase *n = kst_calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->size = 64;
	n->slot = kst_calloc(n->size, sizeof(*n->slot));
	if (!n->slot) {
		kst_free(n);
		return NULL;
	}
	/* Without entropy a hostile file is slower, and no worse. */
	if (getrandom(&n->seed, sizeof(n->seed), GRND_NONBLOCK) < 0)
		n->seed = (uintptr_t)n;
	return n;
}

void kst_nocase_free(struct kst_nocase *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->size; i++)
		kst_free(n->slot[i].lower);
	kst_free(n->slot);
	kst_free(n);
}

/* FNV-1a, mixed at the end so that the low bits depend on everything. */
static uint64_t hash(const struct kst_nocase *n, const char *s)
{
	uint64_t h = n->seed ^ UINT64_C(0xcbf29ce484222325);
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	h ^= h >> 29;
	return h * UINT64_C(0xbf58476d1ce4e5b9) ^ h >> 32;
}

static struct name *look_up(const struct kst_nocase *n, const char *lower, uint64_t h)
{
	for (size_t i = (size_t)h & (n->size - 1); n->slot[i].lower; i = (i + 1) & (n->size - 1))
		if (n->slot[i].hash == h && strcmp(n->slot[i].lower, lower) == 0)
			return &n->slot[i];
	return NULL;
}

static void put(struct name *slot, size_t size, struct name name)
{
	size_t i = (size_t)name.hash & (size - 1);
	while (slot[i].lower)
		i = (i + 1) & (size - 1);
	slot[i] = name;
}

static int grow(struct kst_nocase *n)
{
	if (n->used * 2 < n->size)
		return 0;
	size_t size = n->size * 2;
	struct name *slot = kst_calloc(size, sizeof(*slot));
	if (!slot)
		return -1;
	for (size_t i = 0; i < n->size; i++)
		if (n->slot[i].lower)
			put(slot, size, n->slot[i]);
	kst_free(n->slot);
	n->slot = slot;
	n->size = size;
	return 0;
}

bool kst_nocase_has(const struct kst_nocase *n, const char *name)
{
	char *lower = kst_text_lower(name);
	bool has = lower && look_up(n, lower, hash(n, lower));
	kst_free(lower);
	return has;
}

int kst_nocase_add(struct kst_nocase *n, const char *name)
{
	char *lower = kst_text_lower(name);
	if (!lower || grow(n) < 0) {
		kst_free(lower);
		return -1;
	}
	uint64_t h = hash(n, lower);
	if (look_up(n, lower, h)) {
		kst_free(lower);
		return 0;
	}
	put(n->slot, n->size, (struct name){ .lower = lower, .hash = h, .next = 2 });
	n->used++;
	return 0;
}

static char *take(struct kst_nocase *n, char *name)
{
	if (name && kst_nocase_add(n, name) == 0)
		return name;
	kst_free(name);
	return NULL;
}

char *kst_nocase_unique(struct kst_nocase *n, const char *base, const uint8_t *sha256)
{
	if (!kst_nocase_has(n, base))
		return take(n, kst_strdup(base));
	char *suffix, *name;
	if (sha256) {
		suffix = kst_asprintf("-%02x%02x%02x%02x", sha256[0], sha256[1], sha256[2],
				      sha256[3]);
		name = suffix ? kst_alias_with_suffix(base, suffix) : NULL;
		kst_free(suffix);
		if (!name || !kst_nocase_has(n, name))
			return take(n, name);
		kst_free(name);
	}
	/* The count goes on where it was: a file of 100,000 equal names is no work of hours. */
	char *lower = kst_text_lower(base);
	struct name *first = lower ? look_up(n, lower, hash(n, lower)) : NULL;
	kst_free(lower);
	while (first) {
		suffix = kst_asprintf("-%lu", first->next++);
		name = suffix ? kst_alias_with_suffix(base, suffix) : NULL;
		kst_free(suffix);
		if (!name || !kst_nocase_has(n, name))
			return take(n, name);
		kst_free(name);
	}
	return NULL;
}

/* ---- the alias of an entry ---- */

int kst_nocase_adopt(struct kst_nocase *n, struct kst_entry *e, const char *name,
		    struct kst_notes *notes, struct kst_error *err)
{
	const struct kst_cert *leaf = kst_entry_leaf(e);
	size_t len = strlen(name);
	bool changed = false;
	char *legal = len ? kst_alias_legal(name, len, &changed) : NULL;

	if (!len)
		return 0;
	if (!legal) {
		kst_note(notes, "alias-dropped", "a name too long to be an alias is left out");
		return kst_blob_set(&e->alias_source, name, len) < 0 ? kst_error_nomem(err) : 0;
	}
	e->alias = kst_nocase_unique(n, legal, leaf ? kst_cert_sha256(leaf) : NULL);
	if (e->alias && strcmp(e->alias, legal) != 0) {
		kst_note(notes, "alias-duplicate",
			 "\"%s\" is there more than once, which Java reads as one entry: listed as \"%s\"",
			 legal, e->alias);
		changed = true;
	}
	kst_free(legal);
	if (!e->alias || (changed && kst_blob_set(&e->alias_source, name, len) < 0))
		return kst_error_nomem(err);
	return 0;
}

int kst_nocase_fit(struct kst_nocase *n, struct kst_entry *e, const char *had,
		  struct kst_notes *notes, struct kst_error *err)
{
	const struct kst_cert *leaf = kst_entry_leaf(e);
	char *want = had && e->alias && strcmp(had, e->alias) == 0 ? kst_strdup(had)
		     : e->alias                                    ? kst_text_lower(e->alias)
								   : kst_alias_derive(e);
	char *alias = want ? kst_nocase_unique(n, want, leaf ? kst_cert_sha256(leaf) : NULL) : NULL;

	kst_free(want);
	if (!alias)
		return kst_error_nomem(err);
	if (e->alias && strcmp(alias, e->alias) != 0)
		kst_note(notes, "alias-lowered",
			 "\"%s\" is written as \"%s\": Java has no case in aliases and needs each once",
			 e->alias, alias);
	kst_free(e->alias);
	e->alias = alias;
	return 0;
}
