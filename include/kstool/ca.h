/* SPDX-License-Identifier: ISC */
/*
 * ca.h - a private CA: a directory with its keys, its ledger, and what it has signed
 *
 *   ca.kst      key and chain of the issuing CA, a native store
 *   root.kst    key of the root, a native store; not there where the root is elsewhere
 *   ledger.db   what was signed, what was revoked: SQLite, durable at every commit
 *   trust.pem   the root, for those who are to trust it     ca.pem  the issuing CA
 *   crl.pem, crl.der   the present revocation list of the issuing CA
 *   ca.csr      the request that waits for an offline root's answer
 *   certs/SERIAL.pem   every certificate, for people
 *   pending/    sealed keys of certificates that are being made
 *
 * A key is never used before what it signs is in the ledger.  A certificate is
 * built, written down as pending and committed; then it is signed, written down and
 * committed; then its files are written, and it counts as delivered.  Whoever is
 * killed between leaves a row that the next command completes: the same bytes are
 * signed, the same key is delivered, no serial is used twice.
 *
 * Many processes may work on one ledger at once.  One struct kst_ca belongs to one thread.
 */
#ifndef KSTOOL_CA_H
#define KSTOOL_CA_H

#include "kstool/issue.h"
#include "kstool/progress.h"
#include "kstool/store.h"

#define KST_CA_DAYS 3650      /* of a new issuing CA */
#define KST_CA_ROOT_DAYS 7300 /* of its root: it outlives the next one */
#define KST_CA_CRL_DAYS 30
#define KST_CA_ALG "p384"

#define KST_CA_LEDGER "ledger.db"
#define KST_CA_STORE "ca.kst"
#define KST_CA_ROOT_STORE "root.kst"
#define KST_CA_TRUST "trust.pem"
#define KST_CA_CERT "ca.pem"
#define KST_CA_CRL_PEM "crl.pem"
#define KST_CA_CRL_DER "crl.der"
#define KST_CA_REQUEST "ca.csr"
#define KST_CA_CERTS "certs"
#define KST_CA_PENDING_DIR "pending"

struct kst_ca;

enum kst_ca_issuer { KST_CA_BY_ROOT, KST_CA_BY_CA };
/* Whether it has expired is a matter of the clock, and of no state. */
enum kst_ca_state { KST_CA_PENDING, KST_CA_VALID, KST_CA_REVOKED };
const char *kst_ca_state_name(enum kst_ca_state s); /* "pending" "valid" "revoked" */

/* ---- the directory ---- */

/*
 * Open the CA in `dir`: the ledger and the certificates; no secret is needed.  NO_CA: there is none;
 * CA_WAITS: the root has not answered its request (with `waiting` that is allowed, and the CA has no
 * certificate yet); LEDGER.  `opt` is what its stores are opened with later and must outlive it.
 */
int kst_ca_open(struct kst_ca **out, const char *dir, const struct kst_open_options *opt,
		bool waiting, struct kst_error *err);
void kst_ca_free(struct kst_ca *ca); /* a transaction that is open is rolled back */
const char *kst_ca_dir(const struct kst_ca *ca);
/* DIR/NAME, as the user wrote DIR; kst_free it.  NULL without memory. */
char *kst_ca_path(const struct kst_ca *ca, const char *name);
/* Of the issuing CA or the root; borrowed.  NULL: not there yet. */
struct kst_cert *kst_ca_cert(const struct kst_ca *ca, enum kst_ca_issuer which);
/* Issuing CA first, root last; empty while it waits. */
const struct kst_chain *kst_ca_chain(const struct kst_ca *ca);
/* The private key, opened (the passphrase is asked for at the first call); borrowed.  NO_PRIVATE_KEY:
 * the root is elsewhere.  0 or -1. */
int kst_ca_key(struct kst_ca *ca, enum kst_ca_issuer which, struct kst_key **out,
	       struct kst_error *err);

/* ---- the ledger ---- */

/* One certificate.  Everything is borrowed: from the caller where it goes in, from the ledger (during
 * the call of kst_ca_each) where it comes out.  Texts may be NULL. */
struct kst_ca_row {
	int64_t id;             /* of the ledger; 0 where it goes in */
	enum kst_ca_issuer issuer;
	enum kst_ca_state state;
	uint8_t serial[20];     /* big endian, without sign octet */
	size_t serial_len;
	const char *name;       /* what `ca issue` was told; people's name for it */
	const char *subject;    /* RFC 4514 */
	const char *alias;      /* of the entry in its store */
	const char *sans;       /* "dns:a.test\nuri:..." */
	const char *batch;      /* the row of a batch that it was made for */
	enum kst_profile profile;
	int64_t not_before, not_after, created;
	int64_t revoked_at;     /* REVOKED */
	int reason;             /* CRLReason; -1 none was given */
	bool delivered;         /* its files were written, or nobody waits for any */
	uint8_t spki[32];       /* SHA-256 of its SubjectPublicKeyInfo */
	bool has_spki;
	struct kst_bytes tbs;   /* what is to be signed; empty once it was */
	struct kst_bytes cert;  /* DER; empty while pending, and of an import that has none */
};

/* As in `spki`. */
void kst_ca_spki_hash(struct kst_bytes spki, uint8_t out[32]);

#define KST_CA_IS(state) (1u << (state))
struct kst_ca_query {           /* all that is set must be met */
	int64_t id;
	const char *name;       /* exactly */
	const char *batch;
	struct kst_bytes serial;
	const uint8_t *spki;    /* 32 bytes */
	unsigned states;        /* KST_CA_IS(); 0: all */
	unsigned issuers;       /* 1u << enum kst_ca_issuer; 0: all */
	int64_t expires_after, expires_before; /* not_after >, not_after <=; 0: not asked */
	bool leaves;            /* no CAs */
	bool undelivered;       /* and, where no states are asked for, not revoked: nobody waits for that */
	const char *match;      /* in name, subject, SAN or serial, without regard to (ASCII) case */
	bool by_expiry;         /* order: soonest first; else as they were made */
	bool newest;            /* order: last made first */
	size_t limit;           /* 0: none */
};
/* Stops when each() returns non-zero, and returns that (-1 with err set). */
int kst_ca_each(struct kst_ca *ca, const struct kst_ca_query *q,
		int (*each)(void *ctx, const struct kst_ca_row *row, struct kst_error *err), void *ctx,
		struct kst_error *err);
int kst_ca_count(struct kst_ca *ca, const struct kst_ca_query *q, size_t *out, struct kst_error *err);

/*
 * Transactions: changes are durable once kst_ca_commit() returns 0, and nobody else changes the
 * ledger between begin and commit (others wait, at most half a minute: LEDGER_BUSY).  The changing
 * calls below must stand between the two.
 */
int kst_ca_begin(struct kst_ca *ca, struct kst_error *err);
int kst_ca_commit(struct kst_ca *ca, struct kst_error *err);
void kst_ca_rollback(struct kst_ca *ca);

/* A new row as it stands (PENDING with its TBS; VALID or REVOKED of an import).  SERIAL_USED: this
 * issuer has given the serial away.  *id may be NULL. */
int kst_ca_add(struct kst_ca *ca, const struct kst_ca_row *row, int64_t *id, struct kst_error *err);
/* The pending row was signed: it is VALID.  If somebody else was faster, *there is the certificate of
 * the ledger, which is the one that counts; else NULL. */
int kst_ca_signed(struct kst_ca *ca, int64_t id, const struct kst_cert *cert,
		  struct kst_cert **there, struct kst_error *err);
int kst_ca_delivered(struct kst_ca *ca, int64_t id, struct kst_error *err);
/* VALID to REVOKED (or another date and reason of what is revoked).  `reason` 8 (removeFromCRL) puts
 * what was on hold back.  NO_SERIAL: there is no such row. */
int kst_ca_revoke(struct kst_ca *ca, int64_t id, int64_t when, int reason, struct kst_error *err);

/* Everything in the ledger is read and held against its indexes.  0, or -1 LEDGER. */
int kst_ca_check(struct kst_ca *ca, struct kst_error *err);

/* Facts about the CA, by name: "name", "crl-url", "ocsp-url", "issuer-url", "crl-days" ...  0; 1: not set; -1. */
int kst_ca_fact(struct kst_ca *ca, const char *name, struct kst_buf *out, struct kst_error *err);
int kst_ca_set_fact(struct kst_ca *ca, const char *name, const char *value, struct kst_error *err);
/* The next number of a counter ("crl-number": 1, 2, ...), inside a transaction. */
int kst_ca_next(struct kst_ca *ca, const char *counter, uint64_t *out, struct kst_error *err);

/* DIR/certs/SERIAL.pem of a certificate that the ledger has.  Written again where it is there. */
int kst_ca_write_cert(struct kst_ca *ca, const struct kst_cert *cert, struct kst_error *err);

/*
 * A new revocation list of what the CA (or the root) has revoked, valid for `days`: written down, signed,
 * and put into DIR/crl.pem and crl.der (root-crl.pem, root-crl.der).  *number (may be NULL) is its own.
 */
int kst_ca_make_crl(struct kst_ca *ca, enum kst_ca_issuer which, int days, uint64_t *number,
		    struct kst_error *err);

/* ---- making a CA ---- */

struct kst_ca_make {
	const char *name;              /* CN of the issuing CA */
	const char *subject;           /* RFC 4514 instead; NULL */
	const char *root_name;         /* CN of the root; NULL: NAME "Root" */
	const char *alg;               /* NULL: KST_CA_ALG */
	int days, root_days;
	const char *const *permitted, *const *excluded; /* as in struct kst_issue; both CAs have them */
	const char *crl_url, *ocsp_url, *issuer_url;    /* of what it issues; NULL none */
	struct kst_cert *root;         /* a root that is elsewhere; NULL: one is made */
	struct kst_key *root_key;      /* ... whose key is at hand: it signs at once; NULL: a request is made */
	struct kst_save_options save;  /* how the stores are protected; dry_run: only whether it could be made */
};
/*
 * All or nothing: built in a directory beside, which is renamed at the end.  CA_EXISTS; EXISTS: `dir` is
 * no empty directory.  The passphrase of its stores is asked for once.  0 or -1.
 */
int kst_ca_make(const char *dir, const struct kst_ca_make *how, const struct kst_open_options *opt,
		struct kst_error *err);
/*
 * The root's answer to DIR/ca.csr: of `pool`, the certificate of the CA's key, which must be that of a CA
 * and lead to the root (NOT_A_CA, KEY_MISMATCH, NOTHING_FOUND ...).
 */
int kst_ca_answer(struct kst_ca *ca, struct kst_cert *const *pool, size_t nr,
		  const struct kst_save_options *save, struct kst_error *err);

/* ---- issuing ---- */

/* Text as a value of RFC 4514; appended. */
void kst_ca_dn_escape(struct kst_buf *out, const char *text);

enum kst_ca_fate {
	KST_CA_MADE,    /* there is a new certificate */
	KST_CA_RESUMED, /* one that was made before and never delivered: the same certificate, the same key */
	KST_CA_THERE,   /* there is one already, and it stays (cert) */
	KST_CA_BUSY,    /* another command is just making it */
	KST_CA_FAILED   /* see err */
};
/* Orders are set up by the caller, zeroed else; kst_ca_order_release() frees what was found. */
struct kst_ca_order {
	/* what is asked for; borrowed */
	const char *name, *alias;
	const char *batch;          /* what tells this order from others; of it there is one that is not
				     * delivered at most.  NULL: nothing is looked for */
	bool once;                  /* ... and one at all, unless ... */
	int64_t due;                /* ... all that are valid end by this time; 0: never */
	bool revoked_stays;         /* with once: what was revoked last is not made again */
	enum kst_profile profile;
	const char *subject;        /* RFC 4514; NULL: subject_der, else CN=name */
	struct kst_bytes subject_der;
	const struct kst_issue_san *san;
	size_t nr_san;
	int64_t not_before, not_after;
	bool must_staple;
	const char *alg;            /* of a new key */
	struct kst_bytes spki;      /* no new key: this one */
	bool delivered;             /* there is nothing to deliver but the certificate */
	/* what became of it */
	enum kst_ca_fate fate;
	int64_t id;
	struct kst_cert *cert;      /* owned */
	struct kst_key *key;        /* owned; MADE (of a new key) and RESUMED */
	struct kst_error *err;      /* owned; FAILED */
	uint8_t serial[20];
	size_t serial_len;
	bool revoked;               /* THERE, and it was taken back */
	/* private */
	struct kst_buf tbs, own_subject;
	uint8_t spki_hash[32];
};
void kst_ca_order_release(struct kst_ca_order *o);

/* Which of them there are already, without any secret: fate THERE, else MADE.  *todo: how many are to be made. */
int kst_ca_look(struct kst_ca *ca, struct kst_ca_order *order, size_t nr, size_t *todo, struct kst_error *err);

struct kst_ca_issue_options {
	unsigned threads;
	const struct kst_progress *progress; /* the caller's numbers: `done` before this group, of `total` */
	size_t done, total;
};
/*
 * A group of orders (those that are THERE stay so): keys, what is to be signed, the ledger, the signatures, the ledger.  What is wrong
 * with one order is its own error.  *made (free it, or deliver) holds the keys until they are delivered.
 * 0, or -1: the group as a whole could not be made.
 */
struct kst_ca_made;
int kst_ca_issue(struct kst_ca *ca, struct kst_ca_order *order, size_t nr,
		 const struct kst_ca_issue_options *opt, struct kst_ca_made **made,
		 struct kst_error *err);
/* Their files are on the disk: those with delivered[i] count as such, and their keys are forgotten. */
int kst_ca_deliver(struct kst_ca *ca, struct kst_ca_made *made, const struct kst_ca_order *order,
		   const bool *delivered, size_t nr, struct kst_error *err);
void kst_ca_made_free(struct kst_ca_made *made); /* what was not delivered can be resumed */

/* Sign what somebody wrote down and did not come to sign.  *nr (may be NULL) tells how many. */
int kst_ca_complete(struct kst_ca *ca, size_t *nr, struct kst_error *err);

/* ---- orders from a file ---- */

/* A row as it stands there; what is not given is NULL.  Owned by the batch. */
struct kst_ca_batch_row {
	size_t line;
	char *name, *san, *days, *alias, *subject, *profile, *alg;
};
struct kst_ca_batch {
	struct kst_ca_batch_row *row;
	size_t nr, size;
};
#define KST_CA_BATCH_MAX 1000000 /* rows */
/* What a row may have, in the order of struct kst_ca_batch_row; NULL-terminated. */
extern const char *const kst_ca_batch_columns[];
/*
 * CSV (RFC 4180) with a header line that names the columns, or one JSON object a line.  CORRUPT with the
 * line: a column that nobody knows, a row with too many cells, no object.  0; -1, and release it all the same.
 */
int kst_ca_batch_read(struct kst_ca_batch *out, const char *path, struct kst_error *err);
void kst_ca_batch_release(struct kst_ca_batch *b);

#endif
