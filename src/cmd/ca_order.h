/* SPDX-License-Identifier: ISC */
/* ca_order.h - orders of `ca issue` and `ca renew`, from the command line or a file, to the end */
#ifndef KST_CMD_CA_ORDER_H
#define KST_CMD_CA_ORDER_H

#include "cmd/ca_files.h"

/* One certificate that is asked for; owns its texts. */
struct order {
	char *name, *alias, *subject, *batch;
	char *alg;         /* NULL where it is somebody else's */
	struct ca_sans sans;
	size_t line;       /* of a file; 0 */
	char *path[2];
	bool replaces;     /* a file of it was there */
	bool there_without_file;
	struct kst_cert *like; /* what it renews; NULL */
	bool elsewhere;        /* ... whose key somebody else has */
};
struct orders {
	struct kst_ca *ca;
	struct ca_files files;
	struct order *row;
	struct kst_ca_order *ask; /* by row; what the library works with */
	size_t nr, size;
	unsigned jobs;
	const char *source;       /* the batch file; NULL: the command line */
	const char *manifest;     /* NULL: none */
	bool lenient;             /* files of the same name are those of earlier runs */
};

/* What all orders of a command have in common, and one of them may have its own of. */
struct order_terms {
	enum kst_profile profile;
	long days;
	long jitter;              /* percent of the days that may be cut off at random */
	const char *alg;
	bool once, revoked_stays; /* struct kst_ca_order */
	int64_t before;           /* renewed when that much is left: seconds, or percent of the days; 0: never */
	bool before_percent;
	bool must_staple;
	struct kst_cert *like;    /* the same subject as this one, which it renews ... */
	bool same_key;            /* ... for the same key */
};

/* An order by this name; what is wrong with it becomes its own error.  -1: no memory. */
int orders_add(struct orders *o, const char *name, const char *alias, const char *subject, struct ca_sans *sans,
	       size_t line, const struct order_terms *terms, struct kst_error *err);
/* The one added last failed before it began. */
int orders_fail(struct orders *o, const struct kst_error *why);
/* Look, make, deliver, report.  The exit status, or -1. */
int orders_run(struct cli *cli, struct orders *o);
/* The last part alone, for what was made by other means. */
int orders_report(struct cli *cli, const struct orders *o);
void orders_release(struct orders *o);

/* ca_manifest.c: one line of JSON for each certificate, replaced as a whole. */
int ca_manifest_check(const struct orders *o, struct kst_error *err); /* EXISTS: a file that is no manifest */
int ca_manifest_write(const struct orders *o, struct kst_error *err);

#endif
