/* SPDX-License-Identifier: ISC */
/*
 * convert.c - everything readable in the inputs into one output
 *
 * Nothing is lost in silence: what the target cannot hold is refused by name, or
 * left out by name with --skip-unsupported.
 */
#include "cmd/already.h"
#include "cmd/entries.h"
#include "cmd/keep_pass.h"
#include "cmd/live.h"
#include "cmd/split.h"
#include "cmd/target.h"
#include "cmd/wrap.h"

#include <string.h>
#include <unistd.h>

struct convert_opts {
	const char *out, *to, *alias, *root, *split, *purpose;
	bool as_trust, replace, plain_key, keep_pass, skip;
	const char *wrap, *secret_name, *space;
	struct target_opts target;
	struct live_opts live;
};

static const struct kst_format *target_format(struct cli *cli, const struct convert_opts *opt)
{
	const struct kst_format *f =
		opt->to ? kst_format_by_name(opt->to) : kst_format_by_path(opt->out);
	struct kst_buf names KST_SCRATCH_BUF = KST_BUF_INIT;

	/* "certs/" is a directory here, too. */
	if (!f && !opt->to && *opt->out && opt->out[strlen(opt->out) - 1] == '/')
		f = cmd_format_of(opt->out, cli->err);
	if (f && f->write)
		return f;
	for (const struct kst_format *const *p = kst_formats(); *p; p++)
		if ((*p)->write)
			kst_buf_printf(&names, " %s", (*p)->to);
	kst_error_setx(cli->err, KST_E_UNKNOWN_TYPE,
		       opt->to ? "is no type that kstool writes" : "the name does not tell the type");
	kst_error_subject(cli->err, "%s", opt->to ? opt->to : opt->out);
	kst_error_hint(cli->err, "add --to TYPE, one of:%s", (char *)names.data);
	return NULL;
}

/* The type that the result has where a store of certificates alone is written. */
static char native_kind(const struct kst_gathered *g)
{
	for (size_t i = 0; i < g->nr; i++)
		if (g->entry[i]->kind != KST_KIND_CERT && !kst_entry_is_public_key(g->entry[i]))
			return 'K';
	return 'T';
}

/* What --purpose leaves out: 1, and said; 0. */
static int other_purpose(const struct convert_opts *opt, struct kst_entry *e, struct changes *changes)
{
	struct kst_buf what KST_SCRATCH_BUF = KST_BUF_INIT;
	struct change *c;

	if (!opt->purpose || e->kind != KST_KIND_CERT ||
	    !(e->purposes.len || e->distrusted.len || e->no_anchor))
		return 0;
	kst_entry_trust_text(e, &what);
	if (kst_entry_narrow(e, kst_purpose_by_name(opt->purpose)))
		return 0;
	c = changes_add(changes, CHANGE_SKIPPED, e->alias ? e->alias : "(no name)", NULL);
	if (c) {
		c->text = kst_asprintf("trusted for %s", what.data ? (char *)what.data : "nothing");
		c->reason = kst_strdup(kst_code_slug(KST_E_NOT_TRUSTED));
	}
	return 1;
}

/* Refused at once for all of them: who mends one after the other learns the next each time. */
static int check_losses(struct cli *cli, const struct convert_opts *opt, const struct kst_format *f,
			const struct kst_gathered *g)
{
	bool refused = false, anchors = false, purposes = false;

	for (size_t i = 0; !opt->skip && i < g->nr; i++) {
		const struct kst_entry *e = g->entry[i];
		unsigned loss = kst_entry_loss(e, f);
		char *what = loss ? entries_text(e) : NULL;

		if (!loss)
			continue;
		if (!refused)
			kst_error_setx(cli->err, KST_E_CANNOT_HOLD, "%s cannot hold %s: \"%s\" (%s)", f->title,
				       kst_loss_text(loss), e->alias ? e->alias : "(no name)", what ? what : "");
		else
			kst_error_detail(cli->err, "nor %s: \"%s\" (%s)", kst_loss_text(loss),
					 e->alias ? e->alias : "(no name)", what ? what : "");
		kst_free(what);
		refused = true;
		anchors |= (loss & KST_CAP_TRUST) != 0;
		purposes |= (loss & KST_CAP_PURPOSES) != 0;
	}
	if (!refused)
		return 0;
	kst_error_subject(cli->err, "%s", opt->out);
	for (size_t i = 0; anchors && i < cli->nr; i++)
		if (live_is(cli->operand[i]))
			return kst_error_command(cli->err, "kstool", "trust", opt->out, cli->operand[i], "--create", NULL);
	return kst_error_hint(cli->err, anchors ? "make it a trusted one with --as-trust, or leave it out with "
						  "--skip-unsupported" :
					purposes ? "take what is trusted for one purpose with --purpose server, or "
						   "leave it out with --skip-unsupported" :
						  "choose another type, or leave it out with --skip-unsupported");
}

#define NAMES_SHOWN 3

/* One line for each sort of thing that the type does not keep, with the entries it is about: programs and who
 * asks for more get each, others are not shown a screen of them. */
static void tell_fading(struct cli *cli, const struct convert_opts *opt, const struct kst_format *f,
			const struct kst_gathered *g)
{
	static const struct {
		unsigned cap;
		const char *what;
	} sorts[] = { { KST_CAP_ATTRS, "attributes and notes" },
		      { KST_CAP_DATES, "dates" },
		      { KST_CAP_ALIASES, "aliases" },
		      { KST_CAP_SECRET_ALGS, "the algorithms of secret keys" },
		      { KST_CAP_TRUST, "that a certificate is trusted" } };

	bool all = cli->g.verbose || !out_is(cli->out, OUT_TEXT);

	for (size_t k = 0; k < sizeof(sorts) / sizeof(sorts[0]); k++) {
		struct kst_buf names KST_SCRATCH_BUF = KST_BUF_INIT;
		size_t nr = 0;

		for (size_t i = 0; i < g->nr; i++) {
			const struct kst_entry *e = g->entry[i];

			if (kst_entry_loss(e, f) || !(kst_entry_fades(e, f) & sorts[k].cap))
				continue;
			if (nr++ < NAMES_SHOWN || all)
				kst_buf_printf(&names, "%s\"%s\"", names.len ? ", " : "", e->alias ? e->alias : "(no name)");
		}
		if (nr > NAMES_SHOWN && !all)
			kst_buf_printf(&names, " and %zu more (-v names each)", nr - NAMES_SHOWN);
		if (names.len && !names.failed)
			out_warn(cli->out, "not-kept", "%s: %s does not keep %s: %s", opt->out, f->title, sorts[k].what,
				 (const char *)names.data);
	}
}

static int add_one(struct cli *cli, struct kst_store *out, struct kst_entry *e, struct changes *changes)
{
	const struct kst_format *f = kst_store_format(out);
	unsigned loss = kst_entry_loss(e, f);
	struct kst_entry *copy = NULL;
	struct change *c;
	struct kst_head h;
	size_t i;

	if (loss) {
		c = changes_add(changes, CHANGE_SKIPPED, e->alias ? e->alias : "(no name)", NULL);
		if (c) {
			c->text = kst_asprintf("%s cannot hold %s", f->title, kst_loss_text(loss));
			c->reason = kst_strdup(kst_code_slug(KST_E_CANNOT_HOLD));
		}
		return 0;
	}
	if (kst_entry_copy(&copy, e, cli->err) < 0)
		return -1;
	if (kst_store_add(out, copy, &i, cli->err) < 0 || kst_store_head(out, i, &h, cli->err) < 0)
		return -1;
	entries_warn_bare(cli, f, e);
	c = changes_add(changes, CHANGE_CREATED, h.alias ? h.alias : "", cmd_type_word(&h));
	if (c) {
		c->text = entries_text(e);
		c->has_after = entries_hash(e, c->after);
	}
	return 0;
}

static int fill(struct cli *cli, const struct convert_opts *opt, struct kst_store *out,
		struct kst_gathered *g, struct changes *changes)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->nr; i++) {
		if (other_purpose(opt, g->entry[i], changes))
			kst_entry_free(g->entry[i]);
		else
			g->entry[kept++] = g->entry[i];
	}
	g->nr = kept;
	if (check_losses(cli, opt, kst_store_format(out), g) < 0)
		return -1;
	for (size_t i = 0; i < g->nr; i++)
		if (add_one(cli, out, g->entry[i], changes) < 0)
			return -1;
	tell_fading(cli, opt, kst_store_format(out), g);
	for (size_t i = 0; i < g->nr_left; i++) {
		struct change *c = changes_add(changes, CHANGE_SKIPPED, g->left[i].what, NULL);

		if (c) {
			c->text = kst_asprintf("%s: %s", g->left[i].source, g->left[i].reason);
			c->reason = kst_strdup(g->left[i].reason);
		}
	}
	if (kst_store_count(out))
		return 0;
	kst_error_setx(cli->err, KST_E_NOTHING_FOUND, "holds nothing that %s could hold",
		       kst_store_format(out)->title);
	return kst_error_subject(cli->err, "%s", cli->operand[0]);
}

/* What must not happen to standard output. */
static int check_stdout(struct cli *cli, const struct kst_format *f, const struct kst_gathered *g,
			bool plain_key)
{
	if (!isatty(STDOUT_FILENO))
		return 0;
	if (f->caps & KST_CAP_BINARY) {
		kst_error_setx(cli->err, KST_E_BINARY_TO_TERMINAL, "%s is binary", f->title);
		return kst_error_hint(cli->err, "use -o FILE, or send it through a pipe");
	}
	for (size_t i = 0; plain_key && i < g->nr; i++)
		if (g->entry[i]->kind == KST_KIND_KEY) {
			kst_error_setx(cli->err, KST_E_PLAIN_KEY,
				       "an unencrypted private key is not shown on a terminal");
			return kst_error_hint(cli->err, "use -o FILE");
		}
	return 0;
}

static int write_split(struct cli *cli, const struct convert_opts *opt,
		       const struct kst_gathered *g)
{
	struct kst_save_result res = { .written = !cli->g.dry_run && !cli->g.check };
	struct changes changes = { .nr = 0 };
	int ret = split_certs(cli, opt->split, g->entry, g->nr, &changes);

	for (size_t i = 0; !ret && i < g->nr; i++) {
		const struct kst_entry *e = g->entry[i];
		struct change *c;

		if (e->kind == KST_KIND_CERT)
			continue;
		c = changes_add(&changes, CHANGE_SKIPPED, e->alias ? e->alias : "(no name)", NULL);
		if (c) {
			c->text = kst_asprintf("%s: only certificates are split",
					       e->kind == KST_KIND_KEY ? "its private key" : "no certificate");
			c->reason = kst_strdup("no-certificate");
		}
	}
	if (!ret)
		ret = cmd_report(cli, opt->split, &changes, false, &res);
	changes_release(&changes);
	return ret;
}

/* What lies there already, in the form that was asked for, is not written again. */
static int write_over(struct cli *cli, const struct convert_opts *opt, struct kst_store *out,
		      struct changes *changes, const struct kst_save_options *save)
{
	struct kst_save_result none = { .written = false };
	struct already a;
	int ret = -1;

	already_begin(&a, cli);
	bool same = already_there(&a, cli, out, &save->write);
	for (size_t i = 0; i < changes->nr; i++)
		if (changes->row[i].action == CHANGE_CREATED)
			changes->row[i].action = same ? CHANGE_UNCHANGED : CHANGE_REPLACED;
	if (same)
		ret = cmd_report(cli, opt->out, changes, false, &none);
	else if (opt->replace || cli->g.check || cli->g.dry_run || cmd_fresh(cli, opt->out, true) == 0)
		ret = cmd_commit(cli, out, changes, save);
	already_end(&a, cli);
	return ret;
}

static int run(struct cli *cli, void *opts)
{
	const struct convert_opts *opt = opts;
	const struct kst_format *f = NULL;
	struct changes changes = { .nr = 0 };
	struct kst_gathered g = { .nr = 0 };
	struct sources src = { .nr = 0 };
	struct kst_save_options save;
	struct kst_store *out = NULL, *inner = NULL;
	const struct kst_format *wrap = NULL;
	struct keep_pass keep;
	char *name = NULL;
	int ret = -1;

	if (!opt->out == !opt->split) {
		kst_error_setx(cli->err, KST_E_USAGE, "where the result goes is not said");
		return kst_error_hint(cli->err, "add -o FILE");
	}
	if (opt->out && !strcmp(opt->out, "-") && out_is(cli->out, OUT_JSON)) {
		kst_error_setx(cli->err, KST_E_USAGE,
			       "--json and -o - both want standard output for themselves");
		return kst_error_hint(cli->err, "use -o FILE");
	}
	if (opt->out && !(f = target_format(cli, opt)))
		return -1;
	if (target_save_options(cli, &opt->target, false, &save) < 0 ||
	    (f && target_check_format(cli, &opt->target, f, opt->out) < 0))
		return -1;
	bool there = opt->out && strcmp(opt->out, "-") && access(opt->out, F_OK) == 0;
	cmd_output(cli, opt->out, opt->replace);
	if (f && opt->wrap && !(wrap = wrap_format(cli, opt->wrap, f)))
		return -1;
	if (opt->keep_pass)
		keep_pass_begin(&keep, cli);
	if (sources_open(cli, &src, cli->operand, cli->nr, NULL) < 0)
		goto done;
	struct kst_gather_options how = {
		.as_trust = opt->as_trust,
		.drop_root = entries_drop_root(opt->root),
		.alias = opt->alias,
		.keep_crls = f && (f->caps & (KST_CAP_CRLS | KST_CAP_REQUESTS)),
	};
	if (kst_gather(&g, src.store, src.nr, &how, &cli->notes, cli->err) < 0 ||
	    entries_mismatch(cli, &src, &g, NULL) < 0)
		goto done;
	if (opt->split) {
		ret = write_split(cli, opt, &g);
		goto done;
	}
	if (!strcmp(opt->out, "-") && check_stdout(cli, f, &g, opt->plain_key) < 0)
		goto done;
	struct kst_open_options open = cmd_open_options(cli, true);
	if (kst_store_new(&out, opt->out, f, &open, cli->err) < 0 ||
	    (wrap && kst_store_new(&inner, opt->out, wrap, &open, cli->err) < 0) ||
	    fill(cli, opt, wrap ? inner : out, &g, &changes) < 0 ||
	    target_tell(cli, &opt->target, wrap ? inner : out, true, &save) < 0 ||
	    (wrap && wrap_store(cli, inner, &save, out) < 0))
		goto done;
	if (f->caps & KST_CAP_NAMED) {
		name = wrap_name(opt->secret_name, &g, opt->out);
		if (!name) {
			kst_error_nomem(cli->err);
			goto done;
		}
		save.write.secret_name = name;
		save.write.secret_namespace = opt->space;
	}
	save.write.plain_key = opt->plain_key;
	save.write.store_kind = native_kind(&g);
	/* A question about a file that is there is no order to spare it. */
	save.replace = opt->replace || cli->g.check || cli->g.dry_run;
	if (opt->replace && !opt->target.backup)
		save.backup = KST_BACKUP_ALWAYS;
	if (!strcmp(opt->out, "-")) {
		struct kst_save_result res = { .written = true };

		out_data_mode(cli->out);
		ret = kst_store_write_fd(out, STDOUT_FILENO, &save, cli->err);
		if (!ret)
			ret = cmd_report(cli, "standard output", &changes, false, &res);
	} else if (there) {
		ret = write_over(cli, opt, out, &changes, &save);
	} else {
		ret = cmd_commit(cli, out, &changes, &save);
	}
done:
	changes_release(&changes);
	kst_store_free(inner);
	kst_store_free(out);
	kst_free(name);
	kst_gathered_release(&g);
	sources_close(&src);
	if (opt->keep_pass)
		keep_pass_end(&keep, cli);
	return ret;
}

static const char *const tos[] = { "kst", "p12", "pem", "der", "p7b", "jks", "jceks", "jwks", "bks", "bcfks", "hashdir", "k8s", NULL };
static const struct opt options[] = {
	{ "output", 'o', OPT_TEXT, offsetof(struct convert_opts, out), WHAT_FILE, "FILE",
	  "where the result goes; - is standard output", NULL, false },
	{ "to", 0, OPT_TEXT, offsetof(struct convert_opts, to), WHAT_CHOICE, "TYPE",
	  "type of the result, where its name does not tell", tos, false },
	{ "alias", 0, OPT_TEXT, offsetof(struct convert_opts, alias), WHAT_TEXT, "NAME",
	  "name of a single key; its own, else made from its first host name", NULL, false },
	{ "as-trust", 0, OPT_FLAG, offsetof(struct convert_opts, as_trust), WHAT_TEXT, NULL,
	  "certificates without a key become trusted; so they do where no input has a key", NULL,
	  false },
	{ "purpose", 0, OPT_CHOICE, offsetof(struct convert_opts, purpose), WHAT_CHOICE, "PURPOSE",
	  "where a source says what it trusts its certificates for: those for this, and for no other "
	  "use in the result", entries_purposes, false },
	{ "root", 0, OPT_CHOICE, offsetof(struct convert_opts, root), WHAT_CHOICE, "WHAT",
	  "keep (if not given) or drop a self-signed root at the end of a chain", entries_roots, false },
	{ "split", 0, OPT_TEXT, offsetof(struct convert_opts, split), WHAT_DIR, "DIR",
	  "instead of one file, one PEM file for each entry, its chain in it", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct convert_opts, replace), WHAT_TEXT, NULL,
	  "replace a file that exists", NULL, false },
	{ "plain-key", 0, OPT_FLAG, offsetof(struct convert_opts, plain_key), WHAT_TEXT, NULL,
	  "write private keys without encryption, where the type can", NULL, false },
	{ "keep-pass", 0, OPT_FLAG, offsetof(struct convert_opts, keep_pass), WHAT_TEXT, NULL,
	  "the result gets the passphrase of the one store that is converted", NULL, false },
	{ "skip-unsupported", 0, OPT_FLAG, offsetof(struct convert_opts, skip), WHAT_TEXT, NULL,
	  "leave out, by name, what the type cannot hold", NULL, false },
	{ "wrap", 0, OPT_TEXT, offsetof(struct convert_opts, wrap), WHAT_TEXT, "TYPE",
	  "with --to k8s: a whole store of this type (p12, jks) under its passphrase", NULL, false },
	{ "secret-name", 0, OPT_TEXT, offsetof(struct convert_opts, secret_name), WHAT_TEXT, "NAME",
	  "with --to k8s: name of the Secret; the alias if not given", NULL, false },
	{ "namespace", 0, OPT_TEXT, offsetof(struct convert_opts, space), WHAT_TEXT, "NAME",
	  "with --to k8s: its namespace; that of who applies it if not given", NULL, false },
	{ "sealed", 0, OPT_FLAG, offsetof(struct convert_opts, target.sealed), WHAT_TEXT, NULL,
	  "a native store that hides aliases and certificates too", NULL, false },
	TARGET_OPTIONS(struct convert_opts),
	LIVE_OPTIONS(struct convert_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool convert tls.key tls.crt ca.crt -o app.p12 --alias app", "PEM files to PKCS#12" },
	{ "kstool convert app.p12 -o app.kst", "into an encrypted native store" },
	{ "kstool convert ca.der -o ca.pem", "DER to PEM" },
	{ "kstool convert app.p12 -o secret.json --to k8s --plain-key", "a TLS Secret for kubectl apply" },
	{ NULL, NULL }
};
const struct cmd cmd_convert = {
	.name = "convert",
	.group = GROUP_MAKE,
	.operands = "SOURCE... -o FILE",
	.summary = "any format into any other",
	.help = "Reads everything in the inputs and writes it as one file. Keys and certificates\n"
		"find each other by public key, chains are ordered, exact duplicates dropped. What\n"
		"the target cannot hold is refused by name.\n",
	.examples = examples,
	.exits = "0 1 3 4 5 7 8",
	.opts = options,
	.live = LIVE_AT(struct convert_opts),
	.size = sizeof(struct convert_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_SOURCE,
	.rest = WHAT_SOURCE,
	.changes = true,
	.run = run,
};
