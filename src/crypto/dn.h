/* SPDX-License-Identifier: ISC */
/* dn.h - a distinguished name from its text (RFC 4514) */
#ifndef KST_CRYPTO_DN_H
#define KST_CRYPTO_DN_H

#include <openssl/types.h>

#include "kstool/error.h"

/*
 * Parse "CN=web,OU=a+OU=b,C=DE": the first part is the last in the certificate.  Types by
 * name in any case or by OID; values as text with backslash escapes, quoted as in
 * RFC 1779, or as #HEX of their DER.  0 or -1 (BAD_VALUE).
 */
int kst_dn_parse(X509_NAME **out, const char *text, struct kst_error *err);

#endif
