/* SPDX-License-Identifier: ISC */
/* batch.c - a file of orders: which of its two forms, and its rows */
#include "ca/batch.h"

#include <stddef.h>
#include <string.h>

#define FILE_MAX (UINT64_C(256) << 20)

const char *const kst_ca_batch_columns[] = { "name", "san", "days", "alias", "subject", "profile", "alg", NULL };
static const size_t place[] = {
	offsetof(struct kst_ca_batch_row, name),    offsetof(struct kst_ca_batch_row, san),
	offsetof(struct kst_ca_batch_row, days),    offsetof(struct kst_ca_batch_row, alias),
	offsetof(struct kst_ca_batch_row, subject), offsetof(struct kst_ca_batch_row, profile),
	offsetof(struct kst_ca_batch_row, alg),
};

int kst_ca_batch_column(const char *name)
{
	for (int i = 0; kst_ca_batch_columns[i]; i++)
		if (!strcmp(name, kst_ca_batch_columns[i]))
			return i;
	return -1;
}

char **kst_ca_batch_cell(struct kst_ca_batch_row *row, int column)
{
	return (char **)((char *)row + place[column]);
}

struct kst_ca_batch_row *kst_ca_batch_add(struct kst_ca_batch *b, size_t line, struct kst_error *err)
{
	if (b->nr == KST_CA_BATCH_MAX) {
		kst_error_setx(err, KST_E_LIMIT, "has more than %d rows", KST_CA_BATCH_MAX);
		return NULL;
	}
	if (b->nr == b->size) {
		size_t size = b->size ? b->size * 2 : 256;
		struct kst_ca_batch_row *grown = kst_realloc(b->row, size * sizeof(*grown));

		if (!grown) {
			kst_error_nomem(err);
			return NULL;
		}
		b->row = grown;
		b->size = size;
	}
	b->row[b->nr] = (struct kst_ca_batch_row){ .line = line };
	return &b->row[b->nr++];
}

int kst_ca_batch_read(struct kst_ca_batch *out, const char *path, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t at = 0;
	int ret;

	*out = (struct kst_ca_batch){ .nr = 0 };
	if (kst_file_read(path, FILE_MAX, &text, err) < 0)
		return -1;
	if (text.len && !kst_utf8_valid(text.data, text.len)) {
		kst_error_setx(err, KST_E_CORRUPT, "is not UTF-8");
		return kst_error_subject(err, "%s", path);
	}
	while (at < text.len && strchr(" \t\r\n", text.data[at]))
		at++;
	if (at == text.len)
		ret = kst_error_setx(err, KST_E_EMPTY_FILE, "has no rows");
	else
		ret = text.data[at] == '{' ? kst_ca_batch_json(out, &text, err) : kst_ca_batch_csv(out, &text, err);
	return ret < 0 ? kst_error_subject(err, "%s", path) : 0;
}

void kst_ca_batch_release(struct kst_ca_batch *b)
{
	for (size_t i = 0; i < b->nr; i++)
		for (int k = 0; kst_ca_batch_columns[k]; k++)
			kst_free(*kst_ca_batch_cell(&b->row[i], k));
	kst_free(b->row);
	*b = (struct kst_ca_batch){ .nr = 0 };
}
