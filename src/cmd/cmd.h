/* SPDX-License-Identifier: ISC */
/*
 * cmd.h - one row a command: dispatch, help, man page and completion come from it
 *
 * A command is one file with one `const struct cmd`; cmds.def lists them.  Its
 * options land in its own struct (zeroed, of size `size`).
 */
#ifndef KST_CMD_H
#define KST_CMD_H

#include "kstool/kstool.h"
#include "ui/ask_cli.h"
#include "ui/global.h"
#include "ui/opt.h"
#include "ui/out.h"
#include "ui/progress.h"

enum cmd_group { GROUP_LOOK, GROUP_MAKE, GROUP_CHANGE, GROUP_NATIVE, GROUP_CA, GROUP_TLS, GROUP_HELP, GROUP_HIDDEN };

struct cmd_example {
	const char *line; /* a whole command line, as a person types it */
	const char *what; /* what it does, a few words */
};

struct cli {
	const struct cmd *cmd;
	struct global g;
	const char **operand; /* what is left after the options */
	size_t nr;
	char **word;          /* all of the command line but the command's name, for cmd_again() */
	size_t nr_words;
	struct out *out;
	struct kst_asker asker;       /* from --pass and friends, else the terminal */
	struct kst_progress progress; /* drawn by ui/progress, if it can be seen */
	struct progress *drawn;
	struct kst_notes notes;       /* of the library; printed by main as warnings */
	struct kst_pin *pin;
	size_t nr_pins;
	struct kst_limits limits;
	struct ask_cli *ask;          /* what is behind `asker`, unless a command put its own in front */
	const struct live_opts *live; /* of commands that look at servers (cmd/live.h); NULL */
	int timeout_ms;               /* --timeout: for each talk with the network */
	const char **place;           /* paths of @system and @java, which stand in operand[] */
	size_t nr_places;
	char new_kind;                /* of the native store that cmd_edit() makes: 'K', 'T'; 0 none */
	struct kst_error *err;        /* what main prints when run() returns -1 */
};

struct cmd {
	const char *name;      /* "list"; "slot add" for a verb of a noun */
	enum cmd_group group;
	const char *operands;  /* "STORE SOURCE..." as help shows it */
	const char *summary;   /* one line, as in the overview */
	const char *help;      /* paragraphs, '\n' between lines, blank line between paragraphs */
	const struct cmd_example *examples; /* ends with a NULL line */
	const char *exits;     /* "0 3 4 6": the usual exit codes */
	const struct opt *opts; /* may be NULL */
	size_t size;           /* of the options struct */
	const char *spare;     /* the option that one word too many was meant for: "--label"; NULL none */
	unsigned min, max;     /* operands; max 0 with min 0: none; max ~0u: any number */
	enum opt_what first, rest; /* what the operands are, for completion */
	size_t live;           /* LIVE_AT() of a command that looks at HOST:PORT as at a file; 0 */
	bool changes;          /* takes --dry-run and --check */
	bool (*finds)(const void *opts); /* does it look for files itself: those of --pass FILE=PASS are then no
				  * words of the command line; NULL: it does not */
	const char *plain;     /* columns of --plain; NULL: PLAIN_CHANGES if it changes, else as text */
	/* Exit status 0 or 1, or -1 with cli->err set (then its code's status); 2 and more only from
	 * cmd_failed(), whose error has been printed. */
	int (*run)(struct cli *cli, void *opts);
};

/* All commands, NULL-terminated; and the row of a name (two words for nouns). */
extern const struct cmd *const cmd_table[];
#define PLAIN_CHANGES "action alias type sha256 reason"
const struct cmd *cmd_find(const char *name);
/* The row of a command line's first two words (`two` may be NULL): a verb, or a noun and its verb. */
const struct cmd *cmd_of_words(const char *one, const char *two);
bool cmd_is_noun(const char *word);       /* "slot" */
size_t cmd_words(const struct cmd *c);    /* 1, or 2 for a verb of a noun */

/* ---- shared by the commands (src/cmd/common.c) ---- */

/* Options to open a store with, from the globals. */
struct kst_open_options cmd_open_options(struct cli *cli, bool edit);
/* Open operand or value `path` for looking: a file, @system, @java, or, if the command has live
 * options, HOST:PORT (kst_store_server() of it).  src/cmd/source.c. */
int cmd_open(struct cli *cli, const char *path, struct kst_store **out);
/* Note that a public default passphrase opened it. */
void cmd_note_default(struct cli *cli, const struct kst_store *s);
/*
 * Open `path` for changing.  Where it does not exist: with `create`, a new store
 * of the type that the name says ('K' or 'T' for a native one), else NEEDS_CREATE; NO_FILE
 * (`store_kind` 0) from a command that never makes one.
 */
int cmd_edit(struct cli *cli, const char *path, bool create, char store_kind,
	     struct kst_store **out);

/*
 * Hint: the user's whole command, so that it can be run as it stands: with the operands `operand` in
 * the place of his (NULL: his own; one that is NULL is left out), and with `more` (options, a NULL at the end; may be NULL), which
 * replace what he said of the same ones.  `what` as in kst_error_words().  Returns -1.
 */
int cmd_again(struct cli *cli, const char *what, const char *const *operand, const char *const *more);
/* The same with another command, without the options that it does not know. */
int cmd_again_as(struct cli *cli, const struct cmd *as, const char *what, const char *const *operand,
		 const char *const *more);
/* The same command with operand k first. */
int cmd_to_front(struct cli *cli, size_t k);
/* The same command with its last operand, one too many, as the value of cmd->spare. */
int cmd_spare(struct cli *cli);
/* Before an error is shown: "add --OPTION to DO IT", which is all that the library can say, becomes the
 * user's whole command; or goes, where his command has no such option. */
void cmd_complete_hints(struct cli *cli);

/* An entry where the file should be, and a file among the entries: SWAPPED with the right command.
 * Called by main for every command that takes entries of its first operand. */
int cmd_notice_swap(struct cli *cli);

/* Where the result goes: if it is there and may not be replaced, whoever would be asked for a passphrase
 * in vain is told that instead.  `path` may be NULL or "-". */
void cmd_output(struct cli *cli, const char *path, bool replace);
/* EXISTS if it is there, for what no second run finds unchanged.  `replaceable`: --replace would help. */
int cmd_fresh(struct cli *cli, const char *path, bool replaceable);

/*
 * For a command that opens its sources before the store that stands first on the command line: of
 * several --pass the first is the store's, if it is locked.  0 or -1.
 */
int cmd_expect_store(struct cli *cli, const char *path);

/* The format that a new file gets by its name: .kst where it has no extension.  NULL: UNKNOWN_TYPE. */
const struct kst_format *cmd_format_of(const char *path, struct kst_error *err);

/* One line of what a changing command did; collected, then reported at once. */
enum change_action {
	CHANGE_CREATED, CHANGE_ADDED, CHANGE_REPLACED, CHANGE_RENAMED, CHANGE_REMOVED,
	CHANGE_UNCHANGED, CHANGE_SKIPPED
};
struct change {
	enum change_action action;
	char *alias;   /* owned */
	char *text;    /* owned; what it is, for people */
	char *more;    /* owned; a second line of that, or NULL */
	char *reason;  /* owned; slug for JSON, or NULL */
	const char *type; /* "private-key", "trusted-cert", "secret-key", ... */
	uint8_t before[32], after[32];
	bool has_before, has_after;
	bool show_hash; /* people shall see `after` too */
};
struct changes {
	struct change *row;
	size_t nr, size;
};
struct change *changes_add(struct changes *c, enum change_action action, const char *alias,
			   const char *type);
void changes_release(struct changes *c);
/* The member "changes" of the JSON object that is open. */
void changes_json(struct out *o, const struct changes *c, bool dry);
/* Give a row (NULL is allowed) its text; what follows the first line feed of it is `more`.  Owned by
 * the row from here on. */
void change_set_text(struct change *c, char *text);
/*
 * Save the store (honouring --dry-run, --check and `save`) and report: change
 * lines, the summary line "FILE: 1 added, 2 unchanged.", the backup, the JSON
 * document kstool.change/1.  Returns the exit status, or -1.
 */
int cmd_commit(struct cli *cli, struct kst_store *s, struct changes *c,
	       const struct kst_save_options *save);

/* The saving of cmd_commit() alone: rows whose effect lay there already become unchanged.  0 or -1. */
int cmd_save(struct cli *cli, struct kst_store *s, struct changes *c,
	     const struct kst_save_options *save, struct kst_save_result *res);

/* The report of cmd_commit() alone, for what was written by other means.  Returns the exit status. */
int cmd_report(struct cli *cli, const char *path, const struct changes *c, bool fresh,
	       const struct kst_save_result *res);

/* Something that may take long and cannot be counted begins; `what` is a literal. */
void cmd_working(const struct cli *cli, const char *what);
/* May somebody be asked (a terminal, and no --no-input)?  And ask for one line, appended: 0, or -1
 * (NO_TERMINAL, DECLINED).  The prompt is shown as it is. */
bool cmd_interactive(const struct cli *cli);
int cmd_ask(struct cli *cli, const char *prompt, struct kst_buf *answer);

/* Ask "Continue? [y/N]" for something that could lose data: 0 go on; -1 NEEDS_REPLACE (no terminal
 * and no --yes), DECLINED.  `hint` is the option that says yes. */
int cmd_confirm(struct cli *cli, const char *subject, const char *what, const char *hint);

/*
 * One of several files failed: print the error now, clear it, and give the status to go on with
 * (the first failure counts).  When it is the only operand (`last`, nothing failed before), returns -1
 * and leaves the error to main, so that a single file behaves as every other command.  Containers
 * of the JSON document below its first array are closed.
 */
int cmd_failed(struct cli *cli, int status, bool last);

/* Words for an entry: "private-key", "trusted-cert", "certificate", "secret-key", "csr", "crl". */
const char *cmd_type_word(const struct kst_head *h);
/* State word of a validity period: "ok" "WARN" "CRIT" "EXPIRED" "not yet"; windows scale with the
 * lifetime: warn = min(30 d, 1/3), crit = min(7 d, 1/10). */
const char *cmd_state(int64_t not_before, int64_t not_after, int64_t now);

#endif
