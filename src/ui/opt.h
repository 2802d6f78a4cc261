/* SPDX-License-Identifier: ISC */
/*
 * opt.h - option tables: parsing, usage text, man pages and completion from one row
 *
 * Options match exactly (no abbreviations) and may stand anywhere; `--` ends
 * them; `--name=value` and `--name value` are the same.  Values land in the
 * command's own struct by offset, so there are no globals.
 */
#ifndef KST_UI_OPT_H
#define KST_UI_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "kstool/error.h"

enum opt_kind {
	OPT_FLAG,    /* bool: true when given */
	OPT_COUNT,   /* int: how often it was given (-vv) */
	OPT_TEXT,    /* const char * */
	OPT_LIST,    /* struct opt_list: may be repeated */
	OPT_INT,     /* struct opt_int */
	OPT_CHOICE   /* const char *, one of ->choices */
};

/* What a value or operand is, for completion and for the placeholder in help. */
enum opt_what {
	WHAT_TEXT,
	WHAT_FILE,    /* a path */
	WHAT_DIR,
	WHAT_STORE,   /* a store that exists */
	WHAT_SOURCE,  /* anything certificates can be read from */
	WHAT_ENTRY,   /* an entry of the first operand */
	WHAT_PASS,    /* a passphrase source */
	WHAT_WHEN,
	WHAT_NUMBER,
	WHAT_SLOT,
	WHAT_ISSUED,  /* a certificate of the CA that is live, by its name */
	WHAT_TOPIC,   /* a verb, topic or error slug */
	WHAT_CHOICE
};

struct opt_list {
	const char **item; /* NULL-terminated; owned by the parser's caller: opt_release() */
	size_t nr;
};
struct opt_int {
	bool given;
	long value, min, max; /* min and max are set by the command before parsing, if any */
};

struct opt {
	const char *name;           /* without dashes; NULL ends a table */
	char letter;                /* 0 none */
	enum opt_kind kind;
	size_t offset;              /* in the options struct */
	enum opt_what what;
	const char *value;          /* placeholder: "PASS", "N"; NULL for flags */
	const char *help;           /* one sentence, no full stop */
	const char *const *choices; /* OPT_CHOICE; also offered for other kinds; NULL-terminated */
	bool hidden;
};
#define OPT_END { .name = NULL }

/*
 * Parse argv[0..argc) by one or two tables: `own` into `values`, `global` into
 * `global_values` (either table may be NULL).  Operands are left in
 * operands[0..*nr), which must have room for argc.  A wrong option is an error
 * with a suggestion.  0 or -1.
 */
int opt_parse(int argc, char *const *argv, const struct opt *own, void *values,
	      const struct opt *global, void *global_values, const char **operands, size_t *nr,
	      struct kst_error *err);
void opt_release(const struct opt *table, void *values);

/* Nearest word to `word` in a NULL-terminated list, or NULL if none is near. */
const char *opt_nearest(const char *word, const char *const *words);

#endif
