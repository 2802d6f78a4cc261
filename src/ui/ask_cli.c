/* SPDX-License-Identifier: ISC */
/*
 * ask_cli.c - answers the library's questions from options, environment and terminal
 *
 * What the user wrote comes first; then KSTOOL_PASS_FILE; then the terminal.  The
 * two public defaults are tried where the format allows it and nothing was
 * written.  Nothing ever waits where nobody can answer.
 */
#include "ui/ask_cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui/pass_source.h"
#include "ui/tty.h"

#define KEY_FILE_MAX 4096

/* The sources of one option, and the files that were locked, in the order of their questions. */
struct sources {
	struct pass_source *item;
	size_t nr;
	char **path;
	size_t nr_paths;
};

struct ask_cli {
	const struct global *g;
	struct out *out;
	struct sources pass, new_pass, key_pass;
	struct pass_source ambient; /* $KSTOOL_PASS_FILE */
	bool has_ambient, creating;
	size_t key_files, new_key_files; /* used up so far */
	char *key_file_path;		 /* the store that key file number key_files - 1 is for */
	unsigned defaults, tries;	 /* of the question that is being answered */
	const char **made;		 /* paths (of the command line) of the secret files written */
	size_t nr_made;
};

/* A new secret goes to its file before the store that needs it: a crash between leaves no store
 * that nobody can open.  `existing` is how a file that is there already is used. */
static int write_secret(struct ask_cli *a, const char *path, const char *existing, const void *data,
			size_t len, struct kst_error *err)
{
	const char **grown = kst_realloc(a->made, (a->nr_made + 1) * sizeof(*grown));

	if (!grown)
		return kst_error_nomem(err);
	a->made = grown;
	if (kst_file_write(path, data, len,
			   KST_FILE_SECRET | (a->g->insecure_permissions ? KST_FILE_LOOSE : 0), err) < 0) {
		if (err->code == KST_E_EXISTS) { /* --replace is of the store: a secret is never overwritten */
			err->hint[0] = '\0';
			kst_error_hint(err, "name another file, or use this one: %s%s", existing, path);
		}
		return kst_error_subject(err, "%s", path);
	}
	a->made[a->nr_made++] = path;
	return 0;
}

void ask_cli_keep(struct ask_cli *a)
{
	a->nr_made = 0;
}

void ask_cli_abandon(struct ask_cli *a)
{
	for (size_t i = 0; a && i < a->nr_made; i++)
		unlink(a->made[i]);
	if (a)
		a->nr_made = 0;
}

static int sources_init(struct sources *s, const char *option, const struct opt_list *list,
			bool may_gen, struct kst_error *err)
{
	if (!list->nr)
		return 0;
	s->item = kst_calloc(list->nr, sizeof(*s->item));
	if (!s->item)
		return kst_error_nomem(err);
	s->nr = list->nr;
	for (size_t i = 0; i < list->nr; i++)
		if (pass_source_parse(&s->item[i], option, list->item[i], may_gen, err) < 0)
			return -1;
	return 0;
}

static void sources_release(struct sources *s)
{
	for (size_t i = 0; i < s->nr; i++)
		kst_secret_release(&s->item[i].secret);
	for (size_t i = 0; i < s->nr_paths; i++)
		kst_free(s->path[i]);
	kst_free(s->item);
	kst_free(s->path);
}

/* Which locked file is this: 0 for the first that was asked about.  -1 without memory. */
static int path_number(struct sources *s, const char *path, size_t *n, struct kst_error *err)
{
	char **grown;

	for (*n = 0; *n < s->nr_paths; ++*n)
		if (!strcmp(s->path[*n], path))
			return 0;
	grown = kst_realloc(s->path, (s->nr_paths + 1) * sizeof(*grown));
	if (!grown)
		return kst_error_nomem(err);
	s->path = grown;
	s->path[s->nr_paths] = kst_strdup(path);
	if (!s->path[s->nr_paths])
		return kst_error_nomem(err);
	s->nr_paths++;
	return 0;
}

/* The source for a file: FILE=PASS, else the only one, else the n-th for the n-th locked file. */
static int sources_find(struct sources *s, const char *path, struct pass_source **out,
			struct kst_error *err)
{
	size_t unnamed = 0, number, k = 0;

	*out = NULL;
	for (size_t i = 0; i < s->nr; i++) {
		struct pass_source *p = &s->item[i];

		if (!p->file)
			unnamed++;
		else if (path && strlen(path) == p->file_len &&
			 !strncmp(path, p->file, p->file_len)) {
			*out = p;
			return 0;
		}
	}
	if (!unnamed)
		return 0;
	if (path_number(s, path ? path : "", &number, err) < 0)
		return -1;
	if (unnamed == 1)
		number = 0;
	for (size_t i = 0; i < s->nr; i++)
		if (!s->item[i].file && k++ == number)
			*out = &s->item[i];
	return 0;
}

int ask_cli_new(struct ask_cli **out, const struct global *g, struct out *o, struct kst_error *err)
{
	struct ask_cli *a = kst_calloc(1, sizeof(*a));
	const char *ambient = getenv("KSTOOL_PASS_FILE");

	if (!a)
		return kst_error_nomem(err);
	a->g = g;
	a->out = o;
	if (sources_init(&a->pass, "--pass", &g->pass, false, err) < 0 ||
	    sources_init(&a->new_pass, "--new-pass", &g->new_pass, true, err) < 0 ||
	    sources_init(&a->key_pass, "--key-pass", &g->key_pass, false, err) < 0) {
		ask_cli_free(a);
		return -1;
	}
	if (ambient && *ambient) {
		a->ambient = (struct pass_source){ .kind = PASS_FILE, .value = ambient };
		a->has_ambient = true;
	}
	*out = a;
	return 0;
}

void ask_cli_free(struct ask_cli *a)
{
	if (!a)
		return;
	sources_release(&a->pass);
	sources_release(&a->new_pass);
	sources_release(&a->key_pass);
	kst_secret_release(&a->ambient.secret);
	kst_free(a->key_file_path);
	kst_free(a->made);
	kst_free(a);
}

void ask_cli_creating(struct ask_cli *a)
{
	a->creating = true;
}

int ask_cli_expect(struct ask_cli *a, const char *path, struct kst_error *err)
{
	size_t unused;

	return a->pass.nr > 1 ? path_number(&a->pass, path, &unused, err) : 0;
}

bool ask_cli_interactive(const struct ask_cli *a)
{
	return !a->g->no_input && tty_present();
}

bool ask_cli_no_pass(const struct global *g)
{
	return g->new_pass.nr == 1 && !strcmp(g->new_pass.item[0], "none");
}

/* ---- answers ---- */

static int nobody(const struct ask_cli *a, const struct kst_question *q, const char *option,
		  struct kst_error *err)
{
	kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
		       a->g->no_input ? "a passphrase is needed and --no-input forbids to ask"
				      : "a passphrase is needed and there is no terminal");
	kst_error_subject(err, "%s", q->path ? q->path : "");
	return kst_error_hint(err, "add %s file:PATH  (or stdin, fd:N, env:NAME)", option);
}

/* "Passphrase for app.p12 (PKCS#12, 1 private key): " */
static void prompt_text(const struct kst_question *q, const char *start, bool again,
			struct kst_buf *b)
{
	if (again)
		kst_buf_puts(b, "That does not open it.\n");
	kst_buf_puts(b, start);
	if (q->alias) {
		kst_buf_puts(b, " for \"");
		tty_text(b, q->alias);
		kst_buf_puts(b, "\" in ");
	} else
		kst_buf_puts(b, " for ");
	tty_text(b, q->path ? q->path : "?");
	if (q->format || q->why) {
		kst_buf_puts(b, " (");
		if (q->format)
			tty_text(b, q->format);
		if (q->why) {
			kst_buf_puts(b, q->format ? ", " : "");
			tty_text(b, q->why);
		}
		kst_buf_puts(b, ")");
	}
	kst_buf_puts(b, ": ");
}

static int typed(struct ask_cli *a, const char *text, struct kst_secret *out, struct kst_error *err)
{
	int ret;

	out_flush(a->out);
	ret = tty_passphrase(text, out, err);
	out_resume(a->out);
	return ret;
}

static int prompt(struct ask_cli *a, const struct kst_question *q, const char *start, bool again,
		  struct kst_secret *out, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	prompt_text(q, start, again, &b);
	if (b.failed)
		return kst_error_nomem(err);
	return typed(a, (char *)b.data, out, err);
}

static int copy(struct kst_secret *out, const struct kst_secret *from, struct kst_error *err)
{
	return kst_secret_set(out, from->data, from->len, err);
}

/*
 * Read a source.  A variable that two options name is read, and taken out of the environment, once;
 * a descriptor that two options name gives each its own line.
 */
static int read_source(struct ask_cli *a, struct pass_source *p, struct kst_error *err)
{
	const struct sources *all[] = { &a->pass, &a->new_pass, &a->key_pass };

	for (size_t k = 0; p->kind == PASS_ENV && !p->read && k < 3; k++)
		for (size_t i = 0; i < all[k]->nr && !p->read; i++) {
			const struct pass_source *other = &all[k]->item[i];

			if (!other->read || other->kind != PASS_ENV ||
			    strcmp(other->value, p->value))
				continue;
			if (copy(&p->secret, &other->secret, err) < 0)
				return -1;
			p->read = true;
		}
	return pass_source_read(p, a->g->insecure_permissions, err);
}

/*
 * Rekeying asks for the secret of each slot of one store ("slot 3 ops"): every source that was
 * given may be the one, in their order.
 */
static bool is_slot(const struct kst_question *q)
{
	return q->why && !strncmp(q->why, "slot ", 5);
}

/* The passphrase that opens. */
static int ask_open(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
		    enum kst_ask_source *source, struct kst_error *err)
{
	const char *option = q->what == KST_ASK_KEY ? "--key-pass" : "--pass";
	struct pass_source *p = NULL;

	if (q->what == KST_ASK_KEY && sources_find(&a->key_pass, q->path, &p, err) < 0)
		return -1;
	if (!p && sources_find(&a->pass, q->path, &p, err) < 0)
		return -1;
	if (is_slot(q) && a->pass.nr > 1) {
		if (a->tries >= a->pass.nr)
			return 1;
		p = &a->pass.item[a->tries];
		if (p->kind != PASS_PROMPT && p->kind != PASS_NONE) {
			a->tries++;
			return read_source(a, p, err) < 0 ? -1 : copy(out, &p->secret, err);
		}
	}
	if (p && p->kind == PASS_NONE)
		return 1;
	if (!p && q->optional && !a->has_ambient)
		return 1;
	if (!p && q->public_defaults && a->defaults < 2) {
		*source = a->defaults++ ? KST_SOURCE_CHANGEIT : KST_SOURCE_EMPTY;
		return *source == KST_SOURCE_EMPTY ? kst_secret_set(out, NULL, 0, err)
						   : kst_secret_set(out, "changeit", 8, err);
	}
	*source = KST_SOURCE_GIVEN;
	if (!p && a->has_ambient)
		p = &a->ambient;
	if (p && p->kind != PASS_PROMPT) {
		if (a->tries++)
			return 1; /* it was wrong, and there is no other */
		if (read_source(a, p, err) < 0)
			return -1;
		return copy(out, &p->secret, err);
	}
	if (!ask_cli_interactive(a))
		return nobody(a, q, option, err);
	if (a->tries >= ASK_TRIES)
		return 1;
	a->tries++;
	if (prompt(a, q, "Passphrase", a->tries > 1, out, err) < 0)
		return -1;
	/* Just Enter, or Ctrl-D: where the empty passphrase was tried already, no answer. */
	return q->public_defaults && !out->len;
}

/* ---- new passphrases ---- */

static size_t characters(const struct kst_secret *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->len; i++)
		n += (s->data[i] & 0xc0) != 0x80;
	return n;
}

static bool is_ascii(const struct kst_secret *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->data[i] >= 0x80)
			return false;
	return true;
}

/* What is wrong with a new passphrase; 0 if nothing. */
static int check_new(const struct kst_question *q, const struct kst_secret *s,
		     struct kst_error *err)
{
	if (!s->len) {
		kst_error_setx(err, KST_E_EMPTY_PASSPHRASE, "an empty passphrase protects nothing");
		kst_error_subject(err, "%s", q->path ? q->path : "");
		return kst_error_hint(err, "--new-pass gen:PATH makes a random one");
	}
	if (q->java_rules && characters(s) < ASK_PASS_JAVA) {
		kst_error_setx(err, KST_E_SHORT_PASSPHRASE,
			       "Java's tools refuse a passphrase of less than %d characters",
			       ASK_PASS_JAVA);
		return kst_error_subject(err, "%s", q->path ? q->path : "");
	}
	return 0;
}

static void warn_new(struct ask_cli *a, const struct kst_question *q, const struct kst_secret *s)
{
	if (characters(s) < ASK_PASS_SHORT && q->why && strstr(q->why, "key"))
		out_warn(a->out, "short-passphrase",
			 "%s: less than %d characters protect private keys here", q->path,
			 ASK_PASS_SHORT);
	if (q->java_rules && !is_ascii(s))
		out_warn(a->out, "non-ascii-passphrase",
			 "%s: programs do not agree on how a passphrase that is not ASCII is "
			 "encoded",
			 q->path);
}

/* A random passphrase in a new file; in a dry run in no file. */
static int make_file(struct ask_cli *a, struct pass_source *p, struct kst_error *err)
{
	struct kst_secret text KST_SCRATCH_SECRET = KST_SECRET_INIT;

	if (p->read)
		return 0;
	if (pass_generate(&p->secret, err) < 0 || copy(&text, &p->secret, err) < 0 ||
	    kst_secret_append(&text, "\n", 1, err) < 0)
		return -1;
	if (!a->g->dry_run && !a->g->check &&
	    write_secret(a, p->value, "--new-pass file:", text.data, text.len, err) < 0)
		return -1;
	p->read = true;
	return 0;
}

/* Twice, until both are the same; three times at most. */
static int prompt_new(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
		      struct kst_error *err)
{
	for (int i = 0; i < ASK_TRIES; i++) {
		struct kst_secret one KST_SCRATCH_SECRET = KST_SECRET_INIT,
				      two KST_SCRATCH_SECRET = KST_SECRET_INIT;
		struct kst_error wrong = KST_ERROR_INIT;

		if (prompt(a, q, "New passphrase", false, &one, err) < 0)
			return -1;
		if (!one.len) {
			if (tty_yes("Make a random one and show it here? [y/N] ", err) != 1)
				return check_new(q, &one, err);
			if (pass_generate(&one, err) < 0 ||
			    tty_show("Passphrase, shown this once: ", &one, err) < 0)
				return -1;
			kst_secret_move(out, &one);
			return 0;
		}
		if (check_new(q, &one, &wrong) < 0) {
			tty_say(wrong.message);
			continue;
		}
		if (typed(a, "The same again: ", &two, err) < 0)
			return -1;
		if (kst_secret_equal(&one, &two)) {
			kst_secret_move(out, &one);
			return 0;
		}
		tty_say("These two differ.");
	}
	kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "no new passphrase was given");
	return kst_error_subject(err, "%s", q->path ? q->path : "");
}

static int ask_new(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
		   struct kst_error *err)
{
	struct pass_source *p = NULL;

	if (sources_find(&a->new_pass, q->path, &p, err) < 0)
		return -1;
	if (!p && a->creating && !a->new_pass.nr) {
		if (sources_find(&a->pass, q->path, &p, err) < 0)
			return -1;
		if (!p && a->has_ambient)
			p = &a->ambient;
		if (p && p->kind == PASS_NONE)
			p = NULL; /* `none` opens without one; it does not set none */
	}
	if ((p && p->kind == PASS_NONE) || (!a->new_pass.nr && q->optional))
		return 1;
	if (p && p->kind == PASS_GEN) {
		if (make_file(a, p, err) < 0)
			return -1;
		return copy(out, &p->secret, err);
	}
	if (p && p->kind != PASS_PROMPT) {
		if (read_source(a, p, err) < 0 || check_new(q, &p->secret, err) < 0)
			return -1;
		warn_new(a, q, &p->secret);
		return copy(out, &p->secret, err);
	}
	if (!ask_cli_interactive(a)) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       a->g->no_input
				       ? "a new passphrase is needed and --no-input forbids to ask"
				       : "a new passphrase is needed and there is no terminal");
		kst_error_subject(err, "%s", q->path ? q->path : "");
		return kst_error_hint(err, "add --new-pass file:PATH  (or stdin, fd:N, env:NAME, "
					   "gen:PATH)");
	}
	if (prompt_new(a, q, out, err) < 0)
		return -1;
	warn_new(a, q, out);
	return 0;
}

/* ---- key files ---- */

/* The n-th key file for the n-th store that asks; the only one for all. */
static int ask_key_file(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
			struct kst_error *err)
{
	struct kst_secret text KST_SCRATCH_SECRET = KST_SECRET_INIT;
	const struct opt_list *files = &a->g->key_file;
	const char *path = q->path ? q->path : "", *file;

	if (is_slot(q) && a->tries < files->nr) {
		file = files->item[a->tries++];
		goto read;
	}
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
	file = files->item[a->key_files - 1];
read:
	if (secret_file_read(file, false, KEY_FILE_MAX, a->g->insecure_permissions, &text, err) < 0)
		return -1;
	if (kst_key_file_parse(out, text.data, text.len, err) < 0)
		return kst_error_subject(err, "%s", file);
	return 0;
}

static int ask_new_key_file(struct ask_cli *a, const struct kst_question *q, struct kst_secret *out,
			    struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret key KST_SCRATCH_SECRET = KST_SECRET_INIT;
	const struct opt_list *files = &a->g->new_key_file;
	const char *file;

	(void)q;
	if (a->new_key_files >= files->nr)
		return 1;
	file = files->item[a->new_key_files++];
	if (kst_key_file_new(&key, err) < 0)
		return -1;
	kst_key_file_text(&key, &text);
	if (text.failed)
		return kst_error_nomem(err);
	if (!a->g->dry_run && !a->g->check &&
	    write_secret(a, file, "--key-file ", text.data, text.len, err) < 0)
		return -1;
	kst_secret_move(out, &key);
	return 0;
}

static int ask(void *ctx, const struct kst_question *q, struct kst_secret *out,
	       enum kst_ask_source *source, struct kst_error *err)
{
	struct ask_cli *a = ctx;
	enum kst_ask_source unused;

	if (!source)
		source = &unused;
	*source = KST_SOURCE_GIVEN;
	if (!q->attempt)
		a->defaults = a->tries = 0;
	switch (q->what) {
	case KST_ASK_STORE:
	case KST_ASK_KEY:
		return ask_open(a, q, out, source, err);
	case KST_ASK_NEW_STORE:
		return ask_new(a, q, out, err);
	case KST_ASK_KEY_FILE:
		return ask_key_file(a, q, out, err);
	case KST_ASK_NEW_KEY_FILE:
		return ask_new_key_file(a, q, out, err);
	}
	return kst_error_setx(err, KST_E_INTERNAL, "an unknown question");
}

struct kst_asker ask_cli_asker(struct ask_cli *a)
{
	return (struct kst_asker){ .ask = ask, .ctx = a };
}
