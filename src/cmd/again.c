/* SPDX-License-Identifier: ISC */
/*
 * again.c - the user's own command as a hint
 *
 * A hint that leaves out his files or his --pass is not one that he can run.  So
 * it is his command line, every word of it, with what was wrong put right.
 */
#include "cmd/cmd.h"

#include <stdio.h>
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
	bool ended = more && more[0] && more[0][0] != '-'; /* an operand comes last */
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
			if (!operand || operand[k])
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
	if (!ended || (more && more[0] && more[0][0] != '-'))
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

int cmd_spare(struct cli *cli)
{
	const char **keep = kst_calloc(cli->nr, sizeof(*keep)), *last = cli->operand[cli->nr - 1];

	if (!keep)
		return -1;
	memcpy(keep, cli->operand, (cli->nr - 1) * sizeof(*keep));
	cmd_again(cli, NULL, keep, (const char *const[]){ cli->cmd->spare, last, NULL });
	kst_free(keep);
	return -1;
}

/* ---- what the floors below advise ---- */

/* "add --OPTION to DO IT" of a floor that knows no command line: as a command, if this one has such a flag. */
static void complete_advice(struct cli *cli, const char *line)
{
	size_t n = strcspn(line + 4, " ");
	char *option = kst_strndup(line + 4, n), *what = kst_strdup(line + 4 + n + 1);
	struct seen s = option ? look(cli, option) : (struct seen){ .opt = NULL };

	if (s.opt && !s.next && what)
		cmd_again(cli, what, NULL, (const char *const[]){ option, NULL });
	kst_free(option);
	kst_free(what);
}

/* A file of secrets that others can read may belong to somebody who wants it so: as a descriptor. */
static void offer_descriptor(struct cli *cli)
{
	struct kst_error line = KST_ERROR_INIT, path = KST_ERROR_INIT, *err = cli->err;
	char **was = cli->word, **word = kst_calloc(cli->nr_words, sizeof(*word));
	char *replaced = NULL;

	for (size_t i = 0; word && i < cli->nr_words; i++) {
		char *at = strstr(cli->word[i], "file:");

		word[i] = cli->word[i];
		if (!replaced && at && !strcmp(at + 5, err->subject))
			word[i] = replaced = kst_asprintf("%.*sfd:3", (int)(at - cli->word[i]), cli->word[i]);
		else if (strstr(cli->word[i], "fd:3"))
			goto done;
	}
	if (!replaced)
		goto done;
	cli->word = word;
	cli->err = &line;
	cmd_again(cli, NULL, NULL, NULL);
	cli->word = was;
	cli->err = err;
	kst_error_command(&path, err->subject, NULL);
	if (line.hint[0])
		kst_error_hint(err, "to hand it over open:  %s 3<%s", line.hint, path.hint);
done:
	kst_free(replaced);
	kst_free(word);
}

void cmd_complete_hints(struct cli *cli)
{
	struct kst_error *err = cli->err;
	char *lines, *line, *rest;

	if (!cli->cmd || !strstr(err->hint, "add --"))
		return;
	lines = kst_strdup(err->hint);
	err->hint[0] = '\0';
	for (rest = lines; rest && (line = strsep(&rest, "\n"));) {
		const char *blank = !strncmp(line, "add --", 6) ? strchr(line + 4, ' ') : NULL;

		if (blank && !strncmp(blank, " to ", 4))
			complete_advice(cli, line);
		else
			kst_error_hint(err, "%s", line);
	}
	kst_free(lines);
	if (err->code == KST_E_PERMISSIONS)
		offer_descriptor(cli);
}
