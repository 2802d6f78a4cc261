/* SPDX-License-Identifier: ISC */
/* picture.h - an entry as people see it: chain tree, details, short block */
#ifndef KST_CMD_PICTURE_H
#define KST_CMD_PICTURE_H

#include "cmd/cmd.h"

/* "private key (P-256, encrypted) with 3 certificates"; "trusted CA certificate". */
void picture_what(const struct kst_format *format, const struct kst_entry *e, struct kst_buf *out);
/* The chain as a tree, root first; a missing issuer is the first row. */
void picture_tree(struct out *o, const struct kst_entry *e);
/* The same of what a server sent, in whatever order, and what is odd about that. */
void picture_sent(struct out *o, const struct kst_chain *sent);
/* names, valid, issuer, use, key, sha256, serial; notes that follow from them. */
void picture_details(struct out *o, const struct kst_entry *e, bool local_time);
/* Four lines: state, names, issuer, dates. */
void picture_short(struct out *o, const struct kst_entry *e, bool local_time);
/* Facts of a store: signer, protection, slots. */
void picture_store(struct out *o, struct kst_store *s);
/* Text with line ends, line by line. */
void picture_lines(struct out *o, const struct kst_buf *text);
/* A certificate as a PEM block, appended. */
void picture_pem(const struct kst_cert *cert, struct kst_buf *out);

#endif
