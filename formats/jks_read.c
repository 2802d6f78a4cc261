/* SPDX-License-Identifier: ISC */
/*
 * jks_read.c - the file to entries, which needs no passphrase
 *
 * Private and secret keys stay sealed as they are.  Every count and length is held
 * against the bytes that are left before anything is made of it.
 */
#include "jks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/pbe.h"
#include "java_chain.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "kstool/time.h"
#include "model/nocase.h"

/* The least that an entry takes: tag, empty alias, date, length. */
#define ENTRY_MIN (4 + 2 + 8 + 4)

struct reader {
	const struct jks_type *type;
	struct kst_io *io;
	struct kst_model *model;
	struct jks_state *state;
	struct kst_nocase *names;
	struct kst_cursor c;
	size_t number, count; /* of the entry that is read, from 1 */
	uint64_t certs;
	size_t upper;         /* aliases that Java lists and does not find */
};

int jks_probe(const struct jks_type *type, const uint8_t *data, size_t n)
{
	const uint8_t magic[4] = { (uint8_t)(type->magic >> 24), (uint8_t)(type->magic >> 16),
				   (uint8_t)(type->magic >> 8), (uint8_t)type->magic };
	if (n < 8 || memcmp(data, magic, 4) != 0)
		return 0;
	return data[4] || data[5] || data[6] || (data[7] != 1 && data[7] != 2) ? 90 : 100;
}

void jks_close(void *state)
{
	struct jks_state *s = state;
	if (!s)
		return;
	for (size_t i = 0; i < s->nr; i++)
		kst_free(s->base[i].alias);
	kst_free(s->base);
	kst_buf_release(&s->file);
	kst_free(s);
}

/* ---- what is wrong, and where ---- */

static int ends(const struct reader *r, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_TRUNCATED,
			      "ends inside entry %zu of %zu: something in it goes past the last of "
			      "its %zu bytes",
			      r->number, r->count, r->c.len);
}

static int corrupt(const struct reader *r, const char *what, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_CORRUPT, "entry %zu, before byte %zu: %s", r->number,
			      r->c.pos, what);
}

/* A length and that many bytes. */
static int take(struct reader *r, size_t len, struct kst_bytes *out, struct kst_error *err)
{
	out->data = kst_cursor_take(&r->c, len);
	out->len = len;
	return out->data ? 0 : ends(r, err);
}

/* ---- certificates ---- */

static int read_certs(struct reader *r, bool chain, struct kst_entry *e, struct kst_error *err)
{
	struct java_chain j = { &r->c, r->io->limits->blocks, r->state->version == 2, &r->certs, r->number };
	int rc = chain ? java_chain_read(&j, &e->chain, err) : java_cert_read(&j, &e->chain, err);
	return rc > 0 ? ends(r, err) : rc;
}

/* ---- entries ---- */

/* For the facts of the file: what protects it. */
static void note_protection(struct reader *r, struct kst_bytes epki)
{
	struct kst_info *info = &r->model->info;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_der d = kst_der_bytes(epki), in;
	struct kst_der_item algid;
	uint64_t n = 0;

	info->encrypted = true;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_expect(&in, KST_DER_SEQUENCE, &algid) < 0 ||
	    kst_pbe_cost(algid.whole.data, algid.whole.len, &n, NULL) < 0)
		return;
	/* One iteration is none. */
	if (n > 1 && n > info->iterations)
		info->iterations = n;
	kst_pbe_text(algid.whole.data, algid.whole.len, &text);
	if (!*info->kdf && text.len) {
		/* The number at the end is a fact of its own. */
		char *number = strrchr((char *)text.data, ' ');
		if (number && number[1] >= '0' && number[1] <= '9')
			*number = '\0';
		snprintf(info->kdf, sizeof(info->kdf), "%s", (char *)text.data);
	}
}

/*
 * What is no EncryptedPrivateKeyInfo (some programs put other things there) is
 * kept and listed; it fails when it is opened.
 */
static int read_key(struct reader *r, struct kst_entry *e, struct kst_error *err)
{
	struct kst_bytes epki;
	if (take(r, kst_cursor_be32(&r->c), &epki, err) < 0)
		return -1;
	e->key = kst_key_new();
	if (!e->key || (epki.len && kst_blob_set(&e->key->sealed, epki.data, epki.len) < 0))
		return kst_error_nomem(err);
	note_protection(r, epki);
	return read_certs(r, true, e, err);
}

static int read_secret(struct reader *r, struct kst_entry *e, struct kst_error *err)
{
	const uint8_t *from = r->c.data + r->c.pos;
	struct kst_bytes name;
	bool known;
	if (jceks_secret_scan(&r->c, &known, &name) < 0)
		return r->c.failed ? ends(r, err)
				   : corrupt(r, "not a sealed secret key as Java writes it", err);
	size_t len = (size_t)(r->c.data + r->c.pos - from);
	r->model->info.encrypted = true;
	if (known)
		return kst_blob_set(&e->secret_sealed, from, len) < 0 ? kst_error_nomem(err) : 0;

	struct kst_buf class KST_SCRATCH_BUF = KST_BUF_INIT;
	e->kind = KST_KIND_OPAQUE;
	e->label = kst_strdup("Java object");
	kst_text_escape(&class, name.data, name.len);
	if (!e->label || class.failed || kst_blob_set(&e->der, from, len) < 0)
		return kst_error_nomem(err);
	kst_note(r->io->notes, "unknown-object",
		 "entry %zu is an object of class %.80s, which neither kstool nor Java opens: kept as it is",
		 r->number, class.data ? (const char *)class.data : "");
	return 0;
}

static enum kst_kind kind_of(uint32_t tag)
{
	return tag == JKS_KEY ? KST_KIND_KEY : tag == JKS_TRUSTED ? KST_KIND_CERT : KST_KIND_SECRET;
}

/* Milliseconds to seconds; a date that no calendar has is not known. */
static int64_t date(int64_t ms)
{
	int64_t s = ms / 1000 - (ms % 1000 < 0);
	return s > 0 && s < KST_TIME_NEVER ? s : 0;
}

static int read_name(struct reader *r, struct kst_bytes raw, struct kst_entry *e,
		     struct jks_base *base, struct kst_error *err)
{
	if (!kst_mutf8_valid(raw.data, raw.len))
		return corrupt(r, "the alias is not in Java's modified UTF-8", err);
	char *name = kst_text_from_mutf8(raw.data, raw.len);
	if (!name)
		return kst_error_nomem(err);
	int rc = kst_nocase_adopt(r->names, e, name, r->io->notes, err);
	if (rc == 0 && e->alias && !e->alias_source.len) {
		char *lower = kst_text_lower(name);
		base->alias = kst_strdup(name);
		if (!base->alias || !lower)
			rc = kst_error_nomem(err);
		else
			r->upper += strcmp(lower, name) != 0;
		kst_free(lower);
	}
	kst_free(name);
	return rc;
}

static int fill_entry(struct reader *r, uint32_t tag, struct kst_bytes alias, struct kst_entry *e,
		      struct jks_base *base, struct kst_error *err)
{
	int rc = tag == JKS_KEY	      ? read_key(r, e, err)
		 : tag == JKS_TRUSTED ? read_certs(r, false, e, err)
				      : read_secret(r, e, err);
	if (rc < 0 || read_name(r, alias, e, base, err) < 0)
		return -1;
	e->trusted = tag == JKS_TRUSTED;
	e->created = date(base->ms);
	e->origin = kst_strdup(r->type->format->name);
	return e->origin ? 0 : kst_error_nomem(err);
}

static int read_entry(struct reader *r, struct kst_error *err)
{
	struct jks_base *base = &r->state->base[r->state->nr];
	size_t at = r->c.pos;
	struct kst_bytes alias;
	uint32_t tag = kst_cursor_be32(&r->c);

	if (r->c.failed)
		return ends(r, err);
	if (tag != JKS_KEY && tag != JKS_TRUSTED && !(tag == JKS_SECRET && r->type->secrets))
		return kst_error_setx(err, KST_E_CORRUPT, "entry %zu, byte %zu: %" PRIu32
				      " is no kind of entry", r->number, at, tag);
	if (take(r, kst_cursor_be16(&r->c), &alias, err) < 0)
		return -1;
	base->ms = (int64_t)kst_cursor_be64(&r->c);
	if (r->c.failed)
		return ends(r, err);
	r->state->nr++;

	struct kst_entry *e = kst_entry_new(kind_of(tag));
	if (!e)
		return kst_error_nomem(err);
	if (fill_entry(r, tag, alias, e, base, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	base->at = at;
	base->len = r->c.pos - at;
	return kst_model_push(r->model, e, r->model->nr) < 0 ? kst_error_nomem(err) : 0;
}

/* ---- the frame ---- */

static int read_header(struct reader *r, struct kst_error *err)
{
	const char *title = r->type->format->title;
	uint32_t magic = kst_cursor_be32(&r->c), version = kst_cursor_be32(&r->c);
	uint32_t count = kst_cursor_be32(&r->c);

	if (r->c.failed)
		return kst_error_setx(err, KST_E_TRUNCATED, "ends inside its header, at byte %zu",
				      r->c.len);
	if (magic != r->type->magic)
		return kst_error_setx(err, KST_E_CORRUPT, "does not begin as a %s does", title);
	if (version != 1 && version != 2)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "is of version %" PRIu32 " of %s; 1 and 2 are known", version,
				      title);
	if (count > r->io->limits->blocks)
		return kst_error_setx(err, KST_E_LIMIT,
				      "says that it has %" PRIu32 " entries, the limit is %" PRIu32,
				      count, r->io->limits->blocks);
	if (count > kst_cursor_left(&r->c) / ENTRY_MIN)
		return kst_error_setx(err, KST_E_TRUNCATED,
				      "says that it has %" PRIu32 " %s, and has %zu bytes", count,
				      count == 1 ? "entry" : "entries", r->c.len);
	r->state->version = version;
	r->count = count;
	r->state->base = kst_calloc((size_t)count + 1, sizeof(*r->state->base));
	return r->state->base ? 0 : kst_error_nomem(err);
}

static int read_all(struct reader *r, struct kst_error *err)
{
	if (read_header(r, err) < 0)
		return -1;
	for (r->number = 1; r->number <= r->count; r->number++)
		if (read_entry(r, err) < 0)
			return -1;
	if (!kst_cursor_take(&r->c, JKS_DIGEST))
		return kst_error_setx(err, KST_E_TRUNCATED,
				      "ends at byte %zu, inside the digest over its entries", r->c.len);
	kst_buf_put(&r->state->file, r->c.data, r->c.pos);
	if (r->state->file.failed)
		return kst_error_nomem(err);
	if (kst_cursor_left(&r->c))
		kst_note(r->io->notes, "trailing-bytes",
			 "%zu bytes after the end are ignored, by Java too", kst_cursor_left(&r->c));
	if (r->upper)
		kst_note(r->io->notes, "java-will-not-find",
			 r->upper == 1 ? "%zu alias has upper case: Java lists it and does not find it"
				       : "%zu aliases have upper case: Java lists them and does not find them",
			 r->upper);
	return 0;
}

int jks_read(const struct jks_type *type, struct kst_io *io, struct kst_model *into,
	     struct kst_error *err)
{
	struct reader r = { .type = type, .io = io, .model = into };
	struct kst_bytes file = io->source.bytes;
	int rc = -1;

	if (file.len > io->limits->file)
		return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %" PRIu64 " bytes",
				      io->limits->file);
	r.state = kst_calloc(1, sizeof(*r.state));
	r.names = kst_nocase_new();
	into->state = r.state;
	kst_cursor_init(&r.c, file.data, file.len);
	if (!r.state || !r.names) {
		kst_error_nomem(err);
	} else {
		r.state->type = type;
		rc = read_all(&r, err);
	}
	kst_nocase_free(r.names);
	if (rc == 0) {
		into->info.integrity = KST_INTEGRITY_NOT_CHECKED;
		snprintf(into->info.mac, sizeof(into->info.mac), "SHA-1");
		rc = jks_unlock(io, into, false, err);
	}
	return rc;
}
