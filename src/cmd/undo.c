/* SPDX-License-Identifier: ISC */
/* undo.c - swap a store with its last backup */
#include "cmd/differ.h"

/* In a dry run the diff is the plan; else it is what has come back. */
static int run(struct cli *cli, void *opts)
{
	struct kst_open_options open = cmd_open_options(cli, true);
	bool dry = cli->g.dry_run || cli->g.check;
	struct kst_undo u = { .known = false };
	struct changes changes = { .nr = 0 };
	int ret = -1;

	(void)opts;
	if (kst_store_undo(&u, cli->operand[0], &open, dry, cli->err) < 0)
		return -1;
	bool text = out_is(cli->out, OUT_TEXT);

	if (!u.known)
		out_note(cli->out, "%s and its backup were not both opened, so what differs is not shown",
			 cli->operand[0]);
	else if (text && u.diff.nr && !cli->g.quiet)
		differ_show(cli->out, &u.diff, cli->operand[0], "its backup");
	/* In words that was the diff; bytes change even where no entry does. */
	if (!text && differ_changes(&u.diff, &changes) < 0) {
		kst_error_nomem(cli->err);
		goto done;
	}
	if (!changes.nr) {
		struct change *c = changes_add(&changes, CHANGE_REPLACED, cli->operand[0], "store");

		if (c)
			c->text = kst_strdup(u.known && !u.diff.nr ?
						     "by its backup, which holds the same entries" :
						     "by its backup");
	}
	ret = cmd_report(cli, cli->operand[0], &changes, false, &u.saved);
	if (ret == 0 && !dry)
		out_note(cli->out, "the same command again puts it back");
done:
	changes_release(&changes);
	kst_diff_release(&u.diff);
	return ret;
}

static const struct cmd_example examples[] = {
	{ "kstool undo app.p12", "take the last change back" },
	{ "kstool undo app.p12 --dry-run", "what would come back" },
	{ NULL, NULL }
};
const struct cmd cmd_undo = {
	.name = "undo",
	.group = GROUP_CHANGE,
	.operands = "STORE",
	.summary = "swap with the last backup",
	.help = "Swaps a store with the backup that the last change left (STORE.kstool-bak; of a\n"
		"directory, one file with all of its members), in one step, and shows what that\n"
		"changed. Done twice it is done again. Changes that lose nothing leave no backup, and\n"
		"some remove it so that an old secret opens nothing any more (slot remove, rekey,\n"
		"passwd of a native store). The old content of a native store becomes a new version\n"
		"of it, signed anew: that needs an admin secret.\n",
	.examples = examples,
	.exits = "0 1 3 4 5 6 8",
	.min = 1,
	.max = 1,
	.first = WHAT_STORE,
	.rest = WHAT_TEXT,
	.changes = true,
	.run = run,
};
