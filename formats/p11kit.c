/* SPDX-License-Identifier: ISC */
/*
 * p11kit.c - trust files of p11-kit: objects with attributes, and PEM blocks in
 * them.  Read only.  Specified in p11kit.md.
 *
 * Extensions that are attached to a certificate from outside restrict it: key
 * purposes become the entry's own, every other is told in words, since no other
 * format can hold it.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"
#include "der_kind.h"
#include "kstool/alloc.h"
#include "kstool/format.h"
#include "kstool/time.h"
#include "model/names.h"
#include "pem_aux.h"
#include "pem_scan.h"
#include "whole.h"

static const char header[] = "[p11-kit-object-v1]";

static int probe(const uint8_t *data, size_t n, bool whole)
{
	const uint8_t *at = data, *end = data + n;
	(void)whole;
	while ((at = memmem(at, (size_t)(end - at), header, sizeof(header) - 1))) {
		if (at == data || at[-1] == '\n')
			return 90; /* more than the PEM blocks in it are worth */
		at++;
	}
	return 0;
}

/* ---- objects ---- */

struct object {
	bool begun;
	enum { CLASS_CERT, CLASS_EXTENSION, CLASS_OTHER } class;
	bool trusted, distrusted;
	struct kst_buf label, value, oid, key, cert;
	struct kst_buf after[2]; /* server, email */
};

struct extension {
	struct kst_blob key; /* SubjectPublicKeyInfo of what it is attached to */
	struct kst_blob oid; /* contents */
	struct kst_blob value;
	char *label;
	bool used;
};

struct reader {
	struct kst_io *io;
	struct kst_model *model;
	struct kst_buf text;
	struct pem_scan scan;
	struct object obj;
	struct extension *ext;
	size_t nr, size;
	size_t others;
	size_t line;
};

static int corrupt(const struct reader *r, const char *what, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_CORRUPT, "%s in line %zu", what, r->line);
}

static void clear(struct object *o)
{
	struct kst_buf *const all[] = { &o->label, &o->value,    &o->oid,     &o->key,
					&o->cert,  &o->after[0], &o->after[1] };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		kst_buf_release(all[i]);
	*o = (struct object){ .begun = false };
}

static char *legal(const struct kst_buf *label)
{
	return label->len ? kst_alias_legal(label->data, label->len, NULL) : NULL;
}

static int restrict_after(struct reader *r, struct kst_entry *e, struct kst_error *err)
{
	int64_t *const to[] = { &e->server_after, &e->email_after };
	for (size_t i = 0; i < 2; i++) {
		const struct kst_buf *b = &r->obj.after[i];
		if (b->len && kst_time_from_asn1(false, b->data, b->len, to[i]) < 0)
			return corrupt(r, "has a date that cannot be read before the object that ends",
				       err);
	}
	return 0;
}

static int end_cert(struct reader *r, struct kst_error *err)
{
	struct object *o = &r->obj;
	const struct kst_buf *der = o->cert.len ? &o->cert : &o->value;
	struct kst_error why = KST_ERROR_INIT;

	if (!der->len) { /* distrust of something that is elsewhere, by issuer and number */
		r->others++;
		return 0;
	}
	struct kst_entry *e = der_cert_entry(der->data, der->len, &why);
	if (!e)
		return why.code == KST_E_NO_MEMORY
			       ? kst_error_nomem(err)
			       : kst_error_setx(err, why.code, "the certificate before line %zu %s",
						r->line, why.message);
	e->alias = legal(&o->label);
	e->trusted = o->trusted && !o->distrusted;
	e->no_anchor = !e->trusted;
	if ((o->distrusted && kst_purposes_set(&e->distrusted, KST_FOR_EVERYTHING) < 0) ||
	    der_set_origin(e, "p11kit", err) < 0) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	if (restrict_after(r, e, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	return kst_model_push(r->model, e, r->model->nr) < 0 ? kst_error_nomem(err) : 0;
}

static int end_extension(struct reader *r, struct kst_error *err)
{
	struct object *o = &r->obj;
	if (!o->key.len || !o->oid.len || !o->value.len)
		return corrupt(r, "has an extension without key, object-id or value before the end",
			       err);
	if (r->nr == r->size) {
		size_t size = r->size ? r->size * 2 : 16;
		struct extension *grown = kst_realloc(r->ext, size * sizeof(*grown));
		if (!grown)
			return kst_error_nomem(err);
		r->ext = grown;
		r->size = size;
	}
	struct extension *x = &r->ext[r->nr++];
	*x = (struct extension){ .label = legal(&o->label) };
	return kst_blob_set(&x->key, o->key.data, o->key.len) < 0 ||
			       kst_blob_set(&x->oid, o->oid.data, o->oid.len) < 0 ||
			       kst_blob_set(&x->value, o->value.data, o->value.len) < 0
		       ? kst_error_nomem(err)
		       : 0;
}

static int end_object(struct reader *r, struct kst_error *err)
{
	int rc = 0;
	if (!r->obj.begun)
		return 0;
	if (r->model->nr + r->nr >= r->io->limits->blocks)
		return kst_error_setx(err, KST_E_LIMIT, "holds more than %u objects",
				      r->io->limits->blocks);
	if (r->obj.class == CLASS_CERT)
		rc = end_cert(r, err);
	else if (r->obj.class == CLASS_EXTENSION)
		rc = end_extension(r, err);
	else
		r->others++;
	clear(&r->obj);
	return rc;
}

/* ---- lines ---- */

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "text" with %HH in it. */
static int quoted(const struct reader *r, struct kst_bytes v, struct kst_buf *out,
		  struct kst_error *err)
{
	if (v.len < 2 || v.data[0] != '"' || v.data[v.len - 1] != '"')
		return corrupt(r, "has a value without quotes", err);
	kst_buf_reset(out);
	for (size_t i = 1; i < v.len - 1; i++) {
		if (v.data[i] != '%') {
			kst_buf_u8(out, v.data[i]);
			continue;
		}
		if (i + 2 >= v.len - 1 || hex(v.data[i + 1]) < 0 || hex(v.data[i + 2]) < 0)
			return corrupt(r, "has a %% without two hex digits", err);
		kst_buf_u8(out, (uint8_t)(hex(v.data[i + 1]) << 4 | hex(v.data[i + 2])));
		i += 2;
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

static bool is(struct kst_bytes b, const char *text)
{
	return kst_bytes_is(b, text, strlen(text));
}

static int truth(const struct reader *r, struct kst_bytes v, bool *out, struct kst_error *err)
{
	if (!is(v, "true") && !is(v, "false"))
		return corrupt(r, "has something that is neither true nor false", err);
	*out = is(v, "true");
	return 0;
}

static int oid(const struct reader *r, struct kst_bytes v, struct kst_buf *out, struct kst_error *err)
{
	uint8_t der[KST_OID_MAX];
	char *dotted = kst_strndup((const char *)v.data, v.len);
	if (!dotted)
		return kst_error_nomem(err);
	size_t n = kst_oid_der(dotted, der);
	kst_free(dotted);
	kst_buf_reset(out);
	kst_buf_put(out, der, n);
	if (out->failed)
		return kst_error_nomem(err);
	return n ? 0 : corrupt(r, "has no object identifier where one should be", err);
}

static int attribute(struct reader *r, struct kst_bytes name, struct kst_bytes v, struct kst_error *err)
{
	struct object *o = &r->obj;
	if (is(name, "class"))
		o->class = is(v, "certificate")			? CLASS_CERT
			   : is(v, "x-certificate-extension") ? CLASS_EXTENSION
							       : CLASS_OTHER;
	else if (is(name, "label"))
		return quoted(r, v, &o->label, err);
	else if (is(name, "value"))
		return quoted(r, v, &o->value, err);
	else if (is(name, "object-id"))
		return v.len && v.data[0] == '"' ? quoted(r, v, &o->oid, err)
						 : oid(r, v, &o->oid, err);
	else if (is(name, "x-public-key-info") || is(name, "public-key-info"))
		return quoted(r, v, &o->key, err);
	else if (is(name, "trusted"))
		return truth(r, v, &o->trusted, err);
	else if (is(name, "x-distrusted"))
		return truth(r, v, &o->distrusted, err);
	else if (is(name, "nss-server-distrust-after") && !is(v, "false"))
		return quoted(r, v, &o->after[0], err);
	else if (is(name, "nss-email-distrust-after") && !is(v, "false"))
		return quoted(r, v, &o->after[1], err);
	return 0; /* what p11-kit tells PKCS#11 programs and a store has no use for */
}

static struct kst_bytes trimmed(const uint8_t *p, const uint8_t *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	return (struct kst_bytes){ p, (size_t)(end - p) };
}

/* The lines of data[from..to). */
static int read_lines(struct reader *r, size_t from, size_t to, struct kst_error *err)
{
	const uint8_t *p = r->text.data + from, *end = r->text.data + to;
	while (p < end) {
		const uint8_t *eol = memchr(p, '\n', (size_t)(end - p));
		struct kst_bytes l = trimmed(p, eol ? eol : end);
		p = eol ? eol + 1 : end;
		r->line++;
		if (!l.len || l.data[0] == '#')
			continue;
		if (l.data[0] == '[') {
			if (!is(l, header))
				return corrupt(r, "has a version of objects that is not known", err);
			if (end_object(r, err) < 0)
				return -1;
			r->obj.begun = true;
			continue;
		}
		const uint8_t *colon = memchr(l.data, ':', l.len);
		if (!colon || !r->obj.begun)
			return corrupt(r, "has something that is no attribute of an object", err);
		if (attribute(r, trimmed(l.data, colon), trimmed(colon + 1, l.data + l.len), err) < 0)
			return -1;
	}
	return 0;
}

static int read_pem(struct reader *r, const struct pem_span *at, struct kst_error *err)
{
	struct object *o = &r->obj;
	bool key = pem_label_is(&r->scan, at, "PUBLIC KEY");
	bool cert = pem_label_is(&r->scan, at, "CERTIFICATE");
	if (!r->obj.begun)
		return corrupt(r, "has a block before the first object", err);
	if (!key && !cert)
		return corrupt(r, "has a block that is neither certificate nor public key", err);
	if ((key ? o->key.len : o->cert.len) > 0)
		return corrupt(r, "has two blocks of one sort in one object", err);
	return pem_decode(&r->scan, at, NULL, key ? &o->key : &o->cert, err);
}

static int read_all(struct reader *r, struct kst_error *err)
{
	struct pem_span at;
	size_t from = 0;
	int rc;

	pem_scan_init(&r->scan, r->text.data, r->text.len);
	while ((rc = pem_scan_next(&r->scan, &at, err)) == 1) {
		if (read_lines(r, from, at.begin, err) < 0)
			return -1;
		r->line = at.line;
		if (read_pem(r, &at, err) < 0)
			return -1;
		for (const uint8_t *p = r->text.data + at.body; p < r->text.data + at.end; p++)
			r->line += *p == '\n';
		from = at.end;
	}
	if (rc < 0 || read_lines(r, from, r->text.len, err) < 0)
		return -1;
	return end_object(r, err);
}

/* ---- attached extensions ---- */

static int by_key(const void *a, const void *b)
{
	const struct extension *x = a, *y = b;
	int c = memcmp(x->key.data, y->key.data, x->key.len < y->key.len ? x->key.len : y->key.len);
	return c ? c : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

/* The value of an extension, which may stand there as a whole Extension. */
static struct kst_bytes value_of(const struct extension *x)
{
	struct kst_bytes v = { x->value.data, x->value.len };
	struct kst_der_item item;
	struct kst_der in;
	if (kst_der_whole(v.data, v.len, KST_DER_SEQUENCE, &item) < 0)
		return v;
	in = kst_der_in(&item);
	if (kst_der_expect(&in, KST_DER_OID, &item) < 0 ||
	    !kst_bytes_is(item.body, x->oid.data, x->oid.len) ||
	    kst_der_optional(&in, KST_DER_BOOLEAN, NULL) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &item) < 0 || !kst_der_end(&in))
		return v;
	return item.body;
}

/* 2.5.29.37, and p11-kit's own 1.3.6.1.4.1.3319.6.10.1 for what OpenSSL rejects. */
static const uint8_t eku[] = { 0x55, 0x1d, 0x25 };
static const uint8_t reject[] = { 0x2b, 6, 1, 4, 1, 0x99, 0x77, 6, 10, 1 };

static int attach(struct reader *r, struct kst_entry *e, struct extension *x, struct kst_error *err)
{
	struct kst_bytes oid_is = { x->oid.data, x->oid.len };
	bool purposes = kst_bytes_is(oid_is, eku, sizeof(eku));
	bool rejects = kst_bytes_is(oid_is, reject, sizeof(reject));
	char dotted[KST_OID_TEXT];

	x->used = true;
	if (purposes || rejects) {
		struct kst_blob *to = purposes ? &e->purposes : &e->distrusted;
		if (to->len && rejects) /* distrusted altogether already */
			return 0;
		return pem_aux_oids(value_of(x), to, err);
	}
	kst_oid_text(oid_is, dotted);
	char *text = kst_asprintf("%s%sextension %s attached to it", e->restriction ? e->restriction : "",
				  e->restriction ? ", " : "", dotted);
	kst_free(e->restriction);
	e->restriction = text;
	kst_note(r->io->notes, "extension-attached",
		 "\"%s\": the extension %s that is attached to it is shown and not applied",
		 e->alias ? e->alias : "", dotted);
	return text ? 0 : kst_error_nomem(err);
}

static int attach_all(struct reader *r, struct kst_error *err)
{
	if (r->nr)
		qsort(r->ext, r->nr, sizeof(*r->ext), by_key);
	for (size_t i = 0; r->nr && i < r->model->nr; i++) {
		struct kst_entry *e = r->model->item[i].entry;
		struct kst_bytes spki = kst_cert_spki(e->chain.cert[0]);
		struct extension want = { .key = { (uint8_t *)(uintptr_t)spki.data, spki.len } };
		struct extension *x = bsearch(&want, r->ext, r->nr, sizeof(*x), by_key);
		while (x && x > r->ext && by_key(x - 1, &want) == 0)
			x--;
		for (; x && x < r->ext + r->nr && by_key(x, &want) == 0; x++)
			if (attach(r, e, x, err) < 0)
				return -1;
	}
	/* Those of certificates that are in other files: kept in sight. */
	for (size_t i = 0; i < r->nr; i++) {
		struct extension *x = &r->ext[i];
		if (x->used)
			continue;
		struct kst_entry *e = der_bytes_entry(KST_KIND_OPAQUE, x->value.data, x->value.len,
						      "attached extension", err);
		if (!e || der_set_origin(e, "p11kit", err) < 0) {
			kst_entry_free(e);
			return -1;
		}
		e->alias = x->label ? x->label : kst_strdup("extension");
		e->alias_derived = !x->label;
		x->label = NULL;
		if (kst_model_push(r->model, e, r->model->nr) < 0)
			return kst_error_nomem(err);
	}
	return 0;
}

static int read_p11kit(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct reader r = { .io = io, .model = into };
	int rc = -1;
	if (whole_read(io, &r.text, err) == 0 && read_all(&r, err) == 0 && attach_all(&r, err) == 0 &&
	    kst_model_name_all(into, err) == 0)
		rc = 0;
	if (rc == 0 && r.others)
		kst_note(io->notes, "objects-skipped", "%zu objects in it are no certificates: left out",
			 r.others);
	for (size_t i = 0; i < r.nr; i++) {
		kst_blob_release(&r.ext[i].key);
		kst_blob_release(&r.ext[i].oid);
		kst_blob_release(&r.ext[i].value);
		kst_free(r.ext[i].label);
	}
	kst_free(r.ext);
	clear(&r.obj);
	kst_buf_release(&r.text);
	into->info.integrity = KST_INTEGRITY_NONE;
	return rc;
}

static const char *const suffixes[] = { ".p11-kit", NULL };

const struct kst_format kst_format_p11kit = {
	.name = "p11kit",
	.to = "p11-kit",
	.title = "p11-kit",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_CERTS | KST_CAP_TRUST | KST_CAP_PURPOSES | KST_CAP_ALIASES |
		KST_CAP_ALIAS_CASE | KST_CAP_LIST_SEALED,
	.probe = probe,
	.read = read_p11kit,
};
