/* SPDX-License-Identifier: ISC */
/* create.c - an empty native store */
#include "cmd/target.h"

#include <string.h>

struct create_opts {
	bool truststore;
	const char *label;
	struct target_opts target;
};

static int run(struct cli *cli, void *opts)
{
	const struct create_opts *opt = opts;
	const struct kst_format *f = kst_format_by_path(cli->operand[0]);
	struct changes changes = { .nr = 0 };
	struct kst_save_options save;
	struct kst_store *s = NULL;
	struct change *c;
	int ret = -1;

	if (target_save_options(cli, &opt->target, false, &save) < 0)
		return -1;
	if (f && !(f->caps & KST_CAP_NATIVE)) {
		kst_error_setx(cli->err, KST_E_NOT_NATIVE, "create makes native stores; a %s is made "
							   "together with its first entry", f->title);
		kst_error_subject(cli->err, "%s", cli->operand[0]);
		return kst_error_command(cli->err, "kstool", opt->truststore ? "trust" : "import",
					 cli->operand[0], "FILE...", "--create", NULL);
	}
	if (save.write.no_pass) {
		kst_error_setx(cli->err, KST_E_EMPTY_PASSPHRASE,
			       "a native store always has a passphrase or a key file");
		return kst_error_subject(cli->err, "--new-pass none");
	}
	if (cmd_fresh(cli, cli->operand[0], false) < 0)
		return -1;
	save.write.store_kind = opt->truststore ? 'T' : 'K';
	save.write.slot_label = opt->label;
	struct kst_open_options open = cmd_open_options(cli, true);
	if (kst_store_new(&s, cli->operand[0], kst_format_by_name("kst1"), &open, cli->err) < 0)
		goto done;
	c = changes_add(&changes, CHANGE_CREATED, cli->operand[0], "store");
	if (c)
		c->text = kst_asprintf("empty %s%s", opt->target.sealed ? "sealed " : "",
				       opt->truststore ? "truststore" : "keystore");
	ret = cmd_commit(cli, s, &changes, &save);
done:
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

static const struct opt options[] = {
	{ "truststore", 0, OPT_FLAG, offsetof(struct create_opts, truststore), WHAT_TEXT, NULL,
	  "for trusted certificates only; a keystore holds both", NULL, false },
	{ "sealed", 0, OPT_FLAG, offsetof(struct create_opts, target.sealed), WHAT_TEXT, NULL,
	  "hide aliases and certificates too, not only keys", NULL, false },
	{ "label", 0, OPT_TEXT, offsetof(struct create_opts, label), WHAT_TEXT, "TEXT",
	  "public name of the first slot", NULL, false },
	TARGET_KDF(struct create_opts), /* the rest is about other formats, or about what was there */
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool create app.kst", "a keystore under a passphrase" },
	{ "kstool create trust.kst --truststore --new-key-file ops.key", "a truststore that a key file signs" },
	{ NULL, NULL }
};
const struct cmd cmd_create = {
	.name = "create",
	.group = GROUP_NATIVE,
	.operands = "STORE",
	.summary = "an empty native store",
	.help = "Makes an empty native store (.kst). Its certificates can be listed and verified\n"
		"without a secret; its keys are encrypted (XChaCha20-Poly1305) under a passphrase\n"
		"(Argon2id) or a key file; every bit of it is signed. An existing file is refused.\n",
	.examples = examples,
	.exits = "0 1 4 5 8",
	.opts = options,
	.size = sizeof(struct create_opts),
	.min = 1,
	.max = 1,
	.first = WHAT_FILE,
	.rest = WHAT_TEXT,
	.changes = true,
	.run = run,
};
