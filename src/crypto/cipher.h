/* SPDX-License-Identifier: ISC */
/*
 * cipher.h - one symmetric decryption or encryption, whoever has the cipher
 *
 * Old files need RC2, single DES, RC4 and worse, which OpenSSL 3 keeps in a
 * module that may not be there (a static program, an empty container).  The
 * order is: the ordinary providers, the private context with the legacy
 * provider, the block functions in libcrypto itself.
 */
#ifndef KST_CRYPTO_CIPHER_H
#define KST_CRYPTO_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/error.h"
#include "kstool/secret.h"

struct kst_cipher {
	const char *name; /* OpenSSL's: "AES-256-CBC", "RC2-CBC", "RC4" */
	const uint8_t *key;
	size_t key_len;
	const uint8_t *iv;
	size_t iv_len;
	unsigned rc2_bits; /* effective key bits of RC2; 0: key_len * 8 */
	size_t tag;        /* bytes of CCM's tag */
};

enum kst_cipher_mode {
	KST_MODE_CBC,
	KST_MODE_ECB,
	KST_MODE_CFB,
	KST_MODE_OFB,
	KST_MODE_GCM,
	KST_MODE_CCM,
	KST_MODE_WRAP, /* key wrap with padding (RFC 5649) */
	KST_MODE_STREAM
};
enum kst_cipher_mode kst_cipher_mode(const char *name); /* from the end of the name */

#define KST_GCM_TAG 16

/* CBC and ECB have PKCS#7 padding; the tag of GCM and CCM is the end of `in`.
 * 0; 1 if padding or tag are wrong (no error is set); -1. */
int kst_cipher_decrypt(const struct kst_cipher *c, const uint8_t *in, size_t len,
		       struct kst_secret *out, struct kst_error *err);
/* CBC, CCM and key wrap.  0 or -1. */
int kst_cipher_encrypt(const struct kst_cipher *c, const uint8_t *in, size_t len,
		       struct kst_secret *out, struct kst_error *err);

/* Key and IV length of a cipher that can be had here, block size too (1: stream).  0, or -1: nobody
 * knows it (no error is set). */
int kst_cipher_sizes(const char *name, size_t *key, size_t *iv, size_t *block);

/* ---- cipher_low.c: libcrypto's own block functions ---- */

bool kst_cipher_low_sizes(const char *name, size_t *key, size_t *iv, size_t *block);
/* Raw decryption, the padding stays; out has room for len bytes.  false: not among them. */
bool kst_cipher_low_decrypt(const struct kst_cipher *c, const uint8_t *in, size_t len,
			    uint8_t *out);

#endif
