/* SPDX-License-Identifier: ISC */
/*
 * fuzz_text.c - the texts of the native format: key file, recovery sheet, signer,
 * list of signers
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static void key_file(const uint8_t *data, size_t size)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_secret key KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_secret again KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_key_file_parse(&key, data, size, &err) < 0) {
		fuzz_failed(&err, "key file");
		return;
	}
	if (key.len != 32)
		fuzz_bug("a key file gave %zu bytes", key.len);
	kst_key_file_text(&key, &text);
	if (kst_key_file_parse(&again, text.data, text.len, NULL) < 0 ||
	    !kst_secret_equal(&key, &again))
		fuzz_bug("a key file is not itself again");
	kst_buf_reset(&text);
	kst_recovery_sheet_text(&key, &text);
	if (kst_key_file_parse(&again, text.data, text.len, NULL) < 0 ||
	    !kst_secret_equal(&key, &again))
		fuzz_bug("a recovery sheet is not the same key");
}

static void signer(const uint8_t *data, size_t size)
{
	struct kst_error err = KST_ERROR_INIT;
	uint8_t pk[32];
	char *text = kst_strndup((const char *)data, size);
	if (text && kst_signer_parse(text, pk, &err) < 0)
		fuzz_failed(&err, "signer");
	kst_free(text);
}

/* The list is read by its path; a file without a name keeps the disk out of it. */
static void signers(const uint8_t *data, size_t size)
{
	static int fd = -1;
	char path[32];
	const char *const list[] = { path, NULL };
	struct kst_error err = KST_ERROR_INIT;
	struct kst_pin *pin = NULL;
	size_t nr = 0;
	if (fd < 0)
		fd = memfd_create("signers", 0);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (kst_pins_read(&pin, &nr, list, &err) < 0)
		fuzz_failed(&err, "signers");
	kst_pins_free(pin, nr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	key_file(data, size);
	signer(data, size);
	signers(data, size);
	return 0;
}
