/* SPDX-License-Identifier: ISC */
/* dot.h - show --dot: who issued whom, for Graphviz */
#ifndef KST_CMD_DOT_H
#define KST_CMD_DOT_H

#include "cmd/cmd.h"

/* A graph of all certificates in these stores, each once; an issuer that is not among them is dashed. */
int dot_show(struct cli *cli, struct kst_store *const *store, size_t nr);

#endif
