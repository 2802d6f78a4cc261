/* SPDX-License-Identifier: ISC */
/*
 * http.h - one DER object over HTTP: what CAs publish under the addresses in their certificates
 *
 * OpenSSL's HTTP client (HTTP/1.0, one request a connection) over a connection of
 * net.h, so that one deadline and one number of bytes hold for everything: name,
 * connection, each redirection, header and body.  http:// only, as RFC 5280 and RFC
 * 6960 have it; what is fetched is signed.  No proxy is asked, whatever the
 * environment says: the addresses come from strangers' certificates, and mostly
 * lead into one's own network.
 */
#ifndef KST_TLS_HTTP_H
#define KST_TLS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"
#include "kstool/error.h"

#define KST_HTTP_HEADER_MAX   ((size_t)64 << 10)
#define KST_HTTP_REDIRECTIONS 3
#define KST_HTTP_URL_MAX      2000

struct kst_http {
	const char *url;
	const char *content_type; /* of `body`; NULL: GET */
	struct kst_bytes body;
	size_t max;	/* bytes of the answer's body */
	int timeout_ms; /* for the whole */
};
/* Is this an address that would be asked? */
bool kst_http_url_ok(const char *url, size_t len);
/* The object is appended to out.  0, or -1: NO_HOST, UNREACHABLE (also an answer other than 200),
 * TIMEOUT, CLOSED, PEER_LIMIT, CORRUPT (the answer is no DER), BAD_VALUE (the address).  No subject
 * is set. */
int kst_http_fetch(struct kst_buf *out, const struct kst_http *how, struct kst_error *err);

/* ---- http_bio.c ---- */
struct kst_net;
struct kst_http_wire {
	struct kst_net *net;
	struct kst_error *err;
	uint8_t buf[16384];
	size_t at, len;	 /* what is in buf and was not read yet */
	char first[128]; /* the first line of the answer */
	size_t nr_first;
	size_t header;	/* bytes of the header so far */
	unsigned blank; /* line ends in a row */
	bool line_over, body, over, closed;
};
/* The BIO for OpenSSL's client; `w` must outlive it.  NULL without memory. */
struct bio_st *kst_http_bio(struct kst_http_wire *w);

#endif
