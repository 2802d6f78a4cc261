/* SPDX-License-Identifier: ISC */
/* utf8.c - UTF-8 and UTF-16BE, and which characters may stand in a name */
#include "kstool/text.h"
#include "kstool/alloc.h"

#include <string.h>

size_t kst_utf8_decode(const uint8_t *s, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len;
	uint32_t v;

	if (!n)
		return 0;
	if (s[0] < 0x80) {
		*cp = s[0];
		return 1;
	}
	len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n < len)
		return 0;
	v = s[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3f);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*cp = v;
	return len;
}

size_t kst_utf8_encode(uint32_t cp, uint8_t out[4])
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (uint8_t)(0xc0 | cp >> 6);
		out[1] = (uint8_t)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp >= 0xd800 && cp <= 0xdfff)
		return 0;
	if (cp < 0x10000) {
		out[0] = (uint8_t)(0xe0 | cp >> 12);
		out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (cp & 0x3f));
		return 3;
	}
	if (cp > 0x10ffff)
		return 0;
	out[0] = (uint8_t)(0xf0 | cp >> 18);
	out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (cp & 0x3f));
	return 4;
}

bool kst_utf8_valid(const void *s, size_t n)
{
	const uint8_t *p = s;
	uint32_t cp;
	size_t len;

	for (; n; p += len, n -= len)
		if (!(len = kst_utf8_decode(p, n, &cp)))
			return false;
	return true;
}

bool kst_text_char_ok(uint32_t cp)
{
	static const struct {
		uint32_t from, to;
	} bad[] = { { 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x061c, 0x061c }, { 0x200b, 0x200f },
		    { 0x2028, 0x202e }, { 0x2060, 0x2060 }, { 0x2066, 0x2069 }, { 0xd800, 0xdfff },
		    { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff } };

	if ((cp & 0xfffe) == 0xfffe || cp > 0x10ffff)
		return false;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (cp >= bad[i].from && cp <= bad[i].to)
			return false;
	return true;
}

bool kst_alias_ok(const char *s, size_t n, size_t max)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t left = n, len;
	uint32_t cp;

	if (!n || n > max || s[0] == ' ' || s[n - 1] == ' ')
		return false;
	for (; left; p += len, left -= len)
		if (!(len = kst_utf8_decode(p, left, &cp)) || !kst_text_char_ok(cp))
			return false;
	return true;
}

char *kst_text_from_utf16be(const uint8_t *s, size_t n)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t t[4];

	if (n % 2)
		return NULL;
	while (n >= 2 && !s[n - 1] && !s[n - 2]) /* Windows certmgr writes a terminator */
		n -= 2;
	for (size_t i = 0; i < n; i += 2) {
		uint32_t cp = (uint32_t)s[i] << 8 | s[i + 1];

		if (cp >= 0xd800 && cp <= 0xdbff && i + 3 < n) {
			uint32_t low = (uint32_t)s[i + 2] << 8 | s[i + 3];

			if (low >= 0xdc00 && low <= 0xdfff) {
				cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		/* A zero in the middle would hide what follows from everybody who reads the name.
		 */
		if (!cp || (cp >= 0xd800 && cp <= 0xdfff))
			cp = 0xfffd;
		kst_buf_put(&b, t, kst_utf8_encode(cp, t));
	}
	return b.failed ? NULL : kst_strndup(b.data ? (char *)b.data : "", b.len);
}

int kst_text_to_utf16be(struct kst_buf *out, const void *s, size_t n)
{
	const uint8_t *p = s;
	uint32_t cp;
	size_t len;

	for (; n; p += len, n -= len) {
		if (!(len = kst_utf8_decode(p, n, &cp)))
			return -1;
		if (cp >= 0x10000) {
			kst_buf_be16(out, (uint16_t)(0xd800 + ((cp - 0x10000) >> 10)));
			kst_buf_be16(out, (uint16_t)(0xdc00 + ((cp - 0x10000) & 0x3ff)));
		} else {
			kst_buf_be16(out, (uint16_t)cp);
		}
	}
	return 0;
}

void kst_text_hex(struct kst_buf *out, const uint8_t *data, size_t n)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		uint8_t pair[2] = { (uint8_t)digit[data[i] >> 4], (uint8_t)digit[data[i] & 15] };

		kst_buf_put(out, pair, 2);
	}
}

void kst_text_hex_colons(struct kst_buf *out, const uint8_t *data, size_t n)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		uint8_t three[3] = { ':', (uint8_t)digit[data[i] >> 4],
				     (uint8_t)digit[data[i] & 15] };

		kst_buf_put(out, three + !i, 3 - !i);
	}
}
