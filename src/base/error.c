/* SPDX-License-Identifier: ISC */
/* error.c - the error object; texts live inline so that an error needs no memory */
#include "kstool/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kstool/text.h"

static const struct {
	const char *slug, *meaning;
	int exit;
} codes[KST_CODE_COUNT] = {
	[KST_OK] = { "ok", "no error", 0 },
#define KST_ERROR(name, status, slug, meaning) [KST_E_##name] = { slug, meaning, status },
#include "kstool/errors.def"
#undef KST_ERROR
};

void kst_error_clear(struct kst_error *err)
{
	if (!err)
		return;
	err->code = KST_OK;
	err->sys_errno = 0;
	err->subject[0] = err->message[0] = err->detail[0] = '\0';
	err->hint[0] = err->underlying[0] = '\0';
}

__attribute__((format(printf, 4, 0))) static int set(struct kst_error *err, enum kst_code code,
						     int sys_errno, const char *fmt, va_list ap)
{
	size_t n;

	if (!err || err->code != KST_OK)
		return -1;
	err->code = code;
	err->sys_errno = sys_errno;
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	n = strlen(err->message);
	if (sys_errno)
		snprintf(err->message + n, sizeof(err->message) - n, ": %s", strerror(sys_errno));
	return -1;
}

int kst_error_set(struct kst_error *err, enum kst_code code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	set(err, code, saved, fmt, ap);
	va_end(ap);
	errno = saved;
	return -1;
}

int kst_error_setx(struct kst_error *err, enum kst_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, code, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int kst_error_subject(struct kst_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->subject[0])
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->subject, sizeof(err->subject), fmt, ap);
	va_end(ap);
	return -1;
}

/* One more line of `text`, which has room for `size` bytes. */
__attribute__((format(printf, 3, 0))) static void append(char *text, size_t size, const char *fmt,
							 va_list ap)
{
	size_t n = strlen(text);

	if (n && n + 1 < size) {
		text[n++] = '\n';
		text[n] = '\0';
	}
	vsnprintf(text + n, size - n, fmt, ap);
	/* A line feed in a name does not begin a line that we seem to say. */
	for (char *p = text + n; *p; p++)
		if (*p == '\n')
			*p = ' ';
}

int kst_error_detail(struct kst_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	append(err->detail, sizeof(err->detail), fmt, ap);
	va_end(ap);
	return -1;
}

int kst_error_hint(struct kst_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	append(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

/* A word as a part of a command line, behind what is in `text` from `start` on. */
static int put_word(char *text, size_t size, size_t start, const char *word)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t at = strlen(text);

	if (at > start)
		kst_buf_puts(&b, " ");
	kst_text_shell(&b, word);
	/* Half a command is worse than none. */
	if (b.failed || b.len >= size - at)
		return -1;
	memcpy(text + at, b.data, b.len);
	text[at + b.len] = '\0';
	return 0;
}

static int put_words(char *text, size_t size, const char *word, va_list ap)
{
	size_t start = strlen(text);
	int rc = 0;

	for (; word && rc == 0; word = va_arg(ap, const char *))
		rc = put_word(text, size, start, word);
	return rc;
}

int kst_error_command(struct kst_error *err, const char *word, ...)
{
	char text[sizeof(err->hint)] = "";
	va_list ap;
	int rc;

	va_start(ap, word);
	rc = put_words(text, sizeof(text), word, ap);
	va_end(ap);
	return rc < 0 ? -1 : kst_error_hint(err, "%s", text);
}

int kst_error_advise(struct kst_error *err, const char *what, const char *word, ...)
{
	char text[sizeof(err->hint)];
	va_list ap;
	int rc;

	snprintf(text, sizeof(text), "%s:  ", what);
	va_start(ap, word);
	rc = put_words(text, sizeof(text), word, ap);
	va_end(ap);
	return rc < 0 ? -1 : kst_error_hint(err, "%s", text);
}

int kst_error_words(struct kst_error *err, const char *what, const char *const *word)
{
	char text[sizeof(err->hint)] = "";
	size_t start;

	if (what)
		snprintf(text, sizeof(text), "%s:  ", what);
	start = strlen(text);
	for (; *word; word++)
		if (put_word(text, sizeof(text), start, *word) < 0)
			return -1;
	return kst_error_hint(err, "%s", text);
}

int kst_error_nomem(struct kst_error *err)
{
	return kst_error_setx(err, KST_E_NO_MEMORY, "there is not enough memory");
}

const char *kst_code_slug(enum kst_code code)
{
	return (unsigned)code < KST_CODE_COUNT ? codes[code].slug : "unknown";
}

const char *kst_code_meaning(enum kst_code code)
{
	return (unsigned)code < KST_CODE_COUNT ? codes[code].meaning : "";
}

int kst_code_exit(enum kst_code code)
{
	return (unsigned)code < KST_CODE_COUNT ? codes[code].exit : 9;
}

enum kst_code kst_code_find(const char *slug)
{
	for (int i = 1; i < KST_CODE_COUNT; i++)
		if (!strcmp(codes[i].slug, slug))
			return (enum kst_code)i;
	return KST_OK;
}
