/* SPDX-License-Identifier: ISC */
/*
 * names.c - names for all entries of a file that has no unique ones of its own
 *
 * What the file itself says comes first, in its order; what is derived gives way.
 * A name that is taken gets "-2", "-3" ...: the same file always yields the same
 * names.  Ten thousand certificates of one name must not cost their square: each
 * name remembers the last number that it gave away.
 */
#include "model/names.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "kstool/alloc.h"
#include "model/alias.h"

struct taken {
	const char *alias; /* borrowed from the entry */
	size_t last;       /* number given to the last one of this name */
};

struct names {
	struct taken *slot;
	size_t mask;
	uint64_t seed;
};

static struct taken *look(const struct names *n, const char *alias)
{
	uint64_t h = n->seed;
	for (const char *p = alias; *p; p++) {
		h = (h ^ (uint8_t)*p) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	size_t i = (size_t)h & n->mask;
	while (n->slot[i].alias && strcmp(n->slot[i].alias, alias) != 0)
		i = (i + 1) & n->mask;
	return &n->slot[i];
}

static char *numbered(const char *alias, size_t number)
{
	char suffix[24];
	snprintf(suffix, sizeof(suffix), "-%zu", number);
	return kst_alias_with_suffix(alias, suffix);
}

/* The entry takes `alias`, or the first free number of it.  0 or -1. */
static int take(struct names *n, struct kst_entry *e, char *alias)
{
	struct taken *t = look(n, alias), *first = t;
	while (t->alias) {
		char *next = numbered(alias, first->last ? ++first->last : (first->last = 2));
		if (!next) {
			kst_free(alias);
			return -1;
		}
		t = look(n, next);
		if (!t->alias) {
			kst_free(alias);
			alias = next;
			break;
		}
		kst_free(next);
	}
	*t = (struct taken){ .alias = alias };
	e->alias = alias;
	return 0;
}

int kst_model_name_all(struct kst_model *m, struct kst_error *err)
{
	size_t size = 16;
	while (size < m->nr * 2)
		size *= 2;
	struct names names = { .slot = kst_calloc(size, sizeof(*names.slot)), .mask = size - 1 };
	int rc = -1;
	if (!names.slot)
		return kst_error_nomem(err);
	/* Against files made to collide; which slot a name lies in changes nothing. */
	if (getrandom(&names.seed, sizeof(names.seed), GRND_NONBLOCK) < 0)
		names.seed = (uintptr_t)names.slot;

	for (int derived = 0; derived < 2; derived++)
		for (size_t i = 0; i < m->nr; i++) {
			struct kst_entry *e = m->item[i].entry;
			char *alias = e->alias;
			if ((!alias || e->alias_derived) != derived)
				continue;
			e->alias = NULL;
			if (!alias)
				alias = kst_alias_derive(e);
			if (!alias || take(&names, e, alias) < 0)
				goto done;
			e->alias_derived = derived;
		}
	rc = 0;
done:
	kst_free(names.slot);
	return rc < 0 ? kst_error_nomem(err) : 0;
}
