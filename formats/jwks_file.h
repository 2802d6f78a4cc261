/* SPDX-License-Identifier: ISC */
/* jwks_file.h - a set of JSON Web Keys while it is open: shared by jwks.c and jwks_write.c */
#ifndef KST_FORMATS_JWKS_FILE_H
#define KST_FORMATS_JWKS_FILE_H

#include <jansson.h>

#include "crypto/jwk.h"
#include "kstool/format.h"

struct jwks_object {
	json_t *json;	 /* owned; without private members; NULL: an opaque entry has it */
	char *alias;	 /* as it was made from "kid"; NULL: none */
	bool had_secret; /* it lay open in this file */
	bool present;	 /* while writing: its own item is there, unchanged */
};

struct jwks_base { /* of an item */
	size_t object;
	bool further; /* a certificate behind the first of x5c, where there is no private key */
};

struct jwks_file {
	json_t *set; /* members beside "keys"; NULL: a single JWK */
	struct jwks_object *object;
	size_t nr;
	struct jwks_base *base;
	size_t nr_bases;
};

/* "alg" and what Java calls the key; the first three are written too. */
struct jwks_alg {
	const char *jwa, *java;
};
#define JWKS_ALGS 12
#define JWKS_ALGS_WRITTEN 3
extern const struct jwks_alg jwks_alg[JWKS_ALGS];

/* NULL and an error. */
json_t *jwks_parse(const struct kst_bytes *b, struct kst_error *err);
/* The string of a member; NULL: there is none. */
const char *jwks_text(const json_t *o, const char *name);
/* Append the text.  0, or -1: no memory. */
int jwks_dump(const json_t *o, size_t flags, struct kst_buf *out);

int jwks_write(struct kst_io *io, struct kst_model *from, struct kst_error *err);

#endif
