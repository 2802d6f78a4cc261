/* SPDX-License-Identifier: ISC */
/* ca.h - an open CA from inside; private to src/ca */
#ifndef KST_CA_CA_H
#define KST_CA_CA_H

#include "kstool/kstool.h"

#include "ca/ledger.h"

#define KST_CA_ALIAS "ca"        /* of the key in ca.kst */
#define KST_CA_ROOT_ALIAS "root" /* of the key in root.kst */

/* Seconds after which nobody is at work any more with a row that is pending. */
#define KST_CA_STALE 3600
/* Threads for each processor where they wait for the disk. */
#define KST_CA_WAITERS 8

struct kst_ca {
	char *dir;
	const struct kst_open_options *opt;
	struct kst_ledger ledger;
	struct kst_cert *cert[2];  /* by enum kst_ca_issuer */
	struct kst_chain chain;    /* issuing CA first, root last; empty: it waits */
	struct kst_key *key[2];
	struct kst_secret seal;    /* what keys in pending/ are sealed with */
};

/* A CA's own certificate, by the order of the ledger: written down, signed, written down; and certs/.
 * `issuer` NULL: self-signed. */
int kst_ca_sign_one(struct kst_ca *ca, const struct kst_issue *how, enum kst_ca_issuer by,
		    const struct kst_cert *issuer, struct kst_key *signer, const char *name,
		    struct kst_cert **out, struct kst_error *err);
/* DIR/NAME, one PEM block, replaced. */
int kst_ca_write_file(struct kst_ca *ca, const char *name, const char *label, struct kst_bytes der,
		      struct kst_error *err);
/* Private key and chain of the issuing CA or the root as `alias` of DIR/FILE, a native store. */
int kst_ca_save_key(struct kst_ca *ca, const char *file, const char *alias, enum kst_ca_issuer which,
		    const struct kst_save_options *save, struct kst_error *err);
/* A new directory, all or nothing: fill() finds `ca` with an empty ledger, certs/ and pending/. */
typedef int kst_ca_fill(struct kst_ca *ca, void *ctx, struct kst_error *err);
int kst_ca_build(const char *dir, kst_ca_fill *fill, void *ctx, bool dry_run, const struct kst_open_options *opt,
		 struct kst_error *err);

/* ---- keys.c: the keys of certificates that are not delivered yet ---- */

/* A file of sealed keys in DIR/pending, locked as long as somebody is at work with it. */
struct kst_ca_keys {
	char *path;
	int fd;                /* -1: none */
	struct kst_key **key;  /* opened */
	uint8_t (*spki)[32];   /* SHA-256 of each one's SubjectPublicKeyInfo */
	size_t nr;
};
#define KST_CA_KEYS_INIT { .fd = -1 }
/* Seal these keys (NULL ones are left out) into a new file, synced, and keep it locked. */
int kst_ca_keys_write(struct kst_ca *ca, struct kst_ca_keys *out, struct kst_key *const *key, size_t nr,
		      struct kst_error *err);
/* Every file that nobody works with, opened and locked.  *list of *nr; kst_free it. */
int kst_ca_keys_find(struct kst_ca *ca, struct kst_ca_keys **list, size_t *nr, struct kst_error *err);
void kst_ca_keys_remove(struct kst_ca_keys *k); /* the file is not needed any more */
void kst_ca_keys_release(struct kst_ca_keys *k); /* it stays, unlocked */

#endif
