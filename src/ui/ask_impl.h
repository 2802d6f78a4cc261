/* SPDX-License-Identifier: ISC */
/* ask_impl.h - the asker of the command line from inside: ask_cli.c makes secrets, ask_open.c opens */
#ifndef KST_UI_ASK_IMPL_H
#define KST_UI_ASK_IMPL_H

#include "ui/ask_cli.h"
#include "ui/pass_list.h"

/* One thing to try for the question that is being answered. */
struct ask_step {
	enum ask_step_kind { STEP_SOURCE, STEP_NTH, STEP_EMPTY, STEP_CHANGEIT, STEP_PROMPT } kind;
	struct pass_source *source; /* STEP_SOURCE */
};

struct ask_cli {
	const struct global *g;
	struct out *out;
	struct pass_list pass, new_pass, key_pass;
	struct pass_source ambient; /* $KSTOOL_PASS_FILE */
	bool has_ambient, creating, several;
	bool idle;               /* ask_cli_idle() */
	const char *ensured;     /* path: ask_cli_ensure() */
	struct kst_error *taken; /* ask_cli_taken() */
	size_t key_files, new_key_files; /* used up so far */
	char *key_file_path;		 /* the store that key file number key_files - 1 is for */
	bool *key_file_used;		 /* of each --key-file */
	struct ask_step *step;		 /* of the question that is being answered, best first */
	size_t nr_steps, at;
	unsigned tries;			 /* of it */
	struct pass_source *last;	 /* its latest answer, where that was a source */
	const char **made;		 /* paths (of the command line) of the secret files written */
	size_t nr_made;
};

/* Read a source, once, and copy what it holds. */
int ask_read(struct ask_cli *a, struct pass_source *p, struct kst_secret *out, struct kst_error *err);
int ask_copy(struct kst_secret *out, const struct kst_secret *from, struct kst_error *err);
/* Show "START for FILE (FORMAT, WHY): " and read a line without echo. */
int ask_prompt(struct ask_cli *a, const struct kst_question *q, const char *start, bool again,
	       struct kst_secret *out, struct kst_error *err);
/* Whoever would be asked now is told that it is in vain: ask_cli_taken().  0, or -1 EXISTS. */
int ask_in_vain(const struct ask_cli *a, struct kst_error *err);
/*
 * Rekeying asks for the secret of each slot of one store ("slot 3 ops"): every source that was
 * given may be the one, in their order.
 */
bool ask_is_slot(const struct kst_question *q);

/* ask_open.c: answers to KST_ASK_STORE, KST_ASK_KEY and KST_ASK_KEY_FILE. */
int ask_open(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
	     enum kst_ask_source *source, struct kst_error *err);
int ask_key_file(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
		 struct kst_error *err);

#endif
