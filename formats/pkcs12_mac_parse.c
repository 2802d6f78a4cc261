/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_mac_parse.c - MacData (RFC 7292 4) and what PBMAC1 makes of it (RFC 9579)
 *
 * All that an attacker can choose is checked here, before a passphrase is asked
 * for: which HMAC, how much work, how long a key.
 */
#include "pkcs12_state.h"

#include <inttypes.h>
#include <stdio.h>

#define SALT_MAX 4096
/* RFC 9579 leaves the length to the file: a key of one byte makes one passphrase in 256 fit, a huge
 * one has overrun OpenSSL's stack (CVE-2025-11187). */
#define KEY_MIN 20
#define KEY_MAX KST_KDF_MAX_OUT

static const struct hash {
	const char *oid;  /* contents octets of the digest's OID */
	size_t len;
	uint8_t hmac;     /* last arc of the HMAC's OID, under 1.2.840.113549.2 */
	const char *name; /* OpenSSL's, and ours */
	size_t size;
} hashes[] = {
	{ "\x2b\x0e\x03\x02\x1a", 5, 7, "SHA1", 20 },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x04", 9, 8, "SHA224", 28 },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9, 9, "SHA256", 32 },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9, 10, "SHA384", 48 },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x03", 9, 11, "SHA512", 64 },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x05", 9, 12, "SHA512-224", 28 },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x06", 9, 13, "SHA512-256", 32 },
	/* RustCrypto has one; there is no OID of an HMAC for PBMAC1. */
	{ "\x2b\x06\x01\x04\x01\x8d\x3a\x0c\x02\x01\x10", 11, 0, "BLAKE2B-512", 64 },
};
#define NR_HASHES (sizeof(hashes) / sizeof(hashes[0]))
#define OID_HMAC "\x2a\x86\x48\x86\xf7\x0d\x02" /* and one octet */
#define OID_PBMAC1 "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e"
#define OID_PBKDF2 "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"

static int corrupt(struct kst_error *err, const char *what)
{
	return kst_error_setx(err, KST_E_CORRUPT, "%s", what);
}

static int unsupported(struct kst_error *err, const char *what, struct kst_bytes oid)
{
	char text[KST_OID_TEXT];
	kst_oid_text(oid, text);
	return kst_error_setx(err, KST_E_UNSUPPORTED, "%s %s is not supported", what,
			      *text ? text : "?");
}

static const struct hash *digest_of(struct kst_bytes oid)
{
	for (size_t i = 0; i < NR_HASHES; i++)
		if (kst_bytes_is(oid, hashes[i].oid, hashes[i].len))
			return &hashes[i];
	return NULL;
}

static const struct hash *hmac_of(struct kst_bytes oid)
{
	size_t n = sizeof(OID_HMAC) - 1;
	if (oid.len != n + 1 || !oid.data[n] || !kst_bytes_is((struct kst_bytes){ oid.data, n }, OID_HMAC, n))
		return NULL;
	for (size_t i = 0; i < NR_HASHES; i++)
		if (hashes[i].hmac == oid.data[n])
			return &hashes[i];
	return NULL;
}

/* AlgorithmIdentifier ::= SEQUENCE { OID, parameters ANY OPTIONAL } */
struct algid {
	struct kst_bytes oid;
	struct kst_der parameters;
};
static int parse_algid(struct kst_der *d, struct algid *out)
{
	struct kst_der in;
	struct kst_der_item oid;
	if (kst_der_enter(d, KST_DER_SEQUENCE, &in) < 0 ||
	    kst_der_expect(&in, KST_DER_OID, &oid) < 0)
		return -1;
	out->oid = oid.body;
	out->parameters = in;
	return 0;
}

/* These bytes are under no MAC: what does not matter must not be there either. */
static bool absent_or_null(struct kst_der d)
{
	struct kst_der_item null;
	if (kst_der_end(&d))
		return true;
	return kst_der_expect(&d, KST_DER_NULL, &null) == 0 && null.body.len == 0 && kst_der_end(&d);
}

static int take_iterations(struct p12_reader *r, struct kst_bytes body, uint64_t *out,
			   struct kst_error *err)
{
	uint32_t limit = r->io->limits->iterations;
	uint64_t n = UINT64_MAX;
	if (!body.len || body.data[0] & 0x80)
		return corrupt(err, "the iterations of the MAC are negative");
	if (kst_der_uint(body, &n) == 0 && n == 0)
		return corrupt(err, "the iterations of the MAC are zero");
	if (n > limit)
		return kst_error_setx(err, KST_E_LIMIT,
				      "its MAC asks for %" PRIu64 " iterations, the limit is %" PRIu32,
				      n, limit);
	*out = n;
	return 0;
}

static int take_salt(struct kst_bytes salt, struct kst_kdf *kdf, struct kst_error *err)
{
	if (salt.len > SALT_MAX)
		return kst_error_setx(err, KST_E_LIMIT, "the salt of the MAC is longer than %d bytes",
				      SALT_MAX);
	/* Borrowed from the file; nobody writes through it. */
	kdf->salt = (struct kst_blob){ (uint8_t *)(uintptr_t)salt.data, salt.len };
	return 0;
}

/* Early JDKs wrote 8.  Such a MAC counts for nothing: who asks for it gets the file as one that has none. */
static int take_key_length(struct p12_reader *r, struct kst_bytes body, struct p12_mac *mac,
			   struct kst_error *err)
{
	uint64_t n;
	bool told = kst_der_uint(body, &n) == 0;
	bool is_short = told && n > 0 && n < KEY_MIN;

	if (told && n >= KEY_MIN && n <= KEY_MAX) {
		mac->key_len = (size_t)n;
		return 0;
	}
	if (is_short && r->io->read->allow_unauthenticated) {
		mac->present = false;
		kst_note(r->io->notes, "short-mac-key",
			 "the key of its MAC has %" PRIu64 " bytes, which authenticates nothing: it is "
			 "read as a file without MAC", n);
		return 0;
	}
	kst_error_setx(err, KST_E_UNSUPPORTED, "PBMAC1 with a keyLength outside of %d to %d is refused",
		       KEY_MIN, KEY_MAX);
	kst_error_detail(err, "a short key lets wrong passphrases and altered files pass");
	if (is_short)
		kst_error_hint(err, "add --allow-unauthenticated to open it as a file without MAC");
	return -1;
}

/* PBKDF2-params ::= SEQUENCE { salt CHOICE { OCTET STRING, AlgorithmIdentifier }, iterationCount,
 * keyLength OPTIONAL, prf AlgorithmIdentifier DEFAULT hmacWithSHA1 } (RFC 8018 A.2) */
static int parse_pbkdf2(struct p12_reader *r, struct kst_der d, struct p12_mac *mac,
			struct kst_error *err)
{
	struct kst_der in;
	struct kst_der_item salt, iterations, length;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d))
		return corrupt(err, "the PBKDF2 parameters of the MAC cannot be decoded");
	if (kst_der_expect(&in, KST_DER_OCTET_STRING, &salt) < 0)
		return corrupt(err, "the salt of the MAC is no OCTET STRING");
	if (kst_der_expect(&in, KST_DER_INTEGER, &iterations) < 0)
		return corrupt(err, "the MAC has no iterations");
	if (take_salt(salt.body, &mac->kdf, err) < 0 ||
	    take_iterations(r, iterations.body, &mac->kdf.iterations, err) < 0)
		return -1;
	if (kst_der_optional(&in, KST_DER_INTEGER, &length) != 1)
		return corrupt(err, "PBMAC1 without keyLength, which RFC 9579 demands");
	if (take_key_length(r, length.body, mac, err) < 0)
		return -1;

	const struct hash *prf = &hashes[0];
	if (!kst_der_end(&in)) {
		struct algid alg;
		if (parse_algid(&in, &alg) < 0 || !kst_der_end(&in))
			return corrupt(err, "the PBKDF2 parameters of the MAC cannot be decoded");
		prf = hmac_of(alg.oid);
		if (!prf)
			return unsupported(err, "PBKDF2 algorithm", alg.oid);
		if (!absent_or_null(alg.parameters))
			return corrupt(err, "the PBKDF2 algorithm of the MAC has parameters");
	}
	mac->kdf.kind = KST_KDF_PBKDF2;
	mac->kdf.digest = prf->name;
	return 0;
}

/* PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme }.  The salt and the iterations
 * outside of it are not used. */
static int parse_pbmac1(struct p12_reader *r, struct kst_der d, struct p12_mac *mac,
			struct kst_error *err)
{
	struct kst_der in;
	struct algid kdf, scheme;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d) ||
	    parse_algid(&in, &kdf) < 0 || parse_algid(&in, &scheme) < 0 || !kst_der_end(&in))
		return corrupt(err, "the PBMAC1 parameters cannot be decoded");
	if (!KST_OID_IS(kdf.oid, OID_PBKDF2))
		return unsupported(err, "MAC key derivation", kdf.oid);
	const struct hash *hash = hmac_of(scheme.oid);
	if (!hash)
		return unsupported(err, "MAC algorithm", scheme.oid);
	if (!absent_or_null(scheme.parameters))
		return corrupt(err, "the MAC algorithm has parameters");
	if (parse_pbkdf2(r, kdf.parameters, mac, err) < 0)
		return -1;
	mac->pbmac1 = true;
	mac->digest = hash->name;
	mac->size = hash->size;
	snprintf(mac->text, sizeof(mac->text), "PBMAC1 HMAC-%s", hash->name);
	return 0;
}

static int parse_hmac(struct p12_reader *r, const struct algid *alg, struct kst_bytes salt,
		      const struct kst_der_item *iterations, struct p12_mac *mac,
		      struct kst_error *err)
{
	/* Not "wrong passphrase", which is what most programs say. */
	const struct hash *hash = digest_of(alg->oid);
	if (!hash)
		return unsupported(err, "MAC algorithm", alg->oid);
	mac->kdf.kind = KST_KDF_PKCS12;
	mac->kdf.digest = hash->name;
	mac->kdf.iterations = 1; /* DEFAULT 1 */
	mac->digest = hash->name;
	mac->size = mac->key_len = hash->size;
	snprintf(mac->text, sizeof(mac->text), "HMAC-%s", hash->name);
	if (iterations && take_iterations(r, iterations->body, &mac->kdf.iterations, err) < 0)
		return -1;
	return take_salt(salt, &mac->kdf, err);
}

/* MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 } */
int p12_mac_parse(struct p12_reader *r, struct kst_der macdata, struct kst_error *err)
{
	struct kst_der info;
	struct kst_der_item value, salt, iterations;
	struct kst_bytes salt_octets;
	struct algid alg;
	struct p12_mac mac = { .present = true };

	if (kst_der_enter(&macdata, KST_DER_SEQUENCE, &info) < 0 || parse_algid(&info, &alg) < 0 ||
	    kst_der_next(&info, &value) != 1 || !kst_der_end(&info) ||
	    (value.id | 0x20) != (KST_DER_OCTET_STRING | 0x20))
		return corrupt(err, "its MAC cannot be decoded");
	if (kst_der_next(&macdata, &salt) != 1 || (salt.id | 0x20) != (KST_DER_OCTET_STRING | 0x20))
		return corrupt(err, "its MAC has no salt");
	int more = kst_der_optional(&macdata, KST_DER_INTEGER, &iterations);
	if (more < 0 || !kst_der_end(&macdata))
		return corrupt(err, "its MAC cannot be decoded");
	if (p12_octets(r, &value, &mac.value, err) < 0 ||
	    p12_octets(r, &salt, &salt_octets, err) < 0)
		return -1;

	int rc = KST_OID_IS(alg.oid, OID_PBMAC1)
			 ? parse_pbmac1(r, alg.parameters, &mac, err)
			 : parse_hmac(r, &alg, salt_octets, more ? &iterations : NULL, &mac, err);
	if (rc < 0)
		return -1;
	if (mac.value.len != mac.size)
		return kst_error_setx(err, KST_E_CORRUPT, "its MAC has %zu bytes where %s has %zu",
				      mac.value.len, mac.text, mac.size);
	r->mac = mac;
	r->state->pbmac1 = mac.pbmac1;
	return 0;
}
