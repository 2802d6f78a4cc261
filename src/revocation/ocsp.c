/* SPDX-License-Identifier: ISC */
/* ocsp.c - what an OCSP response says, if it says it rightly (RFC 6960 3.2, 4.2) */
#include "revocation/ocsp.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/ocsp.h>

#include "crypto/cert_impl.h"
#include "crypto/cert_x509.h"
#include "crypto/ossl.h"
#include "kstool/alloc.h"
#include "kstool/time.h"
#include "revocation/ocsp_signer.h"

/* Without nextUpdate newer information is always to be had (RFC 6960 4.2.2.1): this is how long an
 * answer is taken for new. */
#define OCSP_OPEN_LIFE (24 * 3600)

static int64_t seconds(const ASN1_GENERALIZEDTIME *t)
{
	int64_t out;

	if (!t || kst_time_from_asn1(true, ASN1_STRING_get0_data(t), (size_t)ASN1_STRING_length(t),
				     &out) < 0)
		return 0;
	return out;
}

/* ---- for which certificate ---- */

/* Does the id name this certificate, by whatever digest the responder has chosen? */
static bool names(OCSP_CERTID *id, X509 *cert, X509 *issuer)
{
	ASN1_OBJECT *oid;
	const EVP_MD *md;
	OCSP_CERTID *want;
	bool same;

	if (!OCSP_id_get0_info(NULL, &oid, NULL, NULL, id))
		return false;
	md = EVP_get_digestbyobj(oid);
	/* MD5 would let another issuer's name and key look the same. */
	if (!md || EVP_MD_get_size(md) < 20)
		return false;
	want = OCSP_cert_to_id(md, cert, issuer);
	same = want && OCSP_id_cmp(want, id) == 0;
	OCSP_CERTID_free(want);
	return same;
}

/* The one about this certificate; of several the newest. */
static OCSP_SINGLERESP *single_of(OCSP_BASICRESP *basic, X509 *cert, X509 *issuer)
{
	OCSP_SINGLERESP *best = NULL;
	int64_t newest = INT64_MIN;

	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *s = OCSP_resp_get0(basic, i);
		ASN1_GENERALIZEDTIME *this_update = NULL;

		if (!names((OCSP_CERTID *)OCSP_SINGLERESP_get0_id(s), cert, issuer))
			continue;
		OCSP_single_get0_status(s, NULL, NULL, &this_update, NULL);
		if (!best || seconds(this_update) > newest) {
			best = s;
			newest = seconds(this_update);
		}
	}
	return best;
}

static OCSP_RESPONSE *decode(struct kst_bytes der)
{
	const uint8_t *p = der.data, *end = der.data + der.len;
	OCSP_RESPONSE *r;

	if (!der.len || der.len > KST_OCSP_MAX)
		return NULL;
	r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);
	if (r && p != end) {
		OCSP_RESPONSE_free(r);
		r = NULL;
	}
	return r;
}

bool kst_ocsp_about(struct kst_bytes der, const struct kst_cert *cert,
		    const struct kst_cert *issuer)
{
	OCSP_RESPONSE *r;
	OCSP_BASICRESP *basic = NULL;
	X509 *x, *ix;
	bool ret = false;

	kst_ossl_mark();
	x = kst_cert_x509(cert);
	ix = kst_cert_x509(issuer);
	r = decode(der);
	if (r && x && ix && (basic = OCSP_response_get1_basic(r)))
		ret = single_of(basic, x, ix) != NULL;
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	kst_ossl_unmark();
	return ret;
}

/* ---- the parts of an answer ---- */

static const char *refusal(int status)
{
	switch (status) {
	case OCSP_RESPONSE_STATUS_MALFORMEDREQUEST:
		return "malformedRequest";
	case OCSP_RESPONSE_STATUS_INTERNALERROR:
		return "internalError";
	case OCSP_RESPONSE_STATUS_TRYLATER:
		return "tryLater";
	case OCSP_RESPONSE_STATUS_SIGREQUIRED:
		return "sigRequired";
	case OCSP_RESPONSE_STATUS_UNAUTHORIZED:
		return "unauthorized";
	default:
		return NULL;
	}
}

/* Nothing is said in an answer that can be understood wrongly: NULL, or why not. */
static const char *unknown_critical(OCSP_BASICRESP *basic, OCSP_SINGLERESP *s)
{
	for (int i = 0; i < OCSP_BASICRESP_get_ext_count(basic); i++) {
		X509_EXTENSION *e = OCSP_BASICRESP_get_ext(basic, i);

		if (X509_EXTENSION_get_critical(e) &&
		    OBJ_obj2nid(X509_EXTENSION_get_object(e)) != NID_id_pkix_OCSP_Nonce)
			return "has a critical extension that is not understood";
	}
	for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(s); i++)
		if (X509_EXTENSION_get_critical(OCSP_SINGLERESP_get_ext(s, i)))
			return "has a critical extension that is not understood";
	return NULL;
}

/* A nonce that came must be the one that went; one that did not come is left out by responders that
 * answer in advance (RFC 9654 2.1). */
static bool other_nonce(OCSP_BASICRESP *basic, const uint8_t *nonce)
{
	int i = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
	struct kst_bytes value;
	struct kst_der d;
	struct kst_der_item item;
	ASN1_OCTET_STRING *os;

	if (!nonce || i < 0)
		return false;
	os = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic, i));
	value = (struct kst_bytes){ ASN1_STRING_get0_data(os), (size_t)ASN1_STRING_length(os) };
	d = kst_der_bytes(value);
	return kst_der_expect(&d, KST_DER_OCTET_STRING, &item) < 0 ||
	       !kst_bytes_is(item.body, nonce, KST_OCSP_NONCE);
}

/* ---- weighing ---- */

static void dates(struct kst_inquiry *q, struct kst_revoked_at *of, bool *old)
{
	char day[KST_TIME_TEXT];
	int64_t next = of->next_update ? of->next_update : of->this_update + OCSP_OPEN_LIFE;

	*old = false;
	switch (kst_fresh(q->at, of->this_update, next, kst_cert_not_after(q->cert))) {
	case KST_FRESH:
	case KST_FRESH_LATER:
		return;
	case KST_OVERDUE:
		if (of->next_update)
			kst_inquiry_none(q, KST_REVOKED_STALE, of,
					 "is out of date: the next one was due %s",
					 kst_time_text(next, KST_TIME_MINUTE, day));
		else
			kst_inquiry_none(q, KST_REVOKED_STALE, of, "is out of date: it is of %s",
					 kst_time_text(of->this_update, KST_TIME_MINUTE, day));
		break;
	case KST_TOO_EARLY:
		kst_inquiry_none(q, KST_REVOKED_STALE, of, "is not yet valid: it is of %s",
				 kst_time_text(of->this_update, KST_TIME_MINUTE, day));
		break;
	}
	*old = true;
}

static void status_of(struct kst_inquiry *q, struct kst_revoked_at *of, OCSP_SINGLERESP *s)
{
	ASN1_GENERALIZEDTIME *when = NULL, *this_update = NULL, *next = NULL;
	int why = -1, status = OCSP_single_get0_status(s, &why, &when, &this_update, &next);
	bool old;

	of->this_update = seconds(this_update);
	of->next_update = seconds(next);
	if (!of->this_update || (next && !of->next_update)) {
		kst_inquiry_none(q, KST_REVOKED_BAD, of, "has malformed dates");
		return;
	}
	dates(q, of, &old);
	switch (status) {
	case V_OCSP_CERTSTATUS_GOOD:
		if (!old)
			kst_inquiry_no(q, of);
		return;
	case V_OCSP_CERTSTATUS_REVOKED:
		of->when = seconds(when);
		of->reason = why;
		if (kst_revoked_then(q->at, of->when, why, of->this_update))
			kst_inquiry_yes(q, of, old);
		else if (!old)
			kst_inquiry_no(q, of);
		return;
	default:
		kst_inquiry_none(q, KST_REVOKED_NO_SOURCE, of,
				 "says that the responder does not know the certificate");
	}
}

static int basic_of(struct kst_inquiry *q, const struct kst_ocsp *a, struct kst_revoked_at *of,
		    OCSP_BASICRESP *basic, X509 *cert, X509 *issuer, struct kst_error *err)
{
	OCSP_SINGLERESP *s = single_of(basic, cert, issuer);
	const char *bad = s ? unknown_critical(basic, s) : "is about another certificate";
	char text[160];
	bool weak = false;
	int ret;

	if (bad) {
		kst_inquiry_none(q, KST_REVOKED_BAD, of, "%s", bad);
		return 0;
	}
	ret = kst_ocsp_signed(q, a, basic, text, sizeof(text), &weak, err);
	if (ret < 0)
		return -1;
	if (!ret) {
		kst_inquiry_none(q, KST_REVOKED_BAD, of, "%s", text);
		return 0;
	}
	if (other_nonce(basic, a->nonce)) {
		kst_inquiry_none(q, KST_REVOKED_BAD, of,
				 "is the answer to another request (its nonce differs)");
		return 0;
	}
	if (weak) {
		of->let_pass = true;
		snprintf(of->text, sizeof(of->text), "%s: it is signed with SHA-1", of->source);
	}
	status_of(q, of, s);
	return 0;
}

int kst_inquiry_ocsp(struct kst_inquiry *q, const struct kst_ocsp *a, bool *refused,
		     struct kst_error *err)
{
	struct kst_revoked_at of = { .reason = -1 };
	OCSP_RESPONSE *r;
	OCSP_BASICRESP *basic = NULL;
	X509 *cert, *issuer;
	int status, ret = 0;

	if (refused)
		*refused = false;
	snprintf(of.source, sizeof(of.source), "%s", a->source);
	kst_ossl_mark();
	cert = kst_cert_x509(q->cert);
	issuer = kst_cert_x509(q->issuer);
	r = decode(a->der);
	if (!r) {
		kst_inquiry_none(q, KST_REVOKED_BAD, &of, "is no OCSP response");
		goto done;
	}
	if (!cert || !issuer) {
		kst_inquiry_none(q, KST_REVOKED_NO_SOURCE, &of,
				 "cannot be looked at: OpenSSL does not read the certificate");
		goto done;
	}
	status = OCSP_response_status(r);
	if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		const char *name = refusal(status);

		if (refused)
			*refused = status == OCSP_RESPONSE_STATUS_MALFORMEDREQUEST ||
				   status == OCSP_RESPONSE_STATUS_UNAUTHORIZED;
		if (name)
			kst_inquiry_none(q, KST_REVOKED_NO_SOURCE, &of, "says \"%s\"", name);
		else
			kst_inquiry_none(q, KST_REVOKED_BAD, &of, "has the unknown status %d",
					 status);
		goto done;
	}
	basic = OCSP_response_get1_basic(r);
	if (!basic)
		kst_inquiry_none(q, KST_REVOKED_BAD, &of,
				 "is malformed, or of a type that is not understood");
	else
		ret = basic_of(q, a, &of, basic, cert, issuer, err);
done:
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	kst_ossl_unmark();
	return ret;
}

/* ---- the question ---- */

int kst_ocsp_request(struct kst_buf *out, const struct kst_cert *cert,
		     const struct kst_cert *issuer, const uint8_t nonce[KST_OCSP_NONCE],
		     struct kst_error *err)
{
	X509 *x = kst_cert_x509(cert), *ix = kst_cert_x509(issuer);
	OCSP_REQUEST *req = OCSP_REQUEST_new();
	OCSP_CERTID *id = x && ix ? OCSP_cert_to_id(EVP_sha1(), x, ix) : NULL;
	uint8_t value[KST_OCSP_NONCE], *der = NULL;
	int n = -1;

	/* SHA-1 names the certificate and protects nothing; it is what every responder knows (RFC
	 * 5019 2.1.1). */
	if (req && id && OCSP_request_add0_id(req, id)) {
		id = NULL;
		if (nonce)
			memcpy(value, nonce, sizeof(value));
		if (!nonce || OCSP_request_add1_nonce(req, value, sizeof(value)))
			n = i2d_OCSP_REQUEST(req, &der);
	}
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(req);
	if (n <= 0)
		return kst_ossl_error(err, KST_E_UNSUPPORTED,
				      "no OCSP request can be made for the certificate");
	kst_buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
	return out->failed ? kst_error_nomem(err) : 0;
}
