/* SPDX-License-Identifier: ISC */
/* kst1_fix.h - taking a native store apart and putting it together again, in place */
#ifndef KST_TESTS_KST1_FIX_H
#define KST_TESTS_KST1_FIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decrypt index and boxes where they lie.  false: too small to be a store; nothing is changed. */
bool kst1_unfix(uint8_t *data, size_t size);
/* Make magic, lengths, slot 0, hashes, seals, signature and header copy right.  `seed` chooses what
 * of it is left as it is. */
void kst1_fix(uint8_t *data, size_t size, unsigned seed);

#endif
