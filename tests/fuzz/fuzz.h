/* SPDX-License-Identifier: ISC */
/*
 * fuzz.h - what the fuzz targets share
 *
 * A target is fuzz_<what>.c with LLVMFuzzerTestOneInput(): `make fuzz` links it to
 * libFuzzer, `make replay` to replay.c, which runs files and mutations of them
 * without clang.  The limits are so small that nothing a file can ask for takes
 * long: what is slow here is a bug.
 */
#ifndef KST_TESTS_FUZZ_H
#define KST_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "kstool/kstool.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
/* libFuzzer's, or that of replay.c. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

#define FUZZ_PASS "secret-pass"
/* The key file of tests/corpus/kst1. */
extern const uint8_t fuzz_key[32];

/* Something that must never be: says what, and aborts. */
_Noreturn void fuzz_bug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A struct kst_io over bytes; its asker knows FUZZ_PASS and fuzz_key, and "long enough" for what is
 * new. */
struct fuzz_io {
	struct kst_io io;
	struct kst_bytes in;
	struct kst_asker asker;
	struct kst_buf out;
	struct kst_notes notes;
	struct kst_read_options read;
	struct kst_write_options write;
	bool bytes; /* give them whole, as the store does for small formats */
};
void fuzz_io(struct fuzz_io *f, const uint8_t *data, size_t size, bool bytes);
void fuzz_io_release(struct fuzz_io *f);

/* Call after a failure: an error must say what it is. */
void fuzz_failed(const struct kst_error *err, const char *what);

/*
 * Read bytes as a format, then do what every command does with a store: list it,
 * load it, open its keys, print it; with `again` write it and read that, which must
 * give as many entries.
 */
void fuzz_format(const struct kst_format *format, const uint8_t *data, size_t size, bool again);

#endif
