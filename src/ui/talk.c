/* SPDX-License-Identifier: ISC */
/* talk.c - what is said beside the answer: warnings, notes, errors */
#include <stdio.h>
#include <string.h>

#include "kstool/fd.h"
#include "ui/out_impl.h"
#include "ui/progress.h"

void say(struct out *o, const struct kst_buf *b)
{
	progress_clear(o->progress);
	if (kst_fd_write_all(o->err_fd, b->data, b->len, NULL) < 0)
		return; /* there is nobody left to tell */
}

static void talk(struct out *o, const char *lead, const char *fmt, va_list ap)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, t KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&b, lead);
	format_escaped(&t, o->err_bytes, fmt, ap);
	if (t.len)
		wrap_text(&b, (const char *)t.data, strlen(lead), strlen(lead), o->err_width);
	kst_buf_u8(&b, '\n');
	say(o, &b);
}

void out_warn(struct out *o, const char *slug, const char *fmt, ...)
{
	va_list ap;

	if (o->doc) {
		char text[1024];

		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		doc_warning(o->doc, slug, text);
	}
	if (o->quiet)
		return;
	va_start(ap, fmt);
	talk(o, "kstool: warning: ", fmt, ap);
	va_end(ap);
}

void out_note(struct out *o, const char *fmt, ...)
{
	va_list ap;

	if (o->quiet)
		return;
	va_start(ap, fmt);
	talk(o, "note: ", fmt, ap);
	va_end(ap);
}

/* A hint that is or holds a command is copied from the screen: it is not to be broken. */
static bool is_command(const char *text, size_t n)
{
	static const char *const word[] = { "kstool ", "openssl ", "keytool ", "chmod ", "cp ", NULL };

	for (size_t i = 0; word[i]; i++)
		if (memmem(text, n, word[i], strlen(word[i])))
			return true;
	return false;
}

/* The backslash of a command is one for the shell, too: doubled it would name another file. */
static void escape_command(struct out *o, struct kst_buf *b, const char *text, size_t n)
{
	const char *end = text + n, *slash;

	for (; (slash = memchr(text, '\\', (size_t)(end - text))); text = slash + 1) {
		kst_text_escape_for(b, text, (size_t)(slash - text), o->err_bytes);
		kst_buf_u8(b, '\\');
	}
	kst_text_escape_for(b, text, (size_t)(end - text), o->err_bytes);
}

/* Each line of a text, escaped, behind a lead; sentences wrap. */
static void put_lines(struct out *o, struct kst_buf *b, const char *lead, const char *text)
{
	size_t indent = strlen(lead);

	while (*text) {
		struct kst_buf line KST_SCRATCH_BUF = KST_BUF_INIT;
		size_t n = strcspn(text, "\n");

		kst_buf_puts(b, lead);
		if (is_command(text, n))
			escape_command(o, &line, text, n);
		else
			kst_text_escape_for(&line, text, n, o->err_bytes);
		if (line.len)
			wrap_text(b, (const char *)line.data, indent, indent,
				  is_command(text, n) ? 0 : o->err_width);
		kst_buf_u8(b, '\n');
		text += n;
		text += *text == '\n';
	}
}

void out_error(struct out *o, const struct kst_error *err)
{
	static const char start[] = "kstool: error: ";
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, line KST_SCRATCH_BUF = KST_BUF_INIT;

	out_flush(o);
	if (o->doc)
		doc_error(o->doc, err);
	if (err->subject[0]) {
		kst_text_escape_for(&line, err->subject, strlen(err->subject), o->err_bytes);
		kst_buf_puts(&line, ": ");
	}
	kst_text_escape_for(&line, err->message, strlen(err->message), o->err_bytes);
	kst_buf_printf(&line, " [%s]", kst_code_slug(err->code));
	if (o->err_color)
		kst_buf_puts(&b, "kstool: \x1b[31merror\x1b[0m: ");
	else
		kst_buf_puts(&b, start);
	wrap_text(&b, line.data ? (const char *)line.data : "", sizeof(start) - 1,
		  sizeof(start) - 1, o->err_width);
	kst_buf_u8(&b, '\n');
	put_lines(o, &b, "  ", err->detail);
	if (o->verbose >= 2)
		put_lines(o, &b, "  library: ", err->underlying);
	put_lines(o, &b, "  hint: ", err->hint);
	if (b.failed) /* no memory for the full text: the least that helps */
		kst_fd_write_all(o->err_fd, err->message, strlen(err->message), NULL);
	else
		say(o, &b);
}
