/* SPDX-License-Identifier: ISC */
/*
 * page.c - the pages that src/man holds, what tables know filled in
 *
 * make compiled src/man/ and the first paragraphs of formats/ in (embed.awk), so
 * that `kstool help` shows the very text from which the man pages are made.
 */
#include "cmd/page.h"

#include <string.h>

#include "cmd/embedded.h"
#include "cmd/page_impl.h"
#include "cmd/schema.h"
#include "ui/scd.h"

#include "format_abouts.h"
#include "pages.h"

/* ---- exit statuses ---- */

static const struct {
	int status;
	const char *meaning;
} statuses[] = {
	{ 0, "yes, or done" },
	{ 1, "no: the question was answered, with no" },
	{ 2, "the command line is wrong" },
	{ 3, "an input cannot be used" },
	{ 4, "a passphrase or key file is wrong or missing" },
	{ 5, "refused, to protect what is there" },
	{ 6, "not found" },
	{ 7, "the network, or who answers there, fails" },
	{ 8, "the output cannot be written; the old file is whole" },
	{ 9, "kstool's own fault, or no memory" },
	{ 130, "interrupted" },
};
#define STATUSES (sizeof(statuses) / sizeof(*statuses))

const char *page_status(int status)
{
	for (size_t i = 0; i < STATUSES; i++)
		if (statuses[i].status == status)
			return statuses[i].meaning;
	return NULL;
}

int page_status_at(size_t i)
{
	return i < STATUSES ? statuses[i].status : -1;
}

static void one_status(int status, struct kst_buf *out)
{
	kst_buf_printf(out, "\n*%d*\n\t", status);
	scd_words(out, page_status(status), strlen(page_status(status)));
	kst_buf_u8(out, '\n');
}

void page_statuses(const char *exits, struct kst_buf *out)
{
	while (*exits) {
		int status = 0;

		for (; *exits >= '0' && *exits <= '9'; exits++)
			status = status * 10 + (*exits - '0');
		if (page_status(status))
			one_status(status, out);
		exits += strspn(exits, " ");
	}
}

/* ---- what tables know ---- */

static void all_statuses(struct kst_buf *out)
{
	for (size_t i = 0; i < STATUSES; i++)
		one_status(statuses[i].status, out);
}

static void errors_by_status(struct kst_buf *out)
{
	for (size_t i = 0; i < STATUSES; i++) {
		bool any = false;

		for (int c = 1; c < KST_CODE_COUNT; c++) {
			enum kst_code code = (enum kst_code)c;

			if (kst_code_exit(code) != statuses[i].status)
				continue;
			if (!any)
				kst_buf_printf(out, "\n## %d: %s\n", statuses[i].status,
					       statuses[i].meaning);
			any = true;
			kst_buf_printf(out, "\n*%s*\n\t%s\n", kst_code_slug(code),
				       kst_code_meaning(code));
		}
	}
}

static void commands(struct kst_buf *out)
{
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		if ((*c)->group == GROUP_HIDDEN)
			continue;
		kst_buf_printf(out, "\n*%s* ", (*c)->name);
		scd_escape(out, (*c)->operands ? (*c)->operands : "");
		kst_buf_puts(out, "\n\t");
		scd_escape(out, (*c)->summary);
		kst_buf_u8(out, '\n');
	}
}

static void global_options(struct kst_buf *out)
{
	page_options(global_table, out);
}

static void topics(struct kst_buf *out)
{
	for (size_t i = 0;; i++) {
		struct kst_buf about KST_SCRATCH_BUF = KST_BUF_INIT;
		const char *topic = page_topic(i, &about);

		if (!topic)
			return;
		kst_buf_printf(out, "\n*%s*\n\t", topic);
		if (about.data)
			scd_escape(out, (const char *)about.data);
		kst_buf_u8(out, '\n');
	}
}

/* Length of a link "[text](target)" at p, and of its text; 0: none. */
static size_t link_at(const char *p, size_t *text)
{
	const char *end = *p == '[' ? strstr(p, "](") : NULL;
	const char *stop = end ? strchr(end, ')') : NULL;

	if (!stop || memchr(p, '`', (size_t)(end - p)))
		return 0;
	*text = (size_t)(end - p) - 1;
	return (size_t)(stop - p) + 1;
}

/* Markdown of a first paragraph: its code is bold here, its links are their texts. */
static void markdown(const struct embedded *e, struct kst_buf *out)
{
	for (const char *const *l = e->line; *l; l++) {
		for (const char *p = *l; *p; p++) {
			const char one[2] = { *p, '\0' };
			size_t text, link = link_at(p, &text);

			if (link) {
				scd_words(out, p + 1, text);
				p += link - 1;
			} else if (*p == '`')
				kst_buf_u8(out, '*');
			else if (*p != '*')
				scd_escape(out, one);
		}
		kst_buf_u8(out, '\n');
	}
}

static void formats(struct kst_buf *out)
{
	static const struct {
		unsigned cap;
		const char *word;
	} caps[] = { { KST_CAP_KEYS, "private keys" },
		     { KST_CAP_CHAINS, "their chains" },
		     { KST_CAP_CERTS, "certificates" },
		     { KST_CAP_TRUST, "trust" },
		     { KST_CAP_SECRETS, "secret keys" },
		     { KST_CAP_REQUESTS, "requests, CRLs" },
		     { KST_CAP_ALIASES, "aliases" },
		     { KST_CAP_ENCRYPTION, "encrypted" },
		     { KST_CAP_INTEGRITY, "integrity" },
		     { KST_CAP_ENTRY_PASS, "a passphrase for each key" } };

	for (const struct kst_format *const *f = kst_formats(); *f; f++) {
		const struct embedded *e = embedded_find(format_abouts, (*f)->name);
		bool first = true;

		kst_buf_puts(out, "\n## ");
		scd_escape(out, (*f)->title);
		kst_buf_printf(out, "\n\n*--to %s*%s\n\t", (*f)->to,
			       (*f)->caps & KST_CAP_WRITE ? "" : " (read only)");
		if (!(*f)->suffixes[0])
			kst_buf_puts(out, "(no suffix of its own)");
		for (const char *const *s = (*f)->suffixes; *s; s++)
			kst_buf_printf(out, "%s%s", s == (*f)->suffixes ? "" : " ", *s);
		kst_buf_puts(out, "\n\n*holds*\n\t");
		for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++)
			if ((*f)->caps & caps[i].cap) {
				kst_buf_printf(out, "%s%s", first ? "" : ", ", caps[i].word);
				first = false;
			}
		kst_buf_u8(out, '\n');
		if (e) {
			kst_buf_u8(out, '\n');
			markdown(e, out);
		}
	}
}

static void schema_list(struct kst_buf *out)
{
	for (size_t i = 0;; i++) {
		struct kst_buf title KST_SCRATCH_BUF = KST_BUF_INIT;
		const char *name = schema_name(i, &title);

		if (!name)
			return;
		kst_buf_printf(out, "\n*%s*\n\t", name);
		if (title.data)
			scd_words(out, (const char *)title.data, title.len);
		kst_buf_u8(out, '\n');
	}
}

static const struct {
	const char *word;
	void (*fill)(struct kst_buf *out);
} fills[] = {
	{ "%commands", commands },
	{ "%options", global_options },
	{ "%topics", topics },
	{ "%statuses", all_statuses },
	{ "%errors-by-status", errors_by_status },
	{ "%formats", formats },
	{ "%consumers", page_consumers },
	{ "%findings", page_findings },
	{ "%checks", page_checks },
	{ "%schemas", schema_list },
};
#define FILLS (sizeof(fills) / sizeof(*fills))

/* ---- pages ---- */

/* "## wrong-passphrase" is followed by what errors.def knows. */
static void error_facts(enum kst_code code, struct kst_buf *out)
{
	if (code == KST_OK)
		return;
	kst_buf_puts(out, "\n");
	scd_words(out, kst_code_meaning(code), strlen(kst_code_meaning(code)));
	kst_buf_printf(out, " (exit status %d: %s).\n", kst_code_exit(code),
		       page_status(kst_code_exit(code)));
}

static void fill_in(const struct embedded *e, struct kst_buf *out)
{
	for (const char *const *l = e->line; *l; l++) {
		size_t i = 0;

		while (i < FILLS && strcmp(fills[i].word, *l))
			i++;
		if (i < FILLS) {
			fills[i].fill(out);
			continue;
		}
		kst_buf_puts(out, *l);
		if (l == e->line) /* the preamble: scdoc's footer says which version it is */
			kst_buf_printf(out, " \"kstool %s\"", KSTOOL_VERSION);
		kst_buf_u8(out, '\n');
		if (!strncmp(*l, "## ", 3))
			error_facts(kst_code_find(*l + 3), out);
	}
}

/* Is it the page of a command, which is written in src/man in part only? */
static bool of_command(const struct embedded *e)
{
	size_t n = strlen(e->name);

	return n > 2 && !strcmp(e->name + n - 2, ".1") && strcmp(e->name, "kstool.1");
}

static void file_name(const struct cmd *c, struct kst_buf *out)
{
	kst_buf_puts(out, "kstool-");
	for (const char *p = c->name; *p; p++)
		kst_buf_u8(out, *p == ' ' ? '-' : (uint8_t)*p);
	kst_buf_puts(out, ".1");
}

void page_written(const struct cmd *c, struct kst_buf *out)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;

	file_name(c, &name);
	for (const struct embedded *e = pages; name.data && e->name; e++)
		if (!strcmp(e->name, (const char *)name.data))
			embedded_text(e, out);
}

void page_names(struct kst_buf *out)
{
	for (const struct embedded *e = pages; e->name; e++)
		if (!of_command(e))
			kst_buf_printf(out, "%s\n", e->name);
	for (const struct cmd *const *c = cmd_table; *c; c++)
		if ((*c)->group != GROUP_HIDDEN) {
			file_name(*c, out);
			kst_buf_u8(out, '\n');
		}
}

bool page_source(const char *name, struct kst_buf *out)
{
	for (const struct embedded *e = pages; e->name; e++)
		if (!strcmp(e->name, name) && !of_command(e)) {
			fill_in(e, out);
			return true;
		}
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		struct kst_buf own KST_SCRATCH_BUF = KST_BUF_INIT;

		file_name(*c, &own);
		if ((*c)->group == GROUP_HIDDEN || !own.data ||
		    strcmp((const char *)own.data, name))
			continue;
		page_of_command(*c, out);
		return true;
	}
	return false;
}

/* ---- topics ---- */

static bool is_topic(const struct embedded *e)
{
	return e->name[strlen(e->name) - 1] != '1';
}

const char *page_topic(size_t i, struct kst_buf *about)
{
	for (const struct embedded *e = pages; e->name; e++) {
		if (!is_topic(e) || i--)
			continue;
		for (const char *const *l = e->line; about && *l; l++) {
			const char *dash = strstr(*l, " - ");

			if (!dash || strncmp(*l, "kstool-", 7))
				continue;
			scd_strip(about, dash + 3, strlen(dash + 3));
			break;
		}
		return e->key;
	}
	return NULL;
}

bool page_of_topic(const char *topic, struct kst_buf *out)
{
	for (const struct embedded *e = pages; e->name; e++)
		if (is_topic(e) && !strcmp(e->key, topic)) {
			fill_in(e, out);
			return true;
		}
	return false;
}

void page_of_error(enum kst_code code, struct kst_buf *out)
{
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	char heading[80] = "## ";
	struct kst_bytes part;

	page_of_topic("errors", &all);
	strncat(heading, kst_code_slug(code), sizeof(heading) - 4);
	part = scd_section((struct kst_bytes){ all.data, all.len }, heading);
	if (part.len)
		kst_buf_put(out, part.data, part.len);
	else
		error_facts(code, out);
}
