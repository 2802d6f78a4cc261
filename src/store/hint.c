/* SPDX-License-Identifier: ISC */
/* hint.c - commands in hints, so that they can be copied into a shell and run */
#include "kstool/text.h"
#include "store/store.h"

int kst_hint_path(struct kst_error *err, const char *before, const char *path, const char *after)
{
	struct kst_buf quoted KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_text_shell_path(&quoted, path);
	if (quoted.failed)
		return -1;
	return kst_error_hint(err, "%s%s%s", before, (const char *)quoted.data, after);
}
