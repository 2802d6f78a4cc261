/* SPDX-License-Identifier: ISC */
/*
 * path_openssl.c - a second opinion
 *
 * A path that passes all of kstool's rules is shown to OpenSSL, this very path with its last certificate
 * as the only trusted one.  What OpenSSL refuses is refused: two programs must be wrong at once
 * before something bad is accepted.
 */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypto/cert_x509.h"
#include "verify/path.h"

static int purpose_of(const struct path *p)
{
	switch (p->usage) {
	case KST_USAGE_SERVER:
		return X509_PURPOSE_SSL_SERVER;
	case KST_USAGE_CLIENT:
		return X509_PURPOSE_SSL_CLIENT;
	case KST_USAGE_EMAIL: /* signing needs another key usage than encryption: path_usage.c */
	case KST_USAGE_CODE:  /* OpenSSL 3.0 has none for it */
	case KST_USAGE_CA:
	case KST_USAGE_ANY:
	case KST_USAGE_FROM_CERT:
		break;
	}
	return X509_PURPOSE_ANY;
}

static enum kst_reason reason_of(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return KST_REASON_BAD_SIGNATURE;
	case X509_V_ERR_INVALID_POLICY_EXTENSION:
	case X509_V_ERR_NO_EXPLICIT_POLICY:
		return KST_REASON_POLICY;
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
	case X509_V_ERR_SUBTREE_MINMAX:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
	case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
		return KST_REASON_NAME_CONSTRAINT;
	case X509_V_ERR_INVALID_PURPOSE: /* "any" is not enough for it */
		return KST_REASON_PURPOSE;
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
		return KST_REASON_CRITICAL;
	default:
		return KST_REASON_OPENSSL;
	}
}

/*
 * A certificate policy is looked at where a CA asks for that (RFC 5280 6.1.3 (e), (f)), and where there are
 * some: rule_policies() has judged the rest, and OpenSSL 3.0 loses memory over constraints without policies.
 */
static bool has_policies(const struct path *p)
{
	for (size_t i = 1; i + 1 < p->nr && path_has_policies(p); i++)
		if (p->ext[i].of[EXT_POLICY_CONSTRAINTS].has || p->ext[i].of[EXT_INHIBIT_ANY].has)
			return true;
	return false;
}

static int ask(const struct path *p, X509_STORE *store, X509_STORE_CTX *ctx, STACK_OF(X509) *above, int *depth)
{
	X509_VERIFY_PARAM *param;
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST;

	for (size_t i = 1; i + 1 < p->nr; i++)
		if (!sk_X509_push(above, kst_cert_x509(p->cert[i])))
			return X509_V_ERR_OUT_OF_MEM;
	if (X509_STORE_add_cert(store, kst_cert_x509(p->cert[p->nr - 1])) != 1 ||
	    X509_STORE_CTX_init(ctx, store, kst_cert_x509(p->cert[0]), above) != 1)
		return X509_V_ERR_OUT_OF_MEM;
	param = X509_STORE_CTX_get0_param(ctx);
	if (p->req->strict)
		flags |= X509_V_FLAG_X509_STRICT;
	if (has_policies(p)) {
		/* The user takes any policy, which OpenSSL wants to be told (RFC 5280 6.1.1 (c)). */
		ASN1_OBJECT *any = OBJ_nid2obj(NID_any_policy);

		if (!any || X509_VERIFY_PARAM_add0_policy(param, any) != 1)
			return X509_V_ERR_OUT_OF_MEM;
		flags |= X509_V_FLAG_POLICY_CHECK;
	}
	/* To OpenSSL a certificate is over in the second that its notAfter names (RFC 5280 4.1.2.5: that
	 * second is its last); in that one it is not asked about the time. */
	for (size_t i = 0; i < p->nr; i++)
		if (kst_cert_not_after(p->cert[i]) == p->at)
			flags |= X509_V_FLAG_NO_CHECK_TIME;
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_depth(param, PATH_CERTS);
	if (!(flags & X509_V_FLAG_NO_CHECK_TIME)) /* which a time that is set would overrule */
		X509_VERIFY_PARAM_set_time(param, (time_t)p->at);
	X509_VERIFY_PARAM_set_purpose(param, purpose_of(p));
	if (X509_verify_cert(ctx) == 1)
		return X509_V_OK;
	*depth = X509_STORE_CTX_get_error_depth(ctx);
	return X509_STORE_CTX_get_error(ctx);
}

void rule_openssl(const struct path *p, struct findings *f)
{
	X509_STORE *store;
	X509_STORE_CTX *ctx;
	STACK_OF(X509) *above;
	int error, depth = 0;

	for (size_t i = 0; i < p->nr; i++)
		if (!kst_cert_x509(p->cert[i])) {
			find_fail(f, KST_REASON_OPENSSL, (int)i, "OpenSSL cannot read it");
			return;
		}
	ERR_set_mark();
	store = X509_STORE_new();
	ctx = X509_STORE_CTX_new();
	above = sk_X509_new_null();
	error = store && ctx && above ? ask(p, store, ctx, above, &depth) : X509_V_ERR_OUT_OF_MEM;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(above);
	ERR_pop_to_mark();
	if (error == X509_V_ERR_OUT_OF_MEM)
		f->failed = true;
	else if (error != X509_V_OK)
		find_fail(f, reason_of(error), depth < (int)p->nr ? depth : 0, "OpenSSL: %s",
			  X509_verify_cert_error_string(error));
}
