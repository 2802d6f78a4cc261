/* SPDX-License-Identifier: ISC */
/*
 * walk.c - what lies below a directory
 *
 * Each regular file is opened once for its first bytes; nothing else is known of
 * it until somebody opens it as a store.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kstool/alloc.h"
#include "store/places.h"

#define HEAD 4096          /* the first bytes, as a store is recognised by */
#define DEEP 65536         /* of a bundle that begins with a long comment */
#define LEAST 32           /* bytes; nothing smaller holds a certificate */
#define DEPTH_MAX 200      /* directories in each other */
#define FOUND_MAX 1000000

struct link {
	char *from, *to; /* seen from the root; `to` resolved */
};
struct walker {
	struct kst_walk *w;
	const struct kst_progress *progress;
	struct kst_error *err;
	struct kst_buf inside; /* where it is: "/usr/lib" */
	uint64_t dev, limit;
	struct link *link;
	size_t nr_links, size_links;
	uint8_t *head;
};

static int grow(void *array, size_t nr, size_t *size, size_t each)
{
	void **p = array, *grown;
	size_t more = *size ? *size * 2 : 64;

	if (nr < *size)
		return 0;
	grown = kst_realloc(*p, more * each);
	if (!grown)
		return -1;
	*p = grown;
	*size = more;
	return 0;
}

static int not_entered(struct walker *k)
{
	struct kst_walk *w = k->w;
	char **grown = kst_realloc(w->closed, (w->nr_closed + 2) * sizeof(*grown));

	if (!grown)
		return kst_error_nomem(k->err);
	w->closed = grown;
	w->closed[w->nr_closed] = kst_strdup((const char *)k->inside.data);
	if (!w->closed[w->nr_closed])
		return kst_error_nomem(k->err);
	w->closed[++w->nr_closed] = NULL;
	return 0;
}

static int push(struct walker *k, const struct kst_format *f, const struct kst_known *known,
		const struct stat *st)
{
	struct kst_walk *w = k->w;
	struct kst_found *x;

	if (w->nr == FOUND_MAX)
		return kst_error_setx(k->err, KST_E_LIMIT, "holds more than %d files of certificates and keys",
				      FOUND_MAX);
	if (grow(&w->found, w->nr, &w->size, sizeof(*w->found)) < 0)
		return kst_error_nomem(k->err);
	x = &w->found[w->nr];
	*x = (struct kst_found){ .format = f, .known = known, .size = (uint64_t)st->st_size, .dev = st->st_dev,
				 .ino = st->st_ino };
	x->path = kst_asprintf("%s%s", w->root, (const char *)k->inside.data);
	if (!x->path)
		return kst_error_nomem(k->err);
	x->inside = x->path + strlen(w->root);
	w->nr++;
	return 0;
}

/* ---- one file ---- */

static ssize_t read_head(int fd, uint8_t *buf, size_t most)
{
	size_t n = 0;

	while (n < most) {
		ssize_t r = pread(fd, buf + n, most - n, (off_t)n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return n ? (ssize_t)n : r;
		n += (size_t)r;
	}
	return (ssize_t)n;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && !strcmp(name + n - k, suffix);
}

/* Bundles explain themselves in front of the first certificate, at times at length. */
static bool may_begin_late(const char *name, const struct kst_known *known)
{
	return known || ends_in(name, ".pem") || ends_in(name, ".crt") || ends_in(name, ".cer") ||
	       ends_in(name, ".bundle") || ends_in(name, ".txt");
}

static const struct kst_format *sniff(struct walker *k, int fd, const struct stat *st, const char *name,
				      const struct kst_known *known)
{
	uint64_t size = (uint64_t)st->st_size;
	ssize_t n = read_head(fd, k->head, HEAD);
	const struct kst_format *f = n > 0 ? kst_format_probe(k->head, (size_t)n, (uint64_t)n == size) : NULL;

	if (!f && n == HEAD && size > HEAD && !memchr(k->head, 0, HEAD) && may_begin_late(name, known)) {
		n = read_head(fd, k->head, DEEP);
		f = n > 0 ? kst_format_probe(k->head, (size_t)n, (uint64_t)n == size) : NULL;
	}
	/* What is read whole has an end; a native store is not. */
	return f && (size <= k->limit || f->load) ? f : NULL;
}

static int look_at_file(struct walker *k, int dirfd, const char *name)
{
	const struct kst_known *known = kst_place_named((const char *)k->inside.data);
	const struct kst_format *f = NULL;
	struct stat st;
	int fd, rc = 0;

	if (!known && kst_place_never(name))
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		/* What has the name of a truststore is missed. */
		if (known && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			rc = push(k, NULL, known, &st);
		return rc;
	}
	/* Of which file system it is does not count: an overlay names that of the layer. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		bool must = known && known->by && (known->role == KST_PLACE_OS || known->role == KST_PLACE_JAVA);

		k->w->files++;
		if (known && known->role == KST_PLACE_NSS)
			rc = read_head(fd, k->head, 16) == 16 && !memcmp(k->head, "SQLite format 3", 16) ?
				     push(k, NULL, known, &st) :
				     0;
		else if ((st.st_size >= LEAST && (f = sniff(k, fd, &st, name, known))) || must)
			/* What must be a truststore and is of no format at all is missed as well. */
			rc = push(k, f, kst_place_known((const char *)k->inside.data), &st);
	}
	close(fd);
	return rc;
}

/* ---- links ---- */

static int look_at_link(struct walker *k)
{
	const char *inside = (const char *)k->inside.data;
	struct link l;

	if (!kst_place_named(inside))
		return 0;
	l.to = kst_root_resolve(k->w->root, inside);
	if (!l.to) /* leads nowhere */
		return 0;
	l.from = kst_strdup(inside);
	if (!l.from || grow(&k->link, k->nr_links, &k->size_links, sizeof(*k->link)) < 0) {
		kst_free(l.from);
		kst_free(l.to);
		return kst_error_nomem(k->err);
	}
	k->link[k->nr_links++] = l;
	return 0;
}

static int by_inside(const void *a, const void *b)
{
	const struct kst_found *x = a, *y = b;

	return strcmp(x->inside, y->inside);
}

/* A known name leads to a file of another one: then that is what it is. */
static int apply_links(struct walker *k)
{
	struct kst_walk *w = k->w;

	for (size_t i = 0; i < k->nr_links; i++) {
		struct kst_found key = { .inside = k->link[i].to }, *x;

		x = w->nr ? bsearch(&key, w->found, w->nr, sizeof(*w->found), by_inside) : NULL;
		if (!x || (x->known && x->known->role != KST_PLACE_COPY && x->known->by))
			continue;
		x->known = kst_place_named(k->link[i].from);
		kst_free(x->link);
		x->link = kst_strdup(k->link[i].from);
		if (!x->link)
			return kst_error_nomem(k->err);
	}
	return 0;
}

/* ---- directories ---- */

static int look_into(struct walker *k, int fd, unsigned depth);

static int enter(struct walker *k, int dirfd, const char *name, unsigned depth)
{
	struct stat st;
	int fd;

	if (kst_place_made_up((const char *)k->inside.data) || !strcmp(name, ".git"))
		return 0;
	if (kst_place_closed((const char *)k->inside.data))
		return not_entered(k);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : not_entered(k);
	if (fstat(fd, &st) < 0 || st.st_dev != k->dev || depth == DEPTH_MAX) {
		close(fd);
		return not_entered(k);
	}
	return look_into(k, fd, depth + 1);
}

static int look_at(struct walker *k, int dirfd, const struct dirent *e, unsigned depth)
{
	unsigned char type = e->d_type;
	struct stat st;

	if (type == DT_UNKNOWN && fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		type = S_ISREG(st.st_mode) ? DT_REG : S_ISDIR(st.st_mode) ? DT_DIR : S_ISLNK(st.st_mode) ? DT_LNK : 0;
	if (type == DT_DIR)
		return enter(k, dirfd, e->d_name, depth);
	if (type == DT_LNK)
		return look_at_link(k);
	return type == DT_REG ? look_at_file(k, dirfd, e->d_name) : 0;
}

/* Takes fd. */
static int look_into(struct walker *k, int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	size_t here = k->inside.len;
	int rc = 0;

	if (!d) {
		close(fd);
		return kst_error_nomem(k->err);
	}
	k->w->dirs++;
	kst_progress_step(k->progress, "looking for stores", 0, 0);
	for (struct dirent *e; rc == 0 && (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		k->inside.len = here;
		kst_buf_u8(&k->inside, '/');
		kst_buf_puts(&k->inside, e->d_name);
		rc = k->inside.failed ? kst_error_nomem(k->err) : look_at(k, dirfd(d), e, depth);
	}
	k->inside.len = here;
	closedir(d);
	return rc;
}

/* ---- the whole ---- */

static int walk_from(struct walker *k, const char *dir)
{
	struct stat st;
	int fd = open(dir, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0) {
		kst_error_set(k->err, errno == ENOENT ? KST_E_NO_FILE : KST_E_UNREADABLE, "cannot be opened");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	k->dev = st.st_dev;
	if (S_ISDIR(st.st_mode))
		return look_into(k, fd, 0);
	close(fd);
	if (!S_ISREG(st.st_mode))
		return kst_error_setx(k->err, KST_E_NOT_A_FILE, "is neither a directory nor a file");
	/* Its name is all that it has: the root is above it, wherever that is. */
	const char *slash = strrchr(dir, '/');
	kst_free(k->w->root);
	k->w->root = slash ? kst_strndup(dir, (size_t)(slash - dir)) : kst_strdup(".");
	kst_buf_puts(&k->inside, "/");
	kst_buf_puts(&k->inside, slash ? slash + 1 : dir);
	if (!k->w->root || k->inside.failed)
		return kst_error_nomem(k->err);
	fd = slash && slash == dir ? open("/", O_RDONLY | O_CLOEXEC) : open(k->w->root, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kst_error_set(k->err, KST_E_UNREADABLE, "its directory cannot be opened");
	int rc = look_at_file(k, fd, slash ? slash + 1 : dir);
	close(fd);
	return rc;
}

int kst_walk(struct kst_walk *out, const char *dir, const struct kst_progress *progress, struct kst_error *err)
{
	static const struct kst_limits limits = KST_LIMITS_DEFAULT;
	struct walker k = { .w = out, .progress = progress, .err = err, .limit = limits.file };
	size_t n = strlen(dir);
	int rc = -1;

	*out = (struct kst_walk){ .found = NULL };
	while (n && dir[n - 1] == '/')
		n--;
	out->root = kst_strndup(dir, n);
	k.head = kst_calloc(1, DEEP);
	if (!out->root || !k.head)
		kst_error_nomem(err);
	else
		rc = walk_from(&k, dir);
	if (rc == 0 && out->nr)
		qsort(out->found, out->nr, sizeof(*out->found), by_inside);
	if (rc == 0)
		rc = apply_links(&k);
	for (size_t i = 0; i < k.nr_links; i++) {
		kst_free(k.link[i].from);
		kst_free(k.link[i].to);
	}
	kst_free(k.link);
	kst_free(k.head);
	kst_buf_release(&k.inside);
	if (rc == 0)
		return 0;
	kst_walk_release(out);
	return kst_error_subject(err, "%s", dir);
}

void kst_walk_release(struct kst_walk *w)
{
	for (size_t i = 0; i < w->nr; i++) {
		kst_free(w->found[i].path);
		kst_free(w->found[i].link);
	}
	for (size_t i = 0; i < w->nr_closed; i++)
		kst_free(w->closed[i]);
	kst_free(w->found);
	kst_free(w->closed);
	kst_free(w->root);
	*w = (struct kst_walk){ .found = NULL };
}
