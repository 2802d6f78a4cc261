/* SPDX-License-Identifier: ISC */
/*
 * pass_source.h - one PASS of the command line: its grammar, and reading it
 */
#ifndef KST_UI_PASS_SOURCE_H
#define KST_UI_PASS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "kstool/error.h"
#include "kstool/secret.h"

enum pass_kind { PASS_PROMPT, PASS_FILE, PASS_FD, PASS_STDIN, PASS_ENV, PASS_NONE, PASS_GEN };

struct pass_source {
	enum pass_kind kind;
	const char *value; /* path, variable or number: the rest of the word */
	const char *file;  /* FILE= before it, not terminated; NULL: any file */
	size_t file_len;
	const char *word;  /* all of it, as the user wrote it: no secret */
	unsigned given, wrong; /* how often it was an answer, and how often that opened nothing */
	bool read; /* `secret` holds it */
	struct kst_secret secret;
};

/* Parse a word.  `may_gen`: gen: is legal here.  0, or -1: SECRET_IN_ARGV (never repeats the word).
 */
int pass_source_parse(struct pass_source *p, const char *option, const char *word, bool may_gen,
		      struct kst_error *err);
/* Read a file, fd, stdin or env source, once.  `loose`: accept what others can read. */
int pass_source_read(struct pass_source *p, bool loose, struct kst_error *err);

/*
 * Up to `limit` bytes of a file of secrets, by read(2) into guarded memory; PERMISSIONS for what
 * others can read, unless `loose` or where an orchestrator mounted it.  With `line` the first line
 * only, without its end.  0 or -1.
 */
int secret_file_read(const char *path, bool line, size_t limit, bool loose, struct kst_secret *out,
		     struct kst_error *err);
/* 128 random bits as text that can be typed: five groups of letters and digits. */
int pass_generate(struct kst_secret *out, struct kst_error *err);

#endif
