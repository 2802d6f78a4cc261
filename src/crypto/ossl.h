/* SPDX-License-Identifier: ISC */
/*
 * ossl.h - the OpenSSL contexts, and its error queue
 *
 * The ordinary work is done in the default context.  Ciphers that only the legacy
 * provider has (RC2, RC4, single DES) get a context of their own, made when the
 * first file asks for one: the default context never knows the legacy provider, so
 * nothing weak can be chosen by accident.
 */
#ifndef KST_CRYPTO_OSSL_H
#define KST_CRYPTO_OSSL_H

#include <stdbool.h>

#include <openssl/types.h>

#include "kstool/error.h"

/* The default context: what every OpenSSL function takes NULL for. */
OSSL_LIB_CTX *kst_ossl_ctx(void);

/*
 * A private context with "default" and "legacy", made at the first call and kept.
 * NULL and UNSUPPORTED where the legacy provider cannot be loaded (its module is a
 * package of its own on some systems, and a static program has none).
 */
OSSL_LIB_CTX *kst_ossl_legacy_ctx(struct kst_error *err);
/* The same for those who have another way then; leaves nothing in the error queue. */
OSSL_LIB_CTX *kst_ossl_legacy(void);

/*
 * Set the error (first one wins, error.h) with what OpenSSL's queue says in
 * err->underlying, oldest first, and empty the queue.  Returns -1.
 */
int kst_ossl_error(struct kst_error *err, enum kst_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Around calls whose failure is an answer and not an error: what they leave in the
 * queue is dropped by kst_ossl_unmark(), what was there before stays.  They nest.
 */
void kst_ossl_mark(void);
void kst_ossl_unmark(void);

/*
 * Does this libsodium refuse points outside the prime-order subgroup?  Releases
 * before the fix of CVE-2025-69277 accept some with a torsion component, which would
 * let one signer of a native store look like several.
 */
bool kst_sodium_point_check_ok(void);

#endif
