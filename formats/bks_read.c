/* SPDX-License-Identifier: ISC */
/*
 * bks_read.c - the row of entries to the model
 *
 * What a sealed key is (private, public, secret) is part of what is sealed.  With a
 * chain it is a private key and stays sealed; without one the passphrase of the
 * store is tried, and where that does not open it, it is taken for a private key.
 */
#include "bks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/bks_key.h"
#include "crypto/der.h"
#include "crypto/pbe.h"
#include "java_chain.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "kstool/time.h"

struct reader {
	struct kst_io *io;
	struct kst_model *model;
	struct bks_state *state;
	struct kst_cursor c;
	size_t number; /* of the entry, from 1 */
	uint64_t certs, iterations;
};

static int ends(const struct reader *r, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_TRUNCATED, "ends inside entry %zu", r->number);
}

static int corrupt(const struct reader *r, const char *what, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_CORRUPT, "entry %zu %s", r->number, what);
}

static int take(struct reader *r, size_t len, struct kst_bytes *out, struct kst_error *err)
{
	out->data = kst_cursor_take(&r->c, len);
	out->len = len;
	return out->data ? 0 : ends(r, err);
}

/* ---- parts ---- */

static int read_certs(struct reader *r, bool chain, struct kst_entry *e, struct kst_error *err)
{
	struct java_chain j = { &r->c, r->io->limits->blocks, true, &r->certs, r->number };
	int rc = chain ? java_chain_read(&j, &e->chain, err) : java_cert_read(&j, &e->chain, err);
	return rc > 0 ? ends(r, err) : rc;
}

/* A frame in the open becomes what it is. */
static int take_frame(struct reader *r, const struct kst_bks_frame *f, struct kst_entry *e,
		      struct kst_error *err)
{
	switch (f->kind) {
	case KST_BKS_PRIVATE:
		e->kind = KST_KIND_KEY;
		if (kst_key_from_der(&e->key, f->encoded.data, f->encoded.len, NULL, NULL, err) < 0)
			return kst_error_detail(err, "entry %zu", r->number);
		return 0;
	case KST_BKS_PUBLIC:
		e->kind = KST_KIND_OPAQUE;
		e->label = kst_strdup(KST_LABEL_PUBLIC_KEY);
		if (!e->label || kst_blob_set(&e->der, f->encoded.data, f->encoded.len) < 0)
			return kst_error_nomem(err);
		return 0;
	case KST_BKS_SECRET:
		e->kind = KST_KIND_SECRET;
		e->secret_alg = kst_text_from_mutf8(f->algorithm.data, f->algorithm.len);
		if (!e->secret_alg)
			return corrupt(r, "has an algorithm that is not in modified UTF-8", err);
		return kst_secret_set(&e->secret, f->encoded.data, f->encoded.len, err);
	}
	return corrupt(r, "is of no kind", err);
}

static int open_frame(struct reader *r, const struct kst_buf *epki, struct kst_entry *e,
		      struct kst_error *err)
{
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_pbe_open how = { .limits = r->io->limits, .plausible = kst_bks_plausible };
	struct kst_bks_sealed s;
	struct kst_bks_frame f;
	struct kst_cursor c;
	struct kst_bytes whole = { epki->data, epki->len };

	if (!r->model->has_pass || kst_bks_from_epki(whole, &s) < 0)
		return 1;
	int rc = kst_bks_open(whole, &r->model->pass, &how, &plain, err);
	if (rc != 0)
		return rc;
	kst_cursor_init(&c, plain.data, plain.len);
	return kst_bks_frame_take(&c, &f) < 0 ? 1 : take_frame(r, &f, e, err);
}

static int read_sealed(struct reader *r, struct kst_entry *e, struct kst_error *err)
{
	struct kst_buf epki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes blob, salt, ct;
	struct kst_cursor in;

	if (take(r, kst_cursor_be32(&r->c), &blob, err) < 0)
		return -1;
	kst_cursor_init(&in, blob.data, blob.len);
	salt.len = kst_cursor_be32(&in);
	salt.data = kst_cursor_take(&in, salt.len);
	uint32_t iterations = kst_cursor_be32(&in);
	ct.len = kst_cursor_left(&in);
	ct.data = kst_cursor_take(&in, ct.len);
	if (in.failed || !salt.len || !iterations || !ct.len)
		return corrupt(r, "is sealed in a way that cannot be decoded", err);
	if (iterations > r->io->limits->iterations)
		return kst_error_setx(err, KST_E_LIMIT,
				      "entry %zu asks for %" PRIu32 " iterations, the limit is %" PRIu32,
				      r->number, iterations, r->io->limits->iterations);
	if (kst_bks_to_epki(salt, iterations, ct, &epki) < 0)
		return kst_error_nomem(err);
	r->model->info.encrypted = true;
	if (!*r->model->info.kdf)
		snprintf(r->model->info.kdf, sizeof(r->model->info.kdf), "PBE-SHA1-3DES");
	if (!e->chain.nr) {
		/* The key takes two rounds of the derivation and the IV one. */
		r->iterations += UINT64_C(3) * iterations;
		if (r->iterations > r->io->limits->iterations_all)
			return kst_error_setx(err, KST_E_LIMIT,
					      "its sealed keys ask for more than %" PRIu64 " iterations",
					      r->io->limits->iterations_all);
		int rc = open_frame(r, &epki, e, err);
		if (rc <= 0)
			return rc;
	}
	e->kind = KST_KIND_KEY;
	e->key = kst_key_new();
	if (!e->key || kst_blob_set(&e->key->sealed, epki.data, epki.len) < 0)
		return kst_error_nomem(err);
	return 0;
}

/* ---- entries ---- */

static int read_body(struct reader *r, uint8_t type, struct kst_entry *e, struct kst_error *err)
{
	struct kst_bks_frame f;
	struct kst_bytes blob;

	switch (type) {
	case BKS_CERT:
		/* No writer puts a chain before it. */
		kst_chain_release(&e->chain);
		e->trusted = true;
		return read_certs(r, false, e, err);
	case BKS_KEY:
		if (kst_bks_frame_take(&r->c, &f) < 0)
			return r->c.failed ? ends(r, err) : corrupt(r, "is a key of no kind", err);
		return take_frame(r, &f, e, err);
	case BKS_SEALED:
		return read_sealed(r, e, err);
	default: /* bytes that somebody protected in a way of his own */
		if (take(r, kst_cursor_be32(&r->c), &blob, err) < 0)
			return -1;
		e->label = kst_strdup("BKS bytes");
		if (!e->label ||
		    kst_blob_set(&e->der, blob.len ? blob.data : (const uint8_t *)"", blob.len) < 0)
			return kst_error_nomem(err);
		return 0;
	}
}

static int64_t date(int64_t ms)
{
	int64_t s = ms / 1000;
	return ms > 0 && s < KST_TIME_NEVER ? s : 0;
}

static int set_name(struct reader *r, struct kst_bytes raw, struct kst_entry *e,
		    struct bks_base *base, struct kst_error *err)
{
	char *name = kst_text_from_mutf8(raw.data, raw.len);
	bool changed = false;
	int rc = 0;

	if (!name)
		return corrupt(r, "has an alias that is not in Java's modified UTF-8", err);
	e->alias = kst_alias_legal(name, strlen(name), &changed);
	if (e->alias && changed && kst_blob_set(&e->alias_source, name, strlen(name)) < 0)
		rc = kst_error_nomem(err);
	if (e->alias && !changed && !(base->alias = kst_strdup(name)))
		rc = kst_error_nomem(err);
	kst_free(name);
	return rc;
}

static struct bks_base *new_base(struct reader *r, struct kst_error *err)
{
	struct bks_state *s = r->state;

	if (s->nr == r->io->limits->blocks) {
		kst_error_setx(err, KST_E_LIMIT, "has more than %" PRIu32 " entries",
			       r->io->limits->blocks);
		return NULL;
	}
	if (s->nr == s->size) {
		size_t size = s->size ? s->size * 2 : 16;
		struct bks_base *grown = kst_realloc(s->base, size * sizeof(*grown));
		if (!grown) {
			kst_error_nomem(err);
			return NULL;
		}
		s->base = grown;
		s->size = size;
	}
	s->base[s->nr] = (struct bks_base){ .alias = NULL };
	return &s->base[s->nr++];
}

static int read_entry(struct reader *r, uint8_t type, struct kst_error *err)
{
	size_t at = r->c.pos - 1;
	struct kst_bytes alias;
	struct bks_base *base = new_base(r, err);

	if (!base)
		return -1;
	if (type > BKS_SEALED)
		return corrupt(r, "is of no type that Bouncy Castle has", err);
	if (take(r, kst_cursor_be16(&r->c), &alias, err) < 0)
		return -1;
	base->ms = (int64_t)kst_cursor_be64(&r->c);
	struct kst_entry *e = kst_entry_new(type == BKS_CERT ? KST_KIND_CERT : KST_KIND_OPAQUE);
	if (!e)
		return kst_error_nomem(err);
	e->created = date(base->ms);
	e->origin = kst_strdup("bks");
	if (!e->origin) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	if (read_certs(r, true, e, err) < 0 || read_body(r, type, e, err) < 0 ||
	    set_name(r, alias, e, base, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	/* What stands beside something else than a private key says nothing. */
	if (e->kind != KST_KIND_KEY && e->kind != KST_KIND_CERT)
		kst_chain_release(&e->chain);
	base->at = at;
	base->len = r->c.pos - at;
	return kst_model_push(r->model, e, r->model->nr) < 0 ? kst_error_nomem(err) : 0;
}

int bks_read_entries(struct kst_io *io, struct kst_model *m, size_t *used, struct kst_error *err)
{
	struct reader r = { .io = io, .model = m, .state = m->state };

	kst_cursor_init(&r.c, r.state->entries.data, r.state->entries.len);
	for (r.number = 1;; r.number++) {
		uint8_t type = kst_cursor_u8(&r.c);

		if (r.c.failed)
			return ends(&r, err);
		if (type == BKS_END)
			break;
		if (read_entry(&r, type, err) < 0)
			return -1;
	}
	*used = r.c.pos;
	return 0;
}
