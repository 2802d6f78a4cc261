/* SPDX-License-Identifier: ISC */
/* checklist.c - what was checked, a line each, with a mark that a screen reader has a word for */
#include "ui/out_impl.h"

#include <string.h>

#define LABEL 13 /* cells */

static const struct {
	const char *mark, *ascii, *sgr;
} marks[] = {
	[OUT_CHECK_OK] = { "\xe2\x9c\x93", "ok", "32" },
	[OUT_CHECK_BAD] = { "\xe2\x9c\x97", "FAIL", "31" },
	[OUT_CHECK_NONE] = { "\xe2\x80\x93", "-", NULL },
	[OUT_CHECK_MORE] = { "", "", NULL },
};

void out_check(struct out *o, enum out_check how, const char *label, const char *text)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, t KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *mark = o->ascii ? marks[how].ascii : marks[how].mark;
	size_t cells = o->ascii ? 4 : 1, w = kst_text_width(mark), column = PAIR_INDENT + cells + 1;

	if (o->mode != OUT_TEXT)
		return;
	put_spaces(&b, PAIR_INDENT);
	if (o->color && marks[how].sgr && *mark)
		kst_buf_printf(&b, "\x1b[%sm%s\x1b[0m", marks[how].sgr, mark);
	else
		kst_buf_puts(&b, mark);
	put_spaces(&b, cells - w + 1);
	w = label ? kst_text_width(label) : 0;
	if (label)
		put_text(o, &b, label, strlen(label));
	put_spaces(&b, w < LABEL ? LABEL - w : 0);
	kst_buf_puts(&b, " ");
	column += (w < LABEL ? LABEL : w) + 1;
	put_text(o, &t, text, strlen(text));
	if (t.len)
		wrap_text(&b, (const char *)t.data, column, PAIR_INDENT + cells + 1 + LABEL + 1, o->width);
	while (b.len && b.data[b.len - 1] == ' ')
		b.data[--b.len] = '\0';
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}
