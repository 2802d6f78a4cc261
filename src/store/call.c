/* SPDX-License-Identifier: ISC */
/*
 * call.c - the one door to the formats (see call.h)
 *
 * What is checked here is what a format could get wrong with harm: a model left
 * half filled, an item without an entry in a format that cannot load it.
 */
#include "store/call.h"

static int mistake(const struct kst_format *f, const char *what, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_INTERNAL, "the reader of %s %s", f->title, what);
}

int kst_call_read(const struct kst_format *f, struct kst_io *io, struct kst_model *into,
		  struct kst_error *err)
{
	if (!f->read)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "this version cannot read %s", f->title);
	if (f->read(io, into, err) < 0) {
		kst_call_close(f, into);
		if (err && err->code == KST_OK)
			mistake(f, "failed without saying why", err);
		return -1;
	}
	for (size_t i = 0; i < into->nr; i++)
		if (!into->item[i].entry && !f->load) {
			kst_call_close(f, into);
			return mistake(f, "left an entry empty", err);
		}
	return 0;
}

int kst_call_write(const struct kst_format *f, struct kst_io *io, struct kst_model *from,
		   struct kst_error *err)
{
	if (!f->write)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "this version cannot write %s", f->title);
	return f->write(io, from, err);
}

int kst_call_head(const struct kst_format *f, struct kst_model *m, size_t i, struct kst_head *out,
		  struct kst_buf *scratch, struct kst_error *err)
{
	return f->head(m, i, out, scratch, err);
}

int kst_call_load(const struct kst_format *f, struct kst_io *io, struct kst_model *m, size_t i,
		  struct kst_entry **out, struct kst_error *err)
{
	if (!f->load)
		return mistake(f, "left an entry empty", err);
	return f->load(io, m, i, out, err);
}

int kst_call_unlock(const struct kst_format *f, struct kst_io *io, struct kst_model *m,
		    enum kst_need need, struct kst_error *err)
{
	if (!f->unlock)
		return 0;
	kst_progress_step(io->progress, "opening", 0, 0);
	return f->unlock(io, m, need, err);
}

int kst_call_verify(const struct kst_format *f, struct kst_io *io, struct kst_model *meant,
		    struct kst_error *err)
{
	return f->verify(io, meant, err);
}

void kst_call_close(const struct kst_format *f, struct kst_model *m)
{
	if (m->state && f && f->close)
		f->close(m->state);
	m->state = NULL;
	kst_model_release(m);
}
