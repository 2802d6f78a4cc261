/* SPDX-License-Identifier: ISC */
/*
 * test_pkcs12_match.c - which certificate belongs to which key, and under which
 * passphrase it lies
 */
#include "pkcs12_kit.h"

START_TEST(different_names_do_not_part_a_key_from_its_certificate)
{
	struct opened o;
	/* macOS: the same localKeyID, other names. */
	kit_open(&o, kit_pfx(J(kit_safe(kit_key_bag(&web, "x", J(kit_name("Imported Key"), kit_id("7")))),
			       kit_safe(kit_cert_bag(&web, J(kit_name("web.test"), kit_id("7"))))),
			     "x"), "x");
	kit_is(kit_entry(&o, 0), &web, "x", 1);
	ck_assert_uint_eq(o.model.nr, 1);
	kit_close(&o);
	/* And none at all. */
	kit_open(&o, kit_pfx(J(kit_safe(J(kit_key_bag(&web, "x", kit_name("one")),
					  kit_key_bag(&api, "x", kit_name("two")))),
			       kit_safe(J(kit_cert_bag(&api, kit_name("one")),
					  kit_cert_bag(&web, kit_name("two"))))),
			     "x"), "x");
	kit_is(kit_find(&o, "one"), &web, "x", 1);
	kit_is(kit_find(&o, "two"), &api, "x", 1);
	ck_assert_uint_eq(o.model.nr, 2);
	kit_close(&o);
}
END_TEST

START_TEST(two_certificates_of_one_id_are_told_apart_by_the_key)
{
	struct opened o;
	kit_open(&o, kit_pfx(J(kit_safe(kit_key_bag(&web, "x", kit_id("1"))),
			       kit_safe(J(kit_cert_bag(&api, kit_id("1")), kit_cert_bag(&ica, kit_id("1")),
					  kit_cert_bag(&web, kit_id("1"))))),
			     "x"), "x");
	kit_is(kit_entry(&o, 0), &web, "x", 2);
	kit_close(&o);
	/* Two keys of one id. */
	kit_open(&o, kit_pfx(J(kit_safe(J(kit_key_bag(&web, "x", J(kit_name("w"), kit_id("1"))),
					  kit_key_bag(&api, "x", J(kit_name("a"), kit_id("1"))))),
			       kit_safe(J(kit_cert_bag(&api, kit_id("1")), kit_cert_bag(&web, kit_id("1"))))),
			     "x"), "x");
	kit_is(kit_find(&o, "w"), &web, "x", 1);
	kit_is(kit_find(&o, "a"), &api, "x", 1);
	kit_close(&o);
	/* And one certificate for both, which is that of one. */
	kit_open(&o, kit_pfx(J(kit_safe(J(kit_key_bag(&web, "x", J(kit_name("w"), kit_id("1"))),
					  kit_key_bag(&api, "x", J(kit_name("a"), kit_id("1"))))),
			       kit_safe(kit_cert_bag(&api, kit_id("1")))),
			     "x"), "x");
	kit_is(kit_find(&o, "w"), &web, "x", 0);
	kit_is(kit_find(&o, "a"), &api, "x", 1);
	kit_close(&o);
}
END_TEST

START_TEST(an_issuer_with_a_name_of_its_own_is_an_entry)
{
	struct opened o;
	struct kst_bytes key = kit_safe(kit_key_bag(&web, "x", J(kit_name("web"), kit_id("1"))));
	struct kst_bytes leaf = kit_cert_bag(&web, kit_id("1"));
	struct kst_bytes named = kit_cert_bag(&ica, kit_name("my ca")), bare = kit_cert_bag(&ica, NOTHING);
	/* There twice: once for the chain, whichever comes first. */
	struct kst_bytes both[] = { J(leaf, named, bare), J(leaf, bare, named) };
	for (size_t i = 0; i < 2; i++) {
		kit_open(&o, kit_pfx(J(key, kit_safe(both[i])), "x"), "x");
		kit_is(kit_entry(&o, 0), &web, "x", 2);
		ck_assert_uint_eq(o.model.nr, 2);
		ck_assert_ptr_nonnull(kit_find(&o, "my ca"));
		kit_close(&o);
	}
	/* Once: it belongs to the chain, and its name goes with it. */
	kit_open(&o, kit_pfx(J(key, kit_safe(J(leaf, named))), "x"), "x");
	ck_assert_uint_eq(o.model.nr, 1);
	ck_assert_uint_gt(kit_entry(&o, 0)->cert_attrs[1].len, 0);
	kit_close(&o);
}
END_TEST

START_TEST(an_open_key_is_not_given_the_certificate_of_another)
{
	struct opened o;
	kit_open(&o, kit_pfx(kit_safe(J(kit_plain_key_bag(&web, J(kit_name("web"), kit_id("1"))),
					kit_cert_bag(&api, J(kit_name("web"), kit_id("1"))))),
			     "x"), "x");
	ck_assert_int_eq(kit_entry(&o, 0)->kind, KST_KIND_KEY);
	ck_assert_uint_eq(kit_entry(&o, 0)->chain.nr, 0);
	ck_assert_int_eq(kit_entry(&o, 1)->kind, KST_KIND_CERT);
	ck_assert_ptr_nonnull(kit_note(&o, "key-mismatch"));
	ck_assert_ptr_nonnull(kit_note(&o, "plain-key"));
	kit_close(&o);
}
END_TEST

START_TEST(all_keys_and_chains_are_there)
{
	struct opened o;
	kit_open(&o, kit_pfx(J(kit_safe(J(kit_key_bag(&web, "x", J(kit_name("web"), kit_id("1"))),
					  kit_key_bag(&api, "x", J(kit_name("api"), kit_id("2"))))),
			       kit_encrypted(J(kit_cert_bag(&ica, NOTHING), kit_cert_bag(&root, NOTHING),
					       kit_cert_bag(&api, kit_id("2")), kit_cert_bag(&ica, NOTHING),
					       kit_cert_bag(&web, kit_id("1")), kit_cert_bag(&web, NOTHING)),
					     "x", 1000)),
			     "x"), "x");
	/* Repeated issuers and leaves are no entries of their own. */
	ck_assert_uint_eq(o.model.nr, 2);
	kit_is(kit_find(&o, "web"), &web, "x", 3);
	kit_is(kit_find(&o, "api"), &api, "x", 3);
	kit_close(&o);
}
END_TEST

START_TEST(a_key_may_have_a_passphrase_of_its_own)
{
	struct opened o;
	struct kst_secret x KST_SCRATCH_SECRET = kit_pass("x");
	kit_open(&o, kit_pfx(J(kit_safe(J(kit_key_bag(&web, "own", J(kit_name("web"), kit_id("1"))),
					  kit_key_bag(&api, "x", J(kit_name("api"), kit_id("2"))))),
			       kit_safe(J(kit_cert_bag(&api, kit_id("2")), kit_cert_bag(&web, kit_id("1"))))),
			     "x"), "x");
	ck_assert_int_eq(kst_key_open_with(kit_find(&o, "web")->key, &x, NULL), 1);
	kit_is(kit_find(&o, "web"), &web, "own", 1);
	kit_is(kit_find(&o, "api"), &api, "x", 1);
	kit_close(&o);
	/* Without an id, and no way to look into it: the one certificate that is no CA. */
	kit_open(&o, kit_pfx(kit_safe(J(kit_key_bag(&web, "own", NOTHING), kit_cert_bag(&ica, NOTHING),
					kit_cert_bag(&web, NOTHING))),
			     "x"), "x");
	kit_is(kit_entry(&o, 0), &web, "own", 2);
	kit_close(&o);
}
END_TEST

START_TEST(a_part_may_have_a_passphrase_of_its_own)
{
	struct opened o;
	struct kst_bytes file = kit_pfx(kit_good("inner"), "outer");
	kit_blank(&o);
	o.answers.store[0] = "outer";
	o.answers.key = "inner";
	kit_read(&o, file);
	kit_is(kit_entry(&o, 0), &web, "inner", 2);
	kit_close(&o);
	kit_open(&o, file, "outer");
	ck_refused(&o, "wrong-key-passphrase", "fits the MAC but does not open");
	kit_close(&o);
}
END_TEST

START_TEST(a_file_where_all_is_alike_takes_no_hours)
{
	struct opened o;
	struct kst_bytes key = kit_key_bag(&web, "x", J(kit_name("same"), kit_id("1")));
	struct kst_bytes other = kit_key_bag(&api, "own", J(kit_name("same"), kit_id("1")));
	struct kst_bytes cert = kit_cert_bag(&web, J(kit_name("same"), kit_id("1")));
	struct kst_buf bags KST_SCRATCH_BUF = KST_BUF_INIT;
	for (int i = 0; i < 1500; i++) {
		kst_buf_put(&bags, key.data, key.len);
		kst_buf_put(&bags, other.data, other.len);
		kst_buf_put(&bags, cert.data, cert.len);
	}
	kit_open(&o, kit_pfx(kit_safe(kit_bytes(&bags)), "x"), "x");
	ck_assert_msg(o.rc == 0, "%s", o.err.message);
	ck_assert_uint_eq(o.model.nr, 3000);
	kit_is(kit_entry(&o, 2998), &web, "x", 1);
	kit_close(&o);
}
END_TEST

Suite *test_pkcs12_match(void);
Suite *test_pkcs12_match(void)
{
	Suite *s = suite_create("pkcs12_match");
	TCase *t = tcase_create("match");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, kit_setup, kit_teardown);
	tcase_add_test(t, different_names_do_not_part_a_key_from_its_certificate);
	tcase_add_test(t, two_certificates_of_one_id_are_told_apart_by_the_key);
	tcase_add_test(t, an_issuer_with_a_name_of_its_own_is_an_entry);
	tcase_add_test(t, an_open_key_is_not_given_the_certificate_of_another);
	tcase_add_test(t, all_keys_and_chains_are_there);
	tcase_add_test(t, a_key_may_have_a_passphrase_of_its_own);
	tcase_add_test(t, a_part_may_have_a_passphrase_of_its_own);
	tcase_add_test(t, a_file_where_all_is_alike_takes_no_hours);
	suite_add_tcase(s, t);
	return s;
}
