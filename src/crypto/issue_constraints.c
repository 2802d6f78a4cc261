/* SPDX-License-Identifier: ISC */
/* issue_constraints.c - for which names a CA may sign (RFC 5280 4.2.1.10): written, and kept */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509_vfy.h>

#include "crypto/cert_x509.h"
#include "crypto/der.h"
#include "crypto/dn.h"
#include "crypto/general_name.h"
#include "crypto/issue_impl.h"
#include "crypto/sign.h"

/* ---- writing ---- */

static int bad(struct kst_error *err, const char *text, const char *why)
{
	kst_error_setx(err, KST_E_BAD_VALUE, "name constraint \"%s\": %s", text, why);
	return kst_error_hint(err, "write it as DNS:example.com, IP:10.0.0.0/8, email:example.com, URI:example.com or DN:O=Example");
}

static GENERAL_NAME *string_name(int tag, int asn1, const void *data, size_t n)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *s = ASN1_STRING_type_new(asn1);

	if (!name || !s || !ASN1_STRING_set(s, data, (int)n)) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(s);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, tag, s);
	return name;
}

/* Address and mask, of the same length; what the mask leaves out is zero. */
static int network(GENERAL_NAME **out, const char *text, const char *value, struct kst_error *err)
{
	char address[INET6_ADDRSTRLEN], *end;
	uint8_t net[32] = { 0 };
	size_t n = strcspn(value, "/"), len;
	unsigned long bits;

	if (n >= sizeof(address))
		return bad(err, text, "that is no IP address");
	memcpy(address, value, n);
	address[n] = '\0';
	len = inet_pton(AF_INET, address, net) == 1 ? 4 : inet_pton(AF_INET6, address, net) == 1 ? 16 : 0;
	if (!len)
		return bad(err, text, "that is no IP address");
	bits = len * 8;
	if (value[n]) {
		bits = strtoul(value + n + 1, &end, 10);
		if (!strchr("0123456789", value[n + 1]) || end == value + n + 1 || *end || bits > len * 8)
			return bad(err, text, "after the '/' the number of bits of the network stands");
	}
	for (size_t i = 0; i < len * 8; i++) {
		if (i < bits)
			net[len + i / 8] |= (uint8_t)(0x80 >> i % 8);
		else if (net[i / 8] & 0x80 >> i % 8)
			return bad(err, text, "the address has bits beyond those of the network");
	}
	*out = string_name(GEN_IPADD, V_ASN1_OCTET_STRING, net, 2 * len);
	return *out ? 0 : kst_sign_nomem(err);
}

static int directory(GENERAL_NAME **out, const char *value, struct kst_error *err)
{
	X509_NAME *dn = NULL;

	if (kst_dn_parse(&dn, value, err) < 0)
		return -1;
	*out = GENERAL_NAME_new();
	if (!*out) {
		X509_NAME_free(dn);
		return kst_sign_nomem(err);
	}
	GENERAL_NAME_set0_value(*out, GEN_DIRNAME, dn);
	return 0;
}

/* A host; ".host" is all below it, which DNS says without the dot. */
static int domain(GENERAL_NAME **out, int tag, const char *text, const char *value, struct kst_error *err)
{
	const char *host = value;

	if (*host == '.') {
		if (tag == GEN_DNS)
			return bad(err, text, "write a domain without the leading dot: what is below it is meant anyway");
		host++;
	}
	if (tag == GEN_EMAIL && strchr(host, '@')) {
		if (host != value || kst_gn_check(KST_SAN_EMAIL, value, err) < 0)
			return bad(err, text, "that is no e-mail address");
	} else if (kst_gn_check_domain(host, "name constraint for", err) < 0) {
		return -1;
	}
	*out = string_name(tag, V_ASN1_IA5STRING, value, strlen(value));
	return *out ? 0 : kst_sign_nomem(err);
}

static int subtree_name(GENERAL_NAME **out, const char *text, struct kst_error *err)
{
	const char *colon = strchr(text, ':'), *value = colon ? colon + 1 : text;
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (colon && *value) {
		if (n == 3 && !strncasecmp(text, "DNS", n))
			return domain(out, GEN_DNS, text, value, err);
		if (n == 2 && !strncasecmp(text, "IP", n))
			return network(out, text, value, err);
		if (n == 5 && !strncasecmp(text, "email", n))
			return domain(out, GEN_EMAIL, text, value, err);
		if (n == 3 && !strncasecmp(text, "URI", n))
			return domain(out, GEN_URI, text, value, err);
		if (n == 2 && !strncasecmp(text, "DN", n))
			return directory(out, value, err);
	}
	return bad(err, text, "it does not begin with what sort of name it is for");
}

static int subtrees(STACK_OF(GENERAL_SUBTREE) **out, const char *const *list, struct kst_error *err)
{
	for (; list && *list; list++) {
		GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
		GENERAL_NAME *name = NULL;

		if (!*out)
			*out = sk_GENERAL_SUBTREE_new_null();
		int rc = tree && *out ? subtree_name(&name, *list, err) : kst_sign_nomem(err);
		if (rc == 0) {
			GENERAL_NAME_free(tree->base);
			tree->base = name;
			if (!sk_GENERAL_SUBTREE_push(*out, tree))
				rc = kst_sign_nomem(err);
		}
		if (rc < 0) {
			GENERAL_SUBTREE_free(tree);
			return -1;
		}
	}
	return 0;
}

int kst_issue_constraints(NAME_CONSTRAINTS **out, const struct kst_issue *how, struct kst_error *err)
{
	*out = NULL;
	if ((!how->permitted || !*how->permitted) && (!how->excluded || !*how->excluded))
		return 0;
	NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
	if (!nc)
		return kst_sign_nomem(err);
	if (subtrees(&nc->permittedSubtrees, how->permitted, err) < 0 ||
	    subtrees(&nc->excludedSubtrees, how->excluded, err) < 0) {
		NAME_CONSTRAINTS_free(nc);
		return -1;
	}
	*out = nc;
	return 0;
}

/* ---- keeping them ---- */

/*
 * OpenSSL's verdict on a certificate with these names, which is nobody's: the very function that will
 * judge the signed one.  X509_V_OK, or why not.
 */
static int judge(NAME_CONSTRAINTS *nc, const struct kst_tbs *t, const STACK_OF(X509_EXTENSION) *ext,
		 struct kst_bytes subject)
{
	struct kst_buf tbs KST_SCRATCH_BUF = KST_BUF_INIT, body KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_tbs probe = *t;
	const unsigned char *p;
	int rc = X509_V_ERR_UNSPECIFIED;

	probe.ext = ext;
	probe.subject = subject;
	if (kst_tbs_cert(&tbs, &probe, NULL) < 0)
		return X509_V_ERR_OUT_OF_MEM;
	kst_buf_put(&body, tbs.data, tbs.len);
	kst_buf_put(&body, t->alg.data, t->alg.len);
	kst_der_put(&body, KST_DER_BIT_STRING, "\0", 2);
	kst_der_put(&der, KST_DER_SEQUENCE, body.data, body.len);
	if (der.failed || body.failed)
		return X509_V_ERR_OUT_OF_MEM;
	p = der.data;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);
	if (x && !(X509_get_extension_flags(x) & EXFLAG_INVALID)) {
		rc = NAME_CONSTRAINTS_check(x, nc);
		/* Where there is no DNS name, a CN that looks like one is taken for it. */
		if (rc == X509_V_OK && X509_get_ext_by_NID(x, NID_subject_alt_name, -1) < 0)
			rc = NAME_CONSTRAINTS_check_CN(x, nc);
	}
	X509_free(x);
	return rc;
}

static int refuse(int verdict, const char *name, struct kst_error *err)
{
	const char *why = verdict == X509_V_ERR_PERMITTED_VIOLATION ? "is none of the names that the CA may sign for" :
			  verdict == X509_V_ERR_EXCLUDED_VIOLATION ?
								      "is one of the names that the CA must not sign for" :
								      X509_verify_cert_error_string(verdict);

	kst_error_setx(err, KST_E_CA_FORBIDS, "%s %s (name constraints of its certificate)", name, why);
	return kst_error_hint(err, "leave the name out, or take a CA that may");
}

/* Extensions that hold nothing but this name. */
static int one_name(STACK_OF(X509_EXTENSION) **ext, GENERAL_NAME *name)
{
	GENERAL_NAMES *one = sk_GENERAL_NAME_new_null();
	int rc = one && sk_GENERAL_NAME_push(one, name) &&
				 X509V3_add1_i2d(ext, NID_subject_alt_name, one, 1, X509V3_ADD_DEFAULT) == 1 ?
			 0 :
			 -1;

	sk_GENERAL_NAME_free(one);
	return rc;
}

static void put_name(struct kst_buf *out, const GENERAL_NAME *name)
{
	int type;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &type);
	char text[INET6_ADDRSTRLEN];

	if (type != GEN_IPADD)
		kst_buf_put(out, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	else if (inet_ntop(ASN1_STRING_length(s) == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), text, sizeof(text)))
		kst_buf_puts(out, text);
}

int kst_issue_check_constraints(X509 *issuer, const struct kst_tbs *t, GENERAL_NAMES *san, struct kst_error *err)
{
	static const uint8_t nobody[] = { KST_DER_SEQUENCE, 0 };
	NAME_CONSTRAINTS *nc = X509_get_ext_d2i(issuer, NID_name_constraints, NULL, NULL);
	int rc = 0, verdict;

	/* What cannot be decoded is no permission; it would have made the certificate of the CA invalid. */
	if (!nc && X509_get_ext_by_NID(issuer, NID_name_constraints, -1) >= 0)
		return kst_error_setx(err, KST_E_BAD_CERT, "the name constraints of the CA cannot be decoded");
	if (!nc || (verdict = judge(nc, t, t->ext, t->subject)) == X509_V_OK)
		goto done;
	/* Which one was it? */
	for (int i = 0; rc == 0 && i < sk_GENERAL_NAME_num(san); i++) {
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
		STACK_OF(X509_EXTENSION) *ext = NULL;
		GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);
		int of_it = one_name(&ext, name) < 0 ? X509_V_ERR_OUT_OF_MEM :
						      judge(nc, t, ext, (struct kst_bytes){ nobody, sizeof(nobody) });

		sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
		put_name(&text, name);
		if (of_it != X509_V_OK)
			rc = refuse(of_it, text.data ? (char *)text.data : "a name", err);
	}
	if (rc == 0)
		rc = refuse(verdict, "the subject", err);
done:
	NAME_CONSTRAINTS_free(nc);
	return rc;
}

/* RFC 5280 4.2.1.10: labels may be added on the left. */
static bool below(const char *name, const char *base, size_t n)
{
	size_t len = strlen(name);

	if (n && *base == '.') {
		base++;
		n--;
	}
	if (!n)
		return true;
	return len >= n && !strncasecmp(name + len - n, base, n) && (len == n || name[len - n - 1] == '.');
}

bool kst_issue_dns_permitted(const struct kst_cert *ca, const char *name)
{
	struct kst_bytes der = kst_cert_extension(ca, "2.5.29.30", NULL);
	const uint8_t *p = der.data;
	NAME_CONSTRAINTS *nc = NULL;
	bool any = false, in = false;

	if (der.len)
		nc = (NAME_CONSTRAINTS *)ASN1_item_d2i(NULL, &p, (long)der.len, ASN1_ITEM_rptr(NAME_CONSTRAINTS));
	for (int i = 0; nc && i < sk_GENERAL_SUBTREE_num(nc->permittedSubtrees); i++) {
		int type;
		const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i)->base, &type);

		if (type != GEN_DNS)
			continue;
		any = true;
		in |= below(name, (const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	}
	NAME_CONSTRAINTS_free(nc);
	return !any || in;
}
