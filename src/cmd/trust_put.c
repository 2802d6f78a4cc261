/* SPDX-License-Identifier: ISC */
/*
 * trust_put.c - one certificate into a store, as trusted
 *
 * Identity is the fingerprint: what is there under any alias is unchanged.
 */
#include "cmd/trust.h"

#include <string.h>

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

/* --sync: does the source say something else of what it is trusted for than the store?  One that says
 * nothing has no say in it. */
static bool settings_differ(struct kst_store *s, size_t i, const struct kst_entry *meant)
{
	struct kst_entry *e;

	if (!meant->purposes.len && !meant->distrusted.len)
		return false;
	return (kst_store_format(s)->caps & KST_CAP_PURPOSES) && !kst_store_entry(s, i, &e, NULL) &&
	       (!kst_blob_equal(&e->purposes, &meant->purposes) ||
		!kst_blob_equal(&e->distrusted, &meant->distrusted));
}

static int add(struct trust_job *st, const struct kst_entry *from, struct kst_cert *cert)
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
	if (i != KST_NO_BASE && st->opt->sync && !st->opt->purpose && from->kind == KST_KIND_CERT &&
	    settings_differ(st->store, i, from)) {
		marked = i;
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
	if (from->kind == KST_KIND_CERT) {
		if (kst_blob_set(&e->purposes, from->purposes.data, from->purposes.len) < 0 ||
		    kst_blob_set(&e->distrusted, from->distrusted.data, from->distrusted.len) < 0)
			goto nomem;
		e->server_after = from->server_after;
		e->email_after = from->email_after;
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
	if (st->alias) {
		e->alias = kst_strdup(st->alias);
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
				       "\"%s\" holds a private key", st->alias);
			goto fail;
		}
		if (kst_store_replace(st->store, i, e, st->cli->err) < 0)
			return -1;
		describe(changes_add(&st->changes, CHANGE_REPLACED, st->alias, "trusted-cert"),
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

static int skip(struct trust_job *job, const struct trust_pick *p)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct change *c;

	kst_cert_name(p->cert, &b);
	c = changes_add(&job->changes, CHANGE_SKIPPED, b.data ? (char *)b.data : "certificate",
			"trusted-cert");
	if (!c)
		return kst_error_nomem(job->cli->err);
	c->text = kst_strdup(p->why == KST_E_NOT_A_CA ? "not a CA (use --leaf to pin it)" :
			     p->why == KST_E_EXPIRED  ? "expired (use --expired)" :
							"not trusted by its own file");
	c->reason = kst_strdup(kst_code_slug(p->why));
	return 0;
}

int trust_put(struct trust_job *job, const struct trust_pick *p)
{
	return p->why == KST_OK ? add(job, p->from, p->cert) : skip(job, p);
}
