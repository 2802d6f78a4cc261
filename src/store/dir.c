/* SPDX-License-Identifier: ISC */
/*
 * dir.c - a store whose place is a directory: its members into a pack, and a pack
 * back into it
 *
 * What is new is there before any link leads to it, every link changes in one
 * step, and what is old goes last: a program that looks in between finds the old
 * certificates or the new ones.  All at once, as for a file, no directory can.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/pack.h"
#include "store/call.h"
#include "store/store.h"
#include "store/write.h"

/* No certificate is larger, and a directory may hold anything. */
#define MEMBER_MAX ((uint64_t)1 << 20)

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **name;
	size_t nr, size;
};

static void names_release(struct names *n)
{
	for (size_t i = 0; i < n->nr; i++)
		kst_free(n->name[i]);
	kst_free(n->name);
}

/* The names in it, sorted, without those that begin with a dot (ours among them, while we write). */
static int list(int dirfd, const struct kst_limits *limits, struct names *n, struct kst_error *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int rc = 0;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return kst_error_set(err, KST_E_UNREADABLE, "cannot be read");
	}
	for (struct dirent *e; rc == 0 && (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		if (n->nr >= limits->blocks || n->nr >= KST_PACK_MEMBERS_MAX) {
			rc = kst_error_setx(err, KST_E_LIMIT, "holds more than %zu files", n->nr);
			break;
		}
		if (n->nr == n->size) {
			size_t size = n->size ? n->size * 2 : 64;
			char **grown = kst_realloc(n->name, size * sizeof(*grown));
			if (!grown) {
				rc = kst_error_nomem(err);
				break;
			}
			n->name = grown;
			n->size = size;
		}
		if (!(n->name[n->nr] = kst_strdup(e->d_name)))
			rc = kst_error_nomem(err);
		else
			n->nr++;
	}
	closedir(d);
	if (n->nr)
		qsort(n->name, n->nr, sizeof(*n->name), by_name);
	return rc;
}

/* One member; what is no file, is too large or cannot be read is left out, and *why says so. */
static int pack_one(int dirfd, const char *name, struct kst_buf *out, const char **why,
		    struct kst_error *err)
{
	char target[4096];
	struct kst_buf data KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error ignored = KST_ERROR_INIT;
	struct stat st;
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));
	/* A fifo would wait for ever, a device might do anything. */
	int fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int rc = 0;

	*why = NULL;
	if (fd < 0) {
		*why = errno == ENOENT	? "it leads to nothing" :
		       errno == EACCES ? "nobody allows it" :
					 "it cannot be opened";
		return 0;
	}
	if (fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		*why = "it is no file";
	else if (S_ISDIR(st.st_mode))
		*why = "a directory is looked into where it is named itself";
	else if ((uint64_t)st.st_size > MEMBER_MAX)
		*why = "it is too large for a certificate";
	else if ((size_t)(n < 0 ? 0 : n) >= sizeof(target))
		*why = "it cannot be opened";
	if (!*why) {
		rc = kst_fd_read_all(fd, MEMBER_MAX, &data, &ignored);
		struct kst_member m = { .name = { (const uint8_t *)name, strlen(name) },
					.target = { (const uint8_t *)target, n < 0 ? 0 : (size_t)n },
					.data = { data.data, data.len } };
		if (rc == 0)
			kst_pack_put(out, &m);
		else
			*why = "it cannot be read";
		rc = ignored.code == KST_E_NO_MEMORY || out->failed ? kst_error_nomem(err) : 0;
	}
	close(fd);
	return rc;
}

/* HASH.N, or HASH.rN: where there are such names, nobody looks at the others. */
static bool is_hash(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.';
}

int kst_dir_pack(int dirfd, const char *path, const struct kst_limits *limits,
		 struct kst_notes *notes, struct kst_buf *out, struct kst_error *err)
{
	struct names n = { .nr = 0 };
	int rc = list(dirfd, limits, &n, err);
	bool hashed = false;
	const char *why;
	kst_pack_begin(out);
	for (size_t i = 0; i < n.nr; i++)
		hashed |= is_hash(n.name[i]);
	for (size_t i = 0; rc == 0 && i < n.nr; i++) {
		rc = pack_one(dirfd, n.name[i], out, &why, err);
		if (why && hashed == is_hash(n.name[i]))
			kst_note(notes, "file-skipped", "%s/%s: not read: %s", path, n.name[i], why);
		if (rc == 0 && out->len > limits->file)
			rc = kst_error_setx(err, KST_E_TOO_LARGE, "holds more than %llu bytes",
					    (unsigned long long)limits->file);
	}
	names_release(&n);
	return rc == 0 && out->failed ? kst_error_nomem(err) : rc;
}

int kst_dir_open(const char *path, bool edit, bool loose, struct kst_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return kst_error_set(err, errno == ENOENT ? KST_E_NO_FILE : KST_E_UNREADABLE,
				     "cannot be opened");
	if (!edit)
		return fd;
	if (fstat(fd, &st) == 0 && (st.st_mode & 002) && !loose) {
		close(fd);
		kst_error_setx(err, KST_E_PERMISSIONS, "is a directory that everybody may write to");
		kst_error_subject(err, "%s", path);
		kst_hint_path(err, "chmod o-w ", path, "");
		return kst_error_hint(err, "add --insecure-permissions to accept it as it is");
	}
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			close(fd);
			return kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be locked");
		}
	return fd;
}

/* ---- writing ---- */

static char *text_of(struct kst_bytes b)
{
	return kst_strndup((const char *)b.data, b.len);
}

static bool same(struct kst_bytes a, struct kst_bytes b)
{
	return a.len == b.len && (!a.len || memcmp(a.data, b.data, a.len) == 0);
}

static int failed(struct kst_error *err, const char *what, const char *name)
{
	enum kst_code code = errno == ENOSPC || errno == EDQUOT ? KST_E_DISK_FULL :
			     errno == EROFS			? KST_E_READ_ONLY :
								  KST_E_CANNOT_WRITE;
	return kst_error_set(err, code, "%s %s", name, what);
}

/* By the descriptor that is locked: its path may lead to another directory by now. */
static int put_file(struct kst_store *s, int dirfd, const char *name, struct kst_bytes data, bool there,
		    struct kst_error *err)
{
	struct kst_place place = KST_PLACE_INIT;
	bool secret = data.len && memmem(data.data, data.len, "PRIVATE KEY", 11);
	int rc = kst_place_at(&place, dirfd, s->path, name, s->loose, err);
	if (rc == 0 && place.exists && !there)
		rc = kst_error_setx(err, KST_E_EXISTS, "%s is there by now: it is not replaced", name);
	if (rc == 0)
		rc = kst_place_write(&place, data.data, data.len, secret, err);
	kst_place_release(&place);
	return rc < 0 ? kst_error_subject(err, "%s/%s", s->path, name) : 0;
}

/* A new link beside the old one, and in its place in one step. */
static int put_link(int dirfd, const char *name, const char *target, struct kst_error *err)
{
	char tmp[300];
	/* One name for all, since the directory is locked: what a killed writer left goes with the next. */
	snprintf(tmp, sizeof(tmp), ".%.200s.%016d.tmp", name, 0);
	unlinkat(dirfd, tmp, 0);
	if (symlinkat(target, dirfd, tmp) < 0 || renameat(dirfd, tmp, dirfd, name) < 0) {
		failed(err, "cannot be made", name);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	return 0;
}

/* What could not be read is in no pack, and is somebody's all the same: nothing new takes its name. */
static int check_names(const struct kst_store *s, int dirfd, const struct kst_buf *now, struct kst_error *err)
{
	struct kst_cursor c;
	struct kst_member m, old;
	struct stat st;
	int rc = 0;
	if (!kst_pack_open(&c, now->data, now->len))
		return 0;
	while (rc == 0 && kst_pack_next(&c, &m) == 1) {
		if (kst_pack_find(s->bytes.data, s->bytes.len, m.name, &old))
			continue;
		char *name = text_of(m.name);
		if (!name)
			return kst_error_nomem(err);
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			rc = kst_error_setx(err, KST_E_EXISTS,
					    "%s is there and could not be read: it is not replaced", name);
		kst_free(name);
	}
	return rc;
}

/* Neighbours that a killed writer left of files that are to be new here: of nobody else's. */
static void remove_stale(const struct kst_store *s, int dirfd, const struct kst_buf *now)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct kst_member m;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));) {
		size_t n = strlen(e->d_name);
		const char *rest = e->d_name + n - (n > 22 ? 21 : n);
		struct kst_bytes name = { (const uint8_t *)e->d_name + 1, n > 22 ? n - 22 : 0 };
		if (e->d_name[0] != '.' || *rest != '.' || strspn(rest + 1, "0123456789abcdef") != 16 ||
		    strcmp(rest + 17, ".tmp") || !kst_pack_find(now->data, now->len, name, &m) ||
		    kst_pack_find(s->bytes.data, s->bytes.len, name, &m))
			continue;
		unlinkat(dirfd, e->d_name, 0);
	}
	closedir(d);
}

/* What was put there so far. */
struct done {
	struct {
		char *name, *old; /* old target of a link; NULL: nothing was there */
	} *row;
	size_t nr, size;
};

static int reserve(struct done *d, struct kst_error *err)
{
	size_t size = d->size ? d->size * 2 : 64;
	void *grown;
	if (d->nr < d->size)
		return 0;
	if (!(grown = kst_realloc(d->row, size * sizeof(*d->row))))
		return kst_error_nomem(err);
	d->row = grown;
	d->size = size;
	return 0;
}

/* Nothing changed, as the error says: links first, as nobody must find one that leads nowhere. */
static void take_back(int dirfd, const struct done *d)
{
	for (size_t i = d->nr; i-- > 0;)
		if (d->row[i].old)
			put_link(dirfd, d->row[i].name, d->row[i].old, NULL);
		else
			unlinkat(dirfd, d->row[i].name, 0);
}

static void done_release(struct done *d)
{
	for (size_t i = 0; i < d->nr; i++) {
		kst_free(d->row[i].name);
		kst_free(d->row[i].old);
	}
	kst_free(d->row);
}

enum pass { FILES, LINKS };

static int put_all(struct kst_store *s, int dirfd, const struct kst_buf *now, enum pass pass,
		   struct done *done, struct kst_error *err)
{
	struct kst_cursor c;
	struct kst_member m, old;
	int rc = kst_pack_open(&c, now->data, now->len) ? 0 : -1;
	while (rc == 0 && kst_pack_next(&c, &m) == 1) {
		bool there = kst_pack_find(s->bytes.data, s->bytes.len, m.name, &old);
		if ((m.target.len > 0) != (pass == LINKS))
			continue;
		if (there && same(old.target, m.target) && (m.target.len || same(old.data, m.data)))
			continue;
		char *name = text_of(m.name), *target = text_of(m.target);
		char *before = there && old.target.len ? text_of(old.target) : NULL;
		if (!name || !target || (there && old.target.len && !before))
			rc = kst_error_nomem(err);
		else if ((rc = reserve(done, err)) == 0)
			rc = pass == LINKS ? put_link(dirfd, name, target, err) :
					     put_file(s, dirfd, name, m.data, there, err);
		/* A file that was there keeps its name, with one contents or the other. */
		if (rc == 0 && (before || !there)) {
			done->row[done->nr].name = name;
			done->row[done->nr++].old = before;
			name = before = NULL;
		}
		kst_free(name);
		kst_free(before);
		kst_free(target);
	}
	return rc;
}

static int remove_old(struct kst_store *s, int dirfd, const struct kst_buf *now, struct kst_error *err)
{
	struct kst_cursor c;
	struct kst_member m, other;
	int rc = 0;
	if (!kst_pack_open(&c, s->bytes.data, s->bytes.len))
		return 0; /* it was not there */
	while (rc == 0 && kst_pack_next(&c, &m) == 1) {
		if (kst_pack_find(now->data, now->len, m.name, &other))
			continue;
		char *name = text_of(m.name);
		if (!name)
			rc = kst_error_nomem(err);
		else if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			rc = failed(err, "cannot be removed", name);
		kst_free(name);
	}
	return rc;
}

int kst_dir_apply(struct kst_store *s, const struct kst_buf *now, struct kst_error *err)
{
	struct done done = { .nr = 0 };
	bool made = s->fd < 0;
	int rc;
	/* Never for everybody to write to, whatever the umask: such a one is not read as a truststore. */
	if (made && mkdir(s->path, 0755) < 0)
		return errno == EEXIST ? kst_error_setx(err, KST_E_EXISTS, "exists already") :
					 failed(err, "cannot be made", s->path);
	if (made && (s->fd = kst_dir_open(s->path, true, s->loose, err)) < 0) {
		rmdir(s->path);
		return -1;
	}
	int dirfd = s->fd;
	rc = check_names(s, dirfd, now, err);
	if (rc == 0) {
		remove_stale(s, dirfd, now);
		rc = put_all(s, dirfd, now, FILES, &done, err);
	}
	if (rc == 0)
		rc = put_all(s, dirfd, now, LINKS, &done, err);
	if (rc < 0) {
		take_back(dirfd, &done);
		if (made) {
			rmdir(s->path);
			close(dirfd);
			s->fd = -1;
		}
	}
	done_release(&done);
	if (rc < 0 || remove_old(s, dirfd, now, err) < 0)
		return -1;
	if (fsync(dirfd) < 0)
		return kst_error_set(err, KST_E_NOT_DURABLE, "the directory cannot be synced");
	return 0;
}
