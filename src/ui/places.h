/* SPDX-License-Identifier: ISC */
/* places.h - @system and @java: where this machine keeps the CAs that its programs trust */
#ifndef KST_UI_PLACES_H
#define KST_UI_PLACES_H

#include "kstool/kstool.h"

/* The words, NULL-terminated, and what each is. */
extern const char *const places[], *const places_about[];

/*
 * The file or directory that a word of `places` stands for, appended to *path.  0; 1: the word is none
 * of them; -1: NO_FILE with the places that were looked at.
 */
int places_find(const char *word, struct kst_buf *path, struct kst_error *err);

#endif
