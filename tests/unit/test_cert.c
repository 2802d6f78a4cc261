/* SPDX-License-Identifier: ISC */
/*
 * test_cert.c - certificates against OpenSSL's own answers: those of the system,
 * those of the corpora, and made ones with what is not found there
 */
#include <check.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "crypto/cert_impl.h"
#include "crypto/cert_x509.h"
#include "certs.h"
#include "harvest.h"

/* ---- OpenSSL's answers ---- */

static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;
	ck_assert_int_eq(ASN1_TIME_to_tm(t, &tm), 1);
	return timegm(&tm);
}

static void same_key(const char *path, X509 *x, const struct kst_cert *cert)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	EVP_PKEY *key = X509_get0_pubkey(x);
	char want[128], curve[64];
	kst_cert_key_text(cert, false, &out);
	ck_assert_uint_gt(out.len, 0);
	if (!key)
		return;
	if (EVP_PKEY_is_a(key, "RSA"))
		snprintf(want, sizeof(want), "RSA-%d", EVP_PKEY_get_bits(key));
	else if (EVP_PKEY_is_a(key, "RSA-PSS"))
		snprintf(want, sizeof(want), "RSA-PSS-%d", EVP_PKEY_get_bits(key));
	else if (EVP_PKEY_is_a(key, "DSA"))
		snprintf(want, sizeof(want), "DSA-%d", EVP_PKEY_get_bits(key));
	else if (EVP_PKEY_is_a(key, "ED25519"))
		snprintf(want, sizeof(want), "Ed25519");
	else if (EVP_PKEY_is_a(key, "ED448"))
		snprintf(want, sizeof(want), "Ed448");
	else if (EVP_PKEY_is_a(key, "EC")) {
		if (!EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) ||
		    !strcmp((char *)out.data, "EC")) /* explicit parameters: OpenSSL finds the name */
			return;
		snprintf(want, sizeof(want), "EC-%s",
			 !strcmp(curve, "prime256v1")	? "P256"
			 : !strcmp(curve, "secp384r1") ? "P384"
			 : !strcmp(curve, "secp521r1") ? "P521"
							 : curve);
	} else
		return;
	ck_assert_msg(!strcmp((char *)out.data, want), "%s: %s %s", path, (char *)out.data, want);
}

static void same_usages(const char *path, X509 *x, const struct kst_cert *cert)
{
	static const char *const ku[] = { "digitalSignature", "nonRepudiation", "keyEncipherment",
					  "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign",
					  "encipherOnly", "decipherOnly" };
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT, want KST_SCRATCH_BUF = KST_BUF_INIT;
	ASN1_BIT_STRING *bits = X509_get_ext_d2i(x, NID_key_usage, NULL, NULL);
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	kst_buf_puts(&want, "");
	for (int i = 0; bits && i < 9; i++)
		if (ASN1_BIT_STRING_get_bit(bits, i))
			kst_buf_printf(&want, "%s%s", want.len ? " " : "", ku[i]);
	const char *ours = text(kst_cert_key_usage, cert, &out);
	if (bits || X509_get_ext_by_NID(x, NID_key_usage, -1) < 0)
		ck_assert_msg(!strcmp(ours, (char *)want.data), "%s: %s", path, ours);
	ASN1_BIT_STRING_free(bits);

	kst_buf_reset(&want);
	kst_buf_puts(&want, "");
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
		char oid[80];
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i));
		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(eku, i), 1);
		const char *sn = nid ? OBJ_nid2sn(nid) : oid;
		kst_buf_printf(&want, "%s%s", i ? " " : "", strchr(sn, ' ') ? oid : sn);
	}
	ours = text(kst_cert_ext_key_usage, cert, &out);
	if (eku)
		ck_assert_msg(!strcmp(ours, (char *)want.data), "%s: %s, %s", path, ours, (char *)want.data);
	EXTENDED_KEY_USAGE_free(eku);
}

static int count_named(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	ck_assert_ptr_nonnull(value);
	ck_assert(kst_utf8_valid(value, len) && strlen(value) == len);
	*(size_t *)ctx += type != KST_SAN_OTHER;
	return 0;
}

static void same_sans(const char *path, X509 *x, const struct kst_cert *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t want = 0, called = 0;
	const GENERAL_NAME *dns = NULL;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		want += n->type == GEN_DNS || n->type == GEN_URI || n->type == GEN_EMAIL ||
			(n->type == GEN_IPADD && (n->d.ip->length == 4 || n->d.ip->length == 16));
		if (n->type == GEN_DNS && !dns && ASN1_STRING_length(n->d.ia5))
			dns = n;
	}
	ck_assert_int_eq(kst_cert_each_san(cert, count_named, &called), 0);
	ck_assert_uint_eq(called, kst_cert_san_count(cert));
	if (names)
		ck_assert_msg(kst_cert_san_count(cert) == want, "%s", path);
	if (dns) {
		size_t n = (size_t)ASN1_STRING_length(dns->d.ia5);
		const char *ours = text(kst_cert_name, cert, &out);
		ck_assert_msg(strlen(ours) != n || !memcmp(ours, ASN1_STRING_get0_data(dns->d.ia5), n), "%s",
			      path);
	}
	GENERAL_NAMES_free(names);
}

static int count_rdn(void *ctx, const char *type, const char *value)
{
	ck_assert(*type && kst_utf8_valid(type, strlen(type)) && kst_utf8_valid(value, strlen(value)));
	++*(int *)ctx;
	return 0;
}

static void same_extensions(const char *path, X509 *x, const struct kst_cert *cert)
{
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *e = X509_get_ext(x, i);
		ASN1_OCTET_STRING *v = X509_EXTENSION_get_data(e);
		char oid[200];
		bool critical;
		OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(e), 1);
		if (X509_get_ext_by_OBJ(x, X509_EXTENSION_get_object(e), -1) != i)
			continue; /* a second one of its kind */
		struct kst_bytes b = kst_cert_extension(cert, oid, &critical);
		ck_assert_msg(b.len == (size_t)ASN1_STRING_length(v) &&
				      (!b.len || !memcmp(b.data, ASN1_STRING_get0_data(v), b.len)),
			      "%s: %s", path, oid);
		ck_assert_msg(critical == (X509_EXTENSION_get_critical(e) > 0), "%s: %s", path, oid);
	}
}

struct tally {
	unsigned good, refused, only_openssl;
};

static void compare(void *ctx, const char *path, const uint8_t *der, size_t len)
{
	struct tally *tally = ctx;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_cert *cert = NULL;
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	const uint8_t *p = der;
	uint8_t want[32], got[32];
	unsigned n;
	int rdns = 0;
	X509 *x = d2i_X509(NULL, &p, (long)len);
	bool trailing = x && p != der + len;
	ERR_clear_error();
	if (kst_cert_new(&cert, der, len, &err) < 0) {
		ck_assert_int_eq(err.code, KST_E_BAD_CERT);
		ck_assert(!cert);
		tally->refused++;
		tally->only_openssl += x && !trailing;
		if (x && !trailing)
			printf("  only openssl reads %s: %s\n", path, err.message);
		X509_free(x);
		return;
	}
	tally->good++;
	ck_assert_msg(!trailing, "%s", path);
	ck_assert_uint_eq(kst_cert_der(cert).len, len);
	ck_assert_mem_eq(kst_cert_der(cert).data, der, len);
	/* What asks for text never fails, whatever is in there. */
	text(kst_cert_sig_text, cert, &out);
	text(kst_cert_sig_alg, cert, &out);
	text(kst_cert_full_text, cert, &out);
	text(kst_cert_issuer_name, cert, &out);
	ck_assert(kst_utf8_valid(out.data, out.len));
	text(kst_cert_name, cert, &out);
	ck_assert(kst_utf8_valid(out.data, out.len));
	ck_assert_ptr_eq(kst_cert_x509(cert), kst_cert_x509(cert));
	ck_assert_msg(!x == !kst_cert_x509(cert), "%s", path);
	if (!x) {
		kst_cert_free(cert);
		return;
	}
	ck_assert_int_eq(X509_digest(x, EVP_sha256(), want, &n), 1);
	ck_assert_mem_eq(kst_cert_sha256(cert), want, 32);
	X509_digest(x, EVP_sha1(), want, &n);
	kst_cert_sha1(cert, got);
	ck_assert_mem_eq(got, want, 20);
	ck_assert_msg(kst_cert_not_before(cert) == seconds(X509_get0_notBefore(x)), "%s", path);
	ck_assert_msg(kst_cert_not_after(cert) == seconds(X509_get0_notAfter(x)), "%s", path);
	same_name(path, X509_get_subject_name(x), text(kst_cert_subject, cert, &out));
	same_name(path, X509_get_issuer_name(x), text(kst_cert_issuer, cert, &out));
	ck_assert_int_eq(kst_cert_is_self_issued(cert),
			 X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0);
	kst_cert_each_rdn(cert, false, count_rdn, &rdns);
	ck_assert_msg(rdns == X509_NAME_entry_count(X509_get_subject_name(x)), "%s", path);
	if (kst_cert_is_self_issued(cert))
		ck_assert_uint_eq(kst_cert_subject_hash(cert), kst_cert_issuer_hash(cert));
	unsigned char *spki = NULL;
	int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
	ck_assert_uint_eq(kst_cert_spki(cert).len, (size_t)spki_len);
	ck_assert_mem_eq(kst_cert_spki(cert).data, spki, (size_t)spki_len);
	OPENSSL_free(spki);
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	struct kst_bytes serial = kst_cert_serial(cert);
	if (!(serial.data[0] & 0x80))
		ck_assert_uint_eq(kst_der_int_bits(serial), (size_t)BN_num_bits(bn));
	BN_free(bn);
	same_key(path, x, cert);
	BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(x, NID_basic_constraints, NULL, NULL);
	if (bc)
		ck_assert_int_eq(kst_cert_is_ca(cert), bc->ca != 0);
	else if (X509_get_ext_by_NID(x, NID_basic_constraints, -1) < 0)
		ck_assert_int_eq(kst_cert_is_ca(cert),
				 X509_get_version(x) == 0 && kst_cert_is_self_issued(cert));
	BASIC_CONSTRAINTS_free(bc);
	same_usages(path, x, cert);
	same_sans(path, x, cert);
	same_extensions(path, x, cert);
	/* Self-signed or not, as OpenSSL sees it, where it can see. */
	if (kst_cert_is_self_issued(cert) && X509_get0_pubkey(x) && X509_verify(x, X509_get0_pubkey(x)) == 1)
		ck_assert_msg(kst_cert_issued_by(cert, cert), "%s", path);
	ERR_clear_error();
	X509_free(x);
	kst_cert_free(cert);
}

START_TEST(the_systems_cas_are_read_as_openssl_reads_them)
{
	struct tally t = { 0 };
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!corpora_slurp(SYSTEM_BUNDLE, &file)) {
		printf("skipped: no %s\n", SYSTEM_BUNDLE);
		return;
	}
	harvest_pem(SYSTEM_BUNDLE, (char *)file.data, compare, &t);
	ck_assert_uint_gt(t.good, 100);
	ck_assert_uint_eq(t.refused, 0);
}
END_TEST

START_TEST(the_corpora_are_read_as_openssl_reads_them)
{
	struct tally t = { 0 };
	if (!harvest_corpora(compare, &t))
		return;
	printf("corpora: %u certificates alike, %u refused, %u of them read by openssl\n", t.good, t.refused,
	       t.only_openssl);
	ck_assert_uint_gt(t.good, 300);
	ck_assert_uint_le(t.only_openssl, 10);
}
END_TEST

/* ---- damaged ones ---- */

static void use_all(struct kst_cert *c)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t n = 0;
	int m = 0;
	text(kst_cert_name, c, &out);
	text(kst_cert_issuer_name, c, &out);
	text(kst_cert_subject, c, &out);
	text(kst_cert_key_usage, c, &out);
	text(kst_cert_ext_key_usage, c, &out);
	text(kst_cert_sig_text, c, &out);
	kst_cert_key_text(c, true, &out);
	kst_cert_key_text(c, false, &out);
	kst_cert_is_ca(c);
	kst_cert_each_san(c, count_named, &n);
	kst_cert_each_rdn(c, false, count_rdn, &m);
}

START_TEST(no_damaged_byte_crashes_or_leaves_errors)
{
	struct kst_cert *c = sample(), *bad;
	struct kst_bytes der = kst_cert_der(c);
	uint8_t *copy = kst_malloc(der.len);
	unsigned good = 0, refused = 0;
	for (size_t i = 0; i < der.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct kst_error err = KST_ERROR_INIT;
			memcpy(copy, der.data, der.len);
			copy[i] ^= (uint8_t)(1 << bit);
			if (kst_cert_new(&bad, copy, der.len, &err) == 0) {
				good++;
				use_all(bad);
				if (bit == 0)
					kst_cert_issued_by(bad, c);
				kst_cert_free(bad);
			} else {
				refused++;
				ck_assert_int_eq(err.code, KST_E_BAD_CERT);
			}
		}
	ck_assert_uint_gt(good, 100);
	ck_assert_uint_gt(refused, 100);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	kst_free(copy);
	kst_cert_free(c);
}
END_TEST

START_TEST(a_certificate_cut_short_or_continued_is_refused_and_the_byte_is_named)
{
	struct kst_cert *c = sample(), *bad = NULL;
	struct kst_bytes der = kst_cert_der(c);
	uint8_t *longer = kst_malloc(der.len + 1);
	struct kst_error err = KST_ERROR_INIT;
	char want[64];
	for (size_t n = 0; n < der.len; n++)
		ck_assert_int_eq(kst_cert_new(&bad, der.data, n, NULL), -1);
	memcpy(longer, der.data, der.len);
	longer[der.len] = 0;
	ck_assert_int_eq(kst_cert_new(&bad, longer, der.len + 1, &err), -1);
	ck_assert_int_eq(err.code, KST_E_BAD_CERT);
	snprintf(want, sizeof(want), "(byte %zu of %zu)", der.len, der.len + 1);
	ck_assert_ptr_nonnull(strstr(err.message, want));
	ck_assert_ptr_null(bad);
	kst_free(longer);
	kst_cert_free(c);
}
END_TEST

START_TEST(indefinite_lengths_are_refused)
{
	struct kst_cert *c = sample(), *bad;
	struct kst_bytes der = kst_cert_der(c);
	struct kst_der_item item;
	struct kst_buf ber KST_SCRATCH_BUF = KST_BUF_INIT;
	ck_assert_int_eq(kst_der_whole(der.data, der.len, KST_DER_SEQUENCE, &item), 0);
	kst_buf_put(&ber, "\x30\x80", 2);
	kst_buf_put(&ber, item.body.data, item.body.len);
	kst_buf_put(&ber, "\x00\x00", 2);
	ck_assert_int_eq(kst_der_whole(ber.data, ber.len, KST_DER_SEQUENCE, &item), 0);
	ck_assert_int_eq(kst_cert_new(&bad, ber.data, ber.len, NULL), -1);
	kst_cert_free(c);
}
END_TEST

/* ---- made ones ---- */

START_TEST(a_v1_root_is_a_ca_and_a_v1_leaf_is_not)
{
	struct party root = party_new("root", NULL, 1, NULL), leaf = party_new("leaf", NULL, 0, &root);
	struct party *both[] = { &root, &leaf };
	for (int i = 0; i < 2; i++) {
		struct kst_cert *c;
		while (X509_get_ext_count(both[i]->cert) > 0)
			X509_EXTENSION_free(X509_delete_ext(both[i]->cert, 0));
		X509_set_version(both[i]->cert, 0);
		X509_sign(both[i]->cert, root.key, EVP_sha256());
		c = party_cert(both[i]);
		ck_assert_int_eq(kst_cert_is_ca(c), i == 0);
		kst_cert_free(c);
	}
	party_free(&root);
	party_free(&leaf);
}
END_TEST

START_TEST(a_v3_certificate_without_basic_constraints_is_no_ca)
{
	struct party p = party_new("self", NULL, 1, NULL);
	X509_EXTENSION_free(X509_delete_ext(p.cert, X509_get_ext_by_NID(p.cert, NID_basic_constraints, -1)));
	X509_sign(p.cert, p.key, EVP_sha256());
	struct kst_cert *c = party_cert(&p);
	ck_assert(kst_cert_is_self_issued(c));
	ck_assert(!kst_cert_is_ca(c));
	kst_cert_free(c);
	party_free(&p);
}
END_TEST

START_TEST(a_negative_serial_and_a_date_before_1970_are_fine)
{
	struct party p = party_new("x", NULL, 0, NULL);
	struct kst_cert *c;
	ASN1_INTEGER_set(X509_get_serialNumber(p.cert), -2);
	ck_assert_int_eq(ASN1_TIME_set_string(X509_getm_notBefore(p.cert), "19600101000000Z"), 1);
	ck_assert_int_eq(ASN1_TIME_set_string(X509_getm_notAfter(p.cert), "99991231235959Z"), 1);
	X509_sign(p.cert, p.key, EVP_sha256());
	c = party_cert(&p);
	ck_assert_uint_eq(kst_cert_serial(c).len, 1);
	ck_assert_uint_eq(kst_cert_serial(c).data[0], 0xfe);
	ck_assert_int_eq(kst_cert_not_before(c), -315619200);
	ck_assert_int_eq(kst_cert_not_after(c), KST_TIME_NEVER);
	kst_cert_free(c);
	party_free(&p);
}
END_TEST

START_TEST(a_date_that_is_none_is_refused)
{
	struct kst_cert *c = sample(), *bad;
	struct kst_bytes der = kst_cert_der(c);
	uint8_t *copy = kst_malloc(der.len);
	struct kst_error err = KST_ERROR_INIT;
	memcpy(copy, der.data, der.len);
	for (size_t i = 0; i + 2 < der.len; i++)
		if (copy[i] == V_ASN1_UTCTIME && copy[i + 1] == 13) {
			memcpy(copy + i + 2, "991399", 6); /* the 99th of month 13 */
			break;
		}
	ck_assert_int_eq(kst_cert_new(&bad, copy, der.len, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "the validity"));
	kst_free(copy);
	kst_cert_free(c);
}
END_TEST

START_TEST(owners_are_counted)
{
	struct kst_cert *c = sample(), *again = NULL;
	size_t with;
	struct kst_bytes der = kst_cert_der(c);
	ck_assert_ptr_eq(kst_cert_ref(c), c);
	kst_cert_free(c);
	ck_assert_int_eq(kst_cert_new(&again, der.data, der.len, NULL), 0);
	ck_assert(kst_cert_equal(c, again));
	ck_assert(!kst_cert_equal(c, NULL));
	with = kst_alloc_live();
	kst_cert_free(again);
	ck_assert_uint_lt(kst_alloc_live(), with);
	kst_cert_free(c);
	kst_cert_free(NULL);
}
END_TEST

START_TEST(without_memory_there_is_an_error_and_no_certificate)
{
	struct kst_cert *c = sample(), *other = NULL;
	struct kst_bytes der = kst_cert_der(c);
	struct kst_error err = KST_ERROR_INIT;
	kst_alloc_fail_after(1);
	int ret = kst_cert_new(&other, der.data, der.len, &err);
	kst_alloc_fail_after(0);
	ck_assert_int_eq(ret, -1);
	ck_assert_int_eq(err.code, KST_E_NO_MEMORY);
	ck_assert_ptr_null(other);
	kst_cert_free(c);
}
END_TEST

START_TEST(an_object_of_openssl_becomes_the_same_certificate)
{
	struct kst_cert *c = sample(), *d = NULL;
	ck_assert_int_eq(kst_cert_from_x509(&d, kst_cert_x509(c), NULL), 0);
	ck_assert(kst_cert_equal(c, d));
	ck_assert_mem_eq(kst_cert_sha256(c), kst_cert_sha256(d), 32);
	kst_cert_free(c);
	kst_cert_free(d);
}
END_TEST

Suite *test_cert(void);
Suite *test_cert(void)
{
	Suite *s = suite_create("cert");
	TCase *t = tcase_create("cert");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_systems_cas_are_read_as_openssl_reads_them);
	tcase_add_test(t, the_corpora_are_read_as_openssl_reads_them);
	tcase_add_test(t, no_damaged_byte_crashes_or_leaves_errors);
	tcase_add_test(t, a_certificate_cut_short_or_continued_is_refused_and_the_byte_is_named);
	tcase_add_test(t, indefinite_lengths_are_refused);
	tcase_add_test(t, a_v1_root_is_a_ca_and_a_v1_leaf_is_not);
	tcase_add_test(t, a_v3_certificate_without_basic_constraints_is_no_ca);
	tcase_add_test(t, a_negative_serial_and_a_date_before_1970_are_fine);
	tcase_add_test(t, a_date_that_is_none_is_refused);
	tcase_add_test(t, owners_are_counted);
	tcase_add_test(t, without_memory_there_is_an_error_and_no_certificate);
	tcase_add_test(t, an_object_of_openssl_becomes_the_same_certificate);
	suite_add_tcase(s, t);
	return s;
}
