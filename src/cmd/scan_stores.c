/* SPDX-License-Identifier: ISC */
/* scan_stores.c - the inventory: type, role, entries, who writes it */
#include "cmd/describe.h"
#include "cmd/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct row {
	const char *title, *role, *by; /* of text */
	const char *entries;           /* "144"; "?" */
	char digits[24];
	const struct kst_found *found;
	const char *type;              /* JSON's word for it; NULL not known */
	const char *path;
	struct kst_contents contents;
	bool counted, keystore, truststore, writable;
	struct kst_error *error;
};
#define COL(member) offsetof(struct row, member)

/* By what it may be called where it really lies: `scan /etc` walks from there. */
static const struct kst_known *known(const struct kst_found *f)
{
	char *real = f->known ? NULL : realpath(f->path, NULL);
	const struct kst_known *k = f->known ? f->known : real ? kst_place_known(real) : NULL;

	free(real);
	return k;
}

static bool in_place(const struct kst_known *k)
{
	return k && (k->role == KST_PLACE_OS || k->role == KST_PLACE_JAVA || k->role == KST_PLACE_OWN);
}

/* A file of loose objects is a store where it serves as one; a certificate alone, a key alone do not. */
static bool is_store(const struct scan *s, const struct kst_format *f, const struct kst_known *k,
		     const struct kst_contents *c)
{
	if (k && k->role == KST_PLACE_COPY && !s->opt->all)
		return false;
	if (f->caps & (KST_CAP_SINGLE | KST_CAP_REQUESTS | KST_CAP_LOOSE))
		return c->chains || (in_place(k) && c->cas) || (c->certs > 1 && kst_contents_truststore(c, f));
	return true;
}

static void fill(struct row *r, const struct kst_format *f, const struct kst_contents *c)
{
	r->contents = *c;
	r->counted = true;
	r->type = f->name;
	r->title = f->title;
	r->keystore = c->keys > 0;
	r->truststore = c->cas > 0;
	r->role = r->keystore && r->truststore ? "both" :
		  r->keystore		       ? "keystore" :
		  r->truststore		       ? "truststore" :
						 "-";
	snprintf(r->digits, sizeof(r->digits), "%zu", c->entries);
}

/* What has failed to open, and is worth a line: what is locked, and what must be a truststore. */
static bool failed(struct scan *s, struct row *r, const struct kst_known *k, int *status)
{
	struct kst_error *err = s->cli->err;
	bool locked = kst_code_exit(err->code) == 4;
	bool loose = r->found->format && (r->found->format->caps & KST_CAP_LOOSE);

	if ((!locked || loose) && !in_place(k)) {
		kst_error_clear(err);
		return false;
	}
	r->title = r->found->format ? r->found->format->title : "?";
	r->type = r->found->format ? r->found->format->name : NULL;
	r->role = locked ? "locked" : "damaged";
	r->entries = "?";
	r->error = kst_calloc(1, sizeof(*r->error));
	if (r->error)
		*r->error = *err;
	if (!locked && !*status)
		*status = 3;
	kst_error_clear(err);
	return true;
}

static bool look_at(struct scan *s, const struct kst_found *f, struct row *r, int *status)
{
	const struct kst_known *k = known(f);
	struct kst_store *store = NULL;
	struct kst_contents c;
	bool is = true;

	*r = (struct row){ .found = f, .path = f->path, .by = k && k->by ? k->by : "-", .entries = "-" };
	if (k && k->role == KST_PLACE_ANCHOR)
		return false;
	r->writable = access(f->path, W_OK) == 0;
	if (k && k->role == KST_PLACE_NSS) {
		r->title = "NSS";
		r->role = "both";
		return true;
	}
	/* A single certificate or key of each file that there is: nobody calls that a store. */
	if (f->format && (f->format->caps & KST_CAP_SINGLE))
		return false;
	if (found_open(s->cli, &s->quiet, f, false, &store) < 0 || kst_store_contents(store, &c, s->cli->err) < 0)
		is = failed(s, r, k, status);
	else if ((is = is_store(s, kst_store_format(store), k, &c)))
		fill(r, kst_store_format(store), &c);
	kst_store_free(store);
	return is;
}

/* ---- the answer ---- */

static const struct field columns[] = {
	{ "type", "TYPE", F_STR, FF_TEXT | FF_PLAIN, COL(title) },
	{ "role", "ROLE", F_STR, FF_TEXT | FF_PLAIN, COL(role) },
	{ "entries", "ENTRIES", F_STR, FF_TEXT | FF_PLAIN | FF_RIGHT, COL(entries) },
	{ "managed_by", "MANAGED BY", F_STR, FF_TEXT | FF_PLAIN, COL(by) },
	{ "file", "FILE", F_STR, FF_TEXT | FF_PLAIN | FF_KEEP, COL(path) },
	{ .key = NULL }
};

static void json(struct out *o, const struct row *r)
{
	out_object(o, NULL);
	out_str(o, "path", r->path);
	out_str(o, "link", r->found->link);
	out_str(o, "type", r->type);
	out_array(o, "roles");
	if (r->keystore)
		out_str(o, NULL, "keystore");
	if (r->truststore)
		out_str(o, NULL, "truststore");
	out_end(o);
	if (r->counted)
		out_int(o, "entries", (int64_t)r->contents.entries);
	else
		out_null(o, "entries");
	out_str(o, "managed_by", strcmp(r->by, "-") ? r->by : NULL);
	out_bool(o, "locked", !strcmp(r->role, "locked"));
	out_bool(o, "writable", r->writable);
	describe_error(o, r->error);
	out_end(o);
}

static void text(struct out *o, struct row *row, size_t nr)
{
	size_t trust = 0, key = 0, locked = 0;

	for (size_t i = 0; i < nr; i++) {
		if (row[i].counted)
			row[i].entries = row[i].digits;
		trust += row[i].truststore && !row[i].keystore;
		key += row[i].keystore;
		locked += !strcmp(row[i].role, "locked");
	}
	out_rows(o, NULL, columns, row, nr, sizeof(*row));
	if (out_is(o, OUT_PLAIN))
		return;
	if (nr)
		out_blank(o);
	out_line(o, "%zu stores: %zu truststores, %zu with private keys, %zu locked.", nr, trust, key, locked);
}

int scan_stores(struct scan *s)
{
	struct out *o = s->cli->out;
	size_t most = 0, nr = 0;
	int status = 0;

	for (size_t i = 0; i < s->cli->nr; i++)
		most += s->walk[i].nr;
	struct row *row = kst_calloc(most + 1, sizeof(*row));
	if (!row)
		return kst_error_nomem(s->cli->err);
	for (size_t i = 0; i < s->cli->nr; i++)
		for (size_t k = 0; k < s->walk[i].nr; k++)
			nr += look_at(s, &s->walk[i].found[k], &row[nr], &status);
	out_array(o, "stores");
	for (size_t i = 0; i < nr; i++)
		json(o, &row[i]);
	out_end(o);
	out_array(o, "entries");
	out_end(o);
	if (!out_is(o, OUT_JSON))
		text(o, row, nr);
	scan_not_entered(s);
	for (size_t i = 0; i < nr; i++)
		kst_free(row[i].error);
	kst_free(row);
	return status;
}
