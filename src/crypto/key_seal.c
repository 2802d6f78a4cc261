/* SPDX-License-Identifier: ISC */
/*
 * key_seal.c - EncryptedPrivateKeyInfo of an open key (RFC 5958 section 3)
 */
#include "crypto/der.h"
#include "crypto/key_impl.h"
#include "crypto/pbe.h"

int kst_key_seal_cached(const struct kst_key *key, const struct kst_secret *pass,
			const struct kst_pbe_options *opt, struct kst_pbe_cache *cache,
			struct kst_buf *out, struct kst_error *err)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT, ct KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!key->pkcs8.len)
		return kst_error_setx(err, KST_E_INTERNAL,
				      "a private key that is not open was to be encrypted");
	if (kst_pbe_encrypt(opt, key->pkcs8.data, key->pkcs8.len, pass, cache, &body, &ct, err) < 0)
		return -1;
	kst_der_put(&body, KST_DER_OCTET_STRING, ct.data, ct.len);
	if (body.failed)
		return kst_error_nomem(err);
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	return out->failed ? kst_error_nomem(err) : 0;
}

int kst_key_seal(const struct kst_key *key, const struct kst_secret *pass,
		 const struct kst_pbe_options *opt, struct kst_buf *out, struct kst_error *err)
{
	return kst_key_seal_cached(key, pass, opt, NULL, out, err);
}
