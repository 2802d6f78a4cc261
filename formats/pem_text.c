/* SPDX-License-Identifier: ISC */
/*
 * pem_text.c - entries as PEM blocks, and blocks compared with entries
 *
 * A key is written open for two reasons only: somebody said so, or it already
 * lies open in this very file and nobody asked for a passphrase.
 */
#include "pem_text.h"

#include <string.h>

#include "kstool/alloc.h"
#include "kstool/pem.h"
#include "pem_aux.h"

#define COLUMNS 48 /* bytes in a line of 64 characters */

/* ---- making ---- */

static int cannot_hold(const struct kst_entry *e, const char *what, struct kst_error *err)
{
	kst_error_setx(err, KST_E_CANNOT_HOLD, "PEM cannot hold %s", what);
	return e->alias ? kst_error_detail(err, "entry \"%s\"", e->alias) : -1;
}

int pem_make_plain(struct kst_buf *out, const struct kst_cert *cert, struct kst_error *err)
{
	struct kst_bytes der = kst_cert_der(cert);
	kst_pem_block(out, "CERTIFICATE", der.data, der.len);
	return out->failed ? kst_error_nomem(err) : 0;
}

int pem_make_cert(struct kst_buf *out, const struct kst_entry *e, size_t k, struct kst_error *err)
{
	if (e->kind != KST_KIND_CERT || !pem_aux_needed(e))
		return pem_make_plain(out, e->chain.cert[k], err);
	struct kst_buf both KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes der = kst_cert_der(e->chain.cert[k]);
	kst_buf_put(&both, der.data, der.len);
	pem_aux_write(&both, e);
	if (!both.failed)
		kst_pem_block(out, "TRUSTED CERTIFICATE", both.data, both.len);
	return both.failed || out->failed ? kst_error_nomem(err) : 0;
}

/* A line of its own must not come from a name. */
void pem_make_alias(struct kst_buf *out, const char *alias)
{
	char *legal = kst_alias_legal(alias, strlen(alias), NULL);
	if (legal)
		kst_buf_puts(out, legal);
	kst_free(legal);
}

void pem_make_name(struct kst_buf *out, const char *alias)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	pem_make_alias(&name, alias);
	if (name.len)
		kst_buf_printf(out, "friendlyName: %s\n", (const char *)name.data);
	out->failed |= name.failed;
}

/* SHA-1 of the certificate, as OpenSSL has it in what it makes; any value that both have would do. */
void pem_make_id(struct kst_buf *out, const struct kst_cert *leaf)
{
	uint8_t sha1[20];
	kst_cert_sha1(leaf, sha1);
	kst_buf_puts(out, PEM_ID);
	for (size_t i = 0; i < sizeof(sha1); i++)
		kst_buf_printf(out, " %02X", sha1[i]);
	kst_buf_u8(out, '\n');
}

bool pem_is_sealed(const struct kst_buf *text)
{
	static const char open[] = "-----BEGIN PRIVATE KEY-----";
	return text->len >= sizeof(open) && memcmp(text->data, open, sizeof(open) - 1) != 0;
}

static bool label_ok(const char *label)
{
	size_t n = strlen(label);
	for (size_t i = 0; i < n; i++)
		if (label[i] < ' ' || label[i] > '~')
			return false;
	return n && n <= PEM_LABEL_MAX && !strstr(label, "-----");
}

/* RFC 1421 section 4.6: header fields and a blank line, then the data. */
static int make_dek(struct kst_buf *out, const struct kst_entry *e, struct kst_error *err)
{
	const struct kst_key *key = e->key;
	if (!key->dek_label || !label_ok(key->dek_label) || strpbrk(key->dek_info, "\r\n"))
		return cannot_hold(e, "this encrypted private key", err);
	kst_buf_printf(out, "-----BEGIN %s-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: %s\n\n",
		       key->dek_label, key->dek_info);
	for (size_t at = 0; at < key->dek_data.len; at += COLUMNS) {
		size_t left = key->dek_data.len - at;
		kst_base64(out, key->dek_data.data + at, left < COLUMNS ? left : COLUMNS);
		kst_buf_u8(out, '\n');
	}
	kst_buf_printf(out, "-----END %s-----\n", key->dek_label);
	return out->failed ? kst_error_nomem(err) : 0;
}

static int need_pass(struct pem_maker *m, struct kst_error *err)
{
	struct kst_question q = { .what = KST_ASK_NEW_STORE,
				  .path = m->io->path,
				  .format = "PEM",
				  .why = "a private key" };

	if (m->m->has_pass)
		return 0;
	if (kst_ask_new_key(m->io->asker, &q, m->io->write->no_pass, &m->m->pass, err) < 0)
		return -1;
	m->m->has_pass = true;
	m->asked = true;
	return 0;
}

int pem_make_key(struct pem_maker *m, struct kst_buf *out, const struct kst_entry *e,
		 struct kst_error *err)
{
	const struct kst_key *key = e->key;
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!key)
		return cannot_hold(e, "a key entry without its key", err);
	bool open = !kst_key_is_sealed(key);
	if (open && m->io->write->plain_key) {
		kst_pem_block(out, "PRIVATE KEY", key->pkcs8.data, key->pkcs8.len);
		return out->failed ? kst_error_nomem(err) : 0;
	}
	if (key->dek_info && key->dek_data.len)
		return make_dek(out, e, err);
	if (key->sealed.len) {
		kst_pem_block(out, "ENCRYPTED PRIVATE KEY", key->sealed.data, key->sealed.len);
		return out->failed ? kst_error_nomem(err) : 0;
	}
	if (!open)
		return cannot_hold(e, "a key entry without its key", err);
	if (need_pass(m, err) < 0 ||
	    kst_key_seal(key, &m->m->pass, &m->io->write->pbe, &sealed, err) < 0)
		return -1;
	kst_pem_block(out, "ENCRYPTED PRIVATE KEY", sealed.data, sealed.len);
	return out->failed ? kst_error_nomem(err) : 0;
}

/* What came from a PEM file as a whole block goes back as one. */
static int make_opaque(struct kst_buf *out, const struct kst_entry *e, struct kst_error *err)
{
	static const char begin[] = "-----BEGIN ";
	if (!e->label || !label_ok(e->label))
		return cannot_hold(e, "an object that has no PEM label", err);
	if (e->der.len > sizeof(begin) && memcmp(e->der.data, begin, sizeof(begin) - 1) == 0) {
		kst_buf_put(out, e->der.data, e->der.len);
		if (e->der.data[e->der.len - 1] != '\n')
			kst_buf_u8(out, '\n');
	} else {
		kst_pem_block(out, e->label, e->der.data, e->der.len);
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

/* A key and its chain. */
static int make_pair(struct pem_maker *m, struct kst_buf *out, const struct kst_entry *e,
		     struct kst_error *err)
{
	struct kst_buf key KST_SCRATCH_BUF = KST_BUF_INIT;
	if (pem_make_key(m, &key, e, err) < 0)
		return -1;
	bool id = pem_is_sealed(&key) && e->chain.nr;
	if (id)
		pem_make_id(out, e->chain.cert[0]);
	kst_buf_put(out, key.data, key.len);
	for (size_t k = 0; k < e->chain.nr; k++) {
		if (id && k == 0)
			pem_make_id(out, e->chain.cert[0]);
		if (pem_make_cert(out, e, k, err) < 0)
			return -1;
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

int pem_make_entry(struct pem_maker *m, struct kst_buf *out, const struct kst_entry *e,
		   struct kst_error *err)
{
	switch (e->kind) {
	case KST_KIND_KEY:
		return make_pair(m, out, e, err);
	case KST_KIND_CERT:
		return pem_make_cert(out, e, 0, err);
	case KST_KIND_CSR:
		kst_pem_block(out, "CERTIFICATE REQUEST", e->der.data, e->der.len);
		return out->failed ? kst_error_nomem(err) : 0;
	case KST_KIND_CRL:
		kst_pem_block(out, "X509 CRL", e->der.data, e->der.len);
		return out->failed ? kst_error_nomem(err) : 0;
	case KST_KIND_OPAQUE:
		return make_opaque(out, e, err);
	case KST_KIND_SECRET:
		break;
	}
	return cannot_hold(e, "a secret key", err);
}

/* ---- comparing ---- */

static int decode(struct pem_file *f, const struct pem_block *b, struct pem_headers *h,
		  struct kst_buf *der)
{
	struct pem_scan scan;
	pem_scan_init(&scan, f->text.data, f->text.len);
	return pem_decode(&scan, &b->at, h, der, NULL);
}

static bool same_bytes(const struct kst_buf *a, const struct kst_blob *b)
{
	return b->len && a->len == b->len && memcmp(a->data, b->data, b->len) == 0;
}

/* The open key of a block, as the reader made it; NULL if it is none. */
static struct kst_key *open_key(struct pem_file *f, const struct pem_block *b,
				const struct kst_buf *der)
{
	struct kst_buf params KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *key = NULL;
	char label[PEM_LABEL_MAX + 1];

	memcpy(label, f->text.data + b->at.label, b->at.label_len);
	label[b->at.label_len] = 0;
	if (b->params != PEM_NONE && decode(f, &f->block[b->params], NULL, &params) < 0)
		return NULL;
	struct kst_bytes curve = { params.data, params.len };
	bool any = strcmp(label, "ANY PRIVATE KEY") == 0;
	if (kst_key_from_der(&key, der->data, der->len, any ? NULL : label,
			     params.len ? &curve : NULL, NULL) < 0)
		return NULL;
	return key;
}

int pem_same_key(const struct pem_maker *m, struct pem_file *f, const struct pem_base *base,
		 const struct kst_key *key, struct kst_error *err)
{
	struct pem_block *b = &f->block[base->main];
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct pem_headers h = { .any = false };

	if (!key)
		return 0;
	if (decode(f, b, &h, &der) < 0)
		return der.failed ? kst_error_nomem(err) : 0;
	bool plain = m->io->write->plain_key && !kst_key_is_sealed(key);
	if (h.encrypted)
		return !plain && key->dek_info && same_bytes(&der, &key->dek_data) &&
		       strlen(key->dek_info) == h.dek.len &&
		       memcmp(key->dek_info, h.dek.data, h.dek.len) == 0;
	if (same_bytes(&der, &key->sealed))
		return !plain;
	if (kst_key_is_sealed(key) || key->sealed.len || key->dek_info || m->seal_all)
		return 0;
	struct kst_key *old = open_key(f, b, &der);
	bool same = old && kst_secret_equal(&old->pkcs8, &key->pkcs8);
	kst_key_free(old);
	return same;
}

/* The same certificate under the same trust settings. */
static bool same_cert(const struct kst_entry *e, const struct pem_block *b,
		      const struct kst_buf *der)
{
	if (e->kind != KST_KIND_CERT || !kst_cert_equal(b->cert, e->chain.cert[0]))
		return false;
	if (b->what != PEM_TRUSTED)
		return !pem_aux_needed(e);
	struct pem_aux aux = { .trusted = false };
	struct kst_bytes cert;
	if (pem_aux_read(der->data, der->len, &cert, &aux, NULL) < 0)
		return false;
	bool same = aux.trusted == e->trusted && kst_blob_equal(&aux.purposes, &e->purposes) &&
		    kst_blob_equal(&aux.distrusted, &e->distrusted);
	pem_aux_release(&aux);
	return same;
}

bool pem_same_entry(struct pem_file *f, const struct pem_base *base, const struct kst_entry *e)
{
	const struct pem_block *b = &f->block[base->main];
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct pem_headers h = { .any = false };

	if (b->what == PEM_KEY || e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET)
		return false;
	bool decoded = decode(f, b, &h, &der) == 0 && !h.any;
	if (b->cert)
		return decoded && same_cert(e, b, &der);
	if (e->kind == KST_KIND_CERT)
		return false;
	if (decoded && same_bytes(&der, &e->der))
		return true;
	size_t start = b->at.begin + b->at.indent;
	return e->der.len && e->der.len == b->at.end - start &&
	       memcmp(e->der.data, f->text.data + start, e->der.len) == 0;
}
