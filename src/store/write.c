/* SPDX-License-Identifier: ISC */
/*
 * write.c - a sink that knows what went through it
 *
 * A disk can take bytes and lie: what is read back through a fresh descriptor is
 * compared with the hash of what was handed over.
 */
#include "store/write.h"

#include <string.h>
#include <unistd.h>

#define PIECE 65536

int kst_file_sink_write(void *ctx, const void *data, size_t n, struct kst_error *err)
{
	struct kst_file_sink *sink = ctx;
	if (kst_replace_write(&sink->replace, data, n, err) < 0 ||
	    kst_digest_update(&sink->digest, data, n, err) < 0)
		return -1;
	sink->size += n;
	return 0;
}

int kst_file_sink_copy(struct kst_file_sink *sink, int fd, uint64_t size, struct kst_error *err)
{
	struct kst_buf piece KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_buf_reserve(&piece, PIECE) < 0)
		return kst_error_nomem(err);
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;
		if (kst_fd_read_at(fd, at, piece.data, n, err) < 0 ||
		    kst_file_sink_write(sink, piece.data, n, err) < 0)
			return -1;
		at += n;
	}
	return 0;
}

static int differs(struct kst_error *err)
{
	kst_error_setx(err, KST_E_READ_BACK,
		       "what was written is not what the disk gives back; nothing was replaced");
	return kst_error_hint(err, "check the disk and the memory of this machine");
}

static int compare(int fd, uint64_t size, const uint8_t sha256[32], struct kst_error *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return kst_error_set(err, KST_E_READ_BACK, "what was written cannot be looked at");
	if (st.st_size < 0 || (uint64_t)st.st_size != size)
		return differs(err);

	/* Certificates and ciphertext mostly, but a plain key may be among it. */
	struct kst_buf piece KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_digest digest = KST_DIGEST_INIT;
	uint8_t found[32];
	if (kst_buf_reserve(&piece, PIECE) < 0)
		return kst_error_nomem(err);
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;
		if (kst_fd_read_at(fd, at, piece.data, n, err) < 0 ||
		    kst_digest_update(&digest, piece.data, n, err) < 0) {
			kst_digest_release(&digest);
			return -1;
		}
		at += n;
	}
	if (kst_digest_final(&digest, found, err) < 0)
		return -1;
	return memcmp(found, sha256, 32) == 0 ? 0 : differs(err);
}

int kst_file_sink_check(struct kst_file_sink *sink, struct kst_error *err)
{
	uint8_t meant[32];
	if (kst_digest_final(&sink->digest, meant, err) < 0)
		return -1;
	int fd = kst_replace_sync(&sink->replace, err);
	if (fd < 0)
		return -1;
	if (compare(fd, sink->size, meant, err) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void kst_file_sink_release(struct kst_file_sink *sink)
{
	kst_replace_abort(&sink->replace);
	kst_digest_release(&sink->digest);
}

void kst_store_abort_all(void)
{
	kst_replace_abort_all();
	kst_tree_abort();
}
