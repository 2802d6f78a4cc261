/* SPDX-License-Identifier: ISC */
/*
 * permissions.c - who else may read or change a store
 *
 * A store that others may write is not changed: what is read from it and signed
 * or sealed again could be theirs.  What is only looked at is noted, not refused.
 */
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "kstool/text.h"
#include "store/store.h"

int kst_refuse_writers(const char *path, const struct stat *st, const char *what, struct kst_error *err)
{
	kst_error_setx(err, KST_E_PERMISSIONS, "%s can change this %s (mode %03o)",
		       st->st_mode & 002 ? "everybody" : "its group", what, (unsigned)st->st_mode & 0777);
	kst_error_subject(err, "%s", path);
	kst_hint_path(err, "chmod go-w ", path, "");
	return kst_error_hint(err, "add --insecure-permissions to accept it as it is");
}

int kst_check_editable(const struct kst_store *s, const struct stat *st, struct kst_error *err)
{
	if (s->loose)
		return 0;
	if (st->st_mode & 022)
		return kst_refuse_writers(s->path, st, "file", err);
	/* A rename gives the new bytes to one of the names and leaves the old to the others. */
	if (st->st_nlink > 1 && !s->part_links) {
		kst_error_setx(err, KST_E_PERMISSIONS,
			       "has %lu hard links, which replacing it would part",
			       (unsigned long)st->st_nlink);
		kst_error_subject(err, "%s", s->path);
		return kst_error_hint(err,
				      "add --insecure-permissions to replace it all the same");
	}
	return 0;
}

/* Orchestrators mount secrets 0644 on a tmpfs of root: nobody else is there to read them. */
static bool on_roots_tmpfs(const struct kst_store *s)
{
	struct statfs fs;
	return s->st.st_uid == 0 && fstatfs(s->fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

void kst_note_permissions(struct kst_store *s)
{
	struct kst_buf path KST_SCRATCH_BUF = KST_BUF_INIT;

	if (s->fd < 0 || !S_ISREG(s->st.st_mode) || s->loose)
		return;
	if (s->st.st_mode & 002)
		kst_note(s->notes, "loose-permissions", "%s: everybody can change this file: chmod go-w %s", s->path,
			 kst_text_shell_path(&path, s->path));
	kst_buf_reset(&path);
	if ((s->st.st_mode & 004) && s->had_secrets && !on_roots_tmpfs(s))
		kst_note(s->notes, "loose-permissions",
			 "%s: everybody can read this file, and private keys are in it: chmod 600 %s", s->path,
			 kst_text_shell_path(&path, s->path));
}

/* umask(2) can only be read by setting it, which other threads would see. */
static mode_t current_umask(void)
{
	unsigned mask = 077;
	FILE *f = fopen("/proc/self/status", "re");
	if (f) {
		char line[256];
		while (fgets(line, sizeof(line), f))
			if (sscanf(line, "Umask: %o", &mask) == 1)
				break;
		fclose(f);
		return mask & 0777;
	}
	mode_t now = umask(077);
	umask(now);
	return now;
}

mode_t kst_new_mode(bool secret)
{
	return secret ? 0600 : 0644 & ~current_umask();
}
