/* SPDX-License-Identifier: ISC */
/* issue_check.c - keys that are certified, and what a CA may do by its own certificate */
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "crypto/cert_x509.h"
#include "crypto/der.h"
#include "crypto/issue_impl.h"
#include "crypto/names.h"
#include "crypto/ossl.h"
#include "crypto/sign.h"
#include "kstool/time.h"

/* RSA of 2048 bits, P-224: NIST SP 800-57 since 2014, BR 6.1.5. */
#define STRENGTH 112

static int check_strength(EVP_PKEY *key, struct kst_bytes spki, const char *whose, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	if (EVP_PKEY_get_security_bits(key) >= STRENGTH)
		return 0;
	kst_spki_key_text(spki.data, spki.len, false, &text);
	kst_error_setx(err, KST_E_WEAK_KEY, "%s is too weak: %s", whose, text.data ? (char *)text.data : "?");
	return kst_error_hint(err, "RSA keys need 2048 bits or more; better is an EC key (p256)");
}

/* What can sign, and so take part in a TLS handshake. */
static bool may_hold(const char *alg)
{
	static const char *const known[] = { "RSA", "RSA-PSS", "EC", "Ed25519", "Ed448" };

	if (!alg)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(alg, known[i]))
			return true;
	return !strncmp(alg, "ML-DSA-", 7) || !strncmp(alg, "SLH-DSA-", 8);
}

int kst_issue_check_spki(struct kst_bytes spki, bool *encipher, struct kst_error *err)
{
	struct kst_der d = kst_der_bytes(spki), in;
	struct kst_bytes oid = { .data = NULL }, params = { .data = NULL };
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	const unsigned char *p = spki.data;
	struct kst_der_item alg;
	const char *name;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d) ||
	    kst_der_expect(&in, KST_DER_SEQUENCE, &alg) < 0 || kst_algid_split(alg.whole, &oid, &params) < 0)
		return kst_error_setx(err, KST_E_BAD_KEY, "the public key cannot be decoded");
	name = kst_key_alg_name(oid);
	if (!may_hold(name)) {
		kst_spki_key_text(spki.data, spki.len, false, &text);
		return kst_error_setx(err, KST_E_UNSUPPORTED, "%s keys are not certified here: TLS needs keys that sign",
				      text.data ? (char *)text.data : "such");
	}
	*encipher = !strcmp(name, "RSA");
	if (!strcmp(name, "EC") && (!params.len || params.data[0] != KST_DER_OID))
		return kst_error_setx(err, KST_E_BAD_KEY,
				      "the public key describes its curve instead of naming it (RFC 5480 2.1.1 forbids that)");
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.len);
	if (!key)
		/* A post-quantum key that this OpenSSL does not know is bytes like any other. */
		return strchr(name, '-') && strcmp(name, "RSA-PSS") != 0 ?
			       0 :
			       kst_ossl_error(err, KST_E_BAD_KEY, "the public key cannot be decoded");
	int rc = check_strength(key, spki, "the key", err);
	EVP_PKEY_CTX *ctx = rc == 0 ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	/* A point off its curve, an even modulus: BR 6.1.6. */
	if (rc == 0 && (!ctx || EVP_PKEY_public_check_quick(ctx) == 0))
		rc = kst_ossl_error(err, KST_E_BAD_KEY, "the public key is no key of its kind");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return rc;
}

int kst_issue_check_issuer(const struct kst_cert *issuer, EVP_PKEY *signer, bool crl, struct kst_error *err)
{
	struct kst_bytes name = kst_cert_subject_der(issuer), spki = kst_cert_spki(issuer);
	X509 *x = kst_cert_x509(issuer);
	EVP_PKEY *key = x ? X509_get0_pubkey(x) : NULL;

	if (!key)
		return kst_ossl_error(err, KST_E_BAD_CERT, "the certificate of the CA cannot be decoded");
	if (EVP_PKEY_eq(key, signer) != 1)
		return kst_error_setx(err, KST_E_KEY_MISMATCH, "the private key is not that of the CA's certificate");
	/* 1: basicConstraints say so; what older certificates leave to the reader is no right to sign. */
	if (X509_check_ca(x) != 1 || X509_get_extension_flags(x) & EXFLAG_INVALID || kst_issue_no_name(name))
		return kst_error_setx(err, KST_E_NOT_A_CA, "the certificate of the issuer is not that of a CA");
	if (!(X509_get_key_usage(x) & (crl ? KU_CRL_SIGN : KU_KEY_CERT_SIGN)))
		return kst_error_setx(err, KST_E_CA_FORBIDS, "the key usage of the CA's certificate does not let it sign %s",
				      crl ? "revocation lists" : "certificates");
	return check_strength(key, spki, "the key of the CA", err);
}

static int check_dates(const struct kst_cert *issuer, const struct kst_issue *how, struct kst_error *err)
{
	int64_t first = kst_cert_not_before(issuer), last = kst_cert_not_after(issuer);
	char mine[KST_TIME_TEXT], its[KST_TIME_TEXT];

	if (how->not_after > last) {
		kst_error_setx(err, KST_E_CA_FORBIDS, "the certificate would be valid until %s, but its CA only until %s",
			       kst_time_text(how->not_after, KST_TIME_MINUTE, mine), kst_time_text(last, KST_TIME_MINUTE, its));
		return kst_error_hint(err, "give it fewer days, or renew the CA first");
	}
	if (how->not_before < first)
		return kst_error_setx(err, KST_E_CA_FORBIDS, "the certificate would be valid from %s, but its CA only from %s",
				      kst_time_text(how->not_before, KST_TIME_MINUTE, mine),
				      kst_time_text(first, KST_TIME_MINUTE, its));
	return 0;
}

int kst_issue_check_bounds(const struct kst_cert *issuer, const struct kst_issue *how, struct kst_error *err)
{
	long depth = X509_get_pathlen(kst_cert_x509(issuer));

	if (check_dates(issuer, how, err) < 0)
		return -1;
	if (how->profile != KST_PROFILE_CA || depth < 0)
		return 0;
	if (depth == 0)
		return kst_error_setx(err, KST_E_CA_FORBIDS, "the CA's own certificate lets no further CA stand below it");
	if (how->path_len >= depth)
		return kst_error_setx(err, KST_E_CA_FORBIDS, "path length %d does not fit below that of the CA, %ld",
				      how->path_len, depth);
	return 0;
}

int kst_issue_ext_authority(STACK_OF(X509_EXTENSION) **ext, const struct kst_cert *issuer, struct kst_bytes spki)
{
	const ASN1_OCTET_STRING *have = issuer ? X509_get0_subject_key_id(kst_cert_x509(issuer)) : NULL;
	AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
	uint8_t id[KST_KEY_ID];
	int rc = -1;

	kst_tbs_key_id(issuer ? kst_cert_spki(issuer) : spki, id);
	if (aki && (aki->keyid = ASN1_OCTET_STRING_new()) &&
	    ASN1_OCTET_STRING_set(aki->keyid, have ? ASN1_STRING_get0_data(have) : id,
				  have ? ASN1_STRING_length(have) : KST_KEY_ID) &&
	    X509V3_add1_i2d(ext, NID_authority_key_identifier, aki, 0, X509V3_ADD_DEFAULT) == 1)
		rc = 0;
	AUTHORITY_KEYID_free(aki);
	return rc;
}
