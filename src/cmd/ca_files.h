/* SPDX-License-Identifier: ISC */
/* ca_files.h - what `ca issue` and `ca renew` hand out: a store or a PEM pair for each certificate */
#ifndef KST_CMD_CA_FILES_H
#define KST_CMD_CA_FILES_H

#include "cmd/ca.h"
#include "cmd/target.h"

struct ca_files_opts {
	const char *dir, *to;
	bool plain_key, replace;
	struct target_opts target;
};
#define CA_FILES_OPTIONS(type) \
	{ "out-dir", 'd', OPT_TEXT, offsetof(type, files.dir), WHAT_DIR, "DIR", \
	  "where the files go; made if it is not there; the present directory if not given", NULL, false }, \
	{ "to", 0, OPT_CHOICE, offsetof(type, files.to), WHAT_CHOICE, "TYPE", \
	  "p12: key and chain in NAME.p12, if not given; pem: NAME.key, and NAME.pem with the chain", \
	  ca_files_types, false }, \
	{ "plain-key", 0, OPT_FLAG, offsetof(type, files.plain_key), WHAT_TEXT, NULL, \
	  "write NAME.key without encryption", NULL, false }, \
	{ "replace", 0, OPT_FLAG, offsetof(type, files.replace), WHAT_TEXT, NULL, \
	  "replace files that are there", NULL, false }, \
	{ "iterations", 0, OPT_INT, offsetof(type, files.target.iterations), WHAT_NUMBER, "N", \
	  "PBKDF2 and MAC iterations of each file; 200000 if not given", NULL, false }, \
	{ "mac", 0, OPT_CHOICE, offsetof(type, files.target.mac), WHAT_CHOICE, "MAC", \
	  "integrity of a PKCS#12: hmac, which all read, or pbmac1 (RFC 9879)", target_macs, false }, \
	{ "for", 0, OPT_CHOICE, offsetof(type, files.target.consumer), WHAT_CHOICE, "CONSUMER", \
	  "program that is to read the file: kstool help consumers", target_consumers, false }
extern const char *const ca_files_types[];

/* The same for each of many, by many threads at once. */
struct ca_files {
	const char *dir;
	bool pem, replace, loose;
	struct kst_save_options save;
	const struct kst_limits *limits;
	const struct kst_chain *chain; /* of the CA */
	const char *template;          /* of the files with their passphrases; NULL: one for all */
	bool gen;                      /* ... which are made where they are not there */
	struct kst_secret pass;        /* one for all */
	bool has_pass;
};
int ca_files_begin(struct cli *cli, const struct ca_files_opts *opt, const struct kst_ca *ca, struct ca_files *f);
void ca_files_release(struct ca_files *f);
int ca_files_dir(struct cli *cli, const struct ca_files *f);
/* Something will be made: the directory, trust.pem, the passphrase that is one for all.  `first`: a path to ask for. */
int ca_files_prepare(struct cli *cli, const struct kst_ca *ca, struct ca_files *f, const char *first);
/* "out/api.p12", or "out/api.key" and "out/api.pem": path[1] is NULL for one.  0 or -1. */
int ca_files_paths(const struct ca_files *f, const char *name, char *path[2]);
bool ca_files_exist(char *const path[2]);
/* Of one order that has a key.  Any thread.  0 or -1. */
int ca_files_write(const struct ca_files *f, const struct kst_ca_order *o, char *const path[2], struct kst_error *err);
/* A file of this name that is there, with the passphrase that it would be written with.  0 or -1. */
int ca_files_open(const struct ca_files *f, const char *name, const char *path, struct kst_store **s,
		  struct kst_error *err);
/* Certificate and chain without the root, as servers want them; appended. */
int ca_files_pem(struct kst_buf *out, const struct kst_cert *leaf, const struct kst_chain *chain,
		 struct kst_error *err);

/* The file of the passphrase of NAME, where a template says so (f->template); kst_free it.  NULL without memory. */
char *ca_files_pass_path(const struct ca_files *f, const char *name);

#endif
