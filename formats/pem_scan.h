/* SPDX-License-Identifier: ISC */
/*
 * pem_scan.h - finding and decoding the blocks of a PEM file
 *
 * Offsets instead of copies: the writer puts unchanged blocks back byte for
 * byte, together with the text around them.
 */
#ifndef KST_FORMATS_PEM_SCAN_H
#define KST_FORMATS_PEM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"
#include "kstool/error.h"

/* A label longer than this is text that looks like a label. */
#define PEM_LABEL_MAX 64

struct pem_span {
	size_t text;            /* where the text before it starts: the end of the block before */
	size_t begin, end;      /* from the start of BEGIN's line to behind END's line end */
	size_t label, label_len;
	size_t body, body_end;  /* between the two marker lines */
	size_t indent;          /* blanks before BEGIN */
	size_t number;          /* from 1 */
	size_t line;            /* of BEGIN, from 1 */
};

struct pem_scan {
	const uint8_t *data;
	size_t len, pos;
	size_t counted, line; /* lines are counted as far as somebody asked */
	size_t nr;
	uint8_t eol;          /* '\r' only where the whole file has no '\n' */
};

void pem_scan_init(struct pem_scan *s, const uint8_t *data, size_t len);
/* The next block: 1; 0 there is none; -1 TRUNCATED or CORRUPT. */
int pem_scan_next(struct pem_scan *s, struct pem_span *out, struct kst_error *err);
/* Is this the block's label? */
bool pem_label_is(const struct pem_scan *s, const struct pem_span *b, const char *label);

/* RFC 1421 header fields that OpenSSL writes. */
struct pem_headers {
	bool any;
	bool encrypted;         /* Proc-Type: 4,ENCRYPTED */
	struct kst_bytes dek;   /* value of DEK-Info */
};
/* Decode the body; appended to out.  0, or -1 (CORRUPT, naming block and line). */
int pem_decode(struct pem_scan *s, const struct pem_span *b, struct pem_headers *headers,
	       struct kst_buf *out, struct kst_error *err);
/* What up to 64 characters of base64 stand for, blanks and line ends among them allowed; a last
 * quantum that is not whole is left out.  The number of bytes, 0: something else is among them. */
size_t pem_decode_start(const uint8_t *data, size_t n, uint8_t out[48]);
/* The value of the last line of data[from..to) that starts with `name` ("friendlyName:"), trimmed;
 * data NULL: there is none. */
struct kst_bytes pem_field(const uint8_t *data, size_t from, size_t to, const char *name);
#define PEM_NAME "friendlyName:"
#define PEM_ID "localKeyID:"
/* Where in data[from..to) the text starts that describes the block at `to` and goes when it goes. */
size_t pem_lead(const uint8_t *data, size_t from, size_t to);

#endif
