/* SPDX-License-Identifier: ISC */
/* trust_under_report.c - a line for each truststore, a summary, the document kstool.trust/1 */
#include "cmd/describe.h"
#include "cmd/trust_under.h"

#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *done, *would;
} word[] = {
	[UNDER_ADDED] = { "added", "would-add" },
	[UNDER_UNCHANGED] = { "unchanged", "unchanged" },
	[UNDER_LOCKED] = { "locked", "locked" },
	[UNDER_BY_HAND] = { "by-hand", "by-hand" },
	[UNDER_SKIPPED] = { "skipped", "skipped" },
	[UNDER_FAILED] = { "failed", "failed" },
};
#define ACTIONS (sizeof(word) / sizeof(*word))

static const char *action(const struct under *u, const struct under_row *r)
{
	bool dry = u->cli->g.dry_run || u->cli->g.check;

	return dry ? word[r->action].would : word[r->action].done;
}

/* ---- text and plain: a table ---- */

struct line {
	const char *action, *path, *by, *type, *reason;
	char *text;
};
#define COL(member) offsetof(struct line, member)
static const struct field text_columns[] = {
	{ "action", NULL, F_STR, FF_TEXT | FF_KEEP, COL(action) },
	{ "file", NULL, F_STR, FF_TEXT | FF_KEEP, COL(path) },
	{ "managed_by", NULL, F_STR, FF_TEXT | FF_DROP1, COL(by) },
	{ "note", NULL, F_STR, FF_TEXT | FF_RAGGED, COL(text) },
	{ .key = NULL }
};
static const struct field plain_columns[] = {
	{ "action", NULL, F_STR, FF_PLAIN, COL(action) },
	{ "file", NULL, F_STR, FF_PLAIN, COL(path) },
	{ "type", NULL, F_STR, FF_PLAIN, COL(type) },
	{ "managed_by", NULL, F_STR, FF_PLAIN, COL(by) },
	{ "reason", NULL, F_STR, FF_PLAIN, COL(reason) },
	{ .key = NULL }
};

static char *counted(const struct under_row *r)
{
	const char *pass = r->passphrase == KST_SOURCE_CHANGEIT ? "passphrase: changeit" : "";
	size_t added = 0;

	for (size_t i = 0; i < r->changes.nr; i++)
		added += r->changes.row[i].action != CHANGE_UNCHANGED;
	if (r->changes.nr <= 1)
		return kst_strdup(pass);
	return kst_asprintf("%zu of %zu%s%s", added, r->changes.nr, *pass ? ", " : "", pass);
}

static char *line_text(const struct under_row *r)
{
	switch (r->action) {
	case UNDER_ADDED:
		return counted(r);
	case UNDER_UNCHANGED:
		return kst_strdup("");
	case UNDER_LOCKED:
		return kst_strdup("another passphrase");
	case UNDER_BY_HAND:
		return kst_strdup("another program's: see below");
	case UNDER_SKIPPED:
		return kst_strdup("holds private keys");
	case UNDER_FAILED:
		break;
	}
	return kst_strdup(r->error ? r->error->message : "");
}

static void lines(const struct under *u)
{
	struct line *row = kst_calloc(u->nr + 1, sizeof(*row));

	for (size_t i = 0; row && i < u->nr; i++) {
		const struct under_row *r = &u->row[i];

		row[i] = (struct line){ .action = action(u, r),
					.path = r->path,
					.by = !strcmp(r->role, "anchor") && out_is(u->cli->out, OUT_TEXT) ? "(anchor)" :
					      r->by						     ? r->by :
											       "-",
					.type = r->type ? r->type : "",
					.reason = r->error ? kst_code_slug(r->error->code) :
						  r->action == UNDER_SKIPPED ? "holds-keys" :
									       "",
					.text = line_text(r) };
	}
	if (row)
		out_rows(u->cli->out, NULL, out_is(u->cli->out, OUT_TEXT) ? text_columns : plain_columns, row, u->nr,
			 sizeof(*row));
	for (size_t i = 0; row && i < u->nr; i++)
		kst_free(row[i].text);
	kst_free(row);
}

/* ---- what follows in text ---- */

static void summary(const struct under *u)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t count[ACTIONS] = { 0 };
	bool dry = u->cli->g.dry_run || u->cli->g.check;

	for (size_t i = 0; i < u->nr; i++)
		count[u->row[i].action]++;
	for (size_t a = 0; a < ACTIONS; a++)
		if (count[a])
			kst_buf_printf(&b, "%s%zu %s", b.len ? ", " : "", count[a],
				       dry ? word[a].would : word[a].done);
	out_summary(u->cli->out, "%s: %s.", u->opt->under, b.data ? (const char *)b.data : "nothing to do");
}

static void tell_skipped_sources(const struct under *u)
{
	for (size_t i = 0; i < u->picks.nr; i++) {
		const struct trust_pick *p = &u->picks.row[i];
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		if (p->why == KST_OK)
			continue;
		kst_cert_name(p->cert, &b);
		out_warn(u->cli->out, kst_code_slug(p->why), "%s: \"%s\" was left out: %s", p->source,
			 b.data ? (const char *)b.data : "",
			 p->why == KST_E_NOT_A_CA ? "not a CA (use --leaf to pin it)" :
			 p->why == KST_E_EXPIRED  ? "expired (use --expired)" :
						    "not trusted by its own file");
	}
}

static bool below(const struct under *u, const char *inside)
{
	char *real = kst_root_resolve(u->walk.root, inside);
	char *path = real ? kst_asprintf("%s%s", u->walk.root, real) : NULL;
	struct stat st;
	bool yes = path && lstat(path, &st) == 0 && S_ISREG(st.st_mode);

	kst_free(real);
	kst_free(path);
	return yes;
}

static void notes(const struct under *u)
{
	struct out *o = u->cli->out;
	const char *extra = NULL;

	for (size_t i = 0; i < u->picks.nr && !extra; i++)
		extra = u->file[i] ? u->file[i] + strlen(u->walk.root) : NULL;
	if (below(u, "/usr/local/bin/node") || below(u, "/usr/bin/node"))
		out_note(o, "node has its list built in: set NODE_EXTRA_CA_CERTS=%s for it",
			 extra ? extra : "FILE with the certificate");
	for (size_t i = 0; i < u->walk.nr_closed && i < 5; i++)
		out_note(o, "not looked into: %s%s", u->walk.root, u->walk.closed[i]);
	if (u->walk.nr_closed > 5)
		out_note(o, "and not into %zu more: other file systems, images, what may not be read",
			 u->walk.nr_closed - 5);
}

/* What is left to do, a line for each certificate, ready to be run. */
static void by_hand(const struct under *u)
{
	for (size_t i = 0; i < u->nr; i++) {
		const char *line = u->row[i].command;

		if (line)
			out_line(u->cli->out, "to add it to %s:", u->row[i].path);
		while (line && *line) {
			size_t n = strcspn(line, "\n");
			char *one = kst_strndup(line, n);

			if (one)
				out_line(u->cli->out, "  %s", one);
			kst_free(one);
			line += n + (line[n] == '\n');
		}
	}
}

/* ---- JSON ---- */

static void row_json(const struct under *u, const struct under_row *r)
{
	static const char *const pass[] = { "none", "given", "empty", "changeit" };
	struct out *o = u->cli->out;

	out_object(o, NULL);
	out_str(o, "action", action(u, r));
	out_str(o, "path", r->path);
	out_str(o, "link", r->link);
	out_str(o, "type", r->type);
	out_str(o, "role", r->role);
	out_str(o, "managed_by", r->by);
	out_str(o, "passphrase", pass[r->passphrase]);
	out_str(o, "command", r->command);
	describe_error(o, r->error);
	changes_json(o, &r->changes, u->cli->g.dry_run || u->cli->g.check);
	out_end(o);
}

static void json(const struct under *u, bool dry, bool effect)
{
	struct out *o = u->cli->out;

	out_schema(o, "kstool.trust/1");
	out_changed(o, effect && !dry);
	out_bool(o, "dry_run", dry);
	if (dry)
		out_bool(o, "would_change", effect);
	else
		out_null(o, "would_change");
	out_str(o, "under", u->opt->under);
	out_array(o, "stores");
	for (size_t i = 0; i < u->nr; i++)
		row_json(u, &u->row[i]);
	out_end(o);
	out_array(o, "not_entered");
	for (size_t i = 0; i < u->walk.nr_closed; i++)
		out_str(o, NULL, u->walk.closed[i]);
	out_end(o);
}

int under_report(struct under *u)
{
	struct cli *cli = u->cli;
	bool dry = cli->g.dry_run || cli->g.check, effect = false;

	if (!u->nr) {
		kst_error_setx(cli->err, KST_E_NOTHING_FOUND, "holds no truststore that would be known as one");
		kst_error_subject(cli->err, "%s", u->opt->under);
		if (!u->opt->all)
			cmd_again(cli, "to take whatever holds CAs alone", NULL, (const char *const[]){ "--all", NULL });
		return -1;
	}
	for (size_t i = 0; i < u->nr; i++)
		effect |= u->row[i].action == UNDER_ADDED;
	if (out_is(cli->out, OUT_JSON)) {
		json(u, dry, effect);
	} else if (!cli->g.quiet || dry || out_is(cli->out, OUT_PLAIN)) {
		lines(u);
		by_hand(u);
		summary(u);
	}
	tell_skipped_sources(u);
	notes(u);
	if (u->status)
		return u->status;
	return cli->g.check && effect ? 1 : 0;
}
