/* SPDX-License-Identifier: ISC */
/* opt_suggest.h - what to say about an option that is not there */
#ifndef KST_UI_OPT_SUGGEST_H
#define KST_UI_OPT_SUGGEST_H

#include "ui/opt.h"

/* UNKNOWN_OPTION with the nearest name, or with the answer to another tool's habit.  Returns -1. */
int opt_unknown(const char *word, const struct opt *own, const struct opt *global,
		struct kst_error *err);
/*
 * Is "-word" a long option with one dash, or another tool's?  "-out f.pem" must not be taken as
 * "-o ut" and an operand.
 */
bool opt_is_foreign(const char *word, const struct opt *own, const struct opt *global);

#endif
