/* SPDX-License-Identifier: ISC */
/* pins.c - the files that list the pinned signers */
#include <unistd.h>

#include "base/file.h"
#include "kstool/native.h"
#include "store/store.h"

/* Who can add a line decides which stores are believed.  A file of the user's own group is the
 * user's, as a directory is (base/place.c). */
static int check_writers(const char *path, const struct stat *st, struct kst_error *err)
{
	if (!S_ISREG(st->st_mode) || !(st->st_mode & 022) || (!(st->st_mode & 002) && st->st_gid == getegid()))
		return 0;
	kst_error_setx(err, KST_E_PERMISSIONS, "%s can change this list of signers (mode %03o)",
		       st->st_mode & 002 ? "everybody" : "its group", (unsigned)st->st_mode & 0777);
	kst_hint_path(err, "chmod go-w ", path, "");
	return kst_error_hint(err, "add --insecure-permissions to accept it as it is");
}

static int read_list(struct kst_pin **list, size_t *nr, const char *path, bool loose, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error why = KST_ERROR_INIT;
	struct stat st;
	int fd = kst_file_open(path, &st, &why), rc = -1;

	if (fd < 0 && why.code == KST_E_NO_FILE)
		return 0;
	if (fd >= 0 && (loose || check_writers(path, &st, &why) == 0) &&
	    kst_fd_read_all(fd, KST_PINS_MAX, &text, &why) == 0 && kst_pins_parse(list, nr, &text, &why) == 0)
		rc = 0;
	if (fd >= 0)
		close(fd);
	if (rc < 0 && err && err->code == KST_OK)
		*err = why;
	return rc < 0 ? kst_error_subject(err, "%s", path) : 0;
}

int kst_pins_read(struct kst_pin **out, size_t *nr, const char *const *path, bool loose, struct kst_error *err)
{
	struct kst_pin *list = NULL;
	size_t count = 0;

	for (; *path; path++)
		if (read_list(&list, &count, *path, loose, err) < 0) {
			kst_pins_free(list, count);
			return -1;
		}
	*out = list;
	*nr = count;
	return 0;
}
