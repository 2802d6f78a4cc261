/* SPDX-License-Identifier: ISC */
/* version.c - version, libraries, formats: what a bug report needs */
#include "cmd/help.h"

int help_version(struct cli *cli)
{
	const char *const cell[] = { "kstool", KSTOOL_VERSION };

	out_schema(cli->out, "kstool.version/1");
	out_str(cli->out, "version", KSTOOL_VERSION);
	out_line(cli->out, "kstool %s", KSTOOL_VERSION);
	out_plain(cli->out, cell, 2);
	return 0;
}

static int run(struct cli *cli, void *opts)
{
	bool legacy = kst_legacy_available();

	(void)opts;
	if (help_version(cli) < 0)
		return -1;
	out_array(cli->out, "libraries");
	out_str(cli->out, NULL, kst_openssl_version());
	out_str(cli->out, NULL, kst_sodium_version());
	out_end(cli->out);
	out_array(cli->out, "providers");
	out_str(cli->out, NULL, "default");
	if (legacy)
		out_str(cli->out, NULL, "legacy");
	out_end(cli->out);
	out_pair(cli->out, "with", kst_openssl_version());
	out_pair(cli->out, NULL, kst_sodium_version());
	out_pair(cli->out, "legacy",
		 legacy ? "available (RC2 and single DES can be read)"
			: "not available (RC2 and single DES cannot be read)");
	if (!out_is(cli->out, OUT_PLAIN)) {
		out_blank(cli->out);
		help_formats(cli->out);
		if (out_is(cli->out, OUT_JSON))
			help_consumer_rows(cli->out);
	}
	return 0;
}

static const struct cmd_example examples[] = { { "kstool version", "for people" },
					       { "kstool version --json",
						 "for a bug report, or a test of what is there" },
					       { NULL, NULL } };
const struct cmd cmd_version = {
	.name = "version",
	.group = GROUP_HELP,
	.operands = "",
	.summary = "version, libraries, formats",
	.help = "Tells the version, the libraries in use, whether OpenSSL's legacy ciphers are "
		"there,\n"
		"and the formats.\n",
	.examples = examples,
	.exits = "0",
	.min = 0,
	.max = 0,
	.first = WHAT_TEXT,
	.rest = WHAT_TEXT,
	.run = run,
};
