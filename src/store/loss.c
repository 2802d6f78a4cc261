/* SPDX-License-Identifier: ISC */
/*
 * loss.c - what an entry needs that a format lacks
 *
 * Two sorts.  What would be lost for good refuses the entry: a key, a secret, a
 * purpose; a certificate that is trusted for some purposes only, or distrusted, must
 * not come out as trusted for all.  What fades (a date, an attribute, a name that can
 * be derived again) is said.
 */
#include <string.h>

#include "kstool/store.h"

unsigned kst_entry_loss(const struct kst_entry *e, const struct kst_format *format)
{
	unsigned need = 0;
	switch (e->kind) {
	case KST_KIND_KEY:
		need |= KST_CAP_KEYS | (e->chain.nr ? KST_CAP_CHAINS : KST_CAP_BARE_KEYS);
		/* Sealed under a passphrase of its own, which the store's does not open. */
		if (e->key && kst_key_is_sealed(e->key))
			need |= KST_CAP_ENTRY_PASS;
		break;
	case KST_KIND_CERT:
		need |= KST_CAP_CERTS;
		if (e->purposes.len || e->distrusted.len || e->no_anchor)
			need |= KST_CAP_PURPOSES;
		/* No other shall become an anchor. */
		if (!e->trusted && (format->caps & KST_CAP_ANCHORS))
			return KST_CAP_TRUST;
		break;
	case KST_KIND_SECRET:
		need |= KST_CAP_SECRETS;
		break;
	case KST_KIND_CRL:
		if (format->caps & KST_CAP_CRLS)
			break;
		need |= KST_CAP_REQUESTS;
		break;
	case KST_KIND_CSR:
		need |= KST_CAP_REQUESTS;
		break;
	case KST_KIND_OPAQUE:
		if (kst_entry_is_public_key(e)) {
			need |= KST_CAP_PUBLIC_KEYS;
			break;
		}
		/* Known to no format but its own; READ, which all have, stands for that. */
		if (!e->origin || strcmp(e->origin, format->name) != 0)
			return KST_CAP_READ;
		break;
	}
	return need & ~format->caps;
}

/* Is there an attribute that a bag of PKCS#12 had beyond name and id? */
static bool has_attributes(const struct kst_entry *e)
{
	if (e->attrs.len)
		return true;
	for (size_t i = 0; e->cert_attrs && i < e->chain.nr; i++)
		if (e->cert_attrs[i].len)
			return true;
	return false;
}

unsigned kst_entry_fades(const struct kst_entry *e, const struct kst_format *format)
{
	bool key = e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET;
	unsigned need = 0;

	if (has_attributes(e) || e->note)
		need |= KST_CAP_ATTRS;
	if (e->created && !(key && (format->caps & KST_CAP_KEY_DATES)))
		need |= KST_CAP_DATES;
	if (e->alias && *e->alias && !e->alias_derived)
		need |= KST_CAP_ALIASES;
	if (e->secret_alg)
		need |= KST_CAP_SECRET_ALGS;
	/* Where objects lie loose, whoever reads them says what they are for. */
	if (e->trusted && !(format->caps & KST_CAP_LOOSE))
		need |= KST_CAP_TRUST;
	return need & ~format->caps;
}

const char *kst_loss_text(unsigned loss)
{
	static const struct {
		unsigned cap;
		const char *text;
	} texts[] = {
		{ KST_CAP_READ, "an object that kstool does not know" },
		{ KST_CAP_KEYS, "a private key" },
		{ KST_CAP_SECRETS, "a secret key" },
		{ KST_CAP_REQUESTS, "a certificate request or revocation list" },
		{ KST_CAP_CERTS, "a certificate" },
		{ KST_CAP_CHAINS, "a private key together with its certificates" },
		{ KST_CAP_BARE_KEYS, "a private key without certificate" },
		{ KST_CAP_TRUST, "a certificate that is neither trusted nor belongs to a key" },
		{ KST_CAP_PURPOSES, "purposes that a certificate is trusted or distrusted for" },
		{ KST_CAP_ENTRY_PASS, "a private key with a passphrase of its own" },
		{ KST_CAP_ALIAS_CASE, "upper case in an alias" },
		{ KST_CAP_ALIASES, "an alias" },
		{ KST_CAP_ATTRS, "attributes" },
		{ KST_CAP_PUBLIC_KEYS, "a public key without certificate" },
		{ KST_CAP_DATES, "the date of an entry" },
		{ KST_CAP_SECRET_ALGS, "the algorithm of a secret key" },
		{ KST_CAP_SINGLE, "more than one object" },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (loss & texts[i].cap)
			return texts[i].text;
	return "everything";
}
