/* SPDX-License-Identifier: ISC */
/* test_jwks.c - JSON Web Keys: every kind of key there and back, what stays, what may not leave */
#include "crypto/jwk.h"
#include "pem_kit.h"

extern const struct kst_format kst_format_jwks;

static int jwks_try(struct file *f, const char *text)
{
	return file_read_bytes(f, &kst_format_jwks, text, strlen(text));
}

static void jwks_read(struct file *f, const char *text)
{
	int rc = jwks_try(f, text);
	ck_assert_msg(rc == 0, "%s", f->err.message);
}

/* An empty new file that may hold open keys. */
static void jwks_new(struct file *f)
{
	file_init(f, &kst_format_jwks);
	f->write.plain_key = true;
}

static void push(struct file *f, struct kst_entry *e)
{
	ck_assert_int_eq(kst_model_push(&f->m, e, KST_NO_BASE), 0);
	f->m.item[f->m.nr - 1].dirty = true;
}

static struct kst_entry *key_entry(const char *alg, const char *alias)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_entry *e = kst_entry_new(KST_KIND_KEY);
	int rc = kst_key_generate(&e->key, alg, &err);
	ck_assert_msg(rc == 0, "%s: %s", alg, err.message);
	e->alias = kst_strdup(alias);
	return e;
}

static const char *const algorithms[] = { "p256", "p384",   "p521", "ed25519",
					  "ed448", "x25519", "rsa:2048", "X448" };

START_TEST(every_key_comes_back_as_it_went)
{
	struct file f, g;
	jwks_new(&f);
	push(&f, key_entry(algorithms[_i], "Key One"));
	const char *text = file_write(&f);
	jwks_read(&g, text);
	ck_assert_uint_eq(g.m.nr, 1);
	ck_assert_str_eq(peek(&g, 0)->alias, "Key One");
	ck_assert(!peek(&g, 0)->alias_derived);
	ck_assert(kst_entry_same(peek(&f, 0), peek(&g, 0)));
	ck_assert(kst_secret_equal(&peek(&f, 0)->key->pkcs8, &peek(&g, 0)->key->pkcs8));
	/* Written again, as a file that was read: the same text. */
	ck_assert_str_eq(file_write(&g), text);
	file_close(&g);
	file_close(&f);
}
END_TEST

START_TEST(keys_with_leading_zeros_keep_their_length)
{
	/* One key in 256 has a coordinate, and one a scalar, that starts with a zero byte. */
	unsigned zeros = 0;
	for (int i = 0; i < 700; i++) {
		struct kst_error err = KST_ERROR_INIT;
		struct kst_jwk jwk = { .kty = NULL };
		struct kst_secret back KST_SCRATCH_SECRET = KST_SECRET_INIT;
		struct kst_key *key;
		ck_assert_int_eq(kst_key_generate(&key, "p256", &err), 0);
		ck_assert_int_eq(kst_jwk_from_pkcs8(&jwk, &key->pkcs8, &err), 0);
		ck_assert_uint_eq(jwk.member[KST_JWK_X].len, 32);
		ck_assert_uint_eq(jwk.member[KST_JWK_Y].len, 32);
		ck_assert_uint_eq(jwk.member[KST_JWK_D].len, 32);
		zeros += !jwk.member[KST_JWK_X].data[0] + !jwk.member[KST_JWK_D].data[0];
		ck_assert_msg(kst_jwk_to_pkcs8(&jwk, &back, &err) == 0, "%s", err.message);
		ck_assert(kst_secret_equal(&back, &key->pkcs8));
		kst_jwk_release(&jwk);
		kst_key_free(key);
	}
	printf("jwks: %u leading zeros in 700 keys\n", zeros);
}
END_TEST

START_TEST(primes_are_found_where_they_are_missing)
{
	struct kst_error err = KST_ERROR_INIT;
	static const enum kst_jwk_member gone[] = { KST_JWK_P, KST_JWK_Q, KST_JWK_DP, KST_JWK_DQ, KST_JWK_QI };
	struct kst_key *key;
	ck_assert_int_eq(kst_key_generate(&key, "rsa:2048", &err), 0);
	for (int round = 0; round < 8; round++) {
		struct kst_jwk jwk = { .kty = NULL };
		struct kst_secret back KST_SCRATCH_SECRET = KST_SECRET_INIT;
		ck_assert_int_eq(kst_jwk_from_pkcs8(&jwk, &key->pkcs8, &err), 0);
		ck_assert_uint_eq(kst_jwk_cost(&jwk), 0);
		for (size_t i = 0; i < 5; i++)
			kst_buf_release(&jwk.member[gone[i]]);
		ck_assert_uint_eq(kst_jwk_cost(&jwk), 8);
		ck_assert_msg(kst_jwk_to_pkcs8(&jwk, &back, &err) == 0, "%s", err.message);
		/* OpenSSL has the larger prime first, and so have we. */
		ck_assert(kst_secret_equal(&back, &key->pkcs8));
		kst_jwk_release(&jwk);
	}
	kst_key_free(key);
}
END_TEST

START_TEST(keys_without_primes_cost_a_budget)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f, g;
	jwks_new(&f);
	push(&f, key_entry("rsa:2048", "a"));
	file_write(&f);
	/* Its text without the lines of the primes. */
	char *copy = text_keep(&f.out), *next;
	for (char *p = copy; *p; p = next) {
		next = strchr(p, '\n') + 1;
		if (!strstr(p, "\"p\"") || strstr(p, "\"p\"") >= next) {
			static const char *const names[] = { "\"q\":", "\"dp\":", "\"dq\":", "\"qi\":" };
			bool drop = false;
			for (size_t i = 0; i < 4; i++) {
				const char *hit = strstr(p, names[i]);
				drop |= hit && hit < next;
			}
			if (!drop)
				kst_buf_put(&text, p, (size_t)(next - p));
		}
	}
	char *open_end = swap(text_keep(&text), "\",\n    }", "\"\n    }");
	jwks_read(&g, open_end);
	ck_assert(kst_entry_same(peek(&f, 0), peek(&g, 0)));
	file_close(&g);
	/* Eight units of 4096 are more than this. */
	file_init(&g, &kst_format_jwks);
	g.limits.iterations_all = 8 * 4096 - 1;
	struct kst_io io = file_io(&g);
	io.source.bytes = (struct kst_bytes){ (const uint8_t *)open_end, strlen(open_end) };
	ck_assert_int_eq(kst_format_jwks.read(&io, &g.m, &g.err), -1);
	ck_assert_int_eq(g.err.code, KST_E_LIMIT);
	file_close(&g);
	file_close(&f);
}
END_TEST

START_TEST(chains_and_certificates_are_x5c)
{
	struct file f, g;
	jwks_new(&f);
	push(&f, party_entry("pair", &w.a, PARTIES(&w.a, &w.issuer, &w.root)));
	push(&f, party_entry("alone", NULL, PARTIES(&w.b)));
	jwks_read(&g, file_write(&f));
	ck_assert_uint_eq(g.m.nr, 2);
	ck_assert_int_eq(peek(&g, 0)->kind, KST_KIND_KEY);
	ck_assert_uint_eq(peek(&g, 0)->chain.nr, 3);
	ck_assert(kst_entry_same(peek(&f, 0), peek(&g, 0)));
	ck_assert_int_eq(peek(&g, 1)->kind, KST_KIND_CERT);
	ck_assert(!peek(&g, 1)->trusted);
	ck_assert(kst_chain_equal(&peek(&f, 1)->chain, &peek(&g, 1)->chain));
	file_close(&g);
	file_close(&f);
}
END_TEST

static char *public_with_chain(void)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	jwks_new(&f);
	push(&f, party_entry("pub", NULL, PARTIES(&w.a)));
	char *text = swap(file_write(&f), "      ]", "        @ ]");
	kst_buf_puts(&b, ", \"");
	X509 *x = w.issuer.cert;
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	kst_base64(&b, der, (size_t)n);
	kst_buf_puts(&b, "\"");
	OPENSSL_free(der);
	file_close(&f);
	return swap(swap(text, "@", text_keep(&b)), "\"kid\"", "\"use\": \"sig\", \"kid\"");
}

START_TEST(further_certificates_of_a_public_key_are_entries)
{
	char *text = public_with_chain();
	struct file f, g;
	jwks_read(&f, text);
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_int_eq(peek(&f, 1)->kind, KST_KIND_CERT);
	jwks_read(&g, file_write(&f)); /* whole again, in one object */
	ck_assert_uint_eq(g.m.nr, 2);
	ck_assert_ptr_nonnull(strstr((char *)f.out.data, "\"use\""));
	ck_assert_ptr_eq(strstr(strstr((char *)f.out.data, "\"kty\"") + 1, "\"kty\""), NULL);
	file_close(&g);
	/* Without the first the second stands for itself. */
	kst_model_remove(&f.m, 0);
	jwks_read(&g, file_write(&f));
	ck_assert_uint_eq(g.m.nr, 1);
	ck_assert(kst_chain_equal(&peek(&g, 0)->chain, &peek(&f, 0)->chain));
	file_close(&g);
	file_close(&f);
}
END_TEST

START_TEST(what_is_beside_the_key_stays_with_the_key)
{
	struct file f, g;
	jwks_new(&f);
	push(&f, key_entry("ed25519", "k"));
	char *text = swap(file_write(&f), "\"kty\"", "\"use\": \"sig\", \"mine\": [1, {\"a\": 2.5}], \"kty\"");
	text = swap(text, "\"keys\"", "\"issuer\": \"me\", \"keys\"");
	file_close(&f);

	jwks_read(&f, text);
	set_alias(&f, 0, "renamed");
	const char *out = file_write(&f);
	ck_assert_ptr_nonnull(strstr(out, "\"mine\""));
	ck_assert_ptr_nonnull(strstr(out, "\"issuer\": \"me\""));
	ck_assert_ptr_nonnull(strstr(out, "\"kid\": \"renamed\""));
	jwks_read(&g, out);
	ck_assert_str_eq(peek(&g, 0)->alias, "renamed");
	ck_assert(kst_secret_equal(&peek(&g, 0)->key->pkcs8, &peek(&f, 0)->key->pkcs8));
	file_close(&g);
	/* Another key under that name: nothing of it may stay but the name. */
	struct kst_entry *other = key_entry("p256", "renamed");
	kst_key_free(entry(&f, 0)->key);
	entry(&f, 0)->key = other->key;
	other->key = NULL;
	kst_entry_free(other);
	f.write.plain_key = true;
	out = file_write(&f);
	ck_assert_ptr_null(strstr(out, "\"mine\""));
	ck_assert_ptr_nonnull(strstr(out, "\"kid\": \"renamed\""));
	file_close(&f);
}
END_TEST

START_TEST(a_single_key_stays_single_until_there_are_two)
{
	struct file f;
	jwks_read(&f, "{\"kty\":\"oct\",\"k\":\"AAEC\",\"alg\":\"HS256\"}");
	ck_assert_str_eq(peek(&f, 0)->secret_alg, "HmacSHA256");
	ck_assert_uint_eq(peek(&f, 0)->secret.len, 3);
	ck_assert(peek(&f, 0)->alias_derived);
	/* It lay open here, so it may be written back; a derived name is no kid. */
	const char *out = file_write(&f);
	ck_assert_ptr_null(strstr(out, "\"keys\""));
	ck_assert_ptr_null(strstr(out, "\"kid\""));
	f.write.plain_key = true;
	push(&f, key_entry("ed25519", "two"));
	out = file_write(&f);
	ck_assert_ptr_nonnull(strstr(out, "\"keys\""));
	file_close(&f);
}
END_TEST

START_TEST(no_private_key_leaves_unless_somebody_said_so)
{
	struct file f;
	jwks_new(&f);
	f.write.plain_key = false;
	push(&f, key_entry("ed25519", "k"));
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_PLAIN_KEY);
	ck_assert_uint_eq(f.out.len, 0);
	ck_assert_uint_eq(f.asked, 0);
	/* Nor one that is sealed. */
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *key = entry(&f, 0)->key;
	ck_assert_int_eq(kst_secret_set(&pass, "pass", 4, NULL), 0);
	ck_assert_int_eq(kst_key_seal(key, &pass, &f.write.pbe, &sealed, NULL), 0);
	ck_assert_int_eq(kst_blob_set(&key->sealed, sealed.data, sealed.len), 0);
	kst_secret_release(&key->pkcs8);
	f.write.plain_key = true;
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_PASSPHRASE_NEEDED);
	file_close(&f);

	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	jwks_new(&f);
	f.write.plain_key = false;
	ck_assert_int_eq(kst_secret_set(&e->secret, "secret", 6, NULL), 0);
	push(&f, e);
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_PLAIN_KEY);
	file_close(&f);
}
END_TEST

START_TEST(what_has_no_form_is_refused_by_name)
{
	struct file f;
	jwks_new(&f);
	push(&f, key_entry("rsa-pss:2048", "pss"));
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	ck_assert_ptr_nonnull(strstr(f.err.message, "pss"));
	file_close(&f);

	static const uint8_t tls[] = { 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01 };
	struct kst_entry *e = party_entry("ca", NULL, PARTIES(&w.root));
	ck_assert_int_eq(kst_blob_set(&e->distrusted, tls, sizeof(tls)), 0);
	jwks_new(&f);
	push(&f, e);
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	file_close(&f);
}
END_TEST

START_TEST(only_json_web_keys_are_claimed)
{
	static const char *const no[] = { "", "{", "{}", "[{\"kty\":\"oct\"}]", "{\"keys\":{}}", "{\"data\":\"\\\"kty\\\"\"}",
					  "kty", "\"kty\"", "{\"kind\":\"Secret\"}" };
	static const char *const yes[] = { "{\"kty\":1}", "\xef\xbb\xbf\n {\"a\":1,\"keys\" : [", "{\"keys\":1,\"keys\":[]}" };
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert_msg(kst_format_jwks.probe((const uint8_t *)no[i], strlen(no[i]), true) == 0, "%s", no[i]);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ck_assert_msg(kst_format_jwks.probe((const uint8_t *)yes[i], strlen(yes[i]), true) == 85, "%s", yes[i]);
}
END_TEST

START_TEST(no_error_quotes_the_document)
{
	struct file f;
	ck_assert_int_eq(jwks_try(&f, "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\" c2VjcmV0}"), -1);
	ck_assert_int_eq(f.err.code, KST_E_CORRUPT);
	ck_assert_ptr_null(strstr(f.err.message, "c2Vj"));
	ck_assert_ptr_nonnull(strstr(f.err.message, "line 1"));
	file_close(&f);
}
END_TEST

START_TEST(no_memory_is_said_wherever_it_runs_out)
{
	static const char text[] = "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAEC\",\"kid\":\"a\"},{\"kty\":\"X\",\"kid\":\"b\"}]}";
	bool whole = false;
	for (size_t n = 1; !whole && n < 2000; n++) {
		struct file f;
		size_t before = kst_alloc_live();
		kst_alloc_fail_after(n);
		whole = jwks_try(&f, text) == 0 && file_try_write(&f) == 0;
		kst_alloc_fail_after(0);
		if (!whole)
			ck_assert_msg(f.err.code == KST_E_NO_MEMORY, "%zu: %s", n, kst_code_slug(f.err.code));
		file_close(&f);
		ck_assert_msg(kst_alloc_live() == before, "%zu: %zu bytes stay", n, kst_alloc_live() - before);
	}
	ck_assert(whole);
}
END_TEST

START_TEST(the_line_of_openssh_is_escaped)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cert *cert = party_cert(&w.a);
	struct kst_bytes spki = kst_cert_spki(cert);
	ck_assert_int_eq(kst_spki_ssh(spki, "x\nssh-rsa evil", &out, NULL), 0);
	ck_assert_ptr_eq(strchr((char *)out.data, '\n'), (char *)out.data + out.len - 1);
	ck_assert_int_eq(strncmp((char *)out.data, "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBB", 70), 0);
	kst_cert_free(cert);
	struct kst_key *key;
	struct kst_buf pub KST_SCRATCH_BUF = KST_BUF_INIT;
	ck_assert_int_eq(kst_key_generate(&key, "ed448", NULL), 0);
	ck_assert_int_eq(kst_key_spki(key, &pub, NULL), 0);
	ck_assert_int_eq(kst_spki_ssh((struct kst_bytes){ pub.data, pub.len }, NULL, &out, NULL), 1);
	kst_key_free(key);
}
END_TEST

Suite *test_jwks(void);
Suite *test_jwks(void)
{
	Suite *s = suite_create("jwks");
	TCase *t = tcase_create("keys");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, world_begin, NULL);
	tcase_add_loop_test(t, every_key_comes_back_as_it_went, 0, sizeof(algorithms) / sizeof(algorithms[0]));
	tcase_add_test(t, keys_with_leading_zeros_keep_their_length);
	tcase_add_test(t, primes_are_found_where_they_are_missing);
	tcase_add_test(t, keys_without_primes_cost_a_budget);
	tcase_add_test(t, chains_and_certificates_are_x5c);
	tcase_add_test(t, further_certificates_of_a_public_key_are_entries);
	tcase_add_test(t, what_is_beside_the_key_stays_with_the_key);
	tcase_add_test(t, a_single_key_stays_single_until_there_are_two);
	tcase_add_test(t, no_private_key_leaves_unless_somebody_said_so);
	tcase_add_test(t, what_has_no_form_is_refused_by_name);
	tcase_add_test(t, only_json_web_keys_are_claimed);
	tcase_add_test(t, no_error_quotes_the_document);
	tcase_add_test(t, no_memory_is_said_wherever_it_runs_out);
	tcase_add_test(t, the_line_of_openssh_is_escaped);
	suite_add_tcase(s, t);
	return s;
}
