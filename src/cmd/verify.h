/* SPDX-License-Identifier: ISC */
/* verify.h - the parts of the command `verify`: what is asked, how the answer looks, what mends it */
#ifndef KST_CMD_VERIFY_H
#define KST_CMD_VERIFY_H

#include "cmd/live.h"
#include "kstool/verify.h"

struct verify_opts {
	struct opt_list trust, extra, crl;
	const char *host, *purpose, *revocation, *key, *min_days, *policy;
	struct opt_int max_depth;
	bool no_host, allow_cn;
	struct live_opts live;
};

/* One certificate that is verified, and what came out. */
struct verify_target {
	struct cli *cli;
	const struct verify_opts *opt;
	const char *source;          /* as the user said it */
	const char *trust_option;    /* by which the trusted CAs were named; NULL: --trust */
	char *entry;                 /* its alias; NULL: the source is this certificate */
	bool is_server;              /* the source is HOST:PORT */
	bool has_key;                /* the entry is a private key with its chain */
	const struct kst_verify_request *req;
	const struct kst_verdict *v;
};

/* The whole answer for people. */
void verify_show(const struct verify_target *t);
/* Of it the chain and the checks, for a command that has more to say. */
void verify_show_checks(const struct verify_target *t);
/* The same as an object (`key` NULL: in the array that is open), and as lines of --plain. */
void verify_json(const struct verify_target *t, const char *key);
void verify_plain(const struct verify_target *t);

/* Why it is not valid, in one or two sentences; appended. */
void verify_why(const struct verify_target *t, const struct kst_path_finding *cause, struct kst_buf *out);

/* What mends it: one command, NULL-terminated words. */
#define VERIFY_FIX_WORDS 64
struct verify_fix {
	char *word[VERIFY_FIX_WORDS + 1]; /* owned */
	size_t nr;
	char *what; /* "if you have the root from a source you trust"; owned; NULL */
};
void verify_fix(const struct verify_target *t, const struct kst_path_finding *cause, struct verify_fix *out);
void verify_fix_release(struct verify_fix *fix);

/* Text in front of what a certificate is called: that of kst_cert_name(), "(no name)".  Appended. */
void verify_name(const struct kst_cert *cert, struct kst_buf *out);

#endif
