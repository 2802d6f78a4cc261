/* SPDX-License-Identifier: ISC */
/* file.c - whole files in, bytes out: short reads and writes, EINTR, and errors by name */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int too_large(uint64_t limit, struct kst_error *err)
{
	bool mib = limit >= 1 << 20;

	return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %llu %s",
			      (unsigned long long)(mib ? limit >> 20 : limit),
			      mib ? "MiB" : "bytes");
}

int kst_fd_read_all(int fd, uint64_t limit, struct kst_buf *out, struct kst_error *err)
{
	size_t start = out->len, guess = 65536;
	struct stat st;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		off_t at = lseek(fd, 0, SEEK_CUR);

		if (at < 0 || at > st.st_size)
			at = 0;
		if ((uint64_t)(st.st_size - at) > limit)
			return too_large(limit, err);
		/* One byte more than there are: the read that fills it not tells the end. */
		guess = (size_t)(st.st_size - at) + 1;
	}
	for (;;) {
		ssize_t n;

		/* The zero byte behind the text needs its place too. */
		if ((!out->data || out->size - out->len < 2) && kst_buf_reserve(out, guess) < 0)
			return kst_error_nomem(err);
		n = read(fd, out->data + out->len, out->size - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EISDIR)
			return kst_error_setx(err, KST_E_NOT_A_FILE, "is a directory");
		if (n < 0)
			return kst_error_set(err, KST_E_UNREADABLE, "cannot be read");
		if (!n)
			break;
		out->len += (size_t)n;
		if (out->len - start > limit)
			return too_large(limit, err);
		guess = 65536;
	}
	out->data[out->len] = 0;
	return 0;
}

int kst_file_open(const char *path, struct stat *st, struct kst_error *err)
{
	int fd, e;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	if (fd < 0) {
		e = errno;
		if (e == ENOENT || e == ENOTDIR)
			kst_error_setx(err, KST_E_NO_FILE, "there is no such file");
		else
			kst_error_set(err, KST_E_UNREADABLE, "cannot be opened");
		errno = e;
		return kst_error_subject(err, "%s", path);
	}
	if (fstat(fd, st) < 0) {
		kst_error_set(err, KST_E_UNREADABLE, "cannot be looked at");
		goto fail;
	}
	if (S_ISDIR(st->st_mode)) {
		kst_error_setx(err, KST_E_NOT_A_FILE, "is a directory");
		goto fail;
	}
	return fd;
fail:
	kst_error_subject(err, "%s", path);
	close(fd);
	return -1;
}

int kst_fd_read_at(int fd, uint64_t offset, void *buf, size_t n, struct kst_error *err)
{
	uint8_t *p = buf;

	while (n) {
		ssize_t got = pread(fd, p, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kst_error_set(err, KST_E_UNREADABLE, "cannot be read");
		if (!got)
			return kst_error_setx(err, KST_E_TRUNCATED, "ends at byte %llu, too early",
					      (unsigned long long)offset);
		p += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

/* What a failed write means for the user. */
static int write_error(struct kst_error *err)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
		return kst_error_set(err, KST_E_DISK_FULL, "cannot be written");
	case EROFS:
		return kst_error_set(err, KST_E_READ_ONLY, "cannot be written");
	}
	return kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be written");
}

int kst_fd_write_all(int fd, const void *data, size_t n, struct kst_error *err)
{
	const uint8_t *p = data;

	while (n) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return write_error(err);
		if (!put) {
			errno = EIO;
			return write_error(err);
		}
		p += put;
		n -= (size_t)put;
	}
	return 0;
}
