/* SPDX-License-Identifier: ISC */
/*
 * help.c - overview, help on a command, a topic or an error: the pages of the manual
 */
#include "cmd/help.h"
#include "kstool/verify.h"

#include <string.h>

#include "cmd/page.h"
#include "cmd/schema.h"
#include "ui/scd.h"

static const struct {
	enum cmd_group group;
	const char *title, *about;
} groups[] = {
	{ GROUP_LOOK, "LOOK", "(never changes anything)" },
	{ GROUP_MAKE, "MAKE", "" },
	{ GROUP_CHANGE, "CHANGE", "(atomic, the same again is \"unchanged\", --dry-run)" },
	{ GROUP_NATIVE, "NATIVE STORES", "(.kst)" },
	{ GROUP_CA, "PRIVATE CA", "(--ca DIR, or KSTOOL_CA)" },
	{ GROUP_TLS, "HANDSHAKE", "" },
	{ GROUP_HELP, "HELP", "" },
};
#define GROUPS (sizeof(groups) / sizeof(*groups))

struct command_row {
	const char *name, *operands, *summary;
};
#define AT(member) offsetof(struct command_row, member)
static const struct field command_fields[] = {
	{ "name", NULL, F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(name) },
	{ "operands", NULL, F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_DROP1, AT(operands) },
	{ "summary", NULL, F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(summary) },
	{ .key = NULL }
};

static size_t group_rows(enum cmd_group group, struct command_row *row, size_t room)
{
	size_t nr = 0;

	for (const struct cmd *const *c = cmd_table; *c && nr < room; c++)
		if ((*c)->group == group)
			row[nr++] = (struct command_row){ (*c)->name,
							  (*c)->operands ? (*c)->operands : "",
							  (*c)->summary };
	return nr;
}

static void overview_json(struct out *o)
{
	struct command_row row[128];
	size_t nr = 0;

	for (size_t g = 0; g < GROUPS; g++)
		nr += group_rows(groups[g].group, row + nr, 128 - nr);
	out_rows(o, "commands", command_fields, row, nr, sizeof(*row));
	out_array(o, "topics");
	for (size_t i = 0; page_topic(i, NULL); i++)
		out_str(o, NULL, page_topic(i, NULL));
	out_end(o);
}

void help_overview(struct out *o)
{
	size_t name = 0, operands = 0;

	if (!out_is(o, OUT_TEXT)) {
		overview_json(o);
		return;
	}
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		size_t n = strlen((*c)->name), m = (*c)->operands ? strlen((*c)->operands) : 0;

		if ((*c)->group == GROUP_HIDDEN)
			continue;
		name = n > name ? n : name;
		operands = m > operands && m < 24 ? m : operands;
	}
	out_sentence(o, "kstool manages keystores and truststores, and converts between their formats.");
	for (size_t g = 0; g < GROUPS; g++) {
		struct command_row row[64];
		size_t nr = group_rows(groups[g].group, row, 64);

		if (!nr)
			continue;
		out_blank(o);
		out_heading(o, "%s%s%s", groups[g].title, groups[g].about[0] ? " " : "",
			    groups[g].about);
		for (size_t i = 0; i < nr; i++) {
			struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

			kst_buf_printf(&b, "%-*s %s", (int)name, row[i].name, row[i].operands);
			out_item(o, name + operands + 2, b.data ? (const char *)b.data : "",
				 row[i].summary);
		}
	}
	out_blank(o);
	out_sentence(o, "kstool help COMMAND tells more, with examples; kstool help lists the topics too.");
}

/* ---- one command ---- */

static void usage_line(struct out *o, const struct cmd *c)
{
	out_line(o, "usage: kstool %s%s%s%s", c->name, c->opts ? " [OPTION]..." : "",
		 c->operands && *c->operands ? " " : "", c->operands ? c->operands : "");
}

void help_usage(struct out *o, const struct cmd *c)
{
	out_blank(o);
	usage_line(o, c);
	for (const struct cmd_example *e = c->examples; e && e->line; e++)
		out_line(o, "  %s", e->line);
	out_line(o, "more: kstool help %s", c->name);
}

/* "-o, --output FILE" */
static void option_name(const struct opt *p, struct kst_buf *b)
{
	if (p->letter)
		kst_buf_printf(b, "-%c, ", p->letter);
	kst_buf_printf(b, "--%s", p->name);
	if (p->value)
		kst_buf_printf(b, " %s", p->value);
}

static void option_json(struct out *o, const struct opt *p)
{
	char letter[2] = { p->letter, '\0' };

	out_object(o, NULL);
	out_str(o, "name", p->name);
	out_str(o, "letter", p->letter ? letter : NULL);
	out_str(o, "value", p->value);
	out_str(o, "help", p->help);
	out_array(o, "choices");
	for (const char *const *k = p->choices; k && *k; k++)
		out_str(o, NULL, *k);
	out_end(o);
	out_end(o);
}

#define OPTION_CELLS 26

static void options(struct out *o, const struct opt *table)
{
	for (const struct opt *p = table; p && p->name; p++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		if (p->hidden)
			continue;
		option_name(p, &b);
		out_item(o, OPTION_CELLS, b.data ? (const char *)b.data : "", p->help);
		if (!p->choices || p->kind == OPT_CHOICE)
			continue;
		kst_buf_reset(&b);
		for (const char *const *k = p->choices; *k; k++)
			kst_buf_printf(&b, "%s%s", k == p->choices ? "" : " ", *k);
		out_item(o, OPTION_CELLS, "", b.data ? (const char *)b.data : "");
	}
}

static void command_json(struct out *o, const struct cmd *c)
{
	out_str(o, "name", c->name);
	out_str(o, "operands", c->operands);
	out_str(o, "summary", c->summary);
	out_str(o, "help", c->help);
	out_array(o, "options");
	for (const struct opt *p = c->opts; p && p->name; p++)
		if (!p->hidden)
			option_json(o, p);
	out_end(o);
	out_array(o, "plain");
	for (const char *p = c->plain ? c->plain : c->changes ? PLAIN_CHANGES : ""; *p;) {
		size_t n = strcspn(p, " ");

		out_strn(o, NULL, p, n);
		p += n + strspn(p + n, " ");
	}
	out_end(o);
	out_array(o, "examples");
	for (const struct cmd_example *e = c->examples; e && e->line; e++)
		out_str(o, NULL, e->line);
	out_end(o);
}

void help_show(struct out *o, const struct cmd *c)
{
	struct kst_buf page KST_SCRATCH_BUF = KST_BUF_INIT;

	out_pager(o);
	out_schema(o, "kstool.help/1");
	if (!c) {
		help_overview(o);
		out_blank(o);
		out_heading(o, "OPTIONS OF ALL COMMANDS");
		options(o, global_table);
		out_blank(o);
		help_topic(o, NULL);
		return;
	}
	if (!out_is(o, OUT_TEXT)) {
		command_json(o, c);
		return;
	}
	page_of_command(c, &page);
	scd_show(o, scd_body((struct kst_bytes){ page.data, page.len }));
}

/* ---- the command ---- */

static bool error_page(struct out *o, const char *slug)
{
	struct kst_buf page KST_SCRATCH_BUF = KST_BUF_INIT;
	enum kst_code code = kst_code_find(slug);

	if (code == KST_OK)
		return false;
	page_of_error(code, &page);
	out_str(o, "code", slug);
	out_str(o, "meaning", kst_code_meaning(code));
	out_int(o, "status", kst_code_exit(code));
	help_text(o, (struct kst_bytes){ page.data, page.len });
	out_heading(o, "%s", slug);
	scd_show(o, (struct kst_bytes){ page.data, page.len });
	return true;
}

static int unknown_topic(struct cli *cli, const char *word)
{
	const char *names[448], *near;
	size_t nr = 0;

	for (const struct cmd *const *c = cmd_table; *c && nr < 100; c++)
		if ((*c)->group != GROUP_HIDDEN)
			names[nr++] = (*c)->name;
	for (size_t i = 0; page_topic(i, NULL) && nr < 120; i++)
		names[nr++] = page_topic(i, NULL);
	for (int code = 1; code < KST_CODE_COUNT && nr < 300; code++)
		names[nr++] = kst_code_slug((enum kst_code)code);
	for (int id = 0; id < KST_PROBLEM_COUNT && nr < 383; id++)
		names[nr++] = kst_problem_slug((enum kst_problem_id)id);
	for (int r = 1; r < KST_REASON_COUNT && nr < 447; r++)
		names[nr++] = kst_reason_slug((enum kst_reason)r);
	names[nr] = NULL;
	near = opt_nearest(word, names);
	if (near)
		return kst_error_setx(cli->err, KST_E_NO_TOPIC,
				      "no help on \"%s\"; did you mean \"%s\"?", word, near);
	kst_error_setx(cli->err, KST_E_NO_TOPIC, "no help on \"%s\"", word);
	return kst_error_hint(cli->err, "kstool help");
}

/* Every verb of a noun. */
static void noun(struct out *o, const char *word)
{
	struct command_row row[64];
	size_t n = strlen(word), nr = 0;

	for (const struct cmd *const *c = cmd_table; *c && nr < 64; c++)
		if (!strncmp((*c)->name, word, n) && (*c)->name[n] == ' ')
			row[nr++] = (struct command_row){ (*c)->name,
							  (*c)->operands ? (*c)->operands : "",
							  (*c)->summary };
	if (!out_is(o, OUT_TEXT)) {
		out_rows(o, "commands", command_fields, row, nr, sizeof(*row));
		out_array(o, "topics");
		out_end(o);
		return;
	}
	for (size_t i = 0; i < nr; i++) {
		if (i)
			out_blank(o);
		out_line(o, "kstool %s %s", row[i].name, row[i].operands);
		out_line(o, "  %s", row[i].summary);
	}
}

static int schema(struct cli *cli, const char *word)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!schema_text(word, &b)) {
		kst_error_setx(cli->err, KST_E_NO_TOPIC, "no schema \"%s\"", word);
		return kst_error_hint(cli->err, "kstool help json");
	}
	return b.failed ? kst_error_nomem(cli->err)
			: out_data(cli->out, b.data, b.len, false, cli->err);
}

static int run(struct cli *cli, void *opts)
{
	const char *one = cli->nr > 0 ? cli->operand[0] : NULL;
	const char *two = cli->nr > 1 ? cli->operand[1] : NULL;
	const struct cmd *c = one ? cmd_of_words(one, two) : NULL;

	(void)opts;
	out_schema(cli->out, "kstool.help/1");
	if (one && two && !strcmp(one, "json"))
		return schema(cli, two);
	if (!one || c)
		help_show(cli->out, c);
	else if (cmd_is_noun(one) && !two)
		noun(cli->out, one);
	else if (!help_topic(cli->out, one)) {
		bool error = error_page(cli->out, one);

		/* "no-mac" is both: why a file is refused, and what is wrong with one that opens. */
		bool any = help_finding(cli->out, one, error) || error;

		if (!help_reason(cli->out, one, any) && !any)
			return unknown_topic(cli, one);
	}
	return 0;
}

static const struct cmd_example examples[] = {
	{ "kstool help trust", "all about one command" },
	{ "kstool help exit-codes", "a topic" },
	{ "kstool help json list", "the JSON schema of a document" },
	{ "kstool help wrong-passphrase", "what the word in brackets behind an error means" },
	{ NULL, NULL }
};
const struct cmd cmd_help = {
	.name = "help",
	.group = GROUP_HELP,
	.operands = "[COMMAND|TOPIC|ERROR]",
	.summary = "help on a command, a topic, an error",
	.help = "Without a word: all commands, the options that all of them take, the topics. After\n"
		"json, the name of a document prints its schema.\n",
	.examples = examples,
	.exits = "0 6",
	.min = 0,
	.max = 2,
	.first = WHAT_TOPIC,
	.rest = WHAT_TEXT,
	.run = run,
};
