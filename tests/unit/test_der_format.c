/* SPDX-License-Identifier: ISC */
/* test_der_format.c - files of one DER object: which it is, and back */
#include <openssl/rsa.h>

#include "pem_kit.h"

struct object {
	const char *name;
	uint8_t *der;
	size_t len;
	enum kst_kind kind;
	bool sealed;
};

static struct object object[16];
static size_t nr_objects;

static void put(const char *name, enum kst_kind kind, const void *der, int n)
{
	ck_assert_msg(n > 0, "%s", name);
	struct object *o = &object[nr_objects++];
	*o = (struct object){ name, kst_malloc((size_t)n), (size_t)n, kind, false };
	memcpy(o->der, der, (size_t)n);
}

#define PUT(name, kind, i2d, ...)                                     \
	do {                                                          \
		unsigned char *der_ = NULL;                           \
		int n_ = i2d(__VA_ARGS__, &der_);                     \
		put(name, kind, der_, n_);                            \
		OPENSSL_free(der_);                                   \
	} while (0)

static void put_keys(EVP_PKEY *rsa)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(w.a.key);
	PUT("PKCS#8", KST_KIND_KEY, i2d_PKCS8_PRIV_KEY_INFO, info);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	info = EVP_PKEY2PKCS8(ed);
	PUT("PKCS#8, Ed25519", KST_KIND_KEY, i2d_PKCS8_PRIV_KEY_INFO, info);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(ed);
	PUT("RSA", KST_KIND_KEY, i2d_PrivateKey, rsa);
	PUT("EC", KST_KIND_KEY, i2d_PrivateKey, w.a.key);

	struct kst_key *key = party_key(&w.a);
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf sealed KST_SCRATCH_BUF = KST_BUF_INIT;
	static const enum kst_pbe pbe[] = { KST_PBE_AES256, KST_PBE_3DES };
	ck_assert_int_eq(kst_secret_set(&pass, "pass", 4, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		struct kst_pbe_options opt = { .pbe = pbe[i], .iterations = 1000 };
		kst_buf_reset(&sealed);
		ck_assert_int_eq(kst_key_seal(key, &pass, &opt, &sealed, NULL), 0);
		put("sealed", KST_KIND_KEY, sealed.data, (int)sealed.len);
		object[nr_objects - 1].sealed = true;
	}
	kst_key_free(key);
}

static void put_signed(EVP_PKEY *rsa)
{
	PUT("certificate", KST_KIND_CERT, i2d_X509, w.a.cert);
	X509 *v1 = party_certify(w.a.key, "v1", NULL, 0, 10, NULL);
	while (X509_get_ext_count(v1))
		X509_EXTENSION_free(X509_delete_ext(v1, 0));
	X509_set_version(v1, 0);
	X509_sign(v1, w.a.key, EVP_sha256());
	PUT("certificate, version 1", KST_KIND_CERT, i2d_X509, v1);
	X509_free(v1);

	for (int named = 0; named < 2; named++) {
		X509_REQ *req = X509_REQ_new();
		if (named)
			X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
						   MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0);
		X509_REQ_set_pubkey(req, rsa);
		X509_REQ_sign(req, rsa, EVP_sha256());
		PUT(named ? "request" : "request without name", KST_KIND_CSR, i2d_X509_REQ, req);
		X509_REQ_free(req);
	}
	for (int version = 0; version < 2; version++) {
		X509_CRL *crl = X509_CRL_new();
		ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
		X509_CRL_set_version(crl, version);
		X509_CRL_set_issuer_name(crl, X509_get_subject_name(w.root.cert));
		X509_CRL_set1_lastUpdate(crl, now);
		X509_CRL_sign(crl, w.root.key, EVP_sha256());
		PUT("list", KST_KIND_CRL, i2d_X509_CRL, crl);
		ASN1_TIME_free(now);
		X509_CRL_free(crl);
	}
}

static void begin(void)
{
	world_begin();
	if (nr_objects)
		return;
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	put_keys(rsa);
	put_signed(rsa);
	EVP_PKEY_free(rsa);
}

static int probe(const uint8_t *der, size_t n, bool whole)
{
	return kst_format_der.probe(der, n, whole);
}

START_TEST(every_object_is_recognised_by_its_start)
{
	for (size_t i = 0; i < nr_objects; i++) {
		const struct object *o = &object[i];
		ck_assert_msg(probe(o->der, o->len, true) == 80, "%s", o->name);
		ck_assert_msg(probe(o->der, o->len < 64 ? o->len : 64, false) >= 60, "%s", o->name);
		/* Whatever is missing, nothing beyond is touched (the sanitizers watch). */
		for (size_t n = 0; n <= o->len; n++) {
			uint8_t *exact = kst_malloc(n ? n : 1);
			memcpy(exact, o->der, n);
			probe(exact, n, true);
			kst_free(exact);
		}
	}
}
END_TEST

START_TEST(every_object_is_read_and_written_as_it_was)
{
	for (size_t i = 0; i < nr_objects; i++) {
		const struct object *o = &object[i];
		struct file f;
		ck_assert_msg(file_read_bytes(&f, &kst_format_der, o->der, o->len) == 0, "%s: %s",
			      o->name, f.err.message);
		ck_assert_uint_eq(f.m.nr, 1);
		ck_assert_msg(peek(&f, 0)->kind == o->kind, "%s is of kind %d", o->name,
			      (int)peek(&f, 0)->kind);
		ck_assert_ptr_null(peek(&f, 0)->alias);
		ck_assert_str_eq(peek(&f, 0)->origin, "der");
		if (o->kind == KST_KIND_KEY)
			ck_assert_int_eq(kst_key_is_sealed(peek(&f, 0)->key), o->sealed);
		ck_assert_int_eq(f.m.info.encrypted, o->sealed);
		file_write(&f);
		ck_assert_uint_eq(f.out.len, o->len);
		ck_assert_int_eq(memcmp(f.out.data, o->der, o->len), 0);
		file_close(&f);
	}
}
END_TEST

START_TEST(too_few_and_too_many_bytes_are_told_apart)
{
	for (size_t i = 0; i < nr_objects; i++) {
		const struct object *o = &object[i];
		struct file f;
		uint8_t *more = kst_calloc(1, o->len + 1);
		memcpy(more, o->der, o->len);
		ck_assert_int_eq(file_read_bytes(&f, &kst_format_der, more, o->len + 1), -1);
		ck_assert_int_eq(f.err.code, KST_E_CORRUPT);
		ck_assert_str_eq(f.err.message, "has 1 bytes behind its end");
		file_close(&f);
		ck_assert_int_eq(file_read_bytes(&f, &kst_format_der, o->der, o->len - 1), -1);
		ck_assert_int_eq(f.err.code, KST_E_TRUNCATED);
		file_close(&f);
		kst_free(more);
	}
}
END_TEST

START_TEST(what_is_something_else_is_left_to_others)
{
	/* PFX: SEQUENCE { 3, SEQUENCE { pkcs7-data, ... } } */
	static const uint8_t pfx[] = { 0x30, 0x12, 2, 1, 3, 0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48,
				       0x86, 0xf7, 0x0d, 1, 7, 1, 5, 0 };
	static const uint8_t pkcs7[] = { 0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
					 1, 7, 2 };
	static const uint8_t empty[] = { 0x30, 0 };
	static const uint8_t huge[] = { 0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255, 2, 1, 0 };
	ck_assert_int_eq(probe(pfx, sizeof(pfx), true), 0);
	ck_assert_int_eq(probe(pkcs7, sizeof(pkcs7), true), 0);
	ck_assert_int_eq(probe(empty, sizeof(empty), true), 0);
	ck_assert_int_eq(probe(huge, sizeof(huge), true), 0);
	ck_assert_int_eq(probe((const uint8_t *)"-----BEGIN", 10, true), 0);
	ck_assert_int_eq(probe(pfx, 0, true), 0);
	/* A public key is SEQUENCE { SEQUENCE { OID }, BIT STRING }. */
	unsigned char *spki = NULL;
	int n = i2d_PUBKEY(w.a.key, &spki);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(probe(spki, (size_t)n, true), 0);
	OPENSSL_free(spki);
}
END_TEST

START_TEST(a_damaged_object_is_never_taken_for_a_good_one)
{
	/* Every bit of the first 40 bytes: it is refused, or still says the same kind of thing. */
	for (size_t i = 0; i < nr_objects; i++) {
		const struct object *o = &object[i];
		for (size_t bit = 0; bit < 320; bit++) {
			uint8_t *der = kst_malloc(o->len);
			struct file f;
			memcpy(der, o->der, o->len);
			der[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (file_read_bytes(&f, &kst_format_der, der, o->len) < 0)
				ck_assert_int_ne(f.err.code, KST_OK);
			else
				ck_assert_uint_eq(f.m.nr, 1);
			file_close(&f);
			kst_free(der);
		}
	}
}
END_TEST

/* ---- changes ---- */

static const struct object *find(const char *name)
{
	for (size_t i = 0; i < nr_objects; i++)
		if (strcmp(object[i].name, name) == 0)
			return &object[i];
	ck_abort_msg("no %s", name);
	return NULL;
}

START_TEST(a_key_is_sealed_unless_somebody_says_that_it_may_be_open)
{
	const struct object *o = find("RSA");
	struct file f, g;
	ck_assert_int_eq(file_read_bytes(&f, &kst_format_der, o->der, o->len), 0);
	f.m.item[0].dirty = true;
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_PASSPHRASE_NEEDED);
	f.new_pass = "";
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_EMPTY_PASSPHRASE);
	f.write.no_pass = true;
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_PLAIN_KEY);
	f.write.no_pass = false;
	f.new_pass = "fresh";
	file_write(&f);
	ck_assert_int_eq(file_read_bytes(&g, &kst_format_der, f.out.data, f.out.len), 0);
	ck_assert(kst_key_is_sealed(peek(&g, 0)->key));
	ck_assert(opens(peek(&g, 0)->key, "fresh"));
	ck_assert(kst_secret_equal(&peek(&g, 0)->key->pkcs8, &peek(&f, 0)->key->pkcs8));
	file_close(&g);

	f.write.plain_key = true;
	file_write(&f);
	ck_assert_int_eq(file_read_bytes(&g, &kst_format_der, f.out.data, f.out.len), 0);
	ck_assert(!kst_key_is_sealed(peek(&g, 0)->key));
	file_close(&g);
	file_close(&f);
}
END_TEST

START_TEST(one_object_it_is_and_one_it_stays)
{
	const struct object *o = find("certificate");
	struct file f;
	ck_assert_int_eq(file_read_bytes(&f, &kst_format_der, o->der, o->len), 0);
	ck_assert_int_eq(kst_model_push(&f.m, party_entry(NULL, NULL, PARTIES(&w.root)), KST_NO_BASE), 0);
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	kst_model_remove(&f.m, 0); /* the new one in its place */
	file_write(&f);
	ck_assert_uint_eq(f.out.len, kst_cert_der(peek(&f, 0)->chain.cert[0]).len);
	kst_model_remove(&f.m, 0);
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	/* Neither a chain nor trust settings fit in. */
	ck_assert_int_eq(kst_model_push(&f.m, party_entry(NULL, &w.a, PARTIES(&w.a)), KST_NO_BASE), 0);
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	file_close(&f);
}
END_TEST

Suite *test_der_format(void);
Suite *test_der_format(void)
{
	Suite *s = suite_create("der_format");
	TCase *t = tcase_create("objects");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, every_object_is_recognised_by_its_start);
	tcase_add_test(t, every_object_is_read_and_written_as_it_was);
	tcase_add_test(t, too_few_and_too_many_bytes_are_told_apart);
	tcase_add_test(t, what_is_something_else_is_left_to_others);
	tcase_add_test(t, a_damaged_object_is_never_taken_for_a_good_one);
	tcase_add_test(t, a_key_is_sealed_unless_somebody_says_that_it_may_be_open);
	tcase_add_test(t, one_object_it_is_and_one_it_stays);
	suite_add_tcase(s, t);
	return s;
}
