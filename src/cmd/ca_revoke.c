/* SPDX-License-Identifier: ISC */
/*
 * ca_revoke.c - certificates are taken back: first in the ledger, then in a new revocation list
 */
#include "cmd/ca_rows.h"
#include "kstool/csv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MANY 10 /* more than this need a word */
#define HOLD 6
#define UNHOLD 8

struct revoke_opts {
	struct ca_opts ca;
	const char *reason, *batch, *confirm;
	bool no_crl;
};

struct target {
	int64_t id, not_after;
	enum kst_ca_issuer issuer;
	enum kst_profile profile;
	char *name, *serial;
	int reason;
	enum { REVOKE, RELEASE, THERE } what;
	int was;             /* its reason, if it was revoked */
};

struct state {
	struct cli *cli;
	const struct revoke_opts *opt;
	struct kst_ca *ca;
	int reason;          /* of those that name none */
	struct target *target;
	size_t nr, size, todo, cas;
	/* of a --batch file */
	int col_name, col_serial, col_reason;
	bool header;
	/* of the search that is under way */
	int wanted;          /* reason */
	size_t found;
	uint64_t crl_number;
};

/* ---- which ones ---- */

static int take(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct state *st = ctx;
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT;
	struct target *t;
	bool revoked = row->state == KST_CA_REVOKED;

	st->found++;
	for (size_t i = 0; i < st->nr; i++)
		if (st->target[i].id == row->id)
			return 0;
	if (st->nr == st->size) {
		size_t size = st->size ? 2 * st->size : 16;

		t = kst_realloc(st->target, size * sizeof(*t));
		if (!t)
			return kst_error_nomem(err);
		st->target = t;
		st->size = size;
	}
	ca_serial(&serial, row->serial, row->serial_len);
	t = &st->target[st->nr++];
	*t = (struct target){ .id = row->id,
			      .not_after = row->not_after,
			      .issuer = row->issuer,
			      .profile = row->profile,
			      .name = kst_strdup(row->name ? row->name : row->subject ? row->subject : ""),
			      .serial = serial.data ? kst_strdup((const char *)serial.data) : NULL,
			      .reason = st->wanted,
			      .was = revoked ? row->reason : -1 };
	if (!t->name || !t->serial)
		return kst_error_nomem(err);
	/* A date of revocation stays (RFC 5280 5.3.1: only what is on hold changes). */
	if (st->wanted == UNHOLD)
		t->what = revoked && row->reason == HOLD ? RELEASE : THERE;
	else
		t->what = revoked && (row->reason != HOLD || st->wanted == HOLD) ? THERE : REVOKE;
	st->todo += t->what != THERE;
	st->cas += t->what != THERE && (row->profile == KST_PROFILE_CA || row->profile == KST_PROFILE_ROOT);
	return 0;
}

static int look_for(struct state *st, struct kst_ca_query *q)
{
	q->states = KST_CA_IS(KST_CA_VALID) | KST_CA_IS(KST_CA_REVOKED);
	st->found = 0;
	return kst_ca_each(st->ca, q, take, st, st->cli->err);
}

static int nobody(struct state *st, const char *what, const char *text)
{
	kst_error_setx(st->cli->err, KST_E_NO_SERIAL, "the CA has issued no certificate with this %s: %s", what, text);
	kst_error_subject(st->cli->err, "%s", kst_ca_dir(st->ca));
	return kst_error_command(st->cli->err, "kstool", "ca", "list", "--ca", kst_ca_dir(st->ca), "--match", text, NULL);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* "3F:09:..", "0x3f09", "3f09": the magnitude.  0, or -1: that is no serial number. */
static int parse_serial(const char *s, uint8_t out[20], size_t *n)
{
	size_t digits = 0, at;

	if (!strncasecmp(s, "0x", 2))
		s += 2;
	for (const char *p = s; *p; p++) {
		if (*p == ':')
			continue;
		if (digit(*p) < 0)
			return -1;
		digits += digits || *p != '0';
	}
	if (!digits || digits > 40)
		return -1;
	memset(out, 0, 20);
	*n = (digits + 1) / 2;
	at = digits % 2;
	for (bool begun = false; *s; s++) {
		begun |= *s != '0' && *s != ':';
		if (!begun || *s == ':')
			continue;
		out[at / 2] = (uint8_t)(out[at / 2] | digit(*s) << (at % 2 ? 0 : 4));
		at++;
	}
	return 0;
}

static int by_serial(struct state *st, const char *text, bool must)
{
	uint8_t serial[20];
	struct kst_ca_query q = { .serial.data = serial };

	if (parse_serial(text, serial, &q.serial.len) < 0)
		return must ? nobody(st, "serial number", text) : 0;
	if (look_for(st, &q) < 0)
		return -1;
	return st->found || !must ? 0 : nobody(st, "serial number", text);
}

static int by_name(struct state *st, const char *text)
{
	struct kst_ca_query q = { .name = text };

	return look_for(st, &q);
}

/* A certificate that somebody has: that one, and it must be ours. */
static int by_file(struct state *st, const char *path)
{
	struct kst_store *s = NULL;
	struct kst_entry *e;
	int ret = -1;
	size_t certs = 0;

	if (cmd_open(st->cli, path, &s) < 0)
		return -1;
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_cert *leaf;
		struct kst_bytes serial;
		struct kst_ca_query q;

		if (kst_store_entry(s, i, &e, st->cli->err) < 0)
			goto done;
		leaf = kst_entry_leaf(e);
		/* A file has the CA's certificate behind that of the leaf. */
		if (!leaf || (certs && kst_cert_is_ca(leaf)))
			continue;
		certs++;
		serial = kst_cert_serial(leaf);
		while (serial.len > 1 && !serial.data[0])
			serial = (struct kst_bytes){ serial.data + 1, serial.len - 1 };
		enum kst_ca_issuer which = KST_CA_BY_CA;
		if (!kst_cert_issued_by(leaf, kst_ca_cert(st->ca, which))) {
			which = KST_CA_BY_ROOT;
			if (!kst_cert_issued_by(leaf, kst_ca_cert(st->ca, which))) {
				kst_error_setx(st->cli->err, KST_E_NO_SERIAL, "the certificate was not issued by this CA");
				kst_error_subject(st->cli->err, "%s", path);
				goto done;
			}
		}
		q = (struct kst_ca_query){ .serial = serial, .issuers = 1u << which };
		if (look_for(st, &q) < 0)
			goto done;
		if (!st->found) {
			kst_error_setx(st->cli->err, KST_E_NO_SERIAL, "the CA signed this certificate, but its ledger does not have it");
			kst_error_subject(st->cli->err, "%s", path);
			goto done;
		}
	}
	if (certs) {
		ret = 0;
	} else {
		kst_error_setx(st->cli->err, KST_E_NOTHING_FOUND, "holds no certificate");
		kst_error_subject(st->cli->err, "%s", path);
	}
done:
	kst_store_free(s);
	return ret;
}

/* A name wins over a number that looks like it, and both over a file: what is in the ledger is meant. */
static int by_word(struct state *st, const char *word)
{
	struct stat sb;
	size_t found;

	st->wanted = st->reason;
	if (by_name(st, word) < 0)
		return -1;
	found = st->found;
	if (!found && by_serial(st, word, false) < 0)
		return -1;
	if (found || st->found)
		return 0;
	if (stat(word, &sb) == 0)
		return by_file(st, word);
	return nobody(st, "name or serial number", word);
}

/* ---- --batch ---- */

static int parse_reason(struct state *st, const char *word, const char *subject, int *out)
{
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	int r = kst_revocation_reason_by_name(word);

	if (r >= 0) {
		*out = r;
		return 0;
	}
	for (int i = 0; i <= 10; i++)
		if (kst_revocation_reason(i))
			kst_buf_printf(&all, " %s", kst_revocation_reason(i));
	kst_error_setx(st->cli->err, KST_E_BAD_VALUE, "\"%s\" is no reason of RFC 5280", word);
	kst_error_subject(st->cli->err, "%s", subject);
	return kst_error_hint(st->cli->err, "one of:%s", all.data ? (const char *)all.data : "");
}

static int header(struct state *st, const char *const *cell, size_t nr, struct kst_error *err)
{
	st->header = true;
	st->col_name = st->col_serial = st->col_reason = -1;
	for (size_t i = 0; i < nr; i++) {
		if (!strcasecmp(cell[i], "name"))
			st->col_name = (int)i;
		else if (!strcasecmp(cell[i], "serial"))
			st->col_serial = (int)i;
		else if (!strcasecmp(cell[i], "reason"))
			st->col_reason = (int)i;
	}
	if (st->col_name >= 0 || st->col_serial >= 0)
		return 0;
	kst_error_setx(err, KST_E_CORRUPT, "its first line has neither a column \"name\" nor \"serial\"");
	kst_error_subject(err, "%s", st->opt->batch);
	return kst_error_hint(err, "write it as: name,reason");
}

static const char *cell_of(const char *const *cell, size_t nr, int col)
{
	return col >= 0 && (size_t)col < nr && cell[col][0] ? cell[col] : NULL;
}

static int batch_row(void *ctx, const char *const *cell, size_t nr, size_t line, struct kst_error *err)
{
	struct state *st = ctx;
	const char *name, *serial, *reason;
	size_t found = 0;

	if (!st->header)
		return header(st, cell, nr, err);
	if (nr == 1 && !cell[0][0])
		return 0;
	name = cell_of(cell, nr, st->col_name);
	serial = cell_of(cell, nr, st->col_serial);
	reason = cell_of(cell, nr, st->col_reason);
	st->wanted = st->reason;
	if (reason && parse_reason(st, reason, st->opt->batch, &st->wanted) < 0)
		return -1;
	/* The number is the more exact of the two. */
	if (serial) {
		if (by_serial(st, serial, true) < 0)
			return -1;
		found = st->found;
	} else if (name) {
		if (by_name(st, name) < 0)
			return -1;
		found = st->found;
	}
	if (found)
		return 0;
	kst_error_setx(err, KST_E_NO_SERIAL, "line %zu: the CA has issued no certificate with this name: %s", line,
		       name ? name : "(none)");
	return kst_error_subject(err, "%s", st->opt->batch);
}

static int read_batch(struct state *st)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_file_read(st->opt->batch, KST_CSV_MAX, &text, st->cli->err) < 0)
		return -1;
	if (kst_csv_each((struct kst_bytes){ text.data, text.len }, batch_row, st, st->cli->err) < 0)
		return kst_error_subject(st->cli->err, "%s", st->opt->batch);
	if (!st->header) {
		kst_error_setx(st->cli->err, KST_E_EMPTY_FILE, "has no rows");
		return kst_error_subject(st->cli->err, "%s", st->opt->batch);
	}
	return 0;
}

/* ---- are they sure? ---- */

static int confirm(struct state *st)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, answer KST_SCRATCH_BUF = KST_BUF_INIT;
	struct cli *cli = st->cli;
	char what[160];

	if ((st->todo <= MANY && !st->cas) || cli->g.dry_run || cli->g.check)
		return 0;
	ca_name(st->ca, &name);
	if (name.failed || !name.data)
		return kst_error_nomem(cli->err);
	snprintf(what, sizeof(what), "%zu certificate%s%s would be revoked", st->todo, st->todo == 1 ? "" : "s",
		 st->cas ? ", and with the CA's all that it has issued," : "");
	if (!st->opt->confirm && cmd_interactive(cli)) {
		out_note(cli->out, "%s", what);
		if (cmd_ask(cli, "Type the name of the CA to go on: ", &answer) < 0)
			return -1;
	} else if (!st->opt->confirm) {
		kst_error_setx(cli->err, KST_E_NEEDS_REPLACE, "%s", what);
		kst_error_subject(cli->err, "%s", kst_ca_dir(st->ca));
		return cmd_again(cli, "if that is meant", NULL, (const char *const[]){ "--confirm", (const char *)name.data, NULL });
	} else {
		kst_buf_puts(&answer, st->opt->confirm);
	}
	if (answer.data && !strcmp((const char *)answer.data, (const char *)name.data))
		return 0;
	kst_error_setx(cli->err, KST_E_DECLINED, "that is not the name of the CA; nothing was changed");
	return kst_error_subject(cli->err, "%s", kst_ca_dir(st->ca));
}

/* ---- doing it ---- */

static int write_down(struct state *st)
{
	int64_t now = kst_time_now();

	if (kst_ca_begin(st->ca, st->cli->err) < 0)
		return -1;
	for (size_t i = 0; i < st->nr; i++) {
		const struct target *t = &st->target[i];

		if (t->what != THERE && kst_ca_revoke(st->ca, t->id, now, t->reason, st->cli->err) < 0) {
			kst_ca_rollback(st->ca);
			return -1;
		}
	}
	return kst_ca_commit(st->ca, st->cli->err);
}

static bool touches(const struct state *st, enum kst_ca_issuer which)
{
	for (size_t i = 0; i < st->nr; i++)
		if (st->target[i].what != THERE && st->target[i].issuer == which)
			return true;
	return false;
}

/* Both lists are made where both have issued one of them. */
static int lists(struct state *st, bool open_only)
{
	static const enum kst_ca_issuer all[] = { KST_CA_BY_CA, KST_CA_BY_ROOT };
	static const struct opt_int no_days = { .given = false };
	struct kst_key *key;
	int days;

	for (size_t i = 0; i < 2; i++) {
		if (!touches(st, all[i]))
			continue;
		if (open_only) {
			if (kst_ca_key(st->ca, all[i], &key, st->cli->err) < 0)
				return -1;
		} else if (ca_crl_days(st->cli, st->ca, &no_days, &days) < 0 ||
			   kst_ca_make_crl(st->ca, all[i], days, &st->crl_number, st->cli->err) < 0) {
			return kst_error_hint(st->cli->err, "the revocation stands in the ledger; kstool ca crl makes the list");
		}
	}
	return 0;
}

static int revoke(struct state *st)
{
	if (!st->todo)
		return 0;
	/* A passphrase that does not fit is noticed before anything is changed. */
	if ((!st->opt->no_crl && lists(st, true) < 0) || write_down(st) < 0)
		return -1;
	return st->opt->no_crl ? 0 : lists(st, false);
}

/* ---- the report ---- */

static const char *verb(const struct target *t, bool dry)
{
	switch (t->what) {
	case REVOKE:
		return dry ? "would-revoke" : "revoked";
	case RELEASE:
		return dry ? "would-release" : "released";
	case THERE:
		break;
	}
	return "unchanged";
}

static const char *reason_of(const struct target *t)
{
	int r = t->what == THERE ? t->was : t->what == RELEASE ? -1 : t->reason;

	return r >= 0 ? kst_revocation_reason(r) : NULL;
}

static void target_report(struct state *st, const struct target *t, bool dry)
{
	struct out *o = st->cli->out;
	const char *why = reason_of(t);
	char *text;

	out_object(o, NULL);
	out_str(o, "action", verb(t, dry));
	out_str(o, "serial", t->serial);
	out_str(o, "name", t->name);
	out_str(o, "reason", why);
	out_time(o, "not_after", t->not_after);
	out_end(o);
	if (st->cli->g.quiet && !dry)
		return;
	text = kst_asprintf("%s%s%s", t->serial, why ? ", " : "", why ? why : "");
	out_change(o, verb(t, dry), t->name, text ? text : t->serial, (const char *const[]){ t->serial, why ? why : "", NULL });
	kst_free(text);
}

static int report(struct state *st)
{
	struct cli *cli = st->cli;
	bool dry = cli->g.dry_run || cli->g.check;

	out_schema(cli->out, "kstool.ca-revoke/1");
	out_changed(cli->out, st->todo && !dry);
	out_bool(cli->out, "dry_run", dry);
	if (dry)
		out_bool(cli->out, "would_change", st->todo != 0);
	else
		out_null(cli->out, "would_change");
	out_str(cli->out, "ca", kst_ca_dir(st->ca));
	out_array(cli->out, "certificates");
	for (size_t i = 0; i < st->nr; i++)
		target_report(st, &st->target[i], dry);
	out_end(cli->out);
	if (st->crl_number)
		out_int(cli->out, "crl_number", (int64_t)st->crl_number);
	else
		out_null(cli->out, "crl_number");
	if (!cli->g.quiet || dry) {
		if (st->crl_number)
			out_summary(cli->out, "%s: %zu of %zu changed; revocation list %llu.", kst_ca_dir(st->ca), st->todo, st->nr,
				    (unsigned long long)st->crl_number);
		else
			out_summary(cli->out, "%s: %zu of %zu %s.", kst_ca_dir(st->ca), st->todo, st->nr,
				    dry ? "would change" : "changed");
	}
	if (st->todo && st->opt->no_crl && !dry)
		out_note(cli->out, "no client knows of it before kstool ca crl has made a new list");
	else if (st->crl_number)
		out_note(cli->out, "if %s/%s is published elsewhere, publish it anew: kstool ca crl -o FILE", kst_ca_dir(st->ca),
			 KST_CA_CRL_DER);
	return cli->g.check && st->todo ? 1 : 0;
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts, .reason = -1 };
	struct kst_open_options open;
	int ret = -1;

	if (!cli->nr && !st.opt->batch) {
		kst_error_setx(cli->err, KST_E_USAGE, "which certificates are to be revoked is not said");
		return kst_error_command(cli->err, "kstool", "ca", "list", "--ca", ca_dir(&st.opt->ca), NULL);
	}
	if (st.opt->reason && parse_reason(&st, st.opt->reason, "--reason", &st.reason) < 0)
		return -1;
	if (ca_open(cli, &st.opt->ca, false, &open, &st.ca) < 0)
		return -1;
	for (size_t i = 0; i < cli->nr; i++)
		if (by_word(&st, cli->operand[i]) < 0)
			goto done;
	if (st.opt->batch && read_batch(&st) < 0)
		goto done;
	if (confirm(&st) < 0)
		goto done;
	if (!cli->g.dry_run && !cli->g.check && revoke(&st) < 0)
		goto done;
	ret = report(&st);
done:
	for (size_t i = 0; i < st.nr; i++) {
		kst_free(st.target[i].name);
		kst_free(st.target[i].serial);
	}
	kst_free(st.target);
	kst_ca_free(st.ca);
	return ret;
}

static const char *const reasons[] = { "keyCompromise",	       "cACompromise",	     "affiliationChanged", "superseded",
				       "cessationOfOperation", "certificateHold",    "removeFromCRL",	   "privilegeWithdrawn",
				       "aACompromise",	       "unspecified",	     NULL };
static const struct opt options[] = {
	CA_OPTION(struct revoke_opts),
	{ "reason", 0, OPT_TEXT, offsetof(struct revoke_opts, reason), WHAT_CHOICE, "REASON",
	  "why, in the words of RFC 5280; removeFromCRL takes a hold back", reasons, false },
	{ "batch", 0, OPT_TEXT, offsetof(struct revoke_opts, batch), WHAT_FILE, "FILE",
	  "comma-separated values with a column name or serial, and perhaps reason", NULL, false },
	{ "confirm", 0, OPT_TEXT, offsetof(struct revoke_opts, confirm), WHAT_TEXT, "NAME",
	  "name of the CA, for more than 10 certificates or that of a CA", NULL, false },
	{ "no-crl", 0, OPT_FLAG, offsetof(struct revoke_opts, no_crl), WHAT_TEXT, NULL,
	  "no new revocation list yet; no secret is needed then", NULL, false },
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool ca revoke web --reason superseded", "every certificate of this name" },
	{ "kstool ca revoke stolen.pem --reason keyCompromise", "the one in the file" },
	{ "kstool ca revoke --batch stolen.csv --reason keyCompromise", "many" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_revoke = {
	.name = "ca revoke",
	.group = GROUP_CA,
	.operands = "NAME|SERIAL|CERT...",
	.summary = "take certificates back",
	.help = "Revokes certificates: all that were issued by this NAME, the one with this SERIAL,\n"
		"or the one in a file. It is written into the ledger first; then a new revocation\n"
		"list is made, unless --no-crl. More than 10 at once, or the certificate of a CA,\n"
		"need --confirm with the name of the CA, or somebody who types it.\n"
		"\n"
		"What was revoked stays so, with its date. Only certificateHold can be taken back,\n"
		"with --reason removeFromCRL, or become another reason.\n",
	.examples = examples,
	.exits = "0 1 4 5 6",
	.opts = options,
	.size = sizeof(struct revoke_opts),
	.min = 0,
	.max = ~0u,
	.first = WHAT_TEXT,
	.rest = WHAT_TEXT,
	.changes = true,
	.plain = "action name serial reason",
	.run = run,
};
