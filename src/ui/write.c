/* SPDX-License-Identifier: ISC */
/* write.c - to a stream or a terminal, whole */
#include "ui/write.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}
