/* SPDX-License-Identifier: ISC */
/*
 * ca_renew.c - ca renew: the same names again, for the same key or a new one
 *
 * For the same key nothing secret is needed but the CA's own: where the store of the
 * certificate is at hand, the new one takes the place of the old one in it.
 */
#include "cmd/ca_order.h"
#include "cmd/make.h"

#include <string.h>
#include <unistd.h>

struct renew_opts {
	struct ca_opts ca;
	struct ca_files_opts files;
	const char *expiring, *alg;
	struct opt_int days, jobs;
	bool new_key;
};

/* ---- which ---- */

struct found {
	struct row {
		char *name;
		enum kst_profile profile;
		struct kst_cert *cert;
		int64_t id;
	} *row;
	size_t nr, size;
};

static void found_release(struct found *f)
{
	for (size_t i = 0; i < f->nr; i++) {
		kst_free(f->row[i].name);
		kst_cert_free(f->row[i].cert);
	}
	kst_free(f->row);
}

static int keep(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct found *f = ctx;
	struct row *r;

	if (!row->cert.len || !row->name)
		return 0;
	if (f->nr == f->size) {
		size_t size = f->size ? f->size * 2 : 16;

		r = kst_realloc(f->row, size * sizeof(*r));
		if (!r)
			return kst_error_nomem(err);
		f->row = r;
		f->size = size;
	}
	r = &f->row[f->nr];
	*r = (struct row){ .name = kst_strdup(row->name), .profile = row->profile, .id = row->id };
	if (!r->name)
		return kst_error_nomem(err);
	if (kst_cert_new(&r->cert, row->cert.data, row->cert.len, err) < 0) {
		kst_free(r->name);
		return -1;
	}
	f->nr++;
	return 0;
}

static int keep_first(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	int ret = keep(ctx, row, err);

	return ret < 0 ? ret : row->cert.len != 0;
}

static int by_name(struct cli *cli, struct kst_ca *ca, const char *name, struct found *f)
{
	struct kst_ca_query q = {
		.name = name, .states = KST_CA_IS(KST_CA_VALID), .issuers = 1u << KST_CA_BY_CA, .leaves = true, .newest = true
	};
	size_t before = f->nr;

	if (kst_ca_each(ca, &q, keep_first, f, cli->err) < 0)
		return -1;
	if (f->nr > before)
		return 0;
	kst_error_setx(cli->err, KST_E_NO_SERIAL, "the CA has issued no certificate of this name that is valid");
	kst_error_subject(cli->err, "%s", name);
	return kst_error_command(cli->err, "kstool", "ca", "list", "--ca", kst_ca_dir(ca), NULL);
}

static int same_id(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	(void)err;
	*(int64_t *)ctx = row->id;
	return 1;
}

/* Those that end by then, and have no younger one of the same name. */
static int by_date(struct cli *cli, struct kst_ca *ca, const char *when, struct found *out)
{
	struct found all = { .nr = 0 };
	bool percent = false;
	int64_t n, now = kst_time_now(), at;
	struct kst_ca_query q = { .states = KST_CA_IS(KST_CA_VALID), .issuers = 1u << KST_CA_BY_CA,
				  .leaves = true, .expires_after = now, .by_expiry = true };
	int ret = -1;

	if (kst_time_parse_span(when, &n, &percent) < 0 || n < 0 || (percent && n > 100)) {
		if (kst_time_parse(when, &at) < 0) {
			kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%s\" is no time as 30d, 33%% or 2027-01-31", when);
			return kst_error_subject(cli->err, "--expiring");
		}
		n = at - now;
		percent = false;
	}
	if (!percent)
		q.expires_before = now + n > now ? now + n : now;
	if (kst_ca_each(ca, &q, keep, &all, cli->err) < 0)
		goto done;
	for (size_t i = 0; i < all.nr; i++) {
		struct row *r = &all.row[i];
		int64_t end = kst_cert_not_after(r->cert), life = end - kst_cert_not_before(r->cert), newest = 0;
		struct kst_ca_query same = { .name = r->name, .states = KST_CA_IS(KST_CA_VALID), .newest = true,
					     .leaves = true };

		if (percent && end - now > life * n / 100)
			continue;
		if (kst_ca_each(ca, &same, same_id, &newest, cli->err) < 0)
			goto done;
		if (newest == r->id && by_name(cli, ca, r->name, out) < 0)
			goto done;
	}
	ret = 0;
done:
	found_release(&all);
	return ret;
}

/* ---- orders ---- */

static int add_san(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	static const char *const word[] = { "dns", "uri", "email", "ip" };
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	void **c = ctx;

	if (type == KST_SAN_OTHER)
		return 0;
	kst_buf_printf(&text, "%s:", word[type]);
	kst_buf_put(&text, value, len);
	return text.failed ? kst_error_nomem(c[1]) : ca_sans_add(c[0], (const char *)text.data, c[1]);
}

static int order(struct cli *cli, struct orders *o, const struct renew_opts *opt, const struct row *r)
{
	struct kst_buf key KST_SCRATCH_BUF = KST_BUF_INIT;
	long life = (long)((kst_cert_not_after(r->cert) - kst_cert_not_before(r->cert) + 86399) / 86400);
	struct order_terms t = { .profile = r->profile, .like = r->cert, .same_key = !opt->new_key, .once = true };
	struct ca_sans sans = { .nr = 0 };
	void *ctx[2] = { &sans, cli->err };
	char *alg = NULL;
	int ret = -1;

	if (ca_days(cli, "--days", &opt->days, life > 0 ? life : 1, &t.days) < 0)
		return -1;
	kst_cert_key_text(r->cert, false, &key);
	alg = opt->alg ? kst_strdup(opt->alg) : make_alg_of(key.data ? (const char *)key.data : "p256");
	t.alg = alg;
	if (!alg)
		kst_error_nomem(cli->err);
	else if (kst_cert_each_san(r->cert, add_san, ctx) == 0)
		ret = orders_add(o, r->name, NULL, NULL, &sans, 0, &t, cli->err);
	/* The order lives longer than this call. */
	if (!ret)
		o->row[o->nr - 1].alg = alg;
	else
		kst_free(alg);
	ca_sans_release(&sans);
	return ret;
}

/* ---- the same key ---- */

static bool same_key(const struct kst_cert *a, const struct kst_cert *b)
{
	struct kst_bytes x = kst_cert_spki(a), y = kst_cert_spki(b);

	return x.len == y.len && !memcmp(x.data, y.data, x.len);
}

/* The store beside which it was issued, for changing; NULL: there is none. */
static int open_store(struct cli *cli, const char *path, const struct kst_cert *like, struct kst_store **s, size_t *at)
{
	struct kst_entry *e;

	if (access(path, F_OK) < 0)
		return 0;
	if (cmd_edit(cli, path, false, 0, s) < 0)
		return -1;
	for (*at = 0; *at < kst_store_count(*s); ++*at) {
		const struct kst_cert *leaf;

		if (kst_store_entry(*s, *at, &e, cli->err) < 0)
			return -1;
		leaf = kst_entry_leaf(e);
		if (e->kind == KST_KIND_KEY && leaf && same_key(leaf, like))
			return 0;
	}
	kst_error_setx(cli->err, KST_E_NO_ENTRY, "does not hold the key of this certificate");
	return kst_error_subject(cli->err, "%s", path);
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

static int put_in_pem(struct cli *cli, const struct orders *o, const char *path, const struct kst_cert *cert)
{
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes der = kst_cert_der(cert);

	kst_pem_block(&pem, "CERTIFICATE", der.data, der.len);
	for (size_t i = 0; i + 1 < o->files.chain->nr; i++) {
		der = kst_cert_der(o->files.chain->cert[i]);
		kst_pem_block(&pem, "CERTIFICATE", der.data, der.len);
	}
	if (pem.failed)
		return kst_error_nomem(cli->err);
	return kst_file_write(path, pem.data, pem.len, KST_FILE_REPLACE | (o->files.loose ? KST_FILE_LOOSE : 0), cli->err);
}

static int renew_one(struct cli *cli, struct orders *o, size_t i)
{
	struct kst_ca_issue_options opt = { .threads = 1 };
	struct order *r = &o->row[i];
	struct kst_ca_order *a = &o->ask[i];
	struct kst_ca_made *made = NULL;
	struct kst_store *s = NULL;
	char *file = NULL, *pem = NULL;
	size_t at = 0;
	int ret = -1;

	file = kst_text_file_name(r->name, ".pem");
	pem = file ? (strcmp(o->files.dir, ".") ? kst_asprintf("%s/%s", o->files.dir, file) : kst_strdup(file)) : NULL;
	kst_free(file);
	if (!pem)
		return kst_error_nomem(cli->err);
	/* What cannot be opened is known before anything is signed. */
	if (!o->files.pem && open_store(cli, r->path[0], r->like, &s, &at) < 0)
		goto done;
	if (kst_ca_issue(o->ca, a, 1, &opt, &made, cli->err) < 0)
		goto done;
	if (a->fate == KST_CA_FAILED) {
		ret = 0;
		goto done;
	}
	if (!a->cert)
		kst_error_setx(cli->err, KST_E_LEDGER_BUSY, "another command is just renewing it");
	else
		ret = s ? put_in_store(cli, o, s, at, a->cert) : put_in_pem(cli, o, pem, a->cert);
	/* What is told of it is the file that was written. */
	if (!ret && !s) {
		kst_free(r->path[0]);
		r->path[0] = pem;
		pem = NULL;
		kst_free(r->path[1]);
		r->path[1] = NULL;
	}
done:
	if (ret < 0)
		kst_error_subject(cli->err, "%s", r->name);
	kst_ca_made_free(made);
	kst_store_free(s);
	kst_free(pem);
	return ret;
}

static int renew(struct cli *cli, struct orders *o)
{
	bool dry = cli->g.dry_run || cli->g.check;
	struct kst_key *key;

	/* The first passphrase is that of the CA, those of the stores come after it. */
	if (!dry && o->nr && (kst_ca_key(o->ca, KST_CA_BY_CA, &key, cli->err) < 0 || ca_complete(cli, o->ca) < 0))
		return -1;
	for (size_t i = 0; !dry && i < o->nr; i++)
		if (o->ask[i].fate != KST_CA_FAILED && renew_one(cli, o, i) < 0)
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
	struct found found = { .nr = 0 };
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
	if (opt->expiring && by_date(cli, o.ca, opt->expiring, &found) < 0)
		goto done;
	for (size_t i = 0; i < cli->nr; i++)
		if (by_name(cli, o.ca, cli->operand[i], &found) < 0)
			goto done;
	for (size_t i = 0; i < found.nr; i++)
		if (order(cli, &o, opt, &found.row[i]) < 0)
			goto done;
	ret = opt->new_key ? orders_run(cli, &o) : renew(cli, &o);
done:
	found_release(&found);
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
		"the key. The old certificate stays valid until it ends or is revoked.\n"
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
