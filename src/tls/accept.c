/* SPDX-License-Identifier: ISC */
/*
 * accept.c - a handshake with a client that came, and a page for it
 *
 * The peer is there to show what a client does, so it is patient with none: a
 * deadline for the handshake, shorter ones for the request, and for its last bytes.
 */
#include "tls/session.h"

#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "kstool/text.h"
#include "net/listen.h"
#include "net/net.h"

#define REQUEST_MAX 16384
#define LINGER_MS 1000
#define QUIET_MS 2000 /* how long a client that is through may say nothing */

struct guest {
	struct kst_net net;
	struct kst_talk talk;
	struct kst_end end;
	struct kst_error io;
};

/* Hostile text has no place in a page either. */
static void safe(struct kst_buf *out, const struct kst_buf *raw)
{
	kst_text_escape(out, raw->data, raw->len);
}

static void page(const struct guest *g, struct kst_buf *out)
{
	const struct kst_handshake *h = g->talk.h;
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_printf(&body, "%s, %s%s%s\n", kst_tls_version_text(h->version), h->cipher, h->group[0] ? ", " : "",
		       h->group);
	if (h->client.sent.nr) {
		kst_cert_subject(h->client.sent.cert[0], &name);
		kst_buf_puts(&body, "your certificate: ");
		safe(&body, &name);
		kst_buf_puts(&body, h->client.has_verdict ? ", which is trusted here\n" : ", which nobody judged\n");
	} else {
		kst_buf_puts(&body, "you sent no certificate\n");
	}
	kst_buf_printf(out, "HTTP/1.0 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
			    "Connection: close\r\n\r\n", body.len);
	kst_buf_put(out, body.data, body.len);
}

/* "GET / HTTP/1.1": a method in capitals, a blank. */
static bool looks_like_http(const struct kst_buf *b)
{
	size_t k = 0;

	while (k < b->len && b->data[k] >= 'A' && b->data[k] <= 'Z')
		k++;
	return k >= 3 && k < 10 && k < b->len && b->data[k] == ' ';
}

/* The request as far as its headers; 0, or -1 it is over. */
static int request(struct guest *g, struct kst_buf *b)
{
	char data[2048];

	while (b->len < REQUEST_MAX && !(b->data && strstr((const char *)b->data, "\r\n\r\n"))) {
		int ret;

		ERR_clear_error();
		ret = SSL_read(g->end.ssl, data, sizeof(data));
		if (ret <= 0) {
			/* A client that refuses our certificate late, or breaks off, says so here. */
			if (SSL_get_error(g->end.ssl, ret) != SSL_ERROR_ZERO_RETURN && g->talk.h->alert_from >= 0)
				kst_end_failed(&g->end, ret);
			return -1;
		}
		kst_buf_put(b, data, (size_t)ret);
		if (!looks_like_http(b))
			return 0;
	}
	return b->failed ? -1 : 0;
}

static void serve(struct guest *g)
{
	struct kst_handshake *h = g->talk.h;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf answer KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t k = 0;

	if (kst_net_left(&g->net) > QUIET_MS)
		kst_net_restart(&g->net, QUIET_MS);
	if (request(g, &b) == 0 && looks_like_http(&b)) {
		while (k < b.len && k + 1 < sizeof(h->answer) && b.data[k] != '\r' && b.data[k] != '\n')
			k++;
		memcpy(h->answer, b.data, k);
		page(g, &answer);
		if (!answer.failed && SSL_write(g->end.ssl, answer.data, (int)answer.len) > 0)
			kst_talk_step(&g->talk, KST_STEP_DATA, KST_SIDE_SERVER, KST_RESULT_PASS, "%s", h->answer);
	}
	if (h->fault == KST_FAULT_NONE && g->io.code == KST_OK)
		SSL_shutdown(g->end.ssl);
	h->done = h->fault == KST_FAULT_NONE;
}

/* 0 whatever became of it; -1 for what is our own fault. */
static int receive(struct guest *g, struct kst_error *err)
{
	struct kst_handshake *h = g->talk.h;
	BIO *bio = kst_net_bio(&g->net, &g->io);
	int ret;

	if (!bio)
		return kst_error_nomem(err);
	SSL_set_bio(g->end.ssl, bio, bio);
	g->net.stage = "during the TLS handshake";
	while ((ret = kst_end_shake(&g->end)) == 0 && kst_net_left(&g->net))
		;
	if (ret == 1) {
		SSL_clear_mode(g->end.ssl, SSL_MODE_AUTO_RETRY);
		kst_end_facts(&g->end);
		serve(g);
	} else if (g->end.err.code != KST_OK || g->io.code != KST_OK) {
		const struct kst_error *why = g->end.err.code != KST_OK ? &g->end.err : &g->io;

		if (why->code == KST_E_NO_MEMORY || why->code == KST_E_INTERNAL) {
			*err = *why;
			return -1;
		}
		/* Whatever a client does wrong is told of it, and the next one is welcome. */
		if (h->alert_from < 0 && h->fault != KST_FAULT_REFUSED_CERT) {
			h->fault = why->code == KST_E_TIMEOUT || why->code == KST_E_CLOSED ? KST_FAULT_HUNG_UP : KST_FAULT_PROTOCOL;
			h->fault_side = KST_SIDE_CLIENT;
			const char *text = why->code == KST_E_NOT_TLS ? "what came is no TLS" : why->message;
			size_t n = strnlen(text, sizeof(h->fault_text) - 1);

			memcpy(h->fault_text, text, n);
			h->fault_text[n] = '\0';
		}
	}
	kst_end_facts(&g->end);
	return g->talk.nomem ? kst_error_nomem(err) : 0;
}

/*
 * Let the other side read what it was told last.  Closing while something of it is unread would send a
 * reset, which takes the alert with it (RFC 9293 3.10.7.4).
 */
static void linger(struct guest *g)
{
	char data[4096];
	size_t rounds = 32;

	if (g->net.fd < 0 || shutdown(g->net.fd, SHUT_WR) < 0)
		return;
	kst_net_restart(&g->net, LINGER_MS);
	while (rounds-- && kst_net_read(&g->net, data, sizeof(data), NULL) > 0)
		;
}

int kst_tls_accept(struct kst_listener *l, int stop, struct kst_handshake *out, const struct kst_connect *how,
		   const struct kst_side_options *server, struct kst_error *err)
{
	struct guest g = { .net = KST_NET_INIT, .io = KST_ERROR_INIT };
	int timeout = how->timeout_ms > 0 ? how->timeout_ms : 10000;
	int ret, fd;

	kst_handshake_init(out);
	ret = kst_listener_next(l, stop, timeout, &fd, err);
	if (ret)
		return ret;
	kst_talk_init(&g.talk, out, false);
	if (kst_net_adopt(&g.net, fd, kst_listener_address(l), timeout, err) < 0)
		return -1;
	memcpy(out->peer, g.net.peer, sizeof(out->peer));
	ret = kst_end_open(&g.end, KST_SIDE_SERVER, server, how, &g.talk, err);
	if (ret > 0)
		ret = kst_error_setx(err, out->fault == KST_FAULT_KEY_MISMATCH ? KST_E_KEY_MISMATCH : KST_E_UNSUPPORTED,
				     "%s", out->fault_text);
	if (!ret)
		ret = receive(&g, err);
	kst_end_release(&g.end);
	linger(&g);
	kst_net_close(&g.net);
	if (ret < 0)
		kst_handshake_release(out);
	return ret;
}
