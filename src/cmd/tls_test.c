/* SPDX-License-Identifier: ISC */
/*
 * tls_test.c - a handshake with a live server, from both points of view
 *
 * What we think of its certificate is verify's answer; what it thinks of ours it says
 * with an alert, with TLS 1.3 after the handshake, or with a page of HTTP.
 */
#include "cmd/tls.h"
#include "cmd/live.h"
#include "cmd/revoking.h"
#include "cmd/trusting.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct test_opts {
	struct opt_list trust, identity, crl;
	const char *host, *expect, *tls, *alpn, *revocation, *policy;
	bool no_host, http;
	struct live_opts live;
};

enum client_auth { AUTH_UNKNOWN, AUTH_NONE, AUTH_OPTIONAL, AUTH_REQUIRED };
static const char *const auth_word[] = { "unknown", "none", "optional", "required" };

struct state {
	struct cli *cli;
	const struct test_opts *opt;
	struct kst_connect how;
	struct tls_identity me;
	struct tls_judge judge;
	struct kst_side_options client;
	struct kst_handshake h;
	struct tls_view v;
	enum client_auth auth;
	bool as_expected, wanted_refusal;
	bool second; /* there was a second look */
};

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

/* ---- what is asked ---- */

/* Ports where HTTP is spoken: there a server may refuse with a page instead of an alert. */
static enum kst_ask_http http(const struct state *st)
{
	const char *port = st->how.to.port;

	if (st->opt->http)
		return KST_HTTP_ALWAYS;
	if (st->how.starttls)
		return KST_HTTP_NO;
	return !strcmp(port, "443") || !strcmp(port, "8443") || (st->opt->alpn && strstr(st->opt->alpn, "http/1")) ?
		       KST_HTTP_IF_ASKED : KST_HTTP_NO;
}

static int ask(struct state *st)
{
	struct cli *cli = st->cli;
	int ret = live_connect(cli, cli->operand[0], &st->how, cli->err);

	if (ret > 0) {
		const char *host = cli->operand[0];
		char *with_port = kst_asprintf("%s:443", host);

		kst_error_setx(cli->err, KST_E_USAGE, "is no HOST:PORT");
		kst_error_subject(cli->err, "%s", host);
		if (access(host, F_OK) == 0)
			kst_error_advise(cli->err, "to try a store without a server", "kstool", "tls", "pair", "--server",
					 host, NULL);
		else if (with_port && !strpbrk(host, ":/@"))
			cmd_again(cli, NULL, (const char *const[]){ with_port }, NULL);
		kst_free(with_port);
		return -1;
	}
	if (ret < 0)
		return -1;
	if (st->opt->host && st->opt->no_host) {
		kst_error_setx(cli->err, KST_E_USAGE, "excludes --host");
		return kst_error_subject(cli->err, "--no-host");
	}
	st->how.alpn = st->opt->alpn;
	st->how.http = http(st);
	if (st->opt->tls)
		st->how.min_version = st->how.max_version = !strcmp(st->opt->tls, "1.2") ? 0x0303 : 0x0304;
	return 0;
}

static int open_all(struct state *st)
{
	struct verify_opts *v = &st->judge.opt;

	v->trust = st->opt->trust;
	v->crl = st->opt->crl;
	v->revocation = st->opt->revocation;
	v->policy = st->opt->policy;
	if (tls_identity_open(st->cli, "--identity", &st->opt->identity, &st->me) < 0 ||
	    tls_identity_fits(st->cli, "--identity", &st->me) < 0 ||
	    tls_judge_open(st->cli, &st->judge, "--trust", KST_USAGE_SERVER) < 0)
		return -1;
	/* A client that wants this host asks for it by name, whatever address it got. */
	if (!st->how.sni && st->opt->host && !kst_is_address(st->opt->host))
		st->how.sni = st->opt->host;
	if (!st->opt->no_host)
		st->judge.req.host = st->opt->host ? st->opt->host : kst_endpoint_asked(&st->how.to, st->how.sni);
	st->client = (struct kst_side_options){
		.me = { st->me.key, st->me.chain },
		.judge = &st->judge.req,
		.take_staple = !st->opt->revocation || strcmp(st->opt->revocation, "off"),
	};
	return 0;
}

/* ---- does it want a certificate? ---- */

/* Whoever shows one does not learn whether it was needed: once more, without. */
static int second_look(struct state *st)
{
	struct kst_side_options bare = st->client;
	struct kst_handshake h;

	bare.me = (struct kst_identity){ .key = NULL };
	cmd_working(st->cli, "shaking hands without a certificate");
	if (kst_tls_connect(&h, &st->how, &bare, st->cli->err) < 0)
		return -1;
	st->second = true;
	/* Only a refusal for want of a certificate says that one is required; what else may go wrong (a limit
	 * of connections, a goodbye without a word) says nothing.  An end after the request does, where the
	 * same server went on with the one that showed a certificate. */
	if (h.done)
		st->auth = h.closed ? AUTH_UNKNOWN : AUTH_OPTIONAL;
	else if (h.fault == KST_FAULT_NO_CLIENT ||
		 (h.fault == KST_FAULT_HUNG_UP && h.asked_for_client && st->h.done && !st->h.closed))
		st->auth = AUTH_REQUIRED;
	kst_handshake_release(&h);
	return 0;
}

static int client_auth(struct state *st)
{
	const struct kst_handshake *h = &st->h;

	st->as_expected = true;
	if (h->asked_for_client && !h->sent_client && (h->done || h->fault == KST_FAULT_NO_CLIENT))
		st->auth = !h->done ? AUTH_REQUIRED : h->closed ? AUTH_UNKNOWN : AUTH_OPTIONAL;
	else if (!h->asked_for_client && h->done)
		st->auth = AUTH_NONE;
	else if (h->asked_for_client && h->sent_client && st->opt->expect && second_look(st) < 0)
		return -1;
	if (!st->opt->expect)
		return 0;
	st->as_expected = !strcmp(st->opt->expect, auth_word[st->auth]);
	/* That it shows everybody the door who has no certificate is what was asked. */
	st->wanted_refusal = st->as_expected && h->fault == KST_FAULT_NO_CLIENT && !st->me.key &&
			     h->server.has_verdict && h->server.verdict.valid;
	return 0;
}

/* A staple counted: then revocation is not off. */
static int tell_staple(struct state *st)
{
	if (!st->h.server.staple.len || st->judge.revocations || !st->client.take_staple)
		return 0;
	if (kst_revocations_new(&st->judge.revocations, st->cli->err) < 0)
		return -1;
	st->judge.req.revocations = st->judge.revocations;
	return 0;
}

/* ---- the answer ---- */

static void line(const struct state *st, enum kst_result result, const char *what, const struct kst_buf *text)
{
	struct out *o = st->cli->out;
	const char *mark = tls_mark(o, result);
	struct kst_buf head KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_printf(&head, "  %s", mark);
	for (size_t w = kst_text_width(mark); w < (out_ascii(o) ? 5u : 2u); w++)
		kst_buf_puts(&head, " ");
	kst_buf_printf(&head, "%-20s  ", what);
	out_hanging(o, kst_text_width(str(&head)), "%s%s", str(&head), str(text));
}

static void server_lines(const struct state *st)
{
	const struct kst_party *p = &st->h.server;
	const struct kst_path_finding *host = NULL;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	enum kst_result result;

	if (!p->came || !p->has_verdict)
		return;
	tls_party_text(&st->v, KST_SIDE_SERVER, &b);
	line(st, p->verdict.valid ? KST_RESULT_PASS : KST_RESULT_FAIL, "server certificate", &b);
	kst_buf_reset(&b);
	result = kst_verdict_check(&p->verdict, KST_CHECK_HOST, &host);
	if (!st->judge.req.host)
		kst_buf_puts(&b, "not checked (--no-host)");
	else
		kst_buf_printf(&b, "%s%s%s", st->judge.req.host, result == KST_RESULT_FAIL && host && host->text ? ": " : "",
			       result == KST_RESULT_FAIL && host && host->text ? host->text : "");
	line(st, result, "host name", &b);
}

static void sent_line(const struct state *st)
{
	const struct kst_handshake *h = &st->h;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	bool fits = !st->me.key || kst_handshake_accepts(h, st->me.chain);

	if (!h->sent_client) {
		/* Before the server's own certificate was taken nothing would have been sent. */
		if (h->fault == KST_FAULT_NONE || h->fault == KST_FAULT_NO_CLIENT || h->fault == KST_FAULT_HUNG_UP) {
			kst_buf_puts(&b, st->me.key ? "none: our key fits none of its signature algorithms" : "none (--identity STORE)");
			line(st, KST_RESULT_NOT_CHECKED, "sent ours", &b);
		}
		return;
	}
	tls_seat_text(&st->v.client, &b);
	kst_buf_puts(&b, "  ");
	kst_cert_subject(st->me.chain->cert[0], &b);
	if (!fits) {
		kst_buf_puts(&b, ", issued by \"");
		kst_cert_issuer_name(st->me.chain->cert[0], &b);
		kst_buf_puts(&b, "\", which is none of them");
	}
	line(st, fits ? KST_RESULT_PASS : KST_RESULT_NOT_CHECKED, "sent ours", &b);
}

static void result_line(const struct state *st)
{
	const struct kst_handshake *h = &st->h;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (h->fault == KST_FAULT_NONE) {
		if (h->closed) {
			kst_buf_puts(&b, "right after the handshake, without an alert: accepted or not");
			line(st, KST_RESULT_NOT_CHECKED, "server hangs up", &b);
			return;
		}
		if (h->http_status)
			kst_buf_printf(&b, "and answers: %s", h->answer);
		else if (h->asked_for_client)
			kst_buf_printf(&b, "no refusal after the handshake%s", st->how.starttls || h->answer[0] ? "" :
				       " (some servers refuse over HTTP: --http)");
		if (b.len)
			line(st, h->sent_client || h->http_status ? KST_RESULT_PASS : KST_RESULT_NOT_CHECKED,
			     h->sent_client ? "server accepted it" : "server goes on", &b);
		return;
	}
	if (h->fault == KST_FAULT_REFUSED_CERT && h->fault_side == KST_SIDE_CLIENT)
		return; /* that is the first line */
	if (h->alert_from == KST_SIDE_SERVER) {
		kst_buf_printf(&b, "alert: %s", kst_alert_name(h->alert));
		if (h->alert_after_ms >= 0)
			kst_buf_printf(&b, ", %d ms after the handshake", h->alert_after_ms);
	} else {
		tls_headline(&st->v, &b);
	}
	line(st, st->wanted_refusal ? KST_RESULT_PASS : KST_RESULT_FAIL,
	     h->alert_from != KST_SIDE_SERVER && !h->http_status ? "no handshake" : h->sent_client ? "server refused it" : "server refused", &b);
}

static void client_lines(const struct state *st)
{
	const struct kst_handshake *h = &st->h;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (h->asked_for_client) {
		kst_buf_puts(&b, "accepts: ");
		tls_accepted(h, &b);
		line(st, KST_RESULT_PASS, "asked for a client certificate", &b);
		sent_line(st);
	} else if (h->done) {
		kst_buf_puts(&b, st->me.key ? "not asked for, so ours was not sent" : "not asked for");
		line(st, KST_RESULT_NOT_CHECKED, "client certificate", &b);
	}
	result_line(st);
	if (!st->opt->expect)
		return;
	kst_buf_reset(&b);
	kst_buf_printf(&b, "%s", auth_word[st->auth]);
	if (!st->as_expected)
		kst_buf_printf(&b, ", and %s was expected", st->opt->expect);
	if (st->auth == AUTH_UNKNOWN && st->second)
		kst_buf_puts(&b, ": without a certificate the server ended it, and not for want of one");
	line(st, st->as_expected ? KST_RESULT_PASS : KST_RESULT_FAIL, "client certificate", &b);
}

static void show(const struct state *st, int ret)
{
	const struct kst_handshake *h = &st->h;
	struct out *o = st->cli->out;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	bool bad = h->server.has_verdict && !h->server.verdict.valid;

	if (out_quiet(o)) {
		tls_headline(&st->v, &b);
		out_line(o, "%s %s: %s", tls_mark(o, ret ? KST_RESULT_FAIL : KST_RESULT_PASS), st->cli->operand[0], str(&b));
		return;
	}
	if (h->version)
		tls_agreed(h, &b);
	else
		kst_buf_puts(&b, "no TLS was agreed on");
	out_line(o, "connected   %s (%s)  %s", st->cli->operand[0], h->peer, str(&b));
	server_lines(st);
	client_lines(st);
	if (out_verbose(o)) {
		out_blank(o);
		tls_show_ladder(&st->v);
	}
	if (bad || out_verbose(o))
		tls_show_checks(&st->v, KST_SIDE_SERVER);
	if (!st->wanted_refusal)
		tls_explain(&st->v);
}

static void plain(const struct state *st, int ret)
{
	const struct kst_handshake *h = &st->h;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	bool none = h->fault == KST_FAULT_NONE;
	const char *cell[] = { st->cli->operand[0], ret ? "fail" : "pass", h->version ? kst_tls_version_text(h->version) : "",
			       none ? "" : kst_fault_slug(h->fault), none ? "" : kst_side_slug(h->fault_side),
			       h->alert_from >= 0 ? kst_alert_name(h->alert) : "", auth_word[st->auth], NULL };

	tls_headline(&st->v, &text);
	cell[7] = str(&text);
	out_plain(st->cli->out, cell, 8);
}

static void json(const struct state *st)
{
	struct out *o = st->cli->out;

	out_schema(o, "kstool.tls-test/1");
	out_str(o, "target", st->cli->operand[0]);
	out_str(o, "starttls", st->how.starttls);
	out_str(o, "client_auth", auth_word[st->auth]);
	out_str(o, "expected_client_auth", st->opt->expect);
	out_bool(o, "as_expected", st->as_expected);
	tls_json(&st->v);
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	int ret = -1;

	kst_handshake_init(&st.h);
	if (ask(&st) < 0 || open_all(&st) < 0)
		goto done;
	cmd_working(cli, "shaking hands");
	if (kst_tls_connect(&st.h, &st.how, &st.client, cli->err) < 0 || client_auth(&st) < 0 || tell_staple(&st) < 0)
		goto done;
	st.v = (struct tls_view){ .cli = cli, .h = &st.h, .host = st.judge.req.host,
				  .server = { NULL, &st.judge, cli->operand[0] },
				  .client = { st.me.key ? &st.me : NULL, NULL, NULL } };
	ret = !((st.h.done && st.h.server.verdict.valid && st.as_expected) || st.wanted_refusal);
	if (out_is(cli->out, OUT_PLAIN))
		plain(&st, ret);
	else
		show(&st, ret);
	json(&st);
done:
	kst_handshake_release(&st.h);
	tls_judge_release(&st.judge);
	tls_identity_release(&st.me);
	return ret;
}

static const char *const versions[] = { "1.2", "1.3", NULL };
static const char *const expectations[] = { "required", "optional", "none", NULL };
static const struct opt options[] = {
	TRUSTING_OPTION(struct test_opts, trust, "trust", TRUSTING_HELP),
	{ "identity", 0, OPT_LIST, offsetof(struct test_opts, identity), WHAT_STORE, "STORE[:ENTRY]",
	  "our own key and chain, for a server that asks; may be repeated, where they are in files of their own", NULL,
	  false },
	{ "host", 0, OPT_TEXT, offsetof(struct test_opts, host), WHAT_TEXT, "NAME",
	  "the certificate must be for this name, which is asked for, too (SNI); HOST if not given", NULL, false },
	{ "no-host", 0, OPT_FLAG, offsetof(struct test_opts, no_host), WHAT_TEXT, NULL, "whatever its name", NULL, false },
	{ "expect-client-auth", 0, OPT_CHOICE, offsetof(struct test_opts, expect), WHAT_CHOICE, "WHAT",
	  "exit 1 if the server's wish for a client certificate is another one", expectations, false },
	{ "tls", 0, OPT_CHOICE, offsetof(struct test_opts, tls), WHAT_CHOICE, "VERSION",
	  "this version of TLS alone; 1.2 or 1.3 if not given", versions, false },
	{ "alpn", 0, OPT_TEXT, offsetof(struct test_opts, alpn), WHAT_TEXT, "PROTOCOL[,...]",
	  "application protocols to offer, as h2,http/1.1", NULL, false },
	{ "http", 0, OPT_FLAG, offsetof(struct test_opts, http), WHAT_TEXT, NULL,
	  "ask for the page / too: some servers (nginx) refuse a certificate with it; on port 443 and 8443 also "
	  "without this, where a certificate was asked for", NULL, false },
	LIVE_OPTIONS(struct test_opts),
	REVOKING_OPTIONS(struct test_opts, ),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool tls test shop.acme.test:443 --trust ca.crt", "would a client that trusts ca.crt connect" },
	{ "kstool tls test db.acme.test:5432 --starttls postgres --trust ca.crt --identity app.p12 --pass file:pass",
	  "mutual TLS with a database" },
	{ "kstool tls test api.acme.test:443 --trust ca.crt --expect-client-auth required", "does it refuse who has no certificate" },
	{ NULL, NULL }
};
const struct cmd cmd_tls_test = {
	.name = "tls test",
	.group = GROUP_TLS,
	.operands = "HOST:PORT",
	.summary = "a handshake with a live server, and what each side says",
	.help = "Connects as a client does: judges the server's certificate as verify would, shows whether\n"
		"and from which CAs a client certificate is wanted, sends that of --identity, and waits a second\n"
		"for a refusal, since with TLS 1.3 a server looks at it after the client is through. Alerts are\n"
		"explained. -v shows every step.\n"
		"\n"
		"A client certificate is not sent to a server that is not trusted. With --expect-client-auth and\n"
		"--identity a second connection is made without a certificate. Exit status 1: refused, or a check\n"
		"failed; 7: there was no TLS to speak of.\n",
	.examples = examples,
	.plain = "target result version fault side alert client-auth text",
	.exits = "0 1 3 4 7",
	.opts = options,
	.size = sizeof(struct test_opts),
	.live = LIVE_AT(struct test_opts),
	.min = 1,
	.max = 1,
	.first = WHAT_SOURCE,
	.rest = WHAT_TEXT,
	.run = run,
};
