/* SPDX-License-Identifier: ISC */
/*
 * der.c - one object in DER: a certificate, a private key in any of its
 * encodings, a request, a revocation list.  Specified in der.md.
 *
 * The bytes that were read are kept: a traditional key that nobody changed goes
 * back in its own encoding, not as PKCS#8.
 */
#include <string.h>

#include "bare64.h"
#include "der_kind.h"
#include "kstool/alloc.h"
#include "kstool/format.h"
#include "whole.h"

struct der_file {
	struct kst_buf bytes; /* of the object */
	struct kst_buf text;  /* the base64 that it was found as */
	struct bare64 style;
};

static int probe(const uint8_t *data, size_t n, bool whole)
{
	uint64_t size = 0;
	uint8_t start[BARE64_PEEK];
	if (n && data[0] != 0x30) { /* base64 of one, without armour */
		size_t k = bare64_peek(data, n, start);
		return k && der_sniff(start, k, NULL) != DER_NOTHING ? 60 : 0;
	}
	if (der_sniff(data, n, &size) == DER_NOTHING)
		return 0;
	/* A length that fits the file is a strong sign. */
	return whole && size == n ? 80 : 60;
}

/* ---- reading ---- */

static struct kst_entry *signed_entry(enum der_kind kind, const uint8_t *data, size_t n,
				      struct kst_error *err)
{
	if (der_is_signed(data, n))
		return der_bytes_entry(kind == DER_CSR ? KST_KIND_CSR : KST_KIND_CRL, data, n, NULL,
				       err);
	kst_error_setx(err, KST_E_CORRUPT, "is no %s",
		       kind == DER_CSR ? "certificate request" : "revocation list");
	return NULL;
}

static struct kst_entry *make(enum der_kind kind, const uint8_t *data, size_t n,
			      struct kst_error *err)
{
	switch (kind) {
	case DER_CERT:
		return der_cert_entry(data, n, err);
	case DER_KEY:
		return der_key_entry(data, n, NULL, NULL, err);
	case DER_SEALED_KEY:
		return der_sealed_entry(data, n, err);
	case DER_CSR:
	case DER_CRL:
		return signed_entry(kind, data, n, err);
	case DER_NOTHING:
		break;
	}
	kst_error_setx(err, KST_E_CORRUPT, "is none of the objects that a DER file can be");
	return NULL;
}

static void describe(struct kst_info *info, const struct kst_entry *e)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	info->integrity = KST_INTEGRITY_NONE;
	if (!e->key || !kst_key_is_sealed(e->key))
		return;
	info->encrypted = true;
	kst_key_protection(e->key, &text);
	if (text.data && text.len < sizeof(info->kdf))
		memcpy(info->kdf, text.data, text.len + 1);
}

static int check_size(const struct kst_buf *b, enum der_kind *kind, struct kst_error *err)
{
	uint64_t size = 0;
	*kind = der_sniff(b->data, b->len, &size);
	if (size > b->len)
		return kst_error_setx(err, KST_E_TRUNCATED,
				      "ends at byte %zu, and its outermost element says %llu",
				      b->len, (unsigned long long)size);
	if (size && size < b->len)
		return kst_error_setx(err, KST_E_CORRUPT, "has %llu bytes behind its end",
				      (unsigned long long)(b->len - size));
	return 0;
}

static int take_bytes(struct der_file *f, struct kst_io *io, struct kst_error *err)
{
	struct kst_buf *b = &f->bytes;
	if (whole_read(io, b, err) < 0)
		return -1;
	uint8_t start[BARE64_PEEK];
	if (!b->len || b->data[0] == 0x30 || !bare64_peek(b->data, b->len, start))
		return 0;
	f->text = *b;
	*b = (struct kst_buf)KST_BUF_INIT;
	return bare64_read(f->text.data, f->text.len, b, &f->style, err);
}

static int read_der(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	enum der_kind kind;
	struct der_file *f = kst_calloc(1, sizeof(*f));
	if (!f)
		return kst_error_nomem(err);
	into->state = f;
	if (take_bytes(f, io, err) < 0 || check_size(&f->bytes, &kind, err) < 0)
		return -1;
	struct kst_entry *e = make(kind, f->bytes.data, f->bytes.len, err);
	if (!e)
		return -1;
	if (der_set_origin(e, "der", err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	describe(&into->info, e);
	return kst_model_push(into, e, 0) < 0 ? kst_error_nomem(err) : 0;
}

/* ---- writing ---- */

/* In base64 where the file was that. */
static int put(struct kst_io *io, const struct kst_model *m, const void *data, size_t n,
	       struct kst_error *err)
{
	const struct der_file *f = m->state;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!f || !f->text.len)
		return io->sink.write(io->sink.ctx, data, n, err);
	bare64_write(&text, data, n, &f->style);
	return text.failed ? kst_error_nomem(err)
			   : io->sink.write(io->sink.ctx, text.data, text.len, err);
}

static int need_pass(struct kst_io *io, struct kst_model *m, struct kst_error *err)
{
	struct kst_question q = { .what = KST_ASK_NEW_STORE,
				  .path = io->path,
				  .format = "DER",
				  .why = "a private key" };

	if (m->has_pass)
		return 0;
	if (kst_ask_new_key(io->asker, &q, io->write->no_pass, &m->pass, err) < 0)
		return -1;
	m->has_pass = true;
	return 0;
}

static int put_key(struct kst_io *io, struct kst_model *m, const struct kst_entry *e,
		   struct kst_error *err)
{
	const struct kst_key *key = e->key;
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;

	if (key && !kst_key_is_sealed(key) && io->write->plain_key)
		return put(io, m, key->pkcs8.data, key->pkcs8.len, err);
	if (key && key->sealed.len)
		return put(io, m, key->sealed.data, key->sealed.len, err);
	if (!key || kst_key_is_sealed(key))
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "DER cannot hold a key under the old encryption of PEM");
	if (need_pass(io, m, err) < 0 ||
	    kst_key_seal(key, &m->pass, &io->write->pbe, &der, err) < 0)
		return -1;
	return put(io, m, der.data, der.len, err);
}

static int write_der(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	const struct der_file *f = from->state;
	const struct kst_item *item = from->item;

	if (!from->nr) {
		kst_error_setx(err, KST_E_CANNOT_HOLD, "DER holds one object, and none is left");
		return kst_error_hint(err, "remove the file itself");
	}
	if (from->nr > 1)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "DER holds one object, and there are %zu", from->nr);
	const struct kst_entry *e = item->entry;
	if (f && !item->dirty && item->base != KST_NO_BASE)
		return f->text.len ? io->sink.write(io->sink.ctx, f->text.data, f->text.len, err)
				   : put(io, from, f->bytes.data, f->bytes.len, err);
	struct kst_bytes der;
	switch (e->kind) {
	case KST_KIND_KEY:
		if (e->chain.nr)
			break;
		return put_key(io, from, e, err);
	case KST_KIND_CERT:
		if (e->purposes.len || e->distrusted.len || e->no_anchor)
			break;
		der = kst_cert_der(e->chain.cert[0]);
		return put(io, from, der.data, der.len, err);
	case KST_KIND_CSR:
	case KST_KIND_CRL:
		return put(io, from, e->der.data, e->der.len, err);
	case KST_KIND_SECRET:
	case KST_KIND_OPAQUE:
		break;
	}
	return kst_error_setx(err, KST_E_CANNOT_HOLD, "DER cannot hold this entry whole");
}

static void close_der(void *state)
{
	struct der_file *f = state;
	if (f) {
		kst_buf_release(&f->bytes);
		kst_buf_release(&f->text);
	}
	kst_free(f);
}

static const char *const suffixes[] = { ".der", NULL };

const struct kst_format kst_format_der = {
	.name = "der",
	.to = "der",
	.title = "DER",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CERTS | KST_CAP_TRUST |
		KST_CAP_REQUESTS | KST_CAP_BARE_KEYS | KST_CAP_ENTRY_PASS | KST_CAP_ENCRYPTION |
		KST_CAP_SINGLE | KST_CAP_BINARY | KST_CAP_LIST_SEALED | KST_CAP_LOOSE,
	.probe = probe,
	.read = read_der,
	.write = write_der,
	.close = close_der,
};
