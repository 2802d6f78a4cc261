/* SPDX-License-Identifier: ISC */
/* root.c - symbolic links below a directory that stands for "/" */
#include "kstool/alloc.h"
#include "store/places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40

/* "/usr/lib" to "/usr"; "/usr" to "". */
static void drop_last(struct kst_buf *at)
{
	while (at->len && at->data[--at->len] != '/')
		;
	if (at->data)
		at->data[at->len] = '\0';
}

/* Where the link at `at` (below root) leads, in front of what is still to walk.  1, 0 no link, -1. */
static int take_link(const char *root, const struct kst_buf *at, char **todo)
{
	char target[PATH_MAX], *path = kst_asprintf("%s%s", root, (const char *)at->data), *next;
	ssize_t n = path ? readlink(path, target, sizeof(target) - 1) : -1;

	kst_free(path);
	if (n < 0)
		return path ? 0 : -1;
	target[n] = '\0';
	next = kst_asprintf("%s/%s", target, *todo);
	if (!next)
		return -1;
	kst_free(*todo);
	*todo = next;
	return 1;
}

char *kst_root_resolve(const char *root, const char *inside)
{
	struct kst_buf at KST_SCRATCH_BUF = KST_BUF_INIT;
	char *todo = kst_strdup(inside), *found = NULL;
	int links = 0;

	kst_buf_puts(&at, "");
	while (todo && !at.failed) {
		char *word = todo + strspn(todo, "/"), *rest;
		size_t n = strcspn(word, "/");
		bool up = n == 2 && !memcmp(word, "..", 2);

		if (!n) {
			found = kst_strdup(at.len ? (const char *)at.data : "/");
			break;
		}
		rest = kst_strdup(word + n);
		if (up)
			drop_last(&at);
		else if (n != 1 || *word != '.') {
			kst_buf_u8(&at, '/');
			kst_buf_put(&at, word, n);
		}
		kst_free(todo);
		todo = rest;
		if (!todo || at.failed || up || !at.len)
			continue;
		int rc = take_link(root, &at, &todo);
		if (rc < 0 || (rc > 0 && ++links > LINKS_MAX))
			break;
		if (rc > 0 && todo[0] == '/')
			kst_buf_reset(&at), kst_buf_puts(&at, "");
		else if (rc > 0)
			drop_last(&at);
	}
	kst_free(todo);
	return found;
}

int kst_root_open_dir(const char *root, const char *inside)
{
	char *path = kst_asprintf("%s%s", root, inside);
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;

	kst_free(path);
	return fd;
}
