/* SPDX-License-Identifier: ISC */
/*
 * cipher_low.c - DES, RC2, RC4, Blowfish, CAST5 and SEED without the legacy provider
 *
 * The functions are deprecated in OpenSSL 3 but still in libcrypto, and the only
 * way to old files for a static program in an empty container.  Decryption only:
 * nothing is ever written with these.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/cipher.h"

#include <string.h>

#include <openssl/blowfish.h>
#include <openssl/cast.h>
#include <openssl/crypto.h>
#include <openssl/des.h>
#include <openssl/rc2.h>
#include <openssl/rc4.h>
#include <openssl/seed.h>

#define MAX_BLOCK 16

union schedule {
	unsigned char none;
	DES_key_schedule des;
#ifndef OPENSSL_NO_RC2
	RC2_KEY rc2;
#endif
#ifndef OPENSSL_NO_RC4
	RC4_KEY rc4;
#endif
#ifndef OPENSSL_NO_BF
	BF_KEY bf;
#endif
#ifndef OPENSSL_NO_CAST
	CAST_KEY cast;
#endif
#ifndef OPENSSL_NO_SEED
	SEED_KEY_SCHEDULE seed;
#endif
};

struct low {
	const char *prefix; /* of the name, up to the mode */
	uint8_t key, block;
	bool any_key; /* the key may have another length */
	bool (*init)(union schedule *s, const struct kst_cipher *c);
	void (*crypt)(union schedule *s, const uint8_t *in, uint8_t *out, bool encrypt);
};

static bool des_init(union schedule *s, const struct kst_cipher *c)
{
	/* Parity is not checked: derived keys have none. */
	DES_set_key_unchecked((const_DES_cblock *)c->key, &s->des);
	return true;
}

static void des_crypt(union schedule *s, const uint8_t *in, uint8_t *out, bool encrypt)
{
	DES_ecb_encrypt((const_DES_cblock *)in, (DES_cblock *)out, &s->des,
			encrypt ? DES_ENCRYPT : DES_DECRYPT);
}

#ifndef OPENSSL_NO_RC2
static bool rc2_init(union schedule *s, const struct kst_cipher *c)
{
	unsigned bits = c->rc2_bits ? c->rc2_bits : (unsigned)c->key_len * 8;
	if (bits > 1024 || c->key_len > 128)
		return false;
	RC2_set_key(&s->rc2, (int)c->key_len, c->key, (int)bits);
	return true;
}

static void rc2_crypt(union schedule *s, const uint8_t *in, uint8_t *out, bool encrypt)
{
	RC2_ecb_encrypt(in, out, &s->rc2, encrypt ? RC2_ENCRYPT : RC2_DECRYPT);
}
#endif

#ifndef OPENSSL_NO_BF
static bool bf_init(union schedule *s, const struct kst_cipher *c)
{
	BF_set_key(&s->bf, (int)c->key_len, c->key);
	return true;
}

static void bf_crypt(union schedule *s, const uint8_t *in, uint8_t *out, bool encrypt)
{
	BF_ecb_encrypt(in, out, &s->bf, encrypt ? BF_ENCRYPT : BF_DECRYPT);
}
#endif

#ifndef OPENSSL_NO_CAST
static bool cast_init(union schedule *s, const struct kst_cipher *c)
{
	CAST_set_key(&s->cast, (int)c->key_len, c->key);
	return true;
}

static void cast_crypt(union schedule *s, const uint8_t *in, uint8_t *out, bool encrypt)
{
	CAST_ecb_encrypt(in, out, &s->cast, encrypt ? CAST_ENCRYPT : CAST_DECRYPT);
}
#endif

#ifndef OPENSSL_NO_SEED
static bool seed_init(union schedule *s, const struct kst_cipher *c)
{
	SEED_set_key(c->key, &s->seed);
	return true;
}

static void seed_crypt(union schedule *s, const uint8_t *in, uint8_t *out, bool encrypt)
{
	SEED_ecb_encrypt(in, out, &s->seed, encrypt ? 1 : 0);
}
#endif

static const struct low lows[] = {
	{ "DES-", 8, 8, false, des_init, des_crypt },
#ifndef OPENSSL_NO_RC2
	{ "RC2-40-", 5, 8, false, rc2_init, rc2_crypt },
	{ "RC2-64-", 8, 8, false, rc2_init, rc2_crypt },
	{ "RC2-", 16, 8, true, rc2_init, rc2_crypt },
#endif
#ifndef OPENSSL_NO_BF
	{ "BF-", 16, 8, true, bf_init, bf_crypt },
#endif
#ifndef OPENSSL_NO_CAST
	{ "CAST5-", 16, 8, true, cast_init, cast_crypt },
#endif
#ifndef OPENSSL_NO_SEED
	{ "SEED-", 16, 16, false, seed_init, seed_crypt },
#endif
};

static bool mode_name(const char *s)
{
	static const char *const modes[] = { "CBC", "ECB", "CFB", "OFB" };
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(s, modes[i]))
			return true;
	return false;
}

static const struct low *find(const char *name)
{
	for (size_t i = 0; i < sizeof(lows) / sizeof(*lows); i++) {
		size_t n = strlen(lows[i].prefix);
		if (!strncmp(name, lows[i].prefix, n) && mode_name(name + n))
			return &lows[i];
	}
	return NULL;
}

static bool is_rc4(const char *name)
{
#ifndef OPENSSL_NO_RC4
	return !strcmp(name, "RC4");
#else
	(void)name;
	return false;
#endif
}

bool kst_cipher_low_sizes(const char *name, size_t *key, size_t *iv, size_t *block)
{
	if (is_rc4(name)) {
		*key = 16;
		*iv = 0;
		*block = 1;
		return true;
	}
	const struct low *l = find(name);
	if (!l)
		return false;
	enum kst_cipher_mode mode = kst_cipher_mode(name);
	*key = l->key;
	*iv = mode == KST_MODE_ECB ? 0 : l->block;
	*block = mode == KST_MODE_CBC || mode == KST_MODE_ECB ? l->block : 1;
	return true;
}

static void run(const struct low *l, union schedule *s, enum kst_cipher_mode mode,
		const struct kst_cipher *c, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t chain[MAX_BLOCK] = { 0 }, pad[MAX_BLOCK];
	size_t n = l->block;

	if (mode != KST_MODE_ECB)
		memcpy(chain, c->iv, n);
	for (size_t at = 0; at < len; at += n) {
		size_t part = len - at < n ? len - at : n;
		if (mode == KST_MODE_CBC || mode == KST_MODE_ECB) {
			l->crypt(s, in + at, pad, false);
			for (size_t i = 0; i < n; i++)
				out[at + i] = pad[i] ^ chain[i];
			if (mode == KST_MODE_CBC)
				memcpy(chain, in + at, n);
		} else {
			l->crypt(s, chain, pad, true);
			for (size_t i = 0; i < part; i++)
				out[at + i] = in[at + i] ^ pad[i];
			memcpy(chain, mode == KST_MODE_OFB ? pad : in + at,
			       mode == KST_MODE_OFB ? n : part);
		}
	}
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(chain, sizeof(chain));
}

bool kst_cipher_low_decrypt(const struct kst_cipher *c, const uint8_t *in, size_t len, uint8_t *out)
{
	union schedule s = { .none = 0 };

#ifndef OPENSSL_NO_RC4
	if (is_rc4(c->name)) {
		if (!c->key_len || c->key_len > 256)
			return false;
		RC4_set_key(&s.rc4, (int)c->key_len, c->key);
		RC4(&s.rc4, len, in, out);
		OPENSSL_cleanse(&s, sizeof(s));
		return true;
	}
#endif
	const struct low *l = find(c->name);
	enum kst_cipher_mode mode = kst_cipher_mode(c->name);
	if (!l || !c->key_len || (c->key_len != l->key && !l->any_key) ||
	    (mode != KST_MODE_ECB && c->iv_len != l->block) ||
	    ((mode == KST_MODE_CBC || mode == KST_MODE_ECB) && len % l->block) || !l->init(&s, c))
		return false;
	run(l, &s, mode, c, in, len, out);
	OPENSSL_cleanse(&s, sizeof(s));
	return true;
}
