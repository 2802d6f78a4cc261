/* SPDX-License-Identifier: ISC */
/* schema.c - which JSON schema a word names */
#include "cmd/schema.h"

#include <string.h>

#include "cmd/embedded.h"

#include "schemas.h"

/* "kstool.list/1" to "list-1". */
static void key_of(const char *word, struct kst_buf *out)
{
	if (!strncmp(word, "kstool.", 7))
		word += 7;
	for (; *word; word++)
		kst_buf_u8(out, *word == '/' ? '-' : (uint8_t)*word);
}

bool schema_text(const char *word, struct kst_buf *out)
{
	struct kst_buf key KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct embedded *found = NULL;

	key_of(word, &key);
	for (const struct embedded *e = schemas; key.data && e->name; e++) {
		size_t n = key.len;

		/* Without a number: the newest, which is the last one. */
		if (!strcmp(e->key, (const char *)key.data) ||
		    (!strncmp(e->key, (const char *)key.data, n) && e->key[n] == '-' &&
		     strspn(e->key + n + 1, "0123456789") == strlen(e->key + n + 1)))
			found = e;
	}
	if (found)
		embedded_text(found, out);
	return found;
}

const char *schema_name(size_t i, struct kst_buf *title)
{
	static const char member[] = " \"title\": \"";

	for (const struct embedded *e = schemas; e->name; e++) {
		if (i--)
			continue;
		for (const char *const *l = e->line; title && *l; l++)
			if (!strncmp(*l, member, sizeof(member) - 1)) {
				kst_buf_put(title, *l + sizeof(member) - 1,
					    strcspn(*l + sizeof(member) - 1, "\""));
				break;
			}
		return e->key;
	}
	return NULL;
}
