/* SPDX-License-Identifier: ISC */
/*
 * kst1_verify.c - what came back from the disk, and the way back to an older content
 *
 * The header holds hashes of all other bytes, so a file whose header is the one
 * that was meant and whose hashes fit is the file that was meant.  What was made
 * anew is opened as well: with bad memory a box or a slot can be signed and yet
 * open for nobody.
 */
#include "kst1.h"

#include <string.h>

#include <sodium.h>

#include "kstool/time.h"

static int verify_slots(const struct kst1_state *st, const struct kst1_state *back,
			struct kst_error *err)
{
	struct kst_secret payload KST_SCRATCH_SECRET = KST_SECRET_INIT;
	const struct kst1_keys *keys = kst1_keys_of(&back->keys);
	for (unsigned i = 0; i < KST1_SLOTS; i++) {
		if (!st->made[i].type)
			continue;
		int r = kst1_slot_open(&back->h, i, &st->made[i], &payload, err);
		if (r < 0)
			return -1;
		if (r || sodium_memcmp(payload.data,
				       kst1_slot_is_admin(back->h.slot[i]) ? keys->root : keys->read,
				       KST1_KEY))
			return kst_error_setx(err, KST_E_READ_BACK,
					      "slot %u does not open with its own secret", i);
	}
	return 0;
}

static int verify_box(struct kst_io *io, const struct kst1_state *st, struct kst1_state *back,
		      const struct kst_model *meant, const struct kst1_made_box *b,
		      struct kst_error *err)
{
	struct kst1_opened o = { .raw = NULL };
	struct kst_error local = KST_ERROR_INIT;
	(void)st;
	int r = kst1_state_entry(back, io, b->at, &o, &local);
	if (r < 0 && local.code == KST_E_UNSUPPORTED_FEATURE) {
		/* a kind of a later version, sealed again by rekey: it must at least open */
		r = kst1_box_open(&o.box, &back->h, &back->keys, &o.plain, err) ? -1 : 0;
	} else if (!r && b->item < meant->nr && meant->item[b->item].entry) {
		const struct kst_entry *e = meant->item[b->item].entry;
		const struct kst_secret *s = e->key && e->key->pkcs8.len ? &e->key->pkcs8 : &e->secret;
		enum kst1_field f = o.kind == KST1_SECRET ? KST1_F_SECRET : KST1_F_KEY;
		if (s->len && (!kst1_has(&o.fields, f) || o.fields.f[f].len != s->len ||
			       sodium_memcmp(o.fields.f[f].data, s->data, s->len)))
			r = -1;
	}
	kst1_opened_release(&o);
	if (r < 0) {
		kst_error_setx(err, KST_E_READ_BACK, "entry %zu is not what was meant", b->at + 1);
		if (local.code)
			kst_error_detail(err, "%s", local.message);
	}
	return r;
}

int kst1_verify(struct kst_io *io, struct kst_model *meant, struct kst_error *err)
{
	const struct kst1_state *st = meant->state;
	struct kst1_state *back;
	struct kst_error local = KST_ERROR_INIT;
	size_t boxes, twice;
	bool unique = true;
	int r = -1;

	if (!st || !st->written)
		return kst_error_setx(err, KST_E_INTERNAL, "nothing was written");
	back = kst1_state_new();
	if (!back)
		return kst_error_nomem(err);
	/* the header vouches for every other byte: it must be the one that was meant */
	if (kst1_header_read(io, &back->h, back->raw, &local) < 0 ||
	    memcmp(back->raw, st->meant, KST1_HEADER) ||
	    kst1_index_read(&back->index, &back->h, io, &local) < 0 ||
	    kst1_data_root(io, &back->h, &boxes, &local)) {
		kst_error_setx(err, KST_E_READ_BACK, "the file is not what was written");
		if (local.code)
			kst_error_detail(err, "%s", local.message);
		goto done;
	}
	const struct kst1_keyring *keys = st->rekeyed ? &st->next : &st->keys;
	if (kst1_keyring_root(&back->keys, kst1_keys_of(keys)->root, err) < 0)
		goto done;
	if (kst1_index_open(&back->index, &back->h, &back->keys, &local) < 0 ||
	    kst1_ids_unique(&back->index, &twice, &unique, &local) < 0 || !unique) {
		kst_error_setx(err, KST_E_READ_BACK, "the index is not what was meant");
		if (local.code)
			kst_error_detail(err, "%s", local.message);
		goto done;
	}
	r = 0;
	for (size_t i = 0; !r && i < st->nr_made_box; i++) {
		kst_progress_step(io->progress, "verifying", i, st->nr_made_box);
		r = verify_box(io, st, back, meant, &st->made_box[i], err);
	}
	if (!r)
		r = verify_slots(st, back, err);
done:
	kst1_state_release(back);
	return r;
}

/* ---- undo ---- */

int kst1_restore(struct kst_io *io, struct kst_model *m, struct kst_io *backup,
		 struct kst_error *err)
{
	struct kst1_state *st = m->state;
	struct kst1_state *old = kst1_state_new();
	struct kst1_out o = { .buf = NULL };
	uint8_t raw[KST1_HEADER];
	size_t boxes;
	int r = -1;

	if (!old)
		return kst_error_nomem(err);
	if (kst1_state_unlock(st, io, KST_NEED_ADMIN, &m->info.passphrase, err) < 0)
		goto done;
	if (kst1_header_read(backup, &old->h, old->raw, err) < 0)
		goto done;
	if (memcmp(old->h.sign_pk, st->h.sign_pk, 32) ||
	    memcmp(old->h.store_id, st->h.store_id, KST1_ID)) {
		kst_error_setx(err, KST_E_RE_SIGNED,
			       "the backup is of another store, or from before a rekey");
		goto done;
	}
	if (kst1_index_read(&old->index, &old->h, backup, err) < 0)
		goto done;
	r = kst1_data_root(backup, &old->h, &boxes, err);
	if (r) {
		if (r > 0)
			r = kst_error_setx(err, KST_E_DATA_ROOT,
					   "the entries of the backup are not the ones signed");
		goto done;
	}
	r = -1;
	old->h.generation = st->h.generation + 1;
	if (!old->h.generation) {
		kst_error_setx(err, KST_E_LIMIT, "the store has had its last generation");
		goto done;
	}
	old->h.modified = (uint64_t)kst_time_now();
	if (kst1_header_build(raw, &old->h, &st->keys, err) < 0 || kst1_out_init(&o, io, err) < 0)
		goto done;
	r = kst1_out_put(&o, raw, KST1_HEADER, err);
	if (!r)
		r = kst1_out_copy(&o, backup, KST1_HEADER, old->h.index_len + old->h.data_len, err);
	if (!r)
		r = kst1_out_put(&o, raw, KST1_HEADER, err);
	if (!r)
		r = kst1_out_flush(&o, err);
	if (!r) {
		memcpy(st->meant, raw, KST1_HEADER);
		st->nr_made_box = 0;
		st->written = true;
	}
done:
	kst1_out_release(&o);
	kst1_state_release(old);
	return r;
}
