/* SPDX-License-Identifier: ISC */
/* java_chain.c - certificates as Java's DataOutputStream has them */
#include "java_chain.h"

#include <inttypes.h>

#include "crypto/der.h"

#define CERT_MIN 4

int java_cert_read(const struct java_chain *j, struct kst_chain *chain, struct kst_error *err)
{
	struct kst_bytes type, der;
	struct kst_cert *cert = NULL;

	if (j->typed) {
		type.len = kst_cursor_be16(j->c);
		type.data = kst_cursor_take(j->c, type.len);
		/* Java's own, and that of writers in other languages, which Java reads too. */
		if (!j->c->failed && !kst_bytes_is(type, "X.509", 5) && !kst_bytes_is(type, "X509", 4))
			return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
					      "entry %zu holds a certificate that is not of type X.509",
					      j->number);
	}
	der.len = kst_cursor_be32(j->c);
	der.data = kst_cursor_take(j->c, der.len);
	if (j->c->failed)
		return 1;
	if (++*j->certs > j->limit)
		return kst_error_setx(err, KST_E_LIMIT, "has more than %" PRIu32 " certificates", j->limit);
	if (kst_cert_new(&cert, der.data, der.len, err) < 0)
		return kst_error_detail(err, "entry %zu", j->number);
	int rc = kst_chain_push(chain, cert);
	kst_cert_free(cert);
	return rc < 0 ? kst_error_nomem(err) : 0;
}

int java_chain_read(const struct java_chain *j, struct kst_chain *chain, struct kst_error *err)
{
	uint32_t nr = kst_cursor_be32(j->c);
	int rc = 0;

	if (j->c->failed || nr > kst_cursor_left(j->c) / CERT_MIN)
		return 1;
	if (nr > JAVA_CHAIN_MAX)
		return kst_error_setx(err, KST_E_LIMIT,
				      "entry %zu has %" PRIu32 " certificates, the limit is %d", j->number,
				      nr, JAVA_CHAIN_MAX);
	for (; nr && rc == 0; nr--)
		rc = java_cert_read(j, chain, err);
	return rc;
}
