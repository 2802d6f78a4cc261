/* SPDX-License-Identifier: ISC */
/*
 * ledger.h - the ledger of a CA: an SQLite database, durable at every commit; private to src/ca
 *
 * A ledger may come from anywhere (a backup, a stick): the schema must be exactly
 * ours, without triggers or views, and SQLite is told to trust nothing in it.
 */
#ifndef KST_CA_LEDGER_H
#define KST_CA_LEDGER_H

#include "kstool/ca.h"

struct sqlite3;
struct sqlite3_stmt;

struct kst_ledger {
	struct sqlite3 *db;
	char *path;
	bool open; /* a transaction */
};

/* A new one, mode 0600; EXISTS.  0 or -1. */
int kst_ledger_create(struct kst_ledger *l, const char *path, struct kst_error *err);
int kst_ledger_open(struct kst_ledger *l, const char *path, struct kst_error *err);
void kst_ledger_close(struct kst_ledger *l);
/* Everything in it is read and held against its indexes.  0, or -1 LEDGER. */
int kst_ledger_check(struct kst_ledger *l, struct kst_error *err);

int kst_ledger_begin(struct kst_ledger *l, struct kst_error *err);
int kst_ledger_commit(struct kst_ledger *l, struct kst_error *err);
void kst_ledger_rollback(struct kst_ledger *l);

int kst_ledger_fact(struct kst_ledger *l, const char *name, struct kst_buf *out, struct kst_error *err);
int kst_ledger_set_fact(struct kst_ledger *l, const char *name, const char *value, struct kst_error *err);

int kst_ledger_add(struct kst_ledger *l, const struct kst_ca_row *row, int64_t *id, struct kst_error *err);
/* 0; 1: the row is not pending any more. */
int kst_ledger_signed(struct kst_ledger *l, int64_t id, struct kst_bytes cert, struct kst_error *err);
int kst_ledger_delivered(struct kst_ledger *l, int64_t id, struct kst_error *err);
int kst_ledger_revoke(struct kst_ledger *l, int64_t id, int64_t when, int reason, struct kst_error *err);
int kst_ledger_each(struct kst_ledger *l, const struct kst_ca_query *q,
		    int (*each)(void *, const struct kst_ca_row *, struct kst_error *), void *ctx,
		    struct kst_error *err);
int kst_ledger_count(struct kst_ledger *l, const struct kst_ca_query *q, size_t *out,
		     struct kst_error *err);

/* ---- among ledger*.c ---- */
/* What SQLite says, in our words.  -1. */
int kst_ledger_error(struct kst_ledger *l, int rc, struct kst_error *err);
int kst_ledger_prepare(struct kst_ledger *l, struct sqlite3_stmt **out, const char *sql,
		       struct kst_error *err);
/* Step to the end and finalize.  0 or -1. */
int kst_ledger_finish(struct kst_ledger *l, struct sqlite3_stmt *st, struct kst_error *err);

#endif
