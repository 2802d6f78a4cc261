/* SPDX-License-Identifier: ISC */
/* crl.c - the outer structure of a CRL and its extensions (RFC 5280 5.1, 5.2) */
#include "revocation/crl.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "crypto/cert_impl.h"
#include "crypto/der.h"
#include "kstool/alloc.h"
#include "kstool/time.h"

#define OID_AUTHORITY_KEY_ID "\x55\x1d\x23"
#define OID_ISSUER_ALT_NAME  "\x55\x1d\x12"
#define OID_CRL_NUMBER	     "\x55\x1d\x14"
#define OID_DELTA_CRL	     "\x55\x1d\x1b"
#define OID_ISSUING_POINT    "\x55\x1d\x1c"
#define OID_FRESHEST_CRL     "\x55\x1d\x2e"
#define OID_AUTHORITY_INFO   "\x2b\x06\x01\x05\x05\x07\x01\x01"

/* The bytes that were signed are DER; OpenSSL's reader takes indefinite lengths too. */
static int element(struct kst_der *d, uint8_t id, struct kst_der_item *item)
{
	struct kst_der at = *d;

	if (kst_der_expect(&at, id, item) < 0 || item->indefinite)
		return -1;
	*d = at;
	return 0;
}

int kst_crl_date(struct kst_der *d, int64_t *out)
{
	struct kst_der_item item;

	if (kst_der_next(d, &item) != 1 ||
	    (item.id != KST_DER_UTC_TIME && item.id != KST_DER_GENERALIZED_TIME))
		return -1;
	return kst_time_from_asn1(item.id == KST_DER_GENERALIZED_TIME, item.body.data,
				  item.body.len, out);
}

static void fault(struct kst_crl *c, const char *text)
{
	if (!*c->fault)
		snprintf(c->fault, sizeof(c->fault), "%s", text);
}

static void lax(struct kst_crl *c, const char *text)
{
	if (!*c->lax)
		snprintf(c->lax, sizeof(c->lax), "%s", text);
}

int kst_crl_reason_flags(struct kst_bytes bits, unsigned *out)
{
	unsigned mask = 0;

	if (bits.len < 1 || bits.len > 3 || bits.data[0] > 7)
		return -1;
	for (size_t i = 0; i < (bits.len - 1) * 8; i++)
		if (bits.data[1 + i / 8] & 0x80 >> i % 8)
			mask |= 1u << i;
	*out = mask & KST_REASONS_ALL;
	return 0;
}

static bool is_true(const struct kst_der_item *flag)
{
	return flag->body.len == 1 && flag->body.data[0];
}

/* IssuingDistributionPoint: all optional, in this order. */
static int read_scope(struct kst_crl_scope *s, struct kst_bytes value)
{
	struct kst_der d = kst_der_bytes(value), in;
	struct kst_der_item item;

	s->der = value;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d))
		return -1;
	if (kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &item) == 1)
		s->point = item.body;
	if (kst_der_optional(&in, KST_DER_CONTEXT(1), &item) == 1)
		s->user = is_true(&item);
	if (kst_der_optional(&in, KST_DER_CONTEXT(2), &item) == 1)
		s->ca = is_true(&item);
	if (kst_der_optional(&in, KST_DER_CONTEXT(3), &item) == 1 &&
	    kst_crl_reason_flags(item.body, &s->reasons) < 0)
		return -1;
	if (kst_der_optional(&in, KST_DER_CONTEXT(4), &item) == 1)
		s->indirect = is_true(&item);
	if (kst_der_optional(&in, KST_DER_CONTEXT(5), &item) == 1)
		s->attribute = is_true(&item);
	return kst_der_end(&in) ? 0 : -1;
}

static int read_number(struct kst_bytes value, struct kst_bytes *out)
{
	struct kst_der d = kst_der_bytes(value);
	struct kst_der_item item;

	/* At most 20 octets (RFC 5280 5.2.3), and never negative. */
	if (element(&d, KST_DER_INTEGER, &item) < 0 || !kst_der_end(&d) || !item.body.len ||
	    item.body.len > 21 || item.body.data[0] & 0x80)
		return -1;
	*out = item.body;
	return 0;
}

static void read_extension(struct kst_crl *c, struct kst_bytes oid, bool critical,
			   struct kst_bytes value)
{
	struct kst_der d = kst_der_bytes(value), in;
	struct kst_der_item item;

	if (KST_OID_IS(oid, OID_AUTHORITY_KEY_ID)) {
		if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0)
			fault(c, "its authority key identifier is malformed");
		else if (kst_der_optional(&in, KST_DER_CONTEXT(0), &item) == 1)
			c->key_id = item.body;
	} else if (KST_OID_IS(oid, OID_CRL_NUMBER)) {
		if (read_number(value, &c->number) < 0)
			fault(c, "its number is malformed");
		else if (critical)
			lax(c, "its number is marked critical, which RFC 5280 5.2.3 forbids");
	} else if (KST_OID_IS(oid, OID_DELTA_CRL)) {
		c->delta = true;
		if (read_number(value, &c->base) < 0)
			fault(c, "its base number is malformed");
	} else if (KST_OID_IS(oid, OID_ISSUING_POINT)) {
		if (read_scope(&c->scope, value) < 0)
			fault(c, "its issuing distribution point is malformed");
	} else if (critical && !KST_OID_IS(oid, OID_ISSUER_ALT_NAME) &&
		   !KST_OID_IS(oid, OID_FRESHEST_CRL) && !KST_OID_IS(oid, OID_AUTHORITY_INFO)) {
		char text[KST_OID_TEXT], line[200];

		kst_oid_text(oid, text);
		snprintf(line, sizeof(line), "its critical extension %.100s is not understood",
			 text);
		fault(c, line);
	}
}

/* What is wrong with an extension is a fault of the list, not of its structure. */
static int read_extensions(struct kst_crl *c, struct kst_bytes list)
{
	struct kst_der d = kst_der_bytes(list), ext;
	struct kst_der_item id, flag, value;
	struct kst_bytes seen[32];
	size_t nr = 0;

	while (!kst_der_end(&d)) {
		bool critical = false;
		int has;

		if (kst_der_enter(&d, KST_DER_SEQUENCE, &ext) < 0 ||
		    kst_der_expect(&ext, KST_DER_OID, &id) < 0 ||
		    (has = kst_der_optional(&ext, KST_DER_BOOLEAN, &flag)) < 0 ||
		    kst_der_expect(&ext, KST_DER_OCTET_STRING, &value) < 0 || !kst_der_end(&ext))
			return -1;
		if (has)
			critical = is_true(&flag);
		for (size_t i = 0; i < nr; i++)
			if (kst_bytes_is(id.body, seen[i].data, seen[i].len))
				fault(c, "it has an extension twice");
		if (nr == sizeof(seen) / sizeof(seen[0])) {
			fault(c, "it has more extensions than anybody needs");
			return 0;
		}
		seen[nr++] = id.body;
		read_extension(c, id.body, critical, value.body);
	}
	return 0;
}

static const char *read_tbs(struct kst_crl *c, struct kst_der *at, struct kst_bytes *inner)
{
	struct kst_der tbs = *at, in;
	struct kst_der_item item;
	uint64_t v;
	int id;

	if (kst_der_peek(&tbs) == KST_DER_INTEGER) {
		if (element(&tbs, KST_DER_INTEGER, &item) < 0 || kst_der_uint(item.body, &v) < 0 ||
		    v > 9)
			return "the version";
		c->version = (unsigned)v;
	}
	*at = tbs;
	if (element(&tbs, KST_DER_SEQUENCE, &item) < 0)
		return "the signature algorithm";
	*inner = item.whole;
	*at = tbs;
	if (element(&tbs, KST_DER_SEQUENCE, &item) < 0)
		return "the issuer";
	c->issuer = item.whole;
	*at = tbs;
	if (kst_crl_date(&tbs, &c->this_update) < 0)
		return "the date of issue";
	*at = tbs;
	id = kst_der_peek(&tbs);
	if ((id == KST_DER_UTC_TIME || id == KST_DER_GENERALIZED_TIME) &&
	    kst_crl_date(&tbs, &c->next_update) < 0)
		return "the date of the next issue";
	*at = tbs;
	if (kst_der_peek(&tbs) == KST_DER_SEQUENCE) {
		if (element(&tbs, KST_DER_SEQUENCE, &item) < 0)
			return "the list of entries";
		c->entries = item.body;
	}
	*at = tbs;
	if (!kst_der_end(&tbs)) {
		if (element(&tbs, KST_DER_CONTEXT_CONSTRUCTED(0), &item) < 0 || !kst_der_end(&tbs))
			return "what follows the entries";
		in = kst_der_in(&item);
		if (element(&in, KST_DER_SEQUENCE, &item) < 0 || !kst_der_end(&in) ||
		    read_extensions(c, item.body) < 0)
			return "the extensions";
	}
	return NULL;
}

/* NULL, or what does not parse. */
static const char *walk(struct kst_crl *c, struct kst_der *at)
{
	struct kst_der whole = kst_der_over(c->der.data, c->der.len), list;
	struct kst_der_item item;
	struct kst_bytes inner = { .data = NULL };
	const char *bad;

	*at = whole;
	if (element(&whole, KST_DER_SEQUENCE, &item) < 0)
		return "the outer sequence";
	if (!kst_der_end(&whole)) {
		*at = whole;
		return "what follows its end";
	}
	*at = list = kst_der_in(&item);
	if (element(&list, KST_DER_SEQUENCE, &item) < 0)
		return "the signed part";
	c->tbs = item.whole;
	*at = kst_der_in(&item);
	bad = read_tbs(c, at, &inner);
	if (bad)
		return bad;
	*at = list;
	if (element(&list, KST_DER_SEQUENCE, &item) < 0)
		return "the outer signature algorithm";
	c->algorithm = item.whole;
	if (!kst_bytes_is(inner, item.whole.data, item.whole.len))
		fault(c, "its two signature algorithms differ");
	*at = list;
	if (element(&list, KST_DER_BIT_STRING, &item) < 0 || !item.body.len || !kst_der_end(&list))
		return "the signature";
	c->signature = item.body;
	return NULL;
}

static void demands(struct kst_crl *c)
{
	if (c->version == 0)
		lax(c, "it is of version 1; RFC 5280 5.1.2.1 demands version 2");
	else if (c->version != 1)
		fault(c, "its version is unknown");
	if (!c->next_update)
		lax(c, "it does not say when the next one is due (RFC 5280 5.1.2.5)");
	if (!c->number.len)
		lax(c, "it has no number (RFC 5280 5.2.3)");
	if (c->scope.user + c->scope.ca + c->scope.attribute > 1)
		fault(c, "its issuing distribution point contradicts itself");
}

int kst_crl_new(struct kst_crl **out, const uint8_t *der, size_t len, const char *name,
		struct kst_error *err)
{
	struct kst_crl *c = kst_calloc(1, sizeof(*c));
	const char *bad;
	struct kst_der at;

	if (!c)
		return kst_error_nomem(err);
	c->scope.reasons = KST_REASONS_ALL;
	if (kst_blob_set(&c->der, der, len) < 0 || !(c->name = kst_strdup(name ? name : ""))) {
		kst_crl_free(c);
		return kst_error_nomem(err);
	}
	/* Offsets are 32 bits. */
	bad = !len ? "all of it" : len > UINT32_MAX ? "so large a list" : walk(c, &at);
	if (bad) {
		if (!len || len > UINT32_MAX)
			kst_error_setx(err, KST_E_CORRUPT, "no revocation list: %s cannot be read",
				       bad);
		else
			kst_error_setx(err, KST_E_CORRUPT,
				       "no revocation list: %s cannot be read (byte %zu of %zu)",
				       bad, (size_t)(at.p - c->der.data), len);
		kst_crl_free(c);
		return -1;
	}
	if (getrandom(&c->seed, sizeof(c->seed), GRND_NONBLOCK) < 0)
		c->seed = (uintptr_t)c;
	demands(c);
	*out = c;
	return 0;
}

void kst_crl_free(struct kst_crl *crl)
{
	if (!crl)
		return;
	kst_free(crl->name);
	kst_blob_release(&crl->der);
	kst_free(crl->slot);
	kst_free(crl);
}

static struct kst_bytes without_zeros(struct kst_bytes b)
{
	while (b.len > 1 && !b.data[0]) {
		b.data++;
		b.len--;
	}
	return b;
}

int kst_crl_number_cmp(struct kst_bytes a, struct kst_bytes b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len ? memcmp(a.data, b.data, a.len) : 0;
}

bool kst_crl_newer(const struct kst_crl *a, const struct kst_crl *b)
{
	int n = a->number.len && b->number.len ? kst_crl_number_cmp(a->number, b->number) : 0;

	return n ? n > 0 : a->this_update > b->this_update;
}
