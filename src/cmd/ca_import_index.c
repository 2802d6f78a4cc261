/* SPDX-License-Identifier: ISC */
/*
 * ca_import_index.c - a CA that openssl ca or easy-rsa kept goes on here: its key, its certificates, what was
 * revoked, and the number of its list
 */
#include "cmd/ca_rows.h"
#include "cmd/target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct import_opts {
	struct ca_opts ca;
	const char *cert, *key, *root, *certs, *crl_url, *ocsp_url;
	struct target_opts target;
};

struct state {
	struct cli *cli;
	const struct import_opts *opt;
	char *index, *base;     /* the file, and the directory that it lies in */
	struct kst_ca_takeover t;
	struct kst_chain pool;  /* what may stand above it */
	struct kst_chain issued;
	bool has_root;
};

/* ---- finding ---- */

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The first of these that is there, below the directory; NULL. */
static char *first_of(const char *base, const char *const *names)
{
	for (; *names; names++) {
		char *path = kst_asprintf("%s/%s", base, *names);

		if (path && is_file(path))
			return path;
		kst_free(path);
	}
	return NULL;
}

static int find_index(struct state *st)
{
	static const char *const names[] = { "index.txt", "pki/index.txt", "demoCA/index.txt", NULL };
	const char *path = st->cli->operand[0];
	char *slash;

	st->index = is_dir(path) ? first_of(path, names) : kst_strdup(path);
	if (!st->index) {
		kst_error_setx(st->cli->err, KST_E_NO_FILE, "there is no index.txt in this directory");
		return kst_error_subject(st->cli->err, "%s", path);
	}
	st->base = kst_strdup(st->index);
	slash = st->base ? strrchr(st->base, '/') : NULL;
	if (slash)
		*slash = '\0';
	else if (st->base)
		strcpy(st->base, "."); /* which is shorter than any file name */
	st->t.index = st->index;
	return st->base ? 0 : kst_error_nomem(st->cli->err);
}

static int missing(struct state *st, const char *what, const char *option)
{
	kst_error_setx(st->cli->err, KST_E_NOTHING_FOUND, "the %s is not where openssl ca and easy-rsa keep it", what);
	kst_error_subject(st->cli->err, "%s", st->base);
	return cmd_again(st->cli, "name its file", NULL, (const char *const[]){ option, "FILE", NULL });
}

/* ---- reading ---- */

static int push_all(struct state *st, const char *path, struct kst_chain *to)
{
	struct kst_store *s = NULL;
	struct kst_entry *e;
	int ret = -1;

	if (cmd_open(st->cli, path, &s) < 0)
		return -1;
	for (size_t i = 0; i < kst_store_count(s); i++) {
		if (kst_store_entry(s, i, &e, st->cli->err) < 0)
			goto done;
		for (size_t k = 0; k < e->chain.nr; k++)
			if (kst_chain_push(to, e->chain.cert[k]) < 0) {
				kst_error_nomem(st->cli->err);
				goto done;
			}
	}
	ret = 0;
done:
	kst_store_free(s);
	return ret;
}

static int read_cert(struct state *st)
{
	static const char *const names[] = { "ca.crt",	   "cacert.pem",   "ca.pem", "ca.cert.pem", "certs/ca.cert.pem", "certs/ca.crt",
					     "certs/ca.pem", "certs/cacert.pem", NULL };
	char *path = st->opt->cert ? kst_strdup(st->opt->cert) : first_of(st->base, names);
	int ret;

	if (!path)
		return missing(st, "certificate of the CA", "--ca-cert");
	ret = push_all(st, path, &st->pool);
	if (ret == 0 && !st->pool.nr) {
		kst_error_setx(st->cli->err, KST_E_NOTHING_FOUND, "holds no certificate");
		ret = kst_error_subject(st->cli->err, "%s", path);
	}
	if (ret == 0)
		st->t.cert = kst_cert_ref(st->pool.cert[0]);
	kst_free(path);
	return ret;
}

static int read_key(struct state *st)
{
	static const char *const names[] = { "private/ca.key", "private/cakey.pem", "private/ca.key.pem", "private/ca.pem",
					     "cakey.pem",      "ca.key",	    "ca.key.pem",	  NULL };
	char *path = st->opt->key ? kst_strdup(st->opt->key) : first_of(st->base, names);
	struct kst_store *s = NULL;
	struct kst_entry *e;
	int ret = -1;

	if (!path)
		return missing(st, "private key of the CA", "--ca-key");
	if (cmd_open(st->cli, path, &s) < 0)
		goto done;
	for (size_t i = 0; i < kst_store_count(s) && !st->t.key; i++) {
		if (kst_store_entry(s, i, &e, st->cli->err) < 0)
			goto done;
		if (e->kind == KST_KIND_KEY &&
		    (kst_store_open_key(s, i, st->cli->err) < 0 || kst_store_entry(s, i, &e, st->cli->err) < 0 ||
		     kst_key_copy(&st->t.key, e->key, st->cli->err) < 0))
			goto done;
	}
	ret = 0;
	if (!st->t.key) {
		kst_error_setx(st->cli->err, KST_E_NO_PRIVATE_KEY, "holds no private key");
		ret = kst_error_subject(st->cli->err, "%s", path);
	} else if (kst_key_matches(st->t.key, st->t.cert) == 0) {
		kst_error_setx(st->cli->err, KST_E_KEY_MISMATCH, "the private key is not that of the CA's certificate");
		ret = kst_error_subject(st->cli->err, "%s", path);
	}
done:
	kst_store_free(s);
	kst_free(path);
	return ret;
}

static int read_above(struct state *st)
{
	static const char *const names[] = { "root.pem", "root.crt", "ca-chain.pem", "chain.pem", "certs/ca-chain.cert.pem", NULL };
	char *path = st->opt->root ? kst_strdup(st->opt->root) : first_of(st->base, names);
	struct kst_chain all = { .nr = 0 };
	int ret = path ? push_all(st, path, &st->pool) : 0;

	kst_free(path);
	if (ret < 0 || kst_chain_build(&all, st->t.cert, st->pool.cert, st->pool.nr, &st->has_root, st->cli->err) < 0)
		return -1;
	for (size_t i = 1; i < all.nr; i++)
		if (kst_chain_push(&st->t.above, all.cert[i]) < 0)
			ret = kst_error_nomem(st->cli->err);
	kst_chain_release(&all);
	return ret;
}

static int read_issued(struct state *st)
{
	static const char *const dirs[] = { "newcerts", "certs_by_serial", "revoked/certs_by_serial", "issued", "certs", NULL };
	int ret = st->opt->certs ? push_all(st, st->opt->certs, &st->issued) : 0;

	for (const char *const *d = dirs; ret == 0 && *d && !st->opt->certs; d++) {
		char *path = kst_asprintf("%s/%s", st->base, *d);

		if (!path)
			return kst_error_nomem(st->cli->err);
		if (is_dir(path) && push_all(st, path, &st->issued) < 0) {
			/* An empty one is nothing to stop at. */
			ret = st->cli->err->code == KST_E_NOTHING_FOUND || st->cli->err->code == KST_E_UNKNOWN_FORMAT ||
					      st->cli->err->code == KST_E_EMPTY_FILE ?
				      0 :
				      -1;
			if (ret == 0)
				kst_error_clear(st->cli->err);
		}
		kst_free(path);
	}
	st->t.issued = st->issued.cert;
	st->t.nr_issued = st->issued.nr;
	return ret;
}

/* The file has the number of the next list, in hexadecimal. */
static int read_number(struct state *st)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	char *path = kst_asprintf("%s/crlnumber", st->base), *end;
	unsigned long long next;
	int ret = 0;

	if (!path)
		return kst_error_nomem(st->cli->err);
	if (is_file(path)) {
		ret = kst_file_read(path, 4096, &text, st->cli->err);
		next = ret == 0 && text.data ? strtoull((const char *)text.data, &end, 16) : 0;
		if (ret == 0 && (!text.data || end == (char *)text.data || end[strspn(end, " \r\n")] || !next || next >= INT64_MAX)) {
			kst_error_setx(st->cli->err, KST_E_CORRUPT, "is no number of a revocation list");
			ret = kst_error_subject(st->cli->err, "%s", path);
		} else if (ret == 0) {
			st->t.crl_number = next - 1;
		}
	}
	kst_free(path);
	return ret;
}

/* ---- the report ---- */

static void row(struct state *st, struct changes *c, const char *file, const char *type, char *text)
{
	char *path = kst_asprintf("%s/%s", ca_dir(&st->opt->ca), file);

	change_set_text(path ? changes_add(c, CHANGE_CREATED, path, type) : NULL, text);
	kst_free(path);
}

static int report(struct state *st)
{
	const struct kst_ca_takeover *t = &st->t;
	struct kst_save_result res = { .written = !st->cli->g.dry_run && !st->cli->g.check };
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct changes changes = { .nr = 0 };
	size_t all = t->valid + t->revoked + t->expired;
	struct out *o = st->cli->out;
	int ret;

	kst_cert_subject(t->cert, &name);
	row(st, &changes, KST_CA_STORE, "private-key",
	    kst_asprintf("key of the CA %s", name.data ? (const char *)name.data : ""));
	row(st, &changes, KST_CA_LEDGER, NULL,
	    kst_asprintf("%zu valid, %zu revoked, %zu expired; %zu with their certificate", t->valid, t->revoked, t->expired,
			 t->with_cert));
	if (t->nr_issued && !t->with_cert && all)
		out_warn(o, "no-certificates", "none of the certificates that were found belongs to a line of %s", st->index);
	if (!st->has_root)
		out_warn(o, "no-root", "the root above the CA was not found: trust.pem holds the last certificate that was (--root SOURCE)");
	ret = cmd_report(st->cli, ca_dir(&st->opt->ca), &changes, true, &res);
	out_schema(o, "kstool.ca-import-index/1");
	out_str(o, "index", st->index);
	out_str(o, "subject", name.data ? (const char *)name.data : "");
	out_int(o, "valid", (int64_t)t->valid);
	out_int(o, "revoked", (int64_t)t->revoked);
	out_int(o, "expired", (int64_t)t->expired);
	out_int(o, "with_certificate", (int64_t)t->with_cert);
	if (res.written)
		out_note(o, "from now on only kstool may sign with this key: openssl ca and easy-rsa would not know of it");
	changes_release(&changes);
	return ret;
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	struct kst_open_options open = cmd_open_options(cli, false);
	bool dry = cli->g.dry_run || cli->g.check;
	int ret = -1;

	if (target_save_options(cli, &st.opt->target, false, &st.t.save) < 0)
		return -1;
	if (st.t.save.write.no_pass) {
		kst_error_setx(cli->err, KST_E_EMPTY_PASSPHRASE, "the keys of a CA are never without passphrase");
		return kst_error_subject(cli->err, "--new-pass none");
	}
	st.t.crl_url = st.opt->crl_url;
	st.t.ocsp_url = st.opt->ocsp_url;
	if (find_index(&st) < 0 || read_cert(&st) < 0 || read_key(&st) < 0 || read_above(&st) < 0 || read_issued(&st) < 0 ||
	    read_number(&st) < 0)
		goto done;
	cmd_working(cli, "taking the CA over");
	if (kst_ca_take_over(ca_dir(&st.opt->ca), &st.t, &open, dry, cli->err) < 0)
		goto done;
	if (!dry)
		ask_cli_keep(cli->ask);
	ret = report(&st);
done:
	kst_cert_free(st.t.cert);
	kst_key_free(st.t.key);
	kst_chain_release(&st.t.above);
	kst_chain_release(&st.pool);
	kst_chain_release(&st.issued);
	kst_free(st.index);
	kst_free(st.base);
	return ret;
}

static const struct opt options[] = {
	CA_OPTION(struct import_opts),
	{ "ca-cert", 0, OPT_TEXT, offsetof(struct import_opts, cert), WHAT_SOURCE, "FILE",
	  "certificate of the CA, where it is not found", NULL, false },
	{ "ca-key", 0, OPT_TEXT, offsetof(struct import_opts, key), WHAT_SOURCE, "FILE",
	  "its private key, where it is not found", NULL, false },
	{ "root", 0, OPT_TEXT, offsetof(struct import_opts, root), WHAT_SOURCE, "SOURCE",
	  "CAs above it, up to the root", NULL, false },
	{ "certs", 0, OPT_TEXT, offsetof(struct import_opts, certs), WHAT_SOURCE, "SOURCE",
	  "certificates that it has issued, instead of those that are found", NULL, false },
	{ "crl-url", 0, OPT_TEXT, offsetof(struct import_opts, crl_url), WHAT_TEXT, "URL",
	  "where clients find its revocation list; for certificates to come", NULL, false },
	{ "ocsp-url", 0, OPT_TEXT, offsetof(struct import_opts, ocsp_url), WHAT_TEXT, "URL",
	  "its OCSP responder; for certificates to come", NULL, false },
	TARGET_KDF(struct import_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool ca import-index easy-rsa/pki --ca newpki", "what easy-rsa kept" },
	{ "kstool ca import-index demoCA --ca newpki --dry-run", "what would be taken over" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_import_index = {
	.name = "ca import-index",
	.group = GROUP_CA,
	.operands = "DIR|index.txt",
	.summary = "take over a CA of openssl ca or easy-rsa",
	.help = "Makes a CA directory of one that openssl ca or easy-rsa kept, all or nothing: the\n"
		"lines of index.txt with their serial numbers, dates of revocation and reasons; the\n"
		"certificates of newcerts, certs_by_serial, issued and certs; certificate and key of\n"
		"the CA, whose passphrase is asked for; and the number of its next revocation list,\n"
		"which is made at once. The old directory is not touched.\n"
		"\n"
		"What is revoked stays revoked, and no serial number is given twice. From then on\n"
		"nothing else may sign with the key: two lists of one CA would contradict each other.\n",
	.examples = examples,
	.exits = "0 1 3 4 5 8",
	.opts = options,
	.size = sizeof(struct import_opts),
	.min = 1,
	.max = 1,
	.first = WHAT_DIR,
	.rest = WHAT_DIR,
	.changes = true,
	.run = run,
};
