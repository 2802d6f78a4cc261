/* SPDX-License-Identifier: ISC */
/* http.c - one DER object over HTTP, bounded */
#include "net/http.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/conf.h>
#include <openssl/http.h>
#include <openssl/x509v3.h>

#include "crypto/ossl.h"
#include "kstool/alloc.h"
#include "kstool/kstool.h"
#include "net/net.h"

struct place {
	struct kst_endpoint to;
	char path[KST_HTTP_URL_MAX + 2];
	char host[320]; /* of the Host header */
};

/* Printable ASCII without blanks: nothing that could end a line of the request. */
static bool printable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f)
			return false;
	return true;
}

static int parse(struct place *out, const char *url)
{
	char *user = NULL, *host = NULL, *port = NULL, *path = NULL;
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	int tls = 0, ret = -1;
	const char *open = "", *close = "";

	memset(out, 0, sizeof(*out));
	if (strncasecmp(url, "http://", 7) ||
	    strstr(url + 7, "://") == url + 7 + strcspn(url + 7, ":/?") ||
	    !printable(url, strlen(url)) || strlen(url) > KST_HTTP_URL_MAX)
		return -1;
	kst_ossl_mark();
	/* Without the scheme, which OpenSSL knows in lower case only.  What follows '#' is never
	 * sent. */
	if (!OSSL_HTTP_parse_url(url + 7, &tls, &user, &host, &port, NULL, &path, NULL, NULL) ||
	    tls || (user && *user))
		goto done;
	if (strchr(host, ':') && *host != '[') {
		open = "[";
		close = "]";
	}
	/* The same rules for a name as everywhere. */
	kst_buf_printf(&text, "tls://%s%s%s:%s", open, host, close, port);
	if (text.failed || kst_endpoint_parse(&out->to, (const char *)text.data, NULL))
		goto done;
	if (snprintf(out->host, sizeof(out->host), "%s%s%s%s%s", open, host, close,
		     strcmp(out->to.port, "80") ? ":" : "",
		     strcmp(out->to.port, "80") ? out->to.port : "") >= (int)sizeof(out->host) ||
	    snprintf(out->path, sizeof(out->path), "%s%s", *path == '/' ? "" : "/", path) >=
		    (int)sizeof(out->path))
		goto done;
	ret = 0;
done:
	OPENSSL_free(user);
	OPENSSL_free(host);
	OPENSSL_free(port);
	OPENSSL_free(path);
	kst_ossl_unmark();
	return ret;
}

bool kst_http_url_ok(const char *url, size_t len)
{
	char text[KST_HTTP_URL_MAX + 1];
	struct place p;

	if (len >= sizeof(text) || memchr(url, 0, len))
		return false;
	memcpy(text, url, len);
	text[len] = '\0';
	return parse(&p, text) == 0;
}

/* The number in "HTTP/1.1 404 Not Found"; 0 it is no such line. */
static int status_of(const struct kst_http_wire *w)
{
	const char *s = w->first;

	if (strncmp(s, "HTTP/1.", 7) || !(s = strchr(s, ' ')))
		return 0;
	return atoi(s);
}

/* Why there is no answer, after OpenSSL said only that there is none. */
static int why(const struct kst_http_wire *w, struct kst_error *err)
{
	int status = status_of(w);
	const char *said = strchr(w->first, ' ');

	if (!w->line_over && w->closed && !w->nr_first)
		return kst_error_setx(err, KST_E_CLOSED, "ended the connection without an answer");
	if (!status)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "answers with something that is not HTTP");
	if (status != 200)
		return kst_error_setx(err, KST_E_UNREACHABLE, "answers \"%s\"", said + 1);
	if (w->closed)
		return kst_error_setx(err, KST_E_CLOSED,
				      "ended the connection in the middle of its answer");
	if (!w->body)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "answers with a header that is malformed or too long");
	return kst_error_setx(err, KST_E_CORRUPT,
			      "answers with something that is not DER, or too large");
}

static STACK_OF(CONF_VALUE) * headers(const struct place *p)
{
	STACK_OF(CONF_VALUE) *list = NULL;

	if (X509V3_add_value("Host", p->host, &list) &&
	    X509V3_add_value("User-Agent", "kstool/" KSTOOL_VERSION, &list) &&
	    X509V3_add_value("Accept", "*/*", &list))
		return list;
	sk_CONF_VALUE_pop_free(list, X509V3_conf_free);
	return NULL;
}

/* One request.  0; 1 and *to: go there instead; -1. */
static int exchange(struct kst_buf *out, const struct kst_http *how, const struct place *p,
		    struct kst_http_wire *w, char **to, struct kst_error *err)
{
	STACK_OF(CONF_VALUE) *head = headers(p);
	BIO *wire = kst_http_bio(w), *body = NULL, *answer = NULL;
	OSSL_HTTP_REQ_CTX *rctx = NULL;
	char *data = NULL, *there = NULL;
	int ret = -1;
	long n;

	if (how->content_type)
		body = BIO_new_mem_buf(how->body.data, (int)how->body.len);
	if (!wire || !head || (how->content_type && !body)) {
		kst_error_nomem(err);
		goto done;
	}
	rctx = OSSL_HTTP_open(NULL, NULL, NULL, NULL, 0, wire, wire, NULL, NULL, 16384, 0);
	if (rctx && OSSL_HTTP_set1_request(rctx, p->path, head, how->content_type, body, NULL, 1,
					   how->max, 0, 0))
		answer = OSSL_HTTP_exchange(rctx, how->content_type ? NULL : &there);
	if (there) {
		*to = kst_strdup(there);
		ret = *to ? 1 : kst_error_nomem(err);
		goto done;
	}
	/* Newer releases give the body of an error as if it were an answer. */
	if (!answer || status_of(w) != 200) {
		if (!err->code)
			why(w, err);
		goto done;
	}
	n = BIO_get_mem_data(answer, &data);
	if (n > 0)
		kst_buf_put(out, data, (size_t)n);
	ret = n > 0 && !out->failed ? 0 : kst_error_nomem(err);
done:
	OPENSSL_free(there);
	OSSL_HTTP_close(rctx, 1);
	BIO_free(answer);
	BIO_free(body);
	BIO_free(wire);
	sk_CONF_VALUE_pop_free(head, X509V3_conf_free);
	return ret;
}

/* `url` with another path, or another http:// address; NULL: not to be followed. */
static char *redirected(const struct place *from, const char *to)
{
	if (*to == '/' && to[1] != '/')
		return kst_asprintf("http://%s%s", from->host, to);
	return strncasecmp(to, "http://", 7) ? NULL : kst_strdup(to);
}

static int once(struct kst_buf *out, const struct kst_http *how, const char *url, int timeout_ms,
		char **to, struct kst_error *err)
{
	struct kst_net net = KST_NET_INIT;
	struct kst_connect connect = { .timeout_ms = timeout_ms };
	struct kst_http_wire *w;
	struct place p;
	char *there = NULL;
	int ret;

	if (parse(&p, url) < 0)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "is no http:// address that can be asked");
	connect.to = p.to;
	if (kst_net_connect(&net, &connect, err) < 0)
		return -1;
	w = kst_calloc(1, sizeof(*w));
	if (!w) {
		kst_net_close(&net);
		return kst_error_nomem(err);
	}
	w->net = &net;
	w->err = err;
	net.budget = net.limit = how->max + KST_HTTP_HEADER_MAX;
	net.stage = "waiting for its answer";
	net.timeout_ms = how->timeout_ms; /* what is said; the deadline stands */
	kst_ossl_mark();
	ret = exchange(out, how, &p, w, &there, err);
	kst_ossl_unmark();
	kst_net_close(&net);
	kst_free(w);
	if (ret == 1) {
		*to = redirected(&p, there);
		if (!*to)
			ret = kst_error_setx(err, KST_E_UNREACHABLE,
					     "redirects to %.200s, which is not followed", there);
	}
	kst_free(there);
	return ret;
}

int kst_http_fetch(struct kst_buf *out, const struct kst_http *how, struct kst_error *err)
{
	int64_t until = kst_net_clock() + how->timeout_ms;
	struct kst_error own = KST_ERROR_INIT;
	char *url = kst_strdup(how->url);
	int ret = -1;

	if (!err)
		err = &own;
	for (int n = 0; url; n++) {
		int64_t left = n ? until - kst_net_clock() : how->timeout_ms;
		char *to = NULL;

		if (left <= 0) {
			ret = kst_error_setx(err, KST_E_TIMEOUT, "no answer within %d s",
					     how->timeout_ms / 1000);
			break;
		}
		ret = once(out, how, url, (int)left, &to, err);
		if (ret != 1)
			break;
		kst_free(url);
		url = to;
		if (n == KST_HTTP_REDIRECTIONS) {
			ret = kst_error_setx(err, KST_E_UNREACHABLE, "redirects more than %d times",
					     KST_HTTP_REDIRECTIONS);
			break;
		}
	}
	if (!url && ret >= 0)
		ret = kst_error_nomem(err);
	kst_free(url);
	return ret;
}
