/* SPDX-License-Identifier: ISC */
/*
 * der.c - one object in DER: a certificate, a private key in any of its
 * encodings, a request, a revocation list.  Specified in der.md.
 */
#include "kstool/format.h"

#include <string.h>

#include "der_kind.h"
#include "kstool/alloc.h"

static int probe(const uint8_t *data, size_t n, bool whole)
{
	uint64_t size;
	enum der_kind kind = der_sniff(data, n, &size);

	if (kind == DER_NOTHING)
		return 0;
	/* A length that fits the file is a strong sign. */
	return whole && size == n ? 80 : 60;
}

static struct kst_entry *make(enum der_kind kind, const uint8_t *data, size_t n,
			      struct kst_error *err)
{
	struct kst_entry *e;
	struct kst_cert *cert;

	switch (kind) {
	case DER_CERT:
		if (kst_cert_new(&cert, data, n, err) < 0)
			return NULL;
		e = kst_entry_new(KST_KIND_CERT);
		if (!e || kst_chain_push(&e->chain, cert) < 0) {
			kst_cert_free(cert);
			kst_entry_free(e);
			kst_error_nomem(err);
			return NULL;
		}
		e->trusted = kst_cert_is_ca(cert);
		kst_cert_free(cert);
		return e;
	case DER_KEY:
		return der_key_entry(data, n, NULL, NULL, err);
	case DER_SEALED_KEY:
		return der_sealed_entry(data, n, err);
	case DER_CSR:
		return der_bytes_entry(KST_KIND_CSR, data, n, NULL, err);
	case DER_CRL:
		return der_bytes_entry(KST_KIND_CRL, data, n, NULL, err);
	case DER_NOTHING:
		break;
	}
	kst_error_setx(err, KST_E_CORRUPT, "is none of the objects that a DER file can be");
	return NULL;
}

static int read_der(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	const struct kst_bytes *b = &io->source.bytes;
	struct kst_entry *e;
	enum der_kind kind;
	uint64_t size = 0;

	if (b->len > io->limits->file)
		return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %llu bytes",
				      (unsigned long long)io->limits->file);
	kind = der_sniff(b->data, b->len, &size);
	if (size > b->len)
		return kst_error_setx(err, KST_E_TRUNCATED,
				      "ends at byte %zu, and its outermost element says %llu", b->len,
				      (unsigned long long)size);
	if (size && size < b->len)
		return kst_error_setx(err, KST_E_CORRUPT, "has %llu bytes behind its end",
				      (unsigned long long)(b->len - size));
	e = make(kind, b->data, b->len, err);
	if (!e)
		return -1;
	if (der_set_origin(e, "der", err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	if (e->key && kst_key_is_sealed(e->key)) {
		into->info.encrypted = true;
		into->info.integrity = KST_INTEGRITY_NONE;
	}
	return kst_model_push(into, e, 0);
}

static int put(struct kst_io *io, const void *data, size_t n, struct kst_error *err)
{
	return io->sink.write(io->sink.ctx, data, n, err);
}

/* An open key: as it was in this very file, open on request, else sealed under a passphrase. */
static int put_key(struct kst_io *io, struct kst_model *m, const struct kst_item *item,
		   struct kst_error *err)
{
	const struct kst_key *key = item->entry->key;
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_question q = { .what = KST_ASK_NEW_STORE, .path = io->path, .format = "DER",
				  .why = "1 private key" };
	enum kst_ask_source source;
	int got;

	if (key->sealed.len && !item->dirty)
		return put(io, key->sealed.data, key->sealed.len, err);
	if (kst_key_is_sealed(key)) {
		if (key->sealed.len)
			return put(io, key->sealed.data, key->sealed.len, err);
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "a traditional encrypted key is to be opened before it is DER");
	}
	if (io->write->plain_key || (item->base != KST_NO_BASE && !item->dirty))
		return put(io, key->pkcs8.data, key->pkcs8.len, err);
	if (!m->has_pass) {
		got = io->asker ? io->asker->ask(io->asker->ctx, &q, &m->pass, &source, err) : 1;
		if (got < 0)
			return -1;
		if (got > 0) {
			kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "a passphrase is needed for the key");
			return kst_error_hint(err, "add --new-pass file:PATH, or --plain-key");
		}
		m->has_pass = true;
	}
	if (kst_key_seal(key, &m->pass, &io->write->pbe, &der, err) < 0)
		return -1;
	return put(io, der.data, der.len, err);
}

static int write_der(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	const struct kst_item *item = from->item;
	const struct kst_entry *e;
	struct kst_bytes der;

	if (from->nr != 1)
		return kst_error_setx(err, KST_E_CANNOT_HOLD, "DER holds one object, and there are %zu",
				      from->nr);
	e = item->entry;
	switch (e->kind) {
	case KST_KIND_KEY:
		if (e->chain.nr)
			break;
		return put_key(io, from, item, err);
	case KST_KIND_CERT:
		der = kst_cert_der(e->chain.cert[0]);
		return put(io, der.data, der.len, err);
	case KST_KIND_CSR:
	case KST_KIND_CRL:
		return put(io, e->der.data, e->der.len, err);
	case KST_KIND_SECRET:
	case KST_KIND_OPAQUE:
		break;
	}
	return kst_error_setx(err, KST_E_CANNOT_HOLD, "DER cannot hold this entry");
}

static const char *const suffixes[] = { ".der", NULL };

const struct kst_format kst_format_der = {
	.name = "der",
	.to = "der",
	.title = "DER",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CERTS | KST_CAP_TRUST |
		KST_CAP_REQUESTS | KST_CAP_BARE_KEYS | KST_CAP_SINGLE | KST_CAP_BINARY |
		KST_CAP_LIST_SEALED | KST_CAP_LOOSE,
	.probe = probe,
	.read = read_der,
	.write = write_der,
};
