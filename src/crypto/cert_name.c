/* SPDX-License-Identifier: ISC */
/* cert_name.c - X.501 names without decoding them: attributes, strings, comparison */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto/cert_impl.h"
#include "kstool/text.h"

/* ---- attributes ---- */

void kst_name_start(struct kst_name_iter *it, struct kst_bytes name)
{
	struct kst_der d = kst_der_bytes(name);

	it->set = kst_der_over(NULL, 0);
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &it->rdns) < 0)
		it->rdns = kst_der_over(NULL, 0);
}

int kst_name_next(struct kst_name_iter *it, struct kst_name_attr *attr)
{
	struct kst_der in;
	struct kst_der_item oid, value;
	bool first = false;

	while (kst_der_end(&it->set)) {
		if (kst_der_end(&it->rdns))
			return 0;
		if (kst_der_enter(&it->rdns, KST_DER_SET, &it->set) < 0)
			return -1;
		first = true;
	}
	if (kst_der_enter(&it->set, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_expect(&in, KST_DER_OID, &oid) < 0 || kst_der_next(&in, &value) != 1)
		return -1;
	*attr = (struct kst_name_attr){ .oid = oid.body, .value = value, .first = first };
	return 1;
}

/* ---- strings ---- */

struct text {
	const uint8_t *p, *end;
	enum { ASCII, LATIN1, UTF8, UTF16, UTF32 } how;
};

#define REPLACEMENT 0xfffd

static struct text text_of(const struct kst_der_item *v)
{
	struct text t = { .p = v->body.data, .end = v->body.data + v->body.len, .how = ASCII };

	if (v->id == V_ASN1_UTF8STRING)
		t.how = UTF8;
	else if (v->id == V_ASN1_T61STRING) /* T.61 never was used as such, OpenSSL reads Latin-1 too */
		t.how = LATIN1;
	else if (v->id == V_ASN1_BMPSTRING)
		t.how = UTF16;
	else if (v->id == V_ASN1_UNIVERSALSTRING)
		t.how = UTF32;
	return t;
}

static bool next_char(struct text *t, uint32_t *cp)
{
	size_t left = (size_t)(t->end - t->p), n = 1;
	uint32_t c = REPLACEMENT, low;
	uint8_t unused[4];

	if (!left)
		return false;
	switch (t->how) {
	case ASCII:
		if (*t->p < 0x80)
			c = *t->p;
		break;
	case LATIN1:
		c = *t->p;
		break;
	case UTF8:
		n = kst_utf8_decode(t->p, left, &c);
		if (!n) {
			c = REPLACEMENT;
			n = 1;
		}
		break;
	case UTF16:
		n = left < 2 ? left : 2;
		if (left >= 2)
			c = (uint32_t)t->p[0] << 8 | t->p[1];
		if (c >= 0xd800 && c < 0xdc00 && left >= 4) {
			low = (uint32_t)t->p[2] << 8 | t->p[3];
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				n = 4;
			}
		}
		break;
	case UTF32:
		n = left < 4 ? left : 4;
		if (left >= 4)
			c = (uint32_t)t->p[0] << 24 | (uint32_t)t->p[1] << 16 |
			    (uint32_t)t->p[2] << 8 | t->p[3];
		break;
	}
	t->p += n;
	*cp = c && kst_utf8_encode(c, unused) ? c : REPLACEMENT;
	return true;
}

static void put_text(struct text t, struct kst_buf *out)
{
	uint8_t utf8[4];
	uint32_t cp;

	while (next_char(&t, &cp))
		kst_buf_put(out, utf8, kst_utf8_encode(cp, utf8));
}

static bool is_string(const struct kst_der_item *v)
{
	return v->id == V_ASN1_UTF8STRING || (v->id >= V_ASN1_NUMERICSTRING && v->id <= V_ASN1_IA5STRING) ||
	       (v->id >= V_ASN1_GRAPHICSTRING && v->id <= V_ASN1_BMPSTRING);
}

void kst_asn1_text(const struct kst_der_item *value, struct kst_buf *out)
{
	if (is_string(value))
		put_text(text_of(value), out);
	else
		kst_buf_puts(out, "\xef\xbf\xbd");
}

void kst_ia5_text(struct kst_bytes s, struct kst_buf *out)
{
	put_text((struct text){ .p = s.data, .end = s.data + s.len, .how = ASCII }, out);
}

/* ---- comparison ---- */

bool kst_name_equal(struct kst_bytes a, struct kst_bytes b)
{
	X509_NAME *x, *y;
	const uint8_t *p = a.data, *q = b.data;
	bool same = false;

	if (kst_bytes_is(a, b.data, b.len))
		return true;
	/* OpenSSL knows the canonical form; names that differ in their DER are rare. */
	ERR_set_mark();
	x = d2i_X509_NAME(NULL, &p, (long)a.len);
	y = x ? d2i_X509_NAME(NULL, &q, (long)b.len) : NULL;
	if (x && y)
		same = X509_NAME_cmp(x, y) == 0;
	X509_NAME_free(x);
	X509_NAME_free(y);
	ERR_pop_to_mark();
	return same;
}

static uint64_t mix(uint64_t h, uint8_t byte)
{
	return (h ^ byte) * UINT64_C(0x100000001b3);
}

/*
 * Whatever the canonical form changes must not change the hash: only ASCII letters (lower case) and
 * digits enter, from the decoded characters, and attributes are added up, for a SET has no order.
 */
uint64_t kst_name_hash(struct kst_bytes name)
{
	struct kst_name_iter it;
	struct kst_name_attr a;
	uint64_t sum = 1;

	kst_name_start(&it, name);
	while (kst_name_next(&it, &a) == 1) {
		uint64_t h = UINT64_C(0xcbf29ce484222325);
		struct text t = text_of(&a.value);
		uint32_t c;

		for (size_t i = 0; i < a.oid.len; i++)
			h = mix(h, a.oid.data[i]);
		while (next_char(&t, &c)) {
			if (c >= 'A' && c <= 'Z')
				c += 'a' - 'A';
			if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
				h = mix(h, (uint8_t)c);
		}
		sum += h ^ h >> 29;
	}
	return sum ? sum : 1;
}

static uint64_t cached(_Atomic uint64_t *place, struct kst_bytes name)
{
	uint64_t h = atomic_load_explicit(place, memory_order_relaxed);

	if (!h) {
		h = kst_name_hash(name);
		atomic_store_explicit(place, h, memory_order_relaxed);
	}
	return h;
}

uint64_t kst_cert_subject_hash(const struct kst_cert *cert)
{
	return cached(&((struct kst_cert *)cert)->subject_hash, cert->subject);
}

uint64_t kst_cert_issuer_hash(const struct kst_cert *cert)
{
	return cached(&((struct kst_cert *)cert)->issuer_hash, cert->issuer);
}
