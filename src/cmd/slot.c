/* SPDX-License-Identifier: ISC */
/* slot.c - slot list, slot add, slot remove: the ways to open a native store */
#include "cmd/describe.h"
#include "cmd/target.h"

#include <stdio.h>
#include <string.h>

struct row {
	int64_t number, created;
	const char *type, *role, *cost, *label;
	char cost_text[48];
};
#define COL(member) offsetof(struct row, member)
static const struct field columns[] = {
	{ "number", "SLOT", F_INT, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, COL(number) },
	{ "type", "TYPE", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, COL(type) },
	{ "role", "ROLE", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, COL(role) },
	{ "cost", "COST", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_DROP1, COL(cost) },
	{ "created", "CREATED", F_TIME, FF_TEXT | FF_JSON | FF_PLAIN | FF_DROP2, COL(created) },
	{ "label", "LABEL", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_MIDDLE, COL(label) },
	{ .key = NULL }
};

static const char *type_word(unsigned type)
{
	static const char *const word[] = { "empty", "passphrase", "key-file", "x25519" };

	return type < sizeof(word) / sizeof(word[0]) ? word[type] : "unknown";
}

static void fill(struct row *r, const struct kst_slot_info *in)
{
	*r = (struct row){
		.number = in->number,
		.created = in->created,
		.type = type_word(in->type),
		.role = in->role == KST_ROLE_ADMIN ? "admin" : in->role == KST_ROLE_READER ? "reader" : "",
		.cost = "",
		.label = in->label,
	};
	if (in->type == KST_SLOT_PASSPHRASE) {
		snprintf(r->cost_text, sizeof(r->cost_text), "%u MiB x %u", in->kib / 1024, in->passes);
		r->cost = r->cost_text;
	}
}

static int run_list(struct cli *cli, void *opts)
{
	struct kst_slot_info in[16];
	struct kst_store *s = NULL;
	struct row rows[16];
	size_t nr;

	(void)opts;
	if (cmd_open(cli, cli->operand[0], &s) < 0)
		return -1;
	if (!(kst_store_format(s)->caps & KST_CAP_NATIVE)) {
		kst_error_setx(cli->err, KST_E_NOT_NATIVE, "is %s, which has no slots",
			       kst_store_format(s)->title);
		kst_error_subject(cli->err, "%s", cli->operand[0]);
		kst_store_free(s);
		return -1;
	}
	nr = kst_store_slots(s, in);
	for (size_t i = 0; i < nr; i++)
		fill(&rows[i], &in[i]);
	out_schema(cli->out, "kstool.slot-list/1");
	out_str(cli->out, "store", cli->operand[0]);
	out_rows(cli->out, "slots", columns, rows, nr, sizeof(rows[0]));
	kst_store_free(s);
	return 0;
}

struct add_opts {
	const char *role, *label;
	struct target_opts target;
};

static bool all_digits(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

static int run_add(struct cli *cli, void *opts)
{
	const struct add_opts *opt = opts;
	bool file = cli->g.new_key_file.nr != 0;
	struct kst_slot_add how = {
		.type = file ? KST_SLOT_KEY_FILE : KST_SLOT_PASSPHRASE,
		.role = file ? KST_ROLE_READER : KST_ROLE_ADMIN,
		.label = opt->label,
	};
	struct changes changes = { .nr = 0 };
	struct kst_save_options save;
	struct kst_store *s = NULL;
	unsigned number;
	int ret = -1;

	if (file && cli->g.new_pass.nr) {
		kst_error_setx(cli->err, KST_E_USAGE, "one slot is a passphrase or a key file, not both");
		return -1;
	}
	if (opt->role)
		how.role = !strcmp(opt->role, "admin") ? KST_ROLE_ADMIN : KST_ROLE_READER;
	if (opt->label && all_digits(opt->label)) {
		kst_error_setx(cli->err, KST_E_BAD_VALUE, "a label of digits alone would be a number");
		return kst_error_subject(cli->err, "--label");
	}
	if (target_save_options(cli, &opt->target, false, &save) < 0 ||
	    cmd_edit(cli, cli->operand[0], false, 0, &s) < 0)
		goto done;
	how.passes = save.write.kdf_passes;
	how.kib = save.write.kdf_kib;
	if (kst_store_slot_add(s, &how, &number, cli->err) < 0)
		goto done;
	char place[32];
	snprintf(place, sizeof(place), "slot %u", number);
	struct change *c = changes_add(&changes, CHANGE_ADDED, place, "slot");
	if (c)
		c->text = kst_asprintf("%s, %s", file ? "key file" : "passphrase",
				       how.role == KST_ROLE_ADMIN ? "admin: may change the store" :
								    "reader: may read it");
	ret = cmd_commit(cli, s, &changes, &save);
done:
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

static int run_remove(struct cli *cli, void *opts)
{
	static const struct target_opts as_it_is;
	struct kst_buf who KST_SCRATCH_BUF = KST_BUF_INIT;
	struct changes changes = { .nr = 0 };
	struct kst_slot_info slot[16];
	struct kst_save_options save;
	struct kst_store *s = NULL;
	unsigned number;
	size_t nr;
	struct kst_buf word KST_SCRATCH_BUF = KST_BUF_INIT;
	int ret = -1;

	(void)opts;
	if (target_save_options(cli, &as_it_is, false, &save) < 0 ||
	    cmd_edit(cli, cli->operand[0], false, 0, &s) < 0 ||
	    kst_store_slot_find(s, cli->operand[1], &number, cli->err) < 0)
		goto done;
	nr = kst_store_slots(s, slot);
	for (size_t i = 0; i < nr; i++)
		if (slot[i].number == number)
			describe_slot(&slot[i], &who);
	if (kst_store_slot_remove(s, number, cli->err) < 0)
		goto done;
	/* An old copy would open with what is revoked here. */
	save.backup = KST_BACKUP_REMOVE;
	char place[32];
	snprintf(place, sizeof(place), "slot %u", number);
	struct change *c = changes_add(&changes, CHANGE_REMOVED, place, "slot");
	if (c)
		c->text = kst_strdup(who.data ? (char *)who.data : "");
	ret = cmd_commit(cli, s, &changes, &save);
	if (!ret)
		out_note(cli->out, "who opened the store through this slot may have kept its keys: "
				   "kstool rekey %s makes new ones", kst_text_shell_path(&word, cli->operand[0]));
done:
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

static const char *const roles[] = { "admin", "reader", NULL };
static const struct opt add_options[] = {
	{ "role", 0, OPT_CHOICE, offsetof(struct add_opts, role), WHAT_CHOICE, "ROLE",
	  "admin may change the store, reader only read it; a passphrase is admin and a key file "
	  "reader if not given",
	  roles, false },
	{ "label", 0, OPT_TEXT, offsetof(struct add_opts, label), WHAT_TEXT, "TEXT",
	  "public name of the slot", NULL, false },
	TARGET_KDF(struct add_opts), TARGET_BACKUP(struct add_opts),
	OPT_END
};

static const struct cmd_example list_examples[] = {
	{ "kstool slot list app.kst", "who can open this store" }, { NULL, NULL }
};
const struct cmd cmd_slot_list = {
	.name = "slot list",
	.group = GROUP_NATIVE,
	.operands = "STORE",
	.summary = "the ways to open a native store",
	.help = "Lists the slots: passphrases, key files and recipients that open the store. No\n"
		"secret is needed.\n",
	.examples = list_examples,
	.plain = "number type role cost created label",
	.exits = "0 3",
	.min = 1,
	.max = 1,
	.first = WHAT_STORE,
	.rest = WHAT_TEXT,
	.run = run_list,
};

static const struct cmd_example add_examples[] = {
	{ "kstool slot add app.kst --new-key-file ci.key --label ci", "a key file that reads" },
	{ "kstool slot add app.kst --new-pass file:second.pass", "a second passphrase" },
	{ NULL, NULL }
};
const struct cmd cmd_slot_add = {
	.name = "slot add",
	.group = GROUP_NATIVE,
	.operands = "STORE",
	.summary = "one more passphrase or key file",
	.help = "Adds a way to open the store: a passphrase (--new-pass, or asked for) or a new key\n"
		"file (--new-key-file). The entries are not touched.\n",
	.examples = add_examples,
	.exits = "0 1 4 5 8",
	.opts = add_options,
	.size = sizeof(struct add_opts),
	.spare = "--label",
	.min = 1,
	.max = 1,
	.first = WHAT_STORE,
	.rest = WHAT_TEXT,
	.changes = true,
	.run = run_add,
};

static const struct cmd_example remove_examples[] = {
	{ "kstool slot remove app.kst ci", "take a way away" }, { NULL, NULL }
};
const struct cmd cmd_slot_remove = {
	.name = "slot remove",
	.group = GROUP_NATIVE,
	.operands = "STORE N|LABEL",
	.summary = "take a passphrase or key file away",
	.help = "Removes a slot by number or label. The last one that may change the store stays.\n"
		"Who had opened the store may have kept its keys: rekey makes new ones.\n",
	.examples = remove_examples,
	.exits = "0 1 4 5 6 8",
	.min = 2,
	.max = 2,
	.first = WHAT_STORE,
	.rest = WHAT_SLOT,
	.changes = true,
	.run = run_remove,
};
