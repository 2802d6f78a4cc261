/* SPDX-License-Identifier: ISC */
/*
 * tls_pair.c - will these files work together?  The whole handshake in memory
 *
 * No network: what is in the stores is what both sides send, and each judges the
 * other by the trusted CAs that it was given.
 */
#include "cmd/tls.h"
#include "cmd/revoking.h"
#include "cmd/trusting.h"

#include <string.h>

struct pair_opts {
	struct opt_list server, server_trust, client, client_trust, crl;
	const char *host, *tls, *alpn, *revocation, *policy;
	bool no_host;
};

struct state {
	struct cli *cli;
	const struct pair_opts *opt;
	struct tls_identity server, client;
	struct tls_judge of_server, of_client; /* the judge of the server's certificate is the client */
	char *host;
	bool host_guessed;
	struct kst_handshake h;
	struct tls_view v;
};

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

/* ---- who believes whom ---- */

static int first_dns(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	char **out = ctx;

	if (type != KST_SAN_DNS && type != KST_SAN_IP)
		return 0;
	*out = kst_strndup(value, len);
	return 1;
}

/* Nobody said which name the client asks for: the first that the server has; "*.acme.test" stands for
 * one of its hosts. */
static int choose_host(struct state *st)
{
	const struct kst_chain *c = st->server.chain;

	if (st->opt->no_host)
		return 0;
	if (st->opt->host) {
		st->host = kst_strdup(st->opt->host);
		return st->host ? 0 : kst_error_nomem(st->cli->err);
	}
	kst_cert_each_san(c->cert[0], first_dns, &st->host);
	if (st->host && !strncmp(st->host, "*.", 2)) {
		char *one = kst_asprintf("www%s", st->host + 1);

		kst_free(st->host);
		st->host = one;
	}
	st->host_guessed = st->host != NULL;
	return 0;
}

static void judge_opts(const struct state *st, struct tls_judge *j)
{
	j->opt.crl = st->opt->crl;
	j->opt.revocation = st->opt->revocation;
	j->opt.policy = st->opt->policy;
}

/* Whom a side believes where nobody says: its own store, if it holds trusted CAs; else whom the other
 * side believes, as with one private CA; else, for a client, the system. */
static void default_trust(struct state *st, const struct tls_identity *own, const struct opt_list *said,
			  const struct opt_list *others, struct opt_list *out, const char *place[2])
{
	if (said->nr) {
		*out = *said;
	} else if (own->key && tls_identity_trusts(st->cli, own)) {
		place[0] = own->path;
		*out = (struct opt_list){ place, 1 };
	} else {
		*out = *others;
	}
}

static int need_server_trust(struct state *st)
{
	kst_error_setx(st->cli->err, KST_E_USAGE, "needs to know whose certificates the server accepts");
	kst_error_subject(st->cli->err, "--client");
	return cmd_again(st->cli, NULL, NULL, (const char *const[]){ "--server-trust", "ca.pem", NULL });
}

static int open_judges(struct state *st, const char *place[4])
{
	const struct pair_opts *opt = st->opt;
	bool mutual = st->client.key || opt->server_trust.nr;

	judge_opts(st, &st->of_server);
	judge_opts(st, &st->of_client);
	default_trust(st, &st->client, &opt->client_trust, &opt->server_trust, &st->of_server.opt.trust, place);
	if (tls_judge_open(st->cli, &st->of_server, "--client-trust", KST_USAGE_SERVER) < 0)
		return -1;
	st->of_server.req.host = st->host;
	st->of_server.req.key = st->server.key;
	st->of_server.opt.key = st->server.key_path;
	if (!mutual)
		return 0;
	default_trust(st, &st->server, &opt->server_trust, &opt->client_trust, &st->of_client.opt.trust, place + 2);
	if (!st->of_client.opt.trust.nr)
		return need_server_trust(st);
	if (tls_judge_open(st->cli, &st->of_client, "--server-trust", KST_USAGE_CLIENT) < 0)
		return -1;
	st->of_client.req.key = st->client.key;
	st->of_client.opt.key = st->client.key_path;
	return 0;
}

/* ---- the handshake ---- */

static int shake(struct state *st)
{
	struct kst_connect how = { .alpn = st->opt->alpn };
	struct kst_side_options server = { .me = { st->server.key, st->server.chain } };
	struct kst_side_options client = { .me = { st->client.key, st->client.chain }, .judge = &st->of_server.req };

	if (st->opt->tls)
		how.min_version = how.max_version = !strcmp(st->opt->tls, "1.2") ? 0x0303 : 0x0304;
	/* An address is not asked for by name (RFC 6066 3). */
	if (st->host && !kst_is_address(st->host))
		how.sni = st->host;
	if (st->of_client.there) {
		server.judge = &st->of_client.req;
		server.require_client = true;
	}
	cmd_working(st->cli, "shaking hands");
	return kst_tls_pair(&st->h, &server, &client, &how, st->cli->err);
}

/* ---- the answer ---- */

static void trusted_by(const struct tls_judge *j, const struct kst_party *p, struct kst_buf *out)
{
	if (p->has_verdict && p->verdict.anchored)
		kst_buf_printf(out, " trusted by %s", kst_anchors_source(j->anchors, p->verdict.anchor_source)->name);
}

static void who(const struct tls_identity *id, struct kst_buf *out)
{
	kst_buf_printf(out, "\"%s\"", id->entry ? id->entry : id->path);
}

/* "handshake TLS 1.3, server "shop", trusted by ca.crt, host matches" */
static void answer(const struct state *st, struct kst_buf *out)
{
	const struct kst_handshake *h = &st->h;

	if (!h->done) {
		kst_buf_puts(out, "no handshake: ");
		tls_headline(&st->v, out);
		return;
	}
	kst_buf_printf(out, "handshake %s, server ", kst_tls_version_text(h->version));
	who(&st->server, out);
	kst_buf_puts(out, ",");
	trusted_by(&st->of_server, &h->server, out);
	if (st->host)
		kst_buf_printf(out, ", host %s%s", st->host_guessed ? st->host : "matches", st->host_guessed ? " matches" : "");
	if (h->sent_client) {
		kst_buf_puts(out, ", client ");
		who(&st->client, out);
		kst_buf_puts(out, ",");
		trusted_by(&st->of_client, &h->client, out);
	}
}

static void show(const struct state *st)
{
	struct out *o = st->cli->out;
	struct kst_buf line KST_SCRATCH_BUF = KST_BUF_INIT, agreed KST_SCRATCH_BUF = KST_BUF_INIT;

	answer(st, &line);
	out_hanging(o, 2, "%s %s", tls_mark(o, st->h.done ? KST_RESULT_PASS : KST_RESULT_FAIL), str(&line));
	if (out_quiet(o) || (st->h.done && !out_verbose(o)))
		return;
	if (st->h.done) {
		tls_agreed(&st->h, &agreed);
		out_line(o, "  %s", str(&agreed));
	}
	if (st->host_guessed && !st->h.done)
		out_line(o, "  the client asks for %s, the first name of the server's certificate (--host says another)", st->host);
	if (st->h.nr)
		out_blank(o);
	tls_show_ladder(&st->v);
	tls_show_checks(&st->v, KST_SIDE_SERVER);
	tls_show_checks(&st->v, KST_SIDE_CLIENT);
	tls_explain(&st->v);
}

static void plain(const struct state *st)
{
	const struct kst_handshake *h = &st->h;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *cell[6] = { h->done ? "pass" : "fail", h->version ? kst_tls_version_text(h->version) : "",
				h->fault != KST_FAULT_NONE ? kst_fault_slug(h->fault) : "",
				h->fault != KST_FAULT_NONE ? kst_side_slug(h->fault_side) : "",
				h->alert_from >= 0 ? kst_alert_name(h->alert) : "", NULL };

	answer(st, &text);
	cell[5] = str(&text);
	out_plain(st->cli->out, cell, 6);
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	const char *place[4] = { NULL };
	int ret = -1;

	kst_handshake_init(&st.h);
	if (!st.opt->server.nr) {
		kst_error_setx(cli->err, KST_E_USAGE, "needs the server's store");
		cmd_again(cli, NULL, NULL, (const char *const[]){ "--server", "STORE", NULL });
		return kst_error_subject(cli->err, "--server");
	}
	if (st.opt->host && st.opt->no_host) {
		kst_error_setx(cli->err, KST_E_USAGE, "excludes --host");
		return kst_error_subject(cli->err, "--no-host");
	}
	if (tls_identity_open(cli, "--server", &st.opt->server, &st.server) < 0 ||
	    tls_identity_open(cli, "--client", &st.opt->client, &st.client) < 0 || choose_host(&st) < 0 ||
	    open_judges(&st, place) < 0 || shake(&st) < 0)
		goto done;
	st.v = (struct tls_view){ .cli = cli, .h = &st.h, .host = st.host, .pair = true,
				  .server = { &st.server, &st.of_server, NULL },
				  .client = { st.client.key ? &st.client : NULL, st.of_client.there ? &st.of_client : NULL, NULL } };
	if (out_is(cli->out, OUT_PLAIN))
		plain(&st);
	else
		show(&st);
	out_schema(cli->out, "kstool.tls-pair/1");
	out_bool(cli->out, "host_guessed", st.host_guessed);
	tls_json(&st.v);
	ret = !st.h.done;
done:
	kst_handshake_release(&st.h);
	tls_judge_release(&st.of_server);
	tls_judge_release(&st.of_client);
	tls_identity_release(&st.server);
	tls_identity_release(&st.client);
	kst_free(st.host);
	return ret;
}

static const char *const versions[] = { "1.2", "1.3", NULL };
static const struct opt options[] = {
	{ "server", 0, OPT_LIST, offsetof(struct pair_opts, server), WHAT_STORE, "STORE[:ENTRY]",
	  "the server's key and chain; may be repeated, where they are in files of their own", NULL, false },
	TRUSTING_OPTION(struct pair_opts, server_trust, "server-trust",
			"whose certificates the server accepts of clients; may be repeated"),
	{ "client", 0, OPT_LIST, offsetof(struct pair_opts, client), WHAT_STORE, "STORE[:ENTRY]",
	  "the client's key and chain, for mutual TLS; may be repeated", NULL, false },
	TRUSTING_OPTION(struct pair_opts, client_trust, "client-trust",
			"whom the client trusts; may be repeated; its own store, if it holds trusted CAs, else those of "
			"--server-trust, else the system's"),
	{ "host", 0, OPT_TEXT, offsetof(struct pair_opts, host), WHAT_TEXT, "NAME",
	  "the name (or IP address) that the client connects to; the first of the server's certificate if not given",
	  NULL, false },
	{ "no-host", 0, OPT_FLAG, offsetof(struct pair_opts, no_host), WHAT_TEXT, NULL, "whatever the server's name", NULL,
	  false },
	{ "tls", 0, OPT_CHOICE, offsetof(struct pair_opts, tls), WHAT_CHOICE, "VERSION",
	  "this version of TLS alone; the newest that both know if not given", versions, false },
	{ "alpn", 0, OPT_TEXT, offsetof(struct pair_opts, alpn), WHAT_TEXT, "PROTOCOL[,...]",
	  "application protocols, as h2,http/1.1", NULL, false },
	REVOKING_OPTIONS(struct pair_opts, ),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool tls pair --server shop.p12 --client-trust ca.crt --host shop.acme.test --pass file:pass",
	  "does a client that trusts ca.crt take it" },
	{ "kstool tls pair --server shop.p12 --server-trust ca.crt --client app.p12:api --client-trust ca.crt --pass file:pass -v",
	  "mutual TLS, step by step" },
	{ NULL, NULL }
};
const struct cmd cmd_tls_pair = {
	.name = "tls pair",
	.group = GROUP_TLS,
	.operands = "--server STORE [--client STORE]",
	.summary = "will these stores work together? a handshake in memory",
	.help = "Shakes hands between a server and a client, both of your files, without a network: with\n"
		"TLS 1.3 or 1.2, one-way or, with --client or --server-trust, mutual. Each side sends the chain of its\n"
		"entry as it is and judges the other as verify does. -v shows the steps; where it fails they\n"
		"are shown with every fault of both sides, the reason, and the command that mends it.\n"
		"\n"
		"Exit status 1: it does not work.\n",
	.examples = examples,
	.plain = "result version fault side alert text",
	.exits = "0 1 3 4",
	.opts = options,
	.size = sizeof(struct pair_opts),
	.spare = "--server",
	.min = 0,
	.max = 0,
	.run = run,
};
