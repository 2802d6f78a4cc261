/* SPDX-License-Identifier: ISC */
/* fuzz_pkcs7.c - bundles of PKCS#7 in all their clothes */
#include "fuzz.h"

extern const struct kst_format kst_format_pkcs7;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_format(&kst_format_pkcs7, data, size, true);
	return 0;
}
