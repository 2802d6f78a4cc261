/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_write.c - the model as a PKCS#12 that Java, OpenSSL, GnuTLS and NSS read
 *
 * The layout is Java's: one plain part with shrouded keys and secrets, one
 * encrypted part with everything else.  Keys that are sealed go as they are;
 * parts and bags that nobody here knows go byte for byte.
 */
#include "pkcs12_state.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/digest.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "kstool/time.h"

#define MIN_JAVA 6

struct writer {
	struct kst_io *io;
	struct kst_model *model;
	struct p12_state *state; /* NULL: a new file */
	struct kst_pbe_options pbe;
	struct kst_pbe_cache *cache; /* one salt for all bags: one derivation */
	struct kst_nocase *names;     /* aliases taken */
	struct kst_nocase *ids;       /* localKeyIDs taken, in hex */
	struct kst_nocase *issuers;   /* fingerprints that a chain has brought */
	bool open;                   /* neither MAC nor encryption */
	struct kst_buf keys, chains, others; /* SafeBags in a row */
};

/* ---- pieces ---- */

/* SafeBag ::= SEQUENCE { bagId, bagValue [0] EXPLICIT, bagAttributes SET }; value and attributes in
 * a row, whole. */
static void put_bag(struct kst_buf *out, enum p12_bag_type type, const struct kst_buf *value,
		    const struct kst_buf *attrs)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t oid[sizeof(P12_OID_BAGS)];
	memcpy(oid, P12_OID_BAGS, sizeof(oid) - 1);
	oid[sizeof(oid) - 1] = (uint8_t)type;
	kst_der_put(&b, KST_DER_OID, oid, sizeof(oid));
	kst_der_put(&b, KST_DER_CONTEXT_CONSTRUCTED(0), value->data, value->len);
	struct kst_buf set KST_SCRATCH_BUF = KST_BUF_INIT;
	p12_put_sorted(&set, attrs->data, attrs->len);
	if (set.len)
		kst_der_put(&b, KST_DER_SET, set.data, set.len);
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	out->failed |= b.failed || value->failed || attrs->failed || set.failed;
}

/* CertBag and its likes: SEQUENCE { type, [0] EXPLICIT OCTET STRING }. */
static void put_typed(struct kst_buf *out, const char *oid, size_t oid_len, struct kst_bytes der)
{
	struct kst_buf octets KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put(&octets, KST_DER_OCTET_STRING, der.data, der.len);
	kst_der_put(&b, KST_DER_OID, oid, oid_len);
	kst_der_put(&b, KST_DER_CONTEXT_CONSTRUCTED(0), octets.data, octets.len);
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	out->failed |= octets.failed || b.failed;
}

static void put_blob(struct kst_buf *out, const struct kst_blob *b)
{
	if (b->len)
		kst_buf_put(out, b->data, b->len);
}

static void put_cert(struct kst_buf *out, const struct kst_cert *cert, const struct kst_buf *attrs)
{
	struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;
	put_typed(&value, P12_OID_X509_CERT, sizeof(P12_OID_X509_CERT) - 1, kst_cert_der(cert));
	put_bag(out, P12_CERT, &value, attrs);
}

/* ContentInfo ::= SEQUENCE { type, [0] EXPLICIT content }; content is whole. */
static void put_content_info(struct kst_buf *out, const char *oid, size_t oid_len,
			     const struct kst_buf *content)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put(&b, KST_DER_OID, oid, oid_len);
	kst_der_put(&b, KST_DER_CONTEXT_CONSTRUCTED(0), content->data, content->len);
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	out->failed |= b.failed || content->failed;
}

static void put_data(struct kst_buf *out, const struct kst_buf *bytes)
{
	struct kst_buf octets KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put(&octets, KST_DER_OCTET_STRING, bytes->data, bytes->len);
	octets.failed |= bytes->failed;
	put_content_info(out, P12_OID_DATA, sizeof(P12_OID_DATA) - 1, &octets);
}

/* ---- names and ids ---- */

/*
 * A name that the file had stays as it was, in whatever case: Java does not
 * care, and other programs may look for it.  A new one is written as Java
 * would: in lower case.
 */
static int fix_alias(struct writer *w, const struct kst_item *item, struct kst_error *err)
{
	struct kst_entry *e = item->entry;
	const char *had = w->state && item->base < w->state->nr ? w->state->alias[item->base] : NULL;

	if (!e->alias && item->base != KST_NO_BASE)
		return 0;
	return kst_nocase_fit(w->names, e, had, w->io->notes, err);
}

/* Is this id still free?  Then it is taken.  -1 without memory. */
static int claim_id(struct writer *w, const void *id, size_t len)
{
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_text_hex(&hex, id, len);
	if (hex.failed || !hex.data)
		return -1;
	if (kst_nocase_has(w->ids, (const char *)hex.data))
		return 0;
	return kst_nocase_add(w->ids, (const char *)hex.data) < 0 ? -1 : 1;
}

/*
 * Without localKeyID Java drops a key when there are two.  Its own form holds
 * the date of the entry in milliseconds; no two may be equal.
 */
static int local_key_id(struct writer *w, const struct kst_entry *e, struct kst_buf *out,
			struct kst_error *err)
{
	if (e->local_key_id.len) {
		int free = claim_id(w, e->local_key_id.data, e->local_key_id.len);
		if (free < 0)
			return kst_error_nomem(err);
		if (free) {
			kst_buf_put(out, e->local_key_id.data, e->local_key_id.len);
			return out->failed ? kst_error_nomem(err) : 0;
		}
	}
	int64_t ms = (e->created > 0 ? e->created : kst_time_now()) * 1000;
	for (;; ms++) {
		kst_buf_reset(out);
		kst_buf_printf(out, "Time %" PRId64, ms);
		int free = out->failed ? -1 : claim_id(w, out->data, out->len);
		if (free < 0)
			return kst_error_nomem(err);
		if (free)
			return 0;
	}
}

/* ---- entries to bags ---- */

/* EncryptedPrivateKeyInfo of a plaintext. */
static int seal(struct writer *w, const uint8_t *plain, size_t len, struct kst_buf *out,
		struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, ct KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_pbe_encrypt(&w->pbe, plain, len, &w->model->pass, w->cache, &b, &ct, err) < 0)
		return -1;
	kst_der_put(&b, KST_DER_OCTET_STRING, ct.data, ct.len);
	kst_der_put(out, KST_DER_SEQUENCE, b.data, b.len);
	return b.failed || ct.failed || out->failed ? kst_error_nomem(err) : 0;
}

/*
 * May it go as it is sealed?  Java's other keystores seal by algorithms of their
 * own, which no reader of PKCS#12 knows; what lay in this file and cannot be
 * opened stays, whatever it is.
 */
static bool is_ours(const struct writer *w, const struct kst_entry *e, const struct kst_blob *sealed,
		    bool closed)
{
	return sealed->len && (kst_seal_of(sealed->data, sealed->len) == KST_SEAL_STANDARD ||
			       (closed && w->state && e->origin && strcmp(e->origin, "pkcs12") == 0));
}

static int must_be_open(const struct kst_entry *e, const char *what, struct kst_error *err)
{
	kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
		       "the %s \"%s\" is encrypted in a way that PKCS#12 has not: it must be opened first",
		       what, e->alias ? e->alias : "");
	return kst_error_hint(err, "add --key-pass file:PATH");
}

static int seal_key(struct writer *w, struct kst_entry *e, struct kst_buf *out,
		    struct kst_error *err)
{
	struct kst_key *key = e->key;
	if (is_ours(w, e, &key->sealed, kst_key_is_sealed(key))) {
		put_blob(out, &key->sealed);
		return out->failed ? kst_error_nomem(err) : 0;
	}
	if (kst_key_is_sealed(key))
		return must_be_open(e, "private key", err);
	return seal(w, key->pkcs8.data, key->pkcs8.len, out, err);
}

/* The leaf is each key's own, with the id that binds them; an issuer comes once for all. */
static int put_chain(struct writer *w, const struct kst_entry *e, const struct kst_buf *id,
		     struct kst_error *err)
{
	for (size_t i = 0; i < e->chain.nr; i++) {
		struct kst_buf attrs KST_SCRATCH_BUF = KST_BUF_INIT;
		if (i == 0) {
			if (e->alias)
				p12_put_name(&attrs, e->alias);
			p12_put_id(&attrs, id->data, id->len);
		} else {
			struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;
			kst_text_hex(&hex, kst_cert_sha256(e->chain.cert[i]), 32);
			if (hex.failed)
				return kst_error_nomem(err);
			if (kst_nocase_has(w->issuers, (const char *)hex.data))
				continue;
			if (kst_nocase_add(w->issuers, (const char *)hex.data) < 0)
				return kst_error_nomem(err);
		}
		if (e->cert_attrs)
			put_blob(&attrs, &e->cert_attrs[i]);
		put_cert(&w->chains, e->chain.cert[i], &attrs);
	}
	return w->chains.failed ? kst_error_nomem(err) : 0;
}

static int put_key(struct writer *w, struct kst_entry *e, struct kst_error *err)
{
	struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT, attrs KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf id KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!e->key)
		return kst_error_setx(err, KST_E_NO_PRIVATE_KEY, "\"%s\" has no private key",
				      e->alias ? e->alias : "");
	if (local_key_id(w, e, &id, err) < 0 || seal_key(w, e, &value, err) < 0)
		return -1;
	if (e->alias)
		p12_put_name(&attrs, e->alias);
	p12_put_id(&attrs, id.data, id.len);
	put_blob(&attrs, &e->attrs);
	put_bag(&w->keys, P12_SHROUDED, &value, &attrs);
	return put_chain(w, e, &id, err);
}

static int put_secret(struct writer *w, const struct kst_entry *e, struct kst_error *err)
{
	static const char java[] = P12_OID_BAGS "\x02";
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT, value KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf attrs KST_SCRATCH_BUF = KST_BUF_INIT, id KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf plain KST_SCRATCH_BUF = KST_BUF_INIT;
	if (is_ours(w, e, &e->secret_sealed, !e->secret.len))
		put_blob(&sealed, &e->secret_sealed);
	else if (!e->secret.len)
		return must_be_open(e, "secret key", err);
	else if (p12_secret_wrap(&plain, e, err) < 0 || seal(w, plain.data, plain.len, &sealed, err) < 0)
		return -1;
	if (local_key_id(w, e, &id, err) < 0)
		return -1;
	if (e->alias)
		p12_put_name(&attrs, e->alias);
	p12_put_id(&attrs, id.data, id.len);
	put_blob(&attrs, &e->attrs);
	put_typed(&value, java, sizeof(java) - 1, (struct kst_bytes){ sealed.data, sealed.len });
	value.failed |= sealed.failed;
	put_bag(&w->keys, P12_SECRET, &value, &attrs);
	return 0;
}

static int put_plain(struct writer *w, const struct kst_entry *e, struct kst_error *err)
{
	struct kst_buf attrs KST_SCRATCH_BUF = KST_BUF_INIT;
	if (e->alias)
		p12_put_name(&attrs, e->alias);
	if (e->local_key_id.len)
		p12_put_id(&attrs, e->local_key_id.data, e->local_key_id.len);
	put_blob(&attrs, &e->attrs);
	if (e->kind == KST_KIND_CRL) {
		struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;
		put_typed(&value, P12_OID_X509_CRL, sizeof(P12_OID_X509_CRL) - 1,
			  (struct kst_bytes){ e->der.data, e->der.len });
		put_bag(&w->others, P12_CRL, &value, &attrs);
		return 0;
	}
	/* The mark says "trusted"; a reader of it would not ask for what. */
	if (e->distrusted.len)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "PKCS#12 cannot say that \"%s\" is distrusted",
				      e->alias ? e->alias : "");
	if (e->chain.nr != 1)
		return kst_error_setx(err, KST_E_INTERNAL, "\"%s\" is no single certificate",
				      e->alias ? e->alias : "");
	if (e->trusted)
		p12_put_trust(&attrs, &e->purposes);
	if (e->cert_attrs)
		put_blob(&attrs, &e->cert_attrs[0]);
	put_cert(&w->others, e->chain.cert[0], &attrs);
	return 0;
}

static int put_entry(struct writer *w, const struct kst_item *item, struct kst_error *err)
{
	struct kst_entry *e = item->entry;
	if (e->kind != KST_KIND_OPAQUE && fix_alias(w, item, err) < 0)
		return -1;
	switch (e->kind) {
	case KST_KIND_KEY:
		return put_key(w, e, err);
	case KST_KIND_SECRET:
		return put_secret(w, e, err);
	case KST_KIND_CERT:
	case KST_KIND_CRL:
		return put_plain(w, e, err);
	case KST_KIND_OPAQUE:
		if (e->origin && strcmp(e->origin, "pkcs12") == 0) {
			put_blob(&w->others, &e->der);
			return 0;
		}
		break;
	case KST_KIND_CSR:
		break;
	}
	return kst_error_setx(err, KST_E_CANNOT_HOLD, "PKCS#12 cannot hold \"%s\"",
			      e->alias ? e->alias : e->label ? e->label : "");
}

/* ---- the passphrase ---- */

static bool needs_sealing(const struct writer *w, const struct kst_entry *e)
{
	switch (e->kind) {
	case KST_KIND_KEY:
	case KST_KIND_SECRET:
		return true;
	case KST_KIND_OPAQUE: /* nobody knows; in an open file it was open before */
		return !w->state || !w->state->open;
	case KST_KIND_CERT:
	case KST_KIND_CSR:
	case KST_KIND_CRL:
		return false;
	}
	return true;
}

static size_t characters(const struct kst_secret *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->len; i++)
		n += (p->data[i] & 0xc0) != 0x80;
	return n;
}

static int ask_new(struct writer *w, struct kst_error *err)
{
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	enum kst_ask_source source;
	const struct kst_asker *a = w->io->asker;
	struct kst_question q = { .what = KST_ASK_NEW_STORE,
				  .path = w->io->path,
				  .format = "PKCS#12",
				  .java_rules = true };
	int rc = a && a->ask ? a->ask(a->ctx, &q, &pass, &source, err) : 1;
	if (rc < 0)
		return -1;
	if (rc > 0)
		return kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "a new passphrase is needed");
	if (!pass.len)
		return kst_error_setx(err, KST_E_EMPTY_PASSPHRASE, "the new passphrase is empty");
	if (characters(&pass) < MIN_JAVA)
		return kst_error_setx(err, KST_E_SHORT_PASSPHRASE,
				      "Java refuses a passphrase of fewer than %d characters",
				      MIN_JAVA);
	kst_secret_move(&w->model->pass, &pass);
	w->model->has_pass = true;
	return 0;
}

static int choose_protection(struct writer *w, struct kst_error *err)
{
	const struct kst_write_options *o = w->io->write;
	const struct kst_entry *secret = NULL;
	for (size_t i = 0; i < w->model->nr && !secret; i++)
		if (needs_sealing(w, w->model->item[i].entry))
			secret = w->model->item[i].entry;
	if (o->no_pass && secret) {
		kst_error_setx(err, KST_E_PLAIN_KEY,
			       "a PKCS#12 without passphrase would hold \"%s\" in the open",
			       secret->alias ? secret->alias : secret->label ? secret->label : "");
		return kst_error_hint(err, "give it a passphrase: --new-pass");
	}
	/* What had no passphrase gets none until something secret comes into it. */
	w->open = o->no_pass ||
		  (!w->model->has_pass && !secret && w->state && w->state->open);
	if (!w->open && !w->model->has_pass && ask_new(w, err) < 0)
		return -1;

	w->pbe = o->pbe;
	for (size_t i = 0; !w->open && !o->as_told && i < w->model->pass.len; i++)
		if (w->model->pass.data[i] > 0x7f) {
			kst_note(w->io->notes, "passphrase-not-ascii",
				 "Java does not open this file: its PBES2 takes ASCII passphrases only");
			break;
		}
	if (!w->pbe.iterations) {
		/* Never weaker than it was. */
		uint64_t was = w->state && !o->as_told ? w->state->iterations : 0;
		if (was > w->io->limits->iterations)
			was = w->io->limits->iterations;
		w->pbe.iterations = was > P12_ITERATIONS ? (uint32_t)was : P12_ITERATIONS;
	}
	return 0;
}

/* ---- the file ---- */

/*
 * GnuTLS reads no more than 32 bags of one SafeContents, so there are as many as
 * it takes.  Bags of a piece of `all`; moves past it.  0 or -1 (they are ours: no memory).
 */
#define BAGS_MAX 32

static int take_piece(struct kst_der *all, struct kst_buf *out)
{
	const uint8_t *from = all->p;
	struct kst_der_item bag;

	for (size_t n = 0; n < BAGS_MAX && kst_der_next(all, &bag) == 1; n++)
		;
	kst_der_put(out, KST_DER_SEQUENCE, from, (size_t)(all->p - from));
	return out->failed || all->p == from ? -1 : 0;
}

static size_t count_pieces(const struct kst_buf *bags)
{
	struct kst_der all = kst_der_over(bags->data, bags->len);
	struct kst_der_item bag;
	size_t n = 0;

	while (kst_der_next(&all, &bag) == 1)
		n++;
	return (n + BAGS_MAX - 1) / BAGS_MAX;
}

static int put_encrypted(struct writer *w, const struct kst_pbe_options *pbe,
			 const struct kst_buf *bags, struct kst_buf *out, struct kst_error *err)
{
	struct kst_buf info KST_SCRATCH_BUF = KST_BUF_INIT, ct KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf seq KST_SCRATCH_BUF = KST_BUF_INIT, safe KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_der_put(&info, KST_DER_OID, P12_OID_DATA, sizeof(P12_OID_DATA) - 1);
	if (kst_pbe_encrypt(pbe, bags->data, bags->len, &w->model->pass, w->cache, &info, &ct, err) < 0)
		return -1;
	kst_der_put(&info, KST_DER_CONTEXT(0), ct.data, ct.len);
	kst_der_put_uint(&seq, 0);
	kst_der_put(&seq, KST_DER_SEQUENCE, info.data, info.len);
	kst_der_put(&safe, KST_DER_SEQUENCE, seq.data, seq.len);
	safe.failed |= info.failed || ct.failed || seq.failed;
	put_content_info(out, P12_OID_ENCRYPTED, sizeof(P12_OID_ENCRYPTED) - 1, &safe);
	return 0;
}

/*
 * Some readers count the iterations of all safes and stop at 600,000.  A truststore
 * of many safes stays below that; where there is a private key its protection
 * comes first.
 */
static struct kst_pbe_options cert_pbe(const struct writer *w, size_t pieces)
{
	struct kst_pbe_options pbe = w->pbe;
	uint32_t most = pieces ? (uint32_t)((P12_READERS_MOST - P12_ITERATIONS) / pieces) : 0;

	if (pieces > 2 && !w->keys.len && !w->io->write->pbe.iterations && pbe.iterations > most)
		pbe.iterations = most > P12_ITERATIONS_LEAST ? most : P12_ITERATIONS_LEAST;
	return pbe;
}

static int put_safes(struct writer *w, struct kst_buf *out, struct kst_error *err)
{
	struct kst_buf certs KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_pbe_options pbe;
	struct kst_der all;

	/* Chains before the rest: of two bags of one certificate a reader takes the first into them. */
	kst_buf_put(&certs, w->chains.data, w->chains.len);
	kst_buf_put(&certs, w->others.data, w->others.len);
	if (certs.failed || w->keys.failed || w->chains.failed || w->others.failed)
		return kst_error_nomem(err);
	all = kst_der_over(w->keys.data, w->keys.len);
	while (!kst_der_end(&all)) {
		struct kst_buf bags KST_SCRATCH_BUF = KST_BUF_INIT;

		if (take_piece(&all, &bags) < 0)
			return kst_error_nomem(err);
		put_data(out, &bags);
	}
	pbe = cert_pbe(w, count_pieces(&certs));
	all = kst_der_over(certs.data, certs.len);
	while (!kst_der_end(&all)) {
		struct kst_buf bags KST_SCRATCH_BUF = KST_BUF_INIT;

		if (take_piece(&all, &bags) < 0)
			return kst_error_nomem(err);
		if (w->open)
			put_data(out, &bags);
		else if (put_encrypted(w, &pbe, &bags, out, err) < 0)
			return -1;
	}
	if (w->state && w->state->foreign.len)
		kst_buf_put(out, w->state->foreign.data, w->state->foreign.len);
	return out->failed ? kst_error_nomem(err) : 0;
}

static enum kst_mac mac_kind(const struct writer *w)
{
	enum kst_mac kind = w->io->write->mac;
	if (w->io->write->as_told)
		return kind;
	/* Of the default nobody can tell that it was asked for: what it had, it keeps. */
	return kind == KST_MAC_HMAC && w->state && w->state->pbmac1 ? KST_MAC_PBMAC1 : kind;
}

static int put_file(struct writer *w, struct kst_buf *out, struct kst_error *err)
{
	struct kst_buf safes KST_SCRATCH_BUF = KST_BUF_INIT, content KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf pfx KST_SCRATCH_BUF = KST_BUF_INIT;
	enum kst_mac mac = mac_kind(w);

	if (put_safes(w, &safes, err) < 0)
		return -1;
	kst_der_put(&content, KST_DER_SEQUENCE, safes.data, safes.len);
	kst_der_put_uint(&pfx, 3);
	put_data(&pfx, &content);
	/* Readers that need 3DES know no HMAC but that of SHA-1. */
	if (!content.failed && !w->open && mac != KST_MAC_NONE &&
	    p12_mac_make(&pfx, mac, w->pbe.pbe == KST_PBE_3DES, w->pbe.iterations,
			 (struct kst_bytes){ content.data, content.len }, &w->model->pass, w->cache, err) < 0)
		return -1;
	kst_der_put(out, KST_DER_SEQUENCE, pfx.data, pfx.len);
	return content.failed || pfx.failed || out->failed ? kst_error_nomem(err) : 0;
}

/*
 * Where neither the contents nor the passphrase is a secret, chance would only
 * make two files of one truststore differ: salts come from the contents instead.
 */
static int seed_salts(struct writer *w, struct kst_error *err)
{
	static const char changeit[] = "changeit";
	const struct kst_secret *pass = &w->model->pass;
	struct kst_digest digest = KST_DIGEST_INIT;
	uint8_t seed[32];
	bool known = !pass->len || (pass->len == sizeof(changeit) - 1 &&
				    memcmp(pass->data, changeit, sizeof(changeit) - 1) == 0);

	if (w->open || !known || w->keys.len)
		return 0;
	for (size_t i = 0; i < w->model->nr; i++)
		if (needs_sealing(w, w->model->item[i].entry))
			return 0;
	const struct kst_buf *const parts[] = { &w->chains, &w->others };
	for (size_t i = 0; i < 2; i++)
		if (parts[i]->len && kst_digest_update(&digest, parts[i]->data, parts[i]->len, err) < 0) {
			kst_digest_release(&digest);
			return -1;
		}
	if (kst_digest_final(&digest, seed, err) < 0)
		return -1;
	kst_pbe_cache_seed(w->cache, seed);
	return 0;
}

int p12_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct writer w = { .io = io, .model = from, .state = from->state };
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	int rc = -1;

	w.cache = kst_pbe_cache_new();
	w.names = kst_nocase_new();
	w.ids = kst_nocase_new();
	w.issuers = kst_nocase_new();
	if (!w.cache || !w.names || !w.ids || !w.issuers) {
		kst_error_nomem(err);
		goto done;
	}
	if (choose_protection(&w, err) < 0)
		goto done;
	for (size_t i = 0; i < from->nr; i++) {
		kst_progress_step(io->progress, "sealing", i, from->nr);
		if (put_entry(&w, &from->item[i], err) < 0)
			goto done;
	}
	if (seed_salts(&w, err) == 0 && put_file(&w, &out, err) == 0)
		rc = io->sink.write(io->sink.ctx, out.data, out.len, err);
done:
	kst_buf_release(&w.keys);
	kst_buf_release(&w.chains);
	kst_buf_release(&w.others);
	kst_pbe_cache_free(w.cache);
	kst_nocase_free(w.names);
	kst_nocase_free(w.ids);
	kst_nocase_free(w.issuers);
	return rc;
}
