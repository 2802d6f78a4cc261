/* SPDX-License-Identifier: ISC */
/* bks_key.c - the frame of Bouncy Castle's keys, their seal, and the MAC over the store */
#include "crypto/bks_key.h"

#include <sodium.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/cipher.h"
#include "crypto/der.h"
#include "crypto/kdf.h"
#include "crypto/key_impl.h"
#include "crypto/pbe.h"
#include "kstool/text.h"

/* ---- the frame ---- */

static struct kst_bytes take(struct kst_cursor *c, size_t n)
{
	struct kst_bytes b = { kst_cursor_take(c, n), n };

	if (!b.data)
		b.len = 0;
	return b;
}

int kst_bks_frame_take(struct kst_cursor *c, struct kst_bks_frame *out)
{
	struct kst_bks_frame f;
	uint8_t kind = kst_cursor_u8(c);

	f.format = take(c, kst_cursor_be16(c));
	f.algorithm = take(c, kst_cursor_be16(c));
	f.encoded = take(c, kst_cursor_be32(c));
	if (c->failed || kind > KST_BKS_SECRET)
		return -1;
	f.kind = (enum kst_bks_kind)kind;
	*out = f;
	return 0;
}

static int whole_frame(const uint8_t *plain, size_t len, struct kst_bks_frame *out)
{
	struct kst_cursor c;

	kst_cursor_init(&c, plain, len);
	return kst_bks_frame_take(&c, out) < 0 || kst_cursor_left(&c) ? -1 : 0;
}

bool kst_bks_plausible(const uint8_t *plain, size_t len)
{
	struct kst_bks_frame f;

	return whole_frame(plain, len, &f) == 0;
}

bool kst_bks_private(const uint8_t *plain, size_t len)
{
	struct kst_bks_frame f;

	return whole_frame(plain, len, &f) == 0 && f.kind == KST_BKS_PRIVATE &&
	       kst_der_whole(f.encoded.data, f.encoded.len, KST_DER_SEQUENCE, NULL) == 0;
}

int kst_bks_unframe(struct kst_secret *frame, struct kst_error *err)
{
	struct kst_secret inner KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_bks_frame f;

	if (whole_frame(frame->data, frame->len, &f) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "the frame of the key cannot be decoded");
	if (kst_secret_set(&inner, f.encoded.data, f.encoded.len, err) < 0)
		return -1;
	kst_secret_move(frame, &inner);
	return 0;
}

static void put_text(struct kst_buf *out, const char *text)
{
	struct kst_buf m KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_text_to_mutf8(&m, text, strlen(text)) < 0 || m.len > UINT16_MAX)
		out->failed = true;
	kst_buf_be16(out, (uint16_t)m.len);
	if (m.len)
		kst_buf_put(out, m.data, m.len);
	out->failed |= m.failed;
}

int kst_bks_frame_put(struct kst_buf *out, enum kst_bks_kind kind, const char *format,
		      const char *algorithm, struct kst_bytes encoded)
{
	kst_buf_u8(out, (uint8_t)kind);
	put_text(out, format);
	put_text(out, algorithm);
	kst_buf_be32(out, (uint32_t)encoded.len);
	kst_buf_put(out, encoded.data, encoded.len);
	return out->failed || encoded.len > INT32_MAX ? -1 : 0;
}

/* ---- sealed ---- */

int kst_bks_to_epki(struct kst_bytes salt, uint32_t iterations, struct kst_bytes ct,
		    struct kst_buf *out)
{
	struct kst_buf param KST_SCRATCH_BUF = KST_BUF_INIT, alg KST_SCRATCH_BUF = KST_BUF_INIT,
		       b KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t oid[KST_OID_MAX];

	kst_der_put(&param, KST_DER_OCTET_STRING, salt.data, salt.len);
	kst_der_put_uint(&param, iterations);
	kst_der_put(&alg, KST_DER_OID, oid, kst_oid_der(KST_BKS_OID, oid));
	kst_der_put(&alg, KST_DER_SEQUENCE, param.data, param.len);
	kst_der_put(&b, KST_DER_SEQUENCE, alg.data, alg.len);
	kst_der_put(&b, KST_DER_OCTET_STRING, ct.data, ct.len);
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	return param.failed || alg.failed || b.failed || out->failed ? -1 : 0;
}

int kst_bks_from_epki(struct kst_bytes epki, struct kst_bks_sealed *out)
{
	struct kst_der_item oid, salt, n, ct;
	struct kst_der in = kst_der_bytes(epki), alg;
	char text[KST_OID_TEXT];

	if (kst_der_enter(&in, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_enter(&in, KST_DER_SEQUENCE, &alg) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &ct) < 0 ||
	    kst_der_expect(&alg, KST_DER_OID, &oid) < 0 || kst_oid_text(oid.body, text) < 0 ||
	    strcmp(text, KST_BKS_OID) != 0 || kst_der_enter(&alg, KST_DER_SEQUENCE, &alg) < 0 ||
	    kst_der_expect(&alg, KST_DER_OCTET_STRING, &salt) < 0 ||
	    kst_der_expect(&alg, KST_DER_INTEGER, &n) < 0 ||
	    kst_der_uint(n.body, &out->iterations) < 0)
		return -1;
	out->salt = salt.body;
	out->ct = ct.body;
	return 0;
}

/* UTF-16BE and a terminator; of an empty passphrase nothing at all. */
static int encode(const struct kst_secret *pass, struct kst_buf *out, struct kst_error *err)
{
	if (!pass->len)
		return 0;
	if (kst_text_to_utf16be(out, pass->data, pass->len) < 0)
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE, "the passphrase is not UTF-8");
	kst_buf_be16(out, 0);
	return out->failed ? kst_error_nomem(err) : 0;
}

static int derive(const struct kst_secret *pass, struct kst_bytes salt, uint64_t iterations, int id,
		  uint8_t *out, size_t n, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_kdf kdf = { .kind = KST_KDF_PKCS12,
			       .digest = "SHA1",
			       .iterations = iterations,
			       .salt = { (uint8_t *)(uintptr_t)salt.data, salt.len } };

	if (encode(pass, &text, err) < 0)
		return -1;
	return kst_kdf_derive(&kdf, id, (struct kst_bytes){ text.data, text.len }, out, n, NULL, err);
}

void kst_bks_salt(uint8_t salt[KST_BKS_SALT])
{
	randombytes_buf(salt, KST_BKS_SALT);
}

int kst_bks_open(struct kst_bytes epki, const struct kst_secret *pass,
		 const struct kst_pbe_open *how, struct kst_secret *out, struct kst_error *err)
{
	struct kst_buf joined KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes algid, ct;

	if (kst_sealed_parse(epki.data, epki.len, &algid, &ct, &joined) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "the sealed key cannot be decoded");
	return kst_pbe_open(algid.data, algid.len, ct.data, ct.len, pass, how, out, err);
}

int kst_bks_seal(const struct kst_buf *frame, const struct kst_secret *pass, uint32_t iterations,
		 struct kst_buf *out, struct kst_error *err)
{
	struct kst_secret ct KST_SCRATCH_SECRET = KST_SECRET_INIT;
	uint8_t salt[KST_BKS_SALT], key[24], iv[8];
	struct kst_bytes s = { salt, sizeof(salt) };
	struct kst_cipher c = { .name = "DES-EDE3-CBC",
				.key = key,
				.key_len = sizeof(key),
				.iv = iv,
				.iv_len = sizeof(iv) };
	int rc = -1;

	kst_bks_salt(salt);
	if (derive(pass, s, iterations, 1, key, sizeof(key), err) == 0 &&
	    derive(pass, s, iterations, 2, iv, sizeof(iv), err) == 0 &&
	    kst_cipher_encrypt(&c, frame->data, frame->len, &ct, err) == 0) {
		kst_buf_be32(out, KST_BKS_SALT);
		kst_buf_put(out, salt, KST_BKS_SALT);
		kst_buf_be32(out, iterations);
		kst_buf_put(out, ct.data, ct.len);
		rc = out->failed ? kst_error_nomem(err) : 0;
	}
	sodium_memzero(key, sizeof(key));
	return rc;
}

int kst_bks_mac(const struct kst_secret *pass, struct kst_bytes salt, uint64_t iterations,
		size_t key_len, struct kst_bytes data, uint8_t out[20], struct kst_error *err)
{
	uint8_t key[20];
	size_t n = 0;

	if (derive(pass, salt, iterations, 3, key, key_len, err) < 0)
		return -1;
	ERR_set_mark();
	bool ok = EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, key, key_len, data.data, data.len, out,
			    20, &n) != NULL;
	ERR_pop_to_mark();
	sodium_memzero(key, sizeof(key));
	return ok && n == 20 ? 0 : kst_error_nomem(err);
}

int kst_bks_twofish_key(const struct kst_secret *pass, struct kst_bytes salt, uint64_t iterations,
			uint8_t key[32], uint8_t iv[16], struct kst_error *err)
{
	return derive(pass, salt, iterations, 1, key, 32, err) < 0
		       ? -1
		       : derive(pass, salt, iterations, 2, iv, 16, err);
}
