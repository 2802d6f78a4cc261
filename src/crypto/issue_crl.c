/* SPDX-License-Identifier: ISC */
/* issue_crl.c - lists of revoked certificates (RFC 5280 5): built whole, then signed */
#include <string.h>

#include <openssl/x509v3.h>

#include "crypto/cert_x509.h"
#include "crypto/der.h"
#include "crypto/issue_impl.h"
#include "crypto/ossl.h"
#include "crypto/sign.h"

/* RFC 5280 5.3.1: 0 SHOULD be left out, 7 is not used, 8 is for delta lists. */
static bool reason_ok(int reason)
{
	return reason >= -1 && reason <= 10 && reason != 7 && reason != 8;
}

static void put_entry_extensions(struct kst_buf *out, int reason)
{
	const uint8_t crl_reason[] = { 0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15,
				       0x04, 0x03, 0x0a, 0x01, (uint8_t)reason };

	if (reason > 0)
		kst_buf_put(out, crl_reason, sizeof(crl_reason));
}

static int put_entries(struct kst_buf *out, const struct kst_crl_make *how, struct kst_error *err)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;

	for (size_t i = 0; i < how->nr; i++) {
		const struct kst_crl_entry *e = &how->entry[i];

		if (!e->serial_len || e->serial_len > KST_SERIAL_MAX || !reason_ok(e->reason))
			return kst_error_setx(err, KST_E_BAD_VALUE, "entry %zu of the revocation list has no serial number or reason of RFC 5280",
					      i + 1);
		kst_buf_reset(&body);
		kst_tbs_put_serial(&body, e->serial, e->serial_len);
		if (kst_tbs_put_time(&body, e->when, err) < 0)
			return -1;
		put_entry_extensions(&body, e->reason);
		kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	}
	out->failed |= body.failed;
	return out->failed ? kst_error_nomem(err) : 0;
}

/* Whose key signed it, and the number of the list. */
static int put_extensions(struct kst_buf *out, const struct kst_crl_make *how, const struct kst_cert *issuer,
			  struct kst_error *err)
{
	STACK_OF(X509_EXTENSION) *ext = NULL;
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	int rc = number && ASN1_INTEGER_set_uint64(number, how->number) == 1 &&
				 kst_issue_ext_authority(&ext, issuer, kst_cert_spki(issuer)) == 0 &&
				 X509V3_add1_i2d(&ext, NID_crl_number, number, 0, X509V3_ADD_DEFAULT) == 1 ?
			 kst_tbs_put_extensions(out, ext, err) :
			 kst_sign_nomem(err);

	ASN1_INTEGER_free(number);
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	return rc;
}

static int build(struct kst_buf *tbs, const struct kst_crl_make *how, const struct kst_cert *issuer, EVP_PKEY *signer,
		 struct kst_error *err)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT, list KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf ext KST_SCRATCH_BUF = KST_BUF_INIT, all KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes name = kst_cert_subject_der(issuer);

	if (how->next_update <= how->this_update)
		return kst_error_setx(err, KST_E_BAD_VALUE, "the revocation list would end before it begins");
	kst_der_put_uint(&body, 1); /* v2 */
	if (kst_tbs_alg(&body, signer, err) < 0)
		return -1;
	kst_buf_put(&body, name.data, name.len);
	if (kst_tbs_put_time(&body, how->this_update, err) < 0 || kst_tbs_put_time(&body, how->next_update, err) < 0 ||
	    put_entries(&list, how, err) < 0 || put_extensions(&ext, how, issuer, err) < 0)
		return -1;
	if (how->nr) /* an empty one MUST be absent (5.1.2.6) */
		kst_der_put(&body, KST_DER_SEQUENCE, list.data, list.len);
	kst_der_put(&all, KST_DER_SEQUENCE, ext.data, ext.len);
	kst_der_put(&body, KST_DER_CONTEXT_CONSTRUCTED(0), all.data, all.len);
	kst_der_put(tbs, KST_DER_SEQUENCE, body.data, body.len);
	tbs->failed |= body.failed || all.failed;
	return tbs->failed ? kst_error_nomem(err) : 0;
}

int kst_crl_build(struct kst_buf *tbs, const struct kst_crl_make *how, const struct kst_cert *issuer,
		  const struct kst_key *signer, struct kst_error *err)
{
	int rc = -1;

	kst_ossl_mark();
	EVP_PKEY *pkey = kst_sign_key(signer, "revocation list", err);
	if (pkey && kst_issue_check_issuer(issuer, pkey, true, err) == 0)
		rc = build(tbs, how, issuer, pkey, err);
	EVP_PKEY_free(pkey);
	kst_ossl_unmark();
	return rc;
}

/* What is signed names the algorithm too, and both must be the same (5.1.1.2). */
static bool same_algorithm(struct kst_bytes der)
{
	struct kst_der d = kst_der_bytes(der), all, tbs;
	struct kst_der_item inner, outer;

	return kst_der_enter(&d, KST_DER_SEQUENCE, &all) == 0 && kst_der_enter(&all, KST_DER_SEQUENCE, &tbs) == 0 &&
	       kst_der_expect(&tbs, KST_DER_INTEGER, NULL) == 0 && kst_der_expect(&tbs, KST_DER_SEQUENCE, &inner) == 0 &&
	       kst_der_expect(&all, KST_DER_SEQUENCE, &outer) == 0 &&
	       kst_bytes_is(inner.whole, outer.whole.data, outer.whole.len);
}

static int verify(struct kst_bytes der, EVP_PKEY *key, struct kst_error *err)
{
	const unsigned char *p = der.data;
	X509_CRL *crl = der.len <= INT32_MAX ? d2i_X509_CRL(NULL, &p, (long)der.len) : NULL;
	bool ok = crl && same_algorithm(der) && X509_CRL_verify(crl, key) == 1;

	X509_CRL_free(crl);
	return ok ? 0 : kst_ossl_error(err, KST_E_INTERNAL, "the signature that was made does not verify; it is not given out");
}

int kst_crl_sign(struct kst_buf *out, struct kst_bytes tbs, const struct kst_cert *issuer, const struct kst_key *signer,
		 struct kst_error *err)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	X509 *x = kst_cert_x509(issuer);
	int rc = -1;

	kst_ossl_mark();
	EVP_PKEY *pkey = kst_sign_key(signer, "revocation list", err);
	if (pkey && kst_tbs_sign(&der, tbs, pkey, err) == 0 &&
	    verify((struct kst_bytes){ der.data, der.len }, x ? X509_get0_pubkey(x) : pkey, err) == 0) {
		kst_buf_put(out, der.data, der.len);
		rc = out->failed ? kst_error_nomem(err) : 0;
	}
	EVP_PKEY_free(pkey);
	kst_ossl_unmark();
	return rc;
}
