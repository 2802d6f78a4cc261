/* SPDX-License-Identifier: ISC */
/*
 * ask_cli.h - the asker of the command line: --pass and friends, else the terminal
 *
 * The rules are in cli.md 4.4.  Sources are looked at when the first question
 * needs them, each once, so that standard input or a pipe serves several files.
 */
#ifndef KST_UI_ASK_CLI_H
#define KST_UI_ASK_CLI_H

#include "kstool/ask.h"
#include "ui/global.h"
#include "ui/out.h"

#define ASK_PASS_MAX   1024 /* bytes of a passphrase */
#define ASK_PASS_SHORT 12   /* below this a new one for private keys is warned about */
#define ASK_PASS_JAVA  6    /* below this Java's tools cannot edit the file */
#define ASK_TRIES      3    /* on a terminal */

struct ask_cli;

/*
 * Check every source that was given (nothing is opened or read yet) and make the asker.  `g` and
 * `o` must outlive it.  0 or -1: SECRET_IN_ARGV for a literal, BAD_VALUE.
 */
int ask_cli_new(struct ask_cli **out, const struct global *g, struct out *o, struct kst_error *err);
void ask_cli_free(struct ask_cli *a);
/* The command failed: remove the key and passphrase files that were made for what it did not write. */
void ask_cli_abandon(struct ask_cli *a);
/* It wrote it: they stay. */
void ask_cli_keep(struct ask_cli *a);
struct kst_asker ask_cli_asker(struct ask_cli *a);

/* A store is being made: where --new-pass is not given, --pass gives its passphrase. */
void ask_cli_creating(struct ask_cli *a);

/* The command makes this store, or finds it there from its first run: then what would be its new
 * passphrase or key file opens it, so that the same words do both. */
void ask_cli_ensure(struct ask_cli *a, const char *path);

/* Of several files one is looked at: a --pass that names no file may be for another one, and what
 * everybody knows is tried as well. */
void ask_cli_several(struct ask_cli *a, bool several);

/* The output is there and may not be replaced: whoever would have to be asked is told this instead. */
void ask_cli_taken(struct ask_cli *a, const struct kst_error *why);

/* What cron repeats had nothing to do this time: its secrets are no mistake. */
void ask_cli_idle(struct ask_cli *a);
/* The command is done: warn about each passphrase and key file that nothing needed. */
void ask_cli_tell(struct ask_cli *a);

/* Each FILE of --pass and --new-pass FILE=PASS is among these words of the command line: else USAGE. */
int ask_cli_check_files(const struct ask_cli *a, char *const *word, struct kst_error *err);

/* The next locked file in the order of the command line is this one, though others are opened before
 * it: of several --pass it gets the next. */
int ask_cli_expect(struct ask_cli *a, const char *path, struct kst_error *err);

/* May somebody be asked: a terminal, and no --no-input? */
bool ask_cli_interactive(const struct ask_cli *a);

/*
 * Of a command that makes many files: the path of --new-pass gen:PATH or file:PATH, where that has "{name}"
 * and so is another one for each.  It counts as needed.  NULL: there is none such.
 */
const char *ask_cli_template(struct ask_cli *a, bool *gen);

/* Was --new-pass none given? */
bool ask_cli_no_pass(const struct global *g);

#endif
