/* SPDX-License-Identifier: ISC */
/*
 * der.h - walking ASN.1 without decoding it
 *
 * A cursor over DER (or BER: indefinite lengths and constructed strings are found
 * in PKCS#12 files) on top of OpenSSL's own header reader.  Everything is borrowed
 * from the bytes that were given.  No function sets a struct kst_error and none
 * leaves anything in OpenSSL's queue: the caller knows what the bytes were meant
 * to be, and says it.
 *
 * Tags are given as the identifier octet (X.690 8.1.2): 0x30 a SEQUENCE, 0xa0 a
 * constructed [0].  High tag numbers have the identifier 0x1f in the low bits and
 * are told by `tag`.
 */
#ifndef KST_CRYPTO_DER_H
#define KST_CRYPTO_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"

/* Identifier octets. */
#define KST_DER_BOOLEAN 0x01
#define KST_DER_INTEGER 0x02
#define KST_DER_BIT_STRING 0x03
#define KST_DER_OCTET_STRING 0x04
#define KST_DER_NULL 0x05
#define KST_DER_OID 0x06
#define KST_DER_UTF8_STRING 0x0c
#define KST_DER_UTC_TIME 0x17
#define KST_DER_GENERALIZED_TIME 0x18
#define KST_DER_BMP_STRING 0x1e
#define KST_DER_SEQUENCE 0x30
#define KST_DER_SET 0x31
#define KST_DER_CONTEXT(n) (0x80 | (n))             /* primitive [n] */
#define KST_DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* constructed [n] */

/* Nesting of indefinite lengths and of constructed strings that is followed. */
#define KST_DER_DEPTH 32

struct kst_der {
	const uint8_t *p, *end;
};

struct kst_der_item {
	uint8_t id;      /* identifier octet */
	uint32_t tag;    /* tag number, high ones too */
	bool constructed;
	bool indefinite; /* BER; body does not include the end-of-contents octets */
	struct kst_bytes body;  /* contents octets */
	struct kst_bytes whole; /* with identifier and length (and end-of-contents) */
};

struct kst_der kst_der_over(const void *data, size_t len);
struct kst_der kst_der_in(const struct kst_der_item *item); /* over the contents */
struct kst_der kst_der_bytes(struct kst_bytes b);
bool kst_der_end(const struct kst_der *d);
size_t kst_der_left(const struct kst_der *d);
/* The identifier octet of what comes next, or -1 at the end. */
int kst_der_peek(const struct kst_der *d);

/* The next element, whatever it is.  1; 0 at the end; -1 malformed or past the end.  On 0 and -1
 * the cursor stays. */
int kst_der_next(struct kst_der *d, struct kst_der_item *item);
/* The next element, which must have this identifier.  0, or -1 and the cursor stays.  item may be
 * NULL. */
int kst_der_expect(struct kst_der *d, uint8_t id, struct kst_der_item *item);
/* The next element if it has this identifier: 1; 0 if it is another or the end; -1 malformed. */
int kst_der_optional(struct kst_der *d, uint8_t id, struct kst_der_item *item);
/* kst_der_expect() and go in: a cursor over the contents of the next element.  0 or -1. */
int kst_der_enter(struct kst_der *d, uint8_t id, struct kst_der *in);
/* The only element of data[0..len), of this identifier, with nothing after it.  0 or -1. */
int kst_der_whole(const void *data, size_t len, uint8_t id, struct kst_der_item *item);

/* A non-negative INTEGER (contents octets) that fits.  0 or -1. */
int kst_der_uint(struct kst_bytes body, uint64_t *out);
/* Significant bits of a non-negative INTEGER; 0 for zero and for a negative one. */
size_t kst_der_int_bits(struct kst_bytes body);
/*
 * The octets of an OCTET STRING (or of an implicitly tagged one).  Primitive: borrowed.
 * Constructed (BER): appended to `joined`, which then owns them.  0 or -1.
 */
int kst_der_octets(const struct kst_der_item *item, struct kst_bytes *out, struct kst_buf *joined);

/* ---- object identifiers ---- */

#define KST_OID_MAX 128  /* contents octets; longer ones are taken for rubbish */
#define KST_OID_TEXT 520 /* room for the dotted text of any of them */

/* Contents octets to "2.5.29.17".  0; -1 for what is no OID (out is then ""). */
int kst_oid_text(struct kst_bytes oid, char out[KST_OID_TEXT]);
/* "2.5.29.17" to contents octets.  Their number, or 0 for what is no dotted OID. */
size_t kst_oid_der(const char *text, uint8_t out[KST_OID_MAX]);

/* Are these bytes exactly the literal?  kst_oid_is(item.body, "\x55\x1d\x11") */
bool kst_bytes_is(struct kst_bytes b, const void *data, size_t len);
#define KST_OID_IS(bytes, literal) kst_bytes_is((bytes), (literal), sizeof(literal) - 1)

/* ---- writing: a header before contents of known length; appended ---- */

void kst_der_put_header(struct kst_buf *out, uint8_t id, size_t len);
void kst_der_put(struct kst_buf *out, uint8_t id, const void *body, size_t len);
void kst_der_put_uint(struct kst_buf *out, uint64_t v);

#endif
