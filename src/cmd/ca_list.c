/* SPDX-License-Identifier: ISC */
/*
 * ca_list.c - what the CA has issued: for people, for programs, for a spreadsheet, and as OpenSSL keeps it
 */
#include "cmd/ca_rows.h"

#include <stdlib.h>
#include <string.h>

struct list_opts {
	struct ca_opts ca;
	const char *state, *match;
	bool csv, index, root;
};

struct row {
	const char *serial, *name, *profile, *state, *expires, *reason;
	int64_t not_before, not_after, revoked_at;
	char *own[3];
	char when[KST_TIME_TEXT];
};
#define COL(member) offsetof(struct row, member)
static const struct field columns[] = {
	{ "name", "NAME", F_STR, FF_TEXT | FF_MIDDLE, COL(name) },
	{ "serial", "SERIAL", F_STR, FF_TEXT | FF_MIDDLE | FF_DROP2, COL(serial) },
	{ "profile", "PROFILE", F_STR, FF_TEXT | FF_DROP1, COL(profile) },
	{ "state", "STATE", F_STATE, FF_TEXT | FF_KEEP, COL(state) },
	{ "expires", "EXPIRES", F_STR, FF_TEXT | FF_KEEP, COL(expires) },
	{ .key = NULL }
};
/* The frozen order of --plain. */
static const struct field plain[] = {
	{ "serial", "SERIAL", F_STR, FF_PLAIN, COL(serial) },
	{ "name", "NAME", F_STR, FF_PLAIN, COL(name) },
	{ "profile", "PROFILE", F_STR, FF_PLAIN, COL(profile) },
	{ "state", "STATE", F_STR, FF_PLAIN, COL(state) },
	{ "not_before", "NOT BEFORE", F_TIME, FF_PLAIN, COL(not_before) },
	{ "not_after", "NOT AFTER", F_TIME, FF_PLAIN, COL(not_after) },
	{ "revoked_at", "REVOKED", F_TIME, FF_PLAIN, COL(revoked_at) },
	{ "reason", "REASON", F_STR, FF_PLAIN, COL(reason) },
	{ .key = NULL }
};

struct state {
	struct cli *cli;
	const struct list_opts *opt;
	int64_t now;
	struct row *row;
	size_t nr, size, shown;
	struct kst_buf data; /* of --csv and --index */
	char **valid;        /* subjects of valid certificates, for --index */
	size_t nr_valid, size_valid;
};

static const char *const states[] = { "valid", "expired", "revoked", "pending", NULL };

/* ---- text and --plain ---- */

static int collect(struct state *st, const struct kst_ca_row *in)
{
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *reason = in->state == KST_CA_REVOKED ? kst_revocation_reason(in->reason) : NULL;
	struct row *r;

	if (st->nr == st->size) {
		size_t size = st->size ? 2 * st->size : 64;

		r = kst_realloc(st->row, size * sizeof(*r));
		if (!r)
			return kst_error_nomem(st->cli->err);
		st->row = r;
		st->size = size;
	}
	ca_serial(&serial, in->serial, in->serial_len);
	r = &st->row[st->nr++];
	*r = (struct row){ .profile = kst_profile_name(in->profile),
			   .not_before = in->not_before,
			   .not_after = in->not_after,
			   .revoked_at = in->state == KST_CA_REVOKED ? in->revoked_at : 0 };
	r->own[0] = serial.data ? kst_strdup((const char *)serial.data) : NULL;
	r->own[1] = kst_strdup(in->name ? in->name : in->subject ? in->subject : "");
	r->own[2] = kst_strdup(reason ? reason : "");
	if (!r->own[0] || !r->own[1] || !r->own[2])
		return kst_error_nomem(st->cli->err);
	r->serial = r->own[0];
	r->name = r->own[1];
	r->reason = r->own[2];
	r->state = out_is(st->cli->out, OUT_TEXT) ? ca_state_word(in, st->now) : ca_state(in, st->now);
	return 0;
}

/* Rows have moved while they were collected: what points into them is set at the end. */
static void finish_rows(struct state *st)
{
	for (size_t i = 0; i < st->nr; i++)
		st->row[i].expires = kst_time_text(st->row[i].not_after, KST_TIME_MINUTE, st->row[i].when);
}

static void show_rows(struct state *st, struct kst_ca *ca)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct out *o = st->cli->out;

	finish_rows(st);
	if (out_is(o, OUT_PLAIN)) {
		out_rows(o, "certificates", plain, st->row, st->nr, sizeof(*st->row));
		return;
	}
	ca_name(ca, &name);
	out_heading(o, "%s   %s, %zu certificate%s", kst_ca_dir(ca), name.data ? (const char *)name.data : "", st->nr,
		    st->nr == 1 ? "" : "s");
	if (st->nr) {
		out_blank(o);
		out_rows(o, "certificates", columns, st->row, st->nr, sizeof(*st->row));
	}
}

/* ---- --csv ---- */

/*
 * RFC 4180.  A cell that begins with = + - @ would be a formula to a spreadsheet, and names come from
 * whoever sent the request: an apostrophe before it makes it text.  Control characters are escaped as everywhere.
 */
static void put_cell(struct kst_buf *out, const char *text, bool first)
{
	struct kst_buf shown KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_text_escape(&shown, text ? text : "", text ? strlen(text) : 0);
	const char *p = shown.data ? (const char *)shown.data : "";
	bool quote = strpbrk(p, "\",") != NULL;
	if (!first)
		kst_buf_puts(out, ",");
	if (quote)
		kst_buf_puts(out, "\"");
	if (*p && strchr("=+-@", *p))
		kst_buf_puts(out, "'");
	for (; *p; p++) {
		if (*p == '"')
			kst_buf_puts(out, "\"");
		kst_buf_put(out, p, 1);
	}
	if (quote)
		kst_buf_puts(out, "\"");
	out->failed |= shown.failed;
}

static const char *time_cell(int64_t t, char text[KST_TIME_TEXT])
{
	return t ? kst_time_text(t, KST_TIME_FULL, text) : "";
}

static int csv_row(struct state *st, const struct kst_ca_row *row)
{
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT, sans KST_SCRATCH_BUF = KST_BUF_INIT;
	bool revoked = row->state == KST_CA_REVOKED;
	char when[3][KST_TIME_TEXT];

	ca_serial(&serial, row->serial, row->serial_len);
	for (const char *p = row->sans; p && *p; p++)
		kst_buf_put(&sans, *p == '\n' ? " " : p, 1);
	const char *const cell[] = { serial.data ? (const char *)serial.data : "",
				     row->name,
				     kst_profile_name(row->profile),
				     ca_state(row, st->now),
				     time_cell(row->not_before, when[0]),
				     time_cell(row->not_after, when[1]),
				     time_cell(revoked ? row->revoked_at : 0, when[2]),
				     revoked ? kst_revocation_reason(row->reason) : "",
				     row->subject,
				     sans.data ? (const char *)sans.data : "" };
	for (size_t i = 0; i < sizeof(cell) / sizeof(cell[0]); i++)
		put_cell(&st->data, cell[i], i == 0);
	kst_buf_puts(&st->data, "\n");
	return st->data.failed || sans.failed ? kst_error_nomem(st->cli->err) : 0;
}

/* ---- --index ---- */

static int remember(struct state *st, const struct kst_ca_row *row)
{
	char **grown;

	if (row->state != KST_CA_VALID || row->not_after < st->now || !row->subject || !*row->subject)
		return 0;
	if (st->nr_valid == st->size_valid) {
		st->size_valid = st->size_valid ? 2 * st->size_valid : 64;
		grown = kst_realloc(st->valid, st->size_valid * sizeof(*grown));
		if (!grown)
			return kst_error_nomem(st->cli->err);
		st->valid = grown;
	}
	st->valid[st->nr_valid] = kst_strdup(row->subject);
	return st->valid[st->nr_valid++] ? 0 : kst_error_nomem(st->cli->err);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* openssl-ca refuses an index with two valid certificates of one subject, unless it is told not to. */
static void tell_twins(struct state *st)
{
	if (st->nr_valid)
		qsort(st->valid, st->nr_valid, sizeof(*st->valid), by_text);
	for (size_t i = 1; i < st->nr_valid; i++)
		if (!strcmp(st->valid[i - 1], st->valid[i])) {
			out_note(st->cli->out, "two valid certificates have one subject: openssl reads that only with "
					       "unique_subject = no in index.txt.attr");
			return;
		}
}

/* ---- all of them ---- */

static bool wanted(const struct state *st, const struct kst_ca_row *row)
{
	const char *list = st->opt->state, *is = ca_state(row, st->now);
	size_t n = strlen(is);

	if (!list)
		return true;
	for (size_t k; *list; list += k + (list[k] == ',')) {
		k = strcspn(list, ",");
		if (k == n && !strncmp(list, is, n))
			return true;
	}
	return false;
}

static int each(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct state *st = ctx;
	struct out *o = st->cli->out;

	if (!wanted(st, row))
		return 0;
	st->shown++;
	if (st->opt->csv)
		return csv_row(st, row);
	if (st->opt->index)
		return kst_ca_index_line(&st->data, row, st->now, err) < 0 ? -1 : remember(st, row);
	if (!out_is(o, OUT_JSON))
		return collect(st, row);
	out_object(o, NULL);
	ca_row_json(o, row, st->now);
	out_end(o);
	return 0;
}

static int check_states(struct cli *cli, const char *list)
{
	for (size_t k; list && *list; list += k + (list[k] == ',')) {
		const char *const *s = states;

		k = strcspn(list, ",");
		while (*s && (strlen(*s) != k || strncmp(*s, list, k) != 0))
			s++;
		if (*s)
			continue;
		kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%.*s\" is no state of a certificate", (int)k, list);
		kst_error_subject(cli->err, "--state");
		return kst_error_hint(cli->err, "one or more, with commas, of: valid expired revoked pending");
	}
	return 0;
}

static int check_opts(struct cli *cli, const struct list_opts *opt)
{
	bool data = opt->csv || opt->index;

	if ((opt->csv && opt->index) || (data && cli->g.plain)) {
		kst_error_setx(cli->err, KST_E_USAGE, "one answer has one form: of --csv, --index and --plain give one");
		return kst_error_subject(cli->err, opt->csv ? "--csv" : "--index");
	}
	return check_states(cli, opt->state);
}

static int answer(struct state *st, struct kst_ca *ca)
{
	struct kst_ca_query q = { .match = st->opt->match,
				  .issuers = st->opt->root ? 1u << KST_CA_BY_ROOT : 1u << KST_CA_BY_CA };
	struct cli *cli = st->cli;
	bool data = st->opt->csv || st->opt->index;
	int ret = 0;

	out_schema(cli->out, "kstool.ca-list/1");
	out_str(cli->out, "ca", kst_ca_dir(ca));
	out_time(cli->out, "now", st->now);
	if (st->opt->csv)
		kst_buf_puts(&st->data, "serial,name,profile,state,not_before,not_after,revoked_at,reason,subject,sans\n");
	out_array(cli->out, "certificates");
	ret = kst_ca_each(ca, &q, each, st, cli->err);
	out_end(cli->out);
	if (ret < 0)
		return -1;
	if (data) {
		out_data_mode(cli->out);
		if (st->opt->index)
			tell_twins(st);
		ret = out_data(cli->out, st->data.data ? (const void *)st->data.data : "", st->data.len, false, cli->err);
	} else {
		out_null(cli->out, "data");
		out_null(cli->out, "data_base64");
		if (!out_is(cli->out, OUT_JSON))
			show_rows(st, ca);
	}
	return ret < 0 ? -1 : (st->opt->match || st->opt->state) && !st->shown;
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts, .now = kst_time_now() };
	struct kst_open_options open;
	struct kst_ca *ca = NULL;
	int ret = -1;

	if (check_opts(cli, st.opt) == 0 && ca_open(cli, &st.opt->ca, false, &open, &ca) == 0)
		ret = answer(&st, ca);
	for (size_t i = 0; i < st.nr; i++)
		for (size_t k = 0; k < sizeof(st.row[i].own) / sizeof(st.row[i].own[0]); k++)
			kst_free(st.row[i].own[k]);
	for (size_t i = 0; i < st.nr_valid; i++)
		kst_free(st.valid[i]);
	kst_free(st.row);
	kst_free(st.valid);
	kst_buf_release(&st.data);
	kst_ca_free(ca);
	return ret;
}

static const struct opt options[] = {
	CA_OPTION(struct list_opts),
	{ "state", 0, OPT_TEXT, offsetof(struct list_opts, state), WHAT_CHOICE, "STATE[,STATE]",
	  "only certificates in these states", states, false },
	{ "match", 0, OPT_TEXT, offsetof(struct list_opts, match), WHAT_TEXT, "TEXT",
	  "only certificates with TEXT in name, subject, SAN or serial number", NULL, false },
	{ "csv", 0, OPT_FLAG, offsetof(struct list_opts, csv), WHAT_TEXT, NULL,
	  "as comma-separated values, for a spreadsheet", NULL, false },
	{ "index", 0, OPT_FLAG, offsetof(struct list_opts, index), WHAT_TEXT, NULL,
	  "as index.txt, for openssl ca and openssl ocsp", NULL, false },
	{ "root", 0, OPT_FLAG, offsetof(struct list_opts, root), WHAT_TEXT, NULL,
	  "what the root has issued, instead of the issuing CA", NULL, false },
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool ca list", "everything that the CA has issued" },
	{ "kstool ca list --state revoked", "what it took back" },
	{ "kstool ca list --csv > issued.csv", "for a spreadsheet" },
	{ "kstool ca list --index > index.txt", "for openssl ocsp -index index.txt" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_list = {
	.name = "ca list",
	.group = GROUP_CA,
	.operands = "",
	.summary = "what the CA has issued",
	.help = "Lists the ledger of the CA, in the order in which it was written; no secret is\n"
		"needed. A certificate is pending from when it is written down until it is signed,\n"
		"then valid, expired or revoked. What is asked for by --match or --state and not\n"
		"found is answered with status 1.\n"
		"\n"
		"In --csv a cell that begins with = + - or @ gets an apostrophe before it, so that no\n"
		"spreadsheet takes a name for a formula. --index is what openssl ca and openssl ocsp\n"
		"read: it leaves out what is pending.\n",
	.examples = examples,
	.plain = "serial name profile state not_before not_after revoked_at reason",
	.exits = "0 1 6",
	.opts = options,
	.size = sizeof(struct list_opts),
	.min = 0,
	.max = 0,
	.run = run,
};
