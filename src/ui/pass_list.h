/* SPDX-License-Identifier: ISC */
/*
 * pass_list.h - the sources of one option, and what each of them is for
 *
 * FILE=PASS is for that file (or, for keys, ALIAS=PASS for that key); of the
 * others the only one is for every file, else the n-th for the n-th locked file.
 */
#ifndef KST_UI_PASS_LIST_H
#define KST_UI_PASS_LIST_H

#include "ui/opt.h"
#include "ui/pass_source.h"

struct pass_list {
	const char *option; /* "--pass" */
	struct pass_source *item;
	size_t nr, unnamed;
	char **path; /* the locked files, in the order of their questions */
	size_t nr_paths;
};

/* `option` and the words of `list` must outlive it.  0 or -1, as pass_source_parse(). */
int pass_list_init(struct pass_list *l, const char *option, const struct opt_list *list, bool may_gen,
		   struct kst_error *err);
void pass_list_release(struct pass_list *l);

/* Which locked file is this: 0 for the first that was asked about.  -1 without memory. */
int pass_list_number(struct pass_list *l, const char *path, size_t *n, struct kst_error *err);
/* The first source that names this file or key, from number *at on (which moves behind it); NULL: none. */
struct pass_source *pass_list_named(struct pass_list *l, const char *name, bool any_case, size_t *at);
/* The n-th that names nothing; NULL: there are not so many. */
struct pass_source *pass_list_unnamed(struct pass_list *l, size_t n);
/* The one for a file: what names it, else the n-th for the n-th locked one.  NULL: none.  0 or -1. */
int pass_list_find(struct pass_list *l, const char *path, struct pass_source **out,
		   struct kst_error *err);

#endif
