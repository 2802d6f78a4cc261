/* SPDX-License-Identifier: ISC */
/*
 * pem.c - a file of PEM blocks as a store: recognising and reading it
 *
 * Any number of blocks in any order with text between them.  pem.md says which
 * labels there are and how blocks become entries; pem_write.c how they go back.
 */
#include <string.h>

#include "crypto/der.h"
#include "der_kind.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "pem_aux.h"
#include "pem_file.h"
#include "pkcs7_walk.h"
#include "whole.h"

/* ---- is it one? ---- */

static bool has_label(const uint8_t *label, size_t n, const char *const *list)
{
	for (; *list; list++) {
		size_t k = strlen(*list);
		if (n >= k && memcmp(label, *list, k) == 0)
			return true;
	}
	return false;
}

/*
 * Labels of other people's formats, by their beginnings.  A file that holds
 * nothing else is not ours: the store says what it is, and what opens it.  A
 * single block of PKCS#7 is a format of its own.
 */
static const char *const foreign[] = { "OPENSSH ", "PGP ", "SSH2 ", "AGE ", NULL };

static bool is_bundle(const uint8_t *label, size_t n)
{
	for (const char *const *l = pkcs7_labels; *l; l++) {
		size_t k = strlen(*l);
		if (n >= k + 5 && memcmp(label, *l, k) == 0 && memcmp(label + k, "-----", 5) == 0)
			return true;
	}
	return false;
}

static int probe(const uint8_t *data, size_t n, bool whole)
{
	static const char begin[] = "-----BEGIN ";
	const size_t len = sizeof(begin) - 1;
	const uint8_t *p = data, *end = data + n;

	unsigned bundles = 0;

	(void)whole;
	while ((p = memmem(p, (size_t)(end - p), begin, len))) {
		const uint8_t *start = p, *label = p + len;
		while (start > data && (start[-1] == ' ' || start[-1] == '\t'))
			start--;
		bool bom = start == data + 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
		bool line = start == data || bom || start[-1] == '\n' || start[-1] == '\r';
		p = label;
		if (!line || has_label(label, (size_t)(end - label), foreign) ||
		    (is_bundle(label, (size_t)(end - label)) && !bundles++))
			continue;
		/* A certificate may hold such text in its own bytes. */
		return memchr(data, 0, (size_t)(start - data)) ? 40 : 80;
	}
	return 0;
}

/* ---- from blocks to entries ---- */

enum reading {
	AS_CERT,
	AS_TRUSTED,
	AS_KEY,     /* PKCS#8 or traditional, open or with Proc-Type */
	AS_SEALED,  /* encrypted PKCS#8 */
	AS_PARAMS,
	AS_CSR,
	AS_CRL,
	AS_BUNDLE,  /* PKCS#7 */
	AS_OPAQUE
};

static enum reading reading_of(const struct pem_scan *s, const struct pem_span *b)
{
	static const struct {
		const char *label;
		enum reading as;
	} labels[] = {
		{ "CERTIFICATE", AS_CERT },
		{ "X509 CERTIFICATE", AS_CERT },
		{ "TRUSTED CERTIFICATE", AS_TRUSTED },
		{ "PRIVATE KEY", AS_KEY },
		{ "ENCRYPTED PRIVATE KEY", AS_SEALED },
		{ "RSA PRIVATE KEY", AS_KEY },
		{ "EC PRIVATE KEY", AS_KEY },
		{ "DSA PRIVATE KEY", AS_KEY },
		{ "ANY PRIVATE KEY", AS_KEY },
		{ "EC PARAMETERS", AS_PARAMS },
		{ "CERTIFICATE REQUEST", AS_CSR },
		{ "NEW CERTIFICATE REQUEST", AS_CSR },
		{ "X509 CRL", AS_CRL },
	};
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (pem_label_is(s, b, labels[i].label))
			return labels[i].as;
	for (const char *const *l = pkcs7_labels; *l; l++)
		if (pem_label_is(s, b, *l))
			return AS_BUNDLE;
	return AS_OPAQUE;
}

struct reader {
	struct pem_file *f;
	struct pem_scan scan;
	struct kst_buf der;  /* of one block at a time */
	struct kst_notes *notes;
	char label[PEM_LABEL_MAX + 1];
	uint32_t params;     /* EC PARAMETERS block right before, or PEM_NONE */
	struct kst_blob params_der;
};

/* A name from the file, made legal; what it was stays in alias_source. */
static int set_alias(struct kst_entry *e, struct kst_bytes name, struct kst_error *err)
{
	bool changed = false;
	if (!name.len || e->alias)
		return 0;
	e->alias = kst_alias_legal(name.data, name.len, &changed);
	if (e->alias && changed && kst_blob_set(&e->alias_source, name.data, name.len) < 0)
		return kst_error_nomem(err);
	return 0;
}

static struct kst_bytes name_of(const struct pem_file *f, uint32_t block)
{
	const struct pem_span *at = &f->block[block].at;
	return pem_field(f->text.data, at->text, at->begin, PEM_NAME);
}

static struct kst_bytes der_of(const struct reader *r)
{
	return (struct kst_bytes){ r->der.data, r->der.len };
}

static int read_cert(struct reader *r, struct pem_block *b, bool trusted_label,
		     struct kst_error *err)
{
	struct kst_bytes der = der_of(r);
	struct pem_aux aux = { .trusted = false };

	b->what = trusted_label ? PEM_TRUSTED : PEM_CERT;
	if (trusted_label && pem_aux_read(der.data, der.len, &der, &aux, err) < 0)
		return -1;
	struct kst_entry *e = b->entry = kst_entry_new(KST_KIND_CERT);
	int rc = kst_cert_new(&b->cert, der.data, der.len, err);
	if (rc == 0 && (!e || kst_chain_push(&e->chain, b->cert) < 0))
		rc = kst_error_nomem(err);
	if (rc == 0) {
		/* Who puts a CA's certificate into a bundle of PEM trusts it. */
		e->trusted = trusted_label ? aux.trusted : kst_cert_is_ca(b->cert);
		e->no_anchor = trusted_label && !aux.trusted;
		e->purposes = aux.purposes;
		e->distrusted = aux.distrusted;
		rc = set_alias(e, name_of(r->f, (uint32_t)(b - r->f->block)), err);
		if (rc == 0)
			rc = set_alias(e, aux.alias, err);
	} else {
		pem_aux_release(&aux);
	}
	return rc;
}

/* Proc-Type: 4,ENCRYPTED: carried as it is. */
static int read_dek(struct reader *r, struct pem_block *b, const struct pem_headers *h,
		    struct kst_error *err)
{
	struct kst_entry *e = b->entry = kst_entry_new(KST_KIND_KEY);
	const uint8_t *comma = memchr(h->dek.data, ',', h->dek.len);
	size_t i = comma ? (size_t)(comma - h->dek.data) + 1 : 0;

	if (!e || !(e->key = kst_key_new()))
		return kst_error_nomem(err);
	while (i < h->dek.len && (h->dek.data[i] == ' ' || h->dek.data[i] == '\t'))
		i++;
	size_t digits = h->dek.len - i;
	for (; comma && i < h->dek.len; i++)
		if (!memchr("0123456789abcdefABCDEF", h->dek.data[i], 22))
			digits = 0;
	if (!comma || digits < 16 || digits % 2)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "has a DEK-Info field without cipher and IV");
	e->key->dek_info = kst_strndup((const char *)h->dek.data, h->dek.len);
	e->key->dek_label = kst_strdup(r->label);
	if (!e->key->dek_info || !e->key->dek_label ||
	    kst_blob_set(&e->key->dek_data, r->der.data, r->der.len) < 0)
		return kst_error_nomem(err);
	return 0;
}

static int read_key(struct reader *r, struct pem_block *b, const struct pem_headers *h,
		    struct kst_error *err)
{
	struct kst_bytes params = { r->params_der.data, r->params_der.len };
	bool ec = pem_label_is(&r->scan, &b->at, "EC PRIVATE KEY");

	b->what = PEM_KEY;
	if (ec)
		b->params = r->params;
	/* "ANY" is OpenSSL's word for "see for yourself". */
	const char *label = strcmp(r->label, "ANY PRIVATE KEY") ? r->label : NULL;
	if (h->encrypted) {
		if (read_dek(r, b, h, err) < 0)
			return -1;
	} else if (!(b->entry = der_key_entry(r->der.data, r->der.len, label,
					      ec && params.len ? &params : NULL, err))) {
		return -1;
	}
	if (b->params != PEM_NONE && set_alias(b->entry, name_of(r->f, b->params), err) < 0)
		return -1;
	return set_alias(b->entry, name_of(r->f, (uint32_t)(b - r->f->block)), err);
}

static int read_other(struct reader *r, struct pem_block *b, enum kst_kind kind,
		      struct kst_bytes bytes, struct kst_error *err)
{
	b->what = PEM_OTHER;
	b->entry = der_bytes_entry(kind, bytes.data, bytes.len,
				   kind == KST_KIND_OPAQUE ? r->label : NULL, err);
	return b->entry ? set_alias(b->entry, name_of(r->f, (uint32_t)(b - r->f->block)), err)
			: -1;
}

/* What nobody here knows: its DER, or the block as it stands where that would not bring it back. */
static int read_opaque(struct reader *r, struct pem_block *b, struct kst_error *err)
{
	struct pem_headers h = { .any = false };
	struct kst_error ignored = KST_ERROR_INIT;
	struct kst_bytes bytes;

	kst_buf_reset(&r->der);
	bool good = pem_decode(&r->scan, &b->at, &h, &r->der, &ignored) == 0 && !h.any;
	if (ignored.code == KST_E_NO_MEMORY)
		return kst_error_nomem(err);
	if (good) {
		bytes = der_of(r);
	} else {
		bytes.data = r->f->text.data + b->at.begin + b->at.indent;
		bytes.len = b->at.end - b->at.begin - b->at.indent;
	}
	return read_other(r, b, KST_KIND_OPAQUE, bytes, err);
}

static int read_signed(struct reader *r, struct pem_block *b, enum reading as,
		       struct kst_error *err)
{
	if (!der_is_signed(r->der.data, r->der.len))
		return kst_error_setx(err, KST_E_CORRUPT, "is no %s",
				      as == AS_CSR ? "certificate request" : "revocation list");
	return read_other(r, b, as == AS_CSR ? KST_KIND_CSR : KST_KIND_CRL, der_of(r), err);
}

/* The content of one block; errors name no block yet. */
static int read_content(struct reader *r, struct pem_block *b, enum reading as,
			const struct pem_headers *h, struct kst_error *err)
{
	switch (as) {
	case AS_CERT:
	case AS_TRUSTED:
		return read_cert(r, b, as == AS_TRUSTED, err);
	case AS_KEY:
		return read_key(r, b, h, err);
	case AS_SEALED:
		b->what = PEM_KEY;
		b->entry = der_sealed_entry(r->der.data, r->der.len, err);
		return b->entry ? set_alias(b->entry, name_of(r->f, (uint32_t)(b - r->f->block)),
					    err)
				: -1;
	case AS_CSR:
	case AS_CRL:
		return read_signed(r, b, as, err);
	case AS_PARAMS:
	case AS_BUNDLE: /* encrypted, or of another type: read_bundle() took the others */
	case AS_OPAQUE:
		return read_opaque(r, b, err);
	}
	return -1;
}

static int read_block(struct reader *r, struct pem_block *b, struct kst_error *err)
{
	struct pem_headers h = { .any = false };
	struct kst_error why = KST_ERROR_INIT;
	enum reading as = reading_of(&r->scan, &b->at);
	uint32_t here = (uint32_t)(b - r->f->block);

	memcpy(r->label, r->scan.data + b->at.label, b->at.label_len);
	r->label[b->at.label_len] = 0;
	kst_buf_reset(&r->der);
	if (as != AS_OPAQUE && as != AS_PARAMS && as != AS_BUNDLE) {
		if (pem_decode(&r->scan, &b->at, &h, &r->der, err) < 0)
			return -1;
		/* OpenSSL can encrypt any block so; nobody does. */
		if (h.encrypted && as != AS_KEY)
			as = AS_OPAQUE;
	}
	if (read_content(r, b, as, &h, &why) < 0) {
		if (why.code == KST_E_NO_MEMORY)
			return kst_error_nomem(err);
		kst_error_setx(err, why.code, "block %zu (%s, line %zu) %s", b->at.number,
			       r->label, b->at.line, why.message);
		if (err && *why.underlying)
			memcpy(err->underlying, why.underlying, sizeof(err->underlying));
		return -1;
	}
	/* EC PARAMETERS serve the key that comes next, and that one only. */
	r->params = PEM_NONE;
	kst_blob_release(&r->params_der);
	if (as == AS_PARAMS) {
		r->params = here;
		if (kst_blob_set(&r->params_der, r->der.data, r->der.len) < 0)
			return kst_error_nomem(err);
	}
	return 0;
}

static int grow(struct pem_file *f, const struct kst_limits *limits, struct kst_error *err)
{
	if (f->nr_blocks >= limits->blocks || f->nr_blocks >= PEM_NONE - 1)
		return kst_error_setx(err, KST_E_LIMIT, "holds more than %u blocks",
				      limits->blocks);
	if (f->nr_blocks < f->size_blocks)
		return 0;
	size_t size = f->size_blocks ? f->size_blocks * 2 : 8, bytes;
	struct pem_block *block = NULL;
	if (!__builtin_mul_overflow(size, sizeof(*block), &bytes))
		block = kst_realloc(f->block, bytes);
	if (!block)
		return kst_error_nomem(err);
	f->block = block;
	f->size_blocks = size;
	return 0;
}

/* ---- a block of PKCS#7: as many blocks as it holds certificates, at one place ---- */

struct bundle {
	struct reader *r;
	const struct kst_limits *limits;
	struct pem_span at;
	uint32_t first;
};

static int add_part(void *ctx, struct kst_entry *e, struct kst_error *err)
{
	struct bundle *b = ctx;
	struct pem_file *f = b->r->f;
	if (grow(f, b->limits, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	struct pem_block *part = &f->block[f->nr_blocks++];
	*part = (struct pem_block){ .at = b->at, .params = PEM_NONE, .bundle = b->first + 1 };
	part->what = e->kind == KST_KIND_CERT ? PEM_CERT : PEM_OTHER;
	part->entry = e;
	if (part->what == PEM_CERT)
		part->cert = kst_cert_ref(e->chain.cert[0]);
	/* The text before it is that of the block. */
	b->at.text = b->at.begin;
	return 0;
}

/* 1; 0: it is none, or holds nothing, and stays as it is; -1. */
static int read_bundle(struct reader *r, const struct pem_span *at, const struct kst_limits *limits,
		       struct kst_error *err)
{
	struct pem_headers h = { .any = false };
	struct kst_error why = KST_ERROR_INIT;
	struct pkcs7_parts parts;
	struct bundle b = { r, limits, *at, (uint32_t)r->f->nr_blocks };

	kst_buf_reset(&r->der);
	if (pem_decode(&r->scan, at, &h, &r->der, &why) < 0 || h.any ||
	    pkcs7_parse(r->der.data, r->der.len, &parts, &why) < 0)
		return why.code == KST_E_NO_MEMORY ? kst_error_nomem(err) : 0;
	if (!parts.certs.len && !parts.crls.len)
		return 0;
	if (pkcs7_each(&parts, limits, add_part, &b, &why) < 0) {
		kst_error_setx(err, why.code, "block %zu (PKCS#7, line %zu): %s", at->number,
			       at->line, why.message);
		return -1;
	}
	r->params = PEM_NONE;
	return 1;
}

static int read_blocks(struct pem_file *f, struct kst_io *io, struct kst_error *err)
{
	struct reader r = { .f = f, .notes = io->notes, .params = PEM_NONE };
	struct pem_span at;
	int rc;

	pem_scan_init(&r.scan, f->text.data, f->text.len);
	while ((rc = pem_scan_next(&r.scan, &at, err)) == 1) {
		if (reading_of(&r.scan, &at) == AS_BUNDLE &&
		    (rc = read_bundle(&r, &at, io->limits, err)) != 0) {
			if (rc < 0)
				break;
			continue;
		}
		if (grow(f, io->limits, err) < 0) {
			rc = -1;
			break;
		}
		struct pem_block *b = &f->block[f->nr_blocks++];
		*b = (struct pem_block){ .at = at, .params = PEM_NONE };
		if (read_block(&r, b, err) < 0) {
			rc = -1;
			break;
		}
	}
	kst_buf_release(&r.der);
	kst_blob_release(&r.params_der);
	return rc;
}

/* ---- from entries to the model ---- */

/* Is this block an entry, or part of one? */
static bool stands_alone(const struct pem_file *f, size_t i)
{
	if (f->block[i].what == PEM_CERT)
		return !f->block[i].claimed;
	/* EC PARAMETERS that a key took. */
	return !(i + 1 < f->nr_blocks && f->block[i + 1].what == PEM_KEY &&
		 f->block[i + 1].params == i);
}

static int push(struct pem_file *f, struct kst_model *m, uint32_t i, struct kst_error *err)
{
	struct pem_block *b = &f->block[i];
	struct kst_entry *e = b->entry;

	if (b->nr_chain && b->chain[0] != PEM_NONE &&
	    set_alias(e, name_of(f, b->chain[0]), err) < 0)
		return -1;
	if (der_set_origin(e, "pem", err) < 0)
		return -1;
	b->entry = NULL;
	if (kst_model_push(m, e, f->nr_bases) < 0)
		return kst_error_nomem(err);
	struct pem_base *base = &f->base[f->nr_bases++];
	*base = (struct pem_base){ .main = i, .cert = b->chain, .nr_cert = b->nr_chain };
	b->chain = NULL;
	b->nr_chain = 0;
	return 0;
}

static int remember_aliases(struct pem_file *f, const struct kst_model *m, struct kst_error *err)
{
	for (size_t i = 0; i < m->nr; i++) {
		const char *alias = m->item[i].entry->alias;
		if (alias && !(f->base[i].alias = kst_strdup(alias)))
			return kst_error_nomem(err);
	}
	return 0;
}

static void describe(struct kst_model *m)
{
	m->info.integrity = KST_INTEGRITY_NONE;
	for (size_t i = 0; i < m->nr; i++) {
		const struct kst_key *key = m->item[i].entry->key;
		if (!key || !kst_key_is_sealed(key))
			continue;
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
		kst_key_protection(key, &text);
		m->info.encrypted = true;
		if (text.data && text.len < sizeof(m->info.kdf))
			memcpy(m->info.kdf, text.data, text.len + 1);
		return;
	}
}

void pem_file_free(struct pem_file *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->nr_blocks; i++) {
		kst_cert_free(f->block[i].cert);
		kst_entry_free(f->block[i].entry);
		kst_free(f->block[i].chain);
	}
	for (size_t i = 0; i < f->nr_bases; i++) {
		kst_free(f->base[i].cert);
		kst_free(f->base[i].alias);
	}
	kst_free(f->block);
	kst_free(f->base);
	kst_buf_release(&f->text);
	kst_free(f);
}

static int read_pem(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct pem_file *f = kst_calloc(1, sizeof(*f));
	if (!f)
		return kst_error_nomem(err);
	into->state = f;
	if (whole_read(io, &f->text, err) < 0 || read_blocks(f, io, err) < 0 ||
	    pem_match(f, io->limits, err) < 0)
		return -1;
	/* Text alone is what is left when the last block is removed; a damaged BEGIN is not. */
	if (!f->nr_blocks && probe(f->text.data, f->text.len, true))
		return kst_error_setx(err, KST_E_CORRUPT, "has a damaged BEGIN line and no block");
	f->base = kst_calloc(f->nr_blocks + 1, sizeof(*f->base));
	if (!f->base)
		return kst_error_nomem(err);
	for (size_t i = 0; i < f->nr_blocks; i++)
		if (stands_alone(f, i) && push(f, into, (uint32_t)i, err) < 0)
			return -1;
	if (pem_aliases(f, into, err) < 0 || remember_aliases(f, into, err) < 0)
		return -1;
	describe(into);
	/* Certificates that chains took have entries that nobody needs. */
	for (size_t i = 0; i < f->nr_blocks; i++) {
		kst_entry_free(f->block[i].entry);
		f->block[i].entry = NULL;
	}
	return 0;
}

static void close_pem(void *state)
{
	pem_file_free(state);
}

static const char *const suffixes[] = { ".pem", ".crt", ".cer", ".key", ".csr", ".crl", NULL };

const struct kst_format kst_format_pem = {
	.name = "pem",
	.to = "pem",
	.title = "PEM",
	.suffixes = suffixes,
	.caps = KST_CAP_LOOSE | KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_TRUST | KST_CAP_PURPOSES | KST_CAP_ALIASES | KST_CAP_ALIAS_CASE |
		KST_CAP_REQUESTS | KST_CAP_BARE_KEYS | KST_CAP_ENTRY_PASS | KST_CAP_ENCRYPTION |
		KST_CAP_LIST_SEALED | KST_CAP_PUBLIC_KEYS,
	.probe = probe,
	.read = read_pem,
	.write = pem_write,
	.close = close_pem,
};
