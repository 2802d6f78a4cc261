/* SPDX-License-Identifier: ISC */
/* write.h - a sink that knows what went through it */
#ifndef KST_STORE_WRITE_H
#define KST_STORE_WRITE_H

#include "crypto/digest.h"
#include "store/store.h"

struct kst_file_sink {
	struct kst_replace replace;
	struct kst_digest digest;
	uint64_t size;
};
#define KST_FILE_SINK_INIT { .replace = KST_REPLACE_INIT, .digest = KST_DIGEST_INIT }

/* struct kst_sink.write for a struct kst_file_sink. */
int kst_file_sink_write(void *ctx, const void *data, size_t n, struct kst_error *err);
/* All `size` bytes of fd, from its start on. */
int kst_file_sink_copy(struct kst_file_sink *sink, int fd, uint64_t size, struct kst_error *err);
/* Sync, and compare what the disk says with what was written.  A fresh fd of it, or -1. */
int kst_file_sink_check(struct kst_file_sink *sink, struct kst_error *err);
/* Remove what was not committed. */
void kst_file_sink_release(struct kst_file_sink *sink);

/* A whole file by the protocol of replacing; the caller holds the lock of an existing one.  0 or -1. */
int kst_place_write(struct kst_place *place, const void *data, size_t len, bool secret,
		    struct kst_error *err);

#endif
