/* SPDX-License-Identifier: ISC */
/* test_ca_batch.c - rows of a batch from hostile files; the same work by many threads */
#include "filedir.h"

#include <stdatomic.h>

static struct kst_ca_batch batch;
static struct kst_error err;

static int read_text(const void *text, size_t n)
{
	char path[128];
	FILE *f;
	int ret;

	snprintf(path, sizeof(path), "%s/batch", dir);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	fwrite(text, 1, n, f);
	fclose(f);
	kst_error_clear(&err);
	kst_ca_batch_release(&batch);
	ret = kst_ca_batch_read(&batch, path, &err);
	ck_assert_int_eq(ret, err.code == KST_OK ? 0 : -1);
	return ret;
}
#define READ(text) read_text(text, sizeof(text) - 1)

START_TEST(csv_as_spreadsheets_write_it)
{
	ck_assert_int_eq(READ("\xef\xbb\xbfsan,name\r\n\"a b\",\"x\"\"y\"\r\n,\"two\nlines\"\r\n\r\nlast,z"), 0);
	ck_assert_uint_eq(batch.nr, 3);
	ck_assert_str_eq(batch.row[0].name, "x\"y");
	ck_assert_str_eq(batch.row[0].san, "a b");
	ck_assert_ptr_null(batch.row[0].days);
	ck_assert_str_eq(batch.row[1].name, "two\nlines");
	ck_assert_ptr_null(batch.row[1].san);
	ck_assert_str_eq(batch.row[2].name, "z");
	ck_assert_uint_eq(batch.row[2].line, 6);
}
END_TEST

START_TEST(json_one_object_a_line)
{
	ck_assert_int_eq(READ("{\"name\":\"a\",\"days\":3,\"san\":[\"dns:x\",\"uri:y\"],\"alias\":null}\n\n {\"name\":\"b\"}"), 0);
	ck_assert_uint_eq(batch.nr, 2);
	ck_assert_str_eq(batch.row[0].days, "3");
	ck_assert_str_eq(batch.row[0].san, "dns:x uri:y");
	ck_assert_ptr_null(batch.row[0].alias);
	ck_assert_uint_eq(batch.row[1].line, 3);
}
END_TEST

static const struct {
	const char *text;
	size_t n;
	enum kst_code code;
} bad[] = {
#define BAD(text, code) { text, sizeof(text) - 1, KST_E_##code }
	BAD("", EMPTY_FILE),
	BAD(" \n\t\n", EMPTY_FILE),
	BAD("name\n\"a", CORRUPT),
	BAD("name\na\"b\n", CORRUPT),
	BAD("name\n\"a\"b\n", CORRUPT),
	BAD("name,name\na,b\n", CORRUPT),
	BAD("name\na\0b\n", CORRUPT),
	BAD("name,\na,\n", CORRUPT),
	BAD("name\n\xc3\n", CORRUPT),
	BAD("{\"name\":\"a\",\"name\":\"b\"}", CORRUPT),
	BAD("{\"name\":{}}", CORRUPT),
	BAD("{\"name\":1.5}", CORRUPT),
	BAD("{\"san\":[1]}", CORRUPT),
	BAD("{\"name\":\"a\\u0000b\"}", CORRUPT),
	BAD("{\"name\":\"a\"} x", CORRUPT),
	BAD("{\"name\":", CORRUPT),
	BAD("{}\nname\n", CORRUPT),
};
START_TEST(what_is_no_batch_is_said_to_be_none)
{
	ck_assert_int_eq(read_text(bad[_i].text, bad[_i].n), -1);
	ck_assert_msg(err.code == bad[_i].code, "%s: %s [%s]", bad[_i].text, err.message, kst_code_slug(err.code));
}
END_TEST

/* Every end of a good file, and each of its bytes another: an answer, and no more rows than there are lines. */
START_TEST(cut_and_altered)
{
	static const char good[] = "name,san,days\n\"a,1\",uri:x,3\nb,,\n";
	static const char json[] = "{\"name\":\"a\",\"san\":[\"x\"],\"days\":3}\n{\"name\":\"b\"}\n";
	static const char *const file[] = { good, json };
	static const size_t len[] = { sizeof(good) - 1, sizeof(json) - 1 };

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < len[k]; i++) {
			char copy[128];

			read_text(file[k], i);
			ck_assert_uint_le(batch.nr, 3);
			for (int c = 0; c < 256; c += 3) {
				memcpy(copy, file[k], len[k]);
				copy[i] = (char)c;
				read_text(copy, len[k]);
				ck_assert_uint_le(batch.nr, 4);
			}
		}
}
END_TEST

static void drop_batch(void)
{
	kst_ca_batch_release(&batch);
	teardown();
}

/* ---- threads ---- */

static atomic_int done[1000];

static void once(void *ctx, size_t i)
{
	/* The arena is everybody's. */
	char *p = kst_asprintf("%zu", i);

	atomic_fetch_add(&done[i], p != NULL);
	kst_free(p);
	atomic_fetch_add((atomic_size_t *)ctx, 1);
}

static size_t last_told, most;
static void told(void *ctx, const char *what, size_t n, size_t total)
{
	(void)ctx;
	ck_assert_str_eq(what, "working");
	ck_assert_uint_eq(total, 2000);
	if (n > most)
		most = n;
	last_told = n;
}

static const unsigned crews[] = { 0, 1, 2, 7, 64, 5000 };
START_TEST(each_piece_of_work_is_done_once)
{
	struct kst_progress p = { told, NULL };
	atomic_size_t count = 0;

	kst_parallel(crews[_i], 1000, once, &count, &p, "working", 500, 2000);
	ck_assert_uint_eq(count, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(done[i], 1);
	ck_assert_uint_eq(last_told, 1500);
	ck_assert_uint_eq(most, 1500);
	kst_parallel(crews[_i], 0, once, &count, &p, "working", 0, 2000);
	ck_assert_uint_eq(count, 1000);
	ck_assert_uint_ge(kst_cpus(), 1);
}
END_TEST

Suite *test_ca_batch(void)
{
	Suite *s = suite_create("ca_batch");
	TCase *t = tcase_create("rows");

	tcase_add_checked_fixture(t, setup, drop_batch);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, csv_as_spreadsheets_write_it);
	tcase_add_test(t, json_one_object_a_line);
	tcase_add_loop_test(t, what_is_no_batch_is_said_to_be_none, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, cut_and_altered);
	suite_add_tcase(s, t);
	t = tcase_create("threads");
	tcase_add_loop_test(t, each_piece_of_work_is_done_once, 0, 6);
	suite_add_tcase(s, t);
	return s;
}
