/* SPDX-License-Identifier: ISC */
/* pem_text.h - making new blocks of text, and telling whether one has to be made; for pem_write.c */
#ifndef KST_FORMATS_PEM_TEXT_H
#define KST_FORMATS_PEM_TEXT_H

#include "kstool/format.h"
#include "pem_file.h"

struct pem_maker {
	struct kst_io *io;
	struct kst_model *m; /* its passphrase seals; it gets the one that is asked for */
	bool seal_all;       /* keys that lie open in the file are sealed, too */
	bool asked;
};

/* All append LF lines of 64 columns.  0 or -1. */
int pem_make_plain(struct kst_buf *out, const struct kst_cert *cert, struct kst_error *err);
/* Certificate k of the entry; with trust settings where the entry has some. */
int pem_make_cert(struct kst_buf *out, const struct kst_entry *e, size_t k, struct kst_error *err);
int pem_make_key(struct pem_maker *m, struct kst_buf *out, const struct kst_entry *e,
		 struct kst_error *err);
/* All blocks of an entry, its key's chain included.  CANNOT_HOLD for what PEM has no block for. */
int pem_make_entry(struct pem_maker *m, struct kst_buf *out, const struct kst_entry *e,
		   struct kst_error *err);
/* An alias as it may stand in a line of text: nothing in it can begin a line of its own. */
void pem_make_alias(struct kst_buf *out, const char *alias);
void pem_make_name(struct kst_buf *out, const char *alias); /* "friendlyName: ALIAS\n" */
/* "localKeyID: ...\n", as openssl pkcs12 writes it: what ties a sealed key to its leaf. */
void pem_make_id(struct kst_buf *out, const struct kst_cert *leaf);
/* Is the key of this block of text encrypted? */
bool pem_is_sealed(const struct kst_buf *text);

/* Does the block that the key came from say the same, in the way it has to be said now?  1, 0, -1. */
int pem_same_key(const struct pem_maker *m, struct pem_file *f, const struct pem_base *base,
		 const struct kst_key *key, struct kst_error *err);
/* The same for everything else. */
bool pem_same_entry(struct pem_file *f, const struct pem_base *base, const struct kst_entry *e);

#endif
