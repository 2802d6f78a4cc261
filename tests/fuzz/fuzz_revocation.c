/* SPDX-License-Identifier: ISC */
/*
 * fuzz_revocation.c - CRLs and OCSP responses, as files and servers bring them
 *
 * What kstool takes for evidence OpenSSL must take for signed by the same CA; and
 * what a bad signature would hide is walked all the same.
 */
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <string.h>

#include "crypto/cert_x509.h"
#include "fuzz.h"
#include "revocation_certs.h"
#include "revocation/crl.h"

#define AT INT64_C(1780000000) /* 2026 */

static struct kst_cert *ca, *leaf;

static void begin(void)
{
	if (!ca && (kst_cert_new(&ca, ca_der, sizeof(ca_der), NULL) < 0 ||
		    kst_cert_new(&leaf, leaf_der, sizeof(leaf_der), NULL) < 0))
		fuzz_bug("the certificates cannot be read");
}

static bool openssl_takes_crl(const uint8_t *data, size_t size)
{
	X509_CRL *crl = d2i_X509_CRL(NULL, &data, (long)size);
	bool ret = crl && X509_CRL_verify(crl, X509_get0_pubkey(kst_cert_x509(ca))) == 1;
	X509_CRL_free(crl);
	return ret;
}

static bool openssl_takes_ocsp(const uint8_t *data, size_t size)
{
	OCSP_RESPONSE *resp = d2i_OCSP_RESPONSE(NULL, &data, (long)size);
	OCSP_BASICRESP *basic = resp ? OCSP_response_get1_basic(resp) : NULL;
	X509_STORE *store = X509_STORE_new();
	bool ret = basic && X509_STORE_add_cert(store, kst_cert_x509(ca)) &&
		   OCSP_basic_verify(basic, NULL, store, OCSP_TRUSTOTHER) == 1;
	if (basic && !ret) { /* the CA itself has signed, and sent nothing along */
		STACK_OF(X509) *only = sk_X509_new_null();
		sk_X509_push(only, kst_cert_x509(ca));
		ret = OCSP_basic_verify(basic, only, store, 0) == 1;
		sk_X509_free(only);
	}
	X509_STORE_free(store);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(resp);
	return ret;
}

static void judge(struct kst_revocations *r, bool (*takes)(const uint8_t *, size_t), const uint8_t *data, size_t size)
{
	struct kst_revoked_at a;
	if (kst_revocations_check(r, leaf, ca, AT, &a, NULL) < 0)
		return;
	if (!memchr(a.text, 0, sizeof(a.text)) || !memchr(a.source, 0, sizeof(a.source)))
		fuzz_bug("a text without end");
	if (a.state == KST_REVOKED_UNKNOWN ? !*a.text : !*a.source || !a.this_update)
		fuzz_bug("an answer that says nothing of itself");
	if (a.state != KST_REVOKED_UNKNOWN && !takes(data, size))
		fuzz_bug("evidence that OpenSSL does not take: %s", a.source);
}

/* Behind the signature. */
static void walk(const uint8_t *data, size_t size)
{
	struct kst_crl_found found;
	struct kst_crl *crl;
	char why[120];
	if (kst_crl_new(&crl, data, size, "x", NULL) < 0)
		return;
	kst_crl_covers(crl, leaf, why, sizeof(why));
	if (kst_crl_index(crl, NULL) == 0 && !*crl->fault) {
		kst_crl_find(crl, kst_cert_serial(leaf), kst_cert_issuer_der(leaf), &found);
		kst_crl_find(crl, kst_cert_serial(ca), crl->issuer, &found);
	}
	if (kst_crl_newer(crl, crl))
		fuzz_bug("a list is newer than itself");
	kst_crl_free(crl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_revocations *r;

	begin();
	walk(data, size);
	if (kst_revocations_new(&r, NULL) < 0)
		return 0;
	if (kst_revocations_add_crl(r, data, size, "x.crl", &err) < 0)
		fuzz_failed(&err, "crl");
	else
		judge(r, openssl_takes_crl, data, size);
	kst_revocations_free(r);
	if (size && kst_revocations_new(&r, NULL) == 0) {
		kst_revocations_add_staple(r, data, size, NULL);
		judge(r, openssl_takes_ocsp, data, size);
		kst_revocations_free(r);
	}
	return 0;
}
