/* SPDX-License-Identifier: ISC */
/*
 * test_corpus_own.c - every file of tests/corpus, through the door that everybody uses
 *
 * Opened, each entry loaded, each key opened; what came of it is held against the
 * .txt beside the file (tests/corpus/README.md tells its lines).  Native stores
 * are checked as well.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kstool/kstool.h"

#define MAX_LINES 160

/* One .txt: its lines, and the file that it speaks of. */
struct sheet {
	char path[512];
	char text[32768];
	const char *key[MAX_LINES], *value[MAX_LINES];
	size_t nr;
};

static const char *line(const struct sheet *s, const char *key, size_t n)
{
	for (size_t i = 0; i < s->nr; i++)
		if (strcmp(s->key[i], key) == 0 && !n--)
			return s->value[i];
	return NULL;
}

static void read_sheet(struct sheet *s, const char *dir, const char *txt)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", dir, txt);
	FILE *f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be read", path);
	size_t n = fread(s->text, 1, sizeof(s->text) - 1, f);
	ck_assert_msg(feof(f) || n < sizeof(s->text) - 1, "%s is too long", path);
	s->text[n] = '\0';
	fclose(f);
	s->nr = 0;
	for (char *p = strtok(s->text, "\n"); p; p = strtok(NULL, "\n")) {
		char *colon = strchr(p, ':');
		ck_assert_msg(colon && s->nr < MAX_LINES, "%s: not a line: %s", path, p);
		*colon = '\0';
		s->key[s->nr] = p;
		s->value[s->nr++] = colon + 1 + (colon[1] == ' ');
	}
}

/* ---- somebody who answers what the sheet says, each line once a question ---- */

static int answer(void *ctx, const struct kst_question *q, struct kst_secret *out,
		  enum kst_ask_source *source, struct kst_error *err)
{
	const struct sheet *s = ctx;
	const char *text = NULL;
	*source = KST_SOURCE_GIVEN;
	switch (q->what) {
	case KST_ASK_KEY_FILE:
		text = line(s, "key-file", q->attempt);
		return text ? kst_key_file_parse(out, text, strlen(text), err) : 1;
	case KST_ASK_STORE:
		text = line(s, "passphrase", q->attempt);
		break;
	case KST_ASK_KEY:
		text = line(s, "key-passphrase", q->attempt);
		if (!line(s, "key-passphrase", 0))
			text = line(s, "passphrase", q->attempt);
		break;
	case KST_ASK_NEW_STORE:
	case KST_ASK_NEW_KEY_FILE:
		break;
	}
	return text ? kst_secret_set(out, text, strlen(text), err) : 1;
}

/* ---- what came of it ---- */

static const char *kind_of(const struct kst_entry *e)
{
	switch (e->kind) {
	case KST_KIND_KEY:
		return "key";
	case KST_KIND_CERT:
		return e->trusted ? "trusted" : "cert";
	case KST_KIND_SECRET:
		return "secret";
	case KST_KIND_CSR:
		return "csr";
	case KST_KIND_CRL:
		return "crl";
	case KST_KIND_OPAQUE:
		return "opaque";
	}
	return "?";
}

/* "KIND CERTIFICATES ALIAS"; "-" no alias, "*" whatever it is called. */
static bool entry_is(const struct kst_entry *e, const char *want)
{
	char kind[16];
	unsigned certs;
	int at = 0;
	if (sscanf(want, "%15s %u %n", kind, &certs, &at) != 2 || !at)
		return false;
	const char *alias = want + at;
	return strcmp(kind, kind_of(e)) == 0 && certs == e->chain.nr &&
	       (strcmp(alias, "*") == 0 || strcmp(alias, e->alias ? e->alias : "-") == 0);
}

static int open_all(struct kst_store *s, struct kst_error *err)
{
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e = NULL;
		struct kst_head head;
		if (kst_store_head(s, i, &head, err) < 0 || kst_store_entry(s, i, &e, err) < 0)
			return -1;
		if ((e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET) &&
		    kst_store_open_key(s, i, err) < 0)
			return -1;
		if (e->kind == KST_KIND_KEY && kst_entry_leaf(e) &&
		    !kst_key_matches(e->key, kst_entry_leaf(e)))
			return kst_error_setx(err, KST_E_KEY_MISMATCH, "the key is another's");
	}
	return 0;
}

static char why[4096];
#define WRONG(...) (snprintf(why, sizeof(why), __VA_ARGS__), false)

static bool contents_are(const struct sheet *t, struct kst_store *s)
{
	const char *entries = line(t, "entries", 0), *want;
	if (!entries || strtoul(entries, NULL, 10) != kst_store_count(s))
		return WRONG("%zu entries", kst_store_count(s));
	for (size_t i = 0; line(t, "entry", 0) && i < kst_store_count(s); i++) {
		struct kst_entry *e = NULL;
		want = line(t, "entry", i);
		ck_assert_int_eq(kst_store_entry(s, i, &e, NULL), 0);
		if (!want || !entry_is(e, want))
			return WRONG("entry %zu is %s %zu %s", i, kind_of(e), e->chain.nr,
				     e->alias ? e->alias : "-");
	}
	return true;
}

static bool open_as_told(const struct sheet *t, const struct kst_open_options *opt)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_store *s = NULL;
	const char *expect = line(t, "expect", 0), *got = "success";
	bool ok;

	if (!expect)
		return WRONG("no expect line");
	if (kst_store_open(&s, t->path, opt, &err) < 0 || open_all(s, &err) < 0)
		got = kst_code_slug(err.code);
	if (strcmp(got, expect) != 0)
		ok = WRONG("%s: %s %s", got, err.message, err.detail);
	else
		ok = strcmp(expect, "success") != 0 || contents_are(t, s);
	kst_store_free(s);
	return ok;
}

/* The first fault that check finds: the one that opening meets, unless the sheet says otherwise. */
static bool checked_as_told(const struct sheet *t, const struct kst_open_options *opt)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_check c = { .nr = 0 };
	const char *expect = line(t, "check", 0), *got = "whole";

	if (!expect)
		expect = line(t, "expect", 0);
	if (strcmp(expect, "success") == 0)
		expect = "whole";
	if (kst_native_check(&c, t->path, opt, &err) < 0)
		got = kst_code_slug(err.code);
	else if (c.nr)
		got = kst_code_slug(c.finding[0].code);
	bool ok = c.whole == (strcmp(got, "whole") == 0) ||
		  WRONG("check says %s and whole is %d", got, c.whole);
	if (ok && strcmp(got, expect) != 0)
		ok = WRONG("check says %s: %s", got, c.nr ? c.finding[0].text : err.message);
	kst_check_release(&c);
	return ok;
}

static bool as_told(const struct sheet *t, bool native)
{
	struct kst_asker asker = { answer, (void *)(uintptr_t)t };
	const char *signer[] = { line(t, "signer", 0), NULL };
	struct kst_open_options opt = {
		.asker = &asker,
		.insecure_permissions = true, /* a checkout has the modes that umask gives */
		.read = { .allow_unauthenticated = line(t, "allow-unauthenticated", 0) != NULL,
			  .signer = signer[0] ? signer : NULL },
	};
	return open_as_told(t, &opt) && (!native || checked_as_told(t, &opt));
}

/* ---- all of a folder ---- */

/* The file of a sheet: the same name with another suffix. */
static bool file_of(struct sheet *s, const char *dir, const char *txt)
{
	size_t base = strlen(txt) - 3; /* with its dot */
	bool found = false;
	DIR *d = opendir(dir);
	for (struct dirent *e; d && !found && (e = readdir(d));) {
		found = strncmp(e->d_name, txt, base) == 0 && strcmp(e->d_name, txt) != 0 &&
			!strchr(e->d_name + base, '.');
		if (found)
			snprintf(s->path, sizeof(s->path), "%s/%s", dir, e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

static int is_sheet(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return n > 4 && strcmp(d->d_name + n - 4, ".txt") == 0;
}

START_TEST(every_file_does_what_its_sheet_says)
{
	static struct sheet s;
	struct dirent **list;
	char dir[64];
	unsigned good = 0;

	const struct kst_format *format = kst_formats()[_i];
	snprintf(dir, sizeof(dir), "tests/corpus/%s", format->name);
	int nr = scandir(dir, &list, is_sheet, alphasort);
	ck_assert_msg(nr > 0, "%s is not there", dir);
	for (int i = 0; i < nr; i++) {
		read_sheet(&s, dir, list[i]->d_name);
		if (!file_of(&s, dir, list[i]->d_name))
			printf("%s/%s: its file is missing\n", dir, list[i]->d_name);
		else if (!as_told(&s, format->native != NULL))
			printf("%s: %s expected, not %s\n", s.path, line(&s, "expect", 0), why);
		else
			good++;
		free(list[i]);
	}
	free(list);
	printf("corpus %s: %u of %d as their sheets say\n", format->name, good, nr);
	fflush(stdout); /* a failed test ends without it */
	ck_assert_int_eq((int)good, nr);
}
END_TEST

Suite *test_corpus_own(void);
Suite *test_corpus_own(void)
{
	Suite *s = suite_create("corpus_own");
	TCase *t = tcase_create("folders");
	tcase_set_timeout(t, 60);
	int formats = 0;
	while (kst_formats()[formats])
		formats++;
	tcase_add_loop_test(t, every_file_does_what_its_sheet_says, 0, formats);
	suite_add_tcase(s, t);
	return s;
}
