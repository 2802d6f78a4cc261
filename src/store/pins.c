/* SPDX-License-Identifier: ISC */
/* pins.c - the files that list the pinned signers */
#include <unistd.h>

#include "kstool/native.h"
#include "store/store.h"

/* Who can add a line decides which stores are believed. */
static int check_writers(const char *path, const struct stat *st, struct kst_error *err)
{
	return S_ISREG(st->st_mode) && kst_others_write(st) ? kst_refuse_writers(path, st, "list of signers", err) : 0;
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
