/* SPDX-License-Identifier: ISC */
/*
 * ask_open.c - the passphrase or key file that opens a file or a key
 *
 * For each question a row of steps is laid out, and each wrong answer moves to
 * the next: what the user named for this file or key, what the user gave, what
 * everybody knows, and the terminal where nothing was given.
 */
#include "ui/ask_impl.h"

#include <string.h>
#include <unistd.h>

#include "ui/tty.h"

#define KEY_FILE_MAX 4096

/* ---- what there is to try ---- */

static void add(struct ask_cli *a, enum ask_step_kind kind, struct pass_source *p)
{
	a->step[a->nr_steps++] = (struct ask_step){ kind, p };
}

/* A source of --pass or --key-pass; `none` is no step.  `prompt` is asked for once, at the end. */
static void add_source(struct ask_cli *a, struct pass_source *p, bool *prompt)
{
	if (p->kind == PASS_PROMPT)
		*prompt = true;
	else if (p->kind != PASS_NONE)
		add(a, STEP_SOURCE, p);
}

static void add_defaults(struct ask_cli *a)
{
	add(a, STEP_EMPTY, NULL);
	add(a, STEP_CHANGEIT, NULL);
}

/*
 * What names the key, else what names the file and all that names nothing.  Of these the n-th is
 * for the n-th file, as with --pass, and so the first to be tried; but keys of one file can have
 * several.  1: the key was named, and nothing else is for it; 0; -1.
 */
static int add_key_sources(struct ask_cli *a, const struct kst_question *q, bool *prompt,
			   bool *any, struct kst_error *err)
{
	struct pass_list *l = &a->key_pass;
	size_t at = 0, number = 0;
	struct pass_source *p = pass_list_named(l, q->alias, false, &at);

	at = p ? at : 0;
	if (!p)
		p = pass_list_named(l, q->alias, true, &at);
	if (p) {
		add_source(a, p, prompt);
		*any = true;
		return 1;
	}
	for (at = 0; (p = pass_list_named(l, q->path, false, &at));) {
		add_source(a, p, prompt);
		*any = true;
	}
	if (l->unnamed > 1 && pass_list_number(l, q->path ? q->path : "", &number, err) < 0)
		return -1;
	for (size_t i = 0; i < l->unnamed; i++) {
		size_t n = number < l->unnamed ? (number + i) % l->unnamed : i;

		add_source(a, pass_list_unnamed(l, n), prompt);
		*any = true;
	}
	return 0;
}

/*
 * What --pass has for the file.  A store that opens with what everybody knows is not locked: where
 * several files are looked at, one passphrase for the others is not taken for its own, and of
 * several it uses up none.
 */
static int add_pass(struct ask_cli *a, const struct kst_question *q, bool *prompt, bool *any,
		    struct kst_error *err)
{
	bool known = a->several && q->public_defaults && q->what == KST_ASK_STORE;
	struct pass_source *p;
	size_t at = 0;

	p = pass_list_named(&a->pass, q->path, false, &at);
	if (!p && known && a->pass.unnamed > 1) {
		add_defaults(a);
		add(a, STEP_NTH, NULL);
		*any = true;
		return 0;
	}
	if (!p && pass_list_find(&a->pass, q->path, &p, err) < 0)
		return -1;
	if (!p)
		return 0;
	*any = true;
	add_source(a, p, prompt);
	if (known && !p->file && p->kind != PASS_NONE)
		add_defaults(a);
	return 0;
}

/* A command that makes its store and then finds it there: what was to be its passphrase opens it. */
static int add_new(struct ask_cli *a, const struct kst_question *q, bool *any, struct kst_error *err)
{
	struct pass_source *p = NULL;

	if (!a->ensured || !q->path || strcmp(a->ensured, q->path) != 0)
		return 0;
	if (pass_list_find(&a->new_pass, q->path, &p, err) < 0)
		return -1;
	if (!p || p->kind == PASS_PROMPT || p->kind == PASS_NONE ||
	    (p->kind == PASS_GEN && !p->read && access(p->value, F_OK) < 0))
		return 0;
	add(a, STEP_SOURCE, p);
	*any = true;
	return 0;
}

static int lay_out(struct ask_cli *a, const struct kst_question *q, struct kst_error *err)
{
	bool prompt = false, any = false;
	int named = 0;

	kst_free(a->step);
	a->nr_steps = a->at = a->tries = 0;
	a->last = NULL;
	a->step = kst_calloc(a->key_pass.nr + 8, sizeof(*a->step));
	if (!a->step)
		return kst_error_nomem(err);
	if (q->what == KST_ASK_KEY)
		named = add_key_sources(a, q, &prompt, &any, err);
	if (named < 0 || (!named && (add_pass(a, q, &prompt, &any, err) < 0 ||
				     add_new(a, q, &any, err) < 0)))
		return -1;
	if (!any && q->optional && !a->has_ambient)
		return 0;
	if (!any && q->public_defaults)
		add_defaults(a);
	if (!any && a->has_ambient)
		add(a, STEP_SOURCE, &a->ambient);
	if (prompt || (!any && !a->has_ambient))
		add(a, STEP_PROMPT, NULL);
	return 0;
}

/* ---- answers ---- */

static int nobody(const struct ask_cli *a, const struct kst_question *q, struct kst_error *err)
{
	kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
		       a->g->no_input ? "a passphrase is needed and --no-input forbids to ask"
				      : "a passphrase is needed and there is no terminal");
	kst_error_subject(err, "%s", q->path ? q->path : "");
	return kst_error_hint(err, "add %s file:PATH  (or stdin, fd:N, env:NAME)",
			      q->what == KST_ASK_KEY ? "--key-pass" : "--pass");
}

static int ask_terminal(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
			struct kst_error *err)
{
	if (ask_in_vain(a, err) < 0)
		return -1;
	if (!ask_cli_interactive(a))
		return nobody(a, q, err);
	if (a->tries >= ASK_TRIES)
		return 1;
	a->tries++;
	if (ask_prompt(a, q, "Passphrase", a->tries > 1, out, err) < 0)
		return -1;
	/* Just Enter, or Ctrl-D: where the empty passphrase was tried already, no answer. */
	return q->public_defaults && !out->len;
}

static int give(struct ask_cli *a, struct pass_source *p, struct kst_secret *out,
		struct kst_error *err)
{
	p->given++;
	a->last = p;
	return ask_read(a, p, out, err);
}

/* One of all that were given, in their order; 1 behind the last. */
static int ask_slot(struct ask_cli *a, struct kst_secret *out, struct kst_error *err)
{
	while (a->tries < a->pass.nr) {
		struct pass_source *p = &a->pass.item[a->tries++];

		if (p->kind != PASS_PROMPT && p->kind != PASS_NONE)
			return give(a, p, out, err);
	}
	return 1;
}

int ask_open(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
	     enum kst_ask_source *source, struct kst_error *err)
{
	if (!q->attempt && lay_out(a, q, err) < 0)
		return -1;
	if (q->attempt && a->last)
		a->last->wrong++;
	a->last = NULL;
	if (ask_is_slot(q) && a->pass.nr > 1)
		return ask_slot(a, out, err);
	*source = KST_SOURCE_GIVEN;
	while (a->at < a->nr_steps) {
		struct ask_step *step = &a->step[a->at];

		if (step->kind == STEP_PROMPT)
			return ask_terminal(a, q, out, err);
		a->at++;
		switch (step->kind) {
		case STEP_EMPTY:
			*source = KST_SOURCE_EMPTY;
			return kst_secret_set(out, NULL, 0, err);
		case STEP_CHANGEIT:
			*source = KST_SOURCE_CHANGEIT;
			return kst_secret_set(out, "changeit", 8, err);
		case STEP_NTH: /* which number it has shows only now that it is locked */
			if (pass_list_find(&a->pass, q->path, &step->source, err) < 0)
				return -1;
			if (!step->source || step->source->kind == PASS_NONE)
				return q->optional ? 1 : ask_terminal(a, q, out, err);
			if (step->source->kind == PASS_PROMPT) {
				step->kind = STEP_PROMPT;
				a->at--;
				continue;
			}
			return give(a, step->source, out, err);
		case STEP_SOURCE:
			return give(a, step->source, out, err);
		case STEP_PROMPT:
			break;
		}
	}
	return 1;
}

/* ---- key files ---- */

static int read_key_file(struct ask_cli *a, const char *file, struct kst_secret *out,
			 struct kst_error *err)
{
	struct kst_secret text KST_SCRATCH_SECRET = KST_SECRET_INIT;

	if (secret_file_read(file, false, KEY_FILE_MAX, a->g->insecure_permissions, &text, err) < 0)
		return -1;
	if (kst_key_file_parse(out, text.data, text.len, err) < 0)
		return kst_error_subject(err, "%s", file);
	return 0;
}

/* The key file that the command would have made with the store, had it not been there. */
static int ask_made_file(struct ask_cli *a, const char *path, struct kst_secret *out,
			 struct kst_error *err)
{
	const struct opt_list *files = &a->g->new_key_file;

	if (!a->ensured || strcmp(a->ensured, path) != 0 || !files->nr ||
	    access(files->item[0], F_OK) < 0)
		return 1;
	return read_key_file(a, files->item[0], out, err);
}

/* The n-th key file for the n-th store that asks; the only one for all. */
int ask_key_file(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
		 struct kst_error *err)
{
	const struct opt_list *files = &a->g->key_file;
	const char *path = q->path ? q->path : "";
	size_t n;

	if (ask_is_slot(q) && a->tries < files->nr) {
		n = a->tries++;
		goto read;
	}
	if (!files->nr && !a->tries++)
		return ask_made_file(a, path, out, err);
	if (!files->nr || a->tries++)
		return 1;
	if (!a->key_file_path || strcmp(a->key_file_path, path)) {
		char *was = kst_strdup(path);

		if (!was)
			return kst_error_nomem(err);
		kst_free(a->key_file_path);
		a->key_file_path = was;
		if (a->key_files < files->nr)
			a->key_files++;
		else if (files->nr > 1)
			return 1;
	}
	n = a->key_files - 1;
read:
	a->key_file_used[n] = true;
	return read_key_file(a, files->item[n], out, err);
}

/* ---- afterwards ---- */

static void tell_list(struct ask_cli *a, const struct pass_list *l)
{
	for (size_t i = 0; i < l->nr; i++) {
		const struct pass_source *p = &l->item[i];

		if (p->kind == PASS_PROMPT || p->kind == PASS_NONE)
			continue;
		if (!p->given)
			out_warn(a->out, "passphrase-not-needed", "%s %s: not needed, and not checked",
				 l->option, p->word);
		else if (p->given == p->wrong)
			out_warn(a->out, "passphrase-opened-nothing", "%s %s: opened nothing",
				 l->option, p->word);
	}
}

void ask_cli_idle(struct ask_cli *a)
{
	a->idle = true;
}

void ask_cli_tell(struct ask_cli *a)
{
	if (a->idle)
		return;
	tell_list(a, &a->pass);
	tell_list(a, &a->key_pass);
	/* A command with --create that is run again sets none, as it should. */
	for (size_t i = 0; i < a->new_pass.nr && !a->ensured; i++)
		if (!a->new_pass.item[i].given && a->new_pass.item[i].kind != PASS_NONE)
			out_warn(a->out, "passphrase-not-needed", "--new-pass %s: not needed; no passphrase was set",
				 a->new_pass.item[i].word);
	for (size_t i = 0; i < a->g->key_file.nr; i++)
		if (!a->key_file_used[i])
			out_warn(a->out, "key-file-not-needed", "--key-file %s: not needed, and not checked",
				 a->g->key_file.item[i]);
}
