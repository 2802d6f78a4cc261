/* SPDX-License-Identifier: ISC */
/*
 * crl_entries.c - looking a serial number up in a CRL (RFC 5280 5.3)
 *
 * One walk makes a table of positions.  It costs a header or four for each entry,
 * and no memory but eight bytes for each of the table's slots; what an entry says
 * is read when it is found.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/cert_impl.h"
#include "crypto/der.h"
#include "kstool/alloc.h"
#include "kstool/time.h"
#include "store/store.h"
#include "revocation/crl.h"

#define OID_REASON	       "\x55\x1d\x15"
#define OID_HOLD_INSTRUCTION   "\x55\x1d\x17"
#define OID_INVALIDITY_DATE    "\x55\x1d\x18"
#define OID_CERTIFICATE_ISSUER "\x55\x1d\x1d"

/* A table half full has runs of a few; somebody has made this one collide. */
#define PROBES_MAX 512

struct entry {
	struct kst_bytes serial, issuer; /* issuer: value of certificateIssuer; empty */
	int64_t when, invalid_since;
	int reason;
	char bad[120]; /* why the whole list must not be used; empty */
};

static void extension(struct entry *e, struct kst_bytes oid, bool critical, struct kst_bytes value)
{
	struct kst_der d = kst_der_bytes(value);
	struct kst_der_item item;
	uint64_t v;

	if (KST_OID_IS(oid, OID_REASON)) {
		/* ENUMERATED; 7 is not used, and removeFromCRL is for delta CRLs. */
		if (kst_der_expect(&d, 0x0a, &item) < 0 || kst_der_uint(item.body, &v) < 0 ||
		    v > 10 || v == 7)
			snprintf(e->bad, sizeof(e->bad), "an entry has a malformed reason");
		else
			e->reason = (int)v;
	} else if (KST_OID_IS(oid, OID_INVALIDITY_DATE)) {
		if (kst_crl_date(&d, &e->invalid_since) < 0)
			e->invalid_since = 0; /* never critical: it says no more than the entry */
	} else if (KST_OID_IS(oid, OID_CERTIFICATE_ISSUER)) {
		if (kst_der_peek(&d) != KST_DER_SEQUENCE)
			snprintf(e->bad, sizeof(e->bad), "an entry has a malformed issuer");
		else
			e->issuer = value;
	} else if (critical && !KST_OID_IS(oid, OID_HOLD_INSTRUCTION)) {
		char text[KST_OID_TEXT];

		kst_oid_text(oid, text);
		snprintf(e->bad, sizeof(e->bad),
			 "the critical extension %.48s of an entry is not understood", text);
	}
}

/* The entry at the cursor.  1, 0 at the end, -1 malformed. */
static int next_entry(struct kst_der *list, struct entry *e)
{
	struct kst_der_item whole, item, flag, value;
	struct kst_der in, exts, ext;
	int ret = kst_der_next(list, &whole);

	if (ret != 1)
		return ret;
	*e = (struct entry){ .reason = -1 };
	in = kst_der_in(&whole);
	if (whole.id != KST_DER_SEQUENCE || whole.indefinite ||
	    kst_der_expect(&in, KST_DER_INTEGER, &item) < 0 || !item.body.len)
		return -1;
	e->serial = item.body;
	if (kst_crl_date(&in, &e->when) < 0)
		return -1;
	if (kst_der_end(&in))
		return 1;
	if (kst_der_enter(&in, KST_DER_SEQUENCE, &exts) < 0 || !kst_der_end(&in))
		return -1;
	while (!kst_der_end(&exts)) {
		int has;

		if (kst_der_enter(&exts, KST_DER_SEQUENCE, &ext) < 0 ||
		    kst_der_expect(&ext, KST_DER_OID, &item) < 0 ||
		    (has = kst_der_optional(&ext, KST_DER_BOOLEAN, &flag)) < 0 ||
		    kst_der_expect(&ext, KST_DER_OCTET_STRING, &value) < 0)
			return -1;
		extension(e, item.body, has && flag.body.len == 1 && flag.body.data[0], value.body);
	}
	return 1;
}

/* As a certificate may write it: superfluous zeros are no other number. */
static struct kst_bytes serial_of(struct kst_bytes s)
{
	while (s.len > 1 && !s.data[0] && !(s.data[1] & 0x80)) {
		s.data++;
		s.len--;
	}
	return s;
}

/* The Name in a GeneralNames, which must be there: RFC 5280 5.3.3. */
static struct kst_bytes directory_name(struct kst_bytes general_names)
{
	struct kst_der d = kst_der_bytes(general_names), in;
	struct kst_der_item item;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0)
		while (kst_der_next(&in, &item) == 1)
			if (item.id == KST_DER_CONTEXT_CONSTRUCTED(4))
				return item.body;
	return (struct kst_bytes){ .data = NULL };
}

/* An issuer and its hash, which is not to be made anew for each entry. */
struct issuer {
	struct kst_bytes name;
	uint64_t hash;
};

static struct issuer issuer_named(struct kst_bytes name)
{
	return (struct issuer){ name, kst_name_hash(name) };
}

/* ---- positions in the bytes of the entries ---- */

static struct kst_bytes from(const struct kst_crl *c, uint32_t at)
{
	return (struct kst_bytes){ c->entries.data + at - 1, c->entries.len - (at - 1) };
}

static struct kst_bytes issuer_of(const struct kst_crl *c, const struct kst_crl_slot *s)
{
	struct kst_der_item item;
	struct kst_bytes rest;
	struct kst_der d;

	if (!s->issuer)
		return c->issuer;
	rest = from(c, s->issuer);
	d = kst_der_bytes(rest);
	if (kst_der_expect(&d, KST_DER_SEQUENCE, &item) < 0)
		return (struct kst_bytes){ .data = NULL };
	return directory_name(item.whole);
}

static struct kst_bytes serial_at(const struct kst_crl *c, uint32_t at)
{
	struct kst_der d = kst_der_bytes(from(c, at)), in;
	struct kst_der_item item = { .id = 0 };

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0)
		kst_der_expect(&in, KST_DER_INTEGER, &item);
	return serial_of(item.body);
}

static int entry_at(const struct kst_crl *c, uint32_t at, struct entry *e)
{
	struct kst_der d = kst_der_bytes(from(c, at));

	return next_entry(&d, e) == 1 ? 0 : -1;
}

static struct kst_crl_slot *slot_of(const struct kst_crl *c, struct kst_bytes serial,
				    struct issuer by)
{
	size_t k;

	serial = serial_of(serial);
	k = (size_t)kst_hash(c->seed ^ by.hash, serial.data, serial.len);
	for (unsigned probes = 0; probes < PROBES_MAX; probes++) {
		struct kst_crl_slot *s = &c->slot[k++ & (c->slots - 1)];
		struct kst_bytes have;

		if (!s->at)
			return s;
		have = serial_at(c, s->at);
		if (kst_bytes_is(have, serial.data, serial.len) &&
		    kst_name_equal(issuer_of(c, s), by.name))
			return s;
	}
	return NULL;
}

static int fault(struct kst_crl *c, const char *text)
{
	if (!*c->fault)
		snprintf(c->fault, sizeof(c->fault), "%s", text);
	return 0;
}

static size_t count(const struct kst_crl *c)
{
	struct kst_der d = kst_der_bytes(c->entries);
	struct kst_der_item item;
	size_t n = 0;

	while (kst_der_next(&d, &item) == 1)
		n++;
	return n;
}

int kst_crl_index(struct kst_crl *c, struct kst_error *err)
{
	struct kst_der d = kst_der_bytes(c->entries);
	struct issuer issuer = issuer_named(c->issuer);
	uint32_t issuer_at = 0;
	struct entry e;
	size_t n;
	int more;

	if (c->indexed)
		return 0;
	n = count(c);
	for (c->slots = 16; c->slots / 2 <= n;)
		c->slots *= 2;
	kst_free(c->slot);
	c->slot = kst_calloc(c->slots, sizeof(*c->slot));
	if (!c->slot)
		return kst_error_nomem(err);
	c->indexed = true;
	c->nr = 0;
	for (;;) {
		uint32_t at = (uint32_t)(d.p - c->entries.data) + 1;
		struct kst_crl_slot *s;

		if (!c->entries.len || (more = next_entry(&d, &e)) == 0)
			return 0;
		if (more < 0)
			return fault(c, "an entry is malformed");
		if (*e.bad)
			return fault(c, e.bad);
		c->nr++;
		/* It holds for this entry and all that follow until the next (RFC 5280 5.3.3). */
		if (e.issuer.len) {
			issuer_at = (uint32_t)(e.issuer.data - c->entries.data) + 1;
			issuer = issuer_named(directory_name(e.issuer));
			if (!issuer.name.len)
				return fault(c, "the issuer of an entry is no name");
			if (!c->scope.indirect)
				return fault(c, "it has entries of another CA and is not marked as "
						"indirect");
		}
		s = slot_of(c, e.serial, issuer);
		if (!s)
			return fault(c, "its entries are made to collide");
		if (!s->at)
			*s = (struct kst_crl_slot){ at, issuer_at };
	}
}

bool kst_crl_find(const struct kst_crl *c, struct kst_bytes serial, struct kst_bytes issuer,
		  struct kst_crl_found *out)
{
	const struct kst_crl_slot *s = c->slots ? slot_of(c, serial, issuer_named(issuer)) : NULL;
	struct entry e;

	if (!s || !s->at || entry_at(c, s->at, &e) < 0)
		return false;
	*out = (struct kst_crl_found){ e.when, e.invalid_since, e.reason };
	return true;
}
