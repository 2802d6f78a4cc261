/* SPDX-License-Identifier: ISC */
/* remove.c - delete entries */
#include "cmd/entries.h"
#include "cmd/target.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

struct remove_opts {
	const char *match;
	bool expired, if_exists;
	struct target_opts target;
};

/* Mark the entries that are to go.  0 or -1. */
static int choose(struct cli *cli, const struct remove_opts *opt, struct kst_store *s, bool *gone,
		  struct changes *changes)
{
	struct kst_head h;

	for (size_t k = 1; k < cli->nr; k++) {
		struct kst_error miss = KST_ERROR_INIT;
		size_t i;

		if (!kst_store_find(s, cli->operand[k], &i, &miss)) {
			gone[i] = true;
			continue;
		}
		if (!opt->if_exists || miss.code != KST_E_NO_ENTRY) {
			*cli->err = miss;
			return -1;
		}
		struct change *c = changes_add(changes, CHANGE_UNCHANGED, cli->operand[k], NULL);
		if (c)
			c->text = kst_strdup("not in the store");
	}
	for (size_t i = 0; (opt->match || opt->expired) && i < kst_store_count(s); i++) {
		if (kst_store_head(s, i, &h, cli->err) < 0)
			return -1;
		if (opt->expired && (!h.has_dates || h.not_after >= kst_time_now()))
			continue;
		if (opt->match && !kst_text_holds_nocase(h.alias, opt->match) && !kst_text_holds_nocase(h.name, opt->match) &&
		    !kst_text_holds_nocase(h.subject, opt->match))
			continue;
		gone[i] = true;
	}
	return 0;
}

static int take_out(struct cli *cli, struct kst_store *s, const bool *gone, size_t nr,
		    struct changes *changes, size_t *keys)
{
	for (size_t i = nr; i--;) {
		struct kst_entry *e;
		struct kst_head h;
		struct change *c;

		if (!gone[i])
			continue;
		if (kst_store_head(s, i, &h, cli->err) < 0)
			return -1;
		*keys += h.kind == KST_KIND_KEY || h.kind == KST_KIND_SECRET;
		char at[32];
		snprintf(at, sizeof(at), "@%zu", i + 1);
		c = changes_add(changes, CHANGE_REMOVED, h.alias ? h.alias : at, cmd_type_word(&h));
		if (c && !kst_store_entry(s, i, &e, NULL)) {
			c->text = entries_text(e);
			c->has_before = entries_hash(e, c->before);
		}
		if (kst_store_remove(s, i, cli->err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct cli *cli, void *opts)
{
	const struct remove_opts *opt = opts;
	struct changes changes = { .nr = 0 };
	struct kst_save_options save;
	struct kst_store *s = NULL;
	bool *gone = NULL;
	size_t keys = 0, nr;
	int ret = -1;

	if (cli->nr < 2 && !opt->match && !opt->expired) {
		kst_error_setx(cli->err, KST_E_USAGE, "which entries are to be removed is not said");
		return kst_error_command(cli->err, "kstool", "list", cli->operand[0], NULL);
	}
	if (target_save_options(cli, &opt->target, false, &save) < 0 ||
	    cmd_edit(cli, cli->operand[0], false, 0, &s) < 0)
		goto done;
	nr = kst_store_count(s);
	gone = kst_calloc(nr ? nr : 1, sizeof(*gone));
	if (!gone) {
		kst_error_nomem(cli->err);
		goto done;
	}
	if (choose(cli, opt, s, gone, &changes) < 0 ||
	    take_out(cli, s, gone, nr, &changes, &keys) < 0)
		goto done;
	if (keys) {
		char what[96];

		snprintf(what, sizeof(what), "%zu private or secret key%s will be removed", keys,
			 keys == 1 ? "" : "s");
		if (!save.dry_run &&
		    cmd_confirm(cli, cli->operand[0], what, "--yes") < 0)
			goto done;
	}
	/* A certificate is lost as well, unless somebody kept it: undo brings it back. */
	if (!opt->target.backup)
		save.backup = KST_BACKUP_ALWAYS;
	ret = cmd_commit(cli, s, &changes, &save);
done:
	kst_free(gone);
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

static const struct opt options[] = {
	{ "match", 0, OPT_TEXT, offsetof(struct remove_opts, match), WHAT_TEXT, "TEXT",
	  "every entry with TEXT in alias or names", NULL, false },
	{ "expired", 0, OPT_FLAG, offsetof(struct remove_opts, expired), WHAT_TEXT, NULL,
	  "every entry whose certificate has expired", NULL, false },
	{ "if-exists", 0, OPT_FLAG, offsetof(struct remove_opts, if_exists), WHAT_TEXT, NULL,
	  "an entry that is not there is no error", NULL, false },
	TARGET_OPTIONS(struct remove_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool remove trust.kst old-root", "no longer trust this CA" },
	{ "kstool remove ts.p12 --expired", "clean up a truststore" },
	{ NULL, NULL }
};
const struct cmd cmd_remove = {
	.name = "remove",
	.group = GROUP_CHANGE,
	.operands = "STORE ENTRY...",
	.summary = "delete entries",
	.help = "Removes the named entries. Where a private key would go, the question is asked\n"
		"first, or --yes is needed, and the old file is kept as STORE.kstool-bak.\n",
	.examples = examples,
	.exits = "0 1 4 5 6 8",
	.opts = options,
	.size = sizeof(struct remove_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_STORE,
	.rest = WHAT_ENTRY,
	.changes = true,
	.run = run,
};
