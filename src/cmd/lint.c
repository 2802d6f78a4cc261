/* SPDX-License-Identifier: ISC */
/*
 * lint.c - everything that is wrong inside the files, each with the command that
 * mends it; also of files that do not open
 */
#include "cmd/describe.h"
#include "cmd/target.h"

#include <string.h>

struct lint_opts {
	const char *consumer, *fail_on;
	struct opt_list ignore;
};

/* ---- --ignore ---- */

static bool in_list(const char *list, const char *slug)
{
	size_t n = strlen(slug);

	while (*list) {
		size_t k = strcspn(list, ",");

		if (k == n && !strncmp(list, slug, n))
			return true;
		list += k;
		list += *list == ',';
	}
	return false;
}

static bool ignored(const struct lint_opts *opt, const char *slug)
{
	for (size_t i = 0; i < opt->ignore.nr; i++)
		if (in_list(opt->ignore.item[i], slug))
			return true;
	return false;
}

/* A word that is no finding would ignore nothing, and nobody would notice. */
static int check_ignore(struct cli *cli, const struct lint_opts *opt)
{
	for (size_t i = 0; i < opt->ignore.nr; i++)
		for (const char *p = opt->ignore.item[i]; *p;) {
			size_t n = strcspn(p, ",");
			char *slug = kst_strndup(p, n);
			bool known = slug && (kst_problem_meaning(slug, NULL) || kst_code_find(slug) != KST_OK);

			kst_free(slug);
			if (!known) {
				kst_error_setx(cli->err, KST_E_BAD_VALUE, "there is no finding \"%.*s\"", (int)n, p);
				kst_error_subject(cli->err, "--ignore");
				return kst_error_hint(cli->err, "kstool help findings");
			}
			p += n;
			p += *p == ',';
		}
	return 0;
}

static enum kst_severity threshold(const struct lint_opts *opt)
{
	if (opt->fail_on && !strcmp(opt->fail_on, "info"))
		return KST_SEVERITY_INFO;
	if (opt->fail_on && !strcmp(opt->fail_on, "warn"))
		return KST_SEVERITY_WARN;
	return KST_SEVERITY_ERROR;
}

/* ---- one finding, in every mode ---- */

struct line {
	enum kst_severity severity;
	const char *slug, *entry, *text, *fix;
	const char *const *words; /* of fix; NULL: it is free text */
};

/* What a command has to say to open the file as it was opened here. */
struct opening {
	const char **word; /* "--pass", "file:p", ...; NULL at the end */
	size_t nr;
};

static int add_each(struct opening *o, const char *option, const struct opt_list *value, struct kst_error *err)
{
	const char **grown = kst_realloc(o->word, (o->nr + 2 * value->nr + 2) * sizeof(*grown));

	if (!grown)
		return kst_error_nomem(err);
	o->word = grown;
	for (size_t i = 0; i < value->nr; i++) {
		o->word[o->nr++] = option;
		o->word[o->nr++] = value->item[i];
	}
	o->word[o->nr] = NULL;
	return 0;
}

/* Of several files each opens with its own, and which that was only the asker knows. */
static int opening(struct cli *cli, bool unauthenticated, struct opening *o)
{
	static const struct opt_list none;
	bool one = cli->nr == 1;

	if (add_each(o, "--pass", one ? &cli->g.pass : &none, cli->err) < 0 ||
	    add_each(o, "--key-pass", one ? &cli->g.key_pass : &none, cli->err) < 0 ||
	    add_each(o, "--key-file", one ? &cli->g.key_file : &none, cli->err) < 0)
		return -1;
	if (unauthenticated) {
		o->word[o->nr++] = "--allow-unauthenticated";
		o->word[o->nr] = NULL;
	}
	return 0;
}

/* The whole command that mends it; NULL without memory. */
static const char **fix_words(const struct kst_problem *p, const struct opening *o)
{
	const char **w = kst_calloc(KST_FIX_WORDS + o->nr + 1, sizeof(*w));
	size_t n = 0;

	while (w && n < KST_FIX_WORDS && p->fix[n]) {
		w[n] = p->fix[n];
		n++;
	}
	for (size_t i = 0; w && n && !strcmp(w[0], "kstool") && i < o->nr; i++)
		w[n++] = o->word[i];
	return w;
}

static void say_line(struct cli *cli, const char *path, const struct line *l)
{
	const char *const cell[] = { path,  kst_severity_text(l->severity), l->slug, l->entry ? l->entry : "",
				     l->text, l->fix ? l->fix : "" };
	struct kst_buf head KST_SCRATCH_BUF = KST_BUF_INIT;

	out_plain(cli->out, cell, sizeof(cell) / sizeof(cell[0]));
	kst_buf_printf(&head, "%-6s %-26s ", kst_severity_text(l->severity), l->slug);
	out_hanging(cli->out, 7, "%s%s", head.data ? (const char *)head.data : "", l->entry ? l->entry : "whole file");
	out_item(cli->out, 4, "", l->text);
	if (l->fix && *l->fix)
		out_item(cli->out, 9, "     fix:", l->fix);

	out_object(cli->out, NULL);
	out_str(cli->out, "id", l->slug);
	out_str(cli->out, "severity", kst_severity_text(l->severity));
	out_str(cli->out, "entry", l->entry);
	out_str(cli->out, "message", l->text);
	out_array(cli->out, "fix");
	for (size_t i = 0; l->words && l->words[i]; i++)
		out_str(cli->out, NULL, l->words[i]);
	out_end(cli->out);
	out_str(cli->out, "fix_text", l->fix && *l->fix ? l->fix : NULL);
	out_end(cli->out);
}

/* "2 errors, 1 warning" */
static void count_text(const struct kst_problems *f, const struct lint_opts *opt, struct kst_buf *out)
{
	static const char *const word[] = { "note", "warning", "error" };
	size_t n[3] = { 0 };

	for (size_t i = 0; i < f->nr; i++)
		if (!ignored(opt, f->row[i].slug))
			n[f->row[i].severity]++;
	for (int s = KST_SEVERITY_ERROR; s >= 0; s--)
		if (n[s])
			kst_buf_printf(out, "%s%zu %s%s", out->len ? ", " : "", n[s], word[s], n[s] == 1 ? "" : "s");
	if (!out->len)
		kst_buf_puts(out, "nothing found");
}

/* `err`: why it did not open, or NULL. */
static void begin_file(struct cli *cli, const char *path, const char *format, const struct kst_error *err)
{
	out_object(cli->out, NULL);
	out_str(cli->out, "path", path);
	out_str(cli->out, "type", format);
	out_bool(cli->out, "opened", !err);
	describe_error(cli->out, err);
	out_array(cli->out, "findings");
}

static void end_file(struct cli *cli)
{
	out_end(cli->out);
	out_end(cli->out);
}

/* ---- a file that opened ---- */

static int lint_store(struct cli *cli, const struct lint_opts *opt, struct kst_store *s, const struct opening *open,
		      int *status)
{
	const struct kst_consumer *c = opt->consumer ? kst_consumer_find(opt->consumer) : NULL;
	const char *path = kst_store_path(s);
	struct kst_problems found = { .nr = 0 };
	struct kst_buf counts KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t shown = 0;

	if (kst_lint(&found, s, c, cli->err) < 0) {
		kst_problems_release(&found);
		return -1;
	}
	count_text(&found, opt, &counts);
	for (size_t i = 0; i < found.nr; i++)
		shown += !ignored(opt, found.row[i].slug);
	begin_file(cli, path, kst_store_format(s)->name, NULL);
	out_heading(cli->out, "%s: %s", path, counts.data ? (const char *)counts.data : "");
	if (shown)
		out_blank(cli->out);
	for (size_t i = 0; i < found.nr; i++) {
		const struct kst_problem *p = &found.row[i];
		struct kst_error fix = KST_ERROR_INIT; /* as a person reads it: with the quotes that a shell needs */
		const char **words;

		if (ignored(opt, p->slug))
			continue;
		if (p->severity >= threshold(opt) && *status == 0)
			*status = 1;
		words = fix_words(p, open);
		if (words)
			kst_error_words(&fix, NULL, words);
		say_line(cli, path, &(struct line){ p->severity, p->slug, p->entry, p->text, fix.hint, words });
		kst_free(words);
	}
	end_file(cli);
	kst_problems_release(&found);
	return 0;
}

/* ---- a file that did not ---- */

/* What is wrong with the file is a finding; what is wrong with the command or the machine is an error. */
static bool about_file(enum kst_code code)
{
	int exit = kst_code_exit(code);

	return (exit == 3 || exit == 4 || exit == 5) && code != KST_E_NO_FILE && code != KST_E_PASSPHRASE_NEEDED &&
	       code != KST_E_UNREADABLE && code != KST_E_NOT_A_FILE;
}

/*
 * For scripts that lint many files one finding beside the others: the error, its details as the
 * sentence, its hints as what mends it.  People are told as by every command, on standard error.
 */
static void broken_json(struct cli *cli, const char *path)
{
	const struct kst_error *err = cli->err;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!out_is(cli->out, OUT_JSON))
		return;
	kst_buf_puts(&text, err->message);
	if (err->detail[0])
		kst_buf_printf(&text, "; %s", err->detail);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\n')
			text.data[i] = ' ';
	begin_file(cli, path, NULL, err);
	if (about_file(err->code))
		say_line(cli, path,
			 &(struct line){ KST_SEVERITY_ERROR, kst_code_slug(err->code), NULL,
					 text.data ? (const char *)text.data : "", err->hint, NULL });
	end_file(cli);
}

/*
 * A PKCS#12 without MAC is refused by every command that could be led astray by what somebody put
 * into it.  This one says what is wrong with it.
 */
static int open_to_lint(struct cli *cli, const char *path, struct kst_store **s, struct opening *open)
{
	bool allowed = cli->g.allow_unauthenticated, refused = false;
	int ret = cmd_open(cli, path, s);

	if (ret < 0 && cli->err->code == KST_E_NO_MAC) {
		kst_error_clear(cli->err);
		refused = cli->g.allow_unauthenticated = true;
		ret = cmd_open(cli, path, s);
		cli->g.allow_unauthenticated = allowed;
	}
	return ret < 0 ? -1 : opening(cli, allowed || refused, open);
}

static int run(struct cli *cli, void *opts)
{
	const struct lint_opts *opt = opts;
	int status = 0;

	if (check_ignore(cli, opt) < 0)
		return -1;
	out_schema(cli->out, "kstool.lint/1");
	out_time(cli->out, "now", kst_time_now());
	out_str(cli->out, "for", opt->consumer);
	out_array(cli->out, "files");
	for (size_t i = 0; i < cli->nr && status >= 0; i++) {
		struct kst_store *s = NULL;
		struct opening open = { .nr = 0 };

		if (i)
			out_blank(cli->out);
		if (open_to_lint(cli, cli->operand[i], &s, &open) < 0 ||
		    lint_store(cli, opt, s, &open, &status) < 0) {
			if (!s)
				broken_json(cli, cli->operand[i]);
			status = cmd_failed(cli, status, i + 1 == cli->nr);
		}
		kst_free(open.word);
		kst_store_free(s);
	}
	if (status < 0)
		return -1;
	out_end(cli->out);
	return status;
}

static const char *const levels[] = { "error", "warn", "info", NULL };
static const struct opt options[] = {
	{ "for", 0, OPT_CHOICE, offsetof(struct lint_opts, consumer), WHAT_CHOICE, "CONSUMER",
	  "also what this program will not read, or not see as it is meant", target_consumers, false },
	{ "fail-on", 0, OPT_CHOICE, offsetof(struct lint_opts, fail_on), WHAT_CHOICE, "SEVERITY",
	  "exit 1 from this severity on; error if not given", levels, false },
	{ "ignore", 0, OPT_LIST, offsetof(struct lint_opts, ignore), WHAT_TEXT, "ID[,ID]",
	  "leave these findings out; may be repeated", NULL, false },
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool lint app.p12", "what is wrong with it, and what mends it" },
	{ "kstool lint app.p12 --for java8", "can this program read it" },
	{ "kstool lint *.pem --fail-on warn --json", "in a build" },
	{ NULL, NULL }
};
const struct cmd cmd_lint = {
	.name = "lint",
	.group = GROUP_LOOK,
	.operands = "SOURCE...",
	.summary = "problems inside the file itself",
	.help = "Tells everything that is wrong inside a file and needs no trust decision: names,\n"
		"dates, chains, weak keys, weak encryption, who can read it. Each finding comes with\n"
		"the command that mends it, and kstool help ID explains it. A file that does not open\n"
		"is told apart by its bytes: truncated, damaged, of another type than its name says.\n",
	.examples = examples,
	.plain = "file severity id entry message fix",
	.exits = "0 1 3 4",
	.opts = options,
	.size = sizeof(struct lint_opts),
	.min = 1,
	.max = ~0u,
	.first = WHAT_SOURCE,
	.rest = WHAT_SOURCE,
	.run = run,
};
