/* SPDX-License-Identifier: ISC */
/*
 * pin.c - record whom a native store is signed by
 *
 * The list is read and replaced under one lock, so that two who pin at the same
 * time both find their line in it.
 */
#include <errno.h>
#include <unistd.h>

#include "store/write.h"

static int record(enum kst_pin_change *out, struct kst_place *place, const struct kst_store *s,
		  const struct kst_pin_options *opt, bool dry_run, struct kst_error *err)
{
	struct kst_buf old KST_SCRATCH_BUF = KST_BUF_INIT, list KST_SCRATCH_BUF = KST_BUF_INIT;
	int lock = -1, rc = -1;

	if (place->exists && (lock = kst_place_lock(place, err)) < 0)
		return -1;
	if (lock < 0 || kst_fd_read_all(lock, KST_PINS_MAX, &old, err) == 0) {
		struct kst_bytes bytes = { old.data, old.len };

		rc = s->format->native->pin(&list, out, &bytes, &s->model, opt, err);
		if (rc < 0 && err && err->code != KST_E_BAD_SIGNERS) /* the store's fault, not the list's */
			kst_error_subject(err, "%s", s->path);
	}
	if (!rc && *out != KST_PIN_UNCHANGED && !dry_run)
		rc = kst_place_write(place, list.data, list.len, false, err);
	if (lock >= 0)
		close(lock);
	return rc;
}

int kst_pin_record(enum kst_pin_change *out, const char *path, const struct kst_store *s,
		   const struct kst_pin_options *opt, bool dry_run, struct kst_error *err)
{
	struct kst_place place = KST_PLACE_INIT;
	struct kst_error why = KST_ERROR_INIT;
	enum kst_pin_change change;
	int rc;

	if (!s->format->native) {
		kst_error_setx(err, KST_E_NOT_NATIVE, "is %s: only native stores are signed",
			       s->format->title);
		return kst_error_subject(err, "%s", s->path);
	}
	rc = kst_place_find(&place, path, s->loose, &why);
	/* Its directory is made by the caller, and not in a dry run. */
	if (rc < 0 && (!dry_run || why.code != KST_E_NO_FILE)) {
		if (err)
			*err = why;
	} else
		rc = record(&change, &place, s, opt, dry_run, err);
	kst_place_release(&place);
	if (rc < 0)
		return kst_error_subject(err, "%s", path);
	*out = change;
	return 0;
}
