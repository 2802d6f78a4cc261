/* SPDX-License-Identifier: ISC */
/*
 * key_sign.c - a self-signed certificate around a key: the placeholder that a
 * keystore needs until a CA has answered, or a real one for development
 */
#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/dn.h"
#include "crypto/key_impl.h"
#include "crypto/ossl.h"
#include "kstool/time.h"

#define SERIAL	16
#define CN_MAX	64 /* RFC 5280 appendix A.1: ub-common-name */
#define DNS_MAX 253

static int out_of_memory(struct kst_error *err)
{
	return kst_ossl_error(err, KST_E_NO_MEMORY, "the certificate cannot be made");
}

static int host_ok(const char *host, struct kst_error *err)
{
	size_t n = strlen(host);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)host[i] >= 0x80) {
			kst_error_setx(err, KST_E_BAD_VALUE, "host name %s is not ASCII", host);
			return kst_error_hint(err, "write it in its ASCII form, as xn--...");
		}
	if (!n || n > DNS_MAX ||
	    strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*") !=
		    n ||
	    host[0] == '.' || strstr(host, ".."))
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "\"%s\" is neither a host name nor an IP address", host);
	return 0;
}

static int add_host(GENERAL_NAMES *names, const char *host, struct kst_error *err)
{
	uint8_t ip[16];
	int ip_len = inet_pton(AF_INET, host, ip) == 1	  ? 4
		     : inet_pton(AF_INET6, host, ip) == 1 ? 16
							  : 0;
	if (!ip_len && host_ok(host, err) < 0)
		return -1;

	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = ASN1_STRING_type_new(ip_len ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	if (!name || !value ||
	    !ASN1_STRING_set(value, ip_len ? (const void *)ip : host,
			     ip_len ? ip_len : (int)strlen(host))) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		return out_of_memory(err);
	}
	GENERAL_NAME_set0_value(name, ip_len ? GEN_IPADD : GEN_DNS, value);
	if (!sk_GENERAL_NAME_push(names, name)) {
		GENERAL_NAME_free(name);
		return out_of_memory(err);
	}
	return 0;
}

static int set_san(X509 *x, const char *const *host, bool critical, struct kst_error *err)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	int rc = names ? 0 : out_of_memory(err);
	for (size_t i = 0; rc == 0 && host[i]; i++)
		rc = add_host(names, host[i], err);
	if (rc == 0 &&
	    X509_add1_ext_i2d(x, NID_subject_alt_name, names, critical, X509V3_ADD_DEFAULT) != 1)
		rc = out_of_memory(err);
	GENERAL_NAMES_free(names);
	return rc;
}

static int set_subject(X509 *x, const struct kst_self_sign *how, bool *empty, struct kst_error *err)
{
	X509_NAME *name = NULL;
	bool has_host = how->host && how->host[0];
	int rc = 0;

	if (how->subject) {
		if (kst_dn_parse(&name, how->subject, err) < 0)
			return -1;
	} else {
		name = X509_NAME_new();
		/* A longer name stands in the SAN only, where every reader of today looks. */
		if (!name || (has_host && strlen(how->host[0]) <= CN_MAX &&
			      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
							 (const unsigned char *)how->host[0], -1,
							 -1, 0) != 1))
			rc = out_of_memory(err);
	}
	*empty = name && X509_NAME_entry_count(name) == 0;
	if (rc == 0 && *empty && !has_host)
		rc = kst_error_setx(err, KST_E_BAD_VALUE,
				    "a certificate needs a subject or a host name");
	if (rc == 0 && (X509_set_subject_name(x, name) != 1 || X509_set_issuer_name(x, name) != 1))
		rc = out_of_memory(err);
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
		return out_of_memory(err);
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
		return out_of_memory(err);
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

/* The digest that fits the key; NULL: the algorithm brings its own (EdDSA, ML-DSA). */
static int sign(X509 *x, EVP_PKEY *pkey, struct kst_error *err)
{
	char name[64] = "";
	const EVP_MD *md = NULL;
	EVP_MD *fetched = NULL;
	int got = EVP_PKEY_get_default_digest_name(pkey, name, sizeof(name));

	/* As strong as the curve: OpenSSL says SHA-256 for all of them. */
	if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_security_bits(pkey) > 128)
		strcpy(name, EVP_PKEY_get_security_bits(pkey) > 192 ? "SHA512" : "SHA384");
	if (got > 0 && name[0] && strcmp(name, "UNDEF") != 0)
		md = fetched = EVP_MD_fetch(NULL, name, NULL);
	int ok = X509_sign(x, pkey, md) > 0;
	EVP_MD_free(fetched);
	return ok ? 0 : kst_ossl_error(err, KST_E_UNSUPPORTED, "the key cannot sign a certificate");
}

static int fill(X509 *x, EVP_PKEY *pkey, const struct kst_self_sign *how, struct kst_error *err)
{
	bool empty = false;

	if (X509_set_version(x, X509_VERSION_3) != 1 || X509_set_pubkey(x, pkey) != 1)
		return out_of_memory(err);
	if (set_serial(x, err) < 0 || set_validity(x, how->days, err) < 0 ||
	    set_subject(x, how, &empty, err) < 0)
		return -1;
	if (set_constraints(x) < 0 || set_key_usage(x, pkey) < 0 ||
	    (how->server_client && set_ext_key_usage(x) < 0) || set_key_id(x) < 0)
		return out_of_memory(err);
	if (how->host && how->host[0] && set_san(x, how->host, empty, err) < 0)
		return -1;
	return sign(x, pkey, err);
}

int kst_key_self_sign(struct kst_cert **out, struct kst_key *key, const struct kst_self_sign *how,
		      struct kst_error *err)
{
	struct kst_p8 p8;
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	unsigned char *der = NULL;
	X509 *x = NULL;
	int rc = -1, n;

	if (kst_key_is_sealed(key))
		return kst_error_setx(err, KST_E_INTERNAL,
				      "a private key that is not open was to sign");
	if (kst_p8_parse(&p8, key->pkcs8.data, key->pkcs8.len) < 0)
		return kst_error_setx(err, KST_E_BAD_KEY, "the private key cannot be decoded");
	kst_key_text(key, false, &name);
	kst_ossl_mark();
	EVP_PKEY *pkey = kst_p8_pkey(&p8, NULL);
	const char *text = name.data ? (const char *)name.data : "";
	if (!pkey) {
		kst_ossl_error(err, KST_E_UNSUPPORTED, "%s is not available in OpenSSL %s", text,
			       OpenSSL_version(OPENSSL_VERSION_STRING));
		goto done;
	}
	if (EVP_PKEY_can_sign(pkey) != 1) {
		kst_ossl_error(err, KST_E_UNSUPPORTED,
			       "%s keys cannot sign, so there is no self-signed certificate", text);
		goto done;
	}
	x = X509_new();
	if (!x) {
		out_of_memory(err);
		goto done;
	}
	if (fill(x, pkey, how, err) < 0)
		goto done;
	n = i2d_X509(x, &der);
	if (n <= 0)
		out_of_memory(err);
	else
		rc = kst_cert_new(out, der, (size_t)n, err);
done:
	kst_ossl_unmark();
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(pkey);
	return rc;
}
