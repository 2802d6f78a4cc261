/* SPDX-License-Identifier: ISC */
/*
 * main.c - the roof: init, command line, dispatch, errors, exit status
 *
 * The order matters.  The arena goes under OpenSSL before anything allocates; the
 * standard descriptors are filled before a file can land on them; the passphrase
 * sources are checked before anything is opened.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/live.h"
#include "cmd/wrong.h"
#include "ui/signals.h"
#include "ui/signers.h"

/* What one run owns. */
struct run {
	struct cli cli;
	struct kst_error err;
	char **args; /* the command line without the command's own words */
	const char **operands;
	void *opts;
};

/*
 * A store opened on descriptor 1 would get the answer written into it.  Standard output becomes
 * something that cannot be written to, so that a missing answer is noticed.
 */
static void fill_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
}

static struct out *make_out(const struct global *g, bool json, bool plain)
{
	struct out_options opt = {
		.mode = json	? OUT_JSON
			: plain ? OUT_PLAIN
				: OUT_TEXT,
		.quiet = g->quiet,
		.ascii = g->ascii,
		.local_time = g->local_time,
		.no_pager = g->no_pager,
		.verbose = g->verbose,
		.color = g->color,
		.layout = g->layout,
		.fd = STDOUT_FILENO,
		.err_fd = STDERR_FILENO,
	};

	return out_new(&opt);
}

/* Overview or usage that nobody asked for: on stderr, where an answer would be on stdout. */
static void talk_overview(const struct cmd *c)
{
	struct out_options opt = { .mode = OUT_TEXT, .fd = STDERR_FILENO, .err_fd = STDERR_FILENO };
	struct out *o = out_new(&opt);

	if (!o)
		return;
	if (c)
		help_usage(o, c);
	else
		help_overview(o);
	out_finish(o, 0);
	out_free(o);
}

/* ---- the command line ---- */

static int check_globals(struct run *r)
{
	struct global *g = &r->cli.g;
	unsigned long long mem;
	int64_t t;

	if (g->json && g->plain)
		return kst_error_setx(&r->err, KST_E_USAGE,
				      "--json and --plain exclude each other");
	if (g->at) {
		if (kst_time_parse(g->at, &t) < 0) {
			kst_error_setx(&r->err, KST_E_BAD_VALUE, "\"%s\" is no time", g->at);
			kst_error_subject(&r->err, "--at");
			return kst_error_hint(&r->err,
					      "2027-01-31, 2027-01-31T10:20:30Z, or @UNIX");
		}
		kst_time_set_now(t);
	}
	if (g->max_kdf_mem) {
		if (global_parse_size(g->max_kdf_mem, &mem) < 0 || mem < (1u << 20)) {
			kst_error_setx(&r->err, KST_E_BAD_VALUE, "\"%s\" is no size of 1M or more",
				       g->max_kdf_mem);
			return kst_error_subject(&r->err, "--max-kdf-mem");
		}
		r->cli.limits.kdf_mem = mem;
	}
	r->cli.timeout_ms = 10000;
	if (g->timeout) {
		bool percent = true;

		if (kst_time_parse_span(g->timeout, &t, &percent) < 0 || percent || t < 1 || t > 86400) {
			kst_error_setx(&r->err, KST_E_BAD_VALUE, "\"%s\" is no time from 1s to 24h", g->timeout);
			return kst_error_subject(&r->err, "--timeout");
		}
		r->cli.timeout_ms = (int)t * 1000;
	}
	for (size_t i = 0; i < g->signer.nr; i++) {
		uint8_t key[32];

		if (kst_signer_parse(g->signer.item[i], key, &r->err) < 0)
			return kst_error_subject(&r->err, "--signer");
	}
	if (r->cli.cmd && !r->cli.cmd->changes && (g->dry_run || g->check)) {
		kst_error_setx(&r->err, KST_E_USAGE,
			       "\"%s\" changes nothing that could be left undone",
			       r->cli.cmd->name);
		return kst_error_subject(&r->err, g->check ? "--check" : "--dry-run");
	}
	return 0;
}

static int check_operands(struct run *r)
{
	const struct cmd *c = r->cli.cmd;

	if (r->cli.nr < c->min) {
		if (!r->cli.nr)
			kst_error_setx(&r->err, KST_E_USAGE, "\"%s\" needs %s", c->name,
				       c->operands);
		else
			kst_error_setx(&r->err, KST_E_USAGE, "\"%s\" needs more than \"%s\": %s",
				       c->name, r->cli.operand[r->cli.nr - 1], c->operands);
		return -1;
	}
	if (r->cli.nr > c->max) {
		kst_error_setx(&r->err, KST_E_USAGE, "\"%s\" is one word too many",
			       r->cli.operand[c->max]);
		if (!c->spare || r->cli.nr > c->max + 1)
			return kst_error_hint(&r->err, "kstool %s %s", c->name,
					      c->operands ? c->operands : "");
		return cmd_spare(&r->cli);
	}
	return 0;
}

/* Builds have one time for all that they make (reproducible-builds.org); looking at things does
 * not. */
static void source_date(const struct run *r)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	char *end;
	long long t;

	if (!epoch || r->cli.g.at || !r->cli.cmd->changes)
		return;
	t = strtoll(epoch, &end, 10);
	if (end != epoch && !*end && t > 0)
		kst_time_set_now(t);
}

static int read_pins(struct run *r)
{
	struct signers lists = { .own = NULL };
	int ret = signers_find(&lists, &r->err);

	if (!ret)
		ret = kst_pins_read(&r->cli.pin, &r->cli.nr_pins, (const char *const *)lists.path,
				    r->cli.g.insecure_permissions, &r->err);
	signers_release(&lists);
	return ret;
}

/* The command's row, and its arguments without its name.  0, or -1. */
static int find_command(struct run *r, int argc, char *const *argv)
{
	int verb = global_verb(argc, argv), skip = 0, nr = 0;

	r->args = kst_calloc((size_t)argc + 1, sizeof(*r->args));
	r->operands = kst_calloc((size_t)argc + 1, sizeof(*r->operands));
	if (!r->args || !r->operands)
		return kst_error_nomem(&r->err);
	for (int i = 1; i < verb; i++) /* "-list -keystore F": keytool's way to say it */
		if (argv[i][0] == '-' && argv[i][1] != '-' &&
		    (cmd_is_wrong(argv[i]) || cmd_find(argv[i] + 1)))
			return cmd_unknown(argv[i], argv + i + 1, argc - i - 1, &r->err);
	if (verb < argc) {
		const char *next = verb + 1 < argc ? argv[verb + 1] : NULL;

		r->cli.cmd = cmd_of_words(argv[verb], next);
		if (r->cli.cmd)
			skip = (int)cmd_words(r->cli.cmd);
		else if (cmd_is_noun(argv[verb])) {
			if (next && next[0] != '-')
				kst_error_setx(&r->err, KST_E_UNKNOWN_COMMAND,
					       "no command \"%s %s\"", argv[verb], next);
			else
				kst_error_setx(&r->err, KST_E_USAGE, "\"%s\" what?", argv[verb]);
			for (const struct cmd *const *c = cmd_table; *c; c++) {
				size_t n = strlen(argv[verb]);

				if (!strncmp((*c)->name, argv[verb], n) && (*c)->name[n] == ' ')
					kst_error_hint(&r->err, "kstool %s %s", (*c)->name,
						       (*c)->operands ? (*c)->operands : "");
			}
			/* "slot --help" is a question about the noun. */
			if (!next || strcmp(next, "--help"))
				return -1;
			kst_error_clear(&r->err);
			skip = 1;
		} else
			return cmd_unknown(argv[verb], argv + verb + 1, argc - verb - 1, &r->err);
	}
	for (int i = 1; i < argc; i++)
		if (i < verb || i >= verb + skip)
			r->args[nr++] = argv[i];
	if (r->cli.cmd) {
		r->opts = kst_calloc(1, r->cli.cmd->size ? r->cli.cmd->size : 1);
		if (!r->opts)
			return kst_error_nomem(&r->err);
	}
	r->cli.operand = r->operands;
	r->cli.word = r->args;
	r->cli.nr_words = (size_t)nr;
	/* After a verb, its name's place may hold "--": the words after it stay operands. */
	return opt_parse(nr, r->args, r->cli.cmd ? r->cli.cmd->opts : NULL, r->opts, global_table,
			 &r->cli.g, r->operands, &r->cli.nr, &r->err);
}

/* ---- running ---- */

static void report_notes(struct run *r)
{
	if (!r->cli.notes.nr)
		return;
	out_show(r->cli.out);
	for (size_t i = 0; i < r->cli.notes.nr; i++)
		out_warn(r->cli.out, r->cli.notes.note[i].slug, "%s", r->cli.notes.note[i].text);
	kst_notes_release(&r->cli.notes);
}

static int fail(struct run *r)
{
	if (r->err.code == KST_OK)
		kst_error_setx(&r->err, KST_E_INTERNAL, "a command failed without saying why");
	if (r->cli.ask) /* before that, the command line itself is what is wrong */
		cmd_complete_hints(&r->cli);
	ask_cli_abandon(r->cli.ask);
	out_discard(r->cli.out);
	report_notes(r);
	out_error(r->cli.out, &r->err);
	return out_finish(r->cli.out, kst_code_exit(r->err.code));
}

/* Everything that ends before a command runs.  -1 go on; else the exit status. */
static int help_or_version(struct run *r)
{
	struct cli *cli = &r->cli;

	if (cli->g.help || cli->g.version) {
		const struct cmd *c = cli->cmd;

		if (cli->g.version) {
			cli->nr = 0;
			if (help_version(cli) < 0)
				return fail(r);
		} else
			help_show(cli->out, c);
		return out_finish(cli->out, 0);
	}
	if (cli->cmd)
		return -1;
	if (cli->g.json) {
		kst_error_setx(&r->err, KST_E_USAGE, "no command was given");
		return fail(r);
	}
	talk_overview(NULL);
	return kst_code_exit(KST_E_USAGE);
}

static int run_command(struct run *r)
{
	struct cli *cli = &r->cli;
	char schema[80] = "kstool.";
	int ret;

	if (check_operands(r) < 0) {
		ret = fail(r);
		if (!cli->nr && !cli->g.json && cli->cmd->min)
			talk_overview(cli->cmd);
		return ret;
	}
	for (size_t i = 0, n = 7; cli->cmd->name[i] && n < sizeof(schema) - 3; i++, n++) {
		schema[n] = cli->cmd->name[i] == ' ' ? '-' : cli->cmd->name[i];
		memcpy(schema + n + 1, "/1", 3);
	}
	out_schema(cli->out, schema);
	source_date(r);
	if (cli->cmd->group != GROUP_HELP && cli->cmd->group != GROUP_HIDDEN && read_pins(r) < 0)
		return fail(r);
	if (cli->g.insecure_permissions)
		out_warn(cli->out, "insecure-permissions",
			 "files that others can read or change are accepted");
	if (cli->cmd->live)
		cli->live = (const struct live_opts *)((const char *)r->opts + cli->cmd->live - 1);
	if (live_operands(cli) < 0 || cmd_notice_swap(cli) < 0)
		return fail(r);
	ret = cli->cmd->run(cli, r->opts);
	if (ret < 0)
		return fail(r);
	report_notes(r);
	if (ret < 2 && cli->cmd->group != GROUP_HELP && cli->cmd->group != GROUP_HIDDEN)
		ask_cli_tell(cli->ask);
	return out_finish(cli->out, ret);
}

static int run(struct run *r, int argc, char *const *argv)
{
	bool hidden;
	int ret;

	r->cli.err = &r->err;
	r->cli.limits = (struct kst_limits)KST_LIMITS_DEFAULT;
	ret = find_command(r, argc, argv);
	hidden = r->cli.cmd && r->cli.cmd->group == GROUP_HIDDEN;
	/* A command line that is wrong is reported in the form that it asks for. */
	if (ret < 0 && !r->cli.g.color)
		r->cli.g.color = global_peek_value(argc, argv, "color");
	r->cli.out =
		make_out(&r->cli.g, !hidden && (r->cli.g.json || global_peek(argc, argv, "json")),
			 r->cli.g.plain);
	if (!r->cli.out)
		return kst_code_exit(KST_E_NO_MEMORY);
	if (ret < 0 || check_globals(r) < 0)
		return fail(r);
	ret = help_or_version(r);
	if (ret >= 0)
		return ret;
	if (ask_cli_new(&r->cli.ask, &r->cli.g, r->cli.out, &r->err) < 0)
		return fail(r);
	if (!hidden && !(r->cli.cmd->finds && r->cli.cmd->finds(r->opts)) &&
	    ask_cli_check_files(r->cli.ask, r->args, &r->err) < 0)
		return fail(r);
	r->cli.asker = ask_cli_asker(r->cli.ask);
	r->cli.drawn = progress_new(r->cli.out, STDERR_FILENO);
	r->cli.progress = (struct kst_progress){ progress_step, r->cli.drawn };
	out_progress(r->cli.out, r->cli.drawn);
	return run_command(r);
}

static void release(struct run *r)
{
	if (r->cli.cmd && r->opts)
		opt_release(r->cli.cmd->opts, r->opts);
	opt_release(global_table, &r->cli.g);
	kst_pins_free(r->cli.pin, r->cli.nr_pins);
	kst_notes_release(&r->cli.notes);
	progress_free(r->cli.drawn);
	ask_cli_free(r->cli.ask);
	live_release(&r->cli);
	out_free(r->cli.out);
	kst_free(r->opts);
	kst_free(r->operands);
	kst_free(r->args);
}

int main(int argc, char **argv)
{
	static struct run r; /* errors are large, and the stack is not for them */
	struct kst_error err = KST_ERROR_INIT;
	int status;

	if (kst_init(global_peek(argc, argv, "openssl-config"), &err) < 0) {
		static const char start[] = "kstool: error: ";

		if (write(STDERR_FILENO, start, sizeof(start) - 1) < 0 ||
		    write(STDERR_FILENO, err.message, strlen(err.message)) < 0 ||
		    write(STDERR_FILENO, "\n", 1) < 0)
			return kst_code_exit(KST_E_INTERNAL);
		return kst_code_exit(err.code);
	}
	fill_descriptors();
	signals_init();
	status = run(&r, argc, argv);
	release(&r);
	return status;
}
