/* SPDX-License-Identifier: ISC */
/*
 * test_pem_corpus.c - every PEM and DER file of other projects' test data: opened,
 * each key with the passphrase that goes with it; or refused where its own
 * project's tests say that it must be.  Where kstool decides otherwise, the
 * reason stands here.
 */
#include "corpora.h"

/* ---- what is decided otherwise, and what is known better than the list ---- */

static const struct exception {
	const char *file, *slug; /* "success" or the error */
	const char *why;
} exceptions[] = {
	/* Bundles are signed data; these are not. */
	{ "openssl/test/pkcs7.pem", "unsupported-feature", "PKCS#7 enveloped data" },
	{ "pkcs7/enveloped", "unsupported-feature", "PKCS#7 enveloped data" },
	{ "malformed.pkcs7", "corrupt", "its name says it" },
	/* "See test source" of OpenSSL's own list: */
	{ "04-test_pem_reading_data/beermug.pem", "corrupt",
	  "a drawing inside the base64; OpenSSL stops reading at its first '-'" },
	{ "04-test_pem_reading_data/csr.pem", "success", "a request" },
	{ "04-test_pem_reading_data/dsaparam.pem", "success", "parameters, kept as they are" },
	{ "04-test_pem_reading_data/key.pem", "success", "a key" },
};

static const struct passphrase {
	const char *file, *pass;
} passphrases[] = {
	/* OpenSSL's verdict is about the file, not about a missing passphrase. */
	{ "04-test_pem_reading_data/dsa", "wellknown" },
	{ "Traditional_OpenSSL_Serialization/key1", "123456" },
	{ "PKCS8/bad-encryption-oid", "password" },
	{ "PKCS8/enc-unknown-", "password" },
	{ "PKCS8/enc-rsa-pkcs8-pbkdf2-0iter", "password" },
	{ "PKCS8/rsa-rc2-cbc-effective-key-length", "password" },
	/* Found by trying. */
	{ "openssl/test/data/dsa/", "changeit" },
	{ "openssl/test/data/rsa/", "changeit" },
	{ "openssl/test/data/pkcs8/", "changeit" },
	{ "openssl/test/pkcs8test.pem", "password" },
	{ "pem-rfc7468/tests/examples/pkcs8-enc", "hunter42" },
	{ "certs/key-pass-12345.pem", "12345" },
};

static const struct exception *exception_of(const char *path)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (strstr(path, exceptions[i].file))
			return &exceptions[i];
	return NULL;
}

static const char *passphrase_of(const char *path)
{
	for (size_t i = 0; i < sizeof(passphrases) / sizeof(passphrases[0]); i++)
		if (strstr(path, passphrases[i].file))
			return passphrases[i].pass;
	return NULL;
}

/* ---- the list ---- */

static bool is_ours(const char *kind)
{
	return strncmp(kind, "PEM:", 4) == 0 || strcmp(kind, "DER:X509") == 0 ||
	       strncmp(kind, "PKCS8-enc", 9) == 0;
}

/* ---- one file ---- */

static int answer(void *ctx, const struct kst_question *q, struct kst_secret *out,
		  enum kst_ask_source *source, struct kst_error *err)
{
	const char *pass = ctx;
	if (!pass || q->attempt)
		return 1;
	*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, pass, strlen(pass), err);
}

struct counts {
	size_t keys, certs;
};

/* The slug of what happened, "success" if all could be read and opened. */
static const char *use(const struct corpora_row *row, struct counts *counts, struct kst_error *err)
{
	struct kst_asker asker = { answer, (void *)(uintptr_t)row->pass };
	struct kst_open_options opt = { .asker = &asker, .insecure_permissions = true };
	struct kst_store *s = NULL;
	const char *slug = "success";

	if (kst_store_open(&s, row->path, &opt, err) < 0)
		return kst_code_slug(err->code);
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e = NULL;
		ck_assert_int_eq(kst_store_entry(s, i, &e, err), 0);
		counts->keys += e->kind == KST_KIND_KEY;
		counts->certs += e->chain.nr;
		if (e->kind != KST_KIND_KEY)
			continue;
		if (kst_store_open_key(s, i, err) < 0) {
			slug = kst_code_slug(err->code);
			break;
		}
		ck_assert_msg(!e->chain.nr || kst_key_matches(e->key, e->chain.cert[0]) != 0,
			      "%s: a chain that is another key's", row->path);
	}
	kst_store_free(s);
	return slug;
}

static unsigned nr, as_said, decided, opened, locked, bad;

static void judge(const struct corpora_row *row)
{
	struct kst_error err = KST_ERROR_INIT;
	struct counts counts = { 0, 0 };
	const char *expected = row->expected, *slug = use(row, &counts, &err);
	const struct exception *x = exception_of(row->path);
	bool good = strcmp(slug, "success") == 0;
	bool loads = strncmp(expected, "loads", 5) == 0;
	bool fails = strncmp(expected, "must-fail", 9) == 0;

	nr++;
	if (!good)
		ck_assert_msg(*err.message, "%s fails without a word", row->path);
	if (x) {
		if (strcmp(slug, x->slug) == 0) {
			decided++;
			printf("%s: %s, %s\n", row->file, slug, x->why);
			return;
		}
	} else if (loads || fails) {
		/* A list made by hand: no passphrase is known to it for what only has to be readable. */
		if (!row->pass && strcmp(slug, "passphrase-needed") == 0)
			good = true;
		bool counted = !good || !row->pass ||
			       counts.keys == row->keys;
		if (good == loads && counted) {
			if (fails)
				printf("%s: refused, %s\n", row->file, err.message);
			as_said++;
			return;
		}
	} else if (good) {
		opened++;
		return;
	} else if (!row->pass && strcmp(slug, "passphrase-needed") == 0) {
		locked++;
		printf("%s: nobody knows its passphrase\n", row->file);
		return;
	}
	bad++;
	printf("%s: %s expected, not %s (%zu keys) %s\n", row->path, x ? x->slug : expected, slug,
	       counts.keys, err.message);
}

static void one(const struct corpora_row *listed)
{
	struct corpora_row row = *listed;
	const char *better = passphrase_of(row.path);

	if (!is_ours(row.kind))
		return;
	if (better)
		row.pass = better;
	judge(&row);
}

START_TEST(files_of_other_projects_read_as_their_tests_say)
{
	if (!corpora_each(NULL, one))
		return;
	printf("PEM and DER: of %u files %u as their projects say, %u as decided here, %u without "
	       "verdict opened, %u read and locked\n", nr, as_said, decided, opened, locked);
	ck_assert_uint_gt(nr, 0);
	ck_assert_uint_eq(bad, 0);
}
END_TEST

Suite *test_pem_corpus(void);
Suite *test_pem_corpus(void)
{
	Suite *s = suite_create("pem_corpus");
	TCase *t = tcase_create("corpora");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, files_of_other_projects_read_as_their_tests_say);
	suite_add_tcase(s, t);
	return s;
}
