/* SPDX-License-Identifier: ISC */
/* csr.c - reading a certificate request */
#include "kstool/csr.h"

#include "crypto/cert_impl.h"
#include "crypto/names.h"

#define OID_EXTENSION_REQUEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"
#define OID_MS_EXTENSIONS "\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0e" /* certreq.exe's own */

/* Attributes: each is an OID and a SET of values; extensions are one value. */
static struct kst_bytes find_extensions(struct kst_der *attributes)
{
	struct kst_der attribute, values;
	struct kst_der_item id, list;

	while (kst_der_enter(attributes, KST_DER_SEQUENCE, &attribute) == 0) {
		if (kst_der_expect(&attribute, KST_DER_OID, &id) < 0)
			break;
		if (!KST_OID_IS(id.body, OID_EXTENSION_REQUEST) &&
		    !KST_OID_IS(id.body, OID_MS_EXTENSIONS))
			continue;
		if (kst_der_enter(&attribute, KST_DER_SET, &values) == 0 &&
		    kst_der_expect(&values, KST_DER_SEQUENCE, &list) == 0)
			return list.body;
	}
	return (struct kst_bytes){ .data = NULL };
}

int kst_csr_parse(struct kst_csr *out, const uint8_t *der, size_t len, struct kst_error *err)
{
	struct kst_csr c = { .asked = { .data = NULL } };
	struct kst_der_item all, info, item;
	struct kst_der in, body, attributes;

	if (kst_der_whole(der, len, KST_DER_SEQUENCE, &all) < 0)
		goto bad;
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &info) < 0 ||
	    kst_der_expect(&in, KST_DER_SEQUENCE, &item) < 0)
		goto bad;
	c.asked = info.whole;
	c.sig_alg = item.whole;
	body = kst_der_in(&info);
	if (kst_der_expect(&body, KST_DER_INTEGER, NULL) < 0 ||
	    kst_der_expect(&body, KST_DER_SEQUENCE, &item) < 0)
		goto bad;
	c.subject = item.whole;
	if (kst_der_expect(&body, KST_DER_SEQUENCE, &item) < 0)
		goto bad;
	c.spki = item.whole;
	/* Required by the standard, and left out by some all the same. */
	if (kst_der_enter(&body, KST_DER_CONTEXT_CONSTRUCTED(0), &attributes) == 0)
		c.extensions = find_extensions(&attributes);
	*out = c;
	return 0;
bad:
	return kst_error_setx(err, KST_E_CORRUPT, "the certificate request cannot be decoded");
}

void kst_csr_subject(const struct kst_csr *csr, struct kst_buf *out)
{
	kst_name_text(csr->subject, out);
}

void kst_csr_key_text(const struct kst_csr *csr, struct kst_buf *out)
{
	kst_spki_key_text(csr->spki.data, csr->spki.len, false, out);
}

void kst_csr_sig_text(const struct kst_csr *csr, struct kst_buf *out)
{
	kst_algid_sig_text(csr->sig_alg, out);
}

int kst_csr_each_san(const struct kst_csr *csr, kst_each_san *each, void *ctx)
{
	return kst_ext_each_san(csr->extensions, each, ctx);
}
