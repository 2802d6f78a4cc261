/* SPDX-License-Identifier: ISC */
/* live.h - what a live server shows of itself to whoever connects, as something that can be looked at; nobody is judged */
#ifndef KSTOOL_LIVE_H
#define KSTOOL_LIVE_H

#include "kstool/endpoint.h"
#include "kstool/store.h"

struct kst_live {
	struct kst_endpoint to;
	struct kst_chain sent;  /* as sent, in its order; the server's own first; at least one */
	struct kst_blob staple; /* OCSP response, DER; empty: none came */
	int version;            /* 0x0304 */
	char cipher[64];
	char peer[128];         /* "10.1.2.3:5432" */
	bool asks_client;       /* for a client certificate; got none */
	bool proved;            /* it showed that it holds the private key of the first certificate */
	char trouble[256];      /* the handshake broke off after the certificates: why; raw text; empty: it did not */
};
void kst_live_release(struct kst_live *l);

/*
 * A store made of it, read-only, for whoever looks at stores: one certificate entry whose chain is what
 * was sent.  `name` is its path, as the user wrote it.  Takes the contents of *live, on failure too.
 */
int kst_store_of_server(struct kst_store **out, const char *name, struct kst_live *live,
			const struct kst_open_options *opt, struct kst_error *err);
/* What such a store was made of; NULL: it is a file. */
const struct kst_live *kst_store_server(const struct kst_store *s);

#endif
