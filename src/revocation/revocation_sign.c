/* SPDX-License-Identifier: ISC */
/* revocation_sign.c - is this signed by that CA? */
#include "revocation/revocation_sign.h"

#include <limits.h>

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "crypto/cert_impl.h"
#include "crypto/cert_x509.h"
#include "crypto/names.h"
#include "crypto/ossl.h"

#define OID_KEY_USAGE "\x55\x1d\x0f"

static EVP_PKEY *key_of(const struct kst_cert *cert)
{
	X509 *x = kst_cert_x509(cert);

	return x ? X509_get0_pubkey(x) : NULL;
}

/* The digest of a signature algorithm; with RSA-PSS it stands in the parameters. */
static int digest_nid(const X509_ALGOR *alg, int md)
{
	const ASN1_OBJECT *oid;
	const void *value;
	RSA_PSS_PARAMS *pss;
	int type;

	X509_ALGOR_get0(&oid, &type, &value, alg);
	if (OBJ_obj2nid(oid) != NID_rsassaPss)
		return md;
	pss = type == V_ASN1_SEQUENCE
		      ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), alg->parameter)
		      : NULL;
	if (!pss)
		return NID_undef;
	md = NID_sha1; /* RFC 4055 3.1: the default */
	if (pss->hashAlgorithm) {
		X509_ALGOR_get0(&oid, NULL, NULL, pss->hashAlgorithm);
		md = OBJ_obj2nid(oid);
	}
	RSA_PSS_PARAMS_free(pss);
	return md;
}

static enum kst_signed judge(const X509_ALGOR *alg, EVP_PKEY *key)
{
	const ASN1_OBJECT *oid;
	int nid, md, pkey;

	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	nid = OBJ_obj2nid(oid);
	if (!key || nid == NID_undef)
		return KST_SIGNED_UNKNOWN;
	/* What a provider brings (ML-DSA) has one name for the key and the signature. */
	if (!OBJ_find_sigid_algs(nid, &md, &pkey))
		return EVP_PKEY_is_a(key, OBJ_nid2sn(nid)) ? KST_SIGNED_YES : KST_SIGNED_NO;
	switch (digest_nid(alg, md)) {
	case NID_md2:
	case NID_md4:
	case NID_md5:
		return KST_SIGNED_BROKEN;
	case NID_sha1:
		return KST_SIGNED_WEAK;
	default:
		return md != NID_undef && !EVP_get_digestbynid(md) ? KST_SIGNED_UNKNOWN
								   : KST_SIGNED_YES;
	}
}

static X509_ALGOR *algor(struct kst_bytes der)
{
	const uint8_t *p = der.data;

	return der.len && der.len <= LONG_MAX ? d2i_X509_ALGOR(NULL, &p, (long)der.len) : NULL;
}

enum kst_signed kst_signed_how(struct kst_bytes algorithm, const struct kst_cert *by)
{
	enum kst_signed ret = KST_SIGNED_UNKNOWN;
	X509_ALGOR *alg;

	kst_ossl_mark();
	alg = algor(algorithm);
	if (alg)
		ret = judge(alg, key_of(by));
	X509_ALGOR_free(alg);
	kst_ossl_unmark();
	return ret;
}

enum kst_signed kst_signed_by(struct kst_bytes tbs, struct kst_bytes algorithm,
			      struct kst_bytes bits, const struct kst_cert *by)
{
	enum kst_signed ret = KST_SIGNED_NO;
	ASN1_BIT_STRING *sig = NULL;
	ASN1_TYPE *what = NULL;
	X509_ALGOR *alg = NULL;
	EVP_PKEY *key;
	const uint8_t *p = tbs.data;

	/* A signature has no unused bits. */
	if (bits.len < 2 || bits.data[0] || bits.len > INT_MAX || !tbs.len || tbs.len > INT_MAX)
		return KST_SIGNED_NO;
	kst_ossl_mark();
	key = key_of(by);
	alg = algor(algorithm);
	if (!alg)
		goto out;
	ret = judge(alg, key);
	if (ret != KST_SIGNED_YES && ret != KST_SIGNED_WEAK)
		goto out;
	/* ANY holds a SEQUENCE as the bytes it came in, and gives them back: nothing is decoded. */
	what = d2i_ASN1_TYPE(NULL, &p, (long)tbs.len);
	sig = ASN1_BIT_STRING_new();
	if (!what || !sig || !ASN1_STRING_set(sig, bits.data + 1, (int)bits.len - 1)) {
		ret = KST_SIGNED_NO;
		goto out;
	}
	sig->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
	sig->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	if (ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), alg, sig, what, key) != 1)
		ret = KST_SIGNED_NO;
out:
	ASN1_TYPE_free(what);
	ASN1_BIT_STRING_free(sig);
	X509_ALGOR_free(alg);
	kst_ossl_unmark();
	return ret;
}

bool kst_key_usage_allows(const struct kst_cert *cert, uint8_t bits)
{
	struct kst_bytes ext = KST_CERT_EXT(cert, OID_KEY_USAGE, NULL);
	struct kst_der d = kst_der_bytes(ext);
	struct kst_der_item item;

	if (!ext.len)
		return true;
	return kst_der_expect(&d, KST_DER_BIT_STRING, &item) == 0 && item.body.len >= 2 &&
	       item.body.data[1] & bits;
}
