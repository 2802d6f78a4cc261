/* SPDX-License-Identifier: ISC */
/*
 * ask_cli.c - answers the library's questions from options, environment and terminal
 *
 * What the user wrote comes first; then KSTOOL_PASS_FILE; then the terminal.
 * Nothing ever waits where nobody can answer.  What opens is ask_open.c's; here
 * are the new passphrases and key files.
 */
#include "ui/ask_impl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui/tty.h"

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
		if (err && err->code == KST_E_EXISTS) { /* --replace is of the store: a secret is never overwritten */
			struct kst_buf word KST_SCRATCH_BUF = KST_BUF_INIT;

			err->hint[0] = '\0';
			kst_text_shell(&word, path);
			kst_error_hint(err, "name another file, or use this one: %s%s", existing,
				       word.failed ? "FILE" : (const char *)word.data);
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

int ask_cli_new(struct ask_cli **out, const struct global *g, struct out *o, struct kst_error *err)
{
	struct ask_cli *a = kst_calloc(1, sizeof(*a));
	const char *ambient = getenv("KSTOOL_PASS_FILE");

	if (!a)
		return kst_error_nomem(err);
	a->g = g;
	a->out = o;
	if (pass_list_init(&a->pass, "--pass", &g->pass, false, err) < 0 ||
	    pass_list_init(&a->new_pass, "--new-pass", &g->new_pass, true, err) < 0 ||
	    pass_list_init(&a->key_pass, "--key-pass", &g->key_pass, false, err) < 0) {
		ask_cli_free(a);
		return -1;
	}
	a->key_file_used = kst_calloc(g->key_file.nr + 1, sizeof(bool));
	if (!a->key_file_used) {
		ask_cli_free(a);
		return kst_error_nomem(err);
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
	pass_list_release(&a->pass);
	pass_list_release(&a->new_pass);
	pass_list_release(&a->key_pass);
	kst_secret_release(&a->ambient.secret);
	kst_free(a->key_file_path);
	kst_free(a->key_file_used);
	kst_free(a->step);
	kst_free(a->taken);
	kst_free(a->made);
	kst_free(a);
}

void ask_cli_creating(struct ask_cli *a)
{
	a->creating = true;
}

/* A word, or the value of an option in the same word; undo opens what lies beside its store, too. */
static bool holds(const char *word, const char *file, size_t n)
{
	static const char bak[] = ".kstool-bak";
	size_t len = strlen(word), k = sizeof(bak) - 1;

	if (len >= n && !strncmp(word + len - n, file, n) && (len == n || word[0] == '-'))
		return true;
	return n > k && !strncmp(file + n - k, bak, k) && holds(word, file, n - k);
}

int ask_cli_check_files(const struct ask_cli *a, char *const *word, struct kst_error *err)
{
	const struct pass_list *all[] = { &a->pass, &a->new_pass };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < all[k]->nr; i++) {
			const struct pass_source *p = &all[k]->item[i];
			char *const *w = word;
			const char *near;

			while (p->file && *w && !holds(*w, p->file, p->file_len))
				w++;
			if (!p->file || *w)
				continue;
			kst_error_setx(err, KST_E_USAGE, "this command opens no file \"%.*s\"",
				       (int)p->file_len, p->file);
			kst_error_subject(err, "%s", all[k]->option);
			char *name = kst_strndup(p->file, p->file_len);
			near = name ? opt_nearest(name, (const char *const *)word) : NULL;
			if (near)
				kst_error_hint(err, "did you mean %s %s=%s?", all[k]->option, near,
					       p->file + p->file_len + 1);
			kst_free(name);
			return -1;
		}
	return 0;
}

void ask_cli_ensure(struct ask_cli *a, const char *path)
{
	a->ensured = path;
}

void ask_cli_several(struct ask_cli *a, bool several)
{
	a->several = several;
}

void ask_cli_taken(struct ask_cli *a, const struct kst_error *why)
{
	/* Without memory the question comes first, and the answer is the same. */
	if (!a->taken)
		a->taken = kst_calloc(1, sizeof(*a->taken));
	if (a->taken)
		*a->taken = *why;
}

int ask_cli_expect(struct ask_cli *a, const char *path, struct kst_error *err)
{
	size_t unused;

	return a->pass.nr > 1 ? pass_list_number(&a->pass, path, &unused, err) : 0;
}

bool ask_cli_interactive(const struct ask_cli *a)
{
	return !a->g->no_input && tty_present();
}

bool ask_cli_no_pass(const struct global *g)
{
	return g->new_pass.nr == 1 && !strcmp(g->new_pass.item[0], "none");
}

const char *ask_cli_template(struct ask_cli *a, bool *gen)
{
	for (size_t i = 0; i < a->new_pass.nr; i++) {
		struct pass_source *p = &a->new_pass.item[i];

		if ((p->kind != PASS_GEN && p->kind != PASS_FILE) || !strstr(p->value, "{name}"))
			continue;
		p->given++;
		*gen = p->kind == PASS_GEN;
		return p->value;
	}
	return NULL;
}

/* ---- answers ---- */

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

int ask_prompt(struct ask_cli *a, const struct kst_question *q, const char *start, bool again,
	       struct kst_secret *out, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	prompt_text(q, start, again, &b);
	if (b.failed)
		return kst_error_nomem(err);
	return typed(a, (char *)b.data, out, err);
}

int ask_copy(struct kst_secret *out, const struct kst_secret *from, struct kst_error *err)
{
	return kst_secret_set(out, from->data, from->len, err);
}

/*
 * Read a source.  A variable that two options name is read, and taken out of the environment, once;
 * a descriptor that two options name gives each its own line.
 */
int ask_read(struct ask_cli *a, struct pass_source *p, struct kst_secret *out, struct kst_error *err)
{
	const struct pass_list *all[] = { &a->pass, &a->new_pass, &a->key_pass };

	for (size_t k = 0; p->kind == PASS_ENV && !p->read && k < 3; k++)
		for (size_t i = 0; i < all[k]->nr && !p->read; i++) {
			const struct pass_source *other = &all[k]->item[i];

			if (!other->read || other->kind != PASS_ENV ||
			    strcmp(other->value, p->value))
				continue;
			if (ask_copy(&p->secret, &other->secret, err) < 0)
				return -1;
			p->read = true;
		}
	if (pass_source_read(p, a->g->insecure_permissions, err) < 0)
		return -1;
	return out ? ask_copy(out, &p->secret, err) : 0;
}

bool ask_is_slot(const struct kst_question *q)
{
	return q->why && !strncmp(q->why, "slot ", 5);
}

int ask_in_vain(const struct ask_cli *a, struct kst_error *err)
{
	if (!a->taken)
		return 0;
	if (err && err->code == KST_OK)
		*err = *a->taken;
	return -1;
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
	if (pass_generate(&p->secret, err) < 0 || ask_copy(&text, &p->secret, err) < 0 ||
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

		if (ask_prompt(a, q, "New passphrase", false, &one, err) < 0)
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

	if (pass_list_find(&a->new_pass, q->path, &p, err) < 0)
		return -1;
	if (!p && a->creating && !a->new_pass.nr) {
		if (pass_list_find(&a->pass, q->path, &p, err) < 0)
			return -1;
		if (!p && a->has_ambient)
			p = &a->ambient;
		if (p && p->kind == PASS_NONE)
			p = NULL; /* `none` opens without one; it does not set none */
	}
	if ((p && p->kind == PASS_NONE) || (!a->new_pass.nr && q->optional))
		return 1;
	if (p)
		p->given++;
	if (p && p->kind == PASS_GEN) {
		if (make_file(a, p, err) < 0)
			return -1;
		return ask_copy(out, &p->secret, err);
	}
	if (p && p->kind != PASS_PROMPT) {
		if (ask_read(a, p, NULL, err) < 0 || check_new(q, &p->secret, err) < 0)
			return -1;
		warn_new(a, q, &p->secret);
		return ask_copy(out, &p->secret, err);
	}
	if (ask_in_vain(a, err) < 0)
		return -1;
	if (!ask_cli_interactive(a)) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       a->g->no_input
				       ? "a new passphrase is needed and --no-input forbids to ask"
				       : "a new passphrase is needed and there is no terminal");
		kst_error_subject(err, "%s", q->path ? q->path : "");
		kst_error_hint(err, "add --new-pass file:PATH  (or stdin, fd:N, env:NAME, gen:PATH)");
		return a->pass.nr ? kst_error_hint(err, "--pass is for what is opened, and sets none") : -1;
	}
	if (prompt_new(a, q, out, err) < 0)
		return -1;
	warn_new(a, q, out);
	return 0;
}

/* ---- key files ---- */

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
		a->tries = 0;
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
