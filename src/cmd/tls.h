/* SPDX-License-Identifier: ISC */
/* tls.h - what tls pair, tls test and tls serve have in common: who is who, what passed, why it failed */
#ifndef KST_CMD_TLS_H
#define KST_CMD_TLS_H

#include "cmd/cmd.h"
#include "cmd/verify.h"

/* ---- who one is: --server, --client, --identity (tls_who.c) ---- */

struct tls_identity {
	const char *said;       /* as the user named it */
	char *path, *entry;     /* the file; the alias of the entry, NULL none */
	const char *key_path;   /* the file that holds the key */
	struct kst_store **store;
	size_t nr;
	struct kst_chain loose; /* of files that hold loose objects: the key's certificate, then the others */
	struct kst_key *key;    /* borrowed; NULL: no identity */
	const struct kst_chain *chain;
};
/* STORE[:ENTRY]; or several files with the key in one and certificates in others.  Nothing is opened where
 * the list is empty.  0 or -1. */
int tls_identity_open(struct cli *cli, const char *option, const struct opt_list *files, struct tls_identity *out);
/* A key that is none of its certificate is no reason to wait for anybody, or to bother a server: KEY_MISMATCH. */
int tls_identity_fits(struct cli *cli, const char *option, const struct tls_identity *id);
void tls_identity_release(struct tls_identity *id);
/* Does one of its files hold trusted CAs beside the key? */
bool tls_identity_trusts(struct cli *cli, const struct tls_identity *id);

/* ---- whom one believes ---- */

struct tls_judge {
	struct verify_opts opt;  /* trust, crl, revocation and policy alone */
	const char *option;      /* "--client-trust" */
	struct kst_anchors *anchors;
	struct kst_revocations *revocations;
	struct kst_verify_request req;
	bool there;
};
/* Opens what its `opt` names, for judging certificates of this usage.  0 or -1. */
int tls_judge_open(struct cli *cli, struct tls_judge *j, const char *option, enum kst_usage usage);
void tls_judge_release(struct tls_judge *j);

/* ---- a handshake and all that is known of its sides ---- */

struct tls_seat {
	const struct tls_identity *id; /* NULL: not ours */
	const struct tls_judge *by;    /* whom it has to convince; NULL: nobody here */
	const char *name;              /* of a live side: what the user typed, or its address */
};
struct tls_view {
	struct cli *cli;
	const struct kst_handshake *h;
	const char *host;              /* that was asked for; NULL */
	bool pair;                     /* both sides are ours */
	struct tls_seat server, client;
};
const struct tls_seat *tls_seat(const struct tls_view *v, enum kst_side side);
const struct kst_party *tls_party(const struct tls_view *v, enum kst_side side);
/* kst_verify's answer on a party as what the command `verify` shows; false: nobody judged it. */
bool tls_target(const struct tls_view *v, enum kst_side side, struct verify_target *out);

/* ---- showing (tls_show.c) ---- */

/* "TLS 1.3, AES-256-GCM, X25519"; appended. */
void tls_agreed(const struct kst_handshake *h, struct kst_buf *out);
/* "shop.acme.test, 62 days left, trusted by ca.crt"; appended. */
void tls_party_text(const struct tls_view *v, enum kst_side side, struct kst_buf *out);
/* "app.p12 \"api\"", or the name of a live side; appended. */
void tls_seat_text(const struct tls_seat *s, struct kst_buf *out);
void tls_show_ladder(const struct tls_view *v);
/* The chain and the checks of a party, under a heading. */
void tls_show_checks(const struct tls_view *v, enum kst_side side);
/* "accepts: Acme Clients CA, ..." without the first word; appended. */
void tls_accepted(const struct kst_handshake *h, struct kst_buf *out);
const char *tls_mark(const struct out *o, enum kst_result result);

/* ---- why, and what mends it (tls_why.c) ---- */

/* One line: "the client refuses the certificate of the server: ..."; appended. */
void tls_headline(const struct tls_view *v, struct kst_buf *out);
void tls_why(const struct tls_view *v, struct kst_buf *out);
void tls_fix(const struct tls_view *v, struct verify_fix *fix);
/* Both, for people. */
void tls_explain(const struct tls_view *v);

/* ---- JSON (tls_json.c) ---- */

/* Members of the handshake, in the object that is open. */
void tls_json(const struct tls_view *v);

#endif
