/* SPDX-License-Identifier: ISC */
/* ca.h - an open CA from inside; private to src/ca */
#ifndef KST_CA_CA_H
#define KST_CA_CA_H

#include "kstool/kstool.h"

#include "ca/ledger.h"

#define KST_CA_ALIAS "ca"        /* of the key in ca.kst */
#define KST_CA_ROOT_ALIAS "root" /* of the key in root.kst */

struct kst_ca {
	char *dir;
	const struct kst_open_options *opt;
	struct kst_ledger ledger;
	struct kst_cert *cert[2];  /* by enum kst_ca_issuer */
	struct kst_chain chain;    /* issuing CA first, root last; empty: it waits */
	struct kst_key *key[2];
	struct kst_secret seal;    /* what keys in pending/ are sealed with */
};

#endif
