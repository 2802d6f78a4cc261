/* SPDX-License-Identifier: ISC */
/*
 * kst1_slot.c - slots: a secret of a person or a machine wraps the root or the read key
 *
 * The commitment C is checked before the cipher is touched: XChaCha20-Poly1305
 * does not commit to its key, and one ciphertext can be made to open under two.
 * W depends on everything public in the slot, so one W has one possible payload
 * and the zero nonce is right (kst1.md 4.2).
 */
#include "kst1.h"

#include <string.h>

#include <sodium.h>

#include "kstool/text.h"
#include "kstool/time.h"

enum {
	AT_ROLE = 1,
	AT_PASSES = 4,
	AT_KIB = 8,
	AT_SALT = 16,
	AT_SHARE = 32,
	AT_COMMIT = 64,
	AT_WRAPPED = 96,
	AT_CREATED = 144,
	AT_LABEL = 152,
	SALT = 16,
	WRAPPED = 48,
	CTX = 8 + 16 + 32 + 64
};

/* Derived keys on the way to a payload, in one guarded piece. */
struct keys {
	uint8_t p[32], c[32], w[32], x[32];
};

int kst1_secret_set(struct kst1_secret *s, unsigned type, const void *data, size_t n,
		    struct kst_error *err)
{
	if (kst_secret_set(&s->data, data, n, err) < 0)
		return -1;
	s->type = type;
	return 0;
}

void kst1_secret_release(struct kst1_secret *s)
{
	kst_secret_release(&s->data);
	s->type = KST_SLOT_EMPTY;
}

int kst1_kdf_caps(const struct kst1_header *h, const struct kst_limits *limits,
		  struct kst_error *err)
{
	uint64_t cap = limits->kdf_mem / 1024, sum = 0;
	for (unsigned i = 0; i < KST1_SLOTS; i++) {
		if (kst1_slot_type(h->slot[i]) != KST_SLOT_PASSPHRASE)
			continue;
		uint32_t t = kst1_get32(h->slot[i] + AT_PASSES);
		uint32_t m = kst1_get32(h->slot[i] + AT_KIB);
		if (t > KST1_KDF_PASSES_MAX || m > cap) {
			kst_error_setx(err, KST_E_LIMIT,
				       "slot %u asks for %u passes over %u MiB of memory, "
				       "the limits are %d and %llu",
				       i, t, m / 1024, KST1_KDF_PASSES_MAX,
				       (unsigned long long)(cap / 1024));
			if (t <= KST1_KDF_PASSES_MAX)
				kst_error_hint(err, "--max-kdf-mem %uM allows it",
					       (unsigned)((m + UINT64_C(1023)) / 1024));
			return -1;
		}
		sum += (uint64_t)t * m;
	}
	if (sum > 16 * cap)
		return kst_error_setx(err, KST_E_LIMIT,
				      "the passphrase slots together ask for too much: %llu MiB "
				      "times passes, the limit is %llu",
				      (unsigned long long)(sum / 1024),
				      (unsigned long long)(16 * cap / 1024));
	return 0;
}

/* P of kst1.md 4.2.  0; 1: this secret cannot open the slot (X is zero); -1. */
static int prekey(const uint8_t *slot, const struct kst1_secret *secret, struct keys *k,
		  struct kst_error *err)
{
	const uint8_t *data = secret->data.data;
	switch (secret->type) {
	case KST_SLOT_PASSPHRASE: {
		uint32_t m = kst1_get32(slot + AT_KIB);
		if (crypto_pwhash(k->p, 32, (const char *)data, secret->data.len, slot + AT_SALT,
				  kst1_get32(slot + AT_PASSES), (size_t)m * 1024,
				  crypto_pwhash_ALG_ARGON2ID13))
			return kst_error_setx(err, KST_E_NO_MEMORY,
					      "the passphrase needs %u MiB of memory", m / 1024);
		return 0;
	}
	case KST_SLOT_KEY_FILE: {
		struct kst_bytes piece[] = { { (const uint8_t *)"KST1keyf", 8 },
					     { slot + AT_SALT, SALT } };
		kst1_mac(k->p, data, piece, 2);
		return 0;
	}
	case KST_SLOT_X25519: {
		uint8_t recipient[32];
		if (secret->data.len == 64) {
			memcpy(recipient, data + 32, 32);
			if (crypto_scalarmult(k->x, data, recipient))
				return 1;
		} else {
			crypto_scalarmult_base(recipient, data);
			if (crypto_scalarmult(k->x, data, slot + AT_SHARE))
				return 1;
		}
		struct kst_bytes piece[] = { { (const uint8_t *)"KST1x255", 8 },
					     { slot + AT_SALT, SALT },
					     { slot + AT_SHARE, 32 },
					     { recipient, 32 } };
		kst1_mac(k->p, k->x, piece, 4);
		return 0;
	}
	default:
		return kst_error_setx(err, KST_E_INTERNAL, "slot of unknown type");
	}
}

static void context(uint8_t ctx[CTX], const struct kst1_header *h, const uint8_t *slot)
{
	memcpy(ctx, "KST1slot", 8);
	memcpy(ctx + 8, h->store_id, 16);
	memcpy(ctx + 24, h->sign_pk, 32);
	memcpy(ctx + 56, slot, 64);
}

static struct keys *keys_room(struct kst_secret *mem, struct kst_error *err)
{
	if (kst_secret_alloc(mem, sizeof(struct keys), err) < 0)
		return NULL;
	return (struct keys *)(void *)mem->data;
}

int kst1_slot_open(const struct kst1_header *h, unsigned n, const struct kst1_secret *secret,
		   struct kst_secret *payload, struct kst_error *err)
{
	const uint8_t *slot = h->slot[n];
	struct kst_secret mem KST_SCRATCH_SECRET = KST_SECRET_INIT;
	static const uint8_t nonce[KST1_NONCE];
	uint8_t ctx[CTX];

	if (kst1_slot_type(slot) != secret->type)
		return 1;
	struct keys *k = keys_room(&mem, err);
	if (!k || kst_secret_alloc(payload, KST1_KEY, err) < 0)
		return -1;
	int r = prekey(slot, secret, k, err);
	if (r)
		return r;
	crypto_kdf_derive_from_key(k->c, 32, 2, "KST1wrap", k->p);
	if (sodium_memcmp(k->c, slot + AT_COMMIT, 32))
		return 1;
	context(ctx, h, slot);
	struct kst_bytes piece = { ctx, CTX };
	kst1_mac(k->w, k->p, &piece, 1);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(payload->data, NULL, NULL,
						       slot + AT_WRAPPED, WRAPPED, ctx, CTX, nonce,
						       k->w))
		return kst_error_setx(err, KST_E_RE_SIGNED,
				      "the secret belongs to slot %u, but the slot or the signer "
				      "was changed",
				      n);
	payload->len = KST1_KEY;
	return 0;
}

int kst1_slots_unlock(const struct kst1_header *h, const struct kst1_secret *secret, bool admin,
		      const struct kst_limits *limits, struct kst1_keyring *k, int *number,
		      struct kst_error *err)
{
	struct kst_secret payload KST_SCRATCH_SECRET = KST_SECRET_INIT;
	bool reader = false;

	if (secret->type == KST_SLOT_PASSPHRASE && kst1_kdf_caps(h, limits, err) < 0)
		return -1;
	for (unsigned i = 0; i < KST1_SLOTS; i++) {
		if (kst1_slot_type(h->slot[i]) != secret->type)
			continue;
		int r = kst1_slot_open(h, i, secret, &payload, err);
		if (r < 0)
			return -1;
		if (r)
			continue;
		if (h->slot[i][AT_ROLE] == KST_ROLE_READER) {
			if (admin) {
				reader = true;
				continue;
			}
			*number = (int)i;
			return kst1_keyring_read(k, payload.data, err);
		}
		struct kst1_keyring found = { .can_read = false };
		if (kst1_keyring_root(&found, payload.data, err) < 0)
			return -1;
		if (memcmp(found.sign_pk, h->sign_pk, 32)) {
			kst1_keyring_release(&found);
			return kst_error_setx(err, KST_E_RE_SIGNED,
					      "the root key in slot %u is not the signer's", i);
		}
		kst1_keyring_release(k);
		*k = found;
		*number = (int)i;
		return 0;
	}
	if (reader)
		return kst_error_setx(err, KST_E_READER_SECRET,
				      "this secret opens the store for reading only");
	return 1;
}

/* The new share, and in *made what opens the slot again in this session. */
static int make_share(uint8_t *slot, const uint8_t *recipient, struct kst1_secret *made,
		      struct kst_error *err)
{
	struct kst_secret mem KST_SCRATCH_SECRET = KST_SECRET_INIT;
	/* u < p = 2^255 - 19, top bit clear: one encoding for each recipient */
	bool canonical = !(recipient[31] & 0x80);
	if (recipient[31] == 0x7f && recipient[0] >= 0xed) {
		canonical = false;
		for (int i = 1; i < 31; i++)
			if (recipient[i] != 0xff)
				canonical = true;
	}
	if (kst_secret_alloc(&mem, 64 + 32, err) < 0)
		return -1;
	randombytes_buf(mem.data, 32);
	memcpy(mem.data + 32, recipient, 32);
	if (!canonical || crypto_scalarmult(mem.data + 64, mem.data, recipient))
		return kst_error_setx(err, KST_E_BAD_VALUE, "the recipient is no X25519 key");
	crypto_scalarmult_base(slot + AT_SHARE, mem.data);
	return kst1_secret_set(made, KST_SLOT_X25519, mem.data, 64, err);
}

int kst1_slot_make(struct kst1_header *h, unsigned n, const struct kst_slot_add *how,
		   const struct kst1_secret *secret, const struct kst1_keyring *k,
		   struct kst1_secret *made, struct kst_error *err)
{
	struct kst_secret mem KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst1_secret own = { .type = KST_SLOT_EMPTY };
	static const uint8_t nonce[KST1_NONCE];
	uint8_t slot[KST1_SLOT] = { 0 }, ctx[CTX];
	const uint8_t *payload = how->role == KST_ROLE_ADMIN ? kst1_keys_of(k)->root
							     : kst1_keys_of(k)->read;
	int r = -1;

	slot[0] = (uint8_t)how->type;
	slot[AT_ROLE] = (uint8_t)how->role;
	if (how->type == KST_SLOT_PASSPHRASE) {
		kst1_put32(slot + AT_PASSES, how->passes ? how->passes : KST1_KDF_PASSES);
		kst1_put32(slot + AT_KIB, how->kib ? how->kib : KST1_KDF_KIB);
	}
	randombytes_buf(slot + AT_SALT, SALT);
	if (how->type == KST_SLOT_X25519) {
		if (make_share(slot, how->recipient, &own, err) < 0)
			goto done;
	} else if (kst1_secret_set(&own, secret->type, secret->data.data, secret->data.len,
				   err) < 0) {
		goto done;
	}
	struct keys *key = keys_room(&mem, err);
	if (!key || prekey(slot, &own, key, err))
		goto done;
	crypto_kdf_derive_from_key(slot + AT_COMMIT, 32, 2, "KST1wrap", key->p);
	context(ctx, h, slot);
	struct kst_bytes piece = { ctx, CTX };
	kst1_mac(key->w, key->p, &piece, 1);
	crypto_aead_xchacha20poly1305_ietf_encrypt(slot + AT_WRAPPED, NULL, payload, KST1_KEY, ctx,
						   CTX, NULL, nonce, key->w);
	kst1_put64(slot + AT_CREATED, (uint64_t)kst_time_now());
	if (how->label)
		memcpy(slot + AT_LABEL, how->label, strnlen(how->label, KST1_LABEL));
	memcpy(h->slot[n], slot, KST1_SLOT);
	if (made) {
		kst1_secret_release(made);
		*made = own;
		own = (struct kst1_secret){ .type = KST_SLOT_EMPTY };
	}
	r = 0;
done:
	kst1_secret_release(&own);
	return r;
}

void kst1_slot_info(const uint8_t slot[KST1_SLOT], unsigned n, struct kst_slot_info *out)
{
	memset(out, 0, sizeof(*out));
	out->number = n;
	out->type = kst1_slot_type(slot);
	if (!kst1_slot_known(slot))
		return;
	out->role = slot[AT_ROLE];
	out->passes = kst1_get32(slot + AT_PASSES);
	out->kib = kst1_get32(slot + AT_KIB);
	uint64_t created = kst1_get64(slot + AT_CREATED);
	out->created = created > (uint64_t)KST_TIME_NEVER ? 0 : (int64_t)created;
	memcpy(out->label, slot + AT_LABEL, KST1_LABEL);
}
