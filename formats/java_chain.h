/* SPDX-License-Identifier: ISC */
/* java_chain.h - certificates as Java's DataOutputStream has them: in JKS, JCEKS, BKS and UBER */
#ifndef KST_FORMATS_JAVA_CHAIN_H
#define KST_FORMATS_JAVA_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/format.h"

#define JAVA_CHAIN_MAX 100 /* certificates of one key */

struct java_chain {
	struct kst_cursor *c;
	uint32_t limit;  /* certificates in the whole file */
	bool typed;      /* each has its type before it, as all but version 1 of JKS */
	uint64_t *certs; /* how many the file has shown so far */
	size_t number;   /* of the entry, for messages */
};

/* One certificate, or a count and that many, to the end of *chain.  0; -1 with *err; 1: the file ends
 * inside, and the caller knows what to say of it. */
int java_cert_read(const struct java_chain *j, struct kst_chain *chain, struct kst_error *err);
int java_chain_read(const struct java_chain *j, struct kst_chain *chain, struct kst_error *err);

#endif
