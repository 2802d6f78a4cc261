/* SPDX-License-Identifier: ISC */
/* signers.h - where the lists of pinned signers are (formats/kst1.md 5) */
#ifndef KST_UI_SIGNERS_H
#define KST_UI_SIGNERS_H

#include "kstool/error.h"

struct signers {
	char *path[3]; /* the lists that are read, NULL-terminated */
	char *own;     /* the one that `pin` writes; NULL: $KSTOOL_SIGNERS is empty, or there is no home */
	char *dir[2];  /* the directories of `own` that may have to be made; NULL: none */
};
/* $KSTOOL_SIGNERS alone, else /etc/kstool/signers and ~/.config/kstool/signers.  0 or -1. */
int signers_find(struct signers *s, struct kst_error *err);
void signers_release(struct signers *s);

#endif
