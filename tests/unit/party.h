/* SPDX-License-Identifier: ISC */
/*
 * party.h - certificates and keys for tests: somebody with a key, and a
 * certificate that somebody else (or nobody) signed
 *
 * Made with OpenSSL alone, so that a mistake in kstool's own making of
 * certificates cannot hide one in its reading of them.
 */
#ifndef KST_TESTS_PARTY_H
#define KST_TESTS_PARTY_H

#include <check.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "kstool/kstool.h"

struct party {
	EVP_PKEY *key;
	X509 *cert;
};

static inline void party_ext(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	ck_assert_ptr_nonnull(ext);
	ck_assert_int_eq(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

/* `dns`: subjectAltName as OpenSSL writes it ("DNS:a.test"), NULL none; `by` NULL: self-signed. */
static inline X509 *party_certify(EVP_PKEY *key, const char *cn, const char *dns, int is_ca,
				  int days, const struct party *by)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), (long)days * 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
				   (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(cert, by ? X509_get_subject_name(by->cert)
				      : X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	party_ext(cert, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (dns)
		party_ext(cert, NID_subject_alt_name, dns);
	ck_assert_int_gt(X509_sign(cert, by ? by->key : key, EVP_sha256()), 0);
	return cert;
}

static inline struct party party_new(const char *cn, const char *dns, int is_ca,
				     const struct party *by)
{
	struct party p = { .key = EVP_EC_gen("P-256") };
	ck_assert_ptr_nonnull(p.key);
	p.cert = party_certify(p.key, cn, dns, is_ca, 365, by);
	return p;
}

static inline void party_free(struct party *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
}

static inline struct kst_cert *party_x509(X509 *x)
{
	unsigned char *der = NULL;
	struct kst_cert *cert = NULL;
	int n = i2d_X509(x, &der);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(kst_cert_new(&cert, der, (size_t)n, NULL), 0);
	OPENSSL_free(der);
	return cert;
}

static inline struct kst_cert *party_cert(const struct party *p)
{
	return party_x509(p->cert);
}

static inline struct kst_key *party_key(const struct party *p)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(p->key);
	unsigned char *der = NULL;
	struct kst_key *key = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(kst_key_from_der(&key, der, (size_t)n, NULL, NULL, NULL), 0);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return key;
}

/* An entry with one certificate more for each party; `alias` may be NULL. */
static inline struct kst_entry *party_entry(const char *alias, const struct party *key,
					    const struct party *const *certs)
{
	struct kst_entry *e = kst_entry_new(key ? KST_KIND_KEY : KST_KIND_CERT);
	ck_assert_ptr_nonnull(e);
	if (alias)
		e->alias = kst_strdup(alias);
	if (key)
		e->key = party_key(key);
	for (; certs && *certs; certs++) {
		struct kst_cert *c = party_cert(*certs);
		ck_assert_int_eq(kst_chain_push(&e->chain, c), 0);
		kst_cert_free(c);
	}
	e->trusted = !key;
	return e;
}
#define PARTIES(...) ((const struct party *const[]){ __VA_ARGS__, NULL })

#endif
