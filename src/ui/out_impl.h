/* SPDX-License-Identifier: ISC */
/*
 * out_impl.h - inside of struct out; for out.c, text.c, plain.c and json.c only
 */
#ifndef KST_UI_OUT_IMPL_H
#define KST_UI_OUT_IMPL_H

#include <stdarg.h>

#include "ui/out.h"

struct doc; /* the JSON document, json.c */

struct out {
	enum out_mode mode;
	bool quiet, ascii, local_time, block, table, no_pager, want_pager, data_mode, discarded;
	int verbose;
	int fd, err_fd;
	bool color, err_color;
	bool bytes, err_bytes; /* a terminal that does not read UTF-8: nothing but ASCII to it */
	size_t width, err_width; /* cells; 0 no limit */
	struct kst_buf buf;	 /* text that is not written yet */
	int write_errno;	 /* the first error in writing the answer */
	struct doc *doc;	 /* OUT_JSON only */
	struct progress *progress; /* a line that goes before anything else comes */
};

#define GAP	     2	/* cells between columns */
#define LEAST_MIDDLE 12 /* a column that is shortened in the middle keeps so many cells */
#define PAIR_INDENT  2	/* of details below a heading */
#define BLOCK_BELOW  60 /* a narrower screen gets blocks instead of columns */

/* Talk goes out at once, after what was answered before it. */
void say(struct out *o, const struct kst_buf *b);
/* Append text that is safe as it is; buffered, written when a lot has come together. */
void put(struct out *o, const char *text);
void put_buf(struct out *o, const struct kst_buf *b);
void put_spaces(struct kst_buf *b, size_t n);

/* Foreign text for the answer's stream; appended. */
void put_text(const struct out *o, struct kst_buf *b, const char *text, size_t n);
/* printf text into b, each %s escaped on its own, to ASCII if the stream needs it. */
void format_escaped(struct kst_buf *b, bool ascii, const char *fmt, va_list ap);
/* One value of a row as text (or, with `plain`, as a --plain cell), escaped; appended. */
void field_text(const struct out *o, const struct field *f, const void *row, bool plain,
		struct kst_buf *b);
/* SGR parameter that a state word deserves, or NULL. */
const char *state_color(const char *state);
/* Append text, its first word coloured if it is a state. */
void put_state(const struct out *o, struct kst_buf *b, const char *text);
/*
 * Append escaped text in lines of at most `width` cells (0: one line), the first of which starts
 * at column `start`; the others get `indent` spaces.
 */
void wrap_text(struct kst_buf *b, const char *text, size_t start, size_t indent, size_t width);

void text_rows(struct out *o, const struct field *table, const struct field *blocks,
	       const void *rows, size_t nr, size_t size);
void plain_rows(struct out *o, const struct field *table, const void *rows, size_t nr, size_t size);
void plain_escape(const struct out *o, struct kst_buf *b, const char *text);

/* ---- json.c ---- */

struct doc *doc_new(void);
void doc_free(struct doc *d);
void doc_schema(struct doc *d, const char *schema);
void doc_changed(struct doc *d, bool changed);
void doc_warning(struct doc *d, const char *slug, const char *text);
void doc_error(struct doc *d, const struct kst_error *err); /* the first one stays */
void doc_open(struct doc *d, const char *key, bool array);
void doc_close(struct doc *d);
size_t doc_depth(const struct doc *d);
void doc_text(struct doc *d, const char *key, const char *s, size_t n); /* s NULL: null */
void doc_int(struct doc *d, const char *key, int64_t v);
void doc_bool(struct doc *d, const char *key, bool v);
void doc_member(struct doc *d, const struct field *f, const void *row);
/* The whole document as one line; with `error_only` without the members that were added. */
int doc_dump(struct doc *d, int status, bool error_only, struct kst_buf *out);

#endif
