/* SPDX-License-Identifier: ISC */
/*
 * pbe_alg.c - what an AlgorithmIdentifier says, whichever scheme it is of
 */
#include "crypto/pbe_alg.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "crypto/pbe.h"

#define SALT_MAX 4096

int kst_pbe_positive(const ASN1_INTEGER *n, const char *what, uint64_t *out, struct kst_error *err)
{
	if (!n || (ASN1_STRING_type((const ASN1_STRING *)n) & V_ASN1_NEG))
		return kst_error_setx(err, KST_E_CORRUPT, "%s is negative or missing", what);
	if (ASN1_INTEGER_get_uint64(out, n) != 1)
		*out = UINT64_MAX;
	if (*out == 0)
		return kst_error_setx(err, KST_E_CORRUPT, "%s is zero", what);
	return 0;
}

int kst_pbe_take_salt(struct kst_kdf *kdf, const ASN1_OCTET_STRING *salt, struct kst_error *err)
{
	int n = ASN1_STRING_length(salt);
	if (n < 0 || n > SALT_MAX)
		return kst_error_setx(err, KST_E_LIMIT, "the salt is longer than %d bytes",
				      SALT_MAX);
	if (kst_blob_set(&kdf->salt, ASN1_STRING_get0_data(salt), (size_t)n) < 0)
		return kst_error_nomem(err);
	return 0;
}

int kst_pbe_unknown(const char *what, const ASN1_OBJECT *obj, struct kst_error *err)
{
	char oid[128] = "?", name[128] = "?";
	OBJ_obj2txt(oid, sizeof(oid), obj, 1);
	OBJ_obj2txt(name, sizeof(name), obj, 0);
	if (!strcmp(oid, name))
		return kst_error_setx(err, KST_E_UNSUPPORTED, "%s %s is not supported", what, oid);
	return kst_error_setx(err, KST_E_UNSUPPORTED, "%s %s (%s) is not supported", what, name,
			      oid);
}

void kst_pbe_alg_release(struct kst_pbe_alg *alg)
{
	kst_blob_release(&alg->kdf.salt);
}

int kst_pbe_alg_parse(struct kst_pbe_alg *out, const uint8_t *der, size_t len,
		      struct kst_error *err)
{
	struct kst_pbe_alg alg = { .title = NULL };
	const uint8_t *p = der;

	ERR_set_mark();
	X509_ALGOR *algor = len <= INT32_MAX ? d2i_X509_ALGOR(NULL, &p, (long)len) : NULL;
	int rc;
	if (!algor || p != der + len) {
		rc = kst_error_setx(err, KST_E_CORRUPT,
				    "the encryption algorithm cannot be decoded");
	} else {
		rc = kst_pbes2_parse(&alg, algor, err);
		if (rc == 1)
			rc = kst_pbes1_parse(&alg, algor, err);
		if (rc == 1)
			rc = kst_sun_parse(&alg, algor, err);
		if (rc == 1)
			rc = kst_pbe_unknown("encryption", algor->algorithm, err);
	}
	ERR_pop_to_mark();
	X509_ALGOR_free(algor);
	if (rc < 0)
		kst_pbe_alg_release(&alg);
	else
		*out = alg;
	return rc;
}

int kst_pbe_cost(const uint8_t *algid, size_t algid_len, uint64_t *iterations,
		 struct kst_error *err)
{
	struct kst_pbe_alg alg;
	if (kst_pbe_alg_parse(&alg, algid, algid_len, err) < 0)
		return -1;
	*iterations = alg.kdf.iterations;
	kst_pbe_alg_release(&alg);
	return 0;
}

void kst_pbe_text(const uint8_t *algid, size_t algid_len, struct kst_buf *out)
{
	struct kst_pbe_alg alg;
	if (kst_pbe_alg_parse(&alg, algid, algid_len, NULL) == 0) {
		const struct kst_kdf *k = &alg.kdf;
		if (alg.jks)
			kst_buf_puts(out, alg.title);
		else if (alg.title)
			kst_buf_printf(out, "%s %" PRIu64, alg.title, k->iterations);
		else if (k->kind == KST_KDF_SCRYPT)
			kst_buf_printf(out,
				       "PBES2 %s, scrypt N=%" PRIu64 " r=%" PRIu64 " p=%" PRIu64,
				       alg.cipher, k->n, k->r, k->p);
		else
			kst_buf_printf(out, "PBES2 %s, PBKDF2-HMAC-%s %" PRIu64, alg.cipher,
				       k->digest, k->iterations);
		kst_pbe_alg_release(&alg);
		return;
	}

	const uint8_t *p = algid;
	char name[128] = "?";
	ERR_set_mark();
	X509_ALGOR *algor =
		algid_len <= INT32_MAX ? d2i_X509_ALGOR(NULL, &p, (long)algid_len) : NULL;
	if (algor)
		OBJ_obj2txt(name, sizeof(name), algor->algorithm, 0);
	ERR_pop_to_mark();
	X509_ALGOR_free(algor);
	kst_buf_puts(out, name);
}
