/* SPDX-License-Identifier: ISC */
/*
 * tree.c - a chain of certificates as a tree, root first
 *
 * The first cell carries indent and branch mark; the second ("CA", "server")
 * stands against the third, the key it speaks of; dates and state follow.
 */
#include "ui/out_impl.h"

#include <string.h>

#define CELLS 5
#define USE   1
#define KEY   2
#define DATES 3 /* may begin with a state word, as the last one does */

/* Indent and mark of a row: three cells deeper a level. */
static void lead(const struct out *o, const struct out_tree_row *r, struct kst_buf *b)
{
	put_spaces(b, PAIR_INDENT);
	if (r->depth) {
		put_spaces(b, 3 * (size_t)(r->depth - 1));
		kst_buf_puts(b, o->ascii ? "'- " : "\xe2\x94\x94\xe2\x94\x80 ");
	}
	if (r->mark) {
		put_text(o, b, r->mark, strlen(r->mark));
		kst_buf_u8(b, ' ');
	}
}

/* Cell c of a row as it is shown, in at most `limit` cells (0: any number). */
static size_t show(const struct out *o, const struct out_tree_row *r, size_t c, size_t limit,
		   struct kst_buf *b)
{
	struct kst_buf t KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t used = 0;

	if (!c) {
		lead(o, r, b);
		used = kst_text_width((const char *)b->data);
	}
	if (r->cell[c])
		put_text(o, &t, r->cell[c], strlen(r->cell[c]));
	if (t.len && limit && used + kst_text_width((const char *)t.data) > limit)
		kst_text_shorten(b, (const char *)t.data, limit > used ? limit - used : 0,
				 o->ascii);
	else if (t.len)
		kst_buf_puts(b, (const char *)t.data);
	return b->len ? kst_text_width((const char *)b->data) : 0;
}

static void tree_line(struct out *o, const struct out_tree_row *r, const size_t width[CELLS])
{
	struct kst_buf line KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t pad = 0;

	for (size_t c = 0; c < CELLS; c++) {
		struct kst_buf t KST_SCRATCH_BUF = KST_BUF_INIT;
		size_t w;

		if (!width[c])
			continue;
		w = show(o, r, c, width[c], &t);
		if (c)
			pad += GAP;
		if (!t.len) {
			pad += width[c];
			continue;
		}
		if (c == USE) {
			pad += width[c] - w;
			w = width[c];
		}
		put_spaces(&line, pad);
		if (c >= DATES)
			put_state(o, &line, (const char *)t.data);
		else
			kst_buf_put(&line, t.data, t.len);
		pad = width[c] > w ? width[c] - w : 0;
	}
	kst_buf_u8(&line, '\n');
	put_buf(o, &line);
}

static size_t total(const size_t width[CELLS])
{
	size_t sum = 0;

	for (size_t c = 0; c < CELLS; c++)
		sum += width[c] ? width[c] + (c ? GAP : 0) : 0;
	return sum;
}

void out_tree(struct out *o, const struct out_tree_row *row, size_t nr)
{
	size_t width[CELLS] = { 0 }, sum;

	if (o->mode != OUT_TEXT)
		return;
	for (size_t i = 0; i < nr; i++)
		for (size_t c = 0; c < CELLS; c++) {
			struct kst_buf t KST_SCRATCH_BUF = KST_BUF_INIT;
			size_t w = show(o, &row[i], c, 0, &t);

			if (w > width[c])
				width[c] = w;
		}
	/* As in a list: the key goes first, then the use, then names are shortened. */
	if (o->width && total(width) > o->width)
		width[KEY] = 0;
	if (o->width && total(width) > o->width)
		width[USE] = 0;
	sum = total(width);
	if (o->width && sum > o->width && width[0] > LEAST_MIDDLE) {
		size_t over = sum - o->width;

		width[0] = width[0] > over + LEAST_MIDDLE ? width[0] - over : LEAST_MIDDLE;
	}
	for (size_t i = 0; i < nr; i++)
		tree_line(o, &row[i], width);
}
