/* SPDX-License-Identifier: ISC */
/* shake.c - how far one end of a handshake comes, and why it comes no further */
#include "tls/session.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "kstool/alloc.h"
#include "net/net.h"

/* ---- why it failed ---- */

/* An alert that came: what it says of the whole.  Whoever sent it refused. */
static void by_alert(struct kst_talk *t)
{
	struct kst_handshake *h = t->h;
	enum kst_side from = (enum kst_side)h->alert_from;
	const char *meaning = kst_alert_meaning(h->alert);

	switch (h->alert) {
	case SSL_AD_PROTOCOL_VERSION:
		kst_talk_fault(t, KST_FAULT_NO_VERSION, from, "%s", meaning);
		return;
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		kst_talk_fault(t, KST_FAULT_NO_PROTOCOL, from, "%s", meaning);
		return;
	case SSL_AD_INSUFFICIENT_SECURITY:
		kst_talk_fault(t, KST_FAULT_NO_ALGORITHM, from, "%s", meaning);
		return;
	case SSL_AD_CERTIFICATE_REQUIRED:
		kst_talk_fault(t, KST_FAULT_NO_CLIENT, from, "%s", meaning);
		return;
	case SSL_AD_UNEXPECTED_MESSAGE:
	case SSL_AD_DECODE_ERROR: /* GnuTLS, of an empty Certificate */
	case SSL_AD_HANDSHAKE_FAILURE:
		/* RFC 5246 7.4.6: what a server of TLS 1.2 says when the certificate that it wants is not there. */
		if (from == KST_SIDE_SERVER && h->asked_for_client && !h->sent_client)
			kst_talk_fault(t, KST_FAULT_NO_CLIENT, from, "%s", meaning);
		else if (from == KST_SIDE_SERVER && !h->version && h->alert == SSL_AD_HANDSHAKE_FAILURE)
			kst_talk_fault(t, KST_FAULT_NO_ALGORITHM, from, "%s", meaning);
		break;
	case SSL_AD_DECRYPT_ERROR:
		kst_talk_fault(t, KST_FAULT_BAD_PROOF, from, "%s", meaning);
		return;
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE:
		/* Some servers (GnuTLS, Java) say one of these where nothing was sent. */
		if (from == KST_SIDE_SERVER && h->asked_for_client && !h->sent_client)
			kst_talk_fault(t, KST_FAULT_NO_CLIENT, from, "%s", meaning);
		else
			kst_talk_fault(t, KST_FAULT_REFUSED_CERT, from, "%s", meaning);
		return;
	}
	kst_talk_fault(t, KST_FAULT_ALERT, from, "%s", meaning);
}

/* What arrives is not TLS: a greeting, an HTTP error, silence and a close. */
static bool no_tls(int reason)
{
	return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
	       reason == SSL_R_HTTPS_PROXY_REQUEST || reason == SSL_R_UNKNOWN_PROTOCOL ||
	       reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_ENCRYPTED_LENGTH_TOO_LONG ||
	       reason == SSL_R_RECORD_LENGTH_MISMATCH || reason == SSL_R_BAD_RECORD_TYPE;
}

/* OpenSSL sends an alert after whoever has left; nobody hears it. */
static void unsay(struct kst_end *e)
{
	struct kst_handshake *h = e->talk->h;

	if (h->alert_from != (int)e->side || !h->nr || h->step[h->nr - 1].kind != KST_STEP_ALERT)
		return;
	kst_free(h->step[--h->nr].text);
	h->step[h->nr].text = NULL;
	h->alert_from = h->alert = h->alert_after_ms = -1;
}

/* This end's own trouble, by OpenSSL's word for it. */
static void by_reason(struct kst_end *e, int reason)
{
	enum kst_side me = e->side, server = KST_SIDE_SERVER;
	const char *words = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));
	struct kst_talk *t = e->talk;

	words = words ? words : "";
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
	case SSL_R_WRONG_SSL_VERSION:
		kst_talk_fault(t, KST_FAULT_NO_VERSION, me, "%s", words);
		return;
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_CIPHERS_AVAILABLE:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SUITABLE_GROUPS:
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
	case SSL_R_WRONG_SIGNATURE_TYPE:
	case SSL_R_WRONG_CURVE:
		kst_talk_fault(t, KST_FAULT_NO_ALGORITHM, me, "%s", words);
		return;
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		kst_talk_fault(t, KST_FAULT_NO_CLIENT, server, "%s", kst_alert_meaning(SSL_AD_CERTIFICATE_REQUIRED));
		return;
	case SSL_R_NO_APPLICATION_PROTOCOL:
		kst_talk_fault(t, KST_FAULT_NO_PROTOCOL, me, "%s", kst_alert_meaning(SSL_AD_NO_APPLICATION_PROTOCOL));
		return;
	case SSL_R_BAD_SIGNATURE:
		kst_talk_fault(t, KST_FAULT_BAD_PROOF, me, "%s", words);
		return;
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		unsay(e);
		kst_talk_fault(t, KST_FAULT_HUNG_UP, kst_other_side(me), "%s", kst_fault_meaning(KST_FAULT_HUNG_UP));
		return;
	case SSL_R_EXCESSIVE_MESSAGE_SIZE:
		kst_error_setx(&e->err, KST_E_PEER_LIMIT, "sent more than %d bytes of certificates", KST_PEER_CERTS_BYTES);
		return;
	}
	if (no_tls(reason) && !t->h->version)
		kst_error_setx(&e->err, KST_E_NOT_TLS, "what answered does not speak TLS");
	kst_talk_fault(t, KST_FAULT_PROTOCOL, kst_other_side(me), "%s", words);
}

void kst_end_failed(struct kst_end *e, int ret)
{
	int why = SSL_get_error(e->ssl, ret);
	unsigned long first = ERR_peek_error();
	int reason = ERR_GET_REASON(first);
	enum kst_side other = kst_other_side(e->side);

	e->failed = true;
	if (e->err.code == KST_OK && e->talk->h->alert_from == (int)other)
		by_alert(e->talk);
	else if (why == SSL_ERROR_SSL && ERR_GET_LIB(first) == ERR_LIB_SSL)
		by_reason(e, reason);
	else if (why == SSL_ERROR_SSL)
		/* ASN.1, X.509, a key that this OpenSSL does not know. */
		kst_talk_fault(e->talk, KST_FAULT_PROTOCOL, other, "%s",
			       ERR_reason_error_string(first) ? ERR_reason_error_string(first) : "");
	else {
		unsay(e);
		kst_talk_fault(e->talk, KST_FAULT_HUNG_UP, other, "%s", kst_fault_meaning(KST_FAULT_HUNG_UP));
	}
	ERR_clear_error();
}

int kst_end_shake(struct kst_end *e)
{
	int ret;

	if (e->done)
		return 1;
	if (e->failed)
		return -1;
	ERR_clear_error();
	ret = SSL_do_handshake(e->ssl);
	if (ret == 1) {
		e->done = true;
		if (e->side == KST_SIDE_CLIENT)
			e->talk->done = kst_net_clock();
		return 1;
	}
	switch (SSL_get_error(e->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	default:
		kst_end_failed(e, ret);
		return -1;
	}
}

/* ---- what was agreed on ---- */

static void set_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

static void take_ca_names(struct kst_end *e)
{
	const STACK_OF(X509_NAME) *sk = SSL_get0_peer_CA_list(e->ssl);
	int nr = sk ? sk_X509_NAME_num(sk) : 0;
	struct kst_handshake *h = e->talk->h;

	if (nr <= 0 || h->nr_ca_names)
		return;
	if (nr > KST_PEER_NAMES_MAX)
		nr = KST_PEER_NAMES_MAX;
	h->ca_names = kst_calloc((size_t)nr, sizeof(*h->ca_names));
	if (!h->ca_names) {
		e->talk->nomem = true;
		return;
	}
	for (int i = 0; i < nr; i++) {
		unsigned char *der = NULL;
		int n = i2d_X509_NAME(sk_X509_NAME_value(sk, i), &der);

		if (n > 0 && !kst_blob_set(&h->ca_names[h->nr_ca_names], der, (size_t)n))
			h->nr_ca_names++;
		OPENSSL_free(der);
	}
}

static void tell_hello(struct kst_end *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_handshake *h = e->talk->h;
	long min = SSL_get_min_proto_version(e->ssl), max = SSL_get_max_proto_version(e->ssl);

	if (e->side == KST_SIDE_CLIENT) {
		max = max ? max : TLS1_3_VERSION;
		kst_buf_puts(&b, kst_tls_version_text((int)min));
		if (min != max)
			kst_buf_printf(&b, " or %s", kst_tls_version_text((int)max) + 4);
	} else {
		kst_buf_puts(&b, "ClientHello");
	}
	if (h->sni[0])
		kst_buf_printf(&b, ", for %s", h->sni);
	if (e->side == KST_SIDE_CLIENT && e->alpn.len)
		kst_buf_puts(&b, ", with ALPN");
	kst_talk_text(e->talk, KST_STEP_HELLO, KST_SIDE_CLIENT, b.data ? (char *)b.data : "");
}

static void tell_keys(struct kst_end *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_handshake *h = e->talk->h;

	kst_tls_cipher_text(h->cipher, &b);
	if (h->group[0])
		kst_buf_printf(&b, "%s%s", b.len ? ", " : "", h->group);
	kst_talk_text(e->talk, KST_STEP_KEYS, KST_SIDE_SERVER, b.data ? (char *)b.data : "");
	kst_buf_reset(&b);
	kst_buf_puts(&b, kst_tls_version_text(h->version));
	if (h->alpn[0])
		kst_buf_printf(&b, ", ALPN %s", h->alpn);
	kst_talk_text(e->talk, KST_STEP_HELLO, KST_SIDE_SERVER, b.data ? (char *)b.data : "");
}

static void tell_request(struct kst_end *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_handshake *h = e->talk->h;

	kst_buf_puts(&b, h->nr_ca_names ? "accepts: " : "from any CA that it trusts");
	for (size_t i = 0; i < h->nr_ca_names && i < 5; i++) {
		if (i)
			kst_buf_puts(&b, ", ");
		kst_ca_name_text(&h->ca_names[i], &b);
	}
	if (h->nr_ca_names > 5)
		kst_buf_printf(&b, " and %zu more", h->nr_ca_names - 5);
	kst_talk_text(e->talk, KST_STEP_REQUEST, KST_SIDE_SERVER, b.data ? (char *)b.data : "");
}

void kst_end_facts(struct kst_end *e)
{
	struct kst_handshake *h = e->talk->h;
	const SSL_CIPHER *c = SSL_get_current_cipher(e->ssl);
	const unsigned char *alpn = NULL;
	unsigned int n = 0;
	long group;

	if (!h->sni[0])
		set_text(h->sni, sizeof(h->sni), SSL_get_servername(e->ssl, TLSEXT_NAMETYPE_host_name));
	if (h->version) {
		c = c ? c : SSL_get_pending_cipher(e->ssl);
		if (c && !h->cipher[0])
			set_text(h->cipher, sizeof(h->cipher), SSL_CIPHER_standard_name(c));
		group = SSL_get_negotiated_group(e->ssl);
		if (group && !h->group[0])
			set_text(h->group, sizeof(h->group), SSL_group_to_name(e->ssl, (int)group));
		if (!strcmp(h->group, "x25519"))
			h->group[0] = 'X';
		SSL_get0_alpn_selected(e->ssl, &alpn, &n);
		if (n && n < sizeof(h->alpn) && !h->alpn[0]) {
			memcpy(h->alpn, alpn, n);
			h->alpn[n] = 0;
		}
	}
	if (e->side == KST_SIDE_CLIENT)
		take_ca_names(e);
	tell_hello(e);
	tell_keys(e);
	if (e->side == KST_SIDE_CLIENT || !e->talk->pair)
		tell_request(e);
}
