/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_match.c - which certificate belongs to which key, and which to its chain
 *
 * localKeyID says it where it is unambiguous, which costs nothing.  Where it does
 * not, the key is opened and its public half decides.  A name alone is the last
 * resort: macOS gives key and certificate of one pair different names, and a
 * chain may carry one name for all.
 */
#include "pkcs12_state.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/cert_impl.h"
#include "kstool/alloc.h"

/* A hostile file may make everything alike: what is more than this is not looked through. */
#define SLOW_COMPARISONS 20000
#define LONG_RUN 1000

struct p12_index {
	struct p12_bag *bag;
	size_t *by_id, nr_ids;       /* untrusted certificates with localKeyID, by it */
	size_t *by_key_id, nr_key_ids; /* keys with one, by it */
	size_t *by_print, nr_prints; /* all untrusted certificates, by fingerprint */
	size_t *by_spki, nr_spkis;   /* all certificates, by public key; trusted ones last */
	size_t nr_keys;
	size_t slow;                 /* comparisons of keys that had to be decoded */
	struct kst_cert **pool;      /* each fingerprint once */
	size_t *pool_bag, nr_pool;
	struct kst_cert_pool *subjects;
};

static bool is_key(const struct p12_bag *b)
{
	return b->type == P12_KEY || b->type == P12_SHROUDED;
}

static bool is_plain_cert(const struct p12_bag *b)
{
	return b->type == P12_CERT && !b->attrs.trusted;
}

static int compare_bytes(struct kst_bytes a, struct kst_bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.data, b.data, n) : 0;
	return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* glibc's qsort_r; ties in the order of the file. */
static int by_id(const void *pa, const void *pb, void *ctx)
{
	const struct p12_bag *bag = ctx;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int c = compare_bytes(bag[a].attrs.id, bag[b].attrs.id);
	return c ? c : (a > b) - (a < b);
}

static int by_print(const void *pa, const void *pb, void *ctx)
{
	const struct p12_bag *bag = ctx;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int c = memcmp(kst_cert_sha256(bag[a].cert), kst_cert_sha256(bag[b].cert), 32);
	return c ? c : (a > b) - (a < b);
}

static int by_spki(const void *pa, const void *pb, void *ctx)
{
	const struct p12_bag *bag = ctx;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int c = compare_bytes(kst_cert_spki(bag[a].cert), kst_cert_spki(bag[b].cert));
	if (!c)
		c = bag[a].attrs.trusted - bag[b].attrs.trusted;
	return c ? c : (a > b) - (a < b);
}

static bool same_print(const struct p12_bag *a, const struct p12_bag *b)
{
	return kst_cert_equal(a->cert, b->cert);
}

/* End of the run of equal fingerprints that starts at i. */
static size_t run_end(const struct p12_index *x, size_t i)
{
	size_t end = i + 1;
	while (end < x->nr_prints &&
	       same_print(&x->bag[x->by_print[i]], &x->bag[x->by_print[end]]))
		end++;
	return end;
}

/* For each certificate one bag stands in the pool: a nameless one before one that has a name and may
 * be an entry of its own. */
static int fill_pool(struct p12_index *x)
{
	for (size_t i = 0; i < x->nr_prints; i = run_end(x, i)) {
		size_t best = x->by_print[i];
		for (size_t k = i, end = run_end(x, i); k < end; k++)
			if (!x->bag[x->by_print[k]].attrs.name) {
				best = x->by_print[k];
				break;
			}
		x->pool_bag[x->nr_pool++] = best;
	}
	for (size_t i = 0; i < x->nr_pool; i++)
		x->pool[i] = x->bag[x->pool_bag[i]].cert;
	return kst_cert_pool_new(&x->subjects, x->pool, x->nr_pool, NULL);
}

struct p12_index *p12_index_new(struct p12_reader *r)
{
	struct p12_index *x = kst_calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	x->bag = r->bag;
	size_t nr = r->nr + 1;
	x->by_id = kst_calloc(nr, sizeof(size_t));
	x->by_key_id = kst_calloc(nr, sizeof(size_t));
	x->by_print = kst_calloc(nr, sizeof(size_t));
	x->by_spki = kst_calloc(nr, sizeof(size_t));
	x->pool = kst_calloc(nr, sizeof(*x->pool));
	x->pool_bag = kst_calloc(nr, sizeof(size_t));
	if (!x->by_id || !x->by_key_id || !x->by_print || !x->by_spki || !x->pool || !x->pool_bag) {
		p12_index_free(x);
		return NULL;
	}
	for (size_t i = 0; i < r->nr; i++) {
		const struct p12_bag *b = &r->bag[i];
		if (is_key(b)) {
			x->nr_keys++;
			if (b->attrs.has_id)
				x->by_key_id[x->nr_key_ids++] = i;
		}
		if (b->type == P12_CERT)
			x->by_spki[x->nr_spkis++] = i;
		if (!is_plain_cert(b))
			continue;
		x->by_print[x->nr_prints++] = i;
		if (b->attrs.has_id)
			x->by_id[x->nr_ids++] = i;
	}
	qsort_r(x->by_id, x->nr_ids, sizeof(size_t), by_id, r->bag);
	qsort_r(x->by_key_id, x->nr_key_ids, sizeof(size_t), by_id, r->bag);
	qsort_r(x->by_print, x->nr_prints, sizeof(size_t), by_print, r->bag);
	qsort_r(x->by_spki, x->nr_spkis, sizeof(size_t), by_spki, r->bag);
	if (fill_pool(x) < 0) {
		p12_index_free(x);
		return NULL;
	}
	return x;
}

void p12_index_free(struct p12_index *x)
{
	if (!x)
		return;
	kst_cert_pool_free(x->subjects);
	kst_free(x->by_id);
	kst_free(x->by_key_id);
	kst_free(x->by_print);
	kst_free(x->by_spki);
	kst_free(x->pool);
	kst_free(x->pool_bag);
	kst_free(x);
}

/* ---- the leaf ---- */

/* First place in `list` (sorted by id) whose id is not less, or greater, than this one. */
static size_t bound(const struct p12_index *x, const size_t *list, size_t nr, struct kst_bytes id,
		    bool greater)
{
	size_t lo = 0, hi = nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = compare_bytes(x->bag[list[mid]].attrs.id, id);
		if (c < 0 || (greater && c == 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool all_same(const struct p12_index *x, size_t from, size_t to)
{
	for (size_t i = from + 1; i < to; i++)
		if (!same_print(&x->bag[x->by_id[from]], &x->bag[x->by_id[i]]))
			return false;
	return true;
}

/* Learn the public half of a sealed key, without keeping it open.  false: it stays unknown. */
static bool learn_public(struct p12_reader *r, size_t k, struct kst_key *key)
{
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *open = NULL;

	if (!kst_key_is_sealed(key)) /* which leaves it in key->spki */
		return kst_key_spki(key, &spki, NULL) == 0;
	if (key->spki.len)
		return true;
	bool known = p12_open_sealed(r, r->bag[k].value, &plain) == 0 &&
		     kst_key_from_der(&open, plain.data, plain.len, NULL, NULL, NULL) == 0 &&
		     kst_key_spki(open, &spki, NULL) == 0 &&
		     kst_blob_set(&key->spki, spki.data, spki.len) == 0;
	kst_key_free(open);
	return known;
}

static bool same_id(const struct p12_bag *a, const struct p12_bag *b)
{
	return a->attrs.has_id && b->attrs.has_id && compare_bytes(a->attrs.id, b->attrs.id) == 0;
}

/*
 * By public half: one of the same id before others, Java's anchors last (a key's
 * certificate may be marked as one).  The same key may be written in two ways,
 * which is tried when nothing is equal.
 */
static size_t by_public(const struct p12_reader *r, struct p12_index *x, size_t k, struct kst_key *key)
{
	struct kst_bytes spki = { key->spki.data, key->spki.len };
	size_t lo = 0, hi = x->nr_spkis, found = KST_NO_BASE;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare_bytes(kst_cert_spki(r->bag[x->by_spki[mid]].cert), spki) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t n = 0; lo < x->nr_spkis && n < LONG_RUN; lo++, n++) {
		size_t i = x->by_spki[lo];
		if (compare_bytes(kst_cert_spki(r->bag[i].cert), spki) != 0)
			break;
		if (found == KST_NO_BASE)
			found = i;
		if (!r->bag[i].attrs.trusted && same_id(&r->bag[k], &r->bag[i]))
			return i;
	}
	for (size_t n = 0; n < x->nr_spkis && found == KST_NO_BASE; n++) {
		if (x->slow++ >= SLOW_COMPARISONS)
			break;
		if (kst_key_matches(key, r->bag[x->by_spki[n]].cert) == 1)
			found = x->by_spki[n];
	}
	return found;
}

static bool same_name(const struct p12_bag *a, const struct p12_bag *b)
{
	return a->attrs.name && b->attrs.name && strcmp(a->attrs.name, b->attrs.name) == 0;
}

/* Of the bags with the right id, the only one with the name of the key too; else the first, as
 * OpenSSL does. */
static size_t by_id_and_name(const struct p12_reader *r, const struct p12_index *x, size_t k,
			     size_t from, size_t to)
{
	for (size_t i = from; i < to && i - from < LONG_RUN; i++)
		if (same_name(&r->bag[k], &r->bag[x->by_id[i]]))
			return x->by_id[i];
	return x->by_id[from];
}

/* The only certificate of this name; or, of a single key, the only one that issued no other. */
static size_t by_guess(const struct p12_reader *r, struct p12_index *x, size_t k)
{
	size_t found = KST_NO_BASE, nr = 0;
	if ((x->slow += r->nr / LONG_RUN) >= SLOW_COMPARISONS)
		return found;
	for (size_t i = 0; i < r->nr; i++)
		if (is_plain_cert(&r->bag[i]) && !r->bag[i].attrs.has_id &&
		    same_name(&r->bag[k], &r->bag[i])) {
			found = i;
			nr++;
		}
	if (nr == 1)
		return found;
	if (x->nr_keys != 1)
		return KST_NO_BASE;
	nr = 0;
	for (size_t i = 0; i < x->nr_pool; i++)
		if (!kst_cert_is_ca(x->pool[i])) {
			found = x->pool_bag[i];
			nr++;
		}
	if (nr == 0 && x->nr_pool == 1)
		return x->pool_bag[0];
	return nr == 1 ? found : KST_NO_BASE;
}

void p12_find_leaf(struct p12_reader *r, struct p12_index *x, size_t k, struct kst_key *key,
		   size_t *leaf)
{
	const struct p12_attrs *a = &r->bag[k].attrs;
	size_t from = 0, to = 0, key_from = 0, key_to = 0;

	*leaf = KST_NO_BASE;
	if (a->has_id) {
		from = bound(x, x->by_id, x->nr_ids, a->id, false);
		to = bound(x, x->by_id, x->nr_ids, a->id, true);
		key_from = bound(x, x->by_key_id, x->nr_key_ids, a->id, false);
		key_to = bound(x, x->by_key_id, x->nr_key_ids, a->id, true);
	}
	bool clear = to > from && key_to - key_from == 1 && all_same(x, from, to);
	if (clear && kst_key_is_sealed(key)) {
		*leaf = by_id_and_name(r, x, k, from, to);
		return;
	}
	if (learn_public(r, k, key)) {
		*leaf = by_public(r, x, k, key);
		if (*leaf == KST_NO_BASE && to > from)
			kst_note(r->io->notes, "key-mismatch",
				 "a certificate claims to belong to a key%s%s%s whose it is not",
				 a->name ? " \"" : "", a->name ? a->name : "", a->name ? "\"" : "");
		return;
	}
	/* Under a passphrase of its own, or of an algorithm that nobody here knows. */
	*leaf = to > from ? by_id_and_name(r, x, k, from, to) : by_guess(r, x, k);
}

/* ---- the chain ---- */

/* The bag whose certificate stands in the pool, by its pointer; KST_NO_BASE: it is the leaf alone. */
static size_t bag_of(const struct p12_index *x, const struct kst_cert *cert)
{
	size_t lo = 0, hi = x->nr_prints;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = memcmp(kst_cert_sha256(x->bag[x->by_print[mid]].cert), kst_cert_sha256(cert),
			       32);
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < x->nr_prints; lo++) {
		size_t i = x->by_print[lo];
		if (x->bag[i].cert == cert)
			return i;
		if (!kst_cert_equal(x->bag[i].cert, cert))
			break;
	}
	return KST_NO_BASE;
}

int p12_build_chain(struct p12_reader *r, struct p12_index *x, size_t leaf, struct kst_entry *e,
		    struct kst_error *err)
{
	if (kst_chain_build_from(&e->chain, r->bag[leaf].cert, x->subjects, NULL, err) < 0)
		return -1;
	e->cert_attrs = kst_calloc(e->chain.nr, sizeof(*e->cert_attrs));
	if (!e->cert_attrs)
		return kst_error_nomem(err);
	for (size_t i = 0; i < e->chain.nr; i++) {
		size_t b = i ? bag_of(x, e->chain.cert[i]) : leaf;
		if (b == KST_NO_BASE)
			continue;
		struct p12_attrs *a = &r->bag[b].attrs;
		struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
		/* The name of the leaf is that of the entry. */
		if (i && a->name_der.len)
			kst_buf_put(&all, a->name_der.data, a->name_der.len);
		if (a->rest.len)
			kst_buf_put(&all, a->rest.data, a->rest.len);
		if (all.failed ||
		    (all.len && kst_blob_set(&e->cert_attrs[i], all.data, all.len) < 0))
			return kst_error_nomem(err);
		if (!a->trusted)
			r->bag[b].used = true;
	}
	return 0;
}

/*
 * Java writes an issuer once for each key, OpenSSL repeats a leaf that is also
 * among -certfile.  What has a name of its own is an entry of its own.
 */
void p12_drop_repeats(struct p12_reader *r, struct p12_index *x)
{
	for (size_t i = 0; i < x->nr_prints; i = run_end(x, i)) {
		size_t end = run_end(x, i), used = KST_NO_BASE;
		for (size_t k = i; k < end && used == KST_NO_BASE; k++)
			if (r->bag[x->by_print[k]].used)
				used = x->by_print[k];
		for (size_t k = i; used != KST_NO_BASE && k < end; k++) {
			struct p12_bag *b = &r->bag[x->by_print[k]];
			const struct kst_bytes whole = r->bag[used].whole;
			if (!b->attrs.name || kst_bytes_is(b->whole, whole.data, whole.len))
				b->used = true;
		}
	}
}
