/* SPDX-License-Identifier: ISC */
/* digest.c - libcrypto's plain hash functions; deprecated in 3.0 in favour of EVP, see digest.h */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/digest.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

#include "kstool/alloc.h"

void kst_sha256(const void *data, size_t len, uint8_t out[32])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	if (len)
		SHA256_Update(&ctx, data, len);
	SHA256_Final(out, &ctx);
}

void kst_sha1(const void *data, size_t len, uint8_t out[20])
{
	SHA_CTX ctx;

	SHA1_Init(&ctx);
	if (len)
		SHA1_Update(&ctx, data, len);
	SHA1_Final(out, &ctx);
}

void kst_md5(const void *data, size_t len, uint8_t out[16])
{
	MD5_CTX ctx;

	MD5_Init(&ctx);
	if (len)
		MD5_Update(&ctx, data, len);
	MD5_Final(out, &ctx);
}

static int begin(struct kst_digest *d, struct kst_error *err)
{
	if (d->ctx)
		return 0;
	d->ctx = kst_malloc(sizeof(SHA256_CTX));
	if (!d->ctx)
		return kst_error_nomem(err);
	SHA256_Init(d->ctx);
	return 0;
}

int kst_digest_update(struct kst_digest *d, const void *data, size_t n, struct kst_error *err)
{
	if (begin(d, err) < 0)
		return -1;
	if (n)
		SHA256_Update(d->ctx, data, n);
	return 0;
}

int kst_digest_final(struct kst_digest *d, uint8_t sha256[32], struct kst_error *err)
{
	if (begin(d, err) < 0)
		return -1;
	SHA256_Final(sha256, d->ctx);
	kst_digest_release(d);
	return 0;
}

void kst_digest_release(struct kst_digest *d)
{
	kst_free(d->ctx);
	d->ctx = NULL;
}
