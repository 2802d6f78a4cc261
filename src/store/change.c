/* SPDX-License-Identifier: ISC */
/*
 * change.c - adding, replacing, removing, renaming: in memory
 *
 * Nothing is overwritten that the caller did not name: a taken alias is an
 * error, and a certificate that does not belong to its key never gets in.
 */
#include <string.h>

#include "kstool/time.h"
#include "model/alias.h"
#include "store/store.h"

struct taken {
	struct kst_store *store;
	size_t self; /* this entry's own alias is free for itself */
};

static bool taken(void *ctx, const char *alias)
{
	const struct taken *t = ctx;
	size_t i = kst_store_find_alias(t->store, alias);
	return i != KST_NO_BASE && i != t->self;
}

static int conflict(const struct kst_store *s, const char *alias, struct kst_error *err)
{
	kst_error_setx(err, KST_E_ALIAS_CONFLICT, "\"%s\" already holds another entry", alias);
	return kst_error_subject(err, "%s", s->path);
}

static void set_text(char **to, char *text)
{
	kst_free(*to);
	*to = text;
}

/* The alias as this format can hold it: lower case where it has no case, legal in a native store. */
static int fit_alias(struct kst_store *s, struct kst_entry *e, struct kst_error *err)
{
	if (!(s->format->caps & KST_CAP_ALIAS_CASE)) {
		char *lower = kst_text_lower(e->alias);
		if (!lower)
			return kst_error_nomem(err);
		if (strcmp(lower, e->alias) != 0)
			kst_note(s->notes, "alias-changed", "\"%s\" becomes \"%s\": %s has no case",
				 e->alias, lower, s->format->title);
		set_text(&e->alias, lower);
	}
	size_t n = strlen(e->alias);
	if (kst_alias_ok(e->alias, n, KST_ALIAS_MAX))
		return 0;
	char *legal = kst_alias_legal(e->alias, n, NULL);
	if (!legal)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "the alias \"%s\" is too long to be made legal", e->alias);
	if (!e->alias_source.data && kst_blob_set(&e->alias_source, e->alias, n) < 0) {
		kst_free(legal);
		return kst_error_nomem(err);
	}
	kst_note(s->notes, "alias-changed", "\"%s\" becomes \"%s\": some characters cannot be in an alias",
		 e->alias, legal);
	set_text(&e->alias, legal);
	return 0;
}

static int give_alias(struct kst_store *s, struct kst_entry *e, size_t self, struct kst_error *err)
{
	struct taken t = { s, self };
	if ((s->format->caps & (KST_CAP_ALIASES | KST_CAP_SINGLE)) == KST_CAP_SINGLE) {
		set_text(&e->alias, NULL);
		return 0;
	}
	/* No name of its own will be in the file: the one that a reader of it makes up. */
	if (!(s->format->caps & KST_CAP_ALIASES))
		set_text(&e->alias, NULL);
	e->alias_derived = !(s->format->caps & KST_CAP_ALIASES);
	if (e->alias && *e->alias) {
		if (fit_alias(s, e, err) < 0)
			return -1;
		return taken(&t, e->alias) ? conflict(s, e->alias, err) : 0;
	}
	char *base = kst_alias_derive(e);
	const struct kst_cert *leaf = kst_entry_leaf(e);
	char *alias = base ? kst_alias_unique(base, leaf ? kst_cert_sha256(leaf) : NULL, taken, &t)
			   : NULL;
	kst_free(base);
	if (!alias)
		return kst_error_nomem(err);
	set_text(&e->alias, alias);
	return 0;
}

static int check_entry(struct kst_store *s, const struct kst_entry *e, struct kst_error *err)
{
	const char *name = e->alias ? e->alias : "";
	if (s->model.info.store_kind == 'T' && e->kind != KST_KIND_CERT)
		return kst_error_setx(err, KST_E_WRONG_KIND,
				      "is a truststore, which holds certificates only");
	unsigned loss = kst_entry_loss(e, s->format);
	if (loss) {
		kst_error_setx(err, KST_E_CANNOT_HOLD, "%s cannot hold %s", s->format->title,
			       kst_loss_text(loss));
		return *name ? kst_error_detail(err, "entry \"%s\"", name) : -1;
	}
	if (e->kind == KST_KIND_KEY && e->key && e->chain.nr &&
	    kst_key_matches(e->key, e->chain.cert[0]) == 0)
		return kst_error_setx(err, KST_E_KEY_MISMATCH,
				      "the certificate does not belong to the private key%s%s%s",
				      *name ? " of \"" : "", name, *name ? "\"" : "");
	return 0;
}

/*
 * A key that is open is sealed anew by its new store; an old seal would carry
 * the passphrase of the file it came from.
 */
static void drop_old_seal(struct kst_entry *e)
{
	if (e->key && !kst_key_is_sealed(e->key)) {
		kst_blob_release(&e->key->sealed);
		kst_blob_release(&e->key->dek_data);
		set_text(&e->key->dek_info, NULL);
		set_text(&e->key->dek_label, NULL);
	}
	if (e->secret.len)
		kst_blob_release(&e->secret_sealed);
}

static void note_limits(struct kst_store *s, const struct kst_entry *e)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_entry_limits_text(e, &text);
	if (text.len)
		kst_note(s->notes, "restriction-lost",
			 "\"%s\" (%s): %s cannot say so, and its readers will trust more", e->alias ?
			 e->alias : "", (char *)text.data, s->format->title);
}

int kst_store_add(struct kst_store *s, struct kst_entry *e, size_t *i, struct kst_error *err)
{
	if ((s->format->caps & KST_CAP_SINGLE) && s->model.nr) {
		kst_error_setx(err, KST_E_CANNOT_HOLD, "%s holds one object, and there is one",
			       s->format->title);
		goto fail;
	}
	if (check_entry(s, e, err) < 0 || give_alias(s, e, KST_NO_BASE, err) < 0)
		goto fail;
	note_limits(s, e);
	drop_old_seal(e);
	e->modified = kst_time_now();
	if (!e->created)
		e->created = e->modified;
	if (kst_model_push(&s->model, e, KST_NO_BASE) < 0) { /* which freed it */
		kst_error_nomem(err);
		return kst_error_subject(err, "%s", s->path);
	}
	size_t at = s->model.nr - 1;
	s->model.item[at].dirty = true;
	s->changed = true;
	kst_positions_add(s, at);
	if (i)
		*i = at;
	return 0;
fail:
	kst_entry_free(e);
	return kst_error_subject(err, "%s", s->path);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

int kst_store_replace(struct kst_store *s, size_t i, struct kst_entry *e, struct kst_error *err)
{
	struct kst_entry *old;
	if (kst_store_entry(s, i, &old, err) < 0 || check_entry(s, e, err) < 0)
		goto fail;
	if (e->alias && !same_text(e->alias, old->alias)) {
		if (give_alias(s, e, i, err) < 0)
			goto fail;
	} else if (!e->alias && old->alias) {
		/* As it stands in the file, in whatever case. */
		e->alias = kst_strdup(old->alias);
		if (!e->alias) {
			kst_error_nomem(err);
			goto fail;
		}
		e->alias_derived = old->alias_derived;
	}
	if (kst_entry_same(old, e) && same_text(old->alias, e->alias) &&
	    same_text(old->note, e->note) && kst_blob_equal(&old->attrs, &e->attrs)) {
		kst_entry_free(e);
		return 0;
	}
	drop_old_seal(e);
	if (kst_store_keep_seal(s, old, e, err) < 0)
		goto fail;
	if (old->created)
		e->created = old->created;
	e->modified = kst_time_now();
	e->has_id = old->has_id;
	memcpy(e->id, old->id, sizeof(e->id));
	s->model.item[i].entry = e;
	s->model.item[i].dirty = true;
	s->changed = true;
	kst_entry_free(old);
	kst_positions_add(s, i);
	return 0;
fail:
	kst_entry_free(e);
	return kst_error_subject(err, "%s", s->path);
}

int kst_store_remove(struct kst_store *s, size_t i, struct kst_error *err)
{
	if (kst_model_remove(&s->model, i) < 0) {
		kst_error_setx(err, KST_E_INTERNAL, "there is no entry %zu", i);
		return kst_error_subject(err, "%s", s->path);
	}
	s->changed = true;
	kst_positions_drop(s);
	return 0;
}

int kst_store_rename(struct kst_store *s, size_t i, const char *alias, struct kst_error *err)
{
	struct kst_entry *e;
	struct taken t = { s, i };
	size_t n = strlen(alias);

	if (kst_store_entry(s, i, &e, err) < 0)
		return -1;
	if (!(s->format->caps & KST_CAP_ALIASES)) {
		kst_error_setx(err, KST_E_CANNOT_HOLD, "%s has no aliases", s->format->title);
		goto fail;
	}
	/* Typed by a person: what is not legal is refused, not rewritten. */
	if (!kst_alias_ok(alias, n, KST_ALIAS_MAX)) {
		kst_error_setx(err, KST_E_BAD_VALUE,
			       "the alias must be 1 to %d bytes of visible text without outer blanks",
			       KST_ALIAS_MAX);
		goto fail;
	}
	char *neu = s->format->caps & KST_CAP_ALIAS_CASE ? kst_strdup(alias)
							 : kst_text_lower(alias);
	if (!neu) {
		kst_error_nomem(err);
		goto fail;
	}
	if (same_text(e->alias, neu)) {
		kst_free(neu);
		return 0;
	}
	if (taken(&t, neu)) {
		conflict(s, neu, err);
		kst_free(neu);
		return -1;
	}
	if (s->format->load && s->format->unlock && kst_store_open_key(s, i, err) < 0) {
		/* The box is sealed anew with its name: the key in it is needed. */
		kst_free(neu);
		return -1;
	}
	set_text(&e->alias, neu);
	e->alias_derived = false;
	kst_blob_release(&e->alias_source);
	e->modified = kst_time_now();
	s->model.item[i].dirty = true;
	s->changed = true;
	kst_positions_add(s, i);
	return 0;
fail:
	return kst_error_subject(err, "%s", s->path);
}

bool kst_store_changed(const struct kst_store *s)
{
	const struct kst_native_ops *ops = s->format->native;
	return s->changed || (ops && ops->changed && ops->changed(&s->model));
}
