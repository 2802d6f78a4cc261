/* SPDX-License-Identifier: ISC */
/* base64.c - base64 and PEM armour, one pass into a wiped buffer since keys pass through it */
#include "kstool/pem.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void kst_base64(struct kst_buf *out, const uint8_t *data, size_t len)
{
	size_t need;
	uint8_t *quad;

	if (len > SIZE_MAX / 4 * 3 - 2) {
		out->failed = true;
		return;
	}
	need = (len + 2) / 3 * 4;
	if (kst_buf_reserve(out, need) < 0)
		return;
	quad = out->data + out->len;
	for (; len >= 3; data += 3, len -= 3, quad += 4) {
		uint32_t v = (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2];

		for (int i = 0; i < 4; i++)
			quad[i] = (uint8_t)digits[v >> (18 - 6 * i) & 63];
	}
	if (len) {
		uint32_t v = (uint32_t)data[0] << 16 | (len == 2 ? (uint32_t)data[1] << 8 : 0);

		quad[0] = (uint8_t)digits[v >> 18];
		quad[1] = (uint8_t)digits[v >> 12 & 63];
		quad[2] = len == 2 ? (uint8_t)digits[v >> 6 & 63] : '=';
		quad[3] = '=';
	}
	out->len += need;
	out->data[out->len] = 0;
}

void kst_pem_block(struct kst_buf *out, const char *label, const uint8_t *der, size_t len)
{
	kst_buf_printf(out, "-----BEGIN %s-----\n", label);
	while (len) {
		size_t n = len < 48 ? len : 48; /* 64 characters a line, RFC 7468 section 2 */

		kst_base64(out, der, n);
		kst_buf_u8(out, '\n');
		der += n;
		len -= n;
	}
	kst_buf_printf(out, "-----END %s-----\n", label);
}
