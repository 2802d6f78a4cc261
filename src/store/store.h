/* SPDX-License-Identifier: ISC */
/*
 * store.h - an open store as the files of src/store see it
 */
#ifndef KST_STORE_STORE_H
#define KST_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/file.h"
#include "kstool/alloc.h"
#include "kstool/native.h"
#include "kstool/store.h"
#include "kstool/text.h"

/*
 * Positions by hash: of the alias, of a fingerprint.  A slot is only a hint, the
 * reader of it compares the thing itself; so a replaced or renamed entry leaves
 * its old slot behind, and only a removal (which moves positions) drops the table.
 */
struct kst_positions {
	struct kst_position {
		uint64_t hash;
		size_t at; /* position + 1; 0: free */
	} *slot;
	size_t size, used;
	bool built;
};

struct kst_store {
	char *path; /* as the user wrote it */
	const struct kst_format *format;
	struct kst_model model;
	const struct kst_asker *asker;
	struct kst_limits limits;
	struct kst_notes *notes;
	const struct kst_progress *progress;
	struct kst_read_options read;
	bool edit, loose, part_links, is_new, saved;
	bool is_dir;      /* its place is a directory; bytes is the pack of it */
	bool changed;     /* entries or passphrase */
	bool had_secrets; /* when it was opened */

	int fd; /* of the file the model was read from (locked with `edit`); -1: none */
	struct stat st;
	struct kst_buf bytes; /* the whole file, unless the format reads piece by piece */
	bool lazy;
	struct kst_place place;

	struct kst_live *live; /* what a server showed: no file at all; NULL */

	struct kst_buf scratch; /* texts of the last head */
	uint64_t seed;
	struct kst_positions by_alias, by_cert;
};


/* ---- open.c ---- */
/* A store without contents; NULL and NO_MEMORY. */
struct kst_store *kst_store_alloc(const char *path, const struct kst_open_options *opt,
				  struct kst_error *err);

/* ---- source.c: bytes for a format ---- */
struct kst_fd_source {
	int fd;
};
/* A source of bytes in memory; `bytes` must outlive it. */
struct kst_source kst_source_memory(const struct kst_bytes *bytes);
/* A source that reads fd piece by piece. */
struct kst_source kst_source_fd(struct kst_fd_source *ctx, uint64_t size);
/* The io of a store: source, limits, notes, read options; sink and write options are empty. */
struct kst_io kst_store_io(struct kst_store *s, struct kst_fd_source *ctx,
			   struct kst_bytes *bytes);

/* ---- look.c ---- */
/* Is anything in it that others must not read?  Loads nothing. */
bool kst_store_has_secrets(const struct kst_store *s);
/* The alias of entry i, or NULL; borrowed until the next head. */
const char *kst_store_alias(struct kst_store *s, size_t i);

/* ---- secret.c ---- */
/* Open a sealed secret key with one passphrase.  0 opened, 1 wrong, -1. */
int kst_secret_try(const struct kst_format *f, struct kst_entry *e, const struct kst_secret *pass,
		   struct kst_error *err);
/* The same, asking.  0 or -1. */
int kst_store_open_secret(struct kst_store *s, struct kst_entry *e, struct kst_error *err);

/* ---- passwd.c ---- */
/* The key of `e`, which takes the place of `old`, gets the passphrase that old's key has beside that
 * of the file, if it has one and somebody gave it; where nobody did, that is noted.  0; -1: a
 * passphrase was given and is wrong or cannot be read. */
int kst_store_keep_seal(struct kst_store *s, const struct kst_entry *old, struct kst_entry *e,
			struct kst_error *err);

/* ---- positions.c ---- */
/* For hash tables: hostile bytes cannot be made to collide without the seed. */
uint64_t kst_hash(uint64_t seed, const void *data, size_t n);
size_t kst_positions_alias(struct kst_store *s, const char *alias);
size_t kst_positions_cert(struct kst_store *s, const uint8_t *sha256);
/* Entry i is new, replaced or renamed. */
void kst_positions_add(struct kst_store *s, size_t i);
/* Positions have moved. */
void kst_positions_drop(struct kst_store *s);

/* ---- hint.c ---- */
/* A hint that is a command: `before`, the path as a shell takes it, `after`.  Returns -1. */
int kst_hint_path(struct kst_error *err, const char *before, const char *path, const char *after);

/* ---- native.c ---- */
/* Is a native store whole (formats/kst1.md 4.8 c)?  0, or -1 with the first finding as the error. */
int kst_check_whole(const struct kst_format *format, const struct kst_io *io, struct kst_error *err);

/* ---- recognise.c ---- */
/* UNKNOWN_FORMAT or EMPTY_FILE, saying what the bytes look like. */
int kst_recognise(const char *path, const uint8_t *data, size_t n, struct kst_error *err);
/* Why bytes of a known format could not be read: what was done to them, as detail of the error.  Returns -1. */
int kst_explain(const uint8_t *data, size_t n, bool binary, struct kst_error *err);

/* ---- permissions.c ---- */
/* May this file be changed by us at all (F2)?  0 or -1. */
int kst_check_editable(const struct kst_store *s, const struct stat *st, struct kst_error *err);
/* Notes on what others may read or write. */
void kst_note_permissions(struct kst_store *s);
/* PERMISSIONS: who can change this `what`, and what mends it.  -1. */
int kst_refuse_writers(const char *path, const struct stat *st, const char *what, struct kst_error *err);
/* Mode of a new file: 0600, or for what is public 0644 without the bits of the umask. */
mode_t kst_new_mode(bool secret);

/* ---- passphrase.c ---- */
/* Ask for a new passphrase, and refuse one that is empty, too long or too short.  0 or -1. */
int kst_store_ask_new(struct kst_store *s, const char *alias, struct kst_secret *out,
		      struct kst_error *err);

/* ---- verify.c: is what is on the disk what was meant? ---- */
/* `fd` is a fresh descriptor of the `size` bytes that were written. */
int kst_read_back(struct kst_store *s, int fd, uint64_t size,
		  const struct kst_write_options *write, struct kst_error *err);

/* The same of bytes in memory. */
int kst_read_back_bytes(struct kst_store *s, const struct kst_buf *bytes,
			const struct kst_write_options *write, struct kst_error *err);

/* ---- dir.c: stores whose place is a directory ---- */
/* The fd of the directory, locked with `edit`; or -1. */
int kst_dir_open(const char *path, bool edit, bool loose, struct kst_error *err);
/* Its members as a pack; appended.  What cannot be one is noted, by the name of `path`. */
int kst_dir_pack(int dirfd, const char *path, const struct kst_limits *limits,
		 struct kst_notes *notes, struct kst_buf *out, struct kst_error *err);
/* Make the directory what the pack says, where it differs from s->bytes. */
int kst_dir_apply(struct kst_store *s, const struct kst_buf *now, struct kst_error *err);

/* ---- undo_dir.c ---- */
struct kst_undo;
/* DIR.kstool-bak: the members as they were when the store was opened, 0600.  Its path in out. */
int kst_dir_backup(const struct kst_store *s, char *out, size_t size, struct kst_error *err);
/* kst_store_undo() of a directory. */
int kst_dir_undo(struct kst_undo *out, const char *path, const struct kst_open_options *opt, bool dry_run,
		 struct kst_error *err);

/* ---- backup.c ---- */
/* Where the backup of a place lies.  0 or -1. */
int kst_backup_path(const struct kst_place *place, char *out, size_t size, struct kst_error *err);
/* Copy the locked old file to NAME.kstool-bak, 0600.  Its path in out. */
int kst_backup_make(const struct kst_place *place, int fd, bool loose, char *out, size_t size,
		    struct kst_error *err);
/* Remove that copy if there is one.  True if it was there. */
bool kst_backup_remove(const struct kst_place *place);

#endif
