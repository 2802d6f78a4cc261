/* SPDX-License-Identifier: ISC */
/* anchors.h - trusted certificates as the path search looks them up: by subject */
#ifndef KST_TLS_ANCHORS_H
#define KST_TLS_ANCHORS_H

#include "kstool/verify.h"

struct anchor_word {
	unsigned yes, no; /* KST_FOR_* that it is trusted, distrusted for; `no` wins */
	bool none;        /* it is no anchor */
	int64_t server_after, email_after; /* what was issued later is not trusted; 0: no date */
	bool more;        /* there is a limit that only words tell, in `limits` */
};
struct anchor {
	struct kst_cert *cert;
	size_t source;
	struct anchor_word own; /* what this source says */
	struct anchor_word all; /* what all of them say of this very certificate, together */
	char *limits;     /* the own word as people read it; NULL: it is trusted for everything */
	size_t next;      /* in its bucket; SIZE_MAX ends */
};

/* Number of the first (i = SIZE_MAX) or next anchor whose subject may be this name, by its hash; SIZE_MAX: no more. */
size_t anchors_next(const struct kst_anchors *a, uint64_t subject_hash, size_t i);
const struct anchor *anchors_at(const struct kst_anchors *a, size_t i);
/* This very certificate, or NULL; of several sources one that trusts it, if any does. */
const struct anchor *anchors_find(const struct kst_anchors *a, const struct kst_cert *cert);
/* The next of several sources that speak of the certificate, in their order; NULL first and last. */
const struct anchor *anchors_same(const struct kst_anchors *a, const struct kst_cert *cert, const struct anchor *after);

#endif
