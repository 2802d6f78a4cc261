/* SPDX-License-Identifier: ISC */
/*
 * shelf.h - a directory of its own for a test that works on stores, and
 * somebody who answers for passphrases
 */
#ifndef KST_TESTS_SHELF_H
#define KST_TESTS_SHELF_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kstool/kstool.h"

struct shelf {
	char dir[64];
	const char *pass, *new_pass; /* NULL: no answer */
	unsigned asked[5];           /* by enum kst_ask */
	void (*meanwhile)(struct shelf *shelf); /* once, while a passphrase is asked for */
	struct kst_asker asker;
	struct kst_notes notes;
	struct kst_error err;
};

static inline int shelf_ask(void *ctx, const struct kst_question *q, struct kst_secret *out,
			    enum kst_ask_source *source, struct kst_error *err)
{
	struct shelf *shelf = ctx;
	const char *answer = NULL;
	if (q->what == KST_ASK_NEW_STORE)
		answer = shelf->new_pass;
	else if ((q->what == KST_ASK_STORE || q->what == KST_ASK_KEY) && q->attempt == 0)
		answer = shelf->pass;
	shelf->asked[q->what]++;
	if (q->what == KST_ASK_STORE && shelf->meanwhile) {
		void (*meanwhile)(struct shelf *) = shelf->meanwhile;
		shelf->meanwhile = NULL;
		meanwhile(shelf);
	}
	if (!answer)
		return 1;
	*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, answer, strlen(answer), err);
}

static inline void shelf_begin(struct shelf *shelf)
{
	memset(shelf, 0, sizeof(*shelf));
	snprintf(shelf->dir, sizeof(shelf->dir), "/tmp/kstool-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(shelf->dir));
	shelf->pass = shelf->new_pass = "correct horse";
	shelf->asker = (struct kst_asker){ shelf_ask, shelf };
}

static inline void shelf_end(struct shelf *shelf)
{
	DIR *d = opendir(shelf->dir);
	if (d) {
		for (struct dirent *e; (e = readdir(d));)
			unlinkat(dirfd(d), e->d_name, 0);
		closedir(d);
	}
	rmdir(shelf->dir);
	kst_notes_release(&shelf->notes);
}

/* Files in the directory, without "." and "..". */
static inline unsigned shelf_count(const struct shelf *shelf)
{
	unsigned n = 0;
	DIR *d = opendir(shelf->dir);
	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* Good until the eighth call from now. */
static inline const char *shelf_path(const struct shelf *shelf, const char *name)
{
	static char path[8][128];
	static unsigned turn;
	char *p = path[turn++ % 8];
	snprintf(p, sizeof(path[0]), "%s/%s", shelf->dir, name);
	return p;
}

static inline void shelf_put(struct shelf *shelf, const char *name, const void *data, size_t n)
{
	FILE *f = fopen(shelf_path(shelf, name), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, n, f), n);
	fclose(f);
}

static inline unsigned shelf_mode(struct shelf *shelf, const char *name)
{
	struct stat st;
	ck_assert_int_eq(stat(shelf_path(shelf, name), &st), 0);
	return st.st_mode & 07777;
}

static inline struct kst_open_options shelf_options(struct shelf *shelf, bool edit)
{
	return (struct kst_open_options){ .asker = &shelf->asker,
					  .notes = &shelf->notes,
					  .edit = edit };
}

/* The cheapest costs that are allowed: these tests are not about KDFs. */
static inline struct kst_save_options shelf_save(void)
{
	return (struct kst_save_options){
		.write = { .pbe = { .iterations = 1000 }, .kdf_passes = 2, .kdf_kib = 19456 }
	};
}

static inline int shelf_try_open(struct shelf *shelf, const char *name, bool edit,
				 struct kst_store **out)
{
	struct kst_open_options opt = shelf_options(shelf, edit);
	kst_error_clear(&shelf->err);
	return kst_store_open(out, shelf_path(shelf, name), &opt, &shelf->err);
}

static inline struct kst_store *shelf_open(struct shelf *shelf, const char *name, bool edit)
{
	struct kst_store *s = NULL;
	int rc = shelf_try_open(shelf, name, edit, &s);
	ck_assert_msg(rc == 0, "%s: %s", shelf->err.subject, shelf->err.message);
	return s;
}

static inline struct kst_store *shelf_new(struct shelf *shelf, const char *name,
					  const char *format)
{
	struct kst_open_options opt = shelf_options(shelf, false);
	struct kst_store *s = NULL;
	const struct kst_format *f = kst_format_by_name(format);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(kst_store_new(&s, shelf_path(shelf, name), f, &opt, NULL), 0);
	return s;
}

static inline size_t shelf_add(struct shelf *shelf, struct kst_store *s, struct kst_entry *e)
{
	size_t i = KST_NO_BASE;
	kst_error_clear(&shelf->err);
	int rc = kst_store_add(s, e, &i, &shelf->err);
	ck_assert_msg(rc == 0, "%s", shelf->err.message);
	return i;
}

/* Save and close. */
static inline void shelf_close(struct shelf *shelf, struct kst_store *s)
{
	struct kst_save_options opt = shelf_save();
	kst_error_clear(&shelf->err);
	int rc = kst_store_save(s, &opt, NULL, &shelf->err);
	ck_assert_msg(rc == 0, "%s: %s: %s", shelf->err.subject, shelf->err.message,
		      shelf->err.detail);
	kst_store_free(s);
}

static inline bool shelf_noted(const struct shelf *shelf, const char *slug)
{
	for (size_t i = 0; i < shelf->notes.nr; i++)
		if (strcmp(shelf->notes.note[i].slug, slug) == 0)
			return true;
	return false;
}

#endif
