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

int kst_store_passwd_key(struct kst_store *s, size_t i, struct kst_error *err)
{
	struct kst_entry *e;
	if (!(s->format->caps & KST_CAP_ENTRY_PASS)) {
		kst_error_setx(err, KST_E_CANNOT_HOLD, "%s has no passphrase for a single entry",
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
	if (kst_store_open_key(s, i, err) < 0 || kst_store_ask_new(s, e->alias, &pass, err) < 0)
		return -1;

	struct kst_pbe_options how = { .pbe = s->format->pbe };
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_key_seal(e->key, &pass, &how, &sealed, err) < 0 ||
	    kst_key_spki(e->key, &spki, err) < 0)
		return kst_error_subject(err, "%s", s->path);
	/* Sealed from here on, so that the format carries it as it is and not under its own. */
	if (kst_blob_set(&e->key->sealed, sealed.data, sealed.len) < 0 ||
	    (spki.len && kst_blob_set(&e->key->spki, spki.data, spki.len) < 0))
		return kst_error_nomem(err);
	kst_secret_release(&e->key->pkcs8);
	kst_blob_release(&e->key->dek_data);
	kst_free(e->key->dek_info);
	e->key->dek_info = NULL;
	s->model.item[i].dirty = true;
	s->changed = true;
	return 0;
}
