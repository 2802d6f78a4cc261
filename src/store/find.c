/* SPDX-License-Identifier: ISC */
/* find.c - ENTRY as people write it */
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

#define MIN_DIGITS 8
/* Suggestions are looked for among so many names; beyond, nobody mistypes one of a few. */
#define MAX_SUGGEST 5000

size_t kst_store_find_alias(struct kst_store *s, const char *alias)
{
	return kst_positions_alias(s, alias);
}

size_t kst_store_find_cert(struct kst_store *s, const struct kst_cert *cert)
{
	return kst_positions_cert(s, kst_cert_sha256(cert));
}

static const char *nearest(struct kst_store *s, const char *ref)
{
	unsigned least = (unsigned)strlen(ref) / 3 + 2;
	size_t at = KST_NO_BASE;
	for (size_t i = 0; i < s->model.nr && i < MAX_SUGGEST; i++) {
		const char *alias = kst_store_alias(s, i);
		unsigned d = alias ? kst_text_distance(alias, ref) : least;
		if (d < least) {
			least = d;
			at = i;
		}
	}
	return at == KST_NO_BASE ? NULL : kst_store_alias(s, at);
}

static int not_found(struct kst_store *s, const char *ref, struct kst_error *err)
{
	kst_error_setx(err, KST_E_NO_ENTRY, "has no entry \"%s\"", ref);
	kst_error_subject(err, "%s", s->path);
	const char *near = nearest(s, ref);
	if (near)
		kst_error_hint(err, "did you mean \"%s\"?", near);
	return kst_hint_path(err, "kstool list ", s->path, "");
}

static int ambiguous(const struct kst_store *s, const char *ref, size_t a, size_t b,
		     struct kst_error *err)
{
	kst_error_setx(err, KST_E_USAGE, "\"%s\" fits several entries, @%zu and @%zu among them", ref,
		       a + 1, b + 1);
	kst_error_subject(err, "%s", s->path);
	return kst_hint_path(err, "kstool list ", s->path, "");
}

/* 0 found, 1 not, -1 several. */
static int by_nocase(struct kst_store *s, const char *ref, size_t *out, struct kst_error *err)
{
	size_t found = KST_NO_BASE;
	for (size_t i = 0; i < s->model.nr; i++) {
		const char *alias = kst_store_alias(s, i);
		if (!alias || !kst_text_equal_nocase(alias, ref))
			continue;
		if (found != KST_NO_BASE)
			return ambiguous(s, ref, found, i, err);
		found = i;
	}
	if (found == KST_NO_BASE)
		return 1;
	*out = found;
	return 0;
}

static int by_number(struct kst_store *s, const char *ref, size_t *out, struct kst_error *err)
{
	char *end;
	if (ref[1] < '0' || ref[1] > '9')
		return 1;
	unsigned long long n = strtoull(ref + 1, &end, 10);
	if (*end)
		return 1;
	if (n < 1 || n > s->model.nr) {
		kst_error_setx(err, KST_E_NO_ENTRY, "has no entry %s: it has %zu", ref, s->model.nr);
		kst_error_subject(err, "%s", s->path);
		return kst_hint_path(err, "kstool list ", s->path, "");
	}
	*out = (size_t)n - 1;
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Hex digits, with or without the colons that OpenSSL and keytool print.  How many, or -1. */
static int parse_digits(const char *text, uint8_t nibble[64])
{
	int n = 0;
	for (; *text; text++) {
		if (*text == ':')
			continue;
		int d = digit(*text);
		if (d < 0 || n == 64)
			return -1;
		nibble[n++] = (uint8_t)d;
	}
	return n;
}

static bool starts_with(const uint8_t sha256[32], const uint8_t *nibble, int n)
{
	for (int i = 0; i < n; i++)
		if ((i % 2 ? sha256[i / 2] & 15 : sha256[i / 2] >> 4) != nibble[i])
			return false;
	return true;
}

static int by_fingerprint(struct kst_store *s, const char *ref, size_t *out, struct kst_error *err)
{
	uint8_t nibble[64], first[32];
	int n = parse_digits(ref + strlen("sha256:"), nibble);
	if (n < MIN_DIGITS) {
		kst_error_setx(err, KST_E_USAGE,
			       "\"%s\": a fingerprint is %d to 64 hex digits behind \"sha256:\"", ref,
			       MIN_DIGITS);
		return kst_error_subject(err, "%s", s->path);
	}
	size_t found = KST_NO_BASE;
	for (size_t i = 0; i < s->model.nr; i++) {
		struct kst_head h;
		if (kst_store_head(s, i, &h, err) < 0)
			return -1;
		if (!h.sha256 || !starts_with(h.sha256, nibble, n))
			continue;
		/* The same certificate under two names is one answer: the first. */
		if (found != KST_NO_BASE && memcmp(first, h.sha256, 32) != 0)
			return ambiguous(s, ref, found, i, err);
		if (found == KST_NO_BASE) {
			found = i;
			memcpy(first, h.sha256, 32);
		}
	}
	if (found == KST_NO_BASE)
		return 1;
	*out = found;
	return 0;
}

int kst_store_find(struct kst_store *s, const char *ref, size_t *i, struct kst_error *err)
{
	/* An alias that looks like a position or a fingerprint is still an alias. */
	size_t at = kst_store_find_alias(s, ref);
	if (at != KST_NO_BASE) {
		const char *alias = kst_store_alias(s, at);
		if (alias && strcmp(alias, ref) == 0) {
			*i = at;
			return 0;
		}
	}
	int rc = 1;
	if (*ref == '@')
		rc = by_number(s, ref, i, err);
	else if (strncasecmp(ref, "sha256:", 7) == 0)
		rc = by_fingerprint(s, ref, i, err);
	if (rc == 1)
		rc = by_nocase(s, ref, i, err);
	return rc == 1 ? not_found(s, ref, err) : rc;
}
