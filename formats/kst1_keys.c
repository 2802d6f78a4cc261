/* SPDX-License-Identifier: ISC */
/*
 * kst1_keys.c - hashes of the native format, and the keys that follow from a root
 *
 * An admin slot holds the root R, a reader slot the read key D.  Everything else
 * is derived, so a keyring is made from one of the two (kst1.md 3.3).
 */
#include "kst1.h"

#include <string.h>

#include <sodium.h>

bool kst1_is_zero(const uint8_t *p, size_t n)
{
	return sodium_is_zero(p, n) == 1;
}

void kst1_hash(uint8_t out[KST1_HASH], const void *data, size_t n)
{
	crypto_generichash(out, KST1_HASH, data, n, NULL, 0);
}

void kst1_mac(uint8_t out[KST1_HASH], const uint8_t key[KST1_KEY], const struct kst_bytes *piece,
	      size_t nr)
{
	crypto_generichash_state s;
	crypto_generichash_init(&s, key, KST1_KEY, KST1_HASH);
	for (size_t i = 0; i < nr; i++)
		crypto_generichash_update(&s, piece[i].data, piece[i].len);
	crypto_generichash_final(&s, out, KST1_HASH);
	sodium_memzero(&s, sizeof(s));
}

static struct kst1_keys *room(struct kst1_keyring *k, struct kst_error *err)
{
	k->can_read = k->can_write = false;
	if (kst_secret_alloc(&k->mem, sizeof(struct kst1_keys), err) < 0)
		return NULL;
	k->mem.len = sizeof(struct kst1_keys);
	return (struct kst1_keys *)(void *)k->mem.data;
}

static void derive_read(struct kst1_keys *keys)
{
	crypto_kdf_derive_from_key(keys->index, KST1_KEY, 1, "KST1indx", keys->read);
	crypto_kdf_derive_from_key(keys->entry, KST1_KEY, 1, "KST1entr", keys->read);
}

int kst1_keyring_read(struct kst1_keyring *k, const uint8_t read[KST1_KEY], struct kst_error *err)
{
	struct kst1_keys *keys = room(k, err);
	if (!keys)
		return -1;
	memcpy(keys->read, read, KST1_KEY);
	derive_read(keys);
	k->can_read = true;
	return 0;
}

int kst1_keyring_root(struct kst1_keyring *k, const uint8_t root[KST1_KEY], struct kst_error *err)
{
	struct kst1_keys *keys = room(k, err);
	if (!keys)
		return -1;
	memcpy(keys->root, root, KST1_KEY);
	crypto_kdf_derive_from_key(keys->read, KST1_KEY, 1, "KST1read", keys->root);
	derive_read(keys);
	/* libsodium hashes the seed into the secret key's own place: they may not overlap */
	crypto_kdf_derive_from_key(keys->seed, KST1_KEY, 1, "KST1sign", keys->root);
	crypto_sign_ed25519_seed_keypair(k->sign_pk, keys->sign, keys->seed);
	k->can_read = k->can_write = true;
	return 0;
}

int kst1_keyring_new(struct kst1_keyring *k, struct kst_error *err)
{
	struct kst_secret root KST_SCRATCH_SECRET = KST_SECRET_INIT;
	if (kst_secret_alloc(&root, KST1_KEY, err) < 0)
		return -1;
	randombytes_buf(root.data, KST1_KEY);
	return kst1_keyring_root(k, root.data, err);
}

void kst1_keyring_release(struct kst1_keyring *k)
{
	kst_secret_release(&k->mem);
	k->can_read = k->can_write = false;
}
