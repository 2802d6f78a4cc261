/* SPDX-License-Identifier: ISC */
/* diff_cert.c - in what two certificates differ */
#include "kstool/diff.h"

#include <string.h>

static bool equal(struct kst_bytes a, struct kst_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

struct wanted {
	const char *value;
	size_t len;
	enum kst_san_type type;
};

static int is_name(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	const struct wanted *w = ctx;

	return type == w->type && len == w->len && !memcmp(value, w->value, len);
}

struct missing {
	const struct kst_cert *in;
	size_t nr;
};

static int count_missing(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	struct missing *m = ctx;
	struct wanted w = { value, len, type };

	m->nr += !kst_cert_each_san(m->in, is_name, &w);
	return 0;
}

size_t kst_cert_names_lost(const struct kst_cert *a, const struct kst_cert *b)
{
	struct missing m = { .in = b };

	kst_cert_each_san(a, count_missing, &m);
	return m.nr;
}

typedef void put_text(const struct kst_cert *cert, struct kst_buf *out);

static bool same_text(put_text *put, const struct kst_cert *a, const struct kst_cert *b)
{
	struct kst_buf x KST_SCRATCH_BUF = KST_BUF_INIT, y KST_SCRATCH_BUF = KST_BUF_INIT;

	put(a, &x);
	put(b, &y);
	return x.len == y.len && (!x.len || !memcmp(x.data, y.data, x.len));
}

static bool same_usage(const struct kst_cert *a, const struct kst_cert *b)
{
	return same_text(kst_cert_key_usage, a, b) && same_text(kst_cert_ext_key_usage, a, b) &&
	       kst_cert_is_ca(a) == kst_cert_is_ca(b);
}

unsigned kst_cert_diff(const struct kst_cert *a, const struct kst_cert *b)
{
	unsigned d = 0;

	if (kst_cert_equal(a, b))
		return 0;
	if (!equal(kst_cert_spki(a), kst_cert_spki(b)))
		d |= KST_DIFFERS_KEY;
	if (!equal(kst_cert_subject_der(a), kst_cert_subject_der(b)))
		d |= KST_DIFFERS_SUBJECT;
	if (!equal(kst_cert_issuer_der(a), kst_cert_issuer_der(b)))
		d |= KST_DIFFERS_ISSUER;
	if (kst_cert_not_before(a) != kst_cert_not_before(b))
		d |= KST_DIFFERS_NOT_BEFORE;
	if (kst_cert_not_after(a) != kst_cert_not_after(b))
		d |= KST_DIFFERS_NOT_AFTER;
	if (!equal(kst_cert_serial(a), kst_cert_serial(b)))
		d |= KST_DIFFERS_SERIAL;
	if (kst_cert_names_lost(a, b))
		d |= KST_DIFFERS_NAMES_LOST;
	if (kst_cert_names_lost(b, a))
		d |= KST_DIFFERS_NAMES_NEW;
	if (!same_text(kst_cert_sig_text, a, b))
		d |= KST_DIFFERS_SIGNATURE;
	if (!same_usage(a, b))
		d |= KST_DIFFERS_USAGE;
	return d;
}
