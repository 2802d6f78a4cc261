/* SPDX-License-Identifier: ISC */
/*
 * opt.c - a command line against one or two option tables
 *
 * Exact names only: an abbreviation that works today is another option's name
 * tomorrow.  Messages never repeat the value of an option, which may be a secret
 * that was meant for another program's habits.
 */
#include "ui/opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/text.h"
#include "ui/opt_suggest.h"

struct found {
	const struct opt *opt;
	void *slot; /* in the values that belong to its table */
};

static struct found find_in(const struct opt *table, void *values, const char *name, size_t n,
			    char letter)
{
	for (const struct opt *o = table; o && o->name; o++)
		if (letter ? o->letter == letter
			   : strlen(o->name) == n && !strncmp(o->name, name, n))
			return (struct found){ o, (char *)values + o->offset };
	return (struct found){ NULL, NULL };
}

static int list_push(struct opt_list *list, const char *item, struct kst_error *err)
{
	const char **grown = kst_realloc(list->item, (list->nr + 2) * sizeof(*grown));

	if (!grown)
		return kst_error_nomem(err);
	grown[list->nr++] = item;
	grown[list->nr] = NULL;
	list->item = grown;
	return 0;
}

static int set_int(const struct opt *o, struct opt_int *to, const char *value,
		   struct kst_error *err)
{
	bool bounded = to->min != 0 || to->max != 0;
	char *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 10);
	if (errno || end == value || *end || value[0] == ' ' || value[0] == '+') {
		kst_error_setx(err, KST_E_BAD_VALUE, "a whole number is expected, not \"%s\"",
			       value);
		return kst_error_subject(err, "--%s", o->name);
	}
	if ((bounded && (v < to->min || v > to->max)) || (!bounded && v < 0)) {
		if (bounded)
			kst_error_setx(err, KST_E_BAD_VALUE, "%ld is not between %ld and %ld", v,
				       to->min, to->max);
		else
			kst_error_setx(err, KST_E_BAD_VALUE, "%ld is below zero", v);
		return kst_error_subject(err, "--%s", o->name);
	}
	to->value = v;
	to->given = true;
	return 0;
}

static int set_choice(const struct opt *o, const char **to, const char *value,
		      struct kst_error *err)
{
	char all[512] = "";
	size_t used = 0;
	const char *near;

	for (const char *const *c = o->choices; *c; c++)
		if (!strcmp(*c, value)) {
			*to = *c;
			return 0;
		}
	for (const char *const *c = o->choices; *c; c++) {
		size_t n = strlen(*c);

		if (used + n + 2 >= sizeof(all))
			break;
		if (used)
			all[used++] = ' ';
		memcpy(all + used, *c, n + 1);
		used += n;
	}
	near = opt_nearest(value, o->choices);
	if (near)
		kst_error_setx(err, KST_E_BAD_VALUE,
			       "\"%s\" is not a value of this option; did you "
			       "mean \"%s\"?",
			       value, near);
	else
		kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is not a value of this option", value);
	kst_error_subject(err, "--%s", o->name);
	return kst_error_hint(err, "one of: %s", all);
}

static int set(struct found f, const char *value, struct kst_error *err)
{
	switch (f.opt->kind) {
	case OPT_FLAG:
		*(bool *)f.slot = true;
		return 0;
	case OPT_COUNT:
		++*(int *)f.slot;
		return 0;
	case OPT_TEXT:
		*(const char **)f.slot = value;
		return 0;
	case OPT_LIST:
		return list_push(f.slot, value, err);
	case OPT_INT:
		return set_int(f.opt, f.slot, value, err);
	case OPT_CHOICE:
		return set_choice(f.opt, f.slot, value, err);
	}
	return 0;
}

static bool has_value(const struct opt *o)
{
	return o->kind != OPT_FLAG && o->kind != OPT_COUNT;
}

static int needs_value(const struct opt *o, struct kst_error *err)
{
	kst_error_setx(err, KST_E_USAGE, "a value is missing: --%s %s", o->name,
		       o->value ? o->value : "VALUE");
	return kst_error_subject(err, "--%s", o->name);
}

/* "--name" or "--name=value"; *i moves past a value that is the next word. */
static int parse_long(int argc, char *const *argv, int *i, const struct opt *own, void *values,
		      const struct opt *global, void *global_values, struct kst_error *err)
{
	const char *name = argv[*i] + 2, *eq = strchr(name, '='), *value = NULL;
	size_t n = eq ? (size_t)(eq - name) : strlen(name);
	struct found f = find_in(own, values, name, n, 0);

	if (!f.opt)
		f = find_in(global, global_values, name, n, 0);
	if (!f.opt)
		return opt_unknown(argv[*i], own, global, err);
	if (has_value(f.opt)) {
		if (eq)
			value = eq + 1;
		else if (*i + 1 < argc)
			value = argv[++*i];
		else
			return needs_value(f.opt, err);
	} else if (eq) {
		kst_error_setx(err, KST_E_USAGE, "the option takes no value");
		return kst_error_subject(err, "--%s", f.opt->name);
	}
	return set(f, value, err);
}

/* "-q", "-vv", "-nq", "-o FILE", "-oFILE" */
static int parse_letters(int argc, char *const *argv, int *i, const struct opt *own, void *values,
			 const struct opt *global, void *global_values, struct kst_error *err)
{
	const char *word = argv[*i];

	if (opt_is_foreign(word, own, global))
		return opt_unknown(word, own, global, err);
	/* Nothing of "-storepass" may take effect because its first letters happen to be options.
	 */
	for (const char *c = word + 1; *c; c++) {
		struct found f = find_in(own, values, NULL, 0, *c);

		if (!f.opt)
			f = find_in(global, global_values, NULL, 0, *c);
		if (!f.opt)
			return opt_unknown(word, own, global, err);
		if (has_value(f.opt))
			break;
	}
	for (const char *c = word + 1; *c; c++) {
		struct found f = find_in(own, values, NULL, 0, *c);
		const char *value = NULL;

		if (!f.opt)
			f = find_in(global, global_values, NULL, 0, *c);
		if (has_value(f.opt)) {
			if (c[1])
				value = c + 1;
			else if (*i + 1 < argc)
				value = argv[++*i];
			else
				return needs_value(f.opt, err);
			return set(f, value, err);
		}
		if (set(f, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int opt_parse(int argc, char *const *argv, const struct opt *own, void *values,
	      const struct opt *global, void *global_values, const char **operands, size_t *nr,
	      struct kst_error *err)
{
	bool ended = false;
	size_t count = 0;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];

		if (ended || word[0] != '-' || !word[1]) {
			operands[count++] = word;
			continue;
		}
		if (!strcmp(word, "--"))
			ended = true;
		else if (word[1] == '-') {
			if (parse_long(argc, argv, &i, own, values, global, global_values, err) < 0)
				return -1;
		} else if (parse_letters(argc, argv, &i, own, values, global, global_values, err) <
			   0)
			return -1;
	}
	*nr = count;
	return 0;
}

void opt_release(const struct opt *table, void *values)
{
	for (const struct opt *o = table; o && o->name; o++) {
		struct opt_list *list;

		if (o->kind != OPT_LIST)
			continue;
		list = (struct opt_list *)(void *)((char *)values + o->offset);
		kst_free(list->item);
		*list = (struct opt_list){ NULL, 0 };
	}
}
