/* SPDX-License-Identifier: ISC */
/*
 * test_jks.c - JKS and JCEKS: what is written is read again, what nobody touched stays byte for byte,
 * and what cannot be is refused in true words
 */
#include "pkcs12_kit.h"

#include "jks.h"

extern const struct kst_format kst_format_jks, kst_format_jceks;

static const struct jks_type *const types[] = { &jks_type_jks, &jks_type_jceks };
#define NR_TYPES 2

static void type(int i)
{
	kit_format = types[i]->format;
}

static void fresh(struct opened *o, const char *pass)
{
	kit_blank(o);
	o->model.has_pass = pass != NULL;
	if (pass)
		ck_assert_int_eq(kst_secret_set(&o->model.pass, pass, strlen(pass), NULL), 0);
}

static struct kst_entry *push(struct opened *o, struct kst_entry *e)
{
	ck_assert_int_eq(kst_model_push(&o->model, e, KST_NO_BASE), 0);
	return e;
}

static struct kst_entry *secret_entry(const char *alias, const char *alg)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	e->alias = kst_strdup(alias);
	e->secret_alg = kst_strdup(alg);
	ck_assert_int_eq(kst_secret_set(&e->secret, "0123456789abcdef", 16, NULL), 0);
	return e;
}

static void fill(struct opened *o)
{
	push(o, party_entry("web", &web, PARTIES(&web, &ica, &root)))->created = 1700000000;
	push(o, party_entry("root", NULL, PARTIES(&root)))->created = 1600000000;
	push(o, party_entry("api", &api, PARTIES(&api)));
	if (kit_format == &kst_format_jceks)
		push(o, secret_entry("aes", "AES"));
}

static void write_ok(struct opened *o)
{
	kit_write(o);
	ck_assert_msg(o->rc == 0, "%s", o->err.message);
}

/* A file of everything, under "secret"; the caller releases it. */
static struct kst_buf whole_file(void)
{
	struct kst_buf file = KST_BUF_INIT;
	struct opened o;
	fresh(&o, "secret");
	fill(&o);
	write_ok(&o);
	kst_buf_put(&file, o.out.data, o.out.len);
	kit_close(&o);
	return file;
}

START_TEST(what_is_written_is_read_again)
{
	type(_i);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	struct opened o;
	kit_open(&o, kit_bytes(&file), "secret");
	ck_assert_uint_eq(o.model.nr, _i ? 4 : 3);
	ck_assert_int_eq(o.model.info.integrity, KST_INTEGRITY_VERIFIED);
	ck_assert_str_eq(o.model.info.mac, "SHA-1");
	ck_assert_str_eq(o.model.info.kdf, _i ? "JCEKS MD5-3DES" : "JKS SHA-1");
	ck_assert_uint_eq(o.model.info.iterations, _i ? 1000 : 0);
	ck_assert(o.model.info.encrypted);
	ck_assert(kst_key_is_sealed(kit_entry(&o, 0)->key));
	kit_is(kit_find(&o, "web"), &web, "secret", 3);
	kit_is(kit_find(&o, "api"), &api, "secret", 1);
	ck_assert_int_eq(kit_find(&o, "web")->created, 1700000000);
	ck_assert(kit_find(&o, "root")->trusted);
	ck_assert_int_eq(kit_find(&o, "root")->created, 1600000000);
	if (_i) {
		struct kst_entry *e = kit_find(&o, "aes");
		struct kst_secret pass KST_SCRATCH_SECRET = kit_pass("secret"), no KST_SCRATCH_SECRET =
											kit_pass("wrong!");
		ck_assert_int_eq(kit_format->open_secret(e, &no, NULL), 1);
		ck_assert_int_eq(kit_format->open_secret(e, &pass, NULL), 0);
		ck_assert_str_eq(e->secret_alg, "AES");
		ck_assert(e->secret.len == 16 && !memcmp(e->secret.data, "0123456789abcdef", 16));
	}
	kit_close(&o);
}
END_TEST

/* Where an alias of three letters ends in `file`, its entry begins nine bytes before. */
static const uint8_t *entry_at(const struct kst_buf *file, const char *alias)
{
	uint8_t text[8] = { 0, (uint8_t)strlen(alias) };
	memcpy(text + 2, alias, strlen(alias));
	const uint8_t *p = memmem(file->data, file->len, text, 2 + strlen(alias));
	ck_assert_ptr_nonnull(p);
	return p - 4;
}

START_TEST(what_nobody_touched_stays_byte_for_byte)
{
	type(_i);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	struct opened o;
	kit_open(&o, kit_bytes(&file), "secret");
	write_ok(&o);
	ck_assert_uint_eq(o.out.len, file.len);
	ck_assert_mem_eq(o.out.data, file.data, file.len);

	/* A name of as many bytes: nothing but it and the digest differs. */
	struct kst_entry *e = kit_find(&o, "api");
	kst_free(e->alias);
	e->alias = kst_strdup("xyz");
	o.model.item[2].dirty = true;
	write_ok(&o);
	ck_assert_uint_eq(o.out.len, file.len);
	size_t differ = 0;
	for (size_t i = 0; i < file.len - JKS_DIGEST; i++)
		differ += file.data[i] != o.out.data[i];
	ck_assert_uint_eq(differ, 3);

	/* Removed: the rest is what stood there. */
	ck_assert_int_eq(kst_model_remove(&o.model, 0), 0);
	write_ok(&o);
	const uint8_t *a = entry_at(&file, "root"), *b = entry_at(&o.out, "root");
	ck_assert_mem_eq(a, b, 200);
	ck_assert_ptr_null(memmem(o.out.data, o.out.len, "\0\3web", 5));
	kit_close(&o);
}
END_TEST

/* Java keeps thousandths of a second, and so does a rename. */
START_TEST(dates_keep_their_thousandths)
{
	type(0);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	struct opened o, again;
	uint8_t *date = (uint8_t *)(uintptr_t)entry_at(&file, "root") + 6 + 4;
	date[7] += 123;
	struct kst_secret pass KST_SCRATCH_SECRET = kit_pass("secret");
	ck_assert_int_eq(jks_digest(&file, file.len - 20, &pass, file.data + file.len - 20, NULL), 0);
	kit_open(&o, kit_bytes(&file), "secret");
	struct kst_entry *e = kit_find(&o, "root");
	ck_assert_int_eq(e->created, 1600000000);
	kst_free(e->alias);
	e->alias = kst_strdup("toor");
	o.model.item[1].dirty = true;
	write_ok(&o);
	ck_assert_mem_eq(entry_at(&o.out, "toor") + 10, date, 8);
	kit_open(&again, kit_bytes(&o.out), "secret");
	ck_assert_int_eq(kit_find(&again, "toor")->created, 1600000000);
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(no_passphrase_no_digest)
{
	type(_i);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	struct opened o;
	kit_open(&o, kit_bytes(&file), NULL);
	ck_assert_int_eq(o.rc, 0);
	ck_assert_int_eq(o.model.info.integrity, KST_INTEGRITY_NOT_CHECKED);
	ck_assert_uint_eq(o.model.nr, _i ? 4 : 3);
	ck_assert(!o.model.has_pass);
	/* To change it, somebody must know. */
	struct kst_asker asker;
	struct kst_io io = kit_io(&o, &asker, NOTHING);
	ck_assert_int_eq(kit_format->unlock(&io, &o.model, KST_NEED_READ, &o.err), 0);
	ck_assert_int_eq(kit_format->unlock(&io, &o.model, KST_NEED_ADMIN, &o.err), -1);
	ck_assert_int_eq(o.err.code, KST_E_PASSPHRASE_NEEDED);
	kst_error_clear(&o.err);
	ck_assert_int_eq(kit_write(&o), -1);
	ck_assert_int_eq(o.err.code, KST_E_PASSPHRASE_NEEDED);
	kst_error_clear(&o.err);
	o.answers.store[0] = "secret";
	io = kit_io(&o, &asker, NOTHING);
	ck_assert_int_eq(kit_format->unlock(&io, &o.model, KST_NEED_ADMIN, &o.err), 0);
	ck_assert_int_eq(o.model.info.integrity, KST_INTEGRITY_VERIFIED);
	write_ok(&o);
	kit_close(&o);
}
END_TEST

START_TEST(a_digest_that_does_not_fit_says_what_is_known)
{
	type(_i);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	struct opened o;
	kit_open(&o, kit_bytes(&file), "wrong!");
	ck_refused(&o, "wrong-passphrase", "it is wrong, or the file was altered");
	kit_close(&o);
	/* The date of the first entry. */
	file.data[25] ^= 1;
	kit_open(&o, kit_bytes(&file), "secret");
	ck_refused(&o, "wrong-passphrase", "opens the private key \"web\" and does not fit the digest");
	kit_close(&o);

	fresh(&o, "changeit");
	push(&o, party_entry("root", NULL, PARTIES(&root)));
	write_ok(&o);
	struct kst_buf ts KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_put(&ts, o.out.data, o.out.len);
	kit_close(&o);
	kit_open(&o, kit_bytes(&ts), "wrong!");
	ck_refused(&o, "wrong-passphrase", "public default \"changeit\"");
	kit_close(&o);
	ts.data[25] ^= 1;
	kit_open(&o, kit_bytes(&ts), "changeit");
	ck_refused(&o, "wrong-passphrase", "cannot tell apart");
	kit_close(&o);
}
END_TEST

START_TEST(every_truncation_is_one)
{
	type(_i);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	struct opened o;
	for (size_t n = 8; n < file.len; n++) {
		uint8_t *copy = malloc(n); /* its own size, so that a sanitizer sees the end */
		memcpy(copy, file.data, n);
		kit_open(&o, (struct kst_bytes){ copy, n }, "secret");
		ck_assert_msg(o.rc < 0 && o.err.code == KST_E_TRUNCATED, "%zu of %zu: [%s] %s", n, file.len,
			      kst_code_slug(o.err.code), o.err.message);
		kit_close(&o);
		free(copy);
	}
}
END_TEST

START_TEST(aliases_are_as_java_finds_them)
{
	type(_i);
	struct opened o, again;
	fresh(&o, "secret");
	push(&o, party_entry("Root", NULL, PARTIES(&root)));
	push(&o, party_entry("ROOT", NULL, PARTIES(&ica)));
	push(&o, party_entry("\xc3\x84\xf0\x9f\x98\x80", NULL, PARTIES(&web)));
	push(&o, party_entry(NULL, NULL, PARTIES(&api)));
	write_ok(&o);
	ck_assert_ptr_nonnull(kit_note(&o, "alias-lowered"));
	kit_open(&again, kit_bytes(&o.out), "secret");
	ck_assert_ptr_nonnull(kit_find(&again, "root"));
	ck_assert_int_eq(strncmp(kit_entry(&again, 1)->alias, "root-", 5), 0);
	ck_assert_ptr_nonnull(kit_find(&again, "\xc3\xa4\xf0\x9f\x98\x80"));
	ck_assert_str_eq(kit_entry(&again, 3)->alias, "api");
	ck_assert_ptr_null(kit_note(&again, "java-will-not-find"));
	kit_close(&again);

	/* One that stands there in upper case stays until it is renamed. */
	uint8_t *at = (uint8_t *)(uintptr_t)entry_at(&o.out, "root");
	at[6] = 'R';
	kit_open(&again, kit_bytes(&o.out), NULL);
	ck_assert_ptr_nonnull(kit_note(&again, "java-will-not-find"));
	ck_assert_str_eq(kit_entry(&again, 0)->alias, "Root");
	again.model.has_pass = true;
	ck_assert_int_eq(kst_secret_set(&again.model.pass, "secret", 6, NULL), 0);
	write_ok(&again);
	ck_assert_ptr_null(kit_note(&again, "alias-lowered"));
	ck_assert_ptr_nonnull(memmem(again.out.data, again.out.len, "\0\4Root", 6));
	kit_close(&again);
	kit_close(&o);
}
END_TEST

static void refuse(struct opened *o, const char *slug, const char *words)
{
	kit_write(o);
	ck_refused(o, slug, words);
	ck_assert_uint_eq(o->out.len, 0);
	kit_close(o);
}

START_TEST(what_it_cannot_hold_is_refused)
{
	type(_i);
	struct opened o;
	struct kst_entry *e;
	fresh(&o, "secret");
	e = push(&o, party_entry("root", NULL, PARTIES(&root)));
	ck_assert_int_eq(kst_blob_set(&e->purposes, "\x06\x03\x55\x1d\x25", 5), 0);
	refuse(&o, "cannot-hold", "trusted or distrusted");
	fresh(&o, "secret");
	e = push(&o, kst_entry_new(KST_KIND_CSR));
	e->alias = kst_strdup("r");
	refuse(&o, "cannot-hold", "cannot hold \"r\"");
	fresh(&o, "secret");
	push(&o, party_entry("web", NULL, PARTIES(&web)))->kind = KST_KIND_KEY;
	refuse(&o, "no-private-key", "\"web\" has no private key");
	/* The seal of PKCS#12 is not one that Java opens here. */
	fresh(&o, "secret");
	e = push(&o, party_entry("web", &web, PARTIES(&web)));
	struct kst_bytes sealed = kit_sealed(&web, "secret", 10);
	ck_assert_int_eq(kst_blob_set(&e->key->sealed, sealed.data, sealed.len), 0);
	kst_secret_release(&e->key->pkcs8);
	refuse(&o, "passphrase-needed", "must be opened first");
	fresh(&o, NULL);
	o.write.no_pass = true;
	refuse(&o, "empty-passphrase", "always has a passphrase");
	if (!_i) {
		fresh(&o, "secret");
		push(&o, secret_entry("aes", "AES"));
		refuse(&o, "cannot-hold", "JKS cannot hold \"aes\"");
	} else {
		fresh(&o, "gehe\xc3\xaem!");
		push(&o, party_entry("web", &web, PARTIES(&web)));
		refuse(&o, "bad-passphrase", "printable ASCII");
		fresh(&o, "secret");
		push(&o, secret_entry("aes", "AES"))->secret.len = 0;
		refuse(&o, "passphrase-needed", "must be opened first");
	}
}
END_TEST

START_TEST(limits_come_before_work)
{
	type(_i);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	struct opened o;
	kit_blank(&o);
	o.limits.blocks = 2;
	kit_read(&o, kit_bytes(&file));
	ck_refused(&o, "limit-exceeded", "entries, the limit is 2");
	kit_close(&o);
	kit_blank(&o);
	o.limits.blocks = 4;
	kit_read(&o, kit_bytes(&file));
	ck_refused(&o, "limit-exceeded", "more than 4 certificates");
	kit_close(&o);
	kit_blank(&o);
	o.limits.file = file.len - 1;
	kit_read(&o, kit_bytes(&file));
	ck_refused(&o, "too-large", "larger");
	kit_close(&o);
}
END_TEST

/* A JCEKS takes the seal of JKS as it is; a JKS must open that of JCEKS. */
START_TEST(a_seal_goes_where_it_can_be_opened)
{
	struct opened from, to;
	type(!_i);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	kit_open(&from, kit_bytes(&file), "secret");
	struct kst_entry *e = NULL;
	ck_assert_int_eq(kst_entry_copy(&e, kit_find(&from, "web"), NULL), 0);
	kit_close(&from);
	type(_i);
	fresh(&to, "another");
	push(&to, e);
	kit_write(&to);
	if (_i) {
		ck_assert_msg(to.rc == 0, "%s", to.err.message);
		kit_open(&from, kit_bytes(&to.out), "another");
		kit_is(kit_entry(&from, 0), &web, "secret", 3);
		kit_close(&from);
	} else {
		ck_refused(&to, "passphrase-needed", "JKS has not");
	}
	kit_close(&to);
}
END_TEST

START_TEST(weak_protection_is_said_when_it_is_made)
{
	struct opened o, again;
	type(0);
	fresh(&o, "secret");
	push(&o, party_entry("web", &web, PARTIES(&web)));
	write_ok(&o);
	ck_assert_ptr_nonnull(kit_note(&o, "weak-protection"));
	kit_open(&again, kit_bytes(&o.out), "secret");
	push(&again, party_entry("root", NULL, PARTIES(&root)));
	write_ok(&again);
	ck_assert_ptr_null(kit_note(&again, "weak-protection"));
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(a_truststore_is_the_same_bytes_twice)
{
	struct opened o, again;
	type(_i);
	kst_time_set_now(1700000000);
	fresh(&o, "changeit");
	fresh(&again, "changeit");
	for (size_t i = 0; i < 2; i++)
		push(i ? &again : &o, party_entry("root", NULL, PARTIES(&root)));
	write_ok(&o);
	write_ok(&again);
	ck_assert(o.out.len == again.out.len && !memcmp(o.out.data, again.out.data, o.out.len));
	kit_close(&o);
	kit_close(&again);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
	type(_i);
	struct kst_buf file KST_SCRATCH_BUF = whole_file();
	bool done = false;
	unsigned n = 0;
	for (n = 1; !done && n < 20000; n += n < 300 ? 1 : 7) {
		struct opened o;
		kit_blank(&o);
		kst_buf_reserve(&o.out, file.len * 2);
		o.answers.store[0] = "secret";
		kst_alloc_fail_after(n);
		kit_read(&o, kit_bytes(&file));
		if (o.rc == 0) {
			for (size_t i = 0; i < o.model.nr; i++)
				o.model.item[i].dirty = true;
			kit_write(&o);
		}
		kst_alloc_fail_after(0);
		done = o.rc == 0 && !o.out.failed;
		if (!done)
			ck_assert_msg(o.err.code == KST_E_NO_MEMORY || o.out.failed,
				      "%u: [%s] %s", n, kst_code_slug(o.err.code), o.err.message);
		kit_close(&o);
	}
	ck_assert(done);
	ck_assert_uint_gt(n, 30);
}
END_TEST

Suite *test_jks(void);
Suite *test_jks(void)
{
	Suite *s = suite_create("jks");
	TCase *t = tcase_create("jks");
	tcase_add_checked_fixture(t, kit_setup, kit_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, what_is_written_is_read_again, 0, NR_TYPES);
	tcase_add_loop_test(t, what_nobody_touched_stays_byte_for_byte, 0, NR_TYPES);
	tcase_add_test(t, dates_keep_their_thousandths);
	tcase_add_loop_test(t, no_passphrase_no_digest, 0, NR_TYPES);
	tcase_add_loop_test(t, a_digest_that_does_not_fit_says_what_is_known, 0, NR_TYPES);
	tcase_add_loop_test(t, every_truncation_is_one, 0, NR_TYPES);
	tcase_add_loop_test(t, aliases_are_as_java_finds_them, 0, NR_TYPES);
	tcase_add_loop_test(t, what_it_cannot_hold_is_refused, 0, NR_TYPES);
	tcase_add_loop_test(t, limits_come_before_work, 0, NR_TYPES);
	tcase_add_loop_test(t, a_seal_goes_where_it_can_be_opened, 0, NR_TYPES);
	tcase_add_test(t, weak_protection_is_said_when_it_is_made);
	tcase_add_loop_test(t, a_truststore_is_the_same_bytes_twice, 0, NR_TYPES);
	tcase_add_loop_test(t, any_allocation_may_fail, 0, NR_TYPES);
	suite_add_tcase(s, t);
	return s;
}
