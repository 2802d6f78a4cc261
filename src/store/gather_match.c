/* SPDX-License-Identifier: ISC */
/*
 * gather_match.c - which certificate belongs to which key, and who signed it
 *
 * By public key and by signature; never by alias, file name or order, which
 * lie in half of the files that people have.
 */
#include <stdlib.h>
#include <string.h>

#include "store/gather.h"
#include "store/store.h"

/*
 * One public key can be encoded in two ways (RSA with and without NULL, points of
 * EC compressed or not), so where no bytes are equal the keys themselves are
 * compared; not beyond this many, since each costs a decoding.
 */
#define MAX_SLOW 4096

int kst_pool_add(struct kst_pool *p, struct kst_cert *cert)
{
	if (p->nr == p->size) {
		size_t size = p->size ? p->size * 2 : 32;
		struct kst_cert **grown = kst_realloc(p->cert, size * sizeof(*grown));
		if (!grown)
			return -1;
		p->cert = grown;
		p->size = size;
	}
	p->cert[p->nr++] = kst_cert_ref(cert);
	return 0;
}

static int by_sha256(const void *a, const void *b)
{
	return memcmp(kst_cert_sha256(*(struct kst_cert *const *)a),
		      kst_cert_sha256(*(struct kst_cert *const *)b), 32);
}

static int compare_bytes(struct kst_bytes a, struct kst_bytes b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len ? memcmp(a.data, b.data, a.len) : 0;
}

static int by_spki(const void *a, const void *b)
{
	return compare_bytes(kst_cert_spki(*(struct kst_cert *const *)a),
			     kst_cert_spki(*(struct kst_cert *const *)b));
}

int kst_pool_sort(struct kst_pool *p)
{
	size_t kept = 0;
	if (p->nr)
		qsort(p->cert, p->nr, sizeof(*p->cert), by_sha256);
	for (size_t i = 0; i < p->nr; i++) {
		if (kept && kst_cert_equal(p->cert[kept - 1], p->cert[i]))
			kst_cert_free(p->cert[i]);
		else
			p->cert[kept++] = p->cert[i];
	}
	p->nr = kept;
	p->by_spki = kst_calloc(kept + 1, sizeof(*p->by_spki));
	if (!p->by_spki)
		return -1;
	if (kept) {
		memcpy(p->by_spki, p->cert, kept * sizeof(*p->cert));
		qsort(p->by_spki, kept, sizeof(*p->by_spki), by_spki);
	}
	return 0;
}

void kst_pool_release(struct kst_pool *p)
{
	for (size_t i = 0; i < p->nr; i++)
		kst_cert_free(p->cert[i]);
	kst_free(p->cert);
	kst_free(p->by_spki);
	*p = (struct kst_pool){ .nr = 0 };
}

/* ---- a key's own certificate ---- */

struct match {
	struct kst_cert *best;
	size_t nr;
};

/* Issued by a CA beats self-signed for the same key (the placeholder that keytool and we make). */
static bool better(const struct kst_cert *a, const struct kst_cert *b)
{
	bool self_a = kst_cert_is_self_issued(a), self_b = kst_cert_is_self_issued(b);
	if (self_a != self_b)
		return self_b;
	if (kst_cert_not_after(a) != kst_cert_not_after(b))
		return kst_cert_not_after(a) > kst_cert_not_after(b);
	return memcmp(kst_cert_sha256(a), kst_cert_sha256(b), 32) < 0;
}

static void consider(struct match *m, struct kst_cert *cert)
{
	m->nr++;
	if (!m->best || better(cert, m->best))
		m->best = cert;
}

static void match_bytes(struct match *m, const struct kst_pool *p, struct kst_bytes spki)
{
	size_t lo = 0, hi = p->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare_bytes(kst_cert_spki(p->by_spki[mid]), spki) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < p->nr && compare_bytes(kst_cert_spki(p->by_spki[lo]), spki) == 0; lo++)
		consider(m, p->by_spki[lo]);
}

struct kst_cert *kst_pool_match(const struct kst_pool *p, struct kst_key *key, bool *several)
{
	struct match m = { .nr = 0 };
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!kst_key_is_sealed(key) && kst_key_spki(key, &spki, NULL) == 0 && !spki.failed)
		match_bytes(&m, p, (struct kst_bytes){ spki.data, spki.len });
	struct kst_cert *unknown = NULL;
	size_t nr_unknown = 0;
	for (size_t i = 0; !m.nr && i < p->nr && i < MAX_SLOW; i++) {
		int fits = kst_key_matches(key, p->cert[i]);
		if (fits == 1)
			consider(&m, p->cert[i]);
		if (fits < 0 && !kst_key_is_sealed(key)) {
			unknown = p->cert[i];
			nr_unknown++;
		}
	}
	/* An algorithm that this OpenSSL does not know: one certificate of it is the key's own. */
	if (!m.nr && nr_unknown == 1)
		consider(&m, unknown);
	*several = m.nr > 1;
	return m.best;
}

/* ---- chains ---- */

static bool contains(const struct kst_chain *c, const struct kst_cert *cert)
{
	for (size_t i = 0; i < c->nr; i++)
		if (kst_cert_equal(c->cert[i], cert))
			return true;
	return false;
}

/* Attributes follow their certificates to the new places.  0 or -1. */
static int move_attrs(struct kst_entry *e, const struct kst_chain *to)
{
	if (!e->cert_attrs)
		return 0;
	struct kst_blob *moved = kst_calloc(to->nr + 1, sizeof(*moved));
	if (!moved)
		return -1;
	for (size_t i = 0; i < e->chain.nr; i++) {
		for (size_t k = 0; k < to->nr; k++)
			if (!moved[k].data && kst_cert_equal(e->chain.cert[i], to->cert[k])) {
				moved[k] = e->cert_attrs[i];
				e->cert_attrs[i] = (struct kst_blob){ .data = NULL };
			}
		kst_blob_release(&e->cert_attrs[i]);
	}
	kst_free(e->cert_attrs);
	e->cert_attrs = moved;
	return 0;
}

int kst_pool_complete(const struct kst_pool *p, struct kst_entry *e, bool *complete,
		      struct kst_error *err)
{
	struct kst_chain built = { .nr = 0 };
	bool whole = false;
	if (kst_chain_build(&built, e->chain.cert[0], p->cert, p->nr, &whole, err) < 0)
		return -1;
	bool all = true;
	for (size_t i = 0; i < e->chain.nr; i++)
		all = all && contains(&built, e->chain.cert[i]);
	if (!all) {
		/* A chain that nobody here understands (cross-signed, stapled) is kept as given. */
		kst_chain_release(&built);
		*complete = kst_cert_is_self_issued(e->chain.cert[e->chain.nr - 1]);
		return 0;
	}
	if (move_attrs(e, &built) < 0) {
		kst_chain_release(&built);
		return kst_error_nomem(err);
	}
	kst_chain_release(&e->chain);
	e->chain = built;
	*complete = whole;
	return 0;
}

bool kst_chain_drop_root(struct kst_entry *e)
{
	size_t last = e->chain.nr - 1;
	if (e->chain.nr < 2 || !kst_cert_is_self_issued(e->chain.cert[last]))
		return false;
	kst_cert_free(e->chain.cert[last]);
	if (e->cert_attrs)
		kst_blob_release(&e->cert_attrs[last]);
	e->chain.nr = last;
	return true;
}
