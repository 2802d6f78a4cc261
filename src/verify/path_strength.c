/* SPDX-License-Identifier: ISC */
/*
 * path_strength.c - keys and digests
 *
 * Refused is what is broken, or below 112 bits (NIST SP 800-57 part 1, table 2: RSA 2048, curves of 224
 * bits), as TLS does everywhere by now.  --policy strict adds what is on its way out.  SHA-1 is that, but
 * not in TLS, where all but Java refuse it.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/cert_x509.h"
#include "crypto/key_flaw.h"
#include "crypto/names.h"
#include "verify/path.h"

static void rsa(long bits, const char *t, int depth, struct findings *f)
{
	if (bits < 3072 && f->strict) /* which nobody else forbids: not worth a word elsewhere */
		find_fail(f, KST_REASON_WEAK_KEY, depth, "%s: under 3072 bits", t);
	if (bits % 8) /* CA/Browser Forum, Baseline Requirements 6.1.5 */
		find_lax(f, KST_REASON_WEB_PKI, depth, "%s: the size is no multiple of 8", t);
}

static void ec(const char *t, int depth, struct findings *f)
{
	/* RFC 5480 2.1.1: parameters that name no curve are forbidden; they let anybody forge signatures
	 * of a known key (CVE-2020-0601). */
	if (strcmp(t, "EC") == 0)
		find_fail(f, KST_REASON_WEAK_KEY, depth, "its curve is given by numbers and not by name");
	else if (strcmp(t, "EC-P256") && strcmp(t, "EC-P384") && strcmp(t, "EC-P521"))
		find_lax(f, KST_REASON_WEB_PKI, depth, "%s: only P-256, P-384 and P-521 are allowed", t);
}

static void key(const struct path *p, size_t i, struct findings *f)
{
	struct kst_bytes spki = kst_cert_spki(p->cert[i]);
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	X509 *x = kst_cert_x509(p->cert[i]);
	EVP_PKEY *pkey;
	const char *t;

	kst_spki_key_text(spki.data, spki.len, false, &text);
	t = text.data ? (char *)text.data : "?";
	ERR_set_mark();
	pkey = x ? X509_get0_pubkey(x) : NULL;
	ERR_pop_to_mark();
	if (pkey && kst_key_flaw(pkey) == KST_KEY_SHORT) {
		find_fail(f, KST_REASON_WEAK_KEY, (int)i, "%s is too weak", t);
		return;
	}
	if (pkey && kst_key_flaw(pkey) == KST_KEY_EXPONENT) {
		find_fail(f, KST_REASON_WEAK_KEY, (int)i, "%s: with its exponent everybody can sign for it", t);
		return;
	}
	if (strncmp(t, "RSA-PSS-", 8) == 0)
		rsa(strtol(t + 8, NULL, 10), t, (int)i, f);
	else if (strncmp(t, "RSA-", 4) == 0)
		rsa(strtol(t + 4, NULL, 10), t, (int)i, f);
	else if (strncmp(t, "DSA-", 4) == 0)
		find_lax(f, KST_REASON_WEAK_KEY, (int)i, "%s: DSA is no longer used for certificates", t);
	else if (strncmp(t, "EC", 2) == 0)
		ec(t, (int)i, f);
	else if (!pkey)
		find_not(f, KST_CHECK_STRENGTH, KST_REASON_NONE, (int)i, "%s is not known to this OpenSSL", t);
}

static void digest(const struct path *p, size_t i, struct findings *f)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *t;

	kst_cert_sig_text(p->cert[i], &text);
	t = text.data ? (char *)text.data : "";
	if (strstr(t, "MD2") || strstr(t, "MD4") || strstr(t, "MD5") || strstr(t, "md5") || strstr(t, "mdc2"))
		find_fail(f, KST_REASON_WEAK_DIGEST, (int)i, "it is signed with %s", t);
	else if (!strstr(t, "SHA1") || strstr(t, "SHA1-"))
		return;
	else if (p->usage == KST_USAGE_SERVER || p->usage == KST_USAGE_CLIENT)
		find_fail(f, KST_REASON_WEAK_DIGEST, (int)i, "it is signed with %s, which TLS refuses", t);
	else
		find_lax(f, KST_REASON_WEAK_DIGEST, (int)i, "it is signed with %s", t);
}

void rule_strength(const struct path *p, struct findings *f)
{
	for (size_t i = 0; i < p->nr; i++) {
		key(p, i, f);
		/* Nobody relies on how a trusted certificate is signed. */
		if (!(p->anchor && i == p->nr - 1))
			digest(p, i, f);
	}
}
