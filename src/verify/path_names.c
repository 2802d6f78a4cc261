/* SPDX-License-Identifier: ISC */
/*
 * path_names.c - name constraints (RFC 5280 4.2.1.10, 6.1.4 (g), 6.1.3 (b) and (c))
 *
 * Each CA's constraints hold for all names below it, but for those of self-issued CAs.  A name
 * that cannot be understood, in a certificate that a constraint of its kind applies to, is
 * outside; a constraint that cannot be understood is met by no name of its kind.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "kstool/text.h"
#include "verify/path.h"

enum fit { FIT_NO, FIT_YES, FIT_BAD_NAME, FIT_BAD_RULE };

/* ---- host names ---- */

static bool plain_host(struct kst_bytes s, bool wildcard)
{
	size_t i = 0, label = 0;

	if (wildcard && s.len > 2 && s.data[0] == '*' && s.data[1] == '.')
		i = 2;
	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (c == '.') {
			if (!label)
				return false;
			label = 0;
		} else if (c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
			label++;
		} else {
			return false;
		}
	}
	return label > 0;
}

static bool ends_with(struct kst_bytes s, struct kst_bytes end)
{
	return s.len >= end.len &&
	       strncasecmp((const char *)s.data + s.len - end.len, (const char *)end.data, end.len) == 0;
}

/* Is host s the domain, or below it?  An empty domain holds all. */
static bool within(struct kst_bytes s, struct kst_bytes domain)
{
	if (!domain.len)
		return true;
	return ends_with(s, domain) && (s.len == domain.len || s.data[s.len - domain.len - 1] == '.');
}

static struct kst_bytes rest(struct kst_bytes s, size_t n)
{
	return (struct kst_bytes){ s.data + n, s.len - n };
}

/*
 * RFC 5280 knows domains without leading period only; OpenSSL and NSS write one, for "below, but not
 * itself", and that is what it then means.
 */
static enum fit dns(struct kst_bytes name, struct kst_bytes rule, bool excluded)
{
	bool below = rule.len && rule.data[0] == '.', wildcard;

	if (below)
		rule = rest(rule, 1);
	if (rule.len && !plain_host(rule, false))
		return FIT_BAD_RULE;
	if (!plain_host(name, true))
		return FIT_BAD_NAME;
	wildcard = name.data[0] == '*';
	if (wildcard) {
		name = rest(name, 2);
		/* What it may stand for: one label before `name`.  Something of that is excluded if the
		 * rule is one label below, and all of it is permitted if the rest is (CVE-2025-61727). */
		if (excluded && rule.len > name.len + 1 && ends_with(rule, name) &&
		    rule.data[rule.len - name.len - 1] == '.' && !memchr(rule.data, '.', rule.len - name.len - 1))
			return FIT_YES;
		return within(name, rule) ? FIT_YES : FIT_NO;
	}
	return within(name, rule) && !(below && name.len == rule.len) ? FIT_YES : FIT_NO;
}

/* ---- e-mail: a mailbox, a host, or a domain with leading period ---- */

static enum fit mail(struct kst_bytes name, struct kst_bytes rule)
{
	const uint8_t *at = name.len ? memchr(name.data, '@', name.len) : NULL, *rule_at;
	struct kst_bytes host;

	rule_at = rule.len ? memchr(rule.data, '@', rule.len) : NULL;
	if (rule_at && (memchr(rule_at + 1, '@', rule.len - (size_t)(rule_at + 1 - rule.data)) || rule_at == rule.data))
		return FIT_BAD_RULE;
	if (!at || at == name.data || memchr(at + 1, '@', name.len - (size_t)(at + 1 - name.data)))
		return FIT_BAD_NAME;
	host = rest(name, (size_t)(at + 1 - name.data));
	if (!plain_host(host, false))
		return FIT_BAD_NAME;
	if (rule_at) {
		size_t local = (size_t)(at - name.data);

		return name.len == rule.len && (size_t)(rule_at - rule.data) == local &&
		       memcmp(name.data, rule.data, local) == 0 && ends_with(name, rest(rule, local)) ? FIT_YES : FIT_NO;
	}
	if (rule.len && rule.data[0] == '.')
		return plain_host(rest(rule, 1), false) ? (ends_with(host, rule) ? FIT_YES : FIT_NO) : FIT_BAD_RULE;
	if (rule.len && !plain_host(rule, false))
		return FIT_BAD_RULE;
	return !rule.len || (host.len == rule.len && ends_with(host, rule)) ? FIT_YES : FIT_NO;
}

/* ---- URIs: the host in it ---- */

/* RFC 3986 3.1 */
static bool in_scheme(uint8_t c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
}

static enum fit uri(struct kst_bytes name, struct kst_bytes rule)
{
	bool below = rule.len && rule.data[0] == '.';
	struct kst_bytes host = { .data = NULL };
	size_t from = 0, to;

	if (rule.len && !plain_host(below ? rest(rule, 1) : rule, false))
		return FIT_BAD_RULE;
	while (from < name.len && in_scheme(name.data[from], !from))
		from++;
	if (!from || from + 3 >= name.len || memcmp(name.data + from, "://", 3) != 0)
		return FIT_BAD_NAME; /* "MUST reject" without an authority */
	from += 3;
	for (to = from; to < name.len && !strchr("/?#", name.data[to]) && name.data[to]; to++)
		if (name.data[to] == '@')
			from = to + 1;
	host = (struct kst_bytes){ name.data + from, to - from };
	for (size_t i = 0; i < host.len; i++)
		if (host.data[i] == ':')
			host.len = i;
	if (!plain_host(host, false))
		return FIT_BAD_NAME; /* an address in brackets has no host name */
	if (below)
		return ends_with(host, rule) ? FIT_YES : FIT_NO;
	return !rule.len || (host.len == rule.len && ends_with(host, rule)) ? FIT_YES : FIT_NO;
}

/* ---- addresses ---- */

static enum fit ip(struct kst_bytes name, struct kst_bytes rule)
{
	size_t n = rule.len / 2;

	if (rule.len != 8 && rule.len != 32)
		return FIT_BAD_RULE;
	for (size_t i = 0, ended = 0; i < n * 8; i++) { /* the mask is a prefix */
		bool bit = rule.data[n + i / 8] & 0x80 >> i % 8;

		if (bit && ended)
			return FIT_BAD_RULE;
		ended |= !bit;
	}
	if (name.len != 4 && name.len != 16)
		return FIT_BAD_NAME;
	if (name.len != n)
		return FIT_NO;
	for (size_t i = 0; i < n; i++)
		if ((name.data[i] ^ rule.data[i]) & rule.data[n + i])
			return FIT_NO;
	return FIT_YES;
}

/* ---- directory names: the rule is a prefix ---- */

static enum fit dir(struct kst_bytes name, struct kst_bytes rule)
{
	struct kst_der n = kst_der_bytes(name), r = kst_der_bytes(rule), name_in, rule_in;
	struct kst_der_item a, b;
	struct kst_buf head KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t nr = 0;

	if (kst_der_enter(&r, KST_DER_SEQUENCE, &rule_in) < 0)
		return FIT_BAD_RULE;
	if (kst_der_enter(&n, KST_DER_SEQUENCE, &name_in) < 0)
		return FIT_BAD_NAME;
	/* As many parts of the name as the rule has, compared as names are (RFC 5280 7.1). */
	for (; kst_der_next(&rule_in, &b) == 1; nr++) {
		if (kst_der_next(&name_in, &a) != 1)
			return FIT_NO;
		kst_buf_put(&head, a.whole.data, a.whole.len);
	}
	struct kst_buf whole KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put(&whole, KST_DER_SEQUENCE, head.data, head.len);
	if (head.failed || whole.failed)
		return FIT_BAD_NAME;
	return !nr || kst_name_equal((struct kst_bytes){ whole.data, whole.len }, rule) ? FIT_YES : FIT_NO;
}

/* ---- one name against the constraints of one CA ---- */

struct names {
	const struct path *p;
	struct findings *f;
	struct kst_bytes permitted, excluded; /* contents of GeneralSubtrees */
	size_t ca, child;
	bool told;     /* one fault of a certificate under a CA is enough */
};

/* `id` and body of a GeneralName; a subject is a directoryName. */
static enum fit compare(uint8_t id, struct kst_bytes name, const struct kst_der_item *rule, bool excluded)
{
	switch (id) {
	case KST_DER_CONTEXT(1):
		return mail(name, rule->body);
	case KST_DER_CONTEXT(2):
		return dns(name, rule->body, excluded);
	case KST_DER_CONTEXT_CONSTRUCTED(4):
		return dir(name, rule->body);
	case KST_DER_CONTEXT(6):
		return uri(name, rule->body);
	case KST_DER_CONTEXT(7):
		return ip(name, rule->body);
	default: /* a kind that nobody here compares: RFC 5280 4.2.1.10 then says reject */
		return FIT_BAD_RULE;
	}
}

static void tell(struct names *n, const char *what, uint8_t id, struct kst_bytes name)
{
	static const char *const kind[] = { "otherName ", "e-mail ", "", "X.400 address", "", "EDI name",
					    "", "address ", "registered ID" };
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	char ca[PATH_NAME], address[INET6_ADDRSTRLEN];
	unsigned tag = id & 0x1f;

	if (id == KST_DER_CONTEXT_CONSTRUCTED(4))
		kst_name_text(name, &text);
	else if (tag == 7 && (name.len == 4 || name.len == 16) &&
		 inet_ntop(name.len == 4 ? AF_INET : AF_INET6, name.data, address, sizeof(address)))
		kst_buf_puts(&text, address);
	else if (tag == 7)
		kst_text_hex(&text, name.data, name.len < 32 ? name.len : 32);
	else if (tag == 1 || tag == 2 || tag == 6)
		kst_ia5_text(name, &text);
	find_fail(n->f, KST_REASON_NAME_CONSTRAINT, (int)n->child, "%s %s %s%.100s", path_name(n->p->cert[n->ca], ca),
		  what, tag < 9 ? kind[tag] : "", text.data ? (char *)text.data : "");
	n->told = true;
}

static void one_name(struct names *n, uint8_t id, struct kst_bytes name)
{
	struct kst_bytes lists[2] = { n->excluded, n->permitted };
	bool asked = false, ok = false;

	for (int k = 0; k < 2 && !n->told; k++) {
		struct kst_der d = kst_der_bytes(lists[k]), subtree;
		struct kst_der_item rule;

		while (kst_der_enter(&d, KST_DER_SEQUENCE, &subtree) == 0 && kst_der_next(&subtree, &rule) == 1) {
			enum fit fit;

			if (rule.id != id)
				continue;
			if (!*n->p->names_left || !--*n->p->names_left) {
				find_fail(n->f, KST_REASON_NAME_CONSTRAINT, (int)n->child,
					  "there are too many names and constraints to compare");
				n->told = true;
				return;
			}
			fit = compare(id, name, &rule, k == 0);
			if (fit == FIT_BAD_NAME) {
				tell(n, "constrains names, and this one is none:", id, name);
				return;
			}
			if (fit == FIT_BAD_RULE || (k == 0 && fit == FIT_YES)) {
				tell(n, fit == FIT_YES ? "may not issue for" : "has a constraint that is not understood, for", id, name);
				return;
			}
			asked |= k == 1;
			ok |= k == 1 && fit == FIT_YES;
		}
	}
	if (asked && !ok)
		tell(n, "may not issue for", id, name);
}

static int each_email(struct names *n)
{
	/* An e-mail address in the subject counts where there is no SAN with one (RFC 5280 4.2.1.10). */
	struct kst_name_iter it;
	struct kst_name_attr a;

	for (kst_name_start(&it, kst_cert_subject_der(n->p->cert[n->child])); kst_name_next(&it, &a) == 1;)
		if (KST_OID_IS(a.oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01") && !n->told)
			one_name(n, KST_DER_CONTEXT(1), a.value.body);
	return 0;
}

/* Where the caller lets the CN stand for a dNSName, it is one. */
static int each_cn(void *ctx, const char *type, const char *value)
{
	struct names *n = ctx;
	struct kst_bytes cn = { (const uint8_t *)value, strlen(value) };

	if (strcmp(type, "CN") == 0 && !n->told && (plain_host(cn, true) || !strcasecmp(value, n->p->req->host)))
		one_name(n, KST_DER_CONTEXT(2), cn);
	return 0;
}

static void one_cert(struct names *n)
{
	const struct exts *x = &n->p->ext[n->child];
	struct kst_der d = kst_der_bytes(x->of[EXT_SAN].value), in;
	struct kst_bytes subject = kst_cert_subject_der(n->p->cert[n->child]);
	struct kst_der_item name, whole;
	bool mails = false;

	n->told = false;
	if (kst_der_whole(subject.data, subject.len, KST_DER_SEQUENCE, &whole) == 0 && whole.body.len)
		one_name(n, KST_DER_CONTEXT_CONSTRUCTED(4), subject);
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0)
		in = kst_der_over(NULL, 0);
	while (!n->told && kst_der_next(&in, &name) == 1) {
		mails |= name.id == KST_DER_CONTEXT(1);
		one_name(n, name.id, name.body);
	}
	if (!mails && !n->told)
		each_email(n);
	if (!n->child && !n->told && n->p->req->allow_cn && n->p->req->host && !x->of[EXT_SAN].has)
		kst_cert_each_rdn(n->p->cert[0], false, each_cn, n);
}

/* Do the two lists decode, and say something?  (RFC 5280: not an empty sequence) */
static bool decode(struct kst_bytes value, struct kst_bytes *permitted, struct kst_bytes *excluded)
{
	struct kst_der d = kst_der_bytes(value), in, list, subtree;
	struct kst_der_item item, at;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d) || kst_der_end(&in))
		return false;
	while (!kst_der_end(&in)) {
		if (kst_der_next(&in, &item) != 1)
			return false;
		if (item.id == KST_DER_CONTEXT_CONSTRUCTED(0))
			*permitted = item.body;
		else if (item.id == KST_DER_CONTEXT_CONSTRUCTED(1))
			*excluded = item.body;
		else
			return false;
		list = kst_der_in(&item);
		if (kst_der_end(&list))
			return false;
		while (!kst_der_end(&list)) {
			if (kst_der_enter(&list, KST_DER_SEQUENCE, &subtree) < 0 || kst_der_next(&subtree, &at) != 1 ||
			    (at.id & 0xc0) != 0x80)
				return false;
			/* minimum is 0, which DER leaves out, and maximum absent (RFC 5280 4.2.1.10) */
			if (kst_der_optional(&subtree, KST_DER_CONTEXT(0), &at) < 0 || !kst_der_end(&subtree) ||
			    (at.id == KST_DER_CONTEXT(0) && !kst_bytes_is(at.body, "", 1)))
				return false;
		}
	}
	return true;
}

/* A leading period in a dNSName is not of RFC 5280, though many write it. */
static void leading_periods(struct names *n)
{
	struct kst_bytes lists[2] = { n->excluded, n->permitted };

	for (int k = 0; k < 2; k++) {
		struct kst_der d = kst_der_bytes(lists[k]), subtree;
		struct kst_der_item rule;

		while (kst_der_enter(&d, KST_DER_SEQUENCE, &subtree) == 0 && kst_der_next(&subtree, &rule) == 1)
			if (rule.id == KST_DER_CONTEXT(2) && rule.body.len && rule.body.data[0] == '.') {
				find_lax(n->f, KST_REASON_MALFORMED, (int)n->ca, "a name constraint begins with a period");
				return;
			}
	}
}

void rule_names(const struct path *p, struct findings *f)
{
	struct names n = { .p = p, .f = f };

	for (n.ca = 1; n.ca < p->nr; n.ca++) {
		if (!p->ext[n.ca].of[EXT_NAMES].has)
			continue;
		n.permitted = n.excluded = (struct kst_bytes){ .data = NULL };
		if (!decode(p->ext[n.ca].of[EXT_NAMES].value, &n.permitted, &n.excluded)) {
			find_fail(f, KST_REASON_MALFORMED, (int)n.ca, "its nameConstraints do not decode");
			continue;
		}
		leading_periods(&n);
		for (n.child = n.ca; n.child-- > 0;)
			if (!n.child || !kst_cert_is_self_issued(p->cert[n.child]))
				one_cert(&n);
	}
}
