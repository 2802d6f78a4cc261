/* SPDX-License-Identifier: ISC */
/* filedir.h - a directory of its own for each case, and the file protocol run once in it */
#ifndef KST_TEST_FILEDIR_H
#define KST_TEST_FILEDIR_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "kstool/kstool.h"

static char dir[64];
static mode_t old_umask;

/* ---- a directory for each case ---- */

static inline void setup(void)
{
	old_umask = umask(022);
	strcpy(dir, "/tmp/kst-file-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static inline int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void teardown(void)
{
	nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS);
	umask(old_umask);
}

/* dir/name; four may be in use at once. */
static inline const char *in_dir(const char *name)
{
	static char path[4][512];
	static unsigned next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static inline void make(const char *name, const char *text, mode_t mode)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static inline bool there(const char *name)
{
	struct stat st;

	return !lstat(in_dir(name), &st);
}

static inline mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(in_dir(name), &st), 0);
	return st.st_mode & 07777;
}

static inline void holds(const char *name, const char *text)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	int fd = open(in_dir(name), O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(kst_fd_read_all(fd, 1 << 20, &b, NULL), 0);
	ck_assert_str_eq((char *)b.data, text);
	close(fd);
}

/* How many names the directory has, but for "." and "..". */
static int names_left;
static inline int count(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)path;
	(void)st;
	(void)type;
	names_left += at->level == 1;
	return 0;
}

static inline int names(void)
{
	names_left = 0;
	nftw(dir, count, 16, FTW_PHYS);
	return names_left;
}

/* The whole protocol once.  The code of the error, or KST_OK. */
static inline enum kst_code replace(const char *path, const char *text, mode_t mode, mode_t tighten,
				    bool loose)
{
	struct kst_place p = KST_PLACE_INIT;
	struct kst_replace r = KST_REPLACE_INIT;
	struct kst_error err = KST_ERROR_INIT;
	int lock = -1, fd = -1;
	bool fresh;

	if (kst_place_find(&p, path, loose, &err) < 0)
		return err.code;
	fresh = !p.exists;
	if (!fresh)
		lock = kst_place_lock(&p, &err);
	if ((fresh || lock >= 0) && !kst_replace_begin(&r, &p, mode, tighten, !fresh, &err) &&
	    !kst_replace_write(&r, text, strlen(text), &err) &&
	    (fd = kst_replace_sync(&r, &err)) >= 0) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		ck_assert_int_eq(kst_fd_read_all(fd, 1 << 20, &b, NULL), 0);
		ck_assert_str_eq((char *)b.data, text);
		kst_replace_commit(&r, fresh, &err);
	}
	kst_replace_abort(&r);
	if (fd >= 0)
		close(fd);
	if (lock >= 0)
		close(lock);
	kst_place_release(&p);
	return err.code;
}

#endif
