/* SPDX-License-Identifier: ISC */
/*
 * text64.h - base64 that must be right to the last bit: what JSON documents carry keys in
 *
 * Through libsodium, whose code takes the same time whatever the key is.  PEM has
 * blanks, lines and damage to be told of; that is formats/pem_scan.c.
 */
#ifndef KST_CRYPTO_TEXT64_H
#define KST_CRYPTO_TEXT64_H

#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"

enum kst_text64 {
	KST_TEXT64,	/* RFC 4648 section 4, padded; blanks and line ends are skipped */
	KST_TEXT64_URL	/* section 5, without padding as RFC 7515 wants it; padded is read too */
};

/* Append the bytes.  0, or -1: it is no base64, or there is no memory (out->failed). */
int kst_text64_decode(struct kst_buf *out, const char *text, size_t n, enum kst_text64 kind);
void kst_text64_encode(struct kst_buf *out, const void *data, size_t n, enum kst_text64 kind);

#endif
