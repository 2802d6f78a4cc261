/* SPDX-License-Identifier: ISC */
/*
 * kst1.c - the native store as a format: read, list, load, unlock
 *
 * read() follows steps 1 to 7 of kst1.md 4.7 and, where the index can be read,
 * step 10.  The entries themselves are not touched before somebody asks for one.
 */
#include "crypto/der.h"
#include "crypto/names.h"
#include "kst1.h"

#include <stdio.h>
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/text.h"

struct kst1_state *kst1_state_new(void)
{
	struct kst1_state *st = kst_calloc(1, sizeof(*st));
	if (st)
		st->opened_slot = -1;
	return st;
}

void kst1_state_release(void *state)
{
	struct kst1_state *st = state;
	if (!st)
		return;
	kst1_index_release(&st->index);
	kst1_keyring_release(&st->keys);
	kst1_keyring_release(&st->next);
	kst1_secret_release(&st->opened);
	for (int i = 0; i < KST1_SLOTS; i++)
		kst1_secret_release(&st->made[i]);
	kst_free(st->made_box);
	kst_free(st);
}

static int probe(const uint8_t *data, size_t n, bool whole)
{
	(void)whole;
	return kst1_header_magic(data, n) ? 100 : 0;
}

void kst1_state_info(const struct kst1_state *st, struct kst_info *info)
{
	const struct kst1_header *h = &st->h;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	info->integrity = KST_INTEGRITY_VERIFIED;
	info->encrypted = h->sealed || h->kind == 'K';
	info->store_kind = (char)h->kind;
	info->sealed = h->sealed;
	info->pinned = st->pinned;
	info->generation = h->generation;
	info->modified = h->modified > INT64_MAX ? INT64_MAX : (int64_t)h->modified;
	memcpy(info->store_id, h->store_id, KST1_ID);
	memcpy(info->sign_pk, h->sign_pk, 32);
	snprintf(info->mac, sizeof(info->mac), "Ed25519");
	kst_buf_puts(&text, "ed25519:");
	kst1_base64url(&text, h->sign_pk, 32);
	snprintf(info->signer, sizeof(info->signer), "%s",
		 text.failed ? "" : (const char *)text.data);
	for (int i = 0; i < KST1_SLOTS; i++) {
		struct kst_slot_info s;
		kst1_slot_info(h->slot[i], (unsigned)i, &s);
		if (s.type != KST_SLOT_PASSPHRASE)
			continue;
		snprintf(info->kdf, sizeof(info->kdf), "Argon2id, %u passes, %u MiB", s.passes,
			 s.kib / 1024);
		info->iterations = s.passes;
		break;
	}
}

int kst1_state_read(struct kst1_state *st, struct kst_io *io, struct kst_info *info,
		    struct kst_error *err)
{
	static const struct kst_read_options none;
	char name[64] = "";
	if (kst1_header_read(io, &st->h, st->raw, err) < 0 ||
	    kst1_signer_check(&st->h, io->read ? io->read : &none, &st->pinned, name, err) < 0 ||
	    kst1_index_read(&st->index, &st->h, io, err) < 0)
		return -1;
	memcpy(st->slot, st->h.slot, sizeof(st->slot));
	if (info) {
		kst1_state_info(st, info);
		memcpy(info->signer_name, name, sizeof(name));
	}
	return 0;
}

/* ---- secrets ---- */

int kst1_passphrase(struct kst1_secret *out, const struct kst_secret *pass, bool fresh,
		    struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!pass->len)
		return kst_error_setx(err, KST_E_EMPTY_PASSPHRASE,
				      "an empty passphrase protects nothing");
	if (pass->len > 1024)
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE,
				      "the passphrase has more than 1024 bytes");
	if (kst_text_opaque_string(&text, pass->data, pass->len, fresh) < 0)
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE,
				      "the passphrase is not valid UTF-8%s",
				      fresh ? ", or has characters that are not assigned" : "");
	if (text.failed)
		return kst_error_nomem(err);
	return kst1_secret_set(out, KST_SLOT_PASSPHRASE, text.data, text.len, err);
}

struct attempt {
	struct kst1_state *st;
	const struct kst_limits *limits;
	bool admin;
};

static int unlock_with(struct attempt *a, struct kst1_secret *secret, struct kst_error *err)
{
	int number = -1;
	int r = kst1_slots_unlock(&a->st->h, secret, a->admin, a->limits, &a->st->keys, &number,
				  err);
	if (r)
		return r;
	a->st->opened_slot = number;
	kst1_secret_release(&a->st->opened);
	a->st->opened = *secret;
	*secret = (struct kst1_secret){ .type = KST_SLOT_EMPTY };
	return 0;
}

static int try_pass(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	struct kst1_secret secret = { .type = KST_SLOT_EMPTY };
	if (!pass->len)
		return 1; /* no slot has an empty passphrase: not worth an Argon2id */
	if (kst1_passphrase(&secret, pass, false, err) < 0)
		return -1;
	int r = unlock_with(ctx, &secret, err);
	kst1_secret_release(&secret);
	return r;
}

/* 0 opened, 1 no key file was given, -1 */
static int try_key_file(struct attempt *a, struct kst_io *io, struct kst_question *q,
			enum kst_ask_source *source, struct kst_error *err)
{
	struct kst1_secret secret = { .type = KST_SLOT_KEY_FILE };
	q->what = KST_ASK_KEY_FILE;
	int r = io->asker->ask(io->asker->ctx, q, &secret.data, source, err);
	if (!r && secret.data.len != KST1_KEY)
		r = kst_error_setx(err, KST_E_BAD_KEY_FILE, "a key file holds 32 bytes");
	if (!r) {
		r = unlock_with(a, &secret, err);
		if (r > 0)
			r = kst_error_setx(err, KST_E_WRONG_KEY_FILE,
					   "the key file opens no slot of the store");
	}
	kst1_secret_release(&secret);
	return r;
}

static unsigned count_slots(const struct kst1_header *h, unsigned type)
{
	unsigned n = 0;
	for (int i = 0; i < KST1_SLOTS; i++)
		n += kst1_slot_type(h->slot[i]) == type;
	return n;
}

static bool needs_secret(const struct kst1_state *st, enum kst_need need)
{
	switch (need) {
	case KST_NEED_NOTHING:
		return false;
	case KST_NEED_READ:
		/* nothing is sealed in an open truststore */
		return !st->keys.can_read && (st->h.sealed || st->h.kind == 'K');
	case KST_NEED_ADMIN:
		return !st->keys.can_write;
	}
	return true;
}

int kst1_state_unlock(struct kst1_state *st, struct kst_io *io, enum kst_need need,
		      enum kst_ask_source *source, struct kst_error *err)
{
	struct attempt a = { st, io->limits, need == KST_NEED_ADMIN };
	enum kst_ask_source from = KST_SOURCE_GIVEN;
	struct kst_question q = { .path = io->path, .format = "native store" };

	if (!needs_secret(st, need))
		return 0;
	if (!io->asker)
		return kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
				      "a passphrase or a key file is needed");
	struct kst_error reader = KST_ERROR_INIT;
	bool pass = count_slots(&st->h, KST_SLOT_PASSPHRASE) > 0;
	int r = try_key_file(&a, io, &q, &from, &reader);
	/* a reader's key file may have been given along with an admin's passphrase, as for rekey */
	if (pass && (r > 0 || (r < 0 && reader.code == KST_E_READER_SECRET))) {
		struct kst_error local = KST_ERROR_INIT;
		bool given = r < 0;
		q.what = KST_ASK_STORE;
		q.why = a.admin ? "to change the store" : NULL;
		r = kst_ask_until(io->asker, &q, NULL, try_pass, &a, NULL, &from, &local);
		if (r && given &&
		    (local.code == KST_E_PASSPHRASE_NEEDED || local.code == KST_E_NO_TERMINAL))
			local = reader;
		if (r && err && !err->code)
			*err = local;
	} else if (r < 0) {
		if (err && !err->code)
			*err = reader;
	} else if (r > 0 && count_slots(&st->h, KST_SLOT_KEY_FILE)) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       "the store has no passphrase, a key file is needed");
		kst_error_hint(err, "--key-file FILE");
	} else if (r > 0) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       "no slot of the store takes a passphrase or a key file");
	}
	if (r)
		return -1;
	if (source)
		*source = from;
	return 0;
}

static int unlock(struct kst_io *io, struct kst_model *m, enum kst_need need,
		  struct kst_error *err)
{
	struct kst1_state *st = m->state;
	if (need == KST_NEED_NOTHING)
		return 0;
	if (!st && kst1_state_fresh(io, m, err) < 0)
		return -1;
	st = m->state;
	/* a new store asks before any file is touched */
	if (st->fresh)
		return io->write ? kst1_first_slots(io, m, err) : 0;
	if (kst1_state_unlock(st, io, need, &m->info.passphrase, err) < 0)
		return -1;
	return 0;
}

int kst1_unlock_identity(struct kst_io *io, struct kst_model *m, const struct kst_secret *identity,
			 enum kst_need need, struct kst_error *err)
{
	struct kst1_state *st = m->state;
	struct attempt a = { st, io->limits, need == KST_NEED_ADMIN };
	struct kst1_secret secret = { .type = KST_SLOT_EMPTY };
	if (!needs_secret(st, need))
		return 0;
	/* anybody who knows a recipient can make a store for it */
	if (!st->pinned)
		return kst_error_setx(err, KST_E_PIN,
				      "an identity opens only a store whose signer is pinned");
	if (identity->len != KST1_KEY)
		return kst_error_setx(err, KST_E_BAD_KEY_FILE, "an identity has 32 bytes");
	if (kst1_secret_set(&secret, KST_SLOT_X25519, identity->data, identity->len, err) < 0)
		return -1;
	int r = unlock_with(&a, &secret, err);
	kst1_secret_release(&secret);
	if (r > 0)
		return kst_error_setx(err, KST_E_WRONG_KEY_FILE,
				      "the identity opens no slot of the store");
	return r;
}

/* ---- reading ---- */

static int read_store(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct kst1_state *st = kst1_state_new();
	struct kst_item *item = NULL;
	if (!st)
		return kst_error_nomem(err);
	if (kst1_state_read(st, io, &into->info, err) < 0)
		goto failed;
	if (st->h.sealed &&
	    kst1_state_unlock(st, io, KST_NEED_READ, &into->info.passphrase, err) < 0)
		goto failed;
	if (kst1_index_open(&st->index, &st->h, &st->keys, err) < 0)
		goto failed;
	if (st->index.nr) {
		item = kst_calloc(st->index.nr, sizeof(*item));
		if (!item) {
			kst_error_nomem(err);
			goto failed;
		}
		for (size_t i = 0; i < st->index.nr; i++)
			item[i].base = i;
	}
	kst_free(into->item);
	into->item = item;
	into->nr = into->size = st->index.nr;
	into->state = st;
	return 0;
failed:
	kst1_state_release(st);
	return -1;
}

static const char *keep(struct kst_buf *scratch, const struct kst1_fields *f, enum kst1_field i)
{
	if (!kst1_has(f, i))
		return NULL;
	const char *at = (const char *)scratch->data + scratch->len;
	kst_buf_put(scratch, f->f[i].data, f->f[i].len);
	kst_buf_u8(scratch, 0);
	return at;
}

/* The index has a dotted OID for all but a few algorithms (its names are frozen); people get a name. */
static const char *key_name(const char *text)
{
	uint8_t der[KST_OID_MAX];
	const char *name = NULL;
	size_t n;

	if (text && *text >= '0' && *text <= '2' && (n = kst_oid_der(text, der)))
		name = kst_key_alg_name((struct kst_bytes){ der, n });
	return name ? name : text;
}

static int head(struct kst_model *m, size_t i, struct kst_head *out, struct kst_buf *scratch,
		struct kst_error *err)
{
	struct kst1_state *st = m->state;
	struct kst1_fields f;
	struct kst_head h = { .kind = KST_KIND_OPAQUE };
	size_t base = m->item[i].base;

	if (!st || base >= st->index.nr)
		return kst_error_setx(err, KST_E_INTERNAL, "no such entry in the index");
	kst1_index_fields(&st->index, base, &f);
	/* the texts must not move once there are pointers to them */
	kst_buf_reset(scratch);
	if (kst_buf_reserve(scratch, KST1_ALIAS + 32 + 512 + 255 + 40) < 0)
		return kst_error_nomem(err);
	switch (f.f[KST1_F_KIND].data[0]) {
	case KST1_KEY_PAIR:
	case KST1_PENDING:
		h.kind = KST_KIND_KEY;
		break;
	case KST1_TRUSTED:
		h.kind = KST_KIND_CERT;
		h.trusted = true;
		break;
	case KST1_SECRET:
		h.kind = KST_KIND_SECRET;
		break;
	default:
		h.label = (const char *)scratch->data + scratch->len;
		kst_buf_printf(scratch, "unknown kind %u", f.f[KST1_F_KIND].data[0]);
		kst_buf_u8(scratch, 0);
	}
	h.alias = keep(scratch, &f, KST1_F_ALIAS);
	h.key = key_name(keep(scratch, &f, KST1_F_KEY_TEXT));
	h.subject = keep(scratch, &f, KST1_F_SUBJECT);
	h.name = keep(scratch, &f, KST1_F_NAME);
	uint64_t created = kst1_get64(f.f[KST1_F_CREATED].data);
	h.created = created > INT64_MAX ? INT64_MAX : (int64_t)created;
	if (kst1_has(&f, KST1_F_SHA256))
		h.sha256 = f.f[KST1_F_SHA256].data;
	if (kst1_has(&f, KST1_F_NR_CERTS))
		h.nr_certs = f.f[KST1_F_NR_CERTS].data[0];
	if (kst1_has(&f, KST1_F_NOT_BEFORE) && kst1_has(&f, KST1_F_NOT_AFTER)) {
		h.has_dates = true;
		h.not_before = (int64_t)kst1_get64(f.f[KST1_F_NOT_BEFORE].data);
		h.not_after = (int64_t)kst1_get64(f.f[KST1_F_NOT_AFTER].data);
	}
	if (kst1_has(&f, KST1_F_MORE_NAMES))
		h.more_names = kst1_get32(f.f[KST1_F_MORE_NAMES].data);
	*out = h;
	return 0;
}

static int box_length(const struct kst1_state *st, size_t i, const struct kst1_fields *record,
		      size_t *n, struct kst_error *err)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	uint64_t len = st->index.box[i + 1] - st->index.box[i];
	if (len < KST1_BOX_HEAD || len > KST1_BOX_MAX)
		return kst_error_setx(err, KST_E_ENTRY, "entry '%s': its length is impossible",
				      kst1_show(&record->f[KST1_F_ALIAS], &name));
	*n = (size_t)len;
	return 0;
}

const uint8_t *kst1_state_box(struct kst1_state *st, struct kst_io *io, size_t i,
			      struct kst1_window *w, const struct kst1_fields *record, size_t *n,
			      struct kst_error *err)
{
	if (box_length(st, i, record, n, err) < 0)
		return NULL;
	return kst1_window_get(w, io, st->index.box[i], *n, st->index.box[st->index.nr], err);
}

int kst1_state_entry(struct kst1_state *st, struct kst_io *io, size_t i, struct kst1_opened *o,
		     struct kst_error *err)
{
	struct kst1_fields record;
	size_t n;
	kst1_index_fields(&st->index, i, &record);
	if (box_length(st, i, &record, &n, err) < 0)
		return -1;
	kst_free(o->raw);
	o->raw = kst_malloc(n);
	if (!o->raw)
		return kst_error_nomem(err);
	if (io->source.read_at(io->source.ctx, st->index.box[i], o->raw, n, err) < 0)
		return -1;
	return kst1_entry_check(o, o->raw, n, &record, &st->h, &st->keys, err);
}

static int load(struct kst_io *io, struct kst_model *m, size_t i, struct kst_entry **out,
		struct kst_error *err)
{
	struct kst1_state *st = m->state;
	struct kst1_opened o = { .raw = NULL };
	size_t base = m->item[i].base;
	if (!st || base >= st->index.nr)
		return kst_error_setx(err, KST_E_INTERNAL, "no such entry in the index");
	struct kst_bytes record = kst1_index_record(&st->index, base);
	int r = kst1_state_entry(st, io, base, &o, err);
	if (!r)
		r = kst1_entry_decode(out, &o, &record, err);
	kst1_opened_release(&o);
	return r;
}

static size_t find(const struct kst_model *m, const char *alias)
{
	const struct kst1_state *st = m->state;
	return st && st->index.ready ? kst1_index_find(&st->index, alias, strlen(alias))
				     : KST_NO_BASE;
}

/* ---- the row ---- */

static const struct kst_native_ops native = {
	.slots = kst1_slots,
	.slot_add = kst1_slot_add,
	.slot_remove = kst1_slot_remove,
	.passwd = kst1_passwd,
	.rekey = kst1_rekey,
	.opened_slot = kst1_opened_slot,
	.changed = kst1_changed,
	.check = kst1_check,
	.repair = kst1_repair,
	.pin = kst1_pin,
	.same_version = kst1_same_version,
	.restore = kst1_restore,
};

static const char *const suffixes[] = { ".kst", NULL };

extern const struct kst_format kst_format_kst1;
const struct kst_format kst_format_kst1 = {
	.name = "kst1",
	.to = "kst",
	.title = "native store",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_TRUST | KST_CAP_PURPOSES | KST_CAP_ALIASES | KST_CAP_ALIAS_CASE |
		KST_CAP_SECRETS | KST_CAP_BARE_KEYS | KST_CAP_INTEGRITY | KST_CAP_ENCRYPTION |
		KST_CAP_LIST_SEALED | KST_CAP_BINARY | KST_CAP_ATTRS | KST_CAP_NATIVE | KST_CAP_ANCHORS |
		KST_CAP_DATES | KST_CAP_SECRET_ALGS,
	.probe = probe,
	.read = read_store,
	.write = kst1_write,
	.head = head,
	.load = load,
	.find = find,
	.unlock = unlock,
	.verify = kst1_verify,
	.close = kst1_state_release,
	.native = &native,
};
