/* SPDX-License-Identifier: ISC */
/*
 * kst1_header.c - the 4096 bytes at both ends of a native store
 *
 * The checks run in the order of kst1.md 4.7.  Up to the signature only magic
 * and lengths are believed, and nothing is allocated.
 */
#include "kst1.h"

#include <string.h>

#include <sodium.h>

#include "kstool/text.h"

static const char sig_context[16] = "KST1 header sig";

enum {
	AT_KIND = 8,
	AT_ZERO1 = 9,
	AT_FLAGS = 12,
	AT_STORE_ID = 16,
	AT_GENERATION = 32,
	AT_MODIFIED = 40,
	AT_SIGN_PK = 48,
	AT_INDEX_LEN = 80,
	AT_DATA_LEN = 88,
	AT_INDEX_HASH = 96,
	AT_DATA_ROOT = 128,
	AT_ZERO2 = 160,
	AT_ZERO3 = 3840
};
#define FLAG_SEALED UINT32_C(1)

bool kst1_header_magic(const uint8_t *raw, size_t n)
{
	return n >= 8 && !memcmp(raw, KST1_MAGIC, 8);
}

int kst1_header_size(const uint8_t raw[KST1_HEADER], uint64_t file_size, struct kst_error *err)
{
	if (!kst1_header_magic(raw, KST1_HEADER))
		return kst_error_setx(err, KST_E_NOT_NATIVE, "not a native store");
	uint64_t index_len = kst1_get64(raw + AT_INDEX_LEN);
	uint64_t data_len = kst1_get64(raw + AT_DATA_LEN);
	if (index_len > KST1_INDEX_MAX || data_len > KST1_DATA_MAX)
		return kst_error_setx(err, KST_E_STORE_SIZE,
				      "the header gives a length that no store has");
	uint64_t want = 2 * KST1_HEADER + index_len + data_len;
	if (file_size == want && file_size >= 2 * KST1_HEADER + 4)
		return 0;
	if (file_size == want)
		return kst_error_setx(err, KST_E_STORE_SIZE,
				      "the header gives a length that no store has");
	if (file_size < want)
		return kst_error_setx(err, KST_E_STORE_SIZE, "truncated at byte %llu of %llu",
				      (unsigned long long)file_size, (unsigned long long)want);
	return kst_error_setx(err, KST_E_STORE_SIZE, "extended: %llu bytes follow the end at byte %llu",
			      (unsigned long long)(file_size - want), (unsigned long long)want);
}

/*
 * RFC 8032 alone is not enough: verifiers differ on points with a small-order
 * part (cofactored or not), so one file would be good on one machine and damaged
 * on another.  Both points must be in the prime-order subgroup.
 */
bool kst1_header_signed(const uint8_t raw[KST1_HEADER])
{
	const uint8_t *sig = raw + KST1_SIG_AT, *pk = raw + AT_SIGN_PK;
	uint8_t msg[sizeof(sig_context) + KST1_SIG_AT];
	if (!crypto_core_ed25519_is_valid_point(pk) || !crypto_core_ed25519_is_valid_point(sig))
		return false;
	memcpy(msg, sig_context, sizeof(sig_context));
	memcpy(msg + sizeof(sig_context), raw, KST1_SIG_AT);
	return crypto_sign_ed25519_verify_detached(sig, msg, sizeof(msg), pk) == 0;
}

static const char *slot_fault(const uint8_t *s, uint8_t kind, bool sealed)
{
	if (!kst1_slot_type(s))
		return kst1_is_zero(s, KST1_SLOT) ? NULL : "an empty slot is not empty";
	if (!kst1_slot_known(s))
		return NULL;
	bool pass = s[0] == KST_SLOT_PASSPHRASE;
	if (s[1] != KST_ROLE_ADMIN && s[1] != KST_ROLE_READER)
		return "a slot has an unknown role";
	if (s[1] == KST_ROLE_READER && kind == 'T' && !sealed)
		return "an open truststore has a reader slot";
	if (!kst1_is_zero(s + 2, 2) || !kst1_is_zero(s + 12, 4) || !kst1_is_zero(s + 216, 8))
		return "reserved bytes of a slot are not zero";
	if (!pass && !kst1_is_zero(s + 4, 8))
		return "a slot without passphrase has KDF costs";
	if (pass && (kst1_get32(s + 4) < KST1_KDF_PASSES_MIN ||
		     kst1_get32(s + 8) < KST1_KDF_KIB_MIN))
		return "the KDF cost of a slot is below the floor";
	if (s[0] != KST_SLOT_X25519 && !kst1_is_zero(s + 32, 32))
		return "a slot without recipient has a share";
	const char *label = (const char *)s + 152;
	size_t n = strnlen(label, KST1_LABEL);
	if (!kst1_is_zero(s + 152 + n, KST1_LABEL - n))
		return "the label of a slot goes on after its end";
	if (n && !kst_alias_ok(label, n, KST1_LABEL))
		return "the label of a slot is not legal";
	return NULL;
}

int kst1_header_parse(struct kst1_header *h, const uint8_t raw[KST1_HEADER], struct kst_error *err)
{
	const char *why = NULL;
	uint32_t flags = kst1_get32(raw + AT_FLAGS);
	if (raw[AT_KIND] != 'K' && raw[AT_KIND] != 'T')
		why = "unknown kind of store";
	else if (!kst1_is_zero(raw + AT_ZERO1, AT_FLAGS - AT_ZERO1) ||
		 !kst1_is_zero(raw + AT_ZERO2, KST1_SLOT_AT - AT_ZERO2) ||
		 !kst1_is_zero(raw + AT_ZERO3, KST1_SIG_AT - AT_ZERO3))
		why = "reserved bytes of the header are not zero";
	else if (flags & ~FLAG_SEALED)
		why = "the header has a flag that this version does not know";
	else if (!kst1_get64(raw + AT_GENERATION))
		why = "the generation is zero";
	for (unsigned i = 0; !why && i < KST1_SLOTS; i++)
		why = slot_fault(raw + KST1_SLOT_AT + i * KST1_SLOT, raw[AT_KIND],
				 flags & FLAG_SEALED);
	if (why)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE, "%s", why);
	h->kind = raw[AT_KIND];
	h->sealed = flags & FLAG_SEALED;
	memcpy(h->store_id, raw + AT_STORE_ID, KST1_ID);
	h->generation = kst1_get64(raw + AT_GENERATION);
	h->modified = kst1_get64(raw + AT_MODIFIED);
	memcpy(h->sign_pk, raw + AT_SIGN_PK, 32);
	h->index_len = kst1_get64(raw + AT_INDEX_LEN);
	h->data_len = kst1_get64(raw + AT_DATA_LEN);
	memcpy(h->index_hash, raw + AT_INDEX_HASH, KST1_HASH);
	memcpy(h->data_root, raw + AT_DATA_ROOT, KST1_HASH);
	memcpy(h->slot, raw + KST1_SLOT_AT, sizeof(h->slot));
	return 0;
}

int kst1_header_read(struct kst_io *io, struct kst1_header *h, uint8_t raw[KST1_HEADER],
		     struct kst_error *err)
{
	uint8_t copy[KST1_HEADER];
	const struct kst_source *src = &io->source;
	size_t first = src->size < KST1_HEADER ? (size_t)src->size : KST1_HEADER;
	memset(raw, 0, KST1_HEADER);
	if (first && src->read_at(src->ctx, 0, raw, first, err) < 0)
		return -1;
	if (kst1_header_size(raw, src->size, err) < 0)
		return -1;
	if (src->read_at(src->ctx, src->size - KST1_HEADER, copy, KST1_HEADER, err) < 0)
		return -1;
	if (memcmp(raw, copy, KST1_HEADER)) {
		bool a = kst1_header_signed(raw), b = kst1_header_signed(copy);
		kst_error_setx(err, KST_E_HEADER_COPY, "the two headers differ: %s",
			       a && b ? "both are signed" :
			       a      ? "the first one is good" :
			       b      ? "the one at the end is good" :
					"neither is good");
		if (a || b)
			kst_error_command(err, "kstool", "repair", io->path ? io->path : "STORE", "-o",
					  "NEW.kst", NULL);
		return -1;
	}
	if (!kst1_header_signed(raw))
		return kst_error_setx(err, KST_E_SIGNATURE,
				      "the signature does not fit the header");
	return kst1_header_parse(h, raw, err);
}

int kst1_header_build(uint8_t raw[KST1_HEADER], const struct kst1_header *h,
		      const struct kst1_keyring *k, struct kst_error *err)
{
	uint8_t msg[sizeof(sig_context) + KST1_SIG_AT];
	memset(raw, 0, KST1_HEADER);
	memcpy(raw, KST1_MAGIC, 8);
	raw[AT_KIND] = h->kind;
	kst1_put32(raw + AT_FLAGS, h->sealed ? FLAG_SEALED : 0);
	memcpy(raw + AT_STORE_ID, h->store_id, KST1_ID);
	kst1_put64(raw + AT_GENERATION, h->generation);
	kst1_put64(raw + AT_MODIFIED, h->modified);
	memcpy(raw + AT_SIGN_PK, h->sign_pk, 32);
	kst1_put64(raw + AT_INDEX_LEN, h->index_len);
	kst1_put64(raw + AT_DATA_LEN, h->data_len);
	memcpy(raw + AT_INDEX_HASH, h->index_hash, KST1_HASH);
	memcpy(raw + AT_DATA_ROOT, h->data_root, KST1_HASH);
	memcpy(raw + KST1_SLOT_AT, h->slot, sizeof(h->slot));
	memcpy(msg, sig_context, sizeof(sig_context));
	memcpy(msg + sizeof(sig_context), raw, KST1_SIG_AT);
	crypto_sign_ed25519_detached(raw + KST1_SIG_AT, NULL, msg, sizeof(msg),
				     kst1_keys_of(k)->sign);
	/* a fault while signing can give the key away: such a signature must not leave */
	struct kst1_header back;
	if (!kst1_header_signed(raw) || kst1_header_parse(&back, raw, NULL) < 0) {
		sodium_memzero(raw + KST1_SIG_AT, 64);
		return kst_error_setx(err, KST_E_INTERNAL, "the header that was made is not good");
	}
	return 0;
}
