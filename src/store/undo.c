/* SPDX-License-Identifier: ISC */
/*
 * undo.c - a store and its backup change places
 *
 * What the backup holds is first written under the backup's own name as it will
 * stand in the place of the store (its mode and owner; a native store as a new
 * generation); then the two names are exchanged in one step.  Whenever it is
 * stopped, both contents are there, and the store's name has one of them.
 */
#include "kstool/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/call.h"
#include "store/write.h"

struct undo {
	const struct kst_open_options *opt;
	struct kst_store *now, *then; /* NULL where a passphrase is missing */
	struct kst_place place, beside;
	int lock;  /* of the store */
	int old;   /* the backup */
	char path[4096]; /* of the backup */
	bool native;
};

static bool about_secret(const struct kst_error *err)
{
	return kst_code_exit(err->code) == kst_code_exit(KST_E_WRONG_PASSPHRASE);
}

static int no_backup(const char *path, struct kst_error *err)
{
	kst_error_setx(err, KST_E_NO_BACKUP, "has no backup beside it: nothing was lost that could come "
					     "back, or --backup=never was given");
	return kst_error_subject(err, "%s", path);
}

/* ---- the two stores, as far as they open ---- */

/* What opened the store opens mostly its backup: it is tried before anybody is asked. */
static int ask_then(void *ctx, const struct kst_question *q, struct kst_secret *out,
		    enum kst_ask_source *source, struct kst_error *err)
{
	const struct undo *u = ctx;
	struct kst_question next = *q;
	bool tried = q->what == KST_ASK_STORE && u->now && u->now->model.has_pass;

	if (tried && q->attempt == 0) {
		*source = KST_SOURCE_GIVEN;
		return kst_secret_set(out, u->now->model.pass.data, u->now->model.pass.len, err);
	}
	if (!u->opt->asker || !u->opt->asker->ask)
		return 1;
	next.attempt -= tried;
	return u->opt->asker->ask(u->opt->asker->ctx, &next, out, source, err);
}

static int open_then(struct undo *u, struct kst_error *err)
{
	struct kst_open_options opt = *u->opt;
	struct kst_error why = KST_ERROR_INIT;

	const struct kst_asker asker = { .ask = ask_then, .ctx = u };

	opt.asker = &asker;
	opt.edit = false;
	/* It is older than the store, which the pins are for; that it is of the same signer is asked
	 * by the format. */
	opt.read.pin = NULL;
	opt.read.nr_pins = 0;
	opt.read.require_pin = false;
	opt.read.signer = NULL;
	if (kst_store_open(&u->then, u->path, &opt, &why) == 0) {
		u->then->asker = u->opt->asker; /* which outlives this call */
		return 0;
	}
	if (about_secret(&why))
		return 0;
	if (err && err->code == KST_OK)
		*err = why;
	return -1;
}

static const struct kst_format *probe(const char *path)
{
	uint8_t head[4096];
	struct stat st;
	int fd = kst_file_open(path, &st, NULL);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	if (fd >= 0)
		close(fd);
	return n > 0 ? kst_format_probe(head, (size_t)n, false) : NULL;
}

/* Its bytes cannot be used, which is what a backup is for. */
static bool about_damage(const struct kst_error *err)
{
	return kst_code_exit(err->code) == kst_code_exit(KST_E_CORRUPT) && err->code != KST_E_NO_FILE &&
	       err->code != KST_E_UNREADABLE && err->code != KST_E_NOT_A_FILE;
}

/* A native store that is damaged signs no next generation: what can be done is for its owner to say. */
static void advise_native(const struct undo *u, const char *path, struct kst_error *err)
{
	char saved[4096];

	if (snprintf(saved, sizeof(saved), "%s.repaired", path) < (int)sizeof(saved))
		kst_error_advise(err, "to save what is whole in it", "kstool", "repair", path, "-o",
				 saved, NULL);
	kst_error_advise(err, "to take its backup as it is", "cp", "-p", u->path, path, NULL);
}

/*
 * Nothing is decrypted to exchange two files, so neither a passphrase that is not there nor damage is
 * an obstacle but for a native store, whose next generation has to be signed.
 */
static int open_now(struct undo *u, const char *path, struct kst_error *err)
{
	struct kst_open_options opt = *u->opt;
	struct kst_error why = KST_ERROR_INIT;

	opt.edit = true;
	if (kst_store_open(&u->now, path, &opt, &why) == 0) {
		u->native = u->now->format->native && u->now->format->native->restore;
		return 0;
	}
	bool damaged = about_damage(&why);
	const struct kst_format *f = damaged ? probe(u->path) : about_secret(&why) ? probe(path) : NULL;

	if (f && !f->native)
		return 0;
	if (damaged && f)
		advise_native(u, path, &why);
	if (err && err->code == KST_OK)
		*err = why;
	return -1;
}

/* ---- the place ---- */

static int lock_store(struct undo *u, const char *path, struct kst_error *err)
{
	bool loose = u->opt->insecure_permissions;

	if (kst_place_find(&u->place, path, loose, err) < 0)
		return -1;
	if (!u->place.exists) {
		kst_error_setx(err, KST_E_NO_FILE, "there is no such file");
		return kst_error_subject(err, "%s", path);
	}
	if (u->now) { /* which holds the lock */
		u->lock = u->now->fd;
	} else {
		u->lock = kst_place_lock(&u->place, err);
		if (u->lock < 0)
			return kst_error_subject(err, "%s", path);
		struct kst_store probe = { .path = (char *)(uintptr_t)path, .loose = loose };
		if (kst_check_editable(&probe, &u->place.st, err) < 0)
			return -1;
	}
	return 0;
}

static int find_backup(struct undo *u, const char *path, struct kst_error *err)
{
	struct kst_place place = KST_PLACE_INIT;
	int rc = -1;

	/* Beside the file itself, wherever a link to it lies. */
	if (kst_place_find(&place, path, u->opt->insecure_permissions, err) < 0)
		return -1;
	if (!place.exists) {
		kst_error_setx(err, KST_E_NO_FILE, "there is no such file");
		if (kst_backup_path(&place, u->path, sizeof(u->path), NULL) == 0 &&
		    access(u->path, F_OK) == 0)
			kst_error_advise(err, "its backup is there; to take it as it is", "cp", "-p", u->path,
					 path, NULL);
		kst_error_subject(err, "%s", path);
	} else if (kst_backup_path(&place, u->path, sizeof(u->path), err) == 0) {
		if (kst_place_find(&u->beside, u->path, u->opt->insecure_permissions, err) < 0)
			rc = -1;
		else
			rc = u->beside.exists ? 0 : no_backup(path, err);
	}
	kst_place_release(&place);
	return rc;
}

/* ---- the new contents ---- */

static bool secrets_in(const struct kst_store *s)
{
	return !s || kst_store_has_secrets(s); /* what does not open is protected for a reason */
}

/* The backup's contents as the next generation, signed with the store's own key. */
static int restore(struct undo *u, struct kst_file_sink *sink, struct kst_error *err)
{
	struct kst_fd_source fd, from = { u->old };
	struct kst_bytes bytes;
	struct kst_io io = kst_store_io(u->now, &fd, &bytes), backup = io;

	io.sink = (struct kst_sink){ .write = kst_file_sink_write, .ctx = sink };
	backup.path = u->path;
	backup.source = kst_source_fd(&from, (uint64_t)u->beside.st.st_size);
	if (u->now->format->native->restore(&io, &u->now->model, &backup, err) < 0)
		return kst_error_subject(err, "%s", u->path);
	return 0;
}

static int check_written(struct undo *u, struct kst_file_sink *sink, struct kst_error *err)
{
	int fd = kst_file_sink_check(sink, err);
	int rc = fd < 0 ? -1 : 0;

	if (rc == 0 && u->native) {
		struct kst_fd_source unused, from = { fd };
		struct kst_bytes bytes;
		struct kst_io io = kst_store_io(u->now, &unused, &bytes);

		io.source = kst_source_fd(&from, sink->size);
		rc = kst_check_whole(u->now->format, &io, err);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- the exchange ---- */

static int sync_dir(const struct kst_place *p, struct kst_error *err)
{
	if (fsync(p->dirfd) < 0 && errno != EINVAL)
		return kst_error_set(err, KST_E_NOT_DURABLE,
				     "was exchanged, but its directory could not be synced");
	return 0;
}

/*
 * Where a file system cannot exchange two names (NFS): the store's bytes get a third name first, so
 * that nothing is lost in between.
 */
static int exchange_by_links(const struct undo *u)
{
	char third[320];
	int dir = u->place.dirfd;

	snprintf(third, sizeof(third), "%s.%ld", u->beside.name, (long)getpid());
	if (linkat(dir, u->place.name, dir, third, 0) < 0)
		return -1;
	if (renameat(dir, u->beside.name, dir, u->place.name) < 0) {
		int saved = errno;

		unlinkat(dir, third, 0);
		errno = saved;
		return -1;
	}
	return renameat(dir, third, dir, u->beside.name);
}

static int exchange(struct undo *u, struct kst_error *err)
{
	int dir = u->place.dirfd;

	if (renameat2(dir, u->place.name, dir, u->beside.name, RENAME_EXCHANGE) < 0 &&
	    ((errno != EINVAL && errno != ENOSYS) || exchange_by_links(u) < 0))
		return kst_error_set(err, errno == EROFS ? KST_E_READ_ONLY : KST_E_CANNOT_WRITE,
				     "cannot be exchanged with its backup");
	/* What was the store is a backup now, and nobody's but its owner's. */
	int fd = openat(dir, u->beside.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		(void)!fchmod(fd, 0600);
		close(fd);
	}
	return sync_dir(&u->place, err);
}

static int swap(struct undo *u, bool dry_run, struct kst_save_result *res, struct kst_error *err)
{
	struct kst_file_sink sink = KST_FILE_SINK_INIT;
	/* The mode, owner and list are those of the store: the neighbour is made in its place. */
	mode_t mask = secrets_in(u->then) && !secrets_in(u->now) ? 0600 : 0;
	int rc = -1;

	u->old = kst_place_lock(&u->beside, err); /* which looks at it */
	uint64_t size = (uint64_t)u->beside.st.st_size;
	if (u->old < 0 || kst_replace_begin(&sink.replace, &u->place, 0600, mask, true, err) < 0 ||
	    (u->native ? restore(u, &sink, err) : kst_file_sink_copy(&sink, u->old, size, err)) < 0 ||
	    check_written(u, &sink, err) < 0)
		goto done;
	res->mode = mask ? u->place.st.st_mode & mask & 0777 : 0;
	res->tightened = mask && (u->place.st.st_mode & 0777) != res->mode;
	if (!dry_run) {
		/* The neighbour takes the backup's name, where its contents are at home already. */
		sink.replace.place = &u->beside;
		if (kst_replace_commit(&sink.replace, false, err) < 0 || exchange(u, err) < 0)
			goto done;
		snprintf(res->backup, sizeof(res->backup), "%s", u->path);
	}
	res->written = true;
	rc = 0;
done:
	kst_file_sink_release(&sink);
	return rc;
}

int kst_store_undo(struct kst_undo *out, const char *path, const struct kst_open_options *opt,
		   bool dry_run, struct kst_error *err)
{
	struct undo u = { .opt = opt, .lock = -1, .old = -1 };
	struct kst_undo result = { .known = false };
	struct stat st;
	int rc = -1;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return kst_dir_undo(out, path, opt, dry_run, err);
	u.place = u.beside = (struct kst_place)KST_PLACE_INIT;
	if (find_backup(&u, path, err) < 0 || open_now(&u, path, err) < 0 ||
	    lock_store(&u, path, err) < 0 || open_then(&u, err) < 0)
		goto done;
	if (u.now && u.then) {
		if (kst_store_diff(&result.diff, u.now, u.then, KST_DIFF_ENTRIES, err) < 0)
			goto done;
		result.known = true;
	}
	rc = swap(&u, dry_run, &result.saved, err);
done:
	if (u.old >= 0)
		close(u.old);
	if (!u.now && u.lock >= 0)
		close(u.lock);
	kst_store_free(u.then);
	kst_store_free(u.now);
	kst_place_release(&u.place);
	kst_place_release(&u.beside);
	if (rc < 0)
		kst_diff_release(&result.diff);
	else
		*out = result;
	return rc < 0 ? kst_error_subject(err, "%s", path) : 0;
}
