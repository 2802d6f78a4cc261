/* SPDX-License-Identifier: ISC */
/* digest.h - SHA-256 of what comes in pieces */
#ifndef KST_CRYPTO_DIGEST_H
#define KST_CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "kstool/error.h"

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
