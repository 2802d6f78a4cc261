/* SPDX-License-Identifier: ISC */
/* idn.c - the Unicode form of a host name whose labels are in Punycode (RFC 3492, RFC 5890) */
#include "kstool/text.h"

#include <string.h>

#include <utf8proc.h>

#include "kstool/alloc.h"

/* RFC 3492 section 5 */
enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_CODE = 128 };
#define LABEL_MAX 63 /* RFC 1035 2.3.4: also more than the code points of any label */

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
		delta /= BASE - T_MIN;
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t digit(char c)
{
	return c >= 'a' && c <= 'z' ? (uint32_t)(c - 'a') :
	       c >= 'A' && c <= 'Z' ? (uint32_t)(c - 'A') :
	       c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 26 :
				      BASE;
}

/* RFC 3492 section 6.2.  The number of code points, or 0 if it is not the encoding of any. */
static size_t decode(uint32_t out[LABEL_MAX], const char *s, size_t n)
{
	uint32_t code = FIRST_CODE, i = 0, bias = FIRST_BIAS;
	size_t nr = n, at = 0;

	while (nr && s[nr - 1] != '-')
		nr--;
	for (; at + 1 < nr; at++) {
		if (digit(s[at]) == BASE && s[at] != '-')
			return 0;
		out[at] = (unsigned char)s[at];
	}
	at = nr;
	nr = nr ? nr - 1 : 0;
	while (at < n) {
		uint32_t before = i;

		for (uint32_t weight = 1, k = BASE;; k += BASE) {
			uint32_t t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias, d, step;

			if (at == n || (d = digit(s[at++])) == BASE || __builtin_mul_overflow(d, weight, &step) ||
			    __builtin_add_overflow(i, step, &i))
				return 0;
			if (d < t)
				break;
			if (__builtin_mul_overflow(weight, BASE - t, &weight))
				return 0;
		}
		if (nr == LABEL_MAX)
			return 0;
		nr++;
		bias = adapt(i - before, (uint32_t)nr, !before);
		if (__builtin_add_overflow(code, i / (uint32_t)nr, &code))
			return 0;
		i %= (uint32_t)nr;
		memmove(out + i + 1, out + i, (nr - 1 - i) * sizeof(*out));
		out[i++] = code;
	}
	return nr;
}

/* One label, without its "xn--".  False, and nothing appended, if it is not one. */
static bool put_label(struct kst_buf *out, const char *s, size_t n)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	uint32_t point[LABEL_MAX];
	uint8_t utf8[4];
	size_t nr = n <= LABEL_MAX ? decode(point, s, n) : 0;
	bool foreign = false; /* what is ASCII alone is not written so (RFC 5891 4.2.3.1) */

	for (size_t i = 0; i < nr; i++) {
		size_t len = kst_utf8_encode(point[i], utf8);

		if (!len)
			return false;
		foreign |= len > 1;
		kst_buf_put(&text, utf8, len);
	}
	if (!foreign || text.failed)
		return false;
	kst_buf_put(out, text.data, text.len);
	return true;
}

bool kst_text_idn(struct kst_buf *out, const char *host, size_t n)
{
	bool any = false;

	for (;;) {
		const char *dot = memchr(host, '.', n);
		size_t len = dot ? (size_t)(dot - host) : n;

		if (len > 4 && (host[0] | 0x20) == 'x' && (host[1] | 0x20) == 'n' && host[2] == '-' && host[3] == '-' &&
		    put_label(out, host + 4, len - 4))
			any = true;
		else
			kst_buf_put(out, host, len);
		if (!dot)
			return any;
		kst_buf_u8(out, '.');
		host += len + 1;
		n -= len + 1;
	}
}

/* ---- and back ---- */

static char code_of(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + (d - 26));
}

/* RFC 3492 section 6.3.  0 or -1: it is longer than a label is. */
static int encode(struct kst_buf *out, const uint32_t *point, size_t nr)
{
	uint32_t n = FIRST_CODE, delta = 0, bias = FIRST_BIAS, done = 0, basic;
	size_t start = out->len;

	for (size_t i = 0; i < nr; i++)
		if (point[i] < FIRST_CODE) {
			kst_buf_u8(out, (uint8_t)point[i]);
			done++;
		}
	basic = done;
	if (basic)
		kst_buf_u8(out, '-');
	while (done < nr) {
		uint32_t next = UINT32_MAX, step;

		for (size_t i = 0; i < nr; i++)
			if (point[i] >= n && point[i] < next)
				next = point[i];
		if (__builtin_mul_overflow(next - n, done + 1, &step) || __builtin_add_overflow(delta, step, &delta))
			return -1;
		n = next;
		for (size_t i = 0; i < nr; i++) {
			uint32_t q = delta;

			if (point[i] < n)
				delta++;
			if (point[i] != n)
				continue;
			for (uint32_t k = BASE;; k += BASE) {
				uint32_t t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;

				if (q < t)
					break;
				kst_buf_u8(out, (uint8_t)code_of(t + (q - t) % (BASE - t)));
				q = (q - t) / (BASE - t);
			}
			kst_buf_u8(out, (uint8_t)code_of(q));
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		n++;
	}
	return out->len - start > LABEL_MAX - 4 ? -1 : 0;
}

/* One label, which may be ASCII already. */
static int put_ascii(struct kst_buf *out, const char *s, size_t n)
{
	uint32_t point[LABEL_MAX];
	size_t nr = 0;
	bool foreign = false;

	for (size_t at = 0, len; at < n; at += len) {
		uint32_t cp;

		len = kst_utf8_decode((const uint8_t *)s + at, n - at, &cp);
		if (!len || nr == LABEL_MAX || !kst_text_char_shown(cp))
			return -1;
		foreign |= cp >= FIRST_CODE;
		point[nr++] = cp;
	}
	if (!foreign) {
		kst_buf_put(out, s, n);
		return 0;
	}
	kst_buf_puts(out, "xn--");
	return encode(out, point, nr);
}

int kst_text_idn_ascii(struct kst_buf *out, const char *host)
{
	char *lower = kst_text_lower(host);
	utf8proc_uint8_t *nfc = lower ? utf8proc_NFC((const utf8proc_uint8_t *)lower) : NULL;
	int ret = nfc ? 0 : -1;

	for (const char *s = (const char *)nfc; s && !ret;) {
		/* The full stops of other scripts part labels, too (RFC 3490 3.1). */
		size_t n = strcspn(s, "."), wide = 0;
		const char *const dots[] = { "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1" };

		for (size_t i = 0; i < 3; i++) {
			const char *d = strstr(s, dots[i]);

			if (d && (size_t)(d - s) < n) {
				n = (size_t)(d - s);
				wide = 3;
			}
		}
		ret = put_ascii(out, s, n);
		if (!s[n])
			break;
		kst_buf_u8(out, '.');
		s += n + (wide ? wide : 1);
	}
	free(nfc); /* of utf8proc, which has no other way */
	kst_free(lower);
	return ret || out->failed ? -1 : 0;
}
