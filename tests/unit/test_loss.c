/* SPDX-License-Identifier: ISC */
/*
 * test_loss.c - every format against every format: what an entry needs and the
 * target lacks is refused by name, and all the rest is there when it is read again
 *
 * The pairs come from the table of formats: a new one joins by itself.
 */
#include <check.h>
#include <string.h>

#include "party.h"
#include "shelf.h"

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

/* ---- one entry of each sort ---- */

static struct kst_entry *key_with_chain(void)
{
	struct kst_entry *e = party_entry("web", &web, PARTIES(&web, &ca));
	/* 1.2.3.4 = { NULL }: an attribute that nobody here knows */
	static const uint8_t attr[] = { 0x30, 0x09, 0x06, 0x03, 0x2a, 0x03, 0x04, 0x31, 0x02, 0x05, 0x00 };
	ck_assert_int_eq(kst_blob_set(&e->attrs, attr, sizeof(attr)), 0);
	e->created = 1700000000;
	return e;
}
static struct kst_entry *bare_key(void)
{
	return party_entry("bare", &web, NULL);
}
static struct kst_entry *own_passphrase(void)
{
	struct kst_entry *e = party_entry("own", &web, PARTIES(&web));
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	static const struct kst_pbe_options cheap = { .iterations = 1000 };
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT, spki KST_SCRATCH_BUF = KST_BUF_INIT;
	ck_assert_int_eq(kst_secret_set(&pass, "another one", 11, NULL), 0);
	ck_assert_int_eq(kst_key_seal(e->key, &pass, &cheap, &out, NULL), 0);
	ck_assert_int_eq(kst_key_spki(e->key, &spki, NULL), 0);
	ck_assert_int_eq(kst_blob_set(&e->key->sealed, out.data, out.len), 0);
	ck_assert_int_eq(kst_blob_set(&e->key->spki, spki.data, spki.len), 0);
	kst_secret_release(&e->key->pkcs8);
	return e;
}
static struct kst_entry *anchor(void)
{
	struct kst_entry *e = party_entry("Root", NULL, PARTIES(&ca));
	e->created = 1700000000;
	return e;
}
static struct kst_entry *for_a_purpose(void)
{
	struct kst_entry *e = party_entry("tls", NULL, PARTIES(&ca));
	/* serverAuth */
	ck_assert_int_eq(kst_blob_set(&e->purposes, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01", 10), 0);
	return e;
}
static struct kst_entry *distrusted(void)
{
	struct kst_entry *e = party_entry("no", NULL, PARTIES(&ca));
	/* anyExtendedKeyUsage */
	ck_assert_int_eq(kst_blob_set(&e->distrusted, "\x06\x04\x55\x1d\x25\x00", 6), 0);
	e->trusted = false;
	return e;
}
static struct kst_entry *plain_cert(void)
{
	struct kst_entry *e = party_entry("cert", NULL, PARTIES(&web));
	e->trusted = false;
	return e;
}
static struct kst_entry *secret(void)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	e->alias = kst_strdup("aes");
	e->secret_alg = kst_strdup("AES");
	ck_assert_int_eq(kst_secret_set(&e->secret, "0123456789abcdef", 16, NULL), 0);
	return e;
}
static struct kst_entry *of_der(enum kst_kind kind, const char *alias, unsigned char *der, int n)
{
	struct kst_entry *e = kst_entry_new(kind);
	ck_assert_int_gt(n, 0);
	e->alias = kst_strdup(alias);
	ck_assert_int_eq(kst_blob_set(&e->der, der, (size_t)n), 0);
	OPENSSL_free(der);
	return e;
}
static struct kst_entry *request(void)
{
	unsigned char *der = NULL;
	X509_REQ *x = X509_to_X509_REQ(web.cert, web.key, EVP_sha256());
	int n = i2d_X509_REQ(x, &der);
	X509_REQ_free(x);
	return of_der(KST_KIND_CSR, "csr", der, n);
}
static struct kst_entry *crl(void)
{
	unsigned char *der = NULL;
	X509_CRL *x = X509_CRL_new();
	X509_CRL_set_version(x, 1);
	X509_CRL_set_issuer_name(x, X509_get_subject_name(ca.cert));
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	X509_CRL_set1_lastUpdate(x, now);
	ASN1_TIME_free(now);
	ck_assert_int_gt(X509_CRL_sign(x, ca.key, EVP_sha256()), 0);
	int n = i2d_X509_CRL(x, &der);
	X509_CRL_free(x);
	return of_der(KST_KIND_CRL, "crl", der, n);
}
static struct kst_entry *opaque(void)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_OPAQUE);
	e->alias = kst_strdup("thing");
	e->label = kst_strdup("THING");
	e->origin = kst_strdup("a format that is no more");
	ck_assert_int_eq(kst_blob_set(&e->der, "\x30\x00", 2), 0);
	return e;
}

static const struct sort {
	const char *name;
	struct kst_entry *(*make)(void);
	unsigned needs; /* any of these missing is the loss; 0: nobody holds it */
} sorts[] = {
	{ "key with chain", key_with_chain, KST_CAP_KEYS | KST_CAP_CHAINS },
	{ "bare key", bare_key, KST_CAP_KEYS | KST_CAP_BARE_KEYS },
	{ "key with a passphrase of its own", own_passphrase, KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_ENTRY_PASS },
	{ "anchor", anchor, KST_CAP_CERTS },
	{ "anchor for a purpose", for_a_purpose, KST_CAP_CERTS | KST_CAP_PURPOSES },
	{ "distrusted", distrusted, KST_CAP_CERTS | KST_CAP_PURPOSES },
	{ "certificate", plain_cert, KST_CAP_CERTS },
	{ "secret", secret, KST_CAP_SECRETS },
	{ "request", request, KST_CAP_REQUESTS },
	{ "crl", crl, KST_CAP_REQUESTS | KST_CAP_CRLS },
	{ "opaque", opaque, 0 },
};
#define SORTS (sizeof(sorts) / sizeof(sorts[0]))

static size_t nr_formats(void)
{
	size_t n = 0;
	while (kst_formats()[n])
		n++;
	return n;
}

/* What it says of itself decides; one bit of REQUESTS and CRLS is enough for a CRL. */
static bool holds(const struct kst_format *f, const struct sort *k, const struct kst_entry *e)
{
	if (!k->needs)
		return false;
	if (e->kind == KST_KIND_CRL)
		return f->caps & k->needs;
	/* No certificate shall become an anchor by being moved. */
	if (e->kind == KST_KIND_CERT && !e->trusted && (f->caps & KST_CAP_ANCHORS))
		return false;
	return (f->caps & k->needs) == k->needs;
}

static struct kst_entry *entry_of(struct kst_store *s, size_t i, bool open)
{
	struct kst_entry *e = NULL;
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_msg(kst_store_entry(s, i, &e, &err) == 0, "%s", err.message);
	if (open && (e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET))
		ck_assert_msg(kst_store_open_key(s, i, &err) == 0, "%s", err.message);
	return e;
}

static bool same_blob(const struct kst_blob *a, const struct kst_blob *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

/* Everything that was not said to be lost, or to fade, is there. */
static void check_kept(const char *what, const struct kst_format *f, const struct kst_entry *was,
		       const struct kst_entry *is)
{
	unsigned fades = kst_entry_fades(was, f);
	bool loose = f->caps & KST_CAP_LOOSE;

	ck_assert_msg(was->kind == is->kind, "%s: another kind", what);
	ck_assert_msg(kst_chain_equal(&was->chain, &is->chain), "%s: certificates", what);
	if (was->key && !kst_key_is_sealed(was->key))
		ck_assert_msg(kst_secret_equal(&was->key->pkcs8, &is->key->pkcs8), "%s: the private key", what);
	if (was->key && kst_key_is_sealed(was->key))
		ck_assert_msg(same_blob(&was->key->sealed, &is->key->sealed), "%s: the sealed key", what);
	if (was->secret.len)
		ck_assert_msg(kst_secret_equal(&was->secret, &is->secret), "%s: the secret", what);
	if (was->secret_alg && !(fades & KST_CAP_SECRET_ALGS))
		ck_assert_msg(is->secret_alg && !strcmp(was->secret_alg, is->secret_alg), "%s: its algorithm", what);
	ck_assert_msg(same_blob(&was->der, &is->der), "%s: its bytes", what);
	ck_assert_msg(same_blob(&was->purposes, &is->purposes), "%s: purposes", what);
	ck_assert_msg(same_blob(&was->distrusted, &is->distrusted), "%s: distrust", what);
	if (!(fades & KST_CAP_TRUST) && !loose)
		ck_assert_msg(was->trusted == is->trusted, "%s: trust", what);
	if (f->caps & KST_CAP_ALIASES)
		ck_assert_msg(is->alias && (f->caps & KST_CAP_ALIAS_CASE ?
						    !strcmp(was->alias, is->alias) :
						    kst_text_equal_nocase(was->alias, is->alias)),
			      "%s: its name", what);
	else
		ck_assert_msg(fades & KST_CAP_ALIASES, "%s: the name is lost and nobody says it", what);
	if (was->created && !(fades & KST_CAP_DATES))
		ck_assert_msg(was->created == is->created, "%s: its date", what);
	if (was->attrs.len && !(fades & KST_CAP_ATTRS))
		ck_assert_msg(same_blob(&was->attrs, &is->attrs), "%s: attributes", what);
}

/* Into a new file of this format, and out again. */
static struct kst_entry *through(const struct kst_format *f, const char *name, const struct kst_entry *e)
{
	struct kst_store *s = shelf_new(&shelf, name, f->name);
	struct kst_save_options save = shelf_save();
	struct kst_error err = KST_ERROR_INIT;
	struct kst_entry *copy = NULL, *out = NULL;
	bool sealed = e->key && kst_key_is_sealed(e->key);

	ck_assert_int_eq(kst_entry_copy(&copy, e, NULL), 0);
	ck_assert_msg(kst_store_add(s, copy, NULL, &err) == 0, "%s: %s", name, err.message);
	save.replace = true;
	save.write.plain_key = !(f->caps & KST_CAP_ENCRYPTION); /* a format that encrypts nothing */
	save.write.store_kind = 'K';
	save.write.secret_name = "loss";
	int rc = kst_store_save(s, &save, NULL, &err);
	kst_store_free(s);
	/* Java's keystores seal by methods of their own: a key must be open to come in, and it is named. */
	if (rc < 0 && sealed && err.code == KST_E_PASSPHRASE_NEEDED && strstr(err.message, e->alias))
		return NULL;
	/* A secret of nobody knows what has no number that PKCS#12 could call it by. */
	if (rc < 0 && e->secret.len && !e->secret_alg && err.code == KST_E_UNSUPPORTED && strstr(err.message, e->alias))
		return NULL;
	ck_assert_msg(rc == 0, "%s: %s %s", name, err.message, err.detail);
	s = shelf_open(&shelf, name, false);
	ck_assert_msg(kst_store_count(s) == 1, "%s: %zu entries", name, kst_store_count(s));
	ck_assert_int_eq(kst_entry_copy(&out, entry_of(s, 0, !sealed), NULL), 0);
	kst_store_free(s);
	return out;
}

static size_t pairs(void)
{
	return nr_formats() * nr_formats();
}

START_TEST(nothing_is_lost_between_two_formats)
{
	const struct kst_format *from = kst_formats()[(size_t)_i / nr_formats()];
	const struct kst_format *to = kst_formats()[(size_t)_i % nr_formats()];
	char what[160], first[64], second[64];

	if (!from->write || !to->write)
		return; /* only read: nothing goes into it */
	for (size_t k = 0; k < SORTS; k++) {
		/* A directory cannot be replaced: a new name each time. */
		snprintf(first, sizeof(first), "from-%s.%s", sorts[k].name, from->to);
		snprintf(second, sizeof(second), "to-%s.%s", sorts[k].name, to->to);
		struct kst_entry *e = sorts[k].make(), *moved = NULL, *there = NULL;

		snprintf(what, sizeof(what), "%s from %s to %s", sorts[k].name, from->name, to->name);
		ck_assert_msg((kst_entry_loss(e, from) == 0) == holds(from, &sorts[k], e), "%s: %s", what, from->name);
		if (kst_entry_loss(e, from) == 0 && (moved = through(from, first, e))) {
			check_kept(what, from, e, moved);
			/* A name that the first format has not is no longer there to keep. */
			if (!moved->alias || moved->alias_derived) {
				kst_free(moved->alias);
				moved->alias = kst_strdup(e->alias);
				moved->alias_derived = false;
			}
			unsigned loss = kst_entry_loss(moved, to);
			if (loss == 0) {
				there = through(to, second, moved);
				if (there)
					check_kept(what, to, moved, there);
			} else {
				struct kst_store *s = shelf_new(&shelf, second, to->name);
				struct kst_entry *copy = NULL;
				struct kst_error err = KST_ERROR_INIT;
				ck_assert_int_eq(kst_entry_copy(&copy, moved, NULL), 0);
				ck_assert_int_eq(kst_store_add(s, copy, NULL, &err), -1);
				ck_assert_msg(err.code == KST_E_CANNOT_HOLD, "%s: %s", what, err.message);
				ck_assert_msg(strstr(err.message, kst_loss_text(loss)) != NULL, "%s: %s", what, err.message);
				ck_assert_str_ne(kst_loss_text(loss), "everything");
				kst_store_free(s);
			}
		}
		kst_entry_free(e);
		kst_entry_free(moved);
		kst_entry_free(there);
	}
}
END_TEST

/* The order of several, where the format has room for several and its standard an order. */
START_TEST(the_order_stays)
{
	const struct kst_format *f = kst_formats()[_i];
	struct kst_store *s;
	char name[64];

	if (!f->write || (f->caps & KST_CAP_SINGLE) || !(f->caps & KST_CAP_ALIASES))
		return;
	snprintf(name, sizeof(name), "order.%s", f->to);
	s = shelf_new(&shelf, name, f->name);
	struct kst_save_options save = shelf_save();
	struct kst_error err = KST_ERROR_INIT;
	save.write.store_kind = 'K';
	for (int i = 0; i < 9; i++) {
		struct party p = party_new("CA", NULL, 1, NULL);
		struct kst_entry *e = party_entry(NULL, NULL, PARTIES(&p));
		e->alias = kst_asprintf("%c-entry", "gdaifchbe"[i]);
		shelf_add(&shelf, s, e);
		party_free(&p);
	}
	ck_assert_msg(kst_store_save(s, &save, NULL, &err) == 0, "%s", err.message);
	kst_store_free(s);
	s = shelf_open(&shelf, name, false);
	ck_assert_uint_eq(kst_store_count(s), 9);
	/* The index of the native store is ordered by alias (kst1.md 4.3): that is how it finds one of 100,000. */
	const char *order = f->caps & KST_CAP_NATIVE ? "abcdefghi" : "gdaifchbe";
	for (size_t i = 0; i < 9; i++)
		ck_assert_msg(entry_of(s, i, false)->alias[0] == order[i], "%s: entry %zu is %s", f->name, i,
			      entry_of(s, i, false)->alias);
	kst_store_free(s);
}
END_TEST

Suite *test_loss(void);
Suite *test_loss(void)
{
	Suite *s = suite_create("loss");
	TCase *t = tcase_create("pairs");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, nothing_is_lost_between_two_formats, 0, (int)pairs());
	tcase_add_loop_test(t, the_order_stays, 0, (int)nr_formats());
	suite_add_tcase(s, t);
	return s;
}
