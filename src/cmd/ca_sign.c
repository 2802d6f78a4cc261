/* SPDX-License-Identifier: ISC */
/*
 * ca_sign.c - ca sign: certificates for requests that others made
 *
 * A request asks; the CA decides.  SANs are copied unless told otherwise, what the
 * certificate may be used for is said on the command line, and everything else that
 * was asked for is named and left out: never CA:TRUE, never keyCertSign.
 */
#include "cmd/ca.h"
#include "cmd/deliver.h"
#include "cmd/describe.h"

#include <string.h>

#define SIGN_DAYS 90
#define RENEW_PERCENT 33

struct sign_opts {
	struct ca_opts ca;
	const char *out, *dir, *copy_san, *subject, *name;
	struct opt_list host, san;
	struct opt_int days;
	bool server, client, both, replace;
};

struct request {
	const char *source;
	struct kst_blob der;
	struct kst_csr csr;
	struct ca_sans sans;
	struct kst_buf asked, granted, dropped;
	bool wants_ca;
	char *name, *batch, *path; /* path NULL: standard output */
	struct kst_ca_order order;
};

struct state {
	struct cli *cli;
	const struct sign_opts *opt;
	struct kst_ca *ca;
	enum kst_profile profile;
	long days;
	struct request *req;
	size_t nr;
	struct kst_buf data; /* for standard output */
};

/* ---- what is asked for ---- */

struct copying {
	struct request *r;
	bool copy;
	struct kst_error *err;
};

static const char *const types[] = { "dns", "uri", "email", "ip", "other" };

static int copy_san(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	struct copying *c = ctx;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_printf(&text, "%s:", types[type]);
	kst_buf_put(&text, value, len);
	kst_buf_printf(&c->r->asked, "%s%s", c->r->asked.len ? ", " : "", text.data ? (const char *)text.data : "");
	if (!c->copy)
		return 0;
	/* Zero bytes, and kinds that no TLS program reads. */
	if (type == KST_SAN_OTHER || strlen((const char *)text.data) != text.len) {
		kst_buf_printf(&c->r->dropped, "%sa SAN of another kind", c->r->dropped.len ? ", " : "");
		return 0;
	}
	return ca_sans_add(&c->r->sans, (const char *)text.data, c->err);
}

static int note_extension(void *ctx, const char *name, bool is_san, bool wants_ca)
{
	struct copying *c = ctx;

	if (is_san && c->copy)
		return 0;
	kst_buf_printf(&c->r->dropped, "%s%s%s", c->r->dropped.len ? ", " : "", name,
		       wants_ca ? " (of a CA)" : "");
	c->r->wants_ca |= wants_ca;
	return 0;
}

static int subject_cn(const struct request *r, struct kst_buf *out)
{
	struct kst_buf dn KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *p;

	kst_csr_subject(&r->csr, &dn);
	p = dn.data ? strstr((const char *)dn.data, "CN=") : NULL;
	if (!p || (p != (const char *)dn.data && p[-1] != ',' && p[-1] != '+'))
		return 1;
	p += 3;
	kst_buf_put(out, p, strcspn(p, ",+\\"));
	return out->len ? 0 : 1;
}

static int choose_name(struct state *st, struct request *r)
{
	struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *base = strrchr(r->source, '/'), *host = NULL;
	bool usable = !subject_cn(r, &cn) && kst_alias_ok((const char *)cn.data, cn.len, 255);

	for (size_t i = 0; st->profile != KST_PROFILE_CLIENT && !host && i < r->sans.nr; i++)
		if (r->sans.san[i].type == KST_SAN_DNS || r->sans.san[i].type == KST_SAN_IP)
			host = r->sans.san[i].value;
	base = base ? base + 1 : r->source;
	r->name = kst_strdup(st->opt->name ? st->opt->name :
			     host	   ? host :
			     usable	   ? (const char *)cn.data :
			     r->sans.nr	   ? r->sans.san[0].value :
					     base);
	return r->name ? 0 : kst_error_nomem(st->cli->err);
}

static int choose_sans(struct state *st, struct request *r)
{
	struct copying c = { .r = r, .copy = !st->opt->copy_san || strcmp(st->opt->copy_san, "no") != 0,
			     .err = st->cli->err };
	struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;

	for (size_t i = 0; i < st->opt->host.nr; i++)
		if (ca_sans_add_list(&r->sans, st->opt->host.item[i], ", ", st->cli->err) < 0)
			return kst_error_subject(st->cli->err, "--host");
	for (size_t i = 0; i < st->opt->san.nr; i++)
		if (ca_sans_add(&r->sans, st->opt->san.item[i], st->cli->err) < 0)
			return kst_error_subject(st->cli->err, "--san");
	if (kst_csr_each_san(&r->csr, copy_san, &c) < 0 || kst_csr_each_extension(&r->csr, note_extension, &c) < 0)
		return kst_error_subject(st->cli->err, "%s", r->source);
	/* Requests from before SANs: the host stands in the CN, where no client looks. */
	if (c.copy && !r->sans.nr && st->profile != KST_PROFILE_CLIENT && !subject_cn(r, &cn) &&
	    strchr((const char *)cn.data, '.') && ca_sans_add(&r->sans, (const char *)cn.data, NULL) == 0)
		out_note(st->cli->out, "%s: asks for no SAN; its CN becomes one", r->source);
	if (st->profile != KST_PROFILE_CLIENT) {
		bool host = false;

		for (size_t i = 0; i < r->sans.nr; i++)
			host |= r->sans.san[i].type == KST_SAN_DNS || r->sans.san[i].type == KST_SAN_IP;
		if (!host) {
			kst_error_setx(st->cli->err, KST_E_USAGE, "a server's certificate needs a host name or address");
			kst_error_subject(st->cli->err, "%s", r->source);
			return cmd_again(st->cli, NULL, NULL, (const char *const[]){ "--host", "NAME", NULL });
		}
	}
	for (size_t i = 0; i < r->sans.nr; i++)
		kst_buf_printf(&r->granted, "%s%s:%s", i ? ", " : "", types[r->sans.san[i].type], r->sans.san[i].value);
	return r->granted.failed || r->asked.failed || r->dropped.failed ? kst_error_nomem(st->cli->err) : 0;
}

/* The same request for the same thing is the same certificate, as long as that lives. */
static char *identity(const struct state *st, const struct request *r)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_printf(&b, "sign\n%s\n%ld\n%s\n%s\n", kst_profile_name(st->profile), st->days,
		       st->opt->subject ? st->opt->subject : "", r->granted.data ? (const char *)r->granted.data : "");
	kst_base64(&b, r->csr.asked.data, r->csr.asked.len);
	return b.failed ? NULL : kst_strdup((const char *)b.data);
}

static int choose_path(struct state *st, struct request *r)
{
	const char *base;
	char *file;

	if (st->opt->out) {
		r->path = strcmp(st->opt->out, "-") ? kst_strdup(st->opt->out) : NULL;
		return r->path || !strcmp(st->opt->out, "-") ? 0 : kst_error_nomem(st->cli->err);
	}
	if (!st->opt->dir)
		return 0;
	base = strrchr(r->source, '/');
	base = base ? base + 1 : r->source;
	file = kst_strndup(base, strrchr(base, '.') && strrchr(base, '.') != base ?
				 (size_t)(strrchr(base, '.') - base) : strlen(base));
	if (file) {
		char *safe = kst_text_file_name(file, ".pem");

		r->path = safe ? kst_asprintf("%s/%s", st->opt->dir, safe) : NULL;
		kst_free(safe);
	}
	kst_free(file);
	return r->path ? 0 : kst_error_nomem(st->cli->err);
}

static int order(struct state *st, struct request *r)
{
	int64_t now = kst_time_now(), life = st->days * INT64_C(86400);

	if (choose_sans(st, r) < 0 || choose_name(st, r) < 0 || choose_path(st, r) < 0)
		return -1;
	r->batch = identity(st, r);
	if (!r->batch)
		return kst_error_nomem(st->cli->err);
	r->order = (struct kst_ca_order){
		.name = r->name,
		.batch = r->batch,
		.once = true,
		.due = now + life * RENEW_PERCENT / 100,
		.profile = st->profile,
		.subject = st->opt->subject,
		.subject_der = st->opt->subject ? (struct kst_bytes){ .data = NULL } : r->csr.subject,
		.san = r->sans.san,
		.nr_san = r->sans.nr,
		.not_before = now,
		.not_after = now + life,
		.spki = r->csr.spki,
		.delivered = true,
	};
	return 0;
}

/* ---- reading ---- */

static int take(struct state *st, const char *source, const struct kst_entry *e)
{
	struct request *grown = kst_realloc(st->req, (st->nr + 1) * sizeof(*grown)), *r;

	if (!grown)
		return kst_error_nomem(st->cli->err);
	st->req = grown;
	r = &grown[st->nr++];
	memset(r, 0, sizeof(*r));
	r->source = source;
	if (kst_blob_set(&r->der, e->der.data, e->der.len) < 0)
		return kst_error_nomem(st->cli->err);
	if (kst_csr_parse(&r->csr, r->der.data, r->der.len, st->cli->err) < 0 ||
	    kst_csr_verify(r->der.data, r->der.len, st->cli->err) < 0)
		return kst_error_subject(st->cli->err, "%s", source);
	return 0;
}

static int read_one(struct state *st, const char *source)
{
	struct kst_store *s = NULL;
	struct kst_entry *e;
	size_t found = 0;
	int ret = -1;

	if (cmd_open(st->cli, source, &s) < 0)
		return -1;
	for (size_t i = 0; i < kst_store_count(s); i++) {
		if (kst_store_entry(s, i, &e, st->cli->err) < 0)
			goto done;
		if (e->kind == KST_KIND_CSR && (found++, take(st, source, e) < 0))
			goto done;
	}
	if (!found) {
		kst_error_setx(st->cli->err, KST_E_NOTHING_FOUND, "holds no certificate request");
		kst_error_subject(st->cli->err, "%s", source);
		kst_error_command(st->cli->err, "kstool", "show", source, NULL);
		goto done;
	}
	ret = 0;
done:
	kst_store_free(s);
	return ret;
}

/* ---- handing out ---- */

static int pem_of(const struct state *st, const struct request *r, struct kst_buf *out)
{
	const struct kst_chain *chain = kst_ca_chain(st->ca);
	struct kst_bytes der = kst_cert_der(r->order.cert);

	kst_pem_block(out, "CERTIFICATE", der.data, der.len);
	for (size_t i = 0; i + 1 < chain->nr; i++) {
		der = kst_cert_der(chain->cert[i]);
		kst_pem_block(out, "CERTIFICATE", der.data, der.len);
	}
	return out->failed ? kst_error_nomem(st->cli->err) : 0;
}

static void say(struct state *st, const struct request *r, const char *word)
{
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT, serial KST_SCRATCH_BUF = KST_BUF_INIT,
		       text KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_cert *cert = r->order.cert;
	char date[KST_TIME_TEXT];

	if (cert) {
		kst_text_hex(&hex, kst_cert_sha256(cert), 32);
		ca_serial_text(cert, &serial);
	}
	kst_buf_printf(&text, "%s certificate, until %s", kst_profile_name(st->profile),
		       kst_time_text(cert ? kst_cert_not_after(cert) : r->order.not_after, KST_TIME_DATE, date));
	out_change(st->cli->out, word, r->name, text.data ? (const char *)text.data : "",
		   (const char *const[]){ serial.data ? (const char *)serial.data : "",
					  hex.data ? (const char *)hex.data : "", r->path ? r->path : "", NULL });
	out_change_more(st->cli->out, "asked for", r->asked.len ? (const char *)r->asked.data : "no SAN");
	out_change_more(st->cli->out, "granted", r->granted.len ? (const char *)r->granted.data : "no SAN");
	if (r->dropped.len)
		out_change_more(st->cli->out, "not copied", (const char *)r->dropped.data);
	if (serial.len)
		out_change_more(st->cli->out, "serial", (const char *)serial.data);
	if (r->path)
		out_change_more(st->cli->out, "file", r->path);
}

static void json(struct out *o, const struct request *r, const char *word)
{
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT;

	out_object(o, NULL);
	out_str(o, "request", r->source);
	out_str(o, "name", r->name);
	out_str(o, "action", word);
	if (r->order.cert) {
		ca_serial_text(r->order.cert, &serial);
		out_str(o, "serial", (const char *)serial.data);
		out_hex(o, "sha256", kst_cert_sha256(r->order.cert), 32);
		out_time(o, "not_after", kst_cert_not_after(r->order.cert));
	} else {
		out_null(o, "serial");
		out_null(o, "sha256");
		out_null(o, "not_after");
	}
	out_str(o, "asked", r->asked.data ? (const char *)r->asked.data : "");
	out_str(o, "granted", r->granted.data ? (const char *)r->granted.data : "");
	out_str(o, "not_copied", r->dropped.data ? (const char *)r->dropped.data : "");
	out_str(o, "output", r->path);
	out_end(o);
}

static int hand_out(struct state *st, struct request *r)
{
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT, have KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!r->path)
		return pem_of(st, r, &st->data);
	if (pem_of(st, r, &pem) < 0)
		return -1;
	/* Run twice: the same bytes. */
	if (kst_file_read(r->path, pem.len + 1, &have, NULL) == 0 && have.len == pem.len &&
	    !memcmp(have.data, pem.data, pem.len))
		return 0;
	return kst_file_write(r->path, pem.data, pem.len,
			      (st->opt->replace ? KST_FILE_REPLACE : 0) |
				      (st->cli->g.insecure_permissions ? KST_FILE_LOOSE : 0),
			      st->cli->err);
}

static const char *word_of(const struct request *r, bool dry)
{
	return r->order.fate == KST_CA_THERE ? "unchanged" : dry ? "would-sign" : "signed";
}

static int report(struct state *st, bool dry)
{
	struct out *o = st->cli->out;
	size_t made = 0;

	for (size_t i = 0; i < st->nr; i++)
		made += st->req[i].order.fate != KST_CA_THERE;
	out_changed(o, made && !dry);
	out_bool(o, "dry_run", dry);
	if (dry)
		out_bool(o, "would_change", made != 0);
	else
		out_null(o, "would_change");
	out_str(o, "directory", kst_ca_dir(st->ca));
	out_array(o, "certificates");
	for (size_t i = 0; out_is(o, OUT_JSON) && i < st->nr; i++)
		json(o, &st->req[i], word_of(&st->req[i], dry));
	out_end(o);
	for (size_t i = 0; i < st->nr; i++) {
		if (!st->cli->g.quiet || dry)
			say(st, &st->req[i], word_of(&st->req[i], dry));
		if (st->req[i].wants_ca)
			out_warn(o, "asks-to-be-a-ca", "%s asks to be a CA, which is never granted",
				 st->req[i].source);
	}
	return st->cli->g.check && made ? 1 : 0;
}

/* ---- running ---- */

static int make(struct state *st)
{
	struct kst_ca_issue_options opt = { .threads = 1 };
	struct cli *cli = st->cli;

	for (size_t i = 0; i < st->nr; i++) {
		struct request *r = &st->req[i];
		struct kst_ca_made *made = NULL;

		if (r->path && !st->opt->replace && r->order.fate != KST_CA_THERE && cmd_fresh(cli, r->path, true) < 0)
			return -1;
		if (r->order.fate != KST_CA_THERE && ca_complete(cli, st->ca) < 0)
			return -1;
		if (r->order.fate != KST_CA_THERE &&
		    kst_ca_issue(st->ca, &r->order, 1, &opt, &made, cli->err) < 0)
			return -1;
		kst_ca_made_free(made);
		if (r->order.fate == KST_CA_FAILED || !r->order.cert) {
			if (r->order.err)
				*cli->err = *r->order.err;
			else
				kst_error_setx(cli->err, KST_E_LEDGER_BUSY, "another command is just signing it");
			return kst_error_subject(cli->err, "%s", r->source);
		}
		if (hand_out(st, r) < 0)
			return -1;
	}
	return 0;
}

static int all(struct state *st)
{
	struct cli *cli = st->cli;
	bool dry = cli->g.dry_run || cli->g.check, data = false;
	struct deliver d = { .data = &st->data };
	int ret;

	for (size_t i = 0; i < cli->nr; i++)
		if (read_one(st, cli->operand[i]) < 0)
			return -1;
	if (st->nr > 1 && (st->opt->out || st->opt->name)) {
		kst_error_setx(cli->err, KST_E_USAGE, "is for one request, and these are %zu", st->nr);
		return kst_error_subject(cli->err, "%s", st->opt->out ? "--output" : "--name");
	}
	for (size_t i = 0; i < st->nr; i++) {
		size_t todo;

		if (order(st, &st->req[i]) < 0 || kst_ca_look(st->ca, &st->req[i].order, 1, &todo, cli->err) < 0)
			return -1;
		data |= !st->req[i].path;
	}
	if (data)
		out_data_mode(cli->out);
	if (!dry && make(st) < 0)
		return -1;
	ret = report(st, dry);
	if (!dry && data)
		return deliver_out(cli, &d) < 0 ? -1 : ret;
	out_null(cli->out, "data");
	out_null(cli->out, "data_base64");
	return ret;
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	struct kst_open_options open;
	int ret = -1;

	if (ca_profile(cli, st.opt->server, st.opt->client, st.opt->both, &st.profile) < 0 ||
	    ca_days(cli, "--days", &st.opt->days, SIGN_DAYS, &st.days) < 0)
		return -1;
	if (st.opt->out && st.opt->dir) {
		kst_error_setx(cli->err, KST_E_USAGE, "--output and --out-dir exclude each other");
		return -1;
	}
	if (ca_open(cli, &st.opt->ca, false, &open, &st.ca) == 0)
		ret = all(&st);
	for (size_t i = 0; i < st.nr; i++) {
		struct request *r = &st.req[i];

		kst_ca_order_release(&r->order);
		ca_sans_release(&r->sans);
		kst_blob_release(&r->der);
		kst_buf_release(&r->asked);
		kst_buf_release(&r->granted);
		kst_buf_release(&r->dropped);
		kst_free(r->name);
		kst_free(r->batch);
		kst_free(r->path);
	}
	kst_free(st.req);
	kst_buf_release(&st.data);
	kst_ca_free(st.ca);
	return ret;
}

static const char *const yes_no[] = { "yes", "no", NULL };
static const struct opt options[] = {
	CA_OPTION(struct sign_opts),
	{ "server", 0, OPT_FLAG, offsetof(struct sign_opts, server), WHAT_TEXT, NULL,
	  "for TLS servers: needs a host", NULL, false },
	{ "client", 0, OPT_FLAG, offsetof(struct sign_opts, client), WHAT_TEXT, NULL, "for TLS clients", NULL, false },
	{ "both", 0, OPT_FLAG, offsetof(struct sign_opts, both), WHAT_TEXT, NULL, "for both", NULL, false },
	{ "host", 0, OPT_LIST, offsetof(struct sign_opts, host), WHAT_TEXT, "NAME[,NAME]",
	  "host names or addresses, beside those that are copied", NULL, false },
	{ "san", 0, OPT_LIST, offsetof(struct sign_opts, san), WHAT_TEXT, "TYPE:VALUE",
	  "further names, as uri:spiffe://acme/web; may be repeated", NULL, false },
	{ "copy-san", 0, OPT_CHOICE, offsetof(struct sign_opts, copy_san), WHAT_CHOICE, "YES",
	  "yes: the SANs of the request are granted, if not given; no: only those of --host and --san", yes_no, false },
	{ "subject", 0, OPT_TEXT, offsetof(struct sign_opts, subject), WHAT_TEXT, "DN",
	  "subject instead of that of the request", NULL, false },
	{ "name", 0, OPT_TEXT, offsetof(struct sign_opts, name), WHAT_TEXT, "NAME",
	  "name in the ledger; the first host of a server, the CN of a client if not given", NULL, false },
	{ "days", 0, OPT_INT, offsetof(struct sign_opts, days), WHAT_NUMBER, "N",
	  "how long the certificate is valid; 90 if not given", NULL, false },
	{ "output", 'o', OPT_TEXT, offsetof(struct sign_opts, out), WHAT_FILE, "FILE",
	  "where the certificate and its issuing CA go, as PEM; standard output if not given", NULL, false },
	{ "out-dir", 'd', OPT_TEXT, offsetof(struct sign_opts, dir), WHAT_DIR, "DIR",
	  "a file for each request, called as it is, with .pem", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct sign_opts, replace), WHAT_TEXT, NULL,
	  "replace a file that exists", NULL, false },
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool ca sign api.csr --server -o api-signed.pem", "the names that it asks for" },
	{ "kstool ca sign api.csr --both --copy-san no --host api.acme.test -o api-both.pem", "these names and no others" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_sign = {
	.name = "ca sign",
	.group = GROUP_CA,
	.operands = "CSR...",
	.summary = "certificates for requests of others",
	.help = "Signs certificate requests (PKCS#10, PEM or DER): the certificate and its issuing CA as\n"
		"PEM. What was asked for and what is granted is shown. SANs are copied, unless\n"
		"--copy-san no; what the certificate may be used for is said by --server, --client or\n"
		"--both. All else that the request asks for is named and left out, and it never\n"
		"becomes a CA. A request that is not signed by its own key is refused, and so is a key that is weak\n"
		"or was revoked as compromised.\n"
		"\n"
		"The same request, signed again with the same words, gives the same certificate as long\n"
		"as a third of its life is left.\n",
	.examples = examples,
	.plain = "action name serial sha256 file",
	.exits = "0 1 3 4 5 6 8",
	.opts = options,
	.size = sizeof(struct sign_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_FILE,
	.rest = WHAT_FILE,
	.changes = true,
	.run = run,
};
