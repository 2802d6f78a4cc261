/* SPDX-License-Identifier: ISC */
/*
 * time.h - times are int64_t seconds since 1970-01-01T00:00:00Z; always UTC
 */
#ifndef KSTOOL_TIME_H
#define KSTOOL_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 9999-12-31T23:59:59Z, RFC 5280's "no well-defined expiration date". */
#define KST_TIME_NEVER INT64_C(253402300799)

/* Now; what kst_time_set_now() said (--at), or the clock. */
int64_t kst_time_now(void);
void kst_time_set_now(int64_t t);

/* SOURCE_DATE_EPOCH is read by the command line, not here. */

enum kst_time_style {
	KST_TIME_MINUTE, /* 2026-12-05 18:50Z */
	KST_TIME_DATE,   /* 2026-12-05 */
	KST_TIME_FULL    /* 2026-12-05T18:50:03Z */
};
#define KST_TIME_TEXT 32

/* Write t as text; "never" for KST_TIME_NEVER in the first two styles.  Returns out. */
const char *kst_time_text(int64_t t, enum kst_time_style style, char out[KST_TIME_TEXT]);

/*
 * How far t lies from now, in the largest useful unit, floored: "11 days left",
 * "7 hours left", "9 years left", "EXPIRED 3 days ago", "never".
 */
const char *kst_time_left(int64_t t, int64_t now, char out[KST_TIME_TEXT]);
/* "starts in 2 hours", of a time to come. */
const char *kst_time_starts(int64_t t, int64_t now, char out[KST_TIME_TEXT]);

/* Floored whole days from now to t (negative when past). */
int64_t kst_time_days(int64_t t, int64_t now);

/* "2027-01-31", "2027-01-31T10:20:30Z", "2027-01-31 10:20Z" or "@UNIX".  0 or -1. */
int kst_time_parse(const char *s, int64_t *out);

/* "30d", "12h", "90m", "45s", "2w" as seconds; "33%" as percent with *is_percent.  0 or -1. */
int kst_time_parse_span(const char *s, int64_t *out, bool *is_percent);

/* ASN.1 UTCTime or GeneralizedTime contents (RFC 5280 4.1.2.5, and what is found in the wild). */
int kst_time_from_asn1(bool generalized, const uint8_t *s, size_t n, int64_t *out);

#endif
