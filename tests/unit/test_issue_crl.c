/* SPDX-License-Identifier: ISC */
/* test_issue_crl.c - revocation lists of a CA, field by field (RFC 5280 5), and before those who read them */
#include "issue_kit.h"

#include <openssl/pem.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static const struct kst_crl_entry revoked[] = {
	{ { 0x01 }, 1, NOW - 3 * DAY, -1 },
	{ { 0xff, 0x02 }, 2, NOW - 2 * DAY, 0 },
	{ { 0x7f, [15] = 9 }, 16, NOW - DAY, 1 },
	{ { 0x03 }, 1, INT64_C(2524608000), 10 },
	{ { 0x04 }, 1, NOW, 6 },
};
static const struct kst_crl_make how = { 7, NOW, NOW + 30 * DAY, revoked, NR(revoked) };

static X509_CRL *make(const struct ca_kit *ca, const struct kst_crl_make *m, struct kst_buf *der, struct kst_error *err)
{
	struct kst_buf tbs KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_crl_build(&tbs, m, ca->cert, ca->key, err) < 0 ||
	    kst_crl_sign(der, (struct kst_bytes){ tbs.data, tbs.len }, ca->cert, ca->key, err) < 0)
		return NULL;
	const unsigned char *p = der->data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der->len);
	ck_assert_ptr_nonnull(crl);
	ck_assert_ptr_eq(p, der->data + der->len);
	return crl;
}

static void hold_entry(X509_REVOKED *r, const struct kst_crl_entry *want)
{
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(r), NULL), *its = BN_bin2bn(want->serial, (int)want->serial_len, NULL);
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
	struct tm tm = { 0 };

	ck_assert_int_eq(BN_cmp(serial, its), 0);
	ck_assert_int_eq(ASN1_TIME_to_tm(X509_REVOKED_get0_revocationDate(r), &tm), 1);
	ck_assert_int_eq(timegm(&tm), want->when);
	/* "unspecified" SHOULD be left out (5.3.1); a reason is never critical. */
	ck_assert_int_eq(!reason, want->reason <= 0);
	ck_assert_int_eq(X509_REVOKED_get_ext_count(r), want->reason > 0);
	if (reason) {
		ck_assert_int_eq(ASN1_ENUMERATED_get(reason), want->reason);
		ck_assert_int_eq(X509_EXTENSION_get_critical(X509_REVOKED_get_ext(r, 0)), 0);
	}
	ASN1_ENUMERATED_free(reason);
	BN_free(serial);
	BN_free(its);
}

static const char *const algs[] = { "p256", "p384", "ed25519", "rsa:2048", "rsa-pss:2048" };

START_TEST(a_list_has_the_fields_of_rfc_5280_and_no_more)
{
	struct ca_kit ca = kit_root(algs[_i]);
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	X509_CRL *crl = make(&ca, &how, &der, &err);

	ck_assert_msg(crl != NULL, "%s", err.message);
	X509 *x = kit_x509(ca.cert);
	ck_assert_int_eq(X509_CRL_verify(crl, X509_get0_pubkey(x)), 1);
	ck_assert_int_eq(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
	ck_assert_int_eq(X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(x)), 0);
	struct tm from = { 0 }, to = { 0 };
	ck_assert(ASN1_TIME_to_tm(X509_CRL_get0_lastUpdate(crl), &from) && ASN1_TIME_to_tm(X509_CRL_get0_nextUpdate(crl), &to));
	ck_assert_int_eq(timegm(&from), how.this_update);
	ck_assert_int_eq(timegm(&to), how.next_update);
	/* authorityKeyIdentifier and cRLNumber MUST be there (5.2.1, 5.2.3), neither critical. */
	ck_assert_int_eq(X509_CRL_get_ext_count(crl), 2);
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	AUTHORITY_KEYID *aki = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	ck_assert_int_eq(ASN1_INTEGER_get(number), 7);
	ck_assert_int_eq(ASN1_OCTET_STRING_cmp(aki->keyid, X509_get0_subject_key_id(x)), 0);
	ck_assert(!aki->issuer && !aki->serial);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)), 0);
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);
	ck_assert_int_eq(sk_X509_REVOKED_num(list), NR(revoked));
	for (int i = 0; i < (int)NR(revoked); i++)
		hold_entry(sk_X509_REVOKED_value(list, i), &revoked[i]);
	/* Encoded anew it is the same. */
	unsigned char *again = NULL;
	i2d_re_X509_CRL_tbs(crl, NULL);
	int n = i2d_X509_CRL(crl, &again);
	ck_assert(n > 0 && (size_t)n == der.len && !memcmp(again, der.data, der.len));
	OPENSSL_free(again);
	ASN1_INTEGER_free(number);
	AUTHORITY_KEYID_free(aki);
	X509_CRL_free(crl);
	X509_free(x);
	kit_free(&ca);
}
END_TEST

/* 5.1.2.6: where nothing is revoked, the list is not empty but absent. */
START_TEST(an_empty_list_is_absent_and_numbers_grow_to_64_bits)
{
	struct ca_kit ca = kit_root("p256");
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_crl_make m = { UINT64_MAX, NOW, NOW + DAY, NULL, 0 };
	X509_CRL *crl = make(&ca, &m, &der, NULL);
	uint64_t n = 0;

	ck_assert_ptr_null(X509_CRL_get_REVOKED(crl));
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	ck_assert_int_eq(ASN1_INTEGER_get_uint64(&n, number), 1);
	ck_assert(n == UINT64_MAX);
	ASN1_INTEGER_free(number);
	X509_CRL_free(crl);
	kit_free(&ca);
}
END_TEST

static enum kst_code refused(const struct ca_kit *ca, const struct kst_crl_make *m)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_ptr_null(make(ca, m, &der, &err));
	ck_assert_uint_eq(der.len, 0);
	return err.code;
}

START_TEST(lists_that_nobody_could_use_are_not_signed)
{
	static const int bad_reason[] = { -2, 7, 8, 11 };
	struct ca_kit ca = kit_root("p256"), other = kit_root("p256");
	struct ca_kit crossed = { .key = other.key, .cert = ca.cert };
	struct kst_crl_entry e = revoked[0];
	struct kst_crl_make m = how;

	ck_assert_int_eq(refused(&crossed, &how), KST_E_KEY_MISMATCH);
	m.next_update = m.this_update;
	ck_assert_int_eq(refused(&ca, &m), KST_E_BAD_VALUE);
	m = how;
	m.entry = &e;
	m.nr = 1;
	for (size_t i = 0; i < NR(bad_reason); i++) {
		e.reason = bad_reason[i];
		ck_assert_int_eq(refused(&ca, &m), KST_E_BAD_VALUE);
	}
	e = revoked[0];
	e.serial_len = 0;
	ck_assert_int_eq(refused(&ca, &m), KST_E_BAD_VALUE);
	/* A key that may not sign lists: a leaf's. */
	struct kst_key *key = kit_key("p256");
	struct kst_issue leaf = kit_how(KST_PROFILE_CLIENT, "CN=x", key);
	struct ca_kit no_ca = { .key = key, .cert = kit_issue(&leaf, &ca, NULL) };
	ck_assert_int_eq(refused(&no_ca, &how), KST_E_NOT_A_CA);
	kit_free(&no_ca);
	kit_free(&other);
	kit_free(&ca);
}
END_TEST

Suite *test_issue_crl(void)
{
	Suite *s = suite_create("issue_crl");
	TCase *t = tcase_create("issue_crl");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_list_has_the_fields_of_rfc_5280_and_no_more, 0, (int)NR(algs));
	tcase_add_test(t, an_empty_list_is_absent_and_numbers_grow_to_64_bits);
	tcase_add_test(t, lists_that_nobody_could_use_are_not_signed);
	suite_add_tcase(s, t);
	return s;
}
