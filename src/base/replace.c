/* SPDX-License-Identifier: ISC */
/* replace.c - a neighbour file, synced, renamed over the old one, the directory synced */
#include "base/file.h"
#include "kstool/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Neighbour files that are open now, for the signal handler. */
#define OPEN_MAX_NOW 8
static struct {
	_Atomic int dirfd; /* -1: free place */
	char name[300];
} open_now[OPEN_MAX_NOW] = { { -1, "" }, { -1, "" }, { -1, "" }, { -1, "" },
			     { -1, "" }, { -1, "" }, { -1, "" }, { -1, "" } };

static void remember(int dirfd, const char *name)
{
	for (int i = 0; i < OPEN_MAX_NOW; i++)
		if (open_now[i].dirfd == -1) {
			snprintf(open_now[i].name, sizeof(open_now[i].name), "%s", name);
			open_now[i].dirfd = dirfd;
			return;
		}
}

static void forget(const char *name)
{
	for (int i = 0; i < OPEN_MAX_NOW; i++)
		if (open_now[i].dirfd != -1 && !strcmp(open_now[i].name, name))
			open_now[i].dirfd = -1;
}

void kst_replace_abort_all(void)
{
	for (int i = 0; i < OPEN_MAX_NOW; i++)
		if (open_now[i].dirfd != -1)
			unlinkat(open_now[i].dirfd, open_now[i].name, 0);
}

/* A volume that an orchestrator projects is switched by its "..data" link; nothing else may write. */
static bool projected(const struct kst_place *p)
{
	struct stat st;

	return !fstatat(p->dirfd, "..data", &st, AT_SYMLINK_NOFOLLOW) || strstr(p->dir, "/..data") ||
	       strstr(p->dir, "/..20");
}

static int place_error(const struct kst_place *p, struct kst_error *err, const char *what)
{
	int e = errno;

	if (projected(p)) {
		kst_error_setx(err, KST_E_PROJECTED, "this is a projected volume");
		return kst_error_hint(err, "change the Secret or ConfigMap, or copy to a writable path");
	}
	errno = e;
	switch (e) {
	case ENOSPC:
	case EDQUOT:
		return kst_error_set(err, KST_E_DISK_FULL, "%s", what);
	case EROFS:
		return kst_error_set(err, KST_E_READ_ONLY, "%s", what);
	case EBUSY:
		kst_error_setx(err, KST_E_MOUNT_POINT, "is itself a mount point and cannot be replaced");
		return kst_error_hint(err, "mount its directory instead, or write to another path");
	}
	return kst_error_set(err, KST_E_CANNOT_WRITE, "%s", what);
}

/* Neighbours that a killed writer left; they hold what the store would hold, and only the holder of
 * the lock removes them. */
static void remove_stale(const struct kst_place *p)
{
	size_t n = strlen(p->name);
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

/* Owner, mode, ACL and label of the old file.  What may not be set is left: the mode is never wider. */
static void take_over(int fd, const struct kst_place *p, mode_t tighten)
{
	static const char *const attr[] = { "system.posix_acl_access", "security.selinux" };
	mode_t mode = p->st.st_mode & 07777;
	int old;

	if (tighten)
		mode &= tighten;
	if (fchown(fd, p->st.st_uid, p->st.st_gid) < 0 && p->st.st_gid != getegid())
		mode &= ~(mode_t)070; /* not the old group: give the new one nothing */
	(void)!fchmod(fd, mode);
	old = openat(p->dirfd, p->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (old < 0)
		return;
	for (size_t i = 0; i < 2; i++) {
		char value[4096];
		ssize_t n;

		if (tighten && i == 0)
			continue; /* an ACL could open again what is being closed */
		n = fgetxattr(old, attr[i], value, sizeof(value));
		if (n > 0)
			(void)!fsetxattr(fd, attr[i], value, (size_t)n, 0);
	}
	close(old);
}

int kst_replace_begin(struct kst_replace *r, struct kst_place *p, mode_t mode, mode_t tighten,
		      bool locked, struct kst_error *err)
{
	struct stat dir;
	uint8_t random[8];

	*r = (struct kst_replace){ .place = p, .fd = -1 };
	if (p->exists && !fstat(p->dirfd, &dir) && dir.st_dev != p->st.st_dev) {
		errno = EBUSY;
		return place_error(p, err, "cannot be replaced");
	}
	if (locked)
		remove_stale(p);
	for (int try = 0; try < 16 && r->fd < 0; try++) {
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return kst_error_set(err, KST_E_INTERNAL, "no random bytes");
		snprintf(r->tmp, sizeof(r->tmp), ".%s.%02x%02x%02x%02x%02x%02x%02x%02x.tmp", p->name,
			 random[0], random[1], random[2], random[3], random[4], random[5], random[6],
			 random[7]);
		/* 0600 whatever the umask: never wider than it ends. */
		r->fd = openat(p->dirfd, r->tmp,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (r->fd < 0 && errno != EEXIST && errno != EINTR)
			break;
	}
	if (r->fd < 0) {
		r->tmp[0] = '\0';
		return place_error(p, err, "no new file can be made in its directory");
	}
	remember(p->dirfd, r->tmp);
	if (p->exists)
		take_over(r->fd, p, tighten);
	else if (fchmod(r->fd, mode) < 0) {
		place_error(p, err, "its mode cannot be set");
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
		return place_error(r->place, err, "cannot be written to the disk");
	if (close(r->fd) < 0 && errno != EINTR) {
		r->fd = -1;
		return place_error(r->place, err, "cannot be written to the disk");
	}
	r->fd = -1;
	fd = openat(r->place->dirfd, r->tmp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return place_error(r->place, err, "cannot be read back");
	return fd;
}

int kst_replace_commit(struct kst_replace *r, bool fresh, struct kst_error *err)
{
	struct kst_place *p = r->place;

	if (fresh) {
		if (linkat(p->dirfd, r->tmp, p->dirfd, p->name, 0) < 0) {
			if (errno == EEXIST)
				return kst_error_setx(err, KST_E_EXISTS, "exists already");
			/* A file system without hard links: the rename that does not replace. */
			if (renameat2(p->dirfd, r->tmp, p->dirfd, p->name, RENAME_NOREPLACE) < 0) {
				if (errno == EEXIST)
					return kst_error_setx(err, KST_E_EXISTS, "exists already");
				return place_error(p, err, "cannot be put in its place");
			}
		} else {
			unlinkat(p->dirfd, r->tmp, 0);
		}
	} else if (renameat(p->dirfd, r->tmp, p->dirfd, p->name) < 0) {
		return place_error(p, err, "cannot be put in its place");
	}
	forget(r->tmp);
	r->tmp[0] = '\0';
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
