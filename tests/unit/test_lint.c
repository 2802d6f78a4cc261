/* SPDX-License-Identifier: ISC */
/*
 * test_lint.c - every finding fires where it should and is silent beside it;
 * what a consumer does not see; why a file does not open
 */
#include <check.h>
#include <openssl/evp.h>
#include <string.h>

#include "cmd/target.h"
#include "party.h"
#include "shelf.h"
#include "store/store.h"

static struct shelf shelf;
static struct party ca, web;

static void setup(void)
{
	shelf_begin(&shelf);
	ca = party_new("Test CA", NULL, 1, NULL);
	web = party_new("web", "DNS:web.test", 0, &ca);
}

static void teardown(void)
{
	party_free(&ca);
	party_free(&web);
	shelf_end(&shelf);
}

/* ---- entries that differ in one thing ---- */

static struct kst_cert *cert_of(EVP_PKEY *key, const char *cn, const char *san, int is_ca, long from, long to,
				const EVP_MD *md, const struct party *by)
{
	X509 *x = party_certify(key, cn, san, is_ca, 365, by);
	X509_gmtime_adj(X509_getm_notBefore(x), from * 86400);
	X509_gmtime_adj(X509_getm_notAfter(x), to * 86400);
	ck_assert_int_gt(X509_sign(x, by ? by->key : key, md), 0);
	struct kst_cert *c = party_x509(x);
	X509_free(x);
	return c;
}

/* A key entry "web" with this leaf and the CA behind it. */
static struct kst_entry *key_with(struct kst_cert *leaf, bool chain)
{
	struct kst_entry *e = party_entry("web", &web, NULL);
	ck_assert_int_eq(kst_chain_push(&e->chain, leaf), 0);
	kst_cert_free(leaf);
	if (chain) {
		struct kst_cert *c = party_cert(&ca);
		ck_assert_int_eq(kst_chain_push(&e->chain, c), 0);
		kst_cert_free(c);
	}
	return e;
}

static struct kst_entry *leaf_is(const char *cn, const char *san, long from, long to, const EVP_MD *md)
{
	return key_with(cert_of(web.key, cn, san, 0, from, to, md, &ca), true);
}

static struct kst_entry *anchor(const char *alias, struct kst_cert *c)
{
	struct kst_entry *e = party_entry(alias, NULL, NULL);
	ck_assert_int_eq(kst_chain_push(&e->chain, c), 0);
	kst_cert_free(c);
	return e;
}

static void push(struct kst_store *s, struct kst_entry *e)
{
	ck_assert_int_eq(kst_model_push(&s->model, e, KST_NO_BASE), 0);
}

static void pass_is(struct kst_store *s, const char *pass, enum kst_ask_source source)
{
	ck_assert_int_eq(kst_secret_set(&s->model.pass, pass, strlen(pass), NULL), 0);
	s->model.has_pass = true;
	s->model.info.passphrase = source;
}

/* A PKCS#12 that nothing is wrong with: a key with chain, sealed, under a MAC. */
static void seal(struct kst_entry *e)
{
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	static const struct kst_pbe_options cheap = { .iterations = 1000 };
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	ck_assert_int_eq(kst_secret_set(&pass, "correct horse", 13, NULL), 0);
	ck_assert_int_eq(kst_key_seal(e->key, &pass, &cheap, &out, NULL), 0);
	ck_assert_int_eq(kst_blob_set(&e->key->sealed, out.data, out.len), 0);
}

static void healthy(struct kst_store *s)
{
	pass_is(s, "correct horse", KST_SOURCE_GIVEN);
	s->model.info.integrity = KST_INTEGRITY_VERIFIED;
	snprintf(s->model.info.mac, sizeof(s->model.info.mac), "HMAC-SHA256");
	snprintf(s->model.info.kdf, sizeof(s->model.info.kdf), "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256");
	s->model.info.iterations = s->model.info.iterations_least = 200000;
}

static void good_key(struct kst_store *s)
{
	push(s, leaf_is("web", "DNS:web.test", -1, 90, EVP_sha256()));
}

/* ---- what makes each of them ---- */

static void key_mismatch(struct kst_store *s)
{
	struct party other = party_new("other", "DNS:other.test", 0, &ca);
	struct kst_entry *e = party_entry("web", &other, PARTIES(&web, &ca));
	push(s, e);
	party_free(&other);
}
static void chain_broken(struct kst_store *s)
{
	struct party other = party_new("Other CA", NULL, 1, NULL);
	push(s, party_entry("web", &web, PARTIES(&web, &other)));
	party_free(&other);
}
static void chain_order(struct kst_store *s)
{
	struct party ica = party_new("ICA", NULL, 1, &ca);
	struct party leaf = party_new("leaf", "DNS:leaf.test", 0, &ica);
	push(s, party_entry("web", &leaf, PARTIES(&leaf, &ca, &ica)));
	party_free(&ica);
	party_free(&leaf);
}
static void duplicate_alias(struct kst_store *s)
{
	struct party other = party_new("Other CA", NULL, 1, NULL);
	push(s, anchor("web", party_cert(&ca)));
	struct kst_entry *e = anchor("web-2", party_cert(&other));
	ck_assert_int_eq(kst_blob_set(&e->alias_source, "WEB", 3), 0);
	push(s, e);
	party_free(&other);
}
static void expired_leaf(struct kst_store *s)
{
	push(s, leaf_is("web", "DNS:web.test", -90, -1, EVP_sha256()));
}
static void weak_key(struct kst_store *s)
{
	EVP_PKEY *rsa = EVP_RSA_gen(1024);
	push(s, anchor("old", cert_of(rsa, "Old CA", NULL, 1, -1, 90, EVP_sha256(), NULL)));
	EVP_PKEY_free(rsa);
}
static void weak_signature(struct kst_store *s)
{
	push(s, leaf_is("web", "DNS:web.test", -1, 90, EVP_sha1()));
}
static void sha1_root(struct kst_store *s) /* nobody checks the signature of a root */
{
	push(s, anchor("root", cert_of(ca.key, "Root", NULL, 1, -1, 90, EVP_sha1(), NULL)));
}
static void default_passphrase(struct kst_store *s)
{
	good_key(s);
	s->model.info.passphrase = KST_SOURCE_CHANGEIT;
}
static void default_without_key(struct kst_store *s) /* Java's cacerts: nothing in it is secret */
{
	push(s, anchor("root", party_cert(&ca)));
	s->model.info.passphrase = KST_SOURCE_CHANGEIT;
}
static void world_readable(struct kst_store *s)
{
	good_key(s);
	s->fd = 0;
	s->st.st_mode = S_IFREG | 0644;
}
static void group_readable(struct kst_store *s)
{
	good_key(s);
	s->fd = 0;
	s->st.st_mode = S_IFREG | 0640;
}
static void not_a_ca(struct kst_store *s)
{
	push(s, anchor("pinned", party_cert(&web)));
}
static void chain_incomplete(struct kst_store *s)
{
	push(s, key_with(party_cert(&web), false));
}
static void chain_without_root(struct kst_store *s) /* the root is for the other side to have */
{
	struct party ica = party_new("ICA", NULL, 1, &ca);
	struct party leaf = party_new("leaf", "DNS:leaf.test", 0, &ica);
	push(s, party_entry("web", &leaf, PARTIES(&leaf, &ica)));
	party_free(&ica);
	party_free(&leaf);
}
static void expired_ca(struct kst_store *s)
{
	push(s, anchor("old", cert_of(ca.key, "Old CA", NULL, 1, -90, -1, EVP_sha256(), NULL)));
}
static void no_san(struct kst_store *s)
{
	push(s, leaf_is("Somebody", NULL, -1, 90, EVP_sha256()));
}
static void cn_only(struct kst_store *s)
{
	push(s, leaf_is("web.acme.test", NULL, -1, 90, EVP_sha256()));
}
static void legacy_pbe(struct kst_store *s)
{
	good_key(s);
	snprintf(s->model.info.kdf, sizeof(s->model.info.kdf), "PBE-SHA1-3DES");
}
static void legacy_parts(struct kst_store *s)
{
	good_key(s);
	snprintf(s->model.info.kdf_parts, sizeof(s->model.info.kdf_parts), "PBE-SHA1-RC2-40");
}
static void low_iterations(struct kst_store *s)
{
	good_key(s);
	s->model.info.iterations_least = 2048;
}
static void no_mac(struct kst_store *s)
{
	push(s, anchor("root", party_cert(&ca)));
	s->model.info.integrity = KST_INTEGRITY_ABSENT;
	s->model.has_pass = false;
}
static void missing_alias(struct kst_store *s)
{
	struct kst_entry *e = anchor(NULL, party_cert(&ca));
	push(s, e);
}
static void duplicate_cert(struct kst_store *s)
{
	push(s, anchor("one", party_cert(&ca)));
	push(s, anchor("two", party_cert(&ca)));
}
static void key_in_truststore(struct kst_store *s)
{
	good_key(s);
	kst_free(s->path);
	s->path = kst_strdup("/x/truststore.p12");
}
static void long_lifetime(struct kst_store *s)
{
	push(s, leaf_is("web", "DNS:web.test", -1, 900, EVP_sha256()));
}
static void lifetime_825(struct kst_store *s)
{
	push(s, leaf_is("web", "DNS:web.test", -1, 824, EVP_sha256()));
}
static void crl(struct kst_store *s, long next)
{
	X509_CRL *x = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_new();
	struct kst_entry *e = kst_entry_new(KST_KIND_CRL);
	unsigned char *der = NULL;
	X509_CRL_set_version(x, 1);
	X509_CRL_set_issuer_name(x, X509_get_subject_name(ca.cert));
	X509_CRL_set1_lastUpdate(x, X509_gmtime_adj(t, -90L * 86400));
	X509_CRL_set1_nextUpdate(x, X509_gmtime_adj(t, next * 86400));
	ck_assert_int_gt(X509_CRL_sign(x, ca.key, EVP_sha256()), 0);
	int n = i2d_X509_CRL(x, &der);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(kst_blob_set(&e->der, der, (size_t)n), 0);
	e->alias = kst_strdup("crl");
	push(s, e);
	OPENSSL_free(der);
	ASN1_TIME_free(t);
	X509_CRL_free(x);
}
static void crl_stale(struct kst_store *s)
{
	crl(s, -1);
}
static void crl_fresh(struct kst_store *s)
{
	crl(s, 1);
}
static void wrong_extension(struct kst_store *s)
{
	good_key(s);
	kst_free(s->path);
	s->path = kst_strdup("/x/app.pem");
}
static void non_ascii(struct kst_store *s)
{
	good_key(s);
	pass_is(s, "caf\xc3\xa9 au lait", KST_SOURCE_GIVEN);
}
static void mixed_roles(struct kst_store *s)
{
	good_key(s);
	push(s, anchor("root", party_cert(&ca)));
}

static const struct kind {
	const char *slug; /* NULL: nothing at all is found */
	void (*make)(struct kst_store *s);
	const char *fix;  /* first words of the command; NULL: not looked at */
} kinds[] = {
	{ NULL, good_key, NULL },
	{ "key-mismatch", key_mismatch, "kstool csr" },
	{ "chain-broken", chain_broken, "kstool convert" },
	{ "chain-order", chain_order, "kstool convert" },
	{ "duplicate-alias", duplicate_alias, "kstool rename" },
	{ "expired-leaf", expired_leaf, "kstool csr" },
	{ "weak-key", weak_key, "kstool remove" },
	{ "md5-sha1-signature", weak_signature, "kstool csr" },
	{ NULL, sha1_root, NULL },
	{ "private-key-default-passphrase", default_passphrase, "kstool passwd" },
	{ NULL, default_without_key, NULL },
	{ "world-readable", world_readable, "chmod 600" },
	{ NULL, group_readable, NULL },
	{ "not-a-ca-trusted", not_a_ca, "kstool remove" },
	{ "chain-incomplete", chain_incomplete, "kstool import" },
	{ NULL, chain_without_root, NULL },
	{ "expired-ca", expired_ca, "kstool remove" },
	{ "no-san", no_san, "kstool csr" },
	{ "cn-only", cn_only, "kstool csr" },
	{ "legacy-pbe", legacy_pbe, "kstool convert" },
	{ "legacy-pbe", legacy_parts, "kstool convert" },
	{ "low-iterations", low_iterations, "kstool convert" },
	{ "no-mac", no_mac, "kstool convert" },
	{ "missing-alias", missing_alias, "kstool rename" },
	{ "duplicate-cert", duplicate_cert, "kstool remove" },
	{ "private-key-in-truststore", key_in_truststore, "kstool trust" },
	{ "long-lifetime", long_lifetime, "kstool csr" },
	{ NULL, lifetime_825, NULL },
	{ "crl-stale", crl_stale, "kstool remove" },
	{ NULL, crl_fresh, NULL },
	{ "wrong-extension", wrong_extension, "mv " },
	{ "non-ascii-passphrase", non_ascii, "kstool passwd" },
	{ "mixed-roles", mixed_roles, "kstool trust" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct kst_problem *find(const struct kst_problems *f, const char *slug)
{
	for (size_t i = 0; i < f->nr; i++)
		if (strcmp(f->row[i].slug, slug) == 0)
			return &f->row[i];
	return NULL;
}

static struct kst_store *store_of(void (*make)(struct kst_store *), const char *name)
{
	struct kst_store *s = shelf_new(&shelf, name, "pkcs12");
	healthy(s);
	make(s);
	for (size_t i = 0; i < s->model.nr; i++)
		if (s->model.item[i].entry->key && !s->model.item[i].entry->key->sealed.len)
			seal(s->model.item[i].entry);
	return s;
}

START_TEST(each_finding_fires_alone)
{
	const struct kind *k = &kinds[_i];
	struct kst_store *s = store_of(k->make, "app.p12");
	struct kst_problems found = { .nr = 0 };
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_msg(kst_lint(&found, s, NULL, &err) == 0, "%s", err.message);
	for (size_t i = 0; i < found.nr; i++)
		ck_assert_msg(k->slug && strcmp(found.row[i].slug, k->slug) == 0, "%s: also %s: %s",
			      k->slug ? k->slug : "nothing", found.row[i].slug, found.row[i].text);
	ck_assert_uint_eq(found.nr, k->slug ? 1 : 0);
	if (k->fix) {
		char words[512] = "";
		for (size_t i = 0; found.row[0].fix[i]; i++)
			snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s ", found.row[0].fix[i]);
		ck_assert_msg(strncmp(words, k->fix, strlen(k->fix)) == 0, "%s: %s", k->slug, words);
		ck_assert_msg(strstr(words, s->path) != NULL, "%s: %s", k->slug, words);
	}
	kst_problems_release(&found);
	kst_store_free(s);
}
END_TEST

/* The table above is the whole list, but for what needs a consumer and what has tests of its own below. */
START_TEST(no_finding_is_without_a_test)
{
	static const char *const elsewhere[] = { "plain-private-key" };
	for (int id = 0; id < KST_PROBLEM_COUNT; id++) {
		const char *slug = kst_problem_slug((enum kst_problem_id)id);
		bool there = id >= KST_P_NOT_READABLE || strcmp(slug, elsewhere[0]) == 0;
		for (size_t k = 0; k < KINDS; k++)
			there |= kinds[k].slug && strcmp(kinds[k].slug, slug) == 0;
		ck_assert_msg(there, "%s has no test", slug);
	}
}
END_TEST

START_TEST(an_open_key_in_a_container_is_told)
{
	struct kst_store *s = shelf_new(&shelf, "app.p12", "pkcs12");
	struct kst_problems found = { .nr = 0 };
	healthy(s);
	good_key(s);
	ck_assert_int_eq(kst_lint(&found, s, NULL, NULL), 0);
	ck_assert_uint_eq(found.nr, 1);
	ck_assert_str_eq(found.row[0].slug, "plain-private-key");
	kst_problems_release(&found);
	ck_assert_int_eq(kst_lint(&found, s, kst_consumer_find("java17"), NULL), 0);
	ck_assert_ptr_nonnull(find(&found, "key-not-seen"));
	ck_assert_int_eq(found.row[0].severity, KST_SEVERITY_ERROR); /* errors stand first */
	kst_problems_release(&found);
	kst_store_free(s);
}
END_TEST

/* ---- consumers ---- */

static void mac_sha1_3des(struct kst_store *s)
{
	good_key(s);
	snprintf(s->model.info.mac, sizeof(s->model.info.mac), "HMAC-SHA1");
	snprintf(s->model.info.kdf, sizeof(s->model.info.kdf), "PBE-SHA1-3DES");
	s->model.info.iterations = s->model.info.iterations_least = 50000;
}
static void rc2(struct kst_store *s)
{
	mac_sha1_3des(s);
	snprintf(s->model.info.kdf_parts, sizeof(s->model.info.kdf_parts), "PBE-SHA1-RC2-40");
}
static void pbmac1(struct kst_store *s)
{
	good_key(s);
	snprintf(s->model.info.mac, sizeof(s->model.info.mac), "PBMAC1 HMAC-SHA256");
}
static void aes192(struct kst_store *s)
{
	good_key(s);
	snprintf(s->model.info.kdf, sizeof(s->model.info.kdf), "PBES2 AES-192-CBC, PBKDF2-HMAC-SHA256");
}
static void many_iterations(struct kst_store *s)
{
	good_key(s);
	s->model.info.iterations = 6000000;
}
static void ed25519(struct kst_store *s)
{
	struct party ed = { .key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };
	X509 *x = party_certify(web.key, "ed", "DNS:ed.test", 0, 90, &ca);
	X509_set_pubkey(x, ed.key);
	ck_assert_int_gt(X509_sign(x, ca.key, EVP_sha256()), 0);
	ed.cert = x;
	push(s, party_entry("ed", &ed, PARTIES(&ed, &ca)));
	party_free(&ed);
}
static void upper_case(struct kst_store *s)
{
	good_key(s);
	kst_free(s->model.item[0].entry->alias);
	s->model.item[0].entry->alias = kst_strdup("Web");
}
static void unmarked(struct kst_store *s)
{
	struct kst_entry *e = anchor("root", party_cert(&ca));
	e->trusted = false;
	push(s, e);
}
static void an_anchor(struct kst_store *s)
{
	push(s, anchor("root", party_cert(&ca)));
}
static void a_secret(struct kst_store *s)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	e->alias = kst_strdup("aes");
	ck_assert_int_eq(kst_secret_set(&e->secret, "0123456789abcdef", 16, NULL), 0);
	push(s, e);
}
static void own_pass(struct kst_store *s)
{
	struct kst_secret other KST_SCRATCH_SECRET = KST_SECRET_INIT;
	static const struct kst_pbe_options cheap = { .iterations = 1000 };
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	good_key(s);
	struct kst_key *key = s->model.item[0].entry->key;
	ck_assert_int_eq(kst_secret_set(&other, "another", 7, NULL), 0);
	ck_assert_int_eq(kst_key_seal(key, &other, &cheap, &out, NULL), 0);
	ck_assert_int_eq(kst_blob_set(&key->sealed, out.data, out.len), 0);
	kst_secret_release(&key->pkcs8);
}
static void bare_key(struct kst_store *s)
{
	push(s, party_entry("web", &web, NULL));
}

static const struct pair {
	const char *consumer, *slug; /* NULL: it has nothing to say */
	void (*make)(struct kst_store *s);
} pairs[] = {
	{ "java17", NULL, good_key },
	{ "java8", "not-readable-by-java8", good_key },
	{ "java11", "not-readable-by-java11", good_key },
	{ "java8", NULL, mac_sha1_3des },
	{ "java8", NULL, rc2 },
	{ "openssl3", NULL, mac_sha1_3des },
	{ "openssl3", "not-readable-by-openssl3", rc2 },
	{ "any", "not-readable-by-any", rc2 },
	{ "openssl3", "not-readable-by-openssl3", pbmac1 },
	{ "fips", NULL, pbmac1 },
	{ "fips", "not-readable-by-fips", good_key },
	{ "java17", "not-readable-by-java17", aes192 },
	{ "openssl3", NULL, aes192 },
	{ "java17", "not-readable-by-java17", many_iterations },
	{ "go", "not-readable-by-go", many_iterations },
	{ "gnutls", NULL, many_iterations },
	{ "nss", "not-readable-by-nss", no_mac },
	{ "java17", NULL, no_mac },
	{ "java8", "key-type-not-known", ed25519 },
	{ "java17", NULL, ed25519 },
	{ "nss", "key-type-not-known", ed25519 },
	{ "java17", "alias-case", upper_case },
	{ "openssl3", NULL, upper_case },
	{ "java17", "trust-not-seen", unmarked },
	{ "openssl3", "trust-not-seen", an_anchor },
	{ "java17", NULL, an_anchor },
	{ "nss", "secret-not-seen", a_secret },
	{ "java17", NULL, a_secret },
	{ "nss", "entry-passphrase", own_pass },
	{ "java17", NULL, own_pass },
	{ "java17", "key-not-seen", bare_key },
	{ "openssl3", NULL, bare_key },
	{ "go", "one-key-only", mac_sha1_3des },
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

START_TEST(a_consumer_says_what_it_does_not_see)
{
	const struct pair *p = &pairs[_i];
	struct kst_store *s = store_of(p->make, "app.p12");
	struct kst_problems found = { .nr = 0 };
	ck_assert_int_eq(kst_consumer_check(&found, kst_consumer_find(p->consumer), s, NULL, NULL), 0);
	if (p->slug)
		ck_assert_msg(find(&found, p->slug) != NULL, "%s does not say %s", p->consumer, p->slug);
	else
		ck_assert_msg(found.nr == 0, "%s: %s: %s", p->consumer, found.nr ? found.row[0].slug : "",
			      found.nr ? found.row[0].text : "");
	kst_problems_release(&found);
	kst_store_free(s);
}
END_TEST

START_TEST(the_table_of_consumers_is_sound)
{
	size_t nr = 0;
	for (const struct kst_consumer *c = kst_consumers; c->name; c++, nr++) {
		ck_assert_ptr_eq(kst_consumer_find(c->name), c);
		ck_assert_str_eq(target_consumers[nr], c->name); /* --for offers these */
		ck_assert(c->title && c->formats && c->keys && c->alg && c->source);
		/* What it is written with, it reads. */
		ck_assert_msg(kst_consumer_reads_pbe(c, c->pbe == KST_PBE_3DES ? "PBE-SHA1-3DES" :
									       "PBES2 AES-256-CBC, PBKDF2"), "%s", c->name);
		ck_assert_msg(kst_consumer_reads_mac(c, c->mac == KST_MAC_PBMAC1   ? "PBMAC1 HMAC-SHA256" :
							c->pbe == KST_PBE_3DES ? "HMAC-SHA1" : "HMAC-SHA256"),
			      "%s", c->name);
		ck_assert(!c->most || c->iterations <= c->most);
		ck_assert(kst_consumer_opens(c, kst_format_by_name("pkcs12")));
		ck_assert(kst_consumer_opens(c, kst_format_by_name("kst1")) == (strcmp(c->name, "any") == 0));
		ck_assert(kst_consumer_knows_key(c, "RSA-3072"));
		char slug[64];
		snprintf(slug, sizeof(slug), "not-readable-by-%s", c->name);
		ck_assert_ptr_nonnull(kst_problem_meaning(slug, NULL));
	}
	ck_assert_uint_eq(nr, 15);
	ck_assert_ptr_null(target_consumers[nr]);
	ck_assert_ptr_null(kst_problem_meaning("not-readable-by-java7", NULL));
	ck_assert_ptr_null(kst_consumer_find("java7"));
	/* A kind of key is a word, not the beginning of one. */
	ck_assert(!kst_consumer_knows_key(kst_consumer_find("macos"), "RSA-PSS-2048"));
	ck_assert(kst_consumer_knows_key(kst_consumer_find("java11"), "EC-secp256k1"));
	ck_assert(!kst_consumer_knows_key(kst_consumer_find("java17"), "EC-secp256k1"));
	ck_assert(!kst_consumer_knows_key(kst_consumer_find("openssl3"), "ML-DSA-65"));
}
END_TEST

/* ---- files that do not open ---- */

static const struct broken {
	const char *bytes;
	size_t len;
	const char *slug, *says, *hint; /* hint NULL: none is looked for */
} broken[] = {
#define B(s) s, sizeof(s) - 1
	{ B(""), "empty-file", "is empty", NULL },
	{ B("<!DOCTYPE html>\n<html>"), "unknown-format", "web page", NULL },
	{ B("\n  <html><body>404"), "unknown-format", "web page", NULL },
	{ B("{\"error\":\"not found\"}"), "unknown-format", "error message in JSON", NULL },
	{ B("<Error><Code>AccessDenied"), "unknown-format", "error message in XML", NULL },
	{ B("version https://git-lfs.github.com/spec/v1\noid sha256:ab\n"), "unknown-format", "Git LFS", "git lfs pull" },
	{ B("\xff\xfe-\0-\0-\0-\0-\0B\0E\0"), "unknown-format", "UTF-16", "iconv -f UTF-16 " },
	{ B("-\0-\0-\0-\0-\0B\0E\0G\0"), "unknown-format", "UTF-16", "iconv -f UTF-16LE" },
	{ B("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI="), "unknown-format", "base64 once more", "base64 -d" },
	{ B("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\0\0\0\2"), "unknown-format", "text filter", NULL },
	{ B("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "unknown-format", "the same byte, 0x00", NULL },
	{ B("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here"), "unknown-format", "SSH public key", NULL },
	{ B("just some words\n"), "unknown-format", "text without", NULL },
#undef B
};
#define BROKEN (sizeof(broken) / sizeof(broken[0]))

START_TEST(a_file_says_from_its_bytes_what_it_is)
{
	const struct broken *b = &broken[_i];
	struct kst_store *s = NULL;
	shelf_put(&shelf, "it's here", b->bytes, b->len);
	ck_assert_int_eq(shelf_try_open(&shelf, "it's here", false, &s), -1);
	ck_assert_str_eq(kst_code_slug(shelf.err.code), b->slug);
	ck_assert_msg(strstr(shelf.err.message, b->says) != NULL, "%s: %s", b->says, shelf.err.message);
	if (b->hint)
		ck_assert_msg(strstr(shelf.err.hint, b->hint) && strstr(shelf.err.hint, "it'\"'\"'s here"), "%s",
			      shelf.err.hint);
}
END_TEST

START_TEST(a_damaged_file_says_what_was_done_to_it)
{
	struct kst_store *s = shelf_new(&shelf, "app.p12", "pkcs12");
	struct kst_buf bytes KST_SCRATCH_BUF = KST_BUF_INIT, cut KST_SCRATCH_BUF = KST_BUF_INIT;
	char want[96];
	good_key(s);
	shelf_close(&shelf, s);
	s = NULL;
	ck_assert_int_eq(kst_file_read(shelf_path(&shelf, "app.p12"), 1 << 20, &bytes, NULL), 0);
	shelf_put(&shelf, "cut.p12", bytes.data, bytes.len - 100);
	ck_assert_int_eq(shelf_try_open(&shelf, "cut.p12", false, &s), -1);
	ck_assert_str_eq(kst_code_slug(shelf.err.code), "truncated");
	snprintf(want, sizeof(want), "announce %zu bytes, and it ends at byte %zu: 100 are missing", bytes.len,
		 bytes.len - 100);
	ck_assert_msg(strstr(shelf.err.detail, want) != NULL, "%s", shelf.err.detail);

	/* Every byte above 0x7f became U+FFFD, but the first of the structure. */
	for (size_t i = 0; i < bytes.len; i++)
		if (i < 24 || bytes.data[i] < 0x80)
			kst_buf_u8(&cut, bytes.data[i]);
		else
			kst_buf_puts(&cut, "\xef\xbf\xbd");
	shelf_put(&shelf, "filtered.p12", cut.data, cut.len);
	ck_assert_int_eq(shelf_try_open(&shelf, "filtered.p12", false, &s), -1);
	ck_assert_msg(strstr(shelf.err.detail, "Maven") != NULL, "%s: %s", shelf.err.message, shelf.err.detail);

	shelf.pass = "nobody's";
	ck_assert_int_eq(shelf_try_open(&shelf, "app.p12", false, &s), -1);
	ck_assert_str_eq(kst_code_slug(shelf.err.code), "wrong-passphrase");
	ck_assert_msg(strstr(shelf.err.detail, "its MAC (HMAC-SHA256, ") != NULL, "%s", shelf.err.detail);
}
END_TEST

Suite *test_lint(void);
Suite *test_lint(void)
{
	Suite *s = suite_create("lint");
	TCase *t = tcase_create("findings");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_finding_fires_alone, 0, (int)KINDS);
	tcase_add_test(t, no_finding_is_without_a_test);
	tcase_add_test(t, an_open_key_in_a_container_is_told);
	suite_add_tcase(s, t);

	t = tcase_create("consumers");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_consumer_says_what_it_does_not_see, 0, (int)PAIRS);
	tcase_add_test(t, the_table_of_consumers_is_sound);
	suite_add_tcase(s, t);

	t = tcase_create("broken");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_file_says_from_its_bytes_what_it_is, 0, (int)BROKEN);
	tcase_add_test(t, a_damaged_file_says_what_was_done_to_it);
	suite_add_tcase(s, t);
	return s;
}
