/* SPDX-License-Identifier: ISC */
/* corpora.h - the rows of other projects' files with a known outcome: corpora/CORE.tsv */
#ifndef KST_TESTS_CORPORA_H
#define KST_TESTS_CORPORA_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kstool/kstool.h"

struct corpora_row {
	const char *path, *kind, *expected;
	const char *file; /* as the list names it */
	const char *pass, *key_pass; /* NULL: none */
	unsigned keys, certs, secrets;
};

static inline const char *corpora_dir(void)
{
	const char *dir = getenv("KST_CORPORA");
	return dir ? dir : "../shared/corpora";
}

/* A JSON string in place; NULL for null and "-". */
static inline const char *corpora_json(char *s)
{
	if (*s != '"')
		return NULL;
	char *to = s;
	for (char *p = s + 1; *p && *p != '"'; p++) {
		unsigned cp;
		if (p[0] == '\\' && p[1] == 'u' && sscanf(p + 2, "%4x", &cp) == 1) {
			uint8_t utf8[4];
			size_t n = kst_utf8_encode(cp, utf8);
			memcpy(to, utf8, n);
			to += n;
			p += 5;
		} else {
			p += *p == '\\';
			*to++ = *p;
		}
	}
	*to = '\0';
	return s;
}

static inline bool corpora_slurp(const char *path, struct kst_buf *out)
{
	FILE *f = fopen(path, "rb");
	char piece[65536];
	size_t n;
	if (!f)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		kst_buf_put(out, piece, n);
	fclose(f);
	return true;
}

/* Every row of this kind; NULL: every row.  false, and it is said, where there are no corpora. */
static inline bool corpora_each(const char *kind, void (*one)(const struct corpora_row *row))
{
	char path[4096], line[8192];
	snprintf(path, sizeof(path), "%s/CORE.tsv", corpora_dir());
	FILE *f = fopen(path, "r");
	if (!f) {
		printf("skipped: no corpora in %s\n", corpora_dir());
		return false;
	}
	while (fgets(line, sizeof(line), f)) {
		char *field[13], *p = line;
		int n = 0;
		while (n < 13 && (field[n++] = strsep(&p, "\t")) && p)
			;
		if (n < 12 || !strcmp(field[2], "kind") || (kind && strcmp(field[2], kind) != 0))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", corpora_dir(), field[0], field[1]);
		struct corpora_row row = { .path = path,
					   .kind = field[2],
					   .file = field[1],
					   .pass = corpora_json(field[3]),
					   .key_pass = corpora_json(field[4]),
					   .expected = field[6],
					   .keys = (unsigned)strtoul(field[7], NULL, 10),
					   .certs = (unsigned)strtoul(field[8], NULL, 10),
					   .secrets = (unsigned)strtoul(field[9], NULL, 10) };
		one(&row);
	}
	fclose(f);
	return true;
}

#endif
