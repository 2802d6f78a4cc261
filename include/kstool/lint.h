/* SPDX-License-Identifier: ISC */
/*
 * lint.h - problems inside a file, found without any trust decision
 *
 * A finding says what is wrong, with which entry, and which command mends it.
 * `kstool lint` prints them; what writes for a consumer (consumer.h) warns by them.
 */
#ifndef KSTOOL_LINT_H
#define KSTOOL_LINT_H

#include <stdbool.h>
#include <stddef.h>

#include "kstool/consumer.h"
#include "kstool/error.h"
#include "kstool/store.h"

enum kst_severity { KST_SEVERITY_INFO, KST_SEVERITY_WARN, KST_SEVERITY_ERROR };

enum kst_problem_id {
#define KST_PROBLEM(name, severity, slug, meaning) KST_P_##name,
#include "kstool/problems.def"
#undef KST_PROBLEM
	KST_PROBLEM_COUNT
};

#define KST_PROBLEM_SLUG 48
#define KST_FIX_WORDS 16

struct kst_problem {
	enum kst_problem_id id;
	enum kst_severity severity;
	char slug[KST_PROBLEM_SLUG]; /* "not-readable-by-java8": a consumer's name is part of it */
	char *entry;                 /* as the user can name it: alias, "@3"; NULL: the whole file */
	char *text;                  /* a sentence, no capital, no full stop */
	char *fix[KST_FIX_WORDS];    /* words of a command; NULL at the end; fix[0] NULL: none */
};

struct kst_problems {
	struct kst_problem *row;
	size_t nr, size;
	bool failed; /* no memory: remembered, so that callers look once */
};
void kst_problems_release(struct kst_problems *f);

/* Everything that is wrong with an open store; `consumer` may be NULL.  Opens keys with the passphrase
 * of the store, asks for none.  0 or -1. */
int kst_lint(struct kst_problems *out, struct kst_store *s, const struct kst_consumer *consumer,
	     struct kst_error *err);

/*
 * Only what a consumer does not see as it is meant.  `w` are the options that the store will be written
 * with; NULL: it lies there as it is.  0 or -1.
 */
int kst_consumer_check(struct kst_problems *out, const struct kst_consumer *consumer,
		       struct kst_store *s, const struct kst_write_options *w, struct kst_error *err);

/* Facts of a kind of finding, from problems.def. */
const char *kst_problem_slug(enum kst_problem_id id);
const char *kst_severity_text(enum kst_severity severity); /* "error", "warn", "info" */
/* What a slug means ("not-readable-by-java8" too); NULL if no finding goes by it. */
const char *kst_problem_meaning(const char *slug, enum kst_severity *severity);

#endif
