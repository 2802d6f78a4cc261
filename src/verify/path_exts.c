/* SPDX-License-Identifier: ISC */
/* path_exts.c - the extensions that a path depends on, decoded strictly (RFC 5280 4.2) */
#include <string.h>

#include "verify/path.h"

static const struct {
	const char *oid;
	uint8_t len;
} known[EXT_COUNT] = {
#define CE(n) { "\x55\x1d" n, 3 }
	[EXT_BASIC] = CE("\x13"),
	[EXT_KEY_USAGE] = CE("\x0f"),
	[EXT_EKU] = CE("\x25"),
	[EXT_SAN] = CE("\x11"),
	[EXT_NAMES] = CE("\x1e"),
	[EXT_AKI] = CE("\x23"),
	[EXT_SKI] = CE("\x0e"),
	[EXT_POLICIES] = CE("\x20"),
	[EXT_POLICY_MAPPINGS] = CE("\x21"),
	[EXT_POLICY_CONSTRAINTS] = CE("\x24"),
	[EXT_INHIBIT_ANY] = CE("\x36"),
	[EXT_CRL_POINTS] = CE("\x1f"),
	[EXT_ISSUER_ALT] = CE("\x12"),
	[EXT_AIA] = { "\x2b\x06\x01\x05\x05\x07\x01\x01", 8 },
	[EXT_NETSCAPE_TYPE] = { "\x60\x86\x48\x01\x86\xf8\x42\x01\x01", 9 },
	[EXT_OCSP_NOCHECK] = { "\x2b\x06\x01\x05\x05\x07\x30\x01\x05", 9 },
	[EXT_TLS_FEATURE] = { "\x2b\x06\x01\x05\x05\x07\x01\x18", 8 },
#undef CE
};

/* Which of those that are known are also heeded, so that they may be critical. */
static bool understood(enum ext_known k)
{
	return k != EXT_AIA && k != EXT_TLS_FEATURE && k != EXT_NETSCAPE_TYPE;
}

static int which(struct kst_bytes oid)
{
	for (int i = 0; i < EXT_COUNT; i++)
		if (kst_bytes_is(oid, known[i].oid, known[i].len))
			return i;
	return -1;
}

/* ---- one by one ---- */

static bool read_basic(struct exts *x, struct kst_bytes v)
{
	struct kst_der d = kst_der_bytes(v), in;
	struct kst_der_item item;
	uint64_t len;
	int has;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d))
		return false;
	has = kst_der_optional(&in, KST_DER_BOOLEAN, &item);
	if (has < 0 || (has && item.body.len != 1))
		return false;
	x->ca = has && item.body.data[0];
	has = kst_der_optional(&in, KST_DER_INTEGER, &item);
	if (has < 0 || !kst_der_end(&in))
		return false;
	if (has) {
		if (kst_der_uint(item.body, &len) < 0)
			return false;
		x->path_len = len > INT32_MAX ? INT32_MAX : (int64_t)len;
	}
	return true;
}

static bool read_key_usage(struct exts *x, struct kst_bytes v)
{
	struct kst_der d = kst_der_bytes(v);
	struct kst_der_item bits;

	if (kst_der_expect(&d, KST_DER_BIT_STRING, &bits) < 0 || !kst_der_end(&d) || bits.body.len < 1 ||
	    bits.body.len > 3 || bits.body.data[0] > 7)
		return false;
	x->key_usage = bits.body.len > 1 ? (unsigned)bits.body.data[1] << 8 : 0;
	if (bits.body.len > 2)
		x->key_usage |= bits.body.data[2];
	return x->key_usage != 0; /* "at least one of the bits MUST be set" */
}

static bool read_eku(struct exts *x, struct kst_bytes v)
{
	static const struct {
		const char *oid;
		uint8_t len;
		unsigned purpose;
	} use[] = {
		{ "\x55\x1d\x25\x00", 4, KST_FOR_EVERYTHING },
		{ "\x2b\x06\x01\x05\x05\x07\x03\x01", 8, KST_FOR_SERVER },
		{ "\x2b\x06\x01\x05\x05\x07\x03\x02", 8, KST_FOR_CLIENT },
		{ "\x2b\x06\x01\x05\x05\x07\x03\x03", 8, KST_FOR_CODE },
		{ "\x2b\x06\x01\x05\x05\x07\x03\x04", 8, KST_FOR_EMAIL },
		{ "\x2b\x06\x01\x05\x05\x07\x03\x08", 8, KST_FOR_TIME },
	};
	struct kst_der d = kst_der_bytes(v), in;
	struct kst_der_item id;

	x->eku = 0;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d))
		return false;
	while (!kst_der_end(&in)) {
		if (kst_der_expect(&in, KST_DER_OID, &id) < 0)
			return false;
		x->nr_eku++;
		for (size_t i = 0; i < sizeof(use) / sizeof(use[0]); i++)
			if (kst_bytes_is(id.body, use[i].oid, use[i].len)) {
				x->eku |= use[i].purpose;
				x->eku_any |= !i;
			}
	}
	return x->nr_eku > 0; /* SIZE (1..MAX) */
}

static bool read_san(struct kst_bytes v)
{
	struct kst_der d = kst_der_bytes(v), in;
	struct kst_der_item name;
	size_t nr = 0;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d))
		return false;
	for (; !kst_der_end(&in); nr++)
		if (kst_der_next(&in, &name) != 1 || (name.id & 0xc0) != 0x80)
			return false;
	return nr > 0;
}

static bool read_aki(struct exts *x, struct kst_bytes v)
{
	struct kst_der d = kst_der_bytes(v), in;
	struct kst_der_item item;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d))
		return false;
	while (!kst_der_end(&in)) {
		if (kst_der_next(&in, &item) != 1)
			return false;
		if (item.id == KST_DER_CONTEXT(0)) {
			x->aki_has_key_id = true;
			x->aki_key_id = item.body;
		} else if (item.id == KST_DER_CONTEXT_CONSTRUCTED(1)) {
			x->aki_issuer = true;
		} else if (item.id == KST_DER_CONTEXT(2)) {
			x->aki_serial = true;
		} else {
			return false;
		}
	}
	return true;
}

static bool read_ski(struct exts *x, struct kst_bytes v)
{
	struct kst_der d = kst_der_bytes(v);
	struct kst_der_item item;

	if (kst_der_expect(&d, KST_DER_OCTET_STRING, &item) < 0 || !kst_der_end(&d))
		return false;
	x->ski = item.body;
	return true;
}

/* A SEQUENCE with at least one SEQUENCE in it: policies, mappings, distribution points, AIA. */
static bool read_list(struct kst_bytes v)
{
	struct kst_der d = kst_der_bytes(v), in;
	size_t nr = 0;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d))
		return false;
	for (; !kst_der_end(&in); nr++)
		if (kst_der_expect(&in, KST_DER_SEQUENCE, NULL) < 0)
			return false;
	return nr > 0;
}

/* Each access location is a method and a place (RFC 5280 4.2.2.1). */
static bool read_aia(struct kst_bytes v)
{
	struct kst_der d = kst_der_bytes(v), in, at;
	struct kst_der_item item;

	if (!read_list(v))
		return false;
	for (kst_der_enter(&d, KST_DER_SEQUENCE, &in); kst_der_enter(&in, KST_DER_SEQUENCE, &at) == 0;)
		if (kst_der_expect(&at, KST_DER_OID, NULL) < 0 || kst_der_next(&at, &item) != 1 ||
		    (item.id & 0xc0) != 0x80 || !kst_der_end(&at))
			return false;
	return true;
}

static bool read_any(struct kst_bytes v)
{
	struct kst_der d = kst_der_bytes(v);
	struct kst_der_item item;

	return kst_der_next(&d, &item) == 1 && kst_der_end(&d);
}

static bool read_one(struct exts *x, enum ext_known k, struct kst_bytes v)
{
	switch (k) {
	case EXT_BASIC:
		return read_basic(x, v);
	case EXT_KEY_USAGE:
		return read_key_usage(x, v);
	case EXT_EKU:
		return read_eku(x, v);
	case EXT_SAN:
		return read_san(v);
	case EXT_AKI:
		return read_aki(x, v);
	case EXT_SKI:
		return read_ski(x, v);
	case EXT_POLICIES:
	case EXT_POLICY_MAPPINGS:
	case EXT_CRL_POINTS:
		return read_list(v);
	case EXT_AIA:
		return read_aia(v);
	case EXT_NAMES: /* path_names.c goes into it */
	case EXT_POLICY_CONSTRAINTS:
	case EXT_INHIBIT_ANY:
	case EXT_ISSUER_ALT:
	case EXT_NETSCAPE_TYPE:
	case EXT_OCSP_NOCHECK:
	case EXT_TLS_FEATURE:
	case EXT_COUNT:
		return read_any(v);
	}
	return false;
}

/* ---- all of them ---- */

void exts_read(struct exts *x, const struct kst_cert *cert)
{
	struct kst_der list = kst_der_bytes(cert->extensions), ext;
	struct kst_bytes seen[MAX_SEEN];
	size_t nr = 0;

	*x = (struct exts){ .path_len = -1, .key_usage = 0xffff, .eku = KST_FOR_EVERYTHING };
	x->any = cert->extensions.len != 0;
	while (!kst_der_end(&list)) {
		struct kst_der_item id, flag, value;
		bool critical;
		int has, k;

		if (kst_der_enter(&list, KST_DER_SEQUENCE, &ext) < 0 || kst_der_expect(&ext, KST_DER_OID, &id) < 0 ||
		    (has = kst_der_optional(&ext, KST_DER_BOOLEAN, &flag)) < 0 || (has && flag.body.len != 1) ||
		    kst_der_expect(&ext, KST_DER_OCTET_STRING, &value) < 0 || !kst_der_end(&ext) ||
		    nr == MAX_SEEN) {
			x->malformed = true;
			return;
		}
		for (size_t i = 0; i < nr; i++)
			if (kst_bytes_is(seen[i], id.body.data, id.body.len))
				x->twice = id.body;
		seen[nr++] = id.body;
		critical = has && flag.body.data[0];
		k = which(id.body);
		if (critical && (k < 0 || !understood((enum ext_known)k)) && !x->unknown_critical.data)
			x->unknown_critical = id.body;
		if (k < 0 || x->of[k].has)
			continue;
		x->of[k].has = true;
		x->of[k].critical = critical;
		x->of[k].value = value.body;
		x->of[k].bad = !read_one(x, (enum ext_known)k, value.body);
	}
}
