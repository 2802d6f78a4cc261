/* SPDX-License-Identifier: ISC */
/* batch.h - rows of a batch file, from whichever of its two forms; private to src/ca/batch*.c */
#ifndef KST_CA_BATCH_H
#define KST_CA_BATCH_H

#include "kstool/kstool.h"

/* A new row; NULL: LIMIT, or no memory. */
struct kst_ca_batch_row *kst_ca_batch_add(struct kst_ca_batch *b, size_t line, struct kst_error *err);
/* Which column is called so; -1: none. */
int kst_ca_batch_column(const char *name);
/* The place of a column in a row. */
char **kst_ca_batch_cell(struct kst_ca_batch_row *row, int column);

int kst_ca_batch_csv(struct kst_ca_batch *out, const struct kst_buf *text, struct kst_error *err);
int kst_ca_batch_json(struct kst_ca_batch *out, const struct kst_buf *text, struct kst_error *err);

#endif
