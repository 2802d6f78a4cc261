/* SPDX-License-Identifier: ISC */
/*
 * certdata_parse.c - the lines of a certdata.txt
 *
 * "ATTRIBUTE TYPE VALUE", or MULTILINE_OCTAL and lines of \ooo up to END.  An
 * object begins with its CKA_CLASS.  What is not needed is stepped over; a word of
 * trust that is not known is an error, since it may be one of distrust.
 */
#include <string.h>

#include "certdata.h"
#include "crypto/der.h"
#include "der_kind.h"
#include "kstool/alloc.h"

struct object {
	enum { OBJ_NONE, OBJ_CERT, OBJ_TRUST, OBJ_OTHER } class;
	size_t line;
	struct kst_buf value, issuer, serial, sha1;
	struct kst_buf label;
	struct certdata_date after[2];
	unsigned yes, no;
};

struct parser {
	struct certdata *d;
	const char *p, *end;
	size_t line;
	struct object obj;
};

struct line {
	const char *s;
	size_t n;
};

static bool next_line(struct parser *ps, struct line *l)
{
	if (ps->p >= ps->end)
		return false;
	const char *eol = memchr(ps->p, '\n', (size_t)(ps->end - ps->p));
	l->s = ps->p;
	l->n = (size_t)((eol ? eol : ps->end) - ps->p);
	ps->p = eol ? eol + 1 : ps->end;
	ps->line++;
	while (l->n && (l->s[l->n - 1] == '\r' || l->s[l->n - 1] == ' ' || l->s[l->n - 1] == '\t'))
		l->n--;
	return true;
}

/* The next word of the line, which is taken from it. */
static struct line word(struct line *l)
{
	while (l->n && (*l->s == ' ' || *l->s == '\t'))
		l->s++, l->n--;
	struct line w = { l->s, 0 };
	while (w.n < l->n && w.s[w.n] != ' ' && w.s[w.n] != '\t')
		w.n++;
	l->s += w.n;
	l->n -= w.n;
	return w;
}

static bool is(struct line w, const char *text)
{
	return strlen(text) == w.n && memcmp(w.s, text, w.n) == 0;
}

static int corrupt(const struct parser *ps, const char *what, struct kst_error *err)
{
	return kst_error_setx(err, KST_E_CORRUPT, "%s in line %zu", what, ps->line);
}

/* Lines of \ooo up to END; appended to out, which may be NULL. */
static int octal(struct parser *ps, struct kst_buf *out, struct kst_error *err)
{
	struct line l;
	if (out)
		kst_buf_reset(out);
	while (next_line(ps, &l)) {
		if (is(l, "END"))
			return out && out->failed ? kst_error_nomem(err) : 0;
		for (size_t i = 0; i < l.n; i += 4) {
			const char *d = l.s + i;
			if (l.n - i < 4 || d[0] != '\\' || d[1] < '0' || d[1] > '3' || d[2] < '0' ||
			    d[2] > '7' || d[3] < '0' || d[3] > '7')
				return corrupt(ps, "has something that is no \\ooo", err);
			if (out)
				kst_buf_u8(out, (uint8_t)((d[1] - '0') << 6 | (d[2] - '0') << 3 |
							  (d[3] - '0')));
		}
	}
	return kst_error_setx(err, KST_E_TRUNCATED, "ends before the END of a MULTILINE_OCTAL");
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "text" with \xHH and \c in it. */
static int quoted(const struct parser *ps, struct line l, struct kst_buf *out, struct kst_error *err)
{
	while (l.n && (*l.s == ' ' || *l.s == '\t'))
		l.s++, l.n--;
	if (l.n < 2 || l.s[0] != '"' || l.s[l.n - 1] != '"')
		return corrupt(ps, "has a text without quotes", err);
	kst_buf_reset(out);
	for (size_t i = 1; i < l.n - 1; i++) {
		if (l.s[i] == '\\' && i + 3 < l.n - 1 && l.s[i + 1] == 'x' &&
		    digit(l.s[i + 2]) >= 0 && digit(l.s[i + 3]) >= 0) {
			kst_buf_u8(out, (uint8_t)(digit(l.s[i + 2]) << 4 | digit(l.s[i + 3])));
			i += 3;
		} else {
			if (l.s[i] == '\\' && i + 1 < l.n - 1)
				i++;
			kst_buf_u8(out, (uint8_t)l.s[i]);
		}
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

/* ---- attributes ---- */

static int take_trust(struct parser *ps, unsigned purpose, struct line w, struct kst_error *err)
{
	static const struct {
		const char *word;
		signed char means; /* 1 trusted, -1 distrusted, 0 nothing of the sort */
	} words[] = {
		{ "TRUSTED_DELEGATOR", 1 }, { "TRUSTED", 1 },
		{ "NOT_TRUSTED", -1 },      { "UNTRUSTED", -1 },
		{ "MUST_VERIFY_TRUST", 0 }, { "MUST_VERIFY", 0 },
		{ "TRUST_UNKNOWN", 0 },     { "VALID_DELEGATOR", 0 },
		{ "VALID", 0 },
	};
	static const char *const prefix[] = { "CKT_NSS_", "CKT_NETSCAPE_" };
	for (size_t k = 0; k < 2; k++) {
		size_t n = strlen(prefix[k]);
		struct line rest = { w.s + n, w.n - n };
		if (w.n <= n || memcmp(w.s, prefix[k], n) != 0)
			continue;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (is(rest, words[i].word)) {
				if (words[i].means > 0)
					ps->obj.yes |= purpose;
				else if (words[i].means < 0)
					ps->obj.no |= purpose;
				return 0;
			}
	}
	return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
			      "has a word of trust in line %zu that this version does not know",
			      ps->line);
}

static int take_date(struct parser *ps, struct certdata_date *to, struct line type, struct line *rest,
		     struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	if (!is(type, "MULTILINE_OCTAL")) {
		to->state = is(word(rest), "CK_FALSE") ? CERTDATA_NO_DATE : CERTDATA_BAD_DATE;
		return 0;
	}
	if (octal(ps, &b, err) < 0)
		return -1;
	to->state = b.len && b.len <= sizeof(to->text) ? CERTDATA_DATE : CERTDATA_BAD_DATE;
	to->len = to->state == CERTDATA_DATE ? b.len : 0;
	memcpy(to->text, b.data ? (void *)b.data : "", to->len);
	return 0;
}

static int take_attribute(struct parser *ps, struct line l, struct kst_error *err)
{
	struct line name = word(&l), type = word(&l);
	struct object *o = &ps->obj;
	const struct {
		const char *name;
		struct kst_buf *to;
	} octets[] = {
		{ "CKA_VALUE", &o->value },
		{ "CKA_ISSUER", &o->issuer },
		{ "CKA_SERIAL_NUMBER", &o->serial },
		{ "CKA_CERT_SHA1_HASH", &o->sha1 },
	};
	if (is(name, "CKA_TRUST_SERVER_AUTH"))
		return take_trust(ps, KST_FOR_SERVER, word(&l), err);
	if (is(name, "CKA_TRUST_CLIENT_AUTH"))
		return take_trust(ps, KST_FOR_CLIENT, word(&l), err);
	if (is(name, "CKA_TRUST_EMAIL_PROTECTION"))
		return take_trust(ps, KST_FOR_EMAIL, word(&l), err);
	if (is(name, "CKA_TRUST_CODE_SIGNING"))
		return take_trust(ps, KST_FOR_CODE, word(&l), err);
	if (is(name, "CKA_NSS_SERVER_DISTRUST_AFTER"))
		return take_date(ps, &o->after[0], type, &l, err);
	if (is(name, "CKA_NSS_EMAIL_DISTRUST_AFTER"))
		return take_date(ps, &o->after[1], type, &l, err);
	if (is(name, "CKA_LABEL") && is(type, "UTF8"))
		return quoted(ps, l, &o->label, err);
	if (!is(type, "MULTILINE_OCTAL"))
		return 0;
	for (size_t i = 0; i < sizeof(octets) / sizeof(octets[0]); i++)
		if (is(name, octets[i].name))
			return octal(ps, octets[i].to, err);
	return octal(ps, NULL, err);
}

/* ---- objects ---- */

static int grow(void **array, size_t *size, size_t nr, size_t each, const struct parser *ps,
		struct kst_error *err)
{
	size_t more = *size ? *size * 2 : 64, bytes;
	if (nr >= ps->d->limits->blocks)
		return kst_error_setx(err, KST_E_LIMIT, "holds more than %u objects",
				      ps->d->limits->blocks);
	if (nr < *size)
		return 0;
	void *grown = __builtin_mul_overflow(more, each, &bytes) ? NULL : kst_realloc(*array, bytes);
	if (!grown)
		return kst_error_nomem(err);
	*array = grown;
	*size = more;
	return 0;
}

static int end_cert(struct parser *ps, struct kst_error *err)
{
	struct certdata *d = ps->d;
	struct object *o = &ps->obj;
	struct kst_error why = KST_ERROR_INIT;
	void *certs = d->cert;
	bool changed = false;

	if (grow(&certs, &d->size_certs, d->model->nr, sizeof(*d->cert), ps, err) < 0)
		return -1;
	d->cert = certs;
	struct kst_entry *e = der_cert_entry(o->value.data, o->value.len, &why);
	if (!e)
		return why.code == KST_E_NO_MEMORY
			       ? kst_error_nomem(err)
			       : kst_error_setx(err, why.code, "the certificate in line %zu %s", o->line,
						why.message);
	e->trusted = false;
	if (o->label.len)
		e->alias = kst_alias_legal(o->label.data, o->label.len, &changed);
	if ((e->alias && changed &&
	     kst_blob_set(&e->alias_source, o->label.data, o->label.len) < 0) ||
	    der_set_origin(e, "certdata", err) < 0) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	memcpy(d->cert[d->model->nr].after, o->after, sizeof(o->after));
	return kst_model_push(d->model, e, d->model->nr) < 0 ? kst_error_nomem(err) : 0;
}

static int end_trust(struct parser *ps, struct kst_error *err)
{
	struct certdata *d = ps->d;
	struct object *o = &ps->obj;
	struct kst_der_item serial;
	void *trusts = d->trust;

	if (kst_der_whole(o->serial.data, o->serial.len, KST_DER_INTEGER, &serial) < 0 || !o->issuer.len)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the trust object in line %zu has no issuer and serial number",
				      o->line);
	if (grow(&trusts, &d->size_trusts, d->nr_trusts, sizeof(*d->trust), ps, err) < 0)
		return -1;
	d->trust = trusts;
	struct certdata_trust *t = &d->trust[d->nr_trusts++];
	*t = (struct certdata_trust){ .yes = o->yes, .no = o->no };
	if (kst_blob_set(&t->issuer, o->issuer.data, o->issuer.len) < 0 ||
	    kst_blob_set(&t->serial, serial.body.data, serial.body.len) < 0 ||
	    (o->sha1.len && kst_blob_set(&t->sha1, o->sha1.data, o->sha1.len) < 0))
		return kst_error_nomem(err);
	return 0;
}

static int end_object(struct parser *ps, struct kst_error *err)
{
	switch (ps->obj.class) {
	case OBJ_CERT:
		return end_cert(ps, err);
	case OBJ_TRUST:
		return end_trust(ps, err);
	case OBJ_NONE:
	case OBJ_OTHER:
		break;
	}
	return 0;
}

static void begin_object(struct parser *ps, struct line class)
{
	struct object *o = &ps->obj;
	kst_buf_reset(&o->value);
	kst_buf_reset(&o->issuer);
	kst_buf_reset(&o->serial);
	kst_buf_reset(&o->sha1);
	kst_buf_reset(&o->label);
	memset(o->after, 0, sizeof(o->after));
	o->yes = o->no = 0;
	o->line = ps->line;
	if (is(class, "CKO_CERTIFICATE"))
		o->class = OBJ_CERT;
	else if (is(class, "CKO_NSS_TRUST") || is(class, "CKO_NETSCAPE_TRUST"))
		o->class = OBJ_TRUST;
	else
		o->class = OBJ_OTHER;
}

static int parse(struct parser *ps, struct kst_error *err)
{
	struct line l;
	while (next_line(ps, &l)) {
		struct line rest = l;
		if (!l.n || *l.s == '#' || is(l, "BEGINDATA"))
			continue;
		if (is(word(&rest), "CKA_CLASS")) {
			if (end_object(ps, err) < 0)
				return -1;
			word(&rest);
			begin_object(ps, word(&rest));
		} else if (l.n > 4 && memcmp(l.s, "CKA_", 4) == 0) {
			if (take_attribute(ps, l, err) < 0)
				return -1;
		} else if (ps->obj.class != OBJ_NONE) {
			return corrupt(ps, "has something that is no attribute", err);
		}
	}
	return end_object(ps, err);
}

int certdata_parse(struct certdata *d, struct kst_error *err)
{
	struct parser ps = { .d = d, .p = (const char *)d->text.data };
	ps.end = ps.p + d->text.len;
	int rc = d->text.len ? parse(&ps, err) : 0;
	kst_buf_release(&ps.obj.value);
	kst_buf_release(&ps.obj.issuer);
	kst_buf_release(&ps.obj.serial);
	kst_buf_release(&ps.obj.sha1);
	kst_buf_release(&ps.obj.label);
	return rc;
}
