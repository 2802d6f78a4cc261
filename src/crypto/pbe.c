/* SPDX-License-Identifier: ISC */
/*
 * pbe.c - opening what a passphrase encrypted
 *
 * A passphrase is text, its bytes are an agreement, and writers have not agreed:
 * the encodings found in real files are tried in turn, what the standards say
 * first.  Every try is judged by its plaintext, never by the padding alone.
 */
#include "crypto/pbe.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include <openssl/err.h>

#include "crypto/cipher.h"
#include "crypto/der.h"
#include "crypto/fks_key.h"
#include "crypto/pbe_alg.h"
#include "kstool/format.h"
#include "kstool/text.h"

/* Old NSS gave PBKDF2 the BMPString even of ASCII text; no later writer does, and these files have
 * small counts.  Above this a wrong passphrase is not made twice as slow. */
#define NSS_ITERATIONS 100000

static bool one_sequence(const uint8_t *p, size_t len)
{
	return kst_der_whole(p, len, KST_DER_SEQUENCE, NULL) == 0;
}

int kst_pbe_within_limits(const struct kst_pbe_alg *alg, const struct kst_limits *limits,
			  struct kst_error *err)
{
	const struct kst_kdf *k = &alg->kdf;
	if (k->iterations > limits->iterations) {
		if (k->iterations == UINT64_MAX)
			return kst_error_setx(err, KST_E_LIMIT,
					      "the passphrase protection asks for more iterations "
					      "than can be counted, "
					      "the limit is %" PRIu32,
					      limits->iterations);
		return kst_error_setx(err, KST_E_LIMIT,
				      "the passphrase protection asks for %" PRIu64
				      " iterations, the limit is %" PRIu32,
				      k->iterations, limits->iterations);
	}
	uint64_t memory = 0;
	/* N * r is below the limit of iterations, so this does not overflow. */
	if (k->kind == KST_KDF_SCRYPT)
		memory = 128 * k->n * k->r + 128 * k->r * k->p;
	if (memory > limits->kdf_mem + (UINT64_C(1) << 20))
		return kst_error_setx(err, KST_E_LIMIT,
				      "the passphrase protection asks for %" PRIu64
				      " MiB of memory, the limit is %" PRIu64 " MiB",
				      memory >> 20, limits->kdf_mem >> 20);
	return 0;
}

static bool makes_sense(const struct kst_pbe_open *how, const struct kst_secret *plain)
{
	return (how->plausible ? how->plausible : one_sequence)(plain->data, plain->len);
}

static int no_key(struct kst_error *err)
{
	return kst_error_setx(err, KST_E_BAD_KEY,
			      "the passphrase opens it, but what is in it is no private key");
}

/* Does the cipher itself tell a wrong passphrase? */
static bool has_tag(const char *cipher)
{
	enum kst_cipher_mode mode = kst_cipher_mode(cipher);

	return mode == KST_MODE_GCM || mode == KST_MODE_CCM || mode == KST_MODE_WRAP;
}

/* JKS knows by a digest whether the passphrase is right, whatever it finds then. */
static int try_jks(const uint8_t *ct, size_t ct_len, struct kst_bytes pass,
		   const struct kst_pbe_open *how, struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	int rc = kst_sun_jks_open(ct, ct_len, pass, &plain, err);

	if (rc == 0 && !makes_sense(how, &plain))
		return no_key(err);
	if (rc == 0)
		kst_secret_move(out, &plain);
	return rc;
}

/* One try with the passphrase in these very bytes; `id` for the KDFs whose key and IV are one
 * piece.  0, 1 wrong, -1. */
static int try_bytes(const struct kst_pbe_alg *alg, int id, const uint8_t *ct, size_t ct_len,
		     struct kst_bytes pass, const struct kst_pbe_open *how, struct kst_secret *out,
		     struct kst_error *err)
{
	if (alg->jks)
		return try_jks(ct, ct_len, pass, how, out, err);

	uint8_t key[KST_KDF_MAX_OUT];
	uint8_t iv[KST_PBE_IV_MAX];
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	int rc = -1;

	memcpy(iv, alg->iv, sizeof(iv));
	if (alg->iv_derived &&
	    (alg->kdf.kind == KST_KDF_PBKDF1 || alg->kdf.kind == KST_KDF_JCEKS)) {
		if (kst_kdf_derive(&alg->kdf, id, pass, key, alg->key_len + alg->iv_len, how->cache,
				   err) < 0)
			goto done;
		memcpy(iv, key + alg->key_len, alg->iv_len);
	} else {
		if (kst_kdf_derive(&alg->kdf, 1, pass, key, alg->key_len, how->cache, err) < 0)
			goto done;
		if (alg->iv_derived && alg->iv_len &&
		    kst_kdf_derive(&alg->kdf, 2, pass, iv, alg->iv_len, how->cache, err) < 0)
			goto done;
	}
	struct kst_cipher c = { .name = alg->cipher,
				.key = key,
				.key_len = alg->key_len,
				.iv = iv,
				.iv_len = alg->iv_len,
				.rc2_bits = alg->rc2_bits,
				.tag = alg->tag };
	rc = kst_cipher_decrypt(&c, ct, ct_len, &plain, err);
	if (rc == 0 && !makes_sense(how, &plain))
		rc = has_tag(alg->cipher) ? no_key(err) : 1;
	if (rc == 0)
		kst_secret_move(out, &plain);
done:
	sodium_memzero(key, sizeof(key));
	sodium_memzero(iv, sizeof(iv));
	return rc;
}

enum encoding {
	BYTES,	     /* as given: UTF-8 */
	UTF16,	     /* UTF-16BE alone (JKS) */
	LATIN1,	     /* ISO 8859-1, where the text is in it (RSA JSafe) */
	BMP,	     /* UTF-16BE and a NUL, as PKCS#12 wants it (old NSS: in PBES2 too) */
	NOTHING,     /* no bytes at all, where "" would be a NUL */
	FKS,	     /* as BMP, and behind it what the key is for (fks_key.h) */
	BYTES_AS_BMP /* each byte as a character (OpenSSL before 1.1.0) */
};

/* Encode; false: there is no such encoding of this passphrase. */
static bool encode(enum encoding how, const struct kst_pbe_alg *alg, const struct kst_secret *pass,
		   struct kst_buf *out)
{
	kst_buf_reset(out);
	switch (how) {
	case BYTES:
		kst_buf_put(out, pass->data, pass->len);
		return true;
	case UTF16:
		return kst_text_to_utf16be(out, pass->data, pass->len) == 0;
	case LATIN1:
		for (size_t i = 0; i < pass->len;) {
			uint32_t cp;
			size_t n = kst_utf8_decode(pass->data + i, pass->len - i, &cp);
			if (!n || cp > 0xff)
				return false;
			kst_buf_u8(out, (uint8_t)cp);
			i += n;
		}
		return true;
	case BMP:
		if (kst_text_to_utf16be(out, pass->data, pass->len) < 0)
			return false;
		kst_buf_be16(out, 0);
		return true;
	case FKS:
		return kst_fks_password(pass, alg->fks, out) == 0;
	case NOTHING:
		return !pass->len;
	case BYTES_AS_BMP:
		for (size_t i = 0; i < pass->len; i++)
			kst_buf_be16(out, pass->data[i]);
		kst_buf_be16(out, 0);
		return true;
	}
	return false;
}

/* "the passphrase opens it ...": the encodings that are in no standard. */
static const char *odd_text(enum encoding how, const struct kst_pbe_alg *alg)
{
	switch (how) {
	case LATIN1:
		return "as ISO 8859-1, as RSA JSafe writes it";
	case BMP:
		return alg->kdf.kind == KST_KDF_PKCS12 ? NULL : "as a BMPString, as old NSS writes it";
	case BYTES_AS_BMP:
		return "in the encoding of OpenSSL before 1.1.0: each byte of its UTF-8 as a character";
	case BYTES:
	case UTF16:
	case FKS:
	case NOTHING:
		break;
	}
	return NULL;
}

static bool is_ascii(const struct kst_secret *pass)
{
	for (size_t i = 0; i < pass->len; i++)
		if (pass->data[i] > 0x7f)
			return false;
	return true;
}

/* The encodings to try, in order.  Returns how many. */
static size_t encodings(const struct kst_pbe_alg *alg, const struct kst_secret *pass,
			enum encoding out[4])
{
	size_t n = 0;
	bool ascii = is_ascii(pass);
	if (alg->jks) {
		out[n++] = UTF16;
		return n;
	}
	if (alg->fks) {
		out[n++] = FKS;
		return n;
	}
	if (alg->kdf.kind == KST_KDF_PKCS12) {
		out[n++] = BMP;
		out[n++] = NOTHING;
		if (!ascii)
			out[n++] = BYTES_AS_BMP;
		return n;
	}
	out[n++] = BYTES;
	if (!ascii)
		out[n++] = LATIN1;
	if (alg->kdf.kind == KST_KDF_PBKDF2 && pass->len &&
	    (!ascii || alg->kdf.iterations <= NSS_ITERATIONS))
		out[n++] = BMP;
	return n;
}

int kst_pbe_open(const uint8_t *algid, size_t algid_len, const uint8_t *ct, size_t ct_len,
		 const struct kst_secret *pass, const struct kst_pbe_open *how,
		 struct kst_secret *out, struct kst_error *err)
{
	static const struct kst_limits defaults = KST_LIMITS_DEFAULT;
	static const struct kst_pbe_open plain_how = { .limits = &defaults };
	struct kst_pbe_alg alg;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	enum encoding list[4];

	if (!how)
		how = &plain_how;
	if (kst_pbe_alg_parse(&alg, algid, algid_len, err) < 0)
		return -1;
	int rc = kst_pbe_within_limits(&alg, how->limits ? how->limits : &defaults, err);
	size_t n = rc == 0 ? encodings(&alg, pass, list) : 0;
	for (size_t i = 0; i < n; i++) {
		rc = 1;
		if (!encode(list[i], &alg, pass, &text))
			continue;
		if (text.failed) {
			rc = kst_error_nomem(err);
			break;
		}
		struct kst_bytes bytes = { list[i] == NOTHING ? NULL : text.data, text.len };
		rc = try_bytes(&alg, KST_SUN_REVERSED, ct, ct_len, bytes, how, out, err);
		if (rc == 1 && alg.kdf.kind == KST_KDF_JCEKS && kst_sun_equal_halves(&alg.kdf))
			rc = try_bytes(&alg, KST_SUN_SHUFFLED, ct, ct_len, bytes, how, out, err);
		if (rc == 0 && how->odd && odd_text(list[i], &alg))
			*how->odd = odd_text(list[i], &alg);
		if (rc != 1)
			break;
	}
	kst_pbe_alg_release(&alg);
	return rc;
}

int kst_pbe_decrypt(const uint8_t *algid, size_t algid_len, const uint8_t *ct, size_t ct_len,
		    const struct kst_secret *pass, struct kst_secret *out, struct kst_error *err)
{
	return kst_pbe_open(algid, algid_len, ct, ct_len, pass, NULL, out, err);
}
