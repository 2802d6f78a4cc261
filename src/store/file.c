/* SPDX-License-Identifier: ISC */
/* file.c - whole files that are no stores: exported certificates and keys, inputs */
#include <string.h>
#include <unistd.h>

#include "store/write.h"

static int write_mode(struct kst_place *place, const void *data, size_t len, bool secret, mode_t mode,
		      struct kst_error *err)
{
	struct kst_file_sink sink = KST_FILE_SINK_INIT;
	bool fresh = !place->exists;
	int fd = -1, rc = -1;

	if (kst_replace_begin(&sink.replace, place, mode, secret ? 0600 : 0,
			      !fresh, err) < 0 ||
	    kst_file_sink_write(&sink, data, len, err) < 0 ||
	    (fd = kst_file_sink_check(&sink, err)) < 0 ||
	    kst_replace_commit(&sink.replace, fresh, err) < 0)
		goto done;
	rc = 0;
done:
	kst_file_sink_release(&sink);
	if (fd >= 0)
		close(fd);
	return rc;
}

int kst_place_write(struct kst_place *place, const void *data, size_t len, bool secret,
		    struct kst_error *err)
{
	return write_mode(place, data, len, secret, kst_new_mode(secret), err);
}

static int lock_and_write(struct kst_place *place, const void *data, size_t len, unsigned flags,
			  struct kst_error *err)
{
	bool secret = flags & KST_FILE_SECRET;
	int lock = -1, rc;

	if (place->exists && (lock = kst_place_lock(place, err)) < 0)
		return -1;
	rc = write_mode(place, data, len, secret, flags & KST_FILE_PUBLIC ? 0644 : kst_new_mode(secret), err);
	if (lock >= 0)
		close(lock);
	return rc;
}

int kst_file_write(const char *path, const void *data, size_t len, unsigned flags,
		   struct kst_error *err)
{
	bool replace = flags & KST_FILE_REPLACE;
	struct kst_place place = KST_PLACE_INIT;
	int rc = -1;
	if (kst_place_find(&place, path, flags & KST_FILE_LOOSE, err) == 0) {
		if (place.exists && !replace) {
			kst_error_setx(err, KST_E_EXISTS, "exists already");
			kst_error_hint(err, "name another file");
			kst_error_hint(err, "add --replace to write over it");
		} else {
			rc = lock_and_write(&place, data, len, flags, err);
		}
	}
	kst_place_release(&place);
	return rc < 0 ? kst_error_subject(err, "%s", path) : 0;
}

int kst_file_read(const char *path, uint64_t limit, struct kst_buf *out, struct kst_error *err)
{
	bool in = strcmp(path, "-") == 0;
	struct stat st;
	int fd = in ? STDIN_FILENO : kst_file_open(path, &st, err);
	int rc = fd < 0 ? -1 : kst_fd_read_all(fd, limit, out, err);
	if (fd >= 0 && !in)
		close(fd);
	return rc < 0 ? kst_error_subject(err, "%s", in ? "standard input" : path) : 0;
}
