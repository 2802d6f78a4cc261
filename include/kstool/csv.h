/* SPDX-License-Identifier: ISC */
/* csv.h - rows of comma-separated values (RFC 4180) */
#ifndef KSTOOL_CSV_H
#define KSTOOL_CSV_H

#include "kstool/buf.h"
#include "kstool/error.h"

#define KST_CSV_CELLS 64           /* in one row, at most */
#define KST_CSV_MAX (UINT64_C(256) << 20) /* bytes of a file, at most */

/*
 * Call row() for each row, with its cells (borrowed, NUL-terminated, nr of them) and the number of its line.
 * Stops when it returns non-zero, and returns that.  CORRUPT: a quote in the wrong place, a NUL, too many cells.
 */
typedef int kst_csv_row(void *ctx, const char *const *cell, size_t nr, size_t line, struct kst_error *err);
int kst_csv_each(struct kst_bytes text, kst_csv_row *row, void *ctx, struct kst_error *err);

#endif
