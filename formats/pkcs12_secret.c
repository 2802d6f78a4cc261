/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_secret.c - symmetric keys as Java keeps them in a PKCS#12
 *
 * A PrivateKeyInfo (RFC 5208) whose algorithm is that of the secret and whose
 * privateKey is the raw key, sealed like a private key.
 */
#include "pkcs12_state.h"

#include <string.h>

#include "kstool/alloc.h"

/* What keytool -importpass and -genseckey write, by Java's names. */
static const struct {
	const char *name, *oid;
} algs[] = {
	{ "AES", "2.16.840.1.101.3.4.1" },
	{ "DESede", "1.2.840.113549.3.7" },
	{ "DES", "1.3.14.3.2.7" },
	{ "RC2", "1.2.840.113549.3.2" },
	{ "ARCFOUR", "1.2.840.113549.3.4" },
	{ "HmacSHA1", "1.2.840.113549.2.7" },
	{ "HmacSHA224", "1.2.840.113549.2.8" },
	{ "HmacSHA256", "1.2.840.113549.2.9" },
	{ "HmacSHA384", "1.2.840.113549.2.10" },
	{ "HmacSHA512", "1.2.840.113549.2.11" },
	{ "PBEWithMD5AndDES", "1.2.840.113549.1.5.3" },
	{ "PBEWithSHA1AndDESede", "1.2.840.113549.1.12.1.3" },
	{ "PBES2", "1.2.840.113549.1.5.13" },
	{ "ChaCha20-Poly1305", "1.2.840.113549.1.9.16.3.18" },
};
#define NR (sizeof(algs) / sizeof(algs[0]))

char *p12_secret_alg(const struct kst_secret *info)
{
	struct kst_der_item seq, oid;
	struct kst_der in, alg;
	char text[KST_OID_TEXT];
	if (kst_der_whole(info->data, info->len, KST_DER_SEQUENCE, &seq) < 0)
		return NULL;
	in = kst_der_in(&seq);
	if (kst_der_expect(&in, KST_DER_INTEGER, NULL) < 0 ||
	    kst_der_enter(&in, KST_DER_SEQUENCE, &alg) < 0 ||
	    kst_der_expect(&alg, KST_DER_OID, &oid) < 0 || kst_oid_text(oid.body, text) < 0)
		return NULL;
	for (size_t i = 0; i < NR; i++)
		if (strcmp(algs[i].oid, text) == 0)
			return kst_strdup(algs[i].name);
	return kst_strdup(text);
}

int p12_secret_wrap(struct kst_buf *out, const struct kst_entry *e, struct kst_error *err)
{
	uint8_t oid[KST_OID_MAX];
	const char *dotted = e->secret_alg ? e->secret_alg : "";
	for (size_t i = 0; i < NR; i++)
		if (strcmp(algs[i].name, dotted) == 0)
			dotted = algs[i].oid;
	size_t n = kst_oid_der(dotted, oid);
	if (!n)
		return kst_error_setx(err, KST_E_UNSUPPORTED,
				      "PKCS#12 has no number for the algorithm \"%s\" of the "
				      "secret key \"%s\"",
				      dotted, e->alias ? e->alias : "");

	struct kst_buf alg KST_SCRATCH_BUF = KST_BUF_INIT, in KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put(&alg, KST_DER_OID, oid, n);
	kst_der_put(&alg, KST_DER_NULL, NULL, 0);
	kst_der_put_uint(&in, 0);
	kst_der_put(&in, KST_DER_SEQUENCE, alg.data, alg.len);
	kst_der_put(&in, KST_DER_OCTET_STRING, e->secret.data, e->secret.len);
	kst_der_put(out, KST_DER_SEQUENCE, in.data, in.len);
	return alg.failed || in.failed || out->failed ? kst_error_nomem(err) : 0;
}
