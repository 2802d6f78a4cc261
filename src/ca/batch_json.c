/* SPDX-License-Identifier: ISC */
/* batch_json.c - rows of a batch from JSON objects, one a line */
#include "ca/batch.h"

#include <string.h>

#include <jansson.h>

#define LINE_MAX_BYTES (1u << 20)

static int wrong(struct kst_error *err, size_t line, const char *what)
{
	return kst_error_setx(err, KST_E_CORRUPT, "line %zu: %s", line, what);
}

/* A text, a number, or a list of texts (SANs). */
static char *cell(const json_t *v)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t i;
	json_t *one;

	if (json_is_integer(v))
		return kst_asprintf("%lld", (long long)json_integer_value(v));
	if (json_is_string(v))
		return kst_strdup(json_string_value(v));
	json_array_foreach(v, i, one) {
		if (i)
			kst_buf_puts(&b, " ");
		kst_buf_puts(&b, json_string_value(one));
	}
	return b.failed ? NULL : kst_strdup(b.data ? (const char *)b.data : "");
}

static bool usable(const json_t *v)
{
	size_t i;
	json_t *one;

	if (json_is_string(v) || json_is_integer(v))
		return true;
	if (!json_is_array(v))
		return false;
	json_array_foreach(v, i, one)
		if (!json_is_string(one))
			return false;
	return true;
}

static int object(struct kst_ca_batch *out, const json_t *o, size_t line, struct kst_error *err)
{
	struct kst_ca_batch_row *row = kst_ca_batch_add(out, line, err);
	const char *key;
	json_t *v;

	if (!row)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)o, key, v) {
		int column = kst_ca_batch_column(key);
		char **to;

		if (json_is_null(v))
			continue;
		if (column < 0) {
			kst_error_setx(err, KST_E_CORRUPT, "line %zu has a member \"%s\", which means nothing here",
				       line, key);
			return kst_error_hint(err, "members: name, san, days, alias, subject, profile, alg");
		}
		if (!usable(v))
			return wrong(err, line, "a member is no text, number or list of texts");
		to = kst_ca_batch_cell(row, column);
		*to = cell(v);
		if (!*to)
			return kst_error_nomem(err);
	}
	return 0;
}

int kst_ca_batch_json(struct kst_ca_batch *out, const struct kst_buf *text, struct kst_error *err)
{
	const char *p = (const char *)text->data, *end = p + text->len;

	for (size_t line = 1; p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = nl ? (size_t)(nl - p) : (size_t)(end - p);
		json_error_t said;
		json_t *o;
		int ret;

		if (n > LINE_MAX_BYTES)
			return wrong(err, line, "is longer than a mebibyte");
		if (strspn(p, " \t\r") < n) {
			o = json_loadb(p, n, JSON_REJECT_DUPLICATES, &said);
			if (!json_is_object(o)) {
				json_decref(o);
				return wrong(err, line, "is no JSON object");
			}
			ret = object(out, o, line, err);
			json_decref(o);
			if (ret < 0)
				return -1;
		}
		p += n + 1;
	}
	return 0;
}
