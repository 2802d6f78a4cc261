/* SPDX-License-Identifier: ISC */
/*
 * nocase.h - names told apart without regard to case, as Java's keystores do
 *
 * Java lower-cases the alias that it is asked for and lets the last entry of a
 * name win without a word.  So its files are looked at, and written, as it sees
 * them.
 */
#ifndef KST_MODEL_NOCASE_H
#define KST_MODEL_NOCASE_H

#include <stdbool.h>
#include <stdint.h>

#include "kstool/entry.h"
#include "kstool/format.h"

struct kst_nocase;
struct kst_nocase *kst_nocase_new(void); /* NULL without memory */
void kst_nocase_free(struct kst_nocase *n);
bool kst_nocase_has(const struct kst_nocase *n, const char *name);
int kst_nocase_add(struct kst_nocase *n, const char *name); /* 0 or -1 */
/* `base` if it is free, else with a suffix; added.  kst_free it; NULL without memory. */
char *kst_nocase_unique(struct kst_nocase *n, const char *base, const uint8_t *sha256);

/* Reading: give a new entry the alias that its file has for it, made legal and unique; what it was
 * stays in alias_source if it had to be changed.  0 or -1. */
int kst_nocase_adopt(struct kst_nocase *n, struct kst_entry *e, const char *name,
		    struct kst_notes *notes, struct kst_error *err);
/*
 * Writing: the alias as it goes into the file, lower-cased and unique.  `had` is
 * the alias that the file had (NULL: a new entry): it stays as it was, in
 * whatever case, since somebody may look for it.  0 or -1.
 */
int kst_nocase_fit(struct kst_nocase *n, struct kst_entry *e, const char *had,
		  struct kst_notes *notes, struct kst_error *err);

#endif
