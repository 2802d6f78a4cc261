/* SPDX-License-Identifier: ISC */
/* scan.h - what lies below the paths: which stores, or what of it expires */
#ifndef KST_CMD_SCAN_H
#define KST_CMD_SCAN_H

#include "cmd/found.h"

struct scan_opts {
	bool stores, all, leaf_only;
};

/* The files of all paths, in the order of the command line; `not_entered` of all. */
struct scan {
	struct cli *cli;
	const struct scan_opts *opt;
	struct kst_asker quiet;
	struct kst_walk *walk; /* cli->nr of them */
};

/* --stores: the inventory.  The exit status or -1. */
int scan_stores(struct scan *s);
/* What expires, by urgency.  The exit status or -1. */
int scan_expiry(struct scan *s);
/* JSON: the directories that were not looked into; text: a note of them. */
void scan_not_entered(const struct scan *s);

#endif
