/* SPDX-License-Identifier: ISC */
/*
 * source.c - where a format's bytes come from
 *
 * Whole in memory for small formats; through pread for the native one, whose
 * 100,000 entries must not be read to show one.
 */
#include <string.h>

#include "store/store.h"

static int memory_read_at(void *ctx, uint64_t offset, void *buf, size_t n, struct kst_error *err)
{
	const struct kst_bytes *b = ctx;
	uint64_t end;
	if (__builtin_add_overflow(offset, (uint64_t)n, &end) || end > b->len)
		return kst_error_setx(err, KST_E_TRUNCATED, "ends before byte %llu",
				      (unsigned long long)offset);
	if (n)
		memcpy(buf, b->data + offset, n);
	return 0;
}

static int fd_read_at(void *ctx, uint64_t offset, void *buf, size_t n, struct kst_error *err)
{
	const struct kst_fd_source *f = ctx;
	return kst_fd_read_at(f->fd, offset, buf, n, err);
}

struct kst_source kst_source_memory(const struct kst_bytes *bytes)
{
	return (struct kst_source){ .bytes = *bytes,
				    .size = bytes->len,
				    .read_at = memory_read_at,
				    .ctx = (void *)bytes };
}

struct kst_source kst_source_fd(struct kst_fd_source *ctx, uint64_t size)
{
	return (struct kst_source){ .size = size, .read_at = fd_read_at, .ctx = ctx };
}

struct kst_io kst_store_io(struct kst_store *s, struct kst_fd_source *ctx,
			   struct kst_bytes *bytes)
{
	static const struct kst_write_options no_write;
	struct kst_io io = { .path = s->path,
			     .asker = s->asker,
			     .limits = &s->limits,
			     .notes = s->notes,
			     .probe = kst_format_probe,
			     .progress = s->progress,
			     .read = &s->read,
			     .write = &no_write };
	if (s->lazy) {
		*ctx = (struct kst_fd_source){ s->fd };
		io.source = kst_source_fd(ctx, (uint64_t)s->st.st_size);
	} else {
		/* Never NULL, even of a new store: NULL says "piece by piece". */
		static const uint8_t nothing[1];
		*bytes = (struct kst_bytes){ s->bytes.data ? s->bytes.data : nothing,
					     s->bytes.len };
		io.source = kst_source_memory(bytes);
	}
	return io;
}
