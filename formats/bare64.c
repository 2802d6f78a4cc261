/* SPDX-License-Identifier: ISC */
/* bare64.c - base64 without armour: the body of a PEM block that has no markers */
#include "bare64.h"

#include <string.h>

#include "kstool/pem.h"
#include "pem_scan.h"

static size_t skip_mark(const uint8_t *data, size_t n)
{
	return n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

size_t bare64_peek(const uint8_t *data, size_t n, uint8_t out[BARE64_PEEK])
{
	size_t at = skip_mark(data, n);
	while (at < n && at < 16 && data[at] && strchr(" \t\r\n", data[at]))
		at++;
	/* A SEQUENCE: its first six bits are those of 0x30. */
	if (at == n || data[at] != 'M')
		return 0;
	return pem_decode_start(data + at, n - at < 64 ? n - at : 64, out);
}

static struct bare64 style_of(const uint8_t *data, size_t n)
{
	struct bare64 style = { .columns = 0 };
	const uint8_t *end = n ? memchr(data, '\n', n) : NULL;
	if (!end)
		return style;
	style.last_eol = data[n - 1] == '\n';
	style.crlf = end > data && end[-1] == '\r';
	/* One line with its end is no line length. */
	if (end + 1 < data + n)
		style.columns = (size_t)(end - data) - style.crlf;
	return style;
}

int bare64_read(const uint8_t *data, size_t n, struct kst_buf *der, struct bare64 *style,
		struct kst_error *err)
{
	size_t at = skip_mark(data, n);
	while (n > at && (data[n - 1] == ' ' || data[n - 1] == '\t'))
		n--;
	struct pem_scan scan;
	struct pem_span all = { .body = at, .body_end = n };
	struct kst_error why = KST_ERROR_INIT;

	pem_scan_init(&scan, data, n);
	if (pem_decode(&scan, &all, NULL, der, &why) < 0) {
		if (why.code == KST_E_NO_MEMORY)
			return kst_error_nomem(err);
		return kst_error_setx(err, KST_E_CORRUPT,
				      "is base64 without a BEGIN line, and something in it is no base64");
	}
	*style = style_of(data + at, n - at);
	return 0;
}

void bare64_write(struct kst_buf *out, const uint8_t *der, size_t n, const struct bare64 *style)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *eol = style->crlf ? "\r\n" : "\n";

	kst_base64(&text, der, n);
	size_t columns = style->columns ? style->columns : text.len;
	for (size_t at = 0; at < text.len; at += columns) {
		size_t left = text.len - at;
		kst_buf_put(out, text.data + at, left < columns ? left : columns);
		if (left > columns || style->last_eol)
			kst_buf_puts(out, eol);
	}
	out->failed |= text.failed;
}
