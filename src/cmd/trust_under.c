/* SPDX-License-Identifier: ISC */
#include "cmd/trust.h"

int trust_under(struct cli *cli, const struct trust_opts *opt)
{
	(void)opt;
	return kst_error_setx(cli->err, KST_E_USAGE, "not yet");
}
