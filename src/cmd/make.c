/* SPDX-License-Identifier: ISC */
/* make.c - hosts of the command line, and kinds of key by name */
#include "cmd/make.h"

#include <string.h>

const char *const make_algs[] = { "p256",    "p384",	 "p521",	 "ed25519",   "ed448", "x25519",
				  "rsa:3072", "rsa:4096", "rsa-pss:3072", "ml-dsa-65", NULL };

static size_t count(const char *text)
{
	size_t nr = 1;

	for (; *text; text++)
		nr += *text == ',';
	return nr;
}

/* The parts of "a, b" behind what the list holds already. */
static int split(const char **list, size_t *nr, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		const char *p = text;

		text += n;
		text += *text == ',';
		for (; n && *p == ' '; n--)
			p++;
		while (n && p[n - 1] == ' ')
			n--;
		if (!n)
			continue;
		list[*nr] = kst_strndup(p, n);
		if (!list[*nr])
			return -1;
		++*nr;
	}
	return 0;
}

int make_hosts(struct cli *cli, const struct opt_list *host, const char ***out)
{
	size_t nr = 0, room = 1;
	const char **list;

	for (size_t i = 0; i < host->nr; i++)
		room += count(host->item[i]);
	list = kst_calloc(room, sizeof(*list));
	for (size_t i = 0; list && i < host->nr; i++)
		if (split(list, &nr, host->item[i]) < 0) {
			make_free_hosts(list);
			list = NULL;
		}
	if (!list)
		return kst_error_nomem(cli->err);
	*out = list;
	return 0;
}

int make_ask_hosts(struct cli *cli, const char *subject, const char ***out)
{
	struct kst_buf answer KST_SCRATCH_BUF = KST_BUF_INIT;
	struct opt_list one = { .nr = 1 };
	const char *text;

	if (!cmd_interactive(cli)) {
		kst_error_setx(cli->err, KST_E_USAGE, "which host the key is for is not said");
		kst_error_subject(cli->err, "%s", subject);
		return kst_error_hint(cli->err, "add --host NAME[,NAME], or --subject DN");
	}
	if (cmd_ask(cli, "Host name(s) this key is for, comma separated: ", &answer) < 0)
		return -1;
	text = answer.data ? (const char *)answer.data : "";
	one.item = &text;
	if (make_hosts(cli, &one, out) < 0)
		return -1;
	if ((*out)[0])
		return 0;
	make_free_hosts(*out);
	*out = NULL;
	kst_error_setx(cli->err, KST_E_DECLINED, "no host was named");
	return kst_error_subject(cli->err, "%s", subject);
}

void make_free_hosts(const char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		kst_free((void *)(uintptr_t)list[i]);
	kst_free(list);
}

/* ---- kinds of key ---- */

/* Those whose two names differ by more than case and one character. */
static const struct {
	const char *alg, *text;
} kind[] = {
	{ "p256", "EC-P256" },	  { "ec", "EC-P256" },	{ "p384", "EC-P384" },	{ "p521", "EC-P521" },
	{ "ed25519", "Ed25519" }, { "ed448", "Ed448" }, { "rsa", "RSA-3072" },
	{ "rsa-pss", "RSA-PSS-3072" },
};
#define KINDS (sizeof(kind) / sizeof(kind[0]))

const char *make_alg_text(const char *alg, char out[64])
{
	size_t n = 0;

	for (size_t i = 0; i < KINDS; i++)
		if (!strcasecmp(alg, kind[i].alg))
			return kind[i].text;
	for (; alg[n] && n < 63; n++)
		out[n] = alg[n] == ':' ? '-' : alg[n] >= 'a' && alg[n] <= 'z' ? (char)(alg[n] - 32) : alg[n];
	out[n] = '\0';
	return out;
}

bool make_same_alg(const char *text, const char *alg)
{
	char own[64];

	return text && !strcasecmp(text, make_alg_text(alg, own));
}

char *make_alg_of(const char *text)
{
	char *alg, *dash;

	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(text, kind[i].text))
			return kst_strdup(kind[i].alg);
	alg = kst_text_lower(text);
	dash = alg ? strrchr(alg, '-') : NULL;
	if (dash && dash[1] && !dash[1 + strspn(dash + 1, "0123456789")] &&
	    (!strncmp(alg, "rsa-", 4) || !strncmp(alg, "dsa-", 4)))
		*dash = ':';
	return alg;
}
