/* SPDX-License-Identifier: ISC */
/*
 * save.c - from the model in memory to the file: the commit protocol
 *
 * Neighbour file, sync, read back, compare, backup, rename: the path holds the
 * old store or the new one at every moment, and the new one only after it was
 * read from the disk and found to say what was meant.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/call.h"
#include "store/write.h"

/* ---- the passphrase of the result ---- */

static bool has_open_secret(const struct kst_store *s)
{
	for (size_t i = 0; i < s->model.nr; i++) {
		const struct kst_entry *e = s->model.item[i].entry;
		if (e && ((e->key && !kst_key_is_sealed(e->key)) || e->secret.len))
			return true;
	}
	return false;
}

/* A file without passphrase stays one until a private key comes into it. */
static bool needs_new_pass(const struct kst_store *s, const struct kst_write_options *w)
{
	unsigned caps = s->format->caps;
	if (s->model.has_pass || w->no_pass || (caps & KST_CAP_NATIVE))
		return false;
	if ((caps & KST_CAP_ENCRYPTION) && !w->plain_key && has_open_secret(s))
		return s->is_new || !s->had_secrets;
	return s->is_new && (caps & KST_CAP_INTEGRITY);
}

/* Java's JKS takes any character; its PKCS#12 and JCEKS do not open. */
static int check_ascii(const struct kst_store *s, const struct kst_write_options *w, struct kst_error *err)
{
	bool any = !(s->format->caps & KST_CAP_ENCRYPTION) || strcmp(s->format->name, "jks") == 0;

	for (size_t i = 0; w->ascii_for && !any && s->model.has_pass && i < s->model.pass.len; i++)
		if (s->model.pass.data[i] > 0x7f) {
			kst_error_setx(err, KST_E_BAD_PASSPHRASE,
				       "the passphrase has characters outside ASCII, and %s opens no such %s",
				       w->ascii_for, s->format->title);
			return kst_error_hint(err, "choose one of letters, digits and ASCII punctuation");
		}
	return 0;
}

static int get_new_pass(struct kst_store *s, const struct kst_write_options *w,
			struct kst_error *err)
{
	/* A native store asks for the secret of its first slot itself. */
	if (s->is_new && (s->format->caps & KST_CAP_NATIVE)) {
		struct kst_fd_source fd;
		struct kst_bytes bytes;
		struct kst_io io = kst_store_io(s, &fd, &bytes);
		io.write = w;
		return kst_call_unlock(s->format, &io, &s->model, KST_NEED_ADMIN, err);
	}
	if (needs_new_pass(s, w)) {
		if (kst_store_ask_new(s, NULL, &s->model.pass, err) < 0)
			return -1;
		s->model.has_pass = true;
	}
	return check_ascii(s, w, err);
}

static int write_model(struct kst_store *s, const struct kst_sink *sink,
		       const struct kst_write_options *w, struct kst_error *err)
{
	struct kst_fd_source fd;
	struct kst_bytes bytes;
	struct kst_io io = kst_store_io(s, &fd, &bytes);
	io.sink = *sink;
	io.write = w;
	kst_progress_step(s->progress, "writing", 0, 0);
	return kst_call_write(s->format, &io, &s->model, err);
}

/* ---- the place ---- */

/* Where a new store goes.  What is there is locked if it may be replaced: *lock, else -1. */
static int find_new_place(struct kst_store *s, bool replace, int *lock, struct kst_error *err)
{
	if (kst_place_find(&s->place, s->path, s->loose, err) < 0)
		return -1;
	if (!s->place.exists)
		return 0;
	if (!replace) {
		kst_error_setx(err, KST_E_EXISTS, "exists already");
		kst_error_hint(err, "name another file");
		return kst_error_hint(err, "add --replace to write over it");
	}
	*lock = kst_place_lock(&s->place, err);
	return *lock < 0 ? -1 : kst_check_editable(s, &s->place.st, err);
}

static bool result_is_secret(const struct kst_store *s, const struct kst_write_options *w)
{
	if (kst_store_has_secrets(s) || w->sealed || w->store_kind == 'K')
		return true;
	/* An empty keystore will hold keys; an empty truststore says that it is one. */
	return s->model.nr == 0 && w->store_kind != 'T' && s->model.info.store_kind != 'T';
}

/*
 * The bits that an existing file may keep; 0 is all of them.  A keystore that a
 * service reads through its group stays so: only a file that had no key until
 * now, or one that everybody can read and a new store replaces, is closed.
 */
static mode_t tighten(const struct kst_store *s, bool secret)
{
	if (!secret || !s->place.exists)
		return 0;
	if (s->is_new)
		return s->place.st.st_mode & 007 ? 0600 : 0;
	return s->had_secrets ? 0 : 0600;
}

static void tell_mode(const struct kst_store *s, mode_t mode, mode_t mask,
		      struct kst_save_result *res)
{
	if (!s->place.exists) {
		res->mode = mode;
	} else if (mask) {
		res->mode = s->place.st.st_mode & mask & 0777;
		res->tightened = (s->place.st.st_mode & 0777) != res->mode;
	}
}

/* ---- the protocol ---- */

static int write_and_check(struct kst_store *s, struct kst_file_sink *out,
			   const struct kst_write_options *w, struct kst_error *err)
{
	struct kst_sink sink = { .write = kst_file_sink_write, .ctx = out };
	if (write_model(s, &sink, w, err) < 0)
		return -1;
	int fd = kst_file_sink_check(out, err);
	if (fd < 0)
		return -1;
	int rc = kst_read_back(s, fd, out->size, w, err);
	close(fd);
	return rc;
}

/* Would the file be replaced by its own bytes?  Then it is left alone, and so is its backup. */
static bool is_there_already(const struct kst_store *s, const struct kst_file_sink *out, int old)
{
	struct kst_buf a KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct stat st;
	int fd;
	if (old < 0 || fstat(old, &st) < 0 || (uint64_t)st.st_size != out->size ||
	    out->size > s->limits.file || kst_buf_reserve(&a, out->size) < 0 ||
	    kst_buf_reserve(&b, out->size) < 0)
		return false;
	fd = openat(s->place.dirfd, out->replace.tmp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool same = fd >= 0 && kst_fd_read_at(fd, 0, a.data, out->size, NULL) == 0 &&
		    kst_fd_read_at(old, 0, b.data, out->size, NULL) == 0 &&
		    memcmp(a.data, b.data, out->size) == 0;
	if (fd >= 0)
		close(fd);
	return same;
}

static int commit(struct kst_store *s, const struct kst_save_options *opt, int lock,
		  struct kst_save_result *res, struct kst_error *err)
{
	struct kst_file_sink out = KST_FILE_SINK_INIT;
	bool fresh = !s->place.exists;
	bool secret = result_is_secret(s, &opt->write);
	mode_t mode = kst_new_mode(secret), mask = tighten(s, secret);
	int rc = -1;

	if (kst_replace_begin(&out.replace, &s->place, mode, mask, !fresh, err) < 0 ||
	    write_and_check(s, &out, &opt->write, err) < 0)
		goto done;
	if (s->is_new && !fresh && !mask && is_there_already(s, &out, lock)) {
		rc = 0;
		goto done;
	}
	tell_mode(s, mode, mask, res);
	if (!opt->dry_run) {
		if (opt->backup == KST_BACKUP_ALWAYS && !fresh &&
		    kst_backup_make(&s->place, lock, s->loose, res->backup, sizeof(res->backup),
				    err) < 0)
			goto done;
		/* Once it is renamed a failure is about durability, and the lock is on the old file. */
		int renamed = kst_replace_commit(&out.replace, fresh, err);
		s->saved = renamed == 0 || (err && err->code == KST_E_NOT_DURABLE);
		if (renamed < 0) {
			res->written = s->saved;
			goto done;
		}
		if (opt->backup == KST_BACKUP_REMOVE)
			res->backup_removed = kst_backup_remove(&s->place);
	}
	res->written = true;
	rc = 0;
done:
	kst_file_sink_release(&out);
	return rc;
}

static int to_buffer(void *ctx, const void *data, size_t n, struct kst_error *err)
{
	struct kst_buf *b = ctx;
	kst_buf_put(b, data, n);
	return b->failed ? kst_error_nomem(err) : 0;
}

static int save_dir(struct kst_store *s, const struct kst_save_options *opt,
		    struct kst_save_result *res, struct kst_error *err)
{
	struct kst_buf now KST_SCRATCH_BUF = KST_BUF_INIT, there KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_sink sink = { .write = to_buffer, .ctx = &now };

	if (s->is_new && access(s->path, F_OK) == 0) {
		kst_error_setx(err, KST_E_EXISTS, "exists already");
		return kst_hint_path(err, "to add to it: kstool trust ", s->path, " FILE");
	}
	if (write_model(s, &sink, &opt->write, err) < 0 ||
	    kst_read_back_bytes(s, &now, &opt->write, err) < 0)
		return -1;
	if (!opt->dry_run) {
		if (opt->backup == KST_BACKUP_ALWAYS && !s->is_new &&
		    kst_dir_backup(s, res->backup, sizeof(res->backup), err) < 0)
			return -1;
		if (kst_dir_apply(s, &now, err) < 0)
			return -1;
		s->saved = true;
		if (kst_dir_pack(s->fd, s->path, &s->limits, NULL, &there, err) < 0 ||
		    kst_read_back_bytes(s, &there, &opt->write, err) < 0)
			return -1;
	}
	res->written = true;
	return 0;
}

int kst_store_save(struct kst_store *s, const struct kst_save_options *opt,
		   struct kst_save_result *res, struct kst_error *err)
{
	struct kst_save_result none;
	if (!res)
		res = &none;
	memset(res, 0, sizeof(*res));
	if (!s->is_new && !kst_store_changed(s))
		return 0;
	if (s->saved || (!s->is_new && !s->edit)) {
		kst_error_setx(err, KST_E_INTERNAL,
			       s->saved ? "a store is saved once: open it again"
					: "a store that was opened to look is not saved");
		return kst_error_subject(err, "%s", s->path);
	}
	if (s->is_dir)
		return save_dir(s, opt, res, err) < 0 ? kst_error_subject(err, "%s", s->path) : 0;
	int lock = -1, rc = -1;
	/* A passphrase is asked for before anything is locked that is not locked yet. */
	if (get_new_pass(s, &opt->write, err) == 0 &&
	    (!s->is_new || find_new_place(s, opt->replace, &lock, err) == 0))
		rc = commit(s, opt, s->is_new ? lock : s->fd, res, err);
	if (lock >= 0)
		close(lock);
	if (s->is_new && !s->saved) /* a dry run, or a failure: it can be tried again */
		kst_place_release(&s->place);
	return rc < 0 ? kst_error_subject(err, "%s", s->path) : 0;
}

/* ---- without a file ---- */

int kst_store_write_buf(struct kst_store *s, struct kst_buf *out,
			const struct kst_save_options *opt, struct kst_error *err)
{
	struct kst_sink sink = { .write = to_buffer, .ctx = out };
	if (s->is_dir) {
		kst_error_setx(err, KST_E_USAGE, "a directory cannot be written to standard output");
		return kst_error_hint(err, "use -o DIRECTORY");
	}
	if (get_new_pass(s, &opt->write, err) < 0 || write_model(s, &sink, &opt->write, err) < 0)
		return kst_error_subject(err, "%s", s->path);
	return 0;
}

/* Whole in memory first: a failure must not leave half a keystore in a pipe. */
int kst_store_write_fd(struct kst_store *s, int fd, const struct kst_save_options *opt,
		       struct kst_error *err)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_store_write_buf(s, &out, opt, err) < 0)
		return -1;
	if (!opt->dry_run && kst_fd_write_all(fd, out.data, out.len, err) < 0)
		return kst_error_subject(err, "%s", s->path);
	return 0;
}
