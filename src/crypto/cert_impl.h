/* SPDX-License-Identifier: ISC */
/*
 * cert_impl.h - a certificate from inside, names, and what links certificates
 *
 * For src/crypto/cert*.c, src/model/chain.c src/verify; others use kstool/cert.h.
 */
#ifndef KST_CRYPTO_CERT_IMPL_H
#define KST_CRYPTO_CERT_IMPL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/der.h"
#include "kstool/buf.h"
#include "kstool/cert.h"

struct kst_cert {
	atomic_uint refs;
	/* Made when somebody asks (cert_x509.h); NULL until then.  cert_no_x509: OpenSSL refused. */
	_Atomic(struct x509_st *) x509;
	/* kst_name_hash() of subject and issuer; 0: not known yet. */
	_Atomic uint64_t subject_hash, issuer_hash;
	uint8_t sha256[32];
	int64_t not_before, not_after;
	unsigned version; /* as encoded: 0 is v1; UINT_MAX beyond that */
	/* All into der. */
	struct kst_bytes subject, issuer, serial, spki, sig_alg, extensions;
	size_t len;
	uint8_t der[];
};

/* What x509 points to where OpenSSL cannot make one. */
extern const uint8_t kst_cert_no_x509;

/* ---- extensions: cert_ext.c ---- */

/* Contents of the extnValue; empty if absent.  `oid`: contents octets. */
struct kst_bytes kst_cert_ext(const struct kst_cert *cert, const void *oid, size_t oid_len,
			      bool *critical);
#define KST_CERT_EXT(cert, literal, critical) \
	kst_cert_ext((cert), (literal), sizeof(literal) - 1, (critical))
/* The same in any list of extensions (the contents of the SEQUENCE). */
struct kst_bytes kst_ext_find(struct kst_bytes extensions, const void *oid, size_t oid_len,
			      bool *critical);
#define KST_EXT(extensions, literal) \
	kst_ext_find((extensions), (literal), sizeof(literal) - 1, NULL)
int kst_ext_each_san(struct kst_bytes extensions, kst_each_san *each, void *ctx);

/* ---- names: cert_name.c ---- */

struct kst_name_iter {
	struct kst_der rdns, set;
};
struct kst_name_attr {
	struct kst_bytes oid;
	struct kst_der_item value;
	bool first; /* of its RDN */
};
/* Attributes in the order of the DER.  1; 0 at the end; -1 malformed. */
void kst_name_start(struct kst_name_iter *it, struct kst_bytes name);
int kst_name_next(struct kst_name_iter *it, struct kst_name_attr *attr);

/* Append a whole Name as RFC 4514 text. */
void kst_name_text(struct kst_bytes name, struct kst_buf *out);
/* Append a string value as UTF-8; U+0000 and what does not decode become U+FFFD. */
void kst_asn1_text(const struct kst_der_item *value, struct kst_buf *out);
/* The same for octets with one character each (IA5String without its tag). */
void kst_ia5_text(struct kst_bytes s, struct kst_buf *out);

/* Equal as RFC 5280 7.1 compares: without regard to case, blanks and string type. */
bool kst_name_equal(struct kst_bytes a, struct kst_bytes b);
/* Equal names have equal hashes; never 0. */
uint64_t kst_name_hash(struct kst_bytes name);
uint64_t kst_cert_subject_hash(const struct kst_cert *cert);
uint64_t kst_cert_issuer_hash(const struct kst_cert *cert);

/* ---- links: cert_verify.c ---- */

/* Authority key identifier of cert against subject key identifier of issuer: 1 equal, 0 different,
 * -1 one of them has none. */
int kst_cert_key_ids(const struct kst_cert *cert, const struct kst_cert *issuer);

#endif
