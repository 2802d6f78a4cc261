/* SPDX-License-Identifier: ISC */
/*
 * fuzz_jks.c - JKS and JCEKS, as they are and once more with a digest that fits
 *
 * A mutation fails the digest and nothing behind it is reached: so the last twenty
 * bytes become what they should be.
 */
#include "fuzz.h"

#include <string.h>

#include "jks.h"

static const struct jks_type *const types[] = { &jks_type_jks, &jks_type_jceks };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;

	for (size_t i = 0; i < 2; i++)
		fuzz_format(types[i]->format, data, size, true);
	kst_buf_put(&file, data, size);
	if (file.failed || size < 12 + JKS_DIGEST ||
	    kst_secret_set(&pass, FUZZ_PASS, strlen(FUZZ_PASS), NULL) < 0 ||
	    jks_digest(&file, size - JKS_DIGEST, &pass, file.data + size - JKS_DIGEST, NULL) < 0)
		return 0;
	for (size_t i = 0; i < 2; i++)
		fuzz_format(types[i]->format, file.data, file.len, true);
	return 0;
}
