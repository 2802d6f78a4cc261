/* SPDX-License-Identifier: ISC */
/*
 * endpoint.c - "HOST:PORT" and its kin
 *
 * Words are endpoints only where they can be nothing else: of "app.p12:api" nobody
 * shall go and look for a host.  So a port is a number, or one of the names below
 * (no /etc/services, which containers lack); "tls://" says that it is one.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kstool/alloc.h"
#include "kstool/endpoint.h"

static const struct {
	const char *name, *port;
} services[] = {
	{ "https", "443" },	 { "ldaps", "636" },	   { "imaps", "993" },	{ "pop3s", "995" },
	{ "submissions", "465" }, { "smtps", "465" },	   { "ftps", "990" },	{ "smtp", "25" },
	{ "submission", "587" }, { "imap", "143" },	   { "pop3", "110" },	{ "ldap", "389" },
	{ "postgresql", "5432" }, { "postgres", "5432" }, { "mysql", "3306" }, { "ftp", "21" },
	{ "xmpp-client", "5222" },
};

bool kst_is_address(const char *host)
{
	struct in6_addr six;
	struct in_addr four;
	char plain[256];
	size_t n = strcspn(host, "%"); /* "fe80::1%eth0" */

	if (n >= sizeof(plain))
		return false;
	memcpy(plain, host, n);
	plain[n] = '\0';
	return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, plain, &six) == 1;
}

/* A name that DNS or a hosts file could have (RFC 1123 2.1, and the underscore of those who do not
 * care): a final dot is allowed. */
static bool is_name(const char *s, size_t n)
{
	size_t label = 0;

	if (!n || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i], low = (char)(c | 0x20);

		if (c == '.') {
			if (!label)
				return false;
			label = 0;
		} else if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '-' && label)) {
			if (++label > 63)
				return false;
		} else {
			return false;
		}
	}
	return true;
}

static bool has_beyond_ascii(const char *s, size_t n)
{
	while (n--)
		if (*s++ & 0x80)
			return true;
	return false;
}

/* 0; 1 it is no port (a fingerprint, "sha256:00112233", is none); -1 it is a number that no port has. */
static int parse_port(const char *s, char out[16])
{
	size_t n = strlen(s);
	unsigned long v;

	if (n && n <= 5 && strspn(s, "0123456789") == n) {
		v = strtoul(s, NULL, 10);
		if (v < 1 || v > 65535)
			return -1;
		while (*s == '0')
			s++;
		memcpy(out, s, strlen(s) + 1);
		return 0;
	}
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (!strcasecmp(s, services[i].name)) {
			memcpy(out, services[i].port, strlen(services[i].port) + 1);
			return 0;
		}
	return 1;
}

static int bad(struct kst_error *err, const char *text, const char *what)
{
	kst_error_setx(err, KST_E_BAD_VALUE, "%s", what);
	return kst_error_subject(err, "%s", text);
}

/* Of "https://host/path" the part that could be meant. */
static int is_url(const char *text, const char *rest, struct kst_error *err)
{
	size_t n = strcspn(rest, "/?#");
	bool port = memchr(rest, ':', n) != NULL && rest[n - 1] != ']';

	bad(err, text, "is an address of the web; here the host and its port are named");
	return kst_error_hint(err, "%.*s%s", (int)n, rest, port ? "" : ":443");
}

int kst_endpoint_parse(struct kst_endpoint *out, const char *text, struct kst_error *err)
{
	bool forced = !strncasecmp(text, "tls://", 6);
	const char *s = forced ? text + 6 : text, *host = s, *colon;
	struct kst_endpoint e = { .port = "443" };
	size_t n;
	int port = 0;

	if (!strncasecmp(text, "https://", 8))
		return is_url(text, text + 8, err);
	if (*s == '[') {
		const char *end = strchr(s, ']');

		if (!end || (!forced && end[1] != ':') || (end[1] && end[1] != ':'))
			return forced ? bad(err, text, "is no tls://HOST[:PORT]") : 1;
		host = s + 1;
		n = (size_t)(end - host);
		colon = end[1] ? end + 1 : NULL;
	} else {
		colon = strrchr(s, ':');
		n = colon ? (size_t)(colon - s) : strlen(s);
		if (!colon && !forced)
			return 1;
	}
	if (colon)
		port = parse_port(colon + 1, e.port);
	if (port > 0 && !forced)
		return 1;
	if (n < sizeof(e.host))
		memcpy(e.host, host, n);
	else
		n = 0;
	e.is_address = n && kst_is_address(e.host);
	if (*s != '[' && memchr(s, ':', n)) {
		/* Without brackets nobody can tell the last group from a port. */
		if (!kst_is_address(s) && !e.is_address)
			return forced ? bad(err, text, "is no tls://HOST[:PORT]") : 1;
		bad(err, text, "is an IPv6 address without brackets");
		if (e.is_address && !port)
			return kst_error_hint(err, "[%s]:%s", e.host, e.port);
		return kst_error_hint(err, "[%s]:443", s);
	}
	if (*s == '[' ? !e.is_address : !e.is_address && !is_name(host, n)) {
		if (n && has_beyond_ascii(host, n) && !memchr(host, '/', n) && !port)
			return bad(err, text, "has letters beyond ASCII: write the name as DNS has it (xn--...)");
		return forced || (*s == '[' && !port) ? bad(err, text, "is no HOST:PORT") : 1;
	}
	if (port)
		return bad(err, text, "names no port: 1 to 65535");
	*out = e;
	return 0;
}

void kst_endpoint_text(const struct kst_endpoint *e, struct kst_buf *out)
{
	bool six = strchr(e->host, ':') != NULL;

	kst_buf_printf(out, "%s%s%s:%s", six ? "[" : "", e->host, six ? "]" : "", e->port);
}

const char *kst_endpoint_asked(const struct kst_endpoint *to, const char *sni)
{
	return sni && *sni ? sni : to->host;
}

char *kst_endpoint_sni(const struct kst_connect *how)
{
	const char *name = how->sni ? how->sni : how->to.host;
	size_t n = strlen(name);

	if (kst_is_address(name))
		return NULL;
	if (n && name[n - 1] == '.')
		n--;
	return n ? kst_strndup(name, n) : NULL;
}
