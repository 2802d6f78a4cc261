/* SPDX-License-Identifier: ISC */
/*
 * kst1_write.c - the next generation of a store
 *
 * The header comes first in the file and holds the hashes of all that follows,
 * so a store is made in two passes: boxes are made or known by their hashes, then
 * everything is written in order.  Boxes that did not change are copied byte for
 * byte and hashed again on the way.  After a rekey every sealed box is made in
 * both passes, from the same nonce, rather than kept in memory.
 */
#include "kst1.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "kstool/alloc.h"
#include "kstool/time.h"

enum how { COPY, RESEAL, MADE };

struct plan {
	struct kst_bytes alias;
	size_t item, base;
	enum how how;
	uint8_t nonce[KST1_NONCE];
	uint8_t *box; /* MADE */
	size_t len;
};

struct writer {
	struct kst_io *io;
	struct kst_model *m;
	struct kst1_state *st;
	struct kst1_header h;            /* the new one */
	const struct kst1_keyring *keys; /* of the new file */
	struct plan *plan;
	size_t nr;
	bool same;            /* no entry changed: index and boxes are copied as they are */
	struct kst_buf index; /* plain */
	crypto_generichash_state root;
	struct kst1_window w;
	struct kst1_opened old;
	struct kst_buf scratch;
};

/* ---- a new store ---- */

int kst1_state_fresh(struct kst_io *io, struct kst_model *m, struct kst_error *err)
{
	struct kst1_state *st = kst1_state_new();
	if (!st)
		return kst_error_nomem(err);
	if (kst1_keyring_new(&st->keys, err) < 0) {
		kst1_state_release(st);
		return -1;
	}
	st->fresh = true;
	st->h.kind = io->write && io->write->store_kind ? (uint8_t)io->write->store_kind : 'K';
	st->h.sealed = io->write && io->write->sealed;
	randombytes_buf(st->h.store_id, KST1_ID);
	memcpy(st->h.sign_pk, st->keys.sign_pk, 32);
	st->index.ready = true;
	m->state = st;
	kst1_state_info(st, &m->info);
	return 0;
}

int kst1_first_slots(struct kst_io *io, struct kst_model *m, struct kst_error *err)
{
	const struct kst_write_options *opt = io->write;
	struct kst1_state *st = m->state;
	struct kst1_secret secret = { .type = KST_SLOT_EMPTY };
	if (!st->fresh || kst1_slots(m, NULL))
		return 0;
	/* the kind is settled now: it decides which slots there may be */
	if (opt->store_kind) {
		st->h.kind = (uint8_t)opt->store_kind;
		st->h.sealed = opt->sealed;
	}
	struct kst_slot_add how = { .type = KST_SLOT_KEY_FILE, .role = KST_ROLE_ADMIN };
	how.label = opt->slot_label;
	how.passes = opt->kdf_passes;
	how.kib = opt->kdf_kib;
	int r = kst1_ask_new(io, KST_SLOT_KEY_FILE, false, &secret, err);
	bool key_file = !r;
	if (!r) {
		r = kst1_state_slot_add(st, &how, &secret, io->limits, NULL, err);
		how.label = NULL;
	}
	if (r < 0)
		goto done;
	how.type = KST_SLOT_PASSPHRASE;
	if (m->has_pass)
		r = kst1_passphrase(&secret, &m->pass, true, err);
	else if (opt->no_pass && !key_file)
		r = kst_error_setx(err, KST_E_EMPTY_PASSPHRASE,
				   "a native store is never made without a secret");
	else
		r = kst1_ask_new(io, KST_SLOT_PASSPHRASE, key_file, &secret, err);
	if (r > 0 && key_file) {
		r = 0; /* the key file is enough */
		goto done;
	}
	if (r > 0)
		r = kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
				   "a new native store needs a passphrase or a key file");
	if (!r)
		r = kst1_state_slot_add(st, &how, &secret, io->limits, NULL, err);
done:
	kst1_secret_release(&secret);
	return r;
}

/* ---- pass one: what will stand where ---- */

static int plan_order(const void *a, const void *b)
{
	return kst1_alias_order(&((const struct plan *)a)->alias, &((const struct plan *)b)->alias);
}

static int make_plan(struct writer *w, struct kst_error *err)
{
	const struct kst1_index *x = &w->st->index;
	bool sorted = true;
	w->nr = w->m->nr;
	w->same = w->nr == x->nr && !w->st->fresh && !w->st->rekeyed;
	if (w->nr > KST1_ENTRIES)
		return kst_error_setx(err, KST_E_LIMIT, "a store holds %d entries at most",
				      KST1_ENTRIES);
	w->plan = kst_calloc(w->nr + 1, sizeof(*w->plan));
	if (!w->plan)
		return kst_error_nomem(err);
	for (size_t i = 0; i < w->nr; i++) {
		const struct kst_item *item = &w->m->item[i];
		struct plan *p = &w->plan[i];
		p->item = i;
		p->base = item->base;
		if (item->base != KST_NO_BASE && item->base >= x->nr)
			return kst_error_setx(err, KST_E_INTERNAL, "an item from another file");
		if (!item->entry && item->base == KST_NO_BASE)
			return kst_error_setx(err, KST_E_INTERNAL, "an item without entry");
		p->how = item->base != KST_NO_BASE && (!item->dirty || !item->entry) ? COPY : MADE;
		if (p->how == COPY)
			p->alias = kst1_index_alias(x, item->base);
		else if (item->entry->alias)
			p->alias = (struct kst_bytes){ (const uint8_t *)item->entry->alias,
						       strlen(item->entry->alias) };
		else
			return kst_error_setx(err, KST_E_INTERNAL, "an entry without alias");
		if (i && plan_order(p - 1, p) >= 0)
			sorted = false;
		if (p->how != COPY)
			w->same = false;
	}
	if (!sorted)
		qsort(w->plan, w->nr, sizeof(*w->plan), plan_order);
	for (size_t i = 1; !sorted && i < w->nr; i++) {
		if (!plan_order(&w->plan[i - 1], &w->plan[i]))
			return kst_error_setx(err, KST_E_ALIAS_CONFLICT,
					      "two entries have the alias '%s'",
					      kst1_show(&w->plan[i].alias, &w->scratch));
	}
	for (size_t i = 0; w->same && i < w->nr; i++)
		w->same = w->plan[i].base == i;
	return 0;
}

/* A sealed box of the old file under the new keys; the bytes are in w->scratch. */
static int reseal(struct writer *w, struct plan *p, const struct kst1_fields *record,
		  struct kst_error *err)
{
	struct kst1_box box;
	size_t n;
	const uint8_t *data = kst1_state_box(w->st, w->io, p->base, &w->w, record, &n, err);
	if (!data)
		return -1;
	uint8_t hash[KST1_HASH];
	kst1_hash(hash, data, n);
	int r = memcmp(hash, record->f[KST1_F_BOX].data + 4, KST1_HASH) ||
				!kst1_box_split(&box, data, n, true)
			? 1
			: kst1_box_open(&box, &w->st->h, &w->st->keys, &w->old.plain, err);
	if (r < 0)
		return -1;
	if (r)
		return kst_error_setx(err, KST_E_ENTRY, "entry '%s' cannot be opened",
				      kst1_show(&p->alias, &w->scratch));
	struct kst_bytes plain = { w->old.plain.data, w->old.plain.len };
	kst_buf_reset(&w->scratch);
	return kst1_box_seal(&w->scratch, box.id, &box.public, &plain, p->nonce, &w->h, w->keys,
			     err);
}

static int plan_old(struct writer *w, struct plan *p, struct kst_error *err)
{
	struct kst1_fields f;
	struct kst_bytes record = kst1_index_record(&w->st->index, p->base);
	kst1_index_fields(&w->st->index, p->base, &f);
	p->len = kst1_get32(f.f[KST1_F_BOX].data);
	kst_buf_le32(&w->index, (uint32_t)record.len);
	size_t at = w->index.len + (size_t)(f.f[KST1_F_BOX].data - record.data) + 4;
	kst_buf_put(&w->index, record.data, record.len);
	if (w->index.failed)
		return kst_error_nomem(err);
	if (w->st->rekeyed) {
		/* does it have a sealed part?  Its own header tells, once its hash is checked */
		size_t n;
		const uint8_t *box =
			kst1_state_box(w->st, w->io, p->base, &w->w, &f, &n, err);
		if (!box)
			return -1;
		if (kst1_get32(box + 4)) {
			p->how = RESEAL;
			randombytes_buf(p->nonce, sizeof(p->nonce));
			if (reseal(w, p, &f, err) < 0)
				return -1;
			kst1_hash(w->index.data + at, w->scratch.data, w->scratch.len);
		}
	}
	crypto_generichash_update(&w->root, w->index.data + at, KST1_HASH);
	return 0;
}

static bool same_field(const struct kst1_fields *a, const struct kst1_fields *b, enum kst1_field i)
{
	if (kst1_has(a, i) != kst1_has(b, i))
		return false;
	return !kst1_has(a, i) ||
	       (a->f[i].len == b->f[i].len && !sodium_memcmp(a->f[i].data, b->f[i].data, a->f[i].len));
}

static int seal_entry(struct writer *w, struct plan *p, struct kst_entry *e,
		      const struct kst1_opened *old, struct kst1_encoded *enc,
		      struct kst_error *err)
{
	struct kst1_opened back = { .raw = NULL };
	struct kst_buf ext KST_SCRATCH_BUF = KST_BUF_INIT;
	int r = -1;

	if (kst1_entry_encode(enc, e, old, &w->h, w->io->notes, err) < 0)
		return -1;
	if (enc->sealed.len)
		randombytes_buf(p->nonce, sizeof(p->nonce));
	kst_buf_reset(&w->scratch);
	struct kst_bytes public = { enc->public.data, enc->public.len };
	struct kst_bytes sealed = { enc->sealed.data, enc->sealed.len };
	if (kst1_box_seal(&w->scratch, e->id, &public, &sealed, p->nonce, &w->h, w->keys, err) < 0)
		return -1;
	p->len = w->scratch.len;
	p->box = kst_malloc(p->len);
	if (!p->box)
		return kst_error_nomem(err);
	memcpy(p->box, w->scratch.data, p->len);
	/* nothing leaves that our own reader would refuse */
	if (kst1_entry_check(&back, p->box, p->len, NULL, &w->h, w->keys, err) < 0) {
		if (err && err->code != KST_E_NO_MEMORY)
			err->code = KST_E_INTERNAL;
		goto done;
	}
	/* what a later version derived holds as long as what it was derived from */
	if (old && same_field(&old->fields, &back.fields, KST1_F_KEY) &&
	    same_field(&old->fields, &back.fields, KST1_F_CERTS) &&
	    same_field(&old->fields, &back.fields, KST1_F_SECRET)) {
		struct kst_bytes record = kst1_index_record(&w->st->index, p->base);
		kst1_tlv_unknown(&ext, KST1_RECORD, record.data, record.len);
		if (ext.failed) {
			kst_error_nomem(err);
			goto done;
		}
	}
	struct kst_bytes keep = { ext.data, ext.len };
	r = kst1_record_put(&w->index, &back.fields, e->id, p->box, p->len, &keep, err);
	uint8_t hash[KST1_HASH];
	kst1_hash(hash, p->box, p->len);
	crypto_generichash_update(&w->root, hash, KST1_HASH);
done:
	kst1_opened_release(&back);
	return r;
}

static int plan_made(struct writer *w, struct plan *p, struct kst_error *err)
{
	struct kst_entry *e = w->m->item[p->item].entry;
	struct kst1_encoded enc = { .kind = 0 };
	bool has_old = p->base != KST_NO_BASE;
	if (has_old) {
		if (kst1_state_entry(w->st, w->io, p->base, &w->old, err) < 0)
			return -1;
		memcpy(e->id, w->old.box.id, KST1_ID);
	} else {
		/* an id of its own even for a copy, or two stores of one owner could be linked */
		randombytes_buf(e->id, KST1_ID);
		if (!e->created)
			e->created = kst_time_now();
	}
	e->has_id = true;
	e->modified = kst_time_now();
	int r = seal_entry(w, p, e, has_old ? &w->old : NULL, &enc, err);
	if (r < 0)
		kst_error_subject(err, "%s", kst1_show(&p->alias, &w->scratch));
	kst1_encoded_release(&enc);
	return r;
}

static int pass_one(struct writer *w, struct kst_buf *stored, struct kst_error *err)
{
	uint64_t data_len = 0;
	if (w->same) {
		/* a new passphrase does not seal the index again: hashes and lengths hold */
		for (size_t i = 0; i < w->nr; i++)
			w->plan[i].len = (size_t)(w->st->index.box[i + 1] - w->st->index.box[i]);
		return 0;
	}
	crypto_generichash_init(&w->root, NULL, 0, KST1_HASH);
	crypto_generichash_update(&w->root, (const uint8_t *)"KST1data", 8);
	kst_buf_le32(&w->index, (uint32_t)w->nr);
	for (size_t i = 0; i < w->nr; i++) {
		struct plan *p = &w->plan[i];
		if ((p->how == MADE ? plan_made(w, p, err) : plan_old(w, p, err)) < 0)
			return -1;
		data_len += p->len;
	}
	if (w->index.failed)
		return kst_error_nomem(err);
	if (data_len > KST1_DATA_MAX || w->index.len + KST1_PAD + KST1_SEAL > KST1_INDEX_MAX)
		return kst_error_setx(err, KST_E_LIMIT, "the store would be too large");
	crypto_generichash_final(&w->root, w->h.data_root, KST1_HASH);
	w->h.data_len = data_len;
	if (w->h.sealed) {
		struct kst_bytes plain = { w->index.data, w->index.len };
		if (kst1_index_seal(stored, &plain, &w->h, w->keys, err) < 0)
			return -1;
	}
	const struct kst_buf *out = w->h.sealed ? stored : &w->index;
	w->h.index_len = out->len;
	kst1_hash(w->h.index_hash, out->data, out->len);
	return 0;
}

/* ---- pass two ---- */

static int put_box(struct writer *w, struct kst1_out *o, struct plan *p, struct kst_error *err)
{
	struct kst1_fields f;
	if (p->how == MADE)
		return kst1_out_put(o, p->box, p->len, err);
	kst1_index_fields(&w->st->index, p->base, &f);
	if (p->how == RESEAL) {
		if (reseal(w, p, &f, err) < 0)
			return -1;
		return kst1_out_put(o, w->scratch.data, w->scratch.len, err);
	}
	uint8_t hash[KST1_HASH];
	size_t n;
	const uint8_t *box = kst1_state_box(w->st, w->io, p->base, &w->w, &f, &n, err);
	if (!box)
		return -1;
	kst1_hash(hash, box, n);
	if (memcmp(hash, f.f[KST1_F_BOX].data + 4, KST1_HASH))
		return kst_error_setx(err, KST_E_ENTRY,
				      "entry '%s': its bytes are not the ones that were signed",
				      kst1_show(&p->alias, &w->scratch));
	return kst1_out_put(o, box, n, err);
}

/* The index of the old file, hashed again on the way. */
static int copy_index(struct writer *w, struct kst1_out *o, struct kst_error *err)
{
	uint64_t at = KST1_HEADER, end = at + w->h.index_len;
	uint8_t piece[16384], hash[KST1_HASH];
	crypto_generichash_state s;
	crypto_generichash_init(&s, NULL, 0, KST1_HASH);
	while (at < end) {
		size_t n = end - at < sizeof(piece) ? (size_t)(end - at) : sizeof(piece);
		if (w->io->source.read_at(w->io->source.ctx, at, piece, n, err) < 0 ||
		    kst1_out_put(o, piece, n, err) < 0)
			return -1;
		crypto_generichash_update(&s, piece, n);
		at += n;
	}
	crypto_generichash_final(&s, hash, sizeof(hash));
	if (memcmp(hash, w->h.index_hash, sizeof(hash)))
		return kst_error_setx(err, KST_E_INDEX, "the index is not the one that was signed");
	return 0;
}

static int pass_two(struct writer *w, const uint8_t raw[KST1_HEADER], const struct kst_buf *stored,
		    struct kst_error *err)
{
	struct kst1_out o;
	const struct kst_buf *index = w->h.sealed ? stored : &w->index;
	if (kst1_out_init(&o, w->io, err) < 0)
		return -1;
	int r = kst1_out_put(&o, raw, KST1_HEADER, err);
	if (!r)
		r = w->same ? copy_index(w, &o, err)
			    : kst1_out_put(&o, index->data, index->len, err);
	for (size_t i = 0; !r && i < w->nr; i++) {
		kst_progress_step(w->io->progress, "writing", i, w->nr);
		r = put_box(w, &o, &w->plan[i], err);
	}
	if (!r)
		r = kst1_out_put(&o, raw, KST1_HEADER, err);
	if (!r)
		r = kst1_out_flush(&o, err);
	kst1_out_release(&o);
	return r;
}

/* What verify() will look for in the bytes that come back from the disk. */
static int remember(struct writer *w, const uint8_t raw[KST1_HEADER], struct kst_error *err)
{
	struct kst1_state *st = w->st;
	size_t n = 0;
	for (size_t i = 0; i < w->nr; i++)
		n += w->plan[i].how != COPY;
	kst_free(st->made_box);
	st->nr_made_box = 0;
	st->made_box = kst_calloc(n + 1, sizeof(*st->made_box));
	if (!st->made_box)
		return kst_error_nomem(err);
	for (size_t i = 0; i < w->nr; i++)
		if (w->plan[i].how != COPY)
			st->made_box[st->nr_made_box++] =
				(struct kst1_made_box){ i, w->plan[i].item };
	memcpy(st->meant, raw, KST1_HEADER);
	st->written = true;
	return 0;
}

static int next_header(struct writer *w, struct kst_error *err)
{
	struct kst1_state *st = w->st;
	w->h = st->h;
	memcpy(w->h.slot, st->slot, sizeof(st->slot));
	w->h.modified = (uint64_t)kst_time_now();
	w->keys = &st->keys;
	if (st->rekeyed) {
		/* the count starts again under the new key: nobody who held the old one can have
		 * used it up */
		w->keys = &st->next;
		memcpy(w->h.sign_pk, st->next.sign_pk, 32);
		w->h.generation = 1;
		return 0;
	}
	if (w->h.generation == UINT64_MAX) {
		kst_error_setx(err, KST_E_LIMIT, "the store has had its last generation");
		return kst_error_hint(err, "kstool rekey begins a new count");
	}
	w->h.generation++;
	return 0;
}

int kst1_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct writer w = { .io = io, .m = from };
	struct kst_buf stored = KST_BUF_INIT;
	uint8_t raw[KST1_HEADER];
	int r = -1;

	if (!from->state && kst1_state_fresh(io, from, err) < 0)
		return -1;
	w.st = from->state;
	if (kst1_state_unlock(w.st, io, KST_NEED_ADMIN, &from->info.passphrase, err) < 0 ||
	    kst1_first_slots(io, from, err) < 0 ||
	    kst1_index_open(&w.st->index, &w.st->h, &w.st->keys, err) < 0 ||
	    next_header(&w, err) < 0 || make_plan(&w, err) < 0 || pass_one(&w, &stored, err) < 0 ||
	    kst1_header_build(raw, &w.h, w.keys, err) < 0 ||
	    pass_two(&w, raw, &stored, err) < 0 || remember(&w, raw, err) < 0)
		goto done;
	r = 0;
done:
	for (size_t i = 0; w.plan && i < w.nr; i++)
		kst_free(w.plan[i].box);
	kst_free(w.plan);
	kst_buf_release(&w.index);
	kst_buf_release(&stored);
	kst_buf_release(&w.scratch);
	kst1_window_release(&w.w);
	kst1_opened_release(&w.old);
	return r;
}
