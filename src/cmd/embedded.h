/* SPDX-License-Identifier: ISC */
/* embedded.h - text files that src/gen/embed.awk compiled in */
#ifndef KST_CMD_EMBEDDED_H
#define KST_CMD_EMBEDDED_H

#include "kstool/kstool.h"

struct embedded {
	const char *name;        /* of the file, without .scd; NULL ends a table */
	const char *key;         /* what it is asked for by: "keytool" of kstool-from-keytool.7 */
	const char *const *line; /* NULL-terminated */
};

/* The row with this key, or NULL; and its text, appended. */
const struct embedded *embedded_find(const struct embedded *table, const char *key);
void embedded_text(const struct embedded *e, struct kst_buf *out);

#endif
