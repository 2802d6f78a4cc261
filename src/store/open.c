/* SPDX-License-Identifier: ISC */
/*
 * open.c - from a path to an open store
 *
 * By content, whatever the name says.  A changing caller gets the file locked;
 * the passphrase is asked for before that, since a lock that waits for a person
 * stops every other writer.  If the file has changed in between, it is read
 * again with the same answers.
 */
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/call.h"
#include "store/passphrase.h"
#include "store/store.h"
#include "kstool/live.h"

/* Enough for every binary magic, and for the header of a native store. */
#define HEAD 4096

struct kst_store *kst_store_alloc(const char *path, const struct kst_open_options *opt,
				  struct kst_error *err)
{
	static const struct kst_limits limits = KST_LIMITS_DEFAULT;
	struct kst_store *s = kst_calloc(1, sizeof(*s));
	if (!s || !(s->path = kst_strdup(path))) {
		kst_free(s);
		kst_error_nomem(err);
		return NULL;
	}
	s->fd = -1;
	s->place = (struct kst_place)KST_PLACE_INIT;
	s->asker = opt->asker;
	s->limits = opt->limits ? *opt->limits : limits;
	s->notes = opt->notes;
	s->progress = opt->progress;
	s->read = opt->read;
	s->edit = opt->edit;
	s->loose = opt->insecure_permissions;
	s->part_links = opt->part_links;
	/* The order of a hash table is nobody's business; without entropy it is only slower. */
	if (getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK) < 0)
		s->seed = (uintptr_t)s;
	return s;
}

/* Entries, bytes and the file, but not the place with its lock. */
static void forget_contents(struct kst_store *s)
{
	if (s->format)
		kst_call_close(s->format, &s->model);
	kst_positions_drop(s);
	kst_buf_release(&s->bytes);
	s->format = NULL;
	s->lazy = false;
}

void kst_store_free(struct kst_store *s)
{
	if (!s)
		return;
	forget_contents(s);
	if (s->live)
		kst_live_release(s->live);
	kst_free(s->live);
	if (s->fd >= 0)
		close(s->fd);
	kst_place_release(&s->place);
	kst_buf_release(&s->scratch);
	kst_free(s->path);
	kst_free(s);
}

static int take_format(struct kst_store *s, const uint8_t *data, size_t n, struct kst_error *err)
{
	s->format = n ? kst_format_probe(data, n, true) : NULL;
	if (!s->format)
		return kst_recognise(s->path, data, n, err);
	return 0;
}

/* Find the format of s->fd, and read the file unless its format does that piece by piece. */
static int load_bytes(struct kst_store *s, struct kst_error *err)
{
	if (S_ISREG(s->st.st_mode) && s->st.st_size >= HEAD) {
		uint8_t head[HEAD];
		if (kst_fd_read_at(s->fd, 0, head, sizeof(head), err) < 0)
			return -1;
		s->format = kst_format_probe(head, sizeof(head), s->st.st_size == HEAD);
		if (s->format && s->format->load) {
			s->lazy = true;
			return 0;
		}
	}
	if (S_ISREG(s->st.st_mode) && lseek(s->fd, 0, SEEK_SET) < 0)
		return kst_error_set(err, KST_E_UNREADABLE, "cannot be read");
	if (kst_fd_read_all(s->fd, s->limits.file, &s->bytes, err) < 0)
		return -1;
	return take_format(s, s->bytes.data, s->bytes.len, err);
}

static int read_model(struct kst_store *s, struct kst_error *err)
{
	struct kst_fd_source fd;
	struct kst_bytes bytes;

	if (load_bytes(s, err) < 0)
		return -1;
	if (s->edit && !s->format->write)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "this version reads %s but does not write it",
				      s->format->title);
	struct kst_io io = kst_store_io(s, &fd, &bytes);
	kst_progress_step(s->progress, "opening", 0, 0);
	if (kst_call_read(s->format, &io, &s->model, err) < 0)
		return kst_explain(s->bytes.data, s->bytes.len, s->format->caps & KST_CAP_BINARY, err);
	if (s->edit && kst_call_unlock(s->format, &io, &s->model, KST_NEED_ADMIN, err) < 0)
		return -1;
	return 0;
}

/* Is what lies in the locked file what the model was made from?  1 yes, 0 no, -1 error. */
static int same_version(struct kst_store *s, int fd, const struct stat *st, struct kst_error *err)
{
	if (s->format->native && s->format->native->same_version) {
		uint8_t head[HEAD];
		if (st->st_size < HEAD)
			return 0;
		if (kst_fd_read_at(fd, 0, head, sizeof(head), err) < 0)
			return -1;
		return s->format->native->same_version(&s->model, head, sizeof(head));
	}
	if (s->lazy)
		return st->st_dev == s->st.st_dev && st->st_ino == s->st.st_ino &&
		       st->st_size == s->st.st_size &&
		       st->st_mtim.tv_sec == s->st.st_mtim.tv_sec &&
		       st->st_mtim.tv_nsec == s->st.st_mtim.tv_nsec;
	if ((uint64_t)st->st_size != s->bytes.len)
		return 0;
	/* Other programs write in place and leave inode, size and clock tick as they were. */
	struct kst_buf now KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_fd_read_all(fd, s->limits.file, &now, err) < 0)
		return -1;
	return now.len == s->bytes.len && memcmp(now.data, s->bytes.data, now.len) == 0;
}

static int lock_and_compare(struct kst_store *s, struct kst_cached_asker *cache,
			    struct kst_error *err)
{
	unsigned allow = s->loose ? KST_ALLOW_ALL : s->part_links ? KST_ALLOW_LINKS : 0;
	if (kst_place_find_for(&s->place, s->path, allow, err) < 0)
		return -1;
	int fd = kst_place_lock(&s->place, err);
	if (fd < 0)
		return -1;
	int same = kst_check_editable(s, &s->place.st, err) < 0
			   ? -1
			   : same_version(s, fd, &s->place.st, err);
	/* From here on the locked file is the one that is read from. */
	close(s->fd);
	s->fd = fd;
	s->st = s->place.st;
	if (same < 0)
		return -1;
	if (same)
		return 0;
	forget_contents(s);
	cache->replay = true;
	return read_model(s, err);
}

/* A directory is locked before it is read: nobody is asked for a passphrase in between. */
static int open_dir(struct kst_store *s, struct kst_error *err)
{
	struct kst_fd_source fd;
	struct kst_bytes bytes;

	s->is_dir = true;
	s->fd = kst_dir_open(s->path, s->edit, s->loose, err);
	if (s->fd < 0)
		return -1;
	if (fstat(s->fd, &s->st) < 0)
		return kst_error_set(err, KST_E_UNREADABLE, "cannot be looked at");
	if (kst_dir_pack(s->fd, s->path, &s->limits, s->notes, &s->bytes, err) < 0 ||
	    take_format(s, s->bytes.data, s->bytes.len, err) < 0)
		return -1;
	struct kst_io io = kst_store_io(s, &fd, &bytes);
	return kst_call_read(s->format, &io, &s->model, err);
}

static int open_file(struct kst_store *s, struct kst_error *err)
{
	if (strcmp(s->path, "-") == 0) {
		if (s->edit)
			return kst_error_setx(err, KST_E_USAGE,
					      "standard input cannot be changed: name a file");
		if (kst_fd_read_all(STDIN_FILENO, s->limits.file, &s->bytes, err) < 0 ||
		    take_format(s, s->bytes.data, s->bytes.len, err) < 0)
			return -1;
		struct kst_fd_source fd;
		struct kst_bytes bytes;
		struct kst_io io = kst_store_io(s, &fd, &bytes);
		return kst_call_read(s->format, &io, &s->model, err) < 0 ?
			       kst_explain(s->bytes.data, s->bytes.len, s->format->caps & KST_CAP_BINARY, err) :
			       0;
	}
	struct stat there;
	if (stat(s->path, &there) == 0 && S_ISDIR(there.st_mode))
		return open_dir(s, err);
	/* Before it is opened: a fifo would wait for a writer that never comes. */
	if (s->edit && stat(s->path, &there) == 0 && !S_ISREG(there.st_mode))
		return kst_error_setx(err, KST_E_NOT_A_FILE,
				      "is no regular file, and only such can be changed");
	s->fd = kst_file_open(s->path, &s->st, err);
	if (s->fd < 0)
		return -1;
	if (!s->edit)
		return read_model(s, err);

	if (!S_ISREG(s->st.st_mode))
		return kst_error_setx(err, KST_E_NOT_A_FILE,
				      "is no regular file, and only such can be changed");
	/* Before anybody types a passphrase for nothing. */
	if (kst_check_editable(s, &s->st, err) < 0)
		return -1;
	struct kst_cached_asker cache;
	const struct kst_asker *asker = s->asker;
	kst_cached_asker_init(&cache, asker);
	s->asker = &cache.asker;
	int rc = read_model(s, err);
	if (rc == 0)
		rc = lock_and_compare(s, &cache, err);
	if (rc == 0 && s->format->native) { /* nothing that is damaged gets a new signature */
		struct kst_fd_source fd;
		struct kst_bytes bytes;
		struct kst_io io = kst_store_io(s, &fd, &bytes);
		rc = kst_check_whole(s->format, &io, err);
	}
	s->asker = asker;
	kst_cached_asker_release(&cache);
	return rc;
}

int kst_store_open(struct kst_store **out, const char *path, const struct kst_open_options *opt,
		   struct kst_error *err)
{
	struct kst_store *s = kst_store_alloc(path, opt, err);
	if (!s)
		return -1;
	if (open_file(s, err) < 0) {
		kst_error_subject(err, "%s", strcmp(path, "-") ? path : "standard input");
		kst_store_free(s);
		return -1;
	}
	s->had_secrets = kst_store_has_secrets(s);
	kst_note_permissions(s);
	*out = s;
	return 0;
}

int kst_store_new(struct kst_store **out, const char *path, const struct kst_format *format,
		  const struct kst_open_options *opt, struct kst_error *err)
{
	if (!format->write) {
		kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
			       "this version reads %s but does not write it", format->title);
		return kst_error_subject(err, "%s", path);
	}
	struct kst_store *s = kst_store_alloc(path, opt, err);
	if (!s)
		return -1;
	s->format = format;
	s->is_dir = format->caps & KST_CAP_DIRECTORY;
	s->is_new = true;
	*out = s;
	return 0;
}
