/* SPDX-License-Identifier: ISC */
/* hint.c - commands in hints, so that they can be copied into a shell and run */
#include <string.h>

#include "store/store.h"

/* What no shell takes for anything else; "~" and "-" matter at the start only. */
static bool is_plain(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./@%+=:,-";
	return *path && *path != '-' && path[strspn(path, plain)] == '\0';
}

int kst_hint_path(struct kst_error *err, const char *before, const char *path, const char *after)
{
	if (is_plain(path))
		return kst_error_hint(err, "%s%s%s", before, path, after);
	struct kst_buf quoted KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_puts(&quoted, *path == '-' ? "./'" : "'");
	for (const char *p = path; *p; p++)
		if (*p == '\'')
			kst_buf_puts(&quoted, "'\\''");
		else
			kst_buf_u8(&quoted, (uint8_t)*p);
	kst_buf_puts(&quoted, "'");
	if (quoted.failed)
		return -1;
	return kst_error_hint(err, "%s%s%s", before, (const char *)quoted.data, after);
}
