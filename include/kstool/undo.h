/* SPDX-License-Identifier: ISC */
/* undo.h - a store and its backup (NAME.kstool-bak) change places */
#ifndef KSTOOL_UNDO_H
#define KSTOOL_UNDO_H

#include "kstool/diff.h"

struct kst_undo {
	bool known;           /* both opened, so that ... */
	struct kst_diff diff; /* ... it is known what comes back: from the store to the backup */
	struct kst_save_result saved;
};
/*
 * Twice is redo.  Of a native store the old content becomes a new generation, so that no pin sees an
 * older one; that needs an admin secret.  Other files are exchanged without one, and where a
 * passphrase is missing only the differences are not known.  NO_BACKUP: there is none.  RE_SIGNED:
 * the backup is of another store, or from before a rekey.  0 or -1; release the diff.
 */
int kst_store_undo(struct kst_undo *out, const char *path, const struct kst_open_options *opt,
		   bool dry_run, struct kst_error *err);

#endif
