/* SPDX-License-Identifier: ISC */
/* live.h - options of the commands that look at servers, HOST:PORT, as they do at files */
#ifndef KST_CMD_LIVE_H
#define KST_CMD_LIVE_H

#include "cmd/cmd.h"

struct live_opts {
	const char *sni, *starttls, *resolve;
};

/* Rows of an option table, for a command whose struct has `struct live_opts live`, and its member of the
 * row (.live): without it, a command opens no server. */
#define LIVE_OPTIONS(type) \
	{ "sni", 0, OPT_TEXT, offsetof(type, live.sni), WHAT_TEXT, "NAME", \
	  "of HOST:PORT: ask for the certificate of this name, instead of HOST", NULL, false }, \
	{ "starttls", 0, OPT_CHOICE, offsetof(type, live.starttls), WHAT_CHOICE, "PROTOCOL", \
	  "of HOST:PORT: change to TLS as this protocol does", kst_starttls_names, false }, \
	{ "resolve", 0, OPT_TEXT, offsetof(type, live.resolve), WHAT_TEXT, "IP", \
	  "of HOST:PORT: connect to this address, whatever the name's are", NULL, false }
#define LIVE_AT(type) (offsetof(type, live) + 1)

/* Would cmd_open() go to the network for this word?  (No file of that name is there.) */
bool live_is(const char *word);
/* What is asked of the server that this word names, from the command's options.  0; 1 it names none; -1. */
int live_connect(const struct cli *cli, const char *word, struct kst_connect *out, struct kst_error *err);
/* The servers among the operands, and what stands for places: before the command runs.  0 or -1. */
int live_operands(struct cli *cli);
void live_release(struct cli *cli);

/* HANDSHAKE where this is a server that did not show that it holds the key of its certificate: whoever
 * judges the certificate would judge somebody else.  0 or -1. */
int live_proved(struct cli *cli, const struct kst_store *s);

/* Text: what a server is, in the heading of list and show: "TLS 1.3, TLS_AES_256_GCM_SHA384, 10.1.2.3:443". */
void live_line(const struct kst_live *l, struct kst_buf *out);
/* Text: what else it showed, as pairs: number of certificates, staple, client certificate. */
void live_pairs(struct out *o, const struct kst_live *l);
/* Text: that nobody was judged, and the command that does. */
void live_end(const struct cli *cli, const char *word);
/* JSON: the member "server" of a store; null for a file. */
void live_json(struct out *o, const struct kst_live *l);

#endif
