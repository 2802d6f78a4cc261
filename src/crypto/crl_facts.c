/* SPDX-License-Identifier: ISC */
/* crl_facts.c - what a report shows of a revocation list: whose, from when, until when */
#include <limits.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "kstool/cert.h"
#include "kstool/time.h"

static int64_t seconds(const ASN1_TIME *t)
{
	int64_t s = 0;

	if (t && kst_time_from_asn1(ASN1_STRING_type(t) == V_ASN1_GENERALIZEDTIME, ASN1_STRING_get0_data(t),
				    (size_t)ASN1_STRING_length(t), &s) < 0)
		return 0;
	return s;
}

/* The CN, else the last attribute that there is. */
static void put_name(const X509_NAME *name, struct kst_buf *out)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1), last = X509_NAME_entry_count(name) - 1;
	X509_NAME_ENTRY *e = X509_NAME_get_entry(name, at >= 0 ? at : last);
	unsigned char *text = NULL;
	int n = e ? ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(e)) : -1;

	if (n >= 0)
		kst_buf_put(out, text, (size_t)n);
	OPENSSL_free(text);
}

int kst_crl_facts(struct kst_bytes der, int64_t *from, int64_t *until, struct kst_buf *issuer)
{
	const uint8_t *p = der.data;

	ERR_set_mark();
	X509_CRL *crl = der.len <= LONG_MAX ? d2i_X509_CRL(NULL, &p, (long)der.len) : NULL;
	if (crl) {
		*from = seconds(X509_CRL_get0_lastUpdate(crl));
		*until = seconds(X509_CRL_get0_nextUpdate(crl));
		put_name(X509_CRL_get_issuer(crl), issuer);
	}
	X509_CRL_free(crl);
	ERR_pop_to_mark();
	return crl ? 0 : -1;
}
