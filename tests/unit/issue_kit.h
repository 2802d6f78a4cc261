/* SPDX-License-Identifier: ISC */
/* issue_kit.h - a CA for tests of what CAs sign: a root, an issuing CA, and what is asked of them */
#ifndef KST_TESTS_ISSUE_KIT_H
#define KST_TESTS_ISSUE_KIT_H

#include "keyfile.h"
#include "party.h"

#include "kstool/issue.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1798761600) /* 2027-01-01 */

struct ca_kit {
	struct kst_key *key;
	struct kst_cert *cert;
};

static inline struct kst_key *kit_key(const char *alg)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_key *key = NULL;

	ck_assert_msg(kst_key_generate(&key, alg, &err) == 0, "%s: %s", alg, err.message);
	return key;
}

static inline struct kst_bytes kit_spki(struct kst_key *key)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	ck_assert_int_eq(kst_key_spki(key, &b, NULL), 0);
	return (struct kst_bytes){ key->spki.data, key->spki.len };
}

/* What most certificates of these tests ask for; the serial number is fresh. */
static inline struct kst_issue kit_how(enum kst_profile profile, const char *subject, struct kst_key *key)
{
	struct kst_issue how = { .profile = profile,
				 .subject = subject,
				 .spki = kit_spki(key),
				 .not_before = NOW,
				 .not_after = NOW + 90 * DAY,
				 .path_len = -1 };

	ck_assert_int_eq(kst_issue_serial(how.serial, &how.serial_len, NULL), 0);
	return how;
}

/* Built and signed; NULL and *err: refused. */
static inline struct kst_cert *kit_try(const struct kst_issue *how, const struct ca_kit *by, struct kst_key *self,
				       struct kst_error *err)
{
	struct kst_buf tbs KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *signer = by ? by->key : self;
	struct kst_cert *cert = NULL;

	if (kst_issue_build(&tbs, how, by ? by->cert : NULL, signer, err) == 0)
		kst_issue_sign(&cert, (struct kst_bytes){ tbs.data, tbs.len }, signer, err);
	return cert;
}

static inline struct kst_cert *kit_issue(const struct kst_issue *how, const struct ca_kit *by, struct kst_key *self)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_cert *cert = kit_try(how, by, self, &err);

	ck_assert_msg(cert != NULL, "%s", err.message);
	return cert;
}

static inline struct ca_kit kit_root(const char *alg)
{
	struct ca_kit ca = { .key = kit_key(alg) };
	struct kst_issue how = kit_how(KST_PROFILE_ROOT, "CN=Test Root,O=Acme", ca.key);

	how.not_before = NOW - DAY;
	how.not_after = NOW + 7300 * DAY;
	ca.cert = kit_issue(&how, NULL, ca.key);
	return ca;
}

/* `how` NULL: what kstool makes of it by default. */
static inline struct ca_kit kit_ca(const char *alg, const struct ca_kit *root, const char *const *permitted,
				   const char *const *excluded, int path_len)
{
	struct ca_kit ca = { .key = kit_key(alg) };
	struct kst_issue how = kit_how(KST_PROFILE_CA, "CN=Test Issuing CA,O=Acme", ca.key);

	how.not_before = NOW - DAY;
	how.not_after = NOW + 3650 * DAY;
	how.path_len = path_len;
	how.permitted = permitted;
	how.excluded = excluded;
	ca.cert = kit_issue(&how, root, NULL);
	return ca;
}

static inline void kit_free(struct ca_kit *ca)
{
	kst_key_free(ca->key);
	kst_cert_free(ca->cert);
}

static inline X509 *kit_x509(const struct kst_cert *cert)
{
	struct kst_bytes der = kst_cert_der(cert);
	const unsigned char *p = der.data;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);

	ck_assert_ptr_nonnull(x);
	ck_assert_ptr_eq(p, der.data + der.len);
	return x;
}

#endif
