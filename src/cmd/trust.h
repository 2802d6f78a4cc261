/* SPDX-License-Identifier: ISC */
/*
 * trust.h - which certificates of the sources are to be trusted, and how one gets into a store
 *
 * Chosen once, added to any number of stores: one for `trust STORE`, each that is
 * found for `trust --under`.
 */
#ifndef KST_CMD_TRUST_H
#define KST_CMD_TRUST_H

#include "cmd/live.h"
#include "cmd/target.h"

struct trust_opts {
	const char *alias, *fingerprint, *purpose, *under;
	bool create, leaf, expired, replace, sync, all;
	struct target_opts target;
	struct live_opts live;
};

/* A certificate of a source; `from` and `cert` are borrowed from it. */
struct trust_pick {
	const struct kst_entry *from;
	struct kst_cert *cert;
	const char *source;
	enum kst_code why; /* left out: NOT_A_CA, EXPIRED, NOT_TRUSTED; KST_OK: to be trusted */
};
struct trust_picks {
	struct trust_pick *row; /* in the order of the sources */
	size_t nr, size, usable;
	bool single;            /* the sources hold one certificate in all */
};

/*
 * Look at every certificate of the sources, by the options.  Those of another fingerprint are no rows.
 * NOTHING_FOUND, or why the first one was left out, where nothing may be trusted.  0 or -1.
 */
int trust_choose(struct trust_picks *p, struct cli *cli, const struct trust_opts *opt,
		 struct kst_store *const *src, size_t nr);
void trust_picks_release(struct trust_picks *p);

/* A server among the sources needs --fingerprint: FINGERPRINT with what it sent, and the command for each
 * of them.  0 or -1. */
int trust_check_servers(struct cli *cli, const struct trust_opts *opt, struct kst_store *const *src, size_t nr);
/* FINGERPRINT: nothing in `src` has the one that was given.  Returns -1. */
int trust_other_fingerprint(struct cli *cli, struct kst_store *src);

struct trust_job {
	struct cli *cli;
	const struct trust_opts *opt;
	struct kst_store *store;
	struct changes changes; /* a row for each certificate */
	const char *alias;      /* of the one certificate; NULL: derived */
};
/* Add one, if it is to be trusted and is not yet; tell what became of it.  0 or -1. */
int trust_put(struct trust_job *job, const struct trust_pick *p);

/* --sync: take out of the store what it trusts and no source holds, before the rest is added.  Asks
 * where something goes; *gone: something does.  0 or -1. */
int trust_drop_rest(struct trust_job *job, const struct trust_picks *p, bool *gone);
/* --sync: what no source trusts would empty the store: each has to have something.  0 or -1. */
int trust_check_sources(struct cli *cli, const struct trust_picks *p, struct kst_store *const *src, size_t nr);

/* `trust --under DIR SOURCE...`. */
int trust_under(struct cli *cli, const struct trust_opts *opt);

/* Open each of the words as a source; what was opened is the caller's, also on failure. */
int trust_open_sources(struct cli *cli, const char *const *word, size_t nr, struct kst_store **src,
		       size_t *opened);

#endif
