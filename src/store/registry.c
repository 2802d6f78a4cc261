/* SPDX-License-Identifier: ISC */
/* registry.c - the table of formats, and who bids for which bytes */
#include "kstool/format.h"

#include <string.h>
#include <strings.h>

#define KST_FORMAT(name) extern const struct kst_format kst_format_##name;
#include "formats.def"
#undef KST_FORMAT

static const struct kst_format *const formats[] = {
#define KST_FORMAT(name) &kst_format_##name,
#include "formats.def"
#undef KST_FORMAT
	NULL
};

const struct kst_format *const *kst_formats(void)
{
	return formats;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);
	return n > k && strcasecmp(name + n - k, suffix) == 0;
}

static bool has_suffix(const struct kst_format *f, const char *name, bool bare)
{
	for (const char *const *s = f->suffixes; s && *s; s++)
		if (bare ? strcasecmp(*s + (**s == '.'), name) == 0 : ends_in(name, *s))
			return true;
	return false;
}

const struct kst_format *kst_format_by_name(const char *name)
{
	for (const struct kst_format *const *f = formats; *f; f++)
		if (strcasecmp((*f)->name, name) == 0 || strcasecmp((*f)->to, name) == 0)
			return *f;
	/* "p12" and ".p12" both: what people write after --to is often the suffix. */
	for (const struct kst_format *const *f = formats; *f; f++)
		if (has_suffix(*f, name + (*name == '.'), true))
			return *f;
	return NULL;
}

const struct kst_format *kst_format_by_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	for (const struct kst_format *const *f = formats; *f; f++)
		if (has_suffix(*f, name, false))
			return *f;
	return NULL;
}

const struct kst_format *kst_format_probe(const uint8_t *data, size_t n, bool whole)
{
	const struct kst_format *best = NULL;
	int bid = 0;
	for (const struct kst_format *const *f = formats; *f; f++) {
		int b = (*f)->probe ? (*f)->probe(data, n, whole) : 0;
		if (b > bid) {
			bid = b;
			best = *f;
		}
	}
	return best;
}
