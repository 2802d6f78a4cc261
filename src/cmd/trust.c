/* SPDX-License-Identifier: ISC */
/*
 * trust.c - add every CA certificate of the sources as trusted
 *
 * Identity is the fingerprint: what is there under any alias is unchanged.  Of a
 * bundle, what is no CA or out of date is left out by name and the rest is added;
 * a single certificate of that sort is refused.
 */
#include "cmd/entries.h"
#include "cmd/target.h"

#include <string.h>

struct trust_opts {
	const char *alias, *fingerprint, *purpose;
	bool create, leaf, expired, replace;
	struct target_opts target;
};

struct state {
	struct cli *cli;
	const struct trust_opts *opt;
	struct kst_store *store;
	struct changes changes;
	size_t offered, taken; /* certificates of the sources; added or already there */
	struct kst_error first; /* why the first one was left out */
};

static void describe(struct change *c, const struct kst_cert *cert)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char until[KST_TIME_TEXT];

	if (!c)
		return;
	kst_cert_name(cert, &b);
	kst_buf_printf(&b, ", until %s",
		       kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, until));
	c->text = kst_strndup((char *)b.data, b.len);
	memcpy(c->after, kst_cert_sha256(cert), 32);
	c->has_after = c->show_hash = true;
}

/* What the settings of its file say about it; sets the error, or returns false. */
static bool unwanted(const struct state *st, const struct kst_entry *e, struct kst_error *err)
{
	const char *purpose = st->opt->purpose;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf what KST_SCRATCH_BUF = KST_BUF_INIT;
	unsigned want = purpose ? kst_purpose_by_name(purpose) : 0;
	bool settings = e->purposes.len || e->distrusted.len || e->no_anchor;

	if (e->kind != KST_KIND_CERT || !settings ||
	    (e->trusted && (!want || kst_entry_trusted_for(e, want))))
		return false;
	kst_cert_name(e->chain.cert[0], &b);
	kst_entry_trust_text(e, &what);
	kst_error_setx(err, KST_E_NOT_TRUSTED, "\"%s\" is not trusted%s%s: its file trusts it for %s",
		       b.data ? (char *)b.data : "", want ? " for " : "", want ? purpose : "",
		       what.data ? (char *)what.data : "nothing");
	return true;
}

/* Why a certificate is not to be trusted; sets the error, or returns false. */
static bool unfit(const struct state *st, const struct kst_entry *e, const struct kst_cert *cert,
		  const char *source, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char text[KST_TIME_TEXT];

	kst_cert_name(cert, &b);
	if (!st->opt->leaf && !kst_cert_is_ca(cert)) {
		kst_error_setx(err, KST_E_NOT_A_CA, "\"%s\" is not the certificate of a CA",
			       b.data ? (char *)b.data : "");
		kst_error_hint(err, "use --leaf to pin this very certificate");
	} else if (!st->opt->expired && kst_cert_not_after(cert) < kst_time_now()) {
		kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, text);
		kst_error_setx(err, KST_E_EXPIRED, "\"%s\" expired on %s",
			       b.data ? (char *)b.data : "", text);
		kst_error_hint(err, "use --expired to trust it all the same");
	} else if (!unwanted(st, e, err)) {
		return false;
	}
	kst_error_subject(err, "%s", source);
	return true;
}

static void skip(struct state *st, const struct kst_cert *cert, struct kst_error *why)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct change *c;

	kst_cert_name(cert, &b);
	c = changes_add(&st->changes, CHANGE_SKIPPED, b.data ? (char *)b.data : "certificate",
			"trusted-cert");
	if (c) {
		c->text = kst_strdup(why->code == KST_E_NOT_A_CA ? "not a CA (use --leaf to pin it)" :
				     why->code == KST_E_EXPIRED ? "expired (use --expired)" :
								  "not trusted by its own file");
		c->reason = kst_strdup(kst_code_slug(why->code));
	}
	if (st->first.code == KST_OK)
		st->first = *why;
}

/* In a file of loose objects a certificate that completes a chain is there, and is trusted by whoever
 * is given the file; its entry. */
static size_t in_chain(struct kst_store *s, const struct kst_cert *cert)
{
	struct kst_entry *e;

	for (size_t i = 0; (kst_store_format(s)->caps & KST_CAP_LOOSE) && i < kst_store_count(s); i++)
		if (!kst_store_entry(s, i, &e, NULL))
			for (size_t k = 0; k < e->chain.nr; k++)
				if (kst_cert_equal(e->chain.cert[k], cert))
					return i;
	return KST_NO_BASE;
}

static int add(struct state *st, const struct kst_entry *from, struct kst_cert *cert, bool single)
{
	struct kst_entry *e = NULL;
	struct change *c;
	struct kst_head h;
	size_t i = kst_store_find_cert(st->store, cert);
	size_t marked = KST_NO_BASE;
	bool made = false;

	if (i != KST_NO_BASE && kst_store_head(st->store, i, &h, st->cli->err) < 0)
		return -1;
	/* There, but no anchor: the leaf of a key, or a certificate that lacks the mark. */
	if (i != KST_NO_BASE && (h.kind != KST_KIND_CERT || !h.trusted)) {
		marked = h.kind == KST_KIND_CERT ? i : KST_NO_BASE;
		i = KST_NO_BASE;
	}
	if (i == KST_NO_BASE && marked == KST_NO_BASE)
		i = in_chain(st->store, cert);
	if (i != KST_NO_BASE) {
		if (kst_store_head(st->store, i, &h, st->cli->err) < 0)
			return -1;
		c = changes_add(&st->changes, CHANGE_UNCHANGED, h.alias, "trusted-cert");
		if (c) {
			c->text = kst_strdup("already trusted");
			c->reason = kst_strdup("already-trusted");
			memcpy(c->before, kst_cert_sha256(cert), 32);
			memcpy(c->after, kst_cert_sha256(cert), 32);
			c->has_before = c->has_after = true;
		}
		return 0;
	}
	e = kst_entry_new(KST_KIND_CERT);
	if (!e || kst_chain_push(&e->chain, cert) < 0)
		goto nomem;
	e->trusted = true;
	e->created = kst_time_now();
	if (from && from->kind == KST_KIND_CERT) {
		if (kst_blob_set(&e->purposes, from->purposes.data, from->purposes.len) < 0 ||
		    kst_blob_set(&e->distrusted, from->distrusted.data, from->distrusted.len) < 0)
			goto nomem;
		if (from->restriction && !(e->restriction = kst_strdup(from->restriction)))
			goto nomem;
		if (st->opt->purpose)
			kst_entry_narrow(e, kst_purpose_by_name(st->opt->purpose));
		if (from->origin && !(e->origin = kst_strdup(from->origin)))
			goto nomem;
	}
	if (marked != KST_NO_BASE) {
		char *alias = kst_strdup(h.alias ? h.alias : "");

		if (!alias || kst_store_replace(st->store, marked, e, st->cli->err) < 0) {
			kst_free(alias);
			return -1;
		}
		describe(changes_add(&st->changes, CHANGE_REPLACED, alias, "trusted-cert"), cert);
		kst_free(alias);
		return 0;
	}
	if (single && st->opt->alias) {
		e->alias = kst_strdup(st->opt->alias);
		if (!e->alias)
			goto nomem;
		made = true;
	}
	i = made ? kst_store_find_alias(st->store, e->alias) : KST_NO_BASE;
	if (i != KST_NO_BASE && st->opt->replace) {
		if (kst_store_head(st->store, i, &h, st->cli->err) < 0)
			goto fail;
		if (h.kind != KST_KIND_CERT) {
			kst_error_setx(st->cli->err, KST_E_ALIAS_CONFLICT,
				       "\"%s\" holds a private key", st->opt->alias);
			goto fail;
		}
		if (kst_store_replace(st->store, i, e, st->cli->err) < 0)
			return -1;
		describe(changes_add(&st->changes, CHANGE_REPLACED, st->opt->alias, "trusted-cert"),
			 cert);
		return 0;
	}
	if (kst_store_add(st->store, e, &i, st->cli->err) < 0) {
		if (st->cli->err->code == KST_E_ALIAS_CONFLICT)
			cmd_again(st->cli, "choose another name with --alias, or", NULL,
				  (const char *const[]){ "--replace", NULL });
		if (st->cli->err->code == KST_E_CANNOT_HOLD)
			kst_error_hint(st->cli->err, "take what is trusted for one purpose with --purpose server");
		return -1;
	}
	if (kst_store_head(st->store, i, &h, st->cli->err) < 0)
		return -1;
	describe(changes_add(&st->changes, CHANGE_ADDED, h.alias, "trusted-cert"), cert);
	return 0;
nomem:
	kst_error_nomem(st->cli->err);
fail:
	kst_entry_free(e);
	return -1;
}

/* "sha256:AB:CD..." or bare hex against a certificate. */
static bool fingerprint_is(const char *want, const struct kst_cert *cert)
{
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t at = 0;

	if (!strncasecmp(want, "sha256:", 7))
		want += 7;
	kst_text_hex(&hex, kst_cert_sha256(cert), 32);
	for (; *want; want++) {
		if (*want == ':' || *want == ' ')
			continue;
		if (at >= hex.len || (*want | 0x20) != (hex.data[at] | 0x20))
			return false;
		at++;
	}
	return at == hex.len;
}

static size_t count_certs(struct kst_store *s)
{
	size_t nr = 0;
	struct kst_head h;

	for (size_t i = 0; i < kst_store_count(s); i++)
		if (!kst_store_head(s, i, &h, NULL))
			nr += h.nr_certs;
	return nr;
}

/* Every certificate of one source: of a key's chain only the CAs are of interest. */
static int take_source(struct state *st, struct kst_store *src, bool single)
{
	const char *path = kst_store_path(src);

	for (size_t i = 0; i < kst_store_count(src); i++) {
		struct kst_entry *e;

		if (kst_store_entry(src, i, &e, st->cli->err) < 0)
			return -1;
		for (size_t k = 0; k < e->chain.nr; k++) {
			struct kst_error why = KST_ERROR_INIT;
			struct kst_cert *cert = e->chain.cert[k];

			st->offered++;
			if (st->opt->fingerprint && !fingerprint_is(st->opt->fingerprint, cert)) {
				if (single) {
					kst_error_setx(st->cli->err, KST_E_FINGERPRINT,
						       "the certificate has another fingerprint");
					kst_error_subject(st->cli->err, "%s", path);
					return kst_error_command(st->cli->err, "kstool", "show", path,
								 NULL);
				}
				continue;
			}
			if (unfit(st, e, cert, path, &why)) {
				skip(st, cert, &why);
				continue;
			}
			if (add(st, e, cert, single) < 0)
				return -1;
			st->taken++;
		}
	}
	return 0;
}

static int take_all(struct state *st, struct kst_store *const *src, size_t nr, bool single)
{
	for (size_t i = 0; i < nr; i++)
		if (take_source(st, src[i], single) < 0)
			return -1;
	if (!st->offered) {
		kst_error_setx(st->cli->err, KST_E_NOTHING_FOUND, "holds no certificate");
		return kst_error_subject(st->cli->err, "%s", kst_store_path(src[0]));
	}
	if (!st->taken) {
		if (st->first.code != KST_OK) {
			*st->cli->err = st->first;
			return -1;
		}
		kst_error_setx(st->cli->err, KST_E_FINGERPRINT,
			       "no certificate has the fingerprint that was given");
		return kst_error_subject(st->cli->err, "%s", kst_store_path(src[0]));
	}
	return 0;
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts, .first = KST_ERROR_INIT };
	size_t nr = cli->nr - 1, opened = 0, certs = 0;
	struct kst_store **src = kst_calloc(nr, sizeof(*src));
	struct kst_save_options save;
	int ret = -1;

	if (!src)
		return kst_error_nomem(cli->err);
	if (entries_notice_swap(cli) < 0 || target_save_options(cli, &st.opt->target, false, &save) < 0)
		goto done;
	if (cmd_expect_store(cli, cli->operand[0]) < 0)
		goto done;
	for (; opened < nr; opened++) {
		if (cmd_open(cli, cli->operand[opened + 1], &src[opened]) < 0)
			goto done;
		certs += count_certs(src[opened]);
	}
	if (st.opt->alias && certs != 1) {
		kst_error_setx(cli->err, KST_E_USAGE,
			       "names one certificate, and the sources hold %zu", certs);
		kst_error_subject(cli->err, "--alias");
		goto done;
	}
	if (cmd_edit(cli, cli->operand[0], st.opt->create, 'T', &st.store) < 0)
		goto done;
	if (take_all(&st, src, nr, certs == 1) < 0 ||
	    target_tell(cli, &st.opt->target, st.store, false, &save) < 0)
		goto done;
	for (size_t i = 0; i < st.changes.nr && !st.opt->target.backup; i++)
		if (st.changes.row[i].action == CHANGE_REPLACED)
			save.backup = KST_BACKUP_ALWAYS;
	ret = cmd_commit(cli, st.store, &st.changes, &save);
done:
	changes_release(&st.changes);
	kst_store_free(st.store);
	for (size_t i = 0; i < opened; i++)
		kst_store_free(src[i]);
	kst_free(src);
	return ret;
}

static const struct opt options[] = {
	{ "alias", 0, OPT_TEXT, offsetof(struct trust_opts, alias), WHAT_TEXT, "NAME",
	  "name of a single certificate; made from its CN if not given", NULL, false },
	{ "create", 0, OPT_FLAG, offsetof(struct trust_opts, create), WHAT_TEXT, NULL,
	  "make the store if it does not exist", NULL, false },
	{ "expired", 0, OPT_FLAG, offsetof(struct trust_opts, expired), WHAT_TEXT, NULL,
	  "take certificates that are out of date too", NULL, false },
	{ "leaf", 0, OPT_FLAG, offsetof(struct trust_opts, leaf), WHAT_TEXT, NULL,
	  "take certificates that are not those of a CA: pin them", NULL, false },
	{ "purpose", 0, OPT_CHOICE, offsetof(struct trust_opts, purpose), WHAT_CHOICE, "PURPOSE",
	  "where a source says what it trusts its certificates for: those for this, and for no other "
	  "use in this store", entries_purposes, false },
	{ "fingerprint", 0, OPT_TEXT, offsetof(struct trust_opts, fingerprint), WHAT_TEXT,
	  "sha256:HEX", "take only the certificate with this fingerprint", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct trust_opts, replace), WHAT_TEXT, NULL,
	  "let --alias replace another trusted certificate", NULL, false },
	TARGET_OPTIONS(struct trust_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool trust trust.kst corp-root.pem --create", "a new truststore with one CA" },
	{ "kstool trust ts.p12 bundle.pem", "every CA of a bundle into a PKCS#12 truststore" },
	{ NULL, NULL }
};
const struct cmd cmd_trust = {
	.name = "trust",
	.group = GROUP_CHANGE,
	.operands = "STORE SOURCE...",
	.summary = "add trusted CA certificates",
	.help = "Adds every CA certificate of the sources as trusted. A certificate that is there\n"
		"under any name is unchanged, so the command can be repeated. Of several\n"
		"certificates, what is no CA or has expired is left out and named.\n",
	.examples = examples,
	.exits = "0 1 3 4 5 8",
	.opts = options,
	.size = sizeof(struct trust_opts),
	.min = 2,
	.max = ~0u,
	.first = WHAT_STORE,
	.rest = WHAT_SOURCE,
	.changes = true,
	.run = run,
};
