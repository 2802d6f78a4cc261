/* SPDX-License-Identifier: ISC */
/*
 * format.h - one row of the format table: how bytes become the model, and back
 *
 * A format is one folder entry under formats/: its .c, its .md, a row in
 * formats.def.  It gets a struct kst_io and nothing else: no path is opened, no
 * terminal touched, nothing kept outside the model.  It is called by store/
 * alone, so that a foreign parser can be moved into another process.
 */
#ifndef KSTOOL_FORMAT_H
#define KSTOOL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/ask.h"
#include "kstool/entry.h"
#include "kstool/progress.h"

enum kst_cap {
	KST_CAP_READ = 1 << 0,
	KST_CAP_WRITE = 1 << 1,
	KST_CAP_KEYS = 1 << 2,        /* private keys */
	KST_CAP_CHAINS = 1 << 3,      /* certificates that belong to a key */
	KST_CAP_CERTS = 1 << 4,       /* certificates of their own */
	KST_CAP_TRUST = 1 << 5,       /* can mark them as trusted */
	KST_CAP_PURPOSES = 1 << 6,    /* ... for some purposes, or distrusted */
	KST_CAP_ALIASES = 1 << 7,
	KST_CAP_ALIAS_CASE = 1 << 8,  /* keeps upper case apart from lower case */
	KST_CAP_SECRETS = 1 << 9,
	KST_CAP_REQUESTS = 1 << 10,   /* CSRs and CRLs */
	KST_CAP_BARE_KEYS = 1 << 11,  /* a key without certificate */
	KST_CAP_ENTRY_PASS = 1 << 12, /* a passphrase for each key */
	KST_CAP_INTEGRITY = 1 << 13,
	KST_CAP_ENCRYPTION = 1 << 14, /* keys are encrypted under the store's passphrase */
	KST_CAP_LIST_SEALED = 1 << 15, /* can be listed without a passphrase */
	KST_CAP_SINGLE = 1 << 16,     /* holds one object */
	KST_CAP_BINARY = 1 << 17,     /* not for a terminal */
	KST_CAP_ATTRS = 1 << 18,      /* bag attributes, notes */
	KST_CAP_NATIVE = 1 << 19,     /* slots, signature, check, repair */
	KST_CAP_JAVA = 1 << 20,       /* Java's alias and passphrase rules apply */
	KST_CAP_LOOSE = 1 << 21,      /* objects lie loose: a CA that stands alone is an anchor or an issuer */
	KST_CAP_CRLS = 1 << 22,       /* CRLs, where REQUESTS would be too much */
	KST_CAP_ANCHORS = 1 << 23,    /* a certificate of its own is an anchor: it holds no other */
	KST_CAP_PUBLIC_KEYS = 1 << 24, /* a public key of its own (kst_entry_is_public_key) */
	KST_CAP_DATES = 1 << 25,      /* when an entry was made */
	KST_CAP_KEY_DATES = 1 << 26,  /* ... of keys alone */
	KST_CAP_SECRET_ALGS = 1 << 27, /* what a secret key is for: "AES", "HmacSHA256" */
	KST_CAP_NAMED = 1 << 29,      /* the whole has a name of its own, and can hold a store as bytes */
	KST_CAP_DIRECTORY = 1 << 30   /* its place is a directory, handed over as a pack (base/pack.h) */
};

struct kst_limits {
	uint64_t file;           /* bytes of a foreign file; default 64 MiB */
	uint32_t blocks;         /* PEM blocks, certificates, bags; default 100,000 */
	uint32_t iterations;     /* of one KDF; default 10,000,000 */
	uint64_t iterations_all; /* of all KDFs of one file; default 20,000,000 */
	uint64_t kdf_mem;        /* bytes of Argon2id memory; default 1 GiB */
};
#define KST_LIMITS_DEFAULT \
	{ UINT64_C(64) << 20, 100000, 10000000, 20000000, UINT64_C(1) << 30 }

/* Where bytes come from: whole (`bytes`) for small formats, piece by piece for the native one. */
struct kst_source {
	struct kst_bytes bytes; /* data NULL: only read_at */
	uint64_t size;
	int (*read_at)(void *ctx, uint64_t offset, void *buf, size_t n, struct kst_error *err);
	void *ctx;
};
struct kst_sink {
	int (*write)(void *ctx, const void *data, size_t n, struct kst_error *err);
	void *ctx;
};

/* Things worth telling that are no errors: one line each, with a slug for JSON. */
struct kst_notes {
	struct kst_note {
		char *slug, *text;
	} *note;
	size_t nr;
};
void kst_note(struct kst_notes *notes, const char *slug, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void kst_notes_release(struct kst_notes *notes);

struct kst_read_options {
	bool peek;                  /* only what anybody can see of a locked store, to offer names: nobody
				     * is asked, nothing verified; never with edit */
	bool allow_unauthenticated; /* PKCS#12: encrypted but without MAC */
	bool require_pin;           /* native: as --require-pin */
	const char *const *signer;  /* native: --signer, NULL-terminated; NULL: the lists of pins */
	const struct kst_pin *pin;  /* native: the pins, read by store/ (native.h) */
	size_t nr_pins;
};

enum kst_mac { KST_MAC_HMAC, KST_MAC_PBMAC1, KST_MAC_NONE };
struct kst_write_options {
	bool plain_key;           /* private keys may be written open (PEM, DER) */
	bool no_pass;             /* --new-pass none: a store without passphrase */
	struct kst_pbe_options pbe;
	enum kst_mac mac;
	bool as_told;             /* pbe and mac are for a consumer: what the file had does not count */
	const char *ascii_for;    /* who opens no passphrase beyond ASCII; NULL: nobody is named */
	uint32_t kdf_passes;      /* Argon2id t; 0 the default, 3 */
	uint32_t kdf_kib;         /* Argon2id m; 0 the default, 256 MiB */
	char store_kind;          /* new native store: 'K' or 'T' */
	bool sealed;              /* new native store */
	const char *slot_label;   /* new native store: of its first slot; NULL none */
	const char *secret_name;  /* Kubernetes Secret: never NULL there */
	const char *secret_namespace; /* NULL: that of whoever applies it */
};

struct kst_io {
	const char *path; /* for messages only */
	struct kst_source source;
	struct kst_sink sink;
	const struct kst_asker *asker;
	const struct kst_limits *limits; /* never NULL */
	struct kst_notes *notes;
	/* Which format bytes inside are in, to name what is not read; NULL: nobody can tell. */
	const struct kst_format *(*probe)(const uint8_t *data, size_t n, bool whole);
	const struct kst_progress *progress;   /* NULL: nobody looks */
	const struct kst_read_options *read;   /* never NULL in read */
	const struct kst_write_options *write; /* never NULL in write */
};

enum kst_need { KST_NEED_NOTHING, KST_NEED_READ, KST_NEED_ADMIN };

struct kst_native_ops; /* native.h */

struct kst_format {
	const char *name;            /* "pkcs12": JSON and messages for scripts */
	const char *to;              /* "p12": what --to takes */
	const char *title;           /* "PKCS#12": for people */
	const char *const *suffixes; /* ".p12", ".pfx", NULL */
	unsigned caps;               /* KST_CAP_*; checked against the pointers by a test */

	/* How sure is it that these are its bytes: 0 no ... 100 certain.  Cheap, and never reads more
	 * than 64 bytes but to find a textual begin marker.  `whole` tells that data is all there is. */
	int (*probe)(const uint8_t *data, size_t n, bool whole);
	int (*read)(struct kst_io *io, struct kst_model *into, struct kst_error *err);
	/* Items in order.  An item that is not dirty and has a base is written as it was, byte for
	 * byte, wherever the format can.  `from->pass` is the passphrase of the result if has_pass. */
	int (*write)(struct kst_io *io, struct kst_model *from, struct kst_error *err);

	/* ---- optional ---- */
	/* Lazy formats: read() leaves item[i].entry NULL. */
	int (*head)(struct kst_model *m, size_t i, struct kst_head *out, struct kst_buf *scratch,
		    struct kst_error *err);
	int (*load)(struct kst_io *io, struct kst_model *m, size_t i, struct kst_entry **out,
		    struct kst_error *err);
	/* Position of an alias (exact) in a lazy model's base; KST_NO_BASE: none. */
	size_t (*find)(const struct kst_model *m, const char *alias);
	/* Get the secret that is needed for what comes.  Without it, read() asks. */
	int (*unlock)(struct kst_io *io, struct kst_model *m, enum kst_need need,
		      struct kst_error *err);
	/* Are these bytes the file that write() meant?  Called on what was read back from the disk;
	 * without it the store reads the file anew and compares the entries. */
	int (*verify)(struct kst_io *io, struct kst_model *meant, struct kst_error *err);
	void (*close)(void *state);
	const struct kst_native_ops *native;
	/* Open a secret key that is sealed in this format's way; without it, as PKCS#12 has it.  Fills
	 * secret and secret_alg.  0; 1 wrong passphrase; -1. */
	int (*open_secret)(struct kst_entry *e, const struct kst_secret *pass, struct kst_error *err);
	enum kst_pbe pbe; /* how a key with a passphrase of its own is sealed */
};

/* All formats, in the order of formats.def; NULL-terminated. */
const struct kst_format *const *kst_formats(void);
/* By name, --to word, or file name suffix; NULL if there is none. */
const struct kst_format *kst_format_by_name(const char *name);
const struct kst_format *kst_format_by_path(const char *path);
/* By content; NULL if no format bids. */
const struct kst_format *kst_format_probe(const uint8_t *data, size_t n, bool whole);

#endif
