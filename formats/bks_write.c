/* SPDX-License-Identifier: ISC */
/*
 * bks_write.c - the model as a BKS of version 2
 *
 * An entry that nobody touched goes byte for byte, one that was renamed keeps its
 * seal.  Private and secret keys are always sealed.
 */
#include "bks.h"

#include <string.h>

#include "crypto/bks_key.h"
#include "crypto/der.h"
#include "crypto/key_impl.h"
#include "crypto/names.h"
#include "crypto/pbe.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "kstool/time.h"

/* Bouncy Castle writes 1024 to 2047; it reads any number, on telephones too. */
#define ITERATIONS 50000

struct writer {
	struct kst_io *io;
	struct kst_model *model;
	struct bks_state *state; /* NULL: a new file */
	uint32_t iterations;
	struct kst_buf out; /* the row */
};

static const char *name_of(const struct kst_entry *e)
{
	return e->alias ? e->alias : "";
}

static const struct bks_base *base_of(const struct writer *w, const struct kst_item *item)
{
	return w->state && item->base < w->state->nr ? &w->state->base[item->base] : NULL;
}

static void put_text(struct kst_buf *out, const void *text, size_t n)
{
	struct kst_buf m KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_text_to_mutf8(&m, text, n) < 0 || m.len > UINT16_MAX)
		out->failed = true;
	kst_buf_be16(out, (uint16_t)m.len);
	if (m.len)
		kst_buf_put(out, m.data, m.len);
	out->failed |= m.failed;
}

static void put_cert(struct kst_buf *out, const struct kst_cert *cert)
{
	struct kst_bytes der = kst_cert_der(cert);

	put_text(out, "X.509", 5);
	kst_buf_be32(out, (uint32_t)der.len);
	kst_buf_put(out, der.data, der.len);
}

/* type, alias, date, chain */
static void put_head(struct writer *w, enum bks_type type, const struct kst_entry *e,
		     const struct bks_base *base, size_t chain)
{
	int64_t ms = (e->created ? e->created : kst_time_now()) * 1000;
	bool source = e->alias_source.len && base; /* the file's own, which was not legal here */

	if (base && (!e->created || base->ms / 1000 == e->created))
		ms = base->ms;
	kst_buf_u8(&w->out, (uint8_t)type);
	if (source)
		put_text(&w->out, e->alias_source.data, e->alias_source.len);
	else
		put_text(&w->out, name_of(e), strlen(name_of(e)));
	kst_buf_be64(&w->out, (uint64_t)ms);
	kst_buf_be32(&w->out, (uint32_t)chain);
	for (size_t i = 0; i < chain; i++)
		put_cert(&w->out, e->chain.cert[i]);
}

static int put_blob(struct writer *w, const struct kst_buf *b, struct kst_error *err)
{
	if (b->failed || b->len > INT32_MAX)
		return kst_error_nomem(err);
	kst_buf_be32(&w->out, (uint32_t)b->len);
	kst_buf_put(&w->out, b->data, b->len);
	return 0;
}

/* As Java's key factories are called: "RSA", "EC", "Ed25519", else the OID, which they know too. */
static int algorithm_of(const struct kst_key *key, char out[KST_OID_TEXT], struct kst_error *err)
{
	struct kst_p8 p8;

	if (kst_p8_parse(&p8, key->pkcs8.data, key->pkcs8.len) < 0)
		return kst_error_setx(err, KST_E_BAD_KEY, "the private key cannot be decoded");
	const char *name = kst_key_alg_name(p8.oid);
	if (name && strlen(name) < KST_OID_TEXT)
		memcpy(out, name, strlen(name) + 1);
	else
		kst_oid_text(p8.oid, out);
	return 0;
}

static int seal_key(struct writer *w, const struct kst_entry *e, struct kst_buf *out,
		    struct kst_error *err)
{
	struct kst_buf frame KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes epki = { e->key->sealed.data, e->key->sealed.len };
	struct kst_bks_sealed s;
	char algorithm[KST_OID_TEXT];

	if (epki.len && kst_bks_from_epki(epki, &s) == 0) {
		kst_buf_be32(out, (uint32_t)s.salt.len);
		kst_buf_put(out, s.salt.data, s.salt.len);
		kst_buf_be32(out, (uint32_t)s.iterations);
		kst_buf_put(out, s.ct.data, s.ct.len);
		return out->failed ? kst_error_nomem(err) : 0;
	}
	if (kst_key_is_sealed(e->key)) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       "the private key \"%s\" is encrypted in a way that BKS has not: it must "
			       "be opened first",
			       name_of(e));
		return kst_error_hint(err, "add --key-pass file:PATH");
	}
	if (algorithm_of(e->key, algorithm, err) < 0)
		return -1;
	if (kst_bks_frame_put(&frame, KST_BKS_PRIVATE, "PKCS#8", algorithm,
			      (struct kst_bytes){ e->key->pkcs8.data, e->key->pkcs8.len }) < 0)
		return kst_error_nomem(err);
	return kst_bks_seal(&frame, &w->model->pass, w->iterations, out, err);
}

static int put_key(struct writer *w, const struct kst_entry *e, const struct bks_base *base,
		   struct kst_error *err)
{
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!e->key)
		return kst_error_setx(err, KST_E_NO_PRIVATE_KEY, "\"%s\" has no private key", name_of(e));
	if (seal_key(w, e, &sealed, err) < 0)
		return -1;
	put_head(w, BKS_SEALED, e, base, e->chain.nr);
	return put_blob(w, &sealed, err);
}

static int put_secret(struct writer *w, const struct kst_entry *e, const struct bks_base *base,
		      struct kst_error *err)
{
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT, frame KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!e->secret.len)
		return kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
				      "the secret key \"%s\" must be opened first", name_of(e));
	/* Java asks for a name and takes any. */
	if (kst_bks_frame_put(&frame, KST_BKS_SECRET, "RAW", e->secret_alg ? e->secret_alg : "RAW",
			      (struct kst_bytes){ e->secret.data, e->secret.len }) < 0)
		return kst_error_nomem(err);
	if (kst_bks_seal(&frame, &w->model->pass, w->iterations, &sealed, err) < 0)
		return -1;
	put_head(w, BKS_SEALED, e, base, 0);
	return put_blob(w, &sealed, err);
}

static int put_public(struct writer *w, const struct kst_entry *e, const struct bks_base *base,
		      struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_spki_key_text(e->der.data, e->der.len, false, &text);
	if (text.failed || !text.len)
		return kst_error_nomem(err);
	/* "RSA-2048", "EC-P256": Java wants what stands before the size. */
	if (!strncmp((char *)text.data, "RSA-", 4) || !strncmp((char *)text.data, "EC-", 3))
		*strchr((char *)text.data, '-') = '\0';
	put_head(w, BKS_KEY, e, base, 0);
	return kst_bks_frame_put(&w->out, KST_BKS_PUBLIC, "X.509", (char *)text.data,
				 (struct kst_bytes){ e->der.data, e->der.len }) < 0
		       ? kst_error_nomem(err)
		       : 0;
}

static int put_trusted(struct writer *w, const struct kst_entry *e, const struct bks_base *base,
		       struct kst_error *err)
{
	if (e->distrusted.len || e->purposes.len)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "BKS cannot say for what \"%s\" is trusted or distrusted",
				      name_of(e));
	put_head(w, BKS_CERT, e, base, 0);
	put_cert(&w->out, e->chain.cert[0]);
	return 0;
}

static int put_entry(struct writer *w, const struct kst_item *item, struct kst_error *err)
{
	const struct bks_base *base = base_of(w, item);
	const struct kst_entry *e = item->entry;
	bool ours = e->origin && !strcmp(e->origin, "bks");
	bool named = base && ((e->alias && base->alias && !strcmp(e->alias, base->alias)) ||
			      (!base->alias && (e->alias_source.len || !e->alias)));

	if (base && !item->dirty && named) {
		kst_buf_put(&w->out, w->state->entries.data + base->at, base->len);
		return 0;
	}
	switch (e->kind) {
	case KST_KIND_KEY:
		return put_key(w, e, base, err);
	case KST_KIND_CERT:
		return put_trusted(w, e, base, err);
	case KST_KIND_SECRET:
		return put_secret(w, e, base, err);
	case KST_KIND_OPAQUE:
		if (kst_entry_is_public_key(e))
			return put_public(w, e, base, err);
		if (!ours)
			break;
		struct kst_buf bytes = { .data = e->der.data, .len = e->der.len };
		put_head(w, BKS_OPAQUE, e, base, 0);
		return put_blob(w, &bytes, err);
	case KST_KIND_CSR:
	case KST_KIND_CRL:
		break;
	}
	return kst_error_setx(err, KST_E_CANNOT_HOLD, "BKS cannot hold \"%s\"",
			      e->alias ? e->alias : e->label ? e->label : "");
}

static int put_file(struct writer *w, struct kst_buf *file, struct kst_error *err)
{
	uint8_t salt[KST_BKS_SALT], mac[BKS_MAC];

	for (size_t i = 0; i < w->model->nr; i++)
		if (put_entry(w, &w->model->item[i], err) < 0)
			return -1;
	kst_buf_u8(&w->out, BKS_END);
	kst_bks_salt(salt);
	if (w->out.failed)
		return kst_error_nomem(err);
	if (kst_bks_mac(&w->model->pass, (struct kst_bytes){ salt, KST_BKS_SALT }, w->iterations, 20,
			(struct kst_bytes){ w->out.data, w->out.len }, mac, err) < 0)
		return -1;
	kst_buf_be32(file, 2);
	kst_buf_be32(file, KST_BKS_SALT);
	kst_buf_put(file, salt, KST_BKS_SALT);
	kst_buf_be32(file, w->iterations);
	kst_buf_put(file, w->out.data, w->out.len);
	kst_buf_put(file, mac, sizeof(mac));
	return file->failed ? kst_error_nomem(err) : 0;
}

int bks_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct writer w = { .io = io, .model = from, .state = from->state };
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	uint32_t was = w.state ? w.state->iterations : 0;
	int rc = -1;

	if (io->write->no_pass) {
		kst_error_setx(err, KST_E_EMPTY_PASSPHRASE, "a BKS always has a passphrase");
		return kst_error_hint(err, "a truststore without one can be a PKCS#12");
	}
	if (!from->has_pass)
		return kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "a new passphrase is needed");
	w.iterations = io->write->pbe.iterations ? io->write->pbe.iterations
		       : was > ITERATIONS	 ? was
						 : ITERATIONS;
	if (put_file(&w, &file, err) == 0)
		rc = io->sink.write(io->sink.ctx, file.data, file.len, err);
	kst_buf_release(&w.out);
	return rc;
}
