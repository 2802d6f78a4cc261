/* SPDX-License-Identifier: ISC */
/*
 * test_profiles.c - each profile held, field by field, against RFC 5280 and the CA/Browser Forum's Baseline
 * Requirements (BR, TLS), and shown to those who judge certificates: OpenSSL's strict verification,
 * GnuTLS, NSS
 *
 * What a private CA cannot claim is left out on purpose: certificatePolicies with the Forum's OIDs (BR 7.1.6), and
 * signed certificate timestamps (RFC 6962).  An extension that is not in the table of a profile is a fault.
 */
#include "issue_kit.h"

#include <openssl/pem.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include "kstool/time.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static const struct kst_issue_san all_sans[] = {
	{ KST_SAN_DNS, "web.acme.test" },   { KST_SAN_DNS, "*.apps.acme.test" },	   { KST_SAN_IP, "10.1.2.3" },
	{ KST_SAN_IP, "2001:db8::1" },	    { KST_SAN_URI, "spiffe://acme.test/ns/prod/web" }, { KST_SAN_EMAIL, "ops@acme.test" },
	{ KST_SAN_DNS, "web.acme.test" }, /* once more: it is written once */
};
static const char *const permitted[] = { "DNS:acme.test", "IP:10.0.0.0/8", "IP:2001:db8::/32", "email:acme.test", "URI:acme.test",
					 "DN:O=Acme",	  NULL };
static const char *const excluded[] = { "DNS:secret.acme.test", NULL };

/* ---- the tables ---- */

enum { MUST_BE_CRITICAL = 1, NOT_CRITICAL = 0 };
struct want_ext {
	int nid, critical;
	const char *by;
};
#define AKI { NID_authority_key_identifier, NOT_CRITICAL, "RFC 5280 4.2.1.1" }
#define SKI { NID_subject_key_identifier, NOT_CRITICAL, "RFC 5280 4.2.1.2" }
#define KU { NID_key_usage, MUST_BE_CRITICAL, "RFC 5280 4.2.1.3" }
#define SAN { NID_subject_alt_name, NOT_CRITICAL, "RFC 5280 4.2.1.6" }
#define SAN_CRITICAL { NID_subject_alt_name, MUST_BE_CRITICAL, "RFC 5280 4.2.1.6: the subject is empty" }
#define BC { NID_basic_constraints, MUST_BE_CRITICAL, "RFC 5280 4.2.1.9" }
#define NC { NID_name_constraints, MUST_BE_CRITICAL, "RFC 5280 4.2.1.10" }
#define EKU { NID_ext_key_usage, NOT_CRITICAL, "BR 7.1.2.7.10" }
#define CRLDP { NID_crl_distribution_points, NOT_CRITICAL, "RFC 5280 4.2.1.13" }
#define AIA { NID_info_access, NOT_CRITICAL, "RFC 5280 4.2.2.1" }
#define STAPLE { NID_tlsfeature, NOT_CRITICAL, "RFC 7633 4" }
#define SIGN KU_DIGITAL_SIGNATURE
#define ENCIPHER KU_KEY_ENCIPHERMENT

static const struct want {
	enum kst_profile profile;
	const char *name, *subject;
	bool names; /* all_sans */
	bool places, staple, constrained;
	unsigned usage, usage_rsa; /* with a key for RSA, which also enciphers */
	unsigned purposes;	   /* XKU_ */
	struct want_ext ext[12];
} profiles[] = {
	{ KST_PROFILE_ROOT, "root", "CN=Acme Root,O=Acme,C=DE", false, true, false, false, KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	  KU_KEY_CERT_SIGN | KU_CRL_SIGN, 0, { AKI, SKI, KU, BC } },
	{ KST_PROFILE_CA, "ca", "CN=Acme CA,O=Acme", false, true, false, false, KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	  KU_KEY_CERT_SIGN | KU_CRL_SIGN, XKU_SSL_SERVER | XKU_SSL_CLIENT, { AKI, SKI, KU, BC, EKU, CRLDP, AIA } },
	{ KST_PROFILE_CA, "ca-constrained", "CN=Acme CA,O=Acme", false, false, false, true, KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	  KU_KEY_CERT_SIGN | KU_CRL_SIGN, XKU_SSL_SERVER | XKU_SSL_CLIENT, { AKI, SKI, KU, BC, EKU, NC } },
	{ KST_PROFILE_SERVER, "server", "CN=web.acme.test,O=Acme", true, true, true, false, SIGN, SIGN | ENCIPHER, XKU_SSL_SERVER,
	  { AKI, SKI, KU, BC, EKU, SAN, CRLDP, AIA, STAPLE } },
	{ KST_PROFILE_SERVER, "server-nameless", NULL, true, false, false, false, SIGN, SIGN | ENCIPHER, XKU_SSL_SERVER,
	  { AKI, SKI, KU, BC, EKU, SAN_CRITICAL } },
	{ KST_PROFILE_CLIENT, "client", "CN=Ann Other,O=Acme", true, true, false, false, SIGN, SIGN, XKU_SSL_CLIENT,
	  { AKI, SKI, KU, BC, EKU, SAN, CRLDP, AIA } },
	{ KST_PROFILE_CLIENT, "client-subject-only", "CN=Ann Other,O=Acme", false, false, false, false, SIGN, SIGN, XKU_SSL_CLIENT,
	  { AKI, SKI, KU, BC, EKU } },
	{ KST_PROFILE_BOTH, "both", "CN=web.acme.test,O=Acme", true, false, false, false, SIGN, SIGN | ENCIPHER,
	  XKU_SSL_SERVER | XKU_SSL_CLIENT, { AKI, SKI, KU, BC, EKU, SAN } },
};

/* The keys, and what they sign with (BR 7.1.3.2; RFC 8410 for EdDSA). */
static const struct {
	const char *alg, *signature;
	bool rsa;
} keys[] = { { "p256", "ecdsa-with-SHA256", false }, { "p384", "ecdsa-with-SHA384", false },
	     { "p521", "ecdsa-with-SHA512", false }, { "ed25519", "ED25519", false },
	     { "rsa:2048", "sha256WithRSAEncryption", true }, { "rsa-pss:2048", "rsassaPss", false } };

static struct kst_issue how_of(const struct want *w, struct kst_key *key)
{
	struct kst_issue how = kit_how(w->profile, w->subject, key);

	how.not_before = kst_time_now() - 3600;
	how.not_after = how.not_before + 47 * DAY;
	if (w->names) {
		how.san = all_sans;
		how.nr_san = NR(all_sans);
	}
	if (w->places) {
		how.crl_url = "http://pki.acme.test/ca.crl";
		how.ocsp_url = "http://ocsp.acme.test";
		how.issuer_url = "http://pki.acme.test/ca.crt";
	}
	how.must_staple = w->staple;
	if (w->constrained) {
		how.permitted = permitted;
		how.excluded = excluded;
	}
	if (w->profile == KST_PROFILE_CA)
		how.path_len = 0;
	return how;
}

/* ---- field by field ---- */

static void hold_encoding(const char *name, X509 *x, const struct kst_cert *cert)
{
	unsigned char *der = NULL;
	struct kst_bytes whole = kst_cert_der(cert);

	/* Decoded and encoded anew it is the same: DER throughout, no default spelled out, sets in order. */
	ck_assert_int_gt(i2d_re_X509_tbs(x, NULL), 0);
	int n = i2d_X509(x, &der);
	ck_assert_msg(n > 0 && (size_t)n == whole.len && !memcmp(der, whole.data, whole.len), "%s: not DER", name);
	OPENSSL_free(der);
}

static void hold_serial(const char *name, X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	BIGNUM *bn = ASN1_INTEGER_to_BN(serial, NULL);

	/* RFC 5280 4.1.2.2; BR 7.1: 64 bits from a CSPRNG (a shorter one comes once in 2^64). */
	ck_assert_msg(!BN_is_negative(bn) && BN_num_bits(bn) > 64 && BN_num_bits(bn) <= 128, "%s", name);
	ck_assert_int_le(i2d_ASN1_INTEGER(serial, NULL), 2 + 20);
	BN_free(bn);
}

static void hold_time(const char *name, const ASN1_TIME *t, int64_t want)
{
	struct tm tm = { 0 };

	/* RFC 5280 4.1.2.5.1 and 2: seconds, Z, UTCTime up to 2049. */
	bool utc = want < INT64_C(2524608000);
	ck_assert_msg(ASN1_STRING_type(t) == (utc ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME), "%s", name);
	ck_assert_int_eq(ASN1_STRING_length(t), utc ? 13 : 15);
	ck_assert_int_eq(ASN1_STRING_get0_data(t)[utc ? 12 : 14], 'Z');
	ck_assert_int_eq(ASN1_TIME_to_tm(t, &tm), 1);
	ck_assert_int_eq(timegm(&tm), want);
}

static void hold_name(const char *name, const X509_NAME *n)
{
	for (int i = 0; i < X509_NAME_entry_count(n); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(n, i);
		int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)), type = ASN1_STRING_type(X509_NAME_ENTRY_get_data(e));

		/* RFC 5280 4.1.2.4, appendix A.1 */
		ck_assert_msg(type == V_ASN1_UTF8STRING || type == V_ASN1_PRINTABLESTRING, "%s", name);
		ck_assert(nid != NID_countryName || (type == V_ASN1_PRINTABLESTRING &&
						       ASN1_STRING_length(X509_NAME_ENTRY_get_data(e)) == 2));
		ck_assert_int_ne(nid, NID_pkcs9_emailAddress);
	}
}

static void hold_algorithms(const char *name, X509 *x, const char *signature)
{
	const X509_ALGOR *outer;
	int type;

	X509_get0_signature(NULL, &outer, x);
	ck_assert_int_eq(X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(x)), 0);
	const ASN1_OBJECT *oid;
	X509_ALGOR_get0(&oid, &type, NULL, outer);
	ck_assert_msg(!strcmp(OBJ_nid2ln(OBJ_obj2nid(oid)), signature), "%s: %s", name, OBJ_nid2ln(OBJ_obj2nid(oid)));
	/* RFC 4055 5: NULL for RSA; RFC 5758 3.2, RFC 8410 3: absent for ECDSA and EdDSA. */
	ck_assert_int_eq(type, strstr(signature, "RSAEnc") ? V_ASN1_NULL : strstr(signature, "Pss") ? V_ASN1_SEQUENCE : V_ASN1_UNDEF);
}

static void hold_extensions(const char *name, X509 *x, const struct want *w)
{
	int nr = 0;

	for (const struct want_ext *e = w->ext; e->nid; e++, nr++) {
		int at = X509_get_ext_by_NID(x, e->nid, -1);

		ck_assert_msg(at >= 0, "%s lacks %s: %s", name, OBJ_nid2sn(e->nid), e->by);
		ck_assert_msg(X509_EXTENSION_get_critical(X509_get_ext(x, at)) == e->critical, "%s: %s is critical or not: %s", name,
			      OBJ_nid2sn(e->nid), e->by);
		ck_assert_msg(X509_get_ext_by_NID(x, e->nid, at) < 0, "%s has two %s", name, OBJ_nid2sn(e->nid));
	}
	ck_assert_msg(X509_get_ext_count(x) == nr, "%s has %d extensions instead of %d", name, X509_get_ext_count(x), nr);
}

static void hold_usages(const char *name, X509 *x, const struct want *w, bool rsa)
{
	ck_assert_msg(X509_get_key_usage(x) == (rsa ? w->usage_rsa : w->usage), "%s: key usage %#x", name, X509_get_key_usage(x));
	if (w->purposes)
		ck_assert_msg(X509_get_extended_key_usage(x) == w->purposes, "%s", name);
	bool ca = kst_profile_name(w->profile)[0] == 'r' || w->profile == KST_PROFILE_CA;
	BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(x, NID_basic_constraints, NULL, NULL);
	ck_assert_int_eq(!!bc->ca, ca);
	ck_assert_int_eq(!!bc->pathlen, w->profile == KST_PROFILE_CA);
	ck_assert(!bc->pathlen || ASN1_INTEGER_get(bc->pathlen) == 0);
	BASIC_CONSTRAINTS_free(bc);
}

static void hold_key_ids(const char *name, X509 *x, X509 *issuer)
{
	const ASN1_OCTET_STRING *mine = X509_get0_subject_key_id(x), *its = X509_get0_authority_key_id(x);
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n;

	ck_assert_int_eq(ASN1_OCTET_STRING_cmp(its, X509_get0_subject_key_id(issuer)), 0);
	/* RFC 7093 2 method 1 */
	ck_assert_int_eq(X509_pubkey_digest(x, EVP_sha256(), hash, &n), 1);
	ck_assert_msg(ASN1_STRING_length(mine) == 20 && !memcmp(ASN1_STRING_get0_data(mine), hash, 20), "%s", name);
	/* RFC 5280 4.2.1.1: with neither issuer nor serial, which would bind it to one certificate of the CA. */
	ck_assert_ptr_null(X509_get0_authority_issuer(x));
	ck_assert_ptr_null(X509_get0_authority_serial(x));
}

static void hold_sans(const char *name, X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	static const int type[] = { GEN_DNS, GEN_DNS, GEN_IPADD, GEN_IPADD, GEN_URI, GEN_EMAIL };
	static const struct {
		const char *data;
		int n;
	} value[] = { { "web.acme.test", 13 },
		      { "*.apps.acme.test", 16 },
		      { "\x0a\x01\x02\x03", 4 },
		      { "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16 },
		      { "spiffe://acme.test/ns/prod/web", 30 },
		      { "ops@acme.test", 13 } };

	ck_assert_int_eq(sk_GENERAL_NAME_num(names), NR(type));
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int t;
		const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &t);

		ck_assert_msg(t == type[i] && ASN1_STRING_length(s) == value[i].n &&
				      !memcmp(ASN1_STRING_get0_data(s), value[i].data, (size_t)value[i].n),
			      "%s: name %d", name, i);
	}
	GENERAL_NAMES_free(names);
}

static void hold_places(X509 *x)
{
	CRL_DIST_POINTS *crl = X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
	AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);

	/* BR 7.1.2.11.2: one http URL, no reasons, no cRLIssuer. */
	ck_assert_int_eq(sk_DIST_POINT_num(crl), 1);
	const DIST_POINT *p = sk_DIST_POINT_value(crl, 0);
	ck_assert(!p->reasons && !p->CRLissuer && p->distpoint->type == 0);
	ck_assert_int_eq(sk_GENERAL_NAME_num(p->distpoint->name.fullname), 1);
	const GENERAL_NAME *url = sk_GENERAL_NAME_value(p->distpoint->name.fullname, 0);
	ck_assert_int_eq(url->type, GEN_URI);
	ck_assert_str_eq((const char *)ASN1_STRING_get0_data(url->d.uniformResourceIdentifier), "http://pki.acme.test/ca.crl");
	ck_assert_int_eq(sk_ACCESS_DESCRIPTION_num(aia), 2);
	ck_assert_int_eq(OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(aia, 0)->method), NID_ad_OCSP);
	ck_assert_int_eq(OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(aia, 1)->method), NID_ad_ca_issuers);
	CRL_DIST_POINTS_free(crl);
	AUTHORITY_INFO_ACCESS_free(aia);
}

static void hold_constraints(X509 *x)
{
	NAME_CONSTRAINTS *nc = X509_get_ext_d2i(x, NID_name_constraints, NULL, NULL);
	static const int type[] = { GEN_DNS, GEN_IPADD, GEN_IPADD, GEN_EMAIL, GEN_URI, GEN_DIRNAME };

	ck_assert_int_eq(sk_GENERAL_SUBTREE_num(nc->permittedSubtrees), NR(type));
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(nc->permittedSubtrees); i++) {
		const GENERAL_SUBTREE *t = sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i);

		/* RFC 5280 4.2.1.10: minimum 0 (the default, so absent), maximum absent. */
		ck_assert(t->base->type == type[i] && !t->minimum && !t->maximum);
	}
	const ASN1_OCTET_STRING *v4 = sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, 1)->base->d.iPAddress;
	ck_assert_int_eq(ASN1_STRING_length(v4), 8);
	ck_assert_mem_eq(ASN1_STRING_get0_data(v4), "\x0a\0\0\0\xff\0\0\0", 8);
	const ASN1_OCTET_STRING *v6 = sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, 2)->base->d.iPAddress;
	ck_assert_int_eq(ASN1_STRING_length(v6), 32);
	ck_assert_mem_eq(ASN1_STRING_get0_data(v6) + 16, "\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	ck_assert_int_eq(sk_GENERAL_SUBTREE_num(nc->excludedSubtrees), 1);
	NAME_CONSTRAINTS_free(nc);
}

static void hold(const struct want *w, const struct kst_cert *cert, const struct kst_cert *issuer, const struct kst_issue *how,
		 const char *signature, bool rsa)
{
	X509 *x = kit_x509(cert), *ix = kit_x509(issuer);

	ck_assert_int_eq(X509_get_version(x), X509_VERSION_3);
	ck_assert_int_eq(X509_get_extension_flags(x) & EXFLAG_INVALID, 0);
	hold_serial(w->name, x);
	hold_algorithms(w->name, x, signature);
	ck_assert_int_eq(X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(ix)), 0);
	hold_name(w->name, X509_get_issuer_name(x));
	hold_time(w->name, X509_get0_notBefore(x), how->not_before);
	hold_time(w->name, X509_get0_notAfter(x), how->not_after);
	hold_name(w->name, X509_get_subject_name(x));
	ck_assert_int_eq(X509_NAME_entry_count(X509_get_subject_name(x)) == 0, !w->subject);
	/* RFC 5280 4.1.2.8: unique identifiers MUST NOT be there. */
	const ASN1_BIT_STRING *i_uid, *s_uid;
	X509_get0_uids(x, &i_uid, &s_uid);
	ck_assert(!i_uid && !s_uid);
	hold_extensions(w->name, x, w);
	hold_usages(w->name, x, w, rsa);
	hold_key_ids(w->name, x, ix);
	if (w->names)
		hold_sans(w->name, x);
	if (w->places && w->profile != KST_PROFILE_ROOT)
		hold_places(x);
	if (w->constrained)
		hold_constraints(x);
	hold_encoding(w->name, x, cert);
	X509_free(x);
	X509_free(ix);
}

/* A root and a CA of this algorithm whose dates are those of the clock. */
static void authorities(const char *alg, struct ca_kit *root, struct ca_kit *ca)
{
	struct kst_issue how;

	root->key = kit_key(alg);
	how = kit_how(KST_PROFILE_ROOT, "CN=Test Root,O=Acme", root->key);
	how.not_before = kst_time_now() - 2 * DAY;
	how.not_after = how.not_before + 7300 * DAY;
	root->cert = kit_issue(&how, NULL, root->key);
	ca->key = kit_key(alg);
	how = kit_how(KST_PROFILE_CA, "CN=Test Issuing CA,O=Acme", ca->key);
	how.not_before = kst_time_now() - 2 * DAY;
	how.not_after = how.not_before + 3650 * DAY;
	how.path_len = 1;
	how.issuer_url = "http://pki.acme.test/root.crt";
	how.crl_url = "http://pki.acme.test/root.crl";
	ca->cert = kit_issue(&how, root, NULL);
}

START_TEST(each_profile_is_what_its_table_says)
{
	struct ca_kit root, ca;

	authorities(keys[_i].alg, &root, &ca);
	for (size_t p = 0; p < NR(profiles); p++) {
		struct kst_key *key = kit_key(keys[_i].alg);
		bool self = profiles[p].profile == KST_PROFILE_ROOT;
		struct kst_issue how = how_of(&profiles[p], key);
		struct kst_cert *cert = kit_issue(&how, self ? NULL : &ca, key);

		hold(&profiles[p], cert, self ? cert : ca.cert, &how, keys[_i].signature, keys[_i].rsa);
		kst_cert_free(cert);
		kst_key_free(key);
	}
	kit_free(&ca);
	kit_free(&root);
}
END_TEST

/* ---- dates ---- */

static const struct {
	int64_t t;
	const char *asn1;
} dates[] = { { INT64_C(-631152000), "500101000000Z" },	     { INT64_C(0), "700101000000Z" },
	      { INT64_C(951782400), "000229000000Z" },	     { INT64_C(2524607999), "491231235959Z" },
	      { INT64_C(2524608000), "20500101000000Z" },    { INT64_C(4102444800), "21000101000000Z" },
	      { KST_TIME_NEVER, "99991231235959Z" } };

START_TEST(dates_change_their_form_with_2050)
{
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(KST_PROFILE_ROOT, "CN=r", key);

	how.not_before = dates[0].t;
	how.not_after = dates[_i].t;
	struct kst_cert *cert = kit_issue(&how, NULL, key);
	X509 *x = kit_x509(cert);
	const ASN1_TIME *t = X509_get0_notAfter(x);
	ck_assert_int_eq(ASN1_STRING_type(t), strlen(dates[_i].asn1) == 13 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
	ck_assert_str_eq((const char *)ASN1_STRING_get0_data(t), dates[_i].asn1);
	ck_assert_int_eq(kst_cert_not_after(cert), dates[_i].t);
	X509_free(x);
	kst_cert_free(cert);
	struct kst_error err = KST_ERROR_INIT;
	how.not_before = dates[0].t - 1;
	ck_assert_ptr_null(kit_try(&how, NULL, key, &err));
	ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	kst_key_free(key);
}
END_TEST

/* ---- serial numbers ---- */

#define SERIALS 20000
static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

START_TEST(serial_numbers_are_128_random_bits)
{
	static uint8_t all[SERIALS][16];
	unsigned ones[128] = { 0 };

	for (size_t i = 0; i < SERIALS; i++) {
		uint8_t serial[20];
		size_t n;

		ck_assert_int_eq(kst_issue_serial(serial, &n, NULL), 0);
		ck_assert(n > 0 && n <= 16 && serial[0] != 0);
		memcpy(all[i] + 16 - n, serial, n);
		for (size_t bit = 0; bit < 128; bit++)
			ones[bit] += all[i][bit / 8] >> (7 - bit % 8) & 1;
	}
	/* Each bit a fair coin, the first one too: 8 standard deviations, wrong once in 10^13 runs. */
	for (size_t bit = 0; bit < 128; bit++)
		ck_assert_msg(ones[bit] > SERIALS / 2 - 566 && ones[bit] < SERIALS / 2 + 566, "bit %zu: %u of %d", bit, ones[bit],
			      SERIALS);
	qsort(all, SERIALS, 16, by_bytes);
	for (size_t i = 1; i < SERIALS; i++)
		ck_assert_int_ne(memcmp(all[i - 1], all[i], 16), 0);
}
END_TEST

/* DER of the INTEGER: never negative, never with a zero too much. */
static const struct {
	uint8_t serial[20];
	size_t n;
	const char *der;
	int len;
} serials[] = { { { 0x7f }, 1, "\x02\x01\x7f", 3 },
		{ { 0x80 }, 1, "\x02\x02\x00\x80", 4 },
		{ { 0, 0, 1 }, 3, "\x02\x01\x01", 3 },
		{ { 0, 0xff }, 2, "\x02\x02\x00\xff", 4 },
		{ { 0x7f, [19] = 1 }, 20, "\x02\x14\x7f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 22 },
		{ { 0 }, 1, NULL, 0 },
		{ { 0 }, 0, NULL, 0 },
		{ { 0x80, [19] = 1 }, 20, NULL, 0 } };

START_TEST(a_serial_number_is_a_positive_integer_of_20_octets_at_most)
{
	struct kst_key *key = kit_key("p256");
	struct kst_issue how = kit_how(KST_PROFILE_ROOT, "CN=r", key);
	struct kst_error err = KST_ERROR_INIT;
	unsigned char *der = NULL;

	memcpy(how.serial, serials[_i].serial, sizeof(how.serial));
	how.serial_len = serials[_i].n;
	struct kst_cert *cert = kit_try(&how, NULL, key, &err);
	ck_assert_int_eq(!cert, !serials[_i].der);
	if (cert) {
		X509 *x = kit_x509(cert);
		ck_assert_int_eq(i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &der), serials[_i].len);
		ck_assert_mem_eq(der, serials[_i].der, (size_t)serials[_i].len);
		OPENSSL_free(der);
		X509_free(x);
		kst_cert_free(cert);
	}
	kst_key_free(key);
}
END_TEST

/* ---- judges ---- */

static char dir[] = "/tmp/kst-profiles-XXXXXX";

static void put_pem(const char *name, const struct kst_cert *cert)
{
	char path[128];
	X509 *x = kit_x509(cert);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	BIO *bio = BIO_new_file(path, "w");
	ck_assert_ptr_nonnull(bio);
	ck_assert_int_eq(PEM_write_bio_X509(bio, x), 1);
	BIO_free(bio);
	X509_free(x);
}

static bool have(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	return system(command) == 0;
}

/* Must say yes; what it prints is shown where it does not. */
static void judge(const char *who, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void judge(const char *who, const char *name, const char *fmt, ...)
{
	char command[1024], all[1280];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "cd %s && { %s; } >out 2>&1 || { cat out; exit 1; }", dir, command);
	ck_assert_msg(system(all) == 0, "%s refuses %s: %s", who, name, command);
}

START_TEST(openssl_gnutls_and_nss_find_nothing_in_any_profile)
{
	static const char *const linters[] = { "zlint", "x509lint", "certlint", "cablint", "lint_cabf_serverauth_cert" };
	struct ca_kit root, ca;
	unsigned seen = 0, lints = 0;
	/* NSS of Debian 12 (3.87) does not know Ed25519. */
	bool gnutls = have("certtool"), nss = have("certutil") && strcmp(keys[_i].alg, "ed25519") != 0;

	authorities(keys[_i].alg, &root, &ca);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	put_pem("root.pem", root.cert);
	put_pem("ca.pem", ca.cert);
	if (nss)
		judge("certutil", "its own database",
		      "mkdir nss && certutil -N -d nss --empty-password && certutil -A -d nss -n root -t CT,, -i root.pem && "
		      "certutil -A -d nss -n ca -t ,, -i ca.pem");
	for (size_t p = 0; p < NR(profiles); p++) {
		const struct want *w = &profiles[p];
		struct kst_key *key = kit_key(keys[_i].alg);
		bool self = w->profile == KST_PROFILE_ROOT, is_ca = self || w->profile == KST_PROFILE_CA;
		struct kst_issue how = how_of(w, key);
		struct kst_cert *cert = kit_issue(&how, self ? NULL : &ca, key);
		bool server = w->purposes & XKU_SSL_SERVER, client = w->purposes & XKU_SSL_CLIENT;

		put_pem("cert.pem", cert);
		judge("openssl", w->name, "openssl verify -x509_strict -check_ss_sig -policy_check -auth_level 2 %s -CAfile %s %s cert.pem",
		      is_ca ? "" : server ? "-purpose sslserver" : "-purpose sslclient", self ? "cert.pem" : "root.pem",
		      self ? "" : "-untrusted ca.pem");
		if (client && !is_ca)
			judge("openssl", w->name, "openssl verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted ca.pem cert.pem");
		if (gnutls) {
			judge("certtool", w->name, "cat cert.pem %s > chain.pem && certtool --verify --verify-profile=%s --load-ca-certificate=%s --infile=chain.pem",
			      self ? "" : "ca.pem", "medium", self ? "cert.pem" : "root.pem");
			judge("certtool", w->name, "certtool -i --infile=cert.pem && ! grep -Ei 'warning|unknown extension|error' out");
		}
		/* Usages of NSS: V a TLS server, C a TLS client, L a CA for TLS. */
		if (nss && !self)
			for (const char *u = is_ca ? "L" : "VC"; *u; u++)
				if (is_ca || (*u == 'V' ? server : client))
					judge("certutil", w->name,
					      "certutil -A -d nss -n c -t ,, -i cert.pem && certutil -V -d nss -u %c -e -n c && certutil -D -d nss -n c", *u);
		for (size_t l = 0; l < NR(linters); l++)
			if (have(linters[l])) {
				judge(linters[l], w->name, "%s cert.pem && ! grep -E '\"result\":\"(error|fatal)\"|^[EF]:|ERROR' out", linters[l]);
				lints++;
			}
		seen++;
		kst_cert_free(cert);
		kst_key_free(key);
	}
	ck_assert_uint_eq(seen, NR(profiles));
	if (_i == 0)
		printf("profiles: Debian 12 packages no linter of certificates (apt-cache search: zlint, certlint, x509lint, pkilint); "
		       "%u verdicts of those found here; judges: openssl -x509_strict%s%s\n",
		       lints, gnutls ? ", certtool" : " (certtool is not installed)", nss ? ", certutil" : " (certutil is not installed)");
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	kit_free(&ca);
	kit_free(&root);
}
END_TEST

Suite *test_profiles(void)
{
	Suite *s = suite_create("profiles");
	TCase *t = tcase_create("profiles");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, each_profile_is_what_its_table_says, 0, (int)NR(keys));
	tcase_add_loop_test(t, dates_change_their_form_with_2050, 0, (int)NR(dates));
	tcase_add_test(t, serial_numbers_are_128_random_bits);
	tcase_add_loop_test(t, a_serial_number_is_a_positive_integer_of_20_octets_at_most, 0, (int)NR(serials));
	tcase_add_loop_test(t, openssl_gnutls_and_nss_find_nothing_in_any_profile, 0, (int)NR(keys));
	suite_add_tcase(s, t);
	return s;
}
