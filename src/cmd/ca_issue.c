/* SPDX-License-Identifier: ISC */
/* ca_issue.c - ca issue: keys and certificates, for names or for the rows of a file */
#include "cmd/ca_order.h"
#include "cmd/make.h"

#include <stdlib.h>
#include <string.h>

#define ISSUE_DAYS 90
#define RENEW_BEFORE 33 /* percent */

struct issue_opts {
	struct ca_opts ca;
	struct ca_files_opts files;
	const char *alg, *subject, *alias, *batch, *manifest, *renew_before, *jitter;
	struct opt_list host, san;
	struct opt_int days, jobs;
	bool server, client, both, if_missing, must_staple;
};

static int wrong(struct cli *cli, const char *option, const char *what)
{
	kst_error_setx(cli->err, KST_E_USAGE, "%s", what);
	return kst_error_subject(cli->err, "%s", option);
}

/* "10%". */
static int jitter(struct cli *cli, const char *text, long *percent)
{
	bool is_percent = false;
	int64_t n = 0;

	*percent = 0;
	if (!text)
		return 0;
	if (kst_time_parse_span(text, &n, &is_percent) == 0 && is_percent && n >= 0 && n <= 50) {
		*percent = (long)n;
		return 0;
	}
	kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%s\" is no share of the lifetime up to 50%%", text);
	return kst_error_subject(cli->err, "--days-jitter");
}

/* What ends by then is renewed. */
static int due(struct cli *cli, const struct issue_opts *opt, struct order_terms *t)
{
	int64_t n = RENEW_BEFORE;
	bool is_percent = true;

	if (opt->renew_before && (kst_time_parse_span(opt->renew_before, &n, &is_percent) < 0 || n < 0 ||
				  (is_percent && n > 100))) {
		kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%s\" is neither a time as 30d nor a share as 33%%",
			       opt->renew_before);
		return kst_error_subject(cli->err, "--renew-before");
	}
	/* A batch that is run again makes what is missing; it renews where that is asked for. */
	if (opt->batch && !opt->renew_before)
		n = 0;
	t->before = n;
	t->before_percent = is_percent;
	return 0;
}

/* ---- names ---- */

static int sans_of_options(struct cli *cli, const struct issue_opts *opt, struct ca_sans *sans)
{
	for (size_t i = 0; i < opt->host.nr; i++)
		if (ca_sans_add_list(sans, opt->host.item[i], ", ", cli->err) < 0)
			return kst_error_subject(cli->err, "--host");
	for (size_t i = 0; i < opt->san.nr; i++)
		if (ca_sans_add(sans, opt->san.item[i], cli->err) < 0)
			return kst_error_subject(cli->err, "--san");
	return 0;
}

static bool looks_like_host(const char *name)
{
	return strchr(name, '.') && !strchr(name, '@') && !strchr(name, '/') && !strchr(name, ' ');
}

/* A server needs a host; that is its name, where it looks like one. */
static int names(struct cli *cli, struct orders *o, const struct issue_opts *opt, const struct order_terms *t)
{
	bool server = t->profile != KST_PROFILE_CLIENT;

	if (cli->nr > 1 && (opt->host.nr || opt->san.nr || opt->alias || opt->subject))
		return wrong(cli, opt->host.nr ? "--host" : opt->san.nr ? "--san" : opt->alias ? "--alias" : "--subject",
			     "is of one certificate, and several are named");
	for (size_t i = 0; i < cli->nr; i++) {
		struct ca_sans sans = { .nr = 0 };
		bool host = false;
		int ret = sans_of_options(cli, opt, &sans);

		for (size_t k = 0; k < sans.nr; k++)
			host |= sans.san[k].type == KST_SAN_DNS || sans.san[k].type == KST_SAN_IP;
		if (!ret && server && !host && looks_like_host(cli->operand[i])) {
			ret = ca_sans_add(&sans, cli->operand[i], cli->err);
			host = true;
		}
		if (!ret && server && !host) {
			kst_error_setx(cli->err, KST_E_USAGE, "a server's certificate needs a host name or address");
			kst_error_subject(cli->err, "%s", cli->operand[i]);
			ret = cmd_again(cli, NULL, NULL, (const char *const[]){ "--host", "NAME", NULL });
		}
		if (!ret)
			ret = orders_add(o, cli->operand[i], opt->alias, opt->subject, &sans, 0, t, cli->err);
		ca_sans_release(&sans);
		if (ret < 0)
			return -1;
	}
	return 0;
}

/* ---- a file ---- */

static int row_days(const char *text, long *days, struct kst_error *err)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 1 || n > CA_DAYS_MAX)
		return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no number of days from 1 to %d", text, CA_DAYS_MAX);
	*days = n;
	return 0;
}

static int row_profile(const char *text, enum kst_profile *out, struct kst_error *err)
{
	for (enum kst_profile p = KST_PROFILE_SERVER; p <= KST_PROFILE_BOTH; p++)
		if (!strcmp(text, kst_profile_name(p))) {
			*out = p;
			return 0;
		}
	return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is none of server, client, both", text);
}

static int row_of(struct orders *o, const struct kst_ca_batch_row *row, const struct order_terms *common,
		  bool profile_given, struct kst_error *err)
{
	struct kst_error why = KST_ERROR_INIT;
	struct order_terms t = *common;
	struct ca_sans sans = { .nr = 0 };
	bool bad = false, host = false;

	if (row->days)
		bad |= row_days(row->days, &t.days, &why) < 0;
	if (row->profile)
		bad |= row_profile(row->profile, &t.profile, &why) < 0;
	else if (!profile_given)
		bad |= kst_error_setx(&why, KST_E_BAD_VALUE, "what it is for is not said: a column \"profile\", or "
							     "--server, --client, --both") < 0;
	if (row->alg)
		t.alg = row->alg;
	bad |= ca_sans_add_list(&sans, row->san, " ,;|", &why) < 0;
	for (size_t k = 0; k < sans.nr; k++)
		host |= sans.san[k].type == KST_SAN_DNS || sans.san[k].type == KST_SAN_IP;
	if (!bad && t.profile != KST_PROFILE_CLIENT && !host && row->name) {
		if (looks_like_host(row->name))
			bad |= ca_sans_add(&sans, row->name, &why) < 0;
		else
			bad |= kst_error_setx(&why, KST_E_BAD_VALUE,
					      "a server's certificate needs a host name or address in \"san\"") < 0;
	}
	if (!row->name)
		bad |= kst_error_setx(&why, KST_E_BAD_VALUE, "has no name") < 0;
	if (orders_add(o, row->name ? row->name : "?", row->alias, row->subject, &sans, row->line, &t, err) < 0)
		return -1;
	if (bad && o->ask[o->nr - 1].fate != KST_CA_FAILED && orders_fail(o, &why) < 0)
		return kst_error_nomem(err);
	return 0;
}

static int rows(struct cli *cli, struct orders *o, const struct issue_opts *opt, const struct kst_ca_batch *batch,
		const struct order_terms *t)
{
	bool given = opt->server || opt->client || opt->both;

	for (size_t i = 0; i < batch->nr; i++)
		if (row_of(o, &batch->row[i], t, given, cli->err) < 0)
			return -1;
	return 0;
}

/* ---- running ---- */

static int check(struct cli *cli, const struct issue_opts *opt)
{
	if (!opt->batch == !cli->nr) {
		kst_error_setx(cli->err, KST_E_USAGE,
			       cli->nr ? "names stand on the command line or in a file, not both" : "nobody is named");
		return kst_error_hint(cli->err, "kstool ca issue NAME... or --batch FILE");
	}
	if (opt->batch && (opt->host.nr || opt->san.nr || opt->alias || opt->subject))
		return wrong(cli, "--batch", "names, SANs and subjects of a batch stand in its rows");
	if (opt->manifest && !opt->batch)
		return wrong(cli, "--manifest", "goes with --batch");
	if (opt->renew_before && !opt->if_missing && !opt->batch)
		return wrong(cli, "--renew-before", "goes with --if-missing or --batch");
	if (opt->jobs.given && (opt->jobs.value < 0 || opt->jobs.value > 256)) {
		kst_error_setx(cli->err, KST_E_BAD_VALUE, "%ld is not between 0 and 256", opt->jobs.value);
		return kst_error_subject(cli->err, "--jobs");
	}
	return 0;
}

static int run(struct cli *cli, void *opts)
{
	const struct issue_opts *opt = opts;
	struct order_terms t = { .alg = opt->alg ? opt->alg : "p256", .once = opt->if_missing || opt->batch,
				 .revoked_stays = opt->batch != NULL,
				 .must_staple = opt->must_staple };
	struct kst_ca_batch batch = { .nr = 0 };
	struct orders o = { .source = opt->batch, .lenient = t.once,
			    .jobs = opt->jobs.given ? (unsigned)opt->jobs.value : 0 };
	struct kst_open_options open;
	char *manifest = NULL;
	int ret = -1;

	if (check(cli, opt) < 0 || ca_days(cli, "--days", &opt->days, ISSUE_DAYS, &t.days) < 0 ||
	    jitter(cli, opt->jitter, &t.jitter) < 0 || due(cli, opt, &t) < 0)
		return -1;
	if ((cli->nr || opt->server || opt->client || opt->both) &&
	    ca_profile(cli, opt->server, opt->client, opt->both, &t.profile) < 0)
		return -1;
	if (opt->batch && kst_ca_batch_read(&batch, opt->batch, cli->err) < 0)
		goto done;
	if (ca_open(cli, &opt->ca, false, &open, &o.ca) < 0 || ca_files_begin(cli, &opt->files, o.ca, &o.files) < 0 ||
	    (opt->batch ? rows(cli, &o, opt, &batch, &t) : names(cli, &o, opt, &t)) < 0)
		goto done;
	if (opt->batch) {
		manifest = opt->manifest ? kst_strdup(opt->manifest) : kst_asprintf("%s/manifest.jsonl", o.files.dir);
		if (!manifest) {
			kst_error_nomem(cli->err);
			goto done;
		}
		o.manifest = manifest;
	}
	ret = orders_run(cli, &o);
done:
	orders_release(&o);
	kst_ca_batch_release(&batch);
	kst_free(manifest);
	return ret;
}

static const struct opt options[] = {
	CA_OPTION(struct issue_opts),
	{ "server", 0, OPT_FLAG, offsetof(struct issue_opts, server), WHAT_TEXT, NULL,
	  "for TLS servers: needs a host", NULL, false },
	{ "client", 0, OPT_FLAG, offsetof(struct issue_opts, client), WHAT_TEXT, NULL, "for TLS clients", NULL, false },
	{ "both", 0, OPT_FLAG, offsetof(struct issue_opts, both), WHAT_TEXT, NULL, "for both", NULL, false },
	{ "host", 0, OPT_LIST, offsetof(struct issue_opts, host), WHAT_TEXT, "NAME[,NAME]",
	  "host names or addresses; NAME itself if it looks like one", NULL, false },
	{ "san", 0, OPT_LIST, offsetof(struct issue_opts, san), WHAT_TEXT, "TYPE:VALUE",
	  "further names, as uri:spiffe://acme/web, email:ops@acme.test, dns:, ip:; may be repeated", NULL, false },
	{ "subject", 0, OPT_TEXT, offsetof(struct issue_opts, subject), WHAT_TEXT, "DN",
	  "subject; the first host of a server, NAME of a client, as CN if not given", NULL, false },
	{ "alias", 0, OPT_TEXT, offsetof(struct issue_opts, alias), WHAT_TEXT, "NAME",
	  "name of the entry in the store; NAME if not given", NULL, false },
	{ "alg", 0, OPT_TEXT, offsetof(struct issue_opts, alg), WHAT_CHOICE, "ALG", "kind of key; p256 if not given",
	  make_algs, false },
	{ "days", 0, OPT_INT, offsetof(struct issue_opts, days), WHAT_NUMBER, "N",
	  "how long the certificate is valid; 90 if not given", NULL, false },
	{ "days-jitter", 0, OPT_TEXT, offsetof(struct issue_opts, jitter), WHAT_TEXT, "PERCENT",
	  "cut up to so much off each lifetime at random, as 10%, so that not all end on one day", NULL, false },
	{ "if-missing", 0, OPT_FLAG, offsetof(struct issue_opts, if_missing), WHAT_TEXT, NULL,
	  "for cron: nothing is made while there is one that is not due for renewal", NULL, false },
	{ "renew-before", 0, OPT_TEXT, offsetof(struct issue_opts, renew_before), WHAT_WHEN, "WHEN",
	  "due when so much is left, as 30d or 33%, which it is if not given", NULL, false },
	{ "must-staple", 0, OPT_FLAG, offsetof(struct issue_opts, must_staple), WHAT_TEXT, NULL,
	  "the server has to staple OCSP answers (RFC 7633)", NULL, false },
	{ "batch", 0, OPT_TEXT, offsetof(struct issue_opts, batch), WHAT_FILE, "FILE",
	  "one certificate for each row: CSV with a header of name, san, days, alias, subject, profile, alg, or "
	  "JSON objects with these members, one a line", NULL, false },
	{ "manifest", 0, OPT_TEXT, offsetof(struct issue_opts, manifest), WHAT_FILE, "FILE",
	  "one line of JSON for each certificate of the batch; manifest.jsonl in --out-dir if not given", NULL, false },
	{ "jobs", 'j', OPT_INT, offsetof(struct issue_opts, jobs), WHAT_NUMBER, "N",
	  "threads; as many as processors if 0 or not given", NULL, false },
	CA_FILES_OPTIONS(struct issue_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool ca issue api --server --host api.acme.test", "api.p12, with its key, and trust.pem" },
	{ "kstool ca issue gateway --both --host gw.acme.test --san uri:spiffe://acme.test/gw --to pem",
	  "gateway.key and gateway.pem" },
	{ "kstool ca issue --batch devices.csv --client --days 365 --new-pass gen:out/{name}.pass --iterations 2048 "
	  "--out-dir out", "a file for each device, and its passphrase beside it" },
	{ NULL, NULL }
};
const struct cmd cmd_ca_issue = {
	.name = "ca issue",
	.group = GROUP_CA,
	.operands = "NAME...",
	.summary = "keys and certificates, one or ten thousand",
	.help = "Makes a key and a certificate for each NAME, signed by the CA, and puts them into NAME.p12,\n"
		"or NAME.key and NAME.pem; the root lies beside them as trust.pem. Keys are encrypted\n"
		"unless --plain-key says otherwise. One passphrase serves all files of a command, but\n"
		"for --new-pass gen:DIR/{name}.pass, which makes one for each.\n"
		"\n"
		"With --if-missing the command can stand in a crontab: it does nothing, and needs no\n"
		"passphrase, while the certificate has a third of its life left; then it makes a new one.\n"
		"It writes over files that hold what it made under this name, and over no others.\n"
		"\n"
		"--batch takes the names from a file. A batch that was stopped, by whatever, is run again\n"
		"with the same words: rows that have their certificate are unchanged, those that were\n"
		"begun are brought to an end with the same key and serial number, the rest is made. A\n"
		"row that fails is named, the others stand, and the exit status is 1. A row whose certificate was\n"
		"revoked is not made again.\n",
	.examples = examples,
	.plain = "action file name serial sha256",
	.exits = "0 1 3 4 5 6 8",
	.opts = options,
	.size = sizeof(struct issue_opts),
	.min = 0,
	.max = ~0u,
	.first = WHAT_TEXT,
	.rest = WHAT_TEXT,
	.changes = true,
	.run = run,
};
