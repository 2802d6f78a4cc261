/* SPDX-License-Identifier: ISC */
/*
 * fuzz_text.c - the texts of the native format: key file, recovery sheet, signer,
 * list of signers
 */
#include <string.h>

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

static void signers(const uint8_t *data, size_t size)
{
	struct kst_buf text = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_pin *pin = NULL;
	size_t nr = 0;

	kst_buf_put(&text, data, size);
	kst_buf_u8(&text, 0);
	text.len = size;
	if (kst_pins_parse(&pin, &nr, &text, &err) < 0)
		fuzz_failed(&err, "signers");
	kst_pins_free(pin, nr);
	kst_buf_release(&text);
}

static void host(const uint8_t *data, size_t size)
{
	struct kst_buf text = KST_BUF_INIT;

	if (kst_text_idn(&text, (const char *)data, size) && !kst_utf8_valid(text.data, text.len) &&
	    kst_utf8_valid(data, size))
		fuzz_bug("a host name in Punycode is decoded to what is no UTF-8");
	kst_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	host(data, size);
	key_file(data, size);
	signer(data, size);
	signers(data, size);
	return 0;
}
