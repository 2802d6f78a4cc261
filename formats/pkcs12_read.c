/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_read.c - the passphrase, the safes, and the bags in them
 *
 * The MAC is verified before anything is decrypted.  What the work on one file
 * may cost is counted before each derivation.
 */
#include "pkcs12_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kstool/alloc.h"

static int corrupt(struct kst_error *err, const char *what)
{
	return kst_error_setx(err, KST_E_CORRUPT, "%s", what);
}

/* ---- the budget ---- */

/* What decides whether a derivation is a new one: in PBES2 the KDF without the cipher's IV. */
static struct kst_bytes derivation(struct kst_bytes algid)
{
	struct kst_der d = kst_der_bytes(algid), in, param;
	struct kst_der_item oid, kdf;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0 &&
	    kst_der_expect(&in, KST_DER_OID, &oid) == 0 && KST_OID_IS(oid.body, P12_OID_PBES2) &&
	    kst_der_enter(&in, KST_DER_SEQUENCE, &param) == 0 &&
	    kst_der_expect(&param, KST_DER_SEQUENCE, &kdf) == 0)
		return kdf.whole;
	return algid;
}

static int spend(struct p12_reader *r, uint64_t iterations, struct kst_error *err)
{
	if (__builtin_add_overflow(r->spent, iterations, &r->spent) ||
	    r->spent > r->io->limits->iterations_all)
		return kst_error_setx(err, KST_E_LIMIT,
				      "asks for more than %" PRIu64 " iterations in all",
				      r->io->limits->iterations_all);
	return 0;
}

/* The limit of one; `known` tells whether its cost can be told at all. */
static int check_one(struct p12_reader *r, struct kst_bytes algid, uint64_t *iterations,
		     bool *known, struct kst_error *err)
{
	uint32_t limit = r->io->limits->iterations;
	*known = kst_pbe_cost(algid.data, algid.len, iterations, NULL) == 0;
	if (*known && *iterations > limit)
		return kst_error_setx(err, KST_E_LIMIT,
				      "asks for %" PRIu64 " iterations, the limit is %" PRIu32,
				      *iterations, limit);
	return 0;
}

int p12_spend(struct p12_reader *r, struct kst_bytes algid, struct kst_error *err)
{
	struct kst_bytes kdf = derivation(algid);
	uint64_t n;
	bool known;
	if (check_one(r, algid, &n, &known, err) < 0)
		return -1;
	if (!known) /* opening it will say why */
		return 0;
	for (size_t i = 0; i < P12_SEEN; i++)
		if (r->seen[i].data && kst_bytes_is(r->seen[i], kdf.data, kdf.len))
			return 0;
	r->seen[r->next_seen++ % P12_SEEN] = kdf;
	return spend(r, n, err);
}

/* The strongest and the weakest of it. */
static void count_iterations(struct p12_reader *r, uint64_t n)
{
	struct kst_info *info = &r->model->info;
	if (n > r->state->iterations)
		r->state->iterations = n;
	if (!info->iterations_least || n < info->iterations_least)
		info->iterations_least = n;
}

/* For the facts of the file: what protects it, and how well. */
static void note_kdf(struct p12_reader *r, struct kst_bytes algid, bool part)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	uint64_t n;
	if (kst_pbe_cost(algid.data, algid.len, &n, NULL) == 0)
		count_iterations(r, n);
	r->model->info.encrypted = true;
	kst_pbe_text(algid.data, algid.len, &text);
	if (!text.len)
		return;
	/* The number at the end is a fact of its own. */
	char *number = strrchr((char *)text.data, ' ');
	if (number && number[1] && strspn(number + 1, "0123456789") == strlen(number + 1))
		*number = '\0';
	if (!*r->kdf)
		snprintf(r->kdf, sizeof(r->kdf), "%s", (const char *)text.data);
	/* Of several the weakest counts, and that is never the one of AES. */
	char *parts = r->model->info.kdf_parts;
	if (part && (!*parts || strncmp((const char *)text.data, "PBES2 AES", 9) != 0))
		snprintf(parts, sizeof(r->model->info.kdf_parts), "%s", (const char *)text.data);
}

/* ---- EncryptedPrivateKeyInfo ---- */

int p12_split_sealed(struct p12_reader *r, struct kst_bytes epki, struct kst_bytes *algid,
		     struct kst_bytes *ct, struct kst_error *err)
{
	struct kst_der_item seq, alg, octets;
	struct kst_der in;
	if (kst_der_whole(epki.data, epki.len, KST_DER_SEQUENCE, &seq) < 0)
		return corrupt(err, "an encrypted key cannot be decoded");
	in = kst_der_in(&seq);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &alg) < 0 || kst_der_next(&in, &octets) != 1 ||
	    !kst_der_end(&in) || (octets.id | 0x20) != (KST_DER_OCTET_STRING | 0x20))
		return corrupt(err, "an encrypted key cannot be decoded");
	*algid = alg.whole;
	return p12_octets(r, &octets, ct, err);
}

int p12_open_sealed(struct p12_reader *r, struct kst_bytes epki, struct kst_secret *out)
{
	struct kst_pbe_open how = { .limits = r->io->limits, .cache = r->cache };
	struct kst_bytes algid, ct;
	if (!r->model->has_pass || p12_split_sealed(r, epki, &algid, &ct, NULL) < 0 ||
	    p12_spend(r, algid, NULL) < 0)
		return 1;
	return kst_pbe_open(algid.data, algid.len, ct.data, ct.len, &r->model->pass, &how, out, NULL)
		       ? 1
		       : 0;
}

/* ---- bags ---- */

static int unknown_bag(struct p12_bag *bag, const char *what, struct kst_bytes oid)
{
	char text[KST_OID_TEXT];
	kst_oid_text(oid, text);
	bag->type = P12_UNKNOWN;
	snprintf(bag->label, sizeof(bag->label), "%s %.48s", what, *text ? text : "?");
	return 0;
}

/* CertBag, CRLBag ::= SEQUENCE { OID, value [0] EXPLICIT OCTET STRING }; SecretBag: [0] ANY */
static int parse_typed(struct p12_reader *r, struct p12_bag *bag, const struct kst_der_item *value,
		       const char *known, size_t known_len, const char *what, struct kst_error *err)
{
	struct kst_der in, wrap;
	struct kst_der_item oid, octets;
	if (value->id != KST_DER_SEQUENCE)
		return corrupt(err, "a bag cannot be decoded");
	in = kst_der_in(value);
	if (kst_der_expect(&in, KST_DER_OID, &oid) < 0)
		return corrupt(err, "a bag does not say what is in it");
	if (!kst_bytes_is(oid.body, known, known_len))
		return unknown_bag(bag, what, oid.body);
	if (kst_der_enter(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &wrap) < 0 ||
	    kst_der_next(&wrap, &octets) != 1 || !kst_der_end(&wrap) || !kst_der_end(&in))
		return corrupt(err, "a bag is empty");
	if ((octets.id | 0x20) != (KST_DER_OCTET_STRING | 0x20))
		return corrupt(err, "the contents of a bag are no OCTET STRING");
	return p12_octets(r, &octets, &bag->value, err);
}

/* Java's form of a secret: the type of a shrouded key, in it an EncryptedPrivateKeyInfo. */
static int parse_secret(struct p12_reader *r, struct p12_bag *bag, const struct kst_der_item *value,
			struct kst_error *err)
{
	static const char java[] = P12_OID_BAGS "\x02";
	struct kst_bytes algid, ct;
	if (parse_typed(r, bag, value, java, sizeof(java) - 1, "secret", err) < 0)
		return -1;
	if (bag->type == P12_SECRET && p12_split_sealed(r, bag->value, &algid, &ct, NULL) < 0)
		return unknown_bag(bag, "secret", (struct kst_bytes){ NULL, 0 });
	return 0;
}

/* The same EncryptedPrivateKeyInfo, or where it came in BER pieces, one in DER. */
static int take_sealed(struct p12_reader *r, struct p12_bag *bag, struct kst_error *err)
{
	struct kst_bytes algid, ct;
	uint64_t n;
	bool known;
	if (p12_split_sealed(r, bag->value, &algid, &ct, err) < 0 ||
	    check_one(r, algid, &n, &known, err) < 0)
		return -1;
	note_kdf(r, algid, false);
	struct kst_der_item seq, octets;
	struct kst_der in;
	kst_der_whole(bag->value.data, bag->value.len, KST_DER_SEQUENCE, &seq);
	in = kst_der_in(&seq);
	kst_der_expect(&in, KST_DER_SEQUENCE, NULL);
	kst_der_next(&in, &octets);
	if (!seq.indefinite && !octets.constructed)
		return 0;
	struct kst_buf inner KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf *der = p12_keep_buf(r, err);
	if (!der)
		return -1;
	kst_buf_put(&inner, algid.data, algid.len);
	kst_der_put(&inner, KST_DER_OCTET_STRING, ct.data, ct.len);
	kst_der_put(der, KST_DER_SEQUENCE, inner.data, inner.len);
	if (inner.failed || der->failed)
		return kst_error_nomem(err);
	bag->value = (struct kst_bytes){ der->data, der->len };
	return 0;
}

static int parse_value(struct p12_reader *r, struct p12_bag *bag, const struct kst_der_item *value,
		       struct kst_bytes oid, struct kst_error *err)
{
	switch (bag->type) {
	case P12_KEY:
		bag->value = value->whole;
		return value->id == KST_DER_SEQUENCE ? 0 : corrupt(err, "a key cannot be decoded");
	case P12_SHROUDED:
		bag->value = value->whole;
		return take_sealed(r, bag, err);
	case P12_CERT:
		if (parse_typed(r, bag, value, P12_OID_X509_CERT, sizeof(P12_OID_X509_CERT) - 1,
				"certificate", err) < 0)
			return -1;
		return bag->type == P12_CERT
			       ? kst_cert_new(&bag->cert, bag->value.data, bag->value.len, err)
			       : 0;
	case P12_CRL:
		return parse_typed(r, bag, value, P12_OID_X509_CRL, sizeof(P12_OID_X509_CRL) - 1,
				   "crl", err);
	case P12_SECRET:
		if (parse_secret(r, bag, value, err) < 0)
			return -1;
		return bag->type == P12_SECRET ? take_sealed(r, bag, err) : 0;
	case P12_NESTED:
	case P12_UNKNOWN:
		break;
	}
	return unknown_bag(bag, "bag", oid);
}

static struct p12_bag *new_bag(struct p12_reader *r, struct kst_error *err)
{
	if (r->nr >= r->io->limits->blocks) {
		kst_error_setx(err, KST_E_LIMIT, "has more than %" PRIu32 " bags",
			       r->io->limits->blocks);
		return NULL;
	}
	if (r->nr == r->size) {
		size_t size = r->size ? r->size * 2 : 16;
		struct p12_bag *bag = kst_realloc(r->bag, size * sizeof(*bag));
		if (!bag) {
			kst_error_nomem(err);
			return NULL;
		}
		r->bag = bag;
		r->size = size;
	}
	struct p12_bag *bag = &r->bag[r->nr++];
	memset(bag, 0, sizeof(*bag));
	bag->entry = KST_NO_BASE;
	return bag;
}

static void forget_bags(struct p12_reader *r)
{
	for (size_t i = 0; i < r->nr; i++) {
		p12_attrs_release(&r->bag[i].attrs);
		kst_cert_free(r->bag[i].cert);
	}
	r->nr = 0;
}

static int parse_contents(struct p12_reader *r, const struct kst_der_item *seq, unsigned depth,
			  struct kst_error *err);

/* SafeBag ::= SEQUENCE { bagId OID, bagValue [0] EXPLICIT ANY, bagAttributes SET OPTIONAL } */
static int parse_bag(struct p12_reader *r, const struct kst_der_item *item, unsigned depth,
		     struct kst_error *err)
{
	struct kst_der in = kst_der_in(item), wrap;
	struct kst_der_item oid, value, attrs;
	size_t n = sizeof(P12_OID_BAGS) - 1;

	if (kst_der_expect(&in, KST_DER_OID, &oid) < 0)
		return corrupt(err, "a bag does not say what it is");
	enum p12_bag_type type = P12_UNKNOWN;
	if (oid.body.len == n + 1 && memcmp(oid.body.data, P12_OID_BAGS, n) == 0 &&
	    oid.body.data[n] >= P12_KEY && oid.body.data[n] <= P12_NESTED)
		type = (enum p12_bag_type)oid.body.data[n];
	if (kst_der_enter(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &wrap) < 0 ||
	    kst_der_next(&wrap, &value) != 1 || !kst_der_end(&wrap))
		return corrupt(err, "a bag has no value");
	int has_attrs = kst_der_optional(&in, KST_DER_SET, &attrs);
	if (has_attrs < 0 || !kst_der_end(&in))
		return corrupt(err, "a bag cannot be decoded");
	if (type == P12_NESTED)
		return parse_contents(r, &value, depth + 1, err);

	struct p12_bag *bag = new_bag(r, err);
	if (!bag)
		return -1;
	bag->type = type;
	bag->whole = item->whole;
	if (has_attrs && p12_attrs_parse(&bag->attrs, attrs.body, err) < 0)
		return -1;
	return parse_value(r, bag, &value, oid.body, err);
}

static int parse_contents(struct p12_reader *r, const struct kst_der_item *seq, unsigned depth,
			  struct kst_error *err)
{
	struct kst_der in;
	struct kst_der_item item;
	int rc;
	if (depth > P12_NESTING)
		return kst_error_setx(err, KST_E_LIMIT, "has bags nested more than %d deep",
				      P12_NESTING);
	if (seq->id != KST_DER_SEQUENCE)
		return corrupt(err, "a list of bags cannot be decoded");
	in = kst_der_in(seq);
	while ((rc = kst_der_next(&in, &item)) == 1) {
		if (item.id != KST_DER_SEQUENCE)
			return corrupt(err, "a bag cannot be decoded");
		if (parse_bag(r, &item, depth, err) < 0)
			return -1;
	}
	return rc < 0 ? corrupt(err, "a list of bags cannot be decoded") : 0;
}

static int walk(struct p12_reader *r, struct kst_bytes contents, struct kst_error *err)
{
	struct kst_der_item seq;
	if (kst_der_whole(contents.data, contents.len, KST_DER_SEQUENCE, &seq) < 0)
		return corrupt(err, "a list of bags cannot be decoded");
	return parse_contents(r, &seq, 0, err);
}

/* ---- safes ---- */

static int open_safe(struct p12_reader *r, const struct p12_safe *safe,
		     const struct kst_secret *pass, struct kst_secret *out, struct kst_error *err)
{
	struct kst_pbe_open how = { .limits = r->io->limits, .cache = r->cache, .odd = &r->odd_pass };
	if (p12_spend(r, safe->algid, err) < 0)
		return -1;
	return kst_pbe_open(safe->algid.data, safe->algid.len, safe->bytes.data, safe->bytes.len,
			    pass, &how, out, err);
}

struct try_safe {
	struct p12_reader *r;
	const struct p12_safe *safe;
	struct kst_secret *out;
};

static int try_safe(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	struct try_safe *t = ctx;
	return open_safe(t->r, t->safe, pass, t->out, err);
}

static struct kst_question question(struct p12_reader *r, enum kst_ask what)
{
	return (struct kst_question){ .what = what,
				      .path = r->io->path,
				      .format = "PKCS#12",
				      .public_defaults = what == KST_ASK_STORE };
}

/*
 * The passphrase of the MAC does not open it: `openssl pkcs12 -twopass` makes such
 * files.  One that has its own passphrase is asked for like that of a key.
 */
static int open_otherwise(struct p12_reader *r, struct try_safe *t, struct kst_error *err)
{
	struct kst_error why = KST_ERROR_INIT;
	struct kst_question q = question(r, KST_ASK_KEY);
	q.why = "an encrypted part with a passphrase of its own";
	if (kst_ask_until(r->io->asker, &q, NULL, try_safe, t, NULL, NULL, &why) == 0)
		return 0;
	if (why.code == KST_E_WRONG_KEY_PASSPHRASE || why.code == KST_E_PASSPHRASE_NEEDED)
		return kst_error_setx(err, KST_E_WRONG_KEY_PASSPHRASE,
				      "the passphrase fits the MAC but does not open an encrypted "
				      "part, which has a passphrase of its own or is damaged");
	if (err && err->code == KST_OK)
		*err = why;
	return -1;
}

static int read_safe(struct p12_reader *r, const struct p12_safe *safe, struct kst_error *err)
{
	if (safe->kind == P12_SAFE_PLAIN)
		return walk(r, safe->bytes, err);
	if (safe->kind == P12_SAFE_FOREIGN)
		return 0;
	struct kst_secret *plain = p12_keep_secret(r, err);
	if (!plain)
		return -1;
	note_kdf(r, safe->algid, true);
	struct try_safe t = { r, safe, plain };
	int rc = try_safe(&t, &r->model->pass, err);
	if (rc > 0)
		rc = open_otherwise(r, &t, err);
	return rc < 0 ? -1 : walk(r, (struct kst_bytes){ plain->data, plain->len }, err);
}

/* ---- the passphrase ---- */

static int try_mac(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	return p12_mac_try(ctx, pass, err);
}

/* Bags of keys that stand in sight, counted before anything is believed. */
static size_t keys_in_sight(const struct p12_reader *r)
{
	size_t keys = 0;
	for (size_t i = 0; i < r->nr_safes; i++) {
		const struct p12_safe *s = &r->safe[i];
		struct kst_der_item seq, bag, oid;
		if (s->kind != P12_SAFE_PLAIN ||
		    kst_der_whole(s->bytes.data, s->bytes.len, KST_DER_SEQUENCE, &seq) < 0)
			continue;
		struct kst_der in = kst_der_in(&seq);
		while (kst_der_next(&in, &bag) == 1) {
			struct kst_der inner = kst_der_in(&bag);
			if (bag.id == KST_DER_SEQUENCE &&
			    kst_der_expect(&inner, KST_DER_OID, &oid) == 0)
				keys += KST_OID_IS(oid.body, P12_OID_BAGS "\x01") ||
					KST_OID_IS(oid.body, P12_OID_BAGS "\x02");
		}
	}
	return keys;
}

static int ask(struct p12_reader *r, int (*try)(void *, const struct kst_secret *, struct kst_error *),
	       void *ctx, struct kst_error *err)
{
	struct kst_question q = question(r, KST_ASK_STORE);
	size_t keys = keys_in_sight(r);
	char why[40];
	snprintf(why, sizeof(why), keys == 1 ? "%zu private key" : "%zu private keys", keys);
	q.why = keys ? why : NULL;
	if (kst_ask_until(r->io->asker, &q, NULL, try, ctx, &r->model->pass,
			  &r->model->info.passphrase, err) < 0)
		return -1;
	r->model->has_pass = true;
	return 0;
}

static int verify_mac(struct p12_reader *r, struct kst_error *err)
{
	count_iterations(r, r->mac.kdf.iterations);
	/* Before the first guess is paid for: what will be spent in any case. */
	if (spend(r, r->mac.kdf.iterations, err) < 0)
		return -1;
	if (ask(r, try_mac, r, err) == 0)
		return 0;
	/* How that is known; and that nobody can tell the two apart. */
	if (err && err->code == KST_E_WRONG_PASSPHRASE)
		kst_error_detail(err, "its MAC (%s, %" PRIu64 " iterations) covers the whole file and does not fit: "
				      "the passphrase is another one, or the file was altered",
				 r->mac.text, r->mac.kdf.iterations);
	return -1;
}

struct try_key {
	struct p12_reader *r;
	struct kst_bytes epki;
};

static int try_key(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	struct try_key *t = ctx;
	struct kst_pbe_open how = { .limits = t->r->io->limits, .cache = t->r->cache };
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_bytes algid, ct;
	if (p12_split_sealed(t->r, t->epki, &algid, &ct, err) < 0 || p12_spend(t->r, algid, err) < 0)
		return -1;
	return kst_pbe_open(algid.data, algid.len, ct.data, ct.len, pass, &how, &plain, err);
}

static int refuse(struct kst_error *err)
{
	kst_error_setx(err, KST_E_NO_MAC,
		       "is encrypted but has no MAC: anybody could have changed it");
	return kst_error_hint(err, "add --allow-unauthenticated to open it all the same");
}

/*
 * Without MAC: where nothing is encrypted it opens like a PEM file (Java's form
 * without passphrase); what is encrypted can be altered by anybody who knows how
 * CBC works, and is opened only for those who ask for it (security.md P2).
 */
static int no_mac(struct p12_reader *r, struct kst_error *err)
{
	const struct p12_safe *encrypted = NULL;
	for (size_t i = 0; i < r->nr_safes; i++) {
		const struct p12_safe *s = &r->safe[i];
		if (s->kind == P12_SAFE_ENCRYPTED && !encrypted)
			encrypted = s;
		if (s->kind == P12_SAFE_PLAIN && walk(r, s->bytes, err) < 0)
			return -1;
	}
	const struct p12_bag *sealed = NULL;
	for (size_t i = 0; i < r->nr && !sealed; i++)
		if (r->bag[i].type == P12_SHROUDED || r->bag[i].type == P12_SECRET)
			sealed = &r->bag[i];
	int rc = 0;
	if (!encrypted && !sealed) {
		r->state->open = true;
	} else if (!r->io->read->allow_unauthenticated) {
		rc = refuse(err);
	} else if (encrypted) {
		struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
		struct try_safe t = { r, encrypted, &plain };
		rc = ask(r, try_safe, &t, err);
	} else {
		struct try_key t = { r, sealed->value };
		rc = ask(r, try_key, &t, err);
	}
	forget_bags(r);
	return rc;
}

/* What is not encrypted, believed by nobody: the MAC is not verified. */
static int peek(struct p12_reader *r, struct kst_error *err)
{
	for (size_t i = 0; i < r->nr_safes; i++)
		if (r->safe[i].kind == P12_SAFE_PLAIN && walk(r, r->safe[i].bytes, err) < 0)
			return -1;
	return 0;
}

int p12_read_bags(struct p12_reader *r, struct kst_error *err)
{
	if (r->io->read->peek)
		return peek(r, err);
	/* The limit of each is known before a passphrase is typed. */
	for (size_t i = 0; i < r->nr_safes; i++) {
		uint64_t n;
		bool known;
		if (r->safe[i].kind == P12_SAFE_ENCRYPTED &&
		    check_one(r, r->safe[i].algid, &n, &known, err) < 0)
			return -1;
	}
	if ((r->mac.present ? verify_mac(r, err) : no_mac(r, err)) < 0)
		return -1;
	for (size_t i = 0; i < r->nr_safes; i++)
		if (read_safe(r, &r->safe[i], err) < 0)
			return -1;
	return 0;
}
