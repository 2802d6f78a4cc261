/* SPDX-License-Identifier: ISC */
/*
 * describe.h - entries and certificates as JSON and as words; shared by list, show and export
 */
#ifndef KST_CMD_DESCRIBE_H
#define KST_CMD_DESCRIBE_H

#include "cmd/cmd.h"

/* JSON's word for what cmd_state() says: text may change its words, JSON not. */
const char *describe_state_slug(const char *state);
/* Members of one certificate, as an object in the array that is open. */
void describe_cert(struct out *o, const struct kst_cert *cert, const char *role);
/* Members of a request, in the object that is open. */
void describe_request(struct out *o, const struct kst_csr *csr);
/* Entry i of the store, as an object in the array that is open.  0 or -1. */
int describe_entry(struct cli *cli, struct kst_store *s, size_t i);
/* Members of the store itself, in the object that is open. */
/* JSON: the store that could not be opened, with cli->err; for a command that goes on with others. */
void describe_failed(struct cli *cli, const char *path);
/* The member "error" of what it was about; NULL: none. */
void describe_error(struct out *o, const struct kst_error *err);
void describe_store(struct cli *cli, struct kst_store *s);
/* "PKCS#12, 4 entries, integrity ok" */
void describe_store_line(struct kst_store *s, struct kst_buf *out);
/* Type column of a list: "key +2", "CA", "cert", "secret", "csr", "crl". */
void describe_type(const struct kst_head *h, struct kst_buf *out);
/* "2026-12-05 18:50Z  to ...", "3 days ago": the EXPIRES column. */
const char *describe_expires(const struct kst_head *h, int64_t now, char out[KST_TIME_TEXT]);
/* The same for the block layout: "private key, 2 chain certs"; "WARN, 11 days left". */
void describe_type_words(const struct kst_head *h, struct kst_buf *out);
void describe_state_words(const struct kst_head *h, int64_t now, struct kst_buf *out);
/* "12 days left", "EXPIRED 3 days ago", "starts in 2 hours", "never". */
const char *describe_left(int64_t not_before, int64_t not_after, int64_t now,
			  char out[KST_TIME_TEXT]);
/* Certificates that were seen, and how many of them are not valid yet: most of them, and it is
 * asked whether the clock is right. */
struct clock {
	size_t dated, early;
};
void describe_clock_count(struct clock *c, int64_t not_before);
void describe_clock(struct out *o, const struct clock *c);
/* "api.acme.test, *.api.acme.test": every SAN, comma separated. */
void describe_sans(const struct kst_cert *cert, struct kst_buf *out);
/* Host names that are written in Punycode, as the text they stand for; nothing where none is. */
void describe_idn(const struct kst_cert *cert, struct kst_buf *out);
void describe_request_sans(const struct kst_csr *csr, struct kst_buf *out);
/* "ci", key file, reader: a slot of a native store as people know it. */
void describe_slot(const struct kst_slot_info *in, struct kst_buf *out);
/* A key as people read it: "P-256" of "EC-P256"; anything else as it is. */
const char *describe_key(const char *text);
/* Is the private key of the entry encrypted in its file? */
/* Role of the k-th certificate of an entry: "leaf", "issuer", "trusted"; "" if there is none. */
const char *describe_role(const struct kst_entry *e, size_t k);
bool describe_encrypted(const struct kst_format *f, const struct kst_entry *e);
/* What a certificate may be used for, in words: "TLS server", "CA", "TLS server and client". */
void describe_use(const struct kst_cert *cert, struct kst_buf *out);
/* Short word of the same for a tree column: "CA", "server", "client", "both", "". */
const char *describe_use_word(const struct kst_cert *cert);

#endif
