/* SPDX-License-Identifier: ISC */
/*
 * scd.c - pages of the manual: escapes into scdoc's language, and a page on a
 * terminal
 *
 * scdoc makes man pages of the same text; here it is read for those who have no
 * man.  Marks are left out: what they say is said by place and words too.
 */
#include "ui/scd.h"

#include <string.h>

#include "kstool/alloc.h"

#define BODY  2	 /* column of paragraphs; headings start at 0 */
#define TERMS 26 /* cells of a column of terms at most */
#define LONG  32 /* a term of so many cells is a sentence or a command line */
#define UNDER 6	 /* column of explanations that stand below such terms */

struct line {
	const char *s; /* without its TABs */
	size_t n, depth;
};
struct part {
	struct line *line;
	size_t nr;
};

static bool word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- into scdoc ---- */

void scd_escape(struct kst_buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\*_#[]|`<>~", *text))
			kst_buf_u8(b, '\\');
		kst_buf_u8(b, (uint8_t)*text);
	}
}

void scd_words(struct kst_buf *b, const char *text, size_t n)
{
	bool bold = false, start = true;

	for (size_t i = 0; i < n; i++) {
		const char one[2] = { text[i], '\0' };

		if (start && n - i > 2 && text[i] == '-' && text[i + 1] == '-' &&
		    word_char(text[i + 2])) {
			kst_buf_u8(b, '*');
			bold = true;
		} else if (bold && !word_char(text[i]) && text[i] != '-') {
			kst_buf_u8(b, '*');
			bold = false;
		}
		start = text[i] == ' ' || text[i] == '(';
		scd_escape(b, one);
	}
	if (bold)
		kst_buf_u8(b, '*');
}

/* ---- out of it ---- */

void scd_strip(struct kst_buf *b, const char *line, size_t n)
{
	bool under = false;
	char last = ' ';

	for (size_t i = 0; i < n; i++) {
		char c = line[i], next = i + 1 < n ? line[i + 1] : ' ';

		if (c == '\\' && i + 1 < n)
			c = line[++i];
		else if (c == '*')
			continue;
		else if (c == '_' && (!word_char(last) || (under && !word_char(next)))) {
			under = !under;
			continue;
		}
		kst_buf_u8(b, (uint8_t)c);
		last = c;
	}
}

/* 1 for "# ", 2 for "## ", 0 for no heading. */
static size_t level(const struct line *l)
{
	size_t n = 0;

	while (n < l->n && l->s[n] == '#')
		n++;
	return n && n < l->n && l->s[n] == ' ' && !l->depth ? n : 0;
}

static bool fence(const struct line *l)
{
	return l->n == 3 && !memcmp(l->s, "```", 3);
}

static bool listed(const struct line *l)
{
	return l->n > 2 && l->s[0] == '-' && l->s[1] == ' ';
}

static struct line take_line(const char **p, const char *end)
{
	const char *nl = memchr(*p, '\n', (size_t)(end - *p));
	const char *stop = nl ? nl : end;
	struct line l = { .s = *p };

	while (l.s < stop && *l.s == '\t') {
		l.s++;
		l.depth++;
	}
	l.n = (size_t)(stop - l.s);
	*p = nl ? nl + 1 : end;
	return l;
}

struct kst_bytes scd_body(struct kst_bytes page)
{
	const char *p = (const char *)page.data, *end = p + page.len;

	for (size_t i = 0; i < 2 && p < end; i++)
		take_line(&p, end);
	return (struct kst_bytes){ (const uint8_t *)p, (size_t)(end - p) };
}

struct kst_bytes scd_section(struct kst_bytes page, const char *heading)
{
	const char *p = (const char *)page.data, *from = NULL, *at;
	const char *end = p ? p + page.len : p; /* a page that is not there has no sections */
	size_t n = strlen(heading), depth = strspn(heading, "#");

	while (p < end) {
		struct line l;

		at = p;
		l = take_line(&p, end);
		if (from && level(&l) && level(&l) <= depth)
			return (struct kst_bytes){ (const uint8_t *)from, (size_t)(at - from) };
		if (!from && l.n == n && !memcmp(l.s, heading, n))
			from = p;
	}
	return (struct kst_bytes){ (const uint8_t *)from, from ? (size_t)(end - from) : 0 };
}

/*
 * The paragraph or list item that starts at *i, its lines joined and stripped.  A forced break
 * ("++") becomes a newline.
 */
static void gather(const struct part *p, size_t *i, struct kst_buf *b)
{
	size_t depth = p->line[*i].depth, from = *i;
	bool cut = false; /* the line before ended with a break, behind which scdoc wants no TAB */

	for (; *i < p->nr; (*i)++) {
		const struct line *l = &p->line[*i];
		size_t n = l->n, skip = n ? strspn(l->s, " ") : 0;

		if (!n || (l->depth != depth && !cut) || fence(l) || level(l) ||
		    (*i > from && listed(l)))
			break;
		if (*i == from && listed(l))
			skip = 2;
		if (*i > from && b->len && b->data[b->len - 1] != '\n')
			kst_buf_u8(b, ' ');
		cut = n > 2 && !memcmp(l->s + n - 2, "++", 2);
		n -= cut ? 2 : 0;
		while (n && l->s[n - 1] == ' ')
			n--;
		if (skip < n)
			scd_strip(b, l->s + skip, n - skip);
		if (cut)
			kst_buf_u8(b, '\n');
	}
}

/* `left`, then the lines of text from `column` on. */
static void put_lines(struct out *o, size_t column, const char *left, const struct kst_buf *b)
{
	const char *text = b->data ? (const char *)b->data : "";

	do {
		size_t n = strcspn(text, "\n");
		char *one = kst_strndup(text, n);

		out_para(o, column, left, one ? one : "");
		kst_free(one);
		left = NULL;
		text += n + (text[n] == '\n');
	} while (*text);
}

/* Is line i a term: the next line is its explanation? */
static bool is_term(const struct part *p, size_t i)
{
	return i + 1 < p->nr && p->line[i].n && p->line[i + 1].n && !listed(&p->line[i]) &&
	       p->line[i + 1].depth == p->line[i].depth + 1 && !fence(&p->line[i]);
}

/* Where explanations start: beside the terms, or below them where they are command lines. */
static size_t column_of(const struct part *p)
{
	size_t widest = 0;

	for (size_t i = 0; i < p->nr; i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		size_t w;

		if (!is_term(p, i) || p->line[i].depth)
			continue;
		scd_strip(&b, p->line[i].s, p->line[i].n);
		if (b.data && !strncmp((const char *)b.data, "kstool ", 7))
			return UNDER;
		w = b.data ? kst_text_width((const char *)b.data) : 0;
		widest = w > widest ? w : widest;
	}
	if (widest > LONG)
		return UNDER;
	return BODY + 2 + (widest > TERMS ? TERMS : widest);
}

static void put_literal(struct out *o, const struct part *p, size_t *i, size_t column)
{
	for ((*i)++; *i < p->nr && !fence(&p->line[*i]); (*i)++) {
		const struct line *l = &p->line[*i];
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		if (!l->n) {
			out_blank(o);
			continue;
		}
		for (size_t k = 0; k < column; k++)
			kst_buf_u8(&b, ' ');
		kst_buf_put(&b, l->s, l->n);
		out_line(o, "%s", b.data ? (const char *)b.data : "");
	}
	if (*i < p->nr)
		(*i)++;
}

/* Everything below one heading. */
static void show_part(struct out *o, const struct part *p)
{
	size_t column = column_of(p), base = column;
	bool first = true, tight = false;

	for (size_t i = 0; i < p->nr;) {
		struct kst_buf left KST_SCRATCH_BUF = KST_BUF_INIT,
				    b KST_SCRATCH_BUF = KST_BUF_INIT;
		const struct line *l = &p->line[i];
		bool blank = false, term;

		for (; i < p->nr && !p->line[i].n; i++)
			blank = true;
		if (i == p->nr)
			break;
		l = &p->line[i];
		term = is_term(p, i);
		/* Terms stand close together, as do the items of a list; paragraphs do not. */
		if (blank && !first && !(tight && (term || listed(l))))
			out_blank(o);
		first = false;
		tight = term || listed(l) || (tight && l->depth);
		if (fence(l)) {
			put_literal(o, p, &i, l->depth ? base + 2 : BODY + 2);
			tight = false;
		} else if (listed(l)) {
			gather(p, &i, &b);
			put_lines(o, (l->depth ? base : BODY) + 2, "-", &b);
		} else if (term && !l->depth) {
			scd_strip(&left, l->s, l->n);
			i++;
			if (!fence(&p->line[i]) && !listed(&p->line[i]))
				gather(p, &i, &b);
			put_lines(o, column, left.data ? (const char *)left.data : "", &b);
		} else {
			gather(p, &i, &b);
			put_lines(o, l->depth ? base : BODY, NULL, &b);
		}
	}
}

void scd_show(struct out *o, struct kst_bytes page)
{
	const char *p = (const char *)page.data, *end = p + page.len;
	struct line *line = NULL;
	size_t nr = 0, size = 0;

	if (!out_is(o, OUT_TEXT) || !page.len)
		return;
	while (p < end) {
		if (nr == size) {
			struct line *grown;

			size = size ? 2 * size : 256;
			grown = kst_realloc(line, size * sizeof(*grown));
			if (!grown)
				break;
			line = grown;
		}
		line[nr++] = take_line(&p, end);
	}
	for (size_t i = 0, from = 0; i <= nr; i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		const struct part part = { line + from, i - from };
		size_t marks = i < nr ? level(&line[i]) : 1;

		if (!marks)
			continue;
		show_part(o, &part);
		if (i == nr)
			break;
		if (i)
			out_blank(o);
		scd_strip(&b, line[i].s + marks + 1, line[i].n - marks - 1);
		out_heading(o, "%s%s", marks > 1 ? "  " : "", b.data ? (const char *)b.data : "");
		from = i + 1;
	}
	kst_free(line);
}
