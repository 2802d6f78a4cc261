/* SPDX-License-Identifier: ISC */
/* lint_cert.c - single certificates and revocation lists: dates, names, strength */
#include "store/lint.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"

#define DAY INT64_C(86400)
/* Apple's systems refuse a server certificate that is valid for longer, of a private CA too. */
#define LIFETIME_MOST 825
#define RSA_LEAST 2048
#define CURVE_LEAST 224

/* ---- what mends it ---- */

/* A new certificate for the same key: a request is where that begins. */
static void fix_request(struct kst_linter *l, struct kst_problem *f, const char *name, const char *host)
{
	char *csr = kst_asprintf("%s.csr", *name == '@' ? "request" : name);

	if (host && *host)
		kst_problem_fix(l->out, f, "kstool", "csr", l->store->path, name, "--host", host, "-o", csr, NULL);
	else
		kst_problem_fix(l->out, f, "kstool", "csr", l->store->path, name, "-o", csr, NULL);
	kst_free(csr);
}

static void fix_remove(struct kst_linter *l, struct kst_problem *f, const char *name)
{
	kst_problem_fix(l->out, f, "kstool", "remove", l->store->path, name, NULL);
}

/* ---- strength ---- */

/* Bits of "RSA-1024", of "EC-P192" and "EC-secp160r1"; 0: the text tells none. */
static long bits_of(const char *text)
{
	const char *p = strchr(text, '-');

	while (p && *p && !(*p >= '0' && *p <= '9'))
		p++;
	return p && *p ? strtol(p, NULL, 10) : 0;
}

static bool is_weak(const char *text)
{
	long bits = bits_of(text);

	if (!bits)
		return false;
	if (!strncmp(text, "EC-", 3))
		return bits < CURVE_LEAST;
	if (!strncmp(text, "RSA", 3) || !strncmp(text, "DSA-", 4) || !strncmp(text, "DH", 2))
		return bits < RSA_LEAST;
	return false;
}

static void check_strength(struct kst_linter *l, const char *name, const struct kst_cert *cert, bool leaf)
{
	struct kst_buf key KST_SCRATCH_BUF = KST_BUF_INIT, sig KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_problem *f;

	kst_cert_name(cert, &cn);
	kst_cert_key_text(cert, false, &key);
	kst_cert_sig_text(cert, &sig);
	if (key.failed || sig.failed || cn.failed || !key.data || !sig.data) {
		l->out->failed |= key.failed || sig.failed || cn.failed;
		return;
	}
	const char *who = cn.data ? (const char *)cn.data : "";
	if (is_weak((const char *)key.data)) {
		f = kst_problem_add(l->out, KST_P_WEAK_KEY, name, "the key of \"%s\" is %s", who,
				    (const char *)key.data);
		if (leaf)
			kst_problem_fix(l->out, f, "kstool", "keygen", l->store->path, "--alias", name, "--host",
					who, "--replace", NULL);
		else
			fix_remove(l, f, name);
	}
	if (kst_cert_is_self_issued(cert) || !(strstr((const char *)sig.data, "SHA1") ||
					       strstr((const char *)sig.data, "MD")))
		return;
	f = kst_problem_add(l->out, KST_P_WEAK_SIGNATURE, name, "\"%s\" is signed with %s", who,
			    (const char *)sig.data);
	if (leaf)
		fix_request(l, f, name, NULL);
	else
		fix_remove(l, f, name);
}

static bool is_expired(const struct kst_linter *l, const struct kst_cert *cert, char day[KST_TIME_TEXT])
{
	kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, day);
	return kst_cert_not_after(cert) < l->now;
}

/* ---- names of a server ---- */

static bool is_server(const struct kst_cert *cert)
{
	struct kst_buf use KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_cert_is_ca(cert))
		return false;
	kst_cert_ext_key_usage(cert, &use);
	return !use.len || strstr((const char *)use.data, "serverAuth") ||
	       strstr((const char *)use.data, "anyExtendedKeyUsage");
}

static int last_cn(void *ctx, const char *type, const char *value)
{
	struct kst_buf *out = ctx;

	if (strcmp(type, "CN") == 0) {
		kst_buf_reset(out);
		kst_buf_puts(out, value);
	}
	return 0;
}

static bool looks_like_host(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*");

	return n && !s[n] && (strchr(s, '.') || strcmp(s, "localhost") == 0);
}

static void check_names(struct kst_linter *l, const char *name, const struct kst_cert *cert)
{
	struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!is_server(cert) || kst_cert_san_count(cert))
		return;
	kst_cert_each_rdn(cert, false, last_cn, &cn);
	const char *host = cn.data && !cn.failed ? (const char *)cn.data : "";
	if (looks_like_host(host))
		fix_request(l,
			    kst_problem_add(l->out, KST_P_CN_ONLY, name,
					    "no subjectAltName; modern clients ignore the CN \"%s\"", host),
			    name, host);
	else
		fix_request(l,
			    kst_problem_add(l->out, KST_P_NO_SAN, name,
					    "the certificate names no host, in subjectAltName or CN"),
			    name, "HOST");
}

void kst_lint_leaf(struct kst_linter *l, const char *name, const struct kst_entry *e)
{
	const struct kst_cert *leaf = kst_entry_leaf(e);
	char day[KST_TIME_TEXT];

	if (!leaf)
		return;
	if (is_expired(l, leaf, day))
		fix_request(l, kst_problem_add(l->out, KST_P_EXPIRED_LEAF, name, "the certificate expired on %s", day),
			    name, NULL);
	int64_t days = (kst_cert_not_after(leaf) - kst_cert_not_before(leaf)) / DAY;
	if (days > LIFETIME_MOST && is_server(leaf))
		fix_request(l,
			    kst_problem_add(l->out, KST_P_LONG_LIFETIME, name,
					    "the certificate is valid for %lld days, Apple's systems take %d",
					    (long long)days, LIFETIME_MOST),
			    name, NULL);
	check_names(l, name, leaf);
	check_strength(l, name, leaf, true);
	for (size_t i = 1; i < e->chain.nr; i++) {
		struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;

		check_strength(l, name, e->chain.cert[i], false);
		if (!is_expired(l, e->chain.cert[i], day))
			continue;
		kst_cert_name(e->chain.cert[i], &cn);
		fix_request(l,
			    kst_problem_add(l->out, KST_P_EXPIRED_CA, name, "\"%s\" of its chain expired on %s",
					    cn.data ? (char *)cn.data : "", day),
			    name, NULL);
	}
}

void kst_lint_anchor(struct kst_linter *l, const char *name, const struct kst_entry *e)
{
	const struct kst_cert *cert = kst_entry_leaf(e);
	char day[KST_TIME_TEXT];

	if (!cert)
		return;
	/* A PEM file marks nothing as trusted: there a leaf may stand for itself. */
	bool marks = (l->store->format->caps & KST_CAP_TRUST) && !(l->store->format->caps & KST_CAP_LOOSE);
	if (e->trusted && marks && !kst_cert_is_ca(cert))
		fix_remove(l,
			   kst_problem_add(l->out, KST_P_NOT_A_CA_TRUSTED, name,
					   "trusted entry \"%s\" is no certificate of a CA", name),
			   name);
	if (is_expired(l, cert, day)) {
		struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;
		kst_cert_name(cert, &cn);
		fix_remove(l,
			   kst_problem_add(l->out, kst_cert_is_ca(cert) ? KST_P_EXPIRED_CA : KST_P_EXPIRED_LEAF, name,
					   "\"%s\" expired on %s", cn.data ? (char *)cn.data : "", day),
			   name);
	}
	check_strength(l, name, cert, false);
}

/* ---- revocation lists ---- */

static bool is_time(uint8_t id)
{
	return id == 0x17 || id == 0x18; /* UTCTime, GeneralizedTime */
}

/*
 * CertificateList ::= SEQUENCE { tbsCertList SEQUENCE { version OPTIONAL, signature, issuer, thisUpdate,
 * nextUpdate OPTIONAL, ... (RFC 5280 5.1).  0, or -1: there is none.
 */
static int next_update(const struct kst_blob *der, int64_t *out)
{
	struct kst_der d = kst_der_over(der->data, der->len), list, tbs;
	struct kst_der_item item;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &list) < 0 || kst_der_enter(&list, KST_DER_SEQUENCE, &tbs) < 0 ||
	    kst_der_optional(&tbs, KST_DER_INTEGER, &item) < 0 ||
	    kst_der_expect(&tbs, KST_DER_SEQUENCE, NULL) < 0 || kst_der_expect(&tbs, KST_DER_SEQUENCE, NULL) < 0 ||
	    kst_der_next(&tbs, &item) != 1 || !is_time(item.id) || kst_der_next(&tbs, &item) != 1 ||
	    !is_time(item.id))
		return -1;
	return kst_time_from_asn1(item.id == 0x18, item.body.data, item.body.len, out);
}

void kst_lint_crl(struct kst_linter *l, const char *name, const struct kst_entry *e)
{
	char day[KST_TIME_TEXT];
	int64_t next;

	if (next_update(&e->der, &next) < 0 || next >= l->now)
		return;
	kst_time_text(next, KST_TIME_DATE, day);
	fix_remove(l,
		   kst_problem_add(l->out, KST_P_CRL_STALE, name,
				   "the next revocation list was due on %s: get it from its issuer", day),
		   name);
}
