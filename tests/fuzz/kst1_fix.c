/* SPDX-License-Identifier: ISC */
/*
 * kst1_fix.c - a forger who knows the root
 *
 * Written against kst1.md alone: it shares no code with formats/kst1*.c, and is
 * content with whatever nonsense the lengths in the file say.
 */
#include "kst1_fix.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define HEADER 4096
#define MAX_BOXES 512
#define SEAL 40 /* nonce and tag */

struct keys {
	uint8_t root[32], read[32], index[32], entry[32], seed[32], pk[32], sk[64];
};

static void derive(uint8_t out[32], const uint8_t key[32], uint64_t id, const char *label)
{
	crypto_kdf_derive_from_key(out, 32, id, label, key);
}

static const struct keys *keys(void)
{
	static struct keys k;
	static bool ready;
	if (!ready) {
		for (size_t i = 0; i < sizeof(k.root); i++)
			k.root[i] = (uint8_t)i;
		derive(k.read, k.root, 1, "KST1read");
		derive(k.seed, k.root, 1, "KST1sign");
		derive(k.index, k.read, 1, "KST1indx");
		derive(k.entry, k.read, 1, "KST1entr");
		crypto_sign_ed25519_seed_keypair(k.pk, k.sk, k.seed);
		ready = true;
	}
	return &k;
}

static uint64_t get(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;
	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void set(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* ---- where what lies ---- */

struct layout {
	uint8_t *header, *index, *boxes;
	size_t index_len, boxes_len;
	bool sealed;
};

/* As the header says, where that is possible. */
static void lay_out(struct layout *l, uint8_t *data, size_t size)
{
	size_t room = size - 2 * HEADER;
	uint64_t n = get(data + 80, 8);
	l->header = data;
	l->sealed = data[12] & 1;
	l->index = data + HEADER;
	l->index_len = n < room ? (size_t)n : room;
	l->boxes = l->index + l->index_len;
	l->boxes_len = room - l->index_len;
}

/* The next box by its own lengths; 0 at the end.  What does not fit is one box to the end. */
struct box {
	uint8_t *at, *sealed;
	size_t len, public_len, sealed_len;
};
static bool next_box(const struct layout *l, size_t *pos, struct box *b)
{
	size_t left = l->boxes_len - *pos;
	if (!left)
		return false;
	*b = (struct box){ .at = l->boxes + *pos, .len = left };
	if (left >= 24) {
		uint64_t p = get(b->at, 4), s = get(b->at + 4, 4);
		uint64_t n = 24 + p + (s ? s + SEAL : 0);
		if (n <= left) {
			b->len = (size_t)n;
			b->public_len = (size_t)p;
			b->sealed_len = (size_t)s;
			b->sealed = s ? b->at + 24 + p : NULL;
		}
	}
	*pos += b->len;
	return true;
}

/* ---- seals ---- */

struct aad {
	uint8_t data[8 + 16 + 32 + 16 + 32];
	size_t len;
};

static void index_aad(struct aad *a, const uint8_t *header)
{
	memcpy(a->data, "KST1indx", 8);
	memcpy(a->data + 8, header + 16, 16);
	memcpy(a->data + 24, header + 48, 32);
	a->len = 56;
}

static void box_aad(struct aad *a, const uint8_t *header, const struct box *b)
{
	index_aad(a, header);
	memcpy(a->data, "KST1entr", 8);
	memcpy(a->data + 56, b->at + 8, 16);
	crypto_generichash(a->data + 72, 32, b->at + 24, b->public_len, NULL, 0);
	a->len = 104;
}

/* nonce | text | tag, in place; what is not authentic stays. */
static void unseal(uint8_t *p, size_t len, const struct aad *a, const uint8_t key[32])
{
	uint8_t *plain = malloc(len);
	if (plain && !crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
			     plain, NULL, p + 24, len - SEAL, p + len - 16, a->data, a->len, p, key))
		memcpy(p + 24, plain, len - SEAL);
	free(plain);
}

static void seal(uint8_t *p, size_t len, const struct aad *a, const uint8_t key[32])
{
	crypto_aead_xchacha20poly1305_ietf_encrypt_detached(p + 24, p + len - 16, NULL, p + 24,
							    len - SEAL, a->data, a->len, NULL, p,
							    key);
}

bool kst1_unfix(uint8_t *data, size_t size)
{
	struct layout l;
	struct box b;
	struct aad a;
	size_t pos = 0;
	if (size < 2 * HEADER + 4)
		return false;
	lay_out(&l, data, size);
	if (l.sealed && l.index_len >= SEAL) {
		index_aad(&a, data);
		unseal(l.index, l.index_len, &a, keys()->index);
	}
	while (next_box(&l, &pos, &b)) {
		if (!b.sealed)
			continue;
		box_aad(&a, data, &b);
		unseal(b.sealed, b.sealed_len + SEAL, &a, keys()->entry);
	}
	return true;
}

/* ---- putting together ---- */

struct sums {
	uint8_t hash[MAX_BOXES][32];
	size_t len[MAX_BOXES];
	size_t nr;
};

static void close_boxes(const struct layout *l, struct sums *s, uint8_t root[32])
{
	crypto_generichash_state all;
	struct box b;
	struct aad a;
	size_t pos = 0;
	uint8_t hash[32];
	crypto_generichash_init(&all, NULL, 0, 32);
	crypto_generichash_update(&all, (const uint8_t *)"KST1data", 8);
	s->nr = 0;
	while (next_box(l, &pos, &b)) {
		if (b.sealed) {
			box_aad(&a, l->header, &b);
			seal(b.sealed, b.sealed_len + SEAL, &a, keys()->entry);
		}
		crypto_generichash(hash, 32, b.at, b.len, NULL, 0);
		crypto_generichash_update(&all, hash, 32);
		if (s->nr < MAX_BOXES) {
			memcpy(s->hash[s->nr], hash, 32);
			s->len[s->nr++] = b.len;
		}
	}
	crypto_generichash_final(&all, root, 32);
}

/* Length and hash of each box into tag 4 of its record. */
static void refer(uint8_t *p, size_t n, const struct sums *s)
{
	size_t at = 4;
	for (size_t i = 0; i < s->nr && n >= 4 && at <= n - 4; i++) {
		size_t len = (size_t)get(p + at, 4), end;
		at += 4;
		if (len > n - at)
			return;
		end = at + len;
		while (end - at >= 6) {
			unsigned tag = (unsigned)get(p + at, 2);
			size_t value = (size_t)get(p + at + 2, 4);
			at += 6;
			if (value > end - at)
				break;
			if (tag == 4 && value == 36) {
				set(p + at, s->len[i], 4);
				memcpy(p + at + 4, s->hash[i], 32);
			}
			at += value;
		}
		at = end;
	}
}

/* Slot 0 opens for fuzz_key, whatever else is in it. */
static void wrap(uint8_t *header)
{
	uint8_t *slot = header + 256, P[32], W[32], context[120];
	crypto_generichash_state g;
	static const uint8_t zero[24];
	if (slot[0] != 2)
		return;
	crypto_generichash_init(&g, fuzz_key, 32, 32);
	crypto_generichash_update(&g, (const uint8_t *)"KST1keyf", 8);
	crypto_generichash_update(&g, slot + 16, 16);
	crypto_generichash_final(&g, P, 32);
	memcpy(context, "KST1slot", 8);
	memcpy(context + 8, header + 16, 16);
	memcpy(context + 24, header + 48, 32);
	memcpy(context + 56, slot, 64);
	derive(slot + 64, P, 2, "KST1wrap");
	crypto_generichash(W, 32, context, sizeof(context), P, 32);
	crypto_aead_xchacha20poly1305_ietf_encrypt(slot + 96, NULL,
						   slot[1] == 1 ? keys()->root : keys()->read, 32,
						   context, sizeof(context), NULL, zero, W);
}

static void sign(uint8_t *header)
{
	uint8_t msg[16 + 4032] = "KST1 header sig";
	memcpy(msg + 16, header, 4032);
	crypto_sign_ed25519_detached(header + 4032, NULL, msg, sizeof(msg), keys()->sk);
}

void kst1_fix(uint8_t *data, size_t size, unsigned seed)
{
	static const uint8_t magic[8] = { 0x89, 'K', 'S', 'T', '1', '\r', '\n', 0x1a };
	static struct sums s;
	struct layout l;
	struct aad a;
	uint8_t root[32];
	if (size < 2 * HEADER + 4)
		return;
	memcpy(data, magic, sizeof(magic));
	memcpy(data + 48, keys()->pk, 32);
	if (seed & 0x10) /* what must be zero, and flags of later versions */
		memset(data + 160, 0, 96);
	if (seed & 0x20) {
		memset(data + 9, 0, 3);
		memset(data + 13, 0, 3);
		memset(data + 3840, 0, 192);
		data[12] &= 1;
		data[8] = data[8] & 1 ? 'K' : 'T';
	}
	lay_out(&l, data, size);
	close_boxes(&l, &s, root);
	bool sealed = l.sealed && l.index_len >= SEAL;
	if (seed & 0xc0)
		refer(l.index + (sealed ? 24 : 0), l.index_len - (sealed ? SEAL : 0), &s);
	if (sealed) {
		index_aad(&a, data);
		seal(l.index, l.index_len, &a, keys()->index);
	}
	set(data + 80, l.index_len, 8);
	set(data + 88, l.boxes_len, 8);
	crypto_generichash(data + 96, 32, l.index, l.index_len, NULL, 0);
	if (seed & 0x300)
		memcpy(data + 128, root, 32);
	wrap(data);
	sign(data);
	memcpy(data + size - HEADER, data, HEADER);
}
