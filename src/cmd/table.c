/* SPDX-License-Identifier: ISC */
/* table.c - the commands, from cmds.def */
#include "cmd/cmd.h"

#include <string.h>

#define CMD(x) extern const struct cmd cmd_##x;
#include "cmds.def"
#undef CMD

const struct cmd *const cmd_table[] = {
#define CMD(x) &cmd_##x,
#include "cmds.def"
#undef CMD
	NULL
};

const struct cmd *cmd_find(const char *name)
{
	for (const struct cmd *const *c = cmd_table; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

bool cmd_is_noun(const char *word)
{
	size_t n = strlen(word);

	for (const struct cmd *const *c = cmd_table; *c; c++)
		if (!strncmp((*c)->name, word, n) && (*c)->name[n] == ' ')
			return true;
	return false;
}

const struct cmd *cmd_of_words(const char *one, const char *two)
{
	char name[64];
	const struct cmd *c = cmd_find(one);
	size_t n = strlen(one), m = two ? strlen(two) : 0;

	if (c || !two || n + m + 2 > sizeof(name))
		return c;
	memcpy(name, one, n);
	name[n] = ' ';
	memcpy(name + n + 1, two, m + 1);
	return cmd_find(name);
}

size_t cmd_words(const struct cmd *c)
{
	return strchr(c->name, ' ') ? 2 : 1;
}
