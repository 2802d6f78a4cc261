/* SPDX-License-Identifier: ISC */
/*
 * undo_dir.c - a directory and its backup: DIR.kstool-bak beside it, all members in one file
 *
 * No directory changes in one step.  Before the first member is touched, what is there now lies synced
 * beside the backup; it takes the backup's name when the directory is as it should be.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pack.h"
#include "kstool/undo.h"
#include "store/store.h"
#include "store/write.h"

/* "certs/", "." and links: beside the directory itself, under its own name. */
static int backup_path(const char *path, char *out, size_t size, struct kst_error *err)
{
	char real[PATH_MAX];
	struct stat st;
	size_t n = strlen(path);
	const char *last;

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n >= sizeof(real))
		return kst_error_setx(err, KST_E_UNREADABLE, "is a path that is too long");
	memcpy(real, path, n);
	real[n] = '\0';
	last = strrchr(real, '/');
	last = last ? last + 1 : real;
	if ((!*last || !strcmp(last, ".") || !strcmp(last, "..") || lstat(real, &st) < 0 || S_ISLNK(st.st_mode)) &&
	    !realpath(path, real))
		return kst_error_set(err, KST_E_UNREADABLE, "cannot be resolved");
	int len = snprintf(out, size, "%s.kstool-bak", real);
	if (!strcmp(real, "/") || len < 0 || (size_t)len >= size)
		return kst_error_setx(err, KST_E_CANNOT_WRITE, "there is no place for a backup beside it");
	return 0;
}

int kst_dir_backup(const struct kst_store *s, char *out, size_t size, struct kst_error *err)
{
	struct kst_place beside = KST_PLACE_INIT;
	char path[4096];
	int lock = -1, rc = -1;

	if (backup_path(s->path, path, sizeof(path), err) < 0 ||
	    kst_place_find(&beside, path, s->loose, err) < 0)
		return -1;
	if ((!beside.exists || (lock = kst_place_lock(&beside, err)) >= 0) &&
	    kst_place_write(&beside, s->bytes.data, s->bytes.len, true, err) == 0) {
		snprintf(out, size, "%s", path);
		rc = 0;
	}
	if (lock >= 0)
		close(lock);
	kst_place_release(&beside);
	return rc < 0 ? kst_error_subject(err, "%s", path) : 0;
}

/* Both contents: of the directory, which is locked with this, and of its backup. */
struct both {
	struct kst_store *now, *then;
	struct kst_place beside;
	int lock;
	char path[4096]; /* of the backup */
};

static int open_both(struct both *b, const char *path, const struct kst_open_options *opt, struct kst_error *err)
{
	struct kst_open_options look = *opt, edit = *opt;

	look.edit = false;
	edit.edit = true;
	if (backup_path(path, b->path, sizeof(b->path), err) < 0 ||
	    kst_place_find(&b->beside, b->path, opt->insecure_permissions, err) < 0)
		return -1;
	if (!b->beside.exists) {
		kst_error_setx(err, KST_E_NO_BACKUP, "has no backup beside it: no change lost anything that could come "
						     "back, or --backup=never was given");
		return -1;
	}
	if (kst_store_open(&b->now, path, &edit, err) < 0 || (b->lock = kst_place_lock(&b->beside, err)) < 0 ||
	    kst_store_open(&b->then, b->path, &look, err) < 0)
		return -1;
	if (!(b->then->format->caps & KST_CAP_DIRECTORY)) {
		kst_error_setx(err, KST_E_CORRUPT, "is no backup of a directory");
		return kst_error_subject(err, "%s", b->path);
	}
	return 0;
}

/* Is the directory what the backup says, now that it was made so? */
static int check(struct both *b, struct kst_error *err)
{
	struct kst_buf there KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_dir_pack(b->now->fd, NULL, &b->now->limits, NULL, &there, err) < 0)
		return -1;
	if (there.len == b->then->bytes.len && !memcmp(there.data, b->then->bytes.data, there.len))
		return 0;
	return kst_error_setx(err, KST_E_CANNOT_WRITE, "is not what its backup says: somebody changed it meanwhile");
}

static int swap(struct both *b, struct kst_error *err)
{
	struct kst_file_sink sink = KST_FILE_SINK_INIT;
	struct kst_buf then KST_SCRATCH_BUF = KST_BUF_INIT;
	int fd = -1, rc = -1;

	kst_buf_put(&then, b->then->bytes.data, b->then->bytes.len);
	if (then.failed)
		return kst_error_nomem(err);
	if (kst_replace_begin(&sink.replace, &b->beside, 0600, 0600, true, err) < 0 ||
	    kst_file_sink_write(&sink, b->now->bytes.data, b->now->bytes.len, err) < 0 ||
	    (fd = kst_file_sink_check(&sink, err)) < 0 || kst_dir_apply(b->now, &then, err) < 0 ||
	    check(b, err) < 0 || kst_replace_commit(&sink.replace, false, err) < 0)
		goto done;
	rc = 0;
done:
	kst_file_sink_release(&sink);
	if (fd >= 0)
		close(fd);
	return rc;
}

int kst_dir_undo(struct kst_undo *out, const char *path, const struct kst_open_options *opt, bool dry_run,
		 struct kst_error *err)
{
	struct both b = { .beside = KST_PLACE_INIT, .lock = -1 };
	struct kst_undo result = { .known = true };
	int rc = -1;

	if (open_both(&b, path, opt, err) < 0 ||
	    kst_store_diff(&result.diff, b.now, b.then, KST_DIFF_ENTRIES, err) < 0)
		goto done;
	if (!dry_run) {
		if (swap(&b, err) < 0)
			goto done;
		snprintf(result.saved.backup, sizeof(result.saved.backup), "%s", b.path);
	}
	result.saved.written = true;
	rc = 0;
done:
	if (b.lock >= 0)
		close(b.lock);
	kst_store_free(b.then);
	kst_store_free(b.now);
	kst_place_release(&b.beside);
	if (rc < 0)
		kst_diff_release(&result.diff);
	else
		*out = result;
	return rc < 0 ? kst_error_subject(err, "%s", path) : 0;
}
