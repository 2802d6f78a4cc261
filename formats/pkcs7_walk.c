/* SPDX-License-Identifier: ISC */
/*
 * pkcs7_walk.c - walking a SignedData (RFC 2315 section 9, RFC 5652 section 5)
 *
 * Content and signatures are stepped over, never looked at: what counts in a
 * bundle is what travels with them.  Indefinite lengths (BER) are followed down to
 * the certificates, which are DER of their own.
 */
#include "pkcs7_walk.h"

#include <string.h>

#include "crypto/der.h"
#include "der_kind.h"
#include "kstool/alloc.h"

/* 1.2.840.113549.1.7, and the number of the type behind it. */
static const uint8_t pkcs7[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7 };

const char *const pkcs7_labels[] = { "PKCS7", "CMS", "PKCS #7 SIGNED DATA", "CERTIFICATE CHAIN",
				     NULL };

int pkcs7_sniff(const uint8_t *data, size_t n)
{
	/* SEQUENCE, a length of up to nine octets, OID. */
	if (n < 2 || data[0] != KST_DER_SEQUENCE)
		return 0;
	size_t at = 2 + (data[1] & 0x80 ? data[1] & 0x7f : 0);
	if (data[1] == 0xff || n < at + 2 + sizeof(pkcs7) + 1 || data[at] != KST_DER_OID ||
	    data[at + 1] != sizeof(pkcs7) + 1 ||
	    memcmp(data + at + 2, pkcs7, sizeof(pkcs7)) != 0)
		return 0;
	return data[at + 2 + sizeof(pkcs7)];
}

static int not_signed(int type, struct kst_error *err)
{
	static const char *const names[] = {
		NULL, "data", NULL, "enveloped data, which is encrypted",
		"signed and enveloped data, which is encrypted", "digested data",
		"encrypted data"
	};
	const size_t nr = sizeof(names) / sizeof(names[0]);
	const char *name = type > 0 && (size_t)type < nr ? names[type] : NULL;
	return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
			      "is PKCS#7 of the type %s; certificates are in signed data only",
			      name ? name : "that nobody knows");
}

/* Without what stands behind its end, as OpenSSL and everybody after it read these files. */
static int check_size(const uint8_t *data, size_t *n, struct kst_error *err)
{
	uint64_t size = 0;
	der_sniff(data, *n, &size);
	if (size > *n)
		return kst_error_setx(err, KST_E_TRUNCATED,
				      "ends at byte %zu, and its outermost element says %llu", *n,
				      (unsigned long long)size);
	if (size)
		*n = (size_t)size;
	return 0;
}

static int signed_data(struct kst_der in, struct pkcs7_parts *p)
{
	struct kst_der_item item;
	struct kst_der content;
	int rc;

	if (kst_der_expect(&in, KST_DER_INTEGER, &item) < 0)
		return -1;
	p->version = item.whole;
	if (kst_der_expect(&in, KST_DER_SET, &item) < 0)
		return -1;
	p->digests = item.whole;
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &item) < 0)
		return -1;
	p->content = item.whole;
	content = kst_der_in(&item);
	if (kst_der_expect(&content, KST_DER_OID, NULL) < 0)
		return -1;
	p->has_content = !kst_der_end(&content);
	if ((rc = kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &item)) < 0)
		return -1;
	if (rc)
		p->certs = item.body;
	if ((rc = kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(1), &item)) < 0)
		return -1;
	if (rc)
		p->crls = item.body;
	/* Some writers of mere bundles leave the empty set of signers out. */
	if ((rc = kst_der_optional(&in, KST_DER_SET, &item)) < 0)
		return -1;
	if (rc) {
		p->signers = item.whole;
		p->is_signed = item.body.len > 0;
	}
	return kst_der_end(&in) ? 0 : -1;
}

int pkcs7_parse(const uint8_t *data, size_t n, struct pkcs7_parts *out, struct kst_error *err)
{
	struct pkcs7_parts p = { .has_content = false };
	struct kst_der_item all;
	struct kst_der in, wrapped, body;
	size_t there = n;
	int type = pkcs7_sniff(data, n);

	if (check_size(data, &n, err) < 0)
		return -1;
	if (type && type != 2)
		return not_signed(type, err);
	if (!type || kst_der_whole(data, n, KST_DER_SEQUENCE, &all) < 0)
		goto corrupt;
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_OID, NULL) < 0 ||
	    kst_der_enter(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &wrapped) < 0 ||
	    !kst_der_end(&in) || kst_der_enter(&wrapped, KST_DER_SEQUENCE, &body) < 0 ||
	    !kst_der_end(&wrapped) || signed_data(body, &p) < 0)
		goto corrupt;
	p.behind = there - n;
	*out = p;
	return 0;
corrupt:
	return kst_error_setx(err, KST_E_CORRUPT, "is no PKCS#7 SignedData, whatever its start says");
}

/* ---- entries ---- */

struct walk {
	const struct kst_limits *limits;
	size_t nr;
	int (*each)(void *ctx, struct kst_entry *e, struct kst_error *err);
	void *ctx;
};

static struct kst_entry *make(const struct kst_der_item *item, bool list, struct kst_error *err)
{
	struct kst_bytes der = item->whole;
	if (item->id != KST_DER_SEQUENCE) /* RFC 5652 section 10.2: everything else is tagged */
		return der_bytes_entry(KST_KIND_OPAQUE, der.data, der.len,
				       list ? PKCS7_OTHER_CRL : PKCS7_OTHER_CERT, err);
	if (!list)
		return der_cert_entry(der.data, der.len, err);
	if (der_is_signed(der.data, der.len))
		return der_bytes_entry(KST_KIND_CRL, der.data, der.len, NULL, err);
	kst_error_setx(err, KST_E_CORRUPT, "is no revocation list");
	return NULL;
}

static int walk_set(struct walk *w, struct kst_bytes set, bool list, struct kst_error *err)
{
	struct kst_der in = kst_der_bytes(set);
	struct kst_der_item item;
	size_t nr = 0;
	int rc;

	while ((rc = kst_der_next(&in, &item)) == 1) {
		struct kst_error why = KST_ERROR_INIT;
		struct kst_entry *e;
		nr++;
		if (w->nr++ >= w->limits->blocks)
			return kst_error_setx(err, KST_E_LIMIT, "holds more than %u certificates",
					      w->limits->blocks);
		if (!(e = make(&item, list, &why))) {
			if (why.code == KST_E_NO_MEMORY)
				return kst_error_nomem(err);
			return kst_error_setx(err, why.code, "%s %zu %s",
					      list ? "list" : "certificate", nr, why.message);
		}
		if (w->each(w->ctx, e, err) < 0)
			return -1;
	}
	return rc < 0 ? kst_error_setx(err, KST_E_CORRUPT, "is damaged behind %s %zu",
				       list ? "list" : "certificate", nr)
		      : 0;
}

int pkcs7_each(const struct pkcs7_parts *parts, const struct kst_limits *limits,
	       int (*each)(void *ctx, struct kst_entry *e, struct kst_error *err), void *ctx,
	       struct kst_error *err)
{
	struct walk w = { limits, 0, each, ctx };
	if (walk_set(&w, parts->certs, false, err) < 0)
		return -1;
	return walk_set(&w, parts->crls, true, err);
}
