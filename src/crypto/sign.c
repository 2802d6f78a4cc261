/* SPDX-License-Identifier: ISC */
/*
 * sign.c - names and signature of what a key says of itself: a self-signed
 * certificate, or a request
 */
#include "crypto/sign.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "crypto/dn.h"
#include "crypto/general_name.h"
#include "crypto/key_impl.h"
#include "crypto/ossl.h"

#define CN_MAX	64 /* RFC 5280 appendix A.1: ub-common-name */
#define OID_SUBJECT_ALT_NAME "2.5.29.17"

int kst_sign_nomem(struct kst_error *err)
{
	return kst_ossl_error(err, KST_E_NO_MEMORY, "there is not enough memory to sign");
}

static int add_host(GENERAL_NAMES *names, const char *host, struct kst_error *err)
{
	uint8_t ip[16];
	int ip_len = kst_gn_host(host, ip, err);

	return ip_len < 0 ? -1 : kst_gn_push(names, ip_len ? KST_SAN_IP : KST_SAN_DNS, host, err);
}

static GENERAL_NAMES *host_names(const char *const *host, struct kst_error *err)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	int rc = names ? 0 : kst_sign_nomem(err);

	for (size_t i = 0; rc == 0 && host[i]; i++)
		rc = add_host(names, host[i], err);
	if (rc < 0) {
		GENERAL_NAMES_free(names);
		return NULL;
	}
	return names;
}

int kst_sign_copy_ext(STACK_OF(X509_EXTENSION) **ext, const struct kst_cert *from, const char *oid,
		      struct kst_error *err)
{
	bool critical;
	struct kst_bytes value = kst_cert_extension(from, oid, &critical);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *copy = NULL;
	int rc = 1;

	if (!value.len)
		goto done;
	rc = -1;
	if (octets && type && ASN1_OCTET_STRING_set(octets, value.data, (int)value.len))
		copy = X509_EXTENSION_create_by_OBJ(NULL, type, critical, octets);
	if (copy && X509v3_add_ext(ext, copy, -1))
		rc = 0;
	else
		kst_sign_nomem(err);
done:
	X509_EXTENSION_free(copy);
	ASN1_OBJECT_free(type);
	ASN1_OCTET_STRING_free(octets);
	return rc;
}

/* A name that is too long for a CN stands in the SAN only, where every reader of today looks. */
static int set_cn(X509_NAME *name, const char *host)
{
	int at = -1, last = -1;

	while ((at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
		last = at;
	if (last < 0)
		return 1;
	X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, last));
	return strlen(host) > CN_MAX ||
	       X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
					  (const unsigned char *)host, -1, last, 0) == 1;
}

static X509_NAME *host_name(const char *host)
{
	X509_NAME *name = X509_NAME_new();

	if (name && host && strlen(host) <= CN_MAX &&
	    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
				       (const unsigned char *)host, -1, -1, 0) != 1) {
		X509_NAME_free(name);
		return NULL;
	}
	return name;
}

static int subject(X509_NAME **out, const struct kst_sign_names *n, struct kst_error *err)
{
	const char *host = n->host ? n->host[0] : NULL;
	X509_NAME *name;

	if (n->subject)
		return kst_dn_parse(out, n->subject, err);
	if (n->from) {
		struct kst_bytes der = kst_cert_subject_der(n->from);
		const unsigned char *p = der.data;

		name = d2i_X509_NAME(NULL, &p, (long)der.len);
		if (name && host && !set_cn(name, host)) {
			X509_NAME_free(name);
			name = NULL;
		}
	} else {
		name = host_name(host);
	}
	*out = name;
	return name ? 0 : kst_sign_nomem(err);
}

/* A unit stands where the first did, else before the CN: from the country down to the host. */
static int set_units(X509_NAME *name, const char *const *ou, struct kst_error *err)
{
	int at = X509_NAME_get_index_by_NID(name, NID_organizationalUnitName, -1), old;

	if (at < 0)
		at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	while ((old = X509_NAME_get_index_by_NID(name, NID_organizationalUnitName, -1)) >= 0)
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, old));
	for (; *ou; ou++) {
		if (X509_NAME_add_entry_by_NID(name, NID_organizationalUnitName, MBSTRING_UTF8,
					       (const unsigned char *)*ou, -1, at, 0) != 1)
			return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no unit: 1 to 64 characters in UTF-8",
					      *ou);
		at += at >= 0;
	}
	return 0;
}

int kst_sign_names(X509_NAME **out, STACK_OF(X509_EXTENSION) **ext, const struct kst_sign_names *n,
		   struct kst_error *err)
{
	GENERAL_NAMES *names = NULL;
	X509_NAME *name = NULL;
	int rc = -1;

	/* Before the first of them becomes a CN: what is no name gives no CN either. */
	if ((n->host && n->host[0] && !(names = host_names(n->host, err))) || subject(&name, n, err) < 0 ||
	    (n->ou && *n->ou && set_units(name, n->ou, err) < 0))
		goto done;
	bool empty = X509_NAME_entry_count(name) == 0;
	if (names)
		rc = X509V3_add1_i2d(ext, NID_subject_alt_name, names, empty, X509V3_ADD_DEFAULT) == 1 ?
			     0 :
			     kst_sign_nomem(err);
	else
		rc = n->from ? kst_sign_copy_ext(ext, n->from, OID_SUBJECT_ALT_NAME, err) : 1;
	if (rc > 0 && empty)
		rc = kst_error_setx(err, KST_E_BAD_VALUE, "a subject or a host name is needed");
done:
	GENERAL_NAMES_free(names);
	if (rc < 0) {
		X509_NAME_free(name);
		return -1;
	}
	*out = name;
	return 0;
}

EVP_PKEY *kst_sign_key(const struct kst_key *key, const char *what, struct kst_error *err)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_p8 p8;

	if (kst_key_is_sealed(key)) {
		kst_error_setx(err, KST_E_INTERNAL, "a private key that is not open was to sign");
		return NULL;
	}
	if (kst_p8_parse(&p8, key->pkcs8.data, key->pkcs8.len) < 0) {
		kst_error_setx(err, KST_E_BAD_KEY, "the private key cannot be decoded");
		return NULL;
	}
	kst_key_text(key, false, &name);
	EVP_PKEY *pkey = kst_p8_pkey(&p8, NULL);
	const char *text = name.data ? (const char *)name.data : "";
	if (!pkey) {
		kst_ossl_error(err, KST_E_UNSUPPORTED, "%s is not available in OpenSSL %s", text,
			       OpenSSL_version(OPENSSL_VERSION_STRING));
		return NULL;
	}
	if (EVP_PKEY_can_sign(pkey) != 1) {
		kst_ossl_error(err, KST_E_UNSUPPORTED, "%s keys cannot sign, so there is no %s",
			       text, what);
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

EVP_MD *kst_sign_digest(EVP_PKEY *pkey)
{
	char name[64] = "";
	int got = EVP_PKEY_get_default_digest_name(pkey, name, sizeof(name));

	/* As strong as the curve: OpenSSL says SHA-256 for all of them. */
	if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_security_bits(pkey) > 128)
		strcpy(name, EVP_PKEY_get_security_bits(pkey) > 192 ? "SHA512" : "SHA384");
	return got > 0 && name[0] && strcmp(name, "UNDEF") != 0 ? EVP_MD_fetch(NULL, name, NULL) :
								  NULL;
}
