/* SPDX-License-Identifier: ISC */
/*
 * fuzz_kst1.c - native stores: read, check, repair
 *
 * A mutation of a signed file is found by the signature and nothing behind it is
 * reached.  So most mutations are made on an opened store and sealed, hashed and
 * signed again with the root that all stores of tests/corpus/kst1 have
 * (kst1_fix.c).  What is run is an ordinary file: a crash needs no fixing up to
 * be seen again.
 */
#include <string.h>

#include "fuzz.h"
#include "kst1_fix.h"

extern const struct kst_format kst_format_kst1;

#define MAX_INPUT (UINT64_C(1) << 20)

static bool check(const uint8_t *data, size_t size, bool secret)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_check c = { .nr = 0 };
	struct fuzz_io io;
	fuzz_io(&io, data, size, false);
	if (!secret)
		io.io.asker = NULL;
	if (kst_format_kst1.native->check(&io.io, &c, &err) < 0)
		fuzz_failed(&err, "check");
	else if (c.whole == (c.nr > 0))
		fuzz_bug("check: whole, and %zu findings", c.nr);
	bool whole = c.whole && c.entries_opened;
	kst_check_release(&c);
	fuzz_io_release(&io);
	return whole;
}

/* Repair signs what was signed: nonsense that the holder of the root put into an entry stays in it.
 * But its header is good. */
static void repair(const uint8_t *data, size_t size)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_repair r = { .proved = 0 };
	struct kst_check c = { .nr = 0 };
	struct fuzz_io io, back;
	fuzz_io(&io, data, size, false);
	if (kst_format_kst1.native->repair(&io.io, &r, NULL, &err) < 0) {
		fuzz_failed(&err, "repair");
	} else {
		fuzz_io(&back, io.out.data, io.out.len, false);
		if (kst_format_kst1.native->check(&back.io, &c, &err) < 0)
			fuzz_bug("what repair made cannot be checked: %s", err.message);
		for (size_t i = 0; i < c.nr; i++)
			if (c.finding[i].code == KST_E_STORE_SIZE ||
			    c.finding[i].code == KST_E_HEADER_COPY ||
			    c.finding[i].code == KST_E_SIGNATURE)
				fuzz_bug("what repair made: %s", c.finding[i].text);
		kst_check_release(&c);
		fuzz_io_release(&back);
	}
	kst_repair_release(&r);
	fuzz_io_release(&io);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > MAX_INPUT)
		return 0;
	check(data, size, false);
	/* What the holder of the root signed without being right in itself is read, not written. */
	fuzz_format(&kst_format_kst1, data, size, check(data, size, true));
	repair(data, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	if (seed % 8 == 0 || !kst1_unfix(data, size))
		return LLVMFuzzerMutate(data, size, max);
	size = LLVMFuzzerMutate(data, size, max);
	kst1_fix(data, size, seed);
	return size;
}
