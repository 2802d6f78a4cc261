/* SPDX-License-Identifier: ISC */
/*
 * global.h - the options that every command takes (cli.md 3.4)
 */
#ifndef KST_UI_GLOBAL_H
#define KST_UI_GLOBAL_H

#include "ui/opt.h"

struct global {
	bool help, version, json, plain, quiet, dry_run, check, yes, no_input, ascii, local_time,
		no_pager, insecure_permissions, openssl_config, require_pin, allow_unauthenticated;
	int verbose;
	const char *color, *layout, *at, *timeout, *max_kdf_mem;
	struct opt_list pass, new_pass, key_pass, key_file, new_key_file, signer;
};

/* Ends with OPT_END. */
extern const struct opt global_table[];

/*
 * Was flag --name given before `--`?  For the few flags that must be known
 * before the options can be parsed: --json (how to report a parse error) and
 * --openssl-config (read by kst_init, which comes first).
 */
bool global_peek(int argc, char *const *argv, const char *name);

/* The value of --name before `--`, the last one given, or NULL: how to colour a parse error. */
const char *global_peek_value(int argc, char *const *argv, const char *name);

/*
 * Number of the first word that is no global option and no value of one: the
 * command's name.  argc if there is none.
 */
int global_verb(int argc, char *const *argv);

/* "512M", "1G", "65536" (bytes), "64KiB" to bytes.  0 or -1. */
int global_parse_size(const char *text, unsigned long long *out);

#endif
