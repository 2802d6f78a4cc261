/* SPDX-License-Identifier: ISC */
/*
 * jwks.c - JSON Web Keys, one or a set (RFC 7517).  Specified in jwks.md.
 *
 * What a JWK says beyond its key ("use", "alg", members of one's own) stays: the
 * parsed objects are kept, without their private members, which live in the model
 * alone and are put back when the set is written.
 */
#include "jwks_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text64.h"
#include "kstool/alloc.h"

/* Limits of iterations are in numbers of a hash; finding primes costs this many of them a unit. */
#define SEARCH_UNIT 4096

struct reader {
	struct kst_io *io;
	struct kst_model *model;
	struct jwks_file *file;
	uint64_t cost;
	char where[48]; /* "keys[3]" */
};

/* ---- detection ---- */

static const uint8_t *blanks(const uint8_t *p, const uint8_t *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p;
}

/* "keys" and an array behind it. */
static bool has_keys(const uint8_t *p, const uint8_t *end)
{
	while ((p = memmem(p, (size_t)(end - p), "\"keys\"", 6))) {
		const uint8_t *q = blanks(p + 6, end);
		if (q < end && *q == ':') {
			q = blanks(q + 1, end);
			if (q < end && *q == '[')
				return true;
		}
		p += 6;
	}
	return false;
}

static int probe(const uint8_t *data, size_t n, bool whole)
{
	const uint8_t *end = data + n, *p = data;

	(void)whole;
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	p = blanks(p, end);
	if (p == end || *p != '{')
		return 0;
	/* Every JWK has a "kty"; a quotation of one inside a string has a backslash. */
	return memmem(p, (size_t)(end - p), "\"kty\"", 5) || has_keys(p, end) ? 85 : 0;
}

/* ---- reading ---- */

static int broken(const struct reader *r, struct kst_error *err, const char *what)
{
	return kst_error_setx(err, KST_E_CORRUPT, "%s %s", r->where, what);
}

const char *jwks_text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static int take_member(const struct reader *r, const json_t *o, enum kst_jwk_member which,
		       struct kst_jwk *jwk, struct kst_error *err)
{
	const json_t *v = json_object_get(o, kst_jwk_member_name[which]);

	if (!v)
		return 0;
	if (!json_is_string(v) ||
	    kst_text64_decode(&jwk->member[which], json_string_value(v), json_string_length(v),
			      KST_TEXT64_URL) < 0) {
		if (jwk->member[which].failed)
			return kst_error_nomem(err);
		kst_error_setx(err, KST_E_CORRUPT, "\"%s\" of %s is no base64url",
			       kst_jwk_member_name[which], r->where);
		return -1;
	}
	return 0;
}

static int take_x5c(const struct reader *r, const json_t *o, struct kst_chain *chain,
		    struct kst_error *err)
{
	const json_t *x5c = json_object_get(o, "x5c"), *v;
	size_t i;

	if (!x5c)
		return 0;
	if (!json_is_array(x5c) || json_array_size(x5c) > 100)
		return broken(r, err, "has an \"x5c\" that is no chain");
	json_array_foreach(x5c, i, v) {
		struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_cert *cert;

		if (!json_is_string(v) ||
		    kst_text64_decode(&der, json_string_value(v), json_string_length(v),
				      KST_TEXT64) < 0)
			return broken(r, err, "has an \"x5c\" that is not base64");
		if (kst_cert_new(&cert, der.data, der.len, err) < 0)
			return -1;
		int rc = kst_chain_push(chain, cert);
		kst_cert_free(cert);
		if (rc < 0)
			return kst_error_nomem(err);
	}
	return 0;
}

/* The first certificate must hold the key (RFC 7517 4.7). */
static int check_leaf(const struct reader *r, const struct kst_chain *chain,
		      const struct kst_blob *spki, struct kst_error *err)
{
	struct kst_key key = { .spki = *spki };

	if (!chain->nr || kst_key_matches(&key, chain->cert[0]))
		return 0;
	return kst_error_setx(err, KST_E_KEY_MISMATCH,
			      "the first certificate in \"x5c\" of %s is of another key", r->where);
}

static int name_it(struct kst_entry *e, struct jwks_object *obj, const char *kid, size_t kid_len,
		   const struct kst_jwk *jwk, struct kst_error *err)
{
	char print[KST_JWK_THUMBPRINT];
	bool changed = false;

	if (kid_len) {
		e->alias = kst_alias_legal(kid, kid_len, &changed);
		if (e->alias && changed && kst_blob_set(&e->alias_source, kid, kid_len) < 0)
			return kst_error_nomem(err);
	}
	if (e->alias) {
		obj->alias = kst_strdup(e->alias);
		return obj->alias ? 0 : kst_error_nomem(err);
	}
	if (!jwk)
		return 0;
	if (kst_jwk_thumbprint(jwk, print) < 0 || !(e->alias = kst_strdup(print)))
		return kst_error_nomem(err);
	e->alias_derived = true;
	return 0;
}

static int push(struct reader *r, struct kst_entry *e, size_t object, bool further,
		struct kst_error *err)
{
	struct jwks_file *f = r->file;
	struct jwks_base *grown;

	if (f->nr_bases == r->io->limits->blocks) {
		kst_entry_free(e);
		return kst_error_setx(err, KST_E_LIMIT, "holds more than %u keys and certificates",
				      (unsigned)r->io->limits->blocks);
	}
	if ((f->nr_bases & (f->nr_bases - 1)) == 0) { /* full: 0, 1, 2, 4 ... */
		size_t size = f->nr_bases ? f->nr_bases * 2 : 1;
		grown = kst_realloc(f->base, size * sizeof(*grown));
		if (!grown) {
			kst_entry_free(e);
			return kst_error_nomem(err);
		}
		f->base = grown;
	}
	e->origin = kst_strdup("jwks");
	if (!e->origin) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	f->base[f->nr_bases] = (struct jwks_base){ object, further };
	if (kst_model_push(r->model, e, f->nr_bases) < 0)
		return kst_error_nomem(err);
	f->nr_bases++;
	return 0;
}

const struct jwks_alg jwks_alg[JWKS_ALGS] = {
	{ "HS256", "HmacSHA256" }, { "HS384", "HmacSHA384" }, { "HS512", "HmacSHA512" },
	{ "A128KW", "AES" },	   { "A192KW", "AES" },	      { "A256KW", "AES" },
	{ "A128GCM", "AES" },	   { "A192GCM", "AES" },      { "A256GCM", "AES" },
	{ "A128GCMKW", "AES" },	   { "A192GCMKW", "AES" },    { "A256GCMKW", "AES" },
};

static int fill_secret(struct kst_entry *e, const json_t *o, const struct kst_jwk *jwk,
		       struct kst_error *err)
{
	const char *alg = jwks_text(o, "alg");

	for (size_t i = 0; alg && i < JWKS_ALGS; i++)
		if (!strcmp(alg, jwks_alg[i].jwa)) {
			e->secret_alg = kst_strdup(jwks_alg[i].java);
			if (!e->secret_alg)
				return kst_error_nomem(err);
			break;
		}
	return kst_secret_set(&e->secret, jwk->member[KST_JWK_K].data,
			      jwk->member[KST_JWK_K].len, err);
}

static int fill_private(struct reader *r, struct kst_entry *e, const struct kst_jwk *jwk,
			const struct kst_buf *spki, struct kst_error *err)
{
	e->key = kst_key_new();
	if (!e->key || kst_blob_set(&e->key->spki, spki->data, spki->len) < 0)
		return kst_error_nomem(err);
	r->cost += kst_jwk_cost(jwk) * SEARCH_UNIT;
	if (r->cost > r->io->limits->iterations_all)
		return kst_error_setx(err, KST_E_LIMIT,
				      "holds more RSA keys without their primes than kstool finds "
				      "them for");
	return kst_jwk_to_pkcs8(jwk, &e->key->pkcs8, err);
}

static void drop_secrets(json_t *o)
{
	for (int i = KST_JWK_D; i < KST_JWK_MEMBERS; i++)
		json_object_del(o, kst_jwk_member_name[i]);
}

/* An entry of the kind that the members make.  NULL and an error. */
static struct kst_entry *make(struct reader *r, json_t *o, const struct kst_jwk *jwk,
			      struct kst_chain *chain, struct kst_error *err)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	bool oct = !strcmp(jwk->kty, "oct"), private = jwk->member[KST_JWK_D].len != 0;
	struct kst_entry *e = kst_entry_new(oct	      ? KST_KIND_SECRET
					    : private ? KST_KIND_KEY
					    : chain->nr ? KST_KIND_CERT
							: KST_KIND_OPAQUE);
	int rc = 0;

	if (!e) {
		kst_error_nomem(err);
		return NULL;
	}
	if (oct) {
		rc = fill_secret(e, o, jwk, err);
	} else if (kst_jwk_to_spki(jwk, &spki, err) < 0) {
		rc = -1;
	} else {
		struct kst_blob borrowed = { spki.data, spki.len };
		rc = check_leaf(r, chain, &borrowed, err);
		if (rc == 0 && private)
			rc = fill_private(r, e, jwk, &spki, err);
		else if (rc == 0 && !chain->nr) {
			e->label = kst_strdup(KST_LABEL_PUBLIC_KEY);
			if (!e->label || kst_blob_set(&e->der, spki.data, spki.len) < 0)
				rc = kst_error_nomem(err);
		}
	}
	for (size_t i = 0; rc == 0 && i < (e->kind == KST_KIND_CERT ? 1 : chain->nr); i++)
		if (kst_chain_push(&e->chain, chain->cert[i]) < 0)
			rc = kst_error_nomem(err);
	if (rc == 0)
		return e;
	kst_entry_free(e);
	return NULL;
}

static int read_known(struct reader *r, size_t at, const char *kty, const char *crv,
		      struct kst_error *err)
{
	struct jwks_object *obj = &r->file->object[at];
	json_t *o = obj->json, *kid = json_object_get(o, "kid");
	struct kst_jwk jwk = { .kty = kty, .crv = !strcmp(kty, "EC") || !strcmp(kty, "OKP") ? crv : NULL };
	struct kst_chain chain = { .nr = 0 };
	struct kst_entry *e = NULL;
	int rc = 0;

	if (json_object_get(o, "oth"))
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "%s is an RSA key of more than two primes", r->where);
	for (int i = 0; rc == 0 && i < KST_JWK_MEMBERS; i++)
		rc = take_member(r, o, (enum kst_jwk_member)i, &jwk, err);
	if (rc == 0)
		rc = take_x5c(r, o, &chain, err);
	if (rc == 0 && !strcmp(kty, "oct") && !jwk.member[KST_JWK_K].len)
		rc = broken(r, err, "is a secret key without \"k\"");
	if (rc == 0 && !(e = make(r, o, &jwk, &chain, err)))
		rc = -1;
	if (rc == 0) {
		obj->had_secret = e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET;
		rc = name_it(e, obj, json_string_value(kid), json_string_length(kid), &jwk, err);
		if (rc < 0)
			kst_entry_free(e);
		else
			rc = push(r, e, at, false, err);
	}
	/* What a public key has beyond its certificate can still complete somebody's chain. */
	bool cert = rc == 0 && !obj->had_secret;
	for (size_t i = 1; cert && rc == 0 && i < chain.nr; i++) {
		e = kst_entry_new(KST_KIND_CERT);
		if (!e || kst_chain_push(&e->chain, chain.cert[i]) < 0) {
			kst_entry_free(e);
			rc = kst_error_nomem(err);
		} else {
			rc = push(r, e, at, true, err);
		}
	}
	kst_chain_release(&chain);
	jwk.kty = NULL;
	kst_jwk_release(&jwk);
	drop_secrets(o);
	return rc;
}

static int to_buf(const char *data, size_t n, void *ctx)
{
	kst_buf_put(ctx, data, n);
	return 0;
}

int jwks_dump(const json_t *o, size_t flags, struct kst_buf *out)
{
	return json_dump_callback(o, to_buf, out, flags) < 0 || out->failed ? -1 : 0;
}

/* A key type that is not known here (RFC 7517 section 5 wants it ignored, and it is kept). */
static int read_unknown(struct reader *r, size_t at, const char *kty, const char *crv,
			struct kst_error *err)
{
	struct jwks_object *obj = &r->file->object[at];
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT, label KST_SCRATCH_BUF = KST_BUF_INIT;
	const json_t *kid = json_object_get(obj->json, "kid");
	struct kst_entry *e = kst_entry_new(KST_KIND_OPAQUE);

	kst_buf_printf(&label, "JWK %s%s%s", kty, crv ? " " : "", crv ? crv : "");
	if (!e || label.failed || jwks_dump(obj->json, JSON_COMPACT, &text) < 0 ||
	    kst_blob_set(&e->der, text.data, text.len) < 0 ||
	    !(e->label = kst_strndup((const char *)label.data, label.len < 64 ? label.len : 64))) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	if (name_it(e, obj, json_string_value(kid), json_string_length(kid), NULL, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	json_decref(obj->json);
	obj->json = NULL;
	return push(r, e, at, false, err);
}

static int read_object(struct reader *r, size_t at, struct kst_error *err)
{
	const json_t *o = r->file->object[at].json;

	if (!json_is_object(o))
		return broken(r, err, "is no object");
	const char *kty = jwks_text(o, "kty"), *crv = jwks_text(o, "crv");
	if (!kty)
		return broken(r, err, "has no \"kty\"");
	return kst_jwk_known(kty, crv) ? read_known(r, at, kty, crv, err)
				       : read_unknown(r, at, kty, crv, err);
}

/* Take the objects out of the set, which stays with its other members. */
static int take_objects(struct jwks_file *f, json_t *root, const struct kst_limits *limits,
			struct kst_error *err)
{
	json_t *keys = json_object_get(root, "keys");
	size_t nr = json_is_array(keys) ? json_array_size(keys) : 1;

	if (nr > limits->blocks)
		return kst_error_setx(err, KST_E_LIMIT, "holds more than %u keys",
				      (unsigned)limits->blocks);
	if (keys && !json_is_array(keys) && !jwks_text(root, "kty"))
		return kst_error_setx(err, KST_E_CORRUPT, "\"keys\" is no array");
	f->object = kst_calloc(nr + 1, sizeof(*f->object));
	if (!f->object)
		return kst_error_nomem(err);
	f->nr = nr;
	if (!json_is_array(keys)) {
		f->object[0].json = json_incref(root);
		return 0;
	}
	for (size_t i = 0; i < nr; i++)
		f->object[i].json = json_incref(json_array_get(keys, i));
	f->set = json_incref(root);
	return json_array_clear(keys) < 0 ? kst_error_nomem(err) : 0;
}

json_t *jwks_parse(const struct kst_bytes *b, struct kst_error *err)
{
	json_error_t why;
	size_t skip = b->len >= 3 && memcmp(b->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	/* What it copies of a key is wiped when it goes. */
	json_set_alloc_funcs(kst_malloc, kst_free);
	/* Where its memory ends it calls that a broken document: errno tells them apart. */
	errno = 0;
	json_t *root = json_loadb((const char *)b->data + skip, b->len - skip,
				  JSON_REJECT_DUPLICATES, &why);

	if (!root && errno == ENOMEM) {
		kst_error_nomem(err);
	} else if (!root) {
		/* The library's text quotes the document, which may be a private key. */
		enum kst_code code = json_error_code(&why) == json_error_premature_end_of_input
					     ? KST_E_TRUNCATED
					     : KST_E_CORRUPT;
		kst_error_setx(err, code, "the JSON %s in line %d, column %d",
			       code == KST_E_TRUNCATED ? "ends" : "is broken", why.line, why.column);
	}
	return root;
}

static int read_jwks(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct reader r = { .io = io, .model = into };
	int rc = -1;

	if (io->source.bytes.len > io->limits->file)
		return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %llu bytes",
				      (unsigned long long)io->limits->file);
	into->state = r.file = kst_calloc(1, sizeof(*r.file));
	if (!r.file)
		return kst_error_nomem(err);
	json_t *root = jwks_parse(&io->source.bytes, err);
	if (!root)
		return -1;
	if (!json_is_object(root))
		kst_error_setx(err, KST_E_CORRUPT, "is no JSON object");
	else
		rc = take_objects(r.file, root, io->limits, err);
	for (size_t i = 0; rc == 0 && i < r.file->nr; i++) {
		if (r.file->set)
			snprintf(r.where, sizeof(r.where), "keys[%zu]", i);
		else
			snprintf(r.where, sizeof(r.where), "the JWK");
		rc = read_object(&r, i, err);
		if (rc < 0 && r.file->set)
			kst_error_detail(err, "in %s", r.where);
	}
	json_decref(root);
	into->info.integrity = KST_INTEGRITY_NONE;
	return rc;
}

static void close_jwks(void *state)
{
	struct jwks_file *f = state;

	if (!f)
		return;
	for (size_t i = 0; i < f->nr; i++) {
		json_decref(f->object[i].json);
		kst_free(f->object[i].alias);
	}
	json_decref(f->set);
	kst_free(f->object);
	kst_free(f->base);
	kst_free(f);
}

static const char *const suffixes[] = { ".jwks", ".jwk", NULL };

const struct kst_format kst_format_jwks = {
	.name = "jwks",
	.to = "jwks",
	.title = "JSON Web Key Set",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_ALIASES | KST_CAP_ALIAS_CASE | KST_CAP_SECRETS | KST_CAP_BARE_KEYS |
		KST_CAP_LOOSE | KST_CAP_PUBLIC_KEYS,
	.probe = probe,
	.read = read_jwks,
	.write = jwks_write,
	.close = close_jwks,
};
