/* SPDX-License-Identifier: ISC */
/*
 * backup.c - the old bytes beside the new ones
 *
 * Written by the same protocol as the store itself, before the store is
 * replaced: a crash in between leaves both old.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/write.h"

#define SUFFIX ".kstool-bak"

int kst_backup_path(const struct kst_place *place, char *out, size_t size, struct kst_error *err)
{
	bool here = !strcmp(place->dir, ".");
	const char *slash = here || place->dir[strlen(place->dir) - 1] == '/' ? "" : "/";
	int n = snprintf(out, size, "%s%s%s" SUFFIX, here ? "" : place->dir, slash, place->name);
	if (n < 0 || (size_t)n >= size)
		return kst_error_setx(err, KST_E_CANNOT_WRITE,
				      "the path is too long for a backup beside it");
	return 0;
}

bool kst_backup_remove(const struct kst_place *place)
{
	char name[300];
	int n = snprintf(name, sizeof(name), "%s" SUFFIX, place->name);
	return n > 0 && (size_t)n < sizeof(name) && unlinkat(place->dirfd, name, 0) == 0;
}

int kst_backup_make(const struct kst_place *place, int from, bool loose, char *out, size_t size,
		    struct kst_error *err)
{
	struct kst_file_sink sink = KST_FILE_SINK_INIT;
	struct kst_place beside = KST_PLACE_INIT;
	char path[4096];
	struct stat st;
	int fd = -1, rc = -1;

	if (kst_backup_path(place, path, sizeof(path), err) < 0)
		goto done;
	if (fstat(from, &st) < 0) {
		kst_error_set(err, KST_E_UNREADABLE, "cannot be looked at");
		goto done;
	}
	if (kst_place_find(&beside, path, loose, err) < 0 ||
	    kst_replace_begin(&sink.replace, &beside, 0600, 0600, true, err) < 0 ||
	    kst_file_sink_copy(&sink, from, (uint64_t)st.st_size, err) < 0 ||
	    (fd = kst_file_sink_check(&sink, err)) < 0 ||
	    kst_replace_commit(&sink.replace, !beside.exists, err) < 0)
		goto done;
	snprintf(out, size, "%s", path);
	rc = 0;
done:
	kst_file_sink_release(&sink);
	if (fd >= 0)
		close(fd);
	kst_place_release(&beside);
	return rc < 0 ? kst_error_subject(err, "%s", path) : 0;
}
