/* SPDX-License-Identifier: ISC */
/*
 * pem_match.c - which certificates of a PEM file belong to which key
 *
 * By public key, then by signature and name; never by order, which users get
 * wrong in every way there is.  The one exception is a sealed key, of which
 * nothing is known before its passphrase is: see named_leaf(), adjacent_leaf().
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
	struct index by_key, by_subject, by_id;
	struct kst_cert **cert;     /* all of them */
	struct kst_cert_pool *pool; /* over them */
	uint64_t budget;
};

/* A certificate that is looked at costs 1, a signature that may be tried this much; a file full of
 * keys and of CAs of one name is refused before its product is computed. */
#define SIGNATURE 8
#define TRIES 64 /* signatures that kst_chain_build_from() tries for one certificate */
#define BUDGET 16 /* for each block that a file may have */

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

static struct kst_bytes by_spki(const struct pem_file *f, size_t i)
{
	return kst_cert_spki(f->block[i].cert);
}

static struct kst_bytes by_name(const struct pem_file *f, size_t i)
{
	return kst_cert_subject_der(f->block[i].cert);
}

/* What the text before a block says that key and certificate have in common. */
static struct kst_bytes by_id(const struct pem_file *f, size_t i)
{
	const struct pem_span *at = &f->block[i].at;
	return pem_field(f->text.data, at->text, at->begin, PEM_ID);
}

static int build_index(struct index *idx, const struct pem_file *f, size_t nr,
		       struct kst_bytes (*key)(const struct pem_file *f, size_t i))
{
	idx->slot = kst_calloc(nr + 1, sizeof(*idx->slot));
	if (!idx->slot)
		return -1;
	for (size_t i = 0; i < f->nr_blocks; i++)
		if (f->block[i].cert)
			idx->slot[idx->nr++] = (struct slot){ key(f, i), (uint32_t)i };
	qsort(idx->slot, idx->nr, sizeof(*idx->slot), by_key_then_place);
	return 0;
}

/* The first slot whose key is not less (or, with `behind`, greater). */
static size_t bound(const struct index *idx, const struct kst_bytes *key, bool behind)
{
	size_t lo = 0, hi = idx->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = compare(&idx->slot[mid].key, key);
		if (c < 0 || (behind && c == 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The slots of this key: from *at to the result. */
static size_t range(const struct index *idx, struct kst_bytes key, size_t *at)
{
	*at = bound(idx, &key, false);
	return bound(idx, &key, true);
}

static int spend(struct match *m, uint64_t n, struct kst_error *err)
{
	if (n > m->budget)
		return kst_error_setx(err, KST_E_LIMIT,
				      "too many of its certificates bear one name or one key");
	m->budget -= n;
	return 0;
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

/* The leaf of an open key, or PEM_NONE.  0 or -1. */
static int leaf_of(struct match *m, uint32_t k, uint32_t *leaf, struct kst_error *err)
{
	struct kst_key *key = m->f->block[k].entry->key;
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	uint32_t best = PEM_NONE;
	size_t i, end;

	*leaf = PEM_NONE;
	if (kst_key_is_sealed(key))
		return 0;
	if (kst_key_spki(key, &spki, NULL) == 0) {
		end = range(&m->by_key, (struct kst_bytes){ spki.data, spki.len }, &i);
		if (spend(m, end - i, err) < 0)
			return -1;
		for (; i < end; i++)
			best = better(m->f, k, best, m->by_key.slot[i].block, true);
	}
	if (best == PEM_NONE && m->by_key.nr * m->f->nr_blocks <= MAX_PAIRS)
		for (i = 0; i < m->by_key.nr; i++) {
			uint32_t c = m->by_key.slot[i].block;
			if (kst_key_matches(key, m->f->block[c].cert) == 1)
				best = better(m->f, k, best, c, true);
		}
	*leaf = best;
	return 0;
}

/*
 * Of a sealed key nothing is known but what the text before it says: openssl
 * pkcs12 writes the localKeyID of the bags, and so does kstool.
 */
static int named_leaf(struct match *m, uint32_t k, uint32_t *leaf, struct kst_error *err)
{
	struct kst_bytes id = by_id(m->f, k);
	if (!id.len)
		return 0;
	size_t i, end = range(&m->by_id, id, &i);
	if (spend(m, end - i, err) < 0)
		return -1;
	for (; i < end; i++) {
		uint32_t c = m->by_id.slot[i].block;
		if (!m->f->block[c].claimed)
			*leaf = better(m->f, k, *leaf, c, true);
	}
	return 0;
}

/*
 * Without that: a file with one such key, and a certificate right behind or before it that is no CA's and no other key's, is taken for
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

/* The block that this link of the chain of key k comes from; a copy that nobody has is best. */
static uint32_t place_of(const struct match *m, uint32_t k, const struct kst_cert *cert)
{
	uint32_t best = PEM_NONE;
	size_t i, end = range(&m->by_subject, kst_cert_subject_der(cert), &i);
	for (; i < end; i++) {
		uint32_t b = m->by_subject.slot[i].block;
		if (kst_cert_equal(m->f->block[b].cert, cert))
			best = better(m->f, k, best, b, false);
	}
	return best;
}

/* What it cost to look for the issuer of this certificate, and for its own place. */
static uint64_t cost_of(const struct match *m, const struct kst_cert *cert)
{
	size_t i, end = range(&m->by_subject, kst_cert_issuer_der(cert), &i);
	uint64_t cost = end - i, tries = cost < TRIES ? cost : TRIES;
	cost += tries * SIGNATURE;
	end = range(&m->by_subject, kst_cert_subject_der(cert), &i);
	return cost + end - i;
}

static int build_chain(struct match *m, uint32_t k, uint32_t leaf, struct kst_error *err)
{
	struct pem_block *b = &m->f->block[k];
	struct kst_chain *chain = &b->entry->chain;

	if (kst_chain_build_from(chain, m->f->block[leaf].cert, m->pool, NULL, err) < 0)
		return -1;
	b->chain = kst_calloc(chain->nr + 1, sizeof(*b->chain));
	if (!b->chain)
		return kst_error_nomem(err);
	for (size_t i = 0; i < chain->nr; i++) {
		if (spend(m, cost_of(m, chain->cert[i]), err) < 0)
			return -1;
		uint32_t c = i == 0 ? leaf : place_of(m, k, chain->cert[i]);
		b->chain[b->nr_chain++] = c;
		if (c != PEM_NONE)
			m->f->block[c].claimed = true;
	}
	return 0;
}

static void claim(struct match *m, uint32_t leaf)
{
	if (leaf != PEM_NONE)
		m->f->block[leaf].claimed = true;
}

/* The leaf of each key block: open keys first, since theirs is certain. */
static int find_leafs(struct match *m, uint32_t *leaf, struct kst_error *err)
{
	struct pem_file *f = m->f;
	size_t nr_sealed = 0, nr_left = 0;
	uint32_t left = PEM_NONE;

	for (uint32_t k = 0; k < f->nr_blocks; k++) {
		leaf[k] = PEM_NONE;
		if (f->block[k].what != PEM_KEY)
			continue;
		nr_sealed += kst_key_is_sealed(f->block[k].entry->key);
		if (leaf_of(m, k, &leaf[k], err) < 0)
			return -1;
		claim(m, leaf[k]);
	}
	if (nr_sealed && build_index(&m->by_id, f, m->by_key.nr, by_id) < 0)
		return kst_error_nomem(err);
	for (uint32_t k = 0; nr_sealed && k < f->nr_blocks; k++) {
		if (f->block[k].what != PEM_KEY || !kst_key_is_sealed(f->block[k].entry->key))
			continue;
		if (named_leaf(m, k, &leaf[k], err) < 0)
			return -1;
		claim(m, leaf[k]);
		if (leaf[k] == PEM_NONE) {
			left = k;
			nr_left++;
		}
	}
	if (nr_left == 1) {
		leaf[left] = adjacent_leaf(f, left);
		claim(m, leaf[left]);
	}
	return 0;
}

static int match_keys(struct match *m, uint32_t *leaf, struct kst_error *err)
{
	if (find_leafs(m, leaf, err) < 0)
		return -1;
	for (uint32_t k = 0; k < m->f->nr_blocks; k++)
		if (leaf[k] != PEM_NONE && build_chain(m, k, leaf[k], err) < 0)
			return -1;
	return 0;
}

static int build(struct match *m, size_t certs, struct kst_error *err)
{
	size_t n = 0;
	m->cert = kst_calloc(certs, sizeof(struct kst_cert *));
	if (!m->cert || build_index(&m->by_key, m->f, certs, by_spki) < 0 ||
	    build_index(&m->by_subject, m->f, certs, by_name) < 0)
		return kst_error_nomem(err);
	for (size_t i = 0; i < m->f->nr_blocks; i++)
		if (m->f->block[i].cert)
			m->cert[n++] = m->f->block[i].cert;
	return kst_cert_pool_new(&m->pool, m->cert, n, err);
}

int pem_match(struct pem_file *f, const struct kst_limits *limits, struct kst_error *err)
{
	struct match m = { .f = f, .budget = (uint64_t)limits->blocks * BUDGET };
	size_t certs = 0, keys = 0;
	int rc = -1;

	for (size_t i = 0; i < f->nr_blocks; i++) {
		certs += f->block[i].cert != NULL;
		keys += f->block[i].what == PEM_KEY;
	}
	if (!certs || !keys)
		return 0;
	uint32_t *leaf = kst_calloc(f->nr_blocks, sizeof(*leaf));
	if (!leaf)
		kst_error_nomem(err);
	else if (build(&m, certs, err) == 0)
		rc = match_keys(&m, leaf, err);
	kst_free(leaf);
	kst_free(m.cert);
	kst_cert_pool_free(m.pool);
	kst_free(m.by_key.slot);
	kst_free(m.by_subject.slot);
	kst_free(m.by_id.slot);
	return rc;
}
