/* SPDX-License-Identifier: ISC */
/* cert_verify.c - did this one sign that one? */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "crypto/cert_impl.h"
#include "crypto/cert_x509.h"

int kst_cert_key_ids(const struct kst_cert *cert, const struct kst_cert *issuer)
{
	struct kst_der aki = kst_der_bytes(KST_CERT_EXT(cert, "\x55\x1d\x23", NULL)), in;
	struct kst_der ski = kst_der_bytes(KST_CERT_EXT(issuer, "\x55\x1d\x0e", NULL));
	struct kst_der_item a, s;

	if (kst_der_enter(&aki, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_expect(&in, KST_DER_CONTEXT(0), &a) < 0 ||
	    kst_der_expect(&ski, KST_DER_OCTET_STRING, &s) < 0)
		return -1;
	return kst_bytes_is(a.body, s.body.data, s.body.len);
}

/*
 * Can this OpenSSL judge the signature at all?  Where it cannot (MD2, GOST, ML-DSA before 3.5), "no"
 * from X509_verify() means nothing.
 */
static bool can_judge(const X509 *x, const EVP_PKEY *key)
{
	int sig = X509_get_signature_nid(x), md, pkey;

	if (!key || sig == NID_undef)
		return false;
	if (!OBJ_find_sigid_algs(sig, &md, &pkey))
		return EVP_PKEY_is_a(key, OBJ_nid2sn(sig)); /* what a provider brings: one name for both */
	return md == NID_undef || EVP_get_digestbynid(md);
}

bool kst_cert_issued_by(const struct kst_cert *cert, const struct kst_cert *issuer)
{
	X509 *x, *ix;
	EVP_PKEY *key;
	bool ret;

	if (kst_cert_issuer_hash(cert) != kst_cert_subject_hash(issuer) ||
	    !kst_name_equal(cert->issuer, issuer->subject))
		return false;
	ERR_set_mark();
	x = kst_cert_x509(cert);
	ix = kst_cert_x509(issuer);
	key = ix ? X509_get0_pubkey(ix) : NULL;
	if (x && key && can_judge(x, key))
		ret = X509_verify(x, key) == 1;
	else
		ret = kst_cert_key_ids(cert, issuer) != 0;
	ERR_pop_to_mark();
	return ret;
}
