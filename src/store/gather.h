/* SPDX-License-Identifier: ISC */
/*
 * gather.h - the parts of gathering: a pool of certificates, a set of names
 */
#ifndef KST_STORE_GATHER_H
#define KST_STORE_GATHER_H

#include "kstool/store.h"

/* ---- gather_match.c ---- */

/* Every certificate of the inputs once, to build chains from and to find a key's own. */
struct kst_pool {
	struct kst_cert **cert;
	size_t nr, size;
	struct kst_cert **by_spki; /* the same, sorted; made by kst_pool_sort() */
};
int kst_pool_add(struct kst_pool *p, struct kst_cert *cert); /* takes a reference; 0 or -1 */
/* Drop what is twice, and make ready for the questions below.  0 or -1. */
int kst_pool_sort(struct kst_pool *p);
void kst_pool_release(struct kst_pool *p);

/*
 * The certificate of an open key; NULL if there is none.  Of several (it was
 * renewed for the same key) the one that is valid longest; *several tells.
 */
struct kst_cert *kst_pool_match(const struct kst_pool *p, struct kst_key *key, bool *several);
/*
 * Order and complete the chain of a KEY entry that has a leaf; certificates that
 * it had and that do not fit into the new order stay where they were.
 */
int kst_pool_complete(const struct kst_pool *p, struct kst_entry *e, bool *complete,
		      struct kst_error *err);
/* Leave a self-issued certificate at the end of a longer chain out.  True if there was one. */
bool kst_chain_drop_root(struct kst_entry *e);

/* ---- gather_names.c ---- */

struct kst_names {
	const char **slot; /* borrowed */
	size_t size, nr;
	uint64_t seed;
};
bool kst_names_has(const struct kst_names *n, const char *name);
int kst_names_add(struct kst_names *n, const char *name); /* 0 or -1 */
void kst_names_release(struct kst_names *n);

#endif
