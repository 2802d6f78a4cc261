/* SPDX-License-Identifier: ISC */
/*
 * connect.c - a handshake with a live server, and whether it still thinks so a second later
 *
 * With TLS 1.3 the client is through before the server has seen its certificate: a
 * refusal comes as an alert to whoever is still there to read it.  Others shake hands
 * with everybody and refuse over HTTP.
 */
#include "tls/session.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "kstool/kstool.h"
#include "net/net.h"

#define LATE_MS 1000       /* how long a refusal is waited for */
#define AFTER_TICKET_MS 300 /* a server that sent a ticket has seen everything that it will see */
#define GOODBYE_MS 2000    /* and once more, after a goodbye, for one that is slow */
#define PAGE_MAX 16384

struct live {
	struct kst_net net;
	struct kst_talk talk;
	struct kst_end end;
	struct kst_error io;
};

/* ---- after the handshake ---- */

static void hung_up(struct live *l)
{
	kst_talk_step(&l->talk, KST_STEP_CLOSED, KST_SIDE_SERVER, KST_RESULT_FAIL, "right after the handshake");
	kst_talk_fault(&l->talk, KST_FAULT_HUNG_UP, KST_SIDE_SERVER,
		       "it ended the connection right after the handshake, without saying why");
}

/* The first line of what came, as far as it is one. */
static void first_line(struct kst_handshake *h, const char *data, size_t n)
{
	size_t k = 0;

	while (k < n && k + 1 < sizeof(h->answer) && data[k] != '\r' && data[k] != '\n')
		k++;
	memcpy(h->answer, data, k);
	h->answer[k] = '\0';
}

/* Is there something to read within `ms`? */
static bool readable(const struct live *l, int ms)
{
	struct pollfd p = { .fd = l->net.fd, .events = POLLIN };

	return SSL_has_pending(l->end.ssl) || poll(&p, 1, ms > 0 ? ms : 0) > 0;
}

/* Bytes; 0 nothing that is for us (a ticket); -1 it is over, and was told; -2 a goodbye. */
static int take(struct live *l, char *data, size_t size)
{
	int ret;

	ERR_clear_error();
	ret = SSL_read(l->end.ssl, data, (int)size);
	if (ret > 0)
		return ret;
	switch (SSL_get_error(l->end.ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return -2;
	default:
		/* A deadline that passed is no refusal. */
		if (l->io.code != KST_E_TIMEOUT)
			kst_end_failed(&l->end, ret);
		return -1;
	}
}

/* Wait for a refusal, without saying a word: a server that hangs up on a client which is talking
 * takes its own alert with it (RFC 9293 3.10.7.4: a reset empties the other's buffer). */
static void wait_late(struct live *l)
{
	struct kst_handshake *h = l->talk.h;
	int64_t until = kst_net_clock() + LATE_MS;
	bool ticket = false;
	char data[512];
	int ret;

	for (;;) {
		int64_t now = kst_net_clock();

		if (l->end.ticket && !ticket && until > now + AFTER_TICKET_MS)
			until = now + AFTER_TICKET_MS;
		ticket = l->end.ticket;
		if (now >= until || !readable(l, (int)(until - now)))
			return;
		kst_net_restart(&l->net, LATE_MS);
		ret = take(l, data, sizeof(data));
		if (ret > 0) { /* it talks: it is content */
			first_line(h, data, (size_t)ret);
			kst_talk_step(&l->talk, KST_STEP_DATA, KST_SIDE_SERVER, KST_RESULT_PASS, "%d bytes", ret);
			return;
		}
		if (ret == -2) { /* the alert is a step by itself */
			h->closed = true;
			return;
		}
		if (ret < 0) {
			if (h->fault == KST_FAULT_NONE && l->io.code != KST_E_TIMEOUT)
				hung_up(l);
			return;
		}
	}
}

/* Silence may be a slow server that has not looked yet.  It reads in order: before our goodbye it has to
 * deal with our certificate.  What comes then, but an alert, is the answer to the goodbye. */
static void wait_goodbye(struct live *l)
{
	struct kst_handshake *h = l->talk.h;
	char data[512];
	int ret;

	ERR_clear_error();
	if (SSL_shutdown(l->end.ssl) < 0)
		return;
	kst_net_restart(&l->net, GOODBYE_MS);
	do {
		ERR_clear_error();
		ret = SSL_read(l->end.ssl, data, sizeof(data));
	} while (ret > 0 || (SSL_get_error(l->end.ssl, ret) == SSL_ERROR_WANT_READ && kst_net_left(&l->net)));
	if (h->alert_from == (int)KST_SIDE_SERVER)
		kst_end_failed(&l->end, ret);
	kst_error_clear(&l->io);
}

/* ---- HTTP ---- */

static bool holds(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

/* "HTTP/1.1 400 Bad Request", and the title of the page, which says more. */
static void read_page(struct live *l, const char *page, size_t n)
{
	struct kst_handshake *h = l->talk.h;
	const char *title = strcasestr(page, "<title>");
	bool refused;

	first_line(h, page, n);
	if (sscanf(page, "HTTP/%*1[0-9].%*1[0-9] %3d", &h->http_status) != 1)
		h->http_status = 0;
	if (title) {
		size_t k = strcspn(title + 7, "<\r\n");

		snprintf(h->answer, sizeof(h->answer), "%.*s", (int)(k < 200 ? k : 200), title + 7);
	}
	/* nginx: "400 No required SSL certificate was sent", "400 The SSL certificate error". */
	refused = (h->http_status == 400 || h->http_status == 403 || h->http_status == 495 ||
		   h->http_status == 496) &&
		  holds(h->answer, "certificate");
	kst_talk_step(&l->talk, KST_STEP_DATA, KST_SIDE_SERVER, refused ? KST_RESULT_FAIL : KST_RESULT_PASS, "%s",
		      h->answer);
	if (refused && !h->sent_client)
		kst_talk_fault(&l->talk, KST_FAULT_NO_CLIENT, KST_SIDE_SERVER, "it answered: %s", h->answer);
	else if (refused)
		kst_talk_fault(&l->talk, KST_FAULT_REFUSED_LATER, KST_SIDE_SERVER, "it answered: %s", h->answer);
}

static bool is_whole(const char *page)
{
	const char *head = strstr(page, "\r\n\r\n");

	return head && (holds(head, "</title>") || (!holds(page, "text/html") && head[4]));
}

static void ask_page(struct live *l, const struct kst_connect *how)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf page KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_endpoint host = how->to;
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	char data[2048];
	int ret = 0;

	snprintf(host.host, sizeof(host.host), "%s", kst_endpoint_asked(&how->to, how->sni));
	kst_endpoint_text(&host, &name);
	kst_buf_printf(&b, "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: kstool/" KSTOOL_VERSION
			   "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
		       name.data ? (const char *)name.data : "");
	kst_net_restart(&l->net, how->timeout_ms > 0 ? how->timeout_ms : 10000);
	ERR_clear_error();
	if (b.failed || name.failed || SSL_write(l->end.ssl, b.data, (int)b.len) != (int)b.len) {
		take(l, data, sizeof(data)); /* it may have said why */
		if (l->talk.h->fault == KST_FAULT_NONE)
			hung_up(l);
		return;
	}
	kst_talk_step(&l->talk, KST_STEP_DATA, KST_SIDE_CLIENT, KST_RESULT_PASS, "GET / HTTP/1.1");
	while (page.len < PAGE_MAX && ret >= 0) {
		ret = take(l, data, sizeof(data));
		if (ret > 0)
			kst_buf_put(&page, data, (size_t)ret);
		/* A NUL ends the text, and whoever sends one has no page. */
		if (page.data && is_whole((const char *)page.data))
			break;
	}
	if (page.len && !page.failed)
		read_page(l, (const char *)page.data, strlen((const char *)page.data));
	else if (l->talk.h->fault == KST_FAULT_NONE && l->io.code != KST_E_TIMEOUT)
		hung_up(l);
}

/* ---- the whole ---- */

static int own_fault(const struct kst_handshake *h, struct kst_error *err)
{
	enum kst_code code = h->fault == KST_FAULT_KEY_MISMATCH ? KST_E_KEY_MISMATCH : KST_E_UNSUPPORTED;

	return kst_error_setx(err, code, "%s", h->fault_text);
}

static void after(struct live *l, const struct kst_connect *how)
{
	struct kst_handshake *h = l->talk.h;
	bool http = how->http == KST_HTTP_ALWAYS || (how->http == KST_HTTP_IF_ASKED && h->asked_for_client);

	SSL_clear_mode(l->end.ssl, SSL_MODE_AUTO_RETRY); /* a ticket is something that came */
	if (h->asked_for_client)
		wait_late(l);
	if (http && h->fault == KST_FAULT_NONE && !h->closed && (!h->alpn[0] || !strncmp(h->alpn, "http/1", 6)) && !h->answer[0])
		ask_page(l, how);
	if (h->fault == KST_FAULT_NONE && l->io.code == KST_OK) {
		if (h->asked_for_client && h->version >= TLS1_3_VERSION && !l->end.ticket && !h->closed && !h->answer[0])
			wait_goodbye(l);
		else
			SSL_shutdown(l->end.ssl);
	}
	h->done = h->fault == KST_FAULT_NONE;
}

/* Did it come to something that can be told, or is it an error? */
static int outcome(struct live *l, struct kst_error *err)
{
	struct kst_handshake *h = l->talk.h;
	const struct kst_error *why = l->end.err.code != KST_OK ? &l->end.err : &l->io;
	bool hung = l->end.err.code == KST_OK && (l->io.code == KST_E_CLOSED || l->io.code == KST_OK) &&
		    h->fault == KST_FAULT_HUNG_UP;

	if (l->talk.nomem)
		return kst_error_nomem(err);
	if (l->end.done && l->end.err.code == KST_OK)
		return 0;
	/* An end without a word, where the server had shown who it is, is an answer. */
	if (why->code == KST_OK ? !hung || h->server.came : hung && h->server.came)
		return 0;
	if (why->code != KST_OK && h->alert_from == (int)KST_SIDE_SERVER && l->end.err.code == KST_OK)
		return 0; /* a reset behind an alert */
	if (why->code == KST_OK)
		kst_error_setx(err, KST_E_CLOSED, "the other side ended the connection in the middle of the handshake");
	else if (err)
		*err = *why;
	return kst_error_subject(err, "%s", l->net.name);
}

int kst_tls_connect(struct kst_handshake *out, const struct kst_connect *how,
		    const struct kst_side_options *client, struct kst_error *err)
{
	struct live l = { .net = KST_NET_INIT, .io = KST_ERROR_INIT };
	BIO *bio;
	int ret;

	kst_handshake_init(out);
	kst_talk_init(&l.talk, out, false);
	/* What is wrong with our own key is said before anybody is bothered. */
	ret = kst_end_open(&l.end, KST_SIDE_CLIENT, client, how, &l.talk, err);
	if (ret > 0)
		ret = own_fault(out, err);
	if (ret < 0 || kst_net_connect(&l.net, how, err) < 0 ||
	    (how->starttls && kst_net_starttls(&l.net, how->starttls, kst_endpoint_asked(&how->to, how->sni), err) < 0))
		goto fail;
	l.talk.start = kst_net_clock();
	memcpy(out->peer, l.net.peer, sizeof(out->peer));
	l.net.stage = "during the TLS handshake";
	bio = kst_net_bio(&l.net, &l.io);
	if (!bio) {
		kst_error_nomem(err);
		goto fail;
	}
	SSL_set_bio(l.end.ssl, bio, bio);
	l.end.net = &l.net;
	while ((ret = kst_end_shake(&l.end)) == 0 && kst_net_left(&l.net))
		;
	if (ret == 1)
		after(&l, how);
	kst_end_facts(&l.end);
	ret = outcome(&l, err);
	if (ret < 0)
		goto fail;
	kst_end_release(&l.end);
	kst_net_close(&l.net);
	return 0;
fail:
	kst_end_release(&l.end);
	kst_net_close(&l.net);
	kst_handshake_release(out);
	return -1;
}
