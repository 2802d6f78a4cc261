/* SPDX-License-Identifier: ISC */
/*
 * native.h - what only a native store (KST1) can do: slots, check, repair, pins
 *
 * The bytes are specified in formats/kst1.md.
 */
#ifndef KSTOOL_NATIVE_H
#define KSTOOL_NATIVE_H

#include "kstool/store.h"

enum kst_slot_type { KST_SLOT_EMPTY, KST_SLOT_PASSPHRASE, KST_SLOT_KEY_FILE, KST_SLOT_X25519 };
enum kst_slot_role { KST_ROLE_ADMIN = 1, KST_ROLE_READER = 2 };

struct kst_slot_info {
	unsigned number;  /* 0..15 */
	unsigned type;    /* enum kst_slot_type, or an unknown number */
	unsigned role;    /* 0 where the type is not known */
	uint32_t passes, kib;
	int64_t created;
	char label[65];
};
/* Slots in use; at most 16.  Returns how many. */
size_t kst_store_slots(const struct kst_store *s, struct kst_slot_info out[16]);

struct kst_slot_add {
	enum kst_slot_type type;
	enum kst_slot_role role;
	const char *label;          /* NULL none */
	uint32_t passes, kib;       /* 0: the defaults */
	const uint8_t *recipient;   /* X25519: 32 bytes */
};
/* Add, remove by number or label, re-key; in memory, kst_store_save() commits.  The new secret is
 * asked for as NEW_STORE or NEW_KEY_FILE.  *number (may be NULL) is the place. */
int kst_store_slot_add(struct kst_store *s, const struct kst_slot_add *how, unsigned *number,
		       struct kst_error *err);
int kst_store_slot_find(const struct kst_store *s, const char *number_or_label, unsigned *number,
			struct kst_error *err);
int kst_store_slot_remove(struct kst_store *s, unsigned number, struct kst_error *err);
/*
 * New root key.  The secrets of the slots are asked for one by one; a slot whose
 * secret does not come is dropped.  dropped[i] tells for slot i.  At least one
 * admin slot must stay.
 */
int kst_store_rekey(struct kst_store *s, bool dropped[16], struct kst_error *err);
/* The slot that opened the store; -1 if none did. */
int kst_store_opened_slot(const struct kst_store *s);

/* ---- check ---- */

struct kst_finding {
	enum kst_code code;
	uint64_t offset, length; /* the bytes that are damaged; length 0: not known */
	char text[256];
};
struct kst_check {
	bool whole;          /* every bit is the one that was signed */
	bool entries_opened; /* the entries themselves were looked at too (open, or a secret was there) */
	struct kst_info info;
	size_t entries;
	struct kst_finding *finding;
	size_t nr;
};
/*
 * Verify every bit against signature and hashes, no secret needed; sealed
 * entries are looked into if `opt->asker` has a secret at hand.  0: the question
 * was answered (see ->whole); -1: it could not be (not a native store, pin).
 */
int kst_native_check(struct kst_check *out, const char *path, const struct kst_open_options *opt,
		     struct kst_error *err);
void kst_check_release(struct kst_check *c);

/* ---- repair ---- */

struct kst_repair {
	size_t proved;
	struct kst_lost {
		char *alias;      /* NULL: not known */
		char *reason;
		uint8_t sha256[32]; /* fingerprint of what was found unproved */
		bool has_sha256, accepted;
	} *lost;
	size_t nr_lost;
	uint64_t generation[2]; /* of two good headers that differ; else both the same */
};
/* Recover into a new file.  `accept` names unproved entries to take (NULL-terminated).  0 or -1. */
int kst_native_repair(struct kst_repair *out, const char *path, const char *new_path,
		      const char *const *accept, const struct kst_open_options *opt,
		      struct kst_error *err);
void kst_repair_release(struct kst_repair *r);

/* ---- pins (formats/kst1.md 3.6) ---- */

struct kst_pin {
	char *name;
	uint8_t sign_pk[32];
	bool has_store;
	uint8_t store_id[16];
	uint64_t min_generation; /* 0 none */
};
/* Bytes of a list at most. */
#define KST_PINS_MAX (UINT64_C(1) << 20)
/*
 * Append what a list says to *list, of *nr, which the caller frees also after an error.  `text`,
 * which a zero byte follows, is cut into lines.  0; -1: BAD_SIGNERS, with the number of the line.
 */
int kst_pins_parse(struct kst_pin **list, size_t *nr, struct kst_buf *text, struct kst_error *err);
/* The lists in these files (NULL-terminated; a missing one is empty).  PERMISSIONS, unless `loose`,
 * if others can write one.  0; -1, and nothing changed. */
int kst_pins_read(struct kst_pin **out, size_t *nr, const char *const *path, bool loose,
		  struct kst_error *err);
void kst_pins_free(struct kst_pin *pin, size_t nr);
enum kst_pin_change { KST_PIN_UNCHANGED, KST_PIN_ADDED, KST_PIN_REPLACED };
struct kst_pin_options {
	const char *name; /* of the new line: a legal alias without blanks */
	bool update;      /* raise min-generation to that of the store */
	bool replace;     /* the line of another signer, or of a newer generation, gives way */
};
/*
 * Record the signer of an open native store in the list file `path`, which is
 * made if it is not there, with its last two directories.  The store should
 * have been opened without pins: a line that contradicts it is PIN or ROLLBACK
 * here, unless `replace`.  Other lines stay as they are.  With `dry_run` nothing
 * is written.  0 or -1.
 */
int kst_pin_record(enum kst_pin_change *out, const char *path, const struct kst_store *s,
		   const struct kst_pin_options *opt, bool dry_run, struct kst_error *err);
/* "ed25519:..." to 32 bytes; 0 or -1 (BAD_VALUE). */
int kst_signer_parse(const char *text, uint8_t out[32], struct kst_error *err);

/* ---- secrets as text (formats/kst1.md 4.2) ---- */

/* A key file line, or a recovery sheet, to 32 bytes; BAD_KEY_FILE. */
int kst_key_file_parse(struct kst_secret *key, const void *text, size_t len, struct kst_error *err);
/* 32 random bytes. */
int kst_key_file_new(struct kst_secret *key, struct kst_error *err);
/* "kstool-key-1:..." with a line end, appended to a (wiped) buffer. */
void kst_key_file_text(const struct kst_secret *key, struct kst_buf *out);
void kst_recovery_sheet_text(const struct kst_secret *key, struct kst_buf *out);

/* ---- what the format implements; called by store/ ---- */

struct kst_native_ops {
	size_t (*slots)(const struct kst_model *m, struct kst_slot_info out[16]);
	int (*slot_add)(struct kst_io *io, struct kst_model *m, const struct kst_slot_add *how,
			unsigned *number, struct kst_error *err);
	int (*slot_remove)(struct kst_model *m, unsigned number, struct kst_error *err);
	int (*passwd)(struct kst_io *io, struct kst_model *m, int number, struct kst_error *err);
	int (*rekey)(struct kst_io *io, struct kst_model *m, bool dropped[16], struct kst_error *err);
	int (*opened_slot)(const struct kst_model *m);
	bool (*changed)(const struct kst_model *m); /* slots were touched */
	int (*check)(struct kst_io *io, struct kst_check *out, struct kst_error *err);
	/* io->sink gets the recovered store. */
	int (*repair)(struct kst_io *io, struct kst_repair *out, const char *const *accept,
		      struct kst_error *err);
	/* The list of pins `old` with the line that pins this store, appended to `list`. */
	int (*pin)(struct kst_buf *list, enum kst_pin_change *change, const struct kst_bytes *old,
		   const struct kst_model *m, const struct kst_pin_options *opt,
		   struct kst_error *err);
	/* The old header, to see whether another writer was faster: same bytes? */
	bool (*same_version)(const struct kst_model *m, const uint8_t *head, size_t n);
	/* undo: write `backup`'s contents as the next generation of the model. */
	int (*restore)(struct kst_io *io, struct kst_model *m, struct kst_io *backup,
		       struct kst_error *err);
};

#endif
