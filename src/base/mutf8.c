/* SPDX-License-Identifier: ISC */
/*
 * mutf8.c - Java's modified UTF-8, as DataOutputStream.writeUTF() makes it
 *
 * U+0000 is C0 80, and what lies above U+FFFF is a pair of surrogates, each in
 * three bytes.  Writers that are not Java often put plain UTF-8 there: that is
 * taken too.
 */
#include "kstool/text.h"
#include "kstool/alloc.h"

/* One UTF-16 code unit, or a whole character of four bytes.  Its length; 0: there is none. */
static size_t unit(const uint8_t *s, size_t n, uint32_t *cp)
{
	if (n >= 2 && s[0] == 0xc0 && s[1] == 0x80) {
		*cp = 0;
		return 2;
	}
	/* The surrogates, which plain UTF-8 has not. */
	if (n >= 3 && s[0] == 0xed && s[1] >= 0xa0 && s[1] <= 0xbf && (s[2] & 0xc0) == 0x80) {
		*cp = 0xd000 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
		return 3;
	}
	return kst_utf8_decode(s, n, cp);
}

bool kst_mutf8_valid(const void *text, size_t n)
{
	const uint8_t *s = text;
	uint32_t cp;

	for (size_t len; n; s += len, n -= len)
		if (!(len = unit(s, n, &cp)))
			return false;
	return true;
}

char *kst_text_from_mutf8(const uint8_t *s, size_t n)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	uint32_t cp, low;
	uint8_t t[4];

	for (size_t len; n; s += len, n -= len) {
		len = unit(s, n, &cp);
		if (!len)
			return NULL;
		if (cp >= 0xd800 && cp <= 0xdbff) {
			size_t more = unit(s + len, n - len, &low);

			if (more && low >= 0xdc00 && low <= 0xdfff) {
				cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
				len += more;
			}
		}
		/* A zero in the middle would hide what follows from everybody who reads the name. */
		if (!cp || (cp >= 0xd800 && cp <= 0xdfff))
			cp = 0xfffd;
		kst_buf_put(&b, t, kst_utf8_encode(cp, t));
	}
	return b.failed ? NULL : kst_strndup(b.data ? (char *)b.data : "", b.len);
}

static void put_surrogate(struct kst_buf *out, uint32_t unit16)
{
	kst_buf_u8(out, (uint8_t)(0xe0 | unit16 >> 12));
	kst_buf_u8(out, (uint8_t)(0x80 | (unit16 >> 6 & 0x3f)));
	kst_buf_u8(out, (uint8_t)(0x80 | (unit16 & 0x3f)));
}

int kst_text_to_mutf8(struct kst_buf *out, const void *text, size_t n)
{
	const uint8_t *s = text;
	uint32_t cp;

	for (size_t len; n; s += len, n -= len) {
		len = kst_utf8_decode(s, n, &cp);
		if (!len)
			return -1;
		if (!cp) {
			kst_buf_put(out, "\xc0\x80", 2);
		} else if (cp > 0xffff) {
			put_surrogate(out, 0xd800 + ((cp - 0x10000) >> 10));
			put_surrogate(out, 0xdc00 + ((cp - 0x10000) & 0x3ff));
		} else {
			kst_buf_put(out, s, len);
		}
	}
	return 0;
}
