/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_names.c - strings told apart without regard to case
 *
 * Java lower-cases every alias of a PKCS#12 and lets the last entry of a name
 * win without a word.  So a file is looked at, and written, as Java sees it.
 */
#include "pkcs12_state.h"

#include <openssl/rand.h>
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/text.h"

#define ALIAS_MAX 255

struct name {
	char *lower;
	uint64_t hash;
	unsigned long next; /* number of the next suffix */
};

struct p12_names {
	struct name *slot; /* open addressing; a power of two */
	size_t size, used;
	uint64_t seed; /* names come from hostile files: their order in the table must not */
};

struct p12_names *p12_names_new(void)
{
	struct p12_names *n = kst_calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->size = 64;
	n->slot = kst_calloc(n->size, sizeof(*n->slot));
	if (!n->slot || RAND_bytes((unsigned char *)&n->seed, sizeof(n->seed)) != 1) {
		kst_free(n->slot);
		kst_free(n);
		return NULL;
	}
	return n;
}

void p12_names_free(struct p12_names *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->size; i++)
		kst_free(n->slot[i].lower);
	kst_free(n->slot);
	kst_free(n);
}

/* FNV-1a, mixed at the end so that the low bits depend on everything. */
static uint64_t hash(const struct p12_names *n, const char *s)
{
	uint64_t h = n->seed ^ UINT64_C(0xcbf29ce484222325);
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	h ^= h >> 29;
	return h * UINT64_C(0xbf58476d1ce4e5b9) ^ h >> 32;
}

static struct name *look_up(const struct p12_names *n, const char *lower, uint64_t h)
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

static int grow(struct p12_names *n)
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

bool p12_names_has(const struct p12_names *n, const char *name)
{
	char *lower = kst_text_lower(name);
	bool has = lower && look_up(n, lower, hash(n, lower));
	kst_free(lower);
	return has;
}

int p12_names_add(struct p12_names *n, const char *name)
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

/* Cut at a whole character so that the suffix fits. */
static char *with_suffix(const char *base, const char *suffix)
{
	size_t n = strlen(base), room = ALIAS_MAX - strlen(suffix);
	if (n > room) {
		n = room;
		while (n && ((uint8_t)base[n] & 0xc0) == 0x80)
			n--;
	}
	return kst_asprintf("%.*s%s", (int)n, base, suffix);
}

static char *take(struct p12_names *n, char *name)
{
	if (name && p12_names_add(n, name) == 0)
		return name;
	kst_free(name);
	return NULL;
}

char *p12_names_unique(struct p12_names *n, const char *base, const uint8_t *sha256)
{
	if (!p12_names_has(n, base))
		return take(n, kst_strdup(base));
	char *suffix, *name;
	if (sha256) {
		suffix = kst_asprintf("-%02x%02x%02x%02x", sha256[0], sha256[1], sha256[2],
				      sha256[3]);
		name = suffix ? with_suffix(base, suffix) : NULL;
		kst_free(suffix);
		if (!name || !p12_names_has(n, name))
			return take(n, name);
		kst_free(name);
	}
	/* The count goes on where it was: a file of 100,000 equal names is no work of hours. */
	char *lower = kst_text_lower(base);
	struct name *first = lower ? look_up(n, lower, hash(n, lower)) : NULL;
	kst_free(lower);
	while (first) {
		suffix = kst_asprintf("-%lu", first->next++);
		name = suffix ? with_suffix(base, suffix) : NULL;
		kst_free(suffix);
		if (!name || !p12_names_has(n, name))
			return take(n, name);
		kst_free(name);
	}
	return NULL;
}
