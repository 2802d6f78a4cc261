/* SPDX-License-Identifier: ISC */
/*
 * store.h - a keystore or truststore file: open, look, change, save
 *
 * The same calls for every format.  A changing caller opens with `edit`: the
 * file is locked (and read again if another writer was faster) until the store
 * is freed.  Saving replaces the file atomically: a neighbour file is written,
 * synced, read back, compared and renamed; at every moment the path holds the
 * old store or the new one.
 */
#ifndef KSTOOL_STORE_H
#define KSTOOL_STORE_H

#include "kstool/format.h"

struct kst_store;

struct kst_open_options {
	/* asker, notes and what `read` points to must live as long as the store. */
	const struct kst_asker *asker;
	const struct kst_limits *limits; /* NULL: KST_LIMITS_DEFAULT */
	struct kst_notes *notes;         /* NULL: notes are dropped */
	const struct kst_progress *progress; /* NULL: nobody looks; lives as long as the store */
	struct kst_read_options read;
	bool edit;                 /* lock; get the secret that changing needs */
	bool insecure_permissions; /* accept what security rules refuse */
	bool part_links;           /* a file of several hard links becomes one of its own: the caller sees to
				    * the others */
};

/*
 * Open by content, whatever the name.  `path` "-" reads standard input (never
 * with edit).  A passphrase is asked for only where nothing can be read without.
 * 0 or -1; the error's subject is the path.
 */
int kst_store_open(struct kst_store **out, const char *path, const struct kst_open_options *opt,
		   struct kst_error *err);
/* A store that does not exist yet; nothing is written before kst_store_save(). */
int kst_store_new(struct kst_store **out, const char *path, const struct kst_format *format,
		  const struct kst_open_options *opt, struct kst_error *err);
void kst_store_free(struct kst_store *s);

const char *kst_store_path(const struct kst_store *s);
const struct kst_format *kst_store_format(const struct kst_store *s);
const struct kst_info *kst_store_info(const struct kst_store *s);
bool kst_store_is_new(const struct kst_store *s);

size_t kst_store_count(const struct kst_store *s);
/* What a list shows of entry i; from the index where the format has one.  0 or -1. */
int kst_store_head(struct kst_store *s, size_t i, struct kst_head *out, struct kst_error *err);
/* The whole entry; borrowed until the store is freed or the entry is replaced.  The certificates of
 * an open native store need no secret; its key is loaded by kst_store_open_key(). */
int kst_store_entry(struct kst_store *s, size_t i, struct kst_entry **out, struct kst_error *err);
/*
 * ENTRY as the user names it: alias (exact, else without case if unique), @N
 * (from 1), sha256:HEX (8 digits or more of the leaf's or anchor's fingerprint).
 * NO_ENTRY with the nearest alias as hint; USAGE if it is ambiguous.
 */
int kst_store_find(struct kst_store *s, const char *ref, size_t *i, struct kst_error *err);
/* Entry with this very alias (or, where the format has no case, without case); KST_NO_BASE: none. */
size_t kst_store_find_alias(struct kst_store *s, const char *alias);
/* First entry whose leaf or anchor is this certificate; KST_NO_BASE: none. */
size_t kst_store_find_cert(struct kst_store *s, const struct kst_cert *cert);
/* Open the private key (or secret) of entry i, asking if it is sealed.  0 or -1. */
int kst_store_open_key(struct kst_store *s, size_t i, struct kst_error *err);

/* ---- changes, in memory ---- */

/* Take the entry (freed on failure).  The alias is made legal for the format (lower case where it
 * has no case) and must be free: ALIAS_CONFLICT.  *i (may be NULL) is its number. */
int kst_store_add(struct kst_store *s, struct kst_entry *e, size_t *i, struct kst_error *err);
/* Put `e` in the place of entry i; its alias, created date and id are kept unless `e` has an alias. */
int kst_store_replace(struct kst_store *s, size_t i, struct kst_entry *e, struct kst_error *err);
int kst_store_remove(struct kst_store *s, size_t i, struct kst_error *err);
int kst_store_rename(struct kst_store *s, size_t i, const char *alias, struct kst_error *err);
/* Everything gets a new passphrase (asked for as KST_ASK_NEW_STORE) at the next save; all keys are
 * opened first.  Native: the passphrase slot that opened it, else the only one.  0 or -1. */
int kst_store_passwd(struct kst_store *s, struct kst_error *err);
/* Only the key of entry i gets a new passphrase; CANNOT_HOLD where the format has none. */
int kst_store_passwd_key(struct kst_store *s, size_t i, struct kst_error *err);
bool kst_store_changed(const struct kst_store *s);

/* What the entries need that the format lacks; KST_CAP_* bits, 0: it can hold them all. */
unsigned kst_entry_loss(const struct kst_entry *e, const struct kst_format *format);
/* What the format does not keep of an entry that it can hold: ATTRS, DATES, ALIASES, SECRET_ALGS, TRUST. */
unsigned kst_entry_fades(const struct kst_entry *e, const struct kst_format *format);
/* The missing capability in words: "a private key", "a secret key". */
const char *kst_loss_text(unsigned loss);

/* ---- saving ---- */

enum kst_backup {
	KST_BACKUP_NEVER,
	KST_BACKUP_ALWAYS, /* NAME.kstool-bak beside it, 0600: the old bytes */
	KST_BACKUP_REMOVE  /* none, and an older one is removed: it would open with what is revoked */
};

struct kst_save_options {
	struct kst_write_options write;
	enum kst_backup backup;
	bool replace;         /* a new store may replace a file that exists */
	bool dry_run;         /* do everything but the rename */
};
struct kst_save_result {
	bool written;          /* bytes changed */
	char backup[4096];     /* path of the backup that was made; empty */
	bool backup_removed;   /* KST_BACKUP_REMOVE found one */
	unsigned mode;         /* of the file; for a new one or one whose mode was tightened */
	bool tightened;        /* the file gained its first key and became 0600 */
};
/* Write if anything changed (a new store always), once: the lock is on the file that was read, so a
 * second change needs a second open.  `res` may be NULL.  0 or -1. */
int kst_store_save(struct kst_store *s, const struct kst_save_options *opt,
		   struct kst_save_result *res, struct kst_error *err);
/* Would writing `meant` with these options make nothing else than what `there` is already: type, names,
 * entries in order, encryption, iterations, MAC?  Salts, dates and attributes do not count. */
bool kst_store_same(struct kst_store *meant, const struct kst_write_options *w, struct kst_store *there);
/* Write to a file descriptor instead (`-o -`); no atomicity. */
int kst_store_write_fd(struct kst_store *s, int fd, const struct kst_save_options *opt,
		       struct kst_error *err);
/* The same, appended to a buffer. */
int kst_store_write_buf(struct kst_store *s, struct kst_buf *out,
			const struct kst_save_options *opt, struct kst_error *err);

/* From a signal handler: remove the neighbour files of saves that are under way.  Async-signal-safe. */
void kst_store_abort_all(void);

enum kst_file_flags {
	KST_FILE_SECRET = 1 << 0,  /* 0600 from the first byte */
	KST_FILE_REPLACE = 1 << 1, /* an existing file may be replaced */
	KST_FILE_LOOSE = 1 << 2,   /* in a directory that others may write to, too */
	KST_FILE_PUBLIC = 1 << 3   /* for everybody to read, whatever the umask */
};
/* Write bytes to a file by the same protocol: exported certificates and keys.  `flags` are those above.
 * 0 or -1. */
int kst_file_write(const char *path, const void *data, size_t len, unsigned flags,
		   struct kst_error *err);
/* Read a whole file, or standard input for "-", into a wiped buffer; at most `limit` bytes. */
int kst_file_read(const char *path, uint64_t limit, struct kst_buf *out, struct kst_error *err);

/* ---- gathering: many inputs, one set of entries ---- */

struct kst_gather_options {
	bool as_trust;     /* certificates that belong to no key become trusted entries; so they do
			    * without this where no input has a key */
	bool drop_root;    /* leave a self-issued root out of key chains */
	bool keep_crls;    /* the result can hold revocation lists beside certificates */
	const char *alias; /* for the single key (USAGE if there are several); NULL: derived */
	/* certificates that may complete chains but are not gathered themselves */
	struct kst_store *const *extra;
	size_t nr_extra;
};
struct kst_gathered {
	struct kst_entry **entry; /* in the order of the inputs; owned */
	size_t nr;
	struct kst_left_out {
		char *source, *what, *reason; /* file, name of the thing, why; owned */
	} *left;
	size_t nr_left;
	size_t duplicates; /* exact duplicates dropped */
};
/*
 * Everything in the stores as one set: keys matched to certificates by public
 * key, chains ordered by signature and name and completed from all inputs, exact
 * duplicates dropped, aliases kept or derived and made unique.  A missing
 * intermediate is a note ("chain-incomplete").  Sealed keys are opened.  0 or -1.
 */
int kst_gather(struct kst_gathered *out, struct kst_store *const *store, size_t nr,
	       const struct kst_gather_options *opt, struct kst_notes *notes,
	       struct kst_error *err);
void kst_gathered_release(struct kst_gathered *g);

#endif
