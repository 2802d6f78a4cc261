/* SPDX-License-Identifier: ISC */
/* replace.c - a neighbour file, synced, renamed over the old one, the directory synced */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Neighbour files that are open now, for the signal handler. */
#define OPEN_MAX_NOW 32 /* threads of a batch write at once */
enum { FREE = -1, BUSY = -2 };
static struct {
	_Atomic int dirfd; /* FREE, BUSY while the name is written, else the directory */
	char name[300];
}
#define FOUR { FREE, "" }, { FREE, "" }, { FREE, "" }, { FREE, "" }
open_now[OPEN_MAX_NOW] = { FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR };

static void remember(int dirfd, const char *name)
{
	for (int i = 0; i < OPEN_MAX_NOW; i++) {
		int old = FREE;

		if (!atomic_compare_exchange_strong(&open_now[i].dirfd, &old, BUSY))
			continue;
		snprintf(open_now[i].name, sizeof(open_now[i].name), "%s", name);
		open_now[i].dirfd = dirfd;
		return;
	}
}

static void forget(const char *name)
{
	for (int i = 0; i < OPEN_MAX_NOW; i++)
		if (open_now[i].dirfd >= 0 && !strcmp(open_now[i].name, name))
			open_now[i].dirfd = FREE;
}

void kst_replace_abort_all(void)
{
	for (int i = 0; i < OPEN_MAX_NOW; i++)
		if (open_now[i].dirfd >= 0)
			unlinkat(open_now[i].dirfd, open_now[i].name, 0);
}

/*
 * A volume that an orchestrator projects is switched by its "..data" link; what
 * somebody else writes is not seen, or is gone at the next switch.  The link is
 * beside the file, or, once symbolic links are resolved, one or two floors up.
 */
static bool projected(const struct kst_place *p)
{
	static const char *const link[] = { "..data", "../..data", "../../..data" };
	struct stat st;

	for (size_t i = 0; i < sizeof(link) / sizeof(link[0]); i++)
		if (!fstatat(p->dirfd, link[i], &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode))
			return true;
	return false;
}

/*
 * Is the file itself a mount point (one file bound into a container)?  Only the
 * kernel knows: the device is the same when the file comes from the same file
 * system, and may differ on an overlay though nothing is mounted.  Before Linux
 * 5.8 it does not say, and the rename finds out (EBUSY).
 */
static bool is_mount_point(const struct kst_place *p)
{
	struct statx x;

	return !statx(p->dirfd, p->name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x) &&
	       (x.stx_attributes_mask & x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int place_error(struct kst_error *err, const char *what)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
		return kst_error_set(err, KST_E_DISK_FULL, "%s", what);
	case EROFS:
		return kst_error_set(err, KST_E_READ_ONLY, "%s", what);
	case EBUSY:
		kst_error_setx(err, KST_E_MOUNT_POINT,
			       "is itself a mount point and cannot be replaced");
		return kst_error_hint(
			err, "mount its directory instead, or write to another path with -o");
	}
	return kst_error_set(err, KST_E_CANNOT_WRITE, "%s", what);
}

/* As much of a name as leaves room for the dots, the digits and "tmp". */
static int stem(const struct kst_place *p)
{
	size_t n = strlen(p->name), most = NAME_MAX - (sizeof(".."
							      "0123456789abcdef"
							      ".tmp") -
						       1);

	return (int)(n < most ? n : most);
}

/* Neighbours that a killed writer left; they hold what the store would hold, and only the holder of
 * the lock removes them. */
static void remove_stale(const struct kst_place *p)
{
	size_t n = (size_t)stem(p);
	int fd = openat(p->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d))) {
		const char *rest = e->d_name + 1 + n;

		if (e->d_name[0] != '.' || strlen(e->d_name) != n + 22 ||
		    strncmp(e->d_name + 1, p->name, n) || rest[0] != '.' ||
		    strspn(rest + 1, "0123456789abcdef") != 16 || strcmp(rest + 17, ".tmp"))
			continue;
		unlinkat(p->dirfd, e->d_name, 0);
	}
	closedir(d);
}

/*
 * The access control list of the old file.  Returns the mode bits that may stay:
 * with a list the group bits of the old mode were its mask, and would give the
 * group what only single users had if the list itself cannot be taken along.
 */
static mode_t take_acl(int fd, int old, bool closing)
{
	static const char name[] = "system.posix_acl_access";
	char list[4096];
	ssize_t n = fgetxattr(old, name, list, sizeof(list));

	if (n < 0 && errno == ERANGE)
		return 0707;
	if (n > 0) {
		/* A list could open again what is being closed. */
		if (closing || fsetxattr(fd, name, list, (size_t)n, 0) < 0)
			return 0707;
		return 0777;
	}
	/* None there, but the directory may have given the new file one. */
	(void)!fremovexattr(fd, name);
	return 0777;
}

/* Owner, mode, list and label of the old file.  What may not be set is left: never wider. */
static int take_over(int fd, const struct kst_place *p, mode_t tighten)
{
	mode_t mode = p->st.st_mode & 0777;
	char label[256];
	struct stat st;
	ssize_t n;
	int old;

	if (tighten)
		mode &= tighten;
	if (fchown(fd, p->st.st_uid, p->st.st_gid) < 0)
		(void)!fchown(fd, (uid_t)-1, p->st.st_gid);
	if (fstat(fd, &st) < 0 || st.st_gid != p->st.st_gid)
		mode &= ~(mode_t)070; /* another group than the old: nothing for it */
	old = openat(p->dirfd, p->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (old >= 0) {
		mode &= take_acl(fd, old, tighten != 0);
		n = fgetxattr(old, "security.selinux", label, sizeof(label));
		if (n > 0)
			(void)!fsetxattr(fd, "security.selinux", label, (size_t)n, 0);
		close(old);
	}
	/* Last: setting a list changes the group bits. */
	return fchmod(fd, mode);
}

static int make_neighbour(struct kst_replace *r)
{
	const struct kst_place *p = r->place;

	for (int try = 0; try < 16; try++) {
		uint8_t id[8];

		if (getrandom(id, sizeof(id), 0) != sizeof(id))
			return -1;
		snprintf(r->tmp, sizeof(r->tmp), ".%.*s.%02x%02x%02x%02x%02x%02x%02x%02x.tmp",
			 stem(p), p->name, id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]);
		/* Before it is there: a signal in between would leave it. */
		remember(p->dirfd, r->tmp);
		/* 0600 whatever the umask: never wider than it ends. */
		r->fd = openat(p->dirfd, r->tmp,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (r->fd >= 0)
			return 0;
		forget(r->tmp);
		if (errno != EEXIST && errno != EINTR)
			break;
	}
	r->tmp[0] = '\0';
	return -1;
}

int kst_replace_begin(struct kst_replace *r, struct kst_place *p, mode_t mode, mode_t tighten,
		      bool locked, struct kst_error *err)
{
	*r = (struct kst_replace){ .place = p, .fd = -1 };
	if (projected(p)) {
		kst_error_setx(err, KST_E_PROJECTED, "is in a projected volume");
		return kst_error_hint(err,
				      "change the Secret or ConfigMap, or copy to a writable path");
	}
	if (p->exists && is_mount_point(p)) {
		errno = EBUSY;
		return place_error(err, "cannot be replaced");
	}
	if (locked)
		remove_stale(p);
	if (make_neighbour(r) < 0)
		return place_error(err, "no new file can be made in its directory");
	if ((p->exists ? take_over(r->fd, p, tighten) : fchmod(r->fd, mode)) < 0) {
		place_error(err, "its mode cannot be set");
		kst_replace_abort(r);
		return -1;
	}
	return 0;
}

int kst_replace_write(struct kst_replace *r, const void *data, size_t n, struct kst_error *err)
{
	return kst_fd_write_all(r->fd, data, n, err);
}

int kst_replace_sync(struct kst_replace *r, struct kst_error *err)
{
	int fd;

	/* Never retried: after a failed fsync the kernel may have dropped the pages. */
	if (fsync(r->fd) < 0)
		return place_error(err, "cannot be written to the disk");
	if (close(r->fd) < 0 && errno != EINTR) {
		r->fd = -1;
		return place_error(err, "cannot be written to the disk");
	}
	r->fd = -1;
	fd = openat(r->place->dirfd, r->tmp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return place_error(err, "cannot be read back");
	return fd;
}

/* Put a new file in its place, unless something is there. */
static int put_fresh(const struct kst_replace *r)
{
	const struct kst_place *p = r->place;

	if (!renameat2(p->dirfd, r->tmp, p->dirfd, p->name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* File systems that cannot do that (NFS) have hard links. */
	if (linkat(p->dirfd, r->tmp, p->dirfd, p->name, 0) < 0)
		return -1;
	unlinkat(p->dirfd, r->tmp, 0);
	return 0;
}

int kst_replace_commit(struct kst_replace *r, bool fresh, struct kst_error *err)
{
	struct kst_place *p = r->place;

	if (fresh && put_fresh(r) < 0) {
		if (errno == EEXIST)
			return kst_error_setx(err, KST_E_EXISTS, "exists already");
		return place_error(err, "cannot be put in its place");
	}
	if (!fresh && renameat(p->dirfd, r->tmp, p->dirfd, p->name) < 0)
		return place_error(err, "cannot be put in its place");
	forget(r->tmp);
	r->tmp[0] = '\0';
	/* A second change through the same place takes over what is there now. */
	p->exists = !fstatat(p->dirfd, p->name, &p->st, AT_SYMLINK_NOFOLLOW);
	/* EINVAL: a file system that has no such thing. */
	if (fsync(p->dirfd) < 0 && errno != EINVAL)
		return kst_error_set(err, KST_E_NOT_DURABLE,
				     "was written, but its directory could not be synced");
	return 0;
}

void kst_replace_abort(struct kst_replace *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	if (r->tmp[0]) {
		unlinkat(r->place->dirfd, r->tmp, 0);
		forget(r->tmp);
	}
	r->tmp[0] = '\0';
}
