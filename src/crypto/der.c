/* SPDX-License-Identifier: ISC */
/* der.c - walking ASN.1 on OpenSSL's header reader */
#include "crypto/der.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>

struct kst_der kst_der_over(const void *data, size_t len)
{
	static const uint8_t nothing[1];
	const uint8_t *p = data && len ? data : nothing;

	return (struct kst_der){ .p = p, .end = data && len ? p + len : p };
}

struct kst_der kst_der_in(const struct kst_der_item *item)
{
	return kst_der_over(item->body.data, item->body.len);
}

struct kst_der kst_der_bytes(struct kst_bytes b)
{
	return kst_der_over(b.data, b.len);
}

bool kst_der_end(const struct kst_der *d)
{
	return d->p >= d->end;
}

size_t kst_der_left(const struct kst_der *d)
{
	return d->p < d->end ? (size_t)(d->end - d->p) : 0;
}

int kst_der_peek(const struct kst_der *d)
{
	return d->p < d->end ? *d->p : -1;
}

/*
 * One header; *p moves behind it.  OpenSSL reports what it dislikes in its queue, so errors of the
 * host program are put under a mark first.
 */
static int header(const uint8_t **p, const uint8_t *end, struct kst_der_item *item, size_t *len)
{
	const uint8_t *q = *p;
	long n = 0;
	int tag = 0, class = 0, how;

	if (end - q > LONG_MAX / 2)
		return -1;
	ERR_set_mark();
	how = ASN1_get_object(&q, &n, &tag, &class, (long)(end - q));
	if (how & 0x80) {
		ERR_pop_to_mark();
		return -1;
	}
	ERR_clear_last_mark();
	if (q > end || n < 0 || n > end - q)
		return -1;
	item->id = **p;
	item->tag = (uint32_t)tag;
	item->constructed = how & V_ASN1_CONSTRUCTED;
	item->indefinite = how & 1;
	*len = (size_t)n;
	*p = q;
	return 0;
}

static bool end_of_contents(const uint8_t *p, const uint8_t *end)
{
	return end - p >= 2 && p[0] == 0 && p[1] == 0;
}

/*
 * Find the end-of-contents octets that close an indefinite length.  Elements of definite length are
 * jumped over, so this costs one header for each sibling.  Returns where they start, or NULL.
 */
static const uint8_t *find_end(const uint8_t *p, const uint8_t *end)
{
	struct kst_der_item item;
	unsigned depth = 1;
	size_t len;

	while (p < end) {
		if (end_of_contents(p, end)) {
			if (--depth == 0)
				return p;
			p += 2;
			continue;
		}
		if (header(&p, end, &item, &len) < 0)
			return NULL;
		if (!item.indefinite)
			p += len;
		else if (++depth > KST_DER_DEPTH)
			return NULL;
	}
	return NULL;
}

int kst_der_next(struct kst_der *d, struct kst_der_item *item)
{
	struct kst_der_item it = { .id = 0 };
	const uint8_t *p = d->p, *after;
	size_t len;

	if (kst_der_end(d))
		return 0;
	if (header(&p, d->end, &it, &len) < 0)
		return -1;
	if (it.indefinite) {
		const uint8_t *close = find_end(p, d->end);

		if (!close)
			return -1;
		len = (size_t)(close - p);
		after = close + 2;
	} else
		after = p + len;
	it.body = (struct kst_bytes){ p, len };
	it.whole = (struct kst_bytes){ d->p, (size_t)(after - d->p) };
	*item = it;
	d->p = after;
	return 1;
}

int kst_der_expect(struct kst_der *d, uint8_t id, struct kst_der_item *item)
{
	struct kst_der_item unused;

	if (kst_der_peek(d) != id)
		return -1;
	return kst_der_next(d, item ? item : &unused) == 1 ? 0 : -1;
}

int kst_der_optional(struct kst_der *d, uint8_t id, struct kst_der_item *item)
{
	if (kst_der_peek(d) != id)
		return 0;
	return kst_der_expect(d, id, item) < 0 ? -1 : 1;
}

int kst_der_enter(struct kst_der *d, uint8_t id, struct kst_der *in)
{
	struct kst_der_item item;

	if (kst_der_expect(d, id, &item) < 0)
		return -1;
	*in = kst_der_in(&item);
	return 0;
}

int kst_der_whole(const void *data, size_t len, uint8_t id, struct kst_der_item *item)
{
	struct kst_der d = kst_der_over(data, len);
	struct kst_der_item it;

	if (kst_der_expect(&d, id, &it) < 0 || !kst_der_end(&d))
		return -1;
	if (item)
		*item = it;
	return 0;
}

int kst_der_uint(struct kst_bytes body, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	if (!body.len || body.data[0] & 0x80)
		return -1;
	while (i < body.len - 1 && !body.data[i])
		i++;
	if (body.len - i > sizeof(v))
		return -1;
	for (; i < body.len; i++)
		v = v << 8 | body.data[i];
	*out = v;
	return 0;
}

size_t kst_der_int_bits(struct kst_bytes body)
{
	size_t i = 0, bits;

	if (!body.len || body.data[0] & 0x80)
		return 0;
	while (i < body.len && !body.data[i])
		i++;
	if (i == body.len)
		return 0;
	bits = (body.len - i) * 8;
	for (uint8_t top = body.data[i]; !(top & 0x80); top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

static int join(struct kst_bytes body, struct kst_buf *out, unsigned depth)
{
	struct kst_der d = kst_der_bytes(body);
	struct kst_der_item item;
	int ret;

	if (depth > KST_DER_DEPTH)
		return -1;
	while ((ret = kst_der_next(&d, &item)) == 1) {
		if (item.id == KST_DER_OCTET_STRING)
			kst_buf_put(out, item.body.data, item.body.len);
		else if (item.id != (KST_DER_OCTET_STRING | V_ASN1_CONSTRUCTED) ||
			 join(item.body, out, depth + 1) < 0)
			return -1;
	}
	return ret;
}

int kst_der_octets(const struct kst_der_item *item, struct kst_bytes *out, struct kst_buf *joined)
{
	size_t start = joined->len;

	if (!item->constructed) {
		*out = item->body;
		return 0;
	}
	if (join(item->body, joined, 1) < 0 || joined->failed)
		return -1;
	out->data = joined->data ? joined->data + start : (const uint8_t *)"";
	out->len = joined->len - start;
	return 0;
}

/* ---- object identifiers ---- */

/* Components beyond 64 bits (2.25.UUID) are rare enough for OpenSSL's big numbers. */
static int long_oid_text(struct kst_bytes oid, char out[KST_OID_TEXT])
{
	uint8_t der[KST_OID_MAX + 3] = { KST_DER_OID };
	const uint8_t *p = der;
	ASN1_OBJECT *o;
	size_t head = 2;
	int n = 0;

	if (oid.len < 0x80)
		der[1] = (uint8_t)oid.len;
	else {
		der[1] = 0x81;
		der[2] = (uint8_t)oid.len;
		head = 3;
	}
	memcpy(der + head, oid.data, oid.len);
	ERR_set_mark();
	o = d2i_ASN1_OBJECT(NULL, &p, (long)(head + oid.len));
	if (o)
		n = OBJ_obj2txt(out, KST_OID_TEXT, o, 1);
	ASN1_OBJECT_free(o);
	ERR_pop_to_mark();
	if (n <= 0 || n >= KST_OID_TEXT) {
		out[0] = '\0';
		return -1;
	}
	return 0;
}

int kst_oid_text(struct kst_bytes oid, char out[KST_OID_TEXT])
{
	size_t len = 0;
	bool first = true;

	out[0] = '\0';
	if (!oid.len || oid.len > KST_OID_MAX || oid.data[oid.len - 1] & 0x80)
		return -1;
	for (size_t i = 0; i < oid.len;) {
		uint64_t v = 0;

		if (oid.data[i] == 0x80) { /* X.690 8.19.2: no leading zeros */
			out[0] = '\0';
			return -1;
		}
		do {
			if (v >> 57)
				return long_oid_text(oid, out);
			v = v << 7 | (oid.data[i] & 0x7f);
		} while (oid.data[i++] & 0x80);
		if (first) {
			unsigned root = v < 40 ? 0 : v < 80 ? 1 : 2;

			len += (size_t)snprintf(out + len, KST_OID_TEXT - len, "%u.%llu", root,
						(unsigned long long)(v - 40 * root));
			first = false;
		} else
			len += (size_t)snprintf(out + len, KST_OID_TEXT - len, ".%llu",
						(unsigned long long)v);
	}
	return 0;
}

static bool is_dotted(const char *s)
{
	for (bool digit = false;; s++) {
		if (*s >= '0' && *s <= '9')
			digit = true;
		else if ((*s == '.' || !*s) && digit) {
			if (!*s)
				return true;
			digit = false;
		} else
			return false;
	}
}

size_t kst_oid_der(const char *text, uint8_t out[KST_OID_MAX])
{
	int n;

	if (!is_dotted(text) || strlen(text) >= KST_OID_TEXT)
		return 0;
	ERR_set_mark();
	n = a2d_ASN1_OBJECT(NULL, 0, text, -1);
	if (n > 0)
		n = n <= KST_OID_MAX ? a2d_ASN1_OBJECT(out, KST_OID_MAX, text, -1) : 0;
	ERR_pop_to_mark();
	return n > 0 ? (size_t)n : 0;
}

bool kst_bytes_is(struct kst_bytes b, const void *data, size_t len)
{
	return b.len == len && (!len || !memcmp(b.data, data, len));
}

/* ---- writing ---- */

void kst_der_put_header(struct kst_buf *out, uint8_t id, size_t len)
{
	int bytes = 0;

	kst_buf_u8(out, id);
	if (len < 0x80) {
		kst_buf_u8(out, (uint8_t)len);
		return;
	}
	for (size_t v = len; v; v >>= 8)
		bytes++;
	kst_buf_u8(out, (uint8_t)(0x80 | bytes));
	while (bytes--)
		kst_buf_u8(out, (uint8_t)(len >> (8 * bytes)));
}

void kst_der_put(struct kst_buf *out, uint8_t id, const void *body, size_t len)
{
	kst_der_put_header(out, id, len);
	if (len)
		kst_buf_put(out, body, len);
}

void kst_der_put_uint(struct kst_buf *out, uint64_t v)
{
	uint8_t body[9];
	size_t len = 1;

	while (len < 9 && (len == 8 ? v >> 63 : v >> (8 * len - 1)))
		len++;
	for (size_t i = 0; i < len; i++)
		body[len - 1 - i] = i < 8 ? (uint8_t)(v >> (8 * i)) : 0;
	kst_der_put(out, KST_DER_INTEGER, body, len);
}
