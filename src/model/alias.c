/* SPDX-License-Identifier: ISC */
/*
 * alias.c - names of entries: made legal, made up, made unique
 *
 * An alias that comes from a file is hostile text; one that is legal is never
 * changed, so that nothing that worked elsewhere is renamed here.
 */
#include "model/alias.h"

#include <stdio.h>
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/entry.h"
#include "kstool/text.h"

/* Room is left for the longest suffix. */
#define MAX_DERIVED 200

char *kst_alias_legal(const void *s, size_t n, bool *changed)
{
	const uint8_t *p = s;
	size_t lead = 0, tail = n;
	while (lead < n && p[lead] == ' ')
		lead++;
	while (tail > lead && p[tail - 1] == ' ')
		tail--;

	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	bool differs = false;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t len = kst_utf8_decode(p + i, n - i, &cp);
		bool outer = i < lead || i >= tail;
		if (len && !outer && kst_text_char_ok(cp)) {
			kst_buf_put(&out, p + i, len);
			i += len;
			continue;
		}
		differs = true;
		for (size_t k = len ? len : 1; k; k--)
			kst_buf_printf(&out, "%%%02X", p[i++]);
		if (out.len > KST_ALIAS_MAX)
			return NULL;
	}
	if (out.failed || !kst_alias_ok((const char *)out.data, out.len, KST_ALIAS_MAX))
		return NULL;
	char *alias = kst_strndup((const char *)out.data, out.len);
	if (alias && changed)
		*changed = differs;
	return alias;
}

/* ---- made up ---- */

/* The first DNS name of a certificate. */
static int first_dns(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	if (type != KST_SAN_DNS || len == 0)
		return 0;
	kst_buf_put(ctx, value, len);
	return 1;
}

/* The last CN is the most specific one. */
static int last_cn(void *ctx, const char *type, const char *value)
{
	if (strcmp(type, "CN") == 0 && *value) {
		kst_buf_reset(ctx);
		kst_buf_puts(ctx, value);
	}
	return 0;
}

/* Letters and digits of every script, and what stands inside host names. */
static bool slug_char(uint32_t cp)
{
	if (cp < 0x80)
		return (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9') || cp == '.' ||
		       cp == '_';
	return cp >= 0xc0 && cp != 0xd7 && cp != 0xf7 && !(cp >= 0x2000 && cp <= 0x2bff) &&
	       !(cp >= 0x3000 && cp <= 0x303f) && !(cp >= 0xe000 && cp <= 0xf8ff) &&
	       kst_text_char_ok(cp);
}

static char *slug(const char *text)
{
	char *lower = kst_text_lower(text);
	if (!lower)
		return NULL;
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	bool gap = false;
	const uint8_t *p = (const uint8_t *)lower;
	for (size_t i = 0, n = strlen(lower); i < n;) {
		uint32_t cp = 0;
		size_t len = kst_utf8_decode(p + i, n - i, &cp);
		if (!len || !slug_char(cp)) {
			gap = true;
		} else if (out.len + len + 1 > MAX_DERIVED) {
			break;
		} else if (out.len > 0 || cp != '.') { /* "*.acme.test": no leading dot */
			if (gap && out.len)
				kst_buf_u8(&out, '-');
			gap = false;
			kst_buf_put(&out, p + i, len);
		}
		i += len ? len : 1;
	}
	while (out.len && out.data[out.len - 1] == '.')
		out.len--;
	kst_free(lower);
	if (out.failed)
		return NULL;
	return out.len ? kst_strndup((const char *)out.data, out.len) : kst_strdup("entry");
}

char *kst_alias_derive(const struct kst_entry *e)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_cert *leaf = kst_entry_leaf(e);
	if (leaf) {
		if (e->kind == KST_KIND_KEY)
			kst_cert_each_san(leaf, first_dns, &name);
		if (name.len == 0)
			kst_cert_each_rdn(leaf, false, last_cn, &name);
		if (name.len == 0)
			kst_cert_name(leaf, &name);
	}
	if (name.failed)
		return NULL;
	for (size_t i = 0; i < name.len; i++)
		if (!name.data[i])
			name.data[i] = ' ';
	return slug(name.len ? (const char *)name.data : "");
}

/* ---- made unique ---- */

char *kst_alias_with_suffix(const char *base, const char *suffix)
{
	size_t n = strlen(base), room = KST_ALIAS_MAX - strlen(suffix);
	if (n > room) {
		n = room;
		while (n && ((uint8_t)base[n] & 0xc0) == 0x80)
			n--;
	}
	return kst_asprintf("%.*s%s", (int)n, base, suffix);
}

char *kst_alias_unique(const char *base, const uint8_t *sha256,
		       bool (*taken)(void *ctx, const char *alias), void *ctx)
{
	if (!taken(ctx, base))
		return kst_strdup(base);
	char suffix[32];
	if (sha256) {
		snprintf(suffix, sizeof(suffix), "-%02x%02x%02x%02x", sha256[0], sha256[1],
			 sha256[2], sha256[3]);
		char *alias = kst_alias_with_suffix(base, suffix);
		if (!alias || !taken(ctx, alias))
			return alias;
		kst_free(alias);
	}
	for (unsigned long n = 2;; n++) {
		snprintf(suffix, sizeof(suffix), "-%lu", n);
		char *alias = kst_alias_with_suffix(base, suffix);
		if (!alias || !taken(ctx, alias))
			return alias;
		kst_free(alias);
	}
}
