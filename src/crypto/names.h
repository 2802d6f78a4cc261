/* SPDX-License-Identifier: ISC */
/*
 * names.h - what algorithms, curves and keys are called
 *
 * One table for certificates and keys, which knows more than OpenSSL 3.0 does: the
 * post-quantum algorithms have names here even where the library cannot use them.
 * A key is described from its bytes, no public key is built for it.
 */
#ifndef KST_CRYPTO_NAMES_H
#define KST_CRYPTO_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"

/* All take the contents octets of an OBJECT IDENTIFIER. */

/* "RSA", "EC", "Ed25519", "ML-DSA-65"; NULL if the table does not have it. */
const char *kst_key_alg_name(struct kst_bytes oid);
/* "P256", "P384", "P521" only. */
const char *kst_curve_name(struct kst_bytes oid);
/* The table's name of a signature: "ECDSA-SHA384", "RSA-SHA256", "Ed25519"; NULL. */
const char *kst_sig_alg_name(struct kst_bytes oid);
/* Append OpenSSL's short ("CN", "serverAuth") or long name, else the dotted OID; "?" for rubbish. */
void kst_oid_short_name(struct kst_bytes oid, struct kst_buf *out);
void kst_oid_long_name(struct kst_bytes oid, struct kst_buf *out);
/* OpenSSL's number of it, or NID_undef. */
int kst_oid_nid(struct kst_bytes oid);

/*
 * Text of a key; appended.  `strict` gives exactly the texts of formats/kst1.md 4.3,
 * tag 0x8004: RSA-bits, EC-P256/384/521, EC-OID, Ed25519, Ed448, else the dotted OID.
 * Without it more algorithms have names, curves too ("EC-secp256k1"), and "?" stands
 * for what cannot be read, where strict appends nothing.
 */
void kst_spki_key_text(const uint8_t *spki, size_t n, bool strict, struct kst_buf *out);
void kst_pkcs8_key_text(const uint8_t *pkcs8, size_t n, bool strict, struct kst_buf *out);
/* From an AlgorithmIdentifier (whole) and the INTEGER that gives the size of an RSA key (contents
 * octets; may be empty). */
void kst_algid_key_text(struct kst_bytes algid, struct kst_bytes modulus, bool strict,
			struct kst_buf *out);
/* Text of a signature's AlgorithmIdentifier (whole): RSA-PSS with its hash; then the table, OpenSSL's
 * long name, the OID.  Appended. */
void kst_algid_sig_text(struct kst_bytes algid, struct kst_buf *out);

/* OID contents of an AlgorithmIdentifier (whole) and its parameters (whole element, empty if absent).
 * 0 or -1. */
int kst_algid_split(struct kst_bytes algid, struct kst_bytes *oid, struct kst_bytes *params);

#endif
