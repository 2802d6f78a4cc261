/* SPDX-License-Identifier: ISC */
/*
 * pbe.h - encryption under a passphrase, as an AlgorithmIdentifier names it
 *
 * One place for PBES2 (RFC 8018, scrypt of RFC 7914), PBES1, the PBEs of PKCS#12
 * (RFC 7292 appendix C) and the two key protectors of Java's own keystores.  EncryptedPrivateKeyInfo and the encrypted
 * safes of PKCS#12 both come here.  Every call checks what the algorithm would
 * cost before it does any work.
 */
#ifndef KST_CRYPTO_PBE_H
#define KST_CRYPTO_PBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"
#include "kstool/error.h"
#include "kstool/key.h"
#include "kstool/secret.h"

struct kst_limits;

/* Whose protection it is: what a container may hold sealed, so that its readers can open it. */
enum kst_seal {
	KST_SEAL_UNKNOWN,  /* nobody's here, or no EncryptedPrivateKeyInfo at all */
	KST_SEAL_STANDARD, /* PBES1, PBES2, PKCS#12: PEM, DER, PKCS#12 */
	KST_SEAL_JKS,      /* JKS and JCEKS */
	KST_SEAL_JCEKS     /* JCEKS */
};
/* Of an EncryptedPrivateKeyInfo, which is not opened for it. */
enum kst_seal kst_seal_of(const uint8_t *epki, size_t len);

/*
 * What the work on one file has derived so far, in locked memory: opening many
 * bags of equal salt and iterations derives once, and so does sealing, where all
 * bags of a kind get one salt (a fresh IV each).  One cache per file; never
 * share one between passphrases that are meant to differ in salt.
 */
struct kst_pbe_cache;
struct kst_pbe_cache *kst_pbe_cache_new(void); /* NULL without memory */
void kst_pbe_cache_free(struct kst_pbe_cache *cache);

/* From here on its salts and IVs come from these bytes and not from chance: for files in which nothing
 * is a secret, the passphrase not either. */
void kst_pbe_cache_seed(struct kst_pbe_cache *cache, const uint8_t seed[32]);

/* Wipe what kst_key_open_with() has derived; it has a cache of its own. */
void kst_pbe_forget(void);

/*
 * Iterations that opening this will take (scrypt: N*r*p), for a caller that keeps a
 * budget.  Also checks the structure: CORRUPT, UNSUPPORTED.  0 or -1.
 */
int kst_pbe_cost(const uint8_t *algid, size_t algid_len, uint64_t *iterations,
		 struct kst_error *err);

/* "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256 200000", "PBE-SHA1-3DES 2048"; else the OID.  Appended. */
void kst_pbe_text(const uint8_t *algid, size_t algid_len, struct kst_buf *out);

struct kst_pbe_open {
	const struct kst_limits *limits; /* NULL: KST_LIMITS_DEFAULT */
	struct kst_pbe_cache *cache;	 /* NULL: none */
	/* Does the plaintext make sense?  One wrong passphrase in 200 gets past the padding of CBC,
	 * and a stream cipher has none.  NULL: one whole BER SEQUENCE. */
	bool (*plausible)(const uint8_t *plain, size_t len);
	/* Set to words for the encoding of the passphrase that opened it, where no standard has it. */
	const char **odd;
};

/*
 * Decrypt.  The encodings of the passphrase that are found in the wild are tried
 * in turn.  0 opened; 1 wrong passphrase (no error is set); -1 error: CORRUPT,
 * UNSUPPORTED, LIMIT.  `how` may be NULL.
 */
int kst_pbe_open(const uint8_t *algid, size_t algid_len, const uint8_t *ct, size_t ct_len,
		 const struct kst_secret *pass, const struct kst_pbe_open *how,
		 struct kst_secret *out, struct kst_error *err);

/* The same with the default limits, no cache. */
int kst_pbe_decrypt(const uint8_t *algid, size_t algid_len, const uint8_t *ct, size_t ct_len,
		    const struct kst_secret *pass, struct kst_secret *out, struct kst_error *err);

/*
 * Encrypt.  Appends the AlgorithmIdentifier's DER to `algid` and the ciphertext
 * to `ct`.  `cache` may be NULL: a salt of its own.  0 or -1.
 */
int kst_pbe_encrypt(const struct kst_pbe_options *opt, const uint8_t *plain, size_t len,
		    const struct kst_secret *pass, struct kst_pbe_cache *cache,
		    struct kst_buf *algid, struct kst_buf *ct, struct kst_error *err);

/* kst_key_open_with() and kst_key_seal() with what a format knows more: limits and a cache. */
int kst_key_open_how(struct kst_key *key, const struct kst_secret *pass,
		     const struct kst_pbe_open *how, struct kst_error *err);
int kst_key_seal_cached(const struct kst_key *key, const struct kst_secret *pass,
			const struct kst_pbe_options *opt, struct kst_pbe_cache *cache,
			struct kst_buf *out, struct kst_error *err);

#endif
