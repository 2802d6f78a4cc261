/* SPDX-License-Identifier: ISC */
/* ca_init.c - ca init: a new private CA, with a root of its own or below one that is elsewhere */
#include "cmd/ca.h"
#include "cmd/entries.h"
#include "cmd/make.h"
#include "cmd/target.h"

#include <string.h>

struct init_opts {
	struct ca_opts ca;
	const char *name, *subject, *root_name, *root, *reply, *alg, *crl_url, *ocsp_url, *issuer_url;
	struct opt_int days, root_days;
	struct opt_list permit, exclude;
	bool self_root;
	struct target_opts target;
};

static int wrong(struct cli *cli, const char *option, const char *what)
{
	kst_error_setx(cli->err, KST_E_USAGE, "%s", what);
	return kst_error_subject(cli->err, "%s", option);
}

/* ---- a root that is elsewhere ---- */

/* The CA in a source that signs others: with its key, if that is there. */
static int load_root(struct cli *cli, const char *path, struct kst_ca_make *how)
{
	struct kst_store *s = NULL;
	struct kst_entry *e;
	int ret = -1;

	if (cmd_open(cli, path, &s) < 0)
		return -1;
	for (size_t i = 0; i < kst_store_count(s) && !how->root_key; i++) {
		struct kst_cert *cert;

		if (kst_store_entry(s, i, &e, cli->err) < 0)
			goto done;
		cert = kst_entry_leaf(e);
		if (!cert || !kst_cert_is_ca(cert) || !kst_cert_is_self_issued(cert))
			continue;
		if (!how->root)
			how->root = kst_cert_ref(cert);
		if (e->kind != KST_KIND_KEY || !kst_cert_equal(how->root, cert))
			continue;
		if (kst_store_open_key(s, i, cli->err) < 0 || kst_store_entry(s, i, &e, cli->err) < 0 ||
		    kst_key_copy(&how->root_key, e->key, cli->err) < 0)
			goto done;
	}
	if (!how->root) {
		kst_error_setx(cli->err, KST_E_NOT_A_CA, "holds no certificate of a root CA");
		kst_error_subject(cli->err, "%s", path);
		goto done;
	}
	ret = 0;
done:
	kst_store_free(s);
	return ret;
}

/* ---- report ---- */

static void say(struct changes *c, const char *dir, const char *file, const char *type, char *text,
		const struct kst_cert *cert)
{
	char *path = kst_asprintf("%s/%s", dir, file);
	struct change *row = path ? changes_add(c, CHANGE_CREATED, path, type) : NULL;

	kst_free(path);
	change_set_text(row, text);
	if (row && cert) {
		memcpy(row->after, kst_cert_sha256(cert), 32);
		row->has_after = true;
	}
}

static char *about(const struct kst_cert *cert, const char *what)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, key KST_SCRATCH_BUF = KST_BUF_INIT;
	char date[KST_TIME_TEXT];

	kst_cert_name(cert, &name);
	kst_cert_key_text(cert, false, &key);
	return name.failed || key.failed ?
		       NULL :
		       kst_asprintf("%s \"%s\", %s, until %s", what, (char *)name.data, (char *)key.data,
				    kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, date));
}

/* What lies in DIR now. */
static int report(struct cli *cli, const struct init_opts *opt, const char *name, bool waits)
{
	static const char *const role[] = { "issuer", "trusted" };
	struct kst_save_result res = { .written = !cli->g.dry_run && !cli->g.check };
	const char *dir = ca_dir(&opt->ca);
	struct kst_cert *cert[2] = { NULL, NULL };
	struct changes changes = { .nr = 0 };
	struct kst_open_options open;
	struct kst_ca *ca = NULL;
	int ret;

	if (res.written && ca_open(cli, &opt->ca, true, &open, &ca) < 0)
		return -1;
	if (ca) {
		cert[0] = kst_ca_cert(ca, KST_CA_BY_CA);
		cert[1] = kst_ca_cert(ca, KST_CA_BY_ROOT);
	}
	if (cert[1] && !opt->root && !opt->reply)
		say(&changes, dir, KST_CA_ROOT_STORE, "private-key", kst_strdup("key of the root; keep a copy in a safe place"), cert[1]);
	if (cert[0]) {
		say(&changes, dir, KST_CA_STORE, "private-key", about(cert[0], "issuing CA"), cert[0]);
		say(&changes, dir, KST_CA_TRUST, "trusted-cert", about(cert[1], "root"), cert[1]);
	} else {
		struct change *c = changes_add(&changes, CHANGE_CREATED, dir, "store");

		change_set_text(c, kst_asprintf("\"%s\"%s", name, waits ? ", which waits for its root" : ""));
		if (waits && ca)
			say(&changes, dir, KST_CA_REQUEST, "csr", kst_strdup("request for the root to sign"), NULL);
	}
	ret = cmd_report(cli, dir, &changes, false, &res);
	out_schema(cli->out, "kstool.ca-init/1");
	out_str(cli->out, "name", name);
	out_bool(cli->out, "waiting", waits);
	ca_certs_json(cli->out, "certs", cert, role, 2);
	if (waits && ca) {
		struct kst_error hint = KST_ERROR_INIT;

		kst_error_command(&hint, "kstool", "ca", "init", "--ca", dir, "--reply", "SIGNED.pem", NULL);
		out_note(cli->out, "have %s/%s signed as a CA (keyCertSign, cRLSign, pathlen 0), then: %s", dir,
			 KST_CA_REQUEST, hint.hint);
	}
	changes_release(&changes);
	kst_ca_free(ca);
	return ret;
}

/* ---- the answer of a root ---- */

static int push_certs(struct kst_store *s, struct kst_chain *all, struct kst_error *err)
{
	struct kst_entry *e;

	for (size_t i = 0; i < kst_store_count(s); i++) {
		if (kst_store_entry(s, i, &e, err) < 0)
			return -1;
		for (size_t k = 0; k < e->chain.nr; k++)
			if (kst_chain_push(all, e->chain.cert[k]) < 0)
				return kst_error_nomem(err);
	}
	return 0;
}

static int answer(struct cli *cli, const struct init_opts *opt, const struct kst_save_options *save)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_open_options open;
	struct kst_chain all = { .nr = 0 };
	struct kst_store *s = NULL;
	struct kst_ca *ca = NULL;
	int ret = -1;

	if (opt->name || opt->root || opt->self_root || opt->alg || opt->subject)
		return wrong(cli, "--reply", "gives the CA the certificate that its root has signed; nothing else goes with it");
	if (ca_open(cli, &opt->ca, true, &open, &ca) < 0 || cmd_open(cli, opt->reply, &s) < 0 ||
	    push_certs(s, &all, cli->err) < 0)
		goto done;
	if (kst_ca_answer(ca, all.cert, all.nr, save, cli->err) < 0) {
		kst_error_subject(cli->err, "%s", opt->reply);
		goto done;
	}
	if (kst_ca_fact(ca, "name", &name, cli->err) < 0)
		goto done;
	kst_ca_free(ca);
	ca = NULL;
	ret = report(cli, opt, name.data ? (char *)name.data : "", false);
done:
	kst_chain_release(&all);
	kst_store_free(s);
	kst_ca_free(ca);
	return ret;
}

/* ---- running ---- */

static int check(struct cli *cli, const struct init_opts *opt, long *days, long *root_days)
{
	if (!opt->name || !*opt->name) {
		kst_error_setx(cli->err, KST_E_USAGE, "the CA needs a name");
		return kst_error_hint(cli->err, "add --name \"Acme Issuing CA\"");
	}
	if (opt->root && opt->self_root)
		return wrong(cli, "--root", "--root and --self-root exclude each other");
	if (opt->root && (opt->root_days.given || opt->root_name))
		return wrong(cli, opt->root_name ? "--root-name" : "--root-days", "is of a root that is made here");
	if (ca_days(cli, "--days", &opt->days, KST_CA_DAYS, days) < 0 ||
	    ca_days(cli, "--root-days", &opt->root_days,
		    opt->days.given && 2 * opt->days.value <= CA_DAYS_MAX ? 2 * opt->days.value : KST_CA_ROOT_DAYS,
		    root_days) < 0)
		return -1;
	if (!opt->root && *root_days < *days)
		return wrong(cli, "--root-days", "a root lives as long as what it signs, or longer");
	return 0;
}

static int run(struct cli *cli, void *opts)
{
	const struct init_opts *opt = opts;
	struct kst_open_options open = cmd_open_options(cli, false);
	struct kst_ca_make how = {
		.name = opt->name,
		.subject = opt->subject,
		.root_name = opt->root_name,
		.alg = opt->alg,
		.permitted = opt->permit.nr ? opt->permit.item : NULL,
		.excluded = opt->exclude.nr ? opt->exclude.item : NULL,
		.crl_url = opt->crl_url,
		.ocsp_url = opt->ocsp_url,
		.issuer_url = opt->issuer_url,
	};
	long days = 0, root_days = 0;
	int ret = -1;

	if (target_save_options(cli, &opt->target, false, &how.save) < 0)
		return -1;
	if (opt->reply)
		return answer(cli, opt, &how.save);
	if (how.save.write.no_pass) {
		kst_error_setx(cli->err, KST_E_EMPTY_PASSPHRASE, "the keys of a CA are never without passphrase");
		return kst_error_subject(cli->err, "--new-pass none");
	}
	if (check(cli, opt, &days, &root_days) < 0)
		return -1;
	how.days = (int)days;
	how.root_days = (int)root_days;
	if (opt->root && load_root(cli, opt->root, &how) < 0)
		goto done;
	if (!opt->root)
		ask_cli_creating(cli->ask);
	cmd_working(cli, "making the CA");
	if (kst_ca_make(ca_dir(&opt->ca), &how, &open, cli->err) < 0) {
		if (cli->err->code == KST_E_NOT_DURABLE)
			ask_cli_keep(cli->ask);
		goto done;
	}
	ask_cli_keep(cli->ask);
	ret = report(cli, opt, opt->name, how.root && !how.root_key);
done:
	kst_cert_free(how.root);
	kst_key_free(how.root_key);
	return ret;
}

static const struct opt options[] = {
	CA_OPTION(struct init_opts),
	{ "name", 0, OPT_TEXT, offsetof(struct init_opts, name), WHAT_TEXT, "NAME",
	  "name (CN) of the issuing CA, as \"Acme Issuing CA\"", NULL, false },
	{ "subject", 0, OPT_TEXT, offsetof(struct init_opts, subject), WHAT_TEXT, "DN",
	  "its whole subject, as \"CN=Acme Issuing CA,O=Acme\"; CN=NAME if not given", NULL, false },
	{ "self-root", 0, OPT_FLAG, offsetof(struct init_opts, self_root), WHAT_TEXT, NULL,
	  "make a root too, under the same passphrase; so it is without --root", NULL, false },
	{ "root-name", 0, OPT_TEXT, offsetof(struct init_opts, root_name), WHAT_TEXT, "NAME",
	  "name of the root; that of the CA and \"Root\" if not given", NULL, false },
	{ "root", 0, OPT_TEXT, offsetof(struct init_opts, root), WHAT_SOURCE, "SOURCE",
	  "a root that is there already: its certificate, and a request is made for it; or its key too, "
	  "and it signs at once", NULL, false },
	{ "reply", 0, OPT_TEXT, offsetof(struct init_opts, reply), WHAT_SOURCE, "SOURCE",
	  "the second step of --root: the certificate that the root has signed", NULL, false },
	{ "days", 0, OPT_INT, offsetof(struct init_opts, days), WHAT_NUMBER, "N",
	  "how long the issuing CA is valid; 3650 if not given", NULL, false },
	{ "root-days", 0, OPT_INT, offsetof(struct init_opts, root_days), WHAT_NUMBER, "N",
	  "how long the root is valid; twice as long if not given", NULL, false },
	{ "alg", 0, OPT_TEXT, offsetof(struct init_opts, alg), WHAT_CHOICE, "ALG",
	  "kind of the keys; p384 if not given", make_algs, false },
	{ "name-constraint", 0, OPT_LIST, offsetof(struct init_opts, permit), WHAT_TEXT, "TYPE:NAME",
	  "the CA may issue only for names below, as DNS:acme.test, IP:10.0.0.0/8, email:acme.test, "
	  "URI:acme.test; may be repeated", NULL, false },
	{ "exclude-constraint", 0, OPT_LIST, offsetof(struct init_opts, exclude), WHAT_TEXT, "TYPE:NAME",
	  "the CA may not issue for names below; may be repeated", NULL, false },
	{ "crl-url", 0, OPT_TEXT, offsetof(struct init_opts, crl_url), WHAT_TEXT, "URL",
	  "where clients will find the revocation list; stands in every certificate", NULL, false },
	{ "ocsp-url", 0, OPT_TEXT, offsetof(struct init_opts, ocsp_url), WHAT_TEXT, "URL",
	  "where an OCSP responder of the CA answers", NULL, false },
	{ "issuer-url", 0, OPT_TEXT, offsetof(struct init_opts, issuer_url), WHAT_TEXT, "URL",
	  "where the certificate of the CA can be had", NULL, false },
	TARGET_KDF(struct init_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool ca init --name \"Acme Issuing CA\"", "root and issuing CA in ./pki" },
	{ "kstool ca init --ca devices --name \"Acme Devices CA\" --crl-url http://pki.acme.test/devices.crl "
	  "--name-constraint URI:acme.test", "only for URIs of one domain" },
	{ "kstool ca init --ca sub --name \"Acme Sub CA\" --root corp-root.pem", "below a root that is kept elsewhere" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_init = {
	.name = "ca init",
	.group = GROUP_CA,
	.operands = NULL,
	.summary = "a new private CA",
	.help = "Makes a directory with a root and an issuing CA, all or nothing: their keys in native\n"
		"stores (root.kst, ca.kst) under one passphrase, the ledger (ledger.db), the root for\n"
		"those who are to trust it (trust.pem), the CA (ca.pem), an empty revocation list\n"
		"(crl.pem, crl.der), and certs/ for what it issues. A directory that holds a CA is refused.\n"
		"\n"
		"The root signs the issuing CA and nothing else: move root.kst to a safe place. With\n"
		"--root the root stays elsewhere: DIR/ca.csr is for it to sign, and --reply takes the\n"
		"signed certificate, in a second call.\n"
		"\n"
		"Name constraints stand in both CAs: nobody who holds their keys can issue for other\n"
		"names. The URLs are those of every certificate that is issued.\n",
	.examples = examples,
	.exits = "0 1 3 4 5 8",
	.opts = options,
	.size = sizeof(struct init_opts),
	.spare = "--name",
	.min = 0,
	.max = 0,
	.first = WHAT_TEXT,
	.rest = WHAT_TEXT,
	.changes = true,
	.run = run,
};
