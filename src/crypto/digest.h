/* SPDX-License-Identifier: ISC */
/*
 * digest.h - SHA-256, SHA-1, MD5 of one piece of memory, or SHA-256 of what comes in pieces
 *
 * Fingerprints are taken of every certificate that passes.  The first algorithm
 * fetched through EVP costs half a millisecond, a third of a short command, and
 * libsodium's SHA-256 four times what OpenSSL's takes: so libcrypto's own functions
 * are called, which need no fetch.
 */
#ifndef KST_CRYPTO_DIGEST_H
#define KST_CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "kstool/error.h"

void kst_sha256(const void *data, size_t len, uint8_t out[32]);
void kst_sha1(const void *data, size_t len, uint8_t out[20]);
/* For one key derivation of Java; `out` may lie in `data`. */
void kst_md5(const void *data, size_t len, uint8_t out[16]);

struct kst_digest {
	void *ctx; /* made by the first update: a digest that is never fed costs nothing */
};
#define KST_DIGEST_INIT { NULL }

/* 0 or -1. */
int kst_digest_update(struct kst_digest *d, const void *data, size_t n, struct kst_error *err);
/* The hash of all that was fed; the object is empty again.  0 or -1. */
int kst_digest_final(struct kst_digest *d, uint8_t sha256[32], struct kst_error *err);
void kst_digest_release(struct kst_digest *d);

#endif
