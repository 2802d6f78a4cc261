/* SPDX-License-Identifier: ISC */
/*
 * consumer.h - the programs that files are written for, and what each of them reads
 *
 * One row a consumer (consumer.def in src/store).  A row says what was tried here
 * and, for the rest, who has documented it: "tested" names a program and version
 * that a test drives, "source" is where the other facts come from.
 */
#ifndef KSTOOL_CONSUMER_H
#define KSTOOL_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "kstool/format.h"

enum kst_reads {
	KST_READS_PBES2 = 1 << 0,    /* PKCS#12 with PBES2 (AES-128, AES-256) and HMAC-SHA256 */
	KST_READS_3DES = 1 << 1,     /* PBE-SHA1-3DES and HMAC-SHA1 */
	KST_READS_RC2 = 1 << 2,      /* PBE-SHA1-RC2 and RC4, of old files */
	KST_READS_PBES2_ANY = 1 << 3, /* other ciphers under PBES2: AES-192, 3DES, Camellia */
	KST_READS_PBMAC1 = 1 << 4,
	KST_READS_NO_MAC = 1 << 5,   /* a PKCS#12 without MAC */
	KST_READS_KEY_PASS = 1 << 6, /* a passphrase for each key */
	KST_READS_SECRETS = 1 << 7,
	KST_READS_ANCHORS = 1 << 8,  /* takes the trusted certificates of a PKCS#12 as such */
	KST_READS_JAVA = 1 << 9,     /* by Java's rules: alias case, trust mark, no plain keys, ASCII */
	KST_READS_ONE_KEY = 1 << 10  /* one key and its certificate, nothing else */
};

struct kst_consumer {
	const char *name;        /* "java8": what --for takes */
	const char *title;       /* for people */
	const char *formats;     /* names of those it opens, blanks between; "*": all */
	const char *keys;        /* kinds of keys it knows: "RSA EC-P256"; "*": all */
	const char *alg;         /* of a new key */
	unsigned reads;          /* enum kst_reads */
	enum kst_pbe pbe;        /* how it is written */
	enum kst_mac mac;
	uint32_t iterations;     /* of each KDF; 0: the default of a new PKCS#12 */
	uint32_t most;           /* it reads no more of one KDF; 0: no limit is known */
	const char *tested;      /* a program and version that the tests drive; NULL: none here */
	const char *source;      /* who says the rest */
};

/* All, in the order of the table; the last has no name. */
extern const struct kst_consumer kst_consumers[];
/* By name; NULL if there is none. */
const struct kst_consumer *kst_consumer_find(const char *name);

bool kst_consumer_opens(const struct kst_consumer *c, const struct kst_format *f);
/* "RSA-2048", "EC-P256", "ML-DSA-65": the texts of keys and certificates. */
bool kst_consumer_knows_key(const struct kst_consumer *c, const char *key_text);
/* Does it decrypt this ("PBES2 AES-256-CBC, ...", "PBE-SHA1-RC2-40 2048"), and does it accept this MAC
 * ("HMAC-SHA256"; "" is none)? */
bool kst_consumer_reads_pbe(const struct kst_consumer *c, const char *pbe_text);
bool kst_consumer_reads_mac(const struct kst_consumer *c, const char *mac_text);

/* Write for it: algorithms and MAC; iterations only where none are set yet. */
void kst_consumer_apply(const struct kst_consumer *c, struct kst_write_options *w);

#endif
