/* SPDX-License-Identifier: ISC */
/*
 * test_key_corpus.c - every private key file of other projects' test data: opened
 * where its source says that it opens, refused in words where it says so
 */
#include "keyfile.h"

/* "null" and "-": no passphrase known. */
static bool json_text(const char *json, struct kst_buf *out)
{
	kst_buf_reset(out);
	kst_buf_puts(out, "");
	if (*json != '"')
		return false;
	for (json++; *json && *json != '"'; json++) {
		unsigned cp;
		uint8_t utf8[4];
		if (*json != '\\') {
			kst_buf_u8(out, (uint8_t)*json);
		} else if (*++json == 'u' && sscanf(json + 1, "%4x", &cp) == 1) {
			kst_buf_put(out, utf8, kst_utf8_encode(cp, utf8));
			json += 4;
		} else {
			kst_buf_u8(out, *json == 'n' ? '\n' : (uint8_t)*json);
		}
	}
	return true;
}

struct count {
	unsigned opened, refused, tried;
};

static void one(const char *path, const char *pass_json, const char *expected, struct count *count)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT,
			    pass_text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL;
	struct keyfile f = { .label = "" };
	bool must_load = !strncmp(expected, "loads", 5),
	     must_fail = !strncmp(expected, "must-fail", 9);

	ck_assert_msg(slurp(path, &text), "%s", path);
	if (text.data[0] == 0x30)
		kst_buf_put(&f.der, text.data, text.len);
	else if (!keyfile_pem((const char *)text.data, &f)) {
		ck_assert_msg(!must_load, "%s: no PEM", path);
		kst_buf_release(&f.der);
		return;
	}
	bool known = json_text(pass_json, &pass_text);
	/* What Bouncy Castle's tests use for the files whose rows name no passphrase. */
	if (!known)
		kst_buf_puts(&pass_text, "changeit");
	struct kst_secret pass = pass_of((const char *)pass_text.data, pass_text.len);
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
	count->tried++;
	count->opened += rc == 0;
	count->refused += rc < 0;
	kst_key_free(key);
	kst_secret_release(&pass);
	kst_buf_release(&f.der);
}

START_TEST(keys_of_other_projects_open_or_are_refused_in_words)
{
	char path[1024], line[4096];
	struct count count = { 0, 0, 0 };

	snprintf(path, sizeof(path), "%s/CORE.tsv", corpora());
	FILE *tsv = fopen(path, "r");
	if (!tsv) {
		printf("skipped: %s is not there\n", path);
		return;
	}
	while (fgets(line, sizeof(line), tsv)) {
		char *field[8], *p = line;
		int n = 0;
		for (; n < 8 && p; n++)
			field[n] = strsep(&p, "\t");
		if (n < 8 ||
		    (strcmp(field[2], "PKCS8-enc") != 0 && !strstr(field[2], "PRIVATE KEY")))
			continue;
		/* This reader of PEM is too simple for files of many blocks, and for those that
		 * test such readers. */
		if (strchr(field[2], '+') || strstr(field[1], "04-test_pem_reading_data") ||
		    strstr(field[1], "no-dek-info"))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", corpora(), field[0], field[1]);
		one(path, field[3], field[6], &count);
	}
	fclose(tsv);
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
