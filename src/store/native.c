/* SPDX-License-Identifier: ISC */
/*
 * native.c - what only native stores can do, through the format's row
 *
 * Nothing is known here of their bytes: the row says whether a format has these
 * functions, and this file gives them a file to work on.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/write.h"

static const struct kst_native_ops *ops_of(const struct kst_store *s, struct kst_error *err)
{
	if (s->format->native)
		return s->format->native;
	kst_error_setx(err, KST_E_NOT_NATIVE, "is %s: only native stores have slots",
		       s->format->title);
	kst_error_subject(err, "%s", s->path);
	return NULL;
}

size_t kst_store_slots(const struct kst_store *s, struct kst_slot_info out[16])
{
	const struct kst_native_ops *ops = s->format->native;
	return ops ? ops->slots(&s->model, out) : 0;
}

int kst_store_opened_slot(const struct kst_store *s)
{
	const struct kst_native_ops *ops = s->format->native;
	return ops ? ops->opened_slot(&s->model) : -1;
}

int kst_store_slot_add(struct kst_store *s, const struct kst_slot_add *how, unsigned *number,
		       struct kst_error *err)
{
	const struct kst_native_ops *ops = ops_of(s, err);
	struct kst_fd_source fd;
	struct kst_bytes bytes;
	unsigned n = 0;
	if (!ops)
		return -1;
	struct kst_io io = kst_store_io(s, &fd, &bytes);
	if (ops->slot_add(&io, &s->model, how, &n, err) < 0)
		return kst_error_subject(err, "%s", s->path);
	s->changed = true;
	if (number)
		*number = n;
	return 0;
}

int kst_store_slot_find(const struct kst_store *s, const char *what, unsigned *number,
			struct kst_error *err)
{
	struct kst_slot_info slot[16];
	if (!ops_of(s, err))
		return -1;
	size_t nr = kst_store_slots(s, slot), found = nr;
	/* A label that is a number is still a label: labels first, as with aliases. */
	for (size_t i = 0; i < nr; i++) {
		if (strcmp(slot[i].label, what) != 0 || !*what)
			continue;
		if (found < nr) {
			kst_error_setx(err, KST_E_USAGE, "\"%s\" is the label of several slots",
				       what);
			kst_error_subject(err, "%s", s->path);
			return kst_hint_path(err, "kstool slot list ", s->path, "");
		}
		found = i;
	}
	char *end;
	unsigned long n = strtoul(what, &end, 10);
	if (found == nr && *what >= '0' && *what <= '9' && !*end)
		for (size_t i = 0; i < nr; i++)
			if (slot[i].number == n)
				found = i;
	if (found == nr) {
		kst_error_setx(err, KST_E_NO_SLOT, "has no slot \"%s\"", what);
		kst_error_subject(err, "%s", s->path);
		return kst_hint_path(err, "kstool slot list ", s->path, "");
	}
	*number = slot[found].number;
	return 0;
}

int kst_store_slot_remove(struct kst_store *s, unsigned number, struct kst_error *err)
{
	const struct kst_native_ops *ops = ops_of(s, err);
	if (!ops)
		return -1;
	if (ops->slot_remove(&s->model, number, err) < 0)
		return kst_error_subject(err, "%s", s->path);
	s->changed = true;
	return 0;
}

int kst_store_rekey(struct kst_store *s, bool dropped[16], struct kst_error *err)
{
	const struct kst_native_ops *ops = ops_of(s, err);
	struct kst_fd_source fd;
	struct kst_bytes bytes;
	if (!ops)
		return -1;
	struct kst_io io = kst_store_io(s, &fd, &bytes);
	if (ops->rekey(&io, &s->model, dropped, err) < 0)
		return kst_error_subject(err, "%s", s->path);
	s->changed = true;
	return 0;
}

/* ---- check and repair: on the bytes, since a damaged store does not open ---- */

struct damaged {
	int fd;
	struct stat st;
	struct kst_fd_source from;
	struct kst_limits limits;
	const struct kst_format *format;
	struct kst_io io;
};

/* The native format: by the bytes; by the name where they are too damaged to tell. */
static const struct kst_format *native_format(const char *path, const uint8_t *head, size_t n)
{
	const struct kst_format *f = n ? kst_format_probe(head, n, false) : NULL;
	if (!f)
		f = kst_format_by_path(path);
	return f && f->native ? f : NULL;
}

static int open_damaged(struct damaged *d, const char *path, const struct kst_open_options *opt,
			struct kst_error *err)
{
	static const struct kst_limits limits = KST_LIMITS_DEFAULT;
	static const struct kst_write_options no_write;
	uint8_t head[64];

	/* Before it is opened: a fifo would wait for a writer that never comes. */
	if (stat(path, &d->st) == 0 && S_ISFIFO(d->st.st_mode))
		return kst_error_setx(err, KST_E_NOT_A_FILE, "is no regular file");
	d->fd = kst_file_open(path, &d->st, err);
	if (d->fd < 0)
		return -1;
	if (!S_ISREG(d->st.st_mode))
		return kst_error_setx(err, KST_E_NOT_A_FILE, "is no regular file");
	if (d->st.st_size == 0)
		return kst_recognise(path, NULL, 0, err);
	size_t n = d->st.st_size < (off_t)sizeof(head) ? (size_t)d->st.st_size : sizeof(head);
	if (kst_fd_read_at(d->fd, 0, head, n, err) < 0)
		return -1;
	d->format = native_format(path, head, n);
	if (!d->format) {
		kst_error_setx(err, KST_E_NOT_NATIVE, "is no native store (.kst)");
		return kst_error_advise(err, "what protects it is verified whenever it is opened",
					"kstool", "list", path, NULL);
	}
	d->from.fd = d->fd;
	d->limits = opt->limits ? *opt->limits : limits;
	d->io = (struct kst_io){ .path = path,
				 .source = kst_source_fd(&d->from, (uint64_t)d->st.st_size),
				 .asker = opt->asker,
				 .limits = &d->limits,
				 .notes = opt->notes,
				 .progress = opt->progress,
				 .read = &opt->read,
				 .write = &no_write };
	return 0;
}

int kst_check_whole(const struct kst_format *format, const struct kst_io *io, struct kst_error *err)
{
	struct kst_check c = { .whole = false };
	struct kst_io quiet = *io;
	int rc;
	quiet.asker = NULL;
	quiet.notes = NULL;
	rc = format->native->check(&quiet, &c, err);
	if (rc == 0 && !c.whole) {
		rc = c.nr ? kst_error_setx(err, c.finding[0].code, "%s", c.finding[0].text) :
			    kst_error_setx(err, KST_E_DATA_ROOT, "is damaged or altered");
		kst_error_command(err, "kstool", "check", io->path ? io->path : "STORE", NULL);
	}
	kst_check_release(&c);
	return rc;
}

int kst_native_check(struct kst_check *out, const char *path, const struct kst_open_options *opt,
		     struct kst_error *err)
{
	struct damaged d = { .fd = -1 };
	struct kst_check c = { .whole = false };
	int rc = open_damaged(&d, path, opt, err);
	if (rc == 0)
		rc = d.format->native->check(&d.io, &c, err);
	if (d.fd >= 0)
		close(d.fd);
	if (rc < 0) {
		kst_check_release(&c);
		return kst_error_subject(err, "%s", path);
	}
	*out = c;
	return 0;
}

void kst_check_release(struct kst_check *c)
{
	kst_free(c->finding);
	c->finding = NULL;
	c->nr = 0;
}

int kst_native_repair(struct kst_repair *out, const char *path, const char *new_path,
		      const char *const *accept, const struct kst_open_options *opt,
		      struct kst_error *err)
{
	struct kst_file_sink sink = KST_FILE_SINK_INIT;
	struct kst_place place = KST_PLACE_INIT;
	struct damaged d = { .fd = -1 };
	struct kst_repair r = { .proved = 0 };
	const char *about = path;
	int fd = -1, rc = -1;

	if (open_damaged(&d, path, opt, err) < 0)
		goto done;
	about = new_path;
	if (kst_place_find(&place, new_path, opt->insecure_permissions, err) < 0)
		goto done;
	if (place.exists) {
		/* Never over anything: what is damaged is the only copy of what may still be saved. */
		kst_error_setx(err, KST_E_EXISTS, "exists already: repair makes a new file");
		goto done;
	}
	if (kst_replace_begin(&sink.replace, &place, 0600, 0, false, err) < 0)
		goto done;
	d.io.sink = (struct kst_sink){ .write = kst_file_sink_write, .ctx = &sink };
	about = path;
	if (d.format->native->repair(&d.io, &r, accept, err) < 0)
		goto done;
	about = new_path;
	struct kst_fd_source back;
	if ((fd = kst_file_sink_check(&sink, err)) < 0)
		goto done;
	back.fd = fd;
	d.io.source = kst_source_fd(&back, sink.size);
	if (kst_check_whole(d.format, &d.io, err) < 0 ||
	    kst_replace_commit(&sink.replace, true, err) < 0)
		goto done;
	*out = r;
	rc = 0;
done:
	if (rc < 0) {
		kst_repair_release(&r);
		kst_error_subject(err, "%s", about);
	}
	kst_file_sink_release(&sink);
	kst_place_release(&place);
	if (fd >= 0)
		close(fd);
	if (d.fd >= 0)
		close(d.fd);
	return rc;
}

void kst_repair_release(struct kst_repair *r)
{
	for (size_t i = 0; i < r->nr_lost; i++) {
		kst_free(r->lost[i].alias);
		kst_free(r->lost[i].reason);
	}
	kst_free(r->lost);
	r->lost = NULL;
	r->nr_lost = 0;
}
