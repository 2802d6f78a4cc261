/* SPDX-License-Identifier: ISC */
/*
 * hashdir_write.c - members of a hashed directory from the model
 *
 * One file for each entry, named after its alias, and one link HASH.N to it.  What
 * did not change keeps its file; numbers close up, since OpenSSL stops looking at
 * the first that is missing.  Members that are no part of it stay as they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert_hash.h"
#include "hashdir.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "pem_text.h"

struct slot {
	const struct kst_item *item;
	const struct hashdir_base *base; /* NULL: new, or changed */
	uint32_t hash;
	bool crl;
	size_t order; /* number that it had; then the order of the model */
	char *file;
};

struct writer {
	struct kst_io *io;
	struct kst_model *m;
	const struct hashdir *d; /* NULL: a new directory */
	struct slot *slot;
	struct kst_buf out;
};

static int by_hash(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	if (x->crl != y->crl)
		return x->crl - y->crl;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static struct kst_bytes bytes(const char *text)
{
	return (struct kst_bytes){ (const uint8_t *)text, strlen(text) };
}

/* ---- which file ---- */

static bool taken(const struct writer *w, const char *file, size_t self)
{
	struct kst_member m;
	for (size_t i = 0; i < w->m->nr; i++)
		if (i != self && w->slot[i].file && strcmp(w->slot[i].file, file) == 0)
			return true;
	/* Somebody else's file, or one that goes: neither is written over. */
	return w->d && kst_pack_find(w->d->pack.data, w->d->pack.len, bytes(file), &m);
}

static bool file_says(const char *file, const struct kst_entry *e)
{
	char *now = e->alias ? kst_text_file_name(e->alias, e->kind == KST_KIND_CRL ? ".crl" : ".pem")
			     : NULL;
	bool says = now && strcmp(now, file) == 0;
	kst_free(now);
	return says;
}

static int make_text(const struct writer *w, const struct slot *s, const char *file, struct kst_buf *text,
		     struct kst_error *err)
{
	const struct kst_entry *e = s->item->entry;
	struct pem_maker maker = { .io = w->io, .m = w->m };
	/* A name that the file's own does not give back. */
	if (e->alias && !e->alias_derived && !file_says(file, e))
		pem_make_name(text, e->alias);
	if (pem_make_entry(&maker, text, e, err) < 0)
		return -1;
	return text->failed ? kst_error_nomem(err) : 0;
}

/* What a run that was killed put there, before any link led to it: the file that is wanted. */
static bool is_leftover(const struct writer *w, const char *file, size_t i)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_member m;
	if (!w->d || !kst_pack_find(w->d->pack.data, w->d->pack.len, bytes(file), &m) || m.target.len)
		return false;
	for (size_t k = 0; k < w->m->nr; k++)
		if (k != i && w->slot[k].file && strcmp(w->slot[k].file, file) == 0)
			return false;
	return make_text(w, &w->slot[i], file, &text, NULL) == 0 && text.len == m.data.len &&
	       memcmp(text.data, m.data.data, text.len) == 0;
}

static char *new_file(const struct writer *w, size_t i)
{
	const struct slot *s = &w->slot[i];
	const char *alias = s->item->entry->alias;
	const char *suffix = s->crl ? ".crl" : ".pem";
	char *name = kst_text_file_name(alias ? alias : "entry", suffix);
	if (name && is_leftover(w, name, i))
		return name;
	for (unsigned n = 2; name && taken(w, name, i); n++) {
		char *other = kst_asprintf("%.*s-%u%s", (int)(strlen(name) - strlen(suffix)), name, n,
					   suffix);
		kst_free(name);
		name = other;
		if (n > 2 && name) { /* "x-2-3" would grow: start again from the alias */
			kst_free(name);
			char *base = kst_text_file_name(alias ? alias : "entry", "");
			name = base ? kst_asprintf("%s-%u%s", base, n, suffix) : NULL;
			kst_free(base);
		}
	}
	return name;
}

static int not_alone(const struct hashdir_base *b, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_CANNOT_HOLD, "%s holds %s: split it first", b->file,
			      b->with_key ? "a private key too" : "several certificates");
}

static int plan(struct writer *w, struct kst_error *err)
{
	for (size_t i = 0; i < w->m->nr; i++) {
		struct slot *s = &w->slot[i];
		const struct kst_item *item = s->item = &w->m->item[i];
		const struct kst_entry *e = item->entry;
		const struct hashdir_base *base =
			w->d && item->base < w->d->nr ? &w->d->base[item->base] : NULL;
		struct kst_blob crl = e->der;

		if (e->kind != KST_KIND_CERT && e->kind != KST_KIND_CRL)
			return kst_error_setx(err, KST_E_CANNOT_HOLD,
					      "a hashed directory holds certificates and revocation "
					      "lists only");
		s->crl = e->kind == KST_KIND_CRL;
		if (s->crl ? kst_crl_openssl_hash(crl.data, crl.len, &s->hash, err) < 0
			   : kst_cert_openssl_hash(e->chain.cert[0], &s->hash, err) < 0)
			return -1;
		s->order = base ? base->number : (size_t)1 << 20;
		s->order = s->order << 32 | i;
		if (base && item->dirty && (base->shared || base->with_key))
			return not_alone(base, err);
		if (base && !item->dirty)
			s->base = base;
	}
	for (size_t k = 0; w->d && k < w->d->nr; k++) {
		bool there = !w->d->base[k].shared && !w->d->base[k].with_key;
		for (size_t i = 0; !there && i < w->m->nr; i++)
			there = w->slot[i].item->base == k;
		if (!there)
			return not_alone(&w->d->base[k], err);
	}
	/* Files that stay have their names before new ones look for theirs. */
	for (size_t i = 0; i < w->m->nr; i++)
		if (w->slot[i].base && !(w->slot[i].file = kst_strdup(w->slot[i].base->file)))
			return kst_error_nomem(err);
	for (size_t i = 0; i < w->m->nr; i++)
		if (!w->slot[i].file && !(w->slot[i].file = new_file(w, i)))
			return kst_error_nomem(err);
	return 0;
}

/* ---- members ---- */

static void put_copy(struct writer *w, const char *file)
{
	struct kst_member m;
	/* Once, if several entries are in it. */
	if (!kst_pack_find(w->out.data, w->out.len, bytes(file), &m) &&
	    kst_pack_find(w->d->pack.data, w->d->pack.len, bytes(file), &m))
		kst_pack_put(&w->out, &m);
}

static int put_new(struct writer *w, const struct slot *s, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_member m;
	if (kst_pack_find(w->out.data, w->out.len, bytes(s->file), &m))
		return 0; /* as a leftover, which stayed */
	if (make_text(w, s, s->file, &text, err) < 0)
		return -1;
	m = (struct kst_member){ .name = bytes(s->file), .data = { text.data, text.len } };
	kst_pack_put(&w->out, &m);
	return 0;
}

/*
 * A member is ours if an entry came from it, or if it is HASH.N and holds the very bytes of such a
 * member: a link to it.  Whatever else is called HASH.N stays: OpenSSL may use what was not read here.
 */
static bool is_ours(const struct hashdir *d, const struct kst_bytes *data, const struct kst_member *m)
{
	uint32_t hash;
	unsigned number;
	bool crl, link = hashdir_name(m->name, &hash, &number, &crl);

	for (size_t i = 0; i < d->nr; i++) {
		if (d->base[i].with_key)
			continue;
		if (strlen(d->base[i].file) == m->name.len &&
		    memcmp(d->base[i].file, m->name.data, m->name.len) == 0)
			return true;
		if (link && m->data.len && data[i].len == m->data.len &&
		    memcmp(data[i].data, m->data.data, m->data.len) == 0)
			return true;
	}
	return false;
}

static int put_others(struct writer *w, struct kst_error *err)
{
	struct kst_cursor c;
	struct kst_member m;
	if (!w->d || !kst_pack_open(&c, w->d->pack.data, w->d->pack.len))
		return 0;
	struct kst_bytes *data = kst_calloc(w->d->nr + 1, sizeof(*data));
	if (!data)
		return kst_error_nomem(err);
	for (size_t i = 0; i < w->d->nr; i++)
		if (kst_pack_find(w->d->pack.data, w->d->pack.len, bytes(w->d->base[i].file), &m))
			data[i] = m.data;
	while (kst_pack_next(&c, &m) == 1)
		if (!is_ours(w->d, data, &m))
			kst_pack_put(&w->out, &m);
	kst_free(data);
	return 0;
}

/* The first number from `number` on whose name is free. */
static unsigned free_number(const struct writer *w, const struct slot *s, unsigned number, char link[32])
{
	struct kst_member m;

	for (;; number++) {
		snprintf(link, 32, "%08x.%s%u", (unsigned)s->hash, s->crl ? "r" : "", number);
		if (!kst_pack_find(w->out.data, w->out.len, bytes(link), &m))
			return number;
	}
}

static int put_all(struct writer *w, struct kst_error *err)
{
	unsigned number = 0;
	if (put_others(w, err) < 0)
		return -1;
	qsort(w->slot, w->m->nr, sizeof(*w->slot), by_hash);
	for (size_t i = 0; i < w->m->nr; i++) {
		const struct slot *s = &w->slot[i];
		char link[32];
		uint32_t hash;
		unsigned old;
		bool crl;
		if (s->base && s->base->with_key)
			continue; /* it is among the others, private as it was */
		bool same = i && w->slot[i - 1].hash == s->hash && w->slot[i - 1].crl == s->crl;
		number = free_number(w, s, same ? number + 1 : 0, link);
		if (s->base && hashdir_name(bytes(s->file), &hash, &old, &crl)) {
			/* A file that is itself HASH.N: it keeps its bytes, and closes up. */
			struct kst_member m;
			if (kst_pack_find(w->d->pack.data, w->d->pack.len, bytes(s->file), &m)) {
				m.name = bytes(link);
				kst_pack_put(&w->out, &m);
			}
			continue;
		}
		if (s->base)
			put_copy(w, s->file);
		else if (put_new(w, s, err) < 0)
			return -1;
		struct kst_member m = { .name = bytes(link), .target = bytes(s->file) };
		kst_pack_put(&w->out, &m);
	}
	return w->out.failed ? kst_error_nomem(err) : 0;
}

int hashdir_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct writer w = { .io = io, .m = from, .d = from->state };
	int rc = -1;

	if (w.d && !w.d->hashed)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "is a directory of loose files: name the file that is meant");
	w.slot = kst_calloc(from->nr + 1, sizeof(*w.slot));
	if (!w.slot)
		return kst_error_nomem(err);
	kst_pack_begin(&w.out);
	if (plan(&w, err) == 0 && put_all(&w, err) == 0)
		rc = io->sink.write(io->sink.ctx, w.out.data, w.out.len, err);
	for (size_t i = 0; i < from->nr; i++)
		kst_free(w.slot[i].file);
	kst_free(w.slot);
	kst_buf_release(&w.out);
	return rc;
}
