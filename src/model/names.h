/* SPDX-License-Identifier: ISC */
/* names.h - names for all entries of a file that has no unique ones of its own */
#ifndef KST_MODEL_NAMES_H
#define KST_MODEL_NAMES_H

#include "kstool/entry.h"

/*
 * Every entry gets an alias of its own.  Aliases that are there come first and
 * keep their order; those marked as derived, and entries without any (which get
 * kst_alias_derive()), give way and are marked as derived.  0 or -1.
 */
int kst_model_name_all(struct kst_model *m, struct kst_error *err);

#endif
