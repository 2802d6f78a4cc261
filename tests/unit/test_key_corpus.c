/* SPDX-License-Identifier: ISC */
/*
 * test_key_corpus.c - every private key file of other projects' test data: opened
 * where its source says that it opens, refused in words where it says so
 */
#include "corpora.h"
#include "keyfile.h"

struct count {
	unsigned opened, refused, tried;
};

static struct count count;

static void one(const struct corpora_row *row)
{
	const char *path = row->path, *expected = row->expected;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL;
	struct keyfile f = { .label = "" };
	bool must_load = !strncmp(expected, "loads", 5),
	     must_fail = !strncmp(expected, "must-fail", 9);

	if (strcmp(row->kind, "PKCS8-enc") != 0 && !strstr(row->kind, "PRIVATE KEY"))
		return;
	/* This reader of PEM is too simple for files of many blocks, and for those that
	 * test such readers. */
	if (strchr(row->kind, '+') || strstr(row->file, "04-test_pem_reading_data") ||
	    strstr(row->file, "no-dek-info"))
		return;
	ck_assert_msg(slurp(path, &text), "%s", path);
	if (text.data[0] == 0x30)
		kst_buf_put(&f.der, text.data, text.len);
	else if (!keyfile_pem((const char *)text.data, &f)) {
		ck_assert_msg(!must_load, "%s: no PEM", path);
		kst_buf_release(&f.der);
		return;
	}
	bool known = row->pass;
	/* What Bouncy Castle's tests use for the files whose rows name no passphrase. */
	const char *pass_text = known ? row->pass : "changeit";
	struct kst_secret pass = pass_of(pass_text, strlen(pass_text));
	int rc = keyfile_key(&f, &key, &err);
	if (rc == 0 && kst_key_is_sealed(key)) {
		struct kst_secret wrong = PASS("not it at all");
		struct kst_error other = KST_ERROR_INIT;
		int no = kst_key_open_with(key, &wrong, &other);
		ck_assert_msg(no != 0, "%s opened by a wrong passphrase", path);
		rc = kst_key_open_with(key, &pass, &err);
		/* A wrong passphrase is no error, and an error does not depend on the passphrase.
		 */
		ck_assert_msg(rc != 0 || no == 1, "%s: %s", path, other.message);
		ck_assert_msg((rc == 1) == (err.code == KST_OK) || rc == 0, "%s", path);
		kst_secret_release(&wrong);
	}
	if (rc == 0) {
		struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
		ck_assert_msg(kst_key_spki(key, &spki, &err) >= 0, "%s: %s", path, err.message);
	}
	if (getenv("KST_VERBOSE"))
		printf("%s: %d %s %s\n", path, rc, err.message, expected);
	if (must_load)
		ck_assert_msg(rc == 0, "%s: %d %s", path, rc, err.message);
	if (must_fail && known)
		ck_assert_msg(rc != 0, "%s", path);
	if (must_fail && strstr(expected, "header"))
		ck_assert_msg(rc == -1 &&
				      (err.code == KST_E_CORRUPT || err.code == KST_E_UNSUPPORTED ||
				       err.code == KST_E_BAD_KEY),
			      "%s: %d %s", path, rc, err.message);
	if (rc < 0)
		ck_assert_msg(err.message[0], "%s", path);
	count.tried++;
	count.opened += rc == 0;
	count.refused += rc < 0;
	kst_key_free(key);
	kst_secret_release(&pass);
	kst_buf_release(&f.der);
}

START_TEST(keys_of_other_projects_open_or_are_refused_in_words)
{
	if (!corpora_each(NULL, one))
		return;
	printf("corpus: %u private keys, %u opened, %u refused\n", count.tried, count.opened,
	       count.refused);
	ck_assert_uint_gt(count.opened, 100);
	ck_assert_uint_gt(count.refused, 5);
}
END_TEST

Suite *test_key_corpus(void)
{
	Suite *s = suite_create("key_corpus");
	TCase *t = tcase_create("corpus");
	tcase_set_timeout(t, 300);
	tcase_add_test(t, keys_of_other_projects_open_or_are_refused_in_words);
	suite_add_tcase(s, t);
	return s;
}
