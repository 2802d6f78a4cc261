/* SPDX-License-Identifier: ISC */
/* digest.c - SHA-256 of what comes in pieces: to compare what is on the disk with what was meant */
#include "crypto/digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>

static int failed(struct kst_error *err)
{
	kst_error_setx(err, KST_E_NO_MEMORY, "SHA-256 cannot be computed");
	ERR_pop_to_mark();
	return -1;
}

static int begin(struct kst_digest *d)
{
	if (d->ctx)
		return 0;
	d->ctx = EVP_MD_CTX_new();
	return d->ctx && EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

int kst_digest_update(struct kst_digest *d, const void *data, size_t n, struct kst_error *err)
{
	ERR_set_mark();
	if (begin(d) < 0 || EVP_DigestUpdate(d->ctx, data, n) != 1)
		return failed(err);
	ERR_pop_to_mark();
	return 0;
}

int kst_digest_final(struct kst_digest *d, uint8_t sha256[32], struct kst_error *err)
{
	ERR_set_mark();
	unsigned len = 0;
	int rc = begin(d) == 0 && EVP_DigestFinal_ex(d->ctx, sha256, &len) == 1 && len == 32
			 ? 0
			 : failed(err);
	if (rc == 0)
		ERR_pop_to_mark();
	kst_digest_release(d);
	return rc;
}

void kst_digest_release(struct kst_digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}
