/* SPDX-License-Identifier: ISC */
/*
 * opt_suggest.c - the nearest word, and options that hands know from keytool and openssl
 */
#include "ui/opt_suggest.h"

#include <string.h>

#include "kstool/text.h"

const char *opt_nearest(const char *word, const char *const *words)
{
	size_t n = strlen(word);
	unsigned best = n <= 3 ? 1 : n <= 8 ? 2 : 3;
	const char *near = NULL;

	/* A distance as long as the word itself is no likeness: "x" is not nearly "q". */
	for (; *words; words++) {
		unsigned d = kst_text_distance(word, *words);

		if (d <= best && d < n && (!near || d < best)) {
			best = d;
			near = *words;
		}
	}
	return near;
}

/*
 * A word is answered by its first row whose `option` the command has; `option` NULL: by every command.
 * `hint` NULL: the option says it all.
 */
static const struct habit {
	const char *word, *option, *hint;
} habits[] = {
	{ "storepass", NULL,
	  "a passphrase is never on the command line; use --pass prompt, file:PATH, fd:N, stdin or env:NAME" },
	{ "srcstorepass", NULL, "use --pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	{ "deststorepass", NULL, "use --new-pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	{ "keypass", NULL, "use --key-pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	{ "passin", NULL, "use --pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	{ "passout", NULL, "use --new-pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	{ "password", "pass", "--pass takes file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	{ "passphrase", "pass", "--pass takes file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	{ "nodes", NULL, "private keys leave unencrypted with --plain-key only" },
	{ "noenc", NULL, "private keys leave unencrypted with --plain-key only" },
	{ "keystore", NULL, "the store is the first word after the command, without an option" },
	{ "in", NULL, "input files are words without an option" },
	{ "inkey", NULL, "input files are words without an option" },
	{ "certfile", NULL, "input files are words without an option" },
	{ "file", NULL, "input files are words without an option" },
	{ "out", "output", NULL },
	{ "out", NULL, "the output is named by -o FILE" },
	{ "inform", NULL, "formats are recognised by content; leave the option out" },
	{ "outform", NULL, "the format follows the name: -o FILE, or --to TYPE" },
	{ "storetype", NULL, "formats are recognised by content; leave the option out" },
	{ "deststoretype", NULL, "the format follows the name: -o FILE, or --to TYPE" },
	{ "noprompt", NULL, "leave the option out; --yes answers confirmations, --no-input never asks" },
	{ "trustcacerts", NULL, "leave the option out: kstool trust STORE FILE" },
	{ "force", NULL, "say what may be lost: --replace, --yes, --plain-key" },
	{ "within", "expiring", "what expires soon: --expiring 30d" },
	{ "expires", "expiring", "what expires soon: --expiring 30d" },
	{ "checkend", "expiring", "what expires soon: --expiring 30d" },
	{ "noout", NULL, "leave the option out" },
	{ "rfc", NULL, "leave the option out: PEM is the default" },
	/* names, dates and keys of what is made */
	{ "san", "host", "names are given as --host NAME[,NAME|IP]" },
	{ "sans", "host", "names are given as --host NAME[,NAME|IP]" },
	{ "dns", "host", "names are given as --host NAME[,NAME|IP]" },
	{ "ext", "host", "names are given as --host NAME[,NAME|IP]" },
	{ "addext", "host", "names are given as --host NAME[,NAME|IP]" },
	{ "san", "match", "it looks at them too: --match TEXT" },
	{ "cn", "host", "names are given as --host NAME[,NAME|IP]; a whole name as --subject DN" },
	{ "dname", "subject", NULL },
	{ "subj", "subject", NULL },
	{ "expires", "days", NULL },
	{ "expiry", "days", NULL },
	{ "validity", "days", NULL },
	{ "expires", "state", "--state expired,crit,warn shows what expires; --sort expiry what expires first" },
	{ "expiry", "sort", "--sort expiry; --state expired,crit,warn shows what expires" },
	{ "expiring", "state", "--state crit,warn" },
	{ "expired", "state", "--state expired" },
	{ "bits", "alg", "--alg rsa:3072" },
	{ "keysize", "alg", "--alg rsa:3072" },
	{ "keyalg", "alg", NULL },
	{ "newkey", "alg", "--alg rsa:3072; the key is always a new one" },
	/* entries */
	{ "name", "alias", NULL },
	{ "destalias", "alias", NULL },
	{ "srcalias", "entry", NULL },
	{ "name", "label", NULL },
	{ "alias", NULL, "an entry is a word without an option, behind its file: kstool show FILE ENTRY" },
	{ "filter", "match", NULL },
	{ "grep", "match", NULL },
	{ "read-only", "role", "--role reader" },
	{ "readonly", "role", "--role reader" },
	{ "text", "full", NULL },
	{ "fingerprint", "field", "--field sha256" },
	{ "enddate", "field", "--field not_after" },
	{ "serial", "field", "--field serial" },
	{ "drop-root", "root", "--root drop" },
	{ "org-unit", "ou", NULL },
	{ NULL, NULL, NULL }
};

static bool has(const struct opt *table, const char *name)
{
	for (const struct opt *o = table; o && o->name; o++)
		if (!o->hidden && !strcmp(o->name, name))
			return true;
	return false;
}

/* The row that answers `word` for a command with these options; NULL: none does. */
static const struct habit *habit_of(const char *word, const struct opt *own, const struct opt *global)
{
	for (const struct habit *h = habits; h->word; h++)
		if (!strcmp(h->word, word) && (!h->option || has(own, h->option) || has(global, h->option)))
			return h;
	return NULL;
}

bool opt_is_foreign(const char *word, const struct opt *own, const struct opt *global)
{
	const char *name = word + 1;

	if (!name[0] || !name[1])
		return false;
	for (const struct habit *h = habits; h->word; h++)
		if (!strcmp(h->word, name))
			return true;
	for (const struct opt *o = own; o && o->name; o++)
		if (!strcmp(o->name, name))
			return true;
	for (const struct opt *o = global; o && o->name; o++)
		if (!strcmp(o->name, name))
			return true;
	return false;
}

int opt_unknown(const char *word, const struct opt *own, const struct opt *global,
		struct kst_error *err)
{
	const char *names[256], *name = word + strspn(word, "-"), *near, *word_near;
	const struct habit *h;
	char bare[80];
	size_t nr = 0, n = strcspn(name, "=");

	if (n >= sizeof(bare))
		n = sizeof(bare) - 1;
	memcpy(bare, name, n);
	bare[n] = '\0';
	for (const struct opt *o = own; o && o->name && nr < 255; o++)
		if (!o->hidden)
			names[nr++] = o->name;
	for (const struct opt *o = global; o && o->name && nr < 255; o++)
		if (!o->hidden)
			names[nr++] = o->name;
	names[nr] = NULL;
	near = NULL;
	for (size_t i = 0; i < nr && !near; i++)
		if (!strcmp(names[i], bare)) /* "-alias": one dash too few */
			near = names[i];
	h = near ? NULL : habit_of(bare, own, global);
	if (!near && !h && n > 1)
		near = opt_nearest(bare, names);
	if (!near && !h && n > 3) { /* "--passwrod": of a word that is none here, either */
		for (nr = 0; habits[nr].word; nr++)
			names[nr] = habits[nr].word;
		names[nr] = NULL;
		word_near = opt_nearest(bare, names);
		h = word_near ? habit_of(word_near, own, global) : NULL;
	}
	if (h && h->option)
		near = h->option;
	if (near)
		kst_error_setx(err, KST_E_UNKNOWN_OPTION, "no option \"%.*s%s\"; did you mean \"--%s\"?",
			       (int)(name - word), word, bare, near);
	else
		kst_error_setx(err, KST_E_UNKNOWN_OPTION, "no option \"%.*s%s\"", (int)(name - word), word, bare);
	return h && h->hint ? kst_error_hint(err, "%s", h->hint) : -1;
}
