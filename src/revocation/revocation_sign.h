/* SPDX-License-Identifier: ISC */
/* revocation_sign.h - a signature over bytes that OpenSSL is not to decode: those of a CRL */
#ifndef KST_TLS_REVOCATION_SIGN_H
#define KST_TLS_REVOCATION_SIGN_H

#include "kstool/buf.h"
#include "kstool/cert.h"

enum kst_signed {
	KST_SIGNED_NO, /* not by this key, or altered */
	KST_SIGNED_YES,
	KST_SIGNED_WEAK,   /* yes, with SHA-1 */
	KST_SIGNED_BROKEN, /* with MD5 or less: proves nothing */
	KST_SIGNED_UNKNOWN /* this OpenSSL cannot tell: its algorithm, or the issuer's key */
};
/* `algorithm`: AlgorithmIdentifier, whole; `bits`: contents of the BIT STRING. */
enum kst_signed kst_signed_by(struct kst_bytes tbs, struct kst_bytes algorithm,
			      struct kst_bytes bits, const struct kst_cert *by);
/* Only how good the algorithm is: YES, WEAK, BROKEN or UNKNOWN. */
enum kst_signed kst_signed_how(struct kst_bytes algorithm, const struct kst_cert *by);
/* Does the key usage, where there is one, allow one of these (first octet of its bits)? */
#define KST_USAGE_SIGNS	     0xc0 /* digitalSignature, nonRepudiation */
#define KST_USAGE_SIGNS_CRLS 0x02
bool kst_key_usage_allows(const struct kst_cert *cert, uint8_t bits);

#endif
