/* SPDX-License-Identifier: ISC */
/*
 * trust.c - what a certificate is trusted for
 *
 * Purposes are key purposes of RFC 5280 4.2.1.12.  A list of what a certificate
 * is distrusted for wins over every trust; anyExtendedKeyUsage stands for all.
 */
#include <string.h>

#include "crypto/der.h"
#include "kstool/alloc.h"
#include "kstool/entry.h"
#include "kstool/time.h"

static const struct purpose {
	const char *name;
	uint8_t len, oid[10];
} purposes[] = {
	/* In the order of their bytes, and of the bits of enum kst_purpose. */
	{ "any", 6, { 6, 4, 0x55, 0x1d, 0x25, 0 } },
	{ "server", 10, { 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1 } },
	{ "client", 10, { 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2 } },
	{ "code", 10, { 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3 } },
	{ "email", 10, { 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4 } },
	{ "time", 10, { 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8 } },
};
#define NR_PURPOSES (sizeof(purposes) / sizeof(purposes[0]))

unsigned kst_purpose_by_name(const char *name)
{
	for (size_t i = 0; i < NR_PURPOSES; i++)
		if (strcmp(purposes[i].name, name) == 0)
			return 1u << i;
	return 0;
}

int kst_purposes_set(struct kst_blob *out, unsigned set)
{
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	for (size_t i = 0; i < NR_PURPOSES; i++)
		if (set & 1u << i)
			kst_buf_put(&all, purposes[i].oid, purposes[i].len);
	return all.failed ? -1 : kst_blob_set(out, all.data, all.len);
}

static const struct purpose *known(struct kst_bytes whole)
{
	for (size_t i = 0; i < NR_PURPOSES; i++)
		if (kst_bytes_is(whole, purposes[i].oid, purposes[i].len))
			return &purposes[i];
	return NULL;
}

/* Does the list hold the purpose, or "any"? */
static bool holds(const struct kst_blob *list, unsigned purpose)
{
	struct kst_der in = kst_der_over(list->data, list->len);
	struct kst_der_item item;
	while (kst_der_next(&in, &item) == 1) {
		const struct purpose *p = known(item.whole);
		if (p && (p == purposes || (purpose & 1u << (p - purposes))))
			return true;
	}
	return false;
}

bool kst_entry_trusted_for(const struct kst_entry *e, unsigned purpose)
{
	if (e->kind != KST_KIND_CERT || !e->trusted || e->no_anchor)
		return false;
	/* Asked for everything, something that is excepted is too much. */
	if (purpose == KST_FOR_ANY)
		return !e->distrusted.len && (!e->purposes.len || holds(&e->purposes, purpose));
	return !holds(&e->distrusted, purpose) &&
	       (!e->purposes.len || holds(&e->purposes, purpose));
}

static unsigned bits(const struct kst_blob *list)
{
	struct kst_der in = kst_der_over(list->data, list->len);
	struct kst_der_item item;
	unsigned set = 0;
	while (kst_der_next(&in, &item) == 1) {
		const struct purpose *p = known(item.whole);
		if (p)
			set |= p == purposes ? KST_FOR_EVERYTHING : 1u << (p - purposes);
	}
	return set;
}

void kst_entry_trust_bits(const struct kst_entry *e, unsigned *trusted, unsigned *distrusted)
{
	*trusted = e->purposes.len ? bits(&e->purposes) : KST_FOR_EVERYTHING;
	*distrusted = bits(&e->distrusted);
}

bool kst_entry_narrow(struct kst_entry *e, unsigned purpose)
{
	if (!kst_entry_trusted_for(e, purpose))
		return false;
	kst_blob_release(&e->purposes);
	kst_blob_release(&e->distrusted);
	return true;
}

/* ---- in words ---- */

static void put_list(const struct kst_blob *list, struct kst_buf *out)
{
	struct kst_der in = kst_der_over(list->data, list->len);
	struct kst_der_item item;
	for (bool first = true; kst_der_next(&in, &item) == 1; first = false) {
		const struct purpose *p = known(item.whole);
		char dotted[KST_OID_TEXT];
		if (!p)
			kst_oid_text(item.body, dotted);
		kst_buf_printf(out, "%s%s", first ? "" : ", ", p ? p->name : dotted);
	}
}

void kst_entry_trust_text(const struct kst_entry *e, struct kst_buf *out)
{
	if (e->kind != KST_KIND_CERT)
		return;
	if (e->no_anchor)
		kst_buf_puts(out, "nothing");
	else if (e->purposes.len)
		put_list(&e->purposes, out);
	else if (e->distrusted.len)
		kst_buf_puts(out, "everything else");
	if (e->distrusted.len) {
		kst_buf_puts(out, "; never for ");
		put_list(&e->distrusted, out);
	}
	if ((e->server_after || e->email_after || e->restriction) &&
	    (e->no_anchor || e->purposes.len || e->distrusted.len))
		kst_buf_puts(out, "; ");
	kst_entry_limits_text(e, out);
}

void kst_entry_limits_text(const struct kst_entry *e, struct kst_buf *out)
{
	const struct {
		const char *name;
		int64_t after;
	} use[] = { { "server", e->server_after }, { "email", e->email_after } };
	const char *sep = "";
	char day[KST_TIME_TEXT];

	for (size_t i = 0; i < 2; i++) {
		if (!use[i].after)
			continue;
		kst_buf_printf(out, "%snot for %s if issued after %s", sep, use[i].name,
			       kst_time_text(use[i].after, KST_TIME_DATE, day));
		sep = ", ";
	}
	if (e->restriction)
		kst_buf_printf(out, "%s%s", sep, e->restriction);
}
