/* SPDX-License-Identifier: ISC */
/*
 * jks.h - inside of Java's own keystores; jks.md and jceks.md are the specification
 *
 * One frame, two formats: JCEKS has another magic number, another way to protect
 * a private key, and secret keys.  jks_read.c makes entries of the file,
 * jks_pass.c knows its digest, jks_write.c makes the file again, jceks_secret.c
 * opens and seals secret keys.
 */
#ifndef KST_FORMATS_JKS_H
#define KST_FORMATS_JKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/format.h"

#define JKS_DIGEST 20

enum jks_tag { JKS_KEY = 1, JKS_TRUSTED = 2, JKS_SECRET = 3 };

struct jks_type {
	const struct kst_format *format;
	uint32_t magic;
	bool secrets;
};
extern const struct jks_type jks_type_jks, jks_type_jceks;

/* An entry as it stands in the file. */
struct jks_base {
	size_t at, len;
	int64_t ms;  /* its date */
	char *alias; /* as the model was given it; NULL: none, or not the one in the file */
};

struct jks_state {
	const struct jks_type *type;
	struct kst_buf file; /* up to the digest, and the digest */
	uint32_t version;
	struct jks_base *base; /* by number in the file */
	size_t nr;
};

/* ---- jks_read.c ---- */
int jks_probe(const struct jks_type *type, const uint8_t *data, size_t n);
int jks_read(const struct jks_type *type, struct kst_io *io, struct kst_model *into,
	     struct kst_error *err);
void jks_close(void *state);

/* ---- jks_pass.c ---- */
/* The digest over the first `len` bytes.  0 or -1. */
int jks_digest(const struct kst_buf *file, size_t len, const struct kst_secret *pass,
	       uint8_t out[JKS_DIGEST], struct kst_error *err);
/* Ask for the passphrase and check the digest.  `needed`: it cannot go on without; else only what the
 * user gave is taken.  0 or -1. */
int jks_unlock(struct kst_io *io, struct kst_model *m, bool needed, struct kst_error *err);

/* ---- jks_write.c ---- */
int jks_write(const struct jks_type *type, struct kst_io *io, struct kst_model *from,
	      struct kst_error *err);

/* ---- jceks_secret.c ---- */
/* A secret key's object: moves behind it.  *known: it is sealed as JCEKS seals; else the class it is
 * of is `name`.  0, or -1: it is no object that ends. */
int jceks_secret_scan(struct kst_cursor *c, bool *known, struct kst_bytes *name);
int jceks_open_secret(struct kst_entry *e, const struct kst_secret *pass, struct kst_error *err);
/* The object of an open secret key, appended.  0 or -1. */
int jceks_seal_secret(const struct kst_entry *e, const struct kst_secret *pass, uint32_t iterations,
		      struct kst_buf *out, struct kst_error *err);

#endif
