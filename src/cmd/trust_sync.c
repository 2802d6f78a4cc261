/* SPDX-License-Identifier: ISC */
/*
 * trust_sync.c - take out of a store what it trusts and the sources do not hold
 *
 * Removed first, so that a new CA can have the name of the one it succeeds.  Keys
 * and their chains stay, as does what a store holds to say that it is not to be
 * trusted: to take that out would be to trust more.
 */
#include "cmd/entries.h"
#include "cmd/trust.h"

#include <stdio.h>

#define NAMED 8 /* of what goes, in the question and in the refusal */

int trust_check_sources(struct cli *cli, const struct trust_picks *p, struct kst_store *const *src, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const char *path = kst_store_path(src[i]);
		bool some = false;

		for (size_t k = 0; k < p->nr && !some; k++)
			some = p->row[k].why == KST_OK && p->row[k].source == path;
		if (some)
			continue;
		kst_error_setx(cli->err, KST_E_NOTHING_FOUND,
			       "holds nothing that may be trusted, and --sync would remove what came from it before");
		kst_error_subject(cli->err, "%s", path);
		return kst_error_command(cli->err, "kstool", "list", path, NULL);
	}
	return 0;
}

/* What only its date or its kind keeps from being added is in a source all the same. */
static bool in_sources(const struct trust_picks *p, const struct kst_cert *cert)
{
	for (size_t i = 0; i < p->nr; i++)
		if (p->row[i].why != KST_E_NOT_TRUSTED && kst_cert_equal(p->row[i].cert, cert))
			return true;
	return false;
}

static int has_keys(struct kst_store *s, bool *keys, struct kst_error *err)
{
	struct kst_head h;

	*keys = false;
	for (size_t i = 0; i < kst_store_count(s); i++) {
		if (kst_store_head(s, i, &h, err) < 0)
			return -1;
		*keys |= h.kind == KST_KIND_KEY;
	}
	return 0;
}

/* Does it stand there to say that it is not to be trusted, for anything? */
static bool forbids(const struct kst_entry *e)
{
	bool any = false;

	for (unsigned purpose = 1; purpose & KST_FOR_EVERYTHING; purpose <<= 1)
		any |= kst_entry_trusted_for(e, purpose);
	return e->no_anchor || (e->distrusted.len && !any);
}

/* In a file of loose certificates all are trusted by whoever is given it, a pinned leaf too; but beside
 * a key they may be its issuers. */
static int goes(struct kst_store *s, size_t i, bool all, const struct trust_picks *p, bool *yes,
		struct kst_error *err)
{
	struct kst_entry *e;
	struct kst_head h;

	*yes = false;
	if (kst_store_head(s, i, &h, err) < 0)
		return -1;
	if (h.kind != KST_KIND_CERT || (!h.trusted && !all))
		return 0;
	if (kst_store_entry(s, i, &e, err) < 0)
		return -1;
	*yes = !forbids(e) && !in_sources(p, e->chain.cert[0]);
	return 0;
}

/* The plan, for whoever is asked; and for whoever has to add --replace. */
static void name_them(const struct changes *c, struct out *o, struct kst_error *err)
{
	for (size_t i = 0; i < c->nr && i < NAMED; i++) {
		const char *text = c->row[i].text ? c->row[i].text : "";

		if (o)
			out_line(o, "would-remove  %s   %s", c->row[i].alias, text);
		else
			kst_error_detail(err, "%s   %s", c->row[i].alias, text);
	}
	if (c->nr <= NAMED)
		return;
	if (o)
		out_line(o, "and %zu more", c->nr - NAMED);
	else
		kst_error_detail(err, "and %zu more", c->nr - NAMED);
}

static int ask(struct trust_job *job)
{
	struct cli *cli = job->cli;
	char what[96];

	if (job->opt->replace || cli->g.yes || cli->g.dry_run || cli->g.check)
		return 0;
	snprintf(what, sizeof(what), "%zu trusted certificate%s will be removed", job->changes.nr,
		 job->changes.nr == 1 ? "" : "s");
	if (cmd_interactive(cli))
		name_them(&job->changes, cli->out, NULL);
	if (cmd_confirm(cli, kst_store_path(job->store), what, "--replace") == 0)
		return 0;
	if (cli->err->code == KST_E_NEEDS_REPLACE)
		name_them(&job->changes, NULL, cli->err);
	return -1;
}

int trust_drop_rest(struct trust_job *job, const struct trust_picks *p, bool *gone)
{
	struct kst_store *s = job->store;
	struct kst_error *err = job->cli->err;
	size_t nr = kst_store_count(s), rows = 0;
	bool keys, *yes = kst_calloc(nr + 1, sizeof(*yes));
	int ret = -1;

	if (!yes)
		return kst_error_nomem(err);
	if (has_keys(s, &keys, err) < 0)
		goto done;
	for (size_t i = 0; i < nr; i++) {
		struct kst_entry *e;
		struct kst_head h;
		struct change *c;
		char at[32];

		if (goes(s, i, (kst_store_format(s)->caps & KST_CAP_LOOSE) && !keys, p, &yes[i], err) < 0)
			goto done;
		if (!yes[i])
			continue;
		if (kst_store_head(s, i, &h, err) < 0)
			goto done;
		snprintf(at, sizeof(at), "@%zu", i + 1);
		c = changes_add(&job->changes, CHANGE_REMOVED, h.alias ? h.alias : at, "trusted-cert");
		if (!c || kst_store_entry(s, i, &e, err) < 0) {
			kst_error_nomem(err);
			goto done;
		}
		c->text = entries_text(e);
		c->has_before = entries_hash(e, c->before);
		rows++;
	}
	if (rows && ask(job) < 0)
		goto done;
	for (size_t i = nr; i--;)
		if (yes[i] && kst_store_remove(s, i, err) < 0)
			goto done;
	*gone = rows > 0;
	ret = 0;
done:
	kst_free(yes);
	return ret;
}
