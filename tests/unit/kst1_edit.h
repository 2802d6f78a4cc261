/* SPDX-License-Identifier: ISC */
/* kst1_edit.h - what tests do to the entries of a native store */
#ifndef TEST_KST1_EDIT_H
#define TEST_KST1_EDIT_H

#include "kst1_kit.h"

static inline void open_admin(struct kit *k)
{
	k->ask.key_file = kit_k20;
	ck_assert_msg(!kit_read(k), "%s", k->err.message);
	ck_assert_msg(!kst_format_kst1.unlock(&k->io, &k->m, KST_NEED_ADMIN, &k->err), "%s",
		      k->err.message);
}

static inline struct kst_entry *load(struct kit *k, size_t i)
{
	struct kst_entry *e = NULL;
	ck_assert_msg(!kst_format_kst1.load(&k->io, &k->m, i, &e, &k->err), "%s", k->err.message);
	return e;
}

/* Load entry i into its item, for a change. */
static inline struct kst_entry *change(struct kit *k, size_t i)
{
	k->m.item[i].entry = load(k, i);
	k->m.item[i].dirty = true;
	return k->m.item[i].entry;
}

static inline void rename_to(struct kst_entry *e, const char *alias)
{
	kst_free(e->alias);
	e->alias = kst_strdup(alias);
}

/* Bytes of box i in the file that was read. */
static inline struct kst_bytes box(struct kit *k, size_t i)
{
	const struct kst1_index *x = &kit_state(k)->index;
	return (struct kst_bytes){ k->in.bytes.data + x->box[i], (size_t)(x->box[i + 1] - x->box[i]) };
}

static inline bool has(const struct kst_buf *file, const struct kst_bytes *piece)
{
	return memmem(file->data, file->len, piece->data, piece->len) != NULL;
}

static inline void fail_to_write(struct kit *k, enum kst_code code)
{
	kst_error_clear(&k->err);
	ck_assert_int_eq(kst_format_kst1.write(&k->io, &k->m, &k->err), -1);
	kit_assert_error(k, code);
}

#endif
