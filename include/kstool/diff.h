/* SPDX-License-Identifier: ISC */
/*
 * diff.h - what differs between two stores, by certificate
 *
 * Order, encoding, format and passphrase do not count, nor what one of the two
 * formats cannot say (aliases, trust marks, chains as such).
 */
#ifndef KSTOOL_DIFF_H
#define KSTOOL_DIFF_H

#include "kstool/store.h"

/* ---- two certificates ---- */

enum kst_cert_difference {
	KST_DIFFERS_KEY = 1 << 0,
	KST_DIFFERS_SUBJECT = 1 << 1,
	KST_DIFFERS_ISSUER = 1 << 2,
	KST_DIFFERS_NOT_BEFORE = 1 << 3,
	KST_DIFFERS_NOT_AFTER = 1 << 4,
	KST_DIFFERS_SERIAL = 1 << 5,
	KST_DIFFERS_NAMES_LOST = 1 << 6, /* the second lacks names of the first */
	KST_DIFFERS_NAMES_NEW = 1 << 7,  /* ... and has some that the first has not */
	KST_DIFFERS_SIGNATURE = 1 << 8,  /* its algorithm */
	KST_DIFFERS_USAGE = 1 << 9
};
/* 0: nothing of these (the certificates may still differ in other extensions). */
unsigned kst_cert_diff(const struct kst_cert *a, const struct kst_cert *b);
/* How many names of `a` (subjectAltName) `b` lacks. */
size_t kst_cert_names_lost(const struct kst_cert *a, const struct kst_cert *b);

/* ---- two stores ---- */

enum kst_diff_kind {
	KST_DIFF_ADDED,    /* only the second has it */
	KST_DIFF_REMOVED,  /* only the first has it */
	KST_DIFF_RENAMED,  /* the same under another alias */
	KST_DIFF_REISSUED, /* another certificate for the same key */
	KST_DIFF_REKEYED,  /* another certificate and key under the alias */
	KST_DIFF_CHAIN,    /* the same leaf with another chain */
	KST_DIFF_TRUST,    /* the same certificate, trusted otherwise */
	KST_DIFF_KIND,     /* the same certificate (or alias), but one side has its private key */
	KST_DIFF_CONTENT   /* another secret or object under the alias */
};
struct kst_diff_row {
	enum kst_diff_kind kind;
	size_t a, b;             /* entries; KST_NO_BASE: none */
	char *alias_a, *alias_b; /* owned; NULL: none */
	struct kst_cert *cert_a, *cert_b; /* leaf or anchor; owned references; NULL: none */
	unsigned nr_a, nr_b;     /* certificates of the entry */
	unsigned fields;         /* KST_DIFFERS_* of the two certificates */
	bool renamed;            /* the alias is another one, too */
};
struct kst_diff {
	struct kst_diff_row *row; /* those of the first in its order, then what the second adds */
	size_t nr;
	size_t same;                    /* entries that do not differ */
	size_t certs_both, certs_a, certs_b; /* distinct certificates: of both, of one alone */
};

enum kst_diff_how {
	KST_DIFF_ENTRIES,
	KST_DIFF_CERTS, /* the sets of certificates alone: rows ADDED and REMOVED */
	KST_DIFF_LEAF   /* the leaf of the first key (else the first certificate) against the other's */
};
/* 0 or -1; the stores are not changed.  NOTHING_FOUND: there is no leaf to compare. */
int kst_store_diff(struct kst_diff *out, struct kst_store *a, struct kst_store *b,
		   enum kst_diff_how how, struct kst_error *err);
void kst_diff_release(struct kst_diff *d);

#endif
