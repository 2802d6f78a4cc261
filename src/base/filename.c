/* SPDX-License-Identifier: ISC */
/* filename.c - file names made of aliases: nothing of them leads out of a directory or into an option */
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/buf.h"
#include "kstool/text.h"

#define NAME_MAX_BYTES 200

static bool plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

char *kst_text_file_name(const char *alias, const char *suffix)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	for (const char *p = alias; *p && b.len < NAME_MAX_BYTES - 12; p++) {
		unsigned char c = (unsigned char)*p;
		bool edge = p == alias && (c == '.' || c == '-');

		if (plain(c) && !edge)
			kst_buf_u8(&b, c);
		else
			kst_buf_printf(&b, "%%%02X", c);
	}
	if (!b.len)
		kst_buf_puts(&b, "entry");
	kst_buf_puts(&b, suffix);
	return b.failed ? NULL : kst_strndup((char *)b.data, b.len);
}
