/* SPDX-License-Identifier: ISC */
/*
 * session.h - one end of a handshake, over any BIO; private to src/tls
 *
 * What OpenSSL does here: records, key exchange, signatures of the handshake.  What
 * it does not: decide whom to believe.  Its chain verification is replaced by
 * kst_verify(); a refusal becomes the alert that OpenSSL's own would have sent.
 */
#ifndef KST_TLS_SESSION_H
#define KST_TLS_SESSION_H

#include <openssl/types.h>

#include "kstool/tls.h"
#include "net/net.h"

#define KST_PEER_CERTS_MAX 100          /* certificates that a side may send */
#define KST_PEER_CERTS_BYTES (1 << 20)  /* and their bytes: a chain of post-quantum ones has 150 KB */
#define KST_PEER_NAMES_MAX 1000         /* CA names that are kept */

#define JUDGING_MS 60000                /* what judging may add to a deadline */

/* What both ends of one handshake write into. */
struct kst_talk {
	struct kst_handshake *h;
	int64_t start;    /* milliseconds */
	int64_t done;     /* when the client was through; -1 */
	bool pair;        /* both ends are here: each tells of what it sends */
	bool timed;       /* steps have times */
	bool nomem;
};
void kst_talk_init(struct kst_talk *t, struct kst_handshake *h, bool pair);

struct kst_end {
	enum kst_side side;
	SSL_CTX *ctx;
	SSL *ssl;
	const struct kst_side_options *opt;
	struct kst_talk *talk;
	struct kst_buf alpn;    /* as on the wire */
	bool deferred;          /* judged good but for its revocation, until the stapled response is here */
	bool done, failed;
	bool ticket;            /* a client: the server sent a session ticket, so it has seen everything */
	struct kst_net *net;    /* whose deadline stands still while somebody is judged; NULL: none */
	int64_t given_back;     /* ms, so far */
	struct kst_error err;   /* why it could not be judged, or PEER_LIMIT: not an answer but an error */
};

/* 0; 1: this side's key cannot be used (told in talk->h); -1. */
int kst_end_open(struct kst_end *e, enum kst_side side, const struct kst_side_options *opt,
		 const struct kst_connect *how, struct kst_talk *talk, struct kst_error *err);
void kst_end_release(struct kst_end *e);

/* Go on with the handshake as far as it goes.  1: this end is through; 0: it waits for the other side;
 * -1: it failed (told in talk->h), e->failed. */
int kst_end_shake(struct kst_end *e);
/* Fill in what was agreed on: version, cipher, names. */
void kst_end_facts(struct kst_end *e);
/* The last call of OpenSSL failed with this return value: say why in talk->h.  Also after the
 * handshake. */
void kst_end_failed(struct kst_end *e, int ret);

/* kst_verify() on what a party sent, or would have sent, by the options of the side that judges. */
int kst_party_judge(struct kst_party *p, const struct kst_side_options *judge, struct kst_error *err);

/* ---- faults and steps (ladder.c) ---- */

/* The first fault stays. */
void kst_talk_fault(struct kst_talk *t, enum kst_fault fault, enum kst_side side, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A step; `fmt` NULL: no text yet. */
void kst_talk_step(struct kst_talk *t, enum kst_step_kind kind, enum kst_side from,
		   enum kst_result result, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Text of the last step of this kind and side, where it has none. */
void kst_talk_text(struct kst_talk *t, enum kst_step_kind kind, enum kst_side from, const char *text);
/* A message or an alert passed (SSL_CTX_set_msg_callback). */
void kst_talk_message(int written, int version, int type, const void *buf, size_t len, SSL *ssl,
		      void *end);
enum kst_side kst_other_side(enum kst_side side);
/* An alert passed; level 1 is a warning. */
void kst_talk_alert(struct kst_talk *t, enum kst_side from, int level, int alert);

#endif
