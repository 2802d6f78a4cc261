/* SPDX-License-Identifier: ISC */
/*
 * kst1_search.c - which boxes of a damaged store does its signature still vouch for
 *
 * In this order: a good index lists the hashes; all boxes give the data root;
 * the readable beginning of a damaged index together with the boxes gives it (one
 * lost block at the border takes the end of the index and the first boxes).  What
 * is left is found by its shape and proves nothing.
 */
#include "kst1_repair.h"

#include <string.h>

#include <sodium.h>

#include "kstool/alloc.h"

static int push(struct kst1_scene *s, const struct kst1_piece *p, struct kst_error *err)
{
	/* doubling: a hundred thousand pieces are no rarity */
	if (!(s->nr & (s->nr - 1))) {
		size_t size = s->nr ? 2 * s->nr : 1;
		struct kst1_piece *more = kst_realloc(s->piece, size * sizeof(*more));
		if (!more)
			return kst_error_nomem(err);
		s->piece = more;
	}
	s->piece[s->nr++] = *p;
	return 0;
}

static void forget(struct kst1_scene *s)
{
	for (size_t i = 0; i < s->nr; i++)
		kst_free(s->piece[i].alias);
	s->nr = 0;
}

static uint64_t physical(const struct kst1_scene *s, int view, uint64_t offset)
{
	return offset + (uint64_t)s->at[view].shift;
}

/* n bytes of the file as seen from one end, if they are all there.  What the disk cannot give is
 * lost like what it gives wrong; the sectors around it are not. */
static const uint8_t *see(struct kst1_scene *s, int view, uint64_t offset, size_t n)
{
	struct kst_io *io = s->at[view].io;
	uint64_t at = physical(s, view, offset);
	if (at > io->source.size || n > io->source.size - at)
		return NULL;
	const uint8_t *p = kst1_window_get(&s->w, io, at, n, io->source.size, NULL);
	return p ? p : kst1_window_get(&s->w, io, at, n, at + n, NULL);
}

/* ---- by a good index ---- */

static int by_index(struct kst1_scene *s, struct kst_error *err)
{
	const struct kst1_index *x = &s->st->index;
	for (size_t i = 0; i < x->nr; i++) {
		struct kst1_piece p = { .record = i };
		struct kst1_fields f;
		uint64_t len = x->box[i + 1] - x->box[i];
		bool found = false;
		kst1_index_fields(x, i, &f);
		for (int v = 0; !found && v < s->nr_at; v++) {
			const uint8_t *box;
			if (len < KST1_BOX_HEAD || len > KST1_BOX_MAX)
				break;
			box = see(s, v, x->box[i], (size_t)len);
			if (!box)
				continue;
			kst1_hash(p.hash, box, (size_t)len);
			found = !memcmp(p.hash, f.f[KST1_F_BOX].data + 4, KST1_HASH);
			p.offset = physical(s, v, x->box[i]);
		}
		if (!found)
			continue;
		p.len = (size_t)len;
		p.alias = kst_strndup((const char *)f.f[KST1_F_ALIAS].data,
				      f.f[KST1_F_ALIAS].len);
		if (!p.alias)
			return kst_error_nomem(err);
		if (push(s, &p, err) < 0) {
			kst_free(p.alias);
			return -1;
		}
	}
	return 0;
}

/* ---- by the data root ---- */

/* What a damaged index says before it breaks: not believed before the data root has proved it. */
struct kst1_claim {
	uint32_t len;
	uint8_t hash[KST1_HASH];
	struct kst_bytes alias;
};

/* Decrypt without authentication: what comes out is a guess that the data root will judge. */
static void guess_plain(struct kst1_index *x, const struct kst1_header *h,
			const struct kst1_keyring *k)
{
	x->plain = x->buf;
	x->plain_len = x->buf_len;
	if (!h->sealed)
		return;
	uint8_t sub[32];
	crypto_core_hchacha20(sub, x->buf, kst1_keys_of(k)->index, NULL);
	x->plain = x->buf + KST1_NONCE;
	x->plain_len = x->buf_len - KST1_SEAL;
	/* counter 0 of the stream is the authenticator's key */
	crypto_stream_chacha20_xor_ic(x->buf + KST1_NONCE, x->plain, x->plain_len, x->buf + 16, 1,
				      sub);
	sodium_memzero(sub, sizeof(sub));
}

static int read_claims(struct kst1_scene *s, int view, struct kst_error *err)
{
	const struct kst1_header *h = &s->st->h;
	struct kst1_index *x = &s->st->index;
	struct kst_error local = KST_ERROR_INIT;
	struct kst1_fields f;
	const char *why;

	kst_free(s->claim);
	s->claim = NULL;
	s->nr_claim = 0;
	if (kst1_index_read(x, h, &s->io[view], &local) < 0 && local.code != KST_E_INDEX)
		return kst_error_setx(err, local.code, "%s", local.message);
	if (!x->buf)
		return 0; /* its length is impossible */
	guess_plain(x, h, &s->st->keys);
	size_t max = x->plain_len / KST1_RECORD_MIN + 1, pos = 4;
	if (x->plain_len < 4)
		return 0;
	uint32_t count = kst1_get32(x->plain);
	if (count < max)
		max = count;
	s->claim = kst_calloc(max + 1, sizeof(*s->claim));
	if (!s->claim)
		return kst_error_nomem(err);
	while (s->nr_claim < max && x->plain_len - pos >= 4) {
		uint32_t len = kst1_get32(x->plain + pos);
		if (len > x->plain_len - pos - 4 ||
		    kst1_tlv_parse(&f, KST1_RECORD, x->plain + pos + 4, len, &why) != KST_OK ||
		    !kst1_has(&f, KST1_F_BOX) || !kst1_has(&f, KST1_F_ALIAS))
			break;
		struct kst1_claim *c = &s->claim[s->nr_claim++];
		c->len = kst1_get32(f.f[KST1_F_BOX].data);
		memcpy(c->hash, f.f[KST1_F_BOX].data + 4, KST1_HASH);
		c->alias = f.f[KST1_F_ALIAS];
		pos += 4 + len;
	}
	return 0;
}

/*
 * Do `nr` claims and, behind them, boxes cut by their own lengths give the data
 * root?  Then each box whose bytes are there is pushed.  0 yes, 1 no, -1.
 */
static int by_root(struct kst1_scene *s, int view, size_t nr, struct kst_error *err)
{
	const struct kst1_header *h = &s->st->h;
	uint64_t at = KST1_HEADER + h->index_len, end = at + h->data_len;
	crypto_generichash_state root;
	uint8_t hash[KST1_HASH];

	crypto_generichash_init(&root, NULL, 0, KST1_HASH);
	crypto_generichash_update(&root, (const uint8_t *)"KST1data", 8);
	for (size_t i = 0; at < end || i < nr; i++) {
		struct kst1_piece p = { .record = KST_NO_BASE };
		struct kst1_box b;
		uint64_t len;
		const uint8_t *box;
		if (i < nr) {
			len = s->claim[i].len;
		} else {
			box = see(s, view, at, KST1_BOX_HEAD);
			if (!box)
				return 1;
			uint64_t sealed = kst1_get32(box + 4);
			len = KST1_BOX_HEAD + (uint64_t)kst1_get32(box) + sealed +
			      (sealed ? KST1_SEAL : 0);
		}
		if (len > end - at || len < KST1_BOX_HEAD || len > KST1_BOX_MAX)
			return 1;
		box = see(s, view, at, (size_t)len);
		if (box)
			kst1_hash(p.hash, box, (size_t)len);
		if (i >= nr && (!box || !kst1_box_split(&b, box, (size_t)len, true)))
			return 1;
		if (i < nr)
			memcpy(hash, s->claim[i].hash, KST1_HASH);
		else
			memcpy(hash, p.hash, KST1_HASH);
		crypto_generichash_update(&root, hash, KST1_HASH);
		if (box && !memcmp(hash, p.hash, KST1_HASH)) {
			p.offset = physical(s, view, at);
			p.len = (size_t)len;
			if (push(s, &p, err) < 0)
				return -1;
		}
		at += len;
	}
	crypto_generichash_final(&root, hash, sizeof(hash));
	return memcmp(hash, h->data_root, sizeof(hash)) ? 1 : 0;
}

/* Alias and fingerprint from the box itself.  0; 1 it cannot be read; -1. */
static int name_piece(struct kst1_scene *s, struct kst1_piece *p, const uint8_t *box,
		      struct kst_error *err)
{
	struct kst_error local = KST_ERROR_INIT;
	if (kst1_entry_check(&s->o, box, p->len, NULL, &s->st->h, &s->st->keys, &local) < 0) {
		if (local.code == KST_E_ENTRY || local.code == KST_E_UNSUPPORTED_FEATURE)
			return 1;
		return kst_error_setx(err, local.code, "%s", local.message);
	}
	const struct kst1_fields *f = &s->o.fields;
	p->alias = kst_strndup((const char *)f->f[KST1_F_ALIAS].data, f->f[KST1_F_ALIAS].len);
	if (!p->alias)
		return kst_error_nomem(err);
	if (kst1_has(f, KST1_F_CERTS)) {
		struct kst_cursor c;
		kst_cursor_init(&c, f->f[KST1_F_CERTS].data, f->f[KST1_F_CERTS].len);
		struct kst_bytes leaf = kst1_chain_next(&c);
		crypto_hash_sha256(p->sha256, leaf.data, leaf.len);
		p->has_sha256 = true;
	}
	return 0;
}

/* Proved pieces without a record get their names; one of a later kind cannot be listed again. */
static int name_all(struct kst1_scene *s, struct kst_error *err)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->nr; i++) {
		struct kst1_piece p = s->piece[i];
		const uint8_t *box = kst1_piece_box(s, &p, err);
		int r = box ? name_piece(s, &p, box, err) : -1;
		if (r < 0)
			return -1;
		s->piece[i].alias = NULL;
		if (!r)
			s->piece[kept++] = p;
		else
			s->skipped = true;
	}
	s->nr = kept;
	return 0;
}

/* ---- by shape ---- */

/* Bytes that may be decrypted in the search: a hostile file could make every offset look right. */
#define TRIALS (UINT64_C(4) << 30)

static bool shape(const struct kst1_header *h, const uint8_t *p, uint64_t left, size_t *len)
{
	static const uint8_t kind[] = { 2, 0, 1, 0, 0, 0 };
	uint64_t public = kst1_get32(p), sealed = kst1_get32(p + 4);
	uint64_t n = KST1_BOX_HEAD + public + sealed + (sealed ? KST1_SEAL : 0);
	if (public + sealed > KST1_ENTRY_MAX || n > left)
		return false;
	if (h->sealed ? public || !sealed : memcmp(p + KST1_BOX_HEAD, kind, sizeof(kind)) != 0)
		return false;
	*len = (size_t)n;
	return true;
}

static int by_shape(struct kst1_scene *s, struct kst_error *err)
{
	struct kst_io *io = s->at[0].io;
	uint64_t at = KST1_HEADER, end = io->source.size, trials = 0;
	const size_t least = KST1_BOX_HEAD + 6;
	s->unproved = true;
	while (end - at >= least) {
		size_t len;
		struct kst1_piece p = { .record = KST_NO_BASE, .offset = at };
		const uint8_t *box = kst1_window_get(&s->w, io, at, least, end, err);
		if (!box)
			return -1;
		if (!shape(&s->st->h, box, end - at, &len) || trials + len > TRIALS) {
			at++;
			s->skipped = true;
			continue;
		}
		trials += len;
		box = kst1_window_get(&s->w, io, at, len, end, err);
		if (!box)
			return -1;
		p.len = len;
		kst1_hash(p.hash, box, len);
		int r = name_piece(s, &p, box, err);
		if (r < 0)
			return -1;
		if (r) {
			at++;
			s->skipped = true;
			continue;
		}
		if (push(s, &p, err) < 0) {
			kst_free(p.alias);
			return -1;
		}
		at += len;
	}
	return 0;
}

/* ---- all of it ---- */

/* 0 the index is good and open, 1 it is not, -1 */
static int good_index(struct kst1_scene *s, struct kst_error *err)
{
	for (int v = 0; v < s->nr_at; v++) {
		struct kst_error local = KST_ERROR_INIT;
		if (kst1_index_read(&s->st->index, &s->st->h, &s->io[v], &local) == 0 &&
		    kst1_index_open(&s->st->index, &s->st->h, &s->st->keys, &local) == 0)
			return 0;
		if (local.code != KST_E_INDEX)
			return kst_error_setx(err, local.code, "%s", local.message);
	}
	return 1;
}

int kst1_scene_search(struct kst1_scene *s, struct kst_error *err)
{
	int r = good_index(s, err);
	if (r < 0)
		return -1;
	if (!r)
		return by_index(s, err);
	for (int v = 0; v < s->nr_at; v++) {
		if (read_claims(s, v, err) < 0)
			return -1;
		/* no claims at all; as many as there are; the last one may be half damaged */
		size_t use[3] = { 0, s->nr_claim, s->nr_claim ? s->nr_claim - 1 : 0 };
		for (int i = 0; i < 3; i++) {
			forget(s);
			r = by_root(s, v, use[i], err);
			if (r < 0)
				return -1;
			if (!r) {
				s->nr_claim = use[i];
				return name_all(s, err);
			}
		}
	}
	forget(s);
	kst_free(s->claim);
	s->claim = NULL;
	s->nr_claim = 0;
	return by_shape(s, err);
}

int kst1_scene_losses(struct kst1_scene *s, struct kst_repair *out, struct kst_error *err)
{
	static const char gone[] = "its bytes are not the ones that were signed";
	const struct kst1_index *x = &s->st->index;
	if (x->ready) {
		/* pieces are in the order of the index */
		for (size_t i = 0, k = 0; i < x->nr; i++) {
			if (k < s->nr && s->piece[k].record == i) {
				k++;
				continue;
			}
			struct kst_bytes alias = kst1_index_alias(x, i);
			if (kst1_lose(out, &alias, NULL, false, gone, err) < 0)
				return -1;
		}
		return 0;
	}
	if (s->unproved)
		return 0;
	for (size_t i = 0, k = 0; i < s->nr_claim; i++) {
		const struct kst_bytes *alias = &s->claim[i].alias;
		if (k < s->nr && strlen(s->piece[k].alias) == alias->len &&
		    !memcmp(s->piece[k].alias, alias->data, alias->len)) {
			k++;
			continue;
		}
		if (kst1_lose(out, alias, NULL, false, gone, err) < 0)
			return -1;
	}
	if (s->skipped)
		return kst1_lose(out, NULL, NULL, false,
				 "an entry of a sort that this version cannot list again", err);
	return 0;
}
