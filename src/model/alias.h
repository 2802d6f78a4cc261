/* SPDX-License-Identifier: ISC */
/* alias.h - names that are free */
#ifndef KST_MODEL_ALIAS_H
#define KST_MODEL_ALIAS_H

#include <stdbool.h>
#include <stdint.h>

#define KST_ALIAS_MAX 255

/* `base`, cut at a whole character so that the suffix fits into KST_ALIAS_MAX bytes, and the suffix.
 * kst_free it; NULL without memory. */
char *kst_alias_with_suffix(const char *base, const char *suffix);

/*
 * `base` if it is free, else with "-" and 8 hex digits of the fingerprint (NULL:
 * there is none), else with "-2", "-3" ...; the result is never longer than 255
 * bytes.  kst_free it; NULL without memory.
 */
char *kst_alias_unique(const char *base, const uint8_t *sha256,
		       bool (*taken)(void *ctx, const char *alias), void *ctx);

#endif
