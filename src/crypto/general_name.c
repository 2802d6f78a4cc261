/* SPDX-License-Identifier: ISC */
/* general_name.c - from names that people write to those in a certificate, and what makes them wrong */
#include "crypto/general_name.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <openssl/asn1.h>

#include "crypto/sign.h"
#include "kstool/text.h"

#define DNS_MAX 253
#define LABEL_MAX 63
#define URI_MAX 2048 /* SPIFFE-ID section 2.3; no other scheme needs more in a certificate */
#define LOCAL_MAX 64 /* RFC 5321 4.5.3.1.1 */
#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool all_of(const char *s, size_t n, const char *set)
{
	return strspn(s, set) >= n;
}

/* RFC 1123 2.1 */
static bool label_ok(const char *s, size_t n, const char *more)
{
	size_t ok = 0;

	while (ok < n && (strchr(LETTERS DIGITS "-", s[ok]) || strchr(more, s[ok])))
		ok++;
	return n && n <= LABEL_MAX && s[0] != '-' && s[n - 1] != '-' && ok == n;
}

/* Labels that are parted by dots.  What ends in a number is an address that is none. */
static bool is_domain(const char *name, const char *more)
{
	if (strlen(name) > DNS_MAX)
		return false;
	for (const char *p = name;; p++) {
		size_t n = strcspn(p, ".");

		if (!label_ok(p, n, more))
			return false;
		if (!p[n])
			return strspn(p, DIGITS) < n;
		p += n;
	}
}

static int not_ascii(const char *what, const char *name, struct kst_error *err)
{
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p >= 0x80) {
			struct kst_buf ascii KST_SCRATCH_BUF = KST_BUF_INIT;

			kst_error_setx(err, KST_E_BAD_VALUE, "%s %s is not ASCII", what, name);
			return kst_error_hint(err, "write it in its ASCII form, as %s",
					      kst_text_idn_ascii(&ascii, name) == 0 ? (char *)ascii.data : "xn--...");
		}
	return 0;
}

/* RFC 6125 6.4.3 knows a '*' as the first label. */
static const char *behind_wildcard(const char *host)
{
	return strncmp(host, "*.", 2) ? host : host + 2;
}

int kst_gn_host(const char *host, uint8_t ip[16], struct kst_error *err)
{
	if (inet_pton(AF_INET, host, ip) == 1)
		return 4;
	if (inet_pton(AF_INET6, host, ip) == 1)
		return 16;
	if (not_ascii("host name", host, err) < 0)
		return -1;
	if (strlen(host) > DNS_MAX || !is_domain(behind_wildcard(host), "_"))
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "\"%s\" is neither a host name nor an IP address", host);
	return 0;
}

/* ---- what a CA signs ---- */

/* "xn--" that is no Punycode, and other labels that RFC 5890 2.3.1 keeps for later ("ab--cd"). */
static bool reserved_labels(const char *name)
{
	for (const char *p = name; *p; p += strcspn(p, "."), p += *p == '.') {
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
		size_t n = strcspn(p, ".");

		if (n >= 4 && p[2] == '-' && p[3] == '-' && !kst_text_idn(&text, p, n))
			return true;
	}
	return false;
}

int kst_gn_check_domain(const char *name, const char *of, struct kst_error *err)
{
	if (not_ascii(of, name, err) < 0)
		return -1;
	if (strchr(name, '_') && is_domain(name, "_"))
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "%s \"%s\" has an underscore, which RFC 5280 does not let a certificate have",
				      of, name);
	if (!is_domain(name, ""))
		return kst_error_setx(err, KST_E_BAD_VALUE, "%s \"%s\" is no host name", of, name);
	if (reserved_labels(name))
		return kst_error_setx(err, KST_E_BAD_VALUE, "%s \"%s\" has a label with \"--\" that is no IDNA name",
				      of, name);
	return 0;
}

static int check_dns(const char *name, struct kst_error *err)
{
	const char *domain = behind_wildcard(name);
	uint8_t ip[16];

	if (inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1) {
		kst_error_setx(err, KST_E_BAD_VALUE, "%s is an IP address, not a DNS name", name);
		return kst_error_hint(err, "write it as ip:%s", name);
	}
	if (strchr(domain, '*')) {
		kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\": a wildcard stands for the whole of the first label", name);
		return kst_error_hint(err, "write it as *.example.com");
	}
	if (kst_gn_check_domain(domain, "DNS name", err) < 0)
		return -1;
	/* No client matches it: OpenSSL wants two labels behind the star, browsers more than a public suffix. */
	if (domain != name && !strchr(domain, '.'))
		return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\": no client accepts a wildcard for a whole top-level domain",
				      name);
	if (strlen(name) > DNS_MAX)
		return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no host name", name);
	return 0;
}

static int check_email(const char *mailbox, struct kst_error *err)
{
	const char *at = strrchr(mailbox, '@');
	size_t n = at ? (size_t)(at - mailbox) : 0;

	/* An atom or several with dots between (RFC 5321 4.1.2); quoted local parts have died out. */
	if (!at || !n || n > LOCAL_MAX || mailbox[0] == '.' || at[-1] == '.' ||
	    !all_of(mailbox, n, LETTERS DIGITS "!#$%&'*+-/=?^_`{|}~."))
		return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no e-mail address", mailbox);
	for (size_t i = 0; i + 1 < n; i++)
		if (mailbox[i] == '.' && mailbox[i + 1] == '.')
			return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no e-mail address", mailbox);
	return kst_gn_check_domain(at + 1, "the host of e-mail address", err);
}

bool kst_gn_is_spiffe(const char *uri)
{
	return !strncasecmp(uri, "spiffe:", 7);
}

/* SPIFFE-ID 2: a trust domain and a path; neither user, port, query nor fragment. */
static const char *spiffe_fault(const char *uri)
{
	const char *p = uri + 9;
	size_t n;

	if (strncmp(uri, "spiffe://", 9) != 0)
		return "it begins with spiffe:// in lower case";
	n = strcspn(p, "/");
	if (!n || n > 255 || !all_of(p, n, "abcdefghijklmnopqrstuvwxyz" DIGITS "-._"))
		return "the trust domain has lower-case letters, digits, '.', '-' and '_' only";
	p += n;
	if (!*p)
		return "a path must follow the trust domain (SPIFFE X.509-SVID 5.2)";
	while (*p) {
		n = strcspn(++p, "/");
		if (!n)
			return "its path has an empty segment";
		if (!all_of(p, n, LETTERS DIGITS "-._"))
			return "the segments of its path have letters, digits, '.', '-' and '_' only";
		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return "its path has a segment of dots";
		p += n;
	}
	return NULL;
}

/* The host of an authority "user@host:port"; false: it has none that can be cut out. */
static bool authority_host(const char *p, char host[static URI_MAX + 1])
{
	size_t n = strcspn(p, "/?#");
	const char *at = memchr(p, '@', n), *end = p + n;

	if (at)
		p = at + 1;
	if (*p == '[') {
		const char *close = memchr(p, ']', (size_t)(end - p));

		if (!close)
			return false;
		n = (size_t)(close - p - 1);
		memcpy(host, p + 1, n);
		host[n] = '\0';
		p = close + 1;
	} else {
		n = strcspn(p, ":/?#");
		memcpy(host, p, n);
		host[n] = '\0';
		p += n;
	}
	return p == end || (*p == ':' && all_of(p + 1, (size_t)(end - p - 1), DIGITS));
}

static int check_uri(const char *uri, struct kst_error *err)
{
	size_t scheme = strspn(uri, LETTERS DIGITS "+-.");
	char host[URI_MAX + 1];
	const char *why = NULL;
	uint8_t ip[16];

	if (strlen(uri) > URI_MAX)
		why = "it has more than 2048 bytes";
	else if (!scheme || strchr(DIGITS "+-.", uri[0]) || uri[scheme] != ':' || !uri[scheme + 1])
		why = "it does not begin with a scheme and what that names (RFC 5280 4.2.1.6)";
	else if (!all_of(uri, strlen(uri), LETTERS DIGITS "-._~:/?#[]@!$&'()*+,;=%"))
		why = "it has characters that must be written as %XX (RFC 3986)";
	else if (kst_gn_is_spiffe(uri))
		why = spiffe_fault(uri);
	else if (!strncmp(uri + scheme, "://", 3)) {
		if (!authority_host(uri + scheme + 3, host))
			why = "its host cannot be made out";
		else if (inet_pton(AF_INET, host, ip) != 1 && inet_pton(AF_INET6, host, ip) != 1 &&
			 kst_gn_check_domain(host, "the host of URI", NULL) < 0)
			why = "its host is neither a name nor an address (RFC 5280 4.2.1.6)";
	}
	return why ? kst_error_setx(err, KST_E_BAD_VALUE, "URI \"%s\": %s", uri, why) : 0;
}

int kst_gn_check(enum kst_san_type type, const char *value, struct kst_error *err)
{
	uint8_t ip[16];

	switch (type) {
	case KST_SAN_DNS:
		return check_dns(value, err);
	case KST_SAN_URI:
		return check_uri(value, err);
	case KST_SAN_EMAIL:
		return check_email(value, err);
	case KST_SAN_IP:
		if (inet_pton(AF_INET, value, ip) == 1 || inet_pton(AF_INET6, value, ip) == 1)
			return 0;
		return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no IP address", value);
	case KST_SAN_OTHER:
		break;
	}
	return kst_error_setx(err, KST_E_UNSUPPORTED, "a name of this kind is not signed: %s", value);
}

/* ---- in the certificate ---- */

int kst_gn_push(GENERAL_NAMES *names, enum kst_san_type type, const char *value, struct kst_error *err)
{
	static const int tag[] = {
		[KST_SAN_DNS] = GEN_DNS, [KST_SAN_URI] = GEN_URI, [KST_SAN_EMAIL] = GEN_EMAIL, [KST_SAN_IP] = GEN_IPADD
	};
	bool is_ip = type == KST_SAN_IP;
	const void *data = value;
	size_t n = strlen(value);
	uint8_t ip[16];

	if (type == KST_SAN_OTHER)
		return kst_gn_check(type, value, err);
	if (is_ip) {
		n = inet_pton(AF_INET, value, ip) == 1 ? 4 : inet_pton(AF_INET6, value, ip) == 1 ? 16 : 0;
		if (!n)
			return kst_gn_check(type, value, err);
		data = ip;
	}
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *string = ASN1_STRING_type_new(is_ip ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	if (!name || !string || !ASN1_STRING_set(string, data, (int)n)) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(string);
		return kst_sign_nomem(err);
	}
	GENERAL_NAME_set0_value(name, tag[type], string);
	if (!sk_GENERAL_NAME_push(names, name)) {
		GENERAL_NAME_free(name);
		return kst_sign_nomem(err);
	}
	return 0;
}
