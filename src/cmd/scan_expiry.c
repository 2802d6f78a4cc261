/* SPDX-License-Identifier: ISC */
/* scan_expiry.c - what has expired, or soon will, the most urgent first */
#include "cmd/describe.h"
#include "cmd/scan.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const char *state, *left, *name, *entry, *path; /* left, name and entry are owned */
	int64_t not_before, not_after, days;
	uint8_t sha256[32];
	bool has_sha256, opened;
	size_t order;
};
#define COL(member) offsetof(struct row, member)
static const struct field columns[] = {
	{ "state", "STATE", F_STATE, FF_TEXT | FF_KEEP, COL(state) },
	{ "left", "LEFT", F_STR, FF_TEXT | FF_KEEP, COL(left) },
	{ "name", "NAME", F_STR, FF_TEXT | FF_MIDDLE, COL(name) },
	{ "entry", "ENTRY", F_STR, FF_TEXT | FF_DROP1, COL(entry) },
	{ "file", "FILE", F_STR, FF_TEXT | FF_KEEP, COL(path) },
	{ .key = NULL }
};
static const struct field plain[] = {
	{ "state", NULL, F_STR, FF_PLAIN, COL(state) },
	{ "not_after", NULL, F_TIME, FF_PLAIN, COL(not_after) },
	{ "days", NULL, F_INT, FF_PLAIN, COL(days) },
	{ "name", NULL, F_STR, FF_PLAIN, COL(name) },
	{ "entry", NULL, F_STR, FF_PLAIN, COL(entry) },
	{ "file", NULL, F_STR, FF_PLAIN, COL(path) },
	{ .key = NULL }
};

struct report {
	struct scan *s;
	struct row *row;
	size_t nr, size;
	size_t expired, critical, warning, early, ok, locked, unread, files;
};

static struct row *push(struct report *r)
{
	if (r->nr == r->size) {
		size_t size = r->size ? r->size * 2 : 64;
		struct row *grown = kst_realloc(r->row, size * sizeof(*grown));

		if (!grown)
			return NULL;
		r->row = grown;
		r->size = size;
	}
	r->row[r->nr] = (struct row){ .order = r->nr };
	return &r->row[r->nr++];
}

static bool count(struct report *r, const char *state)
{
	size_t *n = !strcmp(state, "EXPIRED") ? &r->expired :
		    !strcmp(state, "CRIT")    ? &r->critical :
		    !strcmp(state, "WARN")    ? &r->warning :
		    !strcmp(state, "not yet") ? &r->early :
						&r->ok;

	++*n;
	return n != &r->ok || r->s->opt->all;
}

/* "3 years ago", "11 days": that it has expired, or is left, the column says. */
static char *left_text(int64_t from, int64_t until, int64_t now)
{
	char text[KST_TIME_TEXT], *end;
	const char *begin = now < from ? kst_time_starts(from, now, text) : kst_time_left(until, now, text);

	if (!strncmp(begin, "EXPIRED ", 8))
		begin += 8;
	end = strstr(begin, " left");
	return kst_strndup(begin, end ? (size_t)(end - begin) : strlen(begin));
}

static int push_dated(struct report *r, int64_t from, int64_t until, const struct kst_buf *name, const char *entry,
		      const char *path, const uint8_t *sha256)
{
	int64_t now = kst_time_now();
	const char *state = cmd_state(from, until, now);
	struct row *w;

	if (!count(r, state))
		return 0;
	if (!(w = push(r)))
		return kst_error_nomem(r->s->cli->err);
	w->state = state;
	w->left = left_text(from, until, now);
	w->name = kst_strndup(name->data ? (const char *)name->data : "", name->len);
	w->entry = kst_strdup(entry ? entry : "");
	w->path = path;
	w->opened = true;
	w->not_before = from;
	w->not_after = until;
	w->days = kst_time_days(until, now);
	w->has_sha256 = sha256 != NULL;
	if (sha256)
		memcpy(w->sha256, sha256, 32);
	return w->left && w->name && w->entry ? 0 : kst_error_nomem(r->s->cli->err);
}

static int take(struct report *r, const struct kst_cert *cert, const char *entry, const char *path)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;

	if (r->s->opt->leaf_only && kst_cert_is_ca(cert))
		return 0;
	kst_cert_name(cert, &name);
	return push_dated(r, kst_cert_not_before(cert), kst_cert_not_after(cert), &name, entry, path,
			  kst_cert_sha256(cert));
}

/* One that is out of date stops those who look at it as surely as an expired certificate. */
static int take_crl(struct report *r, const struct kst_entry *e, const char *path)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes der = { e->der.data, e->der.len };
	int64_t from = 0, until = 0;

	kst_buf_puts(&name, "CRL ");
	if (r->s->opt->leaf_only || kst_crl_facts(der, &from, &until, &name) < 0 || !until)
		return 0;
	return push_dated(r, from, until, &name, e->alias_derived ? NULL : e->alias, path, NULL);
}

/* A row for what could not be looked into: `state` is "locked" or "unread". */
static int unopened(struct report *r, const struct kst_found *f, const char *state, const char *why)
{
	struct row *w = push(r);

	if (!w)
		return kst_error_nomem(r->s->cli->err);
	w->state = state;
	w->left = kst_strdup("?");
	w->name = kst_strdup(why);
	w->entry = kst_strdup("");
	w->path = f->path;
	w->not_after = 0;
	return w->left && w->name && w->entry ? 0 : kst_error_nomem(r->s->cli->err);
}

static int does_not_open(struct report *r, const struct kst_found *f)
{
	struct kst_error *err = r->s->cli->err;
	struct kst_error why = *err;
	bool locked = kst_code_exit(why.code) == 4;

	kst_error_clear(err);
	if (why.code == KST_E_NO_MEMORY) {
		*err = why;
		return -1;
	}
	if (locked)
		r->locked++;
	else
		r->unread++;
	return unopened(r, f, locked ? "locked" : "unread", locked ? "" : why.message);
}

static int look_at(struct report *r, const struct kst_found *f)
{
	struct kst_store *s = NULL;
	int rc = 0;

	if (f->known && (f->known->role == KST_PLACE_NSS || (f->known->role == KST_PLACE_COPY && !r->s->opt->all)))
		return 0;
	if (found_open(r->s->cli, &r->s->quiet, f, false, &s) < 0)
		return does_not_open(r, f);
	r->files++;
	for (size_t i = 0; rc == 0 && i < kst_store_count(s); i++) {
		struct kst_entry *e;
		struct kst_head h;

		if (kst_store_head(s, i, &h, NULL) < 0 || (!h.nr_certs && h.kind != KST_KIND_CRL) ||
		    kst_store_entry(s, i, &e, NULL) < 0)
			continue;
		if (e->kind == KST_KIND_CRL)
			rc = take_crl(r, e, f->path);
		for (size_t k = 0; rc == 0 && k < e->chain.nr; k++)
			rc = take(r, e->chain.cert[k], e->alias_derived ? NULL : e->alias, f->path);
	}
	kst_store_free(s);
	return rc;
}

/* ---- the answer ---- */

static int by_urgency(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->opened != y->opened)
		return x->opened ? -1 : 1;
	if (x->not_after != y->not_after)
		return x->not_after < y->not_after ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void json(struct out *o, const struct row *w)
{
	out_object(o, NULL);
	out_str(o, "state", w->opened ? describe_state_slug(w->state) : w->state);
	out_str(o, "path", w->path);
	out_str(o, "entry", *w->entry ? w->entry : NULL);
	out_str(o, "name", *w->name ? w->name : NULL);
	if (!w->opened) {
		out_null(o, "sha256");
		out_null(o, "not_before");
		out_null(o, "not_after");
		out_null(o, "not_after_unix");
		out_null(o, "days_left");
	} else {
		if (w->has_sha256)
			out_hex(o, "sha256", w->sha256, 32);
		else
			out_null(o, "sha256");
		out_time(o, "not_before", w->not_before);
		out_time(o, "not_after", w->not_after);
		out_int(o, "not_after_unix", w->not_after);
		out_int(o, "days_left", w->days);
	}
	out_end(o);
}

static void totals(const struct report *r)
{
	const struct {
		size_t nr;
		const char *what;
	} part[] = { { r->expired, "expired" }, { r->critical, "critical" }, { r->warning, "warning" },
		     { r->early, "not yet valid" }, { r->ok, "ok" }, { r->locked, "locked" }, { r->unread, "unread" } };
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t all = r->expired + r->critical + r->warning + r->early + r->ok;

	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
		if (part[i].nr)
			kst_buf_printf(&b, "%s%zu %s", b.len ? ", " : "", part[i].nr, part[i].what);
	if (r->nr)
		out_blank(r->s->cli->out);
	out_line(r->s->cli->out, "%s.  %zu certificates and CRLs, %zu files", b.data ? (const char *)b.data : "nothing found", all,
		 r->files);
	if (r->locked)
		out_note(r->s->cli->out, "to open what is locked: --pass FILE=file:PATH for each file, or one --pass for all");
}

int scan_expiry(struct scan *s)
{
	struct report r = { .s = s };
	struct out *o = s->cli->out;
	int ret = -1;

	for (size_t i = 0; i < s->cli->nr; i++)
		for (size_t k = 0; k < s->walk[i].nr; k++)
			if (look_at(&r, &s->walk[i].found[k]) < 0)
				goto done;
	if (r.nr)
		qsort(r.row, r.nr, sizeof(*r.row), by_urgency);
	out_array(o, "stores");
	out_end(o);
	out_array(o, "entries");
	for (size_t i = 0; i < r.nr; i++)
		json(o, &r.row[i]);
	out_end(o);
	if (!out_is(o, OUT_JSON))
		out_rows(o, NULL, out_is(o, OUT_PLAIN) ? plain : columns, r.row, r.nr, sizeof(*r.row));
	if (out_is(o, OUT_TEXT))
		totals(&r);
	scan_not_entered(s);
	/* "Not all is well" is the answer already, whatever else could not be read. */
	ret = r.expired || r.critical || r.warning || r.early ? 1 : r.unread ? 3 : 0;
done:
	for (size_t i = 0; i < r.nr; i++) {
		kst_free((char *)(uintptr_t)r.row[i].left);
		kst_free((char *)(uintptr_t)r.row[i].name);
		kst_free((char *)(uintptr_t)r.row[i].entry);
	}
	kst_free(r.row);
	return ret;
}
