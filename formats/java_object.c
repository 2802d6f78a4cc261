/* SPDX-License-Identifier: ISC */
/*
 * java_object.c - one small object of java.io, read by its grammar, written by rote
 */
#include "java_object.h"

#include <string.h>

#include "kstool/text.h"

enum {
	MAGIC = 0xaced,
	VERSION = 5,
	TC_NULL = 0x70,
	TC_REFERENCE = 0x71,
	TC_CLASSDESC = 0x72,
	TC_OBJECT = 0x73,
	TC_STRING = 0x74,
	TC_ARRAY = 0x75,
	TC_ENDBLOCKDATA = 0x78,
	TC_ENUM = 0x7e,
	FIRST_HANDLE = 0x7e0000,
	SC_SERIALIZABLE = 0x02, /* and nothing else: no data of its own making follows */
	SC_ENUM = 0x10
};

#define CLASSES 8
#define HANDLES 48
#define NONE (-1)

struct class {
	struct kst_bytes name;
	uint8_t flags;
	int super; /* NONE */
	struct {
		char type;
		struct kst_bytes name;
	} field[JAVA_FIELDS];
	size_t nr;
};

/* What the stream may refer back to. */
struct handle {
	enum { AN_OBJECT, A_CLASS, A_STRING, AN_ARRAY } kind;
	int class;
	struct kst_bytes bytes;
};

struct parser {
	struct kst_cursor *c;
	struct class class[CLASSES];
	int nr_classes;
	struct handle handle[HANDLES];
	uint32_t nr_handles;
};

/* ---- pieces ---- */

static struct kst_bytes text(struct parser *p)
{
	size_t n = kst_cursor_be16(p->c);
	const uint8_t *data = kst_cursor_take(p->c, n);
	return (struct kst_bytes){ data, data ? n : 0 };
}

static int remember(struct parser *p, struct handle h)
{
	if (p->nr_handles == HANDLES)
		return -1;
	p->handle[p->nr_handles++] = h;
	return 0;
}

static const struct handle *reference(struct parser *p)
{
	uint32_t n = kst_cursor_be32(p->c);
	if (p->c->failed || n < FIRST_HANDLE || n - FIRST_HANDLE >= p->nr_handles)
		return NULL;
	return &p->handle[n - FIRST_HANDLE];
}

/* A string, or what was one before. */
static int string(struct parser *p, uint8_t tc, struct kst_bytes *out)
{
	if (tc == TC_STRING) {
		struct handle h = { .kind = A_STRING, .bytes = text(p) };
		*out = h.bytes;
		return p->c->failed ? -1 : remember(p, h);
	}
	const struct handle *h = tc == TC_REFERENCE ? reference(p) : NULL;
	if (!h || h->kind != A_STRING)
		return -1;
	*out = h->bytes;
	return 0;
}

/* ---- classes ---- */

static int fields(struct parser *p, struct class *cl)
{
	size_t nr = kst_cursor_be16(p->c);
	if (nr > JAVA_FIELDS)
		return -1;
	for (cl->nr = 0; cl->nr < nr; cl->nr++) {
		struct kst_bytes signature;
		char type = (char)kst_cursor_u8(p->c);
		cl->field[cl->nr].type = type;
		cl->field[cl->nr].name = text(p);
		if (p->c->failed || !type || !strchr("BCDFIJSZL[", type))
			return -1;
		if ((type == 'L' || type == '[') && string(p, kst_cursor_u8(p->c), &signature) < 0)
			return -1;
	}
	return 0;
}

/* The class that comes next; NONE where it is null. */
static int class_desc(struct parser *p, int *out)
{
	int before = NONE, first = NONE;

	/* What a class extends follows it; the last has none. */
	for (;;) {
		uint8_t tc = kst_cursor_u8(p->c);
		int now = NONE;
		if (p->c->failed)
			return -1;
		if (tc == TC_REFERENCE) {
			const struct handle *h = reference(p);
			if (!h || h->kind != A_CLASS)
				return -1;
			now = h->class;
		} else if (tc == TC_CLASSDESC) {
			if (p->nr_classes == CLASSES)
				return -1;
			now = p->nr_classes++;
			struct class *cl = &p->class[now];
			cl->super = NONE;
			cl->name = text(p);
			kst_cursor_take(p->c, 8); /* its version */
			if (remember(p, (struct handle){ .kind = A_CLASS, .class = now }) < 0)
				return -1;
			cl->flags = kst_cursor_u8(p->c);
			if (p->c->failed || (cl->flags & ~SC_ENUM) != SC_SERIALIZABLE ||
			    fields(p, cl) < 0 || kst_cursor_u8(p->c) != TC_ENDBLOCKDATA)
				return -1;
		} else if (tc != TC_NULL) {
			return -1;
		}
		if (first == NONE)
			first = now;
		else
			p->class[before].super = now;
		/* A class that was there before has told what it extends: back it cannot refer. */
		if (tc != TC_CLASSDESC) {
			*out = first;
			return 0;
		}
		before = now;
	}
}

/* ---- values ---- */

static int array(struct parser *p, struct java_field *out)
{
	int cl;
	if (class_desc(p, &cl) < 0 || cl == NONE || !java_text_is(p->class[cl].name, "[B"))
		return -1;
	uint32_t at = p->nr_handles;
	if (remember(p, (struct handle){ .kind = AN_ARRAY }) < 0)
		return -1;
	size_t n = kst_cursor_be32(p->c);
	out->value.data = kst_cursor_take(p->c, n);
	out->value.len = n;
	out->type = JAVA_BYTES;
	if (!out->value.data)
		return -1;
	p->handle[at].bytes = out->value;
	return 0;
}

static int constant(struct parser *p, struct java_field *out)
{
	int cl;
	if (class_desc(p, &cl) < 0 || cl == NONE || !(p->class[cl].flags & SC_ENUM) ||
	    remember(p, (struct handle){ .kind = AN_OBJECT }) < 0)
		return -1;
	out->type = JAVA_ENUM;
	return string(p, kst_cursor_u8(p->c), &out->value);
}

static int object_value(struct parser *p, struct java_field *out)
{
	uint8_t tc = kst_cursor_u8(p->c);
	switch (tc) {
	case TC_NULL:
		out->type = JAVA_NULL;
		return p->c->failed ? -1 : 0;
	case TC_STRING:
		out->type = JAVA_STRING;
		return string(p, tc, &out->value);
	case TC_ARRAY:
		return array(p, out);
	case TC_ENUM:
		return constant(p, out);
	case TC_REFERENCE: {
		const struct handle *h = reference(p);
		if (!h || (h->kind != A_STRING && h->kind != AN_ARRAY))
			return -1;
		out->type = h->kind == A_STRING ? JAVA_STRING : JAVA_BYTES;
		out->value = h->bytes;
		return 0;
	}
	default:
		return -1;
	}
}

static int value(struct parser *p, char type, struct java_field *out)
{
	static const char types[] = "BZSCIFJD";
	static const uint8_t sizes[] = { 1, 1, 2, 2, 4, 4, 8, 8 };
	const char *known = strchr(types, type);
	if (!known)
		return object_value(p, out);
	out->type = JAVA_NUMBER;
	out->value.len = sizes[known - types];
	out->value.data = kst_cursor_take(p->c, out->value.len);
	return out->value.data ? 0 : -1;
}

/* The fields of the class that is extended most come first. */
static int values(struct parser *p, int cl, struct java_object *out)
{
	int order[CLASSES], nr = 0;
	for (; cl != NONE; cl = p->class[cl].super) {
		if (nr == CLASSES)
			return -1;
		order[nr++] = cl;
	}
	while (nr--) {
		const struct class *c = &p->class[order[nr]];
		for (size_t i = 0; i < c->nr; i++) {
			if (out->nr == JAVA_FIELDS)
				return -1;
			struct java_field *f = &out->field[out->nr++];
			f->name = c->field[i].name;
			if (value(p, c->field[i].type, f) < 0)
				return -1;
		}
	}
	return 0;
}

int java_object_parse(struct java_object *out, struct kst_cursor *c)
{
	struct parser p = { .c = c };
	struct java_object o = { .nr = 0 };
	int cl;

	if (kst_cursor_be16(c) != MAGIC || kst_cursor_be16(c) != VERSION ||
	    kst_cursor_u8(c) != TC_OBJECT || class_desc(&p, &cl) < 0 || cl == NONE ||
	    (p.class[cl].flags & SC_ENUM) || remember(&p, (struct handle){ .kind = AN_OBJECT }) < 0 ||
	    values(&p, cl, &o) < 0 || c->failed)
		return -1;
	o.class = p.class[cl].name;
	*out = o;
	return 0;
}

bool java_text_is(struct kst_bytes t, const char *literal)
{
	size_t n = strlen(literal);
	return t.len == n && memcmp(t.data, literal, n) == 0;
}

struct kst_bytes java_object_get(const struct java_object *o, const char *name, enum java_type type)
{
	for (size_t i = 0; i < o->nr; i++)
		if (o->field[i].type == type && java_text_is(o->field[i].name, name))
			return o->field[i].value;
	return (struct kst_bytes){ NULL, 0 };
}

/* ---- writing ---- */

static void put_text(struct kst_buf *out, const char *s)
{
	kst_buf_be16(out, (uint16_t)strlen(s));
	kst_buf_puts(out, s);
}

static void put_class(struct kst_buf *out, const char *name, uint64_t version, uint16_t nr_fields)
{
	kst_buf_u8(out, TC_CLASSDESC);
	put_text(out, name);
	kst_buf_be64(out, version);
	kst_buf_u8(out, SC_SERIALIZABLE);
	kst_buf_be16(out, nr_fields);
}

/* A field of an object's class; `signature` NULL: it is handle number `seen`. */
static void put_field(struct kst_buf *out, char type, const char *name, const char *signature,
		      uint32_t seen)
{
	kst_buf_u8(out, (uint8_t)type);
	put_text(out, name);
	if (signature) {
		kst_buf_u8(out, TC_STRING);
		put_text(out, signature);
	} else {
		kst_buf_u8(out, TC_REFERENCE);
		kst_buf_be32(out, FIRST_HANDLE + seen);
	}
}

static void put_end(struct kst_buf *out)
{
	kst_buf_u8(out, TC_ENDBLOCKDATA);
	kst_buf_u8(out, TC_NULL);
}

static void put_array_class(struct kst_buf *out)
{
	kst_buf_u8(out, TC_ARRAY);
	put_class(out, "[B", UINT64_C(0xacf317f8060854e0), 0);
	put_end(out);
}

static void put_array(struct kst_buf *out, struct kst_bytes b)
{
	kst_buf_be32(out, (uint32_t)b.len);
	kst_buf_put(out, b.data, b.len);
}

static void put_start(struct kst_buf *out)
{
	kst_buf_be16(out, MAGIC);
	kst_buf_be16(out, VERSION);
	kst_buf_u8(out, TC_OBJECT);
}

void java_put_sealed(struct kst_buf *out, struct kst_bytes params, struct kst_bytes content)
{
	put_start(out);
	put_class(out, "com.sun.crypto.provider.SealedObjectForKeyProtector",
		  UINT64_C(0xcd57ca59e730bb53), 0);
	kst_buf_u8(out, TC_ENDBLOCKDATA);
	put_class(out, "javax.crypto.SealedObject", UINT64_C(0x3e363da6c3b75470), 4);
	put_field(out, '[', "encodedParams", "[B", 0);
	put_field(out, '[', "encryptedContent", NULL, 2);
	put_field(out, 'L', "paramsAlg", "Ljava/lang/String;", 0);
	put_field(out, 'L', "sealAlg", NULL, 3);
	put_end(out);
	put_array_class(out);
	put_array(out, params);
	kst_buf_u8(out, TC_ARRAY);
	kst_buf_u8(out, TC_REFERENCE);
	kst_buf_be32(out, FIRST_HANDLE + 5);
	put_array(out, content);
	for (int i = 0; i < 2; i++) {
		kst_buf_u8(out, TC_STRING);
		put_text(out, "PBEWithMD5AndTripleDES");
	}
}

int java_put_secret(struct kst_buf *out, const char *alg, struct kst_bytes key)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_text_to_mutf8(&name, alg, strlen(alg)) < 0 || name.len > UINT16_MAX)
		return -1;
	put_start(out);
	put_class(out, "javax.crypto.spec.SecretKeySpec", UINT64_C(0x5b470b66e230614d), 2);
	put_field(out, 'L', "algorithm", "Ljava/lang/String;", 0);
	put_field(out, '[', "key", "[B", 0);
	put_end(out);
	kst_buf_u8(out, TC_STRING);
	kst_buf_be16(out, (uint16_t)name.len);
	kst_buf_put(out, name.data, name.len);
	put_array_class(out);
	put_array(out, key);
	out->failed |= name.failed;
	return 0;
}
