/* SPDX-License-Identifier: ISC */
/* wrong.h - words that hands know from other tools (cli.md 3.3) */
#ifndef KST_CMD_WRONG_H
#define KST_CMD_WRONG_H

#include "cmd/cmd.h"

/*
 * UNKNOWN_COMMAND with the right command as hint, the names in the `nr` arguments behind the word
 * put into it, or with the nearest name.  Never runs it.  -1.
 */
int cmd_unknown(const char *word, char *const *arg, int nr, struct kst_error *err);
/* Is "-list" or the like a command of another tool? */
bool cmd_is_wrong(const char *word);

#endif
