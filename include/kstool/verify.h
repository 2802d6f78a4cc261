/* SPDX-License-Identifier: ISC */
/*
 * verify.h - is this certificate to be trusted, for this, by these? (RFC 5280 6, RFC 9525)
 *
 * Every check is made on every certificate of a path, and every fault is kept:
 * nobody has to mend one to learn of the next.  Several paths may lead to trusted
 * CAs; the best one is explained.  What was not checked is said to be so, never
 * taken for good.
 *
 * The signature algorithms are OpenSSL's, the path and its rules are kstool's own; a
 * path that all of them let pass is shown to OpenSSL too, and what that refuses is a fault.
 */
#ifndef KSTOOL_VERIFY_H
#define KSTOOL_VERIFY_H

#include "kstool/revocation.h"
#include "kstool/store.h"

enum kst_path_check {
#define KST_CHECK(name, slug, title) KST_CHECK_##name,
#include "kstool/checks.def"
	KST_CHECK_COUNT
};
enum kst_reason {
	KST_REASON_NONE = 0,
#define KST_REASON(name, slug, check, meaning) KST_REASON_##name,
#include "kstool/checks.def"
	KST_REASON_COUNT
};
const char *kst_path_check_slug(enum kst_path_check check);
const char *kst_path_check_title(enum kst_path_check check);
const char *kst_reason_slug(enum kst_reason reason); /* NULL for NONE */
const char *kst_reason_meaning(enum kst_reason reason);
enum kst_path_check kst_reason_check(enum kst_reason reason); /* which it is a failure of */
enum kst_reason kst_reason_find(const char *slug);            /* NONE: there is none */

/* ---- whom one trusts ---- */

struct kst_anchors;
int kst_anchors_new(struct kst_anchors **out, struct kst_error *err);
void kst_anchors_free(struct kst_anchors *a);
/*
 * Every certificate that is an anchor in this store: what its format marks as trusted; in a format of
 * loose objects (KST_CAP_LOOSE) every certificate of its own.  Purposes, distrust and dates of
 * distrust are kept.  `name` is what the user called it.  The store may be closed afterwards.  0 or -1.
 */
int kst_anchors_add_store(struct kst_anchors *a, struct kst_store *s, const char *name,
			  struct kst_error *err);
struct kst_anchor_source {
	const char *name, *path, *format; /* as the user said it; the file; title of its format */
	size_t nr;                        /* anchors in it */
};
size_t kst_anchors_sources(const struct kst_anchors *a);
const struct kst_anchor_source *kst_anchors_source(const struct kst_anchors *a, size_t i);
size_t kst_anchors_count(const struct kst_anchors *a);
/* A certificate of the set, borrowed; for the names that a server sends as acceptable CAs. */
const struct kst_cert *kst_anchors_cert(const struct kst_anchors *a, size_t i);

/* ---- what is asked ---- */

enum kst_usage {
	KST_USAGE_FROM_CERT, /* whatever its extended key usage allows; server if it is for a host */
	KST_USAGE_ANY,
	KST_USAGE_SERVER,
	KST_USAGE_CLIENT,
	KST_USAGE_EMAIL,
	KST_USAGE_CODE,
	KST_USAGE_CA /* the certificate itself is to be a CA */
};
/* Names of --purpose, NULL-terminated, in the order of the enum without the first. */
extern const char *const kst_usages[];

struct kst_verify_request {
	const struct kst_chain *chain;    /* leaf first, then what came with it, in any order */
	const struct kst_chain *extra;    /* further intermediates; may be NULL */
	const struct kst_anchors *anchors;
	const char *host;                 /* name, IP address or e-mail address; NULL: not asked */
	bool allow_cn;                    /* the CN, where there is no SAN */
	enum kst_usage usage;
	int64_t at;                       /* Unix seconds; 0: now */
	int64_t min_left;                 /* seconds (or percent of the lifetime) that the leaf must live on */
	bool min_left_percent;
	bool strict;                      /* --policy strict: RFC 5280 and the Web PKI to the letter */
	int max_depth;                    /* CAs between leaf and anchor; -1 no limit */
	struct kst_revocations *revocations; /* NULL: revocation is off */
	bool require_revocation;          /* "nobody says" is a fault */
	struct kst_key *key;              /* that must belong to the leaf; NULL: not asked */
};

/* ---- what was found ---- */

enum kst_result { KST_RESULT_PASS, KST_RESULT_FAIL, KST_RESULT_NOT_CHECKED };
enum kst_from { KST_FROM_TARGET, KST_FROM_EXTRA, KST_FROM_TRUST };

struct kst_path_finding {
	enum kst_path_check check;
	enum kst_result result;
	enum kst_reason reason; /* of a FAIL, or of a NOT_CHECKED where there is one */
	bool let_pass;          /* a PASS that --policy strict would refuse; `reason` says why */
	int depth;              /* of the certificate in `path`; -1: the whole */
	char *text;             /* what exactly, for people; raw (hostile) text; may be NULL */
};
struct kst_verdict {
	bool valid;                 /* nothing failed */
	struct kst_chain path;      /* leaf first; up to and with the anchor, if there is one */
	enum kst_from *from;        /* of each certificate of the path */
	size_t anchor_source;       /* of the last one, if `anchored` */
	bool anchored;
	enum kst_usage usage;       /* what it was judged for: never FROM_CERT */
	struct kst_path_finding *finding; /* by check, then by depth */
	size_t nr;
	unsigned paths;             /* that were tried */
	struct kst_revoked_at *revocation; /* what each certificate's issuer says; path.nr of them, or NULL */
};
/* 0 the question was answered (see `valid`), -1 it could not be. */
int kst_verify(struct kst_verdict *out, const struct kst_verify_request *req, struct kst_error *err);
void kst_verdict_release(struct kst_verdict *v);
/* The result of a check over the whole path: FAIL if any failed, else NOT_CHECKED if any was not (or
 * none was made), else PASS.  *first (may be NULL) is the finding that decides; NULL none. */
enum kst_result kst_verdict_check(const struct kst_verdict *v, enum kst_path_check check,
				  const struct kst_path_finding **first);
/* The fault to explain first: the most telling one, not the first in order.  NULL: valid. */
const struct kst_path_finding *kst_verdict_cause(const struct kst_verdict *v);

#endif
