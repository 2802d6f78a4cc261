/* SPDX-License-Identifier: ISC */
/*
 * net.h - a TCP connection that ends: one deadline for all of it, and so many bytes
 *
 * Nothing here waits longer than until the deadline, whatever the other side does or
 * leaves undone, nor takes more bytes from it than the budget says.  Errors name
 * HOST:PORT.
 */
#ifndef KST_TLS_NET_H
#define KST_TLS_NET_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "kstool/endpoint.h"

/* What a handshake may take: enough for a chain of post-quantum certificates many times over. */
#define KST_NET_BUDGET (UINT64_C(1) << 20)

struct kst_net {
	int fd;            /* non-blocking; -1: none */
	int64_t start, until; /* ms of CLOCK_MONOTONIC */
	int timeout_ms;
	uint64_t budget, limit; /* bytes that may still come, of how many */
	bool ended;        /* the other side has closed */
	uint8_t first[64]; /* the first bytes that came since this was cleared, to tell who speaks */
	size_t nr_first;
	const char *stage; /* what goes on, for errors: "the TLS handshake" */
	char name[300];    /* "api.acme.test:443" */
	char peer[128];    /* "10.1.2.3:443" */
};
#define KST_NET_INIT { .fd = -1 }

int64_t kst_net_clock(void); /* ms of CLOCK_MONOTONIC */

/*
 * Connect to how->to (or how->resolve, with the port of how->to) within how->timeout_ms, which goes on
 * for everything after.  All addresses of a name are tried, the next 250 ms after the one before (RFC
 * 8305).  0, or -1: NO_HOST, UNREACHABLE, TIMEOUT, BAD_VALUE (resolve is no address).
 */
int kst_net_connect(struct kst_net *n, const struct kst_connect *how, struct kst_error *err);
/* A connection that somebody else made (accept): takes fd, whatever comes of it.  0 or -1. */
int kst_net_adopt(struct kst_net *n, int fd, const char *name, int timeout_ms, struct kst_error *err);
/* A new deadline, `timeout_ms` from now. */
void kst_net_restart(struct kst_net *n, int timeout_ms);
void kst_net_close(struct kst_net *n); /* also without a connection */
int kst_net_left(const struct kst_net *n); /* ms; 0: it is over */

/* At most `size` bytes as soon as there are any.  Their number; 0 the other side closed; -1: TIMEOUT,
 * CLOSED (reset), PEER_LIMIT. */
ptrdiff_t kst_net_read(struct kst_net *n, void *buf, size_t size, struct kst_error *err);
/* More of what has come already into n->first, for a message; waits for nothing. */
void kst_net_overhear(struct kst_net *n);
/* All of it.  0 or -1. */
int kst_net_write(struct kst_net *n, const void *data, size_t len, struct kst_error *err);

/*
 * The same as a BIO for libssl, which seems to block; at the deadline it fails for good.  What went
 * wrong is in *err (libssl only knows "syscall"), which must live as long as the BIO.  NULL without memory.
 */
BIO *kst_net_bio(struct kst_net *n, struct kst_error *err);

/* ---- resolve.c ---- */
struct addrinfo;
/* getaddrinfo() that ends at the deadline; freeaddrinfo() the result.  0 or -1. */
int kst_net_lookup(struct kst_net *n, const char *host, const char *port, struct addrinfo **out,
		   struct kst_error *err);

/* ---- starttls.c ---- */
/* Talk `protocol` (a word of kst_starttls_names) until the next byte is TLS's.  `host` is whom one wants,
 * for those that ask.  0, or -1: STARTTLS with what the server said, TIMEOUT, CLOSED, PEER_LIMIT. */
int kst_net_starttls(struct kst_net *n, const char *protocol, const char *host, struct kst_error *err);

#endif
