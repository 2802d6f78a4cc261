/* SPDX-License-Identifier: ISC */
/*
 * cert.h - X.509 certificates (RFC 5280), and what is shown of them
 *
 * A struct kst_cert is immutable and counted.  The DER that was read is the DER
 * that is written, always.  Making one walks the outer structure only; nothing
 * is decoded, and no public key is built, before it is asked for: a bundle of
 * ten thousand costs microseconds a certificate.
 */
#ifndef KSTOOL_CERT_H
#define KSTOOL_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"
#include "kstool/error.h"

struct kst_cert;

/* From DER, which is copied.  Bytes after the certificate are refused (BAD_CERT).  0 or -1. */
int kst_cert_new(struct kst_cert **out, const uint8_t *der, size_t len, struct kst_error *err);
struct kst_cert *kst_cert_ref(struct kst_cert *cert); /* one more owner */
void kst_cert_free(struct kst_cert *cert);            /* one owner fewer; NULL is allowed */

struct kst_bytes kst_cert_der(const struct kst_cert *cert);
const uint8_t *kst_cert_sha256(const struct kst_cert *cert); /* 32 bytes, of the DER */
bool kst_cert_equal(const struct kst_cert *a, const struct kst_cert *b);

/* ---- what the walk gives, without decoding; borrowed from cert ---- */
struct kst_bytes kst_cert_subject_der(const struct kst_cert *cert); /* Name, with tag and length */
struct kst_bytes kst_cert_issuer_der(const struct kst_cert *cert);
struct kst_bytes kst_cert_serial(const struct kst_cert *cert); /* contents octets of the INTEGER */
struct kst_bytes kst_cert_spki(const struct kst_cert *cert);   /* SubjectPublicKeyInfo, whole */
int64_t kst_cert_not_before(const struct kst_cert *cert);
int64_t kst_cert_not_after(const struct kst_cert *cert);
bool kst_cert_is_ca(const struct kst_cert *cert); /* basicConstraints CA:TRUE, or v1 and self-issued */
bool kst_cert_is_self_issued(const struct kst_cert *cert); /* subject equals issuer */
/* Extension value by dotted OID (contents of the OCTET STRING); empty if absent. */
struct kst_bytes kst_cert_extension(const struct kst_cert *cert, const char *oid, bool *critical);

/* ---- text of it; appended to out ---- */

/* RFC 4514 (OpenSSL's XN_FLAG_RFC2253 without ASN1_STRFLGS_ESC_MSB); UTF-8, not yet escaped. */
void kst_cert_subject(const struct kst_cert *cert, struct kst_buf *out);
void kst_cert_issuer(const struct kst_cert *cert, struct kst_buf *out);
/* The name that a list shows: first dNSName, else URI, e-mail, IP of the SAN, else the last CN,
 * else the first value of the last RDN (formats/kst1.md, tag 0x8007). */
void kst_cert_name(const struct kst_cert *cert, struct kst_buf *out);
/* The CN of the issuer (else as kst_cert_name does for a subject without SAN). */
void kst_cert_issuer_name(const struct kst_cert *cert, struct kst_buf *out);
/* "RSA-4096", "EC-P256", "Ed25519", "ML-DSA-65" ..., else the dotted OID (kst1.md, tag 0x8004,
 * allows OIDs only beyond the first few: `strict` gives exactly those texts). */
void kst_cert_key_text(const struct kst_cert *cert, bool strict, struct kst_buf *out);
/* "ECDSA-SHA384", "RSA-SHA256", "Ed25519", else OpenSSL's long name, else the OID. */
void kst_cert_sig_text(const struct kst_cert *cert, struct kst_buf *out);
/* The same as OpenSSL's long name ("ecdsa-with-SHA384", "sha256WithRSAEncryption"), else the OID. */
void kst_cert_sig_alg(const struct kst_cert *cert, struct kst_buf *out);

enum kst_san_type { KST_SAN_DNS, KST_SAN_URI, KST_SAN_EMAIL, KST_SAN_IP, KST_SAN_OTHER };
/* Call each() for every subjectAltName in order (IP as text).  Stops when it returns non-zero. */
typedef int kst_each_san(void *ctx, enum kst_san_type type, const char *value, size_t len);
int kst_cert_each_san(const struct kst_cert *cert, kst_each_san *each, void *ctx);
size_t kst_cert_san_count(const struct kst_cert *cert); /* of the four named types */
/* Call each() for every attribute of the subject: short name ("CN") or OID, UTF-8 value. */
int kst_cert_each_rdn(const struct kst_cert *cert, bool issuer,
		      int (*each)(void *ctx, const char *type, const char *value), void *ctx);
/* Space-separated names as openssl prints them in JSON form: "digitalSignature keyEncipherment". */
void kst_cert_key_usage(const struct kst_cert *cert, struct kst_buf *out);
/* Space-separated "serverAuth clientAuth", unknown ones as OIDs. */
void kst_cert_ext_key_usage(const struct kst_cert *cert, struct kst_buf *out);
/* Where the certificate of its issuer can be had, if it says so: the first http URL of caIssuers (RFC 5280
 * 4.2.2.1), printable ASCII without blanks and quotes.  Appended. */
void kst_cert_issuer_url(const struct kst_cert *cert, struct kst_buf *out);
/* SHA-256 (or SHA-1, for those who still ask) of DER / of the SubjectPublicKeyInfo. */
void kst_cert_sha1(const struct kst_cert *cert, uint8_t out[20]);
void kst_cert_spki_sha256(const struct kst_cert *cert, uint8_t out[32]);
/* Everything, as `openssl x509 -text` would; appended, not escaped. */
void kst_cert_full_text(const struct kst_cert *cert, struct kst_buf *out);

/* Of a revocation list (DER): thisUpdate, nextUpdate (0: it has none), and its issuer's CN.  0; -1 it is none. */
int kst_crl_facts(struct kst_bytes der, int64_t *from, int64_t *until, struct kst_buf *issuer);

/* ---- relations ---- */

/* Did `issuer` sign `cert`?  Names first, then the signature.  Unknown algorithms: names and key ids. */
bool kst_cert_issued_by(const struct kst_cert *cert, const struct kst_cert *issuer);

/* ---- chains ---- */

struct kst_chain {
	struct kst_cert **cert; /* leaf first; each owned */
	size_t nr;
};
int kst_chain_push(struct kst_chain *c, struct kst_cert *cert); /* takes a reference; 0 or -1 */
void kst_chain_release(struct kst_chain *c);
bool kst_chain_equal(const struct kst_chain *a, const struct kst_chain *b);

/*
 * Build the chain of `leaf` from `pool` by signature and name, leaf first, up to
 * and including a self-issued root if the pool has it; each certificate once
 * (cycles end).  `*complete` tells whether it ends in a self-issued certificate.
 * The pool may hold the leaf.  0 or -1.
 */
int kst_chain_build(struct kst_chain *out, struct kst_cert *leaf, struct kst_cert *const *pool,
		    size_t nr, bool *complete, struct kst_error *err);

/* For many chains from one pool: the certificates by name, once.  The pool borrows `pool` and its
 * certificates, which must outlive it.  0 or -1. */
struct kst_cert_pool;
int kst_cert_pool_new(struct kst_cert_pool **out, struct kst_cert *const *pool, size_t nr,
		      struct kst_error *err);
void kst_cert_pool_free(struct kst_cert_pool *pool);
int kst_chain_build_from(struct kst_chain *out, struct kst_cert *leaf,
			 const struct kst_cert_pool *pool, bool *complete, struct kst_error *err);

#endif
