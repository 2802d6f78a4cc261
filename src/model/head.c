/* SPDX-License-Identifier: ISC */
/*
 * head.c - what a list shows of an entry, computed from the entry itself
 *
 * Formats with an index of their own answer from that index; this is for all
 * others.  The texts stand one after the other in the caller's buffer, which
 * moves as it grows: offsets become pointers only at the end.
 */
#include "kstool/entry.h"

#include <string.h>

#include "crypto/names.h"

/* Begin a text: its offset plus one, so that 0 can say "none". */
static size_t begin(const struct kst_buf *b)
{
	return b->len + 1;
}

/* End a text; an empty one counts as none. */
static size_t end(struct kst_buf *b, size_t at)
{
	if (b->len + 1 == at)
		return 0;
	/* A zero byte inside would cut the text short where it is shown, and hide what follows. */
	for (size_t i = at - 1; i < b->len; i++)
		if (!b->data[i])
			b->data[i] = '?';
	kst_buf_u8(b, 0);
	return at;
}

static const char *text(const struct kst_buf *b, size_t at)
{
	return at && !b->failed ? (const char *)b->data + at - 1 : NULL;
}

void kst_entry_head(const struct kst_entry *e, struct kst_head *out, struct kst_buf *scratch)
{
	kst_buf_reset(scratch);
	memset(out, 0, sizeof(*out));
	out->kind = e->kind;
	out->trusted = e->trusted;
	out->alias = e->alias;
	out->created = e->created;
	out->nr_certs = (unsigned)e->chain.nr;
	out->label = e->label;

	const struct kst_cert *leaf = kst_entry_leaf(e);
	size_t subject = 0, name = 0, key;
	if (leaf) {
		out->sha256 = kst_cert_sha256(leaf);
		out->has_dates = true;
		out->not_before = kst_cert_not_before(leaf);
		out->not_after = kst_cert_not_after(leaf);
		size_t names = kst_cert_san_count(leaf);
		out->more_names = names ? (unsigned)names - 1 : 0;
		subject = begin(scratch);
		kst_cert_subject(leaf, scratch);
		subject = end(scratch, subject);
		name = begin(scratch);
		kst_cert_name(leaf, scratch);
		name = end(scratch, name);
		key = begin(scratch);
		kst_cert_key_text(leaf, false, scratch);
		key = end(scratch, key);
	} else {
		key = begin(scratch);
		if (e->key && !kst_key_is_sealed(e->key))
			kst_key_text(e->key, false, scratch);
		else if (kst_entry_is_public_key(e))
			kst_spki_key_text(e->der.data, e->der.len, false, scratch);
		else if (e->secret_alg)
			kst_buf_puts(scratch, e->secret_alg);
		key = end(scratch, key);
	}
	out->subject = text(scratch, subject);
	out->name = text(scratch, name);
	out->key = text(scratch, key);
}
