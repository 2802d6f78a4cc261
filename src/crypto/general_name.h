/* SPDX-License-Identifier: ISC */
/*
 * general_name.h - names of hosts, addresses, mailboxes and things, as people write them and as a
 * certificate holds them (GeneralName, RFC 5280 4.2.1.6)
 */
#ifndef KST_CRYPTO_GENERAL_NAME_H
#define KST_CRYPTO_GENERAL_NAME_H

#include <openssl/types.h>
#include <openssl/x509v3.h>

#include "kstool/cert.h"

/* The bytes of an address, 0 for a host name (an underscore is let pass: machines have them); -1 for what
 * is neither (BAD_VALUE). */
int kst_gn_host(const char *host, uint8_t ip[16], struct kst_error *err);

/* Of a SPIFFE id: "spiffe://". */
bool kst_gn_is_spiffe(const char *uri);

/*
 * Is this what a CA may sign: a DNS name in preferred syntax (RFC 1034 3.5, RFC 1123 2.1) with a wildcard
 * at most for its first label, an absolute URI, a mailbox, an address?  0 or -1 (BAD_VALUE, with
 * what is wrong).
 */
int kst_gn_check(enum kst_san_type type, const char *value, struct kst_error *err);
/* The same of a host part alone: of a URI, a mailbox, a name constraint. */
int kst_gn_check_domain(const char *name, const char *of, struct kst_error *err);

/* Push one, without looking at it (an address must be one).  0 or -1. */
int kst_gn_push(GENERAL_NAMES *names, enum kst_san_type type, const char *value, struct kst_error *err);

#endif
