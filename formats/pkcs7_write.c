/* SPDX-License-Identifier: ISC */
/*
 * pkcs7_write.c - a SignedData from the model
 *
 * Both sets are written in the order that DER asks of a SET OF, so that the same
 * certificates make the same file; but a file that was in another order keeps it,
 * and what is new comes last.  Version, content and signers of a file that had
 * some stay as they were.
 */
#include "pkcs7.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/der.h"
#include "kstool/alloc.h"
#include "kstool/pem.h"

struct sets {
	struct kst_bytes *cert, *crl;
	size_t nr_certs, nr_crls;
};

/* X.690 11.6: as octet strings, the shorter one padded with zeros. */
static int by_octets(const void *a, const void *b)
{
	const struct kst_bytes *x = a, *y = b;
	int c = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
	return c ? c : (x->len > y->len) - (x->len < y->len);
}

static int cannot_hold(const struct kst_entry *e, const char *what, struct kst_error *err)
{
	kst_error_setx(err, KST_E_CANNOT_HOLD, "PKCS#7 cannot hold %s", what);
	return e->alias ? kst_error_detail(err, "entry \"%s\"", e->alias) : -1;
}

static int sort_out(struct sets *s, const struct kst_entry *e, struct kst_error *err)
{
	struct kst_bytes der = { e->der.data, e->der.len };
	switch (e->kind) {
	case KST_KIND_CERT:
		if (e->purposes.len || e->distrusted.len || e->no_anchor)
			return cannot_hold(e, "purposes that a certificate is trusted or distrusted for",
					   err);
		s->cert[s->nr_certs++] = kst_cert_der(e->chain.cert[0]);
		return 0;
	case KST_KIND_CRL:
		s->crl[s->nr_crls++] = der;
		return 0;
	case KST_KIND_OPAQUE:
		if (e->label && strcmp(e->label, PKCS7_OTHER_CERT) == 0)
			s->cert[s->nr_certs++] = der;
		else if (e->label && strcmp(e->label, PKCS7_OTHER_CRL) == 0)
			s->crl[s->nr_crls++] = der;
		else
			return cannot_hold(e, "an object that kstool does not know", err);
		return 0;
	case KST_KIND_CSR:
		return cannot_hold(e, "a certificate request", err);
	case KST_KIND_KEY:
	case KST_KIND_SECRET:
		break;
	}
	return cannot_hold(e, "a private key", err);
}

static void put_bytes(struct kst_buf *out, struct kst_bytes b)
{
	kst_buf_put(out, b.data, b.len);
}

static bool is_sorted(struct kst_bytes set)
{
	struct kst_der in = kst_der_bytes(set);
	struct kst_der_item item;
	struct kst_bytes last = { NULL, 0 };
	for (; kst_der_next(&in, &item) == 1; last = item.whole)
		if (last.len && by_octets(&last, &item.whole) > 0)
			return false;
	return true;
}

static void put_set(struct kst_buf *out, uint8_t id, struct kst_bytes *item, size_t nr, bool sort)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!nr)
		return;
	if (sort)
		qsort(item, nr, sizeof(*item), by_octets);
	for (size_t i = 0; i < nr; i++)
		put_bytes(&body, item[i]);
	kst_der_put(out, id, body.data, body.len);
	out->failed |= body.failed;
}

/* ContentInfo { signedData, [0] SignedData } (RFC 2315 sections 7 and 9). */
static void make(struct kst_buf *out, const struct pkcs7_file *f, struct sets *s)
{
	static const uint8_t signed_data[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2 };
	static const uint8_t data[] = { 0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1 };
	static const uint8_t none[] = { KST_DER_SET, 0 };
	struct kst_buf in KST_SCRATCH_BUF = KST_BUF_INIT, body KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf wrapped KST_SCRATCH_BUF = KST_BUF_INIT;

	if (f) {
		put_bytes(&in, f->parts.version);
		put_bytes(&in, f->parts.digests);
		put_bytes(&in, f->parts.content);
	} else {
		kst_der_put_uint(&in, 1);
		kst_buf_put(&in, none, sizeof(none));
		kst_buf_put(&in, data, sizeof(data));
	}
	put_set(&in, KST_DER_CONTEXT_CONSTRUCTED(0), s->cert, s->nr_certs,
		!f || is_sorted(f->parts.certs));
	put_set(&in, KST_DER_CONTEXT_CONSTRUCTED(1), s->crl, s->nr_crls,
		!f || is_sorted(f->parts.crls));
	if (f && f->parts.signers.len)
		put_bytes(&in, f->parts.signers);
	else
		kst_buf_put(&in, none, sizeof(none));
	kst_der_put(&body, KST_DER_SEQUENCE, in.data, in.len);
	kst_buf_put(&wrapped, signed_data, sizeof(signed_data));
	kst_der_put(&wrapped, KST_DER_CONTEXT_CONSTRUCTED(0), body.data, body.len);
	kst_der_put(out, KST_DER_SEQUENCE, wrapped.data, wrapped.len);
	out->failed |= in.failed || body.failed || wrapped.failed;
}

/* A name that promises text gets text. */
static bool wants_pem(const char *path)
{
	static const char *const text[] = { ".pem", ".crt", ".cer" };
	size_t n = path ? strlen(path) : 0;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (n > 4 && strcasecmp(path + n - 4, text[i]) == 0)
			return true;
	return false;
}

static void dress(struct kst_buf *out, const struct kst_io *io, const struct pkcs7_file *f,
		  const struct kst_buf *der)
{
	char label[PEM_LABEL_MAX + 1] = "PKCS7";
	if (f ? f->form == PKCS7_DER : !wants_pem(io->path)) {
		kst_buf_put(out, der->data, der->len);
		return;
	}
	if (f && f->form == PKCS7_BARE) {
		bare64_write(out, der->data, der->len, &f->style);
		return;
	}
	if (f) {
		kst_buf_put(out, f->bytes.data, f->at.begin);
		memcpy(label, f->bytes.data + f->at.label, f->at.label_len);
		label[f->at.label_len] = 0;
	}
	kst_pem_block(out, label, der->data, der->len);
	if (f)
		kst_buf_put(out, f->bytes.data + f->at.end, f->bytes.len - f->at.end);
}

int pkcs7_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	const struct pkcs7_file *f = from->state;
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT, out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct sets s = { .nr_certs = 0 };
	int rc = 0;

	s.cert = kst_calloc(from->nr + 1, sizeof(*s.cert));
	s.crl = kst_calloc(from->nr + 1, sizeof(*s.crl));
	if (!s.cert || !s.crl)
		rc = kst_error_nomem(err);
	for (size_t i = 0; rc == 0 && i < from->nr; i++)
		rc = sort_out(&s, from->item[i].entry, err);
	if (rc == 0) {
		make(&der, f, &s);
		if (!der.failed)
			dress(&out, io, f, &der);
		if (der.failed || out.failed)
			rc = kst_error_nomem(err);
	}
	if (rc == 0)
		rc = io->sink.write(io->sink.ctx, out.data, out.len, err);
	kst_free(s.cert);
	kst_free(s.crl);
	return rc;
}
