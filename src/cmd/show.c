/* SPDX-License-Identifier: ISC */
/* show.c - what is in here: chain trees and details of entries, requests, lists, keys */
#include "cmd/describe.h"
#include "cmd/dot.h"
#include "cmd/live.h"
#include "cmd/picture.h"
#include "cmd/together.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct show_opts {
	bool is_short, full, pem, dot;
	const char *field;
	struct live_opts live;
};

/* More than this and a list is the better answer. */
#define SHOW_MAX 20

/* ---- --field: one value, nothing else ---- */

static void field_value(const struct kst_cert *cert, const char *name, struct kst_buf *b)
{
	struct kst_bytes serial = kst_cert_serial(cert);
	char when[KST_TIME_TEXT];
	uint8_t hash[32];

	if (!strcmp(name, "sha256"))
		kst_text_hex(b, kst_cert_sha256(cert), 32);
	else if (!strcmp(name, "sha1")) {
		kst_cert_sha1(cert, hash);
		kst_text_hex(b, hash, 20);
	} else if (!strcmp(name, "spki-sha256")) {
		kst_cert_spki_sha256(cert, hash);
		kst_text_hex(b, hash, 32);
	} else if (!strcmp(name, "serial"))
		kst_text_hex(b, serial.data, serial.len);
	else if (!strcmp(name, "subject"))
		kst_cert_subject(cert, b);
	else if (!strcmp(name, "issuer"))
		kst_cert_issuer(cert, b);
	else if (!strcmp(name, "sans"))
		describe_sans(cert, b);
	else if (!strcmp(name, "name"))
		kst_cert_name(cert, b);
	else if (!strcmp(name, "key"))
		kst_cert_key_text(cert, false, b);
	else if (!strcmp(name, "sig"))
		kst_cert_sig_text(cert, b);
	else if (!strcmp(name, "usage"))
		describe_use(cert, b);
	else if (!strcmp(name, "not_before"))
		kst_buf_puts(b, kst_time_text(kst_cert_not_before(cert), KST_TIME_FULL, when));
	else if (!strcmp(name, "not_after"))
		kst_buf_puts(b, kst_time_text(kst_cert_not_after(cert), KST_TIME_FULL, when));
}

static void show_field(struct cli *cli, const struct show_opts *opt, struct kst_entry *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *value;

	if (!kst_entry_leaf(e))
		return;
	field_value(kst_entry_leaf(e), opt->field, &b);
	value = b.data ? (char *)b.data : "";
	out_line(cli->out, "%s", value);
	out_plain(cli->out, &value, 1);
}

/* ---- --plain: one line for each certificate, one for a key without ---- */

static void show_plain(struct cli *cli, struct kst_store *s, const struct kst_entry *e)
{
	for (size_t k = 0; k < e->chain.nr || k == 0; k++) {
		struct kst_buf subject KST_SCRATCH_BUF = KST_BUF_INIT,
				       key KST_SCRATCH_BUF = KST_BUF_INIT,
				       hex KST_SCRATCH_BUF = KST_BUF_INIT;
		const struct kst_cert *cert = k < e->chain.nr ? e->chain.cert[k] : NULL;
		char when[KST_TIME_TEXT] = "";

		if (cert) {
			kst_cert_subject(cert, &subject);
			kst_cert_key_text(cert, false, &key);
			kst_text_hex(&hex, kst_cert_sha256(cert), 32);
			kst_time_text(kst_cert_not_after(cert), KST_TIME_FULL, when);
		}
		const char *const cell[] = { kst_store_path(s), e->alias, describe_role(e, k),
					     (const char *)subject.data, when,
					     (const char *)key.data, (const char *)hex.data };

		out_plain(cli->out, cell, sizeof(cell) / sizeof(*cell));
	}
}

/* ---- one entry as text ---- */

static void heading(struct cli *cli, struct kst_store *s, size_t i, const struct kst_entry *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char at[32];

	snprintf(at, sizeof(at), "@%zu", i + 1);
	picture_what(kst_store_format(s), e, &b);
	out_heading(cli->out, "%s   %s", e->alias ? e->alias : at, b.data ? (char *)b.data : "");
}

static int show_pem(struct cli *cli, const struct kst_entry *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	for (size_t k = 0; k < e->chain.nr; k++)
		picture_pem(e->chain.cert[k], &b);
	return b.len ? out_data(cli->out, b.data, b.len, false, cli->err) : 0;
}

static int show_entry(struct cli *cli, const struct show_opts *opt, struct kst_store *s, size_t i,
		      struct clock *clock)
{
	struct kst_entry *e;

	if (kst_store_entry(s, i, &e, cli->err) < 0)
		return -1;
	/* A document holds every field, whichever was asked for. */
	if (out_is(cli->out, OUT_JSON))
		return describe_entry(cli, s, i);
	if (opt->field) {
		show_field(cli, opt, e);
		return 0;
	}
	if (out_is(cli->out, OUT_PLAIN)) {
		show_plain(cli, s, e);
		return 0;
	}
	if (kst_entry_leaf(e))
		describe_clock_count(clock, kst_cert_not_before(kst_entry_leaf(e)));
	if (!kst_store_server(s))
		heading(cli, s, i, e);
	if (opt->is_short) {
		picture_short(cli->out, e, cli->g.local_time);
	} else {
		if (!kst_store_server(s))
			out_blank(cli->out);
		if (kst_store_server(s))
			picture_sent(cli->out, &e->chain);
		else
			picture_tree(cli->out, e);
		picture_details(cli->out, e, cli->g.local_time);
	}
	if (opt->full && kst_entry_leaf(e)) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		describe_idn(kst_entry_leaf(e), &b);
		if (b.len)
			out_pair(cli->out, "unicode", (const char *)b.data);
		kst_buf_reset(&b);
		kst_cert_full_text(kst_entry_leaf(e), &b);
		out_blank(cli->out);
		picture_lines(cli->out, &b);
	}
	return opt->pem ? show_pem(cli, e) : 0;
}

/* ---- a store ---- */

static int show_store(struct cli *cli, const struct show_opts *opt, struct kst_store *s,
		      const char **ref, size_t nr_ref)
{
	struct clock clock = { 0 };
	size_t nr = kst_store_count(s), shown = nr < SHOW_MAX ? nr : SHOW_MAX;
	bool json = out_is(cli->out, OUT_JSON), text = out_is(cli->out, OUT_TEXT) && !opt->field;

	if (json) {
		out_object(cli->out, NULL);
		describe_store(cli, s);
		out_array(cli->out, "entries");
	} else if (text && !nr_ref) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		describe_store_line(s, &b);
		out_heading(cli->out, "%s   %s", kst_store_path(s), (char *)b.data);
		picture_store(cli->out, s);
		if (kst_store_server(s))
			live_pairs(cli->out, kst_store_server(s));
	}
	for (size_t k = 0; k < (nr_ref ? nr_ref : text ? shown : nr); k++) {
		size_t i = k;

		if (nr_ref && kst_store_find(s, ref[k], &i, cli->err) < 0) {
			if (access(ref[k], F_OK) == 0)
				kst_error_command(cli->err, "kstool", "list", kst_store_path(s),
						  ref[k], NULL);
			return -1;
		}
		if (text && (k || !nr_ref))
			out_blank(cli->out);
		if (show_entry(cli, opt, s, i, &clock) < 0)
			return -1;
	}
	if (json) {
		out_end(cli->out);
		out_end(cli->out);
	} else if (text && !nr_ref && nr > shown) {
		struct kst_buf word KST_SCRATCH_BUF = KST_BUF_INIT;

		out_blank(cli->out);
		out_line(cli->out, "...and %zu more: kstool list %s", nr - shown,
			 kst_text_shell_path(&word, kst_store_path(s)));
	}
	if (text && kst_store_server(s))
		live_end(cli, kst_store_path(s));
	describe_clock(cli->out, &clock);
	return 0;
}

/* Where objects lie loose, what follows are further files. */
static bool is_loose(const struct kst_store *s)
{
	return (kst_store_format(s)->caps & KST_CAP_LOOSE) != 0;
}

static int run(struct cli *cli, void *opts)
{
	const struct show_opts *opt = opts;
	struct kst_store **all = kst_calloc(cli->nr, sizeof(*all));
	size_t nr = 0;
	int ret = -1;

	if (!all)
		return kst_error_nomem(cli->err);
	out_schema(cli->out, "kstool.show/1");
	if (opt->full)
		out_pager(cli->out);
	out_time(cli->out, "now", kst_time_now());
	out_array(cli->out, "stores");
	if (cmd_open(cli, cli->operand[0], &all[nr]) < 0)
		goto done;
	nr++;
	if (opt->dot && !is_loose(all[0]) && cli->nr > 1) {
		kst_error_setx(cli->err, KST_E_USAGE, "draws all of a store: leave the entries out");
		kst_error_subject(cli->err, "--dot");
		goto done;
	}
	if (opt->dot && !is_loose(all[0]) && out_is(cli->out, OUT_TEXT)) {
		ret = dot_show(cli, all, nr);
	} else if (!is_loose(all[0])) {
		ret = show_store(cli, opt, all[0], cli->operand + 1, cli->nr - 1);
	} else {
		int status = 0;

		/* All of them are shown; the first that cannot be gives the status. */
		for (size_t k = 1; k < cli->nr; k++) {
			if (cmd_open(cli, cli->operand[k], &all[nr]) == 0) {
				nr++;
				continue;
			}
			if (access(cli->operand[k], F_OK) < 0)
				kst_error_hint(cli->err, "entries can be named only where the first "
							 "operand is a store; here further operands "
							 "are files");
			describe_failed(cli, cli->operand[k]);
			status = cmd_failed(cli, status, false);
		}
		if (opt->dot && out_is(cli->out, OUT_TEXT)) {
			ret = dot_show(cli, all, nr) < 0 ? -1 : status;
			goto done;
		}
		if (nr > 1 && out_is(cli->out, OUT_TEXT) && !opt->field && !opt->full &&
		    !opt->is_short && !opt->pem) {
			ret = together_show(cli, all, nr);
			if (ret == 0)
				ret = status;
			goto done;
		}
		for (size_t i = 0; i < nr; i++) {
			if (i && !opt->field)
				out_blank(cli->out);
			if (show_store(cli, opt, all[i], NULL, 0) < 0)
				goto done;
		}
		ret = status;
	}
	out_end(cli->out);
done:
	for (size_t i = 0; i < nr; i++)
		kst_store_free(all[i]);
	kst_free(all);
	return ret;
}

static const char *const field_names[] = { "sha256", "sha1", "spki-sha256", "serial", "subject",
					   "issuer", "sans", "name", "key", "sig", "usage",
					   "not_before", "not_after", NULL };
static const struct opt options[] = {
	{ "short", 0, OPT_FLAG, offsetof(struct show_opts, is_short), WHAT_TEXT, NULL,
	  "four lines an entry", NULL, false },
	{ "full", 0, OPT_FLAG, offsetof(struct show_opts, full), WHAT_TEXT, NULL,
	  "everything in the certificate, every extension, and what names in Punycode stand for", NULL, false },
	{ "field", 0, OPT_CHOICE, offsetof(struct show_opts, field), WHAT_CHOICE, "NAME",
	  "print only this value", field_names, false },
	{ "pem", 0, OPT_FLAG, offsetof(struct show_opts, pem), WHAT_TEXT, NULL,
	  "append the certificates as PEM", NULL, false },
	{ "dot", 0, OPT_FLAG, offsetof(struct show_opts, dot), WHAT_TEXT, NULL,
	  "who issued whom, as a graph for Graphviz", NULL, false },
	LIVE_OPTIONS(struct show_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool show app.p12 api", "one entry with its chain" },
	{ "kstool show tls.key tls.crt ca.crt", "what was I given, and does it fit together" },
	{ "kstool show tls.crt --field sha256", "just the fingerprint" },
	{ "kstool show www.acme.test:443", "what a server sends, in the order in which it sends it" },
	{ "kstool show mail.acme.test:25 --starttls smtp", "the same of one that begins without TLS" },
	{ "kstool show app.p12 --dot", "a picture of the issuers: pipe it to dot -Tsvg" },
	{ NULL, NULL }
};
const struct cmd cmd_show = {
	.name = "show",
	.group = GROUP_LOOK,
	.operands = "SOURCE... [ENTRY]...",
	.summary = "what is in here: chain tree and details",
	.help = "Shows a store, or the named entries of it, in detail: the chain as a tree from the\n"
		"root to the leaf, names, dates, key and fingerprint. Where the first operand is a PEM\n"
		"or DER file, the others are files too, and each has a line: which key matches which\n"
		"certificate, and whose issuer is in none of them. Nothing is verified here.\n"
		"\n"
		"Of HOST:PORT it is shown what the server sends, in its order, what it staples, and\n"
		"whether it asks for a client certificate; one that refuses us is shown all the same.\n",
	.examples = examples,
	.plain = "file alias role subject not_after key sha256",
	.exits = "0 3 4 6 7",
	.opts = options,
	.live = LIVE_AT(struct show_opts),
	.size = sizeof(struct show_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_SOURCE,
	.rest = WHAT_ENTRY,
	.run = run,
};
