/* SPDX-License-Identifier: ISC */
/* fuzz_pem.c - files of PEM blocks */
#include "fuzz.h"

extern const struct kst_format kst_format_pem;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_format(&kst_format_pem, data, size, true);
	return 0;
}
