/* SPDX-License-Identifier: ISC */
/* place.c - where a file is once symbolic links are resolved, and its lock */
#include "base/file.h"
#include "kstool/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LINKS_MAX 40

/* May this file be replaced?  Not what is no file, and not one of several names of a file. */
static int check_target(const struct kst_place *p, unsigned allow, struct kst_error *err)
{
	if (!S_ISREG(p->st.st_mode))
		return kst_error_setx(err, KST_E_NOT_A_FILE, "is not a regular file");
	if ((allow & KST_ALLOW_LINKS) || p->st.st_nlink <= 1)
		return 0;
	kst_error_setx(err, KST_E_PERMISSIONS, "has %lu hard links, which replacing it would part",
		       (unsigned long)p->st.st_nlink);
	return kst_error_hint(err, "add --insecure-permissions to replace it all the same");
}

/* Follow the symbolic links of the last component; the path of what is or will be there. */
static char *follow(const char *path, struct kst_error *err)
{
	char *now = kst_strdup(path);

	for (int i = 0; now && i < LINKS_MAX; i++) {
		char target[PATH_MAX], *next, *slash;
		ssize_t n = readlink(now, target, sizeof(target) - 1);

		if (n < 0)
			return now;
		target[n] = '\0';
		slash = strrchr(now, '/');
		if (target[0] == '/' || !slash)
			next = kst_strdup(target);
		else
			next = kst_asprintf("%.*s/%s", (int)(slash - now), now, target);
		kst_free(now);
		now = next;
	}
	if (!now) {
		kst_error_nomem(err);
		return NULL;
	}
	kst_free(now);
	errno = ELOOP;
	kst_error_set(err, KST_E_UNREADABLE, "cannot be found");
	return NULL;
}

/* What is in the place now, and may it be replaced? */
static int look(struct kst_place *p, unsigned allow, struct kst_error *err)
{
	if (!fstatat(p->dirfd, p->name, &p->st, AT_SYMLINK_NOFOLLOW)) {
		p->exists = true;
		return check_target(p, allow, err);
	}
	return errno == ENOENT ? 0 : kst_error_set(err, KST_E_UNREADABLE, "cannot be looked at");
}

int kst_place_at(struct kst_place *p, int dirfd, const char *dir, const char *name, bool loose,
		 struct kst_error *err)
{
	*p = (struct kst_place)KST_PLACE_INIT;
	p->name = kst_strdup(name);
	p->dir = kst_strdup(dir);
	if (!p->name || !p->dir)
		kst_error_nomem(err);
	else if ((p->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3)) < 0)
		kst_error_set(err, KST_E_CANNOT_WRITE, "the directory cannot be held open");
	else if (look(p, loose ? KST_ALLOW_ALL : 0, err) == 0)
		return 0;
	kst_place_release(p);
	return kst_error_subject(err, "%s/%s", dir, name);
}

bool kst_others_write(const struct stat *st)
{
	return (st->st_mode & 002) || ((st->st_mode & 020) && st->st_gid != getegid());
}

int kst_place_find(struct kst_place *p, const char *path, bool loose, struct kst_error *err)
{
	return kst_place_find_for(p, path, loose ? KST_ALLOW_ALL : 0, err);
}

int kst_place_find_for(struct kst_place *p, const char *path, unsigned allow, struct kst_error *err)
{
	char *real = follow(path, err), *slash;
	struct stat dir;

	*p = (struct kst_place)KST_PLACE_INIT;
	if (!real)
		goto fail;
	slash = strrchr(real, '/');
	p->name = kst_strdup(slash ? slash + 1 : real);
	p->dir = slash ? kst_strndup(real, slash == real ? 1 : (size_t)(slash - real))
		       : kst_strdup(".");
	if (!p->name || !p->dir) {
		kst_error_nomem(err);
		goto fail;
	}
	if (!*p->name || !strcmp(p->name, ".") || !strcmp(p->name, "..")) {
		kst_error_setx(err, KST_E_NOT_A_FILE, "is a directory");
		goto fail;
	}
	p->dirfd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dirfd < 0 || fstat(p->dirfd, &dir) < 0) {
		if (errno == ENOENT)
			kst_error_setx(err, KST_E_NO_FILE, "the directory %s does not exist",
				       p->dir);
		else
			kst_error_set(err, KST_E_CANNOT_WRITE, "the directory %s cannot be opened",
				      p->dir);
		goto fail;
	}
	/* Whoever may write the directory may put another file in the place of this one. */
	if (!(allow & KST_ALLOW_WRITERS) && !(dir.st_mode & S_ISVTX) && kst_others_write(&dir)) {
		kst_error_setx(err, KST_E_PERMISSIONS, "others may write to its directory %s",
			       p->dir);
		kst_error_command(err, "chmod", "go-w", p->dir, NULL);
		kst_error_hint(err, "add --insecure-permissions to accept it as it is");
		goto fail;
	}
	if (look(p, allow, err) < 0)
		goto fail;
	kst_free(real);
	return 0;
fail:
	kst_free(real);
	kst_place_release(p);
	return kst_error_subject(err, "%s", path);
}

void kst_place_release(struct kst_place *p)
{
	if (p->dirfd >= 0)
		close(p->dirfd);
	kst_free(p->dir);
	kst_free(p->name);
	*p = (struct kst_place)KST_PLACE_INIT;
}

int kst_place_lock(struct kst_place *p, struct kst_error *err)
{
	int access = O_RDONLY;

	for (;;) {
		struct stat mine, now;
		/* O_NONBLOCK: whoever put a fifo here must not make this wait. */
		int fd = openat(p->dirfd, p->name,
				access | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		int rc;

		if (fd < 0 && errno == ENOENT)
			return kst_error_setx(err, KST_E_NO_FILE, "there is no such file any more");
		if (fd < 0)
			return kst_error_set(err, KST_E_UNREADABLE, "cannot be opened");
		do
			rc = flock(fd, LOCK_EX);
		while (rc < 0 && errno == EINTR);
		if (rc < 0) {
			int e = errno;

			close(fd);
			/* NFS turns flock into a POSIX lock, which needs a file open for writing.
			 */
			if (e == EBADF && access == O_RDONLY) {
				access = O_RDWR;
				continue;
			}
			errno = e;
			return kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be locked");
		}
		if (fstat(fd, &mine) < 0) {
			kst_error_set(err, KST_E_UNREADABLE, "cannot be looked at");
			close(fd);
			return -1;
		}
		/* Another writer may have put a new file here while this one waited. */
		if (!fstatat(p->dirfd, p->name, &now, AT_SYMLINK_NOFOLLOW) &&
		    mine.st_dev == now.st_dev && mine.st_ino == now.st_ino) {
			if (!S_ISREG(mine.st_mode)) {
				close(fd);
				return kst_error_setx(err, KST_E_NOT_A_FILE,
						      "is not a regular file");
			}
			p->st = mine;
			p->exists = true;
			return fd;
		}
		close(fd);
	}
}
