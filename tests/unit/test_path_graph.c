/* SPDX-License-Identifier: ISC */
/* test_path_graph.c - which path is taken, which one is explained, whom one trusts for what, and at what cost */
#include <check.h>

#include "path_kit.h"
#include "kstool/time.h"

static struct made root, ica, leaf;
static struct kst_anchors *anchors;
static struct kst_chain chain;
static struct kst_verify_request req;
static struct kst_verdict v;

static void setup(void)
{
	root = path_root((struct path_how){ .cn = NULL });
	ica = path_ca(&root, (struct path_how){ .cn = NULL });
	leaf = path_leaf(&ica, (struct path_how){ .cn = NULL });
	ck_assert_int_eq(kst_anchors_new(&anchors, NULL), 0);
	chain = (struct kst_chain){ .cert = NULL };
	req = (struct kst_verify_request){ .chain = &chain, .anchors = anchors, .host = "a.test", .max_depth = -1 };
	v = (struct kst_verdict){ .valid = false };
}

static void teardown(void)
{
	kst_verdict_release(&v);
	kst_chain_release(&chain);
	kst_anchors_free(anchors);
	made_free(&leaf);
	made_free(&ica);
	made_free(&root);
}

static void send(const struct made *m)
{
	ck_assert_int_eq(kst_chain_push(&chain, m->cert), 0);
}

static bool verify(void)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_verdict_release(&v);
	ck_assert_msg(kst_verify(&v, &req, &err) == 0, "%s", err.message);
	return v.valid;
}

static enum kst_reason cause(void)
{
	const struct kst_path_finding *f = kst_verdict_cause(&v);

	return f ? f->reason : KST_REASON_NONE;
}

#define EXPECT(r) ck_assert_msg(!verify() && cause() == KST_REASON_##r, "%s", verdict_text(&v))

/* ---- where a path ends ---- */

START_TEST(an_anchor_may_be_root_intermediate_or_leaf)
{
	send(&leaf);
	send(&ica);
	EXPECT(INCOMPLETE);
	ck_assert_uint_eq(v.path.nr, 2);
	ck_assert(!v.anchored);
	path_trust(anchors, &root);
	ck_assert(verify() && v.path.nr == 3 && v.from[2] == KST_FROM_TRUST && v.from[1] == KST_FROM_TARGET);
	path_trust(anchors, &ica);
	ck_assert(verify() && v.path.nr == 2 && v.from[1] == KST_FROM_TRUST && v.anchor_source == 1);
	path_trust(anchors, &leaf);
	ck_assert(verify() && v.path.nr == 1 && v.anchor_source == 2);
	ck_assert_uint_eq(kst_anchors_sources(anchors), 3);
	ck_assert_uint_eq(kst_anchors_count(anchors), 3);
	ck_assert_str_eq(kst_anchors_source(anchors, 1)->name, "trust.pem");
}
END_TEST

START_TEST(what_is_missing_is_told_apart)
{
	struct made other = path_root((struct path_how){ .cn = "Other" });
	struct made twin = path_root((struct path_how){ .cn = "ICA" });
	struct made self = path_leaf(NULL, (struct path_how){ .cn = "a.test" });

	path_trust(anchors, &other);
	send(&leaf);
	EXPECT(INCOMPLETE);
	send(&ica);
	send(&root);
	EXPECT(UNTRUSTED);
	ck_assert(has_finding(&v, KST_REASON_UNTRUSTED, 2, false) && count_faults(&v) == 1);
	kst_chain_release(&chain);
	send(&self);
	EXPECT(SELF_SIGNED);
	/* A CA of the same name with another key is not the one, and that is said. */
	kst_chain_release(&chain);
	path_trust(anchors, &twin);
	send(&leaf);
	EXPECT(INCOMPLETE);
	ck_assert_ptr_nonnull(strstr(kst_verdict_cause(&v)->text, "another key"));
	made_free(&other);
	made_free(&twin);
	made_free(&self);
}
END_TEST

START_TEST(intermediates_come_in_any_order_and_from_anywhere)
{
	struct made deep = path_ca(&ica, (struct path_how){ .cn = "Deep" });
	struct made end = path_leaf(&deep, (struct path_how){ .cn = NULL });
	struct kst_chain extra = { .cert = NULL };

	path_trust(anchors, &root);
	send(&end);
	send(&root);
	send(&ica);
	send(&leaf);
	send(&deep);
	ck_assert(verify() && v.path.nr == 4);
	kst_chain_release(&chain);
	send(&end);
	send(&deep);
	EXPECT(INCOMPLETE);
	kst_chain_push(&extra, ica.cert);
	req.extra = &extra;
	ck_assert(verify() && v.from[2] == KST_FROM_EXTRA);
	/* depth: CAs between */
	req.max_depth = 2;
	ck_assert(verify());
	req.max_depth = 1;
	EXPECT(PATH_LENGTH);
	kst_chain_release(&extra);
	made_free(&end);
	made_free(&deep);
}
END_TEST

/* ---- several paths ---- */

START_TEST(of_several_paths_the_good_one_is_taken)
{
	/* The same CA, once below an expired root, once with an expired certificate, once good. */
	struct made old = path_root((struct path_how){ .cn = "Old", .from = -9, .to = -2 });
	struct made by_old = path_ca(&old, (struct path_how){ .cn = "ICA", .key = ica.key });
	struct made late = path_ca(&root, (struct path_how){ .cn = "ICA", .key = ica.key, .from = -9, .to = -2 });

	path_trust(anchors, &old);
	path_trust(anchors, &root);
	send(&leaf);
	send(&late);
	send(&by_old);
	EXPECT(EXPIRED);
	ck_assert_uint_ge(v.paths, 2);
	send(&ica);
	ck_assert_msg(verify(), "%s", verdict_text(&v));
	ck_assert(kst_cert_equal(v.path.cert[1], ica.cert));
	made_free(&old);
	made_free(&by_old);
	made_free(&late);
}
END_TEST

START_TEST(a_path_to_an_anchor_is_explained_rather_than_one_to_nowhere)
{
	struct made other = path_root((struct path_how){ .cn = "Other" });
	struct made cross = path_ca(&other, (struct path_how){ .cn = "ICA", .key = ica.key });
	struct made late = path_ca(&root, (struct path_how){ .cn = "ICA", .key = ica.key, .from = -9, .to = -2 });

	path_trust(anchors, &root);
	send(&leaf);
	send(&cross);
	send(&other);
	send(&late);
	EXPECT(EXPIRED);
	ck_assert(v.anchored && has_finding(&v, KST_REASON_EXPIRED, 1, false));
	made_free(&other);
	made_free(&cross);
	made_free(&late);
}
END_TEST

START_TEST(circles_end)
{
	struct made a = path_ca(&root, (struct path_how){ .cn = "A" });
	struct made b = path_ca(&a, (struct path_how){ .cn = "B" });
	struct made a2 = path_ca(&b, (struct path_how){ .cn = "A", .key = a.key });
	struct made end = path_leaf(&a, (struct path_how){ .cn = NULL });

	send(&end);
	send(&a2);
	send(&b);
	EXPECT(INCOMPLETE);
	send(&a);
	path_trust(anchors, &root);
	ck_assert(verify() && v.path.nr == 3);
	made_free(&a);
	made_free(&b);
	made_free(&a2);
	made_free(&end);
}
END_TEST

/* A key of its own each, one name, everybody signed by the next: nobody is trusted. */
START_TEST(a_thousand_cas_of_one_name_cost_a_moment)
{
	enum { CAS = 1500 };
	struct made *m = calloc(CAS, sizeof(*m));

	for (int i = 0; i < CAS; i++) /* without key ids, which would tell them apart */
		m[i] = path_make(i ? &m[i - 1] : NULL, usual_root,
				 &(struct path_how){ .cn = "Same", .ext = { "subjectKeyIdentifier=", "authorityKeyIdentifier=" } });
	struct made end = path_leaf(&m[CAS - 1], (struct path_how){ .ext = { "authorityKeyIdentifier=" } });
	send(&end);
	for (int i = 0; i < CAS; i++)
		send(&m[i]);
	path_trust(anchors, &root);
	ck_assert(!verify());
	ck_assert_uint_le(v.paths, 200);
	/* ... and whoever is trusted among them is found all the same. */
	path_trust(anchors, &m[CAS - 1]);
	ck_assert_msg(verify(), "%s", verdict_text(&v));
	made_free(&end);
	for (int i = 0; i < CAS; i++)
		made_free(&m[i]);
	free(m);
}
END_TEST

/* ---- whom one trusts for what ---- */

START_TEST(purposes_and_distrust_count)
{
	static const struct {
		unsigned yes, no;
		bool no_anchor;
		enum kst_usage usage;
		bool good;
	} cases[] = {
		{ KST_FOR_SERVER, 0, false, KST_USAGE_SERVER, true },
		{ KST_FOR_EMAIL, 0, false, KST_USAGE_SERVER, false },
		{ KST_FOR_EMAIL | KST_FOR_SERVER, 0, false, KST_USAGE_SERVER, true },
		{ KST_FOR_ANY, 0, false, KST_USAGE_SERVER, true },
		{ KST_FOR_EMAIL, 0, false, KST_USAGE_ANY, true },
		{ 0, KST_FOR_SERVER, false, KST_USAGE_SERVER, false },
		{ 0, KST_FOR_EMAIL, false, KST_USAGE_SERVER, true },
		{ KST_FOR_SERVER, KST_FOR_ANY, false, KST_USAGE_SERVER, false },
		{ 0, KST_FOR_EVERYTHING, true, KST_USAGE_SERVER, false },
		{ 0, KST_FOR_EVERYTHING, true, KST_USAGE_ANY, false },
	};

	send(&leaf);
	send(&ica);
	req.host = NULL;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kst_anchors *a;
		struct kst_entry *e = path_entry(&root);

		ck_assert_int_eq(kst_anchors_new(&a, NULL), 0);
		e->trusted = !cases[i].no_anchor;
		e->no_anchor = cases[i].no_anchor;
		ck_assert_int_eq(kst_purposes_set(&e->purposes, cases[i].yes), 0);
		ck_assert_int_eq(kst_purposes_set(&e->distrusted, cases[i].no), 0);
		path_trust_entry(a, e);
		req.anchors = a;
		req.usage = cases[i].usage;
		ck_assert_msg(verify() == cases[i].good, "%zu: %s", i, verdict_text(&v));
		if (!cases[i].good)
			ck_assert_msg(cause() == KST_REASON_DISTRUSTED, "%zu: %s", i, verdict_text(&v));
		kst_anchors_free(a);
	}
	req.anchors = anchors;
}
END_TEST

START_TEST(what_was_issued_after_the_date_is_not_trusted)
{
	struct kst_entry *e = path_entry(&root);
	int64_t issued = kst_cert_not_before(leaf.cert);

	e->server_after = issued - 1;
	e->email_after = issued + 1;
	send(&leaf);
	send(&ica);
	path_trust_entry(anchors, e);
	EXPECT(DISTRUSTED);
	req.host = NULL;
	req.usage = KST_USAGE_ANY;
	ck_assert(verify());
	kst_anchors_free(anchors);
	ck_assert_int_eq(kst_anchors_new(&anchors, NULL), 0);
	req.anchors = anchors;
	e = path_entry(&root);
	e->server_after = issued; /* that very second still counts */
	path_trust_entry(anchors, e);
	req.usage = KST_USAGE_SERVER;
	ck_assert_msg(verify(), "%s", verdict_text(&v));
}
END_TEST

START_TEST(a_limit_in_words_is_told)
{
	struct kst_entry *e = path_entry(&root);

	ck_assert_ptr_nonnull(e->restriction = kst_strdup("extension 2.5.29.30 attached to it"));
	send(&leaf);
	send(&ica);
	path_trust_entry(anchors, e);
	EXPECT(DISTRUSTED);
	ck_assert(strstr(verdict_text(&v), "cannot apply: extension 2.5.29.30 attached to it"));
	/* That another source sets no limit takes none away. */
	path_trust(anchors, &root);
	EXPECT(DISTRUSTED);
}
END_TEST

START_TEST(distrust_of_an_intermediate_counts_below_it)
{
	struct kst_entry *e = path_entry(&ica);

	e->trusted = false;
	e->no_anchor = true;
	kst_purposes_set(&e->distrusted, KST_FOR_EVERYTHING);
	send(&leaf);
	send(&ica);
	path_trust(anchors, &root);
	ck_assert(verify());
	path_trust_entry(anchors, e);
	EXPECT(DISTRUSTED);
	/* One that is merely no anchor is an intermediate as any other. */
	kst_anchors_free(anchors);
	ck_assert_int_eq(kst_anchors_new(&anchors, NULL), 0);
	req.anchors = anchors;
	e = path_entry(&ica);
	e->trusted = false;
	e->no_anchor = true;
	path_trust_entry(anchors, e);
	EXPECT(INCOMPLETE);
	path_trust(anchors, &root);
	ck_assert_msg(verify(), "%s", verdict_text(&v));
}
END_TEST

/* Several sources that speak of one certificate: the words add up, in whatever order the files are named. */
START_TEST(sources_add_up_in_any_order)
{
	static const struct {
		struct {
			bool trusted;
			unsigned yes, no;
			long after; /* from when the leaf was issued; 0 none */
		} word[2];
		enum kst_usage usage;
		bool good;
	} cases[] = {
		{ { { false, 0, KST_FOR_SERVER, 0 }, { false, 0, KST_FOR_EMAIL, 0 } }, KST_USAGE_SERVER, false },
		{ { { true, 0, KST_FOR_SERVER, 0 }, { true, 0, KST_FOR_EMAIL, 0 } }, KST_USAGE_SERVER, false },
		{ { { true, 0, KST_FOR_CLIENT, 0 }, { true, 0, KST_FOR_EMAIL, 0 } }, KST_USAGE_SERVER, true },
		{ { { true, KST_FOR_SERVER, 0, 0 }, { true, KST_FOR_EMAIL, 0, 0 } }, KST_USAGE_SERVER, true },
		{ { { false, 0, 0, 0 }, { false, 0, KST_FOR_EVERYTHING, 0 } }, KST_USAGE_SERVER, false },
		{ { { false, 0, 0, 0 }, { true, 0, KST_FOR_EVERYTHING, 0 } }, KST_USAGE_ANY, false },
		{ { { false, 0, 0, 0 }, { true, 0, 0, 0 } }, KST_USAGE_SERVER, true },
		{ { { true, 0, 0, -1 }, { true, 0, 0, 1000 } }, KST_USAGE_SERVER, false },
		{ { { true, 0, 0, -1 }, { true, 0, 0, 0 } }, KST_USAGE_SERVER, false },
	};

	send(&leaf);
	send(&ica);
	req.host = NULL;
	for (size_t i = 0; i < 4 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t k = i / 4, turned = i & 1;
		bool above = i & 2; /* it is said of the root, or of the intermediate below a root that is trusted */
		bool dates = cases[k].word[0].after;
		struct kst_anchors *a;

		if (!above && (dates || k == 3))
			continue; /* an intermediate is trusted by its root, whatever else */
		ck_assert_int_eq(kst_anchors_new(&a, NULL), 0);
		if (!above)
			path_trust(a, &root);
		for (size_t n = 0; n < 2; n++) {
			size_t w = n ^ turned;
			struct kst_entry *e = path_entry(above ? &root : &ica);

			e->trusted = cases[k].word[w].trusted;
			e->no_anchor = !e->trusted;
			e->server_after = cases[k].word[w].after ? kst_cert_not_before(leaf.cert) + cases[k].word[w].after : 0;
			ck_assert_int_eq(kst_purposes_set(&e->purposes, cases[k].word[w].yes), 0);
			ck_assert_int_eq(kst_purposes_set(&e->distrusted, cases[k].word[w].no), 0);
			path_trust_entry(a, e);
		}
		req.anchors = a;
		req.usage = cases[k].usage;
		ck_assert_msg(verify() == cases[k].good, "%zu %zu %d: %s", k, turned, above, verdict_text(&v));
		if (!cases[k].good)
			ck_assert_msg(cause() == KST_REASON_DISTRUSTED, "%zu: %s", i, verdict_text(&v));
		kst_anchors_free(a);
	}
	req.anchors = anchors;
}
END_TEST

/* ---- what else is asked ---- */

START_TEST(weak_keys_and_digests)
{
	EVP_PKEY *rsa1024 = EVP_RSA_gen(1024), *rsa2048 = EVP_RSA_gen(2048), *p192 = EVP_EC_gen("P-192"), *p224 = EVP_EC_gen("P-224");
	const struct {
		struct path_how how;
		enum kst_reason reason;
		bool lax;
		enum kst_usage usage;
	} cases[] = {
		{ { .key = rsa1024 }, KST_REASON_WEAK_KEY, false, KST_USAGE_SERVER },
		{ { .key = p192 }, KST_REASON_WEAK_KEY, false, KST_USAGE_SERVER },
		{ { .key = p224 }, KST_REASON_WEB_PKI, true, KST_USAGE_SERVER },
		{ { .md = EVP_sha1() }, KST_REASON_WEAK_DIGEST, true, KST_USAGE_ANY },
		{ { .md = EVP_sha1() }, KST_REASON_WEAK_DIGEST, false, KST_USAGE_SERVER }, /* no TLS peer takes it */
	};

	path_trust(anchors, &root);
	req.host = NULL;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made end = path_leaf(&ica, cases[i].how);

		kst_chain_release(&chain);
		send(&end);
		send(&ica);
		req.usage = cases[i].usage;
		req.strict = false;
		ck_assert_msg(verify() == cases[i].lax && has_finding(&v, cases[i].reason, 0, cases[i].lax), "%zu: %s", i,
			      verdict_text(&v));
		req.strict = true;
		ck_assert_msg(!verify() && has_finding(&v, cases[i].reason, 0, false), "%zu: %s", i, verdict_text(&v));
		made_free(&end);
	}
	/* MD5 goes with RSA alone. */
	struct made by = path_ca(&root, (struct path_how){ .cn = "RSA", .key = rsa2048 });
	struct made end = path_leaf(&by, (struct path_how){ .md = EVP_md5() });
	kst_chain_release(&chain);
	send(&end);
	send(&by);
	req.strict = false;
	req.usage = KST_USAGE_ANY;
	EXPECT(WEAK_DIGEST);
	made_free(&end);
	made_free(&by);
	end = path_leaf(&ica, (struct path_how){ .key = rsa2048 });
	kst_chain_release(&chain);
	send(&end);
	send(&ica);
	req.strict = false;
	ck_assert_msg(verify(), "%s", verdict_text(&v));
	req.strict = true;
	EXPECT(WEAK_KEY);
	made_free(&end);
	/* Nobody relies on how a root is signed. */
	struct made sha1 = path_root((struct path_how){ .cn = "SHA1", .md = EVP_sha1() });
	struct made below = path_leaf(&sha1, (struct path_how){ .cn = NULL });
	kst_chain_release(&chain);
	send(&below);
	path_trust(anchors, &sha1);
	ck_assert_msg(verify(), "%s", verdict_text(&v));
	made_free(&below);
	made_free(&sha1);
	EVP_PKEY_free(rsa1024);
	EVP_PKEY_free(rsa2048);
	EVP_PKEY_free(p192);
	EVP_PKEY_free(p224);
}
END_TEST

START_TEST(times_are_whole_seconds_and_both_ends_belong)
{
	int64_t from = kst_cert_not_before(leaf.cert), to = kst_cert_not_after(leaf.cert);

	path_trust(anchors, &root);
	send(&leaf);
	send(&ica);
	req.at = from;
	ck_assert_msg(verify(), "%s", verdict_text(&v));
	req.at = from - 1;
	EXPECT(NOT_YET);
	req.at = to;
	ck_assert_msg(verify(), "%s", verdict_text(&v));
	req.at = to + 1;
	EXPECT(EXPIRED);
	req.at = to - 100;
	req.min_left = 100;
	ck_assert(verify());
	req.min_left = 101;
	EXPECT(EXPIRES_SOON);
	req.min_left = 50;
	req.min_left_percent = true;
	req.at = from + (to - from) / 4;
	ck_assert(verify());
	req.at = to - (to - from) / 4;
	EXPECT(EXPIRES_SOON);
}
END_TEST

static struct kst_key *key_of(EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
	int n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
	struct kst_key *key;

	ck_assert_int_eq(kst_key_from_der(&key, der, (size_t)n, NULL, NULL, NULL), 0);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	return key;
}

START_TEST(the_key_belongs_to_the_leaf_or_not)
{
	struct kst_key *mine = key_of(leaf.key), *other = key_of(ica.key);
	const struct kst_path_finding *f;

	path_trust(anchors, &root);
	send(&leaf);
	send(&ica);
	ck_assert(verify() && kst_verdict_check(&v, KST_CHECK_KEY, &f) == KST_RESULT_NOT_CHECKED && !f);
	req.key = mine;
	ck_assert(verify() && kst_verdict_check(&v, KST_CHECK_KEY, &f) == KST_RESULT_PASS && f);
	req.key = other;
	EXPECT(KEY_MISMATCH);
	/* A key that nothing is known of: what was asked cannot be said. */
	struct kst_key *opaque = kst_key_new();
	req.key = opaque;
	EXPECT(KEY_MISMATCH);
	ck_assert_ptr_nonnull(strstr(verdict_text(&v), "cannot be told"));
	kst_key_free(opaque);
	kst_key_free(mine);
	kst_key_free(other);
}
END_TEST

START_TEST(all_faults_are_told_and_each_check_of_each_certificate)
{
	struct made bad = path_leaf(&ica, (struct path_how){ .from = -9, .to = -2, .ext = { "extendedKeyUsage=clientAuth" } });

	path_trust(anchors, &root);
	send(&bad);
	send(&ica);
	req.host = "b.test";
	ck_assert(!verify());
	ck_assert_uint_eq(count_faults(&v), 3);
	ck_assert(has_finding(&v, KST_REASON_EXPIRED, 0, false) && has_finding(&v, KST_REASON_HOST, 0, false) &&
		  has_finding(&v, KST_REASON_PURPOSE, 0, false));
	ck_assert_int_eq(kst_verdict_check(&v, KST_CHECK_SIGNATURES, NULL), KST_RESULT_PASS);
	ck_assert_int_eq(kst_verdict_check(&v, KST_CHECK_REVOCATION, NULL), KST_RESULT_NOT_CHECKED);
	for (int d = 0; d < 3; d++)
		for (int c = KST_CHECK_DATES; c <= KST_CHECK_STRENGTH; c++) {
			bool any = c == KST_CHECK_HOST;
			for (size_t i = 0; i < v.nr; i++)
				any |= (int)v.finding[i].check == c && v.finding[i].depth == d;
			ck_assert_msg(any, "check %d of certificate %d", c, d);
		}
	for (size_t i = 1; i < v.nr; i++)
		ck_assert(v.finding[i - 1].check <= v.finding[i].check);
	made_free(&bad);
}
END_TEST

START_TEST(without_memory_there_is_no_verdict)
{
	struct kst_error err = KST_ERROR_INIT;
	bool done = false;

	path_trust(anchors, &root);
	send(&leaf);
	send(&ica);
	ck_assert(verify()); /* what OpenSSL makes once is made */
	for (unsigned n = 1; !done; n++) {
		kst_verdict_release(&v);
		kst_error_clear(&err);
		kst_alloc_fail_after(n);
		done = kst_verify(&v, &req, &err) == 0;
		kst_alloc_fail_after(0);
		/* Without memory OpenSSL, too, may refuse: what must not come is a wrong yes. */
		ck_assert(done || err.code == KST_E_NO_MEMORY);
		ck_assert(!v.valid || v.path.nr == 3);
	}
}
END_TEST

Suite *test_path_graph(void);
Suite *test_path_graph(void)
{
	Suite *s = suite_create("path_graph");
	TCase *t = tcase_create("graph");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_anchor_may_be_root_intermediate_or_leaf);
	tcase_add_test(t, what_is_missing_is_told_apart);
	tcase_add_test(t, intermediates_come_in_any_order_and_from_anywhere);
	tcase_add_test(t, of_several_paths_the_good_one_is_taken);
	tcase_add_test(t, a_path_to_an_anchor_is_explained_rather_than_one_to_nowhere);
	tcase_add_test(t, circles_end);
	tcase_add_test(t, a_thousand_cas_of_one_name_cost_a_moment);
	tcase_add_test(t, purposes_and_distrust_count);
	tcase_add_test(t, what_was_issued_after_the_date_is_not_trusted);
	tcase_add_test(t, a_limit_in_words_is_told);
	tcase_add_test(t, distrust_of_an_intermediate_counts_below_it);
	tcase_add_test(t, sources_add_up_in_any_order);
	tcase_add_test(t, weak_keys_and_digests);
	tcase_add_test(t, times_are_whole_seconds_and_both_ends_belong);
	tcase_add_test(t, the_key_belongs_to_the_leaf_or_not);
	tcase_add_test(t, all_faults_are_told_and_each_check_of_each_certificate);
	tcase_add_test(t, without_memory_there_is_no_verdict);
	suite_add_tcase(s, t);
	return s;
}
