/* SPDX-License-Identifier: ISC */
/*
 * hashdir.c - a directory of certificates as OpenSSL looks them up: HASH.N, and
 * HASH.rN for revocation lists; or any directory of certificate files, read as
 * the union of them.  Specified in hashdir.md.
 *
 * The members come as a pack (base/pack.h): no path is opened here.
 */
#include "hashdir.h"

#include <stdlib.h>
#include <string.h>

#include "der_kind.h"
#include "kstool/alloc.h"
#include "model/names.h"
#include "whole.h"

extern const struct kst_format kst_format_pem, kst_format_der, kst_format_pkcs7;

static int probe(const uint8_t *data, size_t n, bool whole)
{
	(void)whole;
	return n >= KST_PACK_MAGIC_LEN && memcmp(data, KST_PACK_MAGIC, KST_PACK_MAGIC_LEN) == 0 ? 100
												: 0;
}

static int hex(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hashdir_name(struct kst_bytes name, uint32_t *hash, unsigned *number, bool *crl)
{
	uint32_t h = 0;
	unsigned n = 0;
	size_t i;
	for (i = 0; i < 8 && i < name.len && hex(name.data[i]) >= 0; i++)
		h = h << 4 | (unsigned)hex(name.data[i]);
	if (i < 8 || name.len < 10 || name.data[i++] != '.')
		return false;
	*crl = name.data[i] == 'r';
	i += *crl;
	if (i == name.len || name.len - i > 5)
		return false;
	for (; i < name.len; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
		n = n * 10 + (unsigned)(name.data[i] - '0');
	}
	*hash = h;
	*number = n;
	return true;
}

/* ---- names of files as aliases ---- */

/* NAME.pem, with %XX for what a file name does not hold; NULL where the name says nothing. */
static int take_alias(struct kst_entry *e, struct kst_bytes file, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	uint32_t hash;
	unsigned number;
	bool crl, changed = false;
	size_t end = file.len;

	if (e->alias && !e->alias_derived)
		return 0;
	if (hashdir_name(file, &hash, &number, &crl))
		return 0;
	for (size_t i = file.len; i-- > 1;)
		if (file.data[i] == '.') {
			end = i;
			break;
		}
	for (size_t i = 0; i < end; i++) {
		uint8_t c = file.data[i];
		int hi = i + 2 < end && c == '%' ? hex(file.data[i + 1] | 0x20) : -1;
		int lo = hi >= 0 ? hex(file.data[i + 2] | 0x20) : -1;
		if (lo >= 0)
			c = (uint8_t)(hi << 4 | lo), i += 2;
		kst_buf_u8(&b, c);
	}
	char *alias = b.failed ? NULL : kst_alias_legal(b.data, b.len, &changed);
	if (!alias)
		return b.failed ? kst_error_nomem(err) : 0;
	kst_free(e->alias);
	e->alias = alias;
	e->alias_derived = false;
	return 0;
}

/* ---- one member ---- */

struct reader {
	struct kst_io *io;
	struct kst_model *model;
	struct hashdir *d;
};

/* Each member that gave nothing is named: nobody shall think that he saw all of the directory. */
static void unread(const struct reader *r, const struct kst_member *m, const char *why, const char *more)
{
	kst_note(r->io->notes, "file-skipped", "%s/%.*s: not read: %s%s", r->io->path ? r->io->path : "",
		 (int)m->name.len, (const char *)m->name.data, why, more);
}

static bool known(const struct kst_model *m, const struct kst_entry *e)
{
	for (size_t i = 0; i < m->nr; i++)
		if (kst_entry_same(m->item[i].entry, e))
			return true;
	return false;
}

static int add_base(struct hashdir *d, struct kst_bytes file, const struct hashdir_base *base, struct kst_error *err)
{
	if (d->nr == d->size) {
		size_t size = d->size ? d->size * 2 : 64;
		struct hashdir_base *grown = kst_realloc(d->base, size * sizeof(*grown));
		if (!grown)
			return kst_error_nomem(err);
		d->base = grown;
		d->size = size;
	}
	d->base[d->nr] = *base;
	d->base[d->nr].file = kst_strndup((const char *)file.data, file.len);
	if (!d->base[d->nr].file)
		return kst_error_nomem(err);
	d->nr++;
	return 0;
}

/* In a hashed directory only what OpenSSL would use counts. */
static bool wanted(const struct reader *r, const struct kst_entry *e)
{
	return !r->d->hashed || e->kind == KST_KIND_CERT || e->kind == KST_KIND_CRL;
}

static int take_entry(struct reader *r, struct kst_entry *e, const struct kst_member *m,
		      const struct hashdir_base *base, struct kst_error *err)
{
	/* The same thing under a second name, as every hashed directory has it. */
	if (!wanted(r, e) || known(r->model, e)) {
		if (!wanted(r, e))
			unread(r, m, "what OpenSSL searches holds certificates and revocation lists alone", "");
		kst_entry_free(e);
		return 0;
	}
	bool inside = m->target.len && !memchr(m->target.data, '/', m->target.len);
	struct kst_bytes file = inside ? m->target : m->name;
	if (r->model->nr >= r->io->limits->blocks) {
		kst_entry_free(e);
		return kst_error_setx(err, KST_E_LIMIT, "holds more than %u objects",
				      r->io->limits->blocks);
	}
	/* A file of many is no name for any of them. */
	if ((!base->shared && take_alias(e, file, err) < 0) || add_base(r->d, file, base, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	if (kst_model_push(r->model, e, r->d->nr - 1) < 0)
		return kst_error_nomem(err);
	return 0;
}

/* Beside a private key: OpenSSL skips that, and uses the certificates of the file as any others. */
static int take_chain(struct reader *r, struct kst_entry *key, const struct kst_member *m,
		      struct hashdir_base *base, struct kst_error *err)
{
	int rc = 0;

	base->with_key = true;
	base->shared |= key->chain.nr > 1;
	for (size_t i = 0; rc == 0 && i < key->chain.nr; i++) {
		struct kst_entry *e = kst_entry_new(KST_KIND_CERT);

		if (!e || kst_chain_push(&e->chain, key->chain.cert[i]) < 0) {
			kst_entry_free(e);
			rc = kst_error_nomem(err);
		} else {
			e->trusted = kst_cert_is_ca(key->chain.cert[i]);
			rc = take_entry(r, e, m, base, err);
		}
	}
	kst_entry_free(key);
	return rc;
}

static int take_member(struct reader *r, const struct kst_member *m, unsigned number,
		       struct kst_error *err)
{
	static const struct kst_format *const formats[] = { &kst_format_pem, &kst_format_der,
							    &kst_format_pkcs7 };
	const struct kst_format *best = NULL;
	struct kst_error why = KST_ERROR_INIT;
	struct kst_io io = *r->io;
	struct kst_model part;
	int bid = 0, rc = 0;

	struct kst_member real;
	/* A link that was just planned: what it leads to is in the pack. */
	if (!m->data.len && m->target.len &&
	    kst_pack_find(r->d->pack.data, r->d->pack.len, m->target, &real)) {
		real.name = m->name;
		real.target = m->target;
		m = &real;
	}
	for (size_t i = 0; m->data.len && i < sizeof(formats) / sizeof(formats[0]); i++) {
		int b = formats[i]->probe(m->data.data, m->data.len, true);
		if (b > bid) {
			bid = b;
			best = formats[i];
		}
	}
	if (!best) {
		const struct kst_format *f = 
			m->data.len && r->io->probe ? r->io->probe(m->data.data, m->data.len, true) : NULL;
		if (f)
			unread(r, m, f->title, ", which is looked into where it is named itself");
		else
			unread(r, m, m->data.len ? "it holds no certificate, key or revocation list" :
						   "it is empty", "");
		return 0;
	}
	kst_model_init(&part);
	io.source = (struct kst_source){ .bytes = m->data, .size = m->data.len };
	if (best->read(&io, &part, &why) < 0) {
		unread(r, m, why.message, "");
		rc = why.code == KST_E_NO_MEMORY ? kst_error_nomem(err) : 0;
	}
	bool has_key = false;
	for (size_t i = 0; why.code == KST_OK && i < part.nr; i++)
		has_key |= part.item[i].entry->kind == KST_KIND_KEY;
	for (size_t i = 0; rc == 0 && why.code == KST_OK && i < part.nr; i++) {
		struct kst_entry *e = part.item[i].entry;
		struct hashdir_base base = { .number = number, .shared = part.nr > 1, .with_key = has_key };
		part.item[i].entry = NULL;
		rc = r->d->hashed && e->kind == KST_KIND_KEY && e->chain.nr ? take_chain(r, e, m, &base, err) :
									     take_entry(r, e, m, &base, err);
	}
	if (best->close && part.state)
		best->close(part.state);
	part.state = NULL;
	kst_model_release(&part);
	return rc;
}

/* ---- all of them ---- */

struct number {
	uint32_t hash;
	bool crl;
	unsigned number;
};

static int by_number(const void *a, const void *b)
{
	const struct number *x = a, *y = b;
	if (x->crl != y->crl)
		return x->crl - y->crl;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* After the first number that is missing OpenSSL looks no further. */
static int note_gaps(const struct hashdir *d, size_t files, struct kst_notes *notes, struct kst_error *err)
{
	struct number *all = kst_calloc(files + 1, sizeof(*all));
	struct kst_cursor c;
	struct kst_member m;
	size_t nr = 0, hidden = 0;
	unsigned next = 0;

	if (!all)
		return kst_error_nomem(err);
	kst_pack_open(&c, d->pack.data, d->pack.len);
	while (nr < files && kst_pack_next(&c, &m) == 1)
		nr += hashdir_name(m.name, &all[nr].hash, &all[nr].number, &all[nr].crl);
	qsort(all, nr, sizeof(*all), by_number);
	for (size_t i = 0; i < nr; i++) {
		if (!i || all[i].hash != all[i - 1].hash || all[i].crl != all[i - 1].crl)
			next = 0;
		if (all[i].number == next)
			next++;
		else
			hidden++;
	}
	kst_free(all);
	if (hidden)
		kst_note(notes, "hash-gap", "%zu %s behind a gap in the numbers of their hash, where OpenSSL does not "
			 "find what is there",
			 hidden, hidden == 1 ? "file stands" : "files stand");
	return 0;
}

static int read_members(struct reader *r, size_t *files, struct kst_error *err)
{
	struct kst_cursor c;
	struct kst_member m;
	uint32_t hash;
	unsigned number = 0;
	bool crl;

	if (kst_pack_check(r->d->pack.data, r->d->pack.len, KST_PACK_MEMBERS_MAX, err) < 0)
		return -1;
	for (kst_pack_open(&c, r->d->pack.data, r->d->pack.len); kst_pack_next(&c, &m) == 1; ++*files)
		r->d->hashed |= hashdir_name(m.name, &hash, &number, &crl);
	r->d->hashed |= !*files;
	kst_pack_open(&c, r->d->pack.data, r->d->pack.len);
	while (kst_pack_next(&c, &m) == 1) {
		bool is_hash = hashdir_name(m.name, &hash, &number, &crl);
		if (r->d->hashed != is_hash)
			continue;
		if (take_member(r, &m, number, err) < 0)
			return -1;
	}
	return 0;
}

static int read_hashdir(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct hashdir *d = kst_calloc(1, sizeof(*d));
	struct reader r = { io, into, d };
	size_t files = 0;
	if (!d)
		return kst_error_nomem(err);
	into->state = d;
	if (whole_read(io, &d->pack, err) < 0 || read_members(&r, &files, err) < 0 ||
	    kst_model_name_all(into, err) < 0)
		return -1;
	if (d->hashed && note_gaps(d, files, io->notes, err) < 0)
		return -1;
	into->info.integrity = KST_INTEGRITY_NONE;
	return 0;
}

static void close_hashdir(void *state)
{
	struct hashdir *d = state;
	if (!d)
		return;
	for (size_t i = 0; i < d->nr; i++)
		kst_free(d->base[i].file);
	kst_free(d->base);
	kst_buf_release(&d->pack);
	kst_free(d);
}

static const char *const suffixes[] = { NULL };

const struct kst_format kst_format_hashdir = {
	.name = "hashdir",
	.to = "hashdir",
	.title = "directory",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_CERTS | KST_CAP_TRUST | KST_CAP_PURPOSES |
		KST_CAP_CRLS | KST_CAP_ALIASES | KST_CAP_ALIAS_CASE | KST_CAP_LIST_SEALED |
		KST_CAP_LOOSE | KST_CAP_DIRECTORY,
	.probe = probe,
	.read = read_hashdir,
	.write = hashdir_write,
	.close = close_hashdir,
};
