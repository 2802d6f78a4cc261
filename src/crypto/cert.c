/* SPDX-License-Identifier: ISC */
/* cert.c - the certificate object: one walk over the outer structure, then counted and immutable */
#include "kstool/cert.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto/cert_impl.h"
#include "crypto/cert_x509.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "kstool/alloc.h"
#include "kstool/time.h"

const uint8_t kst_cert_no_x509;

/* ---- the walk (RFC 5280 4.1) ---- */

/* DER has no indefinite lengths; OpenSSL takes them, and what it then hashes is not what was signed. */
static int element(struct kst_der *d, uint8_t id, struct kst_der_item *item)
{
	struct kst_der at = *d;

	if (kst_der_expect(&at, id, item) < 0 || item->indefinite)
		return -1;
	*d = at;
	return 0;
}

static int date(struct kst_der *d, int64_t *out)
{
	struct kst_der_item item;
	int id = kst_der_peek(d);

	if ((id != KST_DER_UTC_TIME && id != KST_DER_GENERALIZED_TIME) ||
	    kst_der_expect(d, (uint8_t)id, &item) < 0)
		return -1;
	return kst_time_from_asn1(id == KST_DER_GENERALIZED_TIME, item.body.data, item.body.len, out);
}

static int version(struct kst_cert *c, struct kst_der *tbs)
{
	struct kst_der_item outer, item;
	struct kst_der in;
	uint64_t v;

	if (kst_der_peek(tbs) != KST_DER_CONTEXT_CONSTRUCTED(0))
		return 0;
	if (element(tbs, KST_DER_CONTEXT_CONSTRUCTED(0), &outer) < 0)
		return -1;
	in = kst_der_in(&outer);
	if (element(&in, KST_DER_INTEGER, &item) < 0 || !item.body.len || !kst_der_end(&in))
		return -1;
	/* Odd numbers are found in the wild, and nothing depends on more than "v1 or not". */
	c->version = kst_der_uint(item.body, &v) == 0 && v < UINT_MAX ? (unsigned)v : UINT_MAX;
	return 0;
}

static int validity(struct kst_cert *c, struct kst_der *tbs)
{
	struct kst_der_item item;
	struct kst_der in;

	if (element(tbs, KST_DER_SEQUENCE, &item) < 0)
		return -1;
	in = kst_der_in(&item);
	if (date(&in, &c->not_before) < 0 || date(&in, &c->not_after) < 0 || !kst_der_end(&in))
		return -1;
	return 0;
}

/* Unique identifiers are passed over; the extensions are a SEQUENCE, looked into when asked for. */
static int tail(struct kst_cert *c, struct kst_der *tbs)
{
	struct kst_der_item item, list;
	struct kst_der in;

	for (uint8_t n = 1; n <= 2; n++)
		if (kst_der_optional(tbs, KST_DER_CONTEXT(n), &item) < 0 ||
		    kst_der_optional(tbs, KST_DER_CONTEXT_CONSTRUCTED(n), &item) < 0)
			return -1;
	if (kst_der_end(tbs))
		return 0;
	if (element(tbs, KST_DER_CONTEXT_CONSTRUCTED(3), &item) < 0 || !kst_der_end(tbs))
		return -1;
	in = kst_der_in(&item);
	if (element(&in, KST_DER_SEQUENCE, &list) < 0 || !kst_der_end(&in))
		return -1;
	c->extensions = list.body;
	return 0;
}

/* NULL, or what does not parse. */
static const char *walk(struct kst_cert *c, struct kst_der *at)
{
	struct kst_der_item item;
	struct kst_der whole = kst_der_over(c->der, c->len), cert, tbs;

	*at = whole;
	if (element(&whole, KST_DER_SEQUENCE, &item) < 0)
		return "the outer sequence";
	if (!kst_der_end(&whole)) {
		*at = whole;
		return "what follows its end";
	}
	*at = cert = kst_der_in(&item);
	if (element(&cert, KST_DER_SEQUENCE, &item) < 0)
		return "the signed part";
	*at = tbs = kst_der_in(&item);
	if (version(c, &tbs) < 0)
		return "the version";
	*at = tbs;
	if (element(&tbs, KST_DER_INTEGER, &item) < 0 || !item.body.len)
		return "the serial number";
	c->serial = item.body;
	*at = tbs;
	if (element(&tbs, KST_DER_SEQUENCE, &item) < 0)
		return "the signature algorithm";
	*at = tbs;
	if (element(&tbs, KST_DER_SEQUENCE, &item) < 0)
		return "the issuer";
	c->issuer = item.whole;
	*at = tbs;
	if (validity(c, &tbs) < 0)
		return "the validity";
	*at = tbs;
	if (element(&tbs, KST_DER_SEQUENCE, &item) < 0)
		return "the subject";
	c->subject = item.whole;
	*at = tbs;
	if (element(&tbs, KST_DER_SEQUENCE, &item) < 0)
		return "the public key";
	c->spki = item.whole;
	*at = tbs;
	if (tail(c, &tbs) < 0)
		return "the extensions";
	*at = cert;
	if (element(&cert, KST_DER_SEQUENCE, &item) < 0)
		return "the outer signature algorithm";
	c->sig_alg = item.whole;
	*at = cert;
	if (element(&cert, KST_DER_BIT_STRING, &item) < 0 || !item.body.len || !kst_der_end(&cert))
		return "the signature";
	return NULL;
}

int kst_cert_new(struct kst_cert **out, const uint8_t *der, size_t len, struct kst_error *err)
{
	struct kst_cert *c;
	struct kst_der at;
	const char *bad;
	size_t size;

	if (__builtin_add_overflow(sizeof(*c), len, &size) || !(c = kst_malloc(size)))
		return kst_error_nomem(err);
	memset(c, 0, sizeof(*c));
	atomic_init(&c->refs, 1);
	c->len = len;
	if (len)
		memcpy(c->der, der, len);
	bad = len ? walk(c, &at) : NULL;
	if (bad || !len) {
		if (len)
			kst_error_setx(err, KST_E_BAD_CERT,
				       "no X.509 certificate: %s cannot be read (byte %zu of %zu)", bad,
				       (size_t)(at.p - c->der), len);
		else
			kst_error_setx(err, KST_E_BAD_CERT, "no X.509 certificate: it is empty");
		kst_free(c);
		return -1;
	}
	kst_sha256(c->der, c->len, c->sha256);
	*out = c;
	return 0;
}

struct kst_cert *kst_cert_ref(struct kst_cert *cert)
{
	atomic_fetch_add_explicit(&cert->refs, 1, memory_order_relaxed);
	return cert;
}

static bool is_x509(const struct x509_st *x)
{
	return x && (const void *)x != &kst_cert_no_x509;
}

void kst_cert_free(struct kst_cert *cert)
{
	struct x509_st *x;

	if (!cert || atomic_fetch_sub(&cert->refs, 1) != 1)
		return;
	x = atomic_load(&cert->x509);
	if (is_x509(x))
		X509_free(x);
	kst_free(cert);
}

/* ---- what the walk gave ---- */

struct kst_bytes kst_cert_der(const struct kst_cert *cert)
{
	return (struct kst_bytes){ cert->der, cert->len };
}

const uint8_t *kst_cert_sha256(const struct kst_cert *cert)
{
	return cert->sha256;
}

bool kst_cert_equal(const struct kst_cert *a, const struct kst_cert *b)
{
	return a == b || (a && b && a->len == b->len && !memcmp(a->der, b->der, a->len));
}

struct kst_bytes kst_cert_subject_der(const struct kst_cert *cert)
{
	return cert->subject;
}

struct kst_bytes kst_cert_issuer_der(const struct kst_cert *cert)
{
	return cert->issuer;
}

struct kst_bytes kst_cert_serial(const struct kst_cert *cert)
{
	return cert->serial;
}

struct kst_bytes kst_cert_spki(const struct kst_cert *cert)
{
	return cert->spki;
}

int64_t kst_cert_not_before(const struct kst_cert *cert)
{
	return cert->not_before;
}

int64_t kst_cert_not_after(const struct kst_cert *cert)
{
	return cert->not_after;
}

bool kst_cert_is_self_issued(const struct kst_cert *cert)
{
	return kst_bytes_is(cert->subject, cert->issuer.data, cert->issuer.len) ||
	       (kst_cert_subject_hash(cert) == kst_cert_issuer_hash(cert) &&
		kst_name_equal(cert->subject, cert->issuer));
}

void kst_cert_sha1(const struct kst_cert *cert, uint8_t out[20])
{
	kst_sha1(cert->der, cert->len, out);
}

void kst_cert_spki_sha256(const struct kst_cert *cert, uint8_t out[32])
{
	kst_sha256(cert->spki.data, cert->spki.len, out);
}

/* ---- OpenSSL's object ---- */

X509 *kst_cert_x509(const struct kst_cert *cert)
{
	/* Only the cache changes, and with the same result whoever comes first. */
	struct kst_cert *c = (struct kst_cert *)cert;
	struct x509_st *have = atomic_load(&c->x509), *made;
	const uint8_t *p = cert->der;

	if (have)
		return is_x509(have) ? have : NULL;
	ERR_set_mark();
	made = cert->len <= LONG_MAX ? d2i_X509(NULL, &p, (long)cert->len) : NULL;
	ERR_pop_to_mark();
	if (!made)
		made = (struct x509_st *)&kst_cert_no_x509;
	if (!atomic_compare_exchange_strong(&c->x509, &have, made)) {
		if (is_x509(made))
			X509_free(made);
		made = have;
	}
	return is_x509(made) ? made : NULL;
}

int kst_cert_from_x509(struct kst_cert **out, X509 *x509, struct kst_error *err)
{
	unsigned char *der = NULL;
	int len, ret;

	ERR_set_mark();
	len = i2d_X509(x509, &der);
	ERR_pop_to_mark();
	if (len <= 0)
		return kst_error_setx(err, KST_E_BAD_CERT, "openssl cannot encode the certificate");
	ret = kst_cert_new(out, der, (size_t)len, err);
	OPENSSL_free(der);
	return ret;
}
