/* SPDX-License-Identifier: ISC */
/*
 * kdf_cache.c - the keys that one file's work has derived, in locked memory
 *
 * A key is found by a keyed hash over everything that went into it, the
 * passphrase too, under a key that lives as long as the cache: what lies in
 * memory is no cheap way to test guesses after the cache is gone.
 */
#include <sodium.h>
#include <string.h>

#include "crypto/kdf.h"
#include "crypto/pbe.h"
#include "kstool/alloc.h"

#define SLOTS 32
#define SALTS 4

struct kst_kdf_slot {
	uint8_t name[KST_KDF_ID];
	uint8_t out[KST_KDF_MAX_OUT];
	size_t len; /* 0: free */
};

struct cached {
	uint8_t key[crypto_generichash_KEYBYTES];
	struct kst_kdf_slot slot[SLOTS];
	size_t next;
	uint8_t salt[SALTS][32];
	size_t salt_len[SALTS]; /* 0: none yet */
	uint8_t seed[32];
	bool seeded;
	uint64_t drawn;         /* times that the seed was asked */
};

struct kst_pbe_cache {
	struct kst_secret memory; /* one struct cached */
};

static struct cached *cached(const struct kst_pbe_cache *cache)
{
	return (struct cached *)(void *)cache->memory.data;
}

struct kst_pbe_cache *kst_pbe_cache_new(void)
{
	struct kst_pbe_cache *cache = kst_calloc(1, sizeof(*cache));
	if (!cache)
		return NULL;
	/* sodium_malloc() aligns the end, not the start: round up so that the start is aligned too.
	 */
	size_t size = (sizeof(struct cached) + 63) & ~(size_t)63;
	if (kst_secret_alloc(&cache->memory, size, NULL) < 0) {
		kst_free(cache);
		return NULL;
	}
	randombytes_buf(cached(cache)->key, sizeof(cached(cache)->key));
	return cache;
}

void kst_pbe_cache_free(struct kst_pbe_cache *cache)
{
	if (!cache)
		return;
	kst_secret_release(&cache->memory);
	kst_free(cache);
}

void kst_kdf_cache_id(const struct kst_pbe_cache *cache, const struct kst_kdf *kdf, int id,
		      struct kst_bytes pass, size_t out_len, uint8_t name[KST_KDF_ID])
{
	const struct cached *c = cached(cache);
	const char *digest = kdf->digest ? kdf->digest : "";
	uint64_t number[] = { (uint64_t)kdf->kind,
			      (uint64_t)id,
			      out_len,
			      kdf->iterations,
			      kdf->n,
			      kdf->r,
			      kdf->p,
			      strlen(digest),
			      kdf->salt.len,
			      pass.len };
	crypto_generichash_state h;

	crypto_generichash_init(&h, c->key, sizeof(c->key), KST_KDF_ID);
	crypto_generichash_update(&h, (const uint8_t *)number, sizeof(number));
	crypto_generichash_update(&h, (const uint8_t *)digest, strlen(digest));
	crypto_generichash_update(&h, kdf->salt.data, kdf->salt.len);
	crypto_generichash_update(&h, pass.data, pass.len);
	crypto_generichash_final(&h, name, KST_KDF_ID);
	sodium_memzero(&h, sizeof(h));
}

int kst_kdf_cache_get(struct kst_pbe_cache *cache, const uint8_t name[KST_KDF_ID], uint8_t *out,
		      size_t out_len)
{
	const struct cached *c = cached(cache);
	for (size_t i = 0; i < SLOTS; i++)
		if (c->slot[i].len == out_len &&
		    !sodium_memcmp(c->slot[i].name, name, KST_KDF_ID)) {
			memcpy(out, c->slot[i].out, out_len);
			return 1;
		}
	return 0;
}

void kst_kdf_cache_put(struct kst_pbe_cache *cache, const uint8_t name[KST_KDF_ID],
		       const uint8_t *out, size_t out_len)
{
	struct cached *c = cached(cache);
	struct kst_kdf_slot *s = &c->slot[c->next++ % SLOTS];
	sodium_memzero(s, sizeof(*s));
	memcpy(s->name, name, KST_KDF_ID);
	memcpy(s->out, out, out_len);
	s->len = out_len;
}

void kst_pbe_cache_seed(struct kst_pbe_cache *cache, const uint8_t seed[32])
{
	struct cached *c = cached(cache);
	memcpy(c->seed, seed, sizeof(c->seed));
	c->seeded = true;
}

void kst_pbe_cache_chance(struct kst_pbe_cache *cache, uint8_t *out, size_t len)
{
	struct cached *c = cache ? cached(cache) : NULL;
	uint8_t made[32] = { 0 };
	if (!c || !c->seeded || len > sizeof(made)) {
		randombytes_buf(out, len);
		return;
	}
	uint64_t number = c->drawn++;
	crypto_generichash(made, sizeof(made), (const uint8_t *)&number, sizeof(number), c->seed,
			   sizeof(c->seed));
	memcpy(out, made, len);
}

int kst_pbe_cache_salt(struct kst_pbe_cache *cache, unsigned sort, uint8_t *salt, size_t len,
		       struct kst_error *err)
{
	if (len > 32)
		return kst_error_setx(err, KST_E_INTERNAL, "a salt of %zu bytes was asked for",
				      len);
	if (!cache || sort >= SALTS) {
		kst_pbe_cache_chance(cache, salt, len);
		return 0;
	}
	struct cached *c = cached(cache);
	if (c->salt_len[sort] != len) {
		kst_pbe_cache_chance(cache, c->salt[sort], len);
		c->salt_len[sort] = len;
	}
	memcpy(salt, c->salt[sort], len);
	return 0;
}
