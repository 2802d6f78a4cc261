/* SPDX-License-Identifier: ISC */
/*
 * ca_index.h - a CA as other programs keep theirs: index.txt of openssl-ca(1) and easy-rsa, and the
 * revocation list that lies in its directory
 */
#ifndef KSTOOL_CA_INDEX_H
#define KSTOOL_CA_INDEX_H

#include "kstool/ca.h"

/* One line of index.txt, as `openssl ca -updatedb` would leave it at `now`; appended.  What is not signed yet
 * gives none. */
int kst_ca_index_line(struct kst_buf *out, const struct kst_ca_row *row, int64_t now, struct kst_error *err);

/* A line that was read.  Texts are cut out of the line, which is changed. */
struct kst_index_row {
	char state;             /* 'V' 'R' 'E' */
	int64_t not_after;
	int64_t revoked_at;     /* R */
	int reason;             /* CRLReason; -1 none was given */
	uint8_t serial[20];
	size_t serial_len;      /* without leading zeros */
	const char *file;       /* "unknown" mostly */
	const char *subject;    /* as "/C=DE/O=Acme/CN=web" */
};
/* 0, or -1: CORRUPT with what is wrong (no line number). */
int kst_index_parse(struct kst_index_row *out, char *line, struct kst_error *err);
/* "/C=DE/CN=a" as RFC 4514 has it: "CN=a,C=DE"; appended. */
void kst_index_subject(const char *oneline, struct kst_buf *out);

/* ---- the revocation list in the directory ---- */

struct kst_ca_crl {
	bool there;
	uint64_t number;        /* 0: it has none */
	int64_t this_update, next_update;
	size_t nr;              /* of its entries */
	struct kst_buf der;
};
/* What DIR/crl.der (or root-crl.der) is.  One that cannot be read, or is signed by another key, is an
 * error (CORRUPT).  Release it in any case. */
int kst_ca_crl_read(struct kst_ca *ca, enum kst_ca_issuer which, struct kst_ca_crl *out, struct kst_error *err);
void kst_ca_crl_release(struct kst_ca_crl *c);

/* ---- taking over ---- */

struct kst_ca_takeover {
	/* what is found, or named by the user */
	const char *index;      /* the file index.txt */
	struct kst_cert *cert;  /* of the CA */
	struct kst_key *key;    /* its key, open */
	struct kst_chain above; /* CAs above it, as far as they are known */
	uint64_t crl_number;    /* the last one that was used; 0 none */
	struct kst_cert *const *issued; /* certificates that were found; any others of the index are rows alone */
	size_t nr_issued;
	const char *crl_url, *ocsp_url; /* NULL none */
	struct kst_save_options save;
	/* what was found in it */
	size_t valid, revoked, expired, with_cert;
};
/*
 * A new CA in `dir` with the rows of an index.txt, all or nothing.  With `dry_run` nothing is written, only
 * counted.  CORRUPT: a line of the index; KEY_MISMATCH, NOT_A_CA.  0 or -1.
 */
int kst_ca_take_over(const char *dir, struct kst_ca_takeover *t, const struct kst_open_options *opt, bool dry_run,
		     struct kst_error *err);

#endif
