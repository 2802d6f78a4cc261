/* SPDX-License-Identifier: ISC */
/* any.c - the target of a format that needs nothing more: make gives its row's name as FORMAT */
#include "fuzz.h"

extern const struct kst_format FORMAT;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_format(&FORMAT, data, size, true);
	return 0;
}
