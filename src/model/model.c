/* SPDX-License-Identifier: ISC */
/* model.c - the list of entries of one store */
#include "kstool/entry.h"

#include <string.h>

#include "kstool/alloc.h"

void kst_model_init(struct kst_model *m)
{
	memset(m, 0, sizeof(*m));
}

void kst_model_release(struct kst_model *m)
{
	for (size_t i = 0; i < m->nr; i++)
		kst_entry_free(m->item[i].entry);
	kst_free(m->item);
	kst_secret_release(&m->pass);
	kst_model_init(m);
}

int kst_model_push(struct kst_model *m, struct kst_entry *e, size_t base)
{
	if (m->nr == m->size) {
		size_t size = m->size ? m->size * 2 : 8, bytes;
		struct kst_item *item = NULL;
		if (!__builtin_mul_overflow(size, sizeof(*item), &bytes))
			item = kst_realloc(m->item, bytes);
		if (!item) {
			kst_entry_free(e);
			return -1;
		}
		m->item = item;
		m->size = size;
	}
	m->item[m->nr++] = (struct kst_item){ .entry = e, .base = base };
	return 0;
}

int kst_model_remove(struct kst_model *m, size_t i)
{
	if (i >= m->nr)
		return -1;
	kst_entry_free(m->item[i].entry);
	memmove(&m->item[i], &m->item[i + 1], (m->nr - i - 1) * sizeof(*m->item));
	m->nr--;
	return 0;
}
