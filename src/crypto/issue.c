/* SPDX-License-Identifier: ISC */
/* issue.c - certificates of a CA, by profile: built whole, then signed */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "crypto/cert_impl.h"
#include "crypto/cert_x509.h"
#include "crypto/general_name.h"
#include "crypto/issue_impl.h"
#include "crypto/ossl.h"
#include "crypto/sign.h"
#include "kstool/time.h"

#define SERIAL 16 /* octets: CA/Browser Forum 7.1 asks for 64 bits of a CSPRNG, these are 128 */

const char *kst_profile_name(enum kst_profile p)
{
	switch (p) {
	case KST_PROFILE_ROOT:
		return "root";
	case KST_PROFILE_CA:
		return "ca";
	case KST_PROFILE_SERVER:
		return "server";
	case KST_PROFILE_CLIENT:
		return "client";
	case KST_PROFILE_BOTH:
		return "both";
	}
	return NULL;
}

bool kst_profile_is_ca(enum kst_profile p)
{
	return p == KST_PROFILE_ROOT || p == KST_PROFILE_CA;
}

bool kst_profile_is_server(enum kst_profile p)
{
	return p == KST_PROFILE_SERVER || p == KST_PROFILE_BOTH;
}

int kst_issue_serial(uint8_t serial[20], size_t *len, struct kst_error *err)
{
	size_t zeros = 0;

	kst_ossl_mark();
	int ok = RAND_bytes(serial, SERIAL) == 1;
	if (!ok)
		kst_ossl_error(err, KST_E_INTERNAL, "there are no random numbers for a serial number");
	kst_ossl_unmark();
	if (!ok)
		return -1;
	while (zeros < SERIAL && !serial[zeros])
		zeros++;
	if (zeros == SERIAL) /* once in 2^128 */
		return kst_issue_serial(serial, len, err);
	memmove(serial, serial + zeros, SERIAL - zeros);
	memset(serial + SERIAL - zeros, 0, KST_SERIAL_MAX - SERIAL + zeros);
	*len = SERIAL - zeros;
	return 0;
}

static int check_serial(const uint8_t *serial, size_t len, struct kst_error *err)
{
	size_t zeros = 0;

	while (zeros < len && !serial[zeros])
		zeros++;
	/* 20 octets of contents, of which the first bit is a sign. */
	if (len > KST_SERIAL_MAX || zeros == len || (len - zeros == KST_SERIAL_MAX && serial[zeros] & 0x80))
		return kst_error_setx(err, KST_E_INTERNAL, "a serial number is positive and has at most 20 octets");
	return 0;
}

/* ---- extensions ---- */

typedef STACK_OF(X509_EXTENSION) extensions;

static int add(extensions **ext, int nid, void *value, bool critical)
{
	return X509V3_add1_i2d(ext, nid, value, critical, X509V3_ADD_DEFAULT) == 1 ? 0 : -1;
}

/* Lists are signed and certificates too, and https would need a certificate first (RFC 5280 8, BR 7.1.2.11.2). */
static int check_url(const char *url, const char *what, struct kst_error *err)
{
	if (kst_gn_check(KST_SAN_URI, url, err) < 0)
		return -1;
	if (!strncasecmp(url, "http://", 7) || !strncasecmp(url, "ldap://", 7))
		return 0;
	kst_error_setx(err, KST_E_BAD_VALUE, "%s %s: only http:// and ldap:// can be fetched without a certificate", what, url);
	return kst_error_hint(err, "use http://: what lies there is signed (RFC 5280 8)");
}

static GENERAL_NAMES *url_names(const char *url)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	if (names && kst_gn_push(names, KST_SAN_URI, url, NULL) < 0) {
		GENERAL_NAMES_free(names);
		names = NULL;
	}
	return names;
}

static int add_crl_url(extensions **ext, const char *url)
{
	CRL_DIST_POINTS *list = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	int rc = -1;

	if (list && point && (point->distpoint = DIST_POINT_NAME_new())) {
		point->distpoint->type = 0; /* fullName */
		if ((point->distpoint->name.fullname = url_names(url)) && sk_DIST_POINT_push(list, point)) {
			point = NULL;
			rc = add(ext, NID_crl_distribution_points, list, false);
		}
	}
	DIST_POINT_free(point);
	CRL_DIST_POINTS_free(list);
	return rc;
}

static int push_access(AUTHORITY_INFO_ACCESS *list, int nid, const char *url)
{
	ACCESS_DESCRIPTION *d = ACCESS_DESCRIPTION_new();
	GENERAL_NAMES *names = url_names(url);

	if (d && names) {
		GENERAL_NAME_free(d->location);
		d->location = sk_GENERAL_NAME_pop(names);
		ASN1_OBJECT_free(d->method);
		d->method = OBJ_nid2obj(nid);
		if (sk_ACCESS_DESCRIPTION_push(list, d)) {
			GENERAL_NAMES_free(names);
			return 0;
		}
	}
	ACCESS_DESCRIPTION_free(d);
	GENERAL_NAMES_free(names);
	return -1;
}

static int add_access(extensions **ext, const struct kst_issue *how)
{
	AUTHORITY_INFO_ACCESS *list = sk_ACCESS_DESCRIPTION_new_null();
	int rc = list && (!how->ocsp_url || push_access(list, NID_ad_OCSP, how->ocsp_url) == 0) &&
				 (!how->issuer_url || push_access(list, NID_ad_ca_issuers, how->issuer_url) == 0) ?
			 add(ext, NID_info_access, list, false) :
			 -1;

	AUTHORITY_INFO_ACCESS_free(list);
	return rc;
}

/* RFC 7633: a list of TLS extensions, of which status_request (5) is the one. */
static int add_must_staple(extensions **ext)
{
	static const uint8_t features[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e = NULL;
	int rc = -1;

	if (octets && ASN1_OCTET_STRING_set(octets, features, sizeof(features)) &&
	    (e = X509_EXTENSION_create_by_NID(NULL, NID_tlsfeature, 0, octets)) && X509v3_add_ext(ext, e, -1))
		rc = 0;
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(octets);
	return rc;
}

/* What says where news of it is: not of a root, which nobody can revoke but by no longer trusting it. */
static int add_places(extensions **ext, const struct kst_issue *how, struct kst_error *err)
{
	if (how->must_staple && (!kst_profile_is_server(how->profile) || !how->ocsp_url))
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      how->ocsp_url ? "only a server can staple an OCSP response" :
						      "without an OCSP responder there is nothing to staple");
	if (how->profile == KST_PROFILE_ROOT)
		return 0;
	if ((how->crl_url && check_url(how->crl_url, "CRL at", err) < 0) ||
	    (how->ocsp_url && check_url(how->ocsp_url, "OCSP responder at", err) < 0) ||
	    (how->issuer_url && check_url(how->issuer_url, "certificate of the CA at", err) < 0))
		return -1;
	if ((how->crl_url && add_crl_url(ext, how->crl_url) < 0) ||
	    ((how->ocsp_url || how->issuer_url) && add_access(ext, how) < 0) ||
	    (how->must_staple && add_must_staple(ext) < 0))
		return kst_sign_nomem(err);
	return 0;
}

static int add_rights(extensions **ext, const struct kst_issue *how, bool encipher, struct kst_error *err)
{
	bool ca = kst_profile_is_ca(how->profile), server = kst_profile_is_server(how->profile);
	unsigned usage = ca ? KST_KU_SIGN_CERT | KST_KU_SIGN_CRL :
			      KST_KU_SIGN | (encipher && server ? KST_KU_ENCIPHER_KEY : 0);

	if (kst_tbs_ext_constraints(ext, ca, how->path_len) < 0 || kst_tbs_ext_key_usage(ext, usage) < 0)
		return kst_sign_nomem(err);
	/* A root has no purposes (BR 7.1.2.1.2); a CA those of what it signs (BR 7.1.2.6, and for verifiers a bound). */
	if (how->profile != KST_PROFILE_ROOT &&
	    kst_tbs_ext_purposes(ext, server || ca, ca || how->profile == KST_PROFILE_CLIENT ||
							    how->profile == KST_PROFILE_BOTH) < 0)
		return kst_sign_nomem(err);
	return 0;
}

static int add_names(extensions **ext, const struct kst_issue *how, const struct kst_tbs *t, GENERAL_NAMES *san,
		     struct kst_error *err)
{
	NAME_CONSTRAINTS *constraints = NULL;
	bool empty = kst_issue_no_name(t->subject);
	int rc = kst_issue_constraints(&constraints, how, err);

	if (rc == 0 && sk_GENERAL_NAME_num(san) > 0 && add(ext, NID_subject_alt_name, san, empty) < 0)
		rc = kst_sign_nomem(err);
	if (rc == 0 && constraints && add(ext, NID_name_constraints, constraints, true) < 0)
		rc = kst_sign_nomem(err);
	NAME_CONSTRAINTS_free(constraints);
	return rc;
}

static int add_all(extensions **ext, const struct kst_issue *how, const struct kst_tbs *t, GENERAL_NAMES *san,
		   const struct kst_cert *issuer, struct kst_error *err)
{
	bool encipher;

	if (kst_issue_check_spki(how->spki, &encipher, err) < 0)
		return -1;
	if (kst_tbs_ext_key_id(ext, t->spki) < 0 || kst_issue_ext_authority(ext, issuer, t->spki) < 0)
		return kst_sign_nomem(err);
	if (add_rights(ext, how, encipher, err) < 0 || add_names(ext, how, t, san, err) < 0)
		return -1;
	return add_places(ext, how, err);
}

/* ---- building ---- */

static int check_how(const struct kst_issue *how, const struct kst_cert *issuer, struct kst_error *err)
{
	if ((how->profile == KST_PROFILE_ROOT) != !issuer)
		return kst_error_setx(err, KST_E_BAD_VALUE, "a root signs itself, and nothing else does");
	if (how->not_after < how->not_before)
		return kst_error_setx(err, KST_E_BAD_VALUE, "the certificate would end before it begins");
	if (!kst_profile_is_ca(how->profile) && ((how->permitted && *how->permitted) || (how->excluded && *how->excluded)))
		return kst_error_setx(err, KST_E_BAD_VALUE, "only the certificate of a CA has name constraints");
	return check_serial(how->serial, how->serial_len, err);
}

static int check_names(const struct kst_issue *how, const struct kst_tbs *t, const struct kst_cert *issuer,
		       GENERAL_NAMES *san, struct kst_error *err)
{
	bool empty = kst_issue_no_name(t->subject);

	if (empty && kst_profile_is_ca(how->profile))
		return kst_error_setx(err, KST_E_BAD_VALUE, "a CA needs a name"); /* RFC 5280 4.1.2.6 */
	if (empty && sk_GENERAL_NAME_num(san) <= 0)
		return kst_error_setx(err, KST_E_BAD_VALUE, "a certificate needs a subject or another name");
	if (!issuer)
		return 0;
	/* To a verifier it would look as if it signed itself. */
	if (kst_name_equal(t->subject, t->issuer))
		return kst_error_setx(err, KST_E_BAD_VALUE, "the certificate would have the name of its CA");
	if (kst_profile_is_server(how->profile) && kst_issue_check_cn(t->subject, how, err) < 0)
		return -1;
	return kst_issue_check_constraints(kst_cert_x509(issuer), t, san, err);
}

static int build(struct kst_buf *tbs, const struct kst_issue *how, const struct kst_cert *issuer, EVP_PKEY *signer,
		 struct kst_error *err)
{
	struct kst_buf subject KST_SCRATCH_BUF = KST_BUF_INIT, alg KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_tbs t = { .serial = how->serial,
			     .serial_len = how->serial_len,
			     .not_before = how->not_before,
			     .not_after = how->not_after,
			     .spki = how->spki };
	GENERAL_NAMES *san = NULL;
	extensions *ext = NULL;
	int rc = -1;

	if (check_how(how, issuer, err) < 0 || kst_issue_subject(&subject, how, err) < 0 ||
	    kst_issue_san(&san, how, err) < 0 || kst_tbs_alg(&alg, signer, err) < 0)
		goto done;
	t.alg = (struct kst_bytes){ alg.data, alg.len };
	t.subject = (struct kst_bytes){ subject.data, subject.len };
	t.issuer = issuer ? kst_cert_subject_der(issuer) : t.subject;
	if (add_all(&ext, how, &t, san, issuer, err) < 0)
		goto done;
	t.ext = ext;
	if (check_names(how, &t, issuer, san, err) < 0)
		goto done;
	rc = kst_tbs_cert(tbs, &t, err);
done:
	GENERAL_NAMES_free(san);
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	return rc;
}

/* Self-signed is what holds the key that signs it. */
static int check_self(struct kst_bytes spki, EVP_PKEY *signer, struct kst_error *err)
{
	const unsigned char *p = spki.data;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.len);
	bool same = key && EVP_PKEY_eq(key, signer) == 1;

	EVP_PKEY_free(key);
	return same ? 0 : kst_error_setx(err, KST_E_KEY_MISMATCH, "a self-signed certificate is signed by its own key");
}

int kst_issue_build(struct kst_buf *tbs, const struct kst_issue *how, const struct kst_cert *issuer,
		    const struct kst_key *signer, struct kst_error *err)
{
	int rc = -1;

	kst_ossl_mark();
	EVP_PKEY *pkey = kst_sign_key(signer, "certificate", err);
	if (pkey)
		rc = issuer ? kst_issue_check_issuer(issuer, pkey, false, err) : check_self(how->spki, pkey, err);
	if (rc == 0 && issuer)
		rc = kst_issue_check_bounds(issuer, how, err);
	if (rc == 0)
		rc = build(tbs, how, issuer, pkey, err);
	EVP_PKEY_free(pkey);
	kst_ossl_unmark();
	return rc;
}

int kst_issue_sign(struct kst_cert **out, struct kst_bytes tbs, const struct kst_key *signer, struct kst_error *err)
{
	kst_ossl_mark();
	EVP_PKEY *pkey = kst_sign_key(signer, "certificate", err);
	int rc = pkey ? kst_tbs_sign_cert(out, tbs, pkey, err) : -1;
	EVP_PKEY_free(pkey);
	kst_ossl_unmark();
	return rc;
}
