/* SPDX-License-Identifier: ISC */
/*
 * bks_key.h - a key as Bouncy Castle's BKS and UBER frame it, and their encryption
 *
 * The frame tells of what kind a key is, its encoding and its algorithm; sealed, it
 * is encrypted as a whole under pbeWithSHAAnd3-KeyTripleDES-CBC.  In the model such
 * a key is an EncryptedPrivateKeyInfo with an algorithm of kstool's own, so that no
 * other format takes it for what it is not.
 */
#ifndef KST_CRYPTO_BKS_KEY_H
#define KST_CRYPTO_BKS_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"
#include "kstool/error.h"
#include "kstool/secret.h"

/* 2.25 (a UUID, X.667) and the number; never written into a file. */
#define KST_BKS_OID "2.25.216790373843174518"

enum kst_bks_kind { KST_BKS_PRIVATE, KST_BKS_PUBLIC, KST_BKS_SECRET };

struct kst_bks_frame {
	enum kst_bks_kind kind;
	struct kst_bytes format, algorithm, encoded; /* borrowed; the first two in modified UTF-8 */
};
/* One frame; the cursor is behind it then.  0 or -1. */
int kst_bks_frame_take(struct kst_cursor *c, struct kst_bks_frame *out);
/* Is it exactly one? */
bool kst_bks_plausible(const uint8_t *plain, size_t len);
/* Is it one with a PKCS#8 in it? */
bool kst_bks_private(const uint8_t *plain, size_t len);
/* The PKCS#8 in place of the frame.  0 or -1. */
int kst_bks_unframe(struct kst_secret *frame, struct kst_error *err);
/* Append a frame. */
int kst_bks_frame_put(struct kst_buf *out, enum kst_bks_kind kind, const char *format,
		      const char *algorithm, struct kst_bytes encoded);

/* What a BKS has for a sealed key (salt, iterations, ciphertext) as EncryptedPrivateKeyInfo and back;
 * appended.  0; -1: it is none. */
int kst_bks_to_epki(struct kst_bytes salt, uint32_t iterations, struct kst_bytes ct,
		    struct kst_buf *out);
struct kst_bks_sealed {
	struct kst_bytes salt, ct;
	uint64_t iterations;
};
int kst_bks_from_epki(struct kst_bytes epki, struct kst_bks_sealed *out);

struct kst_pbe_open;
/* As kst_pbe_open(): 0 opened; 1 wrong passphrase; -1. */
int kst_bks_open(struct kst_bytes epki, const struct kst_secret *pass,
		 const struct kst_pbe_open *how, struct kst_secret *out, struct kst_error *err);

#define KST_BKS_SALT 20 /* what Bouncy Castle writes; it reads others */
void kst_bks_salt(uint8_t salt[KST_BKS_SALT]);

/* Seal a frame: salt, iterations and ciphertext as they stand in the file; appended.  0 or -1. */
int kst_bks_seal(const struct kst_buf *frame, const struct kst_secret *pass, uint32_t iterations,
		 struct kst_buf *out, struct kst_error *err);

/* HMAC-SHA1 under a key of `key_len` bytes that PKCS#12's KDF makes of the passphrase.  0 or -1. */
int kst_bks_mac(const struct kst_secret *pass, struct kst_bytes salt, uint64_t iterations,
		size_t key_len, struct kst_bytes data, uint8_t out[20], struct kst_error *err);
/* Key of 32 and IV of 16 bytes for Twofish, by the same KDF.  0 or -1. */
int kst_bks_twofish_key(const struct kst_secret *pass, struct kst_bytes salt, uint64_t iterations,
			uint8_t key[32], uint8_t iv[16], struct kst_error *err);

/* twofish.c: CBC without padding, through libgcrypt where it is installed (loaded when it is needed).
 * 0; -1 UNSUPPORTED. */
int kst_twofish_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16], const uint8_t *in,
			    size_t len, uint8_t *out, struct kst_error *err);

#endif
