/* SPDX-License-Identifier: ISC */
/* passwd.c - a new passphrase for everything, or for one key */
#include "store/store.h"

static int open_all(struct kst_store *s, struct kst_error *err)
{
	for (size_t i = 0; i < s->model.nr; i++) {
		struct kst_entry *e;
		kst_progress_step(s->progress, "opening", i, s->model.nr);
		if (kst_store_entry(s, i, &e, err) < 0)
			return -1;
		if ((e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET) &&
		    kst_store_open_key(s, i, err) < 0)
			return -1;
	}
	return 0;
}

int kst_store_passwd(struct kst_store *s, struct kst_error *err)
{
	if (s->format->native) {
		struct kst_fd_source fd;
		struct kst_bytes bytes;
		struct kst_io io = kst_store_io(s, &fd, &bytes);
		if (s->format->native->passwd(&io, &s->model, -1, err) < 0)
			return kst_error_subject(err, "%s", s->path);
		s->changed = true;
		return 0;
	}
	if (!(s->format->caps & (KST_CAP_ENCRYPTION | KST_CAP_INTEGRITY))) {
		kst_error_setx(err, KST_E_CANNOT_HOLD, "%s has no passphrase", s->format->title);
		return kst_error_subject(err, "%s", s->path);
	}
	/* All old passphrases before the new one: a failure must not come after it was typed twice. */
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	if (open_all(s, err) < 0 || kst_store_ask_new(s, NULL, &pass, err) < 0)
		return -1;
	for (size_t i = 0; i < s->model.nr; i++) {
		struct kst_entry *e = s->model.item[i].entry;
		if (e->key) {
			kst_blob_release(&e->key->sealed);
			kst_blob_release(&e->key->dek_data);
			kst_free(e->key->dek_info);
			e->key->dek_info = NULL;
		}
		if (e->secret.len)
			kst_blob_release(&e->secret_sealed);
		s->model.item[i].dirty = true;
	}
	kst_secret_move(&s->model.pass, &pass);
	s->model.has_pass = true;
	s->changed = true;
	return 0;
}

/* Sealed from here on, so that the format carries it as it is and not under the file's passphrase. */
static int seal_alone(struct kst_store *s, struct kst_key *key, const struct kst_secret *pass,
		      struct kst_error *err)
{
	struct kst_pbe_options how = { .pbe = s->format->pbe };
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_key_seal(key, pass, &how, &sealed, err) < 0 || kst_key_spki(key, &spki, err) < 0)
		return kst_error_subject(err, "%s", s->path);
	if (kst_blob_set(&key->sealed, sealed.data, sealed.len) < 0 ||
	    (spki.len && kst_blob_set(&key->spki, spki.data, spki.len) < 0))
		return kst_error_nomem(err);
	kst_secret_release(&key->pkcs8);
	kst_blob_release(&key->dek_data);
	kst_free(key->dek_info);
	key->dek_info = NULL;
	return 0;
}

int kst_store_passwd_key(struct kst_store *s, size_t i, struct kst_error *err)
{
	struct kst_entry *e;
	if (!(s->format->caps & KST_CAP_ENTRY_PASS) || s->format->pbe == KST_PBE_OWN) {
		kst_error_setx(err, KST_E_CANNOT_HOLD,
			       s->format->caps & KST_CAP_ENTRY_PASS ?
				       "of %s the passphrase of all keys is changed together" :
				       "%s has no passphrase for a single entry",
			       s->format->title);
		kst_error_subject(err, "%s", s->path);
		return kst_hint_path(err, "kstool passwd ", s->path, "");
	}
	if (kst_store_entry(s, i, &e, err) < 0)
		return -1;
	if (e->kind != KST_KIND_KEY) {
		kst_error_setx(err, KST_E_NO_PRIVATE_KEY, "\"%s\" is no private key",
			       e->alias ? e->alias : "");
		return kst_error_subject(err, "%s", s->path);
	}
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	if (kst_store_open_key(s, i, err) < 0 || kst_store_ask_new(s, e->alias, &pass, err) < 0 ||
	    seal_alone(s, e->key, &pass, err) < 0)
		return -1;
	s->model.item[i].dirty = true;
	s->changed = true;
	return 0;
}

/* The key that another takes the place of, and the passphrase of the file, which does not open it. */
struct own {
	struct kst_key *key;
	const struct kst_secret *of_file;
	bool tried; /* another one */
};

static int try_own(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	struct own *own = ctx;

	if (kst_secret_equal(pass, own->of_file)) /* --pass is offered for its keys, too */
		return 1;
	own->tried = true;
	return kst_key_open_with(own->key, pass, err);
}

/* 1 it opens with another passphrase than the file; 0 it does not; -1 no memory. */
static int has_own_pass(struct kst_store *s, const struct kst_key *key, struct own *own, struct kst_error *err)
{
	own->of_file = &s->model.pass;
	if (!(s->format->caps & KST_CAP_INTEGRITY) || !s->model.has_pass || !key || !key->sealed.len)
		return 0;
	if (kst_key_copy(&own->key, key, err) < 0)
		return -1;
	kst_secret_release(&own->key->pkcs8);
	return kst_key_open_with(own->key, own->of_file, NULL) == 1;
}

int kst_store_keep_seal(struct kst_store *s, const struct kst_entry *old, struct kst_entry *e,
			struct kst_error *err)
{
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf path KST_SCRATCH_BUF = KST_BUF_INIT, word KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_question q = { .what = KST_ASK_KEY,
				  .path = s->path,
				  .format = s->format->title,
				  .alias = old->alias,
				  .optional = true };
	struct kst_error why = KST_ERROR_INIT;
	const char *alias = e->alias ? e->alias : "";
	struct own own = { .key = NULL };
	int rc = 0;

	if (e->key && !kst_key_is_sealed(e->key))
		rc = has_own_pass(s, old->key, &own, err);
	if (rc <= 0)
		goto done;
	rc = 0;
	if (s->format->pbe == KST_PBE_OWN) {
		kst_note(s->notes, "entry-passphrase",
			 "\"%s\" had a passphrase of its own; the new key has that of the file", alias);
	} else if (kst_ask_until(s->asker, &q, NULL, try_own, &own, &pass, NULL, &why) == 0) {
		rc = seal_alone(s, e->key, &pass, err);
	} else if (why.code == KST_E_PASSPHRASE_NEEDED || (why.code == KST_E_WRONG_KEY_PASSPHRASE && !own.tried)) {
		kst_text_shell(&word, alias);
		kst_note(s->notes, "entry-passphrase",
			 "\"%s\" had a passphrase of its own, which was not given; the new key has that of the file: "
			 "kstool passwd %s %s gives it one",
			 alias, kst_text_shell_path(&path, s->path), word.data ? (const char *)word.data : "ENTRY");
	} else { /* one that is wrong, or cannot be read, is no reason to do without */
		if (err && err->code == KST_OK)
			*err = why;
		rc = -1;
	}
done:
	kst_key_free(own.key);
	return rc;
}
