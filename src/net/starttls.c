/* SPDX-License-Identifier: ISC */
/*
 * starttls.c - what is said in the clear before TLS begins
 *
 * Each protocol asks in its own words; what the server says before its yes is
 * bounded, and when it says no, its words are the error.  Bytes that came behind the
 * yes were sent by somebody who did not wait for TLS (CVE-2011-0411): refused.
 */
#include <ctype.h>
#include <string.h>

#include "kstool/alloc.h"
#include "net/starttls.h"

#define LINE	  2048  /* RFC 5321 has 512; greetings are longer in the wild */
#define LINES	  200
#define TEXT	  65536 /* of all that is said in the clear */
#define SAID	  300   /* of what the server said, in an error */

/* ---- what the server says, in lines ---- */

int kst_clear_failed(struct kst_clear *t, const char *what, const void *said, size_t n)
{
	if (n > SAID)
		n = SAID;
	while (n && isspace(((const unsigned char *)said)[n - 1]))
		n--;
	if (n)
		kst_error_setx(t->err, KST_E_STARTTLS, "%s: it says \"%.*s\"", what, (int)n, (const char *)said);
	else
		kst_error_setx(t->err, KST_E_STARTTLS, "%s", what);
	return kst_error_subject(t->err, "%s", t->net->name);
}

int kst_clear_more(struct kst_clear *t)
{
	ptrdiff_t got;

	if (t->total >= TEXT) {
		kst_error_setx(t->err, KST_E_PEER_LIMIT, "says more than %d KiB before TLS begins", TEXT >> 10);
		return kst_error_subject(t->err, "%s", t->net->name);
	}
	if (kst_buf_reserve(&t->in, LINE) < 0)
		return kst_error_nomem(t->err);
	got = kst_net_read(t->net, t->in.data + t->in.len, LINE, t->err);
	if (got < 0)
		return -1;
	if (!got) {
		kst_error_setx(t->err, KST_E_CLOSED, "the server ended the connection, %s", t->net->stage);
		if (t->in.len > t->at)
			kst_error_detail(t->err, "it said \"%.*s\"",
					 (int)(t->in.len - t->at < SAID ? t->in.len - t->at : SAID),
					 (const char *)t->in.data + t->at);
		return kst_error_subject(t->err, "%s", t->net->name);
	}
	t->in.len += (size_t)got;
	t->in.data[t->in.len] = '\0';
	t->total += (size_t)got;
	return 0;
}

const uint8_t *kst_clear_take(struct kst_clear *t, size_t n)
{
	while (t->in.len - t->at < n)
		if (kst_clear_more(t) < 0)
			return NULL;
	t->at += n;
	return t->in.data + t->at - n;
}

/* One line without its end; borrowed until the next one.  NULL and the error. */
static const char *line(struct kst_clear *t)
{
	uint8_t *end;

	if (++t->lines > LINES) {
		kst_error_setx(t->err, KST_E_PEER_LIMIT, "says more than %d lines before TLS begins", LINES);
		kst_error_subject(t->err, "%s", t->net->name);
		return NULL;
	}
	while (!t->in.len || !(end = memchr(t->in.data + t->at, '\n', t->in.len - t->at))) {
		if (t->in.len - t->at > LINE) {
			kst_error_setx(t->err, KST_E_PEER_LIMIT, "sends a line of more than %d bytes before TLS begins", LINE);
			kst_error_subject(t->err, "%s", t->net->name);
			return NULL;
		}
		if (kst_clear_more(t) < 0)
			return NULL;
	}
	char *text = (char *)t->in.data + t->at;
	t->at = (size_t)(end - t->in.data) + 1;
	*end = '\0';
	if (end > (uint8_t *)text && end[-1] == '\r')
		end[-1] = '\0';
	return text;
}

static int say(struct kst_clear *t, const char *text)
{
	return kst_net_write(t->net, text, strlen(text), t->err);
}

static const char *after(const char *text, const char *start)
{
	size_t n = strlen(start);

	return strncasecmp(text, start, n) ? NULL : text + n;
}

/* ---- replies with numbers: SMTP (RFC 5321 4.2), FTP (RFC 959 4.2) ---- */

/*
 * A reply of one line or several: its number, with the last line in *last; -1.  *found becomes true where
 * a line has `word` behind its number.
 */
static int reply(struct kst_clear *t, const char **last, const char *word, bool *found)
{
	int number = 0;
	bool more = true;

	while (more) {
		const char *s = line(t);

		if (!s)
			return -1;
		*last = s;
		if (strspn(s, "0123456789") >= 3 && (s[3] == '-' || s[3] == ' ' || !s[3])) {
			number = (s[0] - '0') * 100 + (s[1] - '0') * 10 + s[2] - '0';
			more = s[3] == '-';
			if (word && s[3]) {
				const char *rest = after(s + 4, word);

				*found |= rest && (!*rest || *rest == ' ');
			}
		} else if (!number || t->protocol_lines) {
			kst_clear_failed(t, "does not answer as this protocol does", s, strlen(s));
			return -1;
		}
	}
	return number;
}

static int expect(struct kst_clear *t, int number, const char *what, const char *word, bool *found)
{
	const char *last = "";
	int got = reply(t, &last, word, found);

	if (got < 0)
		return -1;
	return got == number ? 0 : kst_clear_failed(t, what, last, strlen(last));
}

static int smtp(struct kst_clear *t, const char *host)
{
	bool offered = false;

	(void)host;
	t->protocol_lines = true;
	if (expect(t, 220, "does not greet as a mail server does", NULL, NULL) < 0 ||
	    say(t, "EHLO kstool.invalid\r\n") < 0 ||
	    expect(t, 250, "does not take EHLO", "STARTTLS", &offered) < 0)
		return -1;
	if (!offered)
		return kst_clear_failed(t, "does not offer STARTTLS", "", 0);
	return say(t, "STARTTLS\r\n") < 0 ? -1 : expect(t, 220, "refuses STARTTLS", NULL, NULL);
}

static int ftp(struct kst_clear *t, const char *host)
{
	const char *last = "";
	int got;

	(void)host;
	if (expect(t, 220, "does not greet as an FTP server does", NULL, NULL) < 0 || say(t, "AUTH TLS\r\n") < 0)
		return -1;
	got = reply(t, &last, NULL, NULL);
	if (got < 0)
		return -1;
	/* 334 is RFC 2228's "go on", which some say instead. */
	return got == 234 || got == 334 ? 0 : kst_clear_failed(t, "refuses AUTH TLS", last, strlen(last));
}

/* ---- IMAP (RFC 3501), POP3 (RFC 2595) ---- */

static int imap(struct kst_clear *t, const char *host)
{
	const char *s = line(t);

	(void)host;
	if (!s)
		return -1;
	if (!after(s, "* OK") && !after(s, "* PREAUTH"))
		return kst_clear_failed(t, "does not greet as an IMAP server does", s, strlen(s));
	if (say(t, "k1 STARTTLS\r\n") < 0)
		return -1;
	do
		s = line(t);
	while (s && after(s, "* "));
	if (!s)
		return -1;
	return after(s, "k1 OK") ? 0 : kst_clear_failed(t, "refuses STARTTLS", s, strlen(s));
}

static int pop3(struct kst_clear *t, const char *host)
{
	const char *s = line(t);

	(void)host;
	if (!s)
		return -1;
	if (!after(s, "+OK"))
		return kst_clear_failed(t, "does not greet as a POP3 server does", s, strlen(s));
	if (say(t, "STLS\r\n") < 0 || !(s = line(t)))
		return -1;
	return after(s, "+OK") ? 0 : kst_clear_failed(t, "refuses STLS", s, strlen(s));
}

/* ---- XMPP (RFC 6120 5) ---- */

/* Read until `word` stands in what came since `from`; 1, or 0 where `end` came without it; -1. */
static int until(struct kst_clear *t, size_t from, const char *word, const char *end)
{
	for (;;) {
		const char *in = t->in.len > from ? (const char *)t->in.data + from : "";
		size_t n = t->in.len > from ? t->in.len - from : 0;

		if (n && memmem(in, n, word, strlen(word)))
			return 1;
		if (n && memmem(in, n, end, strlen(end)))
			return 0;
		if (kst_clear_more(t) < 0)
			return -1;
	}
}

static void put_xml(struct kst_buf *b, const char *s)
{
	for (; *s; s++)
		if (strchr("<>&'\"", *s))
			kst_buf_printf(b, "&#%d;", *s);
		else
			kst_buf_u8(b, (uint8_t)*s);
}

static int xmpp(struct kst_clear *t, const char *host)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t from;
	int got;

	kst_buf_puts(&b, "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
			 "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='");
	put_xml(&b, host);
	kst_buf_puts(&b, "'>");
	if (b.failed)
		return kst_error_nomem(t->err);
	if (kst_net_write(t->net, b.data, b.len, t->err) < 0)
		return -1;
	got = until(t, 0, "</stream:features>", "</stream:stream>");
	if (got < 0)
		return -1;
	if (!got || !memmem(t->in.data, t->in.len, "<starttls", 9)) {
		const char *said = memmem(t->in.data, t->in.len, "<stream:error", 13);

		kst_clear_failed(t, "does not offer STARTTLS", said ? said : "",
				 said ? t->in.len - (size_t)(said - (char *)t->in.data) : 0);
		if (said && memmem(said, strlen(said), "host-unknown", 12))
			kst_error_hint(t->err, "ask for a domain that it serves with --sni NAME");
		return -1;
	}
	from = t->in.len;
	if (say(t, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") < 0)
		return -1;
	got = until(t, from, "<proceed", "<failure");
	if (got < 0)
		return -1;
	if (!got)
		return kst_clear_failed(t, "refuses STARTTLS", t->in.data + from, t->in.len - from);
	/* Up to the end of that tag. */
	const char *tag = memmem(t->in.data + from, t->in.len - from, "<proceed", 8);
	t->at = (size_t)(tag - (const char *)t->in.data);
	for (;;) {
		const uint8_t *c = kst_clear_take(t, 1);

		if (!c)
			return -1;
		if (*c == '>')
			break;
	}
	/* "<proceed ...></proceed>" says the same in more words. */
	if (t->in.data[t->at - 2] != '/') {
		static const char close[] = "</proceed>";
		const uint8_t *c = kst_clear_take(t, sizeof(close) - 1);

		if (!c)
			return -1;
		if (memcmp(c, close, sizeof(close) - 1) != 0)
			return kst_clear_failed(t, "does not go on to TLS", c, sizeof(close) - 1);
	}
	return 0;
}

/* ---- the table ---- */

static const struct {
	const char *name;
	int (*talk)(struct kst_clear *t, const char *host);
} protocols[] = {
	{ "smtp", smtp },	{ "imap", imap },     { "pop3", pop3 }, { "ldap", kst_clear_ldap },
	{ "postgres", kst_clear_postgres }, { "mysql", kst_clear_mysql }, { "xmpp", xmpp }, { "ftp", ftp },
};

const char *const kst_starttls_names[] = { "smtp",     "imap",	"pop3", "ldap",
					   "postgres", "mysql", "xmpp", "ftp", NULL };

int kst_net_starttls(struct kst_net *n, const char *protocol, const char *host, struct kst_error *err)
{
	struct kst_clear t = { .net = n, .err = err, .in = KST_BUF_INIT };
	int ret = -1;

	n->stage = "before TLS";
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(protocol, protocols[i].name) != 0)
			continue;
		ret = protocols[i].talk(&t, host);
		if (!ret && t.at < t.in.len)
			ret = kst_clear_failed(&t, "sent more behind its yes, in the clear", t.in.data + t.at,
					      t.in.len - t.at);
		kst_buf_release(&t.in);
		if (ret < 0 && err->code == KST_E_TIMEOUT && !n->nr_first)
			kst_error_hint(err, "if it speaks TLS at once, leave --starttls out");
		return ret;
	}
	kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no protocol that changes to TLS", protocol);
	return kst_error_subject(err, "--starttls");
}
