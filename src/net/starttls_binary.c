/* SPDX-License-Identifier: ISC */
/* starttls_binary.c - protocols that are no text: LDAP, PostgreSQL, MySQL */
#include <string.h>

#include "crypto/der.h"
#include "net/starttls.h"

/* ---- LDAP: ExtendedRequest 1.3.6.1.4.1.1466.20037 (RFC 4511 4.14) ---- */

#define LDAP_MAX 16384

/* The whole message that comes: SEQUENCE, any length form of up to 4 bytes. */
static const uint8_t *ldap_message(struct kst_clear *t, size_t *n)
{
	const uint8_t *p = kst_clear_take(t, 2);
	size_t len, head = 2;

	if (!p)
		return NULL;
	if (p[0] != KST_DER_SEQUENCE) {
		kst_clear_failed(t, "does not answer as an LDAP server does", NULL, 0);
		return NULL;
	}
	len = p[1];
	if (len & 0x80) {
		size_t more = len & 0x7f;

		if (more < 1 || more > 4) {
			kst_clear_failed(t, "sends an LDAP message that breaks the rules", NULL, 0);
			return NULL;
		}
		p = kst_clear_take(t, more);
		if (!p)
			return NULL;
		len = 0;
		for (size_t i = 0; i < more; i++)
			len = len << 8 | p[i];
		head += more;
	}
	if (len > LDAP_MAX) {
		kst_error_setx(t->err, KST_E_PEER_LIMIT, "announces an LDAP message of %zu bytes", len);
		kst_error_subject(t->err, "%s", t->net->name);
		return NULL;
	}
	if (!kst_clear_take(t, len))
		return NULL;
	*n = head + len;
	return t->in.data + t->at - *n;
}

/* RFC 4511 4.1.9, those that a server may give here. */
static const char *ldap_result(uint64_t code)
{
	switch (code) {
	case 1:
		return "operationsError";
	case 2:
		return "protocolError";
	case 12:
		return "unavailableCriticalExtension";
	case 50:
		return "insufficientAccessRights";
	case 51:
		return "busy";
	case 52:
		return "unavailable";
	case 53:
		return "unwillingToPerform";
	case 80:
		return "other";
	default:
		return "an error";
	}
}

int kst_clear_ldap(struct kst_clear *t, const char *host)
{
	/* LDAPMessage { 1, [APPLICATION 23] { [0] "1.3.6.1.4.1.1466.20037" } } */
	static const char request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
				      "1.3.6.1.4.1.1466.20037";
	struct kst_der_item whole, item, matched, text;
	struct kst_der in;
	const uint8_t *p;
	uint64_t code;
	size_t n;

	(void)host;
	if (kst_net_write(t->net, request, sizeof(request) - 1, t->err) < 0 || !(p = ldap_message(t, &n)))
		return -1;
	/* [APPLICATION 24] { resultCode ENUMERATED, matchedDN, diagnosticMessage, ... } */
	if (kst_der_whole(p, n, KST_DER_SEQUENCE, &whole) < 0)
		goto broken;
	in = kst_der_in(&whole);
	if (kst_der_expect(&in, KST_DER_INTEGER, NULL) < 0 || kst_der_enter(&in, 0x78, &in) < 0 ||
	    kst_der_expect(&in, 0x0a, &item) < 0 || kst_der_uint(item.body, &code) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &matched) < 0 ||
	    kst_der_expect(&in, KST_DER_OCTET_STRING, &text) < 0)
		goto broken;
	if (!code)
		return 0;
	kst_clear_failed(t, "refuses StartTLS", text.body.len ? (const void *)text.body.data : ldap_result(code),
			text.body.len ? text.body.len : strlen(ldap_result(code)));
	return kst_error_detail(t->err, "LDAP result code %llu (%s)", (unsigned long long)code, ldap_result(code));
broken:
	return kst_clear_failed(t, "sends an LDAP message that breaks the rules", NULL, 0);
}

/* ---- PostgreSQL: SSLRequest (its documentation, "Message Formats") ---- */

int kst_clear_postgres(struct kst_clear *t, const char *host)
{
	static const uint8_t request[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f }; /* 80877103 */
	const uint8_t *p;

	(void)host;
	if (kst_net_write(t->net, request, sizeof(request), t->err) < 0 || !(p = kst_clear_take(t, 1)))
		return -1;
	if (*p == 'S')
		return 0;
	if (*p == 'N')
		return kst_clear_failed(t, "does not take TLS (ssl is off in this PostgreSQL)", NULL, 0);
	if (*p == 'E')
		return kst_clear_failed(t, "answers with an error", t->in.data + 1, t->in.len - 1);
	return kst_clear_failed(t, "does not answer as PostgreSQL does", t->in.data, t->in.len);
}

/* ---- MySQL: Protocol::HandshakeV10, then Protocol::SSLRequest ---- */

#define CLIENT_LONG_PASSWORD 0x1u
#define CLIENT_PROTOCOL_41 0x200u
#define CLIENT_SSL 0x800u
#define CLIENT_SECURE_CONNECTION 0x8000u

int kst_clear_mysql(struct kst_clear *t, const char *host)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cursor c;
	const uint8_t *p = kst_clear_take(t, 4), *end;
	uint32_t caps;
	uint8_t seq;
	size_t n;

	(void)host;
	if (!p)
		return -1;
	n = p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
	seq = p[3];
	if (n > LDAP_MAX || !n)
		return kst_clear_failed(t, "does not greet as MySQL does", p, 4);
	if (!(p = kst_clear_take(t, n)))
		return -1;
	if (p[0] == 0xff) /* number, then words: "Host '...' is not allowed to connect" */
		return kst_clear_failed(t, "refuses the connection", p + (n > 3 ? 3 : n), n > 3 ? n - 3 : 0);
	kst_cursor_init(&c, p, n);
	if (kst_cursor_u8(&c) != 10 || !(end = memchr(p + 1, '\0', n - 1)))
		return kst_clear_failed(t, "does not greet as MySQL does", p, n);
	kst_cursor_take(&c, (size_t)(end - p)); /* the server's version */
	kst_cursor_take(&c, 4 + 8 + 1);         /* thread, salt, filler */
	caps = kst_cursor_le16(&c);
	if (c.failed)
		return kst_clear_failed(t, "sends a greeting that breaks off", NULL, 0);
	if (!(caps & CLIENT_SSL))
		return kst_clear_failed(t, "does not offer TLS (MySQL's greeting lacks CLIENT_SSL)", NULL, 0);
	kst_buf_u8(&out, 32);
	kst_buf_le16(&out, 0);
	kst_buf_u8(&out, (uint8_t)(seq + 1));
	kst_buf_le32(&out, CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION);
	kst_buf_le32(&out, 1 << 24); /* largest packet */
	kst_buf_u8(&out, 33);        /* utf8_general_ci */
	for (int i = 0; i < 23; i++)
		kst_buf_u8(&out, 0);
	return out.failed ? kst_error_nomem(t->err) : kst_net_write(t->net, out.data, out.len, t->err);
}
