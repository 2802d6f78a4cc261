/* SPDX-License-Identifier: ISC */
/* cert_text.c - certificates in words */
#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto/cert_impl.h"
#include "crypto/cert_x509.h"
#include "crypto/names.h"
#include "kstool/text.h"

/* What was printed into a memory BIO goes to the buffer. */
static void take(BIO *bio, struct kst_buf *out)
{
	char *text = NULL;
	long n = BIO_get_mem_data(bio, &text);

	if (n > 0 && text)
		kst_buf_put(out, text, (size_t)n);
}

/*
 * For names that OpenSSL does not print (a string that does not decode): the form of RFC 4514 that
 * always works, "2.5.4.3=#0c0161", last first as there.
 */
static void put_raw_name(struct kst_bytes name, struct kst_buf *out)
{
	struct kst_name_iter it;
	struct kst_name_attr a;
	size_t nr = 0;

	for (kst_name_start(&it, name); kst_name_next(&it, &a) == 1;)
		nr += a.first;
	/* A name has few parts, so going over it for each is cheap; the cap is for made-up ones. */
	for (size_t want = nr < 256 ? nr : 256; want > 0; want--) {
		size_t at = 0;

		for (kst_name_start(&it, name); at <= want && kst_name_next(&it, &a) == 1;) {
			char oid[KST_OID_TEXT];

			at += a.first;
			if (at != want)
				continue;
			if (!a.first)
				kst_buf_puts(out, "+");
			kst_buf_puts(out, kst_oid_text(a.oid, oid) < 0 ? "?" : oid);
			kst_buf_puts(out, "=#");
			kst_text_hex(out, a.value.whole.data, a.value.whole.len);
		}
		if (want > 1)
			kst_buf_puts(out, ",");
	}
}

/* ---- the ordinary name, without OpenSSL ---- */

#define MAX_PARTS 16

static const char *attribute(struct kst_bytes oid)
{
	/* Last octet of 2.5.4.x */
	static const char *const name[] = { [3] = "CN", [5] = "serialNumber", [6] = "C", [7] = "L",
					    [8] = "ST", [10] = "O", [11] = "OU" };

	if (oid.len != 3 || oid.data[0] != 0x55 || oid.data[1] != 0x04 ||
	    oid.data[2] >= sizeof(name) / sizeof(name[0]))
		return NULL;
	return name[oid.data[2]];
}

/* Printable ASCII, and in a UTF8String other valid UTF-8. */
static bool ordinary(const struct kst_der_item *v)
{
	bool utf8 = v->id == KST_DER_UTF8_STRING;

	if (!utf8 && v->id != V_ASN1_PRINTABLESTRING && v->id != V_ASN1_IA5STRING)
		return false;
	for (size_t i = 0; i < v->body.len; i++) {
		uint8_t c = v->body.data[i];

		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
			return false;
	}
	return !utf8 || kst_utf8_valid(v->body.data, v->body.len);
}

static void put_escaped(struct kst_bytes s, struct kst_buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		/* OpenSSL leaves a lone "#" as it is, and the text is to be the same. */
		bool outer = i == s.len - 1 ? c == ' ' : i == 0 && (c == ' ' || c == '#');

		if (!outer && !(c && strchr(",+\"\\<>;", c)))
			continue;
		kst_buf_put(out, s.data + from, i - from);
		kst_buf_u8(out, '\\');
		from = i;
	}
	if (s.len > from)
		kst_buf_put(out, s.data + from, s.len - from);
}

/*
 * What OpenSSL would print, in a tenth of its time, for names of well-known attributes one by one;
 * false and nothing for all others.  Stores of thousands show their subjects.
 */
static bool put_ordinary_name(struct kst_bytes name, struct kst_buf *out)
{
	struct kst_name_attr a[MAX_PARTS];
	struct kst_name_iter it;
	size_t nr = 0;
	int ret;

	kst_name_start(&it, name);
	while (nr < MAX_PARTS && (ret = kst_name_next(&it, &a[nr])) == 1) {
		if (!a[nr].first || !attribute(a[nr].oid) || !ordinary(&a[nr].value))
			return false;
		nr++;
	}
	if (nr == MAX_PARTS || ret < 0)
		return false;
	while (nr-- > 0) {
		kst_buf_puts(out, attribute(a[nr].oid));
		kst_buf_puts(out, "=");
		put_escaped(a[nr].value.body, out);
		if (nr)
			kst_buf_puts(out, ",");
	}
	return true;
}

void kst_name_text(struct kst_bytes der, struct kst_buf *out)
{
	const uint8_t *p = der.data;
	X509_NAME *name;
	BIO *bio;

	if (put_ordinary_name(der, out))
		return;
	ERR_set_mark();
	name = der.len <= LONG_MAX ? d2i_X509_NAME(NULL, &p, (long)der.len) : NULL;
	bio = name ? BIO_new(BIO_s_mem()) : NULL;
	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		take(bio, out);
	else
		put_raw_name(der, out);
	BIO_free(bio);
	X509_NAME_free(name);
	ERR_pop_to_mark();
}

void kst_cert_subject(const struct kst_cert *cert, struct kst_buf *out)
{
	kst_name_text(cert->subject, out);
}

void kst_cert_issuer(const struct kst_cert *cert, struct kst_buf *out)
{
	kst_name_text(cert->issuer, out);
}

void kst_cert_key_text(const struct kst_cert *cert, bool strict, struct kst_buf *out)
{
	kst_spki_key_text(cert->spki.data, cert->spki.len, strict, out);
}

void kst_cert_sig_text(const struct kst_cert *cert, struct kst_buf *out)
{
	kst_algid_sig_text(cert->sig_alg, out);
}

void kst_cert_sig_alg(const struct kst_cert *cert, struct kst_buf *out)
{
	struct kst_bytes oid, params;

	if (kst_algid_split(cert->sig_alg, &oid, &params) < 0)
		kst_buf_puts(out, "?");
	else
		kst_oid_long_name(oid, out);
}

void kst_cert_full_text(const struct kst_cert *cert, struct kst_buf *out)
{
	X509 *x = kst_cert_x509(cert);
	BIO *bio;

	if (!x) {
		kst_buf_puts(out, "Certificate:\n    openssl cannot decode this certificate\n    Subject: ");
		kst_cert_subject(cert, out);
		kst_buf_puts(out, "\n    Issuer: ");
		kst_cert_issuer(cert, out);
		kst_buf_puts(out, "\n");
		return;
	}
	ERR_set_mark();
	bio = BIO_new(BIO_s_mem());
	/* A failure half-way leaves the rest out; what could be printed is shown. */
	if (bio) {
		(void)X509_print_ex(bio, x, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB, 0);
		take(bio, out);
	}
	BIO_free(bio);
	ERR_pop_to_mark();
}
