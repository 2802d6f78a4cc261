/* SPDX-License-Identifier: ISC */
/*
 * trust.c - add every CA certificate of the sources as trusted
 *
 * What is to be trusted is chosen by trust_choose.c and put there by trust_put.c;
 * --sync takes out the rest, --under finds the stores.
 */
#include "cmd/entries.h"
#include "cmd/trust.h"

int trust_open_sources(struct cli *cli, const char *const *word, size_t nr, struct kst_store **src,
		       size_t *opened)
{
	for (; *opened < nr; ++*opened)
		if (cmd_open(cli, word[*opened], &src[*opened]) < 0)
			return -1;
	return 0;
}

static int check_options(struct cli *cli, const struct trust_opts *opt)
{
	const char *two = opt->under && opt->sync	? "--sync" :
			  opt->under && opt->create	? "--create" :
			  opt->under && opt->replace	? "--replace" :
			  opt->under && opt->target.consumer ? "--for" :
							  NULL;

	if (two) {
		kst_error_setx(cli->err, KST_E_USAGE, "is about one store, and --under about all that are there");
		return kst_error_subject(cli->err, "%s", two);
	}
	if (opt->all && !opt->under) {
		kst_error_setx(cli->err, KST_E_USAGE, "says how much --under DIR finds, and that was not given");
		return kst_error_subject(cli->err, "--all");
	}
	if (!opt->under && cli->nr < 2)
		return kst_error_setx(cli->err, KST_E_USAGE, "\"trust\" needs more than \"%s\": %s",
				      cli->operand[0], cli->cmd->operands);
	return 0;
}

static int run(struct cli *cli, void *opts)
{
	const struct trust_opts *opt = opts;
	struct trust_job job = { .cli = cli, .opt = opt };
	struct trust_picks picks = { .nr = 0 };
	size_t nr = cli->nr - 1, opened = 0;
	struct kst_store **src = NULL;
	struct kst_save_options save;
	bool gone = false;
	int ret = -1;

	if (check_options(cli, opt) < 0)
		return -1;
	if (opt->under)
		return trust_under(cli, opt);
	src = kst_calloc(nr, sizeof(*src));
	if (!src)
		return kst_error_nomem(cli->err);
	if (entries_notice_swap(cli) < 0 || target_save_options(cli, &opt->target, false, &save) < 0 ||
	    cmd_expect_store(cli, cli->operand[0]) < 0 ||
	    trust_open_sources(cli, cli->operand + 1, nr, src, &opened) < 0 ||
	    trust_choose(&picks, cli, opt, src, nr) < 0 ||
	    (opt->sync && trust_check_sources(cli, &picks, src, nr) < 0))
		goto done;
	job.alias = opt->alias;
	if (cmd_edit(cli, cli->operand[0], opt->create, 'T', &job.store) < 0 ||
	    (opt->sync && trust_drop_rest(&job, &picks, &gone) < 0))
		goto done;
	for (size_t i = 0; i < picks.nr; i++)
		if (trust_put(&job, &picks.row[i]) < 0)
			goto done;
	if (target_tell(cli, &opt->target, job.store, false, &save) < 0)
		goto done;
	for (size_t i = 0; i < job.changes.nr; i++)
		gone |= job.changes.row[i].action == CHANGE_REPLACED;
	if (gone && !opt->target.backup)
		save.backup = KST_BACKUP_ALWAYS;
	ret = cmd_commit(cli, job.store, &job.changes, &save);
done:
	changes_release(&job.changes);
	kst_store_free(job.store);
	trust_picks_release(&picks);
	for (size_t i = 0; i < opened; i++)
		kst_store_free(src[i]);
	kst_free(src);
	return ret;
}

static bool finds(const void *opts)
{
	return ((const struct trust_opts *)opts)->under != NULL;
}

static const struct opt options[] = {
	{ "alias", 0, OPT_TEXT, offsetof(struct trust_opts, alias), WHAT_TEXT, "NAME",
	  "name of a single certificate; made from its CN if not given", NULL, false },
	{ "create", 0, OPT_FLAG, offsetof(struct trust_opts, create), WHAT_TEXT, NULL,
	  "make the store if it does not exist", NULL, false },
	{ "expired", 0, OPT_FLAG, offsetof(struct trust_opts, expired), WHAT_TEXT, NULL,
	  "take certificates that are out of date too", NULL, false },
	{ "leaf", 0, OPT_FLAG, offsetof(struct trust_opts, leaf), WHAT_TEXT, NULL,
	  "take certificates that are not those of a CA: pin them", NULL, false },
	{ "purpose", 0, OPT_CHOICE, offsetof(struct trust_opts, purpose), WHAT_CHOICE, "PURPOSE",
	  "where a source says what it trusts its certificates for: those for this, and for no other "
	  "use in this store", entries_purposes, false },
	{ "fingerprint", 0, OPT_TEXT, offsetof(struct trust_opts, fingerprint), WHAT_TEXT,
	  "sha256:HEX", "take only the certificate with this fingerprint; HOST:PORT needs one", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct trust_opts, replace), WHAT_TEXT, NULL,
	  "let --alias replace another trusted certificate, and --sync remove", NULL, false },
	{ "under", 0, OPT_TEXT, offsetof(struct trust_opts, under), WHAT_DIR, "DIR",
	  "instead of STORE: every truststore below DIR, which stands for / of an image", NULL, false },
	{ "all", 0, OPT_FLAG, offsetof(struct trust_opts, all), WHAT_TEXT, NULL,
	  "with --under, also each file that holds CAs alone, whatever its name", NULL, false },
	{ "sync", 0, OPT_FLAG, offsetof(struct trust_opts, sync), WHAT_TEXT, NULL,
	  "remove what the store trusts and no source holds: the trusted set is that of the sources", NULL,
	  false },
	TARGET_OPTIONS(struct trust_opts),
	LIVE_OPTIONS(struct trust_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool trust trust.kst corp-root.pem --create", "a new truststore with one CA" },
	{ "kstool trust ts.p12 bundle.pem", "every CA of a bundle into a PKCS#12 truststore" },
	{ "kstool trust ts.p12 bundle.pem --sync --replace", "those CAs, and no others any more" },
	{ "kstool trust --under rootfs corp-root.pem --dry-run", "every truststore of an image; / is this system's" },
	{ NULL, NULL }
};
const struct cmd cmd_trust = {
	.name = "trust",
	.group = GROUP_CHANGE,
	.operands = "STORE SOURCE...",
	.finds = finds,
	.summary = "add trusted CA certificates",
	.help = "Adds every CA certificate of the sources as trusted. A certificate that is there\n"
		"under any name is unchanged, so the command can be repeated. Of several\n"
		"certificates, what is no CA or has expired is left out and named.\n\n"
		"Of a server, HOST:PORT, only the certificate with the --fingerprint that its owner told\n"
		"you is taken: anybody on the way could answer in its place. Without one, what it sends\n"
		"is shown, and nothing is trusted.\n\n"
		"With --sync the trusted certificates of the store become exactly those of the\n"
		"sources; keys and their chains stay. Where something goes, the question is asked\n"
		"first, or --replace is needed, and the old file is kept as STORE.kstool-bak.\n\n"
		"With --under DIR the sources go into every truststore below DIR: cacerts of each\n"
		"Java, the system's bundle and the directory it is made from, so that the next\n"
		"update-ca-certificates keeps them, Python's certifi, other tools' lists. All that\n"
		"can be done is done; what is locked (4) or cannot be written (8) is named. --plain\n"
		"then has the columns action, file, type, managed-by, reason.\n",
	.examples = examples,
	.exits = "0 1 3 4 5 7 8",
	.opts = options,
	.live = LIVE_AT(struct trust_opts),
	.size = sizeof(struct trust_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_STORE,
	.rest = WHAT_SOURCE,
	.changes = true,
	.run = run,
};
