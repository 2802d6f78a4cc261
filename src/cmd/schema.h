/* SPDX-License-Identifier: ISC */
/* schema.h - the JSON schemas of src/schema, which make compiled in */
#ifndef KST_CMD_SCHEMA_H
#define KST_CMD_SCHEMA_H

#include "kstool/kstool.h"

/* Append the schema that a word names: "list", "list-1", "kstool.list/1"; false if there is none. */
bool schema_text(const char *word, struct kst_buf *out);
/* Name of the i-th ("list-1"), NULL after the last; `title` may be NULL. */
const char *schema_name(size_t i, struct kst_buf *title);

#endif
