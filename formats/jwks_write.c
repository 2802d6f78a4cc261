/* SPDX-License-Identifier: ISC */
/*
 * jwks_write.c - the model as a set of JSON Web Keys
 *
 * An object that was read is written with everything that it had; its private
 * members are made anew from the key.
 */
#include "jwks_file.h"

#include <string.h>

#include "crypto/text64.h"
#include "kstool/alloc.h"

struct writer {
	struct kst_io *io;
	struct kst_model *model;
	struct jwks_file *file; /* NULL: a new one */
	json_t *keys;
};

static int set_bytes(json_t *o, const char *name, const struct kst_buf *bytes, enum kst_text64 kind)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&text, "");
	kst_text64_encode(&text, bytes->data, bytes->len, kind);
	return text.failed ? -1
			   : json_object_set_new(o, name,
						 json_stringn((const char *)text.data, text.len));
}

static int set_x5c(json_t *o, const struct kst_chain *chain)
{
	json_t *x5c = json_array();

	for (size_t i = 0; x5c && i < chain->nr; i++) {
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_bytes der = kst_cert_der(chain->cert[i]);

		kst_text64_encode(&text, der.data, der.len, KST_TEXT64);
		if (text.failed ||
		    json_array_append_new(x5c, json_stringn((const char *)text.data, text.len)) < 0) {
			json_decref(x5c);
			return -1;
		}
	}
	/* They speak of the certificate as well, and maybe of another one now. */
	if (!json_equal(x5c, json_object_get(o, "x5c"))) {
		json_object_del(o, "x5t");
		json_object_del(o, "x5t#S256");
		json_object_del(o, "x5u");
	}
	return json_object_set_new(o, "x5c", x5c);
}

static int no_form(const struct kst_entry *e, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_CANNOT_HOLD,
			      "there is no JSON Web Key for the algorithm of \"%s\"",
			      e->alias ? e->alias : "(no name)");
}

/* Private members go only where they were, or where somebody said that they may. */
static int may_open(const struct writer *w, const struct kst_entry *e, const struct jwks_object *old,
		    struct kst_error *err)
{
	if (e->key && kst_key_is_sealed(e->key)) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       "the private key \"%s\" must be opened to become a JSON Web Key",
			       e->alias ? e->alias : "");
		return kst_error_hint(err, "add --key-pass file:PATH");
	}
	if (w->io->write->plain_key || (old && old->had_secret))
		return 0;
	kst_error_setx(err, KST_E_PLAIN_KEY,
		       "a JSON Web Key Set is not encrypted, and would hold \"%s\" in the open",
		       e->alias ? e->alias : "(no name)");
	kst_error_hint(err, "add --plain-key to write it open all the same");
	return kst_error_hint(err, "public keys alone: kstool export --jwk");
}

static int members(const struct writer *w, const struct kst_entry *e, const struct jwks_object *old,
		   struct kst_jwk *jwk, struct kst_error *err)
{
	int rc = 1;

	switch (e->kind) {
	case KST_KIND_KEY:
		if (may_open(w, e, old, err) < 0)
			return -1;
		rc = kst_jwk_from_pkcs8(jwk, &e->key->pkcs8, err);
		break;
	case KST_KIND_CERT:
		rc = kst_jwk_from_spki(jwk, kst_cert_spki(e->chain.cert[0]), err);
		break;
	case KST_KIND_OPAQUE:
		rc = kst_jwk_from_spki(jwk, (struct kst_bytes){ e->der.data, e->der.len }, err);
		break;
	case KST_KIND_SECRET:
		if (may_open(w, e, old, err) < 0)
			return -1;
		if (!e->secret.len)
			return kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
					      "the secret key \"%s\" is still encrypted",
					      e->alias ? e->alias : "");
		jwk->kty = "oct";
		kst_buf_put(&jwk->member[KST_JWK_K], e->secret.data, e->secret.len);
		return jwk->member[KST_JWK_K].failed ? kst_error_nomem(err) : 0;
	case KST_KIND_CSR:
	case KST_KIND_CRL:
		break;
	}
	return rc > 0 ? no_form(e, err) : rc;
}

/* Is it still the key that the object tells of? */
static bool same_public(const json_t *o, const struct kst_jwk *jwk)
{
	const char *kty = jwks_text(o, "kty"), *crv = jwks_text(o, "crv");

	if (!kty || strcmp(kty, jwk->kty) != 0 || (jwk->crv && (!crv || strcmp(crv, jwk->crv) != 0)))
		return false;
	for (int i = 0; i < KST_JWK_D; i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		const json_t *v = json_object_get(o, kst_jwk_member_name[i]);
		const struct kst_buf *is = &jwk->member[i];

		if (!v && !is->len)
			continue;
		if (!json_is_string(v) ||
		    kst_text64_decode(&b, json_string_value(v), json_string_length(v),
				      KST_TEXT64_URL) < 0)
			return false;
		size_t skip = 0;
		while (b.len - skip > is->len && !b.data[skip])
			skip++;
		if (b.len - skip != is->len || (is->len && memcmp(b.data + skip, is->data, is->len) != 0))
			return false;
	}
	return true;
}

static int fill(json_t *o, const struct kst_entry *e, const struct kst_jwk *jwk, const char *kid)
{
	if (json_object_set_new(o, "kty", json_string(jwk->kty)) < 0 ||
	    (kid && json_object_set_new(o, "kid", json_string(kid)) < 0) ||
	    (jwk->crv && json_object_set_new(o, "crv", json_string(jwk->crv)) < 0))
		return -1;
	for (size_t i = 0; e->secret_alg && i < JWKS_ALGS_WRITTEN; i++)
		if (!strcmp(e->secret_alg, jwks_alg[i].java) && !json_object_get(o, "alg") &&
		    json_object_set_new(o, "alg", json_string(jwks_alg[i].jwa)) < 0)
			return -1;
	for (int i = 0; i < KST_JWK_MEMBERS; i++)
		if (jwk->member[i].len &&
		    set_bytes(o, kst_jwk_member_name[i], &jwk->member[i], KST_TEXT64_URL) < 0)
			return -1;
	return e->chain.nr ? set_x5c(o, &e->chain) : json_object_del(o, "x5c"), 0;
}

/* The chain of an object that had one and no private key: its further certificates are items. */
static int keep_further(json_t *o, const json_t *old)
{
	const json_t *x5c = json_object_get(old, "x5c"), *now = json_object_get(o, "x5c");

	if (json_array_size(now) == 1 && json_array_size(x5c) > 1 &&
	    json_equal(json_array_get(now, 0), json_array_get(x5c, 0)))
		return json_object_set_new(o, "x5c", json_deep_copy(x5c));
	return 0;
}

static int put_known(struct writer *w, const struct kst_item *item, const struct jwks_object *old,
		     struct kst_error *err)
{
	const struct kst_entry *e = item->entry;
	struct kst_jwk jwk = { .kty = NULL };
	int rc = members(w, e, old, &jwk, err);

	if (rc < 0)
		return -1;
	/* A file that gave no "kid" gets none by being edited; a new name is written. */
	const char *kid = old && old->alias && e->alias && !strcmp(old->alias, e->alias)
				  ? NULL
				  : e->alias_derived ? NULL : e->alias;
	const json_t *was = old ? old->json : NULL;
	json_t *o = was && same_public(was, &jwk) ? json_deep_copy(was) : json_object();
	if (was && old->alias && !kid && o && !json_object_get(o, "kid"))
		kid = e->alias; /* another key under the old name */
	if (!o || fill(o, e, &jwk, kid) < 0 || (was && keep_further(o, was) < 0) ||
	    json_array_append(w->keys, o) < 0)
		rc = kst_error_nomem(err);
	json_decref(o);
	kst_jwk_release(&jwk);
	return rc;
}

static int put_opaque(struct writer *w, const struct kst_entry *e, const struct jwks_object *old,
		      struct kst_error *err)
{
	struct kst_bytes text = { e->der.data, e->der.len };
	json_t *o = jwks_parse(&text, err);

	if (!o)
		return -1;
	bool renamed = e->alias && !(old && old->alias && !strcmp(old->alias, e->alias));
	int rc = 0;
	if ((renamed && json_object_set_new(o, "kid", json_string(e->alias)) < 0) ||
	    json_array_append(w->keys, o) < 0)
		rc = kst_error_nomem(err);
	json_decref(o);
	return rc;
}

/* An object whose first certificate is still there brings the further ones along. */
static void mark_present(const struct writer *w)
{
	for (size_t i = 0; i < w->file->nr; i++)
		w->file->object[i].present = false;
	for (size_t i = 0; i < w->model->nr; i++) {
		const struct kst_item *item = &w->model->item[i];
		if (item->base == KST_NO_BASE || item->dirty)
			continue;
		const struct jwks_base *b = &w->file->base[item->base];
		w->file->object[b->object].present |= !b->further;
	}
}

static int put_item(struct writer *w, const struct kst_item *item, struct kst_error *err)
{
	const struct kst_entry *e = item->entry;
	const struct jwks_object *old = NULL;

	if (w->file && item->base != KST_NO_BASE) {
		const struct jwks_base *b = &w->file->base[item->base];
		if (b->further && !item->dirty && w->file->object[b->object].present)
			return 0;
		if (!b->further)
			old = &w->file->object[b->object];
	}
	if (e->kind == KST_KIND_OPAQUE && !kst_entry_is_public_key(e))
		return put_opaque(w, e, old, err);
	if (e->purposes.len || e->distrusted.len)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "a JSON Web Key cannot say what \"%s\" is trusted for",
				      e->alias ? e->alias : "(no name)");
	return put_known(w, item, old, err);
}

static json_t *document(const struct writer *w)
{
	if (w->file && !w->file->set && json_array_size(w->keys) == 1)
		return json_incref(json_array_get(w->keys, 0));
	json_t *set = w->file && w->file->set ? json_deep_copy(w->file->set) : json_object();
	if (set && json_object_set(set, "keys", w->keys) < 0) {
		json_decref(set);
		return NULL;
	}
	return set;
}

int jwks_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct writer w = { .io = io, .model = from, .file = from->state };
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	json_t *doc = NULL;
	int rc = 0;

	json_set_alloc_funcs(kst_malloc, kst_free);
	w.keys = json_array();
	if (!w.keys)
		return kst_error_nomem(err);
	if (w.file)
		mark_present(&w);
	for (size_t i = 0; rc == 0 && i < from->nr; i++)
		rc = put_item(&w, &from->item[i], err);
	if (rc == 0) {
		doc = document(&w);
		if (!doc || jwks_dump(doc, JSON_INDENT(2), &out) < 0)
			rc = kst_error_nomem(err);
	}
	kst_buf_u8(&out, '\n');
	json_decref(doc);
	json_decref(w.keys);
	if (rc == 0 && out.failed)
		rc = kst_error_nomem(err);
	return rc == 0 ? io->sink.write(io->sink.ctx, out.data, out.len, err) : -1;
}
