/* SPDX-License-Identifier: ISC */
/* hashdir.h - a directory of certificates between reading and writing; private to formats/hashdir*.c */
#ifndef KST_FORMATS_HASHDIR_H
#define KST_FORMATS_HASHDIR_H

#include "base/pack.h"
#include "kstool/format.h"

/* What an entry was read from. */
struct hashdir_base {
	char *file;      /* the member that holds it */
	unsigned number; /* N of HASH.N */
	bool shared;     /* other entries are in it too */
	bool with_key;   /* a private key is in it too: the member stays as it is, name and all */
};

struct hashdir {
	struct kst_buf pack;
	bool hashed;     /* else loose files, which are read and not written */
	struct hashdir_base *base;
	size_t nr, size;
};

/* "1a2b3c4d.0", "1a2b3c4d.r0": hash and number; *crl tells which.  False: another name. */
bool hashdir_name(struct kst_bytes name, uint32_t *hash, unsigned *number, bool *crl);

int hashdir_write(struct kst_io *io, struct kst_model *from, struct kst_error *err);

#endif
