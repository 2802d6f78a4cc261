/* SPDX-License-Identifier: ISC */
/* ladder.c - what passed between the two sides, step by step, as the messages go by */
#include "tls/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/ssl.h>

#include "kstool/alloc.h"
#include "net/net.h"

/* A handshake has a dozen steps; a hostile side could make it any number. */
#define STEPS_MAX 64

void kst_talk_init(struct kst_talk *t, struct kst_handshake *h, bool pair)
{
	*t = (struct kst_talk){ .h = h, .start = kst_net_clock(), .done = -1, .pair = pair, .timed = !pair };
}

enum kst_side kst_other_side(enum kst_side side)
{
	return side == KST_SIDE_CLIENT ? KST_SIDE_SERVER : KST_SIDE_CLIENT;
}

void kst_handshake_init(struct kst_handshake *h)
{
	*h = (struct kst_handshake){ .alert_from = -1, .alert = -1, .alert_after_ms = -1 };
}

static void release_party(struct kst_party *p)
{
	kst_chain_release(&p->sent);
	if (p->has_verdict)
		kst_verdict_release(&p->verdict);
	kst_blob_release(&p->staple);
}

void kst_handshake_release(struct kst_handshake *h)
{
	release_party(&h->server);
	release_party(&h->client);
	for (size_t i = 0; i < h->nr_ca_names; i++)
		kst_blob_release(&h->ca_names[i]);
	kst_free(h->ca_names);
	for (size_t i = 0; i < h->nr; i++)
		kst_free(h->step[i].text);
	kst_free(h->step);
	kst_handshake_init(h);
}

void kst_talk_fault(struct kst_talk *t, enum kst_fault fault, enum kst_side side, const char *fmt, ...)
{
	struct kst_handshake *h = t->h;
	va_list ap;

	if (h->fault != KST_FAULT_NONE)
		return;
	h->fault = fault;
	h->fault_side = side;
	va_start(ap, fmt);
	vsnprintf(h->fault_text, sizeof(h->fault_text), fmt, ap);
	va_end(ap);
}

void kst_talk_step(struct kst_talk *t, enum kst_step_kind kind, enum kst_side from,
		   enum kst_result result, const char *fmt, ...)
{
	struct kst_handshake *h = t->h;
	struct kst_step *s;
	va_list ap;
	char text[512];

	if (h->nr >= STEPS_MAX)
		return;
	if (!(h->nr & (h->nr - 1))) { /* grown at each power of two */
		s = kst_realloc(h->step, (h->nr ? h->nr * 2 : 1) * sizeof(*s));
		if (!s) {
			t->nomem = true;
			return;
		}
		h->step = s;
	}
	s = &h->step[h->nr++];
	*s = (struct kst_step){ .kind = kind, .from = from, .result = result, .alert = -1,
				.ms = t->timed ? (int)(kst_net_clock() - t->start) : 0 };
	if (!fmt)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->text = kst_strdup(text);
	if (!s->text)
		t->nomem = true;
}

void kst_talk_text(struct kst_talk *t, enum kst_step_kind kind, enum kst_side from, const char *text)
{
	struct kst_handshake *h = t->h;

	for (size_t i = h->nr; i--;)
		if (h->step[i].kind == kind && h->step[i].from == from && !h->step[i].text) {
			h->step[i].text = kst_strdup(text);
			if (!h->step[i].text)
				t->nomem = true;
			return;
		}
}

/* ---- messages ---- */

/* RFC 8446 4.1.3: a ServerHello with this random is a HelloRetryRequest. */
static const uint8_t retry_random[32] = { 0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
					  0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
					  0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C };
#define EXT_SUPPORTED_VERSIONS 43
#define CERTIFICATE_COMPRESSED 25 /* RFC 8879 */

struct server_hello {
	bool retry;
	int version;
};

/* The version that a ServerHello chooses: a client has not looked at it yet when it passes by. */
static struct server_hello server_hello(const uint8_t *b, size_t n)
{
	struct server_hello out = { .version = 0 };
	const uint8_t *random;
	struct kst_cursor c, ext;

	kst_cursor_init(&c, b, n);
	kst_cursor_take(&c, 4);
	out.version = kst_cursor_be16(&c);
	random = kst_cursor_take(&c, 32);
	out.retry = random && !memcmp(random, retry_random, 32);
	kst_cursor_take(&c, kst_cursor_u8(&c)); /* session id */
	kst_cursor_take(&c, 3);                 /* cipher suite, compression */
	if (!kst_cursor_left(&c))
		return out;
	ext = kst_cursor_sub(&c, kst_cursor_be16(&c));
	while (kst_cursor_left(&ext)) {
		uint16_t type = kst_cursor_be16(&ext);
		struct kst_cursor body = kst_cursor_sub(&ext, kst_cursor_be16(&ext));

		if (type == EXT_SUPPORTED_VERSIONS)
			out.version = kst_cursor_be16(&body);
	}
	return out;
}

/* A Certificate message without certificates, which is how a client says that it has none. */
static bool no_certificates(const uint8_t *b, size_t n, bool tls13)
{
	struct kst_cursor c;
	uint32_t list;

	if (b[0] == CERTIFICATE_COMPRESSED)
		return false;
	kst_cursor_init(&c, b, n);
	kst_cursor_take(&c, 4);
	if (tls13)
		kst_cursor_take(&c, kst_cursor_u8(&c)); /* certificate_request_context */
	list = (uint32_t)kst_cursor_u8(&c) << 16;
	list |= kst_cursor_be16(&c);
	return !c.failed && list == 0;
}

static void on_certificate(struct kst_talk *t, enum kst_side from, bool none)
{
	if (none) {
		kst_talk_step(t, KST_STEP_CERTIFICATE, from, KST_RESULT_NOT_CHECKED, "none");
		return;
	}
	if (from == KST_SIDE_CLIENT)
		t->h->sent_client = true;
	(from == KST_SIDE_CLIENT ? &t->h->client : &t->h->server)->came = true;
	kst_talk_step(t, KST_STEP_CERTIFICATE, from, KST_RESULT_PASS, NULL);
}

static void on_handshake(struct kst_end *e, enum kst_side from, bool written, const uint8_t *b, size_t n)
{
	struct kst_talk *t = e->talk;
	struct server_hello sh;

	switch (b[0]) {
	case SSL3_MT_CLIENT_HELLO:
		kst_talk_step(t, KST_STEP_HELLO, from, KST_RESULT_PASS, NULL);
		break;
	case SSL3_MT_SERVER_HELLO:
		sh = server_hello(b, n);
		if (sh.retry) {
			kst_talk_step(t, KST_STEP_HELLO, from, KST_RESULT_PASS, "asks for a key of another group");
			break;
		}
		t->h->version = sh.version;
		kst_talk_step(t, KST_STEP_HELLO, from, KST_RESULT_PASS, NULL);
		/* TLS 1.3 encrypts from here on; TLS 1.2 after the client's key exchange. */
		if (sh.version >= TLS1_3_VERSION)
			kst_talk_step(t, KST_STEP_KEYS, from, KST_RESULT_PASS, NULL);
		break;
	case SSL3_MT_CLIENT_KEY_EXCHANGE:
		kst_talk_step(t, KST_STEP_KEYS, KST_SIDE_SERVER, KST_RESULT_PASS, NULL);
		break;
	case SSL3_MT_CERTIFICATE_REQUEST:
		t->h->asked_for_client = true;
		kst_talk_step(t, KST_STEP_REQUEST, from, KST_RESULT_PASS, NULL);
		break;
	case SSL3_MT_CERTIFICATE:
	case CERTIFICATE_COMPRESSED:
		on_certificate(t, from, no_certificates(b, n, t->h->version >= TLS1_3_VERSION));
		break;
	case SSL3_MT_FINISHED:
		kst_talk_step(t, KST_STEP_FINISHED, from, KST_RESULT_PASS, NULL);
		break;
	case SSL3_MT_NEWSESSION_TICKET:
		e->ticket = e->ticket || !written;
		break;
	}
}

void kst_talk_message(int written, int version, int type, const void *buf, size_t len, SSL *ssl, void *end)
{
	struct kst_end *e = end;
	const uint8_t *b = buf;
	enum kst_side from = written ? e->side : kst_other_side(e->side);

	(void)version;
	(void)ssl;
	/* The other end tells of what it sent. */
	if (e->talk->pair && !written)
		return;
	if (type == SSL3_RT_HANDSHAKE && len >= 4)
		on_handshake(e, from, written, b, len);
	else if (type == SSL3_RT_ALERT && len >= 2)
		kst_talk_alert(e->talk, from, b[0], b[1]);
}

void kst_talk_alert(struct kst_talk *t, enum kst_side from, int level, int alert)
{
	struct kst_handshake *h = t->h;

	/* RFC 8446 6: these two are no errors; no_renegotiation is a warning of TLS 1.2. */
	if (alert == SSL_AD_CLOSE_NOTIFY) {
		kst_talk_step(t, KST_STEP_CLOSED, from, KST_RESULT_PASS, NULL);
		return;
	}
	if (alert == SSL_AD_USER_CANCELLED || alert == SSL_AD_NO_RENEGOTIATION || h->alert_from >= 0)
		return;
	/* Some servers say so and go on (RFC 6066 3); in TLS 1.3 the level means nothing. */
	if (alert == SSL_AD_UNRECOGNIZED_NAME && level == SSL3_AL_WARNING)
		return;
	h->alert_from = (int)from;
	h->alert = alert;
	if (t->done >= 0)
		h->alert_after_ms = t->pair ? 0 : (int)(kst_net_clock() - t->done);
	kst_talk_step(t, KST_STEP_ALERT, from, KST_RESULT_FAIL, "%s: %s", kst_alert_name(alert),
		      kst_alert_meaning(alert));
	if (h->nr)
		h->step[h->nr - 1].alert = alert;
}
