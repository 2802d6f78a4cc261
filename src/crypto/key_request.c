/* SPDX-License-Identifier: ISC */
/*
 * key_request.c - a certificate request (PKCS#10, RFC 2986) for a key
 *
 * It asks for what the present certificate has: its names byte for byte, its
 * usages.  What a CA decides (validity, key ids, where its CRL is) is left out.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/ossl.h"
#include "crypto/sign.h"

/* keyUsage fits one kind of key: an EC key does not encipher. */
#define OID_KEY_USAGE "2.5.29.15"
#define OID_BASIC_CONSTRAINTS "2.5.29.19"
#define OID_EXT_KEY_USAGE "2.5.29.37"
static const char *const copied[] = {
	"1.3.6.1.5.5.7.1.24", /* TLS feature: must staple (RFC 7633) */
	NULL
};

static bool same_algorithm(const EVP_PKEY *pkey, const struct kst_cert *from)
{
	struct kst_bytes spki = kst_cert_spki(from);
	const unsigned char *p = spki.data;
	EVP_PKEY *old = d2i_PUBKEY(NULL, &p, (long)spki.len);
	bool same = old && EVP_PKEY_get_base_id(old) == EVP_PKEY_get_base_id(pkey);

	EVP_PKEY_free(old);
	return same;
}

static int copy_extensions(STACK_OF(X509_EXTENSION) **ext, const EVP_PKEY *pkey,
			   const struct kst_cert *from, struct kst_error *err)
{
	if (same_algorithm(pkey, from) && kst_sign_copy_ext(ext, from, OID_KEY_USAGE, err) < 0)
		return -1;
	if (kst_cert_is_ca(from) && kst_sign_copy_ext(ext, from, OID_BASIC_CONSTRAINTS, err) < 0)
		return -1;
	for (size_t i = 0; copied[i]; i++)
		if (kst_sign_copy_ext(ext, from, copied[i], err) < 0)
			return -1;
	return 0;
}

static int push_usage(STACK_OF(X509_EXTENSION) **ext, const struct kst_request *how, struct kst_error *err)
{
	const int nid[] = { how->server ? NID_server_auth : NID_undef, how->client ? NID_client_auth : NID_undef };
	EXTENDED_KEY_USAGE *eku = sk_ASN1_OBJECT_new_null();
	bool ok = eku != NULL;

	for (size_t i = 0; ok && i < 2; i++)
		ok = nid[i] == NID_undef || sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(nid[i])) > 0;
	ok = ok && X509V3_add1_i2d(ext, NID_ext_key_usage, eku, 0, X509V3_ADD_DEFAULT) == 1;
	sk_ASN1_OBJECT_free(eku);
	return ok ? 0 : kst_sign_nomem(err);
}

static int fill(X509_REQ *req, EVP_PKEY *pkey, const struct kst_request *how,
		struct kst_error *err)
{
	struct kst_sign_names n = { how->subject, how->host, how->from, how->ou };
	STACK_OF(X509_EXTENSION) *ext = NULL;
	X509_NAME *name = NULL;
	int rc = kst_sign_names(&name, &ext, &n, err);

	if (rc == 0 && how->from)
		rc = copy_extensions(&ext, pkey, how->from, err);
	if (rc == 0 && (how->server || how->client))
		rc = push_usage(&ext, how, err);
	else if (rc == 0 && how->from && kst_sign_copy_ext(&ext, how->from, OID_EXT_KEY_USAGE, err) < 0)
		rc = -1;
	if (rc == 0 &&
	    (X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	     X509_REQ_set_subject_name(req, name) != 1 || X509_REQ_set_pubkey(req, pkey) != 1 ||
	     (sk_X509_EXTENSION_num(ext) > 0 && X509_REQ_add_extensions(req, ext) != 1)))
		rc = kst_sign_nomem(err);
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	X509_NAME_free(name);
	if (rc < 0)
		return -1;
	EVP_MD *md = kst_sign_digest(pkey);
	int ok = X509_REQ_sign(req, pkey, md) > 0;
	EVP_MD_free(md);
	return ok ? 0 : kst_ossl_error(err, KST_E_UNSUPPORTED, "the key cannot sign a request");
}

int kst_key_request(struct kst_buf *out, const struct kst_key *key, const struct kst_request *how,
		    struct kst_error *err)
{
	unsigned char *der = NULL;
	X509_REQ *req = NULL;
	int rc = -1, n;

	kst_ossl_mark();
	EVP_PKEY *pkey = kst_sign_key(key, "request", err);
	if (!pkey)
		goto done;
	req = X509_REQ_new();
	if (!req) {
		kst_sign_nomem(err);
		goto done;
	}
	if (fill(req, pkey, how, err) < 0)
		goto done;
	n = i2d_X509_REQ(req, &der);
	if (n <= 0) {
		kst_sign_nomem(err);
		goto done;
	}
	kst_buf_put(out, der, (size_t)n);
	rc = out->failed ? kst_error_nomem(err) : 0;
done:
	kst_ossl_unmark();
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(pkey);
	return rc;
}
