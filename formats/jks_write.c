/* SPDX-License-Identifier: ISC */
/*
 * jks_write.c - the model as a JKS or JCEKS of version 2
 *
 * An entry that nobody touched goes byte for byte; one that was renamed keeps its
 * seal.  What the digest covers is everything, so the passphrase of the file is
 * needed for every change.
 */
#include "jks.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/pbe.h"
#include "java_chain.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "kstool/time.h"
#include "model/nocase.h"

struct writer {
	const struct jks_type *type;
	struct kst_io *io;
	struct kst_model *model;
	struct jks_state *state; /* NULL: a new file */
	struct kst_nocase *names;
	struct kst_buf out;
	bool sealed_weakly;
};

static const char *name_of(const struct kst_entry *e)
{
	return e->alias ? e->alias : "";
}

static const struct jks_base *base_of(const struct writer *w, const struct kst_item *item)
{
	return w->state && item->base < w->state->nr ? &w->state->base[item->base] : NULL;
}

/* ---- the parts of an entry ---- */

/* tag, alias, date */
static int put_head(struct writer *w, enum jks_tag tag, const struct kst_entry *e,
		    const struct jks_base *base, struct kst_error *err)
{
	struct kst_buf alias KST_SCRATCH_BUF = KST_BUF_INIT;
	int64_t ms = (e->created ? e->created : kst_time_now()) * 1000;

	/* The thousandths that the file had stay. */
	if (base && (!e->created || base->ms / 1000 == e->created))
		ms = base->ms;
	if (kst_text_to_mutf8(&alias, name_of(e), strlen(name_of(e))) < 0 || alias.len > UINT16_MAX)
		return kst_error_setx(err, KST_E_INTERNAL, "an alias that no file can hold");
	kst_buf_be32(&w->out, tag);
	kst_buf_be16(&w->out, (uint16_t)alias.len);
	kst_buf_put(&w->out, alias.data, alias.len);
	kst_buf_be64(&w->out, (uint64_t)ms);
	return alias.failed ? kst_error_nomem(err) : 0;
}

static int put_bytes(struct writer *w, struct kst_bytes b, struct kst_error *err)
{
	if (b.len > INT32_MAX)
		return kst_error_setx(err, KST_E_CANNOT_HOLD, "%s holds nothing of more than 2 GiB",
				      w->type->format->title);
	kst_buf_be32(&w->out, (uint32_t)b.len);
	kst_buf_put(&w->out, b.data, b.len);
	return 0;
}

static int put_cert(struct writer *w, const struct kst_cert *cert, struct kst_error *err)
{
	kst_buf_be16(&w->out, 5);
	kst_buf_puts(&w->out, "X.509");
	return put_bytes(w, kst_cert_der(cert), err);
}

/* ---- private keys ---- */

/* May it go as it is sealed?  What lay in a file of this format stays, whatever it is. */
static bool is_ours(const struct writer *w, const struct kst_entry *e)
{
	const struct kst_blob *sealed = &e->key->sealed;
	switch (kst_seal_of(sealed->data, sealed->len)) {
	case KST_SEAL_JKS:
		return true;
	case KST_SEAL_JCEKS:
		return w->type->secrets;
	case KST_SEAL_STANDARD:
	case KST_SEAL_UNKNOWN:
		break;
	}
	return kst_key_is_sealed(e->key) && !e->key->dek_data.len && e->origin &&
	       strcmp(e->origin, w->type->format->name) == 0;
}

static int must_be_open(const struct writer *w, const struct kst_entry *e, const char *what,
			struct kst_error *err)
{
	kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
		       "the %s \"%s\" is encrypted in a way that %s has not: it must be opened first",
		       what, name_of(e), w->type->format->title);
	return kst_error_hint(err, "add --key-pass file:PATH");
}

static int seal_key(struct writer *w, const struct kst_entry *e, struct kst_buf *out,
		    struct kst_error *err)
{
	struct kst_pbe_options how = { .pbe = w->type->format->pbe,
				       .iterations = w->io->write->pbe.iterations };
	if (is_ours(w, e)) {
		kst_buf_put(out, e->key->sealed.data, e->key->sealed.len);
		return out->failed ? kst_error_nomem(err) : 0;
	}
	if (kst_key_is_sealed(e->key))
		return must_be_open(w, e, "private key", err);
	w->sealed_weakly |= how.pbe == KST_PBE_JKS;
	return kst_key_seal(e->key, &w->model->pass, &how, out, err);
}

static int put_key(struct writer *w, const struct kst_entry *e, const struct jks_base *base,
		   struct kst_error *err)
{
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!e->key)
		return kst_error_setx(err, KST_E_NO_PRIVATE_KEY, "\"%s\" has no private key", name_of(e));
	if (e->chain.nr > JAVA_CHAIN_MAX)
		return kst_error_setx(err, KST_E_LIMIT, "\"%s\" has %zu certificates, the limit is %d",
				      name_of(e), e->chain.nr, JAVA_CHAIN_MAX);
	if (seal_key(w, e, &sealed, err) < 0 || put_head(w, JKS_KEY, e, base, err) < 0 ||
	    put_bytes(w, (struct kst_bytes){ sealed.data, sealed.len }, err) < 0)
		return -1;
	kst_buf_be32(&w->out, (uint32_t)e->chain.nr);
	for (size_t i = 0; i < e->chain.nr; i++)
		if (put_cert(w, e->chain.cert[i], err) < 0)
			return -1;
	return 0;
}

/* ---- the others ---- */

static int put_trusted(struct writer *w, const struct kst_entry *e, const struct jks_base *base,
		       struct kst_error *err)
{
	/* Whoever reads it trusts it for everything. */
	if (e->distrusted.len || e->purposes.len)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "%s cannot say for what \"%s\" is trusted or distrusted",
				      w->type->format->title, name_of(e));
	if (e->chain.nr != 1)
		return kst_error_setx(err, KST_E_INTERNAL, "\"%s\" is no single certificate", name_of(e));
	return put_head(w, JKS_TRUSTED, e, base, err) < 0 ? -1 : put_cert(w, e->chain.cert[0], err);
}

static int put_secret(struct writer *w, const struct kst_entry *e, const struct jks_base *base,
		      struct kst_error *err)
{
	struct kst_buf object KST_SCRATCH_BUF = KST_BUF_INIT;
	if (e->secret_sealed.len && e->origin && !strcmp(e->origin, w->type->format->name))
		kst_buf_put(&object, e->secret_sealed.data, e->secret_sealed.len);
	else if (!e->secret.len)
		return must_be_open(w, e, "secret key", err);
	else if (jceks_seal_secret(e, &w->model->pass, w->io->write->pbe.iterations, &object, err) < 0)
		return -1;
	if (put_head(w, JKS_SECRET, e, base, err) < 0)
		return -1;
	kst_buf_put(&w->out, object.data, object.len);
	return object.failed ? kst_error_nomem(err) : 0;
}

static int put_entry(struct writer *w, const struct kst_item *item, struct kst_error *err)
{
	const struct jks_base *base = base_of(w, item);
	struct kst_entry *e = item->entry;

	if ((e->alias || !base) &&
	    kst_nocase_fit(w->names, e, base ? base->alias : NULL, w->io->notes, err) < 0)
		return -1;
	bool same_name = base && ((!e->alias && !e->alias_source.len) ||
				  (e->alias && base->alias && !strcmp(e->alias, base->alias)));
	/* Version 1 has certificates of another form, secrets of the same. */
	if (base && !item->dirty && same_name && w->state->version == 2) {
		kst_buf_put(&w->out, w->state->file.data + base->at, base->len);
		return 0;
	}
	switch (e->kind) {
	case KST_KIND_KEY:
		return put_key(w, e, base, err);
	case KST_KIND_CERT:
		return put_trusted(w, e, base, err);
	case KST_KIND_SECRET:
		if (w->type->secrets)
			return put_secret(w, e, base, err);
		break;
	case KST_KIND_OPAQUE:
		if (!w->type->secrets || !e->origin || strcmp(e->origin, w->type->format->name) != 0)
			break;
		if (put_head(w, JKS_SECRET, e, base, err) < 0)
			return -1;
		kst_buf_put(&w->out, e->der.data, e->der.len);
		return 0;
	case KST_KIND_CSR:
	case KST_KIND_CRL:
		break;
	}
	return kst_error_setx(err, KST_E_CANNOT_HOLD, "%s cannot hold \"%s\"", w->type->format->title,
			      e->alias ? e->alias : e->label ? e->label : "");
}

/* ---- the file ---- */

static int need_pass(const struct writer *w, struct kst_error *err)
{
	if (!w->io->write->no_pass)
		return kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "a new passphrase is needed");
	kst_error_setx(err, KST_E_EMPTY_PASSPHRASE, "a %s always has a passphrase",
		       w->type->format->title);
	return kst_error_hint(err, "a truststore for everybody has Java's public one, \"changeit\"; a "
				   "PKCS#12 can have none");
}

static int put_file(struct writer *w, struct kst_error *err)
{
	uint8_t digest[JKS_DIGEST];

	if (w->model->nr > INT32_MAX)
		return kst_error_setx(err, KST_E_LIMIT, "has too many entries");
	kst_buf_be32(&w->out, w->type->magic);
	kst_buf_be32(&w->out, 2);
	kst_buf_be32(&w->out, (uint32_t)w->model->nr);
	for (size_t i = 0; i < w->model->nr; i++) {
		kst_progress_step(w->io->progress, "sealing", i, w->model->nr);
		if (put_entry(w, &w->model->item[i], err) < 0)
			return -1;
	}
	if (w->out.failed)
		return kst_error_nomem(err);
	if (jks_digest(&w->out, w->out.len, &w->model->pass, digest, err) < 0)
		return -1;
	kst_buf_put(&w->out, digest, sizeof(digest));
	return w->out.failed ? kst_error_nomem(err) : 0;
}

int jks_write(const struct jks_type *type, struct kst_io *io, struct kst_model *from,
	      struct kst_error *err)
{
	struct writer w = { .type = type, .io = io, .model = from, .state = from->state };
	int rc = -1;

	if (!from->has_pass || io->write->no_pass)
		return need_pass(&w, err);
	w.names = kst_nocase_new();
	if (!w.names)
		kst_error_nomem(err);
	else if (put_file(&w, err) == 0)
		rc = io->sink.write(io->sink.ctx, w.out.data, w.out.len, err);
	if (rc == 0 && w.sealed_weakly)
		kst_note(io->notes, "weak-protection",
			 "JKS protects a private key by SHA-1 without iterations: millions of guesses a "
			 "second; PKCS#12 is better, and Java reads it");
	kst_nocase_free(w.names);
	kst_buf_release(&w.out);
	return rc;
}
