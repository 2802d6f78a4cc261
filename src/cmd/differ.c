/* SPDX-License-Identifier: ISC */
/* differ.c - differences in words */
#include "cmd/differ.h"
#include "cmd/describe.h"

#include <string.h>

static const char *const kind_word[] = {
	[KST_DIFF_ADDED] = "added",	[KST_DIFF_REMOVED] = "removed",
	[KST_DIFF_RENAMED] = "renamed",	[KST_DIFF_REISSUED] = "reissued",
	[KST_DIFF_REKEYED] = "rekeyed",	[KST_DIFF_CHAIN] = "chain",
	[KST_DIFF_TRUST] = "trust",	[KST_DIFF_KIND] = "kind",
	[KST_DIFF_CONTENT] = "content",
};

/* ---- one field of two certificates ---- */

typedef void put_field(const struct kst_cert *cert, const struct kst_cert *other,
		       struct kst_buf *out);

static void put_subject(const struct kst_cert *c, const struct kst_cert *other, struct kst_buf *out)
{
	(void)other;
	kst_cert_subject(c, out);
}

static void put_issuer(const struct kst_cert *c, const struct kst_cert *other, struct kst_buf *out)
{
	(void)other;
	kst_cert_issuer(c, out);
}

static void put_time(int64_t t, struct kst_buf *out)
{
	char text[KST_TIME_TEXT];

	kst_buf_puts(out, kst_time_text(t, KST_TIME_MINUTE, text));
}

static void put_not_before(const struct kst_cert *c, const struct kst_cert *other,
			   struct kst_buf *out)
{
	(void)other;
	put_time(kst_cert_not_before(c), out);
}

static void put_not_after(const struct kst_cert *c, const struct kst_cert *other,
			  struct kst_buf *out)
{
	(void)other;
	put_time(kst_cert_not_after(c), out);
}

static void put_serial(const struct kst_cert *c, const struct kst_cert *other, struct kst_buf *out)
{
	struct kst_bytes serial = kst_cert_serial(c);

	(void)other;
	kst_text_hex(out, serial.data, serial.len);
}

static void put_key(const struct kst_cert *c, const struct kst_cert *other, struct kst_buf *out)
{
	struct kst_buf a KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t hash[32];

	kst_cert_key_text(c, false, &a);
	kst_cert_key_text(other, false, &b);
	kst_buf_put(out, a.data, a.len);
	if (a.len != b.len || memcmp(a.data, b.data, a.len))
		return;
	/* Two keys of one kind are told apart by their fingerprints. */
	kst_cert_spki_sha256(c, hash);
	kst_buf_puts(out, " ");
	kst_text_hex(out, hash, 8);
}

static void put_signature(const struct kst_cert *c, const struct kst_cert *other,
			  struct kst_buf *out)
{
	(void)other;
	kst_cert_sig_text(c, out);
}

static void put_usage(const struct kst_cert *c, const struct kst_cert *other, struct kst_buf *out)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	(void)other;
	kst_buf_puts(out, kst_cert_is_ca(c) ? "CA" : "no CA");
	kst_cert_key_usage(c, &b);
	if (b.len)
		kst_buf_printf(out, " %s", (char *)b.data);
	kst_buf_reset(&b);
	kst_cert_ext_key_usage(c, &b);
	if (b.len)
		kst_buf_printf(out, " %s", (char *)b.data);
}

/* Names that the other one lacks. */
struct own {
	const struct kst_cert *other;
	struct kst_buf *out;
};
struct name {
	const char *value;
	size_t len;
	enum kst_san_type type;
};

static int is_name(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	const struct name *n = ctx;

	return type == n->type && len == n->len && !memcmp(value, n->value, len);
}

static int put_own(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	struct own *own = ctx;
	struct name n = { value, len, type };

	if (kst_cert_each_san(own->other, is_name, &n))
		return 0;
	if (own->out->len)
		kst_buf_puts(own->out, ", ");
	kst_buf_put(own->out, value, len);
	return 0;
}

static void put_names(const struct kst_cert *c, const struct kst_cert *other, struct kst_buf *out)
{
	struct own own = { other, out };

	kst_cert_each_san(c, put_own, &own);
}

static const struct {
	unsigned mask;
	const char *key, *label;
	put_field *put;
} fields[] = {
	{ KST_DIFFERS_NAMES_LOST | KST_DIFFERS_NAMES_NEW, "names", "names", put_names },
	{ KST_DIFFERS_SUBJECT, "subject", "subject", put_subject },
	{ KST_DIFFERS_ISSUER, "issuer", "issuer", put_issuer },
	{ KST_DIFFERS_KEY, "key", "key", put_key },
	{ KST_DIFFERS_NOT_BEFORE, "not_before", "not before", put_not_before },
	{ KST_DIFFERS_NOT_AFTER, "not_after", "not after", put_not_after },
	{ KST_DIFFERS_SERIAL, "serial", "serial", put_serial },
	{ KST_DIFFERS_SIGNATURE, "signature", "signature", put_signature },
	{ KST_DIFFERS_USAGE, "usage", "usage", put_usage },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

/* ---- text ---- */

static void put_what(const struct kst_diff_row *r, struct kst_buf *b)
{
	const struct kst_cert *cert = r->cert_b ? r->cert_b : r->cert_a;
	bool both = r->cert_a && r->cert_b;
	char until[KST_TIME_TEXT];

	switch (r->kind) {
	case KST_DIFF_ADDED:
	case KST_DIFF_REMOVED:
		if (!cert) {
			kst_buf_puts(b, "without certificate");
			return;
		}
		kst_cert_name(cert, b);
		kst_buf_printf(b, ", until %s",
			       kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, until));
		return;
	case KST_DIFF_RENAMED:
		kst_buf_printf(b, "the same, under the alias \"%s\"", r->alias_b ? r->alias_b : "");
		return;
	case KST_DIFF_REISSUED:
	case KST_DIFF_REKEYED:
		kst_buf_printf(b, "different certificate, %s key, %s names",
			       r->fields & KST_DIFFERS_KEY ? "another" : "same",
			       r->fields & (KST_DIFFERS_NAMES_LOST | KST_DIFFERS_NAMES_NEW) ? "other" :
											       "same");
		break;
	case KST_DIFF_CHAIN:
		kst_buf_printf(b, "%s chain: %u and %u certificates",
			       both ? "same certificate, different" : "different", r->nr_a, r->nr_b);
		break;
	case KST_DIFF_TRUST:
		kst_buf_puts(b, "same certificate, trusted in another way");
		break;
	case KST_DIFF_KIND:
		kst_buf_puts(b, both && kst_cert_equal(r->cert_a, r->cert_b) ?
					"same certificate, but only one side has its private key" :
					"another kind of entry");
		break;
	case KST_DIFF_CONTENT:
		kst_buf_puts(b, "different contents");
		break;
	}
	if (r->renamed)
		kst_buf_printf(b, ", alias \"%s\"", r->alias_b ? r->alias_b : "");
}

static void show_fields(struct out *o, const struct kst_diff_row *r)
{
	for (size_t i = 0; r->cert_a && r->cert_b && i < FIELDS; i++) {
		struct kst_buf x KST_SCRATCH_BUF = KST_BUF_INIT, y KST_SCRATCH_BUF = KST_BUF_INIT;

		if (!(r->fields & fields[i].mask))
			continue;
		fields[i].put(r->cert_a, r->cert_b, &x);
		fields[i].put(r->cert_b, r->cert_a, &y);
		if (x.len + y.len > 48 || out_blocks(o)) {
			out_hanging(o, 18, "    %-11s - %s", fields[i].label, str(&x));
			out_hanging(o, 18, "    %-11s + %s", "", str(&y));
		} else {
			out_line(o, "    %-11s - %-21s + %s", fields[i].label, str(&x), str(&y));
		}
	}
}

static void show_row(struct out *o, const struct kst_diff_row *r)
{
	const struct kst_cert *cert = r->cert_a ? r->cert_a : r->cert_b;
	const char *mark = r->kind == KST_DIFF_ADDED ? "+" : r->kind == KST_DIFF_REMOVED ? "-" : "~";
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, what KST_SCRATCH_BUF = KST_BUF_INIT;

	if (r->alias_a || r->alias_b)
		kst_buf_puts(&name, r->alias_a ? r->alias_a : r->alias_b);
	else if (cert && r->kind != KST_DIFF_ADDED && r->kind != KST_DIFF_REMOVED)
		kst_cert_name(cert, &name);
	put_what(r, &what);
	if (name.len)
		out_hanging(o, 4, "%s %-17s  %s", mark, str(&name), str(&what));
	else
		out_hanging(o, 4, "%s %s", mark, str(&what));
	if (r->kind == KST_DIFF_REISSUED || r->kind == KST_DIFF_REKEYED)
		show_fields(o, r);
}

static void show_text(struct out *o, const struct kst_diff *d, const char *a, const char *b)
{
	size_t added = 0, removed = 0;

	if (!d->nr) {
		out_line(o, "identical");
		return;
	}
	out_hanging(o, 4, "--- %s", a);
	out_hanging(o, 4, "+++ %s", b);
	for (size_t i = 0; i < d->nr; i++) {
		show_row(o, &d->row[i]);
		added += d->row[i].kind == KST_DIFF_ADDED;
		removed += d->row[i].kind == KST_DIFF_REMOVED;
	}
	out_blank(o);
	out_sentence(o, "%zu changed, %zu removed, %zu added, %zu the same; of the certificates %zu are in both, "
		    "%zu only in the first, %zu only in the second.",
		 d->nr - added - removed, removed, added, d->same, d->certs_both, d->certs_a,
		 d->certs_b);
}

/* ---- plain ---- */

static void show_plain(struct out *o, const struct kst_diff_row *r)
{
	struct kst_buf x KST_SCRATCH_BUF = KST_BUF_INIT, y KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf f KST_SCRATCH_BUF = KST_BUF_INIT;

	if (r->cert_a)
		kst_text_hex(&x, kst_cert_sha256(r->cert_a), 32);
	if (r->cert_b)
		kst_text_hex(&y, kst_cert_sha256(r->cert_b), 32);
	for (size_t i = 0; r->cert_a && r->cert_b && i < FIELDS; i++)
		if (r->fields & fields[i].mask)
			kst_buf_printf(&f, "%s%s", f.len ? "," : "", fields[i].key);
	const char *const cell[] = { kind_word[r->kind], r->alias_a, r->alias_b, str(&x), str(&y),
				     str(&f) };
	out_plain(o, cell, sizeof(cell) / sizeof(cell[0]));
}

/* ---- JSON ---- */

static void hash_json(struct out *o, const char *key, const struct kst_cert *cert)
{
	if (cert)
		out_hex(o, key, kst_cert_sha256(cert), 32);
	else
		out_null(o, key);
}

static void row_json(struct out *o, const struct kst_diff_row *r)
{
	out_object(o, NULL);
	out_str(o, "kind", kind_word[r->kind]);
	out_str(o, "alias_a", r->alias_a);
	out_str(o, "alias_b", r->alias_b);
	out_bool(o, "renamed", r->renamed);
	hash_json(o, "sha256_a", r->cert_a);
	hash_json(o, "sha256_b", r->cert_b);
	out_int(o, "certs_a", r->nr_a);
	out_int(o, "certs_b", r->nr_b);
	out_array(o, "fields");
	for (size_t i = 0; r->cert_a && r->cert_b && i < FIELDS; i++) {
		struct kst_buf x KST_SCRATCH_BUF = KST_BUF_INIT, y KST_SCRATCH_BUF = KST_BUF_INIT;

		if (!(r->fields & fields[i].mask))
			continue;
		fields[i].put(r->cert_a, r->cert_b, &x);
		fields[i].put(r->cert_b, r->cert_a, &y);
		out_object(o, NULL);
		out_str(o, "field", fields[i].key);
		out_strn(o, "a", str(&x), x.len);
		out_strn(o, "b", str(&y), y.len);
		out_end(o);
	}
	out_end(o);
	out_end(o);
}

static void show_json(struct out *o, const struct kst_diff *d)
{
	out_bool(o, "identical", d->nr == 0);
	out_int(o, "same", (int64_t)d->same);
	out_object(o, "certs");
	out_int(o, "both", (int64_t)d->certs_both);
	out_int(o, "only_a", (int64_t)d->certs_a);
	out_int(o, "only_b", (int64_t)d->certs_b);
	out_end(o);
	out_array(o, "differences");
	for (size_t i = 0; i < d->nr; i++)
		row_json(o, &d->row[i]);
	out_end(o);
}

void differ_show(struct out *o, const struct kst_diff *d, const char *a, const char *b)
{
	if (out_is(o, OUT_JSON))
		show_json(o, d);
	else if (out_is(o, OUT_TEXT))
		show_text(o, d, a, b);
	else
		for (size_t i = 0; i < d->nr; i++)
			show_plain(o, &d->row[i]);
}

int differ_changes(const struct kst_diff *d, struct changes *changes)
{
	for (size_t i = 0; i < d->nr; i++) {
		const struct kst_diff_row *r = &d->row[i];
		const char *alias = r->alias_a ? r->alias_a : r->alias_b ? r->alias_b : "(no name)";
		enum change_action action = r->kind == KST_DIFF_ADDED	? CHANGE_ADDED :
					    r->kind == KST_DIFF_REMOVED ? CHANGE_REMOVED :
					    r->kind == KST_DIFF_RENAMED ? CHANGE_RENAMED :
									  CHANGE_REPLACED;
		struct kst_buf what KST_SCRATCH_BUF = KST_BUF_INIT;
		struct change *c = changes_add(changes, action, alias, NULL);

		if (!c)
			return -1;
		put_what(r, &what);
		c->text = kst_strndup(str(&what), what.len);
		c->has_before = r->cert_a != NULL;
		c->has_after = r->cert_b != NULL;
		if (r->cert_a)
			memcpy(c->before, kst_cert_sha256(r->cert_a), 32);
		if (r->cert_b)
			memcpy(c->after, kst_cert_sha256(r->cert_b), 32);
	}
	return 0;
}
