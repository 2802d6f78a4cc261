/* SPDX-License-Identifier: ISC */
/*
 * bare64.h - DER that somebody wrote as base64 without BEGIN and END lines, as
 * Windows exports it and as it comes out of configuration files; for every format
 * whose files are one DER object
 */
#ifndef KST_FORMATS_BARE64_H
#define KST_FORMATS_BARE64_H

#include "kstool/buf.h"
#include "kstool/error.h"

#define BARE64_PEEK 48

/* How the text is laid out, so that it can be written in the same way. */
struct bare64 {
	size_t columns; /* characters in a line; 0: all in one */
	bool crlf, last_eol;
};

/* The first bytes that the base64 stands for; their number, 0: it is no base64. */
size_t bare64_peek(const uint8_t *data, size_t n, uint8_t out[BARE64_PEEK]);
/* All of it; appended.  0, or -1 (CORRUPT). */
int bare64_read(const uint8_t *data, size_t n, struct kst_buf *der, struct bare64 *style,
		struct kst_error *err);
void bare64_write(struct kst_buf *out, const uint8_t *der, size_t n, const struct bare64 *style);

#endif
