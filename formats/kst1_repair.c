/* SPDX-License-Identifier: ISC */
/*
 * kst1_repair.c - recover what can be proved into a new file
 *
 * The result is signed with the store's own key, so nothing may come into it on
 * the word of the damaged file alone: whoever can write the file could put an old
 * entry, or in an open store any certificate, in the place of one and break the
 * index.  A box is proved if a signed hash vouches for it (kst1.md 4.11).
 */
#include "kst1_repair.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kstool/alloc.h"
#include "kstool/text.h"
#include "kstool/time.h"

/* ---- the damaged file: bytes that are not there are zero ---- */

int kst1_damaged_read(void *ctx, uint64_t offset, void *buf, size_t n, struct kst_error *err)
{
	const struct kst1_damaged *d = ctx;
	uint8_t *out = buf;
	uint64_t size = d->io->source.size;
	uint64_t at = offset + (uint64_t)d->shift; /* wraps to a huge offset if it is before 0 */
	memset(out, 0, n);
	if (d->shift < 0 && offset < (uint64_t)-d->shift) {
		uint64_t before = (uint64_t)-d->shift - offset;
		if (before >= n)
			return 0;
		out += before;
		n -= (size_t)before;
		at = 0;
	}
	if (at >= size)
		return 0;
	if (n > size - at)
		n = (size_t)(size - at);
	return d->io->source.read_at(d->io->source.ctx, at, out, n, err);
}

void kst1_scene_release(struct kst1_scene *s)
{
	for (size_t i = 0; i < s->nr; i++)
		kst_free(s->piece[i].alias);
	kst_free(s->piece);
	kst_free(s->claim);
	kst1_state_release(s->st);
	kst1_window_release(&s->w);
	kst1_opened_release(&s->o);
	*s = (struct kst1_scene){ .st = NULL };
}

/* ---- headers ---- */

/* Steps 1, 4, 5 and 6 on 4096 bytes somewhere in the file.  0 good, 1 not, -1. */
static int take_header(struct kst_io *io, uint64_t at, struct kst1_scene *s, struct kst_error *pin,
		       struct kst_error *err)
{
	static const struct kst_read_options none;
	char name[64];
	struct kst1_state *st = kst1_state_new();
	if (!st)
		return kst_error_nomem(err);
	int r = io->source.read_at(io->source.ctx, at, st->raw, KST1_HEADER, err);
	if (!r && (!kst1_header_magic(st->raw, KST1_HEADER) || !kst1_header_signed(st->raw) ||
		   kst1_header_parse(&st->h, st->raw, NULL) < 0 ||
		   st->h.index_len > KST1_INDEX_MAX || st->h.data_len > KST1_DATA_MAX ||
		   kst1_signer_check(&st->h, io->read ? io->read : &none, &st->pinned, name,
				     pin) < 0))
		r = 1;
	if (r) {
		kst1_state_release(st);
		return r;
	}
	memcpy(st->slot, st->h.slot, sizeof(st->slot));
	uint64_t want = 2 * KST1_HEADER + st->h.index_len + st->h.data_len;
	s->st = st;
	s->at[0] = (struct kst1_damaged){ io, 0 };
	s->at[1] = (struct kst1_damaged){ io, (int64_t)(io->source.size - want) };
	s->nr_at = io->source.size == want ? 1 : 2;
	for (int i = 0; i < 2; i++) {
		s->io[i] = *io;
		s->io[i].source = (struct kst_source){ .size = want,
						       .read_at = kst1_damaged_read,
						       .ctx = &s->at[i] };
	}
	return 0;
}

/* The good headers, at most two; how many, or -1. */
static int take_headers(struct kst_io *io, struct kst1_scene s[2], struct kst_repair *out,
			struct kst_error *err)
{
	struct kst_error pin = KST_ERROR_INIT;
	uint64_t place[2] = { 0, io->source.size - KST1_HEADER };
	int n = 0;

	if (io->source.size < KST1_HEADER)
		return kst_error_setx(err, KST_E_NOTHING_TO_SAVE,
				      "the file is too short to hold a header");
	for (int i = 0; i < 2; i++) {
		int r = take_header(io, place[i], &s[n], &pin, err);
		if (r < 0)
			return -1;
		if (!r && n && !memcmp(s[0].st->raw, s[1].st->raw, KST1_HEADER)) {
			kst1_scene_release(&s[1]);
			r = 1;
		}
		n += !r;
	}
	if (!n && pin.code)
		return kst_error_setx(err, pin.code, "%s", pin.message);
	if (!n)
		return kst_error_setx(err, KST_E_NOTHING_TO_SAVE,
				      "neither header is good: nothing can be recovered");
	out->generation[0] = s[0].st->h.generation;
	out->generation[1] = s[n - 1].st->h.generation;
	return n;
}

/* Two headers of one root open with one secret. */
static int unlock_scenes(struct kst_io *io, struct kst1_scene s[2], int *n, struct kst_error *err)
{
	struct kst_error local = KST_ERROR_INIT;
	int good = 0;
	for (int i = 0; i < *n; i++) {
		int r;
		if (i && good && !memcmp(s[0].st->h.sign_pk, s[i].st->h.sign_pk, 32))
			r = kst1_keyring_root(&s[i].st->keys, kst1_keys_of(&s[0].st->keys)->root,
					      &local);
		else
			r = kst1_state_unlock(s[i].st, io, KST_NEED_ADMIN, NULL, &local);
		if (r < 0) {
			kst1_scene_release(&s[i]);
			continue;
		}
		if (good != i) {
			s[good] = s[i];
			s[i] = (struct kst1_scene){ .st = NULL };
			for (int k = 0; k < 2; k++)
				s[good].io[k].source.ctx = &s[good].at[k];
		}
		good++;
	}
	*n = good;
	if (good)
		return 0;
	if (err && !err->code)
		*err = local;
	return -1;
}

/* ---- who is lost ---- */

int kst1_lose(struct kst_repair *out, const struct kst_bytes *alias, const uint8_t *sha256,
	      bool accepted, const char *reason, struct kst_error *err)
{
	/* doubling, as for the pieces: all of a large store may be lost */
	if (!(out->nr_lost & (out->nr_lost - 1))) {
		size_t size = out->nr_lost ? 2 * out->nr_lost : 1;
		struct kst_lost *more = kst_realloc(out->lost, size * sizeof(*more));
		if (!more)
			return kst_error_nomem(err);
		out->lost = more;
	}
	struct kst_lost l = { .accepted = accepted, .has_sha256 = sha256 != NULL };
	l.alias = alias ? kst_strndup((const char *)alias->data, alias->len) : NULL;
	l.reason = kst_strdup(reason);
	if (sha256)
		memcpy(l.sha256, sha256, 32);
	if (!l.reason || (alias && !l.alias)) {
		kst_free(l.reason);
		kst_free(l.alias);
		return kst_error_nomem(err);
	}
	out->lost[out->nr_lost++] = l;
	return 0;
}

/* An alias that was found twice says nothing: one of the two is not ours. */
static bool is_alone(const struct kst1_scene *s, const char *alias)
{
	size_t n = 0;
	for (size_t i = 0; i < s->nr; i++)
		n += !strcmp(s->piece[i].alias, alias);
	return n == 1;
}

/* What was asked for: alias, or sha256: and 8 digits or more of the fingerprint. */
static bool is_accepted(const struct kst1_piece *p, const struct kst1_scene *s,
			const char *const *accept)
{
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;
	if (accept && p->has_sha256)
		kst_text_hex(&hex, p->sha256, 32);
	for (; accept && *accept; accept++) {
		size_t n = strlen(*accept);
		if (!strncmp(*accept, "sha256:", 7) && n >= 7 + 8 && n <= 7 + 64 && hex.len &&
		    !strncasecmp(*accept + 7, (const char *)hex.data, n - 7))
			return true;
		if (!strcmp(*accept, p->alias) && is_alone(s, p->alias))
			return true;
	}
	return false;
}

/* Unproved pieces become lost ones, or, if the user took them, pieces like the others. */
static int settle_unproved(struct kst1_scene *s, struct kst_repair *out, const char *const *accept,
			   struct kst_error *err)
{
	bool keep;
	size_t kept = 0;
	if (!s->unproved)
		return 0;
	bool *take = kst_calloc(s->nr + 1, sizeof(*take));
	if (!take)
		return kst_error_nomem(err);
	for (size_t i = 0; i < s->nr; i++)
		take[i] = is_accepted(&s->piece[i], s, accept);
	for (size_t i = 0; i < s->nr; i++) {
		struct kst1_piece *p = &s->piece[i];
		struct kst_bytes alias = { (const uint8_t *)p->alias, strlen(p->alias) };
		keep = take[i];
		for (size_t k = 0; keep && k < kept; k++)
			keep = strcmp(s->piece[k].alias, p->alias) != 0;
		if (kst1_lose(out, &alias, p->has_sha256 ? p->sha256 : NULL, keep,
			      keep ? "nothing proves it; taken because it was asked for"
				   : "it was found, but nothing proves that it is the one that "
				     "was signed",
			      err) < 0) {
			kst_free(take);
			return -1;
		}
		struct kst1_piece found = *p;
		p->alias = NULL;
		if (keep)
			s->piece[kept++] = found;
		else
			kst_free(found.alias);
	}
	kst_free(take);
	s->nr = kept;
	if (s->skipped)
		return kst1_lose(out, NULL, NULL, false,
				 "bytes that hold no entry any more: what was there cannot be named",
				 err);
	return 0;
}

/* ---- the new file ---- */

static int piece_order(const void *a, const void *b)
{
	return strcmp(((const struct kst1_piece *)a)->alias, ((const struct kst1_piece *)b)->alias);
}

const uint8_t *kst1_piece_box(struct kst1_scene *s, const struct kst1_piece *p,
			      struct kst_error *err)
{
	uint8_t hash[KST1_HASH];
	const uint8_t *box = kst1_window_get(&s->w, s->at[0].io, p->offset, p->len,
					     s->at[0].io->source.size, err);
	if (!box)
		return NULL;
	kst1_hash(hash, box, p->len);
	if (memcmp(hash, p->hash, KST1_HASH)) {
		kst_error_setx(err, KST_E_ENTRY, "the file changed while it was read");
		return NULL;
	}
	return box;
}

static int put_record(struct kst1_scene *s, const struct kst1_piece *p, struct kst_buf *index,
		      struct kst_error *err)
{
	if (p->record != KST_NO_BASE) {
		struct kst_bytes r = kst1_index_record(&s->st->index, p->record);
		kst_buf_le32(index, (uint32_t)r.len);
		kst_buf_put(index, r.data, r.len);
		return index->failed ? kst_error_nomem(err) : 0;
	}
	const uint8_t *box = kst1_piece_box(s, p, err);
	if (!box || kst1_entry_check(&s->o, box, p->len, NULL, &s->st->h, &s->st->keys, err) < 0)
		return -1;
	return kst1_record_put(index, &s->o.fields, s->o.box.id, box, p->len, NULL, err);
}

static int write_repaired(struct kst_io *io, struct kst1_scene *s, uint64_t generation,
			  struct kst_error *err)
{
	struct kst_buf index KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst1_header h = s->st->h;
	struct kst1_out o = { .buf = NULL };
	uint8_t raw[KST1_HEADER];
	struct kst_buf hashes KST_SCRATCH_BUF = KST_BUF_INIT;

	if (s->nr) /* no pointer behind nothing: undefined for qsort */
		qsort(s->piece, s->nr, sizeof(*s->piece), piece_order);
	kst_buf_le32(&index, (uint32_t)s->nr);
	kst_buf_puts(&hashes, "KST1data");
	h.data_len = 0;
	for (size_t i = 0; i < s->nr; i++) {
		if (put_record(s, &s->piece[i], &index, err) < 0)
			return -1;
		kst_buf_put(&hashes, s->piece[i].hash, KST1_HASH);
		h.data_len += s->piece[i].len;
	}
	if (index.failed || hashes.failed)
		return kst_error_nomem(err);
	kst1_hash(h.data_root, hashes.data, hashes.len);
	struct kst_bytes plain = { index.data, index.len };
	if (h.sealed && kst1_index_seal(&sealed, &plain, &h, &s->st->keys, err) < 0)
		return -1;
	const struct kst_buf *stored = h.sealed ? &sealed : &index;
	h.index_len = stored->len;
	kst1_hash(h.index_hash, stored->data, stored->len);
	h.generation = generation;
	h.modified = (uint64_t)kst_time_now();
	if (kst1_header_build(raw, &h, &s->st->keys, err) < 0 || kst1_out_init(&o, io, err) < 0)
		return -1;
	int r = kst1_out_put(&o, raw, KST1_HEADER, err);
	if (!r)
		r = kst1_out_put(&o, stored->data, stored->len, err);
	for (size_t i = 0; !r && i < s->nr; i++) {
		const uint8_t *box = kst1_piece_box(s, &s->piece[i], err);
		r = box ? kst1_out_put(&o, box, s->piece[i].len, err) : -1;
	}
	if (!r)
		r = kst1_out_put(&o, raw, KST1_HEADER, err);
	if (!r)
		r = kst1_out_flush(&o, err);
	kst1_out_release(&o);
	return r;
}

int kst1_repair(struct kst_io *io, struct kst_repair *out, const char *const *accept,
		struct kst_error *err)
{
	struct kst1_scene s[2] = { { .st = NULL }, { .st = NULL } };
	struct kst1_scene *best = &s[0];
	uint64_t last = 0;
	int r = -1;

	memset(out, 0, sizeof(*out));
	int n = take_headers(io, s, out, err);
	if (n < 0 || unlock_scenes(io, s, &n, err) < 0)
		goto done;
	for (int i = 0; i < n; i++) {
		if (kst1_scene_search(&s[i], err) < 0)
			goto done;
		size_t here = s[i].unproved ? 0 : s[i].nr, there = best->unproved ? 0 : best->nr;
		if (i && (here > there || (here == there && s[i].st->h.generation >
								     best->st->h.generation)))
			best = &s[i];
	}
	/* beyond both headers of this signer, or a pin would see a rollback in the repaired store */
	for (int i = 0; i < n; i++)
		if (!memcmp(s[i].st->h.sign_pk, best->st->h.sign_pk, 32) &&
		    s[i].st->h.generation > last)
			last = s[i].st->h.generation;
	if (last == UINT64_MAX) {
		kst_error_setx(err, KST_E_LIMIT, "the store has had its last generation");
		goto done;
	}
	if (kst1_scene_losses(best, out, err) < 0)
		goto done;
	out->proved = best->unproved ? 0 : best->nr;
	if (settle_unproved(best, out, accept, err) < 0)
		goto done;
	r = write_repaired(io, best, last + 1, err);
done:
	kst1_scene_release(&s[0]);
	kst1_scene_release(&s[1]);
	return r;
}
