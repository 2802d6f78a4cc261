/* SPDX-License-Identifier: ISC */
/* test_ca_index.c - lines of index.txt read and written, whatever stands in them; rows of CSV */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "kstool/ca_index.h"
#include "kstool/csv.h"
#include "kstool/kstool.h"

#define NR(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define V "V\t270228233918Z\t\t"

static const struct {
	const char *line;
	char state;
	int64_t not_after, revoked_at;
	int reason;
	const char *serial; /* hex; NULL: refused */
	const char *subject;
} lines[] = {
	{ V "1000\tunknown\t/CN=a", 'V', INT64_C(1803857958), 0, -1, "1000", "CN=a" },
	{ V "0F\tunknown\t/C=DE/O=Acme/CN=a", 'V', INT64_C(1803857958), 0, -1, "0f", "CN=a,O=Acme,C=DE" },
	{ V "00000000FF\tx.pem\t/CN=a\\/b", 'V', INT64_C(1803857958), 0, -1, "ff", "CN=a/b" },
	{ V "1\tunknown\t/CN=http://a.test/x", 'V', INT64_C(1803857958), 0, -1, "01", "CN=http://a.test/x" },
	{ V "1\tunknown\t/CN=caf\\xC3\\xA9\\+x", 'V', INT64_C(1803857958), 0, -1, "01", "CN=caf\xc3\xa9\\+x" },
	{ V "1\tunknown\t/O=A, Inc./CN=a\\\tb", 'V', INT64_C(1803857958), 0, -1, "01", NULL },
	{ V "1\tunknown\t", 'V', INT64_C(1803857958), 0, -1, "01", "" },
	{ V "1\tunknown\tfree text", 'V', INT64_C(1803857958), 0, -1, "01", "free text" },
	{ "E\t20510228233918Z\t\tABCDEF\tunknown\t/CN=a", 'E', INT64_C(2561240358), 0, -1, "abcdef", "CN=a" },
	{ "R\t270228233918Z\t261130233918Z\t1\tunknown\t/CN=a", 'R', INT64_C(1803857958), INT64_C(1796081958), -1, "01", "CN=a" },
	{ "R\t270228233918Z\t261130233918Z,keyCompromise\t1\tunknown\t/CN=a", 'R', INT64_C(1803857958), INT64_C(1796081958), 1, "01",
	  "CN=a" },
	{ "R\t270228233918Z\t261130233918Z,CACOMPROMISE\t1\tunknown\t/CN=a", 'R', INT64_C(1803857958), INT64_C(1796081958), 2, "01",
	  "CN=a" },
	{ "R\t270228233918Z\t261130233918Z,holdInstruction,holdInstructionReject\t1\tunknown\t/CN=a", 'R', INT64_C(1803857958),
	  INT64_C(1796081958), 6, "01", "CN=a" },
	{ "R\t270228233918Z\t261130233918Z,keyTime,20261101000000Z\t1\tunknown\t/CN=a", 'R', INT64_C(1803857958),
	  INT64_C(1796081958), 1, "01", "CN=a" },
	{ "R\t270228233918Z\t261130233918Z,unspecified\t1\tunknown\t/CN=a", 'R', INT64_C(1803857958), INT64_C(1796081958), 0, "01",
	  "CN=a" },
	/* ---- refused ---- */
	{ "", 0, 0, 0, 0, NULL, NULL },
	{ V "1\tunknown", 0, 0, 0, 0, NULL, NULL },
	{ V "1\tunknown\t/CN=a\tmore", 0, 0, 0, 0, NULL, NULL },
	{ "W\t270228233918Z\t\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ "VV\t270228233918Z\t\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ "V\t\t\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ "V\t271328233918Z\t\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ V "\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ V "0\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ V "-1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ V "0102030405060708090a0b0c0d0e0f101112131415\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ "V\t270228233918Z\t261130233918Z\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ "R\t270228233918Z\t\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ "R\t270228233918Z\t261130233918Z,\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ "R\t270228233918Z\t261130233918Z,removeFromCRL\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
	{ "R\t270228233918Z\t261130233918Z,stolen\t1\tunknown\t/CN=a", 0, 0, 0, 0, NULL, NULL },
};

START_TEST(a_line_is_what_openssl_means_or_it_is_refused)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_index_row r;
	char line[512];

	snprintf(line, sizeof(line), "%s", lines[_i].line);
	int rc = kst_index_parse(&r, line, &err);
	ck_assert_msg((rc == 0) == (lines[_i].serial != NULL), "%s: %s", lines[_i].line, err.message);
	if (rc < 0) {
		ck_assert_int_eq(err.code, KST_E_CORRUPT);
		return;
	}
	ck_assert_int_eq(r.state, lines[_i].state);
	ck_assert_int_eq(r.not_after, lines[_i].not_after);
	ck_assert_int_eq(r.state == 'R' ? r.revoked_at : 0, lines[_i].revoked_at);
	ck_assert_int_eq(r.reason, lines[_i].reason);
	kst_text_hex(&text, r.serial, r.serial_len);
	ck_assert_str_eq((char *)text.data, lines[_i].serial);
	kst_buf_reset(&text);
	kst_index_subject(r.subject, &text);
	if (lines[_i].subject)
		ck_assert_str_eq(text.data ? (char *)text.data : "", lines[_i].subject);
}
END_TEST

/* What was read is written again as it was, without any certificate. */
START_TEST(a_line_that_was_read_is_written_as_it_was)
{
	static const char *const same[] = { V "1000\tunknown\t/C=DE/O=Acme/CN=a",
					    V "0F\tunknown\t/CN=a\\/b",
					    V "0F\tunknown\t/CN=caf\\xC3\\xA9",
					    "R\t270228233918Z\t261130233918Z,keyCompromise\tFF\tunknown\t/CN=a",
					    "R\t20510228233918Z\t261130233918Z\tFF\tunknown\t/CN=a" };
	const int64_t now = INT64_C(1796081958);

	for (int i = 0; i < NR(same); i++) {
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT, out KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_index_row r;
		char line[512];

		snprintf(line, sizeof(line), "%s", same[i]);
		ck_assert_int_eq(kst_index_parse(&r, line, NULL), 0);
		kst_index_subject(r.subject, &text);
		struct kst_ca_row row = { .state = r.state == 'R' ? KST_CA_REVOKED : KST_CA_VALID,
					  .serial_len = r.serial_len,
					  .subject = (char *)text.data,
					  .not_after = r.not_after,
					  .revoked_at = r.revoked_at,
					  .reason = r.reason };
		memcpy(row.serial, r.serial, sizeof(row.serial));
		ck_assert_int_eq(kst_ca_index_line(&out, &row, now, NULL), 0);
		snprintf(line, sizeof(line), "%s\n", same[i]);
		ck_assert_str_eq((char *)out.data, line);
	}
	/* What is not signed gives no line; a name with a line feed gives one. */
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_ca_row row = { .state = KST_CA_PENDING, .serial = { 1 }, .serial_len = 1, .subject = "CN=a" };
	ck_assert_int_eq(kst_ca_index_line(&out, &row, now, NULL), 0);
	ck_assert_uint_eq(out.len, 0);
	row.state = KST_CA_VALID;
	row.subject = "no name\nV\tX";
	ck_assert_int_eq(kst_ca_index_line(&out, &row, now, NULL), 0);
	ck_assert_ptr_eq(strchr((char *)out.data, '\n'), (char *)out.data + out.len - 1);
}
END_TEST

START_TEST(damaged_lines_are_read_within_their_bounds)
{
	unsigned refused = 0, read = 0;

	for (int i = 0; i < NR(lines); i++)
		for (size_t at = 0; at < strlen(lines[i].line); at++)
			for (int c = 1; c < 256; c += 5) {
				struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
				struct kst_index_row r;
				/* Of its own size, so that a tool sees what is read behind its end. */
				char *line = kst_strdup(lines[i].line);

				line[at] = (char)c;
				if (kst_index_parse(&r, line, NULL) == 0) {
					kst_index_subject(r.subject, &text);
					ck_assert(r.serial_len >= 1 && r.serial_len <= 20 && r.serial[0]);
					read++;
				} else {
					refused++;
				}
				kst_free(line);
			}
	ck_assert_uint_gt(refused, 1000);
	ck_assert_uint_gt(read, 1000);
}
END_TEST

/* ---- CSV ---- */

static int join(void *ctx, const char *const *cell, size_t nr, size_t line, struct kst_error *err)
{
	(void)err;
	kst_buf_printf(ctx, "%zu", line);
	for (size_t i = 0; i < nr; i++)
		kst_buf_printf(ctx, "[%s]", cell[i]);
	kst_buf_puts(ctx, ";");
	return 0;
}

static const struct {
	const char *text, *rows; /* NULL: refused */
} csvs[] = {
	{ "", "" },
	{ "name,serial\na,1\n", "1[name][serial];2[a][1];" },
	{ "name\r\na\r\n", "1[name];2[a];" },
	{ "\xef\xbb\xbfname\na", "1[name];2[a];" },
	{ "\"a,\"\"b\"\"\",c\n", "1[a,\"b\"][c];" },
	{ "a,,\n", "1[a][][];" },
	{ "a\n\n\nb\n", "1[a];4[b];" },
	{ "\"a\nb\"\n", "2[a\nb];" },
	{ "a,\"b\"c\n", NULL },
	{ "\"a\n", NULL },
	{ "a\"b\n", NULL },
};

START_TEST(rows_of_csv)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	const struct kst_bytes text = { (const uint8_t *)csvs[_i].text, strlen(csvs[_i].text) };
	int rc = kst_csv_each(text, join, &out, &err);

	ck_assert_msg((rc == 0) == (csvs[_i].rows != NULL), "%s: %s", csvs[_i].text, err.message);
	if (rc == 0)
		ck_assert_str_eq(out.data ? (char *)out.data : "", csvs[_i].rows);
	else
		ck_assert_int_eq(err.code, KST_E_CORRUPT);
}
END_TEST

START_TEST(a_row_has_64_cells_at_most_and_no_nul)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT, out KST_SCRATCH_BUF = KST_BUF_INIT;

	for (int i = 0; i < KST_CSV_CELLS - 1; i++)
		kst_buf_puts(&text, "x,");
	kst_buf_puts(&text, "x\n");
	ck_assert_int_eq(kst_csv_each((struct kst_bytes){ text.data, text.len }, join, &out, NULL), 0);
	text.data[text.len - 1] = ',';
	ck_assert_int_eq(kst_csv_each((struct kst_bytes){ text.data, text.len }, join, &out, NULL), -1);
	ck_assert_int_eq(kst_csv_each((struct kst_bytes){ (const uint8_t *)"a\0b\n", 4 }, join, &out, NULL), -1);
}
END_TEST

Suite *test_ca_index(void)
{
	Suite *s = suite_create("ca_index");
	TCase *t = tcase_create("ca_index");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_line_is_what_openssl_means_or_it_is_refused, 0, NR(lines));
	tcase_add_test(t, a_line_that_was_read_is_written_as_it_was);
	tcase_add_test(t, damaged_lines_are_read_within_their_bounds);
	tcase_add_loop_test(t, rows_of_csv, 0, NR(csvs));
	tcase_add_test(t, a_row_has_64_cells_at_most_and_no_nul);
	suite_add_tcase(s, t);
	return s;
}
