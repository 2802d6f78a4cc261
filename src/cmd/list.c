/* SPDX-License-Identifier: ISC */
/* list.c - one line an entry, grouped by file */
#include "cmd/describe.h"
#include "cmd/live.h"

#include <stdlib.h>
#include <string.h>

struct list_opts {
	const char *match, *type, *state, *fields, *sort, *expiring;
	bool chain;
	struct live_opts live;
};

/* --expiring: until when; or what is left of a lifetime. */
struct until {
	int64_t time, percent; /* percent 0: `time` */
};

/* Everything a line can show; texts live in `text`, one buffer a row. */
struct row {
	const char *file, *alias, *type, *state, *name, *key, *expires;
	const char *sans, *issuer, *sig, *serial, *usage;
	const char *type_words, *names, *state_words; /* of the block layout */
	int64_t not_before, not_after, days;
	const uint8_t *sha256;
	size_t index;
	char *owned[16];
	size_t nr_owned;
	uint8_t hash[32];
};

#define COL(member) offsetof(struct row, member)
static const struct field columns[] = {
	{ "alias", "ALIAS", F_STR, FF_TEXT | FF_KEEP, COL(alias) },
	{ "type", "TYPE", F_STR, FF_TEXT | FF_DROP2, COL(type) },
	{ "name", "NAME", F_STR, FF_TEXT | FF_MIDDLE, COL(name) },
	{ "key", "KEY", F_STR, FF_TEXT | FF_DROP1, COL(key) },
	{ "state", "STATE", F_STATE, FF_TEXT | FF_KEEP, COL(state) },
	{ "expires", "EXPIRES", F_STR, FF_TEXT | FF_KEEP, COL(expires) },
	{ .key = NULL }
};

/* There is room for words where each field has a line. */
static const struct field blocks[] = {
	{ "alias", NULL, F_STR, FF_TEXT, COL(alias) },
	{ "type", NULL, F_STR, FF_TEXT, COL(type_words) },
	{ "name", NULL, F_STR, FF_TEXT, COL(names) },
	{ "state", NULL, F_STATE, FF_TEXT, COL(state_words) },
	{ "expires", NULL, F_TIME, FF_TEXT, COL(not_after) },
	{ .key = NULL }
};

/* The frozen order of --plain. */
static const struct field plain[] = {
	{ "file", "FILE", F_STR, FF_PLAIN, COL(file) },
	{ "alias", "ALIAS", F_STR, FF_PLAIN, COL(alias) },
	{ "type", "TYPE", F_STR, FF_PLAIN, COL(type) },
	{ "state", "STATE", F_STR, FF_PLAIN, COL(state) },
	{ "not_after", "NOT AFTER", F_TIME, FF_PLAIN, COL(not_after) },
	{ "days", "DAYS", F_INT, FF_PLAIN, COL(days) },
	{ "name", "NAME", F_STR, FF_PLAIN, COL(name) },
	{ "key", "KEY", F_STR, FF_PLAIN, COL(key) },
	{ "sha256", "SHA256", F_HEX32, FF_PLAIN, COL(sha256) },
	{ .key = NULL }
};

/* What --fields can name. */
static const struct field all[] = {
	{ "alias", "ALIAS", F_STR, FF_TEXT | FF_PLAIN | FF_KEEP, COL(alias) },
	{ "type", "TYPE", F_STR, FF_TEXT | FF_PLAIN, COL(type) },
	{ "state", "STATE", F_STATE, FF_TEXT | FF_PLAIN, COL(state) },
	{ "name", "NAME", F_STR, FF_TEXT | FF_PLAIN, COL(name) },
	{ "sans", "SANS", F_STR, FF_TEXT | FF_PLAIN, COL(sans) },
	{ "issuer", "ISSUER", F_STR, FF_TEXT | FF_PLAIN, COL(issuer) },
	{ "key", "KEY", F_STR, FF_TEXT | FF_PLAIN, COL(key) },
	{ "sig", "SIGNATURE", F_STR, FF_TEXT | FF_PLAIN, COL(sig) },
	{ "not_before", "NOT BEFORE", F_TIME, FF_TEXT | FF_PLAIN, COL(not_before) },
	{ "not_after", "NOT AFTER", F_TIME, FF_TEXT | FF_PLAIN, COL(not_after) },
	{ "days", "DAYS", F_INT, FF_TEXT | FF_PLAIN | FF_RIGHT, COL(days) },
	{ "serial", "SERIAL", F_STR, FF_TEXT | FF_PLAIN, COL(serial) },
	{ "sha256", "SHA256", F_HEX32, FF_TEXT | FF_PLAIN, COL(sha256) },
	{ "usage", "USAGE", F_STR, FF_TEXT | FF_PLAIN, COL(usage) },
	{ "file", "FILE", F_STR, FF_TEXT | FF_PLAIN, COL(file) },
	{ .key = NULL }
};

static const char *own(struct row *r, struct kst_buf *b)
{
	char *s = kst_strndup(b->data ? (const char *)b->data : "", b->len);

	kst_buf_reset(b);
	if (s && r->nr_owned < sizeof(r->owned) / sizeof(r->owned[0]))
		r->owned[r->nr_owned++] = s;
	return s ? s : "";
}

static const char *own_text(struct row *r, const char *s)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&b, s ? s : "");
	return own(r, &b);
}

static void row_release(struct row *r)
{
	for (size_t i = 0; i < r->nr_owned; i++)
		kst_free(r->owned[i]);
}

static const char *plain_type(const struct kst_head *h)
{
	switch (h->kind) {
	case KST_KIND_KEY:
		return "key";
	case KST_KIND_CERT:
		return h->trusted ? "ca" : "cert";
	case KST_KIND_SECRET:
		return "secret";
	case KST_KIND_CSR:
		return "csr";
	case KST_KIND_CRL:
		return "crl";
	case KST_KIND_OPAQUE:
		break;
	}
	return "opaque";
}

/* Fields that only the certificate itself can give. */
static void row_cert(struct row *r, const struct kst_cert *cert)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes serial = kst_cert_serial(cert);

	describe_sans(cert, &b);
	r->sans = own(r, &b);
	if (*r->sans)
		r->names = r->sans;
	kst_cert_issuer(cert, &b);
	r->issuer = own(r, &b);
	kst_cert_sig_text(cert, &b);
	r->sig = own(r, &b);
	kst_text_hex(&b, serial.data, serial.len);
	r->serial = own(r, &b);
	describe_use(cert, &b);
	r->usage = own(r, &b);
}

static int row_fill(struct cli *cli, struct kst_store *s, size_t i, bool whole, struct row *r)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	int64_t now = kst_time_now();
	char when[KST_TIME_TEXT];
	struct kst_entry *e;
	struct kst_head h;

	memset(r, 0, sizeof(*r));
	if (kst_store_head(s, i, &h, cli->err) < 0)
		return -1;
	r->index = i;
	r->file = kst_store_path(s);
	if (h.alias)
		r->alias = own_text(r, h.alias);
	else if (out_is(cli->out, OUT_TEXT)) {
		kst_buf_printf(&b, "@%zu (no name)", i + 1);
		r->alias = own(r, &b);
	} else
		r->alias = "";
	if (out_is(cli->out, OUT_PLAIN))
		r->type = plain_type(&h);
	else {
		describe_type(&h, &b);
		r->type = own(r, &b);
	}
	kst_buf_puts(&b, h.name ? h.name : "");
	if (h.more_names && out_is(cli->out, OUT_TEXT))
		kst_buf_printf(&b, " +%u more", h.more_names);
	r->name = own(r, &b);
	r->names = r->name;
	r->key = own_text(r, out_is(cli->out, OUT_TEXT) ? describe_key(h.key) : h.key);
	r->state = h.has_dates ? cmd_state(h.not_before, h.not_after, now) : "";
	r->expires = own_text(r, describe_expires(&h, now, when));
	describe_type_words(&h, &b);
	r->type_words = own(r, &b);
	describe_state_words(&h, now, &b);
	r->state_words = own(r, &b);
	if (h.has_dates) {
		r->not_before = h.not_before;
		r->not_after = h.not_after;
		r->days = kst_time_days(h.not_after, now);
	}
	if (h.sha256) {
		memcpy(r->hash, h.sha256, 32);
		r->sha256 = r->hash;
	}
	r->sans = r->issuer = r->sig = r->serial = r->usage = "";
	if (whole) {
		if (kst_store_entry(s, i, &e, cli->err) < 0)
			return -1;
		if (kst_entry_leaf(e))
			row_cert(r, kst_entry_leaf(e));
	}
	return 0;
}

/* Does a comma-separated list of words hold this word? */
static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list) {
		size_t k = strcspn(list, ",");

		if (k == n && !strncasecmp(list, word, n))
			return true;
		list += k;
		list += *list == ',';
	}
	return false;
}

/* Each word of a list must be one of the choices: a misspelt one would find nothing for ever. */
static int check_words(struct cli *cli, const char *option, const char *list,
		       const char *const *choices)
{
	struct kst_buf words KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t k;

	for (; list && *list; list += k + (list[k] == ',')) {
		const char *const *c = choices;

		k = strcspn(list, ",");
		while (*c && (strlen(*c) != k || strncasecmp(*c, list, k) != 0))
			c++;
		if (*c)
			continue;
		for (c = choices; *c; c++)
			kst_buf_printf(&words, " %s", *c);
		kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%.*s\" is not a value of this option",
			       (int)k, list);
		kst_error_subject(cli->err, "%s", option);
		return kst_error_hint(cli->err, "one or more, with commas, of:%s",
				      words.data ? (const char *)words.data : "");
	}
	return 0;
}

static int parse_until(struct cli *cli, const char *text, struct until *out)
{
	int64_t span;
	bool percent;

	*out = (struct until){ 0, 0 };
	if (!text || kst_time_parse(text, &out->time) == 0)
		return 0;
	if (kst_time_parse_span(text, &span, &percent) == 0) {
		out->percent = percent ? span : 0;
		out->time = kst_time_now() + span;
		return 0;
	}
	kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%s\" is no time to come", text);
	kst_error_subject(cli->err, "--expiring");
	return kst_error_hint(cli->err, "30d, 12h, 33%% of the lifetime, or 2027-01-31");
}

static bool row_expires(const struct until *u, const struct row *r)
{
	if (!*r->state || r->not_after == KST_TIME_NEVER)
		return false;
	if (!u->percent)
		return r->not_after <= u->time;
	return r->not_after - kst_time_now() <= (r->not_after - r->not_before) / 100 * u->percent;
}

static bool row_wanted(const struct list_opts *opt, const struct until *until, const struct row *r,
		       const struct kst_head *h)
{
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;

	if (opt->expiring && !row_expires(until, r))
		return false;
	if (opt->type && !in_list(opt->type, plain_type(h)))
		return false;
	if (opt->state && !in_list(opt->state, r->state))
		return false;
	if (!opt->match)
		return true;
	if (r->sha256)
		kst_text_hex(&hex, r->sha256, 32);
	const char *const in[] = { r->alias, r->name, h->subject, r->sans, r->issuer,
				   (const char *)hex.data };
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		if (kst_text_holds_nocase(in[i], opt->match))
			return true;
	return false;
}

static int by_alias(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->alias, ((const struct row *)b)->alias);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

static int by_expiry(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->not_after > y->not_after) - (x->not_after < y->not_after);
}

/* The fields that --fields names, as a table; at most as many as there are. */
static int pick_fields(struct cli *cli, const char *names, struct field *out, size_t room)
{
	size_t nr = 0;

	while (*names) {
		size_t n = strcspn(names, ","), k = 0;

		while (all[k].key && (strlen(all[k].key) != n || strncmp(all[k].key, names, n)))
			k++;
		if (!all[k].key) {
			kst_error_setx(cli->err, KST_E_BAD_VALUE, "there is no field \"%.*s\"", (int)n,
				       names);
			kst_error_subject(cli->err, "--fields");
			return kst_error_hint(cli->err, "fields: alias type state name sans issuer key "
							"sig not_before not_after days serial sha256 "
							"usage file");
		}
		if (nr + 1 < room)
			out[nr++] = all[k];
		names += n;
		names += *names == ',';
	}
	out[nr] = (struct field){ .key = NULL };
	return 0;
}

/* Chain certificates under each key: --chain. */
static void chain_rows(struct cli *cli, struct kst_store *s, const struct row *rows, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct kst_entry *e;

		if (kst_store_entry(s, rows[i].index, &e, NULL) < 0 || e->chain.nr < 2)
			continue;
		out_blank(cli->out);
		out_line(cli->out, "chain of %s:", rows[i].alias);
		for (size_t k = 1; k < e->chain.nr; k++) {
			struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
			char when[KST_TIME_TEXT];

			kst_cert_name(e->chain.cert[k], &b);
			out_line(cli->out, "  %s  until %s", b.data ? (char *)b.data : "",
				 kst_time_text(kst_cert_not_after(e->chain.cert[k]), KST_TIME_DATE,
					       when));
		}
	}
}

static void totals(struct cli *cli, const struct row *rows, size_t nr)
{
	size_t expired = 0, soon = 0, early = 0, ok = 0, other = 0;

	for (size_t i = 0; i < nr; i++) {
		const char *st = rows[i].state;

		if (!strcmp(st, "EXPIRED"))
			expired++;
		else if (!strcmp(st, "WARN") || !strcmp(st, "CRIT"))
			soon++;
		else if (!strcmp(st, "not yet"))
			early++;
		else if (!strcmp(st, "ok"))
			ok++;
		else
			other++;
	}
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	if (expired)
		kst_buf_printf(&b, "%zu expired", expired);
	if (soon)
		kst_buf_printf(&b, "%s%zu expiring", b.len ? ", " : "", soon);
	if (early)
		kst_buf_printf(&b, "%s%zu not yet valid", b.len ? ", " : "", early);
	if (ok)
		kst_buf_printf(&b, "%s%zu ok", b.len ? ", " : "", ok);
	if (other)
		kst_buf_printf(&b, "%s%zu without dates", b.len ? ", " : "", other);
	if (b.len) {
		out_blank(cli->out);
		out_line(cli->out, "%s.", (char *)b.data);
	}
}

/* One store; *matched counts the rows that were shown. */
static int list_store(struct cli *cli, const struct list_opts *opt, const struct until *until,
		      struct kst_store *s, size_t *matched, struct clock *clock)
{
	size_t nr = kst_store_count(s), kept = 0;
	struct row *rows = kst_calloc(nr ? nr : 1, sizeof(*rows));
	bool whole = opt->match || out_blocks(cli->out) || (opt->fields && strpbrk(opt->fields, "aisu") && /* any that needs it */
				    (in_list(opt->fields, "sans") || in_list(opt->fields, "issuer") ||
				     in_list(opt->fields, "sig") || in_list(opt->fields, "serial") ||
				     in_list(opt->fields, "usage")));
	struct field picked[32];
	int ret = -1;

	if (!rows)
		return kst_error_nomem(cli->err);
	for (size_t i = 0; i < nr; i++) {
		struct kst_head h;

		if (row_fill(cli, s, i, whole, &rows[kept]) < 0)
			goto done;
		if (*rows[kept].state)
			describe_clock_count(clock, rows[kept].not_before);
		if (kst_store_head(s, i, &h, cli->err) < 0)
			goto done;
		if (row_wanted(opt, until, &rows[kept], &h))
			kept++;
		else
			row_release(&rows[kept]);
	}
	*matched += kept;
	if (opt->sort)
		qsort(rows, kept, sizeof(*rows),
		      !strcmp(opt->sort, "alias") ? by_alias :
		      !strcmp(opt->sort, "name")  ? by_name :
						    by_expiry);
	for (size_t i = 0; i < kept; i++) /* rows have moved */
		if (rows[i].sha256)
			rows[i].sha256 = rows[i].hash;
	if (opt->fields && pick_fields(cli, opt->fields, picked, 32) < 0)
		goto done;
	if (out_is(cli->out, OUT_JSON)) {
		out_object(cli->out, NULL);
		describe_store(cli, s);
		out_array(cli->out, "entries");
		for (size_t i = 0; i < kept; i++)
			if (describe_entry(cli, s, rows[i].index) < 0)
				goto done;
		out_end(cli->out);
		out_end(cli->out);
	} else if (out_is(cli->out, OUT_PLAIN)) {
		out_rows(cli->out, "entries", opt->fields ? picked : plain, rows, kept,
			 sizeof(*rows));
	} else {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		describe_store_line(s, &b);
		out_heading(cli->out, "%s   %s", kst_store_path(s), (char *)b.data);
		if (kept) {
			out_blank(cli->out);
			out_list(cli->out, "entries", opt->fields ? picked : columns,
				 opt->fields ? picked : blocks, rows, kept, sizeof(*rows));
			if (opt->chain)
				chain_rows(cli, s, rows, kept);
			totals(cli, rows, kept);
		} else if (nr) {
			out_blank(cli->out);
			out_line(cli->out, "no entry matches.");
		}
	}
	ret = 0;
done:
	for (size_t i = 0; i < kept; i++)
		row_release(&rows[i]);
	kst_free(rows);
	return ret;
}

static const char *const sorts[] = { "expiry", "alias", "name", NULL };
static const char *const types[] = { "key", "ca", "cert", "secret", "csr", "crl", NULL };
static const char *const states[] = { "expired", "crit", "warn", "ok", NULL };

static int run(struct cli *cli, void *opts)
{
	const struct list_opts *opt = opts;
	struct clock clock = { 0 };
	size_t matched = 0;
	struct until until;
	int status = 0;

	if (check_words(cli, "--type", opt->type, types) < 0 ||
	    check_words(cli, "--state", opt->state, states) < 0 ||
	    parse_until(cli, opt->expiring, &until) < 0)
		return -1;

	out_schema(cli->out, "kstool.list/1");
	out_time(cli->out, "now", kst_time_now());
	out_array(cli->out, "stores");
	for (size_t i = 0; i < cli->nr; i++) {
		struct kst_store *s = NULL;

		if (i)
			out_blank(cli->out);
		if (cmd_open(cli, cli->operand[i], &s) < 0) {
			describe_failed(cli, cli->operand[i]);
			status = cmd_failed(cli, status, i + 1 == cli->nr);
		} else if (list_store(cli, opt, &until, s, &matched, &clock) < 0) {
			status = cmd_failed(cli, status, i + 1 == cli->nr);
		}
		kst_store_free(s);
		if (status < 0)
			return -1;
	}
	out_end(cli->out);
	describe_clock(cli->out, &clock);
	if (!status && (opt->match || opt->state || opt->type || opt->expiring) && !matched)
		status = 1;
	return status;
}

static const char *const field_names[] = { "alias", "type", "state", "name", "sans", "issuer",
					   "key", "sig", "not_before", "not_after", "days",
					   "serial", "sha256", "usage", "file", NULL };
static const struct opt options[] = {
	{ "match", 0, OPT_TEXT, offsetof(struct list_opts, match), WHAT_TEXT, "TEXT",
	  "only entries with TEXT in alias, names, issuer or fingerprint", NULL, false },
	{ "type", 0, OPT_TEXT, offsetof(struct list_opts, type), WHAT_CHOICE, "TYPE[,TYPE]",
	  "only entries of these types", types, false },
	{ "state", 0, OPT_TEXT, offsetof(struct list_opts, state), WHAT_CHOICE, "STATE[,STATE]",
	  "only entries in these states", states, false },
	{ "expiring", 0, OPT_TEXT, offsetof(struct list_opts, expiring), WHAT_WHEN, "WHEN",
	  "only what has expired or will within 30d, 12h or 33% of its lifetime, or by 2027-01-31",
	  NULL, false },
	{ "fields", 0, OPT_TEXT, offsetof(struct list_opts, fields), WHAT_CHOICE, "F[,F]",
	  "which columns, and in which order", field_names, false },
	{ "sort", 0, OPT_CHOICE, offsetof(struct list_opts, sort), WHAT_CHOICE, "KEY",
	  "order of the lines; as stored if not given", sorts, false },
	{ "chain", 0, OPT_FLAG, offsetof(struct list_opts, chain), WHAT_TEXT, NULL,
	  "show the certificates under each key too", NULL, false },
	LIVE_OPTIONS(struct list_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool list app.p12", "what is in this store" },
	{ "kstool list trust.kst --match isrg", "is this CA in there" },
	{ "kstool list @java --match isrg", "and in Java's" },
	{ "kstool list app.p12 trust.kst --expiring 30d", "what has to be renewed this month" },
	{ "kstool list app.p12 trust.kst --state expired,warn --json", "for a script" },
	{ NULL, NULL }
};
const struct cmd cmd_list = {
	.name = "list",
	.group = GROUP_LOOK,
	.operands = "SOURCE...",
	.summary = "one line for each entry",
	.help = "Lists what a keystore, truststore or certificate file holds, one line for each\n"
		"entry, in the order of the file. The format is recognised by content. A native\n"
		"store and a PEM file are listed without a passphrase.\n"
		"\n"
		"The state is WARN for the last 30 days of a certificate, and CRIT for the last 7;\n"
		"of one that lives for less than 90 days, for the last third and the last tenth of\n"
		"its life. What is asked for by --match, --type, --state or --expiring and not\n"
		"found is answered with status 1.\n"
		"\n"
		"@system and @java are the CAs that this system and its Java trust (kstool help\n"
		"environment); HOST:PORT is what a server sends.\n"
		"\n"
		"Of a directory, each file that is not read is named with the reason.\n",
	.examples = examples,
	.plain = "file alias type state not_after days name key sha256",
	.exits = "0 1 3 4 7",
	.opts = options,
	.live = LIVE_AT(struct list_opts),
	.size = sizeof(struct list_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_SOURCE,
	.rest = WHAT_SOURCE,
	.run = run,
};
