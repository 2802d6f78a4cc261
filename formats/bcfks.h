/* SPDX-License-Identifier: ISC */
/* bcfks.h - inside of Bouncy Castle's BCFKS; bcfks.md is the specification */
#ifndef KST_FORMATS_BCFKS_H
#define KST_FORMATS_BCFKS_H

#include "crypto/fks_key.h"
#include "kstool/format.h"

enum bcfks_type { BCFKS_CERT, BCFKS_KEY, BCFKS_SECRET, BCFKS_SEALED_KEY, BCFKS_SEALED_SECRET };

/* An object as it stands in the file. */
struct bcfks_base {
	uint64_t type;
	int64_t made;
	struct kst_bytes whole, created; /* into `plain`; elements whole; the second is `made` */
	struct kst_bytes rest; /* behind its data: a comment, and what is not known here */
	char *alias; /* as the model was given it; NULL: not the one in the file */
};

struct bcfks_state {
	struct kst_secret plain; /* ObjectStoreData */
	bool open; /* it lay in the file without encryption */
	struct kst_fks_how how;
	struct kst_bytes created; /* of the store: GeneralizedTime, whole; into `plain` */
	struct kst_bytes rest; /* behind the objects: as in an object */
	struct bcfks_base *base;
	size_t nr, size;
};

/* Java's name of a secret key's algorithm and its number.  NULL: it has none. */
const char *bcfks_alg_name(const char *oid);
const char *bcfks_alg_oid(const char *name);
/* Bouncy Castle knows no secret key without algorithm: `data` of PKCS#7 stands for that. */
#define BCFKS_NO_ALG "1.2.840.113549.1.7.1"

/* bcfks_write.c */
int bcfks_write(struct kst_io *io, struct kst_model *from, struct kst_error *err);

#endif
