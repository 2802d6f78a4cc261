/* SPDX-License-Identifier: ISC */
/* explain.h - why a handshake with a live server did not come to anything */
#ifndef KST_TLS_EXPLAIN_H
#define KST_TLS_EXPLAIN_H

#include "net/net.h"

/*
 * Set the error of a handshake that failed before a certificate came: what the connection says already
 * (TIMEOUT, PEER_LIMIT), NOT_TLS with what it was instead, the server's alert (-1: none came), CLOSED, or
 * what OpenSSL's queue says, which is emptied.  `starttls` is how it was begun (NULL: not at all).
 * Returns -1.
 */
int kst_tls_explain(struct kst_net *n, const struct kst_connect *how, int alert, struct kst_error *err);

#endif
