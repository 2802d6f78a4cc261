/* SPDX-License-Identifier: ISC */
/*
 * key_sign.c - a self-signed certificate around a key: the placeholder that a
 * keystore needs until a CA has answered, or a real one for development
 */
#include <sodium.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/ossl.h"
#include "crypto/sign.h"
#include "kstool/time.h"

#define SERIAL	16

/* Subject, issuer, and names in the SAN. */
static int set_names(X509 *x, const struct kst_self_sign *how, struct kst_error *err)
{
	struct kst_sign_names n = { how->subject, how->host, how->from, how->ou };
	STACK_OF(X509_EXTENSION) *ext = NULL;
	X509_NAME *name = NULL;
	int rc = kst_sign_names(&name, &ext, &n, err);

	if (rc == 0 && (X509_set_subject_name(x, name) != 1 || X509_set_issuer_name(x, name) != 1))
		rc = kst_sign_nomem(err);
	for (int i = 0; rc == 0 && i < sk_X509_EXTENSION_num(ext); i++)
		if (X509_add_ext(x, sk_X509_EXTENSION_value(ext, i), -1) != 1)
			rc = kst_sign_nomem(err);
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	X509_NAME_free(name);
	return rc;
}

static int set_serial(X509 *x, struct kst_error *err)
{
	uint8_t serial[SERIAL];
	randombytes_buf(serial, sizeof(serial));
	/* Positive, and always of the same length. */
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	/* The contents of an ASN1_INTEGER are its magnitude. */
	if (ASN1_STRING_set((ASN1_STRING *)X509_get_serialNumber(x), serial, sizeof(serial)) != 1)
		return kst_sign_nomem(err);
	return 0;
}

static int set_validity(X509 *x, int days, struct kst_error *err)
{
	int64_t from = kst_time_now(), to;
	if (days < 1)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "a certificate is valid for one day or more");
	to = from + (int64_t)days * 86400;
	if (to > KST_TIME_NEVER)
		to = KST_TIME_NEVER;
	if (!ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) ||
	    !ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to))
		return kst_sign_nomem(err);
	return 0;
}

/* Bits of KeyUsage (RFC 5280 4.2.1.3) that fit the key; RSA also carries a session key in old TLS.
 */
static int set_key_usage(X509 *x, const EVP_PKEY *pkey)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	int ok = usage && ASN1_BIT_STRING_set_bit(usage, 0, 1);
	if (ok && EVP_PKEY_is_a(pkey, "RSA"))
		ok = ASN1_BIT_STRING_set_bit(usage, 2, 1);
	ok = ok && X509_add1_ext_i2d(x, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) == 1;
	ASN1_BIT_STRING_free(usage);
	return ok ? 0 : -1;
}

static int set_ext_key_usage(X509 *x)
{
	EXTENDED_KEY_USAGE *usage = sk_ASN1_OBJECT_new_null();
	int ok = usage && sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_server_auth)) &&
		 sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_client_auth)) &&
		 X509_add1_ext_i2d(x, NID_ext_key_usage, usage, 0, X509V3_ADD_DEFAULT) == 1;
	sk_ASN1_OBJECT_free(usage);
	return ok ? 0 : -1;
}

/* RFC 5280 4.2.1.2 method (1). */
static int set_key_id(X509 *x)
{
	unsigned char id[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	int ok =
		value && X509_pubkey_digest(x, EVP_sha1(), id, &n) == 1 &&
		ASN1_OCTET_STRING_set(value, id, (int)n) &&
		X509_add1_ext_i2d(x, NID_subject_key_identifier, value, 0, X509V3_ADD_DEFAULT) == 1;
	ASN1_OCTET_STRING_free(value);
	return ok ? 0 : -1;
}

static int set_constraints(X509 *x)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	int ok = bc && X509_add1_ext_i2d(x, NID_basic_constraints, bc, 1, X509V3_ADD_DEFAULT) == 1;
	BASIC_CONSTRAINTS_free(bc);
	return ok ? 0 : -1;
}

static int fill(X509 *x, EVP_PKEY *pkey, const struct kst_self_sign *how, struct kst_error *err)
{
	EVP_MD *md;

	if (X509_set_version(x, X509_VERSION_3) != 1 || X509_set_pubkey(x, pkey) != 1)
		return kst_sign_nomem(err);
	if (set_serial(x, err) < 0 || set_validity(x, how->days, err) < 0)
		return -1;
	if (set_constraints(x) < 0 || set_key_usage(x, pkey) < 0 ||
	    (how->server_client && set_ext_key_usage(x) < 0) || set_key_id(x) < 0)
		return kst_sign_nomem(err);
	if (set_names(x, how, err) < 0)
		return -1;
	md = kst_sign_digest(pkey);
	int ok = X509_sign(x, pkey, md) > 0;
	EVP_MD_free(md);
	return ok ? 0 : kst_ossl_error(err, KST_E_UNSUPPORTED, "the key cannot sign a certificate");
}

int kst_key_self_sign(struct kst_cert **out, struct kst_key *key, const struct kst_self_sign *how,
		      struct kst_error *err)
{
	unsigned char *der = NULL;
	X509 *x = NULL;
	int rc = -1, n;

	kst_ossl_mark();
	EVP_PKEY *pkey = kst_sign_key(key, "self-signed certificate", err);
	if (!pkey)
		goto done;
	x = X509_new();
	if (!x) {
		kst_sign_nomem(err);
		goto done;
	}
	if (fill(x, pkey, how, err) < 0)
		goto done;
	n = i2d_X509(x, &der);
	if (n <= 0)
		kst_sign_nomem(err);
	else
		rc = kst_cert_new(out, der, (size_t)n, err);
done:
	kst_ossl_unmark();
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(pkey);
	return rc;
}
