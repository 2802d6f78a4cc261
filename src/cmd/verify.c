/* SPDX-License-Identifier: ISC */
/*
 * verify.c - trusted? valid? right host? revoked?
 *
 * What the source holds is its chain, whom one trusts comes from --trust alone; and
 * what was not checked is said, never taken for good.
 */
#include "cmd/verify.h"
#include "cmd/revoking.h"
#include "cmd/trusting.h"

#include <string.h>
#include <unistd.h>

struct state {
	struct cli *cli;
	const struct verify_opts *opt;
	struct kst_store *source, *key_store;
	struct kst_store **extra;
	size_t nr_extra;
	struct kst_anchors *anchors;
	struct kst_revocations *revocations;
	struct kst_chain pool; /* further intermediates */
	struct kst_verify_request req;
};

/* ---- what is asked ---- */

static int bad_value(struct cli *cli, const char *option, const char *value, const char *what)
{
	kst_error_setx(cli->err, KST_E_BAD_VALUE, "%s", what);
	return kst_error_subject(cli->err, "%s %s", option, value);
}

static int min_days(struct state *st)
{
	const char *text = st->opt->min_days;
	int64_t t;

	if (!text)
		return 0;
	if (kst_time_parse_span(text, &st->req.min_left, &st->req.min_left_percent) == 0)
		return st->req.min_left_percent && st->req.min_left > 100 ?
			       bad_value(st->cli, "--min-days", text, "is more than the whole lifetime") : 0;
	if (kst_time_parse(text, &t) < 0)
		return bad_value(st->cli, "--min-days", text, "is no time such as 14d, 12h, 33% or 2027-01-31");
	st->req.min_left = t - kst_time_now();
	return 0;
}

static enum kst_usage usage_of(const char *name)
{
	for (size_t i = 0; name && kst_usages[i]; i++)
		if (strcmp(kst_usages[i], name) == 0)
			return (enum kst_usage)(KST_USAGE_ANY + i);
	return KST_USAGE_FROM_CERT;
}

static int ask(struct state *st)
{
	const struct verify_opts *opt = st->opt;

	if (opt->no_host && opt->host) {
		kst_error_setx(st->cli->err, KST_E_USAGE, "excludes --host");
		return kst_error_subject(st->cli->err, "--no-host");
	}
	st->req.host = opt->host;
	st->req.allow_cn = opt->allow_cn;
	st->req.usage = usage_of(opt->purpose);
	st->req.strict = revoking_strict(opt->policy);
	st->req.max_depth = opt->max_depth.given ? (int)opt->max_depth.value : -1;
	return min_days(st);
}

/* ---- revocation ---- */

/* What the server stapled costs no question, so it counts unless nobody wants to know. */
static int add_staple(struct state *st)
{
	const struct kst_live *live = kst_store_server(st->source);

	if (!live || !live->staple.len || (st->opt->revocation && !strcmp(st->opt->revocation, "off")))
		return 0;
	if (!st->revocations && kst_revocations_new(&st->revocations, st->cli->err) < 0)
		return -1;
	st->req.revocations = st->revocations;
	return kst_revocations_add_staple(st->revocations, live->staple.data, live->staple.len, st->cli->err);
}

/* ---- the key that must belong to it ---- */

static int open_key(struct state *st)
{
	struct cli *cli = st->cli;
	struct kst_entry *e;

	if (!st->opt->key)
		return 0;
	if (cmd_open(cli, st->opt->key, &st->key_store) < 0)
		return -1;
	for (size_t i = 0; i < kst_store_count(st->key_store); i++) {
		if (kst_store_entry(st->key_store, i, &e, cli->err) < 0)
			return -1;
		if (e->kind != KST_KIND_KEY)
			continue;
		if (kst_store_open_key(st->key_store, i, cli->err) < 0 ||
		    kst_store_entry(st->key_store, i, &e, cli->err) < 0)
			return -1;
		st->req.key = e->key;
		return 0;
	}
	kst_error_setx(cli->err, KST_E_NOTHING_FOUND, "holds no private key");
	return kst_error_subject(cli->err, "%s", st->opt->key);
}

/* ---- certificates that are at hand ---- */

static int pool_store(struct state *st, struct kst_store *s)
{
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e;

		if (kst_store_entry(s, i, &e, st->cli->err) < 0)
			return -1;
		for (size_t k = 0; k < e->chain.nr; k++)
			if (kst_chain_push(&st->pool, e->chain.cert[k]) < 0)
				return kst_error_nomem(st->cli->err);
	}
	return 0;
}

static int open_extra(struct state *st)
{
	const struct opt_list *extra = &st->opt->extra;

	for (size_t i = 0; i < extra->nr; i++) {
		struct kst_store *s = NULL;
		int ret;

		if (cmd_open(st->cli, extra->item[i], &s) < 0)
			return -1;
		ret = pool_store(st, s);
		kst_store_free(s);
		if (ret < 0)
			return -1;
	}
	return 0;
}

/* ---- one target ---- */

/* In a file of loose certificates all others are what came with the one that is meant. */
static int chain_of(struct state *st, size_t at, struct kst_chain *chain)
{
	struct kst_entry *e;

	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < kst_store_count(st->source); i++) {
			if ((i == at) != !pass)
				continue;
			if (kst_store_entry(st->source, i, &e, st->cli->err) < 0)
				return -1;
			for (size_t k = 0; k < e->chain.nr; k++)
				if (kst_chain_push(chain, e->chain.cert[k]) < 0)
					return kst_error_nomem(st->cli->err);
		}
	return 0;
}

static int verify_one(struct state *st, size_t at, bool named)
{
	struct cli *cli = st->cli;
	struct kst_chain chain = { .cert = NULL };
	struct verify_target t = { .cli = cli, .opt = st->opt, .source = cli->operand[0], .req = &st->req };
	struct kst_verdict v;
	struct kst_entry *e;
	int ret = -1;

	if (kst_store_entry(st->source, at, &e, cli->err) < 0 || chain_of(st, at, &chain) < 0)
		goto done;
	if (named && e->alias && !(t.entry = kst_strdup(e->alias))) {
		kst_error_nomem(cli->err);
		goto done;
	}
	t.has_key = e->kind == KST_KIND_KEY;
	t.is_server = kst_store_server(st->source) != NULL;
	if (t.is_server && !st->opt->host && !st->opt->no_host)
		st->req.host = kst_endpoint_asked(&kst_store_server(st->source)->to, cli->live ? cli->live->sni : NULL);
	st->req.chain = &chain;
	st->req.extra = &st->pool;
	st->req.anchors = st->anchors;
	if (kst_verify(&v, &st->req, cli->err) < 0)
		goto done;
	t.v = &v;
	if (out_is(cli->out, OUT_JSON))
		verify_json(&t, NULL);
	else if (out_is(cli->out, OUT_PLAIN))
		verify_plain(&t);
	else
		verify_show(&t);
	ret = !v.valid;
	kst_verdict_release(&v);
done:
	kst_chain_release(&chain);
	kst_free(t.entry);
	return ret;
}

/* ---- which of them ---- */

static bool has_kind(struct state *st, enum kst_kind kind)
{
	struct kst_head h;

	for (size_t i = 0; i < kst_store_count(st->source); i++)
		if (!kst_store_head(st->source, i, &h, NULL) && h.kind == kind && h.nr_certs)
			return true;
	return false;
}

static int nothing(struct state *st, const char *what)
{
	kst_error_setx(st->cli->err, KST_E_NOTHING_FOUND, "%s", what);
	kst_error_subject(st->cli->err, "%s", st->cli->operand[0]);
	return kst_error_command(st->cli->err, "kstool", "show", st->cli->operand[0], NULL);
}

/* A chain in a file: the first that is no CA, else the first; as who is sent it takes it. */
static int loose(struct state *st, size_t *at)
{
	size_t found = KST_NO_BASE, leaves = 0;
	struct kst_entry *e;

	for (size_t i = 0; i < kst_store_count(st->source); i++) {
		if (kst_store_entry(st->source, i, &e, st->cli->err) < 0)
			return -1;
		if (e->kind != KST_KIND_CERT || !e->chain.nr)
			continue;
		if (found == KST_NO_BASE)
			found = i;
		if (!kst_cert_is_ca(e->chain.cert[0]) && !leaves++)
			found = i;
	}
	*at = found;
	if (leaves > 1)
		out_note(st->cli->out, "%s: the first of %zu certificates that are no CAs is verified; name another by its alias, or as @2",
			 st->cli->operand[0], leaves);
	return found == KST_NO_BASE ? nothing(st, "holds no certificate") : 0;
}

static int verify_all(struct state *st, enum kst_kind kind)
{
	size_t nr = 0, count = kst_store_count(st->source);
	struct kst_head h;
	int ret = 0;

	for (size_t i = 0; i < count; i++) {
		int got;

		if (kst_store_head(st->source, i, &h, st->cli->err) < 0)
			return -1;
		if (h.kind != kind || !h.nr_certs)
			continue;
		if (nr++)
			out_blank(st->cli->out);
		got = verify_one(st, i, true);
		if (got < 0)
			return -1;
		ret |= got;
	}
	return ret;
}

/* Two files, as openssl verify takes them: one of them is whom to trust. */
static int second_file(struct state *st)
{
	struct cli *cli = st->cli;
	struct kst_entry *e;
	bool ca = !kst_store_entry(st->source, 0, &e, NULL) && e->chain.nr && kst_cert_is_ca(e->chain.cert[0]);
	const char *what = cli->operand[ca ? 1 : 0], *trusted = cli->operand[ca ? 0 : 1];

	if (cli->err->code != KST_E_NO_ENTRY || access(cli->operand[1], R_OK) < 0)
		return -1;
	cli->err->hint[0] = '\0';
	return cmd_again(cli, "to trust one of the files", (const char *const[]){ what, NULL },
			 (const char *const[]){ "--trust", trusted, NULL });
}

static int targets(struct state *st)
{
	size_t at;

	if (st->cli->nr > 1) {
		struct kst_head h;

		if (kst_store_find(st->source, st->cli->operand[1], &at, st->cli->err) < 0)
			return second_file(st);
		if (kst_store_head(st->source, at, &h, st->cli->err) < 0)
			return -1;
		return h.nr_certs ? verify_one(st, at, true) : nothing(st, "this entry has no certificate");
	}
	if (has_kind(st, KST_KIND_KEY))
		return verify_all(st, KST_KIND_KEY);
	if (!has_kind(st, KST_KIND_CERT))
		return nothing(st, "holds no certificate");
	if (!(kst_store_format(st->source)->caps & KST_CAP_LOOSE) && kst_store_count(st->source) > 1)
		return verify_all(st, KST_KIND_CERT);
	return loose(st, &at) < 0 ? -1 : verify_one(st, at, false);
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	int ret = -1;

	out_schema(cli->out, "kstool.verify/1");
	if (ask(&st) == 0 && cmd_open(cli, cli->operand[0], &st.source) == 0 && live_proved(cli, st.source) == 0 &&
	    trusting_open(cli, &st.opt->trust, &st.anchors) == 0 && open_extra(&st) == 0 &&
	    revoking_open(cli, &st.opt->crl, st.opt->revocation, &st.req, &st.revocations) == 0 && add_staple(&st) == 0 &&
	    open_key(&st) == 0) {
		out_array(cli->out, "targets");
		ret = targets(&st);
		out_end(cli->out);
	}
	kst_chain_release(&st.pool);
	kst_revocations_free(st.revocations);
	kst_anchors_free(st.anchors);
	kst_store_free(st.key_store);
	kst_store_free(st.source);
	return ret;
}

static const struct opt options[] = {
	TRUSTING_OPTION(struct verify_opts, trust, "trust", TRUSTING_HELP),
	{ "extra", 0, OPT_LIST, offsetof(struct verify_opts, extra), WHAT_SOURCE, "SOURCE",
	  "file with intermediates that SOURCE lacks; they are not trusted; may be repeated", NULL, false },
	{ "host", 0, OPT_TEXT, offsetof(struct verify_opts, host), WHAT_TEXT, "NAME|IP|EMAIL",
	  "it must be for this host, address or mailbox", NULL, false },
	{ "no-host", 0, OPT_FLAG, offsetof(struct verify_opts, no_host), WHAT_TEXT, NULL,
	  "of HOST:PORT: whatever its name", NULL, false },
	{ "allow-cn", 0, OPT_FLAG, offsetof(struct verify_opts, allow_cn), WHAT_TEXT, NULL,
	  "where there is no subjectAltName, the CN counts", NULL, false },
	{ "purpose", 0, OPT_CHOICE, offsetof(struct verify_opts, purpose), WHAT_CHOICE, "PURPOSE",
	  "what it is to be used for; server with --host, else what it says itself", kst_usages, false },
	{ "key", 0, OPT_TEXT, offsetof(struct verify_opts, key), WHAT_SOURCE, "SOURCE",
	  "the private key in this file must belong to it", NULL, false },
	{ "min-days", 0, OPT_TEXT, offsetof(struct verify_opts, min_days), WHAT_WHEN, "WHEN",
	  "it must be valid for so long, as 14d or 33% of its lifetime", NULL, false },
	{ "max-depth", 0, OPT_INT, offsetof(struct verify_opts, max_depth), WHAT_NUMBER, "N",
	  "at most so many CAs between it and a trusted one", NULL, false },
	REVOKING_OPTIONS(struct verify_opts, ),
	LIVE_OPTIONS(struct verify_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool verify tls.crt --trust ca.crt --host shop.acme.test", "would a client take it" },
	{ "kstool verify app.p12 api --trust ca.crt", "an entry of a store, by its own chain" },
	{ "kstool verify www.acme.test:443 --trust @java", "a live server, as a Java client sees it" },
	{ "kstool verify tls.crt --trust ca.crt --min-days 14d && echo deploy", "in a script" },
	{ NULL, NULL }
};
const struct cmd cmd_verify = {
	.name = "verify",
	.group = GROUP_LOOK,
	.operands = "SOURCE [ENTRY]",
	.summary = "trusted? valid? right host? revoked?",
	.help = "Checks a certificate as whoever meets it would: the signatures up to a trusted CA, the\n"
		"dates, the host name, what it may be used for, the constraints of its CAs, the strength\n"
		"of keys and digests, and whether it was revoked. All faults are shown at once, with the\n"
		"bad link in the chain, the reason, and the command that mends it.\n"
		"\n"
		"Whom to trust comes from --trust alone, and is always shown; intermediates in SOURCE are\n"
		"used. Revocation is off unless asked for. What was not checked is marked, never taken for\n"
		"good; what --policy strict would refuse is shown as let pass. Of a store with several\n"
		"private keys all are verified, of a file of certificates the first that is no CA.\n"
		"Exit status 0: every check passed; 1: one failed.\n",
	.examples = examples,
	.exits = "0 1 3 4 6 7",
	.plain = "source entry check result reason depth name text",
	.opts = options,
	.live = LIVE_AT(struct verify_opts),
	.size = sizeof(struct verify_opts),
	.min = 1,
	.max = 2,
	.first = WHAT_SOURCE,
	.rest = WHAT_ENTRY,
	.run = run,
};
