/* SPDX-License-Identifier: ISC */
/*
 * revocation_online.c - asking the addresses that a certificate names
 *
 * A chain of hostile certificates can name any number of them: for one verification so many
 * requests are made and no more, so many bytes taken and so long waited, each address is asked
 * once, and a server that kept us waiting not again.  A list that the CA has not signed is not
 * kept.
 */
#include "revocation/revocation_online.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "crypto/cert_impl.h"
#include "kstool/alloc.h"
#include "net/http.h"
#include "net/net.h"
#include "revocation/ocsp.h"

#define OID_AUTHORITY_INFO "\x2b\x06\x01\x05\x05\x07\x01\x01"
#define OID_AD_OCSP	   "\x2b\x06\x01\x05\x05\x07\x30\x01"

#define URI KST_DER_CONTEXT(6)

static void answer_free(struct kst_online_answer *a)
{
	if (!a)
		return;
	kst_free(a->url);
	kst_buf_release(&a->der);
	kst_crl_free(a->crl);
	kst_free(a);
}

void kst_online_release(struct kst_online *o)
{
	for (size_t i = 0; i < o->nr; i++)
		answer_free(o->answer[i]);
	kst_free(o->answer);
	memset(o, 0, sizeof(*o));
}

static bool is_old(const struct kst_online_answer *a, int64_t now)
{
	return a->ours ||
	       now - a->came > (a->err.code ? KST_ONLINE_FAILED_S : KST_ONLINE_KEPT_S) * INT64_C(1000);
}

void kst_online_renew(struct kst_online *o)
{
	int64_t now = kst_net_clock();
	size_t bytes = 0, nr = 0;

	o->asked = 0;
	o->bytes = 0;
	o->until = 0;
	for (size_t i = 0; i < o->nr; i++)
		bytes += o->answer[i]->bytes;
	for (size_t i = 0; i < o->nr; i++)
		if (bytes > KST_ONLINE_KEPT || o->nr > KST_ONLINE_KEPT_NR || is_old(o->answer[i], now))
			answer_free(o->answer[i]);
		else
			o->answer[nr++] = o->answer[i];
	o->nr = nr;
}

/* ---- what was asked already ---- */

/* "http://host:port" of both the same? */
static bool same_server(const char *a, const char *b)
{
	size_t n = 7 + strcspn(a + 7, "/?"), m = 7 + strcspn(b + 7, "/?");

	return n == m && strncasecmp(a, b, n) == 0;
}

static const struct kst_error *tired_of(const struct kst_online *o, const char *url)
{
	for (size_t i = 0; i < o->nr; i++)
		if (!o->answer[i]->ours &&
		    (o->answer[i]->err.code == KST_E_TIMEOUT ||
		     o->answer[i]->err.code == KST_E_NO_HOST) &&
		    same_server(o->answer[i]->url, url))
			return &o->answer[i]->err;
	return NULL;
}

static struct kst_online_answer *known(const struct kst_online *o, const char *url,
				       const uint8_t cert[32], bool with_nonce)
{
	for (size_t i = 0; i < o->nr; i++) {
		struct kst_online_answer *a = o->answer[i];

		if (strcmp(a->url, url) == 0 && !memcmp(a->cert, cert, 32) &&
		    a->with_nonce == with_nonce)
			return a;
	}
	return NULL;
}

/* A place for the answer to come; NULL without memory. */
static struct kst_online_answer *place(struct kst_online *o, const char *url,
				       const uint8_t cert[32], bool with_nonce)
{
	struct kst_online_answer **more = kst_realloc(o->answer, (o->nr + 1) * sizeof(*more));
	struct kst_online_answer *a = kst_calloc(1, sizeof(*a));

	if (more)
		o->answer = more;
	if (!more || !a || !(a->url = kst_strdup(url))) {
		answer_free(a);
		return NULL;
	}
	memcpy(a->cert, cert, 32);
	a->with_nonce = with_nonce;
	o->answer[o->nr++] = a;
	return a;
}

/* What may still be spent on this verification: NULL, or why nothing. */
static const char *spent(struct kst_online *o, struct kst_http *how)
{
	size_t max = o->max_bytes ? o->max_bytes : KST_ONLINE_BYTES;
	int64_t now = kst_net_clock(), left;

	if (!o->until)
		o->until = now + (int64_t)KST_ONLINE_WAITS * o->timeout_ms;
	left = o->until - now;
	if (o->asked >= KST_ONLINE_REQUESTS)
		return "the certificates name too many addresses";
	if (left <= 0)
		return "all the addresses together keep us waiting too long";
	if (o->bytes >= max)
		return "all the answers together are too large";
	if (how->max > max - o->bytes)
		how->max = max - o->bytes;
	how->timeout_ms = left < o->timeout_ms ? (int)left : o->timeout_ms;
	return NULL;
}

/* Fetch, unless there is a reason not to; what came of it is in `a`. */
static void fetch(struct kst_online *o, struct kst_online_answer *a, struct kst_http *how)
{
	const struct kst_error *before = tired_of(o, a->url);
	const char *limit = before ? NULL : spent(o, how);
	size_t max = how->max;

	how->url = a->url;
	if (before)
		a->err = *before;
	else if (limit) {
		a->ours = true;
		kst_error_setx(&a->err, KST_E_PEER_LIMIT, "%s", limit);
	} else {
		o->asked++;
		kst_http_fetch(&a->der, how, &a->err);
		/* What was cut short by our own patience says nothing of the server. */
		a->ours = a->err.code == KST_E_TIMEOUT && how->timeout_ms < o->timeout_ms;
		a->bytes = a->err.code == KST_E_PEER_LIMIT ? max : a->der.len;
		o->bytes += a->bytes;
		a->bytes = a->err.code ? 0 : a->der.len;
	}
	a->came = kst_net_clock();
}

static void failed(struct kst_inquiry *q, const char *source, const struct kst_error *err)
{
	struct kst_revoked_at of = { .reason = -1 };

	snprintf(of.source, sizeof(of.source), "%s", source);
	kst_inquiry_none(q, err->code == KST_E_CORRUPT ? KST_REVOKED_BAD : KST_REVOKED_UNREACHABLE,
			 &of, "cannot be had: %s", err->message);
}

/* ---- addresses ---- */

struct urls {
	char text[KST_ONLINE_ADDRESSES][KST_HTTP_URL_MAX + 1];
	size_t nr;
	bool others; /* there are such as are not asked: ldap, https, what is no address */
	char other[80];
};

static void take(struct urls *u, struct kst_bytes uri)
{
	if (!kst_http_url_ok((const char *)uri.data, uri.len)) {
		u->others = true;
		snprintf(u->other, sizeof(u->other), "%.*s", uri.len < 70 ? (int)uri.len : 70,
			 (const char *)uri.data);
	} else if (u->nr < KST_ONLINE_ADDRESSES) {
		memcpy(u->text[u->nr], uri.data, uri.len);
		u->text[u->nr++][uri.len] = '\0';
	}
}

/* AuthorityInfoAccessSyntax (RFC 5280 4.2.2.1). */
static void responders(const struct kst_cert *cert, struct urls *u)
{
	struct kst_der d = kst_der_bytes(KST_CERT_EXT(cert, OID_AUTHORITY_INFO, NULL)), list, in;
	struct kst_der_item oid, name;

	if (kst_der_enter(&d, KST_DER_SEQUENCE, &list) < 0)
		return;
	while (kst_der_enter(&list, KST_DER_SEQUENCE, &in) == 0)
		if (kst_der_expect(&in, KST_DER_OID, &oid) == 0 &&
		    KST_OID_IS(oid.body, OID_AD_OCSP) && kst_der_expect(&in, URI, &name) == 0)
			take(u, name.body);
}

/* ---- OCSP ---- */

static int ask_responder(struct kst_inquiry *q, struct kst_online *o, struct kst_ocsp *ocsp,
			 const char *url, bool with_nonce, bool *refused, struct kst_error *err)
{
	struct kst_online_answer *a = known(o, url, kst_cert_sha256(q->cert), with_nonce);
	struct kst_buf request KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t nonce[KST_OCSP_NONCE];
	bool fresh = !a;

	*refused = false;
	if (fresh && with_nonce && getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		with_nonce = false;
	if (fresh) {
		struct kst_http how = { .content_type = "application/ocsp-request",
					.max = KST_OCSP_MAX };

		a = place(o, url, kst_cert_sha256(q->cert), with_nonce);
		if (!a)
			return kst_error_nomem(err);
		if (with_nonce)
			memcpy(a->nonce, nonce, sizeof(nonce));
		if (kst_ocsp_request(&request, q->cert, q->issuer, with_nonce ? nonce : NULL,
				     &a->err) == 0) {
			how.body = (struct kst_bytes){ request.data, request.len };
			fetch(o, a, &how);
		}
	}
	if (a->err.code) {
		failed(q, ocsp->source, &a->err);
		return 0;
	}
	ocsp->der = (struct kst_bytes){ a->der.data, a->der.len };
	ocsp->nonce = a->with_nonce ? a->nonce : NULL;
	return kst_inquiry_ocsp(q, ocsp, refused, err);
}

static int ask_responders(struct kst_inquiry *q, struct kst_online *o, const struct urls *u,
			  struct kst_crl *const *local, size_t nr_local, struct kst_error *err)
{
	for (size_t i = 0; i < u->nr && !kst_inquiry_done(q); i++) {
		char source[sizeof(q->answer.source)];
		struct kst_ocsp ocsp = { .source = source, .crl = local, .nr_crls = nr_local };
		struct kst_inquiry with = *q;
		bool refused;

		snprintf(source, sizeof(source), "OCSP %.240s", u->text[i]);
		if (ask_responder(&with, o, &ocsp, u->text[i], true, &refused, err) < 0)
			return -1;
		/* Some take no nonce, and say only that something is wrong. */
		if (!refused)
			*q = with;
		else if (ask_responder(q, o, &ocsp, u->text[i], false, &refused, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- distribution points ---- */

/* The list at this address, or NULL and q says why.  *memory: there was none. */
static struct kst_crl *list_at(struct kst_inquiry *q, struct kst_online *o, const char *url,
			       bool *memory)
{
	static const uint8_t none[32];
	struct kst_online_answer *a = known(o, url, none, false);

	if (!a) {
		struct kst_http how = { .max = KST_CRL_MAX };

		a = place(o, url, none, false);
		if (!a) {
			*memory = true;
			return NULL;
		}
		fetch(o, a, &how);
		if (!a->err.code)
			kst_crl_new(&a->crl, a->der.data, a->der.len, url, &a->err);
		kst_buf_release(&a->der);
	}
	if (!a->crl)
		failed(q, url, &a->err);
	return a->crl;
}

struct points {
	struct kst_inquiry *q;
	struct kst_online *o;
	struct kst_crl *crl[KST_ONLINE_ADDRESSES];
	size_t nr, tried;
	bool memory;
	struct urls *u;
};

/* One point is one list, at any of its addresses. */
static int each_point(void *ctx, const struct kst_crl_point *p)
{
	struct points *c = ctx;
	struct kst_der d = kst_der_bytes(p->name), names;
	struct kst_der_item item;
	struct urls *u = c->u;

	if (c->tried++ == KST_ONLINE_ADDRESSES || c->nr == KST_ONLINE_ADDRESSES)
		return 1;
	memset(u, 0, sizeof(*u));
	if (kst_der_enter(&d, KST_DER_CONTEXT_CONSTRUCTED(0), &names) == 0) {
		while (kst_der_next(&names, &item) == 1)
			if (item.id == URI)
				take(u, item.body);
	} else if (p->name.len) {
		kst_inquiry_none(c->q, KST_REVOKED_NO_SOURCE, NULL,
				 "a distribution point is named relative to the CA, in a directory "
				 "that is not asked");
	}
	if (!u->nr && u->others)
		kst_inquiry_none(c->q, KST_REVOKED_NO_SOURCE, NULL, "%s is not asked: http:// only",
				 u->other);
	for (size_t i = 0; i < u->nr; i++) {
		c->crl[c->nr] = list_at(c->q, c->o, u->text[i], &c->memory);
		if (c->memory)
			return 1;
		if (c->crl[c->nr]) {
			c->nr++;
			break;
		}
	}
	return 0;
}

/* Anybody can serve 64 MiB: what proves nothing for the CA that was asked about is not kept. */
static void drop_forged(struct points *c)
{
	for (size_t k = 0; k < c->nr; k++) {
		enum kst_signed how = kst_crl_signed(c->crl[k], c->q->issuer);

		if (how == KST_SIGNED_YES || how == KST_SIGNED_WEAK)
			continue;
		for (size_t i = 0; i < c->o->nr; i++) {
			struct kst_online_answer *a = c->o->answer[i];

			if (a->crl != c->crl[k])
				continue;
			kst_crl_free(a->crl);
			a->crl = NULL;
			a->bytes = 0;
			kst_error_setx(&a->err, KST_E_CORRUPT, "the list there is not signed by the CA, or was altered");
		}
	}
}

int kst_inquiry_online(struct kst_inquiry *q, struct kst_online *o, struct kst_crl *const *local,
		       size_t nr_local, struct kst_error *err)
{
	struct urls *u = kst_calloc(1, sizeof(*u));
	struct points c = { .q = q, .o = o, .u = u };
	int ret = -1;

	if (!u)
		return kst_error_nomem(err);
	responders(q->cert, u);
	if (!u->nr && u->others)
		kst_inquiry_none(q, KST_REVOKED_NO_SOURCE, NULL, "%s is not asked: http:// only",
				 u->other);
	if (ask_responders(q, o, u, local, nr_local, err) < 0)
		goto done;
	if (!kst_inquiry_done(q)) {
		if (kst_crl_each_point(q->cert, each_point, &c) < 0)
			kst_inquiry_none(q, KST_REVOKED_BAD, NULL,
					 "the distribution points are malformed");
		if (c.memory) {
			kst_error_nomem(err);
			goto done;
		}
		if (kst_inquiry_crls(q, c.crl, c.nr, err) < 0)
			goto done;
		drop_forged(&c);
	}
	ret = 0;
done:
	kst_free(u);
	return ret;
}
