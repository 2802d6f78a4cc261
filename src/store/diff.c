/* SPDX-License-Identifier: ISC */
/*
 * diff.c - two stores entry by entry
 *
 * Pairs are made in rounds, the surest first: the same thing under the same
 * alias, the same thing under any alias, the same alias, the same key.  What is
 * left was removed or added.
 */
#include "kstool/diff.h"

#include <stdlib.h>
#include <string.h>

#include "store/store.h"

void kst_diff_release(struct kst_diff *d)
{
	for (size_t i = 0; i < d->nr; i++) {
		kst_free(d->row[i].alias_a);
		kst_free(d->row[i].alias_b);
		kst_cert_free(d->row[i].cert_a);
		kst_cert_free(d->row[i].cert_b);
	}
	kst_free(d->row);
	*d = (struct kst_diff){ .nr = 0 };
}

/* One side: its entries, by leaf and by key. */
struct slot {
	const uint8_t *hash; /* of leaf or key; NULL: none */
	size_t at;
};
struct side {
	struct kst_store *store;
	size_t nr;
	struct kst_entry **entry;
	size_t *pair; /* entry of the other side; KST_NO_BASE */
	uint8_t (*spki)[32];
	struct slot *by_cert, *by_key; /* sorted */
};

static int by_hash(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (!x->hash || !y->hash)
		return !x->hash - !y->hash;
	int d = memcmp(x->hash, y->hash, 32);
	return d ? d : (x->at > y->at) - (x->at < y->at);
}

static int side_open(struct side *s, struct kst_store *store, struct kst_error *err)
{
	s->store = store;
	s->nr = kst_store_count(store);
	s->entry = kst_calloc(s->nr + 1, sizeof(*s->entry));
	s->pair = kst_calloc(s->nr + 1, sizeof(*s->pair));
	s->spki = kst_calloc(s->nr + 1, sizeof(*s->spki));
	s->by_cert = kst_calloc(s->nr + 1, sizeof(*s->by_cert));
	s->by_key = kst_calloc(s->nr + 1, sizeof(*s->by_key));
	if (!s->entry || !s->pair || !s->spki || !s->by_cert || !s->by_key)
		return kst_error_nomem(err);
	for (size_t i = 0; i < s->nr; i++) {
		s->pair[i] = KST_NO_BASE;
		if (kst_store_entry(store, i, &s->entry[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->nr; i++) {
		const struct kst_cert *leaf = kst_entry_leaf(s->entry[i]);

		s->by_cert[i].at = s->by_key[i].at = i;
		if (!leaf)
			continue;
		s->by_cert[i].hash = kst_cert_sha256(leaf);
		kst_cert_spki_sha256(leaf, s->spki[i]);
		s->by_key[i].hash = s->spki[i];
	}
	qsort(s->by_cert, s->nr, sizeof(*s->by_cert), by_hash);
	qsort(s->by_key, s->nr, sizeof(*s->by_key), by_hash);
	return 0;
}

static void side_release(struct side *s)
{
	kst_free(s->entry);
	kst_free(s->pair);
	kst_free(s->spki);
	kst_free(s->by_cert);
	kst_free(s->by_key);
}

/* The first of a sorted table with this hash. */
static size_t lower(const struct slot *t, size_t nr, const uint8_t *hash)
{
	size_t lo = 0, hi = nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t[mid].hash && memcmp(t[mid].hash, hash, 32) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- are they the same? ---- */

static const char *name_of(const struct kst_entry *e)
{
	return e->alias && *e->alias && !e->alias_derived ? e->alias : NULL;
}

static bool same_alias(const struct side *a, size_t i, const struct side *b, size_t k)
{
	const char *x = name_of(a->entry[i]), *y = name_of(b->entry[k]);
	unsigned caps = kst_store_format(a->store)->caps & kst_store_format(b->store)->caps;

	if (!x || !y)
		return true; /* one of the files gives it no name: that is no other name */
	return caps & KST_CAP_ALIAS_CASE ? !strcmp(x, y) : kst_text_equal_nocase(x, y);
}

static bool both_can(const struct side *a, const struct side *b, unsigned cap)
{
	return kst_store_format(a->store)->caps & kst_store_format(b->store)->caps & cap;
}

static bool same_trust(const struct side *a, const struct side *b, const struct kst_entry *x,
		       const struct kst_entry *y)
{
	if (x->kind != KST_KIND_CERT || y->kind != KST_KIND_CERT)
		return true;
	if (both_can(a, b, KST_CAP_TRUST) && x->trusted != y->trusted)
		return false;
	return !both_can(a, b, KST_CAP_PURPOSES) ||
	       (kst_blob_equal(&x->purposes, &y->purposes) &&
		kst_blob_equal(&x->distrusted, &y->distrusted));
}

static bool is_loose(const struct side *s)
{
	return kst_store_format(s->store)->caps & KST_CAP_LOOSE;
}

/* What a server sends has no private key, and that is no difference. */
static bool with_server(const struct side *a, const struct side *b)
{
	return a->store->live || b->store->live;
}

static bool holds(const struct side *s, const struct kst_cert *cert)
{
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 0; k < s->entry[i]->chain.nr; k++)
			if (kst_cert_equal(s->entry[i]->chain.cert[k], cert))
				return true;
	return false;
}

/* The chain that was sent; in a file of loose certificates each of it lies somewhere. */
static bool same_sent(const struct side *a, const struct side *b, const struct kst_entry *x,
		      const struct kst_entry *y)
{
	const struct kst_chain *sent = a->store->live ? &x->chain : &y->chain;
	const struct side *file = a->store->live ? b : a;

	if (!is_loose(file))
		return kst_chain_equal(&x->chain, &y->chain);
	for (size_t k = 1; k < sent->nr; k++)
		if (!holds(file, sent->cert[k]))
			return false;
	return true;
}

/* What the pair is, of the same leaf; -1: they do not differ. */
static int same_leaf_kind(const struct side *a, const struct side *b, const struct kst_entry *x,
			  const struct kst_entry *y)
{
	if (with_server(a, b))
		return same_sent(a, b, x, y) ? -1 : KST_DIFF_CHAIN;
	if (x->kind != y->kind)
		return KST_DIFF_KIND;
	if (!kst_chain_equal(&x->chain, &y->chain))
		return KST_DIFF_CHAIN;
	return same_trust(a, b, x, y) ? -1 : KST_DIFF_TRUST;
}

/* Two keys that have no certificate, two secrets, two objects. */
static bool same_bare(const struct kst_entry *x, const struct kst_entry *y)
{
	return x->kind == y->kind && !x->chain.nr && !y->chain.nr && kst_entry_same(x, y);
}

/* ---- pairs ---- */

static void join(struct side *a, size_t i, struct side *b, size_t k)
{
	a->pair[i] = k;
	b->pair[k] = i;
}

/* One that is free in the run of equal hashes; with `kind` and `alias` also equal, if asked for. */
static size_t free_in(const struct side *a, size_t i, const struct side *b, const struct slot *t,
		      const uint8_t *hash, bool kind, bool alias)
{
	for (size_t k = lower(t, b->nr, hash);
	     k < b->nr && t[k].hash && !memcmp(t[k].hash, hash, 32); k++) {
		size_t at = t[k].at;

		if (b->pair[at] == KST_NO_BASE &&
		    (!kind || a->entry[i]->kind == b->entry[at]->kind) &&
		    (!alias || same_alias(a, i, b, at)))
			return at;
	}
	return KST_NO_BASE;
}

static void by_leaf(struct side *a, struct side *b, bool kind, bool alias)
{
	for (size_t i = 0; i < a->nr; i++) {
		const struct kst_cert *leaf = kst_entry_leaf(a->entry[i]);
		size_t k = a->pair[i] == KST_NO_BASE && leaf
				   ? free_in(a, i, b, b->by_cert, kst_cert_sha256(leaf), kind, alias)
				   : KST_NO_BASE;

		if (k != KST_NO_BASE)
			join(a, i, b, k);
	}
}

static void by_alias(struct side *a, struct side *b)
{
	for (size_t i = 0; i < a->nr; i++) {
		const char *name = name_of(a->entry[i]);
		size_t k = a->pair[i] == KST_NO_BASE && name ? kst_store_find_alias(b->store, name)
							     : KST_NO_BASE;

		if (k != KST_NO_BASE && k < b->nr && b->pair[k] == KST_NO_BASE &&
		    name_of(b->entry[k]))
			join(a, i, b, k);
	}
}

static void by_key(struct side *a, struct side *b)
{
	for (size_t i = 0; i < a->nr; i++) {
		size_t k = a->pair[i] == KST_NO_BASE && kst_entry_leaf(a->entry[i])
				   ? free_in(a, i, b, b->by_key, a->spki[i], !with_server(a, b), false)
				   : KST_NO_BASE;

		if (k != KST_NO_BASE)
			join(a, i, b, k);
	}
}

/* Few have no certificate: each against each. */
static void by_contents(struct side *a, struct side *b)
{
	for (size_t i = 0; i < a->nr; i++)
		for (size_t k = 0; a->pair[i] == KST_NO_BASE && !a->entry[i]->chain.nr && k < b->nr;
		     k++)
			if (b->pair[k] == KST_NO_BASE && same_bare(a->entry[i], b->entry[k]))
				join(a, i, b, k);
}

/* A file of loose objects tells no chain from certificates that lie beside each other. */
static bool in_chains(const struct side *s, const struct kst_cert *cert)
{
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 1; k < s->entry[i]->chain.nr; k++)
			if (kst_cert_equal(s->entry[i]->chain.cert[k], cert))
				return true;
	return false;
}

/* ---- rows ---- */

static struct kst_diff_row *add(struct kst_diff *d, size_t *room, enum kst_diff_kind kind)
{
	if (d->nr == *room) {
		size_t size = *room ? *room * 2 : 16;
		struct kst_diff_row *grown = kst_realloc(d->row, size * sizeof(*grown));

		if (!grown)
			return NULL;
		d->row = grown;
		*room = size;
	}
	d->row[d->nr] = (struct kst_diff_row){ .kind = kind, .a = KST_NO_BASE, .b = KST_NO_BASE };
	return &d->row[d->nr++];
}

static int fill(struct kst_diff_row *r, const struct kst_entry *x, const struct kst_entry *y)
{
	if (x && kst_entry_leaf(x))
		r->cert_a = kst_cert_ref(kst_entry_leaf(x));
	if (y && kst_entry_leaf(y))
		r->cert_b = kst_cert_ref(kst_entry_leaf(y));
	r->nr_a = x ? (unsigned)x->chain.nr : 0;
	r->nr_b = y ? (unsigned)y->chain.nr : 0;
	if (r->cert_a && r->cert_b)
		r->fields = kst_cert_diff(r->cert_a, r->cert_b);
	if ((x && name_of(x) && !(r->alias_a = kst_strdup(name_of(x)))) ||
	    (y && name_of(y) && !(r->alias_b = kst_strdup(name_of(y)))))
		return -1;
	return 0;
}

/* What a pair is; -1: no difference but for the alias. */
static int pair_kind(const struct side *a, const struct side *b, const struct kst_entry *x,
		     const struct kst_entry *y)
{
	const struct kst_cert *p = kst_entry_leaf(x), *q = kst_entry_leaf(y);

	if (p && q && kst_cert_equal(p, q))
		return same_leaf_kind(a, b, x, y);
	if (!p && !q)
		return same_bare(x, y) ? -1 : x->kind == y->kind ? KST_DIFF_CONTENT : KST_DIFF_KIND;
	if (!p || !q)
		return x->kind == y->kind ? KST_DIFF_CHAIN : KST_DIFF_KIND;
	return kst_cert_diff(p, q) & KST_DIFFERS_KEY ? KST_DIFF_REKEYED : KST_DIFF_REISSUED;
}

static int rows_of(struct kst_diff *d, const struct side *a, const struct side *b)
{
	size_t room = 0;

	for (size_t i = 0; i < a->nr; i++) {
		const struct kst_entry *x = a->entry[i], *y;
		size_t k = a->pair[i];
		struct kst_diff_row *r;
		int kind = KST_DIFF_REMOVED;
		bool renamed = false;

		if (k == KST_NO_BASE) {
			if (x->kind == KST_KIND_CERT && (is_loose(a) || is_loose(b)) &&
			    in_chains(b, x->chain.cert[0]))
				continue;
			y = NULL;
		} else {
			y = b->entry[k];
			renamed = !same_alias(a, i, b, k);
			kind = pair_kind(a, b, x, y);
			if (kind < 0 && !renamed) {
				d->same++;
				continue;
			}
			if (kind < 0)
				kind = KST_DIFF_RENAMED;
		}
		r = add(d, &room, (enum kst_diff_kind)kind);
		if (!r || fill(r, x, y) < 0)
			return -1;
		r->a = i;
		r->b = k;
		r->renamed = renamed;
	}
	for (size_t k = 0; k < b->nr; k++) {
		const struct kst_entry *y = b->entry[k];
		struct kst_diff_row *r;

		if (b->pair[k] != KST_NO_BASE ||
		    (y->kind == KST_KIND_CERT && (is_loose(a) || is_loose(b)) &&
		     in_chains(a, y->chain.cert[0])))
			continue;
		r = add(d, &room, KST_DIFF_ADDED);
		if (!r || fill(r, NULL, y) < 0)
			return -1;
		r->b = k;
	}
	return 0;
}

/* ---- sets of certificates ---- */

struct set {
	struct kst_cert **cert;
	size_t nr;
};

static int by_print(const void *a, const void *b)
{
	return memcmp(kst_cert_sha256(*(struct kst_cert *const *)a),
		      kst_cert_sha256(*(struct kst_cert *const *)b), 32);
}

static int set_of(struct set *set, const struct side *s)
{
	size_t nr = 0, kept = 0;

	for (size_t i = 0; i < s->nr; i++)
		nr += s->entry[i]->chain.nr;
	set->cert = kst_calloc(nr + 1, sizeof(struct kst_cert *));
	if (!set->cert)
		return -1;
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 0; k < s->entry[i]->chain.nr; k++)
			set->cert[set->nr++] = s->entry[i]->chain.cert[k];
	qsort(set->cert, set->nr, sizeof(struct kst_cert *), by_print);
	for (size_t i = 0; i < set->nr; i++)
		if (!i || by_print(&set->cert[i - 1], &set->cert[i]))
			set->cert[kept++] = set->cert[i];
	set->nr = kept;
	return 0;
}

static int one_only(struct kst_diff *d, size_t *room, bool rows, struct kst_cert *cert, bool first)
{
	struct kst_diff_row *r;

	*(first ? &d->certs_a : &d->certs_b) += 1;
	if (!rows)
		return 0;
	r = add(d, room, first ? KST_DIFF_REMOVED : KST_DIFF_ADDED);
	if (!r)
		return -1;
	*(first ? &r->cert_a : &r->cert_b) = kst_cert_ref(cert);
	*(first ? &r->nr_a : &r->nr_b) = 1;
	return 0;
}

/* Count, and make rows if these are all that is asked for. */
static int compare_sets(struct kst_diff *d, const struct side *a, const struct side *b, bool rows)
{
	struct set x = { .nr = 0 }, y = { .nr = 0 };
	size_t room = 0;
	int rc = set_of(&x, a) < 0 || set_of(&y, b) < 0 ? -1 : 0;

	/* What is gone before what is new. */
	for (int added = 0; rc == 0 && added < 2; added++)
		for (size_t i = 0, k = 0; rc == 0 && (i < x.nr || k < y.nr);) {
			int c = i == x.nr ? 1 : k == y.nr ? -1 : by_print(&x.cert[i], &y.cert[k]);

			if (c == 0)
				d->certs_both += !added;
			else if (c < 0 && !added)
				rc = one_only(d, &room, rows, x.cert[i], true);
			else if (c > 0 && added)
				rc = one_only(d, &room, rows, y.cert[k], false);
			i += c <= 0;
			k += c >= 0;
		}
	kst_free(x.cert);
	kst_free(y.cert);
	return rc;
}

/* ---- the leaf alone ---- */

static size_t first_leaf(const struct side *s)
{
	size_t cert = KST_NO_BASE;

	for (size_t i = 0; i < s->nr; i++) {
		const struct kst_cert *leaf = kst_entry_leaf(s->entry[i]);

		if (leaf && s->entry[i]->kind == KST_KIND_KEY)
			return i;
		/* Without keys: what is no CA, else the first. */
		if (leaf && (cert == KST_NO_BASE ||
			     (kst_cert_is_ca(kst_entry_leaf(s->entry[cert])) && !kst_cert_is_ca(leaf))))
			cert = i;
	}
	return cert;
}

static int leaf_row(struct kst_diff *d, struct side *a, struct side *b, struct kst_error *err)
{
	size_t i = first_leaf(a), k = first_leaf(b), room = 0;
	struct kst_diff_row *r;

	if (i == KST_NO_BASE || k == KST_NO_BASE) {
		kst_error_setx(err, KST_E_NOTHING_FOUND, "holds no certificate");
		return kst_error_subject(err, "%s",
					 kst_store_path((i == KST_NO_BASE ? a : b)->store));
	}
	if (kst_cert_equal(kst_entry_leaf(a->entry[i]), kst_entry_leaf(b->entry[k]))) {
		d->same = 1;
		return 0;
	}
	r = add(d, &room, KST_DIFF_REISSUED);
	if (!r || fill(r, a->entry[i], b->entry[k]) < 0)
		return kst_error_nomem(err);
	if (r->fields & KST_DIFFERS_KEY)
		r->kind = KST_DIFF_REKEYED;
	r->a = i;
	r->b = k;
	return 0;
}

int kst_store_diff(struct kst_diff *out, struct kst_store *a, struct kst_store *b,
		   enum kst_diff_how how, struct kst_error *err)
{
	struct side x = { .nr = 0 }, y = { .nr = 0 };
	struct kst_diff d = { .nr = 0 };
	int rc = -1;

	if (side_open(&x, a, err) < 0 || side_open(&y, b, err) < 0)
		goto done;
	if (compare_sets(&d, &x, &y, how == KST_DIFF_CERTS) < 0) {
		kst_error_nomem(err);
		goto done;
	}
	switch (how) {
	case KST_DIFF_ENTRIES:
		by_leaf(&x, &y, true, true);
		by_leaf(&x, &y, true, false);
		by_leaf(&x, &y, false, true);
		by_contents(&x, &y);
		by_alias(&x, &y);
		by_key(&x, &y);
		by_leaf(&x, &y, false, false);
		rc = rows_of(&d, &x, &y);
		if (rc < 0)
			kst_error_nomem(err);
		break;
	case KST_DIFF_CERTS:
		rc = 0;
		break;
	case KST_DIFF_LEAF:
		rc = leaf_row(&d, &x, &y, err);
		break;
	}
done:
	side_release(&x);
	side_release(&y);
	if (rc < 0)
		kst_diff_release(&d);
	else
		*out = d;
	return rc;
}
