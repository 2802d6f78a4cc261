/* SPDX-License-Identifier: ISC */
/* lint.h - what the checks of src/store/lint*.c share */
#ifndef KST_STORE_LINT_H
#define KST_STORE_LINT_H

#include "kstool/alloc.h"
#include "kstool/lint.h"
#include "kstool/time.h"
#include "store/store.h"

struct kst_linter {
	struct kst_problems *out;
	struct kst_store *store;
	const struct kst_consumer *consumer; /* NULL: none */
	int64_t now;
	char number[24]; /* of an entry without alias: "@3" */
};

/* ---- problems.c ---- */
/* NULL without memory, which out->failed remembers. */
struct kst_problem *kst_problem_add(struct kst_problems *f, enum kst_problem_id id, const char *entry,
				    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The words of the command, NULL at the end; `row` may be NULL. */
void kst_problem_fix(struct kst_problems *f, struct kst_problem *row, const char *word, ...)
	__attribute__((sentinel));

/* ---- lint.c ---- */
/* How a user can name entry i: its alias, or "@N". */
const char *kst_lint_name(struct kst_linter *l, size_t i, const struct kst_entry *e);
/* The fix for what a rewrite mends: the file in place of itself, under its passphrase. */
void kst_lint_rewrite(struct kst_linter *l, struct kst_problem *f);
/* Does the private key of this entry have a passphrase of its own?  Opens it if not. */
bool kst_lint_own_pass(struct kst_store *s, struct kst_entry *e);

/* ---- lint_chain.c: of one entry ---- */
void kst_lint_chain(struct kst_linter *l, const char *name, const struct kst_entry *e);
/* The order of certificates in a file of loose ones. */
void kst_lint_loose_order(struct kst_linter *l);

/* ---- lint_cert.c ---- */
void kst_lint_leaf(struct kst_linter *l, const char *name, const struct kst_entry *e);
void kst_lint_anchor(struct kst_linter *l, const char *name, const struct kst_entry *e);
void kst_lint_crl(struct kst_linter *l, const char *name, const struct kst_entry *e);

/* ---- lint_file.c: of the whole file ---- */
void kst_lint_file(struct kst_linter *l);

#endif
