/* SPDX-License-Identifier: ISC */
/*
 * entry.c - entries: making, copying, comparing
 *
 * Everything an entry points to is its own, so copying is deep.  Certificates
 * alone are shared: they never change once they are made.
 */
#include "kstool/entry.h"

#include <string.h>

#include "kstool/alloc.h"

struct kst_entry *kst_entry_new(enum kst_kind kind)
{
	struct kst_entry *e = kst_calloc(1, sizeof(*e));
	if (e)
		e->kind = kind;
	return e;
}

void kst_entry_free(struct kst_entry *e)
{
	if (!e)
		return;
	if (e->cert_attrs) {
		for (size_t i = 0; i < e->chain.nr; i++)
			kst_blob_release(&e->cert_attrs[i]);
		kst_free(e->cert_attrs);
	}
	kst_free(e->alias);
	kst_blob_release(&e->alias_source);
	kst_key_free(e->key);
	kst_chain_release(&e->chain);
	kst_secret_release(&e->secret);
	kst_blob_release(&e->secret_sealed);
	kst_free(e->secret_alg);
	kst_blob_release(&e->purposes);
	kst_blob_release(&e->distrusted);
	kst_blob_release(&e->local_key_id);
	kst_blob_release(&e->attrs);
	kst_free(e->origin);
	kst_free(e->note);
	kst_free(e->restriction);
	kst_blob_release(&e->der);
	kst_free(e->label);
	kst_blob_release(&e->ext_record);
	kst_blob_release(&e->ext_public);
	kst_secret_release(&e->ext_sealed);
	kst_free(e);
}

static int copy_text(char **out, const char *s)
{
	if (!s)
		return 0;
	*out = kst_strdup(s);
	return *out ? 0 : -1;
}

static int copy_blob(struct kst_blob *out, const struct kst_blob *b)
{
	return b->data ? kst_blob_set(out, b->data, b->len) : 0;
}

static int copy_secret(struct kst_secret *out, const struct kst_secret *s, struct kst_error *err)
{
	return s->data ? kst_secret_set(out, s->data, s->len, err) : 0;
}

static int copy_certs(struct kst_entry *c, const struct kst_entry *e)
{
	for (size_t i = 0; i < e->chain.nr; i++)
		if (kst_chain_push(&c->chain, e->chain.cert[i]) < 0)
			return -1;
	if (!e->cert_attrs || e->chain.nr == 0)
		return 0;
	c->cert_attrs = kst_calloc(e->chain.nr, sizeof(*c->cert_attrs));
	if (!c->cert_attrs)
		return -1;
	for (size_t i = 0; i < e->chain.nr; i++)
		if (copy_blob(&c->cert_attrs[i], &e->cert_attrs[i]) < 0)
			return -1;
	return 0;
}

int kst_entry_copy(struct kst_entry **out, const struct kst_entry *e, struct kst_error *err)
{
	struct kst_entry *c = kst_entry_new(e->kind);
	if (!c)
		return kst_error_nomem(err);
	c->created = e->created;
	c->modified = e->modified;
	c->trusted = e->trusted;
	c->no_anchor = e->no_anchor;
	c->server_after = e->server_after;
	c->email_after = e->email_after;
	c->alias_derived = e->alias_derived;
	c->has_id = e->has_id;
	memcpy(c->id, e->id, sizeof(c->id));

	if (copy_certs(c, e) < 0 || copy_text(&c->alias, e->alias) < 0 ||
	    copy_text(&c->secret_alg, e->secret_alg) < 0 || copy_text(&c->origin, e->origin) < 0 ||
	    copy_text(&c->note, e->note) < 0 || copy_text(&c->label, e->label) < 0 ||
	    copy_text(&c->restriction, e->restriction) < 0 ||
	    copy_blob(&c->alias_source, &e->alias_source) < 0 ||
	    copy_blob(&c->secret_sealed, &e->secret_sealed) < 0 ||
	    copy_blob(&c->purposes, &e->purposes) < 0 ||
	    copy_blob(&c->distrusted, &e->distrusted) < 0 ||
	    copy_blob(&c->local_key_id, &e->local_key_id) < 0 ||
	    copy_blob(&c->attrs, &e->attrs) < 0 || copy_blob(&c->der, &e->der) < 0 ||
	    copy_blob(&c->ext_record, &e->ext_record) < 0 ||
	    copy_blob(&c->ext_public, &e->ext_public) < 0) {
		kst_error_nomem(err);
		goto fail;
	}
	if ((e->key && kst_key_copy(&c->key, e->key, err) < 0) ||
	    copy_secret(&c->secret, &e->secret, err) < 0 ||
	    copy_secret(&c->ext_sealed, &e->ext_sealed, err) < 0)
		goto fail;
	*out = c;
	return 0;
fail:
	kst_entry_free(c);
	return -1;
}

struct kst_cert *kst_entry_leaf(const struct kst_entry *e)
{
	return e->chain.nr ? e->chain.cert[0] : NULL;
}

/* What is known of the public half without any passphrase: 0, or 1 if nothing is. */
static int public_half(struct kst_key *key, struct kst_buf *out)
{
	if (kst_key_is_sealed(key)) {
		kst_buf_put(out, key->spki.data, key->spki.len);
		return key->spki.len ? 0 : 1;
	}
	return kst_key_spki(key, out, NULL) == 0 && !out->failed ? 0 : 1;
}

/*
 * The bytes decide where both are open or both sealed in the same bytes; the
 * public half decides else.  `leaf` is the certificate that both entries carry:
 * a sealed key that nothing is known of is taken for the one that belongs to it.
 */
static bool same_key(struct kst_key *a, struct kst_key *b, const struct kst_cert *leaf)
{
	if (!a || !b)
		return a == b;
	bool a_sealed = kst_key_is_sealed(a), b_sealed = kst_key_is_sealed(b);
	if (!a_sealed && !b_sealed && kst_secret_equal(&a->pkcs8, &b->pkcs8))
		return true;
	if (a->sealed.len && kst_blob_equal(&a->sealed, &b->sealed))
		return true;
	if (a->dek_data.len && kst_blob_equal(&a->dek_data, &b->dek_data))
		return true;

	struct kst_buf pa KST_SCRATCH_BUF = KST_BUF_INIT, pb KST_SCRATCH_BUF = KST_BUF_INIT;
	int unknown_a = public_half(a, &pa), unknown_b = public_half(b, &pb);
	if (!unknown_a && !unknown_b)
		return pa.len == pb.len && memcmp(pa.data, pb.data, pa.len) == 0;
	if (!leaf || (!a_sealed && !b_sealed))
		return false;
	/* One of them is sealed and says nothing of itself. */
	bool fits_a = a_sealed ? unknown_a || kst_key_matches(a, leaf) != 0
			       : kst_key_matches(a, leaf) == 1;
	bool fits_b = b_sealed ? unknown_b || kst_key_matches(b, leaf) != 0
			       : kst_key_matches(b, leaf) == 1;
	return fits_a && fits_b;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool kst_entry_is_public_key(const struct kst_entry *e)
{
	return e->kind == KST_KIND_OPAQUE && e->label &&
	       strcmp(e->label, KST_LABEL_PUBLIC_KEY) == 0 && e->der.len && e->der.data[0] == 0x30;
}

bool kst_entry_same(const struct kst_entry *a, const struct kst_entry *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case KST_KIND_KEY:
		return kst_chain_equal(&a->chain, &b->chain) &&
		       same_key(a->key, b->key, kst_entry_leaf(a));
	case KST_KIND_CERT:
		return kst_chain_equal(&a->chain, &b->chain) && a->trusted == b->trusted &&
		       a->no_anchor == b->no_anchor &&
		       kst_blob_equal(&a->purposes, &b->purposes) &&
		       kst_blob_equal(&a->distrusted, &b->distrusted);
	case KST_KIND_SECRET:
		if (a->secret.len || b->secret.len)
			return kst_secret_equal(&a->secret, &b->secret);
		return a->secret_sealed.len && kst_blob_equal(&a->secret_sealed, &b->secret_sealed);
	case KST_KIND_CSR:
	case KST_KIND_CRL:
		return kst_blob_equal(&a->der, &b->der);
	case KST_KIND_OPAQUE:
		return kst_blob_equal(&a->der, &b->der) && same_text(a->label, b->label);
	}
	return false;
}
