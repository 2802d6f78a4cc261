/* SPDX-License-Identifier: ISC */
/*
 * tree.c - a directory that is filled beside its place goes as a whole where it comes to nothing
 *
 * Also from a signal handler, so that nothing here may allocate: the kernel's own
 * directory records instead of readdir().
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

/* Directories below directories that are removed: a tree of ours has no more. */
#define DEPTH 1
/* A pass over a directory may miss what moved while others went. */
#define PASSES 8

/* struct linux_dirent64, getdents64(2): the name begins here. */
#define RECORD_LENGTH 16
#define RECORD_NAME 19

static char now[4096];
static atomic_bool filling;

static bool remove_below(int dirfd, const char *name, int depth);

/* True if something went. */
static bool remove_all(int fd, int depth)
{
	_Alignas(8) char buf[1024];
	bool went = false;
	long n;

	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at + RECORD_NAME < n;) {
			const char *name = buf + at + RECORD_NAME;
			uint16_t len;

			memcpy(&len, buf + at + RECORD_LENGTH, sizeof(len));
			at += len;
			if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
				went |= unlinkat(fd, name, 0) == 0 || (depth && remove_below(fd, name, depth - 1));
		}
	return went;
}

static bool remove_below(int dirfd, const char *name, int depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	for (int i = 0; i < PASSES && remove_all(fd, depth); i++)
		(void)!lseek(fd, 0, SEEK_SET);
	close(fd);
	return unlinkat(dirfd, name, AT_REMOVEDIR) == 0;
}

void kst_tree_fill(const char *path)
{
	snprintf(now, sizeof(now), "%s", path);
	filling = true;
}

void kst_tree_keep(void)
{
	filling = false;
}

void kst_tree_abort(void)
{
	if (atomic_exchange(&filling, false))
		remove_below(AT_FDCWD, now, DEPTH);
}
