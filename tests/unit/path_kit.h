/* SPDX-License-Identifier: ISC */
/*
 * path_kit.h - chains for tests, right but for what the test says: a root, an
 * issuing CA, a leaf for a.test, made with OpenSSL alone
 */
#ifndef KST_TESTS_PATH_KIT_H
#define KST_TESTS_PATH_KIT_H

#include <string.h>
#include <time.h>

#include "kstool/verify.h"
#include "party.h"

/* What differs from the ordinary one: extensions as openssl.cnf has them ("keyUsage=critical,keyCertSign"), ""
 * as value takes one away, "+name=value" adds a second one. */
#define PATH_EXTS 6
struct path_how {
	const char *cn, *ext[PATH_EXTS];
	long from, to;         /* days from now; 0 the usual ones */
	const EVP_MD *md;
	EVP_PKEY *key;         /* its own; NULL a new P-256 */
	int version;           /* as people say it; 0: 3 */
	const char *serial;    /* hex */
	bool no_subject, no_issuer, broken; /* broken: a bit of the signature is another */
};

struct made {
	EVP_PKEY *key;
	X509 *x;
	struct kst_cert *cert;
};

static inline void path_put(X509 *x, X509V3_CTX *ctx, const char *text)
{
	char name[64];
	bool more = *text == '+';
	const char *value = strchr(text, '=') + 1;
	snprintf(name, sizeof(name), "%.*s", (int)(value - 1 - text - more), text + more);
	if (!more) {
		ASN1_OBJECT *obj = OBJ_txt2obj(name, 0);
		int at = X509_get_ext_by_OBJ(x, obj, -1);
		if (at >= 0)
			X509_EXTENSION_free(X509_delete_ext(x, at));
		ASN1_OBJECT_free(obj);
	}
	if (!*value)
		return;
	X509_EXTENSION *ext = X509V3_EXT_conf(NULL, ctx, name, value);
	if (!ext && !strcmp(name, "authorityKeyIdentifier")) /* the issuer has none to point to */
		return;
	ck_assert_msg(ext != NULL, "%s", text);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

static inline struct made path_make(const struct made *by, const char *const *usual, const struct path_how *how)
{
	static long serial = 1000;
	struct made m = { .key = how->key ? how->key : EVP_EC_gen("P-256"), .x = X509_new() };
	ASN1_INTEGER *n = X509_get_serialNumber(m.x);
	X509V3_CTX ctx;

	if (how->key)
		EVP_PKEY_up_ref(how->key);
	X509_set_version(m.x, how->version ? how->version - 1 : 2);
	if (how->serial) {
		BIGNUM *bn = NULL;
		BN_hex2bn(&bn, how->serial);
		BN_to_ASN1_INTEGER(bn, n);
		BN_free(bn);
	} else {
		ASN1_INTEGER_set(n, ++serial);
	}
	X509_time_adj_ex(X509_getm_notBefore(m.x), how->from ? (int)how->from : -1, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(m.x), how->to ? (int)how->to : 90, 0, NULL);
	if (!how->no_subject)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(m.x), "CN", MBSTRING_UTF8,
					   (const unsigned char *)how->cn, -1, -1, 0);
	if (!how->no_issuer)
		X509_set_issuer_name(m.x, X509_get_subject_name(by ? by->x : m.x));
	X509_set_pubkey(m.x, m.key);
	X509V3_set_ctx(&ctx, by ? by->x : m.x, m.x, NULL, NULL, 0);
	for (; how->version != 1 && *usual; usual++)
		path_put(m.x, &ctx, *usual);
	for (size_t i = 0; i < PATH_EXTS && how->ext[i]; i++)
		path_put(m.x, &ctx, how->ext[i]);
	ck_assert_int_gt(X509_sign(m.x, by ? by->key : m.key, how->md ? how->md : EVP_sha256()), 0);
	m.cert = party_x509(m.x);
	if (how->broken) {
		struct kst_bytes der = kst_cert_der(m.cert);
		struct kst_cert *bad;
		uint8_t *copy = malloc(der.len);
		memcpy(copy, der.data, der.len);
		copy[der.len - 1] ^= 1;
		ck_assert_int_eq(kst_cert_new(&bad, copy, der.len, NULL), 0);
		free(copy);
		kst_cert_free(m.cert);
		m.cert = bad;
	}
	return m;
}

static inline void made_free(struct made *m)
{
	kst_cert_free(m->cert);
	X509_free(m->x);
	EVP_PKEY_free(m->key);
	*m = (struct made){ .x = NULL };
}

static const char *const usual_root[] = {
	"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash", NULL
};
static const char *const usual_ca[] = {
	"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash",
	"authorityKeyIdentifier=keyid", NULL
};
static const char *const usual_leaf[] = {
	"subjectAltName=DNS:a.test", "extendedKeyUsage=serverAuth", "keyUsage=digitalSignature",
	"authorityKeyIdentifier=keyid", NULL
};

static inline struct made path_root(struct path_how how)
{
	if (!how.cn)
		how.cn = "Root";
	return path_make(NULL, usual_root, &how);
}

static inline struct made path_ca(const struct made *by, struct path_how how)
{
	if (!how.cn)
		how.cn = "ICA";
	return path_make(by, usual_ca, &how);
}

static inline struct made path_leaf(const struct made *by, struct path_how how)
{
	if (!how.cn)
		how.cn = "a.test";
	return path_make(by, usual_leaf, &how);
}

/* ---- whom one trusts ---- */

static inline struct kst_entry *path_entry(const struct made *m)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_CERT);
	ck_assert_int_eq(kst_chain_push(&e->chain, m->cert), 0);
	e->trusted = true;
	return e;
}

/* A store in memory with this entry in it becomes a source. */
static inline void path_trust_entry(struct kst_anchors *a, struct kst_entry *e)
{
	struct kst_open_options opt = { .asker = NULL };
	struct kst_error err = KST_ERROR_INIT;
	struct kst_store *s;

	ck_assert_int_eq(kst_store_new(&s, "/nowhere/trust.pem", kst_format_by_name("pem"), &opt, &err), 0);
	ck_assert_msg(kst_store_add(s, e, NULL, &err) == 0, "%s", err.message);
	ck_assert_msg(kst_anchors_add_store(a, s, "trust.pem", &err) == 0, "%s", err.message);
	kst_store_free(s);
}

static inline void path_trust(struct kst_anchors *a, const struct made *m)
{
	path_trust_entry(a, path_entry(m));
}

/* ---- what came out ---- */

static inline const char *verdict_text(const struct kst_verdict *v)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < v->nr && n + 700 < sizeof(text); i++)
		if (v->finding[i].result == KST_RESULT_FAIL || v->finding[i].let_pass)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s at %d (%s); ",
					      v->finding[i].let_pass ? "let pass " : "", kst_reason_slug(v->finding[i].reason),
					      v->finding[i].depth, v->finding[i].text ? v->finding[i].text : "");
	return text;
}

/* Is there a finding for this reason at this depth: a failure, or (`let_pass`) one that was let pass? */
static inline bool has_finding(const struct kst_verdict *v, enum kst_reason reason, int depth, bool let_pass)
{
	for (size_t i = 0; i < v->nr; i++)
		if (v->finding[i].reason == reason && v->finding[i].depth == depth &&
		    (let_pass ? v->finding[i].let_pass : v->finding[i].result == KST_RESULT_FAIL))
			return true;
	return false;
}

static inline size_t count_faults(const struct kst_verdict *v)
{
	size_t n = 0;
	for (size_t i = 0; i < v->nr; i++)
		n += v->finding[i].result == KST_RESULT_FAIL;
	return n;
}

#endif
