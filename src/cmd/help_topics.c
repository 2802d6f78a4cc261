/* SPDX-License-Identifier: ISC */
/* help_topics.c - the pages that belong to no single command, and what programs want of them */
#include "cmd/help.h"

#include <string.h>

#include "cmd/page.h"
#include "ui/scd.h"

void help_text(struct out *o, struct kst_bytes page)
{
	const char *p = (const char *)page.data, *end = p + page.len;

	if (!out_is(o, OUT_JSON))
		return;
	out_array(o, "text");
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		scd_strip(&b, p, n);
		if (n != 3 || strncmp(p, "```", 3))
			out_str(o, NULL, b.data ? (const char *)b.data : "");
		p = nl ? nl + 1 : end;
	}
	out_end(o);
}

/* ---- exit-codes: from errors.def ---- */

static void exit_codes(struct out *o)
{
	out_array(o, "exit_codes");
	for (size_t i = 0; page_status_at(i) >= 0; i++) {
		out_object(o, NULL);
		out_int(o, "status", page_status_at(i));
		out_str(o, "meaning", page_status(page_status_at(i)));
		out_array(o, "errors");
		for (int c = 1; c < KST_CODE_COUNT; c++)
			if (kst_code_exit((enum kst_code)c) == page_status_at(i))
				out_str(o, NULL, kst_code_slug((enum kst_code)c));
		out_end(o);
		out_end(o);
	}
	out_end(o);
}

/* ---- formats: from the table of formats ---- */

struct format_row {
	const char *name, *to, *title;
	char suffixes[64], can[96];
	const char *suffix_text, *can_text;
};
#define AT(member) offsetof(struct format_row, member)
static const struct field format_fields[] = {
	{ "name", "NAME", F_STR, FF_PLAIN, AT(name) },
	{ "title", "FORMAT", F_STR, FF_TEXT | FF_PLAIN | FF_KEEP, AT(title) },
	{ "to", "--to", F_STR, FF_TEXT | FF_PLAIN | FF_KEEP, AT(to) },
	{ "suffixes", "FILE NAMES", F_STR, FF_TEXT | FF_PLAIN, AT(suffix_text) },
	{ "holds", "HOLDS", F_STR, FF_TEXT | FF_PLAIN | FF_KEEP, AT(can_text) },
	{ .key = NULL }
};
static const struct {
	unsigned cap;
	const char *word;
} caps[] = { { KST_CAP_KEYS, "keys" },		{ KST_CAP_CHAINS, "chains" },
	     { KST_CAP_CERTS, "certificates" }, { KST_CAP_TRUST, "trust" },
	     { KST_CAP_SECRETS, "secrets" },	{ KST_CAP_ENCRYPTION, "encrypted" } };
#define CAPS (sizeof(caps) / sizeof(*caps))

static void join(char *to, size_t size, const char *word)
{
	size_t n = strlen(to), m = strlen(word);

	if (n + m + 2 > size)
		return;
	if (n)
		to[n++] = ' ';
	memcpy(to + n, word, m + 1);
}

static void format_json(struct out *o, const struct kst_format *f)
{
	out_object(o, NULL);
	out_str(o, "name", f->name);
	out_str(o, "title", f->title);
	out_str(o, "to", f->caps & KST_CAP_WRITE ? f->to : NULL);
	out_array(o, "suffixes");
	for (const char *const *s = f->suffixes; *s; s++)
		out_str(o, NULL, *s);
	out_end(o);
	out_array(o, "holds");
	for (size_t i = 0; i < CAPS; i++)
		if (f->caps & caps[i].cap)
			out_str(o, NULL, caps[i].word);
	out_end(o);
	out_end(o);
}

void help_formats(struct out *o)
{
	struct format_row row[32] = { { .name = NULL } };
	size_t nr = 0;

	out_array(o, "formats");
	for (const struct kst_format *const *f = kst_formats(); *f; f++)
		format_json(o, *f);
	out_end(o);
	if (out_is(o, OUT_JSON))
		return;
	for (const struct kst_format *const *f = kst_formats(); *f && nr < 32; f++, nr++) {
		struct format_row *r = &row[nr];

		r->name = (*f)->name;
		r->to = (*f)->caps & KST_CAP_WRITE ? (*f)->to : "(read only)";
		r->title = (*f)->title;
		for (const char *const *s = (*f)->suffixes; *s; s++)
			join(r->suffixes, sizeof(r->suffixes), *s);
		for (size_t i = 0; i < CAPS; i++)
			if ((*f)->caps & caps[i].cap)
				join(r->can, sizeof(r->can), caps[i].word);
		r->suffix_text = r->suffixes;
		r->can_text = r->can;
	}
	out_rows(o, "formats", format_fields, row, nr, sizeof(*row));
}

bool help_topic(struct out *o, const char *name)
{
	struct kst_buf page KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes body;

	if (!name) {
		out_heading(o, "TOPICS (kstool help TOPIC)");
		for (size_t i = 0;; i++) {
			struct kst_buf about KST_SCRATCH_BUF = KST_BUF_INIT;
			const char *topic = page_topic(i, &about);

			if (!topic)
				return true;
			out_item(o, 14, topic, about.data ? (const char *)about.data : "");
		}
	}
	if (!page_of_topic(name, &page))
		return false;
	body = scd_body((struct kst_bytes){ page.data, page.len });
	out_pager(o);
	out_str(o, "topic", name);
	help_text(o, body);
	if (out_is(o, OUT_JSON) && !strcmp(name, "exit-codes"))
		exit_codes(o);
	if (out_is(o, OUT_JSON) && !strcmp(name, "formats"))
		help_formats(o);
	scd_show(o, body);
	return true;
}
