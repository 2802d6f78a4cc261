/* SPDX-License-Identifier: ISC */
/*
 * pbes2.c - PBES2 (RFC 8018 6.2): a key derivation and a cipher, named apart
 */
#include "crypto/pbe_alg.h"

#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/objects.h>

#include "crypto/fks_key.h"

static const struct prf {
	int nid;
	const char *digest;
} prfs[] = {
	{ NID_hmacWithMD5, "MD5" },
	{ NID_hmacWithSHA1, "SHA1" },
	{ NID_hmacWithSHA224, "SHA224" },
	{ NID_hmacWithSHA256, "SHA256" },
	{ NID_hmacWithSHA384, "SHA384" },
	{ NID_hmacWithSHA512, "SHA512" },
	{ NID_hmacWithSHA512_224, "SHA512-224" },
	{ NID_hmacWithSHA512_256, "SHA512-256" },
	{ NID_hmac_sha3_224, "SHA3-224" },
	{ NID_hmac_sha3_256, "SHA3-256" },
	{ NID_hmac_sha3_384, "SHA3-384" },
	{ NID_hmac_sha3_512, "SHA3-512" },
#ifdef NID_hmacWithSM3
	{ NID_hmacWithSM3, "SM3" },
#endif
};

enum params { IV, RC2, CAST5, GCM, CCM, WRAP };

static const struct cipher {
	int nid;
	const char *name;
	uint8_t key, iv;
	enum params params;
} ciphers[] = {
	{ NID_aes_128_cbc, "AES-128-CBC", 16, 16, IV },
	{ NID_aes_192_cbc, "AES-192-CBC", 24, 16, IV },
	{ NID_aes_256_cbc, "AES-256-CBC", 32, 16, IV },
	{ NID_aes_128_gcm, "AES-128-GCM", 16, 12, GCM },
	{ NID_aes_192_gcm, "AES-192-GCM", 24, 12, GCM },
	{ NID_aes_256_gcm, "AES-256-GCM", 32, 12, GCM },
	{ NID_aes_128_ccm, "AES-128-CCM", 16, 12, CCM },
	{ NID_aes_192_ccm, "AES-192-CCM", 24, 12, CCM },
	{ NID_aes_256_ccm, "AES-256-CCM", 32, 12, CCM },
	{ NID_id_aes128_wrap_pad, "AES-128-WRAP-PAD", 16, 0, WRAP },
	{ NID_id_aes192_wrap_pad, "AES-192-WRAP-PAD", 24, 0, WRAP },
	{ NID_id_aes256_wrap_pad, "AES-256-WRAP-PAD", 32, 0, WRAP },
	{ NID_aes_128_cfb128, "AES-128-CFB", 16, 16, IV },
	{ NID_aes_192_cfb128, "AES-192-CFB", 24, 16, IV },
	{ NID_aes_256_cfb128, "AES-256-CFB", 32, 16, IV },
	{ NID_aes_128_ofb128, "AES-128-OFB", 16, 16, IV },
	{ NID_aes_192_ofb128, "AES-192-OFB", 24, 16, IV },
	{ NID_aes_256_ofb128, "AES-256-OFB", 32, 16, IV },
	{ NID_camellia_128_cbc, "CAMELLIA-128-CBC", 16, 16, IV },
	{ NID_camellia_192_cbc, "CAMELLIA-192-CBC", 24, 16, IV },
	{ NID_camellia_256_cbc, "CAMELLIA-256-CBC", 32, 16, IV },
	{ NID_aria_128_cbc, "ARIA-128-CBC", 16, 16, IV },
	{ NID_aria_192_cbc, "ARIA-192-CBC", 24, 16, IV },
	{ NID_aria_256_cbc, "ARIA-256-CBC", 32, 16, IV },
	{ NID_sm4_cbc, "SM4-CBC", 16, 16, IV },
	{ NID_seed_cbc, "SEED-CBC", 16, 16, IV },
	{ NID_des_ede3_cbc, "DES-EDE3-CBC", 24, 8, IV },
	{ NID_des_cbc, "DES-CBC", 8, 8, IV },
	{ NID_bf_cbc, "BF-CBC", 16, 8, IV },
	{ NID_rc2_cbc, "RC2-CBC", 16, 8, RC2 },
	{ NID_cast5_cbc, "CAST5-CBC", 16, 8, CAST5 },
};

/* RFC 8018 B.2.3: how RC2 writes its effective key bits.  0: not one of the sizes that were ever in
 * use; OpenSSL has no other either. */
static unsigned rc2_bits(int64_t version)
{
	switch (version) {
	case 160:
		return 40;
	case 120:
		return 64;
	case 58:
		return 128;
	}
	return 0;
}

/* The two members of a parameter SEQUENCE, an INTEGER and an OCTET STRING in either order; the
 * integer may be absent. */
static int pair(const ASN1_TYPE *param, ASN1_OCTET_STRING **octets, int64_t *number)
{
	const uint8_t *p = param->value.sequence->data;
	ASN1_SEQUENCE_ANY *seq = d2i_ASN1_SEQUENCE_ANY(NULL, &p, param->value.sequence->length);
	int n = seq ? sk_ASN1_TYPE_num(seq) : 0, rc = -1;
	*octets = NULL;
	if (n < 1 || n > 2)
		goto done;
	for (int i = 0; i < n; i++) {
		ASN1_TYPE *t = sk_ASN1_TYPE_value(seq, i);
		if (t->type == V_ASN1_OCTET_STRING && !*octets) {
			*octets = ASN1_OCTET_STRING_dup(t->value.octet_string);
			if (!*octets)
				goto done;
		} else if (t->type != V_ASN1_INTEGER ||
			   ASN1_INTEGER_get_int64(number, t->value.integer) != 1) {
			goto done;
		}
	}
	rc = *octets ? 0 : -1;
done:
	sk_ASN1_TYPE_pop_free(seq, ASN1_TYPE_free);
	return rc;
}

/* IV and what else the cipher's parameters carry. */
static int cipher_params(struct kst_pbe_alg *out, const struct cipher *c, const ASN1_TYPE *param,
			 struct kst_error *err)
{
	ASN1_OCTET_STRING *iv = NULL;
	int64_t number = 0;
	int rc = -1;

	if (c->params == WRAP && (!param || param->type == V_ASN1_NULL))
		return 0;
	if (!param || c->params == WRAP)
		goto done;
	if (param->type == V_ASN1_SEQUENCE && c->params != IV) {
		if (c->params == GCM || c->params == CCM)
			number = 12; /* RFC 5084: the default of the tag's length */
		if (pair(param, &iv, &number) < 0)
			goto done;
	} else if (param->type == V_ASN1_OCTET_STRING && c->params != RC2) {
		iv = ASN1_OCTET_STRING_dup(param->value.octet_string);
		if (c->params == GCM)
			number = 16;
	}
	int n = iv ? ASN1_STRING_length(iv) : 0;
	if (c->params == CCM ? n < 7 || n > 13 : !iv || n != c->iv)
		goto done;
	memcpy(out->iv, ASN1_STRING_get0_data(iv), (size_t)n);
	out->iv_len = (size_t)n;

	rc = 0;
	switch (c->params) {
	case IV:
		break;
	case RC2:
		out->rc2_bits = rc2_bits(number);
		out->key_len = out->rc2_bits / 8;
		if (!out->rc2_bits)
			rc = kst_error_setx(err, KST_E_UNSUPPORTED,
					    "this effective key length of RC2 is not supported");
		break;
	case CAST5:
		/* OpenSSL writes the IV alone, RFC 2144 wants the length too. */
		if (number) {
			if (number < 40 || number > 128 || number % 8)
				rc = -1;
			else
				out->key_len = (size_t)number / 8;
		}
		break;
	case GCM:
		rc = number == 16 ? 0 : -1;
		break;
	case CCM:
		rc = number >= 4 && number <= 16 && number % 2 == 0 ? 0 : -1;
		out->tag = rc == 0 ? (size_t)number : 0;
		break;
	case WRAP:
		break;
	}
done:
	ASN1_OCTET_STRING_free(iv);
	if (rc < 0)
		kst_error_setx(err, KST_E_CORRUPT, "the parameters of %s cannot be decoded",
			       c->name);
	return rc;
}

/*
 * The key length that the KDF's parameters name, which must be the cipher's.  Old
 * NSS wrote AES-128-CBC and took a key of 32 bytes, so for AES the number wins.
 */
static int key_length(struct kst_pbe_alg *out, uint64_t said, struct kst_error *err)
{
	static const char *const aes[] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" };
	if (said == out->key_len)
		return 0;
	if (!strncmp(out->cipher, "AES-", 4) && !strcmp(out->cipher + 7, "-CBC") &&
	    (said == 16 || said == 24 || said == 32)) {
		out->cipher = aes[said / 8 - 2];
		out->key_len = said;
		return 0;
	}
	if ((out->rc2_bits || !strcmp(out->cipher, "CAST5-CBC") ||
	     !strcmp(out->cipher, "BF-CBC")) &&
	    said >= 5 && said <= 16) {
		out->key_len = said;
		return 0;
	}
	return kst_error_setx(err, KST_E_CORRUPT, "the key length does not fit %s", out->cipher);
}

static int pbkdf2(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err)
{
	int rc = -1;
	uint64_t length;
	PBKDF2PARAM *param =
		algor->parameter
			? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), algor->parameter)
			: NULL;
	if (!param) {
		kst_error_setx(err, KST_E_CORRUPT, "the parameters of PBKDF2 cannot be decoded");
		goto done;
	}
	out->kdf.kind = KST_KDF_PBKDF2;
	out->kdf.digest = param->prf ? NULL : "SHA1";
	for (size_t i = 0; param->prf && i < sizeof(prfs) / sizeof(*prfs); i++)
		if (prfs[i].nid == OBJ_obj2nid(param->prf->algorithm))
			out->kdf.digest = prfs[i].digest;
	if (!out->kdf.digest) {
		kst_pbe_unknown("the PBKDF2 function", param->prf->algorithm, err);
		goto done;
	}
	if (!param->salt || param->salt->type != V_ASN1_OCTET_STRING) {
		kst_error_setx(err, KST_E_UNSUPPORTED,
			       "a PBKDF2 salt that is not in the file is not supported");
		goto done;
	}
	if (kst_pbe_positive(param->iter, "the iteration count", &out->kdf.iterations, err) < 0)
		goto done;
	if (param->keylength &&
	    (kst_pbe_positive(param->keylength, "the key length", &length, err) < 0 ||
	     key_length(out, length, err) < 0))
		goto done;
	rc = kst_pbe_take_salt(&out->kdf, param->salt->value.octet_string, err);
done:
	PBKDF2PARAM_free(param);
	return rc;
}

#ifndef OPENSSL_NO_SCRYPT
static int scrypt(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err)
{
	int rc = -1;
	uint64_t length;
	struct kst_kdf *k = &out->kdf;
	SCRYPT_PARAMS *param =
		algor->parameter
			? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), algor->parameter)
			: NULL;
	if (!param) {
		kst_error_setx(err, KST_E_CORRUPT, "the parameters of scrypt cannot be decoded");
		goto done;
	}
	k->kind = KST_KDF_SCRYPT;
	if (kst_pbe_positive(param->costParameter, "N of scrypt", &k->n, err) < 0 ||
	    kst_pbe_positive(param->blockSize, "r of scrypt", &k->r, err) < 0 ||
	    kst_pbe_positive(param->parallelizationParameter, "p of scrypt", &k->p, err) < 0)
		goto done;
	if (k->n < 2 || (k->n & (k->n - 1))) {
		/* What did not fit became UINT64_MAX, which is no power of two either. */
		if (k->n != UINT64_MAX) {
			kst_error_setx(err, KST_E_CORRUPT, "N of scrypt is no power of two");
			goto done;
		}
	}
	if (__builtin_mul_overflow(k->n, k->r, &k->iterations) ||
	    __builtin_mul_overflow(k->iterations, k->p, &k->iterations))
		k->iterations = UINT64_MAX;
	if (param->keyLength &&
	    (kst_pbe_positive(param->keyLength, "the key length", &length, err) < 0 ||
	     key_length(out, length, err) < 0))
		goto done;
	rc = kst_pbe_take_salt(k, param->salt, err);
done:
	SCRYPT_PARAMS_free(param);
	return rc;
}
#endif

int kst_pbes2_kdf_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err)
{
	switch (OBJ_obj2nid(algor->algorithm)) {
	case NID_id_pbkdf2:
		return pbkdf2(out, algor, err);
#ifndef OPENSSL_NO_SCRYPT
	case NID_id_scrypt:
		return scrypt(out, algor, err);
#endif
	}
	return kst_pbe_unknown("the key derivation", algor->algorithm, err);
}

int kst_pbes2_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err)
{
	char oid[64] = "";
	OBJ_obj2txt(oid, sizeof(oid), algor->algorithm, 1);
	out->fks = kst_fks_purpose(oid);
	if (!out->fks && OBJ_obj2nid(algor->algorithm) != NID_pbes2)
		return 1;

	int rc = -1;
	const struct cipher *c = NULL;
	PBE2PARAM *param = algor->parameter ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM),
									algor->parameter)
					    : NULL;
	if (!param) {
		kst_error_setx(err, KST_E_CORRUPT, "the parameters of PBES2 cannot be decoded");
		goto done;
	}
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++)
		if (ciphers[i].nid == OBJ_obj2nid(param->encryption->algorithm))
			c = &ciphers[i];
	if (!c) {
		kst_pbe_unknown("the cipher", param->encryption->algorithm, err);
		goto done;
	}
	out->cipher = c->name;
	out->key_len = c->key;
	if (cipher_params(out, c, param->encryption->parameter, err) < 0)
		goto done;
	rc = kst_pbes2_kdf_parse(out, param->keyfunc, err);
	if (rc == 0 && out->fks)
		kst_fks_adjust(&out->kdf);
done:
	PBE2PARAM_free(param);
	return rc;
}
