/* SPDX-License-Identifier: ISC */
/*
 * tls_serve.c - a throwaway server to try a client with: what it sends, and the verdict
 *
 * It runs until it is told to stop, or has seen as many clients as was asked for; each
 * is told of as soon as it is gone.
 */
#include "cmd/tls.h"
#include "cmd/revoking.h"
#include "cmd/trusting.h"
#include "ui/signals.h"

#include <string.h>
#include <unistd.h>

/* In a document that is written at the end; people see every client. */
#define CLIENTS_MAX 10000

struct serve_opts {
	struct opt_list identity, trust, crl;
	const char *listen, *tls, *alpn, *revocation, *policy;
	bool require, once;
	struct opt_int count;
};

struct state {
	struct cli *cli;
	const struct serve_opts *opt;
	struct tls_identity me;
	struct tls_judge judge;
	struct kst_side_options server;
	struct kst_connect how;
	struct kst_listener *listener;
	int64_t seen, refused;
};

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

static int ask(struct state *st)
{
	const struct serve_opts *opt = st->opt;
	struct verify_opts *v = &st->judge.opt;
	struct cli *cli = st->cli;

	if (!opt->identity.nr) {
		kst_error_setx(cli->err, KST_E_USAGE, "needs the server's store");
		cmd_again(cli, NULL, NULL, (const char *const[]){ "--identity", "STORE", NULL });
		return kst_error_subject(cli->err, "--identity");
	}
	if (opt->require && !opt->trust.nr) {
		kst_error_setx(cli->err, KST_E_USAGE, "needs to know whose certificates are accepted");
		cmd_again(cli, NULL, NULL, (const char *const[]){ "--trust", "ca.pem", NULL });
		return kst_error_subject(cli->err, "--require-client-cert");
	}
	if (opt->count.given && (opt->once || opt->count.value < 1)) {
		kst_error_setx(cli->err, KST_E_BAD_VALUE, opt->once ? "excludes --once" : "is less than one");
		return kst_error_subject(cli->err, "--count");
	}
	v->trust = opt->trust;
	v->crl = opt->crl;
	v->revocation = opt->revocation;
	v->policy = opt->policy;
	if (tls_identity_open(cli, "--identity", &opt->identity, &st->me) < 0)
		return -1;
	/* Nobody said whom to believe: a client is asked for its certificate, which is shown, not judged. */
	if (opt->trust.nr && tls_judge_open(cli, &st->judge, "--trust", KST_USAGE_CLIENT) < 0)
		return -1;
	st->server = (struct kst_side_options){
		.me = { st->me.key, st->me.chain },
		.judge = st->judge.there ? &st->judge.req : NULL,
		.request_client = true,
		.require_client = opt->require,
	};
	st->how = (struct kst_connect){ .alpn = opt->alpn, .timeout_ms = cli->timeout_ms };
	if (opt->tls)
		st->how.min_version = st->how.max_version = !strcmp(opt->tls, "1.2") ? 0x0303 : 0x0304;
	return 0;
}

/* ---- what is told ---- */

static void greet(const struct state *st)
{
	struct out *o = st->cli->out;
	const char *where = kst_listener_address(st->listener);

	if (!out_is(o, OUT_TEXT) || out_quiet(o)) {
		out_note(o, "listening on %s", where);
		return;
	}
	out_line(o, "listening   %s", where);
	if (st->judge.there) {
		trusting_show(o, st->judge.anchors);
		out_line(o, "client certificate   %s", st->opt->require ? "required" : "asked for");
	} else {
		out_line(o, "client certificate   asked for, and shown; nobody judges it (--trust)");
	}
	out_flush(o);
}

static void told(const struct state *st, enum kst_result result, const char *what, const char *text)
{
	struct out *o = st->cli->out;
	const char *mark = tls_mark(o, result);
	struct kst_buf head KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_printf(&head, "  %s", mark);
	for (size_t w = kst_text_width(mark); w < (out_ascii(o) ? 5u : 2u); w++)
		kst_buf_puts(&head, " ");
	kst_buf_printf(&head, "%-20s  ", what);
	out_hanging(o, kst_text_width(str(&head)), "%s%s", str(&head), text);
}

static void show(const struct state *st, const struct tls_view *v)
{
	const struct kst_handshake *h = v->h;
	const struct kst_party *p = &h->client;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, why KST_SCRATCH_BUF = KST_BUF_INIT;
	struct out *o = st->cli->out;
	bool bad = p->has_verdict && !p->verdict.valid;

	if (h->version)
		tls_agreed(h, &b);
	else
		kst_buf_puts(&b, "no TLS was agreed on");
	if (h->sni[0])
		kst_buf_printf(&b, ", for %s", h->sni);
	out_line(o, "%s  %s", h->peer, str(&b));
	if (out_quiet(o))
		return;
	if (p->sent.nr) {
		kst_buf_reset(&b);
		tls_party_text(v, KST_SIDE_CLIENT, &b);
		told(st, bad ? KST_RESULT_FAIL : p->has_verdict ? KST_RESULT_PASS : KST_RESULT_NOT_CHECKED, "client certificate", str(&b));
	} else if (h->asked_for_client && (h->done || h->fault == KST_FAULT_NO_CLIENT)) {
		told(st, st->opt->require ? KST_RESULT_FAIL : KST_RESULT_NOT_CHECKED, "client certificate", "none");
	}
	if (h->fault != KST_FAULT_NONE) {
		kst_buf_reset(&b);
		tls_headline(v, &b);
		told(st, KST_RESULT_FAIL, "no handshake", str(&b));
	} else if (h->answer[0]) {
		told(st, KST_RESULT_PASS, "asks", h->answer);
	}
	if (out_verbose(o))
		tls_show_ladder(v);
	if (bad || out_verbose(o))
		tls_show_checks(v, KST_SIDE_CLIENT);
	if (bad)
		tls_why(v, &why);
	if (why.len)
		out_sentence(o, "Why: %s", str(&why));
	out_flush(o);
}

static void plain(const struct state *st, const struct tls_view *v)
{
	const struct kst_handshake *h = v->h;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT, name KST_SCRATCH_BUF = KST_BUF_INIT;
	bool none = h->fault == KST_FAULT_NONE;
	const char *cell[] = { h->peer, none ? "pass" : "fail", h->version ? kst_tls_version_text(h->version) : "",
			       none ? "" : kst_fault_slug(h->fault), none ? "" : kst_side_slug(h->fault_side),
			       h->alert_from >= 0 ? kst_alert_name(h->alert) : "", h->sni, NULL, NULL };

	if (h->client.sent.nr)
		kst_cert_subject(h->client.sent.cert[0], &name);
	tls_headline(v, &text);
	cell[7] = str(&name);
	cell[8] = str(&text);
	out_plain(st->cli->out, cell, 9);
	out_flush(st->cli->out);
}

static void tell(struct state *st, const struct kst_handshake *h)
{
	struct out *o = st->cli->out;
	struct tls_view v = { .cli = st->cli, .h = h,
			      .server = { &st->me, NULL, NULL },
			      .client = { NULL, st->judge.there ? &st->judge : NULL, h->peer } };

	st->seen++;
	st->refused += !h->done;
	if (out_is(o, OUT_PLAIN)) {
		plain(st, &v);
	} else if (out_is(o, OUT_TEXT)) {
		show(st, &v);
	} else if (st->seen <= CLIENTS_MAX) {
		out_object(o, NULL);
		tls_json(&v);
		out_end(o);
	}
}

static int serve(struct state *st, int stop)
{
	int64_t wanted = st->opt->once ? 1 : st->opt->count.given ? st->opt->count.value : 0;
	int ret = 0;

	while (!ret && (!wanted || st->seen < wanted)) {
		struct kst_handshake h;

		ret = kst_tls_accept(st->listener, stop, &h, &st->how, &st->server, st->cli->err);
		if (ret)
			break;
		tell(st, &h);
		kst_handshake_release(&h);
	}
	return ret < 0 ? -1 : 0;
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	struct out *o = cli->out;
	int ret = -1, stop = -1;

	if (ask(&st) < 0 || tls_identity_fits(cli, "--identity", &st.me) < 0 ||
	    kst_tls_listen(&st.listener, st.opt->listen ? st.opt->listen : "127.0.0.1:0", cli->err) < 0)
		goto done;
	out_schema(o, "kstool.tls-serve/1");
	out_str(o, "listen", kst_listener_address(st.listener));
	if (st.judge.there)
		trusting_json(o, st.judge.anchors);
	else
		out_null(o, "trust");
	out_bool(o, "client_certificate_required", st.opt->require);
	out_array(o, "clients");
	/* Whoever reads the greeting may tell it to stop at once. */
	stop = signals_stop();
	greet(&st);
	if (serve(&st, stop) < 0)
		goto done;
	out_end(o);
	out_int(o, "seen", st.seen);
	out_int(o, "refused", st.refused);
	if (!out_quiet(o))
		out_line(o, "%lld client%s, %lld without a handshake.", (long long)st.seen, st.seen == 1 ? "" : "s", (long long)st.refused);
	ret = st.refused != 0;
done:
	if (stop >= 0)
		close(stop);
	kst_listener_free(st.listener);
	tls_judge_release(&st.judge);
	tls_identity_release(&st.me);
	return ret;
}

static const char *const versions[] = { "1.2", "1.3", NULL };
static const struct opt options[] = {
	{ "identity", 0, OPT_LIST, offsetof(struct serve_opts, identity), WHAT_STORE, "STORE[:ENTRY]",
	  "the server's key and chain; may be repeated, where they are in files of their own", NULL, false },
	TRUSTING_OPTION(struct serve_opts, trust, "trust", "whose certificates are accepted of clients; may be repeated"),
	{ "require-client-cert", 0, OPT_FLAG, offsetof(struct serve_opts, require), WHAT_TEXT, NULL,
	  "refuse who shows no certificate", NULL, false },
	{ "listen", 0, OPT_TEXT, offsetof(struct serve_opts, listen), WHAT_TEXT, "ADDRESS:PORT",
	  "where; port 0 is one that is free; 127.0.0.1:0 if not given", NULL, false },
	{ "once", 0, OPT_FLAG, offsetof(struct serve_opts, once), WHAT_TEXT, NULL, "end after one client", NULL, false },
	{ "count", 0, OPT_INT, offsetof(struct serve_opts, count), WHAT_NUMBER, "N", "end after so many clients", NULL, false },
	{ "tls", 0, OPT_CHOICE, offsetof(struct serve_opts, tls), WHAT_CHOICE, "VERSION",
	  "this version of TLS alone; 1.2 and 1.3 if not given", versions, false },
	{ "alpn", 0, OPT_TEXT, offsetof(struct serve_opts, alpn), WHAT_TEXT, "PROTOCOL[,...]",
	  "application protocols to speak, as http/1.1", NULL, false },
	REVOKING_OPTIONS(struct serve_opts, ),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool tls serve --identity shop.p12 --pass file:pass --trust ca.crt --require-client-cert --listen 127.0.0.1:24443 --once",
	  "wait for one client, show its certificate and the verdict" },
	{ "kstool tls serve --identity shop.p12 --pass file:pass --listen 127.0.0.1:24444 --count 2",
	  "for two clients; curl gets a page" },
	{ NULL, NULL }
};
const struct cmd cmd_tls_serve = {
	.name = "tls serve",
	.group = GROUP_TLS,
	.operands = "--identity STORE",
	.summary = "a throwaway server to try a client with",
	.help = "Listens, and shakes hands with each client that comes: shows its address, what was agreed on,\n"
		"the certificate that it sent and the verdict on it by --trust; answers a request of HTTP with a\n"
		"page of text. One client at a time, --timeout for each; a connection without a word is no client.\n"
		"\n"
		"It ends with --once or --count, or when it is interrupted (Ctrl-C, SIGTERM). Exit status 1: a\n"
		"client was refused, or refused this server; 0: all handshakes were done.\n"
		"\n"
		"The first line says where it listens; with --json (one document at the end) and --plain a note\n"
		"on standard error does.\n",
	.examples = examples,
	.plain = "peer result version fault side alert sni client text",
	.exits = "0 1 3 4 7",
	.opts = options,
	.size = sizeof(struct serve_opts),
	.spare = "--identity",
	.min = 0,
	.max = 0,
	.run = run,
};
