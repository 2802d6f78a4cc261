/* SPDX-License-Identifier: ISC */
/* trust_under.h - the truststores below a directory, and what became of each */
#ifndef KST_CMD_TRUST_UNDER_H
#define KST_CMD_TRUST_UNDER_H

#include "cmd/trust.h"
#include "kstool/walk.h"

enum under_action {
	UNDER_ADDED,     /* at least one certificate was */
	UNDER_UNCHANGED, /* all were there */
	UNDER_LOCKED,    /* its passphrase is not known */
	UNDER_BY_HAND,   /* a database that another program writes */
	UNDER_SKIPPED,   /* it holds private keys: nobody meant that by "all" */
	UNDER_FAILED
};
struct under_row {
	enum under_action action;
	char *path;          /* as it can be opened */
	char *link;          /* the known name that leads there; NULL */
	const char *type;    /* "pem", "jks"; "anchor" has that of its file, NSS "nss" */
	const char *role;    /* "anchor", "system", "java", "own", "other", "nss" */
	const char *by;      /* who writes it; NULL */
	enum kst_ask_source passphrase;
	struct changes changes;
	struct kst_error *error; /* why not; NULL */
	char *command;       /* UNDER_BY_HAND: what to run, quoted for a shell, a line for each certificate */
};

struct under {
	struct cli *cli;
	const struct trust_opts *opt;
	struct kst_asker quiet;
	struct trust_picks picks;
	struct kst_walk walk;
	struct kst_anchor_dir anchors;
	bool has_anchors;
	char **name;         /* of each pick: the alias, and the anchor's file without its suffix */
	char **file;         /* of each pick: its anchor, as it can be opened; NULL */
	struct under_row *row;
	size_t nr, size;
	int status;          /* the first failure */
};

/* A row for `path`, which is copied; NULL without memory. */
struct under_row *under_row(struct under *u, const char *path, const char *role, const char *by);
/* What cli->err says is why this row failed; the rest goes on. */
void under_failed(struct under *u, struct under_row *r);
/* Every usable certificate into the directory of anchors.  0 or -1. */
int under_anchors(struct under *u);
/* Everything that was done, in every mode; the exit status. */
int under_report(struct under *u);

#endif
