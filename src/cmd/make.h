/* SPDX-License-Identifier: ISC */
/* make.h - what keygen and csr share: hosts, and kinds of key by name */
#ifndef KST_CMD_MAKE_H
#define KST_CMD_MAKE_H

#include "cmd/cmd.h"

#define MAKE_DAYS 90 /* validity of a self-signed certificate, if not said */

extern const char *const make_algs[];

/* --host a,b --host c as one NULL-terminated list.  0 or -1. */
int make_hosts(struct cli *cli, const struct opt_list *host, const char ***out);
/* Ask for them; USAGE, with what to add, where nobody can be asked. */
int make_ask_hosts(struct cli *cli, const char *subject, const char ***out);
void make_free_hosts(const char **list);

/* What a list calls a key of this algorithm: "EC-P256" of p256, "RSA-2048" of rsa:2048; others go by
 * their own name, in capitals where that is their custom. */
const char *make_alg_text(const char *alg, char out[64]);
/* Is `text` ("EC-P256", as a list shows it) a key that `alg` makes? */
bool make_same_alg(const char *text, const char *alg);
/* What makes another key like this one: "EC-P256" to "p256".  kst_free it. */
char *make_alg_of(const char *text);

#endif
