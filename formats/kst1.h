/* SPDX-License-Identifier: ISC */
/*
 * kst1.h - inside of the native format; kst1.md is the specification
 *
 * What the parts of formats/kst1*.c share.  A store is read into a struct
 * kst1_state: the header, one private copy of the index, two small tables of
 * offsets, and the keys once a secret was given.  Nothing here keeps a pointer
 * to the source: it comes anew with every call.
 */
#ifndef KST_FORMATS_KST1_H
#define KST_FORMATS_KST1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/native.h"

#define KST1_MAGIC "\x89KST1\r\n\x1a" /* 8 bytes */

enum {
	KST1_HEADER = 4096,
	KST1_SLOTS = 16,
	KST1_SLOT = 224,
	KST1_SLOT_AT = 256,
	KST1_SIG_AT = 4032,
	KST1_KEY = 32,
	KST1_HASH = 32,
	KST1_ID = 16,
	KST1_NONCE = 24,
	KST1_SEAL = 40, /* what sealing adds: nonce and tag */
	KST1_BOX_HEAD = 24,
	KST1_PAD = 1024,
	KST1_RECORD_MIN = 110, /* with its length: the six required fields, an alias of one byte */
	KST1_LABEL = 64,
	KST1_ALIAS = 255,
	KST1_CHAIN = 100,
	KST1_ENTRIES = 1000000,
	KST1_PASS_SLOTS = 8,
	KST1_KDF_PASSES = 3,
	KST1_KDF_KIB = 262144,
	KST1_KDF_PASSES_MIN = 2,
	KST1_KDF_PASSES_MAX = 64,
	KST1_KDF_KIB_MIN = 19456
};
#define KST1_INDEX_MAX (UINT64_C(1) << 29)
#define KST1_DATA_MAX (UINT64_C(1) << 40)
#define KST1_ENTRY_MAX (UINT64_C(16) << 20)
#define KST1_BOX_MAX (KST1_ENTRY_MAX + KST1_BOX_HEAD + KST1_SEAL)

/* Kinds of entry as the file numbers them. */
enum kst1_kind { KST1_KEY_PAIR = 1, KST1_TRUSTED = 2, KST1_SECRET = 3, KST1_PENDING = 4 };

static inline uint32_t kst1_get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t kst1_get64(const uint8_t *p)
{
	return (uint64_t)kst1_get32(p) | (uint64_t)kst1_get32(p + 4) << 32;
}
static inline void kst1_put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}
static inline void kst1_put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}
bool kst1_is_zero(const uint8_t *p, size_t n);

/* ---- kst1_keys.c: hashes, and the keys that follow from the root ---- */

void kst1_hash(uint8_t out[KST1_HASH], const void *data, size_t n);
/* Keyed hash of pieces in a row. */
void kst1_mac(uint8_t out[KST1_HASH], const uint8_t key[KST1_KEY], const struct kst_bytes *piece,
	      size_t nr);

/* The secret part of a keyring lies in one guarded piece. */
struct kst1_keys {
	uint8_t root[KST1_KEY], read[KST1_KEY], index[KST1_KEY], entry[KST1_KEY];
	uint8_t seed[32], sign[64];
};
struct kst1_keyring {
	struct kst_secret mem;
	bool can_read, can_write; /* D is known; R is known */
	uint8_t sign_pk[32];      /* of R; only with can_write */
};
static inline const struct kst1_keys *kst1_keys_of(const struct kst1_keyring *k)
{
	return (const struct kst1_keys *)(const void *)k->mem.data;
}
int kst1_keyring_root(struct kst1_keyring *k, const uint8_t root[KST1_KEY], struct kst_error *err);
int kst1_keyring_read(struct kst1_keyring *k, const uint8_t read[KST1_KEY], struct kst_error *err);
int kst1_keyring_new(struct kst1_keyring *k, struct kst_error *err); /* a new random root */
void kst1_keyring_release(struct kst1_keyring *k);

/* ---- kst1_header.c ---- */

struct kst1_header {
	uint8_t kind; /* 'K' or 'T' */
	bool sealed;
	uint8_t store_id[KST1_ID];
	uint64_t generation, modified;
	uint8_t sign_pk[32];
	uint64_t index_len, data_len;
	uint8_t index_hash[KST1_HASH], data_root[KST1_HASH];
	uint8_t slot[KST1_SLOTS][KST1_SLOT];
};
bool kst1_header_magic(const uint8_t *raw, size_t n);
/* Steps 1 and 2: magic, lengths.  Fields beyond the lengths are not looked at. */
int kst1_header_size(const uint8_t raw[KST1_HEADER], uint64_t file_size, struct kst_error *err);
/* Step 4. */
bool kst1_header_signed(const uint8_t raw[KST1_HEADER]);
/* Step 5. */
int kst1_header_parse(struct kst1_header *h, const uint8_t raw[KST1_HEADER],
		      struct kst_error *err);
/* Both headers of a file, steps 1 to 5.  `raw` gets the first. */
int kst1_header_read(struct kst_io *io, struct kst1_header *h, uint8_t raw[KST1_HEADER],
		     struct kst_error *err);
/* Serialise and sign; checks its own signature (INTERNAL). */
int kst1_header_build(uint8_t raw[KST1_HEADER], const struct kst1_header *h,
		      const struct kst1_keyring *k, struct kst_error *err);

/* ---- kst1_slot.c ---- */

/* What opens a slot.  X25519: the identity's 32 bytes, or 32 bytes of an ephemeral secret followed
 * by the recipient, which opens the slot that was made with it. */
struct kst1_secret {
	unsigned type; /* enum kst_slot_type */
	struct kst_secret data;
};
int kst1_secret_set(struct kst1_secret *s, unsigned type, const void *data, size_t n,
		    struct kst_error *err);
void kst1_secret_release(struct kst1_secret *s);

static inline unsigned kst1_slot_type(const uint8_t *slot)
{
	return slot[0];
}
static inline bool kst1_slot_known(const uint8_t *slot)
{
	return slot[0] >= KST_SLOT_PASSPHRASE && slot[0] <= KST_SLOT_X25519;
}
static inline bool kst1_slot_is_admin(const uint8_t *slot)
{
	return kst1_slot_known(slot) && slot[1] == KST_ROLE_ADMIN;
}
/* Step 8: are the passphrase slots within the caps?  LIMIT. */
int kst1_kdf_caps(const struct kst1_header *h, const struct kst_limits *limits,
		  struct kst_error *err);
/*
 * Open slot n with a secret.  0 opened (payload: 32 bytes), 1 not with this
 * secret, -1 RE_SIGNED or no memory.
 */
int kst1_slot_open(const struct kst1_header *h, unsigned n, const struct kst1_secret *secret,
		   struct kst_secret *payload, struct kst_error *err);
/*
 * Step 9 over all slots of the secret's type.  0: `k` can read (and write, if an
 * admin slot was met or asked for); 1: no slot; -1: READER_SECRET, RE_SIGNED,
 * LIMIT ...
 */
int kst1_slots_unlock(const struct kst1_header *h, const struct kst1_secret *secret, bool admin,
		      const struct kst_limits *limits, struct kst1_keyring *k, int *number,
		      struct kst_error *err);
/* Make slot n of `h` (type, role, costs, label from `how`), wrapping what its role may hold.
 * For X25519 the secret of `made` is set; it may be NULL. */
int kst1_slot_make(struct kst1_header *h, unsigned n, const struct kst_slot_add *how,
		   const struct kst1_secret *secret, const struct kst1_keyring *k,
		   struct kst1_secret *made, struct kst_error *err);
void kst1_slot_info(const uint8_t slot[KST1_SLOT], unsigned n, struct kst_slot_info *out);

/* ---- kst1_tlv.c ---- */

enum kst1_place { KST1_RECORD = 1, KST1_BOX = 2 };
enum kst1_field {
	KST1_F_ID,
	KST1_F_KIND,
	KST1_F_ALIAS,
	KST1_F_BOX,
	KST1_F_CREATED,
	KST1_F_MODIFIED,
	KST1_F_KEY,
	KST1_F_CERTS,
	KST1_F_SECRET,
	KST1_F_DISTRUSTED,
	KST1_F_SHA256,
	KST1_F_NOT_BEFORE,
	KST1_F_NOT_AFTER,
	KST1_F_KEY_TEXT,
	KST1_F_SUBJECT,
	KST1_F_NR_CERTS,
	KST1_F_NAME,
	KST1_F_MORE_NAMES,
	KST1_F_ALIAS_SOURCE,
	KST1_F_LOCAL_KEY_ID,
	KST1_F_ORIGIN,
	KST1_F_PURPOSES,
	KST1_F_ATTRS,
	KST1_F_NOTE,
	KST1_F_SECRET_ALG,
	KST1_F_COUNT
};
struct kst1_fields {
	uint32_t have; /* bit of each field that is there; f[] is valid for those only */
	struct kst_bytes f[KST1_F_COUNT];
};
static inline bool kst1_has(const struct kst1_fields *f, enum kst1_field i)
{
	return f->have >> i & 1;
}
/*
 * Parse and check a list (kst1.md 4.5) but for required tags.  0; KST_E_CORRUPT
 * or KST_E_UNSUPPORTED_FEATURE with `*why` in words.
 */
enum kst_code kst1_tlv_parse(struct kst1_fields *out, enum kst1_place place, const uint8_t *data,
			     size_t n, const char **why);
/* Length limits and tag of a field. */
uint16_t kst1_field_tag(enum kst1_field i);
size_t kst1_field_max(enum kst1_field i);
void kst1_tlv_put(struct kst_buf *out, enum kst1_field i, const void *data, size_t n);
/* Text, made valid and cut to whole characters; nothing if `empty_ok` is false and it is empty. */
void kst1_tlv_put_text(struct kst_buf *out, enum kst1_field i, const void *data, size_t n,
		       bool empty_ok);
/* Append the optional TLVs of a valid list that this version does not know. */
void kst1_tlv_unknown(struct kst_buf *out, enum kst1_place place, const uint8_t *data, size_t n);
/* Merge valid lists into one; -1 if a tag stands in two of them. */
int kst1_tlv_merge(struct kst_buf *out, const struct kst_bytes *list, size_t nr);
/* Does any tag stand in both valid lists? */
bool kst1_tlv_overlap(const struct kst_bytes *a, const struct kst_bytes *b);

/* ---- kst1_index.c ---- */

struct kst1_index {
	uint8_t *buf; /* as stored, then decrypted in place */
	size_t buf_len;
	const uint8_t *plain;
	size_t plain_len;
	size_t nr;
	uint32_t *record; /* offsets of the lengths of the records in `plain` */
	uint64_t *box;    /* offset of each box in the file; nr + 1 of them */
	bool ready;       /* step 10 was passed */
};
/* Step 7: read the stored bytes and check their hash. */
int kst1_index_read(struct kst1_index *x, const struct kst1_header *h, struct kst_io *io,
		    struct kst_error *err);
/* Step 10: decrypt (k is not looked at for an open store) and parse. */
int kst1_index_open(struct kst1_index *x, const struct kst1_header *h,
		    const struct kst1_keyring *k, struct kst_error *err);
void kst1_index_release(struct kst1_index *x);
/* The TLVs of record i. */
struct kst_bytes kst1_index_record(const struct kst1_index *x, size_t i);
void kst1_index_fields(const struct kst1_index *x, size_t i, struct kst1_fields *out);
struct kst_bytes kst1_index_alias(const struct kst1_index *x, size_t i);
size_t kst1_index_find(const struct kst1_index *x, const void *alias, size_t n);
/* memcmp order of aliases: unsigned bytes, a prefix first. */
int kst1_alias_order(const struct kst_bytes *a, const struct kst_bytes *b);
/* Seal an index (plain without padding) as it is stored. */
int kst1_index_seal(struct kst_buf *out, const struct kst_bytes *plain, const struct kst1_header *h,
		    const struct kst1_keyring *k, struct kst_error *err);

/* ---- kst1_box.c ---- */

struct kst1_box {
	const uint8_t *data;
	size_t len;
	const uint8_t *id;
	struct kst_bytes public, sealed; /* sealed: nonce and ciphertext, or empty */
	size_t sealed_len;               /* plain */
};
/* Its own lengths, against what is there; `exact`: the box must fill the data. */
bool kst1_box_split(struct kst1_box *b, const uint8_t *data, size_t n, bool exact);
/* Decrypt the sealed part; `plain` is used again if it is large enough.  0, 1 not authentic, -1. */
int kst1_box_open(const struct kst1_box *b, const struct kst1_header *h,
		  const struct kst1_keyring *k, struct kst_secret *plain, struct kst_error *err);
/* Append a box.  `nonce` is used if there is a sealed part. */
int kst1_box_seal(struct kst_buf *out, const uint8_t id[KST1_ID], const struct kst_bytes *public,
		  const struct kst_bytes *sealed, const uint8_t nonce[KST1_NONCE],
		  const struct kst1_header *h, const struct kst1_keyring *k,
		  struct kst_error *err);

/* An entry that passed step 11, or its public half. */
struct kst1_opened {
	struct kst1_box box;
	bool whole; /* the sealed part was opened, or there is none */
	unsigned kind;
	struct kst1_fields fields; /* of both parts */
	struct kst_bytes sealed;   /* TLVs; in `plain` */
	struct kst_secret plain;
	uint8_t *raw; /* the box, where it was read for this alone */
};
/*
 * Step 11 from H(box) on.  `record` NULL: the box speaks for itself (repair);
 * `k` without D: the public half.
 */
int kst1_entry_check(struct kst1_opened *o, const uint8_t *box, size_t n,
		     const struct kst1_fields *record, const struct kst1_header *h,
		     const struct kst1_keyring *k, struct kst_error *err);
void kst1_opened_release(struct kst1_opened *o);
/* Certificates of tag 17: next one, NULL data at the end. */
struct kst_bytes kst1_chain_next(struct kst_cursor *c);

/* A window on a source for going through the boxes in order. */
struct kst1_window {
	uint8_t *buf;
	size_t size, len;
	uint64_t at;
};
/* n bytes at `offset`, valid until the next call; NULL and *err.  Nothing is read beyond `end`. */
const uint8_t *kst1_window_get(struct kst1_window *w, struct kst_io *io, uint64_t offset, size_t n,
			       uint64_t end, struct kst_error *err);
void kst1_window_release(struct kst1_window *w);

/* ---- kst1_entry.c: the model's entries ---- */

/* An entry as lists of TLVs. */
struct kst1_encoded {
	unsigned kind;
	struct kst_buf public, sealed;
};
void kst1_encoded_release(struct kst1_encoded *e);
/*
 * From the model.  `old` (may be NULL) is the entry in the file: it gives the
 * key where the model has only the public half.  Times are taken from `e`.
 */
int kst1_entry_encode(struct kst1_encoded *out, const struct kst_entry *e,
		      const struct kst1_opened *old, const struct kst1_header *h,
		      struct kst_notes *notes, struct kst_error *err);
int kst1_entry_decode(struct kst_entry **out, const struct kst1_opened *o,
		      const struct kst_bytes *record, struct kst_error *err);
/* Append a whole record, length included.  `ext`: optional TLVs to carry over. */
int kst1_record_put(struct kst_buf *out, const struct kst1_fields *f, const uint8_t id[KST1_ID],
		    const uint8_t *box, size_t box_len, const struct kst_bytes *ext,
		    struct kst_error *err);
/* An alias as it may stand in a message. */
const char *kst1_show(const struct kst_bytes *alias, struct kst_buf *scratch);

/* ---- kst1.c ---- */

struct kst1_state {
	bool fresh; /* a new store: there is no file yet */
	struct kst1_header h;
	uint8_t raw[KST1_HEADER]; /* the header as read */
	struct kst1_index index;
	struct kst1_keyring keys;
	bool pinned;
	int opened_slot; /* -1 none */
	struct kst1_secret opened;

	/* changes to come */
	uint8_t slot[KST1_SLOTS][KST1_SLOT];
	bool slots_changed, rekeyed;
	struct kst1_keyring next;              /* after rekey */
	struct kst1_secret made[KST1_SLOTS];   /* secrets of slots made since the file was read */

	/* what the last write() meant */
	bool written;
	uint8_t meant[KST1_HEADER];
	struct kst1_made_box {
		size_t at;   /* number in the new file */
		size_t item; /* number in the model */
	} *made_box;
	size_t nr_made_box;
};
struct kst1_state *kst1_state_new(void);
void kst1_state_release(void *state);
void kst1_state_info(const struct kst1_state *st, struct kst_info *info);
/* A state for a store that has no file: kind and setting of io->write, a new root. */
int kst1_state_fresh(struct kst_io *io, struct kst_model *m, struct kst_error *err);
/* Ask for what opens a new store, unless it has a slot already. */
int kst1_first_slots(struct kst_io *io, struct kst_model *m, struct kst_error *err);
/* Steps 1 to 7. */
int kst1_state_read(struct kst1_state *st, struct kst_io *io, struct kst_info *info,
		    struct kst_error *err);
/* Get a secret and what follows from it.  `source` may be NULL. */
int kst1_state_unlock(struct kst1_state *st, struct kst_io *io, enum kst_need need,
		      enum kst_ask_source *source, struct kst_error *err);
/* A passphrase in the form that slots take. */
int kst1_passphrase(struct kst1_secret *out, const struct kst_secret *pass, bool fresh,
		    struct kst_error *err);
/* The secret for a new slot from the asker.  0; 1 none was given; -1. */
int kst1_ask_new(struct kst_io *io, unsigned type, bool optional, struct kst1_secret *out,
		 struct kst_error *err);
/* Read box i and take it through step 11. */
int kst1_state_entry(struct kst1_state *st, struct kst_io *io, size_t i, struct kst1_opened *o,
		     struct kst_error *err);
/* Box number i as it lies in the file; valid until w's next use. */
const uint8_t *kst1_state_box(struct kst1_state *st, struct kst_io *io, size_t i,
			      struct kst1_window *w, const struct kst1_fields *record, size_t *n,
			      struct kst_error *err);
/* Open a store with an X25519 identity (32 bytes); a pin is required. */
int kst1_unlock_identity(struct kst_io *io, struct kst_model *m, const struct kst_secret *identity,
			 enum kst_need need, struct kst_error *err);

/* ---- kst1_pins.c ---- */

/* The next line of a list as a string, without its end; NULL after the last.  The list, which a
 * zero byte follows, is cut into strings. */
char *kst1_pins_line(char **at, const char *end);
/* One line, which is changed.  0 a pin, whose name is the caller's; 1 nothing on it; -1 broken: *why,
 * NULL without memory. */
int kst1_pin_parse(struct kst_pin *pin, char *line, const char **why);
/* kst1_pin.c: the list with the line of this store. */
int kst1_pin(struct kst_buf *list, enum kst_pin_change *change, const struct kst_bytes *old,
	     const struct kst_model *m, const struct kst_pin_options *opt, struct kst_error *err);
/* Step 6.  `name` (64 bytes) gets the name of the pin. */
int kst1_signer_check(const struct kst1_header *h, const struct kst_read_options *opt, bool *pinned,
		      char name[64], struct kst_error *err);

/* ---- kst1_out.c: a store on its way out ---- */

struct kst1_out {
	struct kst_io *io;
	uint8_t *buf;
	size_t len;
};
int kst1_out_init(struct kst1_out *o, struct kst_io *io, struct kst_error *err);
int kst1_out_put(struct kst1_out *o, const void *data, size_t n, struct kst_error *err);
int kst1_out_flush(struct kst1_out *o, struct kst_error *err);
void kst1_out_release(struct kst1_out *o);
/* Copy n bytes of a source. */
int kst1_out_copy(struct kst1_out *o, struct kst_io *from, uint64_t offset, uint64_t n,
		  struct kst_error *err);

/* ---- kst1_write.c, kst1_check.c, kst1_repair.c, kst1_slot_ops.c ---- */

int kst1_write(struct kst_io *io, struct kst_model *from, struct kst_error *err);
int kst1_verify(struct kst_io *io, struct kst_model *meant, struct kst_error *err);
int kst1_check(struct kst_io *io, struct kst_check *out, struct kst_error *err);
int kst1_repair(struct kst_io *io, struct kst_repair *out, const char *const *accept,
		struct kst_error *err);
int kst1_restore(struct kst_io *io, struct kst_model *m, struct kst_io *backup,
		 struct kst_error *err);
/* data_root of a file, cutting boxes by their own lengths.  0 it is `root`; 1 it is not; -1. */
int kst1_data_root(struct kst_io *io, const struct kst1_header *h, size_t *boxes,
		   struct kst_error *err);
/* Do all entries have ids of their own?  `twice` gets one that has not. */
int kst1_ids_unique(const struct kst1_index *x, size_t *twice, bool *unique, struct kst_error *err);

size_t kst1_slots(const struct kst_model *m, struct kst_slot_info out[16]);
int kst1_slot_add(struct kst_io *io, struct kst_model *m, const struct kst_slot_add *how,
		  unsigned *number, struct kst_error *err);
int kst1_slot_remove(struct kst_model *m, unsigned number, struct kst_error *err);
int kst1_passwd(struct kst_io *io, struct kst_model *m, int number, struct kst_error *err);
int kst1_rekey(struct kst_io *io, struct kst_model *m, bool dropped[16], struct kst_error *err);
int kst1_opened_slot(const struct kst_model *m);
bool kst1_changed(const struct kst_model *m);
bool kst1_same_version(const struct kst_model *m, const uint8_t *head, size_t n);
/* Put a slot into a state: the lowest empty place, caps and labels checked. */
int kst1_state_slot_add(struct kst1_state *st, const struct kst_slot_add *how,
			const struct kst1_secret *secret, const struct kst_limits *limits,
			unsigned *number, struct kst_error *err);

/* ---- kst1_text.c: beyond native.h ---- */

#define KST1_KEY_PREFIX "kstool-key-1:"
#define KST1_IDENTITY_PREFIX "kstool-identity-1:"
#define KST1_RECIPIENT_PREFIX "kstool-recipient-1:"
#define KST1_SIGNER_PREFIX "ed25519:"
/* `prefix` and base64url of 32 bytes and their check; 0 or -1 without error. */
int kst1_text_parse(uint8_t out[32], const char *prefix, const void *text, size_t n);
void kst1_text_put(struct kst_buf *out, const char *prefix, const uint8_t data[32]);
/* base64url without padding; decoding refuses unused bits.  0 or -1. */
void kst1_base64url(struct kst_buf *out, const uint8_t *data, size_t n);
int kst1_base64url_parse(uint8_t *out, size_t out_len, const char *text, size_t n);

#endif
