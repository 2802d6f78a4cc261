/* SPDX-License-Identifier: ISC */
/*
 * global.c - the table of global options, and what must be known of them before
 * the command line is parsed
 */
#include "ui/global.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const colors[] = { "auto", "always", "never", NULL };
static const char *const layouts[] = { "auto", "table", "block", NULL };

#define AT(member) offsetof(struct global, member)
const struct opt global_table[] = {
	{ "help", 'h', OPT_FLAG, AT(help), WHAT_TEXT, NULL, "show help, examples first", NULL,
	  false },
	{ "version", 0, OPT_FLAG, AT(version), WHAT_TEXT, NULL, "show the version", NULL, false },
	{ "json", 0, OPT_FLAG, AT(json), WHAT_TEXT, NULL, "answer with one JSON document", NULL,
	  false },
	{ "plain", 0, OPT_FLAG, AT(plain), WHAT_TEXT, NULL,
	  "answer with TAB-separated lines, for awk and cut", NULL, false },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), WHAT_TEXT, NULL, "only answers and errors: what a change did is none", NULL,
	  false },
	{ "verbose", 'v', OPT_COUNT, AT(verbose), WHAT_TEXT, NULL,
	  "more detail; twice: what the libraries said too", NULL, false },
	{ "dry-run", 'n', OPT_FLAG, AT(dry_run), WHAT_TEXT, NULL, "show the plan, change nothing",
	  NULL, false },
	{ "check", 0, OPT_FLAG, AT(check), WHAT_TEXT, NULL,
	  "as --dry-run, but exit 1 if something would change", NULL, false },
	{ "yes", 'y', OPT_FLAG, AT(yes), WHAT_TEXT, NULL, "answer confirmations with yes", NULL,
	  false },
	{ "no-input", 0, OPT_FLAG, AT(no_input), WHAT_TEXT, NULL, "never ask anything", NULL,
	  false },
	{ "pass", 0, OPT_LIST, AT(pass), WHAT_PASS, "PASS",
	  "passphrase that opens; again for the next locked file, or FILE=PASS", NULL, false },
	{ "new-pass", 0, OPT_LIST, AT(new_pass), WHAT_PASS, "PASS",
	  "passphrase that a new or changed file gets", NULL, false },
	{ "key-pass", 0, OPT_LIST, AT(key_pass), WHAT_PASS, "PASS",
	  "passphrase of a private key that has its own; again for others, or ALIAS=PASS", NULL, false },
	{ "key-file", 0, OPT_LIST, AT(key_file), WHAT_FILE, "FILE",
	  "open a native store with a key file", NULL, false },
	{ "new-key-file", 0, OPT_LIST, AT(new_key_file), WHAT_FILE, "FILE",
	  "make this key file for a native store", NULL, false },
	{ "signer", 0, OPT_LIST, AT(signer), WHAT_TEXT, "KEY",
	  "accept native stores of this signer only (ed25519:...)", NULL, false },
	{ "require-pin", 0, OPT_FLAG, AT(require_pin), WHAT_TEXT, NULL,
	  "refuse a native store whose signer is not pinned", NULL, false },
	{ "allow-unauthenticated", 0, OPT_FLAG, AT(allow_unauthenticated), WHAT_TEXT, NULL,
	  "open a PKCS#12 file that is encrypted but has no MAC", NULL, false },
	{ "insecure-permissions", 0, OPT_FLAG, AT(insecure_permissions), WHAT_TEXT, NULL,
	  "accept files that other users can read or change", NULL, false },
	{ "max-kdf-mem", 0, OPT_TEXT, AT(max_kdf_mem), WHAT_TEXT, "SIZE",
	  "most memory for deriving a key, as 512M or 2G (default 1G)", NULL, false },
	{ "openssl-config", 0, OPT_FLAG, AT(openssl_config), WHAT_TEXT, NULL,
	  "let OpenSSL read its configuration file", NULL, false },
	{ "at", 0, OPT_TEXT, AT(at), WHAT_TEXT, "TIME", "pretend that it is TIME", NULL, false },
	{ "local-time", 0, OPT_FLAG, AT(local_time), WHAT_TEXT, NULL, "show local time as well",
	  NULL, false },
	{ "color", 0, OPT_CHOICE, AT(color), WHAT_CHOICE, "WHEN", "auto, always or never", colors,
	  false },
	{ "layout", 0, OPT_CHOICE, AT(layout), WHAT_CHOICE, "FORM",
	  "auto, table, or block: one \"key: value\" a line", layouts, false },
	{ "ascii", 0, OPT_FLAG, AT(ascii), WHAT_TEXT, NULL, "draw with ASCII characters", NULL,
	  false },
	{ "no-pager", 0, OPT_FLAG, AT(no_pager), WHAT_TEXT, NULL, "never start a pager", NULL,
	  false },
	{ "timeout", 0, OPT_TEXT, AT(timeout), WHAT_WHEN, "SPAN",
	  "give up on the network after SPAN (10s if not given)", NULL, false },
	OPT_END
};

bool global_peek(int argc, char *const *argv, const char *name)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strncmp(argv[i], "--", 2) && !strcmp(argv[i] + 2, name))
			return true;
	return false;
}

const char *global_peek_value(int argc, char *const *argv, const char *name)
{
	const char *value = NULL;
	size_t n = strlen(name);

	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (strncmp(argv[i], "--", 2) || strncmp(argv[i] + 2, name, n))
			continue;
		if (argv[i][n + 2] == '=')
			value = argv[i] + n + 3;
		else if (!argv[i][n + 2] && i + 1 < argc)
			value = argv[++i];
	}
	return value;
}

/* Does this word take the next one as its value? */
static bool takes_next(const char *word)
{
	for (const struct opt *o = global_table; o->name; o++) {
		if (o->kind == OPT_FLAG || o->kind == OPT_COUNT)
			continue;
		if (!strncmp(word, "--", 2) && !strcmp(word + 2, o->name))
			return true;
	}
	return false;
}

int global_verb(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			return i + 1 < argc ? i + 1 : argc;
		if (argv[i][0] != '-' || !argv[i][1])
			return i;
		if (takes_next(argv[i]))
			i++;
	}
	return argc;
}

int global_parse_size(const char *text, unsigned long long *out)
{
	static const char units[] = "KMGT";
	unsigned long long v;
	unsigned shift = 0;
	const char *unit;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno)
		return -1;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit)
			return -1;
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
		if (strcmp(end, "") && strcmp(end, "B") && strcmp(end, "iB"))
			return -1;
	}
	if (v > ~0ull >> shift)
		return -1;
	*out = v << shift;
	return 0;
}
