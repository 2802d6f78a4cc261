/* SPDX-License-Identifier: ISC */
/*
 * dek.c - traditional PEM encryption: "Proc-Type: 4,ENCRYPTED" and DEK-Info
 *
 * RFC 1421's headers with OpenSSL's own derivation: MD5 over passphrase and the
 * first eight bytes of the IV, once.  OpenSSL opens these with the ciphers of its
 * global context only, so single DES needs this by hand.
 */
#include <sodium.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/cipher.h"
#include "crypto/der.h"
#include "crypto/key_impl.h"
#include "crypto/ossl.h"
#include "kstool/text.h"

#define SALT	     8
#define IV_MAX	     16
#define NAME_MAX_LEN 32

struct dek {
	char cipher[NAME_MAX_LEN];
	uint8_t iv[IV_MAX];
	size_t iv_len;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* "AES-256-CBC,0123..." */
static int parse(const char *info, struct dek *out, struct kst_error *err)
{
	size_t name = strcspn(info, ","), n = 0;
	const char *p = info + name;

	*out = (struct dek){ .iv_len = 0 };
	if (!name || name >= sizeof(out->cipher))
		return kst_error_setx(err, KST_E_CORRUPT, "the DEK-Info header names no cipher");
	for (size_t i = 0; i < name; i++) {
		if ((unsigned char)info[i] <= ' ' || (unsigned char)info[i] > '~')
			return kst_error_setx(err, KST_E_CORRUPT,
					      "the DEK-Info header names no cipher");
		out->cipher[i] = info[i];
	}
	if (*p != ',')
		return kst_error_setx(err, KST_E_CORRUPT, "the DEK-Info header has no IV");
	for (p++; *p == ' ' || *p == '\t'; p++)
		;
	size_t len = strcspn(p, " \t\r\n");
	for (; n < len; n++) {
		int digit = hex_digit(p[n]);
		if (digit < 0)
			return kst_error_setx(err, KST_E_CORRUPT,
					      "the IV of the DEK-Info header is not hexadecimal");
		if (n / 2 >= sizeof(out->iv))
			return kst_error_setx(err, KST_E_CORRUPT,
					      "the IV of the DEK-Info header is too long");
		out->iv[n / 2] = (uint8_t)(out->iv[n / 2] << 4 | digit);
	}
	if (p[len + strspn(p + len, " \t\r\n")])
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the DEK-Info header goes on after its IV");
	if (n % 2)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the IV of the DEK-Info header has an odd number of digits");
	out->iv_len = n / 2;
	if (out->iv_len < SALT)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the IV of the DEK-Info header is too short");
	return 0;
}

/* OpenSSL's EVP_BytesToKey with MD5 and one iteration. */
static int derive(const struct kst_bytes *pass, const uint8_t salt[SALT], uint8_t *key, size_t len,
		  struct kst_error *err)
{
	uint8_t d[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	size_t done = 0;
	int ok = 1;

	ERR_set_mark();
	EVP_MD *md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	while (ok && done < len) {
		ok = md5 && ctx && EVP_DigestInit_ex2(ctx, md5, NULL) &&
		     EVP_DigestUpdate(ctx, d, n) && EVP_DigestUpdate(ctx, pass->data, pass->len) &&
		     EVP_DigestUpdate(ctx, salt, SALT) && EVP_DigestFinal_ex(ctx, d, &n) && n;
		size_t part = ok ? (len - done < n ? len - done : n) : 0;
		memcpy(key + done, d, part);
		done += part;
	}
	if (!ok)
		kst_ossl_error(err, KST_E_UNSUPPORTED, "MD5 is not available here");
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md5);
	ERR_pop_to_mark();
	sodium_memzero(d, sizeof(d));
	return ok ? 0 : -1;
}

static int try_bytes(const struct kst_key *key, const struct dek *dek, size_t key_len,
		     size_t iv_len, const struct kst_bytes *pass, struct kst_secret *out,
		     struct kst_error *err)
{
	uint8_t k[EVP_MAX_KEY_LENGTH];
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	int rc = -1;

	if (derive(pass, dek->iv, k, key_len, err) == 0) {
		struct kst_cipher c = { .name = dek->cipher,
					.key = k,
					.key_len = key_len,
					.iv = dek->iv,
					.iv_len = iv_len };
		rc = kst_cipher_decrypt(&c, key->dek_data.data, key->dek_data.len, &plain, err);
	}
	sodium_memzero(k, sizeof(k));
	if (rc == 0 && kst_der_whole(plain.data, plain.len, KST_DER_SEQUENCE, NULL) < 0)
		rc = 1;
	/* One whole SEQUENCE is no accident: what is wrong with it now is the key's fault. */
	if (rc == 0)
		rc = kst_key_to_pkcs8(out, plain.data, plain.len, key->dek_label, NULL, err);
	return rc;
}

/* OpenSSL would look up any name; these modes are all that was ever written. */
static bool usual(const char *cipher)
{
	switch (kst_cipher_mode(cipher)) {
	case KST_MODE_CBC:
	case KST_MODE_ECB:
	case KST_MODE_CFB:
	case KST_MODE_OFB:
		return true;
	case KST_MODE_GCM:
	case KST_MODE_CCM:
	case KST_MODE_WRAP:
		return false;
	case KST_MODE_STREAM:
		/* Names of ECB without saying so. */
		return !strcmp(cipher, "DES-EDE") || !strcmp(cipher, "DES-EDE3");
	}
	return false;
}

int kst_dek_open(const struct kst_key *key, const struct kst_secret *pass, struct kst_secret *out,
		 struct kst_error *err)
{
	struct dek dek;
	size_t key_len, iv_len, block;
	struct kst_buf latin1 KST_SCRATCH_BUF = KST_BUF_INIT;

	if (parse(key->dek_info, &dek, err) < 0)
		return -1;
	if (!usual(dek.cipher) || kst_cipher_sizes(dek.cipher, &key_len, &iv_len, &block) < 0 ||
	    key_len > EVP_MAX_KEY_LENGTH || !key_len)
		return kst_error_setx(err, KST_E_UNSUPPORTED,
				      "the cipher %s of the DEK-Info header is not supported",
				      dek.cipher);
	/* Without an IV (ECB) the number is only the salt. */
	if (iv_len && iv_len != dek.iv_len)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the IV of the DEK-Info header has %zu bytes, %s takes %zu",
				      dek.iv_len, dek.cipher, iv_len);

	struct kst_bytes text = { pass->data, pass->len };
	int rc = try_bytes(key, &dek, key_len, iv_len, &text, out, err);
	if (rc != 1)
		return rc;
	/* Old terminals: what is UTF-8 today was ISO 8859-1. */
	bool ascii = true;
	for (size_t i = 0; i < pass->len;) {
		uint32_t cp;
		size_t n = kst_utf8_decode(pass->data + i, pass->len - i, &cp);
		if (!n || cp > 0xff)
			return 1;
		ascii = ascii && cp < 0x80;
		kst_buf_u8(&latin1, (uint8_t)cp);
		i += n;
	}
	if (ascii)
		return 1;
	if (latin1.failed)
		return kst_error_nomem(err);
	text = (struct kst_bytes){ latin1.data, latin1.len };
	return try_bytes(key, &dek, key_len, iv_len, &text, out, err);
}

void kst_dek_text(const char *dek_info, struct kst_buf *out)
{
	size_t n = strcspn(dek_info, ",");
	kst_buf_printf(out, "PEM %.*s, MD5 1", (int)(n < NAME_MAX_LEN ? n : NAME_MAX_LEN),
		       dek_info);
}
