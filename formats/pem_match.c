/* SPDX-License-Identifier: ISC */
/*
 * pem_match.c - which certificates of a PEM file belong to which key
 *
 * By public key, then by signature and name; never by order, which users get
 * wrong in every way there is.  The one exception is a sealed key, of which
 * nothing is known before its passphrase is: see adjacent_leaf().
 */
#include "pem_file.h"

#include <stdlib.h>
#include <string.h>

#include "kstool/alloc.h"

/* Keys whose public half is written in another way than in the certificate (a curve by its
 * numbers, a compressed point) are compared one by one, in files that are small enough. */
#define MAX_PAIRS 4096

struct slot {
	struct kst_bytes key;
	uint32_t block;
};

struct index {
	struct slot *slot;
	size_t nr;
};

struct match {
	struct pem_file *f;
	struct index by_key, by_subject;
	uint32_t *seen;   /* per block: the key that looked at it last, + 1 */
	uint64_t budget;  /* certificates that may still be looked at for chains */
	struct kst_cert **pool;
};

static int compare(const struct kst_bytes *a, const struct kst_bytes *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int c = n ? memcmp(a->data, b->data, n) : 0;
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static int by_key_then_place(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	int c = compare(&x->key, &y->key);
	return c ? c : (x->block > y->block) - (x->block < y->block);
}

static int build_index(struct index *idx, const struct pem_file *f, size_t nr,
		       struct kst_bytes (*key)(const struct kst_cert *))
{
	idx->slot = kst_calloc(nr + 1, sizeof(*idx->slot));
	if (!idx->slot)
		return -1;
	for (size_t i = 0; i < f->nr_blocks; i++)
		if (f->block[i].cert)
			idx->slot[idx->nr++] =
				(struct slot){ key(f->block[i].cert), (uint32_t)i };
	qsort(idx->slot, idx->nr, sizeof(*idx->slot), by_key_then_place);
	return 0;
}

/* The first slot of this key; the others follow.  idx->nr if there is none. */
static size_t first_of(const struct index *idx, const struct kst_bytes *key)
{
	size_t lo = 0, hi = idx->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare(&idx->slot[mid].key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < idx->nr && compare(&idx->slot[lo].key, key) == 0 ? lo : idx->nr;
}

/* How well does certificate block c suit key block k: smaller is better.  Issuers follow a key. */
static unsigned distance(const struct pem_file *f, uint32_t k, uint32_t c, bool leaf)
{
	unsigned d = leaf && c == k + 1 ? 0 : leaf && c + 1 == k ? 1 : c > k ? 2 : 3;
	if (f->block[c].what == PEM_TRUSTED)
		d += 10; /* an entry of its own in any case */
	if (f->block[c].claimed)
		d += 20;
	return d;
}

static uint32_t better(const struct pem_file *f, uint32_t k, uint32_t best, uint32_t c, bool leaf)
{
	return best == PEM_NONE || distance(f, k, c, leaf) < distance(f, k, best, leaf) ? c : best;
}

/* The leaf of an open key, or PEM_NONE. */
static uint32_t leaf_of(struct match *m, uint32_t k)
{
	struct kst_key *key = m->f->block[k].entry->key;
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	uint32_t best = PEM_NONE;

	if (kst_key_is_sealed(key))
		return PEM_NONE;
	if (kst_key_spki(key, &spki, NULL) == 0) {
		struct kst_bytes want = { spki.data, spki.len };
		for (size_t i = first_of(&m->by_key, &want);
		     i < m->by_key.nr && compare(&m->by_key.slot[i].key, &want) == 0; i++)
			best = better(m->f, k, best, m->by_key.slot[i].block, true);
	}
	if (best == PEM_NONE && m->by_key.nr * m->f->nr_blocks <= MAX_PAIRS)
		for (size_t i = 0; i < m->by_key.nr; i++) {
			uint32_t c = m->by_key.slot[i].block;
			if (kst_key_matches(key, m->f->block[c].cert) == 1)
				best = better(m->f, k, best, c, true);
		}
	return best;
}

/*
 * Of a sealed key nothing is known.  A file with one such key, and a certificate
 * right behind or before it that is no CA's and no other key's, is taken for
 * the pair that it nearly always is; opening the key tells for sure.
 */
static uint32_t adjacent_leaf(const struct pem_file *f, uint32_t k)
{
	const uint32_t beside[] = { k + 1, k - 1 };
	for (size_t i = 0; i < 2; i++) {
		uint32_t c = beside[i];
		if (c < f->nr_blocks && f->block[c].what == PEM_CERT && !f->block[c].claimed &&
		    !kst_cert_is_ca(f->block[c].cert))
			return c;
	}
	return PEM_NONE;
}

/* Everything that can be in the chain of block c, by names; into m->pool.  Their number, 0: too many. */
static size_t gather(struct match *m, uint32_t k, uint32_t c)
{
	size_t nr = 0, next = 0;
	m->pool[nr++] = m->f->block[c].cert;
	m->seen[c] = k + 1;
	while (next < nr) {
		struct kst_bytes issuer = kst_cert_issuer_der(m->pool[next++]);
		for (size_t i = first_of(&m->by_subject, &issuer);
		     i < m->by_subject.nr && compare(&m->by_subject.slot[i].key, &issuer) == 0;
		     i++) {
			uint32_t b = m->by_subject.slot[i].block;
			if (m->seen[b] == k + 1)
				continue;
			if (!m->budget--)
				return 0;
			m->seen[b] = k + 1;
			m->pool[nr++] = m->f->block[b].cert;
		}
	}
	return nr;
}

/* The block that this link of the chain of key k comes from; a copy that nobody has is best. */
static uint32_t place_of(const struct match *m, uint32_t k, const struct kst_cert *cert)
{
	struct kst_bytes subject = kst_cert_subject_der(cert);
	uint32_t best = PEM_NONE;
	for (size_t i = first_of(&m->by_subject, &subject);
	     i < m->by_subject.nr && compare(&m->by_subject.slot[i].key, &subject) == 0; i++) {
		uint32_t b = m->by_subject.slot[i].block;
		if (kst_cert_equal(m->f->block[b].cert, cert))
			best = better(m->f, k, best, b, false);
	}
	return best;
}

static int build_chain(struct match *m, uint32_t k, uint32_t leaf, struct kst_error *err)
{
	struct pem_block *b = &m->f->block[k];
	struct kst_chain *chain = &b->entry->chain;
	bool complete;

	size_t nr = gather(m, k, leaf);
	if (!nr)
		return kst_error_setx(err, KST_E_LIMIT,
				      "too many of its certificates bear the name of one issuer");
	if (kst_chain_build(chain, m->f->block[leaf].cert, m->pool, nr, &complete, err) < 0)
		return -1;
	b->chain = kst_calloc(chain->nr + 1, sizeof(*b->chain));
	if (!b->chain)
		return kst_error_nomem(err);
	for (size_t i = 0; i < chain->nr; i++) {
		uint32_t c = i == 0 ? leaf : place_of(m, k, chain->cert[i]);
		b->chain[b->nr_chain++] = c;
		if (c != PEM_NONE)
			m->f->block[c].claimed = true;
	}
	return 0;
}

static int match_keys(struct match *m, uint32_t *leaf, struct kst_error *err)
{
	struct pem_file *f = m->f;
	uint32_t sealed = PEM_NONE;
	size_t nr_sealed = 0;

	for (uint32_t k = 0; k < f->nr_blocks; k++) {
		leaf[k] = PEM_NONE;
		if (f->block[k].what != PEM_KEY)
			continue;
		if (kst_key_is_sealed(f->block[k].entry->key)) {
			sealed = k;
			nr_sealed++;
		}
		leaf[k] = leaf_of(m, k);
		if (leaf[k] != PEM_NONE)
			f->block[leaf[k]].claimed = true;
	}
	if (nr_sealed == 1) {
		leaf[sealed] = adjacent_leaf(f, sealed);
		if (leaf[sealed] != PEM_NONE)
			f->block[leaf[sealed]].claimed = true;
	}
	for (uint32_t k = 0; k < f->nr_blocks; k++)
		if (leaf[k] != PEM_NONE && build_chain(m, k, leaf[k], err) < 0)
			return -1;
	return 0;
}

int pem_match(struct pem_file *f, const struct kst_limits *limits, struct kst_error *err)
{
	struct match m = { .f = f, .budget = (uint64_t)limits->blocks * 4 };
	size_t certs = 0, keys = 0;
	int rc = -1;

	for (size_t i = 0; i < f->nr_blocks; i++) {
		certs += f->block[i].cert != NULL;
		keys += f->block[i].what == PEM_KEY;
	}
	if (!certs || !keys)
		return 0;
	uint32_t *leaf = kst_calloc(f->nr_blocks, sizeof(*leaf));
	m.seen = kst_calloc(f->nr_blocks, sizeof(*m.seen));
	m.pool = kst_calloc(certs, sizeof(*m.pool));
	if (!leaf || !m.seen || !m.pool ||
	    build_index(&m.by_key, f, certs, kst_cert_spki) < 0 ||
	    build_index(&m.by_subject, f, certs, kst_cert_subject_der) < 0)
		kst_error_nomem(err);
	else
		rc = match_keys(&m, leaf, err);
	kst_free(leaf);
	kst_free(m.seen);
	kst_free(m.pool);
	kst_free(m.by_key.slot);
	kst_free(m.by_subject.slot);
	return rc;
}
