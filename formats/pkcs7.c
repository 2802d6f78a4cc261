/* SPDX-License-Identifier: ISC */
/*
 * pkcs7.c - a bundle of certificates and revocation lists in a PKCS#7 SignedData.
 * Specified in pkcs7.md.
 *
 * Binary, in one PEM block, or as base64 without armour: what was read decides
 * how it is written.  Where somebody signed a content in it, both stay byte for
 * byte: certificates may come and go beside them, no signature covers the bundle.
 */
#include "pkcs7.h"

#include <string.h>

#include "der_kind.h"
#include "kstool/alloc.h"
#include "kstool/pem.h"
#include "model/names.h"
#include "whole.h"

/* ---- is it one? ---- */

static bool label_at(const uint8_t *p, size_t n)
{
	for (const char *const *l = pkcs7_labels; *l; l++) {
		size_t k = strlen(*l);
		if (n >= k + 5 && memcmp(p, *l, k) == 0 && memcmp(p + k, "-----", 5) == 0)
			return true;
	}
	return false;
}

static int probe(const uint8_t *data, size_t n, bool whole)
{
	static const char begin[] = "-----BEGIN ";
	const size_t len = sizeof(begin) - 1;
	uint8_t start[BARE64_PEEK];

	(void)whole;
	int type = pkcs7_sniff(data, n);
	if (type)
		return type == 2 ? 90 : 70;
	size_t k = bare64_peek(data, n, start);
	if (k && (type = pkcs7_sniff(start, k)) != 0)
		return type == 2 ? 80 : 70;
	/* Less than a PEM file bids, which reads such a block among others. */
	const uint8_t *p = data, *end = data + n;
	while ((p = memmem(p, (size_t)(end - p), begin, len))) {
		const uint8_t *at = p;
		p += len;
		while (at > data && (at[-1] == ' ' || at[-1] == '\t'))
			at--;
		bool line = at == data || at[-1] == '\n' || at[-1] == '\r' ||
			    (at == data + 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0);
		if (line && label_at(p, (size_t)(end - p)))
			return memchr(data, 0, (size_t)(at - data)) ? 0 : 60;
	}
	return 0;
}

/* ---- reading ---- */

static bool is_pkcs7(const struct pem_scan *scan, const struct pem_span *at)
{
	for (const char *const *l = pkcs7_labels; *l; l++)
		if (pem_label_is(scan, at, *l))
			return true;
	return false;
}

/* The first block of a label of ours; what else stands in the file stays in it. */
static int from_pem(struct pkcs7_file *f, struct kst_error *err)
{
	struct pem_scan scan;
	struct pem_headers h = { .any = false };
	int rc;

	pem_scan_init(&scan, f->bytes.data, f->bytes.len);
	while ((rc = pem_scan_next(&scan, &f->at, err)) == 1)
		if (is_pkcs7(&scan, &f->at))
			break;
	if (rc < 0)
		return -1;
	if (rc == 0)
		return kst_error_setx(err, KST_E_CORRUPT, "has no whole block of PKCS#7");
	if (pem_decode(&scan, &f->at, &h, &f->der, err) < 0)
		return -1;
	if (h.encrypted)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "is PKCS#7 under the old encryption of PEM");
	f->form = PKCS7_PEM;
	return 0;
}

static int take(struct pkcs7_file *f, struct kst_io *io, struct kst_error *err)
{
	uint8_t start[BARE64_PEEK];

	if (whole_read(io, &f->bytes, err) < 0)
		return -1;
	if (f->bytes.len && f->bytes.data[0] == 0x30) {
		kst_buf_put(&f->der, f->bytes.data, f->bytes.len);
		return f->der.failed ? kst_error_nomem(err) : 0;
	}
	if (bare64_peek(f->bytes.data, f->bytes.len, start)) {
		f->form = PKCS7_BARE;
		return bare64_read(f->bytes.data, f->bytes.len, &f->der, &f->style, err);
	}
	return from_pem(f, err);
}

static int push(void *ctx, struct kst_entry *e, struct kst_error *err)
{
	struct kst_model *m = ctx;
	if (der_set_origin(e, "pkcs7", err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	if (e->kind == KST_KIND_CRL)
		e->alias = kst_strdup("crl");
	else if (e->kind == KST_KIND_OPAQUE)
		e->alias = kst_strdup(e->label);
	e->alias_derived = true;
	return kst_model_push(m, e, m->nr) < 0 ? kst_error_nomem(err) : 0;
}

static int read_pkcs7(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct pkcs7_file *f = kst_calloc(1, sizeof(*f));
	if (!f)
		return kst_error_nomem(err);
	into->state = f;
	if (take(f, io, err) < 0 || pkcs7_parse(f->der.data, f->der.len, &f->parts, err) < 0 ||
	    pkcs7_each(&f->parts, io->limits, push, into, err) < 0 ||
	    kst_model_name_all(into, err) < 0)
		return -1;
	if (f->parts.behind)
		kst_note(io->notes, "trailing-bytes", "%zu bytes behind its end are ignored",
			 f->parts.behind);
	if (f->parts.is_signed)
		kst_note(io->notes, "signature-ignored",
			 "somebody signed %s in it: the signature was not looked at, only the "
			 "certificates",
			 f->parts.has_content ? "a content" : "a content that is not");
	else if (f->parts.has_content)
		kst_note(io->notes, "content-ignored",
			 "there is a content in it, which was not looked at");
	into->info.integrity = KST_INTEGRITY_NONE;
	return 0;
}

static void close_pkcs7(void *state)
{
	struct pkcs7_file *f = state;
	if (f) {
		kst_buf_release(&f->bytes);
		kst_buf_release(&f->der);
	}
	kst_free(f);
}

static const char *const suffixes[] = { ".p7b", ".p7c", NULL };

const struct kst_format kst_format_pkcs7 = {
	.name = "pkcs7",
	.to = "p7b",
	.title = "PKCS#7",
	.suffixes = suffixes,
	.caps = KST_CAP_LOOSE | KST_CAP_READ | KST_CAP_WRITE | KST_CAP_CERTS | KST_CAP_TRUST |
		KST_CAP_CRLS | KST_CAP_BINARY | KST_CAP_LIST_SEALED,
	.probe = probe,
	.read = read_pkcs7,
	.write = pkcs7_write,
	.close = close_pkcs7,
};
