/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_attrs.c - attributes of bags: names, ids, Java's trust mark
 *
 * The type of every value is looked at before it is used, and text is converted
 * here: OpenSSL's accessors have read a BOOLEAN as a string (CVE-2026-22795) and
 * written past the end of a name (CVE-2025-69419).
 */
#include "pkcs12_state.h"

#include <stdlib.h>
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/text.h"

static int corrupt(struct kst_error *err, const char *what)
{
	return kst_error_setx(err, KST_E_CORRUPT, "%s", what);
}

/* X.690 11.6: the order of a SET OF in DER. */
static int by_bytes(const void *pa, const void *pb)
{
	const struct kst_bytes *a = pa, *b = pb;
	int c = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

void p12_put_sorted(struct kst_buf *out, const void *elements, size_t len)
{
	struct kst_der d = kst_der_over(elements, len);
	struct kst_der_item item;
	struct kst_bytes *list = NULL;
	size_t nr = 0;
	while (kst_der_next(&d, &item) == 1) {
		if (!(nr & (nr - 1))) { /* room grows at every power of two */
			size_t size = (nr ? nr * 2 : 1) * sizeof(*list);
			struct kst_bytes *more = kst_realloc(list, size);
			if (!more) {
				kst_free(list);
				out->failed = true;
				return;
			}
			list = more;
		}
		list[nr++] = item.whole;
	}
	if (nr)
		qsort(list, nr, sizeof(*list), by_bytes);
	for (size_t i = 0; i < nr; i++)
		kst_buf_put(out, list[i].data, list[i].len);
	kst_free(list);
}

static int take_name(struct p12_attrs *a, const struct kst_der_item *value, struct kst_bytes whole,
		     struct kst_error *err)
{
	if (value->id != KST_DER_BMP_STRING)
		return corrupt(err, "the friendlyName of a bag is no BMPString");
	if (value->body.len % 2)
		return corrupt(err, "the friendlyName of a bag has half a character");
	/* Zero characters at the end are dropped, one inside does not cut the name short. */
	char *name = kst_text_from_utf16be(value->body.data, value->body.len);
	if (!name)
		return kst_error_nomem(err);
	a->name_der = whole;
	if (*name)
		a->name = name;
	else
		kst_free(name);
	return 0;
}

/* Every value is an OID; anyExtendedKeyUsage is what "all" is. */
static int take_trust(struct p12_attrs *a, struct kst_der values, struct kst_error *err)
{
	struct kst_buf list KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_der_item oid;
	bool any = false;
	int rc;
	a->trusted = true;
	while ((rc = kst_der_next(&values, &oid)) == 1) {
		if (oid.id != KST_DER_OID)
			return corrupt(err, "the trust mark of a certificate holds no OID");
		any |= KST_OID_IS(oid.body, P12_OID_ANY_USAGE);
		kst_buf_put(&list, oid.whole.data, oid.whole.len);
	}
	if (!any)
		p12_put_sorted(&a->purposes, list.data, list.len);
	a->purposes.failed |= list.failed;
	return rc < 0 ? corrupt(err, "the trust mark of a certificate cannot be decoded") : 0;
}

static int take(struct p12_attrs *a, const struct kst_der_item *attr, struct kst_error *err)
{
	struct kst_der in = kst_der_in(attr), values, all;
	struct kst_der_item oid, value;
	if (kst_der_expect(&in, KST_DER_OID, &oid) < 0 ||
	    kst_der_enter(&in, KST_DER_SET, &values) < 0 || !kst_der_end(&in))
		return corrupt(err, "an attribute of a bag cannot be decoded");
	all = values;

	bool is_name = KST_OID_IS(oid.body, P12_OID_FRIENDLY_NAME);
	bool is_id = KST_OID_IS(oid.body, P12_OID_LOCAL_KEY_ID);
	bool is_trust = KST_OID_IS(oid.body, P12_OID_JAVA_TRUST);
	/* A set has an order of its own when it is written: a second name would come back as the first. */
	if ((is_name && a->name_der.data) || (is_id && a->has_id) || (is_trust && a->trusted)) {
		a->repeated++;
		return 0;
	}
	if ((is_name || is_id) && kst_der_next(&values, &value) != 1)
		return corrupt(err, "an attribute of a bag has no value");
	if (is_name)
		return take_name(a, &value, attr->whole, err);
	if (is_id) {
		if (value.id != KST_DER_OCTET_STRING)
			return corrupt(err, "the localKeyID of a bag is no OCTET STRING");
		a->id = value.body;
		a->has_id = true;
		return 0;
	}
	if (is_trust)
		return take_trust(a, all, err);
	kst_buf_put(&a->rest, attr->whole.data, attr->whole.len);
	return 0;
}

int p12_attrs_parse(struct p12_attrs *out, struct kst_bytes set, struct kst_error *err)
{
	struct kst_der d = kst_der_bytes(set);
	struct kst_der_item attr;
	int rc;
	while ((rc = kst_der_next(&d, &attr)) == 1) {
		if (attr.id != KST_DER_SEQUENCE)
			return corrupt(err, "an attribute of a bag is no SEQUENCE");
		if (take(out, &attr, err) < 0)
			return -1;
	}
	if (rc < 0)
		return corrupt(err, "the attributes of a bag cannot be decoded");
	return out->rest.failed || out->purposes.failed ? kst_error_nomem(err) : 0;
}

void p12_attrs_release(struct p12_attrs *a)
{
	kst_free(a->name);
	kst_buf_release(&a->purposes);
	kst_buf_release(&a->rest);
	memset(a, 0, sizeof(*a));
}

/* ---- writing ---- */

/* Attribute ::= SEQUENCE { type OID, values SET OF ANY }; `value` is whole. */
static void put(struct kst_buf *out, const char *oid, size_t oid_len, const struct kst_buf *values)
{
	struct kst_buf a KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put(&a, KST_DER_OID, oid, oid_len);
	kst_der_put(&a, KST_DER_SET, values->data, values->len);
	kst_der_put(out, KST_DER_SEQUENCE, a.data, a.len);
	out->failed |= a.failed || values->failed;
}
#define PUT(out, oid, values) put((out), (oid), sizeof(oid) - 1, (values))

void p12_put_name(struct kst_buf *out, const char *name)
{
	struct kst_buf bmp KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_text_to_utf16be(&bmp, name, strlen(name)) < 0)
		return; /* no alias of the model is other than UTF-8 */
	kst_der_put(&value, KST_DER_BMP_STRING, bmp.data, bmp.len);
	value.failed |= bmp.failed;
	PUT(out, P12_OID_FRIENDLY_NAME, &value);
}

void p12_put_id(struct kst_buf *out, const void *id, size_t len)
{
	struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put(&value, KST_DER_OCTET_STRING, id, len);
	PUT(out, P12_OID_LOCAL_KEY_ID, &value);
}

void p12_put_trust(struct kst_buf *out, const struct kst_blob *purposes)
{
	struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;
	if (purposes->len)
		kst_buf_put(&value, purposes->data, purposes->len);
	else
		kst_der_put(&value, KST_DER_OID, P12_OID_ANY_USAGE, sizeof(P12_OID_ANY_USAGE) - 1);
	PUT(out, P12_OID_JAVA_TRUST, &value);
}
