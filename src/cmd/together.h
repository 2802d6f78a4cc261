/* SPDX-License-Identifier: ISC */
/* together.h - several files at a glance: what each holds, and whether it fits together */
#ifndef KST_CMD_TOGETHER_H
#define KST_CMD_TOGETHER_H

#include "cmd/cmd.h"

/*
 * A line for each thing in the files, which key matches which certificate, whose issuer is in none
 * of them, and what that means.  Text only.  0, or -1.
 */
int together_show(struct cli *cli, struct kst_store *const *store, size_t nr);

#endif
