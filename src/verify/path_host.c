/* SPDX-License-Identifier: ISC */
/*
 * path_host.c - is the leaf for this host name, address or e-mail address?
 *
 * RFC 9525 6: only subjectAltNames count, byte for byte; a wildcard is a whole
 * leftmost label, stands for one label, and is never next to a top-level domain.
 * The CN counts only where the caller asks for the old rule and there is no SAN.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "kstool/text.h"
#include "verify/path.h"

/* ---- host names ---- */

static bool same(const char *a, const char *b, size_t n)
{
	return strncasecmp(a, b, n) == 0 && !memchr(a, 0, n);
}

bool host_fits(const char *host, size_t n, const char *name, size_t name_len)
{
	const char *dot;

	if (n && host[n - 1] == '.') /* the root, which certificates leave out */
		n--;
	if (!n || !name_len || name[0] == '.')
		return false;
	if (n == name_len && same(host, name, n))
		return !memchr(name, '*', name_len);
	if (name_len < 4 || name[0] != '*' || name[1] != '.' || memchr(name + 1, '*', name_len - 1))
		return false;
	dot = memchr(host, '.', n);
	if (!dot || dot == host || !memchr(name + 2, '.', name_len - 2))
		return false;
	n -= (size_t)(dot - host);
	return n == name_len - 1 && same(dot, name + 1, n);
}

/* ---- e-mail addresses: the part before the @ keeps its case (RFC 5280 7.5) ---- */

static bool mail_fits(const char *want, const char *name, size_t n)
{
	const char *at = strrchr(want, '@'), *other = memrchr(name, '@', n);
	size_t local, domain;

	if (!at || !other || memchr(name, 0, n))
		return false;
	local = (size_t)(at - want);
	domain = strlen(at + 1);
	return local == (size_t)(other - name) && memcmp(want, name, local) == 0 &&
	       domain == n - local - 1 && strncasecmp(at + 1, other + 1, domain) == 0;
}

/* ---- what is asked ---- */

struct question {
	const char *host;
	enum kst_san_type type; /* DNS, EMAIL, IP */
	uint8_t ip[16];
	size_t ip_len;
	struct kst_buf ascii; /* what `host` points to, if it was not ASCII */
};

/* A name that a person typed is held against the Punycode in the certificate (RFC 9525 6.3). */
static void to_ascii(struct question *q)
{
	const char *at = strchr(q->host, '@');
	size_t local = at ? (size_t)(at - q->host) + 1 : 0;

	for (const char *s = q->host + local; (unsigned char)*s < 0x80; s++)
		if (!*s)
			return;
	kst_buf_put(&q->ascii, q->host, local);
	if (kst_text_idn_ascii(&q->ascii, q->host + local) == 0)
		q->host = (const char *)q->ascii.data;
}

static void understand(struct question *q, const char *host)
{
	*q = (struct question){ .host = host, .type = KST_SAN_DNS };
	if (inet_pton(AF_INET, host, q->ip) == 1) {
		q->ip_len = 4;
		q->type = KST_SAN_IP;
	} else if (inet_pton(AF_INET6, host, q->ip) == 1) {
		q->ip_len = 16;
		q->type = KST_SAN_IP;
	} else {
		if (strchr(host, '@'))
			q->type = KST_SAN_EMAIL;
		to_ascii(q);
	}
}

static bool name_fits(const struct question *q, const struct kst_der_item *name)
{
	const char *s = (const char *)name->body.data;

	switch (q->type) {
	case KST_SAN_DNS:
		return name->id == KST_DER_CONTEXT(2) && host_fits(q->host, strlen(q->host), s, name->body.len);
	case KST_SAN_EMAIL:
		return name->id == KST_DER_CONTEXT(1) && mail_fits(q->host, s, name->body.len);
	case KST_SAN_IP:
		return name->id == KST_DER_CONTEXT(7) && kst_bytes_is(name->body, q->ip, q->ip_len);
	case KST_SAN_URI:
	case KST_SAN_OTHER:
		break;
	}
	return false;
}

/* ---- the common name, where the caller wants it ---- */

struct old_rule {
	const struct question *q;
	bool fits;
	char cn[PATH_NAME];
};

static int old_name(void *ctx, const char *type, const char *value)
{
	struct old_rule *o = ctx;
	size_t n = strlen(value);

	if (strcmp(type, "CN") == 0 && n < sizeof(o->cn)) {
		memcpy(o->cn, value, n + 1);
		o->fits |= o->q->type == KST_SAN_DNS && host_fits(o->q->host, strlen(o->q->host), value, n);
	} else if (strcmp(type, "emailAddress") == 0) {
		o->fits |= o->q->type == KST_SAN_EMAIL && mail_fits(o->q->host, value, n);
	}
	return 0;
}

static void by_cn(const struct path *p, const struct question *q, struct findings *f)
{
	struct old_rule o = { .q = q };

	kst_cert_each_rdn(p->cert[0], false, old_name, &o);
	if (o.fits && p->req->allow_cn)
		find_pass(f, KST_CHECK_HOST, 0, "CN:%s", o.cn);
	else if (o.fits)
		find_fail(f, KST_REASON_CN_ONLY, 0, "it has no subjectAltName, and its CN %s does not count", o.cn);
	else
		find_fail(f, KST_REASON_HOST, 0, "it has no subjectAltName%s%s", o.cn[0] ? ", and its CN is " : "", o.cn);
}

/* ---- the nearest names, for who mistyped one ---- */

#define NEAREST 3
struct nearest {
	const char *host;
	struct {
		unsigned far;
		char name[80];
	} row[NEAREST];
	size_t nr, all;
};

static int near(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	struct nearest *n = ctx;
	unsigned far = kst_text_distance(n->host, value);
	size_t at;

	if ((type != KST_SAN_DNS && type != KST_SAN_IP && type != KST_SAN_EMAIL) || len >= sizeof(n->row[0].name))
		return 0;
	n->all++;
	for (at = n->nr; at > 0 && n->row[at - 1].far > far; at--)
		if (at < NEAREST)
			n->row[at] = n->row[at - 1];
	if (at == NEAREST)
		return 0;
	n->row[at].far = far;
	memcpy(n->row[at].name, value, len);
	n->row[at].name[len] = 0;
	n->nr += n->nr < NEAREST;
	return 0;
}

/* An address in a dNSName is none (RFC 5280 4.2.1.6), though it looks like what was asked for. */
static int as_name(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	const struct question *q = ctx;

	return q->type == KST_SAN_IP && type == KST_SAN_DNS && strlen(q->host) == len && !memcmp(q->host, value, len);
}

static void mismatch(const struct path *p, const struct question *q, struct findings *f)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct nearest n = { .host = p->req->host };

	if (kst_cert_each_san(p->cert[0], as_name, (void *)(uintptr_t)q) == 1) {
		find_fail(f, KST_REASON_HOST, 0, "it has %s as a DNS name, and not as an address", q->host);
		return;
	}
	kst_cert_each_san(p->cert[0], near, &n);
	for (size_t i = 0; i < n.nr; i++)
		kst_buf_printf(&text, "%s%s", i ? ", " : "", n.row[i].name);
	if (n.all > n.nr)
		kst_buf_printf(&text, " and %zu more", n.all - n.nr);
	if (text.len)
		find_fail(f, KST_REASON_HOST, 0, "it is for %s", (char *)text.data);
	else
		find_fail(f, KST_REASON_HOST, 0, "it names no host");
}

/* CA/Browser Forum, Baseline Requirements 3.2.2.6: no wildcard for everybody's hosts. */
static void wildcard(const struct kst_der_item *name, struct findings *f)
{
	char domain[256];
	size_t n = name->body.len;

	if (n < 3 || n - 2 >= sizeof(domain) || name->body.data[0] != '*')
		return;
	memcpy(domain, name->body.data + 2, n - 2);
	domain[n - 2] = 0;
	switch (path_public_suffix(domain)) {
	case 1:
		find_lax(f, KST_REASON_WEB_PKI, 0, "*.%s is a wildcard for all of a public suffix", domain);
		break;
	case -1:
		if (f->strict)
			find_not(f, KST_CHECK_FORM, KST_REASON_NONE, 0,
				 "whether %s is a public suffix: this system has no list of them (publicsuffix)", domain);
	}
}

static void by_san(const struct path *p, const struct question *q, struct findings *f)
{
	static const char *const prefix[] = { [1] = "email:", [2] = "DNS:", [7] = "IP:" };
	struct kst_der d = kst_der_bytes(p->ext[0].of[EXT_SAN].value), in;
	struct kst_der_item name;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0)
		in = kst_der_over(NULL, 0);
	while (kst_der_next(&in, &name) == 1)
		if (name_fits(q, &name)) {
			find_pass(f, KST_CHECK_HOST, 0, "%s%.*s", prefix[name.id & 0x1f],
				  q->type == KST_SAN_IP ? (int)strlen(q->host) : (int)name.body.len,
				  q->type == KST_SAN_IP ? q->host : (const char *)name.body.data);
			if (q->type == KST_SAN_DNS)
				wildcard(&name, f);
			return;
		}
	mismatch(p, q, f);
}

void rule_host(const struct path *p, struct findings *f)
{
	struct question q;

	if (!p->req->host) {
		find_not(f, KST_CHECK_HOST, KST_REASON_NONE, 0, "no host was named");
		return;
	}
	understand(&q, p->req->host);
	if (!p->ext[0].of[EXT_SAN].has)
		by_cn(p, &q, f);
	else
		by_san(p, &q, f);
	kst_buf_release(&q.ascii);
}
