/* SPDX-License-Identifier: ISC */
/* target.c - how what is written is protected */
#include "cmd/target.h"

#include <string.h>

const char *const target_macs[] = { "hmac", "pbmac1", NULL };
const char *const target_costs[] = { "low", "default", "high", NULL };
const char *const target_backups[] = { "never", "always", NULL };

/* Below this a PKCS#12 is guessed in no time; above, other readers refuse it. */
#define ITERATIONS_MIN 1000
#define ITERATIONS_MAX 10000000

int target_iterations(struct cli *cli, const struct opt_int *n, struct kst_pbe_options *pbe)
{
	if (!n->given)
		return 0;
	if (n->value < ITERATIONS_MIN || n->value > ITERATIONS_MAX) {
		kst_error_setx(cli->err, KST_E_BAD_VALUE, "%ld is not between %d and %d",
			       n->value, ITERATIONS_MIN, ITERATIONS_MAX);
		return kst_error_subject(cli->err, "--iterations");
	}
	pbe->iterations = (uint32_t)n->value;
	return 0;
}

int target_save_options(struct cli *cli, const struct target_opts *t, bool loses,
			struct kst_save_options *out)
{
	memset(out, 0, sizeof(*out));
	if (target_iterations(cli, &t->iterations, &out->write.pbe) < 0)
		return -1;
	if (t->mac && !strcmp(t->mac, "pbmac1"))
		out->write.mac = KST_MAC_PBMAC1;
	if (t->kdf_cost && !strcmp(t->kdf_cost, "low")) {
		out->write.kdf_passes = 3;
		out->write.kdf_kib = 64u << 10;
	} else if (t->kdf_cost && !strcmp(t->kdf_cost, "high")) {
		out->write.kdf_passes = 4;
		out->write.kdf_kib = 1u << 20;
	}
	out->write.sealed = t->sealed;
	out->write.no_pass = cli->g.new_pass.nr && !strcmp(cli->g.new_pass.item[0], "none");
	out->backup = loses ? KST_BACKUP_ALWAYS : KST_BACKUP_NEVER;
	if (t->backup)
		out->backup = !strcmp(t->backup, "always") ? KST_BACKUP_ALWAYS : KST_BACKUP_NEVER;
	out->dry_run = cli->g.dry_run || cli->g.check;
	return 0;
}
