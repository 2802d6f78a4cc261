/* SPDX-License-Identifier: ISC */
/* ca_report.c - what became of the orders, for people, for scripts, for programs */
#include "cmd/ca_order.h"

#include <string.h>

static const char *fate_word(enum kst_ca_fate f, bool dry)
{
	switch (f) {
	case KST_CA_MADE:
		return dry ? "would-issue" : "issued";
	case KST_CA_RESUMED:
		return "resumed";
	case KST_CA_THERE:
		return "unchanged";
	case KST_CA_BUSY:
		return "busy";
	case KST_CA_FAILED:
		return "failed";
	}
	return "";
}

static void row_json(struct out *o, const struct order *r, const struct kst_ca_order *a, bool dry)
{
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT;

	out_object(o, NULL);
	out_str(o, "name", r->name);
	out_str(o, "action", fate_word(a->fate, dry));
	if (a->cert) {
		ca_serial_text(a->cert, &serial);
		out_str(o, "serial", (const char *)serial.data);
		out_hex(o, "sha256", kst_cert_sha256(a->cert), 32);
		out_time(o, "not_after", kst_cert_not_after(a->cert));
	} else {
		out_null(o, "serial");
		out_null(o, "sha256");
		out_null(o, "not_after");
	}
	out_array(o, "files");
	for (int k = 0; k < 2; k++)
		if (r->path[k] && a->fate != KST_CA_FAILED)
			out_str(o, NULL, r->path[k]);
	out_end(o);
	if (a->fate == KST_CA_FAILED) {
		out_object(o, "error");
		out_str(o, "code", kst_code_slug(a->err ? a->err->code : KST_E_NO_MEMORY));
		out_str(o, "message", a->err ? a->err->message : kst_code_meaning(KST_E_NO_MEMORY));
		out_end(o);
	} else {
		out_null(o, "error");
	}
	out_end(o);
}

static const char *const profile_words[] = {
	[KST_PROFILE_ROOT] = "root", [KST_PROFILE_CA] = "CA", [KST_PROFILE_SERVER] = "server certificate",
	[KST_PROFILE_CLIENT] = "client certificate", [KST_PROFILE_BOTH] = "server and client certificate",
};

static void row_text(struct cli *cli, const struct order *r, const struct kst_ca_order *a, bool dry)
{
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT, serial KST_SCRATCH_BUF = KST_BUF_INIT,
		       sans KST_SCRATCH_BUF = KST_BUF_INIT, text KST_SCRATCH_BUF = KST_BUF_INIT;
	char date[KST_TIME_TEXT];
	int64_t until = a->cert ? kst_cert_not_after(a->cert) : a->not_after;

	if (a->fate == KST_CA_FAILED)
		return;
	if (a->cert) {
		kst_text_hex(&hex, kst_cert_sha256(a->cert), 32);
		ca_serial_text(a->cert, &serial);
		ca_sans_text(a->cert, &sans);
	}
	kst_buf_printf(&text, "%s, until %s", a->fate == KST_CA_BUSY ? "another command is making it" :
								      profile_words[a->profile],
		       kst_time_text(until, KST_TIME_DATE, date));
	out_change(cli->out, fate_word(a->fate, dry), r->path[0], text.data ? (const char *)text.data : "",
		   (const char *const[]){ r->name, serial.data ? (const char *)serial.data : "",
					  hex.data ? (const char *)hex.data : "", NULL });
	if (sans.len)
		out_change_more(cli->out, NULL, (const char *)sans.data);
	if (serial.len) {
		kst_buf_reset(&text);
		kst_buf_printf(&text, "serial %s", (const char *)serial.data);
		out_change_more(cli->out, NULL, text.data ? (const char *)text.data : "");
	}
}

#define ERRORS_SHOWN 20

static void tell_failure(struct cli *cli, const struct orders *o, const struct order *r, const struct kst_ca_order *a)
{
	static const struct kst_error no_memory = { .code = KST_E_NO_MEMORY, .message = "there is not enough memory" };
	struct kst_error e = a->err ? *a->err : no_memory;

	if (o->source && r->line) {
		char was[sizeof(e.subject)];

		memcpy(was, e.subject, sizeof(was));
		e.subject[0] = '\0';
		kst_error_subject(&e, "%s, line %zu (%s)%s%s", o->source, r->line, r->name, was[0] ? ": " : "", was);
	} else {
		kst_error_subject(&e, "%s", r->name);
	}
	if (o->source)
		e.hint[0] = '\0';
	*cli->err = e;
	cmd_complete_hints(cli);
	out_error(cli->out, cli->err);
	kst_error_clear(cli->err);
}

static int last_cn(void *ctx, const char *type, const char *value)
{
	if (!strcmp(type, "CN")) {
		kst_buf_reset(ctx);
		kst_buf_puts(ctx, value);
	}
	return 0;
}

static int is_dns(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	(void)ctx;
	(void)value;
	(void)len;
	return type == KST_SAN_DNS;
}

/* RFC 5280 holds dNSNames against a constraint of that kind; Java, where there is none, takes the CN for one. */
static void warn_java(struct cli *cli, const struct orders *o)
{
	size_t nr = 0;
	const char *name = NULL;

	for (size_t i = 0; i < o->nr; i++) {
		struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;
		const struct kst_ca_order *a = &o->ask[i];

		if (!a->cert || (a->fate != KST_CA_MADE && a->fate != KST_CA_RESUMED) ||
		    kst_cert_each_san(a->cert, is_dns, NULL) != 0 || kst_cert_each_rdn(a->cert, false, last_cn, &cn) < 0 ||
		    !cn.len || kst_issue_dns_permitted(kst_ca_cert(o->ca, KST_CA_BY_CA), (const char *)cn.data))
			continue;
		if (!nr++)
			name = o->row[i].name;
	}
	if (nr == 1)
		out_warn(cli->out, "java-cn", "%s: Java takes the CN of a certificate without DNS names for one, and "
			 "this CA may not sign for it: add --san dns:NAME with a name that it may sign for", name);
	else if (nr)
		out_warn(cli->out, "java-cn", "%zu certificates: Java takes the CN of one without DNS names for one, and "
			 "this CA may not sign for it: give each a SAN dns:NAME that it may sign for", nr);
}

int orders_report(struct cli *cli, const struct orders *o)
{
	bool dry = cli->g.dry_run || cli->g.check, hushed = cli->g.quiet && !dry && out_is(cli->out, OUT_TEXT);
	size_t count[KST_CA_FAILED + 1] = { 0 }, lost = 0, told = 0;
	int status = 0;

	for (size_t i = 0; i < o->nr; i++) {
		count[o->ask[i].fate]++;
		lost += o->ask[i].fate == KST_CA_THERE && o->row[i].there_without_file;
	}
	size_t made = count[KST_CA_MADE] + count[KST_CA_RESUMED];
	out_changed(cli->out, made && !dry);
	out_bool(cli->out, "dry_run", dry);
	if (dry)
		out_bool(cli->out, "would_change", made != 0);
	else
		out_null(cli->out, "would_change");
	out_str(cli->out, "directory", kst_ca_dir(o->ca));
	out_int(cli->out, "issued", dry ? 0 : (int64_t)made);
	out_int(cli->out, "unchanged", (int64_t)(count[KST_CA_THERE] + count[KST_CA_BUSY]));
	out_int(cli->out, "failed", (int64_t)count[KST_CA_FAILED]);
	out_str(cli->out, "manifest", dry ? NULL : o->manifest);
	out_array(cli->out, "certificates");
	for (size_t i = 0; out_is(cli->out, OUT_JSON) && i < o->nr; i++)
		row_json(cli->out, &o->row[i], &o->ask[i], dry);
	out_end(cli->out);
	/* Ten thousand lines tell nobody anything; the manifest has them. */
	for (size_t i = 0; (!o->source || out_is(cli->out, OUT_PLAIN)) && !hushed && i < o->nr; i++)
		row_text(cli, &o->row[i], &o->ask[i], dry);
	for (size_t i = 0; i < o->nr; i++) {
		if (o->ask[i].fate != KST_CA_FAILED || told++ >= ERRORS_SHOWN)
			continue;
		if (!o->source && !status)
			status = o->ask[i].err ? kst_code_exit(o->ask[i].err->code) : 9;
		tell_failure(cli, o, &o->row[i], &o->ask[i]);
	}
	if (told > ERRORS_SHOWN)
		out_note(cli->out, "%zu more failed; --json names them all", told - ERRORS_SHOWN);
	if (o->source && !hushed)
		out_summary(cli->out, "%zu %s, %zu unchanged, %zu failed.%s%s", made, dry ? "would be issued" : "issued",
			    count[KST_CA_THERE] + count[KST_CA_BUSY], count[KST_CA_FAILED],
			    o->manifest && !dry ? "  manifest " : "", o->manifest && !dry ? o->manifest : "");
	if (lost && o->source)
		out_note(cli->out, "%zu of the unchanged have no file in %s: they were issued before, and are not issued again",
			 lost, o->files.dir);
	if (count[KST_CA_BUSY])
		out_note(cli->out, "%zu are being made by another command", count[KST_CA_BUSY]);
	if (!dry)
		warn_java(cli, o);
	if (count[KST_CA_FAILED])
		return o->source ? 1 : status;
	return cli->g.check && made ? 1 : 0;
}
