/* SPDX-License-Identifier: ISC */
/*
 * pem_alias.c - names for the entries of a PEM file
 *
 * What the file itself says comes first, in its order; what is derived gives way.
 * A name that is taken gets "-2", "-3" ...: the same file always yields the same
 * names.  Ten thousand certificates of one name must not cost their square: each
 * name remembers the last number that it gave away.
 */
#include "pem_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "kstool/alloc.h"

#define ALIAS_MAX 255

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

/* alias-N, cut at a whole character where it gets too long. */
static char *numbered(const char *alias, size_t number)
{
	char suffix[24];
	int k = snprintf(suffix, sizeof(suffix), "-%zu", number);
	size_t n = strlen(alias), room = ALIAS_MAX - (size_t)k;
	if (n > room)
		for (n = room; n && ((uint8_t)alias[n] & 0xc0) == 0x80; n--)
			;
	return kst_asprintf("%.*s%s", (int)n, alias, suffix);
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

/* A request or list has no certificate to be named after: its label will do. */
static char *from_label(const struct pem_file *f, const struct pem_span *b)
{
	char *alias = kst_strndup((const char *)f->text.data + b->label, b->label_len);
	for (char *p = alias; p && *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		else if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			*p = '-';
	}
	return alias;
}

int pem_aliases(const struct pem_file *f, struct kst_model *m, struct kst_error *err)
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

	for (size_t i = 0; i < m->nr; i++) {
		struct kst_entry *e = m->item[i].entry;
		char *given = e->alias;
		e->alias = NULL;
		if (given && take(&names, e, given) < 0)
			goto done;
	}
	for (size_t i = 0; i < m->nr; i++) {
		struct kst_entry *e = m->item[i].entry;
		if (e->alias)
			continue;
		char *derived = e->der.len ? from_label(f, &f->block[f->base[i].main].at)
					   : kst_alias_derive(e);
		if (!derived || take(&names, e, derived) < 0)
			goto done;
		e->alias_derived = true;
	}
	rc = 0;
done:
	kst_free(names.slot);
	return rc < 0 ? kst_error_nomem(err) : 0;
}
