/* SPDX-License-Identifier: ISC */
/*
 * issue.h - what a CA signs: certificates and revocation lists (RFC 5280), made in two steps
 *
 * First what is to be signed is built, whole and final, down to its serial number;
 * then it is signed.  Between the two the ledger of the CA writes it down, so that a
 * key is never used for what nobody remembers.
 */
#ifndef KSTOOL_ISSUE_H
#define KSTOOL_ISSUE_H

#include "kstool/cert.h"
#include "kstool/key.h"

enum kst_profile {
	KST_PROFILE_ROOT,    /* self-signed CA */
	KST_PROFILE_CA,      /* issuing CA below a root */
	KST_PROFILE_SERVER,  /* extKeyUsage serverAuth */
	KST_PROFILE_CLIENT,  /* clientAuth */
	KST_PROFILE_BOTH
};
/* "root" "ca" "server" "client" "both"; NULL. */
const char *kst_profile_name(enum kst_profile p);

struct kst_issue_san {
	enum kst_san_type type; /* DNS, URI, EMAIL, IP */
	const char *value;      /* as people write it: "10.0.0.1", "spiffe://acme/web" */
};
/* "dns:a.test", "uri:...", "email:...", "ip:..."; without a prefix by its look.  BAD_VALUE.  `value`
 * points into text. */
int kst_issue_san_parse(struct kst_issue_san *out, const char *text, struct kst_error *err);

struct kst_issue {
	enum kst_profile profile;
	const char *subject;              /* RFC 4514; NULL: subject_der */
	struct kst_bytes subject_der;     /* a Name; both empty: no subject, and then a critical SAN */
	const struct kst_issue_san *san;
	size_t nr_san;
	struct kst_bytes spki;            /* the key it is for */
	uint8_t serial[20];               /* big endian, positive (RFC 5280 4.1.2.2) */
	size_t serial_len;
	int64_t not_before, not_after;    /* KST_TIME_NEVER: no end (RFC 5280 4.1.2.5) */
	int path_len;                     /* CAs below it; -1 no limit */
	const char *const *permitted;     /* "DNS:acme.test", "IP:10.0.0.0/8", "email:acme.test", "URI:acme.test", "DN:O=Acme"; NULL-terminated; NULL */
	const char *const *excluded;
	const char *crl_url, *ocsp_url, *issuer_url; /* http: or ldap:; NULL: none; a root has none */
	bool must_staple;                 /* RFC 7633; of a server, with an ocsp_url */
};
/* 128 random bits, positive, never zero; a magnitude without leading zeros, so that equal numbers are equal bytes. */
int kst_issue_serial(uint8_t serial[20], size_t *len, struct kst_error *err);

/*
 * What is to be signed (TBSCertificate, DER), appended.  `issuer` NULL: self-signed.
 * `signer` decides the signature algorithm and is not used yet.  Refused: what RFC
 * 5280 and, for servers, the CA/Browser Forum's rules forbid (BAD_VALUE: an e-mail
 * address in the subject, a CN of a server that is none of its SANs); what the issuer's
 * certificate forbids (CA_FORBIDS: longer validity, path length, name constraints);
 * WEAK_KEY, BAD_KEY, UNSUPPORTED, KEY_MISMATCH, NOT_A_CA.  Equal SANs are written once.  Many
 * threads may build and sign with one key.  0 or -1.
 */
int kst_issue_build(struct kst_buf *tbs, const struct kst_issue *how, const struct kst_cert *issuer,
		    const struct kst_key *signer, struct kst_error *err);
/* Sign it.  The signature is verified before it is given out.  0 or -1. */
int kst_issue_sign(struct kst_cert **out, struct kst_bytes tbs, const struct kst_key *signer,
		   struct kst_error *err);

/* Do the name constraints of this CA, if it has any on DNS names, permit this one? */
bool kst_issue_dns_permitted(const struct kst_cert *ca, const char *name);

struct kst_crl_entry {
	uint8_t serial[20];
	size_t serial_len;
	int64_t when;
	int reason; /* CRLReason; -1: not given */
};
struct kst_crl_make {
	uint64_t number;                 /* cRLNumber, ascending */
	int64_t this_update, next_update;
	const struct kst_crl_entry *entry;
	size_t nr;
};
int kst_crl_build(struct kst_buf *tbs, const struct kst_crl_make *how, const struct kst_cert *issuer,
		  const struct kst_key *signer, struct kst_error *err);
/* DER of the CRL, appended. */
int kst_crl_sign(struct kst_buf *out, struct kst_bytes tbs, const struct kst_cert *issuer,
		 const struct kst_key *signer, struct kst_error *err);

#endif
