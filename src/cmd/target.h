/* SPDX-License-Identifier: ISC */
/* target.h - options of every command that writes a store: how the result is protected */
#ifndef KST_CMD_TARGET_H
#define KST_CMD_TARGET_H

#include "cmd/cmd.h"

struct target_opts {
	struct opt_int iterations;
	const char *mac, *kdf_cost, *backup;
	bool sealed;
};

/* Rows of an option table, for a command whose struct has `struct target_opts target`. */
#define TARGET_OPTIONS(type) \
	{ "iterations", 0, OPT_INT, offsetof(type, target.iterations), WHAT_NUMBER, "N", \
	  "PBKDF2 and MAC iterations of a PKCS#12 or PEM key; 200000 if not given", NULL, false }, \
	{ "mac", 0, OPT_CHOICE, offsetof(type, target.mac), WHAT_CHOICE, "MAC", \
	  "integrity of a PKCS#12: hmac, which all read, or pbmac1 (RFC 9879)", target_macs, false }, \
	{ "kdf-cost", 0, OPT_CHOICE, offsetof(type, target.kdf_cost), WHAT_CHOICE, "COST", \
	  "Argon2id of a native store: low 64 MiB, default 256 MiB, high 1 GiB", target_costs, \
	  false }, \
	{ "backup", 0, OPT_CHOICE, offsetof(type, target.backup), WHAT_CHOICE, "WHEN", \
	  "keep the old bytes as STORE.kstool-bak; where something is lost if not given", \
	  target_backups, false }

/* --iterations within its bounds; 0 where it was not given.  0 or -1. */
int target_iterations(struct cli *cli, const struct opt_int *n, struct kst_pbe_options *pbe);

extern const char *const target_macs[], *const target_costs[], *const target_backups[];

/*
 * Fill save options from the command line.  `loses`: the change can lose
 * something, so a backup is made unless --backup=never.  0 or -1.
 */
int target_save_options(struct cli *cli, const struct target_opts *t, bool loses,
			struct kst_save_options *out);

#endif
