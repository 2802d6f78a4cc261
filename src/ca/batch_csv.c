/* SPDX-License-Identifier: ISC */
/* batch_csv.c - rows of a batch from CSV: what spreadsheets write (RFC 4180) */
#include "ca/batch.h"

#include <string.h>

#include <csv.h>

#define COLUMNS_MAX 64

struct reading {
	struct kst_ca_batch *out;
	struct kst_error *err;
	int column[COLUMNS_MAX]; /* of each cell, by the header */
	size_t columns, cell, line;
	bool header, failed;
	struct kst_ca_batch_row *row;
};

static void fail(struct reading *r)
{
	r->failed = true;
}

static void header_cell(struct reading *r, const char *text, size_t n)
{
	char *name;
	int column;

	if (r->columns == COLUMNS_MAX) {
		kst_error_setx(r->err, KST_E_CORRUPT, "line 1 has more than %d columns", COLUMNS_MAX);
		fail(r);
		return;
	}
	name = kst_strndup(text, n);
	if (!name) {
		kst_error_nomem(r->err);
		fail(r);
		return;
	}
	column = kst_ca_batch_column(name);
	for (size_t i = 0; i < r->columns && column >= 0; i++)
		if (r->column[i] == column) {
			kst_error_setx(r->err, KST_E_CORRUPT, "line 1 has the column \"%s\" twice", name);
			fail(r);
		}
	if (column < 0) {
		kst_error_setx(r->err, KST_E_CORRUPT, "line 1 has a column \"%s\", which means nothing here", name);
		kst_error_hint(r->err, "columns: name, san, days, alias, subject, profile, alg");
		fail(r);
	}
	r->column[r->columns++] = column;
	kst_free(name);
}

static void cell(void *text, size_t n, void *ctx)
{
	struct reading *r = ctx;

	if (r->failed)
		return;
	if (memchr(text ? text : "", '\0', n)) {
		kst_error_setx(r->err, KST_E_CORRUPT, "line %zu has a zero byte", r->line);
		fail(r);
	} else if (r->header) {
		header_cell(r, text ? text : "", n);
	} else if (r->cell >= r->columns) {
		kst_error_setx(r->err, KST_E_CORRUPT, "line %zu has more cells than the header has columns", r->line);
		fail(r);
	} else {
		char **to;

		if (!r->row && !(r->row = kst_ca_batch_add(r->out, r->line, r->err))) {
			fail(r);
			return;
		}
		to = kst_ca_batch_cell(r->row, r->column[r->cell++]);
		if (n && !(*to = kst_strndup(text, n))) {
			kst_error_nomem(r->err);
			fail(r);
		}
	}
}

static void end_of_row(int end, void *ctx)
{
	struct reading *r = ctx;

	(void)end;
	if (r->header && !r->failed) {
		bool name = false;

		for (size_t i = 0; i < r->columns; i++)
			name |= r->column[i] == 0;
		if (!name) {
			kst_error_setx(r->err, KST_E_CORRUPT, "line 1 has no column \"name\"");
			kst_error_hint(r->err, "columns: name, san, days, alias, subject, profile, alg");
			fail(r);
		}
	}
	r->header = false;
	r->cell = 0;
	r->row = NULL;
}

int kst_ca_batch_csv(struct kst_ca_batch *out, const struct kst_buf *text, struct kst_error *err)
{
	struct reading r = { .out = out, .err = err, .header = true, .line = 1 };
	const uint8_t *p = text->data, *end = text->data + text->len;
	struct csv_parser parser;

	/* What spreadsheets put in front of UTF-8. */
	if (text->len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
		return kst_error_nomem(err);
	/* Line by line, so that an error can name the line where its row begins; libcsv keeps an open quote. */
	while (p < end && !r.failed) {
		const uint8_t *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = nl ? (size_t)(nl - p) + 1 : (size_t)(end - p);

		if (csv_parse(&parser, p, n, cell, end_of_row, &r) != n && !r.failed) {
			kst_error_setx(err, KST_E_CORRUPT, "line %zu is no CSV: %s", r.line,
				       csv_strerror(csv_error(&parser)));
			fail(&r);
		}
		p += n;
		r.line++;
	}
	if (!r.failed && csv_fini(&parser, cell, end_of_row, &r) != 0) {
		kst_error_setx(err, KST_E_CORRUPT, "ends within quotes");
		fail(&r);
	}
	csv_free(&parser);
	return r.failed ? -1 : 0;
}
