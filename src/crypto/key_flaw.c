/* SPDX-License-Identifier: ISC */
/* key_flaw.c - public keys under which a signature proves nothing */
#include "crypto/key_flaw.h"

#include <stdbool.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

/* With the exponent 1 everybody can sign for the owner of the key: a signature is its own padding.  Neither OpenSSL
 * nor GnuTLS look.  An even one is none. */
static bool exponent_is_no_secret(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	bool bad;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return false;
	bad = !BN_is_odd(e) || BN_is_one(e) || BN_is_negative(e);
	BN_free(e);
	return bad;
}

enum kst_key_flaw kst_key_flaw(const EVP_PKEY *key)
{
	bool short_key, open;

	ERR_set_mark();
	short_key = EVP_PKEY_get_security_bits(key) < 112;
	open = exponent_is_no_secret(key);
	ERR_pop_to_mark();
	return short_key ? KST_KEY_SHORT : open ? KST_KEY_EXPONENT : KST_KEY_SOUND;
}
