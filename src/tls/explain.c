/* SPDX-License-Identifier: ISC */
/*
 * explain.c - what was it, if it was no TLS?
 *
 * "wrong version number" is what libssl says of a web server without TLS and of a mail
 * server that greets.  The first bytes tell more, and so does the port.
 */
#include "kstool/tls.h"
#include "tls/explain.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/ssl3.h>

#include "crypto/ossl.h"

static bool begins(const struct kst_net *n, const char *text)
{
	size_t len = strlen(text);

	return n->nr_first >= len && !strncasecmp((const char *)n->first, text, len);
}

/* What speaks like this before TLS, to be asked with --starttls; NULL: nobody knows. */
static const char *by_greeting(const struct kst_net *n)
{
	if (begins(n, "220") && memmem(n->first, n->nr_first, "FTP", 3))
		return "ftp";
	if (begins(n, "220"))
		return "smtp";
	if (begins(n, "* OK") || begins(n, "* PREAUTH"))
		return "imap";
	if (begins(n, "+OK"))
		return "pop3";
	if (begins(n, "<?xml") || begins(n, "<stream:"))
		return "xmpp";
	/* A packet of MySQL: length, number 0, protocol 10 (or an error). */
	if (n->nr_first > 5 && !n->first[2] && !n->first[3] && (n->first[4] == 10 || n->first[4] == 0xff))
		return "mysql";
	return NULL;
}

static const char *by_port(const struct kst_endpoint *to)
{
	static const char *const of[][2] = {
		{ "21", "ftp" },     { "25", "smtp" },	{ "110", "pop3" },  { "143", "imap" },	  { "389", "ldap" },
		{ "587", "smtp" },   { "3306", "mysql" }, { "5222", "xmpp" }, { "5432", "postgres" },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (!strcmp(to->port, of[i][0]))
			return of[i][1];
	return NULL;
}

/* A record of TLS begins with its type and the major version, 3 (RFC 8446 5.1). */
static bool looks_like_tls(const struct kst_net *n)
{
	return n->nr_first < 3 || (n->first[0] >= 20 && n->first[0] <= 24 && n->first[1] == 3);
}

static int not_tls(const struct kst_net *n, struct kst_error *err)
{
	size_t len = 0;

	while (len < n->nr_first && n->first[len] != '\r' && n->first[len] != '\n')
		len++;
	if (begins(n, "HTTP/"))
		kst_error_setx(err, KST_E_NOT_TLS, "speaks HTTP, not TLS");
	else if (begins(n, "SSH-"))
		kst_error_setx(err, KST_E_NOT_TLS, "speaks SSH, not TLS");
	else if (n->first[0] == 'E' && memmem(n->first, n->nr_first, "SFATAL", 6))
		kst_error_setx(err, KST_E_NOT_TLS, "speaks PostgreSQL, not TLS");
	else if (isprint(n->first[0]) && isprint(n->first[1]) && isprint(n->first[2]))
		kst_error_setx(err, KST_E_NOT_TLS, "does not speak TLS: it says \"%.*s\"", (int)len,
			       (const char *)n->first);
	else
		kst_error_setx(err, KST_E_NOT_TLS, "does not speak TLS: it sends %02x %02x %02x ...", n->first[0],
			       n->first[1], n->first[2]);
	return -1;
}

int kst_tls_explain(struct kst_net *n, const struct kst_connect *how, int alert, struct kst_error *err)
{
	const char *first;
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;

	if (!looks_like_tls(n))
		kst_net_overhear(n);
	first = how->starttls ? NULL : by_greeting(n);
	if (!first && !how->starttls)
		first = by_port(&how->to);
	if (!looks_like_tls(n)) {
		if (err->code == KST_OK)
			not_tls(n, err);
	} else if (err->code == KST_OK && alert >= 0) {
		kst_error_setx(err, KST_E_HANDSHAKE, "the server refuses the handshake: alert %s",
			       kst_alert_name(alert));
		if (alert == SSL_AD_UNRECOGNIZED_NAME || alert == SSL_AD_HANDSHAKE_FAILURE)
			kst_error_hint(err, how->sni || !how->to.is_address ?
						    "if it serves several names, ask for one of them with --sni NAME" :
						    "no name was asked for; try one with --sni NAME");
		first = NULL;
	} else if (err->code == KST_OK && n->ended) {
		kst_error_setx(err, KST_E_CLOSED, "the server closed the connection, %s", n->stage);
	} else if (err->code == KST_OK && reason == SSL_R_EXCESSIVE_MESSAGE_SIZE) {
		kst_error_setx(err, KST_E_PEER_LIMIT, "the server sends certificates of more than the limit");
	}
	kst_ossl_error(err, KST_E_HANDSHAKE, "the handshake failed: %s",
		       reason ? ERR_reason_error_string(code) : "the server breaks the rules of TLS");
	kst_error_subject(err, "%s", n->name);
	if (err->code == KST_E_TIMEOUT || err->code == KST_E_CLOSED || err->code == KST_E_NOT_TLS) {
		if (first)
			kst_error_hint(err, "add --starttls=%s to change to TLS as that protocol does", first);
	}
	return -1;
}
