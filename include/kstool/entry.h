/* SPDX-License-Identifier: ISC */
/*
 * entry.h - the model: what every format is turned into and made from
 *
 * Plain data.  Nothing in it points into a file, a format or the command line,
 * so that a parser in another process can hand it over.
 */
#ifndef KSTOOL_ENTRY_H
#define KSTOOL_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/cert.h"
#include "kstool/key.h"

enum kst_kind {
	KST_KIND_KEY = 1, /* private key and its chain, leaf first; no chain yet: a key that waits */
	KST_KIND_CERT,    /* one certificate; `trusted` if the format marks it as an anchor */
	KST_KIND_SECRET,  /* symmetric key or password */
	KST_KIND_CSR,     /* certificate request (RFC 2986) */
	KST_KIND_CRL,     /* revocation list (RFC 5280) */
	KST_KIND_OPAQUE   /* something kept byte for byte because nobody here knows it */
};

struct kst_entry {
	enum kst_kind kind;
	char *alias;                  /* UTF-8; NULL: the format has no name for it */
	bool alias_derived;           /* made up while reading: the file has no name for it */
	struct kst_blob alias_source; /* the alias as the source had it, where it was rewritten */
	int64_t created, modified;    /* Unix seconds; 0 not known */

	struct kst_key *key;         /* KIND_KEY */
	struct kst_chain chain;      /* KIND_KEY: 0..100, leaf first; KIND_CERT: exactly 1, but
				      * of a server (tls.h) all that it sent, as it sent it */
	struct kst_secret secret;    /* KIND_SECRET, when open */
	struct kst_blob secret_sealed; /* KIND_SECRET: EncryptedPrivateKeyInfo-like DER while sealed */
	char *secret_alg;            /* as Java names it ("AES"), else dotted OID; NULL not known */

	bool trusted;                 /* KIND_CERT: a trust anchor by its format */
	bool no_anchor;               /* KIND_CERT: its file says that it is none, which is more than not
				       * saying that it is one */
	struct kst_blob purposes;     /* trusted for: DER OIDs one after the other, ascending; empty: all */
	struct kst_blob distrusted;   /* distrusted for: the same; a reader must honour it */

	/* What was issued later is not trusted for servers, for e-mail; 0: no such date.  Only lists of
	 * Mozilla state it, and the formats made from them. */
	int64_t server_after, email_after;
	char *restriction;            /* another limit of its trust that its own format alone can state,
				       * in words; NULL */

	struct kst_blob local_key_id; /* PKCS#12 */
	struct kst_blob attrs;        /* other attributes of the key (or only) bag: DER Attributes in a row */
	struct kst_blob *cert_attrs;  /* other attributes of each certificate's bag; NULL, or chain.nr of them */
	char *origin;                 /* "pkcs12", "pem" ..., "kstool" for what was made here; NULL */
	char *note;                   /* text for people; NULL */

	struct kst_blob der;          /* CSR, CRL, OPAQUE: the bytes as found */
	char *label;                  /* OPAQUE: what the format calls it: PEM label, bag type */

	/* Native store: identity, and optional fields of later versions, carried through. */
	uint8_t id[16];
	bool has_id;
	struct kst_blob ext_record, ext_public;
	struct kst_secret ext_sealed;
};

struct kst_entry *kst_entry_new(enum kst_kind kind); /* NULL without memory */
void kst_entry_free(struct kst_entry *e);
/* A deep copy (certificates are shared by reference).  0 or -1. */
int kst_entry_copy(struct kst_entry **out, const struct kst_entry *e, struct kst_error *err);

/* A public key that stands alone: OPAQUE, its DER a SubjectPublicKeyInfo. */
#define KST_LABEL_PUBLIC_KEY "PUBLIC KEY"
bool kst_entry_is_public_key(const struct kst_entry *e);

/* The certificate that stands for the entry: leaf or anchor; NULL if there is none. */
struct kst_cert *kst_entry_leaf(const struct kst_entry *e);

/*
 * Does replacing `a` by `b` change nothing that matters: kind, certificates in
 * order, trust marks, and the private key (by public key when either is sealed)?
 * Aliases and dates are not compared.
 */
bool kst_entry_same(const struct kst_entry *a, const struct kst_entry *b);

/* ---- what a certificate is trusted for (src/model/trust.c) ---- */

enum kst_purpose {
	KST_FOR_ANY = 1 << 0, /* anyExtendedKeyUsage */
	KST_FOR_SERVER = 1 << 1,
	KST_FOR_CLIENT = 1 << 2,
	KST_FOR_CODE = 1 << 3,
	KST_FOR_EMAIL = 1 << 4,
	KST_FOR_TIME = 1 << 5 /* time stamps */
};
#define KST_FOR_EVERYTHING 0x3f
/* "server", "client", "code", "email", "time", "any"; 0: there is no such purpose. */
unsigned kst_purpose_by_name(const char *name);
/* Purposes to DER OIDs, ascending, as `purposes` and `distrusted` hold them.  0 or -1. */
int kst_purposes_set(struct kst_blob *out, unsigned purposes);
/* Is it an anchor for this purpose (one bit)? */
bool kst_entry_trusted_for(const struct kst_entry *e, unsigned purpose);
/* All purposes that it is trusted for (whether or not it is an anchor: without a list, everything), and
 * that it is distrusted for, which counts more. */
void kst_entry_trust_bits(const struct kst_entry *e, unsigned *trusted, unsigned *distrusted);
/*
 * Make an entry that is an anchor for `purpose` one without purposes, for a store
 * that serves nothing else.  False: it is none, and stays as it is.
 */
bool kst_entry_narrow(struct kst_entry *e, unsigned purpose);
/* Its settings in words: "server, email", "nothing", "server; never for code"; empty where it has
 * none.  Appended. */
void kst_entry_trust_text(const struct kst_entry *e, struct kst_buf *out);
/* Of these what few formats can say: "not for server if issued after 2024-11-30".  Appended. */
void kst_entry_limits_text(const struct kst_entry *e, struct kst_buf *out);

/*
 * A legal alias made from hostile bytes by %XX of each offending byte (kst1.md
 * 4.6); *changed tells whether it differs.  NULL if it cannot be made legal
 * (empty, or over 255 bytes).  kst_free the result.
 */
char *kst_alias_legal(const void *s, size_t n, bool *changed);

/*
 * The alias that a new entry gets where nobody named it: a slug of the first
 * DNS name (KEY) or of the CN: lower case, runs of other characters become '-'.
 * "entry" if nothing is left.  kst_free the result; NULL without memory.
 */
char *kst_alias_derive(const struct kst_entry *e);

/* What a list shows, without loading the entry.  Borrowed: valid until the next head of the store. */
struct kst_head {
	enum kst_kind kind;
	bool trusted;
	const char *alias;     /* NULL: none */
	int64_t created;
	unsigned nr_certs;
	const uint8_t *sha256; /* of the leaf; NULL: no certificate */
	bool has_dates;
	int64_t not_before, not_after;
	const char *key;       /* "RSA-4096"; NULL not known */
	const char *subject;   /* RFC 4514; NULL */
	const char *name;      /* what a list shows; NULL */
	unsigned more_names;
	const char *label;     /* OPAQUE: what it is */
};

/* Compute a head from a whole entry; `scratch` holds its texts. */
void kst_entry_head(const struct kst_entry *e, struct kst_head *out, struct kst_buf *scratch);

/* ---- the model ---- */

#define KST_NO_BASE ((size_t)-1)

struct kst_item {
	struct kst_entry *entry; /* owned; NULL while a lazy format has not loaded it */
	size_t base;             /* its number when the file was read; KST_NO_BASE: new */
	bool dirty;              /* differs from what the file holds */
};

enum kst_integrity {
	KST_INTEGRITY_NONE,        /* the format has no protection */
	KST_INTEGRITY_NOT_CHECKED, /* it has one, and it was not checked (no passphrase) */
	KST_INTEGRITY_VERIFIED,
	KST_INTEGRITY_ABSENT       /* it could have one, and this file has not */
};

struct kst_info {
	enum kst_integrity integrity;
	enum kst_ask_source passphrase; /* how it was opened */
	bool encrypted;                 /* something in it is */
	char mac[64], kdf[96];          /* "HMAC-SHA256", "PBES2 AES-256-CBC PBKDF2-HMAC-SHA256"; empty */
	char kdf_parts[96];             /* PKCS#12: of the encrypted parts (certificates); empty */
	uint64_t iterations;            /* of the KDF that counts; 0 none */
	uint64_t iterations_least;      /* of the weakest thing in it, a MAC too; 0 not known */
	/* native stores */
	char store_kind;                /* 'K', 'T', 0 elsewhere */
	bool sealed, pinned;
	uint64_t generation;
	int64_t modified;
	uint8_t store_id[16], sign_pk[32];
	char signer[64];                /* "ed25519:..." ; empty elsewhere */
	char signer_name[64];           /* the name of the pin that fits; empty */
};

struct kst_model {
	struct kst_item *item;
	size_t nr, size;
	struct kst_info info;
	struct kst_secret pass; /* what opened the file, kept to write it back under the same */
	bool has_pass;
	void *state;            /* the format's own; it frees it (struct kst_format.close) */
};

void kst_model_init(struct kst_model *m);
void kst_model_release(struct kst_model *m); /* entries and secrets; not `state` */
/* Append; takes the entry (frees it on failure).  0 or -1. */
int kst_model_push(struct kst_model *m, struct kst_entry *e, size_t base);
int kst_model_remove(struct kst_model *m, size_t i);

#endif
