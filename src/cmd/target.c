/* SPDX-License-Identifier: ISC */
/* target.c - how what is written is protected */
#include "cmd/target.h"

#include <string.h>

const char *const target_macs[] = { "hmac", "pbmac1", NULL };
const char *const target_costs[] = { "low", "default", "high", NULL };
const char *const target_backups[] = { "never", "always", NULL };

const char *const target_consumers[] = { "any",	      "java8",	"java11", "java17",
					 "openssl1.1", "openssl3", "macos",  "windows2016",
					 "windows2022", "android",	"nss",	  "gnutls",
					 "go",	      "dotnet",	"fips",	  NULL };

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
	const struct kst_consumer *c = target_consumer(t);
	if (c)
		kst_consumer_apply(c, &out->write);
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

/* ---- --for ---- */

const struct kst_consumer *target_consumer(const struct target_opts *t)
{
	return t->consumer ? kst_consumer_find(t->consumer) : NULL;
}

static int contradicts(struct cli *cli, const struct kst_consumer *c, const char *option, const char *why)
{
	kst_error_setx(cli->err, KST_E_USAGE, "%s %s", c->title, why);
	return kst_error_subject(cli->err, "%s --for %s", option, c->name);
}

int target_check_format(struct cli *cli, const struct target_opts *t, const struct kst_format *f,
			const char *path)
{
	const struct kst_consumer *c = target_consumer(t);
	struct kst_buf types KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!c)
		return 0;
	if (!kst_consumer_opens(c, f)) {
		kst_error_setx(cli->err, KST_E_USAGE, "%s cannot open a file of type %s", c->title, f->title);
		kst_error_subject(cli->err, "%s --for %s", path, c->name);
		for (const struct kst_format *const *k = kst_formats(); *k; k++)
			if (((*k)->caps & KST_CAP_WRITE) && kst_consumer_opens(c, *k))
				kst_buf_printf(&types, " %s", (*k)->to);
		return kst_error_hint(cli->err, "types that it reads:%s", types.data ? (char *)types.data : "");
	}
	if (!(f->caps & KST_CAP_ENCRYPTION))
		return 0;
	if (t->mac && !kst_consumer_reads_mac(c, !strcmp(t->mac, "pbmac1") ? "PBMAC1 HMAC-SHA256" :
					      c->pbe == KST_PBE_3DES	   ? "HMAC-SHA1" :
									     "HMAC-SHA256"))
		return contradicts(cli, c, "--mac", "does not read this MAC");
	if (t->iterations.given && c->most && t->iterations.value > (long)c->most)
		return contradicts(cli, c, "--iterations", "reads no file of so many");
	if (cli->g.new_pass.nr && !strcmp(cli->g.new_pass.item[0], "none") && !(c->reads & KST_READS_NO_MAC))
		return contradicts(cli, c, "--new-pass none", "opens no file without passphrase and MAC");
	return 0;
}

int target_tell(struct cli *cli, const struct target_opts *t, struct kst_store *s, bool rewrites,
		const struct kst_save_options *save)
{
	const struct kst_consumer *c = target_consumer(t);
	struct kst_problems found = { .nr = 0 };

	if (!c)
		return 0;
	if (!rewrites && !kst_store_is_new(s)) {
		kst_error_setx(cli->err, KST_E_USAGE,
			       "the store is there already, and is changed in the form that it has");
		kst_error_subject(cli->err, "--for %s", c->name);
		kst_error_hint(cli->err, "to write it anew:");
		return kst_error_command(cli->err, "kstool", "convert", kst_store_path(s), "-o",
					 kst_store_path(s), "--replace", "--keep-pass", "--for", c->name, NULL);
	}
	if (target_check_format(cli, t, kst_store_format(s), kst_store_path(s)) < 0 ||
	    kst_consumer_check(&found, c, s, &save->write, cli->err) < 0) {
		kst_problems_release(&found);
		return -1;
	}
	for (size_t i = 0; i < found.nr; i++)
		out_warn(cli->out, found.row[i].slug, "%s: %s%s%s%s", kst_store_path(s),
			 found.row[i].entry ? "\"" : "", found.row[i].entry ? found.row[i].entry : "",
			 found.row[i].entry ? "\": " : "", found.row[i].text);
	kst_problems_release(&found);
	return 0;
}
