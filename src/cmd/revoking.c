/* SPDX-License-Identifier: ISC */
/* revoking.c - --crl, --revocation and --policy */
#include "cmd/revoking.h"

#include <string.h>

const char *const revoking_choices[] = { "off", "crl", "online", "require", NULL };
const char *const revoking_policies[] = { "default", "strict", NULL };

bool revoking_strict(const char *policy)
{
	return policy && strcmp(policy, "strict") == 0;
}

static int add_crls(struct cli *cli, struct kst_revocations *r, const char *name)
{
	struct kst_store *s = NULL;
	size_t nr = 0;
	int ret;

	if (cmd_open(cli, name, &s) < 0)
		return -1;
	ret = kst_revocations_add_store(r, s, name, &nr, cli->err);
	kst_store_free(s);
	if (ret == 0 && !nr) {
		kst_error_setx(cli->err, KST_E_NOTHING_FOUND, "holds no revocation list");
		ret = kst_error_subject(cli->err, "%s", name);
	}
	return ret;
}

int revoking_open(struct cli *cli, const struct opt_list *crl, const char *how, struct kst_verify_request *req,
		  struct kst_revocations **out)
{
	bool off;

	how = how ? how : crl->nr ? "crl" : "off";
	off = strcmp(how, "off") == 0;
	*out = NULL;
	if (off && crl->nr) {
		kst_error_setx(cli->err, KST_E_USAGE, "excludes --crl");
		return kst_error_subject(cli->err, "--revocation off");
	}
	if (strcmp(how, "crl") == 0 && !crl->nr) {
		kst_error_setx(cli->err, KST_E_USAGE, "needs the lists");
		cmd_again(cli, NULL, NULL, (const char *const[]){ "--crl", "FILE", NULL });
		return kst_error_subject(cli->err, "--revocation crl");
	}
	if (off)
		return 0;
	if (kst_revocations_new(out, cli->err) < 0)
		return -1;
	for (size_t i = 0; i < crl->nr; i++)
		if (add_crls(cli, *out, crl->item[i]) < 0)
			return -1;
	req->revocations = *out;
	req->require_revocation = strcmp(how, "require") == 0;
	if (strcmp(how, "online") == 0 || strcmp(how, "require") == 0)
		kst_revocations_online(*out, cli->timeout_ms);
	return 0;
}
