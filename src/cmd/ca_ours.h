/* SPDX-License-Identifier: ISC */
/* ca_ours.h - is a file that is in the way one that this CA has handed out? */
#ifndef KST_CMD_CA_OURS_H
#define KST_CMD_CA_OURS_H

#include "cmd/ca_order.h"

/*
 * 1: the store holds keys and certificates of rows of this name (or the key of `like`; NULL), the CA's own,
 * and nothing else; 0; -1.  *key (may be NULL): it holds private keys, which
 * are left out then.
 */
int ca_ours(const struct orders *o, const char *name, const struct kst_cert *like, struct kst_store *s, bool *key,
	    struct kst_error *err);
bool ca_same_key(const struct kst_cert *a, const struct kst_cert *b);
/* trust.pem and the manifest are nobody's certificate: BAD_VALUE. */
int ca_reserved(const struct orders *o, const char *path, struct kst_error *err);

/* The passphrase of an order goes into no file of the order: nobody could open that.  0 or -1. */
int ca_own_pass(const struct orders *o, const struct order *row, struct kst_error *err);

#endif
