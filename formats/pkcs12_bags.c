/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_bags.c - entries of the model, made from bags
 */
#include "pkcs12_state.h"

#include <string.h>

#include "kstool/alloc.h"

/* A secret key is opened once to learn its algorithm, unless that is dear. */
#define CHEAP 200000

static int set_blob(struct kst_blob *out, const void *data, size_t len, struct kst_error *err)
{
	return len && kst_blob_set(out, data, len) < 0 ? kst_error_nomem(err) : 0;
}

/* "Time 1700000000000": Java's localKeyID is the date of the entry. */
static int64_t created(const struct p12_attrs *a)
{
	static const char prefix[] = "Time ";
	size_t n = sizeof(prefix) - 1;
	int64_t ms = 0;
	if (!a->has_id || a->id.len <= n || a->id.len > n + 15 || memcmp(a->id.data, prefix, n) != 0)
		return 0;
	for (size_t i = n; i < a->id.len; i++) {
		if (a->id.data[i] < '0' || a->id.data[i] > '9')
			return 0;
		ms = ms * 10 + (a->id.data[i] - '0');
	}
	return ms / 1000;
}

/* What all kinds have; `named` is the bag whose name is the alias. */
static int fill_common(struct kst_entry *e, const struct p12_bag *b, const struct p12_bag *named,
		       struct kst_nocase *names, struct p12_reader *r, struct kst_error *err)
{
	e->created = created(&b->attrs);
	e->origin = kst_strdup("pkcs12");
	if (!e->origin)
		return kst_error_nomem(err);
	if (set_blob(&e->attrs, b->attrs.rest.data, b->attrs.rest.len, err) < 0 ||
	    (b->attrs.has_id && set_blob(&e->local_key_id, b->attrs.id.data, b->attrs.id.len, err) < 0))
		return -1;
	const char *name = named->attrs.name;
	return name ? kst_nocase_adopt(names, e, name, r->io->notes, err) : 0;
}

static int make_key(struct p12_reader *r, struct p12_index *x, size_t k, struct kst_entry *e,
		    struct kst_nocase *names, struct kst_error *err)
{
	struct p12_bag *b = &r->bag[k];
	size_t leaf;
	if (b->type == P12_KEY) {
		if (kst_key_from_der(&e->key, b->value.data, b->value.len, NULL, NULL, err) < 0)
			return -1;
	} else {
		e->key = kst_key_new();
		if (!e->key)
			return kst_error_nomem(err);
		if (set_blob(&e->key->sealed, b->value.data, b->value.len, err) < 0)
			return -1;
	}
	p12_find_leaf(r, x, k, e->key, &leaf);
	if (leaf != KST_NO_BASE && p12_build_chain(r, x, leaf, e, err) < 0)
		return -1;
	/* .NET and some others name the certificate and not the key. */
	const struct p12_bag *named = b->attrs.name || leaf == KST_NO_BASE ? b : &r->bag[leaf];
	return fill_common(e, b, named, names, r, err);
}

static int make_cert(struct p12_bag *b, struct kst_entry *e, struct kst_error *err)
{
	if (kst_chain_push(&e->chain, b->cert) < 0)
		return kst_error_nomem(err);
	e->trusted = b->attrs.trusted;
	return set_blob(&e->purposes, b->attrs.purposes.data, b->attrs.purposes.len, err);
}

static int make_secret(struct p12_reader *r, struct p12_bag *b, struct kst_entry *e,
		       struct kst_error *err)
{
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_bytes algid, ct;
	uint64_t n;
	if (p12_split_sealed(r, b->value, &algid, &ct, NULL) == 0 &&
	    kst_pbe_cost(algid.data, algid.len, &n, NULL) == 0 && n <= CHEAP &&
	    p12_open_sealed(r, b->value, &plain) == 0)
		e->secret_alg = p12_secret_alg(&plain);
	return set_blob(&e->secret_sealed, b->value.data, b->value.len, err);
}

static enum kst_kind kind_of(enum p12_bag_type type)
{
	switch (type) {
	case P12_KEY:
	case P12_SHROUDED:
		return KST_KIND_KEY;
	case P12_CERT:
		return KST_KIND_CERT;
	case P12_CRL:
		return KST_KIND_CRL;
	case P12_SECRET:
		return KST_KIND_SECRET;
	case P12_NESTED:
	case P12_UNKNOWN:
		break;
	}
	return KST_KIND_OPAQUE;
}

static int fill(struct p12_reader *r, struct p12_index *x, size_t i, struct kst_entry *e,
		struct kst_nocase *names, struct kst_error *err)
{
	struct p12_bag *b = &r->bag[i];
	int rc = 0;
	switch (e->kind) {
	case KST_KIND_KEY:
		return make_key(r, x, i, e, names, err);
	case KST_KIND_CERT:
		rc = make_cert(b, e, err);
		break;
	case KST_KIND_SECRET:
		rc = make_secret(r, b, e, err);
		break;
	case KST_KIND_CRL:
		rc = set_blob(&e->der, b->value.data, b->value.len, err);
		break;
	case KST_KIND_OPAQUE:
		rc = set_blob(&e->der, b->whole.data, b->whole.len, err);
		e->label = kst_strdup(b->label);
		if (!e->label)
			rc = kst_error_nomem(err);
		break;
	case KST_KIND_CSR:
		break;
	}
	return rc < 0 ? -1 : fill_common(e, b, b, names, r, err);
}

static int add(struct p12_reader *r, struct p12_index *x, size_t i, struct kst_nocase *names,
	       struct kst_error *err)
{
	struct kst_entry *e = kst_entry_new(kind_of(r->bag[i].type));
	if (!e)
		return kst_error_nomem(err);
	if (fill(r, x, i, e, names, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	r->bag[i].entry = r->model->nr;
	return kst_model_push(r->model, e, r->model->nr) < 0 ? kst_error_nomem(err) : 0;
}

/* For the writer: an alias that is as it was keeps its case. */
static int remember_aliases(struct p12_reader *r, struct kst_error *err)
{
	struct kst_model *m = r->model;
	r->state->alias = kst_calloc(m->nr + 1, sizeof(*r->state->alias));
	if (!r->state->alias)
		return kst_error_nomem(err);
	r->state->nr = m->nr;
	for (size_t i = 0; i < m->nr; i++) {
		const struct kst_entry *e = m->item[i].entry;
		/* One that was made legal or unique is written as it is called now. */
		if (!e->alias || e->alias_source.len)
			continue;
		r->state->alias[i] = kst_strdup(e->alias);
		if (!r->state->alias[i])
			return kst_error_nomem(err);
	}
	return 0;
}

static void tell(const struct p12_reader *r)
{
	size_t unmarked = 0, plain = 0, unknown = 0, repeated = 0;
	for (size_t i = 0; i < r->nr; i++) {
		const struct p12_bag *b = &r->bag[i];
		unmarked += b->type == P12_CERT && b->entry != KST_NO_BASE && !b->attrs.trusted;
		plain += b->type == P12_KEY;
		unknown += b->type == P12_UNKNOWN;
		repeated += b->attrs.repeated > 0;
	}
	struct kst_notes *notes = r->io->notes;
	if (unmarked)
		kst_note(notes, "java-will-not-see",
			 unmarked == 1 ? "%zu certificate carries no Java trust mark: Java does not see it"
				       : "%zu certificates carry no Java trust mark: Java does not see them",
			 unmarked);
	if (plain)
		kst_note(notes, "plain-key",
			 plain == 1 ? "%zu private key is not encrypted: everybody can read it, and Java does not see it"
				    : "%zu private keys are not encrypted: everybody can read them, and Java does not see them",
			 plain);
	if (unknown)
		kst_note(notes, "unknown-object",
			 unknown == 1 ? "%zu object of a kind that kstool does not know is kept as it is"
				      : "%zu objects of kinds that kstool does not know are kept as they are",
			 unknown);
	if (repeated)
		kst_note(notes, "repeated-attribute",
			 repeated == 1 ? "%zu object has a second name, key identifier or trust mark: the first counts, and is what is written"
				       : "%zu objects have a second name, key identifier or trust mark: the first counts, and is what is written",
			 repeated);
}

int p12_make_entries(struct p12_reader *r, struct kst_error *err)
{
	struct kst_nocase *names = kst_nocase_new();
	struct p12_index *x = p12_index_new(r);
	int rc = names && x ? 0 : kst_error_nomem(err);

	/* Keys first: they say which certificates are entries of their own. */
	for (size_t i = 0; rc == 0 && i < r->nr; i++)
		if (kind_of(r->bag[i].type) == KST_KIND_KEY)
			rc = add(r, x, i, names, err);
	if (rc == 0)
		p12_drop_repeats(r, x);
	for (size_t i = 0; rc == 0 && i < r->nr; i++)
		if (r->bag[i].entry == KST_NO_BASE && !r->bag[i].used)
			rc = add(r, x, i, names, err);
	if (rc == 0)
		rc = remember_aliases(r, err);
	if (rc == 0)
		tell(r);
	p12_index_free(x);
	kst_nocase_free(names);
	return rc;
}
