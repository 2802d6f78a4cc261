/* SPDX-License-Identifier: ISC */
/* test_der.c - the ASN.1 cursor, object identifiers, names of keys and signatures */
#include <check.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/names.h"
#include "kstool/kstool.h"

#define OVER(literal) kst_der_over((literal), sizeof(literal) - 1)
#define BYTES(literal) ((struct kst_bytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })

START_TEST(elements_come_one_after_the_other)
{
	struct kst_der d = OVER("\x30\x06\x02\x01\x05\x04\x01\x61\x05\x00"), in;
	struct kst_der_item item;
	uint64_t v;
	ck_assert_int_eq(kst_der_peek(&d), 0x30);
	ck_assert_int_eq(kst_der_enter(&d, KST_DER_SEQUENCE, &in), 0);
	ck_assert_int_eq(kst_der_expect(&in, KST_DER_OCTET_STRING, &item), -1);
	ck_assert_int_eq(kst_der_optional(&in, KST_DER_BOOLEAN, &item), 0);
	ck_assert_int_eq(kst_der_expect(&in, KST_DER_INTEGER, &item), 0);
	ck_assert_int_eq(kst_der_uint(item.body, &v), 0);
	ck_assert_uint_eq(v, 5);
	ck_assert_int_eq(kst_der_optional(&in, KST_DER_OCTET_STRING, &item), 1);
	ck_assert_uint_eq(item.body.len, 1);
	ck_assert_uint_eq(item.whole.len, 3);
	ck_assert_int_eq(kst_der_next(&in, &item), 0);
	ck_assert_int_eq(kst_der_peek(&in), -1);
	ck_assert_int_eq(kst_der_expect(&d, KST_DER_NULL, NULL), 0);
	ck_assert(kst_der_end(&d));
}
END_TEST

START_TEST(what_is_malformed_leaves_the_cursor_and_no_errors)
{
	static const struct {
		const char *der;
		size_t len;
	} bad[] = {
		{ "\x30", 1 },             /* no length */
		{ "\x30\x05\x02\x01", 4 }, /* ends too early */
		{ "\x04\x81", 2 },
		{ "\x04\x84\xff\xff\xff\xff", 6 },
		{ "\x04\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01", 11 },
		{ "\x1f\x81", 2 },             /* tag does not end */
		{ "\x04\x80\x00\x00", 4 },     /* indefinite and primitive */
		{ "\x30\x80\x02\x01\x05", 5 }, /* no end-of-contents */
		{ "\x30\x80\x30\x80\x00\x00", 6 },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kst_der d = kst_der_over(bad[i].der, bad[i].len), was = d;
		struct kst_der_item item = { .id = 77 };
		ck_assert_msg(kst_der_next(&d, &item) == -1, "%zu", i);
		ck_assert(d.p == was.p && item.id == 77);
		ck_assert_uint_eq(ERR_peek_error(), 0);
	}
	ck_assert_int_eq(kst_der_whole("\x05\x00\x00", 3, KST_DER_NULL, NULL), -1);
	ck_assert_int_eq(kst_der_whole("\x05\x00", 2, KST_DER_NULL, NULL), 0);
	ck_assert_int_eq(kst_der_whole(NULL, 0, KST_DER_NULL, NULL), -1);
}
END_TEST

START_TEST(errors_of_others_stay_in_the_queue)
{
	struct kst_der d = OVER("\x30\x05\x02\x01");
	struct kst_der_item item;
	ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
	ck_assert_int_eq(kst_der_next(&d, &item), -1);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), ERR_R_MALLOC_FAILURE);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(indefinite_lengths_end_at_their_own_end)
{
	struct kst_der d = OVER("\x30\x80\xa0\x80\x04\x02\x00\x00\x00\x00\x05\x00\x00\x00\x05\x00"), in;
	struct kst_der_item item;
	ck_assert_int_eq(kst_der_next(&d, &item), 1);
	ck_assert(item.indefinite);
	ck_assert_uint_eq(item.whole.len, 14);
	ck_assert_uint_eq(item.body.len, 10);
	ck_assert_int_eq(kst_der_expect(&d, KST_DER_NULL, NULL), 0);
	ck_assert(kst_der_end(&d));
	in = kst_der_in(&item);
	ck_assert_int_eq(kst_der_next(&in, &item), 1);
	ck_assert_uint_eq(item.body.len, 4);
	ck_assert_int_eq(kst_der_expect(&in, KST_DER_NULL, NULL), 0);
	ck_assert(kst_der_end(&in));
}
END_TEST

START_TEST(nesting_has_a_limit)
{
	uint8_t deep[4 * 200];
	struct kst_der_item item;
	for (int depth = KST_DER_DEPTH - 1; depth <= KST_DER_DEPTH + 1; depth++) {
		for (int i = 0; i < depth; i++)
			memcpy(deep + 2 * i, "\x30\x80", 2);
		memset(deep + 2 * depth, 0, (size_t)(2 * depth));
		struct kst_der d = kst_der_over(deep, (size_t)(4 * depth));
		ck_assert_int_eq(kst_der_next(&d, &item), depth > KST_DER_DEPTH ? -1 : 1);
	}
}
END_TEST

START_TEST(pieces_of_an_octet_string_are_joined)
{
	struct kst_buf joined KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_der d = OVER("\x24\x80\x04\x02" "ab\x24\x03\x04\x01" "c\x04\x00\x00\x00\x04\x01" "x");
	struct kst_der_item item;
	struct kst_bytes b;
	ck_assert_int_eq(kst_der_next(&d, &item), 1);
	ck_assert_int_eq(kst_der_octets(&item, &b, &joined), 0);
	ck_assert_uint_eq(b.len, 3);
	ck_assert_mem_eq(b.data, "abc", 3);
	ck_assert_int_eq(kst_der_next(&d, &item), 1);
	ck_assert_int_eq(kst_der_octets(&item, &b, &joined), 0);
	ck_assert_uint_eq(b.len, 1);
	ck_assert(b.data == item.body.data);
	d = OVER("\x24\x03\x02\x01\x05");
	ck_assert_int_eq(kst_der_next(&d, &item), 1);
	ck_assert_int_eq(kst_der_octets(&item, &b, &joined), -1);
}
END_TEST

START_TEST(integers_have_bits)
{
	uint64_t v;
	ck_assert_uint_eq(kst_der_int_bits(BYTES("\x00\x80")), 8);
	ck_assert_uint_eq(kst_der_int_bits(BYTES("\x01\x00")), 9);
	ck_assert_uint_eq(kst_der_int_bits(BYTES("\x00")), 0);
	ck_assert_uint_eq(kst_der_int_bits(BYTES("\x80")), 0);
	ck_assert_uint_eq(kst_der_int_bits(BYTES("")), 0);
	ck_assert_int_eq(kst_der_uint(BYTES("\x00\xff\xff\xff\xff\xff\xff\xff\xff"), &v), 0);
	ck_assert_uint_eq(v, UINT64_MAX);
	ck_assert_int_eq(kst_der_uint(BYTES("\x01\x00\x00\x00\x00\x00\x00\x00\x00"), &v), -1);
	ck_assert_int_eq(kst_der_uint(BYTES("\xff"), &v), -1);
	ck_assert_int_eq(kst_der_uint(BYTES(""), &v), -1);
}
END_TEST

START_TEST(what_is_written_can_be_read)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 255, 256, 0x7fff, 0x8000, UINT64_C(1) << 63,
					   UINT64_MAX };
	static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };
	static uint8_t zeros[65536];
	struct kst_der_item item;
	uint64_t v;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		kst_der_put_uint(&b, values[i]);
		ck_assert_int_eq(kst_der_whole(b.data, b.len, KST_DER_INTEGER, &item), 0);
		ck_assert_int_eq(kst_der_uint(item.body, &v), 0);
		ck_assert_uint_eq(v, values[i]);
		/* The shortest: no leading zero before a clear bit. */
		ck_assert(item.body.len == 1 || item.body.data[0] || item.body.data[1] & 0x80);
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		kst_der_put(&b, KST_DER_OCTET_STRING, zeros, lengths[i]);
		ck_assert_int_eq(kst_der_whole(b.data, b.len, KST_DER_OCTET_STRING, &item), 0);
		ck_assert_uint_eq(item.body.len, lengths[i]);
	}
}
END_TEST

START_TEST(object_identifiers_go_both_ways)
{
	static const char *const texts[] = { "0.0", "1.39.1", "2.5.29.17", "2.999", "1.2.840.113549.1.1.11",
					     "2.16.840.1.101.3.4.3.18", "1.3.18446744073709551615",
					     "2.25.329800735698586629295641978511506172918" };
	char text[KST_OID_TEXT];
	uint8_t der[KST_OID_MAX];
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = kst_oid_der(texts[i], der);
		ck_assert_uint_gt(n, 0);
		ck_assert_int_eq(kst_oid_text((struct kst_bytes){ der, n }, text), 0);
		ck_assert_str_eq(text, texts[i]);
	}
	/* Every one that OpenSSL has. */
	for (int nid = 1, end = OBJ_new_nid(0); nid < end; nid++) {
		const ASN1_OBJECT *o = OBJ_nid2obj(nid);
		char want[KST_OID_TEXT];
		if (!o || !OBJ_length(o) || OBJ_obj2txt(want, sizeof(want), o, 1) <= 0) {
			ERR_clear_error(); /* a gap in its numbers */
			continue;
		}
		struct kst_bytes b = { OBJ_get0_data(o), OBJ_length(o) };
		ck_assert_int_eq(kst_oid_text(b, text), 0);
		ck_assert_str_eq(text, want);
		ck_assert_uint_eq(kst_oid_der(text, der), b.len);
		ck_assert_mem_eq(der, b.data, b.len);
		/* Some have two numbers there. */
		ck_assert_int_eq(OBJ_cmp(OBJ_nid2obj(kst_oid_nid(b)), o), 0);
	}
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(rubbish_is_no_object_identifier)
{
	static const char *const texts[] = { "", "1", "1.", ".1.2", "1..2", "3.1", "1.40", "1.2.x", "1.2 ",
					     "CN", "serverAuth", "-1.2" };
	char text[KST_OID_TEXT];
	uint8_t der[KST_OID_MAX], full[KST_OID_MAX + 1];
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(kst_oid_der(texts[i], der) == 0, "%s", texts[i]);
	ck_assert_int_eq(kst_oid_text(BYTES(""), text), -1);
	ck_assert_int_eq(kst_oid_text(BYTES("\x55\x80"), text), -1);
	ck_assert_int_eq(kst_oid_text(BYTES("\x55\x80\x01"), text), -1);
	ck_assert_str_eq(text, "");
	memset(full, 0x7f, sizeof(full));
	ck_assert_int_eq(kst_oid_text((struct kst_bytes){ full, KST_OID_MAX }, text), 0);
	ck_assert_uint_eq(strlen(text), 4 + 4 * (KST_OID_MAX - 1));
	ck_assert_int_eq(kst_oid_text((struct kst_bytes){ full, KST_OID_MAX + 1 }, text), -1);
	memset(full, 0xff, sizeof(full));
	full[KST_OID_MAX - 1] = 0x7f; /* one number of 896 bits */
	ck_assert_int_eq(kst_oid_text((struct kst_bytes){ full, KST_OID_MAX }, text), 0);
	ck_assert_uint_gt(strlen(text), 200);
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

static void key_text(const char *algid, size_t n, const char *want, const char *want_strict)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes a = { (const uint8_t *)algid, n }, modulus = BYTES("\x00\xff\xff");
	kst_algid_key_text(a, modulus, false, &out);
	ck_assert_str_eq((const char *)out.data, want);
	kst_buf_reset(&out);
	kst_buf_puts(&out, "");
	kst_algid_key_text(a, modulus, true, &out);
	ck_assert_str_eq((const char *)out.data, want_strict);
}
#define KEY_TEXT(literal, want, strict) key_text(literal, sizeof(literal) - 1, want, strict)

START_TEST(keys_have_the_texts_of_the_format)
{
	KEY_TEXT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", "RSA-16", "RSA-16");
	KEY_TEXT("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "RSA-PSS-16",
		 "1.2.840.113549.1.1.10");
	KEY_TEXT("\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
		 "EC-P256", "EC-P256");
	KEY_TEXT("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22", "EC-P384",
		 "EC-P384");
	KEY_TEXT("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23", "EC-P521",
		 "EC-P521");
	KEY_TEXT("\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a",
		 "EC-secp256k1", "EC-1.3.132.0.10");
	KEY_TEXT("\x30\x0b\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30\x00", "EC", "1.2.840.10045.2.1");
	KEY_TEXT("\x30\x05\x06\x03\x2b\x65\x70", "Ed25519", "Ed25519");
	KEY_TEXT("\x30\x05\x06\x03\x2b\x65\x71", "Ed448", "Ed448");
	KEY_TEXT("\x30\x05\x06\x03\x2b\x65\x6e", "X25519", "1.3.101.110");
	KEY_TEXT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12", "ML-DSA-65",
		 "2.16.840.1.101.3.4.3.18");
	KEY_TEXT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x1a", "SLH-DSA-SHAKE-128s",
		 "2.16.840.1.101.3.4.3.26");
	KEY_TEXT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x02", "ML-KEM-768",
		 "2.16.840.1.101.3.4.4.2");
	KEY_TEXT("\x30\x0f\x06\x07\x2a\x86\x48\xce\x38\x04\x01\x30\x04\x02\x02\x04\x00", "DSA-11",
		 "1.2.840.10040.4.1");
	KEY_TEXT("\x30\x05\x06\x03\x2a\x03\x04", "1.2.3.4", "1.2.3.4");
	KEY_TEXT("\x30\x02\x05\x00", "?", "");
	KEY_TEXT("", "?", "");
}
END_TEST

static void sig_text(const char *algid, size_t n, const char *want)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_algid_sig_text((struct kst_bytes){ (const uint8_t *)algid, n }, &out);
	ck_assert_str_eq((const char *)out.data, want);
}
#define SIG_TEXT(literal, want) sig_text(literal, sizeof(literal) - 1, want)

START_TEST(signatures_have_short_names)
{
	SIG_TEXT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00", "RSA-SHA256");
	SIG_TEXT("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03", "ECDSA-SHA384");
	SIG_TEXT("\x30\x05\x06\x03\x2b\x65\x70", "Ed25519");
	SIG_TEXT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x13", "ML-DSA-87");
	SIG_TEXT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x00", "RSA-PSS-SHA1");
	SIG_TEXT("\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x0f\xa0\x0d\x30\x0b\x06\x09"
		 "\x60\x86\x48\x01\x65\x03\x04\x02\x01",
		 "RSA-PSS-SHA256");
	SIG_TEXT("\x30\x08\x06\x06\x2a\x85\x03\x02\x02\x03", "GOST R 34.11-94 with GOST R 34.10-2001");
	SIG_TEXT("\x30\x05\x06\x03\x2a\x03\x04", "1.2.3.4");
	SIG_TEXT("\x30\x00", "?");
}
END_TEST

/* The table's bytes against OpenSSL's, for all that this OpenSSL knows. */
START_TEST(the_tables_agree_with_openssl)
{
	static const struct {
		const char *ours;
		int nid;
	} sig[] = {
		{ "RSA-MD5", NID_md5WithRSAEncryption },      { "RSA-SHA1", NID_sha1WithRSAEncryption },
		{ "RSA-SHA1", NID_sha1WithRSA },              { "RSA-SHA224", NID_sha224WithRSAEncryption },
		{ "RSA-SHA384", NID_sha384WithRSAEncryption }, { "RSA-SHA512", NID_sha512WithRSAEncryption },
		{ "RSA-SHA3-256", NID_RSA_SHA3_256 },         { "ECDSA-SHA1", NID_ecdsa_with_SHA1 },
		{ "ECDSA-SHA256", NID_ecdsa_with_SHA256 },    { "ECDSA-SHA512", NID_ecdsa_with_SHA512 },
		{ "ECDSA-SHA3-512", NID_ecdsa_with_SHA3_512 }, { "DSA-SHA1", NID_dsaWithSHA1 },
		{ "DSA-SHA256", NID_dsa_with_SHA256 },        { "Ed448", NID_ED448 },
	}, key[] = {
		{ "RSA", NID_rsaEncryption },    { "RSA-PSS", NID_rsassaPss }, { "EC", NID_X9_62_id_ecPublicKey },
		{ "Ed25519", NID_ED25519 },      { "X448", NID_X448 },         { "DSA", NID_dsa },
		{ "DH", NID_dhKeyAgreement },    { "DHX", NID_dhpublicnumber },
	};
	for (size_t i = 0; i < sizeof(sig) / sizeof(sig[0]); i++) {
		const ASN1_OBJECT *o = OBJ_nid2obj(sig[i].nid);
		const char *name = kst_sig_alg_name((struct kst_bytes){ OBJ_get0_data(o), OBJ_length(o) });
		ck_assert_ptr_nonnull(name);
		ck_assert_str_eq(name, sig[i].ours);
	}
	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		const ASN1_OBJECT *o = OBJ_nid2obj(key[i].nid);
		const char *name = kst_key_alg_name((struct kst_bytes){ OBJ_get0_data(o), OBJ_length(o) });
		ck_assert_ptr_nonnull(name);
		ck_assert_str_eq(name, key[i].ours);
	}
}
END_TEST

Suite *test_der(void);
Suite *test_der(void)
{
	Suite *s = suite_create("der");
	TCase *t = tcase_create("der");
	tcase_add_test(t, elements_come_one_after_the_other);
	tcase_add_test(t, what_is_malformed_leaves_the_cursor_and_no_errors);
	tcase_add_test(t, errors_of_others_stay_in_the_queue);
	tcase_add_test(t, indefinite_lengths_end_at_their_own_end);
	tcase_add_test(t, nesting_has_a_limit);
	tcase_add_test(t, pieces_of_an_octet_string_are_joined);
	tcase_add_test(t, integers_have_bits);
	tcase_add_test(t, what_is_written_can_be_read);
	tcase_add_test(t, object_identifiers_go_both_ways);
	tcase_add_test(t, rubbish_is_no_object_identifier);
	tcase_add_test(t, keys_have_the_texts_of_the_format);
	tcase_add_test(t, signatures_have_short_names);
	tcase_add_test(t, the_tables_agree_with_openssl);
	suite_add_tcase(s, t);
	return s;
}
