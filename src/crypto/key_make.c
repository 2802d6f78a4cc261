/* SPDX-License-Identifier: ISC */
/*
 * key_make.c - new private keys
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/key_impl.h"
#include "crypto/ossl.h"

/* Below 2048 bits nothing that verifies certificates today accepts a key; above 16384 OpenSSL does
 * not check its signatures. */
#define RSA_MIN 2048
#define RSA_MAX 16384

struct wanted {
	const char *name;  /* of OpenSSL's algorithm */
	const char *group; /* EC */
	unsigned bits;	   /* RSA, DSA */
	char text[64];	   /* for messages */
};

static const struct curve {
	const char *name, *group, *text;
} curves[] = {
	{ "p256", "P-256", "EC-P256" },
	{ "ec", "P-256", "EC-P256" },
	{ "p384", "P-384", "EC-P384" },
	{ "p521", "P-521", "EC-P521" },
};

/* BITS of "rsa:BITS"; 0 for what is no such number. */
static unsigned number(const char *s)
{
	char *end;
	if (*s < '1' || *s > '9')
		return 0;
	unsigned long v = strtoul(s, &end, 10);
	return *end || v > 1000000 ? 0 : (unsigned)v;
}

static int with_bits(struct wanted *w, const char *name, const char *text, const char *bits,
		     unsigned usual, unsigned min, unsigned max, struct kst_error *err)
{
	w->name = name;
	w->bits = *bits ? number(bits + 1) : usual;
	if (w->bits < min || w->bits > max || w->bits % 8)
		return kst_error_setx(err, KST_E_BAD_VALUE, "%s keys have %u to %u bits, not %s",
				      text, min, max, *bits ? bits + 1 : "0");
	snprintf(w->text, sizeof(w->text), "%s-%u", text, w->bits);
	return 0;
}

static int parse(const char *alg, struct wanted *w, struct kst_error *err)
{
	size_t n = strcspn(alg, ":");

	*w = (struct wanted){ .name = alg };
	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
		if (!strcasecmp(alg, curves[i].name)) {
			w->name = "EC";
			w->group = curves[i].group;
			snprintf(w->text, sizeof(w->text), "%s", curves[i].text);
			return 0;
		}
	if (n == 3 && !strncasecmp(alg, "rsa", n))
		return with_bits(w, "RSA", "RSA", alg + n, 3072, RSA_MIN, RSA_MAX, err);
	if (n == 7 && !strncasecmp(alg, "rsa-pss", n))
		return with_bits(w, "RSA-PSS", "RSA-PSS", alg + n, 3072, RSA_MIN, RSA_MAX, err);
	/* FIPS 186-4 has these two sizes (and one that is too small). */
	if (n == 3 && !strncasecmp(alg, "dsa", n))
		return with_bits(w, "DSA", "DSA", alg + n, 2048, 2048, 3072, err);
	if (!*alg || alg[n])
		return kst_error_setx(err, KST_E_BAD_VALUE, "%s is no algorithm of private keys",
				      *alg ? alg : "\"\"");

	/* As the standards write them: ML-DSA-65, SLH-DSA-SHA2-128s, ED25519. */
	snprintf(w->text, sizeof(w->text), "%s", alg);
	size_t len = strlen(w->text);
	for (size_t i = 0; i < len; i++)
		if (i + 1 < len || strncasecmp(alg, "slh-dsa", 7) != 0)
			w->text[i] = (char)toupper((unsigned char)w->text[i]);
	return 0;
}

static int unavailable(const struct wanted *w, struct kst_error *err)
{
	return kst_ossl_error(err, KST_E_UNSUPPORTED, "%s is not available in OpenSSL %s", w->text,
			      OpenSSL_version(OPENSSL_VERSION_STRING));
}

/* The domain parameters that DSA needs before a key: found anew, which takes seconds. */
static EVP_PKEY *dsa_parameters(unsigned bits)
{
	EVP_PKEY *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	size_t p = bits, q = 256;
	OSSL_PARAM set[] = { OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_PBITS, &p),
			     OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_QBITS, &q),
			     OSSL_PARAM_construct_end() };
	if (!ctx || EVP_PKEY_paramgen_init(ctx) != 1 || EVP_PKEY_CTX_set_params(ctx, set) != 1 ||
	    EVP_PKEY_paramgen(ctx, &params) != 1)
		params = NULL;
	EVP_PKEY_CTX_free(ctx);
	return params;
}

static EVP_PKEY *generate(const struct wanted *w, struct kst_error *err)
{
	EVP_PKEY *pkey = NULL, *params = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	size_t bits = w->bits;
	OSSL_PARAM set[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };

	if (!strcmp(w->name, "DSA")) {
		params = dsa_parameters(w->bits);
		ctx = params ? EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL) : NULL;
	} else {
		ctx = EVP_PKEY_CTX_new_from_name(NULL, w->name, NULL);
		if (w->group)
			set[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
								  (char *)(uintptr_t)w->group, 0);
		else if (w->bits)
			set[0] = OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &bits);
	}
	if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 ||
	    (set[0].key && EVP_PKEY_CTX_set_params(ctx, set) != 1) ||
	    EVP_PKEY_generate(ctx, &pkey) != 1) {
		pkey = NULL;
		unavailable(w, err);
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(params);
	return pkey;
}

int kst_key_generate(struct kst_key **out, const char *alg, struct kst_error *err)
{
	struct wanted w;
	struct kst_key *key = NULL;
	PKCS8_PRIV_KEY_INFO *info = NULL;
	unsigned char *der = NULL;
	int n = 0, rc = -1;

	if (parse(alg, &w, err) < 0)
		return -1;
	kst_ossl_mark();
	EVP_PKEY *pkey = generate(&w, err);
	if (!pkey)
		goto done;
	key = kst_key_new();
	if (!key) {
		kst_error_nomem(err);
		goto done;
	}
	/* What is no key pair (HMAC goes by a name too) has no PKCS#8. */
	info = EVP_PKEY2PKCS8(pkey);
	if (!info || (n = i2d_PKCS8_PRIV_KEY_INFO(info, &der)) <= 0) {
		unavailable(&w, err);
		goto done;
	}
	if (kst_secret_set(&key->pkcs8, der, (size_t)n, err) < 0)
		goto done;
	*out = key;
	key = NULL;
	rc = 0;
done:
	kst_ossl_unmark();
	if (n > 0)
		OPENSSL_clear_free(der, (size_t)n);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(pkey);
	kst_key_free(key);
	return rc;
}
