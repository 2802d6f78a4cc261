/* SPDX-License-Identifier: ISC */
/* text64.c - base64 through libsodium */
#include "crypto/text64.h"

#include <sodium.h>

static int variant(enum kst_text64 kind)
{
	return kind == KST_TEXT64_URL ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
				      : sodium_base64_VARIANT_ORIGINAL;
}

int kst_text64_decode(struct kst_buf *out, const char *text, size_t n, enum kst_text64 kind)
{
	const char *end = NULL;
	size_t len = 0;

	while (kind == KST_TEXT64_URL && n && text[n - 1] == '=')
		n--;
	if (kst_buf_reserve(out, n / 4 * 3 + 4) < 0)
		return -1;
	if (sodium_base642bin(out->data + out->len, n / 4 * 3 + 3, text, n,
			      kind == KST_TEXT64 ? " \t\r\n" : NULL, &len, &end,
			      variant(kind)) < 0 ||
	    end != text + n) {
		sodium_memzero(out->data + out->len, n / 4 * 3 + 3);
		return -1;
	}
	out->len += len;
	out->data[out->len] = 0;
	return 0;
}

void kst_text64_encode(struct kst_buf *out, const void *data, size_t n, enum kst_text64 kind)
{
	if (n > SIZE_MAX / 2) {
		out->failed = true;
		return;
	}
	size_t room = sodium_base64_encoded_len(n, variant(kind)); /* with its zero byte */
	if (kst_buf_reserve(out, room) < 0)
		return;
	sodium_bin2base64((char *)out->data + out->len, room, data, n, variant(kind));
	while (out->data[out->len])
		out->len++;
}
