/* SPDX-License-Identifier: ISC */
/* test_text.c - UTF-8, escaping, width, case, normal form, time */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kstool/kstool.h"

static void escapes(const char *in, size_t n, const char *want)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&b, "");
	kst_text_escape(&b, in, n);
	ck_assert_str_eq((char *)b.data, want);
}

START_TEST(hostile_text_is_shown_harmless)
{
	escapes("plain text", 10, "plain text");
	escapes("a\x1b[2Jb", 6, "a\\x1b[2Jb");
	escapes("a\nb\0c", 5, "a\\x0ab\\x00c");
	escapes("\\", 1, "\\\\");
	escapes("\xe2\x80\xae"
		"evil",
		7, "\\u{202e}evil");
	escapes("\xc2\x9b"
		"31m",
		5, "\\u{9b}31m");
	escapes("caf\xc3\xa9 \xe4\xb8\xad", 9, "caf\xc3\xa9 \xe4\xb8\xad");
	escapes("\xff\xc0\xaf", 3, "\\xff\\xc0\\xaf");
	escapes("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
	escapes("\x7f", 1, "\\x7f");
}
END_TEST

START_TEST(utf8_is_valid_in_its_shortest_form_only)
{
	static const char *const bad[] = { "\x80",
					   "\xc0\x80",
					   "\xc1\xbf",
					   "\xe0\x80\x80",
					   "\xed\xbf\xbf",
					   "\xf0\x80\x80\x80",
					   "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80",
					   "\xc3",
					   "\xe2\x82",
					   "\xfe" };
	uint8_t t[4];
	uint32_t back;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!kst_utf8_valid(bad[i], strlen(bad[i])), "%zu", i);
	for (uint32_t cp = 0; cp <= 0x10ffff; cp += 7) {
		size_t n = kst_utf8_encode(cp, t);

		if ((n == 0) != (cp >= 0xd800 && cp <= 0xdfff))
			ck_abort_msg("U+%04X", cp);
		if (n && (kst_utf8_decode(t, n, &back) != n || back != cp))
			ck_abort_msg("U+%04X", cp);
	}
}
END_TEST

START_TEST(an_alias_has_its_frozen_alphabet)
{
	ck_assert(kst_alias_ok("a b", 3, 255));
	ck_assert(kst_alias_ok("\xc3\xa4", 2, 2));
	ck_assert(!kst_alias_ok("\xc3\xa4", 2, 1));
	ck_assert(!kst_alias_ok("", 0, 255));
	ck_assert(!kst_alias_ok(" a", 2, 255));
	ck_assert(!kst_alias_ok("a ", 2, 255));
	ck_assert(!kst_alias_ok("a\tb", 3, 255));
	ck_assert(!kst_alias_ok("\xe2\x80\x8b", 3, 255));
	ck_assert(!kst_alias_ok("\xef\xbb\xbf", 3, 255));
	ck_assert(!kst_alias_ok("\xef\xb7\x90", 3, 255));
	ck_assert(!kst_alias_ok("\xf0\x9f\xbf\xbf", 4, 255));
	ck_assert(kst_alias_ok("\xe2\x80\xb0", 3, 255));
}
END_TEST

START_TEST(the_forbidden_characters_are_those_of_the_format)
{
	static const char bidi[] = " 61c 200e 200f 202a 202b 202c 202d 202e 2066 2067 2068 2069 ";
	static const char other[] = " 200b 200c 200d 2060 feff 2028 2029 ";
	unsigned bad = 0;

	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char hex[16];
		bool want;

		hex[0] = '\0';
		if (cp >= 0x61c && cp <= 0xfeff)
			snprintf(hex, sizeof(hex), " %x ", cp);
		want = cp >= 0x20 && !(cp >= 0x7f && cp <= 0x9f) &&
		       !(hex[0] && (strstr(bidi, hex) || strstr(other, hex))) &&
		       !(cp >= 0xd800 && cp <= 0xdfff) && !(cp >= 0xfdd0 && cp <= 0xfdef) &&
		       (cp & 0xffff) < 0xfffe;
		if (kst_text_char_ok(cp) != want)
			ck_abort_msg("U+%04X", cp);
		bad += !want;
	}
	ck_assert_uint_eq(bad, 32 + 33 + 12 + 7 + 2048 + 32 + 34);
	ck_assert(!kst_text_char_ok(0x110000));
}
END_TEST

/* What nobody sees is escaped although an alias may hold it. */
START_TEST(invisible_characters_are_not_shown)
{
	static const uint32_t hidden[] = { 0xa0,   0xad,   0x34f,  0x115f, 0x180e,	0x2003,
					   0x2061, 0x2800, 0x3164, 0xfe0f, 0xffa0,	0xfff9,
					   0xe000, 0x1bca0, 0x1d173, 0xe0001, 0xe0041, 0xe0100 };
	static const uint32_t seen[] = { 'a',	 0xe9,	 0x301,	  0x5d0,   0x3000,
					 0x4e2d, 0xac00, 0xfffd, 0x1f512, 0x20000 };
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		ck_assert_msg(!kst_text_char_shown(hidden[i]) && kst_text_char_ok(hidden[i]),
			      "U+%04X", hidden[i]);
	for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++)
		ck_assert_msg(kst_text_char_shown(seen[i]), "U+%04X", seen[i]);
	for (uint32_t cp = 0; cp <= 0x110000; cp++)
		if (kst_text_char_shown(cp) && !kst_text_char_ok(cp))
			ck_abort_msg("U+%04X", cp);
	kst_text_escape(&b, "api\xe3\x85\xa4", 6);
	ck_assert_str_eq((char *)b.data, "api\\u{3164}");
	kst_buf_reset(&b);
	kst_text_escape_for(&b, "\xe4\xba\x9b!", 4, true);
	ck_assert_str_eq((char *)b.data, "\\u{4e9b}!");
}
END_TEST

START_TEST(width_counts_cells)
{
	ck_assert_uint_eq(kst_text_width("abc"), 3);
	ck_assert_uint_eq(kst_text_width("\xe4\xb8\xad\xe6\x96\x87"), 4);
	ck_assert_uint_eq(kst_text_width("e\xcc\x81"), 1);
}
END_TEST

START_TEST(long_names_are_cut_in_the_middle)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_text_shorten(&b, "very-long-name.acme.test", 11, false);
	ck_assert_str_eq((char *)b.data, "very-\xe2\x80\xa6.test");
	kst_buf_reset(&b);
	kst_text_shorten(&b, "very-long-name.acme.test", 11, true);
	ck_assert_str_eq((char *)b.data, "very...test");
	kst_buf_reset(&b);
	kst_text_shorten(&b, "short", 11, true);
	ck_assert_str_eq((char *)b.data, "short");
	/* A mark does not stand without its letter, and half of a wide character is none. */
	kst_buf_reset(&b);
	kst_text_shorten(&b,
			 "abcde\xcc\x81"
			 "fg",
			 5, false);
	ck_assert_str_eq((char *)b.data, "ab\xe2\x80\xa6"
					 "fg");
	kst_buf_reset(&b);
	kst_text_shorten(&b, "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87", 6, false);
	ck_assert_uint_le(kst_text_width((char *)b.data), 6);
	ck_assert_str_eq((char *)b.data, "\xe4\xb8\xad\xe2\x80\xa6\xe6\x96\x87");
	for (size_t cells = 0; cells < 8; cells++)
		for (int ascii = 0; ascii < 2; ascii++) {
			kst_buf_reset(&b);
			kst_text_shorten(&b,
					 "a\xe4\xb8\xad"
					 "bcdefgh",
					 cells, ascii);
			ck_assert_uint_le(kst_text_width((char *)b.data), cells);
		}
}
END_TEST

static void lowers(const char *in, const char *want)
{
	char *s = kst_text_lower(in);

	ck_assert_str_eq(s, want);
	kst_free(s);
}

START_TEST(lower_case_is_javas)
{
	lowers("ABC xyz", "abc xyz");
	lowers("\xc3\x84\xc3\x96", "\xc3\xa4\xc3\xb6");
	lowers("\xc4\xb0", "i\xcc\x87");
	ck_assert(kst_text_equal_nocase("\xc3\x84"
					"a",
					"\xc3\xa4"
					"A"));
	ck_assert(!kst_text_equal_nocase("a", "b"));
	/* A sigma that ends a word has a form of its own. */
	lowers("\xce\x9f\xce\x94\xce\x9f\xce\xa3", "\xce\xbf\xce\xb4\xce\xbf\xcf\x82");
	lowers("\xce\xa3\xce\xa3 \xce\xa3", "\xcf\x83\xcf\x82 \xcf\x83");
	lowers("a\xce\xa3.b a\xce\xa3. a1\xce\xa3", "a\xcf\x83.b a\xcf\x82. a1\xcf\x82");
	lowers("\xce\xa3 x", "\xcf\x83 x");
	lowers("\xce\xa3\xce\x91", "\xcf\x83\xce\xb1");
	ck_assert(kst_text_equal_nocase("", ""));
	ck_assert(kst_text_equal_nocase("Server-1", "sERVER-1"));
	ck_assert(!kst_text_equal_nocase("server", "server1"));
	/* Apart by 0x20 too, but no letters. */
	ck_assert(!kst_text_equal_nocase("[", "{"));
	ck_assert(!kst_text_equal_nocase("@", "`"));
	/* U+212A, the kelvin sign, is a k. */
	ck_assert(kst_text_equal_nocase("a\xe2\x84\xaa", "ak"));
}
END_TEST

static void java_text(const char *mutf8, size_t n, const char *want)
{
	char *s = kst_text_from_mutf8((const uint8_t *)mutf8, n);
	if (!want) {
		ck_assert_ptr_null(s);
		return;
	}
	ck_assert_str_eq(s, want);
	kst_free(s);
}
#define JAVA(literal, want) java_text(literal, sizeof(literal) - 1, want)

START_TEST(modified_utf8_of_java_is_read_and_written)
{
	struct kst_buf b = KST_BUF_INIT;

	ck_assert_int_eq(kst_text_to_mutf8(&b, "a\0\xc3\xa4\xf0\x9f\x98\x80", 8), 0);
	ck_assert_uint_eq(b.len, 11);
	ck_assert_mem_eq(b.data, "a\xc0\x80\xc3\xa4\xed\xa0\xbd\xed\xb8\x80", 11);
	JAVA("a\xc0\x80\xc3\xa4\xed\xa0\xbd\xed\xb8\x80", "a\xef\xbf\xbd\xc3\xa4\xf0\x9f\x98\x80");
	JAVA("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");          /* plain UTF-8 */
	JAVA("\xed\xa0\xbdx", "\xef\xbf\xbdx");                  /* half a pair */
	JAVA("\xed\xb8\x80\xed\xa0\xbd", "\xef\xbf\xbd\xef\xbf\xbd"); /* the wrong way round */
	JAVA("", "");
	JAVA("\xc0\x81", NULL);
	JAVA("\xed\xa0", NULL);
	JAVA("ab\xe4", NULL);
	kst_buf_reset(&b);
	ck_assert_int_eq(kst_text_to_mutf8(&b, "\xff", 1), -1);
	kst_buf_release(&b);
}
END_TEST

START_TEST(utf16_of_pkcs12_is_read_and_written)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char *s;

	ck_assert_int_eq(kst_text_to_utf16be(&b, "a\xf0\x9f\x98\x80", 5), 0);
	ck_assert_uint_eq(b.len, 6);
	ck_assert_mem_eq(b.data, "\0a\xd8\x3d\xde\x00", 6);
	s = kst_text_from_utf16be(b.data, b.len);
	ck_assert_str_eq(s, "a\xf0\x9f\x98\x80");
	kst_free(s);
	s = kst_text_from_utf16be((const uint8_t *)"\0x\0\0", 4);
	ck_assert_str_eq(s, "x");
	kst_free(s);
	s = kst_text_from_utf16be((const uint8_t *)"\xd8\x3d", 2);
	ck_assert_str_eq(s, "\xef\xbf\xbd");
	kst_free(s);
	s = kst_text_from_utf16be((const uint8_t *)"\0a\0\0\0b", 6);
	ck_assert_str_eq(s, "a\xef\xbf\xbd"
			    "b");
	kst_free(s);
	ck_assert_ptr_null(kst_text_from_utf16be((const uint8_t *)"abc", 3));
	ck_assert_int_eq(kst_text_to_utf16be(&b, "\xff", 1), -1);
}
END_TEST

static void opaque(const char *in, const char *want)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	ck_assert_int_eq(kst_text_opaque_string(&b, in, strlen(in), true), 0);
	ck_assert_str_eq((char *)b.data, want);
}

START_TEST(a_passphrase_has_one_normal_form)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	opaque("correct horse", "correct horse");
	opaque("o\xcc\x88", "\xc3\xb6");
	opaque("\xc3\xb6", "\xc3\xb6");
	opaque("a\xc2\xa0"
	       "b\xe3\x80\x80"
	       "c",
	       "a b c");
	/* Two marks in the wrong order: U+0301 (230) before U+0323 (220). */
	opaque("a\xcc\x81\xcc\xa3", "\xe1\xba\xa1\xcc\x81");
	opaque("\xea\xb0\x80", "\xea\xb0\x80");
	opaque("\xef\xac\x81", "\xef\xac\x81"); /* a ligature is no canonical equivalent */
	ck_assert_int_eq(kst_text_opaque_string(&b, "\xff", 1, false), -1);
	ck_assert_int_eq(kst_text_opaque_string(&b, "\xf3\xa0\x82\x80", 4, true), -1);
	ck_assert_int_eq(kst_text_opaque_string(&b, "\xf3\xa0\x82\x80", 4, false), 0);
}
END_TEST

/* The samples (B), (L) and (I) of RFC 3492 7.1 among them. */
START_TEST(a_host_name_in_punycode_is_decoded)
{
	static const struct {
		const char *host, *text;
	} good[] = {
		{ "xn--bcher-kva.example", "b\xc3\xbc" "cher.example" },
		{ "www.XN--mnchen-3YA.de", "www.m\xc3\xbcnchen.de" },
		{ "xn--ihqwcrb4cv8a8dqg056pqjye", "\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88"
						  "\xe4\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96\x87" },
		{ "xn--3B-ww4c5e180e575a65lsy2b", "3\xe5\xb9\xb4" "B\xe7\xb5\x84\xe9\x87\x91\xe5\x85\xab"
						  "\xe5\x85\x88\xe7\x94\x9f" },
		{ "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l",
		  "\xd0\xbf\xd0\xbe\xd1\x87\xd0\xb5\xd0\xbc\xd1\x83\xd0\xb6\xd0\xb5\xd0\xbe\xd0\xbd\xd0\xb8"
		  "\xd0\xbd\xd0\xb5\xd0\xb3\xd0\xbe\xd0\xb2\xd0\xbe\xd1\x80\xd1\x8f\xd1\x82\xd0\xbf\xd0\xbe"
		  "\xd1\x80\xd1\x83\xd1\x81\xd1\x81\xd0\xba\xd0\xb8" },
	};
	static const char *const bad[] = { "example.org", "xn--", "xn---", "xn--abc-", "xn--99999999", "xn--a b-kva",
					   "xn--\xff\xff", "xn--bcher-kv", "", "..",
					   "xn--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-kva" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct kst_buf b = KST_BUF_INIT;

		ck_assert_msg(kst_text_idn(&b, good[i].host, strlen(good[i].host)), "%s", good[i].host);
		ck_assert_str_eq((char *)b.data, good[i].text);
		kst_buf_release(&b);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kst_buf b = KST_BUF_INIT;

		ck_assert_msg(!kst_text_idn(&b, bad[i], strlen(bad[i])), "%s", bad[i]);
		ck_assert_str_eq(b.data ? (char *)b.data : "", bad[i]);
		kst_buf_release(&b);
	}
}
END_TEST

/* The shell that the words are for is asked itself, before and after what a terminal is shown. */
START_TEST(a_shell_takes_a_word_as_one)
{
	static const char *const word[] = { "", "plain.p12", "a b", "it's", "a';exit 7;'b", "$HOME`id`\"x\"",
					    "back\\slash", "~", "*", "-x", "\xc3\xbc n" };
	static const struct {
		const char *word, *quoted;
	} unseen[] = { { "a\nb", "$'a\\012b'" },
		       { "\x1b[31m1'\\", "$'\\033[31m1\\047\\134'" },
		       { "a\xe2\x80\xae", "$'a\\342\\200\\256'" },
		       { "\xff", "$'\\377'" } };

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		for (int shown = 0; shown < 2; shown++) {
			struct kst_buf b = KST_BUF_INIT, line = KST_BUF_INIT;

			kst_buf_puts(&b, "test \"$WORD\" = ");
			kst_text_shell(&b, word[i]);
			if (shown)
				kst_text_escape(&line, b.data, b.len);
			setenv("WORD", word[i], 1);
			/* Shown, a backslash is two: another word, and still one. */
			ck_assert_int_eq(system((const char *)(shown ? line.data : b.data)),
					 shown && strchr(word[i], '\\') ? 1 << 8 : 0);
			kst_buf_release(&b);
			kst_buf_release(&line);
		}
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		struct kst_buf b = KST_BUF_INIT;

		kst_text_shell(&b, unseen[i].word);
		ck_assert_str_eq((const char *)b.data, unseen[i].quoted);
		kst_buf_release(&b);
	}
}
END_TEST

START_TEST(a_typo_is_near)
{
	ck_assert_uint_eq(kst_text_distance("lsit", "list"), 1);
	ck_assert_uint_eq(kst_text_distance("", "list"), 4);
	ck_assert_uint_eq(kst_text_distance("export", "import"), 2);
	ck_assert_uint_eq(kst_text_distance("same", "same"), 0);
}
END_TEST

START_TEST(times_are_utc_and_exact)
{
	static const struct {
		const char *text;
		int64_t t;
	} v[] = { { "1970-01-01T00:00:00Z", 0 },
		  { "2026-12-05T18:50:03Z", 1796496603 },
		  { "1900-03-01T00:00:00Z", -2203891200 },
		  { "2000-02-29T23:59:59Z", 951868799 },
		  { "9999-12-31T23:59:59Z", KST_TIME_NEVER } };
	char out[KST_TIME_TEXT];
	int64_t t;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		ck_assert_int_eq(kst_time_parse(v[i].text, &t), 0);
		ck_assert_int_eq(t, v[i].t);
		ck_assert_str_eq(kst_time_text(t, KST_TIME_FULL, out), v[i].text);
	}
	ck_assert_str_eq(kst_time_text(KST_TIME_NEVER, KST_TIME_DATE, out), "never");
	ck_assert_int_eq(kst_time_parse("2026-02-30", &t), -1);
	ck_assert_int_eq(kst_time_parse("2026-13-01", &t), -1);
	ck_assert_int_eq(kst_time_parse("2026-01-01x", &t), -1);
	ck_assert_int_eq(kst_time_parse("@12", &t), 0);
	ck_assert_int_eq(t, 12);
	ck_assert_int_eq(kst_time_parse("@-12", &t), 0);
	ck_assert_int_eq(t, -12);
	ck_assert_int_eq(kst_time_parse("@ 12", &t), -1);
	ck_assert_int_eq(kst_time_parse("@+12", &t), -1);
	ck_assert_int_eq(kst_time_parse("@", &t), -1);
	ck_assert_int_eq(kst_time_parse("@99999999999999999999", &t), -1);
	ck_assert_int_eq(kst_time_parse("@253402300800", &t), -1);
	ck_assert_int_eq(t, -12);
	/* What no calendar can hold is still shown as something. */
	ck_assert_str_eq(kst_time_text(INT64_MIN, KST_TIME_FULL, out), "0000-01-01T00:00:00Z");
	ck_assert_str_eq(kst_time_text(INT64_MAX, KST_TIME_DATE, out), "9999-12-31");
	ck_assert_int_lt(kst_time_days(INT64_MIN, INT64_MAX), 0);
	ck_assert_int_gt(kst_time_days(INT64_MAX, INT64_MIN), 0);
	ck_assert_ptr_eq(kst_time_left(INT64_MIN, INT64_MAX, out), out);
	ck_assert_int_eq(strncmp(out, "EXPIRED ", 8), 0);
}
END_TEST

START_TEST(what_is_left_is_said_in_the_largest_useful_unit)
{
	char out[KST_TIME_TEXT];

	ck_assert_str_eq(kst_time_left(11 * 86400 + 80000, 0, out), "11 days left");
	ck_assert_str_eq(kst_time_left(7 * 3600 + 59, 0, out), "7 hours left");
	ck_assert_str_eq(kst_time_left(86400, 0, out), "1 day left");
	ck_assert_str_eq(kst_time_left(9 * 365 * 86400, 0, out), "9 years left");
	ck_assert_str_eq(kst_time_left(729 * 86400, 0, out), "729 days left");
	ck_assert_str_eq(kst_time_left(0, 3 * 86400, out), "EXPIRED 3 days ago");
	ck_assert_int_eq(kst_time_days(-1, 0), -1);
	ck_assert_int_eq(kst_time_days(86399, 0), 0);
}
END_TEST

START_TEST(times_of_certificates_are_read)
{
	int64_t t;

	ck_assert_int_eq(kst_time_from_asn1(false, (const uint8_t *)"491231235959Z", 13, &t), 0);
	ck_assert_int_eq(t, 2524607999);
	ck_assert_int_eq(kst_time_from_asn1(false, (const uint8_t *)"500101000000Z", 13, &t), 0);
	ck_assert_int_eq(t, -631152000);
	ck_assert_int_eq(kst_time_from_asn1(true, (const uint8_t *)"20261205185003Z", 15, &t), 0);
	ck_assert_int_eq(t, 1796496603);
	ck_assert_int_eq(kst_time_from_asn1(false, (const uint8_t *)"7001010100+0100", 15, &t), 0);
	ck_assert_int_eq(t, 0);
	ck_assert_int_eq(kst_time_from_asn1(false, (const uint8_t *)"7001010100+2400", 15, &t), -1);
	ck_assert_int_eq(kst_time_from_asn1(false, (const uint8_t *)"7001010100+0060", 15, &t), -1);
	ck_assert_int_eq(kst_time_from_asn1(false, NULL, 0, &t), -1);
	ck_assert_int_eq(kst_time_from_asn1(true, (const uint8_t *)"2026", 4, &t), -1);
	ck_assert_int_eq(kst_time_from_asn1(true, (const uint8_t *)"20261305185003Z", 15, &t), -1);
	ck_assert_int_eq(kst_time_from_asn1(false, (const uint8_t *)"4912312359\0009Z", 13, &t),
			 -1);
}
END_TEST

START_TEST(spans_have_a_unit)
{
	bool percent;
	int64_t v;

	ck_assert_int_eq(kst_time_parse_span("30d", &v, &percent), 0);
	ck_assert_int_eq(v, 30 * 86400);
	ck_assert_int_eq(kst_time_parse_span("33%", &v, &percent), 0);
	ck_assert(percent && v == 33);
	ck_assert_int_eq(kst_time_parse_span("30", &v, &percent), -1);
	ck_assert_int_eq(kst_time_parse_span("-1d", &v, &percent), -1);
	ck_assert_int_eq(kst_time_parse_span("101%", &v, &percent), -1);
	ck_assert_int_eq(kst_time_parse_span("99999999999999999999d", &v, &percent), -1);
	ck_assert_int_eq(kst_time_parse_span("5x", &v, &percent), -1);
	ck_assert(percent && v == 33); /* untouched by what failed */
	ck_assert_int_eq(kst_time_parse_span("2w", &v, &percent), 0);
	ck_assert(!percent && v == 2 * 7 * 86400);
}
END_TEST

Suite *test_text(void)
{
	Suite *s = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, hostile_text_is_shown_harmless);
	tcase_add_test(tc, utf8_is_valid_in_its_shortest_form_only);
	tcase_add_test(tc, an_alias_has_its_frozen_alphabet);
	tcase_add_test(tc, the_forbidden_characters_are_those_of_the_format);
	tcase_add_test(tc, width_counts_cells);
	tcase_add_test(tc, invisible_characters_are_not_shown);
	tcase_add_test(tc, long_names_are_cut_in_the_middle);
	tcase_add_test(tc, lower_case_is_javas);
	tcase_add_test(tc, utf16_of_pkcs12_is_read_and_written);
	tcase_add_test(tc, modified_utf8_of_java_is_read_and_written);
	tcase_add_test(tc, a_passphrase_has_one_normal_form);
	tcase_add_test(tc, a_typo_is_near);
	tcase_add_test(tc, a_host_name_in_punycode_is_decoded);
	tcase_add_test(tc, a_shell_takes_a_word_as_one);
	tcase_add_test(tc, times_are_utc_and_exact);
	tcase_add_test(tc, what_is_left_is_said_in_the_largest_useful_unit);
	tcase_add_test(tc, times_of_certificates_are_read);
	tcase_add_test(tc, spans_have_a_unit);
	suite_add_tcase(s, tc);
	return s;
}
