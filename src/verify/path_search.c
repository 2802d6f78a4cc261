/* SPDX-License-Identifier: ISC */
/*
 * path_search.c - every path from a leaf to an anchor, the likely ones first
 *
 * Depth first over all certificates that are at hand (RFC 4158).  The graph is hostile: a
 * thousand CAs of one name that signed each other must cost no more than a moment.
 * So no name and key comes twice in a path, each signature is tried once, and
 * signatures, steps and paths are counted.
 */
#include "verify/path.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/cert_x509.h"
#include "kstool/alloc.h"

#define NONE SIZE_MAX
#define MAX_SIGNATURES 400 /* 0.1 ms each, and as much for the public key */
#define MAX_STEPS 1000
#define MAX_PATHS 200
#define MAX_LOOKS 100000 /* at a certificate, whether it may be an issuer */
/* Of a name with a constraint: 2048 names under 2048 constraints take a second (CVE-2018-0732 is such a thing), and
 * nobody has them. */
#define MAX_COMPARISONS 500000
#define MAX_CANDIDATES 32  /* issuers of one certificate */
#define MAX_BAD 2          /* ... whose signature does not verify, and that are followed nevertheless */

struct node {
	struct kst_cert *cert;
	enum kst_from from;
	const struct anchor *anchor; /* NULL: none, or the file says that it is none */
	size_t next;                 /* of its subject, in its bucket */
	size_t next_print;           /* of its fingerprint, in its bucket */
};

struct tried {
	size_t child, issuer;
	enum link link;
};

struct search {
	const struct kst_verify_request *req;
	struct node *node; /* the leaf, what came with it, extra ones; anchors as they are met */
	size_t nr, size;
	size_t *head, *print, mask; /* by subject, by fingerprint */
	unsigned names_left;
	struct tried *tried;
	size_t nr_tried, steps, looks, paths;
	size_t at[PATH_CERTS]; /* nodes of the path */
	struct path *path;
	path_found *found;
	void *ctx;
	bool enough;
};

/* ---- the certificates at hand ---- */

static const struct anchor *anchor_of(const struct search *s, const struct kst_cert *cert)
{
	const struct anchor *a = s->req->anchors ? anchors_find(s->req->anchors, cert) : NULL;

	/* "Not an anchor" is no more than that; a word of distrust is found by rule_links(). */
	return a && !(a->all.none && !a->all.no) ? a : NULL;
}

static size_t bucket_of(const struct search *s, const struct kst_cert *cert)
{
	size_t h;

	memcpy(&h, kst_cert_sha256(cert), sizeof(h));
	return h & s->mask;
}

/* By fingerprint: a hundred thousand of one subject must not be compared each with each. */
static size_t find_node(const struct search *s, const struct kst_cert *cert)
{
	for (size_t i = s->print[bucket_of(s, cert)]; i != NONE; i = s->node[i].next_print)
		if (kst_cert_equal(s->node[i].cert, cert))
			return i;
	return NONE;
}

static int add_node(struct search *s, struct kst_cert *cert, enum kst_from from, size_t *at)
{
	size_t i = find_node(s, cert), *head, *print;

	if (i == NONE) {
		if (s->nr == s->size) {
			size_t more = s->size ? s->size * 2 : 32;
			struct node *node = kst_realloc(s->node, more * sizeof(*node));

			if (!node)
				return -1;
			s->node = node;
			s->size = more;
		}
		i = s->nr++;
		head = &s->head[kst_cert_subject_hash(cert) & s->mask];
		s->node[i] = (struct node){ .cert = cert, .from = from, .anchor = anchor_of(s, cert), .next = *head };
		*head = i;
		print = &s->print[bucket_of(s, cert)];
		s->node[i].next_print = *print;
		*print = i;
	}
	if (at)
		*at = i;
	return 0;
}

static int add_chain(struct search *s, const struct kst_chain *c, enum kst_from from)
{
	for (size_t i = 0; c && i < c->nr; i++)
		if (add_node(s, c->cert[i], from, NULL) < 0)
			return -1;
	return 0;
}

static int prepare(struct search *s)
{
	size_t nr = s->req->chain->nr + (s->req->extra ? s->req->extra->nr : 0), buckets = 64;

	while (buckets < nr && buckets < SIZE_MAX / 4)
		buckets *= 2;
	s->mask = buckets - 1;
	s->head = kst_malloc(buckets * sizeof(*s->head));
	s->print = kst_malloc(buckets * sizeof(*s->print));
	s->tried = kst_calloc(MAX_SIGNATURES, sizeof(*s->tried));
	s->path = kst_calloc(1, sizeof(*s->path));
	if (!s->head || !s->print || !s->tried || !s->path)
		return -1;
	for (size_t i = 0; i < buckets; i++)
		s->head[i] = s->print[i] = NONE;
	if (add_chain(s, s->req->chain, KST_FROM_TARGET) < 0 || add_chain(s, s->req->extra, KST_FROM_EXTRA) < 0)
		return -1;
	return 0;
}

/* ---- signatures ---- */

static enum link verify(const struct kst_cert *cert, const struct kst_cert *issuer)
{
	X509 *x = kst_cert_x509(cert), *ix = kst_cert_x509(issuer);
	EVP_PKEY *key;
	enum link ret = LINK_UNKNOWN;
	int sig, md, pkey;

	ERR_set_mark();
	key = ix ? X509_get0_pubkey(ix) : NULL;
	if (x && key) {
		sig = X509_get_signature_nid(x);
		if (X509_verify(x, key) == 1)
			ret = LINK_GOOD;
		else if (sig != NID_undef && OBJ_find_sigid_algs(sig, &md, &pkey) &&
			 (md == NID_undef || EVP_get_digestbynid(md)))
			ret = LINK_BAD; /* which this OpenSSL can judge */
		else if (sig != NID_undef && EVP_PKEY_is_a(key, OBJ_nid2sn(sig)))
			ret = LINK_BAD;
	}
	ERR_pop_to_mark();
	return ret;
}

/* False: too many were tried already. */
static bool try_link(struct search *s, size_t child, size_t issuer, enum link *link)
{
	for (size_t i = 0; i < s->nr_tried; i++)
		if (s->tried[i].child == child && s->tried[i].issuer == issuer) {
			*link = s->tried[i].link;
			return true;
		}
	if (s->nr_tried == MAX_SIGNATURES)
		return false;
	*link = verify(s->node[child].cert, s->node[issuer].cert);
	s->tried[s->nr_tried++] = (struct tried){ child, issuer, *link };
	return true;
}

/* ---- candidates for the next step ---- */

struct candidate {
	size_t node;
	int key_ids; /* 1 equal, -1 not known, 0 different */
	bool anchor, current;
};

static bool better(const struct candidate *a, const struct candidate *b)
{
	if (a->key_ids != b->key_ids)
		return a->key_ids == 1 || (a->key_ids == -1 && b->key_ids == 0);
	if (a->anchor != b->anchor)
		return a->anchor;
	return a->current && !b->current;
}

static size_t keep(struct candidate *list, size_t nr, struct candidate c)
{
	size_t at = nr;

	while (at > 0 && better(&c, &list[at - 1]))
		at--;
	if (at == MAX_CANDIDATES)
		return nr;
	if (nr == MAX_CANDIDATES)
		nr--;
	memmove(&list[at + 1], &list[at], (nr - at) * sizeof(*list));
	list[at] = c;
	return nr + 1;
}

/* The same name with the same key says nothing new, and would go round for ever. */
static bool on_path(const struct path *p, const struct kst_cert *cert)
{
	struct kst_bytes key = kst_cert_spki(cert);

	for (size_t i = 0; i < p->nr; i++)
		if (kst_bytes_is(kst_cert_spki(p->cert[i]), key.data, key.len) &&
		    kst_cert_subject_hash(p->cert[i]) == kst_cert_subject_hash(cert) &&
		    kst_name_equal(kst_cert_subject_der(p->cert[i]), kst_cert_subject_der(cert)))
			return true;
	return false;
}

static size_t consider(struct search *s, struct candidate *list, size_t nr, size_t node,
		       const struct kst_cert *child)
{
	const struct node *n = &s->node[node];
	const struct path *p = s->path;
	struct candidate c = { .node = node, .anchor = n->anchor != NULL };

	if (kst_cert_subject_hash(n->cert) != kst_cert_issuer_hash(child) ||
	    !kst_name_equal(kst_cert_issuer_der(child), kst_cert_subject_der(n->cert)) || on_path(p, n->cert))
		return nr;
	c.key_ids = kst_cert_key_ids(child, n->cert);
	c.current = kst_cert_not_before(n->cert) <= p->at && p->at <= kst_cert_not_after(n->cert);
	return keep(list, nr, c);
}

static int candidates(struct search *s, struct candidate *list, size_t *nr)
{
	const struct kst_cert *child = s->path->cert[s->path->nr - 1];
	uint64_t hash = kst_cert_issuer_hash(child);
	const struct kst_anchors *a = s->req->anchors;
	size_t met = 0;

	*nr = 0;
	/* Anchors become nodes when their name is met: the other hundred cost nothing. */
	for (size_t i = a ? anchors_next(a, hash, NONE) : NONE; i != NONE && met < MAX_STEPS;
	     i = anchors_next(a, hash, i), met++) {
		const struct anchor *anchor = anchors_at(a, i);

		if (add_node(s, anchor->cert, KST_FROM_TRUST, NULL) < 0)
			return -1;
	}
	for (size_t i = s->head[hash & s->mask]; i != NONE && s->looks < MAX_LOOKS; i = s->node[i].next, s->looks++)
		*nr = consider(s, list, *nr, i, child);
	return 0;
}

/* ---- the walk ---- */

static int report(struct search *s, const struct anchor *anchor)
{
	int ret;

	s->path->anchor = anchor;
	s->paths++;
	ret = s->found(s->ctx, s->path);
	s->path->anchor = NULL;
	if (ret > 0 || s->paths >= MAX_PATHS)
		s->enough = true;
	return ret < 0 ? -1 : 0;
}

static int walk(struct search *s);

static int step(struct search *s, size_t node, enum link link)
{
	struct path *p = s->path;
	int ret;

	p->link[p->nr - 1] = link;
	s->at[p->nr] = node;
	p->cert[p->nr] = s->node[node].cert;
	p->from[p->nr] = s->node[node].from;
	exts_read(&p->ext[p->nr], p->cert[p->nr]);
	p->nr++;
	ret = walk(s);
	p->nr--;
	return ret;
}

/* Is the last one signed by itself, so that nothing is above it? */
static bool is_root(struct search *s)
{
	size_t top = s->at[s->path->nr - 1];
	enum link link;

	return kst_cert_is_self_issued(s->node[top].cert) && kst_cert_key_ids(s->node[top].cert, s->node[top].cert) != 0 &&
	       try_link(s, top, top, &link) && link != LINK_BAD;
}

static int dead_end(struct search *s, bool root, bool cut, const struct kst_cert *namesake)
{
	struct path *p = s->path;
	int ret;

	p->self_signed = root;
	p->cut = cut;
	p->namesake = namesake;
	ret = report(s, NULL);
	p->self_signed = p->cut = false;
	p->namesake = NULL;
	return ret;
}

static int walk(struct search *s)
{
	struct path *p = s->path;
	size_t top = s->at[p->nr - 1], nr, bad = 0, gone = 0;
	struct candidate list[MAX_CANDIDATES];
	enum link link[MAX_CANDIDATES];
	const struct kst_cert *namesake = NULL;
	bool cut = p->nr == PATH_CERTS || s->steps++ >= MAX_STEPS;

	if (s->node[top].anchor) {
		enum kst_from from = p->from[p->nr - 1];

		p->from[p->nr - 1] = KST_FROM_TRUST;
		if (report(s, s->node[top].anchor) < 0)
			return -1;
		p->from[p->nr - 1] = from;
		if (s->enough)
			return 0;
	}
	if (is_root(s))
		return s->node[top].anchor ? 0 : dead_end(s, true, false, NULL);
	if (cut)
		return dead_end(s, false, true, NULL);
	if (candidates(s, list, &nr) < 0)
		return -1;
	for (size_t i = 0; i < nr && !s->enough; i++) {
		if (!try_link(s, top, list[i].node, &link[i])) {
			link[i] = LINK_BAD;
			cut = true;
		} else if (link[i] == LINK_GOOD || (link[i] == LINK_UNKNOWN && list[i].key_ids != 0)) {
			gone++;
			if (step(s, list[i].node, link[i]) < 0)
				return -1;
		}
	}
	/* Nobody signed it: who pretends to have is worth a look, a namesake with another key is not. */
	for (size_t i = 0; i < nr && !gone && !cut && !s->enough; i++) {
		if (list[i].key_ids == 0) {
			namesake = s->node[list[i].node].cert;
		} else if (bad++ < MAX_BAD && step(s, list[i].node, link[i]) < 0) {
			return -1;
		}
	}
	cut |= s->looks >= MAX_LOOKS || nr == MAX_CANDIDATES;
	if (s->enough || gone || (bad && !cut))
		return 0;
	return dead_end(s, false, cut, namesake);
}

int path_search(const struct kst_verify_request *req, enum kst_usage usage, int64_t at, path_found *found,
		void *ctx, struct kst_error *err)
{
	struct search s = { .req = req, .found = found, .ctx = ctx, .names_left = MAX_COMPARISONS };
	int ret = -1;

	if (prepare(&s) < 0) {
		kst_error_nomem(err);
	} else {
		s.path->req = req;
		s.path->usage = usage;
		s.path->at = at;
		s.path->names_left = &s.names_left;
		s.path->cert[0] = s.node[0].cert;
		s.path->from[0] = KST_FROM_TARGET;
		exts_read(&s.path->ext[0], s.path->cert[0]);
		s.path->nr = 1;
		ret = walk(&s);
		if (ret < 0)
			kst_error_nomem(err);
	}
	kst_free(s.node);
	kst_free(s.head);
	kst_free(s.print);
	kst_free(s.tried);
	kst_free(s.path);
	return ret;
}
