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

int kst_place_find(struct kst_place *p, const char *path, bool loose, struct kst_error *err)
{
	char *real = follow(path, err), *slash;
	struct stat dir;

	*p = (struct kst_place)KST_PLACE_INIT;
	if (!real)
		goto fail;
	slash = strrchr(real, '/');
	p->name = kst_strdup(slash ? slash + 1 : real);
	p->dir = slash ? kst_strndup(real, slash == real ? 1 : (size_t)(slash - real)) : kst_strdup(".");
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
			kst_error_setx(err, KST_E_NO_FILE, "the directory %s does not exist", p->dir);
		else
			kst_error_set(err, KST_E_CANNOT_WRITE, "the directory %s cannot be opened",
				      p->dir);
		goto fail;
	}
	/* Whoever may write the directory may put another file in the place of this one. */
	if (!loose && (dir.st_mode & 022) && !(dir.st_mode & S_ISVTX) &&
	    ((dir.st_mode & 002) || dir.st_gid != getegid())) {
		kst_error_setx(err, KST_E_PERMISSIONS, "others may write to its directory %s", p->dir);
		kst_error_hint(err, "chmod go-w '%s', or add --insecure-permissions", p->dir);
		goto fail;
	}
	if (!fstatat(p->dirfd, p->name, &p->st, AT_SYMLINK_NOFOLLOW)) {
		p->exists = true;
		if (!S_ISREG(p->st.st_mode)) {
			kst_error_setx(err, KST_E_NOT_A_FILE, "is not a regular file");
			goto fail;
		}
		if (!loose && p->st.st_nlink > 1) {
			kst_error_setx(err, KST_E_PERMISSIONS,
				       "has %lu hard links, which replacing it would part",
				       (unsigned long)p->st.st_nlink);
			kst_error_hint(err, "add --insecure-permissions to replace it all the same");
			goto fail;
		}
	} else if (errno != ENOENT) {
		kst_error_set(err, KST_E_UNREADABLE, "cannot be looked at");
		goto fail;
	}
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
	for (;;) {
		struct stat mine, now;
		int fd = openat(p->dirfd, p->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);

		if (fd < 0)
			return kst_error_set(err, errno == ENOENT ? KST_E_NO_FILE : KST_E_UNREADABLE,
					     "cannot be opened");
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR) {
				kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be locked");
				close(fd);
				return -1;
			}
		/* Another writer may have put a new file here while this one waited. */
		if (!fstat(fd, &mine) && !fstatat(p->dirfd, p->name, &now, AT_SYMLINK_NOFOLLOW) &&
		    mine.st_dev == now.st_dev && mine.st_ino == now.st_ino) {
			p->st = mine;
			return fd;
		}
		close(fd);
	}
}
