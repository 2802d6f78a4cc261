/* SPDX-License-Identifier: ISC */
/* fd.h - to an open descriptor, whole */
#ifndef KSTOOL_FD_H
#define KSTOOL_FD_H

#include <stddef.h>

#include "kstool/error.h"

/* write(2) of all n bytes (EINTR, short writes).  0; -1 DISK_FULL, READ_ONLY, CANNOT_WRITE, and errno. */
int kst_fd_write_all(int fd, const void *data, size_t n, struct kst_error *err);

#endif
