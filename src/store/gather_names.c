/* SPDX-License-Identifier: ISC */
/* gather_names.c - the aliases that are taken; borrowed from the entries that have them */
#include "store/gather.h"

#include <string.h>

#include "store/store.h"

static size_t place_of(const char *const *slot, size_t size, uint64_t seed, const char *name)
{
	size_t k = (size_t)kst_hash(seed, name, strlen(name)) & (size - 1);
	while (slot[k] && strcmp(slot[k], name) != 0)
		k = (k + 1) & (size - 1);
	return k;
}

bool kst_names_has(const struct kst_names *n, const char *name)
{
	return n->size && n->slot[place_of(n->slot, n->size, n->seed, name)];
}

static int grow(struct kst_names *n)
{
	size_t size = n->size ? n->size * 2 : 64;
	const char **slot = kst_calloc(size, sizeof(*slot));
	if (!slot)
		return -1;
	for (size_t k = 0; k < n->size; k++)
		if (n->slot[k])
			slot[place_of(slot, size, n->seed, n->slot[k])] = n->slot[k];
	kst_free(n->slot);
	n->slot = slot;
	n->size = size;
	return 0;
}

int kst_names_add(struct kst_names *n, const char *name)
{
	if (n->nr + 1 > n->size / 2 && grow(n) < 0)
		return -1;
	size_t k = place_of(n->slot, n->size, n->seed, name);
	if (!n->slot[k]) {
		n->slot[k] = name;
		n->nr++;
	}
	return 0;
}

void kst_names_release(struct kst_names *n)
{
	kst_free(n->slot);
	n->slot = NULL;
	n->size = n->nr = 0;
}
