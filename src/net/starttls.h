/* SPDX-License-Identifier: ISC */
/* starttls.h - what the protocols of starttls*.c share: bounded reading, and the server's words in the error */
#ifndef KST_TLS_STARTTLS_H
#define KST_TLS_STARTTLS_H

#include "net/net.h"

struct kst_clear {
	struct kst_net *net;
	struct kst_error *err;
	struct kst_buf in; /* all that came */
	size_t at;         /* of it, what was taken */
	size_t total, lines;
	bool protocol_lines; /* each line of a reply has its number */
};

/* Read more, once.  0 or -1. */
int kst_clear_more(struct kst_clear *t);
/* The next n bytes, borrowed until more is read; NULL and the error. */
const uint8_t *kst_clear_take(struct kst_clear *t, size_t n);
/* STARTTLS: `what` is wrong; and what the server said, if it said something.  Returns -1. */
int kst_clear_failed(struct kst_clear *t, const char *what, const void *said, size_t n);

/* ---- starttls_binary.c ---- */
int kst_clear_ldap(struct kst_clear *t, const char *host);
int kst_clear_postgres(struct kst_clear *t, const char *host);
int kst_clear_mysql(struct kst_clear *t, const char *host);

#endif
