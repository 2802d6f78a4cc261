/* SPDX-License-Identifier: ISC */
/* kst1_forge.h - a native store taken apart, edited, and put together with right hashes and signature,
   so that the fault itself is reached and not the damage */
#ifndef TEST_KST1_FORGE_H
#define TEST_KST1_FORGE_H

#include "kst1_kit.h"

/* A store in parts.  Boxes and records are rebuilt from here, whatever nonsense they hold. */
struct forge {
	struct kst1_header h;
	struct kst1_keyring keys;
	uint32_t count;      /* as written in the index */
	struct kst_buf tail; /* of the index, after its records */
	bool no_pad;
	struct part {
		struct kst_buf record; /* TLVs; hash and length of the box are filled in if `ref` */
		struct kst_buf public, sealed;
		struct kst_buf box; /* if it is set it is used instead */
		uint8_t id[16];
		bool no_ref;
	} part[4];
	size_t nr;
	bool wrong_root, wrong_index_hash;
	uint32_t rec_len_off;
	void (*raw)(uint8_t raw[KST1_HEADER]); /* breaks the header before it is signed */
	void (*after)(struct forge *f, uint8_t raw[KST1_HEADER]); /* ... and after */
};

static inline void take_apart(struct forge *f, struct kit *k)
{
	memset(f, 0, sizeof(*f));
	ck_assert_int_eq(kit_read(k), 0);
	ck_assert_int_eq(kst_format_kst1.unlock(&k->io, &k->m, KST_NEED_ADMIN, &k->err), 0);
	struct kst1_state *st = kit_state(k);
	f->h = st->h;
	ck_assert_int_eq(kst1_keyring_root(&f->keys, kst1_keys_of(&st->keys)->root, NULL), 0);
	f->nr = st->index.nr;
	f->count = (uint32_t)f->nr;
	for (size_t i = 0; i < f->nr; i++) {
		struct kst1_opened o = { .raw = NULL };
		struct kst_bytes r = kst1_index_record(&st->index, i);
		kst_buf_put(&f->part[i].record, r.data, r.len);
		ck_assert_int_eq(kst1_state_entry(st, &k->io, i, &o, &k->err), 0);
		kst_buf_put(&f->part[i].public, o.box.public.data, o.box.public.len);
		kst_buf_put(&f->part[i].sealed, o.sealed.data, o.sealed.len);
		memcpy(f->part[i].id, o.box.id, 16);
		kst1_opened_release(&o);
	}
}

/* Value of a tag in a list, to be changed in place; NULL. */
static inline uint8_t *value(struct kst_buf *list, unsigned tag, size_t *n)
{
	for (size_t at = 0; at + 6 <= list->len;) {
		unsigned t = list->data[at] | (unsigned)list->data[at + 1] << 8;
		size_t len = kst1_get32(list->data + at + 2);
		if (t == tag) {
			if (n)
				*n = len;
			return list->data + at + 6;
		}
		at += 6 + len;
	}
	return NULL;
}

static inline void tlv(struct kst_buf *list, unsigned tag, const void *data, size_t n)
{
	kst_buf_le16(list, (uint16_t)tag);
	kst_buf_le32(list, (uint32_t)n);
	kst_buf_put(list, data, n);
}

/* Take a tag out, or give it another value, or put it in, at its place. */
static inline void edit(struct kst_buf *list, unsigned tag, const void *data, long n)
{
	struct kst_buf out = KST_BUF_INIT;
	bool done = n < 0;
	for (size_t at = 0; at < list->len;) {
		unsigned t = list->data[at] | (unsigned)list->data[at + 1] << 8;
		size_t len = 6 + kst1_get32(list->data + at + 2);
		if (t >= tag && !done) {
			tlv(&out, tag, data, (size_t)n);
			done = true;
		}
		if (t != tag)
			kst_buf_put(&out, list->data + at, len);
		at += len;
	}
	if (!done)
		tlv(&out, tag, data, (size_t)n);
	kst_buf_release(list);
	*list = out;
}

static inline void sign(struct forge *f, uint8_t raw[KST1_HEADER])
{
	uint8_t msg[16 + KST1_SIG_AT] = "KST1 header sig";
	memcpy(msg + 16, raw, KST1_SIG_AT);
	crypto_sign_ed25519_detached(raw + KST1_SIG_AT, NULL, msg, sizeof(msg),
				     kst1_keys_of(&f->keys)->sign);
}

static inline void put_together(struct forge *f, struct kst_buf *file)
{
	struct kst_buf boxes = KST_BUF_INIT, index = KST_BUF_INIT, hashes = KST_BUF_INIT;
	struct kst_buf stored = KST_BUF_INIT;
	uint8_t raw[KST1_HEADER], nonce[24];
	kst_buf_le32(&index, f->count);
	kst_buf_puts(&hashes, "KST1data");
	for (size_t i = 0; i < f->nr; i++) {
		struct part *p = &f->part[i];
		uint8_t hash[32];
		if (!p->box.len) {
			struct kst_bytes public = { p->public.data, p->public.len };
			struct kst_bytes sealed = { p->sealed.data, p->sealed.len };
			randombytes_buf(nonce, sizeof(nonce));
			ck_assert_int_eq(kst1_box_seal(&p->box, p->id, &public, &sealed, nonce,
						       &f->h, &f->keys, NULL),
					 0);
		}
		kst_buf_put(&boxes, p->box.data, p->box.len);
		kst1_hash(hash, p->box.data, p->box.len);
		kst_buf_put(&hashes, hash, 32);
		uint8_t *ref = value(&p->record, 4, NULL);
		if (ref && !p->no_ref) {
			kst1_put32(ref, (uint32_t)p->box.len);
			memcpy(ref + 4, hash, 32);
		}
		kst_buf_le32(&index, (uint32_t)p->record.len + (i ? 0 : f->rec_len_off));
		kst_buf_put(&index, p->record.data, p->record.len);
	}
	kst_buf_put(&index, f->tail.data, f->tail.len);
	struct kst_bytes plain = { index.data, index.len };
	if (f->h.sealed)
		ck_assert_int_eq(kst1_index_seal(&stored, &plain, &f->h, &f->keys, NULL), 0);
	else
		kst_buf_put(&stored, index.data, index.len);
	f->h.index_len = stored.len;
	f->h.data_len = boxes.len;
	kst1_hash(f->h.index_hash, stored.data, stored.len);
	kst1_hash(f->h.data_root, hashes.data, hashes.len);
	f->h.data_root[0] ^= f->wrong_root;
	f->h.index_hash[0] ^= f->wrong_index_hash;
	/* kst1_header_build() refuses what a reader would refuse: serialise a good one, then break */
	struct kst1_header good = f->h;
	ck_assert_int_eq(kst1_header_build(raw, &good, &f->keys, NULL), 0);
	if (f->raw)
		f->raw(raw);
	sign(f, raw);
	if (f->after)
		f->after(f, raw);
	kst_buf_put(file, raw, KST1_HEADER);
	kst_buf_put(file, stored.data, stored.len);
	kst_buf_put(file, boxes.data, boxes.len);
	kst_buf_put(file, raw, KST1_HEADER);
	kst_buf_release(&boxes);
	kst_buf_release(&index);
	kst_buf_release(&hashes);
	kst_buf_release(&stored);
}

static inline void throw_away(struct forge *f)
{
	for (size_t i = 0; i < 4; i++) {
		kst_buf_release(&f->part[i].record);
		kst_buf_release(&f->part[i].public);
		kst_buf_release(&f->part[i].sealed);
		kst_buf_release(&f->part[i].box);
	}
	kst_buf_release(&f->tail);
	kst1_keyring_release(&f->keys);
}

#endif
