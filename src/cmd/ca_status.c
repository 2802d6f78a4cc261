/* SPDX-License-Identifier: ISC */
/* ca_status.c - is the CA in order: its certificates, its revocation list, what expires next */
#include "cmd/ca_rows.h"

#include <stdio.h>
#include <string.h>

#define NEXT 10
#define DAY INT64_C(86400)

struct status_opts {
	struct ca_opts ca;
};

struct counts {
	size_t dead;      /* the CA's own certificate was revoked */
	size_t live, revoked, expired, pending, undelivered;
	int64_t next;     /* expiry of a live certificate; 0 none */
	size_t same_day;  /* live ones that expire on the day of the next */
};

struct state {
	struct cli *cli;
	struct kst_ca *ca;
	int64_t now;
	struct counts n;
	struct kst_ca_crl crl;
	struct kst_buf name;
	const char *crl_state;
	bool bad;         /* status 1 */
};

/* ---- the facts ---- */

static int count(struct state *st, const struct kst_ca_query *q, size_t *out)
{
	struct kst_ca_query mine = *q;

	mine.issuers = 1u << KST_CA_BY_CA;
	return kst_ca_count(st->ca, &mine, out, st->cli->err);
}

static int first(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	(void)err;
	*(int64_t *)ctx = row->not_after;
	return 0;
}

static int gather(struct state *st)
{
	struct kst_ca_query live = { .states = KST_CA_IS(KST_CA_VALID),
				     .issuers = 1u << KST_CA_BY_CA,
				     .expires_after = st->now - 1,
				     .by_expiry = true,
				     .limit = 1 };
	const struct kst_ca_query revoked = { .states = KST_CA_IS(KST_CA_REVOKED) };
	const struct kst_ca_query expired = { .states = KST_CA_IS(KST_CA_VALID), .expires_before = st->now - 1 };
	const struct kst_ca_query pending = { .states = KST_CA_IS(KST_CA_PENDING) };
	const struct kst_ca_query open = { .undelivered = true };
	struct kst_ca_query own = { .states = KST_CA_IS(KST_CA_REVOKED), .issuers = 1u << KST_CA_BY_ROOT };

	own.serial = kst_cert_serial(kst_ca_cert(st->ca, KST_CA_BY_CA));
	while (own.serial.len > 1 && !own.serial.data[0]) /* the sign octet is none of the ledger's */
		own.serial = (struct kst_bytes){ own.serial.data + 1, own.serial.len - 1 };
	if (kst_ca_count(st->ca, &own, &st->n.dead, st->cli->err) < 0)
		return -1;

	if (count(st, &live, &st->n.live) < 0 || count(st, &revoked, &st->n.revoked) < 0 ||
	    count(st, &expired, &st->n.expired) < 0 || count(st, &pending, &st->n.pending) < 0 ||
	    count(st, &open, &st->n.undelivered) < 0 ||
	    kst_ca_each(st->ca, &live, first, &st->n.next, st->cli->err) < 0)
		return -1;
	st->n.undelivered -= st->n.pending;
	if (st->n.next) {
		live.expires_before = st->n.next - st->n.next % DAY + DAY - 1;
		if (count(st, &live, &st->n.same_day) < 0)
			return -1;
	}
	ca_name(st->ca, &st->name);
	return kst_ca_crl_read(st->ca, KST_CA_BY_CA, &st->crl, st->cli->err);
}

/* A list is old when less than a quarter of its time is left: a daily job that renews it at a third
 * (ca crl --if-stale 33%) is never late then, unless it fails. */
static const char *crl_state(const struct state *st)
{
	int64_t life = st->crl.next_update - st->crl.this_update, left = st->crl.next_update - st->now;

	if (!st->crl.there)
		return "MISSING";
	if (left < 0)
		return "EXPIRED";
	return left * 4 < life ? "WARN" : "ok";
}

static bool is_ok(const char *state)
{
	return !strcmp(state, "ok");
}

/* ---- for people ---- */

static const char *left(int64_t t, int64_t now, char out[KST_TIME_TEXT])
{
	return kst_time_left(t, now, out);
}

static const char *cert_state(struct state *st, const struct kst_cert *cert)
{
	const char *word = cmd_state(kst_cert_not_before(cert), kst_cert_not_after(cert), st->now);

	st->bad |= !is_ok(word);
	return word;
}

static void show_ca(struct state *st, enum kst_ca_issuer which)
{
	const struct kst_cert *cert = kst_ca_cert(st->ca, which);
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *word = cert_state(st, cert);
	char when[KST_TIME_TEXT], day[KST_TIME_TEXT];

	kst_buf_printf(&b, "%s, %s, until %s", word, left(kst_cert_not_after(cert), st->now, when),
		       kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, day));
	out_pair_state(st->cli->out, which == KST_CA_BY_ROOT ? "root" : "CA", b.data ? (const char *)b.data : "");
}

static void show_crl(struct state *st)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char when[KST_TIME_TEXT];

	if (st->crl.there)
		kst_buf_printf(&b, "%s, number %llu, %zu revoked, %s", st->crl_state, (unsigned long long)st->crl.number,
			       st->crl.nr, left(st->crl.next_update, st->now, when));
	else
		kst_buf_puts(&b, "MISSING: nobody can learn what was revoked");
	out_pair_state(st->cli->out, "CRL", b.data ? (const char *)b.data : "");
}

static int show_next(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct state *st = ctx;
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT;
	char when[KST_TIME_TEXT], rest[KST_TIME_TEXT];

	(void)err;
	ca_serial(&serial, row->serial, row->serial_len);
	kst_time_text(row->not_after, KST_TIME_DATE, when);
	left(row->not_after, st->now, rest);
	out_line(st->cli->out, "  %s  %s  %s", when, row->name ? row->name : row->subject ? row->subject : (const char *)serial.data,
		 rest);
	return 0;
}

/* ---- what is not in order ---- */

static void warn(struct state *st, const char *slug, const char *text)
{
	struct out *o = st->cli->out;

	if (out_is(o, OUT_JSON)) {
		out_object(o, NULL);
		out_str(o, "code", slug);
		out_str(o, "text", text);
		out_end(o);
	} else if (out_is(o, OUT_TEXT) && !out_quiet(o)) {
		out_advice(o, "%s", text);
	}
}

static void warnings(struct state *st)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (st->n.dead) {
		warn(st, "ca-revoked", "the root has revoked the CA: nobody trusts what it issues");
		st->bad = true;
	}
	if (st->n.pending) {
		kst_buf_printf(&b, "%zu certificate%s written down and not signed: the command that makes them was stopped; "
				   "run it again",
			       st->n.pending, st->n.pending == 1 ? " is" : "s are");
		warn(st, "pending", (const char *)b.data);
		kst_buf_reset(&b);
	}
	if (st->n.undelivered) {
		kst_buf_printf(&b, "%zu certificate%s signed and not delivered: run the command that made them again",
			       st->n.undelivered, st->n.undelivered == 1 ? " is" : "s are");
		warn(st, "undelivered", (const char *)b.data);
		kst_buf_reset(&b);
	}
	if (!is_ok(st->crl_state) || st->crl.nr != st->n.revoked) {
		kst_buf_printf(&b, "%s: kstool ca crl",
			       !is_ok(st->crl_state) ? "the revocation list is to be made anew" :
						       "the revocation list does not hold what the ledger says");
		warn(st, is_ok(st->crl_state) ? "crl-differs" : "crl-stale", (const char *)b.data);
		kst_buf_reset(&b);
		st->bad = true;
	}
	/* Nobody wants to renew all devices in one night. */
	if (st->n.same_day >= 100 && st->n.same_day * 10 >= st->n.live * 9) {
		kst_buf_printf(&b, "%zu of %zu expire on the same day: kstool ca issue --days-jitter 10%% spreads them",
			       st->n.same_day, st->n.live);
		warn(st, "same-day", (const char *)b.data);
	}
}

/* ---- forms ---- */

static void text(struct state *st)
{
	struct out *o = st->cli->out;
	struct kst_ca_query next = { .states = KST_CA_IS(KST_CA_VALID),
				     .issuers = 1u << KST_CA_BY_CA,
				     .expires_after = st->now - 1,
				     .by_expiry = true,
				     .limit = NEXT };

	out_heading(o, "%s   %s", kst_ca_dir(st->ca), st->name.data ? (const char *)st->name.data : "");
	show_ca(st, KST_CA_BY_CA);
	if (!kst_cert_equal(kst_ca_cert(st->ca, KST_CA_BY_CA), kst_ca_cert(st->ca, KST_CA_BY_ROOT)))
		show_ca(st, KST_CA_BY_ROOT);
	show_crl(st);
	out_blank(o);
	out_line(o, "%zu live, %zu revoked, %zu expired.", st->n.live, st->n.revoked, st->n.expired);
	if (st->n.live) {
		out_line(o, "%s", st->n.live > NEXT ? "Next to expire:" : "They expire:");
		kst_ca_each(st->ca, &next, show_next, st, NULL);
	}
	out_blank(o);
	warnings(st);
	out_para(o, 8, "cron", "0 3 * * *  kstool ca crl --if-stale 33% -o FILE  renews the revocation list in time; "
			       "kstool ca status ends with 1 where something is to be done");
}

/* The status alone. */
static void hushed(struct state *st)
{
	cert_state(st, kst_ca_cert(st->ca, KST_CA_BY_CA));
	cert_state(st, kst_ca_cert(st->ca, KST_CA_BY_ROOT));
	warnings(st);
}

static int next_json(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct state *st = ctx;

	(void)err;
	out_object(st->cli->out, NULL);
	ca_row_json(st->cli->out, row, st->now);
	out_end(st->cli->out);
	return 0;
}

static void cert_json(struct state *st, const char *key, enum kst_ca_issuer which)
{
	const struct kst_cert *cert = kst_ca_cert(st->ca, which);
	const char *word = cert_state(st, cert);
	struct out *o = st->cli->out;
	struct kst_buf subject KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_subject(cert, &subject);
	out_object(o, key);
	out_str(o, "subject", subject.data ? (const char *)subject.data : "");
	out_str(o, "state", word);
	out_time(o, "not_before", kst_cert_not_before(cert));
	out_time(o, "not_after", kst_cert_not_after(cert));
	out_hex(o, "sha256", kst_cert_sha256(cert), 32);
	out_end(o);
}

static void json(struct state *st)
{
	struct out *o = st->cli->out;
	struct kst_ca_query next = { .states = KST_CA_IS(KST_CA_VALID),
				     .issuers = 1u << KST_CA_BY_CA,
				     .expires_after = st->now - 1,
				     .by_expiry = true,
				     .limit = NEXT };

	out_str(o, "name", st->name.data ? (const char *)st->name.data : "");
	cert_json(st, "issuing_ca", KST_CA_BY_CA);
	cert_json(st, "root", KST_CA_BY_ROOT);
	out_object(o, "crl");
	out_str(o, "state", st->crl_state);
	if (st->crl.there) {
		out_int(o, "number", st->crl.number > INT64_MAX ? INT64_MAX : (int64_t)st->crl.number);
		out_int(o, "revoked", (int64_t)st->crl.nr);
	} else {
		out_null(o, "number");
		out_null(o, "revoked");
	}
	out_time(o, "this_update", st->crl.this_update);
	out_time(o, "next_update", st->crl.next_update);
	out_end(o);
	out_object(o, "counts");
	out_int(o, "live", (int64_t)st->n.live);
	out_int(o, "revoked", (int64_t)st->n.revoked);
	out_int(o, "expired", (int64_t)st->n.expired);
	out_int(o, "pending", (int64_t)st->n.pending);
	out_int(o, "undelivered", (int64_t)st->n.undelivered);
	out_end(o);
	out_array(o, "next");
	kst_ca_each(st->ca, &next, next_json, st, NULL);
	out_end(o);
	out_array(o, "problems");
	warnings(st);
	out_end(o);
}

static void plain(struct state *st)
{
	const struct kst_cert *ca = kst_ca_cert(st->ca, KST_CA_BY_CA), *root = kst_ca_cert(st->ca, KST_CA_BY_ROOT);
	const char *word = cert_state(st, ca);
	char until[KST_TIME_TEXT], next[KST_TIME_TEXT], n[3][24];

	cert_state(st, root);
	snprintf(n[0], sizeof(n[0]), "%zu", st->n.live);
	snprintf(n[1], sizeof(n[1]), "%zu", st->n.revoked);
	snprintf(n[2], sizeof(n[2]), "%zu", st->n.expired);
	const char *const cell[] = { st->name.data ? (const char *)st->name.data : "",
				     word,
				     kst_time_text(kst_cert_not_after(ca), KST_TIME_FULL, until),
				     st->crl_state,
				     st->crl.there ? kst_time_text(st->crl.next_update, KST_TIME_FULL, next) : "",
				     n[0],
				     n[1],
				     n[2] };
	out_plain(st->cli->out, cell, sizeof(cell) / sizeof(cell[0]));
	warnings(st);
}

static int run(struct cli *cli, void *opts)
{
	const struct status_opts *opt = opts;
	struct state st = { .cli = cli, .now = kst_time_now() };
	struct kst_open_options open;
	int ret = -1;

	if (ca_open(cli, &opt->ca, false, &open, &st.ca) < 0 || gather(&st) < 0)
		goto done;
	st.crl_state = crl_state(&st);
	out_schema(cli->out, "kstool.ca-status/1");
	out_str(cli->out, "ca", kst_ca_dir(st.ca));
	out_time(cli->out, "now", st.now);
	if (out_is(cli->out, OUT_JSON))
		json(&st);
	else if (out_is(cli->out, OUT_PLAIN))
		plain(&st);
	else if (out_quiet(cli->out))
		hushed(&st);
	else
		text(&st);
	ret = st.bad ? 1 : 0;
done:
	kst_buf_release(&st.name);
	kst_ca_crl_release(&st.crl);
	kst_ca_free(st.ca);
	return ret;
}

static const struct opt options[] = { CA_OPTION(struct status_opts), OPT_END };
static const struct cmd_example examples[] = {
	{ "kstool ca status", "is the CA in order" },
	{ "kstool ca status -q || echo 'the CA needs somebody'", "for cron: 1 where something is to be done" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_status = {
	.name = "ca status",
	.group = GROUP_CA,
	.operands = "",
	.summary = "is the CA in order, and what expires next",
	.help = "Shows how long CA and root are valid, how old the revocation list is, how many\n"
		"certificates there are, which ten expire next, and what is to be done. No secret\n"
		"is needed.\n"
		"\n"
		"The status is 1 where the CA or its root is in the last 30 days of its life (or the\n"
		"last third of a short one) or revoked, where the revocation list is missing or less than a\n"
		"quarter of its time is left, and where the list does not hold what the ledger says.\n"
		"With -q that is the only answer.\n",
	.examples = examples,
	.plain = "name state not_after crl_state crl_next_update live revoked expired",
	.exits = "0 1 6",
	.opts = options,
	.size = sizeof(struct status_opts),
	.min = 0,
	.max = 0,
	.run = run,
};
