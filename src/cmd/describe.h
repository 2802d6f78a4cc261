/* SPDX-License-Identifier: ISC */
/*
 * describe.h - entries and certificates as JSON and as words; shared by list, show and export
 */
#ifndef KST_CMD_DESCRIBE_H
#define KST_CMD_DESCRIBE_H

#include "cmd/cmd.h"

/* Members of one certificate, as an object in the array that is open. */
void describe_cert(struct out *o, const struct kst_cert *cert, const char *role);
/* Members of a request, in the object that is open. */
void describe_request(struct out *o, const struct kst_csr *csr);
/* Entry i of the store, as an object in the array that is open.  0 or -1. */
int describe_entry(struct cli *cli, struct kst_store *s, size_t i);
/* Members of the store itself, in the object that is open. */
void describe_store(struct cli *cli, struct kst_store *s);
/* "PKCS#12, 4 entries, integrity ok" */
void describe_store_line(struct kst_store *s, struct kst_buf *out);
/* Type column of a list: "key +2", "CA", "cert", "secret", "csr", "crl". */
void describe_type(const struct kst_head *h, struct kst_buf *out);
/* "2026-12-05 18:50Z  to ...", "3 days ago": the EXPIRES column. */
const char *describe_expires(const struct kst_head *h, int64_t now, char out[KST_TIME_TEXT]);
/* "api.acme.test, *.api.acme.test": every SAN, comma separated. */
void describe_sans(const struct kst_cert *cert, struct kst_buf *out);
void describe_request_sans(const struct kst_csr *csr, struct kst_buf *out);
/* Is the private key of the entry encrypted in its file? */
bool describe_encrypted(const struct kst_format *f, const struct kst_entry *e);
/* What a certificate may be used for, in words: "TLS server", "CA", "TLS server and client". */
void describe_use(const struct kst_cert *cert, struct kst_buf *out);
/* Short word of the same for a tree column: "CA", "server", "client", "both", "". */
const char *describe_use_word(const struct kst_cert *cert);

#endif
