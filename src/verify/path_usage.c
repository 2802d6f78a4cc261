/* SPDX-License-Identifier: ISC */
/* path_usage.c - who may sign whom, for what, and how deep (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12, 6.1.4) */
#include "verify/path.h"

/* RFC 5280 4.2.1.12 allows keyAgreement in TLS as well, of keys of static Diffie-Hellman: nobody speaks that any
 * more, and a key that is to sign its handshake must be one that may (RFC 8446 4.4.2.2, RFC 8422 5.3).
 * OpenSSL lets it pass, Java and GnuTLS do not. */
static const struct {
	const char *name; /* for people */
	unsigned eku, key_usage; /* what the leaf must have one of */
	const char *key_usages;
} uses[] = {
	[KST_USAGE_FROM_CERT] = { "this", 0, 0, NULL },
	[KST_USAGE_ANY] = { "this", 0, 0, NULL },
	[KST_USAGE_SERVER] = { "a TLS server", KST_FOR_SERVER, KEY_MAY_SIGN | KEY_MAY_ENCIPHER,
			       "digitalSignature or keyEncipherment" },
	[KST_USAGE_CLIENT] = { "a TLS client", KST_FOR_CLIENT, KEY_MAY_SIGN, "digitalSignature" },
	[KST_USAGE_EMAIL] = { "e-mail", KST_FOR_EMAIL, KEY_MAY_SIGN | KEY_MAY_COMMIT | KEY_MAY_ENCIPHER | KEY_MAY_AGREE,
			      "digitalSignature or keyEncipherment" },
	[KST_USAGE_CODE] = { "code signing", KST_FOR_CODE, KEY_MAY_SIGN, "digitalSignature" },
	[KST_USAGE_CA] = { "a CA", 0, KEY_MAY_CERT_SIGN, "keyCertSign" },
};

unsigned usage_purpose(enum kst_usage usage)
{
	return uses[usage].eku;
}

/* ---- the leaf ---- */

static void leaf(const struct path *p, struct findings *f)
{
	const struct exts *x = &p->ext[0];
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	if (uses[p->usage].eku && !(x->eku & uses[p->usage].eku)) {
		kst_cert_ext_key_usage(p->cert[0], &text);
		find_fail(f, KST_REASON_PURPOSE, 0, "its extended key usage is %s, which is not for %s",
			  text.len ? (char *)text.data : "empty", uses[p->usage].name);
	}
	kst_buf_reset(&text);
	if (uses[p->usage].key_usage && !(x->key_usage & uses[p->usage].key_usage)) {
		kst_cert_key_usage(p->cert[0], &text);
		find_fail(f, KST_REASON_KEY_USAGE, 0, "its key usage is %s, and %s needs %s",
			  text.len ? (char *)text.data : "empty", uses[p->usage].name, uses[p->usage].key_usages);
	}
	if (p->usage == KST_USAGE_CA && !x->ca)
		find_fail(f, KST_REASON_NOT_A_CA, 0, "its basicConstraints do not say CA:TRUE");
	/* The last certificate of a path counts as leaf, CA or not (RFC 5280 4.2.1.9); browsers disagree. */
	if (x->ca && p->usage == KST_USAGE_SERVER)
		find_lax(f, KST_REASON_WEB_PKI, 0, "a CA certificate is used as that of a server");
}

/* ---- those above ---- */

static void issuer(const struct path *p, size_t i, struct findings *f)
{
	const struct exts *x = &p->ext[i];
	bool anchor = p->anchor && i == p->nr - 1;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	int depth = (int)i;

	if (x->of[EXT_BASIC].has) {
		if (!x->ca && !x->of[EXT_BASIC].bad) /* which rule_form() tells */
			find_fail(f, KST_REASON_NOT_A_CA, depth, "its basicConstraints say CA:FALSE");
	} else if (!anchor) {
		/* RFC 5280 6.1.4 (k): without basicConstraints it must be known to be a CA by other means. */
		find_fail(f, KST_REASON_NOT_A_CA, depth, "it has no basicConstraints, so it is no CA");
	} else if (x->any) {
		find_lax(f, KST_REASON_NOT_A_CA, depth, "it has no basicConstraints; it is a CA because it is trusted");
	} else {
		find_lax(f, KST_REASON_NOT_A_CA, depth, "it is of X.509 version 1; it is a CA because it is trusted");
	}
	if (!(x->key_usage & KEY_MAY_CERT_SIGN))
		find_fail(f, KST_REASON_KEY_USAGE, depth, "its key usage lacks keyCertSign");
	/* An extended key usage of a CA narrows what is below it: not in RFC 5280, but all do it. */
	if (uses[p->usage].eku && !(x->eku & uses[p->usage].eku)) {
		kst_cert_ext_key_usage(p->cert[i], &text);
		find_fail(f, KST_REASON_PURPOSE, depth, "its extended key usage is %s, which is not for %s",
			  text.len ? (char *)text.data : "empty", uses[p->usage].name);
	}
}

void rule_usage(const struct path *p, struct findings *f)
{
	leaf(p, f);
	for (size_t i = 1; i < p->nr; i++)
		issuer(p, i, f);
}

/* ---- how deep ---- */

void rule_lengths(const struct path *p, struct findings *f)
{
	/* CAs below the one that is looked at; self-issued ones do not count, nor does the leaf. */
	int64_t below = 0;

	for (size_t i = 1; i < p->nr; i++) {
		if (p->ext[i].path_len >= 0 && p->ext[i].ca && below > p->ext[i].path_len)
			find_fail(f, KST_REASON_PATH_LENGTH, (int)i, "it allows %lld CAs below it, and there are %lld",
				  (long long)p->ext[i].path_len, (long long)below);
		below += !kst_cert_is_self_issued(p->cert[i]);
	}
	below -= p->anchor && p->nr > 1 && !kst_cert_is_self_issued(p->cert[p->nr - 1]);
	if (p->req->max_depth >= 0 && p->anchor && below > p->req->max_depth)
		find_fail(f, KST_REASON_PATH_LENGTH, -1, "there are %lld CAs between the leaf and the trusted one, and %d are allowed",
			  (long long)below, p->req->max_depth);
}

/* ---- critical extensions ---- */

void rule_critical(const struct path *p, struct findings *f)
{
	for (size_t i = 0; i < p->nr; i++) {
		char oid[PATH_NAME];

		if (p->ext[i].unknown_critical.data)
			find_fail(f, KST_REASON_CRITICAL, (int)i, "the critical extension %s is not understood",
				  path_oid(p->ext[i].unknown_critical, oid));
	}
}
