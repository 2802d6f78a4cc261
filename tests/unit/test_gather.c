/* SPDX-License-Identifier: ISC */
/* test_gather.c - many inputs become one set of entries */
#include <check.h>
#include <string.h>

#include "kstool/kstool.h"
#include "party.h"
#include "shelf.h"

static struct party root, sub, web, api, lone;
static struct shelf shelf;
static struct kst_store *store[4];
static size_t nr;
static struct kst_gathered g;

static void setup_parties(void)
{
	root = party_new("Root CA", NULL, 1, NULL);
	sub = party_new("Sub CA", NULL, 1, &root);
	web = party_new("web", "DNS:web.test", 0, &sub);
	api = party_new("api", "DNS:api.test", 0, &sub);
	lone = party_new("lone", "DNS:lone.test", 0, NULL);
}

static void teardown_parties(void)
{
	party_free(&root);
	party_free(&sub);
	party_free(&web);
	party_free(&api);
	party_free(&lone);
}

static void setup(void)
{
	shelf_begin(&shelf);
	nr = 0;
	g = (struct kst_gathered){ .nr = 0 };
}

static void teardown(void)
{
	kst_gathered_release(&g);
	for (size_t i = 0; i < nr; i++)
		kst_store_free(store[i]);
	shelf_end(&shelf);
}

/* Inputs need not be files: a store that was made and not saved does as well. */
static struct kst_store *input(const char *name)
{
	return store[nr++] = shelf_new(&shelf, name, kst_format_by_path(name)->name);
}

static void add(struct kst_store *s, struct kst_entry *e)
{
	shelf_add(&shelf, s, e);
}

static struct kst_entry *loose(const struct party *p)
{
	return party_entry("x", NULL, PARTIES(p));
}

/* As a PEM file without names gives its contents. */
static void make_plain(struct kst_store *s)
{
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e;
		ck_assert_int_eq(kst_store_entry(s, i, &e, NULL), 0);
		e->alias_derived = true;
	}
}

static struct kst_store *pem(const char *name, struct kst_entry *e)
{
	struct kst_store *s = input(name);
	add(s, e);
	make_plain(s);
	return s;
}

static void run(struct kst_gather_options opt)
{
	kst_error_clear(&shelf.err);
	int rc = kst_gather(&g, store, nr, &opt, &shelf.notes, &shelf.err);
	ck_assert_msg(rc == 0, "%s", shelf.err.message);
}

static void is_chain(const struct kst_entry *e, const struct party *const *want)
{
	size_t n = 0;
	for (; want[n]; n++) {
		struct kst_cert *c = party_cert(want[n]);
		ck_assert_uint_lt(n, e->chain.nr);
		ck_assert(kst_cert_equal(e->chain.cert[n], c));
		kst_cert_free(c);
	}
	ck_assert_uint_eq(e->chain.nr, n);
}

START_TEST(key_certificate_and_ca_become_one_entry_in_any_order)
{
	pem("ca.pem", loose(&root));
	pem("sub.pem", loose(&sub));
	pem("key.pem", party_entry("x", &web, NULL));
	pem("web.pem", loose(&web));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_uint_eq(g.nr, 1);
	ck_assert_int_eq(g.entry[0]->kind, KST_KIND_KEY);
	ck_assert_str_eq(g.entry[0]->alias, "web.test");
	is_chain(g.entry[0], PARTIES(&web, &sub, &root));
	ck_assert_uint_eq(g.nr_left, 0);
	ck_assert(!shelf_noted(&shelf, "chain-incomplete"));
}
END_TEST

START_TEST(the_root_can_be_dropped_and_is_listed_then)
{
	struct kst_store *s = input("all.pem");
	add(s, party_entry("k", &web, NULL));
	add(s, loose(&web));
	struct kst_entry *e = loose(&sub);
	e->alias[0] = 'y';
	add(s, e);
	e = loose(&root);
	e->alias[0] = 'z';
	add(s, e);
	make_plain(s);
	run((struct kst_gather_options){ .drop_root = true });
	ck_assert_uint_eq(g.nr, 1);
	is_chain(g.entry[0], PARTIES(&web, &sub));
	ck_assert_uint_eq(g.nr_left, 1);
	ck_assert_str_eq(g.left[0].what, "Root CA");
	ck_assert_ptr_nonnull(strstr(g.left[0].source, "all.pem"));
}
END_TEST

START_TEST(a_missing_issuer_is_noted)
{
	pem("key.pem", party_entry("x", &web, NULL));
	pem("web.pem", loose(&web));
	run((struct kst_gather_options){ .alias = "site" });
	ck_assert_uint_eq(g.nr, 1);
	ck_assert_str_eq(g.entry[0]->alias, "site");
	is_chain(g.entry[0], PARTIES(&web));
	ck_assert(shelf_noted(&shelf, "chain-incomplete"));
}
END_TEST

START_TEST(a_missing_root_alone_is_no_news)
{
	pem("key.pem", party_entry("x", &web, PARTIES(&web, &sub)));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert(!shelf_noted(&shelf, "chain-incomplete"));
}
END_TEST

START_TEST(extra_certificates_complete_chains_and_are_not_gathered)
{
	struct kst_store *extra = shelf_new(&shelf, "extra", "kst1");
	add(extra, loose(&sub));
	pem("web.pem", party_entry("x", &web, PARTIES(&web)));
	run((struct kst_gather_options){ .extra = &extra, .nr_extra = 1 });
	ck_assert_uint_eq(g.nr, 1);
	is_chain(g.entry[0], PARTIES(&web, &sub));
	kst_store_free(extra);
}
END_TEST

START_TEST(a_renewed_certificate_wins_over_the_old_one)
{
	X509 *old = party_certify(web.key, "web", "DNS:web.test", 0, 30, &sub);
	struct kst_entry *e = kst_entry_new(KST_KIND_CERT);
	struct kst_cert *c = party_x509(old);
	ck_assert_int_eq(kst_chain_push(&e->chain, c), 0);
	e->trusted = true;
	pem("old.pem", e);
	pem("key.pem", party_entry("x", &web, NULL));
	pem("web.pem", loose(&web));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_int_eq(g.entry[1]->kind, KST_KIND_KEY);
	is_chain(g.entry[1], PARTIES(&web));
	ck_assert(shelf_noted(&shelf, "several-certificates"));
	/* The old one belongs to no chain now, and is still there. */
	ck_assert_uint_eq(g.nr, 2);
	ck_assert(kst_cert_equal(g.entry[0]->chain.cert[0], c));
	ck_assert(!g.entry[0]->trusted);
	kst_cert_free(c);
	X509_free(old);
}
END_TEST

START_TEST(an_issued_certificate_wins_over_the_self_signed_one)
{
	/* The placeholder is valid longer, as those of keytool often are. */
	struct party self = { web.key, party_certify(web.key, "web", "DNS:web.test", 0, 3650, NULL) };
	pem("self.pem", party_entry("x", NULL, PARTIES(&self)));
	pem("key.pem", party_entry("x", &web, NULL));
	pem("web.pem", loose(&web));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_uint_eq(g.nr, 2);
	ck_assert_int_eq(g.entry[1]->kind, KST_KIND_KEY);
	is_chain(g.entry[1], PARTIES(&web));
	X509_free(self.cert);
}
END_TEST

START_TEST(certificates_of_no_key_are_trusted_only_when_asked_or_alone)
{
	pem("key.pem", party_entry("x", &web, PARTIES(&web)));
	pem("lone.pem", loose(&lone));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_uint_eq(g.nr, 2);
	ck_assert(!g.entry[1]->trusted);
	kst_gathered_release(&g);
	run((struct kst_gather_options){ .as_trust = true });
	ck_assert(g.entry[1]->trusted);
	kst_gathered_release(&g);
	kst_store_free(store[0]);
	store[0] = store[1];
	nr = 1;
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert(g.entry[0]->trusted);
}
END_TEST

START_TEST(a_trust_anchor_that_is_also_in_a_chain_stays)
{
	struct kst_store *s = input("app.kst");
	add(s, party_entry("web", &web, PARTIES(&web, &sub, &root)));
	add(s, party_entry("anchor", NULL, PARTIES(&root)));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_uint_eq(g.nr, 2);
	ck_assert_str_eq(g.entry[1]->alias, "anchor");
	ck_assert(g.entry[1]->trusted);
}
END_TEST

START_TEST(what_is_there_twice_is_there_once)
{
	struct kst_store *s = input("a.kst");
	add(s, party_entry("root", NULL, PARTIES(&root)));
	add(s, party_entry("web", &web, PARTIES(&web, &sub)));
	pem("root.pem", loose(&root));
	pem("again.pem", party_entry("x", &web, NULL));
	run((struct kst_gather_options){ .alias = NULL });
	/* root.pem and its twin; again.pem found web's certificate in a.kst. */
	ck_assert_uint_eq(g.nr, 2);
	ck_assert_str_eq(g.entry[0]->alias, "root");
	ck_assert_str_eq(g.entry[1]->alias, "web");
	ck_assert_uint_ge(g.duplicates, 1);
}
END_TEST

START_TEST(one_certificate_under_two_names_stays_two)
{
	struct kst_store *s = input("a.kst");
	add(s, party_entry("one", NULL, PARTIES(&root)));
	add(s, party_entry("two", NULL, PARTIES(&root)));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_uint_eq(g.nr, 2);
	ck_assert_uint_eq(g.duplicates, 0);
}
END_TEST

START_TEST(two_things_under_one_name_get_two_names)
{
	add(input("a.kst"), party_entry("app", &web, PARTIES(&web)));
	add(input("b.kst"), party_entry("app", &api, PARTIES(&api)));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_uint_eq(g.nr, 2);
	ck_assert_str_eq(g.entry[0]->alias, "app");
	ck_assert_uint_eq(strlen(g.entry[1]->alias), strlen("app-00112233"));
	ck_assert(shelf_noted(&shelf, "alias-changed"));
}
END_TEST

START_TEST(a_derived_name_gives_way_to_a_given_one)
{
	pem("a.pem", party_entry("x", &web, PARTIES(&web)));
	add(input("b.kst"), party_entry("web.test", &api, PARTIES(&api)));
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_str_eq(g.entry[1]->alias, "web.test");
	ck_assert_str_ne(g.entry[0]->alias, "web.test");
}
END_TEST

START_TEST(one_alias_for_two_keys_is_refused)
{
	add(input("a.kst"), party_entry("a", &web, PARTIES(&web)));
	add(input("b.kst"), party_entry("b", &api, PARTIES(&api)));
	struct kst_gather_options opt = { .alias = "x" };
	ck_assert_int_eq(kst_gather(&g, store, nr, &opt, NULL, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_USAGE);
}
END_TEST

START_TEST(sources_are_not_changed_by_gathering)
{
	struct kst_store *s = input("a.kst");
	add(s, party_entry("web", &web, PARTIES(&web)));
	pem("sub.pem", loose(&sub));
	run((struct kst_gather_options){ .alias = "other" });
	struct kst_entry *e;
	ck_assert_int_eq(kst_store_entry(s, 0, &e, NULL), 0);
	ck_assert_str_eq(e->alias, "web");
	ck_assert_uint_eq(e->chain.nr, 1);
}
END_TEST

START_TEST(thousands_of_certificates_of_one_name_take_seconds)
{
	struct kst_store *s = input("bundle.kst");
	struct party p = party_new("bulk", NULL, 1, NULL);
	struct kst_cert *c = party_cert(&p);
	/* The serial number is all that differs: names and key are hostile to any index of them. */
	for (unsigned i = 0; i < 3000; i++) {
		struct kst_bytes der = kst_cert_der(c);
		uint8_t copy[2048];
		struct kst_cert *one = NULL;
		struct kst_entry *e = kst_entry_new(KST_KIND_CERT);
		memcpy(copy, der.data, der.len);
		copy[der.len - 1] = (uint8_t)i;
		copy[der.len - 2] = (uint8_t)(i >> 8);
		ck_assert_int_eq(kst_cert_new(&one, copy, der.len, NULL), 0);
		ck_assert_int_eq(kst_chain_push(&e->chain, one), 0);
		kst_cert_free(one);
		e->trusted = true;
		add(s, e);
	}
	run((struct kst_gather_options){ .alias = NULL });
	ck_assert_uint_ge(g.nr, 2999);
	kst_cert_free(c);
	party_free(&p);
}
END_TEST

Suite *test_gather(void);
Suite *test_gather(void)
{
	Suite *s = suite_create("gather");
	TCase *t = tcase_create("gather");
	tcase_add_unchecked_fixture(t, setup_parties, teardown_parties);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, key_certificate_and_ca_become_one_entry_in_any_order);
	tcase_add_test(t, the_root_can_be_dropped_and_is_listed_then);
	tcase_add_test(t, a_missing_issuer_is_noted);
	tcase_add_test(t, a_missing_root_alone_is_no_news);
	tcase_add_test(t, extra_certificates_complete_chains_and_are_not_gathered);
	tcase_add_test(t, a_renewed_certificate_wins_over_the_old_one);
	tcase_add_test(t, an_issued_certificate_wins_over_the_self_signed_one);
	tcase_add_test(t, certificates_of_no_key_are_trusted_only_when_asked_or_alone);
	tcase_add_test(t, a_trust_anchor_that_is_also_in_a_chain_stays);
	tcase_add_test(t, what_is_there_twice_is_there_once);
	tcase_add_test(t, one_certificate_under_two_names_stays_two);
	tcase_add_test(t, two_things_under_one_name_get_two_names);
	tcase_add_test(t, a_derived_name_gives_way_to_a_given_one);
	tcase_add_test(t, one_alias_for_two_keys_is_refused);
	tcase_add_test(t, sources_are_not_changed_by_gathering);
	tcase_add_test(t, thousands_of_certificates_of_one_name_take_seconds);
	suite_add_tcase(s, t);
	return s;
}
