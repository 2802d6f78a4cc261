/* SPDX-License-Identifier: ISC */
/*
 * page_command.c - the page of a command, from its row
 *
 * Examples come first: they are what people look for.
 */
#include "cmd/page.h"

#include <string.h>

#include "cmd/page_impl.h"
#include "cmd/schema.h"
#include "ui/scd.h"

/* ---- options ---- */

/* Are the choices told by the sentence already? */
static bool says_all(const char *help, const char *const *choices)
{
	for (; *choices; choices++)
		if (!strstr(help, *choices))
			return false;
	return true;
}

void page_options(const struct opt *table, struct kst_buf *out)
{
	for (const struct opt *p = table; p && p->name; p++) {
		if (p->hidden)
			continue;
		kst_buf_u8(out, '\n');
		if (p->letter)
			kst_buf_printf(out, "*-%c*, ", p->letter);
		kst_buf_printf(out, "*--%s*", p->name);
		if (p->value) {
			kst_buf_u8(out, ' ');
			scd_escape(out, p->value);
		}
		kst_buf_puts(out, "\n\t");
		scd_words(out, p->help, strlen(p->help));
		if (p->choices && !says_all(p->help, p->choices)) {
			kst_buf_puts(out, "++\n");
			for (const char *const *k = p->choices; *k; k++) {
				kst_buf_puts(out, k == p->choices ? "" : " ");
				scd_escape(out, *k);
			}
		}
		kst_buf_u8(out, '\n');
	}
}

/* ---- sections ---- */

/* The row's paragraphs: a line that starts with a blank is kept as it stands. */
static void paragraphs(const char *text, struct kst_buf *out)
{
	bool literal = false;

	while (*text) {
		size_t n = strcspn(text, "\n");
		bool kept = *text == ' ';

		if (n && kept != literal) {
			kst_buf_puts(out, literal ? "```\n" : "\n```\n");
			literal = kept;
		}
		if (kept)
			kst_buf_put(out, text + strspn(text, " "), n - strspn(text, " "));
		else
			scd_words(out, text, n);
		kst_buf_u8(out, '\n');
		text += n + (text[n] == '\n');
	}
	if (literal)
		kst_buf_puts(out, "```\n");
}

static void examples(const struct cmd *c, struct kst_buf *out)
{
	for (const struct cmd_example *e = c->examples; e && e->line; e++) {
		kst_buf_puts(out, "\n*");
		scd_escape(out, e->line);
		kst_buf_puts(out, "*\n\t");
		scd_words(out, e->what, strlen(e->what));
		kst_buf_u8(out, '\n');
	}
}

static void page_name(const struct cmd *c, struct kst_buf *out)
{
	kst_buf_puts(out, "kstool-");
	for (const char *p = c->name; *p; p++)
		kst_buf_u8(out, *p == ' ' ? '-' : (uint8_t)*p);
}

static void reference(const char *name, int section, struct kst_buf *out)
{
	kst_buf_printf(out, "*%s*(%d)", name, section);
}

/* The other commands of the group, then the pages that everybody needs. */
static void see_also(const struct cmd *c, struct kst_buf *out)
{
	kst_buf_puts(out, "\n");
	reference("kstool", 1, out);
	for (const struct cmd *const *t = cmd_table; *t; t++) {
		if (*t == c || (*t)->group != c->group)
			continue;
		kst_buf_puts(out, ", *");
		page_name(*t, out);
		kst_buf_puts(out, "*(1)");
	}
	kst_buf_puts(out, ", *kstool-formats*(5), *kstool-json*(5), *kstool-passphrases*(7), "
			  "*kstool-exit-codes*(7)\n");
}

static void heading(const char *title, struct kst_buf *out)
{
	kst_buf_printf(out, "\n# %s\n", title);
}

/* What the hand-written part says below a heading. */
static void more(struct kst_bytes own, const char *title, struct kst_buf *out)
{
	char line[64] = "# ";
	struct kst_bytes part;

	strncat(line, title, sizeof(line) - 3);
	part = scd_section(own, line);
	if (part.len)
		kst_buf_put(out, part.data, part.len);
}

/* What programs read: --plain's columns, and the schema of --json. */
static void output(const struct cmd *c, struct kst_buf *out)
{
	const char *plain = c->plain ? c->plain : c->changes ? PLAIN_CHANGES : NULL;
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, text KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *schema;

	for (const char *p = c->name; *p; p++)
		kst_buf_u8(&name, *p == ' ' ? '-' : (uint8_t)*p);
	schema = name.data && schema_text((const char *)name.data, &text) ? (const char *)name.data
		 : c->changes						  ? "change"
									  : NULL;
	if (!plain && !schema)
		return;
	heading("OUTPUT FOR PROGRAMS", out);
	if (plain) {
		kst_buf_puts(out, "\n*--plain* prints lines of these columns, a TAB between them, "
				  "their order frozen:\n\n");
		scd_escape(out, plain);
		kst_buf_u8(out, '\n');
	}
	if (schema)
		kst_buf_printf(out,
			       "\n*--json* answers with a document kstool.%s/1: *kstool help "
			       "json %s*, *kstool-json*(5).\n",
			       schema, schema);
}

static const char *const usual[] = { "NAME",	    "SYNOPSIS", "EXAMPLES",
				     "DESCRIPTION", "OPTIONS",	"OUTPUT FOR PROGRAMS",
				     "EXIT STATUS", "ENVIRONMENT",
				     "FILES",	    "SEE ALSO", NULL };

/* Sections of the hand-written part that no other command has, in its order. */
static void unusual(struct kst_bytes own, struct kst_buf *out)
{
	const char *p = (const char *)own.data;
	const char *end = p ? p + own.len : p; /* nothing was written by hand */
	bool copy = false;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl + 1 : end) - p);

		if (n > 2 && p[0] == '#' && p[1] == ' ') {
			copy = true;
			for (const char *const *u = usual; *u; u++)
				if (strlen(*u) + 3 == n && !strncmp(p + 2, *u, n - 3))
					copy = false;
			if (copy)
				kst_buf_u8(out, '\n');
		}
		if (copy)
			kst_buf_put(out, p, n);
		p += n;
	}
}

void page_of_command(const struct cmd *c, struct kst_buf *out)
{
	struct kst_buf own KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes text;

	page_written(c, &own);
	text = (struct kst_bytes){ own.data, own.len };
	page_name(c, out);
	kst_buf_printf(out, "(1) \"kstool %s\"\n", KSTOOL_VERSION);
	heading("NAME", out);
	kst_buf_u8(out, '\n');
	page_name(c, out);
	kst_buf_puts(out, " - ");
	scd_escape(out, c->summary);
	kst_buf_u8(out, '\n');
	heading("SYNOPSIS", out);
	kst_buf_printf(out, "\n*kstool %s*", c->name);
	if (c->opts)
		kst_buf_puts(out, " \\[OPTION\\]...");
	if (c->operands && *c->operands) {
		kst_buf_u8(out, ' ');
		scd_escape(out, c->operands);
	}
	kst_buf_u8(out, '\n');
	more(text, "SYNOPSIS", out);
	heading("EXAMPLES", out);
	examples(c, out);
	more(text, "EXAMPLES", out);
	heading("DESCRIPTION", out);
	kst_buf_u8(out, '\n');
	paragraphs(c->help, out);
	more(text, "DESCRIPTION", out);
	unusual(text, out);
	heading("OPTIONS", out);
	page_options(c->opts, out);
	more(text, "OPTIONS", out);
	kst_buf_printf(out,
		       "\nThe options of all commands (*--pass*, *--json*, %s...) are in "
		       "*kstool*(1).\n",
		       c->changes ? "*--dry-run*, *--check*, " : "");
	output(c, out);
	more(text, "OUTPUT FOR PROGRAMS", out);
	heading("EXIT STATUS", out);
	page_statuses(c->exits ? c->exits : "", out);
	if (c->changes)
		kst_buf_puts(out, "\nWith *--check*, 1 says that something would change.\n");
	kst_buf_puts(out, "\nAlways possible are 2, the command line is wrong, 9, kstool's own "
			  "fault, and 130, interrupted: *kstool-exit-codes*(7).\n");
	more(text, "EXIT STATUS", out);
	heading("ENVIRONMENT", out);
	kst_buf_puts(out, "\nKSTOOL\\_PASS\\_FILE, NO\\_COLOR, COLUMNS and others: "
			  "*kstool-environment*(7).\n");
	more(text, "ENVIRONMENT", out);
	if (c->changes || scd_section(text, "# FILES").len)
		heading("FILES", out);
	if (c->changes)
		kst_buf_puts(out, "\n_STORE_.kstool-bak\n\tthe bytes before the last change that "
				  "could lose something\n");
	more(text, "FILES", out);
	heading("SEE ALSO", out);
	see_also(c, out);
	more(text, "SEE ALSO", out);
}
