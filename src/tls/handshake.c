/* SPDX-License-Identifier: ISC */
/*
 * handshake.c - both ends of a handshake in memory: will these stores work together?
 *
 * The two ends take turns until neither gets any further.  A handshake stops at the
 * first refusal; what was to be said of the certificate that was not looked at is
 * said all the same, so that all faults are known at once.
 */
#include "tls/session.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/cert_impl.h"
#include "crypto/ossl.h"

#define BUFFER (1 << 17)
#define TURNS 1000

struct pair {
	struct kst_talk talk;
	struct kst_end client, server;
};

/* ---- what both commands ask of a handshake ---- */

void kst_ca_name_text(const struct kst_blob *name, struct kst_buf *out)
{
	struct kst_bytes der = { name->data, name->len };
	struct kst_buf last KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_name_iter it;
	struct kst_name_attr attr;

	kst_name_start(&it, der);
	while (kst_name_next(&it, &attr) == 1)
		if (attr.oid.len == 3 && !memcmp(attr.oid.data, "\x55\x04\x03", 3)) {
			kst_buf_reset(&last);
			kst_asn1_text(&attr.value, &last);
		}
	if (last.len)
		kst_buf_put(out, last.data, last.len);
	else
		kst_name_text(der, out);
}

bool kst_handshake_accepts(const struct kst_handshake *h, const struct kst_chain *chain)
{
	for (size_t i = 0; i < h->nr_ca_names; i++) {
		struct kst_bytes name = { h->ca_names[i].data, h->ca_names[i].len };

		for (size_t k = 0; k < chain->nr; k++)
			if (kst_name_equal(name, kst_cert_issuer_der(chain->cert[k])) ||
			    kst_name_equal(name, kst_cert_subject_der(chain->cert[k])))
				return true;
	}
	return !h->nr_ca_names;
}

/* ---- the handshake ---- */

static int join(struct pair *p, struct kst_error *err)
{
	BIO *a, *b;

	if (BIO_new_bio_pair(&a, BUFFER, &b, BUFFER) != 1)
		return kst_ossl_error(err, KST_E_NO_MEMORY, "there is not enough memory for a handshake");
	SSL_set_bio(p->client.ssl, a, a);
	SSL_set_bio(p->server.ssl, b, b);
	return 0;
}

static size_t waiting(const struct pair *p)
{
	return BIO_ctrl_pending(SSL_get_rbio(p->client.ssl)) + BIO_ctrl_pending(SSL_get_rbio(p->server.ssl));
}

/* Turns, until both are through, or nothing moves any more. */
static void shake(struct pair *p)
{
	for (int i = 0; i < TURNS; i++) {
		int c = kst_end_shake(&p->client);
		int s = kst_end_shake(&p->server);

		if ((c == 1 && s == 1) || (c < 0 && s < 0))
			return;
		/* One failed and the other is through: what the first said is still to be read. */
		if ((c != 0 && s != 0) || (c == 0 && s == 0 && !waiting(p)))
			return;
	}
}

/* Read what there is; a refusal that comes after the handshake is seen here (RFC 8446 4.4.2.4).  Bytes,
 * 0 nothing, -1 failed. */
static int take(struct kst_end *e)
{
	char data[64];
	int ret;

	if (!e->done || e->failed)
		return -1;
	ERR_clear_error();
	ret = SSL_read(e->ssl, data, sizeof(data));
	if (ret > 0)
		return ret;
	switch (SSL_get_error(e->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		kst_end_failed(e, ret);
		return -1;
	}
}

static bool give(struct kst_end *from, struct kst_end *to)
{
	static const char word[] = "kstool";
	bool ok = SSL_write(from->ssl, word, sizeof(word)) == (int)sizeof(word) && take(to) == (int)sizeof(word);

	kst_talk_step(from->talk, KST_STEP_DATA, from->side, ok ? KST_RESULT_PASS : KST_RESULT_FAIL,
		      ok ? "%zu bytes arrived" : "%zu bytes did not arrive", sizeof(word));
	return ok;
}

static void run(struct pair *p)
{
	struct kst_handshake *h = p->talk.h;

	shake(p);
	if (p->client.done && !p->server.done)
		take(&p->client); /* TLS 1.3: the server has refused, and the client does not know yet */
	if (p->client.done && p->server.done && take(&p->client) >= 0 && give(&p->client, &p->server) &&
	    give(&p->server, &p->client)) {
		SSL_shutdown(p->client.ssl);
		SSL_shutdown(p->server.ssl);
		h->done = h->alert_from < 0;
	}
	kst_end_facts(&p->client);
	kst_end_facts(&p->server);
	/* Both sides have the same versions: it is the key that the server cannot use with them. */
	if (h->fault == KST_FAULT_NO_VERSION) {
		h->fault = KST_FAULT_NO_ALGORITHM;
		h->fault_side = KST_SIDE_SERVER;
		snprintf(h->fault_text, sizeof(h->fault_text), "the server has no key that this version of TLS can use");
	}
	if (!h->done)
		kst_talk_fault(&p->talk, KST_FAULT_HUNG_UP, KST_SIDE_SERVER, "neither side gets any further");
}

/* ---- both verdicts ---- */

/* What was not sent, because the handshake did not get that far, would have been this. */
static int fill(struct kst_party *party, const struct kst_side_options *of, const struct kst_side_options *judge,
		struct kst_error *err)
{
	for (size_t i = 0; !party->came && of->me.key && i < of->me.chain->nr; i++)
		if (kst_chain_push(&party->sent, of->me.chain->cert[i]) < 0)
			return kst_error_nomem(err);
	if (!judge->judge || party->has_verdict || !party->sent.nr)
		return 0;
	return kst_party_judge(party, judge, err);
}

static void own_key(struct pair *p)
{
	const struct kst_handshake *h = p->talk.h;

	kst_talk_step(&p->talk, KST_STEP_CHECK, h->fault_side, KST_RESULT_FAIL, "its own key: %s", h->fault_text);
}

int kst_tls_pair(struct kst_handshake *out, const struct kst_side_options *server,
		 const struct kst_side_options *client, const struct kst_connect *how, struct kst_error *err)
{
	struct pair p = { .client.ssl = NULL };
	int s, c, ret = -1;

	kst_handshake_init(out);
	kst_talk_init(&p.talk, out, true);
	s = kst_end_open(&p.server, KST_SIDE_SERVER, server, how, &p.talk, err);
	if (s > 0)
		own_key(&p);
	c = s < 0 ? -1 : kst_end_open(&p.client, KST_SIDE_CLIENT, client, how, &p.talk, err);
	if (c > 0 && !s)
		own_key(&p);
	if (c < 0 || (!s && !c && join(&p, err) < 0))
		goto done;
	if (!s && !c)
		run(&p);
	if (p.talk.nomem) {
		kst_error_nomem(err);
		goto done;
	}
	for (int i = 0; i < 2; i++) {
		struct kst_error *why = i ? &p.server.err : &p.client.err;

		if (why->code != KST_OK) {
			if (err)
				*err = *why;
			goto done;
		}
	}
	if (fill(&out->server, server, client, err) < 0 || fill(&out->client, client, server, err) < 0)
		goto done;
	ret = 0;
done:
	kst_end_release(&p.client);
	kst_end_release(&p.server);
	if (ret < 0)
		kst_handshake_release(out);
	return ret;
}
