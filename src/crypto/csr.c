/* SPDX-License-Identifier: ISC */
/* csr.c - reading a certificate request */
#include "kstool/csr.h"

#include <openssl/x509.h>

#include "crypto/cert_impl.h"
#include "crypto/names.h"
#include "crypto/ossl.h"

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

int kst_csr_verify(const uint8_t *der, size_t len, struct kst_error *err)
{
	const unsigned char *p = der;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)len);
	EVP_PKEY *key = req ? X509_REQ_get0_pubkey(req) : NULL;
	int ret = 0;

	if (!req)
		ret = kst_ossl_error(err, KST_E_CORRUPT, "the certificate request cannot be decoded");
	else if (!key)
		ret = kst_ossl_error(err, KST_E_UNSUPPORTED, "this OpenSSL does not know the key of the request");
	else if (X509_REQ_verify(req, key) != 1)
		ret = kst_ossl_error(err, KST_E_BAD_REQUEST, "the request is not signed by the key that it is for");
	X509_REQ_free(req);
	return ret;
}

#define OID_SAN "\x55\x1d\x11"
#define OID_KEY_USAGE "\x55\x1d\x0f"
#define OID_BASIC_CONSTRAINTS "\x55\x1d\x13"
#define KEY_CERT_SIGN 0x04 /* bit 5 of the first octet */

static bool wants_ca(struct kst_bytes oid, struct kst_bytes value)
{
	struct kst_der d = kst_der_bytes(value), in;
	struct kst_der_item item;

	if (KST_OID_IS(oid, OID_BASIC_CONSTRAINTS))
		return kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0 &&
		       kst_der_optional(&in, KST_DER_BOOLEAN, &item) == 1 && item.body.len && item.body.data[0];
	if (KST_OID_IS(oid, OID_KEY_USAGE))
		return kst_der_expect(&d, KST_DER_BIT_STRING, &item) == 0 && item.body.len > 1 &&
		       item.body.data[1] & KEY_CERT_SIGN;
	return false;
}

int kst_csr_each_extension(const struct kst_csr *csr,
			   int (*each)(void *ctx, const char *name, bool is_san, bool wants_ca), void *ctx)
{
	struct kst_der list = kst_der_bytes(csr->extensions), in;
	struct kst_der_item oid, value;
	int ret = 0;

	while (!ret && kst_der_enter(&list, KST_DER_SEQUENCE, &in) == 0) {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;

		if (kst_der_expect(&in, KST_DER_OID, &oid) < 0 ||
		    kst_der_optional(&in, KST_DER_BOOLEAN, NULL) < 0 ||
		    kst_der_expect(&in, KST_DER_OCTET_STRING, &value) < 0)
			break;
		kst_oid_long_name(oid.body, &name);
		ret = each(ctx, name.data ? (const char *)name.data : "?", KST_OID_IS(oid.body, OID_SAN),
			   wants_ca(oid.body, value.body));
	}
	return ret;
}
