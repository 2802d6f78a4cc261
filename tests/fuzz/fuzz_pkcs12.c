/* SPDX-License-Identifier: ISC */
/*
 * fuzz_pkcs12.c - PKCS#12, as it is and once more without its MAC
 *
 * A mutation of the contents fails the MAC and nothing behind it is reached: so
 * the contents are put into a file that has none, and that is allowed.
 */
#include "fuzz.h"

#include "crypto/der.h"

extern const struct kst_format kst_format_pkcs12;

/* PFX without the MAC; false where there is no contents to be found. */
static bool without_mac(const uint8_t *data, size_t size, struct kst_buf *out)
{
	struct kst_der d = kst_der_over(data, size), in;
	struct kst_der_item version, safe;
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_expect(&in, KST_DER_INTEGER, &version) < 0 ||
	    kst_der_expect(&in, KST_DER_SEQUENCE, &safe) < 0 || kst_der_end(&in))
		return false;
	kst_buf_put(&body, version.whole.data, version.whole.len);
	kst_buf_put(&body, safe.whole.data, safe.whole.len);
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kst_buf bare KST_SCRATCH_BUF = KST_BUF_INIT;
	fuzz_format(&kst_format_pkcs12, data, size, true);
	if (without_mac(data, size, &bare))
		fuzz_format(&kst_format_pkcs12, bare.data, bare.len, true);
	return 0;
}
