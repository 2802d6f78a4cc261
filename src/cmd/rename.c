/* SPDX-License-Identifier: ISC */
/* rename.c - change the alias of an entry */
#include "cmd/target.h"

#include <string.h>

struct rename_opts {
	struct target_opts target;
};

static int run(struct cli *cli, void *opts)
{
	const struct rename_opts *opt = opts;
	struct changes changes = { .nr = 0 };
	struct kst_save_options save;
	struct kst_store *s = NULL;
	struct change *c;
	struct kst_head h;
	char *old = NULL;
	int ret = -1;
	size_t i;

	if (target_save_options(cli, &opt->target, false, &save) < 0 ||
	    cmd_edit(cli, cli->operand[0], false, 0, &s) < 0)
		goto done;
	if (kst_store_find(s, cli->operand[1], &i, cli->err) < 0) {
		/* A second run of the same command finds the new name: nothing to do. */
		i = kst_store_find_alias(s, cli->operand[2]);
		if (cli->err->code != KST_E_NO_ENTRY || i == KST_NO_BASE ||
		    kst_store_head(s, i, &h, NULL) < 0)
			goto done;
		kst_error_hint(cli->err, "there is an entry \"%s\" already: renamed before?",
			       cli->operand[2]);
		goto done;
	}
	if (kst_store_head(s, i, &h, cli->err) < 0)
		goto done;
	old = kst_strdup(h.alias ? h.alias : cli->operand[1]);
	if (h.alias && !strcmp(h.alias, cli->operand[2])) {
		changes_add(&changes, CHANGE_UNCHANGED, h.alias, cmd_type_word(&h));
	} else {
		if (kst_store_rename(s, i, cli->operand[2], cli->err) < 0 ||
		    kst_store_head(s, i, &h, cli->err) < 0)
			goto done;
		c = changes_add(&changes, CHANGE_RENAMED, old, cmd_type_word(&h));
		if (c) {
			c->text = kst_asprintf("is now \"%s\"", h.alias ? h.alias : "");
			if (h.sha256) {
				memcpy(c->before, h.sha256, 32);
				memcpy(c->after, h.sha256, 32);
				c->has_before = c->has_after = true;
			}
		}
	}
	ret = cmd_commit(cli, s, &changes, &save);
done:
	kst_free(old);
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

static const struct opt options[] = { TARGET_OPTIONS(struct rename_opts), OPT_END };
static const struct cmd_example examples[] = {
	{ "kstool rename app.p12 1 api", "give an entry a name that means something" },
	{ NULL, NULL }
};
const struct cmd cmd_rename = {
	.name = "rename",
	.group = GROUP_CHANGE,
	.operands = "STORE ENTRY NEWALIAS",
	.summary = "change an alias",
	.help = "Gives an entry another alias. PKCS#12 keeps lower case only, as Java does.\n",
	.examples = examples,
	.exits = "0 1 4 5 6 8",
	.opts = options,
	.size = sizeof(struct rename_opts),
	.min = 3,
	.max = 3,
	.first = WHAT_STORE,
	.rest = WHAT_ENTRY,
	.changes = true,
	.run = run,
};
