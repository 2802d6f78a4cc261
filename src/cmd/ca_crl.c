/* SPDX-License-Identifier: ISC */
/* ca_crl.c - a new revocation list of the CA, and where it is published */
#include "cmd/ca_rows.h"
#include "cmd/deliver.h"

#include <string.h>
#include <sys/stat.h>

struct crl_opts {
	struct ca_opts ca;
	const char *out, *if_stale;
	struct opt_int days;
	bool der, pem, root;
};

struct state {
	struct cli *cli;
	const struct crl_opts *opt;
	struct kst_ca *ca;
	enum kst_ca_issuer which;
	struct kst_ca_crl crl;
	struct kst_buf data;
	struct changes changes;
	bool made;
};

/* Is it time?  Also where the list does not hold what the ledger says. */
static int is_stale(struct state *st, bool *out)
{
	struct kst_ca_query revoked = { .states = KST_CA_IS(KST_CA_REVOKED), .issuers = 1u << st->which };
	int64_t span, left = st->crl.next_update - kst_time_now();
	bool percent;
	size_t nr;

	*out = true;
	if (!st->opt->if_stale)
		return 0;
	if (kst_time_parse_span(st->opt->if_stale, &span, &percent) < 0 || span < 0 || (percent && span > 100)) {
		kst_error_setx(st->cli->err, KST_E_BAD_VALUE, "\"%s\" is neither a time nor a share of one", st->opt->if_stale);
		kst_error_subject(st->cli->err, "--if-stale");
		return kst_error_hint(st->cli->err, "33%% of its time, 10d, 12h");
	}
	if (!st->crl.there)
		return 0;
	if (kst_ca_count(st->ca, &revoked, &nr, st->cli->err) < 0)
		return -1;
	if (percent)
		span = (st->crl.next_update - st->crl.this_update) / 100 * span;
	*out = left < span || nr != st->crl.nr;
	return 0;
}

/* What clients fetch is DER (RFC 5280 4.2.1.13); a name can say otherwise. */
static bool wants_pem(const struct crl_opts *opt)
{
	size_t n = opt->out ? strlen(opt->out) : 0;

	return opt->pem || (!opt->der && n > 4 && !strcmp(opt->out + n - 4, ".pem"));
}

static char *words(const struct state *st)
{
	char when[KST_TIME_TEXT];

	return kst_asprintf("revocation list %llu, %zu revoked, next by %s", (unsigned long long)st->crl.number, st->crl.nr,
			    kst_time_text(st->crl.next_update, KST_TIME_MINUTE, when));
}

/* The change line of the list in the directory. */
static int tell(struct state *st, bool stale)
{
	const char *name = st->which == KST_CA_BY_ROOT ? "root-" KST_CA_CRL_DER : KST_CA_CRL_DER;
	struct kst_ca_query revoked = { .states = KST_CA_IS(KST_CA_REVOKED), .issuers = 1u << st->which };
	bool dry = st->cli->g.dry_run || st->cli->g.check;
	enum change_action action = !stale ? CHANGE_UNCHANGED : st->crl.there ? CHANGE_REPLACED : CHANGE_CREATED;
	struct change *c;
	size_t nr;

	if (kst_ca_count(st->ca, &revoked, &nr, st->cli->err) < 0)
		return -1;
	if (stale && !dry) {
		kst_ca_crl_release(&st->crl);
		if (kst_ca_crl_read(st->ca, st->which, &st->crl, st->cli->err) < 0)
			return -1;
	}
	c = changes_add(&st->changes, action, name, "crl");
	if (!c)
		return kst_error_nomem(st->cli->err);
	c->text = stale && dry ? kst_asprintf("revocation list with %zu revoked", nr) : words(st);
	return 0;
}

static int make(struct state *st)
{
	bool stale, dry = st->cli->g.dry_run || st->cli->g.check;
	int days;

	if (kst_ca_crl_read(st->ca, st->which, &st->crl, NULL) < 0)
		st->crl.there = false; /* what cannot be read is made anew */
	if (ca_crl_days(st->cli, st->ca, &st->opt->days, &days) < 0 || is_stale(st, &stale) < 0)
		return -1;
	if (stale && !dry) {
		if (kst_ca_make_crl(st->ca, st->which, days, NULL, st->cli->err) < 0)
			return -1;
		st->made = true;
	} else if (!dry) {
		ask_cli_idle(st->cli->ask);
	}
	return tell(st, stale);
}

/* A list takes the place of a list, and of nothing else: not of a store, not of the CA's own key. */
static int check_place(struct cli *cli, const char *path)
{
	struct kst_open_options opt = { .asker = NULL };
	struct kst_store *s = NULL;
	struct kst_head h;
	struct stat there;
	bool lists;

	if (stat(path, &there) < 0 || !S_ISREG(there.st_mode) || !there.st_size)
		return 0;
	lists = kst_store_open(&s, path, &opt, NULL) == 0 && kst_store_count(s) > 0;
	for (size_t i = 0; lists && i < kst_store_count(s); i++)
		lists = kst_store_head(s, i, &h, NULL) == 0 && h.kind == KST_KIND_CRL;
	kst_store_free(s);
	if (lists)
		return 0;
	kst_error_setx(cli->err, KST_E_EXISTS, "holds something else than a revocation list; it is left as it is");
	kst_error_subject(cli->err, "%s", path);
	return kst_error_hint(cli->err, "name another file");
}

static int publish(struct state *st, struct kst_save_result *res)
{
	struct deliver d = { .path = st->opt->out, .data = &st->data, .replace = true, .binary = !wants_pem(st->opt), .what = "DER" };

	if (wants_pem(st->opt))
		kst_pem_block(&st->data, "X509 CRL", st->crl.der.data, st->crl.der.len);
	else
		kst_buf_put(&st->data, st->crl.der.data, st->crl.der.len);
	if (st->data.failed)
		return kst_error_nomem(st->cli->err);
	if (deliver_is_file(&d))
		return deliver_file(st->cli, &d, words(st), &st->changes, res);
	return deliver_out(st->cli, &d);
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	struct kst_save_result res = { .written = false };
	bool to_stdout = st.opt->out && !strcmp(st.opt->out, "-"), dry = cli->g.dry_run || cli->g.check;
	struct kst_open_options open;
	int ret = -1;

	if (st.opt->der && st.opt->pem) {
		kst_error_setx(cli->err, KST_E_USAGE, "one file has one form");
		return kst_error_subject(cli->err, "--pem");
	}
	st.which = st.opt->root ? KST_CA_BY_ROOT : KST_CA_BY_CA;
	if (to_stdout)
		out_data_mode(cli->out);
	else if (st.opt->out && check_place(cli, st.opt->out) < 0)
		return -1;
	if (ca_open(cli, &st.opt->ca, false, &open, &st.ca) < 0 || make(&st) < 0)
		goto done;
	res.written = st.made;
	/* In a dry run there is no new list that could be published. */
	if (st.opt->out && !to_stdout && st.crl.der.len && !(dry && st.changes.row[0].action != CHANGE_UNCHANGED) &&
	    publish(&st, &res) < 0)
		goto done;
	ret = cmd_report(cli, kst_ca_dir(st.ca), &st.changes, false, &res);
	out_schema(cli->out, "kstool.ca-crl/1");
	out_int(cli->out, "number", st.crl.number > INT64_MAX ? INT64_MAX : (int64_t)st.crl.number);
	out_int(cli->out, "revoked", (int64_t)st.crl.nr);
	out_time(cli->out, "this_update", st.crl.this_update);
	out_time(cli->out, "next_update", st.crl.next_update);
	if (to_stdout && !dry) {
		if (publish(&st, &res) < 0)
			ret = -1;
	} else {
		out_null(cli->out, "data");
		out_null(cli->out, "data_base64");
	}
done:
	changes_release(&st.changes);
	kst_buf_release(&st.data);
	kst_ca_crl_release(&st.crl);
	kst_ca_free(st.ca);
	return ret;
}

static const struct opt options[] = {
	CA_OPTION(struct crl_opts),
	{ "output", 'o', OPT_TEXT, offsetof(struct crl_opts, out), WHAT_FILE, "FILE",
	  "publish it there too; what is there is replaced", NULL, false },
	{ "days", 0, OPT_INT, offsetof(struct crl_opts, days), WHAT_NUMBER, "N",
	  "how long it is valid; 30 if not given", NULL, false },
	{ "if-stale", 0, OPT_TEXT, offsetof(struct crl_opts, if_stale), WHAT_WHEN, "WHEN",
	  "only if less than this is left of it, as 33% or 10d, or something was revoked since", NULL, false },
	{ "der", 0, OPT_FLAG, offsetof(struct crl_opts, der), WHAT_TEXT, NULL,
	  "FILE is DER, whatever its name; so it is if not given", NULL, false },
	{ "pem", 0, OPT_FLAG, offsetof(struct crl_opts, pem), WHAT_TEXT, NULL,
	  "FILE is PEM; so it is where its name ends in .pem", NULL, false },
	{ "root", 0, OPT_FLAG, offsetof(struct crl_opts, root), WHAT_TEXT, NULL,
	  "the list of the root, instead of the issuing CA", NULL, false },
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool ca crl -o devices.crl", "a new list, and where a web server finds it" },
	{ "kstool ca crl --if-stale 33% -o devices.crl", "for cron, once a day" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_crl = {
	.name = "ca crl",
	.group = GROUP_CA,
	.operands = "",
	.summary = "a new revocation list",
	.help = "Makes a revocation list of all that the CA has revoked, with the next number, in\n"
		"crl.der and crl.pem of its directory, and in FILE. Number and dates stand in the\n"
		"ledger before the key is used. Clients refuse a list whose time is over, and with\n"
		"it every certificate: let cron run this with --if-stale 33%, which does nothing\n"
		"while more than a third of its time is left.\n",
	.examples = examples,
	.exits = "0 1 4 6 8",
	.opts = options,
	.size = sizeof(struct crl_opts),
	.min = 0,
	.max = 0,
	.changes = true,
	.run = run,
};
