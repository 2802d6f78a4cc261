/* SPDX-License-Identifier: ISC */
/* time.c - UTC times: text, spans, ASN.1; no locale and no time zone ever enters */
#include "kstool/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 0000-01-01T00:00:00Z: four digits of a year are what text and ASN.1 can hold. */
#define KST_TIME_FIRST INT64_C(-62167219200)

static int64_t pretended;
static bool pretending;

int64_t kst_time_now(void)
{
	return pretending ? pretended : (int64_t)time(NULL);
}

void kst_time_set_now(int64_t t)
{
	pretended = t;
	pretending = true;
}

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*m = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

const char *kst_time_text(int64_t t, enum kst_time_style style, char out[KST_TIME_TEXT])
{
	int64_t days, y;
	unsigned m, d, s;

	if (t == KST_TIME_NEVER && style != KST_TIME_FULL) {
		memcpy(out, "never", 6);
		return out;
	}
	t = t < KST_TIME_FIRST ? KST_TIME_FIRST : t > KST_TIME_NEVER ? KST_TIME_NEVER : t;
	days = floor_div(t, 86400);
	s = (unsigned)(t - days * 86400);
	civil_from_days(days, &y, &m, &d);
	switch (style) {
	case KST_TIME_MINUTE:
		snprintf(out, KST_TIME_TEXT, "%04d-%02u-%02u %02u:%02uZ", (int)y, m, d, s / 3600,
			 s / 60 % 60);
		break;
	case KST_TIME_DATE:
		snprintf(out, KST_TIME_TEXT, "%04d-%02u-%02u", (int)y, m, d);
		break;
	case KST_TIME_FULL:
		snprintf(out, KST_TIME_TEXT, "%04d-%02u-%02uT%02u:%02u:%02uZ", (int)y, m, d,
			 s / 3600, s / 60 % 60, s % 60);
		break;
	}
	return out;
}

/* The distance of two times in the largest unit of which there are enough, rounded down. */
static const char *span_text(int64_t a, int64_t b, int64_t *n)
{
	static const struct {
		int64_t seconds;
		const char *one, *many;
		int64_t from; /* used from this many on */
	} unit[] = { { 365 * 86400, "year", "years", 2 },
		     { 86400, "day", "days", 1 },
		     { 3600, "hour", "hours", 1 },
		     { 60, "minute", "minutes", 1 },
		     { 1, "second", "seconds", 0 } };
	int64_t span;
	size_t u;

	if (__builtin_sub_overflow(a >= b ? a : b, a >= b ? b : a, &span))
		span = INT64_MAX;
	for (u = 0; u < sizeof(unit) / sizeof(unit[0]); u++) {
		*n = span / unit[u].seconds;
		if (*n >= unit[u].from)
			break;
	}
	return *n == 1 ? unit[u].one : unit[u].many;
}

const char *kst_time_left(int64_t t, int64_t now, char out[KST_TIME_TEXT])
{
	int64_t n = 0;
	const char *unit;

	if (t == KST_TIME_NEVER) {
		memcpy(out, "never", 6);
		return out;
	}
	unit = span_text(t, now, &n);
	snprintf(out, KST_TIME_TEXT, t >= now ? "%lld %s left" : "EXPIRED %lld %s ago",
		 (long long)n, unit);
	return out;
}

const char *kst_time_starts(int64_t t, int64_t now, char out[KST_TIME_TEXT])
{
	int64_t n = 0;
	const char *unit = span_text(t, now, &n);

	snprintf(out, KST_TIME_TEXT, "starts in %lld %s", (long long)n, unit);
	return out;
}

int64_t kst_time_days(int64_t t, int64_t now)
{
	int64_t span;

	if (__builtin_sub_overflow(t, now, &span))
		span = t < now ? INT64_MIN : INT64_MAX;
	return floor_div(span, 86400);
}

/* Exactly n digits. */
static int digits(const char **p, unsigned n, unsigned *out)
{
	unsigned v = 0;

	for (unsigned i = 0; i < n; i++) {
		if ((*p)[i] < '0' || (*p)[i] > '9')
			return -1;
		v = v * 10 + (unsigned)((*p)[i] - '0');
	}
	*p += n;
	*out = v;
	return 0;
}

static unsigned month_days(unsigned y, unsigned m)
{
	static const uint8_t len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)) ? 29 : len[m - 1];
}

static int make(unsigned y, unsigned mo, unsigned d, unsigned h, unsigned mi, unsigned s,
		int64_t *out)
{
	/* A leap second is the second after; nobody means an error by it. */
	if (mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo) || h > 23 || mi > 59 || s > 60)
		return -1;
	*out = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + s;
	return 0;
}

int kst_time_parse(const char *s, int64_t *out)
{
	unsigned y, mo, d, h = 0, mi = 0, sec = 0;

	if (*s == '@') {
		char *end;
		long long v = strtoll(s + 1, &end, 10);

		/* strtoll alone would take blanks and a plus sign; out of range it is far outside.
		 */
		if (strspn(s + 1, "-0123456789") != strlen(s + 1) || end == s + 1 || *end ||
		    v < KST_TIME_FIRST || v > KST_TIME_NEVER)
			return -1;
		*out = v;
		return 0;
	}
	if (digits(&s, 4, &y) < 0 || *s++ != '-' || digits(&s, 2, &mo) < 0 || *s++ != '-' ||
	    digits(&s, 2, &d) < 0)
		return -1;
	if (*s == 'T' || *s == ' ') {
		s++;
		if (digits(&s, 2, &h) < 0 || *s++ != ':' || digits(&s, 2, &mi) < 0)
			return -1;
		if (*s == ':') {
			s++;
			if (digits(&s, 2, &sec) < 0)
				return -1;
		}
		if (*s == 'Z')
			s++;
	}
	return *s ? -1 : make(y, mo, d, h, mi, sec, out);
}

int kst_time_parse_span(const char *s, int64_t *out, bool *is_percent)
{
	static const struct {
		char unit;
		int64_t seconds;
	} unit[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	char *end;
	long long v;

	if (*s < '0' || *s > '9')
		return -1;
	v = strtoll(s, &end, 10);
	if (v > INT32_MAX || !*end || end[1])
		return -1;
	if (*end == '%') {
		if (v > 100)
			return -1;
		*is_percent = true;
		*out = v;
		return 0;
	}
	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		if (*end == unit[i].unit) {
			*is_percent = false;
			*out = v * unit[i].seconds;
			return 0;
		}
	return -1;
}

int kst_time_from_asn1(bool generalized, const uint8_t *s, size_t n, int64_t *out)
{
	char text[32];
	const char *p = text;
	unsigned y, mo, d, h, mi, sec = 0, off_h = 0, off_m = 0;
	int sign = 0;
	int64_t t;

	if (!n || n >= sizeof(text) || memchr(s, 0, n))
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	if (digits(&p, generalized ? 4 : 2, &y) < 0 || digits(&p, 2, &mo) < 0 ||
	    digits(&p, 2, &d) < 0 || digits(&p, 2, &h) < 0 || digits(&p, 2, &mi) < 0)
		return -1;
	/* RFC 5280 demands seconds and Z; old certificates lack the one or have an offset. */
	if (*p >= '0' && *p <= '9' && digits(&p, 2, &sec) < 0)
		return -1;
	if (generalized && *p == '.') {
		p++;
		while (*p >= '0' && *p <= '9')
			p++;
	}
	if (*p == 'Z') {
		p++;
	} else if (*p == '+' || *p == '-') {
		sign = *p++ == '+' ? -1 : 1;
		if (digits(&p, 2, &off_h) < 0 || digits(&p, 2, &off_m) < 0 || off_h > 23 ||
		    off_m > 59)
			return -1;
	}
	if (*p)
		return -1;
	if (!generalized)
		y += y >= 50 ? 1900 : 2000; /* RFC 5280 4.1.2.5.1 */
	if (make(y, mo, d, h, mi, sec, &t) < 0)
		return -1;
	*out = t + sign * (int64_t)(off_h * 3600 + off_m * 60);
	return 0;
}
