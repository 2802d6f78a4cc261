/* SPDX-License-Identifier: ISC */
/*
 * export.c - certificates, chains and keys of a store as PEM (or DER)
 *
 * A private key leaves encrypted, or with --plain-key into a new file of mode
 * 0600 or a pipe: never onto a terminal, never over a file that exists.
 */
#include "cmd/deliver.h"
#include "cmd/entries.h"
#include "cmd/live.h"
#include "cmd/picture.h"
#include "cmd/public.h"
#include "cmd/split.h"
#include "cmd/target.h"

#include <string.h>
#include <unistd.h>

struct export_opts {
	const char *out, *split;
	bool chain, ca, key, public_key, ssh, jwk, der, plain_key, replace;
	struct opt_int iterations;
	struct live_opts live;
};

struct state {
	struct cli *cli;
	const struct export_opts *opt;
	struct kst_store *store;
	struct kst_buf data;
	size_t objects, keys;
	struct kst_store *keys_only; /* --jwk: what is written */
	struct kst_secret pass; /* of exported keys, asked for once */
	bool has_pass;
};

static bool is_public(const struct export_opts *opt)
{
	return opt->public_key || opt->ssh || opt->jwk;
}

static void put(struct state *st, const char *label, const uint8_t *der, size_t n)
{
	st->objects++;
	if (st->opt->der)
		kst_buf_put(&st->data, der, n);
	else
		kst_pem_block(&st->data, label, der, n);
}

static void put_cert(struct state *st, const struct kst_cert *cert)
{
	struct kst_bytes der = kst_cert_der(cert);

	put(st, "CERTIFICATE", der.data, der.len);
}

static int ask_new(struct state *st)
{
	struct kst_question q = {
		.what = KST_ASK_NEW_STORE,
		.path = st->opt->out ? st->opt->out : "the exported key",
		.format = "PEM",
		.why = "1 private key",
	};
	enum kst_ask_source source;
	int got;

	if (st->has_pass)
		return 0;
	got = st->cli->asker.ask(st->cli->asker.ctx, &q, &st->pass, &source, st->cli->err);
	if (got > 0) {
		kst_error_setx(st->cli->err, KST_E_PASSPHRASE_NEEDED,
			       "a passphrase is needed for the exported key");
		return kst_error_hint(st->cli->err,
				      "add --new-pass file:PATH, or --plain-key to export it open");
	}
	st->has_pass = got == 0;
	return got;
}

static int put_key(struct state *st, size_t i)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_pbe_options pbe = { .iterations = 0 };
	struct kst_entry *e;

	if (kst_store_open_key(st->store, i, st->cli->err) < 0 ||
	    kst_store_entry(st->store, i, &e, st->cli->err) < 0)
		return -1;
	if (!e->key) {
		kst_error_setx(st->cli->err, KST_E_NO_PRIVATE_KEY, "\"%s\" has no private key",
			       e->alias ? e->alias : "(no name)");
		return kst_error_subject(st->cli->err, "%s", kst_store_path(st->store));
	}
	st->keys++;
	if (st->opt->plain_key) {
		put(st, "PRIVATE KEY", e->key->pkcs8.data, e->key->pkcs8.len);
		return 0;
	}
	if (target_iterations(st->cli, &st->opt->iterations, &pbe) < 0 || ask_new(st) < 0 ||
	    kst_key_seal(e->key, &st->pass, &pbe, &der, st->cli->err) < 0)
		return -1;
	put(st, "ENCRYPTED PRIVATE KEY", der.data, der.len);
	return 0;
}

static int put_public(struct state *st, size_t i)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_entry *e = NULL;
	int got;

	if (st->opt->jwk) {
		got = public_entry(st->cli, st->store, i, &e);
		st->objects += got == 0;
		return got ? got : kst_store_add(st->keys_only, e, NULL, st->cli->err);
	}
	if (st->opt->ssh) {
		got = public_ssh(st->cli, st->store, i, &st->data);
		st->objects += got == 0;
		return got;
	}
	got = public_spki(st->cli, st->store, i, &spki);
	if (!got)
		put(st, KST_LABEL_PUBLIC_KEY, spki.data, spki.len);
	return got;
}

static int put_entry(struct state *st, size_t i, bool named)
{
	struct kst_entry *e;
	size_t from = 0, to;

	if (kst_store_entry(st->store, i, &e, st->cli->err) < 0)
		return -1;
	if (is_public(st->opt))
		return put_public(st, i) < 0 ? -1 : 0;
	if (st->opt->key) {
		if (e->kind != KST_KIND_KEY && !named)
			return 0;
		if (put_key(st, i) < 0)
			return -1;
		if (!st->opt->chain)
			return 0;
		if (kst_store_entry(st->store, i, &e, st->cli->err) < 0)
			return -1;
	}
	if (e->kind == KST_KIND_CSR || e->kind == KST_KIND_CRL)
		put(st, e->kind == KST_KIND_CSR ? "CERTIFICATE REQUEST" : "X509 CRL", e->der.data,
		    e->der.len);
	if (e->kind == KST_KIND_OPAQUE && named && st->opt->der) {
		st->keys++; /* nobody knows: be careful */
		put(st, "", e->der.data, e->der.len);
	}
	to = st->opt->chain || st->opt->ca ? e->chain.nr : e->chain.nr ? 1 : 0;
	if (st->opt->ca && (e->kind == KST_KIND_KEY || kst_store_server(st->store)))
		from = 1;
	for (size_t k = from; k < to; k++)
		put_cert(st, e->chain.cert[k]);
	return 0;
}

static int collect(struct state *st)
{
	struct cli *cli = st->cli;

	if (cli->nr == 1)
		for (size_t i = 0; i < kst_store_count(st->store); i++)
			if (put_entry(st, i, false) < 0)
				return -1;
	for (size_t k = 1; k < cli->nr; k++) {
		size_t i;

		if (kst_store_find(st->store, cli->operand[k], &i, cli->err) < 0 ||
		    put_entry(st, i, true) < 0)
			return -1;
	}
	if (st->objects)
		goto found;
	kst_error_setx(cli->err, KST_E_NOTHING_FOUND, "holds nothing of that sort");
	return kst_error_subject(cli->err, "%s", cli->operand[0]);
found:
	if (!st->opt->der || st->objects == 1)
		return 0;
	kst_error_setx(cli->err, KST_E_USAGE, "DER holds one object, and there are %zu",
		       st->objects);
	return kst_error_hint(cli->err, "name one entry, or leave out --der");
}

static int deliver(struct state *st)
{
	struct cli *cli = st->cli;
	const struct export_opts *opt = st->opt;
	bool secret = st->keys && !is_public(opt), plain = secret && opt->plain_key;
	struct deliver d = {
		.path = opt->out,
		.data = &st->data,
		.secret = secret,
		.replace = opt->replace && !plain, /* never an open key over anything */
		.keeps = plain,
		.binary = opt->der,
		.what = "DER",
	};

	if (deliver_is_file(&d)) {
		struct kst_save_result res = { .written = false };
		struct changes changes = { .nr = 0 };
		int ret = deliver_file(cli, &d,
				       kst_asprintf("%zu object%s", st->objects,
						    st->objects == 1 ? "" : "s"),
				       &changes, &res);

		if (!ret)
			ret = cmd_report(cli, opt->out, &changes, false, &res);
		changes_release(&changes);
		return ret;
	}
	if (plain && (isatty(STDOUT_FILENO) || cli->g.json)) {
		kst_error_setx(cli->err, KST_E_PLAIN_KEY, "an unencrypted private key is shown neither "
							  "on a terminal nor in JSON");
		return kst_error_hint(cli->err, "use -o FILE");
	}
	return deliver_out(cli, &d);
}

/* What is exported as JSON Web Keys is a store of its own, with public keys alone. */
static int dump_keys(struct state *st)
{
	static const struct kst_save_options save;

	return kst_store_write_buf(st->keys_only, &st->data, &save, st->cli->err);
}

static int start_keys(struct state *st)
{
	struct kst_open_options open = cmd_open_options(st->cli, true);

	return kst_store_new(&st->keys_only, st->opt->out ? st->opt->out : "standard output",
			     kst_format_by_name("jwks"), &open, st->cli->err);
}

static int check_forms(struct cli *cli, const struct export_opts *opt)
{
	int forms = opt->public_key + opt->ssh + opt->jwk;

	if (forms > 1)
		return kst_error_setx(cli->err, KST_E_USAGE,
				      "--public-key, --ssh and --jwk are three forms of one thing");
	if (forms && (opt->key || opt->chain || opt->ca)) {
		kst_error_setx(cli->err, KST_E_USAGE,
			       "is public, and goes with none of --key, --chain and --ca");
	} else if ((opt->ssh || opt->jwk) && opt->der) {
		kst_error_setx(cli->err, KST_E_USAGE, "is text, and does not go with --der");
	} else {
		return 0;
	}
	return kst_error_subject(cli->err, "%s",
				 opt->ssh ? "--ssh" : opt->jwk ? "--jwk" : "--public-key");
}

static int split(struct state *st)
{
	struct kst_save_result res = { .written = true };
	struct changes changes = { .nr = 0 };
	size_t nr = kst_store_count(st->store);
	struct kst_entry **e = kst_calloc(nr + st->cli->nr, sizeof(*e));
	int ret = e ? 0 : kst_error_nomem(st->cli->err);

	if (st->cli->nr > 1 && !ret) {
		nr = 0;
		for (size_t k = 1; !ret && k < st->cli->nr; k++) {
			size_t i;

			ret = kst_store_find(st->store, st->cli->operand[k], &i, st->cli->err);
			if (!ret)
				ret = kst_store_entry(st->store, i, &e[nr++], st->cli->err);
		}
	} else {
		for (size_t i = 0; !ret && i < nr; i++)
			ret = kst_store_entry(st->store, i, &e[i], st->cli->err);
	}
	if (!ret)
		ret = split_certs(st->cli, st->opt->split, e, nr, &changes);
	res.written = false;
	for (size_t i = 0; i < changes.nr; i++)
		res.written |= changes.row[i].action == CHANGE_CREATED;
	if (!ret)
		ret = cmd_report(st->cli, st->opt->split, &changes, false, &res);
	changes_release(&changes);
	kst_free(e);
	return ret;
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	int ret = -1;

	if (st.opt->plain_key && !st.opt->key) {
		kst_error_setx(cli->err, KST_E_USAGE, "goes with --key");
		return kst_error_subject(cli->err, "--plain-key");
	}
	if (st.opt->split && (st.opt->key || st.opt->der || is_public(st.opt) || st.opt->out ||
			      st.opt->plain_key || cli->g.new_pass.nr)) {
		kst_error_setx(cli->err, KST_E_USAGE, "writes certificates as PEM files, and goes with "
						      "none of --key, --plain-key, --public-key, --ssh, --jwk, --der, -o "
						      "and --new-pass");
		return kst_error_subject(cli->err, "--split");
	}
	if (check_forms(cli, st.opt) < 0)
		return -1;
	/* Encrypted anew, a key is never the same file. */
	if (st.opt->key && !st.opt->plain_key && !st.opt->replace && st.opt->out &&
	    strcmp(st.opt->out, "-") && cmd_fresh(cli, st.opt->out, true) < 0)
		return -1;
	cmd_output(cli, st.opt->out, st.opt->replace && !st.opt->plain_key);
	out_schema(cli->out, "kstool.export/1");
	if (cmd_open(cli, cli->operand[0], &st.store) < 0 || (st.opt->jwk && start_keys(&st) < 0))
		goto done;
	if (st.opt->split)
		ret = split(&st);
	else if (!collect(&st) && (!st.keys_only || !dump_keys(&st)))
		ret = st.data.failed ? kst_error_nomem(cli->err) : deliver(&st);
done:
	kst_secret_release(&st.pass);
	kst_buf_release(&st.data);
	kst_store_free(st.keys_only);
	kst_store_free(st.store);
	return ret;
}

static const struct opt options[] = {
	{ "chain", 0, OPT_FLAG, offsetof(struct export_opts, chain), WHAT_TEXT, NULL,
	  "the whole chain, leaf first", NULL, false },
	{ "ca", 0, OPT_FLAG, offsetof(struct export_opts, ca), WHAT_TEXT, NULL,
	  "only the CA certificates of the chain", NULL, false },
	{ "key", 0, OPT_FLAG, offsetof(struct export_opts, key), WHAT_TEXT, NULL,
	  "the private key, encrypted under --new-pass", NULL, false },
	{ "plain-key", 0, OPT_FLAG, offsetof(struct export_opts, plain_key), WHAT_TEXT, NULL,
	  "with --key: not encrypted", NULL, false },
	{ "public-key", 0, OPT_FLAG, offsetof(struct export_opts, public_key), WHAT_TEXT, NULL,
	  "the public key (SubjectPublicKeyInfo)", NULL, false },
	{ "ssh", 0, OPT_FLAG, offsetof(struct export_opts, ssh), WHAT_TEXT, NULL,
	  "the public key as a line of OpenSSH, with the alias as comment", NULL, false },
	{ "jwk", 0, OPT_FLAG, offsetof(struct export_opts, jwk), WHAT_TEXT, NULL,
	  "the public keys as a JSON Web Key Set, with their certificates", NULL, false },
	{ "der", 0, OPT_FLAG, offsetof(struct export_opts, der), WHAT_TEXT, NULL,
	  "DER instead of PEM; one object", NULL, false },
	{ "iterations", 0, OPT_INT, offsetof(struct export_opts, iterations), WHAT_NUMBER, "N",
	  "PBKDF2 iterations of an encrypted key; 200000 if not given", NULL, false },
	{ "output", 'o', OPT_TEXT, offsetof(struct export_opts, out), WHAT_FILE, "FILE",
	  "where it goes; standard output if not given", NULL, false },
	{ "split", 0, OPT_TEXT, offsetof(struct export_opts, split), WHAT_DIR, "DIR",
	  "one PEM file for each entry", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct export_opts, replace), WHAT_TEXT, NULL,
	  "replace a file that exists", NULL, false },
	LIVE_OPTIONS(struct export_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool export app.p12 api --chain -o chain.pem", "what a web server wants" },
	{ "kstool export app.kst api --key --plain-key -o api.key", "the key, open, mode 0600" },
	{ "kstool export app.p12 api --ssh >> authorized_keys", "its public key for OpenSSH" },
	{ "kstool export app.p12 --jwk -o keys.jwks", "what who verifies its tokens needs" },
	{ "kstool export www.acme.test:443 --chain -o server.pem", "what a server sends" },
	{ "kstool export trust.kst > bundle.pem", "a truststore as a PEM bundle" },
	{ NULL, NULL }
};
const struct cmd cmd_export = {
	.name = "export",
	.group = GROUP_MAKE,
	.operands = "SOURCE [ENTRY]...",
	.summary = "certificates (or --key) out, as PEM",
	.help = "Writes the certificate of each named entry, or of all, as PEM to standard output\n"
		"or a file. A private key leaves only with --key, encrypted unless --plain-key is\n"
		"given too.\n",
	.examples = examples,
	.exits = "0 1 3 4 5 6 7 8",
	.opts = options,
	.live = LIVE_AT(struct export_opts),
	.size = sizeof(struct export_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_SOURCE,
	.rest = WHAT_ENTRY,
	.changes = true,
	.run = run,
};
