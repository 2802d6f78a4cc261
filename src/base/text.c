/* SPDX-License-Identifier: ISC */
/*
 * text.c - escaping, width, case and normal form of text, on utf8proc since libc
 * knows ASCII only where there is no locale
 */
#include "kstool/text.h"
#include "kstool/alloc.h"

#include <string.h>

#include <utf8proc.h>

bool kst_text_char_shown(uint32_t cp)
{
	const utf8proc_property_t *p;

	if (cp >= 0x20 && cp < 0x7f)
		return true;
	if (!kst_text_char_ok(cp))
		return false;
	if (cp == 0x3000)
		return true;
	p = utf8proc_get_property((utf8proc_int32_t)cp);
	/* Known as ignorable to newer Unicode, or blank without being a space. */
	if (p->ignorable || cp == 0x2800 || (cp >= 0xfff0 && cp <= 0xfff8) ||
	    (cp >= 0xe0000 && cp <= 0xe0fff))
		return false;
	return p->category != UTF8PROC_CATEGORY_CF && p->category != UTF8PROC_CATEGORY_CO &&
	       p->category != UTF8PROC_CATEGORY_ZS && p->category != UTF8PROC_CATEGORY_ZL &&
	       p->category != UTF8PROC_CATEGORY_ZP;
}

void kst_text_escape(struct kst_buf *out, const void *s, size_t n)
{
	kst_text_escape_for(out, s, n, false);
}

void kst_text_escape_for(struct kst_buf *out, const void *s, size_t n, bool ascii)
{
	const uint8_t *p = s, *end = p + n, *run;

	while (p < end) {
		uint32_t cp;
		size_t len;

		for (run = p; p < end && *p >= 0x20 && *p < 0x7f && *p != '\\'; p++)
			;
		if (p > run)
			kst_buf_put(out, run, (size_t)(p - run));
		if (p == end)
			break;
		len = kst_utf8_decode(p, (size_t)(end - p), &cp);
		if (!len) {
			kst_buf_printf(out, "\\x%02x", *p);
			p++;
			continue;
		}
		if (cp == '\\')
			kst_buf_puts(out, "\\\\");
		else if (cp < 0x80)
			kst_buf_printf(out, "\\x%02x", cp);
		else if (ascii || !kst_text_char_shown(cp))
			kst_buf_printf(out, "\\u{%x}", cp);
		else
			kst_buf_put(out, p, len);
		p += len;
	}
}

static size_t width_of(uint32_t cp)
{
	int w;

	if (cp < 0x80)
		return cp >= 0x20 && cp != 0x7f;
	w = utf8proc_charwidth((utf8proc_int32_t)cp);
	return w < 0 ? 0 : (size_t)w;
}

size_t kst_text_width(const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t n = strlen(s), len, w = 0;
	uint32_t cp;

	for (; n; p += len, n -= len) {
		len = kst_utf8_decode(p, n, &cp);
		if (!len) {
			len = 1;
			continue;
		}
		w += width_of(cp);
	}
	return w;
}

void kst_text_shorten(struct kst_buf *out, const char *s, size_t cells, bool ascii)
{
	size_t total = kst_text_width(s), mark = ascii ? 3 : 1, head, tail, at = 0, n = strlen(s),
	       len;
	const uint8_t *p = (const uint8_t *)s;
	bool marked = false, in_tail = false;
	uint32_t cp;

	if (total <= cells) {
		kst_buf_put(out, s, n);
		return;
	}
	if (cells <= mark) {
		if (!ascii && cells)
			kst_buf_puts(out, "\xe2\x80\xa6");
		else
			kst_buf_put(out, "...", cells);
		return;
	}
	tail = (cells - mark) / 2;
	head = cells - mark - tail;
	for (; n; p += len, n -= len) {
		size_t w;

		len = kst_utf8_decode(p, n, &cp);
		if (!len) {
			len = 1;
			continue;
		}
		w = width_of(cp);
		if (at + w <= head && !marked) {
			kst_buf_put(out, p, len);
		} else {
			if (!marked)
				kst_buf_puts(out, ascii ? "..." : "\xe2\x80\xa6");
			marked = true;
			/* A combining mark does not stand without its letter. */
			in_tail = in_tail || (w && at >= total - tail);
			if (in_tail)
				kst_buf_put(out, p, len);
		}
		at += w;
	}
}

static bool letter(uint32_t cp)
{
	utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);

	return c == UTF8PROC_CATEGORY_LU || c == UTF8PROC_CATEGORY_LL || c == UTF8PROC_CATEGORY_LT;
}

/* What stands in a word without being a letter; Java goes by its word breaks. */
static bool inner(uint32_t cp)
{
	utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);

	return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ND || cp == '_' || cp == '.' ||
	       cp == '\'';
}

/* Does a capital sigma at `p` end a word?  `before`: a letter with case precedes. */
static bool final_sigma(const uint8_t *p, size_t n, bool before)
{
	uint32_t cp;
	size_t len;

	for (p += 2, n -= 2; before && (len = kst_utf8_decode(p, n, &cp)); p += len, n -= len)
		if (!inner(cp))
			return !letter(cp);
	return before;
}

char *kst_text_lower(const char *s)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	const uint8_t *p = (const uint8_t *)s;
	size_t n = strlen(s), len;
	bool before = false;
	uint8_t t[4];
	uint32_t cp;

	for (; n; p += len, n -= len) {
		len = kst_utf8_decode(p, n, &cp);
		if (!len) {
			kst_buf_u8(&b, *p);
			len = 1;
			before = false;
			continue;
		}
		if (cp == 0x130) {
			/* Java's toLowerCase(ENGLISH) of U+0130 is two characters. */
			kst_buf_puts(&b, "i\xcc\x87");
		} else if (cp == 0x3a3 && final_sigma(p, n, before)) {
			kst_buf_puts(&b, "\xcf\x82");
		} else if (cp < 0x80) {
			kst_buf_u8(&b, (uint8_t)(cp >= 'A' && cp <= 'Z' ? cp | 0x20 : cp));
		} else {
			uint32_t low = (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);

			kst_buf_put(&b, t, kst_utf8_encode(low, t));
		}
		if (!inner(cp))
			before = letter(cp);
	}
	return b.failed ? NULL : kst_strndup(b.data ? (char *)b.data : "", b.len);
}

bool kst_text_equal_nocase(const char *a, const char *b)
{
	char *x, *y;
	bool same;

	/* Nearly all aliases are ASCII and need no memory. */
	for (; (uint8_t)*a < 0x80 && (uint8_t)*b < 0x80; a++, b++) {
		uint8_t p = (uint8_t)*a, q = (uint8_t)*b;

		if (p != q && (p ^ q) != 0x20)
			return false;
		if (p != q && ((p | 0x20) < 'a' || (p | 0x20) > 'z'))
			return false;
		if (!p)
			return true;
	}
	x = kst_text_lower(a);
	y = kst_text_lower(b);
	same = x && y && !strcmp(x, y);
	kst_free(x);
	kst_free(y);
	return same;
}

bool kst_text_holds_nocase(const char *text, const char *what)
{
	char *x = kst_text_lower(text ? text : ""), *y = kst_text_lower(what);
	bool yes = x && y && strstr(x, y);

	kst_free(x);
	kst_free(y);
	return yes;
}

/*
 * NFC in memory that is wiped: code points of the decomposition, composed in
 * place by utf8proc.
 */
int kst_text_opaque_string(struct kst_buf *out, const void *s, size_t n, bool fresh)
{
	const uint8_t *p = s;
	utf8proc_int32_t *cps;
	utf8proc_ssize_t nr = 0, room;
	size_t len;
	uint32_t cp;
	int ret = -1;

	/* A canonical decomposition has at most four code points (UAX 15); 18 is utf8proc's bound.
	 */
	room = (utf8proc_ssize_t)(n * 4 + 32);
	cps = kst_calloc((size_t)room, sizeof(*cps));
	if (!cps)
		return -1;
	for (; n; p += len, n -= len) {
		utf8proc_ssize_t got;
		int last = 0;

		len = kst_utf8_decode(p, n, &cp);
		if (!len)
			goto done;
		if (fresh && utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_CN)
			goto done;
		if (utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_ZS)
			cp = 0x20;
		got = utf8proc_decompose_char((utf8proc_int32_t)cp, cps + nr, room - nr,
					      UTF8PROC_DECOMPOSE, &last);
		if (got < 0 || nr + got > room)
			goto done;
		nr += got;
	}
	/* Canonical order of combining marks: a stable sort by class between starters. */
	for (utf8proc_ssize_t i = 1; i < nr; i++)
		for (utf8proc_ssize_t k = i; k > 0; k--) {
			int a = utf8proc_get_property(cps[k - 1])->combining_class;
			int b = utf8proc_get_property(cps[k])->combining_class;
			utf8proc_int32_t t = cps[k];

			if (!b || a <= b)
				break;
			cps[k] = cps[k - 1];
			cps[k - 1] = t;
		}
	nr = utf8proc_normalize_utf32(cps, nr, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
	if (nr < 0)
		goto done;
	for (utf8proc_ssize_t i = 0; i < nr; i++) {
		uint8_t t[4];

		kst_buf_put(out, t, kst_utf8_encode((uint32_t)cps[i], t));
	}
	ret = out->failed ? -1 : 0;
done:
	kst_free(cps); /* wipes */
	return ret;
}

unsigned kst_text_distance(const char *a, const char *b)
{
	size_t n = strnlen(a, 64), m = strnlen(b, 64);
	unsigned row[3][65];

	/* Optimal string alignment: a swap of neighbours, the usual typo, counts once. */
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < best)
				best = up2[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}
