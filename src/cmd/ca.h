/* SPDX-License-Identifier: ISC */
/* ca.h - what the verbs of `ca` share: which CA, SANs of the command line, words for its certificates */
#ifndef KST_CMD_CA_H
#define KST_CMD_CA_H

#include "cmd/cmd.h"

struct ca_opts {
	const char *dir;
};

/* A row of an option table, for a command whose struct has `struct ca_opts ca`. */
#define CA_OPTION(type) \
	{ "ca", 0, OPT_TEXT, offsetof(type, ca.dir), WHAT_DIR, "DIR", \
	  "directory of the CA; $KSTOOL_CA, else ./pki, if not given", NULL, false }

/* --ca, $KSTOOL_CA, "pki". */
const char *ca_dir(const struct ca_opts *opt);
/* `open` is filled and must outlive the CA.  0 or -1. */
int ca_open(struct cli *cli, const struct ca_opts *opt, bool waiting, struct kst_open_options *open,
	    struct kst_ca **out);
/* What others wrote down and did not come to sign is signed, and said: by whoever has use for the CA's key. */
int ca_complete(struct cli *cli, struct kst_ca *ca);
/* Both, for a command that signs in any case. */
int ca_open_to_sign(struct cli *cli, const struct ca_opts *opt, struct kst_open_options *open,
		    struct kst_ca **out);

/* --server, --client, --both: one of them.  0; -1 USAGE. */
int ca_profile(struct cli *cli, bool server, bool client, bool both, enum kst_profile *out);

/* Bounds of a validity in days. */
#define CA_DAYS_MAX 36500
int ca_days(struct cli *cli, const char *option, const struct opt_int *given, long if_not, long *out);

/* SANs of --host and --san, and of one text "dns:a uri:b"; a list that owns its texts. */
struct ca_sans {
	struct kst_issue_san *san;
	char **text;
	size_t nr;
};
int ca_sans_add(struct ca_sans *s, const char *text, struct kst_error *err);
/* Each of a list that commas or blanks divide. */
int ca_sans_add_list(struct ca_sans *s, const char *list, const char *between, struct kst_error *err);
void ca_sans_release(struct ca_sans *s);

/* "dns:a.test, uri:urn:x" of a certificate. */
void ca_sans_text(const struct kst_cert *cert, struct kst_buf *out);
/* Hex of a serial without its sign octet. */
void ca_serial_text(const struct kst_cert *cert, struct kst_buf *out);
/* "server certificate, until 2027-02-28, serial 5e..."; NULL without memory. */
char *ca_cert_text(const struct kst_cert *cert, const char *what);
/* Certificates as an array of objects; NULL ones are left out. */
void ca_certs_json(struct out *o, const char *key, struct kst_cert *const *cert, const char *const *role,
		   size_t nr);

#endif
