/* SPDX-License-Identifier: ISC */
/* batch_rows.c - rows of comma-separated values, by libcsv */
#include <string.h>

#include <csv.h>

#include "kstool/alloc.h"
#include "kstool/csv.h"

struct reader {
	kst_csv_row *row;
	void *ctx;
	struct kst_error *err;
	struct kst_buf text;              /* the cells of a row, each with its NUL */
	size_t at[KST_CSV_CELLS], nr, line;
	int ret;
};

static int bad(struct reader *r, const char *what)
{
	return r->ret = kst_error_setx(r->err, KST_E_CORRUPT, "line %zu: %s", r->line, what);
}

static void on_cell(void *s, size_t n, void *ctx)
{
	struct reader *r = ctx;

	if (r->ret)
		return;
	if (r->nr == KST_CSV_CELLS)
		bad(r, "there are more than 64 cells in it");
	else if (n && memchr(s, 0, n))
		bad(r, "a NUL stands in it");
	else {
		r->at[r->nr++] = r->text.len;
		kst_buf_put(&r->text, s, n);
		kst_buf_u8(&r->text, 0);
	}
}

static void on_row(int c, void *ctx)
{
	struct reader *r = ctx;
	const char *cell[KST_CSV_CELLS];

	(void)c;
	if (!r->ret && r->text.failed)
		r->ret = kst_error_nomem(r->err);
	for (size_t i = 0; !r->ret && i < r->nr; i++)
		cell[i] = (const char *)r->text.data + r->at[i];
	if (!r->ret && r->nr)
		r->ret = r->row(r->ctx, cell, r->nr, r->line, r->err);
	r->nr = 0;
	kst_buf_reset(&r->text);
}

int kst_csv_each(struct kst_bytes text, kst_csv_row *row, void *ctx, struct kst_error *err)
{
	struct reader r = { .row = row, .ctx = ctx, .err = err, .text = KST_BUF_INIT };
	struct csv_parser p;

	if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return kst_error_nomem(err);
	/* A mark that some editors put before UTF-8 is no part of the first name. */
	if (text.len >= 3 && !memcmp(text.data, "\xef\xbb\xbf", 3))
		text = (struct kst_bytes){ text.data + 3, text.len - 3 };
	/* Line by line, so that it can be said where it is wrong. */
	while (text.len && !r.ret) {
		const uint8_t *nl = memchr(text.data, '\n', text.len);
		size_t n = nl ? (size_t)(nl - text.data) + 1 : text.len;

		r.line++;
		if (csv_parse(&p, text.data, n, on_cell, on_row, &r) != n && !r.ret)
			bad(&r, csv_error(&p) == CSV_EPARSE ? "a quote stands in the wrong place" : "it cannot be read");
		text = (struct kst_bytes){ text.data + n, text.len - n };
	}
	if (!r.ret && csv_fini(&p, on_cell, on_row, &r) != 0)
		bad(&r, "a quoted cell has no end");
	csv_free(&p);
	kst_buf_release(&r.text);
	return r.ret;
}
