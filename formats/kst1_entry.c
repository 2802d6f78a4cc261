/* SPDX-License-Identifier: ISC */
/*
 * kst1_entry.c - between the model's entries and lists of TLVs
 *
 * Optional fields of later versions travel in the entry's ext_* and are put back
 * into the list in which they were found: what was sealed never becomes public.
 */
#include "kst1.h"

#include <string.h>

#include <sodium.h>

#include "kstool/alloc.h"
#include "kstool/text.h"

const char *kst1_show(const struct kst_bytes *alias, struct kst_buf *scratch)
{
	kst_buf_reset(scratch);
	kst_text_escape(scratch, alias->data, alias->len);
	return scratch->data && !scratch->failed ? (const char *)scratch->data : "?";
}

void kst1_encoded_release(struct kst1_encoded *e)
{
	kst_buf_release(&e->public);
	kst_buf_release(&e->sealed);
}

static struct kst_bytes bytes_of(const struct kst_buf *b)
{
	return (struct kst_bytes){ b->data, b->len };
}

/* ---- to the file ---- */

static int kind_of(const struct kst_entry *e, const struct kst1_header *h, unsigned *kind,
		   struct kst_error *err)
{
	const char *what = NULL;
	switch (e->kind) {
	case KST_KIND_KEY:
		*kind = e->chain.nr ? KST1_KEY_PAIR : KST1_PENDING;
		break;
	case KST_KIND_CERT:
		*kind = KST1_TRUSTED;
		if (!e->trusted)
			what = "a certificate that is neither trusted nor belongs to a key";
		break;
	case KST_KIND_SECRET:
		*kind = KST1_SECRET;
		break;
	case KST_KIND_CSR:
		what = "a certificate request";
		break;
	case KST_KIND_CRL:
		what = "a revocation list";
		break;
	case KST_KIND_OPAQUE:
		what = "an object of unknown sort";
		break;
	}
	if (what)
		return kst_error_setx(err, KST_E_CANNOT_HOLD, "a native store does not hold %s",
				      what);
	if (h->kind == 'T' && *kind != KST1_TRUSTED)
		return kst_error_setx(err, KST_E_WRONG_KIND,
				      "a truststore holds trusted certificates only");
	return 0;
}

/* The key or secret: from the model, else from the file. */
static int put_secret(struct kst_buf *out, const struct kst_entry *e, unsigned kind,
		      const struct kst1_opened *old, struct kst_error *err)
{
	enum kst1_field f = kind == KST1_SECRET ? KST1_F_SECRET : KST1_F_KEY;
	const struct kst_secret *s = kind == KST1_SECRET ? &e->secret
				     : e->key            ? &e->key->pkcs8
							 : NULL;
	const struct kst_blob *sealed = kind == KST1_SECRET ? &e->secret_sealed
					: e->key            ? &e->key->sealed
							    : NULL;
	if (kind == KST1_TRUSTED)
		return 0;
	if (s && s->len) {
		kst1_tlv_put(out, f, s->data, s->len);
		return 0;
	}
	if (!(sealed && sealed->len) && old && kst1_has(&old->fields, f)) {
		kst1_tlv_put(out, f, old->fields.f[f].data, old->fields.f[f].len);
		return 0;
	}
	return kst_error_setx(err, KST_E_INTERNAL, "the key was not opened before it is stored");
}

static void put_time(struct kst_buf *out, enum kst1_field f, int64_t t)
{
	uint8_t v[8];
	kst1_put64(v, t < 0 ? 0 : (uint64_t)t);
	kst1_tlv_put(out, f, v, sizeof(v));
}

/* What only decorates an entry is left out with a word if it is too long for its field. */
static void put_extra(struct kst_buf *out, enum kst1_field f, const struct kst_blob *b,
		      const char *what, struct kst_notes *notes, const char *alias)
{
	if (!b->len)
		return;
	if (b->len <= kst1_field_max(f))
		kst1_tlv_put(out, f, b->data, b->len);
	else if (notes)
		kst_note(notes, "attribute-dropped", "%s: %s of %zu bytes is too long and was left out",
			 alias, what, b->len);
}

static int put_public(struct kst_buf *out, const struct kst_entry *e, unsigned kind,
		      struct kst_notes *notes, struct kst_error *err)
{
	const uint8_t k = (uint8_t)kind;
	kst1_tlv_put(out, KST1_F_KIND, &k, 1);
	kst1_tlv_put(out, KST1_F_ALIAS, e->alias, strlen(e->alias));
	put_time(out, KST1_F_CREATED, e->created);
	put_time(out, KST1_F_MODIFIED, e->modified);
	if (kind == KST1_KEY_PAIR || kind == KST1_TRUSTED) {
		struct kst_buf certs KST_SCRATCH_BUF = KST_BUF_INIT;
		if (e->chain.nr > (kind == KST1_TRUSTED ? 1 : KST1_CHAIN))
			return kst_error_setx(err, KST_E_CANNOT_HOLD,
					      "an entry holds %d certificates at most", KST1_CHAIN);
		for (size_t i = 0; i < e->chain.nr; i++) {
			struct kst_bytes der = kst_cert_der(e->chain.cert[i]);
			if (der.len > KST1_ENTRY_MAX)
				return kst_error_setx(err, KST_E_CANNOT_HOLD,
						      "an entry holds 16 MiB at most");
			kst_buf_le32(&certs, (uint32_t)der.len);
			kst_buf_put(&certs, der.data, der.len);
		}
		if (certs.failed)
			return kst_error_nomem(err);
		kst1_tlv_put(out, KST1_F_CERTS, certs.data, certs.len);
	}
	/* these two decide about trust: never left out */
	if (e->distrusted.len > kst1_field_max(KST1_F_DISTRUSTED) ||
	    e->purposes.len > kst1_field_max(KST1_F_PURPOSES))
		return kst_error_setx(err, KST_E_CANNOT_HOLD, "the list of purposes is too long");
	if (e->distrusted.len && kind != KST1_TRUSTED)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "only a trusted certificate can be distrusted for purposes");
	if (e->distrusted.len)
		kst1_tlv_put(out, KST1_F_DISTRUSTED, e->distrusted.data, e->distrusted.len);
	put_extra(out, KST1_F_ALIAS_SOURCE, &e->alias_source, "the original alias", notes,
		  e->alias);
	put_extra(out, KST1_F_LOCAL_KEY_ID, &e->local_key_id, "localKeyID", notes, e->alias);
	if (e->origin)
		kst1_tlv_put_text(out, KST1_F_ORIGIN, e->origin, strlen(e->origin), false);
	if (e->purposes.len)
		kst1_tlv_put(out, KST1_F_PURPOSES, e->purposes.data, e->purposes.len);
	put_extra(out, KST1_F_ATTRS, &e->attrs, "a set of attributes", notes, e->alias);
	if (e->note)
		kst1_tlv_put_text(out, KST1_F_NOTE, e->note, strlen(e->note), false);
	if (e->secret_alg)
		kst1_tlv_put_text(out, KST1_F_SECRET_ALG, e->secret_alg, strlen(e->secret_alg),
				  false);
	return 0;
}

int kst1_entry_encode(struct kst1_encoded *out, const struct kst_entry *e,
		      const struct kst1_opened *old, const struct kst1_header *h,
		      struct kst_notes *notes, struct kst_error *err)
{
	struct kst_buf known KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf secret KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf ext_public KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf ext_sealed KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst1_fields f;
	const char *why = "it cannot be merged";

	if (!e->alias)
		return kst_error_setx(err, KST_E_INTERNAL, "an entry without alias");
	if (!kst_alias_ok(e->alias, strlen(e->alias), KST1_ALIAS))
		return kst_error_setx(err, KST_E_BAD_VALUE, "the alias is not legal");
	if (kind_of(e, h, &out->kind, err) < 0 ||
	    put_public(&known, e, out->kind, notes, err) < 0 ||
	    put_secret(&secret, e, out->kind, old, err) < 0)
		return -1;
	/* optional fields of later versions stay as long as the entry is, whoever edits it */
	struct kst_bytes list[4] = { bytes_of(&known), { NULL, 0 }, bytes_of(&secret), { NULL, 0 } };
	if (old) {
		kst1_tlv_unknown(&ext_public, KST1_BOX, old->box.public.data, old->box.public.len);
		kst1_tlv_unknown(&ext_sealed, KST1_BOX, old->sealed.data, old->sealed.len);
		list[1] = bytes_of(&ext_public);
		list[3] = bytes_of(&ext_sealed);
	} else {
		list[1] = (struct kst_bytes){ e->ext_public.data, e->ext_public.len };
		list[3] = (struct kst_bytes){ e->ext_sealed.data, e->ext_sealed.len };
	}
	/* an incomplete list must not be walked */
	if (known.failed || secret.failed || ext_public.failed || ext_sealed.failed)
		return kst_error_nomem(err);
	if (!h->sealed && h->kind == 'T' && list[3].len)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "the entry has a sealed field, and an open truststore seals "
				      "nothing");
	kst_buf_reset(&out->public);
	kst_buf_reset(&out->sealed);
	int r = h->sealed ? kst1_tlv_merge(&out->sealed, list, 4)
			  : kst1_tlv_merge(&out->public, list, 2) |
				    kst1_tlv_merge(&out->sealed, list + 2, 2);
	if (out->public.failed || out->sealed.failed)
		return kst_error_nomem(err);
	/* our own product goes through the reader's door before it may be stored */
	if (r < 0 ||
	    kst1_tlv_parse(&f, KST1_BOX, out->public.data, out->public.len, &why) != KST_OK ||
	    kst1_tlv_parse(&f, KST1_BOX, out->sealed.data, out->sealed.len, &why) != KST_OK)
		return kst_error_setx(err, KST_E_INTERNAL, "the entry was not encoded well: %s",
				      why);
	return 0;
}

/* ---- from the file ---- */

static int64_t time_of(const struct kst_bytes *v)
{
	uint64_t t = kst1_get64(v->data);
	return t > INT64_MAX ? INT64_MAX : (int64_t)t;
}

static int take_blob(struct kst_blob *b, const struct kst1_fields *f, enum kst1_field i)
{
	return kst1_has(f, i) ? kst_blob_set(b, f->f[i].data, f->f[i].len) : 0;
}

static int take_text(char **s, const struct kst1_fields *f, enum kst1_field i)
{
	if (!kst1_has(f, i))
		return 0;
	*s = kst_strndup((const char *)f->f[i].data, f->f[i].len);
	return *s ? 0 : -1;
}

static int take_chain(struct kst_entry *e, const struct kst1_fields *f, struct kst_error *err)
{
	struct kst_cursor c;
	struct kst_bytes der;
	if (!kst1_has(f, KST1_F_CERTS))
		return 0;
	kst_cursor_init(&c, f->f[KST1_F_CERTS].data, f->f[KST1_F_CERTS].len);
	while ((der = kst1_chain_next(&c)).data) {
		struct kst_cert *cert = NULL;
		if (kst_cert_new(&cert, der.data, der.len, err) < 0)
			return -1;
		int r = kst_chain_push(&e->chain, cert);
		kst_cert_free(cert);
		if (r < 0)
			return kst_error_nomem(err);
	}
	return 0;
}

static int take_key(struct kst_entry *e, const struct kst1_fields *f, struct kst_error *err)
{
	e->key = kst_key_new();
	if (!e->key)
		return kst_error_nomem(err);
	if (kst1_has(f, KST1_F_KEY) &&
	    kst_secret_set(&e->key->pkcs8, f->f[KST1_F_KEY].data, f->f[KST1_F_KEY].len, err) < 0)
		return -1;
	if (e->chain.nr) {
		struct kst_bytes spki = kst_cert_spki(e->chain.cert[0]);
		if (kst_blob_set(&e->key->spki, spki.data, spki.len) < 0)
			return kst_error_nomem(err);
	}
	return 0;
}

static int take_ext(struct kst_entry *e, const struct kst1_opened *o,
		    const struct kst_bytes *record, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	if (record)
		kst1_tlv_unknown(&b, KST1_RECORD, record->data, record->len);
	if (b.failed || (b.len && kst_blob_set(&e->ext_record, b.data, b.len) < 0))
		return kst_error_nomem(err);
	kst_buf_reset(&b);
	kst1_tlv_unknown(&b, KST1_BOX, o->box.public.data, o->box.public.len);
	if (b.failed || (b.len && kst_blob_set(&e->ext_public, b.data, b.len) < 0))
		return kst_error_nomem(err);
	kst_buf_reset(&b);
	kst1_tlv_unknown(&b, KST1_BOX, o->sealed.data, o->sealed.len);
	if (b.failed)
		return kst_error_nomem(err);
	return b.len ? kst_secret_set(&e->ext_sealed, b.data, b.len, err) : 0;
}

int kst1_entry_decode(struct kst_entry **out, const struct kst1_opened *o,
		      const struct kst_bytes *record, struct kst_error *err)
{
	const struct kst1_fields *f = &o->fields;
	static const enum kst_kind kinds[] = {
		[KST1_KEY_PAIR] = KST_KIND_KEY,
		[KST1_TRUSTED] = KST_KIND_CERT,
		[KST1_SECRET] = KST_KIND_SECRET,
		[KST1_PENDING] = KST_KIND_KEY,
	};
	struct kst_entry *e = kst_entry_new(kinds[o->kind]);
	if (!e)
		return kst_error_nomem(err);
	e->trusted = o->kind == KST1_TRUSTED;
	e->created = time_of(&f->f[KST1_F_CREATED]);
	e->modified = time_of(&f->f[KST1_F_MODIFIED]);
	memcpy(e->id, o->box.id, KST1_ID);
	e->has_id = true;
	if (take_text(&e->alias, f, KST1_F_ALIAS) < 0 ||
	    take_text(&e->origin, f, KST1_F_ORIGIN) < 0 || take_text(&e->note, f, KST1_F_NOTE) < 0 ||
	    take_text(&e->secret_alg, f, KST1_F_SECRET_ALG) < 0 ||
	    take_blob(&e->alias_source, f, KST1_F_ALIAS_SOURCE) < 0 ||
	    take_blob(&e->local_key_id, f, KST1_F_LOCAL_KEY_ID) < 0 ||
	    take_blob(&e->purposes, f, KST1_F_PURPOSES) < 0 ||
	    take_blob(&e->distrusted, f, KST1_F_DISTRUSTED) < 0 ||
	    take_blob(&e->attrs, f, KST1_F_ATTRS) < 0) {
		kst_error_nomem(err);
		goto failed;
	}
	if (take_chain(e, f, err) < 0 || take_ext(e, o, record, err) < 0)
		goto failed;
	if (e->kind == KST_KIND_KEY && take_key(e, f, err) < 0)
		goto failed;
	if (kst1_has(f, KST1_F_SECRET) &&
	    kst_secret_set(&e->secret, f->f[KST1_F_SECRET].data, f->f[KST1_F_SECRET].len, err) < 0)
		goto failed;
	*out = e;
	return 0;
failed:
	kst_entry_free(e);
	return -1;
}

/* ---- the index record: what a list shows without reading the entry ---- */

static int derive_cert(struct kst_buf *out, const struct kst_bytes *der, unsigned nr,
		       struct kst_error *err)
{
	struct kst_buf key KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf subject KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error local = KST_ERROR_INIT;
	struct kst_cert *cert = NULL;
	const uint8_t count = (uint8_t)nr;
	uint8_t v[8];

	/* a certificate that cannot be read has still a place in the store */
	if (kst_cert_new(&cert, der->data, der->len, &local) < 0) {
		if (local.code == KST_E_NO_MEMORY)
			return kst_error_nomem(err);
		kst1_tlv_put(out, KST1_F_NR_CERTS, &count, 1);
		return 0;
	}
	kst_cert_key_text(cert, true, &key);
	kst_cert_subject(cert, &subject);
	kst_cert_name(cert, &name);
	kst1_put64(v, (uint64_t)kst_cert_not_before(cert));
	kst1_tlv_put(out, KST1_F_NOT_BEFORE, v, 8);
	kst1_put64(v, (uint64_t)kst_cert_not_after(cert));
	kst1_tlv_put(out, KST1_F_NOT_AFTER, v, 8);
	kst1_tlv_put_text(out, KST1_F_KEY_TEXT, key.data, key.len, false);
	kst1_tlv_put_text(out, KST1_F_SUBJECT, subject.data, subject.len, true);
	kst1_tlv_put(out, KST1_F_NR_CERTS, &count, 1);
	kst1_tlv_put_text(out, KST1_F_NAME, name.data, name.len, false);
	size_t sans = kst_cert_san_count(cert);
	kst1_put32(v, (uint32_t)(sans ? sans - 1 : 0));
	kst1_tlv_put(out, KST1_F_MORE_NAMES, v, 4);
	kst_cert_free(cert);
	return key.failed || subject.failed || name.failed ? kst_error_nomem(err) : 0;
}

static int derive_key(struct kst_buf *out, const struct kst_bytes *pkcs8, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *key = kst_key_new();
	if (!key)
		return kst_error_nomem(err);
	int r = kst_secret_set(&key->pkcs8, pkcs8->data, pkcs8->len, err);
	if (!r) {
		kst_key_text(key, true, &text);
		if (text.failed)
			r = kst_error_nomem(err);
		else if (text.len && text.data[0] != '?')
			kst1_tlv_put_text(out, KST1_F_KEY_TEXT, text.data, text.len, false);
	}
	kst_key_free(key);
	return r;
}

int kst1_record_put(struct kst_buf *out, const struct kst1_fields *f, const uint8_t id[KST1_ID],
		    const uint8_t *box, size_t box_len, const struct kst_bytes *ext,
		    struct kst_error *err)
{
	struct kst_buf known KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	static const enum kst1_field same[] = { KST1_F_CREATED, KST1_F_MODIFIED };
	uint8_t ref[4 + KST1_HASH];

	kst1_tlv_put(&known, KST1_F_ID, id, KST1_ID);
	kst1_tlv_put(&known, KST1_F_KIND, f->f[KST1_F_KIND].data, 1);
	kst1_tlv_put(&known, KST1_F_ALIAS, f->f[KST1_F_ALIAS].data, f->f[KST1_F_ALIAS].len);
	kst1_put32(ref, (uint32_t)box_len);
	kst1_hash(ref + 4, box, box_len);
	kst1_tlv_put(&known, KST1_F_BOX, ref, sizeof(ref));
	for (int i = 0; i < 2; i++)
		kst1_tlv_put(&known, same[i], f->f[same[i]].data, 8);
	if (kst1_has(f, KST1_F_CERTS)) {
		struct kst_cursor c;
		struct kst_bytes leaf, der;
		uint8_t sha256[32];
		unsigned nr = 1;
		kst_cursor_init(&c, f->f[KST1_F_CERTS].data, f->f[KST1_F_CERTS].len);
		leaf = kst1_chain_next(&c);
		while ((der = kst1_chain_next(&c)).data)
			nr++;
		crypto_hash_sha256(sha256, leaf.data, leaf.len);
		kst1_tlv_put(&known, KST1_F_SHA256, sha256, 32);
		if (derive_cert(&known, &leaf, nr, err) < 0)
			return -1;
	} else if (f->f[KST1_F_KIND].data[0] == KST1_PENDING) {
		if (kst1_has(f, KST1_F_KEY) && derive_key(&known, &f->f[KST1_F_KEY], err) < 0)
			return -1;
	} else if (kst1_has(f, KST1_F_SECRET_ALG)) {
		kst1_tlv_put_text(&known, KST1_F_KEY_TEXT, f->f[KST1_F_SECRET_ALG].data,
				  f->f[KST1_F_SECRET_ALG].len, false);
	}
	if (known.failed)
		return kst_error_nomem(err);
	struct kst_bytes list[2] = { bytes_of(&known), { NULL, 0 } };
	if (ext)
		list[1] = *ext;
	if (kst1_tlv_merge(&all, list, 2) < 0)
		return kst_error_setx(err, KST_E_INTERNAL, "the record was not encoded well");
	kst_buf_le32(out, (uint32_t)all.len);
	kst_buf_put(out, all.data, all.len);
	return all.failed || out->failed ? kst_error_nomem(err) : 0;
}
