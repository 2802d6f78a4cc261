/* SPDX-License-Identifier: ISC */
/*
 * cipher.c - symmetric ciphers through EVP, else through cipher_low.c
 */
#include "crypto/cipher.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/ossl.h"

enum kst_cipher_mode kst_cipher_mode(const char *name)
{
	const char *end = strrchr(name, '-');
	if (!end)
		return KST_MODE_STREAM;
	if (!strcmp(end, "-CBC"))
		return KST_MODE_CBC;
	if (!strcmp(end, "-ECB"))
		return KST_MODE_ECB;
	if (!strcmp(end, "-CFB"))
		return KST_MODE_CFB;
	if (!strcmp(end, "-OFB"))
		return KST_MODE_OFB;
	if (!strcmp(end, "-GCM"))
		return KST_MODE_GCM;
	if (!strcmp(end, "-CCM"))
		return KST_MODE_CCM;
	if (!strcmp(end, "-PAD"))
		return KST_MODE_WRAP;
	return KST_MODE_STREAM;
}

/* NULL: neither the ordinary providers nor the legacy one have it.  Leaves no errors behind. */
static EVP_CIPHER *fetch(const char *name)
{
	ERR_set_mark();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (!cipher) {
		OSSL_LIB_CTX *legacy = kst_ossl_legacy();
		if (legacy)
			cipher = EVP_CIPHER_fetch(legacy, name, NULL);
	}
	ERR_pop_to_mark();
	return cipher;
}

int kst_cipher_sizes(const char *name, size_t *key, size_t *iv, size_t *block)
{
	EVP_CIPHER *cipher = fetch(name);
	if (!cipher)
		return kst_cipher_low_sizes(name, key, iv, block) ? 0 : -1;
	*key = (size_t)EVP_CIPHER_get_key_length(cipher);
	*iv = (size_t)EVP_CIPHER_get_iv_length(cipher);
	*block = (size_t)EVP_CIPHER_get_block_size(cipher);
	EVP_CIPHER_free(cipher);
	return 0;
}

static int unavailable(const char *name, struct kst_error *err)
{
	kst_error_setx(err, KST_E_UNSUPPORTED, "%s is not available here", name);
	if (!kst_ossl_legacy())
		kst_error_hint(
			err,
			"the OpenSSL legacy provider (legacy.so) is not installed; it may have it");
	return -1;
}

/* Set the context up.  0, or -1: this implementation cannot do it that way (no error is set). */
static int setup(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, const struct kst_cipher *c, int enc,
		 const uint8_t *tag)
{
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, enc, NULL) != 1)
		return -1;
	enum kst_cipher_mode mode = kst_cipher_mode(c->name);
	if ((mode == KST_MODE_GCM || mode == KST_MODE_CCM) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)c->iv_len, NULL) != 1)
		return -1;
	/* CCM works its lengths into the key's first block: they have to come before the key. */
	if (mode == KST_MODE_CCM &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)c->tag,
				enc ? NULL : (void *)(uintptr_t)tag) != 1)
		return -1;
	if (mode != KST_MODE_WRAP && (size_t)EVP_CIPHER_CTX_get_iv_length(ctx) != c->iv_len)
		return -1;
	if ((size_t)EVP_CIPHER_CTX_get_key_length(ctx) != c->key_len &&
	    EVP_CIPHER_CTX_set_key_length(ctx, (int)c->key_len) != 1)
		return -1;
	if (c->rc2_bits) {
		size_t bits = c->rc2_bits;
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_RC2_KEYBITS, &bits),
			OSSL_PARAM_construct_end(),
		};
		if (EVP_CIPHER_CTX_set_params(ctx, params) != 1)
			return -1;
	}
	return EVP_CipherInit_ex2(ctx, NULL, c->key, mode == KST_MODE_WRAP ? NULL : c->iv, enc, NULL) == 1 ? 0 : -1;
}

/* 0, 1 (wrong), -1 error, 2: try the next implementation. */
static int by_evp(const struct kst_cipher *c, const uint8_t *in, size_t len, int enc,
		  struct kst_secret *out, struct kst_error *err)
{
	int rc = 2, n = 0, last = 0;
	EVP_CIPHER *cipher = fetch(c->name);
	if (!cipher)
		return 2;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	ERR_set_mark();
	if (!ctx) {
		rc = kst_error_nomem(err);
		goto done;
	}
	enum kst_cipher_mode mode = kst_cipher_mode(c->name);
	size_t tag = enc ? 0 : mode == KST_MODE_GCM ? KST_GCM_TAG : mode == KST_MODE_CCM ? c->tag : 0;
	if (len < tag) {
		rc = 1;
		goto done;
	}
	if (setup(ctx, cipher, c, enc, in + len - tag) < 0)
		goto done;
	if (kst_secret_alloc(out, len + EVP_MAX_BLOCK_LENGTH, err) < 0) {
		rc = -1;
		goto done;
	}
	if (mode == KST_MODE_GCM && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag,
				       (void *)(uintptr_t)(in + len - tag)) != 1)
		goto done;
	if (mode == KST_MODE_CCM && EVP_CipherUpdate(ctx, NULL, &n, NULL, (int)(len - tag)) != 1)
		goto done;
	rc = 1;
	if (EVP_CipherUpdate(ctx, out->data, &n, in, (int)(len - tag)) == 1 &&
	    ((mode == KST_MODE_CCM && !enc) || EVP_CipherFinal_ex(ctx, out->data + n, &last) == 1)) {
		out->len = (size_t)n + (size_t)last;
		if (mode == KST_MODE_CCM && enc) {
			if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)c->tag,
						out->data + out->len) != 1) {
				rc = 2;
				goto done;
			}
			out->len += c->tag;
		}
		rc = 0;
	}
done:
	ERR_pop_to_mark();
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return rc;
}

static int unpad(struct kst_secret *out, size_t block)
{
	if (!out->len)
		return 1;
	uint8_t pad = out->data[out->len - 1];
	if (!pad || pad > block || pad > out->len)
		return 1;
	for (size_t i = out->len - pad; i < out->len; i++)
		if (out->data[i] != pad)
			return 1;
	out->len -= pad;
	return 0;
}

/* 0, 1 (wrong), -1 error or nobody has it. */
static int by_hand(const struct kst_cipher *c, const uint8_t *in, size_t len,
		   struct kst_secret *out, struct kst_error *err)
{
	size_t key, iv, block;
	if (!kst_cipher_low_sizes(c->name, &key, &iv, &block))
		return unavailable(c->name, err);
	if (kst_secret_alloc(out, len ? len : 1, err) < 0)
		return -1;
	if (!kst_cipher_low_decrypt(c, in, len, out->data))
		return unavailable(c->name, err);
	out->len = len;
	return block > 1 ? unpad(out, block) : 0;
}

int kst_cipher_decrypt(const struct kst_cipher *c, const uint8_t *in, size_t len,
		       struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	size_t key, iv, block;

	if (kst_cipher_sizes(c->name, &key, &iv, &block) < 0)
		return unavailable(c->name, err);
	if (len > INT32_MAX / 2)
		return kst_error_setx(err, KST_E_LIMIT,
				      "the ciphertext is longer than kstool decrypts");
	if (block > 1 && (!len || len % block))
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the ciphertext is not a whole number of %s blocks", c->name);
	int rc = by_evp(c, in, len, 0, &plain, err);
	if (rc == 2)
		rc = by_hand(c, in, len, &plain, err);
	if (rc == 0)
		kst_secret_move(out, &plain);
	return rc;
}

int kst_cipher_encrypt(const struct kst_cipher *c, const uint8_t *in, size_t len,
		       struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret ct KST_SCRATCH_SECRET = KST_SECRET_INIT;

	if (len > INT32_MAX / 2)
		return kst_error_setx(err, KST_E_LIMIT,
				      "the plaintext is longer than kstool encrypts");
	int rc = by_evp(c, in, len, 1, &ct, err);
	if (rc < 0)
		return -1;
	if (rc)
		return unavailable(c->name, err);
	kst_secret_move(out, &ct);
	return 0;
}
