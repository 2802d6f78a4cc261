/* SPDX-License-Identifier: ISC */
/*
 * pem_write.c - a PEM file from the model: what did not change lies where it lay,
 * byte for byte and with the text around it; what changed takes its place; what
 * is new comes last
 */
#include "kstool/format.h"

#include <string.h>

#include "kstool/alloc.h"
#include "kstool/pem.h"
#include "pem_aux.h"
#include "pem_file.h"

struct writer {
	struct kst_io *io;
	struct kst_model *m;
	struct pem_file *f; /* NULL: a new file */
	struct kst_buf out;
	bool *keep;         /* of each block: written as it was */
	uint32_t *item;     /* of each block: the changed item that takes its place, or PEM_NONE */
};

static int put_cert(struct writer *w, const struct kst_entry *e, size_t k, struct kst_error *err)
{
	struct kst_bytes der = kst_cert_der(e->chain.cert[k]);
	struct kst_buf both KST_SCRATCH_BUF = KST_BUF_INIT;

	if (e->kind != KST_KIND_CERT || !pem_aux_needed(e)) {
		kst_pem_block(&w->out, "CERTIFICATE", der.data, der.len);
		return 0;
	}
	kst_buf_put(&both, der.data, der.len);
	pem_aux_write(&both, e);
	if (both.failed)
		return kst_error_nomem(err);
	kst_pem_block(&w->out, "TRUSTED CERTIFICATE", both.data, both.len);
	return 0;
}

/* Was this very key in the open where it stands now?  Then a new alias does not hide it, nor does it
 * leave any protection. */
static bool was_open(const struct writer *w, const struct kst_item *item)
{
	const struct pem_block *b;
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct pem_headers headers = { .any = false };
	struct kst_key *key = NULL;
	struct pem_scan scan;
	bool same;
	char label[PEM_LABEL_MAX + 1];

	if (!w->f || item->base == KST_NO_BASE || item->base >= w->f->nr_bases)
		return false;
	b = &w->f->block[w->f->base[item->base].main];
	pem_scan_init(&scan, w->f->text.data, w->f->text.len);
	if (b->what != PEM_KEY || b->at.label_len > PEM_LABEL_MAX ||
	    pem_decode(&scan, &b->at, &headers, &der, NULL) < 0 || headers.encrypted)
		return false;
	memcpy(label, w->f->text.data + b->at.label, b->at.label_len);
	label[b->at.label_len] = '\0';
	if (kst_key_from_der(&key, der.data, der.len, label, NULL, NULL) < 0)
		return false;
	same = key->pkcs8.len && kst_secret_equal(&key->pkcs8, &item->entry->key->pkcs8);
	kst_key_free(key);
	return same;
}

static int new_pass(struct writer *w, struct kst_error *err)
{
	struct kst_question q = { .what = KST_ASK_NEW_STORE, .path = w->io->path, .format = "PEM",
				  .why = "a private key" };
	enum kst_ask_source source;
	int got;

	if (w->m->has_pass)
		return 0;
	got = w->io->asker ?
		      w->io->asker->ask(w->io->asker->ctx, &q, &w->m->pass, &source, err) : 1;
	if (got > 0) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "a passphrase is needed for the private key");
		return kst_error_hint(err, "add --new-pass file:PATH");
	}
	w->m->has_pass = got == 0;
	return got;
}

static int put_key(struct writer *w, const struct kst_item *item, struct kst_error *err)
{
	const struct kst_key *key = item->entry->key;
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;

	if (key->sealed.len) {
		kst_pem_block(&w->out, "ENCRYPTED PRIVATE KEY", key->sealed.data, key->sealed.len);
		return 0;
	}
	if (key->dek_info && key->dek_data.len) {
		struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;

		kst_pem_block(&body, key->dek_label, key->dek_data.data, key->dek_data.len);
		if (body.failed)
			return kst_error_nomem(err);
		/* RFC 1421 4.6: the header fields and a blank line follow the BEGIN line. */
		size_t first = strcspn((char *)body.data, "\n") + 1;
		kst_buf_put(&w->out, body.data, first);
		kst_buf_printf(&w->out, "Proc-Type: 4,ENCRYPTED\nDEK-Info: %s\n\n", key->dek_info);
		kst_buf_put(&w->out, body.data + first, body.len - first);
		return 0;
	}
	if (w->io->write->plain_key || (!w->m->has_pass && was_open(w, item))) {
		kst_pem_block(&w->out, "PRIVATE KEY", key->pkcs8.data, key->pkcs8.len);
		return 0;
	}
	if (new_pass(w, err) < 0 || kst_key_seal(key, &w->m->pass, &w->io->write->pbe, &der, err) < 0)
		return -1;
	kst_pem_block(&w->out, "ENCRYPTED PRIVATE KEY", der.data, der.len);
	return 0;
}

/* An entry as new text. */
static int put_entry(struct writer *w, const struct kst_item *item, struct kst_error *err)
{
	const struct kst_entry *e = item->entry;

	if (e->alias && !e->alias_derived)
		kst_buf_printf(&w->out, "friendlyName: %s\n", e->alias);
	switch (e->kind) {
	case KST_KIND_KEY:
		if (put_key(w, item, err) < 0)
			return -1;
		for (size_t k = 0; k < e->chain.nr; k++)
			if (put_cert(w, e, k, err) < 0)
				return -1;
		return 0;
	case KST_KIND_CERT:
		return put_cert(w, e, 0, err);
	case KST_KIND_CSR:
		kst_pem_block(&w->out, "CERTIFICATE REQUEST", e->der.data, e->der.len);
		return 0;
	case KST_KIND_CRL:
		kst_pem_block(&w->out, "X509 CRL", e->der.data, e->der.len);
		return 0;
	case KST_KIND_OPAQUE:
		if (!e->label)
			break;
		kst_pem_block(&w->out, e->label, e->der.data, e->der.len);
		return 0;
	case KST_KIND_SECRET:
		break;
	}
	kst_error_setx(err, KST_E_CANNOT_HOLD, "PEM cannot hold a secret key");
	return kst_error_detail(err, "entry \"%s\"", e->alias ? e->alias : "(no name)");
}

/* Which blocks stay, and which are taken by a changed item. */
static void plan(struct writer *w)
{
	struct pem_file *f = w->f;

	for (size_t i = 0; i < f->nr_blocks; i++)
		w->item[i] = PEM_NONE;
	for (size_t n = 0; n < w->m->nr; n++) {
		const struct kst_item *item = &w->m->item[n];
		const struct pem_base *base;

		if (item->base == KST_NO_BASE || item->base >= f->nr_bases)
			continue;
		base = &f->base[item->base];
		if (item->dirty) {
			w->item[base->main] = (uint32_t)n;
			continue;
		}
		w->keep[base->main] = true;
		if (f->block[base->main].params != PEM_NONE)
			w->keep[f->block[base->main].params] = true;
		for (uint32_t k = 0; k < base->nr_cert; k++)
			w->keep[base->cert[k]] = true;
	}
	/* Parameters without a key of their own belong to nobody and stay. */
	for (size_t i = 0; i < f->nr_blocks; i++) {
		bool owned = false;

		if (f->block[i].what != PEM_PARAMS)
			continue;
		for (size_t k = 0; k < f->nr_blocks && !owned; k++)
			owned = f->block[k].what == PEM_KEY && f->block[k].params == i;
		if (!owned)
			w->keep[i] = true;
	}
}

static int put_old(struct writer *w, struct kst_error *err)
{
	const uint8_t *text = w->f->text.data;
	size_t end = 0;

	for (size_t i = 0; i < w->f->nr_blocks; i++) {
		const struct pem_span *at = &w->f->block[i].at;

		end = at->end;
		if (w->keep[i]) {
			kst_buf_put(&w->out, text + at->text, at->end - at->text);
			continue;
		}
		/* The text that describes a block goes with it; what stands before that stays. */
		size_t lead = pem_lead(text, at->text, at->begin);
		kst_buf_put(&w->out, text + at->text, lead - at->text);
		if (w->item[i] != PEM_NONE && put_entry(w, &w->m->item[w->item[i]], err) < 0)
			return -1;
	}
	kst_buf_put(&w->out, text + end, w->f->text.len - end);
	return 0;
}

static bool is_new(const struct writer *w, const struct kst_item *item)
{
	return !w->f || item->base == KST_NO_BASE || item->base >= w->f->nr_bases;
}

static int put_all(struct writer *w, struct kst_error *err)
{
	if (w->f) {
		w->keep = kst_calloc(w->f->nr_blocks + 1, sizeof(*w->keep));
		w->item = kst_calloc(w->f->nr_blocks + 1, sizeof(*w->item));
		if (!w->keep || !w->item)
			return kst_error_nomem(err);
		plan(w);
		if (put_old(w, err) < 0)
			return -1;
	}
	for (size_t n = 0; n < w->m->nr; n++) {
		if (!is_new(w, &w->m->item[n]))
			continue;
		if (w->out.len && w->out.data[w->out.len - 1] != '\n')
			kst_buf_u8(&w->out, '\n');
		if (put_entry(w, &w->m->item[n], err) < 0)
			return -1;
	}
	return w->out.failed ? kst_error_nomem(err) : 0;
}

int pem_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct writer w = { .io = io, .m = from, .f = from->state };
	int rc = put_all(&w, err);

	if (!rc)
		rc = io->sink.write(io->sink.ctx, w.out.data ? w.out.data : (uint8_t *)"", w.out.len, err);
	kst_free(w.keep);
	kst_free(w.item);
	kst_buf_release(&w.out);
	return rc;
}
