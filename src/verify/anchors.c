/* SPDX-License-Identifier: ISC */
/*
 * anchors.c - whom one trusts: the anchors of any number of stores
 *
 * Certificates are shared with the stores and found by the hash of their subject,
 * so that a bundle of the system costs its reading and nothing else: no public key
 * is built before a path ends in it.
 */
#include "verify/anchors.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/cert_impl.h"
#include "kstool/alloc.h"

#define NONE SIZE_MAX

struct source {
	struct kst_anchor_source is;
	char *name, *path;
};

/* In the order of fingerprints, and among equals of sources. */
struct by_print {
	const uint8_t *sha256; /* the certificate's own */
	size_t i;
};

struct kst_anchors {
	struct anchor *row;
	size_t nr, size;
	size_t *head; /* by hash of the subject; mask + 1 of them */
	size_t mask;
	struct by_print *print;
	size_t nr_prints;
	struct source *source;
	size_t nr_sources;
};

int kst_anchors_new(struct kst_anchors **out, struct kst_error *err)
{
	*out = kst_calloc(1, sizeof(**out));
	return *out ? 0 : kst_error_nomem(err);
}

void kst_anchors_free(struct kst_anchors *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->nr; i++) {
		kst_cert_free(a->row[i].cert);
		kst_free(a->row[i].limits);
	}
	for (size_t i = 0; i < a->nr_sources; i++) {
		kst_free(a->source[i].name);
		kst_free(a->source[i].path);
	}
	kst_free(a->row);
	kst_free(a->head);
	kst_free(a->print);
	kst_free(a->source);
	kst_free(a);
}

/* ---- adding ---- */

static int grow(struct kst_anchors *a, struct kst_error *err)
{
	size_t more = a->size ? a->size * 2 : 64, bytes;
	struct anchor *row;

	if (a->nr < a->size)
		return 0;
	row = __builtin_mul_overflow(more, sizeof(*row), &bytes) ? NULL : kst_realloc(a->row, bytes);
	if (!row)
		return kst_error_nomem(err);
	a->row = row;
	a->size = more;
	return 0;
}

/* Does the store mean this entry to be trusted, or never to be? */
static bool is_anchor(const struct kst_entry *e, unsigned caps)
{
	if (e->kind != KST_KIND_CERT || !e->chain.nr)
		return false;
	return e->trusted || e->no_anchor || e->distrusted.len || (caps & (KST_CAP_LOOSE | KST_CAP_ANCHORS));
}

static int add(struct kst_anchors *a, const struct kst_entry *e, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct anchor *to;

	if (grow(a, err) < 0)
		return -1;
	to = &a->row[a->nr];
	*to = (struct anchor){ .source = a->nr_sources,
			       .own = { .none = e->no_anchor, .more = e->restriction != NULL } };
	kst_entry_trust_bits(e, &to->own.yes, &to->own.no);
	if (e->no_anchor) /* which is no list of purposes, but is not trust in all of them */
		to->own.yes = 0;
	to->own.server_after = e->server_after;
	to->own.email_after = e->email_after;
	kst_entry_trust_text(e, &text);
	if (text.failed || (text.len && !(to->limits = kst_strdup((char *)text.data))))
		return kst_error_nomem(err);
	to->cert = kst_cert_ref(e->chain.cert[0]);
	a->nr++;
	return 0;
}

static int print_order(const void *a, const void *b)
{
	const struct by_print *x = a, *y = b;
	int c = memcmp(x->sha256, y->sha256, 32);

	return c ? c : x->i < y->i ? -1 : x->i > y->i;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* Sources add up: what one trusts is trusted, but a word of distrust and a limit count wherever they are said, and in
 * whatever order the files are named. */
static void add_up(struct kst_anchors *a, const struct by_print *print, size_t nr)
{
	struct anchor_word all = { .none = true };

	for (size_t i = 0; i < nr; i++) {
		const struct anchor_word *own = &a->row[print[i].i].own;

		all.yes |= own->yes;
		all.no |= own->no;
		all.none &= own->none;
		all.more |= own->more;
		all.server_after = earlier(all.server_after, own->server_after);
		all.email_after = earlier(all.email_after, own->email_after);
	}
	for (size_t i = 0; i < nr; i++)
		a->row[print[i].i].all = all;
}

static int index_all(struct kst_anchors *a, struct kst_error *err)
{
	size_t buckets = 16;
	struct by_print *print;
	size_t *head;

	while (buckets < a->nr && buckets < SIZE_MAX / 4)
		buckets *= 2;
	head = kst_calloc(buckets, sizeof(*head));
	print = kst_calloc(a->nr + 1, sizeof(*print));
	if (!head || !print) {
		kst_free(head);
		kst_free(print);
		return kst_error_nomem(err);
	}
	kst_free(a->head);
	kst_free(a->print);
	a->head = head;
	a->mask = buckets - 1;
	a->print = print;
	a->nr_prints = a->nr;
	for (size_t i = 0; i < buckets; i++)
		head[i] = NONE;
	for (size_t i = a->nr; i-- > 0;) { /* backwards, so that a bucket is in order */
		size_t *at = &head[kst_cert_subject_hash(a->row[i].cert) & a->mask];

		a->row[i].next = *at;
		*at = i;
		print[i] = (struct by_print){ kst_cert_sha256(a->row[i].cert), i };
	}
	qsort(print, a->nr, sizeof(*print), print_order);
	for (size_t i = 0, n; i < a->nr; i += n) {
		for (n = 1; i + n < a->nr && !memcmp(print[i].sha256, print[i + n].sha256, 32);)
			n++;
		add_up(a, &print[i], n);
	}
	return 0;
}

static int add_source(struct kst_anchors *a, struct kst_store *s, const char *name, size_t nr,
		      struct kst_error *err)
{
	struct source *more = kst_realloc(a->source, (a->nr_sources + 1) * sizeof(*more)), *to;

	if (!more)
		return kst_error_nomem(err);
	a->source = more;
	to = &more[a->nr_sources];
	*to = (struct source){ .name = kst_strdup(name), .path = kst_strdup(kst_store_path(s)) };
	if (!to->name || !to->path) {
		kst_free(to->name);
		kst_free(to->path);
		return kst_error_nomem(err);
	}
	to->is = (struct kst_anchor_source){
		.name = to->name, .path = to->path, .format = kst_store_format(s)->title, .nr = nr
	};
	a->nr_sources++;
	return 0;
}

int kst_anchors_add_store(struct kst_anchors *a, struct kst_store *s, const char *name,
			  struct kst_error *err)
{
	size_t before = a->nr, trusted = 0;

	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e;

		if (kst_store_entry(s, i, &e, err) < 0)
			goto fail;
		if (!is_anchor(e, kst_store_format(s)->caps))
			continue;
		if (add(a, e, err) < 0)
			goto fail;
		trusted += (a->row[a->nr - 1].own.yes & ~a->row[a->nr - 1].own.no) != 0;
	}
	if (add_source(a, s, name, trusted, err) < 0)
		goto fail;
	/* Last, for it changes nothing unless it succeeds. */
	if (index_all(a, err) == 0)
		return 0;
	a->nr_sources--;
	kst_free(a->source[a->nr_sources].name);
	kst_free(a->source[a->nr_sources].path);
fail:
	while (a->nr > before) {
		a->nr--;
		kst_cert_free(a->row[a->nr].cert);
		kst_free(a->row[a->nr].limits);
	}
	return -1;
}

/* ---- looking ---- */

size_t kst_anchors_sources(const struct kst_anchors *a)
{
	return a->nr_sources;
}

const struct kst_anchor_source *kst_anchors_source(const struct kst_anchors *a, size_t i)
{
	return &a->source[i].is;
}

size_t kst_anchors_count(const struct kst_anchors *a)
{
	return a->nr;
}

const struct kst_cert *kst_anchors_cert(const struct kst_anchors *a, size_t i)
{
	return a->row[i].cert;
}

size_t anchors_next(const struct kst_anchors *a, uint64_t subject_hash, size_t i)
{
	if (!a->head)
		return NONE;
	for (i = i == NONE ? a->head[subject_hash & a->mask] : a->row[i].next; i != NONE; i = a->row[i].next)
		if (kst_cert_subject_hash(a->row[i].cert) == subject_hash)
			return i;
	return NONE;
}

const struct anchor *anchors_at(const struct kst_anchors *a, size_t i)
{
	return &a->row[i];
}

/* The first of this fingerprint, or where it would be. */
static size_t first_print(const struct kst_anchors *a, const uint8_t sha256[32])
{
	size_t from = 0, to = a->nr_prints;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (memcmp(a->print[mid].sha256, sha256, 32) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

const struct anchor *anchors_same(const struct kst_anchors *a, const struct kst_cert *cert, const struct anchor *after)
{
	const uint8_t *sha256 = kst_cert_sha256(cert);

	for (size_t i = first_print(a, sha256); i < a->nr_prints && !memcmp(a->print[i].sha256, sha256, 32); i++)
		if (!after || &a->row[a->print[i].i] > after)
			return &a->row[a->print[i].i];
	return NULL;
}

const struct anchor *anchors_find(const struct kst_anchors *a, const struct kst_cert *cert)
{
	const struct anchor *found = anchors_same(a, cert, NULL), *at = found;

	while (at && !at->own.yes)
		at = anchors_same(a, cert, at);
	return at ? at : found;
}
