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

static const struct {
	const char *word, *hint;
} habits[] = { { "storepass",
		 "a passphrase is never on the command line; use --pass prompt, file:PATH, fd:N, "
		 "stdin or env:NAME" },
	       { "srcstorepass", "use --pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	       { "deststorepass", "use --new-pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	       { "keypass", "use --key-pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	       { "passin", "use --pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	       { "passout", "use --new-pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	       { "password", "use --pass file:PATH (or prompt, fd:N, stdin, env:NAME)" },
	       { "nodes", "private keys leave unencrypted with --plain-key only" },
	       { "noenc", "private keys leave unencrypted with --plain-key only" },
	       { "keystore", "the store is the first word after the command, without an option" },
	       { "in", "input files are words without an option" },
	       { "file", "input files are words without an option" },
	       { "out", "the output is named by -o FILE" },
	       { "inform", "formats are recognised by content; leave the option out" },
	       { "outform", "the format follows the name: -o FILE, or --to TYPE" },
	       { "storetype", "formats are recognised by content; leave the option out" },
	       { "deststoretype", "the format follows the name: -o FILE, or --to TYPE" },
	       { "noprompt",
		 "leave the option out; --yes answers confirmations, --no-input never asks" },
	       { "trustcacerts", "leave the option out: kstool trust STORE FILE" },
	       { "force", "say what may be lost: --replace, --yes, --plain-key" },
	       { "noout", "leave the option out" },
	       { "rfc", "leave the option out: PEM is the default" },
	       { NULL, NULL } };

bool opt_is_foreign(const char *word, const struct opt *own, const struct opt *global)
{
	const char *name = word + 1;

	if (!name[0] || !name[1])
		return false;
	for (size_t i = 0; habits[i].word; i++)
		if (!strcmp(habits[i].word, name))
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
	const char *names[256], *name = word + strspn(word, "-"), *near;
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
	for (size_t i = 0; !near && habits[i].word; i++)
		if (!strcmp(habits[i].word, bare)) {
			kst_error_setx(err, KST_E_UNKNOWN_OPTION, "no option \"%.*s%s\"",
				       (int)(name - word), word, bare);
			return kst_error_hint(err, "%s", habits[i].hint);
		}
	if (!near && n > 1)
		near = opt_nearest(bare, names);
	if (near)
		return kst_error_setx(err, KST_E_UNKNOWN_OPTION,
				      "no option \"%.*s%s\"; did you mean \"--%s\"?",
				      (int)(name - word), word, bare, near);
	return kst_error_setx(err, KST_E_UNKNOWN_OPTION, "no option \"%.*s%s\"", (int)(name - word),
			      word, bare);
}
