/* SPDX-License-Identifier: ISC */
/*
 * key_sign.c - a self-signed certificate around a key: the placeholder that a
 * keystore needs until a CA has answered, or a real one for development
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "crypto/ossl.h"
#include "crypto/sign.h"
#include "crypto/tbs.h"
#include "kstool/issue.h"
#include "kstool/time.h"

static int validity(struct kst_tbs *t, int days, struct kst_error *err)
{
	if (days < 1)
		return kst_error_setx(err, KST_E_BAD_VALUE, "a certificate is valid for one day or more");
	t->not_before = kst_time_now();
	t->not_after = t->not_before + (int64_t)days * 86400;
	if (t->not_after > KST_TIME_NEVER)
		t->not_after = KST_TIME_NEVER;
	return 0;
}

static int extensions(STACK_OF(X509_EXTENSION) **ext, const EVP_PKEY *pkey, const struct kst_tbs *t,
		      const struct kst_self_sign *how, struct kst_error *err)
{
	/* RSA also carries a session key in old TLS. */
	unsigned usage = KST_KU_SIGN | (EVP_PKEY_is_a(pkey, "RSA") ? KST_KU_ENCIPHER_KEY : 0);

	if (kst_tbs_ext_constraints(ext, false, -1) < 0 || kst_tbs_ext_key_usage(ext, usage) < 0 ||
	    (how->server_client && kst_tbs_ext_purposes(ext, true, true) < 0) || kst_tbs_ext_key_id(ext, t->spki) < 0)
		return kst_sign_nomem(err);
	return 0;
}

static int build(struct kst_buf *tbs, EVP_PKEY *pkey, const struct kst_self_sign *how, struct kst_error *err)
{
	struct kst_sign_names n = { how->subject, how->host, how->from, how->ou };
	struct kst_buf alg KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t serial[KST_SERIAL_MAX];
	unsigned char *name_der = NULL, *spki = NULL;
	STACK_OF(X509_EXTENSION) *ext = NULL, *names = NULL;
	struct kst_tbs t = { .serial = serial };
	X509_NAME *name = NULL;
	int rc = -1, n_len, spki_len;

	if (validity(&t, how->days, err) < 0 || kst_issue_serial(serial, &t.serial_len, err) < 0 ||
	    kst_sign_names(&name, &names, &n, err) < 0 || kst_tbs_alg(&alg, pkey, err) < 0)
		goto done;
	n_len = i2d_X509_NAME(name, &name_der);
	spki_len = i2d_PUBKEY(pkey, &spki);
	if (n_len <= 0 || spki_len <= 0) {
		kst_sign_nomem(err);
		goto done;
	}
	t.alg = (struct kst_bytes){ alg.data, alg.len };
	t.subject = t.issuer = (struct kst_bytes){ name_der, (size_t)n_len };
	t.spki = (struct kst_bytes){ spki, (size_t)spki_len };
	if (extensions(&ext, pkey, &t, how, err) < 0)
		goto done;
	for (int i = 0; i < sk_X509_EXTENSION_num(names); i++)
		if (!X509v3_add_ext(&ext, sk_X509_EXTENSION_value(names, i), -1)) {
			kst_sign_nomem(err);
			goto done;
		}
	t.ext = ext;
	rc = kst_tbs_cert(tbs, &t, err);
done:
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	sk_X509_EXTENSION_pop_free(names, X509_EXTENSION_free);
	X509_NAME_free(name);
	OPENSSL_free(name_der);
	OPENSSL_free(spki);
	return rc;
}

int kst_key_self_sign(struct kst_cert **out, struct kst_key *key, const struct kst_self_sign *how,
		      struct kst_error *err)
{
	struct kst_buf tbs KST_SCRATCH_BUF = KST_BUF_INIT;
	int rc = -1;

	kst_ossl_mark();
	EVP_PKEY *pkey = kst_sign_key(key, "self-signed certificate", err);
	if (pkey && build(&tbs, pkey, how, err) == 0)
		rc = kst_tbs_sign_cert(out, (struct kst_bytes){ tbs.data, tbs.len }, pkey, err);
	kst_ossl_unmark();
	EVP_PKEY_free(pkey);
	return rc;
}
