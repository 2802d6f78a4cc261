/* SPDX-License-Identifier: ISC */
/*
 * json.c - the answer as one JSON document (RFC 8259; cli.md 4.3)
 *
 * The document is built in memory and dumped at the end, so that there is
 * exactly one, complete, whatever happens on the way.  It is dumped as ASCII with
 * \u escapes: the true value of a hostile name is kept, and a terminal that the
 * document is printed on stays safe.
 */
#include "ui/out_impl.h"

#include <jansson.h>
#include <string.h>

/* No document of kstool nests deeper than this; deeper calls mark it as failed. */
#define MAX_DEPTH 16

struct doc {
	json_t *stack[MAX_DEPTH]; /* [0] is the object of the command's own members; borrowed */
	size_t depth;
	json_t *root, *warnings, *error;
	char *schema;
	bool changed, failed;
};

struct doc *doc_new(void)
{
	struct doc *d;

	/* Whatever the library copies (a PEM block in "data") is wiped when it goes. */
	json_set_alloc_funcs(kst_malloc, kst_free);
	d = kst_calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->root = json_object();
	d->warnings = json_array();
	if (!d->root || !d->warnings) {
		doc_free(d);
		return NULL;
	}
	d->stack[0] = d->root;
	d->depth = 1;
	return d;
}

void doc_free(struct doc *d)
{
	if (!d)
		return;
	json_decref(d->root);
	json_decref(d->warnings);
	json_decref(d->error);
	kst_free(d->schema);
	kst_free(d);
}

void doc_schema(struct doc *d, const char *schema)
{
	char *copy = kst_strdup(schema);

	if (!copy) {
		d->failed = true;
		return;
	}
	kst_free(d->schema);
	d->schema = copy;
}

void doc_changed(struct doc *d, bool changed)
{
	d->changed = changed;
}

/*
 * A string of any bytes.  JSON cannot carry invalid UTF-8: each such byte becomes U+FFFD, as
 * every decoder would have it.
 */
static json_t *text_value(const char *s, size_t n)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	const uint8_t *p = (const uint8_t *)s;

	if (kst_utf8_valid(s, n))
		return json_stringn(s, n);
	while (n) {
		uint32_t cp;
		size_t k = kst_utf8_decode(p, n, &cp);

		if (k)
			kst_buf_put(&b, p, k);
		else
			kst_buf_puts(&b, "\xef\xbf\xbd");
		p += k ? k : 1;
		n -= k ? k : 1;
	}
	if (b.failed)
		return NULL;
	return json_stringn((const char *)b.data, b.len);
}

static json_t *string_or_null(const char *s)
{
	return s ? text_value(s, strlen(s)) : json_null();
}

/* Put `v` (a new reference, NULL without memory) into the innermost container. */
static void add(struct doc *d, const char *key, json_t *v)
{
	json_t *in = d->stack[d->depth - 1];

	if (!v) {
		d->failed = true;
		return;
	}
	if (json_is_array(in) ? json_array_append_new(in, v)
			      : json_object_set_new(in, key ? key : "", v))
		d->failed = true;
}

void doc_open(struct doc *d, const char *key, bool array)
{
	json_t *v = array ? json_array() : json_object();

	if (!v || d->depth == MAX_DEPTH) {
		json_decref(v);
		d->failed = true;
		return;
	}
	add(d, key, v);
	if (!d->failed)
		d->stack[d->depth++] = v;
}

void doc_close(struct doc *d)
{
	if (d->depth > 1)
		d->depth--;
}

size_t doc_depth(const struct doc *d)
{
	return d->depth;
}

void doc_text(struct doc *d, const char *key, const char *s, size_t n)
{
	add(d, key, s ? text_value(s, n) : json_null());
}

void doc_int(struct doc *d, const char *key, int64_t v)
{
	add(d, key, json_integer(v));
}

void doc_bool(struct doc *d, const char *key, bool v)
{
	add(d, key, json_boolean(v));
}

/* "EXPIRED" is "expired", "not yet" is "not-yet". */
static void state_text(const char *state, char *out, size_t size)
{
	size_t i = 0;

	for (; state[i] && i + 1 < size; i++) {
		char c = state[i];

		out[i] = c == ' ' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	out[i] = '\0';
}

void doc_member(struct doc *d, const struct field *f, const void *row)
{
	const void *at = (const char *)row + f->offset;
	char text[KST_TIME_TEXT];
	const char *s;
	int64_t t;

	switch (f->type) {
	case F_STR:
		s = *(const char *const *)at;
		doc_text(d, f->key, s, s ? strlen(s) : 0);
		break;
	case F_INT:
		doc_int(d, f->key, *(const int64_t *)at);
		break;
	case F_BOOL:
		doc_bool(d, f->key, *(const bool *)at);
		break;
	case F_TIME:
		t = *(const int64_t *)at;
		s = t ? kst_time_text(t, KST_TIME_FULL, text) : NULL;
		doc_text(d, f->key, s, s ? strlen(s) : 0);
		break;
	case F_HEX32: {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		const uint8_t *h = *(const uint8_t *const *)at;

		if (h)
			kst_text_hex(&b, h, 32);
		doc_text(d, f->key, h ? (const char *)b.data : NULL, b.len);
		break;
	}
	case F_STATE:
		s = *(const char *const *)at;
		if (s)
			state_text(s, text, sizeof(text));
		doc_text(d, f->key, s && *s ? text : NULL, s ? strlen(text) : 0);
		break;
	}
}

void doc_warning(struct doc *d, const char *slug, const char *text)
{
	json_t *w = json_object();

	if (!w || json_object_set_new(w, "code", string_or_null(slug)) ||
	    json_object_set_new(w, "message", string_or_null(text)) ||
	    json_array_append(d->warnings, w))
		d->failed = true;
	json_decref(w);
}

/* The lines of a text as an array. */
static json_t *lines(const char *text)
{
	json_t *a = json_array();

	while (a && *text) {
		size_t n = strcspn(text, "\n");

		if (json_array_append_new(a, text_value(text, n))) {
			json_decref(a);
			return NULL;
		}
		text += n;
		text += *text == '\n';
	}
	return a;
}

void doc_error(struct doc *d, const struct kst_error *err)
{
	json_t *e;

	if (d->error)
		return;
	e = json_object();
	if (!e || json_object_set_new(e, "code", string_or_null(kst_code_slug(err->code))) ||
	    json_object_set_new(e, "subject",
				string_or_null(err->subject[0] ? err->subject : NULL)) ||
	    json_object_set_new(e, "message", string_or_null(err->message)) ||
	    json_object_set_new(e, "details", lines(err->detail)) ||
	    json_object_set_new(e, "hints", lines(err->hint))) {
		json_decref(e);
		d->failed = true;
		return;
	}
	d->error = e;
}

int doc_dump(struct doc *d, int status, bool error_only, struct kst_buf *out)
{
	json_t *all = json_object();
	char *text = NULL;
	int ret = -1;

	if (!all || d->failed ||
	    json_object_set_new(
		    all, "schema",
		    json_string(error_only || !d->schema ? "kstool.error/1" : d->schema)) ||
	    json_object_set_new(all, "ok", json_boolean(status == 0 || status == 1)) ||
	    json_object_set_new(all, "exit", json_integer(status)) ||
	    json_object_set_new(all, "changed", json_boolean(!error_only && d->changed)) ||
	    json_object_set(all, "warnings", d->warnings) ||
	    json_object_set(all, "error", d->error ? d->error : json_null()) ||
	    (!error_only && json_object_update_missing(all, d->root)))
		goto done;
	text = json_dumps(all, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (!text)
		goto done;
	/* To jansson DEL is a character like any other; a terminal may think differently. */
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\x7f");

		kst_buf_put(out, p, n);
		p += n;
		if (*p) {
			kst_buf_puts(out, "\\u007f");
			p++;
		}
	}
	kst_buf_u8(out, '\n');
	ret = out->failed ? -1 : 0;
done:
	kst_free(text);
	json_decref(all);
	return ret;
}

/* ---- the JSON calls of out.h ---- */

void out_schema(struct out *o, const char *schema)
{
	if (o->doc)
		doc_schema(o->doc, schema);
}

void out_object(struct out *o, const char *key)
{
	if (o->doc)
		doc_open(o->doc, key, false);
}

void out_array(struct out *o, const char *key)
{
	if (o->doc)
		doc_open(o->doc, key, true);
}

void out_end(struct out *o)
{
	if (o->doc)
		doc_close(o->doc);
}

void out_unwind(struct out *o, size_t depth)
{
	while (o->doc && doc_depth(o->doc) > depth && doc_depth(o->doc) > 1)
		doc_close(o->doc);
}

void out_str(struct out *o, const char *key, const char *value)
{
	out_strn(o, key, value, value ? strlen(value) : 0);
}

void out_strn(struct out *o, const char *key, const void *s, size_t n)
{
	if (o->doc)
		doc_text(o->doc, key, s, n);
}

void out_int(struct out *o, const char *key, int64_t value)
{
	if (o->doc)
		doc_int(o->doc, key, value);
}

void out_bool(struct out *o, const char *key, bool value)
{
	if (o->doc)
		doc_bool(o->doc, key, value);
}

void out_null(struct out *o, const char *key)
{
	out_strn(o, key, NULL, 0);
}

void out_time(struct out *o, const char *key, int64_t t)
{
	char text[KST_TIME_TEXT];

	out_str(o, key, t ? kst_time_text(t, KST_TIME_FULL, text) : NULL);
}

void out_hex(struct out *o, const char *key, const uint8_t *data, size_t n)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!o->doc)
		return;
	kst_text_hex(&b, data, n);
	out_strn(o, key, b.data ? (const char *)b.data : "", b.len);
}

void out_changed(struct out *o, bool changed)
{
	if (o->doc)
		doc_changed(o->doc, changed);
}

void out_members(struct out *o, const struct field *table, const void *row)
{
	if (!o->doc)
		return;
	for (const struct field *f = table; f->key; f++)
		if (f->flags & FF_JSON)
			doc_member(o->doc, f, row);
}
