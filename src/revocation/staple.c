/* SPDX-License-Identifier: ISC */
/* staple.c - what a stapled OCSP response says (RFC 6960), believed or not */
#include <openssl/ocsp.h>

#include "crypto/ossl.h"
#include "kstool/time.h"
#include "kstool/revocation.h"

#define STAPLE_MAX (64 << 10)

static int64_t when(const ASN1_GENERALIZEDTIME *t)
{
	int64_t out;

	if (!t || kst_time_from_asn1(true, ASN1_STRING_get0_data(t), (size_t)ASN1_STRING_length(t), &out) < 0)
		return 0;
	return out;
}

void kst_staple_read(struct kst_staple *out, const struct kst_blob *staple)
{
	const unsigned char *p = staple->data;
	ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *to = NULL;
	OCSP_RESPONSE *resp = NULL;
	OCSP_BASICRESP *basic = NULL;
	OCSP_SINGLERESP *single;
	int reason = -1, status;

	*out = (struct kst_staple){ .says = KST_STAPLE_UNREADABLE, .reason = -1 };
	kst_ossl_mark();
	if (staple->len && staple->len <= STAPLE_MAX)
		resp = d2i_OCSP_RESPONSE(NULL, &p, (long)staple->len);
	if (resp && OCSP_response_status(resp) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(resp);
	single = basic ? OCSP_resp_get0(basic, 0) : NULL;
	if (single) {
		status = OCSP_single_get0_status(single, &reason, &revoked, &from, &to);
		out->says = status == V_OCSP_CERTSTATUS_GOOD	? KST_STAPLE_GOOD :
			    status == V_OCSP_CERTSTATUS_REVOKED ? KST_STAPLE_REVOKED :
								  KST_STAPLE_UNKNOWN;
		out->this_update = when(from);
		out->next_update = when(to);
		if (out->says == KST_STAPLE_REVOKED) {
			out->revoked_at = when(revoked);
			out->reason = reason;
		}
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(resp);
	kst_ossl_unmark();
}
