/* SPDX-License-Identifier: ISC */
/* split.h - one PEM file for each certificate, named by alias and safe in any directory */
#ifndef KST_CMD_SPLIT_H
#define KST_CMD_SPLIT_H

#include "cmd/cmd.h"

/* "alias.pem" made of hostile text: [A-Za-z0-9._-], the rest %XX, no leading '.' or '-', at most 200
 * bytes.  kst_free it. */
char *split_name(const char *alias, const char *suffix);

/* Write the certificates of the entries into `dir` (made if missing).  A file that is there with the
 * same bytes is unchanged; with others, EXISTS.  0 or -1. */
int split_certs(struct cli *cli, const char *dir, struct kst_entry *const *e, size_t nr,
		struct changes *changes);

#endif
