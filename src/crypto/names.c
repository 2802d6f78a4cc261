/* SPDX-License-Identifier: ISC */
/* names.c - the table of algorithm names, and key texts from bytes */
#include "crypto/names.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "crypto/der.h"

/* How large a key of this sort is, is told by... */
enum size { FIXED, MODULUS, CURVE, PRIME };

struct alg {
	const char *oid; /* contents octets */
	uint8_t len;
	uint8_t size;  /* enum size */
	bool strict;   /* formats/kst1.md knows the name */
	const char *name;
};
#define OID(literal) literal, sizeof(literal) - 1
#define NIST_SIG "\x60\x86\x48\x01\x65\x03\x04\x03" /* 2.16.840.1.101.3.4.3 */
#define NIST_KEM "\x60\x86\x48\x01\x65\x03\x04\x04"
#define PKCS_1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define X9_62 "\x2a\x86\x48\xce\x3d"
#define X9_57 "\x2a\x86\x48\xce\x38\x04"

static const struct alg keys[] = {
	{ OID(PKCS_1 "\x01"), MODULUS, true, "RSA" },
	{ OID(X9_62 "\x02\x01"), CURVE, true, "EC" },
	{ OID("\x2b\x65\x70"), FIXED, true, "Ed25519" },
	{ OID("\x2b\x65\x71"), FIXED, true, "Ed448" },
	{ OID("\x2b\x65\x6e"), FIXED, false, "X25519" },
	{ OID("\x2b\x65\x6f"), FIXED, false, "X448" },
	{ OID(PKCS_1 "\x0a"), MODULUS, false, "RSA-PSS" },
	{ OID(PKCS_1 "\x07"), MODULUS, false, "RSA-OAEP" },
	{ OID(X9_57 "\x01"), PRIME, false, "DSA" },
	{ OID("\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01"), PRIME, false, "DH" },
	{ OID("\x2a\x86\x48\xce\x3e\x02\x01"), PRIME, false, "DHX" },
	{ OID(NIST_SIG "\x11"), FIXED, false, "ML-DSA-44" }, /* FIPS 204, RFC 9881 */
	{ OID(NIST_SIG "\x12"), FIXED, false, "ML-DSA-65" },
	{ OID(NIST_SIG "\x13"), FIXED, false, "ML-DSA-87" },
	{ OID(NIST_SIG "\x14"), FIXED, false, "SLH-DSA-SHA2-128s" }, /* FIPS 205, RFC 9909 */
	{ OID(NIST_SIG "\x15"), FIXED, false, "SLH-DSA-SHA2-128f" },
	{ OID(NIST_SIG "\x16"), FIXED, false, "SLH-DSA-SHA2-192s" },
	{ OID(NIST_SIG "\x17"), FIXED, false, "SLH-DSA-SHA2-192f" },
	{ OID(NIST_SIG "\x18"), FIXED, false, "SLH-DSA-SHA2-256s" },
	{ OID(NIST_SIG "\x19"), FIXED, false, "SLH-DSA-SHA2-256f" },
	{ OID(NIST_SIG "\x1a"), FIXED, false, "SLH-DSA-SHAKE-128s" },
	{ OID(NIST_SIG "\x1b"), FIXED, false, "SLH-DSA-SHAKE-128f" },
	{ OID(NIST_SIG "\x1c"), FIXED, false, "SLH-DSA-SHAKE-192s" },
	{ OID(NIST_SIG "\x1d"), FIXED, false, "SLH-DSA-SHAKE-192f" },
	{ OID(NIST_SIG "\x1e"), FIXED, false, "SLH-DSA-SHAKE-256s" },
	{ OID(NIST_SIG "\x1f"), FIXED, false, "SLH-DSA-SHAKE-256f" },
	{ OID(NIST_SIG "\x20"), FIXED, false, "HashML-DSA-44" },
	{ OID(NIST_SIG "\x21"), FIXED, false, "HashML-DSA-65" },
	{ OID(NIST_SIG "\x22"), FIXED, false, "HashML-DSA-87" },
	{ OID(NIST_KEM "\x01"), FIXED, false, "ML-KEM-512" }, /* FIPS 203 */
	{ OID(NIST_KEM "\x02"), FIXED, false, "ML-KEM-768" },
	{ OID(NIST_KEM "\x03"), FIXED, false, "ML-KEM-1024" },
	{ OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x11"), FIXED, false, "HSS-LMS" }, /* RFC 9708 */
	{ OID("\x2b\x06\x01\x05\x05\x07\x06\x22"), FIXED, false, "XMSS" }, /* RFC 9802 */
	{ OID("\x2b\x06\x01\x05\x05\x07\x06\x23"), FIXED, false, "XMSSMT" },
};

static const struct alg signatures[] = {
	{ OID(PKCS_1 "\x02"), FIXED, false, "RSA-MD2" },
	{ OID(PKCS_1 "\x03"), FIXED, false, "RSA-MD4" },
	{ OID(PKCS_1 "\x04"), FIXED, false, "RSA-MD5" },
	{ OID(PKCS_1 "\x05"), FIXED, false, "RSA-SHA1" },
	{ OID("\x2b\x0e\x03\x02\x1d"), FIXED, false, "RSA-SHA1" }, /* OIW, old Microsoft tools */
	{ OID(PKCS_1 "\x0e"), FIXED, false, "RSA-SHA224" },
	{ OID(PKCS_1 "\x0b"), FIXED, false, "RSA-SHA256" },
	{ OID(PKCS_1 "\x0c"), FIXED, false, "RSA-SHA384" },
	{ OID(PKCS_1 "\x0d"), FIXED, false, "RSA-SHA512" },
	{ OID(PKCS_1 "\x0f"), FIXED, false, "RSA-SHA512/224" },
	{ OID(PKCS_1 "\x10"), FIXED, false, "RSA-SHA512/256" },
	{ OID(NIST_SIG "\x0d"), FIXED, false, "RSA-SHA3-224" },
	{ OID(NIST_SIG "\x0e"), FIXED, false, "RSA-SHA3-256" },
	{ OID(NIST_SIG "\x0f"), FIXED, false, "RSA-SHA3-384" },
	{ OID(NIST_SIG "\x10"), FIXED, false, "RSA-SHA3-512" },
	{ OID(X9_62 "\x04\x01"), FIXED, false, "ECDSA-SHA1" },
	{ OID(X9_62 "\x04\x03\x01"), FIXED, false, "ECDSA-SHA224" },
	{ OID(X9_62 "\x04\x03\x02"), FIXED, false, "ECDSA-SHA256" },
	{ OID(X9_62 "\x04\x03\x03"), FIXED, false, "ECDSA-SHA384" },
	{ OID(X9_62 "\x04\x03\x04"), FIXED, false, "ECDSA-SHA512" },
	{ OID(NIST_SIG "\x09"), FIXED, false, "ECDSA-SHA3-224" },
	{ OID(NIST_SIG "\x0a"), FIXED, false, "ECDSA-SHA3-256" },
	{ OID(NIST_SIG "\x0b"), FIXED, false, "ECDSA-SHA3-384" },
	{ OID(NIST_SIG "\x0c"), FIXED, false, "ECDSA-SHA3-512" },
	{ OID(X9_57 "\x03"), FIXED, false, "DSA-SHA1" },
	{ OID(NIST_SIG "\x01"), FIXED, false, "DSA-SHA224" },
	{ OID(NIST_SIG "\x02"), FIXED, false, "DSA-SHA256" },
	{ OID(NIST_SIG "\x03"), FIXED, false, "DSA-SHA384" },
	{ OID(NIST_SIG "\x04"), FIXED, false, "DSA-SHA512" },
};

static const struct alg hashes[] = {
	{ OID("\x2b\x0e\x03\x02\x1a"), FIXED, false, "SHA1" },
	{ OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), FIXED, false, "SHA256" },
	{ OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), FIXED, false, "SHA384" },
	{ OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), FIXED, false, "SHA512" },
	{ OID("\x60\x86\x48\x01\x65\x03\x04\x02\x04"), FIXED, false, "SHA224" },
};

static const struct alg curves[] = {
	{ OID(X9_62 "\x03\x01\x07"), FIXED, true, "P256" },
	{ OID("\x2b\x81\x04\x00\x22"), FIXED, true, "P384" },
	{ OID("\x2b\x81\x04\x00\x23"), FIXED, true, "P521" },
};

#define FIND(table, oid) find(table, sizeof(table) / sizeof((table)[0]), oid)
static const struct alg *find(const struct alg *table, size_t nr, struct kst_bytes oid)
{
	for (size_t i = 0; i < nr; i++)
		if (kst_bytes_is(oid, table[i].oid, table[i].len))
			return &table[i];
	return NULL;
}

const char *kst_key_alg_name(struct kst_bytes oid)
{
	const struct alg *a = FIND(keys, oid);

	return a ? a->name : NULL;
}

const char *kst_curve_name(struct kst_bytes oid)
{
	const struct alg *a = FIND(curves, oid);

	return a ? a->name : NULL;
}

const char *kst_sig_alg_name(struct kst_bytes oid)
{
	const struct alg *a = FIND(signatures, oid);

	if (!a)
		a = FIND(keys, oid); /* Ed25519, ML-DSA: key and signature have one OID */
	if (a && (a->size == MODULUS || a->size == CURVE || a->size == PRIME))
		return NULL;
	return a ? a->name : NULL;
}

/* ---- OpenSSL's names ---- */

int kst_oid_nid(struct kst_bytes oid)
{
	char text[KST_OID_TEXT];
	int nid;

	if (kst_oid_text(oid, text) < 0)
		return NID_undef;
	ERR_set_mark();
	nid = OBJ_txt2nid(text);
	ERR_pop_to_mark();
	return nid;
}

static void put_name(struct kst_bytes oid, const char *(*name)(int), struct kst_buf *out)
{
	const char *ours = kst_key_alg_name(oid), *s = NULL;
	char text[KST_OID_TEXT];
	int nid = kst_oid_nid(oid);

	if (nid != NID_undef)
		s = name(nid);
	if (!s)
		s = ours;
	if (!s)
		s = kst_oid_text(oid, text) < 0 ? "?" : text;
	kst_buf_puts(out, s);
}

void kst_oid_short_name(struct kst_bytes oid, struct kst_buf *out)
{
	put_name(oid, OBJ_nid2sn, out);
}

void kst_oid_long_name(struct kst_bytes oid, struct kst_buf *out)
{
	put_name(oid, OBJ_nid2ln, out);
}

/* ---- texts ---- */

int kst_algid_split(struct kst_bytes algid, struct kst_bytes *oid, struct kst_bytes *params)
{
	struct kst_der d = kst_der_bytes(algid), in;
	struct kst_der_item id, par = { .id = 0 };

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_expect(&in, KST_DER_OID, &id) < 0 || kst_der_next(&in, &par) < 0)
		return -1;
	*oid = id.body;
	*params = par.whole;
	return 0;
}

/* The curve after "EC-".  false: the parameters name none (explicit ones, or rubbish). */
static bool put_curve(struct kst_bytes params, bool strict, struct kst_buf *out)
{
	struct kst_der d = kst_der_bytes(params);
	struct kst_der_item id;
	char text[KST_OID_TEXT];
	const char *name;

	if (kst_der_expect(&d, KST_DER_OID, &id) < 0 || kst_oid_text(id.body, text) < 0)
		return false;
	name = kst_curve_name(id.body);
	if (!name && !strict) {
		int nid = kst_oid_nid(id.body);

		name = nid != NID_undef ? OBJ_nid2sn(nid) : NULL;
	}
	kst_buf_puts(out, "EC-");
	kst_buf_puts(out, name ? name : text);
	return true;
}

/* DSA and DH: the prime is the first INTEGER of the parameters. */
static size_t prime_bits(struct kst_bytes params)
{
	struct kst_der d = kst_der_bytes(params), in;
	struct kst_der_item p;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_expect(&in, KST_DER_INTEGER, &p) < 0)
		return 0;
	return kst_der_int_bits(p.body);
}

void kst_algid_key_text(struct kst_bytes algid, struct kst_bytes modulus, bool strict,
			struct kst_buf *out)
{
	struct kst_bytes oid, params;
	const struct alg *a;
	char text[KST_OID_TEXT];
	size_t bits = 0;

	if (kst_algid_split(algid, &oid, &params) < 0 || kst_oid_text(oid, text) < 0) {
		if (!strict)
			kst_buf_puts(out, "?");
		return;
	}
	a = FIND(keys, oid);
	if (!a || (strict && !a->strict)) {
		kst_buf_puts(out, text);
		return;
	}
	switch ((enum size)a->size) {
	case CURVE:
		if (!put_curve(params, strict, out))
			kst_buf_puts(out, strict ? text : a->name);
		return;
	case MODULUS:
		bits = kst_der_int_bits(modulus);
		break;
	case PRIME:
		bits = prime_bits(params);
		break;
	case FIXED:
		kst_buf_puts(out, a->name);
		return;
	}
	if (bits)
		kst_buf_printf(out, "%s-%zu", a->name, bits);
	else
		kst_buf_puts(out, strict ? text : a->name);
}

/* RSAPublicKey and RSAPrivateKey: the modulus, contents octets; empty if it is neither. */
static struct kst_bytes rsa_modulus(struct kst_bytes der, bool private)
{
	struct kst_der d = kst_der_bytes(der), in;
	struct kst_der_item n;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 ||
	    (private && kst_der_expect(&in, KST_DER_INTEGER, NULL) < 0) ||
	    kst_der_expect(&in, KST_DER_INTEGER, &n) < 0)
		return (struct kst_bytes){ .data = NULL };
	return n.body;
}

void kst_spki_key_text(const uint8_t *spki, size_t n, bool strict, struct kst_buf *out)
{
	struct kst_der d = kst_der_over(spki, n), in;
	struct kst_der_item algid = { .id = 0 }, key;
	struct kst_bytes modulus = { .data = NULL };

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0 &&
	    kst_der_expect(&in, KST_DER_SEQUENCE, &algid) == 0 &&
	    kst_der_expect(&in, KST_DER_BIT_STRING, &key) == 0 && key.body.len > 1)
		modulus = rsa_modulus((struct kst_bytes){ key.body.data + 1, key.body.len - 1 }, false);
	kst_algid_key_text(algid.whole, modulus, strict, out);
}

void kst_pkcs8_key_text(const uint8_t *pkcs8, size_t n, bool strict, struct kst_buf *out)
{
	struct kst_der d = kst_der_over(pkcs8, n), in;
	struct kst_der_item algid = { .id = 0 }, key;
	struct kst_bytes modulus = { .data = NULL };

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) == 0 &&
	    kst_der_expect(&in, KST_DER_INTEGER, NULL) == 0 &&
	    kst_der_expect(&in, KST_DER_SEQUENCE, &algid) == 0 &&
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &key) == 0)
		modulus = rsa_modulus(key.body, true);
	kst_algid_key_text(algid.whole, modulus, strict, out);
}

/* RSASSA-PSS-params (RFC 4055): [0] hash, SHA-1 where it is left out. */
static void put_pss(struct kst_bytes params, struct kst_buf *out)
{
	struct kst_der d = kst_der_bytes(params), in, hash;
	struct kst_bytes oid, none;
	const struct alg *a;

	kst_buf_puts(out, "RSA-PSS");
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0)
		return;
	if (kst_der_peek(&in) != KST_DER_CONTEXT_CONSTRUCTED(0)) {
		kst_buf_puts(out, "-SHA1");
		return;
	}
	if (kst_der_enter(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &hash) < 0 ||
	    kst_algid_split((struct kst_bytes){ hash.p, kst_der_left(&hash) }, &oid, &none) < 0)
		return;
	a = FIND(hashes, oid);
	if (a)
		kst_buf_printf(out, "-%s", a->name);
}

void kst_algid_sig_text(struct kst_bytes algid, struct kst_buf *out)
{
	struct kst_bytes oid, params;
	const char *name;

	if (kst_algid_split(algid, &oid, &params) < 0) {
		kst_buf_puts(out, "?");
		return;
	}
	name = kst_sig_alg_name(oid);
	if (name)
		kst_buf_puts(out, name);
	else if (KST_OID_IS(oid, PKCS_1 "\x0a"))
		put_pss(params, out);
	else
		kst_oid_long_name(oid, out);
}
