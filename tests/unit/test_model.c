/* SPDX-License-Identifier: ISC */
/* test_model.c - entries and the list of them */
#include <check.h>
#include <string.h>

#include "kstool/kstool.h"
#include "party.h"

static struct party ca, web, other;

static void setup(void)
{
	ca = party_new("Test CA", NULL, 1, NULL);
	web = party_new("web", "DNS:web.test,DNS:www.web.test,IP:10.0.0.1", 0, &ca);
	other = party_new("other", NULL, 0, &ca);
}

static void teardown(void)
{
	party_free(&ca);
	party_free(&web);
	party_free(&other);
}

static struct kst_entry *full_entry(void)
{
	struct kst_entry *e = party_entry("web", &web, PARTIES(&web, &ca));
	e->created = 17;
	e->has_id = true;
	e->id[3] = 9;
	e->note = kst_strdup("a note");
	e->origin = kst_strdup("pem");
	ck_assert_int_eq(kst_blob_set(&e->attrs, "attrs", 5), 0);
	ck_assert_int_eq(kst_blob_set(&e->local_key_id, "id", 2), 0);
	e->cert_attrs = kst_calloc(2, sizeof(*e->cert_attrs));
	ck_assert_int_eq(kst_blob_set(&e->cert_attrs[1], "ca", 2), 0);
	ck_assert_int_eq(kst_secret_set(&e->ext_sealed, "later", 5, NULL), 0);
	return e;
}

START_TEST(a_copy_has_everything_and_owns_it)
{
	struct kst_entry *e = full_entry(), *c = NULL;
	ck_assert_int_eq(kst_entry_copy(&c, e, NULL), 0);
	ck_assert(kst_entry_same(e, c));
	kst_entry_free(e);
	ck_assert_str_eq(c->alias, "web");
	ck_assert_str_eq(c->note, "a note");
	ck_assert_str_eq(c->origin, "pem");
	ck_assert_int_eq(c->created, 17);
	ck_assert(c->has_id && c->id[3] == 9);
	ck_assert_uint_eq(c->attrs.len, 5);
	ck_assert_uint_eq(c->local_key_id.len, 2);
	ck_assert_uint_eq(c->cert_attrs[0].len, 0);
	ck_assert_uint_eq(c->cert_attrs[1].len, 2);
	ck_assert_uint_eq(c->ext_sealed.len, 5);
	ck_assert_uint_eq(c->chain.nr, 2);
	kst_entry_free(c);
}
END_TEST

START_TEST(a_copy_without_memory_fails_whole)
{
	struct kst_entry *e = full_entry();
	size_t live = kst_alloc_live();
	bool done = false;
	for (size_t n = 1; !done && n < 200; n++) {
		struct kst_entry *c = NULL;
		kst_alloc_fail_after(n);
		int rc = kst_entry_copy(&c, e, NULL);
		kst_alloc_fail_after(0);
		done = rc == 0;
		ck_assert(done ? c != NULL : c == NULL);
		kst_entry_free(c);
		ck_assert_uint_eq(kst_alloc_live(), live);
	}
	ck_assert(done);
	kst_entry_free(e);
}
END_TEST

START_TEST(names_and_dates_do_not_make_entries_differ)
{
	struct kst_entry *a = party_entry("a", &web, PARTIES(&web, &ca));
	struct kst_entry *b = party_entry("b", &web, PARTIES(&web, &ca));
	b->created = 99;
	ck_assert(kst_entry_same(a, b));
	kst_entry_free(a);
	kst_entry_free(b);
}
END_TEST

START_TEST(keys_chains_and_trust_do)
{
	struct kst_entry *key = party_entry(NULL, &web, PARTIES(&web, &ca));
	struct kst_entry *other_key = party_entry(NULL, &other, PARTIES(&web, &ca));
	struct kst_entry *shorter = party_entry(NULL, &web, PARTIES(&web));
	struct kst_entry *cert = party_entry(NULL, NULL, PARTIES(&web));
	struct kst_entry *plain = party_entry(NULL, NULL, PARTIES(&web));
	plain->trusted = false;
	ck_assert(!kst_entry_same(key, other_key));
	ck_assert(!kst_entry_same(key, shorter));
	ck_assert(!kst_entry_same(key, cert));
	ck_assert(!kst_entry_same(cert, plain));
	plain->trusted = true;
	ck_assert(kst_entry_same(cert, plain));
	ck_assert_int_eq(kst_blob_set(&plain->distrusted, "\6\1\1", 3), 0);
	ck_assert(!kst_entry_same(cert, plain));
	kst_entry_free(key);
	kst_entry_free(other_key);
	kst_entry_free(shorter);
	kst_entry_free(cert);
	kst_entry_free(plain);
}
END_TEST

static void seal(struct kst_key *key)
{
	static const struct kst_pbe_options quick = { .iterations = 1000 };
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	ck_assert_int_eq(kst_secret_set(&pass, "secret", 6, NULL), 0);
	ck_assert_int_eq(kst_key_seal(key, &pass, &quick, &out, NULL), 0);
	ck_assert_int_eq(kst_blob_set(&key->sealed, out.data, out.len), 0);
	kst_secret_release(&key->pkcs8);
}

START_TEST(a_sealed_key_is_compared_by_what_is_known_of_it)
{
	struct kst_entry *open = party_entry(NULL, &web, PARTIES(&web));
	struct kst_entry *sealed = party_entry(NULL, &web, PARTIES(&web));
	struct kst_entry *wrong = party_entry(NULL, &other, PARTIES(&web));
	struct kst_entry *bare = party_entry(NULL, &web, NULL);
	struct kst_entry *bare_open = party_entry(NULL, &web, NULL);
	seal(sealed->key);
	seal(bare->key);
	ck_assert(kst_entry_same(open, sealed));
	ck_assert(kst_entry_same(sealed, sealed));
	ck_assert(!kst_entry_same(wrong, sealed));
	/* Nothing tells whose it is: not the same. */
	ck_assert(!kst_entry_same(bare, bare_open));
	kst_entry_free(open);
	kst_entry_free(sealed);
	kst_entry_free(wrong);
	kst_entry_free(bare);
	kst_entry_free(bare_open);
}
END_TEST

START_TEST(a_head_shows_the_leaf)
{
	struct kst_entry *e = party_entry("web", &web, PARTIES(&web, &ca));
	struct kst_buf scratch KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_head h;
	kst_entry_head(e, &h, &scratch);
	ck_assert_int_eq(h.kind, KST_KIND_KEY);
	ck_assert_str_eq(h.alias, "web");
	ck_assert_uint_eq(h.nr_certs, 2);
	ck_assert_str_eq(h.subject, "CN=web");
	ck_assert_str_eq(h.name, "web.test");
	ck_assert_uint_eq(h.more_names, 2);
	ck_assert_str_eq(h.key, "EC-P256");
	ck_assert(h.has_dates && h.not_before < h.not_after);
	ck_assert_mem_eq(h.sha256, kst_cert_sha256(e->chain.cert[0]), 32);
	kst_entry_free(e);
}
END_TEST

START_TEST(a_head_of_a_bare_key_has_no_certificate)
{
	struct kst_entry *e = party_entry(NULL, &web, NULL);
	struct kst_buf scratch KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_head h;
	kst_entry_head(e, &h, &scratch);
	ck_assert_ptr_null(h.alias);
	ck_assert_ptr_null(h.sha256);
	ck_assert_ptr_null(h.subject);
	ck_assert(!h.has_dates);
	ck_assert_str_eq(h.key, "EC-P256");
	kst_entry_free(e);
}
END_TEST

START_TEST(items_keep_their_order_when_one_is_removed)
{
	struct kst_model m;
	kst_model_init(&m);
	for (size_t i = 0; i < 20; i++) {
		struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
		ck_assert_int_eq(kst_model_push(&m, e, i), 0);
	}
	ck_assert_int_eq(kst_model_remove(&m, 7), 0);
	ck_assert_int_eq(kst_model_remove(&m, 19), -1);
	ck_assert_uint_eq(m.nr, 19);
	ck_assert_uint_eq(m.item[6].base, 6);
	ck_assert_uint_eq(m.item[7].base, 8);
	kst_model_release(&m);
	ck_assert_uint_eq(m.nr, 0);
}
END_TEST

START_TEST(notes_say_a_thing_once)
{
	struct kst_notes notes = { .nr = 0 };
	kst_note(&notes, "slug", "text %d", 1);
	kst_note(&notes, "slug", "text %d", 1);
	kst_note(&notes, "slug", "text %d", 2);
	kst_note(NULL, "slug", "nobody listens");
	ck_assert_uint_eq(notes.nr, 2);
	ck_assert_str_eq(notes.note[1].text, "text 2");
	kst_notes_release(&notes);
	ck_assert_uint_eq(notes.nr, 0);
}
END_TEST

Suite *test_model(void);
Suite *test_model(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("entry");
	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_add_test(t, a_copy_has_everything_and_owns_it);
	tcase_add_test(t, a_copy_without_memory_fails_whole);
	tcase_add_test(t, names_and_dates_do_not_make_entries_differ);
	tcase_add_test(t, keys_chains_and_trust_do);
	tcase_add_test(t, a_sealed_key_is_compared_by_what_is_known_of_it);
	tcase_add_test(t, a_head_shows_the_leaf);
	tcase_add_test(t, a_head_of_a_bare_key_has_no_certificate);
	suite_add_tcase(s, t);
	t = tcase_create("list");
	tcase_add_test(t, items_keep_their_order_when_one_is_removed);
	tcase_add_test(t, notes_say_a_thing_once);
	suite_add_tcase(s, t);
	return s;
}
