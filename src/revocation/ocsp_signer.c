/* SPDX-License-Identifier: ISC */
/* ocsp_signer.c - the signature of an OCSP response and the right to make it (RFC 6960 4.2.2.2) */
#include "revocation/ocsp_signer.h"

#include <stdio.h>
#include <string.h>

#include <openssl/ocsp.h>

#include "crypto/cert_impl.h"
#include "crypto/cert_x509.h"
#include "crypto/key_flaw.h"
#include "kstool/alloc.h"

#define OID_EXT_KEY_USAGE "\x55\x1d\x25"
#define OID_OCSP_SIGNING  "\x2b\x06\x01\x05\x05\x07\x03\x09"
#define OID_NO_CHECK	  "\x2b\x06\x01\x05\x05\x07\x30\x01\x05"

/* More certificates than these come with no honest answer. */
#define CERTS_MAX 8

static bool allows(const struct kst_cert *cert)
{
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(cert, OID_EXT_KEY_USAGE, NULL)), in;
	struct kst_der_item item;

	/* By name: anyExtendedKeyUsage appoints nobody. */
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0)
		while (kst_der_expect(&in, KST_DER_OID, &item) == 0)
			if (KST_OID_IS(item.body, OID_OCSP_SIGNING))
				return true;
	return false;
}

/* A critical extension that OpenSSL does not know either. */
static bool not_understood(X509 *x)
{
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *e = X509_get_ext(x, i);

		if (X509_EXTENSION_get_critical(e) && !X509_supported_extension(e) &&
		    OBJ_obj2nid(X509_EXTENSION_get_object(e)) != NID_id_pkix_OCSP_noCheck)
			return true;
	}
	return false;
}

/* Does the response name him as its signer, and is it his signature? */
static bool signed_it(OCSP_BASICRESP *basic, X509 *who)
{
	STACK_OF(X509) *only = sk_X509_new_null();
	bool ret = only && sk_X509_push(only, who) &&
		   OCSP_basic_verify(basic, only, NULL, OCSP_NOINTERN | OCSP_NOVERIFY) == 1;

	sk_X509_free(only);
	return ret;
}

/* Has the CA signed this certificate?  the guess at an issuer takes names and key identifiers for
 * enough where the algorithm is unknown: that appoints nobody. */
static bool appointed(const struct kst_cert *who, X509 *x, const struct kst_cert *ca)
{
	X509 *by = kst_cert_x509(ca);
	EVP_PKEY *key = by ? X509_get0_pubkey(by) : NULL;

	return key && kst_name_equal(who->issuer, ca->subject) && X509_verify(x, key) == 1;
}

/* Whoever can make another certificate with the same MD5, or find the key, is the responder. */
static const char *too_weak(const struct kst_cert *who, X509 *x, const struct kst_cert *ca, bool *weak)
{
	EVP_PKEY *key = X509_get0_pubkey(x);

	switch (kst_signed_how(who->sig_alg, ca)) {
	case KST_SIGNED_WEAK:
		*weak = true;
		break;
	case KST_SIGNED_BROKEN:
		return "is signed with a responder's certificate that is signed with MD5 or weaker, which proves nothing";
	case KST_SIGNED_UNKNOWN:
	case KST_SIGNED_NO:
		return "is signed with a responder's certificate whose signature this OpenSSL does not know";
	case KST_SIGNED_YES:
		break;
	}
	return key && kst_key_flaw(key) == KST_KEY_SOUND
		       ? NULL
		       : "is signed with a responder's key that is too weak";
}

/* NULL, or why somebody whom the CA has appointed must not be believed.  *memory: there is none. */
static const char *unfit(const struct kst_inquiry *q, const struct kst_ocsp *a,
			 const struct kst_cert *who, X509 *x, bool *weak, bool *memory, struct kst_error *err)
{
	struct kst_inquiry own = { .cert = who, .issuer = q->issuer, .at = q->at };
	const char *flaw;

	if (!appointed(who, x, q->issuer))
		return "is signed by a responder whom the CA has not appointed";
	flaw = too_weak(who, x, q->issuer, weak);
	if (flaw)
		return flaw;
	if (!allows(who))
		return "is signed with a certificate that is not for OCSP (no OCSPSigning)";
	if (!kst_key_usage_allows(who, KST_USAGE_SIGNS) || not_understood(x))
		return "is signed with a certificate that forbids this use";
	if (q->at < kst_cert_not_before(who) || q->at > kst_cert_not_after(who))
		return "is signed with a responder's certificate that was not valid then";
	if (KST_CERT_EXT(who, OID_NO_CHECK, NULL).len)
		return NULL;
	/* Nobody is asked over the network about those who answer: there is no end to it. */
	if (kst_inquiry_crls(&own, a->crl, a->nr_crls, err) < 0)
		*memory = true;
	else if (own.yes || own.old_yes)
		return "is signed with a responder's certificate that was revoked";
	return NULL;
}

static struct kst_bytes algorithm_of(OCSP_BASICRESP *basic, uint8_t **der)
{
	int n = i2d_X509_ALGOR((X509_ALGOR *)OCSP_resp_get0_tbs_sigalg(basic), der);

	return (struct kst_bytes){ *der, n > 0 ? (size_t)n : 0 };
}

/* How good the signature's algorithm is, by this signer. */
static const char *weigh_algorithm(OCSP_BASICRESP *basic, const struct kst_cert *by, bool *weak)
{
	uint8_t *der = NULL;
	enum kst_signed how = kst_signed_how(algorithm_of(basic, &der), by);

	OPENSSL_free(der);
	switch (how) {
	case KST_SIGNED_WEAK:
		*weak = true;
		break;
	case KST_SIGNED_BROKEN:
		return "is signed with MD5 or weaker, which proves nothing";
	case KST_SIGNED_UNKNOWN:
		return "is signed with an algorithm that this OpenSSL does not know";
	case KST_SIGNED_YES:
	case KST_SIGNED_NO:
		break;
	}
	return NULL;
}

/* One of the certificates that came with it.  1 it is signed by him (`bad` says whether that
 * helps), 0 it is not, -1 no memory. */
static int try_one(const struct kst_inquiry *q, const struct kst_ocsp *a, OCSP_BASICRESP *basic,
		   X509 *x, const char **bad, bool *weak, struct kst_error *err)
{
	struct kst_cert *who = NULL;
	bool memory = false;
	int ret = 0;

	if (!signed_it(basic, x))
		return 0;
	if (kst_cert_from_x509(&who, x, NULL) < 0)
		return 0;
	*bad = unfit(q, a, who, x, weak, &memory, err);
	if (memory)
		ret = -1;
	else {
		ret = 1;
		if (!*bad)
			*bad = weigh_algorithm(basic, who, weak);
	}
	kst_cert_free(who);
	return ret;
}

int kst_ocsp_signed(const struct kst_inquiry *q, const struct kst_ocsp *a, OCSP_BASICRESP *basic,
		    char *text, size_t size, bool *weak, struct kst_error *err)
{
	const STACK_OF(X509) *certs = OCSP_resp_get0_certs(basic);
	const char *bad = weigh_algorithm(basic, q->issuer, weak);
	int found = 0;

	*weak = false;
	if (signed_it(basic, kst_cert_x509(q->issuer))) {
		bad = weigh_algorithm(basic, q->issuer, weak);
		found = 1;
	}
	for (int i = 0; !found && i < sk_X509_num(certs) && i < CERTS_MAX; i++) {
		found = try_one(q, a, basic, sk_X509_value(certs, i), &bad, weak, err);
		if (found < 0)
			return -1;
	}
	if (!found && !bad)
		bad = "is not signed by the CA or a responder of it, or was altered";
	if (bad)
		snprintf(text, size, "%s", bad);
	return !bad;
}
