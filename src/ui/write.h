/* SPDX-License-Identifier: ISC */
/* write.h - to a stream or a terminal, whole */
#ifndef KST_UI_WRITE_H
#define KST_UI_WRITE_H

#include <stddef.h>

/* write(2) of all n bytes, through interrupted and short writes.  0, or -1 with errno. */
int write_all(int fd, const void *data, size_t n);

#endif
