/* SPDX-License-Identifier: ISC */
/* revoking.h - --crl, --revocation and --policy: how strictly the commands that verify look */
#ifndef KST_CMD_REVOKING_H
#define KST_CMD_REVOKING_H

#include "cmd/cmd.h"
#include "kstool/verify.h"

/* Rows of an option table, for a struct with members crl, revocation and policy. */
#define REVOKING_OPTIONS(type, at) \
	{ "crl", 0, OPT_LIST, offsetof(type, at crl), WHAT_FILE, "FILE|DIR", \
	  "revocation list; may be repeated", NULL, false }, \
	{ "revocation", 0, OPT_CHOICE, offsetof(type, at revocation), WHAT_CHOICE, "HOW", \
	  "off; crl: the lists of --crl; online: ask its CA; require: somebody must know", revoking_choices, false }, \
	{ "policy", 0, OPT_CHOICE, offsetof(type, at policy), WHAT_CHOICE, "POLICY", \
	  "strict: RFC 5280 and the rules for public servers to the letter, no SHA-1, RSA of 3072 bits", \
	  revoking_policies, false }

extern const char *const revoking_choices[], *const revoking_policies[]; /* NULL-terminated */

/* --crl and --revocation (`how`; NULL: crl where there are lists) as a part of the request.  *out is to be
 * freed after it; NULL where revocation is off.  0 or -1. */
int revoking_open(struct cli *cli, const struct opt_list *crl, const char *how, struct kst_verify_request *req,
		  struct kst_revocations **out);
bool revoking_strict(const char *policy);

#endif
