/* SPDX-License-Identifier: ISC */
/* test_chain.c - who signed whom, and chains out of heaps of certificates */
#include <check.h>
#include <openssl/err.h>
#include <string.h>

#include "crypto/cert_impl.h"
#include "harvest.h"
#include "party.h"

/* Subject, issuer and key ids as given, whoever signs. */
static struct kst_cert *make(EVP_PKEY *key, const char *subject, EVP_PKEY *by, const char *issuer,
			     int days)
{
	struct party signer = { .key = by, .cert = X509_new() };
	X509_NAME_add_entry_by_txt(X509_get_subject_name(signer.cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)issuer, -1, -1, 0);
	X509 *x = party_certify(key, subject, NULL, 1, days, &signer);
	struct kst_cert *c = party_x509(x);
	X509_free(x);
	X509_free(signer.cert);
	return c;
}

static void free_all(struct kst_cert **cert, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		kst_cert_free(cert[i]);
}

START_TEST(an_issuer_is_known_by_name_and_signature)
{
	EVP_PKEY *root = EVP_EC_gen("P-256"), *leaf = EVP_EC_gen("P-384");
	struct kst_cert *r = make(root, "root", root, "root", 9), *l = make(leaf, "leaf", root, "root", 9),
			*other_name = make(leaf, "leaf", root, "toor", 9),
			*other_key = make(leaf, "leaf", leaf, "root", 9);
	ck_assert(kst_cert_issued_by(r, r));
	ck_assert(kst_cert_issued_by(l, r));
	ck_assert(!kst_cert_issued_by(r, l));
	ck_assert(!kst_cert_issued_by(other_name, r));
	ck_assert(!kst_cert_issued_by(other_key, r));
	/* Blanks do not enter the hash, but "ro ot" is not "root". */
	struct kst_cert *blank = make(leaf, "leaf", root, "ro ot", 9);
	ck_assert_uint_eq(kst_cert_issuer_hash(blank), kst_cert_subject_hash(r));
	ck_assert(!kst_cert_issued_by(blank, r));
	ck_assert_uint_eq(ERR_peek_error(), 0);
	free_all((struct kst_cert *[]){ r, l, other_name, other_key, blank }, 5);
	EVP_PKEY_free(root);
	EVP_PKEY_free(leaf);
}
END_TEST

START_TEST(names_are_equal_whatever_their_case_blanks_and_string_type)
{
	static const struct {
		int type;
		const char *value;
		int len;
		bool same;
	} v[] = {
		{ V_ASN1_UTF8STRING, "Root CA", 7, true },
		{ V_ASN1_PRINTABLESTRING, "root ca", 7, true },
		{ V_ASN1_UTF8STRING, "  ROOT   CA ", 12, true },
		{ V_ASN1_BMPSTRING, "\0R\0o\0o\0t\0 \0C\0A", 14, true },
		{ V_ASN1_UTF8STRING, "RootCA", 6, false },
		{ V_ASN1_UTF8STRING, "Root CB", 7, false },
	};
	uint8_t *der[6] = { NULL };
	struct kst_bytes b[6];
	for (int i = 0; i < 6; i++) {
		X509_NAME *n = X509_NAME_new();
		X509_NAME_add_entry_by_NID(n, NID_commonName, v[i].type,
					   (const unsigned char *)v[i].value, v[i].len, -1, 0);
		b[i].len = (size_t)i2d_X509_NAME(n, &der[i]);
		b[i].data = der[i];
		X509_NAME_free(n);
		ck_assert_int_eq(kst_name_equal(b[0], b[i]), v[i].same);
		if (v[i].same)
			ck_assert_uint_eq(kst_name_hash(b[0]), kst_name_hash(b[i]));
	}
	for (int i = 0; i < 6; i++)
		OPENSSL_free(der[i]);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

/* Replace every occurrence of the OID ecdsa-with-SHA256 by one that nobody knows. */
static struct kst_cert *unknown_signature(const struct kst_cert *c)
{
	static const char known[] = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
	struct kst_bytes der = kst_cert_der(c);
	uint8_t *copy = kst_malloc(der.len);
	struct kst_cert *out = NULL;
	memcpy(copy, der.data, der.len);
	for (size_t i = 0; i + 10 <= der.len; i++)
		if (!memcmp(copy + i, known, 10))
			copy[i + 9] = 0x7e;
	ck_assert_int_eq(kst_cert_new(&out, copy, der.len, NULL), 0);
	kst_free(copy);
	return out;
}

static struct kst_cert *with_ids(const struct party *p, EVP_PKEY *by, const char *ski, const char *aki)
{
	X509 *x = X509_dup(p->cert);
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	AUTHORITY_KEYID *a = AUTHORITY_KEYID_new();
	if (ski) {
		ASN1_OCTET_STRING_set(id, (const unsigned char *)ski, -1);
		X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, 0);
	}
	if (aki) {
		a->keyid = ASN1_OCTET_STRING_new();
		ASN1_OCTET_STRING_set(a->keyid, (const unsigned char *)aki, -1);
		X509_add1_ext_i2d(x, NID_authority_key_identifier, a, 0, 0);
	}
	X509_sign(x, by, EVP_sha256());
	struct kst_cert *c = party_x509(x);
	ASN1_OCTET_STRING_free(id);
	AUTHORITY_KEYID_free(a);
	X509_free(x);
	return c;
}

START_TEST(an_unknown_signature_is_judged_by_names_and_key_ids)
{
	struct party root = party_new("root", NULL, 1, NULL), leaf = party_new("leaf", NULL, 0, &root);
	struct kst_cert *a = with_ids(&root, root.key, "A", NULL), *none = party_cert(&root);
	struct {
		const char *aki;
		struct kst_cert *issuer;
		int ids;
		bool issued;
	} t[] = { { "A", a, 1, true }, { "B", a, 0, false }, { NULL, a, -1, true }, { "B", none, -1, true } };
	for (int i = 0; i < 4; i++) {
		struct kst_cert *l = with_ids(&leaf, root.key, NULL, t[i].aki), *u = unknown_signature(l);
		ck_assert_int_eq(kst_cert_key_ids(l, t[i].issuer), t[i].ids);
		ck_assert(kst_cert_issued_by(l, t[i].issuer)); /* a signature says more than key ids */
		ck_assert_int_eq(kst_cert_issued_by(u, t[i].issuer), t[i].issued);
		ck_assert(!kst_cert_issued_by(u, l));
		kst_cert_free(l);
		kst_cert_free(u);
	}
	ck_assert_uint_eq(ERR_peek_error(), 0);
	kst_cert_free(a);
	kst_cert_free(none);
	party_free(&root);
	party_free(&leaf);
}
END_TEST

START_TEST(a_chain_is_built_leaf_first_up_to_its_root)
{
	EVP_PKEY *k[4];
	struct kst_cert *pool[6];
	struct kst_chain c = { 0 };
	bool complete = false;
	for (int i = 0; i < 4; i++)
		k[i] = EVP_EC_gen("P-256");
	pool[0] = make(k[0], "root", k[0], "root", 9);
	pool[1] = make(k[3], "leaf", k[2], "issuing", 9);
	pool[2] = make(k[1], "stranger", k[1], "stranger", 9);
	pool[3] = make(k[2], "issuing", k[1], "policy", 9);
	pool[4] = make(k[1], "policy", k[0], "root", 9);
	pool[5] = make(k[1], "root", k[1], "root", 9); /* the same name, another key */
	ck_assert_int_eq(kst_chain_build(&c, pool[1], pool, 6, &complete, NULL), 0);
	ck_assert(complete);
	ck_assert_uint_eq(c.nr, 4);
	ck_assert_ptr_eq(c.cert[0], pool[1]);
	ck_assert_ptr_eq(c.cert[1], pool[3]);
	ck_assert_ptr_eq(c.cert[2], pool[4]);
	ck_assert_ptr_eq(c.cert[3], pool[0]);
	struct kst_chain again = { 0 };
	/* Without the root, and the leaf is not in the pool. */
	ck_assert_int_eq(kst_chain_build(&again, pool[1], pool + 2, 4, &complete, NULL), 0);
	ck_assert(!complete);
	ck_assert_uint_eq(again.nr, 3);
	ck_assert(!kst_chain_equal(&c, &again));
	ck_assert_int_eq(kst_chain_push(&again, pool[0]), 0);
	ck_assert(kst_chain_equal(&c, &again));
	kst_chain_release(&again);
	ck_assert_ptr_null(again.cert);
	/* Nothing in the pool. */
	ck_assert_int_eq(kst_chain_build(&again, pool[1], NULL, 0, &complete, NULL), 0);
	ck_assert(!complete);
	ck_assert_uint_eq(again.nr, 1);
	kst_chain_release(&again);
	kst_chain_release(&c);
	free_all(pool, 6);
	for (int i = 0; i < 4; i++)
		EVP_PKEY_free(k[i]);
}
END_TEST

START_TEST(among_issuers_of_one_name_and_key_the_current_and_latest_is_taken)
{
	EVP_PKEY *root = EVP_EC_gen("P-256"), *leaf = EVP_EC_gen("P-256");
	struct kst_cert *pool[] = { make(root, "root", leaf, "elsewhere", 50), make(root, "root", root, "root", -1),
				    make(root, "root", root, "root", 20), make(root, "root", root, "root", 30),
				    make(leaf, "root", leaf, "root", 90) },
			*l = make(leaf, "leaf", root, "root", 9);
	struct kst_chain c = { 0 };
	bool complete;
	ck_assert_int_eq(kst_chain_build(&c, l, pool + 1, 4, &complete, NULL), 0);
	ck_assert_uint_eq(c.nr, 2);
	ck_assert_ptr_eq(c.cert[1], pool[3]);
	ck_assert(complete);
	kst_chain_release(&c);
	/* One that is not valid yet ends later than all. */
	struct party p = { .key = root };
	p.cert = party_certify(root, "root", NULL, 1, 400, NULL);
	X509_gmtime_adj(X509_getm_notBefore(p.cert), 100 * 86400L);
	X509_sign(p.cert, root, EVP_sha256());
	kst_cert_free(pool[4]);
	pool[4] = party_cert(&p);
	X509_free(p.cert);
	ck_assert_int_eq(kst_chain_build(&c, l, pool + 1, 4, &complete, NULL), 0);
	ck_assert_ptr_eq(c.cert[1], pool[3]);
	kst_chain_release(&c);
	/* Only the expired one: better than none. */
	ck_assert_int_eq(kst_chain_build(&c, l, pool + 1, 1, &complete, NULL), 0);
	ck_assert_uint_eq(c.nr, 2);
	kst_chain_release(&c);
	free_all(pool, 5);
	kst_cert_free(l);
	EVP_PKEY_free(root);
	EVP_PKEY_free(leaf);
}
END_TEST

START_TEST(circles_end)
{
	EVP_PKEY *a = EVP_EC_gen("P-256"), *b = EVP_EC_gen("P-256");
	struct kst_cert *pool[] = { make(a, "a", b, "b", 9), make(b, "b", a, "a", 9), NULL };
	struct kst_chain c = { 0 };
	bool complete = true;
	struct kst_bytes der = kst_cert_der(pool[0]);
	ck_assert_int_eq(kst_cert_new(&pool[2], der.data, der.len, NULL), 0); /* the first one again */
	ck_assert_int_eq(kst_chain_build(&c, pool[0], pool, 3, &complete, NULL), 0);
	ck_assert_uint_eq(c.nr, 2);
	ck_assert(!complete);
	kst_chain_release(&c);
	free_all(pool, 3);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}
END_TEST

START_TEST(a_key_rollover_goes_through_a_self_issued_certificate)
{
	EVP_PKEY *was = EVP_EC_gen("P-256"), *is = EVP_EC_gen("P-256");
	/* The new key of "ca", certified by its old one (RFC 4210 4.4). */
	struct kst_cert *pool[] = { make(was, "ca", was, "ca", 9), make(is, "ca", was, "ca", 9) },
			*l = make(was, "leaf", is, "ca", 9);
	struct kst_chain c = { 0 };
	bool complete = false;
	ck_assert_int_eq(kst_chain_build(&c, l, pool, 2, &complete, NULL), 0);
	ck_assert_uint_eq(c.nr, 3);
	ck_assert_ptr_eq(c.cert[1], pool[1]);
	ck_assert_ptr_eq(c.cert[2], pool[0]);
	ck_assert(complete);
	kst_chain_release(&c);
	free_all(pool, 2);
	kst_cert_free(l);
	EVP_PKEY_free(was);
	EVP_PKEY_free(is);
}
END_TEST

START_TEST(a_chain_has_a_largest_length)
{
	enum { N = 130 };
	EVP_PKEY *k = EVP_EC_gen("P-256");
	struct kst_cert *pool[N];
	struct kst_chain c = { 0 };
	bool complete = true;
	char name[N + 1][16];
	for (int i = 0; i <= N; i++)
		snprintf(name[i], sizeof(name[i]), "n%d", i);
	for (int i = 0; i < N; i++)
		pool[i] = make(k, name[i], k, name[i + 1], 9);
	ck_assert_int_eq(kst_chain_build(&c, pool[0], pool, N, &complete, NULL), 0);
	ck_assert_uint_eq(c.nr, 100);
	ck_assert(!complete);
	kst_chain_release(&c);
	free_all(pool, N);
	EVP_PKEY_free(k);
}
END_TEST

START_TEST(thousands_of_one_name_do_not_hide_the_issuer_whose_key_id_fits)
{
	enum { N = 2000 };
	struct party root = party_new("root", NULL, 1, NULL), leaf = party_new("leaf", NULL, 0, &root),
		     fake = party_new("root", NULL, 1, NULL);
	static struct kst_cert *pool[N + 1];
	struct kst_cert *l = with_ids(&leaf, root.key, NULL, "the right one");
	struct kst_chain c = { 0 };
	bool complete = false;
	for (int i = 0; i < N; i++) {
		char ski[32];
		snprintf(ski, sizeof(ski), "fake %d", i);
		pool[i] = with_ids(&fake, fake.key, ski, NULL);
	}
	pool[N] = with_ids(&root, root.key, "the right one", NULL);
	ck_assert_int_eq(kst_chain_build(&c, l, pool, N + 1, &complete, NULL), 0);
	ck_assert_uint_eq(c.nr, 2);
	ck_assert_ptr_eq(c.cert[1], pool[N]);
	kst_chain_release(&c);
	free_all(pool, N + 1);
	kst_cert_free(l);
	party_free(&root);
	party_free(&leaf);
	party_free(&fake);
}
END_TEST

START_TEST(without_memory_no_chain_and_nothing_is_kept)
{
	struct party root = party_new("root", NULL, 1, NULL), leaf = party_new("leaf", NULL, 0, &root);
	struct kst_cert *pool[] = { party_cert(&leaf), party_cert(&root) };
	struct kst_chain c = { 0 };
	bool failed = false, done = false;
	kst_chain_build(&c, pool[0], pool, 2, NULL, NULL); /* what OpenSSL makes is there now */
	kst_chain_release(&c);
	for (size_t n = 1; !done; n++) {
		struct kst_error err = KST_ERROR_INIT;
		bool complete;
		kst_alloc_fail_after(n);
		int ret = kst_chain_build(&c, pool[0], pool, 2, &complete, &err);
		kst_alloc_fail_after(0);
		if (ret < 0) {
			failed = true;
			ck_assert_int_eq(err.code, KST_E_NO_MEMORY);
			ck_assert_ptr_null(c.cert);
		} else {
			/* OpenSSL without memory cannot verify; it does not pretend. */
			done = c.nr == 2;
			kst_chain_release(&c);
		}
		ck_assert_uint_lt(n, 1000);
	}
	ck_assert(failed);
	ERR_clear_error();
	free_all(pool, 2);
	party_free(&root);
	party_free(&leaf);
}
END_TEST

/* ---- the system's CAs ---- */

struct heap {
	struct kst_cert *cert[1000];
	size_t nr;
};

static void collect(void *ctx, const char *path, const uint8_t *der, size_t len)
{
	struct heap *h = ctx;
	(void)path;
	if (h->nr < 1000)
		ck_assert_int_eq(kst_cert_new(&h->cert[h->nr++], der, len, NULL), 0);
}

START_TEST(the_systems_roots_are_chains_of_one)
{
	static struct heap h;
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cert_pool *pool;
	if (!corpora_slurp(SYSTEM_BUNDLE, &file)) {
		printf("skipped: no %s\n", SYSTEM_BUNDLE);
		return;
	}
	harvest_pem(SYSTEM_BUNDLE, (char *)file.data, collect, &h);
	ck_assert_int_eq(kst_cert_pool_new(&pool, h.cert, h.nr, NULL), 0);
	for (size_t i = 0; i < h.nr; i++) {
		struct kst_chain c = { 0 };
		bool complete;
		if (!kst_cert_is_self_issued(h.cert[i]))
			continue;
		ck_assert_int_eq(kst_chain_build_from(&c, h.cert[i], pool, &complete, NULL), 0);
		ck_assert_uint_eq(c.nr, 1);
		ck_assert(complete);
		kst_chain_release(&c);
	}
	kst_cert_pool_free(pool);
	free_all(h.cert, h.nr);
}
END_TEST

Suite *test_chain(void);
Suite *test_chain(void)
{
	Suite *s = suite_create("chain");
	TCase *t = tcase_create("chain");
	tcase_set_timeout(t, 30);
	tcase_add_test(t, an_issuer_is_known_by_name_and_signature);
	tcase_add_test(t, names_are_equal_whatever_their_case_blanks_and_string_type);
	tcase_add_test(t, an_unknown_signature_is_judged_by_names_and_key_ids);
	tcase_add_test(t, a_chain_is_built_leaf_first_up_to_its_root);
	tcase_add_test(t, among_issuers_of_one_name_and_key_the_current_and_latest_is_taken);
	tcase_add_test(t, circles_end);
	tcase_add_test(t, a_key_rollover_goes_through_a_self_issued_certificate);
	tcase_add_test(t, a_chain_has_a_largest_length);
	tcase_add_test(t, thousands_of_one_name_do_not_hide_the_issuer_whose_key_id_fits);
	tcase_add_test(t, without_memory_no_chain_and_nothing_is_kept);
	tcase_add_test(t, the_systems_roots_are_chains_of_one);
	suite_add_tcase(s, t);
	return s;
}
