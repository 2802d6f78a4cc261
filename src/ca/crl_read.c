/* SPDX-License-Identifier: ISC */
/* crl_read.c - the revocation list that lies in the directory of a CA: what the world sees, whatever the
 * ledger says */
#include <errno.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "ca/ca.h"
#include "crypto/cert_x509.h"
#include "crypto/ossl.h"
#include "kstool/ca_index.h"
#include "kstool/time.h"

#define CRL_MAX (UINT64_C(256) << 20)

static int64_t time_of(const ASN1_TIME *t)
{
	int64_t out = 0;

	if (t)
		kst_time_from_asn1(ASN1_STRING_type(t) == V_ASN1_GENERALIZEDTIME, ASN1_STRING_get0_data(t),
				   (size_t)ASN1_STRING_length(t), &out);
	return out;
}

static bool look(struct kst_ca_crl *out, const struct kst_cert *issuer)
{
	const unsigned char *p = out->der.data;
	X509_CRL *crl = out->der.len ? d2i_X509_CRL(NULL, &p, (long)out->der.len) : NULL;
	X509 *x = kst_cert_x509(issuer);
	bool ok = crl && x && X509_CRL_verify(crl, X509_get0_pubkey(x)) == 1;

	if (ok) {
		ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
		STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);

		if (number && ASN1_INTEGER_get_uint64(&out->number, number) != 1)
			out->number = UINT64_MAX; /* of 20 octets, as others make them */
		ASN1_INTEGER_free(number);
		out->this_update = time_of(X509_CRL_get0_lastUpdate(crl));
		out->next_update = time_of(X509_CRL_get0_nextUpdate(crl));
		out->nr = list ? (size_t)sk_X509_REVOKED_num(list) : 0;
		out->there = true;
	}
	X509_CRL_free(crl);
	return ok;
}

int kst_ca_crl_read(struct kst_ca *ca, enum kst_ca_issuer which, struct kst_ca_crl *out, struct kst_error *err)
{
	char *path = kst_ca_path(ca, which == KST_CA_BY_ROOT ? "root-" KST_CA_CRL_DER : KST_CA_CRL_DER);
	int ret = 0;

	*out = (struct kst_ca_crl){ .there = false };
	if (!path)
		return kst_error_nomem(err);
	if (access(path, F_OK) == 0 || errno != ENOENT) {
		ret = kst_file_read(path, CRL_MAX, &out->der, err);
		kst_ossl_mark();
		if (ret == 0 && !look(out, ca->cert[which])) {
			kst_error_setx(err, KST_E_CORRUPT, "this is no revocation list of the CA");
			kst_error_subject(err, "%s", path);
			ret = kst_error_command(err, "kstool", "ca", "crl", "--ca", ca->dir, NULL);
		}
		kst_ossl_unmark();
	}
	kst_free(path);
	return ret;
}

void kst_ca_crl_release(struct kst_ca_crl *c)
{
	kst_buf_release(&c->der);
}
