/* SPDX-License-Identifier: ISC */
/*
 * gather.c - many inputs, one set of entries
 *
 * "key.pem, cert.pem and the CA's bundle" is one key entry with a chain, in
 * whatever order and whatever formats they were named.  What does not get in is
 * listed: nothing is dropped in silence but what is there twice.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "model/alias.h"
#include "store/gather.h"
#include "store/lint.h"
#include "store/store.h"

struct piece {
	struct kst_entry *entry; /* NULL: used up, dropped, or left out */
	size_t from;             /* number of its store */
};

struct work {
	struct kst_store *const *store;
	const struct kst_gather_options *opt;
	struct kst_notes *notes;
	struct kst_gathered *out;
	struct piece *piece;
	size_t nr, size;
	size_t nr_keys;
	struct kst_pool pool;
	struct kst_names names;
};

static int leave_out(struct work *w, const struct piece *p, const char *reason)
{
	struct kst_gathered *g = w->out;
	struct kst_buf scratch KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_head h;
	if (!(g->nr_left & (g->nr_left - 1))) { /* room grows at every power of two */
		size_t size = g->nr_left ? g->nr_left * 2 : 1;
		struct kst_left_out *grown = kst_realloc(g->left, size * sizeof(*grown));
		if (!grown)
			return -1;
		g->left = grown;
	}
	kst_entry_head(p->entry, &h, &scratch);
	const char *what = h.alias ? h.alias : h.name ? h.name : h.label ? h.label : "(no name)";
	struct kst_left_out *l = &g->left[g->nr_left++];
	*l = (struct kst_left_out){ .source = kst_strdup(kst_store_path(w->store[p->from])),
				    .what = kst_strdup(what),
				    .reason = kst_strdup(reason) };
	return l->source && l->what && l->reason ? 0 : -1;
}

/* ---- 1. copies of everything, keys open ---- */

static int push(struct work *w, struct kst_entry *e, size_t from)
{
	if (w->nr == w->size) {
		size_t size = w->size ? w->size * 2 : 32;
		struct piece *grown = kst_realloc(w->piece, size * sizeof(*grown));
		if (!grown) {
			kst_entry_free(e);
			return -1;
		}
		w->piece = grown;
		w->size = size;
	}
	w->piece[w->nr++] = (struct piece){ e, from };
	return 0;
}

/* What a server sent: certificates that belong together only if they fit. */
static int take_sent(struct work *w, struct kst_entry *all, size_t from, struct kst_error *err)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < all->chain.nr; k++) {
		struct kst_entry *e = kst_entry_new(KST_KIND_CERT);
		if (!e || kst_chain_push(&e->chain, all->chain.cert[k]) < 0 ||
		    kst_pool_add(&w->pool, all->chain.cert[k]) < 0) {
			kst_entry_free(e);
			rc = -1;
		} else {
			rc = push(w, e, from);
		}
	}
	kst_entry_free(all);
	return rc < 0 ? kst_error_nomem(err) : 0;
}

static int take(struct work *w, size_t from, size_t i, struct kst_error *err)
{
	struct kst_store *s = w->store[from];
	struct kst_entry *e, *copy = NULL;
	if (kst_store_entry(s, i, &e, err) < 0)
		return -1;
	/* The keys of one file get one passphrase, that of the file. */
	if (e->kind == KST_KIND_KEY && kst_lint_own_pass(s, e))
		kst_note(w->notes, "entry-passphrase",
			 "\"%s\" of %s has a passphrase of its own, which the new file does not keep",
			 e->alias ? e->alias : "", kst_store_path(s));
	if ((e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET) &&
	    kst_store_open_key(s, i, err) < 0)
		return -1;
	if (kst_entry_copy(&copy, e, err) < 0)
		return -1;
	/* An identity belongs to one store, and so do fields of it that are not known here. */
	copy->has_id = false;
	kst_blob_release(&copy->ext_record);
	if (copy->alias_derived) { /* the whole entry, once its parts met, gives a better one */
		kst_free(copy->alias);
		copy->alias = NULL;
		copy->alias_derived = false;
	}
	/* A CA in a PEM file is as likely there to complete a chain. */
	if ((kst_store_format(s)->caps & KST_CAP_LOOSE) && !copy->purposes.len && !copy->distrusted.len)
		copy->trusted = false;
	w->nr_keys += copy->kind == KST_KIND_KEY;
	if (s->live)
		return take_sent(w, copy, from, err);
	for (size_t k = 0; k < copy->chain.nr; k++)
		if (kst_pool_add(&w->pool, copy->chain.cert[k]) < 0) {
			kst_entry_free(copy);
			return kst_error_nomem(err);
		}
	return push(w, copy, from) < 0 ? kst_error_nomem(err) : 0;
}

static int take_extra(struct work *w, struct kst_error *err)
{
	for (size_t x = 0; x < w->opt->nr_extra; x++) {
		struct kst_store *s = w->opt->extra[x];
		for (size_t i = 0; i < kst_store_count(s); i++) {
			struct kst_entry *e;
			if (kst_store_entry(s, i, &e, err) < 0)
				return -1;
			for (size_t k = 0; k < e->chain.nr; k++)
				if (kst_pool_add(&w->pool, e->chain.cert[k]) < 0)
					return kst_error_nomem(err);
		}
	}
	return 0;
}

/* ---- 2. keys and their chains ---- */

static const char *name_of(const struct kst_entry *e, struct kst_buf *scratch)
{
	struct kst_head h;
	kst_entry_head(e, &h, scratch);
	return h.alias ? h.alias : h.name ? h.name : "(no name)";
}

static void note_hole(const struct work *w, const struct kst_entry *e)
{
	struct kst_buf scratch KST_SCRATCH_BUF = KST_BUF_INIT, issuer KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_issuer_name(e->chain.cert[e->chain.nr - 1], &issuer);
	kst_note(w->notes, "chain-incomplete",
		 "\"%s\": the certificate of its issuer \"%s\" is missing; name its file too, or clients may fail",
		 name_of(e, &scratch), issuer.data ? (const char *)issuer.data : "");
}

static int give_chain(struct work *w, struct kst_entry *e, struct kst_error *err)
{
	struct kst_buf scratch KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!e->chain.nr) {
		bool several = false;
		struct kst_cert *leaf = e->key ? kst_pool_match(&w->pool, e->key, &several) : NULL;
		if (!leaf)
			return 0;
		if (kst_chain_push(&e->chain, leaf) < 0)
			return kst_error_nomem(err);
		if (several)
			kst_note(w->notes, "several-certificates",
				 "several certificates belong to the key \"%s\": the one that is "
				 "valid longest was taken",
				 name_of(e, &scratch));
	}
	bool complete = false;
	if (kst_pool_complete(&w->pool, e, &complete, err) < 0)
		return -1;
	/* A chain that ends in a CA lacks the root at most, which every client has. */
	if (!complete && !kst_cert_is_ca(e->chain.cert[e->chain.nr - 1]))
		note_hole(w, e);
	return 0;
}

static int by_cert(const void *a, const void *b)
{
	return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, 32);
}

/* ---- 3. certificates that are in a chain now ---- */

struct in_chains {
	const uint8_t **sha256;
	size_t nr;
};

static bool is_in(const struct in_chains *c, const struct kst_cert *cert)
{
	const uint8_t *sha256 = kst_cert_sha256(cert);
	return c->nr && bsearch(&sha256, c->sha256, c->nr, sizeof(*c->sha256), by_cert);
}

static int list_chains(struct in_chains *c, const struct work *w)
{
	size_t nr = 0;
	for (size_t i = 0; i < w->nr; i++)
		if (w->piece[i].entry && w->piece[i].entry->kind == KST_KIND_KEY)
			nr += w->piece[i].entry->chain.nr;
	c->sha256 = kst_calloc(nr + 1, sizeof(*c->sha256));
	if (!c->sha256)
		return -1;
	for (size_t i = 0; i < w->nr; i++) {
		const struct kst_entry *e = w->piece[i].entry;
		for (size_t k = 0; e && e->kind == KST_KIND_KEY && k < e->chain.nr; k++)
			c->sha256[c->nr++] = kst_cert_sha256(e->chain.cert[k]);
	}
	if (c->nr)
		qsort(c->sha256, c->nr, sizeof(*c->sha256), by_cert);
	return 0;
}

static void use_up(struct piece *p)
{
	kst_entry_free(p->entry);
	p->entry = NULL;
}

static int place_cert(struct work *w, struct piece *p, const struct in_chains *before,
		      const struct in_chains *after)
{
	struct kst_entry *e = p->entry;
	const struct kst_cert *cert = kst_entry_leaf(e);
	bool chained = is_in(after, cert);
	/* What its own file marks as trusted is more than a link of a chain. */
	if (chained && !e->trusted) {
		use_up(p);
		return 0;
	}
	if (!chained && is_in(before, cert) && !e->trusted && !w->opt->as_trust) {
		int rc = leave_out(w, p, "a root, left out of the chain");
		use_up(p);
		return rc;
	}
	/* Nobody's wish makes an anchor of what its own file says is none. */
	if (!chained && (w->opt->as_trust || w->nr_keys == 0) && !e->distrusted.len && !e->no_anchor &&
	    !w->store[p->from]->live) /* whoever answers there is not trusted for having answered */
		e->trusted = true;
	return 0;
}

static int place_certs(struct work *w, struct kst_error *err)
{
	struct in_chains before = { .nr = 0 }, after = { .nr = 0 };
	int rc = list_chains(&before, w);
	/* A dropped root would leave `before` with its fingerprint alone: the pool still owns it. */
	for (size_t i = 0; rc == 0 && w->opt->drop_root && i < w->nr; i++)
		if (w->piece[i].entry && w->piece[i].entry->kind == KST_KIND_KEY)
			kst_chain_drop_root(w->piece[i].entry);
	if (rc == 0)
		rc = list_chains(&after, w);
	for (size_t i = 0; rc == 0 && i < w->nr; i++)
		if (w->piece[i].entry && w->piece[i].entry->kind == KST_KIND_CERT)
			rc = place_cert(w, &w->piece[i], &before, &after);
	kst_free(before.sha256);
	kst_free(after.sha256);
	return rc < 0 ? kst_error_nomem(err) : 0;
}

/* Is this the public half of a private key among the inputs? */
static bool has_private_half(const struct work *w, const struct kst_entry *pub)
{
	for (size_t i = 0; i < w->nr; i++) {
		struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
		const struct kst_entry *e = w->piece[i].entry;
		if (e && e->kind == KST_KIND_KEY && e->key &&
		    kst_key_spki(e->key, &spki, NULL) == 0 && spki.len == pub->der.len &&
		    memcmp(spki.data, pub->der.data, spki.len) == 0)
			return true;
	}
	return false;
}

/* Requests and unknown things: gathered only where there is nothing else. */
static int place_others(struct work *w, struct kst_error *err)
{
	bool others = false;
	for (size_t i = 0; i < w->nr; i++) {
		const struct kst_entry *e = w->piece[i].entry;
		others = others || (e && (e->kind == KST_KIND_KEY || e->kind == KST_KIND_CERT ||
					  e->kind == KST_KIND_SECRET));
	}
	for (size_t i = 0; i < w->nr; i++) {
		struct piece *p = &w->piece[i];
		const char *reason = NULL;
		if (!p->entry)
			continue;
		if (kst_entry_is_public_key(p->entry))
			reason = has_private_half(w, p->entry)
					 ? "the public half of a private key that is there"
					 : NULL;
		else if (p->entry->kind == KST_KIND_OPAQUE)
			reason = "nothing that kstool knows";
		else if (p->entry->kind == KST_KIND_CSR && others)
			reason = "a certificate request is no part of a store";
		else if (p->entry->kind == KST_KIND_CRL && others && !w->opt->keep_crls)
			reason = "a revocation list is no part of a store";
		if (!reason)
			continue;
		if (leave_out(w, p, reason) < 0)
			return kst_error_nomem(err);
		use_up(p);
	}
	return 0;
}

/* ---- 4. what is there twice ---- */

static int by_leaf(const void *a, const void *b)
{
	const struct piece *x = *(struct piece *const *)a, *y = *(struct piece *const *)b;
	const struct kst_cert *cx = kst_entry_leaf(x->entry), *cy = kst_entry_leaf(y->entry);
	int order = (int)x->entry->kind - (int)y->entry->kind;
	if (!order && cx && cy)
		order = memcmp(kst_cert_sha256(cx), kst_cert_sha256(cy), 32);
	else if (!order)
		order = !!cx - !!cy;
	if (!order)
		order = x < y ? -1 : x > y;
	return order;
}

static bool same_group(const struct piece *a, const struct piece *b)
{
	const struct kst_cert *x = kst_entry_leaf(a->entry), *y = kst_entry_leaf(b->entry);
	return a->entry->kind == b->entry->kind && (x && y ? kst_cert_equal(x, y) : x == y);
}

/*
 * A certificate that one file trusts and another merely holds is one entry, the
 * trusted one.  Two names for one thing in the inputs are two entries.
 */
static bool is_duplicate(struct kst_entry *kept, struct kst_entry *e)
{
	if (kept->alias && e->alias && strcmp(kept->alias, e->alias) != 0)
		return false;
	bool trusted = kept->trusted || e->trusted, was = kept->trusted, is = e->trusted;
	kept->trusted = e->trusted = trusted;
	if (kst_entry_same(kept, e))
		return true;
	kept->trusted = was;
	e->trusted = is;
	return false;
}

static void drop_duplicates_of(struct work *w, struct piece **group, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		for (size_t k = i + 1; group[i]->entry && k < nr; k++) {
			struct kst_entry *kept = group[i]->entry, *e = group[k]->entry;
			if (!e || !is_duplicate(kept, e))
				continue;
			if (!kept->alias) {
				kept->alias = e->alias;
				e->alias = NULL;
			}
			use_up(group[k]);
			w->out->duplicates++;
		}
}

static int drop_duplicates(struct work *w, struct kst_error *err)
{
	struct piece **sorted = kst_calloc(w->nr + 1, sizeof(*sorted));
	size_t nr = 0;
	if (!sorted)
		return kst_error_nomem(err);
	for (size_t i = 0; i < w->nr; i++)
		if (w->piece[i].entry)
			sorted[nr++] = &w->piece[i];
	if (nr)
		qsort(sorted, nr, sizeof(*sorted), by_leaf);
	for (size_t i = 0, end; i < nr; i = end) {
		for (end = i + 1; end < nr && same_group(sorted[i], sorted[end]);)
			end++;
		drop_duplicates_of(w, sorted + i, end - i);
	}
	kst_free(sorted);
	return 0;
}

/* ---- 5. names ---- */

static bool taken(void *ctx, const char *alias)
{
	return kst_names_has(ctx, alias);
}

static int name_it(struct work *w, struct kst_entry *e, const char *base)
{
	const struct kst_cert *leaf = kst_entry_leaf(e);
	char *alias = kst_alias_unique(base, leaf ? kst_cert_sha256(leaf) : NULL, taken, &w->names);
	if (!alias)
		return -1;
	if (e->alias && strcmp(e->alias, alias) != 0)
		kst_note(w->notes, "alias-changed", "\"%s\" becomes \"%s\": the name is taken",
			 e->alias, alias);
	kst_free(e->alias);
	e->alias = alias;
	return kst_names_add(&w->names, alias);
}

/* The entry that opt->alias is for.  0 or -1. */
static int named_entry(struct kst_gathered *g, struct kst_entry **out, struct kst_error *err)
{
	struct kst_entry *key = NULL;
	size_t keys = 0;
	for (size_t i = 0; i < g->nr; i++)
		if (g->entry[i]->kind == KST_KIND_KEY) {
			keys++;
			key = g->entry[i];
		}
	if (keys > 1 || (keys == 0 && g->nr > 1))
		return kst_error_setx(err, KST_E_USAGE,
				      "one alias is given for %zu entries: leave it out, or name one "
				      "input at a time",
				      keys ? keys : g->nr);
	*out = key ? key : g->nr ? g->entry[0] : NULL;
	return 0;
}

static int name_all(struct work *w, struct kst_error *err)
{
	struct kst_gathered *g = w->out;
	struct kst_entry *named = NULL;
	if (w->opt->alias && named_entry(g, &named, err) < 0)
		return -1;
	if (named) {
		kst_free(named->alias);
		named->alias = kst_strdup(w->opt->alias);
		if (!named->alias || kst_names_add(&w->names, named->alias) < 0)
			return kst_error_nomem(err);
	}
	/* Names that are there come first: a derived one must not push them aside. */
	for (int derived = 0; derived < 2; derived++)
		for (size_t i = 0; i < g->nr; i++) {
			struct kst_entry *e = g->entry[i];
			if (e == named || (derived ? e->alias != NULL : e->alias == NULL))
				continue;
			char *base = derived ? kst_alias_derive(e) : kst_strdup(e->alias);
			int rc = base ? name_it(w, e, base) : -1;
			kst_free(base);
			if (rc < 0)
				return kst_error_nomem(err);
		}
	return 0;
}

/* ---- all of it ---- */

static int hand_over(struct work *w, struct kst_error *err)
{
	w->out->entry = kst_calloc(w->nr + 1, sizeof(*w->out->entry));
	if (!w->out->entry)
		return kst_error_nomem(err);
	for (size_t i = 0; i < w->nr; i++)
		if (w->piece[i].entry) {
			w->out->entry[w->out->nr++] = w->piece[i].entry;
			w->piece[i].entry = NULL;
		}
	return 0;
}

static int gather(struct work *w, size_t nr, struct kst_error *err)
{
	for (size_t from = 0; from < nr; from++) {
		struct kst_store *s = w->store[from];
		size_t count = kst_store_count(s);
		for (size_t i = 0; i < count; i++) {
			kst_progress_step(s->progress, "reading", i, count);
			if (take(w, from, i, err) < 0)
				return kst_error_subject(err, "%s", kst_store_path(s));
		}
	}
	if (take_extra(w, err) < 0)
		return -1;
	if (kst_pool_sort(&w->pool) < 0)
		return kst_error_nomem(err);
	for (size_t i = 0; i < w->nr; i++)
		if (w->piece[i].entry->kind == KST_KIND_KEY &&
		    give_chain(w, w->piece[i].entry, err) < 0)
			return -1;
	if (place_certs(w, err) < 0 || place_others(w, err) < 0 || drop_duplicates(w, err) < 0 ||
	    hand_over(w, err) < 0)
		return -1;
	return name_all(w, err);
}

int kst_gather(struct kst_gathered *out, struct kst_store *const *store, size_t nr,
	       const struct kst_gather_options *opt, struct kst_notes *notes,
	       struct kst_error *err)
{
	struct kst_gathered g = { .nr = 0 };
	struct work w = { .store = store, .opt = opt, .notes = notes, .out = &g };
	if (getrandom(&w.names.seed, sizeof(w.names.seed), GRND_NONBLOCK) < 0)
		w.names.seed = (uintptr_t)&w;
	int rc = gather(&w, nr, err);
	for (size_t i = 0; i < w.nr; i++)
		kst_entry_free(w.piece[i].entry);
	kst_free(w.piece);
	kst_pool_release(&w.pool);
	kst_names_release(&w.names);
	if (rc < 0) {
		kst_gathered_release(&g);
		return -1;
	}
	*out = g;
	return 0;
}

void kst_gathered_release(struct kst_gathered *g)
{
	for (size_t i = 0; i < g->nr; i++)
		kst_entry_free(g->entry[i]);
	kst_free(g->entry);
	for (size_t i = 0; i < g->nr_left; i++) {
		kst_free(g->left[i].source);
		kst_free(g->left[i].what);
		kst_free(g->left[i].reason);
	}
	kst_free(g->left);
	*g = (struct kst_gathered){ .nr = 0 };
}
