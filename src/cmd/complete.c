/* SPDX-License-Identifier: ISC */
/*
 * complete.c - `kstool __complete -- WORDS...`: everything that a shell can offer
 *
 * The adapters in completions/ know nothing; this knows the tables.  It never
 * asks, never looks at a terminal or into a file of secrets, starts nothing, and
 * ends by alarm: a slow answer to TAB is worse than none.  The alarm counts work
 * and not the clock, so that a machine with much else to do still answers.
 */
#include "cmd/ca.h"
#include "cmd/page.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "ui/places.h"

#define LIMIT_MS	 50
#define LIMIT_FILE	 (UINT64_C(4) << 20)
#define LIMIT_ITERATIONS 50000
#define LIMIT_NAMES	 1000

extern char **environ;

struct complete {
	const char *word; /* what is being completed, without the part in `lead` */
	const char *lead; /* kept in front of every answer: "--type=", "key,ca," */
	size_t lead_len;
	struct kst_buf out;
	const char *end; /* ":none", ":file", ":dir" */
	bool matched;
	struct ca_opts ca; /* --ca, where it stands before */
};

/* ---- answers ---- */

/* A value that would need escapes is not offered: no shell could give it back as it is. */
static bool printable(const char *s)
{
	size_t n = strlen(s);

	while (n) {
		uint32_t cp;
		size_t k = kst_utf8_decode((const uint8_t *)s, n, &cp);

		if (!k || cp < 0x20 || cp == 0x7f || !kst_text_char_ok(cp))
			return false;
		s += k;
		n -= k;
	}
	return true;
}

static void offer(struct complete *c, const char *value, const char *about)
{
	if (strncmp(value, c->word, strlen(c->word)) || !printable(value))
		return;
	kst_buf_put(&c->out, c->lead, c->lead_len);
	kst_buf_puts(&c->out, value);
	if (about && *about) {
		kst_buf_u8(&c->out, '\t');
		kst_text_escape(&c->out, about, strlen(about));
	}
	kst_buf_u8(&c->out, '\n');
}

/* Everything up to and with the n-th byte of the word is kept as it is. */
static void keep(struct complete *c, size_t n)
{
	c->lead_len += n;
	c->word += n;
}

static const char *noun_about(const char *noun)
{
	return !strcmp(noun, "ca") ? "a private CA" : !strcmp(noun, "tls") ? "handshakes" : "ways to open a native store";
}

static void offer_commands(struct complete *c, const char *noun)
{
	size_t n = noun ? strlen(noun) : 0;
	char before[32] = "";

	for (const struct cmd *const *t = cmd_table; *t; t++) {
		const char *name = (*t)->name, *second = strchr(name, ' ');

		if ((*t)->group == GROUP_HIDDEN)
			continue;
		if (noun) {
			if (second && (size_t)(second - name) == n && !strncmp(name, noun, n))
				offer(c, second + 1, (*t)->summary);
		} else if (second) {
			char word[32];
			size_t m = (size_t)(second - name);

			if (m >= sizeof(word))
				continue;
			memcpy(word, name, m);
			word[m] = '\0';
			if (strcmp(word, before))
				offer(c, word, noun_about(word));
			memcpy(before, word, m + 1);
		} else
			offer(c, name, (*t)->summary);
	}
}

static void offer_options(struct complete *c, const struct opt *own, const struct cmd *cmd)
{
	const struct opt *tables[] = { own, global_table };
	char name[64] = "--";

	for (size_t k = 0; k < 2; k++)
		for (const struct opt *o = tables[k]; o && o->name; o++) {
			size_t n = strlen(o->name);

			if (o->hidden || n + 3 > sizeof(name))
				continue;
			/* Legal at this point only. */
			if (k && cmd && !cmd->changes &&
			    (!strcmp(o->name, "dry-run") || !strcmp(o->name, "check")))
				continue;
			memcpy(name + 2, o->name, n + 1);
			offer(c, name, o->help);
		}
}

static void offer_pass(struct complete *c, bool may_gen)
{
	DIR *d;
	const char *slash, *rest;
	char *dir;

	if (!strncmp(c->word, "env:", 4)) {
		keep(c, 4);
		for (char **e = environ; e && *e; e++) {
			size_t n = strcspn(*e, "=");
			char *name = kst_strndup(*e, n);

			if (name)
				offer(c, name, NULL);
			kst_free(name);
		}
		return;
	}
	if (strncmp(c->word, "file:", 5) && strncmp(c->word, "gen:", 4)) {
		offer(c, "prompt", "ask on the terminal");
		offer(c, "file:", "first line of a file");
		offer(c, "fd:", "a line of an open descriptor");
		offer(c, "stdin", "a line of standard input");
		offer(c, "env:", "an environment variable");
		offer(c, "none", "no passphrase");
		if (may_gen)
			offer(c, "gen:", "make a random one, in a new file");
		return;
	}
	/* The names of files, not what is in them; the shell cannot do it behind "file:". */
	keep(c, strcspn(c->word, ":") + 1);
	rest = c->word;
	slash = strrchr(rest, '/');
	dir = slash ? kst_strndup(rest, (size_t)(slash - rest) + 1) : kst_strdup("./");
	d = dir ? opendir(dir) : NULL;
	if (slash)
		keep(c, (size_t)(slash - rest) + 1);
	for (size_t i = 0; d && i < LIMIT_NAMES; i++) {
		struct dirent *e = readdir(d);
		char *name;

		if (!e)
			break;
		if (e->d_name[0] == '.' && c->word[0] != '.')
			continue;
		name = kst_asprintf("%s%s", e->d_name, e->d_type == DT_DIR ? "/" : "");
		if (name)
			offer(c, name, NULL);
		kst_free(name);
	}
	if (d)
		closedir(d);
	kst_free(dir);
}

/* ---- entries ---- */

/* Public knowledge only: nothing, and what Java ships with. */
static int ask_public(void *ctx, const struct kst_question *q, struct kst_secret *out,
		      enum kst_ask_source *source, struct kst_error *err)
{
	(void)ctx;
	if (q->what != KST_ASK_STORE || !q->public_defaults || q->attempt > 1)
		return 1;
	*source = q->attempt ? KST_SOURCE_CHANGEIT : KST_SOURCE_EMPTY;
	return q->attempt ? kst_secret_set(out, "changeit", 8, err)
			  : kst_secret_set(out, NULL, 0, err);
}

static void too_late(int number)
{
	static const char none[] = ":none\n";

	(void)number;
	_exit(write(STDOUT_FILENO, none, sizeof(none) - 1) < 0);
}

static struct kst_store *open_quietly(const char *path)
{
	static const struct kst_asker asker = { .ask = ask_public };
	struct kst_limits limits = KST_LIMITS_DEFAULT;
	struct kst_open_options opt = { .asker = &asker,
					.limits = &limits,
					.insecure_permissions = true };
	struct kst_store *s = NULL;
	struct stat st;

	limits.file = LIMIT_FILE;
	limits.iterations = LIMIT_ITERATIONS;
	limits.iterations_all = 4 * LIMIT_ITERATIONS;
	/* Nothing that could block, or that is no file: a pipe, "-". */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > LIMIT_FILE)
		return NULL;
	if (kst_store_open(&s, path, &opt, NULL) == 0)
		return s;
	/* Locked: the names of its keys may stand in sight, and no derivation is paid for them. */
	opt.read.peek = true;
	opt.limits = NULL;
	return kst_store_open(&s, path, &opt, NULL) < 0 ? NULL : s;
}

/* `many`: where the first is a loose file, the others are files too, as in `show a.key b.crt`. */
static void offer_entries(struct complete *c, const char *path, bool many)
{
	struct kst_buf place KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_store *s;
	struct kst_head h;

	if (path && places_find(path, &place, NULL) == 0)
		path = (const char *)place.data;
	s = path ? open_quietly(path) : NULL;
	if (s && many && (kst_store_format(s)->caps & KST_CAP_LOOSE)) {
		c->end = ":file";
		kst_store_free(s);
		return;
	}
	for (size_t i = 0; s && i < kst_store_count(s); i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		if (kst_store_head(s, i, &h, NULL) < 0 || !h.alias)
			continue;
		kst_buf_printf(&b, "%s%s%s", cmd_type_word(&h), h.name ? ": " : "",
			       h.name ? h.name : "");
		offer(c, h.alias, b.data ? (const char *)b.data : "");
	}
	kst_store_free(s);
}

static void offer_slots(struct complete *c, const char *path)
{
	struct kst_store *s = path ? open_quietly(path) : NULL;
	struct kst_slot_info slot[16];
	size_t nr = s ? kst_store_slots(s, slot) : 0;

	for (size_t i = 0; i < nr; i++) {
		char number[3] = { (char)('0' + slot[i].number / 10 % 10),
				   (char)('0' + slot[i].number % 10), '\0' };

		offer(c, number[0] == '0' ? number + 1 : number, slot[i].label);
		if (slot[i].label[0])
			offer(c, slot[i].label, NULL);
	}
	kst_store_free(s);
}

struct issued {
	struct complete *c;
	size_t nr;
};

static int offer_issued_row(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct issued *i = ctx;
	struct kst_buf line KST_SCRATCH_BUF = KST_BUF_INIT;
	char until[KST_TIME_TEXT], about[64];

	(void)err;
	/* What was renewed has two: the younger one stands for both. */
	kst_buf_printf(&line, "%s\t", row->name ? row->name : "");
	if (!row->name || line.failed ||
	    (i->c->out.len && memmem(i->c->out.data, i->c->out.len, line.data, line.len)))
		return 0;
	snprintf(about, sizeof(about), "%s, until %s", kst_profile_name(row->profile),
		 kst_time_text(row->not_after, KST_TIME_DATE, until));
	offer(i->c, row->name, about);
	return ++i->nr >= LIMIT_NAMES;
}

/* The ledger is open to whoever may read it, and no secret is in it. */
static void offer_issued(struct complete *c)
{
	struct kst_open_options open = { .insecure_permissions = true };
	struct kst_ca_query q = {
		.states = KST_CA_IS(KST_CA_VALID), .leaves = true, .expires_after = kst_time_now(), .newest = true
	};
	struct issued i = { .c = c };
	struct kst_ca *ca = NULL;

	if (kst_ca_open(&ca, ca_dir(&c->ca), &open, true, NULL) == 0)
		(void)kst_ca_each(ca, &q, offer_issued_row, &i, NULL);
	kst_ca_free(ca);
}

/* ---- what is asked for ---- */

static void offer_what(struct complete *c, enum opt_what what, const char *store, bool may_gen)
{
	switch (what) {
	case WHAT_STORE:
	case WHAT_SOURCE:
		/* Not beside all the files: who wants them begins with @. */
		for (size_t i = 0; c->word[0] == '@' && places[i]; i++)
			offer(c, places[i], places_about[i]);
		c->end = ":file";
		break;
	case WHAT_FILE:
		c->end = ":file";
		break;
	case WHAT_DIR:
		c->end = ":dir";
		break;
	case WHAT_ENTRY:
		offer_entries(c, store, false);
		break;
	case WHAT_SLOT:
		offer_slots(c, store);
		break;
	case WHAT_ISSUED:
		offer_issued(c);
		break;
	case WHAT_PASS:
		offer_pass(c, may_gen);
		break;
	case WHAT_TOPIC:
		offer_commands(c, NULL);
		for (size_t i = 0; page_topic(i, NULL); i++) {
			struct kst_buf about KST_SCRATCH_BUF = KST_BUF_INIT;
			const char *topic = page_topic(i, &about);

			offer(c, topic, about.data ? (const char *)about.data : "topic");
		}
		for (int code = 1; *c->word && code < KST_CODE_COUNT; code++)
			offer(c, kst_code_slug((enum kst_code)code), "error");
		break;
	case WHAT_TEXT:
	case WHAT_WHEN:
	case WHAT_NUMBER:
	case WHAT_CHOICE:
		break;
	}
}

/* `source`: of which `import STORE SOURCE --entry` takes one. */
static void offer_value(struct complete *c, const struct opt *o, const char *source)
{
	const char *comma;

	if (!o->choices) {
		offer_what(c, o->what, source, !strcmp(o->name, "new-pass"));
		return;
	}
	/* A list: "key,ca,<TAB>" */
	comma = o->kind == OPT_CHOICE ? NULL : strrchr(c->word, ',');
	if (comma)
		keep(c, (size_t)(comma - c->word) + 1);
	for (const char *const *k = o->choices; *k; k++)
		offer(c, *k, NULL);
}

/* "bash|zsh|fish": an operand that is one of a few words, as help shows it. */
static void offer_alternatives(struct complete *c, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, "|");
		char *word = kst_strndup(words, n);

		if (word)
			offer(c, word, NULL);
		kst_free(word);
		words += n + (words[n] == '|');
	}
}

/* What the k-th operand is called: "NEWALIAS" of "STORE ENTRY NEWALIAS".  NULL: there is none. */
static const char *placeholder(const struct cmd *cmd, size_t k, size_t *n)
{
	const char *p = cmd->operands ? cmd->operands : "";

	for (; k && *p; k--) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	*n = strcspn(p, " ");
	return *n ? p : NULL;
}

static void offer_operand(struct complete *c, const struct cmd *cmd, size_t k, const char *first)
{
	size_t n;
	const char *name = placeholder(cmd, k, &n);
	enum opt_what what = k ? cmd->rest : cmd->first;

	if (what == WHAT_CHOICE)
		offer_alternatives(c, cmd->operands);
	else if (what != WHAT_ENTRY)
		offer_what(c, what, first, false);
	else if (!name || memmem(name, n, "ENTRY", 5)) /* and not the new name of one */
		offer_entries(c, first, placeholder(cmd, 0, &n) && memmem(cmd->operands, n, "...", 3));
}

static const struct opt *find_option(const struct opt *table, const char *name, size_t n,
				     char letter)
{
	for (const struct opt *o = table; o && o->name; o++)
		if (letter ? o->letter == letter
			   : strlen(o->name) == n && !strncmp(o->name, name, n))
			return o;
	return NULL;
}

/* The option that this word names, if its value is the next word. */
static const struct opt *waits(const struct opt *own, const char *word)
{
	const struct opt *o;
	size_t n = strlen(word);

	if (word[0] != '-' || !word[1])
		return NULL;
	if (word[1] == '-') {
		o = find_option(own, word + 2, n - 2, 0);
		if (!o)
			o = find_option(global_table, word + 2, n - 2, 0);
	} else {
		o = find_option(own, NULL, 0, word[n - 1]);
		if (!o)
			o = find_option(global_table, NULL, 0, word[n - 1]);
	}
	return o && o->kind != OPT_FLAG && o->kind != OPT_COUNT ? o : NULL;
}

static void complete(struct complete *c, const char *const *word, size_t nr)
{
	const struct cmd *cmd = NULL;
	const struct opt *value = NULL, *own;
	const char *first = NULL, *source = NULL, *noun = NULL;
	bool ended = false;
	size_t operands = 0;

	for (size_t i = 0; i + 1 < nr; i++) {
		own = cmd ? cmd->opts : NULL;
		if (value) {
			if (!strcmp(value->name, "ca"))
				c->ca.dir = word[i];
			value = NULL;
			continue;
		}
		if (!ended && !strncmp(word[i], "--ca=", 5))
			c->ca.dir = word[i] + 5;
		if (!ended && !strcmp(word[i], "--")) {
			ended = true;
			continue;
		}
		if (!ended && word[i][0] == '-' && word[i][1]) {
			value = waits(own, word[i]);
			continue;
		}
		if (noun) {
			cmd = cmd_of_words(noun, word[i]);
			noun = NULL;
			if (!cmd)
				return;
		} else if (!cmd) {
			cmd = cmd_find(word[i]);
			if (!cmd && !cmd_is_noun(word[i]))
				return;
			noun = cmd ? NULL : word[i];
		} else if (!operands++)
			first = word[i];
		else
			source = word[i];
	}
	c->lead = word[nr - 1];
	c->word = word[nr - 1];
	own = cmd ? cmd->opts : NULL;
	if (value)
		offer_value(c, value, source);
	else if (!ended && c->word[0] == '-') {
		const char *eq = strchr(c->word, '=');

		if (eq) {
			value = find_option(own, c->word + 2, (size_t)(eq - c->word - 2), 0);
			if (!value)
				value = find_option(global_table, c->word + 2,
						    (size_t)(eq - c->word - 2), 0);
			keep(c, (size_t)(eq - c->word) + 1);
			if (value)
				offer_value(c, value, source);
		} else
			offer_options(c, own, cmd);
	} else if (!cmd)
		offer_commands(c, noun);
	else if (operands < cmd->max)
		offer_operand(c, cmd, operands, first);
}

static int run(struct cli *cli, void *opts)
{
	struct complete c = { .out = KST_BUF_INIT, .end = ":none", .lead = "", .word = "" };
	struct itimerval limit = { .it_value = { .tv_usec = LIMIT_MS * 1000 } };
	int ret;

	(void)opts;
	signal(SIGPROF, too_late);
	setitimer(ITIMER_PROF, &limit, NULL);
	if (cli->nr)
		complete(&c, cli->operand, cli->nr);
	kst_buf_printf(&c.out, "%s\n", c.end);
	signal(SIGPROF, SIG_IGN);
	ret = out_data(cli->out, c.out.data, c.out.len, false, cli->err);
	kst_buf_release(&c.out);
	return ret;
}

const struct cmd cmd_complete = {
	.name = "__complete",
	.group = GROUP_HIDDEN,
	.operands = "-- WORD...",
	.summary = "what a shell may offer",
	.help = "",
	.exits = "0",
	.min = 0,
	.max = ~0u,
	.first = WHAT_TEXT,
	.rest = WHAT_TEXT,
	.run = run,
};
