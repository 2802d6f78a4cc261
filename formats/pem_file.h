/* SPDX-License-Identifier: ISC */
/*
 * pem_file.h - a PEM file between reading and writing; private to formats/pem*.c
 *
 * The bytes that were read are kept, and for every entry which blocks it was
 * made from: what is not changed is written back as it lay in the file, and two
 * keys may share the certificate of one CA.
 */
#ifndef KST_FORMATS_PEM_FILE_H
#define KST_FORMATS_PEM_FILE_H

#include "kstool/format.h"
#include "pem_scan.h"

#define PEM_NONE UINT32_MAX

enum pem_what { PEM_CERT, PEM_TRUSTED, PEM_KEY, PEM_PARAMS, PEM_OTHER };

struct pem_block {
	struct pem_span at;
	enum pem_what what;
	struct kst_cert *cert;   /* CERT, TRUSTED */
	struct kst_entry *entry; /* while reading: what it becomes; moved into the model */
	uint32_t params;         /* KEY: the block of its EC PARAMETERS, or PEM_NONE */
	uint32_t *chain;         /* KEY: blocks of its chain, leaf first; moved into the base */
	uint32_t nr_chain;
	bool claimed;            /* is a link of the chain of a key */
	uint32_t bundle;         /* part of one PKCS#7 block: 1 + the first such part; 0: no */
};

/* What an entry was made from, by its number when the file was read. */
struct pem_base {
	uint32_t main;      /* the block that the entry stands for */
	uint32_t *cert;     /* KEY: the block of each certificate of the chain */
	uint32_t nr_cert;
	char *alias;        /* as the model got it; NULL: none */
};

struct pem_file {
	struct kst_buf text; /* the whole file */
	struct pem_block *block;
	size_t nr_blocks, size_blocks;
	struct pem_base *base;
	size_t nr_bases;
	bool asked; /* the passphrase in the model was asked for by the writer */
};

void pem_file_free(struct pem_file *f);

/* pem_match.c: give every key its chain.  0 or -1. */
int pem_match(struct pem_file *f, const struct kst_limits *limits, struct kst_error *err);

/* pem_alias.c: every entry of the model gets an alias of its own.  0 or -1. */
int pem_aliases(const struct pem_file *f, struct kst_model *m, struct kst_error *err);

/* pem_write.c */
int pem_write(struct kst_io *io, struct kst_model *from, struct kst_error *err);

#endif
