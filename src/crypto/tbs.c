/* SPDX-License-Identifier: ISC */
/* tbs.c - TBSCertificate in DER, and the signature around what is to be signed */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "crypto/cert_x509.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/ossl.h"
#include "crypto/sign.h"
#include "crypto/tbs.h"
#include "kstool/time.h"

#define ALG_MAX 256
#define YEAR_1950 INT64_C(-631152000)
#define YEAR_2050 INT64_C(2524608000)

/* ---- the algorithm ---- */

/* A context that is ready to sign, owned; NULL: an error. */
static EVP_MD_CTX *start(EVP_PKEY *signer, struct kst_error *err)
{
	EVP_MD *md = kst_sign_digest(signer);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	int size = md ? EVP_MD_get_size(md) : 32;

	if (!ctx) {
		kst_sign_nomem(err);
	} else if (size < 32) {
		/* A key for RSASSA-PSS can be bound to SHA-1 (RFC 4055). */
		kst_error_setx(err, KST_E_UNSUPPORTED, "the key signs with %s only, which is too weak",
			       EVP_MD_get0_name(md));
		EVP_MD_CTX_free(ctx);
		ctx = NULL;
	} else if (EVP_DigestSignInit(ctx, &pctx, md, NULL, signer) != 1 ||
		   /* The longest salt is OpenSSL's default; the CA/Browser Forum (7.1.3.2.1) wants the hash's. */
		   (EVP_PKEY_is_a(signer, "RSA-PSS") &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) != 1)) {
		kst_ossl_error(err, KST_E_UNSUPPORTED, "the key cannot sign a certificate");
		EVP_MD_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MD_free(md);
	return ctx;
}

/* RFC 4055 3.1: hash, MGF1 with the same, salt as long as it.  OpenSSL before 3.4 does not tell. */
static void put_pss(struct kst_buf *out, uint8_t number, int salt)
{
	static const char pss[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", mgf1[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";
	struct kst_buf hash KST_SCRATCH_BUF = KST_BUF_INIT, mgf KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf params KST_SCRATCH_BUF = KST_BUF_INIT, all KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf in KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t oid[] = "\x60\x86\x48\x01\x65\x03\x04\x02\x01"; /* SHA-256; 384, 512 follow */

	oid[8] = number;
	kst_der_put(&in, KST_DER_OID, oid, sizeof(oid) - 1);
	kst_der_put(&in, KST_DER_NULL, NULL, 0);
	kst_der_put(&hash, KST_DER_SEQUENCE, in.data, in.len);
	kst_buf_reset(&in);
	kst_der_put(&in, KST_DER_OID, mgf1, sizeof(mgf1) - 1);
	kst_buf_put(&in, hash.data, hash.len);
	kst_der_put(&mgf, KST_DER_SEQUENCE, in.data, in.len);
	kst_buf_reset(&in);
	kst_der_put_uint(&in, (uint64_t)salt);
	kst_der_put(&params, KST_DER_CONTEXT_CONSTRUCTED(0), hash.data, hash.len);
	kst_der_put(&params, KST_DER_CONTEXT_CONSTRUCTED(1), mgf.data, mgf.len);
	kst_der_put(&params, KST_DER_CONTEXT_CONSTRUCTED(2), in.data, in.len);
	kst_der_put(&all, KST_DER_OID, pss, sizeof(pss) - 1);
	kst_der_put(&all, KST_DER_SEQUENCE, params.data, params.len);
	kst_der_put(out, KST_DER_SEQUENCE, all.data, all.len);
	out->failed |= hash.failed || mgf.failed || params.failed || all.failed || in.failed;
}

static int put_alg(struct kst_buf *out, EVP_MD_CTX *ctx, EVP_PKEY *signer, struct kst_error *err)
{
	uint8_t alg[ALG_MAX];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, alg, sizeof(alg)),
		OSSL_PARAM_construct_end()
	};

	if (EVP_PKEY_is_a(signer, "RSA-PSS")) {
		const EVP_MD *md = EVP_MD_CTX_get0_md(ctx);
		uint8_t number = EVP_MD_is_a(md, "SHA256") ? 1 : EVP_MD_is_a(md, "SHA384") ? 2 : 3;

		if (number == 3 && !EVP_MD_is_a(md, "SHA512"))
			return kst_error_setx(err, KST_E_UNSUPPORTED, "RSASSA-PSS with %s is not supported",
					      EVP_MD_get0_name(md));
		put_pss(out, number, EVP_MD_get_size(md));
	} else if (EVP_PKEY_CTX_get_params(EVP_MD_CTX_get_pkey_ctx(ctx), params) != 1 || !params[0].return_size ||
		   params[0].return_size > sizeof(alg)) {
		return kst_ossl_error(err, KST_E_UNSUPPORTED, "the key cannot sign a certificate");
	} else {
		kst_buf_put(out, alg, params[0].return_size);
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

int kst_tbs_alg(struct kst_buf *out, EVP_PKEY *signer, struct kst_error *err)
{
	EVP_MD_CTX *ctx = start(signer, err);
	int rc = ctx ? put_alg(out, ctx, signer, err) : -1;

	EVP_MD_CTX_free(ctx);
	return rc;
}

/* ---- the parts ---- */

int kst_tbs_put_time(struct kst_buf *out, int64_t t, struct kst_error *err)
{
	char text[KST_TIME_TEXT], asn1[16];
	size_t n = 0;

	if (t < YEAR_1950 || t > KST_TIME_NEVER)
		return kst_error_setx(err, KST_E_BAD_VALUE, "a certificate's dates lie between 1950 and 9999");
	/* 2026-12-05T18:50:03Z without what parts it; a UTCTime without the century. */
	kst_time_text(t, KST_TIME_FULL, text);
	for (const char *p = text + (t < YEAR_2050 ? 2 : 0); *p && n < sizeof(asn1) - 1; p++)
		if (*p != '-' && *p != ':' && *p != 'T')
			asn1[n++] = *p;
	kst_der_put(out, t < YEAR_2050 ? KST_DER_UTC_TIME : KST_DER_GENERALIZED_TIME, asn1, n);
	return 0;
}

void kst_tbs_put_serial(struct kst_buf *out, const uint8_t *serial, size_t len)
{
	while (len && !*serial) {
		serial++;
		len--;
	}
	bool sign = !len || *serial & 0x80;
	kst_der_put_header(out, KST_DER_INTEGER, len + sign);
	if (sign)
		kst_buf_u8(out, 0);
	kst_buf_put(out, serial, len);
}

int kst_tbs_put_extensions(struct kst_buf *out, const STACK_OF(X509_EXTENSION) *ext, struct kst_error *err)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(ext); i++) {
		unsigned char *der = NULL;
		int n = i2d_X509_EXTENSION(sk_X509_EXTENSION_value(ext, i), &der);

		if (n <= 0)
			return kst_sign_nomem(err);
		kst_buf_put(out, der, (size_t)n);
		OPENSSL_free(der);
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

/* What lies in one more header. */
static void put_in(struct kst_buf *out, uint8_t id, const struct kst_buf *body)
{
	kst_der_put(out, id, body->data, body->len);
	out->failed |= body->failed;
}

int kst_tbs_cert(struct kst_buf *out, const struct kst_tbs *t, struct kst_error *err)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT, dates KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf list KST_SCRATCH_BUF = KST_BUF_INIT, all KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_tbs_put_time(&dates, t->not_before, err) < 0 || kst_tbs_put_time(&dates, t->not_after, err) < 0 ||
	    kst_tbs_put_extensions(&list, t->ext, err) < 0)
		return -1;
	kst_der_put(&body, KST_DER_CONTEXT_CONSTRUCTED(0), "\x02\x01\x02", 3); /* v3 */
	kst_tbs_put_serial(&body, t->serial, t->serial_len);
	kst_buf_put(&body, t->alg.data, t->alg.len);
	kst_buf_put(&body, t->issuer.data, t->issuer.len);
	put_in(&body, KST_DER_SEQUENCE, &dates);
	kst_buf_put(&body, t->subject.data, t->subject.len);
	kst_buf_put(&body, t->spki.data, t->spki.len);
	put_in(&all, KST_DER_SEQUENCE, &list);
	put_in(&body, KST_DER_CONTEXT_CONSTRUCTED(3), &all);
	put_in(out, KST_DER_SEQUENCE, &body);
	return out->failed ? kst_error_nomem(err) : 0;
}

/* ---- the signature ---- */

int kst_tbs_sign(struct kst_buf *out, struct kst_bytes tbs, EVP_PKEY *signer, struct kst_error *err)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT, bits KST_SCRATCH_BUF = KST_BUF_INIT;
	EVP_MD_CTX *ctx = start(signer, err);
	size_t n = 0;
	int rc = -1;

	if (!ctx)
		return -1;
	kst_buf_put(&body, tbs.data, tbs.len);
	if (put_alg(&body, ctx, signer, err) < 0)
		goto done;
	if (EVP_DigestSign(ctx, NULL, &n, tbs.data, tbs.len) != 1) {
		kst_ossl_error(err, KST_E_UNSUPPORTED, "the key cannot sign");
		goto done;
	}
	kst_buf_u8(&bits, 0);
	if (kst_buf_reserve(&bits, n) < 0) {
		kst_error_nomem(err);
		goto done;
	}
	if (EVP_DigestSign(ctx, bits.data + 1, &n, tbs.data, tbs.len) != 1) {
		kst_ossl_error(err, KST_E_UNSUPPORTED, "the key cannot sign");
		goto done;
	}
	kst_der_put(&body, KST_DER_BIT_STRING, bits.data, 1 + n);
	put_in(out, KST_DER_SEQUENCE, &body);
	rc = out->failed ? kst_error_nomem(err) : 0;
done:
	EVP_MD_CTX_free(ctx);
	return rc;
}

int kst_tbs_sign_cert(struct kst_cert **out, struct kst_bytes tbs, EVP_PKEY *signer, struct kst_error *err)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cert *cert = NULL;

	if (kst_tbs_sign(&der, tbs, signer, err) < 0 || kst_cert_new(&cert, der.data, der.len, err) < 0)
		return -1;
	/* A signature that a faulty machine made wrong would give an RSA key away (Boneh, DeMillo, Lipton).
	 * OpenSSL also compares the two algorithms. */
	X509 *x = kst_cert_x509(cert);
	if (!x || X509_verify(x, signer) != 1) {
		kst_cert_free(cert);
		return kst_ossl_error(err, KST_E_INTERNAL, "the signature that was made does not verify; it is not given out");
	}
	*out = cert;
	return 0;
}

/* ---- extensions that every sort of certificate has ---- */

/*
 * RFC 7093 2 method 1: the first 160 bits of the key's SHA-256.  RFC 5280 names SHA-1 as a common way,
 * and leaves it open; nobody computes it again, and where SHA-1 is switched off it still works.
 */
void kst_tbs_key_id(struct kst_bytes spki, uint8_t id[KST_KEY_ID])
{
	struct kst_der d = kst_der_bytes(spki), in;
	struct kst_der_item bits = { .body = spki };
	uint8_t hash[32];

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0 && kst_der_expect(&in, KST_DER_SEQUENCE, NULL) == 0 &&
	    kst_der_expect(&in, KST_DER_BIT_STRING, &bits) == 0 && bits.body.len)
		bits.body = (struct kst_bytes){ bits.body.data + 1, bits.body.len - 1 }; /* without its unused bits */
	kst_sha256(bits.body.data, bits.body.len, hash);
	memcpy(id, hash, KST_KEY_ID);
}

static int add(STACK_OF(X509_EXTENSION) **ext, int nid, void *value, bool critical)
{
	return value && X509V3_add1_i2d(ext, nid, value, critical, X509V3_ADD_DEFAULT) == 1 ? 0 : -1;
}

int kst_tbs_ext_key_id(STACK_OF(X509_EXTENSION) **ext, struct kst_bytes spki)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	uint8_t id[KST_KEY_ID];

	kst_tbs_key_id(spki, id);
	int rc = value && ASN1_OCTET_STRING_set(value, id, sizeof(id)) ?
			 add(ext, NID_subject_key_identifier, value, false) :
			 -1;
	ASN1_OCTET_STRING_free(value);
	return rc;
}

int kst_tbs_ext_constraints(STACK_OF(X509_EXTENSION) **ext, bool ca, int path_len)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	int rc = -1;

	if (bc) {
		bc->ca = ca ? 0xff : 0;
		if (ca && path_len >= 0)
			bc->pathlen = ASN1_INTEGER_new();
		if (!bc->pathlen || ASN1_INTEGER_set(bc->pathlen, path_len) == 1)
			rc = ca && path_len >= 0 && !bc->pathlen ? -1 : add(ext, NID_basic_constraints, bc, true);
	}
	BASIC_CONSTRAINTS_free(bc);
	return rc;
}

int kst_tbs_ext_key_usage(STACK_OF(X509_EXTENSION) **ext, unsigned bits)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	int ok = usage != NULL;

	for (int i = 0; i < 9; i++)
		if (bits & 1u << i)
			ok = ok && ASN1_BIT_STRING_set_bit(usage, i, 1);
	int rc = ok ? add(ext, NID_key_usage, usage, true) : -1;
	ASN1_BIT_STRING_free(usage);
	return rc;
}

int kst_tbs_ext_purposes(STACK_OF(X509_EXTENSION) **ext, bool server, bool client)
{
	EXTENDED_KEY_USAGE *usage = sk_ASN1_OBJECT_new_null();
	int ok = usage && (!server || sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_server_auth))) &&
		 (!client || sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_client_auth)));
	int rc = ok ? add(ext, NID_ext_key_usage, usage, false) : -1;

	sk_ASN1_OBJECT_free(usage);
	return rc;
}
