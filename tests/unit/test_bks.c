/* SPDX-License-Identifier: ISC */
/* test_bks.c - BKS and UBER: the corpus of other projects, writing, what stays, every failure */
#include <sys/stat.h>

#include "crypto/bks_key.h"
#include "harvest.h"
#include "party.h"
#include "shelf.h"

/* ---- files of Bouncy Castle and pyjks, and what their tests say of them ---- */

static const struct known {
	const char *file, *pass, *key_pass;
	const char *entries; /* a letter each: k key, c certificate, s secret, p public, o bytes; NULL: refused */
	bool keys_open;      /* all private keys open with key_pass */
} known[] = {
	{ "bc-java/src/KeyStoreTest/v1BKS.bks", "fredfred", NULL, "s", true },
	{ "bc-java/src/KeyStoreTest/v2BKS.bks", "fredfred", NULL, "s", true },
	{ "bc-java/src/KeyStoreTest/v1UBER.bks", "fredfred", NULL, "s", true },
	{ "bc-java/src/KeyStoreTest/v2UBER.bks", "fredfred", NULL, "s", true },
	{ "bc-java/src/KeyStoreTest/negSaltBKS.bks", "fredfred", NULL, NULL, true },
	{ "pyjks/bks/christmas.bksv1", "12345678", "12345678", "ckopss", true },
	{ "pyjks/bks/christmas.bksv2", "12345678", "12345678", "ckopss", true },
	{ "pyjks/uber/christmas.uber", "12345678", "12345678", "ckopss", true },
	/* A private, a public and a secret key, each with a chain and a passphrase of its own: what they
	 * are is sealed, so all three are taken for private keys. */
	{ "pyjks/bks/custom_entry_passwords.bksv1", "store_password", "private_password", "kkk", false },
	{ "pyjks/bks/custom_entry_passwords.bksv2", "store_password", "private_password", "kkk", false },
	{ "pyjks/uber/custom_entry_passwords.uber", "store_password", "private_password", "kkk", false },
	{ "pyjks/bks/empty.bksv1", "", NULL, "", true },
	{ "pyjks/bks/empty.bksv2", "", NULL, "", true },
	{ "pyjks/uber/empty.uber", "", NULL, "", true },
};

static int answer(void *ctx, const struct kst_question *q, struct kst_secret *out,
		  enum kst_ask_source *source, struct kst_error *err)
{
	const struct known *k = ctx;
	const char *text = q->what == KST_ASK_STORE ? k->pass : q->what == KST_ASK_KEY ? k->key_pass : NULL;
	*source = KST_SOURCE_GIVEN;
	return !text || q->attempt ? 1 : kst_secret_set(out, text, strlen(text), err);
}

static char letter(const struct kst_entry *e)
{
	return e->kind == KST_KIND_KEY	  ? 'k'
	       : e->kind == KST_KIND_CERT ? 'c'
	       : e->kind == KST_KIND_SECRET ? 's'
	       : kst_entry_is_public_key(e) ? 'p'
					    : 'o';
}

static int by_letter(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static bool as_known(const struct known *k, const char *path)
{
	struct kst_asker asker = { answer, (void *)(uintptr_t)k };
	struct kst_open_options opt = { .asker = &asker };
	struct kst_error err = KST_ERROR_INIT;
	struct kst_store *s = NULL;
	char kinds[16] = "";
	size_t opened = 0, keys = 0;

	if (kst_store_open(&s, path, &opt, &err) < 0) {
		if (k->entries)
			printf("%s: %s\n", path, err.message);
		return !k->entries;
	}
	for (size_t i = 0; i < kst_store_count(s) && i < 15; i++) {
		struct kst_entry *e;
		ck_assert_int_eq(kst_store_entry(s, i, &e, NULL), 0);
		kinds[i] = letter(e);
		if (e->kind == KST_KIND_KEY) {
			keys++;
			opened += kst_store_open_key(s, i, NULL) == 0 && kst_key_matches(e->key, kst_entry_leaf(e)) == 1;
		}
	}
	qsort(kinds, strlen(kinds), 1, by_letter);
	kst_store_free(s);
	bool ok = k->entries && !strcmp(kinds, k->entries) && (k->keys_open ? opened == keys : opened == 1);
	if (!ok)
		printf("%s: %s, %zu of %zu keys open\n", path, kinds, opened, keys);
	return ok;
}

START_TEST(files_of_others_do_as_is_known_of_them)
{
	const char *dir = corpora_dir();
	unsigned good = 0, nr = sizeof(known) / sizeof(known[0]), there = 0;
	struct stat st;
	char path[512];

	if (stat(dir, &st) < 0) {
		printf("skipped: no corpora in %s\n", dir);
		return;
	}
	for (unsigned i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, known[i].file);
		there += stat(path, &st) == 0;
		good += as_known(&known[i], path);
	}
	printf("bks corpus: %u of %u as known\n", good, nr);
	ck_assert_uint_eq(there, nr);
	ck_assert_uint_eq(good, nr);
}
END_TEST

/* ---- writing ---- */

static struct party root, leaf;

static void begin(void)
{
	if (root.key)
		return;
	root = party_new("Root", NULL, 1, NULL);
	leaf = party_new("leaf", "DNS:leaf.test", 0, &root);
}

static struct kst_entry *secret_entry(const char *alias)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	e->alias = kst_strdup(alias);
	e->secret_alg = kst_strdup("AES");
	ck_assert_int_eq(kst_secret_set(&e->secret, "0123456789abcdef", 16, NULL), 0);
	return e;
}

static void make(struct shelf *shelf)
{
	struct kst_store *s = shelf_new(shelf, "a.bks", "bks");
	shelf_add(shelf, s, party_entry("Web", &leaf, PARTIES(&leaf, &root)));
	shelf_add(shelf, s, party_entry("web", NULL, PARTIES(&root)));
	shelf_add(shelf, s, secret_entry("aes"));
	shelf_close(shelf, s);
}

static const uint8_t *slurp(const struct shelf *shelf, struct kst_buf *out)
{
	kst_buf_reset(out);
	ck_assert(corpora_slurp(shelf_path(shelf, "a.bks"), out));
	return out->data;
}

START_TEST(what_was_written_is_there_and_sealed)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_entry *e;
	struct shelf shelf;
	shelf_begin(&shelf);
	make(&shelf);
	slurp(&shelf, &file);
	ck_assert_int_eq(memcmp(file.data, "\0\0\0\2\0\0\0\x14", 8), 0);
	ck_assert_ptr_null(memmem(file.data, file.len, "0123456789abcdef", 16));
	ck_assert_uint_eq(shelf_mode(&shelf, "a.bks"), 0600);
	struct kst_store *s = shelf_open(&shelf, "a.bks", false);
	ck_assert_str_eq(kst_store_format(s)->name, "bks");
	ck_assert_uint_eq(kst_store_count(s), 3);
	ck_assert_int_eq(kst_store_entry(s, 0, &e, NULL), 0);
	ck_assert_str_eq(e->alias, "Web"); /* its case stays */
	ck_assert(kst_key_is_sealed(e->key));
	ck_assert_uint_eq(shelf.asked[KST_ASK_KEY], 0);
	ck_assert_int_eq(kst_store_open_key(s, 0, NULL), 0);
	ck_assert_int_eq(kst_key_matches(e->key, kst_entry_leaf(e)), 1);
	ck_assert_int_eq(kst_store_entry(s, 1, &e, NULL), 0);
	ck_assert(e->trusted);
	ck_assert_int_eq(kst_store_entry(s, 2, &e, NULL), 0);
	ck_assert_str_eq(e->secret_alg, "AES");
	ck_assert_uint_eq(e->secret.len, 16);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

START_TEST(what_nobody_touches_stays_byte_for_byte)
{
	struct kst_buf a KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct shelf shelf;
	shelf_begin(&shelf);
	make(&shelf);
	slurp(&shelf, &a);
	struct kst_store *s = shelf_open(&shelf, "a.bks", true);
	ck_assert_int_eq(kst_store_rename(s, 1, "ca", NULL), 0);
	shelf_close(&shelf, s);
	slurp(&shelf, &b);
	ck_assert_uint_eq(a.len, b.len + 1);
	/* From the header to the first entry's end: type, alias, date, chain, sealed key. */
	ck_assert_int_eq(memcmp(a.data + 32, b.data + 32, 600), 0);
	/* A renamed key keeps its seal. */
	s = shelf_open(&shelf, "a.bks", true);
	ck_assert_int_eq(kst_store_rename(s, 0, "xyz", NULL), 0);
	shelf_close(&shelf, s);
	slurp(&shelf, &a);
	ck_assert_ptr_nonnull(memmem(a.data, a.len, "\0\3xyz", 5));
	ck_assert_int_eq(memcmp(a.data + 40, b.data + 40, 560), 0);
	shelf_end(&shelf);
}
END_TEST

START_TEST(no_other_format_takes_the_seal_for_its_own)
{
	struct kst_entry *e, *copy = NULL;
	struct shelf shelf;
	shelf_begin(&shelf);
	make(&shelf);
	struct kst_store *s = shelf_open(&shelf, "a.bks", false);
	ck_assert_int_eq(kst_store_entry(s, 0, &e, NULL), 0);
	ck_assert(kst_key_is_sealed(e->key));
	ck_assert_int_eq(kst_entry_copy(&copy, e, NULL), 0);
	struct kst_store *p12 = shelf_new(&shelf, "a.p12", "p12");
	struct kst_save_options opt = shelf_save();
	shelf_add(&shelf, p12, copy);
	ck_assert_int_eq(kst_store_save(p12, &opt, NULL, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_PASSPHRASE_NEEDED);
	kst_store_free(p12);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

START_TEST(every_changed_bit_is_noticed)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_store *s = NULL;
	struct shelf shelf;
	shelf_begin(&shelf);
	s = shelf_new(&shelf, "a.bks", "bks");
	shelf_add(&shelf, s, party_entry("r", NULL, PARTIES(&root)));
	shelf_close(&shelf, s);
	slurp(&shelf, &file);
	/* Salt, entries and MAC; the iterations, which decide how long it takes, are left out. */
	for (size_t at = 8; at < file.len; at++) {
		if (at >= 28 && at < 32)
			continue;
		file.data[at] ^= 1u << at % 8;
		shelf_put(&shelf, "b.bks", file.data, file.len);
		ck_assert_msg(shelf_try_open(&shelf, "b.bks", false, &s) < 0, "byte %zu", at);
		ck_assert(shelf.err.code == KST_E_WRONG_PASSPHRASE || shelf.err.code == KST_E_UNKNOWN_FORMAT);
		file.data[at] ^= 1u << at % 8;
	}
	shelf_end(&shelf);
}
END_TEST

START_TEST(an_old_version_is_warned_of_and_saved_as_the_new_one)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_store *s = NULL;
	struct shelf shelf;
	shelf_begin(&shelf);
	shelf.pass = "secret-pass";
	if (!corpora_slurp("tests/corpus/bks/good-version-1.bks", &file))
		ck_abort_msg("the corpus is not there");
	shelf_put(&shelf, "a.bks", file.data, file.len);
	s = shelf_open(&shelf, "a.bks", true);
	ck_assert(shelf_noted(&shelf, "weak-integrity"));
	ck_assert_int_eq(kst_store_rename(s, 0, "renamed", NULL), 0);
	shelf_close(&shelf, s);
	slurp(&shelf, &file);
	ck_assert_uint_eq(file.data[3], 2);
	shelf_end(&shelf);
}
END_TEST

START_TEST(only_what_begins_like_one_is_claimed)
{
	static const struct kst_format *bks, *uber;
	uint8_t head[128] = { 0, 0, 0, 2, 0, 0, 0, 20 };
	bks = kst_format_by_name("bks");
	uber = kst_format_by_name("uber");
	head[30] = 4; /* 1024 iterations */
	head[32] = 1;
	ck_assert_int_eq(bks->probe(head, sizeof(head), true), 70);
	ck_assert_int_eq(uber->probe(head, sizeof(head), true), 0);
	head[32] = 9; /* no type: encrypted, where the blocks are whole */
	ck_assert_int_eq(bks->probe(head, sizeof(head), true), 0);
	ck_assert_int_eq(uber->probe(head, sizeof(head), true), 50);
	ck_assert_int_eq(uber->probe(head, sizeof(head) - 1, true), 0);
	head[3] = 3;
	ck_assert_int_eq(uber->probe(head, sizeof(head), true), 0);
	head[3] = 1;
	head[7] = 200;
	ck_assert_int_eq(bks->probe(head, sizeof(head), true), 0);
	for (size_t n = 0; n <= sizeof(head); n++) {
		bks->probe(head, n, true);
		uber->probe(head, n, false);
	}
}
END_TEST

Suite *test_bks(void);
Suite *test_bks(void)
{
	Suite *s = suite_create("bks");
	TCase *t = tcase_create("files");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, files_of_others_do_as_is_known_of_them);
	tcase_add_test(t, what_was_written_is_there_and_sealed);
	tcase_add_test(t, what_nobody_touches_stays_byte_for_byte);
	tcase_add_test(t, no_other_format_takes_the_seal_for_its_own);
	tcase_add_test(t, every_changed_bit_is_noticed);
	tcase_add_test(t, an_old_version_is_warned_of_and_saved_as_the_new_one);
	tcase_add_test(t, only_what_begins_like_one_is_claimed);
	suite_add_tcase(s, t);
	return s;
}
