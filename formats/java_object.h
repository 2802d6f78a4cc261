/* SPDX-License-Identifier: ISC */
/*
 * java_object.h - the bytes that java.io.ObjectOutputStream makes of a small object
 *
 * JCEKS keeps each secret key as such an object, without saying how long it is.
 * This reads the grammar of the Java Object Serialization Specification (6.4) as
 * far as such objects go: a class and what it extends, fields that are numbers,
 * strings, arrays of bytes or constants of an enum.  Nothing is made from a class's
 * name; everything is counted and bounded.
 */
#ifndef KST_FORMATS_JAVA_OBJECT_H
#define KST_FORMATS_JAVA_OBJECT_H

#include <stdbool.h>

#include "kstool/buf.h"

#define JAVA_FIELDS 16

enum java_type { JAVA_NULL, JAVA_NUMBER, JAVA_STRING, JAVA_BYTES, JAVA_ENUM };

struct java_object {
	struct kst_bytes class; /* its own; all is borrowed from the bytes */
	struct java_field {
		struct kst_bytes name, value; /* of a string modified UTF-8, of an enum its constant */
		enum java_type type;
	} field[JAVA_FIELDS];
	size_t nr;
};

/* A stream of one object: moves behind it.  0, or -1: it is none of this sort, or does not end. */
int java_object_parse(struct java_object *out, struct kst_cursor *c);
bool java_text_is(struct kst_bytes text, const char *literal);
/* The value of a field of this type; data NULL: there is none. */
struct kst_bytes java_object_get(const struct java_object *o, const char *name, enum java_type type);

/* ---- writing: the very bytes that a JDK makes; appended ---- */

/* com.sun.crypto.provider.SealedObjectForKeyProtector */
void java_put_sealed(struct kst_buf *out, struct kst_bytes params, struct kst_bytes content);
/* javax.crypto.spec.SecretKeySpec; `alg` is UTF-8.  -1: it is none. */
int java_put_secret(struct kst_buf *out, const char *alg, struct kst_bytes key);

#endif
