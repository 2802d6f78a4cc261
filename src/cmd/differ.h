/* SPDX-License-Identifier: ISC */
/* differ.h - differences of two stores as people, scripts and programs see them; for diff and undo */
#ifndef KST_CMD_DIFFER_H
#define KST_CMD_DIFFER_H

#include "cmd/cmd.h"

/* Lines, --plain records, or the JSON members "identical", "certs" and "differences". */
void differ_show(struct out *o, const struct kst_diff *d, const char *a, const char *b);
/* The same as change rows: what becomes of the first when it is replaced by the second.  0 or -1. */
int differ_changes(const struct kst_diff *d, struct changes *changes);

#endif
