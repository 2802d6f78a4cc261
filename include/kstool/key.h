/* SPDX-License-Identifier: ISC */
/*
 * key.h - private keys: PKCS#8 (RFC 5208, 5958), sealed or open
 *
 * A key may stay sealed: PKCS#12, encrypted PEM, JKS and JCEKS all hold an
 * EncryptedPrivateKeyInfo whose algorithm names the protection, so listing,
 * renaming, removing and copying need no passphrase.  A key of an algorithm
 * that OpenSSL does not know stays an opaque PKCS#8, named by its OID.
 */
#ifndef KSTOOL_KEY_H
#define KSTOOL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/ask.h"
#include "kstool/buf.h"
#include "kstool/cert.h"
#include "kstool/error.h"
#include "kstool/secret.h"

struct kst_key {
	struct kst_secret pkcs8; /* PrivateKeyInfo DER, byte for byte as it came; empty while sealed */
	struct kst_blob sealed;  /* EncryptedPrivateKeyInfo DER; empty if it came open */
	/* A traditional PEM key with Proc-Type: 4,ENCRYPTED: DEK-Info value and the ciphertext. */
	char *dek_info;
	struct kst_blob dek_data;
	char *dek_label; /* PEM label, as "RSA PRIVATE KEY" */
	struct kst_blob spki; /* SubjectPublicKeyInfo, where it is known without opening; may be empty */
};

struct kst_key *kst_key_new(void); /* empty; NULL without memory */
void kst_key_free(struct kst_key *key);
/* A copy; 0 or -1. */
int kst_key_copy(struct kst_key **out, const struct kst_key *key, struct kst_error *err);

bool kst_key_is_sealed(const struct kst_key *key); /* pkcs8 is not there yet */

/* Open a sealed key with one passphrase.  0 opened (pkcs8 filled; or it was open), 1 wrong
 * passphrase, -1 error.  Limits are the default ones. */
int kst_key_open_with(struct kst_key *key, const struct kst_secret *pass, struct kst_error *err);

/*
 * Take any private key DER: PKCS#8, or a traditional RSA (RFC 8017), EC (RFC
 * 5915; `ec_params` may give the curve) or DSA key, which becomes PKCS#8.
 * `label` is the PEM label if one is known, else NULL.  An EncryptedPrivateKeyInfo
 * gives a sealed key.  0 or -1 (BAD_KEY).
 */
int kst_key_from_der(struct kst_key **out, const uint8_t *der, size_t len, const char *label,
		     const struct kst_bytes *ec_params, struct kst_error *err);

/* SubjectPublicKeyInfo of an open key, computed if need be; appended.  0, 1 if the algorithm is
 * unknown to OpenSSL, or the key is sealed and nothing is known (no error), -1. */
int kst_key_spki(struct kst_key *key, struct kst_buf *out, struct kst_error *err);

/* A public key as a line of OpenSSH ("ssh-ed25519 AAAA... comment"), appended; `comment` may be NULL
 * and is escaped.  0; 1: OpenSSH has no such keys (no error); -1. */
int kst_spki_ssh(struct kst_bytes spki, const char *comment, struct kst_buf *out,
		 struct kst_error *err);

/* Does the certificate hold this key's public half?  1 yes, 0 no, -1 cannot tell (opaque, sealed).
 * An opaque key is compared by what PKCS#8 v2 carries, where it carries a public key. */
int kst_key_matches(struct kst_key *key, const struct kst_cert *cert);

/* "RSA-4096", "EC-P256", "Ed25519", "ML-DSA-65", else dotted OID; "?" while sealed.  Appended. */
void kst_key_text(const struct kst_key *key, bool strict, struct kst_buf *out);
/* How a sealed key is protected: "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256 200000"; appended. */
void kst_key_protection(const struct kst_key *key, struct kst_buf *out);

/* ---- sealing ---- */

enum kst_pbe {
	KST_PBE_AES256, /* PBES2, AES-256-CBC, PBKDF2-HMAC-SHA256 */
	KST_PBE_AES128,
	KST_PBE_3DES,   /* pbeWithSHA1And3-KeyTripleDES-CBC, for the oldest readers */
	KST_PBE_JKS,    /* what Java's JKS has: SHA-1 without iterations.  A JKS holds nothing better */
	KST_PBE_JCEKS,  /* PBEWithMD5AndTripleDES of Java's JCEKS */
	KST_PBE_OWN     /* a format's own way, for all of its keys together: kst_key_seal() has it not */
};
struct kst_pbe_options {
	enum kst_pbe pbe;
	uint32_t iterations; /* 0: the default of a new PKCS#12, 200,000 */
};
/* EncryptedPrivateKeyInfo DER of an open key, appended.  0 or -1. */
int kst_key_seal(const struct kst_key *key, const struct kst_secret *pass,
		 const struct kst_pbe_options *opt, struct kst_buf *out, struct kst_error *err);

/* ---- making ---- */

/*
 * New key.  `alg`: p256 p384 p521 ec (= p256) ed25519 ed448 x25519 rsa:BITS rsa
 * (= rsa:3072) rsa-pss:BITS dsa:BITS, and whatever the linked OpenSSL knows by
 * name (ml-dsa-65, slh-dsa-sha2-128s, ml-kem-768).  UNSUPPORTED names what is
 * missing.  0 or -1.
 */
int kst_key_generate(struct kst_key **out, const char *alg, struct kst_error *err);

struct kst_self_sign {
	const char *subject;     /* RFC 4514, or NULL: CN = first host */
	const char *const *host; /* names or IP addresses for the SAN; NULL-terminated; may be NULL */
	const struct kst_cert *from; /* what is not given here is copied from it; may be NULL */
	const char *const *ou;   /* organizational units instead of those of the subject; may be NULL */
	int days;                /* validity from now on */
	bool server_client;      /* EKU serverAuth and clientAuth */
};
/* Self-signed certificate of an open key.  A key that cannot sign (X25519, ML-KEM): UNSUPPORTED. */
int kst_key_self_sign(struct kst_cert **out, struct kst_key *key, const struct kst_self_sign *how,
		      struct kst_error *err);

struct kst_request {
	const char *subject;     /* RFC 4514; NULL: that of `from`, else CN = first host */
	const char *const *host; /* names or IP addresses; NULL-terminated; NULL: the SAN of `from` */
	const struct kst_cert *from; /* the present certificate: its names and usages; may be NULL */
	const char *const *ou;   /* organizational units instead of those of the subject; may be NULL */
	bool server, client;     /* extended key usage; neither: that of `from` */
};
/* DER of a certificate request (RFC 2986) for an open key, appended.  Hosts beside the subject of
 * `from` take the place of its CN.  UNSUPPORTED: the key cannot sign.  0 or -1. */
int kst_key_request(struct kst_buf *out, const struct kst_key *key, const struct kst_request *how,
		    struct kst_error *err);

#endif
