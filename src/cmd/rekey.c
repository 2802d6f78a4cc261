/* SPDX-License-Identifier: ISC */
/* rekey.c - new root key: old passphrases, key files and copies stop opening new versions */
#include "cmd/describe.h"
#include "cmd/target.h"

#include <stdio.h>
#include <string.h>

/* Who is locked out is asked for by name. */
static int confirm(struct cli *cli, const struct kst_slot_info *slot, size_t nr, const bool dropped[16])
{
	struct kst_buf what KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t lost = 0;
	int ret;

	for (size_t i = 0; i < nr; i++)
		lost += dropped[slot[i].number];
	if (!lost)
		return 0;
	kst_buf_printf(&what, "%zu slot%s whose secret was not given will be dropped", lost, lost == 1 ? "" : "s");
	for (size_t i = 0, seen = 0; i < nr; i++) {
		if (!dropped[slot[i].number])
			continue;
		kst_buf_printf(&what, "%s%u (", seen++ ? "; " : ": ", slot[i].number);
		describe_slot(&slot[i], &what);
		kst_buf_puts(&what, ")");
	}
	if (what.failed)
		return kst_error_nomem(cli->err);
	ret = cmd_confirm(cli, cli->operand[0], (char *)what.data, "--yes");
	if (ret < 0 && cli->err->code == KST_E_NEEDS_REPLACE)
		kst_error_detail(cli->err, "to keep one, give its secret too: --pass and --key-file may be repeated");
	return ret;
}

static int run(struct cli *cli, void *opts)
{
	static const struct target_opts as_it_is; /* each slot keeps its cost */
	struct changes changes = { .nr = 0 };
	struct kst_save_options save;
	struct kst_store *s = NULL;
	struct kst_slot_info slot[16];
	bool dropped[16] = { false };
	size_t nr;
	int ret = -1;

	(void)opts;
	if (target_save_options(cli, &as_it_is, false, &save) < 0 ||
	    cmd_edit(cli, cli->operand[0], false, 0, &s) < 0)
		goto done;
	nr = kst_store_slots(s, slot);
	if (kst_store_rekey(s, dropped, cli->err) < 0)
		goto done;
	for (size_t i = 0; i < nr; i++) {
		struct kst_buf who KST_SCRATCH_BUF = KST_BUF_INIT;
		char place[32];
		struct change *c;

		describe_slot(&slot[i], &who);
		if (who.failed) {
			kst_error_nomem(cli->err);
			goto done;
		}
		snprintf(place, sizeof(place), "slot %u", slot[i].number);
		c = changes_add(&changes, dropped[slot[i].number] ? CHANGE_REMOVED : CHANGE_REPLACED,
				place, "slot");
		if (c)
			c->text = kst_asprintf("%s: %s", (char *)who.data,
					       dropped[slot[i].number] ?
					       "its secret was not given, it no longer opens" :
					       "opens the new version");
	}
	if (confirm(cli, slot, nr, dropped) < 0)
		goto done;
	save.backup = KST_BACKUP_REMOVE; /* it would open with what is revoked here */
	ret = cmd_commit(cli, s, &changes, &save);
	if (!ret)
		out_note(cli->out, "whoever read the private keys before still knows them: replace those "
				   "that matter");
done:
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

static const struct cmd_example examples[] = {
	{ "kstool rekey app.kst", "after somebody who knew a passphrase has left" }, { NULL, NULL }
};
const struct cmd cmd_rekey = {
	.name = "rekey",
	.group = GROUP_NATIVE,
	.operands = "STORE",
	.summary = "new root key; old secrets and copies stop opening new versions",
	.help = "Encrypts and signs the store under a new root key. Each slot is kept if its secret\n"
		"is given (--pass and --key-file may be repeated), the others are dropped after a\n"
		"question. The signer changes with it, so pins have to be renewed.\n",
	.examples = examples,
	.exits = "0 1 4 5 8",
	.min = 1,
	.max = 1,
	.first = WHAT_STORE,
	.rest = WHAT_TEXT,
	.changes = true,
	.run = run,
};
