/* SPDX-License-Identifier: ISC */
/*
 * test_kst1_bad.c - one fault each, signed with the store's own root
 *
 * Hashes and signature are right, so that the fault itself is reached and its
 * class can be asserted.  A store is taken apart, one thing is broken, and it is
 * put together again.
 */
#include "kst1_kit.h"
#include "kst1_forge.h"


/* ---- faults of the header ---- */

#define RAW(name, code)                                                                            \
	static void raw_##name(uint8_t *raw)                                                       \
	{                                                                                          \
		code;                                                                              \
	}                                                                                          \
	static void h_##name(struct forge *f)                                                      \
	{                                                                                          \
		f->raw = raw_##name;                                                               \
	}

RAW(generation_0, kst1_put64(raw + 32, 0))
RAW(kind, raw[8] = 'X')
RAW(zero_9, raw[9] = 1)
RAW(zero_11, raw[11] = 0x80)
RAW(flag_1, raw[12] |= 2)
RAW(flag_31, raw[15] = 0x80)
RAW(zero_160, raw[160] = 1)
RAW(zero_255, raw[255] = 1)
RAW(zero_3840, raw[3840] = 1)
RAW(zero_4031, raw[4031] = 1)
RAW(sealed_set, raw[12] = 1)
RAW(sealed_cleared, raw[12] = 0)
RAW(slot_role_0, raw[256 + 1] = 0)
RAW(slot_role_3, raw[256 + 1] = 3)
RAW(slot_zero_2, raw[256 + 2] = 1)
RAW(slot_zero_12, raw[256 + 12] = 1)
RAW(slot_zero_216, raw[256 + 223] = 1)
RAW(slot_costs, raw[256 + 4] = 2)
RAW(slot_share, raw[256 + 32] = 1)
RAW(slot_empty_dirty, raw[256 + 224 + 100] = 1)
RAW(slot_label_gap, (raw[256 + 152] = 'a', raw[256 + 154] = 'b'))
RAW(slot_label_control, raw[256 + 152] = 7)
RAW(slot_label_blank, raw[256 + 152] = ' ')
RAW(slot_label_utf8, raw[256 + 152] = 0xc0)
RAW(slot_reader, raw[256 + 1] = 2)
RAW(index_len_cap, kst1_put64(raw + 80, (UINT64_C(1) << 29) + 1))
RAW(data_len_cap, kst1_put64(raw + 88, (UINT64_C(1) << 40) + 1))
RAW(data_len_more, kst1_put64(raw + 88, kst1_get64(raw + 88) + 1))
RAW(lengths_wrap, (kst1_put64(raw + 80, kst1_get64(raw + 80) - 8192),
		   kst1_put64(raw + 88, kst1_get64(raw + 88) + 8192)))

static void pass_slot(uint8_t *raw, uint32_t t, uint32_t m)
{
	raw[256] = 1;
	kst1_put32(raw + 256 + 4, t);
	kst1_put32(raw + 256 + 8, m);
}
RAW(slot_t_1, pass_slot(raw, 1, 19456))
RAW(slot_m_low, pass_slot(raw, 2, 19455))

static void h_index_hash(struct forge *f)
{
	f->wrong_index_hash = true;
}

/* A point of order eight; added to a good one it makes another that RFC 8032 takes half of the
 * time, depending on who verifies. */
static const char small_point[] =
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";

static void small(uint8_t out[32])
{
	struct kst_buf b = KST_BUF_INIT;
	kit_hex(&b, small_point);
	memcpy(out, b.data, 32);
	kst_buf_release(&b);
}

static void challenge(uint8_t h[32], const uint8_t *r, const uint8_t *pk, const uint8_t *raw)
{
	crypto_hash_sha512_state s;
	uint8_t wide[64];
	crypto_hash_sha512_init(&s);
	crypto_hash_sha512_update(&s, r, 32);
	crypto_hash_sha512_update(&s, pk, 32);
	crypto_hash_sha512_update(&s, (const uint8_t *)"KST1 header sig", 16);
	crypto_hash_sha512_update(&s, raw, KST1_SIG_AT);
	crypto_hash_sha512_final(&s, wide);
	crypto_core_ed25519_scalar_reduce(h, wide);
}

/* Sign by hand: R = rB (+ small), S = r + h a. */
static void sign_by_hand(struct forge *f, uint8_t *raw, bool small_r)
{
	uint8_t wide[64], a[32], r[32], R[32], h[32], t[32], ha[32];
	crypto_hash_sha512(wide, kst1_keys_of(&f->keys)->seed, 32);
	memcpy(a, wide, 32);
	a[0] &= 248;
	a[31] &= 127;
	a[31] |= 64;
	randombytes_buf(wide, 64);
	crypto_core_ed25519_scalar_reduce(r, wide);
	crypto_scalarmult_ed25519_base_noclamp(R, r);
	if (small_r) {
		small(t);
		ck_assert_int_eq(crypto_core_ed25519_add(R, R, t), 0);
	}
	challenge(h, R, raw + 48, raw);
	crypto_core_ed25519_scalar_mul(ha, h, a);
	crypto_core_ed25519_scalar_add(raw + KST1_SIG_AT + 32, r, ha);
	memcpy(raw + KST1_SIG_AT, R, 32);
}

static void after_small_r(struct forge *f, uint8_t *raw)
{
	sign_by_hand(f, raw, true);
}
static void after_hand(struct forge *f, uint8_t *raw)
{
	sign_by_hand(f, raw, false);
}
static void after_s_above_l(struct forge *f, uint8_t *raw)
{
	static const uint8_t l[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
				       0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
				       0,    0,    0,	 0,    0,    0,	   0,	 0,
				       0,    0,    0,	 0,    0,    0,	   0,	 0x10 };
	(void)f;
	sodium_add(raw + KST1_SIG_AT + 32, l, 32);
}
/* A signer of order 8 L, and a signature that a cofactorless verifier takes: 8 divides h. */
static void after_mixed_signer(struct forge *f, uint8_t *raw)
{
	uint8_t t[32], h[32], msg[16 + KST1_SIG_AT] = "KST1 header sig";
	small(t);
	ck_assert_int_eq(crypto_core_ed25519_add(raw + 48, raw + 48, t), 0);
	for (uint64_t n = 1;; n++) {
		kst1_put64(raw + 40, n);
		sign_by_hand(f, raw, false);
		challenge(h, raw + KST1_SIG_AT, raw + 48, raw);
		if (!(h[0] & 7))
			break;
	}
	/* the library itself is content: only the subgroup check stands here */
	memcpy(msg + 16, raw, KST1_SIG_AT);
	ck_assert_int_eq(crypto_sign_ed25519_verify_detached(raw + KST1_SIG_AT, msg, sizeof(msg),
							     raw + 48),
			 0);
}
static void after_small_signer(struct forge *f, uint8_t *raw)
{
	(void)f;
	small(raw + 48);
}
static void after_neutral_signer(struct forge *f, uint8_t *raw)
{
	(void)f;
	memset(raw + 48, 0, 32);
	raw[48] = 1;
}
static void h_small_r(struct forge *f)
{
	f->after = after_small_r;
}
static void h_hand(struct forge *f)
{
	f->after = after_hand;
}
static void h_s_above_l(struct forge *f)
{
	f->after = after_s_above_l;
}
static void h_mixed_signer(struct forge *f)
{
	f->after = after_mixed_signer;
}
static void h_small_signer(struct forge *f)
{
	f->after = after_small_signer;
}
static void h_neutral_signer(struct forge *f)
{
	f->after = after_neutral_signer;
}

/* ---- faults of the index ---- */

#define MAKE(name, ...)                                                                            \
	static void i_##name(struct forge *f)                                                      \
	{                                                                                          \
		__VA_ARGS__;                                                                              \
	}

MAKE(count_up, f->count++)
MAKE(count_down, f->count--)
MAKE(count_max, f->count = UINT32_MAX)
MAKE(no_id, edit(&f->part[0].record, 1, NULL, -1))
MAKE(no_kind, edit(&f->part[0].record, 2, NULL, -1))
MAKE(no_alias, edit(&f->part[0].record, 3, NULL, -1))
MAKE(no_box, edit(&f->part[0].record, 4, NULL, -1))
MAKE(no_created, edit(&f->part[0].record, 5, NULL, -1))
MAKE(no_modified, edit(&f->part[0].record, 6, NULL, -1))
MAKE(id_15, edit(&f->part[0].record, 1, "0123456789abcde", 15))
MAKE(kind_2_bytes, edit(&f->part[0].record, 2, "\1\0", 2))
MAKE(created_7, edit(&f->part[0].record, 5, "0123456", 7))
MAKE(box_35, edit(&f->part[0].record, 4, "012345678901234567890123456789012345", 35))
MAKE(alias_empty, edit(&f->part[0].record, 3, "", 0))
MAKE(alias_control, edit(&f->part[0].record, 3, "a\nb", 3))
MAKE(alias_bidi, edit(&f->part[0].record, 3, "a\xe2\x80\xae", 4))
MAKE(alias_overlong, edit(&f->part[0].record, 3, "a\xc1\x81", 3))
MAKE(alias_blank, edit(&f->part[0].record, 3, "a ", 2))
MAKE(alias_equal, edit(&f->part[1].record, 3, "aes", 3))
MAKE(alias_order, edit(&f->part[0].record, 3, "zzz", 3))
MAKE(alias_prefix, (edit(&f->part[0].record, 3, "rootx", 5)))
MAKE(alias_high, edit(&f->part[0].record, 3, "\xc3\xa4", 2))
MAKE(critical_7, edit(&f->part[0].record, 7, "x", 1))
MAKE(critical_16, edit(&f->part[0].record, 16, "x", 1))
MAKE(subject_nul, edit(&f->part[1].record, 0x8005, "CN=\0", 4))
MAKE(subject_utf8, edit(&f->part[1].record, 0x8005, "CN=\xff", 4))
MAKE(subject_long, {
	char s[513];
	memset(s, 'a', sizeof(s));
	edit(&f->part[1].record, 0x8005, s, 513);
})
MAKE(key_text_empty, edit(&f->part[1].record, 0x8004, "", 0))
MAKE(tag_twice, tlv(&f->part[0].record, 0x8004, "AES", 3))
MAKE(tags_swapped, {
	struct kst_buf *r = &f->part[0].record;
	/* tags 5 and 6 stand side by side, with 8 bytes each */
	uint8_t *at = value(r, 5, NULL) - 6, x[14];
	memcpy(x, at, 14);
	memcpy(at, at + 14, 14);
	memcpy(at + 14, x, 14);
})
MAKE(tlv_cut, kst_buf_put(&f->part[0].record, "\xff\xff\1", 3))
MAKE(tlv_long, tlv(&f->part[0].record, 0xfff0, "x", 1);
     kst1_put32(f->part[0].record.data + f->part[0].record.len - 5, UINT32_MAX))
MAKE(rec_len_up, f->rec_len_off = 1)
MAKE(rec_len_max, f->rec_len_off = 0xfffff000)
MAKE(trailing, kst_buf_u8(&f->tail, 0))
MAKE(box_len_up, {
	f->part[2].no_ref = true;
	uint8_t *ref = value(&f->part[2].record, 4, NULL);
	kst1_put32(ref, kst1_get32(ref) + 1);
})
MAKE(box_len_down, {
	f->part[2].no_ref = true;
	uint8_t *ref = value(&f->part[2].record, 4, NULL);
	kst1_put32(ref, kst1_get32(ref) - 1);
})
MAKE(pad_dirty, kst_buf_u8(&f->tail, 1))
MAKE(pad_1024, {
	static const uint8_t zero[1024];
	kst_buf_put(&f->tail, zero, 1024);
})
MAKE(t_key, f->part[0].record.data[6 + 16 + 6] = 1)
MAKE(t_unknown, f->part[0].record.data[6 + 16 + 6] = 9)

/* ---- faults of a box; 0 is the secret "aes", 1 the certificate "root", 2 the key "web" ---- */

MAKE(key_public, {
	size_t n = 0;
	uint8_t *v = value(&f->part[2].sealed, 16, &n);
	edit(&f->part[2].public, 16, v, (long)n);
	edit(&f->part[2].sealed, 16, NULL, -1);
	tlv(&f->part[2].sealed, 0xf000, "x", 1);
})
MAKE(note_sealed, edit(&f->part[2].sealed, 0x8015, "n", 1))
MAKE(unknown_twice,
     (edit(&f->part[2].sealed, 0xf000, "n", 1), edit(&f->part[2].public, 0xf000, "n", 1)))
MAKE(box_critical, edit(&f->part[2].public, 20, "n", 1))
MAKE(box_critical_sealed, edit(&f->part[2].sealed, 20, "n", 1))
MAKE(box_id_tag, edit(&f->part[2].public, 1, "0123456789abcdef", 16))
MAKE(no_key, {
	edit(&f->part[2].sealed, 16, NULL, -1);
	tlv(&f->part[2].sealed, 0xf000, "x", 1);
})
MAKE(no_sealed, kst_buf_reset(&f->part[2].sealed))
MAKE(no_chain, edit(&f->part[2].public, 17, NULL, -1))
MAKE(secret_and_key, edit(&f->part[2].sealed, 18, "s", 1))
MAKE(chain_len_0, edit(&f->part[2].public, 17, "\0\0\0\0\1", 5))
MAKE(chain_one_left, edit(&f->part[2].public, 17, "\1\0\0\0x\0", 6))
MAKE(chain_long, edit(&f->part[2].public, 17, "\3\0\0\0xy", 6))
MAKE(chain_short_field, edit(&f->part[2].public, 17, "\1\0\0\0", 4))
MAKE(chain_101, {
	struct kst_buf c = KST_BUF_INIT;
	for (int i = 0; i < 101; i++)
		kst_buf_put(&c, "\1\0\0\0x", 5);
	edit(&f->part[2].public, 17, c.data, (long)c.len);
	kst_buf_release(&c);
})
MAKE(two_trusted, edit(&f->part[1].public, 17, "\1\0\0\0x\1\0\0\0y", 10))
MAKE(distrusted_key, edit(&f->part[2].public, 19, "\6\1\1", 3))
MAKE(key_in_trusted, edit(&f->part[1].sealed, 16, "k", 1))
MAKE(b_kind, f->part[2].public.data[6] = 4)
MAKE(b_alias, edit(&f->part[2].public, 3, "wec", 3))
MAKE(b_created, value(&f->part[2].public, 5, NULL)[0] ^= 1)
MAKE(b_modified, value(&f->part[2].public, 6, NULL)[0] ^= 1)
MAKE(b_id, f->part[2].id[0] ^= 1)
MAKE(b_no_alias, edit(&f->part[2].public, 3, NULL, -1))
MAKE(b_no_kind, edit(&f->part[2].public, 2, NULL, -1))
MAKE(b_unknown_kind, (f->part[2].record.data[6 + 16 + 6] = 9, f->part[2].public.data[6] = 9))
MAKE(b_short, kst_buf_put(&f->part[2].box, "0123456789", 10))
MAKE(b_lengths_wrap, {
	kst_buf_le32(&f->part[2].box, 0xffffffff);
	kst_buf_le32(&f->part[2].box, 0x00000030);
	kst_buf_put(&f->part[2].box, f->part[2].id, 16);
	kst_buf_puts(&f->part[2].box, "0123456789");
})
MAKE(b_public_long, {
	kst_buf_le32(&f->part[2].box, 11);
	kst_buf_le32(&f->part[2].box, 0);
	kst_buf_put(&f->part[2].box, f->part[2].id, 16);
	kst_buf_puts(&f->part[2].box, "0123456789");
})
/* the public part edited and signed, by somebody who did not make the sealed part anew */
MAKE(b_old_seal, {
	struct part *p = &f->part[2];
	uint8_t nonce[24] = { 0 };
	struct kst_bytes public = { p->public.data, p->public.len };
	struct kst_bytes sealed = { p->sealed.data, p->sealed.len };
	kst1_box_seal(&p->box, p->id, &public, &sealed, nonce, &f->h, &f->keys, NULL);
	/* the last byte of the public part is in the certificate's signature */
	p->box.data[KST1_BOX_HEAD + p->public.len - 1] ^= 1;
})
MAKE(wrong_root, f->wrong_root = true)
MAKE(same_id, {
	memcpy(f->part[2].id, f->part[1].id, 16);
	memcpy(value(&f->part[2].record, 1, NULL), f->part[1].id, 16);
})
MAKE(wrong_sha256, value(&f->part[2].record, 0x8001, NULL)[0] ^= 1)
MAKE(no_sha256, edit(&f->part[2].record, 0x8001, NULL, -1))
MAKE(wrong_nr_certs, value(&f->part[2].record, 0x8006, NULL)[0] = 2)
MAKE(sha256_of_secret, edit(&f->part[0].record, 0x8001, "01234567890123456789012345678901", 32))
MAKE(t_sealed, tlv(&f->part[0].sealed, 0xf000, "x", 1))
MAKE(s_public, {
	kst_buf_put(&f->part[2].public, f->part[2].sealed.data, f->part[2].sealed.len);
	kst_buf_reset(&f->part[2].sealed);
	tlv(&f->part[2].sealed, 0xf000, "x", 1);
})
MAKE(nothing, (void)f)

/* ---- the table ---- */

enum door {
	READ,  /* kst_format.read */
	LOAD,  /* ... all entries, with the secret */
	CHECK  /* ... check, first finding or error */
};
#define E(x) KST_E_##x
static const struct {
	const char *what;
	char kind;
	bool sealed;
	void (*break_it)(struct forge *);
	enum door door;
	enum kst_code code;
} faults[] = {
	{ "nothing broken, K", 'K', false, i_nothing, CHECK, KST_OK },
	{ "nothing broken, sealed", 'K', true, i_nothing, CHECK, KST_OK },
	{ "nothing broken, T", 'T', false, i_nothing, CHECK, KST_OK },
	{ "signed by hand", 'K', false, h_hand, CHECK, KST_OK },
	/* header */
	{ "generation 0", 'K', false, h_generation_0, READ, E(UNSUPPORTED_FEATURE) },
	{ "kind X", 'K', false, h_kind, READ, E(UNSUPPORTED_FEATURE) },
	{ "byte 9", 'K', false, h_zero_9, READ, E(UNSUPPORTED_FEATURE) },
	{ "byte 11", 'K', false, h_zero_11, READ, E(UNSUPPORTED_FEATURE) },
	{ "flag 1", 'K', false, h_flag_1, READ, E(UNSUPPORTED_FEATURE) },
	{ "flag 31", 'K', false, h_flag_31, READ, E(UNSUPPORTED_FEATURE) },
	{ "byte 160", 'K', false, h_zero_160, READ, E(UNSUPPORTED_FEATURE) },
	{ "byte 255", 'K', false, h_zero_255, READ, E(UNSUPPORTED_FEATURE) },
	{ "byte 3840", 'K', false, h_zero_3840, READ, E(UNSUPPORTED_FEATURE) },
	{ "byte 4031", 'K', false, h_zero_4031, READ, E(UNSUPPORTED_FEATURE) },
	{ "sealed set on open index", 'K', false, h_sealed_set, READ, E(INDEX) },
	{ "sealed cleared", 'K', true, h_sealed_cleared, READ, E(INDEX) },
	{ "index_len above cap", 'K', false, h_index_len_cap, READ, E(STORE_SIZE) },
	{ "data_len above cap", 'K', false, h_data_len_cap, READ, E(STORE_SIZE) },
	{ "data_len one up", 'K', false, h_data_len_more, READ, E(STORE_SIZE) },
	{ "lengths wrap", 'K', false, h_lengths_wrap, READ, E(STORE_SIZE) },
	{ "index hash", 'K', false, h_index_hash, READ, E(INDEX) },
	{ "S above L", 'K', false, h_s_above_l, READ, E(SIGNATURE) },
	{ "R with small part", 'K', false, h_small_r, READ, E(SIGNATURE) },
	{ "signer of order 8 L", 'K', false, h_mixed_signer, READ, E(SIGNATURE) },
	{ "signer of small order", 'K', false, h_small_signer, READ, E(SIGNATURE) },
	{ "neutral signer", 'K', false, h_neutral_signer, READ, E(SIGNATURE) },
	/* slots */
	{ "role 0", 'K', false, h_slot_role_0, READ, E(UNSUPPORTED_FEATURE) },
	{ "role 3", 'K', false, h_slot_role_3, READ, E(UNSUPPORTED_FEATURE) },
	{ "slot byte 2", 'K', false, h_slot_zero_2, READ, E(UNSUPPORTED_FEATURE) },
	{ "slot byte 12", 'K', false, h_slot_zero_12, READ, E(UNSUPPORTED_FEATURE) },
	{ "slot byte 223", 'K', false, h_slot_zero_216, READ, E(UNSUPPORTED_FEATURE) },
	{ "costs in key file slot", 'K', false, h_slot_costs, READ, E(UNSUPPORTED_FEATURE) },
	{ "share in key file slot", 'K', false, h_slot_share, READ, E(UNSUPPORTED_FEATURE) },
	{ "empty slot not zero", 'K', false, h_slot_empty_dirty, READ, E(UNSUPPORTED_FEATURE) },
	{ "label with gap", 'K', false, h_slot_label_gap, READ, E(UNSUPPORTED_FEATURE) },
	{ "label with control", 'K', false, h_slot_label_control, READ, E(UNSUPPORTED_FEATURE) },
	{ "label with blank", 'K', false, h_slot_label_blank, READ, E(UNSUPPORTED_FEATURE) },
	{ "label not UTF-8", 'K', false, h_slot_label_utf8, READ, E(UNSUPPORTED_FEATURE) },
	{ "t 1", 'K', false, h_slot_t_1, READ, E(UNSUPPORTED_FEATURE) },
	{ "m 19455", 'K', false, h_slot_m_low, READ, E(UNSUPPORTED_FEATURE) },
	{ "reader in open T", 'T', false, h_slot_reader, READ, E(UNSUPPORTED_FEATURE) },
	{ "role flipped", 'K', false, h_slot_reader, LOAD, E(RE_SIGNED) },
	/* index */
	{ "count up", 'K', false, i_count_up, READ, E(INDEX) },
	{ "count down", 'K', false, i_count_down, READ, E(INDEX) },
	{ "count down, sealed", 'K', true, i_count_down, READ, E(INDEX) },
	{ "count 2^32-1", 'K', false, i_count_max, READ, E(INDEX) },
	{ "no id", 'K', false, i_no_id, READ, E(INDEX) },
	{ "no kind", 'K', false, i_no_kind, READ, E(INDEX) },
	{ "no alias", 'K', false, i_no_alias, READ, E(INDEX) },
	{ "no box", 'K', false, i_no_box, READ, E(INDEX) },
	{ "no created", 'K', false, i_no_created, READ, E(INDEX) },
	{ "no modified", 'K', false, i_no_modified, READ, E(INDEX) },
	{ "id of 15", 'K', false, i_id_15, READ, E(INDEX) },
	{ "kind of 2", 'K', false, i_kind_2_bytes, READ, E(INDEX) },
	{ "created of 7", 'K', false, i_created_7, READ, E(INDEX) },
	{ "box of 35", 'K', false, i_box_35, READ, E(INDEX) },
	{ "empty alias", 'K', false, i_alias_empty, READ, E(INDEX) },
	{ "alias with control", 'K', false, i_alias_control, READ, E(INDEX) },
	{ "alias with bidi", 'K', false, i_alias_bidi, READ, E(INDEX) },
	{ "alias overlong", 'K', false, i_alias_overlong, READ, E(INDEX) },
	{ "alias with blank", 'K', false, i_alias_blank, READ, E(INDEX) },
	{ "equal aliases", 'K', false, i_alias_equal, READ, E(INDEX) },
	{ "aliases out of order", 'K', false, i_alias_order, READ, E(INDEX) },
	{ "prefix after", 'K', false, i_alias_prefix, READ, E(INDEX) },
	{ "0x80+ byte is signed", 'K', false, i_alias_high, READ, E(INDEX) },
	{ "critical tag 7", 'K', false, i_critical_7, READ, E(UNSUPPORTED_FEATURE) },
	{ "box tag in record", 'K', false, i_critical_16, READ, E(UNSUPPORTED_FEATURE) },
	{ "NUL in subject", 'K', false, i_subject_nul, READ, E(INDEX) },
	{ "subject not UTF-8", 'K', false, i_subject_utf8, READ, E(INDEX) },
	{ "subject of 513", 'K', false, i_subject_long, READ, E(INDEX) },
	{ "empty key text", 'K', false, i_key_text_empty, READ, E(INDEX) },
	{ "tag twice", 'K', false, i_tag_twice, READ, E(INDEX) },
	{ "tags swapped", 'K', false, i_tags_swapped, READ, E(INDEX) },
	{ "TLV cut off", 'K', false, i_tlv_cut, READ, E(INDEX) },
	{ "TLV of 2^32-1", 'K', false, i_tlv_long, READ, E(INDEX) },
	{ "rec_len up", 'K', false, i_rec_len_up, READ, E(INDEX) },
	{ "rec_len wraps", 'K', false, i_rec_len_max, READ, E(INDEX) },
	{ "one byte more", 'K', false, i_trailing, READ, E(INDEX) },
	{ "one zero more, sealed", 'K', true, i_trailing, CHECK, KST_OK },
	{ "padding not zero", 'K', true, i_pad_dirty, READ, E(INDEX) },
	{ "1024 bytes of padding", 'K', true, i_pad_1024, READ, E(INDEX) },
	{ "box_len up", 'K', false, i_box_len_up, READ, E(INDEX) },
	{ "box_len down", 'K', false, i_box_len_down, READ, E(INDEX) },
	{ "key in T", 'T', false, i_t_key, READ, E(INDEX) },
	{ "unknown kind in T", 'T', false, i_t_unknown, READ, E(INDEX) },
	/* boxes */
	{ "key in public part", 'K', false, i_key_public, LOAD, E(ENTRY) },
	{ "note in sealed part", 'K', false, i_note_sealed, LOAD, E(ENTRY) },
	{ "tag in both parts", 'K', false, i_unknown_twice, LOAD, E(ENTRY) },
	{ "critical in box", 'K', false, i_box_critical, LOAD, E(UNSUPPORTED_FEATURE) },
	{ "critical in sealed part", 'K', false, i_box_critical_sealed, LOAD,
	  E(UNSUPPORTED_FEATURE) },
	{ "record tag in box", 'K', false, i_box_id_tag, LOAD, E(UNSUPPORTED_FEATURE) },
	{ "no key", 'K', false, i_no_key, LOAD, E(ENTRY) },
	{ "no sealed part", 'K', false, i_no_sealed, LOAD, E(ENTRY) },
	{ "no chain", 'K', false, i_no_chain, LOAD, E(ENTRY) },
	{ "secret and key", 'K', false, i_secret_and_key, LOAD, E(ENTRY) },
	{ "certificate of no bytes", 'K', false, i_chain_len_0, LOAD, E(ENTRY) },
	{ "one byte left", 'K', false, i_chain_one_left, LOAD, E(ENTRY) },
	{ "certificate too long", 'K', false, i_chain_long, LOAD, E(ENTRY) },
	{ "chain field of 4", 'K', false, i_chain_short_field, LOAD, E(ENTRY) },
	{ "101 certificates", 'K', false, i_chain_101, LOAD, E(ENTRY) },
	{ "two trusted ones", 'K', false, i_two_trusted, LOAD, E(ENTRY) },
	{ "distrusted key", 'K', false, i_distrusted_key, LOAD, E(ENTRY) },
	{ "key in trusted", 'K', false, i_key_in_trusted, LOAD, E(ENTRY) },
	{ "kind unlike", 'K', false, i_b_kind, LOAD, E(ENTRY) },
	{ "alias unlike", 'K', false, i_b_alias, LOAD, E(ENTRY) },
	{ "created unlike", 'K', false, i_b_created, LOAD, E(ENTRY) },
	{ "modified unlike", 'K', false, i_b_modified, LOAD, E(ENTRY) },
	{ "id unlike", 'K', false, i_b_id, LOAD, E(ENTRY) },
	{ "no alias in box", 'K', false, i_b_no_alias, LOAD, E(ENTRY) },
	{ "no kind in box", 'K', false, i_b_no_kind, LOAD, E(ENTRY) },
	{ "unknown kind", 'K', false, i_b_unknown_kind, LOAD, E(UNSUPPORTED_FEATURE) },
	{ "box of 10", 'K', false, i_b_short, LOAD, E(ENTRY) },
	{ "lengths wrap 32 bits", 'K', false, i_b_lengths_wrap, LOAD, E(ENTRY) },
	{ "public part too long", 'K', false, i_b_public_long, LOAD, E(ENTRY) },
	{ "old seal", 'K', false, i_b_old_seal, LOAD, E(ENTRY) },
	{ "sealed part in open T", 'T', false, i_t_sealed, LOAD, E(ENTRY) },
	{ "public part in sealed", 'K', true, i_s_public, LOAD, E(ENTRY) },
	{ "no sealed part, sealed", 'K', true, i_no_sealed, LOAD, E(ENTRY) },
	/* check alone */
	{ "wrong data root", 'K', false, i_wrong_root, CHECK, E(DATA_ROOT) },
	{ "the same id twice", 'K', false, i_same_id, CHECK, E(INDEX) },
	{ "wrong fingerprint", 'K', false, i_wrong_sha256, CHECK, E(ENTRY) },
	{ "no fingerprint", 'K', false, i_no_sha256, CHECK, E(ENTRY) },
	{ "wrong number of certificates", 'K', false, i_wrong_nr_certs, CHECK, E(ENTRY) },
	{ "fingerprint of a secret", 'K', false, i_sha256_of_secret, CHECK, E(ENTRY) },
	{ "unknown kind is no fault", 'K', false, i_b_unknown_kind, CHECK, KST_OK },
};

static enum kst_code first_code(struct kit *k, enum door door)
{
	struct kst_check c;
	if (door == CHECK) {
		if (kit_check(k, &c, true) < 0)
			return k->err.code;
		enum kst_code code = c.nr ? c.finding[0].code : KST_OK;
		ck_assert(c.whole == !c.nr);
		kst_check_release(&c);
		return code;
	}
	if (kit_read(k) < 0)
		return door == READ ? k->err.code : KST_E_INTERNAL;
	if (door == READ)
		return KST_OK;
	if (kst_format_kst1.unlock(&k->io, &k->m, KST_NEED_READ, &k->err) < 0)
		return k->err.code;
	for (size_t i = 0; i < k->m.nr; i++) {
		struct kst_entry *e = NULL;
		if (kst_format_kst1.load(&k->io, &k->m, i, &e, &k->err) < 0)
			return k->err.code;
		kst_entry_free(e);
	}
	return KST_OK;
}

START_TEST(a_signed_fault_has_its_class)
{
	struct kit k;
	struct forge f;
	kit_small(&k, faults[_i].kind, faults[_i].sealed);
	take_apart(&f, &k);
	faults[_i].break_it(&f);
	put_together(&f, &k.out.bytes);
	kit_turn(&k);
	enum kst_code code = first_code(&k, faults[_i].door);
	ck_assert_msg(code == faults[_i].code, "%s: %s, not %s: %s", faults[_i].what,
		      kst_code_slug(faults[_i].code), kst_code_slug(code), k.err.message);
	throw_away(&f);
	kit_release(&k);
}
END_TEST

START_TEST(get_works_where_only_check_can_fail)
{
	static void (*const broken[])(struct forge *) = { i_wrong_root, i_same_id };
	struct kit k;
	struct forge f;
	kit_small(&k, 'K', false);
	take_apart(&f, &k);
	broken[_i](&f);
	put_together(&f, &k.out.bytes);
	kit_turn(&k);
	ck_assert_int_eq(first_code(&k, LOAD), KST_OK);
	throw_away(&f);
	kit_release(&k);
}
END_TEST

START_TEST(two_signed_headers_that_differ_are_a_copy_fault)
{
	struct kit k;
	struct forge f;
	struct kst_buf old = KST_BUF_INIT;
	kit_small(&k, 'K', false);
	take_apart(&f, &k);
	kst_buf_put(&old, k.in.bytes.data, k.in.bytes.len);
	f.h.generation++;
	put_together(&f, &k.out.bytes);
	kit_turn(&k);
	memcpy(k.in.bytes.data, old.data, KST1_HEADER);
	ck_assert_int_eq(kit_read(&k), -1);
	kit_assert_error(&k, KST_E_HEADER_COPY);
	kst_buf_release(&old);
	throw_away(&f);
	kit_release(&k);
}
END_TEST

Suite *test_kst1_bad(void);
Suite *test_kst1_bad(void)
{
	Suite *s = suite_create("kst1_bad");
	TCase *t = tcase_create("faults");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_signed_fault_has_its_class, 0,
			    sizeof(faults) / sizeof(*faults));
	tcase_add_loop_test(t, get_works_where_only_check_can_fail, 0, 2);
	tcase_add_test(t, two_signed_headers_that_differ_are_a_copy_fault);
	suite_add_tcase(s, t);
	return s;
}
