/* SPDX-License-Identifier: ISC */
/* together.c - several files at a glance: what each holds, and whether it fits together */
#include "cmd/together.h"

#include <string.h>

#include "cmd/describe.h"
#include "cmd/picture.h"

/* Certificates of one file that have a line of their own. */
#define LINES_MAX 5

struct line {
	const char *file; /* NULL: further lines of the same one */
	char *holds, *note;
};

struct together {
	struct cli *cli;
	struct kst_store *const *store;
	size_t nr;
	struct line *line;
	size_t nr_lines, size;
	struct kst_cert **cert; /* all of them, in all files; borrowed */
	size_t nr_certs;
	struct kst_buf holes; /* names of the issuers that servers' certificates lack, with NULs */
	struct clock clock;
	bool failed, stray; /* a key that belongs to none of the certificates */
};

#define COL(member) offsetof(struct line, member)
static const struct field fields[] = {
	{ "file", NULL, F_STR, FF_TEXT | FF_KEEP, COL(file) },
	{ "holds", NULL, F_STR, FF_TEXT | FF_KEEP | FF_RAGGED, COL(holds) },
	{ "note", NULL, F_STR, FF_TEXT | FF_KEEP, COL(note) },
	{ .key = NULL }
};

static char *taken(struct together *t, struct kst_buf *b)
{
	char *s = b->failed ? NULL : kst_strndup(b->data ? (char *)b->data : "", b->len);

	t->failed |= !s;
	kst_buf_reset(b);
	return s;
}

/* A line with what is in the two buffers, which are empty afterwards. */
static void add(struct together *t, const char *file, struct kst_buf *holds, struct kst_buf *note)
{
	if (t->nr_lines == t->size) {
		size_t size = t->size ? t->size * 2 : 16;
		struct line *more = kst_realloc(t->line, size * sizeof(*more));

		if (!more) {
			t->failed = true;
			return;
		}
		t->line = more;
		t->size = size;
	}
	t->line[t->nr_lines++] = (struct line){ file, taken(t, holds), taken(t, note) };
}

static int gather(struct together *t)
{
	size_t size = 0;

	for (size_t j = 0; j < t->nr; j++)
		for (size_t i = 0; i < kst_store_count(t->store[j]); i++) {
			struct kst_entry *e;
			struct kst_cert **more;

			if (kst_store_entry(t->store[j], i, &e, t->cli->err) < 0)
				return -1;
			if (!e->chain.nr)
				continue;
			if (t->nr_certs + e->chain.nr > size) {
				size = (t->nr_certs + e->chain.nr) * 2;
				more = kst_realloc(t->cert, size * sizeof(*more));
				if (!more)
					return kst_error_nomem(t->cli->err);
				t->cert = more;
			}
			for (size_t k = 0; k < e->chain.nr; k++)
				t->cert[t->nr_certs++] = e->chain.cert[k];
		}
	return 0;
}

static bool has_issuer(const struct together *t, const struct kst_cert *cert)
{
	if (kst_cert_is_self_issued(cert))
		return true;
	for (size_t i = 0; i < t->nr_certs; i++)
		if (kst_cert_issued_by(cert, t->cert[i]))
			return true;
	return false;
}

static void add_hole(struct together *t, const struct kst_buf *name)
{
	const char *p = (const char *)t->holes.data, *end = p ? p + t->holes.len : p;

	for (; p < end; p += strlen(p) + 1)
		if (!strcmp(p, (const char *)name->data))
			return;
	kst_buf_put(&t->holes, name->data, name->len + 1);
}

/* "shop.acme.test, 89 days left" behind what is in `holds`; then who is missing above it. */
static void add_cert(struct together *t, const char *file, struct kst_cert *cert,
		     struct kst_buf *holds, struct kst_buf *note)
{
	struct kst_buf issuer KST_SCRATCH_BUF = KST_BUF_INIT;
	char left[KST_TIME_TEXT];

	kst_cert_name(cert, holds);
	if (kst_cert_is_ca(cert))
		kst_buf_puts(holds, " (CA)");
	kst_buf_printf(holds, ", %s",
		       describe_left(kst_cert_not_before(cert), kst_cert_not_after(cert),
				     kst_time_now(), left));
	describe_clock_count(&t->clock, kst_cert_not_before(cert));
	add(t, file, holds, note);
	if (has_issuer(t, cert))
		return;
	kst_cert_issuer_name(cert, &issuer);
	kst_buf_puts(&issuer, "");
	kst_buf_printf(holds, "issued by \"%s\"", (char *)issuer.data);
	kst_buf_puts(note, "not in these files");
	add(t, NULL, holds, note);
	/* Above a CA there is most often a root, which nobody needs to send. */
	if (!kst_cert_is_ca(cert))
		add_hole(t, &issuer);
}

/* ---- keys ---- */

/* The file of a certificate that the key belongs to. */
static const char *partner(const struct together *t, struct kst_key *key,
			   const struct kst_store *self)
{
	for (size_t j = 0; j < t->nr; j++)
		for (size_t i = 0; t->store[j] != self && i < kst_store_count(t->store[j]); i++) {
			struct kst_entry *e;

			if (kst_store_entry(t->store[j], i, &e, NULL) < 0)
				continue;
			for (size_t k = 0; k < e->chain.nr; k++)
				if (kst_key_matches(key, e->chain.cert[k]) == 1)
					return kst_store_path(t->store[j]);
		}
	return NULL;
}

static void key_note(struct together *t, struct kst_store *s, size_t i, struct kst_entry *e,
		     struct kst_buf *note)
{
	const char *path;

	if (kst_key_is_sealed(e->key) && kst_store_open_key(s, i, NULL) < 0) {
		kst_buf_puts(note, "not compared");
		return;
	}
	path = partner(t, e->key, s);
	t->stray |= !path && t->nr_certs;
	kst_buf_printf(note, path ? "matches %s" : "matches no certificate in these files", path);
}

static void add_key(struct together *t, struct kst_store *s, size_t i, const char *file,
		    struct kst_entry *e)
{
	struct kst_buf holds KST_SCRATCH_BUF = KST_BUF_INIT, note KST_SCRATCH_BUF = KST_BUF_INIT,
		       key KST_SCRATCH_BUF = KST_BUF_INIT;
	bool sealed = describe_encrypted(kst_store_format(s), e);

	if (!e->chain.nr && e->key)
		key_note(t, s, i, e, &note);
	if (e->chain.nr)
		kst_cert_key_text(e->chain.cert[0], false, &key);
	else if (e->key)
		kst_key_text(e->key, false, &key);
	kst_buf_puts(&holds, "private key, ");
	if (key.len && strcmp((char *)key.data, "?") != 0)
		kst_buf_printf(&holds, "%s, ", describe_key((char *)key.data));
	kst_buf_printf(&holds, "%sencrypted", sealed ? "" : "not ");
	add(t, file, &holds, &note);
	for (size_t k = 0; k < e->chain.nr; k++) {
		kst_buf_puts(&holds, "with ");
		add_cert(t, NULL, e->chain.cert[k], &holds, &note);
	}
}

/* ---- files ---- */

static void add_rest(struct together *t, struct kst_store *s, size_t i, const char *file,
		     const struct kst_entry *e)
{
	struct kst_buf holds KST_SCRATCH_BUF = KST_BUF_INIT, note KST_SCRATCH_BUF = KST_BUF_INIT;

	(void)i;
	picture_what(kst_store_format(s), e, &holds);
	add(t, file, &holds, &note);
}

static size_t count_certs(struct kst_store *s)
{
	size_t n = 0;
	struct kst_head h;

	for (size_t i = 0; i < kst_store_count(s); i++)
		n += kst_store_head(s, i, &h, NULL) == 0 && h.kind == KST_KIND_CERT;
	return n;
}

static void add_file(struct together *t, struct kst_store *s)
{
	const char *file = kst_store_path(s);
	size_t nr_certs = count_certs(s), seen = 0;

	for (size_t i = 0; i < kst_store_count(s); i++, file = NULL) {
		struct kst_buf holds KST_SCRATCH_BUF = KST_BUF_INIT,
			       note KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_entry *e;

		if (kst_store_entry(s, i, &e, NULL) < 0)
			continue;
		if (e->kind == KST_KIND_KEY) {
			add_key(t, s, i, file, e);
		} else if (e->kind != KST_KIND_CERT) {
			add_rest(t, s, i, file, e);
		} else if (++seen <= LINES_MAX) {
			if (seen == 1)
				kst_buf_printf(&holds, "%zu certificate%s: ", nr_certs,
					       nr_certs == 1 ? "" : "s");
			add_cert(t, file, e->chain.cert[0], &holds, &note);
		}
	}
	if (seen > LINES_MAX) {
		struct kst_buf holds KST_SCRATCH_BUF = KST_BUF_INIT, note KST_SCRATCH_BUF = KST_BUF_INIT;

		kst_buf_printf(&holds, "...and %zu more: kstool list ", seen - LINES_MAX);
		kst_text_shell_path(&holds, kst_store_path(s));
		add(t, NULL, &holds, &note);
	}
}

int together_show(struct cli *cli, struct kst_store *const *store, size_t nr)
{
	struct together t = { .cli = cli, .store = store, .nr = nr, .holes = KST_BUF_INIT };
	int ret = -1;

	if (gather(&t) < 0)
		goto done;
	for (size_t j = 0; j < nr; j++)
		add_file(&t, store[j]);
	if (t.failed || t.holes.failed) {
		kst_error_nomem(cli->err);
		goto done;
	}
	out_rows(cli->out, "files", fields, t.line, t.nr_lines, sizeof(*t.line));
	if (t.stray)
		out_advice(cli->out, "a private key here belongs to none of these certificates; ask for the one that was "
				     "issued for it.");
	for (size_t at = 0; at < t.holes.len; at += strlen((char *)t.holes.data + at) + 1)
		out_advice(cli->out,
			   "the chain has a hole: %s is missing; ask for it, or clients that do "
			   "not fetch issuers (Java, curl) will fail.",
			   (char *)t.holes.data + at);
	describe_clock(cli->out, &t.clock);
	ret = 0;
done:
	for (size_t i = 0; i < t.nr_lines; i++) {
		kst_free(t.line[i].holds);
		kst_free(t.line[i].note);
	}
	kst_free(t.line);
	kst_free(t.cert);
	kst_buf_release(&t.holes);
	return ret;
}
