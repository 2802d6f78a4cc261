/* SPDX-License-Identifier: ISC */
/*
 * kst1_out.c - a store on its way out, in pieces worth a system call
 */
#include "kst1.h"

#include <string.h>

#include "kstool/alloc.h"

enum { PIECE = 64 * 1024 };

int kst1_out_init(struct kst1_out *o, struct kst_io *io, struct kst_error *err)
{
	o->io = io;
	o->len = 0;
	o->buf = kst_malloc(PIECE);
	return o->buf ? 0 : kst_error_nomem(err);
}

void kst1_out_release(struct kst1_out *o)
{
	kst_free(o->buf);
	o->buf = NULL;
}

int kst1_out_flush(struct kst1_out *o, struct kst_error *err)
{
	size_t n = o->len;
	o->len = 0;
	return n ? o->io->sink.write(o->io->sink.ctx, o->buf, n, err) : 0;
}

int kst1_out_put(struct kst1_out *o, const void *data, size_t n, struct kst_error *err)
{
	if (n > PIECE - o->len && kst1_out_flush(o, err) < 0)
		return -1;
	if (n > PIECE)
		return o->io->sink.write(o->io->sink.ctx, data, n, err);
	if (n)
		memcpy(o->buf + o->len, data, n);
	o->len += n;
	return 0;
}

int kst1_out_copy(struct kst1_out *o, struct kst_io *from, uint64_t offset, uint64_t n,
		  struct kst_error *err)
{
	while (n) {
		if (o->len == PIECE && kst1_out_flush(o, err) < 0)
			return -1;
		size_t k = PIECE - o->len < n ? PIECE - o->len : (size_t)n;
		if (from->source.read_at(from->source.ctx, offset, o->buf + o->len, k, err) < 0)
			return -1;
		o->len += k;
		offset += k;
		n -= k;
	}
	return 0;
}
