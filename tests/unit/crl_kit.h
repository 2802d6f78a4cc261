/* SPDX-License-Identifier: ISC */
/*
 * crl_kit.h - CRLs for tests, right and wrong: made with OpenSSL alone, and with
 * whatever a CA should not do
 */
#ifndef KST_TESTS_CRL_KIT_H
#define KST_TESTS_CRL_KIT_H

#include <openssl/rand.h>
#include <time.h>

#include "party.h"

/* Times in seconds from now, 0 the usual ones; no_next and no_number leave them out. */
struct crl_how {
	bool plain;
	long this_update, next_update;
	bool no_next, no_number, critical_number, v1;
	long number;                /* 0: 1 */
	long base;                  /* a delta CRL; 0: none */
	const char *scope;          /* issuingDistributionPoint as openssl.cnf has it; NULL none */
	const char *unknown;        /* OID of an extension; NULL none */
	bool unknown_critical;
	const char *key_id;         /* hex of an authority key identifier; NULL none */
	const EVP_MD *md;           /* NULL: SHA-256 */
	const struct party *signer; /* NULL: the issuer */
};
#define CRL_DAY 86400L
#define CRL_HOW(...) ((struct crl_how){ .plain = false, __VA_ARGS__ })

struct crl_row {
	const X509 *cert;           /* whose serial; NULL: `serial` */
	long serial;
	long when;                  /* seconds from now */
	int reason;                 /* -1 none */
	long invalid_since;         /* seconds from now; 0 none */
	const char *unknown;        /* OID of an extension, critical; NULL */
	const X509_NAME *issuer;    /* certificateIssuer; NULL */
};

static inline void crl_time(X509_CRL *crl, int (*set)(X509_CRL *, const ASN1_TIME *), long from_now)
{
	ASN1_TIME *t = ASN1_TIME_adj(NULL, time(NULL), 0, from_now);
	ck_assert_int_eq(set(crl, t), 1);
	ASN1_TIME_free(t);
}

static inline X509_EXTENSION *crl_unknown(const char *oid, int critical)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2);
	X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, obj, critical, value);
	ASN1_OBJECT_free(obj);
	ASN1_OCTET_STRING_free(value);
	return ext;
}

static inline void crl_add(X509_CRL *crl, const struct crl_row *row)
{
	X509_REVOKED *rev = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *t = ASN1_TIME_adj(NULL, time(NULL), 0, row->when);
	if (row->cert)
		X509_REVOKED_set_serialNumber(rev, (ASN1_INTEGER *)X509_get0_serialNumber(row->cert));
	else {
		ASN1_INTEGER_set(serial, row->serial);
		X509_REVOKED_set_serialNumber(rev, serial);
	}
	X509_REVOKED_set_revocationDate(rev, t);
	ASN1_TIME_free(t);
	ASN1_INTEGER_free(serial);
	if (row->reason >= 0) {
		ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
		ASN1_ENUMERATED_set(reason, row->reason);
		X509_REVOKED_add1_ext_i2d(rev, NID_crl_reason, reason, 0, 0);
		ASN1_ENUMERATED_free(reason);
	}
	if (row->invalid_since) {
		ASN1_GENERALIZEDTIME *g = ASN1_GENERALIZEDTIME_adj(NULL, time(NULL), 0, row->invalid_since);
		X509_REVOKED_add1_ext_i2d(rev, NID_invalidity_date, g, 0, 0);
		ASN1_GENERALIZEDTIME_free(g);
	}
	if (row->issuer) {
		GENERAL_NAMES *names = GENERAL_NAMES_new();
		GENERAL_NAME *name = GENERAL_NAME_new();
		name->type = GEN_DIRNAME;
		name->d.directoryName = X509_NAME_dup(row->issuer);
		sk_GENERAL_NAME_push(names, name);
		X509_REVOKED_add1_ext_i2d(rev, NID_certificate_issuer, names, 1, 0);
		GENERAL_NAMES_free(names);
	}
	if (row->unknown) {
		X509_EXTENSION *ext = crl_unknown(row->unknown, 1);
		X509_REVOKED_add_ext(rev, ext, -1);
		X509_EXTENSION_free(ext);
	}
	ck_assert_int_eq(X509_CRL_add0_revoked(crl, rev), 1);
}

/* DER of a CRL of `by`; free with OPENSSL_free(). */
static inline struct kst_bytes crl_make(const struct party *by, struct crl_how how, const struct crl_row *row,
					size_t nr)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	X509_EXTENSION *ext;
	unsigned char *der = NULL;
	X509_CRL_set_version(crl, how.v1 ? 0 : 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
	crl_time(crl, X509_CRL_set1_lastUpdate, how.this_update ? how.this_update : -3600);
	if (!how.no_next)
		crl_time(crl, X509_CRL_set1_nextUpdate, how.next_update ? how.next_update : CRL_DAY);
	if (!how.v1 && !how.no_number) {
		ASN1_INTEGER_set(n, how.number ? how.number : 1);
		X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, how.critical_number, 0);
	}
	if (how.base) {
		ASN1_INTEGER_set(n, how.base);
		X509_CRL_add1_ext_i2d(crl, NID_delta_crl, n, 1, 0);
	}
	ASN1_INTEGER_free(n);
	if (how.scope) {
		char value[300];
		snprintf(value, sizeof(value), "critical,%s", how.scope);
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_issuing_distribution_point, value);
		ck_assert_msg(ext != NULL, "%s", how.scope);
		X509_CRL_add_ext(crl, ext, -1);
		X509_EXTENSION_free(ext);
	}
	if (how.key_id) {
		AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
		long len;
		unsigned char *id = OPENSSL_hexstr2buf(how.key_id, &len);
		aki->keyid = ASN1_OCTET_STRING_new();
		ASN1_OCTET_STRING_set(aki->keyid, id, (int)len);
		OPENSSL_free(id);
		X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, aki, 0, 0);
		AUTHORITY_KEYID_free(aki);
	}
	if (how.unknown) {
		ext = crl_unknown(how.unknown, how.unknown_critical);
		X509_CRL_add_ext(crl, ext, -1);
		X509_EXTENSION_free(ext);
	}
	for (size_t i = 0; i < nr; i++)
		crl_add(crl, &row[i]);
	ck_assert_int_gt(X509_CRL_sign(crl, (how.signer ? how.signer : by)->key,
				       how.md ? how.md : EVP_sha256()), 0);
	int len = i2d_X509_CRL(crl, &der);
	ck_assert_int_gt(len, 0);
	X509_CRL_free(crl);
	return (struct kst_bytes){ der, (size_t)len };
}

/* A certificate with further extensions: NID and value in turn, 0 at the end. */
static inline struct party crl_party(const char *cn, int is_ca, const struct party *by, ...)
{
	struct party p = party_new(cn, NULL, is_ca, by);
	X509V3_CTX ctx;
	va_list ap;
	int nid;
	X509V3_set_ctx(&ctx, by ? by->cert : p.cert, p.cert, NULL, NULL, 0);
	va_start(ap, by);
	while ((nid = va_arg(ap, int)) != 0) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, va_arg(ap, const char *));
		ck_assert_ptr_nonnull(ext);
		X509_add_ext(p.cert, ext, -1);
		X509_EXTENSION_free(ext);
	}
	va_end(ap);
	ck_assert_int_gt(X509_sign(p.cert, by ? by->key : p.key, EVP_sha256()), 0);
	return p;
}

/* A list of `nr` serial numbers from `first` on. */
static inline struct kst_bytes crl_big(const struct party *by, long first, long nr)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_adj(NULL, time(NULL), 0, -7200);
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	unsigned char *der = NULL;
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
	crl_time(crl, X509_CRL_set1_lastUpdate, -3600);
	crl_time(crl, X509_CRL_set1_nextUpdate, CRL_DAY);
	for (long i = 0; i < nr; i++) {
		X509_REVOKED *rev = X509_REVOKED_new();
		ASN1_INTEGER_set(n, first + i);
		X509_REVOKED_set_serialNumber(rev, n);
		X509_REVOKED_set_revocationDate(rev, t);
		X509_CRL_add0_revoked(crl, rev);
	}
	X509_CRL_sign(crl, by->key, EVP_sha256());
	int len = i2d_X509_CRL(crl, &der);
	ASN1_INTEGER_free(n);
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
	return (struct kst_bytes){ der, (size_t)len };
}

#endif
