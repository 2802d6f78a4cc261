/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_state.h - inside of the PKCS#12 format; pkcs12.md is the specification
 *
 * Reading goes in three steps: the outer structure and its MAC (pkcs12_pfx.c,
 * pkcs12_mac.c), the safes and the bags in them (pkcs12_read.c), entries from
 * bags (pkcs12_match.c, pkcs12_bags.c).  The bytes are walked by our own cursor:
 * OpenSSL's PKCS#12 decoder has crashed on an absent content and on attributes of
 * a wrong type (CVE-2024-0727, CVE-2025-69421, CVE-2026-22795), knows no PBMAC1
 * before 3.4, and would encode anew what has to survive byte for byte.
 */
#ifndef KST_FORMATS_PKCS12_STATE_H
#define KST_FORMATS_PKCS12_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/der.h"
#include "crypto/kdf.h"
#include "crypto/pbe.h"
#include "kstool/format.h"
#include "model/nocase.h"

/* Nested SafeContents (bag type 6); nobody was seen to use even one. */
#define P12_NESTING 10
/* As many as the KDF cache keeps: what it has forgotten costs again. */
/* As many as the cache of derivations is sure to hold: one KDF takes up to four of its 32 places. */
#define P12_SEEN 8
#define P12_ITERATIONS 200000
#define P12_READERS_MOST 600000 /* of one file in all, for the readers that count so */
#define P12_ITERATIONS_LEAST 10000

/* Contents octets of object identifiers. */
#define P12_OID_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define P12_OID_SIGNED "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define P12_OID_ENVELOPED "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
#define P12_OID_ENCRYPTED "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"
#define P12_OID_BAGS "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01" /* and one octet: the type */
#define P12_OID_X509_CERT "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01"
#define P12_OID_X509_CRL "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x17\x01"
#define P12_OID_FRIENDLY_NAME "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14"
#define P12_OID_LOCAL_KEY_ID "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15"
#define P12_OID_PBES2 "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
#define P12_OID_JAVA_TRUST "\x60\x86\x48\x01\x86\xf9\x66\xad\xca\x7b\x01\x01"
#define P12_OID_ANY_USAGE "\x55\x1d\x25\x00"

enum p12_bag_type { /* the last arc of the bag's OID (RFC 7292 4.2) */
	P12_KEY = 1,
	P12_SHROUDED = 2,
	P12_CERT = 3,
	P12_CRL = 4,
	P12_SECRET = 5,
	P12_NESTED = 6,
	P12_UNKNOWN = 0
};

/* What is remembered of a file that was read, for writing it again. */
struct p12_state {
	bool open;      /* neither MAC nor encryption: stays so */
	bool pbmac1;
	uint64_t iterations; /* the most that protects anything in it */
	struct kst_buf foreign; /* ContentInfos that nobody here can open, in a row, as they were */
	char **alias;   /* by number in the file: as the model was given it */
	size_t nr;
};

/* ---- pkcs12_attrs.c ---- */

struct p12_attrs {
	char *name;               /* friendlyName; NULL: none, or empty */
	struct kst_bytes name_der; /* that Attribute, whole */
	struct kst_bytes id;      /* localKeyID */
	bool has_id;
	bool trusted;             /* Java's mark */
	struct kst_buf purposes;  /* DER OIDs, ascending; empty: any */
	struct kst_buf rest;      /* other Attributes, whole, in a row */
	unsigned repeated;        /* name, id or mark a second time: not in `rest` */
};
/* `set` is the SET OF Attribute.  0 or -1. */
int p12_attrs_parse(struct p12_attrs *out, struct kst_bytes set, struct kst_error *err);
void p12_attrs_release(struct p12_attrs *a);
/* Append the elements, which stand in a row, in the order that DER wants of a SET OF. */
void p12_put_sorted(struct kst_buf *out, const void *elements, size_t len);
/* Append one Attribute. */
void p12_put_name(struct kst_buf *out, const char *name);
void p12_put_id(struct kst_buf *out, const void *id, size_t len);
void p12_put_trust(struct kst_buf *out, const struct kst_blob *purposes);

/* ---- pkcs12_pfx.c: the outer structure ---- */

struct p12_mac {
	bool present, pbmac1;
	char text[64];       /* "HMAC-SHA256", "PBMAC1 HMAC-SHA256" */
	const char *digest;  /* of the HMAC, as OpenSSL names it */
	size_t size;         /* its length */
	struct kst_kdf kdf;  /* the salt is borrowed: never released */
	size_t key_len;
	struct kst_bytes value;
};

enum p12_safe_kind { P12_SAFE_PLAIN, P12_SAFE_ENCRYPTED, P12_SAFE_FOREIGN };
struct p12_safe {
	enum p12_safe_kind kind;
	struct kst_bytes whole;  /* the ContentInfo */
	struct kst_bytes bytes;  /* SafeContents, or its ciphertext */
	struct kst_bytes algid;
};

struct p12_bag {
	enum p12_bag_type type;
	struct kst_bytes whole;
	struct kst_bytes value; /* PrivateKeyInfo, EncryptedPrivateKeyInfo, certificate, CRL */
	char label[64];         /* P12_UNKNOWN: what it is */
	struct p12_attrs attrs;
	struct kst_cert *cert;
	size_t entry;           /* of the model; KST_NO_BASE: none */
	bool used;              /* part of a chain, or said by another bag */
};

/* Memory that what was parsed points into. */
struct p12_piece;

struct p12_reader {
	struct kst_io *io;
	struct kst_model *model;
	struct p12_state *state;
	struct kst_pbe_cache *cache;
	struct p12_piece *piece;

	struct kst_bytes content; /* AuthenticatedSafe: what the MAC covers */
	struct p12_mac mac;
	struct p12_safe *safe;
	size_t nr_safes, size_safes;
	struct p12_bag *bag;
	size_t nr, size;

	uint64_t spent; /* iterations */
	struct kst_bytes seen[P12_SEEN];
	size_t next_seen;
	char kdf[96];
	const char *odd_pass; /* how the passphrase opened it, where no standard has that; else NULL */
};

/* Room that lives as long as the reader.  NULL without memory. */
struct kst_buf *p12_keep_buf(struct p12_reader *r, struct kst_error *err);
struct kst_secret *p12_keep_secret(struct p12_reader *r, struct kst_error *err);
/* The octets of an OCTET STRING, joined if they come in pieces.  0 or -1. */
int p12_octets(struct p12_reader *r, const struct kst_der_item *item, struct kst_bytes *out,
	       struct kst_error *err);
/* PFX: fills content and mac.  0 or -1. */
int p12_parse_pfx(struct p12_reader *r, struct kst_bytes file, struct kst_error *err);
/* AuthenticatedSafe: fills safe[].  0 or -1. */
int p12_parse_safes(struct p12_reader *r, struct kst_error *err);

/* ---- pkcs12_mac.c, pkcs12_mac_parse.c ---- */

/* The contents of MacData.  0 or -1: CORRUPT, UNSUPPORTED, LIMIT. */
int p12_mac_parse(struct p12_reader *r, struct kst_der macdata, struct kst_error *err);
/* Does the passphrase make this MAC?  0 yes, 1 no, -1. */
int p12_mac_try(struct p12_reader *r, const struct kst_secret *pass, struct kst_error *err);
/* Append MacData over content.  0 or -1. */
int p12_mac_make(struct kst_buf *out, enum kst_mac kind, bool sha1, uint64_t iterations,
		 struct kst_bytes content, const struct kst_secret *pass,
		 struct kst_pbe_cache *cache, struct kst_error *err);

/* ---- pkcs12_read.c: safes and bags ---- */

/* Count the iterations of an AlgorithmIdentifier against what one file may cost.  0 or -1. */
int p12_spend(struct p12_reader *r, struct kst_bytes algid, struct kst_error *err);
/* AlgorithmIdentifier and ciphertext of an EncryptedPrivateKeyInfo.  0 or -1. */
int p12_split_sealed(struct p12_reader *r, struct kst_bytes epki, struct kst_bytes *algid,
		     struct kst_bytes *ct, struct kst_error *err);
/* Open an EncryptedPrivateKeyInfo with the passphrase of the file, within the budget.  0, 1 wrong
 * (or not to be had: no error is set), -1 without memory. */
int p12_open_sealed(struct p12_reader *r, struct kst_bytes epki, struct kst_secret *out);
/* Everything up to bag[]: MAC, passphrase, safes.  0 or -1. */
int p12_read_bags(struct p12_reader *r, struct kst_error *err);

/* ---- pkcs12_match.c: which certificate is whose ---- */

/* For key bag k (its key in `key`): the bag of its certificate; KST_NO_BASE: there is none. */
struct p12_index;
struct p12_index *p12_index_new(struct p12_reader *r); /* NULL without memory */
void p12_index_free(struct p12_index *x);
void p12_find_leaf(struct p12_reader *r, struct p12_index *x, size_t k, struct kst_key *key,
		   size_t *leaf);
/* Build the chain of entry e from the leaf on, with the attributes of each certificate's bag. */
int p12_build_chain(struct p12_reader *r, struct p12_index *x, size_t leaf, struct kst_entry *e,
		    struct kst_error *err);
/* Bags that say again what a chain has said become `used`. */
void p12_drop_repeats(struct p12_reader *r, struct p12_index *x);

/* ---- pkcs12_bags.c ---- */

/* bag[] to entries of the model.  0 or -1. */
int p12_make_entries(struct p12_reader *r, struct kst_error *err);

/* ---- pkcs12_secret.c: symmetric keys as Java keeps them ---- */

/* "AES" of the AlgorithmIdentifier in a PrivateKeyInfo, or the dotted OID.  kst_free it; NULL. */
char *p12_secret_alg(const struct kst_secret *info);
/* PrivateKeyInfo around a raw key.  0 or -1 (UNSUPPORTED). */
int p12_secret_wrap(struct kst_buf *out, const struct kst_entry *e, struct kst_error *err);

/* ---- pkcs12_write.c ---- */

int p12_write(struct kst_io *io, struct kst_model *from, struct kst_error *err);

#endif
