/* SPDX-License-Identifier: ISC */
/* help_lists.c - the pages that are the library's own tables: consumers and findings */
#include "cmd/help.h"
#include "cmd/page_impl.h"

#include <string.h>

#include "kstool/verify.h"

/* ---- consumers ---- */

struct consumer_row {
	const char *name, *title, *pbe, *mac, *formats, *keys, *tested, *source;
	int64_t iterations, most;
};
#define AT(member) offsetof(struct consumer_row, member)
static const struct field consumer_fields[] = {
	{ "name", "--for", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(name) },
	{ "title", "WHO", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(title) },
	{ "encryption", "ENCRYPTION", F_STR, FF_TEXT | FF_JSON | FF_PLAIN, AT(pbe) },
	{ "mac", "MAC", F_STR, FF_TEXT | FF_JSON | FF_PLAIN, AT(mac) },
	{ "iterations", NULL, F_INT, FF_JSON | FF_PLAIN, AT(iterations) },
	{ "iterations_most", NULL, F_INT, FF_JSON | FF_PLAIN, AT(most) },
	{ "formats", NULL, F_STR, FF_JSON, AT(formats) },
	{ "keys", NULL, F_STR, FF_JSON, AT(keys) },
	{ "tested", NULL, F_STR, FF_JSON, AT(tested) },
	{ "source", NULL, F_STR, FF_JSON, AT(source) },
	{ .key = NULL }
};
#define DEFAULT_ITERATIONS 200000

void help_consumer_rows(struct out *o)
{
	struct consumer_row row[32];
	size_t nr = 0;

	for (const struct kst_consumer *c = kst_consumers; c->name && nr < 32; c++)
		row[nr++] = (struct consumer_row){
			.name = c->name,
			.title = c->title,
			.pbe = c->pbe == KST_PBE_3DES ? "3DES" : "AES-256",
			.mac = page_mac(c),
			.formats = c->formats,
			.keys = c->keys,
			.tested = c->tested,
			.source = c->source,
			.iterations = c->iterations ? c->iterations : DEFAULT_ITERATIONS,
			.most = c->most,
		};
	out_rows(o, "consumers", consumer_fields, row, nr, sizeof(*row));
}

/* ---- findings ---- */

bool help_reason(struct out *o, const char *slug, bool second)
{
	enum kst_reason r = kst_reason_find(slug);

	if (r == KST_REASON_NONE)
		return false;
	if (second)
		out_blank(o);
	out_str(o, "reason", slug);
	out_str(o, "reason_check", kst_path_check_slug(kst_reason_check(r)));
	out_str(o, second ? "reason_meaning" : "meaning", kst_reason_meaning(r));
	out_heading(o, "%s, as kstool verify finds it", slug);
	out_line(o, "  %s", kst_reason_meaning(r));
	out_line(o, "  check %s: %s", kst_path_check_slug(kst_reason_check(r)), kst_path_check_title(kst_reason_check(r)));
	return true;
}

bool help_finding(struct out *o, const char *slug, bool second)
{
	enum kst_severity severity;
	const char *meaning = kst_problem_meaning(slug, &severity);

	if (!meaning)
		return false;
	if (second)
		out_blank(o);
	out_str(o, "finding", slug);
	out_str(o, "severity", kst_severity_text(severity));
	out_str(o, second ? "finding_meaning" : "meaning", meaning);
	out_heading(o, "%s, as kstool lint finds it", slug);
	out_line(o, "  %s", meaning);
	out_line(o, "  severity %s", kst_severity_text(severity));
	return true;
}
