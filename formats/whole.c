/* SPDX-License-Identifier: ISC */
/* whole.c - the whole file in memory */
#include "whole.h"

int whole_read(const struct kst_io *io, struct kst_buf *out, struct kst_error *err)
{
	const struct kst_source *src = &io->source;
	uint64_t size = src->bytes.data ? src->bytes.len : src->size;

	if (size > io->limits->file)
		return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %llu bytes",
				      (unsigned long long)io->limits->file);
	if (kst_buf_reserve(out, (size_t)size) < 0)
		return kst_error_nomem(err);
	if (src->bytes.data) {
		kst_buf_put(out, src->bytes.data, src->bytes.len);
		return 0;
	}
	if (size && src->read_at(src->ctx, 0, out->data + out->len, (size_t)size, err) < 0)
		return -1;
	out->len += (size_t)size;
	out->data[out->len] = 0;
	return 0;
}
