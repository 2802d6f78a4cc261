/* SPDX-License-Identifier: ISC */
/*
 * ca_renew.c - ca renew: the same names again, for the same key or a new one
 *
 * For the same key nothing secret is needed but the CA's own: where the store of the
 * certificate is at hand, the new one takes the place of the old one in it.
 */
#include "cmd/ca_order.h"
#include "cmd/ca_ours.h"
#include "cmd/ca_renew.h"
#include "cmd/make.h"

#include <string.h>
#include <unistd.h>

#define FILE_MAX (UINT64_C(16) << 20)

struct renew_opts {
	struct ca_opts ca;
	struct ca_files_opts files;
	const char *expiring, *alg;
	struct opt_int days, jobs;
	bool new_key;
};

/* ---- orders ---- */

struct carry {
	struct ca_sans *sans;
	bool lost; /* something of the old certificate cannot be in a new one */
	struct kst_error *err;
};

static int add_san(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	static const char *const word[] = { "dns", "uri", "email", "ip" };
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct carry *c = ctx;

	if (type == KST_SAN_OTHER || memchr(value, 0, len)) {
		c->lost = true;
		return 0;
	}
	kst_buf_printf(&text, "%s:", word[type]);
	kst_buf_put(&text, value, len);
	return text.failed ? kst_error_nomem(c->err) : ca_sans_add(c->sans, (const char *)text.data, c->err);
}

/* status_request (RFC 7633), and nothing else: what else is asked of a server has no words here. */
static bool staples(struct carry *c, const struct kst_cert *cert)
{
	static const uint8_t status_request[] = { 0x30, 3, 2, 1, 5 };
	struct kst_bytes f = kst_cert_extension(cert, "1.3.6.1.5.5.7.1.24", NULL);
	bool is = f.len == sizeof(status_request) && !memcmp(f.data, status_request, f.len);

	c->lost |= f.len && !is;
	return is;
}

static int refuse_loss(struct orders *o, struct kst_error *err)
{
	struct kst_error why = KST_ERROR_INIT;

	kst_error_setx(&why, KST_E_UNSUPPORTED, "has a SAN or a TLS feature of a kind that would be lost");
	kst_error_hint(&why, "issue a certificate with the names that are needed: kstool ca issue --help");
	return orders_fail(o, &why) < 0 ? kst_error_nomem(err) : 0;
}

static int order(struct cli *cli, struct orders *o, const struct renew_opts *opt, const struct renewable *r)
{
	struct kst_buf key KST_SCRATCH_BUF = KST_BUF_INIT;
	long life = (long)((kst_cert_not_after(r->cert) - kst_cert_not_before(r->cert) + 86399) / 86400);
	struct order_terms t = { .profile = r->profile, .like = r->cert, .same_key = !opt->new_key, .once = true };
	struct ca_sans sans = { .nr = 0 };
	struct carry c = { .sans = &sans, .err = cli->err };
	char *alg = NULL;
	int ret = -1;

	if (ca_days(cli, "--days", &opt->days, life > 0 ? life : 1, &t.days) < 0)
		return -1;
	kst_cert_key_text(r->cert, false, &key);
	alg = opt->alg ? kst_strdup(opt->alg) : make_alg_of(key.data ? (const char *)key.data : "p256");
	t.alg = alg;
	if (!alg)
		kst_error_nomem(cli->err);
	else if (kst_cert_each_san(r->cert, add_san, &c) == 0) {
		t.must_staple = staples(&c, r->cert);
		ret = orders_add(o, r->name, NULL, NULL, &sans, 0, &t, cli->err);
	}
	if (!ret && c.lost && o->ask[o->nr - 1].fate != KST_CA_FAILED)
		ret = refuse_loss(o, cli->err);
	/* The order lives longer than this call. */
	if (!ret) {
		o->row[o->nr - 1].alg = alg;
		o->row[o->nr - 1].elsewhere = r->elsewhere;
	} else {
		kst_free(alg);
	}
	ca_sans_release(&sans);
	return ret;
}

/* ---- the same key ---- */

static int find_entry(struct kst_store *s, enum kst_kind kind, const struct kst_cert *like, size_t *at,
		      struct kst_error *err)
{
	struct kst_entry *e;

	for (*at = 0; *at < kst_store_count(s); ++*at) {
		const struct kst_cert *leaf;

		if (kst_store_entry(s, *at, &e, err) < 0)
			return -1;
		leaf = kst_entry_leaf(e);
		if (e->kind == kind && leaf && ca_same_key(leaf, like))
			return 0;
	}
	return 1;
}

/* The file of its key, for changing.  0; 1: it does not hold the key. */
static int open_store(struct cli *cli, const char *path, const struct kst_cert *like, struct kst_store **s, size_t *at)
{
	int rc;

	if (cmd_edit(cli, path, false, 0, s) < 0)
		return -1;
	rc = find_entry(*s, KST_KIND_KEY, like, at, cli->err);
	/* An encrypted key in a PEM file does not say whose it is: it stays, and so does all the rest. */
	if (rc == 1 && (kst_store_format(*s)->caps & KST_CAP_LOOSE))
		rc = find_entry(*s, KST_KIND_CERT, like, at, cli->err);
	if (rc != 1)
		return rc;
	kst_store_free(*s);
	*s = NULL;
	return 1;
}

/* Beside a certificate that stands alone in its file stand the others of its chain. */
static int put_alone(struct kst_store *s, struct kst_cert *cert, struct kst_error *err)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_CERT);
	size_t at = 0;
	int rc;

	if (!e || kst_chain_push(&e->chain, cert) < 0 || !(e->alias = kst_alias_derive(e))) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	rc = find_entry(s, KST_KIND_CERT, cert, &at, err);
	if (rc == 1)
		return kst_store_add(s, e, NULL, err);
	kst_free(e->alias);
	e->alias = NULL;
	return rc < 0 ? kst_entry_free(e), -1 : kst_store_replace(s, at, e, err);
}

static int put_in_store(struct cli *cli, struct orders *o, struct kst_store *s, size_t at, const struct kst_cert *cert)
{
	const struct kst_chain *chain = o->files.chain;
	struct kst_entry *was, *e = NULL;
	struct kst_save_options save = o->files.save;
	int ret;

	if (kst_store_entry(s, at, &was, cli->err) < 0)
		return -1;
	if (kst_entry_leaf(was) && kst_cert_equal(kst_entry_leaf(was), cert))
		return 0;
	if (was->kind == KST_KIND_CERT) {
		ret = put_alone(s, (struct kst_cert *)(uintptr_t)cert, cli->err);
		for (size_t i = 0; !ret && i + 1 < chain->nr; i++)
			ret = put_alone(s, chain->cert[i], cli->err);
		return ret < 0 ? -1 : kst_store_save(s, &save, NULL, cli->err);
	}
	if (kst_entry_copy(&e, was, cli->err) < 0)
		return -1;
	kst_chain_release(&e->chain);
	ret = kst_chain_push(&e->chain, (struct kst_cert *)(uintptr_t)cert);
	for (size_t i = 0; !ret && i + 1 < chain->nr; i++)
		ret = kst_chain_push(&e->chain, chain->cert[i]);
	if (ret < 0) {
		kst_entry_free(e);
		return kst_error_nomem(cli->err);
	}
	if (kst_store_replace(s, at, e, cli->err) < 0)
		return -1;
	return kst_store_save(s, &save, NULL, cli->err);
}

/* Where the new certificate goes to, which is known before anything is signed. */
struct place {
	struct kst_store *s; /* it takes the place of the old one in entry `at`; NULL: a file of its own */
	size_t at;
	char *pem;
	bool backup;         /* what is there is not of this CA, and may be replaced */
};

/* NAME.pem may be anybody's, and with HAProxy or Postfix it holds the key. */
static int look_at_pem(struct cli *cli, struct orders *o, const struct order *r, struct place *p)
{
	struct kst_open_options open = cmd_open_options(cli, false);
	struct kst_store *s = NULL;
	bool has_key = false;
	int rc = 0;

	if (ca_reserved(o, p->pem, cli->err) < 0)
		return -1;
	if (access(p->pem, F_OK) < 0)
		return 0;
	if (kst_store_open(&s, p->pem, &open, NULL) == 0) {
		rc = ca_ours(o, r->name, r->like, s, &has_key, cli->err);
		kst_store_free(s);
	}
	if (rc < 0)
		return -1;
	if (has_key) {
		rc = open_store(cli, p->pem, r->like, &p->s, &p->at);
		if (rc <= 0)
			return rc;
		rc = 0; /* it is somebody else's key */
	}
	if (rc)
		return 0;
	if (o->files.replace) {
		p->backup = true;
		return 0;
	}
	kst_error_setx(cli->err, KST_E_EXISTS, "holds something else than the certificate that is renewed");
	kst_error_subject(cli->err, "%s", p->pem);
	return cmd_again(cli, "to replace it; the old file is kept as NAME.pem.kstool-bak", NULL,
			 (const char *const[]){ "--replace", NULL });
}

static int find_place(struct cli *cli, struct orders *o, const struct order *r, struct place *p)
{
	char *file = kst_text_file_name(r->name, ".pem");

	p->pem = file ? (strcmp(o->files.dir, ".") ? kst_asprintf("%s/%s", o->files.dir, file) : kst_strdup(file)) : NULL;
	kst_free(file);
	if (!p->pem)
		return kst_error_nomem(cli->err);
	if (!o->files.pem && access(r->path[0], F_OK) == 0) {
		int rc = open_store(cli, r->path[0], r->like, &p->s, &p->at);

		if (rc <= 0)
			return rc;
		/* Whose request was signed has his key elsewhere, and the file is somebody else's. */
		if (!r->elsewhere) {
			kst_error_setx(cli->err, KST_E_NO_ENTRY, "does not hold the key of this certificate");
			return kst_error_subject(cli->err, "%s", r->path[0]);
		}
	}
	return look_at_pem(cli, o, r, p);
}

static int put_in_pem(struct cli *cli, const struct orders *o, const struct place *p, const struct kst_cert *cert)
{
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT, was KST_SCRATCH_BUF = KST_BUF_INIT;
	unsigned loose = o->files.loose ? KST_FILE_LOOSE : 0;
	char *bak;
	int ret;

	if (ca_files_pem(&pem, cert, o->files.chain, cli->err) < 0)
		return -1;
	if (p->backup) {
		if (kst_file_read(p->pem, FILE_MAX, &was, cli->err) < 0)
			return -1;
		bak = kst_asprintf("%s.kstool-bak", p->pem);
		ret = bak ? kst_file_write(bak, was.data, was.len, KST_FILE_SECRET | KST_FILE_REPLACE | loose, cli->err) :
			    kst_error_nomem(cli->err);
		kst_free(bak);
		if (ret < 0)
			return -1;
	}
	return kst_file_write(p->pem, pem.data, pem.len, KST_FILE_REPLACE | loose, cli->err);
}

/* -1 with err, of this one: those that come after it are no worse for it. */
static int renew_one(struct cli *cli, struct orders *o, size_t i)
{
	struct kst_ca_issue_options opt = { .threads = 1 };
	struct order *r = &o->row[i];
	struct kst_ca_order *a = &o->ask[i];
	struct kst_ca_made *made = NULL;
	struct place p = { .at = 0 };
	const bool delivered = true;
	int ret = -1;

	if (find_place(cli, o, r, &p) < 0)
		goto done;
	if (kst_ca_issue(o->ca, a, 1, &opt, &made, cli->err) < 0)
		goto done;
	if (a->fate == KST_CA_FAILED) {
		ret = 0;
		goto done;
	}
	if (!a->cert) {
		kst_error_setx(cli->err, KST_E_LEDGER_BUSY, "another command is just renewing it");
		goto done;
	}
	ret = p.s ? put_in_store(cli, o, p.s, p.at, a->cert) : put_in_pem(cli, o, &p, a->cert);
	/* Until then the next run finds that it is not where it belongs. */
	if (!ret)
		ret = kst_ca_deliver(o->ca, made, a, &delivered, 1, cli->err);
	/* What is told of it is the file that was written. */
	if (!ret && (!p.s || !strcmp(kst_store_path(p.s), p.pem))) {
		kst_free(r->path[0]);
		r->path[0] = p.pem;
		p.pem = NULL;
		kst_free(r->path[1]);
		r->path[1] = NULL;
	}
done:
	if (ret < 0)
		kst_error_subject(cli->err, "%s", r->name);
	kst_ca_made_free(made);
	kst_store_free(p.s);
	kst_free(p.pem);
	return ret;
}

static int note_failure(struct cli *cli, struct kst_ca_order *a)
{
	if (!a->err && !(a->err = kst_calloc(1, sizeof(*a->err))))
		return -1;
	*a->err = *cli->err;
	a->fate = KST_CA_FAILED;
	kst_error_clear(cli->err);
	return 0;
}

static int renew(struct cli *cli, struct orders *o)
{
	bool dry = cli->g.dry_run || cli->g.check;
	struct kst_key *key;

	if (!o->nr)
		ask_cli_idle(cli->ask);
	/* The first passphrase is that of the CA, those of the stores come after it. */
	if (!dry && o->nr && (kst_ca_key(o->ca, KST_CA_BY_CA, &key, cli->err) < 0 || ca_complete(cli, o->ca) < 0 ||
			      ca_files_dir(cli, &o->files) < 0))
		return -1;
	for (size_t i = 0; !dry && i < o->nr; i++)
		if (o->ask[i].fate != KST_CA_FAILED && renew_one(cli, o, i) < 0 &&
		    (o->nr == 1 || note_failure(cli, &o->ask[i]) < 0))
			return -1;
	if (o->nr == 1 && o->ask[0].fate == KST_CA_FAILED && o->ask[0].err) {
		*cli->err = *o->ask[0].err;
		return kst_error_subject(cli->err, "%s", o->row[0].name);
	}
	return orders_report(cli, o);
}

/* ---- running ---- */

static int run(struct cli *cli, void *opts)
{
	const struct renew_opts *opt = opts;
	struct orders o = { .lenient = true, .jobs = opt->jobs.given ? (unsigned)opt->jobs.value : 0 };
	struct kst_open_options open;
	struct renewables found = { .nr = 0 };
	int ret = -1;

	if (!opt->expiring == !cli->nr) {
		kst_error_setx(cli->err, KST_E_USAGE,
			       cli->nr ? "names and --expiring exclude each other" : "which certificates is not said");
		return kst_error_hint(cli->err, "kstool ca renew NAME... or --expiring 30d");
	}
	if (opt->alg && !opt->new_key) {
		kst_error_setx(cli->err, KST_E_USAGE, "goes with --new-key");
		return kst_error_subject(cli->err, "--alg");
	}
	if (ca_open(cli, &opt->ca, false, &open, &o.ca) < 0 || ca_files_begin(cli, &opt->files, o.ca, &o.files) < 0)
		goto done;
	if (opt->expiring && renew_by_date(cli, o.ca, opt->expiring, opt->new_key, &found) < 0)
		goto done;
	for (size_t i = 0; i < cli->nr; i++)
		if (renew_by_name(cli, o.ca, cli->operand[i], &found) < 0)
			goto done;
	for (size_t i = 0; i < found.nr; i++)
		if (order(cli, &o, opt, &found.row[i]) < 0)
			goto done;
	ret = opt->new_key ? orders_run(cli, &o) : renew(cli, &o);
done:
	renewables_release(&found);
	orders_release(&o);
	return ret;
}

static const struct opt options[] = {
	CA_OPTION(struct renew_opts),
	{ "expiring", 0, OPT_TEXT, offsetof(struct renew_opts, expiring), WHAT_WHEN, "WHEN",
	  "all that end by then, as 30d or 33% of their lifetime, and have not been renewed", NULL, false },
	{ "new-key", 0, OPT_FLAG, offsetof(struct renew_opts, new_key), WHAT_TEXT, NULL,
	  "for a new key, in a new file", NULL, false },
	{ "alg", 0, OPT_TEXT, offsetof(struct renew_opts, alg), WHAT_CHOICE, "ALG",
	  "kind of the new key; that of the old one if not given", make_algs, false },
	{ "days", 0, OPT_INT, offsetof(struct renew_opts, days), WHAT_NUMBER, "N",
	  "how long it is valid; as long as the old one if not given", NULL, false },
	{ "jobs", 'j', OPT_INT, offsetof(struct renew_opts, jobs), WHAT_NUMBER, "N",
	  "threads, with --new-key; as many as processors if 0 or not given", NULL, false },
	CA_FILES_OPTIONS(struct renew_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool ca renew web", "the same key, into web.p12" },
	{ "kstool ca renew --expiring 30d --out-dir out", "all that end within a month" },
	{ "kstool ca renew web --new-key", "a new key in the place of the old one" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_renew = {
	.name = "ca renew",
	.group = GROUP_CA,
	.operands = "NAME...",
	.summary = "the same names again, before they expire",
	.help = "Issues a new certificate for what has one: the same subject, SANs, purpose and\n"
		"lifetime, and the same key. Where NAME.p12 lies in --out-dir, the certificate takes the\n"
		"place of the old one in it; else it goes into NAME.pem, with its issuing CA, for whoever holds\n"
		"the key; of a NAME.pem that is there the old certificate alone is replaced, and one that holds\n"
		"somebody else's is left alone. The old certificate stays valid until it ends or is revoked.\n"
		"A renewal that was stopped before its file was written is brought to its end by the next one.\n"
		"\n"
		"With --new-key there is a new key too, in a new NAME.p12 in the place of the old one. Of several\n"
		"--pass the first is the CA's, the next ones are those of the stores.\n",
	.examples = examples,
	.plain = "action file name serial sha256",
	.exits = "0 1 3 4 5 6 8",
	.opts = options,
	.size = sizeof(struct renew_opts),
	.min = 0,
	.max = ~0u,
	.first = WHAT_ISSUED,
	.rest = WHAT_ISSUED,
	.changes = true,
	.run = run,
};
