/* SPDX-License-Identifier: ISC */
/*
 * der_kind.c - telling the DER objects apart
 *
 * All of them are a SEQUENCE; which one is told by the first two elements in it
 * (and one level further down for what is signed).  PKCS#12 (SEQUENCE, INTEGER 3,
 * SEQUENCE { OID }) and PKCS#7 (SEQUENCE { OID }) must fall through.
 */
#include "der_kind.h"

#include <string.h>

#include "crypto/der.h"
#include "kstool/alloc.h"

struct head {
	uint8_t id;
	size_t header;  /* bytes of identifier and length */
	uint64_t len;   /* of the contents */
	bool indefinite;
};

/* Identifier and length at p; the contents need not be there.  0 or -1. */
static int head_of(const uint8_t *p, size_t n, struct head *h)
{
	if (n < 2 || (p[0] & 0x1f) == 0x1f)
		return -1;
	*h = (struct head){ .id = p[0], .header = 2, .len = p[1] };
	if (p[1] < 0x80)
		return 0;
	size_t bytes = p[1] & 0x7f;
	h->indefinite = bytes == 0;
	if (bytes > 8 || n < 2 + bytes)
		return -1;
	h->len = 0;
	for (size_t i = 0; i < bytes; i++)
		h->len = h->len << 8 | p[2 + i];
	h->header += bytes;
	return 0;
}

/* The elements that a SEQUENCE starts with, as far as they are there. */
static size_t elements(const uint8_t *p, size_t n, struct head *h, const uint8_t **at, size_t max)
{
	size_t nr = 0;
	while (nr < max && head_of(p, n, &h[nr]) == 0) {
		at[nr] = p + h[nr].header;
		size_t left = n - h[nr].header;
		nr++;
		if (h[nr - 1].indefinite || h[nr - 1].len >= left)
			break;
		p = at[nr - 1] + h[nr - 1].len;
		n = left - (size_t)h[nr - 1].len;
	}
	return nr;
}

/* What is signed, by how it starts: certificate, request or list. */
static enum der_kind of_signed(const uint8_t *p, size_t n)
{
	struct head h[4];
	const uint8_t *at[4] = { NULL };
	size_t nr = elements(p, n, h, at, 4);

	if (nr >= 2 && h[0].id == KST_DER_CONTEXT_CONSTRUCTED(0) && h[1].id == KST_DER_INTEGER)
		return DER_CERT; /* version, serial */
	if (nr >= 1 && h[0].id == KST_DER_CONTEXT_CONSTRUCTED(0) && nr < 2)
		return DER_CERT;
	bool integer = nr >= 1 && h[0].id == KST_DER_INTEGER;
	/* Attribute certificates look much like a request, but for the version. */
	bool csr = integer && h[0].len == 1 && p + n > at[0] && at[0][0] == 0;
	if (nr >= 3 && integer && h[1].id == KST_DER_SEQUENCE && h[2].id == KST_DER_SEQUENCE) {
		/* Version 1 certificate: serial, algorithm, issuer, validity.  Request: 0, name, key.
		 * List: 1, algorithm, issuer, time.  An algorithm starts with an OID, a name never. */
		size_t room = (size_t)(p + n - at[1]);
		bool algorithm = room && at[1][0] == KST_DER_OID;
		if (!algorithm)
			return csr ? DER_CSR : DER_NOTHING;
		if (nr >= 4)
			return h[3].id == KST_DER_SEQUENCE ? DER_CERT : DER_CRL;
		return h[0].len == 1 && at[0][0] == 1 ? DER_CRL : DER_CERT;
	}
	if (nr >= 2 && integer && h[1].id == KST_DER_SEQUENCE) {
		/* The name fills what there is to see, or is empty. */
		size_t room = (size_t)(p + n - at[1]);
		if (room && at[1][0] == KST_DER_OID)
			return DER_CERT;
		return csr ? DER_CSR : DER_NOTHING;
	}
	/* Version 1 list: algorithm, issuer, time. */
	if (nr >= 2 && h[0].id == KST_DER_SEQUENCE && h[1].id == KST_DER_SEQUENCE &&
	    p + n > at[0] && at[0][0] == KST_DER_OID)
		return DER_CRL;
	return DER_NOTHING;
}

static enum der_kind of_key(const struct head *h, const uint8_t *const *at, size_t nr,
			    const uint8_t *end)
{
	if (h[0].len != 1 || nr < 2)
		return DER_NOTHING;
	uint8_t version = at[0][0];
	/* PKCS#8: 0 or 1, AlgorithmIdentifier.  PKCS#12 is 3, SEQUENCE { OID }. */
	if (h[1].id == KST_DER_SEQUENCE)
		return version <= 1 && end > at[1] && at[1][0] == KST_DER_OID ? DER_KEY
									      : DER_NOTHING;
	if (h[1].id == KST_DER_OCTET_STRING)
		return version == 1 ? DER_KEY : DER_NOTHING; /* EC */
	/* RSA (1: with more than two primes), DSA. */
	return h[1].id == KST_DER_INTEGER && version <= 1 && h[1].len >= 16 ? DER_KEY : DER_NOTHING;
}

enum der_kind der_sniff(const uint8_t *data, size_t n, uint64_t *size)
{
	struct head outer, h[2];
	const uint8_t *at[2] = { NULL };

	if (head_of(data, n, &outer) < 0 || outer.id != KST_DER_SEQUENCE)
		return DER_NOTHING;
	if (size && __builtin_add_overflow(outer.len, outer.header, size))
		return DER_NOTHING;
	if (size && outer.indefinite)
		*size = 0;
	const uint8_t *in = data + outer.header;
	size_t left = n - outer.header;
	if (!outer.indefinite && outer.len < left)
		left = (size_t)outer.len;
	const uint8_t *end = in + left;
	size_t nr = elements(in, left, h, at, 2);
	if (!nr || at[0] >= end)
		return DER_NOTHING;
	if (h[0].id == KST_DER_INTEGER)
		return of_key(h, at, nr, end);
	if (h[0].id != KST_DER_SEQUENCE)
		return DER_NOTHING;
	if (at[0][0] == KST_DER_OID) {
		/* An algorithm first: encrypted key; with a BIT STRING behind it, a public key. */
		if (nr == 2)
			return h[1].id == KST_DER_OCTET_STRING ? DER_SEALED_KEY : DER_NOTHING;
		/* The start of a file shows less: PKCS#5 and PKCS#12 encrypt, and nothing else. */
		static const uint8_t pkcs[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1 };
		const uint8_t *oid = at[0] + 2;
		return (size_t)(end - at[0]) > 2 + sizeof(pkcs) &&
				       memcmp(oid, pkcs, sizeof(pkcs)) == 0 &&
				       (oid[sizeof(pkcs)] == 5 || oid[sizeof(pkcs)] == 12)
			       ? DER_SEALED_KEY
			       : DER_NOTHING;
	}
	if (nr == 2 && h[1].id != KST_DER_SEQUENCE)
		return DER_NOTHING;
	left = (size_t)(end - at[0]);
	return of_signed(at[0], !h[0].indefinite && h[0].len < left ? (size_t)h[0].len : left);
}

bool der_is_sealed_key(const uint8_t *data, size_t n)
{
	struct kst_der_item all;
	struct kst_der in, alg;
	if (kst_der_whole(data, n, KST_DER_SEQUENCE, &all) < 0)
		return false;
	in = kst_der_in(&all);
	return kst_der_enter(&in, KST_DER_SEQUENCE, &alg) == 0 &&
	       kst_der_expect(&alg, KST_DER_OID, NULL) == 0 && kst_der_next(&in, &all) == 1 &&
	       (all.id & ~0x20) == KST_DER_OCTET_STRING && kst_der_end(&in);
}

bool der_is_signed(const uint8_t *data, size_t n)
{
	struct kst_der_item all;
	struct kst_der in;
	if (kst_der_whole(data, n, KST_DER_SEQUENCE, &all) < 0)
		return false;
	in = kst_der_in(&all);
	return kst_der_expect(&in, KST_DER_SEQUENCE, NULL) == 0 &&
	       kst_der_expect(&in, KST_DER_SEQUENCE, NULL) == 0 &&
	       kst_der_expect(&in, KST_DER_BIT_STRING, NULL) == 0 && kst_der_end(&in);
}

/* ---- entries ---- */

struct kst_entry *der_cert_entry(const uint8_t *data, size_t n, struct kst_error *err)
{
	struct kst_cert *cert;
	if (kst_cert_new(&cert, data, n, err) < 0)
		return NULL;
	struct kst_entry *e = kst_entry_new(KST_KIND_CERT);
	if (!e || kst_chain_push(&e->chain, cert) < 0) {
		kst_entry_free(e);
		e = NULL;
		kst_error_nomem(err);
	} else {
		e->trusted = kst_cert_is_ca(cert); /* as in a PEM file */
	}
	kst_cert_free(cert);
	return e;
}

struct kst_entry *der_sealed_entry(const uint8_t *data, size_t n, struct kst_error *err)
{
	if (!der_is_sealed_key(data, n)) {
		kst_error_setx(err, KST_E_BAD_KEY, "is no encrypted private key (PKCS#8)");
		return NULL;
	}
	struct kst_entry *e = kst_entry_new(KST_KIND_KEY);
	if (e)
		e->key = kst_key_new();
	if (!e || !e->key || kst_blob_set(&e->key->sealed, data, n) < 0) {
		kst_entry_free(e);
		kst_error_nomem(err);
		return NULL;
	}
	return e;
}

struct kst_entry *der_key_entry(const uint8_t *data, size_t n, const char *label,
				const struct kst_bytes *ec_params, struct kst_error *err)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_KEY);
	if (!e) {
		kst_error_nomem(err);
		return NULL;
	}
	if (kst_key_from_der(&e->key, data, n, label, ec_params, err) < 0) {
		kst_entry_free(e);
		return NULL;
	}
	return e;
}

struct kst_entry *der_bytes_entry(enum kst_kind kind, const uint8_t *data, size_t n,
				  const char *label, struct kst_error *err)
{
	struct kst_entry *e = kst_entry_new(kind);
	if (e && label)
		e->label = kst_strdup(label);
	if (!e || (label && !e->label) || (n && kst_blob_set(&e->der, data, n) < 0)) {
		kst_entry_free(e);
		kst_error_nomem(err);
		return NULL;
	}
	return e;
}

int der_set_origin(struct kst_entry *e, const char *format, struct kst_error *err)
{
	e->origin = kst_strdup(format);
	return e->origin ? 0 : kst_error_nomem(err);
}
