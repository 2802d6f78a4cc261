/* SPDX-License-Identifier: ISC */
/*
 * plain.c - one record a line, TAB between the fields, for awk and cut
 *
 * TAB, line feed and backslash are \t, \n and \\; what else could harm a
 * terminal is escaped as in text.
 */
#include "ui/out_impl.h"

#include <string.h>

void plain_escape(const struct out *o, struct kst_buf *b, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\t\n");

		put_text(o, b, text, n);
		text += n;
		if (*text)
			kst_buf_puts(b, *text++ == '\t' ? "\\t" : "\\n");
	}
}

void plain_rows(struct out *o, const struct field *table, const void *rows, size_t nr, size_t size)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	for (size_t i = 0; i < nr; i++) {
		const char *row = (const char *)rows + i * size;
		bool first = true;

		kst_buf_reset(&b);
		for (const struct field *f = table; f->key; f++) {
			if (!(f->flags & FF_PLAIN))
				continue;
			if (!first)
				kst_buf_u8(&b, '\t');
			first = false;
			field_text(o, f, row, true, &b);
		}
		kst_buf_u8(&b, '\n');
		put_buf(o, &b);
	}
}

void out_plain(struct out *o, const char *const *cell, size_t nr)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (o->mode != OUT_PLAIN)
		return;
	for (size_t i = 0; i < nr; i++) {
		if (i)
			kst_buf_u8(&b, '\t');
		plain_escape(o, &b, cell[i] ? cell[i] : "");
	}
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}
