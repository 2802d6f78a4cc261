/* SPDX-License-Identifier: ISC */
/*
 * import.c - private keys with their chains into a store, or a CA's reply for a
 * key that is already there
 *
 * A reply is recognised by its public key, never by its name.  What would lose
 * something (another certificate under the alias, fewer names, an earlier end)
 * is shown and needs --replace.
 */
#include "cmd/entries.h"
#include "cmd/target.h"

#include <string.h>

struct import_opts {
	const char *alias;
	bool create, replace;
	const char *root;
	struct opt_list entry, extra;
	struct target_opts target;
};

struct state {
	struct cli *cli;
	const struct import_opts *opt;
	struct kst_store *store;
	struct changes changes;
	size_t replaced;
};

static bool is_plan(const struct state *st)
{
	return st->cli->g.dry_run || st->cli->g.check;
}

static int conflict(struct state *st, const char *alias, const struct kst_entry *now,
		    const struct kst_entry *neu)
{
	struct kst_error *err = st->cli->err;

	kst_error_setx(err, KST_E_ALIAS_CONFLICT, "\"%s\" already holds another %s", alias,
		       now->kind == KST_KIND_CERT ? "trusted certificate" : "certificate");
	kst_error_subject(err, "%s", kst_store_path(st->store));
	entries_compare(now, neu, err);
	return cmd_again(st->cli, NULL, NULL, (const char *const[]){ "--alias", alias, "--replace", NULL });
}

/* Something would be lost.  --replace and --yes say that it may; a person is asked; a script (and a
 * plan, which tells what the script would meet) is refused, with the difference. */
static int permit(struct state *st, const char *alias, const struct kst_entry *now,
		  const struct kst_entry *neu)
{
	struct cli *cli = st->cli;
	char *text, *question;
	int ret;

	if (st->opt->replace || cli->g.yes)
		return 0;
	if (is_plan(st) || !cmd_interactive(cli))
		return conflict(st, alias, now, neu);
	text = entries_change_text(now, neu, true);
	for (char *p = text; p && *p; p++)
		if (*p == '\n')
			*p = ';';
	question = kst_asprintf("\"%s\" will be replaced: %s", alias, text ? text : "");
	ret = question ? cmd_confirm(cli, kst_store_path(st->store), question, "--replace")
		       : kst_error_nomem(cli->err);
	kst_free(question);
	kst_free(text);
	return ret;
}

static int unchanged(struct state *st, size_t i, const char *why)
{
	struct kst_head h;

	if (kst_store_head(st->store, i, &h, st->cli->err) < 0)
		return -1;
	struct change *c = changes_add(&st->changes, CHANGE_UNCHANGED, h.alias, cmd_type_word(&h));
	if (c) {
		c->text = kst_strdup(why);
		c->reason = kst_strdup("already-there");
		if (h.sha256) {
			memcpy(c->before, h.sha256, 32);
			memcpy(c->after, h.sha256, 32);
			c->has_before = c->has_after = true;
		}
	}
	return 0;
}

/* The same key and certificate without all of the issuers that are there: nobody means to lose these. */
static bool is_shorter(const struct kst_entry *now, const struct kst_entry *e)
{
	if (now->kind != e->kind || !e->chain.nr || e->chain.nr >= now->chain.nr)
		return false;
	for (size_t k = 0; k < e->chain.nr; k++)
		if (!kst_cert_equal(now->chain.cert[k], e->chain.cert[k]))
			return false;
	return true;
}

/* Put `e` in the place of entry i, or say that nothing changes. */
static int put(struct state *st, size_t i, struct kst_entry *e, bool may_replace)
{
	struct kst_entry *now, *copy = NULL;
	struct change *c;
	struct kst_head h;

	if (kst_store_entry(st->store, i, &now, st->cli->err) < 0)
		return -1;
	if (kst_entry_same(now, e))
		return unchanged(st, i, "already there");
	if (is_shorter(now, e))
		return unchanged(st, i, "already there, with more of its chain");
	if (kst_store_head(st->store, i, &h, st->cli->err) < 0)
		return -1;
	if (!may_replace && permit(st, h.alias ? h.alias : "(no name)", now, e) < 0)
		return -1;
	c = changes_add(&st->changes, CHANGE_REPLACED, h.alias, "private-key");
	if (c) {
		change_set_text(c, entries_change_text(now, e, is_plan(st)));
		c->has_before = entries_hash(now, c->before);
		c->has_after = entries_hash(e, c->after);
	}
	st->replaced++;
	if (kst_entry_copy(&copy, e, st->cli->err) < 0)
		return -1;
	kst_free(copy->alias); /* the store's own alias stays */
	copy->alias = NULL;
	return kst_store_replace(st->store, i, copy, st->cli->err);
}

/* The entry that has this very key; KST_NO_BASE: none. */
static size_t key_there(struct kst_store *s, struct kst_key *key)
{
	for (size_t i = 0; key && i < kst_store_count(s); i++) {
		struct kst_entry *e;

		if (!kst_store_entry(s, i, &e, NULL) && e->kind == KST_KIND_KEY && kst_entry_leaf(e) &&
		    kst_key_matches(key, kst_entry_leaf(e)) == 1)
			return i;
	}
	return KST_NO_BASE;
}

static int add_key(struct state *st, struct kst_entry *e)
{
	struct kst_entry *copy = NULL;
	struct kst_head h;
	size_t i = KST_NO_BASE;

	if (kst_entry_leaf(e))
		i = kst_store_find_cert(st->store, kst_entry_leaf(e));
	else if ((i = key_there(st->store, e->key)) != KST_NO_BASE)
		return unchanged(st, i, "has this key already");
	/* The same key pair under any name is there already. */
	if (i != KST_NO_BASE && !kst_store_head(st->store, i, &h, NULL) &&
	    h.kind == KST_KIND_KEY && (!st->opt->alias || !h.alias || !strcmp(h.alias, st->opt->alias)))
		return put(st, i, e, true);
	if (e->alias && (i = kst_store_find_alias(st->store, e->alias)) != KST_NO_BASE)
		return put(st, i, e, st->opt->replace);
	if (kst_entry_copy(&copy, e, st->cli->err) < 0)
		return -1;
	if (!copy->created)
		copy->created = kst_time_now();
	if (kst_store_add(st->store, copy, &i, st->cli->err) < 0)
		return -1;
	if (kst_store_head(st->store, i, &h, st->cli->err) < 0)
		return -1;
	entries_warn_bare(st->cli, kst_store_format(st->store), e);
	struct change *c = changes_add(&st->changes, CHANGE_ADDED, h.alias, cmd_type_word(&h));
	if (c) {
		c->text = entries_text(e);
		c->has_after = entries_hash(e, c->after);
	}
	return 0;
}

/*
 * The reply for a key that waited beside the one in use (csr --new-key): both come into the place of
 * the old ones, and the waiting entry goes.  The old key goes too, so this is asked or said.
 */
static int swap_in(struct state *st, size_t waiting, size_t current, struct kst_entry *neu)
{
	struct kst_error *err = st->cli->err;
	const char *path = kst_store_path(st->store);
	struct kst_entry *now;
	struct change *c;
	char *question;
	int asked;

	if (kst_store_entry(st->store, current, &now, err) < 0)
		goto fail;
	if (!st->opt->replace) {
		question = kst_asprintf("the private key of \"%s\" will be replaced by that of \"%s\"",
					now->alias, neu->alias);
		asked = question ? cmd_confirm(st->cli, path, question, "--replace")
				 : kst_error_nomem(err);
		kst_free(question);
		if (asked < 0)
			goto fail;
	}
	c = changes_add(&st->changes, CHANGE_REPLACED, now->alias, "private-key");
	if (c) {
		char *text = entries_change_text(now, neu, is_plan(st));
		size_t line = text ? strcspn(text, "\n") : 0;

		change_set_text(c, kst_asprintf("%.*s, from \"%s\"%s", (int)line, text ? text : "",
						neu->alias, text ? text + line : ""));
		c->has_before = entries_hash(now, c->before);
		c->has_after = entries_hash(neu, c->after);
		kst_free(text);
	}
	st->replaced++;
	kst_free(neu->alias);
	neu->alias = NULL;
	return kst_store_replace(st->store, current, neu, err) < 0
		       ? -1
		       : kst_store_remove(st->store, waiting, err);
fail:
	kst_entry_free(neu);
	return -1;
}

/* Like convert's inputs: what ends in a CA lacks the root at most, which every client has. */
static void warn_incomplete(struct state *st, const struct kst_entry *e)
{
	const struct kst_cert *last = e->chain.cert[e->chain.nr - 1];
	struct kst_buf issuer KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_cert_is_ca(last) || kst_cert_is_self_issued(last))
		return;
	kst_cert_issuer_name(last, &issuer);
	out_warn(st->cli->out, "chain-incomplete",
		 "\"%s\": the certificate of its issuer \"%s\" is missing; name its file too, or clients may fail",
		 e->alias ? e->alias : "(no name)", issuer.data ? (char *)issuer.data : "");
}

/* A certificate without its key in the sources: the reply for a key in the store? */
static int add_reply(struct state *st, const struct kst_entry *cert,
		     const struct kst_gathered *pool, bool *used)
{
	struct kst_entry *now = NULL, *neu = NULL;
	size_t i = entries_key_for(st->store, cert->chain.cert[0], &now);
	int ret;

	*used = i != KST_NO_BASE;
	if (!*used)
		return 0;
	size_t current = now->alias ? entries_current(st->store, now->alias) : KST_NO_BASE;
	if (current != KST_NO_BASE) {
		/* The key moves to another entry: it has to be there, not only its place. */
		if (kst_store_open_key(st->store, i, st->cli->err) < 0 ||
		    kst_store_entry(st->store, i, &now, st->cli->err) < 0 ||
		    entries_reply(&neu, st->store, i, now, cert->chain.cert[0], pool,
				  entries_drop_root(st->opt->root), st->cli->err) < 0)
			return -1;
		warn_incomplete(st, neu);
		return swap_in(st, i, current, neu);
	}
	if (entries_reply(&neu, st->store, i, now, cert->chain.cert[0], pool, entries_drop_root(st->opt->root),
			  st->cli->err) < 0)
		return -1;
	if (!is_shorter(now, neu))
		warn_incomplete(st, neu);
	/* A longer-lived certificate for the same key and names loses nothing. */
	ret = put(st, i, neu, st->opt->replace || !kst_entry_leaf(now) ||
			      entries_not_worse(now, neu));
	kst_entry_free(neu);
	return ret;
}

/* One of the certificates that came, which issued `cert` (`is` false) or is it. */
static bool brings(const struct kst_gathered *g, const struct kst_cert *cert, bool is)
{
	for (size_t i = 0; i < g->nr; i++)
		if (g->entry[i]->kind == KST_KIND_CERT &&
		    (is ? kst_cert_equal(g->entry[i]->chain.cert[0], cert)
			: kst_cert_issued_by(cert, g->entry[i]->chain.cert[0])))
			return true;
	return false;
}

/*
 * The issuer of a key's certificate where it was forgotten, which nothing is lost by.  A root above an
 * issuer is none: who brings only that means to trust it.  *done counts the entries that have it now.
 */
static int complete_chains(struct state *st, const struct kst_gathered *g, size_t *done)
{
	for (size_t i = 0; i < kst_store_count(st->store); i++) {
		struct kst_entry *now, *neu = NULL;
		size_t before = st->replaced;

		if (kst_store_entry(st->store, i, &now, NULL) < 0 || now->kind != KST_KIND_KEY || !now->chain.nr ||
		    (st->opt->alias && (!now->alias || strcmp(now->alias, st->opt->alias) != 0)))
			continue;
		if (now->chain.nr == 1 && !kst_cert_is_self_issued(now->chain.cert[0]) &&
		    brings(g, now->chain.cert[0], false)) {
			int ret = entries_reply(&neu, st->store, i, now, now->chain.cert[0], g, entries_drop_root(st->opt->root),
						st->cli->err);

			if (ret == 0)
				ret = put(st, i, neu, true);
			kst_entry_free(neu);
			if (ret < 0)
				return -1;
			st->replaced = before; /* nothing that a backup would bring back */
		} else if (now->chain.nr == 1 || !brings(g, now->chain.cert[1], true)) {
			continue;
		} else if (unchanged(st, i, "has it in its chain already") < 0) {
			return -1;
		}
		++*done;
	}
	return 0;
}

/* Is the certificate in any chain of the store as it is now? */
static bool in_store(struct kst_store *s, const struct kst_cert *cert)
{
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e;

		if (kst_store_entry(s, i, &e, NULL) < 0)
			continue;
		for (size_t k = 0; k < e->chain.nr; k++)
			if (kst_cert_equal(e->chain.cert[k], cert))
				return true;
	}
	return false;
}

/* Nothing is left out in silence: certificates that found no key are named. */
static void say_unused(struct state *st, const struct kst_gathered *g)
{
	for (size_t i = 0; i < g->nr; i++) {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
		struct change *c;

		if (g->entry[i]->kind != KST_KIND_CERT ||
		    in_store(st->store, g->entry[i]->chain.cert[0]))
			continue;
		kst_cert_name(g->entry[i]->chain.cert[0], &name);
		c = changes_add(&st->changes, CHANGE_SKIPPED, name.data ? (char *)name.data : "",
				"certificate");
		if (c) {
			c->text = kst_strdup(kst_cert_is_ca(g->entry[i]->chain.cert[0])
						     ? "belongs to no key here (to trust a CA: kstool trust)"
						     : "belongs to no key here");
			c->reason = kst_strdup("no-private-key");
		}
	}
}

/* Certificates alone are for trust, if they are CAs; a server's needs its key. */
static int no_key(struct state *st, const struct kst_gathered *g)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct cli *cli = st->cli;
	const struct kst_cert *cert = NULL;
	const struct cmd *trust = cmd_find("trust");

	for (size_t i = 0; i < g->nr && !cert; i++)
		cert = kst_entry_leaf(g->entry[i]);
	if (!cert) {
		kst_error_setx(cli->err, KST_E_NOTHING_FOUND, "holds no private key");
		return kst_error_subject(cli->err, "%s", cli->operand[1]);
	}
	kst_cert_name(cert, &name);
	kst_error_setx(cli->err, KST_E_NO_PRIVATE_KEY, "no private key for \"%s\" in %s or %s",
		       name.data ? (char *)name.data : "", cli->operand[1], cli->operand[0]);
	kst_error_subject(cli->err, "%s", cli->operand[1]);
	if (kst_cert_is_ca(cert))
		return cmd_again_as(cli, trust, "to trust this CA", NULL, NULL);
	kst_error_detail(cli->err, "it is no CA: name the file of its private key too");
	return cmd_again_as(cli, trust, "to trust it alone, without a key", NULL,
			    (const char *const[]){ "--leaf", NULL });
}

static int take(struct state *st, const struct kst_gathered *g)
{
	size_t keys = 0, replies = 0;

	for (size_t i = 0; i < g->nr; i++) {
		if (g->entry[i]->kind != KST_KIND_KEY && g->entry[i]->kind != KST_KIND_SECRET)
			continue;
		keys++;
		if (add_key(st, g->entry[i]) < 0)
			return -1;
	}
	for (size_t i = 0; i < g->nr; i++) {
		bool used = false;

		if (g->entry[i]->kind != KST_KIND_CERT)
			continue;
		if (add_reply(st, g->entry[i], g, &used) < 0)
			return -1;
		replies += used;
	}
	if (!keys && !replies && complete_chains(st, g, &replies) < 0)
		return -1;
	if (keys + replies) {
		say_unused(st, g);
		return 0;
	}
	return no_key(st, g);
}

static void say_left_out(struct state *st, const struct kst_gathered *g)
{
	for (size_t i = 0; i < g->nr_left; i++) {
		struct change *c = changes_add(&st->changes, CHANGE_SKIPPED, g->left[i].what, NULL);

		if (c) {
			c->text = kst_asprintf("%s: %s", g->left[i].source, g->left[i].reason);
			c->reason = kst_strdup(g->left[i].reason);
		}
	}
}

static int run(struct cli *cli, void *opts)
{
	struct state st = { .cli = cli, .opt = opts };
	struct kst_save_options save;
	struct sources src = { .nr = 0 };
	struct kst_gathered g = { .nr = 0 };
	int ret = -1;

	if (entries_notice_swap(cli) < 0 ||
	    target_save_options(cli, &st.opt->target, false, &save) < 0)
		return -1;
	if (cmd_expect_store(cli, cli->operand[0]) < 0 ||
	    sources_open(cli, &src, cli->operand + 1, cli->nr - 1, &st.opt->extra) < 0)
		goto done;
	struct kst_gather_options how = {
		.alias = st.opt->alias,
		.drop_root = entries_drop_root(st.opt->root),
		.extra = src.store + src.nr,
		.nr_extra = src.nr_extra,
	};
	if (st.opt->entry.nr && sources_keep(cli, &src, &st.opt->entry) < 0)
		goto done;
	if (kst_gather(&g, src.store, src.nr, &how, &cli->notes, cli->err) < 0)
		goto done;
	if (cmd_edit(cli, cli->operand[0], st.opt->create, 'K', &st.store) < 0)
		goto done;
	if (entries_mismatch(cli, &src, &g, st.store) < 0 || take(&st, &g) < 0)
		goto done;
	say_left_out(&st, &g);
	if (target_tell(cli, &st.opt->target, st.store, false, &save) < 0)
		goto done;
	if (st.replaced && !st.opt->target.backup)
		save.backup = KST_BACKUP_ALWAYS;
	ret = cmd_commit(cli, st.store, &st.changes, &save);
done:
	changes_release(&st.changes);
	kst_gathered_release(&g);
	kst_store_free(st.store);
	sources_close(&src);
	return ret;
}

static const struct opt options[] = {
	{ "alias", 0, OPT_TEXT, offsetof(struct import_opts, alias), WHAT_TEXT, "NAME",
	  "name of a single key; its own, else made from its first host name", NULL, false },
	{ "create", 0, OPT_FLAG, offsetof(struct import_opts, create), WHAT_TEXT, NULL,
	  "make the store if it does not exist", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct import_opts, replace), WHAT_TEXT, NULL,
	  "replace what the alias holds now", NULL, false },
	{ "entry", 0, OPT_LIST, offsetof(struct import_opts, entry), WHAT_ENTRY, "ENTRY",
	  "only this entry of the source; may be repeated", NULL, false },
	{ "extra", 0, OPT_LIST, offsetof(struct import_opts, extra), WHAT_SOURCE, "SOURCE",
	  "certificates that may complete a chain; may be repeated", NULL, false },
	{ "root", 0, OPT_CHOICE, offsetof(struct import_opts, root), WHAT_CHOICE, "WHAT",
	  "keep (if not given) or drop a self-signed root at the end of a chain", entries_roots, false },
	TARGET_OPTIONS(struct import_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool import app.kst tls.key tls.crt --create", "a key and its certificates into a new store" },
	{ "kstool import app.p12 reply.pem", "the CA's reply for a key that is in the store" },
	{ NULL, NULL }
};
const struct cmd cmd_import = {
	.name = "import",
	.group = GROUP_CHANGE,
	.operands = "STORE SOURCE...",
	.summary = "add private keys, chains, CA replies",
	.help = "Adds private keys with their certificates from files of any format. Keys and\n"
		"certificates find each other by public key, chains are ordered by signature. A\n"
		"certificate whose key is already in the store is taken as the CA's reply for it; the\n"
		"issuer that a key's certificate lacks completes its chain.\n",
	.examples = examples,
	.exits = "0 1 3 4 5 8",
	.opts = options,
	.size = sizeof(struct import_opts),
	.min = 2,
	.max = ~0u,
	.first = WHAT_STORE,
	.rest = WHAT_SOURCE,
	.changes = true,
	.run = run,
};
