/* SPDX-License-Identifier: ISC */
/*
 * tty.h - questions on /dev/tty, never on standard input, which may be data
 */
#ifndef KST_UI_TTY_H
#define KST_UI_TTY_H

#include <stdbool.h>

#include "kstool/buf.h"
#include "kstool/error.h"
#include "kstool/secret.h"

/* Is there a terminal that can be asked? */
bool tty_present(void);
/* Foreign text for a prompt, escaped; to ASCII where the terminal does not read UTF-8.  Appended. */
void tty_text(struct kst_buf *b, const char *text);
/*
 * One line without echo, straight into guarded memory.  0, or -1: NO_TERMINAL,
 * BAD_PASSPHRASE (too long).  Prompts must be escaped already: tty_text().
 */
int tty_passphrase(const char *prompt, struct kst_secret *out, struct kst_error *err);
/* One line with echo, without its end, appended.  0, 1 at the end of input, -1. */
int tty_line(const char *prompt, struct kst_buf *out, struct kst_error *err);
/* "... [y/N] ": 1 yes, 0 no, -1 no terminal. */
int tty_yes(const char *prompt, struct kst_error *err);
/* Show a secret that the user asked to be made, on the terminal alone. */
int tty_show(const char *text, const struct kst_secret *secret, struct kst_error *err);
/* A line of talk about the question. */
void tty_say(const char *text);

#endif
