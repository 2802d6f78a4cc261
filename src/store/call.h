/* SPDX-License-Identifier: ISC */
/*
 * call.h - the one door to the formats
 *
 * Every call of a format's function goes through here, and nowhere else.  A
 * parser of foreign bytes is where a hostile file would break in: this door is
 * where it moves into a child process that can open nothing (the model is plain
 * data for that reason), without store or formats noticing.
 */
#ifndef KST_STORE_CALL_H
#define KST_STORE_CALL_H

#include "kstool/format.h"

/* The model is empty again when reading failed. */
int kst_call_read(const struct kst_format *f, struct kst_io *io, struct kst_model *into,
		  struct kst_error *err);
int kst_call_write(const struct kst_format *f, struct kst_io *io, struct kst_model *from,
		   struct kst_error *err);
int kst_call_head(const struct kst_format *f, struct kst_model *m, size_t i, struct kst_head *out,
		  struct kst_buf *scratch, struct kst_error *err);
int kst_call_load(const struct kst_format *f, struct kst_io *io, struct kst_model *m, size_t i,
		  struct kst_entry **out, struct kst_error *err);
int kst_call_unlock(const struct kst_format *f, struct kst_io *io, struct kst_model *m,
		    enum kst_need need, struct kst_error *err);
int kst_call_verify(const struct kst_format *f, struct kst_io *io, struct kst_model *meant,
		    struct kst_error *err);
/* Free entries, secrets and the format's own state. */
void kst_call_close(const struct kst_format *f, struct kst_model *m);

#endif
