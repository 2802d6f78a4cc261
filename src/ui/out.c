/* SPDX-License-Identifier: ISC */
/*
 * out.c - the answer on its way: modes, escaping, streams
 *
 * The text of the answer is kept until the end of the command (or until there is
 * a lot of it), so that a command that fails leaves no half answer on stdout.
 */
#include "ui/out_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kstool/fd.h"
#include "ui/pager.h"
#include "ui/progress.h"
#include "ui/term.h"

#define KEEP_AT_MOST (1u << 20)

struct out *out_new(const struct out_options *opt)
{
	struct out *o = kst_calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->mode = opt->mode;
	o->quiet = opt->quiet;
	o->verbose = opt->verbose;
	o->local_time = opt->local_time;
	o->no_pager = opt->no_pager;
	o->fd = opt->fd;
	o->err_fd = opt->err_fd;
	o->ascii = opt->ascii || !term_utf8();
	o->block = opt->layout && !strcmp(opt->layout, "block");
	o->table = opt->layout && !strcmp(opt->layout, "table");
	o->color = o->mode == OUT_TEXT && term_color(o->fd, opt->color);
	o->err_color = o->mode == OUT_TEXT && term_color(o->err_fd, opt->color);
	o->width = term_width(o->fd);
	o->err_width = term_width(o->err_fd);
	o->bytes = isatty(o->fd) && !term_utf8();
	o->err_bytes = isatty(o->err_fd) && !term_utf8();
	if (o->mode == OUT_JSON) {
		o->doc = doc_new();
		if (!o->doc) {
			kst_free(o);
			return NULL;
		}
	}
	return o;
}

void out_free(struct out *o)
{
	if (!o)
		return;
	doc_free(o->doc);
	kst_buf_release(&o->buf);
	kst_free(o);
}

/* ---- writing ---- */

void out_progress(struct out *o, struct progress *p)
{
	o->progress = p;
}

void out_flush(struct out *o)
{
	progress_clear(o->progress);
	if (o->buf.len && !o->write_errno && kst_fd_write_all(o->fd, o->buf.data, o->buf.len, NULL) < 0)
		o->write_errno = errno;
	/* Memory that ran out once is remembered: the answer is not complete. */
	o->buf.len = 0;
}

void put_buf(struct out *o, const struct kst_buf *b)
{
	if (b->failed)
		o->buf.failed = true;
	kst_buf_put(&o->buf, b->data, b->len);
	if (o->buf.len > KEEP_AT_MOST && !o->want_pager)
		out_flush(o);
}

void put(struct out *o, const char *text)
{
	kst_buf_puts(&o->buf, text);
}

void put_spaces(struct kst_buf *b, size_t n)
{
	while (n--)
		kst_buf_u8(b, ' ');
}

/* ---- values as text ---- */

void put_text(const struct out *o, struct kst_buf *b, const char *text, size_t n)
{
	kst_text_escape_for(b, text, n, o->bytes);
}

static void put_number(struct kst_buf *b, const char **fmt, va_list *ap)
{
	const char *f = *fmt;

	if (*f == 'd' || *f == 'i')
		kst_buf_printf(b, "%d", va_arg(*ap, int));
	else if (*f == 'u')
		kst_buf_printf(b, "%u", va_arg(*ap, unsigned));
	else if (!strncmp(f, "zu", 2)) {
		kst_buf_printf(b, "%zu", va_arg(*ap, size_t));
		f++;
	} else if (!strncmp(f, "lld", 3)) {
		kst_buf_printf(b, "%lld", va_arg(*ap, long long));
		f += 2;
	} else if (!strncmp(f, "llu", 3)) {
		kst_buf_printf(b, "%llu", va_arg(*ap, unsigned long long));
		f += 2;
	} else if (!strncmp(f, "ld", 2)) {
		kst_buf_printf(b, "%ld", va_arg(*ap, long));
		f++;
	} else if (!strncmp(f, "lu", 2)) {
		kst_buf_printf(b, "%lu", va_arg(*ap, unsigned long));
		f++;
	}
	*fmt = f;
}

void format_escaped(struct kst_buf *b, bool ascii, const char *fmt, va_list args)
{
	va_list ap;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		size_t width = 0, from = b->len;
		bool left = false;
		int most = -1;

		if (*fmt != '%') {
			kst_buf_u8(b, (uint8_t)*fmt);
			continue;
		}
		for (fmt++; *fmt == '-'; fmt++)
			left = true;
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + (size_t)(*fmt - '0');
		if (!strncmp(fmt, ".*", 2)) {
			most = va_arg(ap, int);
			fmt += 2;
		}
		if (*fmt == '%')
			kst_buf_u8(b, '%');
		else if (*fmt == 's') {
			const char *s = va_arg(ap, const char *);

			if (!s)
				s = "";
			kst_text_escape_for(b, s, most >= 0 ? strnlen(s, (size_t)most) : strlen(s),
					    ascii);
		} else
			put_number(b, &fmt, &ap);
		if (width) {
			size_t w = b->len > from ? kst_text_width((const char *)b->data + from) : 0;
			struct kst_buf t KST_SCRATCH_BUF = KST_BUF_INIT;

			if (w >= width)
				continue;
			if (left) {
				put_spaces(b, width - w);
				continue;
			}
			kst_buf_put(&t, b->data + from, b->len - from);
			b->len = from;
			put_spaces(b, width - w);
			kst_buf_put(b, t.data, t.len);
		}
	}
	va_end(ap);
}

static void time_text(const struct out *o, int64_t t, struct kst_buf *b)
{
	char text[KST_TIME_TEXT], local[40];
	time_t when = (time_t)t;
	struct tm tm;

	kst_buf_puts(b, kst_time_text(t, KST_TIME_MINUTE, text));
	if (o->local_time && t != KST_TIME_NEVER && localtime_r(&when, &tm) &&
	    strftime(local, sizeof(local), "%Y-%m-%d %H:%M %Z", &tm))
		kst_buf_printf(b, " (%s)", local);
}

void field_text(const struct out *o, const struct field *f, const void *row, bool plain,
		struct kst_buf *b)
{
	const void *at = (const char *)row + f->offset;
	char text[KST_TIME_TEXT];
	const uint8_t *hex;
	const char *s;
	int64_t v;

	switch (f->type) {
	case F_STR:
	case F_STATE:
		s = *(const char *const *)at;
		if (s && plain)
			plain_escape(o, b, s);
		else if (s)
			put_text(o, b, s, strlen(s));
		break;
	case F_INT:
		kst_buf_printf(b, "%lld", (long long)*(const int64_t *)at);
		break;
	case F_BOOL:
		kst_buf_puts(b, *(const bool *)at ? "yes" : "no");
		break;
	case F_TIME:
		v = *(const int64_t *)at;
		if (v && plain)
			kst_buf_puts(b, kst_time_text(v, KST_TIME_FULL, text));
		else if (v)
			time_text(o, v, b);
		break;
	case F_HEX32:
		hex = *(const uint8_t *const *)at;
		if (hex)
			kst_text_hex(b, hex, 32);
		break;
	}
}

/* ---- the calls of the commands ---- */

void out_rows(struct out *o, const char *name, const struct field *table, const void *rows,
	      size_t nr, size_t row_size)
{
	out_list(o, name, table, table, rows, nr, row_size);
}

void out_list(struct out *o, const char *name, const struct field *table,
	      const struct field *blocks, const void *rows, size_t nr, size_t row_size)
{
	switch (o->mode) {
	case OUT_TEXT:
		text_rows(o, table, blocks, rows, nr, row_size);
		break;
	case OUT_PLAIN:
		plain_rows(o, table, rows, nr, row_size);
		break;
	case OUT_JSON:
		doc_open(o->doc, name, true);
		for (size_t i = 0; i < nr; i++) {
			doc_open(o->doc, NULL, false);
			out_members(o, table, (const char *)rows + i * row_size);
			doc_close(o->doc);
		}
		doc_close(o->doc);
		break;
	}
}

void out_line(struct out *o, const char *fmt, ...)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	va_list ap;

	if (o->mode != OUT_TEXT)
		return;
	va_start(ap, fmt);
	format_escaped(&b, o->bytes, fmt, ap);
	va_end(ap);
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}

void out_heading(struct out *o, const char *fmt, ...)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, t KST_SCRATCH_BUF = KST_BUF_INIT;
	va_list ap;

	if (o->mode != OUT_TEXT)
		return;
	if (o->color)
		kst_buf_puts(&b, "\x1b[1m");
	va_start(ap, fmt);
	format_escaped(&t, o->bytes, fmt, ap);
	va_end(ap);
	if (t.len)
		wrap_text(&b, (const char *)t.data, 0, PAIR_INDENT, o->width);
	kst_buf_puts(&b, o->color ? "\x1b[0m\n" : "\n");
	put_buf(o, &b);
}

static void sentence(struct out *o, const char *lead, const char *fmt, va_list ap)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, t KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t indent = strlen(lead);

	if (o->mode != OUT_TEXT)
		return;
	format_escaped(&t, o->bytes, fmt, ap);
	kst_buf_puts(&b, lead);
	if (t.len)
		wrap_text(&b, (const char *)t.data, indent, indent, o->width);
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}

void out_hanging(struct out *o, size_t indent, const char *fmt, ...)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, t KST_SCRATCH_BUF = KST_BUF_INIT;
	va_list ap;

	if (o->mode != OUT_TEXT)
		return;
	va_start(ap, fmt);
	format_escaped(&t, o->bytes, fmt, ap);
	va_end(ap);
	if (t.len)
		wrap_text(&b, (const char *)t.data, 0, indent, o->width);
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}

void out_sentence(struct out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sentence(o, "", fmt, ap);
	va_end(ap);
}

void out_advice(struct out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sentence(o, "! ", fmt, ap);
	va_end(ap);
}

void out_blank(struct out *o)
{
	if (o->mode == OUT_TEXT)
		put(o, "\n");
}

#define VERB_CELLS  11
#define ALIAS_CELLS 19

/* Where change lines go, and what there is to know of it. */
static bool change_bytes(const struct out *o)
{
	return o->data_mode ? o->err_bytes : o->bytes;
}

static size_t change_width(const struct out *o)
{
	return o->data_mode ? o->err_width : o->width;
}

static void put_change(struct out *o, const struct kst_buf *b)
{
	if (o->data_mode)
		say(o, b);
	else
		put_buf(o, b);
}

/* What is left of a change line: the text in its column, on a narrow screen below the alias. */
static void change_text(const struct out *o, struct kst_buf *b, const char *text)
{
	struct kst_buf t KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t width = change_width(o), column = VERB_CELLS + ALIAS_CELLS,
	       at = b->len ? kst_text_width((const char *)b->data) : 0;

	kst_text_escape_for(&t, text, strlen(text), change_bytes(o));
	if (t.len && width && width < BLOCK_BELOW) {
		column = VERB_CELLS;
		if (at > column) {
			kst_buf_u8(b, '\n');
			at = 0;
		}
	}
	if (t.len) {
		size_t cells = kst_text_width((const char *)t.data),
		       gap = at + GAP > column && at ? GAP : column - at;

		if (width && gap == GAP && at + gap + cells > width && column + 20 <= width) {
			kst_buf_u8(b, '\n');
			at = 0;
			gap = column;
		}
		put_spaces(b, gap);
		wrap_text(b, (const char *)t.data, at + gap, column, width);
	}
	kst_buf_u8(b, '\n');
}

void out_change(struct out *o, const char *verb, const char *alias, const char *text,
		const char *const *facts)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (o->mode == OUT_JSON || (o->data_mode && o->quiet))
		return;
	if (!alias)
		alias = "";
	if (o->mode == OUT_PLAIN) {
		plain_escape(o, &b, verb);
		kst_buf_u8(&b, '\t');
		plain_escape(o, &b, alias);
		for (; facts && *facts; facts++) {
			kst_buf_u8(&b, '\t');
			plain_escape(o, &b, *facts);
		}
		kst_buf_u8(&b, '\n');
	} else {
		kst_buf_puts(&b, verb);
		put_spaces(&b, strlen(verb) + GAP > VERB_CELLS ? GAP : VERB_CELLS - strlen(verb));
		kst_text_escape_for(&b, alias, strlen(alias), change_bytes(o));
		change_text(o, &b, text ? text : "");
	}
	put_change(o, &b);
}

void out_change_more(struct out *o, const char *label, const char *text)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (o->mode != OUT_TEXT || (o->data_mode && o->quiet))
		return;
	if (label) {
		put_spaces(&b, VERB_CELLS);
		kst_buf_puts(&b, label);
	}
	change_text(o, &b, text);
	put_change(o, &b);
}

void out_summary(struct out *o, const char *fmt, ...)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, t KST_SCRATCH_BUF = KST_BUF_INIT;
	va_list ap;

	if (o->mode != OUT_TEXT || (o->data_mode && o->quiet))
		return;
	va_start(ap, fmt);
	format_escaped(&t, change_bytes(o), fmt, ap);
	va_end(ap);
	if (t.len)
		wrap_text(&b, (const char *)t.data, 0, PAIR_INDENT, change_width(o));
	kst_buf_u8(&b, '\n');
	put_change(o, &b);
}

int out_data(struct out *o, const void *data, size_t n, bool binary, struct kst_error *err)
{
	if (o->mode == OUT_JSON) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		if (!binary) {
			out_strn(o, "data", data, n);
			out_null(o, "data_base64");
			return 0;
		}
		kst_base64(&b, data, n);
		out_null(o, "data");
		out_strn(o, "data_base64", b.data ? (const char *)b.data : "", b.len);
		return 0;
	}
	if (binary && isatty(o->fd)) {
		kst_error_setx(err, KST_E_BINARY_TO_TERMINAL,
			       "this is binary data, and standard output is a terminal");
		return kst_error_hint(err, "name a file: -o FILE");
	}
	out_flush(o);
	if (!o->write_errno && kst_fd_write_all(o->fd, data, n, NULL) < 0)
		o->write_errno = errno;
	if (o->write_errno) {
		errno = o->write_errno;
		o->write_errno = 0; /* it is reported now */
		kst_error_set(err, errno == ENOSPC ? KST_E_DISK_FULL : KST_E_CANNOT_WRITE,
			      "cannot write the answer");
		return kst_error_subject(err, "standard output");
	}
	return 0;
}

void out_data_mode(struct out *o)
{
	o->data_mode = true;
}

bool out_is(const struct out *o, enum out_mode mode)
{
	return o->mode == mode;
}

size_t out_width(const struct out *o)
{
	return o->width;
}

bool out_ascii(const struct out *o)
{
	return o->ascii;
}

int out_verbose(const struct out *o)
{
	return o->verbose;
}

bool out_for_people(const struct out *o)
{
	return o->mode == OUT_TEXT;
}

void out_resume(struct out *o)
{
	progress_resume(o->progress);
}

bool out_quiet(const struct out *o)
{
	return o->quiet;
}

void out_show(struct out *o)
{
	progress_clear(o->progress);
	if (o->want_pager && o->buf.len && pager_show(o->fd, &o->buf))
		o->buf.len = 0;
	out_flush(o);
}

void out_pager(struct out *o)
{
	o->want_pager = o->mode == OUT_TEXT && !o->no_pager;
}

/* ---- the end ---- */

static void no_answer(struct out *o, enum kst_code code, const char *what)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_error_setx(&err, code, "%s", what);
	kst_error_subject(&err, "standard output");
	o->buf.len = 0;
	out_error(o, &err);
}

void out_discard(struct out *o)
{
	o->buf.len = 0;
	o->discarded = true;
}

int out_finish(struct out *o, int status)
{
	bool discard = o->discarded, failed = o->buf.failed;

	progress_clear(o->progress);
	if (o->doc) {
		o->buf.len = 0;
		if (doc_dump(o->doc, status, discard, &o->buf) < 0)
			failed = true;
	}
	if (failed && !discard) {
		no_answer(o, KST_E_NO_MEMORY, "there is not enough memory for the answer");
		return kst_code_exit(KST_E_NO_MEMORY);
	}
	out_show(o);
	/* A full disk may tell only now. */
	if (!o->write_errno && !isatty(o->fd) && close(dup(o->fd)) < 0 && errno != EBADF)
		o->write_errno = errno;
	if (!o->write_errno)
		return status;
	no_answer(o, o->write_errno == ENOSPC ? KST_E_DISK_FULL : KST_E_CANNOT_WRITE,
		  strerror(o->write_errno));
	return kst_code_exit(KST_E_CANNOT_WRITE);
}
