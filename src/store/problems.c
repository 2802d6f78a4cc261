/* SPDX-License-Identifier: ISC */
/* problems.c - the list that lint fills, and the facts of problems.def */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/lint.h"

static const struct {
	const char *slug, *meaning;
	enum kst_severity severity;
} kinds[] = {
#define KST_PROBLEM(name, severity, slug, meaning) { slug, meaning, KST_SEVERITY_##severity },
#include "kstool/problems.def"
#undef KST_PROBLEM
};

const char *kst_problem_slug(enum kst_problem_id id)
{
	return kinds[id].slug;
}

const char *kst_severity_text(enum kst_severity severity)
{
	switch (severity) {
	case KST_SEVERITY_INFO:
		return "info";
	case KST_SEVERITY_WARN:
		return "warn";
	case KST_SEVERITY_ERROR:
		break;
	}
	return "error";
}

const char *kst_problem_meaning(const char *slug, enum kst_severity *severity)
{
	for (size_t i = 0; i < KST_PROBLEM_COUNT; i++) {
		size_t n = strlen(kinds[i].slug);
		/* The one that a consumer's name completes. */
		bool open = kinds[i].slug[n - 1] == '-';

		if (open ? strncmp(slug, kinds[i].slug, n) != 0 || !kst_consumer_find(slug + n)
			 : strcmp(slug, kinds[i].slug) != 0)
			continue;
		if (severity)
			*severity = kinds[i].severity;
		return kinds[i].meaning;
	}
	return NULL;
}

static void row_release(struct kst_problem *f)
{
	kst_free(f->entry);
	kst_free(f->text);
	for (size_t i = 0; i < KST_FIX_WORDS; i++)
		kst_free(f->fix[i]);
}

void kst_problems_release(struct kst_problems *f)
{
	for (size_t i = 0; i < f->nr; i++)
		row_release(&f->row[i]);
	kst_free(f->row);
	*f = (struct kst_problems){ .row = NULL };
}

struct kst_problem *kst_problem_add(struct kst_problems *f, enum kst_problem_id id, const char *entry,
				    const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	if (f->nr == f->size) {
		size_t size = f->size ? f->size * 2 : 16;
		struct kst_problem *grown = kst_realloc(f->row, size * sizeof(*grown));
		if (!grown)
			goto nomem;
		f->row = grown;
		f->size = size;
	}
	struct kst_problem *row = &f->row[f->nr];
	*row = (struct kst_problem){ .id = id, .severity = kinds[id].severity };
	snprintf(row->slug, sizeof(row->slug), "%s", kinds[id].slug);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	row->text = kst_strdup(text);
	row->entry = entry ? kst_strdup(entry) : NULL;
	if (!row->text || (entry && !row->entry)) {
		row_release(row);
		goto nomem;
	}
	f->nr++;
	return row;
nomem:
	f->failed = true;
	return NULL;
}

void kst_problem_fix(struct kst_problems *f, struct kst_problem *row, const char *word, ...)
{
	va_list ap;
	size_t n = 0;

	if (!row)
		return;
	va_start(ap, word);
	for (; word && n < KST_FIX_WORDS - 1; word = va_arg(ap, const char *)) {
		row->fix[n] = kst_strdup(word);
		if (!row->fix[n++])
			f->failed = true;
	}
	va_end(ap);
}
