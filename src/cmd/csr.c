/* SPDX-License-Identifier: ISC */
/*
 * csr.c - a certificate request for a key
 *
 * Names and usages are those of the present certificate, so that a renewal asks
 * for what is there.  With --new-key the request is for the next key, which waits
 * beside the present one as ALIAS.next until `import` is given the CA's reply; a
 * second run finds it there.
 */
#include "cmd/deliver.h"
#include "cmd/describe.h"
#include "cmd/entries.h"
#include "cmd/make.h"
#include "cmd/target.h"

#include <string.h>
#include <sys/stat.h>

struct csr_opts {
	const char *out, *subject, *alg, *purpose;
	struct opt_list host, ou;
	bool new_key, der, replace;
	struct target_opts target;
};

struct state {
	struct cli *cli;
	const struct csr_opts *opt;
	struct kst_store *store;
	const char **host;
	size_t at;            /* the entry that is named */
	char *alias;          /* what the request is for, in messages */
	struct kst_cert *from; /* its certificate; NULL: none */
	struct kst_buf der, data;
	struct kst_csr csr;
	struct changes changes;
};

/* ---- which key ---- */

static int several(struct state *st, size_t first)
{
	struct kst_error *err = st->cli->err;
	const char *path = kst_store_path(st->store);
	struct kst_head h;

	kst_error_setx(err, KST_E_USAGE, "holds several private keys, and which one is meant is not said");
	kst_error_subject(err, "%s", path);
	if (!kst_store_head(st->store, first, &h, NULL) && h.alias)
		cmd_again(st->cli, NULL, NULL, (const char *const[]){ h.alias, NULL });
	return cmd_again_as(st->cli, cmd_find("list"), "which there are", NULL,
			    (const char *const[]){ "--type", "key", NULL });
}

/* The name of the key that waits for its certificate beside `alias`.  NULL without memory. */
static char *next_of(const char *alias)
{
	return kst_asprintf("%s" ENTRIES_NEXT, alias);
}

/* The only private key; one that waits beside another is not counted. */
static int only_key(struct state *st)
{
	size_t found = KST_NO_BASE;
	struct kst_head h;

	for (size_t i = 0; i < kst_store_count(st->store); i++) {
		if (kst_store_head(st->store, i, &h, st->cli->err) < 0)
			return -1;
		if (h.kind != KST_KIND_KEY ||
		    (h.alias && entries_current(st->store, h.alias) != KST_NO_BASE))
			continue;
		if (found != KST_NO_BASE)
			return several(st, found);
		found = i;
	}
	if (found == KST_NO_BASE) {
		kst_error_setx(st->cli->err, KST_E_NO_PRIVATE_KEY, "holds no private key");
		kst_error_subject(st->cli->err, "%s", kst_store_path(st->store));
		/* Beside a certificate lies its key in a file of its own; a store can have a new one. */
		if (kst_store_format(st->store)->caps & KST_CAP_LOOSE)
			return kst_error_hint(st->cli->err, "a request is made with the private key: name its file");
		return cmd_again_as(st->cli, cmd_find("keygen"), "to make one", NULL,
				    (const char *const[]){ "--host", "NAME", NULL });
	}
	st->at = found;
	return 0;
}

static int choose(struct state *st)
{
	struct cli *cli = st->cli;
	struct kst_entry *e;

	if (cli->nr < 2 ? only_key(st) < 0
			: kst_store_find(st->store, cli->operand[1], &st->at, cli->err) < 0)
		return -1;
	if (kst_store_entry(st->store, st->at, &e, cli->err) < 0)
		return -1;
	if (e->kind != KST_KIND_KEY) {
		kst_error_setx(cli->err, KST_E_NO_PRIVATE_KEY,
			       "\"%s\" has no private key, so nothing can be requested for it",
			       e->alias ? e->alias : cli->operand[1]);
		return kst_error_subject(cli->err, "%s", cli->operand[0]);
	}
	st->alias = kst_strdup(e->alias && !e->alias_derived ? e->alias : cli->operand[0]);
	st->from = kst_entry_leaf(e) ? kst_cert_ref(kst_entry_leaf(e)) : NULL;
	return st->alias ? 0 : kst_error_nomem(cli->err);
}

/* ---- the next key ---- */

static char *alg_of(const struct state *st)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_entry *e;

	if (st->opt->alg)
		return kst_strdup(st->opt->alg);
	if (st->from)
		kst_cert_key_text(st->from, false, &text);
	else if (kst_store_entry(st->store, st->at, &e, NULL) == 0)
		kst_key_text(e->key, false, &text);
	return text.len ? make_alg_of((const char *)text.data) : kst_strdup("p256");
}

/* A store for Java holds no key without a certificate: it gets a place holder, as from keygen. */
static int make_next(struct state *st, char *alias, const char *alg)
{
	struct kst_self_sign how = {
		.subject = st->opt->subject, .host = st->host, .from = st->from, .days = MAKE_DAYS,
		.ou = st->opt->ou.item
	};
	struct kst_entry *e = kst_entry_new(KST_KIND_KEY);
	struct kst_error *err = st->cli->err;
	struct kst_cert *cert = NULL;
	struct change *c;
	size_t i;

	if (!e) {
		kst_free(alias);
		return kst_error_nomem(err);
	}
	e->alias = alias;
	e->origin = kst_strdup("kstool");
	cmd_working(st->cli, "making a key");
	if (kst_key_generate(&e->key, alg, err) < 0) {
		kst_error_subject(err, "--alg %s", alg);
		goto fail;
	}
	if (kst_key_self_sign(&cert, e->key, &how, err) < 0)
		goto fail;
	int pushed = kst_chain_push(&e->chain, cert);
	kst_cert_free(cert);
	if (pushed < 0) {
		kst_error_nomem(err);
		goto fail;
	}
	if (kst_store_add(st->store, e, &i, err) < 0 ||
	    kst_store_entry(st->store, i, &e, err) < 0)
		return -1;
	c = changes_add(&st->changes, CHANGE_ADDED, e->alias, "private-key");
	if (c) {
		c->text = kst_asprintf("the next key of \"%s\", %s; import the CA's reply to swap it in",
				       st->alias, alg);
		c->has_after = entries_hash(e, c->after);
	}
	st->at = i;
	return 0;
fail:
	kst_entry_free(e);
	return -1;
}

static int reuse_next(struct state *st, size_t i, const char *alg)
{
	struct kst_error *err = st->cli->err;
	struct change *c;
	struct kst_head h;

	if (kst_store_head(st->store, i, &h, err) < 0)
		return -1;
	if (h.kind != KST_KIND_KEY || (st->opt->alg && !make_same_alg(h.key, alg))) {
		kst_error_setx(err, KST_E_ALIAS_CONFLICT, "\"%s\" already holds %s%s", h.alias,
			       h.kind == KST_KIND_KEY ? "a key " : "something else",
			       h.kind == KST_KIND_KEY && h.key ? h.key : "");
		kst_error_subject(err, "%s", kst_store_path(st->store));
		return kst_error_command(err, "kstool", "remove", kst_store_path(st->store), h.alias,
					 NULL);
	}
	c = changes_add(&st->changes, CHANGE_UNCHANGED, h.alias, "private-key");
	if (c)
		c->text = kst_asprintf("the next key of \"%s\" is there already", st->alias);
	st->at = i;
	return 0;
}

static int next_key(struct state *st)
{
	const char *path = kst_store_path(st->store);
	char *alias, *alg = alg_of(st);
	size_t i;
	int ret;

	if (!(kst_store_format(st->store)->caps & KST_CAP_ALIASES)) {
		kst_error_setx(st->cli->err, KST_E_CANNOT_HOLD,
			       "%s holds no second key beside the first",
			       kst_store_format(st->store)->title);
		kst_error_subject(st->cli->err, "%s", path);
		kst_free(alg);
		return kst_error_hint(st->cli->err, "kstool keygen makes a new key file");
	}
	if (kst_store_format(st->store)->caps & KST_CAP_LOOSE)
		ask_cli_creating(st->cli->ask); /* --pass is the passphrase of the next key, too */
	alias = next_of(st->alias);
	if (!alias || !alg) {
		kst_free(alias);
		kst_free(alg);
		return kst_error_nomem(st->cli->err);
	}
	i = kst_store_find_alias(st->store, alias);
	if (i != KST_NO_BASE) {
		ret = reuse_next(st, i, alg);
		kst_free(alias);
	} else {
		ret = make_next(st, alias, alg); /* which takes the alias */
	}
	kst_free(alg);
	return ret;
}

/* ---- the request ---- */

static int request(struct state *st)
{
	struct kst_request how = {
		.subject = st->opt->subject, .host = st->host, .from = st->from, .ou = st->opt->ou.item
	};
	const char *purpose = st->opt->purpose ? st->opt->purpose : "";
	struct kst_buf sans KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error *err = st->cli->err;
	struct kst_entry *e;

	how.server = !strcmp(purpose, "server") || !strcmp(purpose, "both");
	how.client = !strcmp(purpose, "client") || !strcmp(purpose, "both");
	if (kst_store_open_key(st->store, st->at, err) < 0 ||
	    kst_store_entry(st->store, st->at, &e, err) < 0)
		return -1;
	if (kst_key_request(&st->der, e->key, &how, err) < 0 ||
	    kst_csr_parse(&st->csr, st->der.data, st->der.len, err) < 0)
		return kst_error_subject(err, "%s", kst_store_path(st->store));
	describe_request_sans(&st->csr, &sans);
	if (!sans.len && !(how.client && !how.server))
		out_warn(st->cli->out, "no-san",
			 "%s: the request has no subjectAltName, and no client looks at a CN: add --host",
			 st->alias);
	if (st->opt->der)
		kst_buf_put(&st->data, st->der.data, st->der.len);
	else
		kst_pem_block(&st->data, "CERTIFICATE REQUEST", st->der.data, st->der.len);
	return st->data.failed ? kst_error_nomem(err) : 0;
}

/* A signature is another one each time; what is asked for is the same. */
static bool asks_the_same(void *ctx, const char *path)
{
	const struct state *st = ctx;
	struct kst_open_options opt = { .asker = NULL };
	struct kst_store *s = NULL;
	struct kst_entry *e;
	struct kst_csr there;
	struct stat st_path;
	bool same;

	/* A fifo would wait for a writer that never comes. */
	if (stat(path, &st_path) < 0 || !S_ISREG(st_path.st_mode))
		return false;
	if (kst_store_open(&s, path, &opt, NULL) < 0)
		return false;
	same = kst_store_count(s) == 1 && !kst_store_entry(s, 0, &e, NULL) &&
	       e->kind == KST_KIND_CSR && !kst_csr_parse(&there, e->der.data, e->der.len, NULL) &&
	       there.asked.len == st->csr.asked.len &&
	       !memcmp(there.asked.data, st->csr.asked.data, there.asked.len);
	kst_store_free(s);
	return same;
}

/* The row of the file, which deliver_file() made last. */
static void say_names(struct state *st)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&b, "names: ");
	size_t at = b.len;
	describe_request_sans(&st->csr, &b);
	if (b.len == at)
		kst_buf_puts(&b, "none");
	if (!b.failed)
		st->changes.row[st->changes.nr - 1].more = kst_strndup((char *)b.data, b.len);
}

static char *what(const struct state *st)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_printf(&b, "request for %s, ", st->alias);
	kst_csr_key_text(&st->csr, &b);
	kst_buf_puts(&b, ", ");
	kst_csr_subject(&st->csr, &b);
	return b.failed ? NULL : kst_strndup((char *)b.data, b.len);
}

static int report(struct state *st, const struct kst_save_result *res)
{
	struct cli *cli = st->cli;
	/* To people the line is about the file that there is now; of the store nothing was touched. */
	const char *about = out_is(cli->out, OUT_TEXT) && !st->opt->new_key && st->opt->out ? st->opt->out : cli->operand[0];
	int ret = 0;

	if (st->changes.nr || cli->g.json)
		ret = cmd_report(cli, about, &st->changes, false, res);
	out_schema(cli->out, "kstool.csr/1");
	out_str(cli->out, "alias", st->alias);
	describe_request(cli->out, &st->csr);
	out_str(cli->out, "output", st->opt->out && strcmp(st->opt->out, "-") ? st->opt->out : NULL);
	return ret;
}

static int finish(struct state *st, const struct kst_save_options *save)
{
	struct cli *cli = st->cli;
	bool dry = cli->g.dry_run || cli->g.check;
	struct kst_save_result res = { .written = false };
	struct deliver d = {
		.path = st->opt->out,
		.data = &st->data,
		.replace = st->opt->replace,
		.binary = st->opt->der,
		.what = "DER",
		.same = asks_the_same,
		.ctx = st,
	};
	int ret;

	if (!deliver_is_file(&d))
		out_data_mode(cli->out);
	else if (!asks_the_same(st, d.path) && deliver_check(cli, &d) < 0)
		return -1;
	if (st->opt->new_key && cmd_save(cli, st->store, &st->changes, save, &res) < 0)
		return -1;
	if (deliver_is_file(&d)) {
		if (deliver_file(cli, &d, what(st), &st->changes, &res) < 0)
			return -1;
		say_names(st);
	}
	ret = report(st, &res);
	/* In a dry run the next key is gone, and nobody could use a request for it. */
	if (deliver_is_file(&d) || (dry && st->opt->new_key)) {
		out_null(cli->out, "data");
		out_null(cli->out, "data_base64");
	} else if (deliver_out(cli, &d) < 0) {
		return -1;
	}
	return ret;
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	struct kst_save_options save;
	const char **asked = NULL;
	int ret = -1;

	if (st.opt->alg && !st.opt->new_key) {
		kst_error_setx(cli->err, KST_E_USAGE, "goes with --new-key");
		return kst_error_subject(cli->err, "--alg");
	}
	if (target_save_options(cli, &st.opt->target, false, &save) < 0 ||
	    make_hosts(cli, &st.opt->host, &st.host) < 0)
		return -1;
	cmd_output(cli, st.opt->out, st.opt->replace);
	if ((st.opt->new_key ? cmd_edit(cli, cli->operand[0], false, 0, &st.store)
			     : cmd_open(cli, cli->operand[0], &st.store)) < 0 ||
	    choose(&st) < 0)
		goto done;
	if (!st.host[0] && !st.opt->subject && !st.from) {
		if (make_ask_hosts(cli, cli->operand[0], &asked) < 0)
			goto done;
		make_free_hosts(st.host);
		st.host = asked;
	}
	if ((!st.opt->new_key || next_key(&st) == 0) && request(&st) == 0)
		ret = finish(&st, &save);
done:
	changes_release(&st.changes);
	kst_buf_release(&st.der);
	kst_buf_release(&st.data);
	kst_cert_free(st.from);
	kst_free(st.alias);
	make_free_hosts(st.host);
	kst_store_free(st.store);
	return ret;
}

static const char *const purposes[] = { "server", "client", "both", NULL };
static const struct opt options[] = {
	{ "output", 'o', OPT_TEXT, offsetof(struct csr_opts, out), WHAT_FILE, "FILE",
	  "where it goes; standard output if not given", NULL, false },
	{ "host", 0, OPT_LIST, offsetof(struct csr_opts, host), WHAT_TEXT, "NAME[,NAME]",
	  "ask for these names instead of those of the certificate; the first is the CN", NULL,
	  false },
	{ "subject", 0, OPT_TEXT, offsetof(struct csr_opts, subject), WHAT_TEXT, "DN",
	  "ask for this subject, as \"CN=api,O=Acme\"", NULL, false },
	{ "ou", 0, OPT_LIST, offsetof(struct csr_opts, ou), WHAT_TEXT, "UNIT",
	  "organizational unit instead of those of the subject; may be repeated", NULL, false },
	{ "purpose", 0, OPT_CHOICE, offsetof(struct csr_opts, purpose), WHAT_CHOICE, "PURPOSE",
	  "ask for a certificate for this, whatever the present one is for", purposes, false },
	{ "new-key", 0, OPT_FLAG, offsetof(struct csr_opts, new_key), WHAT_TEXT, NULL,
	  "for a new key, kept as ENTRY.next until the reply is imported", NULL, false },
	{ "alg", 0, OPT_TEXT, offsetof(struct csr_opts, alg), WHAT_CHOICE, "ALG",
	  "kind of the new key; that of the present one if not given", make_algs, false },
	{ "der", 0, OPT_FLAG, offsetof(struct csr_opts, der), WHAT_TEXT, NULL,
	  "DER instead of PEM", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct csr_opts, replace), WHAT_TEXT, NULL,
	  "replace a file that exists", NULL, false },
	TARGET_OPTIONS(struct csr_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool csr app.p12 api -o api.csr", "renew: the same names, the same key" },
	{ "kstool csr app.kst api --new-key -o api.csr", "renew with a new key" },
	{ "kstool csr app.p12 api --purpose both -o api.csr", "for a server that is a client of others, too" },
	{ "kstool csr tls.key --host www.acme.test,acme.test", "for a key file" },
	{ NULL, NULL }
};
const struct cmd cmd_csr = {
	.name = "csr",
	.group = GROUP_MAKE,
	.operands = "STORE|KEYFILE [ENTRY]",
	.summary = "certificate request for a key",
	.help = "Writes a certificate request (PKCS#10) for a private key, as PEM to standard output\n"
		"or a file. Subject, names and usages are copied from the key's certificate; --host,\n"
		"--subject, --ou and --purpose ask for others. ENTRY may be left out where there is one private key.\n"
		"\n"
		"With --new-key the request is for a new key, which is kept beside the present one as\n"
		"ENTRY.next: the present one stays in use until the CA's reply is given to import,\n"
		"which puts the new key and its certificate in the place of the old ones.\n",
	.examples = examples,
	.exits = "0 1 4 5 6 8",
	.opts = options,
	.size = sizeof(struct csr_opts),
	.min = 1,
	.max = 2,
	.first = WHAT_STORE,
	.rest = WHAT_ENTRY,
	.changes = true,
	.run = run,
};
