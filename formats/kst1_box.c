/* SPDX-License-Identifier: ISC */
/*
 * kst1_box.c - one entry: a public part in the clear, a sealed part, and step 11
 *
 * The lengths and the id of a box are in the clear even in a sealed store, so
 * that `repair` can find boxes when the index is gone.
 */
#include "kst1.h"

#include <string.h>

#include <sodium.h>

#include "kstool/alloc.h"

#define AAD (8 + 16 + 32 + 16 + 32)

static void box_aad(uint8_t aad[AAD], const uint8_t id[KST1_ID], const struct kst_bytes *public,
		    const struct kst1_header *h)
{
	memcpy(aad, "KST1entr", 8);
	memcpy(aad + 8, h->store_id, 16);
	memcpy(aad + 24, h->sign_pk, 32);
	memcpy(aad + 56, id, KST1_ID);
	kst1_hash(aad + 72, public->data, public->len);
}

bool kst1_box_split(struct kst1_box *b, const uint8_t *data, size_t n, bool exact)
{
	if (n < KST1_BOX_HEAD)
		return false;
	uint64_t public_len = kst1_get32(data), sealed_len = kst1_get32(data + 4);
	if (public_len + sealed_len > KST1_ENTRY_MAX)
		return false;
	uint64_t stored = sealed_len ? sealed_len + KST1_SEAL : 0;
	uint64_t len = KST1_BOX_HEAD + public_len + stored;
	if (len > n || (exact && len != n))
		return false;
	b->data = data;
	b->len = (size_t)len;
	b->id = data + 8;
	b->public = (struct kst_bytes){ data + KST1_BOX_HEAD, (size_t)public_len };
	b->sealed = (struct kst_bytes){ b->public.data + public_len, (size_t)stored };
	b->sealed_len = (size_t)sealed_len;
	return true;
}

int kst1_box_open(const struct kst1_box *b, const struct kst1_header *h,
		  const struct kst1_keyring *k, struct kst_secret *plain, struct kst_error *err)
{
	uint8_t aad[AAD];
	if (plain->size < b->sealed_len && kst_secret_alloc(plain, b->sealed_len, err) < 0)
		return -1;
	plain->len = 0;
	if (!b->sealed_len)
		return 0;
	box_aad(aad, b->id, &b->public, h);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain->data, NULL, NULL,
						       b->sealed.data + KST1_NONCE,
						       b->sealed.len - KST1_NONCE, aad, AAD,
						       b->sealed.data, kst1_keys_of(k)->entry))
		return 1;
	plain->len = b->sealed_len;
	return 0;
}

int kst1_box_seal(struct kst_buf *out, const uint8_t id[KST1_ID], const struct kst_bytes *public,
		  const struct kst_bytes *sealed, const uint8_t nonce[KST1_NONCE],
		  const struct kst1_header *h, const struct kst1_keyring *k, struct kst_error *err)
{
	uint8_t aad[AAD];
	if ((uint64_t)public->len + sealed->len > KST1_ENTRY_MAX)
		return kst_error_setx(err, KST_E_CANNOT_HOLD, "an entry holds 16 MiB at most");
	if (kst_buf_reserve(out, KST1_BOX_HEAD + public->len + sealed->len + KST1_SEAL) < 0)
		return kst_error_nomem(err);
	kst_buf_le32(out, (uint32_t)public->len);
	kst_buf_le32(out, (uint32_t)sealed->len);
	kst_buf_put(out, id, KST1_ID);
	kst_buf_put(out, public->data, public->len);
	if (sealed->len) {
		box_aad(aad, id, public, h);
		kst_buf_put(out, nonce, KST1_NONCE);
		crypto_aead_xchacha20poly1305_ietf_encrypt(out->data + out->len, NULL, sealed->data,
							   sealed->len, aad, AAD, NULL, nonce,
							   kst1_keys_of(k)->entry);
		out->len += sealed->len + 16;
		out->data[out->len] = 0;
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

struct kst_bytes kst1_chain_next(struct kst_cursor *c)
{
	size_t left = kst_cursor_left(c);
	if (left < 5)
		return (struct kst_bytes){ NULL, 0 };
	uint32_t len = kst_cursor_le32(c);
	if (!len || len > left - 4)
		return (struct kst_bytes){ NULL, 0 };
	return (struct kst_bytes){ kst_cursor_take(c, len), len };
}

/* ---- step 11 ---- */

#define BIT(f) (UINT32_C(1) << (f))
static const uint32_t always = BIT(KST1_F_KIND) | BIT(KST1_F_ALIAS) | BIT(KST1_F_CREATED) |
			       BIT(KST1_F_MODIFIED);
static const uint32_t secret_fields = BIT(KST1_F_KEY) | BIT(KST1_F_SECRET);

static const char *chain_fault(const struct kst_bytes *certs, unsigned kind)
{
	struct kst_cursor c;
	size_t nr = 0, max = kind == KST1_TRUSTED ? 1 : KST1_CHAIN;
	kst_cursor_init(&c, certs->data, certs->len);
	while (kst_cursor_left(&c)) {
		if (!kst1_chain_next(&c).data)
			return "the certificates do not fill their field";
		if (++nr > max)
			return "it has too many certificates";
	}
	return NULL;
}

static const char *kind_fault(const struct kst1_fields *f, unsigned kind, bool whole)
{
	static const uint32_t must[] = {
		[KST1_KEY_PAIR] = BIT(KST1_F_KEY) | BIT(KST1_F_CERTS),
		[KST1_TRUSTED] = BIT(KST1_F_CERTS),
		[KST1_SECRET] = BIT(KST1_F_SECRET),
		[KST1_PENDING] = BIT(KST1_F_KEY),
	};
	const uint32_t all = BIT(KST1_F_KEY) | BIT(KST1_F_CERTS) | BIT(KST1_F_SECRET);
	uint32_t want = must[kind], look = whole ? all : all & ~secret_fields;
	if ((f->have & look) != (want & look))
		return "it has not the fields of its kind";
	if (kst1_has(f, KST1_F_DISTRUSTED) && kind != KST1_TRUSTED)
		return "only a trusted certificate can be distrusted for purposes";
	return kst1_has(f, KST1_F_CERTS) ? chain_fault(&f->f[KST1_F_CERTS], kind) : NULL;
}

static const char *record_fault(const struct kst1_fields *f, const struct kst1_fields *record)
{
	static const enum kst1_field same[] = { KST1_F_KIND, KST1_F_ALIAS, KST1_F_CREATED,
						KST1_F_MODIFIED };
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		const struct kst_bytes *a = &f->f[same[i]], *b = &record->f[same[i]];
		if (a->len != b->len || memcmp(a->data, b->data, a->len))
			return "it is not what its index record says";
	}
	return NULL;
}

static int entry_fault(struct kst_error *err, enum kst_code code, const struct kst1_fields *record,
		       const char *why)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	code = code == KST_E_CORRUPT ? KST_E_ENTRY : code;
	if (!record)
		return kst_error_setx(err, code, "entry: %s", why);
	return kst_error_setx(err, code, "entry '%s': %s",
			      kst1_show(&record->f[KST1_F_ALIAS], &name), why);
}

/* Public and sealed lists become one set of fields; NULL, or why they may not. */
static const char *merge_fault(struct kst1_opened *o, const struct kst1_fields *sealed,
			       bool open_store)
{
	if (open_store && o->fields.have & secret_fields)
		return "a secret stands in the public part";
	if (!o->whole)
		return NULL;
	if (open_store && sealed->have & ~secret_fields)
		return "a public field stands in the sealed part";
	if (kst1_tlv_overlap(&o->box.public, &o->sealed))
		return "a field stands in both parts";
	for (int i = 0; i < KST1_F_COUNT; i++)
		if (kst1_has(sealed, (enum kst1_field)i))
			o->fields.f[i] = sealed->f[i];
	o->fields.have |= sealed->have;
	return NULL;
}

int kst1_entry_check(struct kst1_opened *o, const uint8_t *box, size_t n,
		     const struct kst1_fields *record, const struct kst1_header *h,
		     const struct kst1_keyring *k, struct kst_error *err)
{
	struct kst1_fields sealed = { .have = 0 };
	const char *why = NULL;
	enum kst_code code;
	bool readable = k && k->can_read;

	o->whole = false;
	o->fields.have = 0;
	o->sealed = (struct kst_bytes){ NULL, 0 };
	if (record) {
		uint8_t hash[KST1_HASH];
		kst1_hash(hash, box, n);
		if (memcmp(hash, record->f[KST1_F_BOX].data + 4, KST1_HASH))
			return entry_fault(err, KST_E_ENTRY, record,
					   "its bytes are not the ones that were signed");
	}
	if (!kst1_box_split(&o->box, box, n, true))
		return entry_fault(err, KST_E_ENTRY, record, "its lengths are wrong");
	if (record && memcmp(o->box.id, record->f[KST1_F_ID].data, KST1_ID))
		return entry_fault(err, KST_E_ENTRY, record, "it has the id of another entry");
	if (h->sealed && (o->box.public.len || !o->box.sealed_len))
		return entry_fault(err, KST_E_ENTRY, record, "it is not sealed in a sealed store");
	if (!h->sealed && h->kind == 'T' && o->box.sealed_len)
		return entry_fault(err, KST_E_ENTRY, record,
				   "it has a sealed part in an open truststore");
	o->kind = record ? record->f[KST1_F_KIND].data[0] : 0;
	if (record && (o->kind < KST1_KEY_PAIR || o->kind > KST1_PENDING))
		return entry_fault(err, KST_E_UNSUPPORTED_FEATURE, record,
				   "it is of a kind that this version does not know");
	if (!h->sealed && record && o->kind != KST1_TRUSTED && !o->box.sealed_len)
		return entry_fault(err, KST_E_ENTRY, record, "its secret part is missing");

	code = kst1_tlv_parse(&o->fields, KST1_BOX, o->box.public.data, o->box.public.len, &why);
	if (code != KST_OK)
		return entry_fault(err, code, record, why);
	if (!o->box.sealed_len) {
		o->whole = true;
	} else if (readable) {
		int r = kst1_box_open(&o->box, h, k, &o->plain, err);
		if (r < 0)
			return -1;
		if (r)
			return entry_fault(err, KST_E_ENTRY, record, "it cannot be decrypted");
		o->sealed = (struct kst_bytes){ o->plain.data, o->plain.len };
		code = kst1_tlv_parse(&sealed, KST1_BOX, o->sealed.data, o->sealed.len, &why);
		if (code != KST_OK)
			return entry_fault(err, code, record, why);
		o->whole = true;
	}
	why = merge_fault(o, &sealed, !h->sealed);
	if (why)
		return entry_fault(err, KST_E_ENTRY, record, why);
	if (h->sealed && !o->whole)
		return 0; /* nothing more can be seen */
	if ((o->fields.have & always) != always)
		return entry_fault(err, KST_E_ENTRY, record, "a required field is missing");
	if (!record) {
		o->kind = o->fields.f[KST1_F_KIND].data[0];
		if (o->kind < KST1_KEY_PAIR || o->kind > KST1_PENDING)
			return entry_fault(err, KST_E_UNSUPPORTED_FEATURE, record,
					   "it is of a kind that this version does not know");
		if (!h->sealed && o->kind != KST1_TRUSTED && !o->box.sealed_len)
			return entry_fault(err, KST_E_ENTRY, record, "its secret part is missing");
	} else {
		why = record_fault(&o->fields, record);
	}
	if (!why)
		why = kind_fault(&o->fields, o->kind, o->whole);
	return why ? entry_fault(err, KST_E_ENTRY, record, why) : 0;
}

void kst1_opened_release(struct kst1_opened *o)
{
	kst_secret_release(&o->plain);
	kst_free(o->raw);
	o->raw = NULL;
}

/* ---- going through the boxes ---- */

enum { WINDOW = 1 << 20 };

const uint8_t *kst1_window_get(struct kst1_window *w, struct kst_io *io, uint64_t offset, size_t n,
			       uint64_t end, struct kst_error *err)
{
	if (offset >= w->at && offset - w->at <= w->len && n <= w->len - (offset - w->at))
		return w->buf + (offset - w->at);
	if (offset > end || n > end - offset) {
		kst_error_setx(err, KST_E_INTERNAL, "a read beyond the end of the store");
		return NULL;
	}
	size_t want = n > WINDOW ? n : WINDOW;
	if (want > end - offset)
		want = (size_t)(end - offset);
	if (want > w->size) {
		kst_free(w->buf);
		w->len = w->size = 0;
		w->buf = kst_malloc(want);
		if (!w->buf) {
			kst_error_nomem(err);
			return NULL;
		}
		w->size = want;
	}
	w->len = 0;
	if (want && io->source.read_at(io->source.ctx, offset, w->buf, want, err) < 0)
		return NULL;
	w->at = offset;
	w->len = want;
	return w->buf;
}

void kst1_window_release(struct kst1_window *w)
{
	kst_free(w->buf);
	*w = (struct kst1_window){ .buf = NULL };
}
