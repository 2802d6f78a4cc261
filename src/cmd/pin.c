/* SPDX-License-Identifier: ISC */
/*
 * pin.c - remember who signed a native store
 *
 * Nobody is pinned on first use without being told to: the user says it here, and
 * is shown the signer to compare with what its owner says.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ui/signers.h"

struct pin_opts {
	const char *name;
	bool update, replace;
};

/* The word that will stand for the store: its file name without extension, if nobody named one. */
static char *pin_name(const struct cli *cli, const struct pin_opts *opt)
{
	const char *base = strrchr(cli->operand[0], '/'), *dot;
	bool changed;
	char *name;

	if (opt->name)
		return kst_strdup(opt->name);
	base = base ? base + 1 : cli->operand[0];
	dot = strrchr(base, '.');
	name = kst_alias_legal(base, dot && dot != base ? (size_t)(dot - base) : strlen(base), &changed);
	if (!name)
		return kst_strdup("store");
	for (char *p = name; *p; p++)
		if (*p == ' ' || *p == '\t' || *p == '#')
			*p = '-';
	return name;
}

static int check_name(struct cli *cli, const char *name)
{
	bool changed = true;
	char *legal = kst_alias_legal(name, strlen(name), &changed);

	kst_free(legal);
	if (legal && !changed && name[0] != '#' && !strpbrk(name, " \t"))
		return 0;
	kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%s\" is no name of one word", name);
	return kst_error_subject(cli->err, "--name");
}

static int find_list(struct cli *cli, struct signers *lists)
{
	if (signers_find(lists, cli->err) < 0)
		return -1;
	if (!lists->own) {
		kst_error_setx(cli->err, KST_E_CANNOT_WRITE, "there is no list of signers to write to");
		return kst_error_hint(cli->err, "set HOME, or KSTOOL_SIGNERS to the path of a list");
	}
	for (int i = 0; i < 2 && lists->dir[i] && !cli->g.dry_run && !cli->g.check; i++)
		if (mkdir(lists->dir[i], 0700) < 0 && errno != EEXIST) {
			kst_error_set(cli->err, KST_E_CANNOT_WRITE, "the directory cannot be made");
			return kst_error_subject(cli->err, "%s", lists->dir[i]);
		}
	return 0;
}

static int report(struct cli *cli, const char *list, const struct kst_store *s, const char *name,
		  enum kst_pin_change done)
{
	static const enum change_action action[] = {
		[KST_PIN_UNCHANGED] = CHANGE_UNCHANGED,
		[KST_PIN_ADDED] = CHANGE_ADDED,
		[KST_PIN_REPLACED] = CHANGE_REPLACED,
	};
	const struct kst_info *in = kst_store_info(s);
	struct kst_save_result res = { .written = done != KST_PIN_UNCHANGED };
	struct changes changes = { .nr = 0 };
	struct change *c = changes_add(&changes, action[done], name, "signer");
	int ret;

	if (!c)
		return kst_error_nomem(cli->err);
	c->text = kst_asprintf("%s, version %llu", in->signer, (unsigned long long)in->generation);
	ret = cmd_report(cli, list, &changes, false, &res);
	if (done == KST_PIN_ADDED)
		out_note(cli->out, "compare this signer with what the owner of %s says",
			 cli->operand[0]);
	changes_release(&changes);
	return ret;
}

static int run(struct cli *cli, void *opts)
{
	const struct pin_opts *opt = opts;
	struct kst_open_options open = cmd_open_options(cli, false);
	struct signers lists = { .own = NULL };
	struct kst_store *s = NULL;
	enum kst_pin_change done;
	char *name = pin_name(cli, opt);
	int ret = -1;

	/* What is pinned is compared by kst_pin_record, which can say what to do about it. */
	open.read.pin = NULL;
	open.read.nr_pins = 0;
	open.read.require_pin = false;
	if (!name)
		ret = kst_error_nomem(cli->err);
	else if (check_name(cli, name) < 0 || kst_store_open(&s, cli->operand[0], &open, cli->err) < 0 ||
		 find_list(cli, &lists) < 0)
		ret = -1;
	else if (kst_pin_record(&done, lists.own, s,
				&(struct kst_pin_options){ name, opt->update, opt->replace },
				cli->g.dry_run || cli->g.check, cli->err) < 0) {
		if (cli->err->code == KST_E_PIN || cli->err->code == KST_E_ROLLBACK) {
			kst_error_detail(cli->err, "signed by %s", kst_store_info(s)->signer);
			cmd_again(cli, NULL, NULL, (const char *const[]){ "--replace", NULL });
		}
	} else {
		ret = report(cli, lists.own, s, name, done);
	}
	kst_store_free(s);
	signers_release(&lists);
	kst_free(name);
	return ret;
}

static const struct opt options[] = {
	{ "name", 0, OPT_TEXT, offsetof(struct pin_opts, name), WHAT_TEXT, "NAME",
	  "what the signer is called; the store's file name if not given", NULL, false },
	{ "update", 0, OPT_FLAG, offsetof(struct pin_opts, update), WHAT_TEXT, NULL,
	  "raise the version below which the store is refused to the present one", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct pin_opts, replace), WHAT_TEXT, NULL,
	  "the store was given a new signer, as rekey does: the old pin gives way", NULL, false },
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool pin trust.kst", "from now on only this signer is believed" },
	{ "kstool pin trust.kst --update", "an older copy of the store is refused" },
	{ NULL, NULL }
};
const struct cmd cmd_pin = {
	.name = "pin",
	.group = GROUP_NATIVE,
	.operands = "STORE",
	.summary = "remember the signer of a native store",
	.help = "Records who signed a native store, and its version, in the user's list of signers\n"
		"(KSTOOL_SIGNERS, else ~/.config/kstool/signers). A store of that id that is signed\n"
		"by somebody else, or older than the version of the pin, is refused from then on by\n"
		"every command: exit 5. Compare the signer that is shown with what the owner of the\n"
		"store says. After rekey, which changes the signer, pin again with --replace.\n",
	.examples = examples,
	.exits = "0 1 3 5 8",
	.opts = options,
	.size = sizeof(struct pin_opts),
	.min = 1,
	.max = 1,
	.first = WHAT_STORE,
	.changes = true,
	.run = run,
};
