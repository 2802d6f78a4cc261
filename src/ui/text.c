/* SPDX-License-Identifier: ISC */
/*
 * text.c - rows as columns or blocks, values that wrap
 *
 * Columns are measured in terminal cells, not bytes.  Where a line would not fit,
 * columns that can be missed go first (FF_DROP1, FF_DROP2), then FF_MIDDLE ones
 * are shortened in the middle; FF_KEEP ones are never touched, but a long cell of
 * the first column may get a line of its own.  If that is not enough, each row
 * becomes a block.
 */
#include "ui/out_impl.h"

#include <string.h>

#define MAX_COLUMNS 24
#define FIRST_MOST  32 /* cells of the first column where there are not enough */

const char *state_color(const char *state)
{
	static const struct {
		const char *word, *sgr;
	} colors[] = { { "EXPIRED", "31" }, { "CRIT", "31" }, { "FAIL", "31" }, { "WARN", "33" },
		       { "not yet", "33" }, { "ok", "32" },   { NULL, NULL } };

	for (size_t i = 0; colors[i].word; i++) {
		size_t n = strlen(colors[i].word);

		if (!strncmp(state, colors[i].word, n) && (!state[n] || strchr(" ,", state[n])))
			return colors[i].sgr;
	}
	return NULL;
}

void put_state(const struct out *o, struct kst_buf *b, const char *text)
{
	const char *sgr = o->color ? state_color(text) : NULL;
	size_t n = sgr && !strncmp(text, "not yet", 7) ? 7 : strcspn(text, " ,");

	if (sgr) {
		kst_buf_printf(b, "\x1b[%sm", sgr);
		kst_buf_put(b, text, n);
		kst_buf_puts(b, "\x1b[0m");
		kst_buf_puts(b, text + n);
	} else
		kst_buf_puts(b, text);
}

/* ---- wrapping ---- */

/* Length of a fingerprint, or half of one, as "42:0C:..." at the start of text, else 0. */
static size_t colon_hex(const char *text)
{
	size_t n = strspn(text, "0123456789ABCDEFabcdef:");

	return n >= 47 && n % 3 != 1 && text[2] == ':' && (!text[n] || text[n] == ' ') ? n : 0;
}

/* Where a word of `n` bytes that does not fit into `room` cells is best cut; 0: nowhere. */
static size_t cut_word(const char *word, size_t n, size_t room)
{
	size_t best = 0;

	if (colon_hex(word))
		return room >= 48 ? 48 : room >= 24 ? 24 : room - room % 3;
	for (size_t i = 0; i < n && i < room; i++)
		if (strchr(",:/=+;", word[i]))
			best = i + 1;
	return best > 4 ? best : 0; /* "CN=" alone helps nobody */
}

#define TEXT_LEAST 20 /* cells, below which a text is not wrapped beside something */

void wrap_text(struct kst_buf *b, const char *text, size_t start, size_t indent, size_t width)
{
	size_t column = start, gap = 0; /* blanks that come before the next word, if it fits */
	bool fresh = true;		/* nothing on this line yet */

	if (!width || indent + TEXT_LEAST > width) {
		kst_buf_puts(b, text);
		return;
	}
	while (*text) {
		size_t n = strcspn(text, " "), cells;
		size_t spaces = strspn(text + n, " ");
		char *word = kst_strndup(text, n);

		if (!word) {
			b->failed = true;
			return;
		}
		cells = kst_text_width(word);
		kst_free(word);
		if (!fresh && column + gap + cells > width) {
			kst_buf_u8(b, '\n');
			put_spaces(b, indent);
			column = indent;
			fresh = true;
		}
		if (!fresh) {
			put_spaces(b, gap);
			column += gap;
		}
		if (column + cells > width) {
			size_t cut = column < width ? cut_word(text, n, width - column) : 0;

			if (cut && cut < n) {
				kst_buf_put(b, text, cut);
				kst_buf_u8(b, '\n');
				put_spaces(b, indent);
				text += cut;
				column = indent;
				fresh = true;
				continue;
			}
		}
		kst_buf_put(b, text, n);
		column += cells;
		fresh = false;
		gap = spaces;
		text += n + spaces;
	}
}

/* ---- tables ---- */

struct column {
	const struct field *f;
	size_t width;
	size_t alone; /* widest cell of FF_RAGGED that has nothing after it in its row */
	bool used, dropped;
};

/* Every cell as escaped text, row by row; offsets because the buffer moves when it grows. */
struct grid {
	struct kst_buf text;
	size_t *at;
	struct column col[MAX_COLUMNS];
	size_t cols, rows;
};

static const char *cell(const struct grid *g, size_t row, size_t col)
{
	return (const char *)g->text.data + g->at[row * g->cols + col];
}

/* Is nothing in this row after this cell? */
static bool ends_row(const struct grid *g, size_t row, size_t col)
{
	while (++col < g->cols)
		if (*cell(g, row, col))
			return false;
	return true;
}

static int grid_fill(const struct out *o, struct grid *g, const struct field *table,
		     const void *rows, size_t nr, size_t size)
{
	g->rows = nr;
	for (const struct field *f = table; f->key && g->cols < MAX_COLUMNS; f++)
		if (f->flags & FF_TEXT)
			g->col[g->cols++] = (struct column){ .f = f };
	g->at = kst_calloc(nr * g->cols + 1, sizeof(*g->at));
	if (!g->at)
		return -1;
	for (size_t r = 0; r < nr; r++)
		for (size_t c = 0; c < g->cols; c++) {
			g->at[r * g->cols + c] = g->text.len;
			field_text(o, g->col[c].f, (const char *)rows + r * size, false, &g->text);
			kst_buf_u8(&g->text, '\0');
		}
	if (g->text.failed)
		return -1;
	for (size_t c = 0; c < g->cols; c++) {
		struct column *k = &g->col[c];

		for (size_t r = 0; r < nr; r++) {
			size_t w = kst_text_width(cell(g, r, c));
			bool alone = (k->f->flags & FF_RAGGED) && ends_row(g, r, c);

			if (w)
				k->used = true;
			if (alone && w > k->alone)
				k->alone = w;
			if (!alone && w > k->width)
				k->width = w;
		}
		if (k->used && k->f->title && kst_text_width(k->f->title) > k->width)
			k->width = kst_text_width(k->f->title);
	}
	return 0;
}

static size_t total(const struct grid *g)
{
	size_t sum = 0, most = 0;

	for (size_t c = 0; c < g->cols; c++)
		if (g->col[c].used && !g->col[c].dropped) {
			if (sum + g->col[c].alone > most)
				most = sum + g->col[c].alone;
			sum += g->col[c].width + GAP;
		}
	sum = sum ? sum - GAP : 0;
	return sum > most ? sum : most;
}

static void drop(struct grid *g, unsigned flag)
{
	for (size_t c = 0; c < g->cols; c++)
		if (g->col[c].f->flags & flag)
			g->col[c].dropped = true;
}

/* May the first column hold cells that are longer than it is? */
static bool long_first(const struct column *c)
{
	return (c->f->flags & FF_KEEP) && c->f->title;
}

static void fit(struct grid *g, size_t width)
{
	struct column *first = &g->col[0];

	if (!width || total(g) <= width)
		return;
	/* One long alias gets a line of its own rather than the other columns of all rows. */
	if (long_first(first) && first->width > FIRST_MOST)
		first->width = FIRST_MOST;
	if (total(g) > width)
		drop(g, FF_DROP1);
	if (total(g) > width)
		drop(g, FF_DROP2);
	for (size_t c = 0; c < g->cols && total(g) > width; c++) {
		struct column *k = &g->col[c];
		size_t over = total(g) - width;

		if (!(k->f->flags & FF_MIDDLE) || k->dropped || k->width <= LEAST_MIDDLE)
			continue;
		k->width = k->width > over + LEAST_MIDDLE ? k->width - over : LEAST_MIDDLE;
	}
	if (long_first(first) && total(g) > width && total(g) - width + LEAST_MIDDLE <= first->width)
		first->width -= total(g) - width;
}

static void put_line(struct out *o, const struct grid *g,
		     const char *(*text)(const struct grid *, size_t, size_t), size_t row,
		     bool title)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t pad = 0;
	bool first = true;

	for (size_t c = 0; c < g->cols; c++) {
		struct kst_buf t KST_SCRATCH_BUF = KST_BUF_INIT;
		const struct column *k = &g->col[c];
		const char *s;
		size_t w;

		if (!k->used || k->dropped)
			continue;
		s = text(g, row, c);
		w = kst_text_width(s);
		if (c == 0 && w > k->width && long_first(k)) {
			kst_buf_puts(&b, s);
			kst_buf_u8(&b, '\n');
			pad = k->width;
			first = false;
			continue;
		}
		if (w > k->width && !((k->f->flags & FF_RAGGED) && w <= k->alone)) {
			kst_text_shorten(&t, s, k->width, o->ascii);
			s = t.data ? (const char *)t.data : "";
			w = kst_text_width(s);
		}
		if (!first)
			pad += GAP;
		first = false;
		if ((k->f->flags & FF_RIGHT) && w < k->width) {
			pad += k->width - w;
			w = k->width;
		}
		if (*s) {
			/* Padding is written only before something: no blanks at the end of a line.
			 */
			put_spaces(&b, pad);
			pad = 0;
			if (k->f->type == F_STATE && !title)
				put_state(o, &b, s);
			else
				kst_buf_puts(&b, s);
			pad = k->width > w ? k->width - w : 0;
		} else
			pad += (k->f->flags & FF_RIGHT) ? 0 : k->width;
	}
	if (title && o->color && b.len) {
		put(o, "\x1b[1m");
		put_buf(o, &b);
		put(o, "\x1b[0m\n");
		return;
	}
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}

static const char *title_of(const struct grid *g, size_t row, size_t col)
{
	(void)row;
	return g->col[col].f->title ? g->col[col].f->title : "";
}

/* One "key: value" a line: narrow terminals, screen readers. */
static void put_blocks(struct out *o, const struct grid *g)
{
	size_t label = 0;

	for (size_t c = 0; c < g->cols; c++)
		if (g->col[c].used && strlen(g->col[c].f->key) > label)
			label = strlen(g->col[c].f->key);
	for (size_t r = 0; r < g->rows; r++) {
		if (r)
			put(o, "\n");
		for (size_t c = 0; c < g->cols; c++) {
			struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
			const struct field *f = g->col[c].f;
			const char *s = cell(g, r, c);

			if (!*s)
				continue;
			kst_buf_printf(&b, "%s:", f->key);
			put_spaces(&b, label - strlen(f->key) + 1);
			if (f->type == F_STATE)
				put_state(o, &b, s);
			else
				wrap_text(&b, s, label + 2, label + 2, o->width);
			kst_buf_u8(&b, '\n');
			put_buf(o, &b);
		}
	}
}

bool out_blocks(const struct out *o)
{
	return o->mode == OUT_TEXT &&
	       (o->block || (!o->table && o->width && o->width < BLOCK_BELOW));
}

static void put_table(struct out *o, const struct grid *g)
{
	bool titles = false;

	for (size_t c = 0; c < g->cols; c++)
		titles |= g->col[c].used && g->col[c].f->title;
	if (titles)
		put_line(o, g, title_of, 0, true);
	for (size_t r = 0; r < g->rows; r++)
		put_line(o, g, cell, r, false);
}

/* Has it something that must not be cut?  Then it is worth another layout. */
static bool keeps(const struct grid *g)
{
	for (size_t c = 0; c < g->cols; c++)
		if (g->col[c].f->flags & FF_KEEP)
			return true;
	return false;
}

void text_rows(struct out *o, const struct field *table, const struct field *blocks,
	       const void *rows, size_t nr, size_t size)
{
	struct grid g = { .text = KST_BUF_INIT }, b = { .text = KST_BUF_INIT };
	bool narrow = out_blocks(o);

	if (nr && !narrow) {
		if (grid_fill(o, &g, table, rows, nr, size) < 0)
			o->buf.failed = true;
		fit(&g, o->width);
		narrow = !o->table && o->width && total(&g) > o->width && keeps(&g);
		if (!narrow)
			put_table(o, &g);
	}
	if (nr && narrow) {
		if (grid_fill(o, &b, blocks, rows, nr, size) < 0)
			o->buf.failed = true;
		else
			put_blocks(o, &b);
	}
	kst_buf_release(&g.text);
	kst_free(g.at);
	kst_buf_release(&b.text);
	kst_free(b.at);
}

/* ---- label and value ---- */

#define PAIR_LABEL 10

static void pair(struct out *o, const char *label, const char *value, bool state)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, v KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t w = label ? kst_text_width(label) : 0, column = PAIR_INDENT + PAIR_LABEL;

	if (o->mode != OUT_TEXT)
		return;
	put_spaces(&b, PAIR_INDENT);
	if (label)
		put_text(o, &b, label, strlen(label));
	if (w + 1 > PAIR_LABEL)
		column = PAIR_INDENT + w + 1;
	put_spaces(&b, column - PAIR_INDENT - w);
	put_text(o, &v, value ? value : "", value ? strlen(value) : 0);
	if (v.len && state)
		put_state(o, &b, (const char *)v.data);
	else if (v.len)
		wrap_text(&b, (const char *)v.data, column, column, o->width);
	while (b.len && b.data[b.len - 1] == ' ')
		b.data[--b.len] = '\0';
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}

void out_pair(struct out *o, const char *label, const char *value)
{
	pair(o, label, value, false);
}

void out_pair_state(struct out *o, const char *label, const char *value)
{
	pair(o, label, value, true);
}

void out_item(struct out *o, size_t cells, const char *left, const char *text)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, v KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t column = PAIR_INDENT + cells + 1, w;
	bool narrow = o->width && column + TEXT_LEAST > o->width;

	if (o->mode != OUT_TEXT)
		return;
	if (narrow)
		column = 3 * PAIR_INDENT;
	if (*left) {
		put_spaces(&b, PAIR_INDENT);
		put_text(o, &b, left, strlen(left));
	}
	w = b.data ? kst_text_width((const char *)b.data) : 0;
	if (w && (narrow || w >= column)) { /* the text starts on a line of its own */
		kst_buf_u8(&b, '\n');
		w = 0;
	}
	put_spaces(&b, column - w);
	put_text(o, &v, text, strlen(text));
	if (v.len)
		wrap_text(&b, (const char *)v.data, column, column, o->width);
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}

#define PAGE_WIDTH 80	  /* where there is no terminal */
#define PAGE_WIDEST 100 /* longer lines are hard to read */

void out_para(struct out *o, size_t column, const char *left, const char *text)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, v KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t width = o->width ? o->width : PAGE_WIDTH, w = 0;

	if (o->mode != OUT_TEXT)
		return;
	if (left && *left) {
		put_spaces(&b, PAIR_INDENT);
		kst_text_escape(&b, left, strlen(left));
		w = b.data ? kst_text_width((const char *)b.data) : 0;
		if (w >= column) { /* the text starts on a line of its own */
			kst_buf_u8(&b, '\n');
			w = 0;
		}
	}
	put_spaces(&b, column - w);
	kst_text_escape(&v, text, strlen(text));
	if (v.len)
		wrap_text(&b, (const char *)v.data, column, column,
			  width > PAGE_WIDEST ? PAGE_WIDEST : width);
	while (b.len && b.data[b.len - 1] == ' ')
		b.data[--b.len] = '\0';
	kst_buf_u8(&b, '\n');
	put_buf(o, &b);
}
