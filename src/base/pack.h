/* SPDX-License-Identifier: ISC */
/*
 * pack.h - the members of a directory as one row of bytes
 *
 * A format opens no path: a store whose place is a directory is handed to it as
 * this, and comes back as this.  It never lies on a disk.
 */
#ifndef KST_BASE_PACK_H
#define KST_BASE_PACK_H

#include <stdbool.h>

#include "kstool/buf.h"
#include "kstool/error.h"

#define KST_PACK_MAGIC "\x89kstdir\n"
#define KST_PACK_MAGIC_LEN 8
#define KST_PACK_MEMBERS_MAX 20000 /* finding one walks them all */

struct kst_member {
	struct kst_bytes name;   /* no '/' in it, not "." or ".." */
	struct kst_bytes target; /* of a symbolic link; empty: a regular file */
	struct kst_bytes data;   /* of the file, or of what the link leads to */
};

void kst_pack_begin(struct kst_buf *out);
void kst_pack_put(struct kst_buf *out, const struct kst_member *m);
/* A cursor over the members.  False: it is no pack. */
bool kst_pack_open(struct kst_cursor *c, const uint8_t *data, size_t n);
/* The next member, borrowed.  1; 0 at the end; -1 it breaks off, or a name is none. */
int kst_pack_next(struct kst_cursor *c, struct kst_member *m);
/*
 * Whole, with at most `most` members, no name twice, and each link to a member shows the bytes of that
 * member: else a directory was changed between two looks at it.  0, or -1 with *err.
 */
int kst_pack_check(const uint8_t *data, size_t n, size_t most, struct kst_error *err);
bool kst_pack_find(const uint8_t *data, size_t n, struct kst_bytes name, struct kst_member *m);

#endif
