/* SPDX-License-Identifier: ISC */
/* diff.c - what differs between two files, by certificate */
#include "cmd/differ.h"
#include "cmd/live.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 1000 /* between two looks at a server */

struct diff_opts {
	bool only_certs, leaf;
	const char *wait;
	struct live_opts live;
};

static void source_json(struct out *o, const struct kst_store *s)
{
	out_object(o, NULL);
	out_str(o, "path", kst_store_path(s));
	out_str(o, "type", kst_store_format(s)->name);
	out_end(o);
}

/* The certificate that each side stands for, where it was issued anew; NULL: that is not the difference. */
static const struct kst_diff_row *reissued(const struct kst_diff *d)
{
	for (size_t i = 0; i < d->nr; i++)
		if (d->row[i].cert_a && d->row[i].cert_b &&
		    (d->row[i].kind == KST_DIFF_REISSUED || d->row[i].kind == KST_DIFF_REKEYED))
			return &d->row[i];
	return NULL;
}

/* A file beside a server: what people ask is whether the server has taken up what they put into the file. */
static void tell_server(struct cli *cli, const struct diff_opts *opt, const struct kst_diff *d,
			const struct kst_store *a, const struct kst_store *b)
{
	bool first = kst_store_server(a) != NULL;
	const struct kst_diff_row *r = first == (kst_store_server(b) != NULL) ? NULL : reissued(d);
	struct kst_error line = KST_ERROR_INIT, *was = cli->err;
	int64_t of_a, of_b;

	if (!r || !out_is(cli->out, OUT_TEXT))
		return;
	of_a = kst_cert_not_before(r->cert_a);
	of_b = kst_cert_not_before(r->cert_b);
	if (of_a == of_b)
		return;
	out_blank(cli->out);
	if (first ? of_a > of_b : of_b > of_a) {
		out_sentence(cli->out, "The server presents a newer certificate than the file holds.");
		return;
	}
	out_sentence(cli->out, "The server still presents the older certificate.");
	cli->err = &line;
	if (!opt->wait)
		cmd_again(cli, NULL, NULL,
			  opt->leaf ? (const char *const[]){ "--wait", "60s", NULL } :
				      (const char *const[]){ "--leaf", "--wait", "60s", NULL });
	cli->err = was;
	if (line.hint[0])
		out_line(cli->out, "hint: reload the service, then:  %s", line.hint);
}

struct pair {
	struct kst_store *a, *b;
	struct kst_diff d;
};

static void pair_release(struct pair *p)
{
	kst_diff_release(&p->d);
	kst_store_free(p->a);
	kst_store_free(p->b);
	*p = (struct pair){ .a = NULL };
}

static int look(struct cli *cli, const struct diff_opts *opt, struct pair *p)
{
	if (cmd_open(cli, cli->operand[0], &p->a) < 0 || cmd_open(cli, cli->operand[1], &p->b) < 0)
		return -1;
	return kst_store_diff(&p->d, p->a, p->b,
			      opt->only_certs ? KST_DIFF_CERTS :
			      opt->leaf	      ? KST_DIFF_LEAF :
						KST_DIFF_ENTRIES,
			      cli->err);
}

static int parse_wait(struct cli *cli, const char *text, int64_t *seconds)
{
	bool percent = false;

	if (!live_is(cli->operand[0]) && !live_is(cli->operand[1])) {
		kst_error_setx(cli->err, KST_E_USAGE, "waits for a server, and there is no HOST:PORT");
		return kst_error_subject(cli->err, "--wait");
	}
	if (kst_time_parse_span(text, seconds, &percent) == 0 && !percent && *seconds <= 86400)
		return 0;
	kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%s\" is no time: 60s, 5m", text);
	return kst_error_subject(cli->err, "--wait");
}

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Again and again until they are the same or the time is over; the last look is the answer.  A service
 * that is being restarted does not answer for a while: that is no answer yet.
 */
static int look_until(struct cli *cli, const struct diff_opts *opt, int64_t seconds, struct pair *p, int64_t *looks)
{
	int64_t until = clock_ms() + seconds * 1000;
	int patience = cli->timeout_ms;

	for (;;) {
		int64_t left = until - clock_ms();
		int ret;

		/* No look outlasts the time, but each has a second. */
		cli->timeout_ms = left < 1000 ? 1000 : left < patience ? (int)left : patience;
		ret = look(cli, opt, p);
		++*looks;
		left = until - clock_ms();
		if (left <= 0 || (ret == 0 && !p->d.nr) ||
		    (ret < 0 && (kst_code_exit(cli->err->code) != 7 || cli->err->code == KST_E_NO_HOST)))
			return ret;
		kst_error_clear(cli->err);
		pair_release(p);
		cmd_working(cli, "waiting for the server");
		usleep((useconds_t)(left < POLL_MS ? left : POLL_MS) * 1000);
	}
}

static int run(struct cli *cli, void *opts)
{
	const struct diff_opts *opt = opts;
	struct pair p = { .a = NULL };
	int64_t seconds = 0, looks = 0;
	int ret = -1;

	if (opt->only_certs && opt->leaf) {
		kst_error_setx(cli->err, KST_E_USAGE, "excludes --leaf");
		return kst_error_subject(cli->err, "--only-certs");
	}
	if (opt->wait && parse_wait(cli, opt->wait, &seconds) < 0)
		return -1;
	if (look_until(cli, opt, seconds, &p, &looks) < 0)
		goto done;
	out_array(cli->out, "sources");
	source_json(cli->out, p.a);
	source_json(cli->out, p.b);
	out_end(cli->out);
	out_int(cli->out, "looks", looks);
	differ_show(cli->out, &p.d, cli->operand[0], cli->operand[1]);
	tell_server(cli, opt, &p.d, p.a, p.b);
	ret = p.d.nr ? 1 : 0;
done:
	pair_release(&p);
	return ret;
}

static const struct opt options[] = {
	{ "only-certs", 0, OPT_FLAG, offsetof(struct diff_opts, only_certs), WHAT_TEXT, NULL,
	  "compare the sets of certificates alone: no aliases, no keys, no chains", NULL, false },
	{ "leaf", 0, OPT_FLAG, offsetof(struct diff_opts, leaf), WHAT_TEXT, NULL,
	  "compare the certificate of the first private key (else the first that is no CA)", NULL,
	  false },
	{ "wait", 0, OPT_TEXT, offsetof(struct diff_opts, wait), WHAT_WHEN, "SPAN",
	  "of HOST:PORT: look again until it is the same, for as long as SPAN (60s, 5m)", NULL, false },
	LIVE_OPTIONS(struct diff_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool diff app.p12 app.kst", "did everything come along" },
	{ "kstool diff app.p12 www.acme.test:443 --leaf --wait 60s", "has the server taken up the new certificate" },
	{ "kstool diff tls.crt app.p12 --leaf", "is this the certificate that is in use" },
	{ NULL, NULL }
};
const struct cmd cmd_diff = {
	.name = "diff",
	.group = GROUP_LOOK,
	.operands = "SOURCE SOURCE",
	.summary = "what differs, by certificate",
	.help = "Compares two files of any format: entries are found again by certificate, alias and\n"
		"key, and it is said what was renamed, re-issued, given another key or another chain,\n"
		"and in what. Order, encoding, format and passphrase do not count, nor what one of\n"
		"the formats cannot say. Exit status 0: the same; 1: different.\n"
		"\n"
		"A server, HOST:PORT, is compared by what it sends: whether it has taken up what the\n"
		"file holds. With --wait it is asked each second, also while it does not answer\n"
		"because it is being restarted.\n",
	.examples = examples,
	.exits = "0 1 3 4 7",
	.plain = "kind alias_a alias_b sha256_a sha256_b fields",
	.opts = options,
	.live = LIVE_AT(struct diff_opts),
	.size = sizeof(struct diff_opts),
	.min = 2,
	.max = 2,
	.first = WHAT_SOURCE,
	.rest = WHAT_SOURCE,
	.run = run,
};
