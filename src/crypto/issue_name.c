/* SPDX-License-Identifier: ISC */
/* issue_name.c - what a certificate calls its holder: subject and subjectAltName */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/objects.h>

#include "crypto/cert_impl.h"
#include "crypto/dn.h"
#include "crypto/general_name.h"
#include "crypto/issue_impl.h"
#include "crypto/ossl.h"
#include "crypto/sign.h"

/* ---- as people write them ---- */

static bool is_ip(const char *s)
{
	uint8_t ip[16];

	return inet_pton(AF_INET, s, ip) == 1 || inet_pton(AF_INET6, s, ip) == 1;
}

static enum kst_san_type look(const char *s)
{
	if (is_ip(s))
		return KST_SAN_IP;
	if (strchr(s, ':'))
		return KST_SAN_URI;
	return strchr(s, '@') ? KST_SAN_EMAIL : KST_SAN_DNS;
}

int kst_issue_san_parse(struct kst_issue_san *out, const char *text, struct kst_error *err)
{
	static const struct {
		const char *prefix;
		enum kst_san_type type;
	} kinds[] = { { "dns:", KST_SAN_DNS },
		      { "uri:", KST_SAN_URI },
		      { "email:", KST_SAN_EMAIL },
		      { "ip:", KST_SAN_IP } };
	struct kst_issue_san san = { .type = look(text), .value = text };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].prefix);

		if (!strncasecmp(text, kinds[i].prefix, n) && !is_ip(text))
			san = (struct kst_issue_san){ kinds[i].type, text + n };
	}
	if (kst_gn_check(san.type, san.value, err) < 0)
		return -1;
	*out = san;
	return 0;
}

/* ---- subject ---- */

bool kst_issue_no_name(struct kst_bytes subject)
{
	struct kst_name_iter it;
	struct kst_name_attr a;

	kst_name_start(&it, subject);
	return kst_name_next(&it, &a) != 1;
}

/* RFC 5280 4.1.2.4: PrintableString or UTF8String; IA5String where its attribute has no other. */
static bool is_modern(const X509_NAME_ENTRY *e)
{
	int type = ASN1_STRING_type(X509_NAME_ENTRY_get_data(e));

	return type == V_ASN1_UTF8STRING || type == V_ASN1_PRINTABLESTRING ||
	       (type == V_ASN1_IA5STRING && OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)) == NID_domainComponent);
}

/* The same attribute as if its text were given: in the string type, and within the bounds, of the standard. */
static X509_NAME_ENTRY *again(const X509_NAME_ENTRY *e)
{
	unsigned char *text = NULL;
	int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(e));
	X509_NAME_ENTRY *made = NULL;

	for (int i = 0; i < n; i++)
		if (text[i] < 0x20 || text[i] == 0x7f)
			n = 0;
	if (n > 0)
		made = X509_NAME_ENTRY_create_by_OBJ(NULL, X509_NAME_ENTRY_get_object(e), MBSTRING_UTF8, text, n);
	OPENSSL_free(text);
	return made;
}

static int bad_attribute(const X509_NAME_ENTRY *e, struct kst_error *err)
{
	const char *type = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)));

	return kst_error_setx(err, KST_E_BAD_VALUE,
			      "%s of the subject is empty, too long or has characters that it must not have", type);
}

/* Every attribute looked at; *old tells whether one is in a string type of the last century. */
static int check_name(const X509_NAME *name, X509_NAME *fresh, bool *old, struct kst_error *err)
{
	int set = -1;

	*old = false;
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		bool same_rdn = X509_NAME_ENTRY_set(e) == set;

		set = X509_NAME_ENTRY_set(e);
		if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)) == NID_pkcs9_emailAddress) {
			kst_error_setx(err, KST_E_BAD_VALUE, "the subject has an e-mail address, which RFC 5280 4.1.2.6 wants in the SAN");
			return kst_error_hint(err, "leave it out of the subject, and name it as email:USER@HOST");
		}
		X509_NAME_ENTRY *made = again(e);
		if (!made)
			return bad_attribute(e, err);
		*old |= !is_modern(e);
		int ok = X509_NAME_add_entry(fresh, made, -1, same_rdn ? -1 : 0);
		X509_NAME_ENTRY_free(made);
		if (ok != 1)
			return kst_sign_nomem(err);
	}
	return 0;
}

static int parse(X509_NAME **out, const struct kst_issue *how, struct kst_error *err)
{
	const unsigned char *p = how->subject_der.data;

	if (how->subject && *how->subject)
		return kst_dn_parse(out, how->subject, err);
	*out = how->subject_der.len ? d2i_X509_NAME(NULL, &p, (long)how->subject_der.len) : X509_NAME_new();
	if (!*out)
		return kst_ossl_error(err, KST_E_BAD_VALUE, "the subject cannot be decoded");
	return 0;
}

int kst_issue_subject(struct kst_buf *der, const struct kst_issue *how, struct kst_error *err)
{
	X509_NAME *name = NULL, *fresh = X509_NAME_new();
	unsigned char *made = NULL;
	bool given = !how->subject && how->subject_der.len, old;
	int rc = -1, n;

	if (!fresh) {
		kst_sign_nomem(err);
		goto done;
	}
	if (parse(&name, how, err) < 0 || check_name(name, fresh, &old, err) < 0)
		goto done;
	/* Below a CA's name hang certificates: not a bit of it may change (RFC 5280 4.1.2.6). */
	if (given && (!old || kst_profile_is_ca(how->profile))) {
		kst_buf_put(der, how->subject_der.data, how->subject_der.len);
	} else {
		n = i2d_X509_NAME(given ? fresh : name, &made);
		if (n <= 0) {
			kst_sign_nomem(err);
			goto done;
		}
		kst_buf_put(der, made, (size_t)n);
	}
	rc = der->failed ? kst_error_nomem(err) : 0;
done:
	OPENSSL_free(made);
	X509_NAME_free(name);
	X509_NAME_free(fresh);
	return rc;
}

/* ---- subjectAltName ---- */

static bool same_san(const struct kst_issue_san *a, const struct kst_issue_san *b)
{
	uint8_t x[16], y[16];

	if (a->type != b->type)
		return false;
	if (a->type == KST_SAN_DNS)
		return !strcasecmp(a->value, b->value);
	if (a->type == KST_SAN_IP && inet_pton(AF_INET6, a->value, x) == 1 && inet_pton(AF_INET6, b->value, y) == 1)
		return !memcmp(x, y, sizeof(x));
	return !strcmp(a->value, b->value);
}

static bool was_before(const struct kst_issue *how, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (same_san(&how->san[j], &how->san[i]))
			return true;
	return false;
}

int kst_issue_san(GENERAL_NAMES **out, const struct kst_issue *how, struct kst_error *err)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	size_t uris = 0, spiffe = 0, hosts = 0;
	int rc = names ? 0 : kst_sign_nomem(err);

	for (size_t i = 0; rc == 0 && i < how->nr_san; i++) {
		const struct kst_issue_san *san = &how->san[i];

		if (was_before(how, i))
			continue;
		uris += san->type == KST_SAN_URI;
		spiffe += san->type == KST_SAN_URI && kst_gn_is_spiffe(san->value);
		hosts += san->type != KST_SAN_EMAIL;
		rc = kst_gn_check(san->type, san->value, err);
		if (rc == 0)
			rc = kst_gn_push(names, san->type, san->value, err);
	}
	if (rc == 0 && spiffe && uris > 1)
		rc = kst_error_setx(err, KST_E_BAD_VALUE,
				    "a SPIFFE id is the only URI of its certificate (SPIFFE X.509-SVID 2)");
	/* A client looks nowhere else (RFC 9525 2). */
	if (rc == 0 && kst_profile_is_server(how->profile) && !hosts)
		rc = kst_error_setx(err, KST_E_BAD_VALUE, "a server's certificate needs the host names, addresses or URIs that clients ask for");
	if (rc < 0) {
		GENERAL_NAMES_free(names);
		return -1;
	}
	*out = names;
	return 0;
}

/* ---- CN ---- */

static bool is_san(const struct kst_issue *how, const char *cn)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t ip[16];

	for (size_t i = 0; i < how->nr_san; i++) {
		const char *value = how->san[i].value;

		/* BR 7.1.4.3: as RFC 5952 writes it. */
		if (how->san[i].type == KST_SAN_IP && inet_pton(AF_INET6, value, ip) == 1)
			value = inet_ntop(AF_INET6, ip, text, sizeof(text));
		if (!strcmp(value, cn))
			return true;
	}
	return false;
}

int kst_issue_check_cn(struct kst_bytes subject, const struct kst_issue *how, struct kst_error *err)
{
	struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_name_iter it;
	struct kst_name_attr a;
	unsigned nr = 0;

	kst_name_start(&it, subject);
	while (kst_name_next(&it, &a) == 1) {
		if (!KST_OID_IS(a.oid, "\x55\x04\x03"))
			continue;
		if (nr++)
			return kst_error_setx(err, KST_E_BAD_VALUE, "a server's certificate has one CN at most (BR 7.1.4.3)");
		kst_asn1_text(&a.value, &cn);
	}
	if (cn.failed)
		return kst_error_nomem(err);
	if (!nr || is_san(how, (const char *)cn.data))
		return 0;
	kst_error_setx(err, KST_E_BAD_VALUE,
		       "CN \"%s\" of a server's certificate is none of its names in the SAN (BR 7.1.4.3)", (char *)cn.data);
	return kst_error_hint(err, "leave the CN out, or let the SAN have that name too");
}
