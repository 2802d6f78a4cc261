/* SPDX-License-Identifier: ISC */
/* cert_hash.c - the first four bytes of the SHA-1 of a canonical name; OpenSSL alone knows that form */
#include "crypto/cert_hash.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto/der.h"

static int name_hash(struct kst_bytes name, uint32_t *out, struct kst_error *err)
{
	const uint8_t *p = name.data;
	int ok = 0;
	unsigned long h = 0;

	ERR_set_mark();
	X509_NAME *x = name.len <= LONG_MAX ? d2i_X509_NAME(NULL, &p, (long)name.len) : NULL;
	if (x)
		h = X509_NAME_hash_ex(x, NULL, NULL, &ok);
	X509_NAME_free(x);
	ERR_pop_to_mark();
	if (!ok)
		return kst_error_setx(err, KST_E_CORRUPT, "has a name that OpenSSL cannot hash");
	*out = (uint32_t)h;
	return 0;
}

int kst_cert_openssl_hash(const struct kst_cert *cert, uint32_t *out, struct kst_error *err)
{
	return name_hash(kst_cert_subject_der(cert), out, err);
}

/* CertificateList { tbs { version INTEGER OPTIONAL, algorithm, issuer Name, ... */
int kst_crl_openssl_hash(const uint8_t *der, size_t len, uint32_t *out, struct kst_error *err)
{
	struct kst_der d = kst_der_over(der, len), list, tbs;
	struct kst_der_item issuer;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &list) < 0 ||
	    kst_der_enter(&list, KST_DER_SEQUENCE, &tbs) < 0 ||
	    kst_der_optional(&tbs, KST_DER_INTEGER, NULL) < 0 ||
	    kst_der_expect(&tbs, KST_DER_SEQUENCE, NULL) < 0 ||
	    kst_der_expect(&tbs, KST_DER_SEQUENCE, &issuer) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "has a revocation list without issuer");
	return name_hash(issuer.whole, out, err);
}
