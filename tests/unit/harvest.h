/* SPDX-License-Identifier: ISC */
/*
 * harvest.h - every certificate that can be found here: the system's CAs, and
 * whatever PEM or DER lies in the corpora, inside JSON strings too
 */
#ifndef KST_TESTS_HARVEST_H
#define KST_TESTS_HARVEST_H

#include <dirent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "corpora.h"
#include "kstool/kstool.h"

#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

typedef void harvest_each(void *ctx, const char *path, const uint8_t *der, size_t len);

/* Base64 between the lines, where "\n" may be two characters of a JSON string. */
static inline void harvest_pem(const char *path, const char *text, harvest_each *each, void *ctx)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
	for (const char *p = text, *q; (p = strstr(p, begin)); p = q) {
		struct kst_buf b64 KST_SCRATCH_BUF = KST_BUF_INIT, der KST_SCRATCH_BUF = KST_BUF_INIT;
		p += sizeof(begin) - 1;
		q = strstr(p, end);
		if (!q)
			return;
		for (; p < q; p++) {
			if (*p == '\\')
				p++;
			else if (strchr("+/=", *p) || (*p >= '0' && *p <= '9') ||
				 (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
				kst_buf_u8(&b64, (uint8_t)*p);
		}
		kst_buf_reserve(&der, b64.len + 4);
		int n = EVP_DecodeBlock(der.data, b64.data, (int)b64.len);
		for (size_t i = b64.len; n > 0 && i > 0 && b64.data[i - 1] == '='; i--)
			n--;
		if (n > 0)
			each(ctx, path, der.data, (size_t)n);
	}
}

static inline void harvest_file(const char *path, harvest_each *each, void *ctx)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t n = strlen(path);
	if (!corpora_slurp(path, &text) || !text.len)
		return;
	if (text.data[0] == 0x30 && n > 4 && strcmp(path + n - 4, ".p12") && strcmp(path + n - 4, ".pfx"))
		each(ctx, path, text.data, text.len);
	else
		harvest_pem(path, (const char *)text.data, each, ctx);
}

static inline void harvest_dir(const char *dir, harvest_each *each, void *ctx)
{
	struct dirent **name;
	int nr = scandir(dir, &name, NULL, alphasort);
	for (int i = 0; i < nr; i++) {
		char path[4096];
		struct stat st;
		snprintf(path, sizeof(path), "%s/%s", dir, name[i]->d_name);
		if (name[i]->d_name[0] != '.' && lstat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode))
				harvest_dir(path, each, ctx);
			else if (S_ISREG(st.st_mode))
				harvest_file(path, each, ctx);
		}
		free(name[i]);
	}
	if (nr >= 0)
		free(name);
}

static inline bool harvest_corpora(harvest_each *each, void *ctx)
{
	const char *dir = corpora_dir();
	struct stat st;
	if (stat(dir, &st) < 0) {
		printf("skipped: no corpora in %s\n", dir);
		return false;
	}
	harvest_dir(dir, each, ctx);
	return true;
}

#endif
