/* SPDX-License-Identifier: ISC */
/*
 * again.c - the user's own command as a hint
 *
 * A hint that leaves out his files or his --pass is not one that he can run.  So
 * it is his command line, every word of it, with what was wrong put right.
 */
#include "cmd/cmd.h"

#include <string.h>

struct seen {
	const struct opt *opt; /* NULL: no option */
	bool global;
	bool next; /* the next word is its value */
};

static const struct opt *find(const struct opt *table, const char *word)
{
	bool is_long = word[1] == '-';
	size_t n = is_long ? strcspn(word + 2, "=") : 0;

	for (const struct opt *o = table; o && o->name; o++)
		if (is_long ? strlen(o->name) == n && !strncmp(o->name, word + 2, n) : o->letter == word[1])
			return o;
	return NULL;
}

/* Of several letters in one word the first says whose they are. */
static struct seen look(const struct cli *cli, const char *word)
{
	struct seen s = { .opt = NULL };

	if (word[0] != '-' || !word[1])
		return s;
	s.opt = find(cli->cmd->opts, word);
	s.global = !s.opt;
	if (!s.opt)
		s.opt = find(global_table, word);
	s.next = s.opt && s.opt->kind != OPT_FLAG && s.opt->kind != OPT_COUNT &&
		 (word[1] == '-' ? !strchr(word, '=') : !word[2]);
	return s;
}

/* Is it one of the options that `more` says anew? */
static bool said_anew(const struct cli *cli, const struct opt *opt, const char *const *more)
{
	for (size_t i = 0; more && more[i]; i++) {
		struct seen s = look(cli, more[i]);

		if (s.opt && s.opt == opt)
			return true;
		if (s.next && more[i + 1])
			i++;
	}
	return false;
}

static bool knows(const struct cmd *c, const struct opt *opt)
{
	for (const struct opt *o = c->opts; o && o->name; o++)
		if (!strcmp(o->name, opt->name))
			return true;
	return false;
}

struct line {
	const char **word;
	size_t nr;
};

static void add_all(struct line *l, const char *const *word)
{
	for (; word && *word; word++)
		l->word[l->nr++] = *word;
}

int cmd_again_as(struct cli *cli, const struct cmd *as, const char *what, const char *const *operand,
		 const char *const *more)
{
	struct line l = { .nr = 0 };
	size_t nr_more = 0, k = 0;
	bool ended = false;
	char *name = kst_strdup(as->name), *verb = name ? strchr(name, ' ') : NULL;

	while (more && more[nr_more])
		nr_more++;
	l.word = kst_calloc(cli->nr_words + nr_more + 4, sizeof(*l.word));
	if (!name || !l.word)
		goto done;
	l.word[l.nr++] = "kstool";
	l.word[l.nr++] = name;
	if (verb) {
		*verb = '\0';
		l.word[l.nr++] = verb + 1;
	}
	for (size_t i = 0; i < cli->nr_words; i++) {
		const char *word = cli->word[i];

		/* Operands are the very words of the command line (opt_parse). */
		if (k < cli->nr && word == cli->operand[k]) {
			l.word[l.nr++] = operand ? operand[k] : word;
			k++;
		} else if (!strcmp(word, "--") && !ended) {
			add_all(&l, more);
			ended = true;
			l.word[l.nr++] = word;
		} else {
			struct seen s = look(cli, word);
			bool next = s.next && i + 1 < cli->nr_words;

			if (s.opt && !said_anew(cli, s.opt, more) &&
			    (s.global || as == cli->cmd || knows(as, s.opt))) {
				l.word[l.nr++] = word;
				if (next)
					l.word[l.nr++] = cli->word[i + 1];
			}
			i += next;
		}
	}
	if (!ended)
		add_all(&l, more);
	kst_error_words(cli->err, what, l.word);
done:
	kst_free(l.word);
	kst_free(name);
	return -1;
}

int cmd_again(struct cli *cli, const char *what, const char *const *operand, const char *const *more)
{
	return cmd_again_as(cli, cli->cmd, what, operand, more);
}

int cmd_to_front(struct cli *cli, size_t k)
{
	const char **order = kst_calloc(cli->nr, sizeof(*order));

	if (!order)
		return -1;
	order[0] = cli->operand[k];
	for (size_t i = 0; i < cli->nr; i++)
		if (i != k)
			order[i + (i < k)] = cli->operand[i];
	cmd_again(cli, NULL, order, NULL);
	kst_free(order);
	return -1;
}
