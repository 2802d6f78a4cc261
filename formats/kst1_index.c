/* SPDX-License-Identifier: ISC */
/*
 * kst1_index.c - the index: one record an entry, sorted by alias
 *
 * The stored bytes are the only copy in memory: a sealed index is decrypted
 * where it lies.  Records are checked once and then read from it again when they
 * are shown, so that 100,000 of them cost twelve bytes each on top.
 */
#include "kst1.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "kstool/alloc.h"

#define AAD 56
enum { PIECE = 256 * 1024 };

static void index_aad(uint8_t aad[AAD], const struct kst1_header *h)
{
	memcpy(aad, "KST1indx", 8);
	memcpy(aad + 8, h->store_id, 16);
	memcpy(aad + 24, h->sign_pk, 32);
}

void kst1_index_release(struct kst1_index *x)
{
	kst_free(x->buf);
	kst_free(x->record);
	kst_free(x->box);
	*x = (struct kst1_index){ .buf = NULL };
}

int kst1_index_read(struct kst1_index *x, const struct kst1_header *h, struct kst_io *io,
		    struct kst_error *err)
{
	crypto_generichash_state s;
	uint8_t hash[KST1_HASH];
	bool fits = h->sealed ? h->index_len >= KST1_SEAL + KST1_PAD &&
					(h->index_len - KST1_SEAL) % KST1_PAD == 0
			      : h->index_len >= 4;
	if (!fits)
		return kst_error_setx(err, KST_E_INDEX, "the index has an impossible length");
	kst1_index_release(x);
	x->buf_len = (size_t)h->index_len;
	x->buf = kst_malloc(x->buf_len);
	if (!x->buf)
		return kst_error_nomem(err);
	/* piece by piece, so that each is hashed while it is still in the cache */
	crypto_generichash_init(&s, NULL, 0, KST1_HASH);
	for (size_t at = 0; at < x->buf_len; at += PIECE) {
		size_t n = x->buf_len - at < PIECE ? x->buf_len - at : PIECE;
		if (io->source.read_at(io->source.ctx, KST1_HEADER + at, x->buf + at, n, err) < 0)
			return -1;
		crypto_generichash_update(&s, x->buf + at, n);
	}
	crypto_generichash_final(&s, hash, KST1_HASH);
	if (memcmp(hash, h->index_hash, KST1_HASH))
		return kst_error_setx(err, KST_E_INDEX,
				      "the index is not the one that was signed");
	return 0;
}

static int index_fault(struct kst_error *err, size_t i, const char *why)
{
	return kst_error_setx(err, KST_E_INDEX, "index: record %zu: %s", i + 1, why);
}

#define BIT(f) (UINT32_C(1) << (f))
static const uint32_t required = BIT(KST1_F_ID) | BIT(KST1_F_KIND) | BIT(KST1_F_ALIAS) |
				 BIT(KST1_F_BOX) | BIT(KST1_F_CREATED) | BIT(KST1_F_MODIFIED);

static int parse_records(struct kst1_index *x, const struct kst1_header *h, struct kst_error *err)
{
	const uint8_t *p = x->plain;
	size_t pos = 4, n = x->plain_len;
	uint64_t at = KST1_HEADER + h->index_len, left = h->data_len;
	struct kst_bytes last = { NULL, 0 };
	struct kst1_fields f;
	const char *why = NULL;

	for (size_t i = 0; i < x->nr; i++) {
		if (n - pos < 4 || kst1_get32(p + pos) > n - pos - 4)
			return index_fault(err, i, "it is cut off");
		uint32_t len = kst1_get32(p + pos);
		enum kst_code code = kst1_tlv_parse(&f, KST1_RECORD, p + pos + 4, len, &why);
		if (code == KST_E_UNSUPPORTED_FEATURE)
			return kst_error_setx(err, code, "index: record %zu: %s", i + 1, why);
		if (code != KST_OK)
			return index_fault(err, i, why);
		if ((f.have & required) != required)
			return index_fault(err, i, "a required field is missing");
		if (h->kind == 'T' && f.f[KST1_F_KIND].data[0] != KST1_TRUSTED)
			return index_fault(err, i, "a truststore holds trusted certificates only");
		if (i && kst1_alias_order(&last, &f.f[KST1_F_ALIAS]) >= 0)
			return index_fault(err, i, "the aliases are not in order");
		last = f.f[KST1_F_ALIAS];
		uint32_t box_len = kst1_get32(f.f[KST1_F_BOX].data);
		if (box_len > left)
			return index_fault(err, i, "the entry is longer than what is left");
		x->record[i] = (uint32_t)pos;
		x->box[i] = at;
		at += box_len;
		left -= box_len;
		pos += 4 + len;
	}
	x->box[x->nr] = at;
	size_t pad = n - pos;
	if (pad && (!h->sealed || pad >= KST1_PAD || !kst1_is_zero(p + pos, pad)))
		return kst_error_setx(err, KST_E_INDEX, "the index goes on after its last record");
	if (left)
		return kst_error_setx(err, KST_E_INDEX,
				      "the index does not account for %llu bytes",
				      (unsigned long long)left);
	return 0;
}

int kst1_index_open(struct kst1_index *x, const struct kst1_header *h,
		    const struct kst1_keyring *k, struct kst_error *err)
{
	if (x->ready)
		return 0;
	x->plain = x->buf;
	x->plain_len = x->buf_len;
	if (h->sealed) {
		uint8_t aad[AAD];
		index_aad(aad, h);
		x->plain = x->buf + KST1_NONCE;
		x->plain_len = x->buf_len - KST1_SEAL;
		if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
			    x->buf + KST1_NONCE, NULL, x->plain, x->plain_len,
			    x->plain + x->plain_len, aad, AAD, x->buf, kst1_keys_of(k)->index))
			return kst_error_setx(err, KST_E_INDEX, "the index cannot be decrypted");
	}
	/* nothing is allocated before the number is known to fit */
	uint32_t count = kst1_get32(x->plain);
	if (count > KST1_ENTRIES || count > (x->plain_len - 4) / KST1_RECORD_MIN)
		return kst_error_setx(err, KST_E_INDEX,
				      "the index claims more records than it has room for");
	x->nr = count;
	kst_free(x->record);
	kst_free(x->box);
	x->record = kst_calloc(x->nr + 1, sizeof(*x->record));
	x->box = kst_calloc(x->nr + 1, sizeof(*x->box));
	if (!x->record || !x->box)
		return kst_error_nomem(err);
	if (parse_records(x, h, err) < 0)
		return -1;
	x->ready = true;
	return 0;
}

struct kst_bytes kst1_index_record(const struct kst1_index *x, size_t i)
{
	const uint8_t *p = x->plain + x->record[i];
	return (struct kst_bytes){ p + 4, kst1_get32(p) };
}

void kst1_index_fields(const struct kst1_index *x, size_t i, struct kst1_fields *out)
{
	const char *why;
	struct kst_bytes r = kst1_index_record(x, i);
	kst1_tlv_parse(out, KST1_RECORD, r.data, r.len, &why);
}

/* Tags 1, 2 and 3 are required and come first, so the alias stands at a fixed place. */
struct kst_bytes kst1_index_alias(const struct kst1_index *x, size_t i)
{
	const uint8_t *p = x->plain + x->record[i] + 4 + (6 + KST1_ID) + (6 + 1);
	return (struct kst_bytes){ p + 6, kst1_get32(p + 2) };
}

int kst1_alias_order(const struct kst_bytes *a, const struct kst_bytes *b)
{
	int r = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
	return r ? r : (a->len > b->len) - (a->len < b->len);
}

size_t kst1_index_find(const struct kst1_index *x, const void *alias, size_t n)
{
	struct kst_bytes want = { alias, n };
	size_t low = 0, high = x->nr;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct kst_bytes a = kst1_index_alias(x, mid);
		int r = kst1_alias_order(&want, &a);
		if (!r)
			return mid;
		if (r < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return KST_NO_BASE;
}

int kst1_index_seal(struct kst_buf *out, const struct kst_bytes *plain, const struct kst1_header *h,
		    const struct kst1_keyring *k, struct kst_error *err)
{
	static const uint8_t zero[KST1_PAD];
	uint8_t nonce[KST1_NONCE], tag[16], aad[AAD];
	size_t pad = (KST1_PAD - plain->len % KST1_PAD) % KST1_PAD;
	if (kst_buf_reserve(out, plain->len + pad + KST1_SEAL) < 0)
		return kst_error_nomem(err);
	randombytes_buf(nonce, sizeof(nonce));
	kst_buf_put(out, nonce, sizeof(nonce));
	size_t at = out->len;
	kst_buf_put(out, plain->data, plain->len);
	kst_buf_put(out, zero, pad);
	if (out->failed)
		return kst_error_nomem(err);
	index_aad(aad, h);
	crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
		out->data + at, tag, NULL, out->data + at, plain->len + pad, aad, AAD, NULL, nonce,
		kst1_keys_of(k)->index);
	kst_buf_put(out, tag, sizeof(tag));
	return out->failed ? kst_error_nomem(err) : 0;
}

struct id_sort {
	const uint8_t *id;
	size_t i;
};

static int id_order(const void *a, const void *b)
{
	return memcmp(((const struct id_sort *)a)->id, ((const struct id_sort *)b)->id, KST1_ID);
}

int kst1_ids_unique(const struct kst1_index *x, size_t *twice, bool *unique, struct kst_error *err)
{
	*unique = true;
	if (!x->nr)
		return 0;
	struct id_sort *s = kst_calloc(x->nr, sizeof(*s));
	if (!s)
		return kst_error_nomem(err);
	for (size_t i = 0; i < x->nr; i++)
		s[i] = (struct id_sort){ kst1_index_record(x, i).data + 6, i };
	qsort(s, x->nr, sizeof(*s), id_order);
	for (size_t i = 1; i < x->nr; i++) {
		if (!memcmp(s[i - 1].id, s[i].id, KST1_ID)) {
			*unique = false;
			*twice = s[i - 1].i > s[i].i ? s[i - 1].i : s[i].i;
			break;
		}
	}
	kst_free(s);
	return 0;
}
