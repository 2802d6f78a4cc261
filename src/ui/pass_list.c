/* SPDX-License-Identifier: ISC */
/* pass_list.c - which of several passphrases is for which file */
#include "ui/pass_list.h"

#include <string.h>
#include <strings.h>

#include "kstool/alloc.h"

int pass_list_init(struct pass_list *l, const char *option, const struct opt_list *list, bool may_gen,
		   struct kst_error *err)
{
	l->option = option;
	if (!list->nr)
		return 0;
	l->item = kst_calloc(list->nr, sizeof(*l->item));
	if (!l->item)
		return kst_error_nomem(err);
	l->nr = list->nr;
	for (size_t i = 0; i < list->nr; i++) {
		if (pass_source_parse(&l->item[i], option, list->item[i], may_gen, err) < 0)
			return -1;
		l->unnamed += !l->item[i].file;
	}
	return 0;
}

void pass_list_release(struct pass_list *l)
{
	for (size_t i = 0; i < l->nr; i++)
		kst_secret_release(&l->item[i].secret);
	for (size_t i = 0; i < l->nr_paths; i++)
		kst_free(l->path[i]);
	kst_free(l->item);
	kst_free(l->path);
}

int pass_list_number(struct pass_list *l, const char *path, size_t *n, struct kst_error *err)
{
	char **grown;

	for (*n = 0; *n < l->nr_paths; ++*n)
		if (!strcmp(l->path[*n], path))
			return 0;
	grown = kst_realloc(l->path, (l->nr_paths + 1) * sizeof(*grown));
	if (!grown)
		return kst_error_nomem(err);
	l->path = grown;
	l->path[l->nr_paths] = kst_strdup(path);
	if (!l->path[l->nr_paths])
		return kst_error_nomem(err);
	l->nr_paths++;
	return 0;
}

struct pass_source *pass_list_named(struct pass_list *l, const char *name, bool any_case, size_t *at)
{
	size_t n = name ? strlen(name) : 0;

	for (; name && *at < l->nr; ++*at) {
		struct pass_source *p = &l->item[*at];

		if (p->file && p->file_len == n &&
		    !(any_case ? strncasecmp : strncmp)(p->file, name, n)) {
			++*at;
			return p;
		}
	}
	return NULL;
}

struct pass_source *pass_list_unnamed(struct pass_list *l, size_t n)
{
	for (size_t i = 0; i < l->nr; i++)
		if (!l->item[i].file && !n--)
			return &l->item[i];
	return NULL;
}

int pass_list_find(struct pass_list *l, const char *path, struct pass_source **out,
		   struct kst_error *err)
{
	size_t number = 0, at = 0;

	*out = pass_list_named(l, path, false, &at);
	if (*out || !l->unnamed)
		return 0;
	if (pass_list_number(l, path ? path : "", &number, err) < 0)
		return -1;
	*out = pass_list_unnamed(l, l->unnamed == 1 ? 0 : number);
	return 0;
}
