/* SPDX-License-Identifier: ISC */
/* found.h - opening what a walk has found */
#ifndef KST_CMD_FOUND_H
#define KST_CMD_FOUND_H

#include "cmd/cmd.h"
#include "kstool/walk.h"

/* Answers with what everybody knows, or with what was given; nobody is asked, since nobody named the file. */
struct kst_asker found_asker(struct cli *cli);
/* Open one; `quiet` is that asker, which must outlive the store.  What there is to note about the file is
 * dropped.  0 or -1. */
int found_open(struct cli *cli, const struct kst_asker *quiet, const struct kst_found *f, bool edit,
	       struct kst_store **out);

#endif
