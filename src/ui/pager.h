/* SPDX-License-Identifier: ISC */
/* pager.h - long text on a terminal */
#ifndef KST_UI_PAGER_H
#define KST_UI_PAGER_H

#include <stdbool.h>

#include "kstool/buf.h"

/*
 * Show the text by $KSTOOL_PAGER, $PAGER or less, if `fd` is a terminal that it does not fit on.
 * False: not shown, write it yourself.
 */
bool pager_show(int fd, const struct kst_buf *text);

#endif
