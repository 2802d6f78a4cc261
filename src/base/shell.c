/* SPDX-License-Identifier: ISC */
/*
 * shell.c - a word as a shell takes it
 *
 * Commands in hints are copied into a shell, and the names in them are whatever
 * somebody called a file or an entry.
 */
#include <string.h>

#include "kstool/text.h"

/* What no shell takes for anything else, wherever in a word it stands. */
static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./@%+=:,-";
	return *word && word[strspn(word, plain)] == '\0';
}

/* Would a terminal be shown something else than what is there? */
static bool is_shown(const char *word)
{
	const uint8_t *p = (const uint8_t *)word;
	size_t n = strlen(word), len;
	uint32_t cp;

	for (; n; p += len, n -= len) {
		len = kst_utf8_decode(p, n, &cp);
		if (!len || !kst_text_char_shown(cp))
			return false;
	}
	return true;
}

/* In octal, which has an end: "\x" takes as many digits as follow in some shells. */
static void put_bytes(struct kst_buf *out, const char *word)
{
	kst_buf_puts(out, "$'");
	for (const uint8_t *p = (const uint8_t *)word; *p; p++)
		if (*p < 0x20 || *p >= 0x7f || *p == '\'' || *p == '\\')
			kst_buf_printf(out, "\\%03o", *p);
		else
			kst_buf_u8(out, *p);
	kst_buf_puts(out, "'");
}

void kst_text_shell(struct kst_buf *out, const char *word)
{
	if (is_plain(word)) {
		kst_buf_puts(out, word);
		return;
	}
	if (!is_shown(word)) {
		put_bytes(out, word);
		return;
	}
	kst_buf_puts(out, "'");
	for (; *word; word++)
		/* Not '\'': where a backslash is shown doubled, what follows would be outside of the quotes. */
		if (*word == '\'')
			kst_buf_puts(out, "'\"'\"'");
		else
			kst_buf_u8(out, (uint8_t)*word);
	kst_buf_puts(out, "'");
}

const char *kst_text_shell_path(struct kst_buf *out, const char *path)
{
	if (*path == '-')
		kst_buf_puts(out, "./");
	kst_text_shell(out, path);
	return out->failed ? "FILE" : (const char *)out->data;
}
