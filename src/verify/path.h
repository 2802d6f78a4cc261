/* SPDX-License-Identifier: ISC */
/*
 * path.h - one path from a leaf towards an anchor, and what is found of it
 *
 * path_search.c finds paths, path_judge.c holds each against all rules, verify.c
 * keeps the best.  The rules are in files of their own, one function each; a rule
 * tells what it finds and decides nothing else.
 */
#ifndef KST_TLS_PATH_H
#define KST_TLS_PATH_H

#include "crypto/cert_impl.h"
#include "kstool/verify.h"
#include "verify/anchors.h"

/* A native store holds chains of 100; real ones have four certificates. */
#define PATH_CERTS 64

enum link { LINK_GOOD, LINK_BAD, LINK_UNKNOWN };

/* ---- the extensions of a certificate, decoded once ---- */

#define MAX_SEEN 64
enum ext_known {
	EXT_BASIC, EXT_KEY_USAGE, EXT_EKU, EXT_SAN, EXT_NAMES, EXT_AKI, EXT_SKI, EXT_POLICIES,
	EXT_POLICY_MAPPINGS, EXT_POLICY_CONSTRAINTS, EXT_INHIBIT_ANY, EXT_CRL_POINTS, EXT_ISSUER_ALT, EXT_AIA,
	EXT_NETSCAPE_TYPE, EXT_OCSP_NOCHECK, EXT_TLS_FEATURE,
	EXT_COUNT
};
enum ku_bit { /* as in the BIT STRING, first octet above */
	KEY_MAY_SIGN = 0x8000, KEY_MAY_COMMIT = 0x4000, KEY_MAY_ENCIPHER = 0x2000, KEY_MAY_DATA = 0x1000,
	KEY_MAY_AGREE = 0x0800, KEY_MAY_CERT_SIGN = 0x0400, KEY_MAY_CRL_SIGN = 0x0200
};
struct exts {
	struct {
		struct kst_bytes value;
		bool has, critical, bad; /* bad: does not decode */
	} of[EXT_COUNT];
	bool malformed;             /* the list itself does not decode */
	bool any;                   /* there are extensions */
	struct kst_bytes twice;     /* OID that comes twice */
	struct kst_bytes unknown_critical; /* OID */
	bool ca;
	int64_t path_len;           /* -1 none */
	unsigned key_usage;         /* KEY_MAY_*; 0xffff without the extension */
	unsigned eku;               /* KST_FOR_*; EVERYTHING without the extension */
	size_t nr_eku;
	bool eku_any;
	struct kst_bytes aki_key_id, ski;
	bool aki_issuer, aki_serial, aki_has_key_id;
};
void exts_read(struct exts *x, const struct kst_cert *cert);

/* ---- a path ---- */

struct path {
	const struct kst_verify_request *req;
	enum kst_usage usage; /* what FROM_CERT became */
	int64_t at;
	struct kst_cert *cert[PATH_CERTS]; /* leaf first; borrowed */
	enum kst_from from[PATH_CERTS];
	enum link link[PATH_CERTS];        /* of i to i + 1 */
	struct exts ext[PATH_CERTS];
	size_t nr;
	const struct anchor *anchor;       /* of the last; NULL */
	bool self_signed;                  /* the last one signed itself */
	bool cut;                          /* the search gave up here, there may be more */
	unsigned *names_left;              /* comparisons of names that this verification may still make */
	const struct kst_cert *namesake;   /* has the name of the issuer that is missing, but another key */
};

/* ---- findings ---- */

struct findings {
	struct kst_path_finding *row;
	size_t nr, size;
	bool failed; /* no memory */
	bool strict;
	bool cut;    /* there are more than are kept */
	unsigned char has[KST_CHECK_COUNT]; /* bits: 1 << result of those that are kept */
	unsigned weight; /* of the failures: how far the path is from being good */
};
void findings_release(struct findings *f);
/* FAIL of the check that the reason belongs to. */
void find_fail(struct findings *f, enum kst_reason reason, int depth, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* What --policy strict refuses and the default lets pass, and says. */
void find_lax(struct findings *f, enum kst_reason reason, int depth, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void find_pass(struct findings *f, enum kst_path_check check, int depth, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void find_not(struct findings *f, enum kst_path_check check, enum kst_reason reason, int depth,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
bool find_any(const struct findings *f, enum kst_path_check check, int depth);

/* Text of a name, for findings: the CN or what a list shows.  Appended. */
#define PATH_NAME 128
const char *path_name(const struct kst_cert *cert, char out[PATH_NAME]);
const char *path_issuer_name(const struct kst_cert *cert, char out[PATH_NAME]);

const char *path_oid(struct kst_bytes oid, char out[PATH_NAME]);
/* KST_FOR_* that a certificate must be for; 0: none in particular. */
unsigned usage_purpose(enum kst_usage usage);

/* ---- the rules ---- */

void rule_links(const struct path *p, struct findings *f);    /* signatures, trust */
void rule_dates(const struct path *p, struct findings *f);
void rule_host(const struct path *p, struct findings *f);
void rule_usage(const struct path *p, struct findings *f);    /* CA or not, key usages */
void rule_lengths(const struct path *p, struct findings *f);
void rule_names(const struct path *p, struct findings *f);    /* name constraints */
void rule_policies(const struct path *p, struct findings *f);
/* Has every certificate below the anchor certificate policies? */
bool path_has_policies(const struct path *p);
void rule_critical(const struct path *p, struct findings *f);
void rule_form(const struct path *p, struct findings *f);
void rule_strength(const struct path *p, struct findings *f);
void rule_key(const struct path *p, struct findings *f);
int rule_revocation(const struct path *p, struct findings *f, struct kst_revoked_at *at,
		    struct kst_error *err);
/* Whatever else OpenSSL has against it; only for a path that is good so far. */
void rule_openssl(const struct path *p, struct findings *f);

/* All rules but the last two, which cost more. */
void path_judge(struct path *p, struct findings *f);

/* Does a name of a host (no address) fit a dNSName (RFC 9525 6.3)?  Both ASCII. */
bool host_fits(const char *host, size_t n, const char *name, size_t name_len);

/* Is it a public suffix ("co.uk"), by the list that the system has?  1, 0; -1: it has none. */
int path_public_suffix(const char *domain);

/* ---- the search ---- */

/* Called for each path that ends, good or not; true: enough. */
typedef int path_found(void *ctx, struct path *p);
struct path_search;
int path_search(const struct kst_verify_request *req, enum kst_usage usage, int64_t at, path_found *found,
		void *ctx, struct kst_error *err);

#endif
