/* SPDX-License-Identifier: ISC */
/*
 * kst1_check.c - is every bit the one that was signed, and if not, which are not
 *
 * A reader stops at the first fault; here as many as can be told apart are
 * collected, each with its bytes.  The first finding is the fault at which a
 * reader would stop.
 */
#include "kst1.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "kstool/alloc.h"

static int found(struct kst_check *out, struct kst_error *err, enum kst_code code, uint64_t offset,
		 uint64_t length, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

static int found(struct kst_check *out, struct kst_error *err, enum kst_code code, uint64_t offset,
		 uint64_t length, const char *fmt, ...)
{
	va_list ap;
	/* doubling: of a hundred thousand entries all may be damaged */
	if (!(out->nr & (out->nr - 1))) {
		size_t size = out->nr ? 2 * out->nr : 1;
		struct kst_finding *more = kst_realloc(out->finding, size * sizeof(*more));
		if (!more)
			return kst_error_nomem(err);
		out->finding = more;
	}
	struct kst_finding *f = &out->finding[out->nr++];
	*f = (struct kst_finding){ .code = code, .offset = offset, .length = length };
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	out->whole = false;
	return 0;
}

int kst1_data_root(struct kst_io *io, const struct kst1_header *h, size_t *boxes,
		   struct kst_error *err)
{
	crypto_generichash_state s;
	struct kst1_window w = { .buf = NULL };
	uint8_t hash[KST1_HASH];
	uint64_t at = KST1_HEADER + h->index_len, end = at + h->data_len;
	int r = 1;

	*boxes = 0;
	crypto_generichash_init(&s, NULL, 0, KST1_HASH);
	crypto_generichash_update(&s, (const uint8_t *)"KST1data", 8);
	while (at < end) {
		struct kst1_box box;
		const uint8_t *data;
		if (end - at < KST1_BOX_HEAD)
			goto done;
		data = kst1_window_get(&w, io, at, KST1_BOX_HEAD, end, err);
		if (!data) {
			r = -1;
			goto done;
		}
		uint64_t sealed = kst1_get32(data + 4);
		uint64_t n = kst1_get32(data) + sealed;
		if (n > KST1_ENTRY_MAX)
			goto done;
		n += KST1_BOX_HEAD + (sealed ? KST1_SEAL : 0);
		if (n > end - at)
			goto done;
		data = kst1_window_get(&w, io, at, (size_t)n, end, err);
		if (!data) {
			r = -1;
			goto done;
		}
		if (!kst1_box_split(&box, data, (size_t)n, true))
			goto done;
		kst1_hash(hash, data, (size_t)n);
		crypto_generichash_update(&s, hash, sizeof(hash));
		at += n;
		++*boxes;
	}
	crypto_generichash_final(&s, hash, sizeof(hash));
	r = memcmp(hash, h->data_root, sizeof(hash)) ? 1 : 0;
done:
	kst1_window_release(&w);
	return r;
}

/* ---- steps 1 to 7 ---- */

/* The header to go on with in *h; 1 if there is none to believe. */
static int check_headers(struct kst_io *io, struct kst_check *out, struct kst1_state *st,
			 struct kst_error *err)
{
	uint8_t copy[KST1_HEADER];
	struct kst_error local = KST_ERROR_INIT;
	const struct kst_source *src = &io->source;
	size_t first = src->size < KST1_HEADER ? (size_t)src->size : KST1_HEADER;

	if (first && src->read_at(src->ctx, 0, st->raw, first, err) < 0)
		return -1;
	if (kst1_header_size(st->raw, src->size, &local) < 0) {
		if (local.code == KST_E_NOT_NATIVE)
			return kst_error_setx(err, local.code, "%s", local.message);
		uint64_t want = 2 * KST1_HEADER + kst1_get64(st->raw + 80) +
				kst1_get64(st->raw + 88);
		bool longer = src->size > want;
		return found(out, err, local.code, longer ? want : src->size,
			     longer ? src->size - want : 0, "%s", local.message) < 0
			       ? -1
			       : 1;
	}
	if (src->read_at(src->ctx, src->size - KST1_HEADER, copy, KST1_HEADER, err) < 0)
		return -1;
	if (memcmp(st->raw, copy, KST1_HEADER)) {
		bool a = kst1_header_signed(st->raw), b = kst1_header_signed(copy);
		size_t from = 0, to = KST1_HEADER;
		while (st->raw[from] == copy[from])
			from++;
		while (st->raw[to - 1] == copy[to - 1])
			to--;
		uint64_t base = a && !b ? src->size - KST1_HEADER : 0;
		if (found(out, err, KST_E_HEADER_COPY, base + from, to - from,
			  "the two headers differ: %s",
			  a && b ? "both are signed" :
			  a      ? "the one at the end is damaged" :
			  b      ? "the first one is damaged" :
				   "both are damaged") < 0)
			return -1;
		if (!a && !b)
			return 1;
		if (!a)
			memcpy(st->raw, copy, KST1_HEADER);
		/* a good copy may describe another file than this one */
		if (kst1_header_size(st->raw, src->size, NULL) < 0)
			return 1;
	} else if (!kst1_header_signed(st->raw)) {
		return found(out, err, KST_E_SIGNATURE, 0, KST1_HEADER,
			     "the signature does not fit the header") < 0
			       ? -1
			       : 1;
	}
	return kst1_header_parse(&st->h, st->raw, err);
}

/* ---- steps 10 to 12 ---- */

/* 0x8001 and 0x8006 are derived by the writer; a list shows them, so they must be true. */
static const char *derived_fault(const struct kst1_fields *record, const struct kst1_opened *o)
{
	bool certs = kst1_has(&o->fields, KST1_F_CERTS);
	struct kst_cursor c;
	uint8_t sha256[32];
	unsigned nr = 0;

	if (kst1_has(record, KST1_F_SHA256) != certs || kst1_has(record, KST1_F_NR_CERTS) != certs)
		return "its index record does not fit its certificates";
	if (!certs)
		return NULL;
	kst_cursor_init(&c, o->fields.f[KST1_F_CERTS].data, o->fields.f[KST1_F_CERTS].len);
	for (struct kst_bytes der; (der = kst1_chain_next(&c)).data; nr++)
		if (!nr)
			crypto_hash_sha256(sha256, der.data, der.len);
	if (memcmp(sha256, record->f[KST1_F_SHA256].data, 32))
		return "its index record has another fingerprint";
	if (nr != record->f[KST1_F_NR_CERTS].data[0])
		return "its index record counts other certificates";
	return NULL;
}

static int check_entry(struct kst_io *io, struct kst_check *out, struct kst1_state *st, size_t i,
		       struct kst1_window *w, struct kst1_opened *o, struct kst_error *err)
{
	struct kst_error local = KST_ERROR_INIT;
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst1_fields record;
	uint64_t at = st->index.box[i], len = st->index.box[i + 1] - at;
	size_t n;

	kst1_index_fields(&st->index, i, &record);
	const uint8_t *box = kst1_state_box(st, io, i, w, &record, &n, &local);
	int r = box ? kst1_entry_check(o, box, n, &record, &st->h, &st->keys, &local) : -1;
	if (r < 0 && local.code == KST_E_UNSUPPORTED_FEATURE) {
		if (io->notes)
			kst_note(io->notes, "unsupported-feature", "%s", local.message);
		return 0;
	}
	if (r < 0 && local.code != KST_E_ENTRY) {
		/* no memory, or the file cannot be read: that is no answer about the store */
		return kst_error_setx(err, local.code ? local.code : KST_E_INTERNAL, "%s",
				      local.message);
	}
	if (r < 0)
		return found(out, err, KST_E_ENTRY, at, len, "%s", local.message);
	const char *why = derived_fault(&record, o);
	if (!why)
		return 0;
	return found(out, err, KST_E_ENTRY, at, len, "entry '%s': %s",
		     kst1_show(&record.f[KST1_F_ALIAS], &name), why);
}

static int check_entries(struct kst_io *io, struct kst_check *out, struct kst1_state *st,
			 struct kst_error *err)
{
	struct kst_error local = KST_ERROR_INIT;
	struct kst1_window w = { .buf = NULL };
	struct kst1_opened o = { .raw = NULL };
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t twice = 0;
	bool unique = true;
	int r;

	if (kst1_index_open(&st->index, &st->h, &st->keys, &local) < 0) {
		if (local.code != KST_E_INDEX)
			return kst_error_setx(err, local.code, "%s", local.message);
		return found(out, err, KST_E_INDEX, KST1_HEADER, st->h.index_len, "%s",
			     local.message);
	}
	out->entries = st->index.nr;
	r = kst1_ids_unique(&st->index, &twice, &unique, err);
	if (!r && !unique) {
		struct kst_bytes alias = kst1_index_alias(&st->index, twice);
		r = found(out, err, KST_E_INDEX, KST1_HEADER, st->h.index_len,
			  "entry '%s' has the id of another entry", kst1_show(&alias, &name));
	}
	for (size_t i = 0; !r && i < st->index.nr; i++) {
		kst_progress_step(io->progress, "checking", i, st->index.nr);
		r = check_entry(io, out, st, i, &w, &o, err);
	}
	kst1_window_release(&w);
	kst1_opened_release(&o);
	out->entries_opened = !r;
	return r;
}

/* A secret that is at hand is used; that there is none is no fault. */
static int check_unlock(struct kst_io *io, struct kst_check *out, struct kst1_state *st,
			struct kst_error *err)
{
	struct kst_error local = KST_ERROR_INIT;
	if (!io->asker || kst1_state_unlock(st, io, KST_NEED_READ, &out->info.passphrase,
					    &local) == 0)
		return 0;
	if (local.code == KST_E_PASSPHRASE_NEEDED || local.code == KST_E_NO_TERMINAL)
		return 0;
	if (err && !err->code)
		*err = local;
	return -1;
}

static int check_state(struct kst_io *io, struct kst_check *out, struct kst1_state *st,
		       struct kst_error *err)
{
	static const struct kst_read_options none;
	struct kst_error local = KST_ERROR_INIT;
	uint64_t data_at;
	char name[64] = "";
	bool index_good = true;

	int r = check_headers(io, out, st, err);
	if (r)
		return r < 0 ? -1 : 0;
	memcpy(st->slot, st->h.slot, sizeof(st->slot));
	if (kst1_signer_check(&st->h, io->read ? io->read : &none, &st->pinned, name, err) < 0)
		return -1;
	kst1_state_info(st, &out->info);
	memcpy(out->info.signer_name, name, sizeof(name));
	data_at = KST1_HEADER + st->h.index_len;
	if (kst1_index_read(&st->index, &st->h, io, &local) < 0) {
		if (local.code != KST_E_INDEX)
			return kst_error_setx(err, local.code, "%s", local.message);
		index_good = false;
		if (found(out, err, KST_E_INDEX, KST1_HEADER, st->h.index_len, "%s",
			  local.message) < 0)
			return -1;
	}
	r = kst1_data_root(io, &st->h, &out->entries, err);
	if (r < 0)
		return -1;
	if (r && found(out, err, KST_E_DATA_ROOT, data_at, st->h.data_len,
		       "the entries are not the ones that were signed") < 0)
		return -1;
	if (!index_good)
		return 0;
	if (check_unlock(io, out, st, err) < 0)
		return -1;
	if (st->h.sealed && !st->keys.can_read)
		return 0;
	return check_entries(io, out, st, err);
}

int kst1_check(struct kst_io *io, struct kst_check *out, struct kst_error *err)
{
	struct kst1_state *st = kst1_state_new();
	if (!st)
		return kst_error_nomem(err);
	memset(out, 0, sizeof(*out));
	out->whole = true;
	int r = check_state(io, out, st, err);
	kst1_state_release(st);
	if (r < 0) {
		kst_free(out->finding);
		out->finding = NULL;
		out->nr = 0;
		out->whole = false;
	} else {
		out->info.integrity = out->whole ? KST_INTEGRITY_VERIFIED : KST_INTEGRITY_NONE;
	}
	return r;
}
