/* SPDX-License-Identifier: ISC */
/*
 * tls.h - handshakes: with a live server, with a client, or of two stores in memory
 *
 * OpenSSL's libssl shakes hands; whom one believes is decided by kst_verify(), on
 * both sides, so that every fault is named and not only the first.  What the other
 * side sends is hostile: time, bytes and certificates are bounded.
 */
#ifndef KSTOOL_TLS_H
#define KSTOOL_TLS_H

#include "kstool/endpoint.h"
#include "kstool/live.h"
#include "kstool/verify.h"

/* ---- who ---- */

struct kst_identity {        /* borrowed */
	const struct kst_key *key; /* open */
	const struct kst_chain *chain; /* sent as it is: nothing is added, nothing left out */
};

/* ---- the ladder: what passed, in order ---- */

enum kst_side { KST_SIDE_CLIENT, KST_SIDE_SERVER };
enum kst_step_kind {
	KST_STEP_HELLO, KST_STEP_CERTIFICATE, KST_STEP_CHECK, KST_STEP_REQUEST, KST_STEP_KEYS,
	KST_STEP_FINISHED, KST_STEP_ALERT, KST_STEP_DATA, KST_STEP_CLOSED
};
struct kst_step {
	enum kst_step_kind kind;
	enum kst_side from;   /* who sent it, or who checked; of KEYS: the server, who chose */
	enum kst_result result;
	int alert;            /* ALERT: its number (RFC 8446 6); -1 */
	int ms;               /* since the start; 0 in memory */
	char *text;           /* for people, raw; may be NULL */
};
const char *kst_step_slug(enum kst_step_kind kind); /* "hello" */
const char *kst_side_slug(enum kst_side side);      /* "client" */

struct kst_party {           /* one side, as the other saw it */
	struct kst_chain sent;   /* certificates it sent, leaf first as sent; in a pair, those it would have sent */
	bool came;               /* they were sent: the handshake got that far */
	bool has_verdict;
	struct kst_verdict verdict; /* of the other side on `sent` */
	struct kst_blob staple;  /* OCSP response, DER */
};

/* Why a handshake came to nothing.  The verdicts say why a certificate was refused. */
enum kst_fault {
	KST_FAULT_NONE = 0,
#define KST_FAULT(name, slug, meaning) KST_FAULT_##name,
#include "kstool/faults.def"
	KST_FAULT_COUNT
};
const char *kst_fault_slug(enum kst_fault fault); /* NULL for NONE */
const char *kst_fault_meaning(enum kst_fault fault);

struct kst_handshake {
	bool done;               /* both sides finished, and nobody refused afterwards */
	enum kst_fault fault;    /* NONE: done, and nobody found anything */
	enum kst_side fault_side; /* who refused, or whose own key, answer or silence it was */
	char fault_text[256];    /* what exactly, in words; may be empty */
	int version;             /* 0x0304; 0: none was agreed on */
	char cipher[64], group[64], alpn[64], peer[128]; /* peer: "10.1.2.3:5432" */
	char sni[256];           /* of a client */
	bool asked_for_client;   /* the server asked for a client certificate */
	bool sent_client;        /* and got one */
	struct kst_blob *ca_names; /* DER Names that the server accepts */
	size_t nr_ca_names;
	struct kst_party server, client;
	int alert_from;          /* enum kst_side, of a fatal alert; -1 none */
	int alert;               /* its number; -1 */
	int alert_after_ms;      /* after the handshake was done for the client: TLS 1.3's late refusal; -1 */
	bool closed;             /* the server said goodbye right after the handshake, which may mean anything */
	int http_status;         /* of the answer to a request (struct kst_connect.http); 0 none */
	char answer[256];        /* its title, or the first line that came; hostile text */
	struct kst_step *step;
	size_t nr;
};
void kst_handshake_init(struct kst_handshake *h);
void kst_handshake_release(struct kst_handshake *h);

const char *kst_alert_name(int alert); /* "unknown_ca"; "alert" for what RFC 8446 does not know */
/* What whoever sends it means, in words: "it does not know the CA of the certificate". */
const char *kst_alert_meaning(int alert);
const char *kst_tls_version_text(int version); /* "TLS 1.3" */
/* "AES-256-GCM" of "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"; appended. */
void kst_tls_cipher_text(const char *cipher, struct kst_buf *out);
/* A CA name of the handshake as people read it: its CN, else the whole name.  Appended. */
void kst_ca_name_text(const struct kst_blob *name, struct kst_buf *out);
/* Is a certificate of the chain issued by (or the subject of) one of the names that the server
 * accepts?  True where it accepts whatever it trusts (no names). */
bool kst_handshake_accepts(const struct kst_handshake *h, const struct kst_chain *chain);

/*
 * How a side judges the other: `judge` is kst_verify()'s request, its chain is filled in from what was
 * sent.  Its anchors are the names of CAs that a server sends.
 */
struct kst_side_options {
	struct kst_identity me;        /* key NULL: no certificate */
	const struct kst_verify_request *judge; /* NULL: take anything */
	bool require_client;           /* server: no certificate is refused */
	bool request_client;           /* server: ask for one */
	bool take_staple;              /* client: an OCSP response that comes along counts, though revocation is off */
};

/*
 * Shake hands with a live server.  Where it asked for a certificate of the client, wait for up to a
 * second (an answer, over HTTP) whether it refuses after all: with TLS 1.3 a client is through before
 * the server has looked at its certificate (RFC 8446 4.4.2.4).
 * 0 it took place, whatever came out (see *out); -1: NO_HOST, UNREACHABLE, TIMEOUT, NOT_TLS, STARTTLS,
 * CLOSED, PEER_LIMIT; KEY_MISMATCH, UNSUPPORTED of the client's own key.
 */
int kst_tls_connect(struct kst_handshake *out, const struct kst_connect *how,
		    const struct kst_side_options *client, struct kst_error *err);

/* Both ends in memory.  0, or -1 where it could not be tried. */
int kst_tls_pair(struct kst_handshake *out, const struct kst_side_options *server,
		 const struct kst_side_options *client, const struct kst_connect *how,
		 struct kst_error *err);

/* ---- a server for trying out clients ---- */

/*
 * Shake hands with the next client, answer a request of HTTP with a page of text, and close.  Clients
 * that say nothing keep nobody waiting; how->timeout_ms is for each.  0 one was here (see *out); 1
 * `stop` (a descriptor; -1 none) became readable; -1.
 */
int kst_tls_accept(struct kst_listener *l, int stop, struct kst_handshake *out, const struct kst_connect *how,
		   const struct kst_side_options *server, struct kst_error *err);

/* Every version and cipher that this OpenSSL knows is taken, since this is a mere look; at most
 * KST_LIVE_CERTS certificates.  0 or -1: NO_HOST, UNREACHABLE, TIMEOUT, NOT_TLS, STARTTLS, HANDSHAKE,
 * CLOSED, PEER_LIMIT. */
#define KST_LIVE_CERTS 32
int kst_tls_fetch(struct kst_live *out, const struct kst_connect *how, struct kst_error *err);

#endif
