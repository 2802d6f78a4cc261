/* SPDX-License-Identifier: ISC */
/* passwd.c - change the passphrase of a store, or of one key where the format has that */
#include "cmd/target.h"

struct passwd_opts {
	struct target_opts target;
};

static int run(struct cli *cli, void *opts)
{
	const struct passwd_opts *opt = opts;
	struct changes changes = { .nr = 0 };
	struct kst_save_options save;
	struct kst_store *s = NULL;
	struct change *c;
	struct kst_buf word KST_SCRATCH_BUF = KST_BUF_INIT;
	int ret = -1;

	if (target_save_options(cli, &opt->target, false, &save) < 0 ||
	    cmd_edit(cli, cli->operand[0], false, 0, &s) < 0)
		goto done;
	if (cli->nr > 1) {
		struct kst_head h;
		size_t i;

		if (kst_store_find(s, cli->operand[1], &i, cli->err) < 0 ||
		    kst_store_head(s, i, &h, cli->err) < 0)
			goto done;
		c = changes_add(&changes, CHANGE_REPLACED, h.alias, cmd_type_word(&h));
		if (c)
			c->text = kst_strdup("new passphrase for this key");
		if (kst_store_passwd_key(s, i, cli->err) < 0)
			goto done;
	} else {
		c = changes_add(&changes, CHANGE_REPLACED, "passphrase", "passphrase");
		if (c)
			c->text = kst_strdup("the old one no longer opens this file");
		if (kst_store_passwd(s, cli->err) < 0)
			goto done;
	}
	if (target_tell(cli, &opt->target, s, cli->nr == 1, &save) < 0)
		goto done;
	/*
	 * The old bytes open with the old passphrase.  A native store keeps none of
	 * them (that would undo the change); a foreign one is worth a backup, since
	 * every key in it is written anew.
	 */
	if (!opt->target.backup)
		save.backup = kst_store_format(s)->caps & KST_CAP_NATIVE ? KST_BACKUP_REMOVE :
									   KST_BACKUP_ALWAYS;
	ret = cmd_commit(cli, s, &changes, &save);
	if (ret == 0 && save.backup == KST_BACKUP_ALWAYS && !save.dry_run)
		out_note(cli->out, "the backup still opens with the old passphrase: remove it once the new "
				   "one works");
	if (ret == 0 && (kst_store_format(s)->caps & KST_CAP_NATIVE))
		out_note(cli->out, "who knew the old passphrase and kept a copy of the file can still "
				   "open that copy; kstool rekey %s makes new keys",
			 kst_text_shell_path(&word, cli->operand[0]));
done:
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

static const struct opt options[] = { TARGET_OPTIONS(struct passwd_opts), OPT_END };
static const struct cmd_example examples[] = {
	{ "kstool passwd app.p12", "ask for the old and the new passphrase" },
	{ "kstool passwd app.kst --pass file:old --new-pass file:new", "in a script" },
	{ NULL, NULL }
};
const struct cmd cmd_passwd = {
	.name = "passwd",
	.group = GROUP_CHANGE,
	.operands = "STORE [ENTRY]",
	.summary = "change the passphrase",
	.help = "Changes the passphrase of a store and of every key in it; with ENTRY that of one\n"
		"private key, where the format has such. A native store changes the passphrase that\n"
		"opened it: its entries are not touched.\n",
	.examples = examples,
	.exits = "0 1 4 5 8",
	.opts = options,
	.size = sizeof(struct passwd_opts),
	.min = 1,
	.max = 2,
	.first = WHAT_STORE,
	.rest = WHAT_ENTRY,
	.changes = true,
	.run = run,
};
