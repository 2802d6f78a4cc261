/* SPDX-License-Identifier: ISC */
/* test_out.c - text, plain and JSON from one table; escapes; what a failure leaves on stdout */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "ui/out_impl.h"

struct row {
	const char *alias, *name, *state;
	int64_t days, until;
	bool ca;
	const uint8_t *hash;
};
#define AT(member) offsetof(struct row, member)
static const struct field fields[] = {
	{ "alias", "ALIAS", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(alias) },
	{ "name", "NAME", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_MIDDLE, AT(name) },
	{ "days", "DAYS", F_INT, FF_TEXT | FF_JSON | FF_PLAIN | FF_RIGHT | FF_DROP1, AT(days) },
	{ "ca", "CA", F_BOOL, FF_JSON, AT(ca) },
	{ "state", "STATE", F_STATE, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(state) },
	{ "until", "UNTIL", F_TIME, FF_TEXT | FF_JSON | FF_PLAIN | FF_DROP2, AT(until) },
	{ "sha256", NULL, F_HEX32, FF_JSON | FF_PLAIN, AT(hash) },
	{ .key = NULL }
};
static const uint8_t hash[32] = { 0xab, 0xcd };
static const struct row rows[] = {
	{ "api", "api.acme.test", "WARN", 11, 1796496603, false, hash },
	{ "b\xc3\xa4h", "x", "ok", 3000, 0, true, NULL },
};

static struct out *o;
static FILE *file, *talk;
static char text[65536];

static void open_out(enum out_mode mode, const char *color)
{
	struct out_options opt = { .mode = mode, .color = color, .ascii = true };

	file = tmpfile();
	talk = tmpfile();
	opt.fd = fileno(file);
	opt.err_fd = fileno(talk);
	o = out_new(&opt);
	ck_assert_ptr_nonnull(o);
}

static const char *read_back(FILE *f)
{
	size_t n;

	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	return text;
}

static void close_out(void)
{
	out_free(o);
	fclose(file);
	fclose(talk);
	o = NULL;
}

START_TEST(rows_are_columns)
{
	open_out(OUT_TEXT, "never");
	out_rows(o, "entries", fields, rows, 2, sizeof(*rows));
	ck_assert_int_eq(out_finish(o, 0), 0);
	ck_assert_str_eq(read_back(file), "ALIAS  NAME           DAYS  STATE  UNTIL\n"
					  "api    api.acme.test    11  WARN   2026-12-05 18:50Z\n"
					  "b\xc3\xa4h    x              3000  ok\n");
	close_out();
}
END_TEST

START_TEST(states_are_coloured_and_only_they)
{
	open_out(OUT_TEXT, "always");
	out_rows(o, "entries", fields, rows, 1, sizeof(*rows));
	out_finish(o, 0);
	ck_assert_ptr_nonnull(strstr(read_back(file), "  \x1b[33mWARN\x1b[0m   2026"));
	ck_assert_ptr_nonnull(strstr(text, "\x1b[1mALIAS"));
	close_out();
}
END_TEST

START_TEST(narrow_drops_columns_in_their_order)
{
	open_out(OUT_TEXT, "never");
	o->table = true;
	o->width = 46;
	out_rows(o, "entries", fields, rows, 1, sizeof(*rows));
	o->width = 30;
	out_rows(o, "entries", fields, rows, 1, sizeof(*rows));
	o->width = 25;
	out_rows(o, "entries", fields, rows, 1, sizeof(*rows));
	out_finish(o, 0);
	ck_assert_str_eq(read_back(file), "ALIAS  NAME           STATE  UNTIL\n"
					  "api    api.acme.test  WARN   2026-12-05 18:50Z\n"
					  "ALIAS  NAME           STATE\n"
					  "api    api.acme.test  WARN\n"
					  "ALIAS  NAME          STATE\n"
					  "api    api.a...test  WARN\n");
	close_out();
}
END_TEST

START_TEST(very_narrow_is_blocks)
{
	open_out(OUT_TEXT, "never");
	o->width = 42;
	out_rows(o, "entries", fields, rows, 2, sizeof(*rows));
	out_finish(o, 0);
	ck_assert_str_eq(read_back(file), "alias: api\n"
					  "name:  api.acme.test\n"
					  "days:  11\n"
					  "state: WARN\n"
					  "until: 2026-12-05 18:50Z\n"
					  "\n"
					  "alias: b\xc3\xa4h\n"
					  "name:  x\n"
					  "days:  3000\n"
					  "state: ok\n");
	close_out();
}
END_TEST

START_TEST(plain_is_tabs_with_every_field)
{
	static const struct row hostile = { "a\tb\nc\\d\x1b[2J", "\xff", "ok", -1, 0, false, NULL };

	open_out(OUT_PLAIN, NULL);
	out_line(o, "not for programs");
	out_rows(o, "entries", fields, rows, 1, sizeof(*rows));
	out_rows(o, "entries", fields, &hostile, 1, sizeof(hostile));
	out_finish(o, 0);
	ck_assert_str_eq(read_back(file),
			 "api\tapi.acme.test\t11\tWARN\t2026-12-05T18:50:03Z\t"
			 "abcd000000000000000000000000000000000000000000000000000000000000\n"
			 "a\\tb\\nc\\\\d\\x1b[2J\t\\xff\t-1\tok\t\t\n");
	close_out();
}
END_TEST

START_TEST(json_is_one_document_with_the_envelope)
{
	json_t *doc;

	open_out(OUT_JSON, NULL);
	out_schema(o, "kstool.test/1");
	out_line(o, "not for programs");
	out_rows(o, "entries", fields, rows, 2, sizeof(*rows));
	out_object(o, "one");
	out_members(o, fields, &rows[0]);
	out_array(o, "list");
	out_strn(o, NULL, "a\0b", 3);
	out_hex(o, NULL, (const uint8_t *)"\x01\xff", 2);
	out_null(o, NULL);
	out_end(o);
	out_end(o);
	out_warn(o, "careful", "about \"%s\"", "\x1b");
	out_changed(o, true);
	ck_assert_int_eq(out_finish(o, 1), 1);
	doc = json_loads(read_back(file), JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	ck_assert_ptr_nonnull(doc);
	ck_assert_str_eq(text,
			 "{\"schema\":\"kstool.test/"
			 "1\",\"ok\":true,\"exit\":1,\"changed\":true,\"warnings\":[{"
			 "\"code\":\"careful\",\"message\":\"about "
			 "\\\"\\u001B\\\"\"}],\"error\":null,\"entries\":[{"
			 "\"alias\":\"api\",\"name\":\"api.acme.test\",\"days\":11,\"ca\":false,"
			 "\"state\":\"warn\","
			 "\"until\":\"2026-12-05T18:50:03Z\",\"sha256\":"
			 "\"abcd000000000000000000000000000000000000000000000000000000000000\"},"
			 "{\"alias\":\"b\\u00E4h\",\"name\":\"x\",\"days\":3000,\"ca\":true,"
			 "\"state\":\"ok\","
			 "\"until\":null,\"sha256\":null}],\"one\":{\"alias\":\"api\",\"name\":"
			 "\"api.acme.test\","
			 "\"days\":11,\"ca\":false,\"state\":\"warn\",\"until\":\"2026-12-05T18:50:"
			 "03Z\",\"sha256\":"
			 "\"abcd000000000000000000000000000000000000000000000000000000000000\","
			 "\"list\":[\"a\\u0000b\",\"01ff\",null]}}\n");
	json_decref(doc);
	close_out();
}
END_TEST

START_TEST(a_failed_command_leaves_only_its_error)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_error_setx(&err, KST_E_NO_ENTRY, "no entry \"x\"");
	kst_error_subject(&err, "a.p12");
	kst_error_hint(&err, "kstool list a.p12");

	open_out(OUT_JSON, NULL);
	out_schema(o, "kstool.list/1");
	out_array(o, "half");
	out_discard(o);
	out_error(o, &err);
	ck_assert_int_eq(out_finish(o, 6), 6);
	ck_assert_str_eq(
		read_back(file),
		"{\"schema\":\"kstool.error/1\",\"ok\":false,\"exit\":6,\"changed\":false,"
		"\"warnings\":[],\"error\":{\"code\":\"no-such-entry\",\"subject\":\"a.p12\","
		"\"message\":\"no entry \\\"x\\\"\",\"details\":[],"
		"\"hints\":[\"kstool list a.p12\"]}}\n");
	close_out();

	open_out(OUT_TEXT, "never");
	out_line(o, "half an answer");
	out_discard(o);
	out_error(o, &err);
	ck_assert_int_eq(out_finish(o, 6), 6);
	ck_assert_str_eq(read_back(file), "");
	ck_assert_str_eq(read_back(talk), "kstool: error: a.p12: no entry \"x\" [no-such-entry]\n"
					  "  hint: kstool list a.p12\n");
	close_out();
}
END_TEST

START_TEST(errors_show_the_library_with_vv_only)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_error_setx(&err, KST_E_CORRUPT, "bad");
	strcpy(err.underlying, "0A000086");
	kst_error_detail(&err, "expected x");
	open_out(OUT_TEXT, "never");
	out_error(o, &err);
	ck_assert_ptr_null(strstr(read_back(talk), "0A000086"));
	close_out();
	open_out(OUT_TEXT, "never");
	o->verbose = 2;
	out_error(o, &err);
	ck_assert_str_eq(read_back(talk),
			 "kstool: error: bad [corrupt]\n  expected x\n  library: 0A000086\n");
	close_out();
}
END_TEST

START_TEST(a_long_error_wraps_on_a_terminal)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_error_setx(&err, KST_E_ALIAS_CONFLICT, "\"api\" already holds another certificate");
	kst_error_subject(&err, "app.p12");
	open_out(OUT_TEXT, "never");
	o->err_width = 66;
	out_error(o, &err);
	ck_assert_str_eq(read_back(talk),
			 "kstool: error: app.p12: \"api\" already holds another certificate\n"
			 "               [alias-conflict]\n");
	close_out();
}
END_TEST

START_TEST(foreign_text_is_escaped_everywhere)
{
	static const char *const bad = "a\x1b]0;x\x07\xe2\x80\xae\n\\b";
	static const char *const good = "a\\x1b]0;x\\x07\\u{202e}\\x0a\\\\b";
	struct out_tree_row tree = { .cell = { bad, bad, bad, bad, bad } };
	struct row r = { bad, bad, bad, 1, 0, false, NULL };
	struct kst_error err = KST_ERROR_INIT;
	size_t n = 0;

	kst_error_setx(&err, KST_E_CORRUPT, "%s", bad);
	kst_error_subject(&err, "%s", bad);
	open_out(OUT_TEXT, "never");
	out_rows(o, "entries", fields, &r, 1, sizeof(r));
	o->block = true;
	out_rows(o, "entries", fields, &r, 1, sizeof(r));
	out_line(o, "<%s|%.*s>", bad, 2, bad);
	out_heading(o, "<%s>", bad);
	out_pair(o, "names", bad);
	out_item(o, 10, bad, bad);
	out_tree(o, &tree, 1);
	out_change(o, "added", bad, "x", NULL);
	out_summary(o, "%s: 1 added", bad);
	out_finish(o, 0);
	for (const char *p = read_back(file); (p = strstr(p, good)); p++)
		n++;
	ck_assert_uint_eq(n, 3 + 3 + 1 + 1 + 1 + 2 + 5 + 1 + 1);
	ck_assert_ptr_null(strpbrk(text, "\x1b\x07"));
	ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
	out_warn(o, "w", "%s", bad);
	out_note(o, "%s", bad);
	out_error(o, &err);
	n = 0;
	for (const char *p = read_back(talk); (p = strstr(p, good)); p++)
		n++;
	ck_assert_uint_eq(n, 4);
	ck_assert_ptr_null(strpbrk(text, "\x1b\x07"));
	close_out();
}
END_TEST

START_TEST(a_tree_is_drawn_root_first)
{
	static const struct out_tree_row tree[] = {
		{ 0, NULL, { "Acme Corp Root CA", "CA", "RSA-4096", "until 2036-11-20", NULL } },
		{ 1, NULL, { "Acme Issuing CA 2", "CA", "P-384", "until 2029-02-01", NULL } },
		{ 2, NULL, { "api.acme.test", "server", "P-256", "until 2026-12-05", "WARN" } },
		{ 0, "?", { "Acme Legacy CA", NULL, NULL, "not in this file", NULL } },
	};

	open_out(OUT_TEXT, "never");
	out_tree(o, tree, 4);
	out_finish(o, 0);
	ck_assert_str_eq(read_back(file),
			 "  Acme Corp Root CA         CA  RSA-4096  until 2036-11-20\n"
			 "  '- Acme Issuing CA 2      CA  P-384     until 2029-02-01\n"
			 "     '- api.acme.test   server  P-256     until 2026-12-05  WARN\n"
			 "  ? Acme Legacy CA                        not in this file\n");
	close_out();
}
END_TEST

START_TEST(pairs_wrap_with_a_hanging_indent)
{
	open_out(OUT_TEXT, "never");
	o->width = 60;
	out_pair(o, "names", "api.acme.test, *.api.acme.test, one.acme.test, two.acme.test");
	out_pair(o, "sha256",
		 "42:0C:51:9E:8B:07:D1:F2:33:6A:0B:7C:91:D5:E4:10:"
		 "5A:6F:22:98:BE:43:77:C8:19:04:AD:EC:5B:8F:61:39");
	out_pair(o, NULL, "more");
	out_pair(o, "empty", "");
	out_finish(o, 0);
	ck_assert_str_eq(read_back(file),
			 "  names     api.acme.test, *.api.acme.test, one.acme.test,\n"
			 "            two.acme.test\n"
			 "  sha256    42:0C:51:9E:8B:07:D1:F2:33:6A:0B:7C:91:D5:E4:10:\n"
			 "            5A:6F:22:98:BE:43:77:C8:19:04:AD:EC:5B:8F:61:39\n"
			 "            more\n"
			 "  empty\n");
	close_out();
}
END_TEST

START_TEST(change_lines_move_to_stderr_when_stdout_is_data)
{
	struct kst_error err = KST_ERROR_INIT;

	open_out(OUT_TEXT, "never");
	out_change(o, "added", "acme-corp-root", "Acme Corp Root CA, until 2036-11-20", NULL);
	out_change_more(o, "sha256", "EC:B4");
	out_data_mode(o);
	out_change(o, "would-replace", "api", "x", NULL);
	ck_assert_int_eq(out_data(o, "\0PEM", 4, false, &err), 0);
	out_finish(o, 0);
	ck_assert_uint_eq(lseek(fileno(file), 0, SEEK_END),
			  5 + 6 + 14 + 5 + 35 + 1 + 30 + 5 + 1 + 4);
	ck_assert_str_eq(read_back(talk), "would-replace  api            x\n");
	ck_assert_ptr_nonnull(
		strstr(read_back(file),
		       "added      acme-corp-root     Acme Corp Root CA, until 2036-11-20\n"
		       "           sha256             EC:B4\n"));
	close_out();
}
END_TEST

/* A name with a line feed in it must not look like a change of its own. */
START_TEST(names_begin_no_lines)
{
	struct kst_error err = KST_ERROR_INIT;

	open_out(OUT_TEXT, "never");
	out_change(o, "added", "a\nb", "Root\nremoved    x", NULL);
	kst_error_setx(&err, KST_E_ALIAS_CONFLICT, "a\nkstool: error: b");
	kst_error_detail(&err, "now %s", "x\n  hint: rm");
	kst_error_command(&err, "kstool", "list", "a\n  hint: rm", NULL);
	out_error(o, &err);
	out_finish(o, 0);
	ck_assert_str_eq(read_back(file), "added      a\\x0ab             Root\\x0aremoved    x\n");
	ck_assert_str_eq(read_back(talk),
			 "kstool: error: a\\x0akstool: error: b [alias-conflict]\n"
			 "  now x   hint: rm\n"
			 "  hint: kstool list $'a\\012  hint: rm'\n");
	close_out();
}
END_TEST

/* A long alias does not cost all others their columns; where nothing helps, rows are blocks. */
START_TEST(a_long_first_cell_has_a_line_of_its_own)
{
	static const struct row two[] = {
		{ "a-very-long-alias-that-nobody-types", "api.acme.test", "ok", 1, 0, false, NULL },
		{ "b", "x.acme.test", "WARN", 2, 0, false, NULL },
	};

	open_out(OUT_TEXT, "never");
	o->width = 60;
	out_rows(o, "entries", fields, two, 2, sizeof(*two));
	ck_assert(!out_blocks(o));
	o->width = 59;
	ck_assert(out_blocks(o));
	out_finish(o, 0);
	ck_assert_str_eq(read_back(file), "ALIAS                             NAME           DAYS  STATE\n"
					  "a-very-long-alias-that-nobody-types\n"
					  "                                  api.acme.test     1  ok\n"
					  "b                                 x.acme.test       2  WARN\n");
	close_out();
}
END_TEST

START_TEST(binary_data_is_base64_in_json)
{
	struct kst_error err = KST_ERROR_INIT;

	open_out(OUT_JSON, NULL);
	out_schema(o, "kstool.export/1");
	ck_assert_int_eq(out_data(o, "\x30\x82\x01", 3, true, &err), 0);
	out_finish(o, 0);
	ck_assert_ptr_nonnull(strstr(read_back(file), "\"data_base64\":\"MIIB\""));
	close_out();
}
END_TEST

START_TEST(a_full_disk_is_exit_8)
{
	struct out_options opt = { .mode = OUT_TEXT, .ascii = true };
	struct kst_error err = KST_ERROR_INIT;
	int fd = open("/dev/full", O_WRONLY);

	if (fd < 0) {
		fprintf(stderr, "skipped: no /dev/full\n");
		return;
	}
	talk = tmpfile();
	opt.fd = fd;
	opt.err_fd = fileno(talk);
	o = out_new(&opt);
	out_line(o, "answer");
	ck_assert_int_eq(out_finish(o, 0), 8);
	ck_assert_ptr_nonnull(strstr(read_back(talk), "[disk-full]"));
	ck_assert_int_eq(out_data(o, "x", 1, false, &err), -1);
	ck_assert_int_eq(err.code, KST_E_DISK_FULL);
	out_free(o);
	fclose(talk);
	close(fd);
}
END_TEST

START_TEST(quiet_keeps_answers_and_errors)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_error_setx(&err, KST_E_CORRUPT, "bad");
	open_out(OUT_TEXT, "never");
	o->quiet = true;
	out_warn(o, "w", "warned");
	out_note(o, "noted");
	out_line(o, "answer");
	out_error(o, &err);
	out_finish(o, 3);
	ck_assert_str_eq(read_back(talk), "kstool: error: bad [corrupt]\n");
	ck_assert_str_eq(read_back(file), "answer\n");
	close_out();
}
END_TEST

START_TEST(one_failed_file_of_several_closes_what_it_opened)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_error_setx(&err, KST_E_CORRUPT, "bad");
	open_out(OUT_JSON, NULL);
	out_schema(o, "kstool.list/1");
	out_array(o, "stores");
	out_object(o, NULL);
	out_array(o, "entries");
	out_error(o, &err);
	out_unwind(o, 2);
	out_object(o, NULL);
	out_str(o, "path", "b");
	out_end(o);
	out_end(o);
	out_int(o, "after", 1);
	ck_assert_int_eq(out_finish(o, 3), 3);
	ck_assert_ptr_nonnull(strstr(
		read_back(file), "\"stores\":[{\"entries\":[]},{\"path\":\"b\"}],\"after\":1}"));
	ck_assert_ptr_nonnull(strstr(text, "\"ok\":false,\"exit\":3"));
	close_out();
}
END_TEST

START_TEST(wide_characters_take_two_cells)
{
	static const struct row wide[] = { { "\xe8\xaf\x81\xe4\xb9\xa6", "n", "ok", 1, 0, false,
					     NULL },
					   { "abcd", "m", "ok", 1, 0, false, NULL } };

	open_out(OUT_TEXT, "never");
	out_rows(o, "entries", fields, wide, 2, sizeof(*wide));
	out_finish(o, 0);
	ck_assert_str_eq(read_back(file), "ALIAS  NAME  DAYS  STATE\n"
					  "\xe8\xaf\x81\xe4\xb9\xa6   n        1  ok\n"
					  "abcd   m        1  ok\n");
	close_out();
}
END_TEST

Suite *test_out(void);
Suite *test_out(void)
{
	Suite *s = suite_create("out");
	TCase *t = tcase_create("out");

	tcase_add_test(t, rows_are_columns);
	tcase_add_test(t, states_are_coloured_and_only_they);
	tcase_add_test(t, narrow_drops_columns_in_their_order);
	tcase_add_test(t, very_narrow_is_blocks);
	tcase_add_test(t, plain_is_tabs_with_every_field);
	tcase_add_test(t, json_is_one_document_with_the_envelope);
	tcase_add_test(t, a_failed_command_leaves_only_its_error);
	tcase_add_test(t, errors_show_the_library_with_vv_only);
	tcase_add_test(t, a_long_error_wraps_on_a_terminal);
	tcase_add_test(t, foreign_text_is_escaped_everywhere);
	tcase_add_test(t, a_tree_is_drawn_root_first);
	tcase_add_test(t, pairs_wrap_with_a_hanging_indent);
	tcase_add_test(t, change_lines_move_to_stderr_when_stdout_is_data);
	tcase_add_test(t, binary_data_is_base64_in_json);
	tcase_add_test(t, names_begin_no_lines);
	tcase_add_test(t, a_long_first_cell_has_a_line_of_its_own);
	tcase_add_test(t, a_full_disk_is_exit_8);
	tcase_add_test(t, quiet_keeps_answers_and_errors);
	tcase_add_test(t, one_failed_file_of_several_closes_what_it_opened);
	tcase_add_test(t, wide_characters_take_two_cells);
	suite_add_tcase(s, t);
	return s;
}
