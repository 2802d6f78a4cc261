/* SPDX-License-Identifier: ISC */
/* contents.c - what a store holds, in numbers, and whether that makes it a truststore */
#include "kstool/walk.h"
#include "store/store.h"

#define MANY 40 /* CAs: systems and browsers have more than a hundred, nobody else has so many */

static int count_one(struct kst_store *s, size_t i, struct kst_contents *out, struct kst_error *err)
{
	struct kst_entry *e;
	struct kst_head h;

	if (kst_store_head(s, i, &h, err) < 0)
		return -1;
	out->entries++;
	out->chains += h.kind == KST_KIND_KEY && h.nr_certs;
	if (h.kind == KST_KIND_KEY || h.kind == KST_KIND_SECRET)
		out->keys++;
	else if (h.kind != KST_KIND_CERT)
		out->others++;
	if (h.kind != KST_KIND_CERT)
		return 0;
	out->certs++;
	/* Of a hundred thousand entries none is loaded to be counted. */
	if (s->format->load) {
		out->cas += h.trusted;
		out->roots += h.trusted;
		return 0;
	}
	if (kst_store_entry(s, i, &e, err) < 0)
		return -1;
	out->cas += kst_cert_is_ca(e->chain.cert[0]);
	out->roots += kst_cert_is_ca(e->chain.cert[0]) && kst_cert_is_self_issued(e->chain.cert[0]);
	return 0;
}

int kst_store_contents(struct kst_store *s, struct kst_contents *out, struct kst_error *err)
{
	*out = (struct kst_contents){ .keys = 0 };
	for (size_t i = 0; i < kst_store_count(s); i++)
		if (count_one(s, i, out, err) < 0)
			return -1;
	return 0;
}

enum kst_truststore kst_contents_truststore(const struct kst_contents *c, const struct kst_format *f)
{
	if (c->keys || !c->cas)
		return KST_TRUSTSTORE_NO;
	/* Old lists hold a few that do not say that they are CAs. */
	if (c->cas >= MANY && c->cas * 10 >= c->certs * 9)
		return KST_TRUSTSTORE_SURE;
	if (c->cas < c->certs || c->others)
		return KST_TRUSTSTORE_NO;
	/* A loose file of one CA, or with an issuing CA, is what a server sends, or an anchor itself. */
	if ((f->caps & KST_CAP_LOOSE) && (c->roots < c->cas || c->cas < 2))
		return KST_TRUSTSTORE_NO;
	return KST_TRUSTSTORE_MAYBE;
}
