/* SPDX-License-Identifier: ISC */
/*
 * fetch.c - the certificates of a live server, as it sends them
 *
 * A look, not a visit: nobody is judged, so everything is taken that gets the server
 * to show its certificates, old versions and weak ciphers too.  They are read from
 * its Certificate message itself, before libssl makes anything of it: their order
 * and what is wrong with them is what one looks for.  What comes after them (a
 * server that wants a certificate of ours) cannot take them away again.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "kstool/tls.h"
#include "crypto/ossl.h"
#include "kstool/alloc.h"
#include "tls/explain.h"
#include "net/net.h"

#define CERTS_MAX ((long)256 << 10) /* of one Certificate message */
#define AFTER	  3000              /* ms that the rest of the handshake may take, once they are here */

struct look {
	struct kst_live *out;
	struct kst_net *net;
	struct kst_error *err;
	bool got;   /* a Certificate message */
	int alert;  /* the server's last one; -1 */
};

static uint32_t u24(struct kst_cursor *c)
{
	const uint8_t *p = kst_cursor_take(c, 3);

	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static void take_cert(struct look *l, const uint8_t *der, size_t len)
{
	struct kst_error why = KST_ERROR_INIT;
	struct kst_cert *cert = NULL;
	size_t nr = l->out->sent.nr;

	if (nr == KST_LIVE_CERTS) {
		kst_error_setx(l->err, KST_E_PEER_LIMIT, "the server sends more than %d certificates", KST_LIVE_CERTS);
	} else if (kst_cert_new(&cert, der, len, &why) < 0) {
		kst_error_setx(l->err, why.code == KST_E_NO_MEMORY ? why.code : KST_E_HANDSHAKE,
			       "certificate %zu that the server sends is none: %s", nr + 1, why.message);
	} else if (kst_chain_push(&l->out->sent, cert) < 0) {
		kst_error_nomem(l->err);
	}
	kst_cert_free(cert);
}

/* RFC 5246 7.4.2, RFC 8446 4.4.2: in TLS 1.3 each has extensions behind it. */
static void take_message(struct look *l, const uint8_t *data, size_t len, bool tls13)
{
	struct kst_cursor c, list;

	kst_cursor_init(&c, data, len);
	if (tls13)
		kst_cursor_take(&c, kst_cursor_u8(&c)); /* request context */
	list = kst_cursor_sub(&c, u24(&c));
	while (l->err->code == KST_OK && !c.failed && kst_cursor_left(&list)) {
		uint32_t n = u24(&list);
		const uint8_t *der = kst_cursor_take(&list, n);

		if (tls13)
			kst_cursor_take(&list, kst_cursor_be16(&list));
		if (der && !list.failed)
			take_cert(l, der, n);
	}
	if (c.failed || list.failed)
		kst_error_setx(l->err, KST_E_HANDSHAKE, "the server's Certificate message breaks off");
	else if (l->err->code == KST_OK && !l->out->sent.nr)
		kst_error_setx(l->err, KST_E_HANDSHAKE, "the server sends no certificate");
}

static bool is_ephemeral(const SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);
	int kx = cipher ? SSL_CIPHER_get_kx_nid(cipher) : NID_undef;

	return kx == NID_kx_ecdhe || kx == NID_kx_dhe;
}

static void on_message(int sent, int version, int type, const void *buf, size_t len, SSL *ssl, void *arg)
{
	const uint8_t *p = buf;
	struct look *l = arg;
	bool tls13 = SSL_version(ssl) == TLS1_3_VERSION;

	(void)version;
	if (type == SSL3_RT_ALERT && !sent && len == 2)
		l->alert = p[1];
	if (type != SSL3_RT_HANDSHAKE || len < 4)
		return;
	if (sent) {
		/* The server's signature over its key share was looked at before that. */
		l->out->proved |= p[0] == SSL3_MT_CLIENT_KEY_EXCHANGE && is_ephemeral(ssl);
	} else if (p[0] == SSL3_MT_CERTIFICATE && !l->got) {
		int64_t soon = kst_net_clock() + AFTER;

		l->got = true;
		take_message(l, p + 4, len - 4, tls13);
		if (soon < l->net->until)
			l->net->until = soon;
	} else if (p[0] == SSL3_MT_CERTIFICATE_REQUEST) {
		l->out->asks_client = true;
	} else if (p[0] == SSL3_MT_FINISHED) {
		l->out->proved = true;
	}
}

static SSL_CTX *make_ctx(void)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(kst_ossl_ctx(), NULL, TLS_client_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET |
					 SSL_OP_NO_RENEGOTIATION);
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
	SSL_CTX_set_options(ctx, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION); /* which would have to be undone first */
#endif
	SSL_CTX_set_max_cert_list(ctx, CERTS_MAX);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (!SSL_CTX_set_cipher_list(ctx, "ALL:!aNULL:!PSK:!SRP:@SECLEVEL=0") ||
	    !SSL_CTX_set_min_proto_version(ctx, 0)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static SSL *make_ssl(SSL_CTX *ctx, struct look *l, const struct kst_connect *how)
{
	SSL *ssl = SSL_new(ctx);
	BIO *bio = ssl ? kst_net_bio(l->net, l->err) : NULL;
	char *name = kst_endpoint_sni(how);
	bool ok = bio != NULL;

	if (bio)
		SSL_set_bio(ssl, bio, bio);
	ok = ok && (!name || SSL_set_tlsext_host_name(ssl, name)) &&
	     SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
	if (ok && how->min_version)
		ok = SSL_set_min_proto_version(ssl, how->min_version);
	if (ok && how->max_version)
		ok = SSL_set_max_proto_version(ssl, how->max_version);
	if (ok) {
		SSL_set_msg_callback(ssl, on_message);
		SSL_set_msg_callback_arg(ssl, l);
	} else {
		SSL_free(ssl);
		ssl = NULL;
	}
	kst_free(name);
	return ssl;
}

/* The certificates are here, and then something went wrong. */
static void tell_trouble(struct look *l)
{
	unsigned long code = ERR_peek_error();
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	/* Without a certificate of ours some hang up: that is no trouble of the server's own. */
	if (l->out->asks_client && l->out->proved)
		return;
	if (l->alert >= 0)
		kst_buf_printf(&b, "it ended with alert %s", kst_alert_name(l->alert));
	else if (l->err->code == KST_E_TIMEOUT)
		kst_buf_puts(&b, "the server said nothing more");
	else if (l->err->code != KST_OK)
		kst_buf_puts(&b, l->err->message);
	else if (l->net->ended)
		kst_buf_puts(&b, "the server closed the connection");
	else
		kst_buf_puts(&b, code ? ERR_reason_error_string(code) : "it broke off");
	if (b.len)
		memcpy(l->out->trouble, b.data, strnlen((char *)b.data, sizeof(l->out->trouble) - 1));
}

static int take_facts(SSL *ssl, struct kst_live *out, struct kst_error *err)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	const char *name = SSL_CIPHER_get_name(cipher ? cipher : SSL_get_pending_cipher(ssl));
	unsigned char *staple;
	long n = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);

	out->version = SSL_version(ssl);
	memcpy(out->cipher, name, strnlen(name, sizeof(out->cipher) - 1));
	return n > 0 && staple && kst_blob_set(&out->staple, staple, (size_t)n) < 0 ? kst_error_nomem(err) : 0;
}

static int shake(struct kst_live *out, struct kst_net *net, const struct kst_connect *how, struct kst_error *err)
{
	struct kst_error why = KST_ERROR_INIT; /* of the connection; the Certificate message's is `err` */
	struct look l = { .out = out, .net = net, .err = &why, .alert = -1 };
	SSL_CTX *ctx = make_ctx();
	SSL *ssl = ctx ? make_ssl(ctx, &l, how) : NULL;
	int ret = -1;

	if (!ssl) {
		kst_ossl_error(err, KST_E_INTERNAL, "libssl cannot be used");
		goto done;
	}
	net->stage = "in the TLS handshake";
	net->nr_first = 0;
	if (SSL_connect(ssl) == 1) {
		SSL_shutdown(ssl); /* a word of farewell, no waiting for theirs */
		ret = 0;
	} else if (l.got && out->sent.nr && why.code != KST_E_PEER_LIMIT && why.code != KST_E_HANDSHAKE) {
		tell_trouble(&l);
		ret = 0;
	} else {
		kst_tls_explain(net, how, l.alert, &why);
	}
	if (!ret && (why.code == KST_E_PEER_LIMIT || why.code == KST_E_HANDSHAKE || why.code == KST_E_NO_MEMORY))
		ret = kst_error_subject(&why, "%s", net->name);
	if (!ret)
		ret = take_facts(ssl, out, &why);
	if (ret < 0)
		*err = why;
done:
	ERR_clear_error();
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return ret;
}

int kst_tls_fetch(struct kst_live *out, const struct kst_connect *how, struct kst_error *err)
{
	struct kst_net net = KST_NET_INIT;
	struct kst_live live = { .to = how->to };
	struct kst_error mine = KST_ERROR_INIT;
	int ret = kst_net_connect(&net, how, &mine);

	if (!ret && how->starttls)
		ret = kst_net_starttls(&net, how->starttls, kst_endpoint_asked(&how->to, how->sni), &mine);
	if (!ret)
		ret = shake(&live, &net, how, &mine);
	kst_net_close(&net);
	if (ret < 0) {
		if (mine.code == KST_E_TIMEOUT)
			kst_error_hint(&mine, "add --timeout=%ds to wait longer", 3 * ((net.timeout_ms + 999) / 1000));
		kst_live_release(&live);
		if (err && err->code == KST_OK)
			*err = mine;
		return -1;
	}
	memcpy(live.peer, net.peer, sizeof(live.peer));
	*out = live;
	return 0;
}
