/* SPDX-License-Identifier: ISC */
/* whole.h - the whole file in memory, for every format that is not read piece by piece */
#ifndef KST_FORMATS_WHOLE_H
#define KST_FORMATS_WHOLE_H

#include "kstool/format.h"

/* Append all bytes of the source.  0, or -1 (TOO_LARGE, NO_MEMORY, what reading says). */
int whole_read(const struct kst_io *io, struct kst_buf *out, struct kst_error *err);

#endif
