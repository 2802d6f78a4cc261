/* SPDX-License-Identifier: ISC */
/*
 * kst1_slot_ops.c - who can open a store: add, remove, new passphrase, new root
 *
 * Everything happens in the state's copy of the slots; write() commits.  Slots
 * that are not touched stay byte for byte and none moves.  The secrets of slots
 * that are made are kept until the file was read back and opened with them.
 */
#include "kst1.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "kstool/text.h"

size_t kst1_slots(const struct kst_model *m, struct kst_slot_info out[16])
{
	const struct kst1_state *st = m->state;
	size_t n = 0;
	for (unsigned i = 0; st && i < KST1_SLOTS; i++) {
		if (!kst1_slot_type(st->slot[i]))
			continue;
		if (out)
			kst1_slot_info(st->slot[i], i, &out[n]);
		n++;
	}
	return n;
}

int kst1_opened_slot(const struct kst_model *m)
{
	const struct kst1_state *st = m->state;
	return st ? st->opened_slot : -1;
}

bool kst1_changed(const struct kst_model *m)
{
	const struct kst1_state *st = m->state;
	return st && (st->slots_changed || st->rekeyed);
}

bool kst1_same_version(const struct kst_model *m, const uint8_t *head, size_t n)
{
	const struct kst1_state *st = m->state;
	return st && n >= KST1_HEADER && !memcmp(st->raw, head, KST1_HEADER);
}

/* ---- new secrets ---- */

int kst1_ask_new(struct kst_io *io, unsigned type, bool optional, struct kst1_secret *out,
		 struct kst_error *err)
{
	struct kst_secret answer KST_SCRATCH_SECRET = KST_SECRET_INIT;
	enum kst_ask_source source;
	struct kst_question q = { .path = io->path, .format = "native store",
				  .optional = optional };
	if (!io->asker)
		return 1;
	q.what = type == KST_SLOT_PASSPHRASE ? KST_ASK_NEW_STORE : KST_ASK_NEW_KEY_FILE;
	int r = io->asker->ask(io->asker->ctx, &q, &answer, &source, err);
	if (r)
		return r;
	if (type == KST_SLOT_PASSPHRASE)
		return kst1_passphrase(out, &answer, true, err);
	if (answer.len != KST1_KEY)
		return kst_error_setx(err, KST_E_BAD_KEY_FILE, "a key file holds 32 bytes");
	return kst1_secret_set(out, type, answer.data, answer.len, err);
}

/* ---- add ---- */

static int check_label(const struct kst1_state *st, const char *label, struct kst_error *err)
{
	size_t n = strlen(label);
	if (!kst_alias_ok(label, n, KST1_LABEL))
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "a label has 1 to %d bytes of printable text", KST1_LABEL);
	if (strspn(label, "0123456789") == n)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "a label of digits alone would look like a slot number");
	for (unsigned i = 0; i < KST1_SLOTS; i++) {
		struct kst_slot_info info;
		kst1_slot_info(st->slot[i], i, &info);
		if (!strcmp(info.label, label))
			return kst_error_setx(err, KST_E_BAD_VALUE,
					      "slot %u has the label '%s' already", i, label);
	}
	return 0;
}

/* The header for whose signer slots are made. */
static void slot_header(const struct kst1_state *st, struct kst1_header *h)
{
	*h = st->h;
	memcpy(h->slot, st->slot, sizeof(st->slot));
	if (st->rekeyed)
		memcpy(h->sign_pk, st->next.sign_pk, 32);
}

/* Make slot n and keep its secret; the caps are checked before Argon2id runs. */
static int make_slot(struct kst1_state *st, unsigned n, const struct kst_slot_add *how,
		     const struct kst1_secret *secret, const struct kst_limits *limits,
		     struct kst_error *err)
{
	struct kst1_header h;
	slot_header(st, &h);
	if (how->type == KST_SLOT_PASSPHRASE) {
		uint32_t t = how->passes ? how->passes : KST1_KDF_PASSES;
		uint32_t m = how->kib ? how->kib : KST1_KDF_KIB;
		if (t < KST1_KDF_PASSES_MIN || m < KST1_KDF_KIB_MIN)
			return kst_error_setx(err, KST_E_BAD_VALUE,
					      "a passphrase costs at least %d passes over %d KiB",
					      KST1_KDF_PASSES_MIN, KST1_KDF_KIB_MIN);
		h.slot[n][0] = KST_SLOT_PASSPHRASE;
		kst1_put32(h.slot[n] + 4, t);
		kst1_put32(h.slot[n] + 8, m);
		if (kst1_kdf_caps(&h, limits, err) < 0)
			return -1;
	}
	if (kst1_slot_make(&h, n, how, secret, st->rekeyed ? &st->next : &st->keys, &st->made[n],
			   err) < 0)
		return -1;
	memcpy(st->slot[n], h.slot[n], KST1_SLOT);
	st->slots_changed = true;
	return 0;
}

int kst1_state_slot_add(struct kst1_state *st, const struct kst_slot_add *how,
			const struct kst1_secret *secret, const struct kst_limits *limits,
			unsigned *number, struct kst_error *err)
{
	unsigned n = KST1_SLOTS, pass = 0;
	if (how->type < KST_SLOT_PASSPHRASE || how->type > KST_SLOT_X25519 ||
	    (how->role != KST_ROLE_ADMIN && how->role != KST_ROLE_READER))
		return kst_error_setx(err, KST_E_BAD_VALUE, "no such sort of slot");
	if (how->role == KST_ROLE_READER && st->h.kind == 'T' && !st->h.sealed)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "everybody can read an open truststore: it has no readers");
	if (how->type == KST_SLOT_X25519 && !how->recipient)
		return kst_error_setx(err, KST_E_BAD_VALUE, "a recipient is needed");
	if (how->label && check_label(st, how->label, err) < 0)
		return -1;
	for (unsigned i = KST1_SLOTS; i-- > 0;) {
		if (!kst1_slot_type(st->slot[i]))
			n = i;
		pass += kst1_slot_type(st->slot[i]) == KST_SLOT_PASSPHRASE;
	}
	if (n == KST1_SLOTS)
		return kst_error_setx(err, KST_E_LIMIT, "all %d slots are in use", KST1_SLOTS);
	if (how->type == KST_SLOT_PASSPHRASE && pass >= KST1_PASS_SLOTS)
		return kst_error_setx(err, KST_E_LIMIT, "a store has %d passphrases at most",
				      KST1_PASS_SLOTS);
	if (make_slot(st, n, how, secret, limits, err) < 0)
		return -1;
	if (number)
		*number = n;
	return 0;
}

int kst1_slot_add(struct kst_io *io, struct kst_model *m, const struct kst_slot_add *how,
		  unsigned *number, struct kst_error *err)
{
	struct kst1_secret secret = { .type = KST_SLOT_EMPTY };
	if (!m->state && kst1_state_fresh(io, m, err) < 0)
		return -1;
	if (kst1_state_unlock(m->state, io, KST_NEED_ADMIN, &m->info.passphrase, err) < 0)
		return -1;
	int r = 0;
	if (how->type != KST_SLOT_X25519) {
		r = kst1_ask_new(io, how->type, false, &secret, err);
		if (r > 0)
			r = kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
					   how->type == KST_SLOT_PASSPHRASE
						   ? "a new passphrase is needed"
						   : "a new key file is needed");
	}
	if (!r)
		r = kst1_state_slot_add(m->state, how, &secret, io->limits, number, err);
	kst1_secret_release(&secret);
	return r;
}

/* ---- remove ---- */

static unsigned admins_but(const struct kst1_state *st, unsigned but)
{
	unsigned n = 0;
	for (unsigned i = 0; i < KST1_SLOTS; i++)
		n += i != but && kst1_slot_is_admin(st->slot[i]);
	return n;
}

int kst1_slot_remove(struct kst_model *m, unsigned number, struct kst_error *err)
{
	struct kst1_state *st = m->state;
	if (!st || number >= KST1_SLOTS || !kst1_slot_type(st->slot[number]))
		return kst_error_setx(err, KST_E_NO_SLOT, "there is no slot %u", number);
	if (kst1_slot_is_admin(st->slot[number]) && !admins_but(st, number))
		return kst_error_setx(err, KST_E_LAST_ADMIN,
				      "slot %u is the last one that can change the store", number);
	sodium_memzero(st->slot[number], KST1_SLOT);
	kst1_secret_release(&st->made[number]);
	st->slots_changed = true;
	return 0;
}

/* ---- a new secret for a slot ---- */

/* The passphrase slot that opened the store; else the only one there is: somebody who came in by
 * the recovery sheet has lost the passphrase, and wants a new one. */
static int passwd_slot(const struct kst1_state *st, struct kst_error *err)
{
	int only = -1, nr = 0;
	if (st->opened_slot >= 0 &&
	    kst1_slot_type(st->slot[st->opened_slot]) == KST_SLOT_PASSPHRASE)
		return st->opened_slot;
	for (int i = 0; i < KST1_SLOTS; i++) {
		if (kst1_slot_type(st->slot[i]) == KST_SLOT_PASSPHRASE) {
			only = i;
			nr++;
		}
	}
	if (nr == 1)
		return only;
	if (!nr)
		return kst_error_setx(err, KST_E_NO_SLOT, "the store has no passphrase to change");
	return kst_error_setx(err, KST_E_NO_SLOT,
			      "the store has %d passphrases: which one is meant must be said", nr);
}

int kst1_passwd(struct kst_io *io, struct kst_model *m, int number, struct kst_error *err)
{
	struct kst1_state *st = m->state;
	struct kst1_secret secret = { .type = KST_SLOT_EMPTY };
	struct kst_slot_info info;
	if (!st)
		return kst_error_setx(err, KST_E_INTERNAL, "the store has no slots yet");
	if (kst1_state_unlock(st, io, KST_NEED_ADMIN, &m->info.passphrase, err) < 0)
		return -1;
	if (number < 0)
		number = passwd_slot(st, err);
	if (number < 0)
		return -1;
	if (number >= KST1_SLOTS || !kst1_slot_type(st->slot[number]))
		return kst_error_setx(err, KST_E_NO_SLOT, "there is no slot %d", number);
	kst1_slot_info(st->slot[number], (unsigned)number, &info);
	if (info.type != KST_SLOT_PASSPHRASE && info.type != KST_SLOT_KEY_FILE)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "slot %d takes neither a passphrase nor a key file", number);
	int r = kst1_ask_new(io, info.type, false, &secret, err);
	if (r > 0)
		r = kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
				   info.type == KST_SLOT_PASSPHRASE ? "a new passphrase is needed"
								    : "a new key file is needed");
	if (!r) {
		struct kst_slot_add how = { .type = (enum kst_slot_type)info.type,
					    .role = (enum kst_slot_role)info.role,
					    .label = info.label,
					    .passes = info.passes,
					    .kib = info.kib };
		if (io->write && io->write->kdf_passes)
			how.passes = io->write->kdf_passes;
		if (io->write && io->write->kdf_kib)
			how.kib = io->write->kdf_kib;
		r = make_slot(st, (unsigned)number, &how, &secret, io->limits, err);
	}
	kst1_secret_release(&secret);
	return r;
}

/* ---- rekey ---- */

enum { ASK_MAX = 8 };

/* The secret of slot i, from what opened the store or from the user.  0, 1 it does not come, -1. */
static int slot_secret(struct kst_io *io, const struct kst1_state *st, unsigned i,
		       struct kst1_secret *out, struct kst_error *err)
{
	struct kst_secret payload KST_SCRATCH_SECRET = KST_SECRET_INIT;
	unsigned type = kst1_slot_type(st->slot[i]);
	char why[128];
	struct kst_slot_info info;
	const struct kst1_secret *known[] = { &st->opened, &st->made[i] };

	for (int k = 0; k < 2; k++) {
		if (known[k]->type != type)
			continue;
		int r = kst1_slot_open(&st->h, i, known[k], &payload, err);
		if (r < 0)
			return -1;
		if (!r)
			return kst1_secret_set(out, type, known[k]->data.data, known[k]->data.len,
					       err);
	}
	/* a recipient's public key does not stand in its slot */
	if (!io->asker || (type != KST_SLOT_PASSPHRASE && type != KST_SLOT_KEY_FILE))
		return 1;
	kst1_slot_info(st->slot[i], i, &info);
	snprintf(why, sizeof(why), "slot %u%s%s", i, info.label[0] ? " " : "", info.label);
	for (unsigned n = 0; n < ASK_MAX; n++) {
		struct kst_secret answer KST_SCRATCH_SECRET = KST_SECRET_INIT;
		enum kst_ask_source source;
		struct kst_question q = { .path = io->path,
					  .format = "native store",
					  .why = why,
					  .attempt = n };
		q.what = type == KST_SLOT_PASSPHRASE ? KST_ASK_STORE : KST_ASK_KEY_FILE;
		int r = io->asker->ask(io->asker->ctx, &q, &answer, &source, err);
		if (r)
			return r;
		if (type == KST_SLOT_KEY_FILE && answer.len == KST1_KEY)
			r = kst1_secret_set(out, type, answer.data, answer.len, err);
		else if (type == KST_SLOT_PASSPHRASE && answer.len)
			r = kst1_passphrase(out, &answer, false, err);
		else
			continue;
		if (!r)
			r = kst1_slot_open(&st->h, i, out, &payload, err);
		if (r <= 0)
			return r;
	}
	return 1;
}

static int rekey_slot(struct kst_io *io, struct kst1_state *st, unsigned i,
		      const struct kst1_secret *secret, struct kst_error *err)
{
	struct kst_slot_info info;
	uint8_t recipient[32];
	kst1_slot_info(st->slot[i], i, &info);
	struct kst_slot_add how = { .type = (enum kst_slot_type)info.type,
				    .role = (enum kst_slot_role)info.role,
				    .label = info.label,
				    .passes = info.passes,
				    .kib = info.kib };
	if (secret->type == KST_SLOT_X25519) {
		if (secret->data.len == 64)
			memcpy(recipient, secret->data.data + 32, 32);
		else
			crypto_scalarmult_base(recipient, secret->data.data);
		how.recipient = recipient;
	}
	return make_slot(st, i, &how, secret, io->limits, err);
}

int kst1_rekey(struct kst_io *io, struct kst_model *m, bool dropped[16], struct kst_error *err)
{
	struct kst1_state *st = m->state;
	struct kst1_secret secret[KST1_SLOTS] = { { .type = KST_SLOT_EMPTY } };
	bool drop[KST1_SLOTS] = { false };
	unsigned admins = 0;
	int r = -1;

	if (!st)
		return kst_error_setx(err, KST_E_INTERNAL, "the store has no root key yet");
	if (kst1_state_unlock(st, io, KST_NEED_ADMIN, &m->info.passphrase, err) < 0)
		return -1;
	if (st->rekeyed)
		return kst_error_setx(err, KST_E_INTERNAL, "the store has a new root key already");
	/* all secrets first: after this nothing but memory can fail */
	struct kst1_header old = st->h, before;
	memcpy(st->h.slot, st->slot, sizeof(st->slot));
	before = st->h;
	if (kst1_kdf_caps(&st->h, io->limits, err) < 0)
		goto done;
	for (unsigned i = 0; i < KST1_SLOTS; i++) {
		if (!kst1_slot_type(st->slot[i]))
			continue;
		int got = slot_secret(io, st, i, &secret[i], err);
		if (got < 0)
			goto done;
		drop[i] = got > 0;
		if (drop[i])
			kst1_secret_release(&secret[i]);
		else
			admins += kst1_slot_is_admin(st->slot[i]);
	}
	if (!admins) {
		kst_error_setx(err, KST_E_LAST_ADMIN,
			       "no slot would be left that can change the store");
		goto done;
	}
	if (kst1_keyring_new(&st->next, err) < 0)
		goto done;
	st->rekeyed = true;
	for (unsigned i = 0; i < KST1_SLOTS; i++) {
		if (drop[i]) {
			sodium_memzero(st->slot[i], KST1_SLOT);
			kst1_secret_release(&st->made[i]);
		} else if (kst1_slot_type(st->slot[i]) &&
			   rekey_slot(io, st, i, &secret[i], err) < 0) {
			goto done;
		}
	}
	if (dropped)
		memcpy(dropped, drop, sizeof(drop));
	r = 0;
done:
	st->h = old;
	if (r < 0 && st->rekeyed) {
		st->rekeyed = false;
		kst1_keyring_release(&st->next);
		memcpy(st->slot, before.slot, sizeof(st->slot));
	}
	for (unsigned i = 0; i < KST1_SLOTS; i++)
		kst1_secret_release(&secret[i]);
	return r;
}
