/* SPDX-License-Identifier: ISC */
/* wrap.h - a whole store as one piece of something that is given to a cluster */
#ifndef KST_CMD_WRAP_H
#define KST_CMD_WRAP_H

#include "cmd/cmd.h"

/* The type that --wrap names, for a target that can hold one.  NULL and an error. */
const struct kst_format *wrap_format(struct cli *cli, const char *wrap, const struct kst_format *target);
/* Write `inner` and put its bytes into `out` as one entry, "keystore.p12" or "truststore.p12".  0 or -1. */
int wrap_store(struct cli *cli, struct kst_store *inner, const struct kst_save_options *save,
	       struct kst_store *out);
/* A name for the object: `given`, else the alias of the only key, else the name of the file, made
 * legal.  kst_free it; NULL without memory. */
char *wrap_name(const char *given, const struct kst_gathered *g, const char *path);

#endif
