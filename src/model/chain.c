/* SPDX-License-Identifier: ISC */
/* chain.c - certificate chains: building them from a heap of certificates */
#include <string.h>

#include "crypto/cert_impl.h"
#include "kstool/alloc.h"
#include "kstool/cert.h"
#include "kstool/time.h"

/* A chain holds at most what an entry of a native store can (formats/kst1.md 4.4). */
#define MAX_CHAIN 100
/* Signatures that are tried for one certificate: a heap may hold thousands of one name. */
#define MAX_TRIES 64

int kst_chain_push(struct kst_chain *c, struct kst_cert *cert)
{
	/* Room grows at every power of two. */
	if (!(c->nr & (c->nr - 1))) {
		size_t size;
		struct kst_cert **more;

		if (__builtin_mul_overflow(c->nr ? c->nr * 2 : 1, sizeof(*more), &size))
			return -1;
		more = kst_realloc(c->cert, size);
		if (!more)
			return -1;
		c->cert = more;
	}
	c->cert[c->nr++] = kst_cert_ref(cert);
	return 0;
}

void kst_chain_release(struct kst_chain *c)
{
	for (size_t i = 0; i < c->nr; i++)
		kst_cert_free(c->cert[i]);
	kst_free(c->cert);
	*c = (struct kst_chain){ .cert = NULL };
}

bool kst_chain_equal(const struct kst_chain *a, const struct kst_chain *b)
{
	if (a->nr != b->nr)
		return false;
	for (size_t i = 0; i < a->nr; i++)
		if (!kst_cert_equal(a->cert[i], b->cert[i]))
			return false;
	return true;
}

/* ---- certificates by subject ---- */

#define NONE SIZE_MAX

struct kst_cert_pool {
	struct kst_cert *const *cert;
	size_t nr;
	size_t mask;  /* of head */
	size_t *head; /* first certificate of each bucket, by hash of the subject */
	size_t *next; /* the next one in the same bucket */
};

int kst_cert_pool_new(struct kst_cert_pool **out, struct kst_cert *const *cert, size_t nr,
		      struct kst_error *err)
{
	struct kst_cert_pool *p = kst_calloc(1, sizeof(*p));
	size_t buckets = 16;

	if (!p)
		return kst_error_nomem(err);
	while (buckets < nr && buckets < SIZE_MAX / 4)
		buckets *= 2;
	p->cert = cert;
	p->nr = nr;
	p->mask = buckets - 1;
	p->head = kst_calloc(buckets, sizeof(*p->head));
	p->next = kst_calloc(nr ? nr : 1, sizeof(*p->next));
	if (!p->head || !p->next) {
		kst_cert_pool_free(p);
		return kst_error_nomem(err);
	}
	for (size_t i = 0; i < buckets; i++)
		p->head[i] = NONE;
	for (size_t i = nr; i-- > 0;) { /* backwards, so that a bucket is in order */
		size_t *head = &p->head[kst_cert_subject_hash(cert[i]) & p->mask];

		p->next[i] = *head;
		*head = i;
	}
	*out = p;
	return 0;
}

void kst_cert_pool_free(struct kst_cert_pool *p)
{
	if (!p)
		return;
	kst_free(p->head);
	kst_free(p->next);
	kst_free(p);
}

/* ---- one step up ---- */

struct candidate {
	struct kst_cert *cert;
	int key_ids;  /* as kst_cert_key_ids() */
	bool current; /* valid now */
};

/* Should a be tried before b?  Key ids tell which signature will verify; then date and youth. */
static bool better(const struct candidate *a, const struct candidate *b)
{
	if (a->key_ids != b->key_ids)
		/* 1 equal, -1 not known, 0 different */
		return a->key_ids == 1 || (a->key_ids == -1 && b->key_ids == 0);
	if (a->current != b->current)
		return a->current;
	return kst_cert_not_after(a->cert) > kst_cert_not_after(b->cert);
}

static bool in_chain(const struct kst_chain *c, const struct kst_cert *cert)
{
	for (size_t i = 0; i < c->nr; i++)
		if (kst_cert_equal(c->cert[i], cert))
			return true;
	return false;
}

/* Keep the best MAX_TRIES, in order; equal ones stay as they came. */
static size_t keep(struct candidate *list, size_t nr, struct candidate c)
{
	size_t at = nr;

	while (at > 0 && better(&c, &list[at - 1]))
		at--;
	if (at == MAX_TRIES)
		return nr;
	if (nr == MAX_TRIES)
		nr--;
	memmove(&list[at + 1], &list[at], (nr - at) * sizeof(*list));
	list[at] = c;
	return nr + 1;
}

/* The certificate of the pool that signed `cert` and is not in the chain yet, or NULL. */
static struct kst_cert *issuer_of(const struct kst_cert *cert, const struct kst_cert_pool *pool,
				  const struct kst_chain *chain)
{
	struct candidate list[MAX_TRIES];
	uint64_t hash = kst_cert_issuer_hash(cert);
	int64_t now = kst_time_now();
	size_t nr = 0;

	for (size_t i = pool->head[hash & pool->mask]; i != NONE; i = pool->next[i]) {
		struct kst_cert *other = pool->cert[i];
		struct candidate c = { .cert = other };

		if (kst_cert_subject_hash(other) != hash || in_chain(chain, other))
			continue;
		c.key_ids = kst_cert_key_ids(cert, other);
		c.current = kst_cert_not_before(other) <= now && now <= kst_cert_not_after(other);
		nr = keep(list, nr, c);
	}
	for (size_t i = 0; i < nr; i++)
		if (kst_cert_issued_by(cert, list[i].cert))
			return list[i].cert;
	return NULL;
}

int kst_chain_build_from(struct kst_chain *out, struct kst_cert *leaf,
			 const struct kst_cert_pool *pool, bool *complete, struct kst_error *err)
{
	struct kst_chain chain = { .cert = NULL };
	struct kst_cert *at = leaf;

	while (at) {
		if (kst_chain_push(&chain, at) < 0) {
			kst_chain_release(&chain);
			return kst_error_nomem(err);
		}
		if (chain.nr == MAX_CHAIN)
			break;
		/* A self-issued certificate that did not sign itself is a link to its CA's older key. */
		if (kst_cert_is_self_issued(at) && kst_cert_issued_by(at, at))
			break;
		at = issuer_of(at, pool, &chain);
	}
	if (complete)
		*complete = kst_cert_is_self_issued(chain.cert[chain.nr - 1]);
	*out = chain;
	return 0;
}

int kst_chain_build(struct kst_chain *out, struct kst_cert *leaf, struct kst_cert *const *pool,
		    size_t nr, bool *complete, struct kst_error *err)
{
	struct kst_cert_pool *p;
	int ret;

	if (kst_cert_pool_new(&p, pool, nr, err) < 0)
		return -1;
	ret = kst_chain_build_from(out, leaf, p, complete, err);
	kst_cert_pool_free(p);
	return ret;
}
