/* SPDX-License-Identifier: ISC */
/* scan.c - look at everything below some paths */
#include "cmd/scan.h"

void scan_not_entered(const struct scan *s)
{
	struct out *o = s->cli->out;
	size_t told = 0, nr = 0;

	out_array(o, "not_entered");
	for (size_t i = 0; i < s->cli->nr; i++)
		for (size_t k = 0; k < s->walk[i].nr_closed; k++, nr++) {
			char *path = kst_asprintf("%s%s", s->walk[i].root, s->walk[i].closed[k]);

			out_str(o, NULL, path ? path : s->walk[i].closed[k]);
			if (path && told < 5) {
				out_note(o, "not looked into: %s", path);
				told++;
			}
			kst_free(path);
		}
	if (nr > told)
		out_note(o, "and not into %zu more: other file systems, images, what may not be read", nr - told);
	out_end(o);
}

static int run(struct cli *cli, void *opts)
{
	struct scan s = { .cli = cli, .opt = opts, .quiet = found_asker(cli) };
	size_t walked = 0;
	int ret = -1;

	s.walk = kst_calloc(cli->nr, sizeof(*s.walk));
	if (!s.walk)
		return kst_error_nomem(cli->err);
	for (; walked < cli->nr; walked++)
		if (kst_walk(&s.walk[walked], cli->operand[walked], cli->drawn ? &cli->progress : NULL, cli->err) < 0)
			goto done;
	ret = s.opt->stores ? scan_stores(&s) : scan_expiry(&s);
done:
	for (size_t i = 0; i < walked; i++)
		kst_walk_release(&s.walk[i]);
	kst_free(s.walk);
	return ret;
}

static bool finds(const void *opts)
{
	(void)opts;
	return true;
}

static const struct opt options[] = {
	{ "stores", 0, OPT_FLAG, offsetof(struct scan_opts, stores), WHAT_TEXT, NULL,
	  "an inventory instead: which keystores and truststores are there, and who writes them", NULL, false },
	{ "all", 0, OPT_FLAG, offsetof(struct scan_opts, all), WHAT_TEXT, NULL,
	  "also what is ok, and what packages keep as patterns for the system's own", NULL, false },
	{ "leaf-only", 0, OPT_FLAG, offsetof(struct scan_opts, leaf_only), WHAT_TEXT, NULL,
	  "leave certificates of CAs out", NULL, false },
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool scan rootfs", "what has expired or soon will, below a directory" },
	{ "kstool scan --stores rootfs", "every truststore and keystore of an image" },
	{ NULL, NULL }
};
const struct cmd cmd_scan = {
	.name = "scan",
	.group = GROUP_LOOK,
	.operands = "PATH...",
	.summary = "what expires below a directory, or which stores are there",
	.help = "Looks at every file below the paths by its content, whatever its name, and lists the\n"
		"certificates and revocation lists that have expired or soon will, the most urgent\n"
		"first. Passphrases that everybody knows are tried, and those of --pass; nobody is\n"
		"asked, and what stays locked is named. Links are not followed, other file systems\n"
		"not entered. Exit status 1 if something has expired or soon will, 3 if something\n"
		"could not be read.\n\n"
		"With --stores, an inventory: type, role, number of entries, who writes the file.\n"
		"--plain then has the columns type, role, entries, managed-by, file, and without it\n"
		"state, not after, days, name, entry, file.\n",
	.examples = examples,
	.plain = "state not-after days name entry file",
	.exits = "0 1 3",
	.opts = options,
	.size = sizeof(struct scan_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_FILE,
	.rest = WHAT_FILE,
	.finds = finds,
	.run = run,
};
