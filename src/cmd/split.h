/* SPDX-License-Identifier: ISC */
/* split.h - one PEM file for each certificate, named by alias and safe in any directory */
#ifndef KST_CMD_SPLIT_H
#define KST_CMD_SPLIT_H

#include "cmd/cmd.h"

/* Write the certificates of the entries into `dir` (made if missing).  A file that is there with the
 * same bytes is unchanged; with others, EXISTS.  0 or -1. */
int split_certs(struct cli *cli, const char *dir, struct kst_entry *const *e, size_t nr,
		struct changes *changes);

#endif
