/* SPDX-License-Identifier: ISC */
/* target.h - options of every command that writes a store: how the result is protected */
#ifndef KST_CMD_TARGET_H
#define KST_CMD_TARGET_H

#include "cmd/cmd.h"

struct target_opts {
	struct opt_int iterations;
	const char *mac, *kdf_cost, *backup, *consumer;
	bool sealed;
};

/* Rows of an option table, for a command whose struct has `struct target_opts target`. */
#define TARGET_KDF(type) \
	{ "kdf-cost", 0, OPT_CHOICE, offsetof(type, target.kdf_cost), WHAT_CHOICE, "COST", \
	  "Argon2id of a native store: low 64 MiB, default 256 MiB, high 1 GiB", target_costs, \
	  false }
#define TARGET_BACKUP(type) \
	{ "backup", 0, OPT_CHOICE, offsetof(type, target.backup), WHAT_CHOICE, "WHEN", \
	  "keep the old bytes as STORE.kstool-bak; where something is lost if not given", \
	  target_backups, false }
#define TARGET_OPTIONS(type) \
	{ "iterations", 0, OPT_INT, offsetof(type, target.iterations), WHAT_NUMBER, "N", \
	  "PBKDF2 and MAC iterations of a PKCS#12 or PEM key; 200000 if not given", NULL, false }, \
	{ "mac", 0, OPT_CHOICE, offsetof(type, target.mac), WHAT_CHOICE, "MAC", \
	  "integrity of a PKCS#12: hmac, which all read, or pbmac1 (RFC 9879)", target_macs, false }, \
	{ "for", 0, OPT_CHOICE, offsetof(type, target.consumer), WHAT_CHOICE, "CONSUMER", \
	  "program that is to read the new file: kstool help consumers", target_consumers, false }, \
	TARGET_KDF(type), TARGET_BACKUP(type)

/* --iterations within its bounds; 0 where it was not given.  0 or -1. */
int target_iterations(struct cli *cli, const struct opt_int *n, struct kst_pbe_options *pbe);

extern const char *const target_macs[], *const target_costs[], *const target_backups[];
/* Names of consumer.h, as an option table wants them; a test holds them against the table. */
extern const char *const target_consumers[];

/* The consumer of --for; NULL: none was named. */
const struct kst_consumer *target_consumer(const struct target_opts *t);
/*
 * What --for asks of a store of this format, before a passphrase is typed for nothing: USAGE where the
 * consumer cannot open it, or where another option contradicts.  0 or -1.
 */
int target_check_format(struct cli *cli, const struct target_opts *t, const struct kst_format *f,
			const char *path);
/* --for is about files that are written anew: USAGE where `s` is there already.  Else say what the
 * consumer will not see as it is meant.  0 or -1. */
int target_tell(struct cli *cli, const struct target_opts *t, struct kst_store *s, bool rewrites,
		const struct kst_save_options *save);

/*
 * Fill save options from the command line.  `loses`: the change can lose
 * something, so a backup is made unless --backup=never.  0 or -1.
 */
int target_save_options(struct cli *cli, const struct target_opts *t, bool loses,
			struct kst_save_options *out);

#endif
