/* SPDX-License-Identifier: ISC */
/* test_pem_edit.c - a PEM file that is changed: what is not touched stays byte for byte */
#include <openssl/pem.h>

#include "pem_kit.h"

/* One of everything, with text in all places that a person puts some. */
static char *crowd(void)
{
	return JOIN("\xef\xbb\xbf# our bundle\n\n", "# key of a\n", w.a_key, "\n",
		    swap(w.a_cert, "\n", "\r\n"), "  friendlyName: Bee\n", w.b_key, w.b_cert,
		    "the issuer of both\n", w.issuer_cert, "\n\n# roots\n# follow\n\n",
		    "# Label: root\n", w.root_cert,
		    "-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n", "# end");
}

START_TEST(a_file_without_a_change_is_written_as_it_was)
{
	char *text = crowd();
	struct file f;
	file_read(&f, text);
	ck_assert_uint_eq(f.m.nr, 3);
	ck_assert_str_eq(file_write(&f), text);
	file_close(&f);

	const char *const odd[] = {
		swap(text, "\n", "\r\n"), swap(w.root_cert, "\n", "\r"),
		JOIN(chop(w.a_cert), w.b_cert),
		swap(JOIN("  ", w.a_cert), "\n", "\n  "), "no block at all\n",
	};
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		file_read(&f, odd[i]);
		ck_assert_str_eq(file_write(&f), odd[i]);
		file_close(&f);
	}
}
END_TEST

START_TEST(items_that_only_say_that_they_changed_are_written_as_they_were)
{
	char *text = crowd();
	struct file f;
	file_read(&f, text);
	for (size_t i = 0; i < f.m.nr; i++)
		f.m.item[i].dirty = true;
	ck_assert_str_eq(file_write(&f), text);
	ck_assert_uint_eq(f.asked, 0);
	file_close(&f);
}
END_TEST

START_TEST(a_new_name_is_one_new_line)
{
	struct file f;
	file_read(&f, crowd());
	set_alias(&f, 0, "Ay");
	ck_assert_str_eq(file_write(&f), swap(crowd(), "# key of a\n", "# key of a\nfriendlyName: Ay\n"));
	file_close(&f);
	file_read(&f, crowd());
	set_alias(&f, 1, "See");
	ck_assert_str_eq(file_write(&f), swap(crowd(), "friendlyName: Bee", "friendlyName: See"));
	file_close(&f);
}
END_TEST

START_TEST(both_names_of_openssl_pkcs12_are_changed)
{
	static const char bag[] = "Bag Attributes\n    friendlyName: old\n    localKeyID: 01\n";
	char *text = JOIN(bag, w.a_cert, bag, "Key Attributes: <No Attributes>\n", w.a_key);
	struct file f;
	file_read(&f, text);
	ck_assert_str_eq(peek(&f, 0)->alias, "old");
	set_alias(&f, 0, "new");
	ck_assert_str_eq(file_write(&f), swap(text, ": old", ": new"));
	file_close(&f);
}
END_TEST

START_TEST(a_name_cannot_bring_lines_of_its_own)
{
	struct file f, g;
	file_read(&f, w.root_cert);
	set_alias(&f, 0, JOIN("x\n", w.a_cert));
	file_write(&f);
	file_read(&g, (char *)f.out.data);
	ck_assert_uint_eq(g.m.nr, 1);
	file_close(&f);
	file_close(&g);
}
END_TEST

START_TEST(what_is_removed_goes_with_the_text_that_describes_it)
{
	struct file f;
	file_read(&f, JOIN("# our bundle\n\n# root\n", w.root_cert, "\n# a\n", w.a_cert, "\n# b\n",
			   w.b_cert, "# end\n"));
	kst_model_remove(&f.m, 1);
	ck_assert_str_eq(file_write(&f),
			 JOIN("# our bundle\n\n# root\n", w.root_cert, "\n# b\n", w.b_cert, "# end\n"));
	kst_model_remove(&f.m, 0);
	ck_assert_str_eq(file_write(&f), JOIN("# our bundle\n", "\n# b\n", w.b_cert, "# end\n"));
	kst_model_remove(&f.m, 0);
	ck_assert_str_eq(file_write(&f), "# our bundle\n# end\n");
	file_close(&f);
}
END_TEST

START_TEST(a_shared_ca_stays_until_its_last_key_goes)
{
	struct file f;
	file_read(&f, JOIN(w.a_key, w.a_cert, w.issuer_cert, w.b_key, w.b_cert));
	kst_model_remove(&f.m, 0);
	ck_assert_str_eq(file_write(&f), JOIN(w.issuer_cert, w.b_key, w.b_cert));
	kst_model_remove(&f.m, 0);
	ck_assert_str_eq(file_write(&f), "");
	file_close(&f);
}
END_TEST

static void add(struct file *f, struct kst_entry *e)
{
	ck_assert_int_eq(kst_model_push(&f->m, e, KST_NO_BASE), 0);
	f->m.item[f->m.nr - 1].dirty = true;
}

START_TEST(new_entries_come_last_under_their_names)
{
	struct file f;
	char *text = JOIN(w.a_cert, "# no line end");
	file_read(&f, text);
	add(&f, party_entry("new root", NULL, PARTIES(&w.root)));
	ck_assert_str_eq(file_write(&f), JOIN(text, "\nfriendlyName: new root\n", w.root_cert));
	file_close(&f);
	/* A file of the old Mac stays one. */
	file_read(&f, swap(w.a_cert, "\n", "\r"));
	add(&f, party_entry("r", NULL, PARTIES(&w.root)));
	ck_assert_str_eq(file_write(&f),
			 swap(JOIN(w.a_cert, "friendlyName: r\n", w.root_cert), "\n", "\r"));
	file_close(&f);
}
END_TEST

START_TEST(a_new_leaf_stands_where_the_old_one_stood)
{
	struct party renewed = { .key = w.a.key };
	renewed.cert = party_certify(w.a.key, "a", "DNS:a.test", 0, 100, &w.issuer);
	char *renewed_cert = cert_text(&renewed);
	struct file f, g;
	file_read(&f, JOIN("# old leaf\n", w.a_cert, "# issuer\n", w.issuer_cert, w.a_key));
	struct kst_entry *e = entry(&f, 0);
	kst_chain_release(&e->chain);
	const struct party *const chain[] = { &renewed, &w.issuer, &w.root };
	for (size_t i = 0; i < 3; i++) {
		struct kst_cert *c = party_cert(chain[i]);
		kst_chain_push(&e->chain, c);
		kst_cert_free(c);
	}
	/* The rest of the chain follows the link before it, and the key lies where it lay. */
	ck_assert_str_eq(file_write(&f), JOIN(renewed_cert, "# issuer\n", w.issuer_cert, w.root_cert, w.a_key));
	file_read(&g, (char *)f.out.data);
	ck_assert_uint_eq(g.m.nr, 1);
	ck_assert(kst_chain_equal(&peek(&g, 0)->chain, &e->chain));
	file_close(&f);
	file_close(&g);
	X509_free(renewed.cert);
}
END_TEST

START_TEST(a_first_chain_follows_its_key)
{
	struct file f;
	file_read(&f, JOIN(w.a_key, "# end\n"));
	struct kst_entry *e = entry(&f, 0);
	struct kst_cert *c = party_cert(&w.a);
	kst_chain_push(&e->chain, c);
	kst_cert_free(c);
	ck_assert_str_eq(file_write(&f), JOIN(w.a_key, w.a_cert, "# end\n"));
	file_close(&f);
}
END_TEST

/* ---- private keys ---- */

START_TEST(a_key_is_written_open_only_where_somebody_says_so)
{
	struct file f;
	file_init(&f, &kst_format_pem);
	add(&f, party_entry("a", &w.a, PARTIES(&w.a)));
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_PASSPHRASE_NEEDED);
	f.new_pass = "";
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_EMPTY_PASSPHRASE);
	f.write.no_pass = true;
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_PLAIN_KEY);
	f.write.no_pass = false;
	f.write.plain_key = true;
	ck_assert_str_eq(file_write(&f), JOIN("friendlyName: a\n", w.a_key, w.a_cert));
	f.write.plain_key = false;
	f.new_pass = "a passphrase";
	struct file g;
	file_read(&g, file_write(&f));
	ck_assert_ptr_nonnull(strstr((char *)f.out.data, "BEGIN ENCRYPTED PRIVATE KEY"));
	ck_assert(f.m.has_pass);
	ck_assert(opens(entry(&g, 0)->key, "a passphrase"));
	file_close(&g);
	file_close(&f);
}
END_TEST

START_TEST(a_key_that_lies_open_stays_so_beside_a_new_sealed_one)
{
	struct file f, g;
	file_read(&f, JOIN(w.a_key, w.a_cert));
	set_alias(&f, 0, "renamed");
	add(&f, party_entry("b", &w.b, PARTIES(&w.b)));
	f.new_pass = "a passphrase";
	for (int i = 0; i < 2; i++) { /* written twice: for a trial run, and in earnest */
		file_read(&g, file_write(&f));
		ck_assert(!kst_key_is_sealed(peek(&g, 0)->key));
		ck_assert_str_eq(peek(&g, 0)->alias, "renamed");
		ck_assert(kst_key_is_sealed(peek(&g, 1)->key));
		file_close(&g);
	}
	ck_assert_uint_eq(f.asked, 1);
	file_close(&f);
}
END_TEST

START_TEST(a_new_passphrase_seals_every_key_and_nothing_else_changes)
{
	struct file f, g;
	file_read(&f, JOIN("# a\n", w.a_key, "# cert\n", w.a_cert, w.b_key));
	ck_assert_int_eq(kst_secret_set(&f.m.pass, "fresh", 5, NULL), 0);
	f.m.has_pass = true;
	for (size_t i = 0; i < f.m.nr; i++)
		f.m.item[i].dirty = true;
	file_read(&g, file_write(&f));
	/* What ties the key to its certificate now that nobody sees its public half. */
	char *id = id_text(&w.a);
	ck_assert_ptr_nonnull(strstr((char *)f.out.data, JOIN("# cert\n", id, w.a_cert)));
	char *start = JOIN("# a\n", id, "-----BEGIN ENC");
	ck_assert_int_eq(strncmp((char *)f.out.data, start, strlen(start)), 0);
	ck_assert_uint_eq(g.m.nr, 2);
	ck_assert_uint_eq(peek(&g, 0)->chain.nr, 1);
	ck_assert(opens(entry(&g, 0)->key, "fresh"));
	ck_assert(opens(entry(&g, 1)->key, "fresh"));
	/* Once more: sealed keys are sealed anew, and the line is there already. */
	file_close(&f);
	f = g;
	f.asker.ctx = &f;
	for (size_t i = 0; i < 2; i++)
		kst_blob_release(&entry(&f, i)->key->sealed);
	ck_assert_int_eq(kst_secret_set(&f.m.pass, "newer", 5, NULL), 0);
	f.m.has_pass = true;
	file_read(&g, file_write(&f));
	ck_assert_uint_eq(peek(&g, 0)->chain.nr, 1);
	ck_assert(opens(peek(&g, 0)->key, "newer"));
	ck_assert_ptr_null(strstr((char *)f.out.data, JOIN(id, id)));
	file_close(&f);
	file_close(&g);
}
END_TEST

START_TEST(a_sealed_key_stays_as_it_was_sealed)
{
	char *sealed = sealed_text(&w.a, "own"), *text = JOIN(sealed, w.a_cert), *id = id_text(&w.a);
	struct file f;
	file_read(&f, text);
	set_alias(&f, 0, "x");
	ck_assert_str_eq(file_write(&f), JOIN("friendlyName: x\n", text));
	ck_assert(opens(peek(&f, 0)->key, "own")); /* opened for something else in the meantime */
	ck_assert_str_eq(file_write(&f), JOIN("friendlyName: x\n", text));
	ck_assert_uint_eq(f.asked, 0);
	/* Into another file: the same seal. */
	struct file g;
	struct kst_entry *copy = NULL;
	file_init(&g, &kst_format_pem);
	ck_assert_int_eq(kst_entry_copy(&copy, peek(&f, 0), NULL), 0);
	kst_secret_release(&copy->key->pkcs8);
	add(&g, copy);
	ck_assert_str_eq(file_write(&g), JOIN("friendlyName: x\n", id, sealed, id, w.a_cert));
	file_close(&g);
	file_close(&f);
}
END_TEST

START_TEST(a_sealed_key_that_was_opened_is_written_open_if_somebody_says_so)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	ck_assert_int_eq(PEM_write_bio_PrivateKey_traditional(bio, w.a.key, EVP_aes_256_cbc(),
							      (const unsigned char *)"own", 3, NULL,
							      NULL),
			 1);
	BIO_write(bio, "", 1);
	BIO_get_mem_data(bio, &data);
	const char *const texts[] = { sealed_text(&w.a, "own"), JOIN(data) };
	BIO_free(bio);
	for (size_t i = 0; i < 2; i++) {
		struct file f;
		file_read(&f, texts[i]);
		f.write.plain_key = true;
		f.m.item[0].dirty = true;
		ck_assert_str_eq(file_write(&f), texts[i]); /* nobody could open it */
		ck_assert(opens(peek(&f, 0)->key, "own"));
		ck_assert_str_eq(file_write(&f), w.a_key);
		f.write.plain_key = false;
		ck_assert_str_eq(file_write(&f), texts[i]);
		file_close(&f);
	}
}
END_TEST

START_TEST(sealed_keys_find_their_certificates_again)
{
	struct file f, g;
	file_init(&f, &kst_format_pem);
	f.new_pass = "a passphrase";
	add(&f, party_entry("a", &w.a, PARTIES(&w.a, &w.issuer)));
	add(&f, party_entry("b", &w.b, PARTIES(&w.b, &w.issuer)));
	file_read(&g, file_write(&f));
	ck_assert_uint_eq(g.m.nr, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert(kst_chain_equal(&peek(&f, i)->chain, &peek(&g, i)->chain));
	file_close(&f);
	/* A new leaf for one that stays sealed. */
	struct party renewed = { .key = w.a.key };
	renewed.cert = party_certify(w.a.key, "a", "DNS:a.test", 0, 100, &w.issuer);
	struct kst_entry *e = entry(&g, 0);
	kst_chain_release(&e->chain);
	struct kst_cert *c = party_cert(&renewed);
	kst_chain_push(&e->chain, c);
	file_read(&f, file_write(&g));
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert(kst_cert_equal(peek(&f, 0)->chain.cert[0], c));
	ck_assert(opens(peek(&f, 0)->key, "a passphrase"));
	ck_assert_uint_eq(g.asked, 0);
	kst_cert_free(c);
	X509_free(renewed.cert);
	file_close(&f);
	file_close(&g);
}
END_TEST

/* ---- trust ---- */

static void set_oids(struct kst_blob *b, const char *last, size_t nr)
{
	struct kst_buf oids KST_SCRATCH_BUF = KST_BUF_INIT;
	for (size_t i = 0; i < nr; i++) {
		kst_buf_put(&oids, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03", 9);
		kst_buf_put(&oids, &last[i], 1);
	}
	ck_assert_int_eq(kst_blob_set(b, oids.data, oids.len), 0);
}

START_TEST(trust_for_some_purposes_survives)
{
	struct file f, g;
	file_init(&f, &kst_format_pem);
	struct kst_entry *some = party_entry("some", NULL, PARTIES(&w.root));
	struct kst_entry *none = party_entry("none", NULL, PARTIES(&w.issuer));
	struct kst_entry *all = party_entry("all", NULL, PARTIES(&w.root));
	set_oids(&some->purposes, "\1\4", 2);
	set_oids(&none->distrusted, "\1", 1);
	none->trusted = false;
	none->no_anchor = true;
	add(&f, some);
	add(&f, none);
	add(&f, all);
	file_read(&g, file_write(&f));
	ck_assert_uint_eq(g.m.nr, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert(kst_entry_same(peek(&f, i), peek(&g, i)));
	ck_assert_ptr_nonnull(strstr((char *)f.out.data, "friendlyName: all\n-----BEGIN CERTIFICATE"));
	/* Nothing changed: as it was.  Then all purposes: a plain block. */
	char *text = JOIN((char *)f.out.data);
	set_alias(&g, 0, "some");
	ck_assert_str_eq(file_write(&g), text);
	entry(&g, 1)->trusted = true;
	ck_assert_str_ne(file_write(&g), text);
	entry(&g, 1)->trusted = false;
	kst_blob_release(&entry(&g, 0)->purposes);
	ck_assert_ptr_nonnull(strstr(file_write(&g), "friendlyName: some\n-----BEGIN CERTIFICATE"));
	file_close(&f);
	file_close(&g);
}
END_TEST

START_TEST(trust_settings_that_are_removed_leave_the_chain_its_certificate)
{
	struct file f, g;
	file_init(&f, &kst_format_pem);
	struct kst_entry *e = party_entry(NULL, NULL, PARTIES(&w.issuer));
	set_oids(&e->distrusted, "\1", 1);
	add(&f, e);
	char *text = JOIN(file_write(&f), w.a_key, w.a_cert);
	file_close(&f);
	file_read(&f, text);
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_uint_eq(peek(&f, 1)->chain.nr, 2);
	kst_model_remove(&f.m, 0);
	ck_assert_str_eq(file_write(&f), JOIN(w.issuer_cert, w.a_key, w.a_cert));
	file_read(&g, (char *)f.out.data);
	ck_assert_uint_eq(peek(&g, 0)->chain.nr, 2);
	file_close(&g);
	file_close(&f);
}
END_TEST

/* ---- what PEM cannot hold ---- */

START_TEST(a_secret_key_is_refused)
{
	struct file f;
	file_init(&f, &kst_format_pem);
	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	ck_assert_int_eq(kst_secret_set(&e->secret, "0123456789abcdef", 16, NULL), 0);
	add(&f, e);
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	ck_assert_uint_eq(f.out.len, 0);
	file_close(&f);
}
END_TEST

START_TEST(a_label_cannot_bring_lines_of_its_own)
{
	struct file f;
	file_init(&f, &kst_format_pem);
	struct kst_entry *e = kst_entry_new(KST_KIND_OPAQUE);
	e->label = kst_strdup("X-----\nAAAA\n-----END X");
	ck_assert_int_eq(kst_blob_set(&e->der, "x", 1), 0);
	add(&f, e);
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	file_close(&f);
}
END_TEST

START_TEST(what_nobody_knows_goes_from_file_to_file)
{
	static const char text[] =
		"-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n"
		"-----BEGIN ODD THING-----\nnot: base64\n\n!\n-----END ODD THING-----\n";
	struct file f, g;
	file_read(&f, text);
	file_init(&g, &kst_format_pem);
	for (size_t i = 0; i < 2; i++) {
		struct kst_entry *copy = NULL;
		ck_assert_int_eq(kst_entry_copy(&copy, peek(&f, i), NULL), 0);
		kst_free(copy->alias);
		copy->alias = NULL;
		add(&g, copy);
	}
	ck_assert_str_eq(file_write(&g), text);
	file_close(&f);
	file_close(&g);
}
END_TEST

/* ---- every failure of memory ---- */

START_TEST(without_memory_nothing_is_read_or_written_by_halves)
{
	char *text = JOIN(w.a_key, w.a_cert, w.issuer_cert, "friendlyName: x\n", w.root_cert);
	bool done = false;
	for (size_t n = 1; !done && n < 100000; n += n < 100 ? 1 : 13) {
		struct file f;
		file_init(&f, &kst_format_pem);
		f.write.plain_key = true;
		kst_alloc_fail_after(n);
		struct kst_io io = file_io(&f);
		io.source.bytes = (struct kst_bytes){ (const uint8_t *)text, strlen(text) };
		int rc = kst_format_pem.read(&io, &f.m, &f.err);
		if (rc == 0) {
			f.m.item[0].dirty = f.m.item[1].dirty = true;
			rc = kst_format_pem.write(&io, &f.m, &f.err);
		}
		kst_alloc_fail_after(0);
		if (rc == 0 && !f.out.failed)
			done = f.out.len == strlen(text) && memcmp(f.out.data, text, f.out.len) == 0;
		else
			ck_assert_int_ne(f.err.code + f.out.failed, KST_OK);
		file_close(&f);
	}
	ck_assert(done);
}
END_TEST

Suite *test_pem_edit(void);
Suite *test_pem_edit(void)
{
	Suite *s = suite_create("pem_edit");
	TCase *t = tcase_create("editing");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, world_begin, NULL);
	tcase_add_test(t, a_file_without_a_change_is_written_as_it_was);
	tcase_add_test(t, items_that_only_say_that_they_changed_are_written_as_they_were);
	tcase_add_test(t, a_new_name_is_one_new_line);
	tcase_add_test(t, both_names_of_openssl_pkcs12_are_changed);
	tcase_add_test(t, a_name_cannot_bring_lines_of_its_own);
	tcase_add_test(t, what_is_removed_goes_with_the_text_that_describes_it);
	tcase_add_test(t, a_shared_ca_stays_until_its_last_key_goes);
	tcase_add_test(t, new_entries_come_last_under_their_names);
	tcase_add_test(t, a_new_leaf_stands_where_the_old_one_stood);
	tcase_add_test(t, a_first_chain_follows_its_key);
	tcase_add_test(t, a_key_is_written_open_only_where_somebody_says_so);
	tcase_add_test(t, a_key_that_lies_open_stays_so_beside_a_new_sealed_one);
	tcase_add_test(t, a_new_passphrase_seals_every_key_and_nothing_else_changes);
	tcase_add_test(t, a_sealed_key_stays_as_it_was_sealed);
	tcase_add_test(t, a_sealed_key_that_was_opened_is_written_open_if_somebody_says_so);
	tcase_add_test(t, sealed_keys_find_their_certificates_again);
	tcase_add_test(t, trust_for_some_purposes_survives);
	tcase_add_test(t, trust_settings_that_are_removed_leave_the_chain_its_certificate);
	tcase_add_test(t, a_secret_key_is_refused);
	tcase_add_test(t, a_label_cannot_bring_lines_of_its_own);
	tcase_add_test(t, what_nobody_knows_goes_from_file_to_file);
	tcase_add_test(t, without_memory_nothing_is_read_or_written_by_halves);
	suite_add_tcase(s, t);
	return s;
}
