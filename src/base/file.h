/* SPDX-License-Identifier: ISC */
/*
 * file.h - reading whole files, locks, and the protocol that replaces a file
 *
 * A file is never edited: a neighbour (".name.<16 hex>.tmp", O_EXCL, 0600) is
 * written, synced and read back by the caller, then renamed over the old one and
 * the directory is synced.  At every moment the path holds the old or the new
 * bytes.  Symbolic links are resolved once, the directory is held open.
 */
#ifndef KST_BASE_FILE_H
#define KST_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "kstool/buf.h"
#include "kstool/error.h"
#include "kstool/fd.h"

/*
 * From where fd stands to the end: a regular file, fifo or standard input.  Appends; the bytes
 * are followed by a zero byte.  TOO_LARGE beyond limit; an empty file is no error here.
 */
int kst_fd_read_all(int fd, uint64_t limit, struct kst_buf *out, struct kst_error *err);
/* Open for reading; NO_FILE, UNREADABLE, NOT_A_FILE (a directory).  fd or -1. */
int kst_file_open(const char *path, struct stat *st, struct kst_error *err);
/* pread of exactly n bytes (EINTR, short reads); TRUNCATED at the end of the file. */
int kst_fd_read_at(int fd, uint64_t offset, void *buf, size_t n, struct kst_error *err);

struct kst_place {     /* where a file is, or will be */
	char *dir, *name;  /* after symbolic links; name has no '/' */
	int dirfd;
	bool exists;
	struct stat st;    /* if it exists */
};
#define KST_PLACE_INIT { .dirfd = -1 }
/*
 * Resolve `path`; its last component need not exist.  Refuses (PERMISSIONS, unless `loose`) a
 * directory without sticky bit that everybody or another group than the user's own may write, and
 * a file that has several hard links; NOT_A_FILE what is no regular file.  0 or -1.
 */
int kst_place_find(struct kst_place *p, const char *path, bool loose, struct kst_error *err);
enum kst_place_allow {
	KST_ALLOW_WRITERS = 1 << 0, /* others may write to the directory */
	KST_ALLOW_LINKS = 1 << 1,   /* the file has several hard links, which are parted */
	KST_ALLOW_ALL = 3
};
/* The same, with a choice of what is not refused. */
int kst_place_find_for(struct kst_place *p, const char *path, unsigned allow, struct kst_error *err);
/* The place `name` in a directory that is open, wherever its path leads by now; `dir` is for messages.
 * No link is followed.  0 or -1. */
int kst_place_at(struct kst_place *p, int dirfd, const char *dir, const char *name, bool loose,
		 struct kst_error *err);
void kst_place_release(struct kst_place *p);
/* May others than the user write it?  What is of the user's own group is the user's: so it is wherever
 * the umask is 002, and in containers that run under any uid with group 0. */
bool kst_others_write(const struct stat *st);

/*
 * Open and lock (flock LOCK_EX) the file of an existing place; when the file was replaced while
 * waiting, again (dev and inode are compared).  Returns the locked fd (O_RDONLY, or O_RDWR where
 * the file system locks only that) and refreshes p->st, or -1.
 */
int kst_place_lock(struct kst_place *p, struct kst_error *err);

struct kst_replace {
	struct kst_place *place; /* borrowed */
	int fd;                  /* the neighbour file, open for writing */
	char tmp[300];
};
#define KST_REPLACE_INIT { .fd = -1 }
/*
 * Make the neighbour file; removes stale ones of the same name when `locked`.  `mode` is final for
 * a new file.  An old file's owner, group, mode, ACL and SELinux label are taken over as far as
 * this user may, and never so that anybody gains by it; its mode is masked by `tighten` if that is
 * not zero (0600 when the file gains its first key), and then its ACL is left behind.
 * MOUNT_POINT, PROJECTED, READ_ONLY, DISK_FULL, CANNOT_WRITE are told apart.
 */
int kst_replace_begin(struct kst_replace *r, struct kst_place *p, mode_t mode, mode_t tighten,
		      bool locked, struct kst_error *err);
int kst_replace_write(struct kst_replace *r, const void *data, size_t n, struct kst_error *err);
/* fsync (never retried), then reopen for reading: returns a fresh read-only fd of what is on the
 * disk, or -1. */
int kst_replace_sync(struct kst_replace *r, struct kst_error *err);
/* Rename over the old file, or, with `fresh`, link only if nothing is there (EXISTS); sync the
 * directory (NOT_DURABLE).  0 or -1. */
int kst_replace_commit(struct kst_replace *r, bool fresh, struct kst_error *err);
/* Remove the neighbour file if it is still there.  Always safe. */
void kst_replace_abort(struct kst_replace *r);
/* Called from a signal handler by the program: remove neighbour files that are open now.
 * Async-signal-safe. */
void kst_replace_abort_all(void);

/* ---- tree.c: a whole directory, made beside its place and renamed ---- */

/* It is there, and goes with kst_tree_abort() until kst_tree_keep(); one at a time. */
void kst_tree_fill(const char *path);
void kst_tree_keep(void);
/* Remove it with its files and the directories in it; nothing where none is being filled.
 * Async-signal-safe. */
void kst_tree_abort(void);

#endif
