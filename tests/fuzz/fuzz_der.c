/* SPDX-License-Identifier: ISC */
/* fuzz_der.c - single DER objects: certificates, keys, requests, lists */
#include "fuzz.h"

extern const struct kst_format kst_format_der;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_format(&kst_format_der, data, size, true);
	return 0;
}
