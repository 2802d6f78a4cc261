/* SPDX-License-Identifier: ISC */
/* foreign.h - the user's own names in a command of another tool, put into the command that it is here */
#ifndef KST_CMD_FOREIGN_H
#define KST_CMD_FOREIGN_H

#include "kstool/buf.h"

/*
 * Append `hint` with its words STORE, FILE, ENTRY and the like replaced by what `arg`, the `nr`
 * arguments behind a word of keytool's or openssl's, names so: the value of -keystore, -in, -alias,
 * or the operands before the first option.  A word that nothing is found for stays.  The value of
 * an option that may be a secret (-storepass, -passin) is never looked at.
 */
void foreign_fill(struct kst_buf *out, const char *hint, char *const *arg, int nr);

#endif
