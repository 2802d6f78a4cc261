/* SPDX-License-Identifier: ISC */
/* ca_renew.h - which certificates `ca renew` is about */
#ifndef KST_CMD_CA_RENEW_H
#define KST_CMD_CA_RENEW_H

#include "cmd/ca.h"

struct renewables {
	struct renewable {
		char *name;
		enum kst_profile profile;
		struct kst_cert *cert;
		int64_t id;
		uint8_t spki[32];
		bool delivered;
		bool elsewhere; /* somebody else's request was signed: `ca sign` */
	} *row;
	size_t nr, size;
};
void renewables_release(struct renewables *f);

/* The last one by this name that was handed out: rather one of ours than one whose key is elsewhere. */
int renew_by_name(struct cli *cli, struct kst_ca *ca, const char *name, struct renewables *out);
/* Those that end by then and that none has succeeded; and those whose renewal did not come to its file. */
int renew_by_date(struct cli *cli, struct kst_ca *ca, const char *when, bool new_key, struct renewables *out);

#endif
