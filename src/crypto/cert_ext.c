/* SPDX-License-Identifier: ISC */
/* cert_ext.c - what the extensions say: CA or not, names, usages (RFC 5280 4.2.1) */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "crypto/cert_impl.h"
#include "crypto/names.h"
#include "kstool/text.h"

#define OID_KEY_USAGE "\x55\x1d\x0f"
#define OID_SUBJECT_ALT_NAME "\x55\x1d\x11"
#define OID_BASIC_CONSTRAINTS "\x55\x1d\x13"
#define OID_EXT_KEY_USAGE "\x55\x1d\x25"

struct kst_bytes kst_ext_find(struct kst_bytes extensions, const void *oid, size_t oid_len,
			      bool *critical)
{
	struct kst_der list = kst_der_bytes(extensions), ext;
	struct kst_der_item id, flag, value;

	if (critical)
		*critical = false;
	while (kst_der_enter(&list, KST_DER_SEQUENCE, &ext) == 0) {
		int has_flag;

		if (kst_der_expect(&ext, KST_DER_OID, &id) < 0)
			break;
		if (!kst_bytes_is(id.body, oid, oid_len))
			continue;
		has_flag = kst_der_optional(&ext, KST_DER_BOOLEAN, &flag);
		if (has_flag < 0 || kst_der_expect(&ext, KST_DER_OCTET_STRING, &value) < 0)
			break;
		if (critical)
			*critical = has_flag && flag.body.len == 1 && flag.body.data[0];
		return value.body;
	}
	return (struct kst_bytes){ .data = NULL };
}

struct kst_bytes kst_cert_ext(const struct kst_cert *cert, const void *oid, size_t oid_len,
			      bool *critical)
{
	return kst_ext_find(cert->extensions, oid, oid_len, critical);
}

struct kst_bytes kst_cert_extension(const struct kst_cert *cert, const char *oid, bool *critical)
{
	uint8_t der[KST_OID_MAX];
	size_t n = kst_oid_der(oid, der);

	if (!n) {
		if (critical)
			*critical = false;
		return (struct kst_bytes){ .data = NULL };
	}
	return kst_cert_ext(cert, der, n, critical);
}

bool kst_cert_is_ca(const struct kst_cert *cert)
{
	struct kst_bytes ext = KST_CERT_EXT(cert, OID_BASIC_CONSTRAINTS, NULL);
	struct kst_der d = kst_der_bytes(ext), in;
	struct kst_der_item ca;

	if (!ext.len)
		return cert->version == 0 && kst_cert_is_self_issued(cert);
	return kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0 &&
	       kst_der_expect(&in, KST_DER_BOOLEAN, &ca) == 0 && ca.body.len == 1 && ca.body.data[0];
}

/* ---- subjectAltName ---- */

/* 4 or 16 octets as text; false for other lengths. */
static bool put_ip(struct kst_bytes ip, struct kst_buf *out)
{
	char text[INET6_ADDRSTRLEN];

	if ((ip.len != 4 && ip.len != 16) ||
	    !inet_ntop(ip.len == 4 ? AF_INET : AF_INET6, ip.data, text, sizeof(text)))
		return false;
	kst_buf_puts(out, text);
	return true;
}

/* otherName: its OID, and the value where it is a string (a UPN, an SRV name, an e-mail address). */
static void put_other_name(struct kst_bytes body, struct kst_buf *out)
{
	struct kst_der d = kst_der_bytes(body), in;
	struct kst_der_item id, value;

	kst_buf_puts(out, "otherName:");
	if (kst_der_expect(&d, KST_DER_OID, &id) < 0) {
		kst_buf_puts(out, "?");
		return;
	}
	kst_oid_short_name(id.body, out);
	if (kst_der_enter(&d, KST_DER_CONTEXT_CONSTRUCTED(0), &in) == 0 &&
	    kst_der_next(&in, &value) == 1) {
		kst_buf_puts(out, ":");
		kst_asn1_text(&value, out);
	}
}

static void put_directory_name(struct kst_bytes body, struct kst_buf *out)
{
	struct kst_name_iter it;
	struct kst_name_attr a;
	bool any = false;

	kst_buf_puts(out, "dirName:");
	for (kst_name_start(&it, body); kst_name_next(&it, &a) == 1; any = true) {
		if (any)
			kst_buf_puts(out, a.first ? ", " : " + ");
		kst_oid_short_name(a.oid, out);
		kst_buf_puts(out, "=");
		kst_asn1_text(&a.value, out);
	}
}

static enum kst_san_type general_name(const struct kst_der_item *name, struct kst_buf *out)
{
	switch (name->id) {
	case KST_DER_CONTEXT(1):
		kst_ia5_text(name->body, out);
		return KST_SAN_EMAIL;
	case KST_DER_CONTEXT(2):
		kst_ia5_text(name->body, out);
		return KST_SAN_DNS;
	case KST_DER_CONTEXT(6):
		kst_ia5_text(name->body, out);
		return KST_SAN_URI;
	case KST_DER_CONTEXT(7):
		if (put_ip(name->body, out))
			return KST_SAN_IP;
		kst_buf_puts(out, "iPAddress:");
		kst_text_hex(out, name->body.data, name->body.len);
		break;
	case KST_DER_CONTEXT(8):
		kst_buf_puts(out, "registeredID:");
		kst_oid_short_name(name->body, out);
		break;
	case KST_DER_CONTEXT_CONSTRUCTED(0):
		put_other_name(name->body, out);
		break;
	case KST_DER_CONTEXT_CONSTRUCTED(4):
		put_directory_name(name->body, out);
		break;
	default:
		kst_buf_printf(out, "[%u]", (unsigned)name->tag);
	}
	return KST_SAN_OTHER;
}

int kst_ext_each_san(struct kst_bytes extensions, kst_each_san *each, void *ctx)
{
	struct kst_der d = kst_der_bytes(KST_EXT(extensions, OID_SUBJECT_ALT_NAME)), in;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_der_item name;
	int ret = 0;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0)
		return 0;
	while (!ret && kst_der_next(&in, &name) == 1) {
		enum kst_san_type type;

		kst_buf_reset(&text);
		type = general_name(&name, &text);
		if (text.failed)
			return -1;
		ret = each(ctx, type, text.data ? (const char *)text.data : "", text.len);
	}
	return ret;
}

int kst_cert_each_san(const struct kst_cert *cert, kst_each_san *each, void *ctx)
{
	return kst_ext_each_san(cert->extensions, each, ctx);
}

static bool has_type(const struct kst_der_item *name)
{
	return name->id == KST_DER_CONTEXT(1) || name->id == KST_DER_CONTEXT(2) ||
	       name->id == KST_DER_CONTEXT(6) ||
	       (name->id == KST_DER_CONTEXT(7) && (name->body.len == 4 || name->body.len == 16));
}

size_t kst_cert_san_count(const struct kst_cert *cert)
{
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(cert, OID_SUBJECT_ALT_NAME, NULL)), in;
	struct kst_der_item name;
	size_t n = 0;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0)
		return 0;
	while (kst_der_next(&in, &name) == 1)
		n += has_type(&name);
	return n;
}

/* ---- the names that lists show ---- */

static void name_of(struct kst_bytes name, struct kst_buf *out)
{
	struct kst_name_iter it;
	struct kst_name_attr a, last_rdn, cn;
	bool any = false, has_cn = false;

	for (kst_name_start(&it, name); kst_name_next(&it, &a) == 1; any = true) {
		if (a.first)
			last_rdn = a;
		if (KST_OID_IS(a.oid, "\x55\x04\x03")) {
			cn = a;
			has_cn = true;
		}
	}
	if (any)
		kst_asn1_text(has_cn ? &cn.value : &last_rdn.value, out);
}

void kst_cert_name(const struct kst_cert *cert, struct kst_buf *out)
{
	static const uint8_t order[] = { KST_DER_CONTEXT(2), KST_DER_CONTEXT(6), KST_DER_CONTEXT(1),
					 KST_DER_CONTEXT(7) };
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(cert, OID_SUBJECT_ALT_NAME, NULL)), list, in;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &list) < 0)
		list = kst_der_over(NULL, 0);
	for (size_t i = 0; i < sizeof(order); i++) {
		struct kst_der_item name;

		for (in = list; kst_der_next(&in, &name) == 1;)
			if (name.id == order[i] && has_type(&name) && name.body.len) {
				general_name(&name, out);
				return;
			}
	}
	name_of(cert->subject, out);
}

void kst_cert_issuer_name(const struct kst_cert *cert, struct kst_buf *out)
{
	name_of(cert->issuer, out);
}

int kst_cert_each_rdn(const struct kst_cert *cert, bool issuer,
		      int (*each)(void *ctx, const char *type, const char *value), void *ctx)
{
	struct kst_buf type KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_name_iter it;
	struct kst_name_attr a;
	int ret = 0;

	kst_name_start(&it, issuer ? cert->issuer : cert->subject);
	while (!ret && kst_name_next(&it, &a) == 1) {
		kst_buf_reset(&type);
		kst_buf_reset(&value);
		kst_oid_short_name(a.oid, &type);
		kst_asn1_text(&a.value, &value);
		if (type.failed || value.failed)
			return -1;
		ret = each(ctx, (const char *)type.data, value.data ? (const char *)value.data : "");
	}
	return ret;
}

/* ---- authorityInfoAccess ---- */

static bool is_url(struct kst_bytes s)
{
	if (s.len < 8 || s.len > 1024 || (memcmp(s.data, "http://", 7) && memcmp(s.data, "https://", 8)))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] <= ' ' || s.data[i] >= 0x7f || strchr("\"'`\\<>", s.data[i]))
			return false;
	return true;
}

void kst_cert_issuer_url(const struct kst_cert *cert, struct kst_buf *out)
{
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(cert, "\x2b\x06\x01\x05\x05\x07\x01\x01", NULL)), list, at;
	struct kst_der_item method, place;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &list) < 0)
		return;
	while (kst_der_enter(&list, KST_DER_SEQUENCE, &at) == 0) {
		if (kst_der_expect(&at, KST_DER_OID, &method) < 0 || kst_der_next(&at, &place) != 1)
			return;
		if (KST_OID_IS(method.body, "\x2b\x06\x01\x05\x05\x07\x30\x02") && place.id == KST_DER_CONTEXT(6) &&
		    is_url(place.body)) {
			kst_buf_put(out, place.body.data, place.body.len);
			return;
		}
	}
}

/* ---- usages ---- */

void kst_cert_key_usage(const struct kst_cert *cert, struct kst_buf *out)
{
	static const char *const bit[] = { "digitalSignature", "nonRepudiation",  "keyEncipherment",
					   "dataEncipherment", "keyAgreement",    "keyCertSign",
					   "cRLSign",          "encipherOnly",    "decipherOnly" };
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(cert, OID_KEY_USAGE, NULL));
	struct kst_der_item bits;
	bool any = false;

	if (kst_der_expect(&d, KST_DER_BIT_STRING, &bits) < 0 || bits.body.len < 2)
		return;
	for (size_t i = 0; i < sizeof(bit) / sizeof(bit[0]); i++) {
		if (1 + i / 8 >= bits.body.len || !(bits.body.data[1 + i / 8] & 0x80 >> i % 8))
			continue;
		if (any)
			kst_buf_puts(out, " ");
		kst_buf_puts(out, bit[i]);
		any = true;
	}
}

void kst_cert_ext_key_usage(const struct kst_cert *cert, struct kst_buf *out)
{
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(cert, OID_EXT_KEY_USAGE, NULL)), in;
	struct kst_der_item id;
	bool any = false;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0)
		return;
	for (; kst_der_expect(&in, KST_DER_OID, &id) == 0; any = true) {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
		char text[KST_OID_TEXT];

		if (any)
			kst_buf_puts(out, " ");
		kst_oid_short_name(id.body, &name);
		/* Words are parted by blanks here, so a name with one is no use. */
		if (name.data && !strchr((const char *)name.data, ' '))
			kst_buf_puts(out, (const char *)name.data);
		else
			kst_buf_puts(out, kst_oid_text(id.body, text) < 0 ? "?" : text);
	}
}
