/* SPDX-License-Identifier: ISC */
/* embedded.c - text files that were compiled in */
#include "cmd/embedded.h"

#include <string.h>

const struct embedded *embedded_find(const struct embedded *table, const char *key)
{
	for (; table->name; table++)
		if (!strcmp(table->key, key))
			return table;
	return NULL;
}

void embedded_text(const struct embedded *e, struct kst_buf *out)
{
	for (const char *const *l = e->line; *l; l++) {
		kst_buf_puts(out, *l);
		kst_buf_u8(out, '\n');
	}
}
