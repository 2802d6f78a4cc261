/* SPDX-License-Identifier: ISC */
/* endpoint.h - whom one talks to over the network, and how */
#ifndef KSTOOL_ENDPOINT_H
#define KSTOOL_ENDPOINT_H

#include <stdbool.h>

#include "kstool/buf.h"
#include "kstool/error.h"

struct kst_endpoint {
	char host[256];     /* name or address, without brackets */
	char port[16];      /* a number */
	bool is_address;    /* host is an IP address: no SNI */
};
/*
 * "HOST:PORT", "[v6]:PORT", "tls://HOST[:PORT]" (443).  PORT is a number, or the name of a service that
 * speaks TLS ("ldaps").  0; 1 it is no endpoint (no error); -1 BAD_VALUE: it is meant to be one.  Whether
 * a file goes by the same name is for the caller to see.
 */
int kst_endpoint_parse(struct kst_endpoint *out, const char *text, struct kst_error *err);
/* "api.acme.test:443", "[::1]:443"; appended. */
void kst_endpoint_text(const struct kst_endpoint *e, struct kst_buf *out);

/* What --starttls takes, NULL-terminated: smtp imap pop3 ldap postgres mysql xmpp ftp. */
extern const char *const kst_starttls_names[];

/* Some servers (nginx) shake hands with everybody and refuse over HTTP: ask for "/" and look. */
enum kst_ask_http { KST_HTTP_NO, KST_HTTP_IF_ASKED /* for a certificate of the client */, KST_HTTP_ALWAYS };

struct kst_connect {
	struct kst_endpoint to;
	const char *resolve;     /* connect to this address instead; NULL */
	const char *starttls;    /* one of the names; NULL */
	const char *sni;         /* NULL: the host, if it is a name */
	const char *alpn;        /* "h2,http/1.1"; NULL */
	int min_version, max_version; /* 0x0303 TLS 1.2, 0x0304 TLS 1.3; 0 no limit */
	int timeout_ms;          /* for the whole; 0: 10 s */
	enum kst_ask_http http;
};

/* An IPv4 or IPv6 address, without brackets. */
bool kst_is_address(const char *host);
/* Whom one asks for, in every protocol that lets one ask: `sni` where it is given, or else the host. */
const char *kst_endpoint_asked(const struct kst_endpoint *to, const char *sni);
/* The name for SNI (RFC 6066 3: no address, no final dot); NULL: none.  kst_free it. */
char *kst_endpoint_sni(const struct kst_connect *how);

/* ---- who may come ---- */

struct kst_listener;
/* Listen on "127.0.0.1:0", "[::1]:8443", ":8443" (every address).  0 or -1: UNREACHABLE, BAD_VALUE. */
int kst_tls_listen(struct kst_listener **out, const char *address, struct kst_error *err);
void kst_listener_free(struct kst_listener *l);
const char *kst_listener_address(const struct kst_listener *l); /* "127.0.0.1:40123" */

#endif
