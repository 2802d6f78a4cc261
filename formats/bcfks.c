/* SPDX-License-Identifier: ISC */
/*
 * bcfks.c - Bouncy Castle's FIPS keystore: reading, the row of the format table
 *
 * The MAC is over the encrypted store and is checked first; then one decryption
 * gives the row of objects, in which keys have an encryption of their own.
 */
#include "bcfks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/der.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "kstool/time.h"

struct reader {
	struct kst_io *io;
	struct kst_model *model;
	struct bcfks_state *state;
	size_t number; /* of the object, from 1 */
	uint64_t certs;
	/* of the file */
	struct kst_bytes store, mac_alg, kdf_alg, mac;
};

/* The contents of data[*at], a SEQUENCE. */
static bool enter(const uint8_t *data, size_t n, size_t *at)
{
	if (n - *at < 2 || data[*at] != KST_DER_SEQUENCE)
		return false;
	size_t more = data[*at + 1] & 0x80 ? data[*at + 1] & 0x7f : 0;
	if (more > 4 || n - *at < 2 + more)
		return false;
	*at += 2 + more;
	return true;
}

#define STARTS(data, n, at, what) ((n) - (at) >= sizeof(what) && !memcmp((data) + (at), (what), sizeof(what)))

/*
 * SEQUENCE { SEQUENCE { SEQUENCE { OID PBES2: two deep it is an encrypted key, three deep nothing else.
 * Not encrypted: SEQUENCE { SEQUENCE { version 1, SEQUENCE { OID of an HMAC.
 */
static int probe(const uint8_t *data, size_t n, bool whole)
{
	static const uint8_t pbes2[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13 };
	static const uint8_t sha512[] = { 6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 11 };
	static const uint8_t sha3[] = { 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 16 };
	static const uint8_t version[] = { KST_DER_INTEGER, 1, 1 };
	size_t at = 0;

	(void)whole;
	if (!enter(data, n, &at) || !enter(data, n, &at))
		return 0;
	bool open = STARTS(data, n, at, version);
	at += open ? sizeof(version) : 0;
	if (!enter(data, n, &at))
		return 0;
	return (open ? STARTS(data, n, at, sha512) || STARTS(data, n, at, sha3) : STARTS(data, n, at, pbes2)) ? 85 : 0;
}

static void state_free(void *state)
{
	struct bcfks_state *s = state;

	if (!s)
		return;
	for (size_t i = 0; i < s->nr; i++)
		kst_free(s->base[i].alias);
	kst_free(s->base);
	kst_secret_release(&s->plain);
	kst_free(s);
}

static const struct {
	const char *name, *oid;
} algs[] = {
	{ "AES", "2.16.840.1.101.3.4.1" },	   { "DESede", "1.3.14.3.2.17" },
	{ "HmacSHA1", "1.2.840.113549.2.7" },	   { "HmacSHA224", "1.2.840.113549.2.8" },
	{ "HmacSHA256", "1.2.840.113549.2.9" },	   { "HmacSHA384", "1.2.840.113549.2.10" },
	{ "HmacSHA512", "1.2.840.113549.2.11" },   { "SEED", "1.2.410.200004.1.4" },
};

const char *bcfks_alg_name(const char *oid)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (!strcmp(oid, algs[i].oid))
			return algs[i].name;
	return NULL;
}

const char *bcfks_alg_oid(const char *name)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (!strcmp(name, algs[i].name))
			return algs[i].oid;
	return NULL;
}

/* ---- the frame ---- */

static int corrupt(struct kst_error *err, const char *what)
{
	return kst_error_setx(err, KST_E_CORRUPT, "%s", what);
}

static int take_frame(struct reader *r, struct kst_error *err)
{
	struct kst_bytes file = r->io->source.bytes;
	struct kst_der_item all, store, check, mac_alg, kdf_alg, mac;
	struct kst_der in;

	if (kst_der_whole(file.data, file.len, KST_DER_SEQUENCE, &all) < 0)
		return kst_error_setx(err, KST_E_TRUNCATED, "is no whole SEQUENCE: cut off, or more behind it");
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &store) < 0 || kst_der_next(&in, &check) != 1 ||
	    !kst_der_end(&in))
		return corrupt(err, "is not of a store and its integrity check");
	if (check.id == KST_DER_CONTEXT_CONSTRUCTED(0))
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "is signed and has no MAC, which kstool does not read");
	in = kst_der_in(&check);
	if (check.id != KST_DER_SEQUENCE || kst_der_expect(&in, KST_DER_SEQUENCE, &mac_alg) < 0 ||
	    kst_der_expect(&in, KST_DER_SEQUENCE, &kdf_alg) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &mac) < 0 || !kst_der_end(&in))
		return corrupt(err, "its integrity check cannot be decoded");
	if (mac.body.len != KST_FKS_MAC_MAX)
		return corrupt(err, "its MAC is not of 64 bytes");
	in = kst_der_in(&store);
	r->state->open = kst_der_peek(&in) == KST_DER_INTEGER;
	r->store = store.whole;
	r->mac_alg = mac_alg.whole;
	r->kdf_alg = kdf_alg.whole;
	r->mac = mac.body;
	return 0;
}

static int try_pass(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	const struct reader *r = ctx;
	uint8_t mac[KST_FKS_MAC_MAX];

	if (kst_fks_mac(r->mac_alg, r->kdf_alg, pass, r->io->limits, r->store, mac, err) < 0)
		return err && err->code == KST_E_BAD_PASSPHRASE ? (kst_error_clear(err), 1) : -1;
	return memcmp(mac, r->mac.data, sizeof(mac)) ? 1 : 0;
}

/* How the store is encrypted; `epki` is what opens it.  An open one: nothing. */
static int take_seal(struct reader *r, struct kst_buf *epki, struct kst_error *err)
{
	struct kst_info *info = &r->model->info;
	struct kst_fks_how *how = &r->state->how;

	if (r->state->open)
		return 0;
	if (kst_fks_to_epki(r->store, KST_FKS_STORE, epki) < 0)
		return corrupt(err, "its store is not encrypted as Bouncy Castle does it");
	if (epki->failed)
		return kst_error_nomem(err);
	if (kst_fks_how((struct kst_bytes){ epki->data, epki->len }, how, &info->iterations, err) < 0)
		return -1;
	info->encrypted = true;
	snprintf(info->kdf, sizeof(info->kdf), "%s, %s", how->kwp ? "AES key wrap" : "AES-CCM",
		 how->scrypt ? "scrypt" : "PBKDF2");
	return 0;
}

static int unlock(struct reader *r, struct kst_error *err)
{
	struct kst_model *m = r->model;
	struct kst_buf epki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_question q = { .what = KST_ASK_STORE,
				  .path = r->io->path,
				  .format = "BCFKS",
				  .public_defaults = true };

	const char *digest = kst_fks_mac_digest(r->mac_alg, err);
	if (!digest || take_seal(r, &epki, err) < 0)
		return -1;
	if (kst_ask_until(r->io->asker, &q, NULL, try_pass, r, &m->pass, &m->info.passphrase, err) < 0) {
		if (err && err->code == KST_E_WRONG_PASSPHRASE)
			kst_error_detail(err, "or the file was altered: its MAC cannot tell which");
		return -1;
	}
	m->has_pass = true;
	m->info.integrity = KST_INTEGRITY_VERIFIED;
	snprintf(m->info.mac, sizeof(m->info.mac), "HMAC-%s", digest);
	if (r->state->open)
		return kst_secret_set(&r->state->plain, r->store.data, r->store.len, err);
	int rc = kst_fks_open((struct kst_bytes){ epki.data, epki.len }, &m->pass, r->io->limits,
			      &r->state->plain, err);
	return rc == 1 ? corrupt(err, "its MAC is right, and the store cannot be decrypted") : rc;
}

/* ---- objects ---- */

static int broken(const struct reader *r, const char *what, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_CORRUPT, "object %zu %s", r->number, what);
}

static int push_cert(struct reader *r, struct kst_bytes der, struct kst_entry *e, struct kst_error *err)
{
	struct kst_cert *cert = NULL;

	if (++r->certs > r->io->limits->blocks)
		return kst_error_setx(err, KST_E_LIMIT, "has more than %" PRIu32 " certificates",
				      r->io->limits->blocks);
	if (kst_cert_new(&cert, der.data, der.len, err) < 0)
		return kst_error_detail(err, "object %zu", r->number);
	int rc = kst_chain_push(&e->chain, cert);
	kst_cert_free(cert);
	return rc < 0 ? kst_error_nomem(err) : 0;
}

static int check_seal(struct reader *r, const struct kst_buf *epki, struct kst_error *err)
{
	struct kst_fks_how how;
	uint64_t cost;

	if (epki->failed)
		return kst_error_nomem(err);
	return kst_fks_how((struct kst_bytes){ epki->data, epki->len }, &how, &cost, err) < 0
		       ? kst_error_detail(err, "object %zu", r->number)
		       : 0;
}

static int read_key(struct reader *r, struct kst_bytes data, struct kst_entry *e, struct kst_error *err)
{
	struct kst_buf epki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_der_item all, sealed, cert;
	struct kst_der in, chain;

	if (kst_der_whole(data.data, data.len, KST_DER_SEQUENCE, &all) < 0)
		return broken(r, "is no private key", err);
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &sealed) < 0 ||
	    kst_der_enter(&in, KST_DER_SEQUENCE, &chain) < 0 || !kst_der_end(&in) ||
	    kst_fks_to_epki(sealed.whole, KST_FKS_PRIVATE, &epki) < 0)
		return broken(r, "is no private key that Bouncy Castle sealed", err);
	if (check_seal(r, &epki, err) < 0)
		return -1;
	while (!kst_der_end(&chain)) {
		if (e->chain.nr == 100)
			return kst_error_setx(err, KST_E_LIMIT, "object %zu has more than 100 certificates",
					      r->number);
		if (kst_der_expect(&chain, KST_DER_SEQUENCE, &cert) < 0)
			return broken(r, "has a chain that cannot be decoded", err);
		if (push_cert(r, cert.whole, e, err) < 0)
			return -1;
	}
	e->key = kst_key_new();
	if (!e->key || kst_blob_set(&e->key->sealed, epki.data, epki.len) < 0)
		return kst_error_nomem(err);
	return 0;
}

static int read_secret(struct reader *r, struct kst_bytes data, struct kst_entry *e, struct kst_error *err)
{
	struct kst_buf epki KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_fks_to_epki(data, KST_FKS_SECRET, &epki) < 0)
		return broken(r, "is no secret key that Bouncy Castle sealed", err);
	if (check_seal(r, &epki, err) < 0)
		return -1;
	return kst_blob_set(&e->secret_sealed, epki.data, epki.len) < 0 ? kst_error_nomem(err) : 0;
}

/* SecretKeyData ::= SEQUENCE { OID, OCTET STRING } */
static int open_secret(struct kst_entry *e, const struct kst_secret *pass, struct kst_error *err)
{
	static const struct kst_limits limits = KST_LIMITS_DEFAULT;
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_bytes epki = { e->secret_sealed.data, e->secret_sealed.len };
	struct kst_der_item all, oid, key;
	struct kst_der in;
	char text[KST_OID_TEXT];

	int rc = kst_fks_open(epki, pass, &limits, &plain, err);
	if (rc != 0)
		return rc;
	if (kst_der_whole(plain.data, plain.len, KST_DER_SEQUENCE, &all) < 0)
		return corrupt(err, "the secret key cannot be decoded");
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_OID, &oid) < 0 || kst_oid_text(oid.body, text) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &key) < 0 || !key.body.len)
		return corrupt(err, "the secret key cannot be decoded");
	const char *name = bcfks_alg_name(text);
	char *alg = strcmp(text, BCFKS_NO_ALG) != 0 ? kst_strdup(name ? name : text) : NULL;
	if (!alg && strcmp(text, BCFKS_NO_ALG) != 0)
		return kst_error_nomem(err);
	if (kst_secret_set(&e->secret, key.body.data, key.body.len, err) < 0) {
		kst_free(alg);
		return -1;
	}
	kst_free(e->secret_alg);
	e->secret_alg = alg;
	return 0;
}

static int set_name(struct reader *r, struct kst_bytes raw, struct kst_entry *e, struct bcfks_base *base,
		    struct kst_error *err)
{
	bool changed = false;

	if (!kst_utf8_valid(raw.data, raw.len))
		return broken(r, "has a name that is not in UTF-8", err);
	e->alias = kst_alias_legal(raw.data, raw.len, &changed);
	if (e->alias && changed && kst_blob_set(&e->alias_source, raw.data, raw.len) < 0)
		return kst_error_nomem(err);
	if (e->alias && !changed && !(base->alias = kst_strdup(e->alias)))
		return kst_error_nomem(err);
	return 0;
}

static struct bcfks_base *new_base(struct reader *r, struct kst_error *err)
{
	struct bcfks_state *s = r->state;

	if (s->nr == r->io->limits->blocks) {
		kst_error_setx(err, KST_E_LIMIT, "has more than %" PRIu32 " objects", r->io->limits->blocks);
		return NULL;
	}
	if (s->nr == s->size) {
		size_t size = s->size ? s->size * 2 : 16;
		struct bcfks_base *grown = kst_realloc(s->base, size * sizeof(*grown));
		if (!grown) {
			kst_error_nomem(err);
			return NULL;
		}
		s->base = grown;
		s->size = size;
	}
	s->base[s->nr] = (struct bcfks_base){ .alias = NULL };
	return &s->base[s->nr++];
}

static int64_t date(const struct kst_der_item *item)
{
	int64_t t;

	return kst_time_from_asn1(true, item->body.data, item->body.len, &t) == 0 && t > 0 ? t : 0;
}

static int fill(struct reader *r, uint64_t type, struct kst_bytes data, struct kst_entry *e,
		struct kst_error *err)
{
	switch (type) {
	case BCFKS_CERT:
		e->trusted = true;
		return push_cert(r, data, e, err);
	case BCFKS_KEY:
	case BCFKS_SEALED_KEY:
		return read_key(r, data, e, err);
	default:
		return read_secret(r, data, e, err);
	}
}

/* A comment, and whatever else there may be: it goes back as it is. */
static int take_rest(struct kst_der in, struct kst_bytes *out)
{
	struct kst_der_item item;
	int rc;

	*out = (struct kst_bytes){ in.p, kst_der_left(&in) };
	while ((rc = kst_der_next(&in, &item)) == 1)
		;
	return rc;
}

static int read_object(struct reader *r, const struct kst_der_item *object, struct kst_error *err)
{
	struct kst_der in = kst_der_in(object);
	struct kst_der_item type, name, created, modified, data;
	uint64_t n;
	struct bcfks_base *base = new_base(r, err);

	if (!base)
		return -1;
	if (kst_der_expect(&in, KST_DER_INTEGER, &type) < 0 || kst_der_uint(type.body, &n) < 0 ||
	    kst_der_expect(&in, KST_DER_UTF8_STRING, &name) < 0 ||
	    kst_der_expect(&in, KST_DER_GENERALIZED_TIME, &created) < 0 ||
	    kst_der_expect(&in, KST_DER_GENERALIZED_TIME, &modified) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &data) < 0 || take_rest(in, &base->rest) < 0)
		return broken(r, "cannot be decoded", err);
	if (n > BCFKS_SEALED_SECRET)
		return broken(r, "is of no type that Bouncy Castle has", err);
	struct kst_entry *e = kst_entry_new(n == BCFKS_CERT				 ? KST_KIND_CERT
					    : n == BCFKS_KEY || n == BCFKS_SEALED_KEY ? KST_KIND_KEY
										      : KST_KIND_SECRET);
	if (!e)
		return kst_error_nomem(err);
	e->created = date(&created);
	e->modified = date(&modified);
	e->origin = kst_strdup("bcfks");
	base->whole = object->whole;
	base->created = created.whole;
	base->made = e->created;
	base->type = n;
	int rc = e->origin ? fill(r, n, data.body, e, err) : kst_error_nomem(err);
	if (rc == 0)
		rc = set_name(r, name.body, e, base, err);
	if (rc < 0) {
		kst_entry_free(e);
		return -1;
	}
	return kst_model_push(r->model, e, r->model->nr) < 0 ? kst_error_nomem(err) : 0;
}

/* ObjectStoreData ::= SEQUENCE { version, integrityAlgorithm, creationDate, lastModifiedDate,
 * SEQUENCE OF ObjectData, comment OPTIONAL } */
static int read_objects(struct reader *r, struct kst_error *err)
{
	struct kst_der_item all, version, alg, created, object;
	struct kst_der in, row;
	uint64_t n;

	if (kst_der_whole(r->state->plain.data, r->state->plain.len, KST_DER_SEQUENCE, &all) < 0)
		return corrupt(err, "its store cannot be decoded");
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_INTEGER, &version) < 0 || kst_der_uint(version.body, &n) < 0 ||
	    kst_der_expect(&in, KST_DER_SEQUENCE, &alg) < 0 ||
	    kst_der_expect(&in, KST_DER_GENERALIZED_TIME, &created) < 0 ||
	    kst_der_expect(&in, KST_DER_GENERALIZED_TIME, NULL) < 0 ||
	    kst_der_enter(&in, KST_DER_SEQUENCE, &row) < 0 || take_rest(in, &r->state->rest) < 0)
		return corrupt(err, "its store cannot be decoded");
	if (n != 1)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE, "is of version %" PRIu64
				      ", kstool reads version 1", n);
	/* Bouncy Castle refuses such a file, since somebody put another MAC to it. */
	if (!kst_bytes_is(alg.whole, r->mac_alg.data, r->mac_alg.len))
		return corrupt(err, "the algorithm of its MAC is not the one that the store names");
	r->state->created = created.whole;
	for (r->number = 1; !kst_der_end(&row); r->number++) {
		if (kst_der_expect(&row, KST_DER_SEQUENCE, &object) < 0)
			return broken(r, "cannot be decoded", err);
		if (read_object(r, &object, err) < 0)
			return -1;
	}
	return 0;
}

static int read_bcfks(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct reader r = { .io = io, .model = into };

	if (io->source.bytes.len > io->limits->file)
		return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %" PRIu64 " bytes",
				      io->limits->file);
	r.state = kst_calloc(1, sizeof(*r.state));
	into->state = r.state;
	if (!r.state)
		return kst_error_nomem(err);
	if (take_frame(&r, err) < 0 || unlock(&r, err) < 0)
		return -1;
	return read_objects(&r, err);
}

static const char *const suffixes[] = { ".bcfks", NULL };

const struct kst_format kst_format_bcfks = {
	.name = "bcfks",
	.to = "bcfks",
	.title = "BCFKS",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_TRUST | KST_CAP_ANCHORS | KST_CAP_ALIASES | KST_CAP_ALIAS_CASE |
		KST_CAP_SECRETS | KST_CAP_BARE_KEYS | KST_CAP_ENTRY_PASS | KST_CAP_INTEGRITY |
		KST_CAP_ENCRYPTION | KST_CAP_BINARY | KST_CAP_DATES | KST_CAP_SECRET_ALGS,
	.pbe = KST_PBE_OWN,
	.probe = probe,
	.read = read_bcfks,
	.write = bcfks_write,
	.close = state_free,
	.open_secret = open_secret,
};
