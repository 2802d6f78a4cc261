/* SPDX-License-Identifier: ISC */
/* entries.h - what import, convert and export share: sources, replies, comparisons in words */
#ifndef KST_CMD_ENTRIES_H
#define KST_CMD_ENTRIES_H

#include "cmd/cmd.h"

struct sources {
	struct kst_store **store; /* nr to gather, then nr_extra that only complete chains */
	size_t nr, nr_extra;
};
/* Open all of them; `extra` may be NULL.  0 or -1. */
int sources_open(struct cli *cli, struct sources *s, const char *const *path, size_t nr,
		 const struct opt_list *extra);
/* Drop, in memory, every entry of the sources that `wanted` does not name. */
int sources_keep(struct cli *cli, struct sources *s, const struct opt_list *wanted);
void sources_close(struct sources *s);

/* Source and store changed places: SWAPPED with the right command. */
int entries_notice_swap(struct cli *cli);

/* Warn where a private key goes into a format that Java reads without a certificate: Java ignores it. */
void entries_warn_bare(struct cli *cli, const struct kst_format *f, const struct kst_entry *e);

/* "Acme Root, until 2036-11-20": what an entry is, in a few words.  kst_free it. */
char *entries_text(const struct kst_entry *e);
/* "until 2026-12-05 -> 2027-03-05   same key", and in a second line what becomes of names, issuer and
 * chain: with `whole` always, else where one of them changes.  kst_free it. */
char *entries_change_text(const struct kst_entry *now, const struct kst_entry *neu, bool whole);
/* Two detail lines "now ..." and "new ..." */
void entries_compare(const struct kst_entry *now, const struct kst_entry *neu,
		     struct kst_error *err);
bool entries_hash(const struct kst_entry *e, uint8_t out[32]);

/* A key that waits for its certificate beside the one in use: "api.next" beside "api". */
#define ENTRIES_NEXT ".next"
/* The key entry that `alias` waits beside; KST_NO_BASE: it is no such alias, or there is none. */
size_t entries_current(struct kst_store *s, const char *alias);

/* The key entry of the store that this certificate belongs to; KST_NO_BASE: none.  Opens keys where
 * the certificates do not tell. */
size_t entries_key_for(struct kst_store *s, const struct kst_cert *cert, struct kst_entry **e);
/*
 * A key that found no certificate beside a leaf that found no key (in the gathering, nor in `s`, which
 * may be NULL): nobody means that.  KEY_MISMATCH, or 0.
 */
int entries_mismatch(struct cli *cli, const struct sources *src, const struct kst_gathered *g,
		     struct kst_store *s);
/* Does `neu` keep every name, the key, the CA, and at least the end and the chain of `now`? */
bool entries_not_worse(const struct kst_entry *now, const struct kst_entry *neu);
/* The entry as it will be: the key of `now` with the chain of `leaf`, completed from pool and store. */
int entries_reply(struct kst_entry **out, struct kst_store *s, size_t i, const struct kst_entry *now,
		  struct kst_cert *leaf, const struct kst_gathered *pool, bool drop_root,
		  struct kst_error *err);

/* What --root takes, and whether it says that a root goes. */
extern const char *const entries_roots[];
bool entries_drop_root(const char *root);
/* What --purpose takes, NULL-terminated. */
extern const char *const entries_purposes[];

#endif
