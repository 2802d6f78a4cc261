/* SPDX-License-Identifier: ISC */
/* places.h - what a walk asks of a place before it looks */
#ifndef KST_STORE_PLACES_H
#define KST_STORE_PLACES_H

#include "kstool/walk.h"

/* As kst_place_known(), by rows alone that name the file itself: cheap, for each of a million. */
const struct kst_known *kst_place_named(const char *inside);
bool kst_place_never(const char *name);     /* a file of this name is not opened */
bool kst_place_made_up(const char *inside); /* a directory of the kernel's */
bool kst_place_closed(const char *inside);  /* a directory that is not entered, and is told */

/* An open directory below the root, links resolved, for writing; -1 and errno. */
int kst_root_open_dir(const char *root, const char *inside);

#endif
