/* SPDX-License-Identifier: ISC */
/* foreign.c - the user's own names in a command of another tool, put into the command that it is here */
#include "cmd/foreign.h"

#include <string.h>

#include "kstool/text.h"

/* The words of a hint that stand for something, and which options name it elsewhere. */
static const struct place {
	const char *word, *options[4];
} places[] = {
	{ "STORE", { "-keystore", "-in", NULL } },
	{ "FILE", { "-file", "-in", "-infile", NULL } },
	{ "FILE...", { "-certfile", NULL } },
	{ "FILE.p12", { "-in", NULL } },
	{ "ENTRY", { "-alias", NULL } },
	{ "NEWALIAS", { "-destalias", NULL } },
	{ "OLD", { "-srckeystore", NULL } },
	{ "NEW", { "-destkeystore", NULL } },
	{ "NEW.p12", { "-out", NULL } },
	{ "NEW.p7b", { "-out", NULL } },
	{ "NEW.pem", { "-out", NULL } },
	{ "REQUEST", { "-out", "-file", NULL } },
	{ "KEYFILE", { "-key", NULL } },
	{ "KEY", { "-inkey", NULL } },
	{ "CERT", { "-in", NULL } },
	{ "CA", { "-certfile", "-CAfile", NULL } },
	{ "A", { NULL } },
	{ "B", { NULL } },
};

static const struct place *place_of(const char *word, size_t n)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strlen(places[i].word) == n && !strncmp(places[i].word, word, n))
			return &places[i];
	return NULL;
}

static const char *value_of(const struct place *p, char *const *arg, int nr)
{
	for (const char *const *option = p->options; *option; option++)
		for (int i = 0; i + 1 < nr; i++)
			if (!strcmp(arg[i], *option) && arg[i + 1][0] != '-')
				return arg[i + 1];
	return NULL;
}

void foreign_fill(struct kst_buf *out, const char *hint, char *const *arg, int nr)
{
	int next = 0;

	while (*hint) {
		size_t n = strcspn(hint, " ");
		const struct place *p = place_of(hint, n);
		const char *value = p ? value_of(p, arg, nr) : NULL;
		struct kst_buf word KST_SCRATCH_BUF = KST_BUF_INIT;

		if (p && !value && next < nr && arg[next][0] != '-')
			value = arg[next++];
		else if (p && !value)
			next = nr; /* what comes behind an option may be its value */
		if (value)
			kst_buf_puts(out, kst_text_shell_path(&word, value));
		else
			kst_buf_put(out, hint, n);
		hint += n;
		n = strspn(hint, " ");
		kst_buf_put(out, hint, n);
		hint += n;
	}
}
