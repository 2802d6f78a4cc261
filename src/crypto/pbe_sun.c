/* SPDX-License-Identifier: ISC */
/*
 * pbe_sun.c - the two ways in which Java's own keystores protect a private key
 *
 * JKS: the key is XORed with a chain of SHA-1 over passphrase and salt, and a
 * SHA-1 over passphrase and key tells whether the passphrase is right.  There are
 * no iterations: a guess costs one SHA-1.
 *
 * JCEKS: 3DES in CBC mode.  Each half of the salt becomes 16 bytes by iterated MD5,
 * the one before the passphrase; together they are the key and the IV.
 */
#include "crypto/pbe_alg.h"

#include <sodium.h>
#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/objects.h>

#include "crypto/cipher.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/pbe.h"
#include "kstool/text.h"

#define OID_JKS "1.3.6.1.4.1.42.2.17.1.1"
#define OID_JCEKS "1.3.6.1.4.1.42.2.19.1"

#define DIGEST 20
#define JKS_SALT 20
#define JCEKS_SALT 8
#define HALF (JCEKS_SALT / 2)
#define MD5_LEN 16
/* keytool's own since JDK 8u301 or so; Java refuses to read more than the second. */
#define ITERATIONS 200000
#define ITERATIONS_MAX 5000000

/* ---- the AlgorithmIdentifier ---- */

int kst_sun_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err)
{
	char oid[64];

	if (OBJ_obj2txt(oid, sizeof(oid), algor->algorithm, 1) <= 0)
		return 1;
	if (!strcmp(oid, OID_JKS)) {
		out->title = "JKS SHA-1";
		out->jks = true;
		out->kdf.iterations = 1;
		return 0;
	}
	if (strcmp(oid, OID_JCEKS) != 0)
		return 1;
	PBEPARAM *param = algor->parameter ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM),
								       algor->parameter)
					   : NULL;
	if (!param)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the parameters of JCEKS MD5-3DES cannot be decoded");
	out->title = "JCEKS MD5-3DES";
	out->cipher = "DES-EDE3-CBC";
	out->key_len = 24;
	out->iv_len = 8;
	out->iv_derived = true;
	out->kdf.kind = KST_KDF_JCEKS;
	int rc = kst_pbe_positive(param->iter, "the iteration count", &out->kdf.iterations, err);
	if (rc == 0 && ASN1_STRING_length(param->salt) != JCEKS_SALT)
		rc = kst_error_setx(err, KST_E_CORRUPT, "the salt has %d bytes instead of %d",
				    ASN1_STRING_length(param->salt), JCEKS_SALT);
	if (rc == 0)
		rc = kst_pbe_take_salt(&out->kdf, param->salt, err);
	PBEPARAM_free(param);
	return rc;
}

enum kst_seal kst_seal_of(const uint8_t *epki, size_t len)
{
	struct kst_der_item seq, algid;
	struct kst_pbe_alg alg;
	struct kst_der in;
	enum kst_seal seal;

	if (!len || kst_der_whole(epki, len, KST_DER_SEQUENCE, &seq) < 0)
		return KST_SEAL_UNKNOWN;
	in = kst_der_in(&seq);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &algid) < 0 ||
	    kst_pbe_alg_parse(&alg, algid.whole.data, algid.whole.len, NULL) < 0)
		return KST_SEAL_UNKNOWN;
	seal = alg.framed || alg.fks         ? KST_SEAL_UNKNOWN
	       : alg.jks                       ? KST_SEAL_JKS
	       : alg.kdf.kind == KST_KDF_JCEKS ? KST_SEAL_JCEKS
					       : KST_SEAL_STANDARD;
	kst_pbe_alg_release(&alg);
	return seal;
}

/* ---- JCEKS: the key and the IV ---- */

bool kst_sun_equal_halves(const struct kst_kdf *kdf)
{
	return kdf->salt.len == JCEKS_SALT && !memcmp(kdf->salt.data, kdf->salt.data + HALF, HALF);
}

int kst_sun_derive(const struct kst_kdf *kdf, int halves, struct kst_bytes pass,
		   uint8_t out[KST_SUN_KEY])
{
	static const uint8_t order[][HALF] = { [KST_SUN_REVERSED] = { 3, 2, 1, 0 },
					       [KST_SUN_SHUFFLED] = { 3, 0, 1, 3 } };
	uint8_t salt[JCEKS_SALT];
	struct kst_secret work KST_SCRATCH_SECRET = KST_SECRET_INIT;

	if (kdf->salt.len != JCEKS_SALT ||
	    kst_secret_alloc(&work, MD5_LEN + pass.len, NULL) < 0)
		return -1;
	memcpy(salt, kdf->salt.data, sizeof(salt));
	for (size_t i = 0; kst_sun_equal_halves(kdf) && i < HALF; i++)
		salt[i] = kdf->salt.data[order[halves == KST_SUN_SHUFFLED ? 2 : 1][i]];

	for (size_t h = 0; h < 2; h++) {
		/* The half of a salt is shorter than a digest: it ends where the passphrase begins. */
		uint8_t *from = work.data + MD5_LEN - HALF;

		memcpy(from, salt + h * HALF, HALF);
		if (pass.len)
			memcpy(work.data + MD5_LEN, pass.data, pass.len);
		kst_md5(from, HALF + pass.len, work.data);
		for (uint64_t i = 1; i < kdf->iterations; i++)
			kst_md5(work.data, MD5_LEN + pass.len, work.data);
		memcpy(out + h * MD5_LEN, work.data, MD5_LEN);
	}
	sodium_memzero(salt, sizeof(salt));
	return 0;
}

/* ---- JKS ---- */

/* SHA-1 of the passphrase and what follows it; `work` has the passphrase in its first bytes. */
static void after_pass(struct kst_secret *work, size_t pass_len, const uint8_t *more, size_t len,
		       uint8_t out[DIGEST])
{
	memcpy(work->data + pass_len, more, len);
	kst_sha1(work->data, pass_len + len, out);
}

/* XOR with the key stream; `work` has room for passphrase and a digest. */
static void jks_stream(struct kst_secret *work, size_t pass_len, const uint8_t *salt,
		       const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t w[DIGEST];

	memcpy(w, salt, DIGEST);
	for (size_t i = 0; i < len; i++) {
		if (i % DIGEST == 0)
			after_pass(work, pass_len, w, DIGEST, w);
		out[i] = in[i] ^ w[i % DIGEST];
	}
	sodium_memzero(w, sizeof(w));
}

/* Room for the passphrase and `more` bytes, the passphrase in it. */
static int jks_work(struct kst_secret *work, struct kst_bytes pass, size_t more,
		    struct kst_error *err)
{
	if (kst_secret_alloc(work, pass.len + (more > DIGEST ? more : DIGEST), err) < 0)
		return -1;
	if (pass.len)
		memcpy(work->data, pass.data, pass.len);
	return 0;
}

int kst_sun_jks_open(const uint8_t *ct, size_t ct_len, struct kst_bytes pass,
		     struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret work KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	uint8_t check[DIGEST];

	if (ct_len < JKS_SALT + DIGEST)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the encrypted private key is too short: %zu bytes", ct_len);
	size_t len = ct_len - JKS_SALT - DIGEST;
	if (jks_work(&work, pass, len, err) < 0 || kst_secret_alloc(&plain, len + 1, err) < 0)
		return -1;
	jks_stream(&work, pass.len, ct, ct + JKS_SALT, len, plain.data);
	plain.len = len;
	after_pass(&work, pass.len, plain.data, len, check);
	if (sodium_memcmp(check, ct + JKS_SALT + len, DIGEST) != 0)
		return 1;
	kst_secret_move(out, &plain);
	return 0;
}

/* ---- sealing ---- */

static void put_algid(struct kst_buf *algid, const char *dotted, const struct kst_buf *parameters)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t oid[KST_OID_MAX];

	kst_der_put(&b, KST_DER_OID, oid, kst_oid_der(dotted, oid));
	kst_buf_put(&b, parameters->data, parameters->len);
	kst_der_put(algid, KST_DER_SEQUENCE, b.data, b.len);
	algid->failed |= b.failed || parameters->failed;
}

static int jks_encrypt(const uint8_t *plain, size_t len, const struct kst_secret *pass,
		       struct kst_buf *algid, struct kst_buf *ct, struct kst_error *err)
{
	struct kst_secret work KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT, none KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t salt[JKS_SALT], check[DIGEST];

	if (kst_text_to_utf16be(&text, pass->data, pass->len) < 0)
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE, "the passphrase is not UTF-8");
	kst_der_put(&none, KST_DER_NULL, NULL, 0);
	if (text.failed || kst_buf_reserve(ct, JKS_SALT + len + DIGEST) < 0)
		return kst_error_nomem(err);
	struct kst_bytes p = { text.data, text.len };
	if (jks_work(&work, p, len, err) < 0)
		return -1;
	randombytes_buf(salt, sizeof(salt));
	kst_buf_put(ct, salt, sizeof(salt));
	jks_stream(&work, p.len, salt, plain, len, ct->data + ct->len);
	ct->len += len;
	after_pass(&work, p.len, plain, len, check);
	kst_buf_put(ct, check, sizeof(check));
	put_algid(algid, OID_JKS, &none);
	return algid->failed || ct->failed ? kst_error_nomem(err) : 0;
}

/* Java takes no other character, so that nothing else could ever be opened by it. */
static bool is_printable_ascii(const struct kst_secret *pass)
{
	for (size_t i = 0; i < pass->len; i++)
		if (pass->data[i] < 0x20 || pass->data[i] > 0x7e)
			return false;
	return true;
}

static int jceks_encrypt(uint32_t iterations, const uint8_t *plain, size_t len,
			 const struct kst_secret *pass, struct kst_buf *algid, struct kst_buf *ct,
			 struct kst_error *err)
{
	struct kst_secret sealed KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf in KST_SCRATCH_BUF = KST_BUF_INIT, param KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t salt[JCEKS_SALT], key[KST_SUN_KEY];
	struct kst_kdf kdf = { .kind = KST_KDF_JCEKS,
			       .iterations = iterations,
			       .salt = { salt, sizeof(salt) } };
	int rc;

	if (!is_printable_ascii(pass))
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE,
				      "a JCEKS takes printable ASCII characters only in the passphrase "
				      "of a key");
	if (iterations > ITERATIONS_MAX)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "%u iterations are more than the %d that Java reads", iterations,
				      ITERATIONS_MAX);
	do
		randombytes_buf(salt, sizeof(salt));
	while (kst_sun_equal_halves(&kdf));

	rc = kst_kdf_derive(&kdf, KST_SUN_REVERSED, (struct kst_bytes){ pass->data, pass->len }, key,
			    sizeof(key), NULL, err);
	struct kst_cipher c = {
		.name = "DES-EDE3-CBC", .key = key, .key_len = 24, .iv = key + 24, .iv_len = 8
	};
	if (rc == 0)
		rc = kst_cipher_encrypt(&c, plain, len, &sealed, err);
	sodium_memzero(key, sizeof(key));
	if (rc < 0)
		return -1;
	kst_der_put(&in, KST_DER_OCTET_STRING, salt, sizeof(salt));
	kst_der_put_uint(&in, iterations);
	kst_der_put(&param, KST_DER_SEQUENCE, in.data, in.len);
	param.failed |= in.failed;
	put_algid(algid, OID_JCEKS, &param);
	kst_buf_put(ct, sealed.data, sealed.len);
	return algid->failed || ct->failed ? kst_error_nomem(err) : 0;
}

int kst_sun_encrypt(const struct kst_pbe_options *opt, const uint8_t *plain, size_t len,
		    const struct kst_secret *pass, struct kst_buf *algid, struct kst_buf *ct,
		    struct kst_error *err)
{
	if (opt->pbe == KST_PBE_JKS)
		return jks_encrypt(plain, len, pass, algid, ct, err);
	return jceks_encrypt(opt->iterations ? opt->iterations : ITERATIONS, plain, len, pass, algid,
			     ct, err);
}
