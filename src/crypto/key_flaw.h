/* SPDX-License-Identifier: ISC */
/* key_flaw.h - public keys under which a signature proves nothing */
#ifndef KST_CRYPTO_KEY_FLAW_H
#define KST_CRYPTO_KEY_FLAW_H

#include <openssl/types.h>

enum kst_key_flaw {
	KST_KEY_SOUND,
	KST_KEY_SHORT,   /* below 112 bits (NIST SP 800-57 part 1, table 2: RSA 2048, curves of 224 bits) */
	KST_KEY_EXPONENT /* RSA, and everybody can sign */
};
enum kst_key_flaw kst_key_flaw(const EVP_PKEY *key);

#endif
